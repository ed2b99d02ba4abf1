/* json_row.c: see json_row.h. Strings lose their quotes and escapes in place: what is made of a line is never
 * longer than what stood there. */
#include "runtime/io/json_row.h"

#include <string.h>

#include "runtime/io/utf8.h"

enum { DEEPEST = 64 }; /* lists and objects in one another, of keys that nobody looks for */

struct parser {
  char *begin, *at, *end;
  const struct io_json_keys *keys;
  struct rt_text *why;
};

static bool fail(struct parser *p, const char *what) {
  rt_text_printf(p->why, "not valid JSON: %s", what);
  return false;
}

static bool wrong(struct parser *p, int key, const char *what) {
  rt_text_printf(p->why, "key \"%s\": %s", p->keys->name[key], what);
  return false;
}

static char next(struct parser *p) {
  while (p->at < p->end && strchr(" \t\r\n", *p->at)) p->at++;
  return p->at < p->end ? *p->at : '\0';
}

static bool take(struct parser *p, char c) {
  if (next(p) != c) return false;
  p->at++;
  return true;
}

/* ---- strings ---- */

static bool four_digits(struct parser *p, int32_t *number) {
  *number = 0;
  for (int k = 0; k < 4; k++, p->at++) {
    char c = p->at < p->end ? io_ascii_lower(*p->at) : '\0';
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return fail(p, "\\u needs four hexadecimal digits");
    *number = *number * 16 + digit;
  }
  return true;
}

/* Behind "\u". Characters above U+FFFF are two halves. */
static bool code_point(struct parser *p, int32_t *point) {
  int32_t low;
  if (!four_digits(p, point)) return false;
  if (*point == 0) return fail(p, "a NUL character");
  if (*point < 0xD800 || *point > 0xDFFF) return true;
  if (*point > 0xDBFF || p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
    return fail(p, "half of a character (a surrogate without the other one)");
  p->at += 2;
  if (!four_digits(p, &low)) return false;
  if (low < 0xDC00 || low > 0xDFFF) return fail(p, "half of a character (a surrogate without the other one)");
  *point = 0x10000 + (*point - 0xD800) * 0x400 + (low - 0xDC00);
  return true;
}

static bool escape(struct parser *p, char **out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  int32_t point;
  char c = p->at < p->end ? *p->at : '\0';
  const char *known = c ? strchr(from, c) : NULL;
  if (known) {
    *(*out)++ = to[known - from];
    p->at++;
    return true;
  }
  if (c != 'u') return fail(p, "there is no such escape");
  p->at++;
  if (!code_point(p, &point)) return false;
  *out += io_utf8_encode(point, *out);
  return true;
}

/* A string, whose characters are written from *out on. */
static bool string(struct parser *p, char **out) {
  if (!take(p, '"')) return fail(p, "a string in quotes should be here");
  while (p->at < p->end && *p->at != '"') {
    if ((unsigned char)*p->at < 0x20)
      return fail(p, "a control character in a string, which is written \\u…");
    if (*p->at != '\\')
      *(*out)++ = *p->at++;
    else if (p->at++, !escape(p, out))
      return false;
  }
  if (p->at == p->end) return fail(p, "the string has no end");
  p->at++;
  return true;
}

/* ---- numbers and words ---- */

static int digits(struct parser *p) {
  int count = 0;
  for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) count = 1;
  return count;
}

static bool number(struct parser *p) {
  if (p->at < p->end && *p->at == '-') p->at++;
  char *first = p->at;
  if (!digits(p)) return fail(p, "no value");
  if (*first == '0' && p->at - first > 1) return fail(p, "a number begins with 0");
  if (p->at < p->end && *p->at == '.' && (p->at++, !digits(p))) return fail(p, "no digit behind the point");
  if (p->at == p->end || io_ascii_lower(*p->at) != 'e') return true;
  p->at++;
  if (p->at < p->end && (*p->at == '-' || *p->at == '+')) p->at++;
  return digits(p) || fail(p, "no digit in the exponent");
}

static bool word(struct parser *p, const char *wanted) {
  size_t length = strlen(wanted);
  if ((size_t)(p->end - p->at) < length || memcmp(p->at, wanted, length) != 0) return fail(p, "no value");
  p->at += length;
  return true;
}

