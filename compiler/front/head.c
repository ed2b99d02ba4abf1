/* head.c: heads. query, key and value are ordinary tensors; score, mask, norm and drop are small programs
 * over single scores (slots). */
#include "compiler/front/arguments.h"
#include "compiler/ir/scan.h"

#include <math.h>
#include <string.h>

/* The slots of a head at one call: the definition's, or what `with` puts in their place, and where their
 * names are looked up. */
struct slots {
  struct slot_source {
    const struct gr_node *node;
    struct cc_scope *scope;
    const struct cc_unit *unit;
  } score, mask, norm, drop;
  const struct gr_node *with;
  struct cc_caller caller;
  bool several; /* of a head[H] */
};

static const struct gr_node *override_of(const struct slots *slots, const char *name) {
  for (int i = 0; slots->with && i < slots->with->count; i++)
    if (!strcmp(slots->with->child[i]->child[0]->text, name)) return slots->with->child[i];
  return NULL;
}

/* ---- the slot programs ---- */

static int bind_variable(struct cc_context *c, struct cc_scope *scope, const char *name, int64_t leaf,
                         struct gr_span span) {
  struct cc_value value = {.kind = CC_TENSOR, .id = ir_leaf(cc_in_graph(c, span), leaf)};
  return value.id ? cc_bind(c, scope, name, value, span, NULL) : c->error->code;
}

/* Evaluates a slot's expression with s (when it has a meaning), i, j and h in sight. */
static int evaluate(struct cc_context *c, const struct slot_source *source, const char *name, bool has_s,
                    struct cc_value *value) {
  struct cc_scope variables = {.parent = source->scope}, *was_scope = c->scope;
  const struct cc_unit *was_unit = c->unit;
  const struct gr_node *right = source->node->child[source->node->count - 1];
  const char *was_name = c->frame->let_name;
  int status = RT_OK;
  if (has_s) status = cc_bind(c, &variables, "s", c->slot->s, right->span, NULL);
  if (status == RT_OK && c->slot->query_dim != VM_NO_DIM)
    status = bind_variable(c, &variables, "i", IR_LEAF_I, right->span);
  if (status == RT_OK && c->slot->key_dim != VM_NO_DIM)
    status = bind_variable(c, &variables, "j", IR_LEAF_J, right->span);
  if (status == RT_OK && c->head_dim != VM_NO_DIM)
    status = bind_variable(c, &variables, "h", IR_LEAF_H, right->span);
  c->scope = &variables;
  c->unit = source->unit;
  c->frame->let_name = name;
  c->frame->let_root = right;
  if (status == RT_OK) status = cc_expression(c, right, value);
  c->scope = was_scope;
  c->unit = was_unit;
  c->frame->let_name = was_name;
  cc_scope_free(&variables);
  return status;
}

static int begin(struct cc_context *c, struct cc_slot *slot, struct ir_slot *target) {
  slot->graph = ir_slot_graph(c->model, slot->head, target);
  if (!slot->graph) return cc_out_of_memory(c);
  c->slot = slot;
  return RT_OK;
}

static int finish(struct cc_context *c, struct ir_slot *target, ir_id result, struct gr_span span) {
  if (result && c->slot->graph->node[result].type.rank > 0) {
    gr_fail(c->error, span, "this gives a vector [%s] for each query and key, and one number is needed",
            cc_dim_text(c, c->slot->graph->node[result].type.dim[0]));
    rt_hint(c->error, "sum(…, %s) adds its elements up",
            cc_dim_text(c, c->slot->graph->node[result].type.dim[0]));
    return c->error->code;
  }
  target->result[0] = result;
  target->result_count = 1;
  c->slot = NULL;
  return result ? RT_OK : c->error->code;
}

static bool is_softmax(const struct cc_value *v) {
  return v->kind == CC_BUILTIN && !strcmp(v->builtin->name, "softmax");
}

