/* print.c: a module as a listing for people. */
#include "vm/signature.h"

#include <inttypes.h>
#include <string.h>

/* ---- dims, parameters, inputs, outputs ---- */

static void print_symbols(const struct vm_dims *dims, struct rt_text *out) {
  static const char *const kinds[] = {"constant", "from the data", "per example", "of a step", "rounded"};
  for (size_t i = 0; i < dims->symbol_count; i++) {
    const struct vm_symbol *symbol = &dims->symbol[i];
    rt_text_printf(out, "dim %s", symbol->name);
    if (symbol->value >= 0) rt_text_printf(out, " = %" PRId64, symbol->value);
    if (symbol->least > 0) rt_text_printf(out, " >= %" PRId64, symbol->least);
    if (symbol->limit > 0) rt_text_printf(out, " <= %" PRId64, symbol->limit);
    rt_text_printf(out, "    # %s\n", kinds[symbol->kind]);
  }
}

static void print_init(const struct vm_init *init, struct rt_text *out) {
  switch (init->kind) {
    case VM_INIT_CONSTANT: rt_text_printf(out, "%g", init->a); break;
    case VM_INIT_NORMAL: rt_text_printf(out, "normal(%g)", init->a); break;
    case VM_INIT_UNIFORM: rt_text_printf(out, "uniform(%g, %g)", init->a, init->b); break;
    case VM_INIT_GLOROT: rt_text_puts(out, "glorot"); break;
    case VM_INIT_HE: rt_text_puts(out, "he"); break;
    case VM_INIT_ORTHOGONAL: rt_text_puts(out, "orthogonal"); break;
    case VM_INIT_EYE: rt_text_puts(out, "eye"); break;
    case VM_INIT_LOAD:
      rt_text_printf(out, "load(\"%s\"", init->file);
      if (init->tensor[0]) rt_text_printf(out, ", \"%s\"", init->tensor);
      rt_text_puts(out, init->transposed ? ")'" : ")");
      break;
  }
}

static void print_type(const struct vm_module *m, const struct vm_type *type, struct rt_text *out) {
  rt_text_puts(out, type->batched ? "" : "shared ");
  vm_type_print(&m->dims, type, out);
}

static void print_leaves(const struct vm_module *m, struct rt_text *out) {
  for (uint32_t i = 0; i < m->param_count; i++) {
    const struct vm_param *param = &m->param[i];
    rt_text_printf(out, "param %u %s: ", i, param->name);
    vm_type_print(&m->dims, &param->type, out);
    rt_text_puts(out, " = ");
    print_init(&param->init, out);
    rt_text_printf(out, "%s%s", param->frozen ? ", frozen" : "",
                   param->decay && !param->frozen ? ", decays" : "");
    if (!param->frozen && param->lr != m->settings.learning_rate) rt_text_printf(out, ", lr %g", param->lr);
    if (!param->frozen && param->decay && param->weight_decay != m->settings.weight_decay)
      rt_text_printf(out, ", weight_decay %g", param->weight_decay);
    rt_text_puts(out, "\n");
  }
  for (uint32_t i = 0; i < m->input_count; i++) {
    rt_text_printf(out, "input %u %s: %s ", i, m->input[i].name,
                   m->input[i].column ? m->input[i].column->kind->name : "tensor");
    print_type(m, &m->input[i].type, out);
    rt_text_printf(out, "%s%s\n", m->input[i].is_target ? ", target" : "",
                   m->input[i].shifted   ? ", shifted"
                   : m->input[i].matched ? ", matched"
                   : m->input[i].spelled ? ", spelled"
                                         : "");
  }
  for (uint32_t i = 0; i < m->output_count; i++)
    rt_text_printf(out, "output %u %s: loss %s of input %d\n", i, m->output[i].name, m->output[i].loss,
                   m->output[i].target);
}

static void print_requirements(const struct vm_module *m, struct rt_text *out) {
  for (uint32_t i = 0; i < m->requirement_count; i++) {
    const struct vm_requirement *r = &m->requirement[i];
    rt_text_puts(out, "requires ");
    vm_requirement_print(&m->dims, r, out);
    rt_text_printf(out, "    # %s:%u %s\n", r->file, r->line, r->what);
  }
}

static void print_natives(const struct vm_module *m, struct rt_text *out) {
  for (uint32_t i = 0; i < m->native_count; i++) {
    const struct vm_native *native = &m->native[i];
    rt_text_printf(out, "extern %u %s%s %s%s%s", i, native->is_gradient ? "gradient " : "", native->name,
                   native->signature, native->library ? " from " : "",
                   native->library ? native->library : "");
    if (native->gradient != UINT32_MAX) rt_text_printf(out, ", gradient %u", native->gradient);
    rt_text_puts(out, "\n");
  }
}

static void print_amount(const char *name, const struct rt_amount *amount, struct rt_text *out) {
  if (amount->steps > 0)
    rt_text_printf(out, ", %s %" PRId64, name, amount->steps);
  else
    rt_text_printf(out, ", %s %g", name, amount->number);
}

