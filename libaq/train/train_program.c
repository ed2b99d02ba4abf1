/* train_program.c: the program of a training, compiled with the settings that options give, and the model
 * that it begins with. */
#include <stdio.h>
#include <string.h>

#include "libaq/shown/shown_tree.h"
#include "libaq/train/trainer.h"

enum { OWN_MOST = 5, OWN_DIGITS = SHOWN_EXACT_SIZE };
struct own_settings {
  struct cc_assigned set[OWN_MOST];
  int count;
  char digits[OWN_MOST][OWN_DIGITS];
};

/* The settings that options give instead of the program. */
static void own_settings(const struct aq_trainer *t, struct own_settings *own) {
  const aq_train_options *o = &t->options;
  const struct {
    const char *name;
    int64_t value;
  } whole[] = {{"epochs", o->epochs}, {"batch", o->batch}, {"seed", o->seed}};
  own->count = 0;
  for (size_t k = 0; k < RT_COUNT(whole); k++) {
    char *digits = own->digits[own->count];
    if (whole[k].value < 0) continue;
    snprintf(digits, OWN_DIGITS, "%lld", (long long)whole[k].value);
    own->set[own->count++] = (struct cc_assigned){"setting", whole[k].name, digits};
  }
  if (o->learning_rate >= 0) {
    shown_exact(own->digits[own->count], o->learning_rate); /* with a point in every locale */
    own->set[own->count] = (struct cc_assigned){"setting", "lr", own->digits[own->count]};
    own->count++;
  }
  if (t->metric_name) own->set[own->count++] = (struct cc_assigned){"setting", "metric", t->metric_name};
}

static int keep_path(struct rt_arena *arena, const char **to, const char *from) {
  if (from && !(*to = rt_arena_strndup(arena, from, strlen(from)))) return RT_NO_MEMORY;
  return RT_OK;
}

/* The program as a model keeps it does not know in which folder it was found, nor in which its files are. */
static int keep_files(const struct vm_module *from, struct vm_module *to, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t p = 0; p < to->param_count && status == RT_OK; p++)
    status = keep_path(&to->arena, &to->param[p].init.file, from->param[p].init.file);
  for (uint32_t c = 0; c < to->column_count && status == RT_OK; c++) {
    status = keep_path(&to->arena, &to->column[c].set.vocab, from->column[c].set.vocab);
    if (status == RT_OK)
      status = keep_path(&to->arena, &to->column[c].set.merges, from->column[c].set.merges);
  }
  for (uint32_t n = 0; n < to->native_count && status == RT_OK; n++)
    status = keep_path(&to->arena, &to->native[n].path, from->native[n].path);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

/* When options replace settings, the program is compiled again with them, as the model will keep it. */
static int compile(struct aq_trainer *t, aq_program *program, struct rt_error *error) {
  if (lib_can_compile(program, error)) return error->code;
  const char *path = program->program->main->path, *slash = strrchr(path, '/');
  struct own_settings own;
  own_settings(t, &own);
  if (program->from) t->from = program->from, t->from_path = program->from_path;
  t->folder = rt_strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
  if (!t->folder) return rt_no_memory(error);
  t->module = cc_compile_model(program->program, error);
  if (!t->module || lib_need_natives(t->module, &program->allowed, error)) return error->code;
  t->program = cc_program_digest(program->program);
  int status = lib_source_write(program->program, own.set, own.count, &t->source, error);
  if (status != RT_OK || !own.count) return status;
  struct vm_module *again = lib_source_compile(t->source, NULL, error);
  if (again) status = keep_files(t->module, again, error);
  vm_module_free(t->module);
  t->module = again;
  return !again ? error->code : status == RT_OK ? lib_need_natives(again, &program->allowed, error) : status;
}

/* ---- a model that training begins with ---- */

/* Its parameters as a file has them, which knows what their rows stand for. */
static int write_parameters(struct aq_trainer *t, struct rt_error *error) {
  const struct lib_params *params = &t->from->params;
  struct rt_arena arena = {0};
  struct io_save *save = NULL;
  struct io_tensor_out *out = rt_zalloc(params->count + 1u, sizeof *out);
  int status =
      out ? lib_params_describe(params, t->from->module, "", &arena, out, error) : rt_no_memory(error);
  if (status == RT_OK) status = io_save_begin_memory(&save, &t->from_bytes, error);
  if (status == RT_OK) {
    status = io_tensors_write(save, out, (int)params->count, NULL, 0, error);
    if (status == RT_OK)
      status = io_save_commit(save, error);
    else
      io_save_abort(save);
  }
  rt_arena_free(&arena);
  rt_free(out);
  return status;
}

static int take_model(struct aq_trainer *t, struct rt_error *error) {
  if (lib_model_trained(t->options.from, error) != RT_OK) return RT_USAGE;
  t->from = t->options.from;
  t->from_path = "the model that training begins with";
  return write_parameters(t, error);
}

/* The program of that model, with the settings that options give. */
static int compile_own(struct aq_trainer *t, struct rt_error *error) {
  const struct aq_model *from = t->from;
  struct own_settings own;
  own_settings(t, &own);
  if (!(t->folder = rt_strdup(from->folder ? from->folder : ""))) return rt_no_memory(error);
  int status = lib_source_set(from->source, own.set, own.count, &t->source, error);
  if (status == RT_OK) status = lib_source_digest(t->source, &t->program, error);
  if (status == RT_OK && !(t->module = lib_source_compile(t->source, NULL, error))) status = error->code;
  lib_name_model(from, error);
  return status == RT_OK ? lib_need_natives(t->module, &from->allowed, error) : status;
}

int lib_train_program(struct aq_trainer *t, aq_program *program, struct rt_error *error) {
  const bool own = !program && t->options.from;
  if (t->options.from && program && program->from)
    return rt_fail(error, RT_USAGE,
                   "training begins with a model, or with the weights of the program, not both");
  int status = t->options.from ? take_model(t, error) : RT_OK;
  if (status == RT_OK) status = own ? compile_own(t, error) : compile(t, program, error);
  return status == RT_OK ? lib_allow_as(&t->allowed, own ? &t->from->allowed : &program->allowed,
                                        &t->module->arena, error)
                         : status;
}
