/* test_small_stack.c: no program, however it nests, needs a large stack: hosts compile in threads of 256 KiB.
 */
#include <aq.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base.h"
#include "tests/unit/sanitized.h"

#if SANITIZED
enum { STACK = 2048 * 1024 }; /* frames are several times as large there */
#elif defined __OPTIMIZE__
enum { STACK = 256 * 1024 };
#else
enum { STACK = 512 * 1024 };
#endif

struct job {
  const char *text;
  bool compile; /* as a model, after it was checked */
  int status;
  char message[1024], listing[256];
};

static void *work(void *argument) {
  struct job *job = argument;
  aq_program *program;
  aq_model *model = NULL;
  job->status = aq_program_new("deep.aq", job->text, strlen(job->text), NULL, &program);
  if (!job->status) job->status = aq_program_check(program);
  snprintf(job->message, sizeof job->message, "%s", aq_program_message(program)->text);
  if (!job->status && job->compile) {
    job->status = aq_model_compile(program, &model);
    snprintf(job->message, sizeof job->message, "%s", aq_model_message(model)->text);
  }
  aq_model_free(model);
  aq_program_free(program);
  return NULL;
}

/* Checks the text with little stack. expected: what the message contains, NULL: it is right. Frees the text.
 */
static void check(struct rt_text *text, bool compile, const char *expected) {
  struct job job = {.text = text->data, .compile = compile};
  pthread_attr_t attributes;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, work, &job), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
  if (job.status != (expected ? AQ_BAD_DATA : AQ_OK)) fail_msg("status %d: %s", job.status, job.message);
  if (expected && !strstr(job.message, expected)) fail_msg("\"%s\" lacks \"%s\"", job.message, expected);
  rt_text_free(text);
}

static void repeat(struct rt_text *text, const char *part, int times) {
  for (int k = 0; k < times; k++) rt_text_puts(text, part);
}

static void test_statements(void **state) {
  (void)state;
  struct rt_text t = {0};
  rt_text_puts(&t, "fn f(x: [N]) -> [N] {\n");
  repeat(&t, "  x = x + 1\n", 20000);
  rt_text_puts(&t, "  return x\n}\n");
  check(&t, false, NULL);
}

/* open and close around a middle, as often as is allowed, and far too often. */
static void nest(const char *head, const char *open, const char *middle, const char *close, const char *tail,
                 int allowed, const char *expected) {
  const int times[] = {allowed, allowed + 150, 20000};
  for (size_t k = 0; k < RT_COUNT(times); k++) {
    struct rt_text t = {0};
    rt_text_puts(&t, head);
    repeat(&t, open, times[k]);
    rt_text_puts(&t, middle);
    repeat(&t, close, times[k]);
    rt_text_puts(&t, tail);
    check(&t, false, k ? expected : NULL);
  }
}

static void test_expressions(void **state) {
  (void)state;
  const char *deep = "nested more than 200 levels deep", *f = "fn f(x: [N]) -> [N] = ";
  nest(f, "(", "x", ")", "\n", 190, deep);
  nest(f, "- ", "x", "", "\n", 190, deep);
  nest(f, "relu(", "x", ")", "\n", 90, deep);
  nest(f, "x + ", "x", "", "\n", 190, deep);
  nest(f, "x - (", "x", ")", "\n", 90, deep);
  nest("fn f(x: [N]) -> [N] = where(", "x > 0 and ", "x < 1", "", ", x, 0)\n", 90, deep);
  nest(f, "where(not ", "x > 1", ", x, x)", "\n", 60, deep);
  nest("fn f(x: [N]) -> [N] = x * ", "1^", "1", "", "\n", 190, deep);
  nest("fn f(x: [N]) = g(", "[", "x", "]", ")\nfn g(l) = 1\n", 190, deep);
  nest("fn f(x: [N, N]) -> [N, N] = x", "'", "", "", "\n", 190, deep);
  nest("fn f(x: [N], y: [4", "*N", "", "", "]) -> [N] = x\n", 190, deep);
}

