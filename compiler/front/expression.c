/* expression.c: expressions. Numbers and dims stay numbers and dims as long as they can, so that shapes may
 * be computed with. */
#include "compiler/front/elaborate.h"

#include <math.h>
#include <string.h>

const char *cc_keep_text(struct cc_context *c, struct rt_text *text, const char *otherwise) {
  const char *copy =
      text->failed || !text->data ? NULL : rt_arena_strndup(&c->model->arena, text->data, text->length);
  rt_text_free(text);
  return copy ? copy : otherwise;
}

const char *cc_type_text(struct cc_context *c, const struct vm_type *type) {
  struct rt_text text = {0};
  struct vm_type seen = *type;
  int axis[RT_MAX_RANK];
  seen.rank = (uint8_t)cc_visible(c, type, axis);
  for (int i = 0; i < seen.rank; i++) seen.dim[i] = type->dim[axis[i]];
  vm_type_print(&c->module->dims, &seen, &text);
  return cc_keep_text(c, &text, "[…]");
}

const char *cc_dim_text(struct cc_context *c, vm_dim dim) {
  struct rt_text text = {0};
  vm_dim_print(&c->module->dims, dim, &text);
  return cc_keep_text(c, &text, "…");
}

const char *cc_describe(struct cc_context *c, const struct cc_value *v) {
  const char *text = NULL;
  struct rt_arena *a = &c->model->arena;
  switch (v->kind) {
    case CC_TENSOR:
      text = c->slot && !v->outer ? "a score"
             : cc_type(c, v->id)->rank == 0
                 ? "a number that is computed at run time"
                 : rt_arena_printf(a, "a tensor %s", cc_type_text(c, cc_type(c, v->id)));
      break;
    case CC_NUMBER: text = rt_arena_printf(a, "the number %g", v->number); break;
    case CC_DIM: text = rt_arena_printf(a, "the dim %s", cc_dim_text(c, v->dim)); break;
    case CC_STRING: text = rt_arena_printf(a, "the text \"%s\"", v->text); break;
    case CC_FUNCTION:
      text = rt_arena_printf(a, "the %s `%s`", v->function->node->kind == GR_HEAD ? "head" : "function",
                             v->function->name);
      break;
    case CC_BUILTIN: text = rt_arena_printf(a, "the function `%s`", v->builtin->name); break;
    case CC_LIST: text = rt_arena_printf(a, "a list of %d", v->item_count); break;
    case CC_NONE: text = "nothing"; break;
  }
  return text ? text : "a value";
}

/* A dim as a real number: through its symbols when it has fractions, so that T/2 of an odd T is exact, or
 * powers, since T^3 may be more than any axis can have. */
static ir_id dim_tensor(struct cc_context *c, vm_dim dim, struct gr_span span) {
  const struct vm_poly *poly = &c->module->dims.poly[dim];
  bool whole = true;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    if (poly->term[t].denominator != 1 || poly->term[t].numerator < 0) whole = false;
    for (uint32_t f = 0; f < poly->term[t].factor_count; f++)
      if (poly->term[t].factor[f].power < 0 || poly->term[t].factor[f].power > 1) whole = false;
  }
  if (whole) return ir_size(c->model, dim, span, c->error);
  ir_id sum = 0;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    struct vm_term term = c->module->dims.poly[dim].term[t];
    ir_id product =
        ir_constant(c->model, (double)term.numerator / (double)term.denominator, NULL, span, c->error);
    for (uint32_t f = 0; f < term.factor_count && product; f++) {
      vm_dim symbol = VM_NO_DIM;
      for (vm_dim d = 0; d < c->module->dims.poly_count && symbol == VM_NO_DIM; d++)
        if (vm_dim_as_symbol(&c->module->dims, d) == (int64_t)term.factor[f].symbol) symbol = d;
      ir_id size = ir_size(c->model, symbol, span, c->error);
      for (int p = term.factor[f].power; p != 0 && product; p += p < 0 ? 1 : -1)
        product = ir_binary(c->model, p < 0 ? OP_div : OP_mul, product, size, span, c->error);
    }
    sum = t == 0 ? product : ir_binary(c->model, OP_add, sum, product, span, c->error);
  }
  return sum ? sum : ir_constant(c->model, 0, NULL, span, c->error);
}

