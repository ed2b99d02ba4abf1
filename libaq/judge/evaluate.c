/* evaluate.c: predicts a labelled file and judges the predictions: one report for each output. */
#include <math.h>
#include <string.h>

#include "libaq/judge/judge.h"
#include "libaq/predict/session.h"
#include "libaq/rows/memory_rows.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/json.h"

enum { DIGITS = 4 };

struct aq_report {
  struct lib_message message;
  aq_model *model;
  struct lib_members members; /* in the precision asked for */
  struct rt_pool *pool;
  struct lib_judge judge;
  struct lib_row_check row_check;
  int64_t rows, skipped; /* judged; left out */
  struct lib_reading reading;
  char *scope;         /* the label of rows out of scope, or NULL */
  int64_t errors;      /* so many of the hardest rows are kept */
  aq_session *session; /* that looks into the model on these rows, when that is asked for */
  bool calibration;
  struct rt_text text, json; /* made when asked for */
};

static int no_rows(const struct aq_report *r, struct rt_error *error) {
  const struct rt_error *bad = &r->judge.first_skipped;
  rt_fail_at(error, bad->code, (struct rt_place){bad->file, bad->line, 0},
             "every row is bad (%lld in all); the first: %s", (long long)r->judge.skipped, bad->text);
  rt_hint(error, "%s", bad->hint);
  return bad->code;
}

/* Whether a row is out of scope is a question of classes. */
static int begin_scope(struct aq_report *r, const char *label, struct rt_error *error) {
  const struct vm_module *m = r->model->module;
  bool found = false;
  for (uint32_t o = 0; o < m->output_count; o++) {
    if (r->judge.report[o].kind != REP_CLASS) continue;
    r->judge.report[o].scope.label = label;
    found = true;
  }
  return found ? RT_OK
               : rt_fail(error, RT_USAGE,
                         "`%.60s` is to be a label out of scope, and the model predicts no class", label);
}

static int check_scope(const struct aq_report *r, const char *path, struct rt_error *error) {
  for (uint32_t o = 0; o < r->model->module->output_count; o++) {
    const struct rep_report *report = &r->judge.report[o];
    if (report->scope.label && rep_scope_out(report) > 0) return RT_OK;
  }
  rt_fail(error, RT_USAGE, "no row of %.200s has the label `%.60s`", path, r->scope);
  rt_hint(error, "the option out_of_scope takes the label that such rows have in the file");
  return RT_USAGE;
}

/* path: of the table, whose rows name files beside it; NULL: it is in memory. */
static int begin_looking(struct aq_report *r, const char *path, const struct aq_eval_options *options,
                         struct rt_error *error) {
  int status = aq_session_new(r->model, options, &r->session);
  if (status != RT_OK && !r->session) return rt_no_memory(error);
  if (status != RT_OK) *error = r->session->message.error;
  if (status == RT_OK && path && !(r->session->data.name = rt_strdup(path))) return rt_no_memory(error);
  return status;
}

static int begin_judge(struct aq_report *r, const char *path, const struct aq_eval_options *options,
                       struct rt_error *error) {
  const struct aq_model *model = r->model;
  int status = lib_members_init(&r->members, model, lib_precision(options->precision), error);
  if (status != RT_OK) return status;
  r->pool = lib_pool(options->threads, options->pool, error);
  if (!r->pool) return error->code;
  status = lib_judge_init(&r->judge, model->module, &model->schema, r->members.of[0], r->pool, error);
  if (status == RT_OK && r->members.count > 1) status = lib_judge_members(&r->judge, &r->members, error);
  r->judge.skip = options->bad_rows == AQ_BAD_ROW_SKIP;
  if (status == RT_OK && options->threshold > 0) lib_judge_threshold(&r->judge, options->threshold);
  r->judge.beam = options->beam;
  r->errors = options->errors;
  r->calibration = options->calibration;
  if (status == RT_OK && options->attention && r->errors > 0 && !model->text)
    status = begin_looking(r, path, options, error);
  return status;
}

/* What the judge has left out is bad like what could not be read. */
static int end_judge(struct aq_report *r, int64_t rows, struct rt_error *error) {
  lib_reading_skipped(&r->reading, &r->judge.first_skipped, r->judge.skipped);
  r->reading.rows -= r->judge.skipped;
  r->rows = rows - r->judge.skipped;
  r->skipped = r->reading.skipped;
  return r->judge.skipped < rows ? RT_OK : no_rows(r, error);
}

