/* test_attention_rows.c: heads with row values: a softmax written with them against the fused one; sparsemax,
 * entmax, top-k and others against plain loops and against central differences. */
#include "tests/unit/attend_cases.h"

/* ---- programs ---- */

enum normaliser {
  SOFTMAX, /* as row values */
  SPARSEMAX,
  ENTMAX,     /* alpha = 1.5 */
  TOP_K,      /* softmax of the LARGEST largest */
  OFF_BY_ONE, /* exp(t) / (1 + sum exp(t)) */
  RANGE,      /* (t - min t) / (max t - min t + 1) */
  SIGNED,     /* sign(t) softmax(|t|) */
  NORMALISER_COUNT
};
enum { LARGEST = 5 };

struct row_programs {
  struct programs slots;
  struct lane_text row[ATTEND_MAX_ROWS];
  int forward, rows;
};

/* A new program of the head; computed: how many row values it may read, which are its inputs from the extras
 * on. */
static void begin(const struct attend_case *c, struct lane_text *t, int rows, bool backward) {
  uint8_t classes[LANE_MAX_INPUTS] = {LANE_I | LANE_J};
  for (int k = 0; k < c->extra_count; k++) classes[1 + k] = extra_class[k];
  for (int k = 0; k < rows; k++) classes[1 + c->extra_count + k] = LANE_I;
  classes[1 + c->extra_count + rows] = LANE_I | LANE_J;
  lane_text_init(t, 1 + c->extra_count + rows + backward, classes);
}

static int row_value(const struct attend_case *c, struct lane_text *t, int row) {
  return lane_put(t, LANE_input, 1 + c->extra_count + row, 0, 0);
}
static int gradient(const struct attend_case *c, struct lane_text *t) {
  return lane_put(t, LANE_input, 1 + c->extra_count + c->plan.row_count, 0, 0);
}

static int two(struct lane_text *t, enum lane_op op, int a, int b) { return lane_put(t, op, a, b, 0); }

/* What the rows, weights and derivatives of a normaliser are made of: registers of the scaled score and of
 * what the normaliser makes of it. */
struct shaped {
  struct score_parts parts;
  int t, e, w;
};

/* t: the score with every extra. */
static struct shaped shape(struct lane_text *t) {
  struct shaped r = {.parts = write_score(t)};
  r.t = r.parts.result;
  return r;
}

/* e: t beyond the first row value. Of TOP_K, r0 is the threshold and r1 the maximum. */
static void write_excess(const struct attend_case *c, struct lane_text *t, enum normaliser n,
                         struct shaped *r) {
  int r0 = row_value(c, t, 0);
  switch (n) {
    case SPARSEMAX: r->e = lane_put(t, LANE_relu, two(t, LANE_sub, r->t, r0), 0, 0); break;
    case ENTMAX:
      r->e = lane_put(t, LANE_relu, two(t, LANE_sub, two(t, LANE_mul, r->t, lane_number(t, 0.5)), r0), 0, 0);
      break;
    case TOP_K: {
      int kept = two(t, LANE_le, r0, r->t);
      r->e = two(t, LANE_mul, kept, lane_put(t, LANE_exp, two(t, LANE_sub, r->t, row_value(c, t, 1)), 0, 0));
      break;
    }
    case SIGNED:
      r->e = lane_put(t, LANE_exp, two(t, LANE_sub, lane_put(t, LANE_abs, r->t, 0, 0), r0), 0, 0);
      break;
    case RANGE: r->e = two(t, LANE_add, r->t, r0); break;
    default: r->e = lane_put(t, LANE_exp, two(t, LANE_sub, r->t, r0), 0, 0);
  }
}

static void write_weight(const struct attend_case *c, struct lane_text *t, enum normaliser n,
                         struct shaped *r) {
  write_excess(c, t, n, r);
  switch (n) {
    case SPARSEMAX: r->w = r->e; break;
    case ENTMAX: r->w = lane_put(t, LANE_square, r->e, 0, 0); break;
    case TOP_K: r->w = two(t, LANE_div, r->e, row_value(c, t, 2)); break;
    case OFF_BY_ONE: {
      int one = lane_put(t, LANE_exp, lane_put(t, LANE_neg, row_value(c, t, 0), 0, 0), 0, 0);
      r->w = two(t, LANE_div, r->e, two(t, LANE_add, one, row_value(c, t, 1)));
      break;
    }
    case RANGE:
      r->w =
          two(t, LANE_div, r->e,
              two(t, LANE_add, two(t, LANE_add, row_value(c, t, 1), row_value(c, t, 0)), lane_number(t, 1)));
      break;
    case SIGNED: {
      int sign = lane_put(t, LANE_sign, r->t, 0, 0);
      r->w = two(t, LANE_mul, sign, two(t, LANE_div, r->e, row_value(c, t, 1)));
      break;
    }
    default: r->w = two(t, LANE_div, r->e, row_value(c, t, 1));
  }
}