/* A tensor of the model seen from a slot: only single numbers can be named there as they are. */
static int outer_to_slot(struct cc_context *c, ir_id outer, struct gr_span span, ir_id *id) {
  int axis[RT_MAX_RANK];
  const struct vm_type *type = cc_type(c, outer);
  if (cc_visible(c, type, axis) > 0) {
    gr_fail(c->error, span, "in a slot a tensor %s is used one element at a time", cc_type_text(c, type));
    rt_hint(c->error, "index it: i is the query's position, j the key's, h the head, as in B[i, j] or f[j]");
    return c->error->code;
  }
  uint8_t role[RT_MAX_RANK];
  for (int a = 0; a < type->rank; a++) role[a] = ATTEND_H;
  return cc_slot_extra(c, outer, role, VM_NO_DIM, span, id);
}

int cc_to_tensor(struct cc_context *c, const struct cc_value *v, struct gr_span span, ir_id *id) {
  *id = 0;
  switch (v->kind) {
    case CC_TENSOR:
      if (c->slot && v->outer) return outer_to_slot(c, v->id, span, id);
      *id = v->id;
      break;
    case CC_NUMBER:
      if (cc_check_float(c, v->number, span)) return c->error->code;
      *id = ir_constant(cc_graph(c), v->number, NULL, span, c->error);
      break;
    case CC_DIM: {
      double known;
      if (cc_to_number(c, v, &known))
        *id = ir_constant(cc_graph(c), known, NULL, span, c->error);
      else if (c->slot) {
        ir_id outer = dim_tensor(c, v->dim, span);
        return outer ? outer_to_slot(c, outer, span, id) : c->error->code;
      } else
        *id = dim_tensor(c, v->dim, span);
      break;
    }
    default:
      gr_fail(c->error, span, "a tensor is needed here, and this is %s", cc_describe(c, v));
      if (v->kind == CC_FUNCTION || v->kind == CC_BUILTIN)
        rt_hint(c->error, "call it: `%s(…)`", v->kind == CC_FUNCTION ? v->function->name : v->builtin->name);
      if (v->kind == CC_STRING && c->slot)
        rt_hint(c->error, "a slot is a formula or a function, and has no quotes: norm = softmax");
      else if (v->kind == CC_STRING)
        rt_hint(
            c->error,
            "texts name files and tensors of load; a choice is made by a number, or by the function itself: "
            "f(x, mean)");
  }
  return *id ? RT_OK : c->error->code;
}

int cc_to_real(struct cc_context *c, const struct cc_value *v, struct gr_span span, ir_id *id) {
  int status = cc_to_tensor(c, v, span, id);
  if (status || c->slot || cc_type(c, *id)->dtype != RT_INT) return status;
  gr_fail(c->error, span, "these are whole numbers that name things (%s); make vectors of them first",
          cc_type_text(c, cc_type(c, *id)));
  rt_hint(c->error, "embed(…, D) looks each up in a table of vectors; one_hot(…) makes 0s and a 1");
  return c->error->code;
}

void cc_hint_reduced(struct cc_context *c, const struct cc_value *v) {
  if (v->kind != CC_TENSOR || c->slot || cc_type(c, v->id)->rank > 0) return;
  const struct ir_node *node = &c->model->node[v->id],
                       *sum = node->op == OP_div ? &c->model->node[node->arg[0]] : node;
  const enum rt_op of = node->arg_count == 1 ? c->model->node[node->arg[0]].op : OP_input;
  if ((rt_op_info[node->op].flags & RT_LANE) && (of == OP_constant || of == OP_size))
    rt_hint(c->error, "this is made of a size or number alone, and so is one; a map of x to D numbers is "
                      "linear(x, D), and relu(linear(x, D)) what is also written relu(D x + b)");
  if (sum->op != OP_sum && sum->op != OP_maximum) return;
  const struct vm_type *from = cc_type(c, sum->arg[0]);
  const char *name = node->op == OP_div ? "mean" : node->op == OP_sum ? "sum" : "max";
  if (from->rank > 0)
    rt_hint(c->error, "%s(…) over no named axis is over all and gives []; name the axis: %s(…, %s)", name,
            name, cc_dim_text(c, from->dim[0]));
}

