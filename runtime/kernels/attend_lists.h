/* attend_lists.h: of each query of a block, the few keys that count, as a list. Lists stand side by side as
 * tiles do: place c of query q is number c * fast + q. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_LISTS_H
#define AQ_RUNTIME_KERNELS_ATTEND_LISTS_H

#include "runtime/kernels/attend_rows.h"

struct attend_lists {
  struct attend_queried rows; /* scores by place in a list; the mask hides what is behind the end of one */
  int32_t *key;               /* numbers of the keys */
  int64_t end[ATTEND_QUERIES], room; /* where the next key of a query stands, and all numbers there are */
};

/* Lists that are empty yet, in the memory of all->given. Each has room for a fifth of the keys. */
void KERNEL(attend_lists_begin)(const struct attend_queried *all, struct attend_lists *lists);

/* Adds the pairs of a strip whose verdict is not `dead`. false: there is no room. */
bool KERNEL(attend_lists_add)(const struct attend_block *strip, const real *verdict, bool dead,
                              const struct attend_queried *all, struct attend_lists *lists);

/* No more keys come. */
void KERNEL(attend_lists_end)(const struct attend_queried *all, struct attend_lists *lists);

/* A piece of lists, and a number for each pair of it. */
struct attend_listed {
  const struct attend_lists *lists;
  struct attend_block block;
  real *tile;
};

/* to_q = or += sum over the keys j in q's list of tile[j][q] rows_j. Rows have `width` numbers, a multiple of
 * RT_VECTOR. */
void KERNEL(attend_lists_sum)(const struct attend_listed *of, struct attend_matrix rows, int64_t width,
                              struct attend_matrix to, bool add);

/* to_j += tile[j][q] rows_q */
void KERNEL(attend_lists_spread)(const struct attend_listed *of, struct attend_matrix rows, int64_t width,
                                 struct attend_matrix to);

/* tile[j][q] = a_q . b_j, 0 behind the end of a list. */
void KERNEL(attend_lists_dot)(const struct attend_listed *of, struct attend_matrix a, int64_t width,
                              struct attend_matrix b);

#endif