static void end_row(struct attend_case *c, struct row_programs *p, int number, enum attend_reduce reduce,
                    double parameter, int out) {
  c->plan.row[number] = (struct attend_row){(uint8_t)reduce, number >= p->forward, parameter,
                                            lane_text_end(&p->row[number], 1, &out)};
}

static struct lane_text *begin_row(const struct attend_case *c, struct row_programs *p, int number) {
  begin(c, &p->row[number], p->rows, number >= p->forward);
  return &p->row[number];
}

static void write_forward(struct attend_case *c, struct row_programs *p, enum normaliser n) {
  struct lane_text *t = begin_row(c, p, 0);
  struct shaped r = shape(t);
  int first = n == SIGNED ? lane_put(t, LANE_abs, r.t, 0, 0) : r.t;
  switch (n) {
    case SPARSEMAX: end_row(c, p, 0, ATTEND_ENTMAX, 2, first); return;
    case ENTMAX: end_row(c, p, 0, ATTEND_ENTMAX, 1.5, first); return;
    case TOP_K: end_row(c, p, 0, ATTEND_KTH, LARGEST, first); break;
    case RANGE: end_row(c, p, 0, ATTEND_MAX, 0, lane_put(t, LANE_neg, first, 0, 0)); break;
    default: end_row(c, p, 0, ATTEND_MAX, 0, first);
  }
  t = begin_row(c, p, 1);
  r = shape(t);
  if (n == RANGE || n == TOP_K) {
    end_row(c, p, 1, ATTEND_MAX, 0, r.t);
    if (n == RANGE) return;
    t = begin_row(c, p, 2);
    r = shape(t);
  }
  write_excess(c, t, n, &r);
  end_row(c, p, n == TOP_K ? 2 : 1, ATTEND_SUM, 0, r.e);
}

/* How much an element counts in the derivative of the threshold: 1 within the support, or the root of the
 * weight. */
static int write_support(struct lane_text *t, enum normaliser n, const struct shaped *r) {
  return n == SPARSEMAX ? two(t, LANE_lt, lane_number(t, 0), r->e) : r->e;
}

/* Backward rows: sum of w dw; for thresholds sums of the support and of it times dw; for the range sums of dw
 * and of w dw. */
static void write_backward(struct attend_case *c, struct row_programs *p, enum normaliser n) {
  for (int number = p->forward; number < p->rows; number++) {
    struct lane_text *t = begin_row(c, p, number);
    struct shaped r = shape(t);
    write_weight(c, t, n, &r);
    bool threshold = n == SPARSEMAX || n == ENTMAX, first = number == p->forward;
    int dw = gradient(c, t), out = two(t, LANE_mul, r.w, dw);
    if (threshold) out = first ? write_support(t, n, &r) : two(t, LANE_mul, write_support(t, n, &r), dw);
    if (n == RANGE && first) out = dw;
    end_row(c, p, number, ATTEND_SUM, 0, out);
  }
}

/* The gradient of t, from dw and the backward rows. */
static int write_slope(const struct attend_case *c, struct lane_text *t, const struct row_programs *p,
                       enum normaliser n, const struct shaped *r) {
  int dw = gradient(c, t), b0 = row_value(c, t, p->forward);
  if (n == SPARSEMAX || n == ENTMAX) {
    int mean = two(t, LANE_div, row_value(c, t, p->forward + 1), b0);
    return two(t, LANE_mul, write_support(t, n, r), two(t, LANE_sub, dw, mean));
  }
  if (n == SIGNED)
    return two(t, LANE_mul, r->w,
               two(t, LANE_sub, two(t, LANE_mul, lane_put(t, LANE_sign, r->t, 0, 0), dw), b0));
  if (n != RANGE) return two(t, LANE_mul, r->w, two(t, LANE_sub, dw, b0));
  int low = lane_put(t, LANE_neg, row_value(c, t, 0), 0, 0), high = row_value(c, t, 1),
      b1 = row_value(c, t, p->forward + 1);
  int width = two(t, LANE_add, two(t, LANE_sub, high, low), lane_number(t, 1));
  int at_low = two(t, LANE_mul, two(t, LANE_eq, r->t, low), two(t, LANE_sub, b1, b0));
  int at_high = two(t, LANE_mul, two(t, LANE_eq, r->t, high), b1);
  return two(t, LANE_div, two(t, LANE_sub, two(t, LANE_add, dw, at_low), at_high), width);
}

