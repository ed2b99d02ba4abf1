/* test_ir.c: building graphs: shapes of the shorthands, and what is said when shapes do not fit. */
#include "tests/unit/graphs.h"

static const char program[] = "y = x + w\nz = x @ w\n";

struct fixture {
  struct host h;
  struct gr_source *source;
  vm_dim T, D, K;
};

static int setup(void **state) {
  struct fixture *f = rt_zalloc(1, sizeof *f);
  assert_non_null(f);
  host_init(&f->h, 3, 2);
  f->source = gr_source_new("test.aq", program, strlen(program), &f->h.error);
  assert_non_null(f->source);
  f->T = host_ragged(&f->h, "T", 1, 4);
  f->D = host_dim(&f->h, "D", 64);
  f->K = host_dim(&f->h, "K", 64);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  host_free(&f->h);
  gr_source_free(f->source);
  rt_free(f);
  return 0;
}

static struct gr_span span(const struct fixture *f, uint32_t begin, uint32_t end) {
  return (struct gr_span){f->source, begin, end};
}

static ir_id leaf(struct fixture *f, struct vm_type type, struct gr_span at) {
  ir_id id = host_reals(&f->h, type, -1, 1);
  f->h.g.node[id].span = at;
  return id;
}

/* Ops for these columns of the first program. */
static struct ir_at at(struct fixture *f, uint32_t begin, uint32_t end) {
  return (struct ir_at){&f->h.g, span(f, begin, end), &f->h.error};
}

static void expect_type(struct fixture *f, ir_id id, const char *expected) {
  struct rt_text t = {0};
  assert_int_not_equal(id, 0);
  vm_type_print(&f->h.module->dims, &f->h.g.node[id].type, &t);
  assert_string_equal(t.data, expected);
  rt_text_free(&t);
}

static void operands_meet_in_the_larger_shape(void **state) {
  struct fixture *f = *state;
  struct ir_graph *g = &f->h.g;
  ir_id x = leaf(f, HOST_TYPE(true, f->T, f->D), span(f, 4, 5)),
        b = leaf(f, HOST_TYPE(false, f->D), span(f, 8, 9));
  ir_id y = ir_binary(at(f, 4, 9), OP_add, b, x);
  expect_type(f, y, "[T, D]");
  assert_true(g->node[y].type.batched);
  const struct ir_node *e = &g->node[g->node[y].arg[0]];
  assert_int_equal(e->op, OP_expand);
  assert_int_equal(e->attr[0], 2); /* b has axis 1 of the result */
  ir_id number = ir_constant(at(f, 8, 9), 2, NULL);
  expect_type(f, ir_binary(at(f, 4, 9), OP_mul, x, number), "[T, D]");
  ir_id c = leaf(f, HOST_TYPE(true, f->T), span(f, 4, 5));
  ir_id s = ir_select(at(f, 4, 9), c, b, x);
  expect_type(f, s, "[T, D]");
  assert_int_equal(f->h.error.code, 0);
}

static void shapes_that_do_not_meet_are_shown(void **state) {
  struct fixture *f = *state;
  ir_id x = leaf(f, HOST_TYPE(true, f->T, f->D), span(f, 4, 5)),
        w = leaf(f, HOST_TYPE(false, f->K), span(f, 8, 9));
  assert_int_equal(ir_binary(at(f, 4, 9), OP_add, x, w), 0);
  assert_int_equal(f->h.error.code, RT_BAD_DATA);
  assert_int_equal(f->h.error.line, 1);
  assert_int_equal(f->h.error.column, 5);
  assert_string_equal(f->h.error.text, "[T, D] and [K] do not go together element by element: one must have "
                                       "all axes of the other, in the same order");
  assert_non_null(strstr(f->h.error.excerpt, "this is [K]"));
}

static void equal_numbers_under_two_names_get_a_hint(void **state) {
  struct fixture *f = *state;
  ir_id x = leaf(f, HOST_TYPE(true, f->T, f->D), span(f, 14, 15)),
        w = leaf(f, HOST_TYPE(false, f->K, f->K), span(f, 18, 19));
  assert_int_equal(ir_add(at(f, 14, 19), (struct ir_op){OP_project, 2, .arg = (ir_id[]){x, w}, .attr = {0}}),
                   0);
  assert_string_equal(f->h.error.text, "`@` of [T, D] and [K, K]: the first axis of the right side must "
                                       "match the last axis of the left side: K is "
                                       "not D");
  assert_string_equal(f->h.error.hint, "K and D are both 64 now, but dims are the same only when they have "
                                       "the same name: use one of the names in both places");
  assert_int_equal(f->h.error.line, 2);
}

