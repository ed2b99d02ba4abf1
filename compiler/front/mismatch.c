/* mismatch.c: what is said when a value does not fit the type that a signature declares, and when a call
 * would fit with two of its arguments the other way round. */
#include <ctype.h>
#include <string.h>

#include "compiler/front/elaborate.h"

#include <ctype.h>

/* The dim of a file that a name in a signature means, NULL when the name is the signature's own. */
static struct cc_definition *file_dim(struct cc_context *c, const struct cc_scope *scope, const char *name) {
  struct cc_definition *d = cc_lookup(scope, name) ? NULL : cc_find(c->program, c->unit, name);
  return d && d->node->kind == GR_DIM ? d : NULL;
}

/* A name of the signature as messages show the dim that it means: "D of lib.aq" where there are two D. */
static void put_name(struct cc_context *c, const struct cc_scope *scope, const char *name,
                     struct rt_text *out) {
  struct cc_definition *d = file_dim(c, scope, name);
  vm_dim dim;
  bool symbol = d && !cc_dim_of(c, d, &dim) && vm_dim_as_symbol(&c->module->dims, dim) >= 0;
  rt_text_puts(out, symbol ? cc_dim_text(c, dim) : name);
}

static const char *pattern_text(struct cc_context *c, const struct cc_scope *scope,
                                const struct gr_node *pattern) {
  const char *p = pattern->span.source->text + pattern->span.begin,
             *end = pattern->span.source->text + pattern->span.end;
  struct rt_text out = {0};
  while (p < end) {
    char name[64];
    size_t length = 0;
    while (p + length < end && (isalnum((unsigned char)p[length]) || p[length] == '_')) length++;
    if (length > 0 && length < sizeof name) {
      memcpy(name, p, length);
      name[length] = '\0';
      put_name(c, scope, name, &out);
    } else {
      rt_text_add(&out, p, length > 0 ? length : (length = 1));
    }
    p += length;
  }
  return cc_keep_text(c, &out, "[…]");
}

/* One axis that is called otherwise than the signature wants it. */
static void explain_axis(struct cc_context *c, const struct cc_scope *scope, const struct gr_node *e,
                         vm_dim found) {
  const struct cc_binding *bound = cc_lookup(scope, e->text);
  struct cc_definition *d = file_dim(c, scope, e->text);
  int64_t value, other;
  vm_dim wanted;
  if (bound && bound->value.kind == CC_DIM && bound->value.dim != found) {
    rt_hint(c->error,
            "a name in a signature is one size within a call: `%s` is %s here, by what stood before", e->text,
            cc_dim_text(c, bound->value.dim));
    return;
  }
  if (!d || cc_dim_of(c, d, &wanted) || wanted == found) return;
  bool known = !vm_dim_value(&c->module->dims, wanted, NULL, &value, NULL),
       both = known && !vm_dim_value(&c->module->dims, found, NULL, &other, NULL);
  if (both && value == other && vm_dim_as_symbol(&c->module->dims, found) >= 0)
    ir_hint_dims(c->model, wanted, found, c->error);
  else if (known)
    rt_hint(c->error,
            "`%s` in the signature is the dim of %s, which is %lld; a name that is no dim of its file stands "
            "for any size",
            e->text, d->unit->path, (long long)value);
}

int cc_mismatch(struct cc_context *c, const struct cc_wanted *wanted, const struct vm_type *type) {
  const struct gr_node *shape = wanted->pattern->child[0];
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis);
  const char *text = pattern_text(c, wanted->scope, wanted->pattern);
  gr_fail(c->error, wanted->span, "%s should be %s, but this is %s", wanted->what, text,
          cc_type_text(c, type));
  if (wanted->declared) gr_note(c->error, wanted->declared->span, "declared here");
  for (int k = 0; wanted->declared && !c->unit->is_stdlib && shape->count == visible && k < visible; k++)
    if (shape->child[k]->kind == GR_NAME) explain_axis(c, wanted->scope, shape->child[k], type->dim[axis[k]]);
  return c->error->code;
}

