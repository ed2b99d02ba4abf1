/* ir.h: the intermediate representation: a list of typed op nodes in single assignment, arguments before
 * users.
 *
 * The elaborator appends nodes from the tree; the gradient appends more; passes rewrite; the emitter turns
 * the rest into bytecode. Node 0 is never used, so that 0 means "none" or "failed, error is set". */
#ifndef AQ_COMPILER_IR_IR_H
#define AQ_COMPILER_IR_IR_H

#include "grammar/source.h"
#include "vm/signature.h"

typedef uint32_t ir_id;

struct ir_node {
  uint16_t op; /* enum rt_op */
  uint16_t arg_count;
  ir_id *arg; /* in the graph's arena */
  struct vm_type type;
  int64_t attr[RT_MAX_ATTR];
  double real;
  struct gr_span span;   /* what the user wrote */
  struct gr_span called; /* the call whose result it is, if it is one */
  const char *name;      /* path of the value, or NULL */
  uint8_t varies;        /* in a slot: the positions that it depends on, IR_VARIES */
  uint8_t choice;        /* enum ir_choice */
  uint32_t head;         /* one of the tensors that a head became: 1 + its number in the root; else 0 */
};

/* Which of a node's arguments count, where that depends on their values: see choice.c. */
enum ir_choice {
  IR_CHOICE_BY_OP, /* a select takes one of two, and so on */
  IR_CHOICE_OWN,   /* a select that the compiler made, which takes from what is finite */
  IR_CHOICE_SCORES /* minus infinity among them has no weight */
};

/* What ir_materialise is given of a head. */
struct ir_attending {
  const ir_id *arg;           /* query, key, value, extras */
  const struct vm_type *type; /* of the result */
  ir_id first;                /* the position of the first query; 0: 0 */
  bool may_hide;              /* see ir_scores_may_hide */
};

/* A slot expression of a head: a small graph of what is computed for one query i, one key j and one head h:
 * numbers, and sometimes vectors. Leaves are OP_input nodes whose attr[0] says what they are: */
enum ir_leaf {
  IR_LEAF_S = 0,
  IR_LEAF_I = -1,
  IR_LEAF_J = -2,
  IR_LEAF_H = -3,
  IR_LEAF_DS = -4,
  IR_LEAF_RANDOM = -5,
  IR_LEAF_GUMBEL = -6 /* , 1 + k: extra k */
};
#define IR_VARIES(role) (1u << (role)) /* role: ATTEND_I, ATTEND_J or ATTEND_H */

/* What the op `over` of a slot does along a position (attr "position": its role) with a value: one number for
 * all of them, or one for each. Masked keys and queries do not count. */
enum ir_over {
  IR_OVER_SUM,
  IR_OVER_MAX,
  IR_OVER_ENTMAX, /* tau with sum_j max((alpha - 1) a_j - tau, 0)^(1 / (alpha - 1)) = 1; real: alpha */
  IR_OVER_KTH,    /* the k-th largest; real: k */
  IR_OVER_CUMSUM,
  IR_OVER_CUMSUM_BACK, /* sums of all up to each, from the first or from the last on */
  IR_OVER_HEADS        /* the values of all heads as a vector [H] */
};

struct ir_head {
  int64_t number;        /* among the heads of its graph; that of a copy is the original's */
  const char *name;      /* path */
  struct gr_span called; /* by which call in the user's own text it came about */
  const char *within;    /* its path from that call on, such as "cross.z"; NULL: that call makes the head */
  bool softmax;
  enum vm_lowering lowering;
  const char *why;    /* why it is not VM_FUSED */
  const char *unfit;  /* why it cannot be: what the emitter found too large for a plan; NULL: nothing */
  vm_dim around, own; /* of a head[G] within a head[H]: H and G, where its result has both; else 0 */
  ir_id result;       /* what it gives; known while the program is elaborated */
  ir_id weights;      /* VM_MATERIALISED, VM_BLOCKS: the tensor of weights, [h?, queries?, keys] */
  struct ir_blocked *blocked; /* VM_BLOCKS: how it is computed so */
  double drop_rate;           /* that of the slot drop; NAN when it is not one number */
  struct attend_operand query, key, value, out, *extra; /* [extra_count], in the arena of the graph */
  int extra_count, extra_capacity;    /* more than ATTEND_MAX_EXTRAS: it is VM_MATERIALISED */
  bool wants_grad[ATTEND_MAX_EXTRAS]; /* set by the gradient */
  /* Slot graphs. Each is a whole graph of its own (lane ops, `over` and leaves, nearly all of rank 0) so that
   * the gradient and simplification work on it as on any other; result 0: the slot is absent. score_grad:
   * results as attend_plan says: ds, then one (tables: two) per extra with wants_grad; and last the score
   * itself. */
  struct ir_slot {
    struct ir_graph *graph;
    ir_id result[2 + 2 * ATTEND_MAX_EXTRAS];
    int result_count;
  } score, mask, drop, score_grad;
};

