/* test_token_step.c: texts that go on token by token: what the step of a model gives behind each token is
 * what the whole model gives there, for many kinds of programs, for texts of several lengths at once, however
 * many tokens come at a time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compiler/compile.h"
#include "libaq/generate/token_states.h"
#include "runtime/random.h"
#include "tests/unit/token_programs.h"

enum { TEXTS = 3, LONGEST = 11, VOCABULARY = 7, SOURCE = 5, MOST_PARAMS = 256 };
static const int64_t lengths[TEXTS] = {6, LONGEST, 3}, sources[TEXTS] = {4, 2, SOURCE};
static struct rt_pool *pool;

/* A model with random parameters, and texts for it. */
struct setting {
  struct vm_module *module;
  double *param[MOST_PARAMS], *expected;
  int32_t ids[TEXTS * LONGEST], source[TEXTS * SOURCE];
  double *numbers;
  uint32_t text; /* the input that is continued */
  struct vm_machine *predict;
};

/* is_kept: as a saved model, which may look ahead. */
static struct vm_module *compile(const char *model, bool is_kept) {
  struct rt_error error = {0};
  struct rt_text text = {0};
  rt_text_printf(&text, "%s%s", token_program_head, model);
  const struct cc_source source = {.name = "step.aq", .text = text.data, .length = text.length};
  struct cc_program *program = cc_program_load(&source, &error);
  if (program) program->kept = is_kept;
  struct vm_module *module = program ? cc_compile_model(program, &error) : NULL;
  if (!module) print_message("%s\n%d:%d: %s\n", model, error.line, error.column, error.text);
  cc_program_free(program);
  rt_text_free(&text);
  return module;
}

/* The module, as a file would hold it: so the step is part of the bytecode. */
static struct vm_module *through_bytes(struct vm_module *module) {
  struct rt_error error = {0};
  struct rt_text bytes = {0};
  assert_int_equal(vm_module_write(module, &bytes, &error), RT_OK);
  struct vm_module *read = vm_module_read(bytes.data, bytes.length, &error);
  if (!read) print_message("%s\n", error.text);
  assert_non_null(read);
  rt_text_free(&bytes);
  vm_module_free(module);
  return read;
}

static int64_t elements(const struct vm_module *m, const struct vm_type *type) {
  int64_t count = 1, size;
  for (int a = 0; a < type->rank; a++) {
    assert_int_equal(vm_dim_value(&m->dims, type->dim[a], NULL, &size, NULL), RT_OK);
    count *= size;
  }
  return count;
}

static bool called(const struct vm_module *m, size_t symbol, const char *name) {
  return !strcmp(m->dims.symbol[symbol].name, name);
}

static void draw(struct setting *t) {
  struct vm_module *m = t->module;
  assert_true(m->param_count <= MOST_PARAMS);
  for (size_t s = 0; s < m->dims.symbol_count; s++)
    if (m->dims.symbol[s].kind == VM_BOUND) m->dims.symbol[s].value = VOCABULARY;
  for (uint32_t p = 0; p < m->param_count; p++) {
    int64_t count = elements(m, &m->param[p].type);
    t->param[p] = rt_zalloc((size_t)count, sizeof *t->param[p]);
    for (int64_t k = 0; k < count; k++) t->param[p][k] = rt_random_uniform(p + 1, (uint64_t)k) * 1.2 - 0.6;
  }
  for (int k = 0; k < TEXTS * LONGEST; k++) t->ids[k] = (int32_t)rt_random_below(77, (uint64_t)k, VOCABULARY);
  for (int k = 0; k < TEXTS * SOURCE; k++)
    t->source[k] = (int32_t)rt_random_below(78, (uint64_t)k, VOCABULARY);
  t->numbers = rt_zalloc(TEXTS * VOCABULARY, sizeof *t->numbers);
  for (int k = 0; k < TEXTS * VOCABULARY; k++) t->numbers[k] = rt_random_uniform(79, (uint64_t)k);
}

