/* machine_native.c: calls of native functions, through libffi. All that can be is prepared once: what the
 * function takes, and where its values are put. A run fills these in, example by example. */
#include <ffi.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "vm/aq_extern.h"
#include "vm/machine_parts.h"
#include "vm/native_library.h"
#include "vm/native_match.h"

enum { MOST_OPERANDS = 2 * VM_NATIVE_ARGS + 2, MOST_VALUES = MOST_OPERANDS + VM_NATIVE_SIZES + 2 };

union value {
  const void *pointer;
  double number;
  int64_t whole;
};

/* An operand or result, and which of the values of the call it is. */
struct passed {
  enum vm_native_kind kind; /* NUMBER and WHOLE: by value; of a result NUMBER: as a pointer to a double */
  const struct rt_tensor *tensor;
  bool result;
  uint32_t range; /* of ids: number of the dim; else UINT32_MAX */
  double received;
};

struct machine_native {
  const struct vm_machine *machine;
  uint32_t instr;
  const struct vm_native *native;
  const struct rt_call *call;
  void (*code)(void);
  bool each, batch;
  struct passed operand[MOST_OPERANDS];
  int operand_count, size_count;
  uint32_t size[VM_NATIVE_SIZES]; /* of those with a name: number of the dim */
  aq_extern_tensor tensor[MOST_OPERANDS];
  ffi_cif cif;
  ffi_type *type[MOST_VALUES];
  void *at[MOST_VALUES];
  union value value[MOST_VALUES];
  int value_count, first_operand, first_size;
};

/* ---- making ---- */

static int add_value(struct machine_native *n, ffi_type *type) {
  n->type[n->value_count] = type;
  n->at[n->value_count] = &n->value[n->value_count];
  return n->value_count++;
}

static void add_operand(struct machine_native *n, const struct vm_native_type *type,
                        const struct rt_tensor *tensor, bool result) {
  n->operand[n->operand_count++] =
      (struct passed){(enum vm_native_kind)type->kind, tensor, result, UINT32_MAX, 0};
}

/* Arguments, of a gradient also the result and what that receives; then results. */
static void list_operands(struct machine_native *n) {
  const struct vm_native_signature *s = n->native->parsed;
  const struct vm_native_type tensor = {.kind = VM_NATIVE_TENSOR};
  for (int k = 0; k < n->call->in_count; k++)
    add_operand(n, k < s->arg_count ? &s->arg[k].type : &tensor, &n->call->in[k], false);
  for (int k = 0; k < n->call->out_count; k++)
    add_operand(n, n->native->is_gradient ? &s->arg[vm_native_real_at(s, k)].type : &s->result,
                &n->call->out[k], true);
}

static bool is_by_value(const struct machine_native *n, const struct passed *p) {
  return !n->each && !p->result && (p->kind == VM_NATIVE_NUMBER || p->kind == VM_NATIVE_WHOLE);
}

static void list_values(struct machine_native *n) {
  const struct vm_native_code *code = &n->native->code;
  if (code->host) n->value[add_value(n, &ffi_type_pointer)].pointer = code->user;
  if (n->each || n->batch) add_value(n, &ffi_type_sint64);
  n->first_operand = n->value_count;
  for (int k = 0; k < n->operand_count; k++)
    add_value(n, !is_by_value(n, &n->operand[k])         ? &ffi_type_pointer
                 : n->operand[k].kind == VM_NATIVE_WHOLE ? &ffi_type_sint64
                                                         : &ffi_type_double);
  n->first_size = n->value_count;
  for (int k = 0; k < n->size_count; k++) add_value(n, &ffi_type_sint64);
}

/* Where sizes come from. */
static int find_sizes(struct machine_native *n, struct vm_machine *machine) {
  const struct vm_function *f = machine->function;
  const struct vm_instr *instr = &f->instr[n->instr];
  const struct vm_native_signature *s = n->native->parsed;
  const struct vm_type *arg[MOST_OPERANDS];
  vm_dim size[VM_NATIVE_SIZES];
  int wrong;
  for (int k = 0; k < instr->in_count; k++) arg[k] = &f->value[instr->in[k]].type;
  const struct vm_native_types types = {.dims = &machine->module->dims,
                                        .signature = s,
                                        .arg = arg,
                                        .result = n->native->is_gradient ? arg[s->arg_count]
                                                                         : &f->value[instr->out[0]].type};
  vm_native_match(&types, size, &wrong);
  for (int k = 0; k < s->size_count; k++) {
    if (size[k] == VM_NO_DIM) continue;
    uint32_t dim = vm_shapes_dim(&machine->shapes, size[k]);
    if (dim == UINT32_MAX) return RT_NO_MEMORY;
    if (!n->batch && s->size[k].value < 0) n->size[n->size_count++] = dim;
    for (int o = 0; o < n->operand_count; o++) {
      const struct vm_native_type *type = o < s->arg_count ? &s->arg[o].type : &s->result;
      if (n->operand[o].kind == VM_NATIVE_IDS && type->of == k) n->operand[o].range = dim;
    }
  }
  return RT_OK;
}

