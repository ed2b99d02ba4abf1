/* session.c: sessions: predicting single examples. */
#include "libaq/predict/session.h"
#include "runtime/io/boxes.h"
#include "runtime/io/fit.h"
#include "vm/link.h"

#include <math.h>
#include <string.h>

enum { KEPT_WORDS = 32 << 20 }; /* bytes of what the model makes of single words, kept from row to row */

/* ---- making ---- */

const struct io_column *session_column(const struct aq_session *session, uint32_t output) {
  const struct vm_module *m = session->model->module;
  return &session->model->schema.columns[vm_column_of(m, &m->input[m->output[output].target])];
}

static int init_tags(struct aq_session *s, uint32_t output) {
  const struct io_column *column = session_column(s, output);
  return tag_answers_init(&s->scores[output].tags, column->vocab, column->set.scheme == IO_SCHEME_IOB1);
}

static int make_machine(struct aq_session *s, struct rt_error *error) {
  const struct aq_model *model = s->model;
  const struct vm_function *predict = vm_module_function(model->module, "predict");
  if (!predict) {
    rt_fail(error, RT_BAD_DATA, "the model has no function to predict with");
    lib_name_model(model, error);
    return error->code;
  }
  int status = lib_members_init(&s->members, model, s->precision, error);
  if (status != RT_OK) return status;
  s->params = s->members.of[0];
  s->pool = lib_pool(s->options.threads, s->options.pool, error);
  s->predict = s->pool ? vm_machine_new(model->module, predict, s->precision, s->pool, error) : NULL;
  if (!s->predict) return error->code;
  status = lib_row_check_init(&s->row_check, model->module, &model->schema, error);
  s->row_check.extends = true;
  s->row_check.precision = s->precision;
  s->data.check = &s->row_check.hook;
  return status != RT_OK ? status
                         : lib_feed_init(&s->feed, model->module, &model->schema, s->precision, error);
}

/* What only predicting needs, at the first time. Panels are those of the model, so a session in another
 * precision has none; products that are kept by word read panels. */
static int bind_params(struct aq_session *s, struct rt_error *error) {
  const struct vm_memo memo = {s->precision, KEPT_WORDS};
  const bool own = s->params != &s->model->params;
  int status = own ? RT_OK : lib_model_panels(s->model, error);
  if (status != RT_OK) return status;
  lib_params_bind_panels(s->params, s->predict);
  if (s->members.count == 1) status = vm_machine_remember(s->predict, &memo, error);
  s->bound = status == RT_OK;
  return status;
}

int session_feed(struct aq_session *s, struct lib_batch batch, struct rt_error *error) {
  int status = s->bound ? RT_OK : bind_params(s, error);
  return status == RT_OK ? lib_feed_rows(&s->feed, s->predict, batch, error) : status;
}

static bool is_of_tags(const struct aq_session *s, uint32_t o) {
  return vm_targets[session_target(s, o)].form == VM_TAGS;
}

int aq_session_new(aq_model *model, const aq_eval_options *options, aq_session **session) {
  if (!session) return AQ_USAGE;
  struct aq_session *s = *session = rt_zalloc(1, sizeof *s);
  if (!s) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&s->message);
  if (lib_take_options(LIB_EVAL_OPTIONS, options, &s->options, error) != RT_OK) return AQ_USAGE;
  if (s->options.batch < 1) s->options.batch = LIB_BATCH;
  if (!model) return rt_fail(error, RT_USAGE, "there is no model: it is NULL");
  s->model = lib_model_share(model);
  s->precision = lib_precision(s->options.precision);
  if (lib_model_trained(model, error) != RT_OK) return AQ_USAGE;
  s->rows = rt_zalloc((size_t)s->options.batch, sizeof *s->rows);
  s->field = rt_zalloc((size_t)model->schema.count + 1, sizeof *s->field);
  s->scores = rt_zalloc(model->module->output_count + 1u, sizeof *s->scores);
  s->holds_ids = rt_zalloc((size_t)model->schema.count + 1, sizeof *s->holds_ids);
  if (!s->rows || !s->field || !s->holds_ids || !s->scores) return rt_no_memory(error);
  for (int64_t r = 0; r < s->options.batch; r++) s->rows[r] = r;
  int status = lib_check_threshold(model->module, s->options.threshold, error);
  if (status == RT_OK) status = lib_check_beam(model->module, s->options.beam, error);
  if (status == RT_OK) status = make_machine(s, error);
  for (uint32_t o = 0; o < model->module->output_count && status == RT_OK; o++)
    if (is_of_tags(s, o) && init_tags(s, o) != RT_OK) status = rt_no_memory(error);
  s->ready = status == RT_OK;
  return status;
}

