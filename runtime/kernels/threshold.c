/* threshold.c: thresholds of rows: of entmax by Newton's method, the k-th largest by bisection. Rows lie side
 * by side, so that a vector holds one number of each of several rows. Each step reads the rows once. After a
 * step or two most numbers are out of question; the others move to the front, and only they are read from
 * then on. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/side_by_side.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/threshold_rows.h"

#include <float.h>
#include <string.h>

enum {
  SIDE = 64,           /* rows side by side */
  MOST_BYTES = 4 << 20 /* of them */
};

#if RT_DOUBLE
typedef int64_t order;
static inline order bits_of(real x) { return (order)rt_bits_of_double(x); }
static inline real of_bits(order b) { return rt_double_of_bits((uint64_t)b); }
#define ORDER_MAX INT64_MAX
#else
typedef int32_t order;
static inline order bits_of(real x) { return (order)rt_bits_of_float(x); }
static inline real of_bits(order b) { return rt_float_of_bits((uint32_t)b); }
#define ORDER_MAX INT32_MAX
#endif

/* Calls sweep(m, a, n, fast, q, count) for the rows q..q+count-1: as many as a vector holds, or one. Then
 * what it sums up stays in registers while it goes along the rows. */
#define SWEEP_ROWS(sweep, m, a, n, fast)                                                                     \
  do {                                                                                                       \
    int64_t q_ = 0;                                                                                          \
    for (; q_ + RT_VECTOR <= (m)->width; q_ += RT_VECTOR) sweep(m, (a) + q_, n, fast, q_, RT_VECTOR);        \
    for (; q_ < (m)->width; q_++) sweep(m, (a) + q_, n, fast, q_, 1);                                        \
  } while (0)
#define SWEEP static inline __attribute__((always_inline)) void
#define SWEEP_EACH(k, count) SIMD for (int k = 0; k < (count); k++)

/* Whole numbers in the order of the numbers: those below 0 have their bits in reverse order. */
static inline order order_of(real x) {
  order b = bits_of(x);
  return b < 0 ? b ^ ORDER_MAX : b;
}
static inline real of_order(order o) { return of_bits(o < 0 ? o ^ ORDER_MAX : o); }

/* Moves what is at least `least` to the front of each row, in order, with -infinity behind it. How many
 * numbers the longest row has left, in whole fours: sums take four at a time, and those of a row must not
 * depend on the rows beside it. */
static int64_t keep_from(real *a, int64_t n, int64_t fast, int64_t width, const real *least) {
  int64_t end[SIDE], most = 0;
  for (int64_t q = 0; q < width; q++) end[q] = q;
  for (int64_t j = 0; j < n; j++) {
    const real *row = a + j * fast;
    for (uint64_t left = side_at_least(row, least, width); left; left &= left - 1) {
      const int q = __builtin_ctzll(left);
      a[end[q]] = row[q];
      end[q] += fast;
    }
  }
  for (int64_t q = 0; q < width; q++) most = split_max(most, (end[q] - q) / fast);
  most = split_min(n, split_ceil(most, 4) * 4);
  for (int64_t q = 0; q < width; q++)
    for (int64_t to = end[q]; to < most * fast; to += fast) a[to] = -INFINITY;
  return most;
}

/* ---- entmax ----
 *
 * With top the largest element of a row, x = (alpha - 1) (a - top) + u and p = 1 / (alpha - 1), find the u >
 * 0 where f(u), the sum of relu(x)^p, is 1; tau is (alpha - 1) top - u. u lies between n^-(alpha - 1), where
 * all elements are equal, and 1, where the largest stands alone.
 *
 * For p >= 1 the p-norm of relu(x) is convex in u. So Newton's method for "the norm is 1" comes down from u =
 * 1 and does not pass the solution; for p = 1 and for equal elements a step is exact. Its step is (f - f^(2 -
 * alpha)) / f'(u) p. For p < 1 it may pass, and is kept within a bracket: that is halved in logarithm
 * whenever a step leaves it, and with every other step after MANY. */

enum { MANY = 8, MOST_STEPS = 160 };

/* How x^p is computed. */
enum power { FIRST, SECOND, ANY };

struct entmax {
  enum power power;
  real scale, p; /* alpha - 1 and its reciprocal */
  int64_t n, fast;
  int64_t width; /* rows at hand, up to SIDE; below, of each: */
  real top[SIDE], u[SIDE], low[SIDE], high[SIDE];
  real sum[SIDE], slope[SIDE]; /* f(u), f'(u) / p */
  real least[SIDE];            /* what is less has no weight */
  order count[SIDE];           /* of the others */
};

