/* slot.c: what the slots of heads can do beside arithmetic: sums, maxima and the like over all keys or all
 * queries, the values of all heads at once, and vectors of a query and a key. */
#include "compiler/front/builtin.h"

#include <math.h>
#include <string.h>

static int give(struct cc_context *c, struct cc_value *result, ir_id id) {
  *result = (struct cc_value){.kind = CC_TENSOR, .id = id};
  return id ? RT_OK : c->error->code;
}

static const struct ir_node *slot_node(const struct cc_context *c, ir_id id) {
  return &c->slot->graph->node[id];
}

static int usage(struct cc_context *c, const char *name, const char *written, args_t *args) {
  gr_fail(c->error, args->node->span, "in a slot `%s` is written %s", name, written);
  rt_hint(c->error, "j stands for the keys that the query sees, i for the queries that see the key");
  return c->error->code;
}

/* ---- over positions ---- */

/* Is the value just i or j? As an argument, as in sum(s, j), it says what to run over. */
static bool is_position(const struct cc_context *c, const struct cc_value *v, enum attend_axis *position) {
  if (v->kind != CC_TENSOR || v->outer) return false;
  const struct ir_node *n = slot_node(c, v->id);
  if (n->op != OP_input || (n->attr[0] != IR_LEAF_I && n->attr[0] != IR_LEAF_J)) return false;
  *position = n->attr[0] == IR_LEAF_I ? ATTEND_I : ATTEND_J;
  return true;
}

/* The first argument as a value of the slot, and the position that the second one names. Without a second
 * argument it is j. */
static int operand(struct cc_context *c, const struct cc_builtin *self, args_t *args, const char *written,
                   ir_id *x, enum attend_axis *position) {
  *position = ATTEND_J;
  if (args->count == 2 && !is_position(c, &args->value[1], position))
    return usage(c, self->name, written, args);
  return cc_to_tensor(c, &args->value[0], args->span[0], x);
}

static ir_id over(struct cc_context *c, enum ir_over what, enum attend_axis position, ir_id a,
                  double parameter, args_t *args) {
  struct ir_along along = {what, .position = position, .parameter = parameter, .heads = c->head_dim};
  return ir_over(cc_in_graph(c, args->node->span), along, a);
}

/* sum(x, K), mean(x, K), max(x, K) of a vector. */
static int along_vector(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                        struct cc_value *result) {
  struct ir_at at = cc_in_graph(c, args->node->span);
  ir_id x;
  vm_dim dim;
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  if (status == RT_OK && args->count == 2) status = cc_to_dim(c, &args->value[1], args->span[1], &dim);
  if (status != RT_OK) return status;
  struct vm_type type = slot_node(c, x)->type, one = {.dtype = RT_REAL, .of = VM_NO_DIM};
  if (type.rank != 1) {
    gr_fail(c->error, args->span[0],
            "this is one number for each query and key: there is no axis to go along");
    rt_hint(c->error, "%s(…, j) runs over the keys that the query sees, %s(…, i) over the queries",
            self->name, self->name);
    return c->error->code;
  }
  if (args->count == 2 && dim != type.dim[0])
    return gr_fail(c->error, args->span[1], "this vector is [%s]", cc_dim_text(c, type.dim[0]));
  if (self->op == OP_max || self->op == OP_min) {
    bool least = self->op == OP_min;
    if (least) x = ir_unary(at, OP_neg, x);
    ir_id top = ir_add(at, (struct ir_op){OP_maximum, 1, .arg = &x, .attr = {0}, .type = &one});
    return give(c, result, least ? ir_unary(at, OP_neg, top) : top);
  }
  ir_id sum = ir_sum(at, x, 0, false);
  if (self->op == OP_sum) return give(c, result, sum);
  struct cc_value size = {.kind = CC_DIM, .dim = type.dim[0]};
  ir_id n;
  if ((status = cc_to_tensor(c, &size, at.span, &n))) return status;
  return give(c, result, ir_binary(at, OP_div, sum, n));
}

