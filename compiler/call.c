/* call.c: calls: arguments matched to the signature, the body inlined, parameters named by path. */
#include "compiler/elaborate.h"

#include <math.h>
#include <string.h>

enum { MAX_ARGS = 32, MAX_DEPTH = 100 };

/* ---- paths ---- */

static struct cc_used *component_use(struct cc_context *c, const char *component) {
  struct cc_frame *f = c->frame;
  for (size_t i = 0; i < f->used_count; i++)
    if (!strcmp(f->used[i].component, component)) return &f->used[i];
  if (rt_grow((void **)&f->used, &f->used_capacity, f->used_count + 1, sizeof *f->used)) return NULL;
  f->used[f->used_count] = (struct cc_used){component, 0};
  return &f->used[f->used_count++];
}

/* The part of a path that a call contributes: the name its result is bound to; the callee's where there is
 * none (return, or x = f(x) again); both for a call inside a longer right side. In loops the round follows; a
 * name taken before gets _2, _3, … */
const char *cc_component(struct cc_context *c, const char *callee, const struct gr_node *node) {
  struct cc_frame *f = c->frame;
  struct rt_arena *a = &c->model->arena;
  const char *base = callee;
  if (f->let_name)
    base = f->let_root == node ? f->let_name : rt_arena_printf(a, "%s.%s", f->let_name, callee);
  if (base && f->loop_suffix) base = rt_arena_printf(a, "%s%s", base, f->loop_suffix);
  struct cc_used *use = base ? component_use(c, base) : NULL;
  if (!use) {
    cc_out_of_memory(c);
    return NULL;
  }
  return ++use->times == 1 ? base : rt_arena_printf(a, "%s_%d", base, use->times);
}

/* The call made no parameter: its name is free for another. */
void cc_component_unused(struct cc_context *c, const char *component) {
  struct cc_used *use = component_use(c, component);
  if (use && use->times > 0) use->times--;
}

/* ---- parameters ---- */

/* "layer.{l}.weight" with the value of l in it, a number or another text. */
const char *cc_interpolate(struct cc_context *c, const char *text, struct gr_span span) {
  struct rt_text out = {0};
  const char *result = NULL;
  for (const char *p = text; *p;) {
    const char *open = strchr(p, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!close) {
      rt_text_puts(&out, p);
      break;
    }
    rt_text_add(&out, p, (size_t)(open - p));
    char *inner = rt_arena_strndup(&c->model->arena, open + 1, (size_t)(close - open - 1));
    const struct cc_binding *b = inner ? cc_lookup(c->scope, inner) : NULL;
    double number;
    if (b && b->value.kind == CC_STRING)
      rt_text_puts(&out, b->value.text);
    else if (b && cc_to_number(c, &b->value, &number))
      rt_text_printf(&out, "%.0f", number);
    else {
      gr_fail(c->error, span, "{%s} is neither a number nor a text that is known here", inner ? inner : "");
      rt_text_free(&out);
      return NULL;
    }
    p = close + 1;
  }
  rt_text_add(&out, "", 0);
  if (!out.failed) result = rt_arena_strndup(&c->module->arena, out.data ? out.data : "", out.length);
  rt_text_free(&out);
  if (!result) cc_out_of_memory(c);
  return result;
}

static const struct {
  const char *name;
  enum vm_init_kind kind;
  int min, max;
  double a, b;
  const char *usage;
} initialisers[] = {{"normal", VM_INIT_NORMAL, 0, 1, 1, 0, "normal(standard deviation)"},
                    {"uniform", VM_INIT_UNIFORM, 0, 2, -1, 1, "uniform(from, to)"},
                    {"glorot", VM_INIT_GLOROT, 0, 1, 1, 0, "glorot(gain)"},
                    {"he", VM_INIT_HE, 0, 1, 1, 0, "he(gain)"},
                    {"orthogonal", VM_INIT_ORTHOGONAL, 0, 1, 1, 0, "orthogonal(gain)"},
                    {"eye", VM_INIT_EYE, 0, 1, 1, 0, "eye(scale)"}};

