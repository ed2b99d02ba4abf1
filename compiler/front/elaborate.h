/* elaborate.h: from the tree to the IR. Functions are inlined at their calls, with the shapes of that call;
 * each call owns the parameters it makes, named by its path. Internal to the elaborator.
 *
 * Its files call each other in one direction, but programs nest: an argument of a call is an expression, and
 * the body of a function has calls. So two ways lead back up, and no other: evaluating an expression
 * (cc_expression, cc_tensor) and calling a function (cc_call, cc_apply). From the lowest file to the highest:
 *
 *     value, scope, budget, operators, head_axis < sizes, file_values < mismatch < match_type < arguments <
 * parameter < builtin_args < builtin_rows, builtin_shape, scan_call < builtin < matrix_product, slot <
 * slot_index < index < shown_weights < extern < extern_call < elaborate < head_slots, with < head < call <
 * expression */
#ifndef AQ_COMPILER_FRONT_ELABORATE_H
#define AQ_COMPILER_FRONT_ELABORATE_H

#include "compiler/front/context.h"
#include "compiler/front/reaches.h"

/* The ways back up. expression.c: */
int cc_expression(struct cc_context *c, const struct gr_node *node, struct cc_value *value);
int cc_tensor(struct cc_context *c, const struct gr_node *node,
              ir_id *id); /* as a tensor of the current graph */
/* call.c: */
int cc_call(struct cc_context *c, const struct gr_node *call, struct cc_results *results);
struct cc_call_args;
/* With arguments that are values already. */
int cc_apply(struct cc_context *c, const struct cc_value *callee, const struct cc_call_args *args,
             struct cc_results *results);

/* elaborate.c: bodies */
int cc_block(struct cc_context *c, const struct gr_node *block, struct cc_results *results);
/* [f(l) for l in 0..L]: a list of what each round gives. */
int cc_each(struct cc_context *c, const struct gr_node *node, struct cc_value *list);
int cc_let(struct cc_context *c, const struct gr_node *let);
/* shown_weights.c: notes that aqc attend shows the tensor, which a program calls `weights`. */
int cc_show_weights(struct cc_context *c, ir_id id);
/* The path, or with _2, _3, … behind it where other weights have that name: a call without parameters has no
 * path of its own. NULL: there is no memory. */
const char *cc_shown_name(struct cc_context *c, const char *path);
/* file_values.c */
int cc_dim_of(struct cc_context *c, struct cc_definition *definition, vm_dim *dim);
/* The dim or the number that a `dim` or a `const` of a file is. */
int cc_value_of(struct cc_context *c, struct cc_definition *definition, struct cc_value *value);
/* "layer.{l}.weight" with the value of l, a whole number or another text; NULL: failed. */
const char *cc_interpolate(struct cc_context *c, const char *text, struct gr_span span);
/* matrix_product.c: x @ w of tensors of the model, for the node that says so */
int cc_matrix_product(struct cc_context *c, const struct gr_node *node, ir_id x, ir_id w, ir_id *id);

/* operators.c: the op of an operator, its operands the other way round where `swap`; NULL: the node has none.
 */
struct cc_operator {
  const char *text;
  enum rt_op op;
  bool swap;
};
const struct cc_operator *cc_operator(const struct gr_node *node);
bool cc_rounds(const struct gr_node *node); /* is it `//`, a quotient that is rounded down? */

/* sizes.c */
int cc_dim(struct cc_context *c, const struct gr_node *node, vm_dim *dim); /* as the size of an axis */
int cc_to_dim(struct cc_context *c, const struct cc_value *value, struct gr_span span, vm_dim *dim);
/* As the name of an axis that something has already. */
int cc_to_axis(struct cc_context *c, const struct cc_value *value, struct gr_span span, vm_dim *dim);
/* floor or ceil of a size, which is a size again. False: it is none, or the op another one. */
bool cc_round_dim(struct cc_context *c, enum rt_op op, struct cc_value *value);
int cc_position(struct cc_context *c, const struct gr_node *node, vm_dim *dim);  /* within an axis */
int cc_number(struct cc_context *c, const struct gr_node *node, double *number); /* known while compiling */
/* The axes that *B stands for, as a list of dims. NULL, with the error set, when the signature has no *B. */
const struct cc_value *cc_star(struct cc_context *c, const struct gr_node *star);
int cc_shape(struct cc_context *c, const struct gr_node *shape,
             struct vm_type *type); /* [T, 4*D] in an expression */

/* Keeps a place in the module. */
int cc_keep_place(struct cc_context *c, struct gr_span span, bool with_excerpt, struct vm_where *where);
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
/* What the nodes of g ask of sizes, from number `from` on. span: the call that made them; without a
 * source each node's own place counts. */
