/* params_fill.c: what each parameter begins with: as the program says, as a file of weights, or as in a
 * model. */
#include <string.h>

#include "libaq/model/params.h"

/* What follows the model's name in the path of a parameter. */
static const char *within_model(const char *path) {
  const char *point = strchr(path, '.');
  return point ? point + 1 : path;
}

/* The number that a parameter has in a model, whatever the models are called, or -1. */
static int64_t number_there(const struct aq_model *from, const char *name) {
  for (uint32_t k = 0; k < from->module->param_count; k++)
    if (!strcmp(within_model(from->module->param[k].name), within_model(name))) return k;
  return -1;
}

/* The name that parameter p has in the model `from`, whatever the models are called; NULL: it has none. */
static const char *name_there(const struct lib_beginning *how, uint32_t p) {
  const int64_t k = how->from ? number_there(how->from, how->module->param[p].name) : -1;
  return k < 0 ? NULL : how->from->module->param[k].name;
}

static int fill(struct lib_params *params, uint32_t p, struct lib_loader *files, struct lib_loader *model,
                struct rt_error *error) {
  const struct lib_beginning *how = files->how;
  const struct vm_init *init = &how->module->param[p].init;
  const char *there = name_there(how, p);
  if (there) {
    const struct vm_init from = {.kind = VM_INIT_LOAD, .file = how->from_path, .tensor = there};
    model->counts.taken++;
    return lib_params_load(params, p, &from, model, error);
  }
  if (how->from) {
    model->counts.begun_count++;
    lib_note_name(model->counts.begun, sizeof model->counts.begun, how->module->param[p].name);
  }
  if (init->kind != VM_INIT_LOAD) return lib_params_start(params, how, p, init, error);
  return init->tensor[0] ? lib_params_load(params, p, init, files, error)
                         : lib_vectors_load(params, p, init, files, error);
}

/* path "": the model is in memory. */
static int nothing_taken(const struct vm_module *module, const struct aq_model *from, const char *path,
                         struct rt_error *error) {
  rt_fail_in(error, RT_USAGE, path, "no parameter of the program is in this model");
  if (module->param_count && from->module->param_count)
    rt_hint(error, "parameters are found by their names: here %s, there %s (`aqc dis` lists them)",
            module->param[0].name, from->module->param[0].name);
  return error->code;
}

static int take_one(struct lib_params *params, const struct vm_module *module, const struct aq_model *from,
                    const uint32_t number[2], struct rt_error *error) {
  int64_t here[RT_MAX_RANK], there[RT_MAX_RANK];
  const struct vm_param *own = &module->param[number[0]], *other = &from->module->param[number[1]];
  const int rank = own->type.rank;
  if (lib_param_elements(module, number[0], here, error) < 0
      || lib_param_elements(from->module, number[1], there, error) < 0)
    return error->code;
  if (rank != other->type.rank || memcmp(here, there, (size_t)rank * sizeof *here) != 0) {
    struct rt_text one = {0}, two = {0};
    lib_put_shape(&one, rank, here);
    lib_put_shape(&two, other->type.rank, there);
    rt_fail(error, RT_USAGE, "the parameter %s is %s in the program, and %s in the model", own->name,
            one.data ? one.data : "other", two.data ? two.data : "other");
    rt_text_free(&one);
    rt_text_free(&two);
    return RT_USAGE;
  }
  for (int64_t i = 0; i < params->elements[number[0]]; i++)
    lib_params_put(params, number[0], i,
                   lib_number_at(from->params.data[number[1]], from->params.precision, i));
  return RT_OK;
}

int lib_params_take(struct lib_params *params, const struct vm_module *module, const struct aq_model *from,
                    struct rt_error *error) {
  int status = RT_OK, taken = 0;
  for (uint32_t p = 0; p < params->count && status == RT_OK; p++) {
    const int64_t there = number_there(from, module->param[p].name);
    if (there < 0) continue;
    taken++;
    status = take_one(params, module, from, (const uint32_t[]){p, (uint32_t)there}, error);
  }
  if (status == RT_OK && !taken) status = nothing_taken(module, from, "", error);
  return status != RT_OK
             ? status
             : lib_params_check(params, module, RT_BAD_DATA, "does not begin with finite numbers", error);
}

int lib_params_fill(struct lib_params *params, const struct lib_beginning *how, struct lib_loaded *loaded,
                    struct rt_error *error) {
  struct lib_loader files = {.how = how}, model = {.how = how};
  int status = RT_OK;
  for (uint32_t p = 0; p < params->count && status == RT_OK; p++)
    status = fill(params, p, &files, &model, error);
  if (status == RT_OK && how->from && model.counts.taken == 0)
    status = nothing_taken(how->module, how->from, how->from_path, error);
  if (loaded) {
    *loaded = model.counts;
    loaded->taken_members = how->from ? lib_model_members(how->from) : 0;
    loaded->entries += files.counts.entries;
    loaded->found += files.counts.found;
    loaded->by_position += files.counts.by_position;
    loaded->padded = files.counts.padded > loaded->padded ? files.counts.padded : loaded->padded;
    lib_loader_unused(&files, loaded);
  }
  lib_loader_end(&files);
  lib_loader_end(&model);
  return status != RT_OK ? status
                         : lib_params_check(params, how->module, RT_BAD_DATA,
                                            "does not begin with finite numbers", error);
}