static int init_call(struct cc_context *c, const struct gr_node *name, const struct gr_node *call,
                     struct vm_init *init) {
  int count = call ? call->count - 2 : 0;
  if (!strcmp(name->text, "load")) {
    if (count != 2 || call->child[1]->child[0]->kind != GR_STRING
        || call->child[2]->child[0]->kind != GR_STRING)
      return gr_fail(c->error, call ? call->span : name->span,
                     "load needs a file and the name of a tensor in it: load(\"weights.safetensors\", "
                     "\"encoder.weight\")");
    init->kind = VM_INIT_LOAD;
    init->file = cc_interpolate(c, call->child[1]->child[0]->text, call->child[1]->span);
    init->tensor =
        init->file ? cc_interpolate(c, call->child[2]->child[0]->text, call->child[2]->span) : NULL;
    return init->tensor ? RT_OK : c->error->code;
  }
  for (size_t k = 0; k < RT_COUNT(initialisers); k++) {
    if (strcmp(initialisers[k].name, name->text)) continue;
    double value[2] = {initialisers[k].a, initialisers[k].b};
    if (count > initialisers[k].max)
      return gr_fail(c->error, call->span, "too many arguments for %s", initialisers[k].usage);
    for (int i = 0; i < count; i++) {
      int status = cc_number(c, call->child[1 + i]->child[0], &value[i]);
      if (status) return status;
    }
    if (initialisers[k].kind == VM_INIT_UNIFORM && count == 1) {
      value[1] = fabs(value[0]);
      value[0] = -value[1];
    }
    *init = (struct vm_init){.kind = initialisers[k].kind, .a = value[0], .b = value[1]};
    return RT_OK;
  }
  gr_fail(c->error, name->span, "`%s` is no way to fill a parameter", name->text);
  rt_hint(c->error, "a number, normal, uniform, glorot, he, orthogonal, eye or load(\"file\", \"tensor\")");
  return c->error->code;
}

static int initialiser(struct cc_context *c, const struct gr_node *node, const struct vm_type *type,
                       struct vm_init *init) {
  *init = (struct vm_init){.kind = type->rank >= 2 ? VM_INIT_GLOROT : VM_INIT_CONSTANT,
                           .a = type->rank >= 2 ? 1 : 0};
  if (!node) return RT_OK;
  if (node->kind == GR_TRANSPOSE) {
    int status = initialiser(c, node->child[0], type, init);
    if (!status && init->kind != VM_INIT_LOAD)
      return gr_fail(c->error, node->span, "only what is loaded can be transposed here");
    init->transposed = true;
    return status;
  }
  const struct gr_node *callee = node->kind == GR_CALL ? node->child[0] : node;
  double value;
  bool known = false;
  for (size_t k = 0; k < RT_COUNT(initialisers); k++)
    known |= callee->kind == GR_NAME && !strcmp(initialisers[k].name, callee->text);
  if (callee->kind == GR_NAME && (known || !strcmp(callee->text, "load") || node->kind == GR_CALL))
    return init_call(c, callee, node->kind == GR_CALL ? node : NULL, init);
  int status = cc_number(c, node, &value);
  *init = (struct vm_init){.kind = VM_INIT_CONSTANT, .a = value};
  return status;
}

/* Inside head[H] every parameter exists once per head: H becomes its second last axis (its only one, for a
 * single number), so that x @ W is one product for all heads. */
static int lift(struct cc_context *c, const struct gr_node *node, struct vm_type *type) {
  if (c->head_dim == VM_NO_DIM) return RT_OK;
  if (type->rank == RT_MAX_RANK) return gr_fail(c->error, node->span, "more than %d axes", RT_MAX_RANK);
  int at = type->rank == 0 ? 0 : type->rank - 1;
  for (int a = type->rank; a > at; a--) type->dim[a] = type->dim[a - 1];
  type->dim[at] = c->head_dim;
  type->rank++;
  return RT_OK;
}

