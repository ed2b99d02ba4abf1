/* value.c: what an expression means, in words, as a number and as a tensor. */
#include <math.h>
#include <string.h>

#include "compiler/front/context.h"

int cc_out_of_memory(struct cc_context *c) { return rt_no_memory(c->error); }

void cc_place_memory(struct rt_error *error, struct gr_span span, const char *what) {
  if (error->code != RT_NO_MEMORY || error->line > 0) return;
  rt_error_clear(error);
  gr_fail(error, span, "out of memory: there is not enough for %s", what);
  error->code = RT_NO_MEMORY;
}

/* ---- in words ---- */

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

/* ---- axes ---- */

/* Inside head[H]: the axis that is H, which the program does not see there. */
int cc_hidden_axis(struct cc_context *c, const struct vm_type *type) {
  for (int a = type->rank - 1; c->head_dim != VM_NO_DIM && a >= 0; a--)
    if (type->dim[a] == c->head_dim) return a;
  return -1;
}

bool cc_is_lifted(struct cc_context *c, const struct vm_type *type) { return cc_hidden_axis(c, type) >= 0; }

int cc_visible(struct cc_context *c, const struct vm_type *type, int axis[RT_MAX_RANK]) {
  int hidden = cc_hidden_axis(c, type), count = 0;
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

/* ---- numbers ---- */

bool cc_to_number(struct cc_context *c, const struct cc_value *v, double *number) {
  if (v->kind == CC_NUMBER) {
    *number = v->number;
    return true;
  }
  if (v->kind != CC_DIM) return false;
  /* A fraction of known sizes is a number even when it is not whole. */
  const struct vm_poly *poly = &c->module->dims.poly[v->dim];
  double sum = 0;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    double product = (double)poly->term[t].numerator / (double)poly->term[t].denominator;
    for (uint32_t f = 0; f < poly->term[t].factor_count; f++) {
      const struct vm_symbol *s = &c->module->dims.symbol[poly->term[t].factor[f].symbol];
      if (s->kind != VM_CONST) return false;
      product *= pow((double)s->value, poly->term[t].factor[f].power);
    }
    sum += product;
  }
  *number = sum;
  return true;
}

int cc_check_float(struct cc_context *c, double number, struct gr_span span) {
  if (!isfinite(number) || isfinite((float)number)) return RT_OK;
  return gr_fail(c->error, span, "%g is too large for the numbers of a program, which end at 3.4e38", number);
}

int cc_check_small(struct cc_context *c, double number, struct gr_span span) {
  if (number == 0 || (float)number != 0) return RT_OK;
  return gr_fail(c->error, span, "%g is too small for the numbers of a program, for which it is 0", number);
}

/* ---- tensors ---- */

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
  if (whole) return ir_size(cc_in_model(c, span), dim);
  ir_id sum = 0;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    struct vm_term term = c->module->dims.poly[dim].term[t];
    ir_id product =
        ir_constant(cc_in_model(c, span), (double)term.numerator / (double)term.denominator, NULL);
    for (uint32_t f = 0; f < term.factor_count && product; f++) {
      vm_dim symbol = VM_NO_DIM;
      for (vm_dim d = 0; d < c->module->dims.poly_count && symbol == VM_NO_DIM; d++)
        if (vm_dim_as_symbol(&c->module->dims, d) == (int64_t)term.factor[f].symbol) symbol = d;
      ir_id size = ir_size(cc_in_model(c, span), symbol);
      for (int p = term.factor[f].power; p != 0 && product; p += p < 0 ? 1 : -1)
        product = ir_binary(cc_in_model(c, span), p < 0 ? OP_div : OP_mul, product, size);
    }
    sum = t == 0 ? product : ir_binary(cc_in_model(c, span), OP_add, sum, product);
  }
  return sum ? sum : ir_constant(cc_in_model(c, span), 0, NULL);
}

