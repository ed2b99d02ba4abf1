/* profile.c: notes how long things take. */
#include "libaq/profile/profile.h"

#include <string.h>

#include "runtime/lent_pool.h"
#include "runtime/limits.h"
#include "vm/work.h"

enum { MOST_SPANS = 10000000 };

/* ---- the handle ---- */

int aq_profile_new(size_t spans, aq_profile **profile) {
  if (!profile) return AQ_USAGE;
  struct aq_profile *p = *profile = rt_zalloc(1, sizeof *p);
  if (!p) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&p->message);
  atomic_store(&p->users, 1);
  if (spans > MOST_SPANS)
    return rt_fail(error, RT_USAGE, "a profile keeps at most %d pieces of work, not %zu", MOST_SPANS, spans);
  if (!spans) return RT_OK;
  p->span = rt_arena_alloc(&p->arena, spans * sizeof *p->span);
  p->vm.span = rt_arena_alloc(&p->arena, spans * sizeof *p->vm.span);
  p->vm.watch.span = rt_arena_alloc(&p->arena, spans * sizeof *p->vm.watch.span);
  if (!p->span || !p->vm.span || !p->vm.watch.span) return rt_no_memory(error);
  p->span_room = p->vm.span_room = p->vm.watch.span_room = (int64_t)spans;
  return RT_OK;
}

void aq_profile_free(aq_profile *profile) {
  if (!profile || atomic_fetch_sub(&profile->users, 1) > 1) return;
  rt_arena_free(&profile->arena);
  rt_free(profile);
}

const aq_message *aq_profile_message(const aq_profile *profile) {
  return profile ? lib_view((struct lib_message *)&profile->message) : lib_nothing();
}

struct aq_profile *lib_profile_share(struct aq_profile *profile) {
  if (profile) atomic_fetch_add(&profile->users, 1);
  return profile;
}

/* ---- what is profiled ---- */

static const char *keep(struct aq_profile *p, const char *text) {
  return text ? rt_arena_strndup(&p->arena, text, strlen(text)) : "";
}

static int note_op(struct aq_profile *p, const struct vm_module *module, const struct vm_instr *instr) {
  struct profile_op *op = &p->op[p->op_count++];
  *op = (struct profile_op){.op = rt_op_info[instr->op].name, .value = "", .file = "", .source = ""};
  if (instr->line == UINT32_MAX) return RT_OK;
  const struct vm_line *line = &module->line[instr->line];
  op->value = keep(p, line->name);
  op->file = keep(p, line->file);
  op->source = keep(p, line->text);
  op->line = line->line;
  return op->value && op->file && op->source ? RT_OK : RT_NO_MEMORY;
}

int lib_profile_begin(struct aq_profile *p, struct vm_machine *machine, const struct vm_module *module,
                      enum rt_precision precision, struct rt_pool *pool, struct rt_error *error) {
  if (!p) return RT_OK;
  if (p->op) {
    rt_fail(error, RT_USAGE, "the profile is of another training or run already");
    rt_hint(error, "make a new one with aq_profile_new");
    return RT_USAGE;
  }
  const struct vm_function *f = vm_machine_function(machine);
  p->op = rt_arena_alloc(&p->arena, (f->instr_count + 1u) * sizeof *p->op);
  p->vm.op = rt_arena_alloc(&p->arena, (f->instr_count + 1u) * sizeof *p->vm.op);
  int status = p->op && p->vm.op ? RT_OK : RT_NO_MEMORY;
  for (uint32_t n = 0; n < f->instr_count && status == RT_OK; n++) status = note_op(p, module, &f->instr[n]);
  if (status != RT_OK) return rt_no_memory(error);
  p->began = rt_clock();
  p->precision = precision;
  p->threads = rt_pool_threads(pool);
  p->shared = rt_pool_is_lent(pool);
  rt_pool_watched(pool, &p->vm.watch);
  vm_machine_profile(machine, &p->vm);
  return RT_OK;
}

void lib_profile_ran(struct aq_profile *p, const struct vm_machine *machine, int64_t examples) {
  if (!p) return;
  p->runs++;
  p->examples += examples;
  for (uint32_t n = 0; n < p->op_count; n++) {
    p->op[n].flops += vm_machine_flops(machine, n);
    p->op[n].traffic += vm_machine_traffic(machine, n);
  }
}

void lib_profile_end(struct aq_profile *p, struct vm_machine *machine, struct rt_pool *pool) {
  if (!p) return;
  if (machine) vm_machine_profile(machine, NULL);
  if (pool) rt_pool_watched(pool, NULL);
}

void lib_profile_part(struct aq_profile *p, enum profile_part part, struct profile_time from) {
  if (!p) return;
  const struct profile_time now = lib_profile_now(p);
  p->part[part].time += now.time - from.time;
  p->part[part].together += now.together - from.together;
  p->part[part].busy += now.busy - from.busy;
  if (p->span_count < p->span_room)
    p->span[p->span_count++] = (struct profile_span){from.time, now.time, part};
}
