/* params_start.c: the values that parameters begin with, where no file has them. */
#include <math.h>

#include "libaq/model/params.h"
#include "runtime/random.h"
#include "runtime/threads.h"

/* FNV-1a. The numbers of a parameter depend on its name and the seed, not on the other parameters. */
static uint64_t name_seed(const char *name, uint64_t seed) {
  uint64_t h = 1469598103934665603u ^ seed * 0x9E3779B97F4A7C15u;
  for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
  return h;
}

/* The matrices of a parameter's heads in memory; a parameter without heads is one matrix. Element (r, c) of
 * head h is at r * (heads * columns) + h * columns + c. With more than two axes, the first is the rows, and
 * all others are the columns. */
struct matrices {
  int64_t heads, rows, columns;
};

static struct matrices matrices_of(const struct vm_init *init, const int64_t *shape, int rank,
                                   int64_t elements) {
  struct matrices m = {1, rank > 0 ? shape[0] : 1, 1};
  if (init->by_head && rank == 3) /* [rows, heads, columns] */
    m = (struct matrices){shape[1], shape[0], shape[2]};
  else if (m.rows > 0)
    m.columns = elements / m.rows;
  return m;
}

/* Fan in is the first axis, and fan out the product of all others, as in x @ W. So the matrices of several
 * heads, [in, H, out], which are one product, begin like one matrix. A vector for each head, [H, in], begins
 * like one vector. */
static void fans(const struct vm_init *init, const int64_t *shape, int rank, double *in, double *out) {
  int first = init->by_head && rank <= 2;
  *in = rank > first ? (double)shape[first] : 1;
  *out = 1;
  for (int a = first + 1; a < rank; a++) *out *= (double)shape[a];
}

/* Makes the m rows of a random matrix orthonormal (modified Gram-Schmidt). Saxe et al. 2014. */
static void make_orthogonal(double *q, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t k = 0; k < i; k++) {
      double dot = 0;
      for (int64_t c = 0; c < n; c++) dot += q[i * n + c] * q[k * n + c];
      for (int64_t c = 0; c < n; c++) q[i * n + c] -= dot * q[k * n + c];
    }
    double norm = 0;
    for (int64_t c = 0; c < n; c++) norm += q[i * n + c] * q[i * n + c];
    for (int64_t c = 0; c < n; c++) q[i * n + c] /= sqrt(norm > 0 ? norm : 1);
  }
}

static int fill_orthogonal(struct lib_params *params, uint32_t p, struct matrices w, double gain,
                           uint64_t key, struct rt_error *error) {
  bool tall = w.rows > w.columns;
  int64_t m = tall ? w.columns : w.rows, n = tall ? w.rows : w.columns;
  double *q = rt_zalloc((size_t)(m * n) + 1, sizeof *q);
  if (!q) return rt_no_memory(error);
  for (int64_t h = 0; h < w.heads; h++) {
    for (int64_t i = 0; i < m * n; i++) q[i] = rt_random_normal(key, (uint64_t)(h * m * n + i));
    make_orthogonal(q, m, n);
    for (int64_t r = 0; r < w.rows; r++)
      for (int64_t c = 0; c < w.columns; c++)
        lib_params_put(params, p, (r * w.heads + h) * w.columns + c,
                       gain * (tall ? q[c * n + r] : q[r * n + c]));
  }
  rt_free(q);
  return RT_OK;
}

/* ---- drawing ---- */

enum { PIECE = 4096 }; /* numbers of a task */

/* Numbers of a parameter that depend on where they are alone, so that each thread may fill some. */
struct drawing {
  struct lib_params *params;
  uint32_t p;
  const struct vm_init *init;
  struct matrices matrices;
  double scale;
  uint64_t key;
  int64_t numbers;
};

static double number_at(const struct drawing *d, int64_t i) {
  const struct vm_init *init = d->init;
  switch (init->kind) {
    case VM_INIT_NORMAL:
    case VM_INIT_HE: return d->scale * rt_random_normal(d->key, (uint64_t)i);
    case VM_INIT_UNIFORM: return init->a + (init->b - init->a) * rt_random_uniform(d->key, (uint64_t)i);
    case VM_INIT_GLOROT: return d->scale * (2 * rt_random_uniform(d->key, (uint64_t)i) - 1);
    case VM_INIT_EYE:
      return i / (d->matrices.heads * d->matrices.columns) == i % d->matrices.columns ? init->a : 0;
    default: return init->a;
  }
}

static void draw_piece(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct drawing *d = context;
  const int64_t end = (task + 1) * PIECE < d->numbers ? (task + 1) * PIECE : d->numbers;
  for (int64_t i = task * PIECE; i < end; i++) lib_params_put(d->params, d->p, i, number_at(d, i));
}

int lib_params_start(struct lib_params *params, const struct lib_beginning *how, uint32_t p,
                     const struct vm_init *init, struct rt_error *error) {
  const struct vm_param *param = &how->module->param[p];
  int64_t shape[RT_MAX_RANK], n = lib_param_elements(how->module, p, shape, error);
  if (n < 0) return error->code;
  double in, out;
  fans(init, shape, param->type.rank, &in, &out);
  struct drawing d = {params,  p,
                      init,    matrices_of(init, shape, param->type.rank, n),
                      init->a, name_seed(param->name, how->seed),
                      n};
  if (init->kind == VM_INIT_ORTHOGONAL) return fill_orthogonal(params, p, d.matrices, init->a, d.key, error);
  if (init->kind == VM_INIT_GLOROT) d.scale = init->a * sqrt(6 / (in + out));
  if (init->kind == VM_INIT_HE) d.scale = init->a * sqrt(2 / (in > 0 ? in : 1));
  const int64_t pieces = (n + PIECE - 1) / PIECE;
  if (how->pool) rt_parallel(how->pool, pieces, draw_piece, &d);
  for (int64_t i = 0; !how->pool && i < pieces; i++) draw_piece(&d, i, NULL);
  return RT_OK;
}

int lib_params_begin(struct lib_params *params, const struct lib_beginning *how, uint32_t p,
                     struct rt_error *error) {
  bool matrix = how->module->param[p].type.rank >= 2;
  struct vm_init usual = {.kind = matrix ? VM_INIT_GLOROT : VM_INIT_CONSTANT, .a = matrix};
  return lib_params_start(params, how, p, &usual, error);
}
