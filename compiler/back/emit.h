/* emit.h: what the files of the emitter share while a function is made. Internal to emit*.c. */
#ifndef AQ_COMPILER_BACK_EMIT_H
#define AQ_COMPILER_BACK_EMIT_H

#include "compiler/back/lower.h"

struct ir_emitter {
  struct ir_graph g; /* a copy, rewritten for this function; heads belong to the original */
  const struct ir_outputs *outputs;
  struct vm_module *module;
  struct rt_error *error;
  /* what is returned, as nodes of g: outputs, then for each gradient its value and its row numbers (0: the
   * gradient is whole) */
  ir_id *output, *grad, *grad_ids; /* one behind the other, root_count together */
  int root_count;
  bool *live, *keep; /* by node */
  bool *escapes;     /* by node: read from memory by another unit, or kept */
  ir_id *first_result,
      *next_result;   /* by node: the live OP_result nodes of an op with several results; 0: no more */
  bool *has_gradient; /* by head: is there an attention_grad? */
  bool unfit;         /* some head is too large for a plan, as its `unfit` says */
  struct ir_groups groups;
  struct ir_schedule schedule;
  uint32_t *member_start; /* by unit */
  ir_id *member;
  uint32_t *value_of; /* by node, UINT32_MAX: none */
  int64_t *plan_of;   /* by head: number in module->attend, -1: none yet */
  /* growing parts of the function and the module */
  struct vm_value *value;
  size_t value_count, value_capacity;
  struct ir_live *lives;
  size_t lives_count, lives_capacity; /* values in slots, in the order they are made */
  uint32_t *life_of;
  size_t life_of_capacity; /* by value: index into lives, UINT32_MAX: not in a slot */
  struct vm_instr *instr;
  size_t instr_count, instr_capacity;
  struct lane_program *lanes;
  size_t lanes_count, lanes_capacity;
  struct attend_plan *attend;
  size_t attend_count, attend_capacity;
  const char **head_name;
  size_t head_name_capacity;
  struct vm_line *line;
  size_t line_count, line_capacity;
};

/* emit_value.c: the value that holds node n, made when there is none: leaves, views, results. VM_NO_VALUE
 * when out of memory. */
enum { IR_NO_VALUE = UINT32_MAX };
uint32_t ir_value_of(struct ir_emitter *e, ir_id n);
/* A new value in a slot, written by instruction `at`. */
uint32_t ir_value_new(struct ir_emitter *e, const struct vm_type *type, uint32_t at);
/* Notes that instruction `at` reads it. */
void ir_value_read(struct ir_emitter *e, uint32_t value, uint32_t at);

/* emit_scan.c: the functions that the scans of this one run, before anything of this one is numbered. */
int ir_emit_bodies(struct ir_emitter *e);
/* The attributes of the instruction, and how many results it has. */
int ir_scan_attrs(const struct ir_scan *scan, bool training, int64_t attr[RT_MAX_ATTR]);
/* The type of its result number k. */
struct vm_type ir_scan_result(const struct ir_scan *scan, const struct ir_graph *g,
                              const struct ir_node *node, int k);

/* emit_instr.c: all units of the schedule as instructions. */
int ir_emit_instructions(struct ir_emitter *e);

#endif
