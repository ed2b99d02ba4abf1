/* vocab_json.c: vocabularies as JSON, for the model file:
 * {"kind":"words","ends":false,"texts":["the","a",…]}, of a list with the numbers of its marks as well, of
 * byte pairs with the ids that are merged, two by two, and its texts as GPT-2's files have them. */
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/intern_ahead.h"
#include "runtime/io/json.h"
#include "runtime/io/utf8.h"
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

/* Many texts, none of which has a space in it, are one string: {…,"joined":"the a …"}. It is read several
 * times as fast, and again so where it stands apart from the JSON, which then has its length: {…,"apart":12}.
 */
static bool can_be_joined(const struct io_vocab *vocab) {
  enum { MANY = 1000 };
  for (int32_t n = 0; n < vocab->texts.count && vocab->kind != IO_VOCAB_PAIRS; n++) {
    size_t length;
    const char *text = io_intern_text(&vocab->texts, n, &length);
    if (length == 0 || memchr(text, ' ', length)) return false;
  }
  return vocab->texts.count >= MANY;
}

/* With a space between them. */
static void join(const struct io_vocab *vocab, struct rt_text *joined) {
  for (int32_t n = 0; n < vocab->texts.count; n++) {
    size_t length;
    const char *text = io_intern_text(&vocab->texts, n, &length);
    rt_text_puts(joined, n ? " " : "");
    if (vocab->kind == IO_VOCAB_PAIRS)
      io_bytes_written(text, length, joined);
    else
      rt_text_add(joined, text, length);
  }
}

static void write_joined(const struct io_vocab *vocab, struct rt_text *out, struct rt_text *apart) {
  struct rt_text joined = {0};
  if (apart) {
    const size_t before = apart->length;
    join(vocab, apart);
    rt_text_printf(out, ",\"apart\":%zu", apart->length - before);
    return;
  }
  join(vocab, &joined);
  rt_text_puts(out, ",\"joined\":");
  if (!joined.failed) io_json_string(out, joined.data, joined.length);
  out->failed |= joined.failed;
  rt_text_free(&joined);
}

/* Only <|endoftext|>, where there is one. */
static bool has_usual_marks(const struct io_vocab *vocab) {
  const struct io_merges *m = vocab->merges;
  int32_t end = io_intern_find(&vocab->texts, IO_END_OF_TEXT, strlen(IO_END_OF_TEXT));
  return m->marks == (end >= 0) && (end < 0 || m->mark[0] == end);
}

static void write_merges(const struct io_vocab *vocab, struct rt_text *out) {
  const struct io_merges *merges = vocab->merges;
  rt_text_puts(out, ",\"merges\":[");
  for (int32_t k = 0; k < merges->count; k++)
    rt_text_printf(out, "%s%d,%d", k ? "," : "", (int)merges->pair[k].left, (int)merges->pair[k].right);
  rt_text_puts(out, "]");
  if (merges->digits) rt_text_printf(out, ",\"digits\":%d", merges->digits);
  if (merges->whole) rt_text_puts(out, ",\"whole\":true");
  if (has_usual_marks(vocab)) return;
  for (int32_t k = 0; k < merges->marks; k++)
    rt_text_printf(out, "%s%d", k ? "," : ",\"marks\":[", (int)merges->mark[k]);
  rt_text_puts(out, merges->marks ? "]" : ",\"marks\":[]");
}

void io_vocab_write(const struct io_vocab *vocab, struct rt_text *out, struct rt_text *apart) {
  rt_text_printf(out, "{\"kind\":\"%s\",\"ends\":%s", kind_names[vocab->kind],
                 vocab->begin >= 0 ? "true" : "false");
  if (vocab->kind == IO_VOCAB_LIST || vocab->kind == IO_VOCAB_PAIRS)
    rt_text_printf(out, ",\"unknown\":%d,\"begin\":%d,\"end\":%d", (int)vocab->unknown, (int)vocab->begin,
                   (int)vocab->end);
  if (vocab->kind != IO_VOCAB_BYTES && can_be_joined(vocab)) {
    write_joined(vocab, out, apart);
  } else if (vocab->kind != IO_VOCAB_BYTES) {
    rt_text_puts(out, ",\"texts\":[");
    for (int32_t n = 0; n < vocab->texts.count; n++) {
      size_t length;
      const char *text = io_intern_text(&vocab->texts, n, &length);
      rt_text_puts(out, n ? "," : "");
      write_text(vocab, text, length, out);
    }
    rt_text_puts(out, "]");
  }
  if (vocab->merges) write_merges(vocab, out);
  rt_text_puts(out, "}");
}