/* Is there anything to be judged, and does it have what the options ask for? */
static int check_file(const struct aq_model *model, const char *path, const aq_rows *rows,
                      const struct aq_eval_options *options, struct rt_error *error) {
  if (!model) return rt_fail(error, RT_USAGE, "there is no model: it is NULL");
  if (!path && !rows) return rt_fail(error, RT_USAGE, "there is nothing to judge: path or rows are NULL");
  if (lib_model_trained(model, error) != RT_OK) return RT_USAGE;
  if (model->text && !rows && options->header == AQ_HEADER_YES)
    return rt_fail(error, RT_USAGE, "%.200s is read as a text by itself, which has no header line", path);
  if (options->generate && lib_text_output(model->module) == model->module->output_count)
    return rt_fail(error, RT_USAGE, "the model %s does not write texts: it predicts %s", model->module->name,
                   model->module->output_count ? model->module->output[0].name : "nothing");
  if (lib_check_beam(model->module, options->beam, error) != RT_OK) return RT_USAGE;
  return lib_check_threshold(model->module, options->threshold, error);
}

/* What the options ask for beside the usual metrics. */
static int begin_extras(struct aq_report *r, const struct aq_eval_options *options,
                        struct lib_judge_file *file, struct rt_error *error) {
  int status = RT_OK;
  if (r->errors > 0) status = lib_hardest_init(&r->judge, r->errors, error);
  if (status == RT_OK && options->negatives > 0)
    status = lib_judge_draw(&r->judge, options->negatives, options->seed, error);
  if (status == RT_OK && r->scope) status = begin_scope(r, r->scope, error);
  if (status != RT_OK || !options->generate) return status;
  file->portion.bytes = INT64_MAX;
  return lib_judge_texts_begin(&file->writing, r->model, options, &file->portion.rows, error);
}

/* Judges a file, or rows in memory. */
static int judge_file(struct aq_report *r, const char *path, const aq_rows *rows,
                      const struct aq_eval_options *options, struct io_portion portion,
                      struct rt_error *error) {
  const struct aq_model *model = r->model;
  int status = check_file(model, path, rows, options, error);
  if (status != RT_OK) return status;
  const bool text = model->text && !rows;
  struct io_data_options reading = {.skip_bad_rows = options->bad_rows == AQ_BAD_ROW_SKIP,
                                    .header = lib_header(options->header),
                                    .format = (enum io_format)options->format,
                                    .memory = lib_rows_memory(rows),
                                    .check = &r->row_check.hook,
                                    .keeps = (options->errors > 0 && !text) || options->generate,
                                    .truths = true};
  struct lib_judge_file file = {.judge = &r->judge,
                                .model = model,
                                .path = path,
                                .reading = &reading,
                                .held_by = options->held_by,
                                .portion = portion,
                                .met = &r->reading};
  if (options->held_by) reading.beside = lib_held_beside(options->held_by);
  if (options->held_by && text) reading.hold = lib_held_part(options->held_by);
  status = lib_row_check_init(&r->row_check, model->module, &model->schema, error);
  r->row_check.precision = lib_precision(options->precision);
  if (status == RT_OK) status = begin_judge(r, path, options, error);
  if (status == RT_OK) status = begin_extras(r, options, &file, error);
  if (status == RT_OK) status = lib_judge_file(&file, options->batch, error);
  if (status == RT_OK) status = end_judge(r, file.rows, error);
  if (status == RT_OK && r->scope) status = check_scope(r, path ? path : "the rows in memory", error);
  lib_judge_texts_free(file.writing);
  return status;
}

/* Enough rows for the work of a piece to hide what each costs, and no more than a few megabytes. */
enum { PIECE_ROWS = 4096, ROW_BYTES = 1024 };