/* The argument of norm = softmax(...), NULL for every other normaliser. */
static struct gr_node *softmax_argument(const struct gr_node *right) {
  const struct gr_node *callee = right->kind == GR_CALL ? right->child[0] : NULL;
  if (!callee || callee->kind != GR_NAME || strcmp(callee->text, "softmax") != 0 || right->count != 3)
    return NULL;
  struct gr_node *arg = right->child[1];
  return arg && arg->kind == GR_ARG && !arg->text && !right->child[2] ? arg->child[0] : NULL;
}

/* norm: softmax, or any elementwise expression of s; that one becomes the end of the score program. */
static int norm(struct cc_context *c, const struct slots *slots, struct cc_slot *slot) {
  struct cc_value value;
  if (!slots->norm.node) return RT_OK;
  struct gr_node *argument = softmax_argument(slots->norm.node->child[1]),
                 *parts[2] = {slots->norm.node->child[0], argument}, let = *slots->norm.node;
  struct slot_source source = slots->norm;
  let.child = parts;
  if (argument) source.node = &let; /* softmax(...): what is in the brackets is the score */
  int status = evaluate(c, &source, "norm", true, &value);
  if (status != RT_OK) return status;
  struct gr_span span = slots->norm.node->child[slots->norm.node->count - 1]->span;
  if (is_softmax(&value)) return RT_OK;
  slot->head->softmax = argument != NULL;
  if (value.kind == CC_FUNCTION || value.kind == CC_BUILTIN) {
    struct cc_value s = slot->s, result;
    struct cc_results results = {&result, 1, -1};
    const struct gr_node *written = slots->norm.node->child[slots->norm.node->count - 1];
    const struct cc_call_args args = {.node = written, .count = 1, .value = &s, .span = &span};
    status = cc_apply(c, &value, &args, &results);
    if (status != RT_OK) return status;
    value = result;
  }
  if ((status = cc_to_tensor(c, &value, span, &slot->s.id))) return status;
  slot->s.kind = CC_TENSOR;
  slot->s.outer = false;
  return RT_OK;
}

/* A score of -inf has no weight, whatever the normaliser makes of it; softmax sees to that by itself. */
static int hide(struct cc_context *c, struct cc_slot *slot, ir_id score, struct gr_span span) {
  struct ir_at at = {slot->graph, span, c->error};
  ir_id seen = ir_binary(at, OP_lt, ir_constant(at, -INFINITY, NULL), score);
  slot->s.id = ir_select(at, seen, slot->s.id, ir_constant(at, 0, NULL));
  return slot->s.id ? RT_OK : c->error->code;
}

/* A head without a score slot has s / sqrt(width of the query), Vaswani et al. 2017. */
static int score(struct cc_context *c, const struct slots *slots, struct cc_slot *slot, vm_dim width,
                 struct gr_span span) {
  int status = begin(c, slot, &slot->head->score);
  bool hides = false;
  if (status != RT_OK) return status;
  struct ir_at at = {slot->graph, span, c->error};
  slot->s = (struct cc_value){.kind = CC_TENSOR, .id = ir_leaf(at, IR_LEAF_S)};
  if (!slot->s.id) return c->error->code;
  if (slots->score.node) {
    struct cc_value value;
    if ((status = evaluate(c, &slots->score, "score", true, &value))) return status;
    struct gr_span written = slots->score.node->child[slots->score.node->count - 1]->span;
    slot->s = (struct cc_value){.kind = CC_TENSOR};
    if ((status = cc_to_tensor(c, &value, written, &slot->s.id))
        || (status = cc_check_score(c, slot->s.id, written, &hides)))
      return status;
  } else {
    struct cc_value size = {.kind = CC_DIM, .dim = width};
    ir_id k;
    if ((status = cc_to_tensor(c, &size, span, &k))) return status;
    slot->s.id = ir_binary(at, OP_div, slot->s.id, ir_unary(at, OP_sqrt, k));
  }
  ir_id scored = slot->s.id;
  status = norm(c, slots, slot);
  if (status == RT_OK && hides && !slot->head->softmax) status = hide(c, slot, scored, span);
  const struct gr_node *last = slots->norm.node ? slots->norm.node : slots->score.node;
  return status != RT_OK
             ? status
             : finish(c, &slot->head->score, slot->s.id, last ? last->child[last->count - 1]->span : span);
}