static inline real excess(real a, real top, real scale, real u) {
  const real x = (a - top) * scale + u;
  return x > 0 ? x : 0;
}

static inline real powered(enum power power, real x, real p) {
  return power == FIRST ? x : power == SECOND ? x * x : LANE_POW(x, p);
}

/* x^(p-1), 0 where x is; y is x^p. */
static inline real sloped(enum power power, real x, real y) {
  return power == FIRST ? (real)(x > 0) : power == SECOND ? x : y / (x > 0 ? x : 1);
}

/* sum and slope at u. Four elements at a time, for smaller errors. */
SWEEP sweep_power(struct entmax *restrict m, enum power power, const real *restrict a, int64_t q, int count) {
  real top[RT_VECTOR], u[RT_VECTOR], sum[RT_VECTOR], slope[RT_VECTOR];
  const real scale = m->scale, p = m->p;
  const int64_t n = m->n, fast = m->fast;
  int64_t j = 0;
  SWEEP_EACH(k, count) top[k] = m->top[q + k], u[k] = m->u[q + k], sum[k] = slope[k] = 0;
  for (; j + 4 <= n; j += 4, a += 4 * fast) {
    SWEEP_EACH(k, count) {
      const real x0 = excess(a[k], top[k], scale, u[k]), x1 = excess(a[fast + k], top[k], scale, u[k]),
                 x2 = excess(a[2 * fast + k], top[k], scale, u[k]),
                 x3 = excess(a[3 * fast + k], top[k], scale, u[k]);
      const real y0 = powered(power, x0, p), y1 = powered(power, x1, p), y2 = powered(power, x2, p),
                 y3 = powered(power, x3, p);
      sum[k] += (y0 + y1) + (y2 + y3);
      slope[k] +=
          (sloped(power, x0, y0) + sloped(power, x1, y1)) + (sloped(power, x2, y2) + sloped(power, x3, y3));
    }
  }
  for (; j < n; j++, a += fast) {
    SWEEP_EACH(k, count) {
      const real x = excess(a[k], top[k], scale, u[k]), y = powered(power, x, p);
      sum[k] += y;
      slope[k] += sloped(power, x, y);
    }
  }
  SWEEP_EACH(k, count) m->sum[q + k] = sum[k], m->slope[q + k] = slope[k];
}

static void sweep(struct entmax *m, const real *a) {
#define SWEEP_FIRST(m, a, n, fast, q, count) sweep_power(m, FIRST, a, q, count)
#define SWEEP_SECOND(m, a, n, fast, q, count) sweep_power(m, SECOND, a, q, count)
#define SWEEP_ANY(m, a, n, fast, q, count) sweep_power(m, ANY, a, q, count)
  switch (m->power) {
    case FIRST: SWEEP_ROWS(SWEEP_FIRST, m, a, m->n, m->fast); break;
    case SECOND: SWEEP_ROWS(SWEEP_SECOND, m, a, m->n, m->fast); break;
    default: SWEEP_ROWS(SWEEP_ANY, m, a, m->n, m->fast);
  }
}

/* Where one row's u goes from here. */
static real entmax_next(struct entmax *m, int64_t q, double alpha, int number) {
  real u = m->u[q], f = m->sum[q];
  if (f < 1)
    m->low[q] = u;
  else
    m->high[q] = u;
  real next = u - (f - LANE_POW(f, (real)(2 - alpha))) / m->slope[q];
  bool inside = next > m->low[q] && next < m->high[q];
  if (m->p >= 1) return inside ? next : next <= m->low[q] ? m->low[q] : m->high[q];
  return inside && (number <= MANY || number % 2 == 0) ? next : LANE_SQRT(m->low[q]) * LANE_SQRT(m->high[q]);
}

/* Takes a step; false when the row is done. A row stays where it is then, however many steps the rows beside
 * it take: its result must not depend on them. */
static bool entmax_step(struct entmax *m, int64_t q, double alpha, int number) {
  real u = m->u[q];
  if (m->low[q] == m->high[q] || !(m->slope[q] > 0)) /* it is done, or all is hidden */
    return false;
  if (m->sum[q] != 1) m->u[q] = entmax_next(m, q, alpha, number);
  if (LANE_ABS(m->u[q] - u) > (RT_DOUBLE ? (real)DBL_EPSILON : (real)FLT_EPSILON) * u) return true;
  m->low[q] = m->high[q] = m->u[q];
  return false;
}

