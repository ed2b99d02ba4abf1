/* vocab.c: the vocabularies that are built from texts. */
#include "runtime/io/intern_ahead.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/utf8.h"

enum { BYTES = 256 };

/* ---- building ---- */

struct candidate {
  int32_t number;
  int64_t count, first;
  const char *text;
  size_t length;
};

static int by_falling_count(const void *a, const void *b) {
  const struct candidate *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static int by_bytes(const void *a, const void *b) {
  const struct candidate *x = a, *y = b;
  int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
  return order ? order : x->length < y->length ? -1 : x->length > y->length;
}

static struct io_vocab *vocab_new(enum io_vocab_kind kind, bool ends) {
  struct io_vocab *v = rt_zalloc(1, sizeof *v);
  if (!v) return NULL;
  v->kind = kind;
  v->begin = v->end = v->unknown = -1;
  if (kind == IO_VOCAB_WORDS) {
    v->unknown = IO_UNKNOWN;
    v->base = 1;
    if (ends) {
      v->begin = 1;
      v->end = 2;
      v->base = 3;
    }
  } else if (kind == IO_VOCAB_BYTES && ends) {
    v->begin = BYTES;
    v->end = BYTES + 1;
  }
  v->count = kind == IO_VOCAB_BYTES ? (ends ? BYTES + 2 : BYTES) : v->base;
  return v;
}

/* Adds a text behind the others; a text that is there already is RT_BAD_DATA. */
static int vocab_add(struct io_vocab *v, const char *text, size_t length, struct rt_error *error) {
  int32_t number, before = v->texts.count;
  int status = io_intern_add(&v->texts, text, length, &number, error);
  if (status != RT_OK) return status;
  if (number != before)
    return rt_fail(error, RT_BAD_DATA, "the vocabulary holds \"%.*s\" twice", io_quoted(text, length), text);
  v->count = v->base + v->texts.count;
  if (length > v->longest) v->longest = length;
  return RT_OK;
}

/* Collects the texts that may enter the vocabulary; returns how many. */
static int32_t collect(struct candidate *out, const struct io_counted *from, int64_t min_count) {
  int32_t n = 0;
  for (int32_t i = 0; i < from->texts->count; i++) {
    if (from->counts[i] < min_count) continue;
    struct candidate *c = &out[n++];
    *c = (struct candidate){.number = i, .count = from->counts[i], .first = from->first ? from->first[i] : i};
    c->text = io_intern_text(from->texts, i, &c->length);
  }
  return n;
}

int io_vocab_build(struct io_vocab **vocab, enum io_vocab_kind kind, const struct io_counted *counted,
                   const struct io_vocab_options *options, int32_t *remap, struct rt_error *error) {
  static const struct io_vocab_options none = {0};
  const struct io_vocab_options *o = options && kind == IO_VOCAB_WORDS ? options : &none;
  const int32_t count = counted->texts->count;
  *vocab = NULL;
  struct io_vocab *v = vocab_new(kind, o->ends);
  struct candidate *all = rt_zalloc((size_t)count + 1, sizeof *all);
  int status = v && all ? RT_OK : rt_no_memory(error);
  if (status == RT_OK) {
    int32_t n = collect(all, counted, o->min_count > 1 ? o->min_count : 1);
    qsort(all, (size_t)n, sizeof *all, kind == IO_VOCAB_CLASSES ? by_bytes : by_falling_count);
    if (o->max_size > 0 && n > o->max_size - v->base)
      n = o->max_size > v->base ? (int32_t)(o->max_size - v->base) : 0;
    for (int32_t i = 0; i < count; i++) remap[i] = kind == IO_VOCAB_CLASSES ? -1 : IO_UNKNOWN;
    for (int32_t i = 0; i < n && status == RT_OK; i++) {
      remap[all[i].number] = v->base + i;
      status = vocab_add(v, all[i].text, all[i].length, error);
    }
  }
  rt_free(all);
  if (status != RT_OK) {
    io_vocab_free(v);
    return status;
  }
  *vocab = v;
  return RT_OK;
}

/* The texts are the bytes themselves, so that every id has its text in the one table. */
static int fill_bytes(struct io_vocab *v, struct rt_error *error) {
  int status = RT_OK;
  for (int i = 0; i < BYTES && status == RT_OK; i++) {
    char byte = (char)i;
    int32_t number;
    status = io_intern_add(&v->texts, &byte, 1, &number, error);
  }
  return status;
}

int io_vocab_bytes(struct io_vocab **vocab, bool ends, struct rt_error *error) {
  struct io_vocab *v = vocab_new(IO_VOCAB_BYTES, ends);
  int status = v ? fill_bytes(v, error) : rt_no_memory(error);
  if (status != RT_OK) {
    io_vocab_free(v);
    v = NULL;
  }
  *vocab = v;
  return status;
}

/* Gives a vocabulary, which has none, its texts. */
static void take_texts(struct io_vocab *v, struct io_intern *texts) {
  v->texts = *texts;
  *texts = (struct io_intern){0};
  v->count = v->base + v->texts.count;
  for (int32_t n = 0; n < v->texts.count; n++) {
    size_t length;
    io_intern_text(&v->texts, n, &length);
    if (length > v->longest) v->longest = length;
  }
}

int io_vocab_list_new(struct io_vocab **vocab, struct io_intern *texts, struct io_list_marks marks,
                      struct rt_error *error) {
  struct io_vocab *v = *vocab = vocab_new(IO_VOCAB_LIST, false);
  if (!v) return rt_no_memory(error);
  take_texts(v, texts);
  v->unknown = marks.unknown;
  v->begin = marks.begin;
  v->end = marks.end;
  return RT_OK;
}

int io_vocab_again(struct io_vocab **vocab, enum io_vocab_kind kind, bool ends, struct io_intern *texts,
                   struct rt_error *error) {
  *vocab = NULL;
  for (int32_t n = 1; kind == IO_VOCAB_CLASSES && n < texts->count; n++) {
    struct candidate before = {0}, this = {0};
    before.text = io_intern_text(texts, n - 1, &before.length);
    this.text = io_intern_text(texts, n, &this.length);
    if (by_bytes(&before, &this) > 0) return rt_fail(error, RT_BAD_DATA, "its classes are not sorted");
  }
  if (!(*vocab = vocab_new(kind, ends))) return rt_no_memory(error);
  take_texts(*vocab, texts);
  return RT_OK;
}

struct io_vocab *io_vocab_share(struct io_vocab *vocab) {
  if (vocab) atomic_fetch_add(&vocab->others, 1);
  return vocab;
}

void io_vocab_free(struct io_vocab *vocab) {
  if (!vocab || atomic_fetch_sub(&vocab->others, 1) > 0) return;
  io_intern_free(&vocab->texts);
  io_merges_free(vocab->merges);
  rt_free(vocab);
}

/* ---- looking up ---- */

int32_t io_vocab_find(const struct io_vocab *vocab, const char *text, size_t length) {
  if (vocab->kind == IO_VOCAB_BYTES) return length == 1 ? (unsigned char)text[0] : -1;
  int32_t number = io_intern_find(&vocab->texts, text, length);
  return number < 0 ? vocab->unknown : vocab->base + number;
}

void io_vocab_find_many(const struct io_vocab *vocab, struct io_sought *sought, size_t count) {
  if (vocab->kind != IO_VOCAB_BYTES) io_intern_find_many(&vocab->texts, sought, count);
  for (size_t k = 0; k < count; k++)
    sought[k].number = vocab->kind == IO_VOCAB_BYTES ? io_vocab_find(vocab, sought[k].text, sought[k].length)
                       : sought[k].number < 0        ? vocab->unknown
                                                     : vocab->base + sought[k].number;
}

const char *io_vocab_text(const struct io_vocab *vocab, int32_t id, size_t *length) {
  const char *special = NULL;
  if (id >= 0 && id == vocab->begin)
    special = "<begin>";
  else if (id >= 0 && id == vocab->end)
    special = "<end>";
  else if (id == IO_UNKNOWN && vocab->kind == IO_VOCAB_WORDS)
    special = "<unk>";
  *length = special ? strlen(special) : 0;
  if (special || id < vocab->base || id >= vocab->count) return special;
  return io_intern_text(&vocab->texts, id - vocab->base, length);
}

void io_vocab_list(const struct io_vocab *vocab, int32_t max, struct rt_text *out) {
  for (int32_t n = 0; n < vocab->texts.count && n < max; n++) {
    size_t length;
    const char *text = io_intern_text(&vocab->texts, n, &length);
    rt_text_puts(out, n ? ", " : "");
    rt_text_add(out, text, length);
  }
  if (vocab->texts.count > max) rt_text_printf(out, ", … (%d in all)", (int)vocab->texts.count);
}
