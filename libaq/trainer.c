/* trainer.c: the training loop: data in, best weights out. */
#include <math.h>
#include <string.h>

#include "libaq/trainer.h"
#include "runtime/random.h"

void aq_train_options_init(aq_train_options *o) {
  *o = (aq_train_options){.size = sizeof *o, .epochs = -1, .batch = -1, .seed = -1, .learning_rate = -1};
}

/* --- getting ready -------------------------------------------------------------------------------------------------------- */

static bool is_text_path(const char *path) {
  size_t n = strlen(path);
  return (n > 4 && !strcmp(path + n - 4, ".txt")) || (n > 7 && !strcmp(path + n - 7, ".txt.gz"));
}

static int copy_options(struct aq_trainer *t, const aq_train_options *options, struct rt_error *error) {
  aq_train_options_init(&t->options);
  size_t size = options->size < sizeof t->options ? options->size : sizeof t->options;
  memcpy(&t->options, options, size);
  const char *from[] = {t->options.train, t->options.valid, t->options.test, t->options.save, t->options.until};
  char **to[] = {&t->train, &t->valid, &t->test, &t->save, &t->until};
  for (size_t i = 0; i < RT_COUNT(from); i++)
    if (from[i] && !(*to[i] = rt_strdup(from[i]))) return rt_no_memory(error);
  if (!t->train) return rt_fail(error, RT_USAGE, "there is no training data");
  if (t->valid && t->options.hold > 0) return rt_fail(error, RT_USAGE, "validation data is either given or held back from the training data, not both");
  if (t->options.hold < 0 || t->options.hold >= 1) return rt_fail(error, RT_USAGE, "the part held back is between 0%% and 100%%");
  if (t->options.resume && !t->save) return rt_fail(error, RT_USAGE, "to resume, say which model: the checkpoint stands beside it");
  t->precision = lib_precision(t->options.precision);
  t->text = is_text_path(t->train);
  return RT_OK;
}

static void settle(struct aq_trainer *t) {
  t->settings = t->module->settings;
  if (t->options.epochs >= 0) t->settings.epochs = t->options.epochs;
  if (t->options.batch > 0) t->settings.batch = t->options.batch;
  if (t->options.seed >= 0) t->settings.seed = t->options.seed;
  if (t->options.learning_rate >= 0) t->settings.learning_rate = t->options.learning_rate;
}

static int64_t text_window(const struct vm_module *module) {
  for (uint32_t i = 0; i < module->input_count; i++)
    if (module->input[i].length >= 0 && module->dims.symbol[module->input[i].length].limit > 0) return module->dims.symbol[module->input[i].length].limit;
  return 128;
}

static int read_data(struct aq_trainer *t, struct rt_error *error) {
  struct io_data_options o = {.skip_bad_rows = t->options.bad_rows == AQ_BAD_ROW_SKIP, .hold = t->options.hold, .seed = (uint64_t)t->settings.seed};
  int status = lib_schema(t->module, t->text, &t->schema, error);
  if (status) return status;
  int64_t window = text_window(t->module);
  if (t->text) status = io_dataset_from_text(t->train, &t->schema, window, &o, &t->train_data, &t->valid_data, error);
  else status = io_dataset_train(t->train, &t->schema, &o, &t->train_data, &t->valid_data, error);
  t->has_valid = t->options.hold > 0;
  o.hold = 0;
  if (!status && t->valid) {
    t->has_valid = true;
    status = t->text ? io_dataset_from_text(t->valid, &t->schema, window, &o, &t->valid_data, NULL, error) : io_dataset_read(t->valid, &t->schema, &o, &t->valid_data, error);
  }
  t->skipped = t->train_data.skipped + t->valid_data.skipped;
  return status;
}

static int check_test(struct aq_trainer *t, struct rt_error *error) {
  struct io_dataset test = {0};
  struct io_data_options o = {.skip_bad_rows = t->options.bad_rows == AQ_BAD_ROW_SKIP};
  if (!t->test) return RT_OK;
  /* A test file that cannot be read should be known before an hour of training, not after. */
  int status = t->text ? io_dataset_from_text(t->test, &t->schema, text_window(t->module), &o, &test, NULL, error) : io_dataset_read(t->test, &t->schema, &o, &test, error);
  t->test_rows = test.rows;
  io_dataset_free(&test);
  return status;
}