static ir_id existing_parameter(struct cc_context *c, const char *path, const struct vm_type *type,
                                struct gr_span span) {
  for (uint32_t i = 0; i < c->module->param_count; i++) {
    if (strcmp(c->module->param[i].name, path)) continue;
    if (!c->frame->shared) {
      gr_fail(c->error, span, "the parameter `%s` is made twice", path);
      rt_hint(c->error, "bind one of them to another name; to share a parameter on purpose make an instance: "
                        "`f = instance linear`");
      return 0;
    }
    if (!vm_type_equal(&c->module->param[i].type, type)) {
      gr_fail(c->error, span, "the shared parameter `%s` is %s, but this call needs %s", path,
              cc_type_text(c, &c->module->param[i].type), cc_type_text(c, type));
      rt_hint(c->error, "all calls of an instance share its weights, so what they are given must have the "
                        "same axes; each column has a vocabulary of its own");
      return 0;
    }
    return c->param_node[i];
  }
  return 0;
}

/* The argument of the body at hand whose declared shape ends in the axis `name`, NULL when none does. */
static const struct cc_binding *argument_of_axis(struct cc_context *c, const char *name) {
  const struct cc_definition *d = c->frame->definition;
  const struct gr_node *params = d && d->node->kind != GR_MODEL ? d->node->child[0] : NULL;
  for (int p = 0; params && p < params->count; p++) {
    const struct gr_node *type = params->child[p]->count > 0 ? params->child[p]->child[0] : NULL,
                         *shape = type ? type->child[0] : NULL;
    const struct cc_binding *b = cc_lookup(c->scope, params->child[p]->text);
    if (!shape || shape->count == 0 || !b || b->value.kind != CC_TENSOR) continue;
    const struct gr_node *last = shape->child[shape->count - 1];
    if (last->kind == GR_NAME && !strcmp(last->text, name)) return b;
  }
  return NULL;
}

/* What to do about a ragged last axis: was the wrong axis averaged away? */
static void advise_ragged(struct cc_context *c, ir_id id, const char *axis) {
  const struct ir_node *node = &c->model->node[id],
                       *sum = node->op == OP_div ? &c->model->node[node->arg[0]] : node;
  const char *name = node->op == OP_div ? "mean" : node->op == OP_sum ? "sum" : "max";
  if ((sum->op == OP_sum || sum->op == OP_maximum) && cc_type(c, sum->arg[0])->rank > node->type.rank)
    rt_hint(c->error, "%s(…, %s) takes the axis %s away and leaves the others: was that meant?", name, axis,
            axis);
  else
    rt_hint(c->error, "mean(…, %s), pool and attention_pool make one vector of a sequence", axis);
}

static int ragged_parameter(struct cc_context *c, const struct gr_node *node) {
  const struct gr_node *shape = node->child[0];
  for (int a = 0; a < shape->count; a++) {
    const struct cc_binding *b =
        shape->child[a]->kind == GR_NAME ? argument_of_axis(c, shape->child[a]->text) : NULL;
    const struct vm_type *given = b ? cc_type(c, b->value.id) : NULL;
    vm_dim last = given && given->rank > 0 ? given->dim[given->rank - 1] : VM_NO_DIM;
    if (last == VM_NO_DIM || !vm_dim_is_ragged(&c->module->dims, last)) continue;
    gr_fail(c->error, shape->span,
            "`%s` has weights for the last axis of `%s`, which needs a fixed size, but this is %s, and %s "
            "differs between examples",
            c->frame->definition->name, b->name, cc_type_text(c, given), cc_dim_text(c, last));
    gr_note(c->error, ir_shown(c->model, b->value.id), "this is %s", cc_type_text(c, given));
    advise_ragged(c, b->value.id, cc_dim_text(c, last));
    return c->error->code;
  }
  gr_fail(c->error, shape->span, "a parameter cannot have an axis whose size differs between examples");
  rt_hint(c->error, "make it as long as the longest example: param[N, D] with `dim N = 512`, and take the "
                    "part in use: P[0..T]");
  return c->error->code;
}

