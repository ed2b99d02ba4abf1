/* verify_module.c: the parts of a module beside its functions. */
#include "vm/link.h"
#include "vm/target.h"
#include "vm/verify_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int bad(struct verify *v, const char *what, uint32_t number) {
  return rt_fail(v->error, RT_BAD_DATA, "bad module: %s %u", what, number);
}

static int verify_dims(struct verify *v) {
  const struct vm_dims *dims = &v->module->dims;
  for (size_t i = 0; i < dims->symbol_count; i++) {
    const struct vm_symbol *symbol = &dims->symbol[i];
    if (!symbol->name || (unsigned)symbol->kind > VM_FLOOR || symbol->limit < 0 || symbol->least < 0
        || (symbol->kind == VM_CONST && symbol->value < 0))
      return bad(v, "symbol", (uint32_t)i);
  }
  return dims->poly_count && vm_dims_floors_fit(dims) ? RT_OK : bad(v, "table of dims", 0);
}

static int verify_param(struct verify *v, uint32_t n) {
  const struct vm_param *param = &v->module->param[n];
  char what[96];
  if (!param->name || (unsigned)param->init.kind > VM_INIT_LOAD
      || (param->init.kind == VM_INIT_LOAD && (!param->init.file || !param->init.tensor))
      || !isfinite(param->init.a) || !isfinite(param->init.b) || !isfinite(param->lr)
      || !isfinite(param->weight_decay))
    return bad(v, "parameter", n);
  snprintf(what, sizeof what, "parameter %.60s", param->name);
  int status = verify_type(v, &param->type, what);
  if (status == RT_OK && (param->type.batched || param->type.dtype != RT_REAL))
    status = bad(v, "type of parameter", n);
  return status;
}

/* A symbol number of that kind, or -1. What the data binds may also be a constant that it has to agree with.
 */
static bool symbol_fits(const struct vm_dims *dims, int64_t number, enum vm_symbol_kind kind) {
  if (number == -1) return true;
  if (number < 0 || (uint64_t)number >= dims->symbol_count) return false;
  enum vm_symbol_kind found = dims->symbol[number].kind;
  return found == kind || (kind == VM_BOUND && found == VM_CONST);
}

/* Is the column that a column is made of there, and of a kind that it can be made of? */
static bool pair_fits(const struct vm_module *m, const struct io_column *column) {
  if (column->pair == -1) return !column->kind->made;
  return (column->kind->made || column->kind->lies_in) && column->pair >= 0
         && (uint32_t)column->pair < m->column_count && m->column[column->pair].kind
         && io_kind_belongs(column->kind, m->column[column->pair].kind);
}

static int verify_column(struct verify *v, uint32_t n) {
  const struct io_column *column = &v->module->column[n];
  bool fits = column->name && column->name[0] && column->kind && !io_kind_misfit(column->kind, &column->set)
              && isfinite(column->set.number);
  fits = fits && pair_fits(v->module, column) && column->number >= 0 && (!column->number || column->source)
         && (!column->second || (column->source && column->kind->texts > 1));
  for (uint32_t k = 0; k < n && fits; k++) fits = strcmp(v->module->column[k].name, column->name) != 0;
  return fits ? RT_OK : bad(v, "column", n);
}

static int verify_input(struct verify *v, uint32_t n) {
  const struct vm_input *input = &v->module->input[n];
  char what[96];
  if (!input->name || !symbol_fits(&v->module->dims, input->vocabulary, VM_BOUND)
      || !symbol_fits(&v->module->dims, input->length, VM_RAGGED))
    return bad(v, "input", n);
  if (input->matched && (input->type.dtype != RT_REAL || input->type.rank || !input->type.batched))
    return bad(v, "input", n);
  if (input->spelled
      && (input->type.dtype != RT_INT || input->type.rank != 1 || input->length < 0 || !input->is_target))
    return bad(v, "input", n);
  snprintf(what, sizeof what, "input %.60s", input->name);
  return verify_type(v, &input->type, what);
}

static int verify_requirement(struct verify *v, uint32_t n) {
  const struct vm_requirement *r = &v->module->requirement[n];
  bool fits = r->dim < v->module->dims.poly_count && r->kind <= VM_WHOLE && r->what && r->file && r->text;
  return fits ? RT_OK : bad(v, "requirement", n);
}

/* Ways through scores of steps are those of tags. */
static bool output_complete(const struct vm_module *m, const struct vm_output *output) {
  if (!output->name || !output->loss || !output->link || output->target < 0
      || (uint32_t)output->target >= m->input_count)
    return false;
  const struct vm_link *link = vm_link_find(output->link);
  return link && (link->apply || vm_form_of(&m->input[output->target]) == VM_TAGS);
}

static int verify_outputs(struct verify *v) {
  const struct vm_module *m = v->module;
  for (uint32_t i = 0; i < m->output_count; i++)
    if (!output_complete(m, &m->output[i])) return bad(v, "output", i);
  return RT_OK;
}

/* Is that output of the function, if it is one at all, of the kind of numbers that is kept? */
static bool output_fits(const struct vm_function *f, uint32_t output, const struct vm_type *kept) {
  return output == UINT32_MAX
         || (output < f->output_count && f->value[f->output[output]].type.dtype == kept->dtype);
}

