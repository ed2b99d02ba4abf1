/* native_check.c: may the native functions of a module be called? */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "vm/native_library.h"
#include "vm/scan_operands.h"

int vm_native_fail(const struct vm_native *native, struct rt_error *error, int code, const char *format,
                   ...) {
  char what[900];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  return rt_fail_at(error, code, (struct rt_place){native->file, native->line, native->column}, "%s", what);
}

int vm_native_refuse(const struct vm_native *native, struct rt_error *error) {
  if (!native->library) {
    vm_native_fail(native, error, RT_BAD_DATA,
                   "no library is named for the extern `%s`, and this host has no such function",
                   native->name);
    rt_hint(error, "a function of a library is declared with `from \"./lib.so\"` behind its result; a host "
                   "registers its own (aq_extern_register)");
    return RT_BAD_DATA;
  }
  vm_native_fail(native, error, RT_NOT_ALLOWED,
                 "`%s` is native code of %s, and that library is not allowed to run", native->name,
                 native->library);
  char *path = native->path ? realpath(native->path, NULL) : NULL;
  if (path)
    rt_hint(error, "if you trust it, add the option allow_ffi = %s", path);
  else if (native->missed)
    rt_hint(error, "what the option allow_ffi names is not, and does not have, a file %s", native->library);
  else
    rt_hint(error,
            "if you trust it, add the option allow_ffi and where it is: the option allow_ffi = FOLDER/%s",
            native->library);
  free(path);
  return RT_NOT_ALLOWED;
}

int vm_natives_allowed(const struct vm_module *module, struct rt_error *error) {
  const struct vm_native *refused = NULL;
  for (uint32_t k = 0; k < module->native_count; k++) {
    const struct vm_native *native = &module->native[k];
    bool may = native->code.f32 || native->code.f64;
    if (!may && (!refused || refused->is_gradient))
      refused = native; /* rather the function than its gradient */
  }
  return refused ? vm_native_refuse(refused, error) : RT_OK;
}

static int check(const struct vm_native *native, enum rt_precision precision, struct rt_error *error) {
  if (precision == RT_F64 ? native->code.f64 : native->code.f32) return RT_OK;
  if (!native->code.f32 && !native->code.f64) return vm_native_refuse(native, error);
  const char *wanted = precision == RT_F64 ? "double" : "float";
  vm_native_fail(native, error, RT_USAGE,
                 "`%s` has no function for %s numbers, as they are computed with here", native->name, wanted);
  if (!native->library)
    rt_hint(error, "the host registers functions for float and double numbers: f32 and f64 of "
                   "aq_extern_functions");
  else if (precision == RT_F64)
    rt_hint(error, "gradcheck and the option precision = f64 need one: the last argument of AQ_EXTERN");
  else
    rt_hint(error, "the option precision = f64 computes with double numbers; a function for float is the "
                   "argument before "
                   "the last of AQ_EXTERN");
  return RT_USAGE;
}

/* Bodies of recurrences are earlier functions of the module. */
int vm_natives_ready(const struct vm_module *module, const struct vm_function *f, enum rt_precision precision,
                     struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t n = 0; n < f->instr_count && status == RT_OK && module->native_count; n++) {
    const struct vm_instr *instr = &f->instr[n];
    if (instr->op == OP_call) status = check(&module->native[instr->attr[0]], precision, error);
    if (instr->op == OP_scan || instr->op == OP_scan_grad)
      status = vm_natives_ready(module, &module->function[instr->attr[SCAN_BODY]], precision, error);
    if (instr->op == OP_scan_grad && status == RT_OK)
      status = vm_natives_ready(module, &module->function[instr->attr[SCAN_GRAD_GRADIENT]], precision, error);
  }
  return status;
}
