/* context.h: what is known while a program is elaborated, what expressions mean, and the names in sight: all
 * that needs no evaluation of expressions. What evaluates is in elaborate.h. */
#ifndef AQ_COMPILER_FRONT_CONTEXT_H
#define AQ_COMPILER_FRONT_CONTEXT_H

#include "compiler/ir/ir.h"
#include "compiler/source/program.h"

struct cc_builtin;
struct cc_context;
/* What an expression means while a program is elaborated. */
struct cc_value {
  enum cc_value_kind {
    CC_NONE,
    CC_TENSOR,
    CC_NUMBER,
    CC_DIM,
    CC_STRING,
    CC_FUNCTION,
    CC_BUILTIN,
    CC_LIST
  } kind;
  ir_id id;   /* TENSOR: node of the current graph */
  bool outer; /* TENSOR: node of the model's graph although we are in a slot */
  double number;
  bool is_truth; /* NUMBER: true or false as config.json says it, which is no size */
  vm_dim dim;
  const char *text;
  const char *said_in; /* STRING: the file of the program in which it stands */
  const struct cc_definition *function;
  const char *instance; /* FUNCTION: path of the shared instance, or NULL */
  uint64_t made_in;     /* an instance: the round of the frame that made it */
  const struct cc_builtin *builtin;
  struct cc_value *item; /* LIST */
  int item_count;
  const char *label; /* of a result that `return` gives a name; else NULL */
};

/* Of a call: its arguments as values. */
struct cc_call_args {
  const struct gr_node *node; /* the CALL, for places */
  int count;
  struct cc_value *value; /* positional */
  struct gr_span *span;
  int named_count;
  const char **name;
  struct cc_value *named;
  struct gr_span *named_span;
};
/* What a body or a call returns. */
enum { CC_MOST_RESULTS = 16 };
struct cc_results {
  struct cc_value *value;
  int most;  /* that value has room for, and that are wanted */
  int count; /* -1 until a return was met */
};
/* Where a call stands: whose names are in sight there. */
struct cc_caller {
  struct cc_scope *scope;
  const struct cc_unit *unit;
};
/* A function that is not written in aq (builtin*.c). */
struct cc_builtin {
  const char *name;
  const struct cc_parameter *takes; /* [count] */
  int count; /* -1: its arguments are not looked at, as it has no place in expressions */
  int (*run)(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
             struct cc_value *result);
  int op;          /* for handlers that serve several; of the reductions mean has none */
  double constant; /* run NULL: the name is a number */
  const char *doc;
};

struct cc_binding {
  const char *name;
  struct cc_value value;
  struct gr_span span;
  const struct gr_node *let; /* the first statement that bound it, or NULL */
  vm_dim head_dim;           /* of the body that bound it */
  bool in_slot;              /* bound while a slot was elaborated: tensors are nodes of the slot's graph */
};
/* Names in sight, innermost first. Star bindings (*B) are lists of dims. */
struct cc_scope {
  struct cc_scope *parent;
  struct cc_binding *binding;
  size_t count, capacity;
  struct rt_map index; /* name to binding, once there are many */
};

/* A `with { … }` behind the call whose body is elaborated (with.c). */
struct cc_site;
struct cc_with {
  const struct gr_node *node;
  struct cc_caller caller;
  struct cc_site *site;          /* where heads were called so far */
  const struct cc_site **filled; /* [node->count] a head that has got the slot; NULL: none has */
  const struct gr_node *unclear; /* a slot that says of none of several heads that it is for it */
};

/* One body being elaborated: a function, head or model at one call. */
struct cc_frame {
  struct cc_frame *parent;
  const struct cc_definition *definition;
  const struct gr_node *call; /* NULL: of the model, or of a function that is compiled alone */
  const char *bound;          /* to what the result of the call is bound, or NULL */
  struct cc_with *with;       /* NULL: none stands behind the call */
  const char *path;           /* of the parameters made here */
  const char *let_name; /* the name being bound by the statement at hand, NULL in a return or a rebinding */
  const struct gr_node *let_root; /* its right side */
  const char *loop_suffix;        /* ".0.2" within loops */
  struct rt_map used;             /* components of paths, and how often */
  uint64_t round; /* within an instance: which call of one it is, 1 or more; 0: parameters are its own */
  uint64_t outer_round; /* of the frame that named it: of an instance, the one that made that */
};