void session_forget(struct aq_session *session) {
  session->scored = 0;
  session->looked = false;
  if (session->answers) session->free_answers(session->answers);
  session->answers = NULL;
}

int session_begin(struct aq_session *session, struct rt_error **error) {
  *error = lib_begin(&session->message);
  if (!session->ready)
    return rt_fail(*error, RT_USAGE, "the session could not be made ready, so it cannot be used");
  if (session->running)
    return rt_fail(*error, RT_USAGE, "the session is in another call, which calls its host meanwhile");
  session->running = rt_pool_check(session->pool, *error) == RT_OK;
  return session->running ? RT_OK : RT_USAGE;
}

int session_end(struct aq_session *session, int status) {
  session->running = false;
  if (status == RT_OK)
    rt_error_clear(&session->message.error); /* of a call that the host has made meanwhile */
  if (session->freed) aq_session_free(session);
  return status;
}

void aq_session_free(aq_session *session) {
  if (!session) return;
  session->freed = session->running;
  if (session->freed) return;
  if (session->embedding) session->free_embedding(session->embedding);
  rt_text_free(&session->vectors);
  session_forget(session);
  for (uint32_t o = 0; session->scores && o < session->model->module->output_count; o++) {
    rt_free(session->scores[o].value);
    rt_free(session->scores[o].first);
    rt_free(session->scores[o].mean.sum);
    rt_text_free(&session->scores[o].file);
    tag_answers_free(&session->scores[o].tags);
  }
  for (size_t m = 0; m < session->map_count; m++) rt_free(session->map[m].weight);
  rt_free(session->map);
  rt_free(session->scores);
  rt_free(session->rows);
  rt_free(session->field);
  rt_free(session->holds_ids);
  lib_row_check_free(&session->row_check);
  io_dataset_free(&session->data);
  lib_reading_free(&session->reading);
  vm_machine_free(session->predict);
  vm_machine_free(session->attend);
  if (session->feed.module) lib_feed_free(&session->feed);
  lib_members_free(&session->members);
  rt_pool_free(session->pool);
  rt_arena_free(&session->tokens);
  rt_text_free(&session->unknown.some);
  written_free(session->written, session->written_room);
  aq_model_free(session->model);
  rt_free(session);
}

const aq_message *aq_session_message(const aq_session *session) {
  if (!session) return lib_nothing();
  return lib_view((struct lib_message *)&session->message);
}

/* ---- outputs ---- */

enum vm_target_number session_target(const struct aq_session *session, uint32_t output) {
  const struct vm_module *m = session->model->module;
  return vm_target_of(m, &m->output[output]);
}

double session_label_above(const struct aq_session *session, uint32_t output, int64_t label) {
  return session->options.threshold > 0 ? session->options.threshold
                                        : io_label_above(session_column(session, output), label);
}

aq_box session_box(const struct aq_session *session, uint32_t output, const double *answer, int64_t columns) {
  const int64_t best = lib_likeliest_box(answer, columns), class = best - IO_BOX_NUMBERS;
  aq_box box = {.size = sizeof box,
                .number = (size_t) class,
                .name = aq_model_class(session->model, output, (size_t) class),
                .probability = answer[best],
                .predicted = answer[best] > session_label_above(session, output, class)};
  for (int k = 0; k < IO_BOX_NUMBERS; k++) box.at[k] = fmin(fmax(answer[k], 0), 1);
  io_box_write(&session_column(session, output)->set, box.at);
  return box;
}

const struct io_vocab *session_vocab(const struct aq_session *session, uint32_t output) {
  return session_column(session, output)->vocab;
}

