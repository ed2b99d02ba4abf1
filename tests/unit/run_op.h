/* run_op.h: runs one kernel, and sees to it that it uses no more scratch than it asked for. */
#ifndef AQ_TESTS_UNIT_RUN_OP_H
#define AQ_TESTS_UNIT_RUN_OP_H

#include "runtime/ops.h"
#include "runtime/threads.h"

enum { RUN_OP_BEYOND = 1 << 16, RUN_OP_MARK = 0xA5 };

static inline void run_op_scratch(void *context, int64_t task, void *scratch) {
  (void)task;
  *(unsigned char **)context = scratch;
}

static inline void run_op(enum rt_op op, enum rt_precision precision, enum rt_isa of,
                          const struct rt_call *call) {
  rt_scratch *scratch = rt_scratch_of(op, precision, of);
  size_t bytes = scratch ? scratch(call) : 0;
  unsigned char *beyond; /* the bytes of scratch that are the caller's no more */
  assert_int_equal(rt_pool_reserve(call->pool, bytes + RUN_OP_BEYOND, NULL), RT_OK);
  rt_parallel(call->pool, 1, run_op_scratch, &beyond);
  beyond += bytes;
  memset(beyond, RUN_OP_MARK, RUN_OP_BEYOND);
  rt_kernel_of(op, precision, of)(call);
  for (size_t k = 0; k < RUN_OP_BEYOND; k++)
    if (beyond[k] != RUN_OP_MARK)
      fail_msg("%s asks for %zu bytes of scratch and writes byte %zu", rt_op_info[op].name, bytes,
               bytes + k + 1);
}

#endif
