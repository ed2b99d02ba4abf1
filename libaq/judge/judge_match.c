/* judge_match.c: matches: in what place the right one of all that the data have stands. What there is to be
 * found is known at the end, so the vectors are kept until then. */
#include <string.h>

#include "libaq/judge/judge.h"
#include "runtime/blas.h"
#include "runtime/io/vocab.h"

enum { BLOCK = 32, CHUNK = 4096 };

/* What is kept of all rows. What they hold to be found is kept once, however many hold it. */
struct lib_match {
  float *vector;   /* [count, width] what is asked with */
  int64_t *of_row; /* [count] the number of what the row holds */
  int64_t *number; /* [count] of the row in all data */
  int64_t *line;   /* [count] */
  float *found;    /* [values.count, width] */
  int64_t *first;  /* [values.count] the first row that holds it */
  size_t vector_capacity, of_capacity, number_capacity, line_capacity, found_capacity, first_capacity;
  struct io_intern values;
  struct lib_row_texts texts; /* for the hardest rows; else none */
  int64_t count, width;
};

struct ranking {
  const struct lib_match *match;
  float *product;       /* [BLOCK, found] */
  int64_t begin, count; /* the rows at hand */
};

static int make_room(struct lib_match *m, int64_t rows) {
  size_t count = (size_t)(m->count + rows), width = (size_t)m->width,
         found = (size_t)m->values.count + (size_t)rows;
  return rt_grow((void **)&m->vector, &m->vector_capacity, count * width + 1, sizeof *m->vector)
                 || rt_grow((void **)&m->of_row, &m->of_capacity, count, sizeof *m->of_row)
                 || rt_grow((void **)&m->number, &m->number_capacity, count, sizeof *m->number)
                 || rt_grow((void **)&m->line, &m->line_capacity, count, sizeof *m->line)
                 || rt_grow((void **)&m->found, &m->found_capacity, found * width + 1, sizeof *m->found)
                 || rt_grow((void **)&m->first, &m->first_capacity, found, sizeof *m->first)
             ? RT_NO_MEMORY
             : RT_OK;
}

/* Keeps a row; vector: [2, width] what is asked first. */
static int keep_row(struct lib_match *m, const struct io_values *v, int64_t row, const float *vector,
                    struct rt_error *error) {
  const size_t width = (size_t)m->width;
  size_t length;
  int32_t value, before = m->values.count;
  const unsigned char *bytes = lib_value_bytes(v, row, &length);
  int status = io_intern_add(&m->values, (const char *)bytes, length, &value, error);
  if (status != RT_OK) return status;
  memcpy(m->vector + (size_t)m->count * width, vector, width * sizeof *vector);
  if (value == before) {
    memcpy(m->found + (size_t)value * width, vector + width, width * sizeof *vector);
    m->first[value] = m->count;
  }
  m->of_row[m->count] = value;
  return RT_OK;
}

int lib_judge_match(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  struct rt_tensor t = vm_machine_output(judge->machine, o);
  const struct io_values *v = &batch.data->values[judge->feed.column[judge->module->output[o].target]];
  if (!judge->match && !(judge->match = rt_zalloc(judge->module->output_count, sizeof *judge->match)))
    return rt_no_memory(error);
  struct lib_match *m = &judge->match[o];
  m->width = t.shape->size[1];
  if (rt_grow((void **)&judge->pair, &judge->pair_capacity, 2 * (size_t)m->width + 1, sizeof *judge->pair)
      || make_room(m, batch.count) != RT_OK)
    return rt_no_memory(error);
  for (int64_t r = 0; r < batch.count; r++) {
    for (int64_t k = 0; k < 2 * m->width; k++)
      judge->pair[k] = (float)lib_number_at(t.data, judge->feed.precision, 2 * r * m->width + k);
    int status = keep_row(m, v, batch.row[r], judge->pair, error);
    if (status != RT_OK) return status;
    m->number[m->count] = judge->number[r];
    m->line[m->count] = batch.data->lines[batch.row[r]];
    if (judge->hardest && lib_row_texts_add(&m->texts, batch.data, batch.row[r]) != RT_OK)
      return rt_no_memory(error);
    m->count++;
  }
  judge->report[o].rows += (uint64_t)batch.count;
  return RT_OK;
}

