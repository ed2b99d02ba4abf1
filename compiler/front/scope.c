/* scope.c: names in sight and what they are bound to. */
#include <string.h>

#include "compiler/front/context.h"

enum { FEW_BINDINGS = 16 }; /* that are found as fast by looking at each */

static struct cc_binding *own_binding(const struct cc_scope *scope, const char *name) {
  if (scope->count > FEW_BINDINGS) {
    const uint64_t *index = rt_map_find(&scope->index, name);
    return index ? &scope->binding[*index] : NULL;
  }
  for (size_t i = 0; i < scope->count; i++)
    if (!strcmp(scope->binding[i].name, name)) return &scope->binding[i];
  return NULL;
}

/* When the scope gets one more than a few, all enter the index. */
static int index_bindings(struct cc_scope *scope) {
  size_t from = scope->count == FEW_BINDINGS + 1 ? 0 : scope->count - 1;
  for (size_t i = from; scope->count > FEW_BINDINGS && i < scope->count; i++)
    if (rt_map_put(&scope->index, scope->binding[i].name, i)) return RT_NO_MEMORY;
  return RT_OK;
}

int cc_bind(struct cc_context *c, struct cc_scope *scope, const char *name, struct cc_value value,
            struct gr_span span, const struct gr_node *let) {
  struct cc_binding *before = own_binding(scope, name);
  if (before) {
    const struct gr_node *first = before->let;
    *before = (struct cc_binding){name, value, span, first ? first : let, c->head_dim, c->slot != NULL};
    return RT_OK;
  }
  if (rt_grow((void **)&scope->binding, &scope->capacity, scope->count + 1, sizeof *scope->binding))
    return cc_out_of_memory(c);
  scope->binding[scope->count++] = (struct cc_binding){name, value, span, let, c->head_dim, c->slot != NULL};
  return index_bindings(scope) ? cc_out_of_memory(c) : RT_OK;
}

const struct cc_binding *cc_lookup(const struct cc_scope *scope, const char *name) {
  const struct cc_binding *found = NULL;
  for (; scope && !found; scope = scope->parent) found = own_binding(scope, name);
  return found;
}

void cc_scope_free(struct cc_scope *scope) {
  rt_free(scope->binding);
  rt_map_free(&scope->index);
  *scope = (struct cc_scope){0};
}
