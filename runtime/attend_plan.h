/* attend_plan.h: what the attention kernels need to know of a head: how operands are laid out and what the
 * slots compute.
 *
 * For each example and head h, with queries i in 0..n-1 and keys j in 0..m-1:
 * - raw score: s = sum_k query[i,h,k] key[j,h,k]
 * - shaped score: s' = score(s, i, j, h, extras), a lane program; s itself when there is none
 * - seen: where mask(i, j, h, extras) != 0, a lane program; everywhere when there is none
 * - weights of softmax: w = exp(s' - lse_i) with lse_i = log sum_j exp(s'), over the keys that i sees
 * - weights of an elementwise normaliser: w = s', since the score program ends in it
 * - weights of other normalisers: w = score(s, i, j, h, extras, r_i), where r_i are row values, see below
 * - result: y[i,h,:] = sum_j w drop(i, j) value[j,h,:]; drop is a lane program that gives 0 or 1/(1-rate),
 * say
 *
 * A query that sees no key has w = 0 and lse = -inf. Scores exist only tile by tile: memory is O(n + m).
 * Masked scores are never used; whole masked tiles may be skipped.
 *
 * Row values are for normalisers that have to see a whole row of scores: sparsemax, entmax, top-k, sums of
 * anything. A row value is one number for each query: a lane program gives a number for each key that the
 * query sees, and these are reduced to one, by a sum or a maximum, say. Row values are computed in order, and
 * the program of one may read those before it. A softmax, for example, is two row values and a score:
 * - r0 = max_j s
 * - r1 = sum_j exp(s - r0)
 * - w = exp(s - r0) / r1
 *
 * The backward pass has row values of its own. They may also read dw, the gradient of the loss for w (drop's
 * multiplier is already in it):
 * - r2 = sum_j w dw
 * - ds = w (dw - r2)
 *
 * Each worker then holds the scores of a block of queries against all the keys that they see: O(n + m) still.
 */
#ifndef AQ_RUNTIME_ATTEND_PLAN_H
#define AQ_RUNTIME_ATTEND_PLAN_H

#include "runtime/lanes.h"

/* The role of each axis of an operand. At most one axis of each role I, J, H; FEATURE axes last. */
enum attend_axis { ATTEND_I, ATTEND_J, ATTEND_H, ATTEND_FEATURE };

/* An operand: the roles of its axes, outermost first.
 * - query: any of [i?, h?, feature]. Without i it is one query (n = 1), and y has no i either
 * - key, value: [j?, h?, feature]. Without h they serve every head (multi-query)
 * - an extra: any of i, j, h. FEATURE axes, last, make it a table for LANE_gather, and its i, j and h axes
 * choose the table: r[i, j - i] is such a gather
 *
 * An operand may be shared (learned memory keys) or per example; y is per example when any operand is. When
 * the query has g times as many heads as the key (grouped queries), head h reads key head h / g. */
struct attend_operand {
  int rank;
  uint8_t role[RT_MAX_RANK];
};

enum { ATTEND_MAX_EXTRAS = 16, ATTEND_MAX_ROWS = 12 };

/* How a row value reduces the numbers a_j that its program gives for the keys that a query sees. It is 0 for
 * a query that sees none. */
enum attend_reduce {
  ATTEND_SUM,
  ATTEND_MAX, /* NaN when some a_j is NaN, as a sum would be; 0 when all are -infinity, as for no keys */
  /* Thresholds (runtime/threshold.h) with the row's parameter. A NaN does not count. */
  ATTEND_ENTMAX, /* the tau with which the weights relu((alpha - 1) a_j - tau)^(1 / (alpha - 1)) sum to 1 */
  ATTEND_KTH,    /* the k-th largest */
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
  /* Lane programs, NULL when the slot is absent. How they number their inputs:
   * - score: s (class I|J), then the extras in order
   * - mask, drop: the extras, from 0
   * - score_grad: s, the extras, then ds', the gradient of s' (class I|J)
   *
   * With row values there must be a score, whose output is w. Then score, score_grad and all rows number
   * their inputs alike:
   * - 0: s (class I|J)
   * - 1..: the extras
   * - 1 + extra_count + k: row value k (class I), for all row_count rows
   * - 1 + extra_count + row_count: dw (class I|J), in score_grad and in rows of the backward pass only
   *
   * What is not computed yet has a number, but must not be read: row k reads row values below k, score those
   * of the forward pass. */
  const struct lane_program *score; /* output 0: s' */
  const struct lane_program *mask;  /* output 0: non-zero where j is seen by i */
  const struct lane_program *drop;  /* output 0: the multiplier */
  const struct lane_program
      *score_grad; /* output 0: ds; outputs 1..: for each extra with wants_grad, in order, its elementwise
                    * contribution, and for a table a second output behind it: the element it goes to, as
                    * LANE_gather reads it. A table that score reads in two places is two extras. */
  /* score_grad computes s' (w, with row values) as well: what score and its derivative have in common, such
   * as a tanh, is then computed once. Its first score_end instructions leave s' in score_register and do not
   * read ds' (dw). The kernels run these first, make ds', and run the rest on the same registers. Both are 0
   * without score_grad. */
  int score_end;
  uint8_t score_register;
  bool wants_grad[ATTEND_MAX_EXTRAS];
  int row_count;
  struct attend_row row[ATTEND_MAX_ROWS];
};

/* How often a contribution to an extra counts. Contributions are added for each pair (i, j) that is seen,
 * also when they do not vary with both. With row values there is one exception: when neither the contribution
 * (for a table: nor its element) nor the extra has j, it is added once for each query that sees a key. So the
 * derivative of what is computed from row values alone needs no division by the number of keys. */

/* The kernels work on blocks of queries against blocks of keys. */
enum {
  ATTEND_QUERIES = 64,
  ATTEND_KEYS = 64,
  ATTEND_ROW_TILES = 4 /* of each block of keys that a block of queries sees, where a head has row values */
};

/* The axes of an operand that a bit mask keeps. */
struct attend_operand attend_kept(const struct attend_operand *operand, int64_t axes);

/* Results of the ops.
 *
 * attention: result 0 is y, with the roles of `out` (i?, h?, feature); result 1 is lse, the same without
 * feature. When !softmax, lse is there for attention_grad alone.
 *
 * attention_grad: dquery, dkey, dvalue, then one for each extra with wants_grad.
 * - it does not read y, so that y's memory is free for a result. A softmax needs delta_i = dy_i . y_i
 * instead, laid out as lse, which the op dot makes; other heads are given lse in its place and do not read it
 * - dy may lack the axes i and h of y, and be shared where y is per example: the gradient of a mean over the
 *   queries, say, is the same for all of them. It is read where it lies
 * - results are never reduced across examples or heads, so every task owns what it writes. Each has the
 * operand's axes, and h when y has it: (i?, h?, feature), (j?, h?, feature), or (i?, j?, h?, feature) for
 * extras; it is per example when y is. The compiler adds the sums down to the operand's own shape
 * - it must be called with the seed of its attention, so that drop draws the same numbers
 *
 * attention_weights: w, (h?, i?, j), per example when y is. out.role is y's, as in the other two.
 *
 * Sizes: as many heads as y's h axis has, as many queries as its i axis, and as many keys as the first
 * operand with a j axis; 1 where there is no such axis. */

#endif
