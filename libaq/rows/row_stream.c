/* row_stream.c: answers lines as they come: many at a time when many are there, one at once when there is
 * only one. */
#include "libaq/rows/row_stream.h"

#include <string.h>

#include "runtime/aside.h"
#include "runtime/io/memory.h"
#include "runtime/lent_pool.h"
#include "runtime/limits.h"

static int give(struct row_stream *st, struct rt_error *error) {
  if (st->out.failed) return rt_no_memory(error);
  int refused = st->out.length ? st->write(st->context, st->out.data, st->out.length) : 0;
  st->out.length = 0;
  return refused ? rt_fail(error, RT_IO, "the %s cannot be written", st->answer) : RT_OK;
}

int row_stream_bad(struct row_stream *st, const struct rt_error *reason, struct rt_error *error) {
  rt_aside_wait(st->aside); /* the table is asked about, which is read there */
  bool can_skip = (reason->code == RT_BAD_DATA || reason->code == RT_NOT_FINITE)
                  && !io_table_broken(io_rows_table(st->rows));
  if (!can_skip || st->session->options.bad_rows != AQ_BAD_ROW_SKIP) {
    int status = give(st, error);
    if (status != RT_OK) return status;
    *error = *reason;
    if (can_skip) io_hint_skip(error);
    return reason->code;
  }
  lib_reading_skipped(&st->session->reading, reason, 1);
  int status = st->skipped ? st->skipped(st, reason, error) : RT_OK;
  if (!st->bad_line || status != RT_OK) return status;
  st->bad_line(reason, &st->out);
  rt_text_puts(&st->out, "\n");
  return RT_OK;
}

