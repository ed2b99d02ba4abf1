/* names.c: every name in the program means something. Walks all bodies once, also those that nothing calls.
 */
#include <stdio.h>
#include <string.h>

#include "compiler/arguments.h"
#include "compiler/foreign.h"

/* The names in sight at a point of the walk, as a chain on the C stack. */
struct sight {
  const struct sight *outer;
  const char *name;
  const struct gr_node *names; /* or: all names bound within this loop or branch */
};

struct walk {
  struct cc_program *program;
  const struct cc_unit *unit;
  struct rt_error *error;
  const struct gr_node *body; /* the BLOCK that is being walked, or NULL */
  const struct gr_node *call; /* the CALL that is being walked, or NULL */
  const struct gr_node *data; /* names of its dims are in sight within the model */
  struct cc_definition *user; /* whose body that is, or NULL */
  bool in_head, in_slot, in_initialiser;
};

static int walk_expression(struct walk *w, const struct gr_node *node, const struct sight *sight);
static int walk_block(struct walk *w, const struct gr_node *block, const struct sight *sight);

static const char *const slot_names[] = {"query", "key", "value", "score", "mask", "norm", "drop"};

bool cc_is_slot(const char *name) {
  for (size_t i = 0; i < RT_COUNT(slot_names); i++)
    if (!strcmp(slot_names[i], name)) return true;
  return false;
}

/* Whether a statement, or one within its blocks, binds the name. */
static bool binds(const struct gr_node *node, const char *name) {
  int names = node->kind == GR_LET ? node->count - 1 : 0;
  bool is_block = node->kind == GR_BLOCK || node->kind == GR_FOR || node->kind == GR_IF;
  for (int i = 0; i < names; i++)
    if (!strcmp(node->child[i]->text, name)) return true;
  for (int i = 0; is_block && i < node->count; i++)
    if (node->child[i] && binds(node->child[i], name)) return true;
  return false;
}

static bool in_sight(const struct sight *s, const char *name) {
  for (; s; s = s->outer)
    if (s->name ? !strcmp(s->name, name) : s->names && binds(s->names, name)) return true;
  return false;
}

static bool is_slot_variable(const char *name) {
  return !strcmp(name, "s") || !strcmp(name, "i") || !strcmp(name, "j") || !strcmp(name, "h");
}

static bool data_has_dim(const struct gr_node *data, const char *name) {
  for (int i = 0; data && i < data->count; i++) {
    const struct gr_node *shape = data->child[i]->child[1];
    for (int k = 0; shape && k < shape->count; k++) {
      const struct gr_node *axis = shape->child[k];
      if (axis->kind == GR_LIMIT) axis = axis->child[0];
      if (axis->kind == GR_NAME && !strcmp(axis->text, name)) return true;
    }
  }
  return false;
}

static bool is_known(const struct walk *w, const char *name) {
  return cc_builtin_find(name) || data_has_dim(w->data, name);
}

/* Argument `at` of the call whose callee is node, or of the list that is its first; NULL: none. */
static const struct gr_node *subject_of(const struct walk *w, const struct gr_node *node, int at) {
  const struct gr_node *call = w->call;
  bool constructs = node->text[0] >= 'A' && node->text[0] <= 'Z'; /* Linear(64, 10) is given no tensors */
  if (!call || call->child[0] != node || constructs || call->count < 2 || !call->child[1]) return NULL;
  const struct gr_node *first = call->child[1]->kind == GR_ARG ? call->child[1]->child[0] : NULL;
  if (first && first->kind == GR_LIST) return at < first->count ? first->child[at] : NULL;
  const struct gr_node *arg = 1 + at < call->count ? call->child[1 + at] : NULL;
  return arg && arg->kind == GR_ARG && !arg->text ? arg->child[0] : NULL;
}

/* How a function is called, "linear(x, O)", as said to who writes its name in another way; "": no such
 * function. */
