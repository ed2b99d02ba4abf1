/* function.h: what the files about functions that run by themselves share: function.c makes and runs them,
 * bind_sizes.c finds what sizes they have, operands.c says what they take and give, run_files.c runs them on
 * files. */
#ifndef AQ_LIBAQ_FUNCTION_H
#define AQ_LIBAQ_FUNCTION_H

#include "libaq/internal.h"

/* Numbers that are handed over, with a copy of their sizes. */
struct function_tensor {
  bool given;
  const void *data; /* NULL: only the sizes are known yet, or there are no numbers */
  int rank;
  int64_t size[RT_MAX_RANK];
};

struct function_result {
  const int64_t *offset[RT_MAX_RANK]; /* of ragged axes */
};

struct aq_function {
  struct lib_message message;
  struct vm_module *module;
  const struct vm_function *run;
  enum rt_precision precision;
  uint64_t seed, random; /* of parameters; of random numbers */
  bool batch;
  struct rt_pool *pool;
  struct vm_machine *machine;
  struct aq_model *from; /* whose parameters count; NULL: none */

  /* Where tensors come from. NULL: they are in memory. */
  const char *argument_file, *parameter_file;
  struct io_tensors *read_from; /* the same file, open */
  const char *prefix;           /* of names in it */

  struct function_tensor *argument;  /* [inputs] of the last bind */
  struct function_tensor *parameter; /* [params] what a host has given */
  const char **parameter_words;      /* [params] "the parameter f.W" */
  aq_operand *takes, *has, *gives;   /* [inputs], [params], [outputs] what hosts are told of them */

  const char **bound_by; /* [symbols] what gave a symbol its size, for messages */
  bool *fixed;           /* [symbols] parameters have it, so it stays */
  int64_t **each;        /* [symbols] sizes of the examples, of ragged ones */
  size_t *each_capacity;
  int64_t *example; /* [symbols] scratch: sizes of one example */
  int64_t examples;

  struct lib_params values; /* when made */
  struct function_result *result;
  int64_t *offsets; /* all of the results */
  size_t offsets_capacity;
  bool made, bound, ready, ran;
  bool running, freed; /* in a run, which may call the host; the host has freed it meanwhile */
  struct rt_arena arena;
};

/* Compiles it; also after a failure it is freed with function_end. The pool and the machine are made. */
int function_begin(struct aq_function *f, aq_program *program, const aq_function_options *options,
                   struct rt_error *error);
void function_end(struct aq_function *f);
/* Finds the sizes, makes parameters that are not made, and binds the machine, unless all is as in the last
 * run. argument: [inputs]. */
int function_bind(struct aq_function *f, const aq_tensor *argument, int64_t examples, struct rt_error *error);
int function_run(struct aq_function *f, struct rt_error *error);

/* Gives symbols the sizes of the arguments, and checks what the program asks of these (bind_sizes.c). */
int function_sizes(struct aq_function *f, const aq_tensor *argument, int64_t examples,
                   struct rt_error *error);
/* Are they those of the last bind? */
bool function_same_sizes(const struct aq_function *f, const aq_tensor *argument, int64_t examples);
/* A tensor for the parameter: has it the rank and the sizes, as far as these are known? */
int function_fits(const struct aq_function *f, uint32_t parameter, const aq_tensor *tensor,
                  struct rt_error *error);

/* Are these numbers of the type that is needed, and aligned (operands.c)? what: "x", "the parameter f.W". */
int function_check_numbers(const struct aq_function *f, const char *what, const struct vm_type *type,
                           const aq_tensor *tensor, struct rt_error *error);
/* Notes what operands are like, for the host. */
int function_describe(struct aq_function *f, struct rt_error *error);
/* Where examples begin along the ragged axes of results. After each bind. */
int function_offsets(struct aq_function *f, struct rt_error *error);

#endif
