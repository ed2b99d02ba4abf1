/* names.c: every name in the program means something. Walks all bodies once, also those that nothing calls.
 */
#include <string.h>

#include "compiler/front/elaborate.h"
#include "compiler/names/names.h"
#include "compiler/source/foreign.h"
#include "vm/target.h"

/* The message of an error, to be filled. A definition is told one: the next might be a consequence. */
static int walk_expression(struct cc_walk *w, const struct gr_node *node);
static int walk_block(struct cc_walk *w, const struct gr_node *block);

static bool is_known(const struct cc_walk *w, const char *name) {
  return cc_builtin_find(name)
         || (w->user && w->user->node->kind == GR_MODEL && rt_map_find(&w->data_dim, name));
}

static int walk_children(struct cc_walk *w, const struct gr_node *node, int from) {
  int status = RT_OK;
  for (int i = from; i < node->count && status == RT_OK; i++)
    if (node->child[i]) status = walk_expression(w, node->child[i]);
  return status;
}

/* The formula of a slot. Those of score, mask, norm and drop are written in terms of s, i, j, h. */
static int walk_slot(struct cc_walk *w, const char *name, const struct gr_node *right) {
  bool was = w->in_slot;
  w->in_slot = cc_slot_number(name) > CC_VALUE;
  int status = walk_expression(w, right);
  w->in_slot = was;
  return status;
}

static int walk_with(struct cc_walk *w, const struct gr_node *with) {
  const struct cc_with_slot *was = w->with_slot;
  int status = RT_OK;
  cc_check_with(w, with);
  for (int i = 0; i < with->count && status == RT_OK; i++) {
    const struct gr_node *slot = with->child[i];
    const struct cc_with_slot here = {slot->text, was};
    w->with_slot = &here;
    status = walk_slot(w, slot->text, slot->child[slot->count - 1]);
  }
  w->with_slot = was;
  return status;
}

/* What a slot gives a meaning to: s, i, j and h, and behind `with` the slot itself and the head's query, key
 * and value. */
static bool is_of_slot(const struct cc_walk *w, const char *name) {
  if (w->in_slot && cc_is_slot_variable(name)) return true;
  int number = w->with_slot ? cc_slot_number(name) : -1;
  bool found = number >= 0 && number <= CC_VALUE;
  for (const struct cc_with_slot *in = w->with_slot; number >= 0 && in && !found; in = in->outer)
    found = !strcmp(in->name, name);
  return found;
}

/* Of two imported files that define a name none comes first. */
static bool is_ambiguous(struct cc_walk *w, const struct gr_node *node, const struct cc_definition *d) {
  const struct cc_definition *other = d;
  for (size_t i = 0; d->unit != w->unit && !d->unit->is_stdlib && i < w->unit->import_count; i++) {
    const struct cc_definition *found =
        w->unit->import[i].as ? NULL : cc_own_definition(w->unit->import[i].unit, node->text);
    if (found) other = found;
  }
  if (other == d) return false;
  struct rt_error *error = cc_wrong(w);
  gr_fail(error, node->span, "`%s` is defined in %s and in %s", node->text, d->unit->path, other->unit->path);
  gr_note(error, d->node->name_span, "in one");
  gr_note(error, other->node->name_span, "in the other");
  rt_hint(error, "`import \"FILE.aq\" as NAME` makes NAME.%s of one of them", node->text);
  return true;
}

/* Notes which definition a body names. */
static int use(struct cc_walk *w, const struct gr_node *node, struct cc_definition *d) {
  if (node->kind == GR_NAME && is_ambiguous(w, node, d)) return RT_OK;
  d->used = true;
  for (size_t i = 0; d->unit != w->unit && !d->unit->is_stdlib && i < w->unit->import_count; i++)
    w->unit->import[i].used |= w->unit->import[i].unit == d->unit;
  if (!w->user) return RT_OK;
  struct cc_use *use = rt_arena_alloc(&w->program->arena, sizeof *use);
  if (!use) return RT_NO_MEMORY;
  *use = (struct cc_use){node, d, w->in_settings, w->user->uses};
  w->user->uses = use;
  return RT_OK;
}

