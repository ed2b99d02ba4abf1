/* verify.c: proves functions safe to run, in one pass over each. What is proved here is what machine.c and
 * the kernels rely on.
 *
 * Values take turns in the slots. The pass remembers which value each slot holds now; a value may be
 * read only while its slot holds it. A value that no instruction writes is a view of whatever its slot held
 * when it was first read (see vm_value). */
#include "vm/verify_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- values ---- */

static int verify_value(struct verify *v, const struct vm_value *value, uint32_t number) {
  const struct vm_module *m = v->module;
  char what[64];
  snprintf(what, sizeof what, "value %u", number);
  int status = verify_type(v, &value->type, what);
  if (status != RT_OK) return status;
  bool fits = false;
  if (value->place == VM_IN_SLOT)
    fits = value->index < v->f->slot_count;
  else if (value->place == VM_IN_PARAM)
    fits = value->index < m->param_count && verify_view(v, &value->type, &m->param[value->index].type);
  else if (value->place == VM_IN_INPUT)
    fits = value->index < m->input_count && verify_view(v, &value->type, &m->input[value->index].type);
  else if (value->place == VM_IN_ARGUMENT)
    fits = value->index < v->f->argument_count && verify_view(v, &value->type, &v->f->argument[value->index]);
  return fits ? RT_OK
              : rt_fail(v->error, RT_BAD_DATA, "bad module: function %s: value %u has no place", v->f->name,
                        number);
}

/* May the value be read now? */
static int verify_read(struct verify *v, uint32_t number) {
  if (number >= v->f->value_count) return verify_fail(v, "there is no value %u", number);
  const struct vm_value *value = &v->f->value[number];
  if (value->place != VM_IN_SLOT) return RT_OK;
  uint32_t holder = v->holder[value->index];
  if (v->written[number])
    return holder == number
               ? RT_OK
               : verify_fail(v, "value %u is read after value %u took its place", number, holder);
  if (holder == UINT32_MAX) return verify_fail(v, "value %u is read before anything is written", number);
  if (v->seen_as[number] == UINT32_MAX) {
    if (!verify_view(v, &value->type, &v->f->value[holder].type))
      return verify_fail(v, "value %u is read as a view of value %u, which has another size", number, holder);
    v->seen_as[number] = holder;
  }
  return v->seen_as[number] == holder
             ? RT_OK
             : verify_fail(v, "value %u is read after value %u took its place", number, holder);
}

/* Outputs never overlap inputs, except an input of the same shape that the op's row says may be overwritten.
 */
static int verify_overlap(struct verify *v, const struct vm_instr *instr, uint32_t out) {
  const struct vm_value *written = &v->f->value[out];
  for (uint16_t k = 0; k < instr->in_count; k++) {
    const struct vm_value *in = &v->f->value[instr->in[k]];
    if (in->place != VM_IN_SLOT || in->index != written->index) continue;
    if (!vm_op_may_overwrite(instr->op, k) || !vm_type_equal(&in->type, &written->type))
      return verify_fail(v, "it writes value %u over value %u, which it reads", out, instr->in[k]);
  }
  return RT_OK;
}

static int verify_write(struct verify *v, const struct vm_instr *instr, uint16_t k) {
  uint32_t out = instr->out[k];
  if (out >= v->f->value_count) return verify_fail(v, "there is no value %u", out);
  const struct vm_value *value = &v->f->value[out];
  if (value->place != VM_IN_SLOT)
    return verify_fail(v, "it writes value %u, which does not lie in a slot", out);
  if (v->written[out] || v->seen_as[out] != UINT32_MAX)
    return verify_fail(v, "value %u is written twice, or after it was read", out);
  for (uint16_t other = 0; other < k; other++)
    if (v->f->value[instr->out[other]].index == value->index)
      return verify_fail(v, "two of its results are in one slot");
  return verify_overlap(v, instr, out);
}

/* ---- instructions ---- */