static int mask(struct cc_context *c, const struct slots *slots, struct cc_slot *slot) {
  struct cc_value value;
  ir_id id;
  if (!slots->mask.node) return RT_OK;
  struct gr_span span = slots->mask.node->child[slots->mask.node->count - 1]->span;
  int status = begin(c, slot, &slot->head->mask);
  if (status == RT_OK) status = evaluate(c, &slots->mask, "mask", false, &value);
  if (status == RT_OK) status = cc_to_tensor(c, &value, span, &id);
  if (status == RT_OK) status = cc_check_mask(c, id, span);
  return status != RT_OK ? status : finish(c, &slot->head->mask, id, span);
}

/* drop = rate: a weight is dropped with that probability while training, and the others grow by 1/(1-rate)
 * (Srivastava et al. 2014). */
static int drop(struct cc_context *c, const struct slots *slots, struct cc_slot *slot) {
  struct cc_value value;
  ir_id rate;
  if (!slots->drop.node) return RT_OK;
  struct gr_span span = slots->drop.node->child[slots->drop.node->count - 1]->span;
  int status = begin(c, slot, &slot->head->drop);
  if (status == RT_OK) status = evaluate(c, &slots->drop, "drop", false, &value);
  if (status != RT_OK) return status;
  static const struct cc_parameter row = {"drop", CC_TAKES_NUMBER, .range = CC_FROM_BELOW(0, 1)};
  const struct cc_callee head = {.name = c->frame->definition->name};
  if (!cc_to_number(c, &value, &slot->head->drop_rate))
    slot->head->drop_rate = NAN; /* of each score, or computed */
  else if ((status = cc_check_range(c, &head, &row, slot->head->drop_rate, span)))
    return status;
  if ((status = cc_to_tensor(c, &value, span, &rate))) return status;
  struct ir_at at = {slot->graph, span, c->error};
  ir_id random = ir_leaf(at, IR_LEAF_RANDOM), one = ir_constant(at, 1, NULL), zero = ir_constant(at, 0, NULL);
  ir_id kept = ir_binary(at, OP_le, rate, random);
  ir_id scale = ir_binary(at, OP_div, one, ir_binary(at, OP_sub, one, rate));
  return finish(c, &slot->head->drop, ir_select(at, kept, scale, zero), span);
}

/* ---- query, key and value ---- */

struct operand {
  const char *name;
  uint8_t position; /* ATTEND_I of query, ATTEND_J of key and value */
  struct attend_operand *roles;
  struct gr_span span;
  vm_dim dim, width; /* of the position, VM_NO_DIM: none; of the features */
};

/* The roles of its axes: position?, h?, feature. */
static int find_roles(struct cc_context *c, struct operand *o, ir_id id) {
  const struct vm_type *t = cc_type(c, id);
  int axis[RT_MAX_RANK], visible = cc_visible(c, t, axis);
  if (t->dtype == RT_INT || visible < (o->position == ATTEND_J ? 2 : 1) || visible > 2) {
    gr_fail(c->error, o->span, "%s should be %s, but this is %s", o->name,
            o->position == ATTEND_J ? "[keys, width]" : "[queries, width], or [width] for a single query",
            cc_type_text(c, t));
    if (visible > 2)
      rt_hint(c->error, "several heads are written head[H]: inside, each tensor is that of one head");
    return c->error->code;
  }
  o->roles->rank = t->rank;
  for (int a = 0; a < t->rank; a++) o->roles->role[a] = ATTEND_H;
  o->roles->role[axis[visible - 1]] = ATTEND_FEATURE;
  if (visible == 2) o->roles->role[axis[0]] = o->position;
  o->dim = visible == 2 ? t->dim[axis[0]] : VM_NO_DIM;
  o->width = t->dim[axis[visible - 1]];
  return RT_OK;
}