int cc_inner_axes(struct cc_context *c, const struct gr_node *node, const struct vm_type *x,
                  const struct vm_type *w, int at) {
  vm_dim last = x->dim[x->rank - 1], first = w->dim[at];
  gr_fail(c->error, node->span,
          "@ needs the last axis of the left side and the %s of the right side to be the same",
          at == 0 ? "first" : "last but one");
  gr_note(c->error, node->child[0]->span, "this is %s: its last axis is %s", cc_type_text(c, x),
          cc_dim_text(c, last));
  gr_note(c->error, node->child[1]->span, "this is %s: its %s axis is %s", cc_type_text(c, w),
          at == 0 ? "first" : "last but one", cc_dim_text(c, first));
  if (w->rank >= 2 && w->dim[w->rank - 1] == last && at == w->rank - 2)
    rt_hint(c->error, "with the right side turned over it fits: x @ W'");
  else
    ir_hint_dims(c->model, last, first, c->error);
  return c->error->code;
}

int cc_check_product(struct cc_context *c, const struct gr_node *node, const struct vm_type *x,
                     const struct vm_type *w) {
  int at = w->rank >= 2 ? w->rank - 2 : 0;
  if (w->dim[at] != x->dim[x->rank - 1]) return cc_inner_axes(c, node, x, w, at);
  for (int a = 0; x->rank >= 2 && w->rank >= 2 && x->rank == w->rank && a < x->rank - 2; a++) {
    if (x->dim[a] == w->dim[a]) continue;
    gr_fail(c->error, node->span,
            "@ of %s and %s multiplies the last two axes; all before them must be the same, and %s is not %s",
            cc_type_text(c, x), cc_type_text(c, w), cc_dim_text(c, w->dim[a]), cc_dim_text(c, x->dim[a]));
    gr_note(c->error, node->child[0]->span, "this is %s", cc_type_text(c, x));
    gr_note(c->error, node->child[1]->span, "this is %s", cc_type_text(c, w));
    rt_hint(
        c->error,
        "transpose(x, [H, T, K]) puts axes into another order; products of queries and keys are the business "
        "of a head");
    return c->error->code;
  }
  return RT_OK;
}

int cc_no_axis(struct cc_context *c, struct gr_span at, struct gr_span x, const struct vm_type *type,
               vm_dim d) {
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis);
  gr_fail(c->error, at, "%s has no axis %s", cc_type_text(c, type), cc_dim_text(c, d));
  gr_note(c->error, x, "this is %s", cc_type_text(c, type));
  if (visible == 0)
    rt_hint(c->error, "it is a single number: there is nothing left to sum up");
  else
    rt_hint(c->error, "name an axis that it has, such as %s", cc_dim_text(c, type->dim[axis[0]]));
  return c->error->code;
}

static int place_of(const struct vm_type *type, vm_dim d) {
  int found = -1;
  for (int a = 0; a < type->rank; a++)
    if (type->dim[a] == d) found = found < 0 ? a : -2;
  return found;
}

/* The same axes in another order. Numbers are no names: [2, 3] may well become [3, 2]. */
bool cc_is_reordered(struct cc_context *c, const struct vm_type *from, const struct vm_type *to) {
  bool moved = false;
  if (from->rank != to->rank) return false;
  for (int a = 0; a < from->rank; a++) {
    int place = place_of(to, from->dim[a]);
    if (place < 0) return false;
    if (place == a) continue;
    moved = true;
    if (isdigit((unsigned char)cc_dim_text(c, from->dim[a])[0])) return false;
  }
  return moved;
}

int cc_reordered(struct cc_context *c, struct gr_span span, const struct vm_type *from,
                 const struct vm_type *to) {
  gr_fail(
      c->error, span,
      "`reshape` leaves the elements in their order: as %s, those of %s would stand under other axes than "
      "their own",
      cc_type_text(c, to), cc_type_text(c, from));
  rt_hint(c->error, "transpose(x, %s) puts the axes into another order", cc_type_text(c, to));
  return c->error->code;
}
