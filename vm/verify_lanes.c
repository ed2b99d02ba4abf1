/* verify_lanes.c: do lane programs fit the values and plans that they are used with? lane_verify has looked
 * at each by itself. */
#include "vm/verify_parts.h"

#include "runtime/threshold.h"

static bool reads(const struct lane_program *program, uint8_t op) {
  for (int n = 0; n < program->instr_count; n++)
    if (program->instr[n].op == op) return true;
  return false;
}

/* ---- the op lanes ---- */

/* The input has the axes of the result that its mask names, and the class that follows (runtime/lanes.h). */
static bool input_fits(const struct vm_type *in, const struct vm_type *out, uint8_t axes, uint8_t class) {
  int at = 0, expected = 0;
  if (in->dtype != RT_REAL || axes >> out->rank || in->batched > out->batched) return false;
  for (int a = 0; a < out->rank; a++) {
    if (!(axes >> a & 1)) continue;
    if (at == in->rank || in->dim[at] != out->dim[a]) return false;
    expected |= a == out->rank - 1 ? LANE_J : LANE_I;
    at++;
  }
  if (in->batched && out->batched) expected |= LANE_I;
  return at == in->rank && class == expected;
}

int verify_lanes(struct verify *v) {
  const struct vm_instr *instr = &v->f->instr[v->n];
  const struct lane_program *program = &v->module->lanes[instr->attr[0]];
  const struct vm_type *out = &v->f->value[instr->out[0]].type;
  if (program->input_count != instr->in_count || program->output_count != instr->out_count)
    return verify_fail(v, "its program has %d inputs and %d outputs", program->input_count,
                       program->output_count);
  if (reads(program, LANE_gather)) return verify_fail(v, "tables can be read within attention only");
  for (uint16_t k = 1; k < instr->out_count; k++)
    if (!vm_type_equal(&v->f->value[instr->out[k]].type, out))
      return verify_fail(v, "its results have different types");
  for (uint16_t k = 0; k < instr->in_count; k++)
    if (!input_fits(&v->f->value[instr->in[k]].type, out, program->input_axes[k], program->input_class[k]))
      return verify_fail(v, "input %d of its program does not fit value %u", k, instr->in[k]);
  return RT_OK;
}

/* ---- attention ---- */

static bool operand_fits(const struct attend_operand *operand) {
  if (operand->rank < 0 || operand->rank > RT_MAX_RANK) return false;
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] > ATTEND_FEATURE) return false;
  return true;
}

static bool has_role(const struct attend_operand *operand, uint8_t role) {
  return vm_operand_axis(operand, role) >= 0;
}

/* A table is read by LANE_gather alone, and LANE_gather reads nothing else. */
static bool tables_fit(const struct lane_program *program, const struct attend_plan *plan, int first_extra) {
  for (int n = 0; n < program->instr_count; n++) {
    uint8_t op = program->instr[n].op;
    if (op != LANE_input && op != LANE_gather) continue;
    int extra = program->instr[n].a - first_extra;
    bool table = extra >= 0 && extra < plan->extra_count && has_role(&plan->extra[extra], ATTEND_FEATURE);
    if (table != (op == LANE_gather)) return false;
  }
  return true;
}

/* What a program of a head may read: of the row values only those that are computed before it runs. */
struct slot_inputs {
  int first_extra;    /* 1 behind s, or 0 */
  int rows, computed; /* row values: how many there are, and how many of them may be read */
  bool gradient;      /* ds' or dw, behind all of them */
};

static struct slot_inputs inputs_of(const struct attend_plan *plan, int computed, bool gradient) {
  return (struct slot_inputs){
      .first_extra = 1, .rows = plan->row_count, .computed = computed, .gradient = gradient};
}

static int input_class(const struct attend_plan *plan, const struct slot_inputs *inputs, int k) {
  int extra = k - inputs->first_extra, row = extra - plan->extra_count;
  if (extra < 0 || row >= inputs->rows) return LANE_I | LANE_J;
  if (row >= 0) return LANE_I;
  return (has_role(&plan->extra[extra], ATTEND_I) ? LANE_I : 0)
         | (has_role(&plan->extra[extra], ATTEND_J) ? LANE_J : 0);
}

