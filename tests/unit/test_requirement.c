/* test_requirement.c: conditions on sizes: proven by limits, refused, met by rows; in bytecode, which is not
 * trusted; and through aq.h. */
#include "compiler/compile.h"
#include "libaq/model/requirement_words.h"
#include "runtime/random.h"
#include "runtime/threads.h"
#include "tests/unit/libaq_files.h"
#include "vm/machine.h"

static struct vm_dims dims;
static vm_dim D, C, T, S;

static int make_dims(void **state) {
  (void)state;
  assert_int_equal(vm_dims_init(&dims), RT_OK);
  D = vm_dim_symbol(&dims, "D", VM_CONST, 12);
  C = vm_dim_symbol(&dims, "C", VM_BOUND, -1);
  T = vm_dim_symbol(&dims, "T", VM_RAGGED, -1);
  S = vm_dim_symbol(&dims, "S", VM_RAGGED, -1);
  return 0;
}

static int free_dims(void **state) {
  (void)state;
  vm_dims_free(&dims);
  return 0;
}

static struct vm_symbol *symbol(vm_dim d) { return &dims.symbol[vm_dim_as_symbol(&dims, d)]; }
static vm_dim number(int64_t n) { return vm_dim_number(&dims, n); }
static vm_dim plus(vm_dim a, int64_t n) { return vm_dim_plus(&dims, a, number(n)); }
static vm_dim times(vm_dim a, vm_dim b) { return vm_dim_times(&dims, a, b); }
static vm_dim minus(vm_dim a, vm_dim b) { return vm_dim_minus(&dims, a, b); }
static vm_dim over(vm_dim a, int64_t n) { return vm_dim_over(&dims, a, number(n)); }

static enum vm_truth truth(enum vm_requirement_kind kind, vm_dim d) {
  enum vm_truth found;
  assert_int_equal(vm_requirement_truth(&dims, kind, d, &found), RT_OK);
  return found;
}

static void test_proven(void **state) {
  (void)state;
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(T, -1)), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(number(16), T)), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, number(-1)), VM_FOR_NONE);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(D, -12)), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(D, -13)), VM_FOR_NONE);
  symbol(T)->least = 2;
  symbol(T)->limit = 9;
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(T, -2)), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(T, -3)), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(T, -9)), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(T, -10)), VM_FOR_NONE);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(number(9), T)), VM_FOR_ALL);
  /* The same symbol in several terms: T^2 - 2 T rises from 0 on, and so does its derivative. */
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(times(T, T), times(number(2), T))), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(minus(times(T, T), times(number(2), T)), -1)), VM_FOR_SOME);
  /* (T - 2) (S + 1) for any S. */
  assert_int_equal(truth(VM_NOT_NEGATIVE, times(plus(T, -2), plus(S, 1))), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(S, T)), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, vm_dim_over(&dims, D, T)), VM_FOR_ALL);
}

static void test_rounded(void **state) {
  (void)state;
  vm_dim lower = vm_dim_floor(&dims, over(T, 2)), upper = vm_dim_ceil(&dims, over(T, 2)),
         part = vm_dim_ceil(&dims, vm_dim_over(&dims, T, D));
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(T, times(number(2), lower))), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(plus(T, -1), times(number(2), lower))), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(plus(T, -2), times(number(2), upper))), VM_FOR_NONE);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(times(number(2), upper), T)), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(plus(T, 1), times(number(2), upper))), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(times(part, D), T)), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(lower, plus(T, 1))), VM_FOR_NONE);
  assert_int_equal(truth(VM_WHOLE, lower), VM_FOR_ALL);
  assert_int_equal(truth(VM_WHOLE, over(lower, 3)), VM_FOR_SOME);
  assert_int_equal(truth(VM_WHOLE, over(times(lower, plus(lower, 1)), 2)), VM_FOR_ALL);
  symbol(T)->limit = 9;
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(number(5), upper)), VM_FOR_ALL);
  assert_int_equal(truth(VM_NOT_NEGATIVE, minus(number(4), upper)), VM_FOR_SOME);
  assert_int_equal(truth(VM_NOT_NEGATIVE, plus(lower, -5)), VM_FOR_NONE);
}