/* The slot that is being elaborated: its own graph, and what i, j and h run over. */
struct cc_slot {
  struct ir_graph *graph;
  struct ir_head *head;
  vm_dim query_dim, key_dim; /* VM_NO_DIM: no such axis */
  ir_id *extra;              /* nodes of the model's graph */
  ir_id h;                   /* what `h` means: the number of the head */
  struct cc_value s;         /* what `s` means: the raw score, in norm the scored one */
};

enum { CC_MOST_OUTPUTS = 64 };

/* An argument without a shape that is taken for a dim, as its name begins with a capital letter, where a
 * function is looked at by itself. It may be something else: what goes wrong with it is no error, unless it
 * was the size of an axis before. */
struct cc_guess {
  uint32_t symbol;
  bool met, size; /* the body has named it; it was the size of an axis */
};

/* Used while the loss is elaborated. There cross_entropy(y), with an output y, means cross_entropy(what
 * the model returns for y, what the row has for y). */
struct cc_answers {
  const struct cc_frame *frame;
  int count;
  ir_id prediction[CC_MOST_OUTPUTS], target[CC_MOST_OUTPUTS];
  const struct gr_node *call; /* that names no output, and is of number `output` */
  int output;
};

/* In the body of a head[G] that the body of a head[H] calls: H, or what stands for the heads there, and G. */
struct cc_heads {
  vm_dim around, own; /* VM_NO_DIM: there is no head around it */
};

struct cc_context {
  struct cc_program *program;
  struct vm_module *module; /* being filled: dims, params, inputs, outputs */
  struct ir_graph *model;   /* the model's graph */
  struct cc_slot *slot;     /* NULL outside slots */
  struct cc_frame *frame;
  struct cc_scope *scope;
  const struct cc_unit *unit; /* whose names are in sight */
  vm_dim head_dim;            /* inside head[H]: H, the hidden axis, or that of both; else VM_NO_DIM */
  struct cc_heads heads;
  ir_id step_first;         /* inside a step of scan: nodes from here on are made for it; else 0 */
  const char *const *unfit; /* [unfit_count] by number of a head: why it must be tensors; NULL: it need not */
  uint32_t unfit_count;
  const struct cc_alone *alone; /* how a function is compiled by itself; NULL: as one example */
  struct cc_guess *guess;       /* [guess_count] */
  int guess_count;
  bool swapping;  /* a call is tried with its arguments in another order */
  int levels;     /* of nesting, see budget.c */
  uint32_t steps; /* taken so far */
  struct gr_span
      unrolling; /* the loop or call at hand: where the message points when the program grows too large */
  const struct cc_builtin *(*builtin_named)(const char *name); /* cc_builtin_find, which stands above most */
  uint64_t stamp;           /* of this elaboration: file-level dims that have it are made */
  struct rt_map param_of;   /* path to number of parameter */
  struct rt_map taken_path; /* parameters, and calls that made some: the round that did so last */
  uint64_t rounds;          /* calls of instances so far */
  ir_id *param_node;        /* [module->param_count] */
  uint64_t param_uses;      /* parameters made, or met again in an instance, so far */
  size_t param_capacity, param_node_capacity;
  struct cc_weights {
    const char *name;
    ir_id id;
    const char **weighed; /* [weighed_count] names of what they weigh; none: not known */
    int weighed_count;
  } * weights; /* mixing weights, for aqc attend */
  size_t weights_count, weights_capacity;
  struct cc_named {
    const char *name; /* path, or that of the function whose result it is */
    ir_id id;
    bool called, of_model; /* a result of a call; bound by a statement of the model itself */
  } * named;               /* where program->vector asks for one of them */
  size_t named_count, named_capacity;
  struct cc_required {
    vm_dim dim;
    enum vm_requirement_kind kind;
    struct gr_span span;
    bool needed; /* the model's values depend on it */
  } * required;  /* what is asked of sizes and holds for some of them only */
  size_t required_count, required_capacity;
  uint8_t *asked; /* by dim: a bit for each kind of requirement that was looked at */
  size_t asked_capacity;
  ir_id matched[CC_MOST_OUTPUTS][2]; /* the vectors of outputs that are matches */
  const struct cc_answers *answers;  /* NULL outside of the loss */
  struct gr_span library_call;       /* the call by the program's own files that we are in, or no place */
  struct rt_error *error;
};

static inline struct ir_graph *cc_graph(struct cc_context *c) { return c->slot ? c->slot->graph : c->model; }
/* Where ops are appended: to the model, or within a slot to the slot's graph. */
static inline struct ir_at cc_in_model(struct cc_context *c, struct gr_span span) {
  return (struct ir_at){c->model, span, c->error};
}
static inline struct ir_at cc_in_graph(struct cc_context *c, struct gr_span span) {
  return (struct ir_at){cc_graph(c), span, c->error};
}
static inline const struct vm_type *cc_type(struct cc_context *c, ir_id id) {
  return &c->model->node[id].type;
}