/* The metric that says which epoch was best: the first of these that fits what is predicted. */
static int choose_metric(struct aq_trainer *t, struct rt_error *error) {
  static const char *const wanted[] = {"accuracy", "loss", "rmse"};
  if (!t->has_valid) return RT_OK;
  struct rep_report *report = &t->judge.report[0];
  const char *name = report->kind == REP_NUMBER ? wanted[2] : report->kind == REP_NEXT ? wanted[1] : wanted[0];
  int status = rep_metric_find(report, name, &t->metric, error);
  if (status || !t->until) return status;
  t->has_goal = true;
  status = rep_goal_read(report, t->until, &t->goal, error);
  if (!status) t->metric = t->goal.metric;
  return status;
}

static struct rt_optimizer_config optimizer_config(const struct aq_trainer *t) {
  const struct vm_settings *s = &t->settings;
  bool sgd = !strcmp(s->optimizer, "sgd");
  return (struct rt_optimizer_config){
    .method = sgd ? RT_SGD : RT_ADAMW, .lr = s->learning_rate, .beta1 = sgd ? s->momentum : s->beta1, .beta2 = s->beta2, .epsilon = s->epsilon,
    .decay = s->weight_decay, .clip = s->clip, .warmup = s->warmup, .total = lib_train_steps(t) * s->epochs,
    .decline = !strcmp(s->schedule, "cosine") ? RT_COSINE : !strcmp(s->schedule, "linear") ? RT_LINEAR : RT_CONSTANT};
}

static int make_optimizer(struct aq_trainer *t, struct rt_error *error) {
  const struct vm_function *f = vm_module_function(t->module, "train");
  struct rt_optimizer_config config = optimizer_config(t);
  struct rt_parameter *param = rt_zalloc(t->module->param_count + 1u, sizeof *param);
  t->gradient = rt_zalloc(t->module->param_count + 1u, sizeof *t->gradient);
  if (!param || !t->gradient) {
    rt_free(param);
    return rt_no_memory(error);
  }
  for (uint32_t p = 0; p < t->module->param_count; p++) {
    const struct vm_type *type = &t->module->param[p].type;
    int64_t rows = 1;
    if (type->rank) vm_dim_value(&t->module->dims, type->dim[0], NULL, &rows, NULL);
    param[p] = (struct rt_parameter){t->params.data[p], rows, rows ? t->params.elements[p] / rows : 0, false, t->module->param[p].decay};
  }
  for (uint32_t g = 0; g < f->gradient_count; g++) param[f->gradient[g].param].by_rows = f->gradient[g].ids != UINT32_MAX;
  t->optimizer = rt_optimizer_new(&config, param, (int)t->module->param_count, t->precision, t->pool, error);
  rt_free(param);
  return t->optimizer ? RT_OK : error->code;
}

static int make_machines(struct aq_trainer *t, struct rt_error *error) {
  const struct vm_function *train = vm_module_function(t->module, "train");
  int status = lib_params_init(&t->params, t->module, t->precision, error);
  if (!status) status = lib_params_fill(&t->params, t->module, (uint64_t)t->settings.seed, error);
  if (!status) status = lib_params_init(&t->best, t->module, t->precision, error);
  if (!status && !(t->pool = lib_pool(t->options.threads, t->options.choose_blas_core, error))) status = error->code;
  if (!status && !(t->machine = vm_machine_new(t->module, train, t->precision, t->pool, error))) status = error->code;
  if (status) return status;
  lib_params_bind(&t->params, t->machine);
  status = lib_feed_init(&t->feed, t->module, &t->schema, t->precision, error);
  if (!status) status = lib_feed_reserve(&t->feed, &t->train_data, t->settings.batch, error);
  if (!status) status = lib_judge_init(&t->judge, t->module, &t->schema, &t->params, t->pool, error);
  if (!status) status = make_optimizer(t, error);
  if (status) return status;
  t->order = rt_zalloc((size_t)t->train_data.rows + 1, sizeof *t->order);
  return t->order ? RT_OK : rt_no_memory(error);
}

