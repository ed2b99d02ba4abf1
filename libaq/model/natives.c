/* natives.c: which native functions programs and models may call. */
#include <stdlib.h>
#include <string.h>

#include "libaq/internal.h"

/* ---- functions of the host ---- */

struct aq_externs {
  struct lib_message message;
  struct rt_arena arena;
  struct vm_host_native *item;
  size_t count, capacity;
};

int aq_externs_new(aq_externs **externs) {
  if (!externs) return AQ_USAGE;
  *externs = rt_zalloc(1, sizeof **externs);
  return *externs ? AQ_OK : AQ_NO_MEMORY;
}

void aq_externs_free(aq_externs *externs) {
  if (!externs) return;
  rt_free(externs->item);
  rt_arena_free(&externs->arena);
  rt_free(externs);
}

const aq_message *aq_externs_message(const aq_externs *externs) {
  if (!externs) return lib_nothing();
  return lib_view((struct lib_message *)&externs->message);
}

static int take_code(const aq_extern_functions *functions, void *user, struct vm_native_code *code,
                     struct rt_error *error) {
  aq_extern_functions own;
  int status = lib_take_options(LIB_EXTERN_FUNCTIONS, functions, &own, error);
  *code = (struct vm_native_code){own.f32, own.f64, own.batch, true, user};
  return status;
}

int aq_extern_register(aq_externs *externs, const char *name, const char *signature,
                       const aq_extern_functions *function, const aq_extern_functions *gradient, void *user) {
  if (!externs) return AQ_USAGE;
  struct rt_error *error = lib_begin(&externs->message);
  struct vm_native_signature parsed;
  struct vm_native_code code, back;
  int status = take_code(function, user, &code, error);
  if (status == RT_OK) status = take_code(gradient, user, &back, error);
  if (status != RT_OK) return status;
  if (!name || !name[0]) return rt_fail(error, RT_USAGE, "a native function needs a name");
  if (!code.f32 && !code.f64) return rt_fail(error, RT_USAGE, "`%.100s` has no function: it is NULL", name);
  for (size_t k = 0; k < externs->count; k++)
    if (!strcmp(externs->item[k].name, name))
      return rt_fail(error, RT_USAGE, "`%.100s` is registered already", name);
  status = vm_native_parse(signature, &parsed, error);
  if (status != RT_OK) return status;
  struct vm_host_native item = {rt_arena_strndup(&externs->arena, name, strlen(name)),
                                rt_arena_strndup(&externs->arena, signature, strlen(signature)), code, back};
  if (!item.name || !item.signature
      || rt_grow((void **)&externs->item, &externs->capacity, externs->count + 1, sizeof item))
    return rt_no_memory(error);
  externs->item[externs->count++] = item;
  return RT_OK;
}

/* ---- what is allowed ---- */

static int copy_host(struct vm_allowed *allowed, const struct vm_host_native *from, size_t count,
                     struct rt_arena *arena) {
  struct vm_host_native *host = rt_arena_alloc(arena, (count + 1) * sizeof *host);
  if (!host) return RT_NO_MEMORY;
  for (size_t k = 0; k < count; k++) {
    host[k] = from[k];
    host[k].name = rt_arena_strndup(arena, host[k].name, strlen(host[k].name));
    host[k].signature = rt_arena_strndup(arena, host[k].signature, strlen(host[k].signature));
    if (!host[k].name || !host[k].signature) return RT_NO_MEMORY;
  }
  allowed->host = host;
  allowed->host_count = count;
  return RT_OK;
}

/* Copies of texts, in the arena; NULL: no memory. */
static const char **copy_texts(const char *const *text, size_t count, struct rt_arena *arena) {
  const char **copy = rt_arena_alloc(arena, (count + 1) * sizeof *copy);
  for (size_t k = 0; copy && k < count; k++)
    if (!(copy[k] = rt_arena_strndup(arena, text[k], strlen(text[k])))) return NULL;
  return copy;
}

static int copy_files(struct vm_allowed *allowed, const struct io_folders *from, struct rt_arena *arena,
                      struct rt_error *error) {
  const char **copy = copy_texts(from->path, from->count, arena);
  allowed->files = (struct io_folders){.path = copy, .count = copy ? from->count : 0};
  return copy ? RT_OK : rt_no_memory(error);
}

