/* call.c: calls: arguments matched to the signature, the body inlined. */
#include "compiler/front/arguments.h"

#include <math.h>
#include <string.h>

enum { MAX_SWAPPED = 4 };

/* What the model returns for an output, and what the row has. */
static void add_answer(struct cc_context *c, int output, struct gr_span span, struct cc_call_args *args) {
  ir_id id[CC_MOST_ANSWERS];
  int count = cc_answers(c, output, id);
  for (int k = 0; k < count; k++) {
    args->span[args->count] = span;
    args->value[args->count++] = (struct cc_value){.kind = CC_TENSOR, .id = id[k]};
  }
}

CC_OWN_FRAME static int collect(struct cc_context *c, const struct cc_value *callee,
                                const struct gr_node *call, struct cc_call_args *args) {
  static const struct cc_value none = {0};
  args->node = call;
  size_t n = (size_t)call->count + CC_MOST_ANSWERS;
  int answer = c->answers ? cc_answer_of(c, callee, call) : -1, first = 1;
  struct rt_arena *a = &c->model->arena;
  args->value = rt_arena_alloc(a, n * sizeof *args->value);
  args->span = rt_arena_alloc(a, n * sizeof *args->span);
  args->name = rt_arena_alloc(a, n * sizeof *args->name);
  args->named = rt_arena_alloc(a, n * sizeof *args->named);
  args->named_span = rt_arena_alloc(a, n * sizeof *args->named_span);
  if (!args->value || !args->span || !args->name || !args->named || !args->named_span)
    return cc_out_of_memory(c);
  if (answer >= 0) {
    bool named = call != c->answers->call;
    add_answer(c, answer, named ? call->child[1]->span : call->child[0]->span, args);
    first += named;
  }
  for (int i = first; i < call->count; i++) {
    const struct gr_node *arg = call->child[i];
    if (!arg || arg->kind != GR_ARG) continue;
    struct cc_value value = none;
    int status = cc_expression(c, arg->child[0], &value);
    if (status == RT_OK && answer >= 0 && value.kind == CC_STRING)
      status = cc_label_number(c, answer, arg->child[0]->span, &value);
    if (status != RT_OK) return status;
    if (arg->text) {
      args->name[args->named_count] = arg->text;
      args->named_span[args->named_count] = arg->span;
      args->named[args->named_count++] = value;
    } else if (args->named_count) {
      return gr_fail(c->error, arg->span, "arguments by position come before arguments by name");
    } else {
      args->span[args->count] = arg->span;
      args->value[args->count++] = value;
    }
  }
  return RT_OK;
}

static int bind_variadic(struct cc_context *c, const struct gr_node *param, const struct cc_call_args *args,
                         int from, struct cc_scope *scope) {
  struct cc_value list = {.kind = CC_LIST, .item = args->value + from, .item_count = args->count - from};
  if (args->count == from + 1 && args->value[from].kind == CC_LIST)
    list = args->value[from]; /* a list given as such */
  return cc_bind(c, scope, param->text, list, param->name_span, NULL);
}

/* An argument of a shape that does not fit, as some are often given. */
static void advise_argument(struct cc_context *c, const struct cc_definition *d, const struct gr_node *param,
                            const struct cc_value *value) {
  if (c->slot) return;
  cc_hint_reduced(c, value);
  bool looks = !strcmp(d->name, "cross_attention") || !strcmp(d->name, "multi_head");
  if (d->unit->is_stdlib && looks && param == d->node->child[0]->child[0] && cc_type(c, value->id)->rank == 1)
    rt_hint(c->error, "a single query vector looks at a sequence by pool(q, x)");
}

/* The type of a value that is a tensor here: in a slot most are single numbers. */
static const struct vm_type *tensor_type(struct cc_context *c, const struct cc_value *value) {
  return c->slot && !value->outer ? &c->slot->graph->node[value->id].type : cc_type(c, value->id);
}

/* An argument without a type may be anything. But a default that is a list or a number says what is
 * meant. */
