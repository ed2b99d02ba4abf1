/* trained_model.c: what a training has made so far, as a model. */
#include "libaq/train/trainer.h"

/* The thresholds of several labels, with the parameters that are kept. */
static int learn_above(struct aq_trainer *t, struct lib_judge *judge, struct aq_model *m, uint32_t o,
                       struct rt_error *error) {
  const struct vm_input *target = &m->module->input[m->module->output[o].target];
  struct io_column *column = &m->schema.columns[vm_column_of(m->module, target)];
  if (column->set.threshold != IO_THRESHOLD_LEARNED || !column->vocab) return RT_OK;
  rt_free(column->above);
  column->above = rt_zalloc((size_t)column->vocab->count, sizeof *column->above);
  if (!column->above) return rt_no_memory(error);
  if (!judge->machine) {
    int status = lib_judge_init(judge, m->module, &m->schema, &m->params, t->pool, error);
    judge->skip = true;
    if (status == RT_OK) status = lib_judge_run(judge, &t->valid_data, t->settings.batch, error);
    if (status != RT_OK) return status;
  }
  return rep_best_above(&judge->report[o], 0.5, (size_t)column->vocab->count, column->above) == RT_OK
             ? RT_OK
             : rt_no_memory(error);
}

static int learn_thresholds(struct aq_trainer *t, struct aq_model *m, struct rt_error *error) {
  struct lib_judge judge = {0};
  int status = RT_OK;
  for (uint32_t o = 0; o < m->module->output_count && t->has_valid && status == RT_OK; o++)
    status = learn_above(t, &judge, m, o, error);
  if (judge.module) lib_judge_free(&judge);
  return status;
}

/* Everything but the parameters and what depends on them. */
static int take_program(const struct aq_trainer *t, struct aq_model *m, struct rt_error *error) {
  m->module = vm_module_share(t->module);
  int status = io_schema_copy(&t->schema, &m->schema, error);
  if (status == RT_OK) status = lib_allow_as(&m->allowed, &t->allowed, &m->arena, error);
  m->schema.folders = m->allowed.files;
  if (status == RT_OK) status = lib_params_init(&m->params, m->module, t->precision, error);
  if (status == RT_OK) status = lib_model_words(m, error);
  if (status == RT_OK && (!(m->source = rt_strdup(t->source)) || !(m->folder = rt_strdup(t->folder))))
    status = rt_no_memory(error);
  m->text = t->text;
  return status;
}

int lib_train_copy(struct aq_trainer *t, const struct lib_params *params, struct aq_model *m,
                   struct rt_error *error) {
  int status = m->module ? RT_OK : take_program(t, m, error);
  if (status == RT_OK) lib_params_copy(&m->params, params);
  if (status == RT_OK)
    status = lib_params_check(&m->params, m->module, RT_NOT_FINITE, "is no longer finite", error);
  if (status == RT_OK) status = learn_thresholds(t, m, error);
  m->trained = status == RT_OK;
  return status;
}

int lib_train_model(struct aq_trainer *t, struct aq_model *m, struct rt_error *error) {
  int status = lib_train_copy(t, lib_train_best(t), m, error);
  if (status != RT_OK || !t->best_by.name || !t->state.best_epoch) return status;
  m->metric_value = t->state.best_value;
  return (m->metric = rt_strdup(t->best_by.name)) ? RT_OK : rt_no_memory(error);
}

int aq_trainer_model(aq_trainer *t, aq_model **model) {
  if (!t || !model) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  *model = lib_model_new();
  if (!*model) return rt_no_memory(error);
  int status = t->ready ? rt_pool_check(t->pool, error)
                        : rt_fail(error, RT_USAGE, "the training could not begin, so there is no model");
  if (status == RT_OK) rt_optimizer_flush(t->optimizer);
  if (status == RT_OK) status = lib_train_model(t, *model, error);
  return lib_model_made(*model, status, error);
}
