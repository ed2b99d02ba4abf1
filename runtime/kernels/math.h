/* math.h: elementary functions for float that a compiler can vectorise: no branches, no calls, no tables.
 *
 * Each follows the same plan: reduce the argument to a short interval, evaluate a polynomial there, undo the
 * reduction. The polynomials are minimax fits of the functions named (Remez exchange, 40 digits), rounded to
 * the precision they are used in. The error bounds are in units in the last place of the result, against the
 * exact value, and tests/unit/test_math.c holds them to it. NaN gives NaN everywhere. Double uses the C
 * library.
 *
 * LANE_EXP and its companions, below, are these functions under the names that runtime/ops.def uses, for the
 * number type being compiled. */
#ifndef AQ_RUNTIME_KERNELS_MATH_H
#define AQ_RUNTIME_KERNELS_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float rt_float_of_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline uint32_t rt_bits_of_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline double rt_double_of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline uint64_t rt_bits_of_double(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* Adding 1.5 * 2^23 leaves no room for fraction bits: the sum's low bits hold the nearest whole number. For
 * |x| < 2^22. */
#define RT_ROUND_FLOAT 12582912.0f
#define RT_ROUND_DOUBLE 6755399441055744.0 /* 1.5 * 2^52 */

/* Without SSE 4.1 floorf is a call. From 2^23 on every float is a whole number. */
static inline float rt_floor_float(float x) {
#if defined __x86_64__ && !defined __SSE4_1__
  float whole = (float)(int32_t)(fabsf(x) < 8388608.0f ? x : 0.0f);
  float down = whole > x ? whole - 1.0f : whole;
  return fabsf(x) < 8388608.0f ? copysignf(down, x) : x;
#else
  return floorf(x);
#endif
}

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2. */
static inline float rt_exp_tail_float(float r) {
  float p = 0.0013814466f;
  p = p * r + 0.00836878f;
  p = p * r + 0.041668394f;
  p = p * r + 0.1666652f;
  return p * r + 0.49999993f;
}

/* exp. 1.5 ulp; infinite above 88.722; below -86.99 (1.7e-38, where denormals are near) 0. */
static inline float rt_exp_float(float x) {
  float z = x < -87.3f ? -87.3f : x;
  z = z > 89.0f ? 89.0f : z;
  float rounded = z * 1.44269504f + RT_ROUND_FLOAT;
  float n = rounded - RT_ROUND_FLOAT;
  float r = z - n * 0.693359375f; /* log(2) in two parts: n times the first is exact */
  r = r - n * -2.12194440e-4f;
  float p = 1.0f + (r + r * r * rt_exp_tail_float(r));
  /* 2^n as 2^(n-1) * 2, so that n = 128 has an exponent and n = -126 becomes 0. */
  float scale = rt_float_of_bits((rt_bits_of_float(rounded) + 126u) << 23);
  return p * scale * 2.0f;
}

/* tanh as (e - 1) / (e + 1) with e - 1 = expm1(2|x|), which keeps the digits near 0. 3 ulp. */
static inline float rt_tanh_float(float x) {
  float z = 2.0f * fabsf(x);
  z = z > 18.1f ? 18.1f : z;
  float rounded = z * 1.44269504f + RT_ROUND_FLOAT;
  float n = rounded - RT_ROUND_FLOAT;
  float r = z - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float q = r + r * r * rt_exp_tail_float(r);
  float scale = rt_float_of_bits((rt_bits_of_float(rounded) + 127u) << 23);
  float e = scale * q + (scale - 1.0f);
  return copysignf(e / (e + 2.0f), x);
}

/* 1 / (1 + exp(-x)). 3 ulp; 0 below -88.7. */
static inline float rt_sigmoid_float(float x) { return 1.0f / (1.0f + rt_exp_float(-x)); }