static void give_params(const struct setting *t, struct vm_machine *machine) {
  for (uint32_t p = 0; p < t->module->param_count; p++) vm_machine_set_param(machine, p, t->param[p]);
}

/* Of the inputs but the text. */
static void give_inputs(const struct setting *t, struct vm_machine *machine) {
  for (uint32_t i = 0; i < t->module->input_count; i++) {
    const struct vm_input *input = &t->module->input[i];
    if (input->type.dtype == RT_REAL)
      vm_machine_set_input(machine, i, t->numbers);
    else
      vm_machine_set_input(machine, i, t->source);
  }
}

static void run_whole(struct setting *t) {
  struct vm_module *m = t->module;
  struct rt_error error = {0};
  const int64_t *ragged[32] = {0};
  for (size_t s = 0; s < m->dims.symbol_count; s++) ragged[s] = called(m, s, "S") ? sources : lengths;
  t->predict = vm_machine_new(m, vm_module_function(m, "predict"), RT_F64, pool, &error);
  assert_non_null(t->predict);
  assert_int_equal(vm_machine_bind(t->predict, TEXTS, ragged, &error), RT_OK);
  give_params(t, t->predict);
  give_inputs(t, t->predict);
  vm_machine_set_input(t->predict, t->text, t->ids);
  assert_int_equal(vm_machine_run(t->predict, 0, &error), RT_OK);
  t->expected = vm_machine_output(t->predict, 0).data;
}

static int64_t first_of(int64_t text) {
  int64_t at = 0;
  for (int64_t k = 0; k < text; k++) at += lengths[k];
  return at;
}

/* The texts that are not at their end yet, and so many tokens of each, but at least one less every time. */
struct course {
  int64_t live[TEXTS], more[TEXTS], at[TEXTS];
  int64_t count;
};

static void compare(const struct setting *t, const struct course *c, const double *score, const char *name) {
  int64_t row = 0;
  for (int64_t k = 0; k < c->count; k++)
    for (int64_t n = 0; n < c->more[k]; n++, row++)
      for (int v = 0; v < VOCABULARY; v++) {
        double expected = t->expected[(first_of(c->live[k]) + c->at[c->live[k]] + n) * VOCABULARY + v];
        double found = score[row * VOCABULARY + v];
        if (!(fabs(found - expected) <= 1e-12 * fmax(1, fabs(expected)))) {
          print_message("%s: text %d, token %d, score %d: %.15g, but the whole model gives %.15g\n", name,
                        (int)c->live[k], (int)(c->at[c->live[k]] + n), v, found, expected);
          fail();
        }
      }
}

/* Goes through all texts, `pace` tokens at a time; 0: more each time. Texts at their end are left out. */
static void go_through(struct setting *t, struct token_states *states, int64_t pace, const char *name) {
  struct rt_error error = {0};
  struct course c = {.live = {0, 1, 2}, .count = TEXTS};
  for (int64_t round = 0; c.count > 0; round++) {
    int32_t token[TEXTS * LONGEST];
    int64_t total = 0, from[TEXTS], left = 0;
    for (int64_t k = 0; k < c.count; k++) {
      int64_t text = c.live[k], rest = lengths[text] - c.at[text];
      int64_t wanted = pace ? pace : 1 + (round + text) % 3;
      c.more[k] = wanted < rest ? wanted : rest;
      memcpy(token + total, t->ids + first_of(text) + c.at[text], (size_t)c.more[k] * sizeof *token);
      total += c.more[k];
    }
    int status = token_states_go_on(states, t->text, token, c.more, &error);
    if (status != RT_OK) print_message("%s: %s\n", name, error.text);
    assert_int_equal(status, RT_OK);
    compare(t, &c, vm_machine_output(token_states_step(states), 0).data, name);
    for (int64_t k = 0; k < c.count; k++) c.at[c.live[k]] += c.more[k];
    for (int64_t k = c.count; k-- > 0;) /* in another order */
      if (c.at[c.live[k]] < lengths[c.live[k]]) from[left++] = k;
    if (left == c.count) continue;
    struct course next = c;
    for (int64_t k = 0; k < left; k++) next.live[k] = c.live[from[k]];
    next.count = left;
    c = next;
    assert_int_equal(token_states_keep(states, from, left, &error), RT_OK);
  }
}