/* Does a return within this name a result, and if not NULL so? */
static bool labels(const struct gr_node *node, const char *name) {
  bool found = node->kind == GR_ARG && node->text && (!name || !strcmp(node->text, name));
  bool inner =
      node->kind == GR_RETURN || node->kind == GR_BLOCK || node->kind == GR_FOR || node->kind == GR_IF;
  for (int i = 0; inner && i < node->count && !found; i++)
    found = node->child[i] && labels(node->child[i], name);
  return found;
}

/* r.z and f(x).z, where some function returns z = … or other results with names: whether r has a z shows when
 * it is elaborated. What other systems write so, as x.T, is told now. */
static bool is_result(struct cc_walk *w, const struct gr_node *node) {
  const struct gr_node *base = node->child[0];
  const char *name =
      cc_foreign_find(node->text) || cc_find(w->program, w->unit, node->text) ? node->text : NULL;
  if (base->kind == GR_MEMBER || (base->kind == GR_NAME && !cc_sight_find(&w->sight, base->text)))
    return false;
  for (size_t u = 0; u < w->program->unit_count; u++) {
    const struct cc_unit *unit = w->program->unit[u];
    for (size_t i = 0; i < unit->definition_count; i++) {
      const struct gr_node *fn = unit->definition[i].node;
      if (fn && fn->kind == GR_FN && fn->count > 2 && labels(fn->child[2], name)) return true;
    }
  }
  return false;
}

static int walk_member(struct cc_walk *w, const struct gr_node *node) {
  const struct gr_node *base = node->child[0];
  if (is_result(w, node)) return walk_expression(w, base);
  struct cc_import *import = base->kind == GR_NAME ? cc_find_import(w->unit, base->text) : NULL;
  struct cc_definition *d = import ? cc_own_definition(import->unit, node->text) : NULL;
  if (import) import->used = true;
  if (d) return use(w, node, d);
  cc_unknown_member(w, node);
  return RT_OK;
}

static int walk_parameter(struct cc_walk *w, const struct gr_node *node) {
  int status = walk_expression(w, node->child[0]);
  w->in_initialiser = true;
  if (status == RT_OK) status = walk_children(w, node, 1);
  w->in_initialiser = false;
  return status;
}

/* What a nearer name hides is not named. */
static int walk_name(struct cc_walk *w, const struct gr_node *node) {
  const struct cc_seen *seen = cc_sight_use(&w->sight, node->text);
  if (is_of_slot(w, node->text) && !w->program->kept) {
    cc_check_one_meaning(w, node, seen);
    return RT_OK;
  }
  if (seen || is_of_slot(w, node->text)) return RT_OK;
  struct cc_definition *d = cc_find(w->program, w->unit, node->text);
  if (d && d->node->kind == GR_MODEL)
    gr_fail(cc_wrong(w), node->span, "a model is not called; what it shares with others belongs in a fn");
  else if (d)
    return use(w, node, d);
  if (!d && !is_known(w, node->text)) cc_unknown_name(w, node);
  return RT_OK;
}

/* "layer.{l}.weight" names l. */
static int walk_text(struct cc_walk *w, const struct gr_node *text) {
  int status = RT_OK;
  for (const char *open = strchr(text->text, '{'); open && status == RT_OK; open = strchr(open + 1, '{')) {
    const char *close = strchr(open, '}');
    char name[256];
    if (!close || (size_t)(close - open) > sizeof name) continue;
    memcpy(name, open + 1, (size_t)(close - open - 1));
    name[close - open - 1] = '\0';
    if (cc_sight_use(&w->sight, name)) continue;
    struct cc_definition *d = cc_find(w->program, w->unit, name);
    if (cc_is_value(d)) status = use(w, text, d);
  }
  return status;
}

static int walk_star(struct cc_walk *w, const struct gr_node *node) {
  if (!cc_sight_use(&w->sight, node->text))
    gr_fail(cc_wrong(w), node->span, "*%s is not bound by the signature", node->text);
  return RT_OK;
}