/* floor(T/2) >= 3 is T >= 6, and ceil(T/2) <= 3 is T <= 6. */
static void test_rounded_limits(void **state) {
  (void)state;
  for (int64_t n = 1; n < 9; n++)
    for (int up = 0; up < 2; up++)
      for (int least = 0; least < 2; least++) {
        vm_dim half = up ? vm_dim_ceil(&dims, over(T, 3)) : vm_dim_floor(&dims, over(T, 3));
        struct vm_requirement r = {.dim = least ? plus(half, -n) : minus(number(n), half)};
        uint32_t s;
        bool is_least;
        int64_t limit;
        assert_true(vm_requirement_limit(&dims, &r, &s, &is_least, &limit));
        assert_int_equal(s, vm_dim_as_symbol(&dims, T));
        assert_int_equal(is_least, least);
        for (int64_t t = 0; t < 40; t++) {
          int64_t size[] = {-1, -1, t, 1, -1, -1};
          assert_int_equal(vm_requirement_met(&dims, &r, size) == RT_OK, least ? t >= limit : t <= limit);
        }
      }
}

static void test_whole(void **state) {
  (void)state;
  assert_int_equal(truth(VM_WHOLE, over(T, 2)), VM_FOR_SOME);
  assert_int_equal(truth(VM_WHOLE, over(times(T, D), 4)), VM_FOR_ALL); /* D is 12 */
  assert_int_equal(truth(VM_WHOLE, over(times(T, plus(T, 1)), 2)), VM_FOR_ALL);
  assert_int_equal(truth(VM_WHOLE, over(plus(times(number(2), T), 1), 2)), VM_FOR_NONE);
  assert_int_equal(truth(VM_WHOLE, over(plus(times(T, T), 1), 4)), VM_FOR_NONE); /* squares are 0, 1 of 4 */
  assert_int_equal(truth(VM_WHOLE, over(vm_dim_plus(&dims, T, S), 2)), VM_FOR_SOME);
  assert_int_equal(truth(VM_WHOLE, vm_dim_over(&dims, D, T)), VM_FOR_SOME);
  symbol(T)->least = 5;
  symbol(T)->limit = 7;
  assert_int_equal(truth(VM_WHOLE, over(T, 4)), VM_FOR_NONE);
  assert_int_equal(truth(VM_WHOLE, vm_dim_over(&dims, D, T)), VM_FOR_SOME); /* 6 */
  symbol(T)->least = 7;
  assert_int_equal(truth(VM_WHOLE, vm_dim_over(&dims, D, T)), VM_FOR_NONE);
}

/* Against trying all sizes of a box: what is said to hold for all, or for none, does; and for polynomials of
 * the first degree nothing is left open. */
static void test_random(void **state) {
  (void)state;
  uint64_t drawn = 0;
  int decided = 0;
  for (int n = 0; n < 3000; n++) {
    int64_t r[10];
    for (size_t k = 0; k < RT_COUNT(r); k++) r[k] = rt_random_below(7, drawn++, 9);
    bool straight = n % 2, whole = r[9] < 3;
    vm_dim d = vm_dim_plus(&dims, times(number(r[0] - 4), T), times(number(r[1] - 4), S));
    d = plus(d, 2 * r[2] - 8);
    if (!straight) d = vm_dim_plus(&dims, d, times(number(r[3] - 4), times(T, r[4] % 2 ? T : S)));
    if (whole) d = over(d, 2 + r[4] % 3);
    symbol(T)->least = r[5];
    symbol(T)->limit = r[5] + r[6] ? r[5] + r[6] : 1;
    symbol(S)->least = r[7];
    symbol(S)->limit = r[7] + r[8] ? r[7] + r[8] : 1;
    const struct vm_requirement asked = {.dim = d, .kind = whole ? VM_WHOLE : VM_NOT_NEGATIVE};
    int64_t size[8] = {-1, -1, -1, -1};
    int met = 0, all = 0;
    for (size[2] = symbol(T)->least; size[2] <= symbol(T)->limit; size[2]++)
      for (size[3] = symbol(S)->least; size[3] <= symbol(S)->limit; size[3]++, all++)
        met += vm_requirement_met(&dims, &asked, size) == RT_OK;
    enum vm_truth expected = met == all ? VM_FOR_ALL
                             : met      ? VM_FOR_SOME
                                        : VM_FOR_NONE,
                  found = truth(asked.kind, d);
    decided += found != VM_FOR_SOME;
    if (found != expected && (straight || found != VM_FOR_SOME))
      fail_msg("case %d: %d of %d sizes meet it, but it is said to hold for %s", n, met, all,
               found == VM_FOR_ALL    ? "all"
               : found == VM_FOR_NONE ? "none"
                                      : "some");
  }
  assert_true(decided > 1000);
}