SWEEP entmax_top(struct entmax *restrict m, const real *restrict a, int64_t n, int64_t fast, int64_t q,
                 int count) {
  real top[RT_VECTOR];
  SWEEP_EACH(k, count) top[k] = -INFINITY;
  for (int64_t j = 0; j < n; j++, a += fast) SWEEP_EACH(k, count) top[k] = a[k] > top[k] ? a[k] : top[k];
  SWEEP_EACH(k, count) m->top[q + k] = top[k] > -INFINITY ? top[k] : 0;
}

static void entmax_start(struct entmax *m, const real *a, int64_t n, int64_t fast, double alpha) {
  SWEEP_ROWS(entmax_top, m, a, n, fast);
  for (int64_t q = 0; q < m->width; q++) {
    m->low[q] = (real)pow((double)split_max(1, n), 1 - alpha);
    m->u[q] = m->high[q] = 1;
  }
}

enum { LEAST_KEPT = 64, FEW = 4 }; /* rows of how many numbers are shortened, and to which part of them */

/* How many numbers of each row are at least `least`. */
SWEEP entmax_count(struct entmax *restrict m, const real *restrict a, int64_t n, int64_t fast, int64_t q,
                   int count) {
  real least[RT_VECTOR];
  order number[RT_VECTOR];
  SWEEP_EACH(k, count) least[k] = m->least[q + k], number[k] = 0;
  for (int64_t j = 0; j < n; j++, a += fast) SWEEP_EACH(k, count) number[k] += a[k] >= least[k];
  SWEEP_EACH(k, count) m->count[q + k] = number[k];
}

/* Of each row, which numbers may still have a weight: u does not become larger than `high`, and for p >= 1
 * hardly larger than it is. A row keeps all when they are many, or when its numbers are so far from 0 that
 * their differences are rounded. So what it keeps does not depend on the rows beside it. Does any row lose
 * some? */
static bool entmax_least(struct entmax *m, const real *a, int64_t n, int64_t fast) {
  const real more = (real)1.03125, near = (real)1e5 * (RT_DOUBLE ? (real)DBL_EPSILON : (real)FLT_EPSILON);
  bool loses = false;
  for (int64_t q = 0; q < m->width; q++) {
    if (m->p >= 1 && m->u[q] * more < m->high[q]) m->high[q] = m->u[q] * more;
    const real reach = m->high[q] / m->scale * more;
    m->least[q] = LANE_ABS(m->top[q]) * near < reach ? m->top[q] - reach : -INFINITY;
  }
  SWEEP_ROWS(entmax_count, m, a, n, fast);
  for (int64_t q = 0; q < m->width; q++) {
    if (m->count[q] > n / FEW) m->least[q] = -INFINITY;
    loses |= m->least[q] > -INFINITY;
  }
  return loses;
}

static void entmax_rows(real *a, int64_t n, int64_t fast, int64_t width, double alpha, real *tau) {
  struct entmax m = {.power = alpha == 2     ? FIRST
                              : alpha == 1.5 ? SECOND
                                             : ANY,
                     .scale = (real)(alpha - 1),
                     .p = (real)(1 / (alpha - 1)),
                     .n = n,
                     .fast = fast,
                     .width = width};
  bool moves = n > 0;
  entmax_start(&m, a, n, fast, alpha);
  for (int number = 0; moves && number < MOST_STEPS; number++) {
    sweep(&m, a);
    moves = false;
    for (int64_t q = 0; q < width; q++) moves |= entmax_step(&m, q, alpha, number);
    if (number == 0 && moves && n >= LEAST_KEPT && entmax_least(&m, a, n, fast))
      m.n = keep_from(a, n, fast, width, m.least);
  }
  for (int64_t q = 0; q < width; q++) tau[q] = m.slope[q] > 0 ? m.scale * m.top[q] - m.u[q] : 0;
}

/* ---- the k-th largest ----
 *
 * It lies between two elements, low and high. A step counts the elements that are at least some number
 * between them, and the element next to that number becomes the new low or high. Both are always elements,
 * and the search ends when they are the same. The numbers tried are by turns halfway between low and high and
 * halfway in the order of all numbers of this precision, which halves even what spans many powers of two.
 * Before that, of long rows, come two guesses from some of their numbers. */

struct kth {
  order k;
  int64_t width;
  real top[SIDE]; /* the largest elements */
  real low[SIDE], high[SIDE], middle[SIDE];
  order count[SIDE], held[SIDE]; /* of elements from middle on; from low on, 0 when low is the result */
  real least[SIDE], below[SIDE]; /* the least of them, and the largest of the others */
};

