/* test_causality.c: what the compiler has proven to look back only is run, and does. Each program of
 * tests/causality/causal.txt predicts next(text); another token at a place, or another length of the text,
 * must not change a prediction before it. Nor may it matter whether a text is read whole or token by token,
 * where the program can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "libaq/generate/token_states.h"
#include "runtime/random.h"
#include "runtime/threads.h"
#include "vm/machine.h"

enum { WORDS = 7, LENGTH = 9, SHORT = 6, MOST_PARAMS = 64, MOST_SYMBOLS = 64 };

struct model {
  struct vm_module *module;
  struct vm_machine *machine;
  double *param[MOST_PARAMS];
  struct rt_pool *pool;
};

static char *read_whole(const char *name) {
  char path[4096];
  const char *top = getenv("AQ_SOURCE");
  snprintf(path, sizeof path, "%s/tests/causality/%s", top ? top : "..", name);
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("%s cannot be read; AQ_SOURCE says where the source is", path);
  char *text = calloc(1, 1 << 16);
  size_t length = fread(text, 1, (1 << 16) - 1, file);
  fclose(file);
  assert_true(length > 0);
  return text;
}

static struct vm_module *compile(const char *top, const char *body) {
  struct rt_text text = {0};
  struct rt_error error = {0};
  rt_text_printf(&text,
                 "%s\nmodel m(text) -> next(text) {\n  x = embed(text, D)\n  %s\n  return linear(z, V)\n}\n",
                 top, body);
  const struct cc_source source = {.name = "causal.aq", .text = text.data, .length = text.length};
  struct cc_program *program = cc_program_load(&source, &error);
  struct vm_module *module = program ? cc_compile_model(program, &error) : NULL;
  if (!module) fail_msg("%s: %s\n%s", body, error.text, error.excerpt);
  cc_program_free(program);
  rt_text_free(&text);
  return module;
}

static void fill_params(struct model *m) {
  for (uint32_t p = 0; p < m->module->param_count; p++) {
    int64_t count = 1, size;
    const struct vm_type *type = &m->module->param[p].type;
    for (int a = 0; a < type->rank; a++) {
      assert_int_equal(vm_dim_value(&m->module->dims, type->dim[a], NULL, &size, NULL), RT_OK);
      count *= size;
    }
    m->param[p] = calloc((size_t)count + 1, sizeof *m->param[p]);
    for (int64_t k = 0; k < count; k++)
      m->param[p][k] = (double)rt_random_below(11, (uint64_t)(1000 * p + (uint64_t)k), 2001) / 1000 - 1;
    vm_machine_set_param(m->machine, p, m->param[p]);
  }
}

static void begin(struct model *m, const char *top, const char *body, struct rt_pool *pool) {
  struct rt_error error = {0};
  *m = (struct model){.module = compile(top, body), .pool = pool};
  for (size_t s = 0; s < m->module->dims.symbol_count; s++)
    if (m->module->dims.symbol[s].kind == VM_BOUND) m->module->dims.symbol[s].value = WORDS;
  m->machine = vm_machine_new(m->module, vm_module_function(m->module, "predict"), RT_F64, pool, &error);
  assert_non_null(m->machine);
  assert_true(m->module->param_count <= MOST_PARAMS);
  fill_params(m);
}

static void end(struct model *m) {
  for (int p = 0; p < MOST_PARAMS; p++) free(m->param[p]);
  vm_machine_free(m->machine);
  vm_module_free(m->module);
}

/* The scores [length, WORDS] of the tokens. */
static void predict(struct model *m, const int32_t *token, int64_t length, double *score) {
  const int64_t *ragged[MOST_SYMBOLS];
  struct rt_error error = {0};
  for (int s = 0; s < MOST_SYMBOLS; s++) ragged[s] = &length;
  int status = vm_machine_bind(m->machine, 1, ragged, &error);
  for (uint32_t i = 0; i < m->module->input_count; i++) vm_machine_set_input(m->machine, i, token);
  if (status == RT_OK) status = vm_machine_run(m->machine, 1, &error);
  if (status != RT_OK) fail_msg("%s", error.text);
  struct rt_tensor out = vm_machine_output(m->machine, 0);
  memcpy(score, out.data, (size_t)(length * WORDS) * sizeof *score);
}