static void assert_words(vm_dim d, enum vm_requirement_kind kind, const char *expected) {
  struct rt_text text = {0};
  vm_requirement_print(&dims, &(struct vm_requirement){.dim = d, .kind = (uint8_t)kind}, &text);
  assert_string_equal(text.data, expected);
  rt_text_free(&text);
}

static void test_formulas(void **state) {
  (void)state;
  assert_words(plus(T, -3), VM_NOT_NEGATIVE, "T >= 3");
  assert_words(minus(number(16), T), VM_NOT_NEGATIVE, "T <= 16");
  assert_words(plus(times(number(2), T), -5), VM_NOT_NEGATIVE, "T >= 3");
  assert_words(plus(minus(T, S), -1), VM_NOT_NEGATIVE, "T >= S + 1");
  assert_words(minus(D, times(T, S)), VM_NOT_NEGATIVE, "T*S <= D");
  assert_words(over(T, 2), VM_WHOLE, "T/2 is a whole number");
  uint32_t of;
  int64_t by;
  const struct vm_requirement third = {.dim = over(times(T, number(2)), 3), .kind = VM_WHOLE};
  assert_true(vm_requirement_multiple(&dims, &third, &of, &by));
  assert_int_equal(by, 3);
}

/* ---- bytecode ---- */

static const char first_word[] = "data { text: words[T], label: class[C] }\n"
                                 "model m(text) -> label { return linear(embed(text, 4)[0], C) }\n"
                                 "train { epochs = 1 }\n";

static struct vm_module *compile(void) {
  struct rt_error error = {0};
  struct cc_program *program = cc_program_load(
      &(struct cc_source){.name = "first.aq", .text = first_word, .length = strlen(first_word)}, &error);
  struct vm_module *module = program ? cc_compile_model(program, &error) : NULL;
  if (!module) fail_msg("%s", error.text);
  cc_program_free(program);
  return module;
}

static void test_bytes(void **state) {
  (void)state;
  struct vm_module *module = compile(), *again;
  struct rt_text bytes = {0};
  assert_int_equal(module->requirement_count, 1);
  assert_int_equal(vm_module_write(module, &bytes, NULL), RT_OK);
  assert_non_null(again = vm_module_read(bytes.data, bytes.length, NULL));
  assert_int_equal(again->requirement_count, 1);
  assert_string_equal(again->requirement[0].what, "embed(text, 4)[0]");
  assert_int_equal(again->requirement[0].line, 2);
  struct vm_requirement *r = &again->requirement[0], was = *r;
  const struct vm_requirement bad[] = {
      {.dim = (vm_dim)again->dims.poly_count, .what = "", .file = "", .text = ""},
      {.kind = VM_WHOLE + 1, .what = "", .file = "", .text = ""},
      {.what = NULL, .file = "", .text = ""},
      {.what = "", .file = NULL, .text = ""},
      {.what = "", .file = "", .text = NULL}};
  for (size_t k = 0; k < RT_COUNT(bad); k++) {
    struct rt_error error = {0};
    *r = bad[k];
    assert_int_equal(vm_verify(again, &error), RT_BAD_DATA);
    assert_non_null(strstr(error.text, "requirement"));
  }
  *r = was;
  assert_int_equal(vm_verify(again, NULL), RT_OK);
  rt_text_free(&bytes);
  vm_module_free(module);
  vm_module_free(again);
}

