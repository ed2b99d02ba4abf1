/* scan_call.c: scan(step, start, x, …): the step is called once, with stand-ins for the state and for a row
 * of each sequence, and what it makes becomes a body (scan.c). Behind start, what is given by position is a
 * sequence, and what is given by name is the same for every step. */
#include "compiler/front/elaborate.h"
#include "compiler/ir/scan.h"

#include <string.h>

enum { MAX_VALUES = 24 };

struct scan_call {
  struct cc_context *c;
  const struct cc_call_args *args;
  struct ir_step step;
  struct cc_state state;
  bool batched; /* some value is one per example: then all are */
  ir_id sequence[MAX_VALUES], row[MAX_VALUES];
  struct cc_value given[MAX_VALUES]; /* to the step: the state, then a row of each sequence */
  struct gr_span span[MAX_VALUES];
  int given_count;
};

static bool is_tensor(const struct cc_value *v) { return v->kind == CC_TENSOR; }

/* The name under which the step knows its argument k, counted from the state on. */
static const char *argument_name(const struct scan_call *s, int k) {
  const struct cc_value *callee = &s->args->value[0];
  if (callee->kind != CC_FUNCTION) return "name";
  const struct gr_node *params = callee->function->node->child[0];
  return k < params->count ? params->child[k]->text : "name";
}

static int refuse_whole(struct scan_call *s, int k, const char *what) {
  struct cc_context *c = s->c;
  const char *name = argument_name(s, k - 1);
  gr_fail(c->error, s->args->span[k], "scan takes row after row of what it is given by position, and %s",
          what);
  rt_hint(c->error, "what is the same in every step is given by name, behind the sequences: %s = …", name);
  return c->error->code;
}

/* That what stands behind the first sequence is one too, along the same axis. */
static int check_sequence(struct scan_call *s, int k) {
  struct cc_context *c = s->c;
  const struct cc_value *v = &s->args->value[k];
  struct rt_arena *arena = &c->model->arena;
  if (!is_tensor(v)) {
    const char *what = rt_arena_printf(arena, "this is %s", cc_describe(c, v));
    return what ? refuse_whole(s, k, what) : cc_out_of_memory(c);
  }
  const struct vm_type *type = cc_type(c, v->id);
  if (type->rank > 0 && type->dim[0] == s->step.axis) return RT_OK;
  const char *axis = cc_dim_text(c, s->step.axis),
             *what = type->rank == 0 ? "this is a single number"
                                     : rt_arena_printf(arena, "the first axis of %s is not %s",
                                                       cc_type_text(c, type), axis);
  if (!what) return cc_out_of_memory(c);
  int status = refuse_whole(s, k, what);
  gr_note(c->error, s->args->span[2], "this goes along %s", axis);
  return status;
}

/* The scanned axis is the first one of the first argument behind start. */
static int find_axis(struct scan_call *s) {
  struct cc_context *c = s->c;
  const struct cc_value *x = &s->args->value[2];
  int axis[RT_MAX_RANK];
  if (!is_tensor(x))
    return gr_fail(c->error, s->args->span[2], "scan goes along the first axis of a sequence, and this is %s",
                   cc_describe(c, x));
  const struct vm_type *type = cc_type(c, x->id);
  if (cc_visible(c, type, axis) == 0)
    return gr_fail(c->error, s->args->span[2],
                   "scan goes along the first axis of a sequence, and this is a single number");
  if (axis[0] != 0)
    return gr_fail(c->error, s->args->span[2], "scan cannot go along %s here, behind the axis of the heads",
                   cc_dim_text(c, type->dim[axis[0]]));
  s->step.axis = type->dim[0];
  s->batched |= type->batched;
  for (int i = 3; i < s->args->count; i++)
    s->batched |= is_tensor(&s->args->value[i]) && cc_type(c, s->args->value[i].id)->batched;
  for (int i = 1; i < s->args->named_count; i++)
    s->batched |= is_tensor(&s->args->named[i]) && cc_type(c, s->args->named[i].id)->batched;
  return RT_OK;
}

