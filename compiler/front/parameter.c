/* parameter.c: param[...] = init: the path that names a parameter, its initialiser, and its axis in head[H].
 */
#include "compiler/front/arguments.h"
#include "compiler/source/configured.h"

#include <math.h>
#include <string.h>

/* ---- paths ---- */

/* How often the frame has used a component, NULL: there is no memory. */
static uint64_t *component_use(struct cc_context *c, const char *component) {
  struct rt_map *used = &c->frame->used;
  uint64_t *times = rt_map_find(used, component);
  if (!times && rt_map_put(used, component, 0) == RT_OK) times = rt_map_find(used, component);
  return times;
}

/* Has a call of another frame a parameter there? So it is in z = block(linear(x, D)) when the call of linear
 * within block comes to be named: the argument's has m.z.linear already. What earlier calls of an instance
 * made is there to be shared. */
static bool is_taken(const struct cc_context *c, const char *path) {
  const uint64_t *round = rt_map_find(&c->taken_path, path);
  return round && (!c->frame->round || *round == c->frame->round);
}

/* A parameter was made, or met again: neither its path nor that of its call is for others of this round. */
static int take(struct cc_context *c, const char *path) {
  int status = rt_map_put(&c->taken_path, c->frame->path, c->frame->outer_round);
  return status == RT_OK ? rt_map_put(&c->taken_path, path, c->frame->round) : status;
}

/* `component`, or with _2, _3, … behind it when that is taken, or the frame has used it before. */
static const char *free_component(struct cc_context *c, const char *component, uint64_t *times) {
  struct rt_arena *a = &c->model->arena;
  for (;;) {
    const char *name = ++*times == 1 ? component : rt_arena_printf(a, "%s_%d", component, (int)*times);
    const char *path = name ? rt_arena_printf(a, "%s.%s", c->frame->path, name) : NULL;
    if (!path || !is_taken(c, path)) return path ? name : NULL;
  }
}

/* The part of a path that a call contributes: the name its result is bound to; the callee's where there is
 * none (return, or x = f(x) again); both for a call inside a longer right side. In loops the round follows.
 */
const char *cc_component(struct cc_context *c, const char *callee, const struct gr_node *node) {
  struct cc_frame *f = c->frame;
  struct rt_arena *a = &c->model->arena;
  const char *base = callee;
  if (f->let_name)
    base = f->let_root == node ? f->let_name : rt_arena_printf(a, "%s.%s", f->let_name, callee);
  if (base && f->loop_suffix) base = rt_arena_printf(a, "%s%s", base, f->loop_suffix);
  uint64_t *times = base ? component_use(c, base) : NULL;
  const char *component = times ? free_component(c, base, times) : NULL;
  if (!component) cc_out_of_memory(c);
  return component;
}

/* The call made no parameter: its name is free for another. */
void cc_component_unused(struct cc_context *c, const char *component) {
  uint64_t *times = component_use(c, component);
  if (times && *times > 0) --*times;
}

/* ---- parameters ---- */

static const struct cc_parameter normal[] = {
    {"std", CC_TAKES_NUMBER, CC_FROM(0), .optional = true, .fallback = 1}};
static const struct cc_parameter uniform[] = {{"from", CC_TAKES_NUMBER, .optional = true, .fallback = -1},
                                              {"to", CC_TAKES_NUMBER, .optional = true, .fallback = 1}};
static const struct cc_parameter gain[] = {
    {"gain", CC_TAKES_NUMBER, CC_FROM(0), .optional = true, .fallback = 1}};
static const struct cc_parameter eye[] = {{"scale", CC_TAKES_NUMBER, .optional = true, .fallback = 1}};
static const struct cc_parameter load[] = {{"file", .takes = CC_TAKES_TEXT},
                                           {"tensor", .takes = CC_TAKES_TEXT, .optional = true}};

static const struct initialiser {
  const char *name;
  enum vm_init_kind kind;
  const struct cc_parameter *takes;
  int count;
} initialisers[] = {{"normal", VM_INIT_NORMAL, normal, 1},
                    {"uniform", VM_INIT_UNIFORM, uniform, 2},
                    {"glorot", VM_INIT_GLOROT, gain, 1},
                    {"he", VM_INIT_HE, gain, 1},
                    {"orthogonal", VM_INIT_ORTHOGONAL, gain, 1},
                    {"eye", VM_INIT_EYE, eye, 1},
                    {"load", VM_INIT_LOAD, load, 2}};

static const struct initialiser *find_initialiser(const struct gr_node *name) {
  for (size_t k = 0; name->kind == GR_NAME && k < RT_COUNT(initialisers); k++)
    if (!strcmp(initialisers[k].name, name->text)) return &initialisers[k];
  return NULL;
}

