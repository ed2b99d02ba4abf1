/* test_beam_search.c: a search with beams enough finds what trying all texts finds; what hosts may ask of
 * writing. */
#include "tests/unit/libaq_files.h"

#include <math.h>

enum { LENGTH = 3, LETTERS = 3 };

static const char table[] = "text\nabc\nacb\nbca\nab\n";

static aq_model *writer(int seed, const char *data) {
  char program[400];
  snprintf(program, sizeof program,
           "data { text: chars[T <= 8, V] }\n"
           "model write(text) -> next(text) {\n"
           "  return cumsum(one_hot(text), T) @ (param[V, V] = normal(1.5)) + one_hot(text) @ (param[V, V] = "
           "normal(1.5))\n}\n"
           "train { epochs = 0, seed = %d }\n",
           seed);
  return trained(program, data);
}

/* The logarithm of a token's probability behind the first n letters of a text that was predicted. */
static double log_of(aq_session *session, const aq_model *model, size_t n, const char *token) {
  size_t rows, columns;
  const double *score = aq_session_scores(session, 0, &rows, &columns);
  assert_true(score && n < rows);
  for (size_t k = 0; k < columns; k++)
    if (strcmp(aq_model_class(model, 0, k), token) == 0) return log(score[n * columns + k]);
  fail_msg("there is no token %s", token);
  return 0;
}

struct best {
  char text[LENGTH + 1];
  double value, log_probability;
};

static void consider(struct best *best, const char *text, size_t length, double sum, size_t tokens) {
  double value = sum / pow((5 + (double)tokens) / 6, 0.6);
  if (!(value > best->value)) return;
  snprintf(best->text, sizeof best->text, "%.*s", (int)length, text);
  best->value = value;
  best->log_probability = sum;
}

/* Tries all texts of up to LENGTH letters, which the end follows unless it is the last one that may be
 * written. */
static struct best try_all(aq_session *session, const aq_model *model) {
  struct best best = {.value = -INFINITY};
  for (int number = 0; number < LETTERS * LETTERS * LETTERS; number++) {
    const char text[] = {(char)('a' + number % 3), (char)('a' + number / 3 % 3), (char)('a' + number / 9), 0};
    double sum = 0;
    assert_int_equal(aq_session_predict(session, (const char *const[]){text}, NULL, 1), AQ_OK);
    for (size_t n = 0; n < LENGTH; n++) {
      consider(&best, text, n, sum + log_of(session, model, n, "<end>"), n + 1);
      sum += log_of(session, model, n, (const char[]){text[n], 0});
    }
    consider(&best, text, LENGTH, sum, LENGTH);
  }
  return best;
}

static void test_all_texts(void **state) {
  (void)state;
  const aq_eval_options f64 = {.size = sizeof f64, .precision = AQ_F64, .threads = 1};
  int unlike = 0;
  for (int seed = 1; seed <= 12; seed++) {
    aq_model *model = writer(seed, write_text("abc.tsv", table));
    aq_session *session = session_of(model, &f64);
    struct best best = try_all(session, model);
    aq_generate_options options;
    aq_generate_options_init(&options);
    options.length = LENGTH;
    options.beam = LETTERS * LETTERS;
    assert_int_equal(aq_session_generate(session, (const char *const[]){""}, NULL, 1, 1, &options), AQ_OK);
    const aq_written *written = aq_session_written(session, 0);
    assert_string_equal(written->text, best.text);
    assert_true(fabs(written->log_probability - best.log_probability) < 1e-12);
    assert_int_equal(written->ended, strlen(best.text) < LENGTH ? AQ_ENDED_BY_MODEL : AQ_ENDED_AT_LENGTH);
    options.beam = 0;
    options.temperature = 0;
    assert_int_equal(aq_session_generate(session, (const char *const[]){""}, NULL, 1, 1, &options), AQ_OK);
    unlike += strcmp(aq_session_written(session, 0)->text, best.text) != 0;
    char *greedy = strdup(aq_session_written(session, 0)->text);
    options.beam = 1; /* a single beginning: the likeliest token each time */
    options.temperature = -1;
    assert_int_equal(aq_session_generate(session, (const char *const[]){""}, NULL, 1, 1, &options), AQ_OK);
    assert_string_equal(aq_session_written(session, 0)->text, greedy);
    free(greedy);
    aq_session_free(session);
    aq_model_free(model);
  }
  assert_true(unlike > 0); /* the likeliest token each time is not the likeliest text */
}

