/* threshold.c: thresholds of rows: of entmax by Newton's method, the k-th largest by bisection. Rows lie side
 * by side, so that a vector holds one number of each of several rows. Each step reads the rows once. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/threshold_rows.h"

#include <float.h>

enum {
  SIDE = 64,           /* rows side by side */
  MOST_BYTES = 4 << 20 /* of them */
};

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
  int64_t width; /* rows at hand, up to SIDE; below, of each: */
  real top[SIDE], u[SIDE], low[SIDE], high[SIDE];
  real sum[SIDE], slope[SIDE]; /* f(u), f'(u) / p */
};

static inline real excess(const struct entmax *m, const real *a, int64_t q) {
  real x = (a[q] - m->top[q]) * m->scale + m->u[q];
  return x > 0 ? x : 0;
}

static inline real powered(enum power power, real x, real p) {
  return power == FIRST ? x : power == SECOND ? x * x : LANE_POW(x, p);
}

/* x^(p-1), 0 where x is; y is x^p. */
static inline real sloped(enum power power, real x, real y) {
  return power == FIRST ? (real)(x > 0) : power == SECOND ? x : y / (x > 0 ? x : 1);
}

/* sum and slope at u. Four elements at a time: fewer passes over the sums, and smaller errors. */
static inline __attribute__((always_inline)) void sweep_power(struct entmax *restrict m, enum power power,
                                                              const real *restrict a, int64_t n,
                                                              int64_t fast) {
  int64_t j = 0;
  for (int64_t q = 0; q < m->width; q++) m->sum[q] = m->slope[q] = 0;
  for (; j + 4 <= n; j += 4, a += 4 * fast) {
    SIMD for (int64_t q = 0; q < m->width; q++) {
      real x0 = excess(m, a, q), x1 = excess(m, a + fast, q), x2 = excess(m, a + 2 * fast, q),
           x3 = excess(m, a + 3 * fast, q);
      real y0 = powered(power, x0, m->p), y1 = powered(power, x1, m->p), y2 = powered(power, x2, m->p),
           y3 = powered(power, x3, m->p);
      m->sum[q] += (y0 + y1) + (y2 + y3);
      m->slope[q] +=
          (sloped(power, x0, y0) + sloped(power, x1, y1)) + (sloped(power, x2, y2) + sloped(power, x3, y3));
    }
  }
  for (; j < n; j++, a += fast) {
    SIMD for (int64_t q = 0; q < m->width; q++) {
      real x = excess(m, a, q), y = powered(power, x, m->p);
      m->sum[q] += y;
      m->slope[q] += sloped(power, x, y);
    }
  }
}

