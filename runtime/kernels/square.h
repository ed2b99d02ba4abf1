/* square.h: a square of numbers, transposed in registers. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_SQUARE_H
#define AQ_RUNTIME_KERNELS_SQUARE_H

#include <string.h>

#if __has_builtin(__builtin_shufflevector)
typedef real square_line __attribute__((vector_size(RT_VECTOR_BYTES)));

/* Numbers of two vectors in turn: of their first halves, of their second halves. */
#if RT_VECTOR_BYTES / (RT_DOUBLE ? 8 : 4) == 16
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define SQUARE_HIGH(a, b)                                                                                    \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif RT_VECTOR_BYTES / (RT_DOUBLE ? 8 : 4) == 8
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif RT_VECTOR_BYTES / (RT_DOUBLE ? 8 : 4) == 4
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

/* Transposes a square of RT_VECTOR x RT_VECTOR numbers in registers: shuffling rows k and k + half into each
 * other log2(RT_VECTOR) times moves the bits of the row number behind those of the column number. Rows from
 * `rows` on are 0. */
static inline void square_transpose(const real *from, int64_t from_stride, int64_t rows, real *to,
                                    int64_t to_stride) {
  square_line line[RT_VECTOR], next[RT_VECTOR];
#pragma GCC unroll 16
  for (int k = 0; k < RT_VECTOR; k++)
    if (k < rows)
      memcpy(&line[k], from + k * from_stride, sizeof line[k]);
    else
      line[k] = (square_line){0};
#pragma GCC unroll 4
  for (int half = 1; half < RT_VECTOR; half *= 2) {
#pragma GCC unroll 8
    for (int64_t k = 0; k < RT_VECTOR / 2; k++) {
      next[2 * k] = SQUARE_LOW(line[k], line[k + RT_VECTOR / 2]);
      next[2 * k + 1] = SQUARE_HIGH(line[k], line[k + RT_VECTOR / 2]);
    }
#pragma GCC unroll 16
    for (int k = 0; k < RT_VECTOR; k++) line[k] = next[k];
  }
#pragma GCC unroll 16
  for (int k = 0; k < RT_VECTOR; k++) memcpy(to + k * to_stride, &line[k], sizeof line[k]);
}
#else
static inline void square_transpose(const real *from, int64_t from_stride, int64_t rows, real *to,
                                    int64_t to_stride) {
  for (int64_t q = 0; q < RT_VECTOR; q++)
    for (int64_t k = 0; k < RT_VECTOR; k++) to[k * to_stride + q] = q < rows ? from[q * from_stride + k] : 0;
}
#endif

#endif
