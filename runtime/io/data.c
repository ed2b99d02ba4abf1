/* data.c: datasets: their arrays, rows added one by one, selections. */
#include "runtime/io/data.h"

#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/grow.h"
#include "runtime/io/store.h"
#include "runtime/io/utf8.h"

static int prepare_column(struct io_values *v, const struct io_schema *schema, int c) {
  const struct io_kind *kind = schema->columns[c].kind;
  const bool ragged = io_kind_has(kind, IO_LENGTH) || io_kind_has(kind, IO_MEMBERS);
  if (kind->pairs) v->limit = schema->columns[schema->columns[c].pair].max_length;
  int status = io_payload_init(&v->of, kind->element, 1, ragged);
  if (status == RT_OK) status = io_payload_init(&v->beside, IO_F64, kind->beside, kind->beside > 0);
  v->of.apart = kind->give != NULL;
  io_values_sizes(v, &schema->columns[c]);
  return status;
}

static void free_columns(struct io_values *values, int count) {
  for (int c = 0; values && c < count; c++) {
    io_payload_free(&values[c].of);
    io_payload_free(&values[c].beside);
    rt_free(values[c].row_cuts);
    io_store_free(values[c].store);
    io_intern_free(&values[c].unseen);
  }
  rt_free(values);
}

/* All columns or none, so that who was refused memory may ask again. */
int io_dataset_prepare(struct io_dataset *data, const struct io_schema *schema, struct rt_error *error) {
  if (data->values)
    return data->columns == schema->count ? RT_OK : rt_fail(error, RT_USAGE, "the dataset has other columns");
  struct io_values *values = rt_zalloc((size_t)schema->count, sizeof *values);
  int status = values ? RT_OK : RT_NO_MEMORY;
  for (int c = 0; c < schema->count && status == RT_OK; c++) status = prepare_column(&values[c], schema, c);
  if (status != RT_OK) {
    free_columns(values, schema->count);
    return rt_no_memory(error);
  }
  data->values = values;
  data->columns = schema->count;
  return RT_OK;
}

void io_dataset_forget_source(struct io_dataset *data) {
  for (int c = 0; data->names && c < data->columns; c++) rt_free(data->names[c]);
  rt_free(data->names);
  rt_free(data->name);
  rt_free(data->numbers);
  data->names = NULL;
  data->name = NULL;
  data->numbers = NULL;
}

void io_dataset_free(struct io_dataset *data) {
  if (!data) return;
  io_dataset_forget_source(data);
  free_columns(data->values, data->columns);
  rt_free(data->lines);
  rt_free(data->doubt);
  io_tokens_free(&data->tokens);
  io_intern_free(&data->groups.values);
  rt_free(data->groups.of);
  rt_text_free(&data->kept.text);
  rt_free(data->kept.begin);
  io_tokens_free(&data->parts);
  *data = (struct io_dataset){0};
}

void io_dataset_clear(struct io_dataset *data) {
  data->rows = data->skipped = 0;
  data->kept.text.length = 0;
  for (int c = 0; c < data->columns; c++) {
    data->values[c].cut = data->values[c].cut_texts = data->values[c].unknown = 0;
    io_intern_free(&data->values[c].unseen);
    io_store_clear(&data->values[c].store);
  }
}

/* Unknown tokens and labels of the rows from first on. */
static void count_unknown(struct io_dataset *data, const struct io_schema *schema, int64_t first) {
  for (int c = 0; c < data->columns; c++) {
    struct io_values *v = &data->values[c];
    const struct io_vocab *vocab = schema->columns[c].vocab;
    if (!v->present || !vocab) continue;
    const int32_t *ids = io_payload_ids(&v->of);
    const bool none = io_kind_has(schema->columns[c].kind, IO_WIDTH); /* IO_NO_ID fills values up */
    const int64_t width = v->of.width, end = io_payload_begin(&v->of, data->rows) * width;
    for (int64_t i = io_payload_begin(&v->of, first) * width; i < end; i++)
      v->unknown += (ids[i] < 0 && !none) || ids[i] == vocab->unknown;
  }
}

void io_dataset_count_unknown(struct io_dataset *data, const struct io_schema *schema) {
  count_unknown(data, schema, 0);
}

int io_dataset_add(struct io_dataset *data, const struct io_schema *schema, const struct io_field *fields,
                   int64_t line, struct rt_error *error) {
  if (!io_schema_is_trained(schema)) return rt_fail(error, RT_USAGE, "the columns have no vocabularies yet");
  for (int f = 0; f < schema->fields; f++) {
    size_t length = fields[f].length, bad = fields[f].text ? io_utf8_check(fields[f].text, length) : length;
    if (bad < length)
      return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){data->name, line, f + 1},
                        "byte 0x%02x (byte %zu of column \"%s\") is not valid UTF-8",
                        (unsigned)(unsigned char)fields[f].text[bad], bad + 1,
                        io_schema_field_name(schema, f));
  }
  int status = io_dataset_prepare(data, schema, error);
  if (status == RT_OK)
    status = io_encode_row(&(struct io_encoder){.data = data, .schema = schema, .name = data->name}, fields,
                           line, error);
  if (status == RT_OK) count_unknown(data, schema, data->rows - 1);
  return status;
}

/* ---- rows of other datasets ---- */

