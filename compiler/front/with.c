/* with.c: `with { … }` behind a call, and which heads it is for: the head that is called, or those that the
 * function calls, through whatever else. What is said nearer to the head lies within what is said further
 * off.
 */
#include <string.h>

#include "compiler/front/head.h"

/* A place where a head is called, seen from the call that has the `with`: the calls on the way, outermost
 * first. All rounds of a loop are one place. */
struct cc_site {
  struct cc_site *next;
  int count;
  struct step {
    const struct gr_node *call;
    const char *bound; /* to what its result is bound, or NULL */
    const char *name;  /* of what is called */
  } step[];
};

/* ---- where a head is ---- */

static int steps_between(const struct cc_frame *head, const struct cc_frame *with) {
  int count = 0;
  for (; head != with; head = head->parent) count++;
  return count;
}

static bool is_same_site(const struct cc_site *site, const struct cc_frame *head,
                         const struct cc_frame *with) {
  int k = site->count;
  for (; head != with && k > 0 && site->step[k - 1].call == head->call; head = head->parent) k--;
  return k == 0 && head == with;
}

static struct cc_site *find_site(struct cc_context *c, struct cc_frame *with) {
  struct cc_site **last = &with->with->site;
  for (; *last; last = &(*last)->next)
    if (is_same_site(*last, c->frame, with)) return *last;
  int count = steps_between(c->frame, with);
  struct cc_site *site = rt_arena_alloc(&c->model->arena, sizeof *site + (size_t)count * sizeof *site->step);
  if (!site) return NULL;
  site->next = NULL;
  site->count = count;
  for (const struct cc_frame *f = c->frame; f != with; f = f->parent)
    site->step[--count] = (struct step){f->call, f->bound, f->definition->name};
  return *last = site;
}

static bool is_called(const struct step *step, const char *name) {
  return (step->bound && !strcmp(step->bound, name)) || !strcmp(step->name, name);
}

/* layer.self.mask: are `layer` and `self` on the way, in that order? */
static bool is_meant(const struct cc_site *site, const struct gr_node *slot) {
  int named = 0, names = slot->count - 1;
  for (int k = 0; k < site->count && named < names; k++)
    named += is_called(&site->step[k], slot->child[named]->text);
  return named == names;
}

/* ---- what it says ---- */

static int twice(struct cc_context *c, const struct gr_node *first, const struct gr_node *second) {
  gr_fail(c->error, second->span, "the slot `%s` of one head is filled twice", second->text);
  gr_note(c->error, first->span, "it is filled here already");
  return c->error->code;
}

/* Lays what the `with` of a frame says around what is said within. */
static int lay_one(struct cc_context *c, struct cc_frame *frame, struct cc_slots *slots) {
  struct cc_with *with = frame->with;
  const struct gr_node *filled[CC_SLOTS] = {NULL};
  struct cc_site *site = find_site(c, frame);
  if (!site) return cc_out_of_memory(c);
  for (int i = 0; i < with->node->count; i++) {
    const struct gr_node *slot = with->node->child[i];
    int number = cc_slot_number(slot->text);
    if (!is_meant(site, slot)) continue;
    if (slot->count == 1 && with->filled[i] && with->filled[i] != site) {
      with->unclear = with->unclear ? with->unclear : slot;
      continue;
    }
    if (filled[number]) return twice(c, filled[number], slot);
    struct cc_slot_source *source = rt_arena_alloc(&c->model->arena, sizeof *source);
    if (!source) return cc_out_of_memory(c);
    *source = (struct cc_slot_source){slot, with->caller.scope, with->caller.unit, slots->source[number]};
    slots->source[number] = source;
    filled[number] = slot;
    with->filled[i] = site;
  }
  return RT_OK;
}

int cc_lay_around(struct cc_context *c, struct cc_slots *slots) {
  int status = RT_OK;
  struct cc_frame *frame = c->frame;
  do {
    if (frame->with) status = lay_one(c, frame, slots);
    frame = frame->parent;
  } while (status == RT_OK && frame && frame->definition->node->kind != GR_HEAD);
  return status;
}

