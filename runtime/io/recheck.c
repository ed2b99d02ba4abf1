/* recheck.c: rows that are asked about again once the whole file is known. */
#include "runtime/io/data_internal.h"

int io_no_rows(const struct io_dataset *data, struct rt_error *error) {
  const struct rt_error *bad = &data->first_skipped;
  rt_fail_at(error, RT_BAD_DATA, (struct rt_place){data->names ? NULL : data->name, bad->line, bad->column},
             "every row is bad (%lld in all); the first: %s", (long long)data->skipped, bad->text);
  rt_hint(error, "%s", bad->hint);
  return RT_BAD_DATA;
}

/* Keeps those rows only. What was noted of the file stays. */
static int keep(struct io_dataset *data, const int64_t *rows, int64_t count, struct rt_error *error) {
  struct io_dataset other;
  int status = io_dataset_select(data, rows, count, &other, error);
  if (status == RT_OK) {
    struct io_dataset all = *data;
    for (int c = 0; c < data->columns; c++) {
      other.values[c].cut = all.values[c].cut;
      other.values[c].cut_texts = all.values[c].cut_texts;
    }
    data->values = other.values;
    data->lines = other.lines;
    data->lines_capacity = other.lines_capacity;
    data->rows = other.rows;
    data->kept = other.kept;
    other.kept = all.kept;
    other.values = all.values;
    other.lines = all.lines;
  }
  io_dataset_free(&other);
  return status;
}

int io_dataset_recheck(struct io_dataset *data, const struct io_row_check *check, bool skip,
                       struct rt_error *error) {
  struct rt_error reason = {0};
  int64_t count = 0, *rows = rt_zalloc((size_t)data->rows, sizeof *rows);
  int status = rows ? RT_OK : rt_no_memory(error);
  for (int64_t r = 0; r < data->rows && status == RT_OK; r++) {
    int column = -1;
    status = check->row(check->context, data, r, &column, &reason);
    if (status == RT_OK) {
      rows[count++] = r;
      continue;
    }
    if (status == RT_BAD_DATA) io_place_row(data, data->lines[r], column, &reason);
    if (status != RT_BAD_DATA || !skip) {
      if (status == RT_BAD_DATA) io_hint_skip(&reason);
      if (error && !error->code) *error = reason;
      break;
    }
    if (data->skipped++ == 0) data->first_skipped = reason;
    rt_error_clear(&reason);
    status = RT_OK;
  }
  if (status == RT_OK && count == 0 && data->rows > 0)
    status = io_no_rows(data, error);
  else if (status == RT_OK && count < data->rows)
    status = keep(data, rows, count, error);
  rt_free(rows);
  return status;
}
