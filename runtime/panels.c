/* panels.c: lays matrices out as panels. */
#include "runtime/panels.h"

#include <stdint.h>
#include <string.h>

static size_t number_bytes(enum rt_precision precision) {
  return precision == RT_F64 ? sizeof(double) : sizeof(float);
}

int64_t rt_panel_wide(enum rt_precision precision, enum rt_isa isa) {
  static const int vector_bytes[RT_ISA_COUNT] = {0, 32, 64};
  return RT_PANEL_WIDE(vector_bytes[isa], (int64_t)number_bytes(precision));
}

size_t rt_panels_bytes(int64_t rows, int64_t columns, int64_t wide, enum rt_precision precision) {
  const size_t panels = (size_t)((columns + wide - 1) / wide);
  size_t bytes;
  const bool fits =
      rt_mul(panels, (size_t)wide * number_bytes(precision), &bytes) && rt_mul(bytes, (size_t)rows, &bytes);
  return fits ? bytes : SIZE_MAX;
}

void rt_panels_fill(int64_t rows, int64_t columns, int64_t wide, enum rt_precision precision,
                    const void *matrix, void *panels) {
  const size_t size = number_bytes(precision), line = (size_t)wide * size;
  char *to = panels;
  for (int64_t j = 0; j < columns; j += wide) {
    const size_t there = (size_t)(columns - j < wide ? columns - j : wide) * size;
    for (int64_t i = 0; i < rows; i++, to += line) {
      memcpy(to, (const char *)matrix + (size_t)(i * columns + j) * size, there);
      memset(to + there, 0, line - there);
    }
  }
}
