/* unknown.c: what to say of a name that means nothing: what it may have been meant as. */
#include <stdio.h>
#include <string.h>

#include "compiler/front/arguments.h"
#include "compiler/source/foreign.h"
#include "compiler/names/names.h"

/* A guess looks at all names, so that only the first few wrong names of a program get one. */
enum { GUESSES_MAX = 20 };

bool cc_is_slot_variable(const char *name) {
  return !strcmp(name, "s") || !strcmp(name, "i") || !strcmp(name, "j") || !strcmp(name, "h");
}

/* Argument `at` of the call whose callee is node, or of the list that is its first; NULL: none. */
static const struct gr_node *subject_of(const struct cc_walk *w, const struct gr_node *node, int at) {
  const struct gr_node *call = w->call;
  bool constructs = node->text[0] >= 'A' && node->text[0] <= 'Z'; /* Linear(64, 10) is given no tensors */
  if (!call || call->child[0] != node || constructs || call->count < 2 || !call->child[1]) return NULL;
  const struct gr_node *first = call->child[1]->kind == GR_ARG ? call->child[1]->child[0] : NULL;
  if (first && first->kind == GR_LIST) return at < first->count ? first->child[at] : NULL;
  const struct gr_node *arg = 1 + at < call->count ? call->child[1 + at] : NULL;
  return arg && arg->kind == GR_ARG && !arg->text ? arg->child[0] : NULL;
}

/* How a function of aq is called, "linear(x, O)", for the hint to somebody who wrote its name in another
 * way. "": there is no such function. */
static void usage_of(const struct cc_walk *w, const char *name, char *usage, size_t size) {
  const struct cc_definition *d = cc_find(w->program, w->unit, name);
  const struct cc_builtin *builtin = cc_builtin_find(name);
  const struct gr_node *params =
      d && (d->node->kind == GR_FN || d->node->kind == GR_HEAD || d->node->kind == GR_EXTERN)
          ? d->node->child[0]
          : NULL;
  size_t length = 0;
  snprintf(usage, size, "%s", params ? d->name : "");
  if (!params && builtin && builtin->count >= 0) {
    const struct cc_callee callee = {.name = name, .parameter = builtin->takes, .count = builtin->count};
    struct rt_text text = {0};
    cc_write_callee(&text, &callee);
    if (!text.failed) snprintf(usage, size, "%s", text.data);
    rt_text_free(&text);
  }
  for (int p = 0; params && p < params->count && (length = strlen(usage)) < size; p++)
    snprintf(usage + length, size - length, "%s%s%s", p ? ", " : "(", params->child[p]->text,
             p + 1 == params->count ? ")" : "");
}

/* The name of aq that differs from this one in upper and lower case and `_` alone. */
static const char *same_name(const struct cc_walk *w, const char *name) {
  for (size_t u = 0; u < w->program->unit_count; u++) {
    const struct cc_unit *unit = w->program->unit[u];
    for (size_t i = 0; (unit == w->unit || unit->is_stdlib) && i < unit->definition_count; i++)
      if (cc_foreign_same(unit->definition[i].name, name)) return unit->definition[i].name;
  }
  for (int i = 0; cc_builtin_at(i); i++)
    if (cc_foreign_same(cc_builtin_at(i)->name, name)) return cc_builtin_at(i)->name;
  return NULL;
}

/* A column of the data that the model does not take. */
static bool hint_column(const struct cc_walk *w, const char *name, struct rt_error *error) {
  const struct gr_node *data = w->user && w->user->node->kind == GR_MODEL ? cc_item(w->unit, GR_DATA) : NULL;
  for (int i = 0; data && i < data->count; i++) {
    if (strcmp(data->child[i]->text, name) != 0) continue;
    const struct gr_node *outputs = w->user->node->child[1];
    for (int o = 0; o < outputs->count; o++)
      if (outputs->child[o]->kind == GR_NAME && !strcmp(outputs->child[o]->text, name)) {
        rt_hint(error, "the model predicts the column `%s`, and so it cannot read it", name);
        return true;
      }
    rt_hint(error, "to read the column `%s`, name it among the arguments: model %s(…, %s)", name,
            w->user->name, name);
    return true;
  }
  return false;
}

/* T, D, H2: as sizes are called, here and everywhere. */
static bool is_size_name(const char *name) {
  return name[0] >= 'A' && name[0] <= 'Z' && (!name[1] || (name[1] >= '0' && name[1] <= '9' && !name[2]));
}

/* What another system means by a name. If the name is not called, only functions that may be passed and
 * words such as None count: a missing `weight` or `t` is most likely the user's own. */
