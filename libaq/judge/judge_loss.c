/* judge_loss.c: what the function "eval" says of losses, and what rows count in them. */
#include "libaq/judge/judge.h"

bool lib_has_total(const struct vm_module *m) {
  const struct vm_function *eval = vm_module_function(m, "eval");
  uint32_t count = m->output_count;
  return count > 1 || (eval->output_count > count + 1 && eval->output[count] != eval->output[count + 1]);
}

double lib_judge_value(const struct lib_judge *judge, uint32_t output) {
  double value;
  struct rt_tensor t = vm_machine_output(judge->machine, output);
  lib_to_double(&t, judge->feed.precision, &value);
  return value;
}

bool lib_judge_weight(const struct lib_judge *judge, uint32_t o, double *weight) {
  uint32_t outputs = judge->module->output_count;
  bool said = vm_module_function(judge->module, "eval")->output_count == 3 * outputs + 1;
  if (said) *weight = lib_judge_value(judge, 2 * outputs + 1 + o);
  return said;
}
