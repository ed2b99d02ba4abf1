/* dtype.c: converting the elements of safetensors files. */
#include "runtime/io/dtype.h"

#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian, and so must the machine be"
#endif

/* What aq computes with: the name, the type in memory, and the number that x of it is. */
#define DTYPES(ROW)                                                                                          \
  ROW(F64, double, x)                                                                                        \
  ROW(I64, int64_t, x)                                                                                       \
  ROW(U64, uint64_t, x)                                                                                      \
  ROW(F32, float, x)                                                                                         \
  ROW(I32, int32_t, x)                                                                                       \
  ROW(U32, uint32_t, x)                                                                                      \
  ROW(F16, uint16_t, half_to_double(x))                                                                      \
  ROW(BF16, uint16_t, bfloat_to_double(x))                                                                   \
  ROW(I16, int16_t, x)                                                                                       \
  ROW(U16, uint16_t, x)                                                                                      \
  ROW(I8, int8_t, x)                                                                                         \
  ROW(U8, uint8_t, x)                                                                                        \
  ROW(BOOL, uint8_t, x != 0)

static const struct {
  const char *name;
  size_t size;
} dtypes[IO_DTYPES] = {
#define ROW(name, type, number) [IO_##name] = {#name, sizeof(type)},
    DTYPES(ROW)
#undef ROW
};

const char *io_dtype_name(enum io_dtype dtype) { return dtypes[dtype].name; }
size_t io_dtype_size(enum io_dtype dtype) { return dtypes[dtype].size; }

int io_dtype_find(const char *name) {
  for (int d = 0; d < IO_DTYPES; d++)
    if (strcmp(name, dtypes[d].name) == 0) return d;
  return -1;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_to_double(uint16_t bits) {
  int exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
  double magnitude = exponent == 0x1F ? (fraction ? NAN : INFINITY)
                     : exponent       ? ldexp(0x400 + fraction, exponent - 25)
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

/* A loop for each type. Integers of 64 bits go to float directly: by way of double they would be rounded
 * twice.
 */
#define CONVERT(name, type, number)                                                                          \
  case IO_##name:                                                                                            \
    for (size_t i = 0; i < count; i++) {                                                                     \
      type x;                                                                                                \
      memcpy(&x, bytes + i * sizeof x, sizeof x);                                                            \
      out[i] = TO(number);                                                                                   \
    }                                                                                                        \
    break;

void io_dtype_to_double(enum io_dtype dtype, const unsigned char *bytes, size_t count, double *out) {
  switch (dtype) {
#define TO(number) (double)(number)
    DTYPES(CONVERT)
#undef TO
    case IO_OTHER: break; /* its tensors are not converted */
  }
}

void io_dtype_to_float(enum io_dtype dtype, const unsigned char *bytes, size_t count, float *out) {
  switch (dtype) {
#define TO(number) (float)(number)
    DTYPES(CONVERT)
#undef TO
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
