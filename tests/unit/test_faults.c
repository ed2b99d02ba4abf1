/* test_faults.c: what happens when memory runs out, at every single allocation: an error that says so, and
 * nothing leaks.
 *
 * A scenario does one piece of work and frees all of it. It runs with the first allocation refused, then with
 * the second, and so on, until it gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <aq.h>
#include "tests/unit/rationed_memory.h"
#include "compiler/compile.h"
#include "grammar/ast.h"
#include "vm/module.h"

typedef int scenario(struct rt_error *error);

/* Does a scenario have to fail when an allocation does? Training may do without the memory that it only sets
 * aside. */
enum need { NEEDS_ALL, CAN_DO_WITHOUT_SOME };

/* One run with allocation number n refused. True when the scenario asked for fewer than n + 1. */
static bool run_with_fault(scenario *run, enum need need, long n) {
  struct ration memory = {.left = n, .once = true};
  struct rt_error error = {0};
  rt_set_allocator(ration_resize, &memory);
  int status = run(&error);
  rt_set_allocator(NULL, NULL);
  bool reached = atomic_load(&memory.left) < 0;
  if (atomic_load(&memory.live) != 0)
    fail_msg("allocation %ld refused: %ld blocks were not freed", n, atomic_load(&memory.live));
  if (status != error.code)
    fail_msg("allocation %ld refused: status %d, but the error holds %d (%s)", n, status, error.code,
             error.text);
  if (reached && status != RT_NO_MEMORY && (status || need == NEEDS_ALL))
    fail_msg("allocation %ld refused: status %d (%s) instead of out of memory", n, status, error.text);
  if (!reached && status != RT_OK) fail_msg("nothing refused: status %d (%s)", status, error.text);
  return !reached;
}

/* at_least: allocations that the scenario makes, lest it test nothing. */
static void refuse_each_allocation(scenario *run, enum need need, long at_least) {
  long n = 0;
  while (!run_with_fault(run, need, n)) n++;
  if (n < at_least) fail_msg("only %ld allocations: the scenario does not do its work", n);
}

static const char program[] = "dim D = 8\n"
                              "data { text: words[T], label: class[C] }\n"
                              "head read(x: [T, D], act) -> [T, D] {\n"
                              "  query = act(linear(x, D))\n  key = linear(x, D)\n  value = linear(x, D)\n"
                              "  score = s / sqrt(D)\n  mask = abs(i - j) <= 3\n"
                              "}\n"
                              "fn step(s: [D], x: [D]) {\n"
                              "  s = tanh(project(s, D) + dropout(x, 10%))\n  return s, s * x\n"
                              "}\n"
                              "model sentiment(text) -> label {\n"
                              "  x = scan(step, zeros([D]), embed(text, D))\n"
                              "  return linear(mean(read(x, relu), T), C)\n"
                              "}\n"
                              "loss cross_entropy\n";

static int parse_program(struct rt_error *error) {
  struct gr_file *file = gr_parse("a.aq", program, sizeof program - 1, error);
  gr_file_free(file);
  return file ? RT_OK : error->code;
}

static int format_program(struct rt_error *error) {
  struct rt_text out = {0};
  int status = gr_format("a.aq", program, sizeof program - 1, &out, error);
  rt_text_free(&out);
  return status;
}

static int compile_program(struct rt_error *error) {
  struct rt_text bytes = {0};
  struct vm_module *module = NULL;
  struct cc_program *loaded = cc_program_load(
      &(struct cc_source){.name = "a.aq", .text = program, .length = sizeof program - 1}, error);
  int status = loaded ? cc_check(loaded, NULL, error) : error->code;
  if (!status && !(module = cc_compile_model(loaded, error))) status = error->code;
  if (!status) status = vm_module_write(module, &bytes, error);
  rt_text_free(&bytes);
  vm_module_free(module);
  cc_program_free(loaded);
  return status;
}

static char data_path[] = "/tmp/test_faults.XXXXXX";

/* Keeps what a handle says of a failure; a handle that there was no memory for says nothing. */
static int keep(struct rt_error *error, int status, const aq_message *message) {
  return status ? rt_fail(error, status, "%s", message ? message->text : "no handle") : RT_OK;
}

static int train(aq_program *source, aq_model **model, struct rt_error *error) {
  aq_train_options options;
  aq_trainer *trainer = NULL;
  aq_train_options_init(&options);
  options.train = data_path;
  options.epochs = 1;
  options.batch = 4;
  options.threads = 1;
  int status = aq_trainer_new(source, &options, &trainer);
  if (!status) status = aq_trainer_run(trainer);
  if (!status) status = aq_trainer_model(trainer, model);
  status = keep(error, status, trainer ? aq_trainer_message(trainer) : NULL);
  aq_trainer_free(trainer);
  return status;
}

static int predict(aq_model *model, struct rt_error *error) {
  aq_session *session = NULL;
  const char *const text[] = {"so good"};
  int status = aq_session_new(model, NULL, &session);
  if (!status) status = aq_session_predict(session, text, NULL, 1);
  status = keep(error, status, session ? aq_session_message(session) : NULL);
  aq_session_free(session);
  return status;
}

/* What a host does, through the public interface alone: compile, train, predict. */
static int train_and_predict(struct rt_error *error) {
  aq_program *source = NULL;
  aq_model *model = NULL;
  int status = aq_program_new("a.aq", program, sizeof program - 1, NULL, &source);
  status = keep(error, status, source ? aq_program_message(source) : NULL);
  if (!status) status = train(source, &model, error);
  if (!status) status = predict(model, error);
  aq_model_free(model);
  aq_program_free(source);
  return status;
}

static int write_data(void **state) {
  static const char rows[] = "text\tlabel\nso good\tyes\nso bad\tno\nnot bad\tyes\nnot good\tno\n";
  (void)state;
  int descriptor = mkstemp(data_path);
  if (descriptor < 0) return -1;
  bool written = write(descriptor, rows, strlen(rows)) == (ssize_t)strlen(rows);
  return close(descriptor) == 0 && written ? 0 : -1;
}

static int remove_data(void **state) {
  (void)state;
  return unlink(data_path);
}

static void test_parse(void **state) {
  (void)state;
  refuse_each_allocation(parse_program, NEEDS_ALL, 3);
}

static void test_format(void **state) {
  (void)state;
  refuse_each_allocation(format_program, NEEDS_ALL, 3);
}

static void test_compile(void **state) {
  (void)state;
  refuse_each_allocation(compile_program, NEEDS_ALL, 100);
}

static void test_train_and_predict(void **state) {
  (void)state;
  refuse_each_allocation(train_and_predict, CAN_DO_WITHOUT_SOME, 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parse),
      cmocka_unit_test(test_format),
      cmocka_unit_test(test_compile),
      cmocka_unit_test(test_train_and_predict),
  };
  return cmocka_run_group_tests_name("faults", tests, write_data, remove_data);
}
