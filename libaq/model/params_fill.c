/* params_fill.c: what each parameter begins with: as the program says, as a file of weights, or as in a
 * model. */
#include <string.h>

#include "libaq/model/params.h"

/* What follows the model's name in the path of a parameter. */
static const char *within_model(const char *path) {
  const char *point = strchr(path, '.');
  return point ? point + 1 : path;
}

/* The name that parameter p has in the model `from`, whatever the models are called; NULL: it has none. */
static const char *name_there(const struct lib_beginning *how, uint32_t p) {
  const char *name = how->module->param[p].name;
  for (uint32_t k = 0; how->from && k < how->from->module->param_count; k++) {
    const char *there = how->from->module->param[k].name;
    if (!strcmp(within_model(there), within_model(name))) return there;
  }
  return NULL;
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
  if (init->kind != VM_INIT_LOAD) return lib_params_start(params, how->module, p, init, how->seed, error);
  return init->tensor[0] ? lib_params_load(params, p, init, files, error)
                         : lib_vectors_load(params, p, init, files, error);
}

static int nothing_taken(const struct lib_loader *model, struct rt_error *error) {
  const struct lib_beginning *how = model->how;
  rt_fail_in(error, RT_USAGE, how->from_path, "no parameter of the program is in this model");
  if (how->module->param_count && how->from->module->param_count)
    rt_hint(error, "parameters are found by their names: here %s, there %s (`aqc dis` lists them)",
            how->module->param[0].name, how->from->module->param[0].name);
  return error->code;
}

int lib_params_fill(struct lib_params *params, const struct lib_beginning *how, struct lib_loaded *loaded,
                    struct rt_error *error) {
  struct lib_loader files = {.how = how}, model = {.how = how};
  int status = RT_OK;
  for (uint32_t p = 0; p < params->count && status == RT_OK; p++)
    status = fill(params, p, &files, &model, error);
  if (status == RT_OK && how->from && model.counts.taken == 0) status = nothing_taken(&model, error);
  if (loaded) {
    *loaded = model.counts;
    loaded->entries += files.counts.entries;
    loaded->found += files.counts.found;
    loaded->by_position += files.counts.by_position;
    lib_loader_unused(&files, loaded);
  }
  lib_loader_end(&files);
  lib_loader_end(&model);
  return status != RT_OK ? status
                         : lib_params_check(params, how->module, RT_BAD_DATA,
                                            "does not begin with finite numbers", error);
}
