/* match_type.c: a type against what a signature says of it. */
#include "compiler/front/elaborate.h"

static int bind_dim(struct cc_context *c, struct cc_scope *scope, const struct gr_node *e, vm_dim dim,
                    bool *fits) {
  struct cc_scope *was = c->scope;
  vm_dim wanted = VM_NO_DIM;
  int status = RT_OK;
  c->scope = scope;
  const struct cc_binding *bound = e->kind == GR_NAME ? cc_lookup(scope, e->text) : NULL;
  const struct cc_definition *d = e->kind == GR_NAME && !bound ? cc_find(c->program, c->unit, e->text) : NULL;
  if (e->kind == GR_NAME && !bound && !cc_is_value(d))
    status = cc_bind(c, scope, e->text, (struct cc_value){.kind = CC_DIM, .dim = dim}, e->span, NULL);
  else if (!(status = cc_dim(c, e, &wanted)))
    *fits = wanted == dim;
  c->scope = was;
  return status;
}

int cc_match_type(struct cc_context *c, const struct cc_wanted *wanted, const struct vm_type *type) {
  const struct gr_node *shape = wanted->pattern->child[0],
                       *of = wanted->pattern->count > 1 ? wanted->pattern->child[1] : NULL;
  struct cc_scope *scope = wanted->scope;
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis);
  bool star = shape->count > 0 && shape->child[0]->kind == GR_STAR, fits = true;
  int named = shape->count - star, leading = visible - named, status = RT_OK;
  if (!star && leading < 0 && named == type->rank) { /* the pattern names the axis H of a head[H] itself */
    for (visible = 0; visible < type->rank; visible++) axis[visible] = visible;
    leading = 0;
  }
  if ((of != NULL) != (type->dtype == RT_INT)) {
    cc_mismatch(c, wanted, type);
    rt_hint(c->error,
            of ? "it takes what names things, as a column of words or classes gives it, and not yet looked up"
               : "whole numbers (%s) index a table: embed(…) makes vectors of them",
            cc_type_text(c, type));
    return c->error->code;
  }
  if (leading < 0 || (!star && leading > 0)) return cc_mismatch(c, wanted, type);
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
  for (int i = 0; i < named && fits && status == RT_OK; i++)
    status = bind_dim(c, scope, shape->child[star + i], type->dim[axis[leading + i]], &fits);
  if (of && fits && status == RT_OK) status = bind_dim(c, scope, of, type->of, &fits);
  if (status != RT_OK) return status;
  return fits ? RT_OK : cc_mismatch(c, wanted, type);
}
