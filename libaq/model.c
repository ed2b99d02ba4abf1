/* model.c: models as handles: loading, saving, and what they tell about themselves. */
#include <string.h>

#include "libaq/model/requirement_words.h"
#include "runtime/io/file.h"

/* Counts models, so that one is told from another that had its address before. */
static atomic_uint_least64_t made;

/* What the last call of this thread about a model said. A model is shared between threads: none writes to it.
 */
static _Thread_local struct {
  uint64_t model;
  struct rt_error error;
} last;

struct aq_model *lib_model_new(void) {
  struct aq_model *model = rt_zalloc(1, sizeof *model);
  if (!model) return NULL;
  model->number = atomic_fetch_add(&made, 1) + 1;
  atomic_init(&model->users, 1);
  return model;
}

struct aq_model *lib_model_share(struct aq_model *model) {
  atomic_fetch_add_explicit(&model->users, 1, memory_order_relaxed);
  return model;
}

int lib_model_made(struct aq_model *model, int status, const struct rt_error *error) {
  if (status != RT_OK) model->error = *error;
  return status;
}

struct rt_error *lib_model_begin(const struct aq_model *model) {
  last.model = model->number;
  rt_error_clear(&last.error);
  return &last.error;
}

void lib_name_model(const struct aq_model *model, struct rt_error *error) {
  if (error->code != RT_BAD_DATA || !model->path) return;
  if (error->line) {
    const struct rt_error why = *error;
    rt_error_clear(error);
    rt_fail_in(error, RT_BAD_DATA, model->path, "its program cannot be compiled again: %.200s:%d:%d: %.600s",
               why.file, why.line, why.column, why.text);
    memcpy(error->excerpt, why.excerpt, sizeof error->excerpt);
    memcpy(error->hint, why.hint, sizeof error->hint);
  }
  lib_name_file(error, model->path);
}

/* From a file, or from bytes in memory. */
static int load(struct aq_model *model, const char *path, const aq_load_options *given,
                struct rt_error *error) {
  aq_load_options options;
  int status = lib_take_options(LIB_LOAD_OPTIONS, given, &options, error);
  if (status == RT_OK && !path && !options.bytes) return lib_no_path(error);
  if (status == RT_OK) status = lib_allow(&model->allowed, &options, &model->arena, error);
  if (status != RT_OK) return status;
  return options.bytes ? lib_model_read_bytes(model, path, options.bytes, options.length, error)
                       : lib_model_read(model, path, error);
}

int aq_model_load_with(const char *path, const aq_load_options *options, aq_model **model) {
  if (!model) return AQ_USAGE;
  *model = lib_model_new();
  if (!*model) return AQ_NO_MEMORY;
  struct rt_error *error = lib_model_begin(*model);
  return lib_model_made(*model, load(*model, path, options, error), error);
}

int aq_model_load(const char *path, aq_model **model) { return aq_model_load_with(path, NULL, model); }

int aq_model_load_memory(const char *name, const void *bytes, size_t length, aq_model **model) {
  if (!model) return AQ_USAGE;
  *model = lib_model_new();
  if (!*model) return AQ_NO_MEMORY;
  struct rt_error *error = lib_model_begin(*model);
  int status = bytes ? lib_model_read_bytes(*model, name, bytes, length, error)
                     : rt_fail(error, RT_USAGE, "there are no bytes of a model: they are NULL");
  return lib_model_made(*model, status, error);
}

int lib_model_trained(const struct aq_model *model, struct rt_error *error) {
  if (model->trained) return RT_OK;
  if (model->error.code)
    return rt_fail(error, RT_USAGE, "the model could not be made: %.900s", model->error.text);
  return rt_fail(error, RT_USAGE, "this model has no parameters yet; train it, or load a trained one (.aqm)");
}

int aq_model_save(const aq_model *model, const char *path) {
  if (!model) return AQ_USAGE;
  struct rt_error *error = lib_model_begin(model);
  if (lib_model_trained(model, error) != RT_OK) return AQ_USAGE;
  return path ? lib_model_save(model, path, error) : lib_no_path(error);
}

int aq_model_save_memory(const aq_model *model, char **bytes, size_t *length) {
  struct rt_text to = {0};
  struct io_save *save;
  if (bytes) *bytes = NULL;
  if (!model || !bytes || !length) return AQ_USAGE;
  struct rt_error *error = lib_model_begin(model);
  if (lib_model_trained(model, error) != RT_OK) return AQ_USAGE;
  int status = io_save_begin_memory(&save, &to, error);
  if (status != RT_OK) return status;
  status = lib_model_write(model, save, error);
  io_save_abort(save);
  *length = to.length;
  if (status == RT_OK) return lib_give_text(&to, bytes, error);
  rt_text_free(&to);
  return status;
}

void aq_model_free(aq_model *model) {
  if (!model || atomic_fetch_sub(&model->users, 1) > 1) return;
  lib_params_free(&model->params);
  for (uint32_t m = 0; m < model->more_count; m++) lib_params_free(&model->more[m]);
  rt_free(model->more);
  io_schema_free(&model->schema);
  vm_module_free(model->module);
  rt_free(model->metric);
  rt_free(model->source);
  rt_free(model->folder);
  rt_arena_free(&model->arena);
  rt_free(model);
}

const aq_message *aq_model_message(const aq_model *model) {
  static _Thread_local aq_message view;
  if (!model) return lib_nothing();
  view = lib_message_of(last.model == model->number ? &last.error : &model->error);
  return &view;
}

size_t aq_model_column_count(const aq_model *model) { return model ? model->column_count : 0; }

const aq_column *aq_model_column(const aq_model *model, size_t column) {
  return column < aq_model_column_count(model) ? &model->column[column] : NULL;
}

size_t aq_model_head_count(const aq_model *model) { return model ? model->head_count : 0; }

const aq_head *aq_model_head(const aq_model *model, size_t head) {
  return head < aq_model_head_count(model) ? &model->head[head] : NULL;
}

size_t aq_model_field_count(const aq_model *model) {
  size_t count = 0;
  for (int f = 0; model && f < model->schema.fields; f++)
    count += io_schema_field_required(&model->schema, f);
  return count;
}

const char *aq_model_field(const aq_model *model, size_t field) {
  for (int f = 0; model && f < model->schema.fields; f++)
    if (io_schema_field_required(&model->schema, f) && field-- == 0)
      return io_schema_field_name(&model->schema, f);
  return "";
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

const char *aq_model_requirement(const aq_model *model, size_t requirement, const aq_message **place) {
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
  return model ? count * lib_model_members(model) : 0;
}