static int make_report(aq_model *model, const char *path, const aq_rows *table,
                       const aq_eval_options *options, int64_t piece, aq_report **report) {
  struct aq_report *r = *report = rt_zalloc(1, sizeof *r);
  if (!r) return AQ_NO_MEMORY;
  aq_eval_options own;
  if (lib_take_options(LIB_EVAL_OPTIONS, options, &own, lib_begin(&r->message)) != RT_OK) return AQ_USAGE;
  if (own.batch < 1) own.batch = LIB_BATCH;
  r->model = model ? lib_model_share(model) : NULL;
  if (own.out_of_scope && !(r->scope = rt_strdup(own.out_of_scope)))
    return rt_no_memory(lib_begin(&r->message));
  const int64_t rows = piece ? piece : own.batch > PIECE_ROWS ? own.batch : PIECE_ROWS;
  const int64_t bytes = rows < INT64_MAX / ROW_BYTES ? rows * ROW_BYTES : INT64_MAX;
  int status = judge_file(r, path, table, &own, (struct io_portion){rows, bytes}, lib_begin(&r->message));
  if (status != RT_OK && r->judge.module) lib_judge_free(&r->judge); /* a part of the rows is no report */
  return status;
}

int lib_report_pieces(aq_model *model, const char *path, const aq_eval_options *options, int64_t piece,
                      aq_report **report) {
  return make_report(model, path, NULL, options, piece, report);
}

int aq_report_of_rows(aq_model *model, const aq_rows *rows, const aq_eval_options *options,
                      aq_report **report) {
  return report ? make_report(model, NULL, rows, options, 0, report) : AQ_USAGE;
}

int aq_report_new(aq_model *model, const char *path, const aq_eval_options *options, aq_report **report) {
  return report ? lib_report_pieces(model, path, options, 0, report) : AQ_USAGE;
}

int lib_report_of(aq_model *model, const struct io_dataset *data, const aq_eval_options *options,
                  aq_report **report, struct rt_error *error) {
  struct aq_report *r = *report = rt_zalloc(1, sizeof *r);
  if (!r) return rt_no_memory(error);
  r->model = lib_model_share(model);
  int status = lib_reading_add(&r->reading, &model->schema, data, error);
  if (status == RT_OK) status = begin_judge(r, data->name, options, error);
  if (status == RT_OK) status = lib_judge_run(&r->judge, data, options->batch, error);
  return status != RT_OK ? status : end_judge(r, data->rows, error);
}

/* ---- several ---- */

static bool same_text(const char *one, const char *other) {
  return one && other ? !strcmp(one, other) : !one && !other;
}

static int check_alike(const struct aq_report *a, const struct aq_report *b, struct rt_error *error) {
  const struct vm_module *m = a->model ? a->model->module : NULL, *n = b->model ? b->model->module : NULL;
  if (!a->judge.report || !b->judge.report)
    return rt_fail(error, RT_USAGE, "there is no report: making it failed");
  bool alike = m->output_count == n->output_count;
  for (uint32_t o = 0; alike && o < m->output_count; o++) {
    const struct rep_report *one = &a->judge.report[o], *other = &b->judge.report[o];
    alike = !strcmp(m->output[o].name, n->output[o].name) && one->kind == other->kind
            && one->negatives == other->negatives
            && (!one->columns || !other->columns || one->column_count == other->column_count);
  }
  if (!alike) return rt_fail(error, RT_USAGE, "the reports are not of the same outputs");
  return same_text(a->scope, b->scope)
             ? RT_OK
             : rt_fail(error, RT_USAGE, "the reports have other labels out of scope: `%.60s` and `%.60s`",
                       a->scope ? a->scope : "none", b->scope ? b->scope : "none");
}

int aq_report_add(aq_report *report, const aq_report *other) {
  if (!report) return AQ_USAGE;
  struct rt_error *error = lib_begin(&report->message);
  if (!other || report == other)
    return rt_fail(error, RT_USAGE,
                   other ? "a report cannot be added to itself" : "there is no report: NULL");
  int status = check_alike(report, other, error);
  for (uint32_t o = 0; status == RT_OK && o < report->model->module->output_count; o++)
    status = rep_merge(&report->judge.report[o], &other->judge.report[o], error);
  if (status != RT_OK) return status;
  report->judge.loss += other->judge.loss;
  report->judge.loss_rows += other->judge.loss_rows;
  report->rows += other->rows;
  report->skipped += other->skipped;
  report->errors = 0; /* whose rows they are is not known any more */
  return lib_reading_join(&report->reading, &report->model->schema, &other->reading, error);
}