int64_t session_likeliest(const struct aq_session *s, uint32_t output, int64_t example, const double **p) {
  const struct session_scores *scores = &s->scores[output];
  int64_t rows = scores->first[example + 1] - scores->first[example];
  *p = rows ? scores->value + (scores->first[example + 1] - 1) * scores->columns : NULL;
  return *p && scores->columns ? lib_likeliest(*p, scores->columns) : -1;
}

/* ---- one example ---- */

static int wrong_count(struct aq_session *s, size_t count, struct rt_error *error) {
  struct rt_text names = {0};
  int wanted = 0;
  const struct io_schema *schema = &s->model->schema;
  for (int f = 0; f < schema->fields; f++)
    if (io_schema_field_required(schema, f))
      rt_text_printf(&names, "%s%s", wanted++ ? ", " : "", io_schema_field_name(schema, f));
  int status = rt_fail(error, RT_USAGE, "%zu field%s, where the model's columns are %s", count,
                       count == 1 ? "" : "s", names.data ? names.data : "none");
  rt_text_free(&names);
  return status;
}

int session_add_row(struct aq_session *s, const struct io_schema *schema, struct session_fields fields,
                    struct rt_error *error) {
  size_t used = 0, count = fields.text ? fields.count : 0;
  for (int f = 0; f < schema->fields; f++) {
    s->field[f] = (struct io_field){0};
    if (!io_schema_field_required(schema, f)) continue;
    if (used < count) s->field[f] = session_field(fields, used);
    used++;
  }
  if (used != count) return wrong_count(s, count, error);
  return io_dataset_add(&s->data, schema, s->field, 0, error);
}

int session_fill(struct aq_session *s, struct session_fields fields, struct rt_error *error) {
  session_forget(s);
  lib_reading_clear(&s->reading);
  io_dataset_clear(&s->data);
  int status = session_add_row(s, &s->model->schema, fields, error);
  if (status == RT_OK) status = session_extend(s, &s->data, error);
  if (status == RT_OK) status = lib_reading_cuts(&s->reading, &s->model->schema, &s->data, error);
  s->reading.rows = status == RT_OK;
  return status;
}

int session_extend(const struct aq_session *s, struct io_dataset *data, struct rt_error *error) {
  const struct vm_module *m = s->model->module;
  for (uint32_t i = 0; i < m->input_count; i++) {
    int column = s->feed.column[i];
    struct io_values *v = &data->values[column];
    if (!m->input[i].shifted || m->input[i].is_target || !v->present) continue;
    if (!lib_extends(&s->model->schema.columns[column], io_payload_count(&v->of, data->rows - 1))) continue;
    int64_t *end = &v->of.offsets[data->rows];
    if (io_payload_reserve(&v->of, *end + 1) != RT_OK) return rt_no_memory(error);
    io_payload_ids(&v->of)[(*end)++] = 0;
  }
  return RT_OK;
}

int session_check_finite(struct vm_machine *machine, const char *name, const double *value, int64_t count,
                         struct rt_error *error) {
  struct rt_error why = {0};
  int64_t k = 0;
  while (k < count && isfinite(value[k])) k++;
  if (k == count) return RT_OK;
  rt_fail(error, RT_NOT_FINITE, "%s has no answer: it is %s", name, isnan(value[k]) ? "NaN" : "infinite");
  if (vm_machine_blame(machine, 0, &why) == RT_NOT_FINITE) lib_hint_place(&why, error);
  return RT_NOT_FINITE;
}

static int keep_tags(struct aq_session *s, uint32_t o, const struct rt_tensor *t, int64_t examples,
                     struct rt_error *error) {
  struct session_scores *scores = &s->scores[o];
  const struct vm_output *output = &s->model->module->output[o];
  struct tag_scores tags = {.score = scores->value, .texts = examples};
  int status = lib_answer_tags(&scores->tags, t, &tags, scores->first, output, error);
  scores->columns = tags.classes;
  if (status != RT_OK) return status;
  return session_check_finite(s->predict, output->name, scores->value, scores->first[examples] * tags.classes,
                              error);
}