int cc_require_nodes(struct cc_context *c, const struct ir_graph *g, ir_id from, struct gr_span span);
/* Writes into the module what the values that the roots depend on ask. */
int cc_requirements(struct cc_context *c, int root_count, const ir_id *root);

/* index.c */
int cc_index(struct cc_context *c, const struct gr_node *node, struct cc_value *value);
/* slot_index.c: in a slot, of a tensor of the model */
int cc_slot_element(struct cc_context *c, const struct gr_node *node, ir_id outer, struct cc_value *value);

/* head_axis.c: of a tensor that each head has one of, with the axis of heads first (false: it has none), and
 * back where it usually is, last but one. */
bool cc_heads_first(struct cc_context *c, struct gr_span span, ir_id *x);
ir_id cc_heads_back(struct cc_context *c, struct gr_span span, ir_id x);
/* Enters a head with `own` heads: sets c->head_dim, and c->heads within another head. */
int cc_enter_heads(struct cc_context *c, vm_dim own, struct gr_span span);
/* A value of the head around, as the head within it has it: with one hidden axis for both. And the other way:
 * what the one within gives, whose own heads the one around sees. */
int cc_merge_heads(struct cc_context *c, struct gr_span span, struct cc_value *value);
ir_id cc_split_heads(struct cc_context *c, const struct cc_heads *heads, ir_id x);

/* named_values.c: notes a value that a statement or a return has given a name, or that a call has as its only
 * result, where program->vector asks for such a one. */
int cc_note_bound(struct cc_context *c, const char *name, const struct cc_value *value);
int cc_note_called(struct cc_context *c, const char *function, const struct cc_results *results);

struct cc_wanted;
/* match_type.c. Matches a type against a pattern such as [*B, T, 4*D] of V, binding the names that are new.
 */
int cc_match_type(struct cc_context *c, const struct cc_wanted *wanted, const struct vm_type *type);
/* call.c. That a result is the tensor that the definition declares. */
int cc_check_result(struct cc_context *c, const struct cc_definition *d, const struct cc_results *results,
                    struct cc_scope *scope);
