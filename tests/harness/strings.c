/* strings.c: strings and lists for the harness. */
#include "tests/harness/harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need_memory(void *block) {
  if (!block) {
    fputs("Bail out! out of memory\n", stdout);
    exit(2);
  }
  return block;
}

void *list_add(struct list *list, size_t size) {
  list->items = need_memory(realloc(list->items, (list->count + 1) * size));
  char *item = (char *)list->items + list->count++ * size;
  memset(item, 0, size);
  return item;
}

char *text_copy(const char *bytes, size_t length) {
  char *copy = need_memory(malloc(length + 1));
  memcpy(copy, bytes, length);
  copy[length] = '\0';
  return copy;
}

char *text_join(char *a, const char *b) {
  size_t length = a ? strlen(a) : 0;
  a = need_memory(realloc(a, length + strlen(b) + 1));
  strcpy(a + length, b);
  return a;
}

char *text_format(const char *format, ...) {
  va_list args;
  char *text;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0) text = NULL;
  va_end(args);
  return need_memory(text);
}

char *text_read(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t used = 0, room = 4096;
  char *text = need_memory(malloc(room + 1));
  for (size_t n; (n = fread(text + used, 1, room - used, file)) > 0;) {
    used += n;
    if (used == room) text = need_memory(realloc(text, (room *= 2) + 1));
  }
  fclose(file);
  text[used] = '\0';
  if (length) *length = used;
  return text;
}

char *text_line(char **rest) {
  char *line = *rest;
  if (!line || !*line) return NULL;
  char *end = strchr(line, '\n');
  *rest = end ? end + 1 : line + strlen(line);
  if (end) *end = '\0';
  return line;
}

bool text_starts(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

bool text_ends(const char *text, const char *suffix) {
  size_t length = strlen(text), n = strlen(suffix);
  return length >= n && strcmp(text + length - n, suffix) == 0;
}

void drop_blank_end(char *text) {
  size_t n = strlen(text);
  while (n >= 2 && text[n - 1] == '\n' && text[n - 2] == '\n') n--;
  if (n == 1 && text[0] == '\n') n = 0;
  text[n] = '\0';
}
