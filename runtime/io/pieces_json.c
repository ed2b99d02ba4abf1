/* pieces_json.c: the pieces of a tokenizer.json, as Llama's. */
#include <string.h>

#include "runtime/io/file.h"
#include "runtime/io/json.h"
#include "runtime/io/pieces.h"
#include "runtime/io/utf8.h"

enum { MOST_BYTES = 1 << 28 };

struct reading {
  const char *path;
  const char **entry; /* by id, as the file writes it */
  size_t count;
  struct io_intern set;
  struct io_list_marks marks;
};

static int bad(const struct reading *r, struct rt_error *error, const char *what, const char *entry) {
  return rt_fail_in(error, RT_BAD_DATA, r->path, "\"%.*s\" %s", io_quoted(entry, strlen(entry)), entry, what);
}

/* Pieces that are merged, and no bytes: those of GPT-2 belong to bpe. */
static int check_kind(const struct reading *r, const json_t *root, struct rt_error *error) {
  const json_t *model = json_object_get(root, "model"),
               *split = json_object_get(json_object_get(root, "pre_tokenizer"), "type");
  const char *type = json_string_value(json_object_get(model, "type")), *by = json_string_value(split);
  if (!json_is_object(json_object_get(model, "vocab")))
    return rt_fail_in(error, RT_BAD_DATA, r->path,
                      "it has no \"vocab\" in \"model\", as a tokenizer.json has");
  if ((type && strcmp(type, "BPE") != 0) || !json_is_array(json_object_get(model, "merges"))) {
    rt_fail_in(error, RT_BAD_DATA, r->path, "its model is %.40s, and pieces are those of BPE with merges",
               type ? type : "of no kind that is said");
    rt_hint(error, "a WordPiece tokenizer comes with vocab.txt: wordpiece[T, V](vocab = \"vocab.txt\")");
    return RT_BAD_DATA;
  }
  if (!json_is_true(json_object_get(model, "byte_fallback")) && by && strcmp(by, "Metaspace") != 0) {
    rt_fail_in(error, RT_BAD_DATA, r->path, "its texts are split by %.40s into bytes, not into pieces", by);
    rt_hint(error, "the tokenizer of GPT-2 is bpe[T, V](vocab = \"vocab.json\", merges = \"merges.txt\")");
    return RT_BAD_DATA;
  }
  return RT_OK;
}

/* ---- what happens to a text before it is merged ---- */

#define SPACE_MARK "\xE2\x96\x81"

static const char *type_of(const json_t *step) { return json_string_value(json_object_get(step, "type")); }

static bool says(const json_t *object, const char *key, const char *text) {
  const char *value = json_string_value(json_object_get(object, key));
  return value && !strcmp(value, text);
}

static bool is_prepend(const json_t *step) {
  return says(step, "type", "Prepend") && says(step, "prepend", SPACE_MARK);
}

static bool is_replace(const json_t *step) {
  return says(step, "type", "Replace") && says(json_object_get(step, "pattern"), "String", " ")
         && says(step, "content", SPACE_MARK);
}

/* Metaspace puts the space before a text. Where it splits words, too, they are merged as in whole texts if
 * there are only pieces that begin with a space or have none. */
static bool is_metaspace(const struct reading *r, const json_t *step) {
  const json_t *scheme = json_object_get(step, "prepend_scheme"), *split = json_object_get(step, "split");
  bool before = says(step, "prepend_scheme", "always") || says(step, "prepend_scheme", "first")
                || (!scheme && !json_is_false(json_object_get(step, "add_prefix_space")));
  if (!says(step, "type", "Metaspace") || !says(step, "replacement", SPACE_MARK) || !before) return false;
  for (size_t id = 0; id < r->count && !json_is_false(split); id++)
    if (r->entry[id][0] && strstr(r->entry[id] + 1, SPACE_MARK)) return false;
  return true;
}