/* Numbers of things in the module. The signature checks the others. */
static int verify_attrs(struct verify *v, const struct vm_instr *instr) {
  for (int k = 0; k < vm_op_attr_count(instr->op); k++) {
    enum vm_attr_kind kind = vm_op_attr_kind(instr->op, k);
    int64_t value = instr->attr[k];
    if (kind == VM_ATTR_PLAN && (value < 0 || value >= v->module->attend_count))
      return verify_fail(v, "there is no plan %" PRId64, value);
    if (kind == VM_ATTR_NATIVE && (value < 0 || value >= v->module->native_count))
      return verify_fail(v, "there is no native function %" PRId64, value);
    if (kind == VM_ATTR_PROGRAM && (value < 0 || value >= v->module->lanes_count))
      return verify_fail(v, "there is no lane program %" PRId64, value);
  }
  return RT_OK;
}

static int verify_results(struct verify *v, const struct vm_instr *instr, const struct vm_type *const *arg) {
  if (instr->op == OP_call) return verify_native_call(v, instr, arg);
  if (rt_op_info[instr->op].flags & RT_NESTED) return verify_scan(v, instr, arg);
  const struct vm_function *f = v->f;
  const struct attend_plan *plan = rt_has_plan(instr->op) ? &v->module->attend[instr->attr[0]] : NULL;
  struct vm_mismatch mismatch;
  struct vm_type type;
  int results = vm_op_result_count(instr->op, plan);
  if (instr->out_count < 1 || (results >= 0 && instr->out_count != results))
    return verify_fail(v, "it has %d results", instr->out_count);
  const struct vm_op_call call = {.dims = &v->dims,
                                  .op = instr->op,
                                  .arg_count = instr->in_count,
                                  .arg = arg,
                                  .attr = instr->attr,
                                  .real = instr->real,
                                  .plan = plan,
                                  .given = &f->value[instr->out[0]].type,
                                  .mismatch = &mismatch};
  if (vm_signature_apply(&call, &type) != RT_OK) return verify_fail(v, "%s", mismatch.why);
  if (!vm_type_equal(&type, &f->value[instr->out[0]].type))
    return verify_fail(v, "its result has another type");
  if (results < 0) return verify_lanes(v);
  for (uint16_t k = 1; k < instr->out_count; k++) {
    if (vm_signature_result(&call, k, &type) != RT_OK) return verify_fail(v, "%s", mismatch.why);
    if (!vm_type_equal(&type, &f->value[instr->out[k]].type))
      return verify_fail(v, "its result %d has another type", k);
  }
  if (instr->op == OP_attention_grad && plan->score && !plan->score_grad)
    return verify_fail(v, "its plan does not say how scores are differentiated");
  return RT_OK;
}

static int verify_instr(struct verify *v, const struct vm_type **arg) {
  const struct vm_instr *instr = &v->f->instr[v->n];
  if (instr->op >= OP_COUNT || rt_op_info[instr->op].flags & (RT_FREE | RT_LANE))
    return verify_fail(v, "op %d is no instruction", instr->op);
  if ((instr->in_count && !instr->in) || (instr->out_count && !instr->out))
    return verify_fail(v, "its operands are missing");
  int status = verify_attrs(v, instr);
  for (uint16_t k = 0; k < instr->in_count && status == RT_OK; k++) {
    status = verify_read(v, instr->in[k]);
    if (status == RT_OK) arg[k] = &v->f->value[instr->in[k]].type;
  }
  for (uint16_t k = 0; k < instr->out_count && status == RT_OK; k++) status = verify_write(v, instr, k);
  if (status == RT_OK) status = verify_results(v, instr, arg);
  for (uint16_t k = 0; k < instr->out_count && status == RT_OK; k++) {
    v->written[instr->out[k]] = true;
    v->holder[v->f->value[instr->out[k]].index] = instr->out[k];
  }
  return status;
}

/* ---- functions ---- */

