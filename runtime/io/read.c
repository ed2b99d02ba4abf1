/* read.c: data files: reading one to train on, reading another one like it, reading row by row. */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/idx.h"
#include "runtime/io/memory.h"

static bool is_text(const struct io_kind *kind) { return kind->tokens != NULL; }
static bool is_file(const struct io_kind *kind) { return kind->files != NULL; }
static bool is_label(const struct io_kind *kind) { return kind->labels && !kind->pairs; }

/* A field that a column of the kind asked for reads, or -1 when there is not exactly one. */
static int only_field(const struct io_schema *schema, bool (*fits)(const struct io_kind *kind)) {
  int found = -1;
  for (int c = 0; c < schema->count; c++) {
    if (!fits(schema->columns[c].kind) || schema->columns[c].field == found) continue;
    if (found >= 0) return -1;
    found = schema->columns[c].field;
  }
  return found;
}

static const struct io_files *files_of(const struct io_schema *schema, int field) {
  for (int c = 0; c < schema->count; c++)
    if (schema->columns[c].field == field && is_file(schema->columns[c].kind))
      return schema->columns[c].kind->files;
  return NULL;
}

/* A folder of texts, images or sounds, or a file of images: beside those there are their labels alone. */
static int describe_files(const struct io_schema *schema, const char *path, bool folder,
                          const struct io_table_options *o, struct rt_error *error) {
  const bool text = folder && o->text_field >= 0;
  if (text != (o->files_field >= 0) && schema->fields == 1 + (o->label_field >= 0)
      && (folder || o->files->in_idx))
    return RT_OK;
  return rt_fail_in(error, RT_USAGE, path,
                    folder
                        ? "a folder is texts, images or sounds and their labels, and the program has other "
                          "columns: it is read by one with a text, an image or a sound, and a class or labels"
                        : "an idx file is images and their labels, and the program has other columns: it is "
                          "read by one with an image and a class");
}

/* What kinds of columns say of formats that know more than fields. */
static int describe_fields(const struct io_schema *schema, const char *path, struct io_table_options *o,
                           char *joins, struct rt_error *error) {
  o->text_field = only_field(schema, is_text);
  o->files_field = only_field(schema, is_file);
  o->files = files_of(schema, o->files_field);
  o->label_field = only_field(schema, is_label);
  o->joins = joins;
  if (o->memory) return RT_OK;
  bool both = o->text_field >= 0 && o->label_field >= 0 && schema->fields == 2;
  for (int c = schema->count - 1; c >= 0; c--) {
    joins[schema->columns[c].field] = schema->columns[c].kind->join;
    if (schema->columns[c].field == o->label_field)
      o->several_labels = io_kind_has(schema->columns[c].kind, IO_MEMBERS);
  }
  const bool by_path = o->format == IO_FORMAT_AUTO && !o->source, folder = by_path && io_is_folder(path);
  if (folder || (by_path && io_idx_is_named(path))) return describe_files(schema, path, folder, o, error);
  if (o->format == IO_FORMAT_AUTO && both && !o->source && io_format_of(path) == IO_FORMAT_LINES)
    o->format = IO_FORMAT_FASTTEXT;
  if (o->format != IO_FORMAT_FASTTEXT || both) return RT_OK;
  return rt_fail_in(
      error, RT_USAGE, path,
      "fastText's lines are a text and its labels, and the program has other columns: they are read "
      "by one with a text and a class or labels");
}

/* The number of a field in the rows of a table: a column may read it as well. -1: none. */
static int number_beside(const struct io_schema *schema, const char *name) {
  int f = 0;
  while (name && f < schema->fields && strcmp(io_schema_field_name(schema, f), name) != 0) f++;
  return name ? f : -1;
}