int cc_tensor(struct cc_context *c, const struct gr_node *node, ir_id *id) {
  struct cc_value value;
  int status = cc_expression(c, node, &value);
  return status ? status : cc_to_tensor(c, &value, node->span, id);
}

/* Inside head[H]: the axis that is H, which the program does not see there. -1: none. */
static int hidden_axis(struct cc_context *c, const struct vm_type *type) {
  for (int a = type->rank - 1; c->head_dim != VM_NO_DIM && a >= 0; a--)
    if (type->dim[a] == c->head_dim) return a;
  return -1;
}

bool cc_is_lifted(struct cc_context *c, const struct vm_type *type) { return hidden_axis(c, type) >= 0; }

int cc_visible(struct cc_context *c, const struct vm_type *type, int axis[RT_MAX_RANK]) {
  int hidden = hidden_axis(c, type), count = 0;
  for (int a = 0; a < type->rank; a++)
    if (a != hidden) axis[count++] = a;
  return count;
}

int cc_axis_of(struct cc_context *c, const struct vm_type *type, vm_dim d) {
  int visible[RT_MAX_RANK], found = -1, count = cc_visible(c, type, visible);
  for (int i = 0; i < count; i++) {
    if (type->dim[visible[i]] != d) continue;
    if (found >= 0) return -2;
    found = visible[i];
  }
  return found;
}

