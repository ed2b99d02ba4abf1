/* machine_parts.h: what a machine is made of. Only for machine*.c and blame.c. */
#ifndef AQ_VM_MACHINE_PARTS_H
#define AQ_VM_MACHINE_PARTS_H

#include "vm/machine.h"
#include "vm/shapes.h"

/* Everything a kernel is called with, made once; binding and running only fill in numbers and addresses. */
struct machine_call {
  rt_kernel *kernel;
  struct rt_call call;
  uint64_t stream;                       /* tells the random numbers of this call from those of others, see machine.c */
  int64_t attr[RT_MAX_ATTR];
};

/* An attribute that names a dim: where its size goes. */
struct machine_attr { uint32_t call, attr, dim; };

/* Values of one shape and element size that take turns in a slot. */
struct slot_use { uint32_t slot, shape, bytes; };

/* Whole numbers that come from outside. */
struct machine_ids {
  uint32_t input, shape, range;          /* range: dim */
  bool below_zero;                       /* are negative numbers fine? Only as targets of the loss: they count nothing */
};

struct vm_machine {
  const struct vm_module *module;
  const struct vm_function *function;
  struct rt_pool *pool;
  size_t real_bytes;
  struct vm_shapes shapes;
  struct rt_arena arena;                 /* the tables below */

  struct machine_call *call;             /* [function->instr_count] */
  struct rt_tensor *operand;             /* of all calls, inputs and outputs */
  uint32_t *operand_place;               /* [operand_count] index into place */
  uint32_t operand_count;
  uint32_t *value_shape, *value_place;   /* [function->value_count] */
  void **place;                          /* addresses of the slots, then the params, then the inputs */
  bool *used;                            /* [params + inputs]: does the function read or give it? */
  uint32_t place_count;
  struct machine_attr *attr;     uint32_t attr_count;
  struct slot_use *use;          uint32_t use_count;
  struct machine_ids *ids;       uint32_t ids_count;
  size_t *slot_bytes;                    /* [slot_count] scratch of a bind */

  void *memory;                          /* of all slots */
  size_t memory_bytes;
  bool ready;                            /* bound */
  bool moved;                            /* some address changed since operands were last filled */
};

/* Before the calls: addresses, whole numbers in range. */
int machine_start(struct vm_machine *machine, struct rt_error *error);
uint64_t machine_seed(uint64_t seed, uint64_t stream);
/* machine_check.c: what only sizes can tell. */
int machine_check_sizes(const struct vm_machine *machine, struct rt_error *error);
int machine_reserve(const struct vm_machine *machine, struct rt_error *error);   /* scratch for heads with row values */
int machine_check_ids(const struct vm_machine *machine, const struct machine_ids *ids, struct rt_error *error);
/* blame.c: a failure at the instruction's place in the source. */
int machine_fail(const struct vm_machine *machine, uint32_t instr, struct rt_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