static int not_done(const struct reading *r, const char *what, const json_t *step, struct rt_error *error) {
  const char *type = type_of(step);
  rt_fail_in(error, RT_BAD_DATA, r->path, "its %s %.40s is none that pieces are read with", what,
             type ? type : "without a type");
  rt_hint(error,
          "pieces are read as SentencePiece has them: a space before the text, every space as U+2581, and no "
          "more. In tokenizer.json these are the normalizers Prepend and Replace, or the pre_tokenizer "
          "Metaspace");
  return RT_BAD_DATA;
}

/* One of both ways to write what is done here: Prepend and Replace, as Llama has it, or Metaspace. */
static int check_steps(const struct reading *r, const json_t *root, struct rt_error *error) {
  const json_t *normalizer = json_object_get(root, "normalizer"),
               *split = json_object_get(root, "pre_tokenizer");
  const json_t *list = json_object_get(normalizer, "normalizers"), *prepend = NULL, *replace = NULL;
  const size_t count = list ? json_array_size(list) : 1;
  bool metaspace = json_is_object(split);
  if (metaspace && !is_metaspace(r, split)) return not_done(r, "pre_tokenizer", split, error);
  if (!json_is_object(normalizer) && metaspace) return RT_OK;
  for (size_t k = 0; k < count && json_is_object(normalizer); k++) {
    const json_t *step = list ? json_array_get(list, k) : normalizer;
    const json_t **kind = is_prepend(step) ? &prepend : is_replace(step) ? &replace : NULL;
    if (!kind || *kind) return not_done(r, "normalizer", step, error);
    *kind = step;
  }
  if (prepend && replace && !metaspace) return RT_OK;
  if (json_is_object(normalizer)) return not_done(r, "normalizer", normalizer, error);
  rt_fail_in(error, RT_BAD_DATA, r->path, "it has neither a normalizer nor a pre_tokenizer");
  rt_hint(error, "with it a text has no space before it, and pieces begin with one; Llama's has the "
                 "normalizers Prepend and Replace, others the pre_tokenizer Metaspace");
  return RT_BAD_DATA;
}

/* Parts of words that are marked, and words that are taken whole, make other pieces. */
static int check_model(const struct reading *r, const json_t *root, struct rt_error *error) {
  static const char *const other[] = {"continuing_subword_prefix", "end_of_word_suffix", "ignore_merges"};
  const json_t *model = json_object_get(root, "model");
  for (size_t k = 0; k < RT_COUNT(other); k++) {
    const json_t *value = json_object_get(model, other[k]);
    if (json_string_length(value) == 0 && !json_is_true(value)) continue;
    return rt_fail_in(error, RT_BAD_DATA, r->path, "the \"%s\" of its model is not done here", other[k]);
  }
  return RT_OK;
}

/* ---- the pieces ---- */

static int place(struct reading *r, const char *entry, const json_t *id, struct rt_error *error) {
  json_int_t at = json_is_integer(id) ? json_integer_value(id) : -1;
  if (at < 0 || (size_t)at >= r->count)
    return bad(r, error, "has an id that is not below the number of pieces", entry);
  if (r->entry[at] && strcmp(r->entry[at], entry) != 0)
    return bad(r, error, "has the id of another piece", entry);
  r->entry[at] = entry;
  return RT_OK;
}

/* Pieces of the model, and those that were added behind them. */
static int in_order(struct reading *r, const json_t *root, struct rt_error *error) {
  json_t *vocab = json_object_get(json_object_get(root, "model"), "vocab"),
         *added = json_object_get(root, "added_tokens"), *value;
  const char *key;
  size_t k;
  if (added && !json_is_array(added))
    return rt_fail_in(error, RT_BAD_DATA, r->path, "\"added_tokens\" is no list");
  r->count = json_object_size(vocab);
  json_array_foreach(added, k, value) {
    json_int_t id = json_integer_value(json_object_get(value, "id"));
    if (id >= 0 && (size_t)id == r->count) r->count++;
  }
  if (!(r->entry = rt_zalloc(r->count + 1, sizeof *r->entry))) return rt_no_memory(error);
  int status = RT_OK;
  json_object_foreach(vocab, key, value) if (status == RT_OK) status = place(r, key, value, error);
  json_array_foreach(added, k, value) {
    const char *content = json_string_value(json_object_get(value, "content"));
    if (status == RT_OK && content) status = place(r, content, json_object_get(value, "id"), error);
  }
  for (size_t id = 0; id < r->count && status == RT_OK; id++)
    if (!r->entry[id]) status = rt_fail_in(error, RT_BAD_DATA, r->path, "no piece has the id %zu", id);
  return status;
}

