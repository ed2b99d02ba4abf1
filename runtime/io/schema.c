/* schema.c: the columns of a data file. */
#include "runtime/io/schema.h"

#include <string.h>

#include "runtime/io/fit.h"
#include "runtime/io/grow.h"
#include "runtime/io/table.h"

int64_t io_column_width(const struct io_kind *kind, const int64_t size[static IO_MOST_AXES]) {
  int64_t width = 1;
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (kind->axis[a].means == IO_WIDTH && __builtin_mul_overflow(width, size[a], &width)) return -1;
  return width;
}

int64_t io_column_fits(const struct io_column *column) {
  return column->kind->give ? column->size[io_kind_most_axes(column->kind) - 1]
                            : io_column_width(column->kind, column->size);
}

int io_schema_find(const struct io_schema *schema, const char *name) {
  for (int c = 0; c < schema->count; c++)
    if (strcmp(schema->columns[c].name, name) == 0) return c;
  return -1;
}

int io_schema_add(struct io_schema *schema, const char *name, const struct io_kind *kind,
                  struct io_column **column, struct rt_error *error) {
  *column = NULL;
  if (name[0] == '\0') return rt_fail(error, RT_USAGE, "a column needs a name");
  if (io_schema_find(schema, name) >= 0)
    return rt_fail(error, RT_USAGE, "column \"%s\" is declared twice", name);
  size_t capacity = (size_t)schema->capacity;
  if (IO_GROW(schema->columns, capacity, (size_t)schema->count + 1) != RT_OK) return rt_no_memory(error);
  schema->capacity = (int)capacity;
  char *copy = rt_strdup(name);
  if (!copy) return rt_no_memory(error);
  *column = &schema->columns[schema->count++];
  **column = IO_COLUMN_DEFAULTS;
  (*column)->name = copy;
  (*column)->kind = kind;
  return RT_OK;
}

void io_schema_free(struct io_schema *schema) {
  if (!schema) return;
  for (int c = 0; c < schema->count; c++) {
    rt_free(schema->columns[c].name);
    rt_free(schema->columns[c].source);
    rt_free(schema->columns[c].second);
    rt_free(schema->columns[c].fit);
    rt_free(schema->columns[c].above);
    io_vocab_free(schema->columns[c].known);
    if (schema->columns[c].shares < 0) io_vocab_free(schema->columns[c].vocab);
  }
  rt_free(schema->columns);
  *schema = (struct io_schema){0};
}

static bool copy_text(const char *from, char **to) { return !from || (*to = rt_strdup(from)); }

/* An array, of which there may be none. */
static bool copy_array(const void *from, void *to, size_t bytes) {
  void *copy = from ? rt_alloc(bytes ? bytes : 1) : NULL;
  if (copy) memcpy(copy, from, bytes);
  memcpy(to, &copy, sizeof copy);
  return copy || !from;
}

static bool copy_column(const struct io_column *from, struct io_column *to) {
  *to = *from;
  to->name = to->source = to->second = NULL;
  to->set.vocab = to->set.merges = to->set.labels = NULL;
  to->vocab = from->shares < 0 ? io_vocab_share(from->vocab) : NULL;
  to->known = NULL;
  bool good = copy_array(from->fit, &to->fit, (size_t)io_column_fits(from) * sizeof *from->fit);
  good &=
      copy_array(from->above, &to->above, from->vocab ? (size_t)from->vocab->count * sizeof *from->above : 0);
  good &= copy_text(from->name, &to->name);
  good &= copy_text(from->source, &to->source);
  return copy_text(from->second, &to->second) && good;
}

int io_schema_copy(const struct io_schema *from, struct io_schema *to, struct rt_error *error) {
  *to = (struct io_schema){.columns = rt_zalloc((size_t)from->count + 1, sizeof *to->columns),
                           .capacity = from->count,
                           .fields = from->fields};
  bool good = to->columns;
  for (; good && to->count < from->count; to->count++)
    good = copy_column(&from->columns[to->count], &to->columns[to->count]);
  if (!good) return rt_no_memory(error);
  io_schema_share(to);
  return RT_OK;
}

/* The only column that such values can belong to, or -1. */
static int only_pair(const struct io_schema *schema, const struct io_kind *kind) {
  int found = -1;
  for (int c = 0; c < schema->count; c++) {
    if (!io_kind_belongs(kind, schema->columns[c].kind)) continue;
    if (found >= 0) return -1;
    found = c;
  }
  return found;
}

