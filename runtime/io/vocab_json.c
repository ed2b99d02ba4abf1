/* vocab_json.c: vocabularies as JSON, for the model file:
 * {"kind":"words","ends":false,"texts":["the","a",…]}, of a list with the numbers of its marks as well, of
 * byte pairs with the ids that are merged, two by two, and its texts as GPT-2's files have them. */
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/json.h"
#include "runtime/io/vocab.h"
#include "runtime/io/vocab_json.h"

static const char *const kind_names[] = {"words", "classes", "bytes", "list", "pairs"};

static void write_text(const struct io_vocab *vocab, const char *text, size_t length, struct rt_text *out) {
  struct rt_text written = {0};
  if (vocab->kind != IO_VOCAB_PAIRS) {
    io_json_string(out, text, length);
    return;
  }
  io_bytes_written(text, length, &written);
  if (!written.failed) io_json_string(out, written.data, written.length);
  out->failed |= written.failed;
  rt_text_free(&written);
}

static void write_merges(const struct io_merges *merges, struct rt_text *out) {
  rt_text_puts(out, ",\"merges\":[");
  for (int32_t k = 0; k < merges->count; k++)
    rt_text_printf(out, "%s%d,%d", k ? "," : "", (int)merges->pair[k].left, (int)merges->pair[k].right);
  rt_text_puts(out, "]");
}

void io_vocab_write(const struct io_vocab *vocab, struct rt_text *out) {
  rt_text_printf(out, "{\"kind\":\"%s\",\"ends\":%s", kind_names[vocab->kind],
                 vocab->begin >= 0 ? "true" : "false");
  if (vocab->kind == IO_VOCAB_LIST || vocab->kind == IO_VOCAB_PAIRS)
    rt_text_printf(out, ",\"unknown\":%d,\"begin\":%d,\"end\":%d", (int)vocab->unknown, (int)vocab->begin,
                   (int)vocab->end);
  if (vocab->kind != IO_VOCAB_BYTES) {
    rt_text_puts(out, ",\"texts\":[");
    for (int32_t n = 0; n < vocab->texts.count; n++) {
      size_t length;
      const char *text = io_intern_text(&vocab->texts, n, &length);
      rt_text_puts(out, n ? "," : "");
      write_text(vocab, text, length, out);
    }
    rt_text_puts(out, "]");
  }
  if (vocab->merges) write_merges(vocab->merges, out);
  rt_text_puts(out, "}");
}

static int bad(struct rt_error *error, const char *what) {
  return rt_fail(error, RT_BAD_DATA, "the vocabulary is damaged: %s", what);
}

/* Interns the texts that stand for bytes. */
static int read_bytes(struct io_intern *set, const json_t *texts, struct rt_error *error) {
  struct rt_text bytes = {0};
  int status = RT_OK;
  for (size_t i = 0; i < json_array_size(texts) && status == RT_OK; i++) {
    const json_t *item = json_array_get(texts, i);
    int32_t number = -1;
    bytes.length = 0;
    if (!json_is_string(item) || !io_bytes_read(json_string_value(item), json_string_length(item), &bytes))
      status = bad(error, "a text does not stand for bytes");
    else if (bytes.failed)
      status = rt_no_memory(error);
    else
      status = io_intern_add(set, bytes.data ? bytes.data : "", bytes.length, &number, error);
    if (status == RT_OK && (size_t)number != i) status = bad(error, "a text is there twice");
  }
  rt_text_free(&bytes);
  return status;
}

/* Takes ids two by two. */
static int read_merges(struct io_vocab *vocab, const json_t *merges, struct rt_error *error) {
  struct rt_error why = {0};
  int status = io_merges_new(vocab, &why);
  if (status == RT_OK && (!json_is_array(merges) || json_array_size(merges) % 2 != 0))
    return bad(error, "its pairs are not pairs");
  for (size_t k = 0; status == RT_OK && k < json_array_size(merges); k += 2) {
    const json_t *left = json_array_get(merges, k), *right = json_array_get(merges, k + 1);
    json_int_t a = json_is_integer(left) ? json_integer_value(left) : -1,
               b = json_is_integer(right) ? json_integer_value(right) : -1;
    if (a < 0 || a >= vocab->count || b < 0 || b >= vocab->count) return bad(error, "a pair has no such id");
    status = io_merges_add(vocab, (int32_t)a, (int32_t)b, &why);
  }
  return status == RT_BAD_DATA ? bad(error, why.text) : status != RT_OK ? rt_no_memory(error) : RT_OK;
}

/* A list of texts, or of bytes that are merged. */
static int read_list(struct io_vocab **vocab, bool pairs, const struct io_intern *set,
                     struct io_list_marks marks, const json_t *merges, struct rt_error *error) {
  int status = io_vocab_list_new(vocab, set, marks, error);
  if (status != RT_OK || !pairs) return status;
  (*vocab)->kind = IO_VOCAB_PAIRS;
  status = read_merges(*vocab, merges, error);
  if (status == RT_OK) return RT_OK;
  io_vocab_free(*vocab);
  *vocab = NULL;
  return status;
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
  const bool pairs = kind == IO_VOCAB_PAIRS;
  int status = pairs ? read_bytes(&set, texts, error) : read_texts(&set, texts, error);
  static const char *const names[] = {"unknown", "begin", "end"};
  int32_t mark[3];
  for (int k = 0; k < 3; k++)
    mark[k] = (int32_t)io_json_integer(json, names[k], -1, set.count - 1, -1, &good);
  if (status == RT_OK && !good) status = bad(error, "a mark is not among its texts");
  const struct io_list_marks marks = {mark[0], mark[1], mark[2]};
  if (status == RT_OK)
    status = kind == IO_VOCAB_LIST || pairs
                 ? read_list(vocab, pairs, &set, marks, json_object_get(json, "merges"), error)
                 : rebuild(vocab, (enum io_vocab_kind)kind, ends, &set, error);
  io_intern_free(&set);
  return status;
}
