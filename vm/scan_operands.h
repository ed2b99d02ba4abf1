/* scan_operands.h: what the operands of OP_scan and OP_scan_grad are to the functions that they run.
 *
 * A recurrence goes over the first axis t of its sequences: S_1 = body(start, x_1), S_2 = body(S_1, x_2), …,
 * from the last row to the first when it is reversed. The body is a function of the module that comes before
 * the one with the instruction. It has n = 1 + sequences + whole arguments:
 *
 *     the state [*s];  a row [*r] of each sequence;  the values given whole
 *
 * and as results the next state [*s] and, if the scan collects, more. The operands of scan are the start
 * [*s], the sequences [t, *r] and the whole values; its results all states [t, *s] when the body has that one
 * result, else the others, each [t, *o].
 *
 * scan_grad has the operands of scan, then all states [t, *s] when those are the result of scan, then a
 * gradient for each result of scan. The function `gradient` computes one step backwards. It has the n
 * arguments of the body, then
 *
 *     the gradient of the next state [*s];  a row of the gradient of each result of scan;
 *     for each whole value that is wanted: the gradient gathered so far
 *
 * and gives the gradient of the state [*s], of the row of each wanted sequence, and the sums with what this
 * step adds to the wanted whole values. Bit k of `wants` is about argument k; the results of scan_grad are
 * those that it names, in order.
 *
 * In blocks. The attribute `block` is 0 for that, else 1 + the number of a symbol N: then a step takes the
 * next SCAN_BLOCK rows of every sequence at once, or those that are left, and N is how many they are. Rows
 * are [N, *r] to the body and to its gradient, and results [N, *o]; nothing outside has N. There is no state:
 * in its place stands the position of the first of the rows, a number, and the start is that of the first
 * step. All results of the body are collected, and the gradient takes and gives nothing for a state. A
 * sequence that is the same for all examples is, within, that of one example.
 *
 * Forwards, nothing is kept but what the scan gives. Backwards, where not all states are there, the states
 * are computed again: every ~sqrt(t)th once, and those of one stretch between two at a time, so that memory
 * grows with sqrt(t) (Chen et al. 2016). */
#ifndef AQ_VM_SCAN_OPERANDS_H
#define AQ_VM_SCAN_OPERANDS_H

enum {
  SCAN_BODY = 0,
  SCAN_SEQUENCES = 1,
  SCAN_REVERSE = 2,
  SCAN_ROWS = 3, /* attributes of scan; SCAN_ROWS: block */
  SCAN_GRAD_GRADIENT = 1,
  SCAN_GRAD_SEQUENCES = 2,
  SCAN_GRAD_REVERSE = 3,
  SCAN_GRAD_WANTS = 4,
  SCAN_GRAD_ROWS = 5,
  SCAN_BLOCK = 64,
  SCAN_MAX_ARGS = 62 /* of a body: the bits of `wants` */
};

#endif
