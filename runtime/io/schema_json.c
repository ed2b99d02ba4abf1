/* schema_json.c: schemas as JSON, for the model file:
 * {"columns":[{"name":"text","kind":"words","required":true,…,"vocab":{…}},…]}. A column that shares the
 * vocabulary of an earlier one has the number of that one instead: "shares":0. "width" is one size or a list
 * of them; "axes" tells apart the kinds of one name. */
#include <math.h>
#include <string.h>

#include "runtime/io/fit.h"
#include "runtime/io/json.h"
#include "runtime/io/schema.h"
#include "runtime/io/vocab_json.h"

static void write_integer(struct rt_text *out, const char *key, int64_t value, int64_t usual) {
  if (value != usual) rt_text_printf(out, ",\"%s\":%lld", key, (long long)value);
}

static void write_bool(struct rt_text *out, const char *key, bool value, bool usual) {
  if (value != usual) rt_text_printf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

/* Texts are left out: labels and a file of words have become the vocabulary by now. */
static void write_option(const struct io_option *option, int64_t value, struct rt_text *out) {
  if (value == 0) return;
  if (option->type == IO_OPTION_WHOLE) write_integer(out, option->name, value, 0);
  if (option->type == IO_OPTION_SWITCH)
    rt_text_printf(out, ",\"%s\":%s", option->name, value == IO_ON ? "true" : "false");
  if (option->type == IO_OPTION_CHOICE || (option->type == IO_OPTION_WORD_OR_NUMBER && value < option->most))
    rt_text_printf(out, ",\"%s\":\"%s\"", option->name, option->choice[value - 1]);
}

/* A number in place of a word. */
static void write_number(const struct io_option *option, const struct io_settings *set, struct rt_text *out) {
  struct io_settings copy = *set;
  if (option->type == IO_OPTION_WORD_OR_NUMBER && *io_option_number(option, &copy) == option->most)
    rt_text_printf(out, ",\"%s\":%.17g", option->name, set->number);
}

static void write_options(const struct io_column *c, struct rt_text *out) {
  struct io_settings set = c->set;
  for (int o = 0; o < c->kind->options; o++)
    if (c->kind->option[o].type != IO_OPTION_TEXT) {
      write_option(&c->kind->option[o], *io_option_number(&c->kind->option[o], &set), out);
      write_number(&c->kind->option[o], &set, out);
    }
}

/* The number of a choice's word. */
static int64_t read_choice(const struct io_option *option, const json_t *json, double *number, bool *good) {
  const json_t *value = json_object_get(json, option->name);
  const char *word = json_string_value(value);
  const bool or_number = option->type == IO_OPTION_WORD_OR_NUMBER;
  *number = json_number_value(value);
  if (or_number && json_is_number(value) && isfinite(*number)) return option->most;
  for (int64_t k = 0; word && k < option->most - or_number; k++)
    if (!strcmp(word, option->choice[k])) return k + 1;
  if (value) *good = false;
  return 0;
}

static int64_t read_option(const struct io_option *option, const json_t *json, double *number, bool *good) {
  switch (option->type) {
    case IO_OPTION_WHOLE: return io_json_integer(json, option->name, 0, option->most, 0, good);
    case IO_OPTION_SWITCH:
      if (!json_object_get(json, option->name)) return 0;
      return io_json_bool(json, option->name, false, good) ? IO_ON : IO_OFF;
    case IO_OPTION_CHOICE:
    case IO_OPTION_WORD_OR_NUMBER: return read_choice(option, json, number, good);
    default: return 0;
  }
}

static void read_options(struct io_column *c, const json_t *json, bool *good) {
  for (int o = 0; o < c->kind->options; o++) {
    const struct io_option *option = &c->kind->option[o];
    double number = 0;
    if (option->type == IO_OPTION_TEXT) continue;
    *io_option_number(option, &c->set) = read_option(option, json, &number, good);
    if (option->type == IO_OPTION_WORD_OR_NUMBER) c->set.number = number;
  }
  struct io_settings settled = c->set; /* as it was when it was written */
  if (c->kind->settle
      && (c->kind->settle(&settled, NULL) != RT_OK || memcmp(&settled, &c->set, sizeof settled) != 0))
    *good = false;
}

/* The sizes of the IO_WIDTH axes: 16, or [28,28]; one that is not learned yet is 0. */
static void write_sizes(const struct io_column *c, struct rt_text *out) {
  int count = 0;
  bool known = false;
  for (int a = 0; a < IO_MOST_AXES; a++) {
    count += c->kind->axis[a].means == IO_WIDTH;
    known |= c->size[a] != 0;
  }
  if (!known) return;
  rt_text_puts(out, count > 1 ? ",\"width\":[" : ",\"width\":");
  const char *before = "";
  for (int a = 0; a < IO_MOST_AXES; a++) {
    if (c->kind->axis[a].means != IO_WIDTH) continue;
    rt_text_printf(out, "%s%lld", before, (long long)c->size[a]);
    before = ",";
  }
  rt_text_puts(out, count > 1 ? "]" : "");
}

static void read_sizes(struct io_column *c, const json_t *json, bool *good) {
  /* of a kind without such an axis it is an option of its own */
  const json_t *width = io_kind_has(c->kind, IO_WIDTH) ? json_object_get(json, "width") : NULL;
  size_t read = 0, count = json_is_array(width) ? json_array_size(width) : width != NULL;
  for (int a = 0; a < IO_MOST_AXES && read < count; a++) {
    if (c->kind->axis[a].means != IO_WIDTH) continue;
    const json_t *size = json_is_array(width) ? json_array_get(width, read) : width;
    if (!json_is_integer(size) || json_integer_value(size) < 0 || json_integer_value(size) > INT32_MAX)
      *good = false;
    else
      c->size[a] = json_integer_value(size);
    read++;
  }
  if (read < count) *good = false;
}

/* Three numbers for each element: [fill,shift,scale,…]. */
static void write_fit(const struct io_column *c, struct rt_text *out) {
  int64_t width = c->fit ? io_column_fits(c) : 0;
  for (int64_t k = 0; k < width; k++)
    rt_text_printf(out, "%s%.17g,%.17g,%.17g", k ? "," : ",\"fit\":[", c->fit[k].fill, c->fit[k].shift,
                   c->fit[k].scale);
  if (width > 0) rt_text_puts(out, "]");
}

/* Number k of the list. */
static double fit_number(const json_t *list, size_t k, bool *good) {
  const json_t *number = json_array_get(list, k);
  if (!json_is_number(number) || !isfinite(json_number_value(number))) *good = false;
  return json_number_value(number);
}

static int read_fit(struct io_column *c, const json_t *json, bool *good) {
  const json_t *list = json_object_get(json, "fit");
  int64_t width = io_column_fits(c);
  if (!list) return RT_OK;
  if (!json_is_array(list) || width < 1 || !io_needs_fit(c) || (uint64_t)width != json_array_size(list) / 3) {
    *good = false;
    return RT_OK;
  }
  if (!(c->fit = rt_zalloc((size_t)width, sizeof *c->fit))) return RT_NO_MEMORY;
  for (size_t k = 0; k < (size_t)width; k++) {
    c->fit[k] = (struct io_fit){fit_number(list, 3 * k, good), fit_number(list, 3 * k + 1, good),
                                fit_number(list, 3 * k + 2, good)};
    if (!(c->fit[k].scale > 0)) *good = false;
  }
  return RT_OK;
}

/* A number for each label. */
static void write_above(const struct io_column *c, struct rt_text *out) {
  for (int32_t k = 0; c->above && k < c->vocab->count; k++)
    rt_text_printf(out, "%s%.17g", k ? "," : ",\"above\":[", c->above[k]);
  if (c->above) rt_text_puts(out, "]");
}

static int read_above(struct io_column *c, const json_t *json, bool *good) {
  const json_t *list = json_object_get(json, "above");
  if (!list) return RT_OK;
  const size_t count = c->vocab && io_kind_has(c->kind, IO_MEMBERS) ? (size_t)c->vocab->count : 0;
  if (!json_is_array(list) || count == 0 || json_array_size(list) != count) {
    *good = false;
    return RT_OK;
  }
  if (!(c->above = rt_zalloc(count, sizeof *c->above))) return RT_NO_MEMORY;
  for (size_t k = 0; k < count; k++) {
    c->above[k] = fit_number(list, k, good);
    if (!(c->above[k] >= 0 && c->above[k] <= 1)) *good = false; /* a probability */
  }
  return RT_OK;
}

static void write_column(const struct io_column *c, struct rt_text *out, struct rt_text *apart) {
  rt_text_puts(out, "{\"name\":");
  io_json_string(out, c->name, strlen(c->name));
  rt_text_printf(out, ",\"kind\":\"%s\"", c->kind->name);
  if (c->kind != io_kind_find(c->kind->name)) write_integer(out, "axes", io_kind_most_axes(c->kind), 0);
  if (c->source) {
    rt_text_puts(out, ",\"source\":");
    io_json_string(out, c->source, strlen(c->source));
  }
  if (c->second) {
    rt_text_puts(out, ",\"second\":");
    io_json_string(out, c->second, strlen(c->second));
  }
  write_integer(out, "number", c->number, 0);
  write_integer(out, "pair", c->pair, -1);
  write_bool(out, "required", c->required, true);
  write_bool(out, "ends", c->ends, false);
  write_integer(out, "max_length", c->max_length, 0);
  write_options(c, out);
  write_sizes(c, out);
  write_fit(c, out);
  write_above(c, out);
  write_integer(out, "shares", c->shares, -1);
  if (c->vocab && c->shares < 0) {
    rt_text_puts(out, ",\"vocab\":");
    io_vocab_write(c->vocab, out, apart);
  }
  rt_text_puts(out, "}");
}

void io_schema_write(const struct io_schema *schema, struct rt_text *out, struct rt_text *apart) {
  rt_text_puts(out, "{\"columns\":[");
  for (int c = 0; c < schema->count; c++) {
    rt_text_puts(out, c ? "," : "");
    write_column(&schema->columns[c], out, apart);
  }
  rt_text_puts(out, "]}");
}

static int bad(struct rt_error *error, const char *what) {
  return rt_fail(error, RT_BAD_DATA, "the schema is damaged: %s", what);
}

/* Is the vocabulary of the sort that gives its column's ids? */
static bool suits(const struct io_schema *schema, int column) {
  const struct io_vocab *vocab = schema->columns[column].vocab;
  if (!vocab) return true;
  const bool ends = io_schema_has_ends(schema, column) && !schema->columns[column].kind->whole,
             given =
                 vocab->kind == IO_VOCAB_LIST || vocab->kind == IO_VOCAB_PAIRS; /* with marks, used or not */
  const enum io_vocab_kind wanted = schema->columns[column].kind->vocab;
  if (ends ? vocab->begin < 0 || vocab->end < 0 : !given && vocab->begin >= 0) return false;
  if (wanted == IO_VOCAB_BYTES || wanted == IO_VOCAB_PAIRS) return vocab->kind == wanted;
  bool labels = io_schema_has_labels(schema, column);
  if (vocab->kind == IO_VOCAB_LIST) return vocab->count > 0 && (!labels || vocab->unknown < 0);
  return vocab->kind == (labels ? IO_VOCAB_CLASSES : IO_VOCAB_WORDS) && (!labels || vocab->count > 0);
}

static int read_column(struct io_schema *schema, const json_t *json, struct io_apart *apart,
                       struct rt_error *error) {
  const char *name = json_string_value(json_object_get(json, "name"));
  const char *kind_name = json_string_value(json_object_get(json, "kind"));
  bool good = true;
  int axes = (int)io_json_integer(json, "axes", 1, IO_MOST_AXES, 0, &good);
  const struct io_kind *kind = !kind_name ? NULL
                               : axes     ? io_kind_with_axes(kind_name, axes)
                                          : io_kind_find(kind_name);
  if (!name || !name[0] || !kind || io_schema_find(schema, name) >= 0)
    return bad(error, "a column has no name, no known kind, or the name of another one");
  struct io_column *c;
  int status = io_schema_add(schema, name, kind, &c, error);
  if (status != RT_OK) return status;
  c->number = (int)io_json_integer(json, "number", 1, INT32_MAX, 0, &good);
  if (c->number && !json_object_get(json, "source")) good = false;
  c->pair = (int)io_json_integer(json, "pair", 0, INT32_MAX, -1, &good);
  c->shares = (int)io_json_integer(json, "shares", 0, INT32_MAX, -1, &good);
  c->required = io_json_bool(json, "required", true, &good);
  c->ends = io_json_bool(json, "ends", false, &good);
  c->max_length = io_json_integer(json, "max_length", 0, INT64_MAX, 0, &good);
  read_options(c, json, &good);
  read_sizes(c, json, &good);
  if (good && read_fit(c, json, &good) != RT_OK) return rt_no_memory(error);
  if (!good) return bad(error, "a column's setting is out of range");
  const json_t *vocab = json_object_get(json, "vocab"), *source = json_object_get(json, "source"),
               *second = json_object_get(json, "second");
  if ((source && !json_string_length(source)) || (second && (!source || !json_string_length(second))))
    return bad(error, "a column's source is empty");
  status =
      source ? io_schema_read_from(c, json_string_value(source), json_string_value(second), error) : RT_OK;
  if (vocab && c->shares >= 0) return bad(error, "a column has a vocabulary, and shares that of another one");
  return status != RT_OK || !vocab ? status : io_vocab_from_json(&c->vocab, vocab, apart, error);
}

static int read_columns(struct io_schema *schema, const json_t *columns, struct io_apart *apart,
                        struct rt_error *error) {
  if (!json_is_array(columns) || json_array_size(columns) == 0) return bad(error, "it has no columns");
  for (size_t c = 0; c < json_array_size(columns); c++) {
    int status = read_column(schema, json_array_get(columns, c), apart, error);
    if (status != RT_OK) return status;
  }
  if (apart->left) return bad(error, "there are texts of no column");
  struct rt_error reason = {0};
  if (io_schema_check(schema, &reason) != RT_OK) return bad(error, reason.text);
  io_schema_share(schema);
  for (int c = 0; c < schema->count; c++) {
    bool good = suits(schema, c);
    if (!good) return bad(error, "a vocabulary does not suit its column");
    if (read_above(&schema->columns[c], json_array_get(columns, (size_t)c), &good) != RT_OK)
      return rt_no_memory(error);
    if (!good) return bad(error, "thresholds do not suit their labels");
  }
  return RT_OK;
}

int io_schema_parse(struct io_schema *schema, const char *json, size_t length, const struct rt_text *apart,
                    struct rt_error *error) {
  json_t *root;
  struct io_apart texts = {apart ? apart->data : NULL, apart ? apart->length : 0};
  *schema = (struct io_schema){0};
  int status = io_json_parse(&root, "the schema", json, length, error);
  if (status != RT_OK) return status;
  status = read_columns(schema, json_object_get(root, "columns"), &texts, error);
  if (status != RT_OK) io_schema_free(schema);
  json_decref(root);
  return status;
}