static int verify_gradient(struct verify *v, const struct vm_gradient *gradient) {
  if (gradient->param >= v->module->param_count)
    return verify_fail(v, "there is no parameter %u to have a gradient", gradient->param);
  int status = verify_read(v, gradient->value);
  if (status != RT_OK) return status;
  const struct vm_type *param = &v->module->param[gradient->param].type,
                       *value = &v->f->value[gradient->value].type;
  if (gradient->ids == UINT32_MAX)
    return verify_view(v, value, param) ? RT_OK
                                        : verify_fail(v, "the gradient of %s has another size",
                                                      v->module->param[gradient->param].name);
  status = verify_read(v, gradient->ids);
  if (status != RT_OK) return status;
  /* ids: [*r] of v, value: [*r, *d], parameter: [v, *d] */
  const struct vm_type *ids = &v->f->value[gradient->ids].type;
  bool fits = ids->dtype == RT_INT && value->dtype == RT_REAL && param->rank > 0 && ids->of == param->dim[0]
              && ids->batched == value->batched && value->rank == ids->rank + param->rank - 1;
  for (int a = 0; fits && a < value->rank; a++)
    fits = value->dim[a] == (a < ids->rank ? ids->dim[a] : param->dim[a - ids->rank + 1]);
  return fits ? RT_OK
              : verify_fail(v, "the gradient of rows of %s does not fit it",
                            v->module->param[gradient->param].name);
}

static int verify_end(struct verify *v) {
  int status = RT_OK;
  v->n = v->f->instr_count;
  for (uint32_t i = 0; i < v->f->output_count && status == RT_OK; i++)
    status = v->f->output_name[i] ? verify_read(v, v->f->output[i]) : verify_fail(v, "an output has no name");
  for (uint32_t i = 0; i < v->f->gradient_count && status == RT_OK; i++)
    status = verify_gradient(v, &v->f->gradient[i]);
  return status;
}

static bool function_complete(const struct vm_function *f) {
  return f->name && (f->argument || !f->argument_count) && (f->value || !f->value_count)
         && (f->instr || !f->instr_count) && (f->output || !f->output_count)
         && (f->output_name || !f->output_count) && (f->gradient || !f->gradient_count)
         && f->slot_count <= f->value_count;
}

static int verify_body(struct verify *v, const struct vm_type **arg) {
  int status = RT_OK;
  memset(v->holder, 0xFF, v->f->slot_count * sizeof *v->holder);
  memset(v->seen_as, 0xFF, v->f->value_count * sizeof *v->seen_as);
  for (uint32_t i = 0; i < v->f->argument_count && status == RT_OK; i++)
    status = verify_type(v, &v->f->argument[i], "an argument");
  for (uint32_t i = 0; i < v->f->value_count && status == RT_OK; i++)
    status = verify_value(v, &v->f->value[i], i);
  for (v->n = 0; v->n < v->f->instr_count && status == RT_OK; v->n += status == RT_OK)
    status = verify_instr(v, arg);
  return status == RT_OK ? verify_end(v) : status;
}

static int verify_function(struct verify *v, const struct vm_function *f) {
  if (!function_complete(f)) return rt_fail(v->error, RT_BAD_DATA, "bad module: a function is incomplete");
  uint32_t most = 0;
  for (uint32_t i = 0; i < f->instr_count; i++)
    most = f->instr[i].in_count > most ? f->instr[i].in_count : most;
  v->f = f;
  v->holder = rt_zalloc(f->slot_count, sizeof *v->holder);
  v->seen_as = rt_zalloc(f->value_count, sizeof *v->seen_as);
  v->written = rt_zalloc(f->value_count, sizeof *v->written);
  const struct vm_type **arg = rt_zalloc(most, sizeof *arg);
  int status = v->holder && v->seen_as && v->written && arg ? verify_body(v, arg) : rt_no_memory(v->error);
  rt_free(v->holder);
  rt_free(v->seen_as);
  rt_free(v->written);
  rt_free(arg);
  return status;
}

int vm_verify(const struct vm_module *module, struct rt_error *error) {
  struct verify v = {.module = module, .error = error};
  if (vm_dims_branch(&v.dims, &module->dims) != RT_OK) return rt_no_memory(error);
  int status = verify_module_parts(&v);
  for (uint32_t i = 0; i < module->function_count && status == RT_OK; i++)
    status = verify_function(&v, &module->function[i]);
  if (status == RT_OK) status = verify_continuing(&v);
  vm_dims_free(&v.dims);
  return status;
}
