/* native_signature.c: signatures of native functions as text. They come from programs, from descriptors of
 * libraries and from hosts, and are compared. */
#include "vm/native.h"

#include <stdio.h>
#include <string.h>

struct reader {
  const char *begin, *at;
  struct vm_native_signature *signature;
  struct rt_error *error;
};

static int wrong(const struct reader *r, const char *what) {
  rt_fail(r->error, RT_BAD_DATA, "the signature %.200s is wrong at letter %d: %s", r->begin,
          (int)(r->at - r->begin) + 1, what);
  rt_hint(r->error, "a signature reads (x: [T, D], ids: [T] of V, width: number, k: whole) -> [T, D]");
  return RT_BAD_DATA;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool next_is(struct reader *r, const char *text) {
  while (is_space(*r->at)) r->at++;
  size_t length = strlen(text);
  if (strncmp(r->at, text, length) != 0) return false;
  r->at += length;
  return true;
}

/* Whatever the locale. */
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool read_name(struct reader *r, struct vm_native_name *name) {
  while (is_space(*r->at)) r->at++;
  name->text = r->at;
  if (is_letter(*r->at))
    while (is_letter(*r->at) || is_digit(*r->at)) r->at++;
  name->length = (int)(r->at - name->text);
  return name->length > 0;
}

static bool is_name(const struct vm_native_name *name, const char *text) {
  return (size_t)name->length == strlen(text) && !strncmp(name->text, text, strlen(text));
}

static bool same_name(const struct vm_native_name *a, const struct vm_native_name *b) {
  return a->length == b->length && !strncmp(a->text, b->text, (size_t)a->length);
}

static int read_size(struct reader *r, uint8_t *number) {
  struct vm_native_signature *s = r->signature;
  struct vm_native_size size = {.value = -1};
  if (!read_name(r, &size.name)) {
    if (!is_digit(*r->at)) return wrong(r, "a size is a name or a whole number");
    size.name.text = r->at;
    for (size.value = 0; is_digit(*r->at); r->at++)
      if ((size.value = 10 * size.value + (*r->at - '0')) > INT32_MAX)
        return wrong(r, "the size is too large");
    size.name.length = (int)(r->at - size.name.text);
  }
  for (*number = 0; *number < s->size_count; ++*number) {
    const struct vm_native_size *known = &s->size[*number];
    if (known->value == size.value && (size.value >= 0 || same_name(&known->name, &size.name))) return RT_OK;
  }
  if (s->size_count == VM_NATIVE_SIZES) return wrong(r, "there are more than 32 sizes");
  s->size[s->size_count++] = size;
  return RT_OK;
}

static int read_word(struct reader *r, struct vm_native_type *type) {
  struct vm_native_name word;
  const char *from = r->at;
  if (read_name(r, &word) && (is_name(&word, "number") || is_name(&word, "whole"))) {
    type->kind = is_name(&word, "whole") ? VM_NATIVE_WHOLE : VM_NATIVE_NUMBER;
    return RT_OK;
  }
  r->at = from;
  return wrong(r, "expected a shape such as [T, D], or `number` or `whole`");
}

static int read_type(struct reader *r, struct vm_native_type *type) {
  *type = (struct vm_native_type){.kind = VM_NATIVE_TENSOR};
  if (!next_is(r, "[")) return read_word(r, type);
  int status = RT_OK;
  for (bool more = !next_is(r, "]"); more && status == RT_OK;) {
    if (type->rank == RT_MAX_RANK) return wrong(r, "a tensor has at most 8 axes");
    status = read_size(r, &type->axis[type->rank++]);
    more = status == RT_OK && next_is(r, ",");
    if (status == RT_OK && !more && !next_is(r, "]")) return wrong(r, "expected `,` or `]`");
  }
  struct vm_native_name of;
  const char *from = r->at;
  if (status != RT_OK) return status;
  if (read_name(r, &of) && is_name(&of, "of")) {
    type->kind = VM_NATIVE_IDS;
    return read_size(r, &type->of);
  }
  r->at = from;
  return RT_OK;
}

static int read_argument(struct reader *r) {
  struct vm_native_signature *s = r->signature;
  struct vm_native_name name;
  if (s->arg_count == VM_NATIVE_ARGS) return wrong(r, "there are more than 16 arguments");
  if (!read_name(r, &name)) return wrong(r, "expected the name of an argument");
  for (int k = 0; k < s->arg_count; k++)
    if (same_name(&s->arg[k].name, &name)) return wrong(r, "two arguments have this name");
  if (!next_is(r, ":")) return wrong(r, "expected `:` and what the argument is");
  s->arg[s->arg_count].name = name;
  return read_type(r, &s->arg[s->arg_count++].type);
}

/* Numbers alone on both sides: element by element. Otherwise the result is a tensor. */
static int complete(struct reader *r) {
  struct vm_native_signature *s = r->signature;
  bool numbers = true;
  for (int k = 0; k < s->arg_count; k++) numbers = numbers && s->arg[k].type.kind == VM_NATIVE_NUMBER;
  s->each = numbers && s->arg_count > 0 && s->result.kind == VM_NATIVE_NUMBER;
  if (s->result.kind == VM_NATIVE_WHOLE)
    return wrong(r, "a result of whole numbers has a range, as in [] of V");
  if (s->result.kind == VM_NATIVE_NUMBER && !s->each)
    return wrong(r, "a result that is a `number` is made of numbers alone, element by element; a single "
                    "number made of tensors is []");
  return RT_OK;
}

int vm_native_parse(const char *text, struct vm_native_signature *signature, struct rt_error *error) {
  struct reader r = {text, text, signature, error};
  *signature = (struct vm_native_signature){0};
  if (!text || strnlen(text, VM_NATIVE_TEXT + 1) > VM_NATIVE_TEXT)
    return rt_fail(error, RT_BAD_DATA,
                   text ? "the signature has more than %d letters" : "there is no signature", VM_NATIVE_TEXT);
  if (!next_is(&r, "(")) return wrong(&r, "expected `(`");
  int status = RT_OK;
  for (bool more = !next_is(&r, ")"); more && status == RT_OK;) {
    status = read_argument(&r);
    more = status == RT_OK && next_is(&r, ",");
    if (status == RT_OK && !more && !next_is(&r, ")")) return wrong(&r, "expected `,` or `)`");
  }
  if (status == RT_OK && !next_is(&r, "->")) return wrong(&r, "expected `->` and the result");
  if (status == RT_OK) status = read_type(&r, &signature->result);
  if (status == RT_OK && (next_is(&r, ""), *r.at)) return wrong(&r, "expected the end");
  return status == RT_OK ? complete(&r) : status;
}

/* Sizes are numbered in the order in which they come, so that types with the same numbers say the same of
 * them, whatever they are called. */
static bool same_type(const struct vm_native_type *a, const struct vm_native_type *b) {
  return a->kind == b->kind && a->rank == b->rank && a->of == b->of && !memcmp(a->axis, b->axis, a->rank);
}

bool vm_native_same(const struct vm_native_signature *a, const struct vm_native_signature *b) {
  bool same =
      a->arg_count == b->arg_count && a->size_count == b->size_count && same_type(&a->result, &b->result);
  for (int k = 0; same && k < a->arg_count; k++)
    same = same_name(&a->arg[k].name, &b->arg[k].name) && same_type(&a->arg[k].type, &b->arg[k].type);
  for (int k = 0; same && k < a->size_count; k++) same = a->size[k].value == b->size[k].value;
  return same;
}

int vm_native_real_count(const struct vm_native_signature *signature) {
  int count = 0;
  for (int k = 0; k < signature->arg_count; k++) count += vm_native_is_real(&signature->arg[k].type);
  return count;
}
