/* draw_token.c: which token comes next, of those that may. */
#include <math.h>
#include <string.h>

#include "libaq/generate/writing.h"
#include "runtime/random.h"

int writing_scores(struct writing *w, bool *scored, int64_t *count, struct rt_error *error) {
  struct rt_error reason = {0};
  int64_t bad;
  int status = next_token_scores(w->next, &bad, &reason);
  *scored = status == RT_OK;
  *count = next_token_count(w->next);
  if (status == RT_OK) return RT_OK;
  if (bad < 0) {
    *error = reason;
    return status;
  }
  int64_t row = next_token_text(w->next, bad).row, kept = 0;
  for (int64_t k = 0; k < *count; k++)
    if (next_token_text(w->next, k).row != row) w->kept[kept++] = k;
  *count = kept;
  status = written_fail(&w->text[row], &reason, error);
  return status != RT_OK ? status : next_token_keep(w->next, w->kept, kept, error);
}

/* p becomes p^X for each token that the text has already (as the scores of Keskar et al. 2019 are divided,
 * but for any score: a logarithm of a probability never is positive). */
const double *penalised(struct writing *w, const double *score, struct next_text text) {
  if (w->options->repeat_penalty == 1) return score;
  memcpy(w->score, score, (size_t)w->vocab->count * sizeof *score);
  for (int64_t k = 0; k < text.count; k++)
    if (text.id[k] >= 0) w->score[text.id[k]] = score[text.id[k]] * w->options->repeat_penalty;
  return w->score;
}

static int32_t likeliest(const struct io_vocab *vocab, const double *score) {
  int32_t best = 0;
  double most = -INFINITY;
  for (int32_t k = 0; k < vocab->count; k++)
    if (score[k] > most && may_write(vocab, k)) most = score[best = k];
  return best;
}

/* Of equally likely ones, the first by number comes first. */
static bool comes_before(const double *score, int32_t a, int32_t b) {
  return score[a] > score[b] || (score[a] == score[b] && a < b);
}

/* Sinks the token at root of a heap of n with the likeliest one on top. */
static void sink(int32_t *heap, const double *score, int64_t root, int64_t n) {
  int32_t moving = heap[root];
  for (int64_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && comes_before(score, heap[child + 1], heap[child])) child++;
    if (!comes_before(score, heap[child], moving)) break;
    heap[root] = heap[child];
  }
  heap[root] = moving;
}

/* The probability of a token once the temperature is applied, but for a factor: that of the likeliest is 1.
 */
static double weight_of(const struct writing *w, const double *score, int32_t id, double most) {
  return exp((score[id] - most) / w->temperature);
}

/* Takes the likeliest token from a heap of n, and puts it behind the others. */
static void pop(int32_t *heap, const double *score, int64_t n) {
  int32_t best = heap[0];
  heap[0] = heap[n - 1];
  heap[n - 1] = best;
  sink(heap, score, 0, n - 1);
}

/* The tokens to draw from, of w->order[0..count-1]: the last ones from the place that is returned on, the
 * likeliest at the end, where top or top_p leave some out; else all, in their order. */
static int64_t take_best(struct writing *w, const double *score, int64_t count, double most) {
  const aq_generate_options *o = w->options;
  int64_t least = o->top > 0 && o->top < count ? count - o->top : 0, n = count;
  double all = 0, sum = 0;
  if (!least && o->top_p == 1) return 0;
  for (int64_t k = count / 2; k-- > 0;) sink(w->order, score, k, count);
  for (; n > least && least; n--) pop(w->order, score, n);
  if (o->top_p == 1) return least;
  for (int64_t k = least; k < count; k++) all += weight_of(w, score, w->order[k], most);
  n = count;
  do {
    if (!least) pop(w->order, score, n);
    sum += weight_of(w, score, w->order[--n], most);
  } while (n > least && sum < all * o->top_p);
  return n;
}

int32_t choose_token(struct writing *w, const double *score, uint64_t stream, int64_t step) {
  int64_t count = 0;
  int32_t best = likeliest(w->vocab, score);
  double sum = 0, most = score[best];
  if (!w->draws || isinf(most)) return best;
  for (int32_t k = 0; k < w->vocab->count; k++)
    if (may_write(w->vocab, k) && !isinf(score[k])) w->order[count++] = k;
  int64_t first = take_best(w, score, count, most);
  for (int64_t k = first; k < count; k++) sum += weight_of(w, score, w->order[k], most);
  uint64_t seed = rt_random_seed((uint64_t)w->options->seed, stream);
  double at = sum * rt_random_uniform(seed, (uint64_t)step);
  for (int64_t k = first; k < count; k++) {
    at -= weight_of(w, score, w->order[k], most);
    if (at < 0) return w->order[k];
  }
  return best;
}
