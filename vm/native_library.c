/* native_library.c: libraries of native functions. Where they are is said by the program and by who allows
 * them, and nothing else: the environment has no say, and no folder is searched. */
#include "vm/native_library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vm/aq_extern.h"

/* ---- where a library is ---- */

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool is_within(const char *path, const char *allowed) {
  size_t length = strlen(allowed);
  if (!strcmp(path, allowed)) return true;
  return !strncmp(path, allowed, length) && (path[length] == '/' || (length && allowed[length - 1] == '/'));
}

static bool is_allowed(const struct vm_allowed *allowed, const char *path) {
  for (size_t k = 0; k < allowed->path_count; k++)
    if (is_within(path, allowed->path[k])) return true;
  return false;
}

/* A module from a file knows the library's name alone: it is the allowed file of that name, or the file of
 * that name in a folder that is allowed. */
static char *by_name(const struct vm_allowed *allowed, const char *name) {
  char path[PATH_MAX];
  for (size_t k = 0; k < allowed->path_count; k++) {
    const char *at = allowed->path[k];
    if (!strcmp(last_name(at), name) || !strcmp(last_name(allowed->said[k]), name)) {
      char *found = realpath(at, NULL);
      if (found) return found;
    }
    size_t folder = strlen(at), length = strlen(name);
    if (folder + length + 2 > sizeof path) continue;
    memcpy(path, at, folder);
    path[folder] = '/';
    memcpy(path + folder + 1, name, length + 1);
    char *found = realpath(path, NULL);
    if (found && is_within(found, at)) return found;
    free(found);
  }
  return NULL;
}

/* ---- what a library has ---- */

static void take_code(struct vm_native_code *code, const struct aq_extern_descriptor *d) {
  *code = (struct vm_native_code){.f32 = d->f32, .f64 = d->f64, .batch = d->kind & AQ_BATCH};
}

static int no_symbol(const struct vm_native *native, void *library, struct rt_error *error) {
  bool plain = dlsym(library, native->name) != NULL;
  vm_native_fail(native, error, RT_BAD_DATA,
                 plain ? "%s has a function `%s`, but does not say what it takes: there is no descriptor "
                         "aq_extern_fn_%s"
                       : "%s has no function `%s`: it does not export aq_extern_fn_%s",
                 native->library, native->name, native->name);
  rt_hint(error, "a library exports a function by AQ_EXTERN(%s, %s, \"%.200s\", …) of aq_extern.h",
          native->name, native->is_gradient ? "AQ_GRADIENT" : "AQ_FUNCTION", native->signature);
  return RT_BAD_DATA;
}

/* What a descriptor says, and what the program declares, both shown. */
static int differs(const struct vm_native *native, const char *says, struct rt_error *error) {
  vm_native_fail(native, error, RT_BAD_DATA, "`%s` of %s is not what is declared here", native->name,
                 native->library ? native->library : "the host");
  rt_hint(error, "%s has    %s%.180s\nthe program has %s%.180s", native->library ? "the library" : "the host",
          native->name, says, native->name, native->signature);
  return RT_BAD_DATA;
}

static bool is_short_text(const char *text) {
  return text && strnlen(text, VM_NATIVE_TEXT + 1) <= VM_NATIVE_TEXT;
}

static int compare(const struct vm_native *native, const char *says, struct rt_error *error) {
  struct vm_native_signature signature;
  struct rt_error why = {0};
  if (vm_native_parse(says, &signature, &why) != RT_OK)
    return vm_native_fail(native, error, RT_BAD_DATA, "what %s says of `%s` cannot be read: %.600s",
                          native->library ? native->library : "the host", native->name, why.text);
  return vm_native_same(&signature, native->parsed) ? RT_OK : differs(native, says, error);
}

int vm_native_check_descriptor(const struct vm_native *native, const struct aq_extern_descriptor *d,
                               struct rt_error *error) {
  const char *library = native->library ? native->library : "the host";
  if (d->size < sizeof *d || d->version != AQ_EXTERN_VERSION) {
    vm_native_fail(
        native, error, RT_BAD_DATA,
        "the descriptor of `%s` in %s is of version %d of aq_extern.h, and this aq reads version %d",
        native->name, library, d->size < sizeof d->size + sizeof d->version ? 0 : d->version,
        AQ_EXTERN_VERSION);
    rt_hint(error, "compile the library again with the aq_extern.h of this aq");
    return RT_BAD_DATA;
  }
  if (d->kind & ~(AQ_GRADIENT | AQ_BATCH))
    return vm_native_fail(native, error, RT_BAD_DATA, "the descriptor of `%s` in %s is of no known kind",
                          native->name, library);
  if (!is_short_text(d->name) || strcmp(d->name, native->name) != 0)
    return vm_native_fail(native, error, RT_BAD_DATA, "the descriptor of `%s` in %s says that it is `%.60s`",
                          native->name, library, is_short_text(d->name) ? d->name : "");
  if ((d->kind & AQ_GRADIENT) != native->is_gradient)
    return vm_native_fail(native, error, RT_BAD_DATA,
                          native->is_gradient ? "`%s` of %s is a function, and not the gradient of one"
                                              : "`%s` of %s is the gradient of a function",
                          native->name, library);
  if (!d->f32 && !d->f64)
    return vm_native_fail(native, error, RT_BAD_DATA, "the descriptor of `%s` in %s has no function in it",
                          native->name, library);
  return compare(native, d->signature, error);
}

