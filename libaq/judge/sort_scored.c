/* sort_scored.c: rows in the order of their scores, for metrics of ranking. */
#include <math.h>

#include "libaq/judge/report.h"

/* Sinks the element at root of a heap of n with the lowest score on top. */
static void sink(struct rep_scored *x, size_t root, size_t n) {
  struct rep_scored moving = x[root];
  for (size_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && x[child + 1].score < x[child].score) child++;
    if (!(x[child].score < moving.score)) break;
    x[root] = x[child];
  }
  x[root] = moving;
}

/* A heapsort, because the C library's sort may take memory that does not come
 * from the host's allocator. */
void rep_sort_scored(struct rep_scored *x, size_t n) {
  for (size_t k = n / 2; k-- > 0;) sink(x, k, n);
  for (size_t k = n; k-- > 1;) {
    struct rep_scored lowest = x[0];
    x[0] = x[k];
    x[k] = lowest;
    sink(x, 0, k);
  }
}

double rep_roc_area(struct rep_scored *x, size_t n) {
  double positives = 0, negatives = 0, area = 0;
  rep_sort_scored(x, n);
  for (size_t k = 0; k < n;) {
    double score = x[k].score, tied[2] = {0, 0};
    for (; k < n && x[k].score == score; k++) tied[x[k].positive]++;
    area += tied[0] * (positives + tied[1] / 2);
    negatives += tied[0];
    positives += tied[1];
  }
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : NAN;
}
