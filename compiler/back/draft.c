/* draft.c: a lane program in the making. Steps name each other; registers are given at the end, in one scan,
 * and taken back after the last use, so that a long program stays in few (and so in the cache). Two kinds
 * keep to themselves while there is room, because the interpreter can then do less: a result never takes the
 * register of an input, which may so be read where it lies instead of being copied; and what is one number
 * for the whole tile has a register that nothing else writes, and is computed once for many tiles. */
#include "compiler/back/lower.h"

#include <string.h>

static int add_step(struct ir_draft *d, struct ir_draft_step step) {
  if (d->failed || rt_grow((void **)&d->step, &d->capacity, d->count + 1, sizeof *d->step) != RT_OK) {
    d->failed = true;
    return 0;
  }
  d->step[d->count] = step;
  return (int)d->count++;
}

/* 0 and -0 are two constants, and a NaN is one. */
static bool same_bits(double a, double b) {
  uint64_t a_bits, b_bits;
  memcpy(&a_bits, &a, sizeof a_bits);
  memcpy(&b_bits, &b, sizeof b_bits);
  return a_bits == b_bits;
}

int ir_draft_constant(struct ir_draft *d, double value) {
  int k = 0;
  while (k < d->constant_count && !same_bits(d->constant[k], value)) k++;
  if (k == (int)RT_COUNT(d->constant)) {
    d->failed = true;
    return 0;
  }
  if (k == d->constant_count) d->constant[d->constant_count++] = value;
  return add_step(d, (struct ir_draft_step){.op = LANE_const, .at = (uint8_t)k, .arg = {-1, -1, -1}});
}

int ir_draft_leaf(struct ir_draft *d, enum lane_op op, int at, int class) {
  return add_step(d,
                  (struct ir_draft_step){
                      .op = (uint8_t)op, .class = (uint8_t) class, .at = (uint8_t)at, .arg = {-1, -1, -1}});
}

static int add_computed(struct ir_draft *d, struct ir_draft_step step) {
  for (int k = 0; k < 3 && !d->failed; k++)
    if (step.arg[k] >= 0) step.class = (uint8_t)lane_class_join(step.class, d->step[step.arg[k]].class);
  return add_step(d, step);
}

int ir_draft_compute(struct ir_draft *d, enum lane_op op, int a, int b, int c) {
  return add_computed(d, (struct ir_draft_step){.op = (uint8_t)op, .arg = {a, b, c}});
}

int ir_draft_gather(struct ir_draft *d, int table, int class, int index) {
  return add_computed(
      d, (struct ir_draft_step){
             .op = LANE_gather, .class = (uint8_t) class, .at = (uint8_t)table, .arg = {index, -1, -1}});
}

void ir_draft_free(struct ir_draft *d) {
  rt_free(d->step);
  memset(d, 0, sizeof *d);
}

/* ---- registers ---- */

struct registers {
  int *last; /* by step: the last step that reads it; the number of steps: an output; -1: nothing needs it */
  int *reg;  /* by step */
  uint64_t used;         /* bit r: register r is taken */
  uint64_t ever, inputs; /* registers that were ever given; that were given to an input */
  bool roomy;            /* apart, as said above; otherwise every register that is free will do */
  int most;
};

static void find_last_uses(const struct ir_draft *d, struct ir_draft_results results, int *last) {
  for (size_t n = 0; n < d->count; n++) last[n] = -1;
  for (int k = 0; k < results.count; k++) last[results.step[k]] = (int)d->count;
  if (d->part) last[d->part->result] = (int)d->count;
  for (int n = (int)d->count; n-- > 0;)
    for (int k = 0; last[n] >= 0 && k < 3; k++)
      if (d->step[n].arg[k] >= 0 && last[d->step[n].arg[k]] < n) last[d->step[n].arg[k]] = n;
}

static bool is_lasting(const struct ir_draft *d, const struct registers *r, int n) {
  return r->roomy && !d->step[n].class;
}

static void release(const struct ir_draft *d, struct registers *r, int n) {
  for (int k = 0; k < 3; k++) {
    int a = d->step[n].arg[k];
    if (a >= 0 && r->last[a] == n && !is_lasting(d, r, a)) r->used &= ~((uint64_t)1 << r->reg[a]);
  }
}

static uint64_t forbidden(const struct ir_draft *d, const struct registers *r, int n) {
  if (is_lasting(d, r, n)) return r->ever;
  return r->roomy && r->last[n] == (int)d->count ? r->used | r->inputs : r->used;
}