static int keep_scores(struct aq_session *s, uint32_t o, int64_t examples, struct rt_error *error) {
  const struct vm_module *m = s->model->module;
  struct session_scores *scores = &s->scores[o];
  struct rt_tensor t = vm_machine_output(s->predict, o);
  int64_t rows;
  if (rt_grow((void **)&scores->value, &scores->capacity, (size_t)t.shape->count + 1, sizeof *scores->value))
    return rt_no_memory(error);
  if (rt_grow((void **)&scores->first, &scores->first_capacity, (size_t)examples + 1, sizeof *scores->first))
    return rt_no_memory(error);
  lib_to_double(&t, s->precision, scores->value);
  if (is_of_tags(s, o)) return keep_tags(s, o, &t, examples, error);
  lib_output_size(&t, &rows, &scores->columns);
  vm_link_find(m->output[o].link)->apply(scores->value, rows, scores->columns);
  if (!m->input[m->output[o].target].matched)
    io_fit_undo(session_column(s, o), scores->value, 0, t.shape->count);
  int status = session_check_finite(s->predict, m->output[o].name, scores->value, t.shape->count, error);
  if (status != RT_OK) return status;
  for (int64_t e = 0; e < examples; e++)
    scores->first[e] = scores->columns ? rt_offset(t.shape, e) / scores->columns : 0;
  scores->first[examples] = rows;
  return RT_OK;
}

/* Runs one member, which leaves its answers in the scores; those of an ensemble are added up. */
static int run_member(struct aq_session *s, struct lib_batch batch, uint32_t m, struct rt_error *error) {
  const int64_t examples = batch.count;
  if (s->members.count > 1) lib_params_bind_panels(s->members.of[m], s->predict);
  int status = lib_run_batch(s->predict, batch, 0, error);
  for (uint32_t o = 0; o < s->model->module->output_count && status == RT_OK; o++) {
    struct session_scores *scores = &s->scores[o];
    if (m == 0) scores->mean.added = 0;
    status = keep_scores(s, o, examples, error);
    if (status == RT_OK && s->members.count > 1)
      status = lib_add_answers(&scores->mean, scores->value,
                               (size_t)(scores->first[examples] * scores->columns), error);
  }
  return status;
}

static int take_mean(struct aq_session *s, uint32_t o, int64_t examples, struct rt_error *error) {
  struct session_scores *scores = &s->scores[o];
  const struct tag_scores tags = {
      .score = scores->value, .first = scores->first, .texts = examples, .classes = scores->columns};
  if (is_of_tags(s, o)) return lib_mean_tags(&scores->tags, &scores->mean, &tags, error);
  lib_take_mean(&scores->mean, scores->value);
  return RT_OK;
}

int session_run(struct aq_session *s, int64_t first, int64_t count, struct rt_error *error) {
  s->scored = 0;
  s->scored_row = first;
  struct lib_batch batch = {&s->data, s->rows + first, count};
  int status = session_feed(s, batch, error);
  for (uint32_t m = 0; m < s->members.count && status == RT_OK; m++) status = run_member(s, batch, m, error);
  for (uint32_t o = 0; o < s->model->module->output_count && status == RT_OK && s->members.count > 1; o++)
    status = take_mean(s, o, count, error);
  if (status == RT_OK) s->scored = count;
  return status;
}

static int predict_one(struct aq_session *session, struct session_fields fields, struct rt_error *error) {
  const int status = session_fill(session, fields, error);
  return status == RT_OK ? session_run(session, 0, 1, error) : status;
}

int aq_session_predict(aq_session *session, const char *const *field, const size_t *length, size_t count) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  return session_end(session, predict_one(session, (struct session_fields){field, length, count}, error));
}

const double *aq_session_scores(aq_session *session, size_t output, size_t *rows, size_t *columns) {
  bool there = session && session->scored > 0 && output < session->model->module->output_count;
  const struct session_scores *scores = there ? &session->scores[output] : NULL;
  if (rows) *rows = there ? (size_t)scores->first[1] : 0;
  if (columns) *columns = there ? (size_t)scores->columns : 0;
  return there ? scores->value : NULL;
}
