/* elaborate.h: from the tree to the IR. Functions are inlined at their calls, with the shapes of that call;
 * each call owns the parameters it makes, named by its path. Internal to the elaborator (elaborate.c,
 * expression.c, call.c, head.c, builtin.c, model_data.c). */
#ifndef AQ_COMPILER_FRONT_ELABORATE_H
#define AQ_COMPILER_FRONT_ELABORATE_H

#include "compiler/ir/ir.h"
#include "compiler/source/program.h"

struct cc_builtin;
struct cc_call_args;

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
  vm_dim dim;
  const char *text;
  const struct cc_definition *function;
  const char *instance; /* FUNCTION: path of the shared instance, or NULL */
  const struct cc_builtin *builtin;
  struct cc_value *item; /* LIST */
  int item_count;
};

struct cc_binding {
  const char *name;
  struct cc_value value;
  struct gr_span span;
  const struct gr_node *let; /* the first statement that bound it, or NULL */
  bool in_slot;              /* bound while a slot was elaborated: tensors are nodes of the slot's graph */
};
/* Names in sight, innermost first. Star bindings (*B) are lists of dims. */
struct cc_scope {
  struct cc_scope *parent;
  struct cc_binding *binding;
  size_t count, capacity;
  struct rt_map index; /* name to binding, once there are many */
};

/* One body being elaborated: a function, head or model at one call. */
struct cc_frame {
  struct cc_frame *parent;
  const struct cc_definition *definition;
  const char *path;     /* of the parameters made here */
  const char *let_name; /* the name being bound by the statement at hand, NULL in a return or a rebinding */
  const struct gr_node *let_root; /* its right side */
  const char *loop_suffix;        /* ".0.2" within loops */
  struct rt_map used;             /* components of paths, and how often */
  bool shared;                    /* within an instance: parameters that exist are used again */
};

/* The slot that is being elaborated: its own graph, and what i, j and h run over. */
struct cc_slot {
  struct ir_graph *graph;
  struct ir_head *head;
  vm_dim query_dim, key_dim;      /* VM_NO_DIM: no such axis */
  ir_id extra[ATTEND_MAX_EXTRAS]; /* nodes of the model's graph */
  struct cc_value s;              /* what `s` means: the raw score, in norm the scored one */
};

struct cc_context {
  struct cc_program *program;
  struct vm_module *module; /* being filled: dims, params, inputs, outputs */
  struct ir_graph *model;   /* the model's graph */
  struct cc_slot *slot;     /* NULL outside slots */
  struct cc_frame *frame;
  struct cc_scope *scope;
  const struct cc_unit *unit; /* whose names are in sight */
  vm_dim head_dim;            /* inside head[H]: H, the hidden axis; else VM_NO_DIM */
  bool swapping;              /* a call is tried with its arguments in another order */
  int levels;                 /* of nesting, see budget.c */
  uint32_t steps;             /* taken so far */
  struct gr_span
      unrolling;  /* the loop or call that is at hand, where a program that grows too large is told of */
  uint64_t stamp; /* of this elaboration: file-level dims that have it are made */
  struct rt_map param_of; /* path to number of parameter */
  ir_id *param_node;      /* [module->param_count] */
  uint64_t param_uses;    /* parameters made, or met again in an instance, so far */
  size_t param_capacity, param_node_capacity;
  struct cc_weights {
    const char *name;
    ir_id id;
  } * weights; /* mixing weights, for aqc attend */
  size_t weights_count, weights_capacity;
  struct cc_required {
    vm_dim dim;
    enum vm_requirement_kind kind;
    struct gr_span span;
    bool needed; /* the model's values depend on it */
  } * required;  /* what is asked of sizes and holds for some of them only */
  size_t required_count, required_capacity;
  uint8_t *asked; /* by dim: a bit for each kind of requirement that was looked at */
  size_t asked_capacity;
  struct gr_span library_call; /* the call by the program's own files that we are in, or no place */
  struct rt_error *error;
};

