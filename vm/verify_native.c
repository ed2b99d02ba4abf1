/* verify_native.c: native functions, and calls of them. What is proved is that the function is given and
 * gives what its signature says, so that one which keeps to its own signature reads and writes within its
 * tensors. */
#include "vm/native_match.h"
#include "vm/verify_parts.h"

#include <string.h>

int verify_native(struct verify *v, uint32_t number) {
  const struct vm_module *m = v->module;
  const struct vm_native *native = &m->native[number];
  bool fits = native->name && native->name[0] && native->signature && native->parsed && native->file
              && (!native->library || native->library[0]);
  if (fits && native->gradient != UINT32_MAX) {
    const struct vm_native *gradient =
        native->gradient < m->native_count ? &m->native[native->gradient] : NULL;
    fits = !native->is_gradient && gradient && gradient->is_gradient && gradient->signature
           && !strcmp(gradient->signature, native->signature);
  }
  return fits ? RT_OK : rt_fail(v->error, RT_BAD_DATA, "bad module: native function %u", number);
}

static int verify_gradient_call(struct verify *v, const struct vm_instr *instr,
                                const struct vm_native_types *types, const struct vm_type *const *arg) {
  int args = types->signature->arg_count;
  if (!vm_type_equal(arg[args + 1], arg[args]))
    return verify_fail(v, "what its result receives has another type");
  if (instr->out_count != vm_native_real_count(types->signature))
    return verify_fail(v, "it has %u results", instr->out_count);
  for (uint16_t k = 0; k < instr->out_count; k++) {
    struct vm_type type = vm_native_received(types, vm_native_real_at(types->signature, k));
    if (!vm_type_equal(&type, &v->f->value[instr->out[k]].type))
      return verify_fail(v, "its result %u has another type", k);
  }
  return RT_OK;
}

int verify_native_call(struct verify *v, const struct vm_instr *instr, const struct vm_type *const *arg) {
  const struct vm_native *native = &v->module->native[instr->attr[0]];
  const struct vm_native_signature *s = native->parsed;
  vm_dim size[VM_NATIVE_SIZES];
  int wrong;
  if (instr->in_count != s->arg_count + 2 * native->is_gradient || instr->out_count < 1)
    return verify_fail(v, "it has %u operands and %u results", instr->in_count, instr->out_count);
  const struct vm_native_types types = {.dims = &v->dims,
                                        .signature = s,
                                        .arg = arg,
                                        .result = native->is_gradient ? arg[s->arg_count]
                                                                      : &v->f->value[instr->out[0]].type};
  if (!vm_native_match(&types, size, &wrong))
    return wrong < 0 ? verify_fail(v, "its result is not what `%s` gives", native->name)
                     : verify_fail(v, "its operand %d is not what `%s` takes", wrong, native->name);
  if (native->is_gradient) return verify_gradient_call(v, instr, &types, arg);
  return instr->out_count == 1 ? RT_OK : verify_fail(v, "it has %u results", instr->out_count);
}
