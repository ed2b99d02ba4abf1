/* native_library.h: finds the functions that a module declares, in libraries that are allowed and among what
 * the host has. */
#ifndef AQ_VM_NATIVE_LIBRARY_H
#define AQ_VM_NATIVE_LIBRARY_H

#include "runtime/ops.h"
#include "vm/module.h"

/* A function that the host has registered. */
struct vm_host_native {
  const char *name, *signature;
  struct vm_native_code code, gradient; /* gradient: both NULL: it has none */
};
/* What may be called. Paths are absolute and canonical: of a library, or of a folder that has it. files:
 * where rows may name files, which is allowed in the same way. */
struct vm_allowed {
  const char *const *path;
  const char *const *said; /* the same as they were said: libx.so may be a link to libx.so.1 */
  size_t path_count;
  const struct vm_host_native *host;
  size_t host_count;
  struct io_folders files;
};

/* Gives each native function of the module its code, as far as it is allowed, and opens the libraries for
 * that. Nothing is called. RT_OK also where some are not allowed: those cannot be called. Fails when a
 * library or function that is allowed is not there, or is not what the program declares. */
int vm_natives_bind(struct vm_module *module, const struct vm_allowed *allowed, struct rt_error *error);
/* Fails when some function is not: how to allow it is in the hint. */
int vm_natives_allowed(const struct vm_module *module, struct rt_error *error);
void vm_natives_close(struct vm_module *module); /* the libraries */
/* RT_OK when a descriptor that a library exports is what the program declares, RT_BAD_DATA when it is not. */
struct aq_extern_descriptor;
int vm_native_check_descriptor(const struct vm_native *native, const struct aq_extern_descriptor *descriptor,
                               struct rt_error *error);

/* native_check.c: RT_OK when all native functions that a function of the module calls are allowed, and are
 * for that precision. */
int vm_natives_ready(const struct vm_module *module, const struct vm_function *function,
                     enum rt_precision precision, struct rt_error *error);
/* Fails with a place in the program: where the function is declared. */
int vm_native_fail(const struct vm_native *native, struct rt_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* It is not allowed (RT_NOT_ALLOWED), or the host does not have it (RT_BAD_DATA). */
int vm_native_refuse(const struct vm_native *native, struct rt_error *error);

#endif
