/* trainer.c: training as a handle: makes program and data ready for train_loop.c, and the result a model. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaq/host_log.h"
#include "libaq/train/trainer.h"
#include "vm/work.h"

/* ---- getting ready ---- */

static bool is_text_path(const char *path) {
  size_t n = strlen(path);
  return (n > 4 && !strcmp(path + n - 4, ".txt")) || (n > 7 && !strcmp(path + n - 7, ".txt.gz"));
}

static int check_folds(const struct aq_trainer *t, struct rt_error *error) {
  const aq_train_options *o = &t->options;
  if (!o->folds && (o->fold || o->fold_by))
    return rt_fail(error, RT_USAGE, "a fold is one of several, and it is not said of how many");
  if (o->folds && (o->folds < 2 || o->fold < 1 || o->fold > o->folds))
    return rt_fail(error, RT_USAGE, "there is no fold %lld of %lld: there are at least 2, counted from 1",
                   (long long)o->fold, (long long)o->folds);
  if (o->folds && (o->hold > 0 || o->hold_last))
    return rt_fail(error, RT_USAGE, "a fold is held back, or other rows are, not both");
  return RT_OK;
}

static int check_options(const struct aq_trainer *t, struct rt_error *error) {
  const aq_train_options *o = &t->options;
  bool valid = o->valid || o->valid_rows, validated = valid || lib_train_holds_back(o);
  if (!lib_train_has_rows(t) && (validated || o->test || o->test_rows || o->until || o->measure))
    return rt_fail(error, RT_USAGE, "there is no training data");
  if (!lib_train_has_rows(t) && (o->save || o->resume)) {
    rt_fail(error, RT_USAGE,
            "there is no training data, and steps on rows of the host's save nothing by themselves");
    rt_hint(error, "aq_trainer_save_memory and aq_trainer_model give what is to be kept");
    return RT_USAGE;
  }
  if (lib_train_has_rows(t) && o->steps)
    return rt_fail(error, RT_USAGE, "how many steps there are follows from the rows and the epochs");
  if (o->read && (o->train || o->rows))
    return rt_fail(error, RT_USAGE, "training data are either read by a function of the host's, or %s",
                   o->train ? "a file" : "rows in memory");
  if ((o->train && o->rows) || (o->valid && o->valid_rows) || (o->test && o->test_rows))
    return rt_fail(error, RT_USAGE, "%s data are either a file or rows in memory, and both are given",
                   o->train && o->rows         ? "training"
                   : o->valid && o->valid_rows ? "validation"
                                               : "test");
  if (!(o->hold >= 0 && o->hold < 1))
    return rt_fail(error, RT_USAGE, "the part held back is between 0%% and 100%%");
  if (o->hold > 0 && o->hold_last)
    return rt_fail(error, RT_USAGE, "either a part of the rows is held back, or the last row of each %.60s",
                   o->hold_last);
  if (valid && lib_train_holds_back(o))
    return rt_fail(error, RT_USAGE,
                   "validation data is either given or held back from the training data, not both");
  if (check_folds(t, error) != RT_OK) return error->code;
  if (t->text && o->header == AQ_HEADER_YES) {
    rt_fail(error, RT_USAGE, "%.200s is a text by itself, which has no header line", o->train);
    rt_hint(error, "a table's name ends in .tsv or .csv");
    return RT_USAGE;
  }
  if (lib_check_measure(o, error) != RT_OK) return RT_USAGE;
  if (!isfinite(o->learning_rate)) return rt_fail(error, RT_USAGE, "the learning rate is not a number");
  if (o->checkpoint && o->resume)
    return rt_fail(error, RT_USAGE,
                   "training goes on from a checkpoint in memory or from the one beside the model, not both");
  if (o->resume && !o->save)
    return rt_fail(error, RT_USAGE, "to resume, say which model: the checkpoint stands beside it");
  if (o->until && !validated) {
    rt_fail(error, RT_USAGE, "%.60s can only be reached on validation data, and there is none", o->until);
    rt_hint(error, "give validation data, or hold back a part of the training data");
    return RT_USAGE;
  }
  return RT_OK;
}

