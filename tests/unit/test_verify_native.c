/* test_verify_native.c: calls of native functions that a hostile module may have: every single thing that
 * does not fit the declaration is refused. */
#include "libaq/internal.h"
#include "tests/unit/libaq_files.h"

static const char program[] =
    "dim D = 4, W = 5\n"
    "extern fn blur(x: [T, D], by: number) -> [T, D] from \"l.so\" with gradient blur_grad\n"
    "extern fn other(ids: [T] of V) -> [T] of W from \"l.so\"\n"
    "extern fn twice(x: number) -> number from \"l.so\" with gradient twice_grad\n"
    "data { text: words[T, V], label: class[C] }\n"
    "model m(text) -> label {\n"
    "  x = blur(embed(text, D), param[] = 1) + embed(other(text), D)\n"
    "  return linear(twice(mean(x, T)), C)\n"
    "}\n";

static struct vm_module *module;

/* Call number n of the function. */
static struct vm_instr *call_of(const char *function, int n) {
  const struct vm_function *f = vm_module_function(module, function);
  for (uint32_t k = 0; k < f->instr_count; k++)
    if (f->instr[k].op == OP_call && n-- == 0) return &f->instr[k];
  fail_msg("%s has no such call", function);
  return NULL;
}
static struct vm_type *type_of(const char *function, uint32_t value) {
  return &((struct vm_function *)(uintptr_t)vm_module_function(module, function))->value[value].type;
}
static uint32_t number_of(const char *name) {
  for (uint32_t k = 0; k < module->native_count; k++)
    if (!strcmp(module->native[k].name, name)) return k;
  fail_msg("there is no %s", name);
  return 0;
}

static aq_model *made(void) {
  aq_program *source = program_of(program);
  aq_model *model;
  assert_int_equal(aq_model_compile(source, &model), AQ_OK);
  aq_program_free(source);
  module = model->module;
  return model;
}

static void refused(aq_model *model, const char *why) {
  struct rt_error error = {0};
  assert_int_equal(vm_verify(module, &error), RT_BAD_DATA);
  if (!strstr(error.text, why)) fail_msg("\"%s\" is not in \"%s\"", why, error.text);
  aq_model_free(model);
}
#define REFUSED(why, ...)                                                                                    \
  do {                                                                                                       \
    aq_model *broken = made();                                                                               \
    __VA_ARGS__;                                                                                             \
    refused(broken, why);                                                                                    \
  } while (0)

static void test_calls(void **state) {
  (void)state;
  aq_model *model = made();
  struct rt_error error = {0};
  assert_int_equal(vm_verify(module, &error), RT_OK);
  aq_model_free(model);
  const char *p = "predict", *t = "train";
  REFUSED("there is no native function 99", call_of(p, 0)->attr[0] = 99);
  REFUSED("there is no native function -1", call_of(p, 0)->attr[0] = -1);
  REFUSED("operands and", call_of(p, 0)->attr[0] = number_of("twice"));
  REFUSED("operands and", call_of(p, 0)->attr[0] = number_of("blur_grad"));
  REFUSED("", call_of(p, 0)->in_count = 1);
  REFUSED("", call_of(p, 0)->out_count = 0);
  /* The result is larger than what it is made of, or of another kind. */
  REFUSED("", type_of(p, call_of(p, 0)->out[0])->dim[1] = type_of(p, call_of(p, 0)->out[0])->dim[0]);
  REFUSED("", type_of(p, call_of(p, 0)->out[0])->rank = 1);
  REFUSED("", type_of(p, call_of(p, 0)->out[0])->batched = 0);
  REFUSED("", call_of(t, 0)->attr[0] = number_of("twice_grad"));
}

static void test_table(void **state) {
  (void)state;
  REFUSED("native function", module->native[0].name = NULL);
  REFUSED("native function", module->native[0].signature = NULL);
  REFUSED("native function", module->native[0].parsed = NULL);
  REFUSED("native function", module->native[0].file = NULL);
  REFUSED("native function", module->native[0].library = "");
  REFUSED("native function", module->native[number_of("blur")].gradient = 99);
  REFUSED("native function", module->native[number_of("blur")].gradient = number_of("twice_grad"));
  REFUSED("native function", module->native[number_of("blur")].gradient = number_of("other"));
  REFUSED("native function", module->native[number_of("blur_grad")].gradient = number_of("blur_grad"));
}

/* What was written is read as it was, but for the folder of the library. */
static void test_bytes(void **state) {
  (void)state;
  aq_model *model = made();
  struct rt_text bytes = {0};
  struct rt_error error = {0};
  assert_int_equal(vm_module_write(module, &bytes, &error), RT_OK);
  struct vm_module *again = vm_module_read(bytes.data, bytes.length, &error);
  assert_non_null(again);
  assert_int_equal(again->native_count, module->native_count);
  for (uint32_t k = 0; k < again->native_count; k++) {
    assert_string_equal(again->native[k].name, module->native[k].name);
    assert_string_equal(again->native[k].signature, module->native[k].signature);
    assert_string_equal(again->native[k].library, "l.so");
    assert_int_equal(again->native[k].gradient, module->native[k].gradient);
    assert_null(again->native[k].path);
    assert_true(vm_native_same(again->native[k].parsed, module->native[k].parsed));
  }
  vm_module_free(again);
  rt_text_free(&bytes);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_calls), cmocka_unit_test(test_table),
                                     cmocka_unit_test(test_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
