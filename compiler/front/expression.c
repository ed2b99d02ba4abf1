/* expression.c: expressions. Numbers and dims stay numbers and dims as long as they can, so that shapes may
 * be computed with. */
#include "compiler/front/elaborate.h"
#include "compiler/ir/passes.h"

#include <math.h>
#include <string.h>

int cc_tensor(struct cc_context *c, const struct gr_node *node, ir_id *id) {
  struct cc_value value;
  int status = cc_expression(c, node, &value);
  return status != RT_OK ? status : cc_to_tensor(c, &value, node->span, id);
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
  if (status != RT_OK) return status;
  struct vm_type type = *cc_type(c, x);
  int axis[RT_MAX_RANK], visible = cc_visible(c, &type, axis);
  if (visible < 2)
    return gr_fail(c->error, node->span, "' swaps the last two axes, and this is %s", cc_type_text(c, &type));
  value->kind = CC_TENSOR;
  value->id = ir_swap(cc_in_model(c, node->span), x, axis[visible - 2], axis[visible - 1]);
  return value->id ? RT_OK : c->error->code;
}

static bool divides(const struct cc_operator *o) { return o->op == OP_div || o->op == OP_mod; }

/* The value of an operator on two numbers. An error when there is none, as of 4 % 0. */
static int fold(struct cc_context *c, const struct gr_node *node, double a, double b,
                struct cc_value *value) {
  const struct cc_operator *o = cc_operator(node);
  double number = ir_fold(o->op, o->swap ? b : a, o->swap ? a : b, 0);
  bool whole = isfinite(a) && isfinite(b);
  if (isnan(number) || (whole && !isfinite(number)))
    return divides(o) && b == 0
               ? gr_fail(c->error, node->span, "this divides by 0")
               : gr_fail(c->error, node->span, "%g %s %g is not a finite number", a, node->text, b);
  *value = (struct cc_value){.kind = CC_NUMBER, .number = number};
  return RT_OK;
}

/* Arithmetic whose result is a size again: of two dims, or of a dim and a whole number. */
static bool dim_op(struct cc_context *c, enum rt_op op, const struct cc_value *a, const struct cc_value *b,
                   struct cc_value *value) {
  if ((a->kind != CC_DIM && b->kind != CC_DIM) || (op == OP_div && a->kind == CC_NUMBER)) return false;
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
  switch (op) {
    case OP_add: value->dim = vm_dim_plus(t, d[0], d[1]); break;
    case OP_sub: value->dim = vm_dim_minus(t, d[0], d[1]); break;
    case OP_mul: value->dim = vm_dim_times(t, d[0], d[1]); break;
    case OP_div: value->dim = vm_dim_over(t, d[0], d[1]); break;
    default: return false;
  }
  value->kind = CC_DIM;
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
  return ir_embed(&tb, &ta, &axes) ? ir_expand(cc_in_model(c, span), a, &ta) : a;
}

/* What the library learns beside a value, such as the offset of `linear`, lies along the last axes, also
 * where others are as long. */
static ir_id along_last(struct cc_context *c, ir_id a, ir_id beside, struct gr_span span) {
  const struct vm_type ta = *cc_type(c, a), tb = *cc_type(c, beside);
  const int before = tb.rank - ta.rank;
  uint32_t axes;
  if (!c->unit->is_stdlib || c->model->node[a].op != OP_param || ir_embed(&ta, &tb, &axes) < 2) return a;
  for (int x = 0; x < ta.rank; x++)
    if (ta.dim[x] != tb.dim[before + x]) return a;
  return ir_expand_axes(cc_in_model(c, span), a, ((1u << ta.rank) - 1) << before, &tb);
}

/* The items of one list, and then those of another. */
static int join(struct cc_context *c, const struct cc_value *a, const struct cc_value *b,
                struct cc_value *list) {
  size_t first = (size_t)a->item_count, second = (size_t)b->item_count;
  int status = cc_spend(c, b->item_count + a->item_count);
  if (status != RT_OK) return status;
  list->kind = CC_LIST;
  list->item = rt_arena_alloc(&c->model->arena, sizeof *list->item * (first + second + 1));
  if (!list->item) return cc_out_of_memory(c);
  if (first) memcpy(list->item, a->item, first * sizeof *a->item);
  if (second) memcpy(list->item + first, b->item, second * sizeof *b->item);
  list->item_count = a->item_count + b->item_count;
  return RT_OK;
}

/* floor of what is there: of a size a size. */
static int round_down(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  ir_id x;
  if (value->kind == CC_NUMBER) {
    value->number = floor(value->number);
    return RT_OK;
  }
  if (cc_round_dim(c, OP_floor, value)) return RT_OK;
  int status = cc_to_tensor(c, value, node->span, &x);
  if (status != RT_OK) return status;
  *value = (struct cc_value){.kind = CC_TENSOR, .id = ir_unary(cc_in_graph(c, node->span), OP_floor, x)};
  return value->id ? RT_OK : c->error->code;
}

