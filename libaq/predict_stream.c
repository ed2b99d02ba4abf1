/* predict_stream.c: predicts lines as they come: many at a time when many are there, one at once when there
 * is only one. */
#include "libaq/session.h"

#include <string.h>

void aq_predict_options_init(aq_predict_options *options) {
  if (!options) return;
  *options = (aq_predict_options){.size = sizeof *options};
}

struct stream {
  struct aq_session *session;
  const aq_predict_options *options;
  const struct session_lines *lines;
  struct io_rows *rows;
  struct rt_text out;
};

static int give(struct stream *st, struct rt_error *error) {
  if (st->out.failed) return rt_no_memory(error);
  int refused = st->out.length ? st->options->write(st->options->context, st->out.data, st->out.length) : 0;
  st->out.length = 0;
  return refused ? rt_fail(error, RT_IO, "the predictions cannot be written") : RT_OK;
}

static void write_scored(struct stream *st) {
  st->session->reading.rows += st->session->scored;
  for (int64_t e = 0; e < st->session->scored; e++) {
    st->lines->scores(st->session, e, st->options, &st->out);
    rt_text_puts(&st->out, "\n");
  }
}

/* A row that cannot be predicted. When bad rows are skipped, a line stands for it, so that input and output
 * lines still correspond; otherwise it ends the stream. */
static int bad_row(struct stream *st, const struct rt_error *reason, struct rt_error *error) {
  bool goes_on = (reason->code == RT_BAD_DATA || reason->code == RT_NOT_FINITE)
                 && st->session->options.bad_rows == AQ_BAD_ROW_SKIP
                 && !io_table_broken(io_rows_table(st->rows));
  if (!goes_on) {
    int status = give(st, error);
    if (status != RT_OK) return status;
    *error = *reason;
    return reason->code;
  }
  lib_reading_skipped(&st->session->reading, reason, 1);
  st->lines->bad_row(reason, &st->out);
  rt_text_puts(&st->out, "\n");
  return RT_OK;
}

