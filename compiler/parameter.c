/* parameter.c: param[...] = init: the path that names a parameter, its initialiser, and its axis in head[H]. */
#include "compiler/elaborate.h"

#include <math.h>
#include <string.h>

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