int cc_parameter(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct vm_type type;
  struct vm_init init;
  struct cc_slot *slot = c->slot;
  c->slot = NULL; /* parameters belong to the model, also when a slot makes them */
  int status = cc_shape(c, node->child[0], &type);
  if (!status && type.batched) status = ragged_parameter(c, node);
  if (!status) status = initialiser(c, node->count > 1 ? node->child[1] : NULL, &type, &init);
  int visible_rank = type.rank;
  for (int a = 0; !status && c->head_dim != VM_NO_DIM && a < type.rank; a++)
    if (type.dim[a] == c->head_dim) {
      status = gr_fail(c->error, node->child[0]->span,
                       "inside head[%s] a parameter exists once for each head already",
                       cc_dim_text(c, c->head_dim));
      rt_hint(c->error,
              "leave the axis %s out: param[] is a number for each head, param[N] a row of N; a slot may "
              "still write B[h, …]",
              cc_dim_text(c, c->head_dim));
    }
  if (!status) status = lift(c, node, &type);
  c->slot = slot;
  if (status) return status;
  const char *component = cc_component(c, "param", node);
  const char *path =
      component ? rt_arena_printf(&c->module->arena, "%s.%s", c->frame->path, component) : NULL;
  if (!path) return cc_out_of_memory(c);
  *value = (struct cc_value){.kind = CC_TENSOR, .outer = c->slot != NULL};
  c->param_uses++;
  value->id = existing_parameter(c, path, &type, node->span);
  if (value->id) return RT_OK;
  if (c->error->code) return c->error->code;
  struct vm_module *m = c->module;
  size_t wanted = m->param_count + 1;
  if (rt_grow((void **)&m->param, &c->param_capacity, wanted, sizeof *m->param)
      || rt_grow((void **)&c->param_node, &c->param_node_capacity, wanted, sizeof *c->param_node))
    return cc_out_of_memory(c);
  m->param[m->param_count] =
      (struct vm_param){.name = path, .type = type, .init = init, .decay = visible_rank >= 2};
  int64_t attr[RT_MAX_ATTR] = {m->param_count};
  value->id = ir_add(c->model, OP_param, 0, NULL, attr, 0, &type, node->span, c->error);
  if (!value->id) return c->error->code;
  c->model->node[value->id].name = path;
  c->param_node[m->param_count++] = value->id;
  return RT_OK;
}

/* ---- signatures ---- */

static int mismatch(struct cc_context *c, const struct gr_node *pattern, const struct vm_type *type,
                    const char *what, const struct gr_node *declared, struct gr_span span) {
  const struct gr_source *source = pattern->span.source;
  int length = (int)(pattern->span.end - pattern->span.begin);
  gr_fail(c->error, span, "%s should be %.*s, but this is %s", what, length,
          source->text + pattern->span.begin, cc_type_text(c, type));
  if (declared) gr_note(c->error, declared->span, "declared here");
  return c->error->code;
}

static int bind_dim(struct cc_context *c, struct cc_scope *scope, const struct gr_node *e, vm_dim dim,
                    bool *fits) {
  struct cc_scope *was = c->scope;
  vm_dim wanted = VM_NO_DIM;
  int status = RT_OK;
  c->scope = scope;
  const struct cc_binding *bound = e->kind == GR_NAME ? cc_lookup(scope, e->text) : NULL;
  const struct cc_definition *d = e->kind == GR_NAME && !bound ? cc_find(c->program, c->unit, e->text) : NULL;
  if (e->kind == GR_NAME && !bound && !(d && d->node->kind == GR_DIM))
    status = cc_bind(c, scope, e->text, (struct cc_value){.kind = CC_DIM, .dim = dim}, e->span, NULL);
  else if (!(status = cc_dim(c, e, &wanted)))
    *fits = wanted == dim;
  c->scope = was;
  return status;
}