static inline struct ir_graph *cc_graph(struct cc_context *c) { return c->slot ? c->slot->graph : c->model; }
static inline const struct vm_type *cc_type(struct cc_context *c, ir_id id) {
  return &c->model->node[id].type;
}

/* Keeps its frame to itself: there are hundreds of cc_expression on the stack, which need not have room for
 * all that any of them may do. */
#define CC_OWN_FRAME __attribute__((noinline))

/* All return RT_OK or the code of the error that they left in c->error. */

/* budget.c: a level of nesting, which is also a step; left in any case. A call takes more stack. */
enum { CC_CALL_LEVELS = 5, CC_CALL_STEPS = 10, CC_HEAD_STEPS = 200, CC_SCAN_STEPS = 500 };
int cc_enter(struct cc_context *c, int levels, struct gr_span span);
void cc_leave(struct cc_context *c, int levels);
int cc_spend(struct cc_context *c, int steps);

/* elaborate.c: bodies */
int cc_block(struct cc_context *c, const struct gr_node *block, struct cc_value *result, int *result_count,
             int max_results);
int cc_let(struct cc_context *c, const struct gr_node *let);
int cc_dim_of(struct cc_context *c, struct cc_definition *definition, vm_dim *dim);
int cc_bind(struct cc_context *c, struct cc_scope *scope, const char *name, struct cc_value value,
            struct gr_span span, const struct gr_node *let);
const struct cc_binding *cc_lookup(const struct cc_scope *scope, const char *name);
void cc_scope_free(struct cc_scope *scope);

/* expression.c */
int cc_expression(struct cc_context *c, const struct gr_node *node, struct cc_value *value);
int cc_tensor(struct cc_context *c, const struct gr_node *node,
              ir_id *id); /* as a tensor of the current graph */
int cc_to_tensor(struct cc_context *c, const struct cc_value *value, struct gr_span span, ir_id *id);
int cc_to_real(struct cc_context *c, const struct cc_value *value, struct gr_span span,
               ir_id *id); /* and no whole numbers that name things */
void cc_hint_reduced(struct cc_context *c,
                     const struct cc_value *value); /* when it is [] because mean(x) was over all axes */

/* sizes.c */
int cc_dim(struct cc_context *c, const struct gr_node *node, vm_dim *dim); /* as the size of an axis */
int cc_to_dim(struct cc_context *c, const struct cc_value *value, struct gr_span span, vm_dim *dim);
int cc_position(struct cc_context *c, const struct gr_node *node, vm_dim *dim);  /* within an axis */
int cc_number(struct cc_context *c, const struct gr_node *node, double *number); /* known while compiling */
bool cc_to_number(struct cc_context *c, const struct cc_value *value, double *number);
/* That it is a number of tensors: what float makes infinite is refused, so that a program means the same in
 * both precisions. `inf` itself is one. */
int cc_check_float(struct cc_context *c, double number, struct gr_span span);
int cc_check_small(struct cc_context *c, double number,
                   struct gr_span span); /* as written: float makes it 0 */
/* The axes that *B stands for, as a list of dims; NULL with the error set: the signature has no such. */
const struct cc_value *cc_star(struct cc_context *c, const struct gr_node *star);
int cc_shape(struct cc_context *c, const struct gr_node *shape,
             struct vm_type *type); /* [T, 4*D] in an expression */

/* expression.c: in words */
const char *cc_describe(
    struct cc_context *c,
    const struct cc_value *value); /* "a tensor [T, D]", "the function relu"; in the arena */
/* A copy of a finished text in the arena; otherwise, when there was no memory. Frees the text. */
const char *cc_keep_text(struct cc_context *c, struct rt_text *text, const char *otherwise);
const char *cc_type_text(struct cc_context *c, const struct vm_type *type);
const char *cc_dim_text(struct cc_context *c, vm_dim dim);
int cc_out_of_memory(struct cc_context *c);
/* Keeps a place in the module. */
int cc_keep_place(struct cc_context *c, struct gr_span span, bool with_excerpt, struct vm_where *where);
/* Says for what and where, unless that was said. Those further in say it first. */
void cc_place_memory(struct rt_error *error, struct gr_span span, const char *what);