bool cc_initialiser_callee(const char *name, struct cc_callee *callee) {
  for (size_t k = 0; k < RT_COUNT(initialisers); k++)
    if (!strcmp(initialisers[k].name, name)) {
      *callee =
          (struct cc_callee){name, "argument", initialisers[k].takes, initialisers[k].count, NULL, false};
      return true;
    }
  return false;
}

/* uniform(A) is -A to A; else both ends are given, or none. */
static int uniform_ends(struct cc_context *c, const struct gr_node *node, struct cc_setting *end) {
  if (!end[0].arg != !end[1].arg) {
    if (node->child[1]->text)
      return gr_fail(c->error, node->span, "uniform needs both ends: uniform(from = -1, to = 1)");
    if (end[0].number < 0)
      return gr_fail(c->error, end[0].span, "uniform(A) is from -A to A, so that A is 0 or more");
    end[1].number = end[0].number;
    end[0].number = -end[1].number;
  }
  if (end[0].number <= end[1].number) return RT_OK;
  return gr_fail(c->error, node->span, "uniform goes from %g to %g: the first is the smaller one",
                 end[0].number, end[1].number);
}

/* The identity and a random orthogonal matrix are matrices. Inside head[H] each head has one of its own. */
static int needs_matrix(struct cc_context *c, const struct initialiser *self, const struct gr_node *node,
                        const struct vm_type *type) {
  if (self->kind != VM_INIT_EYE && self->kind != VM_INIT_ORTHOGONAL) return RT_OK;
  if (type->rank == 2) return RT_OK;
  gr_fail(c->error, node->span, "%s fills a matrix, two axes, and this parameter is %s", self->name,
          cc_type_text(c, type));
  if (type->rank < 2) rt_hint(c->error, "for a vector or number, write the number it starts as, or normal");
  return c->error->code;
}

static bool ends_in(const char *text, const char *end) {
  size_t length = strlen(text), n = strlen(end);
  return length >= n && !strcmp(text + length - n, end);
}

/* load("glove.txt"): a line for each word, the word and its numbers. They are rows of a table of words. */
static int lines_of_words(struct cc_context *c, const struct gr_node *node, const struct vm_type *type,
                          const char *file) {
  if (!file) return cc_out_of_memory(c);
  if (ends_in(file, ".safetensors") || ends_in(file, ".json") || ends_in(file, ".aqm"))
    return gr_fail(c->error, node->span, "which tensor of it? load(\"%s\", \"NAME\")", file);
  if (type->rank == 2) return RT_OK;
  gr_fail(c->error, node->span,
          "a file of words has a line of numbers for each: it fills a table [V, D], and "
          "this parameter is %s",
          cc_type_text(c, type));
  return c->error->code;
}

static int init_call(struct cc_context *c, const struct initialiser *self, const struct gr_node *node,
                     const struct vm_type *type, struct vm_init *init) {
  const struct cc_callee callee = {self->name, "argument", self->takes, self->count, .declared = NULL};
  struct cc_setting setting[2];
  int status = cc_match_way(c, &callee, node, setting);
  if (status == RT_OK && self->kind == VM_INIT_UNIFORM) status = uniform_ends(c, node, setting);
  if (status == RT_OK) status = needs_matrix(c, self, node, type);
  if (status != RT_OK) return status;
  *init = (struct vm_init){.kind = self->kind};
  if (self->kind == VM_INIT_LOAD) {
    init->file = cc_found_file(c->program, &c->module->arena, setting[0].said_in, setting[0].text);
    init->tensor = setting[1].arg ? setting[1].text : "";
    if (!setting[1].arg) return lines_of_words(c, node, type, init->file);
    return init->file ? RT_OK : cc_out_of_memory(c);
  }
  init->a = setting[0].number;
  init->b = self->count > 1 ? setting[1].number : 0;
  return RT_OK;
}