static int check_kind(struct cc_context *c, const struct cc_definition *d, const struct gr_node *param,
                      const struct cc_value *value, struct gr_span span) {
  const struct gr_node *usual = param->count > 1 ? param->child[1] : NULL;
  bool list = usual && usual->kind == GR_LIST, number = usual && usual->kind == GR_NUMBER;
  bool fits = list     ? value->kind == CC_LIST
              : number ? value->kind != CC_LIST && value->kind != CC_STRING
                       : true;
  if (fits) return RT_OK;
  gr_fail(c->error, span, "`%s` of `%s` is a %s, and this is %s", param->text, d->name,
          list ? "list" : "number", cc_describe(c, value));
  gr_note(c->error, param->span, "declared here");
  if (list) rt_hint(c->error, "a list is written %s = [1, 2]", param->text);
  return c->error->code;
}

static int bind_argument(struct cc_context *c, const struct cc_definition *d, const struct gr_node *param,
                         const struct cc_value *value, struct gr_span span, struct cc_scope *scope) {
  const struct gr_node *type = param->count > 0 ? param->child[0] : NULL;
  if (type) {
    struct cc_value tensor = *value;
    if (value->kind == CC_NUMBER || value->kind == CC_DIM) {
      int status = cc_to_tensor(c, value, span, &tensor.id);
      if (status != RT_OK) return status;
      tensor.kind = CC_TENSOR;
      tensor.outer = false;
    }
    if (tensor.kind != CC_TENSOR) {
      gr_fail(c->error, span, "argument `%s` of `%s` is a tensor, and this is %s", param->text, d->name,
              cc_describe(c, value));
      gr_note(c->error, param->span, "declared here");
      return c->error->code;
    }
    const struct vm_type *actual = tensor_type(c, &tensor);
    const char *what = rt_arena_printf(&c->model->arena, "`%s` of `%s`", param->text, d->name);
    const struct cc_wanted wanted = {type, param, scope, what, span};
    int status = what ? cc_match_type(c, &wanted, actual) : cc_out_of_memory(c);
    if (status != RT_OK) advise_argument(c, d, param, &tensor);
    return status != RT_OK ? status : cc_bind(c, scope, param->text, tensor, param->name_span, NULL);
  }
  int status = check_kind(c, d, param, value, span);
  return status != RT_OK ? status : cc_bind(c, scope, param->text, *value, param->name_span, NULL);
}

static int bind_default(struct cc_context *c, const struct cc_definition *d, const struct gr_node *param,
                        struct cc_scope *scope) {
  const struct gr_node *node = param->child[1];
  struct cc_scope *was = c->scope;
  struct cc_value value;
  c->scope = scope;
  int status = cc_expression(c, node, &value);
  c->scope = was;
  return status != RT_OK ? status : bind_argument(c, d, param, &value, node->span, scope);
}

/* What the signature declares, as rows. */
static int declare(struct cc_context *c, const struct cc_definition *d, struct cc_callee *callee) {
  const struct gr_node *params = d->node->child[0];
  struct cc_parameter *row = rt_arena_alloc(&c->model->arena, sizeof *row * ((size_t)params->count + 1));
  if (!row) return cc_out_of_memory(c);
  for (int p = 0; p < params->count; p++) {
    const struct gr_node *param = params->child[p];
    row[p] = (struct cc_parameter){.name = param->text,
                                   .optional = param->count > 1 && param->child[1],
                                   .rest = param->number == 1,
                                   .node = param};
  }
  *callee = (struct cc_callee){d->name, "argument", row, params->count, d->node, false};
  return RT_OK;
}