/* require.c */
/* The part of an axis of `whole` elements that begins at start. element: one, written without `..`. index:
 * what stands between the brackets, for messages. */
struct cc_part {
  vm_dim whole, start, length;
  bool element;
  struct gr_span index;
};
int cc_require_size(struct cc_context *c, vm_dim dim, struct gr_span span); /* it is to be that of an axis */
int cc_require_part(struct cc_context *c, const struct cc_part *part, struct gr_span span);
/* symbol >= least: what words[1 <= T] says. */
int cc_require_least(struct cc_context *c, uint32_t symbol, int64_t least, struct gr_span span);
/* What nodes of g ask, from number `from` on; span: who made them, or no place for their own. */
int cc_require_nodes(struct cc_context *c, const struct ir_graph *g, ir_id from, struct gr_span span);
/* Writes into the module what the values that the roots depend on ask. */
int cc_requirements(struct cc_context *c, int root_count, const ir_id *root);

/* index.c */
int cc_index(struct cc_context *c, const struct gr_node *node, struct cc_value *value);

/* The visible axes of a type: inside head[H] the axis H is hidden. Fills axis[] with real axis numbers,
 * returns how many. */
int cc_visible(struct cc_context *c, const struct vm_type *type, int axis[RT_MAX_RANK]);
bool cc_is_lifted(struct cc_context *c, const struct vm_type *type);
/* The real axis of a type that has dim d, -1 none, -2 more than one. */
int cc_axis_of(struct cc_context *c, const struct vm_type *type, vm_dim d);

/* call.c */
int cc_call(struct cc_context *c, const struct gr_node *call, struct cc_value *result, int *result_count,
            int max_results);
int cc_apply(struct cc_context *c, const struct cc_value *callee, const struct gr_node *call, int count,
             const struct cc_value *arg, const struct gr_span *span,
             struct cc_value *result); /* by position, one result */
struct cc_call_args;
/* With arguments that are values already; up to max results, their number in *count. */
int cc_apply_args(struct cc_context *c, const struct cc_value *callee, const struct cc_call_args *args,
                  struct cc_value *result, int *count, int max);
int cc_match_type(struct cc_context *c, const struct gr_node *pattern, const struct vm_type *type,
                  struct cc_scope *scope, const char *what, const struct gr_node *declared,
                  struct gr_span span);
/* That a result is the tensor that the definition declares. */
int cc_check_result(struct cc_context *c, const struct cc_definition *d, const struct cc_value *result,
                    int count, struct cc_scope *scope);
/* mismatch.c: what a signature wants of a value, and the message when that is not so. */
struct cc_wanted {
  const struct gr_node *pattern, *declared; /* declared: the argument, or NULL */
  const struct cc_scope *scope;             /* what the signature's names have been bound to so far */
  const char *what;                         /* "`x` of `f`" */
  struct gr_span span;
};
int cc_mismatch(struct cc_context *c, const struct cc_wanted *wanted, const struct vm_type *type);
int cc_no_axis(struct cc_context *c, struct gr_span at, struct gr_span x, const struct vm_type *type,
               vm_dim d);
bool cc_is_reordered(struct cc_context *c, const struct vm_type *from, const struct vm_type *to);
int cc_reordered(struct cc_context *c, struct gr_span span, const struct vm_type *from,
                 const struct vm_type *to); /* by reshape, which was to be transpose */
/* x @ w of two tensors of each example: matrices behind axes in common. */
int cc_check_product(struct cc_context *c, const struct gr_node *node, const struct vm_type *x,
                     const struct vm_type *w);
/* Refuses x @ w: the last axis of x is not axis `at` of w. */
int cc_inner_axes(struct cc_context *c, const struct gr_node *node, const struct vm_type *x,
                  const struct vm_type *w, int at);
