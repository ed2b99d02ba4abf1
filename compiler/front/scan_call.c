/* scan_call.c: scan(step, start, x, …): the step is called once, with stand-ins for the state and for a row
 * of each sequence, and what it makes becomes a body (scan.c). */
#include "compiler/front/elaborate.h"
#include "compiler/ir/scan.h"

#include <string.h>

enum { MAX_VALUES = 24 };

struct scan_call {
  struct cc_context *c;
  const struct cc_call_args *args;
  struct ir_step step;
  bool batched; /* some value is one per example: then all are */
  ir_id sequence[MAX_VALUES], row[MAX_VALUES];
  struct cc_value
      given[MAX_VALUES]; /* to the step: the state, then what the caller gave, rows for sequences */
  struct gr_span span[MAX_VALUES];
  const char *name[MAX_VALUES];
  struct cc_value named[MAX_VALUES];
  struct gr_span named_span[MAX_VALUES];
  int given_count, named_count;
};

/* Texts, functions, numbers and dims are given to the step as they are. */
static bool is_tensor(const struct cc_value *v) { return v->kind == CC_TENSOR; }

static bool is_sequence(const struct scan_call *s, const struct cc_value *v) {
  if (!is_tensor(v)) return false;
  const struct vm_type *type = cc_type(s->c, v->id);
  return type->rank > 0 && type->dim[0] == s->step.axis;
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

/* *value as the step sees it: the row of a sequence, or what it is. */
static int as_given(struct scan_call *s, const struct cc_value *value, struct gr_span span,
                    struct cc_value *given) {
  struct cc_context *c = s->c;
  *given = *value;
  if (!is_sequence(s, value)) return RT_OK;
  int k = s->step.sequence_count;
  if (!(s->sequence[k] = as_batched(s, value->id))) return c->error->code;
  struct vm_type row = *cc_type(c, s->sequence[k]);
  if (row.batched != s->batched)
    return gr_fail(c->error, span,
                   "whole numbers that all examples share cannot be scanned together with values that differ "
                   "between them");
  row.rank--;
  memmove(&row.dim[0], &row.dim[1], row.rank * sizeof row.dim[0]);
  if (!(s->row[k] = stand_in(s, &row, span))) return c->error->code;
  s->step.sequence_count++;
  *given = (struct cc_value){.kind = CC_TENSOR, .id = s->row[k]};
  return RT_OK;
}

static int give_arguments(struct scan_call *s) {
  const struct cc_call_args *args = s->args;
  int status = RT_OK;
  s->given[0] = (struct cc_value){.kind = CC_TENSOR, .id = s->step.state};
  s->span[0] = args->span[1];
  s->given_count = 1;
  for (int i = 2; i < args->count && status == RT_OK; i++) {
    s->span[s->given_count] = args->span[i];
    status = as_given(s, &args->value[i], args->span[i], &s->given[s->given_count++]);
  }
  s->step.reverse = args->named[0].number != 0;
  for (int i = 1; i < args->named_count && status == RT_OK; i++) { /* what the step knows by name */
    s->name[s->named_count] = args->name[i];
    s->named_span[s->named_count] = args->named_span[i];
    status = as_given(s, &args->named[i], args->named_span[i], &s->named[s->named_count++]);
  }
  return status;
}

/* Checks that the next state has the shape of the state, and makes all results batched when one is. */
static int check_results(struct scan_call *s, const struct cc_value *callee, const struct cc_results *results,
                         ir_id *id) {
  struct cc_context *c = s->c;
  for (int k = 0; k < results->count; k++) {
    int status = cc_to_real(c, &results->value[k], s->args->span[0], &id[k]);
    if (status != RT_OK) return status;
    const struct vm_type *state = cc_type(c, s->step.state), *type = cc_type(c, id[k]);
    bool same = type->rank == state->rank && !memcmp(type->dim, state->dim, state->rank * sizeof *state->dim);
    if (k == 0 && !same) {
      gr_fail(c->error, s->args->span[0],
              "`%s` makes %s of a state that is %s: the next state must be like the one before",
              callee->kind == CC_FUNCTION ? callee->function->name : callee->builtin->name,
              cc_type_text(c, type), cc_type_text(c, state));
      gr_note(c->error, c->model->node[id[k]].span, "this is %s", cc_type_text(c, type));
      gr_note(c->error, s->args->span[1], "the state begins as %s", cc_type_text(c, state));
      return c->error->code;
    }
    if (type->rank == RT_MAX_RANK)
      return gr_fail(c->error, s->args->span[0], "more than %d axes", RT_MAX_RANK - 1);
    if (!(id[k] = as_batched(s, id[k]))) return c->error->code;
  }
  return RT_OK;
}

static int collect(struct cc_context *c, int count, const ir_id *out, struct cc_value *result) {
  *result = (struct cc_value){.kind = CC_TENSOR, .id = out[0]};
  if (count == 1) return RT_OK;
  struct cc_value *item = rt_arena_alloc(&c->model->arena, sizeof *item * (size_t)count);
  if (!item) return cc_out_of_memory(c);
  for (int k = 0; k < count; k++) item[k] = (struct cc_value){.kind = CC_TENSOR, .id = out[k]};
  *result = (struct cc_value){.kind = CC_LIST, .item = item, .item_count = count};
  return RT_OK;
}

/* The step did not take what it was given: was a tensor meant to give its rows? */
static void hint_whole(const struct scan_call *s) {
  for (int i = 3; i < s->args->count; i++) {
    const struct cc_value *v = &s->args->value[i];
    if (is_sequence(s, v) || !is_tensor(v) || cc_type(s->c, v->id)->rank == 0) continue;
    rt_hint(
        s->c->error,
        "what begins with the axis %s gives its rows to scan; %s does not, and is given whole to each step",
        cc_dim_text(s->c, s->step.axis), cc_type_text(s->c, cc_type(s->c, v->id)));
  }
}

static int run_step(struct scan_call *s, struct cc_value *result) {
  struct cc_context *c = s->c;
  const struct cc_value *callee = &s->args->value[0];
  struct cc_call_args args = {.node = s->args->node,
                              .count = s->given_count,
                              .value = s->given,
                              .span = s->span,
                              .named_count = s->named_count,
                              .name = s->name,
                              .named = s->named,
                              .named_span = s->named_span};
  struct cc_value value[MAX_VALUES];
  struct cc_results results = {value, MAX_VALUES, -1};
  ir_id id[MAX_VALUES], out[MAX_VALUES];
  size_t weights = c->weights_count;
  int status = cc_apply(c, callee, &args, &results), count = results.count;
  if (status != RT_OK) hint_whole(s);
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
  return status != RT_OK ? status : collect(c, count > 1 ? count - 1 : 1, out, result);
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
  int status = cc_to_real(c, &args->value[1], args->span[1], &start);
  if (status == RT_OK) status = find_axis(&s);
  if (status != RT_OK) return status;
  s.batched |= cc_type(c, start)->batched;
  if (!(s.step.start = as_batched(&s, start))) return c->error->code;
  struct vm_type type = *cc_type(c, s.step.start);
  s.step.first = c->model->count;
  s.step.state = stand_in(&s, &type, args->span[1]);
  if (!s.step.state) return c->error->code;
  status = give_arguments(&s);
  return status == RT_OK ? run_step(&s, result) : status;
}