static int copy_options(struct aq_trainer *t, const aq_train_options *options, struct rt_error *error) {
  if (lib_take_options(LIB_TRAIN_OPTIONS, options, &t->options, error) != RT_OK) return RT_USAGE;
  lib_pool_share(t->options.pool);
  lib_profile_share(t->options.profile);
  const char *from[] = {t->options.train,     t->options.valid,   t->options.test,
                        t->options.save,      t->options.until,   t->options.metric,
                        t->options.hold_last, t->options.fold_by, t->options.measured};
  char **to[] = {&t->train,       &t->valid,     &t->test,    &t->save,    &t->until,
                 &t->metric_name, &t->hold_last, &t->fold_by, &t->measured};
  for (size_t i = 0; i < RT_COUNT(from); i++)
    if (from[i] && !(*to[i] = rt_strdup(from[i]))) return rt_no_memory(error);
  t->precision = lib_precision(t->options.precision);
  bool by_name = t->options.format == AQ_FORMAT_AUTO || t->options.format == AQ_FORMAT_LINES;
  t->text = t->train && by_name && is_text_path(t->train);
  return check_options(t, error);
}

static int settle(struct aq_trainer *t, struct rt_error *error) {
  t->settings = t->module->settings;
  if (t->options.valid || t->options.valid_rows || lib_train_holds_back(&t->options)) return RT_OK;
  const bool kept = t->options.from && !lib_train_has_rows(t); /* thresholds, as the model has them */
  for (uint32_t o = 0; o < t->module->output_count; o++) {
    const struct vm_input *target = &t->module->input[t->module->output[o].target];
    if (target->column->set.threshold != IO_THRESHOLD_LEARNED || kept) continue;
    rt_fail(error, RT_USAGE, "the thresholds of `%s` are learned on validation data, and there is none",
            target->name);
    rt_hint(error, "give validation data (the option valid = FILE), hold back rows (the option hold = 10%%), "
                   "or say the threshold, "
                   "as in threshold = 0.3");
    return RT_USAGE;
  }
  if (t->options.measure || !lib_train_has_rows(t)) return RT_OK;
  if (t->settings.metric) {
    rt_fail(error, RT_USAGE, "%.60s is measured on validation data, and there is none", t->settings.metric);
    lib_place_setting(&t->settings.metric_at, error);
    rt_hint(error, "give validation data (the option valid = FILE), hold back rows (the option hold = 10%%), "
                   "or do without metric");
    return RT_USAGE;
  }
  if (!t->settings.patience) return RT_OK;
  rt_fail(error, RT_USAGE, "patience = %lld waits for a better epoch on validation data, and there is none",
          (long long)t->settings.patience);
  lib_place_setting(&t->settings.patience_at, error);
  rt_hint(error, "give validation data (the option valid = FILE), hold back rows (the option hold = 10%%), "
                 "or do without patience");
  return RT_USAGE;
}

/* With a warm-up longer than the training, the learning rate would never become what the program says. */
static int check_warmup(const struct aq_trainer *t, int64_t steps, struct rt_error *error) {
  if (t->settings.warmup.steps <= steps || steps == 0) return RT_OK;
  rt_fail(error, RT_USAGE,
          "the warm-up of %lld steps is longer than training, which has %lld: %lld epoch%s of %lld",
          (long long)t->settings.warmup.steps, (long long)steps, (long long)t->settings.epochs,
          t->settings.epochs == 1 ? "" : "s", (long long)lib_train_steps(t));
  lib_place_setting(&t->settings.warmup_at, error);
  rt_hint(error, "a part of all steps fits any training: warmup = 10%%");
  return RT_USAGE;
}

/* Fits settings to the data: a batch is no larger than the data, and all steps can be counted. */
static int settle_steps(struct aq_trainer *t, struct rt_error *error) {
  int64_t steps;
  if (!lib_train_has_rows(t)) return lib_check_schedule(t, error);
  if (t->settings.batch > t->train_data.rows) t->settings.batch = t->train_data.rows;
  if (__builtin_mul_overflow(lib_train_steps(t), t->settings.epochs, &steps))
    return rt_fail(error, RT_USAGE, "%lld epochs are more than can be counted",
                   (long long)t->settings.epochs);
  return check_warmup(t, steps, error);
}