void aq_report_free(aq_report *report) {
  if (!report) return;
  if (report->judge.module) lib_judge_free(&report->judge);
  lib_row_check_free(&report->row_check);
  lib_reading_free(&report->reading);
  lib_members_free(&report->members);
  rt_pool_free(report->pool);
  aq_session_free(report->session);
  rt_free(report->scope);
  rt_text_free(&report->text);
  rt_text_free(&report->json);
  aq_model_free(report->model);
  rt_free(report);
}

const aq_message *aq_report_message(const aq_report *report) {
  if (!report) return lib_nothing();
  return lib_view((struct lib_message *)&report->message);
}

/* ---- what it says ---- */

static int show_report(aq_report *report, aq_shown *s, struct rt_error *error) {
  const struct vm_module *m = report->model ? report->model->module : NULL;
  int status = RT_OK;
  for (uint32_t o = 0; report->judge.report && o < m->output_count && status == RT_OK; o++) {
    const char *name = m->output[o].name;
    if (m->output_count > 1) {
      aq_shown_note(s, NULL, "%s%s\n", o ? "\n" : "", name);
      shown_heading(s);
    }
    aq_shown_begin(s, name);
    status = rep_show(&report->judge.report[o], DIGITS, s, error);
    if (report->calibration) rep_show_calibration(&report->judge.report[o], s);
    if (status == RT_OK && report->errors > 0 && report->judge.report[o].kind == REP_CLASS)
      status = rep_show_confusions(&report->judge.report[o], (size_t)report->errors, s, error);
    if (status == RT_OK && report->errors > 0)
      status = lib_hardest_show(&report->judge, o, report->session, s, error);
    aq_shown_end(s);
  }
  if (status == RT_OK && report->members.count > 1)
    aq_shown_say(s, "\nloss: the mean of the %u models' losses; all else is of their mean answers",
                 report->members.count);
  /* An output cannot be called loss, which is a word of the language. */
  if (status != RT_OK || !m || !lib_has_total(m)) return status;
  double loss = report->judge.loss / report->judge.loss_rows;
  aq_shown_real(s, "loss", NULL, loss);
  if (report->judge.loss_rows > 0) aq_shown_say(s, "\nloss that training minimises: %.*f", DIGITS, loss);
  return RT_OK;
}

int aq_report_shown(aq_report *report, aq_shown **shown) {
  if (!shown) return AQ_USAGE;
  *shown = NULL;
  if (!report) return AQ_USAGE;
  struct rt_error *error = lib_begin(&report->message);
  aq_shown *s = *shown = aq_shown_new(false);
  int status = s ? show_report(report, s, error) : rt_no_memory(error);
  return status != RT_OK || !s->failed ? status : rt_no_memory(error);
}

/* Writes the report anew each time it is asked for. "": there is no memory. */
static const char *write_report(aq_report *report, enum aq_form form, struct rt_text *out) {
  aq_shown *s;
  int status = aq_report_shown(report, &s);
  out->length = 0;
  if (status == RT_OK)
    return shown_finish(s, form, out, &report->message.error) || !out->data ? "" : out->data;
  aq_shown_free(s);
  return "";
}

const char *aq_report_text(aq_report *report) {
  return report ? write_report(report, AQ_TEXT, &report->text) : "";
}

const char *aq_report_json(aq_report *report) {
  return report ? write_report(report, AQ_JSON, &report->json) : "";
}

/* "f1": of the first output; "topic.f1": of the output topic. */
int aq_report_metric(aq_report *report, const char *name, double *value) {
  if (!report) return AQ_USAGE;
  struct rt_error *error = lib_begin(&report->message);
  const struct vm_module *m = report->model ? report->model->module : NULL;
  struct rep_asked asked;
  uint32_t output = 0;
  if (!name || !value) return rt_fail(error, RT_USAGE, "there is no name of a metric, or no place for it");
  if (!report->judge.report) return rt_fail(error, RT_USAGE, "there is no report: making it failed");
  int status = lib_metric_output(m, &name, &output, error);
  if (status == RT_OK) status = rep_metric_find(&report->judge.report[output], name, &asked, error);
  if (status == RT_OK) *value = rep_value(&report->judge.report[output], &asked);
  return status;
}

const aq_reading *aq_report_reading(const aq_report *report) {
  return lib_reading_view(report ? &report->reading : NULL);
}

int64_t aq_report_rows(const aq_report *report, int64_t *skipped) {
  if (skipped) *skipped = 0;
  if (!report) return 0;
  if (skipped) *skipped = report->skipped;
  return report->rows;
}