static ir_id as_batched(struct scan_call *s, ir_id id) {
  struct vm_type type = *cc_type(s->c, id);
  if (!s->batched || type.batched || type.dtype == RT_INT) return id;
  type.batched = 1;
  return ir_expand_axes(cc_in_model(s->c, s->step.span), id, (1u << type.rank) - 1, &type);
}

static ir_id stand_in(struct scan_call *s, const struct vm_type *type, struct gr_span span) {
  struct ir_at at = cc_in_model(s->c, span);
  ir_id id = ir_add(at, (struct ir_op){OP_input, .attr = {-1}, .type = type});
  if (id) at.g->node[id].attr[0] = -(int64_t)id; /* each is another */
  return id;
}

/* The row of a sequence, as the step sees it. */
static int as_row(struct scan_call *s, int argument, struct cc_value *given) {
  struct cc_context *c = s->c;
  int k = s->step.sequence_count, status = check_sequence(s, argument);
  if (status != RT_OK) return status;
  if (!(s->sequence[k] = as_batched(s, s->args->value[argument].id))) return c->error->code;
  struct vm_type row = *cc_type(c, s->sequence[k]);
  if (row.batched != s->batched)
    return gr_fail(c->error, s->args->span[argument],
                   "whole numbers that all examples share cannot be scanned together with values that differ "
                   "between them");
  row.rank--;
  memmove(&row.dim[0], &row.dim[1], row.rank * sizeof row.dim[0]);
  if (!(s->row[k] = stand_in(s, &row, s->args->span[argument]))) return c->error->code;
  s->step.sequence_count++;
  *given = (struct cc_value){.kind = CC_TENSOR, .id = s->row[k]};
  return RT_OK;
}

static int give_arguments(struct scan_call *s) {
  const struct cc_call_args *args = s->args;
  struct cc_context *c = s->c;
  int status = RT_OK;
  s->given[0] = (struct cc_value){.kind = CC_TENSOR, .id = s->step.state};
  if (s->state.count > 0) status = cc_state_unpack(c, &s->state, s->step.state, args->span[1], &s->given[0]);
  s->span[0] = args->span[1];
  s->given_count = 1;
  for (int i = 2; i < args->count && status == RT_OK; i++) {
    s->span[s->given_count] = args->span[i];
    status = as_row(s, i, &s->given[s->given_count++]);
  }
  s->step.reverse = args->named[0].number != 0;
  return status;
}

static int refuse_state(struct scan_call *s, const struct cc_value *callee, const char *made,
                        struct gr_span span, const char *was) {
  struct cc_context *c = s->c;
  gr_fail(c->error, s->args->span[0],
          "`%s` makes %s of a state that is %s: the next state must be like the one before",
          callee->kind == CC_FUNCTION ? callee->function->name : callee->builtin->name, made, was);
  gr_note(c->error, span, "this is %s", made);
  gr_note(c->error, s->args->span[1], "the state begins as %s", was);
  if (c->head_dim != VM_NO_DIM && s->state.count > 0)
    rt_hint(c->error,
            "within head[%s] a state cannot be a list: let the scan go over one tensor, or call it "
            "outside of the head",
            cc_dim_text(c, c->head_dim));
  return c->error->code;
}

static bool same_shape(const struct vm_type *a, const struct vm_type *b) {
  return a->rank == b->rank && !memcmp(a->dim, b->dim, a->rank * sizeof *a->dim);
}

