/* lane_run.h: running a lane program over one tile of numbers.
 *
 * A tile lies in memory as slow x fast: lane (s, f) is number s * fast + f. Outside attention the fast axis
 * is the column. The attention kernels keep their tiles transposed, keys slow and queries fast, so that their
 * reductions over keys need no shuffles: there the fast axis is the row. A register that does not vary with
 * an axis is not stored along it (its class, runtime/lanes.h). */
#ifndef AQ_RUNTIME_KERNELS_LANE_RUN_H
#define AQ_RUNTIME_KERNELS_LANE_RUN_H

#include "runtime/kernels/kernel.h"
#include "runtime/lanes.h"

struct lane_tile {
  bool rows_fast;     /* is the fast axis the row (i)? */
  int64_t slow, fast; /* slow * fast <= LANE_TILE */
  int64_t fast_valid; /* inputs are read for the first fast_valid lanes only; the others are 0 … */
  uint32_t padded;    /* … except inputs whose bit is set, which have memory for all of them */
  int64_t first_row, first_column; /* absolute numbers of the tile's first row and column */
  int64_t head, example;
  uint64_t seed;
  /* Lane (s, f) of input k is input[k][s * slow_stride[k] + f * fast_stride[k]]; the stride of an axis that
   * its class lacks is 0. */
  const real *input[LANE_MAX_INPUTS];
  int64_t slow_stride[LANE_MAX_INPUTS], fast_stride[LANE_MAX_INPUTS];
  int64_t length[LANE_MAX_INPUTS]; /* of the tables that LANE_gather reads */
};

/* A loop over rows of n lanes. step: how far each operand moves from row to row. */
struct lane_loop {
  int64_t rows, n, step[3];
};

/* How registers of each class lie in a tile. Of class D, slow position s begins at number slow - 1 - s, so
 * that the diagonals stand in order; numbers behind the last fill a vector. */
struct lane_sizes {
  int fast_class; /* LANE_I or LANE_J */
  int64_t slow, fast;
  struct lane_loop flat[LANE_CLASSES]; /* over all numbers that a register holds */
  int64_t begin[LANE_CLASSES],
      step[LANE_CLASSES]; /* where slow position 0 begins, and how far it is to the next */
};

/* Float cannot hold every whole number above 2^24. Where formulas of positions may reach there
 * (lane_passes_float), what is made of positions, constants and numbers of class 0 is computed in double as
 * well, and is rounded once when other instructions read it. storage: lane_storage(program) doubles, of the
 * largest program that it serves. */
struct lane_wide {
  double *storage;
  uint64_t held; /* registers whose numbers are here, bit by bit */
  const double *value[LANE_MAX_REGISTERS];
  uint8_t class[LANE_MAX_REGISTERS];
};

/* The registers of one program while it runs. storage: lane_storage(program) numbers, for this program alone.
 * What does not vary within a tile (class 0) is computed once and kept from run to run: set warm to false
 * when the head, the example or an input of class 0 changes. */
struct lane_registers {
  real *storage;
  bool warm;
  const real *value[LANE_MAX_REGISTERS];
  uint8_t class[LANE_MAX_REGISTERS];
  uint64_t once;           /* registers that one instruction alone writes, bit by bit */
  struct lane_sizes sizes; /* of the last tile, when warm */
  struct lane_wide *wide;  /* NULL: nothing is computed in double beside */
};

static inline size_t lane_storage(const struct lane_program *program) {
  return (size_t)program->register_count * 2 * LANE_TILE;
}

/* Which element of a table LANE_gather reads: round(at), or the nearest one there is; NaN counts as 0. length
 * is at least 1. */
static inline int64_t lane_index(real at, int64_t length) {
  real last = (real)(length - 1);
  at = at > 0 ? at : 0;
  at = at < last ? at : last;
  int64_t index = (int64_t)(at + (real)0.5);
  return index < length ? index : length - 1;
}

/* Runs one computing instruction on registers of doubles. It is in the copy for double; that for float calls
 * it. */
#define KERNEL_DOUBLE(name) RT_PASTE3(name, f64, RT_ISA)
void KERNEL_DOUBLE(lane_exact)(const struct lane_sizes *sizes, const struct lane_wide *wide,
                               const struct lane_instr *in, double *out);

/* A verified program may be run in two parts, on one tile and with one set of registers. This is the first
 * part: runs `end` instructions and gives what register `reg` then holds, as slow * fast numbers. They belong
 * to the program (or are an input) until it has finished; room: for as many numbers, if need be. */
const real *KERNEL(lane_begin)(const struct lane_program *program, const struct lane_tile *tile,
                               struct lane_registers *registers, int end, int reg, real *room);

/* The second part: runs the instructions from `first` on, and leaves the first out_count outputs in out[0..],
 * each as slow * fast numbers whatever its class. An out may be the memory of an input that lies exactly as
 * the tile does. */
void KERNEL(lane_finish)(const struct lane_program *program, const struct lane_tile *tile,
                         struct lane_registers *registers, int first, int out_count, real *const *out);

/* Both at once. */
static inline void KERNEL(lane_run)(const struct lane_program *program, const struct lane_tile *tile,
                                    struct lane_registers *registers, int out_count, real *const *out) {
  KERNEL(lane_finish)(program, tile, registers, 0, out_count, out);
}

#endif
