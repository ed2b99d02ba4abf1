/* machine_parts.h: what a machine is made of. Only for machine*.c and blame.c. What a scan is:
 * vm/scan_operands.h. */
#ifndef AQ_VM_MACHINE_PARTS_H
#define AQ_VM_MACHINE_PARTS_H

#include "vm/machine.h"
#include "vm/op_times.h"
#include "vm/shapes.h"

/* Everything a kernel is called with, made once; binding and running only fill in numbers and addresses. */
struct machine_call {
  rt_kernel *kernel;   /* NULL: scan runs */
  rt_scratch *scratch; /* NULL: it needs none */
  struct machine_scan *scan;
  struct machine_native *native; /* NULL: no native function is called */
  struct rt_call call;
  uint64_t stream; /* tells the random numbers of this call from those of others, see machine.c */
  int64_t attr[RT_MAX_ATTR];
};

/* An attribute that names a dim: where its size goes. */
struct machine_attr {
  uint32_t call, attr, dim;
};

/* Values of one shape and element size that take turns in a slot. */
struct slot_use {
  uint32_t slot, shape, bytes;
};

/* Whole numbers that come from outside. */
struct machine_ids {
  uint32_t input, shape, range; /* range: dim */
  bool below_zero; /* are negative numbers fine? In a column they stand for labels that training did not see:
                      no row of a table, no target; in an argument of a run they are a mistake */
};

/* A recurrence: machines for its functions, and the batch with the longest examples first, so that those that
 * still run are the first `active` ones. */
struct machine_scan {
  struct vm_machine *machine;     /* that it is an instruction of */
  const struct rt_call *call;     /* of that instruction */
  struct vm_machine *body, *step; /* step: one step backwards; NULL for scan */
  uint32_t instr;
  int sequences, count, collected; /* arguments of the body that are rows; all of them; results of scan */
  int first;                       /* argument and result of a step backwards behind what is for the state */
  bool states, reverse;            /* are the states the result of scan? */
  int64_t block;                   /* rows of a step; 0: one row, without an axis */
  uint32_t symbol;                 /* block: of the body, how many the rows are */
  int64_t wants;
  size_t *bytes; /* [count + collected] of an element of each operand */
  /* made when sizes are bound */
  int64_t examples, longest, stretch; /* stretch: steps between two states that are kept */
  bool in_order;                      /* the batch is in that order already */
  int64_t *order, *active; /* [examples]; [longest + 1]: examples with more steps than that, at the end 0 */
  int64_t *rows;           /* block: [examples] how many each has at the step at hand, in that order */
  const int64_t **ragged;  /* [symbols] their sizes in that order */
  int64_t *numbers;
  size_t number_capacity; /* room for order, active, sizes */
  void *memory;
  size_t memory_bytes;
  char **argument,
      **received; /* [count], [1 + collected + count]: what a step reads: the body's; backwards, the rest */
  size_t state_bytes, state_room; /* of a state, and of one that is kept: rounded up */
  char *kept, *stretched;         /* backwards, states: every stretch-th; those of one stretch */
};

/* A value that lies in the memory of an argument, whose rows go on in place (machine_append.c). */
struct machine_placed {
  uint32_t value, argument;
  struct rt_shape shape; /* the value's, but where the examples lie */
};

/* What runs the recurrences of a machine. It makes machines in its turn, so the machine knows it by this
 * table. */
struct machine_nested {
  int (*make)(struct machine_scan *scan, struct vm_machine *machine, uint32_t instr,
              enum rt_precision precision, struct rt_error *error);
  int (*bind)(struct machine_scan *scan,
              struct rt_error *error); /* the sizes of a batch, which the machine has */
  int (*run)(struct machine_scan *scan, uint64_t seed, struct rt_error *error);
  void (*measure)(struct machine_scan *scan);
  size_t (*memory)(const struct machine_scan *scan);
  void (*free)(struct machine_scan *scan);
};

/* What keeps rows from run to run (machine_words.c). */
struct machine_words;
struct machine_memory {
  int (*begin)(struct machine_words *words, struct rt_error *error); /* a run: its ids are known */
  bool (*recall)(struct machine_words *words, uint32_t instr);       /* false: the instruction has to run */
  void (*free)(struct machine_words *words);
};

struct vm_machine {
  const struct vm_module *module;
  const struct vm_function *function;
  struct rt_pool *pool;
  const struct machine_nested *nested;
  struct machine_words *words; /* NULL: nothing is kept */
  const struct machine_memory *memory_of_words;
  struct vm_profile *profile; /* NULL: nobody asks how long it takes */
  size_t real_bytes;
  struct vm_shapes shapes;
  struct rt_arena arena; /* the tables below */