static void print_settings(const struct vm_settings *s, struct rt_text *out) {
  const struct rt_method *method = rt_method_find(s->optimizer);
  const struct rt_schedule *schedule = rt_schedule_find(s->schedule);
  rt_text_printf(out, "train %s: lr %g, weight_decay %g", s->optimizer, s->learning_rate, s->weight_decay);
  for (int k = 0; method && k < method->settings; k++)
    rt_text_printf(out, ", %s %g", method->setting[k].name, s->optimizer_setting[k]);
  rt_text_printf(out, ", clip %g, average %g, schedule %s", s->clip, s->average, s->schedule);
  for (int k = 0; schedule && k < schedule->settings; k++)
    print_amount(schedule->setting[k].name, &s->schedule_setting[k], out);
  print_amount("warmup", &s->warmup, out);
  rt_text_printf(out, ", batch %" PRId64 ", epochs %" PRId64 ", patience %" PRId64 ", seed %" PRId64 "\n",
                 s->batch, s->epochs, s->patience, s->seed);
}

/* ---- lane programs and heads ---- */

static void print_class(uint8_t class, struct rt_text *out) {
  static const char *const classes[LANE_CLASSES] = {"", "[i]", "[j]", "[i,j]", "[i-j]"};
  rt_text_puts(out, class < LANE_CLASSES ? classes[class] : "");
}

static void print_lane(const struct lane_program *p, const struct lane_instr *in, struct rt_text *out) {
  rt_text_printf(out, "    r%d", in->out);
  print_class(in->out_class, out);
  rt_text_printf(out, " = %s", lane_op_name(in->op));
  const uint8_t read[] = {in->a, in->b, in->c};
  if (in->op == LANE_const)
    rt_text_printf(out, " %.9g", in->a < p->constant_count ? p->constant[in->a] : 0);
  else if (in->op == LANE_input || in->op == LANE_random)
    rt_text_printf(out, " %d", in->a);
  else if (in->op == LANE_gather)
    rt_text_printf(out, " input %d at r%d", in->a, in->b);
  else
    for (int k = 0; k < lane_op_arity(in->op); k++) rt_text_printf(out, " r%d", read[k]);
  rt_text_puts(out, "\n");
}

/* Instructions from..end-1 and what they give. */
static void print_part(const struct lane_program *p, int from, int end, int outputs, const uint8_t *output,
                       struct rt_text *out) {
  for (int n = from; n < end; n++) print_lane(p, &p->instr[n], out);
  rt_text_puts(out, "    gives");
  for (int k = 0; k < outputs; k++) rt_text_printf(out, " r%d", output[k]);
  rt_text_puts(out, "\n");
}

static void print_program(const struct lane_program *p, struct rt_text *out) {
  print_part(p, 0, p->instr_count, p->output_count, p->output, out);
}

static void print_operand(const char *name, const struct attend_operand *operand, struct rt_text *out) {
  static const char *const roles[] = {"i", "j", "h", "feature"};
  rt_text_printf(out, " %s[", name);
  for (int a = 0; a < operand->rank; a++)
    rt_text_printf(out, "%s%s", a ? ", " : "", roles[operand->role[a] & 3]);
  rt_text_puts(out, "]");
}

/* "  row 2 (backward): sum of" and the program. */
static void print_row(const struct attend_plan *plan, int number, struct rt_text *out) {
  static const char *const names[ATTEND_REDUCE_COUNT] = {"sum", "largest", "entmax threshold",
                                                         "k-th largest"};
  const struct attend_row *row = &plan->row[number];
  rt_text_printf(out, "  row %d%s: %s", number, row->backward ? " (backward)" : "", names[row->reduce]);
  if (row->reduce == ATTEND_ENTMAX || row->reduce == ATTEND_KTH)
    rt_text_printf(out, ", %s = %.9g,", row->reduce == ATTEND_KTH ? "k" : "alpha", row->parameter);
  rt_text_puts(out, " of\n");
  print_program(row->program, out);
}

static void print_plan(const struct vm_module *m, uint32_t number, struct rt_text *out) {
  const struct attend_plan *plan = &m->attend[number];
  const struct {
    const char *name;
    const struct lane_program *program;
  } slots[] = {{"score", plan->score}, {"mask", plan->mask}, {"drop", plan->drop}};
  rt_text_printf(out, "head %u %s: %s,", number, m->head_name[number],
                 plan->softmax     ? "softmax"
                 : plan->row_count ? "weights from rows"
                                   : "weights as scored");
  print_operand("query", &plan->query, out);
  print_operand("key", &plan->key, out);
  print_operand("value", &plan->value, out);
  print_operand("out", &plan->out, out);
  for (int k = 0; k < plan->extra_count; k++)
    print_operand(plan->wants_grad[k] ? "extra with gradient" : "extra", &plan->extra[k], out);
  rt_text_puts(out, "\n");
  for (size_t i = 0; i < RT_COUNT(slots); i++)
    if (slots[i].program) {
      rt_text_printf(out, "  %s\n", slots[i].name);
      print_program(slots[i].program, out);
    }
  if (plan->score_grad) {
    rt_text_puts(out, "  score again\n");
    print_part(plan->score_grad, 0, plan->score_end, 1, &plan->score_register, out);
    rt_text_puts(out, "  gradient of score, on the same registers\n");
    print_part(plan->score_grad, plan->score_end, plan->score_grad->instr_count,
               plan->score_grad->output_count, plan->score_grad->output, out);
  }
  for (int k = 0; k < plan->row_count; k++) print_row(plan, k, out);
}