/* A function with a large frame. It is not inlined, because hundreds of calls of cc_expression may be on
 * the stack, and each would need room for it. */
#define CC_OWN_FRAME __attribute__((noinline))

/* All return RT_OK or the code of the error that they left in c->error. */

/* budget.c: enters some levels of nesting, which also count as a step. cc_leave follows even when
 * cc_enter fails. A call takes several levels, because it needs more stack. */
enum { CC_CALL_LEVELS = 5, CC_CALL_STEPS = 10, CC_HEAD_STEPS = 200, CC_SCAN_STEPS = 500 };
int cc_enter(struct cc_context *c, int levels, struct gr_span span);
void cc_leave(struct cc_context *c, int levels);
int cc_spend(struct cc_context *c, int steps);

/* scope.c */
int cc_bind(struct cc_context *c, struct cc_scope *scope, const char *name, struct cc_value value,
            struct gr_span span, const struct gr_node *let);
const struct cc_binding *cc_lookup(const struct cc_scope *scope, const char *name);
void cc_scope_free(struct cc_scope *scope);

/* guess.c: an argument that is taken for a dim; it, or what is made of it, was named; it was the size of an
 * axis; may what went wrong have gone wrong because it is no dim? */
void cc_guess_dim(struct cc_context *c, vm_dim dim);
void cc_guess_met(struct cc_context *c, const struct cc_value *value);
void cc_guess_sized(struct cc_context *c, vm_dim dim);
bool cc_guessed_wrong(const struct cc_context *c);

/* value.c: what went wrong */
int cc_out_of_memory(struct cc_context *c);
/* Adds to "out of memory" what was being made and where, unless a function further in has done so. */
void cc_place_memory(struct rt_error *error, struct gr_span span, const char *what);

/* value.c: in words */
/* "a tensor [T, D]", "the function relu"; in the arena. */
const char *cc_describe(struct cc_context *c, const struct cc_value *value);
/* A copy of a finished text in the arena; otherwise, when there was no memory. Frees the text. */
const char *cc_keep_text(struct cc_context *c, struct rt_text *text, const char *otherwise);
const char *cc_type_text(struct cc_context *c, const struct vm_type *type);
const char *cc_dim_text(struct cc_context *c, vm_dim dim);

/* value.c: axes */
/* The visible axes of a type: inside head[H] the axis H is hidden. Fills axis[] with real axis numbers,
 * returns how many. */
int cc_visible(struct cc_context *c, const struct vm_type *type, int axis[RT_MAX_RANK]);
/* The axis that is hidden, or -1. */
int cc_hidden_axis(struct cc_context *c, const struct vm_type *type);
bool cc_is_lifted(struct cc_context *c, const struct vm_type *type); /* is there one? */
/* The real axis of a type that has dim d, -1 none, -2 more than one. */
int cc_axis_of(struct cc_context *c, const struct vm_type *type, vm_dim d);

/* value.c: as a number */
bool cc_to_number(struct cc_context *c, const struct cc_value *value, double *number);
/* Refuses a number that is too large for float, so that a program means the same in both precisions.
 * `inf` is allowed. */
int cc_check_float(struct cc_context *c, double number, struct gr_span span);
/* That float does not make 0 of it as it is written. */
int cc_check_small(struct cc_context *c, double number, struct gr_span span);

/* value.c: as a tensor of the current graph */
int cc_to_tensor(struct cc_context *c, const struct cc_value *value, struct gr_span span, ir_id *id);
/* And no whole numbers that name things. */
int cc_to_real(struct cc_context *c, const struct cc_value *value, struct gr_span span, ir_id *id);
/* When a value is [] because of mean(x) over all axes: hints how to take the mean over one axis. */
void cc_hint_reduced(struct cc_context *c, const struct cc_value *value);
/* A tensor of the model as leaf of the slot that is being elaborated, and that it can be one. */
struct cc_extra {
  const uint8_t *role; /* by axis */
  vm_dim vector;       /* the dim of the axis that stays, of role FEATURE; VM_NO_DIM: the leaf is a number */
  bool table;          /* its last axis, of role FEATURE too, is gathered from */
};
int cc_slot_extra(struct cc_context *c, ir_id outer, const struct cc_extra *as, struct gr_span span,
                  ir_id *leaf);
int cc_check_slot_tensor(struct cc_context *c, ir_id outer, struct gr_span span);

#endif
