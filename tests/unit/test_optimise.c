/* test_optimise.c: the passes: what each rule makes of its pattern, and that random programs mean the same
 * after all of them. */
#include "tests/unit/graphs.h"

#include "compiler/ir/passes.h"

struct fixture {
  struct host h;
  vm_dim T, D, K;
  ir_id x, b;
  struct vm_type type;
};

static int setup(void **state) {
  struct fixture *f = rt_zalloc(1, sizeof *f);
  assert_non_null(f);
  host_init(&f->h, 5, 2);
  f->T = host_ragged(&f->h, "T", 1, 4);
  f->D = host_dim(&f->h, "D", 3);
  f->K = host_dim(&f->h, "K", 2);
  f->type = HOST_TYPE(true, f->T, f->D);
  f->x = host_reals(&f->h, f->type, -2, 2);
  f->b = host_reals(&f->h, HOST_TYPE(false, f->D), -2, 2);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  host_free(&f->h);
  rt_free(f);
  return 0;
}

static ir_id number(struct fixture *f, double value) {
  return ir_constant(host_here(&f->h), value, &f->type);
}
static ir_id two(struct fixture *f, enum rt_op op, ir_id a, ir_id b) {
  return ir_binary(host_here(&f->h), op, a, b);
}
static ir_id one(struct fixture *f, enum rt_op op, ir_id a) { return ir_unary(host_here(&f->h), op, a); }

/* Optimises and returns the node. x is kept as a root too and followed. */
static const struct ir_node *optimised(struct fixture *f, ir_id id) {
  ir_id root[2] = {id, f->x};
  assert_int_not_equal(id, 0);
  assert_int_equal(ir_optimise(&f->h.g, 2, root, &f->h.error), RT_OK);
  f->x = root[1];
  return &f->h.g.node[root[0]];
}

static bool is_x(struct fixture *f, const struct ir_node *n) { return n == &f->h.g.node[f->x]; }
static bool reads_x(struct fixture *f, const struct ir_node *n, enum rt_op op) {
  return n->op == op && n->arg[0] == f->x;
}

#define TEST(name)                                                                                           \
  static void name(void **state) {                                                                           \
    struct fixture *f = *state;
TEST(adding_nothing)
assert_true(is_x(f, optimised(f, two(f, OP_add, two(f, OP_sub, f->x, number(f, 0)), number(f, 0)))));
}
TEST(times_one)
assert_true(is_x(f, optimised(f, two(f, OP_div, two(f, OP_mul, number(f, 1), f->x), number(f, 1)))));
}
TEST(twice_negated) assert_true(is_x(f, optimised(f, one(f, OP_neg, one(f, OP_neg, f->x)))));
}
TEST(minus_one_times) assert_true(reads_x(f, optimised(f, two(f, OP_mul, f->x, number(f, -1))), OP_neg));
}
TEST(a_square) assert_true(reads_x(f, optimised(f, two(f, OP_pow, f->x, number(f, 2))), OP_square));
}
TEST(times_itself) assert_true(reads_x(f, optimised(f, two(f, OP_mul, f->x, f->x)), OP_square));
}
TEST(a_root) assert_true(reads_x(f, optimised(f, two(f, OP_pow, f->x, number(f, 0.5))), OP_sqrt));
}
TEST(plus_minus)
assert_true(reads_x(f, optimised(f, two(f, OP_add, f->x, one(f, OP_neg, one(f, OP_tanh, f->x)))), OP_sub));
}
TEST(a_known_choice)
assert_true(is_x(f, optimised(f, ir_select(host_here(&f->h), number(f, 1), f->x, number(f, 5)))));
}

TEST(zero_times_x_stays)
assert_int_equal(optimised(f, two(f, OP_mul, f->x, number(f, 0)))->op,
                 OP_mul); /* 0 times infinity is not 0 */
}

TEST(a_third_stays_a_division)
assert_int_equal(optimised(f, two(f, OP_div, f->x, number(f, 3)))->op, OP_div);
}

TEST(a_third_of_a_product_is_a_product)
const struct ir_node *n = optimised(f, two(f, OP_div, one(f, OP_tanh, f->x), number(f, 3)));
assert_int_equal(n->op, OP_mul);
assert_true(f->h.g.node[n->arg[0]].op == OP_constant ? f->h.g.node[n->arg[0]].real == 1. / 3
                                                     : f->h.g.node[n->arg[1]].real == 1. / 3);
}