/* A number above low, up to high. */
static real between(real low, real high, bool halves) {
  real half = low + (high - low) / 2;
  if (halves && half > low && half <= high) return half;
  order a = order_of(low), b = order_of(high);
  return of_order((a | b) - ((a ^ b) >> 1)); /* (a + b) / 2, rounded up, without overflow */
}

SWEEP count_columns(struct kth *restrict m, const real *restrict a, int64_t n, int64_t fast, int64_t q,
                    int count) {
  real middle[RT_VECTOR], least[RT_VECTOR], below[RT_VECTOR];
  order number[RT_VECTOR];
  SWEEP_EACH(k, count) {
    middle[k] = m->middle[q + k], number[k] = 0;
    least[k] = INFINITY, below[k] = -INFINITY;
  }
  for (int64_t j = 0; j < n; j++, a += fast) SWEEP_EACH(k, count) {
      const real x = a[k], up = x >= middle[k] ? x : INFINITY, down = x < middle[k] ? x : -INFINITY;
      number[k] += x >= middle[k];
      least[k] = up < least[k] ? up : least[k];
      below[k] = down > below[k] ? down : below[k];
    }
  SWEEP_EACH(k, count) {
    m->count[q + k] = number[k];
    m->least[q + k] = least[k], m->below[q + k] = below[k];
  }
}

static void count_rows(struct kth *m, const real *a, int64_t n, int64_t fast) {
  SWEEP_ROWS(count_columns, m, a, n, fast);
}

/* Narrows one row; false when low is its result. */
static bool kth_step(struct kth *m, int64_t q) {
  if (!(m->low[q] < m->high[q])) return false;
  if (m->count[q] >= m->k)
    m->low[q] = m->least[q], m->held[q] = m->count[q];
  else
    m->high[q] = m->below[q];
  if (m->count[q] == m->k) m->high[q] = m->low[q];
  if (m->count[q] == m->k - 1) m->low[q] = m->high[q];
  if (m->low[q] < m->high[q]) return true;
  m->held[q] = 0;
  return false;
}

SWEEP range_columns(struct kth *restrict m, const real *restrict a, int64_t n, int64_t fast, int64_t q,
                    int count) {
  real low[RT_VECTOR], high[RT_VECTOR];
  order number[RT_VECTOR];
  SWEEP_EACH(k, count) number[k] = 0, low[k] = INFINITY, high[k] = -INFINITY;
  for (int64_t j = 0; j < n; j++, a += fast) SWEEP_EACH(k, count) {
      const real x = a[k], seen = x > -INFINITY ? x : INFINITY;
      number[k] += x > -INFINITY;
      low[k] = seen < low[k] ? seen : low[k];
      high[k] = x > high[k] ? x : high[k];
    }
  SWEEP_EACH(k, count) m->count[q + k] = number[k], m->low[q + k] = low[k], m->high[q + k] = high[k];
}

/* low and high: the least and the largest element. */
static bool kth_start(struct kth *m, const real *a, int64_t n, int64_t fast) {
  bool moves = false;
  SWEEP_ROWS(range_columns, m, a, n, fast);
  for (int64_t q = 0; q < m->width; q++) {
    if (m->count[q] == 0)
      m->low[q] = m->high[q] = -INFINITY;
    else if (m->count[q] <= m->k)
      m->high[q] = m->low[q];
    else if (m->k == 1)
      m->low[q] = m->high[q];
    m->held[q] = m->low[q] < m->high[q] ? m->count[q] : 0;
    moves |= m->held[q] > 0;
  }
  return moves;
}

/* Long rows are first looked at in SAMPLES places. */
enum { SAMPLES = 128, SAMPLED = 2 * SAMPLES, SAMPLE_STEPS = 7 };

/* A number that is likely to have k or more elements from it on, and not many more; NaN: none is known. */
static void kth_guess(const struct kth *m, const real *a, int64_t n, int64_t fast, real *guess) {
  const int64_t apart = n / SAMPLES;
  const double expected = (double)m->k * SAMPLES / (double)n;
  struct kth sample = {.k = (order)(expected + 2.5 * sqrt(expected) + 1), .width = m->width};
  for (int64_t q = 0; q < m->width; q++) guess[q] = (real)NAN;
  if (n < SAMPLED || m->k > n / FEW) return;
  bool moves = kth_start(&sample, a, SAMPLES, apart * fast);
  for (int number = 0; moves && number < SAMPLE_STEPS; number++) {
    for (int64_t q = 0; q < m->width; q++) sample.middle[q] = between(sample.low[q], sample.high[q], true);
    count_rows(&sample, a, SAMPLES, apart * fast);
    moves = false;
    for (int64_t q = 0; q < m->width; q++) moves |= kth_step(&sample, q);
  }
  memcpy(guess, sample.low, (size_t)m->width * sizeof *guess);
}