/* Room for one more tensor that the slots of the head use. */
static bool room_for_extra(struct cc_context *c) {
  struct ir_head *head = c->slot->head;
  size_t count = (size_t)head->extra_count, most = count ? 2 * count : 8;
  if (head->extra_count < head->extra_capacity) return true;
  struct attend_operand *extra = rt_arena_alloc(&c->model->arena, most * sizeof *extra);
  ir_id *node = rt_arena_alloc(&c->model->arena, most * sizeof *node);
  if (!extra || !node) return false;
  if (count) {
    memcpy(extra, head->extra, count * sizeof *extra);
    memcpy(node, c->slot->extra, count * sizeof *node);
  }
  head->extra = extra;
  head->extra_capacity = (int)most;
  c->slot->extra = node;
  return true;
}

int cc_check_slot_tensor(struct cc_context *c, ir_id outer, struct gr_span span) {
  if (cc_type(c, outer)->dtype != RT_INT) return RT_OK;
  gr_fail(c->error, span, "these are whole numbers that name things (%s): a slot cannot compute with them",
          cc_type_text(c, cc_type(c, outer)));
  rt_hint(c->error, "make numbers of them before: e = embed(text, D) is used as e[i] or e[j]; "
                    "same = one_hot(text) @ one_hot(text)' is 1 where words are equal, as same[i, j]");
  return c->error->code;
}

/* Tables get an extra each time, because the gradient of each goes to what was picked there. */
int cc_slot_extra(struct cc_context *c, ir_id outer, const struct cc_extra *as, struct gr_span span,
                  ir_id *leaf) {
  struct ir_head *head = c->slot->head;
  const size_t rank = cc_type(c, outer)->rank;
  int k = head->extra_count, status = cc_check_slot_tensor(c, outer, span);
  if (status != RT_OK) return status;
  for (int m = 0; m < head->extra_count && !as->table; m++)
    if (c->slot->extra[m] == outer && (!rank || !memcmp(head->extra[m].role, as->role, rank))) k = m;
  if (k == head->extra_count) {
    if (!room_for_extra(c)) return cc_out_of_memory(c);
    c->slot->extra[k] = outer;
    head->extra[k].rank = (uint8_t)rank;
    if (rank) memcpy(head->extra[k].role, as->role, rank);
    head->extra_count++;
  }
  struct ir_at at = cc_in_graph(c, span);
  *leaf = as->vector == VM_NO_DIM ? ir_leaf(at, 1 + k) : ir_slot_vector(at, 1 + k, as->vector);
  return *leaf ? RT_OK : c->error->code;
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
  return cc_slot_extra(c, outer, &(struct cc_extra){role, VM_NO_DIM, false}, span, id);
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
      *id = ir_constant(cc_in_graph(c, span), v->number, NULL);
      break;
    case CC_DIM: {
      double known;
      if (cc_to_number(c, v, &known))
        *id = ir_constant(cc_in_graph(c, span), known, NULL);
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
      if (v->kind == CC_LIST && !c->slot)
        rt_hint(c->error, "concat joins the tensors of a list; a loop adds them up: "
                          "y = list[0], for k in 1..len(list) { y = y + list[k] }");
      if (v->kind == CC_STRING && c->slot)
        rt_hint(c->error, "a slot is a formula or a function, and has no quotes: norm = softmax");
      else if (v->kind == CC_STRING)
        rt_hint(c->error, "texts name files and tensors of load, and are compared by == and !=; a choice is "
                          "made by a number, or by the function itself: "
                          "f(x, mean)");
  }
  return *id ? RT_OK : c->error->code;
}

int cc_to_real(struct cc_context *c, const struct cc_value *v, struct gr_span span, ir_id *id) {
  int status = cc_to_tensor(c, v, span, id);
  if (status != RT_OK || c->slot || cc_type(c, *id)->dtype != RT_INT) return status;
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
  if ((rt_is_lane(node->op)) && (of == OP_constant || of == OP_size))
    rt_hint(c->error, "this is made of a size or number alone, and so is one; a map of x to D numbers is "
                      "linear(x, D), and relu(linear(x, D)) what is also written relu(D x + b)");
  if (sum->op != OP_sum && sum->op != OP_maximum) return;
  const struct vm_type *from = cc_type(c, sum->arg[0]);
  const char *name = node->op == OP_div ? "mean" : node->op == OP_sum ? "sum" : "max";
  if (from->rank > 0)
    rt_hint(c->error, "%s(…) over no named axis is over all and gives []; name the axis: %s(…, %s)", name,
            name, cc_dim_text(c, from->dim[0]));
}
