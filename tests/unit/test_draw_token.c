/* test_draw_token.c: how often tokens are drawn, and which ones at all. */
#include "libaq/generate/writing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { TOKENS = 5, DRAWS = 40000 };

static const double probability[TOKENS] = {0.2, 0.4, 0.03, 0.3, 0.07};

struct bench {
  aq_generate_options options;
  struct writing w;
  struct io_vocab *vocab;
  double score[TOKENS], scratch[TOKENS];
  int32_t order[TOKENS];
};

static void set_up(struct bench *b) {
  struct rt_error error = {0};
  *b = (struct bench){0};
  aq_generate_options_init(&b->options);
  assert_int_equal(io_vocab_from_labels(&b->vocab, "a, b, c, d, e", &error), RT_OK);
  for (int k = 0; k < TOKENS; k++) b->score[k] = log(probability[k]);
  b->w = (struct writing){.options = &b->options,
                          .vocab = b->vocab,
                          .draws = true,
                          .temperature = 1,
                          .score = b->scratch,
                          .order = b->order};
}

/* Draws, and compares how often each token comes with what is expected, to four standard deviations. */
static void assert_drawn(struct bench *b, const double expected[TOKENS]) {
  int64_t times[TOKENS] = {0};
  double sum = 0;
  for (int k = 0; k < TOKENS; k++) sum += expected[k];
  for (int64_t n = 0; n < DRAWS; n++) times[choose_token(&b->w, b->score, 7, n)]++;
  for (int k = 0; k < TOKENS; k++) {
    double p = expected[k] / sum, deviation = sqrt(p * (1 - p) / DRAWS);
    if (fabs((double)times[k] / DRAWS - p) > 4 * deviation)
      fail_msg("token %d came %lld times in %d, and its probability is %g", k, (long long)times[k], DRAWS, p);
  }
}

static void test_how_often(void **state) {
  (void)state;
  struct bench b;
  double squares[TOKENS];
  set_up(&b);
  assert_drawn(&b, probability);
  b.w.temperature = 0.5;
  for (int k = 0; k < TOKENS; k++) squares[k] = probability[k] * probability[k];
  assert_drawn(&b, squares);
  io_vocab_free(b.vocab);
}

static void test_which(void **state) {
  (void)state;
  struct bench b;
  set_up(&b);
  b.options.top = 3;
  assert_drawn(&b, (const double[]){0.2, 0.4, 0, 0.3, 0});
  b.options.top_p = 0.7; /* of what the three have: 0.4 + 0.3 of 0.9 */
  assert_drawn(&b, (const double[]){0, 0.4, 0, 0.3, 0});
  b.options.top = 0;
  b.options.top_p = 0.8; /* 0.4 + 0.3 are less */
  assert_drawn(&b, (const double[]){0.2, 0.4, 0, 0.3, 0});
  b.options.top_p = 1e-9; /* one there is always */
  assert_drawn(&b, (const double[]){0, 1, 0, 0, 0});
  b.options.top_p = 1;
  b.options.top = 100;
  assert_drawn(&b, probability);
  b.vocab->unknown = 1; /* never written */
  b.options.top = 2;
  assert_drawn(&b, (const double[]){0.2, 0, 0, 0.3, 0});
  b.w.draws = false;
  assert_int_equal(choose_token(&b.w, b.score, 7, 0), 3);
  io_vocab_free(b.vocab);
}

/* A token that cannot come does not, whatever the temperature; and of equal ones the first is the likeliest.
 */
static void test_edges(void **state) {
  (void)state;
  struct bench b;
  set_up(&b);
  b.score[1] = -INFINITY;
  b.w.temperature = 1e6;
  assert_drawn(&b, (const double[]){1, 0, 1, 1, 1});
  b.w.temperature = 1e-6;
  assert_drawn(&b, (const double[]){0, 0, 0, 1, 0});
  for (int k = 0; k < TOKENS; k++) b.score[k] = log(0.2);
  b.w.temperature = 1;
  b.options.top = 2;
  assert_drawn(&b, (const double[]){1, 1, 0, 0, 0});
  io_vocab_free(b.vocab);
}

static void test_penalty(void **state) {
  (void)state;
  struct bench b;
  set_up(&b);
  const int32_t id[] = {1, 3, 1};
  struct next_text text = {.id = id, .count = 3};
  assert_ptr_equal(penalised(&b.w, b.score, text), b.score);
  b.options.repeat_penalty = 2;
  const double *score = penalised(&b.w, b.score, text);
  for (int k = 0; k < TOKENS; k++) assert_true(score[k] == b.score[k] * (k == 1 || k == 3 ? 2 : 1));
  io_vocab_free(b.vocab);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_how_often), cmocka_unit_test(test_which),
                                     cmocka_unit_test(test_edges), cmocka_unit_test(test_penalty)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
