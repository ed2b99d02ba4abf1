/* builtin_image.c: the built-in functions that go over an image. */
#include "compiler/front/builtin.h"

/* How many points there are in steps of `stride`. */
static vm_dim strides_of(struct cc_context *c, vm_dim points, double stride) {
  struct vm_dims *dims = &c->module->dims;
  return vm_dim_ceil(dims, vm_dim_over(dims, points, vm_dim_number(dims, (int64_t)stride)));
}

/* The image that is the first argument, and its type. */
static int image(struct cc_context *c, const struct cc_builtin *self, args_t *args, ir_id *x,
                 struct vm_type *type) {
  int axis[RT_MAX_RANK], status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, x);
  if (status != RT_OK) return status;
  *type = *cc_type(c, *x);
  return type->rank == 3 && cc_visible(c, type, axis) == 3
             ? RT_OK
             : gr_fail(c->error, args->span[0], "%s goes over an image [H, W, C], and this is %s", self->name,
                       cc_type_text(c, type));
}

int cc_run_max_pool(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                    struct cc_value *result) {
  struct vm_type type;
  ir_id x;
  const int64_t size = (int64_t)args->value[1].number;
  const int status = image(c, self, args, &x, &type);
  if (status != RT_OK) return status;
  for (int a = 0; a < 2; a++) {
    type.dim[a] = vm_dim_over(&c->module->dims, type.dim[a], vm_dim_number(&c->module->dims, size));
    if (type.dim[a] == VM_NO_DIM) return cc_out_of_memory(c);
  }
  return cc_builtin_done(c, result,
                         ir_add(cc_in_model(c, args->node->span),
                                (struct ir_op){OP_max_pool, 1, .arg = &x, .attr = {size}, .type = &type}));
}

/* y plus a number for each feature, which is the last axis, however large the others are. */
static int add_offset(struct cc_context *c, args_t *args, ir_id *y) {
  const struct cc_value *given = &args->named[1];
  ir_id offset;
  if (given->kind == CC_NONE || !*y) return RT_OK;
  const int status = cc_to_tensor(c, given, args->named_span[1], &offset);
  if (status != RT_OK) return status;
  const struct vm_type type = *cc_type(c, *y), of = *cc_type(c, offset);
  if (of.dtype != RT_REAL || of.rank != 1 || of.dim[0] != type.dim[2])
    return gr_fail(c->error, args->named_span[1],
                   "the offset has a number for each of %s features, and this is %s",
                   cc_dim_text(c, type.dim[2]), cc_type_text(c, &of));
  const struct ir_at at = cc_in_model(c, args->node->span);
  *y = ir_binary(at, OP_add, *y, ir_expand_axes(at, offset, 1u << 2, &type));
  return RT_OK;
}

int cc_run_convolve(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                    struct cc_value *result) {
  const int64_t size = (int64_t)args->value[2].number;
  const double stride = args->named[0].number;
  struct vm_type type;
  ir_id arg[2];
  int status = image(c, self, args, &arg[0], &type);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 1, &arg[1]);
  if (status != RT_OK) return status;
  const struct vm_type filter = *cc_type(c, arg[1]);
  if (filter.rank != 2 || filter.batched)
    return gr_fail(c->error, args->span[1],
                   "convolve takes one matrix [size*size*C, F] for all rows of the data, and this is %s%s",
                   cc_type_text(c, &filter), filter.rank == 2 ? ", of each row its own" : "");
  for (int a = 0; a < 2; a++)
    if ((type.dim[a] = strides_of(c, type.dim[a], stride)) == VM_NO_DIM) return cc_out_of_memory(c);
  type.dim[2] = filter.dim[1];
  ir_id y = ir_add(cc_in_model(c, args->node->span),
                   (struct ir_op){OP_convolve, 2, .arg = arg,
                                  .attr = {size, (int64_t)stride, size, (size - 1) / 2}, .type = &type});
  status = add_offset(c, args, &y);
  return status == RT_OK ? cc_builtin_done(c, result, y) : status;
}
