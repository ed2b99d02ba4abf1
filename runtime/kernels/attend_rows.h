/* attend_rows.h: heads with row values (runtime/attend_plan.h). The raw scores of a block of queries against
 * all the keys that it sees are made once and kept. Row values, weights and gradients are computed from them
 * strip by strip, each time anew: what the programs give is not stored. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_ROWS_H
#define AQ_RUNTIME_KERNELS_ATTEND_ROWS_H

#include "runtime/kernels/attend_tile.h"

/* A block of queries. Its keys stand in pieces, one behind the other: the blocks of keys of which the mask
 * lets some through. Only the last may have fewer than ATTEND_KEYS keys, so piece p begins at number p *
 * ATTEND_KEYS * fast of each array [keys][fast]. */
struct attend_queried {
  struct attend_block block; /* the queries */
  struct attend_piece *piece;
  int64_t pieces, keys;            /* keys: of all pieces */
  struct lane_registers registers; /* of the row at hand */
  real *score, *mask, *dw; /* [keys][fast]; mask: only within pieces that are LANE_MIXED; dw: backwards */
  real
      *given; /* [keys][fast]: what the program of a row gives, where its reduction needs all of it at once */
  real value[ATTEND_MAX_ROWS][ATTEND_QUERIES];
  real seen[ATTEND_QUERIES]; /* how many keys each query sees */
};

/* The block of queries that begins at first: its pieces, their scores and masks. */
void KERNEL(attend_queried_init)(const struct attend_head *head, struct attend_space *space, int64_t first,
                                 struct attend_queried *rows);

/* Computes row values first..end-1. kept: the row attend_kept_row as the forward pass left it, a number for
 * each query, which is then not computed again; or NULL. */
void KERNEL(attend_row_values)(const struct attend_head *head, struct attend_space *space, int first, int end,
                               const struct attend_view *kept, struct attend_queried *rows);

/* Are row values 0..end-1 finite? */
static inline bool attend_values_finite(const struct attend_queried *rows, int end) {
  bool finite = true;
  for (int k = 0; k < end; k++)
    for (int64_t q = 0; q < rows->block.queries; q++) finite &= rows->value[k][q] * 0 == 0;
  return finite;
}

/* The tile and the inputs of a program for a strip of a piece. */
void KERNEL(attend_row_inputs)(const struct attend_head *head, const struct lane_program *program,
                               const struct attend_queried *rows, const struct attend_block *strip,
                               struct lane_tile *tile);

/* Piece number p. */
static inline struct attend_block attend_piece_block(const struct attend_queried *rows, int64_t p) {
  struct attend_block block = rows->block;
  block.first_key = rows->piece[p].first_key;
  block.keys = rows->piece[p].keys;
  block.seen = rows->piece[p].seen;
  block.at = p * ATTEND_KEYS * block.fast;
  return block;
}

static inline int attend_forward_rows(const struct attend_plan *plan) {
  int count = 0;
  while (count < plan->row_count && !plan->row[count].backward) count++;
  return count;
}

/* The first threshold of the forward pass, or -1. A threshold costs more than all else, so the forward pass
 * leaves it where a softmax leaves lse. */
static inline int attend_kept_row(const struct attend_plan *plan) {
  for (int k = 0; k < attend_forward_rows(plan); k++)
    if (plan->row[k].reduce == ATTEND_ENTMAX || plan->row[k].reduce == ATTEND_KTH) return k;
  return -1;
}

#endif