static bool rows_computed(const struct lane_program *program, const struct attend_plan *plan,
                          const struct slot_inputs *inputs) {
  int first = inputs->first_extra + plan->extra_count;
  for (int n = 0; n < program->instr_count; n++) {
    int row = program->instr[n].a - first;
    if (program->instr[n].op == LANE_input && row >= inputs->computed && row < inputs->rows) return false;
  }
  return true;
}

static bool slot_fits(const struct lane_program *program, const struct attend_plan *plan,
                      struct slot_inputs inputs, int outputs) {
  int count = inputs.first_extra + plan->extra_count + inputs.rows + inputs.gradient;
  if (!program) return true;
  if (lane_verify(program, NULL) != RT_OK || program->input_count != count
      || program->output_count != outputs)
    return false;
  for (int k = 0; k < count; k++)
    if (program->input_class[k] != input_class(plan, &inputs, k)) return false;
  return tables_fit(program, plan, inputs.first_extra) && rows_computed(program, plan, &inputs);
}

static bool parameter_fits(const struct attend_row *row) {
  switch (row->reduce) {
    case ATTEND_ENTMAX: return rt_threshold_valid(RT_ENTMAX, row->parameter);
    case ATTEND_KTH: return rt_threshold_valid(RT_KTH, row->parameter);
    default: return isfinite(row->parameter);
  }
}

static int forward_rows(const struct attend_plan *plan) {
  int count = 0;
  while (count < plan->row_count && !plan->row[count].backward) count++;
  return count;
}

/* Row values: forward ones first, each from those before it. */
static bool rows_fit(const struct attend_plan *plan) {
  int forward = forward_rows(plan);
  if (plan->row_count && (plan->softmax || !plan->score)) return false;
  for (int k = 0; k < plan->row_count; k++) {
    const struct attend_row *row = &plan->row[k];
    if (row->reduce >= ATTEND_REDUCE_COUNT || row->backward != (k >= forward) || !row->program
        || !parameter_fits(row) || !slot_fits(row->program, plan, inputs_of(plan, k, row->backward), 1))
      return false;
  }
  return true;
}

/* The first part of score_grad is a score that does not read the gradient. */
static bool score_part_fits(const struct attend_plan *plan) {
  if (!plan->score_grad) return !plan->score_end && !plan->score_register;
  struct lane_program part = *plan->score_grad;
  if (!plan->score || plan->score_end < 1 || plan->score_end > part.instr_count) return false;
  part.instr_count = plan->score_end;
  part.output_count = 1;
  part.output[0] = plan->score_register;
  for (int n = 0; n < part.instr_count; n++)
    if (part.instr[n].op == LANE_input && part.instr[n].a == part.input_count - 1) return false;
  return slot_fits(&part, plan, inputs_of(plan, forward_rows(plan), true), 1);
}

static bool slots_fit(const struct attend_plan *plan, int gradients) {
  const struct slot_inputs extras = {0};
  return slot_fits(plan->score, plan, inputs_of(plan, forward_rows(plan), false), 1)
         && slot_fits(plan->mask, plan, extras, 1) && slot_fits(plan->drop, plan, extras, 1)
         && slot_fits(plan->score_grad, plan, inputs_of(plan, plan->row_count, true), gradients)
         && score_part_fits(plan);
}

int verify_plan(struct verify *v, uint32_t number) {
  const struct attend_plan *plan = &v->module->attend[number];
  const char *name = v->module->head_name[number];
  bool fits = plan->extra_count >= 0 && plan->extra_count <= ATTEND_MAX_EXTRAS && operand_fits(&plan->query)
              && operand_fits(&plan->key) && operand_fits(&plan->value) && operand_fits(&plan->out);
  int gradients = 1; /* ds; for each extra its part, and for a table where that goes */
  for (int k = 0; fits && k < plan->extra_count; k++) {
    fits = operand_fits(&plan->extra[k]);
    if (fits && plan->wants_grad[k]) gradients += has_role(&plan->extra[k], ATTEND_FEATURE) ? 2 : 1;
  }
  if (!fits) return rt_fail(v->error, RT_BAD_DATA, "bad module: head %s has impossible operands", name);
  if (plan->row_count < 0 || plan->row_count > ATTEND_MAX_ROWS || !rows_fit(plan))
    return rt_fail(v->error, RT_BAD_DATA, "bad module: the row values of head %s do not fit its plan", name);
  if (!slots_fit(plan, gradients))
    return rt_fail(v->error, RT_BAD_DATA, "bad module: a lane program of head %s does not fit its plan",
                   name);
  return RT_OK;
}
