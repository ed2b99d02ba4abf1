/* windows.c: neighbours are multiplied where they lie.
 *
 * Rows beside each other, as in `concat([y[l..T+l] for l in 0..width]) @ W` with a y of zeros, x and zeros,
 * are a convolution of x: each window is a run of numbers, of which the next begins a row further on. So
 * neither y nor its parts nor the windows are copied; nor are their gradients, since where one is wanted this
 * runs before it is taken. Numbers may differ in their last digits. With strides, each part has every
 * stride-th row.
 *
 * Of a large matrix the copies are little beside the product, which a library of matrices makes faster than
 * a convolution: such windows stay. */
#include "compiler/ir/passes.h"

enum { MOST_NUMBERS = 1 << 14 }; /* of the matrix */

/* Windows of `width` rows of x, of which so many precede the row, along this axis. */
struct windows {
  ir_id x;
  int axis;
  int64_t width, stride, before;
};

static bool is_known(const struct ir_graph *g, vm_dim dim, int64_t *value) {
  return vm_dim_value(g->dims, dim, NULL, value, NULL) == RT_OK;
}

/* Every stride-th row of what `id` then is. */
static int64_t skip_stride(const struct ir_graph *g, int axis, ir_id *id) {
  const struct ir_node *n = &g->node[*id], *slice = n->op == OP_reshape ? &g->node[n->arg[0]] : n;
  const struct ir_node *rows = slice->op == OP_slice ? &g->node[slice->arg[0]] : n;
  const vm_dim one = vm_dim_number(g->dims, 1);
  int64_t stride;
  if (slice == n || rows->op != OP_reshape || rows->type.rank != n->type.rank + 1
      || slice->attr[0] != axis + 1 || slice->attr[1] != vm_dim_number(g->dims, 0)
      || slice->type.dim[axis + 1] != one || !is_known(g, rows->type.dim[axis + 1], &stride) || stride < 1)
    return 1;
  for (int a = 0; a < n->type.rank; a++)
    if (rows->type.dim[a + (a > axis)] != n->type.dim[a]) return 1;
  *id = rows->arg[0];
  return stride;
}

/* Are the parts of a row slices of one y, each of which begins a row behind the one before it? */
static bool are_windows(const struct ir_graph *g, const struct ir_node *row, struct windows *w, ir_id *y) {
  int64_t first = 0, start;
  w->axis = row->type.rank - 2;
  w->width = row->arg_count;
  for (int k = 0; k < row->arg_count; k++) {
    ir_id part = row->arg[k];
    const int64_t stride = skip_stride(g, w->axis, &part);
    const struct ir_node *n = &g->node[part];
    if (n->op != OP_slice || n->attr[0] != w->axis || !is_known(g, (vm_dim)n->attr[1], &start)) return false;
    if (!k) {
      first = start;
      w->stride = stride;
      *y = n->arg[0];
    }
    if (n->arg[0] != *y || start != first + k || stride != w->stride) return false;
  }
  w->before = -first;
  return row->arg_count > 1;
}

/* Is y one x with zeros around? */
static bool is_padded(const struct ir_graph *g, const struct ir_node *y, struct windows *w) {
  w->x = 0;
  if (y->op != OP_concat || y->attr[0] != w->axis) return false;
  for (int k = 0; k < y->arg_count; k++) {
    const struct ir_node *part = &g->node[y->arg[k]];
    int64_t zeros;
    if (part->op != OP_constant || part->real != 0) {
      if (w->x) return false;
      w->x = y->arg[k];
    } else if (!w->x) {
      if (!is_known(g, part->type.dim[w->axis], &zeros)) return false;
      w->before += zeros;
    }
  }
  return w->x && w->before >= 0 && w->before < w->width;
}

static bool is_small(const struct ir_graph *g, const struct vm_type *matrix) {
  int64_t rows, columns;
  return matrix->rank == 2 && is_known(g, matrix->dim[0], &rows) && is_known(g, matrix->dim[1], &columns)
         && rows <= MOST_NUMBERS && columns <= MOST_NUMBERS && rows * columns <= MOST_NUMBERS;
}

static bool find_windows(const struct ir_graph *g, const struct ir_node *product, struct windows *w) {
  const struct ir_node *row = &g->node[product->arg[0]];
  const int rank = product->type.rank;
  ir_id y;
  if (product->op != OP_project || product->attr[0] || row->op != OP_concat || row->attr[0] != rank - 1
      || row->type.rank != rank || (rank != 2 && rank != 3) || !is_small(g, &g->node[product->arg[1]].type)
      || !are_windows(g, row, w, &y) || !is_padded(g, &g->node[y], w))
    return false;
  const struct vm_type *x = &g->node[w->x].type;
  const vm_dim stride = vm_dim_number(g->dims, w->stride);
  return x->batched == product->type.batched && x->dtype == RT_REAL
         && vm_dim_ceil(g->dims, vm_dim_over(g->dims, x->dim[w->axis], stride)) == product->type.dim[w->axis]
         && (rank == 2 || w->stride == 1);
}

/* The type of rows as an image of one row. */
static struct vm_type image_of(struct vm_dims *dims, const struct vm_type *rows) {
  struct vm_type image = *rows;
  if (rows->rank == 3) return image;
  image.rank = 3;
  image.dim[0] = vm_dim_number(dims, 1);
  for (int a = 0; a < 2; a++) image.dim[a + 1] = rows->dim[a];
  return image;
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct windows w;
  (void)context;
  if (!find_windows(g, node, &w)) return ir_append(g, node, error);
  const struct ir_at at = {g, node->span, error};
  const struct vm_type rows = g->node[w.x].type, from = image_of(g->dims, &rows),
                       to = image_of(g->dims, &node->type);
  const ir_id arg[2] = {rows.rank == 3 ? w.x : ir_reshape(at, w.x, &from), node->arg[1]};
  const ir_id y = ir_add(
      at, (struct ir_op){OP_convolve, 2, .arg = arg, .attr = {w.width, w.stride, 1, w.before}, .type = &to});
  return rows.rank == 3 ? y : ir_reshape(at, y, &node->type);
}

int ir_see_windows(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  const int status = ir_simplify(g, root_count, root, error);
  return status == RT_OK ? ir_rewrite(g, root_count, root, visit, NULL, error) : status;
}
