/* dtype.c: converting the elements of safetensors files. */
#include "runtime/io/dtype.h"

#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian, and so must the machine be"
#endif

static const struct {
  const char *name;
  size_t size;
} dtypes[IO_DTYPES] = {
    [IO_F64] = {"F64", 8},  [IO_I64] = {"I64", 8}, [IO_U64] = {"U64", 8}, [IO_F32] = {"F32", 4},
    [IO_I32] = {"I32", 4},  [IO_U32] = {"U32", 4}, [IO_F16] = {"F16", 2}, [IO_BF16] = {"BF16", 2},
    [IO_I16] = {"I16", 2},  [IO_U16] = {"U16", 2}, [IO_I8] = {"I8", 1},   [IO_U8] = {"U8", 1},
    [IO_BOOL] = {"BOOL", 1}};

const char *io_dtype_name(enum io_dtype dtype) { return dtypes[dtype].name; }
size_t io_dtype_size(enum io_dtype dtype) { return dtypes[dtype].size; }

int io_dtype_find(const char *name) {
  for (int d = 0; d < IO_DTYPES; d++)
    if (strcmp(name, dtypes[d].name) == 0) return d;
  return -1;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_to_double(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                     : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                    : ldexp(fraction, -24);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/* bfloat16 is the upper half of a float. */
static double bfloat_to_double(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

#define EACH(type, expression)                                                                               \
  for (size_t i = 0; i < count; i++) {                                                                       \
    type x;                                                                                                  \
    memcpy(&x, bytes + i * sizeof x, sizeof x);                                                              \
    out[i] = (expression);                                                                                   \
  }                                                                                                          \
  break

void io_dtype_to_double(enum io_dtype dtype, const unsigned char *bytes, size_t count, double *out) {
  switch (dtype) {
    case IO_F64: EACH(double, x);
    case IO_F32: EACH(float, x);
    case IO_F16: EACH(uint16_t, half_to_double(x));
    case IO_BF16: EACH(uint16_t, bfloat_to_double(x));
    case IO_I64: EACH(int64_t, (double)x);
    case IO_U64: EACH(uint64_t, (double)x);
    case IO_I32: EACH(int32_t, x);
    case IO_U32: EACH(uint32_t, x);
    case IO_I16: EACH(int16_t, x);
    case IO_U16: EACH(uint16_t, x);
    case IO_I8: EACH(int8_t, x);
    case IO_U8: EACH(uint8_t, x);
    case IO_BOOL: EACH(uint8_t, x != 0);
    case IO_OTHER: break; /* its tensors are not converted */
  }
}

/* Integers of 64 bits go to float directly: by way of double they would be rounded twice. */
void io_dtype_to_float(enum io_dtype dtype, const unsigned char *bytes, size_t count, float *out) {
  switch (dtype) {
    case IO_F32: memcpy(out, bytes, count * sizeof *out); break;
    case IO_F64: EACH(double, (float)x);
    case IO_F16: EACH(uint16_t, (float)half_to_double(x));
    case IO_BF16: EACH(uint16_t, (float)bfloat_to_double(x));
    case IO_I64: EACH(int64_t, (float)x);
    case IO_U64: EACH(uint64_t, (float)x);
    case IO_I32: EACH(int32_t, (float)x);
    case IO_U32: EACH(uint32_t, (float)x);
    case IO_I16: EACH(int16_t, x);
    case IO_U16: EACH(uint16_t, x);
    case IO_I8: EACH(int8_t, x);
    case IO_U8: EACH(uint8_t, x);
    case IO_BOOL: EACH(uint8_t, x != 0);
    case IO_OTHER: break; /* its tensors are not converted */
  }
}

size_t io_dtype_to_int32(enum io_dtype dtype, const unsigned char *bytes, size_t count, int32_t *out) {
  /* a 64-bit integer that a double rounds is far outside of int32_t's range, before rounding and after it */
  size_t size = io_dtype_size(dtype);
  for (size_t i = 0; i < count; i++) {
    double value;
    io_dtype_to_double(dtype, bytes + i * size, 1, &value);
    if (!(value >= INT32_MIN && value <= INT32_MAX) || value != floor(value)) return i;
    out[i] = (int32_t)value;
  }
  return count;
}