static const bool all[CASE_EXTRAS] = {true, true, true, true, true, true};

/* All slots that a normaliser needs, with the score of every extra. */
static void use_rows(struct attend_case *c, struct row_programs *p, enum normaliser n) {
  use_extras(c, all);
  c->plan.softmax = false;
  p->forward = n == TOP_K ? 3 : n == SPARSEMAX || n == ENTMAX ? 1 : 2;
  c->plan.row_count = p->rows = p->forward + (n == SPARSEMAX || n == ENTMAX || n == RANGE ? 2 : 1);
  write_forward(c, p, n);
  write_backward(c, p, n);
  begin(c, &p->slots.score, p->rows, false);
  struct shaped r = shape(&p->slots.score);
  write_weight(c, &p->slots.score, n, &r);
  c->plan.score = lane_text_end(&p->slots.score, 1, &r.w);
  begin(c, &p->slots.score_grad, p->rows, true);
  r = shape(&p->slots.score_grad);
  write_weight(c, &p->slots.score_grad, n, &r);
  end_score_part(c, &p->slots.score_grad, r.w);
  end_score_grad(&p->slots.score_grad, r.parts, write_slope(c, &p->slots.score_grad, p, n, &r), all);
  c->plan.score_grad = &p->slots.score_grad.program;
}

/* ---- against plain loops ---- */

static void lengths_and_masks(void **state) {
  (void)state;
  static const int64_t lengths[] = {0, 1, 2, 17, 63, 64, 65, 200};
  for (size_t a = 0; a < RT_COUNT(lengths); a++)
    for (int mask = SEE_ALL; mask < MASK_COUNT; mask++)
      for (int n = 0; n < NORMALISER_COUNT; n++) {
        struct row_programs p;
        bool large =
            lengths[a] == 200; /* the plain loops take long; float takes other elements for the largest */
        struct attend_case c = plain_case(lengths[a], lengths[a], large || n % 2);
        if (large && mask != n % MASK_COUNT) continue;
        use_rows(&c, &p, (enum normaliser)n);
        use_mask(&c, &p.slots, (enum mask)mask);
        if (mask % 2) use_plain_drop(&c, &p.slots);
        run_case(c);
      }
}

static void ragged_batches_and_layouts(void **state) {
  (void)state;
  static const struct {
    const char *query, *key, *value;
    int heads, key_heads;
  } layout[] = {
      {"ihf", "jhf", "jhf", 6, 2},
      {"ihf", "jf", "jf", 3, 1},
      {"ihf", "Sjhf", "Sjhf", 2, 2},
      {"hif", "hjf", "hjf", 2, 2},
  };
  for (size_t k = 0; k < RT_COUNT(layout); k++)
    for (int n = 0; n < NORMALISER_COUNT; n++) {
      struct row_programs p;
      struct attend_case c = plain_case(0, 0, true);
      bool shared = *layout[k].key == 'S';
      c.examples = 4;
      memcpy(c.queries, (int64_t[]){19, 0, 70, 1}, sizeof c.queries);
      memcpy(c.keys, shared ? (int64_t[]){11, 11, 11, 11} : (int64_t[]){23, 4, 0, 90}, sizeof c.keys);
      c.query = layout[k].query, c.key = layout[k].key, c.value = layout[k].value;
      c.heads = layout[k].heads, c.key_heads = layout[k].key_heads, c.width = 19, c.value_width = 37;
      use_rows(&c, &p, (enum normaliser)n);
      use_mask(&c, &p.slots, WINDOW);
      run_case(c);
    }
}

/* Features beyond what is transposed at once; heads that are cut into tasks. */
static void wide_and_long_heads(void **state) {
  (void)state;
  for (int n = 0; n < NORMALISER_COUNT; n++) {
    struct row_programs p;
    struct attend_case c = plain_case(20, 70, true);
    c.width = 600, c.value_width = 530, c.heads = c.key_heads = 1;
    use_rows(&c, &p, (enum normaliser)n);
    run_case(c);
    if (n != SOFTMAX && n != ENTMAX) continue;
    c = plain_case(650, 70, true);
    c.heads = c.key_heads = 1;
    use_rows(&c, &p, (enum normaliser)n);
    use_mask(&c, &p.slots, CAUSAL);
    run_case(c);
  }
}

