/* write_tokens.c: writes texts token by token, each as it is drawn or as it is the likeliest. */
#include "libaq/writing.h"

/* One token more for text k of those that are being written; or it ends. */
static int write_one(struct writing *w, int64_t k, const double *score, int64_t step,
                     struct rt_error *error) {
  struct next_text text = next_token_text(w->next, k);
  int32_t id = w->token[k] = choose_token(w, penalised(w, score, text), w->first + (uint64_t)text.row, step);
  if (id == w->vocab->end) {
    written_end(w, text.row, AQ_ENDED_BY_MODEL, score[id]);
    return RT_OK;
  }
  int status = written_add(w, text.row, id, score[id], error);
  if (status == RT_OK && step + 1 == w->options->length) written_end(w, text.row, AQ_ENDED_AT_LENGTH, 0);
  return status;
}

static int write_step(struct writing *w, int64_t step, struct rt_error *error) {
  const double *score = NULL;
  int64_t count = 0, kept = 0;
  int status = RT_OK;
  while (status == RT_OK && !score && next_token_count(w->next) > 0)
    status = writing_scores(w, &score, &count, error);
  for (int64_t k = 0; k < next_token_count(w->next) && status == RT_OK && !w->stopped; k++) {
    status = write_one(w, k, score + k * w->vocab->count, step, error);
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
