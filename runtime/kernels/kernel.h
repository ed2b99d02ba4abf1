/* kernel.h: the first include of every file in kernels/.
 *
 * Each such file is compiled once for each precision and instruction set, with -DRT_REAL=float|double and
 * -DRT_ISA=base|avx2|avx512. `real` is the type of the numbers; KERNEL(name) is the external name of this
 * copy, e.g. rt_softmax_f32_avx2. RT_REAL is also a value of enum rt_dtype, so the macro ends here, before
 * other headers. */
#ifndef AQ_RUNTIME_KERNELS_KERNEL_H
#define AQ_RUNTIME_KERNELS_KERNEL_H

#ifndef RT_REAL /* for editors and static analysis */
#define RT_REAL float
#define RT_ISA base
#endif

#define RT_PASTE3_(a, b, c) rt_##a##_##b##_##c
#define RT_PASTE3(a, b, c) RT_PASTE3_(a, b, c)
#define RT_IS_DOUBLE_float 0
#define RT_IS_DOUBLE_double 1
#define RT_IS_DOUBLE_(type) RT_IS_DOUBLE_##type
#define RT_IS_DOUBLE(type) RT_IS_DOUBLE_(type)

#if RT_IS_DOUBLE(RT_REAL)
#define RT_DOUBLE 1
typedef double real;
#define KERNEL(name) RT_PASTE3(name, f64, RT_ISA)
#else
#define RT_DOUBLE 0
typedef float real;
#define KERNEL(name) RT_PASTE3(name, f32, RT_ISA)
#endif
#undef RT_REAL

/* Bytes of a vector register of this instruction set, and how many numbers it holds. */
#if defined(__AVX512F__)
#define RT_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define RT_VECTOR_BYTES 32
#else
#define RT_VECTOR_BYTES 16
#endif
#define RT_VECTOR (RT_VECTOR_BYTES / (int)sizeof(real))

#include "runtime/ops.h"

/* The kernels of the ops; a kernel file defines those it is about, runtime/op_table.c refers to all that are
 * not FREE. */
#define OP(name, written, signature, attributes, flags, doc) void KERNEL(name)(const struct rt_call *call);
#include "runtime/ops.def"

/* How much scratch those that use some need (rt_scratch_of); they stand beside the kernels. */
#define RT_SCRATCH(name) size_t KERNEL(name##_scratch)(const struct rt_call *call);
RT_EACH_SCRATCH(RT_SCRATCH)
#undef RT_SCRATCH

#endif