/* y, gradients and all of the softmax written as rows are those of the fused one. */
static void softmax_as_rows(void **state) {
  (void)state;
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++)
    for (int mask = SEE_ALL; mask < MASK_COUNT; mask++) {
      struct row_programs p;
      struct programs fused;
      struct attend_case c = plain_case(66, 130, true);
      use_rows(&c, &p, SOFTMAX);
      use_mask(&c, &p.slots, (enum mask)mask);
      use_random_drop(&c, &p.slots, 0.2);
      case_make(&c);
      run_forward(&c);
      run_backward(&c);
      struct case_tensor *made[4 + CASE_EXTRAS] = {&c.y};
      double *kept[4 + CASE_EXTRAS];
      for (int k = 0; k < c.grad_count; k++) made[1 + k] = &c.grad[k];
      for (int k = 0; k <= c.grad_count; k++) {
        size_t bytes = (size_t)made[k]->shape.count * sizeof(double);
        kept[k] = memcpy(malloc(bytes + 1), made[k]->data, bytes);
      }
      struct attend_plan rows = c.plan;
      use_score(&c, &fused);
      c.plan.softmax = true, c.plan.row_count = 0;
      run_forward(&c);
      run_backward(&c);
      for (int k = 0; k <= c.grad_count; k++) {
        memcpy(made[k]->exact, made[k]->data, (size_t)made[k]->shape.count * sizeof(double));
        memcpy(made[k]->data, kept[k], (size_t)made[k]->shape.count * sizeof(double));
        compare(&c, made[k], "the same as rows");
        free(kept[k]);
      }
      c.plan = rows;
      case_free(&c);
    }
}

/* ---- contributions that do not vary with the key ---- */

/* A learned sink: w = exp(s - r0) / (exp(b - r0) + r1), where b is the sum of a number, of one for each head
 * and of one for each query. Their gradient comes from row values alone, -(sum w dw) exp(b - r0) / (exp(b -
 * r0) + r1), and counts once for each query. A table at h does the same. */
static int write_sink(const struct attend_case *c, struct lane_text *t, int *share) {
  int b = two(t, LANE_add, lane_put(t, LANE_input, 1 + E_NUMBER, 0, 0),
              lane_put(t, LANE_input, 1 + E_HEAD, 0, 0));
  b = two(t, LANE_add, b, lane_put(t, LANE_input, 1 + E_ROW, 0, 0));
  b = two(t, LANE_add, b, lane_put(t, LANE_gather, 1 + E_TABLE, lane_put(t, LANE_head, 0, 0, 0), 0));
  int r0 = row_value(c, t, 0), sink = lane_put(t, LANE_exp, two(t, LANE_sub, b, r0), 0, 0);
  int sum = two(t, LANE_add, sink, row_value(c, t, 1));
  *share = two(t, LANE_div, sink, sum);
  int e = lane_put(t, LANE_exp, two(t, LANE_sub, lane_put(t, LANE_input, 0, 0, 0), r0), 0, 0);
  return two(t, LANE_div, e, sum);
}

static void use_sink(struct attend_case *c, struct row_programs *p) {
  static const bool wanted[CASE_EXTRAS] = {
      [E_NUMBER] = true, [E_HEAD] = true, [E_ROW] = true, [E_TABLE] = true};
  int share;
  use_extras(c, wanted);
  c->plan.softmax = false;
  c->plan.row_count = p->rows = 3, p->forward = 2;
  struct lane_text *t = begin_row(c, p, 0);
  end_row(c, p, 0, ATTEND_MAX, 0, lane_put(t, LANE_input, 0, 0, 0));
  t = begin_row(c, p, 1);
  int s = lane_put(t, LANE_input, 0, 0, 0);
  end_row(c, p, 1, ATTEND_SUM, 0, lane_put(t, LANE_exp, two(t, LANE_sub, s, row_value(c, t, 0)), 0, 0));
  t = begin_row(c, p, 2);
  end_row(c, p, 2, ATTEND_SUM, 0, two(t, LANE_mul, write_sink(c, t, &share), gradient(c, t)));
  begin(c, t = &p->slots.score, 3, false);
  int w = write_sink(c, t, &share);
  c->plan.score = lane_text_end(t, 1, &w);
  begin(c, t = &p->slots.score_grad, 3, true);
  w = write_sink(c, t, &share);
  end_score_part(c, t, w);
  int r2 = row_value(c, t, 2), db = lane_put(t, LANE_neg, two(t, LANE_mul, r2, share), 0, 0);
  int ds = two(t, LANE_mul, w, two(t, LANE_sub, gradient(c, t), r2));
  int out[] = {ds, db, db, db, db, lane_put(t, LANE_head, 0, 0, 0)};
  c->plan.score_grad = lane_text_end(t, RT_COUNT(out), out);
}

