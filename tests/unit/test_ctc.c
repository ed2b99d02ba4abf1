/* test_ctc.c: the probability that frames spell a text, and its gradient, against the sum over all ways one
 * by one, and at lengths where no sum by hand is possible. */
#include "tests/unit/ragged.h"

enum { TRIALS = 60, CLASSES = 3, BLANK = CLASSES - 1, LONGEST = 7 };

/* Does a way spell the text: without repeats, and then without blanks? */
static bool spells(const int *way, int64_t frames, const int32_t *text, int64_t letters) {
  int64_t found = 0;
  for (int64_t t = 0; t < frames; t++) {
    if (way[t] == BLANK || (t && way[t] == way[t - 1])) continue;
    if (found == letters || text[found++] != way[t]) return false;
  }
  return found == letters;
}

static bool next_way(int *way, int64_t frames) {
  for (int64_t t = 0; t < frames; t++) {
    if (++way[t] < CLASSES) return true;
    way[t] = 0;
  }
  return false;
}

static double log_of_sum(const double *x) {
  double sum = 0;
  for (int k = 0; k < CLASSES; k++) sum += exp(x[k]);
  return log(sum);
}

/* An example by all its ways: -log of the probability, and dy times its gradient. */
static double by_ways(const double *score, int64_t frames, const int32_t *text, int64_t letters, double dy,
                      double *gradient) {
  int way[LONGEST] = {0};
  double total = 0, part[LONGEST * CLASSES] = {0};
  do {
    double log_p = 0;
    if (!spells(way, frames, text, letters)) continue;
    for (int64_t t = 0; t < frames; t++)
      log_p += score[t * CLASSES + way[t]] - log_of_sum(score + t * CLASSES);
    total += exp(log_p);
    for (int64_t t = 0; t < frames; t++) part[t * CLASSES + way[t]] += exp(log_p);
  } while (next_way(way, frames));
  for (int64_t k = 0; k < frames * CLASSES; k++)
    gradient[k] =
        total > 0 ? dy * (exp(score[k] - log_of_sum(score + k / CLASSES * CLASSES)) - part[k] / total) : 0;
  return total > 0 ? -log(total) : INFINITY;
}

struct spelling {
  struct value score, text, dy, nll, gradient;
};

static void spelling_init(struct spelling *s, const struct batch *b, bool batched, int frames, int letters,
                          int classes) {
  value_init(&s->score, b, batched, 2, (const int[]){frames, classes});
  value_init(&s->gradient, b, batched, 2, (const int[]){frames, classes});
  value_init(&s->text, b, batched, 1, (const int[]){letters});
  value_init(&s->nll, b, batched, 0, NULL);
  value_init(&s->dy, b, batched, 0, NULL);
  value_random(&s->score);
  value_random(&s->dy);
  value_ids(&s->text, classes - 1);
  for (int64_t k = 0; k < s->text.shape.count; k++) s->text.id[k] = (int32_t)below(classes - 1);
  for (int64_t k = 0; k < s->score.shape.count; k++) s->score.number[k] *= 4;
}

static void spelling_check(struct spelling *s, int64_t examples) {
  struct value *in[] = {&s->score, &s->text, &s->dy};
  check(OP_ctc_nll, &(struct rt_call){.examples = examples}, 2, in, &s->nll, 1e-5);
  check(OP_ctc_grad, &(struct rt_call){.examples = examples}, 3, in, &s->gradient, 1e-5);
}

static void spelling_free(struct spelling *s) {
  value_free(&s->score);
  value_free(&s->gradient);
  value_free(&s->text);
  value_free(&s->nll);
  value_free(&s->dy);
}

static void trial(const struct batch *b, bool batched, int frames, int letters) {
  struct spelling s;
  spelling_init(&s, b, batched, frames, letters, CLASSES);
  for (int64_t e = 0; e < s.nll.shape.examples; e++)
    s.nll.number[e] = by_ways(s.score.number + s.score.offset[e], rt_size(&s.score.shape, 0, e),
                              s.text.id + s.text.offset[e], rt_size(&s.text.shape, 0, e), s.dy.number[e],
                              s.gradient.number + s.gradient.offset[e]);
  spelling_check(&s, b->examples);
  spelling_free(&s);
}

static void all_ways_are_summed(void **state) {
  (void)state;
  for (int n = 0; n < TRIALS; n++) {
    struct batch b = random_batch(LONGEST + 1);
    bool batched = below(4);
    for (int e = 0; e < MOST_EXAMPLES; e++) b.each[1][e] = below(1 + (b.each[0][e] + 1) / 2 + below(2));
    trial(&b, batched, batched ? RAGGED : (int)below(LONGEST + 1), batched ? OTHER : (int)below(4));
  }
}

/* With as many frames as letters there is one way; no sum grows or vanishes with the length. */
static void one_way_is_its_score(void **state) {
  (void)state;
  enum { FRAMES = 5000, LETTERS = 30 };
  struct batch one = {.examples = 1};
  struct spelling s;
  spelling_init(&s, &one, true, FRAMES, FRAMES, LETTERS + 1);
  for (int64_t t = 0; t < FRAMES; t++) {
    const double *score = s.score.number + t * (LETTERS + 1);
    double sum = 0;
    s.text.id[t] = (int32_t)(t % LETTERS);
    for (int k = 0; k <= LETTERS; k++) sum += exp(score[k]);
    s.nll.number[0] += log(sum) - score[t % LETTERS];
  }
  struct value *in[] = {&s.score, &s.text};
  check(OP_ctc_nll, &(struct rt_call){.examples = 1}, 2, in, &s.nll, 1e-5);
  spelling_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_ways_are_summed),
      cmocka_unit_test(one_way_is_its_score),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
