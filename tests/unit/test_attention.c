/* test_attention.c: the attention kernels against plain loops and against central differences, over lengths,
 * layouts, programs and masks; in both precisions, for every instruction set there is, with any number of
 * threads. */
#include "tests/unit/attend_cases.h"

static void lengths_and_masks(void **state) {
  (void)state;
  static const int64_t lengths[] = {0, 1, 2, 17, 63, 64, 65, 200};
  for (size_t a = 0; a < RT_COUNT(lengths); a++)
    for (int mask = SEE_ALL; mask <= NOTHING; mask++)
      for (int f64 = 0; f64 < 2; f64++) {
        struct programs p;
        struct attend_case c = plain_case(lengths[a], lengths[a], f64);
        use_mask(&c, &p, (enum mask)mask);
        run_case(c);
      }
  run_case(plain_case(5, 130, true)), run_case(plain_case(130, 5, true));
  run_case(plain_case(0, 9, true)), run_case(plain_case(9, 0, true)), run_case(plain_case(9, 0, false));
}

static void ragged_batches(void **state) {
  (void)state;
  for (int f64 = 0; f64 < 2; f64++)
    for (int softmax = 0; softmax < 2; softmax++) {
      struct programs p;
      struct attend_case c = plain_case(0, 0, f64);
      c.plan.softmax = softmax;
      c.examples = 4;
      memcpy(c.queries, (int64_t[]){19, 0, 70, 1}, sizeof c.queries);
      memcpy(c.keys, (int64_t[]){23, 4, 0, 90}, sizeof c.keys);
      c.width = 19, c.value_width = 37, c.heads = 3, c.key_heads = 3;
      use_mask(&c, &p, WINDOW);
      run_case(c);
    }
}

static void layouts(void **state) {
  (void)state;
  static const struct {
    const char *query, *key, *value;
    int heads, key_heads;
  } layout[] = {
      {"ihf", "jhf", "jhf", 6, 2},   {"ihf", "jhf", "jhf", 4, 1}, /* grouped queries */
      {"ihf", "jf", "jf", 3, 1},                                  /* multi-query */
      {"hf", "jhf", "jhf", 2, 2},    {"hf", "jf", "jf", 1, 1},    /* one query: pooling */
      {"Shf", "jhf", "jhf", 2, 2},                                /* a learned query */
      {"ihf", "Sjhf", "Sjhf", 2, 2}, {"ihf", "Sjf", "jhf", 2, 2}, /* memory keys */
      {"ihf", "hf", "jhf", 2, 2},    {"ihf", "jhf", "hf", 2, 2},  /* key or value without j */
      {"hif", "hjf", "hjf", 2, 2},                                /* heads outermost */
      {"if", "jf", "jf", 1, 1},
  };
  for (size_t k = 0; k < RT_COUNT(layout); k++)
    for (int f64 = 0; f64 < 2; f64++) {
      struct attend_case c = plain_case(0, 0, f64);
      c.examples = 3;
      bool one = !case_has(layout[k].query, 'i'), shared = *layout[k].key == 'S' || *layout[k].value == 'S';
      for (int e = 0; e < 3; e++) c.queries[e] = one ? 1 : 3 + 31 * e, c.keys[e] = shared ? 11 : 5 + 40 * e;
      c.query = layout[k].query, c.key = layout[k].key, c.value = layout[k].value;
      c.heads = layout[k].heads, c.key_heads = layout[k].key_heads;
      run_case(c);
    }
}

static void programs_and_extras(void **state) {
  (void)state;
  static const int64_t lengths[][2] = {{3, 4}, {19, 19}, {66, 130}};
  for (size_t k = 0; k < RT_COUNT(lengths); k++)
    for (int mask = SEE_ALL; mask < MASK_COUNT; mask++)
      for (int variant = 0; variant < 8; variant++) {
        struct programs p;
        struct attend_case c = plain_case(lengths[k][0], lengths[k][1], variant & 1);
        c.plan.softmax = variant & 2;
        c.examples = 2, c.queries[1] = 7, c.keys[1] = 5;
        use_score(&c, &p);
        use_mask(&c, &p, (enum mask)mask);
        if (variant & 4) use_plain_drop(&c, &p);
        run_case(c);
      }
}

