/* native_match.c: does a call fit what is declared? The same sizes must stand wherever the same name stands.
 */
#include "vm/native_match.h"

#include <string.h>

static bool bind(const struct vm_native_types *t, uint8_t number, vm_dim dim, vm_dim size[VM_NATIVE_SIZES]) {
  int64_t value;
  if (t->signature->size[number].value >= 0)
    return vm_dim_is_number(t->dims, dim, &value) && value == t->signature->size[number].value;
  if (size[number] == VM_NO_DIM) size[number] = dim;
  return size[number] == dim;
}

static bool match(const struct vm_native_types *t, const struct vm_native_type *wanted,
                  const struct vm_type *type, vm_dim size[VM_NATIVE_SIZES]) {
  bool ids = wanted->kind == VM_NATIVE_IDS;
  if (type->rank != wanted->rank || type->dtype != (ids ? RT_INT : RT_REAL)) return false;
  for (int a = 0; a < type->rank; a++)
    if (!bind(t, wanted->axis[a], type->dim[a], size)) return false;
  return !ids || (type->of != VM_NO_DIM && bind(t, wanted->of, type->of, size));
}

/* Element by element: all are of one type. */
static bool match_each(const struct vm_native_types *t, int *arg) {
  for (*arg = 0; *arg < t->signature->arg_count; ++*arg)
    if (!vm_type_equal(t->arg[*arg], t->result)) return false;
  *arg = -1;
  return t->result->dtype == RT_REAL;
}

bool vm_native_match(const struct vm_native_types *t, vm_dim size[VM_NATIVE_SIZES], int *arg) {
  bool batched = false;
  for (int k = 0; k < VM_NATIVE_SIZES; k++) size[k] = VM_NO_DIM;
  if (t->signature->each) return match_each(t, arg);
  for (*arg = 0; *arg < t->signature->arg_count; ++*arg) {
    if (!match(t, &t->signature->arg[*arg].type, t->arg[*arg], size)) return false;
    batched = batched || t->arg[*arg]->batched;
  }
  *arg = -1;
  return match(t, &t->signature->result, t->result, size) && t->result->batched == batched;
}

struct vm_type vm_native_received(const struct vm_native_types *t, int k) {
  struct vm_type type = *t->arg[k];
  type.batched = t->result->batched;
  return type;
}

int vm_native_real_at(const struct vm_native_signature *signature, int k) {
  int arg = 0;
  while (!vm_native_is_real(&signature->arg[arg].type) || k-- > 0) arg++;
  return arg;
}
