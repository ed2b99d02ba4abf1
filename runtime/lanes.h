/* lanes.h: lane programs: short straight-line programs over a tile of numbers, many lanes at a time.
 *
 * A tile is rows x columns. Outside attention the rows and columns are those of a tensor: columns the last axis, rows all others.
 * Inside attention row i is a query position, column j a key position. Every register has a class, known when the
 * program is compiled: LANE_I set when its value varies with the row, LANE_J when it varies with the column. A register of class 0
 * holds one number, of class J one row of numbers, of class I one number per row, of class I|J a whole tile. */
#ifndef AQ_RUNTIME_LANES_H
#define AQ_RUNTIME_LANES_H

#include "runtime/tensor.h"

/* The lane instructions that compute come from the LANE rows of ops.def (same names, same order); the rest are here. */
enum lane_op {
#define LANE1(name, expression, doc) LANE_##name,
#define LANE2(name, expression, doc) LANE_##name,
#define LANE3(name, expression, doc) LANE_##name,
#define OP(...)
#include "runtime/ops.def"
#undef LANE1
#undef LANE2
#undef LANE3
#undef OP
  LANE_const,      /* r = constant[a]                                                       class 0      */
  LANE_input,      /* r = input a of this tile                                              its class    */
  LANE_row,        /* r = i, the absolute row number                                        class I      */
  LANE_column,     /* r = j, the absolute column number                                     class J      */
  LANE_head,       /* r = h                                                                 class 0      */
  LANE_random,     /* r = uniform in [0,1), a function of (seed + a, example, h, i, j) only    class I|J    */
  LANE_gather,     /* r = input a at element round(register b): the input is a table; b must be within it  class of b */
  LANE_OP_COUNT
};

enum { LANE_I = 1, LANE_J = 2, LANE_MAX_INPUTS = 24, LANE_MAX_REGISTERS = 64, LANE_MAX_OUTPUTS = 16, LANE_TILE = 512 };

struct lane_instr {
  uint8_t op;          /* enum lane_op */
  uint8_t out_class;   /* LANE_I | LANE_J: class of the register written */
  uint8_t out;         /* register */
  uint8_t a, b, c;     /* registers, or what the op's comment says */
};

struct lane_program {
  int input_count, output_count, register_count, instr_count, constant_count;
  uint8_t input_class[LANE_MAX_INPUTS];
  uint8_t output[LANE_MAX_OUTPUTS];        /* registers */
  const struct lane_instr *instr;
  const double *constant;
};

/* The same for every precision: is the program well formed? Registers are written before they are read, indices in range, classes as
 * the instructions imply (the class of a computing instruction is the union of its operands'). RT_OK or RT_BAD_DATA. */
int lane_verify(const struct lane_program *program, struct rt_error *error);
const char *lane_op_name(int op);
int lane_op_arity(int op);       /* registers read: 0..3 */

/* One tile to run a program over: rows * columns <= LANE_TILE. Element (r, c) of input k is
 * base[k][r * row_stride[k] + c * column_stride[k]], in elements; strides of the axes a class lacks are ignored. */
struct lane_tile {
  int64_t rows, columns;
  int64_t first_row, first_column;         /* absolute numbers of its first row and column */
  int64_t head, example;
  uint64_t seed;
  const void *input[LANE_MAX_INPUTS];
  int64_t row_stride[LANE_MAX_INPUTS], column_stride[LANE_MAX_INPUTS];
};

#endif
