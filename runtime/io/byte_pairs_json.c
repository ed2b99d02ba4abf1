/* byte_pairs_json.c: the byte pairs of a tokenizer.json, as those of GPT-2 and Llama 3. */
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/tokenizer_json.h"

/* ---- how texts are split into words ---- */

/* The pattern of Llama 3, and of others that take digits one by one. */
#define SHORT_FORMS "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
#define OTHERS "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
static const char *const patterns[] = {SHORT_FORMS "\\p{N}" OTHERS, SHORT_FORMS "\\p{N}{1,3}" OTHERS};
static const int digits[] = {1, 3}; /* of those patterns */

static int other_words(const struct io_tokenizer *t, const json_t *step, struct rt_error *error) {
  io_tokenizer_not_done(t, "pre_tokenizer", step, "byte pairs", error);
  rt_hint(error,
          "texts are split by ByteLevel as GPT-2 does, or by Split with the pattern of Llama 3 before it");
  return RT_BAD_DATA;
}

/* [{"type": "Split", "pattern": {"Regex": …}}, {"type": "ByteLevel", "use_regex": false}] */
static int read_split(struct io_merges *m, const struct io_tokenizer *t, const json_t *step,
                      struct rt_error *error) {
  const char *pattern = json_string_value(json_object_get(json_object_get(step, "pattern"), "Regex"));
  const bool isolated =
      io_json_says(step, "behavior", "Isolated") && !json_is_true(json_object_get(step, "invert"));
  for (size_t k = 0; k < RT_COUNT(patterns) && pattern && isolated; k++)
    if (!strcmp(pattern, patterns[k])) m->digits = digits[k];
  return io_json_says(step, "type", "Split") && m->digits ? RT_OK : other_words(t, step, error);
}

/* Bytes as letters, without a space before the text. */
static int read_bytes(const struct io_merges *m, const struct io_tokenizer *t, const json_t *step,
                      struct rt_error *error) {
  const bool splits = !json_is_false(json_object_get(step, "use_regex"));
  if (!io_json_says(step, "type", "ByteLevel") || splits == (m->digits > 0))
    return other_words(t, step, error);
  if (!json_is_true(json_object_get(step, "add_prefix_space"))) return RT_OK;
  return rt_fail_in(
      error, RT_BAD_DATA, t->path,
      "its pre_tokenizer puts a space before each text (add_prefix_space), which is not done here");
}

static int read_words(struct io_merges *m, const struct io_tokenizer *t, struct rt_error *error) {
  const json_t *step = json_object_get(t->root, "pre_tokenizer"),
               *list = json_object_get(step, "pretokenizers");
  if (!list) return read_bytes(m, t, step, error);
  if (json_array_size(list) != 2) return other_words(t, step, error);
  int status = read_split(m, t, json_array_get(list, 0), error);
  return status == RT_OK ? read_bytes(m, t, json_array_get(list, 1), error) : status;
}

/* ---- entries ---- */

static int take_entries(const struct io_tokenizer *t, struct io_intern *set, struct rt_error *error) {
  struct rt_text bytes = {0};
  int status = RT_OK;
  for (size_t id = 0; id < t->count && status == RT_OK; id++) {
    const char *entry = t->entry[id];
    int32_t number;
    bytes.length = 0;
    if (t->added[id])
      rt_text_puts(&bytes, entry);
    else if (!io_bytes_read(entry, strlen(entry), &bytes))
      status = io_tokenizer_bad(t, error, "is not made of characters that stand for bytes", entry);
    if (status == RT_OK && bytes.failed) status = rt_no_memory(error);
    if (status == RT_OK && bytes.length == 0) status = io_tokenizer_bad(t, error, "is empty", entry);
    if (status == RT_OK) status = io_intern_add(set, bytes.data, bytes.length, &number, error);
    if (status == RT_OK && (size_t)number != id) status = io_tokenizer_bad(t, error, "is there twice", entry);
  }
  rt_text_free(&bytes);
  return status;
}

static int32_t find(const struct io_intern *set, const char *text) {
  return text ? io_intern_find(set, text, strlen(text)) : -1;
}

/* What a TemplateProcessing puts before a text; NULL: nothing. */
static const char *put_before(const json_t *step) {
  const json_t *first = json_array_get(json_object_get(step, "single"), 0);
  return json_string_value(json_object_get(json_object_get(first, "SpecialToken"), "id"));
}

static struct io_list_marks marks_of(const struct io_tokenizer *t, const struct io_intern *set) {
  static const char *const ends[] = {IO_END_OF_TEXT, "<|end_of_text|>", "</s>"};
  const json_t *after = json_object_get(t->root, "post_processor"),
               *list = json_object_get(after, "processors");
  const char *before = put_before(after);
  struct io_list_marks marks = {-1, -1, -1};
  for (size_t k = 0; k < json_array_size(list) && !before; k++) before = put_before(json_array_get(list, k));
  for (size_t k = 0; k < RT_COUNT(ends) && marks.end < 0; k++) marks.end = find(set, ends[k]);
  marks.begin = find(set, before ? before : "<|begin_of_text|>");
  if (marks.begin < 0 || marks.end < 0) marks.begin = marks.end;
  return marks;
}

/* ---- merges ---- */

