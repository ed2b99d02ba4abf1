/* members.c: the models of an ensemble: what each is run with, and the means of their answers. */
#include <math.h>

#include "libaq/model/params.h"
#include "vm/target.h"

int lib_members_init(struct lib_members *members, const struct aq_model *model, enum rt_precision precision,
                     struct rt_error *error) {
  int status = RT_OK;
  const uint32_t count = lib_model_members(model);
  members->of = rt_zalloc(count, sizeof *members->of);
  members->converted = rt_zalloc(count, sizeof *members->converted);
  if (!members->of || !members->converted) return rt_no_memory(error);
  members->count = count;
  for (uint32_t m = 0; m < count && status == RT_OK; m++) {
    members->of[m] = m ? &model->more[m - 1] : &model->params;
    if (model->params.precision == rt_kept_in(precision)) continue;
    status = lib_params_convert(&members->converted[m], members->of[m], model->module, precision, error);
    members->of[m] = &members->converted[m];
  }
  return status;
}

int lib_model_panels(struct aq_model *model, struct rt_error *error) {
  int status = lib_params_panels(&model->params, model->module, error);
  for (uint32_t m = 0; m < model->more_count && status == RT_OK; m++)
    status = lib_params_panels(&model->more[m], model->module, error);
  return status;
}

void lib_members_free(struct lib_members *members) {
  for (uint32_t m = 0; m < members->count; m++) lib_params_free(&members->converted[m]);
  rt_free(members->of);
  rt_free(members->converted);
  *members = (struct lib_members){0};
}

int lib_add_answers(struct lib_mean *mean, const double *value, size_t count, struct rt_error *error) {
  if (rt_grow((void **)&mean->sum, &mean->capacity, count + 1, sizeof *mean->sum)) return rt_no_memory(error);
  if (mean->added && mean->count != count)
    return rt_fail(error, RT_BAD_DATA, "the members of the ensemble give %zu numbers and %zu", mean->count,
                   count);
  for (size_t k = 0; k < count; k++) mean->sum[k] = mean->added ? mean->sum[k] + value[k] : value[k];
  mean->count = count;
  mean->added++;
  return RT_OK;
}

void lib_take_mean(struct lib_mean *mean, double *value) {
  for (size_t k = 0; k < mean->count; k++) value[k] = mean->sum[k] / mean->added;
  mean->added = 0;
}

int lib_mean_tags(struct tag_answers *answers, struct lib_mean *mean, const struct tag_scores *scores,
                  struct rt_error *error) {
  struct tag_scores likely = *scores;
  lib_take_mean(mean, scores->score);
  for (size_t k = 0; k < mean->count; k++) mean->sum[k] = log(scores->score[k]);
  likely.score = mean->sum;
  likely.chain = false;
  return tag_answers_read(answers, &likely) == RT_OK ? RT_OK : rt_no_memory(error);
}

/* A mean must be an answer as well. */
int lib_ensemble_check(const struct vm_module *m, struct rt_error *error) {
  for (uint32_t o = 0; o < m->output_count; o++) {
    enum vm_target_form form = vm_targets[vm_target_of(m, &m->output[o])].form;
    if (vm_continues(form)) {
      rt_fail(error, RT_USAGE, "`%s` is what a model goes on with, token by token: an ensemble cannot",
              m->output[o].name);
      rt_hint(error, "each member would have a state of its own; keep the best seed instead");
      return RT_USAGE;
    }
    if (form == VM_BOXES) {
      rt_fail(error, RT_USAGE, "`%s` is boxes, and those of several models stand in no common order",
              m->output[o].name);
      rt_hint(error, "the mean of two boxes is none that either has found; keep the best seed instead");
      return RT_USAGE;
    }
    if (form != VM_MATCH) continue;
    rt_fail(error, RT_USAGE, "`%s` compares vectors, and those of several models have no common directions",
            m->output[o].name);
    rt_hint(error, "the mean of such vectors says nothing; keep the best seed instead");
    return RT_USAGE;
  }
  return RT_OK;
}

int lib_write_columns(const struct io_schema *schema, struct rt_text *out, struct rt_error *error) {
  struct io_schema copy = {0};
  int status = io_schema_copy(schema, &copy, error);
  for (int c = 0; status == RT_OK && c < copy.count; c++) {
    rt_free(copy.columns[c].above);
    copy.columns[c].above = NULL;
  }
  if (status == RT_OK) io_schema_write(&copy, out, NULL);
  io_schema_free(&copy);
  return status == RT_OK && out->failed ? rt_no_memory(error) : status;
}

size_t aq_model_member_count(const aq_model *model) {
  return model && model->trained ? lib_model_members(model) : 0;
}