static int bad(struct rt_error *error, const char *what) {
  return rt_fail(error, RT_BAD_DATA, "the vocabulary is damaged: %s", what);
}

/* The texts, joined or one by one. */
struct texts {
  const json_t *list; /* NULL: they are joined */
  size_t next;
  const char *joined, *end;
};

/* The next text; *text NULL: there is none. False: it is no string. */
static bool next_text(struct texts *t, const char **text, size_t *length) {
  *text = NULL;
  if (t->list) {
    const json_t *item = json_array_get(t->list, t->next++);
    *text = json_string_value(item);
    *length = json_string_length(item);
    return !item || *text;
  }
  if (t->joined > t->end) return true;
  const char *space = memchr(t->joined, ' ', (size_t)(t->end - t->joined));
  *text = t->joined;
  *length = (size_t)((space ? space : t->end) - t->joined);
  t->joined += *length + 1;
  return true;
}

/* Room for the texts that are joined. */
static int reserve(struct io_intern *set, const struct texts *texts) {
  size_t count = 1;
  for (const char *at = texts->joined; at < texts->end; at++) count += *at == ' ';
  return io_intern_reserve(set, count, (size_t)(texts->end - texts->joined));
}

/* Tells the set of the next of the texts that are to come. */
static void expect_next(const struct io_intern *set, struct texts *ahead) {
  const char *text;
  size_t length;
  if (next_text(ahead, &text, &length) && text) io_intern_expect(set, text, length);
}