/* Is the value a vector of what all heads have? Each has seen keys of its own. */
static bool is_of_heads(const struct cc_context *c, ir_id id) {
  const struct ir_node *n = slot_node(c, id);
  if (!n->type.rank) return false;
  if (n->op == OP_over && n->attr[0] == IR_OVER_HEADS) return true;
  for (int k = 0; k < n->arg_count; k++)
    if (is_of_heads(c, n->arg[k])) return true;
  return false;
}

/* Over nothing it is 0. */
static ir_id mean_over(struct cc_context *c, enum attend_axis position, ir_id x, args_t *args) {
  struct ir_at at = cc_in_graph(c, args->node->span);
  ir_id one = ir_constant(at, 1, NULL), each = one;
  if (one && is_of_heads(c, x)) each = over(c, IR_OVER_HEADS, ATTEND_H, one, 0, args);
  ir_id seen = ir_binary(at, OP_max, over(c, IR_OVER_SUM, position, each, 0, args), one);
  return ir_binary(at, OP_div, over(c, IR_OVER_SUM, position, x, 0, args), seen);
}

static int reduce(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  static const char written[] = "with what it runs over: sum(x, j), or sum(x, K) of a vector [K]";
  struct ir_at at = cc_in_graph(c, args->node->span);
  enum attend_axis position;
  ir_id x;
  bool named = args->named[0].kind != CC_NONE; /* over = j */
  if (named && args->count > 1) return usage(c, self->name, written, args);
  if (named ? !is_position(c, &args->named[0], &position)
            : args->count == 1 || !is_position(c, &args->value[1], &position))
    return named ? usage(c, self->name, written, args) : along_vector(c, self, args, result);
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  if (status != RT_OK) return status;
  switch (self->op) {
    case OP_sum: x = over(c, IR_OVER_SUM, position, x, 0, args); break;
    case OP_max: x = over(c, IR_OVER_MAX, position, x, 0, args); break;
    case OP_min:
      x = ir_unary(at, OP_neg, over(c, IR_OVER_MAX, position, ir_unary(at, OP_neg, x), 0, args));
      break;
    default: x = mean_over(c, position, x, args); break;
  }
  return give(c, result, x);
}

/* Is the value made of scores or tensors that vary with the position, or of positions and numbers alone? */
static bool is_measured(const struct cc_context *c, ir_id id) {
  const struct ir_node *n = slot_node(c, id);
  if (n->op == OP_input) return n->attr[0] >= 0;
  for (int k = 0; k < n->arg_count; k++)
    if (is_measured(c, n->arg[k])) return true;
  return false;
}

static int two_meanings(struct cc_context *c, const struct cc_builtin *self, enum attend_axis position,
                        args_t *args) {
  const char *name = self->name;
  char p = position == ATTEND_I ? 'i' : 'j';
  gr_fail(c->error, args->node->span, "`%s` of positions and `%c`: of the two, or over all %s?", name, p,
          position == ATTEND_I ? "queries" : "keys");
  rt_hint(c->error, "%s(%c, …) is the %s of the two; %s(…, over = %c) runs over the %s", name, p,
          self->op == OP_min ? "smaller" : "larger", name, p, position == ATTEND_I ? "queries" : "keys");
  return c->error->code;
}

static int pair(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  ir_id a, b;
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &a);
  if (status == RT_OK) status = cc_to_tensor(c, &args->value[1], args->span[1], &b);
  return status != RT_OK
             ? status
             : give(c, result, ir_binary(cc_in_graph(c, args->node->span), (enum rt_op)self->op, a, b));
}

/* max(a, b) and min(a, b) of two numbers are no reductions. max(s, j) runs over the keys, because s
 * varies with them and is more than a position. min(i, j) is the smaller of two numbers, and so is min(i,
 * D) with a dim D that is no axis of i. */