/* The next state of a state that is a list, as one vector. */
static int pack_next(struct scan_call *s, const struct cc_value *callee, const struct cc_value *next,
                     ir_id *id) {
  struct cc_context *c = s->c;
  ir_id piece[CC_MOST_RESULTS];
  if (next->kind != CC_LIST || next->item_count != s->state.count)
    return refuse_state(s, callee, cc_describe(c, next), s->args->span[0], cc_describe(c, &s->given[0]));
  for (int k = 0; k < next->item_count; k++) {
    int status = cc_to_real(c, &next->item[k], s->args->span[0], &piece[k]);
    if (status != RT_OK) return status;
    const struct vm_type *type = cc_type(c, piece[k]), *was = &s->state.piece[k];
    if (!same_shape(type, was))
      return refuse_state(s, callee, cc_type_text(c, type), c->model->node[piece[k]].span,
                          cc_type_text(c, was));
  }
  return cc_state_pack(c, &s->state, piece, s->args->span[0], id);
}

/* Checks that the next state has the shape of the state, and makes all results batched when one is. */
static int check_results(struct scan_call *s, const struct cc_value *callee, const struct cc_results *results,
                         ir_id *id) {
  struct cc_context *c = s->c;
  for (int k = 0; k < results->count; k++) {
    int status = k == 0 && s->state.count > 0 ? pack_next(s, callee, &results->value[0], &id[0])
                                              : cc_to_real(c, &results->value[k], s->args->span[0], &id[k]);
    if (status != RT_OK) return status;
    const struct vm_type *state = cc_type(c, s->step.state), *type = cc_type(c, id[k]);
    if (k == 0 && !same_shape(type, state))
      return refuse_state(s, callee, cc_type_text(c, type), c->model->node[id[k]].span,
                          cc_type_text(c, state));
    if (type->rank == RT_MAX_RANK)
      return gr_fail(c->error, s->args->span[0], "more than %d axes", RT_MAX_RANK - 1);
    if (!(id[k] = as_batched(s, id[k]))) return c->error->code;
  }
  return RT_OK;
}

/* What is collected has the names that the step's return gives. */
static int collect(struct cc_context *c, int count, const ir_id *out, const struct cc_value *step,
                   struct cc_value *result) {
  *result = (struct cc_value){.kind = CC_TENSOR, .id = out[0], .label = step[0].label};
  if (count == 1) return RT_OK;
  struct cc_value *item = rt_arena_alloc(&c->model->arena, sizeof *item * (size_t)count);
  if (!item) return cc_out_of_memory(c);
  for (int k = 0; k < count; k++)
    item[k] = (struct cc_value){.kind = CC_TENSOR, .id = out[k], .label = step[k].label};
  *result = (struct cc_value){.kind = CC_LIST, .item = item, .item_count = count};
  return RT_OK;
}

/* A step that wants all of a sequence was given it by position, row by row. */
static void hint_by_name(struct scan_call *s, const struct cc_value *callee) {
  struct cc_context *c = s->c;
  int axis[RT_MAX_RANK];
  const struct gr_node *params = callee->kind == CC_FUNCTION ? callee->function->node->child[0] : NULL;
  for (int k = 1; params && k < s->given_count && k < params->count; k++) {
    const struct gr_node *type = params->child[k]->count > 0 ? params->child[k]->child[0] : NULL;
    const struct gr_node *shape = type && type->kind == GR_TYPE ? type->child[0] : NULL;
    bool any = false;
    for (int i = 0; shape && i < shape->count; i++) any |= shape->child[i]->kind == GR_STAR;
    if (!shape || any || shape->count != cc_visible(c, cc_type(c, s->sequence[k - 1]), axis)) continue;
    const struct gr_span at = s->args->span[k + 1];
    rt_hint(c->error,
            "scan gives the step row after row of what it is given by position; by name it gives all of it: "
            "%s = %.*s",
            argument_name(s, k), (int)(at.end - at.begin), at.source->text + at.begin);
    return;
  }
}

