/* matrix_product.c: x @ w. */
#include "compiler/front/elaborate.h"

/* x @ w where w is a vector of each head, [H, D]: one number per row and head. */
static int per_head_vector(struct cc_context *c, struct ir_at at, ir_id x, ir_id w, ir_id *id) {
  if (cc_is_lifted(c, cc_type(c, x))) {
    ir_id product = ir_binary(at, OP_mul, x, w);
    uint32_t keep = product ? (1u << (cc_type(c, product)->rank - 1)) - 1 : 0;
    *id = ir_sum(at, product, keep, cc_type(c, product)->batched);
  } else
    *id = ir_add(at, (struct ir_op){OP_project, 2, .arg = (ir_id[]){x, ir_swap(at, w, 0, 1)}});
  return *id ? RT_OK : c->error->code;
}

/* A product with a vector on one side, which is a matrix of one row or column. */
static int vector_product(struct cc_context *c, struct ir_at at, ir_id x, ir_id w, ir_id *id) {
  bool left = cc_type(c, x)->rank == 1;
  struct vm_type wide = *cc_type(c, left ? x : w);
  wide.dim[1] = left ? wide.dim[0] : VM_ONE;
  if (left) wide.dim[0] = VM_ONE;
  wide.rank = 2;
  ir_id *vector = left ? &x : &w;
  *vector = ir_reshape(at, *vector, &wide);
  ir_id product = ir_matmul(at, x, false, w, false);
  if (!product) return c->error->code;
  struct vm_type out = *cc_type(c, product);
  if (left && out.rank >= 2) out.dim[out.rank - 2] = out.dim[out.rank - 1];
  out.rank--;
  *id = ir_reshape(at, product, &out);
  return *id ? RT_OK : c->error->code;
}

/* [B, T, D] and [B, D, E], whose leading axes are the same: a product for each of them. */
static bool is_batch_of_products(const struct vm_type *x, const struct vm_type *w) {
  bool same = x->rank == w->rank && x->rank > 2 && x->dim[x->rank - 1] == w->dim[w->rank - 2];
  for (int a = 0; same && a < x->rank - 2; a++) same = x->dim[a] == w->dim[a];
  return same;
}

/* x @ w: the last axis of x with the first of w, or matrix by matrix where both have the same leading axes. A
 * w that is one for all examples may have further axes, and is one large product over all rows; tensors that
 * both belong to an example are multiplied as matrices. */
int cc_matrix_product(struct cc_context *c, const struct gr_node *node, ir_id x, ir_id w, ir_id *id) {
  struct vm_type tx = *cc_type(c, x), tw = *cc_type(c, w);
  struct ir_at at = cc_in_model(c, node->span);
  if (tx.rank == 0 || tw.rank == 0) {
    gr_fail(c->error, node->span, "@ multiplies along axes, and %s has none",
            tx.rank == 0 ? "the left side" : "the right side");
    rt_hint(c->error, "to scale by a single number write *");
    return c->error->code;
  }
  vm_dim inner = tx.dim[tx.rank - 1];
  bool lifted =
      cc_hidden_axis(c, &tx) == tx.rank - 2 && cc_hidden_axis(c, &tw) == 1 && tw.rank >= 3 && tx.rank >= 2;
  int seen[RT_MAX_RANK], visible = cc_visible(c, &tw, seen);
  bool further = visible > 2 && tw.dim[0] == inner && !is_batch_of_products(&tx, &tw)
                 && (cc_hidden_axis(c, &tx) < 0 || cc_hidden_axis(c, &tw) < 0);
  if (!tw.batched && (further || (visible <= 2 && (tw.dim[0] == inner || visible == 2)))) {
    if (tw.dim[0] != inner) return cc_inner_axes(c, node, &tx, &tw, 0);
    *id = ir_add(at, (struct ir_op){OP_project, 2, .arg = (ir_id[]){x, w}, .attr = {lifted}});
    return *id ? RT_OK : c->error->code;
  }
  if (!tw.batched && tw.rank == 2 && visible == 1 && tw.dim[1] == inner)
    return per_head_vector(c, at, x, w, id);
  int status = cc_check_product(c, node, &tx, &tw);
  if (status != RT_OK) return status;
  if (tx.rank == 1 || tw.rank == 1) return vector_product(c, at, x, w, id);
  *id = ir_matmul(at, x, false, w, false);
  return *id ? RT_OK : c->error->code;
}
