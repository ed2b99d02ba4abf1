/* work.h: how much an instruction computes, and moves, for the batch that its machine is bound to. */
#ifndef AQ_VM_WORK_H
#define AQ_VM_WORK_H

#include "vm/machine.h"

/* The name of a second function that trains. It gives what "train" gives, but for rounding and but for rows
 * that are not finite: hidden ones too may make a gradient NaN, in one of both alone. It computes less where
 * a batch has many rows. Not every module has it. */
#define VM_TRAIN_MANY "train.many"

/* Arithmetic: two for each number of a product, one for each of what goes element by element and each step of
 * a lane program; of a head as if nothing were masked. What a native function does nobody knows: 0. */
double vm_machine_flops(const struct vm_machine *machine, uint32_t instr);
double vm_function_flops(const struct vm_machine *machine); /* of all instructions; NULL: 0 */
/* The one of both that computes less for a batch of these sizes (see vm_machine_bind); "train" when they
 * cannot be bound. */
const struct vm_function *vm_training_function(const struct vm_module *module, int64_t examples,
                                               const int64_t *const *ragged, struct rt_pool *pool);
/* Bytes of all operands, each counted once. */
double vm_machine_traffic(const struct vm_machine *machine, uint32_t instr);

#endif
