/* write_tokens.c: writes texts token by token, each as it is drawn or as it is the likeliest. */
#include "libaq/generate/writing.h"

/* The token that is chosen for text k. */
static int32_t next_one(struct writing *w, int64_t k, int64_t step, double *log_probability) {
  if (!w->draws && w->options->repeat_penalty == 1) return next_token_likeliest(w->next, k, log_probability);
  struct next_text text = next_token_text(w->next, k);
  const double *score = next_token_row(w->next, k);
  int32_t id = choose_token(w, penalised(w, score, text), w->first + (uint64_t)text.row, step);
  *log_probability = score[id];
  return id;
}

/* One token more for text k of those that are being written; or it ends. */
static int write_one(struct writing *w, int64_t k, int64_t step, struct rt_error *error) {
  struct next_text text = next_token_text(w->next, k);
  double log_probability;
  int32_t id = w->token[k] = next_one(w, k, step, &log_probability);
  if (id == w->vocab->end) {
    written_end(w, text.row, AQ_ENDED_BY_MODEL, log_probability);
    return RT_OK;
  }
  int status = written_add(w, text.row, id, log_probability, error);
  if (status == RT_OK && w->whole && text.count == w->whole) written_end(w, text.row, AQ_ENDED_BY_MODEL, 0);
  if (status == RT_OK && step + 1 == w->options->length) written_end(w, text.row, AQ_ENDED_AT_LENGTH, 0);
  return status;
}

static int write_step(struct writing *w, int64_t step, struct rt_error *error) {
  bool scored = false;
  int64_t count = 0, kept = 0;
  int status = RT_OK;
  while (status == RT_OK && !scored && next_token_count(w->next) > 0)
    status = writing_scores(w, &scored, &count, error);
  for (int64_t k = 0; k < next_token_count(w->next) && status == RT_OK && !w->stopped; k++) {
    status = write_one(w, k, step, error);
    if (w->text[next_token_text(w->next, k).row].ended) continue;
    w->token[kept] = w->token[k];
    w->kept[kept++] = k;
  }
  if (status != RT_OK || w->stopped) return status;
  status = next_token_keep(w->next, w->kept, kept, error);
  return status != RT_OK ? status : next_token_advance(w->next, w->token, error);
}

int write_tokens(struct writing *w, struct rt_error *error) {
  int status = RT_OK;
  for (int64_t step = 0; status == RT_OK && step < w->options->length && !w->stopped; step++) {
    if (!next_token_count(w->next)) break;
    status = write_step(w, step, error);
  }
  return status;
}
