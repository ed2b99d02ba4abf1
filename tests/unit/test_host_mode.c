/* test_host_mode.c: whatever a host has set for its thread (rounding, traps, denormals, locale), answers are
 * the same bits and the same texts, and the thread is left as it was. */
#include "tests/unit/libaq_files.h"

#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <unistd.h>

#if defined __x86_64__
#include <xmmintrin.h>
#endif

/* ---- all that is computed, as text ---- */

struct all {
  char *text;
  size_t length;
};

static void add(struct all *all, const void *bytes, size_t length) {
  char *longer = realloc(all->text, all->length + length + 1);
  assert_non_null(longer);
  memcpy(longer + all->length, bytes, length);
  all->text = longer;
  all->length += length;
  longer[all->length] = 0;
}

static int keep(void *context, const char *text, size_t length) {
  add(context, text, length);
  return 0;
}

/* Numbers that every rounding shows: thirds, tenths, exponentials, a schedule, dropout. */
static const char numbers_program[] =
    "dim D = 8\n"
    "const third = 1 / 3\n"
    "data { text: words[T <= 12], weight: number, label: class[C] }\n"
    "head read(x: [T, D]) -> [T, D] {\n"
    "  query = linear(x, D)\n  key = linear(x, D)\n  value = linear(x, D)\n"
    "  score = s / sqrt(D) - 0.1 * abs(i - j)\n  drop = 0.1\n"
    "}\n"
    "model m(text, weight) -> label {\n"
    "  x = embed(text, D) * third\n"
    "  v = mean(gelu(read(x)), T) * exp(0.1 * weight)\n"
    "  return linear(v, C)\n"
    "}\n"
    "train { optimizer = adamw(lr = 3e-2), schedule = cosine(), batch = 3, epochs = 4 }\n";
static const char numbers_data[] =
    "text\tweight\tlabel\n"
    "good film\t0.1\tgood\nbad film\t1.7\tbad\na good play\t0.3\tgood\n"
    "a bad play\t2.9\tbad\ngood and fine\t1e-3\tgood\nbad and dull\t0.7\tbad\n";

static void compute_function(struct all *all) {
  const double x[] = {0.1, -0.7, 1e-310, 3, 0.2, 1.0 / 3};
  const int64_t of_x[] = {2, 3};
  const aq_tensor argument = {.data = x, .number = AQ_DOUBLE, .rank = 2, .size = of_x};
  aq_program *program = program_of("fn f(x: [T, D]) -> [T] = sum(tanh(0.1 * x), D) + log(1.1)\n");
  aq_function_options options;
  aq_function *function;
  aq_function_options_init(&options);
  options.precision = AQ_F64;
  options.gradients = true;
  assert_int_equal(aq_function_new(program, &options, &function), AQ_OK);
  assert_int_equal(aq_function_run(function, &argument, 1, 0), AQ_OK);
  add(all, aq_function_value(function, 0).data, 2 * sizeof *x);
  add(all, aq_function_value(function, 1).data, sizeof x);
  aq_function_free(function);
  aq_program_free(program);
}

static void compute(struct all *all, int threads) {
  aq_program *program;
  aq_train_options train;
  aq_trainer *trainer;
  aq_model *model;
  aq_report *report;
  char *text;
  size_t length;
  if (aq_program_new("numbers.aq", numbers_program, strlen(numbers_program), NULL, &program))
    fail_msg("%s", aq_program_message(program)->text);
  aq_train_options_init(&train);
  train.train = train.valid = path_of("numbers.tsv");
  train.threads = threads;
  if (aq_trainer_new(program, &train, &trainer) || aq_trainer_run(trainer))
    fail_msg("%s", aq_trainer_message(trainer)->text);
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  assert_int_equal(aq_model_save_memory(model, &text, &length), AQ_OK);
  add(all, text, length);
  aq_text_free(text);
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = threads;
  aq_session *session = session_of(model, &options);
  aq_predict_options predict;
  aq_predict_options_init(&predict);
  predict.path = train.train;
  predict.write = keep;
  predict.context = all;
  predict.json = predict.probabilities = true;
  assert_int_equal(aq_session_predict_stream(session, &predict), AQ_OK);
  assert_int_equal(aq_report_new(model, train.train, &options, &report), AQ_OK);
  add(all, aq_report_json(report), strlen(aq_report_json(report)));
  aq_shown *shown = aq_shown_new(true);
  aq_shown_real(shown, "a", "a", 0.1);
  aq_shown_say(shown, "%.1f", 0.25);
  assert_int_equal(aq_shown_write(shown, AQ_TEXT, &text), AQ_OK);
  add(all, text, strlen(text));
  aq_text_free(text);
  aq_shown_free(shown);
  assert_int_equal(aq_model_explain(model, 7, AQ_TEXT, &text), AQ_OK);
  add(all, text, strlen(text));
  aq_text_free(text);
  compute_function(all);
  aq_report_free(report);
  aq_session_free(session);
  aq_model_free(model);
  aq_trainer_free(trainer);
  aq_program_free(program);
}

