/* predict_stream.c: predicts lines as they come. */
#include "libaq/row_stream.h"

#include <string.h>

void aq_predict_options_init(aq_predict_options *options) {
  if (!options) return;
  *options = (aq_predict_options){.size = sizeof *options};
}

struct predicting {
  const aq_predict_options *options;
  const struct session_lines *lines;
};

static void write_scored(struct row_stream *st) {
  const struct predicting *own = st->own;
  st->session->reading.rows += st->session->scored;
  for (int64_t e = 0; e < st->session->scored; e++) {
    own->lines->scores(st->session, e, own->options, &st->out);
    rt_text_puts(&st->out, "\n");
  }
}

/* Runs each row by itself, to find the bad one among them: only the program tells which it is. */
static int run_singly(struct row_stream *st, struct rt_error *error) {
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
    status = row_stream_bad(st, &reason, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int predict_rows(struct row_stream *st, struct rt_error *error) {
  struct aq_session *s = st->session;
  struct rt_error reason = {0};
  int status = session_run(s, 0, s->data.rows, &reason);
  if (status == RT_OK)
    write_scored(st);
  else if (reason.code == RT_BAD_DATA || reason.code == RT_NOT_FINITE)
    status = run_singly(st, error);
  else
    *error = reason;
  return status;
}

/* Only classes have probabilities. Asking for them where there are none is a mistake. */
static int check_wishes(const struct aq_session *session, const aq_predict_options *o,
                        struct rt_error *error) {
  const struct vm_module *m = session->model->module;
  bool ranked = false, likely = false;
  for (uint32_t k = 0; k < m->output_count; k++) {
    enum vm_target_number target = session_target(session, k);
    ranked |= vm_targets[target].of_classes && target != VM_TARGET_TAGS;
    likely |= vm_targets[target].of_classes;
  }
  const char *word = m->output_count ? vm_targets[session_target(session, 0)].several : "nothing";
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

int aq_session_predict_stream(aq_session *session, const aq_predict_options *options) {
  if (!session) return AQ_USAGE;
  struct rt_error *error = lib_begin(&session->message);
  aq_predict_options own;
  aq_predict_options_init(&own);
  if (options) memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
  session->scored = 0;
  lib_reading_clear(&session->reading);
  if (!session->ready) return session_not_ready(error);
  struct predicting predicting = {&own, &session_lines[own.json ? AQ_JSON : AQ_TEXT]};
  struct row_stream stream = {.session = session,
                              .schema = &session->model->schema,
                              .extends = true,
                              .batch = session->options.batch,
                              .path = own.path,
                              .read = own.read,
                              .write = own.write,
                              .context = own.context,
                              .answer = "predictions",
                              .bad_line = predicting.lines->bad_row,
                              .flush = predict_rows,
                              .own = &predicting};
  int status = check_wishes(session, &own, error);
  return status != RT_OK ? status : row_stream_run(&stream, error);
}

int64_t aq_session_skipped(const aq_session *session) { return session ? session->reading.skipped : 0; }
aq_reading aq_session_reading(const aq_session *session) {
  return lib_reading_view(session ? &session->reading : NULL);
}
