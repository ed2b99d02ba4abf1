/* dependence_parts.h: what the files of the analysis of dependence.h share. dependence.c walks a graph and
 * asks a rule for each op; dependence_rules.c has those of ordinary ops, dependence_lanes.c that of
 * element-by-element ops, dependence_heads.c and dependence_scans.c those of heads and recurrences. Both add
 * to what is found through dependence_atoms.c. */
#ifndef AQ_COMPILER_IR_DEPENDENCE_PARTS_H
#define AQ_COMPILER_IR_DEPENDENCE_PARTS_H

#include "compiler/ir/dependence.h"

/* An axis of a value by its number, or: */
enum {
  DEP_EVERY = -1, /* no axis: all elements are made of the same positions */
  DEP_ROW = 100,  /* in the body of a recurrence: the step at hand; + 1, …: of the one within that, … */
  DEP_GONE = -2   /* an axis of an operand that the result lacks */
};

static inline bool dep_is_row(int axis) { return axis >= DEP_ROW; }
static inline int8_t dep_row_at(int depth) { return (int8_t)(DEP_ROW + depth - 1); }

enum { DEP_AXES = 16, DEP_ATOMS = 16 };

/* One source of the elements of a value. With index n along `axis`, n from `from` up to but without `to`:
 * DEP_POSITIONS: positions n - back .. n + ahead; along DEP_EVERY: 0 .. ahead.
 * DEP_LENGTH: the length of the text, as a number.
 * DEP_PLACED: no position, but the elements stand where the length says: element n is a function of n minus
 * the size ahead.at. */
struct dep_atom {
  uint8_t kind;
  int8_t axis;
  uint16_t arg,
      from_atom; /* by which argument of the node it came, and as which of its atoms; or DEP_NO_ARG */
  struct ir_end back, ahead;
  vm_dim from, to; /* VM_NO_DIM: no limit */
  /* Of a recurrence and of its state: the node of the body that made it bad, or NULL. Elsewhere unused. */
  const struct ir_node *inside;
};
enum { DEP_POSITIONS, DEP_LENGTH, DEP_PLACED };
enum { DEP_NO_ARG = UINT16_MAX };

/* Outside of least <= index of axis `other` - index of axis `axis` <= most the elements are `outside`. In the
 * body of a recurrence `axis` may be the step.
 * unsure: or not a number, then all along axis `axis` or `other`, such as all of a row that is divided by its
 * sum, when that is 0. Then only sums along that axis may use it, and nothing that turns it into a number. */
struct dep_support {
  bool known;
  enum { DEP_SURE, DEP_ALL_ALONG_AXIS, DEP_ALL_ALONG_OTHER } unsure;
  int8_t axis, other;
  struct ir_end least, most;
  double outside;
};

/* A value has the axes of its type. One that reshape made of several, such as T * H, stays several here, so
 * that they are found again when it is split. */
struct dep_value {
  uint8_t axes;
  uint8_t axis_of[DEP_AXES]; /* of the type */
  vm_dim dim[DEP_AXES];
  int count;
  struct dep_support support;
  struct dep_atom *atom;
};

struct dep_scan { /* results 1, 2, … of a recurrence */
  ir_id node;
  int count;
  const struct dep_value **value;
  struct dep_scan *next;
};

struct ir_dependence {
  const struct ir_graph *g, *whole; /* whole: the graph that g is a body in, or g */
  const struct ir_text *text;
  struct vm_dims *dims; /* a branch of the graph's */
  struct rt_arena *arena;
  const struct dep_value **value; /* by node; NULL: it depends on nothing */
  struct ir_numbers *numbers;     /* by node */
  struct dep_scan *scan;
  int depth;                             /* of recurrences within recurrences */
  const vm_dim *counts;                  /* of a body: see ir_around */
  vm_dim steps;                          /* how many there are */
  void (*walk)(struct ir_dependence *d); /* all nodes that have no value yet; rules call it for bodies */
  bool failed;                           /* memory ran out */
  /* of the whole, not of a body: */
  struct vm_dims own_dims;
  struct rt_arena own_arena;
  struct ir_text own_text;
};

/* A value that is being made. */
struct dep_making {
  struct ir_dependence *d;
  ir_id id;
  const struct ir_node *node;
  struct dep_value v;
  struct dep_atom atom[DEP_ATOMS];
};