/* x @ w where w is a vector of each head, [H, D]: one number per row and head. */
static int per_head_vector(struct cc_context *c, const struct gr_node *node, ir_id x, ir_id w, ir_id *id) {
  struct vm_type turned = *cc_type(c, w);
  if (cc_is_lifted(c, cc_type(c, x))) {
    ir_id product = ir_binary(c->model, OP_mul, x, w, node->span, c->error);
    uint32_t keep = product ? (1u << (cc_type(c, product)->rank - 1)) - 1 : 0;
    *id = product ? ir_sum(c->model, product, keep, cc_type(c, product)->batched, node->span, c->error) : 0;
    return *id ? RT_OK : c->error->code;
  }
  int64_t order[RT_MAX_ATTR] = {1}, whole[RT_MAX_ATTR] = {0}; /* axes 1, 0 */
  turned.dim[0] = cc_type(c, w)->dim[1];
  turned.dim[1] = cc_type(c, w)->dim[0];
  ir_id args[2] = {x, ir_add(c->model, OP_transpose, 1, &w, order, 0, &turned, node->span, c->error)};
  *id = args[1] ? ir_add(c->model, OP_project, 2, args, whole, 0, NULL, node->span, c->error) : 0;
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
static int matrix_product(struct cc_context *c, const struct gr_node *node, ir_id x, ir_id w, ir_id *id) {
  struct vm_type tx = *cc_type(c, x), tw = *cc_type(c, w);
  int64_t attr[RT_MAX_ATTR] = {0};
  ir_id args[2] = {x, w};
  if (tx.rank == 0 || tw.rank == 0) {
    gr_fail(c->error, node->span, "@ multiplies along axes, and %s has none",
            tx.rank == 0 ? "the left side" : "the right side");
    rt_hint(c->error, "to scale by a single number write *");
    return c->error->code;
  }
  vm_dim inner = tx.dim[tx.rank - 1];
  bool lifted =
      hidden_axis(c, &tx) == tx.rank - 2 && hidden_axis(c, &tw) == 1 && tw.rank >= 3 && tx.rank >= 2;
  int seen[RT_MAX_RANK], visible = cc_visible(c, &tw, seen);
  bool further = visible > 2 && tw.dim[0] == inner && !is_batch_of_products(&tx, &tw)
                 && (hidden_axis(c, &tx) < 0 || hidden_axis(c, &tw) < 0);
  if (!tw.batched && (further || (visible <= 2 && (tw.dim[0] == inner || visible == 2)))) {
    attr[0] = lifted;
    if (tw.dim[0] != inner) return cc_inner_axes(c, node, &tx, &tw, 0);
    *id = ir_add(c->model, OP_project, 2, args, attr, 0, NULL, node->span, c->error);
    return *id ? RT_OK : c->error->code;
  }
  if (!tw.batched && tw.rank == 2 && visible == 1 && tw.dim[1] == inner)
    return per_head_vector(c, node, x, w, id);
  int status = cc_check_product(c, node, &tx, &tw);
  if (status) return status;
  if (tx.rank == 1 || tw.rank == 1) {
    /* A vector on one side: as a matrix of one row or column. */
    struct vm_type wide = tx.rank == 1 ? tx : tw, out;
    bool left = tx.rank == 1;
    wide.dim[left ? 1 : 1] = left ? wide.dim[0] : VM_ONE;
    if (left) wide.dim[0] = VM_ONE;
    wide.rank = 2;
    args[left ? 0 : 1] =
        ir_add(c->model, OP_reshape, 1, &args[left ? 0 : 1], NULL, 0, &wide, node->span, c->error);
    ir_id product =
        args[left ? 0 : 1] ? ir_add(c->model, OP_matmul, 2, args, attr, 0, NULL, node->span, c->error) : 0;
    if (!product) return c->error->code;
    out = *cc_type(c, product);
    if (left && out.rank >= 2) out.dim[out.rank - 2] = out.dim[out.rank - 1];
    out.rank--;
    *id = ir_add(c->model, OP_reshape, 1, &product, NULL, 0, &out, node->span, c->error);
    return *id ? RT_OK : c->error->code;
  }
  *id = ir_add(c->model, OP_matmul, 2, args, attr, 0, NULL, node->span, c->error);
  return *id ? RT_OK : c->error->code;
}

/* Slots see one score at a time; who writes q @ k' there means s. */
static int no_matrices(struct cc_context *c, const struct gr_node *node) {
  gr_fail(c->error, node->span,
          "matrix products have no place in a slot: compute them before, in the head or its caller");
  rt_hint(c->error, "the product of query and key is there already: `s`");
  return c->error->code;
}

CC_OWN_FRAME static int transpose(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  ir_id x;
  if (c->slot) return no_matrices(c, node);
  int status = cc_tensor(c, node->child[0], &x);
  if (status) return status;
  struct vm_type type = *cc_type(c, x), out = type;
  int axis[RT_MAX_RANK], visible = cc_visible(c, &type, axis);
  if (visible < 2)
    return gr_fail(c->error, node->span, "' swaps the last two axes, and this is %s", cc_type_text(c, &type));
  int a = axis[visible - 2], b = axis[visible - 1];
  int64_t attr[RT_MAX_ATTR] = {0};
  for (int i = 0; i < type.rank; i++) attr[0] |= (int64_t)(i == a ? b : i == b ? a : i) << (4 * i);
  out.dim[a] = type.dim[b];
  out.dim[b] = type.dim[a];
  value->kind = CC_TENSOR;
  value->id = ir_add(c->model, OP_transpose, 1, &x, attr, 0, &out, node->span, c->error);
  return value->id ? RT_OK : c->error->code;
}

static const struct {
  const char *text;
  enum rt_op op;
  bool swap;
} operators[] = {{"+", OP_add, 0}, {"-", OP_sub, 0}, {"*", OP_mul, 0},   {"/", OP_div, 0}, {"%", OP_mod, 0},
                 {"^", OP_pow, 0}, {"<", OP_lt, 0},  {"<=", OP_le, 0},   {">", OP_lt, 1},  {">=", OP_le, 1},
                 {"==", OP_eq, 0}, {"!=", OP_ne, 0}, {"and", OP_and, 0}, {"or", OP_or, 0}};

static double number_op(const char *op, double a, double b) {
  switch (op[0]) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    case '%': return a - b * floor(a / b);
    case '^': return pow(a, b);
    case '<': return op[1] ? a <= b : a < b;
    case '>': return op[1] ? a >= b : a > b;
    case '=': return a == b;
    case '!': return a != b;
    case 'a': return a != 0 && b != 0;
    default: return a != 0 || b != 0;
  }
}

