/* machine_check.c: what only sizes and data tell: a part lies within its whole, heads divide, ids are within
 * their range.
 *
 * A checked program never fails here. The compiler has proven what it asks of sizes, or has listed it in the
 * module (vm/requirement.h), and the reader of rows has checked the list. But the machine does not trust the
 * list: a file of bytecode may lack entries or have wrong ones, and a host may bind any sizes. Those meet the
 * checks below, and those of shapes.c and dims_value.c, before a kernel does. Batches that are too large for
 * memory or for BLAS end there too. */
#include "vm/machine_parts.h"

#include <inttypes.h>

/* ---- at bind ---- */

/* One for each op with RT_SIZED, bound to its row by name. */
typedef int size_check(const struct vm_machine *machine, uint32_t n, struct rt_error *error);
#define OP(name, ...) size_check machine_check_##name;
#include "runtime/ops.def"

static size_check *const checks[OP_COUNT] = {
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  [OP_##name] = ((flags)&RT_SIZED) ? machine_check_##name : NULL,
#include "runtime/ops.def"
};

int machine_check_sizes(const struct vm_machine *machine, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t n = 0; n < machine->function->instr_count && status == RT_OK; n++) {
    size_check *check = checks[machine->function->instr[n].op];
    if (check) status = check(machine, n, error);
  }
  return status;
}

/* start + part <= whole along the axis */
static int check_part(const struct vm_machine *machine, uint32_t n, const struct rt_shape *part,
                      const struct rt_shape *whole, struct rt_error *error) {
  const struct rt_call *call = &machine->call[n].call;
  int axis = (int)call->attr[0];
  bool each = call->size_each || whole->each[axis] || part->each[axis];
  for (int64_t e = 0; e < (each ? call->examples : 1); e++) {
    int64_t start = call->size_each ? call->size_each[e] : call->attr[1], length = rt_size(part, axis, e),
            end = rt_size(whole, axis, e);
    if (start + length <= end) /* sizes are below 2^31 */
      continue;
    return machine_fail(machine, n, error, RT_BAD_DATA,
                        "elements %" PRId64 " to %" PRId64 " are needed, but the axis has %" PRId64
                        " (example %" PRId64 ")",
                        start, start + length - 1, end, e + 1);
  }
  return RT_OK;
}

int machine_check_slice(const struct vm_machine *machine, uint32_t n, struct rt_error *error) {
  const struct rt_call *call = &machine->call[n].call;
  return check_part(machine, n, call->out[0].shape, call->in[0].shape, error);
}

int machine_check_pad(const struct vm_machine *machine, uint32_t n, struct rt_error *error) {
  const struct rt_call *call = &machine->call[n].call;
  return check_part(machine, n, call->in[0].shape, call->out[0].shape, error);
}

/* ---- heads ---- */

/* The weights alone need no values. */
static bool has_values(const struct vm_machine *machine, uint32_t n) {
  return vm_op_arity(machine->function->instr[n].op) > 2;
}

/* The size of the operand's h axis; false and 1 when it has none. */
static bool heads_of(const struct attend_operand *operand, const struct rt_shape *shape, int64_t *heads) {
  int axis = vm_operand_axis(operand, ATTEND_H);
  *heads = axis < 0 ? 1 : shape->size[axis];
  return axis >= 0;
}

/* Each head of keys and of values serves the same number of queries' heads. Without an h axis of the query,
 * types have proved that the others agree. */
int machine_check_attention(const struct vm_machine *machine, uint32_t n, struct rt_error *error) {
  const struct rt_call *call = &machine->call[n].call;
  int64_t heads, keys, values = 1;
  if (!heads_of(&call->attend->query, call->in[0].shape, &heads)) return RT_OK;
  heads_of(&call->attend->key, call->in[1].shape, &keys);
  if (has_values(machine, n)) heads_of(&call->attend->value, call->in[2].shape, &values);
  if (heads == 0 || (keys > 0 && values > 0 && heads % keys == 0 && heads % values == 0)) return RT_OK;
  return machine_fail(machine, n, error, RT_BAD_DATA,
                      "%" PRId64 " heads of queries cannot share %" PRId64 " of keys and %" PRId64
                      " of values",
                      heads, keys, values);
}

int machine_check_attention_grad(const struct vm_machine *machine, uint32_t n, struct rt_error *error) {
  return machine_check_attention(machine, n, error);
}

int machine_check_attention_weights(const struct vm_machine *machine, uint32_t n, struct rt_error *error) {
  return machine_check_attention(machine, n, error);
}

/* ---- scratch ---- */

int machine_reserve(const struct vm_machine *machine, struct rt_error *error) {
  size_t most = 0;
  for (uint32_t n = 0; n < machine->function->instr_count; n++) {
    const struct machine_call *call = &machine->call[n];
    size_t bytes = call->scratch ? call->scratch(&call->call) : 0;
    most = bytes > most ? bytes : most;
  }
  return most ? rt_pool_reserve(machine->pool, most, error) : RT_OK;
}

/* ---- at each run ---- */

static int fail_id(const struct vm_machine *machine, const struct machine_ids *ids, int64_t example,
                   int32_t id, int64_t range, struct rt_error *error) {
  const struct vm_input *input = &machine->module->input[ids->input];
  struct rt_text name = {0};
  vm_dim_print(&machine->module->dims, input->type.of, &name);
  int code = rt_fail(error, RT_BAD_DATA,
                     "%s holds %" PRId32 " in example %" PRId64 ", but must be from 0 to below %s = %" PRId64,
                     input->name, id, example + 1, name.data ? name.data : "its range", range);
  rt_text_free(&name);
  return code;
}

/* The first of count numbers out of range, or -1. Written without an early end, so that the usual case runs
 * fast. */
static int64_t first_outside(const int32_t *id, int64_t count, int64_t range, bool below_zero) {
  int bad = 0;
  int32_t last = (int32_t)(range - 1), least = below_zero ? INT32_MIN : 0;
  for (int64_t i = 0; i < count; i++) bad |= (id[i] < least) | (id[i] > last);
  for (int64_t i = 0; bad && i < count; i++)
    if (id[i] < least || id[i] > last) return i;
  return -1;
}

int machine_check_ids(const struct vm_machine *machine, const struct machine_ids *ids,
                      struct rt_error *error) {
  const struct rt_shape *shape = &machine->shapes.shape[ids->shape];
  const struct shape_dim *range = &machine->shapes.dim[ids->range];
  const int32_t *id =
      machine->place[machine->function->slot_count + machine->module->param_count + ids->input];
  if (!range->each) {
    int64_t at = first_outside(id, shape->count, range->size, ids->below_zero), example = 0;
    if (at < 0) return RT_OK;
    while (example + 1 < shape->examples && rt_offset(shape, example + 1) <= at) example++;
    return fail_id(machine, ids, example, id[at], range->size, error);
  }
  for (int64_t e = 0; e < shape->examples; e++) {
    int64_t begin = rt_offset(shape, e),
            end = e + 1 < shape->examples ? rt_offset(shape, e + 1) : shape->count;
    int64_t at = first_outside(id + begin, end - begin, range->each[e], ids->below_zero);
    if (at >= 0) return fail_id(machine, ids, e, id[begin + at], range->each[e], error);
  }
  return RT_OK;
}