/* log. 1 ulp; -inf at 0, NaN below. A denormal counts as 0 where the processor's mode says so. */
static inline float rt_log_float(float x) {
  float tiny = x < 1.17549435e-38f ? 1.0f : 0.0f;
  float z = tiny != 0.0f ? x * 8388608.0f : x;
  /* x = m 2^n with m in [sqrt(1/2), sqrt(2)): 0x3f3504f3 is sqrt(1/2). */
  uint32_t bits = rt_bits_of_float(z) - 0x3f3504f3u;
  float n = (float)((int32_t)bits >> 23) - 23.0f * tiny;
  float f = rt_float_of_bits((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float p = -0.076344584f;
  p = p * f + 0.12761552f;
  p = p * f + -0.13160188f;
  p = p * f + 0.14201765f;
  p = p * f + -0.16623358f;
  p = p * f + 0.20001226f;
  p = p * f + -0.25000821f;
  p = p * f + 0.33333332f;
  float square = f * f;
  float low = p * (f * square) + n * -2.12194440e-4f;
  float y = n * 0.693359375f + (f + (low - 0.5f * square));
  y = x < INFINITY ? y : x; /* infinity and NaN stay */
  y = x < 0.0f ? NAN : y;
  return x == 0.0f ? -INFINITY : y;
}

/* log(1 + u) for 0 <= u <= 1, as 2 atanh(u / (2 + u)). 2 ulp. */
static inline float rt_log1p_unit_float(float u) {
  float s = u / (2.0f + u), z = s * s;
  float p = 0.12204702f;
  p = p * z + 0.10705573f;
  p = p * z + 0.14308442f;
  p = p * z + 0.19999477f;
  p = p * z + 0.33333337f;
  return 2.0f * (s + s * (z * p));
}

/* log(1 + exp(x)). 3 ulp. */
static inline float rt_softplus_float(float x) {
  return (x < 0.0f ? 0.0f : x) + rt_log1p_unit_float(rt_exp_float(-fabsf(x)));
}

/* erf. 1.5 ulp. Near 0 by its odd series, beyond by 1 - exp(-g(|x|)) with g = -log(erfc). */
static inline float rt_erf_float(float x) {
  float a = fabsf(x), z = x * x;
  float near = 8.3164158e-05f;
  near = near * z + -0.00081299341f;
  near = near * z + 0.0051999007f;
  near = near * z + -0.026858940f;
  near = near * z + 0.11283687f;
  near = near * z + -0.37612633f;
  near = near * z + 0.12837917f;
  near = x + x * near;
  float b = a > 3.95f ? 3.95f : a;
  float g = 4.1965792e-07f;
  g = g * b + 1.5744295e-05f;
  g = g * b + -0.00040530255f;
  g = g * b + 0.0040823239f;
  g = g * b + -0.024954433f;
  g = g * b + 0.10808807f;
  g = g * b + 0.63348357f;
  g = g * b + 1.1294605f;
  g = g * b + -0.00016539692f;
  float far = copysignf(1.0f - rt_exp_float(-g), x);
  return a < 0.93f ? near : far;
}

/* Of a normal number: exp(-x^2 / 2), and the probability that it is below x, which far from 0 is that times a
 * polynomial, in three parts that can be summed side by side. Within 7e-8; x is finite. */
struct rt_normal_float {
  float bell, below;
};
static inline struct rt_normal_float rt_normal_float(float x) {
  float a = fabsf(x), bell = rt_exp_float(-0.5f * x * x);
  a = a > 5.0f ? 5.0f : a;
  float square = a * a, power = square * square;
  float low = (0.49999997f + a * -0.398940653f) + square * (0.249973193f + a * -0.132809252f);
  float middle = (0.0619336031f + a * -0.0254872125f) + square * (0.00901880302f + a * -0.00259922794f);
  float high = (0.000567166193f + a * -8.55931867e-05f) + square * (7.81541439e-06f + a * -3.21403718e-07f);
  float beyond = bell * (low + power * (middle + power * high));
  return (struct rt_normal_float){bell, x < 0.0f ? beyond : 1.0f - beyond};
}

/* Beyond, nothing is left of the bell. */
#define RT_NORMAL_END 20.0f

/* x times the probability of a normal number below x. 8 ulp from -1 on; below, within 1.5e-7. */
static inline float rt_gelu_float(float x) {
  float z = x < -RT_NORMAL_END ? -RT_NORMAL_END : x;
  return z * rt_normal_float(z).below;
}
/* Its slope, within 2e-7. */
static inline float rt_gelu_slope_float(float x) {
  float z = x < -RT_NORMAL_END ? -RT_NORMAL_END : x;
  z = z > RT_NORMAL_END ? RT_NORMAL_END : z;
  struct rt_normal_float at = rt_normal_float(z);
  return at.below + z * (0.398942280f * at.bell);
}

/* pi in two parts: n times the first is exact for |n| < 2^20. */
#define RT_PI_HIGH 3.1415926534682512283
#define RT_PI_LOW 1.21542010130123852e-10

/* sin(r) (-1)^n for |r| <= pi/2, in double. */
static inline double rt_sine_of_half_turn(double r, double n) {
  double z = r * r;
  double p = -2.3888361539302477e-8;
  p = p * z + 2.7525811537022584e-6;
  p = p * z + -0.00019840889375269242;
  p = p * z + 0.008333331416578099;
  p = p * z + -0.16666666638838232;
  double half = n * 0.5;
  double odd =
      half - ((half + RT_ROUND_DOUBLE) - RT_ROUND_DOUBLE); /* 0 when n is even, 1/2 or -1/2 when odd */
  return (r + r * (z * p)) * (1.0 - 8.0 * odd * odd);
}

/* sin and cos, in radians. The reduction by pi runs in double: 1 ulp for |x| <= 10^6; beyond, the absolute
 * error is about |x| 10^-16; from 2^50 on, where neighbouring floats are many turns apart, the value is 0
 * (sin) or 1 (cos). NaN for infinity. */
static inline float rt_sin_float(float x) {
  double d = fabsf(x) < 1125899906842624.0f ? (double)x : (double)(x - x);
  double n = (d * 0.31830988618379067 + RT_ROUND_DOUBLE) - RT_ROUND_DOUBLE;
  double r = (d - n * RT_PI_HIGH) - n * RT_PI_LOW;
  float y = (float)rt_sine_of_half_turn(r, n);
  return x == 0.0f ? x : y;
}

static inline float rt_cos_float(float x) {
  double d = fabsf(x) < 1125899906842624.0f ? (double)x : (double)(x - x);
  double n = (d * 0.31830988618379067 - 0.5 + RT_ROUND_DOUBLE) - RT_ROUND_DOUBLE;
  double h = n + 0.5; /* cos(h pi + r) = -(-1)^n sin(r) */
  double r = (d - h * RT_PI_HIGH) - h * RT_PI_LOW;
  return (float)-rt_sine_of_half_turn(r, n);
}

/* log2 of a positive, normal double, to 1e-11. */
static inline double rt_log2_of_double(double x) {
  uint64_t bits = rt_bits_of_double(x) - 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
  /* The exponent, biased by 1024 so that it is positive, becomes a double by way of 2^52's bits. */
  double n =
      rt_double_of_bits(((bits + (1024ull << 52)) >> 52) | 0x4330000000000000u) - 4503599627370496.0 - 1024.0;
  double m = rt_double_of_bits((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
  double s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = 0.34074899326396869;
  p = p * z + 0.41167174532471615;
  p = p * z + 0.57708360033229608;
  p = p * z + 0.96179667326633487;
  p = p * z + 2.8853900817901418;
  return n + s * p;
}

/* 2^y, to 1e-10, for |y| <= 1000. */
static inline double rt_exp2_of_double(double y) {
  double rounded = y + RT_ROUND_DOUBLE, f = y - (rounded - RT_ROUND_DOUBLE);
  double p = 1.5201926822309575e-5;
  p = p * f + 0.00015469290070929523;
  p = p * f + 0.0013333922564124302;
  p = p * f + 0.0096180272585439221;
  p = p * f + 0.055504103534102484;
  p = p * f + 0.24022651198099392;
  p = p * f + 0.69314718072845788;
  p = p * f + 0.99999999996169084;
  return p * rt_double_of_bits((rt_bits_of_double(rounded) + 1023u) << 52);
}

/* a to the b with the special cases of C99's pow, in double. 1 ulp; results below FLT_MIN are 0 where the
 * processor's mode flushes denormals. */
static inline float rt_pow_float(float a, float b) {
  double magnitude = fabs((double)a), power = (double)b;
  double l = rt_log2_of_double(magnitude > 1e-46 && magnitude < 1e39 ? magnitude : 1.0) * power;
  l = l < -400.0 ? -400.0 : l;
  l = l > 400.0 ? 400.0 : l;
  float y = (float)rt_exp2_of_double(l);
  float past_one = b > 0.0f ? INFINITY : 0.0f, below_one = b > 0.0f ? 0.0f : INFINITY;
  y = magnitude == 0.0 ? below_one : y;
  y = magnitude == (double)INFINITY ? past_one : y;
  float beyond = magnitude > 1.0 ? past_one : below_one;
  y = fabsf(b) == INFINITY ? (magnitude == 1.0 ? 1.0f : beyond) : y;
  float whole = rt_floor_float(b), half = b * 0.5f;
  float odd = (whole == b ? 1.0f : 0.0f) * (rt_floor_float(half) == half ? 0.0f : 1.0f);
  y = a < 0.0f && whole != b ? (magnitude < (double)INFINITY ? NAN : y) : y;
  uint32_t sign = odd != 0.0f ? rt_bits_of_float(a) & 0x80000000u : 0u;
  y = rt_float_of_bits(rt_bits_of_float(y) ^ sign);
  y = a != a || b != b ? NAN : y;
  return b == 0.0f || a == 1.0f ? 1.0f : y;
}

#ifdef RT_DOUBLE
#if !RT_DOUBLE
#define LANE_ABS(a) fabsf(a)
#define LANE_EXP(a) rt_exp_float(a)
#define LANE_LOG(a) rt_log_float(a)
#define LANE_SQRT(a) sqrtf(a)
#define LANE_TANH(a) rt_tanh_float(a)
#define LANE_SIGMOID(a) rt_sigmoid_float(a)
#define LANE_SOFTPLUS(a) rt_softplus_float(a)
#define LANE_ERF(a) rt_erf_float(a)
#define LANE_GELU(a) rt_gelu_float(a)
#define LANE_GELU_SLOPE(a) rt_gelu_slope_float(a)
#define LANE_SIN(a) rt_sin_float(a)
#define LANE_COS(a) rt_cos_float(a)
#define LANE_FLOOR(a) rt_floor_float(a)
#define LANE_POW(a, b) rt_pow_float(a, b)
#else
#include "runtime/lane_double.h"
#endif
#endif

#endif
