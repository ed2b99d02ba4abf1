/* stream.h: numbers and text to and from bytes. One function serves both ways, so that what is written and
 * what is read cannot differ: writing, it appends what its pointer points at; reading, it fills that in.
 * Little-endian everywhere.
 *
 * Reading never goes beyond the end: from the first fault on `failed` is set, everything reads as zero, and
 * arrays are empty. */
#ifndef AQ_VM_STREAM_H
#define AQ_VM_STREAM_H

#include "runtime/base.h"

#include <stddef.h>
#include <string.h>

struct vm_stream {
  bool reading, failed, no_memory;
  const uint8_t *at, *end; /* reading */
  struct rt_arena *arena;  /* reading: arrays and text are made here */
  struct rt_text *out;     /* writing; NULL: the bytes are only counted */
  size_t count;            /* writing: bytes so far */
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
/* Reading, room for `count` elements of `size` bytes each, zeroed; writing, the array. A count beyond what
 * can follow is refused before anything is allocated: least is what each element takes in the stream at
 * least, which is 1 or more. */
void *stream_room(struct vm_stream *s, void *array, uint32_t count, size_t size, size_t least);

/* The least that an element takes is what its function writes for one that is all zeros: no text, no
 * elements. So it follows from the function, and cannot be forgotten when the function changes. */
#define STREAM_LEAST(least, element_size, function)                                                          \
  do {                                                                                                       \
    max_align_t zero[((element_size) + sizeof(max_align_t) - 1) / sizeof(max_align_t)];                      \
    memset(zero, 0, sizeof zero);                                                                            \
    struct vm_stream counting = {0};                                                                         \
    function(&counting, (void *)zero);                                                                       \
    (least) = counting.count;                                                                                \
  } while (0)

/* Streams the elements of an array whose count is known, each by its function. */
#define STREAM_ALL(s, array, size, function)                                                                 \
  do {                                                                                                       \
    size_t least_of_each = 0;                                                                                \
    if ((s)->reading) STREAM_LEAST(least_of_each, sizeof *(array), function);                                \
    void *room = stream_room(s, (void *)(uintptr_t)(array), size, sizeof *(array), least_of_each);           \
    if ((s)->reading) (array) = room;                                                                        \
    for (uint32_t each = 0; each < (size) && !(s)->failed; each++)                                           \
      function(s, (void *)(uintptr_t) & (array)[each]);                                                      \
  } while (0)

/* The count as well. */
#define STREAM_EACH(s, array, size, function)                                                                \
  do {                                                                                                       \
    stream_u32(s, &(size));                                                                                  \
    STREAM_ALL(s, array, size, function);                                                                    \
    if ((s)->failed) (size) = 0;                                                                             \
  } while (0)

#endif
