/* threshold.h: the two thresholds that the op `threshold` finds. */
#ifndef AQ_RUNTIME_THRESHOLD_H
#define AQ_RUNTIME_THRESHOLD_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* The threshold tau of a row a. Elements that are -infinity are hidden: they do not count.
 * RT_ENTMAX, parameter alpha: the tau with which the weights relu((alpha - 1) a - tau)^(1 / (alpha - 1)) sum
 * to 1 (Peters et al. 2019; alpha = 2 is sparsemax, Martins and Astudillo 2016); 0 when all is hidden.
 * RT_KTH, parameter k: the k-th largest element, the smallest when there are fewer than k; -infinity when all
 * is hidden. */
enum rt_threshold { RT_ENTMAX, RT_KTH };

/* Nearer to 1, float cannot tell entmax from softmax. Far above 2, which is sparsemax, what is left of a row
 * has hardly any slope. */
#define RT_LEAST_ALPHA 1.01
#define RT_MOST_ALPHA 2.5

static inline bool rt_threshold_valid(int64_t kind, double parameter) {
  if (kind == RT_ENTMAX) return parameter >= RT_LEAST_ALPHA && parameter <= RT_MOST_ALPHA;
  return kind == RT_KTH && parameter >= 1 && parameter <= INT32_MAX && floor(parameter) == parameter;
}

#endif