/* A table per query, r[i, h, clip(j - i)], and one number less wanted. */
static void tables_of_rows(void **state) {
  (void)state;
  for (int f64 = 0; f64 < 2; f64++) {
    struct lane_text score, grad;
    uint8_t classes[3] = {LANE_I | LANE_J, LANE_I, LANE_I | LANE_J};
    struct attend_case c = plain_case(37, 41, f64);
    struct lane_text *const text[2] = {&score, &grad};
    for (int k = 0; k < 2; k++) {
      struct lane_text *t = text[k];
      lane_text_init(t, 2 + k, classes);
      int s = lane_put(t, LANE_input, 0, 0, 0);
      int apart = lane_put(t, LANE_sub, lane_put(t, LANE_column, 0, 0, 0), lane_put(t, LANE_row, 0, 0, 0), 0);
      int index = lane_put(t, LANE_add, apart, lane_number(t, TABLE_REACH), 0);
      int sum = lane_put(t, LANE_add, s, lane_put(t, LANE_gather, 1, index, 0), 0);
      if (k == 0) {
        lane_text_end(t, 1, &sum);
        continue;
      }
      end_score_part(&c, t, sum);
      int ds = lane_put(t, LANE_input, 2, 0, 0);
      lane_text_end(t, 3, (int[]){ds, ds, index});
    }
    c.plan.score = &score.program, c.plan.score_grad = &grad.program;
    c.extra_count = 1, c.extra[0] = "ihf", c.table_width = TABLE_WIDTH, c.plan.wants_grad[0] = true;
    run_case(c);
  }
}

/* Scores of all classes, each with a score_grad whose second part reads what the first has left, or reads it
 * anew. */
enum part {
  AS_IT_IS,
  TIMES_NUMBER,
  TIMES_NUMBER_ANEW,
  SQUASHED,
  OF_COLUMN,
  OF_DIAGONAL,
  CONSTANT,
  PART_COUNT
};

/* Writes a score; *s: the register that holds s, *scale: one that holds the number. */
static int write_part(struct lane_text *t, enum part part, int *s, int *scale) {
  *s = lane_put(t, LANE_input, 0, 0, 0), *scale = lane_put(t, LANE_input, 1, 0, 0);
  switch (part) {
    case TIMES_NUMBER:
    case TIMES_NUMBER_ANEW: return lane_put(t, LANE_mul, *s, *scale, 0);
    case SQUASHED: return lane_put(t, LANE_tanh, *s, 0, 0);
    case OF_COLUMN: return lane_put(t, LANE_mul, lane_put(t, LANE_column, 0, 0, 0), *scale, 0);
    case OF_DIAGONAL: return lane_put(t, LANE_mul, lane_put(t, LANE_offset, 0, 0, 0), *scale, 0);
    case CONSTANT: return lane_number(t, 0.25);
    default: return *s;
  }
}

static void write_part_grad(struct lane_text *t, enum part part, int s, int scale, int shaped) {
  int ds = lane_put(t, LANE_input, 2, 0, 0), zero = lane_number(t, 0), out[2] = {zero, zero};
  if (part == TIMES_NUMBER_ANEW)
    lane_text_write(t, s, LANE_neg, ds, 0, 0), s = lane_put(t, LANE_input, 0, 0, 0);
  switch (part) {
    case AS_IT_IS: out[0] = ds; break;
    case TIMES_NUMBER:
    case TIMES_NUMBER_ANEW:
      out[0] = lane_put(t, LANE_mul, ds, scale, 0), out[1] = lane_put(t, LANE_mul, ds, s, 0);
      break;
    case SQUASHED:
      out[0] =
          lane_put(t, LANE_mul, ds,
                   lane_put(t, LANE_sub, lane_number(t, 1), lane_put(t, LANE_square, shaped, 0, 0), 0), 0);
      break;
    case OF_COLUMN: out[1] = lane_put(t, LANE_mul, ds, lane_put(t, LANE_column, 0, 0, 0), 0); break;
    case OF_DIAGONAL: out[1] = lane_put(t, LANE_mul, ds, lane_put(t, LANE_offset, 0, 0, 0), 0); break;
    default: break;
  }
  lane_text_end(t, 2, out);
}

