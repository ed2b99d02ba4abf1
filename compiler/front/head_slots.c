/* head_slots.c: the formulas of a head's slots: score, mask, norm and drop become small programs over single
 * scores. A formula behind `with` may name what it stands around. */
#include <math.h>
#include <string.h>

#include "compiler/front/arguments.h"
#include "compiler/front/head.h"

/* ---- names ---- */

static const struct gr_node *formula(const struct cc_slot_source *source) {
  return source->node->child[source->node->count - 1];
}

/* Where an expression names the slot of the head that it is for. A `with` in it has slots of its own. */
static const struct gr_node *find_name(const struct gr_node *node, enum cc_slot_number number) {
  const char *name = cc_slot_names[number];
  if (node->kind == GR_NAME) return !strcmp(node->text, name) ? node : NULL;
  if (node->kind == GR_SLOT && (number <= CC_VALUE || !strcmp(node->text, name))) return NULL;
  const struct gr_node *found = NULL;
  for (int i = 0; i < node->count && !found; i++)
    if (node->child[i]) found = find_name(node->child[i], number);
  return found;
}

/* The same for a formula behind `with`. Models that were made before it could name slots may have other
 * things of those names, which they mean. */
static const struct gr_node *named_in(struct cc_context *c, const struct cc_slot_source *source,
                                      const struct gr_node *right, enum cc_slot_number number) {
  bool other = c->program->kept && cc_lookup(source->scope, cc_slot_names[number]);
  return other ? NULL : find_name(right, number);
}

static int bind_variable(struct cc_context *c, struct cc_scope *scope, const char *name, int64_t leaf,
                         struct gr_span span) {
  struct cc_value value = {.kind = CC_TENSOR, .id = ir_leaf(cc_in_graph(c, span), leaf)};
  return value.id ? cc_bind(c, scope, name, value, span, NULL) : c->error->code;
}

/* h counts from 0 in each head of those around: number h of all of them is h % G of its own. */
static int make_head_number(struct cc_context *c, struct gr_span span) {
  const struct ir_at at = cc_in_graph(c, span);
  const struct cc_value size = {.kind = CC_DIM, .dim = c->heads.own};
  ir_id h = ir_leaf(at, IR_LEAF_H), own;
  if (h && c->heads.around != VM_NO_DIM) {
    int status = cc_to_tensor(c, &size, span, &own);
    if (status != RT_OK) return status;
    ir_id before = ir_binary(at, OP_mul, own, ir_unary(at, OP_floor, ir_binary(at, OP_div, h, own)));
    h = ir_binary(at, OP_sub, h, before);
  }
  c->slot->h = h;
  return h ? RT_OK : c->error->code;
}

static int bind_head_number(struct cc_context *c, struct cc_scope *scope, struct gr_span span) {
  int status = c->slot->h ? RT_OK : make_head_number(c, span);
  const struct cc_value value = {.kind = CC_TENSOR, .id = c->slot->h};
  return status != RT_OK ? status : cc_bind(c, scope, "h", value, span, NULL);
}

/* s, where it has a meaning, i, j and h. */
static int bind_variables(struct cc_context *c, enum cc_slot_number number, struct cc_scope *scope,
                          struct gr_span span) {
  bool has_s = number == CC_SCORE || number == CC_NORM;
  int status = has_s ? cc_bind(c, scope, "s", c->slot->s, span, NULL) : RT_OK;
  if (status == RT_OK && c->slot->query_dim != VM_NO_DIM)
    status = bind_variable(c, scope, "i", IR_LEAF_I, span);
  if (status == RT_OK && c->slot->key_dim != VM_NO_DIM)
    status = bind_variable(c, scope, "j", IR_LEAF_J, span);
  if (status == RT_OK && c->head_dim != VM_NO_DIM) status = bind_head_number(c, scope, span);
  return status;
}

static int not_made(struct cc_context *c, const struct gr_node *name, enum cc_slot_number number) {
  gr_fail(c->error, name->span, "there is no `%s` yet: `%s` makes its %s before it", name->text,
          c->frame->definition->name, cc_slot_names[number]);
  gr_note(c->error, c->frame->definition->node->name_span, "declared here");
  return c->error->code;
}

