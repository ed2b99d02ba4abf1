/* test_products.c: project and its gradients, and matmul, against plain loops in double, on random ragged
 * shapes. */
#include "tests/unit/ragged.h"
#include "runtime/blas.h"

enum { TRIALS = 50 };

/* x: [*r,k] or [*r,g,k], w: [k,*n] or [k,g,*n], y: [*r,*n] or [*r,g,*n]. */
struct projection {
  struct batch b;
  struct value x, w, y;
  int64_t group, rows, groups, k, n;
};

static void projection_init(struct projection *p, int trial) {
  static const int sizes[] = {0, 1, 2, 7, 16, 33, 64, 70, 100, 4, 12};
  int k = sizes[below(RT_COUNT(sizes))], g = 1 + (int)below(3), axes[8], weight[4], rank = (int)below(3),
      wide = (int)below(3);
  bool batched = below(5);
  p->b = random_batch(trial % 8 == 0 ? 150 : 20);
  p->group = below(2);
  for (int a = 0; a < rank; a++)
    axes[a] = a == 0 && batched && below(3) ? (below(2) ? RAGGED : OTHER) : 1 + (int)below(4);
  int end = rank;
  if (p->group) axes[end++] = g;
  axes[end] = k;
  value_init(&p->x, &p->b, batched, end + 1, axes);
  int wr = 0;
  weight[wr++] = k;
  if (p->group) weight[wr++] = g;
  for (int a = 0; a < wide; a++) weight[wr++] = axes[end++] = a ? 3 : sizes[below(RT_COUNT(sizes))];
  value_init(&p->w, &p->b, false, wr, weight);
  value_init(&p->y, &p->b, batched, end, axes);
  p->groups = p->group ? g : 1;
  p->k = k;
  p->n = rt_extent(&p->w.shape, wr - wide, wr, 0);
  p->rows = k ? p->x.shape.count / k / p->groups : p->n ? p->y.shape.count / p->n / p->groups : 0;
}

static void projection_free(struct projection *p) {
  value_free(&p->x);
  value_free(&p->w);
  value_free(&p->y);
}

/* Computes one of the three from the other two: y = x w, x = y w, w = x y, with the sums that the shapes ask
 * for. */
static void multiply_into(struct projection *p, double *to) {
  double *x = p->x.number, *w = p->w.number, *y = p->y.number;
  memset(to, 0,
         (size_t)(to == x   ? p->x.shape.count
                  : to == w ? p->w.shape.count
                            : p->y.shape.count)
             * sizeof *to);
  for (int64_t r = 0; r < p->rows; r++)
    for (int64_t g = 0; g < p->groups; g++)
      for (int64_t k = 0; k < p->k; k++)
        for (int64_t n = 0; n < p->n; n++) {
          double *at_x = &x[(r * p->groups + g) * p->k + k], *at_w = &w[(k * p->groups + g) * p->n + n];
          double *at_y = &y[(r * p->groups + g) * p->n + n];
          if (to == y)
            *at_y += *at_x * *at_w;
          else if (to == x)
            *at_x += *at_y * *at_w;
          else
            *at_w += *at_x * *at_y;
        }
}

static void projections_multiply(void **state) {
  (void)state;
  for (int trial = 0; trial < 2 * TRIALS; trial++) {
    struct projection p;
    projection_init(&p, trial);
    struct rt_call call = {.attr = &p.group, .examples = p.b.examples};
    value_random(&p.x);
    value_random(&p.w);
    multiply_into(&p, p.y.number);
    check(OP_project, &call, 2, (struct value *[]){&p.x, &p.w}, &p.y, 2e-5);
    value_random(&p.y);
    multiply_into(&p, p.x.number);
    check(OP_project_back, &call, 2, (struct value *[]){&p.y, &p.w}, &p.x, 2e-5);
    value_random(&p.x);
    multiply_into(&p, p.w.number);
    check(OP_project_grad, &call, 2, (struct value *[]){&p.x, &p.y}, &p.w, 5e-5);
    projection_free(&p);
  }
}

/* Large enough for every way of cutting tiles, with edges that are no multiple of anything. */
static void large_projections_multiply(void **state) {
  (void)state;
  static const int sizes[][3] = {{611, 67, 65},   {300, 130, 700},  {90, 600, 300},   {1100, 40, 20},
                                 {450, 401, 800}, {200, 193, 2600}, {1500, 256, 300}, {4, 300, 129},
                                 {13, 256, 250},  {15, 201, 300},   {28, 193, 1000},  {47, 17, 33},
                                 {101, 390, 39},  {40, 3000, 64},   {1, 70, 150},     {2, 64, 200},
                                 {31, 100, 33},   {260, 775, 61}}; /* rows, k, n */
  for (size_t i = 0; i < RT_COUNT(sizes); i++) {
    struct projection p = {
        .b = {.examples = 1}, .rows = sizes[i][0], .groups = 1, .k = sizes[i][1], .n = sizes[i][2]};
    int x[] = {sizes[i][0], sizes[i][1]}, w[] = {sizes[i][1], sizes[i][2]}, y[] = {sizes[i][0], sizes[i][2]};
    value_init(&p.x, &p.b, true, 2, x);
    value_init(&p.w, &p.b, false, 2, w);
    value_init(&p.y, &p.b, true, 2, y);
    struct rt_call call = {.attr = &p.group, .examples = 1};
    value_random(&p.x);
    value_random(&p.w);
    multiply_into(&p, p.y.number);
    check(OP_project, &call, 2, (struct value *[]){&p.x, &p.w}, &p.y, 5e-5);
    value_random(&p.y);
    multiply_into(&p, p.x.number);
    check(OP_project_back, &call, 2, (struct value *[]){&p.y, &p.w}, &p.x, 5e-5);
    value_random(&p.x);
    multiply_into(&p, p.w.number);
    check(OP_project_grad, &call, 2, (struct value *[]){&p.x, &p.y}, &p.w, 2e-4);
    projection_free(&p);
  }
}

