/* judge_finite.c: can an answer be judged? It must be finite, and so must the loss. */
#include <math.h>
#include <string.h>

#include "libaq/judge/judge.h"

/* The score of a class may be minus infinity, which means a probability of 0, but not the scores of all. */
static bool scores_are_finite(const struct lib_judge *judge, const struct rt_tensor *t, int64_t row,
                              int64_t columns) {
  double most = -INFINITY;
  for (int64_t k = row * columns; k < (row + 1) * columns; k++) {
    double x = lib_number_at(t->data, judge->feed.precision, k);
    if (isnan(x)) return false;
    most = x > most ? x : most;
  }
  return isfinite(most) || columns == 0;
}

static bool output_is_finite(const struct lib_judge *judge, uint32_t o) {
  struct rt_tensor t = vm_machine_output(judge->machine, o);
  int64_t rows, columns;
  lib_output_size(&t, &rows, &columns);
  if (judge->report[o].kind & (REP_CLASS | REP_OF_TAGS | REP_OF_NEXT | REP_FRAMES)) {
    for (int64_t r = 0; r < rows; r++)
      if (!scores_are_finite(judge, &t, r, columns)) return false;
    return true;
  }
  for (int64_t k = 0; k < rows * columns; k++)
    if (!isfinite(lib_number_at(t.data, judge->feed.precision, k))) return false;
  return true;
}

static int run_in_double(const struct lib_judge *judge, struct vm_machine *machine, struct lib_batch batch,
                         double *loss, struct rt_error *error) {
  struct lib_feed feed;
  int status = lib_feed_init(&feed, judge->module, judge->schema, RT_F64, error);
  if (status == RT_OK) status = lib_feed_rows(&feed, machine, batch, error);
  if (status == RT_OK) status = vm_machine_run(machine, 0, error);
  if (status == RT_OK) {
    struct rt_tensor t = vm_machine_output(machine, judge->module->output_count);
    lib_to_double(&t, RT_F64, loss);
  }
  lib_feed_free(&feed);
  return status;
}

/* Computes the loss of these rows once more, in double: an error of 1e20 is a float, but its square is not.
 * This is rare, so what it needs is made here and now. */
static int loss_in_double(const struct lib_judge *judge, struct lib_batch batch, double *loss,
                          struct rt_error *error) {
  const struct vm_function *eval = vm_module_function(judge->module, "eval");
  struct lib_params params;
  struct vm_machine *machine = NULL;
  int status = lib_params_convert(&params, judge->params, judge->module, RT_F64, error);
  if (status == RT_OK && !(machine = vm_machine_new(judge->module, eval, RT_F64, judge->pool, error)))
    status = error->code;
  if (status == RT_OK) lib_params_bind(&params, machine);
  if (status == RT_OK) status = run_in_double(judge, machine, batch, loss, error);
  vm_machine_free(machine);
  lib_params_free(&params);
  return status;
}

/* Says what is not finite, and which op of the program made the first number that is not. */
static int not_finite(struct lib_judge *judge, const char *what, struct rt_error *error) {
  struct rt_error why = {0};
  rt_fail(error, RT_NOT_FINITE, "%s is not finite for this row", what);
  lib_judge_hint_weight(judge, error);
  if (vm_machine_blame(judge->machine, 0, &why) == RT_NOT_FINITE) lib_hint_place(&why, error);
  return RT_NOT_FINITE;
}

void lib_judge_hint_weight(const struct lib_judge *judge, struct rt_error *error) {
  double weight;
  for (uint32_t o = 0; o < judge->module->output_count; o++)
    if (lib_judge_weight(judge, o, &weight) && weight < 0)
      rt_hint(error, "%s counts its rows as %g in all, which must not be less than 0",
              judge->module->output[o].loss, weight);
}

int lib_judge_check(struct lib_judge *judge, struct lib_batch batch, double *loss, struct rt_error *error) {
  for (uint32_t o = 0; o < judge->module->output_count; o++)
    if (!output_is_finite(judge, o)) return not_finite(judge, judge->module->output[o].name, error);
  if (!loss) return RT_OK;
  struct rt_tensor t = vm_machine_output(judge->machine, judge->module->output_count);
  lib_to_double(&t, judge->feed.precision, loss);
  int status = RT_OK;
  if (!isfinite(*loss) && judge->feed.precision != RT_F64) status = loss_in_double(judge, batch, loss, error);
  return status != RT_OK || isfinite(*loss) ? status : not_finite(judge, "the loss", error);
}