static void test_blocks(void **state) {
  (void)state;
  const char *deep = "nested more than 200 levels deep";
  nest("fn f(x: [N]) -> [N] {\n", "for i in 0..1 {\n", "x = x + 1\n", "}\n", "return x\n}\n", 60, deep);
  nest("dim D = 3\nfn f(x: [N]) -> [N] {\n", "if D > 2 {\n", "x = x + 1\n", "}\n", "return x\n}\n", 60, deep);
  nest("dim D = 3\nfn f(x: [N]) -> [N] {\nif D > 5 { x = x + 1\n", "} else if D > 4 { x = x + 2\n", "}\n", "",
       "return x\n}\n", 190, deep);
}

/* Each function calls the next within nested brackets: the product of both is bounded. */
static void chain(int calls, int brackets, const char *expected) {
  struct rt_text t = {0};
  for (int k = 0; k < calls; k++) {
    rt_text_printf(&t, "fn f%d(x: [N]) -> [N] {\n  y = ", k);
    repeat(&t, "-(", brackets);
    rt_text_printf(&t, "f%d(x)", k + 1);
    repeat(&t, ")", brackets);
    rt_text_puts(&t, "\n  return y\n}\n");
  }
  rt_text_printf(&t, "fn f%d(x: [N]) -> [N] = x + 1\n", calls);
  check(&t, false, expected);
}

static void test_calls(void **state) {
  (void)state;
  const char *deep = "nested more than 500 levels deep";
  chain(50, 1, NULL);
  chain(5, 60, NULL);
  chain(1000, 0, deep);
  chain(100, 90, deep);
}

/* Through a slot of a head. */
static void test_callees(void **state) {
  (void)state;
  struct rt_text t = {0};
  rt_text_puts(&t,
               "head h(x: [T, D]) -> [T, D] {\n  query = x\n  key = x\n  value = x\n  score = g0(s)\n}\n");
  for (int k = 0; k < 200; k++) rt_text_printf(&t, "fn g%d(x) = tanh(g%d(x))\n", k, k + 1);
  rt_text_puts(&t, "fn g200(x) = x\n");
  check(&t, false, "nested more than 500 levels deep");
}

/* Long chains of values, through all passes of the compiler. */
static void test_compiled(void **state) {
  (void)state;
  struct rt_text t = {0};
  rt_text_puts(&t, "data { x: vector[N], y: number }\nmodel m(x) -> y {\n  z = sum(x)\n");
  repeat(&t, "  z = tanh(z) + sum(x * z)\n", 1500);
  rt_text_puts(&t, "  return z\n}\nloss squared_error\n");
  check(&t, true, NULL);
  rt_text_puts(&t, "data { x: vector[N], y: number }\nmodel m(x) -> y {\n  z = x\n");
  repeat(&t, "  z = stop_gradient(z)\n", 3000);
  rt_text_puts(&t, "  return sum(z) * param[]\n}\nloss squared_error\n");
  check(&t, true, NULL);
}

static void test_dims(void **state) {
  (void)state;
  struct rt_text t = {0};
  rt_text_puts(&t, "dim D0 = 1\n");
  for (int k = 1; k < 20000; k++) rt_text_printf(&t, "dim D%d = D%d\n", k, k - 1);
  rt_text_puts(&t, "fn f(x: [D19999]) -> [D19999] = x\n");
  check(&t, false, NULL);
  for (int k = 1; k < 20000; k++) rt_text_printf(&t, "dim D%d = D%d\n", k, (k + 1) % 20000);
  rt_text_puts(&t, "dim D0 = D1\n");
  check(&t, false, "is defined by itself");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_statements), cmocka_unit_test(test_expressions), cmocka_unit_test(test_blocks),
      cmocka_unit_test(test_calls),      cmocka_unit_test(test_callees),     cmocka_unit_test(test_compiled),
      cmocka_unit_test(test_dims),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