/* mismatch.c: what a signature wants of a value, and the message when that is not so. */
struct cc_wanted {
  const struct gr_node *pattern, *declared; /* declared: the argument, or NULL */
  struct cc_scope *scope;                   /* what the signature's names have been bound to so far */
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
const char *cc_component(struct cc_context *c, const char *callee, const struct gr_node *node);
void cc_component_unused(struct cc_context *c, const char *component);

/* head.c */
int cc_head_body(struct cc_context *c, const struct cc_definition *definition, struct cc_value *result);
/* with.c: before the body of what is called with { … }, and behind it. */
int cc_begin_with(struct cc_context *c, struct cc_frame *frame, const struct gr_node *with,
                  struct cc_caller caller);
int cc_end_with(struct cc_context *c, const struct cc_frame *frame);
/* head_lowering.c: chooses how the head is computed, and says why when that is not tile by tile. steps: does
 * it look at something that a step of scan makes? */
int cc_choose_lowering(struct cc_context *c, struct cc_slot *slot, bool steps, struct gr_span span);
/* mask.c: is the mask a condition, and not a number to be added to scores? May a constant make the score
 * infinite? */
int cc_check_mask(struct cc_context *c, ir_id result, struct gr_span span);
/* Does softmax, or what is like it, get `s` as it is? scored: what the slot score gives. */
int cc_find_unscaled(struct cc_context *c, ir_id scored, ir_id result, bool *unscaled);
int cc_check_score(struct cc_context *c, ir_id result, struct gr_span span, bool *hides);

/* function_arguments.c: makes inputs of the arguments, and binds their names. *runnable becomes false when
 * one has no type and no default and is no dim. Then nothing can be run or checked. */
int cc_function_arguments(struct cc_context *c, const struct gr_node *params, bool *runnable);

/* extern.c: the number that the module gives a native function, which is declared there now if it was not
 * yet. */
int cc_extern(struct cc_context *c, const struct cc_definition *definition, uint32_t *number);
/* extern_call.c */
int cc_extern_call(struct cc_context *c, const struct cc_definition *definition,
                   const struct cc_call_args *args, struct cc_value *result);

/* slot.c: builtins as slots have them, and x[..] of a value x of a slot */
int cc_slot_call(struct cc_context *c, const struct cc_builtin *builtin, const struct cc_call_args *args,
                 struct cc_value *result);
int cc_slot_heads(struct cc_context *c, const struct gr_node *node, const struct cc_value *base,
                  struct cc_value *value);

/* builtin*.c: functions that are not written in aq. */
/* Runs it with its arguments matched to what it takes. */
int cc_builtin_call(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
                    struct cc_value *result);
const struct cc_builtin *cc_builtin_find(const char *name);
const struct cc_builtin *cc_builtin_at(int index); /* NULL after the last */

/* scan_call.c: the builtin scan(step, start, x, …). */
int cc_scan(struct cc_context *c, const struct cc_builtin *self, const struct cc_call_args *args,
            struct cc_value *result);

/* scan_state.c: a state that is a list of tensors, carried as one vector [numbers]. */
struct cc_state {
  int count; /* 0: the state is no list */
  struct vm_type piece[CC_MOST_RESULTS];
  vm_dim begin[CC_MOST_RESULTS + 1]; /* where each piece begins in the vector; the last: how long that is */
};
/* What a state consists of, from the value that it starts as: the types, and the tensors in
 * piece[CC_MOST_RESULTS]. Leaves count 0 where that is no list. */
int cc_state_kinds(struct cc_context *c, struct cc_state *state, const struct cc_value *value,
                   struct gr_span span, ir_id *piece);
/* The vector of tensors that have the types of state->piece, and the list of tensors of a vector
 * [numbers], or of the vectors of a sequence [axis, numbers]. */
int cc_state_pack(struct cc_context *c, const struct cc_state *state, const ir_id *piece, struct gr_span span,
                  ir_id *packed);
int cc_state_unpack(struct cc_context *c, const struct cc_state *state, ir_id packed, struct gr_span span,
                    struct cc_value *list);

/* vocabulary.c: columns that name the same vocabulary share it, and options that one of them gives hold
 * for all. declared[] are the columns of the data block. */
int cc_share_vocabularies(struct cc_context *c, const struct gr_node *data, struct vm_input *declared);
/* labels = "bad, good": what a class or tags column may hold. Declared with arguments.h. */
struct cc_setting;
int cc_check_labels(struct cc_context *c, const struct gr_node *column, const struct cc_setting *labels,
                    struct vm_input *input);
/* Gives the length of a column the limit that its kind has, and refuses one that leaves no room
 * (column_length.c). */
int cc_settle_length(struct cc_context *c, const struct gr_node *column, const struct vm_input *input);
/* Texts that are predicted do not share a vocabulary with labels. */
int cc_check_next(struct cc_context *c, const struct gr_node *outputs);

/* model_data.c, loss.c, objective.c: data, model signature, loss, train */
int cc_data(struct cc_context *c, const struct gr_node *model);
int cc_declare_columns(struct cc_context *c, const struct gr_node *data, struct vm_input *declared);
/* The column of that name; NULL, with an error at span: none. */
const struct gr_node *cc_find_column(struct cc_context *c, const struct gr_node *data, const char *name,
                                     struct gr_span span);
int cc_data_alone(struct cc_context *c); /* of a program without a model */
/* Checks a column by itself: its kind exists and has that many axes. */
int cc_check_column(struct rt_error *error, const struct gr_node *column);
/* causality.c: no prediction of next(text) is made of what it predicts. */
int cc_check_causal(struct cc_context *c, const ir_id *output);
/* What each result is made of along the axes that it shares with arguments. */
struct cc_reach_asked {
  ir_id result;
  const char *name;
};
int cc_find_reaches(struct cc_context *c, int count, const struct cc_reach_asked *asked, cc_reach_row *row,
                    void *context);
int cc_outputs(struct cc_context *c, const struct gr_node *model, const struct cc_results *results,
               ir_id *output);
/* What training minimises, and the loss of each output. An output with a single loss has it here without
 * its weight. */
struct cc_losses {
  ir_id total, of_output[CC_MOST_OUTPUTS];
  ir_id count[CC_MOST_OUTPUTS]; /* what the loss of each is divided by */
  bool counted;                 /* which is not always how many examples or tokens there are */
  bool penalised;               /* the total has terms of no output */
  const struct cc_term *term;   /* [terms] what they are sums of */
  int terms;
};
int cc_loss(struct cc_context *c, const ir_id *output, struct cc_losses *sum);
/* Warns of terms that train nothing, when it is known which parameters are frozen. */
int cc_warn_idle_terms(struct cc_context *c, const struct cc_losses *losses);
/* What the name of an output stands for in a loss: what the model returns, of a match two vectors, and what
 * the row has. Gives how many these are. */
enum { CC_MOST_ANSWERS = 3 };
int cc_answers(const struct cc_context *c, int output, ir_id id[static CC_MOST_ANSWERS]);
/* loss_answer.c: the output that a call in the loss is about: its first argument names it, or the call
 * was made for it. -1: none. */
int cc_answer_of(struct cc_context *c, const struct cc_value *callee, const struct gr_node *call);
/* The number of the label that a loss of this output is given as a text. */
int cc_label_number(struct cc_context *c, int output, struct gr_span span, struct cc_value *value);
int cc_train_settings(struct cc_context *c, const struct gr_node *train, struct vm_settings *settings);

#endif
