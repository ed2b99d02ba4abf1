/* threshold_rows.h: thresholds of many rows at once. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_THRESHOLD_ROWS_H
#define AQ_RUNTIME_KERNELS_THRESHOLD_ROWS_H

#include "runtime/threshold.h"

/* tau[q], q < fast, is the threshold of the row a[0..n-1][q]: rows lie side by side, a[j * fast + q], and 64
 * of them are worked on at a time. kind and parameter: enum rt_threshold. A NaN does not count, as if it were
 * hidden. Of entmax the weights sum to 1 as nearly as a float tau allows: shift a row so that its largest
 * element is near 0, and no digits are lost. What a holds afterwards is of no use. */
void KERNEL(threshold_rows)(real *a, int64_t n, int64_t fast, int kind, double parameter, real *tau);

#endif