/* Reads a goal, "f1=0.9", or "topic.f1=0.9" of the output topic. */
static int read_goal(struct aq_trainer *t, struct rt_error *error) {
  const char *goal = t->until;
  int status = strchr(goal, '=') ? lib_chosen_output(t->module, &goal, &t->goal_output, error) : RT_OK;
  if (status != RT_OK) return status;
  t->has_goal = true;
  status = rep_goal_read(&t->judge.report[t->goal_output], goal, &t->goal, error);
  if (status != RT_OK) lib_hint_output(t->module, t->until, error);
  return status;
}

/* Of several outputs, the name says which one is measured. */
static int name_metric(struct aq_trainer *t, struct rt_error *error) {
  struct rt_text name = {0};
  t->best_by.name = t->best_by.asked.name;
  if (t->module->output_count < 2) return RT_OK;
  rt_text_printf(&name, "%s.%s", t->module->output[t->best_by.output].name, t->best_by.asked.name);
  t->best_by.name = name.failed ? NULL : rt_arena_strndup(&t->names, name.data, name.length);
  rt_text_free(&name);
  return t->best_by.name ? RT_OK : rt_no_memory(error);
}

/* The metric that decides which epoch is best: the one that is asked for, else that of the goal. */
static int choose_metric(struct aq_trainer *t, struct rt_error *error) {
  struct rep_report *report = t->judge.report;
  if (!lib_train_has_measure(t)) return RT_OK;
  int status = t->until ? read_goal(t, error) : RT_OK;
  if (status != RT_OK) return status;
  if (t->options.measure) {
    t->best_by = (struct lib_measure){.name = t->measured};
    return RT_OK;
  }
  if (t->settings.metric) {
    status = lib_measure_find(t->module, report, t->settings.metric, &t->best_by, error);
    if (status != RT_OK) lib_place_setting(&t->settings.metric_at, error);
    return status == RT_OK ? name_metric(t, error) : status;
  }
  t->best_by = (struct lib_measure){.output = t->goal_output, .asked = t->goal.asked};
  if (!t->until) status = rep_metric_find(report, rep_usual_metric(report), &t->best_by.asked, error);
  return status == RT_OK ? name_metric(t, error) : status;
}

static struct rt_optimizer_config optimizer_config(const struct aq_trainer *t) {
  const struct vm_settings *s = &t->settings;
  double steps = (double)lib_train_total(t);
  struct rt_optimizer_config config = {.method = rt_method_find(s->optimizer),
                                       .schedule = rt_schedule_find(s->schedule),
                                       .lr = s->learning_rate,
                                       .clip = s->clip,
                                       .average = s->average,
                                       .warmup = rt_amount_steps(&s->warmup, steps),
                                       .total = lib_train_total(t)};
  memcpy(config.setting, s->optimizer_setting, sizeof config.setting);
  for (int k = 0; k < config.schedule->settings; k++)
    config.schedule_setting[k] = config.schedule->setting[k].range.takes == RT_TAKES_STEPS
                                     ? (double)rt_amount_steps(&s->schedule_setting[k], steps)
                                     : s->schedule_setting[k].number;
  return config;
}

/* To the optimizer, a parameter that is frozen, or that the loss does not depend on, has no elements: it
 * needs no moments. */
static struct rt_parameter describe_parameter(const struct aq_trainer *t, uint32_t p) {
  const struct vm_type *type = &t->module->param[p].type;
  int64_t rows = 1;
  if (!t->learns[p]) return (struct rt_parameter){.value = t->params.data[p]};
  if (type->rank) vm_dim_value(&t->module->dims, type->dim[0], NULL, &rows, NULL);
  return (struct rt_parameter){t->params.data[p],
                               rows,
                               rows ? t->params.elements[p] / rows : 0,
                               false,
                               t->module->param[p].lr,
                               t->module->param[p].weight_decay,
                               t->average.count ? t->average.data[p] : NULL};
}

/* Does the function read a table by these ids of an input alone? Then only those rows have to be up to date,
 * and they are known before the run. */