/* Matches a type against a pattern such as [*B, T, 4*D] of V, binding the names that are new. */
int cc_match_type(struct cc_context *c, const struct gr_node *pattern, const struct vm_type *type,
                  struct cc_scope *scope, const char *what, const struct gr_node *declared,
                  struct gr_span span) {
  const struct gr_node *shape = pattern->child[0], *of = pattern->count > 1 ? pattern->child[1] : NULL;
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis);
  bool star = shape->count > 0 && shape->child[0]->kind == GR_STAR, fits = true;
  int named = shape->count - star, leading = visible - named, status = RT_OK;
  if (!star && leading < 0 && named == type->rank) { /* the pattern names the axis H of a head[H] itself */
    for (visible = 0; visible < type->rank; visible++) axis[visible] = visible;
    leading = 0;
  }
  if ((of != NULL) != (type->dtype == RT_INT)) {
    mismatch(c, pattern, type, what, declared, span);
    rt_hint(c->error,
            of ? "whole numbers are needed (`of` gives their range)"
               : "whole numbers (%s) index a table: embed(…) makes vectors of them",
            cc_type_text(c, type));
    return c->error->code;
  }
  if (leading < 0 || (!star && leading > 0)) return mismatch(c, pattern, type, what, declared, span);
  if (star) {
    struct cc_value list = {.kind = CC_LIST, .item_count = leading};
    list.item = rt_arena_alloc(&c->model->arena, sizeof(struct cc_value) * (size_t)(leading + 1));
    if (!list.item) return cc_out_of_memory(c);
    for (int i = 0; i < leading; i++)
      list.item[i] = (struct cc_value){.kind = CC_DIM, .dim = type->dim[axis[i]]};
    const struct cc_binding *before = cc_lookup(scope, shape->child[0]->text);
    if (before && before->value.kind == CC_LIST) {
      fits = before->value.item_count == leading;
      for (int i = 0; fits && i < leading; i++) fits = before->value.item[i].dim == list.item[i].dim;
    } else if ((status = cc_bind(c, scope, shape->child[0]->text, list, shape->child[0]->span, NULL)))
      return status;
  }
  for (int i = 0; i < named && fits && !status; i++)
    status = bind_dim(c, scope, shape->child[star + i], type->dim[axis[leading + i]], &fits);
  if (of && fits && !status) status = bind_dim(c, scope, of, type->of, &fits);
  if (status) return status;
  return fits ? RT_OK : mismatch(c, pattern, type, what, declared, span);
}

/* ---- calls ---- */