  struct machine_call *call; /* [function->instr_count] */
  struct rt_tensor *operand; /* of all calls, inputs and outputs */
  uint32_t *operand_place;   /* [operand_count] index into place */
  uint32_t operand_count;
  uint32_t *value_shape, *value_place; /* [function->value_count] */
  void **place; /* addresses of the slots, then the params, the inputs, the arguments */
  bool *used;   /* [params + inputs + arguments]: does the function read or give it? */
  struct machine_placed *placed;
  uint32_t placed_count;
  uint32_t *longer; /* [arguments] the value that is the argument with rows behind it; UINT32_MAX: none */
  uint32_t place_count;
  struct machine_attr *attr;
  uint32_t attr_count;
  struct slot_use *use;
  uint32_t use_count;
  struct machine_ids *ids;
  uint32_t ids_count;
  struct machine_scan *scan;
  uint32_t scan_count;
  size_t *slot_bytes; /* [slot_count] scratch of a bind */

  void *memory; /* of all slots */
  size_t memory_bytes;
  bool ready;    /* bound */
  bool measures; /* no memory is taken, and nothing can run */
  bool grows;    /* memory is taken for more than what is needed now */
  bool moved;    /* some address changed since operands were last filled */
};

/* machine_parts.c. A failure at the instruction's place in the source: */
int machine_fail(const struct vm_machine *machine, uint32_t instr, struct rt_error *error, int code,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
size_t machine_element_bytes(const struct vm_machine *machine, const struct vm_type *type);
/* Memory of at least `need` bytes: what is there, if that is enough. False: there is not so much. */
bool machine_make_room(void **memory, size_t *bytes, size_t need);
/* Number `stream` of the seeds that follow from `seed`. */
uint64_t machine_seed(uint64_t seed, uint64_t stream);

/* machine.c. A machine whose recurrences those functions run; vm_machine_new is in machine_scan.c. */
struct vm_machine *machine_new(const struct vm_module *module, const struct vm_function *function,
                               enum rt_precision precision, struct rt_pool *pool,
                               const struct machine_nested *nested, struct rt_error *error);
/* Before the calls: addresses, whole numbers in range. */
int machine_start(struct vm_machine *machine, struct rt_error *error);
/* Runs one instruction, number n. */
int machine_call_run(struct vm_machine *machine, uint32_t n, uint64_t seed, struct rt_error *error);

/* machine_scan_rows.c. Rows are those at step tau of the examples that run then, one behind the other. */
int64_t scan_steps(const struct machine_scan *scan, int64_t example); /* how many steps an example has */
int64_t scan_rows(const struct machine_scan *scan, int64_t example, int64_t tau); /* how many it takes then */
char *scan_gather(const struct machine_scan *scan, int operand, int64_t tau,
                  char *room); /* room, or where they are already */
void scan_scatter(const struct machine_scan *scan, const struct rt_tensor *to, int64_t tau, const char *rows);
/* Whole values of all examples in the order of the scan, and back. */
void scan_sort(const struct machine_scan *scan, const struct rt_tensor *from, size_t bytes, char *to);
void scan_unsort(const struct machine_scan *scan, const char *from, const struct rt_tensor *to);
/* How many rows the first `count` examples take at tau. */
void scan_count_rows(const struct machine_scan *scan, int64_t count, int64_t tau);
/* block: the position of the first row at tau, at the place of a state. */
char *scan_position(const struct machine_scan *scan, int64_t tau);
/* The machine's sizes for the examples that run at tau. */
int scan_bind_active(const struct machine_scan *scan, struct vm_machine *machine, int64_t tau,
                     struct rt_error *error);
/* The body's arguments at tau but for the state. */
void scan_set_rows(const struct machine_scan *scan, struct vm_machine *machine, int64_t tau);
/* The body at tau, from the state to the next: it is replaced. */
int scan_advance(const struct machine_scan *scan, int64_t tau, char *state, uint64_t seed,
                 struct rt_error *error);
/* machine_scan_grad.c */
int scan_grad_run(struct machine_scan *scan, uint64_t seed, struct rt_error *error);

/* machine_append.c: finds the arguments that go on in place, and the values that lie there. */
int machine_find_placed(struct vm_machine *machine);
/* That of a value; NULL: it lies in a place of its own. */
struct machine_placed *machine_placed_at(const struct vm_machine *machine, uint32_t value);
/* Sizes were bound: from now on the rows have no place until the host says where. */
void machine_displace(struct vm_machine *machine);
int machine_check_placed(const struct vm_machine *machine, struct rt_error *error);

/* machine_native.c: a call of a native function. make comes before shapes are ready, bind after each bind of
 * the machine. Where the function is not allowed, run fails. */
int machine_native_make(struct vm_machine *machine, uint32_t instr, enum rt_precision precision,
                        struct rt_error *error);
int machine_native_bind(struct machine_native *native, struct rt_error *error);
int machine_native_run(struct machine_native *native, struct rt_error *error);

/* machine_check.c: what only sizes can tell. */
int machine_check_sizes(const struct vm_machine *machine, struct rt_error *error);
/* Reserves the scratch that its kernels need for these sizes. */
int machine_reserve(const struct vm_machine *machine, struct rt_error *error);
int machine_check_ids(const struct vm_machine *machine, const struct machine_ids *ids,
                      struct rt_error *error);
#endif
