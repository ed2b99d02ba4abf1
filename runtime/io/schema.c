/* schema.c: the columns of a data file. */
#include "runtime/io/schema.h"

#include <string.h>

#include "runtime/io/grow.h"

static const char *const kind_names[IO_KINDS] = {
  [IO_WORDS] = "words", [IO_CHARS] = "chars", [IO_BYTES] = "bytes", [IO_CLASS] = "class", [IO_TAGS] = "tags",
  [IO_NUMBER] = "number", [IO_VECTOR] = "vector", [IO_IDS] = "ids"
};

const char *io_kind_name(enum io_kind kind) { return kind_names[kind]; }

int io_kind_find(const char *name)
{
  for (int kind = 0; kind < IO_KINDS; kind++)
    if (strcmp(name, kind_names[kind]) == 0)
      return kind;
  return -1;
}

bool io_kind_is_ragged(enum io_kind kind)
{
  return kind == IO_WORDS || kind == IO_CHARS || kind == IO_BYTES || kind == IO_TAGS || kind == IO_IDS;
}

static bool is_text(enum io_kind kind) { return kind == IO_WORDS || kind == IO_CHARS || kind == IO_BYTES; }
static bool is_countable(enum io_kind kind) { return kind == IO_WORDS || kind == IO_CHARS; }
static bool has_vocab(enum io_kind kind) { return is_text(kind) || kind == IO_CLASS || kind == IO_TAGS; }

int io_schema_find(const struct io_schema *schema, const char *name)
{
  for (int c = 0; c < schema->count; c++)
    if (strcmp(schema->columns[c].name, name) == 0)
      return c;
  return -1;
}

int io_schema_add(struct io_schema *schema, const char *name, enum io_kind kind, struct io_column **column,
                  struct rt_error *error)
{
  *column = NULL;
  if (name[0] == '\0')
    return rt_fail(error, RT_USAGE, "a column needs a name");
  if (io_schema_find(schema, name) >= 0)
    return rt_fail(error, RT_USAGE, "column \"%s\" is declared twice", name);
  size_t capacity = (size_t)schema->capacity;
  if (IO_GROW(schema->columns, capacity, (size_t)schema->count + 1) != RT_OK)
    return rt_no_memory(error);
  schema->capacity = (int)capacity;
  char *copy = rt_strdup(name);
  if (!copy)
    return rt_no_memory(error);
  *column = &schema->columns[schema->count++];
  **column = (struct io_column){ .name = copy, .kind = kind, .pair = -1, .required = true };
  return RT_OK;
}

void io_schema_free(struct io_schema *schema)
{
  if (!schema)
    return;
  for (int c = 0; c < schema->count; c++) {
    rt_free(schema->columns[c].name);
    io_vocab_free(schema->columns[c].vocab);
  }
  rt_free(schema->columns);
  *schema = (struct io_schema){0};
}

static bool can_pair(enum io_kind kind) { return is_text(kind) || kind == IO_IDS; }

/* The only column that tags can belong to, or -1. */
static int only_pair(const struct io_schema *schema)
{
  int found = -1;
  for (int c = 0; c < schema->count; c++) {
    if (!can_pair(schema->columns[c].kind))
      continue;
    if (found >= 0)
      return -1;
    found = c;
  }
  return found;
}

static int check_pair(struct io_schema *schema, struct io_column *column, struct rt_error *error)
{
  if (column->kind != IO_TAGS)
    return column->pair < 0 ? RT_OK : rt_fail(error, RT_USAGE, "column \"%s\" is no tags column and has no pair",
                                              column->name);
  if (column->pair < 0)
    column->pair = only_pair(schema);
  if (column->pair < 0 || column->pair >= schema->count || !can_pair(schema->columns[column->pair].kind))
    return rt_fail(error, RT_USAGE, "tags column \"%s\" needs to know which column's tokens it tags", column->name);
  const struct io_column *pair = &schema->columns[column->pair];
  if (pair->ends)
    return rt_fail(error, RT_USAGE, "column \"%s\" has begin and end tokens, which have no tag in \"%s\"", pair->name,
                   column->name);
  if (column->max_length != 0)
    return rt_fail(error, RT_USAGE, "the length of column \"%s\" is that of \"%s\"", column->name, pair->name);
  return RT_OK;
}

static int check_limits(const struct io_column *c, struct rt_error *error)
{
  if (c->max_length < 0 || c->min_count < 0 || c->max_size < 0 || c->width < 0 || c->size < 0)
    return rt_fail(error, RT_USAGE, "column \"%s\" has a negative limit", c->name);
  const char *wrong = c->max_length && !io_kind_is_ragged(c->kind)      ? "max_length"
                      : c->min_count && !is_countable(c->kind)          ? "min_count"
                      : c->max_size && !is_countable(c->kind)           ? "max_size"
                      : c->ends && !is_text(c->kind)                    ? "ends"
                      : c->keep_case && c->kind != IO_WORDS             ? "keep_case"
                      : c->width && c->kind != IO_VECTOR                ? "width"
                      : c->size && c->kind != IO_IDS                    ? "size"
                      : c->vocab && !has_vocab(c->kind)                 ? "a vocabulary"
                                                                        : NULL;
  if (wrong)
    return rt_fail(error, RT_USAGE, "column \"%s\" is %s, which has no %s", c->name, io_kind_name(c->kind), wrong);
  if (c->width > INT32_MAX || c->size > INT32_MAX)
    return rt_fail(error, RT_USAGE, "column \"%s\" is wider than 2147483647", c->name);
  return RT_OK;
}

int io_schema_check(struct io_schema *schema, struct rt_error *error)
{
  if (schema->count == 0)
    return rt_fail(error, RT_USAGE, "no columns are declared");
  for (int c = 0; c < schema->count; c++) {
    int status = check_limits(&schema->columns[c], error);
    if (status == RT_OK)
      status = check_pair(schema, &schema->columns[c], error);
    if (status != RT_OK)
      return status;
  }
  return RT_OK;
}

enum io_tokeniser io_schema_tokeniser(const struct io_schema *schema, int column)
{
  switch (schema->columns[column].kind) {
  case IO_CHARS: return IO_TOKENS_CHARS;
  case IO_BYTES: return IO_TOKENS_BYTES;
  default: break;
  }
  for (int c = 0; c < schema->count; c++)
    if (schema->columns[c].pair == column)
      return IO_TOKENS_SPACES;
  return IO_TOKENS_WORDS;
}

bool io_schema_is_trained(const struct io_schema *schema)
{
  for (int c = 0; c < schema->count; c++) {
    const struct io_column *column = &schema->columns[c];
    if ((has_vocab(column->kind) && !column->vocab) || (column->kind == IO_VECTOR && column->width == 0) ||
        (column->kind == IO_IDS && column->size == 0))
      return false;
  }
  return true;
}