/* A step may write over an operand that nothing reads after it, except that a gather reads its index many
 * times. */
static bool give_register(const struct ir_draft *d, struct registers *r, int n) {
  bool gather = d->step[n].op == LANE_gather;
  if (!gather) release(d, r, n);
  uint64_t taken = forbidden(d, r, n);
  if (taken == UINT64_MAX) return false;
  int free_one = __builtin_ctzll(~taken);
  uint64_t bit = (uint64_t)1 << free_one;
  r->reg[n] = free_one;
  r->used |= bit;
  r->ever |= bit;
  if (d->step[n].op == LANE_input) r->inputs |= bit;
  if (gather) release(d, r, n);
  if (free_one >= r->most) r->most = free_one + 1;
  return true;
}

static bool give_registers(const struct ir_draft *d, struct registers *r, bool roomy) {
  r->roomy = roomy;
  r->used = r->ever = r->inputs = 0;
  r->most = 0;
  for (size_t n = 0; n < d->count; n++)
    if (r->last[n] >= 0 && !give_register(d, r, (int)n)) return false;
  return true;
}

static struct lane_instr instruction(const struct ir_draft_step *s, const int *reg, int out) {
  struct lane_instr in = {.op = s->op, .out_class = s->class, .out = (uint8_t)out};
  if (s->op == LANE_gather) {
    in.a = s->at;
    in.b = (uint8_t)reg[s->arg[0]];
    return in;
  }
  in.a = s->arg[0] >= 0 ? (uint8_t)reg[s->arg[0]] : s->at;
  in.b = s->arg[1] >= 0 ? (uint8_t)reg[s->arg[1]] : 0;
  in.c = s->arg[2] >= 0 ? (uint8_t)reg[s->arg[2]] : 0;
  return in;
}

/* What is needed of the steps, in order; where the first part ends. */
static int write_instructions(const struct ir_draft *d, const struct registers *r, struct lane_instr *instr) {
  int count = 0;
  size_t end = d->part ? d->part->end : 0;
  for (size_t n = 0; n < d->count; n++) {
    if (r->last[n] >= 0) instr[count++] = instruction(&d->step[n], r->reg, r->reg[n]);
    if (n + 1 == end) d->part->end = (size_t)count;
  }
  if (d->part) d->part->result = r->reg[d->part->result];
  return count;
}

static int assign(const struct ir_draft *d, struct ir_draft_results results, struct registers *r,
                  struct rt_arena *arena, struct lane_program *p, struct rt_error *error) {
  struct lane_instr *instr = rt_arena_alloc(arena, (d->count ? d->count : 1) * sizeof *instr);
  double *constant =
      rt_arena_alloc(arena, (d->constant_count ? (size_t)d->constant_count : 1) * sizeof *constant);
  if (!instr || !constant) return rt_no_memory(error);
  find_last_uses(d, results, r->last);
  if (!give_registers(d, r, true) && !give_registers(d, r, false))
    return rt_fail(error, RT_BAD_DATA, "an expression needs more than %d numbers at a time",
                   LANE_MAX_REGISTERS);
  memcpy(constant, d->constant, (size_t)d->constant_count * sizeof *constant);
  p->instr = instr;
  p->instr_count = write_instructions(d, r, instr);
  p->constant = constant;
  p->constant_count = d->constant_count;
  p->register_count = r->most;
  p->output_count = results.count;
  for (int k = 0; k < results.count; k++) p->output[k] = (uint8_t)r->reg[results.step[k]];
  return RT_OK;
}

int ir_draft_finish(struct ir_draft *d, struct ir_draft_results results, struct rt_arena *arena,
                    struct lane_program *program, struct rt_error *error) {
  int status;
  struct registers r = {.last = rt_zalloc(d->count, sizeof *r.last),
                        .reg = rt_zalloc(d->count, sizeof *r.reg)};
  if (d->constant_count == (int)RT_COUNT(d->constant))
    status = rt_fail(error, RT_BAD_DATA, "an expression has more than %d different constants",
                     (int)RT_COUNT(d->constant) - 1);
  else if (results.count > LANE_MAX_OUTPUTS)
    status = rt_fail(error, RT_BAD_DATA, "an expression has %d results to keep, at most %d are possible",
                     results.count, LANE_MAX_OUTPUTS);
  else if (d->failed || !r.last || !r.reg)
    status = rt_no_memory(error);
  else
    status = assign(d, results, &r, arena, program, error);
  rt_free(r.last);
  rt_free(r.reg);
  ir_draft_free(d);
  return status;
}
