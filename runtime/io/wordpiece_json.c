/* wordpiece_json.c: the word pieces of a tokenizer.json, as those of BERT. */
#include <string.h>

#include "runtime/io/tokenizer_json.h"
#include "runtime/io/wordpiece.h"

/* Whether a switch is on; what is not said, or null, is `usual`. */
static bool is_on(const json_t *object, const char *key, bool usual) {
  const json_t *value = json_object_get(object, key);
  return json_is_boolean(value) ? json_is_true(value) : usual;
}

static int check_model(const struct io_tokenizer *t, struct rt_error *error) {
  const char *type = json_string_value(json_object_get(t->model, "type"));
  const json_t *most = json_object_get(t->model, "max_input_chars_per_word");
  if (type ? strcmp(type, "WordPiece") != 0 : !json_object_get(t->model, "continuing_subword_prefix")) {
    rt_fail_in(error, RT_BAD_DATA, t->path, "its model is %.40s, and not WordPiece",
               type ? type : "of no kind that is said");
    rt_hint(error, "BPE of bytes is bpe[T, V](vocab = \"tokenizer.json\"), BPE of SentencePiece's pieces is "
                   "pieces[T, V](file = \"tokenizer.json\")");
    return RT_BAD_DATA;
  }
  if (!io_json_says(t->model, "continuing_subword_prefix", "##")
      || !io_json_says(t->model, "unk_token", "[UNK]") || (most && json_integer_value(most) != 100))
    return rt_fail_in(
        error, RT_BAD_DATA, t->path,
        "its model has other marks than BERT's: ## before pieces within a word, [UNK] for what is "
        "unknown, and words of at most 100 characters");
  return RT_OK;
}

/* How texts are read is said by the program, too. */
static int check_case(const struct io_tokenizer *t, bool lower, struct rt_error *error) {
  const json_t *normalizer = json_object_get(t->root, "normalizer");
  bool theirs = is_on(normalizer, "lowercase", true);
  if (theirs == lower) return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, t->path,
             theirs ? "it reads texts in lower case, and the program as they are"
                    : "it reads texts as they are, and the program in lower case");
  rt_hint(error, theirs ? "leave out lower = false" : "add lower = false");
  return RT_BAD_DATA;
}

static int check_steps(const struct io_tokenizer *t, struct rt_error *error) {
  const json_t *normalizer = json_object_get(t->root, "normalizer"),
               *split = json_object_get(t->root, "pre_tokenizer");
  bool lower = is_on(normalizer, "lowercase", true);
  if (!io_json_says(normalizer, "type", "BertNormalizer") || !is_on(normalizer, "clean_text", true)
      || !is_on(normalizer, "handle_chinese_chars", true)
      || is_on(normalizer, "strip_accents", lower) != lower)
    return io_tokenizer_not_done(t, "normalizer", normalizer, "word pieces", error);
  return io_json_says(split, "type", "BertPreTokenizer")
             ? RT_OK
             : io_tokenizer_not_done(t, "pre_tokenizer", split, "word pieces", error);
}

static int take(const struct io_tokenizer *t, struct io_intern *set, struct rt_error *error) {
  int status = RT_OK;
  for (size_t id = 0; id < t->count && status == RT_OK; id++) {
    int32_t number;
    status = t->entry[id][0] ? io_intern_add(set, t->entry[id], strlen(t->entry[id]), &number, error)
                             : io_tokenizer_bad(t, error, "is empty", t->entry[id]);
    if (status == RT_OK && (size_t)number != id)
      status = io_tokenizer_bad(t, error, "is there twice", t->entry[id]);
  }
  return status;
}

int io_wordpiece_read_json(struct io_vocab **vocab, const char *path, bool lower, struct rt_error *error) {
  struct io_tokenizer t;
  struct io_intern set = {0};
  *vocab = NULL;
  int status = io_tokenizer_open(&t, path, error);
  if (status == RT_OK) status = check_model(&t, error);
  if (status == RT_OK) status = check_case(&t, lower, error);
  if (status == RT_OK) status = check_steps(&t, error);
  if (status == RT_OK) status = take(&t, &set, error);
  const struct io_list_marks marks = {io_intern_find(&set, "[UNK]", 5), -1, -1};
  if (status == RT_OK) status = io_vocab_list_new(vocab, &set, marks, error);
  io_intern_free(&set);
  io_tokenizer_close(&t);
  return status;
}