/* Interns the texts in their order; pairs: they stand for bytes. */
static int read_texts(struct io_intern *set, struct texts *texts, bool pairs, struct rt_error *error) {
  struct rt_text bytes = {0};
  struct texts ahead = *texts;
  const char *text;
  size_t length;
  int status = RT_OK;
  for (int k = 0; k < IO_INTERN_AHEAD; k++) expect_next(set, &ahead);
  while (status == RT_OK) {
    expect_next(set, &ahead);
    int32_t number, before = set->count;
    if (!next_text(texts, &text, &length)) status = bad(error, "a text is not a string");
    if (status != RT_OK || !text) break;
    bytes.length = 0;
    if (pairs && !io_bytes_read(text, length, &bytes))
      status = bad(error, "a text does not stand for bytes");
    else if (bytes.failed)
      status = rt_no_memory(error);
    else
      status = pairs ? io_intern_add(set, bytes.data ? bytes.data : "", bytes.length, &number, error)
                     : io_intern_add(set, text, length, &number, error);
    if (status == RT_OK && number != before) status = bad(error, "a text is there twice");
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

/* How texts are taken apart, where that is not as GPT-2 does. */
static int read_rules(struct io_vocab *vocab, const json_t *json, struct rt_error *error) {
  struct io_merges *m = vocab->merges;
  const json_t *marks = json_object_get(json, "marks");
  bool good = true;
  m->digits = (int)io_json_integer(json, "digits", 0, IO_MOST_DIGITS, 0, &good);
  m->whole = io_json_bool(json, "whole", false, &good);
  if (!good || (marks && !json_is_array(marks))) return bad(error, "its rules are none");
  if (marks) m->marks = 0;
  for (size_t k = 0; k < json_array_size(marks); k++) {
    const json_t *id = json_array_get(marks, k);
    json_int_t mark = json_is_integer(id) ? json_integer_value(id) : -1;
    size_t length = 0;
    if (mark >= 0 && mark < vocab->texts.count) io_intern_text(&vocab->texts, (int32_t)mark, &length);
    if (length == 0) return bad(error, "a mark is not among its texts");
    if (io_merges_mark(m, (int32_t)mark) != RT_OK) return rt_no_memory(error);
  }
  return RT_OK;
}

static int again(struct io_vocab **vocab, enum io_vocab_kind kind, bool ends, struct io_intern *set,
                 struct rt_error *error) {
  struct rt_error why = {0};
  int status = io_vocab_again(vocab, kind, ends, set, &why);
  return status == RT_BAD_DATA ? bad(error, why.text) : status != RT_OK ? rt_no_memory(error) : RT_OK;
}

/* A list of texts, or of bytes that are merged. */
static int read_list(struct io_vocab **vocab, bool pairs, struct io_intern *set, struct io_list_marks marks,
                     const json_t *json, struct rt_error *error) {
  int status = io_vocab_list_new(vocab, set, marks, error);
  if (status != RT_OK || !pairs) return status;
  (*vocab)->kind = IO_VOCAB_PAIRS;
  status = read_merges(*vocab, json_object_get(json, "merges"), error);
  if (status == RT_OK) status = read_rules(*vocab, json, error);
  if (status == RT_OK) return RT_OK;
  io_vocab_free(*vocab);
  *vocab = NULL;
  return status;
}

/* Texts that stand apart, which anybody may have written. */
static int take_apart(struct io_apart *apart, const json_t *length, struct texts *texts,
                      struct rt_error *error) {
  const json_int_t bytes = json_is_integer(length) ? json_integer_value(length) : -1;
  if (!apart || bytes < 1 || (uint64_t)bytes > apart->left) return bad(error, "it has not all of its texts");
  const size_t size = (size_t)bytes;
  if (memchr(apart->at, 0, size) || io_utf8_check(apart->at, size) != size)
    return bad(error, "its texts are not UTF-8");
  *texts = (struct texts){NULL, 0, apart->at, apart->at + size};
  apart->at += size;
  apart->left -= size;
  return RT_OK;
}

/* Where the texts of a vocabulary stand. */
static int find_texts(const json_t *json, struct io_apart *apart, struct texts *texts,
                      struct rt_error *error) {
  const json_t *list = json_object_get(json, "texts"), *joined = json_object_get(json, "joined"),
               *bytes = json_object_get(json, "apart");
  *texts = (struct texts){.list = list};
  if ((list != NULL) + (joined != NULL) + (bytes != NULL) > 1) return bad(error, "it has its texts twice");
  if (json_is_array(list)) return RT_OK;
  if (bytes) return take_apart(apart, bytes, texts, error);
  if (!json_is_string(joined)) return bad(error, "it has no texts");
  const char *text = json_string_value(joined);
  *texts = (struct texts){NULL, 0, text, text + json_string_length(joined)};
  return RT_OK;
}

int io_vocab_from_json(struct io_vocab **vocab, const json_t *json, struct io_apart *apart,
                       struct rt_error *error) {
  *vocab = NULL;
  const char *name = json_string_value(json_object_get(json, "kind"));
  int kind = 0;
  while (name && kind < (int)RT_COUNT(kind_names) && strcmp(name, kind_names[kind]) != 0) kind++;
  bool good = true, ends = io_json_bool(json, "ends", false, &good);
  if (!name || kind == (int)RT_COUNT(kind_names) || !good || (ends && kind == IO_VOCAB_CLASSES))
    return bad(error, "it is of no known kind");
  if (kind == IO_VOCAB_BYTES) return io_vocab_bytes(vocab, ends, error);
  struct texts all;
  struct io_intern set = {0};
  const bool pairs = kind == IO_VOCAB_PAIRS;
  int status = find_texts(json, apart, &all, error);
  if (status == RT_OK && !all.list && reserve(&set, &all) != RT_OK) status = rt_no_memory(error);
  if (status == RT_OK) status = read_texts(&set, &all, pairs, error);
  static const char *const names[] = {"unknown", "begin", "end"};
  int32_t mark[3];
  for (int k = 0; k < 3; k++)
    mark[k] = (int32_t)io_json_integer(json, names[k], -1, set.count - 1, -1, &good);
  if (status == RT_OK && !good) status = bad(error, "a mark is not among its texts");
  const struct io_list_marks marks = {mark[0], mark[1], mark[2]};
  if (status == RT_OK)
    status = kind == IO_VOCAB_LIST || pairs ? read_list(vocab, pairs, &set, marks, json, error)
                                            : again(vocab, (enum io_vocab_kind)kind, ends, &set, error);
  io_intern_free(&set);
  return status;
}
