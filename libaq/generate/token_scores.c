/* token_scores.c: what a step gives becomes logarithms of probabilities. They stay in the precision of the
 * run: of a text whose likeliest token is taken, no other is looked at. */
#include "libaq/generate/token_scores.h"

#include <math.h>
#include <string.h>

void token_scores_free(struct token_scores *scores) {
  void *blocks[] = {scores->logits, scores->logs, scores->most, scores->best, scores->row};
  for (size_t k = 0; k < RT_COUNT(blocks); k++) rt_free(blocks[k]);
}

static size_t element_bytes(const struct token_scores *s) {
  return s->precision == RT_F64 ? sizeof(double) : sizeof(float);
}

static int make_room(struct token_scores *s, struct rt_error *error) {
  size_t texts = (size_t)s->rows.texts, tokens = (size_t)s->rows.tokens,
         bytes = texts * tokens * element_bytes(s);
  bool full = rt_grow(&s->logits, &s->logits_capacity, bytes, 1)
              || rt_grow(&s->logs, &s->logs_capacity, bytes, 1)
              || rt_grow((void **)&s->most, &s->most_capacity, texts, sizeof *s->most)
              || rt_grow((void **)&s->best, &s->best_capacity, texts, sizeof *s->best)
              || rt_grow((void **)&s->row, &s->row_capacity, tokens, sizeof *s->row);
  return full ? rt_no_memory(error) : RT_OK;
}

/* The last row of each text, which are the logits of its next token: where they are, when there are no
 * others. NULL: a text has none. */
static void *last_rows(struct token_scores *s, const struct rt_tensor *t) {
  size_t element = element_bytes(s), row = (size_t)s->rows.tokens * element;
  if (t->shape->count == s->rows.texts * s->rows.tokens) return t->data;
  for (int64_t k = 0; k < s->rows.texts; k++) {
    int64_t end = k + 1 < s->rows.texts ? rt_offset(t->shape, k + 1) : t->shape->count;
    if (end - rt_offset(t->shape, k) < s->rows.tokens) return NULL;
    memcpy((char *)s->logits + (size_t)k * row,
           (const char *)t->data + (size_t)(end - s->rows.tokens) * element, row);
  }
  return s->logits;
}

/* All texts at once. */
static void log_softmax(struct token_scores *s, void *logits, struct rt_pool *pool) {
  struct rt_shape shape = {.rank = 2,
                           .examples = 1,
                           .count = s->rows.texts * s->rows.tokens,
                           .size = {s->rows.texts, s->rows.tokens}};
  struct rt_tensor in = {logits, &shape}, out = {s->logs, &shape};
  const struct rt_call call = {
      .in_count = 1, .out_count = 1, .in = &in, .out = &out, .examples = 1, .pool = pool};
  rt_kernel_of(OP_log_softmax, s->precision, rt_best_isa())(&call);
}

enum { LANES = 16 };

/* The largest of count numbers, and the first that is so large. Not a number when the first is none: a
 * logarithm that is -inf is a token that cannot come, but one of them can. */
#define DEFINE_MOST(name, type)                                                                              \
  static double name(const type *x, int64_t count, int32_t *first) {                                         \
    type lane[LANES], most = -(type)INFINITY;                                                                \
    int64_t k = 0;                                                                                           \
    for (int i = 0; i < LANES; i++) lane[i] = most;                                                          \
    for (; k + LANES <= count; k += LANES)                                                                   \
      for (int i = 0; i < LANES; i++) lane[i] = x[k + i] > lane[i] ? x[k + i] : lane[i];                     \
    for (int i = 0; i < LANES; i++) most = lane[i] > most ? lane[i] : most;                                  \
    for (; k < count; k++) most = x[k] > most ? x[k] : most;                                                 \
    for (k = 0; k + 1 < count && x[k] != most;) k++;                                                         \
    *first = (int32_t)k;                                                                                     \
    return count && x[0] != x[0] ? (double)NAN : (double)most;                                               \
  }
DEFINE_MOST(most_of_floats, float)
DEFINE_MOST(most_of_doubles, double)

int token_scores_take(struct token_scores *scores, const struct rt_tensor *tensor, struct token_rows rows,
                      const struct aq_session *session, struct rt_error *error) {
  scores->precision = session->precision;
  scores->rows = rows;
  if (make_room(scores, error) != RT_OK) return error->code;
  void *logits = last_rows(scores, tensor);
  if (!logits) return rt_fail(error, RT_BAD_DATA, "the model gives no score for each token it could write");
  log_softmax(scores, logits, session->pool);
  for (int64_t k = 0; k < rows.texts; k++)
    scores->most[k] =
        scores->precision == RT_F64
            ? most_of_doubles((const double *)scores->logs + k * rows.tokens, rows.tokens, &scores->best[k])
            : most_of_floats((const float *)scores->logs + k * rows.tokens, rows.tokens, &scores->best[k]);
  return RT_OK;
}

const double *token_scores_row(struct token_scores *scores, int64_t k) {
  const int64_t count = scores->rows.tokens;
  if (scores->precision == RT_F64) return (const double *)scores->logs + k * count;
  const float *from = (const float *)scores->logs + k * count;
  for (int64_t v = 0; v < count; v++) scores->row[v] = (double)from[v];
  return scores->row;
}

int32_t token_scores_likeliest(const struct token_scores *scores, const struct io_vocab *vocab, int64_t k,
                               double *log_probability) {
  const int64_t first = k * scores->rows.tokens;
  int32_t best = scores->best[k];
  *log_probability = scores->most[k];
  if (may_write(vocab, best)) return best;
  *log_probability = -INFINITY;
  for (int64_t v = 0; v < scores->rows.tokens; v++) {
    double x = lib_number_at(scores->logs, scores->precision, first + v);
    if (!may_write(vocab, v) || (may_write(vocab, best) && !(x > *log_probability))) continue;
    *log_probability = x;
    best = (int32_t)v;
  }
  return best;
}