static int run_step(struct scan_call *s, struct cc_value *result) {
  struct cc_context *c = s->c;
  const struct cc_value *callee = &s->args->value[0];
  struct cc_call_args args = {.node = s->args->node,
                              .count = s->given_count,
                              .value = s->given,
                              .span = s->span,
                              .named_count = s->args->named_count - 1, /* all but reverse */
                              .name = s->args->name + 1,
                              .named = s->args->named + 1,
                              .named_span = s->args->named_span + 1};
  struct cc_value value[MAX_VALUES] = {{CC_NONE}};
  struct cc_results results = {value, MAX_VALUES, -1};
  ir_id id[MAX_VALUES], out[MAX_VALUES];
  size_t weights = c->weights_count;
  int status = cc_apply(c, callee, &args, &results), count = results.count;
  if (status != RT_OK) hint_by_name(s, callee);
  if (status == RT_OK) status = check_results(s, callee, &results, id);
  c->weights_count = weights; /* those of a step are not there to be shown */
  if (status != RT_OK) return status;
  s->step.sequence = s->sequence;
  s->step.row = s->row;
  s->step.result = id;
  s->step.result_count = count;
  s->step.name = c->frame->let_name && c->frame->let_root == s->args->node
                     ? rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, c->frame->let_name)
                     : c->frame->path;
  if (!s->step.name) return cc_out_of_memory(c);
  status = ir_scan_make(c->model, &s->step, out, c->error);
  if (status != RT_OK) return status;
  if (count == 1 && s->state.count > 0) return cc_state_unpack(c, &s->state, out[0], s->step.span, result);
  return count > 1 ? collect(c, count - 1, out, &value[1], result) : collect(c, 1, out, value, result);
}

/* What the scan begins with, as one tensor. */
static int take_start(struct scan_call *s, ir_id *start) {
  struct cc_context *c = s->c;
  const struct cc_value *value = &s->args->value[1];
  ir_id piece[CC_MOST_RESULTS];
  int status = cc_state_kinds(c, &s->state, value, s->args->span[1], piece);
  if (status != RT_OK || s->state.count == 0)
    return status != RT_OK ? status : cc_to_real(c, value, s->args->span[1], start);
  return cc_state_pack(c, &s->state, piece, s->args->span[1], start);
}

/* Inside head[H] each head has a state of its own, since the step makes parameters for each. */
static ir_id for_each_head(struct scan_call *s, ir_id start) {
  struct cc_context *c = s->c;
  struct vm_type type = *cc_type(c, start);
  if (c->head_dim == VM_NO_DIM || cc_is_lifted(c, &type) || type.rank == RT_MAX_RANK) return start;
  const int at = type.rank ? type.rank - 1 : 0;
  for (int a = type.rank++; a > at; a--) type.dim[a] = type.dim[a - 1];
  type.dim[at] = c->head_dim;
  return ir_expand_axes(cc_in_model(c, s->args->span[1]), start, ((1u << type.rank) - 1) & ~(1u << at),
                        &type);
}

/* The call of the step, with all that it makes counted as the step's own. */
static int within_step(struct scan_call *s, struct cc_value *result) {
  struct cc_context *c = s->c;
  ir_id outer = c->step_first;
  if (!outer) c->step_first = s->step.first;
  int status = give_arguments(s);
  if (status == RT_OK) status = run_step(s, result);
  c->step_first = outer;
  return status;
}

int cc_scan(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
            struct cc_value *result) {
  (void)self;
  struct scan_call s = {.c = c, .args = args, .step = {.span = args->node->span}};
  ir_id start;
  if (c->slot)
    return gr_fail(c->error, args->node->span,
                   "`scan` has no place in a slot, which computes one score at a time");
  if (args->count + args->named_count > MAX_VALUES)
    return gr_fail(c->error, args->node->span, "scan takes at most %d arguments", MAX_VALUES);
  int status = take_start(&s, &start);
  if (status == RT_OK) status = find_axis(&s);
  if (status != RT_OK) return status;
  if (s.state.count == 0 && !(start = for_each_head(&s, start))) return c->error->code;
  s.batched |= cc_type(c, start)->batched;
  if (!(s.step.start = as_batched(&s, start))) return c->error->code;
  struct vm_type type = *cc_type(c, s.step.start);
  s.step.first = c->model->count;
  s.step.state = stand_in(&s, &type, args->span[1]);
  return s.step.state ? within_step(&s, result) : c->error->code;
}
