/* base.h: what every module stands on: status codes, messages, memory, growable text.
 *
 * Ownership: whoever calls a function named _new, _init or _read frees what it filled with the function
 * of the same prefix named _free. Every _free accepts NULL or a zeroed struct. */
#ifndef AQ_RUNTIME_BASE_H
#define AQ_RUNTIME_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Status codes are the exit codes of aqc (sysexits where one fits); aq.h repeats them as AQ_*. */
enum rt_status {
  RT_OK = 0,
  RT_NEGATIVE = 1,    /* the answer is no: check, gradcheck */
  RT_USAGE = 64,      /* the caller asked for something impossible */
  RT_BAD_DATA = 65,   /* bad source, data or model */
  RT_NO_INPUT = 66,   /* a file is not there or cannot be read */
  RT_NOT_FINITE = 70, /* the loss, a gradient, a parameter or an answer is no longer a number */
  RT_NO_MEMORY = 71,
  RT_CANNOT_CREATE = 73,
  RT_IO = 74,
  RT_NOT_ALLOWED = 77, /* native code without permission */
  RT_INTERRUPTED = 130
};

/* A message about a failure. Fixed size, so that reporting a failure cannot fail itself.
 * line and column count from 1; 0 means that the failure has no place in a file. */
struct rt_error {
  int code; /* enum rt_status; 0: no error */
  int line, column;
  int64_t example;    /* of the batch, from 1; 0: it is about none */
  char file[256];     /* the file the message is about, or "" */
  char text[1024];    /* one sentence, no trailing newline */
  char excerpt[1024]; /* source lines with carets and labels, "" when there is no source to show */
  char hint[512];     /* what to try, or "" */
};

/* Fills e (which may be NULL) and returns code. The first error stays: a second call on an e that already
 * holds one changes nothing and returns the code it holds. */
int rt_fail(struct rt_error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same, about a file as a whole. */
int rt_fail_in(struct rt_error *e, int code, const char *file, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, about a place in a file. Line and column count from 1; 0 when they are not known. */
struct rt_place {
  const char *file;
  int64_t line, column;
};
int rt_fail_at(struct rt_error *e, int code, struct rt_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds a hint to the error that e holds; a hint already there stays. */
void rt_hint(struct rt_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
int rt_no_memory(struct rt_error *e);
void rt_error_clear(struct rt_error *e);

/* Memory. All of the library's memory comes from here, and so from the host's allocator when it has set one.
 * resize(context, NULL, n) allocates, resize(context, p, n) resizes, resize(context, p, 0) frees and returns
 * NULL. Set it before anything else is called; it is one per process. NULL restores malloc. */
typedef void *rt_resize(void *context, void *block, size_t size);
void rt_set_allocator(rt_resize *resize, void *context);

void *rt_alloc(size_t size);                /* NULL when there is none; size 0 gives a valid pointer */
void *rt_zalloc(size_t count, size_t size); /* zeroed; checks count * size for overflow */
void *rt_realloc(void *block, size_t count,
                 size_t size); /* checks count * size; on NULL the old block stays */
void rt_free(void *block);
void *rt_alloc_aligned(size_t size); /* aligned to 64 bytes, freed by rt_free_aligned */
void rt_free_aligned(void *block);
char *rt_strdup(const char *text);
char *rt_strndup(const char *text, size_t length);
/* How much more a thread may take than it gives back, in bytes. An allocator of the host's does not tell the
 * sizes of blocks, and counts for itself. */
struct rt_quota {
  int64_t most, used; /* most: 0: any */
  bool reached;       /* something was refused */
};
/* From now on this thread's memory counts; NULL: it does not. */
void rt_use_quota(struct rt_quota *quota);
uint64_t rt_alloc_count(void); /* allocations and resizes since the process started */

/* Makes room in a growing array: afterwards *items holds at least `need` elements of `size` bytes. RT_OK or
 * RT_NO_MEMORY. */
int rt_grow(void **items, size_t *capacity, size_t need, size_t size);

/* Overflow-checked size arithmetic: true and *out set, or false. */
static inline bool rt_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool rt_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* An arena: many small blocks that are freed together. Zeroed memory; NULL when there is none. */
struct rt_arena {
  struct rt_arena_block *head;
};
void *rt_arena_alloc(struct rt_arena *arena, size_t size);
char *rt_arena_strndup(struct rt_arena *arena, const char *text, size_t length);
char *rt_arena_printf(struct rt_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rt_arena_free(struct rt_arena *arena);

/* Growable text, always NUL-terminated once something was added. After a failed allocation `failed` is set
 * and further additions do nothing, so that callers check once at the end. */
struct rt_text {
  char *data;
  size_t length, capacity;
  bool failed;
};
void rt_text_add(struct rt_text *t, const char *bytes, size_t length);
void rt_text_puts(struct rt_text *t, const char *string);
void rt_text_printf(struct rt_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rt_text_free(struct rt_text *t);

/* decimal.c: the decimal number (-1.5, 3, .5, 6e-3) that a text is, times 10^shift, correctly rounded and
 * whatever the process's locale. NULL, or what is wrong: "is not a number", "is too large". */
const char *rt_number(const char *text, size_t length, int shift, double *number);

/* nearest.c: the name that somebody meant who misspelt one. Begin with {wanted, NULL, 0} and consider every
 * known name; best stays NULL when none is near. */
struct rt_nearest {
  const char *wanted, *best;
  int distance;
};
void rt_nearest_consider(struct rt_nearest *nearest, const char *candidate);
/* How many insertions, deletions, replacements and swaps of neighbours lead from one name to the other. Names
 * of 64 bytes or more are far from everything. */
int rt_edit_distance(const char *a, const char *b);

#define RT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