/* Two numbers make a number, or the program says something that has no value, as 4 % 0. */
static int fold(struct cc_context *c, const struct gr_node *node, double a, double b,
                struct cc_value *value) {
  double number = number_op(node->text, a, b);
  bool whole = isfinite(a) && isfinite(b);
  if (isnan(number) || (whole && !isfinite(number)))
    return (node->text[0] == '/' || node->text[0] == '%') && b == 0
               ? gr_fail(c->error, node->span, "this divides by 0")
               : gr_fail(c->error, node->span, "%g %s %g is no number that can be written", a, node->text, b);
  *value = (struct cc_value){.kind = CC_NUMBER, .number = number};
  return RT_OK;
}

/* Arithmetic that stays a size: at least one dim, and a whole number or dim beside it. */
static bool dim_op(struct cc_context *c, const char *op, const struct cc_value *a, const struct cc_value *b,
                   struct cc_value *value) {
  if (a->kind != CC_DIM && b->kind != CC_DIM) return false;
  if (strlen(op) != 1 || !strchr("+-*/", op[0]) || (op[0] == '/' && a->kind == CC_NUMBER)) return false;
  vm_dim d[2];
  const struct cc_value *side[2] = {a, b};
  for (int i = 0; i < 2; i++) {
    if (side[i]->kind == CC_DIM)
      d[i] = side[i]->dim;
    else if (side[i]->kind == CC_NUMBER && side[i]->number == floor(side[i]->number)
             && fabs(side[i]->number) < 1e12)
      d[i] = vm_dim_number(&c->module->dims, (int64_t)side[i]->number);
    else
      return false;
    if (d[i] == VM_NO_DIM) return false;
  }
  struct vm_dims *t = &c->module->dims;
  value->kind = CC_DIM;
  value->dim = op[0] == '+'   ? vm_dim_plus(t, d[0], d[1])
               : op[0] == '-' ? vm_dim_minus(t, d[0], d[1])
               : op[0] == '*' ? vm_dim_times(t, d[0], d[1])
                              : vm_dim_over(t, d[0], d[1]);
  return value->dim != VM_NO_DIM;
}

/* Inside head[H], [T, D] beside a [D] of each head: the first is the same for every head, [T, H, D]. */
static ir_id for_every_head(struct cc_context *c, ir_id a, ir_id beside, struct gr_span span) {
  struct vm_type ta = *cc_type(c, a), tb = *cc_type(c, beside);
  uint32_t axes;
  if (c->slot || ta.rank == 0 || ta.rank == RT_MAX_RANK || cc_is_lifted(c, &ta) || !cc_is_lifted(c, &tb))
    return a;
  if (ir_embed(&ta, &tb, &axes) || ir_embed(&tb, &ta, &axes)) return a;
  ta.dim[ta.rank] = ta.dim[ta.rank - 1];
  ta.dim[ta.rank - 1] = c->head_dim;
  ta.rank++;
  return ir_embed(&tb, &ta, &axes) ? ir_expand(c->model, a, &ta, span, c->error) : a;
}

