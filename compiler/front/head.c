/* head.c: heads. query, key and value are ordinary tensors; score, mask, norm and drop are small programs
 * over single scores (head_slots.c). */
#include "compiler/front/head.h"
#include "compiler/ir/scan.h"

#include <string.h>

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

/* query, key and value are made where the body says them. A `with` says them in its caller's names; their
 * parameters belong to the head all the same. */
static int head_let(struct cc_context *c, struct cc_slots *slots, const struct gr_node *let) {
  int number = let->count == 2 ? cc_slot_number(let->child[0]->text) : -1;
  if (number < 0) return cc_let(c, let);
  slots->own[number] = (struct cc_slot_source){let, c->scope, c->unit, NULL};
  if (number > CC_VALUE) return RT_OK;
  const struct cc_slot_source *source = slots->source[number];
  if (source == &slots->own[number]) return cc_let(c, let);
  struct cc_value value;
  int status = cc_slot_value(c, slots, (enum cc_slot_number)number, source, &value);
  struct gr_span span = source->node->child[source->node->count - 1]->span;
  return status != RT_OK ? status : cc_bind(c, c->scope, let->child[0]->text, value, span, let);
}

/* ---- what nobody asks for ---- */

static bool mentions(const struct gr_node *node, const char *name) {
  if (node->kind == GR_NAME && !strcmp(node->text, name)) return true;
  if (node->kind == GR_STRING) return strchr(node->text, '{') != NULL; /* "{l}.weight" */
  bool found = false;
  for (int i = 0; i < node->count && !found; i++) found = node->child[i] && mentions(node->child[i], name);
  return found;
}

/* Is what the body says for a slot evaluated, or does a `with` say something else, without naming it? */
static bool counts(const struct cc_slots *slots, int number) {
  const struct cc_slot_source *source = slots->source[number];
  while (source != &slots->own[number]
         && mentions(source->node->child[source->node->count - 1], cc_slot_names[number]))
    source = source->inner;
  return source == &slots->own[number];
}

/* Does a statement read a name that another one binds? A slot that does not count reads nothing. */
static bool names_any(const struct gr_node *node, const struct gr_node *binder) {
  if (node->kind == GR_NAME && cc_binds(binder, node->text)) return true;
  if (node->kind == GR_STRING) return strchr(node->text, '{') != NULL; /* "{l}.weight" */
  bool found = false;
  for (int i = 0; i < node->count && !found; i++) found = node->child[i] && names_any(node->child[i], binder);
  return found;
}

static bool reads(const struct cc_slots *slots, const struct gr_node *statement,
                  const struct gr_node *binder) {
  const bool let = statement->kind == GR_LET;
  const int number = let && statement->count == 2 ? cc_slot_number(statement->child[0]->text) : -1;
  if (number >= 0 && !counts(slots, number)) return false;
  return names_any(let ? statement->child[statement->count - 1] : statement, binder);
}

/* Which statements only serve slots that a `with` says otherwise: what they make has no parameters. */
static bool *find_idle(struct cc_context *c, const struct cc_slots *slots, const struct gr_node *block) {
  bool *idle = rt_arena_alloc(&c->model->arena, ((size_t)block->count + 1) * sizeof *idle), replaced = false;
  if (!idle) return NULL;
  memset(idle, 0, ((size_t)block->count + 1) * sizeof *idle);
  for (int k = 0; k < CC_SLOTS; k++) replaced |= !counts(slots, k);
  for (int i = block->count - 1; i >= 0 && replaced; i--) {
    const struct gr_node *one = block->child[i];
    bool slot = one->kind == GR_LET && one->count == 2 && cc_is_slot(one->child[0]->text);
    idle[i] = !slot && (one->kind == GR_LET || one->kind == GR_FOR || one->kind == GR_IF);
    for (int later = i + 1; later < block->count && idle[i]; later++)
      idle[i] = idle[later] || !reads(slots, block->child[later], one);
  }
  return idle;
}

static int statements(struct cc_context *c, struct cc_slots *slots, const struct gr_node *block) {
  const bool *idle = find_idle(c, slots, block);
  int status = idle ? RT_OK : cc_out_of_memory(c);
  for (int i = 0; i < block->count && status == RT_OK; i++) {
    if (idle[i]) continue;
    struct gr_node one = *block;
    struct cc_value none;
    struct cc_results results = {&none, 0, -1};
    one.count = 1;
    one.child = &block->child[i];
    status =
        block->child[i]->kind == GR_LET ? head_let(c, slots, block->child[i]) : cc_block(c, &one, &results);
  }
  return status;
}

/* ---- attention ---- */

/* By which call of the user the head came about: a head of the library may lie several calls below it. */
static void note_call(const struct cc_context *c, struct ir_head *head) {
  const struct cc_frame *f = c->frame;
  while (f->parent && f->parent->call && f->call
         && !strncmp(f->call->span.source->name, CC_STDLIB, strlen(CC_STDLIB)))
    f = f->parent;
  const size_t length = strlen(f->path);
  if (f->call) head->called = f->call->span;
  if (!strncmp(head->name, f->path, length) && head->name[length] == '.')
    head->within = head->name + length + 1;
}

