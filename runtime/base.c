/* base.c: status, messages, memory and growable text. See base.h for what each function promises. */
#include "runtime/base.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

/* A message that was cut must not end within a UTF-8 character: whoever prints it may be strict about that.
 */
static void drop_partial_character(char *text) {
  size_t end = strlen(text), start = end;
  while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) start--;
  if (start == 0) return;
  unsigned char lead = (unsigned char)text[start - 1];
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length > end - start + 1) text[start - 1] = '\0';
}

static void format_into(char *out, size_t size, const char *format, va_list args) {
  int n = vsnprintf(out, size, format, args);
  if (n < 0)
    out[0] = '\0';
  else if ((size_t)n >= size)
    drop_partial_character(out);
}

static int fail_at(struct rt_error *e, int code, struct rt_place place, const char *format, va_list args) {
  if (!e) return code;
  if (e->code) return e->code;
  format_into(e->text, sizeof e->text, format, args);
  int n = snprintf(e->file, sizeof e->file, "%s", place.file ? place.file : "");
  if (n >= (int)sizeof e->file) drop_partial_character(e->file);
  e->line = place.line < INT32_MAX ? (int)place.line : INT32_MAX;
  e->column = place.column < INT32_MAX ? (int)place.column : INT32_MAX;
  return e->code = code;
}

int rt_fail(struct rt_error *e, int code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  code = fail_at(e, code, (struct rt_place){NULL, 0, 0}, format, args);
  va_end(args);
  return code;
}

int rt_fail_in(struct rt_error *e, int code, const char *file, const char *format, ...) {
  va_list args;
  va_start(args, format);
  code = fail_at(e, code, (struct rt_place){file, 0, 0}, format, args);
  va_end(args);
  return code;
}

int rt_fail_at(struct rt_error *e, int code, struct rt_place place, const char *format, ...) {
  va_list args;
  va_start(args, format);
  code = fail_at(e, code, place, format, args);
  va_end(args);
  return code;
}

void rt_hint(struct rt_error *e, const char *format, ...) {
  if (!e || !e->code || e->hint[0]) return;
  va_list args;
  va_start(args, format);
  format_into(e->hint, sizeof e->hint, format, args);
  va_end(args);
}

static _Thread_local struct rt_quota *quota;

int rt_no_memory(struct rt_error *e) {
  if (quota && quota->reached)
    return rt_fail(e, RT_NO_MEMORY, "this takes more memory than the host allows: %lld bytes",
                   (long long)quota->most);
  return rt_fail(e, RT_NO_MEMORY, "out of memory");
}

void rt_error_clear(struct rt_error *e) {
  if (!e) return;
  e->code = e->line = e->column = 0;
  e->example = 0;
  e->file[0] = e->text[0] = e->excerpt[0] = e->hint[0] = 0;
}

/* ---- memory ---- */

static void *resize_with_malloc(void *context, void *block, size_t size) {
  (void)context;
  if (size) return realloc(block, size);
  free(block);
  return NULL;
}

static rt_resize *allocator = resize_with_malloc;
static void *allocator_context;
static atomic_uint_least64_t allocation_count;

void rt_set_allocator(rt_resize *resize, void *context) {
  allocator = resize ? resize : resize_with_malloc;
  allocator_context = resize ? context : NULL;
}

void rt_use_quota(struct rt_quota *of_thread) { quota = of_thread; }

/* How many bytes a block takes, where that is known and asked for. */
static int64_t bytes_of(void *block) {
  return quota && quota->most && block && allocator == resize_with_malloc ? (int64_t)malloc_usable_size(block)
                                                                          : 0;
}

static bool fits_quota(int64_t before, size_t size) {
  if (!quota || !quota->most || quota->used - before + (int64_t)size <= quota->most) return true;
  quota->reached = true;
  return false;
}

uint64_t rt_alloc_count(void) { return atomic_load_explicit(&allocation_count, memory_order_relaxed); }

/* To the allocator, size 0 means "free"; so an empty block asks for one byte. Objects above PTRDIFF_MAX
 * cannot be indexed in C, which a host's allocator need not know. */
static void *resize_block(void *block, size_t size) {
  if (size > PTRDIFF_MAX) return NULL;
  atomic_fetch_add_explicit(&allocation_count, 1, memory_order_relaxed);
  int64_t before = bytes_of(block);
  if (!fits_quota(before, size)) return NULL;
  void *resized = allocator(allocator_context, block, size ? size : 1);
  if (resized && quota) quota->used += bytes_of(resized) - before;
  return resized;
}

void *rt_alloc(size_t size) { return resize_block(NULL, size); }

void *rt_zalloc(size_t count, size_t size) {
  size_t total;
  if (!rt_mul(count, size, &total)) return NULL;
  void *block = resize_block(NULL, total);
  if (block) memset(block, 0, total);
  return block;
}

void *rt_realloc(void *block, size_t count, size_t size) {
  size_t total;
  if (!rt_mul(count, size, &total)) return NULL;
  return resize_block(block, total);
}

void rt_free(void *block) {
  if (!block) return;
  if (quota) quota->used -= bytes_of(block);
  allocator(allocator_context, block, 0);
}

enum { CACHE_LINE = 64 };