static int bind_symbol(struct vm_native *native, void *library, struct rt_error *error) {
  char symbol[256];
  int length = snprintf(symbol, sizeof symbol, "aq_extern_fn_%s", native->name);
  if (length < 0 || (size_t)length >= sizeof symbol) return no_symbol(native, library, error);
  const struct aq_extern_descriptor *d = dlsym(library, symbol);
  if (!d) return no_symbol(native, library, error);
  int status = vm_native_check_descriptor(native, d, error);
  if (status == RT_OK) take_code(&native->code, d);
  return status;
}

/* ---- binding ---- */

/* Opening a pipe would wait for whoever writes into it. */
static int open_library(struct vm_module *module, const struct vm_native *native, const char *path,
                        void **library, struct rt_error *error) {
  struct stat about;
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
    vm_native_fail(native, error, RT_BAD_DATA, "%s is no shared library, but %s", native->library,
                   S_ISDIR(about.st_mode) ? "a folder" : "no ordinary file");
    rt_hint(error, "a shared library is made by cc -shared -fPIC -o %s …", last_name(native->library));
    return RT_BAD_DATA;
  }
  *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!*library) {
    const char *why = dlerror();
    vm_native_fail(native, error, RT_BAD_DATA, "%s cannot be loaded: %.600s", native->library,
                   why ? why : "it is no shared library");
    rt_hint(error, "a shared library is made by cc -shared -fPIC -o %s …", last_name(native->library));
    return RT_BAD_DATA;
  }
  module->library[module->library_count++] = *library;
  return RT_OK;
}

static int bind_library(struct vm_module *module, struct vm_native *native, const struct vm_allowed *allowed,
                        struct rt_error *error) {
  char *path = native->path ? realpath(native->path, NULL) : by_name(allowed, last_name(native->library));
  void *library = NULL;
  int status = RT_OK;
  native->missed = !path && allowed->path_count > 0;
  if (!path && native->path && allowed->path_count) {
    vm_native_fail(native, error, RT_NO_INPUT, "there is no library %s", native->path);
    rt_hint(error, "a path is seen from the folder of the program that says it");
    return RT_NO_INPUT;
  }
  if (path && is_allowed(allowed, path)) {
    status = open_library(module, native, path, &library, error);
    if (status == RT_OK) status = bind_symbol(native, library, error);
  }
  free(path);
  return status;
}

/* The host's function under that name, with its gradient. */
static int bind_host(struct vm_module *module, struct vm_native *native, const struct vm_allowed *allowed,
                     struct rt_error *error) {
  const struct vm_host_native *host = NULL;
  for (size_t k = 0; k < allowed->host_count && !host; k++)
    if (!strcmp(allowed->host[k].name, native->name)) host = &allowed->host[k];
  if (!host || native->is_gradient) return RT_OK;
  int status = compare(native, host->signature, error);
  if (status != RT_OK) return status;
  native->code = host->code;
  if (native->gradient == UINT32_MAX) return RT_OK;
  module->native[native->gradient].code = host->gradient;
  if (host->gradient.f32 || host->gradient.f64) return RT_OK;
  return vm_native_fail(native, error, RT_BAD_DATA,
                        "the host has registered `%s` without the gradient that is declared here",
                        native->name);
}

int vm_natives_bind(struct vm_module *module, const struct vm_allowed *allowed, struct rt_error *error) {
  int status = RT_OK;
  if (!module->native_count) return RT_OK;
  vm_natives_close(module);
  module->library = rt_arena_alloc(&module->arena, module->native_count * sizeof *module->library);
  if (!module->library) return rt_no_memory(error);
  for (uint32_t k = 0; k < module->native_count; k++) module->native[k].code = (struct vm_native_code){0};
  for (uint32_t k = 0; k < module->native_count && status == RT_OK; k++) {
    struct vm_native *native = &module->native[k];
    status = native->library ? bind_library(module, native, allowed, error)
                             : bind_host(module, native, allowed, error);
  }
  return status;
}

void vm_natives_close(struct vm_module *module) {
  while (module->library_count > 0) dlclose(module->library[--module->library_count]);
}
