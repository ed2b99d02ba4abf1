/* test_next_token.c: what may come next is the same whether a model goes on from what it has kept, or is run
 * anew on all that it sees; also when texts become longer than that, end, and are copied. */
#include "tests/unit/libaq_files.h"

#include "libaq/generate/next_token.h"
#include "libaq/generate/token_scores.h"

#include <math.h>

enum { ROUNDS = 30 };

static const char program[] = "dim D = 8\n"
                              "data { text: words[T <= 9, V], label: class[C] }\n"
                              "model m(label, text) -> next(text) {\n"
                              "  x = position(embed(text, D), 9) + expand(embed(label, D), [T, D])\n"
                              "  x = x + self_attention(x) with { mask = j <= i }\n"
                              "  x = gru(x, D)\n"
                              "  x = x + self_attention(x) with { mask = j <= i and i - j < 4 }\n"
                              "  return linear(x, V)\n"
                              "}\n"
                              "loss cross_entropy\n"
                              "train { optimizer = adamw(lr = 3e-2), batch = 4, epochs = 10 }\n";

/* Reads the rows as prompts. */
static void begin(struct next_token *next, struct aq_session *session) {
  static const char *const rows[][2] = {{"positive", "good film"}, {"negative", "bad"}, {"negative", ""}};
  struct rt_error error = {0};
  const int64_t row[] = {0, 1, 2};
  const struct io_schema *schema = next_token_schema(next, true);
  io_dataset_clear(&session->data);
  session->data.check = NULL;
  for (size_t k = 0; k < RT_COUNT(rows); k++) {
    if (session_add_row(session, schema, (struct session_fields){rows[k], NULL, 2}, &error))
      fail_msg("%s", error.text);
  }
  assert_int_equal(next_token_begin(next, &session->data, row, RT_COUNT(rows), &error), RT_OK);
}

static void compare(struct next_token *own, struct next_token *whole, int32_t *token) {
  struct rt_error error = {0};
  int64_t bad, vocabulary = next_token_vocab(own)->count, count = next_token_count(own);
  assert_int_equal(next_token_scores(own, &bad, &error), RT_OK);
  assert_int_equal(next_token_scores(whole, &bad, &error), RT_OK);
  for (int64_t k = 0; k < count; k++) {
    const double *a = next_token_row(own, k), *b = next_token_row(whole, k);
    double most;
    int32_t best = next_token_likeliest(own, k, &most);
    assert_true(most == a[best]);
    token[k] = (int32_t)next_token_vocab(own)->base;
    for (int64_t v = 0; v < vocabulary; v++) {
      double x = a[v], y = b[v];
      if (fabs(x - y) > 1e-11)
        fail_msg("text %d of %d tokens: %.15g, and anew %.15g", (int)k, (int)next_token_text(own, k).count, x,
                 y);
      if (v > token[k] && x > a[token[k]]) token[k] = (int32_t)v;
      assert_true(x <= most || !may_write(next_token_vocab(own), v));
    }
  }
}

static void keep(struct next_token *own, struct next_token *whole, const int64_t *from, int64_t count) {
  struct rt_error error = {0};
  assert_int_equal(next_token_keep(own, from, count, &error), RT_OK);
  assert_int_equal(next_token_keep(whole, from, count, &error), RT_OK);
}

static void go_through(struct next_token *own, struct next_token *whole) {
  struct rt_error error = {0};
  int32_t token[8];
  for (int round = 0; round < ROUNDS; round++) {
    compare(own, whole, token);
    if (round == 3) compare(own, whole, token); /* asked twice */
    assert_int_equal(next_token_advance(own, token, &error), RT_OK);
    assert_int_equal(next_token_advance(whole, token, &error), RT_OK);
    if (round == 4) keep(own, whole, (int64_t[]){2, 1, 1, 0, 2}, 5);
    if (round == 14) keep(own, whole, (int64_t[]){4, 0, 3}, 3);
    if (round == 24) keep(own, whole, (int64_t[]){1}, 1);
  }
}

static void test_same(void **state) {
  (void)state;
  aq_model *model = trained(program, write_text("next.tsv", reader_data));
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  options.precision = AQ_F64;
  aq_session *session = session_of(model, &options), *other = session_of(model, &options);
  struct rt_error error = {0};
  struct next_token *own, *whole;
  assert_int_equal(next_token_new(&own, session, &error), RT_OK);
  struct vm_function *step = (struct vm_function *)(uintptr_t)vm_module_function(model->module, "step");
  assert_non_null(step);
  const char *name = step->name;
  step->name = "hidden";
  assert_int_equal(next_token_new(&whole, other, &error), RT_OK);
  step->name = name;
  for (int times = 0; times < 2; times++) {
    begin(own, session);
    begin(whole, other);
    go_through(own, whole);
  }
  next_token_free(own);
  next_token_free(whole);
  aq_session_free(session);
  aq_session_free(other);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
