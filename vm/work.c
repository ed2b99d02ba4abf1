/* work.c */
#include "vm/work.h"

#include "vm/machine_parts.h"
#include "vm/scan_operands.h"

/* Of a product: two matrices, and what is added to. */
enum { MOST_OPERANDS = 3 };

/* ---- products ---- */

/* All combinations of the axes in one example: m k n of [m, k] times [k, n]. */
static double combinations(const struct vm_machine *machine, const vm_dim *dim, int count, int64_t example) {
  int64_t *size = machine->shapes.example;
  double product = 1;
  for (size_t r = 0; r < machine->shapes.ragged_count; r++)
    size[machine->shapes.ragged[r].number] = machine->shapes.ragged[r].each[example];
  for (int n = 0; n < count; n++) {
    int64_t one = 0;
    vm_dim_value(machine->shapes.dims, dim[n], size, &one, NULL);
    product *= (double)one;
  }
  return product;
}

static double product_flops(const struct vm_machine *machine, const struct vm_instr *instr) {
  const struct vm_type *arg[MOST_OPERANDS];
  vm_dim dim[VM_MOST_COMBINED];
  bool batched = false;
  for (int k = 0; k < instr->in_count && k < MOST_OPERANDS; k++) {
    arg[k] = &machine->function->value[instr->in[k]].type;
    batched = batched || arg[k]->batched;
  }
  const struct vm_op_call call = {.dims = (struct vm_dims *)(uintptr_t)machine->shapes.dims,
                                  .op = instr->op,
                                  .arg_count = instr->in_count,
                                  .arg = arg,
                                  .attr = instr->attr};
  const int count = vm_signature_combined(&call, dim);
  double all = 0;
  for (int64_t e = 0; e < (batched ? machine->shapes.examples : 1); e++)
    all += combinations(machine, dim, count, e);
  return 2 * all;
}

/* Each number of y, [m, n, f], is a sum over the rows of the matrix, [k, f]. */
static double convolution_flops(const struct vm_machine *machine, const struct vm_instr *instr) {
  const bool grad = instr->op == OP_convolve_grad;
  const struct rt_shape *filter = vm_machine_value(machine, grad ? instr->out[0] : instr->in[1]).shape;
  const uint32_t y = instr->op == OP_convolve ? instr->out[0] : instr->in[grad];
  return 2 * (double)vm_machine_value(machine, y).shape->count * (double)filter->size[0];
}

static bool convolves(enum rt_op op) {
  return op == OP_convolve || op == OP_convolve_back || op == OP_convolve_grad;
}

/* ---- heads ---- */

static double role_size(const struct attend_operand *operand, const struct rt_shape *shape, uint8_t role,
                        int64_t example) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return (double)rt_size(shape, a, example);
  return 1;
}

/* The products of a head: s = q k and y = a v; backwards s again, then dv, da, dq, dk. */
static double attention_flops(const struct vm_machine *machine, const struct vm_instr *instr) {
  const struct attend_plan *plan = &machine->module->attend[instr->attr[0]];
  const struct rt_shape *query = vm_machine_value(machine, instr->in[0]).shape,
                        *key = vm_machine_value(machine, instr->in[1]).shape;
  const bool weights = instr->op == OP_attention_weights;
  const struct rt_shape *value = weights ? key : vm_machine_value(machine, instr->in[2]).shape;
  const double lanes = plan->score ? plan->score->instr_count : 0;
  double all = 0;
  for (int64_t e = 0; e < machine->shapes.examples; e++) {
    const double values = weights ? 0 : role_size(&plan->value, value, ATTEND_FEATURE, e),
                 width = role_size(&plan->query, query, ATTEND_FEATURE, e);
    const double each = instr->op == OP_attention_grad ? 3 * width + 2 * values : width + values;
    const double pairs = role_size(&plan->query, query, ATTEND_H, e)
                         * role_size(&plan->query, query, ATTEND_I, e)
                         * role_size(&plan->key, key, ATTEND_J, e);
    all += pairs * (2 * each + lanes);
  }
  return all;
}

/* ---- all of them ---- */