/* Labels that training did not see have numbers of their own in each dataset. first: the value from which on
 * they are those of `from`. */
static int rename_unseen(const struct io_values *from, struct io_values *into, int64_t first, int64_t end) {
  int32_t *ids = io_payload_ids(&into->of);
  if (!from->unseen.count) return RT_OK;
  for (int64_t k = first; k < end; k++) {
    size_t length;
    int32_t number;
    if (ids[k] >= 0 || -1 - ids[k] >= from->unseen.count) continue;
    const char *text = io_intern_text(&from->unseen, -1 - ids[k], &length);
    if (io_intern_add(&into->unseen, text, length, &number, NULL) != RT_OK) return RT_NO_MEMORY;
    ids[k] = -1 - number;
  }
  return RT_OK;
}

static int append_column(struct io_values *into, int64_t before, const struct io_values *from,
                         const int64_t *rows, int64_t count) {
  if (before == 0) {
    into->present = from->present;
    into->limit = from->limit;
    into->of.width = from->of.width;
    memcpy(into->size, from->size, sizeof into->size);
  }
  if (!from->present) return RT_OK;
  if (io_payload_append(&into->of, before, &from->of, rows, count) != RT_OK) return RT_NO_MEMORY;
  if (from->beside.width && io_payload_append(&into->beside, before, &from->beside, rows, count) != RT_OK)
    return RT_NO_MEMORY;
  if (from->of.apart)
    return io_store_append(&into->store, from->store, io_payload_ids(&into->of) + before, count);
  return rename_unseen(from, into, io_payload_begin(&into->of, before) * into->of.width,
                       io_payload_begin(&into->of, before + count) * into->of.width);
}

static int append_fields(struct io_kept *into, int64_t before, const struct io_dataset *from,
                         const int64_t *rows, int64_t count) {
  const int fields = from->kept.count;
  into->asked = from->kept.asked;
  into->count = fields;
  if (!into->asked) return RT_OK;
  if (IO_GROW(into->begin, into->capacity, (size_t)(before + count) * (size_t)fields + 1) != RT_OK)
    return RT_NO_MEMORY;
  for (int64_t r = 0; r < count; r++)
    for (int f = 0; f < fields; f++) {
      const char *field = io_dataset_field(from, f, rows[r]);
      into->begin[(before + r) * fields + f] = into->text.length;
      rt_text_add(&into->text, field, strlen(field) + 1);
    }
  return into->text.failed ? RT_NO_MEMORY : RT_OK;
}

int io_dataset_append(struct io_dataset *into, const struct io_dataset *from, const int64_t *rows,
                      int64_t count, struct rt_error *error) {
  const int64_t before = into->rows;
  if (into->columns != from->columns) return rt_fail(error, RT_USAGE, "the dataset has other columns");
  if (IO_GROW(into->lines, into->lines_capacity, (size_t)(before + count)) != RT_OK)
    return rt_no_memory(error);
  for (int c = 0; c < from->columns; c++)
    if (append_column(&into->values[c], before, &from->values[c], rows, count) != RT_OK)
      return rt_no_memory(error);
  if (append_fields(&into->kept, before, from, rows, count) != RT_OK) return rt_no_memory(error);
  for (int64_t r = 0; r < count; r++) into->lines[before + r] = from->lines[rows[r]];
  into->rows += count;
  return RT_OK;
}

static int copy_names(const struct io_dataset *from, struct io_dataset *into) {
  into->names = from->names ? rt_zalloc((size_t)from->columns, sizeof *into->names) : NULL;
  if (from->names && !into->names) return RT_NO_MEMORY;
  for (int c = 0; from->names && c < from->columns; c++)
    if (!(into->names[c] = rt_strdup(from->names[c]))) return RT_NO_MEMORY;
  return RT_OK;
}

/* Without rows, of the same file and columns. */
static int make_alike(const struct io_dataset *from, struct io_dataset *into) {
  *into = (struct io_dataset){.columns = from->columns, .check = from->check};
  into->values = rt_zalloc((size_t)from->columns, sizeof *into->values);
  into->numbers = from->numbers ? rt_zalloc((size_t)from->columns, sizeof *into->numbers) : NULL;
  into->name = rt_strdup(from->name ? from->name : "");
  if (!into->values || !into->name || (from->numbers && !into->numbers) || copy_names(from, into) != RT_OK)
    return RT_NO_MEMORY;
  if (from->numbers) memcpy(into->numbers, from->numbers, (size_t)from->columns * sizeof *into->numbers);
  for (int c = 0; c < from->columns; c++) {
    const struct io_payload *of = &from->values[c].of, *beside = &from->values[c].beside;
    if (from->values[c].present
        && (io_payload_init(&into->values[c].of, of->element, of->width, of->offsets != NULL) != RT_OK
            || io_payload_init(&into->values[c].beside, IO_F64, beside->width, beside->width > 0) != RT_OK))
      return RT_NO_MEMORY;
    into->values[c].of.apart = of->apart;
  }
  return RT_OK;
}

int io_dataset_select(const struct io_dataset *from, const int64_t *rows, int64_t count,
                      struct io_dataset *into, struct rt_error *error) {
  if (make_alike(from, into) != RT_OK) return rt_no_memory(error);
  return io_dataset_append(into, from, rows, count, error);
}