static int no_initialiser(struct cc_context *c, const struct gr_node *name) {
  struct rt_nearest nearest = {name->text, NULL, 0};
  for (size_t k = 0; k < RT_COUNT(initialisers); k++) rt_nearest_consider(&nearest, initialisers[k].name);
  gr_fail(c->error, name->span, "`%s` is no way to fill a parameter", name->text);
  if (nearest.best) rt_hint(c->error, "did you mean `%s`?", nearest.best);
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
    if (status == RT_OK && init->kind != VM_INIT_LOAD)
      return gr_fail(c->error, node->span, "only what is loaded can be transposed here");
    if (status == RT_OK && !init->tensor[0])
      return gr_fail(c->error, node->span, "a file of words is not transposed: it fills a table [V, D]");
    init->transposed = true;
    return status;
  }
  const struct gr_node *callee = node->kind == GR_CALL ? node->child[0] : node;
  const struct initialiser *known = find_initialiser(callee);
  if (known) return init_call(c, known, node, type, init);
  if (node->kind == GR_CALL && callee->kind == GR_NAME) return no_initialiser(c, callee);
  double value;
  int status = cc_number(c, node, &value);
  if (status != RT_OK)
    rt_hint(c->error, "a parameter starts as a number, normal, uniform, glorot, he, orthogonal, eye or "
                      "load(\"file\", \"tensor\"); what is computed needs no param: W = x");
  if (status == RT_OK && !isfinite(value))
    return gr_fail(c->error, node->span, "a parameter starts as a number that is finite, and this is %g",
                   value);
  if (status == RT_OK) status = cc_check_float(c, value, node->span);
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
  const uint64_t *index = rt_map_find(&c->param_of, path);
  if (!index) return 0;
  const struct vm_param *param = &c->module->param[*index];
  if (vm_type_equal(&param->type, type)) return c->param_node[*index];
  gr_fail(c->error, span, "the shared parameter `%s` is %s, but this call needs %s", path,
          cc_type_text(c, &param->type), cc_type_text(c, type));
  rt_hint(c->error, "all calls of an instance share its weights, so what they are given must have the "
                    "same axes; each column has a vocabulary of its own");
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

/* The shape of a parameter has the axis of heads, which it gets by itself. Plain numbers are one dim when
 * they are equal, so that in two heads of width 2 this may be another axis than was meant. */
static int by_head_already(struct cc_context *c, struct gr_span span) {
  const char *heads = cc_dim_text(c, c->head_dim);
  int64_t number;
  if (vm_dim_is_number(&c->module->dims, c->head_dim, &number)) {
    gr_fail(c->error, span, "inside head[%s] an axis of size %s is taken for that of the heads", heads,
            heads);
    rt_hint(c->error, "sizes with a name are told apart: `dim H = %s`, and H in place of %s", heads, heads);
    return c->error->code;
  }
  gr_fail(c->error, span, "inside head[%s] a parameter exists once for each head already", heads);
  rt_hint(c->error,
          "leave the axis %s out: param[] is a number for each head, param[N] a row of N; a slot may "
          "still write B[h, …]",
          heads);
  return c->error->code;
}

int cc_parameter(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct vm_type type;
  struct vm_init init;
  struct cc_slot *slot = c->slot;
  c->slot = NULL; /* parameters belong to the model, also when a slot makes them */
  int status = cc_shape(c, node->child[0], &type);
  if (status == RT_OK && type.batched) status = ragged_parameter(c, node);
  if (status == RT_OK) status = initialiser(c, node->count > 1 ? node->child[1] : NULL, &type, &init);
  int visible_rank = type.rank;
  for (int a = 0; status == RT_OK && c->head_dim != VM_NO_DIM && a < type.rank; a++)
    if (type.dim[a] == c->head_dim) status = by_head_already(c, node->child[0]->span);
  init.by_head = c->head_dim != VM_NO_DIM;
  if (status == RT_OK) status = lift(c, node, &type);
  c->slot = slot;
  if (status != RT_OK) return status;
  const char *component = cc_component(c, "param", node);
  const char *path =
      component ? rt_arena_printf(&c->module->arena, "%s.%s", c->frame->path, component) : NULL;
  if (!path) return cc_out_of_memory(c);
  *value = (struct cc_value){.kind = CC_TENSOR, .outer = c->slot != NULL};
  c->param_uses++;
  if (take(c, path) != RT_OK) return cc_out_of_memory(c);
  value->id = existing_parameter(c, path, &type, node->span);
  if (value->id) return RT_OK;
  if (c->error->code) return c->error->code;
  struct vm_module *m = c->module;
  size_t wanted = m->param_count + 1;
  if (rt_map_put(&c->param_of, path, m->param_count)
      || rt_grow((void **)&m->param, &c->param_capacity, wanted, sizeof *m->param)
      || rt_grow((void **)&c->param_node, &c->param_node_capacity, wanted, sizeof *c->param_node))
    return cc_out_of_memory(c);
  m->param[m->param_count] =
      (struct vm_param){.name = path, .type = type, .init = init, .decay = visible_rank >= 2};
  bool of_library = c->unit->is_stdlib && c->library_call.source;
  if (cc_keep_place(c, of_library ? c->library_call : node->span, false, &m->param[m->param_count].where))
    return c->error->code;
  value->id =
      ir_add(cc_in_model(c, node->span), (struct ir_op){OP_param, .attr = {m->param_count}, .type = &type});
  if (!value->id) return c->error->code;
  c->model->node[value->id].name = path;
  c->param_node[m->param_count++] = value->id;
  return RT_OK;
}
