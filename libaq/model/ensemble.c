/* ensemble.c: one model of several, with one program and the same columns, whose answers are the means of
 * theirs. */
#include <string.h>

#include "libaq/internal.h"

/* What must be the same in all members: the program but for its seed, and what the columns learned but for
 * thresholds. */
static int describe(const struct aq_model *model, struct rt_text *out, struct rt_error *error) {
  struct rt_arena arena = {0};
  int status = lib_model_bytecode(model, 0, &arena, out, error);
  rt_arena_free(&arena);
  return status == RT_OK ? lib_write_columns(&model->schema, out, error) : status;
}

static int check_member(const struct aq_model *first, const struct aq_model *model, struct rt_error *error) {
  struct rt_text one = {0}, other = {0};
  if (!model || !model->trained)
    return rt_fail(error, RT_USAGE, "an ensemble is of trained models, and one of these is none");
  if (model->more_count) return rt_fail(error, RT_USAGE, "one of the models is an ensemble already");
  if (model == first) return lib_ensemble_check(model->module, error);
  int status = describe(first, &one, error);
  if (status == RT_OK) status = describe(model, &other, error);
  bool same = status == RT_OK && one.length == other.length && !memcmp(one.data, other.data, one.length)
              && first->text == model->text && first->params.precision == model->params.precision;
  rt_text_free(&one);
  rt_text_free(&other);
  if (status != RT_OK || same) return status;
  rt_fail(error, RT_USAGE, "the models are not of one program and the same columns");
  rt_hint(error,
          "columns learn from the rows to learn from: give each training the same, or learn_from_held");
  return RT_USAGE;
}

/* The mean of the members' thresholds. */
static void mean_thresholds(aq_model *const *member, size_t count, struct aq_model *model) {
  for (int c = 0; c < model->schema.count; c++) {
    struct io_column *column = &model->schema.columns[c];
    for (int32_t k = 0; column->above && column->vocab && k < column->vocab->count; k++) {
      double sum = 0;
      for (size_t m = 0; m < count; m++) sum += member[m]->schema.columns[c].above[k];
      column->above[k] = sum / (double)count;
    }
  }
}

static int copy_params(const struct aq_model *from, struct lib_params *to, struct rt_error *error) {
  int status = lib_params_init(to, from->module, from->params.precision, error);
  if (status == RT_OK) lib_params_copy(to, &from->params);
  return status;
}

static int make(aq_model *const *member, size_t count, struct aq_model *model, struct rt_error *error) {
  const struct aq_model *first = member[0];
  model->module = vm_module_share(first->module);
  model->text = first->text;
  int status = io_schema_copy(&first->schema, &model->schema, error);
  if (status == RT_OK) status = lib_allow_as(&model->allowed, &first->allowed, &model->arena, error);
  model->schema.folders = model->allowed.files;
  if (status == RT_OK) mean_thresholds(member, count, model);
  if (status == RT_OK) status = copy_params(first, &model->params, error);
  model->more = rt_zalloc(count, sizeof *model->more);
  if (!model->more) return rt_no_memory(error);
  for (size_t m = 1; m < count && status == RT_OK; m++) {
    model->more_count++;
    status = copy_params(member[m], &model->more[m - 1], error);
  }
  if (status == RT_OK) status = lib_model_words(model, error);
  if (status != RT_OK) return status;
  model->metric_value = 0;
  for (size_t m = 0; m < count; m++) model->metric_value += member[m]->metric_value / (double)count;
  if ((first->metric && !(model->metric = rt_strdup(first->metric)))
      || (first->source && !(model->source = rt_strdup(first->source)))
      || (first->folder && !(model->folder = rt_strdup(first->folder))))
    return rt_no_memory(error);
  model->trained = true;
  return RT_OK;
}

static int check_all(aq_model *const *member, size_t count, struct rt_error *error) {
  int status = RT_OK;
  if (!member || count < 1 || count > AQ_MOST_MEMBERS)
    return rt_fail(error, RT_USAGE, "an ensemble has 1 to %d members, and these are %zu", AQ_MOST_MEMBERS,
                   member ? count : 0);
  for (size_t m = 0; m < count && status == RT_OK; m++) status = check_member(member[0], member[m], error);
  return status;
}

int aq_model_ensemble(aq_model *const *member, size_t count, aq_model **model) {
  if (!model) return AQ_USAGE;
  *model = lib_model_new();
  if (!*model) return AQ_NO_MEMORY;
  struct rt_error *error = lib_model_begin(*model);
  int status = check_all(member, count, error);
  if (status == RT_OK) status = make(member, count, *model, error);
  return lib_model_made(*model, status, error);
}
