/* attend.h: what the attention kernels need to know of a head: how operands are laid out and what the slots compute.
 *
 * For each example e and head h, with queries i in 0..n-1 and keys j in 0..m-1:
 *     s  = sum_k query[i,h,k] key[j,h,k]                the raw score
 *     s' = score(s, i, j, h, extras)                    lane program; the identity when there is none
 *     mask(i, j, h, extras) != 0                        lane program; everything is seen when there is none
 *     softmax:   w = exp(s' - lse_i), lse_i = log sum_j exp(s')     over the seen j; a row that sees nothing has w = 0, lse = -inf
 *     weights:   w = s'                                              (the score program ends in the elementwise normaliser)
 *     y[i,h,:] = sum_j w drop(i, j) value[j,h,:]        drop: lane program giving the multiplier, e.g. 0 or 1/(1-rate)
 * Scores exist only tile by tile: memory is O(n + m). Masked scores are never used; whole masked tiles may be skipped. */
#ifndef AQ_RUNTIME_ATTEND_H
#define AQ_RUNTIME_ATTEND_H

#include "runtime/lanes.h"

/* The role of each axis of an operand. At most one axis of each role I, J, H; FEATURE axes last. */
enum attend_axis { ATTEND_I, ATTEND_J, ATTEND_H, ATTEND_FEATURE };

/* An operand: the roles of its axes, outermost first. query: any of [i?, h?, feature], key, value: [j?, h?, feature]; an axis that is absent is broadcast:
 * a query without i is one query (n = 1) and y has no i either; key and value without h serve every head (multi-query). An operand may be shared
 * (learned memory keys) or per example; y is per example when any operand is. With a g-fold larger h of the query than of the key (grouped
 * queries), key head = h / g. An extra has any of i, j, h and no feature axis, unless it is a table for LANE_gather:
 * its FEATURE axes, last, are the table; i, j and h axes before them choose the table, so that r[i, j - i] is a gather too. */
struct attend_operand {
  int rank;
  uint8_t role[RT_MAX_RANK];
};

enum { ATTEND_MAX_EXTRAS = 16 };

struct attend_plan {
  bool softmax;
  int extra_count;
  struct attend_operand query, key, value, out, extra[ATTEND_MAX_EXTRAS];
  /* Lane programs, NULL when the slot is absent. Inputs: input 0 is s (class I|J) for score and score_grad, then the extras, in order; for score_grad, after the
   * extras, one more input (class I|J): ds', the gradient of s'. mask and drop have the extras alone as inputs (numbered from 0). */
  const struct lane_program *score;       /* output 0: s' */
  const struct lane_program *mask;        /* output 0: non-zero where j is seen by i */
  const struct lane_program *drop;        /* output 0: the multiplier */
  const struct lane_program *score_grad;  /* output 0: ds; outputs 1..: for each extra with wants_grad, in order, its elementwise contribution, and
                                           * for a table a second output behind it: the element it goes to, as LANE_gather reads it. A table that
                                           * score reads in two places is two extras. */
  bool wants_grad[ATTEND_MAX_EXTRAS];
};

/* Results of attention: 0: y, roles as `out` (i?, h?, feature); 1: lse, the same without feature (unused content when !softmax).
 * Results of attention_grad: dquery, dkey, dvalue, then one for each extra with wants_grad. They are never reduced across examples or heads: each result
 * has the operand's axes plus h (when y has it), laid out (i?, h?, feature) or (j?, h?, feature) for dquery, dkey, dvalue; per example when y is. For extras:
 * (i?, j?, h?, feature) with h when y has it. The compiler adds the sums to the operand's own shape. So every task owns what it writes.
 * attention and its attention_grad must be called with the same seed, so that drop draws the same numbers.
 * Result of attention_weights: w, (h?, i?, j), per example when y is; out.role is y's, as in the other two. Sizes: the number of heads is that of
 * y's h axis (1 without), of queries that of y's i axis (1 without), of keys that of the first operand with a j axis (1 without). */

#endif
