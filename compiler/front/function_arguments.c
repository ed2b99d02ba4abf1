/* function_arguments.c: the arguments of a function that is compiled by itself, as inputs of its module. */
#include <string.h>

#include "compiler/front/elaborate.h"

/* The size that -D gives a dim of the arguments; *size is -1 when it gives none. */
static int given_size(struct cc_context *c, const char *name, int64_t *size) {
  const struct gr_node *given = cc_defined(c->program, name);
  struct cc_scope *scope = c->scope;
  vm_dim dim;
  *size = -1;
  if (!given) return RT_OK;
  c->scope = NULL;
  int status = cc_dim(c, given, &dim);
  c->scope = scope;
  return status != RT_OK ? status : vm_dim_value(&c->module->dims, dim, NULL, size, c->error);
}

static bool is_named(const char *const *names, size_t count, const char *name) {
  for (size_t k = 0; k < count; k++)
    if (names[k] && !strcmp(names[k], name)) return true;
  return false;
}

/* A dim that the arguments bind. */
static enum vm_symbol_kind kind_of(const struct cc_context *c, const char *name) {
  const struct cc_alone *alone = c->alone;
  return alone && alone->batch && is_named(alone->ragged, alone->ragged_count, name) ? VM_RAGGED : VM_BOUND;
}

/* A dim that the arguments bind, or that -D gave. */
static int free_dim(struct cc_context *c, const char *name, struct gr_span span, vm_dim *dim) {
  int64_t size;
  int status = given_size(c, name, &size);
  if (status != RT_OK) return status;
  *dim = vm_dim_symbol(&c->module->dims, name, size >= 0 ? VM_CONST : kind_of(c, name), size);
  if (*dim == VM_NO_DIM) return cc_out_of_memory(c);
  return cc_bind(c, c->scope, name, (struct cc_value){.kind = CC_DIM, .dim = *dim}, span, NULL);
}

static int pattern_dim(struct cc_context *c, const struct gr_node *e, vm_dim *dim) {
  bool is_new = e->kind == GR_NAME && !cc_lookup(c->scope, e->text)
                && !cc_is_value(cc_find(c->program, c->unit, e->text));
  return is_new ? free_dim(c, e->text, e->span, dim) : cc_dim(c, e, dim);
}

/* The type of an argument, its free names made into dims. *B stands for one axis here. */
static int argument_type(struct cc_context *c, const struct gr_node *pattern, struct vm_type *type) {
  const struct gr_node *shape = pattern->child[0];
  *type = (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM};
  for (int i = 0; i < shape->count; i++) {
    const struct gr_node *e = shape->child[i];
    int status = RT_OK;
    if (type->rank == RT_MAX_RANK) return gr_fail(c->error, e->span, "more than %d axes", RT_MAX_RANK);
    if (e->kind == GR_STAR) {
      const struct cc_binding *before = cc_lookup(c->scope, e->text);
      struct cc_value list = {.kind = CC_LIST,
                              .item_count = 1,
                              .item = rt_arena_alloc(&c->model->arena, sizeof(struct cc_value))};
      if (!list.item) return cc_out_of_memory(c);
      if (before)
        list = before->value;
      else {
        list.item->kind = CC_DIM;
        list.item->dim = vm_dim_symbol(&c->module->dims, e->text, kind_of(c, e->text), -1);
        if (list.item->dim == VM_NO_DIM) return cc_out_of_memory(c);
        if ((status = cc_bind(c, c->scope, e->text, list, e->span, NULL))) return status;
      }
      type->dim[type->rank++] = list.item->dim;
      continue;
    }
    if ((status = pattern_dim(c, e, &type->dim[type->rank]))) return status;
    type->rank++;
  }
  if (pattern->count < 2 || !pattern->child[1]) return RT_OK;
  type->dtype = RT_INT;
  return pattern_dim(c, pattern->child[1], &type->of);
}

/* Is the argument one for each example, or the same for all? */
static int place_in_batch(struct cc_context *c, const struct gr_node *param, struct vm_type *type) {
  const struct cc_alone *alone = c->alone;
  if (!alone || !alone->batch) return RT_OK;
  type->batched = !is_named(alone->shared, alone->shared_count, param->text);
  for (int a = 0; a < type->rank && !type->batched; a++)
    if (vm_dim_is_ragged(&c->module->dims, type->dim[a]))
      return gr_fail(c->error, param->span,
                     "`%s` is to be the same for all examples, but its axis %d is ragged", param->text,
                     a + 1);
  return RT_OK;
}

/* An argument without a type: what its default is or, by its name, a dim. */
static int untyped_argument(struct cc_context *c, const struct gr_node *param, bool *runnable) {
  const struct gr_node *usual = param->count > 1 ? param->child[1] : NULL;
  struct cc_value bound;
  vm_dim dim;
  int status = RT_OK;
  if (usual) {
    status = cc_expression(c, usual, &bound);
    return status != RT_OK ? status : cc_bind(c, c->scope, param->text, bound, param->span, NULL);
  }
  *runnable = param->text[0] >= 'A' && param->text[0] <= 'Z';
  if (!*runnable || cc_lookup(c->scope, param->text)) return RT_OK;
  status = free_dim(c, param->text, param->span, &dim);
  if (status == RT_OK && !cc_defined(c->program, param->text)) cc_guess_dim(c, dim);
  return status;
}

int cc_function_arguments(struct cc_context *c, const struct gr_node *params, bool *runnable) {
  struct vm_module *m = c->module;
  *runnable = true;
  m->input = rt_arena_alloc(&m->arena, sizeof *m->input * ((size_t)params->count + 1));
  c->guess = rt_arena_alloc(&c->model->arena, sizeof *c->guess * ((size_t)params->count + 1));
  if (!m->input || !c->guess) return cc_out_of_memory(c);
  for (int p = 0; p < params->count; p++) {
    const struct gr_node *param = params->child[p], *type = param->count > 0 ? param->child[0] : NULL;
    struct cc_value bound = {.kind = CC_TENSOR};
    int status;
    if (!type) {
      if ((status = untyped_argument(c, param, runnable)) || !*runnable) return status;
      continue;
    }
    struct vm_input *input = &m->input[m->input_count];
    *input = (struct vm_input){.vocabulary = -1, .length = -1};
    input->name = rt_arena_strndup(&m->arena, param->text, strlen(param->text));
    if (!input->name) return cc_out_of_memory(c);
    if ((status = argument_type(c, type, &input->type))) return status;
    if ((status = place_in_batch(c, param, &input->type))) return status;
    bound.id = ir_add(cc_in_model(c, param->span),
                      (struct ir_op){OP_input, .attr = {m->input_count++}, .type = &input->type});
    if (!bound.id) return c->error->code;
    c->model->node[bound.id].name = input->name;
    if ((status = cc_bind(c, c->scope, param->text, bound, param->name_span, NULL))) return status;
  }
  return RT_OK;
}
