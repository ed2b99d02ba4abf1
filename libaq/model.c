/* model.c: models as handles: loading, saving, and what they tell about themselves. */
#include <string.h>

#include "libaq/model/requirement_words.h"

struct aq_model *lib_model_new(void) {
  return rt_zalloc(1, sizeof(struct aq_model));
}

int aq_model_load(const char *path, aq_model **model) {
  if (!model) return AQ_USAGE;
  *model = lib_model_new();
  if (!*model) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&(*model)->message);
  return path ? lib_model_read(*model, path, error) : lib_no_path(error);
}

int aq_model_save(aq_model *model, const char *path) {
  if (!model) return AQ_USAGE;
  struct rt_error *error = lib_begin(&model->message);
  if (!model->trained)
    return rt_fail(error, RT_USAGE,
                   "this model has no parameters yet; only what was trained or loaded can be saved");
  return path ? lib_model_write(model, path, error) : lib_no_path(error);
}

void aq_model_free(aq_model *model) {
  if (!model) return;
  lib_params_free(&model->params);
  io_schema_free(&model->schema);
  vm_module_free(model->module);
  rt_free(model->metric);
  rt_free(model->source);
  rt_free(model->folder);
  rt_arena_free(&model->arena);
  rt_free(model);
}

const aq_message *aq_model_message(const aq_model *model) {
  if (!model) return lib_nothing();
  return lib_view((struct lib_message *)&model->message);
}

/* The columns as declared. A text that is input and target at once has two inputs, but is one column. */
static const struct vm_input *column_at(const aq_model *model, size_t column) {
  for (uint32_t i = 0; model && model->module && i < model->module->input_count; i++) {
    const struct vm_input *input = &model->module->input[i];
    if (input->is_target && (input->shifted || input->matched)) continue;
    if (column-- == 0) return input;
  }
  return NULL;
}

size_t aq_model_column_count(const aq_model *model) {
  size_t count = 0;
  while (column_at(model, count)) count++;
  return count;
}

aq_column aq_model_column(const aq_model *model, size_t column) {
  const struct vm_input *input = column_at(model, column);
  if (!input) return (aq_column){"", "", "", false, 0};
  const struct io_vocab *vocab = lib_model_vocab(model, input);
  const struct io_column *c = input->column;
  return (aq_column){c->name, c->kind->name, c->source ? c->source : c->name, input->is_target,
                     vocab ? vocab->count : 0};
}

size_t aq_model_output_count(const aq_model *model) {
  return model && model->module ? model->module->output_count : 0;
}

const char *aq_model_output_name(const aq_model *model, size_t output) {
  return output < aq_model_output_count(model) ? model->module->output[output].name : "";
}

size_t aq_model_class_count(const aq_model *model, size_t output) {
  if (output >= aq_model_output_count(model)) return 0;
  const struct vm_module *m = model->module;
  const struct io_vocab *vocab = lib_model_vocab(model, &m->input[m->output[output].target]);
  return vocab ? (size_t)vocab->count : 0;
}

const char *aq_model_class(const aq_model *model, size_t output, size_t number) {
  if (number >= aq_model_class_count(model, output)) return "";
  return model->class_text[output][number];
}

size_t aq_model_requirement_count(const aq_model *model) {
  return model && model->module && model->requirement ? model->module->requirement_count : 0;
}

const char *aq_model_requirement(const aq_model *model, size_t requirement, aq_message *place) {
  if (requirement >= aq_model_requirement_count(model)) return lib_requirement_view(NULL, place, "");
  return lib_requirement_view(&model->module->requirement[requirement], place,
                              model->requirement[requirement]);
}

const char *aq_model_metric(const aq_model *model, double *value) {
  if (value) *value = 0;
  if (!model) return "";
  if (value) *value = model->metric_value;
  return model->metric ? model->metric : "";
}

size_t aq_model_parameter_count(const aq_model *model) {
  size_t count = 0;
  for (uint32_t p = 0; model && p < model->params.count; p++) count += (size_t)model->params.elements[p];
  return count;
}