/* Runs each row by itself, to find the bad one among them: only the program tells which it is. */
static int run_singly(struct stream *st, struct rt_error *error) {
  struct aq_session *s = st->session;
  for (int64_t r = 0; r < s->data.rows; r++) {
    struct rt_error reason = {0};
    int status = session_run(s, r, 1, &reason);
    if (status == RT_OK) {
      write_scored(st);
      continue;
    }
    if (!reason.line || strcmp(reason.file, io_table_name(io_rows_table(st->rows))) != 0) {
      struct rt_error placed = {0};
      rt_fail_at(&placed, reason.code,
                 (struct rt_place){io_table_name(io_rows_table(st->rows)), s->data.lines[r], 0}, "%s",
                 reason.text);
      memcpy(placed.excerpt, reason.excerpt, sizeof placed.excerpt);
      memcpy(placed.hint, reason.hint, sizeof placed.hint);
      reason = placed;
    }
    status = bad_row(st, &reason, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int flush(struct stream *st, struct rt_error *error) {
  struct aq_session *s = st->session;
  struct rt_error reason = {0};
  if (s->data.rows == 0) return give(st, error);
  int status = session_run(s, 0, s->data.rows, &reason);
  if (status == RT_OK)
    write_scored(st);
  else if (reason.code == RT_BAD_DATA || reason.code == RT_NOT_FINITE)
    status = run_singly(st, error);
  else
    *error = reason;
  if (status == RT_OK) status = lib_reading_cuts(&s->reading, &s->model->schema, &s->data, error);
  io_dataset_clear(&s->data);
  return status != RT_OK ? status : give(st, error);
}

static int predict_all(struct stream *st, struct rt_error *error) {
  struct aq_session *s = st->session;
  struct io_table *table = io_rows_table(st->rows);
  for (bool more = true;;) {
    struct rt_error reason = {0};
    int status = RT_OK;
    /* What was predicted is written before waiting for the next line. */
    if (s->data.rows == s->options.batch || io_table_waits(table)) status = flush(st, error);
    if (status != RT_OK) return status;
    status = io_rows_append(st->rows, &s->data, &more, &reason);
    if (status == RT_OK && more) status = session_extend(s, &reason);
    if (status == RT_OK && !more) return flush(st, error);
    if (status == RT_OK) continue;
    status = flush(st, error);
    if (status == RT_OK) status = bad_row(st, &reason, error);
    if (status != RT_OK) return status;
  }
}

/* Only classes have probabilities. Asking for them where there are none is a mistake. */
static int check_wishes(const struct stream *st, struct rt_error *error) {
  const aq_predict_options *o = st->options;
  const struct vm_module *m = st->session->model->module;
  bool ranked = false, likely = false;
  for (uint32_t k = 0; k < m->output_count; k++) {
    enum vm_target_number target = session_target(st->session, k);
    ranked |= vm_targets[target].of_classes && target != VM_TARGET_TAGS;
    likely |= vm_targets[target].of_classes;
  }
  const char *word = m->output_count ? vm_targets[session_target(st->session, 0)].several : "nothing";
  if (o->top < 0) return rt_fail(error, RT_USAGE, "top is the number of classes to give, not %d", o->top);
  if (o->top > 0 && o->probabilities && !o->json)
    return rt_fail(error, RT_USAGE, "either the probabilities of all classes, or those of the top %d",
                   o->top);
  if (o->top > 0 && !ranked)
    return rt_fail(error, RT_USAGE, "top is for classes, and this model predicts %s (%s)", word,
                   m->output[0].name);
  if (o->probabilities && !likely)
    return rt_fail(error, RT_USAGE,
                   "this model predicts %s (%s), of which there are no probabilities of classes", word,
                   m->output[0].name);
  return RT_OK;
}

static int open_rows(struct stream *st, struct rt_error *error) {
  const aq_predict_options *o = st->options;
  const struct io_schema *schema = &st->session->model->schema;
  struct io_data_options reading = {.header = lib_header(st->session->options.header)};
  if (o->path && strcmp(o->path, "-") != 0) return io_rows_open(&st->rows, o->path, schema, &reading, error);
  struct io_source source = {"standard input", o->read, o->context};
  if (!o->read)
    return rt_fail(error, RT_USAGE, "there is nothing to predict: neither a path nor a function that reads");
  return io_rows_open_source(&st->rows, &source, schema, &reading, error);
}

static void note_first_line(struct aq_session *s, const struct io_table *table) {
  s->reading.header = io_table_has_header(table);
  s->reading.by_position = io_table_by_position(table);
  lib_reading_doubt(&s->reading, io_table_name(table), io_table_doubt(table));
}

/* Forgets what came from a file: single examples do not come from one. */
static void forget_file(struct io_dataset *data) {
  rt_free(data->name);
  rt_free(data->numbers);
  data->name = NULL;
  data->numbers = NULL;
}

int aq_session_predict_stream(aq_session *session, const aq_predict_options *options) {
  if (!session) return AQ_USAGE;
  struct rt_error *error = lib_begin(&session->message);
  aq_predict_options own;
  aq_predict_options_init(&own);
  if (options) memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
  struct stream st = {
      .session = session, .options = &own, .lines = &session_lines[own.json ? AQ_JSON : AQ_TEXT]};
  session->scored = 0;
  lib_reading_clear(&session->reading);
  if (!session->ready) return session_not_ready(error);
  if (!own.write) return rt_fail(error, RT_USAGE, "there is nowhere to write the predictions to");
  int status = check_wishes(&st, error);
  if (status == RT_OK) status = open_rows(&st, error);
  io_dataset_clear(&session->data);
  forget_file(&session->data);
  if (status == RT_OK && !(session->data.name = rt_strdup(io_table_name(io_rows_table(st.rows)))))
    status = rt_no_memory(error);
  if (status == RT_OK) status = predict_all(&st, error);
  if (st.rows) note_first_line(session, io_rows_table(st.rows));
  io_rows_close(st.rows);
  rt_text_free(&st.out);
  session->scored = 0;
  forget_file(&session->data);
  return status;
}

int64_t aq_session_skipped(const aq_session *session) { return session ? session->reading.skipped : 0; }
aq_reading aq_session_reading(const aq_session *session) {
  return lib_reading_view(session ? &session->reading : NULL);
}
