/* test_math.c: the elementary functions keep the error bounds that runtime/kernels/math.h states, over the
 * range of float, and C's special values. */
#define RT_REAL float
#define RT_ISA base
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/vector_exp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Error in units in the last place of the result that is nearest to want. */
static double error_of(float got, double want) {
  float nearest = (float)want;
  int exponent;
  if (isnan(want) || isinf(nearest))
    return isnan(want)           ? (isnan(got) ? 0 : INFINITY)
           : got == nearest      ? 0
           : fabs(want) < 3.5e38 ? 1
                                 : INFINITY;
  frexp(fabs(want) < 0x1p-126 ? 0x1p-126 : fabs(want), &exponent);
  return fabs((double)got - want) / ldexp(1, exponent - 24);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 30 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static double below(double x) { return 0.5 * erfc(x * -sqrt(0.5)); }
static double gelu(double x) { return x * below(x); }
static double gelu_slope(double x) { return below(x) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI); }

/* Every 1021st float from low to high: the step is prime to the exponent's, so that all fractions come up. */
static double worst_error(float (*f)(float), double (*exact)(double), float low, float high) {
  double worst = 0;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1021) {
    float x = rt_float_of_bits((uint32_t)bits);
    if (!(x >= low && x <= high)) continue;
    double error = error_of(f(x), exact((double)x));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

static void errors_are_within_bounds(void **state) {
  (void)state;
  static const struct {
    const char *name;
    float (*f)(float);
    double (*exact)(double);
    float low, high;
    double bound;
  } row[] = {
      {"exp", rt_exp_float, exp, -86.98f, 120, 1.5},
      {"log", rt_log_float, log, 1.2e-38f, 3.4e38f, 1},
      {"log near 1", rt_log_float, log, 0.7f, 1.5f, 1},
      {"tanh", rt_tanh_float, tanh, -100, 100, 3},
      {"sigmoid", rt_sigmoid_float, sigmoid, -86, 100, 3},
      {"softplus", rt_softplus_float, softplus, -86, 1e30f, 3},
      {"erf", rt_erf_float, erf, -20, 20, 1.5},
      {"gelu", rt_gelu_float, gelu, -1, 1e30f, 8},
      {"sin", rt_sin_float, sin, -1e6f, 1e6f, 1},
      {"cos", rt_cos_float, cos, -1e6f, 1e6f, 1},
      {"floor", rt_floor_float, floor, -3.4e38f, 3.4e38f, 0},
  };
  for (size_t i = 0; i < RT_COUNT(row); i++) {
    double worst = worst_error(row[i].f, row[i].exact, row[i].low, row[i].high);
    if (!(worst <= row[i].bound))
      fail_msg("%s is off by %g ulp, more than %g", row[i].name, worst, row[i].bound);
  }
}

/* Where little is left of x, the error counts and not its share. */
static void gelu_is_near_the_exact_one(void **state) {
  (void)state;
  for (float x = -20; x < 20; x += 1 / 4096.0f) {
    double want = gelu((double)x), slope = gelu_slope((double)x);
    if (x < 0 && !(fabs((double)rt_gelu_float(x) - want) <= 1.5e-7))
      fail_msg("gelu(%g) is %.9g, not %.9g", (double)x, (double)rt_gelu_float(x), want);
    if (!(fabs((double)rt_gelu_slope_float(x) - slope) <= 2e-7))
      fail_msg("the slope of gelu at %g is %.9g, not %.9g", (double)x, (double)rt_gelu_slope_float(x), slope);
  }
  assert_true(signbit(rt_gelu_float(-0.0f)) && rt_gelu_float(0) == 0 && rt_gelu_slope_float(0) == 0.5f);
  assert_true(fabsf(rt_gelu_float(-INFINITY)) < 1e-30f && rt_gelu_float(INFINITY) == INFINITY);
  assert_true(fabsf(rt_gelu_slope_float(-INFINITY)) < 1e-30f && rt_gelu_slope_float(INFINITY) == 1);
  assert_true(isnan(rt_gelu_float(NAN)) && isnan(rt_gelu_slope_float(NAN)));
}

static void pow_is_within_its_bound(void **state) {
  (void)state;
  uint32_t random = 1;
  double worst = 0;
  for (int i = 0; i < 1000000; i++) {
    static const float spread[] = {160, 6, 0.01f}, power[] = {4, 60};
    random = random * 1664525u + 1013904223u;
    float a = expf(((float)(random >> 8) * 0x1p-24f - 0.5f) * spread[i % 3]);
    random = random * 1664525u + 1013904223u;
    float b = ((float)(random >> 8) * 0x1p-24f - 0.5f) * power[i % 2];
    double want = pow((double)a, (double)b), error = want < 1.2e-38 ? 0 : error_of(rt_pow_float(a, b), want);
    worst = error <= worst ? worst : error;
  }
  assert_true(worst <= 1);
}

static float exp_of_vectors(float x) {
  exp_vector v[2] = {{0}, {0}};
  v[1][0] = x;
  vector_exp2(v, 2, EXP_BY);
  return v[1][0];
}

/* Without FMA the product before the power is rounded: so the error grows with it. */
static void exp_of_vectors_is_within_its_bound(void **state) {
  (void)state;
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1021) {
    float x = rt_float_of_bits((uint32_t)bits);
    if (!(x >= -86.9f && x <= 87)) continue;
    double error = error_of(exp_of_vectors(x), exp((double)x));
    if (!(error <= 2 + 2 * fabs((double)x)))
      fail_msg("2^x of vectors is off by %g ulp at %g", error, (double)x);
  }
  assert_true(exp_of_vectors(0) == 1 && exp_of_vectors(-90) == 0 && exp_of_vectors(-1e30f) == 0);
  assert_true(exp_of_vectors(-INFINITY) == 0 && isnan(exp_of_vectors(NAN)));
}