static int attend(struct cc_context *c, struct cc_slots *slots, struct gr_span span,
                  struct cc_value *result) {
  struct cc_slot slot = {.query_dim = VM_NO_DIM, .key_dim = VM_NO_DIM};
  int64_t plan;
  ir_id operand[3], *arg;
  vm_dim value_width = VM_NO_DIM;
  struct vm_type type;
  const char *name = cc_shown_name(c, c->frame->path);
  if (!name || !(slot.head = ir_add_head(c->model, name, &plan))) return cc_out_of_memory(c);
  slot.head->softmax = true;
  note_call(c, slot.head);
  int status = collect_operands(c, c->scope, &slot, operand, &slots->width, &value_width);
  if (status == RT_OK) status = cc_slot_programs(c, slots, &slot, span);
  if (status != RT_OK) return status;
  result_type(c, &slot, operand, value_width, &type);
  bool alike = slots->several && !has_head_axis(slot.head);
  if (alike && !uses_h(slot.head) && (status = check_heads_differ(c))) return status;
  bool several = slots->several || has_head_axis(slot.head) || uses_h(slot.head);
  if (several && !cc_is_lifted(c, cc_type(c, operand[0])) && !cc_is_lifted(c, cc_type(c, operand[1]))) {
    if ((status = lift_query(c, &slot, span, &operand[0]))) return status;
    result_type(c, &slot, operand, value_width, &type);
  }
  const size_t extras = (size_t)slot.head->extra_count;
  if (!(arg = rt_arena_alloc(&c->model->arena, (3 + extras) * sizeof *arg))) return cc_out_of_memory(c);
  memcpy(arg, operand, sizeof operand);
  if (extras) memcpy(arg + 3, slot.extra, extras * sizeof *arg);
  *result = (struct cc_value){.kind = CC_TENSOR};
  bool steps = c->step_first && ir_varies_in_step(c->model, c->step_first, 3 + slot.head->extra_count, arg);
  if ((status = cc_choose_lowering(c, &slot, steps, span))) return status;
  if (slot.head->lowering == VM_MATERIALISED) {
    ir_id first = c->model->count;
    const struct ir_attending attending = {
        .arg = arg, .type = &type, .may_hide = ir_scores_may_hide(c->model, arg, slot.head->score.graph)};
    const bool whole = steps || c->program->unfused;
    result->id =
        (whole ? ir_materialise : ir_materialise_or_block)(cc_in_model(c, span), slot.head, attending);
    for (ir_id n = first; n < c->model->count; n++) c->model->node[n].head = (uint32_t)plan + 1;
    if (steps) slot.head->weights = 0; /* those of a step are not there to be shown */
    slot.head->result = result->id;
    return result->id ? RT_OK : c->error->code;
  }
  result->id = ir_add(cc_in_model(c, span), (struct ir_op){OP_attention, 3 + slot.head->extra_count,
                                                           .arg = arg, .attr = {plan}, .type = &type});
  if (!result->id) return c->error->code;
  c->model->node[result->id].name = slot.head->name;
  slot.head->result = result->id;
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

/* Of a head[G] within a head[H]: the one around it sees [queries, G, width]. */
static int split_result(struct cc_context *c, struct cc_value *result) {
  const ir_id merged = result->id;
  result->id = cc_split_heads(c, &c->heads, merged);
  for (uint32_t h = 0; h < c->model->head_count; h++) {
    struct ir_head *head = c->model->head[h];
    if (head->result != merged) continue;
    head->result = result->id;
    head->around = c->heads.around;
    head->own = c->heads.own;
  }
  return result->id ? RT_OK : c->error->code;
}

int cc_head_body(struct cc_context *c, const struct cc_definition *definition, struct cc_value *result) {
  const struct gr_node *node = definition->node;
  struct cc_slots slots = {.scope = c->scope, .several = node->count > 3 && node->child[3]};
  const vm_dim was = c->head_dim;
  const struct cc_heads was_heads = c->heads;
  const bool nested = slots.several && was != VM_NO_DIM;
  vm_dim own;
  int status = slots.several ? cc_dim(c, node->child[3], &own) : RT_OK;
  if (status == RT_OK && slots.several) status = cc_enter_heads(c, own, node->name_span);
  for (int k = 0; k < CC_SLOTS; k++) slots.source[k] = &slots.own[k];
  if (status == RT_OK) status = cc_lay_around(c, &slots);
  if (status == RT_OK) status = statements(c, &slots, node->child[2]);
  if (status == RT_OK) status = attend(c, &slots, node->name_span, result);
  const struct gr_node *type = node->child[1];
  if (status == RT_OK && type && type->kind == GR_TYPE) {
    const struct cc_wanted wanted = {type, NULL, c->scope, "the result of the head", type->span};
    status = cc_match_type(c, &wanted, cc_type(c, result->id));
    if (status != RT_OK) note_operands(c);
  }
  if (status == RT_OK && nested) status = split_result(c, result);
  c->head_dim = was;
  c->heads = was_heads;
  return status;
}