CC_OWN_FRAME static int binary(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct cc_value a, b;
  int status;
  if (c->slot && node->text[0] == '@') return no_matrices(c, node);
  if ((status = cc_expression(c, node->child[0], &a)) || (status = cc_expression(c, node->child[1], &b)))
    return status;
  if (a.kind == CC_NUMBER && b.kind == CC_NUMBER && node->text[0] != '@')
    return fold(c, node, a.number, b.number, value);
  if (dim_op(c, node->text, &a, &b, value)) return RT_OK;
  double x, y;
  if (node->text[0] != '@' && cc_to_number(c, &a, &x) && cc_to_number(c, &b, &y))
    return fold(c, node, x, y, value);
  if ((node->text[0] == '/' || node->text[0] == '%') && cc_to_number(c, &b, &y) && y == 0)
    return gr_fail(c->error, node->span, "this divides by 0");
  ir_id l, r;
  if ((status = cc_to_real(c, &a, node->child[0]->span, &l))
      || (status = cc_to_real(c, &b, node->child[1]->span, &r)))
    return status;
  value->kind = CC_TENSOR;
  value->id = 0;
  if (node->text[0] == '@') return matrix_product(c, node, l, r, &value->id);
  if (!c->slot
      && (!(l = for_every_head(c, l, r, node->child[0]->span))
          || !(r = for_every_head(c, r, l, node->child[1]->span))))
    return c->error->code;
  /* x^2 is a product: pow would be slower and has no gradient at negative x through the logarithm. */
  if (node->text[0] == '^' && b.kind == CC_NUMBER && b.number == 2)
    value->id = ir_unary(cc_graph(c), OP_square, l, c->error);
  for (size_t k = 0; !value->id && k < RT_COUNT(operators); k++)
    if (!strcmp(operators[k].text, node->text))
      value->id = ir_binary(cc_graph(c), operators[k].op, operators[k].swap ? r : l,
                            operators[k].swap ? l : r, node->span, c->error);
  return value->id ? RT_OK : c->error->code;
}

CC_OWN_FRAME static int unary(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct cc_value a;
  int status = cc_expression(c, node->child[0], &a);
  if (status) return status;
  bool minus = node->text[0] == '-';
  double known;
  if (cc_to_number(c, &a, &known)) {
    *value = (struct cc_value){.kind = CC_NUMBER, .number = minus ? -known : known == 0};
    return RT_OK;
  }
  ir_id x;
  if ((status = cc_to_real(c, &a, node->child[0]->span, &x))) return status;
  *value =
      (struct cc_value){.kind = CC_TENSOR, .id = ir_unary(cc_graph(c), minus ? OP_neg : OP_not, x, c->error)};
  return value->id ? RT_OK : c->error->code;
}

/* A name that is known (names.c) but has no value on the way taken. */
static int no_value(struct cc_context *c, const struct gr_node *node) {
  const char *text = node->text;
  if (c->slot && !strcmp(text, "i"))
    return gr_fail(c->error, node->span, "there is no `i` here: the query is a single vector");
  if (c->slot && !strcmp(text, "h"))
    return gr_fail(c->error, node->span, "there is no `h` here: the head is not written head[H]");
  if (c->slot && !strcmp(text, "s"))
    return gr_fail(c->error, node->span, "there is no `s` here: mask and drop do not see the score");
  gr_fail(c->error, node->span, "`%s` has no value here", text);
  rt_hint(c->error, "it is bound in a branch or loop that is not run with these sizes");
  return c->error->code;
}

/* What a name means: bound here, a dim or function of the file, the standard library, or built in. */
CC_OWN_FRAME static int name(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  const char *text = node->text;
  const struct cc_binding *bound = cc_lookup(c->scope, text);
  if (bound) {
    *value = bound->value;
    if (c->slot && !bound->in_slot && value->kind == CC_TENSOR) value->outer = true;
    return RT_OK;
  }
  struct cc_definition *d = cc_find(c->program, c->unit, text);
  if (d && d->node->kind == GR_DIM) {
    value->kind = CC_DIM;
    return cc_dim_of(c, d, &value->dim);
  }
  if (d && d->node->kind == GR_MODEL)
    return gr_fail(c->error, node->span, "a model is not called; what it shares with others belongs in a fn");
  if (d) {
    *value = (struct cc_value){.kind = CC_FUNCTION, .function = d};
    return RT_OK;
  }
  const struct cc_builtin *b = cc_builtin_find(text);
  if (b && !b->run) {
    *value = (struct cc_value){.kind = CC_NUMBER, .number = b->constant};
    return RT_OK;
  }
  if (b) {
    *value = (struct cc_value){.kind = CC_BUILTIN, .builtin = b};
    return RT_OK;
  }
  return no_value(c, node);
}

