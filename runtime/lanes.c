/* lanes.c: lane programs as data: names, arities and the check that every program passes before it runs. */
#include "runtime/lanes.h"

static const struct {
  const char *name;
  int arity;
} lane_ops[LANE_OP_COUNT] = {
#define LANE1(op, expression, ...) [LANE_##op] = {#op, 1},
#define LANE2(op, expression, ...) [LANE_##op] = {#op, 2},
#define LANE3(op, expression, ...) [LANE_##op] = {#op, 3},
#include "runtime/ops.def"
    [LANE_const] = {"const", 0},   [LANE_input] = {"input", 0},   [LANE_row] = {"row", 0},
    [LANE_column] = {"column", 0}, [LANE_offset] = {"offset", 0}, [LANE_head] = {"head", 0},
    [LANE_random] = {"random", 0}, [LANE_gather] = {"gather", 1},
};

const char *lane_op_name(int op) { return op >= 0 && op < LANE_OP_COUNT ? lane_ops[op].name : "?"; }

int lane_op_arity(int op) { return op >= 0 && op < LANE_OP_COUNT ? lane_ops[op].arity : 0; }

uint64_t lane_reads(const struct lane_instr *instr) {
  const uint8_t computed[] = {instr->a, instr->b, instr->c};
  uint64_t reads = 0;
  if (instr->op == LANE_gather) return (uint64_t)1 << instr->b;
  for (int k = 0; k < lane_op_arity(instr->op); k++) reads |= (uint64_t)1 << computed[k];
  return reads;
}

enum { LANE_UNWRITTEN = 255 };

static int lane_verify_counts(const struct lane_program *p, struct rt_error *error) {
  if (p->input_count < 0 || p->input_count > LANE_MAX_INPUTS)
    return rt_fail(error, RT_BAD_DATA, "lane program with %d inputs; at most %d are possible", p->input_count,
                   LANE_MAX_INPUTS);
  if (p->output_count < 1 || p->output_count > LANE_MAX_OUTPUTS)
    return rt_fail(error, RT_BAD_DATA, "lane program with %d outputs; 1 to %d are possible", p->output_count,
                   LANE_MAX_OUTPUTS);
  if (p->register_count < 1 || p->register_count > LANE_MAX_REGISTERS)
    return rt_fail(error, RT_BAD_DATA, "lane program with %d registers; 1 to %d are possible",
                   p->register_count, LANE_MAX_REGISTERS);
  if (p->instr_count < 1 || !p->instr)
    return rt_fail(error, RT_BAD_DATA, "lane program without instructions");
  if (p->constant_count < 0 || (p->constant_count && !p->constant))
    return rt_fail(error, RT_BAD_DATA, "lane program with %d constants", p->constant_count);
  for (int k = 0; k < p->input_count; k++)
    if (p->input_class[k] > (LANE_I | LANE_J))
      return rt_fail(error, RT_BAD_DATA, "lane program: input %d has the class %d", k, p->input_class[k]);
  return RT_OK;
}

/* The class of what instruction n writes, given the classes of the registers so far. -1 and a message: it is
 * malformed. */
static int lane_class_of(const struct lane_program *p, int n, const uint8_t *reg_class,
                         struct rt_error *error) {
  const struct lane_instr *in = &p->instr[n];
  const char *name = lane_op_name(in->op);
  int operands = lane_op_arity(in->op), class = 0;
  const uint8_t computed[3] = {in->a, in->b, in->c};
  const uint8_t *read = in->op == LANE_gather ? &in->b : computed;
  for (int k = 0; k < operands; k++) {
    if (read[k] >= p->register_count || reg_class[read[k]] == LANE_UNWRITTEN) {
      rt_fail(error, RT_BAD_DATA, "lane instruction %d (%s) reads register %d, which nothing has written", n,
              name, read[k]);
      return -1;
    }
    class = lane_class_join(class, reg_class[read[k]]);
  }
  switch (in->op) {
    case LANE_const:
      if (in->a < p->constant_count) return 0;
      rt_fail(error, RT_BAD_DATA, "lane instruction %d reads constant %d of %d", n, in->a, p->constant_count);
      return -1;
    case LANE_input:
    case LANE_gather:
      if (in->a < p->input_count) return lane_class_join(class, p->input_class[in->a]);
      rt_fail(error, RT_BAD_DATA, "lane instruction %d (%s) reads input %d of %d", n, name, in->a,
              p->input_count);
      return -1;
    case LANE_row: return LANE_I;
    case LANE_column: return LANE_J;
    case LANE_offset: return LANE_D;
    case LANE_random: return LANE_I | LANE_J;
    default: return class;
  }
}

int lane_verify(const struct lane_program *program, struct rt_error *error) {
  uint8_t reg_class[LANE_MAX_REGISTERS];
  int status = lane_verify_counts(program, error);
  if (status != RT_OK) return status;
  for (int r = 0; r < LANE_MAX_REGISTERS; r++) reg_class[r] = LANE_UNWRITTEN;
  for (int n = 0; n < program->instr_count; n++) {
    const struct lane_instr *in = &program->instr[n];
    if (in->op >= LANE_OP_COUNT)
      return rt_fail(error, RT_BAD_DATA, "lane instruction %d has the unknown op %d", n, in->op);
    int class = lane_class_of(program, n, reg_class, error);
    if (class < 0) return RT_BAD_DATA;
    if (in->out >= program->register_count)
      return rt_fail(error, RT_BAD_DATA, "lane instruction %d (%s) writes register %d of %d", n,
                     lane_op_name(in->op), in->out, program->register_count);
    if (in->out_class != class)
      return rt_fail(error, RT_BAD_DATA, "lane instruction %d (%s) claims class %d, its operands make it %d",
                     n, lane_op_name(in->op), in->out_class, class);
    reg_class[in->out] = (uint8_t) class;
  }
  for (int k = 0; k < program->output_count; k++)
    if (program->output[k] >= program->register_count || reg_class[program->output[k]] == LANE_UNWRITTEN)
      return rt_fail(error, RT_BAD_DATA,
                     "output %d of a lane program is register %d, which nothing has written", k,
                     program->output[k]);
  return RT_OK;
}
