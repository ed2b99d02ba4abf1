/* topic_plugin.c: a plug-in that names the topic of a text, in a host that trusts nobody with its memory or
 * its time: all that aq allocates comes out of what the host grants, and no call takes longer than it says.
 *
 * A plug-in shares the process with others. So it prints nothing, starts no thread, and changes nothing that
 * belongs to the process. */
#include "topic_plugin.h"

#include <aq.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

/* What stands before each block. */
union head {
  size_t size;
  max_align_t align;
};

static struct { size_t taken, granted; } memory;

/* One thread at a time calls this plug-in; otherwise `taken` would need a lock. */
static void *resize(void *context, void *block, size_t size) {
  union head *old = block ? (union head *)block - 1 : NULL, *new;
  const size_t before = old ? old->size : 0;
  (void)context;
  if (!size) {
    memory.taken -= before;
    free(old);
    return NULL;
  }
  if (size > memory.granted || memory.taken - before > memory.granted - size) return NULL;
  new = realloc(old, sizeof *new + size);
  if (!new) return NULL;
  memory.taken += size - before;
  new->size = size;
  return new + 1;
}

/* ---- the plug-in ---- */

struct topic_plugin {
  aq_model *model;
  aq_session *session;
  aq_limits *limits;
  char why[200];
};

/* Without memory there may be no handle that could say so. */
static enum topic_status give_up(struct topic_plugin *p, int status, const aq_message *message) {
  strncpy(p->why, status == AQ_NO_MEMORY ? "out of memory" : message->text, sizeof p->why - 1);
  return status == AQ_INTERRUPTED ? TOPIC_TOO_LATE : status == AQ_NO_MEMORY ? TOPIC_NO_MEMORY : TOPIC_FAILED;
}

enum topic_status topic_open(struct topic_plugin **plugin, const void *model, size_t length, size_t bytes) {
  struct topic_plugin *p = *plugin = calloc(1, sizeof *p);
  if (!p) return TOPIC_NO_MEMORY;
  memory.granted = bytes;
  aq_set_allocator(resize, NULL); /* before anything else of aq */
  aq_take_over_jansson();         /* the JSON in a model counts, too */
  p->limits = aq_limits_new();
  int status = p->limits ? aq_model_load_memory("the model", model, length, &p->model) : AQ_NO_MEMORY;
  if (status) return give_up(p, status, aq_model_message(p->model));
  status = aq_session_new(p->model, NULL, &p->session);
  return status ? give_up(p, status, aq_session_message(p->session)) : TOPIC_OK;
}

enum topic_status topic_ask(struct topic_plugin *p, const char *text, double seconds, char *topic,
                            size_t size) {
  char *line;
  aq_limits_use(p->limits); /* of the thread that calls now */
  aq_limits_set(p->limits, seconds, 0, 0);
  int status = aq_session_predict(p->session, &text, NULL, 1);
  if (!status) status = aq_session_line(p->session, NULL, &line);
  aq_limits_use(NULL);
  if (status) return give_up(p, status, aq_session_message(p->session));
  strncpy(topic, line, size - 1);
  topic[size - 1] = 0;
  aq_text_free(line);
  return TOPIC_OK;
}

const char *topic_why(const struct topic_plugin *p) { return p ? p->why : "there is no memory"; }

size_t topic_bytes(void) { return memory.taken; }

void topic_close(struct topic_plugin *p) {
  if (!p) return;
  aq_session_free(p->session);
  aq_model_free(p->model);
  aq_limits_free(p->limits);
  free(p);
}