TEST(halves_are_exact)
const struct ir_node *n = optimised(f, two(f, OP_div, f->x, number(f, 2)));
assert_int_equal(n->op, OP_mul);
assert_true(f->h.g.node[n->arg[0]].op == OP_constant ? f->h.g.node[n->arg[0]].real == 0.5
                                                     : f->h.g.node[n->arg[1]].real == 0.5);
}

/* Half of an axis of 2 D, from `start` on, with zeros in the other's place. */
static ir_id half(struct fixture *f, ir_id part, vm_dim start) {
  const struct vm_type whole = HOST_TYPE(true, f->T, vm_dim_plus(f->h.g.dims, f->D, f->D));
  return ir_add(host_here(&f->h),
                (struct ir_op){OP_pad, 1, .arg = &part, .attr = {1, start}, .type = &whole});
}

TEST(two_halves_with_zeros_are_one_behind_the_other)
const ir_id first = half(f, f->x, vm_dim_number(f->h.g.dims, 0)),
            second = half(f, one(f, OP_tanh, f->x), f->D);
const struct ir_node *n = optimised(f, two(f, OP_add, second, first));
assert_int_equal(n->op, OP_concat);
assert_true(n->arg[0] == f->x && f->h.g.node[n->arg[1]].op == OP_tanh);
}

TEST(the_same_half_twice_is_added)
const vm_dim none = vm_dim_number(f->h.g.dims, 0);
const ir_id second = half(f, one(f, OP_tanh, f->x), none);
assert_int_equal(optimised(f, two(f, OP_add, half(f, f->x, none), second))->op, OP_add);
}

TEST(numbers_are_computed)
ir_id a = ir_constant(host_here(&f->h), 3, NULL), c = ir_constant(host_here(&f->h), 4, NULL);
const struct ir_node *n =
    optimised(f, one(f, OP_sqrt, two(f, OP_add, two(f, OP_mul, a, a), two(f, OP_mul, c, c))));
assert_int_equal(n->op, OP_constant);
assert_true(n->real == 5);
}

TEST(a_kept_conjunction_of_truth)
ir_id positive = two(f, OP_lt, number(f, 0), f->x);
assert_int_equal(optimised(f, two(f, OP_and, number(f, 1), positive))->op, OP_lt);
}

TEST(two_transposes)
struct vm_type turned = HOST_TYPE(true, f->D, f->T);
ir_id t =
    ir_add(host_here(&f->h), (struct ir_op){OP_transpose, 1, .arg = &f->x, .attr = {0x01}, .type = &turned});
assert_true(is_x(f,
                 optimised(f, ir_add(host_here(&f->h), (struct ir_op){OP_transpose, 1, .arg = &t,
                                                                      .attr = {0x01}, .type = &f->type}))));
}

/* What a dot product reads as its second operand is made of x's type. */
static const struct ir_node *dot_with(struct fixture *f, ir_id b) {
  return optimised(
      f, ir_add(host_here(&f->h), (struct ir_op){OP_dot, 2, .arg = (ir_id[]){f->x, b}, .attr = {3}}));
}

TEST(what_is_repeated_is_read_once)
const struct ir_node *n = dot_with(f, ir_expand_axes(host_here(&f->h), f->b, 2, &f->type));
assert_int_equal(n->attr[0], 2);
assert_int_equal(f->h.g.node[n->arg[1]].op, OP_param);
}

TEST(one_number_is_a_row_of_it)
const struct ir_node *n = dot_with(f, number(f, 5));
assert_int_equal(n->attr[0], 2);
assert_int_equal(f->h.g.node[n->arg[1]].op, OP_constant);
const struct vm_type row = HOST_TYPE(false, f->D);
assert_true(vm_type_equal(&f->h.g.node[n->arg[1]].type, &row));
}

TEST(numbers_of_examples_become_rows)
struct vm_type each = {.dtype = RT_REAL, .batched = 1, .of = VM_NO_DIM};
const struct ir_node *n =
    dot_with(f, ir_expand_axes(host_here(&f->h), host_reals(&f->h, each, -2, 2), 0, &f->type));