/* A file that tells fields apart by position does not say which one it is. */
static int check_beside(const struct io_table *table, int field, const char *name, struct rt_error *error) {
  if (field < 0 || io_table_is_keyed(table) || io_table_field_number(table, field) > 0) return RT_OK;
  if (io_table_in_memory(table)) return rt_fail(error, RT_USAGE, "the rows have no column `%.60s`", name);
  if (io_table_has_header(table)) return io_table_no_name(table, io_table_name(table), name, error);
  rt_fail_in(error, RT_BAD_DATA, io_table_name(table), "no header line says which column is \"%s\"", name);
  rt_hint(error, "put a first line with the names of the columns before the rows");
  return RT_BAD_DATA;
}

/* Opens a file, or a source when it is not NULL, with the columns of a schema. */
static int open_table(struct io_table **table, const char *path, const struct io_source *source,
                      const struct io_schema *schema, const struct io_data_options *o,
                      struct rt_error *error) {
  const bool beside = number_beside(schema, o->beside) == schema->fields;
  const size_t count = (size_t)schema->fields + beside;
  const char **names = rt_zalloc(count, sizeof *names);
  bool *required = rt_zalloc(count, sizeof *required);
  int *numbers = rt_zalloc(count, sizeof *numbers);
  char *joins = rt_zalloc(count, 1);
  int status = names && required && joins && numbers ? RT_OK : rt_no_memory(error);
  for (int f = 0; status == RT_OK && f < schema->fields; f++) {
    names[f] = io_schema_field_name(schema, f);
    numbers[f] = io_schema_field_number(schema, f);
    required[f] = io_schema_field_required(schema, f) || !o->predicting;
  }
  if (status == RT_OK && beside) names[schema->fields] = o->beside;
  struct io_table_options options = {.format = o->format,
                                     .names = names,
                                     .required = required,
                                     .numbers = numbers,
                                     .count = (int)count,
                                     .source = source,
                                     .memory = o->memory,
                                     .header = o->header,
                                     .by_name = beside,
                                     .keeps = o->keeps_rows};
  *table = NULL;
  if (status == RT_OK) status = describe_fields(schema, path, &options, joins, error);
  if (status == RT_OK) status = io_table_open(table, path, &options, error);
  for (int f = 0; status == RT_OK && f < schema->fields; f++)
    if (numbers[f] && io_table_is_jsonl(*table))
      status = rt_fail_in(
          error, RT_USAGE, path,
          "the fields of JSON lines have names and no numbers, and the program reads field %d", numbers[f]);
  if (status != RT_OK && *table) {
    io_table_close(*table);
    *table = NULL;
  }
  rt_free(names);
  rt_free(required);
  rt_free(numbers);
  rt_free(joins);
  return status;
}

static const struct io_data_options *or_defaults(const struct io_data_options *options) {
  static const struct io_data_options defaults = {0};
  return options ? options : &defaults;
}

/* A file without a single row that can be used. */
static int no_rows(const struct io_dataset *data, const struct io_table *table, struct rt_error *error) {
  if (data->skipped > 0) return io_no_rows(data, error);
  if (io_table_in_memory(table)) return rt_fail(error, RT_BAD_DATA, "there are no rows");
  return rt_fail_in(error, RT_BAD_DATA, io_table_name(table),
                    io_table_has_header(table) ? "has a header line but no rows" : "is empty");
}

/* How the table's first line was taken. */
static int note_first_line(struct io_dataset *data, const struct io_table *table, struct rt_error *error) {
  const char *doubt = io_table_doubt(table);
  data->header = io_table_has_header(table);
  data->semicolons = io_table_has_semicolons(table);
  data->by_position = io_table_by_position(table);
  data->doubt = doubt ? rt_strdup(doubt) : NULL;
  return doubt && !data->doubt ? rt_no_memory(error) : RT_OK;
}

/* Where each column stands in the file, for messages. */
static int number_columns(struct io_dataset *data, const struct io_schema *schema,
                          const struct io_table *table, struct rt_error *error) {
  data->numbers = rt_zalloc((size_t)schema->count, sizeof *data->numbers);
  if (!data->numbers) return rt_no_memory(error);
  for (int c = 0; c < schema->count; c++)
    data->numbers[c] = io_table_field_number(table, schema->columns[c].field);
  if (!io_table_in_memory(table)) return RT_OK;
  data->names = rt_zalloc((size_t)schema->count, sizeof *data->names);
  if (!data->names) return rt_no_memory(error);
  for (int c = 0; c < schema->count; c++)
    if (!(data->names[c] = rt_strdup(io_schema_field_name(schema, schema->columns[c].field))))
      return rt_no_memory(error);
  return RT_OK;
}