/* The pointer to the whole block lies right before the aligned address. */
void *rt_alloc_aligned(size_t size) {
  size_t total;
  if (!rt_add(size, CACHE_LINE + sizeof(void *), &total)) return NULL;
  char *block = resize_block(NULL, total);
  if (!block) return NULL;
  uintptr_t past_pointer = (uintptr_t)block + sizeof(void *);
  size_t padding = (CACHE_LINE - past_pointer % CACHE_LINE) % CACHE_LINE;
  char *aligned = block + sizeof(void *) + padding;
  memcpy(aligned - sizeof block, &block, sizeof block);
  return aligned;
}

void rt_free_aligned(void *block) {
  if (!block) return;
  void *whole;
  memcpy(&whole, (char *)block - sizeof whole, sizeof whole);
  rt_free(whole);
}

char *rt_strdup(const char *text) { return rt_strndup(text, strlen(text)); }

/* Like strndup, stops at a NUL within the first length bytes. */
char *rt_strndup(const char *text, size_t length) {
  size_t n = strnlen(text, length);
  char *copy = rt_alloc(n + 1);
  if (copy) {
    memcpy(copy, text, n);
    copy[n] = '\0';
  }
  return copy;
}

int rt_grow(void **items, size_t *capacity, size_t need, size_t size) {
  if (need <= *capacity) return RT_OK;
  size_t wanted = *capacity < 4 ? 8 : *capacity;
  if (wanted == *capacity && !rt_mul(wanted, 2, &wanted)) wanted = need;
  if (wanted < need) wanted = need;
  void *grown = rt_realloc(*items, wanted, size);
  if (!grown) return RT_NO_MEMORY;
  *items = grown;
  *capacity = wanted;
  return RT_OK;
}

/* ---- arena ---- */

struct rt_arena_block {
  struct rt_arena_block *next;
  size_t used, capacity;
  _Alignas(max_align_t) char bytes[];
};

enum { ARENA_BLOCK = 8192 };

/* A block that is larger than usual goes behind the head, whose free room stays in use. */
static struct rt_arena_block *arena_block_new(struct rt_arena *arena, size_t size) {
  size_t capacity = size > ARENA_BLOCK ? size : ARENA_BLOCK, total;
  if (!rt_add(sizeof(struct rt_arena_block), capacity, &total)) return NULL;
  struct rt_arena_block *block = rt_zalloc(1, total);
  if (!block) return NULL;
  block->capacity = capacity;
  if (size > ARENA_BLOCK && arena->head) {
    block->next = arena->head->next;
    arena->head->next = block;
  } else {
    block->next = arena->head;
    arena->head = block;
  }
  return block;
}

void *rt_arena_alloc(struct rt_arena *arena, size_t size) {
  const size_t unit = _Alignof(max_align_t);
  if (!rt_add(size, unit - 1, &size)) return NULL;
  size -= size % unit;
  struct rt_arena_block *block = arena->head;
  if (!block || block->capacity - block->used < size) block = arena_block_new(arena, size);
  if (!block) return NULL;
  void *room = block->bytes + block->used;
  block->used += size;
  return room;
}

char *rt_arena_strndup(struct rt_arena *arena, const char *text, size_t length) {
  size_t n = strnlen(text, length);
  char *copy = rt_arena_alloc(arena, n + 1);
  if (copy) memcpy(copy, text, n);
  return copy;
}

char *rt_arena_printf(struct rt_arena *arena, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  char *text = n < 0 ? NULL : rt_arena_alloc(arena, (size_t)n + 1);
  if (text) vsnprintf(text, (size_t)n + 1, format, again);
  va_end(again);
  va_end(args);
  return text;
}

void rt_arena_free(struct rt_arena *arena) {
  if (!arena) return;
  struct rt_arena_block *block = arena->head;
  while (block) {
    struct rt_arena_block *next = block->next;
    rt_free(block);
    block = next;
  }
  arena->head = NULL;
}

/* ---- growable text ---- */

/* Makes room for length more bytes and the NUL. */
static bool text_reserve(struct rt_text *t, size_t length) {
  size_t need;
  void *data = t->data;
  if (t->failed) return false;
  if (!rt_add(t->length, length, &need) || !rt_add(need, 1, &need)
      || rt_grow(&data, &t->capacity, need, 1) != RT_OK) {
    t->failed = true;
    return false;
  }
  t->data = data;
  return true;
}

void rt_text_add(struct rt_text *t, const char *bytes, size_t length) {
  if (!text_reserve(t, length)) return;
  if (length) memcpy(t->data + t->length, bytes, length);
  t->length += length;
  t->data[t->length] = '\0';
}

void rt_text_puts(struct rt_text *t, const char *string) { rt_text_add(t, string, strlen(string)); }

void rt_text_printf(struct rt_text *t, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  if (n < 0)
    t->failed = true;
  else if (text_reserve(t, (size_t)n)) {
    vsnprintf(t->data + t->length, (size_t)n + 1, format, again);
    t->length += (size_t)n;
  }
  va_end(again);
  va_end(args);
}

void rt_text_free(struct rt_text *t) {
  if (!t) return;
  rt_free(t->data);
  memset(t, 0, sizeof *t);
}
