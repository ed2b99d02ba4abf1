/* explain.h: what explain_model.c and explain_heads.c share. */
#ifndef AQ_LIBAQ_EXPLAIN_H
#define AQ_LIBAQ_EXPLAIN_H

#include "libaq/internal.h"
#include "libaq/shown/shown_tree.h"

struct cost {
  const struct vm_function *function;
  int64_t examples;
  size_t bytes;    /* of memory for intermediate values, for that many examples */
  double flops;    /* per example */
  const char *way; /* for which batches, where there are two ways to train; else NULL */
};

/* What a head costs for one example of the given length. */
struct explain_head {
  const struct attend_plan *plan; /* NULL: materialised */
  double flops;                   /* as if no pair were masked */
  int64_t tiles, skipped;         /* of all its heads; skipped: tiles in which the mask hides every pair */
  bool at_least;                  /* too many tiles to look at all: more may be skipped */
  int64_t queries, keys, heads;
};

struct explanation {
  const struct vm_module *program;
  const char *source;       /* the program as the model keeps it, or NULL */
  struct vm_module *module; /* the program with all sizes known: where there are no data, they are assumed */
  struct vm_module sized;
  int64_t length;
  uint32_t members;    /* of an ensemble; 1: it is none */
  bool *assumed;       /* [symbols] */
  int64_t *size;       /* [symbols] of the example that is counted */
  struct cost cost[2]; /* predict and train */
  int cost_count;
  struct explain_head *head; /* [module->head_count] */
  aq_shown *shown;
};

/* explain_heads.c */
/* Fills x->head from a function that is bound to one example. RT_OK or RT_NO_MEMORY. */
int explain_count_heads(struct explanation *x, const struct vm_machine *machine, const struct vm_function *f,
                        struct rt_error *error);
int explain_heads(struct explanation *x, struct rt_error *error);
void explain_training(struct explanation *x);            /* explain_training.c */
void explain_given(aq_shown *shown, const char *source); /* explain_given.c; source: as a model keeps it */
void explain_writing(struct explanation *x); /* explain_writing.c: of a model that continues a text */
void explain_natives(struct explanation *x); /* explain_natives.c: native functions that it calls */

#endif