CC_OWN_FRAME static int operation(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  const struct cc_operator *o = cc_operator(node);
  const bool product = o->op == OP_matmul;
  struct cc_value a, b;
  int status;
  if (c->slot && product) return no_matrices(c, node);
  if ((status = cc_expression(c, node->child[0], &a)) || (status = cc_expression(c, node->child[1], &b)))
    return status;
  if (a.kind == CC_LIST && b.kind == CC_LIST && o->op == OP_add) return join(c, &a, &b, value);
  if (a.kind == CC_STRING && b.kind == CC_STRING && (o->op == OP_eq || o->op == OP_ne)) {
    *value = (struct cc_value){.kind = CC_NUMBER, .number = !strcmp(a.text, b.text) == (o->op == OP_eq)};
    return RT_OK;
  }
  if (a.kind == CC_NUMBER && b.kind == CC_NUMBER && !product) return fold(c, node, a.number, b.number, value);
  if (dim_op(c, o->op, &a, &b, value)) return RT_OK;
  double x, y;
  if (!product && cc_to_number(c, &a, &x) && cc_to_number(c, &b, &y)) return fold(c, node, x, y, value);
  if (divides(o) && cc_to_number(c, &b, &y) && y == 0)
    return gr_fail(c->error, node->span, "this divides by 0");
  ir_id l, r;
  if ((status = cc_to_real(c, &a, node->child[0]->span, &l))
      || (status = cc_to_real(c, &b, node->child[1]->span, &r)))
    return status;
  value->kind = CC_TENSOR;
  value->id = 0;
  if (product) return cc_matrix_product(c, node, l, r, &value->id);
  if (!c->slot
      && (!(l = for_every_head(c, l, r, node->child[0]->span))
          || !(r = for_every_head(c, r, l, node->child[1]->span))
          || !(l = along_last(c, l, r, node->child[0]->span))
          || !(r = along_last(c, r, l, node->child[1]->span))))
    return c->error->code;
  struct ir_at at = cc_in_graph(c, node->span);
  /* x^2 is x * x. pow would be slower, and its gradient takes the logarithm of x, which a negative x does not
   * have. */
  bool square = o->op == OP_pow && b.kind == CC_NUMBER && b.number == 2;
  value->id = square ? ir_unary(at, OP_square, l) : ir_binary(at, o->op, o->swap ? r : l, o->swap ? l : r);
  return value->id ? RT_OK : c->error->code;
}

static int binary(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  int status = operation(c, node, value);
  return status == RT_OK && cc_rounds(node) ? round_down(c, node, value) : status;
}

CC_OWN_FRAME static int unary(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  const enum rt_op op = cc_operator(node)->op;
  struct cc_value a;
  int status = cc_expression(c, node->child[0], &a);
  if (status != RT_OK) return status;
  double known;
  if (cc_to_number(c, &a, &known)) {
    *value = (struct cc_value){.kind = CC_NUMBER, .number = ir_fold(op, known, 0, 0)};
    return RT_OK;
  }
  ir_id x;
  if ((status = cc_to_real(c, &a, node->child[0]->span, &x))) return status;
  *value = (struct cc_value){.kind = CC_TENSOR, .id = ir_unary(cc_in_graph(c, node->span), op, x)};
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
  const struct cc_definition *binder = c->answers ? cc_binder(c->unit, text) : NULL;
  if (binder)
    rt_hint(c->error,
            "the loss sees what the model's body binds, and this is bound in `%s`: let it return y = …, %s = "
            "…, and take r.%s of r = %s(…)",
            binder->name, text, text, binder->name);
  else if (c->answers)
    rt_hint(c->error,
            "a loss names an output first, as in cross_entropy(label), and then values of the model's "
            "body");
  else
    rt_hint(c->error, "it is bound in a branch or loop that is not run with these sizes");
  return c->error->code;
}

/* What is bound outside of the slot at hand: its tensors are nodes of the model's graph, those of a list too.
 */
static int from_outside(struct cc_context *c, struct cc_value *value) {
  if (value->kind == CC_TENSOR) value->outer = true;
  if (value->kind != CC_LIST) return RT_OK;
  const struct cc_value *inside = value->item;
  value->item = rt_arena_alloc(&c->model->arena, ((size_t)value->item_count + 1) * sizeof *value->item);
  if (!value->item) return cc_out_of_memory(c);
  int status = RT_OK;
  for (int k = 0; k < value->item_count && status == RT_OK; k++) {
    value->item[k] = inside[k];
    status = from_outside(c, &value->item[k]);
  }
  return status;
}