static const struct cc_foreign *foreign_name(const struct cc_walk *w, const struct gr_node *node) {
  const struct cc_foreign *found = node->text[1] ? cc_foreign_find(node->text) : NULL;
  bool called = w->call && w->call->child[0] == node,
       alone =
           found && (found->place == CC_FOREIGN_WORD || (found->place == CC_FOREIGN_VALUE && found->write));
  return called || alone || w->in_initialiser ? found : NULL;
}

/* *own: it is bound in this body, or argument of it. */
static const char *nearest_name(struct cc_walk *w, const char *name, bool *own, bool *same) {
  struct rt_nearest nearest = {name, NULL, 0};
  *own = *same = false;
  if (w->guesses++ >= GUESSES_MAX) return NULL;
  for (size_t k = w->sight.count; k-- > 0;) rt_nearest_consider(&nearest, w->sight.seen[k].name);
  const struct gr_node *data = w->user && w->user->node->kind == GR_MODEL ? cc_item(w->unit, GR_DATA) : NULL;
  for (int i = 0; data && i < data->count; i++) rt_nearest_consider(&nearest, data->child[i]->text);
  if (is_size_name(name) && nearest.best && nearest.best[0] >= 'a') nearest.best = NULL; /* A is no `a` */
  *own = nearest.best != NULL;
  if (!*own) nearest.best = same_name(w, name);
  for (size_t u = 0; u < w->program->unit_count; u++) {
    const struct cc_unit *unit = w->program->unit[u];
    if (unit != w->unit && !unit->is_stdlib) continue;
    for (size_t i = 0; i < unit->definition_count; i++)
      rt_nearest_consider(&nearest, unit->definition[i].name);
  }
  for (int i = 0; cc_builtin_at(i); i++) rt_nearest_consider(&nearest, cc_builtin_at(i)->name);
  *same = nearest.best && !nearest.distance;
  return nearest.best;
}

/* A value of the model, in a function: it sees what it is given alone. */
static bool hint_model(const struct cc_walk *w, const char *name, struct rt_error *error) {
  const struct gr_node *model = cc_item(w->unit, GR_MODEL), *user = w->user ? w->user->node : NULL;
  if (!model || !user || user == model || (user->kind != GR_FN && user->kind != GR_HEAD)) return false;
  const struct gr_node *params = model->child[0];
  bool has = cc_binds(model->child[2], name);
  for (int p = 0; p < params->count; p++) has |= !strcmp(params->child[p]->text, name);
  if (has)
    rt_hint(error,
            "it is a value of the model, and a function sees its own arguments: declare %s(…, %s), and hand "
            "it over by name, as in scan(%s, …, %s = %s)",
            w->user->name, name, w->user->name, name, name);
  return has;
}

/* What its place tells of it. */
static bool hint_by_place(const struct cc_walk *w, const char *name, const struct cc_foreign *foreign,
                          struct rt_error *error) {
  const char *slot = w->slot && cc_is_slot_variable(name) && !w->in_slot ? cc_nearest_slot(w->slot) : NULL;
  if (w->in_initialiser && foreign && foreign->place == CC_FOREIGN_STATEMENT)
    cc_foreign_hint(error, foreign, NULL, NULL);
  else if (w->in_initialiser && cc_is_slot_variable(name))
    rt_hint(error,
            "%s has a meaning only in score, mask, norm and drop; inside head[H], param[] is one number for "
            "each head already",
            name);
  else if (w->in_slot && w->slot && !strcmp(w->slot, name))
    rt_hint(error, "a head says its slots from the beginning, as in score = s / sqrt(D) - …; behind a call, "
                   "with { score = score - … } goes on from what the head says");
  else if (w->with_slot && cc_is_slot(name))
    rt_hint(error, "behind `with` a slot names itself, query, key and value, and no other slot%s",
            strcmp(w->with_slot->name, "norm") != 0 ? "" : "; in norm, `s` is the score");
  else if (w->with_slot && is_size_name(name) && !strcmp(w->with_slot->name, "score"))
    rt_hint(error, "behind a call, the sizes of what is called are not in sight; its own score goes on: "
                   "with { score = score + … }");
  else if (w->in_initialiser)
    rt_hint(error, "a parameter starts as a number, normal, uniform, glorot, he, orthogonal, eye or "
                   "load(\"file\", \"tensor\")");
  else if (slot && strcmp(slot, w->slot) != 0)
    rt_hint(error, "did you mean the slot `%s` for `%s`?", slot, w->slot);
  else if (w->body && cc_binds(w->body, name))
    rt_hint(error, "it is bound further down; statements run from top to bottom");
  else
    return hint_column(w, name, error) || hint_model(w, name, error);
  return true;
}

/* No further error for a definition that has one, or that names something in a part of the file that
 * could not be read. */
