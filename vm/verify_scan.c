/* verify_scan.c: scan and scan_grad against the functions that they run (vm/scan_operands.h). A function is
 * run only by later ones, so that none runs itself. */
#include "vm/scan_operands.h"
#include "vm/verify_parts.h"

#include <string.h>

struct scan_check {
  struct verify *v;
  const struct vm_instr *instr;
  const struct vm_type *const *arg;
  const struct vm_function *body;
  uint32_t sequences, count; /* arguments of the body that are rows; all of them */
  vm_dim axis;
  bool blocks; /* a step takes many rows: as many as this symbol says */
  uint32_t symbol;
  uint32_t collected; /* results of scan */
  uint32_t first;     /* of the body's results that is collected, when states are not */
  bool states;        /* they are all states */
};

/* What runs a body gives it its arguments, and nothing else. */
static bool reads_arguments_alone(const struct vm_function *f) {
  bool alone = true;
  for (uint32_t k = 0; k < f->value_count; k++)
    alone = alone && f->value[k].place != VM_IN_PARAM && f->value[k].place != VM_IN_INPUT;
  return alone;
}

static const struct vm_function *function_at(struct verify *v, int64_t number) {
  const struct vm_function *f =
      number >= 0 && number < v->f - v->module->function ? &v->module->function[number] : NULL;
  return f && reads_arguments_alone(f) && f->argument_count > 0 && f->argument_count <= 3 * SCAN_MAX_ARGS
                 && f->output_count > 0 && f->gradient_count == 0
             ? f
             : NULL;
}

static const struct vm_type *output_type(const struct vm_function *f, uint32_t k) {
  return &f->value[f->output[k]].type;
}

static bool uses_rows(const struct scan_check *s, const struct vm_type *type) {
  bool uses = false;
  for (int a = 0; a < type->rank; a++) uses = uses || vm_dim_uses(&s->v->dims, type->dim[a], s->symbol);
  return uses;
}

/* [axis, *r] beside rows [N, *r], where no other axis has to do with N. */
static bool is_cut(const struct scan_check *s, const struct vm_type *type, const struct vm_type *row) {
  return type->rank > 0 && type->rank == row->rank && type->dtype == row->dtype && type->of == row->of
         && type->batched == s->arg[1]->batched && row->batched && type->dim[0] == s->axis
         && vm_dim_as_symbol(&s->v->dims, row->dim[0]) == s->symbol && !uses_rows(s, type)
         && !memcmp(type->dim + 1, row->dim + 1, (type->rank - 1u) * sizeof *row->dim);
}

/* [axis, *row] */
static bool is_sequence(const struct scan_check *s, const struct vm_type *type, const struct vm_type *row) {
  if (s->blocks) return is_cut(s, type, row);
  return type->rank == row->rank + 1 && type->dtype == row->dtype && type->of == row->of
         && type->batched == row->batched && type->dim[0] == s->axis
         && !memcmp(type->dim + 1, row->dim, row->rank * sizeof *row->dim);
}

/* A value that is given whole, to a body whose examples are these. */
static bool is_whole(const struct scan_check *s, const struct vm_type *type, const struct vm_type *argument,
                     bool batched) {
  return vm_type_equal(type, argument) && type->batched <= batched && !(s->blocks && uses_rows(s, type));
}

/* The results that a step leaves. */
static int check_collected(struct scan_check *s, bool batched) {
  const struct vm_function *b = s->body;
  s->first = s->blocks ? 0 : 1;
  s->states = !s->blocks && b->output_count == 1;
  s->collected = s->states ? 1 : b->output_count - s->first;
  for (uint32_t k = 0; k < s->collected; k++) {
    const struct vm_type *row = output_type(b, s->states ? 0 : s->first + k);
    if (row->dtype != RT_REAL || row->batched != batched || row->rank == RT_MAX_RANK)
      return verify_fail(
          s->v, "result %u of its body cannot be collected: it must be real, and per example if the state is",
          k);
  }
  return RT_OK;
}

/* The operands that scan and scan_grad have in common. */
static int check_operands(struct scan_check *s) {
  const struct vm_function *b = s->body;
  const struct vm_type *state = &b->argument[0];
  if (s->sequences < 1 || s->sequences >= b->argument_count || b->argument_count > SCAN_MAX_ARGS
      || s->instr->in_count < b->argument_count)
    return verify_fail(s->v, "it has %u operands for a body of %u arguments", s->instr->in_count,
                       b->argument_count);
  if (state->dtype != RT_REAL || !vm_type_equal(s->arg[0], state)
      || !(s->blocks ? state->rank == 0 && !state->batched : vm_type_equal(output_type(b, 0), state)))
    return verify_fail(s->v, "its start and the body's states are not of one type");
  if (s->arg[1]->rank == 0) return verify_fail(s->v, "its sequences have no axis");
  s->axis = s->arg[1]->dim[0];
  const bool batched = s->blocks ? s->arg[1]->batched : state->batched;
  for (uint32_t k = 1; k < b->argument_count; k++) {
    bool fits = k <= s->sequences
                    ? is_sequence(s, s->arg[k], &b->argument[k]) && s->arg[k]->batched == batched
                    : is_whole(s, s->arg[k], &b->argument[k], batched);
    if (!fits) return verify_fail(s->v, "its operand %u is not what its body takes", k);
  }
  s->count = b->argument_count;
  return check_collected(s, s->blocks || state->batched);
}

