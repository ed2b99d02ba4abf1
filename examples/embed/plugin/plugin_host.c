/* plugin_host.c: a program that finds a plug-in when it runs, and knows nothing of aq.
 *
 *     ./plugin ./topic_plugin.so MODEL.aqm BYTES SECONDS TEXT… */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "topic_plugin.h"

static struct {
  enum topic_status (*open)(struct topic_plugin **, const void *, size_t, size_t);
  enum topic_status (*ask)(struct topic_plugin *, const char *, double, char *, size_t);
  const char *(*why)(const struct topic_plugin *);
  size_t (*bytes)(void);
  void (*close)(struct topic_plugin *);
} topic;

static int find(const char *path) {
  static const char *const name[] = {"topic_open", "topic_ask", "topic_why", "topic_bytes", "topic_close"};
  void **const place[] = {(void **)&topic.open, (void **)&topic.ask, (void **)&topic.why,
                          (void **)&topic.bytes, (void **)&topic.close};
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  size_t k = 0;
  while (library && k < sizeof name / sizeof *name && (*place[k] = dlsym(library, name[k]))) k++;
  if (k == sizeof name / sizeof *name) return 0;
  fprintf(stderr, "plugin: %s\n", dlerror());
  return 1;
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *bytes = NULL;
  long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
  if (size >= 0 && (bytes = malloc((size_t)size + 1))) {
    rewind(file);
    *length = fread(bytes, 1, (size_t)size, file);
  }
  if (file) fclose(file);
  return bytes;
}

int main(int argc, char **argv) {
  struct topic_plugin *plugin = NULL;
  size_t length = 0;
  char said[100];
  if (argc < 5) fprintf(stderr, "usage: plugin PLUGIN.so MODEL.aqm BYTES SECONDS TEXT...\n");
  if (argc < 5 || find(argv[1])) return 64;
  char *model = read_file(argv[2], &length);
  int status = model ? topic.open(&plugin, model, length, strtoul(argv[3], NULL, 10)) : TOPIC_FAILED;
  free(model);
  if (status) printf("no model (%d): %s\n", status, plugin ? topic.why(plugin) : "no such file");
  for (int k = 5; k < argc && !status; k++) {
    int failed = topic.ask(plugin, argv[k], strtod(argv[4], NULL), said, sizeof said);
    if (failed)
      printf("not answered (%d): %s\n", failed, topic.why(plugin));
    else
      printf("%s\n", said);
  }
  topic.close(plugin);
  if (plugin && topic.bytes()) printf("%zu bytes are left\n", topic.bytes());
  return status;
}
