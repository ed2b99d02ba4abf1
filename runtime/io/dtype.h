/* dtype.h: the types of elements, in safetensors files and in columns: little-endian bytes. */
#ifndef AQ_RUNTIME_IO_DTYPE_H
#define AQ_RUNTIME_IO_DTYPE_H

#include "runtime/base.h"

enum io_dtype {
  IO_F64,
  IO_I64,
  IO_U64,
  IO_F32,
  IO_I32,
  IO_U32,
  IO_F16,
  IO_BF16,
  IO_I16,
  IO_U16,
  IO_I8,
  IO_U8,
  IO_BOOL,
  IO_OTHER /* what aq does not compute with, such as F8_E4M3: it may be there, but not be used */
};
enum { IO_DTYPES = IO_OTHER };

const char *io_dtype_name(enum io_dtype dtype); /* "F64", …; not of IO_OTHER */
size_t io_dtype_size(enum io_dtype dtype);      /* bytes; not of IO_OTHER */

/* The dtype of that name, or -1. */
int io_dtype_find(const char *name);
/* Converts count elements. Bytes need not be aligned. */
void io_dtype_to_double(enum io_dtype dtype, const unsigned char *bytes, size_t count, double *out);
void io_dtype_to_float(enum io_dtype dtype, const unsigned char *bytes, size_t count, float *out);
/* The number of elements converted: less than count when the next one is no integer that int32_t holds. */
size_t io_dtype_to_int32(enum io_dtype dtype, const unsigned char *bytes, size_t count, int32_t *out);

#endif