/* Binds the callee's arguments in scope; the callee's file is already the one whose names are in sight. */
CC_OWN_FRAME static int bind_arguments(struct cc_context *c, const struct cc_definition *d,
                                       const struct cc_call_args *args, struct cc_scope *scope) {
  const struct gr_node *params = d->node->child[0];
  struct cc_callee callee;
  int *of, at = 0, status = declare(c, d, &callee);
  if (status == RT_OK) status = cc_match_call(c, &callee, args, &of);
  for (int p = 0; p < params->count && status == RT_OK; p++) {
    const struct gr_node *param = params->child[p];
    int named = 0;
    while (named < args->named_count && of[args->count + named] != p) named++;
    if (param->number == 1) {
      status = bind_variadic(c, param, args, at, scope);
      at = args->count;
    } else if (named < args->named_count) {
      status = bind_argument(c, d, param, &args->named[named], args->named_span[named], scope);
    } else if (at < args->count) {
      status = bind_argument(c, d, param, &args->value[at], args->span[at], scope);
      at++;
    } else {
      status = bind_default(c, d, param, scope);
    }
  }
  return status;
}

/* Does [] stand there, or [*B] where B is no axis at all? */
static bool is_scalar(const struct gr_node *type, const struct cc_scope *scope) {
  const struct gr_node *shape = type->child[0];
  for (int i = 0; i < shape->count; i++) {
    const struct cc_binding *star =
        shape->child[i]->kind == GR_STAR ? cc_lookup(scope, shape->child[i]->text) : NULL;
    if (!star || star->value.kind != CC_LIST || star->value.item_count > 0) return false;
  }
  return type->count < 2 || !type->child[1];
}

static int no_tensor(struct cc_context *c, const struct gr_node *type, const struct cc_value *value,
                     const char *what) {
  const struct gr_source *source = type->span.source;
  int length = (int)(type->span.end - type->span.begin);
  const char *text = source->text + type->span.begin;
  gr_fail(c->error, type->span, "%s should be %.*s, but this is %s", what, length, text,
          cc_describe(c, value));
  if (value->kind == CC_NUMBER || value->kind == CC_DIM)
    rt_hint(c->error, "expand(…, %.*s) repeats a number along axes", length, text);
  if (value->kind == CC_FUNCTION) rt_hint(c->error, "call it: `%s(…)`", value->function->name);
  if (value->kind == CC_BUILTIN) rt_hint(c->error, "call it: `%s(…)`", value->builtin->name);
  if (value->kind == CC_LIST)
    rt_hint(c->error, "what gives several values is declared without a type; list[0] is the first of a list");
  return c->error->code;
}

int cc_check_result(struct cc_context *c, const struct cc_definition *d, const struct cc_results *results,
                    struct cc_scope *scope) {
  const struct cc_value *result = results->value;
  const int count = results->count;
  const struct gr_node *type = d->node->child[1];
  if (!type || type->kind != GR_TYPE) return RT_OK;
  const char *what = rt_arena_printf(&c->model->arena, "the result of `%s`", d->name);
  if (!what) return cc_out_of_memory(c);
  if (count != 1) {
    gr_fail(c->error, type->span, "`%s` declares one result, but it returns %d", d->name, count);
    rt_hint(c->error, "leave the type out: what gives several values has none");
    return c->error->code;
  }
  bool number = result->kind == CC_NUMBER || result->kind == CC_DIM;
  if (number && is_scalar(type, scope)) return RT_OK;
  if (result->kind != CC_TENSOR) return no_tensor(c, type, result, what);
  const struct cc_wanted wanted = {type, NULL, scope, what, type->span};
  int status = cc_match_type(c, &wanted, tensor_type(c, result));
  if (status != RT_OK && !c->slot && !c->error->hint[0]) cc_hint_reduced(c, result);
  if (status != RT_OK && d->node->kind != GR_HEAD && !c->slot)
    gr_note(c->error, ir_shown(c->model, result->id), "this is %s", cc_type_text(c, cc_type(c, result->id)));
  return status;
}

/* The axis H of a head[H] at this call. The head sees an argument [T, H, K] as each of its H heads does,
 * as [T, K]. VM_NO_DIM: the head is no head[H]. */