static struct all usual;

static void assert_usual(const char *when, int threads) {
  struct all all = {0};
  compute(&all, threads);
  size_t at = 0;
  while (at < all.length && at < usual.length && all.text[at] == usual.text[at]) at++;
  if (at != usual.length || all.length != usual.length)
    fail_msg("%s, %d threads: byte %zu of %zu is another one", when, threads, at, usual.length);
  free(all.text);
}

/* ---- what hosts set ---- */

static void test_rounding(void **state) {
  (void)state;
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (size_t k = 0; k < RT_COUNT(modes); k++)
    for (int threads = 1; threads <= 3; threads += 2) {
      assert_int_equal(fesetround(modes[k]), 0);
      assert_usual("another rounding", threads);
      assert_int_equal(fegetround(), modes[k]);
      fesetround(FE_TONEAREST);
    }
}

static void test_traps(void **state) {
  (void)state;
#if defined __GLIBC__
  const int traps = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT;
  for (int threads = 1; threads <= 3; threads += 2) {
    feclearexcept(FE_ALL_EXCEPT);
    if (feenableexcept(traps) < 0 || fegetexcept() != traps) skip(); /* this processor has none */
    assert_usual("with traps", threads);
    assert_int_equal(fegetexcept(), traps);
    fedisableexcept(FE_ALL_EXCEPT);
  }
#else
  skip();
#endif
}

static void test_denormals(void **state) {
  (void)state;
#if defined __x86_64__
  const unsigned before = _mm_getcsr(), flush = before | 0x8040;
  for (int threads = 1; threads <= 3; threads += 2) {
    _mm_setcsr(flush);
    assert_usual("with denormals flushed", threads);
    assert_int_equal(_mm_getcsr() & 0x8040, 0x8040);
    _mm_setcsr(before);
  }
#else
  skip();
#endif
}

/* One that writes 0,5: not every machine has such a locale, so it is made, where there is localedef. */
static locale_t comma_locale(void) {
  char command[600];
  write_text("comma", "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n"
                      "LC_CTYPE\ncopy \"POSIX\"\nEND LC_CTYPE\n");
  snprintf(command, sizeof command,
           "cd '%s' && { localedef -c -i ./comma -f ANSI_X3.4-1968 ./commas; mv commas/LC_NUMERIC .; rm -r "
           "commas; "
           "mkdir c && mv LC_NUMERIC c; } > /dev/null 2>&1",
           directory);
  if (system(command) != 0) return (locale_t)0;
  setenv("LOCPATH", directory, 1);
  locale_t found = newlocale(LC_NUMERIC_MASK, "c", (locale_t)0);
  unsetenv("LOCPATH");
  snprintf(command, sizeof command, "rm -r '%s/c'", directory);
  return system(command) == 0 ? found : (locale_t)0;
}

static void test_locale(void **state) {
  (void)state;
  locale_t comma = comma_locale();
  if (!comma) skip();
  char number[8];
  locale_t before = uselocale(comma);
  snprintf(number, sizeof number, "%.1f", 0.5);
  assert_string_equal(number, "0,5");
  assert_usual("with a decimal comma", 1);
  assert_true(uselocale((locale_t)0) == comma);
  uselocale(before);
  freelocale(comma);
}

static int make_usual(void **state) {
  if (make_directory(state)) return -1;
  write_text("numbers.tsv", numbers_data);
  compute(&usual, 1);
  return 0;
}

static int drop_usual(void **state) {
  free(usual.text);
  return remove_directory(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rounding),
      cmocka_unit_test(test_traps),
      cmocka_unit_test(test_denormals),
      cmocka_unit_test(test_locale),
  };
  return cmocka_run_group_tests(tests, make_usual, drop_usual);
}
