/* ops.h: the op list as data, and the kernels bound to it. */
#ifndef AQ_RUNTIME_OPS_H
#define AQ_RUNTIME_OPS_H

#include "runtime/tensor.h"

enum rt_op {
#define LANE1(name, expression, doc) OP_##name,
#define LANE2(name, expression, doc) OP_##name,
#define LANE3(name, expression, doc) OP_##name,
#define OP(name, signature, attributes, flags, doc) OP_##name,
#include "runtime/ops.def"
#undef LANE1
#undef LANE2
#undef LANE3
#undef OP
  OP_COUNT
};

enum rt_op_flag {
  RT_LANE = 1,
  RT_NOGRAD = 2,
  RT_RANDOM = 4,
  RT_FREE = 8,
  RT_SHARED = 16,
  RT_SLOT = 32,
  RT_NESTED = 64
};

struct rt_op_info {
  const char *name, *signature, *attributes, *doc; /* signature of a lane op: "a:[*s] b:[*s] -> [*s]" */
  int flags;
  int arity; /* for lane ops; -1: the signature says */
};
extern const struct rt_op_info rt_op_info[OP_COUNT];
int rt_op_find(const char *name); /* -1: no such op */

enum rt_precision { RT_F32, RT_F64 };
enum rt_isa { RT_BASE, RT_AVX2, RT_AVX512, RT_ISA_COUNT };
enum rt_isa rt_best_isa(void); /* by CPUID; AQ_ISA=base|avx2|avx512 in the environment lowers it */
const char *rt_isa_name(enum rt_isa isa);

/* The kernel of an op, NULL for FREE and NESTED ops and for the lane ops, which run as lane programs. */
rt_kernel *rt_kernel_of(enum rt_op op, enum rt_precision precision, enum rt_isa isa);

#endif
