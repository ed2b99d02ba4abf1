/* aq_function.h: functions of a program on tensors, those in memory and those in files: a part of aq.h, which
 * includes it behind what it needs. */
#ifndef AQ_FUNCTION_H
#define AQ_FUNCTION_H

#include "aq_base.h"
#include "aq_profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Functions on tensors in memory: compiled once, run often ---- */

/* Computes with a function of a program on the host's own numbers, and gives gradients:
 *
 *     fn f(x: [T, D], w: [D]) -> [T] = sum(tanh(x) * w, D)
 *
 *     aq_function_options options;
 *     aq_function_options_init(&options);
 *     options.gradients = true;
 *     aq_function_new(program, &options, &function);
 *     int64_t of_x[] = {32, 64}, of_w[] = {64};
 *     aq_tensor argument[] = {{.data = x, .rank = 2, .size = of_x}, {.data = w, .rank = 1, .size = of_w}};
 *     aq_function_run(function, argument, 2, 0);
 *     aq_tensor y = aq_function_value(function, 0);       "out"
 *     aq_tensor dw = aq_function_value(function, 2);      "grad.w"
 *
 * Nothing is copied: arguments are read where they are, and results lie in the function's memory until its
 * next run. Sizes may change from run to run; as long as they are those of the run before, a run costs what
 * its computing costs. */
typedef aq_function aq_function;

enum aq_number { AQ_FLOAT, AQ_DOUBLE, AQ_INT32 };

/* Numbers in memory, row-major. It is handed over in arrays and by value, so that it has no `size` of its
 * own: it alone of all structs stays for ever as it is. */
typedef struct aq_tensor {
  const void *data;      /* aligned as numbers of its type are; NULL when there are none */
  enum aq_number number; /* float or double, as the function computes; int32_t for whole numbers */
  int rank;
  const int64_t *size; /* [rank] of each axis; of a ragged one the sum over the examples */
  /* NULL: no axis is ragged. Else [rank], with NULL for those that are not, and for a ragged one where each
   * example begins along it, [examples + 1]: {0, 3, 7} are two examples of 3 and 4. */
  const int64_t *const *offset;
  int64_t examples; /* of a result that is one for each example: how many lie one behind the other; else 0 */
} aq_tensor;

typedef struct aq_function_options {
  size_t size;                 /* sizeof(aq_function_options) */
  const char *function;        /* NULL: the last fn or head of the file */
  enum aq_precision precision; /* of all real numbers, also those of the host */
  bool gradients;              /* also of the sum of all results, for each real argument and parameter */
  int threads;                 /* 1; 0: all cores. Results do not depend on it */
  int64_t seed;                /* of parameters, and of random numbers at first */
  aq_model *parameters;        /* those with its names, behind the first dot, begin as its; NULL: as the
                                         program says */
  bool training; /* dropout drops, and what is drawn is drawn; false: as when a model predicts */
  /* A run computes many examples at once, and the function speaks of one: each argument then is so many,
   * packed one behind the other, but for those in shared. Gradients of these and of parameters are sums over
   * the examples. */
  bool batch;
  const char *const *shared; /* [shared_count] names of arguments */
  size_t shared_count;
  /* [ragged_count] dims, "T", whose size each example has of its own, in a batch. */
  const char *const *ragged;
  size_t ragged_count;
  aq_pool *pool; /* as in aq_eval_options */
} aq_function_options;
void aq_function_options_init(aq_function_options *options); /* sets size and the defaults */

/* The function lives on when the program is freed. */
int aq_function_new(aq_program *program, const aq_function_options *options, aq_function **function);
void aq_function_free(aq_function *function);
const aq_message *aq_function_message(const aq_function *function);

/* An argument, a parameter or a result, by its name. It lives as long as the function. */
typedef struct aq_operand {
  size_t size;
  const char *name;  /* "x", "f.linear.W", "out", "grad.x" */
  const char *shape; /* as the program says it: "[T, D]" */
  enum aq_number number;
  int rank;
  bool each; /* one for each example of a batch */
} aq_operand;
size_t aq_function_argument_count(const aq_function *function);
size_t aq_function_parameter_count(const aq_function *function);
size_t aq_function_result_count(const aq_function *function);
/* k from 0; NULL beyond the last. Results are "out", or "out.0", "out.1", … or as the program names them;
 * then the gradients, "grad." and the name of the argument or parameter. */
const aq_operand *aq_function_argument(const aq_function *function, size_t k);
const aq_operand *aq_function_parameter(const aq_function *function, size_t k);
const aq_operand *aq_function_result(const aq_function *function, size_t k);

/* Runs it. argument: [count] in the order in which the program declares them. examples: how many, of a batch;
 * else it is not looked at. AQ_USAGE: an argument has another shape than the program says, or other numbers;
 * the message names it. AQ_BAD_DATA: a whole number is beyond its range, or sizes do not meet what the
 * program asks of them. After a failure there are no results. */
int aq_function_run(aq_function *function, const aq_tensor *argument, size_t count, int64_t examples);
/* Result k of the last run, until the next one, or as long as an argument lives that is the result. data NULL
 * and rank 0: there is none. */
aq_tensor aq_function_value(const aq_function *function, size_t k);

/* Parameters. They are made when their sizes are known, by the first run at the latest, and keep their sizes
 * from then on. What they begin with can be read then; NULL: not yet. */
aq_tensor aq_function_parameter_value(const aq_function *function, size_t k);
/* From now on the parameter called so is what the host has there: read at each run, not copied. The host may
 * write to it between runs, as a step of training does. tensor NULL: the function's own again. */
int aq_function_set_parameter(aq_function *function, const char *name, const aq_tensor *tensor);
/* The random numbers of the runs that follow (dropout): the same seed gives the same. */
int aq_function_seed(aq_function *function, int64_t seed);

/* ---- Functions on tensors in files: the door for comparing with anything else ---- */

typedef struct aq_run_options {
  size_t size;          /* sizeof(aq_run_options) */
  const char *function; /* NULL: the last fn or head of the file */
  const char *inputs;   /* a safetensors file with a tensor for each argument, by its name */
  const char *params;   /* one with the parameters by their paths; NULL: they begin as the program says */
  const char *outputs;  /* the one that is written: "out", or "out.0", "out.1", …; NULL: none */
  bool gradients;   /* also "grad.NAME": of the sum of all outputs, for each real argument and parameter */
  bool save_params; /* also "param.PATH": the parameters */
  enum aq_precision precision;
  int64_t seed;        /* of parameters and random numbers */
  int threads;         /* 1; 0: all cores. Results do not depend on it */
  int64_t repeat;      /* how many times to run; above 1 to take the time */
  aq_profile *profile; /* as in aq_train_options */
} aq_run_options;
void aq_run_options_init(aq_run_options *options); /* sets size and the defaults */
typedef struct aq_run_facts {
  size_t size;
  double seconds_per_run;
  size_t peak_bytes; /* of intermediate values, without inputs and parameters */
  /* Tensors of the file of parameters that the function has no parameter for: how many, and the names of the
   * first ones with commas between them, cut where they are too long. */
  int64_t unused_params;
  const char *unused;
  /* The same of the file of inputs, and of arguments. */
  int64_t unused_inputs;
  const char *unread;
} aq_run_facts;
/* facts may be NULL. *facts lives until the next call for this program; NULL after a failure. */
int aq_program_run(aq_program *program, const aq_run_options *options, const aq_run_facts **facts);

#ifdef __cplusplus
}
#endif
#endif