CC_OWN_FRAME static int member(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  const struct cc_import *import = cc_find_import(c->unit, node->child[0]->text);
  struct cc_definition *d = import ? cc_own_definition(import->unit, node->text) : NULL;
  if (!d) return gr_fail(c->error, node->span, "`%s` has no value here", node->text);
  if (d->node->kind == GR_DIM) {
    value->kind = CC_DIM;
    return cc_dim_of(c, d, &value->dim);
  }
  *value = (struct cc_value){.kind = CC_FUNCTION, .function = d};
  return RT_OK;
}

CC_OWN_FRAME static int instance(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  int status = cc_expression(c, node->child[0], value);
  if (status) return status;
  if (value->kind != CC_FUNCTION)
    return gr_fail(c->error, node->span, "instance needs a function or head, and this is %s",
                   cc_describe(c, value));
  const char *component = cc_component(c, value->function->name, node);
  value->instance = component ? rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, component) : NULL;
  return value->instance ? RT_OK : cc_out_of_memory(c);
}

/* The axes that *B stands for, as dims of a list. */
CC_OWN_FRAME static int put_star(struct cc_context *c, const struct gr_node *star, struct cc_value *list) {
  const struct cc_value *axes = cc_star(c, star);
  if (!axes) return c->error->code;
  for (int i = 0; i < axes->item_count; i++) list->item[list->item_count++] = axes->item[i];
  return RT_OK;
}

CC_OWN_FRAME static int list(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  size_t most = (size_t)node->count * RT_MAX_RANK + 1; /* each star has at most so many axes */
  value->kind = CC_LIST;
  value->item = rt_arena_alloc(&c->model->arena, sizeof(struct cc_value) * most);
  if (!value->item) return cc_out_of_memory(c);
  for (int i = 0; i < node->count; i++) {
    const struct gr_node *item = node->child[i];
    int status = item->kind == GR_STAR ? put_star(c, item, value)
                                       : cc_expression(c, item, &value->item[value->item_count++]);
    if (status) return status;
  }
  return RT_OK;
}

CC_OWN_FRAME static int text(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  value->kind = CC_STRING;
  value->text = cc_interpolate(c, node->text, node->span);
  return value->text ? RT_OK : c->error->code;
}

static int evaluate(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  int count = -1;
  switch (node->kind) {
    case GR_NUMBER:
      value->kind = CC_NUMBER;
      value->number = node->number;
      return cc_check_small(c, node->number, node->span);
    case GR_STRING: return text(c, node, value);
    case GR_NAME: return name(c, node, value);
    case GR_MEMBER: return member(c, node, value);
    case GR_LIST: return list(c, node, value);
    case GR_CALL: return cc_call(c, node, value, &count, 1);
    case GR_PARAMETER: return cc_parameter(c, node, value);
    case GR_INSTANCE: return instance(c, node, value);
    case GR_INDEX: return cc_index(c, node, value);
    case GR_UNARY: return unary(c, node, value);
    case GR_BINARY: return binary(c, node, value);
    case GR_TRANSPOSE: return transpose(c, node, value);
    default: return gr_fail(c->error, node->span, "this is not an expression");
  }
}

int cc_expression(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  *value = (struct cc_value){.kind = CC_NONE};
  int status = cc_enter(c, 1, node->span);
  if (!status) status = evaluate(c, node, value);
  cc_leave(c, 1);
  return status;
}
