/* pieces.c: pieces of texts. The rules are in pieces.h. */
#include "runtime/io/pieces.h"

#include <math.h>
#include <string.h>

#include "runtime/io/file.h"
#include "runtime/io/grow.h"
#include "runtime/io/json.h"
#include "runtime/io/merging.h"
#include "runtime/io/number.h"

/* ---- the file ---- */

struct reading {
  const char *path;
  int line;
  struct io_intern set;
  struct rt_text piece; /* of the line at hand */
  double score;         /* of the last piece that counts */
  struct io_list_marks marks;
};

static int bad_line(const struct reading *r, struct rt_error *error, const char *what) {
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){r->path, r->line, 0}, "%s", what);
}

static bool hex(char c, int *value) {
  const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c >= 'a' ? c - 'a' + 'A' : c) : NULL;
  *value = *value * 16 + (at ? (int)(at - digits) : 0);
  return at != NULL;
}

int io_piece_byte(const char *piece, size_t length) {
  int value = 0;
  bool is = length == 6 && !memcmp(piece, "<0x", 3) && hex(piece[3], &value) && hex(piece[4], &value)
            && piece[5] == '>';
  return is ? value : -1;
}

bool io_piece_mark(struct io_list_marks *to, const char *piece, size_t length, int32_t id) {
  static const struct {
    const char *name;
    size_t offset;
  } marks[] = {{"<unk>", offsetof(struct io_list_marks, unknown)},
               {"<s>", offsetof(struct io_list_marks, begin)},
               {"</s>", offsetof(struct io_list_marks, end)}};
  io_trim(&piece, &length); /* some write the marks with line breaks around them */
  for (size_t k = 0; k < RT_COUNT(marks); k++) {
    if (length != strlen(marks[k].name) || memcmp(piece, marks[k].name, length) != 0) continue;
    *(int32_t *)((char *)to + marks[k].offset) = id;
    return true;
  }
  return io_piece_byte(piece, length) >= 0;
}

static int add_piece(struct reading *r, const char *score, size_t score_length, struct rt_error *error) {
  int32_t number, before = r->set.count;
  double value;
  const char *wrong = rt_number(score, score_length, 0, &value);
  if (wrong || !isfinite(value)) return bad_line(r, error, "the score of a piece is a number");
  if (r->piece.length == 0) return bad_line(r, error, "a piece is empty");
  if (!io_piece_mark(&r->marks, r->piece.data, r->piece.length, r->set.count)) {
    if (value > r->score) {
      bad_line(r, error, "the scores do not fall from piece to piece");
      rt_hint(error,
              "pieces that are merged pair by pair are in the order in which they are merged; a unigram "
              "model, whose scores are logarithms of probabilities, cannot be read");
      return error ? error->code : RT_BAD_DATA;
    }
    r->score = value;
  }
  int status = io_intern_add(&r->set, r->piece.data, r->piece.length, &number, error);
  return status != RT_OK || number == before ? status : bad_line(r, error, "this piece is there twice");
}

void io_piece_plain(struct rt_text *out, const char *text, size_t length) {
  static const char space[] = "\xE2\x96\x81";
  for (size_t at = 0; at < length;) {
    bool marked = length - at >= 3 && !memcmp(text + at, space, 3);
    rt_text_add(out, marked ? " " : text + at, 1);
    at += marked ? 3 : 1;
  }
}

static int take_json(struct reading *r, const char *text, size_t length, struct rt_error *error) {
  json_t *json = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  if (!json_is_string(json)) {
    json_decref(json);
    return bad_line(r, error, "the third field is the piece as a JSON string: \" the\"");
  }
  bool nul = strlen(json_string_value(json)) != json_string_length(json);
  rt_text_add(&r->piece, json_string_value(json), json_string_length(json));
  json_decref(json);
  if (nul) return bad_line(r, error, "a piece has a NUL character in it");
  return r->piece.failed ? rt_no_memory(error) : RT_OK;
}

static int take_line(void *context, int line, const char *text, size_t length, struct rt_error *error) {
  struct reading *r = context;
  r->line = line;
  const char *first = memchr(text, '\t', length), *end = text + length;
  const char *second = first ? memchr(first + 1, '\t', (size_t)(end - first - 1)) : NULL;
  if (!first)
    return bad_line(r, error, "a line is ID, SCORE and PIECE, or PIECE and SCORE, with tabs between");
  if (r->line == 1 && second && !memcmp(text, "id\t", 3)) return RT_OK; /* the names of the fields */
  r->piece.length = 0;
  double id;
  if (second && (rt_number(text, (size_t)(first - text), 0, &id) || id != r->set.count))
    return bad_line(r, error, "ids count from 0, in their order");
  int status = RT_OK;
  if (second)
    status = take_json(r, second + 1, (size_t)(end - second - 1), error);
  else
    io_piece_plain(&r->piece, text, (size_t)(first - text));
  if (r->piece.failed) status = rt_no_memory(error);
  const char *score = first + 1;
  return status != RT_OK ? status : add_piece(r, score, (size_t)((second ? second : end) - score), error);
}

