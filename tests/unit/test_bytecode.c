/* test_bytecode.c: modules to bytes and back, and bytes that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/run_module.h"
#include "tests/unit/rationed_memory.h"
#include "vm_build.h"

enum { FLIPS = 6000 };

static struct rt_text bytes_of(const struct vm_module *m) {
  struct rt_text out = {0};
  struct rt_error e = {0};
  if (vm_module_write(m, &out, &e) != RT_OK) fail_msg("%s", e.text);
  return out;
}

static struct rt_text sentence_bytes(void) {
  struct sentence s = build_sentence();
  struct rt_text bytes = bytes_of(s.m);
  vm_module_free(s.m);
  return bytes;
}

static char *listing(const struct vm_module *m) {
  struct rt_text text = {0};
  vm_module_print(m, &text);
  return text.data;
}

static void test_round_trip(void **state) {
  (void)state;
  struct sentence s = build_sentence();
  s.m->dims.symbol[3].limit = 128;
  s.m->param[0].init = (struct vm_init){VM_INIT_LOAD, 1, 2, "model.safetensors", "embeddings.ß", true, false};
  s.m->input[2].shifted = true;
  vm_dim_minus(&s.m->dims, vm_dim_over(&s.m->dims, s.D, s.V), vm_dim_number(&s.m->dims, 3));
  vm_dim_ceil(&s.m->dims, vm_dim_over(&s.m->dims, s.T, vm_dim_number(&s.m->dims, 2)));
  struct rt_text bytes = bytes_of(s.m);
  struct rt_error e = {0};
  struct vm_module *m = vm_module_read(bytes.data, bytes.length, &e);
  if (!m) fail_msg("%s", e.text);
  struct rt_text again = bytes_of(m);
  assert_int_equal(again.length, bytes.length);
  assert_memory_equal(again.data, bytes.data, bytes.length);
  char *before = listing(s.m), *after = listing(m);
  assert_string_equal(before, after);
  rt_free(before);
  rt_free(after);
  rt_text_free(&again);
  rt_text_free(&bytes);
  vm_module_free(m);
  vm_module_free(s.m);
}

static void test_listing(void **state) {
  (void)state;
  struct sentence s = build_sentence();
  char *text = listing(s.m);
  static const char *const lines[] = {
      "module sentiment\n",
      "dim T    # per example\n",
      "dim V = 6    # from the data\n",
      "param 1 W: [D, C] = glorot, decays\n",
      "input 0 text: words [T] of V\n",
      "head 0 sentiment.semantic: softmax, query[i, feature] key[j, feature] value[j, feature] out[i, "
      "feature] "
      "extra with gradient[]\n  score\n    r0[i,j] = input 0\n    r1 = input 1\n    r2[i,j] = mul r0 r1\n    "
      "gives r2\n",
      "    r1 = const 0.5\n",
      "head 2 sentiment.rows: weights from rows, query",
      "  row 0: largest of\n    r0[i,j] = input 0\n",
      "  row 1: sum of\n",
      "    r3[i] = input 2\n",
      "  row 2 (backward): sum of\n",
      "function predict: 7 instructions, 4 slots\n   0  %4: [T, D] in slot 0 = gather(embed, text)\n",
      "   3  %7: [D] in slot 1 = lanes(%5, %6), program=0    # sentiment.aq:12 sentiment.mean\n",
      ", of=T\n",
      ", value=1\n",
      "  output loss = %12\n",
      "  gradient of embed = %19 in the rows text\n"};
  for (size_t i = 0; i < RT_COUNT(lines); i++)
    if (!strstr(text, lines[i])) fail_msg("\"%s\" is not in\n%s", lines[i], text);
  rt_free(text);
  vm_module_free(s.m);
}

/* The bytes are copied to a block of exactly their size, so that a read beyond the end shows. */
static struct vm_module *read_copy(const char *bytes, size_t length, struct rt_error *e) {
  char *copy = malloc(length ? length : 1);
  memcpy(copy, bytes, length);
  struct vm_module *m = vm_module_read(copy, length, e);
  free(copy);
  return m;
}