CC_OWN_FRAME static int head_axis(struct cc_context *c, const struct cc_definition *d,
                                  const struct cc_call_args *args, vm_dim *dim) {
  const struct gr_node *name = d->node->kind == GR_HEAD && d->node->count > 3 ? d->node->child[3] : NULL,
                       *params = d->node->child[0];
  struct cc_definition *outer = name ? cc_find(c->program, c->unit, name->text) : NULL;
  *dim = VM_NO_DIM;
  for (int p = 0; name && p < params->count; p++) {
    if (strcmp(params->child[p]->text, name->text) != 0) continue;
    for (int k = 0; k < args->named_count; k++)
      if (!strcmp(args->name[k], name->text)) return cc_to_dim(c, &args->named[k], args->named_span[k], dim);
    return p < args->count ? cc_to_dim(c, &args->value[p], args->span[p], dim) : RT_OK;
  }
  return outer && outer->node->kind == GR_DIM ? cc_dim_of(c, outer, dim) : RT_OK;
}

/* The `with { … }` behind a call, or NULL. */
static const struct gr_node *with_of(const struct cc_call_args *args) {
  const struct gr_node *call = args->node && args->node->kind == GR_CALL ? args->node : NULL;
  const struct gr_node *last = call ? call->child[call->count - 1] : NULL;
  return last && last->kind == GR_WITH ? last : NULL;
}

/* What a head[G] is given within a head[H], as its heads see it. */
static int merge_arguments(struct cc_context *c, struct cc_call_args *args) {
  const size_t count = (size_t)args->count, named = (size_t)args->named_count;
  struct cc_value *copy = rt_arena_alloc(&c->model->arena, (count + named + 1) * sizeof *copy);
  int status = copy ? RT_OK : cc_out_of_memory(c);
  for (size_t k = 0; k < count + named && status == RT_OK; k++) {
    copy[k] = k < count ? args->value[k] : args->named[k - count];
    status = cc_merge_heads(c, k < count ? args->span[k] : args->named_span[k - count], &copy[k]);
  }
  args->value = copy;
  args->named = copy + count;
  return status;
}

/* Binds the arguments as the body sees them. */
CC_OWN_FRAME static int bind_for_body(struct cc_context *c, const struct cc_definition *d,
                                      const struct cc_call_args *args, struct cc_scope *scope) {
  const vm_dim was = c->head_dim;
  const struct cc_heads was_heads = c->heads;
  struct cc_call_args merged = *args;
  vm_dim own;
  int status = head_axis(c, d, args, &own);
  if (status == RT_OK && own != VM_NO_DIM) status = cc_enter_heads(c, own, args->node->span);
  if (status == RT_OK && own != VM_NO_DIM && was != VM_NO_DIM) status = merge_arguments(c, &merged);
  if (status == RT_OK) status = bind_arguments(c, d, &merged, scope);
  c->head_dim = was;
  c->heads = was_heads;
  return status;
}

CC_OWN_FRAME static int call_body(struct cc_context *c, const struct cc_definition *d,
                                  const struct cc_call_args *args, struct cc_scope *scope,
                                  struct cc_results *results) {
  int status = bind_for_body(c, d, args, scope);
  if (status != RT_OK) return status;
  c->scope = scope;
  if (d->node->kind == GR_HEAD) {
    if (c->slot) return gr_fail(c->error, args->node->span, "a head cannot be called in a slot of another");
    results->count = 1;
    return cc_head_body(c, d, results->value);
  }
  results->count = -1;
  status = cc_block(c, d->node->child[2], results);
  if (status != RT_OK) return status;
  if (results->count < 0) {
    gr_fail(c->error, d->node->name_span, "`%s` ends without a return", d->name);
    rt_hint(c->error, "what a function gives is said by return: return x");
    return c->error->code;
  }
  return cc_check_result(c, d, results, scope);
}

/* An error within a call. If it is in the standard library, it is shown at the line that called the
 * library, with a note that points into it; what stands behind `with` is not there. If it is in the user's
 * file, it stays where it is, with a note at the call. */
