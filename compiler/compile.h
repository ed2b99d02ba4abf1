/* compile.h: the compiler from outside: a loaded program in, a verified module out. */
#ifndef AQ_COMPILER_COMPILE_H
#define AQ_COMPILER_COMPILE_H

#include "compiler/front/reaches.h"
#include "compiler/source/program.h"
#include "vm/module.h"

/* read_program.c: parses the text and everything it imports, and checks all names. Whatever is wrong is in
 * the diagnostics. NULL when there was no memory. */
struct cc_program *cc_program_read(const struct cc_source *source);
/* The same, but a program with an error is NULL, with its first error. */
struct cc_program *cc_program_load(const struct cc_source *source, struct rt_error *error);

/* Proves the whole program: shapes of every function that can be checked without a call, then those of the
 * model, its loss and training settings. All that is wrong joins program->diagnostics; error is the first.
 * *model, unless NULL: when there is a model, a module that says what it asks of rows, without functions, to
 * be freed; else NULL. */
int cc_check(struct cc_program *program, struct vm_module **model, struct rt_error *error);

/* What the signature of a function says of an argument; NULL: it has none that is called so. */
const struct gr_node *cc_argument_of(struct cc_program *program, const char *function, const char *argument);

/* What check_program.c asks of compile.c: one function, head or model; the data and settings of a program
 * that has no model; that -D names dims and consts. */
int cc_check_one(struct cc_program *program, const struct cc_definition *d, struct vm_module **model,
                 struct rt_error *error);
int cc_check_alone(struct cc_program *program, struct rt_error *error);
int cc_check_given(struct cc_program *program, struct rt_error *error);
/* Dims and consts, also those that nothing uses. */
int cc_check_values(struct cc_program *program, struct rt_error *error);

/* Gives the reaches of a function (by its name), or of the model, or without one of the last function. They
 * live until `row` returns, which ends it with a status that is not RT_OK. */
int cc_reaches(struct cc_program *program, const char *name, cc_reach_row *row, void *context,
               struct rt_error *error);

/* The model as a module with the functions "predict", "eval", "train" and "attend", where there are
 * two ways to train also VM_TRAIN_MANY (vm/work.h), and "begin" and "step" of what goes on token by token;
 * with "vector" alone where program->vector asks for a value. */
struct vm_module *cc_compile_model(struct cc_program *program, struct rt_error *error);

/* One fn or head as a module with the function "run": its arguments are the inputs, its results the outputs
 * "out", or "out.0", "out.1", …; with gradients, also the gradient of the sum of all outputs for every
 * argument and parameter, as outputs named "grad.NAME".
 * Inputs and the dims in their types that are not file-level dims are BOUND symbols of the module; arguments
 * without a type are dims, numbers or functions and need a default. */
struct vm_module *cc_compile_function(struct cc_program *program, const struct cc_alone *alone,
                                      struct rt_error *error);

#endif
