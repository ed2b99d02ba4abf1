/* attend_plan.h: what the attention kernels need to know of a head: how operands are laid out and what the
 * slots compute.
 *
 * For each example e and head h, with queries i in 0..n-1 and keys j in 0..m-1:
 *     s  = sum_k query[i,h,k] key[j,h,k]                the raw score
 *     s' = score(s, i, j, h, extras)                    lane program; the identity when there is none
 *     mask(i, j, h, extras) != 0                        lane program; everything is seen when there is none
 *     softmax:   w = exp(s' - lse_i), lse_i = log sum_j exp(s')     over the seen j; a row that sees nothing
 * has w = 0, lse = -inf weights:   w = s'                                              (the score program
 * ends in the elementwise normaliser) rows:      w = score(s, i, j, h, extras, r_i)                   over
 * the seen j; r_i: the row values, numbers made from whole rows of scores, see below y[i,h,:] = sum_j w
 * drop(i, j) value[j,h,:]        drop: lane program giving the multiplier, e.g. 0 or 1/(1-rate) Scores exist
 * only tile by tile: memory is O(n + m). Masked scores are never used; whole masked tiles may be skipped.
 *
 * Row values are for normalisers that have to see a whole row of scores: sparsemax, entmax, top-k, sums of
 * anything. A row value is one number for each query (of each head and example): a reduction, over the keys j
 * that the query sees, of what a lane program gives. They are computed in order, and the program of one may
 * read those before it, so that a softmax is two rows and a score, r0 = max_j s,   r1 = sum_j exp(s - r0), w
 * = exp(s - r0) / r1. The backward pass has rows of its own, which may also read dw, the gradient of the loss
 * for w (drop's multiplier is already in it): r2 = sum_j w dw,   ds = w (dw - r2). Then each worker holds the
 * scores of a block of queries against all the keys that they see: O(n + m) still. */
#ifndef AQ_RUNTIME_ATTEND_PLAN_H
#define AQ_RUNTIME_ATTEND_PLAN_H

#include "runtime/lanes.h"

/* The role of each axis of an operand. At most one axis of each role I, J, H; FEATURE axes last. */
enum attend_axis { ATTEND_I, ATTEND_J, ATTEND_H, ATTEND_FEATURE };

/* An operand: the roles of its axes, outermost first. query: any of [i?, h?, feature], key, value: [j?, h?,
 * feature]; an axis that is absent is broadcast: a query without i is one query (n = 1) and y has no i
 * either; key and value without h serve every head (multi-query). An operand may be shared (learned memory
 * keys) or per example; y is per example when any operand is. With a g-fold larger h of the query than of the
 * key (grouped queries), key head = h / g. An extra has any of i, j, h and no feature axis, unless it is a
 * table for LANE_gather: its FEATURE axes, last, are the table; i, j and h axes before them choose the table,
 * so that r[i, j - i] is a gather too. */
struct attend_operand {
  int rank;
  uint8_t role[RT_MAX_RANK];
};

enum { ATTEND_MAX_EXTRAS = 16, ATTEND_MAX_ROWS = 12 };

/* What a row value makes of the numbers a_j that its program gives for the keys that a query sees. For a
 * query that sees none each is 0. */
enum attend_reduce {
  ATTEND_SUM,
  ATTEND_MAX,    /* NaN when some a_j is, as of a sum; of minus infinities 0, as of nothing */
  ATTEND_ENTMAX, /* the thresholds of runtime/threshold.h, with the row's parameter: tau of entmax, for which
                    the weights */
  ATTEND_KTH, /* relu((alpha - 1) a_j - tau)^(1 / (alpha - 1)) sum to 1; the k-th largest. Here a NaN does not
                 count */
  ATTEND_REDUCE_COUNT
};

/* A program that does not vary with j gives the same number for each key: its sum is that number times how
 * many keys the query sees. */
struct attend_row {
  uint8_t reduce;                     /* enum attend_reduce */
  bool backward;                      /* is it of the backward pass? Rows of the forward pass come first */
  double parameter;                   /* alpha or k, see rt_threshold_valid; 0 where the reduction has none */
  const struct lane_program *program; /* output 0: a_j */
};