static void sweep(struct entmax *m, const real *a, int64_t n, int64_t fast) {
  if (m->power == FIRST)
    sweep_power(m, FIRST, a, n, fast);
  else if (m->power == SECOND)
    sweep_power(m, SECOND, a, n, fast);
  else
    sweep_power(m, ANY, a, n, fast);
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

static void entmax_start(struct entmax *m, const real *a, int64_t n, int64_t fast, double alpha) {
  for (int64_t q = 0; q < m->width; q++) m->top[q] = -INFINITY;
  for (int64_t j = 0; j < n; j++) {
    SIMD for (int64_t q = 0; q < m->width; q++) m->top[q] =
        a[j * fast + q] > m->top[q] ? a[j * fast + q] : m->top[q];
  }
  for (int64_t q = 0; q < m->width; q++) {
    m->top[q] = m->top[q] > -INFINITY ? m->top[q] : 0;
    m->low[q] = (real)pow((double)split_max(1, n), 1 - alpha);
    m->u[q] = m->high[q] = 1;
  }
}

static void entmax_rows(const real *a, int64_t n, int64_t fast, int64_t width, double alpha, real *tau) {
  struct entmax m = {.power = alpha == 2     ? FIRST
                              : alpha == 1.5 ? SECOND
                                             : ANY,
                     .scale = (real)(alpha - 1),
                     .p = (real)(1 / (alpha - 1)),
                     .width = width};
  bool moves = n > 0;
  entmax_start(&m, a, n, fast, alpha);
  for (int number = 0; moves && number < MOST_STEPS; number++) {
    sweep(&m, a, n, fast);
    moves = false;
    for (int64_t q = 0; q < width; q++) moves |= entmax_step(&m, q, alpha, number);
  }
  for (int64_t q = 0; q < width; q++) tau[q] = n > 0 && m.slope[q] > 0 ? m.scale * m.top[q] - m.u[q] : 0;
}

/* ---- the k-th largest ----
 *
 * It lies between two elements, low and high. A step counts the elements that are at least some number
 * between them, and the element next to that number becomes the new low or high. Both are always elements,
 * and the search ends when they are the same. The numbers tried are by turns halfway between low and high and
 * halfway in the order of all numbers of this precision, which halves even what spans many powers of two. */

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

/* Whole numbers in the order of the numbers: those below 0 have their bits in reverse order. */
static inline order order_of(real x) {
  order b = bits_of(x);
  return b < 0 ? b ^ ORDER_MAX : b;
}
static inline real of_order(order o) { return of_bits(o < 0 ? o ^ ORDER_MAX : o); }

struct kth {
  order k;
  int64_t width;
  real low[SIDE], high[SIDE], middle[SIDE];
  order count[SIDE];             /* of elements from middle on */
  real least[SIDE], below[SIDE]; /* the least of them, and the largest of the others */
};

/* A number above low, up to high. */
static real between(real low, real high, bool halves) {
  real half = low + (high - low) / 2;
  if (halves && half > low && half <= high) return half;
  order a = order_of(low), b = order_of(high);
  return of_order((a | b) - ((a ^ b) >> 1)); /* (a + b) / 2, rounded up, without overflow */
}

static void count_rows(struct kth *restrict m, const real *restrict a, int64_t n, int64_t fast) {
  for (int64_t q = 0; q < m->width; q++) {
    m->count[q] = 0;
    m->least[q] = INFINITY;
    m->below[q] = -INFINITY;
  }
  for (int64_t j = 0; j < n; j++, a += fast) {
    SIMD for (int64_t q = 0; q < m->width; q++) {
      real x = a[q], up = x >= m->middle[q] ? x : INFINITY, down = x < m->middle[q] ? x : -INFINITY;
      m->count[q] += x >= m->middle[q];
      m->least[q] = up < m->least[q] ? up : m->least[q];
      m->below[q] = down > m->below[q] ? down : m->below[q];
    }
  }
}

/* Narrows one row; false when low is its result. */
static bool kth_step(struct kth *m, int64_t q) {
  if (!(m->low[q] < m->high[q])) return false;
  if (m->count[q] >= m->k)
    m->low[q] = m->least[q];
  else
    m->high[q] = m->below[q];
  if (m->count[q] == m->k) m->high[q] = m->low[q];
  if (m->count[q] == m->k - 1) m->low[q] = m->high[q];
  return m->low[q] < m->high[q];
}

/* low and high: the least and the largest element. */
static bool kth_start(struct kth *restrict m, const real *restrict a, int64_t n, int64_t fast) {
  bool moves = false;
  for (int64_t q = 0; q < m->width; q++) {
    m->count[q] = 0;
    m->low[q] = INFINITY;
    m->high[q] = -INFINITY;
  }
  for (int64_t j = 0; j < n; j++, a += fast) {
    SIMD for (int64_t q = 0; q < m->width; q++) {
      real x = a[q], seen = x > -INFINITY ? x : INFINITY;
      m->count[q] += x > -INFINITY;
      m->low[q] = seen < m->low[q] ? seen : m->low[q];
      m->high[q] = x > m->high[q] ? x : m->high[q];
    }
  }
  for (int64_t q = 0; q < m->width; q++) {
    if (m->count[q] == 0)
      m->low[q] = m->high[q] = -INFINITY;
    else if (m->count[q] <= m->k)
      m->high[q] = m->low[q];
    else if (m->k == 1)
      m->low[q] = m->high[q];
    moves |= m->low[q] < m->high[q];
  }
  return moves;
}

static void kth_rows(const real *a, int64_t n, int64_t fast, int64_t width, double k, real *tau) {
  struct kth m = {.k = (order)k, .width = width};
  bool moves = kth_start(&m, a, n, fast);
  for (int number = 0; moves && number < MOST_STEPS; number++) {
    for (int64_t q = 0; q < width; q++) m.middle[q] = between(m.low[q], m.high[q], number % 2 == 0);
    count_rows(&m, a, n, fast);
    moves = false;
    for (int64_t q = 0; q < width; q++) moves |= kth_step(&m, q);
  }
  for (int64_t q = 0; q < width; q++) tau[q] = m.low[q];
}

/* ---- rows side by side, and rows of tensors ---- */

void KERNEL(threshold_rows)(const real *a, int64_t n, int64_t fast, int kind, double parameter, real *tau) {
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

/* A single row lies as it should. */
static void threshold_span(const struct rt_call *call, const struct span *span) {
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, span->n);
  real *tau = out_data(call, 0) + span_offset(span, call->out[0].shape, 1);
  int64_t most = rows_at_once(span->n);
  for (int64_t r = 0; r < span->rows; r += most) {
    int64_t rows = split_min(most, span->rows - r);
    const real *from = a + r * span->n;
    if (rows > 1) lay_side_by_side(rows, span->n, from, span->scratch);
    KERNEL(threshold_rows)
    (rows > 1 ? span->scratch : from, span->n, rows, (int)call->attr[0], call->real, tau + r);
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
    int64_t n = rt_size(a, a->rank - 1, e), rows = rows_at_once(n);
    if (rows > 1) most = split_max(most, rows * n);
  }
  return (size_t)most * sizeof(real);
}