static int take(struct reading *r, struct rt_error *error) {
  struct rt_text piece = {0};
  int status = RT_OK;
  for (size_t id = 0; id < r->count && status == RT_OK; id++) {
    int32_t number;
    piece.length = 0;
    io_piece_plain(&piece, r->entry[id], strlen(r->entry[id]));
    io_piece_mark(&r->marks, r->entry[id], strlen(r->entry[id]), (int32_t)id);
    if (piece.failed)
      status = rt_no_memory(error);
    else if (piece.length == 0)
      status = rt_fail_in(error, RT_BAD_DATA, r->path, "the piece %zu is empty", id);
    else
      status = io_intern_add(&r->set, piece.data, piece.length, &number, error);
    if (status == RT_OK && (size_t)number != id) status = bad(r, error, "is there twice", r->entry[id]);
  }
  rt_text_free(&piece);
  return status;
}

/* The two parts of a merge, "a b" or ["a", "b"], as one piece of texts. */
static bool merged(const json_t *merge, struct rt_text *piece) {
  const char *text = json_string_value(merge), *space = text ? strchr(text, ' ') : NULL;
  const char *left = text ? text : json_string_value(json_array_get(merge, 0)),
             *right = space ? space + 1 : json_string_value(json_array_get(merge, 1));
  piece->length = 0;
  if (!left || !right || !*right || left == space) return false;
  io_piece_plain(piece, left, space ? (size_t)(space - left) : strlen(left));
  io_piece_plain(piece, right, strlen(right));
  return true;
}

/* Texts are merged by the order of ids (pieces.h). That is the file's order of merges where what they make
 * has rising ids, as in files made of SentencePiece's models. */
static int check_merges(const struct reading *r, const json_t *merges, struct rt_error *error) {
  struct rt_text piece = {0};
  int32_t last = -1;
  int status = RT_OK;
  size_t k;
  json_t *merge;
  json_array_foreach(merges, k, merge) {
    bool good = merged(merge, &piece) && !piece.failed;
    int32_t id = good ? io_intern_find(&r->set, piece.data, piece.length) : -1;
    if (id >= last) {
      last = id;
      if (id >= 0) continue;
    }
    status =
        piece.failed ? rt_no_memory(error)
        : id < 0
            ? rt_fail_in(error, RT_BAD_DATA, r->path, "its merge %zu makes no piece of its vocabulary", k + 1)
            : bad(r, error, "is made by a merge that stands behind those of later pieces", r->entry[id]);
    break;
  }
  rt_text_free(&piece);
  return status;
}

int io_pieces_read_json(struct io_vocab **vocab, const char *path, struct rt_error *error) {
  struct reading r = {.path = path, .marks = {-1, -1, -1}};
  char *text = NULL;
  size_t length;
  json_t *root = NULL;
  *vocab = NULL;
  int status = io_read_ordinary(path, MOST_BYTES, &text, &length, error);
  if (status == RT_OK) status = io_json_parse_file(&root, path, text, length, error);
  rt_free(text);
  if (status == RT_OK) status = check_kind(&r, root, error);
  if (status == RT_OK) status = in_order(&r, root, error);
  if (status == RT_OK) status = take(&r, error);
  if (status == RT_OK)
    status = check_merges(&r, json_object_get(json_object_get(root, "model"), "merges"), error);
  if (status == RT_OK) status = check_model(&r, root, error);
  if (status == RT_OK) status = check_steps(&r, root, error);
  if (status == RT_OK) status = io_vocab_list_new(vocab, &r.set, r.marks, error);
  io_intern_free(&r.set);
  rt_free(r.entry);
  json_decref(root);
  return status;
}