static bool is_told(struct cc_walk *w, const char *name) {
  bool told = w->user && w->user->broken, lost = cc_is_lost(w->unit, name);
  if (w->user && lost) w->user->broken = true;
  return told || lost;
}

/* What papers make a score of. */
static bool is_of_score(const char *name) {
  static const char *const names[] = {"q", "k", "d_k", "dk", "d_head"};
  for (size_t n = 0; n < RT_COUNT(names); n++)
    if (!strcmp(name, names[n])) return true;
  return false;
}

void cc_unknown_name(struct cc_walk *w, const struct gr_node *node) {
  const char *name = node->text;
  bool own, same;
  if (is_told(w, name)) return;
  struct rt_error *error = cc_wrong(w);
  gr_fail(error, node->span, "nothing here is called `%s`", name);
  const struct cc_foreign *foreign = foreign_name(w, node);
  if (hint_by_place(w, name, foreign, error)) return;
  const char *nearest = nearest_name(w, name, &own, &same);
  if (foreign && !own && !same)
    cc_foreign_hint(error, foreign, subject_of(w, node, 0), subject_of(w, node, 1));
  else if (nearest)
    rt_hint(error, "did you mean `%s`?", nearest);
  else if (cc_is_slot_variable(name))
    rt_hint(error, "s, i, j and h have a meaning only in the slots score, mask, norm and drop of a head");
  else if (is_size_name(name))
    rt_hint(error,
            "a size comes from `dim %s = ...`, from a column as in words[%s], or from the signature as in "
            "x: [%s]; a weight is made with `%s = param[...]`",
            name, name, name, name);
  else if (w->in_slot && is_of_score(name))
    rt_hint(error, "in a slot `s` is the product of query and key: score = s / sqrt(D), or more of it");
  else
    rt_hint(error, "a weight is made with `%s = param[...]`; a size with `dim %s = ...`", name, name);
}

/* ---- members ---- */

/* x.view, torch.relu: what stands before the dot is no import. */
static void no_member(struct cc_walk *w, const struct gr_node *node) {
  const struct gr_node *base = node->child[0], *first = base;
  const struct cc_foreign *foreign = cc_foreign_find(node->text);
  const char *same = same_name(w, node->text);
  char usage[128];
  usage_of(w, same ? same : "", usage, sizeof usage);
  while (first->kind == GR_MEMBER) first = first->child[0];
  bool known = first->kind != GR_NAME || cc_sight_find(&w->sight, first->text)
               || cc_find(w->program, w->unit, first->text);
  struct rt_nearest nearest = {first->kind == GR_NAME ? first->text : "", NULL, 0};
  for (size_t i = 0; i < w->unit->import_count; i++)
    if (w->unit->import[i].as) rt_nearest_consider(&nearest, w->unit->import[i].as);
  if (first->kind == GR_NAME && !known && cc_is_lost(w->unit, first->text)) {
    if (w->user) w->user->broken = true;
    return;
  }
  struct rt_error *error = cc_wrong(w);
  if (known)
    gr_fail(error, node->name_span, "a value has no members, and so no `%s`", node->text);
  else
    gr_fail(error, first->span,
            "nothing here is called `%s`: what stands before a dot is the name of an import", first->text);
  if (nearest.best)
    rt_hint(error, "did you mean `%s`?", nearest.best);
  else if (foreign)
    cc_foreign_hint(error, foreign, known ? base : subject_of(w, node, 0),
                    known ? NULL : subject_of(w, node, 1));
  else if (same)
    rt_hint(error, "a function stands before what it is given, without a prefix: %s", usage);
  else
    rt_hint(error, "%s",
            known ? "there are no methods: what a file defines is called f(x), not x.f()"
                  : "import \"FILE.aq\" as NAME makes NAME.f of what that file defines");
}

void cc_unknown_member(struct cc_walk *w, const struct gr_node *node) {
  const struct gr_node *base = node->child[0];
  const struct cc_import *import = base->kind == GR_NAME ? cc_find_import(w->unit, base->text) : NULL;
  if (!import) {
    no_member(w, node);
    return;
  }
  if (cc_is_lost(import->unit, node->text)) {
    if (w->user) w->user->broken = true;
    return;
  }
  struct rt_nearest nearest = {node->text, NULL, 0};
  struct rt_error *error = cc_wrong(w);
  for (size_t i = 0; i < import->unit->definition_count; i++)
    rt_nearest_consider(&nearest, import->unit->definition[i].name);
  gr_fail(error, node->name_span, "%s defines no `%s`", import->unit->path, node->text);
  if (nearest.best) rt_hint(error, "did you mean `%s`?", nearest.best);
}
