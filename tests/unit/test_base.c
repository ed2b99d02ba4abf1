/* test_base.c: errors, memory, the arena and growable text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/rationed_memory.h"
#include "runtime/base.h"

static void test_first_error_stays(void **state) {
  (void)state;
  struct rt_error e = {0};
  assert_int_equal(rt_fail(&e, RT_BAD_DATA, "row %d", 7), RT_BAD_DATA);
  assert_int_equal(rt_fail(&e, RT_IO, "second"), RT_BAD_DATA);
  assert_int_equal(rt_fail_at(&e, RT_IO, (struct rt_place){"f", 1, 2}, "third"), RT_BAD_DATA);
  assert_string_equal(e.text, "row 7");
  assert_int_equal(e.line, 0);
  assert_int_equal(rt_fail(NULL, RT_USAGE, "nobody listens"), RT_USAGE);
}

static void test_place_and_hint(void **state) {
  (void)state;
  struct rt_error e = {0};
  rt_hint(&e, "no error, no hint");
  assert_string_equal(e.hint, "");
  assert_int_equal(rt_fail_at(&e, RT_BAD_DATA, (struct rt_place){"a.tsv", 3, 4}, "%s", "bad row"),
                   RT_BAD_DATA);
  assert_string_equal(e.file, "a.tsv");
  assert_int_equal(e.line, 3);
  assert_int_equal(e.column, 4);
  rt_hint(&e, "try %s", "this");
  rt_hint(&e, "or that");
  assert_string_equal(e.hint, "try this");
  rt_error_clear(&e);
  assert_int_equal(e.code, RT_OK);
  assert_string_equal(e.hint, "");
  assert_int_equal(rt_no_memory(&e), RT_NO_MEMORY);
}

static void test_cut_message_is_whole_utf8(void **state) {
  (void)state;
  struct rt_error e = {0};
  char text[2001];
  for (size_t i = 0; i < 2000; i += 2) memcpy(text + i, "\xC3\xA9", 2);
  text[2000] = '\0';
  rt_fail(&e, RT_USAGE, "%s", text);
  assert_int_equal(strlen(e.text), sizeof e.text - 2);
  assert_int_equal((unsigned char)e.text[sizeof e.text - 3], 0xA9);
  char path[401];
  memset(path, 'p', 400);
  path[400] = '\0';
  rt_error_clear(&e);
  rt_fail_at(&e, RT_USAGE, (struct rt_place){path, 1, 1}, "x");
  assert_int_equal(strlen(e.file), sizeof e.file - 1);
}

static void test_sizes_that_overflow(void **state) {
  (void)state;
  void *items = NULL;
  size_t capacity = 0;
  assert_null(rt_alloc(SIZE_MAX));
  assert_null(rt_zalloc(SIZE_MAX / 2, 3));
  assert_null(rt_realloc(NULL, SIZE_MAX / 2, 3));
  assert_null(rt_alloc_aligned(SIZE_MAX - 8));
  assert_int_equal(rt_grow(&items, &capacity, SIZE_MAX / 2, 16), RT_NO_MEMORY);
  assert_null(items);
  assert_int_equal(capacity, 0);
}

static void test_empty_and_aligned_blocks(void **state) {
  (void)state;
  void *empty = rt_alloc(0);
  assert_non_null(empty);
  rt_free(empty);
  rt_free(NULL);
  rt_free_aligned(NULL);
  for (size_t size = 0; size < 200; size += 13) {
    char *block = rt_alloc_aligned(size);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    memset(block, 1, size);
    rt_free_aligned(block);
  }
}

static void test_host_allocator_sees_everything(void **state) {
  (void)state;
  struct ration memory = {.left = 1000};
  rt_set_allocator(ration_resize, &memory);
  struct rt_arena arena = {0};
  struct rt_text text = {0};
  void *aligned = rt_alloc_aligned(100);
  char *copy = rt_strndup("softmax", 4);
  assert_string_equal(copy, "soft");
  assert_non_null(rt_arena_alloc(&arena, 10));
  rt_text_puts(&text, "query");
  assert_int_equal(memory.live, 4);
  rt_free_aligned(aligned);
  rt_free(copy);
  rt_arena_free(&arena);
  rt_text_free(&text);
  assert_int_equal(memory.live, 0);
  memory.left = 0;
  assert_null(rt_alloc(1));
  assert_null(rt_zalloc(1, 1));
  assert_null(rt_strdup("x"));
  assert_null(rt_alloc_aligned(1));
  assert_null(rt_arena_printf(&arena, "x"));
  rt_set_allocator(NULL, NULL);
}

static void test_grow_keeps_items(void **state) {
  (void)state;
  int *items = NULL;
  size_t capacity = 0;
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(rt_grow((void **)&items, &capacity, (size_t)i + 1, sizeof *items), RT_OK);
    assert_true(capacity > (size_t)i);
    items[i] = i;
  }
  for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
  rt_free(items);
}

static void test_arena(void **state) {
  (void)state;
  struct rt_arena arena = {0};
  char *small = rt_arena_strndup(&arena, "key and value", 3);
  assert_string_equal(small, "key");
  unsigned char *large = rt_arena_alloc(&arena, 100000);
  for (size_t i = 0; i < 100000; i++) assert_int_equal(large[i], 0);
  memset(large, 255, 100000);
  char *next = rt_arena_alloc(&arena, 5);
  assert_true(next > small && next - small <= 64);
  assert_int_equal((uintptr_t)next % _Alignof(max_align_t), 0);
  assert_string_equal(rt_arena_printf(&arena, "%s %d", small, 12), "key 12");
  for (int i = 0; i < 5000; i++) assert_non_null(rt_arena_alloc(&arena, (size_t)i % 50));
  assert_string_equal(small, "key");
  assert_null(rt_arena_alloc(&arena, SIZE_MAX - 20));
  rt_arena_free(&arena);
  rt_arena_free(NULL);
  assert_null(arena.head);
}

static void test_text(void **state) {
  (void)state;
  struct rt_text t = {0};
  for (int i = 0; i < 100; i++) rt_text_printf(&t, "%d,", i % 10);
  assert_int_equal(t.length, 200);
  rt_text_add(&t, "a\0b", 3);
  assert_int_equal(t.length, 203);
  assert_int_equal(t.data[203], '\0');
  rt_text_add(&t, NULL, 0);
  assert_int_equal(t.length, 203);
  assert_false(t.failed);
  rt_text_free(&t);
  assert_null(t.data);
  rt_text_free(NULL);
}

static void test_text_remembers_failure(void **state) {
  (void)state;
  struct ration memory = {.left = 1};
  rt_set_allocator(ration_resize, &memory);
  struct rt_text t = {0};
  rt_text_puts(&t, "fits");
  rt_text_puts(&t, "does not fit any more");
  assert_true(t.failed);
  memory.left = 10;
  rt_text_puts(&t, "x");
  assert_string_equal(t.data, "fits");
  rt_text_free(&t);
  rt_set_allocator(NULL, NULL);
  assert_int_equal(memory.live, 0);
}

static void *allocate_many(void *unused) {
  (void)unused;
  for (int i = 0; i < 10000; i++) rt_free(rt_alloc(16));
  return NULL;
}

static void test_count_is_exact_across_threads(void **state) {
  (void)state;
  uint64_t before = rt_alloc_count();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, allocate_many, NULL), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  assert_int_equal(rt_alloc_count() - before, 40000);
  void *block = rt_realloc(NULL, 4, 4);
  block = rt_realloc(block, 8, 4);
  assert_int_equal(rt_alloc_count() - before, 40002);
  rt_free(block);
  assert_int_equal(rt_alloc_count() - before, 40002);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_first_error_stays),
      cmocka_unit_test(test_place_and_hint),
      cmocka_unit_test(test_cut_message_is_whole_utf8),
      cmocka_unit_test(test_sizes_that_overflow),
      cmocka_unit_test(test_empty_and_aligned_blocks),
      cmocka_unit_test(test_host_allocator_sees_everything),
      cmocka_unit_test(test_grow_keeps_items),
      cmocka_unit_test(test_arena),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_text_remembers_failure),
      cmocka_unit_test(test_count_is_exact_across_threads),
  };
  return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