static void begin(struct setting *t, struct token_states *states) {
  struct vm_module *m = t->module;
  struct rt_error error = {0};
  const int64_t *ragged[32] = {0};
  for (size_t s = 0; s < m->dims.symbol_count; s++) ragged[s] = called(m, s, "S") ? sources : lengths;
  struct vm_machine *machine = token_states_begin(states);
  assert_int_equal(vm_machine_bind(machine, TEXTS, ragged, &error), RT_OK);
  give_params(t, machine);
  give_params(t, token_states_step(states));
  give_inputs(t, machine);
  assert_int_equal(vm_machine_run(machine, 0, &error), RT_OK);
  assert_int_equal(token_states_take(states, TEXTS, ragged, &error), RT_OK);
}

static void clear(struct setting *t) {
  for (uint32_t p = 0; p < t->module->param_count; p++) rt_free(t->param[p]);
  rt_free(t->numbers);
  vm_machine_free(t->predict);
  vm_module_free(t->module);
}

/* One text three times, of which the second goes astray: the others must not notice. */
static void go_apart(struct setting *t, struct token_states *states, const char *name) {
  enum { TEXT = 1, BOTH = 3 };
  struct rt_error error = {0};
  const int64_t begun[TEXTS] = {1, BOTH, 1}, each[TEXTS] = {1, 1, 1}, from[TEXTS] = {TEXT, TEXT, TEXT};
  const int32_t *ids = t->ids + first_of(TEXT);
  int32_t token[TEXTS + BOTH] = {t->ids[0], ids[0], ids[1], ids[2], t->ids[first_of(2)]};
  assert_int_equal(token_states_go_on(states, t->text, token, begun, &error), RT_OK);
  assert_int_equal(token_states_keep(states, from, TEXTS, &error), RT_OK);
  for (int64_t at = BOTH; at < LONGEST; at++) {
    const struct course c = {.live = {TEXT}, .more = {1}, .at = {0, at}, .count = 1};
    token[0] = token[2] = ids[at];
    token[1] = (ids[at] + 3) % VOCABULARY;
    assert_int_equal(token_states_go_on(states, t->text, token, each, &error), RT_OK);
    const double *score = vm_machine_output(token_states_step(states), 0).data;
    compare(t, &c, score, name);
    compare(t, &c, score + 2 * VOCABULARY, name);
  }
}

static bool check(const struct token_program *p) {
  struct rt_error error = {0};
  struct setting t = {.module = compile(p->text, false)};
  if (!t.module) return false;
  if (!vm_module_function(t.module, "step")) {
    print_message("%s: no step: %s `%s`\n", p->name, t.module->continuing.why,
                  t.module->continuing.text ? t.module->continuing.text : "");
    vm_module_free(t.module);
    return false;
  }
  t.module = through_bytes(t.module);
  while (strcmp(t.module->input[t.text].name, "text") != 0) t.text++;
  draw(&t);
  run_whole(&t);
  struct token_states *states;
  assert_int_equal(token_states_new(&states, t.module, RT_F64, pool, &error), RT_OK);
  static const int64_t paces[] = {1, 0, LONGEST};
  for (size_t k = 0; k < RT_COUNT(paces); k++) {
    begin(&t, states);
    go_through(&t, states, paces[k], p->name);
  }
  begin(&t, states);
  go_apart(&t, states, p->name);
  token_states_free(states);
  clear(&t);
  return true;
}

static void test_same_as_whole(void **state) {
  (void)state;
  int failed = 0;
  for (size_t k = 0; k < RT_COUNT(token_programs); k++) failed += !check(&token_programs[k]);
  assert_int_equal(failed, 0);
}

/* Rows that a head looks at are not copied for each token: how many of the values that are kept stay in
 * place, and how many there are. */