static void a_repetition_that_is_not_clear_is_refused(void **state) {
  struct fixture *f = *state;
  ir_id a = leaf(f, HOST_TYPE(false, f->D), span(f, 4, 5));
  struct vm_type square = HOST_TYPE(false, f->D, f->D), other = HOST_TYPE(false, f->K);
  assert_int_equal(ir_expand(at(f, 4, 5), a, &square), 0);
  assert_string_equal(f->h.error.text, "[D] can be repeated to [D, D] in more than one way");
  rt_error_clear(&f->h.error);
  assert_int_equal(ir_expand(at(f, 4, 5), a, &other), 0);
  assert_string_equal(
      f->h.error.text,
      "[D] cannot be repeated to [K]: its axes must be among those of [K], in the same order");
  rt_error_clear(&f->h.error);
  ir_id rows = ir_expand_axes(at(f, 4, 5), a, 1, &square);
  expect_type(f, rows, "[D, D]");
}

static void failures_pass_through(void **state) {
  struct fixture *f = *state;
  struct ir_graph *g = &f->h.g;
  struct gr_span none = {0};
  ir_id x = leaf(f, HOST_TYPE(true, f->T, f->D), none);
  uint32_t before = g->count;
  assert_int_equal(ir_unary(host_here(&f->h), OP_exp, 0), 0);
  assert_int_equal(ir_binary(host_here(&f->h), OP_add, x, 0), 0);
  assert_int_equal(ir_select(host_here(&f->h), 0, x, x), 0);
  assert_int_equal(ir_sum(host_here(&f->h), 0, 0, true), 0);
  assert_int_equal(f->h.error.code, 0);
  assert_int_equal(g->count, before);
}

static void sums_keep_what_the_mask_says(void **state) {
  struct fixture *f = *state;
  struct ir_graph *g = &f->h.g;
  struct gr_span none = {0};
  ir_id x = leaf(f, HOST_TYPE(true, f->T, f->D), none);
  expect_type(f, ir_sum(host_here(&f->h), x, 2, true), "[D]");
  ir_id total = ir_sum(host_here(&f->h), x, 2, false);
  assert_false(g->node[total].type.batched);
  assert_int_equal(ir_sum(host_here(&f->h), x, 3, true), x);
}

static void known_sizes_are_numbers(void **state) {
  struct fixture *f = *state;
  struct ir_graph *g = &f->h.g;
  ir_id d = ir_size(host_here(&f->h), f->D), t = ir_size(host_here(&f->h), f->T);
  assert_int_equal(g->node[d].op, OP_constant);
  assert_true(g->node[d].real == 64);
  assert_int_equal(g->node[t].op, OP_size);
  assert_true(g->node[t].type.batched);
}

static void the_gradient_reaches_what_depends(void **state) {
  struct fixture *f = *state;
  struct ir_graph *g = &f->h.g;
  struct gr_span none = {0};
  ir_id x = leaf(f, HOST_TYPE(true, f->T, f->D), none), b = leaf(f, HOST_TYPE(false, f->D), none),
        unused = leaf(f, HOST_TYPE(false, f->D), none);
  ir_id stopped = leaf(f, HOST_TYPE(true, f->T, f->D), none);
  ir_id y = ir_binary(host_here(&f->h), OP_mul, ir_binary(host_here(&f->h), OP_add, x, b),
                      ir_unary(host_here(&f->h), OP_stop, stopped));
  ir_id loss = ir_sum(host_here(&f->h), y, 0, false), grad[4];
  const ir_id wrt[4] = {x, b, unused, stopped};
  assert_int_equal(ir_gradient(g, (struct ir_derivative){loss, 0, 4, wrt, grad}, &f->h.error), RT_OK);
  assert_true(vm_type_equal(&g->node[grad[0]].type, &g->node[x].type));
  assert_true(vm_type_equal(&g->node[grad[1]].type, &g->node[b].type));
  assert_int_equal(grad[2], 0);
  assert_int_equal(grad[3], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(operands_meet_in_the_larger_shape, setup, teardown),
      cmocka_unit_test_setup_teardown(shapes_that_do_not_meet_are_shown, setup, teardown),
      cmocka_unit_test_setup_teardown(equal_numbers_under_two_names_get_a_hint, setup, teardown),
      cmocka_unit_test_setup_teardown(a_repetition_that_is_not_clear_is_refused, setup, teardown),
      cmocka_unit_test_setup_teardown(failures_pass_through, setup, teardown),
      cmocka_unit_test_setup_teardown(sums_keep_what_the_mask_says, setup, teardown),
      cmocka_unit_test_setup_teardown(known_sizes_are_numbers, setup, teardown),
      cmocka_unit_test_setup_teardown(the_gradient_reaches_what_depends, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