assert_int_equal(n->attr[0], 2);
const struct vm_type row = HOST_TYPE(true, f->D);
assert_true(vm_type_equal(&f->h.g.node[n->arg[1]].type, &row));
}

TEST(rows_of_one_number_stay)
const struct ir_node *n = dot_with(
    f, ir_expand_axes(host_here(&f->h), host_reals(&f->h, HOST_TYPE(true, f->T), -2, 2), 1, &f->type));
assert_int_equal(n->attr[0], 3);
assert_int_equal(f->h.g.node[n->arg[1]].op, OP_expand);
}

TEST(reshaped_and_back)
struct vm_type flat = HOST_TYPE(true, vm_dim_times(&f->h.module->dims, f->T, f->D));
ir_id r = ir_reshape(host_here(&f->h), f->x, &flat);
assert_true(is_x(f, optimised(f, ir_reshape(host_here(&f->h), r, &f->type))));
}

TEST(repeated_rows_change_their_shape_first)
struct vm_type wide = HOST_TYPE(true, f->T, f->D, f->K),
               joined = HOST_TYPE(true, f->T, vm_dim_times(&f->h.module->dims, f->D, f->K));
ir_id row = host_reals(&f->h, HOST_TYPE(false, joined.dim[1]), -2, 2),
      rows = ir_expand_axes(host_here(&f->h), row, 2, &joined);
const struct ir_node *n = optimised(f, ir_reshape(host_here(&f->h), rows, &wide));
assert_int_equal(n->op, OP_expand);
assert_int_equal(n->attr[0], 6);
assert_int_equal(f->h.g.node[n->arg[0]].op, OP_reshape);
}

TEST(repeated_columns_need_no_other_shape)
struct vm_type wide = HOST_TYPE(true, f->T, f->D, f->K),
               joined = HOST_TYPE(true, f->T, vm_dim_times(&f->h.module->dims, f->D, f->K));
ir_id column = host_reals(&f->h, HOST_TYPE(true, f->T), -2, 2),
      columns = ir_expand_axes(host_here(&f->h), column, 1, &joined);
const struct ir_node *n = optimised(f, ir_reshape(host_here(&f->h), columns, &wide));
assert_int_equal(n->op, OP_expand);
assert_int_equal(n->attr[0], 1);
assert_int_equal(f->h.g.node[n->arg[0]].op, OP_input);
}

TEST(what_is_repeated_within_other_axes_stays)
struct vm_type from = HOST_TYPE(true, f->D, f->T, f->K), to = HOST_TYPE(true, f->K, f->T, f->D);
ir_id part = host_reals(&f->h, HOST_TYPE(true, f->T, f->K), -2, 2),
      a = ir_expand_axes(host_here(&f->h), part, 6, &from);
assert_int_equal(optimised(f, ir_reshape(host_here(&f->h), a, &to))->op, OP_reshape);
}

TEST(repetition_comes_last)
const struct ir_node *n = optimised(f, one(f, OP_exp, ir_expand(host_here(&f->h), f->b, &f->type)));
assert_int_equal(n->op, OP_expand);
assert_int_equal(f->h.g.node[n->arg[0]].op, OP_exp);
assert_int_equal(f->h.g.node[n->arg[0]].type.rank, 1);
}

TEST(two_repetitions_are_one)
struct vm_type middle = HOST_TYPE(true, f->T, f->D), large = HOST_TYPE(true, f->T, f->K, f->D);
ir_id e = ir_expand(host_here(&f->h), ir_expand(host_here(&f->h), f->b, &middle), &large);
const struct ir_node *n = optimised(f, e);
assert_int_equal(n->op, OP_expand);
assert_int_equal(n->attr[0], 4);
assert_int_equal(f->h.g.node[n->arg[0]].op, OP_param);
}

TEST(the_sum_of_a_repetition)
ir_id sum = ir_sum(host_here(&f->h), ir_expand(host_here(&f->h), f->b, &f->type), 2, false);
const struct ir_node *n = optimised(f, sum);
assert_int_equal(n->op, OP_mul); /* b times the rows of the batch */
const struct ir_node *count = &f->h.g.node[n->arg[1]];
assert_int_equal(f->h.g.node[count->op == OP_expand ? count->arg[0] : n->arg[0]].op, OP_rows);
}