/* What is unknown is told of with what it is given. */
static int walk_call(struct cc_walk *w, const struct gr_node *node) {
  const struct gr_node *was = w->call;
  w->call = node;
  int status = walk_expression(w, node->child[0]);
  w->call = was;
  return status != RT_OK ? status : walk_children(w, node, 1);
}

/* [f(l) for l in 0..L] */
static int walk_each(struct cc_walk *w, const struct gr_node *node) {
  int status = walk_expression(w, node->child[0]);
  size_t variable = w->sight.count;
  if (status == RT_OK) status = cc_sight_bind(&w->sight, node->text, node, CC_SEEN_LOOP, true);
  if (status == RT_OK) status = walk_expression(w, node->child[1]);
  if (status == RT_OK) cc_sight_hide(&w->sight, variable);
  return status;
}

/* A block with a value, as of a slot: what it binds ends with it. */
static int walk_value_block(struct cc_walk *w, const struct gr_node *block) {
  size_t first = w->sight.count;
  const char *slot = w->slot;
  w->slot = NULL;
  w->value_blocks++;
  int status = walk_block(w, block);
  w->value_blocks--;
  w->slot = slot;
  for (size_t at = w->sight.count; status == RT_OK && at > first; at--) cc_sight_hide(&w->sight, at - 1);
  return status;
}

static int walk_expression(struct cc_walk *w, const struct gr_node *node) {
  switch (node->kind) {
    case GR_BLOCK: return walk_value_block(w, node);
    case GR_NAME: return walk_name(w, node);
    case GR_MEMBER: return walk_member(w, node);
    case GR_CALL: return walk_call(w, node);
    case GR_WITH: return walk_with(w, node);
    case GR_PARAMETER: return walk_parameter(w, node);
    case GR_STAR: return walk_star(w, node);
    case GR_EACH: return walk_each(w, node);
    case GR_STRING: return walk_text(w, node);
    default: return walk_children(w, node, 0);
  }
}

/* ---- statements ---- */

static int walk_let(struct cc_walk *w, const struct gr_node *node) {
  bool in_head = w->user->node->kind == GR_HEAD;
  if (node->count > 17) gr_fail(cc_wrong(w), node->span, "at most 16 names can be bound at once");
  bool slot = in_head && node->count == 2 && cc_is_slot(node->child[0]->text);
  for (int i = 0; w->value_blocks && i < node->count - 1; i++)
    if (cc_is_slot(node->child[i]->text) || cc_is_slot_variable(node->child[i]->text))
      gr_fail(cc_wrong(w), node->child[i]->span, "`%s` has a meaning in slots: give this another name",
              node->child[i]->text);
  w->slot = in_head ? node->child[0]->text : NULL;
  const struct gr_node *right = node->child[node->count - 1];
  int status = slot ? walk_slot(w, w->slot, right) : walk_expression(w, right);
  w->slot = NULL;
  for (int i = 0; i < node->count - 1 && status == RT_OK; i++)
    status = cc_sight_bind(&w->sight, node->child[i]->text, node->child[i], CC_SEEN_BINDING, w->branches > 0);
  return status;
}

/* Names bound in a branch or loop stay in sight after it. Whether the branch that binds them is the one
 * taken shows when the body is elaborated. */
static int walk_inner(struct cc_walk *w, const struct gr_node *block) {
  w->branches++;
  int status = walk_block(w, block);
  w->branches--;
  return status;
}

static int walk_for(struct cc_walk *w, const struct gr_node *node) {
  int status = walk_expression(w, node->child[0]);
  size_t variable = w->sight.count;
  uint64_t clock = w->sight.clock;
  if (status == RT_OK) status = cc_sight_bind(&w->sight, node->text, node, CC_SEEN_LOOP, true);
  if (status == RT_OK) status = walk_inner(w, node->child[1]);
  if (status != RT_OK) return status;
  cc_sight_end_loop(&w->sight, variable, clock);
  cc_sight_hide(&w->sight, variable);
  return RT_OK;
}

