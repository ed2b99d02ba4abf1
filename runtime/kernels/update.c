/* update.c: optimiser steps.
 *
 * Parameters are worked on in blocks, through all their steps while they are in the nearest cache. A whole
 * block is worked on where it lies, the rest of a run in a copy that is filled up to whole vectors. A step
 * rounds in the same places whether the parameter is updated at every step or catches up on many, which
 * glides through those without a gradient in registers: that is what makes the two agree bit for bit. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/update.h"

#include <string.h>

enum { BLOCK = 64, BETWEEN_LOOKS = 32, LEAST = 2 * RT_VECTOR, LINES = 8 };

/* `count` numbers of each, a multiple of LEAST and at most BLOCK; of what there is none, spare ones. */
struct block {
  real *value, *moment[RT_MOST_MOMENTS], *average;
  int count;
};
static const real no_gradient[BLOCK];

typedef real vector __attribute__((vector_size(RT_VECTOR_BYTES)));

static const real *coefficients_of(const struct update_step *step) {
  return RT_DOUBLE ? (const void *)step->coefficient : (const void *)step->rounded;
}

/* ---- from the rows ---- */

#define BOTH _Pragma("GCC unroll 2") for (int v = 0; v < 2; v++)

#define SQRT(x) LANE_SQRT(x)
#define ABS(x) LANE_ABS(x)
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define SIGN(x) ((real)((x) > 0) - (real)((x) < 0))
#define RT_SETTING(...)
#define RT_COEFFICIENT(name, formula)                                                                        \
  const real name = *from++;                                                                                 \
  (void)name;

/* advance: a step. glide: some steps without a gradient, where that is simpler; else false, and nothing is
 * done. look: what such a step would do. rest: such a step, of a block that does not move. */
enum look { STAYS, CHANGES, MOVES };
#define RT_OPTIMIZER(name, doc, lr, decay, settings, moments, m, n, coefficients, update, gliding, glide,    \
                     moving, changing, resting)                                                              \
  static __attribute__((noinline)) void advance_##name(struct block *b, const real *gradient,                \
                                                       const real *from) {                                   \
    real *const value = b->value, *const first_moment = b->moment[0], *const second_moment = b->moment[1];   \
    const int count = b->count & -LEAST;                                                                     \
    coefficients;                                                                                            \
    SIMD for (int i = 0; i < count; i++) {                                                                   \
      const real g = gradient[i];                                                                            \
      real w = value[i], m = first_moment[i], n = moments > 1 ? second_moment[i] : 0;                        \
      update;                                                                                                \
      value[i] = w;                                                                                          \
      first_moment[i] = m;                                                                                   \
      if (moments > 1) second_moment[i] = n;                                                                 \
    }                                                                                                        \
  }                                                                                                          \
  static bool glide_##name(struct block *b, const struct update_step *step, int64_t steps) {                 \
    {                                                                                                        \
      const real *from = coefficients_of(step);                                                              \
      coefficients;                                                                                          \
      if (!(gliding)) return false;                                                                          \
    }                                                                                                        \
    for (int i = 0; i < b->count; i += LEAST) {                                                              \
      vector value[2], first_moment[2], second_moment[2];                                                    \
      memcpy(value, b->value + i, sizeof value);                                                             \
      memcpy(first_moment, b->moment[0] + i, sizeof first_moment);                                           \
      memcpy(second_moment, b->moment[1] + i, sizeof second_moment);                                         \
      for (int64_t s = 0; s < steps; s++) {                                                                  \
        const real *from = coefficients_of(&step[s]);                                                        \
        coefficients;                                                                                        \
        BOTH {                                                                                               \
          vector w = value[v], m = first_moment[v], n = second_moment[v];                                    \
          glide;                                                                                             \
          value[v] = w, first_moment[v] = m, second_moment[v] = n;                                           \
        }                                                                                                    \
      }                                                                                                      \
      memcpy(b->value + i, value, sizeof value);                                                             \
      memcpy(b->moment[0] + i, first_moment, sizeof first_moment);                                           \
      if (moments > 1) memcpy(b->moment[1] + i, second_moment, sizeof second_moment);                        \
    }                                                                                                        \
    return true;                                                                                             \
  }                                                                                                          \
  static enum look look_##name(const struct block *b, const real *from) {                                    \
    bool change = false;                                                                                     \
    coefficients;                                                                                            \
    for (int i = 0; i < b->count; i++) {                                                                     \
      const real m = b->moment[0][i], n = moments > 1 ? b->moment[1][i] : 0;                                 \
      (void)m, (void)n;                                                                                      \
      if (moving) return MOVES;                                                                              \
      change |= (changing);                                                                                  \
    }                                                                                                        \
    return change ? CHANGES : STAYS;                                                                         \
  }                                                                                                          \
  static __attribute__((noinline)) void rest_##name(struct block *b, const real *from) {                     \
    real *const value = b->value, *const first_moment = b->moment[0], *const second_moment = b->moment[1];   \
    const int count = b->count & -LEAST;                                                                     \
    coefficients;                                                                                            \
    SIMD for (int i = 0; i < count; i++) {                                                                   \
      real w = value[i], m = first_moment[i], n = moments > 1 ? second_moment[i] : 0;                        \
      resting;                                                                                               \
      value[i] = w;                                                                                          \
      first_moment[i] = m;                                                                                   \
      if (moments > 1) second_moment[i] = n;                                                                 \
    }                                                                                                        \
  }
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER

struct method {
  void (*advance)(struct block *b, const real *gradient, const real *coefficient);
  bool (*glide)(struct block *b, const struct update_step *step, int64_t steps);
  enum look (*look)(const struct block *b, const real *coefficient);
  void (*rest)(struct block *b, const real *coefficient);
};

/* ---- through some steps ---- */

/* After a step: the running average goes a part of the way to what the parameters are now. Not inlined, as a
 * step is not. */
static __attribute__((noinline)) void follow(struct block *b, const struct update_step *step) {
  real towards = (real)step->towards, *const average = b->average;
  const real *const value = b->value;
  const int count = b->count & -LEAST;
  SIMD for (int i = 0; i < count; i++) average[i] += towards * (value[i] - average[i]);
}

/* The same after each of some steps that change nothing, of so many vectors, which stay in registers. */
static inline __attribute__((always_inline)) void follow_lines(int lines, real *average, const real *value,
                                                               const struct update_step *step,
                                                               int64_t steps) {
  vector line[LINES], at;
#pragma GCC unroll 8
  for (int k = 0; k < lines; k++) memcpy(&line[k], average + k * RT_VECTOR, sizeof line[k]);
  for (int64_t s = 0; s < steps; s++) {
    const real towards = (real)step[s].towards;
#pragma GCC unroll 8
    for (int k = 0; k < lines; k++) {
      memcpy(&at, value + k * RT_VECTOR, sizeof at);
      line[k] += towards * (at - line[k]);
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < lines; k++) memcpy(average + k * RT_VECTOR, &line[k], sizeof line[k]);
}

static void follow_at_rest(struct block *b, const struct update_step *step, int64_t steps) {
  int i = 0;
  for (; i + LINES * RT_VECTOR <= b->count; i += LINES * RT_VECTOR)
    follow_lines(LINES, b->average + i, b->value + i, step, steps);
  for (; i < b->count; i += LEAST) follow_lines(2, b->average + i, b->value + i, step, steps);
}

/* Steps without a gradient of a block that does not move. */
static void rest(struct block *b, const struct update_run *run, int64_t from, int64_t to,
                 const struct method *method) {
  bool changes = method->look(b, coefficients_of(&run->step[from])) == CHANGES;
  for (int k = 0; k < RT_MOST_MOMENTS; k++)
    for (int i = 0; i < b->count; i++) b->moment[k][i] += 0; /* of a negative 0 a step makes 0 */
  if (!changes && run->average) follow_at_rest(b, run->step + from, to - from);
  for (int64_t s = from; s < to && changes; s++) {
    method->rest(b, coefficients_of(&run->step[s]));
    if (run->average) follow(b, &run->step[s]);
  }
}

static void one_step(struct block *b, const real *gradient, const struct update_run *run,
                     const struct update_step *step, const struct method *method) {
  method->advance(b, gradient, coefficients_of(step));
  if (run->average) follow(b, step);
}

/* Steps without a gradient of a block that moves. */
static void move(struct block *b, const struct update_run *run, int64_t from, int64_t to,
                 const struct method *method) {
  if (!run->average && method->glide(b, run->step + from, to - from)) return;
  for (int64_t s = from; s < to; s++) one_step(b, no_gradient, run, run->step + s, method);
}

static void advance_block(struct block *b, const real *gradient, const struct update_run *run,
                          const struct method *method) {
  const int64_t idle = run->steps - (run->gradient ? 1 : 0);
  for (int64_t s = 0, to; s < idle; s = to) {
    to = split_min(idle, s + BETWEEN_LOOKS);
    if (method->look(b, coefficients_of(&run->step[s])) != MOVES) {
      rest(b, run, s, idle, method);
      break;
    }
    move(b, run, s, to, method);
  }
  if (run->gradient) one_step(b, gradient, run, run->step + idle, method);
}

/* The gradient of `count` numbers after clipping, in `room` where that changes it. */
static const real *clipped(const real *gradient, int count, double scale, real *room) {
  const real by = (real)scale;
  if (scale == 1) return gradient;
  SIMD for (int i = 0; i < count; i++) room[i] = gradient[i] * by;
  return room;
}

/* A block, of which only the first n numbers are a parameter's, in a copy. */
struct copy {
  real value[BLOCK], moment[RT_MOST_MOMENTS][BLOCK], average[BLOCK], gradient[BLOCK];
};

static void load(const struct block *b, real *copy, const void *numbers, int64_t from, int64_t n) {
  if (!numbers) n = 0;
  if (n) memcpy(copy, (const real *)numbers + from, (size_t)n * sizeof *copy);
  memset(copy + n, 0, (size_t)(b->count - n) * sizeof *copy);
}

static void store(const real *block, void *numbers, int64_t from, int64_t n) {
  if (numbers) memcpy((real *)numbers + from, block, (size_t)n * sizeof *block);
}

static void update_part(const struct update_run *run, int64_t from, int64_t n, const struct method *method) {
  struct copy c;
  real room[BLOCK];
  struct block b = {.value = c.value, .average = c.average, .count = (int)split_ceil(n, LEAST) * LEAST};
  load(&b, c.value, run->value, from, n);
  for (int k = 0; k < RT_MOST_MOMENTS; k++) load(&b, b.moment[k] = c.moment[k], run->moment[k], from, n);
  load(&b, c.average, run->average, from, n);
  load(&b, c.gradient, run->gradient, from, n);
  advance_block(&b, clipped(c.gradient, b.count, run->scale, room), run, method);
  store(c.value, run->value, from, n);
  for (int k = 0; k < RT_MOST_MOMENTS; k++) store(c.moment[k], run->moment[k], from, n);
  store(c.average, run->average, from, n);
}

static void update(const struct update_run *run, const struct method *method) {
  real spare[BLOCK] = {0}, room[BLOCK];
  int64_t from = 0;
  for (; run->count - from >= BLOCK; from += BLOCK) {
    struct block b = {.value = (real *)run->value + from,
                      .average = run->average ? (real *)run->average + from : spare,
                      .count = BLOCK};
    for (int k = 0; k < RT_MOST_MOMENTS; k++)
      b.moment[k] = run->moment[k] ? (real *)run->moment[k] + from : spare;
    const real *gradient =
        run->gradient ? clipped((const real *)run->gradient + from, BLOCK, run->scale, room) : no_gradient;
    advance_block(&b, gradient, run, method);
  }
  if (from < run->count) update_part(run, from, run->count - from, method);
}

#define RT_OPTIMIZER(name, ...)                                                                              \
  static void update_##name(const struct update_run *run) {                                                  \
    static const struct method method = {advance_##name, glide_##name, look_##name, rest_##name};            \
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