double vm_function_flops(const struct vm_machine *machine) {
  double flops = 0;
  for (uint32_t n = 0; machine && n < machine->function->instr_count; n++)
    flops += vm_machine_flops(machine, n);
  return flops;
}

/* Forwards each step runs the body. Backwards each step runs the body's gradient, and where states were not
 * kept, also the body twice (vm/scan_operands.h). Bodies are bound to the whole batch, of which an example
 * takes part in as many steps as it has. With blocks they are bound to the first one. */
static double scan_flops(const struct vm_machine *machine, uint32_t instr) {
  const struct vm_machine *body = vm_machine_body(machine, instr, false);
  const struct rt_shape *rows = vm_machine_value(machine, machine->function->instr[instr].in[1]).shape;
  const bool grad = machine->function->instr[instr].op == OP_scan_grad,
             blocks = machine->function->instr[instr].attr[grad ? SCAN_GRAD_ROWS : SCAN_ROWS];
  double steps = 0, first = 0, once = vm_function_flops(body);
  for (int64_t e = 0; e < machine->shapes.examples; e++) {
    const int64_t count = rt_size(rows, 0, e);
    steps += (double)count;
    first += !blocks ? 1 : (double)(count < SCAN_BLOCK ? count : SCAN_BLOCK);
  }
  steps /= first > 0 ? first : 1;
  if (!grad) return steps * once;
  double again = !blocks && body->function->output_count > 1 ? 2 * once : 0;
  return steps * (again + vm_function_flops(vm_machine_body(machine, instr, true)));
}

double vm_machine_flops(const struct vm_machine *machine, uint32_t n) {
  const struct vm_instr *instr = &machine->function->instr[n];
  const int flags = rt_op_info[instr->op].flags;
  if (rt_has_plan(instr->op)) return attention_flops(machine, instr);
  if (instr->op == OP_call) return 0;
  if (flags & RT_NESTED) return scan_flops(machine, n);
  if (flags & RT_MULTIPLIES) return product_flops(machine, instr);
  if (convolves(instr->op)) return convolution_flops(machine, instr);
  const bool lanes = vm_op_attr_kind(instr->op, 0) == VM_ATTR_PROGRAM;
  return (double)vm_machine_value(machine, instr->out[0]).shape->count
         * (lanes ? machine->module->lanes[instr->attr[0]].instr_count : 1);
}

static double operand_bytes(const struct vm_machine *machine, uint32_t value) {
  return (double)vm_machine_value(machine, value).shape->count
         * (double)machine_element_bytes(machine, &machine->function->value[value].type);
}

double vm_machine_traffic(const struct vm_machine *machine, uint32_t n) {
  const struct vm_instr *instr = &machine->function->instr[n];
  double bytes = 0;
  for (uint16_t k = 0; k < instr->in_count; k++) bytes += operand_bytes(machine, instr->in[k]);
  for (uint16_t k = 0; k < instr->out_count; k++) bytes += operand_bytes(machine, instr->out[k]);
  return bytes;
}

/* ---- which function trains ---- */

/* Of a batch of these sizes; -1: it cannot be bound. */
static double batch_flops(const struct vm_module *module, const struct vm_function *function,
                          int64_t examples, const int64_t *const *ragged, struct rt_pool *pool) {
  struct vm_machine *machine = vm_machine_measuring(module, function, RT_F32, pool, NULL);
  const bool bound = machine && vm_machine_bind(machine, examples, ragged, NULL) == RT_OK;
  const double flops = bound ? vm_function_flops(machine) : -1;
  vm_machine_free(machine);
  return flops;
}

const struct vm_function *vm_training_function(const struct vm_module *module, int64_t examples,
                                               const int64_t *const *ragged, struct rt_pool *pool) {
  const struct vm_function *few = vm_module_function(module, "train"),
                           *many = vm_module_function(module, VM_TRAIN_MANY);
  if (!many) return few;
  const double less = batch_flops(module, many, examples, ragged, pool);
  return less >= 0 && less < batch_flops(module, few, examples, ragged, pool) ? many : few;
}
