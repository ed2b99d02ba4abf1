/* plan.c: the memory plan. One scan in the order of the instructions: a value takes a slot of its size that nothing needs any more. Sizes are compared as
 * symbols, so that the plan holds for every batch. */
#include "compiler/lower.h"

#include <string.h>

/* A slot and the size of what it holds. */
struct slot {
  vm_dim extent;
  uint8_t dtype, batched;
  uint32_t value;                        /* who has it, UINT32_MAX: nobody */
};

struct plan {
  struct slot *slot;
  size_t count, capacity;
};

static bool fits(const struct slot *s, const struct ir_live *v)
{
  return s->value == UINT32_MAX && s->extent == v->extent && s->dtype == v->dtype && s->batched == v->batched;
}

/* What was last read before instruction `now` is over. Outputs never lie over inputs: what is read by `now` itself is not. */
static void release(struct plan *p, const struct ir_live *value, uint32_t now)
{
  for (size_t k = 0; k < p->count; k++)
    if (p->slot[k].value != UINT32_MAX && value[p->slot[k].value].to < now)
      p->slot[k].value = UINT32_MAX;
}

static int take(struct plan *p, struct ir_live *value, uint32_t n)
{
  struct ir_live *v = &value[n];
  size_t k = 0;
  if (v->over != UINT32_MAX && p->slot[value[v->over].slot].value == v->over)
    k = value[v->over].slot;
  else
    while (k < p->count && !fits(&p->slot[k], v))
      k++;
  if (k == p->count) {
    if (rt_grow((void **)&p->slot, &p->capacity, p->count + 1, sizeof *p->slot) != RT_OK)
      return RT_NO_MEMORY;
    p->slot[p->count++] = (struct slot){ v->extent, v->dtype, v->batched, UINT32_MAX };
  }
  p->slot[k].value = n;
  v->slot = (uint32_t)k;
  return RT_OK;
}

int ir_plan(struct ir_live *value, uint32_t count, uint32_t *slot_count, struct rt_error *error)
{
  struct plan p = {0};
  int status = RT_OK;
  for (uint32_t n = 0; n < count && status == RT_OK; n++) {
    if (n == 0 || value[n].from != value[n - 1].from)
      release(&p, value, value[n].from);
    status = take(&p, value, n);
  }
  *slot_count = (uint32_t)p.count;
  rt_free(p.slot);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}
