/* json.c: writing JSON strings and reading JSON strictly. */
#include "runtime/io/json.h"

#include "runtime/io/utf8.h"

/* The bytes of a character that is written out, so that no terminal or editor obeys it; 0: it is none. */
static size_t steering(const char *text, size_t length, int32_t *point) {
  size_t size;
  unsigned char c = (unsigned char)text[0];
  if (c < 0x80) {
    *point = c;
    return c < 0x20 || c == 0x7F;
  }
  if ((c != 0xC2 || length < 2) && (c != 0xE2 || length < 3)) return 0; /* which all of them begin with */
  *point = io_utf8_decode(text, &size);
  return io_utf8_steers(*point) ? size : 0;
}

void io_json_string(struct rt_text *out, const char *text, size_t length) {
  size_t plain = 0;
  rt_text_add(out, "\"", 1);
  for (size_t i = 0; i < length; i++) {
    int32_t point;
    size_t written_out = steering(text + i, length - i, &point);
    bool quoted = text[i] == '"' || text[i] == '\\';
    if (!written_out && !quoted) continue;
    rt_text_add(out, text + plain, i - plain);
    if (quoted)
      rt_text_printf(out, "\\%c", text[i]);
    else if (text[i] == '\n')
      rt_text_puts(out, "\\n");
    else
      rt_text_printf(out, "\\u%04x", (unsigned)point);
    i += quoted ? 0 : written_out - 1;
    plain = i + 1;
  }
  rt_text_add(out, text + plain, length - plain);
  rt_text_add(out, "\"", 1);
}

/* jansson does not always say why it failed, or that it did. */
static _Thread_local bool refused;

static void *allocate(size_t size) {
  void *block = rt_alloc(size);
  refused = refused || !block;
  return block;
}

void io_json_take_over(void) { json_set_alloc_funcs(allocate, rt_free); }

enum { JSON_DEPTH = 64 }; /* aq's own files nest a few levels; jansson alone would recurse 2048 deep */

/* The byte at which text nests too deeply, or -1. Whether it is JSON at all is for jansson to say. */
static long too_deep_at(const char *text, size_t length) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string) { /* which may be long */
      while (i + 1 < length && text[i + 1] != '"' && text[i] != '\\') i++;
      i += text[i] == '\\';
      continue;
    }
    depth += (text[i] == '[' || text[i] == '{') - (text[i] == ']' || text[i] == '}');
    if (depth > JSON_DEPTH) return (long)i;
  }
  return -1;
}

int io_json_parse(json_t **json, const char *what, const char *text, size_t length, struct rt_error *error) {
  json_error_t reason;
  long deep = too_deep_at(text, length);
  *json = NULL;
  if (deep >= 0)
    return rt_fail(error, RT_BAD_DATA, "%s is not valid JSON (byte %ld): it nests more than %d levels deep",
                   what, deep, JSON_DEPTH);
  refused = false;
  *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &reason);
  if (*json && !refused) return RT_OK;
  json_decref(*json);
  *json = NULL;
  if (refused || json_error_code(&reason) == json_error_out_of_memory) return rt_no_memory(error);
  return rt_fail(error, RT_BAD_DATA, "%s is not valid JSON (byte %d): %s", what, reason.position,
                 reason.text);
}

int io_json_parse_file(json_t **json, const char *path, const char *text, size_t length,
                       struct rt_error *error) {
  struct rt_error why = {0};
  int status = io_json_parse(json, "it", text, length, &why);
  return status == RT_OK ? RT_OK : rt_fail_in(error, status, path, "%s", why.text);
}

int64_t io_json_integer(const json_t *object, const char *key, int64_t low, int64_t high, int64_t fallback,
                        bool *good) {
  const json_t *value = json_object_get(object, key);
  if (!value) return fallback;
  if (!json_is_integer(value) || json_integer_value(value) < low || json_integer_value(value) > high) {
    *good = false;
    return fallback;
  }
  return json_integer_value(value);
}

bool io_json_bool(const json_t *object, const char *key, bool fallback, bool *good) {
  const json_t *value = json_object_get(object, key);
  if (!value) return fallback;
  if (!json_is_boolean(value)) *good = false;
  return json_is_true(value);
}

static int add(const char *bytes, size_t length, void *context) {
  struct rt_text *out = context;
  rt_text_add(out, bytes, length);
  return out->failed ? -1 : 0;
}

void io_json_write(struct rt_text *out, const json_t *json) {
  if (json_dump_callback(json, add, out, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)) out->failed = true;
}
