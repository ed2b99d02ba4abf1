/* module.c: modules in memory: freeing, finding, types. */
#include "vm/native_library.h"

#include <string.h>

vm_dim vm_type_elements(struct vm_dims *dims, const struct vm_type *type) {
  return vm_dim_product(dims, type->dim, type->rank);
}

int vm_operand_axis(const struct attend_operand *operand, uint8_t role) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return a;
  return -1;
}

vm_dim vm_input_dim(const struct vm_input *input, int axis) {
  const struct io_kind *kind = input->column && !input->matched ? input->column->kind : NULL;
  if (!kind) return VM_NO_DIM;
  enum io_axis_means means = kind->axis[axis].means;
  if (means == IO_ENTRIES) return input->type.of;
  return (means == IO_WIDTH || means == IO_MEMBERS) && axis < input->type.rank ? input->type.dim[axis]
                                                                               : VM_NO_DIM;
}

int vm_input_axis(const struct vm_dims *dims, const struct vm_input *input, int64_t symbol) {
  for (int a = 0; a < IO_MOST_AXES; a++) {
    vm_dim dim = vm_input_dim(input, a);
    if (dim != VM_NO_DIM && vm_dim_as_symbol(dims, dim) == symbol) return a;
  }
  return -1;
}

struct vm_module *vm_module_new(void) {
  struct vm_module *module = rt_zalloc(1, sizeof *module);
  if (module && vm_dims_init(&module->dims) == RT_OK) return module;
  rt_free(module);
  return NULL;
}

struct vm_module *vm_module_share(struct vm_module *module) {
  __atomic_add_fetch(&module->sharers, 1, __ATOMIC_RELAXED);
  return module;
}

void vm_module_free(struct vm_module *module) {
  if (!module || __atomic_fetch_sub(&module->sharers, 1, __ATOMIC_ACQ_REL) > 0) return;
  vm_natives_close(module);
  vm_dims_free(&module->dims);
  rt_arena_free(&module->arena);
  rt_free(module);
}

const struct vm_function *vm_module_function(const struct vm_module *module, const char *name) {
  for (uint32_t i = 0; i < module->function_count; i++)
    if (strcmp(module->function[i].name, name) == 0) return &module->function[i];
  return NULL;
}

int vm_module_weight(const struct vm_module *module) {
  for (uint32_t i = 0; i < module->input_count; i++)
    if (module->input[i].column && module->input[i].column->kind->weighs) return (int)i;
  return -1;
}

bool vm_type_equal(const struct vm_type *a, const struct vm_type *b) {
  if (a->dtype != b->dtype || a->batched != b->batched || a->rank != b->rank || a->of != b->of) return false;
  return a->rank == 0 || memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0;
}

void vm_type_print(const struct vm_dims *dims, const struct vm_type *t, struct rt_text *out) {
  rt_text_puts(out, "[");
  for (int a = 0; a < t->rank; a++) {
    rt_text_puts(out, a ? ", " : "");
    vm_dim_print(dims, t->dim[a], out);
  }
  rt_text_puts(out, "]");
  if (t->dtype != RT_INT) return;
  rt_text_puts(out, " of ");
  if (t->of == VM_NO_DIM)
    rt_text_puts(out, "whole numbers");
  else
    vm_dim_print(dims, t->of, out);
}

int vm_module_output(const struct vm_module *module, const char *name) {
  for (uint32_t o = 0; o < module->output_count; o++)
    if (!strcmp(module->output[o].name, name)) return (int)o;
  return -1;
}
