/* pieces_json.c: the pieces of a tokenizer.json, as Llama's. */
#include <string.h>

#include "runtime/io/pieces.h"
#include "runtime/io/tokenizer_json.h"

struct reading {
  struct io_tokenizer file;
  struct io_intern set;
  struct io_list_marks marks;
};

static int bad(const struct reading *r, struct rt_error *error, const char *what, const char *entry) {
  return io_tokenizer_bad(&r->file, error, what, entry);
}

/* Pieces that are merged, and no bytes: those of GPT-2 belong to bpe. */
static int check_kind(const struct reading *r, const json_t *root, struct rt_error *error) {
  const json_t *model = json_object_get(root, "model"),
               *split = json_object_get(json_object_get(root, "pre_tokenizer"), "type");
  const char *type = json_string_value(json_object_get(model, "type")), *by = json_string_value(split);
  if ((type && strcmp(type, "BPE") != 0) || !json_is_array(json_object_get(model, "merges"))) {
    rt_fail_in(error, RT_BAD_DATA, r->file.path,
               "its model is %.40s, and pieces are those of BPE with merges",
               type ? type : "of no kind that is said");
    rt_hint(error, "WordPiece is wordpiece[T, V](vocab = \"tokenizer.json\")");
    return RT_BAD_DATA;
  }
  if (!json_is_true(json_object_get(model, "byte_fallback")) && by && strcmp(by, "Metaspace") != 0) {
    rt_fail_in(error, RT_BAD_DATA, r->file.path, "its texts are split by %.40s into bytes, not into pieces",
               by);
    rt_hint(error, "they are bpe[T, V](vocab = \"tokenizer.json\")");
    return RT_BAD_DATA;
  }
  return RT_OK;
}

/* ---- what happens to a text before it is merged ---- */

#define SPACE_MARK "\xE2\x96\x81"

static bool is_prepend(const json_t *step) {
  return io_json_says(step, "type", "Prepend") && io_json_says(step, "prepend", SPACE_MARK);
}

static bool is_replace(const json_t *step) {
  return io_json_says(step, "type", "Replace")
         && io_json_says(json_object_get(step, "pattern"), "String", " ")
         && io_json_says(step, "content", SPACE_MARK);
}

/* Metaspace puts the space before a text. Where it splits words, too, they are merged as in whole texts if
 * there are only pieces that begin with a space or have none. */
static bool is_metaspace(const struct reading *r, const json_t *step) {
  const json_t *scheme = json_object_get(step, "prepend_scheme"), *split = json_object_get(step, "split");
  bool before = io_json_says(step, "prepend_scheme", "always")
                || io_json_says(step, "prepend_scheme", "first")
                || (!scheme && !json_is_false(json_object_get(step, "add_prefix_space")));
  if (!io_json_says(step, "type", "Metaspace") || !io_json_says(step, "replacement", SPACE_MARK) || !before)
    return false;
  for (size_t id = 0; id < r->file.count && !json_is_false(split); id++)
    if (r->file.entry[id][0] && strstr(r->file.entry[id] + 1, SPACE_MARK)) return false;
  return true;
}

static int not_done(const struct reading *r, const char *what, const json_t *step, struct rt_error *error) {
  io_tokenizer_not_done(&r->file, what, step, "pieces", error);
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
  rt_fail_in(error, RT_BAD_DATA, r->file.path, "it has neither a normalizer nor a pre_tokenizer");
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
    return rt_fail_in(error, RT_BAD_DATA, r->file.path, "the \"%s\" of its model is not done here", other[k]);
  }
  return RT_OK;
}

/* ---- the pieces ---- */

static int take(struct reading *r, struct rt_error *error) {
  struct rt_text piece = {0};
  int status = RT_OK;
  for (size_t id = 0; id < r->file.count && status == RT_OK; id++) {
    int32_t number;
    piece.length = 0;
    io_piece_plain(&piece, r->file.entry[id], strlen(r->file.entry[id]));
    io_piece_mark(&r->marks, r->file.entry[id], strlen(r->file.entry[id]), (int32_t)id);
    if (piece.failed)
      status = rt_no_memory(error);
    else if (piece.length == 0)
      status = rt_fail_in(error, RT_BAD_DATA, r->file.path, "the piece %zu is empty", id);
    else
      status = io_intern_add(&r->set, piece.data, piece.length, &number, error);
    if (status == RT_OK && (size_t)number != id) status = bad(r, error, "is there twice", r->file.entry[id]);
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
    status = piece.failed ? rt_no_memory(error)
             : id < 0     ? rt_fail_in(error, RT_BAD_DATA, r->file.path,
                                       "its merge %zu makes no piece of its vocabulary", k + 1)
                          : bad(r, error, "is made by a merge that stands behind those of later pieces",
                                r->file.entry[id]);
    break;
  }
  rt_text_free(&piece);
  return status;
}

int io_pieces_read_json(struct io_vocab **vocab, const char *path, struct rt_error *error) {
  struct reading r = {.marks = {-1, -1, -1}};
  *vocab = NULL;
  int status = io_tokenizer_open(&r.file, path, error);
  const json_t *root = r.file.root;
  if (status == RT_OK) status = check_kind(&r, root, error);
  if (status == RT_OK) status = take(&r, error);
  if (status == RT_OK) status = check_merges(&r, json_object_get(r.file.model, "merges"), error);
  if (status == RT_OK) status = check_model(&r, root, error);
  if (status == RT_OK) status = check_steps(&r, root, error);
  if (status == RT_OK) status = io_vocab_list_new(vocab, &r.set, r.marks, error);
  io_intern_free(&r.set);
  io_tokenizer_close(&r.file);
  return status;
}