/* How much the scores of the first `rows` positions differ, at most. */
static double difference(const double *a, const double *b, int rows) {
  double most = 0;
  for (int k = 0; k < rows * WORDS; k++) most = fmax(most, a[k] == b[k] ? 0 : fabs(a[k] - b[k]));
  return most;
}

/* Reads the text `pace` tokens at a time: the scores must be those of the whole. */
static void go_through(const struct model *m, const int32_t *token, int64_t pace, const double *score,
                       const char *body) {
  const int64_t *ragged[MOST_SYMBOLS], length = LENGTH;
  struct rt_error error = {0};
  struct token_states *states;
  for (int s = 0; s < MOST_SYMBOLS; s++) ragged[s] = &length;
  assert_int_equal(token_states_new(&states, m->module, RT_F64, m->pool, &error), RT_OK);
  struct vm_machine *begin = token_states_begin(states), *step = token_states_step(states);
  assert_int_equal(vm_machine_bind(begin, 1, ragged, &error), RT_OK);
  for (uint32_t p = 0; p < m->module->param_count; p++) {
    vm_machine_set_param(begin, p, m->param[p]);
    vm_machine_set_param(step, p, m->param[p]);
  }
  for (uint32_t i = 0; i < m->module->input_count; i++) vm_machine_set_input(begin, i, token);
  assert_int_equal(vm_machine_run(begin, 0, &error), RT_OK);
  assert_int_equal(token_states_take(states, 1, ragged, &error), RT_OK);
  for (int64_t at = 0, more; at < LENGTH; at += more) {
    more = LENGTH - at < pace ? LENGTH - at : pace;
    if (token_states_go_on(states, 0, token + at, &more, &error) != RT_OK)
      fail_msg("%s: %s", body, error.text);
    const double *found = vm_machine_output(step, 0).data;
    if (difference(found, score + at * WORDS, (int)more) > 1e-11)
      fail_msg("%s: token %d on, %d at a time, is not as in the whole text", body, (int)at, (int)pace);
  }
  token_states_free(states);
}

static void check(const char *top, const char *body, struct rt_pool *pool) {
  struct model m;
  int read = 0;
  int32_t token[LENGTH], other[LENGTH];
  double score[LENGTH * WORDS], changed[LENGTH * WORDS];
  begin(&m, top, body, pool);
  for (int t = 0; t < LENGTH; t++) token[t] = (3 * t + 1) % WORDS;
  predict(&m, token, LENGTH, score);
  for (int k = 0; k < LENGTH * WORDS; k++)
    if (!isfinite(score[k])) fail_msg("%s: a score is not finite", body);
  for (int t = 0; t < LENGTH; t++) {
    memcpy(other, token, sizeof other);
    other[t] = (other[t] + 2) % WORDS;
    predict(&m, other, LENGTH, changed);
    if (difference(score, changed, t) != 0) fail_msg("%s: token %d changes a prediction before it", body, t);
    read += difference(score + t * WORDS, changed + t * WORDS, LENGTH - t) != 0;
  }
  if (2 * read < LENGTH) fail_msg("%s: few tokens change anything, so that little was tried", body);
  predict(&m, token, SHORT, changed); /* BLAS takes other kernels for other numbers of rows */
  if (difference(score, changed, SHORT) > 1e-12) fail_msg("%s: the length changes a prediction", body);
  for (int64_t pace = 1; pace < 4 && vm_module_function(m.module, "step"); pace += 2)
    go_through(&m, token, pace, score, body);
  end(&m);
}

static void test_what_is_proven_is_so(void **state) {
  (void)state;
  struct rt_error error = {0};
  struct rt_pool *pool = rt_pool_new(1, &error);
  char *top = read_whole("top.aq"), *lines = read_whole("causal.txt"), *rest = NULL;
  int count = 0;
  assert_non_null(pool);
  for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    if (line[0] == '#') continue;
    check(top, line, pool);
    count++;
  }
  assert_true(count > 30);
  free(top);
  free(lines);
  rt_pool_free(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_proven_is_so)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
