/* work.h: how much an instruction computes, and moves, for the batch that its machine is bound to. */
#ifndef AQ_VM_WORK_H
#define AQ_VM_WORK_H

#include "vm/machine.h"

/* Arithmetic: two for each number of a product, one for each of what goes element by element and each step of
 * a lane program; of a head as if nothing were masked. What a native function does nobody knows: 0. */
double vm_machine_flops(const struct vm_machine *machine, uint32_t instr);
/* Bytes of all operands, each counted once. */
double vm_machine_traffic(const struct vm_machine *machine, uint32_t instr);

#endif