/* What runs once for each position of an axis: the body of OP_scan, or of OP_scan_grad (forward: whose
 * gradient it is). A graph of its own, whose OP_input nodes are the arguments by number, in the order of
 * vm/scan_operands.h, and whose results are listed. */
struct ir_scan {
  const char *name; /* path, or NULL */
  struct ir_graph *body;
  int argument_count;
  struct vm_type *argument;
  int sequence_count; /* of the forward body: arguments 1 .. that many are rows of sequences */
  int result_count;
  ir_id *result;
  bool reverse;
  vm_dim block;            /* how many rows a step takes; VM_ONE: one, without an axis */
  int64_t function[2];     /* its numbers in the module: of predictions, of training; -1: not emitted yet */
  struct ir_scan *forward; /* of a gradient; else NULL */
  int64_t wants;           /* of a gradient: a bit for each argument of the forward body that gets one */
};

struct ir_graph {
  struct vm_dims *dims;     /* shared by all graphs of a program; not owned */
  struct vm_module *module; /* of the root: whose native functions calls name; not owned */
  struct ir_graph *root;    /* of the body of a scan: the graph that keeps all scans; NULL: this one does */
  struct ir_scan **scan;    /* attr 0 of scan ops indexes the root's; they live in its arena */
  uint32_t scan_count;
  size_t scan_capacity;
  bool is_slot;                  /* of a head: OP_input means enum ir_leaf */
  uint8_t chosen;                /* what runs it stands below a choice: see choice.c */
  const struct ir_head *slot_of; /* that head */
  struct ir_node *node;
  uint32_t count;
  size_t capacity;
  struct ir_head **head; /* attr "plan" of attention ops indexes it; heads live in the arena */
  uint32_t head_count;
  size_t head_capacity;
  struct rt_arena arena;
};

/* Where ops are appended: to this graph, for this text of the program; why one failed goes to error. */
struct ir_at {
  struct ir_graph *g;
  struct gr_span span;
  struct rt_error *error;
};

int ir_graph_init(struct ir_graph *graph, struct vm_dims *dims); /* RT_OK or RT_NO_MEMORY */
void ir_graph_free(
    struct ir_graph *graph); /* also the slot graphs of its heads, and the bodies of scans that it keeps */

/* A new head of g, zeroed; *number is what attr "plan" says. The name (or NULL) is copied. NULL when out of
 * memory. */
struct ir_head *ir_add_head(struct ir_graph *g, const char *name, int64_t *number);
/* Makes the heads of a graph ready for another gradient, where nothing needs an earlier one any more. Without
 * this the gradient would be of a copy of the head, which drops other weights than the head does. */
void ir_forget_gradients(struct ir_graph *g);
/* Makes slot->graph, a fresh graph of a slot of the head that is freed with g. NULL when out of memory. */
struct ir_graph *ir_slot_graph(struct ir_graph *g, const struct ir_head *head, struct ir_slot *slot);
/* The head's operands as the signatures want them, without lane programs. */
struct attend_plan ir_head_plan(const struct ir_head *head);

/* A new scan, zeroed but for an empty body; *number is what attr 0 of its op says, in every graph of the
 * root. The name (or NULL) is copied. NULL when out of memory. */
struct ir_scan *ir_add_scan(struct ir_graph *g, const char *name, int64_t *number);
struct ir_scan *ir_scan_of(const struct ir_graph *g, const struct ir_node *node);
/* The number of a body's result that is the scan's first: one is the state, unless that is all there is. */
static inline int ir_scan_given(const struct ir_scan *scan) {
  return scan->block == VM_ONE && scan->result_count > 1 ? 1 : 0;
}
/* Does the scan give all states, and not what its steps give beside them? */
static inline bool ir_scan_gives_states(const struct ir_scan *scan) {
  return scan->block == VM_ONE && scan->result_count == 1;
}
/* The type of result k of a scan over this axis. */
struct vm_type ir_scan_collects(const struct ir_scan *scan, int k, vm_dim axis, bool batched);
static inline bool ir_is_scan(enum rt_op op) { return op == OP_scan || op == OP_scan_grad; }
/* native_call.c: a call of native function `number` of the module, with the type that its signature gives;
 * the caller has seen to that. */
