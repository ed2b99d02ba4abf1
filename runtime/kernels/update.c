/* update.c: optimiser steps.
 *
 * Parameters are worked on in blocks of one fixed size, through all their steps while they are in the nearest
 * cache. There is one piece of code for a step, whether it has a gradient or not, and whether the parameter
 * is updated at every step or catches up on many: that is what makes the two agree bit for bit. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/update.h"

#include <string.h>

enum { BLOCK = 64, BETWEEN_LOOKS = 32 };

struct block {
  real value[BLOCK], moment[RT_MOST_MOMENTS][BLOCK], average[BLOCK], gradient[BLOCK];
};
static const real no_gradient[BLOCK];

/* ---- from the rows ---- */

#define SQRT(x) LANE_SQRT(x)
#define ABS(x) LANE_ABS(x)
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define SIGN(x) ((real)((x) > 0) - (real)((x) < 0))
#define RT_SETTING(...)
#define RT_COEFFICIENT(name, formula)                                                                        \
  const real name = (real)*from++;                                                                           \
  (void)name;

/* advance: a step. look: what a step without a gradient would do. rest: such a step, of a block that does not
 * move. None is inlined: see above. */
enum look { STAYS, CHANGES, MOVES };
#define RT_OPTIMIZER(name, doc, lr, decay, settings, moments, m, n, coefficients, update, moving, changing,  \
                     resting)                                                                                \
  static __attribute__((noinline)) void advance_##name(struct block *b, const real *gradient,                \
                                                       const double *from) {                                 \
    coefficients;                                                                                            \
    SIMD for (int i = 0; i < BLOCK; i++) {                                                                   \
      const real g = gradient[i];                                                                            \
      real w = b->value[i], m = b->moment[0][i], n = b->moment[1][i];                                        \
      update;                                                                                                \
      b->value[i] = w;                                                                                       \
      b->moment[0][i] = m;                                                                                   \
      if (moments > 1) b->moment[1][i] = n;                                                                  \
    }                                                                                                        \
  }                                                                                                          \
  static enum look look_##name(const struct block *b, const double *from) {                                  \
    int move = 0, change = 0;                                                                                \
    coefficients;                                                                                            \
    for (int i = 0; i < BLOCK; i++) {                                                                        \
      const real m = b->moment[0][i], n = b->moment[1][i];                                                   \
      (void)m, (void)n;                                                                                      \
      move += (moving);                                                                                      \
      change += (changing);                                                                                  \
    }                                                                                                        \
    return move ? MOVES : change ? CHANGES : STAYS;                                                          \
  }                                                                                                          \
  static __attribute__((noinline)) void rest_##name(struct block *b, const double *from) {                   \
    coefficients;                                                                                            \
    SIMD for (int i = 0; i < BLOCK; i++) {                                                                   \
      real w = b->value[i], m = b->moment[0][i], n = b->moment[1][i];                                        \
      resting;                                                                                               \
      b->value[i] = w;                                                                                       \
      b->moment[0][i] = m;                                                                                   \
      if (moments > 1) b->moment[1][i] = n;                                                                  \
    }                                                                                                        \
  }
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER

struct method {
  void (*advance)(struct block *b, const real *gradient, const double *coefficient);
  enum look (*look)(const struct block *b, const double *coefficient);
  void (*rest)(struct block *b, const double *coefficient);
};

/* ---- through some steps ---- */

/* After a step: the running average goes a part of the way to what the parameters are now. Not inlined, as a
 * step is not. */
static __attribute__((noinline)) void follow(struct block *b, const struct update_step *step) {
  real towards = (real)step->towards;
  SIMD for (int i = 0; i < BLOCK; i++) b->average[i] += towards * (b->value[i] - b->average[i]);
}

/* Steps without a gradient of a block that does not move. */
static void rest(struct block *b, const struct update_run *run, int64_t from, int64_t to,
                 const struct method *method) {
  bool changes = method->look(b, run->step[from].coefficient) == CHANGES;
  for (int k = 0; k < RT_MOST_MOMENTS; k++)
    SIMD for (int i = 0; i < BLOCK; i++) b->moment[k][i] += 0; /* of a negative 0 a step makes 0 */
  for (int64_t s = from; s < to && (changes || run->average); s++) {
    if (changes) method->rest(b, run->step[s].coefficient);
    if (run->average) follow(b, &run->step[s]);
  }
}

static void one_step(struct block *b, const real *gradient, const struct update_run *run,
                     const struct update_step *step, const struct method *method) {
  method->advance(b, gradient, step->coefficient);
  if (run->average) follow(b, step);
}

static void advance_block(struct block *b, const struct update_run *run, const struct method *method) {
  int64_t idle = run->steps - (run->gradient ? 1 : 0);
  for (int64_t s = 0; s < idle; s++) {
    if (s % BETWEEN_LOOKS == 0 && method->look(b, run->step[s].coefficient) != MOVES) {
      rest(b, run, s, idle, method);
      break;
    }
    one_step(b, no_gradient, run, run->step + s, method);
  }
  if (run->gradient) one_step(b, b->gradient, run, run->step + idle, method);
}

static void load(real *block, const void *numbers, int64_t from, int64_t n) {
  memset(block, 0, BLOCK * sizeof *block);
  if (numbers) memcpy(block, (const real *)numbers + from, (size_t)n * sizeof *block);
}

static void store(const real *block, void *numbers, int64_t from, int64_t n) {
  if (numbers) memcpy((real *)numbers + from, block, (size_t)n * sizeof *block);
}

static void update(const struct update_run *run, const struct method *method) {
  real scale = (real)run->scale;
  for (int64_t from = 0; from < run->count; from += BLOCK) {
    int64_t n = split_min(BLOCK, run->count - from);
    struct block b;
    load(b.value, run->value, from, n);
    for (int k = 0; k < RT_MOST_MOMENTS; k++) load(b.moment[k], run->moment[k], from, n);
    load(b.average, run->average, from, n);
    load(b.gradient, run->gradient, from, n);
    SIMD for (int i = 0; i < BLOCK; i++) b.gradient[i] *= scale;
    advance_block(&b, run, method);
    store(b.value, run->value, from, n);
    for (int k = 0; k < RT_MOST_MOMENTS; k++) store(b.moment[k], run->moment[k], from, n);
    store(b.average, run->average, from, n);
  }
}

#define RT_OPTIMIZER(name, ...)                                                                              \
  static void update_##name(const struct update_run *run) {                                                  \
    static const struct method method = {advance_##name, look_##name, rest_##name};                          \
    update(run, &method);                                                                                    \
  }
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER

static double square_sum(int64_t count, const void *numbers) {
  const real *x = numbers;
  double sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < count; i++) sum +=
      (double)x[i] * (double)x[i];
  return sum;
}

static void clear(int64_t count, void *to) { memset(to, 0, (size_t)count * sizeof(real)); }

static void add(int64_t count, const void *from, void *to) {
  const real *restrict x = from;
  real *restrict y = to;
  SIMD for (int64_t i = 0; i < count; i++) y[i] += x[i];
}

extern const struct update_kernels KERNEL(update_kernels);
const struct update_kernels KERNEL(update_kernels) = {{
#define RT_OPTIMIZER(name, ...) update_##name,
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER
                                                      },
                                                      square_sum,
                                                      clear,
                                                      add};