static int extreme(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                   struct cc_value *result) {
  enum attend_axis position;
  ir_id x;
  if (args->count != 2 || args->named[0].kind != CC_NONE) return reduce(c, self, args, result);
  if (args->value[0].kind == CC_TENSOR && args->value[1].kind == CC_DIM) {
    bool vector = !args->value[0].outer && slot_node(c, args->value[0].id)->type.rank;
    return vector ? reduce(c, self, args, result) : pair(c, self, args, result);
  }
  if (!is_position(c, &args->value[1], &position)) return pair(c, self, args, result);
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  if (status != RT_OK) return status;
  if (!(slot_node(c, x)->varies & IR_VARIES(position))) return pair(c, self, args, result);
  return is_measured(c, x) ? reduce(c, self, args, result) : two_meanings(c, self, position, args);
}

static int softmax(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                   struct cc_value *result) {
  enum attend_axis position;
  ir_id x;
  int status = operand(c, self, args, "softmax(x) or softmax(x, j)", &x, &position);
  return status != RT_OK ? status
                         : give(c, result, ir_slot_softmax(cc_in_graph(c, args->node->span), position, x));
}

/* max((alpha - 1) x - tau, 0)^(1 / (alpha - 1)): Martins and Astudillo 2016 (alpha = 2), Peters et al. 2019.
 */
static int entmax(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  struct ir_at at = cc_in_graph(c, args->node->span);
  double alpha = args->count > 1 ? args->value[1].number : self->constant; /* sparsemax: 2 */
  ir_id x;
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  if (status != RT_OK) return status;
  x = ir_slot_shifted(at, ATTEND_J, x); /* tau is as precise as it is large */
  if (!x) return c->error->code;
  ir_id scaled = alpha == 2 ? x : ir_binary(at, OP_mul, ir_constant(at, alpha - 1, NULL), x);
  ir_id tau = over(c, IR_OVER_ENTMAX, ATTEND_J, x, alpha, args), zero = ir_constant(at, 0, NULL);
  ir_id above = ir_select(at, ir_binary(at, OP_le, scaled, tau), zero, ir_binary(at, OP_sub, scaled, tau));
  if (!above) return c->error->code; /* no relu, which would hide what is no number */
  at.g->node[above].choice = IR_CHOICE_OWN;
  if (alpha == 2) return give(c, result, above);
  if (alpha == 1.5) return give(c, result, ir_unary(at, OP_square, above));
  return give(c, result, ir_binary(at, OP_pow, above, ir_constant(at, 1 / (alpha - 1), NULL)));
}

/* 1 for the K largest, and for what is equal to the K-th. */
static int top_k(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  (void)self;
  double k = args->value[1].number;
  ir_id x;
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  if (status != RT_OK) return status;
  struct ir_at at = cc_in_graph(c, args->node->span);
  ir_id still = ir_unary(at, OP_stop, x), kth = over(c, IR_OVER_KTH, ATTEND_J, still, k, args);
  /* A score of -infinity is never among them. */
  ir_id any = ir_binary(at, OP_lt, ir_constant(at, -INFINITY, NULL), still);
  return give(c, result, ir_binary(at, OP_and, any, ir_binary(at, OP_le, kth, still)));
}

static int cumsum(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  static const char written[] = "cumsum(x, j), or cumsum(x, j, reverse = true)";
  enum attend_axis position;
  double reverse = args->named[0].number;
  ir_id x;
  int status = operand(c, self, args, written, &x, &position);
  return status != RT_OK
             ? status
             : give(c, result,
                    over(c, reverse != 0 ? IR_OVER_CUMSUM_BACK : IR_OVER_CUMSUM, position, x, 0, args));
}

static int stop(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  (void)self;
  ir_id x;
  int status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  return status != RT_OK ? status : give(c, result, ir_unary(cc_in_graph(c, args->node->span), OP_stop, x));
}

static int gumbel(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  (void)self;
  return give(c, result, ir_leaf(cc_in_graph(c, args->node->span), IR_LEAF_GUMBEL));
}

