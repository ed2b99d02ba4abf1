/* attend_lists.c: lists of the keys that count, and products over them. */
#include "runtime/kernels/attend_lists.h"
#include "runtime/kernels/side_by_side.h"

#include <string.h>

enum { LISTS_PART = 5 }; /* of the keys, for which there is room */

/* ---- lists ---- */

void KERNEL(attend_lists_begin)(const struct attend_queried *all, struct attend_lists *lists) {
  const int64_t room = all->keys / LISTS_PART * all->block.fast;
  lists->rows = *all;
  lists->rows.score = all->given;
  lists->rows.mask = lists->rows.score + room;
  lists->rows.dw = lists->rows.mask + room;
  lists->key = (int32_t *)(lists->rows.dw + room);
  lists->rows.piece = (struct attend_piece *)(lists->rows.dw + 2 * room);
  lists->rows.given = NULL;
  lists->rows.registers.warm = false;
  lists->room = room;
  for (int q = 0; q < ATTEND_QUERIES; q++) lists->end[q] = q;
}

bool KERNEL(attend_lists_add)(const struct attend_block *strip, const real *verdict, bool dead,
                              const struct attend_queried *all, struct attend_lists *lists) {
  const int64_t fast = strip->fast, queries = strip->queries;
  const uint64_t whole = queries == 64 ? ~(uint64_t)0 : ((uint64_t)1 << queries) - 1;
  const real *score = all->score + strip->at;
  real half[ATTEND_QUERIES];
  for (int q = 0; q < ATTEND_QUERIES; q++) half[q] = (real)0.5;
  for (int64_t j = 0; j < strip->keys; j++, score += fast, verdict += fast) {
    uint64_t left = side_at_least(verdict, half, queries);
    for (left = (dead ? ~left : left) & whole; left; left &= left - 1) {
      const int q = __builtin_ctzll(left);
      const int64_t at = lists->end[q];
      if (at >= lists->room) return false;
      lists->rows.score[at] = score[q];
      lists->key[at] = (int32_t)(strip->first_key + j);
      lists->end[q] = at + fast;
    }
  }
  return true;
}

void KERNEL(attend_lists_end)(const struct attend_queried *all, struct attend_lists *lists) {
  struct attend_queried *rows = &lists->rows;
  const int64_t fast = all->block.fast;
  int64_t most = 0;
  for (int64_t q = 0; q < all->block.queries; q++)
    if (lists->end[q] - q > most) most = lists->end[q] - q;
  for (int64_t q = 0; q < fast; q++) {
    for (int64_t at = q; at < most; at += fast) rows->mask[at] = at < lists->end[q];
    for (int64_t at = lists->end[q]; at < most; at += fast) rows->score[at] = 0;
  }
  rows->keys = most / fast;
  rows->pieces = 0;
  for (int64_t c = 0; c < rows->keys; c += ATTEND_KEYS) {
    const int64_t left = rows->keys - c;
    rows->piece[rows->pieces++] =
        (struct attend_piece){c, left < ATTEND_KEYS ? left : ATTEND_KEYS, LANE_MIXED};
  }
}

/* ---- products ---- */

typedef real lists_vector __attribute__((vector_size(RT_VECTOR_BYTES)));

#define LISTS_EACH(v, vectors) _Pragma("GCC unroll 8") for (int v = 0; v < (vectors); v++)

/* For each place of q's list up to `stop`: its number `at` in the lists, and `c` in the tile. */
#define LISTS_ALONG(at, c, of, q, stop)                                                                      \
  for (int64_t at = (of)->block.at + (q), c = (q); at < (stop); at += (of)->block.fast, c += (of)->block.fast)

static inline lists_vector lists_load(const real *from) {
  lists_vector v;
  memcpy(&v, from, sizeof v);
  return v;
}

/* Does `part` for every query of the piece and 8 vectors of each row at a time, 4 or 1 where fewer are left.
 */