static void trace(struct cc_context *c, const struct cc_value *callee, struct gr_span call,
                  const struct cc_unit *caller) {
  const struct cc_definition *d = callee->function;
  bool same_file = call.source == d->node->span.source;
  if (caller->is_stdlib || (same_file && !callee->instance)) return;
  bool within = !strncmp(c->error->file, CC_STDLIB, strlen(CC_STDLIB));
  if (d->unit->is_stdlib && within)
    gr_raise(c->error, call);
  else if (!d->unit->is_stdlib)
    gr_note(c->error, call, "in this call of `%s`", d->name);
}

/* Whether the call passes with arguments a and b the other way round. */
CC_OWN_FRAME static bool fits_swapped(struct cc_context *c, const struct cc_value *callee,
                                      const struct cc_call_args *args, int a, int b) {
  struct cc_call_args swapped = *args;
  struct cc_value copy[MAX_SWAPPED], value[CC_MOST_RESULTS] = {{CC_NONE}};
  struct cc_results results = {value, CC_MOST_RESULTS, -1};
  struct rt_error *error = c->error, other = {0};
  memcpy(copy, args->value, (size_t)args->count * sizeof *copy);
  copy[a] = args->value[b];
  copy[b] = args->value[a];
  swapped.value = copy;
  c->error = &other;
  int status = cc_apply(c, callee, &swapped, &results);
  c->error = error;
  return status == RT_OK;
}

/* A call that failed may have two arguments in the wrong order: then that is the hint. */
CC_OWN_FRAME static void try_swapped(struct cc_context *c, const struct cc_value *callee,
                                     const struct cc_call_args *args) {
  if (c->swapping || c->slot || args->count > MAX_SWAPPED || c->error->code != RT_BAD_DATA) return;
  c->swapping = true;
  for (int a = 0; a < args->count; a++)
    for (int b = a + 1; b < args->count; b++) {
      struct gr_span x = args->span[a], y = args->span[b];
      bool apart = x.source && y.source && (x.source != y.source || x.begin != y.begin);
      if (!apart || !fits_swapped(c, callee, args, a, b)) continue;
      c->error->hint[0] = '\0';
      rt_hint(c->error, "with `%.*s` and `%.*s` the other way round it fits: are they swapped?",
              (int)(x.end - x.begin), x.source->text + x.begin, (int)(y.end - y.begin),
              y.source->text + y.begin);
      return; /* and not again: what is around this call fails because of it */
    }
  c->swapping = false;
}

/* Later messages about nodes that the standard library made point to the line that called it. */
static void place_at_call(struct cc_context *c, ir_id from, struct gr_span call) {
  for (ir_id n = from; n < c->model->count; n++) {
    const struct gr_source *source = c->model->node[n].span.source;
    if (source && !strncmp(source->name, CC_STDLIB, strlen(CC_STDLIB))) c->model->node[n].span = call;
  }
}