static int allow_files(struct vm_allowed *allowed, const aq_load_options *o, struct rt_arena *arena,
                       struct rt_error *error) {
  const char **path = rt_arena_alloc(arena, (o->files_from_count + 1) * sizeof *path);
  int status = path ? RT_OK : rt_no_memory(error);
  for (size_t k = 0; k < o->files_from_count && status == RT_OK; k++) {
    const char *at = o->files_from && o->files_from[k] ? o->files_from[k] : "";
    char *real = io_is_folder(at) ? realpath(at, NULL) : NULL;
    if (!real)
      status = rt_fail(error, RT_NO_INPUT, "files of %s cannot be allowed: there is no such folder",
                       at[0] ? at : "nothing");
    else if (!(path[k] = rt_arena_strndup(arena, real, strlen(real))))
      status = rt_no_memory(error);
    free(real);
  }
  if (status == RT_OK) allowed->files = (struct io_folders){.path = path, .count = o->files_from_count};
  return status;
}

int lib_allow(struct vm_allowed *allowed, const aq_load_options *options, struct rt_arena *arena,
              struct rt_error *error) {
  *allowed = (struct vm_allowed){0};
  const char **path = rt_arena_alloc(arena, (options->allow_ffi_count + 1) * sizeof *path);
  const char **said = rt_arena_alloc(arena, (options->allow_ffi_count + 1) * sizeof *said);
  if (!path || !said) return rt_no_memory(error);
  for (size_t k = 0; k < options->allow_ffi_count; k++) {
    const char *at = options->allow_ffi ? options->allow_ffi[k] : NULL;
    char *real = at && at[0] ? realpath(at, NULL) : NULL;
    if (!real) {
      rt_fail(error, RT_NO_INPUT, "native code of %s cannot be allowed: there is no such file or folder",
              at && at[0] ? at : "nothing");
      rt_hint(error, "the option allow_ffi takes the path of a shared library, or of a folder that has it");
      return RT_NO_INPUT;
    }
    path[k] = rt_arena_strndup(arena, real, strlen(real));
    said[k] = rt_arena_strndup(arena, at, strlen(at));
    free(real);
    if (!path[k] || !said[k]) return rt_no_memory(error);
  }
  allowed->path = path;
  allowed->said = said;
  allowed->path_count = options->allow_ffi_count;
  int status = allow_files(allowed, options, arena, error);
  if (status != RT_OK) return status;
  const aq_externs *externs = options->externs;
  return externs && copy_host(allowed, externs->item, externs->count, arena) ? rt_no_memory(error) : RT_OK;
}

int lib_allow_as(struct vm_allowed *allowed, const struct vm_allowed *from, struct rt_arena *arena,
                 struct rt_error *error) {
  *allowed = (struct vm_allowed){.path = copy_texts(from->path, from->path_count, arena),
                                 .said = copy_texts(from->said, from->path_count, arena),
                                 .path_count = from->path_count};
  if (!allowed->path || !allowed->said) return rt_no_memory(error);
  if (copy_files(allowed, &from->files, arena, error) != RT_OK) return error->code;
  return copy_host(allowed, from->host, from->host_count, arena) == RT_OK ? RT_OK : rt_no_memory(error);
}

int lib_need_natives(struct vm_module *module, const struct vm_allowed *allowed, struct rt_error *error) {
  int status = vm_natives_bind(module, allowed, error);
  return status == RT_OK ? vm_natives_allowed(module, error) : status;
}

/* ---- what a model calls ---- */

int lib_list_natives(const struct vm_module *m, struct rt_arena *arena, aq_extern **list, size_t *count,
                     struct rt_error *error) {
  *count = 0;
  *list = rt_arena_alloc(arena, (m->native_count + 1u) * sizeof **list);
  if (!*list) return rt_no_memory(error);
  for (uint32_t k = 0; k < m->native_count; k++) {
    const struct vm_native *native = &m->native[k];
    if (native->is_gradient) continue;
    (*list)[(*count)++] =
        (aq_extern){.size = sizeof(aq_extern),
                    .name = native->name,
                    .signature = native->signature,
                    .library = native->library,
                    .gradient = native->gradient == UINT32_MAX ? NULL : m->native[native->gradient].name,
                    .allowed = native->code.f32 || native->code.f64};
  }
  return RT_OK;
}

const aq_extern *aq_model_extern(const aq_model *model, size_t number) {
  return model && number < model->native_count ? &model->native[number] : NULL;
}

const aq_extern *aq_program_extern(const aq_program *program, size_t number) {
  return program && number < program->native_count ? &program->native[number] : NULL;
}
