/* judge_match.c: matches: in what place the right one of all that the data have stands. What there is to be
 * found is known at the end, so the vectors of all rows are kept until then. */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/blas.h"

enum { BLOCK = 32, CHUNK = 4096 };

/* A row's vectors: [2, width]; what is asked first. */
struct lib_match {
  float *vector;
  int64_t *row; /* of the data */
  size_t vector_capacity, row_capacity;
  int64_t count, width;
};

/* What the rows hold, each once. */
struct found {
  int64_t *of_row; /* [rows] the number of what a row holds */
  int64_t *first;  /* [count] the first row that holds it */
  float *vector;   /* [count, width] */
  int64_t count;
};

struct ranking {
  const struct lib_match *match;
  const struct found *found;
  float *product;       /* [BLOCK, found] */
  int64_t begin, count; /* the rows at hand */
};

int lib_judge_match(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  struct rt_tensor t = vm_machine_output(judge->machine, o);
  if (!judge->match && !(judge->match = rt_zalloc(judge->module->output_count, sizeof *judge->match)))
    return rt_no_memory(error);
  struct lib_match *match = &judge->match[o];
  match->width = t.shape->size[1];
  size_t row = 2 * (size_t)match->width, count = (size_t)(match->count + batch.count);
  if (rt_grow((void **)&match->vector, &match->vector_capacity, count * row + 1, sizeof *match->vector)
      || rt_grow((void **)&match->row, &match->row_capacity, count, sizeof *match->row))
    return rt_no_memory(error);
  float *to = match->vector + (size_t)match->count * row;
  for (int64_t k = 0; k < t.shape->count; k++) to[k] = (float)lib_number_at(t.data, judge->feed.precision, k);
  memcpy(match->row + match->count, batch.row, (size_t)batch.count * sizeof *match->row);
  match->count += batch.count;
  judge->report[o].rows += (uint64_t)batch.count;
  return RT_OK;
}

void lib_judge_forget_matches(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->match && o < judge->module->output_count; o++) judge->match[o].count = 0;
}

void lib_judge_free_matches(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->match && o < judge->module->output_count; o++) {
    rt_free(judge->match[o].vector);
    rt_free(judge->match[o].row);
  }
  rt_free(judge->match);
}

/* Numbers what the rows hold, in the order of the rows. */
static int number_values(const struct lib_match *match, const struct io_values *v, struct found *found) {
  size_t places = 16;
  while (places < 2 * (size_t)match->count) places *= 2;
  int64_t *table = rt_zalloc(places, sizeof *table); /* number + 1, 0: empty */
  if (!table) return RT_NO_MEMORY;
  for (int64_t r = 0; r < match->count; r++) {
    size_t at = (size_t)lib_value_hash(v, match->row[r]) & (places - 1);
    while (table[at] && !lib_same_value(v, match->row[r], match->row[found->first[table[at] - 1]]))
      at = (at + 1) & (places - 1);
    if (!table[at]) {
      found->first[found->count] = r;
      table[at] = ++found->count;
    }
    found->of_row[r] = table[at] - 1;
  }
  rt_free(table);
  return RT_OK;
}

static void multiply(void *context, int64_t chunk, void *scratch) {
  const struct ranking *r = context;
  int64_t width = r->match->width, first = chunk * CHUNK, left = r->found->count - first;
  const struct rt_product_f32 all = {.tb = true,
                                     .m = r->count,
                                     .n = left < CHUNK ? left : CHUNK,
                                     .k = width,
                                     .a = r->match->vector + r->begin * 2 * width,
                                     .b = r->found->vector + first * width,
                                     .c = r->product + first,
                                     .lda = 2 * width,
                                     .ldb = width,
                                     .ldc = r->found->count};
  (void)scratch;
  rt_gemm_f32(&all);
}

/* What scores as much as the right one stands before it. */
static size_t place_of(const float *product, int64_t count, int64_t right) {
  size_t place = 1;
  for (int64_t k = 0; k < count; k++) place += k != right && product[k] >= product[right];
  return place;
}

/* The right one of row k of those at hand: its place, and whether it is one of the hardest. */
static int rank_row(struct lib_judge *judge, uint32_t o, const struct ranking *r, int64_t k,
                    struct rt_error *error) {
  const float *product = r->product + k * r->found->count;
  int64_t right = r->found->of_row[r->begin + k], best = 0;
  size_t place = place_of(product, r->found->count, right);
  for (int64_t n = 1; n < r->found->count && judge->hardest; n++)
    if (n != right && (best == right || product[n] > product[best])) best = n;
  lib_hardest_match(judge, o, r->match->row[r->begin + k], place, r->match->row[r->found->first[best]]);
  return rep_add_rank(&judge->report[o], place, error);
}

static int rank_rows(struct lib_judge *judge, uint32_t o, struct ranking *r, struct rt_error *error) {
  int status = RT_OK;
  for (r->begin = 0; r->begin < r->match->count && status == RT_OK; r->begin += BLOCK) {
    int64_t left = r->match->count - r->begin;
    r->count = left < BLOCK ? left : BLOCK;
    rt_parallel(judge->pool, (r->found->count + CHUNK - 1) / CHUNK, multiply, r);
    for (int64_t k = 0; k < r->count && status == RT_OK; k++) status = rank_row(judge, o, r, k, error);
  }
  return status;
}

static int rank_matches(struct lib_judge *judge, const struct io_dataset *data, uint32_t o,
                        struct rt_error *error) {
  const struct lib_match *match = &judge->match[o];
  const size_t rows = (size_t)match->count, width = (size_t)match->width;
  struct found found = {.of_row = rt_zalloc(rows, sizeof(int64_t)),
                        .first = rt_zalloc(rows, sizeof(int64_t))};
  struct ranking ranking = {.match = match, .found = &found};
  int status = found.of_row && found.first ? RT_OK : RT_NO_MEMORY;
  if (status == RT_OK)
    status = number_values(match, &data->values[judge->feed.column[judge->module->output[o].target]], &found);
  if (status == RT_OK) {
    found.vector = rt_zalloc((size_t)found.count * width + 1, sizeof *found.vector);
    ranking.product = rt_zalloc((size_t)found.count * BLOCK, sizeof *ranking.product);
    status = found.vector && ranking.product ? RT_OK : RT_NO_MEMORY;
  }
  for (int64_t k = 0; k < found.count && status == RT_OK; k++)
    memcpy(found.vector + (size_t)k * width, match->vector + (2 * (size_t)found.first[k] + 1) * width,
           width * sizeof *found.vector);
  if (status == RT_OK) status = rank_rows(judge, o, &ranking, error);
  if (status == RT_OK) judge->report[o].found = (uint64_t)found.count;
  rt_free(found.of_row);
  rt_free(found.first);
  rt_free(found.vector);
  rt_free(ranking.product);
  return status == RT_NO_MEMORY ? rt_no_memory(error) : status;
}

int lib_judge_rank_matches(struct lib_judge *judge, const struct io_dataset *data, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t o = 0; judge->match && o < judge->module->output_count && status == RT_OK; o++)
    if (judge->match[o].count) status = rank_matches(judge, data, o, error);
  return status;
}