/* w = s r0 with r0 = sum_j (column_j + table[j] + 2 number): the gradient of r0 is a row value, sum of s dw,
 * and counts for each key that is seen; so 2 number counts as often as the rows say, r1 = how many keys there
 * are. */
static void use_broadcast(struct attend_case *c, struct row_programs *p) {
  static const bool wanted[CASE_EXTRAS] = {[E_NUMBER] = true, [E_COLUMN] = true, [E_TABLE] = true};
  use_extras(c, wanted);
  c->plan.softmax = false;
  c->plan.row_count = p->rows = 4, p->forward = 2;
  struct lane_text *t = begin_row(c, p, 0);
  int column = lane_put(t, LANE_column, 0, 0, 0), number = lane_put(t, LANE_input, 1 + E_NUMBER, 0, 0);
  int sum = two(t, LANE_add, lane_put(t, LANE_input, 1 + E_COLUMN, 0, 0),
                lane_put(t, LANE_gather, 1 + E_TABLE, column, 0));
  end_row(c, p, 0, ATTEND_SUM, 0, two(t, LANE_add, sum, two(t, LANE_add, number, number)));
  t = begin_row(c, p, 1);
  end_row(c, p, 1, ATTEND_SUM, 0, lane_number(t, 1)); /* a number: as often as there are keys */
  t = begin_row(c, p, 2);
  end_row(c, p, 2, ATTEND_SUM, 0, two(t, LANE_mul, lane_put(t, LANE_input, 0, 0, 0), gradient(c, t)));
  t = begin_row(c, p, 3);
  end_row(c, p, 3, ATTEND_MAX, 0, row_value(c, t, 2)); /* a row value: the same for each key */
  begin(c, t = &p->slots.score, 4, false);
  int w = two(t, LANE_mul, lane_put(t, LANE_input, 0, 0, 0), row_value(c, t, 0));
  c->plan.score = lane_text_end(t, 1, &w);
  begin(c, t = &p->slots.score_grad, 4, true);
  end_score_part(c, t, two(t, LANE_mul, lane_put(t, LANE_input, 0, 0, 0), row_value(c, t, 0)));
  int r = row_value(c, t, 3), each = two(t, LANE_mul, row_value(c, t, 1), two(t, LANE_add, r, r));
  int out[] = {two(t, LANE_mul, gradient(c, t), row_value(c, t, 0)), each, r, r,
               lane_put(t, LANE_column, 0, 0, 0)};
  c->plan.score_grad = lane_text_end(t, RT_COUNT(out), out);
}

static void contributions_of_rows(void **state) {
  (void)state;
  static const int64_t lengths[][2] = {{1, 1}, {5, 0}, {19, 7}, {66, 130}};
  for (size_t k = 0; k < RT_COUNT(lengths); k++)
    for (int mask = SEE_ALL; mask < MASK_COUNT; mask++)
      for (int variant = 0; variant < 4; variant++) {
        struct row_programs p;
        struct attend_case c = plain_case(lengths[k][0], lengths[k][1], variant & 1);
        if (variant & 2)
          use_sink(&c, &p);
        else
          use_broadcast(&c, &p);
        use_mask(&c, &p.slots, (enum mask)mask);
        run_case(c);
      }
}

/* dy that lacks axes of y, for heads that are ragged, empty, wide and long. */
static void narrow_gradients(void **state) {
  (void)state;
  for (size_t k = 0; k < NARROW_COUNT; k++)
    for (int n = 0; n < NORMALISER_COUNT; n++) {
      struct row_programs p;
      struct attend_case c = plain_case(n % 3 ? 19 : 150, n % 3 ? 70 : 130, (k + (size_t)n) % 2);
      bool same = k >= NARROW_OF_ANY_LENGTH;
      c.examples = 3, c.keys[1] = 5, c.keys[2] = 0;
      c.queries[1] = same ? c.queries[0] : 0, c.queries[2] = same ? c.queries[0] : 66;
      c.value_width = n == 1 ? 600 : 37;
      c.given = narrow[k];
      use_rows(&c, &p, (enum normaliser)n);
      use_mask(&c, &p.slots, k % 2 ? CAUSAL : SEE_ALL);
      run_case(c);
    }
}