static int check_pair(struct io_schema *schema, struct io_column *column, struct rt_error *error) {
  if (column->kind->lies_in && column->pair < schema->count
      && (column->pair < 0 || io_kind_belongs(column->kind, schema->columns[column->pair].kind)))
    return RT_OK;
  if (!column->kind->pairs)
    return column->pair < 0
               ? RT_OK
               : rt_fail(error, RT_USAGE, "column \"%s\" has no tags, so it cannot be paired", column->name);
  if (column->pair < 0) column->pair = only_pair(schema, column->kind);
  if (column->pair < 0 || column->pair >= schema->count
      || !io_kind_belongs(column->kind, schema->columns[column->pair].kind))
    return rt_fail(error, RT_USAGE,
                   "the %s of column \"%s\" need to know which column's tokens they belong to",
                   column->kind->more, column->name);
  const struct io_column *pair = &schema->columns[column->pair];
  if (pair->ends)
    return rt_fail(error, RT_USAGE, "column \"%s\" has begin and end tokens, which have no tag in \"%s\"",
                   pair->name, column->name);
  if (column->max_length != 0)
    return rt_fail(error, RT_USAGE, "the length of column \"%s\" is that of \"%s\"", column->name,
                   pair->name);
  return RT_OK;
}

static int check_options(struct io_column *c, struct rt_error *error) {
  const struct io_option *wrong = io_kind_misfit(c->kind, &c->set);
  if (wrong)
    return rt_fail(error, RT_USAGE, "column \"%s\": %s is %lld, and can be %lld to %lld", c->name,
                   wrong->name, (long long)*io_option_number(wrong, &c->set), (long long)wrong->least,
                   (long long)wrong->most);
  const char *misfit = c->kind->misfit ? c->kind->misfit(&c->set, c->size) : NULL;
  if (misfit) return rt_fail(error, RT_USAGE, "column \"%s\": %s", c->name, misfit);
  return c->kind->settle ? c->kind->settle(&c->set, error) : RT_OK;
}

static int check_sizes(const struct io_column *c, struct rt_error *error) {
  for (int a = 0; a < IO_MOST_AXES; a++) {
    if (c->size[a] < 0) return rt_fail(error, RT_USAGE, "column \"%s\" has a negative size", c->name);
    if (c->size[a] && c->kind->axis[a].means != IO_WIDTH)
      return rt_fail(error, RT_USAGE, "column \"%s\" is %s, which has no width", c->name, c->kind->name);
  }
  int64_t width = io_column_width(c->kind, c->size);
  return width >= 0 && width <= INT32_MAX
             ? RT_OK
             : rt_fail(error, RT_USAGE, "column \"%s\" is wider than 2147483647", c->name);
}

static int check_limits(struct io_column *c, struct rt_error *error) {
  if (c->max_length < 0) return rt_fail(error, RT_USAGE, "column \"%s\" has a negative limit", c->name);
  const char *wrong = c->max_length && !io_kind_has(c->kind, IO_LENGTH) ? "max_length"
                      : c->ends && !c->kind->continues                  ? "ends"
                      : c->second && c->kind->texts < 2                 ? "second text"
                      : c->vocab && !io_kind_has_vocab(c->kind)         ? "a vocabulary"
                                                                        : NULL;
  if (wrong)
    return rt_fail(error, RT_USAGE, "column \"%s\" is %s, which has no %s", c->name, c->kind->name, wrong);
  int status = check_sizes(c, error);
  return status == RT_OK ? check_options(c, error) : status;
}

int io_schema_owner(const struct io_schema *schema, int column) {
  int shares = schema->columns[column].shares;
  return shares < 0 ? column : shares;
}

bool io_schema_has_labels(const struct io_schema *schema, int column) {
  int owner = io_schema_owner(schema, column);
  for (int c = owner; c < schema->count; c++)
    if (io_schema_owner(schema, c) == owner && schema->columns[c].kind->labels) return true;
  return false;
}

bool io_schema_has_ends(const struct io_schema *schema, int column) {
  int owner = io_schema_owner(schema, column);
  for (int c = owner; c < schema->count; c++)
    if (io_schema_owner(schema, c) == owner && schema->columns[c].ends) return true;
  return false;
}

void io_schema_share(struct io_schema *schema) {
  for (int c = 0; c < schema->count; c++)
    schema->columns[c].vocab = schema->columns[io_schema_owner(schema, c)].vocab;
}

