/* vocab_json.c: vocabularies as JSON, for the model file:
 * {"kind":"words","ends":false,"texts":["the","a",…]}, of a list with the numbers of
 * its marks as well. */
#include <string.h>

#include "runtime/io/json.h"
#include "runtime/io/vocab.h"
#include "runtime/io/vocab_json.h"

static const char *const kind_names[] = {"words", "classes", "bytes", "list"};

void io_vocab_write(const struct io_vocab *vocab, struct rt_text *out) {
  rt_text_printf(out, "{\"kind\":\"%s\",\"ends\":%s", kind_names[vocab->kind],
                 vocab->begin >= 0 ? "true" : "false");
  if (vocab->kind == IO_VOCAB_LIST)
    rt_text_printf(out, ",\"unknown\":%d,\"begin\":%d,\"end\":%d", (int)vocab->unknown, (int)vocab->begin,
                   (int)vocab->end);
  if (vocab->kind != IO_VOCAB_BYTES) {
    rt_text_puts(out, ",\"texts\":[");
    for (int32_t n = 0; n < vocab->texts.count; n++) {
      size_t length;
      const char *text = io_intern_text(&vocab->texts, n, &length);
      rt_text_puts(out, n ? "," : "");
      io_json_string(out, text, length);
    }
    rt_text_puts(out, "]");
  }
  rt_text_puts(out, "}");
}

static int bad(struct rt_error *error, const char *what) {
  return rt_fail(error, RT_BAD_DATA, "the vocabulary is damaged: %s", what);
}

/* Interns the strings of texts in their order. */
static int read_texts(struct io_intern *set, const json_t *texts, struct rt_error *error) {
  for (size_t i = 0; i < json_array_size(texts); i++) {
    const json_t *item = json_array_get(texts, i);
    int32_t number, before = set->count;
    if (!json_is_string(item)) return bad(error, "a text is not a string");
    int status = io_intern_add(set, json_string_value(item), json_string_length(item), &number, error);
    if (status != RT_OK) return status;
    if (number != before) return bad(error, "a text is there twice");
  }
  return RT_OK;
}

/* Builds a vocabulary whose ids are in the order of the texts: all counts are equal, and ties go by first
 * appearance. Classes sort themselves, so theirs must be the sorted order already. */
static int rebuild(struct io_vocab **vocab, enum io_vocab_kind kind, bool ends, const struct io_intern *set,
                   struct rt_error *error) {
  size_t n = (size_t)set->count + 1;
  int64_t *counts = rt_alloc(n * sizeof *counts);
  int32_t *remap = rt_alloc(n * sizeof *remap);
  struct io_vocab_options options = {.ends = ends};
  int status = counts && remap ? RT_OK : rt_no_memory(error);
  if (status == RT_OK) {
    for (size_t i = 0; i < n; i++) counts[i] = 1;
    status = io_vocab_build(vocab, kind, &(struct io_counted){set, counts, NULL}, &options, remap, error);
  }
  for (int32_t i = 0; i < set->count && status == RT_OK; i++)
    if (remap[i] != (*vocab)->base + i) status = bad(error, "its classes are not sorted");
  if (status != RT_OK) {
    io_vocab_free(*vocab);
    *vocab = NULL;
  }
  rt_free(counts);
  rt_free(remap);
  return status;
}

int io_vocab_from_json(struct io_vocab **vocab, const json_t *json, struct rt_error *error) {
  *vocab = NULL;
  const char *name = json_string_value(json_object_get(json, "kind"));
  const json_t *texts = json_object_get(json, "texts");
  int kind = 0;
  while (name && kind < (int)RT_COUNT(kind_names) && strcmp(name, kind_names[kind]) != 0) kind++;
  bool good = true, ends = io_json_bool(json, "ends", false, &good);
  if (!name || kind == (int)RT_COUNT(kind_names) || !good || (ends && kind == IO_VOCAB_CLASSES))
    return bad(error, "it is of no known kind");
  if (kind == IO_VOCAB_BYTES) return io_vocab_bytes(vocab, ends, error);
  if (!json_is_array(texts)) return bad(error, "it has no texts");
  struct io_intern set = {0};
  int status = read_texts(&set, texts, error);
  static const char *const names[] = {"unknown", "begin", "end"};
  int32_t mark[3];
  for (int k = 0; k < 3; k++)
    mark[k] = (int32_t)io_json_integer(json, names[k], -1, set.count - 1, -1, &good);
  if (status == RT_OK && !good) status = bad(error, "a mark is not among its texts");
  const struct io_list_marks marks = {mark[0], mark[1], mark[2]};
  if (status == RT_OK)
    status = kind == IO_VOCAB_LIST ? io_vocab_list_new(vocab, &set, marks, error)
                                   : rebuild(vocab, (enum io_vocab_kind)kind, ends, &set, error);
  io_intern_free(&set);
  return status;
}