static int collect(struct cc_context *c, const struct gr_node *call, struct cc_call_args *args) {
  static const struct cc_value none = {0};
  args->node = call;
  size_t n = (size_t)call->count + 1;
  struct rt_arena *a = &c->model->arena;
  args->value = rt_arena_alloc(a, n * sizeof *args->value);
  args->span = rt_arena_alloc(a, n * sizeof *args->span);
  args->name = rt_arena_alloc(a, n * sizeof *args->name);
  args->named = rt_arena_alloc(a, n * sizeof *args->named);
  args->named_span = rt_arena_alloc(a, n * sizeof *args->named_span);
  if (!args->value || !args->span || !args->name || !args->named || !args->named_span)
    return cc_out_of_memory(c);
  for (int i = 1; i < call->count; i++) {
    const struct gr_node *arg = call->child[i];
    if (!arg || arg->kind != GR_ARG) continue;
    struct cc_value value = none;
    int status = cc_expression(c, arg->child[0], &value);
    if (status) return status;
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
  if (d->unit->is_stdlib && !strncmp(d->name, "cross_", 6) && param == d->node->child[0]->child[0]
      && cc_type(c, value->id)->rank == 1)
    rt_hint(c->error, "a single query vector looks at a sequence by pool(q, x)");
}

static int bind_argument(struct cc_context *c, const struct cc_definition *d, const struct gr_node *param,
                         const struct cc_value *value, struct gr_span span, struct cc_scope *scope) {
  const struct gr_node *type = param->count > 0 ? param->child[0] : NULL;
  if (type) {
    struct cc_value tensor = *value;
    if (value->kind == CC_NUMBER || value->kind == CC_DIM) {
      int status = cc_to_tensor(c, value, span, &tensor.id);
      if (status) return status;
      tensor.kind = CC_TENSOR;
      tensor.outer = false;
    }
    if (tensor.kind != CC_TENSOR) {
      gr_fail(c->error, span, "argument `%s` of `%s` is a tensor, and this is %s", param->text, d->name,
              cc_describe(c, value));
      gr_note(c->error, param->span, "declared here");
      return c->error->code;
    }
    static const struct vm_type scalar = {.dtype = RT_REAL, .of = VM_NO_DIM};
    const struct vm_type *actual = c->slot && !tensor.outer ? &scalar : cc_type(c, tensor.id);
    const char *what = rt_arena_printf(&c->model->arena, "`%s` of `%s`", param->text, d->name);
    int status = what ? cc_match_type(c, type, actual, scope, what, param, span) : cc_out_of_memory(c);
    if (status) advise_argument(c, d, param, &tensor);
    return status ? status : cc_bind(c, scope, param->text, tensor, param->name_span, NULL);
  }
  return cc_bind(c, scope, param->text, *value, param->name_span, NULL);
}

static int bind_default(struct cc_context *c, const struct cc_definition *d, const struct gr_node *param,
                        struct gr_span call, struct cc_scope *scope) {
  const struct gr_node *node = param->count > 1 ? param->child[1] : NULL;
  if (!node) {
    gr_fail(c->error, call, "`%s` needs the argument `%s`", d->name, param->text);
    gr_note(c->error, param->span, "declared here");
    return c->error->code;
  }
  struct cc_scope *was = c->scope;
  struct cc_value value;
  c->scope = scope;
  int status = cc_expression(c, node, &value);
  c->scope = was;
  return status ? status : bind_argument(c, d, param, &value, node->span, scope);
}

/* Binds the callee's arguments in scope; the callee's file is already the one whose names are in sight. */
static int bind_arguments(struct cc_context *c, const struct cc_definition *d,
                          const struct cc_call_args *args, struct cc_scope *scope) {
  const struct gr_node *params = d->node->child[0];
  int at = 0, status = RT_OK;
  for (int k = 0; k < args->named_count; k++) {
    bool known = false;
    for (int p = 0; p < params->count; p++) known |= !strcmp(params->child[p]->text, args->name[k]);
    if (known) continue;
    gr_fail(c->error, args->named_span[k], "`%s` has no argument called `%s`", d->name, args->name[k]);
    struct cc_nearest nearest = {args->name[k], NULL, 0};
    for (int p = 0; p < params->count; p++) cc_nearest_consider(&nearest, params->child[p]->text);
    if (nearest.best) rt_hint(c->error, "did you mean `%s`?", nearest.best);
    return c->error->code;
  }
  for (int p = 0; p < params->count && !status; p++) {
    const struct gr_node *param = params->child[p];
    int named = -1;
    for (int k = 0; k < args->named_count; k++)
      if (!strcmp(args->name[k], param->text)) named = k;
    if (param->number == 1) {
      status = bind_variadic(c, param, args, at, scope);
      at = args->count;
    } else if (named >= 0) {
      status = bind_argument(c, d, param, &args->named[named], args->named_span[named], scope);
    } else if (at < args->count) {
      status = bind_argument(c, d, param, &args->value[at], args->span[at], scope);
      at++;
    } else {
      status = bind_default(c, d, param, args->node->span, scope);
    }
  }
  if (!status && at < args->count) {
    gr_fail(c->error, args->span[at], "`%s` takes %d argument%s, and this is one more", d->name,
            params->count, params->count == 1 ? "" : "s");
    gr_note(c->error, d->node->name_span, "declared here");
    status = c->error->code;
  }
  return status;
}

static int check_result(struct cc_context *c, const struct cc_definition *d, const struct cc_value *result,
                        int count, struct cc_scope *scope) {
  const struct gr_node *type = d->node->child[1];
  if (!type || type->kind != GR_TYPE || c->slot) return RT_OK;
  if (count != 1 || (result->kind != CC_TENSOR && result->kind != CC_NUMBER)) return RT_OK;
  if (result->kind == CC_NUMBER) return RT_OK;
  const char *what = rt_arena_printf(&c->model->arena, "the result of `%s`", d->name);
  int status = what ? cc_match_type(c, type, cc_type(c, result->id), scope, what, NULL, type->span)
                    : cc_out_of_memory(c);
  if (status && d->node->kind != GR_HEAD)
    gr_note(c->error, ir_shown(c->model, result->id), "this is %s", cc_type_text(c, cc_type(c, result->id)));
  return status;
}

/* The axis H of a head[H] at this call, so that an argument [T, H, K] is to the head what each of its H heads
 * sees: [T, K]. VM_NO_DIM when the head has none. */
static int head_axis(struct cc_context *c, const struct cc_definition *d, const struct cc_call_args *args,
                     vm_dim *dim) {
  const struct gr_node *name = d->node->kind == GR_HEAD && d->node->count > 3 ? d->node->child[3] : NULL,
                       *params = d->node->child[0];
  const struct cc_definition *outer = name ? cc_find(c->program, c->unit, name->text) : NULL;
  *dim = VM_NO_DIM;
  for (int p = 0; name && p < params->count; p++) {
    if (strcmp(params->child[p]->text, name->text)) continue;
    for (int k = 0; k < args->named_count; k++)
      if (!strcmp(args->name[k], name->text)) return cc_to_dim(c, &args->named[k], args->named_span[k], dim);
    return p < args->count ? cc_to_dim(c, &args->value[p], args->span[p], dim) : RT_OK;
  }
  return outer && outer->node->kind == GR_DIM ? cc_dim_of(c, outer, dim) : RT_OK;
}

static int call_body(struct cc_context *c, const struct cc_definition *d, const struct cc_call_args *args,
                     struct cc_scope *scope, struct cc_scope *caller, const struct cc_unit *caller_unit,
                     struct cc_value *result, int *count, int max) {
  vm_dim was = c->head_dim, own;
  int status = head_axis(c, d, args, &own);
  if (status) return status;
  if (own != VM_NO_DIM) c->head_dim = own;
  status = bind_arguments(c, d, args, scope);
  c->head_dim = was;
  if (status) return status;
  c->scope = scope;
  const struct gr_node *with = args->node && args->node->kind == GR_CALL
                                       && args->node->child[args->node->count - 1]
                                       && args->node->child[args->node->count - 1]->kind == GR_WITH
                                   ? args->node->child[args->node->count - 1]
                                   : NULL;
  if (d->node->kind == GR_HEAD) {
    if (c->slot) return gr_fail(c->error, args->node->span, "a head cannot be called in a slot of another");
    *count = 1;
    return cc_head_body(c, d, with, caller, caller_unit, result);
  }
  if (with)
    return gr_fail(c->error, with->span, "`with` fills the slots of a head, and `%s` is a function", d->name);
  if (d->node->kind == GR_EXTERN)
    return gr_fail(c->error, args->node->span, "native functions (extern) are not supported yet");
  *count = -1;
  status = cc_block(c, d->node->child[2], result, count, max);
  if (status) return status;
  if (*count < 0) return gr_fail(c->error, d->node->name_span, "`%s` ends without a return", d->name);
  return check_result(c, d, result, *count, scope);
}

/* An error within a call: what the standard library says of itself is a note to the line that called it.
 * Files of the user's own, and instances, which meet what an earlier call made, are told by a note. */
static void trace(struct cc_context *c, const struct cc_value *callee, struct gr_span call,
                  const struct cc_unit *caller) {
  const struct cc_definition *d = callee->function;
  bool same_file = call.source == d->node->span.source;
  if (caller->is_stdlib || (same_file && !callee->instance)) return;
  if (d->unit->is_stdlib)
    gr_raise(c->error, call);
  else
    gr_note(c->error, call, "in this call of `%s`", d->name);
}

static int call_definition(struct cc_context *c, const struct cc_value *callee,
                           const struct cc_call_args *args, struct cc_value *result, int *count, int max) {
  const struct cc_definition *d = callee->function;
  struct cc_scope scope = {0}, *was_scope = c->scope;
  const struct cc_unit *was_unit = c->unit;
  uint64_t uses_before = c->param_uses;
  ir_id made_before = c->model->count;
  const char *component = callee->instance ? NULL : cc_component(c, d->name, args->node);
  if (!callee->instance && !component) return c->error->code;
  struct cc_frame frame = {
      .parent = c->frame, .definition = d, .shared = callee->instance || c->frame->shared};
  frame.path = callee->instance ? callee->instance
                                : rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, component);
  if (!frame.path) return cc_out_of_memory(c);
  if (++c->depth > MAX_DEPTH)
    return gr_fail(c->error, args->node->span, "calls are nested more than %d deep", MAX_DEPTH);
  c->unit = d->unit;
  c->frame = &frame;
  int status = call_body(c, d, args, &scope, was_scope, was_unit, result, count, max);
  if (status)
    trace(c, callee, args->node->span, was_unit);
  else if (*count == 1 && result->kind == CC_TENSOR && !c->slot && result->id >= made_before)
    c->model->node[result->id].called = args->node->span;
  c->depth--;
  c->frame = frame.parent;
  c->unit = was_unit;
  c->scope = was_scope;
  cc_scope_free(&scope);
  rt_free(frame.used);
  if (component && c->param_uses == uses_before) cc_component_unused(c, component);
  return status;
}

