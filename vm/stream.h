/* stream.h: numbers and text to and from bytes. One function serves both ways, so that what is written and
 * what is read cannot differ: writing, it appends what its pointer points at; reading, it fills that in.
 * Little-endian everywhere.
 *
 * Reading never goes beyond the end: from the first fault on `failed` is set, everything reads as zero, and
 * arrays are empty. */
#ifndef AQ_VM_STREAM_H
#define AQ_VM_STREAM_H

#include "runtime/base.h"

struct vm_stream {
  bool reading, failed, no_memory;
  const uint8_t *at, *end; /* reading */
  struct rt_arena *arena;  /* reading: arrays and text are made here */
  struct rt_text *out;     /* writing */
};

void stream_u8(struct vm_stream *s, uint8_t *x);
void stream_u16(struct vm_stream *s, uint16_t *x);
void stream_u32(struct vm_stream *s, uint32_t *x);
void stream_u64(struct vm_stream *s, uint64_t *x);
void stream_i32(struct vm_stream *s, int32_t *x);
void stream_i64(struct vm_stream *s, int64_t *x);
void stream_f64(struct vm_stream *s, double *x);
void stream_bool(struct vm_stream *s, bool *x); /* 0 or 1, nothing else */
/* UTF-8 without NUL; NULL stays NULL. */
void stream_text(struct vm_stream *s, const char **x);
/* The number of elements, and reading, room for them: size bytes each, zeroed. least: bytes that each takes
 * in the stream at least (1 or more), so that a count beyond what can follow is refused before anything is
 * allocated. Returns the array. */
void *stream_array(struct vm_stream *s, void *array, uint32_t *count, size_t size, size_t least);
/* The same with a count that was read before. */
void *stream_room(struct vm_stream *s, void *array, uint32_t count, size_t size, size_t least);

#endif
