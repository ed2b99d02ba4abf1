/* tokenizer_json.c: a tokenizer.json, as Hugging Face has it. */
#include "runtime/io/tokenizer_json.h"

#include <string.h>

#include "runtime/io/file.h"
#include "runtime/io/utf8.h"

enum { MOST_BYTES = 1 << 28 };

int io_tokenizer_bad(const struct io_tokenizer *t, struct rt_error *error, const char *what,
                     const char *entry) {
  return rt_fail_in(error, RT_BAD_DATA, t->path, "\"%.*s\" %s", io_quoted(entry, strlen(entry)), entry, what);
}

int io_tokenizer_not_done(const struct io_tokenizer *t, const char *what, const json_t *step,
                          const char *reader, struct rt_error *error) {
  const char *type = json_string_value(json_object_get(step, "type"));
  return rt_fail_in(error, RT_BAD_DATA, t->path, "its %s %.40s is none that %s are read with", what,
                    type ? type : "without a type", reader);
}

bool io_json_says(const json_t *object, const char *key, const char *text) {
  const char *value = json_string_value(json_object_get(object, key));
  return value && !strcmp(value, text);
}

static int place(struct io_tokenizer *t, const char *entry, const json_t *id, struct rt_error *error) {
  json_int_t at = json_is_integer(id) ? json_integer_value(id) : -1;
  if (at < 0 || (size_t)at >= t->count)
    return io_tokenizer_bad(t, error, "has an id that is not below the number of pieces", entry);
  if (t->entry[at] && strcmp(t->entry[at], entry) != 0)
    return io_tokenizer_bad(t, error, "has the id of another piece", entry);
  t->entry[at] = entry;
  return RT_OK;
}

static int make_room(struct io_tokenizer *t, json_t *vocab, json_t *added, struct rt_error *error) {
  size_t k;
  json_t *value;
  t->count = json_object_size(vocab);
  json_array_foreach(added, k, value) {
    json_int_t id = json_integer_value(json_object_get(value, "id"));
    if (id >= 0 && (size_t)id == t->count) t->count++;
  }
  t->entry = rt_zalloc(t->count + 1, sizeof *t->entry);
  t->added = rt_zalloc(t->count + 1, sizeof *t->added);
  return t->entry && t->added ? RT_OK : rt_no_memory(error);
}

static int in_order(struct io_tokenizer *t, struct rt_error *error) {
  json_t *vocab = json_object_get(t->model, "vocab"), *added = json_object_get(t->root, "added_tokens"),
         *value;
  const char *key;
  size_t k;
  if (!json_is_object(vocab))
    return rt_fail_in(error, RT_BAD_DATA, t->path,
                      "it has no \"vocab\" in \"model\", as a tokenizer.json has");
  if (added && !json_is_array(added))
    return rt_fail_in(error, RT_BAD_DATA, t->path, "\"added_tokens\" is no list");
  int status = make_room(t, vocab, added, error);
  json_object_foreach(vocab, key, value) if (status == RT_OK) status = place(t, key, value, error);
  json_array_foreach(added, k, value) {
    const char *content = json_string_value(json_object_get(value, "content"));
    const json_t *id = json_object_get(value, "id");
    if (status == RT_OK && content) status = place(t, content, id, error);
    if (status == RT_OK && content) t->added[json_integer_value(id)] = true;
  }
  for (size_t id = 0; id < t->count && status == RT_OK; id++)
    if (!t->entry[id]) status = rt_fail_in(error, RT_BAD_DATA, t->path, "no piece has the id %zu", id);
  return status;
}

int io_tokenizer_open(struct io_tokenizer *t, const char *path, struct rt_error *error) {
  char *text = NULL;
  size_t length;
  *t = (struct io_tokenizer){.path = path};
  int status = io_read_ordinary(path, MOST_BYTES, &text, &length, error);
  if (status == RT_OK) status = io_json_parse_file(&t->root, path, text, length, error);
  rt_free(text);
  if (status != RT_OK) return status;
  t->model = json_object_get(t->root, "model");
  return in_order(t, error);
}

void io_tokenizer_close(struct io_tokenizer *t) {
  rt_free(t->entry);
  rt_free(t->added);
  json_decref(t->root);
  *t = (struct io_tokenizer){0};
}
