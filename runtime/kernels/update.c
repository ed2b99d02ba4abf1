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
  real value[BLOCK], first[BLOCK], second[BLOCK], average[BLOCK], gradient[BLOCK];
};
static const real no_gradient[BLOCK];

typedef void block_step(struct block *b, const real *gradient, const struct update_run *run,
                        const struct update_step *step);

/* Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2. Not inlined: see
 * above. */
static __attribute__((noinline)) void advance_adamw(struct block *b, const real *gradient,
                                                    const struct update_run *run,
                                                    const struct update_step *step) {
  real beta1 = (real)run->beta1, beta2 = (real)run->beta2, rest1 = (real)(1 - run->beta1),
       rest2 = (real)(1 - run->beta2);
  real epsilon = (real)run->epsilon, rate = (real)step->rate, correct = (real)step->second,
       shrink = (real)step->shrink;
  SIMD for (int i = 0; i < BLOCK; i++) {
    real g = gradient[i];
    real first = beta1 * b->first[i] + rest1 * g;
    real second = beta2 * b->second[i] + rest2 * (g * g);
    b->first[i] = first;
    b->second[i] = second;
    b->value[i] = shrink * b->value[i] - rate * (first / (LANE_SQRT(correct * second) + epsilon));
  }
}

/* Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, with
 * decoupled decay. */
static __attribute__((noinline)) void advance_sgd(struct block *b, const real *gradient,
                                                  const struct update_run *run,
                                                  const struct update_step *step) {
  real momentum = (real)run->beta1, ahead = run->nesterov ? momentum : 1, direct = run->nesterov ? 1 : 0;
  real rate = (real)step->rate, shrink = (real)step->shrink;
  SIMD for (int i = 0; i < BLOCK; i++) {
    real first = momentum * b->first[i] + gradient[i];
    b->first[i] = first;
    b->value[i] = shrink * b->value[i] - rate * (ahead * first + direct * gradient[i]);
  }
}

/* After a step: the running average goes a part of the way to what the parameters are now. Not inlined, as a
 * step is not. */
static __attribute__((noinline)) void follow(struct block *b, const struct update_step *step) {
  real towards = (real)step->towards;
  SIMD for (int i = 0; i < BLOCK; i++) b->average[i] += towards * (b->value[i] - b->average[i]);
}

static bool all_zero(const real *x) {
  int other = 0;
  for (int i = 0; i < BLOCK; i++) other += x[i] != 0;
  return other == 0;
}

/* Steps without a gradient and without a first moment: what advance comes down to then, whether or not
 * products and sums are fused. */
static void rest(struct block *b, const struct update_run *run, const struct update_step *step,
                 int64_t steps) {
  real beta2 = (real)run->beta2;
  bool second = !all_zero(b->second);
  memset(b->first, 0, sizeof b->first); /* of a negative 0 a step makes 0 */
  for (int64_t s = 0; s < steps; s++) {
    real shrink = (real)step[s].shrink;
    if (second || shrink != 1) SIMD for (int i = 0; i < BLOCK; i++) {
        b->second[i] = beta2 * b->second[i];
        b->value[i] = shrink * b->value[i];
      }
    if (run->average) follow(b, &step[s]);
  }
}

static void one_step(struct block *b, const real *gradient, const struct update_run *run,
                     const struct update_step *step, block_step *advance) {
  advance(b, gradient, run, step);
  if (run->average) follow(b, step);
}

static void advance_block(struct block *b, const struct update_run *run, block_step *advance) {
  int64_t idle = run->steps - (run->gradient ? 1 : 0);
  for (int64_t s = 0; s < idle; s++) {
    if (s % BETWEEN_LOOKS == 0 && all_zero(b->first)) {
      rest(b, run, run->step + s, idle - s);
      break;
    }
    one_step(b, no_gradient, run, run->step + s, advance);
  }
  if (run->gradient) one_step(b, b->gradient, run, run->step + idle, advance);
}

static void load(real *block, const void *numbers, int64_t from, int64_t n) {
  memset(block, 0, BLOCK * sizeof *block);
  if (numbers) memcpy(block, (const real *)numbers + from, (size_t)n * sizeof *block);
}

static void store(const real *block, void *numbers, int64_t from, int64_t n) {
  if (numbers) memcpy((real *)numbers + from, block, (size_t)n * sizeof *block);
}

static void update(const struct update_run *run, block_step *advance) {
  real scale = (real)run->scale;
  for (int64_t from = 0; from < run->count; from += BLOCK) {
    int64_t n = split_min(BLOCK, run->count - from);
    struct block b;
    load(b.value, run->value, from, n);
    load(b.first, run->first, from, n);
    load(b.second, run->second, from, n);
    load(b.average, run->average, from, n);
    load(b.gradient, run->gradient, from, n);
    SIMD for (int i = 0; i < BLOCK; i++) b.gradient[i] *= scale;
    advance_block(&b, run, advance);
    store(b.value, run->value, from, n);
    store(b.first, run->first, from, n);
    store(b.second, run->second, from, n);
    store(b.average, run->average, from, n);
  }
}

static void update_adamw(const struct update_run *run) { update(run, advance_adamw); }
static void update_sgd(const struct update_run *run) { update(run, advance_sgd); }

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
const struct update_kernels KERNEL(update_kernels) = {update_adamw, update_sgd, square_sum, clear, add};