static void check_in_place(const char *model, int in_place, uint32_t kept) {
  struct rt_error error = {0};
  struct vm_module *m = through_bytes(compile(model, false));
  struct vm_machine *step = vm_machine_new(m, vm_module_function(m, "step"), RT_F64, pool, &error);
  assert_non_null(step);
  assert_int_equal(m->continuing.kept_count, kept);
  for (uint32_t k = 0; k < kept; k++) in_place -= vm_machine_longer(step, k) != NULL;
  assert_int_equal(in_place, 0);
  vm_machine_free(step);
  vm_module_free(m);
}

static void test_in_place(void **state) {
  (void)state;
  check_in_place(HEAD("mask = j <= i"), 4, 4);
  check_in_place(WRITES("  x = rnn(x, D)\n  x = x + side(look(x, x) with { mask = j <= i })"), 2, 3);
  check_in_place(WRITES("  k = rotary(reshape(project(x, D), [T, H, K]))\n"
                        "  z = attend(k, grouped(k, H), k, H) with { mask = j <= i }\n  x = x + side(z)"),
                 1, 2);
}

/* Of keys that nobody sees after a while only the last rows are kept, however long the texts become. */
static void check_window(const char *model, int64_t most) {
  enum { STEPS = 40 };
  struct rt_error error = {0};
  struct setting t = {.module = through_bytes(compile(model, false))};
  struct token_states *states;
  size_t bytes[STEPS];
  const int64_t more[TEXTS] = {1, 1, 1};
  draw(&t);
  for (uint32_t k = 0; k < t.module->continuing.kept_count; k++)
    assert_int_equal(t.module->continuing.kept[k].most, most);
  assert_int_equal(token_states_new(&states, t.module, RT_F64, pool, &error), RT_OK);
  begin(&t, states);
  for (int n = 0; n < STEPS; n++) {
    assert_int_equal(token_states_go_on(states, t.text, t.ids + n % LONGEST, more, &error), RT_OK);
    bytes[n] = token_states_bytes(states);
  }
  size_t row = bytes[0];
  for (int n = 0; n < STEPS; n++)
    assert_int_equal(bytes[n], row * (size_t)(!most || n + 1 < most ? n + 1 : most));
  token_states_free(states);
  clear(&t);
}

static void test_windows(void **state) {
  (void)state;
  check_window(HEAD("mask = j <= i and i - j < 7"), 6);
  check_window(HEAD("mask = j <= i and i - j < 3 * (h + 1)"), 5);
  check_window(HEAD("mask = i == j"), 1);
  check_window(HEAD("norm = sparsemax(s)\n mask = j <= i and j >= i - 8"), 8);
  check_window(HEAD("mask = j <= i"), 0);
  check_window(HEAD("mask = j <= i and (i - j < 3 or j < 2)"), 0); /* the first two are seen for ever */
  check_window(HEAD("mask = j <= i and i - j < 100"), 0);          /* texts have 64 tokens at most */
}

/* What cannot go on token by token says why, and at which place. */
static void test_refused(void **state) {
  (void)state;
  for (size_t k = 0; k < RT_COUNT(token_refused); k++) {
    struct vm_module *m = compile(token_refused[k].text, true);
    assert_non_null(m);
    assert_null(vm_module_function(m, "step"));
    assert_non_null(m->continuing.why);
    if (!strstr(m->continuing.why, token_refused[k].name)) print_message("%s\n", m->continuing.why);
    assert_non_null(strstr(m->continuing.why, token_refused[k].name));
    assert_true(m->continuing.line > 0);
    vm_module_free(m);
  }
}

static int open_pool(void **state) {
  (void)state;
  pool = rt_pool_new(1, NULL);
  return pool ? 0 : -1;
}

static int close_pool(void **state) {
  (void)state;
  rt_pool_free(pool);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_whole), cmocka_unit_test(test_in_place),
                                     cmocka_unit_test(test_windows), cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, open_pool, close_pool);
}