/* Answers each row by itself, to find the bad one among them: only the program tells which it is. */
static int answer_singly(struct row_stream *st, row_stream_run_rows *run, struct rt_error *error) {
  struct aq_session *s = st->session;
  struct rt_error *reason = &st->why->answering, *placed = &st->why->placed;
  for (int64_t r = 0; r < s->data.rows; r++) {
    rt_error_clear(reason);
    int status = run(st, r, 1, reason);
    if (status == RT_OK) {
      s->reading.rows++;
      continue;
    }
    if (!reason->line || strcmp(reason->file, st->memory ? "" : s->data.name) != 0) {
      rt_error_clear(placed);
      rt_fail(placed, reason->code, "%s", reason->text);
      io_place_row(&s->data, s->data.lines[r], -1, placed);
      memcpy(placed->excerpt, reason->excerpt, sizeof placed->excerpt);
      memcpy(placed->hint, reason->hint, sizeof placed->hint);
      *reason = *placed;
    }
    status = row_stream_bad(st, reason, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

int row_stream_answer(struct row_stream *st, row_stream_run_rows *run, struct rt_error *error) {
  struct aq_session *s = st->session;
  struct rt_error *reason = &st->why->answering;
  rt_error_clear(reason);
  int status = run(st, 0, s->data.rows, reason);
  if (status == RT_OK)
    s->reading.rows += s->data.rows;
  else if (reason->code == RT_BAD_DATA || reason->code == RT_NOT_FINITE)
    status = answer_singly(st, run, error);
  else if (give(st, error) == RT_OK) /* rows before it are answered */
    *error = *reason;
  return status;
}

static int flush(struct row_stream *st, struct rt_error *error) {
  struct aq_session *s = st->session;
  if (s->data.rows == 0) return give(st, error);
  int status = st->flush(st, error);
  if (status == RT_OK) status = lib_reading_cuts(&s->reading, st->schema, &s->data, error);
  io_dataset_clear(&s->data);
  return status != RT_OK ? status : give(st, error);
}

/* Reads rows until there is a batch, a bad one, nothing to be had yet, or the end. */
static void fill(void *context) {
  struct row_stream *st = context;
  struct row_reading *r = &st->reading;
  struct rt_error *reason = &st->why->reading;
  struct io_dataset *data = &st->next;
  struct io_table *table = io_rows_table(st->rows);
  *r = (struct row_reading){.status = RT_OK, .more = true};
  rt_error_clear(reason);
  while (r->more && data->rows < st->batch && !(data->rows && io_table_waits(table))) {
    r->status = io_rows_append(st->rows, data, &r->more, reason);
    if (r->status == RT_OK && r->more && st->extends) r->status = session_extend(st->session, data, reason);
    if (r->status == RT_OK && r->more && st->taken) r->status = st->taken(st, reason);
    if (r->status != RT_OK) return;
  }
}

static void swap(struct io_dataset *a, struct io_dataset *b) {
  struct io_dataset kept = *a;
  *a = *b;
  *b = kept;
}

/* What was answered is written before waiting for the next line: also where rows are read while those before
 * them are answered. */
static int answer_all(struct row_stream *st, struct rt_error *error) {
  fill(st);
  for (;;) {
    struct row_reading got = st->reading;
    bool good = got.status == RT_OK, ahead = st->aside && good && got.more;
    if (!good) st->why->got = st->why->reading;
    swap(&st->session->data, &st->next);
    /* What is asked for cannot be, so nothing is done for the rows before: their images would be written. */
    if (got.status == RT_USAGE) io_dataset_clear(&st->session->data);
    if (ahead) rt_aside_start(st->aside, fill, st);
    int status = flush(st, error);
    rt_aside_wait(st->aside);
    if (status == RT_OK && good && !got.more && st->end) status = st->end(st, error);
    if (status == RT_OK && !good) status = row_stream_bad(st, &st->why->got, error);
    if (status == RT_OK) status = give(st, error);
    if (status != RT_OK || st->finished || (good && !got.more)) return status;
    if (!ahead) fill(st);
  }
}

/* A host's `read` is called by the thread that it called with, and `taken` keeps rows for the next flush.
 * What limits count is what their own thread does. */
static bool can_read_ahead(const struct row_stream *st) {
  return (st->memory || (st->path && strcmp(st->path, "-") != 0)) && !st->taken && !rt_limits_of_thread
         && rt_pool_threads(st->session->pool) > 1;
}

/* A table in memory without rows need not have columns, and is not opened. */
static int open_rows(struct row_stream *st, struct rt_error *error) {
  struct io_data_options reading = {.header = lib_header(st->session->options.header),
                                    .format = (enum io_format)st->session->options.format,
                                    .beside = st->beside,
                                    .memory = st->memory,
                                    .keeps_rows = st->keeps_rows};
  if (!st->write) return rt_fail(error, RT_USAGE, "there is nowhere to write the %s to", st->answer);
  if (st->memory && !st->memory->rows) return RT_OK;
  if (st->memory || (st->path && strcmp(st->path, "-") != 0))
    return io_rows_open(&st->rows, st->path, st->schema, &reading, error);
  struct io_source source = {"the stream", st->read, st->context};
  if (!st->read)
    return rt_fail(error, RT_USAGE, "there are no rows: neither a path nor a function that reads");
  return io_rows_open_source(&st->rows, &source, st->schema, &reading, error);
}

static void note_first_line(struct aq_session *s, const struct io_table *table) {
  s->reading.header = io_table_has_header(table);
  s->reading.semicolons = io_table_has_semicolons(table);
  lib_reading_position(&s->reading, io_table_name(table), io_table_by_position(table));
  lib_reading_doubt(&s->reading, io_table_name(table), io_table_doubt(table));
}

static int prepare(struct row_stream *st, struct rt_error *error) {
  struct io_dataset *data = &st->session->data;
  io_dataset_clear(data);
  io_dataset_forget_source(data);
  st->next = (struct io_dataset){.check = data->check};
  data->name = rt_strdup(io_table_name(io_rows_table(st->rows)));
  st->next.name = rt_strdup(data->name ? data->name : "");
  if (!data->name || !st->next.name) return rt_no_memory(error);
  st->aside = can_read_ahead(st) ? rt_aside_new(error) : NULL;
  return st->aside || !can_read_ahead(st) ? RT_OK : error->code;
}

int row_stream_run(struct row_stream *stream, struct rt_error *error) {
  struct aq_session *s = stream->session;
  stream->why = rt_zalloc(1, sizeof *stream->why);
  int status = stream->why ? open_rows(stream, error) : rt_no_memory(error);
  if (status == RT_OK && stream->rows) status = prepare(stream, error);
  if (status == RT_OK && stream->rows) status = answer_all(stream, error);
  rt_aside_free(stream->aside);
  if (stream->rows) note_first_line(s, io_rows_table(stream->rows));
  io_rows_close(stream->rows);
  rt_free(stream->why);
  rt_text_free(&stream->out);
  s->scored = 0;
  io_dataset_forget_source(&s->data); /* single examples do not come from a file */
  io_dataset_free(&stream->next);
  return status;
}
