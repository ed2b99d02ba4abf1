/* special.c: the error function of the C library, for aq to apply element by element.
 *
 *     cc -O2 -shared -fPIC -o libspecial.so special.c -lm
 *
 * Its signature has numbers alone, so it is called on arrays: of all elements of all examples at once. */
#include <aq_extern.h>
#include <math.h>

#define SLOPE 1.1283791670955126 /* 2 / sqrt(pi) */

#define ERF(real, erf_of, exp_of)                                                                            \
  static const char *erf_##real(int64_t count, const real *x, real *y) {                                     \
    for (int64_t k = 0; k < count; k++) y[k] = erf_of(x[k]);                                                 \
    return NULL;                                                                                             \
  }                                                                                                          \
  static const char *erf_grad_##real(int64_t count, const real *x, const real *y, const real *dy,            \
                                     real *dx) {                                                             \
    (void)y;                                                                                                 \
    for (int64_t k = 0; k < count; k++) dx[k] = dy[k] * (real)SLOPE * exp_of(-x[k] * x[k]);                  \
    return NULL;                                                                                             \
  }
ERF(float, erff, expf)
ERF(double, erf, exp)

AQ_EXTERN(error_function, AQ_FUNCTION, "(x: number) -> number", erf_float, erf_double)
AQ_EXTERN(error_gradient, AQ_GRADIENT, "(x: number) -> number", erf_grad_float, erf_grad_double)