int aq_trainer_new(aq_program *program, const aq_train_options *options, aq_trainer **trainer) {
  struct aq_trainer *t = *trainer = rt_zalloc(1, sizeof *t);
  if (!t) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&t->message);
  const struct gr_source *source = program->program->main->file->source;
  int status = copy_options(t, options, error);
  if (!status && !(t->source = rt_strndup(source->text, source->length))) status = rt_no_memory(error);
  if (!status && !(t->module = cc_compile_model(program->program, error))) status = error->code;
  if (status) return status;
  settle(t);
  status = read_data(t, error);
  if (!status) status = lib_bind_dims(t->module, &t->schema, error);
  if (!status) status = check_test(t, error);
  if (!status) status = make_machines(t, error);
  if (!status) status = choose_metric(t, error);
  if (!status && t->options.resume) status = lib_checkpoint_read(t, error);
  t->facts.rows = t->train_data.rows;
  t->facts.valid_rows = t->has_valid ? t->valid_data.rows : 0;
  t->facts.test_rows = t->test_rows;
  t->facts.skipped_rows = t->skipped;
  for (uint32_t p = 0; p < t->params.count; p++) t->facts.parameters += t->params.elements[p];
  return status;
}

void aq_trainer_free(aq_trainer *t) {
  if (!t) return;
  rt_optimizer_free(t->optimizer);
  lib_judge_free(&t->judge);
  vm_machine_free(t->machine);
  if (t->feed.module) lib_feed_free(&t->feed);
  lib_params_free(&t->params);
  lib_params_free(&t->best);
  rt_pool_free(t->pool);
  io_dataset_free(&t->train_data);
  io_dataset_free(&t->valid_data);
  io_schema_free(&t->schema);
  vm_module_free(t->module);
  char *texts[] = {t->train, t->valid, t->test, t->save, t->until, t->source};
  for (size_t i = 0; i < RT_COUNT(texts); i++) rt_free(texts[i]);
  rt_free(t->gradient);
  rt_free(t->order);
  rt_free(t);
}

const aq_message *aq_trainer_message(const aq_trainer *trainer) { return lib_view((struct lib_message *)&trainer->message); }

/* --- one step ------------------------------------------------------------------------------------------------------------- */

/* Rows of tables that this batch reads must be up to date: their optimizer catches up first. */
static int use_rows(struct aq_trainer *t, struct rt_error *error) {
  const struct vm_function *f = vm_module_function(t->module, "train");
  int status = RT_OK;
  for (uint32_t g = 0; g < f->gradient_count && !status; g++) {
    if (f->gradient[g].ids == UINT32_MAX) continue;
    struct rt_tensor ids = vm_machine_value(t->machine, f->gradient[g].ids);
    status = rt_optimizer_use(t->optimizer, (int)f->gradient[g].param, ids.data, ids.shape->count, error);
  }
  return status;
}

static void collect_gradients(struct aq_trainer *t) {
  const struct vm_function *f = vm_module_function(t->module, "train");
  for (uint32_t g = 0; g < f->gradient_count; g++) {
    struct rt_gradient *to = &t->gradient[f->gradient[g].param];
    *to = (struct rt_gradient){.form = RT_DENSE, .numbers = vm_machine_value(t->machine, f->gradient[g].value).data};
    if (f->gradient[g].ids == UINT32_MAX) continue;
    to->form = RT_ROWS;
    struct rt_tensor ids = vm_machine_value(t->machine, f->gradient[g].ids);
    to->ids = ids.data;
    to->count = ids.shape->count;
  }
}

static int blame(struct aq_trainer *t, uint64_t seed, const char *what, struct rt_error *error) {
  int status = vm_machine_blame(t->machine, seed, error);
  if (!status) rt_fail(error, RT_NOT_FINITE, "%s is not finite at step %lld", what, (long long)t->state.step + 1);
  rt_hint(error, "at step %lld. A lower learning rate, clip = 1 in train { }, or a norm between layers usually help", (long long)t->state.step + 1);
  return RT_NOT_FINITE;
}

