/* plan.c: the memory plan. One scan in the order of the instructions: a value takes a slot of its size that
 * nothing needs any more. Sizes are compared as symbols, so that the plan holds for every batch. */
#include "compiler/back/lower.h"

#include <string.h>

enum { NONE = UINT32_MAX };

struct plan {
  struct ir_live *value;
  uint32_t *owner;                /* by slot: the value that has or had it */
  uint32_t *vacant, vacant_count; /* slots nobody needs, latest last: likely still in the cache */
  uint32_t *ending;               /* by instruction: a value last read there; next_ending[value]: another */
  uint32_t *next_ending;
  uint32_t slot_count;
};

static bool same_size(const struct ir_live *a, const struct ir_live *b) {
  return a->extent == b->extent && a->dtype == b->dtype && a->batched == b->batched;
}

/* Frees the slots of values that instruction `at` read last, unless a result was written over them. */
static void release(struct plan *p, uint32_t at) {
  for (uint32_t n = p->ending[at]; n != NONE; n = p->next_ending[n])
    if (p->owner[p->value[n].slot] == n) p->vacant[p->vacant_count++] = p->value[n].slot;
}

static uint32_t take_vacant(struct plan *p, const struct ir_live *v) {
  for (uint32_t k = p->vacant_count; k-- > 0;) {
    uint32_t slot = p->vacant[k];
    if (!same_size(&p->value[p->owner[slot]], v)) continue;
    memmove(&p->vacant[k], &p->vacant[k + 1], (p->vacant_count - k - 1) * sizeof *p->vacant);
    p->vacant_count--;
    return slot;
  }
  return NONE;
}

static void take(struct plan *p, uint32_t n) {
  struct ir_live *v = &p->value[n];
  if (v->over != NONE && p->owner[p->value[v->over].slot] == v->over)
    v->slot = p->value[v->over].slot;
  else if ((v->slot = take_vacant(p, v)) == NONE)
    v->slot = p->slot_count++;
  p->owner[v->slot] = n;
  if (v->to == UINT32_MAX) return;
  p->next_ending[n] = p->ending[v->to];
  p->ending[v->to] = n;
}

/* An output never lies over an input of its instruction: what an instruction reads is free from the next
 * one on. */
static void scan(struct plan *p, uint32_t count) {
  uint32_t now = 0;
  for (uint32_t n = 0; n < count; n++) {
    for (; now < p->value[n].from; now++) release(p, now);
    take(p, n);
  }
}

int ir_plan(struct ir_live *value, uint32_t count, uint32_t *slot_count, struct rt_error *error) {
  struct plan p = {.value = value};
  uint32_t last = 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t end = value[n].to == UINT32_MAX ? value[n].from : value[n].to;
    last = end > last ? end : last;
  }
  p.owner = rt_zalloc(count, sizeof *p.owner);
  p.vacant = rt_zalloc(count, sizeof *p.vacant);
  p.next_ending = rt_zalloc(count, sizeof *p.next_ending);
  p.ending = rt_alloc(((size_t)last + 1) * sizeof *p.ending);
  bool ok = p.owner && p.vacant && p.next_ending && p.ending;
  if (ok) {
    memset(p.ending, 0xFF, ((size_t)last + 1) * sizeof *p.ending);
    scan(&p, count);
  }
  *slot_count = p.slot_count;
  rt_free(p.owner);
  rt_free(p.vacant);
  rt_free(p.next_ending);
  rt_free(p.ending);
  return ok ? RT_OK : rt_no_memory(error);
}
