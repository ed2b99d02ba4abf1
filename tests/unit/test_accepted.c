/* test_accepted.c: whatever op (but scan: test_scan.c) on whatever operands the verifier accepts, the kernels
 * run without leaving their operands. Of most use with
 * --enable-sanitizers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vm/machine.h"
#include "vm/signature.h"
#include "vm_build.h"

enum { ROUNDS = 20000, EXAMPLES = 3, MOST_ARGS = 5 };
static const int64_t lengths[EXAMPLES] = {2, 0, 3};

/* Sizes are small and partly equal, so that random shapes often fit. */
struct dice {
  struct vm_module *m;
  vm_dim dim[6];
};

static struct dice roll_dims(struct vm_module *m) {
  struct dice d = {.m = m};
  d.dim[0] = vm_dim_symbol(&m->dims, "D", VM_CONST, 4);
  d.dim[1] = vm_dim_symbol(&m->dims, "K", VM_CONST, 2);
  d.dim[2] = vm_dim_symbol(&m->dims, "T", VM_RAGGED, -1);
  d.dim[3] = vm_dim_plus(&m->dims, d.dim[2], VM_ONE);
  d.dim[4] = vm_dim_plus(&m->dims, d.dim[0], d.dim[1]);
  d.dim[5] = VM_ONE;
  return d;
}

static struct vm_type roll_type(const struct dice *d, bool ids) {
  struct vm_type type = {.dtype = ids ? RT_INT : RT_REAL,
                         .batched = rand() % 3 > 0,
                         .rank = (uint8_t)(rand() % 4),
                         .of = VM_NO_DIM};
  for (int a = 0; a < type.rank; a++) do
      type.dim[a] = d->dim[rand() % 3 ? rand() % 3 : rand() % 6];
    while (!type.batched && vm_dim_is_ragged(&d->m->dims, type.dim[a]));
  if (ids) type.of = d->dim[rand() % 2];
  return type;
}

/* One of the types so far, perhaps with axes left out, in another order or no longer per example: that is
 * what ops do to shapes. */
static struct vm_type roll_given(const struct dice *d, const struct vm_type *args, int count) {
  if (!count || rand() % 4 == 0) return roll_type(d, false);
  struct vm_type type = args[rand() % count];
  type.dtype = RT_REAL;
  type.of = VM_NO_DIM;
  if (type.rank && rand() % 2) {
    int a = rand() % type.rank;
    type.rank--;
    memmove(type.dim + a, type.dim + a + 1, (size_t)(type.rank - a) * sizeof *type.dim);
  } else if (type.rank && rand() % 2) {
    type.dim[rand() % type.rank] = d->dim[rand() % 6];
  } else if (type.rank && rand() % 2) {
    vm_dim first = type.dim[0];
    type.dim[0] = type.dim[type.rank - 1];
    type.dim[type.rank - 1] = first;
  } else if (type.rank < 3 && rand() % 2) {
    type.dim[type.rank++] = d->dim[rand() % 3];
  }
  type.batched = rand() % 4 ? type.batched : 1;
  return type;
}

static enum rt_op roll_op(void) {
  for (;;) {
    enum rt_op op = (enum rt_op)(rand() % OP_COUNT);
    bool plan = op == OP_attention || op == OP_attention_grad || op == OP_attention_weights || op == OP_lanes;
    if (!plan && !(rt_op_info[op].flags & (RT_FREE | RT_LANE | RT_NESTED))) return op;
  }
}

/* The type of the result: what the signature makes of the arguments, or a random one where it must be given.
 */
/* An image, a matrix and what they make: two of them are arguments, the third is the result. */
static struct vm_type make_convolution(const struct dice *d, enum rt_op op, struct vm_type *args,
                                       int64_t *attr) {
  struct vm_dims *dims = &d->m->dims;
  attr[2] = 1 + rand() % 3;
  attr[3] = rand() % attr[0];
  const vm_dim squares = vm_dim_number(dims, attr[0] * attr[2]), stride = vm_dim_number(dims, attr[1]);
  struct vm_type x = {.dtype = RT_REAL, .batched = 1, .rank = 3, .of = VM_NO_DIM}, y, filter = x;
  x.dim[0] = d->dim[rand() % 6];
  x.dim[1] = d->dim[rand() % 6];
  x.dim[2] = d->dim[rand() % 2];
  filter.batched = 0;
  filter.rank = 2;
  filter.dim[0] = vm_dim_times(dims, squares, x.dim[2]);
  filter.dim[1] = d->dim[rand() % 2];
  y = x;
  for (int a = 0; a < 2 && attr[1]; a++) y.dim[a] = vm_dim_ceil(dims, vm_dim_over(dims, x.dim[a], stride));
  y.dim[2] = filter.dim[1];
  args[0] = op == OP_convolve_back ? y : x;
  args[1] = op == OP_convolve_grad ? y : filter;
  return op == OP_convolve ? y : op == OP_convolve_back ? x : filter;
}