static bool reads_rows_alone(const struct vm_function *f, const struct vm_gradient *gradient) {
  const struct vm_value *ids = &f->value[gradient->ids];
  if (ids->place != VM_IN_INPUT) return false;
  for (uint32_t n = 0; n < f->instr_count; n++)
    for (uint16_t k = 0; k < f->instr[n].in_count; k++) {
      const struct vm_value *read = &f->value[f->instr[n].in[k]];
      if (read->place != VM_IN_PARAM || read->index != gradient->param) continue;
      const struct vm_value *by = f->instr[n].op == OP_gather && k == 0 ? &f->value[f->instr[n].in[1]] : NULL;
      if (!by || by->place != VM_IN_INPUT || by->index != ids->index) return false;
    }
  return true;
}

/* Says what there is no memory for; the largest parameter needs most of it. */
static int no_moments(const struct aq_trainer *t, struct rt_error *error) {
  uint32_t largest = 0;
  for (uint32_t p = 1; p < t->params.count; p++)
    if (t->params.elements[p] > t->params.elements[largest]) largest = p;
  if (!t->params.count) return RT_NO_MEMORY;
  double bytes = t->precision == RT_F64 ? 8 : 4, numbers = (double)t->params.elements[largest];
  int moments = rt_method_find(t->settings.optimizer)->moments;
  *error = (struct rt_error){0};
  rt_fail(error, RT_NO_MEMORY,
          "there is not enough memory for what %s keeps of the parameters: of %s %.3g GB",
          t->settings.optimizer, t->module->param[largest].name, moments * numbers * bytes / 1e9);
  lib_place_param(&t->module->param[largest], error);
  return RT_NO_MEMORY;
}

static int make_optimizer(struct aq_trainer *t, struct rt_error *error) {
  const struct vm_function *f = vm_machine_function(t->machine);
  struct rt_optimizer_config config = optimizer_config(t);
  struct rt_parameter *param = rt_zalloc(t->module->param_count + 1u, sizeof *param);
  t->gradient = rt_zalloc(t->module->param_count + 1u, sizeof *t->gradient);
  t->learns = rt_zalloc(t->module->param_count + 1u, sizeof *t->learns);
  t->by_ids = rt_zalloc(t->module->param_count + 1u, sizeof *t->by_ids);
  if (!param || !t->gradient || !t->learns || !t->by_ids) {
    rt_free(param);
    return rt_no_memory(error);
  }
  for (uint32_t g = 0; g < f->gradient_count; g++) t->learns[f->gradient[g].param] = true;
  for (uint32_t p = 0; p < t->module->param_count; p++) param[p] = describe_parameter(t, p);
  for (uint32_t g = 0; g < f->gradient_count; g++) {
    if (f->gradient[g].ids == UINT32_MAX) continue;
    param[f->gradient[g].param].by_rows = true;
    t->by_ids[f->gradient[g].param] = reads_rows_alone(f, &f->gradient[g]);
  }
  t->optimizer = rt_optimizer_new(&config, param, (int)t->module->param_count, t->precision, t->pool, error);
  rt_free(param);
  if (!t->optimizer && error->code == RT_NO_MEMORY) return no_moments(t, error);
  return t->optimizer ? RT_OK : error->code;
}

/* Takes the memory for the largest batch that there could be, so that steps allocate nothing. When there is
 * not so much memory, or no real batch could look like that, steps take what they need. */
static int make_room(struct aq_trainer *t, struct rt_error *error) {
  const struct vm_function *f = vm_machine_function(t->machine);
  if (!lib_train_has_rows(t)) return RT_OK;
  int status = lib_feed_reserve(&t->feed, &t->train_data, t->settings.batch, error);
  if (status != RT_OK
      || vm_machine_bind(t->machine, t->settings.batch, (const int64_t *const *)t->feed.sizes, NULL))
    return status;
  for (uint32_t g = 0; g < f->gradient_count && status == RT_OK; g++) {
    if (f->gradient[g].ids == UINT32_MAX) continue;
    struct rt_tensor ids = vm_machine_value(t->machine, f->gradient[g].ids);
    status = rt_optimizer_reserve(t->optimizer, (int)f->gradient[g].param, ids.shape->count, error);
  }
  return status;
}