int io_pieces_read(struct io_vocab **vocab, const char *path, struct rt_error *error) {
  struct reading r = {.path = path, .score = INFINITY, .marks = {-1, -1, -1}};
  *vocab = NULL;
  int status = io_require_ordinary(path, error);
  if (status == RT_OK) status = io_read_lines(path, take_line, &r, error);
  if (status == RT_OK && r.set.count <= 1) status = rt_fail_in(error, RT_BAD_DATA, path, "it has no pieces");
  if (status == RT_OK) status = io_vocab_list_new(vocab, &r.set, r.marks, error);
  io_intern_free(&r.set);
  rt_text_free(&r.piece);
  return status;
}

/* ---- a text ---- */

struct splitting {
  const struct io_vocab *vocab;
  const char *text;
};

/* The number of the piece that both together are: pieces stand in the order in which they are merged. */
static int32_t rank(const void *context, const struct io_part *left, const struct io_part *right) {
  const struct splitting *s = context;
  return io_intern_find(&s->vocab->texts, s->text + left->at, left->size + right->size);
}

static int32_t made(const void *context, int32_t rank) {
  (void)context;
  return rank;
}

static size_t code_points(struct io_part *part, const char *text, size_t length) {
  size_t count = 0;
  for (size_t at = 0; at < length;) {
    size_t size = 1;
    while (at + size < length && ((unsigned char)text[at + size] & 0xC0) == 0x80) size++;
    part[count] =
        (struct io_part){at, size, -1, (int64_t)count - 1, at + size < length ? (int64_t)count + 1 : -1};
    at += size;
    count++;
  }
  return count;
}

/* Where a part stands in the user's text, which lacks the space that was put before it. */
static int add_token(struct io_tokens *tokens, const struct io_part *part, size_t at, size_t size) {
  if (IO_GROW(tokens->items, tokens->capacity, tokens->count + 1) != RT_OK) return RT_NO_MEMORY;
  size_t start = part->at > 0 ? part->at - 1 : 0;
  tokens->items[tokens->count++] = (struct io_token){start, part->at + part->size - 1 - start, at, size};
  return RT_OK;
}

static int add_bytes(struct io_tokens *tokens, const struct io_part *part) {
  for (size_t k = 0; k < part->size; k++) {
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)tokens->text[part->at + k];
    char name[] = {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
    if (IO_GROW(tokens->text, tokens->text_capacity, tokens->text_length + sizeof name) != RT_OK
        || add_token(tokens, part, tokens->text_length, sizeof name) != RT_OK)
      return RT_NO_MEMORY;
    memcpy(tokens->text + tokens->text_length, name, sizeof name);
    tokens->text_length += sizeof name;
  }
  return RT_OK;
}

static int add_parts(const struct io_merging *m, size_t count, bool bytes, struct io_tokens *tokens) {
  const struct splitting *s = m->context;
  int status = RT_OK;
  for (size_t k = 0; k < count && status == RT_OK; k++) {
    const struct io_part *part = &m->part[k];
    if (part->size == 0) continue;
    bool known = io_intern_find(&s->vocab->texts, tokens->text + part->at, part->size) >= 0;
    status = known || !bytes ? add_token(tokens, part, part->at, part->size) : add_bytes(tokens, part);
  }
  return status;
}

int io_pieces_split(const struct io_vocab *vocab, const char *text, size_t length, struct io_tokens *tokens,
                    struct rt_error *error) {
  tokens->count = tokens->text_length = tokens->left_out = 0;
  if (length == 0) return RT_OK;
  if (IO_GROW(tokens->text, tokens->text_capacity, length + 1) != RT_OK) return rt_no_memory(error);
  tokens->text[0] = ' ';
  memcpy(tokens->text + 1, text, length);
  tokens->text_length = length + 1;
  const struct splitting splitting = {vocab, tokens->text};
  struct io_merging m = {&splitting, rank, made, rt_zalloc(length + 1, sizeof *m.part)};
  size_t count = m.part ? code_points(m.part, tokens->text, length + 1) : 0;
  int status = m.part ? io_merge(&m, count) : RT_NO_MEMORY;
  if (status == RT_OK) status = add_parts(&m, count, io_intern_find(&vocab->texts, "<0x00>", 6) >= 0, tokens);
  rt_free(m.part);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}
