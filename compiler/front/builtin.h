/* builtin.h: what the files of built-in functions share. A handler checks its arguments, appends ops and sets
 * *result; it returns RT_OK or the error's code. */
#ifndef AQ_COMPILER_FRONT_BUILTIN_H
#define AQ_COMPILER_FRONT_BUILTIN_H

#include "compiler/front/arguments.h"

typedef const struct cc_call_args args_t;
typedef int cc_builtin_run(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                           struct cc_value *result);

#define CC_TAKES(rows) rows, RT_COUNT(rows)

/* builtin_args.c. An error within a slot, where there are no tensors. */
int cc_builtin_no_slot(struct cc_context *c, const struct cc_builtin *self, args_t *args);
/* Argument i as a tensor of real numbers. */
int cc_builtin_tensor(struct cc_context *c, args_t *args, int i, ir_id *id);
/* The axis of x that argument `at` names by its dim. */
int cc_builtin_axis(struct cc_context *c, args_t *args, int at, ir_id x, int *axis);
/* The result is that node; id 0: it failed and the error is set. */
int cc_builtin_done(struct cc_context *c, struct cc_value *result, ir_id id);

/* builtin_rows.c: along an axis */
cc_builtin_run cc_run_along; /* softmax, log_softmax, standardize, rms_standardize */
cc_builtin_run cc_run_cumsum;
cc_builtin_run cc_run_entmax; /* sparsemax, entmax */
cc_builtin_run cc_run_top_k;

/* builtin_config.c */
cc_builtin_run cc_run_config;
cc_builtin_run cc_run_refuse;

/* builtin_image.c */
cc_builtin_run cc_run_convolve;
cc_builtin_run cc_run_max_pool;

/* builtin_shape.c */
cc_builtin_run cc_run_reshape;
cc_builtin_run cc_run_expand;
cc_builtin_run cc_run_transpose;
cc_builtin_run cc_run_fill; /* zeros, ones */
cc_builtin_run cc_run_range;
cc_builtin_run cc_run_sample;
cc_builtin_run cc_run_concat;

#endif
