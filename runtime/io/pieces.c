/* pieces.c: pieces of texts. The rules are in pieces.h. */
#include "runtime/io/pieces.h"

#include <math.h>
#include <string.h>

#include "runtime/io/file.h"
#include "runtime/io/grow.h"
#include "runtime/io/json.h"
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

/* Notes what a piece is there for. False: it is a part of texts. */
static bool is_mark(struct reading *r, const char *piece, size_t length) {
  static const struct {
    const char *name;
    size_t offset;
  } marks[] = {{"<unk>", offsetof(struct io_list_marks, unknown)},
               {"<s>", offsetof(struct io_list_marks, begin)},
               {"</s>", offsetof(struct io_list_marks, end)}};
  io_trim(&piece, &length); /* some write the marks with line breaks around them */
  for (size_t k = 0; k < RT_COUNT(marks); k++) {
    if (length != strlen(marks[k].name) || memcmp(piece, marks[k].name, length) != 0) continue;
    *(int32_t *)((char *)&r->marks + marks[k].offset) = r->set.count;
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
  if (!is_mark(r, r->piece.data, r->piece.length)) {
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

/* The piece as it is in texts: U+2581 is a space. */
static int take_plain(struct reading *r, const char *text, size_t length, struct rt_error *error) {
  static const char space[] = "\xE2\x96\x81";
  for (size_t at = 0; at < length;) {
    bool marked = length - at >= 3 && !memcmp(text + at, space, 3);
    rt_text_add(&r->piece, marked ? " " : text + at, 1);
    at += marked ? 3 : 1;
  }
  return r->piece.failed ? rt_no_memory(error) : RT_OK;
}

static int take_json(struct reading *r, const char *text, size_t length, struct rt_error *error) {
  json_t *json = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  if (!json_is_string(json)) {
    json_decref(json);
    return bad_line(r, error, "the third field is the piece as a JSON string: \" the\"");
  }
  rt_text_add(&r->piece, json_string_value(json), json_string_length(json));
  json_decref(json);
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
  int status = second ? take_json(r, second + 1, (size_t)(end - second - 1), error)
                      : take_plain(r, text, (size_t)(first - text), error);
  const char *score = first + 1;
  return status != RT_OK ? status : add_piece(r, score, (size_t)((second ? second : end) - score), error);
}

int io_pieces_read(struct io_vocab **vocab, const char *path, struct rt_error *error) {
  struct reading r = {.path = path, .score = INFINITY, .marks = {-1, -1, -1}};
  *vocab = NULL;
  int status = io_read_lines(path, take_line, &r, error);
  if (status == RT_OK && r.set.count <= 1) status = rt_fail_in(error, RT_BAD_DATA, path, "it has no pieces");
  if (status == RT_OK) status = io_vocab_list_new(vocab, &r.set, r.marks, error);
  io_intern_free(&r.set);
  rt_text_free(&r.piece);
  return status;
}

/* ---- a text ---- */

/* A part of the text, which may grow to the right. size 0: it has become part of the one before. */
struct part {
  size_t at, size;
  int64_t before, behind; /* its neighbours, -1: none */
};
/* Two neighbours that make a piece. */
struct pair {
  int32_t id;
  int64_t left;
  size_t
      size; /* of both together, when the pair was found: another one has been merged since if it differs */
};
struct merging {
  const struct io_vocab *vocab;
  const char *text;
  struct part *part;
  struct pair *heap; /* the best pair first */
  size_t heaped;
};

static bool comes_first(const struct pair *a, const struct pair *b) {
  return a->id != b->id ? a->id < b->id : a->left < b->left;
}

static void push(struct merging *m, struct pair pair) {
  size_t at = m->heaped++;
  for (; at > 0 && comes_first(&pair, &m->heap[(at - 1) / 2]); at = (at - 1) / 2)
    m->heap[at] = m->heap[(at - 1) / 2];
  m->heap[at] = pair;
}

static struct pair pop(struct merging *m) {
  struct pair best = m->heap[0], last = m->heap[--m->heaped];
  size_t at = 0, child;
  while ((child = 2 * at + 1) < m->heaped) {
    child += child + 1 < m->heaped && comes_first(&m->heap[child + 1], &m->heap[child]);
    if (!comes_first(&m->heap[child], &last)) break;
    m->heap[at] = m->heap[child];
    at = child;
  }
  m->heap[at] = last;
  return best;
}

/* Every part is pushed at most twice for each merge and once before, so that the heap has room. */
static void consider(struct merging *m, int64_t left) {
  if (left < 0 || m->part[left].behind < 0) return;
  size_t size = m->part[left].size + m->part[m->part[left].behind].size;
  int32_t id = io_intern_find(&m->vocab->texts, m->text + m->part[left].at, size);
  if (id >= 0) push(m, (struct pair){id, left, size});
}

static void merge_all(struct merging *m) {
  while (m->heaped > 0) {
    struct pair pair = pop(m);
    struct part *left = &m->part[pair.left];
    if (left->size == 0 || left->behind < 0 || left->size + m->part[left->behind].size != pair.size) continue;
    struct part *right = &m->part[left->behind];
    left->size = pair.size;
    left->behind = right->behind;
    right->size = 0;
    if (left->behind >= 0) m->part[left->behind].before = pair.left;
    consider(m, left->before);
    consider(m, pair.left);
  }
}

static size_t code_points(struct merging *m, size_t length) {
  size_t count = 0;
  for (size_t at = 0; at < length;) {
    size_t size = 1;
    while (at + size < length && ((unsigned char)m->text[at + size] & 0xC0) == 0x80) size++;
    m->part[count] =
        (struct part){at, size, (int64_t)count - 1, at + size < length ? (int64_t)count + 1 : -1};
    at += size;
    count++;
  }
  return count;
}

/* Where a part stands in the user's text, which lacks the space that was put before it. */
static int add_token(struct io_tokens *tokens, const struct part *part, size_t at, size_t size) {
  if (IO_GROW(tokens->items, tokens->capacity, tokens->count + 1) != RT_OK) return RT_NO_MEMORY;
  size_t start = part->at > 0 ? part->at - 1 : 0;
  tokens->items[tokens->count++] = (struct io_token){start, part->at + part->size - 1 - start, at, size};
  return RT_OK;
}

static int add_bytes(struct io_tokens *tokens, const struct part *part) {
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

static int add_parts(const struct merging *m, size_t count, bool bytes, struct io_tokens *tokens) {
  int status = RT_OK;
  for (size_t k = 0; k < count && status == RT_OK; k++) {
    const struct part *part = &m->part[k];
    if (part->size == 0) continue;
    bool known = io_intern_find(&m->vocab->texts, tokens->text + part->at, part->size) >= 0;
    status = known || !bytes ? add_token(tokens, part, part->at, part->size) : add_bytes(tokens, part);
  }
  return status;
}

int io_pieces_split(const struct io_vocab *vocab, const char *text, size_t length, struct io_tokens *tokens,
                    struct rt_error *error) {
  struct merging m = {.vocab = vocab};
  tokens->count = tokens->text_length = tokens->left_out = 0;
  if (length == 0) return RT_OK;
  if (IO_GROW(tokens->text, tokens->text_capacity, length + 1) != RT_OK) return rt_no_memory(error);
  tokens->text[0] = ' ';
  memcpy(tokens->text + 1, text, length);
  tokens->text_length = length + 1;
  m.text = tokens->text;
  m.part = rt_zalloc(length + 1, sizeof *m.part);
  m.heap = rt_zalloc(3 * (length + 1), sizeof *m.heap);
  int status = m.part && m.heap ? RT_OK : RT_NO_MEMORY;
  if (status == RT_OK) {
    size_t count = code_points(&m, length + 1);
    for (size_t k = 0; k < count; k++) consider(&m, (int64_t)k);
    merge_all(&m);
    status = add_parts(&m, count, io_intern_find(&vocab->texts, "<0x00>", 6) >= 0, tokens);
  }
  rt_free(m.part);
  rt_free(m.heap);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}