static int check_sharing(const struct io_schema *schema, int c, struct rt_error *error) {
  const struct io_column *column = &schema->columns[c];
  if (column->shares < 0) return RT_OK;
  const struct io_column *owner = column->shares < c ? &schema->columns[column->shares] : column;
  if (owner == column || owner->shares >= 0 || !io_kind_has_vocab(column->kind)
      || !io_kinds_share(owner->kind, column->kind))
    return rt_fail(error, RT_USAGE, "column \"%s\" cannot have the vocabulary of another one", column->name);
  if (!io_schema_has_labels(schema, c)) return RT_OK;
  return io_schema_has_ends(schema, c) || owner->set.min_count > 1 || owner->set.max_size ? rt_fail(
             error, RT_USAGE, "the labels of column \"%s\" have no begin, no end and no limits", column->name)
                                                                                          : RT_OK;
}

static const char *source_of(const struct io_column *c) { return c->source ? c->source : c->name; }

/* The number of the field of that name: that of a column before column c, or the next one. `number`: of a
 * field that has no name. */
static int field_number(struct io_schema *schema, int c, const char *name, int number) {
  for (int k = 0; k < c; k++) {
    const struct io_column *before = &schema->columns[k];
    if (before->number == number && strcmp(source_of(before), name) == 0) return before->field;
    if (!number && before->second && strcmp(before->second, name) == 0) return before->second_field;
  }
  return schema->fields++;
}

/* Columns with the same source share a field; each other column has the next one. Columns without a source
 * have different names. */
static void number_fields(struct io_schema *schema) {
  schema->fields = 0;
  for (int c = 0; c < schema->count; c++) {
    struct io_column *column = &schema->columns[c];
    column->field = field_number(schema, c, source_of(column), column->number);
    column->second_field = !column->second ? -1
                           : !strcmp(column->second, source_of(column))
                               ? column->field
                               : field_number(schema, c, column->second, 0);
  }
}

int io_schema_read_from(struct io_column *column, const char *field, const char *second,
                        struct rt_error *error) {
  column->source = rt_strdup(field);
  column->second = second ? rt_strdup(second) : NULL;
  return column->source && (!second || column->second) ? RT_OK : rt_no_memory(error);
}

void io_column_texts(const struct io_column *column, const struct io_field *fields, struct io_field *text) {
  text[0] = fields[column->field];
  text[1] = column->second_field < 0 ? (struct io_field){0} : fields[column->second_field];
}

bool io_column_reads(const struct io_column *column, int field) {
  return column->field == field || column->second_field == field;
}

const char *io_schema_field_name(const struct io_schema *schema, int field) {
  int c = 0;
  while (!io_column_reads(&schema->columns[c], field)) c++;
  const struct io_column *column = &schema->columns[c];
  return column->field == field ? source_of(column) : column->second;
}

int io_schema_field_number(const struct io_schema *schema, int field) {
  for (int c = 0; c < schema->count; c++)
    if (schema->columns[c].field == field) return schema->columns[c].number;
  return 0;
}

bool io_schema_field_required(const struct io_schema *schema, int field) {
  for (int c = 0; c < schema->count; c++)
    if (io_column_reads(&schema->columns[c], field) && schema->columns[c].required) return true;
  return false;
}

int io_schema_check(struct io_schema *schema, struct rt_error *error) {
  if (schema->count == 0) return rt_fail(error, RT_USAGE, "no columns are declared");
  number_fields(schema);
  for (int c = 0; c < schema->count; c++) {
    int status = check_limits(&schema->columns[c], error);
    if (status == RT_OK) status = check_pair(schema, &schema->columns[c], error);
    if (status == RT_OK) status = check_sharing(schema, c, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

bool io_schema_is_tagged(const struct io_schema *schema, int column) {
  for (int c = 0; c < schema->count; c++)
    if (schema->columns[c].pair == column && schema->columns[c].kind->labels) return true;
  return false;
}

bool io_schema_is_trained(const struct io_schema *schema) {
  for (int c = 0; c < schema->count; c++) {
    const struct io_column *column = &schema->columns[c];
    if ((io_kind_has_vocab(column->kind) && !column->vocab)
        || io_column_width(column->kind, column->size) == 0 || (io_needs_fit(column) && !column->fit))
      return false;
  }
  return true;
}