static int collect_operands(struct cc_context *c, struct cc_scope *scope, struct cc_slot *slot, ir_id arg[3],
                            vm_dim *width, vm_dim *value_width) {
  struct operand query = {"query", ATTEND_I, .roles = &slot->head->query},
                 key = {"key", ATTEND_J, .roles = &slot->head->key},
                 value = {"value", ATTEND_J, .roles = &slot->head->value}, *all[] = {&query, &key, &value};
  for (int k = 0; k < 3; k++) {
    const struct cc_binding *b = cc_lookup(scope, all[k]->name);
    if (!b)
      return gr_fail(c->error, c->frame->definition->node->name_span, "the slot `%s` was not reached",
                     all[k]->name);
    all[k]->span = b->span;
    int status = cc_to_tensor(c, &b->value, b->span, &arg[k]);
    if (status == RT_OK) status = find_roles(c, all[k], arg[k]);
    if (status != RT_OK) return status;
  }
  if (query.width != key.width) {
    gr_fail(c->error, key.span, "query and key must be equally wide: %s is not %s", cc_dim_text(c, key.width),
            cc_dim_text(c, query.width));
    gr_note(c->error, query.span, "query is %s", cc_type_text(c, cc_type(c, arg[0])));
    gr_note(c->error, key.span, "key is %s", cc_type_text(c, cc_type(c, arg[1])));
    ir_hint_dims(c->model, query.width, key.width, c->error);
    return c->error->code;
  }
  if (key.dim != value.dim) {
    gr_fail(c->error, value.span, "each key has one value: there are %s keys but %s values",
            cc_dim_text(c, key.dim), cc_dim_text(c, value.dim));
    gr_note(c->error, key.span, "key is %s", cc_type_text(c, cc_type(c, arg[1])));
    return c->error->code;
  }
  slot->query_dim = query.dim;
  slot->key_dim = key.dim;
  *width = query.width;
  *value_width = value.width;
  return RT_OK;
}

static bool is_h(const struct ir_graph *g, ir_id id) {
  return g->node[id].op == OP_input && g->node[id].attr[0] == IR_LEAF_H;
}

/* Does the slot compute with the number of the head? */
static bool computes_with_h(const struct ir_slot *slot) {
  const struct ir_graph *g = slot->graph;
  if (!g || !slot->result_count) return false;
  bool found = is_h(g, slot->result[0]);
  for (ir_id n = 1; n < g->count; n++)
    for (int k = 0; k < g->node[n].arg_count; k++) found |= is_h(g, g->node[n].arg[k]);
  return found;
}

