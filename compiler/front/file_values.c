/* file_values.c: the dims and consts of a file, and texts that name them. */
#include "compiler/front/elaborate.h"

#include <math.h>
#include <string.h>

/* Whether a dim is a formula of other dims, as D / H is, and neither a number nor one of them. */
static bool is_formula(const struct vm_dims *dims, vm_dim dim) {
  if (dim == VM_NO_DIM || vm_dim_as_symbol(dims, dim) >= 0) return false;
  const struct vm_poly *poly = &dims->poly[dim];
  return poly->term_count > 1 || (poly->term_count == 1 && poly->term[0].factor_count > 0);
}

/* config("hidden_size"): the axis that everybody means who asks for that key, the library too. */
static bool is_config(const struct gr_node *written) {
  return written->kind == GR_CALL && written->child[0]->kind == GR_NAME
         && !strcmp(written->child[0]->text, "config");
}

/* A dim's name in messages. Of an import `as lib` it is lib.D; of one whose names are in scope, where another
 * file has a D as well, D of lib.aq. */
static const char *shown_name(struct cc_context *c, const struct cc_definition *d) {
  struct cc_program *p = c->program;
  if (d->unit == p->main || d->unit->is_stdlib) return d->name;
  for (size_t i = 0; i < p->main->import_count; i++)
    if (p->main->import[i].unit == d->unit && p->main->import[i].as)
      return rt_arena_printf(&c->module->arena, "%s.%s", p->main->import[i].as, d->name);
  for (size_t u = 0; u < p->unit_count; u++) {
    const struct cc_definition *other = cc_find(p, p->unit[u], d->name);
    if (!p->unit[u]->is_stdlib && other && other != d && other->node->kind == GR_DIM)
      return rt_arena_printf(&c->module->arena, "%s of %s", d->name, d->unit->path);
  }
  return d->name;
}

/* What the source says, with the dims that it names made already. */
CC_OWN_FRAME static int dim_as_written(struct cc_context *c, const struct cc_definition *d, vm_dim *formula,
                                       int64_t *value) {
  struct cc_scope *scope = c->scope;
  const struct cc_unit *unit = c->unit;
  const struct gr_node *written = d->node->child[0];
  c->scope = NULL;
  c->unit = d->unit;
  int status = cc_dim(c, written, formula);
  c->scope = scope;
  c->unit = unit;
  if (status != RT_OK) return status;
  struct rt_error why = {0};
  status = vm_dim_value(&c->module->dims, *formula, NULL, value, &why);
  if (status == RT_OK) return RT_OK;
  gr_fail(c->error, written->span, "%s",
          status == RT_NEGATIVE ? "the value of a dim must be known here" : why.text);
  if (why.hint[0]) rt_hint(c->error, "%s", why.hint);
  return c->error->code;
}

/* Is it just another name, as in `dim E = D`? */
static bool is_alias(const struct gr_node *written) {
  return written->kind == GR_NAME || written->kind == GR_MEMBER;
}

/* A file-level dim: a symbol of its own name, so that shapes speak in the user's names. A formula of other
 * dims stays that formula, so that H * K is D where K = D / H. Another name does not: `dim E = D`, or
 * `dim V = K`, is another axis that happens to be as long. */
static int make_dim(struct cc_context *c, struct cc_definition *d) {
  int64_t value = -1;
  vm_dim formula = VM_NO_DIM;
  int status = dim_as_written(c, d, &formula, &value);
  if (status != RT_OK) return status;
  const char *name = shown_name(c, d);
  bool same = (is_formula(&c->module->dims, formula) && !is_alias(d->node->child[0]))
              || (is_config(d->node->child[0]) && vm_dim_as_symbol(&c->module->dims, formula) >= 0);
  d->size = !name ? VM_NO_DIM : same ? formula : vm_dim_symbol(&c->module->dims, name, VM_CONST, value);
  return d->size == VM_NO_DIM ? cc_out_of_memory(c) : RT_OK;
}

/* A const is the number that it is written as: it has no name in shapes. */
CC_OWN_FRAME static int make_const(struct cc_context *c, struct cc_definition *d) {
  struct cc_scope *scope = c->scope;
  struct cc_slot *slot = c->slot;
  const struct cc_unit *unit = c->unit;
  c->scope = NULL;
  c->slot = NULL;
  c->unit = d->unit;
  int status = cc_number(c, d->node->child[0], &d->number);
  c->scope = scope;
  c->slot = slot;
  c->unit = unit;
  return status;
}

/* A dim or const that d is written with and that is not made yet, or NULL. */
static struct cc_definition *made_before(const struct cc_context *c, const struct cc_definition *d) {
  struct cc_definition *first = NULL; /* uses are listed from the last to the first */
  for (const struct cc_use *use = d->uses; use; use = use->next)
    if (cc_is_value(use->to) && use->to->known != c->stamp) first = use->to;
  return first;
}

/* Dims and consts that are written with others, however long the chain is: `user` is the way back. None leads
 * to itself (order.c). */
int cc_value_of(struct cc_context *c, struct cc_definition *definition, struct cc_value *value) {
  definition->user = NULL;
  for (struct cc_definition *d = definition; d && definition->known != c->stamp;) {
    struct cc_definition *first = made_before(c, d);
    if (first) {
      first->user = d;
      d = first;
      continue;
    }
    int status = d->known == c->stamp ? RT_OK : d->node->kind == GR_CONST ? make_const(c, d) : make_dim(c, d);
    if (status != RT_OK) return status;
    d->known = c->stamp;
    d = d->user;
  }
  if (definition->node->kind == GR_CONST)
    *value = (struct cc_value){.kind = CC_NUMBER, .number = definition->number};
  else
    *value = (struct cc_value){.kind = CC_DIM, .dim = definition->size};
  return RT_OK;
}

int cc_dim_of(struct cc_context *c, struct cc_definition *definition, vm_dim *dim) {
  struct cc_value value;
  int status = cc_value_of(c, definition, &value);
  if (status == RT_OK) *dim = value.dim;
  return status;
}

/* ---- texts ---- */

/* What {name} stands for in a text: a text, or a whole number. */
static bool put_named(struct cc_context *c, const char *name, struct rt_text *out) {
  const struct cc_binding *b = cc_lookup(c->scope, name);
  struct cc_definition *d = b ? NULL : cc_find(c->program, c->unit, name);
  struct cc_value value = {.kind = CC_NONE};
  double number;
  if (b)
    value = b->value;
  else if (cc_is_value(d) && cc_value_of(c, d, &value))
    return false;
  cc_guess_met(c, &value);
  if (value.kind == CC_STRING)
    rt_text_puts(out, value.text);
  else if (cc_to_number(c, &value, &number) && number == floor(number))
    rt_text_printf(out, "%.0f", number);
  else
    return false;
  return true;
}

/* "layer.{l}.weight" with the value of l in it, a whole number or another text. */
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
    if (!inner || !put_named(c, inner, &out)) {
      gr_fail(c->error, span, "{%s} is neither a whole number nor a text that is known here",
              inner ? inner : "");
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