/* An image and its squares. */
static struct vm_type make_squares(const struct dice *d, enum rt_op op, struct vm_type *args,
                                   const int64_t *attr) {
  struct vm_dims *dims = &d->m->dims;
  struct vm_type y = {.dtype = RT_REAL, .batched = 1, .rank = 3, .of = VM_NO_DIM};
  for (int a = 0; a < 3; a++) y.dim[a] = d->dim[a < 2 ? rand() % 6 : rand() % 2];
  args[0] = args[1] = y;
  for (int a = 0; a < 2; a++) args[0].dim[a] = vm_dim_times(dims, y.dim[a], vm_dim_number(dims, attr[0]));
  return op == OP_max_pool ? y : args[0];
}

static bool roll_result(const struct dice *d, enum rt_op op, int count, struct vm_type *args, int64_t *attr,
                        struct vm_type *result) {
  const struct vm_type *arg[MOST_ARGS] = {&args[0], &args[1], &args[2], &args[3], &args[4]};
  struct vm_type given = roll_given(d, args, count);
  if ((op == OP_convolve || op == OP_convolve_back || op == OP_convolve_grad) && attr[0] && rand() % 2)
    given = make_convolution(d, op, args, attr);
  if ((op == OP_max_pool || op == OP_max_pool_grad) && rand() % 2) given = make_squares(d, op, args, attr);
  if (op == OP_sample) {
    given.dtype = RT_INT;
    given.of = (vm_dim)attr[0];
    given.batched = 0;
  }
  const struct vm_op_call call = {&d->m->dims, op, count, arg, attr, 2, NULL, &given, NULL};
  return vm_signature_apply(&call, result) == RT_OK;
}

static size_t elements(const struct vm_dims *dims, const struct vm_type *type) {
  size_t count = 0;
  for (int e = 0; e < (type->batched ? EXAMPLES : 1); e++) {
    int64_t sizes[8], size = 0, part = 1;
    for (int i = 0; i < 8; i++) sizes[i] = lengths[e];
    for (int a = 0; a < type->rank; a++) {
      assert_int_equal(vm_dim_value(dims, type->dim[a], sizes, &size, NULL), RT_OK);
      part *= size;
    }
    count += (size_t)part;
  }
  return count;
}

/* true: the sizes fit as well and the function ran. */
static bool run(struct vm_module *m, struct rt_pool *pool, enum rt_precision precision) {
  struct rt_error e = {0};
  const int64_t *ragged[8] = {lengths, lengths, lengths, lengths, lengths, lengths, lengths, lengths};
  void *data[MOST_ARGS] = {NULL};
  struct vm_machine *machine = vm_machine_new(m, &m->function[0], precision, pool, &e);
  assert_non_null(machine);
  int status = vm_machine_bind(machine, EXAMPLES, ragged, &e);
  for (uint32_t i = 0; i < m->input_count && status == RT_OK; i++) {
    const struct vm_type *type = &m->input[i].type;
    size_t count = elements(&m->dims, type);
    data[i] = calloc(count ? count : 1, type->dtype == RT_REAL && precision == RT_F64 ? 8 : 4);
    assert_non_null(data[i]);
    vm_machine_set_input(machine, i, data[i]);
  }
  if (status == RT_OK) status = vm_machine_run(machine, 1, &e);
  if (status == RT_OK) {
    struct rt_tensor out = vm_machine_output(machine, 0);
    assert_int_equal(out.shape->count, elements(&m->dims, &m->function[0].value[m->input_count].type));
  }
  vm_machine_free(machine);
  for (int i = 0; i < MOST_ARGS; i++) free(data[i]);
  return status == RT_OK;
}

/* Two vectors of each example, and numbers. */
static void make_batch(struct vm_type *args, int count) {
  args[0].rank = 1;
  args[0].dtype = RT_REAL;
  args[0].of = VM_NO_DIM;
  for (int k = 1; k < count; k++) {
    args[k] = args[0];
    args[k].rank = k < 2;
  }
}

