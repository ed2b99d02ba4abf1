/* test_host_memory.c: with aq_take_over_jansson, what reading JSON takes comes from the host's allocator too,
 * and every refused block is AQ_NO_MEMORY. It counts for the whole process, so these tests have one of their
 * own. */
#include "tests/unit/libaq_files.h"
#include "tests/unit/rationed_memory.h"

static struct ration memory;
static char *bytes;
static size_t length;

/* Loads and saves again. */
static int load(void) {
  aq_model *model;
  int status = aq_model_load_memory("model", bytes, length, &model);
  if (status != AQ_OK && model && aq_model_message(model)->code != AQ_NO_MEMORY)
    fail_msg("status %d: %s", status, aq_model_message(model)->text);
  char *again = NULL;
  size_t length_again;
  if (status == AQ_OK) status = aq_model_save_memory(model, &again, &length_again);
  if (status == AQ_OK) {
    assert_int_equal(length_again, length);
    assert_memory_equal(again, bytes, length);
  }
  aq_text_free(again);
  aq_model_free(model);
  return status;
}

/* Blocks that a load asks for, and a save, which must give what was loaded. */
static long blocks_of_load(void) {
  atomic_store(&memory.live, 0);
  atomic_store(&memory.left, 1000000);
  aq_set_allocator(ration_resize, &memory);
  assert_int_equal(load(), AQ_OK);
  aq_set_allocator(NULL, NULL);
  assert_int_equal(atomic_load(&memory.live), 0);
  return 1000000 - atomic_load(&memory.left);
}

static void test_all_of_it(void **state) {
  (void)state;
  assert_int_equal(aq_model_save_memory(reader, &bytes, &length), AQ_OK);
  long without = blocks_of_load();
  aq_take_over_jansson();
  long with = blocks_of_load();
  if (with < without + 50) fail_msg("%ld blocks without jansson's, and %ld with them", without, with);
}

static void test_refusals(void **state) {
  (void)state;
  for (int once = 0; once < 2; once++)
    for (long n = 0;; n++) {
      memory.once = once;
      atomic_store(&memory.live, 0);
      atomic_store(&memory.left, n);
      aq_set_allocator(ration_resize, &memory);
      int status = load();
      aq_set_allocator(NULL, NULL);
      bool reached = atomic_load(&memory.left) < 0;
      if (atomic_load(&memory.live) != 0) fail_msg("block %ld refused: %ld are left", n, memory.live);
      if (status != (reached ? AQ_NO_MEMORY : AQ_OK)) fail_msg("block %ld refused: status %d", n, status);
      if (!reached) break;
    }
  aq_text_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_of_it),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