/* Reads all rows of a file into a zeroed dataset. */
static int read_file(const char *path, const struct io_schema *schema, struct io_learning *learning,
                     const struct io_data_options *o, struct io_dataset *data, struct rt_error *error) {
  struct io_table *table;
  struct io_data_options options = *o;
  options.predicting = o->predicting && !learning;
  int status = open_table(&table, path, o->source, schema, &options, error);
  if (status != RT_OK) return status;
  data->name = rt_strdup(io_table_name(table));
  data->check = o->check;
  struct io_encoder encoder = {data, schema, learning, table, data->name, options.predicting, o->only_known};
  status = data->name ? io_dataset_prepare(data, schema, error) : rt_no_memory(error);
  data->kept = (struct io_kept){.asked = o->keeps, .count = schema->fields};
  data->groups.field = number_beside(schema, o->beside);
  data->groups.asked = o->beside != NULL;
  data->groups.name = o->beside;
  if (status == RT_OK) status = check_beside(table, data->groups.field, o->beside, error);
  if (status == RT_OK) status = number_columns(data, schema, table, error);
  if (status == RT_OK) status = io_check_given(&encoder, error);
  const struct io_portion all = {INT64_MAX, INT64_MAX};
  bool more;
  if (status == RT_OK) status = io_encode_some(&encoder, table, all, o->skip_bad_rows, &more, error);
  if (status == RT_OK) status = note_first_line(data, table, error);
  if (status == RT_OK && data->rows == 0) status = no_rows(data, table, error);
  io_table_close(table);
  return status;
}

int io_dataset_read(const char *path, const struct io_schema *schema, const struct io_data_options *options,
                    struct io_dataset *data, struct rt_error *error) {
  *data = (struct io_dataset){0};
  if (!io_schema_is_trained(schema)) return rt_fail(error, RT_USAGE, "the columns have no vocabularies yet");
  int status = read_file(path, schema, NULL, or_defaults(options), data, error);
  if (status == RT_OK)
    io_dataset_count_unknown(data, schema);
  else
    io_dataset_free(data);
  return status;
}

/* Notes about the file as a whole stay with the training rows. */
static void take_notes(struct io_dataset *train, struct io_dataset *all) {
  train->skipped = all->skipped;
  train->first_skipped = all->first_skipped;
  train->header = all->header;
  train->semicolons = all->semicolons;
  train->by_position = all->by_position;
  train->doubt = all->doubt;
  all->doubt = NULL;
  for (int c = 0; train->values && c < train->columns; c++) {
    train->values[c].cut = all->values[c].cut;
    train->values[c].cut_texts = all->values[c].cut_texts;
    train->values[c].bars_line = all->values[c].bars_line;
    train->values[c].spaces_line = all->values[c].spaces_line;
  }
}

/* A training file, and where its rows and what is learned from them go. */
struct training {
  const char *path;
  struct io_schema *schema;
  const struct io_data_options *options;
  struct io_dataset *train, *held; /* held: NULL when nothing is held out */
};

int io_split_rows(const struct io_dataset *all, const struct io_data_options *o, struct io_split *rows,
                  struct rt_error *error) {
  return o->folding     ? io_fold(all, o->folding, rows, error)
         : o->hold_last ? io_hold_last(all, rows, error)
                        : io_hold(all->rows, o->hold, o->seed, rows, error);
}

/* Splits all rows into train and held. */
static int split(const struct training *t, struct io_dataset *all, struct rt_error *error) {
  struct io_split rows;
  int status = io_split_rows(all, t->options, &rows, error);
  if (status != RT_OK) return status;
  status = io_dataset_select(all, rows.kept, rows.kept_count, t->train, error);
  if (status == RT_OK) status = io_dataset_select(all, rows.held, rows.held_count, t->held, error);
  take_notes(t->train, all);
  rt_free(rows.kept);
  return status;
}

