/* shown_weights.c: the weights that a program calls `weights`, and what they weigh, for aqc attend. */
#include <string.h>

#include "compiler/front/elaborate.h"

/* The list among the arguments of the function at hand that has an item for each of `count` weights. */
static const struct cc_value *weighed_list(const struct cc_context *c, int64_t count) {
  const struct gr_node *params = c->frame->definition->node->child[0];
  for (int p = 0; c->frame->parent && p < params->count; p++) {
    const struct cc_binding *argument = cc_lookup(c->scope, params->child[p]->text);
    if (argument && argument->value.kind == CC_LIST && argument->value.item_count == count)
      return &argument->value;
  }
  return NULL;
}

/* What stands in the list as number k: `near`, seen from the caller whose own path is `judge`; or the number
 * as aqc attend counts, where it was never given a name. */
static const char *item_name(struct cc_context *c, const struct cc_value *item, int k) {
  const char *name = item->kind == CC_TENSOR ? c->model->node[item->id].name : NULL;
  const char *caller = c->frame->parent->path;
  size_t length = strlen(caller);
  if (!name) return rt_arena_printf(&c->model->arena, "%d", k + 1);
  return !strncmp(name, caller, length) && name[length] == '.' ? name + length + 1 : name;
}

static int name_items(struct cc_context *c, struct cc_weights *weights) {
  const struct vm_type *type = cc_type(c, weights->id);
  int64_t count;
  if (type->rank == 0 || !vm_dim_is_number(&c->module->dims, type->dim[type->rank - 1], &count)) return RT_OK;
  const struct cc_value *list = weighed_list(c, count);
  if (!list) return RT_OK;
  weights->weighed = rt_arena_alloc(&c->model->arena, ((size_t)count + 1) * sizeof *weights->weighed);
  if (!weights->weighed) return cc_out_of_memory(c);
  for (; weights->weighed_count < count; weights->weighed_count++)
    if (!(weights->weighed[weights->weighed_count] =
              item_name(c, &list->item[weights->weighed_count], weights->weighed_count)))
      return cc_out_of_memory(c);
  return RT_OK;
}

static bool is_shown(const struct cc_context *c, const char *name) {
  for (uint32_t h = 0; h < c->model->head_count; h++)
    if (!strcmp(c->model->head[h]->name, name)) return true;
  for (size_t w = 0; w < c->weights_count; w++)
    if (!strcmp(c->weights[w].name, name)) return true;
  return false;
}

const char *cc_shown_name(struct cc_context *c, const char *path) {
  const char *name = path;
  for (int n = 2; name && is_shown(c, name); n++) name = rt_arena_printf(&c->model->arena, "%s_%d", path, n);
  return name;
}

int cc_show_weights(struct cc_context *c, ir_id id) {
  if (rt_grow((void **)&c->weights, &c->weights_capacity, c->weights_count + 1, sizeof *c->weights))
    return cc_out_of_memory(c);
  const char *name = cc_shown_name(c, c->model->node[id].name);
  if (!name) return cc_out_of_memory(c);
  struct cc_weights *weights = &c->weights[c->weights_count++];
  *weights = (struct cc_weights){.name = name, .id = id};
  return name_items(c, weights);
}
