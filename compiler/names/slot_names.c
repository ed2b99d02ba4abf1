/* slot_names.c: the slots of a head by name: which there are, which it has, and what is nearly one. */
#include <string.h>

#include "compiler/names/names.h"
#include "grammar/source.h"

static void no_such_slot(struct cc_walk *w, const struct gr_node *name) {
  struct rt_error *error = cc_wrong(w);
  const char *nearest = cc_nearest_slot(name->text);
  gr_fail(error, name->name_span, "a head has no slot called `%s`", name->text);
  rt_hint(error,
          nearest ? "did you mean `%s`?" : "the slots are query, key, value, score, mask, norm and drop",
          nearest);
}

/* self.mask and cross.mask are two. */
static bool is_same_slot(const struct gr_node *a, const struct gr_node *b) {
  bool same = a->count == b->count && !strcmp(a->text, b->text);
  for (int k = 0; same && k < a->count - 1; k++) same = !strcmp(a->child[k]->text, b->child[k]->text);
  return same;
}

void cc_check_with(struct cc_walk *w, const struct gr_node *with) {
  for (int i = 0; i < with->count; i++) {
    const struct gr_node *slot = with->child[i];
    bool known = cc_is_slot(slot->text);
    if (!known) no_such_slot(w, slot);
    for (int k = 0; k < i && known; k++) {
      if (!is_same_slot(with->child[k], slot)) continue;
      struct rt_error *error = cc_wrong(w);
      gr_fail(error, slot->name_span, "the slot `%s` is filled twice", slot->text);
      gr_note(error, with->child[k]->name_span, "it is filled here already");
    }
  }
}

static const char *meaning_of(const char *name) {
  switch (name[0]) {
    case 's': return name[1] ? "what the head itself says for it" : "the product of query and key";
    case 'i': return "the position of the query";
    case 'j': return "the position of the key";
    case 'h': return "the number of the head";
    default: return cc_slot_number(name) <= CC_VALUE ? "the head's own" : "what the head itself says for it";
  }
}

/* head[H] f(x, h) { score = s * h }: the argument would be passed over. */
void cc_check_one_meaning(struct cc_walk *w, const struct gr_node *node, const struct cc_seen *seen) {
  const struct cc_definition *d = seen ? NULL : cc_find(w->program, w->unit, node->text);
  bool called = w->call && w->call->child[0] == node;
  bool meant = d && !d->unit->is_stdlib && (called || cc_is_value(d));
  const struct gr_node *other = seen ? seen->node : meant ? d->node : NULL;
  if (!other) return;
  struct rt_error *error = cc_wrong(w);
  gr_fail(error, node->span, "`%s` has two meanings here: %s it is %s, and around that it is something else",
          node->text, cc_is_slot(node->text) ? "behind `with`" : "in a slot", meaning_of(node->text));
  gr_note(error, other->name_span, "this is `%s` too", node->text);
  rt_hint(error, "give the other one another name");
}

/* ---- the body of a head ---- */

static const struct gr_node *find_return(const struct gr_node *block) {
  const struct gr_node *found = block->kind == GR_RETURN ? block : NULL;
  bool is_block = block->kind == GR_BLOCK || block->kind == GR_FOR || block->kind == GR_IF;
  for (int i = 0; is_block && i < block->count && !found; i++)
    if (block->child[i]) found = find_return(block->child[i]);
  return found;
}

/* The name in a head's body that is nearest to a slot, and that nothing uses. */
static const struct gr_node *meant_as(const struct cc_walk *w, const char *slot) {
  struct rt_nearest nearest = {slot, NULL, 0};
  const struct gr_node *found = NULL;
  for (size_t k = 0; k < w->sight.count; k++) {
    const struct cc_seen *seen = &w->sight.seen[k];
    const char *before = nearest.best;
    if (seen->kind != CC_SEEN_BINDING || seen->used || seen->name[0] == '_' || cc_is_slot(seen->name))
      continue;
    rt_nearest_consider(&nearest, seen->name);
    if (nearest.best != before) found = seen->node;
  }
  return found;
}

