/* model_bytecode.c: models without data: compiled, kept as .aqb files, listed. */
#include "libaq/internal.h"
#include "runtime/io/file.h"
#include "runtime/ops.h"

enum { BYTECODE_MAX = 1 << 30 };

static int compile(struct aq_model *model, aq_program *program, struct rt_error *error) {
  if (lib_can_compile(program, error)) return error->code;
  const struct cc_alone alone = {.name = program->function};
  model->module = alone.name ? cc_compile_function(program->program, &alone, error)
                             : cc_compile_model(program->program, error);
  if (!model->module || vm_natives_bind(model->module, &program->allowed, error)) return error->code;
  return lib_model_words(model, error);
}

int aq_model_compile(aq_program *program, aq_model **model) {
  if (!model) return AQ_USAGE;
  *model = lib_model_new();
  if (!*model) return AQ_NO_MEMORY;
  struct rt_error *error = lib_model_begin(*model);
  return lib_model_made(*model, compile(*model, program, error), error);
}

static int load_bytecode(struct aq_model *model, const char *path, struct rt_error *error) {
  char *bytes = NULL;
  size_t length;
  if (!path) return lib_no_path(error);
  int status = io_read_file(path, BYTECODE_MAX, &bytes, &length, error);
  if (status == RT_OK && !(model->module = vm_module_read(bytes, length, error))) status = error->code;
  if (status == RT_OK) status = lib_model_words(model, error);
  if (status != RT_OK) lib_name_file(error, path);
  rt_free(bytes);
  return status;
}

int aq_model_load_bytecode(const char *path, aq_model **model) {
  if (!model) return AQ_USAGE;
  *model = lib_model_new();
  if (!*model) return AQ_NO_MEMORY;
  struct rt_error *error = lib_model_begin(*model);
  return lib_model_made(*model, load_bytecode(*model, path, error), error);
}

int aq_model_save_bytecode(const aq_model *model, const char *path) {
  if (!model) return AQ_USAGE;
  struct rt_error *error = lib_model_begin(model);
  struct rt_text bytes = {0};
  if (!model->module)
    return rt_fail(error, RT_USAGE, "there is no program in this model: compiling or loading it failed");
  if (!path) return lib_no_path(error);
  int status = vm_module_write(model->module, &bytes, error);
  if (status == RT_OK) status = lib_save_file(path, bytes.data, bytes.length, error);
  rt_text_free(&bytes);
  return status;
}

int aq_model_listing(const aq_model *model, char **text) {
  if (!model || !text) return AQ_USAGE;
  struct rt_error *error = lib_model_begin(model);
  struct rt_text out = {0};
  *text = NULL;
  if (!model->module)
    return rt_fail(error, RT_USAGE, "there is no program in this model: compiling or loading it failed");
  vm_module_print(model->module, &out);
  return lib_give_text(&out, text, error);
}

const aq_op *aq_op_at(size_t k) {
  static _Thread_local aq_op op;
  if (k >= OP_COUNT) return NULL;
  const struct rt_op_info *info = &rt_op_info[k];
  op = (aq_op){sizeof op, info->name, info->signature, info->attributes, info->doc};
  return &op;
}
