/* test_foreign.c: what errors say to write in place of a name of another system is itself a program that is
 * right, and no name of the table means something else in aq. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compiler/compile.h"
#include "compiler/source/foreign.h"

/* A model in which x and y are [T, D], W [D, K], E [V, D], ids [T] of V, a [N], b [M]; and a place for each
 * kind of advice. */
static const char program[] = "dim D = 64, H = 4, K = 16, L = 2, N = 3, M = 5\n"
                              "data { text: words[T, V], label: class[C], y: number, p: vector[P] }\n"
                              "fn mine(score: [*B, C], target: [*B] of C) -> [*B] = nll(score, target)\n"
                              "%s\n" /* an item */
                              "fn step(state: [D], x: [D]) -> [D] = tanh(state + x)\n"
                              "model m(text) -> %s {\n"
                              "  ids = text\n"
                              "  E = param[V, D]; W = param[D, K]; a = param[N]; b = param[M]\n"
                              "  x = E[ids]\n"
                              "  y = tanh(x)\n"
                              "  see = self_attention(x) with { drop = 0; %s }\n" /* a slot */
                              "  %s\n"                                            /* statements */
                              "  return %s\n"
                              "}\n";

static bool compiles(const char *text, struct rt_error *error) {
  struct cc_program *loaded =
      cc_program_load(&(struct cc_source){.name = "advice.aq", .text = text, .length = strlen(text)}, error);
  struct vm_module *module = loaded ? cc_compile_model(loaded, error) : NULL;
  bool fine = module != NULL;
  vm_module_free(module);
  cc_program_free(loaded);
  return fine;
}

static void test_every_advice_compiles(void **state) {
  (void)state;
  for (int n = 0; cc_foreign_at(n); n++) {
    const struct cc_foreign *f = cc_foreign_at(n);
    char text[2048], statement[512];
    bool item = f->write && f->place == CC_FOREIGN_ITEM,
         number = item && (strstr(f->write, "(y)") || strstr(f->write, "(y,")),
         distribution = item && strstr(f->write, "(p)");
    struct rt_error error = {0};
    if (!f->write) {
      assert_non_null(f->about);
      continue;
    }
    snprintf(statement, sizeof statement, "%s%s", f->place == CC_FOREIGN_VALUE ? "z = " : "", f->write);
    snprintf(text, sizeof text, program, f->place == CC_FOREIGN_ITEM ? f->write : "",
             distribution ? "p"
             : number     ? "y"
                          : "label",
             f->place == CC_FOREIGN_SLOT ? f->write : "mask = j <= i",
             f->place == CC_FOREIGN_VALUE || f->place == CC_FOREIGN_STATEMENT ? statement : "z = x",
             distribution ? "linear(mean(x, T), P)"
             : number     ? "sum(linear(mean(x, T), 1))"
                          : "linear(mean(x, T), C)");
    if (!compiles(text, &error))
      print_error("`%s` for %s: %s\n%s\n%s\n", f->write, f->names, error.text, error.excerpt, error.hint);
    assert_int_equal(error.code, RT_OK);
  }
}

/* Two rows for one name: the second would never be seen. */
static void test_no_name_twice(void **state) {
  (void)state;
  for (int n = 0; cc_foreign_at(n); n++) {
    char names[1024];
    snprintf(names, sizeof names, "%s", cc_foreign_at(n)->names);
    for (char *rest = names, *name; (name = strtok_r(rest, " ", &rest));) {
      const struct cc_foreign *found = cc_foreign_find(name);
      if (found != cc_foreign_at(n)) print_error("%s stands in two rows\n", name);
      assert_ptr_equal(found, cc_foreign_at(n));
    }
  }
}

static void test_the_users_name_is_put_in(void **state) {
  (void)state;
  struct gr_node subject = {.kind = GR_NAME, .text = "hidden"};
  struct rt_error error = {0};
  rt_fail(&error, RT_BAD_DATA, "no");
  cc_foreign_hint(&error, cc_foreign_find("SELU"), &subject, NULL);
  assert_string_equal(error.hint,
                      "write `1.0507 * where(hidden > 0, hidden, 1.67326 * (exp(min(hidden, 0)) - 1))`");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_advice_compiles),
      cmocka_unit_test(test_no_name_twice),
      cmocka_unit_test(test_the_users_name_is_put_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
