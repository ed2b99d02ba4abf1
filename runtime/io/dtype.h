/* dtype.h: the element types of safetensors files, read and written as little-endian bytes. */
#ifndef AQ_RUNTIME_IO_DTYPE_H
#define AQ_RUNTIME_IO_DTYPE_H

#include "runtime/io/safetensors.h"

/* The dtype of that name, or -1. */
int io_dtype_find(const char *name);
/* Converts count elements. Bytes need not be aligned. */
void io_dtype_to_double(enum io_dtype dtype, const unsigned char *bytes, size_t count, double *out);
void io_dtype_to_float(enum io_dtype dtype, const unsigned char *bytes, size_t count, float *out);
/* The number of elements converted: less than count when the next one is no integer that int32_t holds. */
size_t io_dtype_to_int32(enum io_dtype dtype, const unsigned char *bytes, size_t count, int32_t *out);

#endif