static void lacks_slot(struct cc_walk *w, const struct gr_node *head, const char *slot) {
  const char initial[] = {slot[0], '\0'};
  const struct gr_node *meant = meant_as(w, slot);
  struct rt_error *error = cc_wrong(w);
  gr_fail(error, meant ? meant->span : head->name_span, "the head `%s` lacks the slot `%s`", head->text,
          slot);
  if (meant)
    rt_hint(error, "did you mean `%s` for `%s`?", slot, meant->text);
  else if (cc_binds(head->child[2], initial))
    rt_hint(error, "did you mean `%s` for `%s`?", slot, initial);
  rt_hint(error, "every head says `query = …`, `key = …` and `value = …`; score, mask, norm and drop may be "
                 "left out");
}

/* The slot that is a letter away, or begins the name, as `drop` does `dropout`. Names further off may be
 * meant as they are. */
static const char *almost_slot(const char *name) {
  const char *nearest = cc_nearest_slot(name);
  for (size_t k = 0; k < CC_SLOTS; k++) {
    size_t length = strlen(cc_slot_names[k]), rest = strlen(name) - length;
    if (!strncmp(name, cc_slot_names[k], length) && length > 3 && rest <= 3) return cc_slot_names[k];
  }
  return nearest && rt_edit_distance(name, nearest) == 1 ? nearest : NULL;
}

/* A binding that nothing uses and whose name is nearly a slot's: `drops = 10%` would do nothing. */
static void refuse_almost_slots(struct cc_walk *w) {
  for (size_t k = 0; k < w->sight.count; k++) {
    const struct cc_seen *seen = &w->sight.seen[k];
    if (seen->kind != CC_SEEN_BINDING || seen->used || seen->name[0] == '_' || cc_is_slot(seen->name))
      continue;
    const char *slot = almost_slot(seen->name);
    if (!slot) continue;
    struct rt_error *error = cc_wrong(w);
    gr_fail(error, seen->node->span, "a head has no slot called `%s`, and nothing uses that name",
            seen->name);
    rt_hint(error, "did you mean `%s`?", slot);
  }
}

/* A slot is one formula for the whole head: it does not stand in a loop or a branch. */
static void check_nested_slots(struct cc_walk *w, const struct gr_node *block, const char *within) {
  for (int i = 0; i < block->count; i++) {
    const struct gr_node *node = block->child[i],
                         *name = node && node->kind == GR_LET ? node->child[0] : NULL;
    if (!node) continue;
    if (within && name && cc_is_slot(name->text)) {
      bool tensor =
          !strcmp(name->text, "query") || !strcmp(name->text, "key") || !strcmp(name->text, "value");
      struct rt_error *error = cc_wrong(w);
      gr_fail(error, name->span, "the slot `%s` cannot stand inside `%s`", name->text, within);
      if (tensor)
        rt_hint(error, "compute it under another name in the `%s`, say x, and write `%s = x` behind it",
                within, name->text);
      else if (!strcmp(within, "if"))
        rt_hint(error, "write the choice into the formula, as in mask = where(D > 2, abs(i - j) <= 2, true); "
                       "or make two heads and choose between them");
      else
        rt_hint(error, "a function may hold the loop: score = f(s), where f runs it");
    }
    const char *inner = node->kind == GR_IF ? "if" : node->kind == GR_FOR ? "for" : within;
    if (node->kind == GR_IF || node->kind == GR_FOR || node->kind == GR_BLOCK)
      check_nested_slots(w, node, inner);
  }
}

void cc_check_slots(struct cc_walk *w, const struct gr_node *head) {
  bool seen[CC_SLOTS] = {false};
  const struct gr_node *block = head->child[2], *result = find_return(block);
  check_nested_slots(w, block, NULL);
  for (int i = 0; i < block->count; i++) {
    const struct gr_node *let = block->child[i];
    for (size_t k = 0; let->kind == GR_LET && k < CC_SLOTS; k++) {
      if (strcmp(let->child[0]->text, cc_slot_names[k]) != 0) continue;
      if (seen[k])
        gr_fail(cc_wrong(w), let->child[0]->span, "the slot `%s` is filled twice", cc_slot_names[k]);
      seen[k] = true;
    }
  }
  if (result)
    gr_fail(cc_wrong(w), result->span, "a head has no return: its result is the weighted sum of `value`");
  for (size_t k = 0; k < 3; k++) {
    if (seen[k]) continue;
    lacks_slot(w, head, cc_slot_names[k]);
    return;
  }
  refuse_almost_slots(w);
}
