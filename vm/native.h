/* native.h: functions that are not aq's own, but of a shared library or of the host, which a program declares
 * as `extern fn`. How they are called: vm/aq_extern.h. */
#ifndef AQ_VM_NATIVE_H
#define AQ_VM_NATIVE_H

#include "runtime/tensor.h"

enum { VM_NATIVE_ARGS = 16, VM_NATIVE_SIZES = 32, VM_NATIVE_TEXT = 1000 /* letters of a signature */ };

enum vm_native_kind { VM_NATIVE_TENSOR, VM_NATIVE_IDS, VM_NATIVE_NUMBER, VM_NATIVE_WHOLE };

/* Axes and the range of ids are numbers of sizes. */
struct vm_native_type {
  uint8_t kind, rank, axis[RT_MAX_RANK], of;
};
struct vm_native_name {
  const char *text; /* in the signature */
  int length;
};
struct vm_native_signature {
  int arg_count, size_count;
  struct vm_native_arg {
    struct vm_native_name name;
    struct vm_native_type type;
  } arg[VM_NATIVE_ARGS];
  struct vm_native_type result;
  struct vm_native_size {
    struct vm_native_name name;
    int64_t value; /* -1: it has a name */
  } size[VM_NATIVE_SIZES];
  bool each; /* numbers alone: it is applied element by element */
};

/* Reads "(x: [T, D], k: whole) -> [T] of V". The text has to outlive what is read. RT_BAD_DATA, with a
 * message that says what is wrong with it. */
int vm_native_parse(const char *text, struct vm_native_signature *signature, struct rt_error *error);
/* The same but for what sizes are called? */
bool vm_native_same(const struct vm_native_signature *a, const struct vm_native_signature *b);
/* Does an argument receive a gradient? */
static inline bool vm_native_is_real(const struct vm_native_type *type) {
  return type->kind == VM_NATIVE_TENSOR || type->kind == VM_NATIVE_NUMBER;
}
/* How many of them do. */
int vm_native_real_count(const struct vm_native_signature *signature);

/* What is called. */
struct vm_native_code {
  void (*f32)(void), (*f64)(void); /* NULL: not for that precision */
  bool batch;                      /* once for a batch, not for each example */
  bool host;                       /* `user` is its first argument */
  void *user;
};

/* A function as a program declares it. */
struct vm_native {
  const char *name, *signature;
  const char *library; /* as the program says; NULL: the host has it */
  bool is_gradient;    /* of another, whose signature it has */
  uint32_t gradient;   /* number of its gradient; UINT32_MAX: it has none */
  const char *file;    /* where it is declared */
  uint32_t line, column;
  /* Not in files: */
  const char *path; /* of the library, by the folder of the program; NULL: not known */
  const struct vm_native_signature *parsed;
  bool missed;                /* what is allowed has no file of that name */
  struct vm_native_code code; /* both NULL: not allowed so far */
};

#endif