void lib_judge_forget_matches(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->match && o < judge->module->output_count; o++) {
    judge->match[o].count = 0;
    io_intern_free(&judge->match[o].values);
    lib_row_texts_clear(&judge->match[o].texts);
  }
}

void lib_judge_free_matches(struct lib_judge *judge) {
  for (uint32_t o = 0; judge->match && o < judge->module->output_count; o++) {
    struct lib_match *m = &judge->match[o];
    void *const block[] = {m->vector, m->of_row, m->number, m->line, m->found, m->first};
    for (size_t k = 0; k < RT_COUNT(block); k++) rt_free(block[k]);
    io_intern_free(&m->values);
    lib_row_texts_free(&m->texts);
  }
  rt_free(judge->match);
  rt_free(judge->pair);
}

static void multiply(void *context, int64_t chunk, void *scratch) {
  const struct ranking *r = context;
  const struct lib_match *m = r->match;
  int64_t width = m->width, first = chunk * CHUNK, left = m->values.count - first;
  const struct rt_product_f32 all = {.tb = true,
                                     .m = r->count,
                                     .n = left < CHUNK ? left : CHUNK,
                                     .k = width,
                                     .a = m->vector + r->begin * width,
                                     .b = m->found + first * width,
                                     .c = r->product + first,
                                     .lda = width,
                                     .ldb = width,
                                     .ldc = m->values.count};
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
  const struct lib_match *m = r->match;
  const float *product = r->product + k * m->values.count;
  int64_t row = r->begin + k, right = m->of_row[row], best = 0;
  size_t place = place_of(product, m->values.count, right);
  for (int64_t n = 1; n < m->values.count && judge->hardest; n++)
    if (n != right && (best == right || product[n] > product[best])) best = n;
  if (judge->hardest)
    lib_hardest_match(
        judge, o,
        &(struct lib_hard_match){m->number[row], m->line[row], place, &m->texts, row, m->first[best]});
  return rep_add_rank(&judge->report[o], place, error);
}

static int rank_rows(struct lib_judge *judge, uint32_t o, struct ranking *r, struct rt_error *error) {
  const int64_t rows = r->match->count, found = r->match->values.count;
  int status = RT_OK;
  for (r->begin = 0; r->begin < rows && status == RT_OK; r->begin += BLOCK) {
    r->count = rows - r->begin < BLOCK ? rows - r->begin : BLOCK;
    rt_parallel(judge->pool, (found + CHUNK - 1) / CHUNK, multiply, r);
    for (int64_t k = 0; k < r->count && status == RT_OK; k++) status = rank_row(judge, o, r, k, error);
  }
  if (status == RT_OK && judge->hardest && judge->hardest[o].failed) status = rt_no_memory(error);
  return status;
}

static int rank_matches(struct lib_judge *judge, uint32_t o, struct rt_error *error) {
  const struct lib_match *match = &judge->match[o];
  struct ranking ranking = {.match = match};
  ranking.product = rt_zalloc((size_t)match->values.count * BLOCK, sizeof *ranking.product);
  int status = ranking.product ? rank_rows(judge, o, &ranking, error) : rt_no_memory(error);
  if (status == RT_OK) judge->report[o].found = (uint64_t)match->values.count;
  rt_free(ranking.product);
  return status;
}

int lib_judge_rank_matches(struct lib_judge *judge, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t o = 0; judge->match && o < judge->module->output_count && status == RT_OK; o++)
    if (judge->match[o].count) status = rank_matches(judge, o, error);
  if (status == RT_OK) lib_judge_forget_matches(judge);
  return status;
}