CC_OWN_FRAME static int call_definition(struct cc_context *c, const struct cc_value *callee,
                                        const struct cc_call_args *args, struct cc_results *results) {
  const struct cc_definition *d = callee->function;
  struct cc_scope scope = {0};
  const struct cc_caller was = {c->scope, c->unit};
  uint64_t uses_before = c->param_uses;
  ir_id made_before = c->model->count;
  const char *component = callee->instance ? NULL : cc_component(c, d->name, args->node);
  if (!callee->instance && !component) return c->error->code;
  struct cc_frame frame = {.parent = c->frame,
                           .definition = d,
                           .call = args->node,
                           .bound = c->frame->let_name,
                           .round = callee->instance ? ++c->rounds : c->frame->round,
                           .outer_round = callee->instance ? callee->made_in : c->frame->round};
  const struct gr_node *with = with_of(args);
  frame.path = callee->instance ? callee->instance
                                : rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, component);
  if (!frame.path) return cc_out_of_memory(c);
  struct gr_span was_unrolling = c->unrolling, was_call = c->library_call;
  bool from_outside = d->unit->is_stdlib && !was.unit->is_stdlib;
  if (from_outside) c->library_call = args->node->span;
  c->unit = d->unit;
  c->frame = &frame;
  c->unrolling = args->node->span;
  int status = cc_enter(c, CC_CALL_LEVELS, args->node->span);
  if (status == RT_OK) status = cc_spend(c, d->node->kind == GR_HEAD ? CC_HEAD_STEPS : CC_CALL_STEPS);
  if (status == RT_OK && with) status = cc_begin_with(c, &frame, with, was);
  if (status == RT_OK) status = call_body(c, d, args, &scope, results);
  cc_leave(c, CC_CALL_LEVELS);
  if (status == RT_OK && from_outside) status = cc_require_nodes(c, c->model, made_before, args->node->span);
  c->library_call = was_call;
  if (status != RT_OK)
    trace(c, callee, args->node->span, was.unit);
  else if (results->count == 1 && results->value->kind == CC_TENSOR && !c->slot
           && results->value->id >= made_before)
    c->model->node[results->value->id].called = args->node->span;
  if (status == RT_OK) status = cc_end_with(c, &frame);
  if (status == RT_OK) status = cc_note_called(c, d->name, results);
  if (status == RT_OK && from_outside) place_at_call(c, made_before, args->node->span);
  c->unrolling = was_unrolling;
  c->frame = frame.parent;
  c->unit = was.unit;
  c->scope = was.scope;
  cc_scope_free(&scope);
  rt_map_free(&frame.used);
  if (status != RT_OK && !was.unit->is_stdlib) try_swapped(c, callee, args);
  if (component && c->param_uses == uses_before) cc_component_unused(c, component);
  return status;
}

static int call_extern(struct cc_context *c, const struct cc_value *callee, const struct cc_call_args *args,
                       struct cc_value *result) {
  const struct gr_node *with = with_of(args);
  if (with)
    return gr_fail(c->error, with->span, "`with` fills the slots of a head, and `%s` is not a head",
                   callee->function->name);
  int status = cc_spend(c, CC_CALL_STEPS);
  if (status == RT_OK) status = cc_extern_call(c, callee->function, args, result);
  if (status != RT_OK && !c->unit->is_stdlib) try_swapped(c, callee, args);
  return status;
}

int cc_apply(struct cc_context *c, const struct cc_value *callee, const struct cc_call_args *args,
             struct cc_results *results) {
  *results->value = (struct cc_value){.kind = CC_NONE};
  const struct gr_node *with = with_of(args);
  if (callee->kind == CC_BUILTIN && with) {
    gr_fail(c->error, with->span, "`with` fills the slots of a head, and `%s` is not a head",
            callee->builtin->name);
    if (!strcmp(callee->builtin->name, "scan"))
      rt_hint(c->error, "slots do not reach through a scan: fill those of a head within the step where it is "
                        "called there");
    return c->error->code;
  }
  if (callee->kind == CC_BUILTIN) {
    results->count = 1;
    return c->slot ? cc_slot_call(c, callee->builtin, args, results->value)
                   : cc_builtin_call(c, callee->builtin, args, results->value);
  }
  if (callee->kind == CC_FUNCTION && callee->function->node->kind == GR_EXTERN) {
    results->count = 1;
    return call_extern(c, callee, args, results->value);
  }
  if (callee->kind == CC_FUNCTION) return call_definition(c, callee, args, results);
  return gr_fail(c->error, args->node->child[0]->span,
                 "only functions and heads can be called, and this is %s", cc_describe(c, callee));
}

int cc_call(struct cc_context *c, const struct gr_node *call, struct cc_results *results) {
  struct cc_value callee;
  struct cc_call_args args = {0};
  int status = cc_expression(c, call->child[0], &callee);
  if (status == RT_OK) status = collect(c, &callee, call, &args);
  return status != RT_OK ? status : cc_apply(c, &callee, &args, results);
}
