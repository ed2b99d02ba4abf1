/* profile.h: what the files of profiles share. */
#ifndef AQ_LIBAQ_PROFILE_H
#define AQ_LIBAQ_PROFILE_H

#include "libaq/internal.h"
#include "runtime/limits.h"
#include "vm/op_times.h"

/* The parts of a training, and how people read them; a run has `run` alone. */
#define PROFILE_PARTS(PART)                                                                                  \
  PART(feed, "batches put together")                                                                         \
  PART(run, "forwards and backwards")                                                                        \
  PART(update, "optimizer")                                                                                  \
  PART(validate, "validation")                                                                               \
  PART(save, "saving")
#define PROFILE_PART(name, words) PROFILE_##name,
enum profile_part { PROFILE_PARTS(PROFILE_PART) PROFILE_PART_COUNT };
#undef PROFILE_PART

struct profile_time {
  int64_t time, together, busy; /* as in vm_op_time */
};

/* An instruction, so that it can be shown when the module is gone. Texts are in the arena. */
struct profile_op {
  const char *op, *value, *file, *source; /* value: its path, "sentiment.query"; "" where there is none */
  uint32_t line;
  double flops, traffic; /* of all runs */
};

/* A piece of work between instructions. */
struct profile_span {
  int64_t from, to;
  enum profile_part part;
};

struct aq_profile {
  struct lib_message message;
  atomic_int users; /* the host, until it frees it, and who has been given it */
  struct vm_profile vm;
  struct profile_op *op;
  uint32_t op_count;
  struct profile_time part[PROFILE_PART_COUNT];
  struct profile_span *span;
  int64_t span_room, span_count;
  int64_t began, runs, examples;
  int64_t whole; /* of aq_trainer_run, or of all runs */
  int threads;
  bool shared; /* the threads are a pool's that is shared */
  enum rt_precision precision;
  double product_rate; /* flop/s of a plain product on one of that many threads; 0: not measured yet */
  struct rt_arena arena;
};

/* ---- who is profiled (profile.c); all of them take NULL, for no profile ---- */

/* One user more, who calls aq_profile_free in the end. */
struct aq_profile *lib_profile_share(struct aq_profile *profile);
/* Begins with that machine, whose pool has so many threads. RT_USAGE: it has been used before. */
int lib_profile_begin(struct aq_profile *profile, struct vm_machine *machine, const struct vm_module *module,
                      enum rt_precision precision, struct rt_pool *pool, struct rt_error *error);
/* The machine has run once. */
void lib_profile_ran(struct aq_profile *profile, const struct vm_machine *machine, int64_t examples);
/* Its machine and pool end. */
void lib_profile_end(struct aq_profile *profile, struct vm_machine *machine, struct rt_pool *pool);

/* What was known when a part began. */
static inline struct profile_time lib_profile_now(const struct aq_profile *p) {
  if (!p) return (struct profile_time){0};
  return (struct profile_time){rt_clock(), p->vm.watch.together, atomic_load(&p->vm.watch.busy)};
}
/* The whole of a call. */
static inline void lib_profile_took(struct aq_profile *p, int64_t nanoseconds) {
  if (p) p->whole += nanoseconds;
}
/* It ends now. */
void lib_profile_part(struct aq_profile *profile, enum profile_part part, struct profile_time from);

/* "validation" */
const char *profile_part_words(enum profile_part part);
/* flop/s of a plain product on one of `threads` threads that all compute one (product_rate.c); 0: not known
 */
double profile_product_rate(int threads, enum rt_precision precision);

#endif
