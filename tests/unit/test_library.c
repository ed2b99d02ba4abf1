/* test_library.c: the standard library is parsed a definition at a time: the list of where they stand is
 * right, and a program parses those that it uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "compiler/compile.h"
#include "compiler/source/stdlib.h"

/* Each definition of a file is in its list, in order, and what is listed is that definition alone. */
static void test_the_list_is_right(void **state) {
  (void)state;
  for (const struct cc_file_text *file = cc_stdlib; file->name; file++) {
    struct rt_error error = {0};
    struct gr_file *whole = gr_parse(file->name, file->text, file->length, &error);
    if (!whole) fail_msg("%s.aq: %s", file->name, error.text);
    const struct cc_stdlib_item *item = file->item;
    for (int k = 0; k < whole->root->count; k++, item++) {
      const struct gr_node *node = whole->root->child[k];
      if (!item->name) fail_msg("%s.aq: `%s` is not listed", file->name, node->text);
      assert_string_equal(item->name, node->text);
      struct gr_file *part = gr_read_part((struct gr_span){whole->source, item->begin, item->end}, &error);
      assert_non_null(part);
      assert_int_equal(part->fault_count, 0);
      assert_int_equal(part->root->count, 1);
      assert_string_equal(part->root->child[0]->text, node->text);
      assert_int_equal(part->root->child[0]->span.begin, node->span.begin);
      assert_int_equal(part->root->child[0]->span.end, node->span.end);
      gr_file_free(part);
    }
    assert_null(item->name);
    gr_file_free(whole);
  }
}

/* What the program has parsed of the library, as "a b c". */
static void expect_parsed(const char *text, const char *expected) {
  struct rt_error error = {0};
  struct cc_program *program =
      cc_program_load(&(struct cc_source){.name = "p.aq", .text = text, .length = strlen(text)}, &error);
  if (!program) fail_msg("%s", error.text);
  char parsed[256] = "";
  for (struct cc_definition *d = program->first_opened; d; d = d->opened) {
    size_t length = strlen(parsed);
    snprintf(parsed + length, sizeof parsed - length, "%s%s", length ? " " : "", d->name);
  }
  assert_string_equal(parsed, expected);
  cc_program_free(program);
}

static void test_what_is_used_is_parsed(void **state) {
  (void)state;
  expect_parsed("fn f(x) = tanh(x)\n", "");
  expect_parsed("fn f(x) = silu(x) + silu(2 * x)\n", "silu");
  expect_parsed("fn silu(x) = x\nfn f(x) = silu(x)\n", ""); /* hidden by one of the program's own */
  expect_parsed("fn f(x) = step(x)\nfn step(x) = elu(x)\n", "elu");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_list_is_right),
                                     cmocka_unit_test(test_what_is_used_is_parsed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