TEST(the_same_twice_is_one)
ir_id a = two(f, OP_add, f->x, f->b), c = two(f, OP_add, f->b, f->x);
const struct ir_node *n = optimised(f, two(f, OP_sub, one(f, OP_exp, a), one(f, OP_exp, c)));
assert_int_equal(n->arg[0], n->arg[1]);
}

TEST(random_numbers_are_never_one)
ir_id a = ir_add(host_here(&f->h), (struct ir_op){OP_gumbel, .type = &f->type});
ir_id c = ir_add(host_here(&f->h), (struct ir_op){OP_gumbel, .type = &f->type});
const struct ir_node *n = optimised(f, two(f, OP_sub, a, c));
assert_int_not_equal(n->arg[0], n->arg[1]);
}

TEST(what_nobody_needs_goes)
for (int k = 0; k < 100; k++) one(f, OP_exp, f->x);
optimised(f, one(f, OP_tanh, f->x));
assert_int_equal(f->h.g.count, 3); /* none, x, tanh */
}

/* ---- random programs ---- */

enum { NODES = 60, KEPT = 4, PROGRAMS = 1000 };

/* A random graph of lane ops over leaves of all shapes below [T, D], and what each node is at each element.
 */
struct random_program {
  ir_id node[NODES];
  double *value[NODES];
  int count;
  size_t rows, columns;
};

static void add_leaf(struct fixture *f, struct random_program *p, struct vm_type type) {
  ir_id id = host_reals(&f->h, type, -2, 2);
  const double *data = f->h.leaf[f->h.leaf_count - 1].data;
  bool has_row = false, has_column = false;
  for (int a = 0; a < type.rank; a++) {
    has_row = has_row || type.dim[a] == f->T;
    has_column = has_column || type.dim[a] == f->D;
  }
  p->value[p->count] = rt_zalloc(p->rows * p->columns, sizeof(double));
  size_t row = 0;
  for (int64_t e = 0; e < f->h.examples; e++)
    for (int64_t t = 0; t < host_size(&f->h, f->T, e); t++, row++)
      for (size_t c = 0; c < p->columns; c++) {
        size_t at = has_row ? row : type.batched ? (size_t)e : 0;
        p->value[p->count][row * p->columns + c] = data[has_column ? at * p->columns + c : at];
      }
  p->node[p->count++] = ir_expand(host_here(&f->h), id, &f->type);
}

static void add_node(struct fixture *f, struct random_program *p) {
  static const enum rt_op ops[] = {OP_neg, OP_abs,   OP_sign,   OP_square, OP_relu, OP_tanh, OP_sigmoid,
                                   OP_exp, OP_floor, OP_not,    OP_add,    OP_sub,  OP_mul,  OP_min,
                                   OP_max, OP_lt,    OP_le,     OP_eq,     OP_ne,   OP_and,  OP_or,
                                   OP_div, OP_pow,   OP_select, OP_neg,    OP_neg,  OP_add,  OP_sub,
                                   OP_mul, OP_mul}; /* the rules are mostly about these */
  enum rt_op op = ops[host_below(&f->h, (int64_t)RT_COUNT(ops))];
  int arity = rt_op_info[op].arity, from[3] = {0};
  ir_id arg[3];
  for (int k = 0; k < arity; k++) {
    from[k] = (int)host_below(&f->h, 3) ? p->count - 1 - (int)host_below(&f->h, p->count < 8 ? p->count : 8)
                                        : (int)host_below(&f->h, p->count);
    arg[k] = p->node[from[k]];
  }
  size_t n = p->rows * p->columns;
  double *value = rt_zalloc(n, sizeof *value);
  for (size_t k = 0; k < n; k++)
    value[k] = ir_fold(op, p->value[from[0]][k], p->value[from[1]][k], p->value[from[2]][k]);
  p->value[p->count] = value;
  p->node[p->count++] = ir_add(host_here(&f->h), (struct ir_op){op, arity, .arg = arg});
}