static int read_and_split(const struct training *t, struct io_learning *learning, struct rt_error *error) {
  if (!t->held) return read_file(t->path, t->schema, learning, t->options, t->train, error);
  struct io_dataset all = {0};
  int status = read_file(t->path, t->schema, learning, t->options, &all, error);
  if (status == RT_OK) status = split(t, &all, error);
  io_dataset_free(&all);
  return status;
}

/* Are there columns whose rows are as long as they are only when their vocabulary is built? */
static bool builds(const struct io_schema *schema) {
  for (int c = 0; c < schema->count; c++)
    if (schema->columns[c].kind->build && !schema->columns[c].vocab) return true;
  return false;
}

/* Asks what could not be asked while rows were read. */
static int check_late(const struct training *t, const struct io_row_check *check, struct rt_error *error) {
  const bool skip = t->options->skip_bad_rows;
  t->train->check = check;
  int status = io_dataset_recheck(t->train, check, skip, error);
  if (t->held) t->held->check = check;
  return status == RT_OK && t->held ? io_dataset_recheck(t->held, check, skip, error) : status;
}

static int read_training(const struct training *of, struct rt_error *error) {
  struct io_learning *learning = NULL;
  struct io_data_options options = *of->options;
  struct training training = *of, *t = &training;
  int status = io_schema_check(t->schema, error);
  const struct io_row_check *late = builds(t->schema) ? options.check : NULL;
  if (late) options.check = NULL;
  options.beside = options.folding ? options.folding->by : options.hold_last;
  t->options = &options;
  if (status == RT_OK) status = io_learning_new(&learning, t->schema, error);
  if (status == RT_OK) status = read_and_split(t, learning, error);
  if (status == RT_OK) status = io_learning_finish(learning, t->schema, t->train, t->held, error);
  if (status == RT_OK && late) status = check_late(t, late, error);
  if (status == RT_OK) status = io_learning_commit(learning, t->schema, t->train, t->held, error);
  if (status == RT_OK) {
    io_dataset_count_unknown(t->train, t->schema);
    if (t->held) io_dataset_count_unknown(t->held, t->schema);
  }
  io_learning_free(learning, t->schema);
  return status;
}

/* Reads and learns from all rows, and splits them then. */
static int learn_and_split(const struct training *t, struct rt_error *error) {
  struct io_dataset all = {0};
  struct training whole = *t;
  whole.train = &all;
  whole.held = NULL;
  int status = read_training(&whole, error);
  if (status == RT_OK) status = split(t, &all, error);
  if (status == RT_OK) {
    io_dataset_count_unknown(t->train, t->schema);
    io_dataset_count_unknown(t->held, t->schema);
  }
  io_dataset_free(&all);
  return status;
}

int io_dataset_train(const char *path, struct io_schema *schema, const struct io_data_options *options,
                     struct io_dataset *train, struct io_dataset *held, struct rt_error *error) {
  const struct io_data_options *o = or_defaults(options);
  const bool holds = o->hold != 0 || o->hold_last || o->folding;
  struct training t = {path, schema, o, train, holds ? held : NULL};
  *train = (struct io_dataset){0};
  if (held) *held = (struct io_dataset){0};
  if (holds && !held) return rt_fail(error, RT_USAGE, "rows are held out but there is nowhere to put them");
  int status = holds && o->learns_all ? learn_and_split(&t, error) : read_training(&t, error);
  if (status != RT_OK) {
    io_dataset_free(train);
    io_dataset_free(held);
  }
  return status;
}

/* ---- row by row ---- */

struct io_rows {
  struct io_table *table;
  struct io_encoder encoder;
  struct io_row row;
  int beside; /* the number of that field in a row; -1: none was asked for */
  bool skips; /* bad rows, when many are read */
  bool keeps; /* the fields of the rows */
};

