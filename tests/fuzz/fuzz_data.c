/* fuzz_data.c: a table of any bytes, read for training, with what was learned from it written down and read
 * back, and then read as a stream for predicting. The first byte chooses the columns and the format. */
#include <stdlib.h>
#include <string.h>

#include "runtime/io/data.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/io_kinds.h"

struct bytes {
  const uint8_t *data;
  size_t left;
};

static ptrdiff_t give(void *context, char *buffer, size_t size) {
  struct bytes *from = context;
  if (size > from->left) size = from->left;
  memcpy(buffer, from->data, size);
  from->data += size;
  from->left -= size;
  return size;
}

static int add(struct io_schema *schema, const char *name, const struct io_kind *kind, int64_t limit) {
  struct io_column *column;
  struct rt_error error = {0};
  if (io_schema_add(schema, name, kind, &column, &error)) return error.code;
  column->max_length = limit;
  column->required = !kind->labels;
  if (kind == &io_kind_ngrams) column->set.own[0] = 2, column->set.own[1] = 4;
  return RT_OK;
}

/* The letters of each word of the text. */
static int add_letters(struct io_schema *schema) {
  struct io_column *column;
  struct rt_error error = {0};
  int status = io_schema_add(schema, "letters", io_kind_with_axes("chars", 3), &column, &error);
  if (status) return status;
  column->size[1] = 3;
  column->pair = 0;
  return io_schema_read_from(column, "text", NULL, &error);
}

static int columns(struct io_schema *schema, int choice) {
  switch (choice) {
    case 0: return add(schema, "text", &io_kind_words, 0) || add(schema, "label", &io_kind_class, 0);
    case 1:
      return add(schema, "text", &io_kind_words, 3) || add(schema, "tags", &io_kind_tags, 0)
             || add_letters(schema);
    case 2: return add(schema, "text", &io_kind_chars, 0) || add(schema, "x", &io_kind_number, 0);
    case 3: return add(schema, "x", &io_kind_vector, 0) || add(schema, "text", &io_kind_bytes, 5);
    default: return add(schema, "text", &io_kind_ngrams, 16) || add(schema, "label", &io_kind_class, 0);
  }
}

/* A column of numbers that are filled and scaled. */
static int add_fitted(struct io_schema *schema, const char *name, const struct io_kind *kind) {
  int status = add(schema, name, kind, 0);
  if (status) return status;
  schema->columns[schema->count - 1].set.missing = IO_MISSING_MEDIAN;
  schema->columns[schema->count - 1].set.scale = IO_SCALE_STANDARD;
  return RT_OK;
}

/* Of lines whose fields have names. */
static int keyed_columns(struct io_schema *schema, int choice) {
  switch (choice) {
    case 0: return add_fitted(schema, "x", &io_kind_number) || add(schema, "label", &io_kind_labels, 0);
    case 1: return add_fitted(schema, "x", &io_kind_vectors) || add(schema, "label", &io_kind_class, 0);
    case 2: return add_fitted(schema, "x", &io_kind_matrix) || add(schema, "label", &io_kind_set, 0);
    case 3: return add(schema, "text", &io_kind_ids, 4) || add(schema, "label", &io_kind_class, 0);
    case 4: return add(schema, "x", &io_kind_weight, 0) || add(schema, "text", &io_kind_words, 0);
    case 5: return add(schema, "text", &io_kind_words, 0) || add(schema, "label", &io_kind_class, 0);
    default: return add(schema, "text", &io_kind_words, 0) || add(schema, "label", &io_kind_labels, 0);
  }
}

static void stream(const struct io_schema *schema, enum io_format format, struct bytes bytes) {
  const struct io_source source = {"bytes", give, &bytes};
  const struct io_data_options options = {.format = format};
  struct io_rows *rows = NULL;
  struct io_dataset data = {0};
  struct rt_error error = {0};
  int status = io_rows_open_source(&rows, &source, schema, &options, &error);
  for (bool more = !status; more;) {
    rt_error_clear(&error);
    if (io_rows_next(rows, &data, &more, &error) && io_table_broken(io_rows_table(rows))) break;
  }
  io_dataset_free(&data);
  io_rows_close(rows);
}

static void write_and_parse(const struct io_schema *schema) {
  struct io_schema again = {0};
  struct rt_text text = {0}, second = {0};
  struct rt_error error = {0};
  io_schema_write(schema, &text, NULL);
  if (!text.failed && io_schema_parse(&again, text.data, text.length, NULL, &error) != RT_NO_MEMORY) {
    if (error.code) abort();
    io_schema_write(&again, &second, NULL);
    if (!second.failed && strcmp(text.data, second.data)) abort();
  }
  rt_text_free(&text);
  rt_text_free(&second);
  io_schema_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return -1;
  static const enum io_format formats[] = {IO_FORMAT_TSV, IO_FORMAT_CSV, IO_FORMAT_LINES};
  const bool keyed = (data[0] & 63) >= 48;
  int choice = keyed ? data[0] % 8 : data[0] % 5;
  struct io_data_options options = {.format = !keyed        ? formats[data[0] / 5 % 3]
                                              : data[0] & 8 ? IO_FORMAT_FASTTEXT
                                                            : IO_FORMAT_JSONL,
                                    .skip_bad_rows = data[0] & 64,
                                    .hold = data[0] & 128 ? 0.3 : 0,
                                    .seed = 1};
  struct io_schema schema = {0};
  struct io_dataset train = {0}, held = {0};
  struct rt_error error = {0};
  struct bytes bytes = {data + 1, size - 1};
  fuzz_limit_memory(256 << 20, 512 << 20);
  if (!(keyed ? keyed_columns(&schema, choice) : columns(&schema, choice))
      && !io_dataset_train(fuzz_file(bytes.data, bytes.left), &schema, &options, &train, &held, &error)) {
    write_and_parse(&schema);
    stream(&schema, options.format, bytes);
  }
  io_dataset_free(&train);
  io_dataset_free(&held);
  io_schema_free(&schema);
  return 0;
}
