/* op_table.c: the op list as tables, and the choice of kernels. */
#include "runtime/ops.h"
#include "runtime/isa.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

const struct rt_op_info rt_op_info[OP_COUNT] = {
#define LANE1(name, written, expression, slope, range, flags, doc)                                           \
  {#name, written, "x:[*s] -> [*s]", "", doc, RT_LANE | (flags), 1},
#define LANE2(name, written, expression, slope_a, slope_b, range, flags, doc)                                \
  {#name, written, "either a:[*s] either b:[*s] -> [*s]", "", doc, RT_LANE | (flags), 2},
#define LANE3(name, written, expression, slope_a, slope_b, slope_c, range, flags, doc)                       \
  {#name, written, "either a:[*s] either b:[*s] either c:[*s] -> [*s]", "", doc, RT_LANE | (flags), 3},
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  {#name, written, signature, attributes, doc, flags, -1},
#include "runtime/ops.def"
};

/* ---- kernels ---- */

#define DECLARE(name, type, isa) rt_kernel rt_##name##_##type##_##isa;
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  RT_EACH_ISA(DECLARE, name, f32) RT_EACH_ISA(DECLARE, name, f64)
#include "runtime/ops.def"

/* The condition is constant: an op without a kernel needs no symbol, and any other op does not link without
 * one. */
#define UNLESS_FREE(name, type, isa) ((RT_FREE | RT_NESTED) & IS(name)) ? NULL : rt_##name##_##type##_##isa,
#define BASE(name, type, isa) rt_##name##_##type##_base,
#define IS(name) flags_of_##name
enum {
#define OP(name, written, signature, attributes, flags, doc) IS(name) = flags,
#include "runtime/ops.def"
};

static rt_kernel *const kernels[OP_COUNT][2][RT_ISA_COUNT] = {
#define LANE1(name, written, expression, ...) {{NULL}}, /* lane ops run as lane programs */
#define LANE2(name, written, expression, ...) {{NULL}},
#define LANE3(name, written, expression, ...) {{NULL}},
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  {{RT_EACH_ISA(UNLESS_FREE, name, f32)}, {RT_EACH_ISA(UNLESS_FREE, name, f64)}},
#define MOVE(name, ...) {{RT_EACH_ISA(BASE, name, f32)}, {RT_EACH_ISA(BASE, name, f64)}},
#include "runtime/ops.def"
};

rt_kernel *rt_kernel_of(enum rt_op op, enum rt_precision precision, enum rt_isa isa) {
  return kernels[op][rt_kept_in(precision)][RT_X86_KERNELS ? isa : RT_BASE];
}

#define DECLARE_SCRATCH(name, type, isa) rt_scratch rt_##name##_scratch_##type##_##isa;
#define SCRATCH(name, type, isa) rt_##name##_scratch_##type##_##isa,
#define DECLARE_BOTH(name) RT_EACH_ISA(DECLARE_SCRATCH, name, f32) RT_EACH_ISA(DECLARE_SCRATCH, name, f64)
#define BOTH(name) [OP_##name] = {{RT_EACH_ISA(SCRATCH, name, f32)}, {RT_EACH_ISA(SCRATCH, name, f64)}},
RT_EACH_SCRATCH(DECLARE_BOTH)

static rt_scratch *const scratches[OP_COUNT][2][RT_ISA_COUNT] = {RT_EACH_SCRATCH(BOTH)};

rt_scratch *rt_scratch_of(enum rt_op op, enum rt_precision precision, enum rt_isa isa) {
  return scratches[op][rt_kept_in(precision)][RT_X86_KERNELS ? isa : RT_BASE];
}

/* ---- instruction sets ---- */

#if defined __aarch64__
#define BASE_NAME "base (NEON)"
#else
#define BASE_NAME "base"
#endif
static const char *const isa_name[RT_ISA_COUNT] = {BASE_NAME, "avx2", "avx512"};

const char *rt_precision_name(enum rt_precision precision) {
  static const char *const name[] = {"f32", "f64", "bf16"};
  return name[precision];
}

const char *rt_isa_name(enum rt_isa isa) { return isa_name[isa]; }

/* The builtin asks CPUID, and XGETBV whether the system saves the registers. */
static enum rt_isa isa_of_processor(void) {
#if RT_X86_KERNELS
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
                && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return avx2 && avx512 ? RT_AVX512 : avx2 ? RT_AVX2 : RT_BASE;
#else
  return RT_BASE;
#endif
}

bool rt_multiplies_bf16(void) {
#if RT_X86_KERNELS
  return isa_of_processor() == RT_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

enum rt_isa rt_best_isa(void) {
  enum rt_isa best = isa_of_processor();
  const char *wanted = getenv("AQ_ISA");
  for (int isa = 0; wanted && isa < (int)best; isa++)
    if (strcmp(wanted, isa_name[isa]) == 0) best = (enum rt_isa)isa;
  return best;
}