int machine_native_make(struct vm_machine *machine, uint32_t instr, enum rt_precision precision,
                        struct rt_error *error) {
  struct machine_native *n = rt_arena_alloc(&machine->arena, sizeof *n);
  if (!n) return rt_no_memory(error);
  const struct vm_native *native = &machine->module->native[machine->function->instr[instr].attr[0]];
  n->machine = machine;
  n->instr = instr;
  n->native = native;
  n->call = &machine->call[instr].call;
  n->code = precision == RT_F64 ? native->code.f64 : native->code.f32;
  n->each = native->parsed->each;
  n->batch = native->code.batch && !n->each;
  machine->call[instr].native = n;
  list_operands(n);
  if (find_sizes(n, machine) != RT_OK) return rt_no_memory(error);
  list_values(n);
  return ffi_prep_cif(&n->cif, FFI_DEFAULT_ABI, (unsigned)n->value_count, &ffi_type_pointer, n->type)
                 == FFI_OK
             ? RT_OK
             : machine_fail(machine, instr, error, RT_USAGE, "`%s` cannot be called here", native->name);
}

/* ---- binding ---- */

int machine_native_bind(struct machine_native *n, struct rt_error *error) {
  for (int k = 0; k < n->operand_count && n->batch; k++) {
    const struct passed *p = &n->operand[k];
    const struct rt_shape *shape = p->tensor->shape;
    if (is_by_value(n, p) && shape->batched) {
      machine_fail(n->machine, n->instr, error, RT_BAD_DATA,
                   "`%s` is called once for a batch, and so its argument %d, a number, must be one for all "
                   "examples",
                   n->native->name, k + 1);
      rt_hint(error, "a number of each example is a tensor without axes: []");
      return RT_BAD_DATA;
    }
    n->tensor[k] = (aq_extern_tensor){.size = sizeof n->tensor[k],
                                      .rank = shape->rank,
                                      .examples = shape->examples,
                                      .extent = shape->size,
                                      .each = shape->each,
                                      .offset = shape->offset};
    if (p->range != UINT32_MAX) n->tensor[k].range = n->machine->shapes.dim[p->range].size;
  }
  return RT_OK;
}

/* ---- running ---- */

static double number_at(const struct machine_native *n, const struct rt_tensor *t, int64_t at) {
  return n->machine->real_bytes == sizeof(double) ? ((const double *)t->data)[at]
                                                  : (double)((const float *)t->data)[at];
}

static void set_number(const struct machine_native *n, const struct rt_tensor *t, int64_t at, double x) {
  if (n->machine->real_bytes == sizeof(double))
    ((double *)t->data)[at] = x;
  else
    ((float *)t->data)[at] = (float)x;
}

static int fail(const struct machine_native *n, int64_t example, struct rt_error *error, const char *what) {
  char line[301]; /* what it says stays one line, or it could write lines of a message of ours */
  size_t length = 0;
  for (; length < sizeof line - 1 && what[length]; length++)
    line[length] = what[length] == '\n' ? ' ' : what[length];
  line[length] = 0;
  machine_fail(n->machine, n->instr, error, RT_BAD_DATA, "`%s`%s%s says: %s", n->native->name,
               n->native->library ? " of " : "", n->native->library ? n->native->library : "", line);
  if (error && example >= 0) error->example = example + 1;
  return RT_BAD_DATA;
}

static size_t element_bytes(const struct machine_native *n, const struct passed *p) {
  return p->kind == VM_NATIVE_IDS ? sizeof(int32_t) : n->machine->real_bytes;
}

static int64_t range_of(const struct machine_native *n, const struct passed *p, int64_t example) {
  const struct shape_dim *dim = &n->machine->shapes.dim[p->range];
  return dim->each ? dim->each[example] : dim->size;
}

/* Whole numbers that the function gave name rows of tables, and so they must be within their range. */
static int check_ids(const struct machine_native *n, const struct passed *p, int64_t example,
                     struct rt_error *error) {
  const struct rt_shape *shape = p->tensor->shape;
  int64_t range = range_of(n, p, example), begin = rt_offset(shape, example);
  int64_t end = begin + rt_extent(shape, 0, shape->rank, example);
  const int32_t *id = p->tensor->data;
  for (int64_t i = begin; i < end; i++) {
    if (id[i] >= -1 && id[i] < range) continue;
    machine_fail(n->machine, n->instr, error, RT_BAD_DATA,
                 "`%s` gives the number %" PRId32 ", but what it gives must be from 0 to below %" PRId64
                 ", or -1 for none",
                 n->native->name, id[i], range);
    if (error) error->example = example + 1;
    return RT_BAD_DATA;
  }
  return RT_OK;
}

