/* verify_parts.c: what the proofs of a module have in common. */
#include "vm/verify_parts.h"

#include <stdarg.h>
#include <stdio.h>

int verify_fail(struct verify *v, const char *format, ...) {
  char what[512];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  const char *op = v->n < v->f->instr_count && v->f->instr[v->n].op < OP_COUNT
                       ? rt_op_info[v->f->instr[v->n].op].name
                       : "end";
  return rt_fail(v->error, RT_BAD_DATA, "bad module: function %s, instruction %u (%s): %s", v->f->name, v->n,
                 op, what);
}

int verify_type(struct verify *v, const struct vm_type *type, const char *what) {
  const struct vm_dims *dims = &v->module->dims;
  bool fits = type->dtype <= RT_INT && type->batched <= 1 && type->rank <= RT_MAX_RANK;
  for (int a = 0; fits && a < type->rank; a++)
    fits = type->dim[a] < dims->poly_count && (type->batched || !vm_dim_is_ragged(dims, type->dim[a]));
  if (fits && type->of != VM_NO_DIM)
    fits = type->dtype == RT_INT && type->of < dims->poly_count
           && (type->batched || !vm_dim_is_ragged(dims, type->of));
  return fits ? RT_OK : rt_fail(v->error, RT_BAD_DATA, "bad module: %s has an impossible type", what);
}

bool verify_view(struct verify *v, const struct vm_type *a, const struct vm_type *b) {
  if (vm_type_equal(a, b)) return true;
  if (a->dtype != b->dtype || a->of != b->of || a->batched != b->batched) return false;
  vm_dim count = vm_type_elements(&v->dims, a);
  return count != VM_NO_DIM && count == vm_type_elements(&v->dims, b);
}
