/* test_faults.c: what happens when memory runs out, at every single allocation: an error that says so, and nothing leaks.
 *
 * A scenario does one piece of work and frees all of it. It runs with the first allocation refused, then with the second, and so
 * on, until it gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grammar/ast.h"
#include "runtime/io/data.h"

typedef int scenario(struct rt_error *error);

/* Refuses one allocation and grants all others; counts the blocks that are alive. */
struct faulty { atomic_long live, until_fault; };

static void *faulty_resize(void *context, void *block, size_t size)
{
  struct faulty *faulty = context;
  if (size == 0) {
    atomic_fetch_sub(&faulty->live, block != NULL);
    free(block);
    return NULL;
  }
  if (atomic_fetch_sub(&faulty->until_fault, 1) == 0)
    return NULL;
  void *resized = realloc(block, size);
  if (!block && resized)
    atomic_fetch_add(&faulty->live, 1);
  return resized;
}

/* One run with allocation number n refused. True when the scenario asked for fewer than n + 1. */
static bool run_with_fault(scenario *run, long n)
{
  struct faulty faulty = {.until_fault = n};
  struct rt_error error = {0};
  rt_set_allocator(faulty_resize, &faulty);
  int status = run(&error);
  rt_set_allocator(NULL, NULL);
  bool reached = atomic_load(&faulty.until_fault) < 0;
  if (atomic_load(&faulty.live) != 0)
    fail_msg("allocation %ld refused: %ld blocks were not freed", n, atomic_load(&faulty.live));
  if (status != error.code)
    fail_msg("allocation %ld refused: status %d, but the error holds %d (%s)", n, status, error.code, error.text);
  if (reached && status != RT_NO_MEMORY)
    fail_msg("allocation %ld refused: status %d (%s) instead of out of memory", n, status, error.text);
  if (!reached && status != RT_OK)
    fail_msg("nothing refused: status %d (%s)", status, error.text);
  return !reached;
}

/* at_least: allocations that the scenario makes, lest it test nothing. */
static void refuse_each_allocation(scenario *run, long at_least)
{
  long n = 0;
  while (!run_with_fault(run, n))
    n++;
  if (n < at_least)
    fail_msg("only %ld allocations: the scenario does not do its work", n);
}

static const char program[] =
    "dim D = 8\n"
    "data { text: words[T], label: class[C] }\n"
    "head read(x: [T, D], act) -> [T, D] {\n"
    "  query = act(linear(x, D))\n  key = linear(x, D)\n  value = linear(x, D)\n"
    "  score = s / sqrt(D)\n  mask = abs(i - j) <= 3\n"
    "}\n"
    "model sentiment(text) -> label {\n"
    "  x = embed(text, D)\n"
    "  return linear(mean(read(x, relu), T), C)\n"
    "}\n"
    "loss cross_entropy\n";

static int parse_program(struct rt_error *error)
{
  struct gr_file *file = gr_parse("a.aq", program, sizeof program - 1, error);
  gr_file_free(file);
  return file ? RT_OK : error->code;
}

static int format_program(struct rt_error *error)
{
  struct rt_text out = {0};
  int status = gr_format("a.aq", program, sizeof program - 1, &out, error);
  rt_text_free(&out);
  return status;
}

static char data_path[] = "/tmp/test_faults.XXXXXX";

static int read_training_data(struct rt_error *error)
{
  struct io_schema schema = {0};
  struct io_dataset train = {0}, held = {0};
  struct io_data_options options = {.format = IO_FORMAT_TSV, .hold = 0.4, .seed = 1};
  struct io_column *column;
  int status = io_schema_add(&schema, "text", IO_WORDS, &column, error);
  if (!status)
    status = io_schema_add(&schema, "label", IO_CLASS, &column, error);
  if (!status)
    status = io_dataset_train(data_path, &schema, &options, &train, &held, error);
  io_dataset_free(&train);
  io_dataset_free(&held);
  io_schema_free(&schema);
  return status;
}

static int write_data(void **state)
{
  static const char rows[] = "text\tlabel\nso good\tyes\nso bad\tno\nnot bad\tyes\nnot good\tno\n";
  (void)state;
  int descriptor = mkstemp(data_path);
  if (descriptor < 0)
    return -1;
  bool written = write(descriptor, rows, strlen(rows)) == (ssize_t)strlen(rows);
  return close(descriptor) == 0 && written ? 0 : -1;
}

static int remove_data(void **state)
{
  (void)state;
  return unlink(data_path);
}

static void test_parse(void **state)
{
  (void)state;
  refuse_each_allocation(parse_program, 3);
}

static void test_format(void **state)
{
  (void)state;
  refuse_each_allocation(format_program, 3);
}

static void test_training_data(void **state)
{
  (void)state;
  refuse_each_allocation(read_training_data, 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_parse),
    cmocka_unit_test(test_format),
    cmocka_unit_test(test_training_data),
  };
  return cmocka_run_group_tests_name("faults", tests, write_data, remove_data);
}
