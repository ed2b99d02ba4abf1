/* module.h: a compiled program in memory. The compiler makes it, the verifier proves it safe, the machine
 * runs it, and .aqb files hold it.
 *
 * The instructions of a function are ops (runtime/ops.def) on numbered values. A value has a type and a
 * place: a parameter, an input, or a slot. Slots are pieces of the machine's one block of memory. Values take
 * turns in them, as the compiler has planned. */
#ifndef AQ_VM_MODULE_H
#define AQ_VM_MODULE_H

#include "runtime/attend_plan.h"
#include "runtime/io/schema.h"
#include "runtime/ops.h"
#include "runtime/training.h"
#include "vm/dims.h"
#include "vm/native.h"
#include "vm/requirement.h"

struct vm_type {
  uint8_t dtype;   /* enum rt_dtype */
  uint8_t batched; /* one per example */
  uint8_t rank;
  vm_dim dim[RT_MAX_RANK];
  vm_dim of; /* RT_INT: whole numbers below this dim; else VM_NO_DIM */
};
bool vm_type_equal(const struct vm_type *a, const struct vm_type *b);
void vm_type_print(const struct vm_dims *dims, const struct vm_type *t,
                   struct rt_text *out); /* "[T, D]", "[T] of V" */

/* How many elements an example has; VM_NO_DIM: more than a dim can say, or no memory. */
vm_dim vm_type_elements(struct vm_dims *dims, const struct vm_type *type);
/* The axis of a head's operand that has the role (enum attend_axis), or -1. */
int vm_operand_axis(const struct attend_operand *operand, uint8_t role);

enum vm_init_kind {
  VM_INIT_CONSTANT,
  VM_INIT_NORMAL,
  VM_INIT_UNIFORM,
  VM_INIT_GLOROT,
  VM_INIT_HE,
  VM_INIT_ORTHOGONAL,
  VM_INIT_EYE,
  VM_INIT_LOAD
};
struct vm_init {
  enum vm_init_kind kind;
  double a, b;               /* constant; standard deviation; from, to; gain */
  const char *file, *tensor; /* LOAD */
  bool transposed;           /* LOAD(...)' */
  bool by_head; /* made for each head alone: the axis before the last (or the only one) is the heads */
};

/* Where the program says something, for messages. Files do not hold it, so a module that was read has none.
 */
struct vm_where {
  const char *file; /* NULL: not known */
  const char *excerpt;
  uint32_t line, column;
};

struct vm_param {
  const char *name;    /* sentiment.semantic.query.W */
  struct vm_type type; /* never batched. Of a matrix for x @ W the first axis is the fan in of glorot and he,
                          the product of the others the fan out */
  struct vm_init init;
  bool frozen;             /* it is not trained: no gradient */
  bool decay;              /* weight decay applies: rank >= 2 */
  double lr, weight_decay; /* its own, or those of the settings; 0 where decay is false */
  struct vm_where where;   /* without an excerpt */
};

/* A column of the data, or an argument of `aqc run`. A text that is read and predicted is two inputs of one
 * column. */
struct vm_input {
  const char *name;         /* of the column, or of the argument */
  struct io_column *column; /* one of the module's; NULL for an argument of a run */
  struct vm_type type;
  int64_t vocabulary; /* symbol number of its vocabulary or classes, -1 none. Widths are in its type */
  int64_t length;     /* symbol number of its ragged dim, -1 none */
  bool is_target;     /* used by the loss only */
  bool matched;       /* match(a, b): which rows of a batch have the same b, as a number alike for them */
  bool spelled;       /* ctc(text): frames of the model spell it, of another number than its letters */
  bool shifted;       /* next(text): the model sees tokens 0..n-1, the target is 1..n */
};

/* The dim of the column's axis number `axis`, if its size comes from the data as a whole: of a vocabulary, or
 * of a width. VM_NO_DIM: the column has no such axis there. */
vm_dim vm_input_dim(const struct vm_input *input, int axis);
/* The axis of an input's column that gives the symbol its value, or -1. */
int vm_input_axis(const struct vm_dims *dims, const struct vm_input *input, int64_t symbol);

/* A model's output. */
struct vm_output {
  const char *name; /* the data column it predicts */
  int32_t target;   /* index of that input */
  const char *loss; /* as the program says it, for people */
  const char *link; /* turns what the model returns into the answer: "softmax", "sigmoid", "exp" or "" */
};