struct ir_native_call {
  uint32_t number;
  int arg_count;
  const ir_id *arg;
  const struct vm_type *type;
};
ir_id ir_call_native(struct ir_at at, struct ir_native_call call);
/* The function that a call calls. */
static inline const struct vm_native *ir_native_of(const struct ir_graph *g, const struct ir_node *node) {
  return &(g->root ? g->root : g)->module->native[node->attr[0]];
}
/* How many results the call has, and the type of number k. */
int ir_native_results(const struct ir_graph *g, const struct ir_node *node);
struct vm_type ir_native_result(const struct ir_graph *g, const struct ir_node *node, int k);
/* An argument of the body: node and all. 0 on failure. */
ir_id ir_scan_argument(struct ir_scan *scan, const struct vm_type *type, struct gr_span span,
                       struct rt_error *error);

/* The positions that an operand has axes of: its features do not count. */
uint8_t ir_operand_varies(const struct attend_operand *operand);
/* In a slot graph: a leaf (enum ir_leaf, or 1 + k for extra k), and element `index` (a scalar, rounded) of
 * the table that extra `table` is. Each gather has an extra of its own: a table that is read in two places is
 * two extras. */
ir_id ir_leaf(struct ir_at at, int64_t leaf);
ir_id ir_slot_gather(struct ir_at at, ir_id table, ir_id index);
/* In a slot graph: extra k as a vector (its FEATURE axis). */
ir_id ir_slot_vector(struct ir_at at, int64_t leaf, vm_dim dim);
/* In a slot graph: `over` along a position. */
struct ir_along {
  enum ir_over what;
  enum attend_axis position;
  double parameter; /* alpha or k */
  vm_dim heads;     /* IR_OVER_HEADS: the dim H */
};
ir_id ir_over(struct ir_at at, struct ir_along along, ir_id a);
/* a less the largest of its row, which changes no weight of softmax or entmax and so has no gradient; a row
 * of minus infinities stays one. */
ir_id ir_slot_shifted(struct ir_at at, enum attend_axis position, ir_id a);
/* The weights of softmax along a position, of whatever the slot gives for each: exp(a - max a) / sum exp(a -
 * max a); 0 in a row of minus infinities. */
ir_id ir_slot_softmax(struct ir_at at, enum attend_axis position, ir_id a);
/* Can a score of the head with these arguments be minus infinity? */
bool ir_scores_may_hide(const struct ir_graph *g, const ir_id *argument, const struct ir_graph *slot);
/* The head as tensors: all its weights, and their product with the values, as ordinary ops. Fills
 * head->weights. 0 on failure. */
ir_id ir_materialise(struct ir_at at, struct ir_head *head, struct ir_attending attending);
/* query_blocks.c: the same, and where the head allows it notes how it is computed for a block of queries at a
 * time (VM_BLOCKS). */
ir_id ir_materialise_or_block(struct ir_at at, struct ir_head *head, struct ir_attending attending);
/* From here on all heads that are VM_BLOCKS are computed so. */
int ir_take_blocks(struct ir_graph *g, struct rt_error *error);

/* An op to append. What is left out is 0 or NULL: (struct ir_op){OP_softmax, 1, .arg = &x}. */
struct ir_op {
  enum rt_op op;
  int arg_count;
  const ir_id *arg;
  int64_t attr[RT_MAX_ATTR];
  double real;
  const struct vm_type *type; /* of ops whose operands do not say it all: see vm_signature_apply */
};

/* Appends an op with the type that its signature gives. On a shape mistake: a message at the span that shows
 * both shapes by name. Returns 0 on failure, also when an argument is 0, so that calls nest. */
ir_id ir_add(struct ir_at at, struct ir_op op);