static int32_t id_of(const struct io_vocab *vocab, const char *text, size_t length, struct rt_text *bytes) {
  bytes->length = 0;
  if (!io_bytes_read(text, length, bytes) || bytes->length == 0 || bytes->failed) return -1;
  return io_intern_find(&vocab->texts, bytes->data, bytes->length);
}

/* "a b" or ["a", "b"] */
static int take_merge(struct io_vocab *vocab, const json_t *merge, struct rt_text *bytes,
                      struct rt_error *why) {
  const char *text = json_string_value(merge), *space = text ? strchr(text, ' ') : NULL;
  const char *left = text ? text : json_string_value(json_array_get(merge, 0)),
             *right = space ? space + 1 : json_string_value(json_array_get(merge, 1));
  if (!left || !right) return rt_fail(why, RT_BAD_DATA, "it is no pair");
  int32_t a = id_of(vocab, left, space ? (size_t)(space - left) : strlen(left), bytes),
          b = id_of(vocab, right, strlen(right), bytes);
  if (bytes->failed) return RT_NO_MEMORY;
  if (a < 0 || b < 0) return rt_fail(why, RT_BAD_DATA, "it has what is no entry of the vocabulary");
  return io_merges_add(vocab, a, b, why);
}

static int take_merges(const struct io_tokenizer *t, struct io_vocab *vocab, struct rt_error *error) {
  const json_t *merges = json_object_get(t->model, "merges");
  struct rt_text bytes = {0};
  struct rt_error why = {0};
  int status = io_merges_new(vocab, &why);
  size_t k = 0;
  if (status == RT_BAD_DATA) status = rt_fail_in(error, status, t->path, "%s", why.text);
  for (; k < json_array_size(merges) && status == RT_OK; k++) {
    status = take_merge(vocab, json_array_get(merges, k), &bytes, &why);
    if (status == RT_BAD_DATA)
      status = rt_fail_in(error, status, t->path, "its merge %zu cannot be used: %s", k + 1, why.text);
  }
  rt_text_free(&bytes);
  return status == RT_NO_MEMORY ? rt_no_memory(error) : status;
}

/* ---- the whole ---- */

static int check_model(const struct io_tokenizer *t, struct rt_error *error) {
  static const char *const other[] = {"continuing_subword_prefix", "end_of_word_suffix"};
  const char *type = json_string_value(json_object_get(t->model, "type"));
  const json_t *normalizer = json_object_get(t->root, "normalizer");
  if ((type && strcmp(type, "BPE") != 0) || !json_is_array(json_object_get(t->model, "merges"))) {
    rt_fail_in(error, RT_BAD_DATA, t->path, "its model is %.40s, and byte pairs are those of BPE with merges",
               type ? type : "of no kind that is said");
    rt_hint(error, "WordPiece is wordpiece[T, V](vocab = \"tokenizer.json\")");
    return RT_BAD_DATA;
  }
  if (json_is_true(json_object_get(t->model, "byte_fallback"))) {
    rt_fail_in(error, RT_BAD_DATA, t->path, "its model has pieces of SentencePiece, and not of bytes");
    rt_hint(error, "they are pieces[T, V](file = \"tokenizer.json\")");
    return RT_BAD_DATA;
  }
  for (size_t k = 0; k < RT_COUNT(other); k++)
    if (json_string_length(json_object_get(t->model, other[k])))
      return rt_fail_in(error, RT_BAD_DATA, t->path, "the \"%s\" of its model is not done here", other[k]);
  return json_is_object(normalizer) ? io_tokenizer_not_done(t, "normalizer", normalizer, "byte pairs", error)
                                    : RT_OK;
}

static int read_vocab(struct io_vocab **vocab, const struct io_tokenizer *t, struct rt_error *error) {
  struct io_intern set = {0};
  int status = take_entries(t, &set, error);
  if (status == RT_OK) status = io_vocab_list_new(vocab, &set, marks_of(t, &set), error);
  io_intern_free(&set);
  if (status != RT_OK) return status;
  (*vocab)->kind = IO_VOCAB_PAIRS;
  status = take_merges(t, *vocab, error);
  if (status == RT_OK) status = read_words((*vocab)->merges, t, error);
  if (status != RT_OK) return status;
  (*vocab)->merges->whole = json_is_true(json_object_get(t->model, "ignore_merges"));
  (*vocab)->merges->marks = 0;
  for (size_t id = 0; id < t->count && status == RT_OK; id++)
    if (t->added[id]) status = io_merges_mark((*vocab)->merges, (int32_t)id);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

int io_byte_pairs_read_json(struct io_vocab **vocab, const char *path, struct rt_error *error) {
  struct io_tokenizer t;
  *vocab = NULL;
  int status = io_tokenizer_open(&t, path, error);
  if (status != RT_OK && t.root && !t.model)
    rt_hint(error, "a file of ids alone has its merges beside it: bpe[T, V](vocab = \"vocab.json\", merges = "
                   "\"merges.txt\")");
  if (status == RT_OK) status = check_model(&t, error);
  if (status == RT_OK) status = read_vocab(vocab, &t, error);
  io_tokenizer_close(&t);
  if (status == RT_OK) return RT_OK;
  io_vocab_free(*vocab);
  *vocab = NULL;
  return status;
}