/* A value in a slot that no instruction writes is a view, as reshape makes it. It shows what its slot holds
 * when the view is first read (or at the end, when it is only given as an output or gradient), and may be
 * used until the slot gets another value. Views, and values in params, inputs and arguments, may have another
 * shape than what they show, but the same dtype, range, `batched` and number of elements. */
struct vm_value {
  struct vm_type type;
  enum vm_place { VM_IN_SLOT, VM_IN_PARAM, VM_IN_INPUT, VM_IN_ARGUMENT } place;
  uint32_t index; /* slot, param, input or argument */
};

struct vm_instr {
  uint16_t op; /* enum rt_op, never FREE and never a lane op (those run inside OP_lanes) */
  uint16_t in_count, out_count;
  uint32_t *in, *out;        /* values */
  int64_t attr[RT_MAX_ATTR]; /* as ops.def names them; a dim attribute holds a vm_dim */
  double real;
  uint32_t line; /* index into lines: where in the source it comes from; UINT32_MAX: nowhere */
};

/* A gradient that a training function leaves behind. ids == UINT32_MAX: `value` is the whole gradient of the
 * parameter. Otherwise only the rows that the whole numbers `ids` name: row ids[r] receives value[r, :],
 * summed where ids repeat. */
struct vm_gradient {
  uint32_t param, value, ids;
};

struct vm_function {
  const char *name; /* "predict": outputs. "eval": outputs and loss; with several outputs, the loss of each
                       and what that is divided by. "train": loss and gradients; VM_TRAIN_MANY, too
                       (vm/work.h). "attend". "run". "begin", "step": see vm_continuing */
  /* Arguments: of "step", and of a function that a later one runs (vm/scan_operands.h). Such a one reads no
   * params and no inputs. */
  struct vm_type *argument;
  uint32_t argument_count;
  struct vm_value *value;
  uint32_t value_count;
  struct vm_instr *instr;
  uint32_t instr_count;
  uint32_t slot_count;
  uint32_t *output;
  uint32_t output_count;    /* values kept until the next run */
  const char **output_name; /* [output_count] */
  struct vm_gradient *gradient;
  uint32_t gradient_count;
};

/* What a model that continues a text keeps from token to token. The function "begin" computes what a text
 * begins with; then "step" is run on new tokens, with all that is kept as its arguments, as often as wanted.
 * Its output 0 are the scores behind each of the new tokens. */
struct vm_kept {
  uint32_t
      start;     /* output of "begin" that it is at first; UINT32_MAX: it has a row for each token, so none */
  uint32_t next; /* output of "step" that it is after a step; UINT32_MAX: it stays */
  int64_t most;  /* rows of its first axis that matter, the last ones; 0: all do */
  uint32_t rows; /* number of the symbol that says how many there are: all tokens before, but at most those */
};
struct vm_continuing {
  int64_t before; /* number of the symbol that says how many tokens there were before */
  struct vm_kept *kept;
  uint32_t kept_count; /* arguments of "step" */
  /* Why there is no such function, and where the program says so; NULL: there is one, or it does not continue
   * a text. */
  const char *why, *file, *text;
  uint32_t line, column;
};

/* A head as the compiler found it, for people. */
enum vm_lowering { VM_FUSED, VM_ROW_BUFFERED, VM_BLOCKS, VM_MATERIALISED };
struct vm_head {
  const char *name; /* its path */
  uint8_t axes;     /* bit ATTEND_I, ATTEND_H: has its result an axis of queries, of heads? */
  uint8_t lowering; /* enum vm_lowering: one pass over the keys; scores kept for a row of keys; tensors of the
                       scores of a block of queries; of all scores */
  const char *why;  /* "" when fused */
};

/* The weights of a mix, which "attend" gives under the name. */
struct vm_mix {
  const char *name;
  const char **weighed; /* [weighed_count] what they weigh, for people */
  uint32_t weighed_count;
};

/* Positions of an axis of such weights that are places of an input: words of a text, patches of an image. */
struct vm_run {
  uint32_t input;
  uint8_t rank;             /* 1: they run over one axis of the input; 2: over two, row by row */
  uint8_t axis[2];          /* of the input's type: the slower one, the faster one */
  vm_dim at;                /* the position at which they begin. What lies before the axis was cut off */
  vm_dim count[2];          /* how many along each */
  vm_dim start[2], step[2]; /* number k along it is made of what is at start + k * step and around it */
};
enum { VM_MOST_RUNS = 4 };
struct vm_axis_runs {
  struct vm_run *run;
  uint32_t count;
};
/* Of what the axes of weights are that "attend" gives: queries are its rows, keys its columns. */
struct vm_map {
  struct vm_axis_runs row, column;
};