/* The type and roles of the result: [queries?, H?, width of the value]. */
static void result_type(struct cc_context *c, const struct cc_slot *slot, const ir_id arg[3],
                        vm_dim value_width, struct vm_type *type) {
  struct attend_operand *out = &slot->head->out;
  bool lifted = false, batched = false;
  for (int k = 0; k < 3; k++) {
    lifted |= cc_is_lifted(c, cc_type(c, arg[k]));
    batched |= cc_type(c, arg[k])->batched;
  }
  for (int k = 0; k < slot->head->extra_count; k++) {
    const struct vm_type *t = cc_type(c, slot->extra[k]);
    batched |= t->batched;
    for (int a = 0; a < t->rank; a++) lifted |= slot->head->extra[k].role[a] == ATTEND_H;
  }
  *type = (struct vm_type){.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  if (slot->query_dim != VM_NO_DIM) {
    out->role[type->rank] = ATTEND_I;
    type->dim[type->rank++] = slot->query_dim;
  }
  if (lifted) {
    out->role[type->rank] = ATTEND_H;
    type->dim[type->rank++] = c->head_dim;
  }
  out->role[type->rank] = ATTEND_FEATURE;
  type->dim[type->rank++] = value_width;
  out->rank = type->rank;
}

static bool has_head_axis(const struct ir_head *head) {
  return head->out.rank > 1 && head->out.role[head->out.rank - 2] == ATTEND_H;
}

static bool uses_h(const struct ir_head *head) {
  return computes_with_h(&head->score) || computes_with_h(&head->mask) || computes_with_h(&head->drop);
}

/* A head that is asked for H heads by an argument, but makes no parameters for each. Then its arguments
 * must differ between heads, or all heads are the same. */
static int check_heads_differ(struct cc_context *c) {
  const struct cc_definition *d = c->frame->definition;
  const struct gr_node *params = d->node->child[0], *dim = d->node->child[3];
  const char *name = cc_dim_text(c, c->head_dim);
  bool asked = false;
  for (int p = 0; p < params->count; p++) asked |= !strcmp(params->child[p]->text, dim->text);
  if (!asked || !c->frame->parent) return RT_OK;
  gr_fail(
      c->error, d->node->name_span,
      "`%s` is asked for %s heads, but nothing differs between them: neither query, key or value has an axis "
      "%s, nor does a slot compute with h",
      d->name, name, name);
  rt_hint(c->error,
          "give what it is called with an axis of heads: reshape(x, [T, %s, D / %s]), or project(x, "
          "…) to one query, key and value for each head",
          name, name);
  return c->error->code;
}

/* When queries and keys are the same for all heads, the queries are repeated for each head. So the
 * weights have an axis of heads too, although only the values or slots differ. */
static int lift_query(struct cc_context *c, struct cc_slot *slot, struct gr_span span, ir_id *query) {
  struct attend_operand *operand = &slot->head->query;
  struct vm_type type = *cc_type(c, *query);
  uint32_t own = type.rank == 2 ? 5 : 2; /* all axes but that of the heads, which is the last but one */
  type.dim[type.rank] = type.dim[type.rank - 1];
  type.dim[type.rank - 1] = c->head_dim;
  operand->role[type.rank] = ATTEND_FEATURE;
  operand->role[type.rank - 1] = ATTEND_H;
  operand->rank = ++type.rank;
  *query = ir_expand_axes(cc_in_model(c, span), *query, own, &type);
  return *query ? RT_OK : c->error->code;
}

/* ---- the body ---- */

static struct slot_source *deferred(struct slots *slots, const char *name) {
  return !strcmp(name, "score")  ? &slots->score
         : !strcmp(name, "mask") ? &slots->mask
         : !strcmp(name, "norm") ? &slots->norm
         : !strcmp(name, "drop") ? &slots->drop
                                 : NULL;
}

static int head_let(struct cc_context *c, struct slots *slots, const struct gr_node *let) {
  const char *name = let->child[0]->text;
  const struct gr_node *over = let->count == 2 && cc_is_slot(name) ? override_of(slots, name) : NULL;
  struct slot_source *later = let->count == 2 ? deferred(slots, name) : NULL;
  if (later) {
    if (!over) *later = (struct slot_source){let, c->scope, c->unit};
    return RT_OK;
  }
  if (!over) return cc_let(c, let);
  /* query, key or value given by the caller, in the caller's names; their parameters belong to the head all
   * the same. */
  struct cc_scope *scope = c->scope;
  const struct cc_unit *unit = c->unit;
  struct cc_value value;
  const struct gr_node *right = over->child[over->count - 1];
  c->scope = slots->caller.scope;
  c->unit = slots->caller.unit;
  c->frame->let_name = name;
  c->frame->let_root = right;
  int status = cc_expression(c, right, &value);
  c->frame->let_name = NULL;
  c->scope = scope;
  c->unit = unit;
  return status != RT_OK ? status : cc_bind(c, scope, name, value, right->span, let);
}

static int statements(struct cc_context *c, struct slots *slots, const struct gr_node *block) {
  for (int i = 0; i < block->count; i++) {
    struct gr_node one = *block;
    struct cc_value none;
    struct cc_results results = {&none, 0, -1};
    int status;
    one.count = 1;
    one.child = &block->child[i];
    status =
        block->child[i]->kind == GR_LET ? head_let(c, slots, block->child[i]) : cc_block(c, &one, &results);
    if (status != RT_OK) return status;
  }
  for (int i = 0; slots->with && i < slots->with->count; i++) {
    struct slot_source *later = deferred(slots, slots->with->child[i]->child[0]->text);
    if (later) *later = (struct slot_source){slots->with->child[i], slots->caller.scope, slots->caller.unit};
  }
  return RT_OK;
}

/* ---- attention ---- */

static int attend(struct cc_context *c, const struct slots *slots, struct gr_span span,
                  struct cc_value *result) {
  struct cc_slot slot = {.query_dim = VM_NO_DIM, .key_dim = VM_NO_DIM};
  int64_t plan;
  ir_id arg[3 + ATTEND_MAX_EXTRAS];
  vm_dim width = VM_NO_DIM, value_width = VM_NO_DIM;
  struct vm_type type;
  slot.head = ir_add_head(c->model, c->frame->path, &plan);
  if (!slot.head) return cc_out_of_memory(c);
  slot.head->softmax = true;
  int status = collect_operands(c, c->scope, &slot, arg, &width, &value_width);
  if (status == RT_OK) status = score(c, slots, &slot, width, span);
  if (status == RT_OK) status = mask(c, slots, &slot);
  if (status == RT_OK) status = drop(c, slots, &slot);
  c->slot = NULL;
  if (status != RT_OK) return status;
  result_type(c, &slot, arg, value_width, &type);
  bool alike = slots->several && !has_head_axis(slot.head);
  if (alike && !uses_h(slot.head) && (status = check_heads_differ(c))) return status;
  bool several = slots->several || has_head_axis(slot.head) || uses_h(slot.head);
  if (several && !cc_is_lifted(c, cc_type(c, arg[0])) && !cc_is_lifted(c, cc_type(c, arg[1]))) {
    if ((status = lift_query(c, &slot, span, &arg[0]))) return status;
    result_type(c, &slot, arg, value_width, &type);
  }
  for (int k = 0; k < slot.head->extra_count; k++) arg[3 + k] = slot.extra[k];
  result->kind = CC_TENSOR;
  bool steps = c->step_first && ir_varies_in_step(c->model, c->step_first, 3 + slot.head->extra_count, arg);
  if ((status = cc_choose_lowering(c, &slot, steps, span))) return status;
  if (slot.head->lowering == VM_MATERIALISED) {
    result->id = ir_materialise(cc_in_model(c, span), slot.head, arg, &type);
    if (steps) slot.head->weights = 0; /* those of a step are not there to be shown */
    return result->id ? RT_OK : c->error->code;
  }
  result->id = ir_add(cc_in_model(c, span), (struct ir_op){OP_attention, 3 + slot.head->extra_count,
                                                           .arg = arg, .attr = {plan}, .type = &type});
  if (!result->id) return c->error->code;
  c->model->node[result->id].name = slot.head->name;
  return RT_OK;
}

/* The shape of a head's result comes from query and value. */
static void note_operands(struct cc_context *c) {
  static const char *const names[] = {"query", "value"};
  for (int k = 0; k < 2; k++) {
    const struct cc_binding *b = cc_lookup(c->scope, names[k]);
    if (b && b->value.kind == CC_TENSOR)
      gr_note(c->error, b->span, "%s is %s", names[k], cc_type_text(c, cc_type(c, b->value.id)));
  }
}

int cc_head_body(struct cc_context *c, const struct cc_definition *definition, const struct gr_node *with,
                 struct cc_caller caller, struct cc_value *result) {
  const struct gr_node *node = definition->node;
  struct slots slots = {.with = with, .caller = caller};
  vm_dim was = c->head_dim;
  int status = RT_OK;
  if (node->count > 3 && node->child[3]) {
    if (was != VM_NO_DIM)
      return gr_fail(c->error, node->name_span, "head[H] cannot be called inside another head[H]");
    slots.several = true;
    status = cc_dim(c, node->child[3], &c->head_dim);
  }
  if (status == RT_OK) status = statements(c, &slots, node->child[2]);
  if (status == RT_OK) status = attend(c, &slots, node->name_span, result);
  const struct gr_node *type = node->child[1];
  if (status == RT_OK && type && type->kind == GR_TYPE) {
    const struct cc_wanted wanted = {type, NULL, c->scope, "the result of the head", type->span};
    status = cc_match_type(c, &wanted, cc_type(c, result->id));
    if (status != RT_OK) note_operands(c);
  }
  c->head_dim = was;
  return status;
}
