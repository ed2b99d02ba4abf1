/* search_vectors.c: the vectors of an index with the largest products with queries. All products are
 * computed, a block of queries with a chunk of the index at a time: each is one matrix product, and gives the
 * best of its chunk. The best of all chunks are put together afterwards. Blocks and chunks do not depend on
 * threads. */
#include "libaq/vectors/vectors.h"
#include "runtime/blas.h"
#include "runtime/limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096, BLOCK = 32, KEPT = 1 << 22 }; /* KEPT: hits of a block, at most */

struct hit {
  size_t row;
  double score;
};

struct search {
  const struct aq_vectors *index, *queries;
  const aq_search_options *options;
  const double *index_scale, *query_scale; /* 1 / length, or 0; NULL: products as they are */
  int64_t top, chunk_top, chunks, block;
  int64_t first, count; /* the block at hand */
  struct hit *hit;      /* [block, chunks, chunk_top] */
  struct hit *best;     /* [chunks * chunk_top] of one query */
  size_t *row;          /* [top] of the best, and their scores, as the host is told them */
  double *score;
};

static bool before(struct hit a, struct hit b) {
  return a.score > b.score || (a.score == b.score && a.row < b.row);
}

/* heap[0] is the last of the best; what is worse than it has no place. */
static void sink(struct hit *heap, int64_t count, int64_t at) {
  for (int64_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && before(heap[child], heap[child + 1])) child++;
    if (!before(heap[at], heap[child])) return;
    struct hit other = heap[at];
    heap[at] = heap[child];
    heap[child] = other;
  }
}

/* That of float may be too large for float where that of the directions is not. */
static double product_of(const struct search *s, int64_t query, int64_t row) {
  const int64_t width = s->index->width;
  const float *a = s->queries->number + query * width, *b = s->index->number + row * width;
  double sum = 0;
  for (int64_t k = 0; k < width; k++) sum += (double)a[k] * (double)b[k];
  return sum;
}

/* Finds the best of a row of products, in no order. */
static void select_best(const struct search *s, int64_t query, int64_t first, const float *product,
                        int64_t count, struct hit *heap) {
  int64_t full = s->chunk_top < count ? s->chunk_top : count;
  for (int64_t k = 0; k < count; k++) {
    double score = (double)product[k];
    if (!isfinite(score) && s->index_scale) score = product_of(s, query, first + k);
    /* What is no number comes first, so that it is seen. */
    if (!isfinite(score))
      score = INFINITY;
    else if (s->index_scale)
      score *= s->index_scale[first + k] * s->query_scale[query];
    struct hit hit = {(size_t)(first + k), score};
    if (k < full) {
      heap[k] = hit;
      if (k + 1 == full)
        for (int64_t at = full / 2; at-- > 0;) sink(heap, full, at);
    } else if (before(hit, heap[0])) {
      heap[0] = hit;
      sink(heap, full, 0);
    }
  }
}

static int64_t chunk_size(const struct search *s, int64_t chunk) {
  int64_t left = s->index->count - chunk * CHUNK;
  return left < CHUNK ? left : CHUNK;
}

static void search_chunk(void *context, int64_t chunk, void *scratch) {
  const struct search *s = context;
  int64_t width = s->index->width, count = chunk_size(s, chunk);
  float *product = scratch; /* [s->count, count] */
  const struct rt_product_f32 all = {.tb = true,
                                     .m = s->count,
                                     .n = count,
                                     .k = width,
                                     .a = s->queries->number + s->first * width,
                                     .b = s->index->number + chunk * CHUNK * width,
                                     .c = product,
                                     .lda = width,
                                     .ldb = width,
                                     .ldc = count};
  rt_gemm_f32(&all);
  for (int64_t q = 0; q < s->count; q++)
    select_best(s, s->first + q, chunk * CHUNK, product + q * count, count,
                s->hit + (q * s->chunks + chunk) * s->chunk_top);
}

static int compare(const void *a, const void *b) {
  const struct hit *x = a, *y = b;
  return before(*x, *y) ? -1 : before(*y, *x);
}

/* Puts the chunks of a query together, and tells of the best. */
static int tell(struct search *s, int64_t q, struct rt_error *error) {
  int64_t count = 0;
  for (int64_t chunk = 0; chunk < s->chunks; chunk++) {
    int64_t size = chunk_size(s, chunk), full = s->chunk_top < size ? s->chunk_top : size;
    memcpy(s->best + count, s->hit + (q * s->chunks + chunk) * s->chunk_top, (size_t)full * sizeof *s->best);
    count += full;
  }
  qsort(s->best, (size_t)count, sizeof *s->best, compare);
  if (count > s->top) count = s->top;
  if (count && !isfinite(s->best[0].score))
    return rt_fail(error, RT_NOT_FINITE, "the product of query %lld and vector %zu is too large for float",
                   (long long)(s->first + q + 1), s->best[0].row + 1);
  for (int64_t k = 0; k < count; k++) s->row[k] = s->best[k].row;
  for (int64_t k = 0; k < count; k++) s->score[k] = s->best[k].score;
  return s->options->found(s->options->context, (size_t)(s->first + q), s->row, s->score, (size_t)count)
             ? rt_fail(error, RT_IO, "what was found cannot be written")
             : RT_OK;
}