static int step(struct aq_trainer *t, int64_t count, struct rt_error *error) {
  uint64_t seed = rt_random_seed((uint64_t)t->settings.seed, (uint64_t)t->state.step + 1);
  int status = lib_feed_rows(&t->feed, t->machine, &t->train_data, t->order + t->state.position, count, error);
  if (status) return status;
  if ((status = use_rows(t, error))) return status;
  if ((status = vm_machine_run(t->machine, seed, error))) return status;
  struct rt_tensor loss = vm_machine_output(t->machine, 0);
  double value;
  lib_to_double(&loss, t->precision, &value);
  if (!isfinite(value)) return blame(t, seed, "the loss", error);
  collect_gradients(t);
  struct rt_error why = {0};
  status = rt_optimizer_step(t->optimizer, t->gradient, NULL, &why);
  if (status == RT_NOT_FINITE) return blame(t, seed, "the gradient", error);
  if (status) {
    *error = why;
    return status;
  }
  t->state.loss_sum += value * (double)count;
  t->state.loss_rows += (double)count;
  t->state.position += count;
  t->state.step++;
  return RT_OK;
}

/* --- the loop ------------------------------------------------------------------------------------------------------------- */

void lib_train_order(struct aq_trainer *t) {
  for (int64_t r = 0; r < t->train_data.rows; r++) t->order[r] = r;
  rt_random_shuffle(rt_random_seed((uint64_t)t->settings.seed ^ 0x6f72646572u, (uint64_t)t->state.epoch), t->train_data.rows, t->order);
}

static void tell(struct aq_trainer *t, aq_progress *p) {
  int64_t per_epoch = lib_train_steps(t);
  double now = lib_seconds(), elapsed = now - t->started;
  if (!t->options.progress) return;
  p->epoch = t->state.epoch + 1;
  p->epochs = t->settings.epochs;
  p->step = t->state.step;
  p->steps = per_epoch * t->settings.epochs;
  p->loss = t->state.loss_rows > 0 ? t->state.loss_sum / t->state.loss_rows : 0;
  p->examples_per_second = t->facts.seconds > 0 ? (double)t->facts.steps * (double)t->settings.batch / t->facts.seconds : 0;
  p->seconds_left = t->facts.steps > 0 ? elapsed / (double)t->facts.steps * (double)(p->steps - p->step) : 0;
  t->last_shown = now;
  if (!t->options.progress(t->options.context, p)) t->stopped = true;
}

static int epoch_steps(struct aq_trainer *t, struct rt_error *error) {
  uint64_t allocations = 0;
  while (t->state.position < t->train_data.rows && !t->stopped) {
    int64_t left = t->train_data.rows - t->state.position, count = left < t->settings.batch ? left : t->settings.batch;
    double before = lib_seconds();
    uint64_t allocated = rt_alloc_count();
    int status = step(t, count, error);
    if (status) return status;
    /* The first epoch meets every length; after it nothing may allocate. */
    if (t->state.epoch > 0) allocations += rt_alloc_count() - allocated;
    double after = lib_seconds();
    t->facts.seconds += after - before;
    t->facts.steps++;
    if (after - t->last_shown > 0.05) tell(t, &(aq_progress){.event = AQ_STEP});
  }
  t->facts.allocations_in_steps += allocations;
  return RT_OK;
}

static int keep_best(struct aq_trainer *t, bool *best, double *value, struct rt_error *error) {
  *best = true;
  *value = 0;
  if (t->has_valid) {
    int status = lib_judge_run(&t->judge, &t->valid_data, t->settings.batch, error);
    if (status) return status;
    *value = t->metric->value(&t->judge.report[0]);
    *best = t->state.best_epoch == 0 || rep_metric_better(t->metric, *value, t->state.best_value);
    if (t->has_goal && rep_goal_met(&t->goal, &t->judge.report[0])) t->state.reached = true;
  }
  t->state.since_best++;
  if (!*best) return RT_OK;
  lib_params_copy(&t->best, &t->params);
  t->state.best_epoch = t->state.epoch + 1;
  t->state.best_value = *value;
  t->state.since_best = 0;
  return RT_OK;
}

static int save_model(struct aq_trainer *t, struct rt_error *error) {
  struct aq_model *model = NULL;
  if (!t->save) return RT_OK;
  int status = aq_trainer_model(t, &model);
  if (!status) status = lib_model_write(model, t->save, error);
  aq_model_free(model);
  return status;
}

