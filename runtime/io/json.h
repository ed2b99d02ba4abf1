/* json.h: writing JSON strings, and reading JSON strictly. */
#ifndef AQ_RUNTIME_IO_JSON_H
#define AQ_RUNTIME_IO_JSON_H

#include <jansson.h>

#include "runtime/base.h"

/* From now on jansson has its memory from rt_alloc, in the whole process. */
void io_json_take_over(void);
/* Appends text as a JSON string, quotes included. The text must be valid UTF-8. */
void io_json_string(struct rt_text *out, const char *text, size_t length);
/* Parses a whole text; duplicate keys are refused. what says which text it is ("the vocabulary"), for
 * messages. RT_BAD_DATA or RT_NO_MEMORY. Free *json with json_decref. */
int io_json_parse(json_t **json, const char *what, const char *text, size_t length, struct rt_error *error);
/* The same of what stands in a file, which messages name. */
int io_json_parse_file(json_t **json, const char *path, const char *text, size_t length,
                       struct rt_error *error);
/* Appends a value as compact JSON, keys in their alphabetical order. */
void io_json_write(struct rt_text *out, const json_t *json);
/* The value of a key as an integer within low..high, or fallback when the key is absent; *good becomes false
 * when it is there and is something else. */
int64_t io_json_integer(const json_t *object, const char *key, int64_t low, int64_t high, int64_t fallback,
                        bool *good);
/* The same for true and false. */
bool io_json_bool(const json_t *object, const char *key, bool fallback, bool *good);

#endif