/* Texts that are searched for side by side do not change each other. */
static void test_batches(void **state) {
  (void)state;
  aq_model *model = writer(3, write_text("abc.tsv", table));
  static const char *const prompt[] = {"", "a", "ba", "cab", "c", "bb", "ca"};
  char text[RT_COUNT(prompt)][64];
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.length = 12;
  options.beam = 4;
  for (int64_t batch = 1; batch <= 64; batch *= 4) {
    const aq_eval_options f64 = {.size = sizeof f64, .precision = AQ_F64, .threads = 1, .batch = batch};
    aq_session *session = session_of(model, &f64);
    assert_int_equal(aq_session_generate(session, prompt, NULL, 1, RT_COUNT(prompt), &options), AQ_OK);
    for (size_t k = 0; k < RT_COUNT(prompt); k++) {
      const aq_written *written = aq_session_written(session, k);
      if (batch == 1) snprintf(text[k], sizeof text[k], "%s", written->text);
      assert_string_equal(written->text, text[k]);
    }
    aq_session_free(session);
  }
  aq_model_free(model);
}

/* Ends a text behind its second token, and all of them in text 2. */
static enum aq_then two_tokens(void *context, const aq_token *token) {
  int *count = context;
  if (token->row == 2) return AQ_END_ALL;
  return ++count[token->row] == 2 ? AQ_END_TEXT : AQ_GO_ON;
}

static void test_host_ends(void **state) {
  (void)state;
  aq_model *model =
      writer(1, write_text("abc.txt", "abcacbbcacab")); /* texts that do not end by themselves */
  aq_session *session = session_of(model, NULL);
  int count[4] = {0};
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.token = two_tokens;
  options.context = count;
  const char *const field[] = {"a", "b", "c", "a"};
  assert_int_equal(aq_session_generate(session, field, NULL, 1, 2, &options), AQ_OK);
  for (size_t k = 0; k < 2; k++) {
    assert_int_equal(aq_session_written(session, k)->count, 2);
    assert_int_equal(aq_session_written(session, k)->length, 2);
    assert_int_equal(aq_session_written(session, k)->ended, AQ_ENDED_BY_HOST);
  }
  memset(count, 0, sizeof count);
  assert_int_equal(aq_session_generate(session, field, NULL, 1, 4, &options), AQ_OK);
  for (size_t k = 0; k < 4; k++) {
    assert_int_equal(aq_session_written(session, k)->ended, AQ_ENDED_BY_HOST);
    assert_int_equal(aq_session_written(session, k)->count, k == 3 ? 0 : 1);
  }
  assert_null(aq_session_written(session, 4));
  aq_session_free(session);
  aq_model_free(model);
}

/* No rows, rows without the text, and the same session after what was wrong. */
static void test_rows(void **state) {
  (void)state;
  aq_model *model = writer(2, write_text("abc.tsv", table));
  aq_session *session = session_of(model, NULL);
  aq_generate_options options;
  aq_generate_options_init(&options);
  assert_int_equal(aq_session_generate(session, NULL, NULL, 1, 0, &options), AQ_OK);
  assert_int_equal(aq_session_generate(session, NULL, NULL, 1, 1, &options), AQ_USAGE);
  assert_null(aq_session_written(session, 0));
  assert_int_equal(aq_session_generate(session, (const char *const[]){"a\xff"}, NULL, 1, 1, &options),
                   AQ_BAD_DATA);
  options.length = -2;
  assert_int_equal(aq_session_generate(session, (const char *const[]){"a"}, NULL, 1, 1, &options), AQ_USAGE);
  options.length = 0;
  assert_int_equal(aq_session_generate(session, (const char *const[]){"a"}, NULL, 1, 1, &options), AQ_OK);
  assert_int_equal(aq_session_written(session, 0)->ended, AQ_ENDED_AT_LENGTH);
  options.beam = 3;
  assert_int_equal(aq_session_generate(session, (const char *const[]){"a"}, NULL, 1, 1, &options), AQ_OK);
  assert_int_equal(aq_session_written(session, 0)->count, 0);
  options.length = 2;
  assert_int_equal(aq_session_generate(session, (const char *const[]){"ax"}, NULL, 1, 1, &options), AQ_OK);
  assert_int_equal(aq_session_unknown(session)->count, 1);
  assert_string_equal(aq_session_unknown(session)->some, "x");
  assert_int_equal(aq_session_predict(session, (const char *const[]){"ab"}, NULL, 1), AQ_OK);
  aq_session_free(session);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_texts), cmocka_unit_test(test_batches),
                                     cmocka_unit_test(test_host_ends), cmocka_unit_test(test_rows)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