/* The chain `if … else if …` is followed here, however long it is. */
static int walk_if(struct cc_walk *w, const struct gr_node *node) {
  int status = RT_OK;
  while (node && node->kind == GR_IF && status == RT_OK) {
    status = walk_expression(w, node->child[0]);
    if (status == RT_OK) status = walk_inner(w, node->child[1]);
    node = node->count > 2 ? node->child[2] : NULL;
  }
  return node && status == RT_OK ? walk_inner(w, node) : status;
}

static int walk_statement(struct cc_walk *w, const struct gr_node *node) {
  switch (node->kind) {
    case GR_LET: return walk_let(w, node);
    case GR_FOR: return walk_for(w, node);
    case GR_IF: return walk_if(w, node);
    default: return walk_children(w, node, 0);
  }
}

/* What stands behind a return is never run. */
static void check_behind(struct cc_walk *w, const struct gr_node *block, int at) {
  if (block->child[at]->kind != GR_RETURN || at + 1 >= block->count) return;
  struct rt_error *error = cc_wrong(w);
  gr_fail(error, block->child[at + 1]->span, "this stands behind a return, and so it is never run");
  gr_note(error, block->child[at]->span, "what is returned");
}

static int walk_block(struct cc_walk *w, const struct gr_node *block) {
  int status = RT_OK;
  for (int i = 0; i < block->count && status == RT_OK; i++) {
    check_behind(w, block, i);
    status = walk_statement(w, block->child[i]);
  }
  return status;
}

/* ---- definitions ---- */

/* Every plain name in a type that is neither in sight nor a dim of the file is bound by it. */
static int bind_size(struct cc_walk *w, const struct gr_node *e) {
  if (cc_sight_use(&w->sight, e->text)) return RT_OK;
  struct cc_definition *d = cc_find(w->program, w->unit, e->text);
  if (cc_is_value(d)) return use(w, e, d);
  return cc_sight_bind(&w->sight, e->text, e, CC_SEEN_SIZE, false);
}

static bool is_column(const struct cc_walk *w, const char *name) {
  const struct gr_node *data = cc_item(w->unit, GR_DATA);
  for (int i = 0; data && i < data->count; i++)
    if (!strcmp(data->child[i]->text, name)) return true;
  return false;
}

/* `two` or `two.layer.w`, where `two` is the model, in its loss or settings. A column may be called like it.
 */
static bool names_model(struct cc_walk *w, const struct gr_node *e) {
  const struct gr_node *base = e;
  while (base->kind == GR_MEMBER) base = base->child[0];
  const struct gr_node *model = cc_item(w->unit, GR_MODEL);
  if (base->kind != GR_NAME || !model || strcmp(model->text, base->text) != 0) return false;
  if (is_column(w, base->text)) return true;
  struct rt_error *error = cc_wrong(w);
  const char *path = e->span.source->text + e->span.begin;
  int length = (int)(e->span.end - e->span.begin);
  gr_fail(error, e->span, "`%s` is the model, and not a value", base->text);
  if (e->kind == GR_MEMBER && w->in_settings)
    rt_hint(error, "the path of a parameter is a text: \"%.*s\"", length, path);
  else if (e->kind == GR_MEMBER && e->child[0]->kind == GR_MEMBER)
    rt_hint(error,
            "the loss sees what the body of the model gives a name, not what is made in functions that it "
            "calls: there write `%s = param[…]`, and `%s` here",
            e->text, e->text);
  else if (e->kind == GR_MEMBER)
    rt_hint(error, "the loss sees what the model has by the names that it has there: `%s`", e->text);
  return true;
}

/* Names within formulas, such as the D of [T, 4 * D], are looked up when the signature is matched; here they
 * are used. */
static int use_names(struct cc_walk *w, const struct gr_node *e) {
  if (e->kind == GR_MEMBER && e->child[0]->kind == GR_NAME && cc_find_import(w->unit, e->child[0]->text))
    return walk_member(w, e);
  if ((e->kind == GR_MEMBER || e->kind == GR_NAME) && names_model(w, e)) return RT_OK;
  int status = e->kind == GR_STRING ? walk_text(w, e) : RT_OK;
  if (e->kind == GR_NAME && !cc_sight_use(&w->sight, e->text)) {
    struct cc_definition *d = cc_find(w->program, w->unit, e->text);
    status = d ? use(w, e, d) : RT_OK;
  }
  for (int i = 0; i < e->count && status == RT_OK; i++)
    if (e->child[i]) status = use_names(w, e->child[i]);
  return status;
}

