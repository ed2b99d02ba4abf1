/* aq_extern.h: what a shared library exports so that programs of aq may call its functions. C11 and C++.
 *
 * A program declares
 *
 *     extern fn blur(x: [T, D], width: number) -> [T, D] from "./libblur.so" with gradient blur_grad
 *
 * and the library has
 *
 *     static const char *blur_f32(const float *x, double width, float *y, int64_t T, int64_t D);
 *     AQ_EXTERN(blur, AQ_FUNCTION, "(x: [T, D], width: number) -> [T, D]", blur_f32, blur_f64)
 *
 * A function is called once for each example. It is given, in this order:
 *   - its arguments: a pointer to the numbers of the example, row after row, for a tensor; a double for a
 *     number; an int64_t for a whole number,
 *   - where the result goes,
 *   - each size that has a name, once, as int64_t: the axes and the ranges (`of V`), in the order in which
 *     the names first stand in the signature.
 *
 * The numbers of tensors are float in the one function and double in the other; either function may be NULL.
 * Whole numbers (`ids: [T] of V`) are int32_t from 0 to below V, or less than 0 for none.
 *
 * The gradient is a function of its own, and has the signature of the function that it belongs to:
 *
 *     static const char *blur_grad_f32(const float *x, double width, const float *y, const float *dy,
 *                                      float *dx, double *dwidth, int64_t T, int64_t D);
 *     AQ_EXTERN(blur_grad, AQ_GRADIENT, "(x: [T, D], width: number) -> [T, D]", blur_grad_f32, blur_grad_f64)
 *
 * It is given the arguments, the result, and what the result receives (dy); then where to write what each
 * argument of real numbers receives, in their order, and last the sizes. All of it is to be written.
 *
 * Where the signature has numbers alone, as in "(x: number) -> number", the function is applied element by
 * element. It is then called on arrays of count numbers, float or double as above, of all examples at once:
 *
 *     const char *erf_f32(int64_t count, const float *x, float *y);
 *     const char *erf_grad_f32(int64_t count, const float *x, const float *y, const float *dy, float *dx);
 *
 * With AQ_FUNCTION | AQ_BATCH, or AQ_GRADIENT | AQ_BATCH, a function is called once for the whole batch
 * instead, with the number of examples first and tensors as aq_extern_tensor, without sizes behind them:
 *
 *     const char *blur_f32(int64_t examples, const aq_extern_tensor *x, double width, aq_extern_tensor *y);
 *
 * and so are its results: what a number receives is a tensor without axes. A number is then one for all
 * examples. What is computed for an example must not depend on the others.
 *
 * A function returns NULL, or a text that says what was wrong, which is shown with the place in the program
 * and the example. It must be pure: the same numbers for the same arguments, and nothing else that anybody
 * could see. It may be called more often or less often than it is written, and from several threads at a
 * time.
 */
#ifndef AQ_EXTERN_H
#define AQ_EXTERN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { AQ_EXTERN_VERSION = 1 }; /* of what stands here */

enum aq_extern_kind { AQ_FUNCTION = 0, AQ_GRADIENT = 1, AQ_BATCH = 16 };

/* A tensor of all examples of a batch, one example behind the other. */
typedef struct aq_extern_tensor {
  size_t size;                /* of this struct */
  void *data;                 /* float, double or int32_t */
  int64_t rank;               /* how many axes an example has */
  int64_t examples;           /* 1: it is one for all of them */
  const int64_t *extent;      /* [rank] size of each axis; of one that differs between examples the sum */
  const int64_t *const *each; /* [rank] the size in each example, or NULL where all have the same */
  /* [examples + 1] where each example begins, in elements, and where the last one ends. NULL: all have the
   * same size, and so they begin at multiples of it. */
  const int64_t *offset;
  int64_t range; /* of whole numbers: they are below this */
} aq_extern_tensor;

/* The size of an axis in an example, and the element that the example begins with. */
static inline int64_t aq_extern_size(const aq_extern_tensor *t, int64_t axis, int64_t example) {
  return t->each[axis] ? t->each[axis][example] : t->extent[axis];
}
static inline int64_t aq_extern_begin(const aq_extern_tensor *t, int64_t example) {
  int64_t count = t->examples > 1 ? example : 0;
  if (t->offset) return t->offset[example];
  for (int64_t a = 0; a < t->rank; a++) count *= t->extent[a];
  return count;
}

typedef void aq_extern_code(void); /* stands for a function of any type */

typedef struct aq_extern_descriptor {
  size_t size; /* of this struct */
  int version; /* AQ_EXTERN_VERSION */
  int kind;    /* enum aq_extern_kind */
  const char *name, *signature;
  aq_extern_code *f32, *f64; /* NULL: not for numbers of this kind */
} aq_extern_descriptor;

#ifdef __cplusplus
}
#define AQ_EXTERN_LINKAGE extern "C"
#define AQ_EXTERN_CODE(function) reinterpret_cast<aq_extern_code *>(function)
#define AQ_EXTERN_KIND(kind) static_cast<int>(kind)
#else
#define AQ_EXTERN_LINKAGE extern
#define AQ_EXTERN_CODE(function) ((aq_extern_code *)(function))
#define AQ_EXTERN_KIND(kind) ((int)(kind))
#endif

/* Exports a function under a name, as the symbol aq_extern_fn_NAME. f32 and f64: functions, or 0 for none. */
#define AQ_EXTERN(name, kind, signature, f32, f64)                                                           \
  AQ_EXTERN_LINKAGE __attribute__((visibility("default"))) const aq_extern_descriptor aq_extern_fn_##name;   \
  const aq_extern_descriptor aq_extern_fn_##name = {                                                         \
      sizeof(aq_extern_descriptor), AQ_EXTERN_VERSION,  AQ_EXTERN_KIND(kind), #name, signature,              \
      AQ_EXTERN_CODE(f32),          AQ_EXTERN_CODE(f64)};

#endif