/* What a step gives of result k of scan. */
static const struct vm_type *result_row(const struct scan_check *s, uint32_t k) {
  return output_type(s->body, s->states ? 0 : s->first + k);
}

static int check_scan(struct scan_check *s) {
  const struct vm_instr *instr = s->instr;
  if (instr->in_count != s->count || instr->out_count != s->collected)
    return verify_fail(s->v, "it has %u operands and %u results", instr->in_count, instr->out_count);
  for (uint32_t k = 0; k < s->collected; k++)
    if (!is_sequence(s, &s->v->f->value[instr->out[k]].type, result_row(s, k)))
      return verify_fail(s->v, "its result %u has another type", k);
  return RT_OK;
}

/* The arguments of one step backwards beyond the body's; at: how many there are so far. */
static bool check_step_arguments(const struct scan_check *s, const struct vm_function *step, int64_t wants) {
  uint32_t at = s->count;
  if (step->argument_count < at + s->first + s->collected) return false;
  for (uint32_t k = 0; k < s->count; k++)
    if (!vm_type_equal(&step->argument[k], &s->body->argument[k])) return false;
  if (!s->blocks && !vm_type_equal(&step->argument[at++], &s->body->argument[0])) return false;
  for (uint32_t k = 0; k < s->collected; k++)
    if (!vm_type_equal(&step->argument[at++], result_row(s, k))) return false;
  for (uint32_t k = 1 + s->sequences; k < s->count; k++)
    if (wants >> k & 1
        && (at == step->argument_count || !vm_type_equal(&step->argument[at++], &s->body->argument[k])))
      return false;
  return at == step->argument_count;
}

static bool check_step_results(const struct scan_check *s, const struct vm_function *step, int64_t wants) {
  uint32_t at = s->first;
  if (!s->blocks && !vm_type_equal(output_type(step, 0), &s->body->argument[0])) return false;
  for (uint32_t k = 1; k < s->count; k++)
    if (wants >> k & 1
        && (s->body->argument[k].dtype != RT_REAL || at == step->output_count
            || !vm_type_equal(output_type(step, at++), &s->body->argument[k])))
      return false;
  return at == step->output_count;
}

static int check_grad(struct scan_check *s) {
  const struct vm_instr *instr = s->instr;
  int64_t wants = instr->attr[SCAN_GRAD_WANTS];
  const struct vm_function *step = function_at(s->v, instr->attr[SCAN_GRAD_GRADIENT]);
  if (wants <= 0 || wants >> s->count || (s->blocks && wants & 1))
    return verify_fail(s->v, "it wants gradients of operands that it does not have");
  if (!step || !check_step_arguments(s, step, wants) || !check_step_results(s, step, wants))
    return verify_fail(s->v, "its step backwards does not belong to its body");
  if (instr->in_count != s->count + s->states + s->collected)
    return verify_fail(s->v, "it has %u operands", instr->in_count);
  for (uint32_t k = s->count; k < instr->in_count; k++)
    if (!is_sequence(s, s->arg[k], result_row(s, s->states ? 0 : k - s->count)))
      return verify_fail(s->v, "its operand %u has another type", k);
  uint16_t results = 0;
  for (uint32_t k = 0; k < s->count; k++)
    if (wants >> k & 1
        && (results == instr->out_count
            || !vm_type_equal(&s->v->f->value[instr->out[results++]].type, s->arg[k])))
      return verify_fail(s->v, "its results are not of the types of its operands");
  return results == instr->out_count ? RT_OK : verify_fail(s->v, "it has %u results", instr->out_count);
}

static bool find_rows(struct scan_check *s, int64_t attr) {
  const struct vm_dims *dims = &s->v->module->dims;
  s->blocks = attr != 0;
  s->symbol = (uint32_t)(attr - 1);
  return !attr
         || (attr > 0 && (uint64_t)attr <= dims->symbol_count && dims->symbol[attr - 1].kind == VM_ROWS);
}

int verify_scan(struct verify *v, const struct vm_instr *instr, const struct vm_type *const *arg) {
  bool grad = instr->op == OP_scan_grad;
  int64_t sequences = instr->attr[grad ? SCAN_GRAD_SEQUENCES : SCAN_SEQUENCES],
          reverse = instr->attr[grad ? SCAN_GRAD_REVERSE : SCAN_REVERSE];
  struct scan_check s = {.v = v, .instr = instr, .arg = arg, .body = function_at(v, instr->attr[SCAN_BODY])};
  if (!s.body || sequences < 1 || sequences >= SCAN_MAX_ARGS || reverse < 0 || reverse > 1)
    return verify_fail(v, "its body is no earlier function that it can run");
  s.sequences = (uint32_t)sequences;
  if (!find_rows(&s, instr->attr[grad ? SCAN_GRAD_ROWS : SCAN_ROWS]) || (s.blocks && reverse))
    return verify_fail(v, "its steps take no number of rows");
  int status = check_operands(&s);
  if (status != RT_OK) return status;
  return grad ? check_grad(&s) : check_scan(&s);
}
