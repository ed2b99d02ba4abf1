/* stream.c: see stream.h. */
#include "vm/stream.h"

#include "runtime/io/utf8.h"

#include <string.h>

static uint64_t stream_bytes(struct vm_stream *s, uint64_t x, size_t size) {
  uint8_t byte[8];
  if (!s->reading) {
    for (size_t i = 0; i < size; i++) byte[i] = (uint8_t)(x >> 8 * i);
    s->count += size;
    if (s->out) rt_text_add(s->out, (const char *)byte, size);
    return x;
  }
  if (s->failed || (size_t)(s->end - s->at) < size) {
    s->failed = true;
    return 0;
  }
  x = 0;
  for (size_t i = 0; i < size; i++) x |= (uint64_t)*s->at++ << 8 * i;
  return x;
}

/* Writing, nothing is stored: a module may be in use by other threads. */
#define STREAM_NUMBER(name, type, bits, size)                                                                \
  void name(struct vm_stream *s, type *x) {                                                                  \
    uint64_t got = stream_bytes(s, (bits)*x, size);                                                          \
    if (s->reading) *x = (type)(bits)got;                                                                    \
  }
STREAM_NUMBER(stream_u8, uint8_t, uint8_t, 1)
STREAM_NUMBER(stream_u16, uint16_t, uint16_t, 2)
STREAM_NUMBER(stream_u32, uint32_t, uint32_t, 4)
STREAM_NUMBER(stream_u64, uint64_t, uint64_t, 8)
STREAM_NUMBER(stream_i32, int32_t, uint32_t, 4)
STREAM_NUMBER(stream_i64, int64_t, uint64_t, 8)

void stream_f64(struct vm_stream *s, double *x) {
  uint64_t bits;
  memcpy(&bits, x, sizeof bits);
  bits = stream_bytes(s, bits, 8);
  if (s->reading) memcpy(x, &bits, sizeof bits);
}

void stream_bool(struct vm_stream *s, bool *x) {
  uint64_t byte = stream_bytes(s, *x, 1);
  s->failed |= byte > 1;
  if (s->reading) *x = byte == 1;
}

void stream_text(struct vm_stream *s, const char **x) {
  uint32_t length = UINT32_MAX;
  if (!s->reading) {
    if (*x) length = (uint32_t)strlen(*x);
    stream_u32(s, &length);
    if (*x) s->count += length;
    if (*x && s->out) rt_text_add(s->out, *x, length);
    return;
  }
  *x = NULL;
  stream_u32(s, &length);
  if (s->failed || length == UINT32_MAX) return;
  if ((size_t)(s->end - s->at) < length || memchr(s->at, 0, length)
      || io_utf8_check((const char *)s->at, length) != length) {
    s->failed = true;
    return;
  }
  *x = rt_arena_strndup(s->arena, (const char *)s->at, length);
  s->at += length;
  if (!*x) s->failed = s->no_memory = true;
}

void *stream_room(struct vm_stream *s, void *array, uint32_t count, size_t size, size_t least) {
  size_t bytes, total;
  if (!s->reading) return array;
  if (s->failed || !rt_mul(count, least, &bytes) || bytes > (size_t)(s->end - s->at)
      || !rt_mul(count, size, &total)) {
    s->failed = true;
    return NULL;
  }
  void *room = rt_arena_alloc(s->arena, total);
  if (!room) s->failed = s->no_memory = true;
  return room;
}
