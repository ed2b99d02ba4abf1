/* filter.c: a Gaussian blur along the first axis of a table of numbers, with its gradient.
 *
 *     cc -O2 -shared -fPIC -o libfilter.so filter.c -lm
 *
 * Row i of the result is a mean of all rows, in which row j counts exp(-((i - j) / width)^2 / 2). */
#include <aq_extern.h>
#include <math.h>

static double weight(int64_t i, int64_t j, double width) {
  double steps = (double)(i - j) / width;
  return exp(-steps * steps / 2);
}

static double total(int64_t i, int64_t T, double width) {
  double sum = 0;
  for (int64_t j = 0; j < T; j++) sum += weight(i, j, width);
  return sum;
}

/* The same for float and double. */
#define BLUR(real)                                                                                           \
  static const char *blur_##real(const real *x, double width, real *y, int64_t T, int64_t D) {               \
    if (!(width > 0)) return "the width of a blur must be above 0";                                          \
    for (int64_t k = 0; k < T * D; k++) y[k] = 0;                                                            \
    for (int64_t i = 0; i < T; i++) {                                                                        \
      double all = total(i, T, width);                                                                       \
      for (int64_t j = 0; j < T; j++) {                                                                      \
        real part = (real)(weight(i, j, width) / all);                                                       \
        for (int64_t d = 0; d < D; d++) y[i * D + d] += part * x[j * D + d];                                 \
      }                                                                                                      \
    }                                                                                                        \
    return NULL;                                                                                             \
  }                                                                                                          \
  /* y: the result; dy: what it receives. dx and dwidth are what x and width receive. */                     \
  static const char *blur_grad_##real(const real *x, double width, const real *y, const real *dy, real *dx,  \
                                      double *dwidth, int64_t T, int64_t D) {                                \
    *dwidth = 0;                                                                                             \
    for (int64_t k = 0; k < T * D; k++) dx[k] = 0;                                                           \
    for (int64_t i = 0; i < T; i++) {                                                                        \
      double all = total(i, T, width);                                                                       \
      for (int64_t j = 0; j < T; j++) {                                                                      \
        double part = weight(i, j, width) / all, far = (double)((i - j) * (i - j));                          \
        for (int64_t d = 0; d < D; d++) {                                                                    \
          double received = (double)dy[i * D + d];                                                           \
          dx[j * D + d] += (real)(part * received);                                                          \
          *dwidth +=                                                                                         \
              part * far / (width * width * width) * (double)(x[j * D + d] - y[i * D + d]) * received;       \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
    return NULL;                                                                                             \
  }
BLUR(float)
BLUR(double)

AQ_EXTERN(blur, AQ_FUNCTION, "(x: [T, D], width: number) -> [T, D]", blur_float, blur_double)
AQ_EXTERN(blur_grad, AQ_GRADIENT, "(x: [T, D], width: number) -> [T, D]", blur_grad_float, blur_grad_double)