/* ---- the call that it stands behind ---- */

int cc_begin_with(struct cc_context *c, struct cc_frame *frame, const struct gr_node *node,
                  struct cc_caller caller) {
  struct rt_arena *a = &c->model->arena;
  struct cc_with *with = rt_arena_alloc(a, sizeof *with);
  const struct cc_site **filled = rt_arena_alloc(a, sizeof *filled * (size_t)node->count);
  if (!with || !filled) return cc_out_of_memory(c);
  memset(filled, 0, sizeof *filled * (size_t)node->count);
  *with = (struct cc_with){.node = node, .caller = caller, .filled = filled};
  frame->with = with;
  return RT_OK;
}

static bool is_on_the_way(const struct cc_site *site, const char *name) {
  bool found = false;
  for (int k = 0; k < site->count; k++) found |= is_called(&site->step[k], name);
  return found;
}

static bool is_unique(const struct cc_with *with, const struct cc_site *site, const char *name) {
  bool unique = name != NULL;
  for (const struct cc_site *other = with->site; other && unique; other = other->next)
    unique = other == site || !is_on_the_way(other, name);
  return unique;
}

/* How a `with` may name the site: by one name that no other has, or by all. */
static void put_site(struct rt_text *out, const struct cc_with *with, const struct cc_site *site) {
  for (int k = 0; k < site->count; k++) {
    const struct step *step = &site->step[k];
    const char *name = is_unique(with, site, step->bound) ? step->bound : step->name;
    if (!is_unique(with, site, name)) continue;
    rt_text_puts(out, name);
    return;
  }
  for (int k = 0; k < site->count; k++)
    rt_text_printf(out, "%s%s", k ? "." : "", site->step[k].bound ? site->step[k].bound : site->step[k].name);
}

/* "self.mask or cross.mask"; in the arena. */
static const char *all_sites(struct cc_context *c, const struct cc_with *with, const char *slot,
                             const char *last) {
  struct rt_text out = {0};
  for (const struct cc_site *site = with->site; site; site = site->next) {
    rt_text_puts(&out, site == with->site ? "" : site->next ? ", " : last);
    put_site(&out, with, site);
    rt_text_printf(&out, ".%s", slot);
  }
  return cc_keep_text(c, &out, "…");
}

static int no_head(struct cc_context *c, const struct cc_definition *d, const struct gr_node *with) {
  gr_fail(c->error, with->span, "`with` fills the slots of a head, and `%s` calls none here", d->name);
  gr_note(c->error, d->node->name_span, "declared here");
  rt_hint(c->error, "a head is written `head NAME(…) { query = … key = … value = … }`");
  return c->error->code;
}

static int unclear(struct cc_context *c, const struct cc_definition *d, const struct cc_with *with) {
  gr_fail(c->error, with->unclear->span, "`%s` calls several heads: which one is `%s` for?", d->name,
          with->unclear->text);
  rt_hint(c->error, "name it: %s; the name of a function or head means all calls of it",
          all_sites(c, with, with->unclear->text, " or "));
  return c->error->code;
}

static int no_such(struct cc_context *c, const struct cc_definition *d, const struct cc_with *with,
                   const struct gr_node *slot) {
  struct gr_span names = slot->child[0]->span;
  names.end = slot->child[slot->count - 2]->span.end;
  gr_fail(c->error, names, "`%s` calls no head that is named so", d->name);
  if (with->site->next)
    rt_hint(c->error, "its heads have %s", all_sites(c, with, slot->text, " and "));
  else
    rt_hint(c->error, "it calls one head, which needs no name: `%s = …`", slot->text);
  return c->error->code;
}

int cc_end_with(struct cc_context *c, const struct cc_frame *frame) {
  const struct cc_with *with = frame->with;
  const struct cc_definition *d = frame->definition;
  if (!with) return RT_OK;
  if (!with->site) return no_head(c, d, with->node);
  if (with->unclear) return unclear(c, d, with);
  for (int i = 0; i < with->node->count; i++)
    if (!with->filled[i]) return no_such(c, d, with, with->node->child[i]);
  return RT_OK;
}
