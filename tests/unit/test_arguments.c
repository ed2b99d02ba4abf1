/* test_arguments.c: every built-in function, by its own rows, so that a new one is tried by itself: a call as
 * it is declared passes; an unknown name, a name given twice, one too many, one too few, a wrong kind and a
 * number out of range are refused in the words of arguments.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "compiler/arguments.h"
#include "compiler/compile.h"

enum change { AS_DECLARED, UNKNOWN, TWICE, TOO_MANY, TOO_FEW, WRONG_KIND, TOO_SMALL, TOO_LARGE };
static const char *const says[] = {
    [UNKNOWN] = "called `nonsense`",  [TWICE] = "is given twice", [TOO_MANY] = "and this is one more",
    [TOO_FEW] = "needs the argument", [WRONG_KIND] = "",          [TOO_SMALL] = ", and this is ",
    [TOO_LARGE] = ", and this is "};

/* A number that the row allows. */
static double allowed(const struct cc_parameter *p) {
  const struct cc_range *r = &p->range;
  if (r->min == 0 && r->max == 0) return 1;
  return r->min_open ? r->min + 0.5 : r->min;
}

static void put_value(struct rt_text *out, const struct cc_parameter *p, enum change change) {
  switch (p->takes) {
    case CC_TAKES_NUMBER:
    case CC_TAKES_WHOLE:
      rt_text_printf(out, "%.17g",
                     change == TOO_SMALL   ? p->range.min - 1
                     : change == TOO_LARGE ? p->range.max + 1
                                           : allowed(p));
      break;
    case CC_TAKES_SWITCH: rt_text_puts(out, "true"); break;
    case CC_TAKES_DIM: rt_text_puts(out, "T"); break;
    case CC_TAKES_SHAPE: rt_text_puts(out, "[T, D]"); break;
    case CC_TAKES_LIST: rt_text_puts(out, "[x, x]"); break;
    case CC_TAKES_FUNCTION: rt_text_puts(out, "step"); break;
    default: rt_text_puts(out, !strcmp(p->name, "ids") ? "ids" : !strcmp(p->name, "start") ? "x[0]" : "x");
  }
}

/* fn f(x: [T, D]) = top_k(x, 1, T), with the change made to parameter `at`. */
static void put_program(struct rt_text *out, const struct cc_builtin *b, enum change change, int at) {
  bool comma = false;
  rt_text_puts(out, "dim T = 3, D = 4\nfn step(s: [D], x: [D]) -> [D] = s + x\n"
                    "fn f(x: [T, D], ids: [T] of D) = ");
  rt_text_printf(out, "%s(", b->name);
  for (int p = 0; p < b->count; p++) {
    const struct cc_parameter *row = &b->takes[p];
    if (change == TOO_FEW && p >= at) break;
    if (row->rest && row->takes == CC_TAKES_ANY && p > 0) continue;
    if (comma) rt_text_puts(out, ", ");
    if (row->by_name) rt_text_printf(out, "%s = ", row->name);
    if (change == WRONG_KIND && p == at)
      rt_text_puts(out, "\"text\"");
    else
      put_value(out, row, p == at ? change : AS_DECLARED);
    comma = true;
  }
  if (change == TOO_MANY) rt_text_puts(out, ", x");
  if (change == UNKNOWN) rt_text_printf(out, "%snonsense = 1", comma ? ", " : "");
  if (change == TWICE) {
    rt_text_printf(out, ", %s = ", b->takes[at].name);
    put_value(out, &b->takes[at], AS_DECLARED);
  }
  rt_text_puts(out, ")\n");
}

static void try(const struct cc_builtin *b, enum change change, int at) {
  struct rt_text text = {0};
  struct rt_error error = {0};
  put_program(&text, b, change, at);
  struct cc_program *program = cc_program_load("f.aq", text.data, text.length, NULL, NULL, NULL, 0, &error);
  if (program) cc_check(program, &error);
  bool right = change == AS_DECLARED ? error.code == RT_OK : error.code && strstr(error.text, says[change]);
  if (!right) print_error("%s-> %s\n", text.data, error.text);
  assert_true(right);
  cc_program_free(program);
  rt_error_clear(&error);
  rt_text_free(&text);
}

static void try_parameter(const struct cc_builtin *b, int p) {
  const struct cc_parameter *row = &b->takes[p];
  bool number = row->takes == CC_TAKES_NUMBER || row->takes == CC_TAKES_WHOLE;
  if (row->rest) return;
  try(b, TWICE, p);
  try(b, WRONG_KIND, p);
  if (!row->optional) try(b, TOO_FEW, p);
  if (!number || (row->range.min == 0 && row->range.max == 0)) return;
  try(b, TOO_SMALL, p);
  if (isfinite(row->range.max)) try(b, TOO_LARGE, p);
}

static void test_every_builtin(void **state) {
  (void)state;
  int tried = 0;
  for (int i = 0; cc_builtin_at(i); i++) {
    const struct cc_builtin *b = cc_builtin_at(i);
    bool rest = false, by_name = false;
    if (!b->run || b->count < 0) continue;
    for (int p = 0; p < b->count; p++) {
      rest |= b->takes[p].rest;
      by_name |= b->takes[p].by_name;
    }
    try(b, AS_DECLARED, -1);
    if (strcmp(b->name, "scan")) try(b, UNKNOWN, -1); /* hands on what its step may know */
    if (!rest && !by_name) try(b, TOO_MANY, -1);
    for (int p = 0; p < b->count; p++) try_parameter(b, p);
    tried++;
  }
  assert_true(tried > 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_builtin)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
