/* aq_native.h: functions that are not aq's own: those of shared libraries, which aq_extern.h describes, and
 * those of the host. Part of aq.h.
 *
 * A program declares either as `extern fn`: with `from "./lib.so"` it is a function of a library, without it
 * one of the host. None is called unless the host allows it, whatever a program or a model file says. */
#ifndef AQ_NATIVE_H
#define AQ_NATIVE_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Functions of the host, by the names that programs have for them. Programs and models that are opened with
 * them keep a copy; the functions and `user` have to be there as long as those are. */
typedef aq_externs aq_externs;
int aq_externs_new(aq_externs **externs);
void aq_externs_free(aq_externs *externs);
const aq_message *aq_externs_message(const aq_externs *externs);

/* What is called: as aq_extern.h says for functions of libraries, but with `user` as the first argument. */
typedef void aq_host_function(void); /* stands for a function of any type */
typedef struct aq_extern_functions {
  size_t size;                 /* sizeof(aq_extern_functions) */
  aq_host_function *f32, *f64; /* for float and for double numbers; NULL: not for these */
  bool batch;                  /* called once for a batch, as AQ_BATCH says; else for each example */
} aq_extern_functions;
/* signature: "(x: [T, D], width: number) -> [T, D]", as the program declares it. gradient NULL: it has none;
 * a program that declares one is refused. AQ_USAGE: a name twice, or something is missing; AQ_BAD_DATA: the
 * signature is wrong. */
int aq_extern_register(aq_externs *externs, const char *name, const char *signature,
                       const aq_extern_functions *function, const aq_extern_functions *gradient, void *user);

/* Loads a model as aq_model_load does, and allows it native code. Of a library the model knows the name: it
 * is the allowed file of that name, or the file of that name in an allowed folder. Without permission a model
 * can be looked at and explained, but AQ_NOT_ALLOWED is what a session of it says, and AQ_BAD_DATA where a
 * function of the host is missing. */
typedef struct aq_load_options {
  size_t size;                  /* sizeof(aq_load_options) */
  const char *const *allow_ffi; /* [allow_ffi_count] files of libraries, or folders that have them */
  size_t allow_ffi_count;
  const aq_externs *externs; /* NULL: the host has no functions */
  const void *bytes;         /* NULL: it is in the file at path; else in these, as aq_model_load_memory */
  size_t length;
  const char *const *files_from; /* [files_from_count] folders: rows may name files in them, too, beside those
                                    in the folder of their table */
  size_t files_from_count;
} aq_load_options;
void aq_load_options_init(aq_load_options *options); /* sets size */
int aq_model_load_with(const char *path, const aq_load_options *options, aq_model **model);

/* A native function that a model calls, or that of a program that was checked, counted from 0; NULL beyond
 * the last. It lives as long as the model, or until the next check. */
typedef struct aq_extern {
  size_t size;
  const char *name, *signature;
  const char *library;  /* as the program says, of a model file the name alone; NULL: the host's */
  const char *gradient; /* the name of its gradient; NULL: it has none */
  bool allowed;
} aq_extern;
const aq_extern *aq_model_extern(const aq_model *model, size_t number);
const aq_extern *aq_program_extern(const aq_program *program, size_t number);

#ifdef __cplusplus
}
#endif
#endif