static int dispatch(struct cc_context *c, const struct cc_value *callee, const struct cc_call_args *args,
                    struct cc_value *result, int *count, int max) {
  *result = (struct cc_value){.kind = CC_NONE};
  if (callee->kind == CC_BUILTIN) {
    *count = 1;
    return c->slot ? cc_slot_call(c, callee->builtin, args, result)
                   : callee->builtin->run(c, callee->builtin, args, result);
  }
  if (callee->kind == CC_FUNCTION) return call_definition(c, callee, args, result, count, max);
  return gr_fail(c->error, args->node->child[0]->span,
                 "only functions and heads can be called, and this is %s", cc_describe(c, callee));
}

int cc_call(struct cc_context *c, const struct gr_node *call, struct cc_value *result, int *result_count,
            int max_results) {
  struct cc_value callee;
  struct cc_call_args args = {0};
  int status = cc_expression(c, call->child[0], &callee);
  if (!status) status = collect(c, call, &args);
  return status ? status : dispatch(c, &callee, &args, result, result_count, max_results);
}

int cc_apply_args(struct cc_context *c, const struct cc_value *callee, const struct cc_call_args *args,
                  struct cc_value *result, int *count, int max) {
  return dispatch(c, callee, args, result, count, max);
}

int cc_apply(struct cc_context *c, const struct cc_value *callee, const struct gr_node *call, int count,
             const struct cc_value *arg, const struct gr_span *span, struct cc_value *result) {
  struct cc_value copy[8];
  struct gr_span spans[8];
  int results = -1;
  if (count > 8) return gr_fail(c->error, call->span, "too many arguments");
  for (int i = 0; i < count; i++) {
    copy[i] = arg[i];
    spans[i] = span[i];
  }
  struct cc_call_args args = {.node = call, .count = count, .value = copy, .span = spans};
  return dispatch(c, callee, &args, result, &results, 1);
}