static const struct cc_parameter just_x[] = {{"x", .takes = CC_TAKES_ANY}};
static const struct cc_parameter over_j[] = {{"x", .takes = CC_TAKES_ANY},
                                             {"j", CC_TAKES_ANY, .optional = true}};
static const struct cc_parameter reduce_rows[] = {{"x", .takes = CC_TAKES_ANY},
                                                  {"j", CC_TAKES_ANY, .optional = true},
                                                  {"over", CC_TAKES_ANY, .optional = true, .by_name = true}};
static const struct cc_parameter entmax_rows[] = {
    {"x", .takes = CC_TAKES_ANY}, {"alpha", CC_TAKES_NUMBER, CC_ALPHA, .optional = true, .fallback = 1.5}};
static const struct cc_parameter top_k_rows[] = {{"x", .takes = CC_TAKES_ANY},
                                                 {"K", CC_TAKES_WHOLE, .range = CC_FROM_TO(1, INT32_MAX)}};
static const struct cc_parameter cumsum_rows[] = {
    {"x", .takes = CC_TAKES_ANY},
    {"j", CC_TAKES_ANY, .optional = true},
    {"reverse", CC_TAKES_SWITCH, .optional = true, .by_name = true}};

static const struct meaning {
  const char *name;
  const struct cc_parameter *takes;
  int count;
  cc_builtin_run *run;
} meanings[] = {{"sum", CC_TAKES(reduce_rows), reduce},
                {"mean", CC_TAKES(reduce_rows), reduce},
                {"max", CC_TAKES(reduce_rows), extreme},
                {"min", CC_TAKES(reduce_rows), extreme},
                {"softmax", CC_TAKES(over_j), softmax},
                {"sparsemax", CC_TAKES(just_x), entmax},
                {"entmax", CC_TAKES(entmax_rows), entmax},
                {"top_k", CC_TAKES(top_k_rows), top_k},
                {"cumsum", CC_TAKES(cumsum_rows), cumsum},
                {"stop_gradient", CC_TAKES(just_x), stop},
                {"gumbel", NULL, 0, gumbel}};

int cc_slot_call(struct cc_context *c, const struct cc_builtin *builtin, args_t *args,
                 struct cc_value *result) {
  struct cc_call_args matched;
  for (size_t k = 0; k < RT_COUNT(meanings); k++) {
    const struct meaning *m = &meanings[k];
    if (strcmp(m->name, builtin->name) != 0) continue;
    const struct cc_callee callee = {m->name, "argument", m->takes, m->count, .declared = NULL};
    int status = cc_match_values(c, &callee, args, &matched);
    return status != RT_OK ? status : m->run(c, builtin, &matched, result);
  }
  return cc_builtin_call(c, builtin, args, result);
}

/* ---- all heads ---- */

int cc_slot_heads(struct cc_context *c, const struct gr_node *node, const struct cc_value *base,
                  struct cc_value *value) {
  const struct gr_node *index = node->count == 2 ? node->child[1] : NULL;
  if (!index || index->kind != GR_RANGE || index->child[0] || index->child[1]) {
    gr_fail(c->error, node->span, "a score is a single number and has no axes to index");
    rt_hint(c->error, "s[..] is the vector of all heads' scores, in a head written head[H]");
    return c->error->code;
  }
  if (c->head_dim == VM_NO_DIM)
    return gr_fail(c->error, node->span, "there are no other heads here: the head is not written head[H]");
  if (c->heads.around != VM_NO_DIM)
    return gr_fail(c->error, node->span,
                   "the scores of all heads cannot be had in a head[%s] that a head[%s] calls",
                   cc_dim_text(c, c->heads.own), cc_dim_text(c, c->heads.around));
  return give(c, value,
              ir_over(cc_in_graph(c, node->span),
                      (struct ir_along){IR_OVER_HEADS, .position = ATTEND_H, .heads = c->head_dim},
                      base->id));
}