#define LISTS_PARTS(part, of, width, ...)                                                                    \
  for (int64_t q = 0; q < (of)->block.queries; q++) {                                                        \
    const int64_t first = (of)->block.at + q, last = (of)->lists->end[q];                                    \
    const int64_t end = first + (of)->block.keys * (of)->block.fast;                                         \
    const int64_t stop = last < end ? last : end;                                                            \
    int64_t f = 0;                                                                                           \
    for (; f + 8 * RT_VECTOR <= (width); f += 8 * RT_VECTOR) part(8, of, q, f, stop, __VA_ARGS__);           \
    for (; f + 4 * RT_VECTOR <= (width); f += 4 * RT_VECTOR) part(4, of, q, f, stop, __VA_ARGS__);           \
    for (; f < (width); f += RT_VECTOR) part(1, of, q, f, stop, __VA_ARGS__);                                \
  }

#define LISTS_SUM(vectors, of, q, f, stop, rows, to, add)                                                    \
  do {                                                                                                       \
    lists_vector sum[8];                                                                                     \
    real *into = (to).data + (q) * (to).row + (f);                                                           \
    LISTS_EACH(v, vectors) sum[v] = (add) ? lists_load(into + v * RT_VECTOR) : (lists_vector){0};            \
    LISTS_ALONG(at, c, of, q, stop) {                                                                        \
      const real *row = (rows).data + (of)->lists->key[at] * (rows).row + (f), by = (of)->tile[c];           \
      LISTS_EACH(v, vectors) sum[v] += by * lists_load(row + v * RT_VECTOR);                                 \
    }                                                                                                        \
    LISTS_EACH(v, vectors) memcpy(into + v * RT_VECTOR, &sum[v], sizeof sum[v]);                             \
  } while (0)

void KERNEL(attend_lists_sum)(const struct attend_listed *of, struct attend_matrix rows, int64_t width,
                              struct attend_matrix to, bool add) {
  LISTS_PARTS(LISTS_SUM, of, width, rows, to, add)
}

#define LISTS_SPREAD(vectors, of, q, f, stop, rows, to)                                                      \
  do {                                                                                                       \
    lists_vector row[8];                                                                                     \
    LISTS_EACH(v, vectors) row[v] = lists_load((rows).data + (q) * (rows).row + (f) + v * RT_VECTOR);        \
    LISTS_ALONG(at, c, of, q, stop) {                                                                        \
      real *into = (to).data + (of)->lists->key[at] * (to).row + (f);                                        \
      const real by = (of)->tile[c];                                                                         \
      LISTS_EACH(v, vectors) {                                                                               \
        const lists_vector sum = lists_load(into + v * RT_VECTOR) + by * row[v];                             \
        memcpy(into + v * RT_VECTOR, &sum, sizeof sum);                                                      \
      }                                                                                                      \
    }                                                                                                        \
  } while (0)

void KERNEL(attend_lists_spread)(const struct attend_listed *of, struct attend_matrix rows, int64_t width,
                                 struct attend_matrix to) {
  LISTS_PARTS(LISTS_SPREAD, of, width, rows, to)
}

static inline real lists_total(lists_vector v) {
  real lane[RT_VECTOR];
  memcpy(lane, &v, sizeof lane);
  for (int half = RT_VECTOR / 2; half > 0; half /= 2)
    for (int k = 0; k < half; k++) lane[k] += lane[k + half];
  return lane[0];
}

#define LISTS_DOT(vectors, of, q, f, stop, a, b)                                                             \
  do {                                                                                                       \
    lists_vector row[8];                                                                                     \
    LISTS_EACH(v, vectors) row[v] = lists_load((a).data + (q) * (a).row + (f) + v * RT_VECTOR);              \
    LISTS_ALONG(at, c, of, q, stop) {                                                                        \
      const real *other = (b).data + (of)->lists->key[at] * (b).row + (f);                                   \
      lists_vector sum[2] = {{0}, {0}};                                                                      \
      LISTS_EACH(v, vectors) sum[v % 2] += row[v] * lists_load(other + v * RT_VECTOR);                       \
      (of)->tile[c] += lists_total(sum[0] + sum[1]);                                                         \
    }                                                                                                        \
  } while (0)

void KERNEL(attend_lists_dot)(const struct attend_listed *of, struct attend_matrix a, int64_t width,
                              struct attend_matrix b) {
  memset(of->tile, 0, (size_t)(of->block.keys * of->block.fast) * sizeof(real));
  LISTS_PARTS(LISTS_DOT, of, width, a, b)
}