int cc_parameter(struct cc_context *c, const struct gr_node *node,
                 struct cc_value *value); /* param[...] = init */
const char *cc_interpolate(struct cc_context *c, const char *text,
                           struct gr_span span); /* "layer.{l}.weight"; NULL: failed */
const char *cc_component(struct cc_context *c, const char *callee, const struct gr_node *node);
void cc_component_unused(struct cc_context *c, const char *component);

/* head.c */
int cc_head_body(struct cc_context *c, const struct cc_definition *definition, const struct gr_node *with,
                 struct cc_scope *caller, const struct cc_unit *caller_unit, struct cc_value *result);
/* vector: the dim of the last axis, of role FEATURE, when the leaf is a vector; VM_NO_DIM: it is a number, or
 * a table to gather from. */
int cc_slot_extra(struct cc_context *c, ir_id outer, const uint8_t *role, vm_dim vector, struct gr_span span,
                  ir_id *leaf);

/* mask.c: is the mask a condition, and not a number to be added to scores? May a constant make the score
 * infinite? */
int cc_check_mask(struct cc_context *c, ir_id result, struct gr_span span);
int cc_check_score(struct cc_context *c, ir_id result, struct gr_span span);

/* slot.c: builtins as slots have them, and x[..] of a value x of a slot */
int cc_slot_call(struct cc_context *c, const struct cc_builtin *builtin, const struct cc_call_args *args,
                 struct cc_value *result);
int cc_slot_heads(struct cc_context *c, const struct gr_node *node, const struct cc_value *base,
                  struct cc_value *value);

/* builtin*.c: functions that are not written in aq. */
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
struct cc_builtin {
  const char *name;
  const struct cc_parameter *takes; /* [count] */
  int count; /* -1: its arguments are not looked at, as it has no place in expressions */
  int (*run)(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
             struct cc_value *result);
  int op;          /* for handlers that serve several */
  double constant; /* run NULL: the name is a number */
  const char *doc;
};
/* Runs it with its arguments matched to what it takes. */
int cc_builtin_call(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
                    struct cc_value *result);
const struct cc_builtin *cc_builtin_find(const char *name);
const struct cc_builtin *cc_builtin_at(int index); /* NULL after the last */

/* scan_call.c: the builtin scan(step, start, x, …). */
int cc_scan(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
            struct cc_value *result);

/* vocabulary.c: one vocabulary for columns that say the same name, and what they say of it made one;
 * declared[] are the columns of the data block. */
int cc_share_vocabularies(struct cc_context *c, const struct gr_node *data, struct vm_input *declared);
/* labels = "bad, good": what a class or tags column may hold. Declared with arguments.h. */
struct cc_setting;
int cc_check_labels(struct cc_context *c, const struct gr_node *column, const struct cc_setting *labels,
                    struct vm_input *input);
/* Texts that are predicted do not share a vocabulary with labels. */
int cc_check_next(struct cc_context *c, const struct gr_node *outputs);

/* model_data.c, loss.c, objective.c: data, model signature, loss, train */
int cc_data(struct cc_context *c, const struct gr_node *model);
int cc_data_alone(struct cc_context *c); /* of a program without a model */
/* What can be said of a column by itself: there is such a kind, and it has so many axes. */
int cc_check_column(struct rt_error *error, const struct gr_node *column);
int cc_outputs(struct cc_context *c, const struct gr_node *model, const struct cc_value *result, int count,
               ir_id *output);
enum { CC_MOST_OUTPUTS = 64 };
/* What training minimises, and the loss of each output: where it has but one, without its weight. */
struct cc_losses {
  ir_id total, of_output[CC_MOST_OUTPUTS];
};
int cc_loss(struct cc_context *c, const ir_id *output, struct cc_losses *sum);
int cc_train_settings(struct cc_context *c, const struct gr_node *train, struct vm_settings *settings);

#endif