/* What a name means: bound here, a dim or function of the file, the standard library, or built in. */
CC_OWN_FRAME static int name(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  const char *text = node->text;
  const struct cc_binding *bound = cc_lookup(c->scope, text);
  if (bound) {
    *value = bound->value;
    cc_guess_met(c, value);
    if (c->heads.around != VM_NO_DIM && bound->head_dim == c->heads.around && !bound->in_slot) {
      int status = cc_merge_heads(c, node->span, value);
      if (status != RT_OK) return status;
    }
    return c->slot && !bound->in_slot ? from_outside(c, value) : RT_OK;
  }
  struct cc_definition *d = cc_find(c->program, c->unit, text);
  if (cc_is_value(d)) return cc_value_of(c, d, value);
  if (d && d->node->kind == GR_MODEL)
    return gr_fail(c->error, node->span, "a model is not called; what it shares with others belongs in a fn");
  if (d) {
    *value = (struct cc_value){.kind = CC_FUNCTION, .function = d};
    return RT_OK;
  }
  const struct cc_builtin *b = c->builtin_named(text);
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

/* r.z, where r is what a function gave whose results have names; or f(x).z. */
static int result_named(struct cc_context *c, const struct gr_node *node, const struct cc_value *of,
                        struct cc_value *value) {
  struct rt_nearest nearest = {node->text, NULL, 0};
  struct rt_text names = {0};
  const bool list = of->kind == CC_LIST;
  const struct gr_span base = node->child[0]->span;
  for (int i = 0; i < (list ? of->item_count : 1); i++) {
    const struct cc_value *item = list ? &of->item[i] : of;
    if (item->label && !strcmp(item->label, node->text)) {
      rt_text_free(&names);
      *value = *item;
      return RT_OK;
    }
    if (!item->label) continue;
    rt_nearest_consider(&nearest, item->label);
    rt_text_printf(&names, "%s`%s`", names.length ? ", " : "", item->label);
  }
  const int length = (int)(base.end - base.begin);
  const char *written = base.source->text + base.begin;
  if (names.length)
    gr_fail(c->error, node->name_span, "`%.*s` has no result `%s`: it has %s", length, written, node->text,
            names.data);
  else
    gr_fail(c->error, node->span, "`%.*s` is %s, which has no parts with names", length, written,
            cc_describe(c, of));
  if (nearest.best) rt_hint(c->error, "did you mean `%.*s.%s`?", length, written, nearest.best);
  rt_text_free(&names);
  return c->error->code;
}

CC_OWN_FRAME static int member(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct cc_value of;
  if (node->child[0]->kind != GR_NAME || cc_lookup(c->scope, node->child[0]->text)) {
    int status = cc_expression(c, node->child[0], &of);
    return status != RT_OK ? status : result_named(c, node, &of, value);
  }
  const struct cc_import *import = cc_find_import(c->unit, node->child[0]->text);
  struct cc_definition *d = import ? cc_own_definition(import->unit, node->text) : NULL;
  if (!d && !import) {
    gr_fail(c->error, node->span, "nothing here is called `%s.%s`", node->child[0]->text, node->text);
    rt_hint(
        c->error,
        "a point follows the name of an import; the parameters of a function are its own: make the one that "
        "is meant in the model, as in W = param[…]");
    return c->error->code;
  }
  if (!d) return gr_fail(c->error, node->span, "`%s` has no value here", node->text);
  if (cc_is_value(d)) return cc_value_of(c, d, value);
  *value = (struct cc_value){.kind = CC_FUNCTION, .function = d};
  return RT_OK;
}

CC_OWN_FRAME static int instance(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  int status = cc_expression(c, node->child[0], value);
  if (status != RT_OK) return status;
  if (value->kind != CC_FUNCTION)
    return gr_fail(c->error, node->span, "instance needs a function or head, and this is %s",
                   cc_describe(c, value));
  const char *component = cc_component(c, value->function->name, node);
  value->instance = component ? rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, component) : NULL;
  value->made_in = c->frame->round;
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
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

CC_OWN_FRAME static int text(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  value->kind = CC_STRING;
  value->text = cc_interpolate(c, node->text, node->span);
  value->said_in = node->span.source->name;
  return value->text ? RT_OK : c->error->code;
}

/* `{ d = i - j; return s - d * d }`: what it binds is its own. */
CC_OWN_FRAME static int block_value(struct cc_context *c, const struct gr_node *block,
                                    struct cc_value *value) {
  struct cc_scope inner = {.parent = c->scope};
  struct cc_results one = {value, 1, -1};
  c->scope = &inner;
  int status = cc_block(c, block, &one);
  c->scope = inner.parent;
  cc_scope_free(&inner);
  if (status != RT_OK || one.count == 1) return status;
  gr_fail(c->error, block->span, "this block gives no value");
  rt_hint(c->error, "it ends with what it is worth: return s - d * d");
  return c->error->code;
}

static int evaluate(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct cc_results one = {value, 1, -1};
  switch (node->kind) {
    case GR_NUMBER:
      value->kind = CC_NUMBER;
      value->number = node->number;
      return cc_check_small(c, node->number, node->span);
    case GR_STRING: return text(c, node, value);
    case GR_NAME: return name(c, node, value);
    case GR_MEMBER: return member(c, node, value);
    case GR_LIST: return list(c, node, value);
    case GR_BLOCK: return block_value(c, node, value);
    case GR_EACH: return cc_each(c, node, value);
    case GR_CALL: return cc_call(c, node, &one);
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
  if (status == RT_OK) status = evaluate(c, node, value);
  cc_leave(c, 1);
  return status;
}