static int axis_of(bool batched) { return batched && below(2) ? (below(2) ? RAGGED : OTHER) : (int)below(9); }

static void matmul_multiplies(void **state) {
  (void)state;
  for (int trial = 0; trial < 4 * TRIALS; trial++) {
    struct batch b = random_batch(trial % 8 == 0 ? 150 : 20);
    struct value a, c, y, *in[] = {&a, &c};
    int64_t attr[] = {below(2), below(2)};
    bool a_batched = below(3), b_batched = below(3), batched = a_batched || b_batched;
    bool all = a_batched && b_batched;
    int lead[2], rank = (int)below(trial % 8 ? 3 : 2), m = axis_of(a_batched), n = axis_of(b_batched),
                 k = axis_of(all);
    if (trial % 8 == 0) m = a_batched ? RAGGED : 40, n = 64, k = 70;
    for (int l = 0; l < rank; l++) lead[l] = all && trial % 8 && below(3) == 0 ? OTHER : (int)below(4);
    int shape_a[4], shape_b[4], shape_y[4];
    memcpy(shape_a, lead, sizeof lead);
    memcpy(shape_b, lead, sizeof lead);
    memcpy(shape_y, lead, sizeof lead);
    shape_a[rank] = attr[0] ? k : m;
    shape_a[rank + 1] = attr[0] ? m : k;
    shape_b[rank] = attr[1] ? n : k;
    shape_b[rank + 1] = attr[1] ? k : n;
    shape_y[rank] = m;
    shape_y[rank + 1] = n;
    value_init(&a, &b, a_batched, rank + 2, shape_a);
    value_init(&c, &b, b_batched, rank + 2, shape_b);
    value_init(&y, &b, batched, rank + 2, shape_y);
    value_random(&a);
    value_random(&c);
    struct walk w;
    for (int64_t e = 0; e < y.shape.examples; e++)
      for (walk_start(&w, &y, e); w.on; walk_next(&w))
        for (int64_t l = 0; l < rt_size(&a.shape, attr[0] ? rank : rank + 1, e); l++) {
          int64_t ia[4], ib[4];
          memcpy(ia, w.index, sizeof ia);
          memcpy(ib, w.index, sizeof ib);
          ia[rank] = attr[0] ? l : w.index[rank];
          ia[rank + 1] = attr[0] ? w.index[rank] : l;
          ib[rank] = attr[1] ? w.index[rank + 1] : l;
          ib[rank + 1] = attr[1] ? l : w.index[rank + 1];
          y.number[at(&y, e, w.index)] += a.number[at(&a, e, ia)] * c.number[at(&c, e, ib)];
        }
    check(OP_matmul, &(struct rt_call){.attr = attr, .examples = b.examples}, 2, in, &y, 2e-5);
    value_free(&a);
    value_free(&c);
    value_free(&y);
  }
}

static void large_matmul_is_cut(void **state) {
  (void)state;
  struct batch b = {.examples = 2, .each = {{190, 150}}};
  struct value a, c, y, *in[] = {&a, &c};
  int tall[] = {RAGGED, 170}, square[] = {170, 180}, result[] = {RAGGED, 180};
  int64_t attr[] = {0, 0};
  value_init(&a, &b, true, 2, tall);
  value_init(&c, &b, true, 2, square);
  value_init(&y, &b, true, 2, result);
  value_random(&a);
  value_random(&c);
  for (int64_t e = 0; e < 2; e++)
    for (int64_t i = 0; i < b.each[0][e]; i++)
      for (int64_t j = 0; j < 180; j++)
        for (int64_t l = 0; l < 170; l++)
          y.number[y.offset[e] + i * 180 + j] +=
              a.number[a.offset[e] + i * 170 + l] * c.number[c.offset[e] + l * 180 + j];
  check(OP_matmul, &(struct rt_call){.attr = attr, .examples = 2}, 2, in, &y, 5e-5);
  value_free(&a);
  value_free(&c);
  value_free(&y);
}

static int switch_core(void **state) {
  rt_blas_take_over();
  return rt_blas_begin(1, NULL) ? -1 : make_pools(state);
}

static void the_blas_tells_what_it_is(void **state) {
  (void)state;
  const struct rt_blas_info *info = rt_blas_info();
  assert_true(info->config[0] && info->reason[0]);
  const char *wanted = getenv("OPENBLAS_CORETYPE");
  if (info->best[0]) /* a switch was allowed: only a user's own wish stands against it */
    assert_true(wanted && wanted[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_blas_tells_what_it_is),  cmocka_unit_test(projections_multiply),
      cmocka_unit_test(large_projections_multiply), cmocka_unit_test(matmul_multiplies),
      cmocka_unit_test(large_matmul_is_cut),
  };
  return cmocka_run_group_tests(tests, switch_core, free_pools);
}
