/* sort_scored.c: rows in the order of their scores, for metrics of ranking. */
#include <math.h>

#include "libaq/judge/report.h"

/* Sinks the element at root of a heap of n with the lowest score on top. */
static void sink(double *x, size_t root, size_t n) {
  double moving = x[root];
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && fabs(x[child + 1]) < fabs(x[child])) child++;
    if (!(fabs(x[child]) < fabs(moving))) break;
    x[root] = x[child];
  }
  x[root] = moving;
}

/* A heapsort, because the C library's sort may take memory that does not come
 * from the host's allocator. */
void rep_sort_scored(double *x, size_t n) {
  for (size_t k = n / 2; k-- > 0;) sink(x, k, n);
  for (size_t k = n; k-- > 1;) {
    double lowest = x[0];
    x[0] = x[k];
    x[k] = lowest;
    sink(x, 0, k);
  }
}

double rep_roc_area(double *x, size_t n) {
  double positives = 0, negatives = 0, area = 0;
  rep_sort_scored(x, n);
  for (size_t k = 0; k < n;) {
    double score = fabs(x[k]), tied[2] = {0, 0};
    for (; k < n && fabs(x[k]) == score; k++) tied[rep_is_positive(x[k])]++;
    area += tied[0] * (positives + tied[1] / 2);
    negatives += tied[0];
    positives += tied[1];
  }
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : NAN;
}
