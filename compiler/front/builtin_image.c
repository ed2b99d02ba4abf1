/* builtin_image.c: the built-in function that looks around each point of an image. */
#include "compiler/front/builtin.h"

/* How many points there are in steps of `stride`. */
static vm_dim strides_of(struct cc_context *c, vm_dim points, double stride) {
  struct vm_dims *dims = &c->module->dims;
  return vm_dim_ceil(dims, vm_dim_over(dims, points, vm_dim_number(dims, (int64_t)stride)));
}

int cc_run_convolve(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                    struct cc_value *result) {
  const double size = args->value[2].number, stride = args->named[0].number;
  int axis[RT_MAX_RANK], status = cc_builtin_no_slot(c, self, args);
  ir_id arg[2];
  for (int k = 0; k < 2 && status == RT_OK; k++) status = cc_builtin_tensor(c, args, k, &arg[k]);
  if (status != RT_OK) return status;
  struct vm_type type = *cc_type(c, arg[0]);
  const struct vm_type filter = *cc_type(c, arg[1]);
  if (type.rank != 3 || cc_visible(c, &type, axis) != 3)
    return gr_fail(c->error, args->span[0], "convolve goes over an image [H, W, C], and this is %s",
                   cc_type_text(c, &type));
  if (filter.rank != 2 || filter.batched)
    return gr_fail(c->error, args->span[1],
                   "convolve takes one matrix [size*size*C, F] for all rows of the data, and this is %s%s",
                   cc_type_text(c, &filter), filter.rank == 2 ? ", of each row its own" : "");
  for (int a = 0; a < 2; a++)
    if ((type.dim[a] = strides_of(c, type.dim[a], stride)) == VM_NO_DIM) return cc_out_of_memory(c);
  type.dim[2] = filter.dim[1];
  return cc_builtin_done(c, result,
                         ir_add(cc_in_model(c, args->node->span),
                                (struct ir_op){OP_convolve, 2, .arg = arg,
                                               .attr = {(int64_t)size, (int64_t)stride}, .type = &type}));
}