static void add_number(struct fixture *f, struct random_program *p) {
  static const double numbers[] = {0, 1, -1, 2, 0.5, 3};
  double value = numbers[host_below(&f->h, (int64_t)RT_COUNT(numbers))];
  p->value[p->count] = rt_zalloc(p->rows * p->columns, sizeof(double));
  for (size_t k = 0; k < p->rows * p->columns; k++) p->value[p->count][k] = value;
  p->node[p->count++] = number(f, value);
}

static void check_program(uint64_t seed) {
  struct fixture f = {0};
  struct random_program p = {0};
  host_init(&f.h, seed, 1 + (int64_t)(seed % 3));
  f.T = host_ragged(&f.h, "T", 0, 4);
  f.D = host_dim(&f.h, "D", 1 + (int64_t)(seed % 5));
  f.type = HOST_TYPE(true, f.T, f.D);
  p.columns = (size_t)host_size(&f.h, f.D, 0);
  p.rows = host_count(&f.h, &f.type) / p.columns;
  add_leaf(&f, &p, f.type);
  add_leaf(&f, &p, HOST_TYPE(false, f.D));
  add_leaf(&f, &p, HOST_TYPE(true, f.D));
  add_leaf(&f, &p, HOST_TYPE(true, f.T));
  add_leaf(&f, &p, (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM});
  add_leaf(&f, &p, (struct vm_type){.dtype = RT_REAL, .batched = 1, .of = VM_NO_DIM});
  for (int k = 0; k < 6; k++) add_number(&f, &p);
  while (p.count < NODES) add_node(&f, &p);
  ir_id output[KEPT];
  int kept[KEPT];
  const char *name[KEPT] = {"a", "b", "c", "d"};
  for (int k = 0; k < KEPT; k++) {
    kept[k] = k == 0 ? NODES - 1 : (int)host_below(&f.h, NODES);
    output[k] = p.node[kept[k]];
  }
  assert_int_equal(f.h.error.code, 0);
  host_compile(&f.h, &(struct ir_outputs){.count = KEPT, .id = output, .name = name, .training = true});
  host_run(&f.h);
  for (int k = 0; k < KEPT; k++) {
    struct rt_tensor t = vm_machine_output(f.h.machine, (uint32_t)k);
    assert_int_equal(t.shape->count, p.rows * p.columns);
    for (size_t n = 0; n < p.rows * p.columns; n++) {
      double want = p.value[kept[k]][n], got = ((const double *)t.data)[n];
      if (!(want == got || (isnan(want) && isnan(got)) || fabs(want - got) <= 1e-9 * fmax(1, fabs(want))))
        fail_msg("program %d, node %d, element %zu: %.17g instead of %.17g", (int)seed, kept[k], n, got,
                 want);
    }
  }
  for (int k = 0; k < p.count; k++) rt_free(p.value[k]);
  host_free(&f.h);
}

static void random_programs_mean_the_same(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= PROGRAMS; seed++) check_program(seed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(adding_nothing),
      CASE(times_one),
      CASE(twice_negated),
      CASE(minus_one_times),
      CASE(a_square),
      CASE(times_itself),
      CASE(a_root),
      CASE(plus_minus),
      CASE(a_known_choice),
      CASE(zero_times_x_stays),
      CASE(a_third_stays_a_division),
      CASE(a_third_of_a_product_is_a_product),
      CASE(halves_are_exact),
      CASE(two_halves_with_zeros_are_one_behind_the_other),
      CASE(the_same_half_twice_is_added),
      CASE(numbers_are_computed),
      CASE(a_kept_conjunction_of_truth),
      CASE(two_transposes),
      CASE(reshaped_and_back),
      CASE(repetition_comes_last),
      CASE(repeated_rows_change_their_shape_first),
      CASE(repeated_columns_need_no_other_shape),
      CASE(what_is_repeated_within_other_axes_stays),
      CASE(what_is_repeated_is_read_once),
      CASE(one_number_is_a_row_of_it),
      CASE(numbers_of_examples_become_rows),
      CASE(rows_of_one_number_stay),
      CASE(two_repetitions_are_one),
      CASE(the_sum_of_a_repetition),
      CASE(the_same_twice_is_one),
      CASE(random_numbers_are_never_one),
      CASE(what_nobody_needs_goes),
      cmocka_unit_test(random_programs_mean_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