/* Sizes are compared when a value is kept. */
int verify_continuing(struct verify *v) {
  const struct vm_module *m = v->module;
  const struct vm_continuing *c = &m->continuing;
  const struct vm_function *begin = vm_module_function(m, "begin"), *step = vm_module_function(m, "step");
  if (!step) return c->kept_count ? bad(v, "step of a text", 0) : RT_OK;
  bool fits = begin && !begin->argument_count && step->output_count > 0
              && step->argument_count == c->kept_count && (c->kept || !c->kept_count) && c->before >= 0
              && symbol_fits(&m->dims, c->before, VM_RAGGED);
  for (uint32_t k = 0; fits && k < c->kept_count; k++)
    fits = output_fits(begin, c->kept[k].start, &step->argument[k])
           && output_fits(step, c->kept[k].next, &step->argument[k]) && c->kept[k].most >= 0
           && (c->kept[k].most == 0 || symbol_fits(&m->dims, c->kept[k].rows, VM_RAGGED));
  return fits ? RT_OK : bad(v, "step of a text", 0);
}

static int verify_settings(struct verify *v) {
  const struct vm_settings *s = &v->module->settings;
  bool fits = s->optimizer && s->schedule && isfinite(s->learning_rate) && isfinite(s->weight_decay)
              && isfinite(s->clip) && isfinite(s->average) && s->warmup.steps >= 0 && s->warmup.number >= 0
              && s->warmup.number <= 1 && s->batch >= 0 && s->epochs >= 0 && s->patience >= 0;
  for (int k = 0; k < RT_MOST_SETTINGS; k++)
    fits = fits && isfinite(s->optimizer_setting[k]) && isfinite(s->schedule_setting[k].number)
           && s->schedule_setting[k].steps >= 0;
  return fits ? RT_OK : bad(v, "training settings", 0);
}

static int verify_mix(struct verify *v, uint32_t i) {
  const struct vm_mix *mix = &v->module->mix[i];
  bool complete = mix->name && (mix->weighed || !mix->weighed_count);
  for (uint32_t k = 0; complete && k < mix->weighed_count; k++) complete = mix->weighed[k];
  return complete ? RT_OK : bad(v, "mix", i);
}

static bool runs_fit(const struct vm_module *m, const struct vm_axis_runs *runs) {
  bool fit = (runs->run || !runs->count) && runs->count <= VM_MOST_RUNS;
  for (uint32_t i = 0; i < runs->count && fit; i++) {
    const struct vm_run *run = &runs->run[i];
    fit = run->input < m->input_count && run->at < m->dims.poly_count && (run->rank == 1 || run->rank == 2);
    for (int k = 0; k < run->rank && fit; k++)
      fit = run->axis[k] < m->input[run->input].type.rank && run->count[k] < m->dims.poly_count
            && run->start[k] < m->dims.poly_count && run->step[k] < m->dims.poly_count;
  }
  return fit;
}

static bool module_complete(const struct vm_module *m) {
  return m->name && (m->param || !m->param_count) && (m->column || !m->column_count)
         && (m->input || !m->input_count) && (m->output || !m->output_count)
         && (m->function || !m->function_count) && (m->lanes || !m->lanes_count)
         && (m->attend || !m->attend_count) && (m->head_name || !m->attend_count)
         && (m->line || !m->line_count) && (m->head || !m->head_count) && (m->mix || !m->mix_count)
         && (m->map || !m->map_count) && (m->requirement || !m->requirement_count)
         && (m->native || !m->native_count);
}

int verify_module_parts(struct verify *v) {
  const struct vm_module *m = v->module;
  int status = module_complete(m) ? verify_dims(v) : bad(v, "table", 0);
  for (uint32_t i = 0; i < m->param_count && status == RT_OK; i++) status = verify_param(v, i);
  for (uint32_t i = 0; i < m->column_count && status == RT_OK; i++) status = verify_column(v, i);
  for (uint32_t i = 0; i < m->input_count && status == RT_OK; i++) status = verify_input(v, i);
  for (uint32_t i = 0; i < m->requirement_count && status == RT_OK; i++) status = verify_requirement(v, i);
  for (uint32_t i = 0; i < m->native_count && status == RT_OK; i++) status = verify_native(v, i);
  if (status == RT_OK) status = verify_outputs(v);
  if (status == RT_OK) status = verify_settings(v);
  for (uint32_t i = 0; i < m->head_count && status == RT_OK; i++)
    status = m->head[i].name && m->head[i].why && m->head[i].lowering <= VM_MATERIALISED ? RT_OK
                                                                                         : bad(v, "head", i);
  for (uint32_t i = 0; i < m->mix_count && status == RT_OK; i++) status = verify_mix(v, i);
  for (uint32_t i = 0; i < m->map_count && status == RT_OK; i++)
    status = runs_fit(m, &m->map[i].row) && runs_fit(m, &m->map[i].column) ? RT_OK : bad(v, "map", i);
  for (uint32_t i = 0; i < m->lanes_count && status == RT_OK; i++)
    status = lane_verify(&m->lanes[i], v->error);
  for (uint32_t i = 0; i < m->attend_count && status == RT_OK; i++)
    status = m->head_name[i] ? verify_plan(v, i) : bad(v, "name of head", i);
  return status;
}