static int check_results(const struct machine_native *n, int64_t example, struct rt_error *error) {
  int status = RT_OK;
  for (int k = 0; k < n->operand_count && status == RT_OK; k++)
    if (n->operand[k].result && n->operand[k].kind == VM_NATIVE_IDS)
      status = check_ids(n, &n->operand[k], example, error);
  return status;
}

static const char *call(struct machine_native *n) {
  const char *says = NULL;
  ffi_call(&n->cif, n->code, &says, n->at);
  return says;
}

/* The first example with which the function, which failed, fails by itself; -1: none. */
static int64_t failing_example(struct machine_native *n) {
  const struct rt_shape *shape = n->operand[0].tensor->shape;
  for (int64_t e = 0; e < shape->examples; e++) {
    const int64_t begin = rt_offset(shape, e), count = rt_extent(shape, 0, shape->rank, e);
    n->value[n->first_operand - 1].whole = count;
    for (int k = 0; k < n->operand_count; k++)
      n->value[n->first_operand + k].pointer =
          (char *)n->operand[k].tensor->data + (size_t)begin * n->machine->real_bytes;
    if (count && call(n)) return e;
  }
  return -1;
}

static int run_each(struct machine_native *n, struct rt_error *error) {
  n->value[n->first_operand - 1].whole = n->operand[0].tensor->shape->count;
  for (int k = 0; k < n->operand_count; k++)
    n->value[n->first_operand + k].pointer = n->operand[k].tensor->data;
  const char *says = n->operand[0].tensor->shape->count ? call(n) : NULL;
  return says ? fail(n, failing_example(n), error, says) : RT_OK;
}

/* A whole number is a real one that has no fraction. */
static int put_number(struct machine_native *n, int k, double x, int64_t example, struct rt_error *error) {
  union value *value = &n->value[n->first_operand + k];
  if (n->operand[k].kind == VM_NATIVE_NUMBER) {
    value->number = x;
    return RT_OK;
  }
  if (!(fabs(x) < 1e15) || x != floor(x)) {
    machine_fail(n->machine, n->instr, error, RT_BAD_DATA, "`%s` takes a whole number here, not %g",
                 n->native->name, x);
    if (error) error->example = example + 1;
    return RT_BAD_DATA;
  }
  value->whole = (int64_t)x;
  return RT_OK;
}

static int run_batch(struct machine_native *n, struct rt_error *error) {
  int status = RT_OK;
  n->value[n->first_operand - 1].whole = n->call->examples;
  for (int k = 0; k < n->operand_count && status == RT_OK; k++) {
    n->tensor[k].data = n->operand[k].tensor->data;
    if (is_by_value(n, &n->operand[k]))
      status = put_number(n, k, number_at(n, n->operand[k].tensor, 0), -1, error);
    else
      n->value[n->first_operand + k].pointer = &n->tensor[k];
  }
  if (status != RT_OK) return status;
  const char *says = call(n);
  if (says) return fail(n, -1, error, says);
  int64_t examples = n->operand[n->operand_count - 1].tensor->shape->examples;
  for (int64_t e = 0; e < examples && status == RT_OK; e++) status = check_results(n, e, error);
  return status;
}

static int put_example(struct machine_native *n, int64_t example, struct rt_error *error) {
  int status = RT_OK;
  for (int k = 0; k < n->operand_count && status == RT_OK; k++) {
    struct passed *p = &n->operand[k];
    int64_t at = rt_offset(p->tensor->shape, example);
    if (is_by_value(n, p))
      status = put_number(n, k, number_at(n, p->tensor, at), example, error);
    else if (p->kind == VM_NATIVE_NUMBER)
      n->value[n->first_operand + k].pointer = &p->received;
    else
      n->value[n->first_operand + k].pointer = (char *)p->tensor->data + (size_t)at * element_bytes(n, p);
  }
  for (int k = 0; k < n->size_count; k++) {
    const struct shape_dim *dim = &n->machine->shapes.dim[n->size[k]];
    n->value[n->first_size + k].whole = dim->each ? dim->each[example] : dim->size;
  }
  return status;
}

static void take_numbers(struct machine_native *n, int64_t example) {
  for (int k = 0; k < n->operand_count; k++) {
    const struct passed *p = &n->operand[k];
    if (p->result && p->kind == VM_NATIVE_NUMBER)
      set_number(n, p->tensor, rt_offset(p->tensor->shape, example), p->received);
  }
}

int machine_native_run(struct machine_native *n, struct rt_error *error) {
  if (!n->code) return vm_native_refuse(n->native, error);
  if (n->each) return run_each(n, error);
  if (n->batch) return run_batch(n, error);
  int64_t examples = n->operand[n->operand_count - 1].tensor->shape->examples;
  int status = RT_OK;
  for (int64_t e = 0; e < examples && status == RT_OK; e++) {
    status = put_example(n, e, error);
    const char *says = status == RT_OK ? call(n) : NULL;
    if (says) status = fail(n, e, error, says);
    if (status == RT_OK) status = check_results(n, e, error);
    if (status == RT_OK) take_numbers(n, e);
  }
  return status;
}
