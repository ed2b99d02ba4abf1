/* check_program.c: all definitions are checked, each after what it uses, and the model last. */
#include "compiler/compile.h"
#include "compiler/front/elaborate.h"

/* A definition that is broken, or uses a broken one, has its error already. Further errors would only
 * follow from that one. */
static int check_definition(struct cc_program *program, struct cc_definition *d, struct vm_module **model,
                            struct rt_error *no_memory) {
  struct rt_error error = {0};
  for (const struct cc_use *use = d->uses; use; use = use->next) d->broken |= use->to->broken;
  if (d->broken || d->unit->is_stdlib) return RT_OK;
  int status = cc_check_one(program, d, model, &error);
  if (status == RT_OK) return RT_OK;
  d->broken = true;
  cc_place_memory(&error, d->node->name_span, "this definition");
  if (status == RT_NO_MEMORY && no_memory) *no_memory = error;
  return cc_report_copy(&program->diagnostics, &error);
}

int cc_check(struct cc_program *program, struct vm_module **module, struct rt_error *error) {
  struct cc_definition *model = NULL;
  struct rt_error found = {0}; /* one after the other: a host may have little stack */
  int status = RT_OK;
  if (module) *module = NULL;
  for (struct cc_definition *d = program->first; d && status == RT_OK; d = d->next)
    if (d->node->kind == GR_MODEL && d->unit == program->main)
      model = d;
    else
      status = check_definition(program, d, NULL, error);
  if (status == RT_OK && model) status = check_definition(program, model, module, error);
  if (status == RT_OK && !model && program->main && !program->main->data_broken
      && cc_check_alone(program, &found))
    status = cc_report_copy(&program->diagnostics, &found);
  rt_error_clear(&found);
  if (status == RT_OK && program->main && cc_check_given(program, &found))
    status = cc_report_copy(&program->diagnostics, &found);
  rt_error_clear(&found);
  if (status == RT_OK && program->diagnostics.error_count == 0 && cc_check_values(program, &found))
    status = cc_report_copy(&program->diagnostics, &found);
  if (status == RT_OK && program->diagnostics.error_count == 0) status = cc_report_unused(program);
  if (program->diagnostics.error_count > 0) cc_drop_warnings(&program->diagnostics);
  cc_diagnostics_sort(&program->diagnostics);
  const struct rt_error *first = cc_first_error(&program->diagnostics);
  if (status != RT_OK) return rt_no_memory(error);
  if (first && error) *error = *first;
  return first ? first->code : RT_OK;
}