static void test_truncation(void **state) {
  (void)state;
  struct rt_text bytes = sentence_bytes();
  for (size_t length = 0; length < bytes.length; length++) {
    struct rt_error e = {0};
    assert_null(read_copy(bytes.data, length, &e));
    assert_int_equal(e.code, RT_BAD_DATA);
    if (length < HEADER) continue;
    char *copy = malloc(length);
    memcpy(copy, bytes.data, length);
    fix_header(copy, length);
    rt_error_clear(&e);
    assert_null(read_copy(copy, length, &e));
    assert_int_equal(e.code, RT_BAD_DATA);
    free(copy);
  }
  rt_text_free(&bytes);
}

static void test_damage_is_noticed(void **state) {
  (void)state;
  struct rt_text bytes = sentence_bytes();
  for (size_t i = 0; i < bytes.length; i += i < 64 ? 1 : 37) {
    struct rt_error e = {0};
    bytes.data[i] ^= 4;
    assert_null(read_copy(bytes.data, bytes.length, &e));
    assert_int_equal(e.code, RT_BAD_DATA);
    bytes.data[i] ^= 4;
  }
  struct rt_error e = {0};
  rt_text_add(&bytes, "", 1);
  assert_null(read_copy(bytes.data, bytes.length, &e));
  assert_string_equal(e.text, "the bytecode is damaged: it is too long");
  rt_text_free(&bytes);
}

/* ---- bytes that lie, with a checksum that does not ---- */

static size_t allowed;
static void *modest(void *context, void *block, size_t size) {
  (void)context;
  if (size == 0) {
    free(block);
    return NULL;
  }
  return size <= allowed ? realloc(block, size) : NULL;
}

static void test_lies(void **state) {
  (void)state;
  struct rt_text bytes = sentence_bytes();
  struct rt_pool *pool = rt_pool_new(1, NULL);
  int accepted = 0, ran = 0;
  allowed = 1 << 20;
  rt_set_allocator(modest, NULL);
  srand(7);
  for (int n = 0; n < FLIPS; n++) {
    char *copy = malloc(bytes.length);
    memcpy(copy, bytes.data, bytes.length);
    for (int flips = 1 + rand() % 2; flips > 0; flips--) {
      size_t at = HEADER + (size_t)rand() % (bytes.length - HEADER);
      copy[at] = rand() % 2 ? (char)(copy[at] ^ 1 << rand() % 8) : (char)(copy[at] + rand() % 5 - 2);
    }
    fix_header(copy, bytes.length);
    struct rt_error e = {0};
    struct vm_module *m = vm_module_read(copy, bytes.length, &e);
    free(copy);
    if (!m) {
      assert_true(e.code == RT_BAD_DATA || e.code == RT_NO_MEMORY);
      continue;
    }
    accepted++;
    for (uint32_t f = 0; f < m->function_count; f++) ran += run_function(pool, m, &m->function[f]);
    rt_free(listing(m));
    vm_module_free(m);
  }
  rt_set_allocator(NULL, NULL);
  rt_pool_free(pool);
  rt_text_free(&bytes);
  assert_true(accepted > FLIPS / 20 && accepted < FLIPS);
  assert_true(ran > FLIPS / 20);
}

static struct ration memory;

static void test_no_memory(void **state) {
  (void)state;
  struct rt_text bytes = sentence_bytes();
  rt_set_allocator(ration_resize, &memory);
  bool done = false;
  for (int n = 0; n < 500 && !done; n++) {
    struct rt_error e = {0};
    struct rt_text out = {0};
    memory.left = n;
    struct vm_module *m = vm_module_read(bytes.data, bytes.length, &e);
    if (!m)
      assert_int_equal(e.code, RT_NO_MEMORY);
    else
      done = vm_module_write(m, &out, &e) == RT_OK;
    rt_text_free(&out);
    vm_module_free(m);
  }
  rt_set_allocator(NULL, NULL);
  rt_text_free(&bytes);
  assert_true(done);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_listing),
      cmocka_unit_test(test_truncation), cmocka_unit_test(test_damage_is_noticed),
      cmocka_unit_test(test_lies),       cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