/* ---- functions ---- */

static void print_value(const struct vm_module *m, const struct vm_function *f, uint32_t number,
                        struct rt_text *out) {
  const struct vm_value *value = &f->value[number];
  if (value->place == VM_IN_PARAM)
    rt_text_puts(out, m->param[value->index].name);
  else if (value->place == VM_IN_INPUT)
    rt_text_puts(out, m->input[value->index].name);
  else if (value->place == VM_IN_ARGUMENT)
    rt_text_printf(out, "argument %u", value->index);
  else
    rt_text_printf(out, "%%%u", number);
}

static void print_attrs(const struct vm_module *m, const struct vm_instr *instr, struct rt_text *out) {
  for (int k = 0; k < vm_op_attr_count(instr->op); k++) {
    enum vm_attr_kind kind = vm_op_attr_kind(instr->op, k);
    rt_text_printf(out, ", %s=", vm_op_attr_name(instr->op, k));
    if (kind == VM_ATTR_DIM)
      vm_dim_print(&m->dims, (vm_dim)instr->attr[k], out);
    else
      rt_text_printf(out, kind == VM_ATTR_ORDER ? "0x%" PRIx64 : "%" PRId64, instr->attr[k]);
  }
  if (vm_op_real_name(instr->op)) rt_text_printf(out, ", %s=%.9g", vm_op_real_name(instr->op), instr->real);
}

/* "   3  %7: [T, D] in slot 2 = add(%5, %6)    # sentiment.aq:12  x + y" */
static void print_instr(const struct vm_module *m, const struct vm_function *f, uint32_t n,
                        struct rt_text *out) {
  const struct vm_instr *instr = &f->instr[n];
  rt_text_printf(out, "%4u  ", n);
  for (int k = 0; k < instr->out_count; k++) {
    const struct vm_value *value = &f->value[instr->out[k]];
    rt_text_printf(out, "%s%%%u: ", k ? "; " : "", instr->out[k]);
    print_type(m, &value->type, out);
    rt_text_printf(out, " in slot %u", value->index);
  }
  rt_text_printf(out, " = %s(", rt_op_info[instr->op].name);
  for (int k = 0; k < instr->in_count; k++) {
    rt_text_puts(out, k ? ", " : "");
    print_value(m, f, instr->in[k], out);
  }
  rt_text_puts(out, ")");
  print_attrs(m, instr, out);
  if (instr->line < m->line_count) {
    const struct vm_line *line = &m->line[instr->line];
    rt_text_printf(out, "    # %s:%u", line->file ? line->file : "", line->line);
    if (line->name) rt_text_printf(out, " %s", line->name);
  }
  rt_text_puts(out, "\n");
}

static void print_function(const struct vm_module *m, const struct vm_function *f, struct rt_text *out) {
  rt_text_printf(out, "\nfunction %s: ", f->name);
  if (f->argument_count) /* others name it by its number */
    rt_text_printf(out, "number %u, ", (uint32_t)(f - m->function));
  rt_text_printf(out, "%u instructions, %u slots\n", f->instr_count, f->slot_count);
  for (uint32_t i = 0; i < f->argument_count; i++) {
    rt_text_printf(out, "  argument %u: ", i);
    print_type(m, &f->argument[i], out);
    rt_text_puts(out, "\n");
  }
  for (uint32_t n = 0; n < f->instr_count; n++) print_instr(m, f, n, out);
  for (uint32_t i = 0; i < f->output_count; i++) {
    rt_text_printf(out, "  output %s = ", f->output_name[i]);
    print_value(m, f, f->output[i], out);
    rt_text_puts(out, "\n");
  }
  for (uint32_t i = 0; i < f->gradient_count; i++) {
    rt_text_printf(out, "  gradient of %s = ", m->param[f->gradient[i].param].name);
    print_value(m, f, f->gradient[i].value, out);
    if (f->gradient[i].ids != UINT32_MAX) {
      rt_text_puts(out, " in the rows ");
      print_value(m, f, f->gradient[i].ids, out);
    }
    rt_text_puts(out, "\n");
  }
}

void vm_module_print(const struct vm_module *m, struct rt_text *out) {
  rt_text_printf(out, "module %s\n", m->name);
  print_symbols(&m->dims, out);
  print_leaves(m, out);
  print_requirements(m, out);
  print_natives(m, out);
  if (m->output_count) print_settings(&m->settings, out);
  for (uint32_t i = 0; i < m->attend_count; i++) print_plan(m, i, out);
  for (uint32_t i = 0; i < m->lanes_count; i++) {
    rt_text_printf(out, "program %u\n", i);
    print_program(&m->lanes[i], out);
  }
  for (uint32_t i = 0; i < m->function_count; i++) print_function(m, &m->function[i], out);
}