/* ---- differences, threads, hidden numbers ---- */

static void gradients_are_differences(void **state) {
  (void)state;
  isa = rt_best_isa();
  for (int variant = 0; variant < 4 * (NORMALISER_COUNT + 2); variant++) {
    struct row_programs p;
    struct attend_case c = plain_case(5, 7, true);
    int n = variant / 4, grad = 3;
    c.examples = 2, c.queries[1] = 3, c.keys[1] = 4, c.width = 3, c.value_width = 5;
    c.heads = 4, c.key_heads = 2;
    if (n < NORMALISER_COUNT)
      use_rows(&c, &p, (enum normaliser)n);
    else if (n == NORMALISER_COUNT)
      use_sink(&c, &p);
    else
      use_broadcast(&c, &p);
    use_mask(&c, &p.slots, variant & 1 ? CAUSAL : SEE_ALL);
    if (variant & 2) use_random_drop(&c, &p.slots, 0.3);
    if (variant & 1) c.given = narrow[variant / 2 % NARROW_OF_ANY_LENGTH];
    case_make(&c);
    run_forward(&c);
    run_backward(&c);
    for (int k = 0; k < 3; k++) check_differences(&c, &c.in[k], &c.grad[k]);
    for (int k = 0; k < c.extra_count; k++)
      if (c.plan.wants_grad[k]) check_differences(&c, &c.extras[k], &c.grad[grad++]);
    case_free(&c);
  }
}

static void threads_change_nothing(void **state) {
  (void)state;
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++)
    for (int n = 0; n < NORMALISER_COUNT; n++) {
      struct row_programs p;
      struct attend_case c = plain_case(n % 2 ? 1100 : 70, n % 2 ? 300 : 90, n == ENTMAX);
      c.heads = c.key_heads = n % 2 ? 1 : 3;
      if (n % 2 == 0) c.examples = 3, c.queries[1] = 12, c.keys[1] = 33, c.queries[2] = 600, c.keys[2] = 64;
      use_rows(&c, &p, (enum normaliser)n);
      use_mask(&c, &p.slots, CAUSAL);
      use_random_drop(&c, &p.slots, 0.1);
      case_make(&c);
      check_threads(&c);
      case_free(&c);
    }
}

static void hidden_scores_do_not_matter(void **state) {
  (void)state;
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++)
    for (int n = 0; n < 2 * NORMALISER_COUNT; n++) {
      struct row_programs p;
      struct attend_case c = plain_case(20, 20, n % 2);
      use_rows(&c, &p, (enum normaliser)(n / 2));
      use_mask(&c, &p.slots, CAUSAL);
      case_make(&c);
      check_hidden(&c);
      case_free(&c);
    }
}

/* A score that is no number shows in what is made of it, whatever the reduction, and nowhere else. */
static void what_is_no_number_shows(void **state) {
  (void)state;
  static const enum normaliser normalisers[] = {SOFTMAX, OFF_BY_ONE, RANGE, SIGNED};
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++)
    for (size_t n = 0; n < RT_COUNT(normalisers); n++) {
      struct row_programs p;
      struct attend_case c = plain_case(20, 70, false);
      use_rows(&c, &p, normalisers[n]);
      case_make(&c);
      c.extras[E_PAIR].exact[3 * 70 + 9] = (double)NAN;
      case_tensor_put(&c, &c.extras[E_PAIR]);
      run_forward(&c);
      for (int64_t k = 0; k < c.y.shape.count; k++)
        assert_true(isnan(case_tensor_get(&c, &c.y, k)) == (k / (c.heads * c.value_width) == 3));
      case_free(&c);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_and_masks),           cmocka_unit_test(ragged_batches_and_layouts),
      cmocka_unit_test(wide_and_long_heads),         cmocka_unit_test(softmax_as_rows),
      cmocka_unit_test(contributions_of_rows),       cmocka_unit_test(narrow_gradients),
      cmocka_unit_test(gradients_are_differences),   cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(hidden_scores_do_not_matter), cmocka_unit_test(what_is_no_number_shows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
