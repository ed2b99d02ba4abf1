/* test_arguments.c: every built-in function, by its own rows, so that a new one is tried by itself: a call as
 * it is declared passes; an unknown name, a name given twice, one too many, one too few, a wrong kind and a
 * number out of range are refused in the words of arguments.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "compiler/front/arguments.h"
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
    case CC_TAKES_TEXT: rt_text_puts(out, "\"words\""); break;
    default:
      rt_text_puts(out, !strcmp(p->name, "offset")    ? "ones([T])"
                        : p->by_name                  ? "0"
                        : !strcmp(p->name, "image")   ? "ones([T, T, D])"
                        : !strcmp(p->name, "filter")  ? "ones([D, T])"
                        : !strcmp(p->name, "ids")     ? "ids"
                        : !strcmp(p->name, "spelled") ? "spelled"
                        : !strcmp(p->name, "z")       ? "look(x)"
                        : !strcmp(p->name, "start")   ? "x[0]"
                        : !strcmp(p->name, "asked")   ? "x[0]"
                        : !strcmp(p->name, "found")   ? "x[1]"
                        : !strcmp(p->name, "same")    ? "0"
                        : !strcmp(p->name, "steps")   ? "ones([T, D, D])"
                                                      : "x");
  }
}

/* fn f(x: [T, D]) = top_k(x, 1, T), with the change made to parameter `at`. */
static void put_program(struct rt_text *out, const struct cc_builtin *b, enum change change, int at) {
  bool comma = false;
  rt_text_puts(out, "dim T = 3, D = 4\nfn step(s: [D], x: [D]) -> [D] = s + x\n"
                    "head look(x: [T, D]) -> [T, D] {\n  query = x\n  key = x\n  value = x\n}\n"
                    "fn f(x: [T, D], ids: [T] of D, spelled: [T] of D - 1) = ");
  rt_text_printf(out, "%s(", b->name);
  for (int p = 0; p < b->count; p++) {
    const struct cc_parameter *row = &b->takes[p];
    if (change == TOO_FEW && p >= at) break;
    if (row->rest && row->takes == CC_TAKES_ANY && p > 0) continue;
    if (comma) rt_text_puts(out, ", ");
    if (row->by_name) rt_text_printf(out, "%s = ", row->name);
    if (change == WRONG_KIND && p == at)
      rt_text_puts(out, row->takes == CC_TAKES_TEXT ? "0" : "\"text\"");
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
  struct cc_program *program =
      cc_program_load(&(struct cc_source){.name = "f.aq", .text = text.data, .length = text.length}, &error);
  if (program) cc_check(program, NULL, &error);
  /* `refuse` does what it is for: the program is refused in the words that it was given. */
  bool right = change != AS_DECLARED        ? error.code && strstr(error.text, says[change])
               : !strcmp(b->name, "refuse") ? error.code && !strcmp(error.text, "words")
                                            : error.code == RT_OK;
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
  if (strcmp(row->name, "otherwise")) try(b, WRONG_KIND, p); /* any value may stand for what is not said */
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

/* ---- what is set: initialisers, optimizers, schedules, columns, train ---- */

static const char data[] = "data { line: words[T], kind: class[C], stars: number }\n";
static const char model[] = "model m(line) -> kind { return linear(mean(embed(line, 4), T), C) }\n";
static const char rater[] = "model m(line) -> stars { return sum(mean(embed(line, 4), T)) }\n";

/* Programs with a place for arguments: `%s`. What they take is read from the hint to an unknown name. */
static const struct {
  const char *before, *open, *close, *after;
} places[] = {
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = normal(", ")\nreturn x @ w\n}\n", ""},
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = uniform(", ")\nreturn x @ w\n}\n", ""},
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = glorot(", ")\nreturn x @ w\n}\n", ""},
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = he(", ")\nreturn x @ w\n}\n", ""},
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = orthogonal(", ")\nreturn x @ w\n}\n", ""},
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = eye(", ")\nreturn x @ w\n}\n", ""},
    {"fn f(x: [D]) -> [D] {\n", "w = param[D, D] = load(", ")\nreturn x @ w\n}\n", ""},
    {model, "train { ", " }\n", data},
    {model, "train { optimizer = adamw(", ") }\n", data},
    {model, "train { optimizer = adam(", ") }\n", data},
    {model, "train { optimizer = sgd(", ") }\n", data},
    {model, "train { optimizer = adagrad(", ") }\n", data},
    {model, "train { optimizer = rmsprop(", ") }\n", data},
    {model, "train { optimizer = lion(", ") }\n", data},
    {model, "train { schedule = constant(", ") }\n", data},
    {model, "train { schedule = linear(", ") }\n", data},
    {model, "train { schedule = cosine(", ") }\n", data},
    {model, "train { schedule = inverse_sqrt(", ") }\n", data},
    {model, "train { schedule = one_cycle(", ") }\n", data},
    {model, "train { schedule = step(", ") }\n", data},
    {model, "data { line: words[T](", "), kind: class[C] }\n", ""},
    {model, "data { line: chars[T](", "), kind: class[C] }\n", ""},
    {model, "data { line: bytes[T](", "), kind: class[C] }\n", ""},
    {model, "data { line: ngrams[T](", "), kind: class[C] }\n", ""},
    {model, "data { line: words[T], kind: class[C](", ") }\n", ""},
    {rater, "data { line: words[T], stars: number(", ") }\n", ""},
};

