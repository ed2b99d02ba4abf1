/* blame.c: finds the op whose result is the first that is no longer a number, and says where in the source it
 * comes from. */
#include "vm/machine_parts.h"

#include <math.h>
#include <string.h>

static bool is_finite(const struct vm_machine *machine, const struct rt_tensor *tensor, bool minus_infinity) {
  bool bad = false;
  for (int64_t i = 0; i < tensor->shape->count; i++) {
    double x = machine->real_bytes == sizeof(double) ? ((const double *)tensor->data)[i]
                                                     : (double)((const float *)tensor->data)[i];
    bad |= !isfinite(x) && !(minus_infinity && x < 0);
  }
  return !bad;
}

/* What comes from outside is looked at first: an op that only passes it on is not to blame. */
static int blame_outside(const struct vm_machine *machine, struct rt_error *error) {
  const struct vm_module *module = machine->module;
  const struct vm_function *f = machine->function;
  for (uint32_t v = 0; v < f->value_count; v++) {
    const struct vm_value *value = &f->value[v];
    uint32_t place = machine->value_place[v];
    if (value->place == VM_IN_SLOT || value->type.dtype != RT_REAL || !machine->used[place - f->slot_count]
        || machine_placed_at(machine, v)) /* made by earlier steps */
      continue;
    struct rt_tensor tensor = vm_machine_value(machine, v);
    if (!is_finite(machine, &tensor, false))
      return value->place == VM_IN_PARAM
                 ? rt_fail(error, RT_NOT_FINITE, "the parameter %s is no longer finite",
                           module->param[value->index].name)
                 : rt_fail(error, RT_NOT_FINITE, "the input %s is not finite",
                           module->input[value->index].name);
  }
  return RT_OK;
}

/* The example whose part of the tensor has the first number that is not finite, from 1. */
static int64_t example_of(const struct vm_machine *machine, const struct rt_tensor *tensor) {
  const struct rt_shape *s = tensor->shape;
  for (int64_t e = 0; e < s->examples; e++)
    for (int64_t i = rt_offset(s, e), end = i + rt_extent(s, 0, s->rank, e); i < end; i++)
      if (!isfinite(machine->real_bytes == sizeof(double) ? ((const double *)tensor->data)[i]
                                                          : (double)((const float *)tensor->data)[i]))
        return e + 1;
  return 0;
}

static int first_found(const struct vm_machine *machine, uint32_t n, uint16_t k, struct rt_error *error) {
  const struct vm_instr *instr = &machine->function->instr[n];
  const struct vm_native *native = instr->op == OP_call ? &machine->module->native[instr->attr[0]] : NULL;
  if (!native)
    return machine_fail(machine, n, error, RT_NOT_FINITE,
                        "the first number that is not finite is computed here");
  machine_fail(machine, n, error, RT_NOT_FINITE,
               "the native function `%s`%s%s gives the first number that is not finite", native->name,
               native->library ? " of " : "", native->library ? native->library : "");
  if (error) error->example = example_of(machine, &machine->call[n].call.out[k]);
  return RT_NOT_FINITE;
}

static int blame(struct vm_machine *machine, uint64_t seed, struct rt_error *error) {
  const struct vm_function *f = machine->function;
  int status = machine_start(machine, error);
  if (status == RT_OK) status = blame_outside(machine, error);
  for (uint32_t n = 0; n < f->instr_count && status == RT_OK; n++) {
    struct machine_call *call = &machine->call[n];
    status = machine_call_run(machine, n, seed, error);
    for (uint16_t k = 0; k < f->instr[n].out_count && status == RT_OK; k++) {
      bool infinite = vm_op_may_be_infinite(f->instr[n].op, k);
      if (f->value[f->instr[n].out[k]].type.dtype == RT_REAL
          && !machine_placed_at(machine, f->instr[n].out[k])
          && !is_finite(machine, &call->call.out[k], infinite))
        status = first_found(machine, n, k, error);
    }
  }
  return status;
}

/* With all values: those that were kept from earlier runs stand for others. */
int vm_machine_blame(struct vm_machine *machine, uint64_t seed, struct rt_error *error) {
  struct machine_words *words = machine->words;
  machine->words = NULL;
  const int status = blame(machine, seed, error);
  machine->words = words;
  return status;
}