static const float special[] = {0,      -0.0f,  1,    -1,       2,         -2,      0.5f,
                                -0.5f,  3,      -3,   INFINITY, -INFINITY, NAN,     1e30f,
                                -1e30f, 1e-30f, 2.5f, -2.5f,    16777217,  33554433};

static bool same(float got, float want) {
  return (isnan(got) && isnan(want)) || (got == want && !signbit(got) == !signbit(want))
         || fabsf(got - want) <= 1e-6f * fabsf(want);
}

static void special_values_are_those_of_c(void **state) {
  (void)state;
  static const struct {
    const char *name;
    float (*f)(float);
    float (*want)(float);
  } row[] = {
      {"exp", rt_exp_float, expf}, {"log", rt_log_float, logf},       {"tanh", rt_tanh_float, tanhf},
      {"erf", rt_erf_float, erff}, {"floor", rt_floor_float, floorf},
  };
  for (size_t k = 0; k < RT_COUNT(special); k++) {
    float x = special[k];
    for (size_t i = 0; i < RT_COUNT(row); i++)
      if (!same(row[i].f(x), row[i].want(x)))
        fail_msg("%s(%g) is %g, not %g", row[i].name, (double)x, (double)row[i].f(x), (double)row[i].want(x));
    for (size_t j = 0; j < RT_COUNT(special); j++)
      if (!same(rt_pow_float(x, special[j]), powf(x, special[j])))
        fail_msg("pow(%g, %g) is %g", (double)x, (double)special[j], (double)rt_pow_float(x, special[j]));
  }
  assert_true(isnan(rt_sin_float(INFINITY)) && isnan(rt_cos_float(-INFINITY)) && isnan(rt_sin_float(NAN)));
  assert_true(fabsf(rt_sin_float(1e20f)) <= 1 && fabsf(rt_cos_float(1e12f)) <= 1.0001f);
  assert_true(signbit(rt_sin_float(-0.0f)) && rt_cos_float(0) == 1);
  assert_true(rt_exp_float(-INFINITY) == 0 && rt_exp_float(-90) == 0 && rt_exp_float(89) == INFINITY);
  assert_true(rt_sigmoid_float(-INFINITY) == 0 && rt_sigmoid_float(INFINITY) == 1
              && isnan(rt_sigmoid_float(NAN)));
  assert_true(rt_softplus_float(-INFINITY) == 0 && rt_softplus_float(INFINITY) == INFINITY
              && isnan(rt_softplus_float(NAN)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_within_bounds),      cmocka_unit_test(gelu_is_near_the_exact_one),
      cmocka_unit_test(pow_is_within_its_bound),       cmocka_unit_test(exp_of_vectors_is_within_its_bound),
      cmocka_unit_test(special_values_are_those_of_c),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