/* Shorthands, which pass a 0 on likewise. Without a span in `at` they take that of the (first) argument. */
ir_id ir_unary(struct ir_at at, enum rt_op op, ir_id a);
/* Both arguments are first expanded to one shape, see ir_broadcast. */
ir_id ir_binary(struct ir_at at, enum rt_op op, ir_id a, ir_id b);
ir_id ir_select(struct ir_at at, ir_id c, ir_id a, ir_id b);
ir_id ir_constant(struct ir_at at, double value, const struct vm_type *type /* NULL: shared scalar */);
/* a with the same numbers under another shape: that of the type. */
ir_id ir_reshape(struct ir_at at, ir_id a, const struct vm_type *type);
/* a with its axes in another order, see rt_order_axis, and with two of them in each other's place. */
ir_id ir_transpose(struct ir_at at, ir_id a, int64_t order, const struct vm_type *type);
ir_id ir_swap(struct ir_at at, ir_id a, int axis, int other);
bool ir_keeps_order(int64_t order, int rank); /* nothing is moved */
/* a b, with a or b stored transposed. */
ir_id ir_matmul(struct ir_at at, ir_id a, bool a_transposed, ir_id b, bool b_transposed);
/* a as a tensor of the given type: its dims must be those of `type` with some left out, in the same order, in
 * exactly one way. a itself when equal. */
ir_id ir_expand(struct ir_at at, ir_id a, const struct vm_type *type);
/* The same, where `axes` is the mask of the axes of the result that a has. For cases in which the dims
 * alone do not tell. */
ir_id ir_expand_axes(struct ir_at at, ir_id a, uint32_t axes, const struct vm_type *type);
/* The shape that two operands have in common: the one whose dims contain the other's, in order. An error
 * with a hint when neither does. Batched when one of them is. */
int ir_broadcast(struct ir_at at, ir_id a, ir_id b, struct vm_type *type);
/* Sum over the axes that the mask `keep` leaves out; also over the examples when batched is false and a is
 * batched. */
ir_id ir_sum(struct ir_at at, ir_id a, uint32_t keep, bool batched);
ir_id ir_size(struct ir_at at, vm_dim of); /* a constant when it is known */
/* In how many ways (0, 1, 2: more) are a's dims found in type's, in order; *axes: the mask of type's axes. */
int ir_embed(const struct vm_type *a, const struct vm_type *type, uint32_t *axes);
/* The type that is left of `from` when only the axes `keep` stay. */
struct vm_type ir_kept(const struct vm_type *from, uint32_t keep, bool batched);
static inline bool ir_is_lane(const struct ir_graph *g, ir_id n) { return rt_is_lane(g->node[n].op); }
/* Where messages show a value: the call that gave it, or what computes it. */
static inline struct gr_span ir_shown(const struct ir_graph *g, ir_id id) {
  return g->node[id].called.source ? g->node[id].called : g->node[id].span;
}
/* If two dims have the same value under different names, adds that to the error. */
void ir_hint_dims(const struct ir_graph *g, vm_dim a, vm_dim b, struct rt_error *error);
/* Appends a copy of a node with its type, unchecked. For passes, which know that the type is right. */
ir_id ir_append(struct ir_graph *g, const struct ir_node *node, struct rt_error *error);

/* gradient.c: appends the nodes that compute d(loss)/d(wrt[k]) for every k, and puts them into grad[k]; 0
 * when loss does not depend on wrt[k]. Rules: rules_*.c, one per op of ops.def that is not NOGRAD. */
struct ir_derivative {
  ir_id loss; /* a shared scalar, or with a seed any value */
  ir_id seed; /* the gradient that the loss itself receives; 0: one */
  int count;
  const ir_id *wrt;
  ir_id *grad;
};
int ir_gradient(struct ir_graph *g, struct ir_derivative derivative, struct rt_error *error);
/* reached[0..root]: which nodes receive a gradient when root has one, as far as ops and constants tell. */
void ir_reach(const struct ir_graph *g, ir_id root, bool *reached);

/* The passes, in the order they run (optimise.c). Roots stay; their new ids are written back. */
int ir_optimise(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);

/* emit.c: the part of g that the outputs and gradients need as a function of the module: dead code left out,
 * pointwise chains fused into lane programs, values put into slots. */
struct ir_outputs {
  int count;
  const ir_id *id;
  const char *const *name;
  int gradient_count;
  const ir_id *gradient;
  const uint32_t *param; /* param numbers as attr of OP_param nodes */
  bool training;         /* false: OP_bernoulli is 1 and OP_gumbel 0: nothing is dropped or disturbed */
  bool session;          /* run by sessions, which keep what a model makes of a word */
  int argument_count;
  const struct vm_type *argument; /* what the function is given beside inputs */
  int64_t first_argument;         /* the OP_input nodes from this number on are these */
};
int ir_emit(struct ir_graph *g, const struct ir_outputs *outputs, const char *name, struct vm_module *module,
            struct rt_error *error);

#endif
