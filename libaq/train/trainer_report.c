/* trainer_report.c: how good a model is on the validation data of a training. */
#include <string.h>

#include "libaq/train/trainer.h"

/* Ids of the rows are those of the trainer's columns. */
static int check_columns(const struct aq_trainer *t, const struct aq_model *model, struct rt_error *error) {
  struct rt_text one = {0}, other = {0};
  int status = lib_write_columns(&t->schema, &one, error);
  if (status == RT_OK) status = lib_write_columns(&model->schema, &other, error);
  if (status == RT_OK && (one.length != other.length || memcmp(one.data, other.data, one.length) != 0))
    status = rt_fail(error, RT_USAGE, "the model has learned its columns from other rows than this training");
  rt_text_free(&one);
  rt_text_free(&other);
  return status;
}

/* A model of its own with the best parameters. */
static int report_best(struct aq_trainer *t, const aq_eval_options *options, aq_report **report,
                       struct rt_error *error) {
  struct aq_model *own = lib_model_new();
  if (!own) return rt_no_memory(error);
  rt_optimizer_flush(t->optimizer);
  int status = lib_train_model(t, own, error);
  if (status == RT_OK) status = lib_report_of(own, &t->valid_data, options, report, error);
  aq_model_free(own);
  return status;
}

int aq_trainer_report(aq_trainer *t, aq_model *model, aq_report **report) {
  if (!t || !report) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  aq_eval_options options;
  *report = NULL;
  if (!t->ready) return rt_fail(error, RT_USAGE, "the training could not begin, so there is no model");
  if (rt_pool_check(t->pool, error) != RT_OK) return RT_USAGE;
  if (!t->has_valid) return rt_fail(error, RT_USAGE, "there are no validation data to report about");
  aq_eval_options_init(&options);
  options.threads = t->options.threads;
  options.pool = t->options.pool;
  options.precision = t->options.precision;
  options.bad_rows = t->options.bad_rows;
  int status = model ? check_columns(t, model, error) : RT_OK;
  if (status == RT_OK)
    status = model ? lib_report_of(model, &t->valid_data, &options, report, error)
                   : report_best(t, &options, report, error);
  if (status == RT_OK) return RT_OK;
  aq_report_free(*report);
  *report = NULL;
  return status;
}