/* [t, c, c], and [t, c] for the others. */
static void make_chain(struct vm_type *args, int count) {
  args[0].rank = 3;
  args[0].dim[2] = args[0].dim[1];
  for (int k = 1; k < count; k++) {
    args[k] = args[0];
    args[k].rank = 2;
  }
}

/* [t, v + 1], [u] of v, and a number. */
static void make_frames(struct vm_dims *dims, struct vm_type *args, int count) {
  args[0].rank = 2;
  args[1] = args[0];
  args[1].rank = 1;
  args[1].dtype = RT_INT;
  args[1].of = args[0].dim[1];
  args[0].dim[1] = vm_dim_plus(dims, args[1].of, VM_ONE);
  if (count > 2) args[2] = (struct vm_type){.dtype = RT_REAL, .batched = args[0].batched, .of = VM_NO_DIM};
}

static void test_accepted(void **state) {
  (void)state;
  struct rt_pool *pool = rt_pool_new(1, NULL);
  int ran[OP_COUNT] = {0};
  srand(3);
  for (int n = 0; n < ROUNDS; n++) {
    struct vm_type args[MOST_ARGS], result;
    enum rt_op op = roll_op();
    int count = vm_op_variadic(op) ? 1 + rand() % 2 : vm_op_arity(op);
    struct vm_module *m = build_module();
    struct dice d = roll_dims(m);
    int64_t attr[RT_MAX_ATTR] = {vm_op_attr_kind(op, 0) == VM_ATTR_ORDER
                                     ? (int64_t[]){0, 1, 0x10, 0x210, 0x102, 0x021, 0x01}[rand() % 7]
                                     : rand() % 5,
                                 rand() % 2};
    if (vm_op_attr_kind(op, 0) == VM_ATTR_DIM) attr[0] = d.dim[rand() % 6];
    if (vm_op_attr_kind(op, 1) == VM_ATTR_DIM) { /* slice, pad: a start of 0 or 1 fits most often */
      attr[0] = rand() % 2;
      attr[1] = rand() % 2 ? vm_dim_number(&m->dims, rand() % 2) : d.dim[rand() % 6];
    }
    for (int k = 0; k < count; k++)
      args[k] = k && rand() % 2
                    ? roll_given(&d, args, k)
                    : roll_type(&d, (op == OP_gather && k == 1) || (op == OP_onehot || op == OP_scatter));
    if ((op == OP_cross_entropy || op == OP_cross_entropy_grad || op == OP_gather) && count > 1) {
      args[1].dtype = RT_INT;
      args[1].of = args[0].rank ? args[0].dim[op == OP_gather ? 0 : args[0].rank - 1] : d.dim[0];
    }
    if ((op == OP_forward_chain || op == OP_forward_chain_grad) && args[0].rank > 1 && rand() % 2)
      make_chain(args, count);
    if ((op == OP_ctc_nll || op == OP_ctc_grad) && args[0].rank > 1 && rand() % 2)
      make_frames(&m->dims, args, count);
    if ((op == OP_batch_log_sum || op == OP_batch_log_sum_grad) && args[0].rank > 0 && rand() % 2)
      make_batch(args, count);
    if (roll_result(&d, op, count, args, attr, &result)) {
      struct vm_function *f = build_function(m, "run");
      uint32_t in[MOST_ARGS] = {0, 1, 2, 3, 4};
      for (int k = 0; k < count; k++) {
        build_input(m, "x", "tensor", args[k]);
        build_value(f, args[k], VM_IN_INPUT, (uint32_t)k);
      }
      build_instr(m, f, op, count, in, attr, result, 0);
      memcpy(f->instr[0].attr, attr, sizeof attr);
      if (op == OP_threshold) f->instr[0].real = 1 + rand() % 3;
      build_output(f, f->value_count - 1, "y");
      if (vm_verify(m, NULL) == RT_OK) ran[op] += run(m, pool, n % 2 ? RT_F32 : RT_F64);
    }
    vm_module_free(m);
  }
  rt_pool_free(pool);
  for (int op = 0; op < OP_COUNT; op++) {
    bool plan = op == OP_attention || op == OP_attention_grad || op == OP_attention_weights || op == OP_lanes;
    if (!plan && !(rt_op_info[op].flags & (RT_FREE | RT_LANE | RT_NESTED)) && ran[op] < 3)
      fail_msg("%s ran %d times: the dice are loaded", rt_op_info[op].name, ran[op]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_accepted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