/* Whether the program with these arguments is refused with that text; its hint is left in `hint`. */
static void refused(size_t place, const char *arguments, const char *with, char hint[512]) {
  struct rt_text text = {0};
  struct rt_error error = {0};
  rt_text_printf(&text, "%s%s%s%s%s", places[place].before, places[place].open, arguments,
                 places[place].close, places[place].after);
  struct cc_program *program =
      cc_program_load(&(struct cc_source){.name = "f.aq", .text = text.data, .length = text.length}, &error);
  if (program) cc_check(program, NULL, &error);
  if (!error.code || !strstr(error.text, with)) print_error("%s-> %s\n", text.data, error.text);
  assert_int_not_equal(error.code, RT_OK);
  assert_non_null(strstr(error.text, with));
  snprintf(hint, 512, "%s", error.hint);
  cc_program_free(program);
  rt_error_clear(&error);
  rt_text_free(&text);
}

static void try_setting(size_t place, const char *name) {
  static const char *const values[] = {"inf", "-inf", "1 / 0", "[1, 2]", "tanh", "nothing_of_that_name"};
  /* Which metrics there are is known to what measures, so any other name may be one here. */
  size_t count = RT_COUNT(values) - (strcmp(name, "metric") == 0);
  char arguments[256], hint[512];
  snprintf(arguments, sizeof arguments, "%s = 1, %s = 1", name, name);
  refused(place, arguments, "is given twice", hint);
  for (size_t v = 0; v < count; v++) {
    snprintf(arguments, sizeof arguments, "%s = %s", name, values[v]);
    refused(place, arguments, "", hint);
  }
}

/* The names in "the settings of `train` are a, b and c" and "the argument of `normal` is std". */
static int try_listed(size_t place, char *hint) {
  char *list = strstr(hint, "` are ");
  int tried = 0;
  list = list ? list + 6 : strstr(hint, "` is ") ? strstr(hint, "` is ") + 5 : NULL;
  for (char *name = list ? strtok(list, ", ") : NULL; name; name = strtok(NULL, ", ")) {
    if (!strcmp(name, "and")) continue;
    try_setting(place, name);
    tried++;
  }
  return tried;
}

static void test_every_setting(void **state) {
  (void)state;
  int tried = 0;
  for (size_t k = 0; k < RT_COUNT(places); k++) {
    char hint[512], none[512];
    refused(k, "nonsense = 1", "called `nonsense`", hint);
    if (places[k].open[0] != 't') refused(k, "kind, 1, 2, 3", "", none);
    tried += try_listed(k, hint);
  }
  assert_true(tried > 40);
}

/* Those of the optimizer and of the schedule may stand side by side in train { }. */
static void test_names_of_settings(void **state) {
  (void)state;
  for (int m = 0; m < RT_METHODS; m++)
    for (int s = 0; s < RT_SCHEDULES; s++)
      for (int i = 0; i < rt_method[m].settings; i++)
        for (int k = 0; k < rt_schedule[s].settings; k++)
          assert_string_not_equal(rt_method[m].setting[i].name, rt_schedule[s].setting[k].name);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_builtin),
                                     cmocka_unit_test(test_every_setting),
                                     cmocka_unit_test(test_names_of_settings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