struct attend_plan {
  bool softmax; /* never with row values */
  int extra_count;
  struct attend_operand query, key, value, out, extra[ATTEND_MAX_EXTRAS]; /* out: y */
  /* Lane programs, NULL when the slot is absent. Inputs: input 0 is s (class I|J) for score and score_grad,
   * then the extras, in order; for score_grad, after the extras, one more input (class I|J): ds', the
   * gradient of s'. mask and drop have the extras alone as inputs (numbered from 0). With row values there
   * must be a score, whose output is w, and score, score_grad and all rows number their inputs alike: 0: s
   * (class I|J);   1..: the extras;   1 + extra_count + k: row value k (class I), for all row_count rows; 1 +
   * extra_count + row_count (score_grad and rows of the backward pass alone have this input): dw (class I|J).
   * So input_count is 1 + extra_count + row_count, and one more in the backward pass. What is not computed
   * yet must not be read, though it is numbered: row k reads row values below k, score those of the forward
   * pass. */
  const struct lane_program *score; /* output 0: s' */
  const struct lane_program *mask;  /* output 0: non-zero where j is seen by i */
  const struct lane_program *drop;  /* output 0: the multiplier */
  const struct lane_program
      *score_grad; /* output 0: ds; outputs 1..: for each extra with wants_grad, in order, its elementwise
                    * contribution, and for a table a second output behind it: the element it goes to, as
                    * LANE_gather reads it. A table that score reads in two places is two extras. */
  /* score_grad computes s' (w, with row values) too, so that what score and its derivative have in common,
   * such as a tanh, is computed once backwards: its first score_end instructions leave s' in score_register,
   * as score gives it, and do not read ds' (dw). The kernels run them first, make ds' and run the rest, on
   * the same registers. Both are 0 without score_grad. */
  int score_end;
  uint8_t score_register;
  bool wants_grad[ATTEND_MAX_EXTRAS];
  int row_count;
  struct attend_row row[ATTEND_MAX_ROWS];
};

/* How often a contribution to an extra counts. Elementwise contributions are added for each pair (i, j) that
 * is seen, also when they do not vary with both. With row values there is one exception: when neither the
 * contribution (for a table: nor its element) nor the extra has j, it is added once for each query that sees
 * a key. So the derivative of what is computed from row values alone needs no division by the number of keys.
 */

/* The kernels work on blocks of queries against blocks of keys. For a head with row values a worker's scratch
 * holds, behind the first RT_SCRATCH_BYTES, the registers of a row's program and, for each block of keys that
 * a block of queries sees, ATTEND_ROW_TILES tiles and a note of where it is. */
enum {
  ATTEND_QUERIES = 64,
  ATTEND_KEYS = 64,
  ATTEND_ROW_TILES = 4,
  ATTEND_ROW_REGISTERS = 2 * LANE_MAX_REGISTERS * LANE_TILE
};
struct attend_piece {
  int64_t first_key, keys;
  enum lane_truth seen;
}; /* seen: what the mask says of it, LANE_TRUE or LANE_MIXED */

/* The axes of an operand that a bit mask keeps. */
struct attend_operand attend_kept(const struct attend_operand *operand, int64_t axes);

/* Bytes of scratch that a worker needs for the head; keys: of the example that has most, number: bytes of a
 * number. False when that is more than can be counted. */
bool attend_scratch(const struct attend_plan *plan, int64_t keys, size_t number, size_t *bytes);

/* Results of attention: 0: y, roles as `out` (i?, h?, feature); 1: lse, the same without feature (content for
 * attention_grad alone when !softmax). attention_grad does not read y, so that its memory is free for a
 * result: of the softmax it takes delta_i = dy_i . y_i, laid out as lse, which the op dot makes. Other heads
 * have no use for it and are given lse in its place. dy may lack the axes i and h of y, and be shared where y
 * is per example: it is then the same for all of them, as the gradient of a sum or a mean over the queries
 * is, and is read where it lies. Results of attention_grad: dquery, dkey, dvalue, then one for each extra
 * with wants_grad. They are never reduced across examples or heads: each result has the operand's axes plus h
 * (when y has it), laid out (i?, h?, feature) or (j?, h?, feature) for dquery, dkey, dvalue; per example when
 * y is. For extras: (i?, j?, h?, feature) with h when y has it. The compiler adds the sums to the operand's
 * own shape. So every task owns what it writes. attention and its attention_grad must be called with the same
 * seed, so that drop draws the same numbers. Result of attention_weights: w, (h?, i?, j), per example when y
 * is; out.role is y's, as in the other two. Sizes: the number of heads is that of y's h axis (1 without), of
 * queries that of y's i axis (1 without), of keys that of the first operand with a j axis (1 without). */

#endif
