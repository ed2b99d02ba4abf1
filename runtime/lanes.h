/* lanes.h: lane programs: short straight-line programs over a tile of numbers, many lanes at a time.
 *
 * A tile is rows x columns. In attention, row i is a query position and column j a key position. In the op
 * `lanes`, columns are the last axis of the output, and rows all its other axes of all examples; an output of
 * rank 0 has one column, and the examples as rows.
 *
 * Every register has a class, known when the program is compiled: what its value varies with, and so how many
 * numbers it holds.
 * - 0: nothing; one number
 * - LANE_I: the row; one number per row
 * - LANE_J: the column; one row of numbers
 * - LANE_D: i - j alone; one number per diagonal
 * - LANE_I | LANE_J: both; a whole tile
 *
 * The class of an input: in attention, by the roles of its axes. In the op `lanes`, LANE_J when it has the
 * output's last axis, and LANE_I when it has any other axis of the output or is per example while the output
 * is. When the output is one for the batch, so are the inputs. */
#ifndef AQ_RUNTIME_LANES_H
#define AQ_RUNTIME_LANES_H

#include "runtime/tensor.h"

/* The lane instructions that compute come from the LANE rows of ops.def (same names, same order); the rest
 * are here. */
enum lane_op {
#define LANE1(name, written, expression, ...) LANE_##name,
#define LANE2(name, written, expression, ...) LANE_##name,
#define LANE3(name, written, expression, ...) LANE_##name,
#include "runtime/ops.def"
  LANE_const,  /* r = constant[a]                                                       class 0      */
  LANE_input,  /* r = input a of this tile                                              its class    */
  LANE_row,    /* r = i, the absolute row number (of the batch outside attention)       class I      */
  LANE_column, /* r = j, the absolute column number                                     class J      */
  LANE_offset, /* r = i - j                                                             class D      */
  LANE_head,   /* r = h                                                                 class 0      */
  LANE_random, /* r = uniform in [0,1), a function of (seed + a, example, h, i, j) only    class I|J    */
  LANE_gather, /* r = input a at element round(register b) of this row's and column's table, the nearest
                * element when b is outside of it, 0 when the table is empty     class of b and of the input
                */
  LANE_OP_COUNT
};

enum {
  LANE_I = 1,
  LANE_J = 2,
  LANE_D = 4,
  LANE_CLASSES,
  LANE_MAX_INPUTS = 32,
  LANE_MAX_REGISTERS = 64,
  LANE_MAX_OUTPUTS = 16,
  LANE_TILE = 512
};

struct lane_instr {
  uint8_t op;        /* enum lane_op */
  uint8_t out_class; /* class of the register written */
  uint8_t out;       /* register */
  uint8_t a, b, c;   /* registers, or what the op's comment says */
};

struct lane_program {
  int input_count, output_count, register_count, instr_count, constant_count;
  uint8_t input_class[LANE_MAX_INPUTS];
  uint8_t input_axes[LANE_MAX_INPUTS]; /* op `lanes`: bit x is set when the input has axis x of the output;
                                          its axes are in the output's order and as long */
  uint8_t output[LANE_MAX_OUTPUTS];    /* registers */
  const struct lane_instr *instr;
  const double *constant;
};

/* The class of what is computed from operands of two classes. What varies with i - j, and with i or j as
 * well, varies with both. */
static inline int lane_class_join(int a, int b) {
  int both = a | b;
  return both > LANE_D ? LANE_I | LANE_J : both;
}

/* Is the program well formed? Registers are written before they are read, numbers are in range, and classes
 * are as the instructions imply (a computing instruction has that of its operands joined). RT_OK or
 * RT_BAD_DATA, the same for every precision. */
int lane_verify(const struct lane_program *program, struct rt_error *error);
const char *lane_op_name(int op);
int lane_op_arity(int op);                           /* registers read: 0..3 */
uint64_t lane_reads(const struct lane_instr *instr); /* which ones: bit by bit */

/* What is the first output over whole ranges of rows and columns? LANE_TRUE and LANE_FALSE are certain for
 * every lane and both precisions, by interval arithmetic on i, j, h and constants; LANE_MIXED means that it
 * is not known. The program must be verified. */
enum lane_truth { LANE_FALSE, LANE_TRUE, LANE_MIXED };
struct lane_ranges {
  int64_t first_row, rows, first_column, columns, head, more_heads; /* head .. head + more_heads */
};                                                                  /* rows and columns: 1 or more */
enum lane_truth lane_truth_over(const struct lane_program *program, const struct lane_ranges *ranges);

/* What is known of an input that is one number for each head: whole numbers low..high, or nothing. */
struct lane_input_range {
  double low, high;
  bool whole;
};
/* Can a formula of positions, constants and such inputs (by number) leave the whole numbers that float holds,
 * up to 2^24? Double holds those up to 2^53. */
bool lane_passes_float(const struct lane_program *program, const struct lane_ranges *ranges,
                       const struct lane_input_range *input);
/* Does the op make whole numbers, or truths, of whole numbers or their quotients? */
bool lane_is_whole(int op);

/* Numbers low..high. whole: they are whole numbers that double holds exactly, and float too, or they are
 * computed in double (lane_passes_float). A span that is not known may hold anything, NaN included. */
struct lane_span {
  double low, high;
  bool known, whole;
};
/* Where the result of a lane op (enum rt_op) lies when its operands lie so: the column `range` of its row. */
struct lane_span lane_span_made(int op, const struct lane_span operand[3]);

#endif
