/* report_ranks.c: in what place the right answer of a row stands, and what these places amount to. */
#include <math.h>
#include <string.h>

#include "libaq/judge/report.h"

size_t rep_rank(const double *score, size_t count, size_t right) {
  size_t rank = 1;
  for (size_t k = 0; k < count; k++) rank += k != right && score[k] >= score[right];
  return rank;
}

int rep_add_rank(struct rep_report *r, size_t rank, struct rt_error *e) {
  if (rank > r->rank_count) {
    if (rt_grow((void **)&r->ranked, &r->rank_capacity, rank, sizeof *r->ranked)) return rt_no_memory(e);
    memset(r->ranked + r->rank_count, 0, (rank - r->rank_count) * sizeof *r->ranked);
    r->rank_count = rank;
  }
  if (rank) r->ranked[rank - 1]++;
  r->ranked_rows++;
  return RT_OK;
}

/* The mean over the rows of what a place is worth, of the first k places. Where the model knows the answer of
 * no row, there is nothing to rank. */
static double mean_worth(const struct rep_report *r, int64_t k, double (*worth)(double place)) {
  struct rep_sum sum = {0, 0};
  for (size_t place = 0; place < r->rank_count && (int64_t)place < k; place++)
    if (r->ranked[place]) rep_sum_add(&sum, (double)r->ranked[place] * worth((double)place + 1));
  return r->rank_count ? rep_sum_value(&sum) / (double)r->ranked_rows : NAN;
}

static double one(double place) { return (void)place, 1; }
static double reciprocal(double place) { return 1 / place; }

/* One answer is right, so the best possible gain is 1 (Järvelin and Kekäläinen 2002). */
static double gain(double place) { return 1 / log2(1 + place); }

double rep_recall_at(const struct rep_report *r, int64_t k) { return mean_worth(r, k, one); }
double rep_mrr(const struct rep_report *r) { return mean_worth(r, INT64_MAX, reciprocal); }
double rep_ndcg_at(const struct rep_report *r, int64_t k) { return mean_worth(r, k, gain); }
