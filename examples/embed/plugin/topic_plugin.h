/* topic_plugin.h: what a host finds in topic_plugin.so. */
#ifndef TOPIC_PLUGIN_H
#define TOPIC_PLUGIN_H

#include <stddef.h>

enum topic_status { TOPIC_OK, TOPIC_TOO_LATE, TOPIC_NO_MEMORY, TOPIC_FAILED };

struct topic_plugin;
/* Opens the bytes of a model file, which are not needed afterwards. bytes: what it may allocate altogether.
 * *plugin is for topic_close, also after a failure. */
enum topic_status topic_open(struct topic_plugin **plugin, const void *model, size_t length, size_t bytes);
/* The topic of a text, or TOPIC_TOO_LATE where that takes longer; then it can be asked again. */
enum topic_status topic_ask(struct topic_plugin *plugin, const char *text, double seconds, char *topic,
                            size_t size);
const char *topic_why(const struct topic_plugin *plugin); /* what went wrong last */
size_t topic_bytes(void);                                 /* allocated now */
void topic_close(struct topic_plugin *plugin);            /* NULL is fine */

#endif
