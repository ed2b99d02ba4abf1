/* machine.h: runs a function of a verified module over batches. */
#ifndef AQ_VM_MACHINE_H
#define AQ_VM_MACHINE_H

#include "runtime/threads.h"
#include "vm/signature.h"

struct vm_machine;

/* A machine for one function. The module must outlive it and must have passed vm_verify; BOUND symbols must
 * have values by the first bind. RT_NOT_ALLOWED: it calls a native function that is not allowed. The pool is
 * shared with others as long as they do not run at the same time.
 */
struct vm_machine *vm_machine_new(const struct vm_module *module, const struct vm_function *function,
                                  enum rt_precision precision, struct rt_pool *pool, struct rt_error *error);
void vm_machine_free(struct vm_machine *machine);

/* Fixes the sizes of the next runs: how many examples, and for each RAGGED symbol (by symbol number; entries
 * of others are ignored) the examples' sizes [examples]. Computes all shapes, lays out memory, and checks
 * what only sizes can tell (a slice beyond its end, a dim that is not whole). It allocates only when more
 * memory is needed than ever before. The size arrays are copied. */
int vm_machine_bind(struct vm_machine *machine, int64_t examples, const int64_t *const *ragged,
                    struct rt_error *error);
/* The sizes grow a little with every bind: memory is taken for some to come. */
void vm_machine_grows(struct vm_machine *machine);
/* One that cannot run: native functions need not be allowed for it. */
struct vm_machine *vm_machine_measuring(const struct vm_module *module, const struct vm_function *function,
                                        enum rt_precision precision, struct rt_pool *pool,
                                        struct rt_error *error);
/* From now on binding only finds out how much memory a batch would take, and takes none; nothing can run. */
void vm_machine_measure(struct vm_machine *machine);

/* Memory of params and inputs, owned by the caller: float or double by precision, int32 for whole numbers,
 * sizes as bound. Whole numbers of inputs are checked against their range at each run (RT_BAD_DATA). */
void vm_machine_set_param(struct vm_machine *machine, uint32_t param, void *data);
/* A parameter may be there as panels too (runtime/panels.h), for kernels that read them; NULL: it is not. Its
 * numbers must not change meanwhile. */
bool vm_reads_panels(const struct vm_module *module, const struct vm_function *function, uint32_t param);
void vm_machine_set_panels(struct vm_machine *machine, uint32_t param, const void *panels);
void vm_machine_set_input(struct vm_machine *machine, uint32_t input, const void *data);
/* Likewise, of a function that has arguments. */
void vm_machine_set_argument(struct vm_machine *machine, uint32_t argument, const void *data);
/* An argument of "step" that the function only adds rows to may lie as the host likes, with room behind each
 * example's part: then the rows are written there, and nothing that is kept is copied. NULL: not so. Else the
 * shape of the argument with the new rows, as bound: each example's part needs room for that. */
const struct rt_shape *vm_machine_longer(const struct vm_machine *machine, uint32_t argument);
/* Such an argument: example e begins at element offset[e] of data. After each bind. */
void vm_machine_set_rows(struct vm_machine *machine, uint32_t argument, void *data, const int64_t *offset);
const struct vm_function *vm_machine_function(const struct vm_machine *machine);
bool vm_machine_uses_input(const struct vm_machine *machine,
                           uint32_t input); /* does this function read it? */

/* From now on what the function makes of single ids alone is kept from run to run, such as rows of a table
 * times matrices (machine_words.c). After the parameters and their panels were set: setting one forgets it
 * all, for good. */
struct vm_memo {
  enum rt_precision precision; /* the machine's */
  size_t most;                 /* bytes of rows */
};
int vm_machine_remember(struct vm_machine *machine, const struct vm_memo *memo, struct rt_error *error);

/* Runs the function. seed: for random ops (dropout); the same seed gives the same numbers. Every instruction
 * draws its own, but the attention ops of one plan draw the same: a head and its gradient drop alike. */
int vm_machine_run(struct vm_machine *machine, uint64_t seed, struct rt_error *error);
/* Runs again, looking at every value as it is made, and fails with RT_NOT_FINITE naming the first op whose
 * result is not finite: its name, the source line, the value's path. RT_OK when all are finite. */
int vm_machine_blame(struct vm_machine *machine, uint64_t seed, struct rt_error *error);

/* A value after a run; valid until the next bind or run. */
struct rt_tensor vm_machine_output(const struct vm_machine *machine, uint32_t output);
struct rt_tensor vm_machine_value(const struct vm_machine *machine,
                                  uint32_t value); /* of function->output or ->gradient */

/* The machine that a scan or scan_grad (instruction `instr`) runs step by step: that of its body, or of one
 * step backwards. NULL for other instructions. After a bind it is bound to the whole batch. */
const struct vm_machine *vm_machine_body(const struct vm_machine *machine, uint32_t instr, bool backwards);

struct vm_memory {
  size_t slots, shapes;
};
struct vm_memory vm_machine_memory(const struct vm_machine *machine); /* bytes held */

#endif