/* ---- dependence_atoms.c ---- */

struct ir_end dep_plus(struct ir_dependence *d, struct ir_end a, struct ir_end b);
struct ir_end dep_minus(struct ir_dependence *d, struct ir_end a, struct ir_end b);
struct ir_end dep_number(struct ir_dependence *d, int64_t n);
static inline struct ir_end dep_size(vm_dim d) { return (struct ir_end){d == VM_NO_DIM, d}; }
static inline struct ir_end dep_far(void) { return (struct ir_end){true, VM_NO_DIM}; }
bool dep_is_past(struct ir_dependence *d, struct ir_end ahead); /* ahead <= 0 for all sizes */
bool dep_is_bad(struct ir_dependence *d, const struct dep_atom *a);
bool dep_uses_length(const struct ir_dependence *d, vm_dim size);

void dep_begin(struct dep_making *m, struct ir_dependence *d, ir_id id);
/* Joins an atom. arg, from_atom are as the caller set them. */
void dep_add(struct dep_making *m, struct dep_atom atom);
void dep_add_all(struct dep_making *m, int arg, int from_atom, int kind);
const struct dep_value *dep_keep(struct dep_making *m);
const struct dep_value *dep_arg(const struct dep_making *m, int k); /* NULL: of nothing */
/* By which node an atom of node `id` came. A further result of a recurrence has the recurrence's operands. */
ir_id dep_came_by(const struct ir_graph *g, ir_id id, const struct dep_atom *atom);

/* Where the axes of an operand go: axis a of its type to axis to[a] of the result's, or DEP_GONE. */
struct dep_route {
  int8_t to[RT_MAX_RANK];
  /* What is known of the index of an axis that is gone, as this op runs over it: its distance from an axis of
   * the result, see dep_support. gone: that axis of the operand's type; -1: nothing. */
  int8_t gone, result; /* result: or a step */
  struct ir_end least, most;
  double neutral; /* elements that are this take no part where an axis is gone; NAN: all take part */
  bool runs;      /* an axis that is gone is run over, so that the result tells how long it is */
};
struct dep_route dep_same_axes(const struct dep_making *m, int k);
/* Takes over how axes are composed, then the atoms of operand k. */
void dep_axes_from(struct dep_making *m, int k, const struct dep_route *route);
void dep_pull(struct dep_making *m, int k, const struct dep_route *route);
void dep_pull_atom(struct dep_making *m, int k, int i, const struct dep_route *route); /* number i alone */
/* The support of operand k, if both its axes are in the result. */
void dep_support_from(struct dep_making *m, int k, const struct dep_route *route);
int dep_first_axis(const struct dep_value *v, int type_axis); /* of the value; -1: it has none, or several */

/* ---- dependence_atoms.c: what rules ask ---- */

static inline const struct ir_node *dep_arg_node(const struct dep_making *m, int k) {
  return &m->d->g->node[m->node->arg[k]];
}
/* Is the node one number, wherever its elements stand? */
bool dep_is_number(const struct ir_graph *g, ir_id id, double *number);
static inline struct ir_around dep_around(const struct ir_dependence *d) {
  return (struct ir_around){.g = d->g, .numbers = d->numbers, .dims = d->dims, .counts = d->counts};
}
/* May the elements of operand k be infinite or not numbers? Then 0 times them is not 0. */
static inline bool dep_is_wild(const struct dep_making *m, int k) {
  return !ir_is_finite(m->d->numbers[m->node->arg[k]]);
}
/* May a sum along the axis of the value leave out what is outside of the support? */
static inline bool dep_leaves_out(const struct dep_support *s, int axis) {
  return s->unsure == DEP_SURE || axis == (s->unsure == DEP_ALL_ALONG_AXIS ? s->axis : s->other);
}
static inline bool dep_outside_is(const struct dep_value *v, double number) {
  return v && v->support.known && v->support.outside == number;
}
/* That of operand k, which has the axes of the result. */
void dep_keep_support(struct dep_making *m, int k);

/* ---- rules ---- */

void dep_lane(struct dep_making *m); /* dependence_lanes.c */

void dep_rule(struct dep_making *m);      /* dependence_rules.c */
void dep_attention(struct dep_making *m); /* dependence_heads.c */
void dep_scan_op(struct dep_making *m);   /* dependence_scans.c */

#endif
