/* byte_pairs_file.c: the two files of a vocabulary of byte pairs. */
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/file.h"
#include "runtime/io/json.h"
#include "runtime/io/utf8.h"

enum { MOST_BYTES = 1 << 28 };

/* ---- ids ---- */

static int bad(struct rt_error *error, const char *path, const char *what, const char *entry) {
  return rt_fail_in(error, RT_BAD_DATA, path, "\"%.*s\" %s", io_quoted(entry, strlen(entry)), entry, what);
}

/* Puts the entries in the order of their ids. */
static int in_order(json_t *json, const char *path, const char **entry, struct rt_error *error) {
  const size_t count = json_object_size(json);
  const char *key;
  json_t *value;
  json_object_foreach(json, key, value) {
    json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
    if (id < 0 || (size_t)id >= count)
      return bad(error, path, "has an id that is not below the number of entries", key);
    if (entry[id]) return bad(error, path, "has the id of another entry", key);
    entry[id] = key;
  }
  return RT_OK;
}

static int take_entries(struct io_intern *set, const char *path, const char *const *entry, size_t count,
                        struct rt_error *error) {
  struct rt_text bytes = {0};
  int status = RT_OK;
  for (size_t id = 0; id < count && status == RT_OK; id++) {
    int32_t number;
    bytes.length = 0;
    if (!io_bytes_read(entry[id], strlen(entry[id]), &bytes) || bytes.length == 0)
      status = bad(error, path, "is not made of characters that stand for bytes", entry[id]);
    else
      status =
          bytes.failed ? rt_no_memory(error) : io_intern_add(set, bytes.data, bytes.length, &number, error);
    if (status == RT_OK && (size_t)number != id) status = bad(error, path, "is there twice", entry[id]);
  }
  rt_text_free(&bytes);
  return status;
}

static int read_ids(struct io_intern *set, const char *path, struct rt_error *error) {
  char *text;
  size_t length;
  json_t *json = NULL;
  int status = io_read_ordinary(path, MOST_BYTES, &text, &length, error);
  if (status == RT_OK) status = io_json_parse_file(&json, path, text, length, error);
  rt_free(text);
  if (status == RT_OK && (!json_is_object(json) || json_object_size(json) == 0))
    status =
        rt_fail_in(error, RT_BAD_DATA, path, "it is no object of entries and their ids, {\"the\": 0, …}");
  const size_t count = status == RT_OK ? json_object_size(json) : 0;
  const char **entry = rt_zalloc(count + 1, sizeof *entry);
  if (status == RT_OK && !entry) status = rt_no_memory(error);
  if (status == RT_OK) status = in_order(json, path, entry, error);
  if (status == RT_OK) status = take_entries(set, path, entry, count, error);
  rt_free(entry);
  json_decref(json);
  return status;
}

/* ---- merges ---- */

struct reading {
  const char *path;
  struct io_vocab *vocab;
  struct rt_text bytes;
};

/* The id of an entry as the file has it, or -1. */
static int32_t id_of(struct reading *r, const char *text, size_t length) {
  r->bytes.length = 0;
  if (!io_bytes_read(text, length, &r->bytes) || r->bytes.length == 0 || r->bytes.failed) return -1;
  return io_intern_find(&r->vocab->texts, r->bytes.data, r->bytes.length);
}

static int take_pair(void *context, int line, const char *text, size_t length, struct rt_error *error) {
  struct reading *r = context;
  const struct rt_place place = {r->path, line, 0};
  if (length == 0 || (line == 1 && length >= 8 && !memcmp(text, "#version", 8))) return RT_OK;
  const char *space = memchr(text, ' ', length), *end = text + length;
  if (!space || memchr(space + 1, ' ', (size_t)(end - space - 1)))
    return rt_fail_at(error, RT_BAD_DATA, place, "a line is two entries with a space between, as in \"t h\"");
  int32_t left = id_of(r, text, (size_t)(space - text)),
          right = id_of(r, space + 1, (size_t)(end - space - 1));
  if (left < 0 || right < 0) {
    const char *which = left < 0 ? text : space + 1;
    return rt_fail_at(error, RT_BAD_DATA, place, "\"%.*s\" is no entry of the vocabulary",
                      io_quoted(which, (size_t)((left < 0 ? space : end) - which)), which);
  }
  struct rt_error why = {0};
  int status = io_merges_add(r->vocab, left, right, &why);
  return status == RT_BAD_DATA ? rt_fail_at(error, status, place, "%s", why.text)
         : status != RT_OK     ? rt_no_memory(error)
                               : RT_OK;
}

int io_byte_pairs_read(struct io_vocab **vocab, const char *ids, const char *merges, struct rt_error *error) {
  struct io_intern set = {0};
  struct rt_error why = {0};
  *vocab = NULL;
  int status = read_ids(&set, ids, error);
  int32_t mark = io_intern_find(&set, IO_END_OF_TEXT, strlen(IO_END_OF_TEXT));
  if (status == RT_OK) status = io_vocab_list_new(vocab, &set, (struct io_list_marks){-1, mark, mark}, error);
  if (status == RT_OK) {
    (*vocab)->kind = IO_VOCAB_PAIRS;
    status = io_merges_new(*vocab, &why);
    if (status != RT_OK) status = rt_fail_in(error, status, ids, "%s", why.text);
  }
  struct reading r = {merges, *vocab, {0}};
  if (status == RT_OK) status = io_require_ordinary(merges, error);
  if (status == RT_OK) status = io_read_lines(merges, take_pair, &r, error);
  rt_text_free(&r.bytes);
  io_intern_free(&set);
  if (status != RT_OK) {
    io_vocab_free(*vocab);
    *vocab = NULL;
  }
  return status;
}