static int search_all(struct search *s, struct rt_pool *pool, struct rt_error *error) {
  for (s->first = 0; s->first < s->queries->count; s->first += s->block) {
    int64_t left = s->queries->count - s->first;
    s->count = left < s->block ? left : s->block;
    int status = rt_go_on(s->count * s->index->count, error);
    if (status != RT_OK) return status;
    rt_parallel(pool, s->chunks, search_chunk, s);
    for (int64_t q = 0; q < s->count; q++) {
      status = tell(s, q, error);
      if (status != RT_OK) return status;
    }
  }
  return RT_OK;
}

/* 1 / length of each vector; 0 for zeros. */
static double *scales(const struct aq_vectors *v) {
  double *scale = rt_alloc((size_t)v->count * sizeof *scale + 1);
  for (int64_t r = 0; scale && r < v->count; r++) {
    double sum = 0;
    for (int64_t k = 0; k < v->width; k++) {
      double x = (double)v->number[r * v->width + k];
      sum += x * x;
    }
    scale[r] = sum > 0 ? 1 / sqrt(sum) : 0;
  }
  return scale;
}

static int check(const struct aq_vectors *index, const struct aq_vectors *queries, const aq_search_options *o,
                 struct rt_error *error) {
  if (!queries || !o->found) return rt_fail(error, RT_USAGE, "there are no queries, or nobody to be told");
  if (o->top < 1) return rt_fail(error, RT_USAGE, "top is how many to find, not %lld", (long long)o->top);
  if (index->count == 0 || queries->count == 0) return rt_fail(error, RT_USAGE, "there are no vectors");
  if (index->width == queries->width) return RT_OK;
  rt_fail(error, RT_USAGE, "the vectors of the index have %lld numbers, and those of the queries %lld",
          (long long)index->width, (long long)queries->width);
  rt_hint(error, "both come from one model, as the same vector or two that are trained to meet");
  return error->code;
}

static int search(struct search *s, struct rt_error *error) {
  const aq_search_options *o = s->options;
  s->top = o->top < s->index->count ? o->top : s->index->count;
  s->chunk_top = s->top < CHUNK ? s->top : CHUNK;
  s->chunks = (s->index->count + CHUNK - 1) / CHUNK;
  s->block = KEPT / (s->chunks * s->chunk_top);
  s->block = s->block < 1 ? 1 : s->block > BLOCK ? BLOCK : s->block;
  size_t each = (size_t)(s->chunks * s->chunk_top);
  s->hit = rt_zalloc((size_t)s->block * each, sizeof *s->hit);
  s->best = rt_zalloc(each, sizeof *s->best);
  s->row = rt_zalloc((size_t)s->top, sizeof *s->row);
  s->score = rt_zalloc((size_t)s->top, sizeof *s->score);
  double *index_scale = o->cosine ? scales(s->index) : NULL,
         *query_scale = o->cosine ? scales(s->queries) : NULL;
  s->index_scale = index_scale;
  s->query_scale = query_scale;
  bool good = s->hit && s->best && s->row && s->score && (!o->cosine || (index_scale && query_scale));
  int status = good ? RT_OK : rt_no_memory(error);
  struct rt_pool *pool = status == RT_OK ? lib_pool(o->threads, o->pool, error) : NULL;
  if (!pool) status = error->code;
  if (status == RT_OK) status = rt_pool_reserve(pool, sizeof(float) * BLOCK * CHUNK, error);
  if (status == RT_OK) status = search_all(s, pool, error);
  rt_pool_free(pool);
  rt_free(index_scale);
  rt_free(query_scale);
  rt_free(s->hit);
  rt_free(s->best);
  rt_free(s->row);
  rt_free(s->score);
  return status;
}

int aq_vectors_search(aq_vectors *index, const aq_vectors *queries, const aq_search_options *options) {
  if (!index) return AQ_USAGE;
  struct rt_error *error = lib_begin(&index->message);
  aq_search_options own;
  if (lib_take_options(LIB_SEARCH_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  struct search s = {.index = index, .queries = queries, .options = &own};
  int status = check(index, queries, &own, error);
  if (status != RT_OK) return status;
  struct aq_vectors *asked = (struct aq_vectors *)(uintptr_t)queries; /* whose numbers stay as they are */
  vectors_keep(index);
  vectors_keep(asked);
  status = search(&s, error);
  vectors_leave(asked);
  vectors_leave(index);
  return status;
}