static int walk_type(struct cc_walk *w, const struct gr_node *type) {
  const struct gr_node *shape = type->child[0], *of = type->count > 1 ? type->child[1] : NULL;
  int status = RT_OK;
  for (int axis = 0; axis <= shape->count && status == RT_OK; axis++) {
    const struct gr_node *e = axis < shape->count ? shape->child[axis] : of;
    if (e) status = e->kind == GR_NAME || e->kind == GR_STAR ? bind_size(w, e) : use_names(w, e);
  }
  return status;
}

static int walk_param(struct cc_walk *w, const struct gr_node *param) {
  const struct gr_node *type = param->count > 0 ? param->child[0] : NULL,
                       *value = param->count > 1 ? param->child[1] : NULL;
  const struct cc_seen *before = cc_sight_find(&w->sight, param->text);
  if (before && before->kind == CC_SEEN_ARGUMENT)
    gr_fail(cc_wrong(w), param->name_span, "two arguments are called `%s`", param->text);
  int status = value ? walk_expression(w, value) : RT_OK;
  if (status == RT_OK) status = cc_sight_bind(&w->sight, param->text, param, CC_SEEN_ARGUMENT, false);
  return type && status == RT_OK ? walk_type(w, type) : status;
}

enum { ARGUMENTS_MAX = 1024 };

static int walk_function(struct cc_walk *w, const struct gr_node *definition) {
  const struct gr_node *params = definition->child[0],
                       *type = definition->kind == GR_MODEL ? NULL : definition->child[1];
  int status = RT_OK;
  if (params->count > ARGUMENTS_MAX)
    gr_fail(cc_wrong(w), params->child[ARGUMENTS_MAX]->name_span, "`%s` has more than %d arguments",
            definition->text, ARGUMENTS_MAX);
  for (int p = 0; p < params->count && status == RT_OK; p++) status = walk_param(w, params->child[p]);
  if (status == RT_OK && type && type->kind == GR_TYPE) status = walk_children(w, type->child[0], 0);
  if (status == RT_OK && type && type->kind == GR_TYPE && type->count > 1 && type->child[1])
    status = use_names(w, type->child[1]);
  if (status == RT_OK && definition->kind == GR_HEAD && definition->child[3])
    status = use_names(w, definition->child[3]);
  w->body = definition->child[2];
  if (status == RT_OK) status = walk_block(w, w->body);
  w->body = NULL;
  return status;
}

/* ---- all of it ---- */

/* What the model's data, loss and training settings name; they are looked up when it is elaborated. */
static int walk_objective(struct cc_walk *w) {
  const struct gr_node *data = cc_item(w->unit, GR_DATA), *loss = cc_item(w->unit, GR_LOSS),
                       *train = cc_item(w->unit, GR_TRAIN);
  int status = loss ? use_names(w, loss) : RT_OK;
  w->in_settings = true;
  if (status == RT_OK && train) status = use_names(w, train);
  w->in_settings = false;
  for (int i = 0; data && i < data->count && status == RT_OK; i++)
    for (int k = 1; k < data->child[i]->count && status == RT_OK; k++)
      if (data->child[i]->child[k]) status = use_names(w, data->child[i]->child[k]);
  return status;
}

/* Sizes of its arguments are bound as those of functions are; those of its result are known by then. */
static int walk_extern(struct cc_walk *w, const struct gr_node *node) {
  const struct gr_node *params = node->child[0], *result = node->child[1];
  int status = RT_OK;
  for (int p = 0; p < params->count && status == RT_OK; p++) status = walk_param(w, params->child[p]);
  if (status == RT_OK) status = walk_children(w, result->child[0], 0);
  return status == RT_OK && result->child[1] ? walk_expression(w, result->child[1]) : status;
}