static void usage_of(const struct walk *w, const char *name, char *usage, size_t size) {
  const struct cc_definition *d = cc_find(w->program, w->unit, name);
  const struct cc_builtin *builtin = cc_builtin_find(name);
  const struct gr_node *params =
      d && (d->node->kind == GR_FN || d->node->kind == GR_HEAD) ? d->node->child[0] : NULL;
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
static const char *same_name(const struct walk *w, const char *name) {
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
static bool hint_column(const struct walk *w, const char *name) {
  for (int i = 0; w->data && i < w->data->count; i++) {
    if (strcmp(w->data->child[i]->text, name)) continue;
    const struct gr_node *outputs = w->user->node->child[1];
    for (int o = 0; o < outputs->count; o++)
      if (outputs->child[o]->kind == GR_NAME && !strcmp(outputs->child[o]->text, name)) {
        rt_hint(w->error, "the model predicts the column `%s`, and so it cannot read it", name);
        return true;
      }
    rt_hint(w->error, "to read the column `%s`, name it among the arguments: model %s(…, %s)", name,
            w->user->name, name);
    return true;
  }
  return false;
}

/* T, D, H2: as sizes are called, here and everywhere. */
static bool is_size_name(const char *name) {
  return name[0] >= 'A' && name[0] <= 'Z' && (!name[1] || (name[1] >= '0' && name[1] <= '9' && !name[2]));
}

/* What another system means by a name: of one that is not called, only if it is a function that may be
 * passed, or a word such as None. A `weight` or a `t` that is missing here is most likely the user's own. */
static const struct cc_foreign *foreign_name(const struct walk *w, const struct gr_node *node) {
  const struct cc_foreign *found = node->text[1] ? cc_foreign_find(node->text) : NULL;
  bool called = w->call && w->call->child[0] == node,
       alone =
           found && (found->place == CC_FOREIGN_WORD || (found->place == CC_FOREIGN_VALUE && found->write));
  return called || alone || w->in_initialiser ? found : NULL;
}

static int unknown(const struct walk *w, const struct gr_node *node, const struct sight *sight) {
  struct cc_nearest nearest = {node->text, NULL, 0};
  const struct cc_foreign *foreign = foreign_name(w, node);
  for (const struct sight *s = sight; s; s = s->outer)
    if (s->name) cc_nearest_consider(&nearest, s->name);
  for (int i = 0; w->data && i < w->data->count; i++) cc_nearest_consider(&nearest, w->data->child[i]->text);
  if (is_size_name(node->text) && nearest.best && nearest.best[0] >= 'a')
    nearest.best = NULL; /* A is no `a` */
  bool own = nearest.best != NULL;
  if (!own) nearest.best = same_name(w, node->text);
  for (size_t u = 0; u < w->program->unit_count; u++) {
    const struct cc_unit *unit = w->program->unit[u];
    if (unit != w->unit && !unit->is_stdlib) continue;
    for (size_t i = 0; i < unit->definition_count; i++)
      cc_nearest_consider(&nearest, unit->definition[i].name);
  }
  for (int i = 0; cc_builtin_at(i); i++) cc_nearest_consider(&nearest, cc_builtin_at(i)->name);
  gr_fail(w->error, node->span, "nothing here is called `%s`", node->text);
  if (w->in_initialiser && foreign && foreign->place == CC_FOREIGN_STATEMENT)
    cc_foreign_hint(w->error, foreign, NULL, NULL);
  else if (w->in_initialiser && is_slot_variable(node->text))
    rt_hint(w->error,
            "%s has a meaning only in score, mask, norm and drop; inside head[H], param[] is one number for "
            "each head already",
            node->text);
  else if (w->in_initialiser)
    rt_hint(w->error, "a parameter starts as a number, normal, uniform, glorot, he, orthogonal, eye or "
                      "load(\"file\", \"tensor\")");
  else if (w->body && binds(w->body, node->text))
    rt_hint(w->error, "it is bound further down; statements run from top to bottom");
  else if (hint_column(w, node->text))
    ;
  else if (foreign && !own && (!nearest.best || nearest.distance))
    cc_foreign_hint(w->error, foreign, subject_of(w, node, 0), subject_of(w, node, 1));
  else if (nearest.best)
    rt_hint(w->error, "did you mean `%s`?", nearest.best);
  else if (is_slot_variable(node->text))
    rt_hint(w->error, "s, i, j and h have a meaning only in the slots score, mask, norm and drop of a head");
  else if (is_size_name(node->text))
    rt_hint(w->error,
            "a size comes from `dim %s = ...`, from a column as in words[%s], or from the signature as in "
            "x: [%s]; a weight is made with `%s = param[...]`",
            node->text, node->text, node->text, node->text);
  else
    rt_hint(w->error, "a weight is made with `%s = param[...]`; a size with `dim %s = ...`", node->text,
            node->text);
  return w->error->code;
}

static int walk_children(struct walk *w, const struct gr_node *node, const struct sight *sight, int from) {
  for (int i = from; i < node->count; i++) {
    int status = node->child[i] ? walk_expression(w, node->child[i], sight) : RT_OK;
    if (status) return status;
  }
  return RT_OK;
}

/* `with { }` names slots and nothing else; the last four are written in terms of s, i, j, h. */
static int walk_slot(struct walk *w, const struct gr_node *let, const struct sight *sight) {
  const char *name = let->child[0]->text;
  bool was = w->in_slot;
  w->in_slot = strcmp(name, "query") && strcmp(name, "key") && strcmp(name, "value");
  int status = walk_expression(w, let->child[let->count - 1], sight);
  w->in_slot = was;
  return status;
}

static int walk_with(struct walk *w, const struct gr_node *with, const struct sight *sight) {
  for (int i = 0; i < with->count; i++) {
    const struct gr_node *let = with->child[i];
    if (!cc_is_slot(let->child[0]->text)) {
      gr_fail(w->error, let->child[0]->span, "a head has no slot called `%s`", let->child[0]->text);
      struct cc_nearest nearest = {let->child[0]->text, NULL, 0};
      for (size_t k = 0; k < RT_COUNT(slot_names); k++) cc_nearest_consider(&nearest, slot_names[k]);
      rt_hint(w->error,
              nearest.best ? "did you mean `%s`?"
                           : "the slots are query, key, value, score, mask, norm and drop",
              nearest.best);
      return w->error->code;
    }
    for (int k = 0; k < i; k++) {
      if (strcmp(with->child[k]->child[0]->text, let->child[0]->text)) continue;
      gr_fail(w->error, let->child[0]->span, "the slot `%s` is filled twice", let->child[0]->text);
      gr_note(w->error, with->child[k]->child[0]->span, "it is filled here already");
      return w->error->code;
    }
    int status = walk_slot(w, let, sight);
    if (status) return status;
  }
  return RT_OK;
}

/* x.view, torch.relu: what stands before the dot is no import. */
static int no_member(const struct walk *w, const struct gr_node *node, const struct sight *sight) {
  const struct gr_node *base = node->child[0], *first = base;
  const struct cc_foreign *foreign = cc_foreign_find(node->text);
  const char *same = same_name(w, node->text);
  char usage[128];
  usage_of(w, same ? same : "", usage, sizeof usage);
  while (first->kind == GR_MEMBER) first = first->child[0];
  bool known =
      first->kind != GR_NAME || in_sight(sight, first->text) || cc_find(w->program, w->unit, first->text);
  struct cc_nearest nearest = {first->kind == GR_NAME ? first->text : "", NULL, 0};
  for (size_t i = 0; i < w->unit->import_count; i++)
    if (w->unit->import[i].as) cc_nearest_consider(&nearest, w->unit->import[i].as);
  if (known)
    gr_fail(w->error, node->name_span, "a value has no members, and so no `%s`", node->text);
  else
    gr_fail(w->error, first->span,
            "nothing here is called `%s`: what stands before a dot is the name of an import", first->text);
  if (nearest.best)
    rt_hint(w->error, "did you mean `%s`?", nearest.best);
  else if (foreign)
    cc_foreign_hint(w->error, foreign, known ? base : subject_of(w, node, 0),
                    known ? NULL : subject_of(w, node, 1));
  else if (same)
    rt_hint(w->error, "a function stands before what it is given, without a prefix: %s", usage);
  else
    rt_hint(w->error, "%s",
            known ? "there are no methods: what a file defines is called f(x), not x.f()"
                  : "import \"FILE.aq\" as NAME makes NAME.f of what that file defines");
  return w->error->code;
}

static int walk_member(struct walk *w, const struct gr_node *node, const struct sight *sight) {
  const struct gr_node *base = node->child[0];
  const struct cc_unit *unit = base->kind == GR_NAME ? cc_find_import(w->unit, base->text) : NULL;
  if (!unit) return no_member(w, node, sight);
  struct cc_nearest nearest = {node->text, NULL, 0};
  for (size_t i = 0; i < unit->definition_count; i++) {
    cc_nearest_consider(&nearest, unit->definition[i].name);
    if (!strcmp(unit->definition[i].name, node->text)) return RT_OK;
  }
  gr_fail(w->error, node->name_span, "%s defines no `%s`", unit->path, node->text);
  if (nearest.best) rt_hint(w->error, "did you mean `%s`?", nearest.best);
  return w->error->code;
}

static int walk_parameter(struct walk *w, const struct gr_node *node, const struct sight *sight) {
  int status = walk_expression(w, node->child[0], sight);
  w->in_initialiser = true;
  if (!status) status = walk_children(w, node, sight, 1);
  w->in_initialiser = false;
  return status;
}

/* Notes which definition a body names. What a nearer name hides is not named. */
static int walk_name(struct walk *w, const struct gr_node *node, const struct sight *sight) {
  if (in_sight(sight, node->text) || (w->in_slot && is_slot_variable(node->text))) return RT_OK;
  struct cc_definition *d = cc_find(w->program, w->unit, node->text);
  if (!d) return is_known(w, node->text) ? RT_OK : unknown(w, node, sight);
  if (d->node->kind == GR_MODEL)
    return gr_fail(w->error, node->span, "a model is not called; what it shares with others belongs in a fn");
  if (!w->user || d->node->kind == GR_DIM) return RT_OK;
  struct cc_use *use = rt_arena_alloc(&w->program->arena, sizeof *use);
  if (!use) return rt_no_memory(w->error);
  *use = (struct cc_use){node, d, w->user->uses};
  w->user->uses = use;
  return RT_OK;
}

static int walk_call(struct walk *w, const struct gr_node *node, const struct sight *sight) {
  const struct gr_node *was = w->call;
  w->call = node;
  int status = walk_expression(w, node->child[0], sight);
  w->call = was;
  return status ? status : walk_children(w, node, sight, 1);
}

static int walk_expression(struct walk *w, const struct gr_node *node, const struct sight *sight) {
  switch (node->kind) {
    case GR_NAME: return walk_name(w, node, sight);
    case GR_MEMBER: return walk_member(w, node, sight);
    case GR_CALL: return walk_call(w, node, sight);
    case GR_WITH: return walk_with(w, node, sight);
    case GR_PARAMETER: return walk_parameter(w, node, sight);
    case GR_STAR:
      return in_sight(sight, node->text)
                 ? RT_OK
                 : gr_fail(w->error, node->span, "*%s is not bound by the signature", node->text);
    default: return walk_children(w, node, sight, 0);
  }
}

/* What stands behind a return is never run. */
static int check_behind(struct walk *w, const struct gr_node *block, int at) {
  if (block->child[at]->kind != GR_RETURN || at + 1 >= block->count) return RT_OK;
  gr_fail(w->error, block->child[at + 1]->span, "this stands behind a return, and so it is never run");
  gr_note(w->error, block->child[at]->span, "what is returned");
  return w->error->code;
}

/* Statements from child `at` on; each LET puts its names in sight of those after it. */
static int walk_statements(struct walk *w, const struct gr_node *block, int at, const struct sight *sight) {
  if (at >= block->count) return RT_OK;
  const struct gr_node *node = block->child[at];
  int status = check_behind(w, block, at);
  if (status) return status;
  if (node->kind == GR_LET) {
    bool slot = w->in_head && node->count == 2 && cc_is_slot(node->child[0]->text);
    status = slot ? walk_slot(w, node, sight) : walk_expression(w, node->child[node->count - 1], sight);
    if (status) return status;
    struct sight bound[16];
    int names = node->count - 1;
    if (names > 16) return gr_fail(w->error, node->span, "at most 16 names can be bound at once");
    for (int i = 0; i < names; i++)
      bound[i] = (struct sight){i ? &bound[i - 1] : sight, node->child[i]->text, NULL};
    return walk_statements(w, block, at + 1, &bound[names - 1]);
  }
  if (node->kind == GR_FOR) {
    struct sight variable = {sight, node->text, NULL};
    status = walk_expression(w, node->child[0], sight);
    if (!status) status = walk_block(w, node->child[1], &variable);
  } else if (node->kind == GR_IF) {
    status = walk_expression(w, node->child[0], sight);
    if (!status) status = walk_block(w, node->child[1], sight);
    if (!status && node->count > 2 && node->child[2]) {
      struct gr_node only = *node;
      only.count = 1;
      only.child = &node->child[2];
      status = node->child[2]->kind == GR_IF ? walk_statements(w, &only, 0, sight)
                                             : walk_block(w, node->child[2], sight);
    }
  } else {
    status = walk_children(w, node, sight, 0);
  }
  /* Names bound in a branch or loop stay in sight behind it; that a name is bound on the way taken is seen
   * when the body is elaborated. */
  struct sight after = {sight, NULL, node};
  return status ? status : walk_statements(w, block, at + 1, &after);
}

static int walk_block(struct walk *w, const struct gr_node *block, const struct sight *sight) {
  return walk_statements(w, block, 0, sight);
}

/* Dims that the signature binds: every plain name in a shape that is not a dim of the file. */
static int walk_signature(struct walk *w, const struct gr_node *definition, const struct gr_node *params,
                          int at, const struct sight *sight);

static int walk_type(struct walk *w, const struct gr_node *definition, const struct gr_node *params, int at,
                     const struct gr_node *type, int axis, const struct sight *sight) {
  const struct gr_node *shape = type->child[0];
  int total = shape->count + 1;
  for (; axis < total; axis++) {
    const struct gr_node *e = axis < shape->count ? shape->child[axis]
                              : type->count > 1   ? type->child[1]
                                                  : NULL;
    if (!e || (e->kind != GR_NAME && e->kind != GR_STAR) || in_sight(sight, e->text)) continue;
    const struct cc_definition *d = cc_find(w->program, w->unit, e->text);
    if (d && d->node->kind == GR_DIM) continue;
    struct sight bound = {sight, e->text, NULL};
    return walk_type(w, definition, params, at, type, axis + 1, &bound);
  }
  return walk_signature(w, definition, params, at + 1, sight);
}

static int walk_body(struct walk *w, const struct gr_node *definition, const struct sight *sight) {
  const struct gr_node *type = definition->kind == GR_MODEL ? NULL : definition->child[1];
  w->in_head = definition->kind == GR_HEAD;
  if (type && type->kind == GR_TYPE) {
    int status = walk_children(w, type->child[0], sight, 0);
    if (status) return status;
  }
  w->body = definition->child[2];
  int status = walk_block(w, w->body, sight);
  w->body = NULL;
  return status;
}

static int walk_signature(struct walk *w, const struct gr_node *definition, const struct gr_node *params,
                          int at, const struct sight *sight) {
  if (at >= params->count) return walk_body(w, definition, sight);
  const struct gr_node *param = params->child[at];
  for (int k = 0; k < at; k++)
    if (!strcmp(params->child[k]->text, param->text))
      return gr_fail(w->error, param->name_span, "two arguments are called `%s`", param->text);
  const struct gr_node *type = param->count > 0 ? param->child[0] : NULL,
                       *value = param->count > 1 ? param->child[1] : NULL;
  if (value) {
    int status = walk_expression(w, value, sight);
    if (status) return status;
  }
  struct sight bound = {sight, param->text, NULL};
  if (type) return walk_type(w, definition, params, at, type, 0, &bound);
  return walk_signature(w, definition, params, at + 1, &bound);
}

static const struct gr_node *find_return(const struct gr_node *block) {
  const struct gr_node *found = block->kind == GR_RETURN ? block : NULL;
  bool is_block = block->kind == GR_BLOCK || block->kind == GR_FOR || block->kind == GR_IF;
  for (int i = 0; is_block && i < block->count && !found; i++)
    if (block->child[i]) found = find_return(block->child[i]);
  return found;
}

/* A slot is one formula for the whole head: it does not stand in a loop or a branch. */
static int check_nested_slots(struct walk *w, const struct gr_node *block, const char *within) {
  for (int i = 0; i < block->count; i++) {
    const struct gr_node *node = block->child[i],
                         *name = node && node->kind == GR_LET ? node->child[0] : NULL;
    if (!node) continue;
    if (within && name && cc_is_slot(name->text)) {
      bool tensor =
          !strcmp(name->text, "query") || !strcmp(name->text, "key") || !strcmp(name->text, "value");
      gr_fail(w->error, name->span, "the slot `%s` cannot stand inside `%s`", name->text, within);
      if (tensor)
        rt_hint(w->error, "compute it under another name in the `%s`, say x, and write `%s = x` behind it",
                within, name->text);
      else if (!strcmp(within, "if"))
        rt_hint(w->error,
                "write the choice into the formula, as in mask = where(D > 2, abs(i - j) <= 2, true); "
                "or make two heads and choose between them");
      else
        rt_hint(w->error, "a function may hold the loop: score = f(s), where f runs it");
      return w->error->code;
    }
    const char *inner = node->kind == GR_IF ? "if" : node->kind == GR_FOR ? "for" : within;
    bool is_block = node->kind == GR_IF || node->kind == GR_FOR || node->kind == GR_BLOCK;
    int status = is_block ? check_nested_slots(w, node, inner) : RT_OK;
    if (status) return status;
  }
  return RT_OK;
}

static int check_slots(struct walk *w, const struct gr_node *head) {
  int status = check_nested_slots(w, head->child[2], NULL);
  if (status) return status;
  bool seen[RT_COUNT(slot_names)] = {false};
  const struct gr_node *block = head->child[2];
  for (int i = 0; i < block->count; i++) {
    const struct gr_node *let = block->child[i];
    if (let->kind != GR_LET) continue;
    for (size_t k = 0; k < RT_COUNT(slot_names); k++) {
      if (strcmp(let->child[0]->text, slot_names[k])) continue;
      if (seen[k])
        return gr_fail(w->error, let->child[0]->span, "the slot `%s` is filled twice", slot_names[k]);
      seen[k] = true;
    }
  }
  const struct gr_node *result = find_return(block);
  if (result)
    return gr_fail(w->error, result->span, "a head has no return: its result is the weighted sum of `value`");
  for (size_t k = 0; k < 3; k++)
    if (!seen[k]) {
      const char initial[] = {slot_names[k][0], '\0'};
      gr_fail(w->error, head->name_span, "the head `%s` lacks the slot `%s`", head->text, slot_names[k]);
      if (binds(block, initial)) rt_hint(w->error, "did you mean `%s` for `%s`?", slot_names[k], initial);
      rt_hint(w->error, "every head says `query = …`, `key = …` and `value = …`; score, mask, norm and drop "
                        "may be left out");
      return w->error->code;
    }
  return RT_OK;
}

static struct cc_definition *definition_of(const struct cc_unit *unit, const struct gr_node *node) {
  for (size_t i = 0; i < unit->definition_count; i++)
    if (unit->definition[i].node == node) return &unit->definition[i];
  return NULL;
}

static int walk_item(struct walk *w, const struct gr_node *node) {
  if (node->kind == GR_DIM) return walk_expression(w, node->child[0], NULL);
  for (int i = 0; node->kind == GR_DATA && i < node->count; i++) {
    int status = cc_check_column(w->error, node->child[i]);
    if (status) return status;
  }
  if (node->kind == GR_EXTERN)
    return gr_no_extern(w->error, (struct gr_span){node->span.source, node->span.begin,
                                                   node->span.begin + (uint32_t)strlen("extern")});
  if (node->kind == GR_HEAD) {
    int status = check_slots(w, node);
    if (status) return status;
  }
  if (node->kind == GR_FN || node->kind == GR_HEAD) return walk_signature(w, node, node->child[0], 0, NULL);
  if (node->kind == GR_MODEL) {
    w->data = cc_item(w->unit, GR_DATA);
    int status = walk_signature(w, node, node->child[0], 0, NULL);
    w->data = NULL;
    return status;
  }
  return RT_OK;
}

/* Goes on from a definition along its uses until one leads back to what the search has come through: then
 * that, and *where it goes there. */
static struct cc_definition *find_circle(struct cc_definition *start, const struct gr_node **where) {
  start->visited = CC_OPEN;
  for (struct cc_definition *d = start; d;) {
    d->followed = d->followed ? d->followed->next : d->uses;
    if (!d->followed) {
      d->visited = CC_DONE;
      d = d->user;
      continue;
    }
    struct cc_definition *to = d->followed->to;
    if (to->visited == CC_OPEN) {
      *where = to->followed->where;
      return to;
    }
    if (to->visited == CC_DONE) continue;
    to->visited = CC_OPEN;
    to->user = d;
    d = to;
  }
  return NULL;
}

/* Bodies are inlined: a definition that is reached from its own body would never end. */
static int check_recursion(struct walk *w, struct cc_definition *d) {
  const struct gr_node *where;
  struct cc_definition *found = d->visited == CC_UNVISITED ? find_circle(d, &where) : NULL;
  if (!found) return RT_OK;
  gr_fail(w->error, where->span, "`%s` calls itself", found->name);
  rt_hint(w->error, "functions are unrolled into one program and so cannot recurse; a repetition over layers "
                    "is `for l in 0..L { … }`");
  return w->error->code;
}

int cc_check_names(struct cc_program *program, struct rt_error *error) {
  for (size_t u = 0; u < program->unit_count; u++) {
    struct walk w = {.program = program, .unit = program->unit[u], .error = error};
    const struct gr_node *root = w.unit->file->root;
    for (int i = 0; i < root->count; i++) {
      w.in_head = w.in_slot = false;
      w.user = definition_of(w.unit, root->child[i]);
      int status = walk_item(&w, root->child[i]);
      if (status) return status;
    }
  }
  for (size_t u = 0; u < program->unit_count; u++)
    for (size_t i = 0; i < program->unit[u]->definition_count; i++) {
      struct walk w = {.program = program, .unit = program->unit[u], .error = error};
      int status = check_recursion(&w, &program->unit[u]->definition[i]);
      if (status) return status;
    }
  return RT_OK;
}