static int open_rows(struct io_rows **rows, const char *path, const struct io_source *source,
                     const struct io_schema *schema, const struct io_data_options *o,
                     struct rt_error *error) {
  struct io_data_options options = *or_defaults(o);
  options.predicting = !options.truths;
  *rows = NULL;
  if (!io_schema_is_trained(schema)) return rt_fail(error, RT_USAGE, "the columns have no vocabularies yet");
  struct io_rows *r = rt_zalloc(1, sizeof *r);
  if (!r) return rt_no_memory(error);
  r->beside = number_beside(schema, options.beside);
  int status = open_table(&r->table, path, source, schema, &options, error);
  if (status == RT_OK) status = check_beside(r->table, r->beside, options.beside, error);
  if (status != RT_OK) {
    io_table_close(r->table);
    rt_free(r);
    return status;
  }
  r->encoder =
      (struct io_encoder){NULL, schema, NULL, r->table, io_table_name(r->table), options.predicting, false};
  r->skips = options.skip_bad_rows;
  r->keeps = options.keeps;
  status = io_check_given(&r->encoder, error);
  if (status != RT_OK) {
    io_rows_close(r);
    return status;
  }
  *rows = r;
  return RT_OK;
}

int io_rows_open(struct io_rows **rows, const char *path, const struct io_schema *schema,
                 const struct io_data_options *options, struct rt_error *error) {
  return open_rows(rows, path, NULL, schema, options, error);
}

int io_rows_open_source(struct io_rows **rows, const struct io_source *source, const struct io_schema *schema,
                        const struct io_data_options *options, struct rt_error *error) {
  return open_rows(rows, source->name, source, schema, options, error);
}

int io_rows_next(struct io_rows *rows, struct io_dataset *data, bool *more, struct rt_error *error) {
  io_dataset_clear(data);
  int status = io_rows_append(rows, data, more, error);
  if (status == RT_OK && *more) io_dataset_count_unknown(data, rows->encoder.schema);
  return status;
}

/* Gives a dataset that is to be added to what belongs to the file. */
static int prepare(struct io_rows *rows, struct io_dataset *data, struct rt_error *error) {
  int status = io_dataset_prepare(data, rows->encoder.schema, error);
  data->kept.asked = rows->keeps;
  data->kept.count = rows->encoder.schema->fields;
  rows->encoder.data = data;
  return status;
}

int io_rows_append(struct io_rows *rows, struct io_dataset *data, bool *more, struct rt_error *error) {
  *more = false;
  int status = prepare(rows, data, error);
  if (status == RT_OK) status = io_table_next(rows->table, &rows->row, error);
  if (status != RT_OK || rows->row.line == 0) return status;
  if (!data->numbers) status = number_columns(data, rows->encoder.schema, rows->table, error);
  if (status == RT_OK) status = io_encode_row(&rows->encoder, rows->row.fields, rows->row.line, error);
  if (status != RT_OK) return status;
  *more = true;
  return RT_OK;
}

int io_rows_fill(struct io_rows *rows, struct io_dataset *data, struct io_portion most, bool *more,
                 struct rt_error *error) {
  *more = false;
  int status = prepare(rows, data, error);
  if (status == RT_OK && !data->numbers)
    status = number_columns(data, rows->encoder.schema, rows->table, error);
  if (status == RT_OK) status = io_encode_some(&rows->encoder, rows->table, most, rows->skips, more, error);
  if (status == RT_OK && !data->doubt) status = note_first_line(data, rows->table, error);
  return status;
}

int io_rows_none(struct io_rows *rows, const struct io_dataset *data, struct rt_error *error) {
  return no_rows(data, rows->table, error);
}

struct io_table *io_rows_table(struct io_rows *rows) {
  return rows->table;
}

struct io_field io_rows_beside(const struct io_rows *rows) {
  return rows->row.fields[rows->beside];
}

void io_rows_close(struct io_rows *rows) {
  if (!rows) return;
  io_table_close(rows->table);
  rt_free(rows);
}
