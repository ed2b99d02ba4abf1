/* judge_file.c: judges the rows of a file in pieces: one is read while the piece before it is judged. So
 * memory does not grow with the file, but for what the metrics themselves must keep. */
#include <string.h>

#include "libaq/judge/judge.h"
#include "runtime/aside.h"
#include "runtime/lent_pool.h"
#include "runtime/limits.h"

enum { TEXT_WINDOW = 128 };

/* ---- all rows at once ---- */

/* A text by itself; in memory there are rows of texts. */
static bool is_text(const struct lib_judge_file *f) { return f->model->text && !f->reading->memory; }

/* A plain text is cut into windows, as in training. Reading it could add to the schema; as the model's schema
 * is shared, it gets a copy. */
static int read_text(const struct lib_judge_file *f, struct io_dataset *data, struct rt_error *error) {
  struct io_schema own = {0};
  int status = io_schema_copy(&f->model->schema, &own, error);
  struct io_dataset train = {0};
  struct io_data_options windows = *f->reading;
  windows.window =
      status != RT_OK || own.columns[0].max_length <= 0 ? TEXT_WINDOW : own.columns[0].max_length;
  if (status == RT_OK && windows.hold > 0)
    status = io_dataset_from_text(f->path, &own, &windows, &train, data, error);
  else if (status == RT_OK)
    status = io_dataset_from_text(f->path, &own, &windows, data, NULL, error);
  io_dataset_free(&train);
  io_schema_free(&own);
  return status;
}

/* Which rows are held back may depend on all of them, and the windows of a text are cut when it is read. */
static bool needs_all(const struct lib_judge_file *f) { return is_text(f) || f->held_by; }

static int judge_all(struct lib_judge_file *f, struct rt_error *error) {
  struct io_dataset data = {0};
  int status = is_text(f) ? read_text(f, &data, error)
                          : io_dataset_read(f->path, &f->model->schema, f->reading, &data, error);
  if (status == RT_OK && !is_text(f)) status = lib_held_rows(f->held_by, &data, error);
  if (status == RT_OK) status = lib_reading_add(f->met, &f->model->schema, &data, error);
  f->rows = data.rows;
  if (status == RT_OK && f->writing) status = lib_judge_texts_rows(f->writing, f->judge, &data, error);
  if (status == RT_OK) status = lib_judge_rows(f->judge, &data, error);
  if (status == RT_OK) status = lib_judge_end(f->judge, &data, error);
  io_dataset_free(&data);
  return status;
}

/* ---- piece by piece ---- */

struct pieces {
  struct lib_judge_file *file;
  struct io_rows *rows;
  struct rt_aside *aside;      /* reads `next` while `now` is judged; NULL: it is read in between */
  struct io_dataset now, next; /* rows that wait for their batch move on */
  int status;                  /* of reading `next` */
  bool more;
  struct rt_error reason;
};

static void fill(void *context) {
  struct pieces *p = context;
  rt_error_clear(&p->reason);
  p->status = io_rows_fill(p->rows, &p->next, p->file->portion, &p->more, &p->reason);
}

/* What was read becomes what is judged. */
static int take(struct pieces *p, struct rt_error *error) {
  struct lib_judge_file *f = p->file;
  if (p->status != RT_OK) *error = p->reason;
  if (p->status != RT_OK) return p->status;
  int status = lib_reading_add(f->met, &f->model->schema, &p->next, error);
  f->rows += p->next.rows;
  if (status == RT_OK && f->rows == 0) status = io_rows_none(p->rows, &p->next, error);
  if (status == RT_OK && f->writing) status = lib_judge_texts_rows(f->writing, f->judge, &p->next, error);
  if (status == RT_OK) status = lib_judge_move(f->judge, &p->now, &p->next, error);
  struct io_dataset judged = p->now;
  p->now = p->next;
  p->next = judged;
  io_dataset_clear(&p->next);
  return status;
}

static int judge_pieces(struct pieces *p, struct rt_error *error) {
  struct lib_judge *judge = p->file->judge;
  for (bool more = true; more;) {
    if (!p->aside) fill(p);
    rt_aside_wait(p->aside);
    int status = take(p, error);
    more = p->more;
    if (status == RT_OK && more && p->aside) rt_aside_start(p->aside, fill, p);
    if (status == RT_OK) status = lib_judge_rows(judge, &p->now, error);
    if (status == RT_OK && !more) status = lib_judge_end(judge, &p->now, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* What limits count is what their own thread does, and the standard input may make it wait. */
static bool can_read_ahead(const struct lib_judge_file *f) {
  return rt_pool_threads(f->judge->pool) > 1 && !rt_limits_of_thread && f->path && strcmp(f->path, "-") != 0;
}

static int prepare(struct pieces *p, struct rt_error *error) {
  struct io_dataset *const data[] = {&p->now, &p->next};
  for (size_t k = 0; k < RT_COUNT(data); k++) {
    data[k]->check = p->file->reading->check;
    data[k]->name = rt_strdup(io_table_name(io_rows_table(p->rows)));
    if (!data[k]->name) return rt_no_memory(error);
  }
  if (!can_read_ahead(p->file)) return RT_OK;
  p->aside = rt_aside_new(error);
  if (!p->aside) return error->code;
  rt_aside_start(p->aside, fill, p);
  return RT_OK;
}

static int judge_rows(struct pieces *p, struct rt_error *error) {
  const struct lib_judge_file *file = p->file;
  int status = io_rows_open(&p->rows, file->path, &file->model->schema, file->reading, error);
  if (status == RT_OK) status = prepare(p, error);
  if (status == RT_OK) status = judge_pieces(p, error);
  rt_aside_free(p->aside); /* it may be reading */
  io_rows_close(p->rows);
  io_dataset_free(&p->now);
  io_dataset_free(&p->next);
  return status;
}

/* Pieces are 9 KiB, and a host's thread may have little stack: so they are not there. */
int lib_judge_file(struct lib_judge_file *file, int64_t batch, struct rt_error *error) {
  lib_judge_begin(file->judge, batch);
  if (needs_all(file)) return judge_all(file, error);
  struct pieces *p = rt_zalloc(1, sizeof *p);
  if (!p) return rt_no_memory(error);
  p->file = file;
  int status = judge_rows(p, error);
  rt_free(p);
  return status;
}
