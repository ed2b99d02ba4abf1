/* ops.h: the op list as data, and the kernels bound to it. */
#ifndef AQ_RUNTIME_OPS_H
#define AQ_RUNTIME_OPS_H

#include "runtime/tensor.h"

enum rt_op {
#define LANE1(name, written, expression, ...) OP_##name,
#define LANE2(name, written, expression, ...) OP_##name,
#define LANE3(name, written, expression, ...) OP_##name,
#define OP(name, written, signature, attributes, flags, doc) OP_##name,
#include "runtime/ops.def"
  OP_COUNT
};

enum rt_op_flag {
  RT_LANE = 1 << 0,    /* element by element; set for the LANE rows */
  RT_NOGRAD = 1 << 1,  /* no gradient rule: constant, or itself made by one */
  RT_RANDOM = 1 << 2,  /* draws numbers */
  RT_FREE = 1 << 3,    /* needs no code: an alias or a leaf */
  RT_CHECKED = 1 << 4, /* has a check beyond its signature (vm/signature_ops.c) */
  RT_SLOT = 1 << 5,    /* found in the slots of heads alone */
  RT_NESTED = 1 << 6,  /* no kernel: the machine runs another function in it, of the module or a native one */
  RT_MULTIPLIES =
      1 << 7, /* multiplies and adds once for each combination of the axes that its signature names */
  RT_ROWWISE =
      1 << 8, /* each row of the result is made of the same row of one argument, and of others whole */
  RT_ROUNDED = 1 << 9,       /* the result is surely rounded, such as a score; never a count */
  RT_CARRIES = 1 << 10,      /* the result is rounded when an argument is */
  RT_CHEAP = 1 << 11,        /* computed again rather than kept for the gradient */
  RT_WHOLE = 1 << 12,        /* whole numbers, truths or their quotients of whole numbers */
  RT_TRUTH = 1 << 13,        /* 1 or 0 */
  RT_GROWS = 1 << 14,        /* of whole numbers, larger ones; without it no larger than an operand */
  RT_COMMUTES = 1 << 15,     /* op(a, b) is op(b, a), bit for bit */
  RT_CHOOSES = 1 << 16,      /* no gradient flows to what it does not take */
  RT_LOGIC = 1 << 17,        /* its range may be known when that of an operand is not */
  RT_PLAN = 1 << 18,         /* attribute 0 is the number of a head's plan */
  RT_FUNCTION = 1 << 19,     /* programs call it as a function of x; a row op also takes an axis */
  RT_STEEP = 1 << 20,        /* its slope may be infinite where its value is not */
  RT_ROW_GRADIENT = 1 << 21, /* each element of its gradient is made of the whole row of dy */
  RT_SIMPLER = 1 << 22,      /* may be said more simply (compiler/ir/simplify*.c) */
  RT_SAME = 1 << 23,         /* of one argument that has the result's type, it is that argument */
  RT_VIEW = 1 << 24,         /* shows the memory of its argument */
  RT_LEAF = 1 << 25,         /* lies in memory of its own before anything runs */
  RT_COUNTS = 1 << 26,       /* whole numbers made of sizes: finite */
  RT_ABSORBED = 1 << 27,     /* lane programs read it without memory: a number, or a repetition */
  RT_REST_ONE = 1 << 28,     /* drawn numbers are 1 when nothing is trained; those of others 0 */
  RT_NUMBERS = 1 << 29, /* of a number that is known it is a number too, as in sqrt(D): a shape may use it */
  RT_SIZED = 1 << 30    /* has a check when sizes are known (vm/machine_check.c) */
};

struct rt_op_info {
  const char *name, *written, *signature, *attributes,
      *doc; /* signature of a lane op: "either a:[*s] either b:[*s] -> [*s]" */
  int flags;
  int arity; /* for lane ops; -1: the signature says */
};
extern const struct rt_op_info rt_op_info[OP_COUNT];

static inline bool rt_is_lane(enum rt_op op) { return rt_op_info[op].flags & RT_LANE; }
/* A truth about numbers, not about truths. */
static inline bool rt_compares(enum rt_op op) {
  return (rt_op_info[op].flags & (RT_TRUTH | RT_LOGIC)) == RT_TRUTH;
}
static inline bool rt_has_plan(enum rt_op op) { return rt_op_info[op].flags & RT_PLAN; }

/* BF16 is F32 but for matrix products, which round their operands (rt_call.rounds). */
enum rt_precision { RT_F32, RT_F64, RT_BF16 };
/* The type that numbers are kept in: RT_F32 or RT_F64. */
static inline enum rt_precision rt_kept_in(enum rt_precision p) { return p == RT_F64 ? RT_F64 : RT_F32; }
enum rt_isa { RT_BASE, RT_AVX2, RT_AVX512, RT_ISA_COUNT };
enum rt_isa rt_best_isa(void); /* by CPUID; AQ_ISA=base|avx2|avx512 in the environment lowers it */
const char *rt_isa_name(enum rt_isa isa);
bool rt_multiplies_bf16(void); /* has the processor AVX-512 BF16? The avx512 kernels use it then */
const char *rt_precision_name(enum rt_precision precision); /* f32, f64, bf16 */

/* The kernel of an op, NULL for FREE and NESTED ops and for the lane ops, which run as lane programs. */
rt_kernel *rt_kernel_of(enum rt_op op, enum rt_precision precision, enum rt_isa isa);

/* The ops whose kernels use scratch (runtime/threads.h). Beside such a kernel stands a function that says how
 * many bytes of it each worker needs for a call of these sizes; it does not read data. */
#define RT_EACH_SCRATCH(macro)                                                                               \
  macro(assign) macro(attention) macro(attention_grad) macro(attention_weights) macro(convolve)              \
      macro(convolve_back) macro(convolve_grad) macro(ctc_nll) macro(ctc_grad) macro(lanes) macro(matmul)    \
          macro(project) macro(project_back) macro(project_grad) macro(threshold)
typedef size_t rt_scratch(const struct rt_call *call);
rt_scratch *rt_scratch_of(enum rt_op op, enum rt_precision precision, enum rt_isa isa); /* NULL: uses none */

#endif