static int make_params(struct aq_trainer *t, struct rt_error *error) {
  int status = lib_params_init(&t->params, t->module, t->precision, error);
  if (status == RT_OK)
    status = lib_params_fill(&t->params,
                             &(struct lib_beginning){t->module, &t->schema, (uint64_t)t->settings.seed,
                                                     t->from, t->from_path,
                                                     t->options.from ? &t->from_bytes : NULL, t->pool},
                             &t->loaded, error);
  rt_text_free(&t->from_bytes);
  if (status == RT_OK) status = lib_params_init(&t->best, t->module, t->precision, error);
  if (status != RT_OK || !(t->settings.average > 0)) return status;
  status = lib_params_init(&t->average, t->module, t->precision, error);
  if (status == RT_OK) lib_params_copy(&t->average, &t->params);
  return status;
}

/* The function that trains: by the lengths of rows from all over the data, as a batch has them. */
static const struct vm_function *training_function(struct aq_trainer *t) {
  if (!lib_train_has_rows(t) || lib_feed_sample(&t->feed, &t->train_data, t->settings.batch, NULL) != RT_OK)
    return vm_module_function(t->module, "train");
  return vm_training_function(t->module, t->settings.batch, (const int64_t *const *)t->feed.sizes, t->pool);
}

static int make_machines(struct aq_trainer *t, struct rt_error *error) {
  t->pool = lib_pool(t->options.threads, t->options.pool, error);
  int status = t->pool ? make_params(t, error) : error->code;
  if (status == RT_OK) status = lib_feed_init(&t->feed, t->module, &t->schema, t->precision, error);
  if (status != RT_OK) return status;
  t->machine = vm_machine_new(t->module, training_function(t), t->precision, t->pool, error);
  if (!t->machine) return error->code;
  lib_params_bind(&t->params, t->machine);
  status = lib_judge_init(&t->judge, t->module, &t->schema, lib_train_now(t), t->pool, error);
  if (status == RT_OK && t->has_valid)
    status = lib_judge_look_ahead(&t->judge, &t->valid_data, t->settings.batch, error);
  t->judge.skip = t->options.bad_rows == AQ_BAD_ROW_SKIP;
  if (status == RT_OK) status = make_optimizer(t, error);
  if (status == RT_OK) status = make_room(t, error);
  if (status == RT_OK && lib_train_has_rows(t) && lib_ahead_pays(&t->feed, t->pool))
    status = lib_ahead_new(&t->ahead, &t->feed, &t->train_data, t->settings.batch, error);
  if (status == RT_OK)
    status = lib_profile_begin(t->options.profile, t->machine, t->module, t->precision, t->pool, error);
  if (status != RT_OK) return status;
  t->order = rt_zalloc((size_t)t->train_data.rows + 1, sizeof *t->order);
  return t->order ? RT_OK : rt_no_memory(error);
}

static void count_facts(struct aq_trainer *t) {
  t->facts.epochs = t->state.epoch;
  t->facts.epochs_set = t->settings.epochs;
  t->facts.seed = t->settings.seed;
  t->facts.rows = t->train_data.rows;
  t->facts.valid_rows = t->has_valid ? t->valid_data.rows : 0;
  t->facts.unseen_valid_rows = t->has_valid ? lib_judge_unseen(&t->judge, &t->valid_data) : 0;
  t->facts.blind = t->blind =
      t->has_valid && !t->options.measure && lib_judge_blind(&t->judge, &t->valid_data, t->best_by.output);
  t->facts.loaded_words = t->loaded.found;
  t->facts.new_words = t->loaded.entries - t->loaded.found;
  t->facts.tables_by_position = t->loaded.by_position;
  t->facts.padded_rows = t->loaded.padded;
  t->facts.taken_tensors = t->loaded.taken;
  t->facts.begun_tensors = t->loaded.begun_count;
  t->facts.taken_members = t->loaded.taken_members;
  t->facts.test_rows = t->test_rows;
  t->facts.skipped_rows = t->reading.skipped;
  t->facts.header =
      t->reading.header || !t->reading.by_position; /* one column, or a plain text, needs none */
  for (uint32_t p = 0; p < t->params.count; p++) {
    t->facts.parameters += t->params.elements[p];
    if (!t->module->param[p].frozen) t->facts.trained_parameters += t->params.elements[p];
    if (t->learns[p]) t->facts.learning_rate = fmax(t->facts.learning_rate, t->module->param[p].lr);
  }
  if (t->facts.trained_parameters && t->settings.epochs && t->facts.learning_rate == 0)
    lib_log_text(AQ_WARNING, NULL, "the learning rate is 0: no parameter will change");
}