struct vm_line {
  const char *file, *text;
  uint32_t line, column;
  const char *name;
}; /* text: the line itself; name: the path of the value, such as sentiment.query */

/* train { }: settings as they came from the source, defaults filled in. */
struct vm_settings {
  const char *optimizer; /* a row of optimizers.def, or of a later version's */
  double learning_rate, weight_decay, clip, average;
  double optimizer_setting[RT_MOST_SETTINGS]; /* its other settings, in the order of its row */
  const char *schedule;                       /* a row of schedules.def, likewise */
  struct rt_amount schedule_setting[RT_MOST_SETTINGS];
  struct rt_amount warmup;
  int64_t batch, epochs, patience, seed;
  const char *metric; /* which says what epoch is best: "f1" or "label.f1"; NULL: the usual one */
  struct vm_where warmup_at, patience_at, metric_at;
};

struct vm_module {
  const char *name; /* of the model */
  uint32_t sharers; /* owners beside the first; changed atomically */
  struct vm_dims dims;
  struct vm_param *param;
  uint32_t param_count;
  struct io_column *column; /* as the program declares them: without what training learns */
  uint32_t column_count;    /* those that the model uses; a schema of the module numbers them alike */
  struct vm_input *input;
  uint32_t input_count;
  struct vm_output *output;
  uint32_t output_count;
  struct vm_function *function;
  uint32_t function_count;
  struct lane_program *lanes;
  uint32_t lanes_count;
  struct attend_plan *attend;
  uint32_t attend_count;  /* their lane programs point into the arena */
  const char **head_name; /* [attend_count] path of each head, e.g. "sentiment.semantic" */
  struct vm_line *line;
  uint32_t line_count;
  struct vm_head *head;
  uint32_t head_count; /* as the program calls them */
  struct vm_mix *mix;
  uint32_t mix_count;
  struct vm_map *map;
  uint32_t map_count; /* those of the outputs of "attend" behind those of the model, in their order */
  struct vm_native *native;
  uint32_t native_count; /* functions of libraries and of the host, that instructions call by number */
  void **library;        /* [library_count] those that are open */
  uint32_t library_count;
  struct vm_requirement *requirement;
  uint32_t requirement_count; /* for those who read data; the machine does not trust them */
  struct vm_settings settings;
  struct vm_continuing continuing;
  struct rt_arena arena; /* owns all of the above but dims */
};

/* The number of an input's column. */
static inline int vm_column_of(const struct vm_module *module, const struct vm_input *input) {
  return (int)(input->column - module->column);
}

struct vm_module *vm_module_new(void); /* empty, with a table of dims; NULL when out of memory */
/* One more owner of a module that nobody changes any more; each frees it. */
struct vm_module *vm_module_share(struct vm_module *module);
/* The number of the input that says what rows count in the loss, or -1. */
int vm_module_weight(const struct vm_module *module);
void vm_module_free(struct vm_module *module); /* the struct too, when no other owner is left */
/* The number of the output of that name, -1: there is none. */
int vm_module_output(const struct vm_module *module, const char *name);
const struct vm_function *vm_module_function(const struct vm_module *module, const char *name);

/* Proves a module safe to run: every index is in range, every value is written before it is read, types are
 * as the signatures demand, values never overlap in a slot, lane programs and attention plans are well
 * formed. Whoever makes a machine has verified the module before. */
int vm_verify(const struct vm_module *module, struct rt_error *error);

/* .aqb: the module as bytes, little-endian, versioned, checksummed. read treats the bytes as hostile and
 * verifies. */
int vm_module_write(const struct vm_module *module, struct rt_text *out, struct rt_error *error);
/* Were the bytes written by a build with this list of ops and this format? Only then can they be read. */
bool vm_module_is_current(const void *bytes, size_t length);
struct vm_module *vm_module_read(const void *bytes, size_t length, struct rt_error *error);
/* A listing of everything for people (aqc dis). */
void vm_module_print(const struct vm_module *module, struct rt_text *out);

#endif