/* In a formula behind `with`: query, key and value of the head. */
static int bind_operands(struct cc_context *c, const struct cc_slots *slots, enum cc_slot_number number,
                         const struct cc_slot_source *source, struct cc_scope *scope) {
  for (int k = CC_QUERY; k <= CC_VALUE; k++) {
    const struct gr_node *name = named_in(c, source, formula(source), (enum cc_slot_number)k);
    const struct cc_binding *made = name ? cc_lookup(slots->scope, name->text) : NULL;
    if (!name || k == (int)number) continue;
    if (!made) return not_made(c, name, number);
    struct cc_value value = made->value;
    value.outer = c->slot && value.kind == CC_TENSOR;
    int status = cc_bind(c, scope, name->text, value, name->span, NULL);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* ---- what a source says ---- */

static int evaluate(struct cc_context *c, const struct cc_slot_source *source, const struct gr_node *right,
                    struct cc_scope *names, struct cc_value *value) {
  const struct cc_frame was = *c->frame;
  struct cc_scope *was_scope = c->scope;
  const struct cc_unit *was_unit = c->unit;
  c->scope = names;
  c->unit = source->unit;
  c->frame->let_name = source->node->kind == GR_SLOT ? source->node->text : source->node->child[0]->text;
  c->frame->let_root = right;
  int status = cc_expression(c, right, value);
  c->scope = was_scope;
  c->unit = was_unit;
  c->frame->let_name = was.let_name;
  c->frame->let_root = was.let_root;
  return status;
}

static int inner_value(struct cc_context *c, const struct cc_slots *slots, enum cc_slot_number number,
                       const struct cc_slot_source *source, struct gr_span span, struct cc_value *value);

/* Evaluates `right`, the formula of the source or a part of it. */
CC_OWN_FRAME static int say(struct cc_context *c, const struct cc_slots *slots, enum cc_slot_number number,
                            const struct cc_slot_source *source, const struct gr_node *right,
                            struct cc_value *value) {
  struct cc_scope names = {.parent = source->scope};
  const struct gr_node *itself = source->inner ? named_in(c, source, right, number) : NULL;
  int status = c->slot ? bind_variables(c, number, &names, right->span) : RT_OK;
  if (status == RT_OK && source->inner) status = bind_operands(c, slots, number, source, &names);
  if (status == RT_OK && itself) {
    struct cc_value inner;
    status = inner_value(c, slots, number, source->inner, itself->span, &inner);
    if (status == RT_OK) status = cc_bind(c, &names, itself->text, inner, itself->span, NULL);
  }
  if (status == RT_OK) status = evaluate(c, source, right, &names, value);
  cc_scope_free(&names);
  return status;
}

int cc_slot_value(struct cc_context *c, const struct cc_slots *slots, enum cc_slot_number number,
                  const struct cc_slot_source *source, struct cc_value *value) {
  return say(c, slots, number, source, formula(source), value);
}

/* A head without a score slot has s / sqrt(width of the query), Vaswani et al. 2017. */
static int usual_score(struct cc_context *c, const struct cc_slots *slots, struct gr_span span,
                       struct cc_value *value) {
  struct cc_value size = {.kind = CC_DIM, .dim = slots->width};
  struct ir_at at = cc_in_graph(c, span);
  ir_id k;
  int status = cc_to_tensor(c, &size, span, &k);
  if (status != RT_OK) return status;
  *value = c->slot->s;
  value->id = ir_binary(at, OP_div, value->id, ir_unary(at, OP_sqrt, k));
  return value->id ? RT_OK : c->error->code;
}

/* norm = f is norm = f(s). */
static int apply_norm(struct cc_context *c, const struct gr_node *right, struct cc_value *value) {
  struct gr_span span = right->span;
  struct cc_value s = c->slot->s, function = *value;
  struct cc_results results = {value, 1, -1};
  const struct cc_call_args args = {.node = right, .count = 1, .value = &s, .span = &span};
  if (value->kind != CC_FUNCTION && value->kind != CC_BUILTIN) return RT_OK;
  return cc_apply(c, &function, &args, &results);
}

/* The weight that a norm gives, as a formula of s. */
static int weight(struct cc_context *c, const struct cc_slots *slots, const struct cc_slot_source *source,
                  struct gr_span span, struct cc_value *value) {
  if (source->node) {
    int status = cc_slot_value(c, slots, CC_NORM, source, value);
    return status != RT_OK ? status : apply_norm(c, formula(source), value);
  }
  *value = c->slot->s;
  value->id = ir_slot_softmax(cc_in_graph(c, span), ATTEND_J, value->id);
  return value->id ? RT_OK : c->error->code;
}

static int inner_value(struct cc_context *c, const struct cc_slots *slots, enum cc_slot_number number,
                       const struct cc_slot_source *source, struct gr_span span, struct cc_value *value) {
  if (number == CC_NORM) return weight(c, slots, source, span, value);
  if (source->node) return cc_slot_value(c, slots, number, source, value);
  if (number == CC_SCORE) return usual_score(c, slots, span, value);
  *value =
      (struct cc_value){.kind = CC_NUMBER, .number = number == CC_MASK}; /* all is seen, nothing dropped */
  return RT_OK;
}

/* ---- the programs ---- */

static int begin(struct cc_context *c, struct cc_slot *slot, struct ir_slot *target) {
  slot->graph = ir_slot_graph(c->model, slot->head, target);
  if (!slot->graph) return cc_out_of_memory(c);
  slot->h = 0;
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
static const struct gr_node *softmax_argument(const struct gr_node *right) {
  const struct gr_node *callee = right->kind == GR_CALL ? right->child[0] : NULL;
  if (!callee || callee->kind != GR_NAME || strcmp(callee->text, "softmax") != 0 || right->count != 3)
    return NULL;
  const struct gr_node *arg = right->child[1];
  return arg && arg->kind == GR_ARG && !arg->text && !right->child[2] ? arg->child[0] : NULL;
}

/* norm: softmax, or any formula of s; that one becomes the end of the score program. Of softmax(...) what is
 * in the brackets does, and is the score. */
static int norm(struct cc_context *c, const struct cc_slots *slots, struct cc_slot *slot) {
  const struct cc_slot_source *source = slots->source[CC_NORM];
  struct cc_value value;
  if (!source->node) return RT_OK;
  const struct gr_node *right = formula(source), *argument = softmax_argument(right);
  int status = say(c, slots, CC_NORM, source, argument ? argument : right, &value);
  if (status != RT_OK || is_softmax(&value)) return status;
  slot->head->softmax = argument != NULL;
  status = apply_norm(c, right, &value);
  if (status == RT_OK) status = cc_to_tensor(c, &value, right->span, &slot->s.id);
  slot->s.kind = CC_TENSOR;
  slot->s.outer = false;
  return status;
}

/* A score of -inf has no weight, whatever the normaliser makes of it; softmax sees to that by itself. */
static int hide(struct cc_context *c, struct cc_slot *slot, ir_id score, struct gr_span span) {
  struct ir_at at = {slot->graph, span, c->error};
  ir_id seen = ir_binary(at, OP_lt, ir_constant(at, -INFINITY, NULL), score);
  slot->s.id = ir_select(at, seen, slot->s.id, ir_constant(at, 0, NULL));
  return slot->s.id ? RT_OK : c->error->code;
}

/* What is done to `s` in a formula: the `+` of s + bias[i, j]; NULL: it stands alone, or within a call. */
static const char *done_to_score(const struct gr_node *node) {
  const struct gr_node *left = node->kind == GR_BINARY ? node->child[0] : NULL;
  if (left && left->kind == GR_NAME && !strcmp(left->text, "s")) return node->text;
  return left ? done_to_score(left) : NULL;
}

/* Once for each place, and not for a formula of the library. */
CC_OWN_FRAME static int warn_unscaled(struct cc_context *c, const struct cc_slots *slots,
                                      const struct cc_slot_source *source, ir_id scored) {
  bool unscaled;
  if (!source->node || source->unit->is_stdlib || c->program->kept || c->swapping) return RT_OK;
  int status = cc_find_unscaled(c, scored, c->slot->s.id, &unscaled);
  if (status != RT_OK || !unscaled) return status;
  struct rt_error warning = {0};
  gr_fail(&warning, formula(source)->span,
          "`s` is not divided by sqrt(width): the wider the vectors, the more softmax sees one key alone");
  const char *done = done_to_score(formula(source)), *scored_as = done ? "score = score" : "score";
  if (!source->inner)
    scored_as = rt_arena_printf(&c->model->arena, "s / sqrt(%s)", cc_dim_text(c, slots->width));
  if (!scored_as) return cc_out_of_memory(c);
  if (done)
    rt_hint(&warning, "write %s %s …; who means it writes `1 * s`", scored_as, done);
  else
    rt_hint(&warning, "write %s for s; who means it writes `1 * s`", scored_as);
  warning.code = RT_NEGATIVE;
  return cc_warn(&c->program->diagnostics, &warning);
}

/* `s / sqrt(…)` somewhere in a formula. */
static bool divides_by_root(const struct gr_node *node) {
  if (!node) return false;
  const struct gr_node *under = node->kind == GR_BINARY && !strcmp(node->text, "/") ? node->child[1] : NULL;
  if (under && under->kind == GR_CALL && under->child[0]->kind == GR_NAME
      && !strcmp(under->child[0]->text, "sqrt") && node->child[0]->kind == GR_NAME
      && !strcmp(node->child[0]->text, "s"))
    return true;
  for (size_t k = 0; k < (size_t)node->count; k++)
    if (divides_by_root(node->child[k])) return true;
  return false;
}

/* In norm `s` is the score, which where none is said is divided already. */
CC_OWN_FRAME static int warn_scaled_twice(struct cc_context *c, const struct cc_slots *slots) {
  const struct cc_slot_source *last = slots->source[CC_NORM];
  if (slots->source[CC_SCORE]->node || !last->node || last->unit->is_stdlib || c->program->kept || c->swapping
      || !divides_by_root(formula(last)))
    return RT_OK;
  struct rt_error warning = {0};
  gr_fail(
      &warning, formula(last)->span,
      "this divides by sqrt(width) again: `s` in norm is the score, which is s / sqrt(width) where the head "
      "says none");
  rt_hint(&warning, "write s alone; who means another score says it: score = s / …");
  warning.code = RT_NEGATIVE;
  return cc_warn(&c->program->diagnostics, &warning);
}

static int score(struct cc_context *c, const struct cc_slots *slots, struct cc_slot *slot,
                 struct gr_span span) {
  const struct cc_slot_source *source = slots->source[CC_SCORE], *last = slots->source[CC_NORM];
  int status = begin(c, slot, &slot->head->score);
  bool hides = false;
  struct cc_value value;
  if (status != RT_OK) return status;
  slot->s = (struct cc_value){.kind = CC_TENSOR, .id = ir_leaf(cc_in_graph(c, span), IR_LEAF_S)};
  if (!slot->s.id) return c->error->code;
  if (source->node) span = formula(source)->span;
  status = inner_value(c, slots, CC_SCORE, source, span, &value);
  slot->s = (struct cc_value){.kind = CC_TENSOR};
  if (status == RT_OK) status = cc_to_tensor(c, &value, span, &slot->s.id);
  if (status == RT_OK && source->node) status = cc_check_score(c, slot->s.id, span, &hides);
  if (status != RT_OK) return status;
  ir_id scored = slot->s.id;
  status = norm(c, slots, slot);
  if (status == RT_OK && hides && !slot->head->softmax) status = hide(c, slot, scored, span);
  if (status == RT_OK) status = warn_unscaled(c, slots, source, scored);
  if (status == RT_OK) status = warn_scaled_twice(c, slots);
  if (last->node) span = formula(last)->span;
  return status != RT_OK ? status : finish(c, &slot->head->score, slot->s.id, span);
}

static int mask(struct cc_context *c, const struct cc_slots *slots, struct cc_slot *slot) {
  const struct cc_slot_source *source = slots->source[CC_MASK];
  struct cc_value value;
  ir_id id;
  if (!source->node) return RT_OK;
  struct gr_span span = formula(source)->span;
  int status = begin(c, slot, &slot->head->mask);
  if (status == RT_OK) status = cc_slot_value(c, slots, CC_MASK, source, &value);
  if (status == RT_OK) status = cc_to_tensor(c, &value, span, &id);
  if (status == RT_OK) status = cc_check_mask(c, id, span);
  return status != RT_OK ? status : finish(c, &slot->head->mask, id, span);
}

/* drop = rate: a weight is dropped with that probability while training, and the others grow by 1/(1-rate)
 * (Srivastava et al. 2014). */
static int drop(struct cc_context *c, const struct cc_slots *slots, struct cc_slot *slot) {
  const struct cc_slot_source *source = slots->source[CC_DROP];
  struct cc_value value;
  ir_id rate;
  if (!source->node) return RT_OK;
  struct gr_span span = formula(source)->span;
  int status = begin(c, slot, &slot->head->drop);
  if (status == RT_OK) status = cc_slot_value(c, slots, CC_DROP, source, &value);
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

int cc_slot_programs(struct cc_context *c, const struct cc_slots *slots, struct cc_slot *slot,
                     struct gr_span span) {
  int status = score(c, slots, slot, span);
  if (status == RT_OK) status = mask(c, slots, slot);
  if (status == RT_OK) status = drop(c, slots, slot);
  c->slot = NULL;
  return status;
}
