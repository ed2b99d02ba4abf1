/* op_times.h: how long each instruction of a function takes. */
#ifndef AQ_VM_OP_TIMES_H
#define AQ_VM_OP_TIMES_H

#include "runtime/pool_watch.h"
#include "vm/machine.h"

/* Nanoseconds. */
struct vm_op_time {
  int64_t runs, time;
  int64_t together,
      busy; /* of that time, what threads could share; the sum over threads of what they worked */
};

/* One run of an instruction. */
struct vm_op_span {
  int64_t from, to; /* of rt_clock */
  uint32_t instr;
};

/* Owned by who profiles; zeroed but for the arrays and their sizes. */
struct vm_profile {
  struct vm_op_time *op;      /* [instructions of the function] */
  struct rt_pool_watch watch; /* of the machine's pool */
  struct vm_op_span *span;    /* [span_room] the first runs; NULL: none are kept */
  int64_t span_room, span_count;
};

/* From now on runs are added to the profile; NULL: no longer. The pool must be watched by its watch. */
void vm_machine_profile(struct vm_machine *machine, struct vm_profile *profile);

#endif