/* Where to cut rows: at the guess, and when that was too large, at a smaller one. Then by halves. */
static void kth_middle(struct kth *m, int number, const real *guess) {
  for (int64_t q = 0; q < m->width; q++) {
    const real low = m->low[q], high = m->high[q], smaller = guess[q] - (m->top[q] - guess[q]) / 4;
    const real middle = number == 0 ? guess[q] : number == 1 && high < guess[q] ? smaller : (real)NAN;
    m->middle[q] = middle > low && middle <= high ? middle : between(low, high, number % 2 == 0);
  }
}

/* Leaves what is at least low, when that is few. How many numbers the rows have now. */
static int64_t kth_keep(const struct kth *m, real *a, int64_t n, int64_t fast) {
  real least[SIDE];
  order most = 0;
  for (int64_t q = 0; q < m->width; q++) {
    most = m->held[q] > most ? m->held[q] : most;
    least[q] = m->held[q] ? m->low[q] : INFINITY;
  }
  return most > n / FEW ? n : keep_from(a, n, fast, m->width, least);
}

static void kth_rows(real *a, int64_t n, int64_t fast, int64_t width, double k, real *tau) {
  struct kth m = {.k = (order)k, .width = width};
  bool moves = kth_start(&m, a, n, fast);
  real guess[SIDE];
  memcpy(m.top, m.high, sizeof m.top);
  if (moves) kth_guess(&m, a, n, fast, guess);
  for (int number = 0; moves && number < MOST_STEPS; number++) {
    kth_middle(&m, number, guess);
    count_rows(&m, a, n, fast);
    moves = false;
    for (int64_t q = 0; q < width; q++) moves |= kth_step(&m, q);
    if (moves && n >= LEAST_KEPT) n = kth_keep(&m, a, n, fast);
  }
  for (int64_t q = 0; q < width; q++) tau[q] = m.low[q];
}

/* ---- rows side by side, and rows of tensors ---- */

void KERNEL(threshold_rows)(real *a, int64_t n, int64_t fast, int kind, double parameter, real *tau) {
  for (int64_t q = 0; q < fast; q += SIDE)
    (kind == RT_KTH ? kth_rows : entmax_rows)(a + q, n, fast, split_min(SIDE, fast - q), parameter, tau + q);
}

/* to[j * rows + r] = a[r * n + j] */
static void lay_side_by_side(int64_t rows, int64_t n, const real *restrict a, real *restrict to) {
  enum { BLOCK = 16 };
  for (int64_t first = 0; first < n; first += BLOCK)
    for (int64_t r = 0; r < rows; r++)
      for (int64_t j = first; j < split_min(n, first + BLOCK); j++) to[j * rows + r] = a[r * n + j];
}

/* Rows of n numbers at a time: as many as there is room for. */
static int64_t rows_at_once(int64_t n) {
  return split_max(1, split_min(SIDE, MOST_BYTES / (int64_t)sizeof(real) / split_max(1, n)));
}

static void threshold_span(const struct rt_call *call, const struct span *span) {
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, span->n);
  real *tau = out_data(call, 0) + span_offset(span, call->out[0].shape, 1);
  int64_t most = rows_at_once(span->n);
  for (int64_t r = 0; r < span->rows; r += most) {
    int64_t rows = split_min(most, span->rows - r);
    const real *from = a + r * span->n;
    lay_side_by_side(rows, span->n, from, span->scratch);
    KERNEL(threshold_rows)(span->scratch, span->n, rows, (int)call->attr[0], call->real, tau + r);
  }
}

void KERNEL(threshold)(const struct rt_call *call) {
  const struct rt_shape *rows = call->out[0].shape;
  if (call->in[0].shape->count > 0)
    split_rows(call, call->in[0].shape, threshold_span);
  else
    for (int64_t i = 0; i < rows->count; i++) out_data(call, 0)[i] = call->attr[0] == RT_KTH ? -INFINITY : 0;
}

size_t KERNEL(threshold_scratch)(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape;
  int64_t most = 0;
  for (int64_t e = 0; e < (a->each[a->rank - 1] ? a->examples : 1); e++) {
    int64_t n = rt_size(a, a->rank - 1, e);
    most = split_max(most, rows_at_once(n) * n);
  }
  return (size_t)most * sizeof(real);
}
