/* signature_ops.c: what the signatures cannot say: a function for each op with RT_CHECKED, bound to its row
 * by name. Shapes, kinds of numbers and attributes are checked before it is asked. */
#include "vm/signature_rules.h"

#include "runtime/threshold.h"

typedef int op_check(const struct vm_op_call *call);

/* Only ops with RT_CHECKED have a function here: for the others the condition is false, and the name is
 * dropped. */
#define LANE1(name, written, expression, ...)
#define LANE2(name, written, expression, ...)
#define LANE3(name, written, expression, ...)
#define OP(name, written, signature, attributes, flags, doc) op_check signature_check_##name;
#include "runtime/ops.def"

static op_check *const checks[OP_COUNT] = {
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  [OP_##name] = ((flags)&RT_CHECKED) ? signature_check_##name : NULL,
#include "runtime/ops.def"
};

int signature_check_op(const struct vm_op_call *call) {
  return checks[call->op] ? checks[call->op](call) : RT_OK;
}

static int fail_with(const struct vm_op_call *call, vm_dim found, vm_dim expected) {
  if (call->mismatch) {
    call->mismatch->found = found;
    call->mismatch->expected = expected;
  }
  return RT_BAD_DATA;
}

/* ---- reshape: as many elements ---- */

int signature_check_reshape(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *t = call->given;
  if (vm_type_equal(a, t)) return RT_OK;
  vm_dim from = vm_type_elements(call->dims, a), to = vm_type_elements(call->dims, t);
  if (from == VM_NO_DIM || to == VM_NO_DIM)
    return signature_fail(call, 0, -1, "its number of elements is too long a formula to be compared");
  if (from == to) return RT_OK;
  signature_fail(call, 0, -1, "the number of elements must stay the same");
  return fail_with(call, from, to);
}

/* ---- transpose: a permutation ---- */

int signature_check_transpose(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *t = call->given;
  int64_t order = call->attr[0];
  unsigned seen = 0;
  if (a->rank != t->rank) return signature_fail(call, 0, -1, "the result must have %d axes too", a->rank);
  if (order < 0 || order >> 4 * a->rank != 0)
    return signature_fail(call, -1, -1, "its order names axes that are not there");
  for (int x = 0; x < t->rank; x++) {
    int from = rt_order_axis(order, x);
    if (from >= a->rank || seen >> from & 1)
      return signature_fail(call, -1, -1, "its order is no permutation of %d axes", a->rank);
    seen |= 1u << from;
    if (a->dim[from] != t->dim[x])
      return signature_fail_dims(call, (struct op_axis){0, from}, (struct op_axis){RULE_RESULT, x},
                                 a->dim[from], t->dim[x]);
  }
  return RT_OK;
}

/* ---- slice, pad: one axis gets another size ---- */

/* Whether the part lies within the whole is seen when sizes are known. */
int signature_check_slice(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *t = call->given;
  if (a->rank != t->rank) return signature_fail(call, 0, -1, "the result must have %d axes too", a->rank);
  for (int x = 0; x < a->rank; x++)
    if (x != call->attr[0] && a->dim[x] != t->dim[x])
      return signature_fail_dims(call, (struct op_axis){0, x}, (struct op_axis){RULE_RESULT, x}, a->dim[x],
                                 t->dim[x]);
  return RT_OK;
}

int signature_check_pad(const struct vm_op_call *call) { return signature_check_slice(call); }

/* ---- concat: one axis is the sum of the parts ---- */

int signature_check_concat(const struct vm_op_call *call) {
  const struct vm_type *t = call->given;
  int axis = (int)call->attr[0];
  vm_dim sum = VM_NO_DIM;
  for (int k = 0; k < call->arg_count; k++) {
    const struct vm_type *a = call->arg[k];
    if (a->rank != t->rank) return signature_fail(call, k, -1, "all must have %d axes", t->rank);
    for (int x = 0; x < t->rank; x++)
      if (x != axis && a->dim[x] != t->dim[x])
        return signature_fail_dims(call, (struct op_axis){k, x}, (struct op_axis){RULE_RESULT, x}, a->dim[x],
                                   t->dim[x]);
    sum = k == 0 ? a->dim[axis] : vm_dim_plus(call->dims, sum, a->dim[axis]);
  }
  if (sum == t->dim[axis]) return RT_OK;
  signature_fail(call, -1, axis, "the %s axis must be the sum of the parts",
                 signature_axis_name(axis, t->rank));
  return fail_with(call, t->dim[axis], sum);
}

/* ---- convolutions ---- */

enum {
  MOST_SQUARE = 1 << 15, /* points of a side, and of a stride */
  MOST_POOLED = 1 << 12  /* of a side; a float numbers all points of such a square */
};

/* x: [h, w, c]; y: [m, n, f], m and n of them at each stride-th point; filter: a row for each number of a
 * window. Given as types, and as numbers of arguments for messages. */
struct convolution {
  const struct vm_type *x, *filter, *y;
  int x_at, filter_at, y_at;
};

static int check_convolution(const struct vm_op_call *call, struct convolution of) {
  struct vm_dims *dims = call->dims;
  const int64_t width = call->attr[0], stride = call->attr[1], height = call->attr[2];
  if (width < 1 || width > MOST_SQUARE)
    return signature_fail(call, -1, -1, "`width` is from 1 to %d", MOST_SQUARE);
  if (height < 1 || height > MOST_SQUARE)
    return signature_fail(call, -1, -1, "`height` is from 1 to %d", MOST_SQUARE);
  if (call->attr[3] < 0 || call->attr[3] >= width)
    return signature_fail(call, -1, -1, "`before` is from 0 to `width` - 1");
  if (stride < 1 || stride > MOST_SQUARE)
    return signature_fail(call, -1, -1, "`stride` is from 1 to %d", MOST_SQUARE);
  for (int a = 0; a < 2; a++) {
    const vm_dim points = vm_dim_ceil(dims, vm_dim_over(dims, of.x->dim[a], vm_dim_number(dims, stride)));
    if (points != of.y->dim[a] || points == VM_NO_DIM) {
      signature_fail(call, of.y_at, a, "there is one point for each stride of the image");
      return fail_with(call, of.y->dim[a], points);
    }
  }
  const vm_dim depth = vm_dim_times(dims, vm_dim_number(dims, width * height), of.x->dim[2]);
  if (depth == of.filter->dim[0] && depth != VM_NO_DIM) return RT_OK;
  signature_fail(call, of.filter_at, 0, "the matrix has a row for each number of a window");
  return fail_with(call, of.filter->dim[0], depth);
}

int signature_check_convolve(const struct vm_op_call *call) {
  return check_convolution(call,
                           (struct convolution){call->arg[0], call->arg[1], call->given, 0, 1, RULE_RESULT});
}

int signature_check_convolve_back(const struct vm_op_call *call) {
  return check_convolution(call,
                           (struct convolution){call->given, call->arg[1], call->arg[0], RULE_RESULT, 1, 0});
}

int signature_check_convolve_grad(const struct vm_op_call *call) {
  return check_convolution(call,
                           (struct convolution){call->arg[0], call->given, call->arg[1], 0, RULE_RESULT, 1});
}

/* Squares fill the image. */
static int check_squares(const struct vm_op_call *call, const struct vm_type *x,
                         const struct vm_type *pooled) {
  const int64_t size = call->attr[0];
  if (size < 1 || size > MOST_POOLED)
    return signature_fail(call, -1, -1, "`size` is from 1 to %d", MOST_POOLED);
  for (int a = 0; a < 2; a++) {
    const vm_dim points = vm_dim_times(call->dims, pooled->dim[a], vm_dim_number(call->dims, size));
    if (points == x->dim[a] && points != VM_NO_DIM) continue;
    signature_fail(call, 0, a, "the image is made of whole squares");
    return fail_with(call, x->dim[a], points);
  }
  return RT_OK;
}

int signature_check_max_pool(const struct vm_op_call *call) {
  return check_squares(call, call->arg[0], call->given);
}

int signature_check_max_pool_grad(const struct vm_op_call *call) {
  return check_squares(call, call->arg[0], call->arg[1]);
}

/* ---- others ---- */

int signature_check_sample(const struct vm_op_call *call) {
  if (call->given->of != (vm_dim)call->attr[0])
    return signature_fail(call, -1, -1, "its numbers are not below the dim that it draws from");
  return vm_dim_is_ragged(call->dims, call->given->of)
             ? signature_fail(call, -1, -1, "it draws from what all examples share")
             : RT_OK;
}

int signature_check_dot(const struct vm_op_call *call) {
  return call->attr[0] >> (call->arg[0]->rank - 1) & 1
             ? RT_OK
             : signature_fail(call, 0, -1, "its mask must keep the last axis of `a`");
}

/* The classes of a frame are the letters and blank. */
int signature_check_ctc_nll(const struct vm_op_call *call) {
  const vm_dim classes = vm_dim_plus(call->dims, call->arg[1]->of, VM_ONE), found = call->arg[0]->dim[1];
  if (found == classes && !vm_dim_is_ragged(call->dims, found)) return RT_OK;
  signature_fail(call, 0, 1, "a frame has a score for each letter and, as the last one, for blank");
  return fail_with(call, found, classes);
}

int signature_check_ctc_grad(const struct vm_op_call *call) { return signature_check_ctc_nll(call); }

/* Products of examples with each other: their vectors have one size. */
int signature_check_batch_log_sum(const struct vm_op_call *call) {
  return vm_dim_is_ragged(call->dims, call->arg[0]->dim[0])
             ? signature_fail(call, 0, 0, "its vectors must have one size in all examples")
             : RT_OK;
}

int signature_check_batch_log_sum_grad(const struct vm_op_call *call) {
  return signature_check_batch_log_sum(call);
}

int signature_check_threshold(const struct vm_op_call *call) {
  return rt_threshold_valid(call->attr[0], call->real)
             ? RT_OK
             : signature_fail(call, -1, -1, "there is no threshold of kind %lld with %g",
                              (long long)call->attr[0], call->real);
}