static int walk_definition(struct cc_walk *w, struct cc_definition *d) {
  const struct gr_node *node = d->node;
  w->user = d;
  int status = cc_is_value(d)            ? walk_expression(w, node->child[0])
               : node->kind == GR_EXTERN ? walk_extern(w, node)
                                         : walk_function(w, node);
  if (status == RT_OK && node->kind == GR_HEAD) cc_check_slots(w, node);
  if (status == RT_OK && node->kind == GR_MODEL) status = walk_objective(w);
  /* Its data, loss or settings may be what could not be read. */
  if (node->kind == GR_MODEL) d->broken |= w->unit->file->fault_count > 0 || w->unit->data_broken;
  if (status == RT_OK && !d->broken && node->kind != GR_EXTERN)
    status = cc_note_unused(w->program, d, &w->sight);
  cc_sight_clear(&w->sight);
  w->user = NULL;
  return status;
}

static int check_columns(struct cc_walk *w, const struct gr_node *data) {
  int status = RT_OK;
  for (int i = 0; data && i < data->count && status == RT_OK; i++) {
    struct rt_error error = {0};
    if (cc_check_column(&error, data->child[i]) == RT_OK) continue;
    w->unit->data_broken = true;
    status = cc_report_copy(&w->program->diagnostics, &error);
  }
  return status;
}

static int walk_unit(struct cc_walk *w) {
  int status = check_columns(w, cc_item(w->unit, GR_DATA));
  for (size_t i = 0; i < w->unit->definition_count && status == RT_OK; i++)
    if (!w->unit->definition[i].item) status = walk_definition(w, &w->unit->definition[i]);
  return status;
}

/* The losses of programs that name none. The elaborator chooses one when it knows the targets. */
static void open_usual_losses(struct cc_walk *w) {
  for (int k = 0; k < VM_TARGETS && !cc_item(w->program->main, GR_LOSS); k++)
    cc_find_in_library(w->program, vm_targets[k].loss);
}

/* Of the library what the program names, and what that names in its turn. */
static int walk_library(struct cc_walk *w) {
  int status = RT_OK;
  if (cc_item(w->program->main, GR_MODEL)) open_usual_losses(w);
  for (struct cc_definition *d = w->program->first_opened; d && status == RT_OK; d = d->opened) {
    w->unit = d->unit;
    status = walk_definition(w, d);
  }
  return status;
}

/* The names of the data's dims: the T and V of words[T <= 128, V]. */
static int collect_data_dims(struct cc_walk *w, const struct gr_node *data) {
  for (int i = 0; data && i < data->count; i++) {
    const struct gr_node *shape = data->child[i]->child[1];
    for (int k = 0; shape && k < shape->count; k++) {
      const struct gr_node *axis = shape->child[k];
      if (axis->kind == GR_LIMIT) axis = axis->child[0];
      if (axis->kind == GR_NAME && rt_map_put(&w->data_dim, axis->text, 1)) return RT_NO_MEMORY;
    }
  }
  return RT_OK;
}

static int walk_replaced(struct cc_walk *w) {
  int status = RT_OK;
  w->unit = w->program->main;
  for (const struct cc_replaced *r = w->program->replaced; r && status == RT_OK; r = r->next)
    status = use_names(w, r->node);
  return status;
}

int cc_check_names(struct cc_program *program) {
  struct cc_walk w = {.program = program};
  int status = walk_replaced(&w);
  for (size_t u = 0; u < program->unit_count && status == RT_OK; u++) {
    w.unit = program->unit[u];
    rt_map_free(&w.data_dim);
    status = collect_data_dims(&w, cc_item(w.unit, GR_DATA));
    if (status == RT_OK) status = walk_unit(&w);
  }
  rt_map_free(&w.data_dim);
  if (status == RT_OK) status = walk_library(&w);
  cc_sight_free(&w.sight);
  if (status == RT_OK) cc_order_definitions(program);
  return program->diagnostics.failed ? RT_NO_MEMORY : status;
}