static void parts_of_score_grad(void **state) {
  (void)state;
  static const uint8_t classes[3] = {LANE_I | LANE_J, 0, LANE_I | LANE_J};
  for (int part = 0; part < PART_COUNT; part++)
    for (int variant = 0; variant < 12; variant++) {
      struct programs p;
      struct attend_case c = plain_case(variant < 8 ? 71 : 9, 130, variant & 1);
      int s, scale;
      c.plan.softmax = variant & 2;
      lane_text_init(&p.score, 2, classes), lane_text_init(&p.score_grad, 3, classes);
      int shaped = write_part(&p.score, (enum part)part, &s, &scale);
      c.plan.score = lane_text_end(&p.score, 1, &shaped);
      shaped = write_part(&p.score_grad, (enum part)part, &s, &scale);
      end_score_part(&c, &p.score_grad, shaped);
      write_part_grad(&p.score_grad, (enum part)part, s, scale, shaped);
      c.plan.score_grad = &p.score_grad.program;
      c.extra_count = 1, c.extra[0] = "S", c.plan.wants_grad[0] = true;
      use_mask(&c, &p, variant & 4 ? CAUSAL : SEE_ALL);
      if (variant % 3 == 0) use_plain_drop(&c, &p);
      run_case(c);
    }
}

/* Features beyond what is transposed at once, and widths that are no multiple of a vector. */
static void wide_heads(void **state) {
  (void)state;
  static const int64_t widths[] = {1, 3, 16, 33, 64, 100, 600};
  for (size_t k = 0; k < RT_COUNT(widths); k++)
    for (int f64 = 0; f64 < 2; f64++) {
      struct programs p;
      struct attend_case c = plain_case(20, 70, f64);
      c.width = widths[k], c.value_width = widths[RT_COUNT(widths) - 1 - k], c.heads = c.key_heads = 1;
      uint8_t class = LANE_I | LANE_J;
      lane_text_init(&p.score, 1, &class);
      int out = lane_put(&p.score, LANE_mul, lane_put(&p.score, LANE_input, 0, 0, 0),
                         lane_number(&p.score, 0.05), 0);
      c.plan.score = lane_text_end(&p.score, 1, &out);
      uint8_t classes[2] = {LANE_I | LANE_J, LANE_I | LANE_J};
      lane_text_init(&p.score_grad, 2, classes);
      out = lane_put(&p.score_grad, LANE_mul, lane_put(&p.score_grad, LANE_input, 0, 0, 0),
                     lane_number(&p.score_grad, 0.05), 0);
      end_score_part(&c, &p.score_grad, out);
      out = lane_put(&p.score_grad, LANE_mul, lane_put(&p.score_grad, LANE_input, 1, 0, 0),
                     lane_number(&p.score_grad, 0.05), 0);
      c.plan.score_grad = lane_text_end(&p.score_grad, 1, &out);
      run_case(c);
    }
}

/* Blocks of queries that share packed keys and values: full and partial bands, rows that are padded, and rows
 * too wide for it. */
static void bands(void **state) {
  (void)state;
  static const int64_t lengths[][2] = {{65, 3}, {129, 70}, {513, 20}};
  static const int widths[][2] = {{8, 8}, {64, 64}, {5, 100}, {128, 17}, {130, 4}};
  struct programs p;
  for (size_t k = 0; k < RT_COUNT(lengths); k++)
    for (size_t w = 0; w < RT_COUNT(widths); w++) {
      struct attend_case c = plain_case(lengths[k][0], lengths[k][1], (w + k) % 2);
      c.width = widths[w][0], c.value_width = widths[w][1], c.heads = c.key_heads = 1;
      c.plan.softmax = (w + k) % 3;
      use_mask(&c, &p, w % 2 ? CAUSAL : SEE_ALL);
      run_case(c);
    }
  for (int f64 = 0; f64 < 2; f64++) {
    struct attend_case c = plain_case(150, 771, f64);
    c.heads = c.key_heads = 1;
    use_mask(&c, &p, ISLANDS);
    run_case(c);
  }
}

/* s times a number, or divided by it, which a softmax leaves to the making of weights. */
static void put_scale(struct lane_text *t, enum lane_op op, bool extra, int *number, int *result) {
  const int s = lane_put(t, LANE_input, 0, 0, 0);
  *number = extra ? lane_put(t, LANE_input, 1 + E_NUMBER, 0, 0) : lane_number(t, 1.7);
  *result = lane_put(t, op, s, *number, 0);
}

