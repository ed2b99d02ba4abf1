/* predict_stream.c: predicts lines as they come. */
#include "libaq/predict/answer_images.h"
#include "libaq/predict/watch.h"
#include "libaq/rows/memory_rows.h"

#include <string.h>

struct predicting {
  struct watch *watch; /* NULL: each row has a line */
  const aq_predict_options *options;
  const struct session_lines *lines;
  struct answer_files files; /* of images */
};

static int predict_rows(struct row_stream *st, int64_t first, int64_t count, struct rt_error *error) {
  struct predicting *own = st->own;
  const struct lib_reading *reading = &st->session->reading;
  int status = session_run(st->session, first, count, error);
  for (int64_t e = 0; e < count && status == RT_OK; e++) {
    if (own->watch) {
      status = watch_row(own->watch, st, e, first + e, error);
      continue;
    }
    status = answer_files_add(&own->files, st->session, e, reading->rows + reading->skipped + e + 1, error);
    if (status != RT_OK) return status;
    own->lines->scores(st->session, e, own->options, &st->out);
    rt_text_puts(&st->out, "\n");
  }
  return status;
}

static int flush(struct row_stream *st, struct rt_error *error) {
  const struct predicting *own = st->own;
  int status = row_stream_answer(st, predict_rows, error);
  if (own->watch) watch_forget(own->watch);
  return status;
}

/* Only classes have probabilities. Asking for them where there are none is a mistake. */
static int check_wishes(const struct aq_session *session, const aq_predict_options *o,
                        struct rt_error *error) {
  const struct vm_module *m = session->model->module;
  bool ranked = false, likely = false, classes = false;
  for (uint32_t k = 0; k < m->output_count; k++) {
    enum vm_target_number target = session_target(session, k);
    ranked |= vm_ranks_classes(&vm_targets[target]);
    likely |= vm_targets[target].of_classes;
    classes |= target == VM_TARGET_CLASS;
  }
  const char *word = m->output_count ? vm_targets[session_target(session, 0)].several : "nothing";
  if (o->top < 0) return rt_fail(error, RT_USAGE, "top is the number of classes to give, not %d", o->top);
  if (o->top > 0 && o->probabilities && !o->json)
    return rt_fail(error, RT_USAGE, "either the probabilities of all classes, or those of the top %d",
                   o->top);
  if (o->top > 0 && !ranked)
    return rt_fail(error, RT_USAGE, "top is for classes, and this model predicts %s (%s)", word,
                   m->output[0].name);
  if (o->below > 0 && o->window > 0)
    return rt_fail(error, RT_USAGE,
                   "an answer is replaced where it is unlikely, or shares of answers are counted");
  if (o->below > 0 && !classes)
    return rt_fail(error, RT_USAGE, "a label can stand for unlikely classes, and this model predicts %s (%s)",
                   word, m->output[0].name);
  if (o->probabilities && !likely)
    return rt_fail(error, RT_USAGE,
                   "this model predicts %s (%s), of which there are no probabilities of classes", word,
                   m->output[0].name);
  return RT_OK;
}

/* Images go into files, which must have a place; and nothing else does. */
static int check_images(const struct aq_session *session, const aq_predict_options *o,
                        struct rt_error *error) {
  const struct vm_module *m = session->model->module;
  const bool some = answers_images(session), watched = watch_wanted(o);
  if (o->images && watched)
    return rt_fail(error, RT_USAGE, "images are written for all rows, or rows are watched: not both");
  if (o->images && !some)
    return rt_fail(
        error, RT_USAGE, "this model predicts %s (%s), and images are written of one that predicts some",
        m->output_count ? vm_targets[session_target(session, 0)].several : "nothing", m->output[0].name);
  if (o->images || watched || !some) return RT_OK;
  rt_fail(error, RT_USAGE, "this model predicts images, which need a place to be written to");
  rt_hint(error,
          "the option images names it: a folder gets a file for each row, FILE.png all of them side by "
          "side");
  return RT_USAGE;
}

static int predict_stream(struct aq_session *session, const aq_predict_options *options,
                          struct rt_error *error) {
  aq_predict_options own;
  if (lib_take_options(LIB_PREDICT_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  session_forget(session);
  lib_reading_clear(&session->reading);
  struct watch watch = {0};
  struct io_schema schema = session->model->schema;
  schema.folders.written = own.images;
  struct predicting predicting = {.options = &own, .lines = &session_lines[own.json ? AQ_JSON : AQ_TEXT]};
  struct row_stream stream = {.session = session,
                              .schema = &schema,
                              .extends = true,
                              .batch = session->options.batch,
                              .memory = lib_rows_memory(own.rows),
                              .path = own.path,
                              .read = own.read,
                              .write = own.write,
                              .context = own.context,
                              .answer = "predictions",
                              .bad_line = predicting.lines->bad_row,
                              .flush = flush,
                              .own = &predicting};
  int status = check_wishes(session, &own, error);
  if (status == RT_OK) status = check_images(session, &own, error);
  if (status == RT_OK) status = answer_files_begin(&predicting.files, session, own.images, error);
  if (status == RT_OK && watch_wanted(&own)) {
    status = watch_init(&watch, session, &own, error);
    predicting.watch = &watch;
    watch_stream(&watch, &stream);
  }
  if (status == RT_OK) status = row_stream_run(&stream, error);
  if (status == RT_OK) status = answer_files_end(&predicting.files, error);
  answer_files_free(&predicting.files);
  watch_free(&watch);
  return status;
}

int aq_session_predict_stream(aq_session *session, const aq_predict_options *options) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  return session_end(session, predict_stream(session, options, error));
}

/* ---- one example ---- */

static int line_of_answer(struct aq_session *s, const aq_predict_options *options, char **text,
                          struct rt_error *error) {
  aq_predict_options own;
  struct rt_text line = {0};
  *text = NULL;
  if (lib_take_options(LIB_PREDICT_OPTIONS, options, &own, error) != RT_OK) return RT_USAGE;
  if (s->scored < 1) return rt_fail(error, RT_USAGE, "there is no answer: no example was predicted");
  if (answers_images(s)) {
    rt_fail(error, RT_USAGE, "the answer is an image, and no line of text");
    rt_hint(error, "aq_session_row_image has it after aq_session_predict_rows");
    return RT_USAGE;
  }
  const int status = check_wishes(s, &own, error);
  if (status != RT_OK) return status;
  session_lines[own.json ? AQ_JSON : AQ_TEXT].scores(s, 0, &own, &line);
  return lib_give_text(&line, text, error);
}

int aq_session_line(aq_session *session, const aq_predict_options *options, char **text) {
  struct rt_error *error;
  if (!session || !text || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  return session_end(session, line_of_answer(session, options, text, error));
}

/* ---- what was read ---- */

int64_t aq_session_skipped(const aq_session *session) { return session ? session->reading.skipped : 0; }
const aq_reading *aq_session_reading(const aq_session *session) {
  return lib_reading_view(session ? &session->reading : NULL);
}