/* A module without its list is as safe: the machine looks by itself. */
static void test_not_trusted(void **state) {
  (void)state;
  struct vm_module *module = compile();
  struct rt_pool *pool = rt_pool_new(1, NULL);
  int64_t sizes[16] = {0};
  const int64_t *ragged[16];
  module->requirement_count = 0;
  assert_int_equal(vm_verify(module, NULL), RT_OK);
  assert_true(module->dims.symbol_count < RT_COUNT(ragged));
  for (size_t s = 0; s < RT_COUNT(ragged); s++) ragged[s] = &sizes[s];
  for (size_t s = 0; s < module->dims.symbol_count; s++)
    if (module->dims.symbol[s].kind == VM_BOUND) module->dims.symbol[s].value = 3;
  struct vm_machine *machine =
      vm_machine_new(module, vm_module_function(module, "predict"), RT_F32, pool, NULL);
  assert_non_null(machine);
  assert_int_equal(vm_machine_bind(machine, 1, ragged, NULL), RT_BAD_DATA);
  for (size_t s = 0; s < RT_COUNT(ragged); s++) sizes[s] = 1;
  assert_int_equal(vm_machine_bind(machine, 1, ragged, NULL), RT_OK);
  vm_machine_free(machine);
  rt_pool_free(pool);
  vm_module_free(module);
}

/* ---- aq.h ---- */

static void test_interface(void **state) {
  (void)state;
  aq_program *program = program_of(first_word);
  const aq_message *place;
  assert_int_equal(aq_program_requirement_count(program), 0); /* not checked yet */
  assert_string_equal(aq_program_requirement(program, 0, &place), "");
  assert_int_equal(aq_program_check(program), AQ_OK);
  assert_int_equal(aq_program_requirement_count(program), 1);
  assert_string_equal(aq_program_requirement(program, 0, NULL), "each text needs at least 1 word");
  aq_program_free(program);
  aq_model *model = trained(first_word, write_text("first.tsv", "text\tlabel\ngood\ta\nbad\tb\n"));
  assert_int_equal(aq_model_requirement_count(model), 1);
  assert_string_equal(aq_model_requirement(model, 0, &place), "each text needs at least 1 word");
  assert_string_equal(place->text, "embed(text, 4)[0]");
  assert_int_equal(place->line, 2);
  assert_string_equal(place->file, "test.aq");
  assert_string_equal(aq_model_requirement(model, 1, &place), "");
  aq_session *session = session_of(model, NULL);
  assert_int_equal(aq_session_predict(session, (const char *const[]){""}, NULL, 1), AQ_BAD_DATA);
  assert_message(aq_session_message(session), AQ_BAD_DATA, 0, "text has no words, but at least 1 is needed");
  assert_int_equal(aq_session_attend(session, (const char *const[]){""}, NULL, 1), AQ_BAD_DATA);
  assert_int_equal(aq_session_predict(session, (const char *const[]){"good"}, NULL, 1), AQ_OK);
  aq_session_free(session);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_proven, make_dims, free_dims),
      cmocka_unit_test_setup_teardown(test_whole, make_dims, free_dims),
      cmocka_unit_test_setup_teardown(test_rounded, make_dims, free_dims),
      cmocka_unit_test_setup_teardown(test_rounded_limits, make_dims, free_dims),
      cmocka_unit_test_setup_teardown(test_random, make_dims, free_dims),
      cmocka_unit_test_setup_teardown(test_formulas, make_dims, free_dims),
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_not_trusted),
      cmocka_unit_test(test_interface),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