static int end_epoch(struct aq_trainer *t, struct rt_error *error) {
  bool best;
  double value;
  rt_optimizer_flush(t->optimizer);
  int status = keep_best(t, &best, &value, error);
  if (status) return status;
  aq_progress p = {.event = AQ_EPOCH, .metric = t->metric ? t->metric->name : NULL, .value = value, .best = best && t->has_valid};
  p.valid_loss = t->judge.loss_rows > 0 ? t->judge.loss / t->judge.loss_rows : 0;
  t->facts.loss = t->state.loss_rows > 0 ? t->state.loss_sum / t->state.loss_rows : 0;
  tell(t, &p);
  t->state.epoch++;
  t->state.position = 0;
  t->state.loss_sum = t->state.loss_rows = 0;
  if (best && (status = save_model(t, error))) return status;
  return t->save ? lib_checkpoint_write(t, error) : RT_OK;
}

static bool finished(const struct aq_trainer *t) {
  if (t->state.epoch >= t->settings.epochs || t->state.reached) return true;
  return t->settings.patience > 0 && t->has_valid && t->state.since_best >= t->settings.patience;
}

static void fill_facts(struct aq_trainer *t) {
  t->facts.epochs = t->state.epoch;
  t->facts.best_epoch = t->state.best_epoch;
  t->facts.reached = t->state.reached;
  t->facts.examples_per_second = t->facts.seconds > 0 ? (double)t->facts.steps * (double)t->settings.batch / t->facts.seconds : 0;
}

int aq_trainer_run(aq_trainer *t) {
  struct rt_error *error = lib_begin(&t->message);
  int status = RT_OK;
  t->started = t->last_shown = lib_seconds();
  t->stopped = false;
  if (t->settings.epochs == 0) lib_params_copy(&t->best, &t->params);
  while (!status && !t->stopped && !finished(t)) {
    lib_train_order(t);
    status = epoch_steps(t, error);
    if (!status && t->state.position >= t->train_data.rows) status = end_epoch(t, error);
  }
  fill_facts(t);
  if (status) return status;
  if (t->stopped && !finished(t)) {
    rt_optimizer_flush(t->optimizer);
    if (t->state.best_epoch == 0) lib_params_copy(&t->best, &t->params);
    if (t->save && ((status = lib_checkpoint_write(t, error)) || (t->state.best_epoch == 0 && (status = save_model(t, error))))) return status;
    rt_fail(error, RT_INTERRUPTED, "stopped at step %lld", (long long)t->state.step);
    if (t->save) rt_hint(error, "the checkpoint %s.ckpt is complete; resume goes on from it", t->save);
    return RT_INTERRUPTED;
  }
  return t->save && t->settings.epochs == 0 ? save_model(t, error) : RT_OK;
}

aq_train_facts aq_trainer_facts(const aq_trainer *trainer) { return trainer->facts; }

int aq_trainer_model(aq_trainer *t, aq_model **model) {
  struct aq_model *m = *model = lib_model_new();
  struct rt_error *error = &t->message.error;
  if (!m) return rt_no_memory(error);
  m->module = lib_module_copy(t->module, error);
  int status = m->module ? RT_OK : error->code;
  struct rt_text schema = {0};
  io_schema_write(&t->schema, &schema);
  if (!status) status = schema.failed ? rt_no_memory(error) : io_schema_parse(&m->schema, schema.data, schema.length, error);
  rt_text_free(&schema);
  if (!status) status = lib_bind_dims(m->module, &m->schema, error);
  if (!status) status = lib_params_init(&m->params, m->module, t->precision, error);
  if (!status) lib_params_copy(&m->params, t->state.best_epoch ? &t->best : &t->params);
  if (!status) status = lib_model_name_classes(m, error);
  if (!status && t->metric && t->state.best_epoch) {
    m->metric = rt_strdup(t->metric->name);
    m->metric_value = t->state.best_value;
    if (!m->metric) status = rt_no_memory(error);
  }
  if (!status && t->source && !(m->source = rt_strdup(t->source))) status = rt_no_memory(error);
  m->text = t->text;
  m->trained = !status;
  return status;
}
