/* lower.h: from the IR to what a module holds: groups of element-by-element nodes, lane programs, slots of
 * memory. Internal to the emitter. */
#ifndef AQ_COMPILER_BACK_LOWER_H
#define AQ_COMPILER_BACK_LOWER_H

#include "compiler/ir/passes.h"

/* ---- fuse.c: which lane nodes become one program ---- */

/* Nodes of a group have one type and run as one program. So no path may lead out of the group and back
 * into it. */
struct ir_groups {
  uint32_t *of;   /* [g->count] group of a live lane node, from 1; 0: not a lane node */
  uint32_t count; /* groups + 1 */
};
/* keep[n]: n is looked at from outside (a root). live as ir_mark_live leaves it. */
int ir_fuse(const struct ir_graph *g, const bool *live, const bool *keep, struct ir_groups *groups,
            struct rt_error *error);
void ir_groups_free(struct ir_groups *groups);
/* Does a lane program take this argument apart (a constant, a repetition), so that it needs no memory of its
 * own? */
static inline bool ir_is_absorbed(const struct ir_node *arg) {
  return rt_op_info[arg->op].flags & RT_ABSORBED;
}

/* ---- recompute.c: cheap values that another group needs are computed there once more instead of being kept
 * in memory. Roots are updated; the graph must not go through ir_cse afterwards ---- */
int ir_recompute(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);

/* ---- lower_lanes.c, lower_head.c: lane programs. Their arrays go to the arena ---- */

/* What a group reads: source[k] is the value that input k is made from. */
struct ir_lane_inputs {
  ir_id source[LANE_MAX_INPUTS];
  int count;
};

/* Nodes that run together. */
struct ir_lane_group {
  const struct ir_graph *g;
  int member_count, output_count;
  const ir_id *member; /* in order */
  const ir_id *output; /* the members that others read */
};
int ir_lower_group(const struct ir_lane_group *group, struct rt_arena *arena, struct lane_program *program,
                   struct ir_lane_inputs *inputs, struct rt_error *error);

/* The plan of a head with its slots as programs. training: with drop; gradient: with score_grad. Where they
 * are too large for that, head->unfit says why and the status is RT_BAD_DATA. */
int ir_lower_head(struct ir_head *head, bool training, bool gradient, struct rt_arena *arena,
                  struct attend_plan *plan, struct rt_error *error);

/* The same instructions on inputs of the same kind? */
bool ir_same_program(const struct lane_program *a, const struct lane_program *b);
bool ir_same_plan(const struct attend_plan *a, const struct attend_plan *b);

/* ---- draft.c: a lane program while it is made: values instead of registers ---- */

struct ir_draft {
  struct ir_draft_step {
    uint8_t op, class, at;
    int arg[3];
  } * step; /* at: number of the constant or input; arg: steps, -1: none */
  size_t count, capacity;
  double constant[256];
  int constant_count;
  struct ir_draft_part *part; /* NULL: the program has no first part */
  bool failed;                /* out of memory or too many constants */
};
/* A first part, which can be run by itself: the steps up to `end`, `result` being what it gives. */
struct ir_draft_part {
  size_t end;
  int result;
};
/* Each returns the step that computes it. */
int ir_draft_constant(struct ir_draft *draft, double value);
int ir_draft_leaf(struct ir_draft *draft, enum lane_op op, int at, int class);
int ir_draft_compute(struct ir_draft *draft, enum lane_op op, int a, int b, int c); /* -1: none */
int ir_draft_gather(struct ir_draft *draft, int table, int class, int index);       /* class: of the table */
/* Gives registers. inputs: how many, with their classes and axes already in program. A part is then told as
 * instructions and a register. Frees the draft in any case. */
struct ir_draft_results {
  int count;
  const int *step;
};
int ir_draft_finish(struct ir_draft *draft, struct ir_draft_results results, struct rt_arena *arena,
                    struct lane_program *program, struct rt_error *error);
void ir_draft_free(struct ir_draft *draft);

/* ---- schedule.c: instructions in the order they run ---- */

/* One instruction to be: a node, or a group of lane nodes. */
struct ir_unit {
  ir_id node;     /* the node, or the last of the group */
  uint32_t group; /* 0: none */
};
struct ir_schedule {
  struct ir_unit *unit;
  uint32_t count;
  uint32_t *unit_of; /* [g->count] the unit that makes the node, UINT32_MAX: none does (a leaf, or never in
                        memory) */
};
int ir_schedule_make(const struct ir_graph *g, const bool *live, const bool *keep,
                     const struct ir_groups *groups, struct ir_schedule *schedule, struct rt_error *error);
void ir_schedule_free(struct ir_schedule *schedule);

/* The node whose memory n shows: through reshape and stop. */
ir_id ir_storage_of(const struct ir_graph *g, ir_id n);

/* ---- plan.c: which value lives in which slot ---- */

/* One value of a function, as the planner sees it. */
struct ir_live {
  uint32_t from, to; /* instructions that write it first and read it last; to UINT32_MAX: stays to the end */
  vm_dim extent;     /* elements of one example */
  uint8_t dtype, batched;
  uint32_t over; /* a value of the same shape that dies where this is made and that may be written over;
                    UINT32_MAX: none */
  uint32_t slot; /* result */
};
/* Values in the order of `from`. Gives slots: never one to two values that live at the same time, except
 * `over`. */
int ir_plan(struct ir_live *value, uint32_t count, uint32_t *slot_count, struct rt_error *error);

#endif
