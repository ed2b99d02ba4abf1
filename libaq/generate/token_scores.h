/* token_scores.h: the logarithms of the probabilities of next tokens, of many texts. */
#ifndef AQ_LIBAQ_TOKEN_SCORES_H
#define AQ_LIBAQ_TOKEN_SCORES_H

#include "libaq/predict/session.h"

struct token_rows {
  int64_t texts, tokens;
};

/* Zeroed, it is empty. */
struct token_scores {
  enum rt_precision precision;
  struct token_rows rows;
  void *logits, *logs; /* [texts, tokens] */
  double *most;        /* [texts] the largest, or not a number */
  int32_t *best;       /* [texts] the first token that has it */
  double *row;         /* [tokens] scratch */
  size_t logits_capacity, logs_capacity, most_capacity, best_capacity, row_capacity;
};

void token_scores_free(struct token_scores *scores);
/* Of a tensor that has one or more rows for each text: the last one counts. */
int token_scores_take(struct token_scores *scores, const struct rt_tensor *tensor, struct token_rows rows,
                      const struct aq_session *session, struct rt_error *error);
/* Those of text k; valid until the next call. */
const double *token_scores_row(struct token_scores *scores, int64_t k);
int32_t token_scores_likeliest(const struct token_scores *scores, const struct io_vocab *vocab, int64_t k,
                               double *log_probability);

/* May a model write this token? Not the beginning of a text, unless that is the end, too (<|endoftext|>), nor
 * what stands for unknown words. */
static inline bool may_write(const struct io_vocab *vocab, int64_t id) {
  return (id != vocab->begin || id == vocab->end) && id != vocab->unknown;
}

#endif
