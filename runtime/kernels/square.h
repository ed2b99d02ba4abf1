/* square.h: a square of numbers, transposed in registers. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_SQUARE_H
#define AQ_RUNTIME_KERNELS_SQUARE_H

#include <string.h>

#if __has_builtin(__builtin_shufflevector)
typedef real square_line __attribute__((vector_size(RT_VECTOR_BYTES)));

/* SQUARE_LOW and SQUARE_HIGH: numbers of two vectors in turn, of their first halves, of their second halves.
 * AVX2 does so in one instruction within its lanes of 16 bytes alone. So there rows first exchange halves
 * (SQUARE_FIRST, SQUARE_SECOND), and then each half of the rows is a group by itself. */
enum { SQUARE_GROUP = RT_VECTOR_BYTES == 32 ? RT_VECTOR / 2 : RT_VECTOR };
#if RT_VECTOR_BYTES == 64 && !RT_DOUBLE
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define SQUARE_HIGH(a, b)                                                                                    \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif RT_VECTOR_BYTES == 64
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif RT_VECTOR_BYTES == 32 && !RT_DOUBLE
#define SQUARE_FIRST(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define SQUARE_SECOND(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#elif RT_VECTOR_BYTES == 32
#define SQUARE_FIRST(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define SQUARE_SECOND(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#elif !RT_DOUBLE
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define SQUARE_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define SQUARE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

/* Row k of the first half and row k of the second: their first halves, their second halves. */
static inline __attribute__((always_inline)) void square_exchange(square_line line[RT_VECTOR]) {
#ifdef SQUARE_FIRST
#pragma GCC unroll 8
  for (int k = 0; k < RT_VECTOR / 2; k++) {
    square_line first = SQUARE_FIRST(line[k], line[k + RT_VECTOR / 2]);
    line[k + RT_VECTOR / 2] = SQUARE_SECOND(line[k], line[k + RT_VECTOR / 2]);
    line[k] = first;
  }
#else
  (void)line;
#endif
}

/* Transposes a square of RT_VECTOR x RT_VECTOR numbers in registers: shuffling rows k and k + half of a group
 * into each other log2(SQUARE_GROUP) times moves the bits of the row number behind those of the column
 * number. Rows from `rows` on are 0. */
static inline void square_transpose(const real *from, int64_t from_stride, int64_t rows, real *to,
                                    int64_t to_stride) {
  square_line line[RT_VECTOR], next[RT_VECTOR];
#pragma GCC unroll 16
  for (int k = 0; k < RT_VECTOR; k++)
    if (k < rows)
      memcpy(&line[k], from + k * from_stride, sizeof line[k]);
    else
      line[k] = (square_line){0};
  square_exchange(line);
#pragma GCC unroll 4
  for (int half = 1; half < SQUARE_GROUP; half *= 2) {
#pragma GCC unroll 8
    for (int k = 0; k < RT_VECTOR / 2; k++) {
      int row = k + k / (SQUARE_GROUP / 2) * (SQUARE_GROUP / 2);
      next[2 * k] = SQUARE_LOW(line[row], line[row + SQUARE_GROUP / 2]);
      next[2 * k + 1] = SQUARE_HIGH(line[row], line[row + SQUARE_GROUP / 2]);
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