/* A string, number, true, false or null, which is nothing; its text is written from *out on. */
static bool scalar(struct parser *p, char **out) {
  char c = next(p), *begin = p->at;
  if (c == '"') return string(p, out);
  if (c == 'n') return word(p, "null");
  if (!(c == 't' ? word(p, "true") : c == 'f' ? word(p, "false") : number(p))) return false;
  memmove(*out, begin, (size_t)(p->at - begin));
  *out += p->at - begin;
  return true;
}

/* ---- values ---- */

/* Passes over a value that nobody looks for. */
static bool skip(struct parser *p, int depth) {
  char c = next(p), close = c == '[' ? ']' : '}', *scratch = p->at;
  if (c != '[' && c != '{') return scalar(p, &scratch);
  if (depth == DEEPEST) return fail(p, "it nests more than 64 levels deep");
  p->at++;
  if (take(p, close)) return true;
  do {
    char *key = p->at;
    if (c == '{' && (next(p), !string(p, &key) || !take(p, ':')))
      return p->why->length ? false : fail(p, "no colon");
    if (!skip(p, depth + 1)) return false;
  } while (take(p, ','));
  return take(p, close) || fail(p, c == '[' ? "a comma or ] should be here" : "a comma or } should be here");
}

/* The items of a list, join between them, written from *out on. */
static bool list(struct parser *p, int key, char **out, bool inner) {
  const char join = p->keys->join[key];
  p->at++;
  if (take(p, ']')) return true;
  for (bool first = true;; first = false) {
    char c = next(p);
    if (!first) *(*out)++ = join == ',' && c == '[' ? ';' : join;
    if (c == '{') return wrong(p, key, "a list of objects, where a list of texts or numbers should be");
    if (c == '[' && (inner || join != ',')) return wrong(p, key, "lists in lists");
    if (!(c == '[' ? list(p, key, out, true) : scalar(p, out))) return false;
    if (!take(p, ',')) break;
  }
  return take(p, ']') || fail(p, "a comma or ] should be here");
}

static bool value(struct parser *p, int key, struct io_field *field) {
  char c = next(p), *begin = p->at, *out = begin;
  if (c == '{') return wrong(p, key, "an object, where a text or number should be");
  if (c == '[' && !p->keys->join[key]) return wrong(p, key, "a list, and the column takes one value");
  if (!(c == '[' ? list(p, key, &out, false) : scalar(p, &out))) return false;
  if (c == '[' && p->keys->join[key] == IO_LABEL_END && out > begin) *out++ = IO_LABEL_END;
  *field = (struct io_field){begin, (size_t)(out - begin)};
  return true;
}

static bool member(struct parser *p, struct io_field *fields) {
  int key = 0;
  next(p);
  char *name = p->at, *end = p->at;
  if (!string(p, &end)) return false;
  if (!take(p, ':')) return fail(p, "a colon should be here");
  size_t length = (size_t)(end - name);
  while (key < p->keys->count
         && (strlen(p->keys->name[key]) != length || memcmp(p->keys->name[key], name, length) != 0))
    key++;
  if (key == p->keys->count) return skip(p, 1);
  next(p);
  return fields[key].text ? wrong(p, key, "it is there twice") : value(p, key, &fields[key]);
}

static bool row(struct parser *p, struct io_field *fields) {
  memset(fields, 0, (size_t)p->keys->count * sizeof *fields);
  p->why->length = 0;
  if (next(p) == '\0') {
    rt_text_puts(p->why, "an empty line, where a JSON object should be");
    return false;
  }
  if (!take(p, '{')) return fail(p, "a line is an object, as in {\"text\": \"good\", \"stars\": 5}");
  if (!take(p, '}')) {
    do
      if (!member(p, fields)) return false;
    while (take(p, ','));
    if (!take(p, '}')) return fail(p, "a comma or } should be here");
  }
  return next(p) == '\0' || fail(p, "something stands behind the object");
}

bool io_json_row(char *line, size_t length, const struct io_json_keys *keys, struct io_field *fields,
                 struct rt_text *why, size_t *at) {
  struct parser p = {line, line, line + length, keys, why};
  const bool good = row(&p, fields);
  *at = (size_t)(p.at - line) + 1;
  return good;
}