int aq_trainer_new(aq_program *program, const aq_train_options *options, aq_trainer **trainer) {
  if (!trainer) return AQ_USAGE;
  struct aq_trainer *t = *trainer = rt_zalloc(1, sizeof *t);
  if (!t) return AQ_NO_MEMORY;
  t->facts.size = sizeof t->facts;
  t->facts.begun = t->loaded.begun;
  struct rt_error *error = lib_begin(&t->message);
  t->state.rate = -1;
  t->judged = -1;
  int status = copy_options(t, options, error);
  if (status == RT_OK) status = lib_train_program(t, program, error);
  if (status == RT_OK && t->save) status = lib_checkpoint_prepare(t, error);
  if (status == RT_OK) status = settle(t, error);
  if (status == RT_OK) status = lib_train_read(t, error);
  if (status == RT_OK) status = settle_steps(t, error);
  if (status == RT_OK) status = lib_train_check_test(t, error);
  if (status == RT_OK) status = make_machines(t, error);
  if (status == RT_OK) status = choose_metric(t, error);
  if (status == RT_OK) status = lib_target_rows(t, error);
  if (status == RT_OK && (t->options.resume || t->options.checkpoint)) status = lib_checkpoint_read(t, error);
  if (status == RT_OK) count_facts(t);
  t->from = NULL;
  rt_text_free(&t->from_bytes); /* unless parameters have begun with it */
  t->ready = status == RT_OK;
  return status;
}

int lib_train_end(struct aq_trainer *t, int status) {
  t->running = false;
  if (t->freed) aq_trainer_free(t);
  return status;
}

void aq_trainer_free(aq_trainer *t) {
  if (!t) return;
  t->freed = t->running;
  if (t->freed) return;
  io_lock_free(t->lock);
  lib_profile_end(t->options.profile, t->machine, t->pool);
  if (t->module) lib_target_rows_free(t);
  rt_optimizer_free(t->optimizer);
  lib_judge_free(&t->judge);
  lib_ahead_free(t->ahead);
  vm_machine_free(t->machine);
  if (t->feed.module) lib_feed_free(&t->feed);
  lib_row_check_free(&t->row_check);
  lib_params_free(&t->params);
  lib_params_free(&t->best);
  lib_params_free(&t->average);
  aq_model_free(t->shown);
  rt_pool_free(t->pool);
  lib_pool_leave(t->options.pool);
  aq_profile_free(t->options.profile);
  io_dataset_free(&t->train_data);
  io_dataset_free(&t->valid_data);
  lib_reading_free(&t->reading);
  io_schema_free(&t->schema);
  vm_module_free(t->module);
  char *texts[] = {t->train,  t->valid,  t->test, t->save,      t->until,   t->metric_name,
                   t->source, t->folder, t->run,  t->hold_last, t->fold_by, t->measured};
  for (size_t i = 0; i < RT_COUNT(texts); i++) rt_free(texts[i]);
  rt_free(t->gradient);
  rt_free(t->learns);
  rt_free(t->by_ids);
  rt_free(t->order);
  rt_free(t->history);
  rt_free(t);
}

const aq_message *aq_trainer_message(const aq_trainer *trainer) {
  if (!trainer) return lib_nothing();
  return lib_view((struct lib_message *)&trainer->message);
}

const aq_train_facts *aq_trainer_facts(const aq_trainer *trainer) { return trainer ? &trainer->facts : NULL; }
const aq_reading *aq_trainer_reading(const aq_trainer *trainer) {
  return lib_reading_view(trainer ? &trainer->reading : NULL);
}