static void use_scale(struct attend_case *c, struct programs *p, enum lane_op op, bool extra) {
  static const bool none[CASE_EXTRAS] = {false};
  uint8_t classes[CASE_EXTRAS + 2];
  int number, result;
  classes_with(classes, true);
  use_extras(c, none);
  lane_text_init(&p->score, 1 + CASE_EXTRAS, classes);
  put_scale(&p->score, op, extra, &number, &result);
  c->plan.score = lane_text_end(&p->score, 1, &result);
  lane_text_init(&p->score_grad, 2 + CASE_EXTRAS, classes);
  put_scale(&p->score_grad, op, extra, &number, &result);
  end_score_part(c, &p->score_grad, result);
  const int grad = lane_put(&p->score_grad, LANE_input, 1 + CASE_EXTRAS, 0, 0);
  const int out = lane_put(&p->score_grad, op, grad, number, 0);
  c->plan.score_grad = lane_text_end(&p->score_grad, 1, &out);
}

static void scores_that_are_only_scaled(void **state) {
  (void)state;
  for (int variant = 0; variant < 16; variant++) {
    struct programs p;
    struct attend_case c = plain_case(variant & 8 ? 141 : 7, 93, variant & 1);
    c.width = c.value_width = 37;
    use_scale(&c, &p, variant & 2 ? LANE_div : LANE_mul, variant & 4);
    use_mask(&c, &p, variant & 8 ? CAUSAL : SEE_ALL);
    run_case(c);
  }
}

/* A head so long that it is cut into tasks; with and without gradients that need all of it. */
static void long_heads(void **state) {
  (void)state;
  static const bool some[CASE_EXTRAS] = {[E_ROW] = true, [E_COLUMN] = true, [E_PAIR] = true};
  for (int mask = SEE_ALL; mask <= CAUSAL; mask++)
    for (int variant = 0; variant < 3; variant++) {
      struct programs p;
      struct attend_case c =
          plain_case(650, 530, mask == SEE_ALL || variant == 2); /* float cancels in sums over all pairs */
      c.heads = c.key_heads = 1;
      if (variant == 1) use_score_wanting(&c, &p, some);
      if (variant == 2) use_score(&c, &p);
      use_mask(&c, &p, (enum mask)mask);
      run_case(c);
    }
}

static void narrow_gradients(void **state) {
  (void)state;
  for (size_t k = 0; k < NARROW_COUNT; k++)
    for (int variant = 0; variant < 16; variant++) {
      struct programs p;
      struct attend_case c = plain_case(variant & 8 ? 150 : 19, 70, variant & 1);
      bool same = k >= NARROW_OF_ANY_LENGTH;
      c.plan.softmax = variant & 2;
      c.examples = 3, c.keys[1] = 5, c.keys[2] = 0;
      c.queries[1] = same ? c.queries[0] : 0, c.queries[2] = same ? c.queries[0] : 66;
      c.value_width = variant & 8 ? 37 : 8;
      c.given = narrow[k];
      if (variant & 4) use_score(&c, &p);
      use_mask(&c, &p, variant & 1 ? CAUSAL : SEE_ALL);
      run_case(c);
    }
}

/* The same with one query, wide rows, and a head that is cut into tasks by queries and by keys. */
static void narrow_gradients_of_other_heads(void **state) {
  (void)state;
  for (int f64 = 0; f64 < 2; f64++)
    for (size_t k = 0; k < NARROW_COUNT; k++) {
      struct programs p;
      struct attend_case pool = plain_case(1, 70, f64), wide = plain_case(70, 20, f64),
                         longer = plain_case(650, 530, f64);
      pool.query = "hf", wide.value_width = 600, longer.heads = longer.key_heads = 1;
      pool.given = wide.given = longer.given = narrow[k];
      use_mask(&longer, &p, CAUSAL);
      run_case(wide), run_case(longer);
      if (!case_has(narrow[k], 'i')) run_case(pool);
    }
}

/* ---- gradients, drop, threads, hidden numbers ---- */

