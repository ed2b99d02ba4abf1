/* fuzz_extern.c: descriptors of native functions, and declarations, of any bytes. Nothing is called.
 *
 * The first three bytes say which fields of a descriptor are odd; then come, parted by NUL bytes, the
 * signature that is declared, the one that the descriptor has, and the name that it has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <aq.h>

#include "runtime/base.h"
#include "tests/fuzz/fuzz.h"
#include "vm/aq_extern.h"
#include "vm/native_library.h"

static void no_code(void) { abort(); }

/* A part of the input as a text of its own; data and size are what is left. */
static char *take_text(const uint8_t **data, size_t *size) {
  const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
  size_t length = end ? (size_t)(end - *data) : *size;
  char *text = malloc(length + 1);
  if (!text) abort();
  if (length) memcpy(text, *data, length);
  text[length] = 0;
  *data += length + (end != NULL);
  *size -= length + (end != NULL);
  return text;
}

/* What was read is within its limits. */
static void look_at(const struct vm_native_signature *s) {
  if (s->arg_count > VM_NATIVE_ARGS || s->size_count > VM_NATIVE_SIZES) abort();
  for (int k = -1; k < s->arg_count; k++) {
    const struct vm_native_type *type = k < 0 ? &s->result : &s->arg[k].type;
    if (type->rank > RT_MAX_RANK) abort();
    for (int a = 0; a < type->rank; a++)
      if (type->axis[a] >= s->size_count) abort();
    if (type->kind == VM_NATIVE_IDS && type->of >= s->size_count) abort();
  }
}

static void check_descriptor(const uint8_t odd[3], const struct vm_native *native, const char *says,
                             const char *name) {
  const aq_extern_descriptor d = {odd[0] & 1 ? odd[1] : sizeof d,
                                  odd[0] & 2 ? (int)odd[1] << 24 : AQ_EXTERN_VERSION,
                                  odd[0] & 4 ? (int)odd[2] << 24 | odd[1] : native->is_gradient,
                                  odd[0] & 8    ? NULL
                                  : odd[0] & 16 ? name
                                                : native->name,
                                  odd[0] & 32 ? NULL : says,
                                  odd[0] & 64 ? NULL : no_code,
                                  odd[0] & 128 ? no_code : NULL};
  struct rt_error error = {0};
  struct vm_native_signature parsed;
  int status = vm_native_check_descriptor(native, &d, &error);
  if (status == RT_OK && (vm_native_parse(says, &parsed, NULL) || !vm_native_same(&parsed, native->parsed)))
    abort();
  if (status != RT_OK && (status != RT_BAD_DATA || !error.text[0])) abort();
}

static void check_program(const char *declared) {
  char text[600];
  aq_program *program = NULL;
  snprintf(text, sizeof text, "dim D = 4\nextern fn f%.500s from \"lib.so\" with gradient g\n", declared);
  if (aq_program_new("fuzz.aq", text, strlen(text), NULL, &program) == AQ_OK) aq_program_check(program);
  const aq_message *message = aq_program_message(program);
  if (message->code && (message->code != AQ_BAD_DATA || !message->text[0])) abort();
  aq_program_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t usual[3] = {0};
  uint8_t odd[3];
  struct vm_native_signature parsed;
  if (size < 4) return -1;
  memcpy(odd, data, 3);
  data += 3, size -= 3;
  char *declared = take_text(&data, &size), *says = take_text(&data, &size), *name = take_text(&data, &size);
  struct rt_error error = {0};
  struct vm_native native = {.name = "f",
                             .signature = declared,
                             .library = odd[2] & 1 ? "lib.so" : NULL,
                             .is_gradient = odd[2] & 2,
                             .gradient = UINT32_MAX,
                             .file = "fuzz.aq",
                             .line = 1};
  native.parsed = &parsed;
  if (vm_native_parse(declared, &parsed, &error) == RT_OK) {
    look_at(&parsed);
    check_descriptor(odd, &native, says, name);
    check_descriptor(usual, &native, declared, name);
  } else if (!error.text[0]) {
    abort();
  }
  check_program(declared);
  free(declared);
  free(says);
  free(name);
  return 0;
}