static void gradients_are_differences(void **state) {
  (void)state;
  isa = rt_best_isa();
  for (int variant = 0; variant < 8; variant++) {
    struct programs p;
    struct attend_case c = plain_case(5, 7, true);
    c.examples = 2, c.queries[1] = 3, c.keys[1] = 4, c.width = 3, c.value_width = 5;
    c.heads = 4, c.key_heads = 2;
    c.plan.softmax = variant & 1;
    use_score(&c, &p);
    use_mask(&c, &p, variant & 2 ? CAUSAL : SEE_ALL);
    if (variant & 4) use_random_drop(&c, &p, 0.3);
    if (variant > 3) c.given = narrow[variant - 4];
    case_make(&c);
    run_forward(&c);
    run_backward(&c);
    for (int k = 0; k < 3; k++) check_differences(&c, &c.in[k], &c.grad[k]);
    for (int k = 0; k < c.extra_count; k++) check_differences(&c, &c.extras[k], &c.grad[3 + k]);
    case_free(&c);
  }
}

/* With the unit matrix as values, y holds the weights after drop. */
static void drop_leaves_out_its_share(void **state) {
  (void)state;
  isa = rt_best_isa();
  enum { N = 150 };
  struct programs p;
  struct attend_case c = plain_case(N, N, true);
  c.value_width = N, c.heads = c.key_heads = 1;
  use_random_drop(&c, &p, 0.25);
  case_make(&c);
  for (int j = 0; j < N; j++)
    for (int f = 0; f < N; f++) c.in[2].exact[j * N + f] = j == f;
  case_tensor_put(&c, &c.in[2]);
  run_forward(&c);
  c.plan.drop = NULL;
  struct case_tensor dropped = c.y;
  case_tensor_make(&c, &c.y, "ihf", 1, N);
  run_forward(&c);
  int zeros = 0;
  for (int k = 0; k < N * N; k++) {
    double w = ((double *)c.y.data)[k], found = ((double *)dropped.data)[k];
    zeros += found == 0;
    assert_true(found == 0 || fabs(found - w / 0.75) < 1e-12);
  }
  assert_true(fabs(zeros / (double)(N * N) - 0.25) < 0.012); /* 4 standard deviations */
  case_tensor_free(&dropped);
  case_free(&c);
}

static void threads_change_nothing(void **state) {
  (void)state;
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++)
    for (int variant = 0; variant < 6; variant++) {
      struct programs p;
      struct attend_case c = plain_case(variant & 1 ? 1100 : 70, variant & 1 ? 300 : 90, false);
      const bool wide = variant > 3; /* bands of fewer queries than a task has */
      c.heads = c.key_heads = variant & 1 ? 1 : 3;
      if (wide) c.width = 100, c.value_width = 72;
      if (variant != 1 && variant != 5)
        c.examples = 3, c.queries[1] = 12, c.keys[1] = 33, c.queries[2] = 600, c.keys[2] = 64;
      if (variant & 2) use_score(&c, &p);
      use_mask(&c, &p, CAUSAL);
      use_random_drop(&c, &p, 0.1);
      case_make(&c);
      check_threads(&c);
      case_free(&c);
    }
}

/* What a mask hides may be anything, infinite pair scores included. */
static void hidden_scores_do_not_matter(void **state) {
  (void)state;
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++)
    for (int f64 = 0; f64 < 2; f64++) {
      struct programs p;
      struct attend_case c = plain_case(20, 20, f64);
      use_score(&c, &p);
      use_mask(&c, &p, CAUSAL);
      case_make(&c);
      check_hidden(&c);
      case_free(&c);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_and_masks),
      cmocka_unit_test(ragged_batches),
      cmocka_unit_test(layouts),
      cmocka_unit_test(programs_and_extras),
      cmocka_unit_test(tables_of_rows),
      cmocka_unit_test(parts_of_score_grad),
      cmocka_unit_test(wide_heads),
      cmocka_unit_test(bands),
      cmocka_unit_test(scores_that_are_only_scaled),
      cmocka_unit_test(long_heads),
      cmocka_unit_test(narrow_gradients),
      cmocka_unit_test(narrow_gradients_of_other_heads),
      cmocka_unit_test(gradients_are_differences),
      cmocka_unit_test(drop_leaves_out_its_share),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(hidden_scores_do_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
