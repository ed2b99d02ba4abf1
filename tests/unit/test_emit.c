/* test_emit.c: what the emitter makes: programs fused, memory shared, gradients of tables as rows, nothing
 * dropped outside of training; and that how much is fused never changes what comes out. Everything made here
 * passes the verifier (graphs.h). */
#include "tests/unit/graphs.h"
#include "tests/unit/rationed_memory.h"

#include <stdlib.h>

static const char *const names[16] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                      "i", "j", "k", "l", "m", "n", "o", "p"};

static const struct vm_function *function_of(struct host *h) {
  return vm_module_function(h->module, "train");
}

static int count_op(const struct vm_function *f, enum rt_op op) {
  int count = 0;
  for (uint32_t n = 0; n < f->instr_count; n++) count += f->instr[n].op == op;
  return count;
}

static void compile_one(struct host *h, ir_id output, bool training) {
  host_compile(h, &(struct ir_outputs){.count = 1, .id = &output, .name = names, .training = training});
}

static void a_chain_is_one_program(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3);
  ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1), b = host_reals(&h, HOST_TYPE(false, D), -1, 1);
  ir_id y = ir_binary(host_here(&h), OP_add, x, b);
  y = ir_binary(host_here(&h), OP_mul, ir_unary(host_here(&h), OP_tanh, y),
                ir_constant(host_here(&h), 0.3, NULL));
  y = ir_binary(host_here(&h), OP_mul, y, ir_size(host_here(&h), T));
  compile_one(&h, y, true);
  const struct vm_function *f = function_of(&h);
  assert_int_equal(count_op(f, OP_lanes), 1);
  assert_int_equal(count_op(f, OP_size), 1);
  assert_int_equal(f->instr_count, 2); /* no repetition, no constant in memory */
  const struct lane_program *p = &h.module->lanes[0];
  assert_int_equal(p->input_count, 3);
  for (int k = 0; k < 3; k++) {
    const struct vm_type *t = &f->value[f->instr[1].in[k]].type;
    assert_int_equal(p->input_axes[k], t->rank == 2 ? 3 : t->rank == 1 ? 2 : 0);
    assert_int_equal(p->input_class[k], t->rank == 2 ? LANE_I | LANE_J : t->rank == 1 ? LANE_J : LANE_I);
  }
  host_free(&h);
}

static void a_shared_step_is_written_once(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3);
  ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1), e = ir_unary(host_here(&h), OP_exp, x);
  ir_id y = ir_binary(host_here(&h), OP_add, e, x);
  ir_id output[2] = {y, ir_sum(host_here(&h), e, 1, true)};
  host_compile(&h, &(struct ir_outputs){.count = 2, .id = output, .name = names, .training = true});
  const struct vm_function *f = function_of(&h);
  assert_int_equal(count_op(f, OP_lanes), 1);
  assert_int_equal(f->instr[0].out_count, 2);
  int exps = 0;
  for (int k = 0; k < h.module->lanes[0].instr_count; k++) exps += h.module->lanes[0].instr[k].op == LANE_exp;
  assert_int_equal(exps, 1);
  host_free(&h);
}

static void memory_does_not_grow_with_depth(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3);
  ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1);
  for (int layer = 0; layer < 20; layer++) {
    ir_id w = host_reals(&h, HOST_TYPE(false, D, D), -1, 1);
    x = ir_add(host_here(&h), (struct ir_op){OP_project, 2, .arg = (ir_id[]){x, w}, .attr = {0}});
    x = ir_unary(host_here(&h), OP_tanh, x);
  }
  compile_one(&h, x, true);
  assert_int_equal(function_of(&h)->instr_count, 40);
  assert_in_range(function_of(&h)->slot_count, 1, 2);
  host_run(&h);
  host_free(&h);
}

static void a_program_writes_over_what_dies(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3);
  ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1);
  ir_id s = ir_add(host_here(&h), (struct ir_op){OP_softmax, 1, .arg = &x});
  compile_one(&h, ir_unary(host_here(&h), OP_exp, s), true);
  assert_int_equal(function_of(&h)->slot_count, 1);
  host_free(&h);
}

static void nothing_is_dropped_outside_of_training(void **state) {
  (void)state;
  for (int training = 0; training < 2; training++) {
    struct host h;
    host_init(&h, 1, 2);
    struct vm_type type = HOST_TYPE(true, host_ragged(&h, "T", 1, 4), host_dim(&h, "D", 3));
    ir_id x = host_reals(&h, type, -1, 1),
          drop = ir_add(host_here(&h), (struct ir_op){OP_bernoulli, .real = 0.5, .type = &type});
    compile_one(&h, ir_unary(host_here(&h), OP_exp, ir_binary(host_here(&h), OP_mul, x, drop)), training);
    assert_int_equal(count_op(function_of(&h), OP_bernoulli), training);
    host_run(&h);
    const double *y = vm_machine_output(h.machine, 0).data, *in = h.leaf[0].data;
    for (size_t k = 0; k < h.leaf[0].count && !training; k++) assert_true(fabs(y[k] - exp(in[k])) < 1e-12);
    host_free(&h);
  }
}

static void a_table_receives_rows(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3), V = host_dim(&h, "V", 5);
  ir_id table = host_reals(&h, HOST_TYPE(false, V, D), -1, 1), w = host_reals(&h, HOST_TYPE(false, D), -1, 1);
  ir_id ids = host_ids(&h, HOST_TYPE(true, T), V);
  ir_id y = ir_add(host_here(&h), (struct ir_op){OP_gather, 2, .arg = (ir_id[]){table, ids}});
  ir_id loss = ir_sum(host_here(&h), ir_binary(host_here(&h), OP_mul, y, w), 0, false), grad[2];
  assert_int_equal(ir_gradient(&h.g, (struct ir_derivative){loss, 0, 2, (ir_id[]){table, w}, grad}, &h.error),
                   RT_OK);
  const uint32_t param[2] = {0, 1};
  host_compile(&h, &(struct ir_outputs){.count = 1,
                                        .id = &loss,
                                        .name = names,
                                        .gradient_count = 2,
                                        .gradient = grad,
                                        .param = param,
                                        .training = true});
  const struct vm_function *f = function_of(&h);
  assert_int_equal(f->gradient_count, 2);
  assert_int_equal(count_op(f, OP_scatter), 0);
  assert_int_equal(f->gradient[0].param, 0);
  assert_int_equal(f->value[f->gradient[0].ids].place, VM_IN_INPUT);
  assert_int_equal(f->value[f->gradient[0].value].type.rank, 2);
  assert_int_equal(f->gradient[1].ids, UINT32_MAX);
  host_run(&h);
  const double *row = vm_machine_value(h.machine, f->gradient[0].value).data, *weight = h.leaf[1].data;
  for (size_t k = 0; k < h.leaf[2].count * 3; k++) assert_true(row[k] == weight[k % 3]);
  host_free(&h);
}

static void a_parameter_without_influence_is_left_out(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim D = host_dim(&h, "D", 3);
  ir_id w = host_reals(&h, HOST_TYPE(false, D), -1, 1), other = host_reals(&h, HOST_TYPE(false, D), -1, 1),
        grad[2];
  ir_id loss = ir_sum(host_here(&h), ir_unary(host_here(&h), OP_exp, w), 0, false);
  assert_int_equal(ir_gradient(&h.g, (struct ir_derivative){loss, 0, 2, (ir_id[]){other, w}, grad}, &h.error),
                   RT_OK);
  const uint32_t param[2] = {1, 0};
  host_compile(&h, &(struct ir_outputs){.count = 1,
                                        .id = &loss,
                                        .name = names,
                                        .gradient_count = 2,
                                        .gradient = grad,
                                        .param = param,
                                        .training = true});
  assert_int_equal(function_of(&h)->gradient_count, 1);
  assert_int_equal(function_of(&h)->gradient[0].param, 0);
  host_free(&h);
}

/* Forward and gradient of a head must use one plan: it decides which numbers are drawn. */
static void a_head_and_its_gradient_have_one_plan(void **state) {
  (void)state;
  struct host h;
  int64_t plan;
  host_init(&h, 1, 2);
  struct ir_head *head = ir_add_head(&h.g, "m.read", &plan);
  head->softmax = true;
  head->query = head->out = (struct attend_operand){2, {ATTEND_I, ATTEND_FEATURE}};
  head->key = head->value = (struct attend_operand){2, {ATTEND_J, ATTEND_FEATURE}};
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3);
  ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1), grad;
  ir_id y = ir_add(host_here(&h), (struct ir_op){OP_attention, 3, .arg = (ir_id[]){x, x, x}, .attr = {plan}});
  ir_id loss = ir_sum(host_here(&h), y, 0, false);
  assert_int_equal(ir_gradient(&h.g, (struct ir_derivative){loss, 0, 1, &x, &grad}, &h.error), RT_OK);
  ir_id output[2] = {loss, grad};
  host_compile(&h, &(struct ir_outputs){.count = 2, .id = output, .name = names, .training = true});
  assert_int_equal(h.module->attend_count, 1);
  assert_string_equal(h.module->head_name[0], "m.read");
  assert_int_equal(
      ir_emit(&h.g, &(struct ir_outputs){.count = 1, .id = &y, .name = names}, "predict", h.module, &h.error),
      RT_OK);
  assert_int_equal(vm_verify(h.module, &h.error), RT_OK);
  assert_int_equal(h.module->attend_count, 1); /* the same again: nothing in it is about training */
  assert_int_equal(vm_module_function(h.module, "predict")->instr_count, 1);
  host_free(&h);
}

static const struct vm_instr *instr_of(const struct vm_function *f, enum rt_op op) {
  for (uint32_t n = 0; n < f->instr_count; n++)
    if (f->instr[n].op == op) return &f->instr[n];
  return NULL;
}

/* The gradient of a sum over the queries is never repeated in memory, and that of the queries takes the place
 * of the result that was summed. */
static void the_gradient_of_a_head_lies_over_its_result(void **state) {
  (void)state;
  for (int mean = 0; mean < 2; mean++) {
    struct host h;
    int64_t plan;
    host_init(&h, 1, 2);
    struct ir_head *head = ir_add_head(&h.g, "m.read", &plan);
    head->softmax = true;
    head->query = head->out = (struct attend_operand){2, {ATTEND_I, ATTEND_FEATURE}};
    head->key = head->value = (struct attend_operand){2, {ATTEND_J, ATTEND_FEATURE}};
    vm_dim T = host_ragged(&h, "T", 1, 4), S = host_ragged(&h, "S", 1, 4), D = host_dim(&h, "D", 3);
    ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1), m = host_reals(&h, HOST_TYPE(true, S, D), -1, 1),
          grad;
    ir_id y =
        ir_add(host_here(&h), (struct ir_op){OP_attention, 3, .arg = (ir_id[]){x, m, m}, .attr = {plan}});
    ir_id sum = ir_sum(host_here(&h), y, 2, true);
    if (mean) sum = ir_binary(host_here(&h), OP_div, sum, ir_size(host_here(&h), T));
    ir_id loss = ir_sum(host_here(&h), sum, 0, false);
    assert_int_equal(ir_gradient(&h.g, (struct ir_derivative){loss, 0, 1, &x, &grad}, &h.error), RT_OK);
    ir_id output[2] = {loss, grad};
    host_compile(&h, &(struct ir_outputs){.count = 2, .id = output, .name = names, .training = true});
    const struct vm_function *f = &h.module->function[0];
    const struct vm_instr *forward = instr_of(f, OP_attention), *dot = instr_of(f, OP_dot),
                          *backward = instr_of(f, OP_attention_grad);
    assert_true(forward && dot && backward);
    assert_int_equal(backward->attr[1], 2);
    assert_int_equal(dot->attr[0], 2);
    assert_int_equal(f->value[backward->in[5]].type.rank, 1);
    assert_false(f->value[backward->in[5]].type.batched); /* 1 for each query: see equal_queries.c */
    assert_int_equal(f->value[backward->out[0]].index, f->value[forward->out[0]].index);
    host_free(&h);
  }
}

/* gelu and its gradient: of its four intermediate values only the expensive one and the result are kept. */
static void cheap_values_are_computed_again(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3);
  ir_id x = host_reals(&h, HOST_TYPE(true, T, D), -1, 1), w = host_reals(&h, HOST_TYPE(false, D, D), -1, 1),
        grad;
  ir_id v = host_reals(&h, HOST_TYPE(false, D, D), -1, 1), b = host_reals(&h, HOST_TYPE(false, D), -1, 1);
  ir_id half = ir_constant(host_here(&h), 0.5, NULL), one = ir_constant(host_here(&h), 1, NULL);
  ir_id a = ir_add(host_here(&h), (struct ir_op){OP_project, 2, .arg = (ir_id[]){x, w}, .attr = {0}});
  a = ir_binary(host_here(&h), OP_add, a, b);
  ir_id e = ir_unary(host_here(&h), OP_erf,
                     ir_binary(host_here(&h), OP_mul, a, ir_constant(host_here(&h), 0.7, NULL)));
  ir_id y = ir_binary(host_here(&h), OP_mul, ir_binary(host_here(&h), OP_mul, a, half),
                      ir_binary(host_here(&h), OP_add, e, one));
  y = ir_add(host_here(&h), (struct ir_op){OP_project, 2, .arg = (ir_id[]){y, v}, .attr = {0}});
  ir_id loss = ir_sum(host_here(&h), ir_unary(host_here(&h), OP_tanh, y), 0, false);
  assert_int_equal(ir_gradient(&h.g, (struct ir_derivative){loss, 0, 1, &w, &grad}, &h.error), RT_OK);
  ir_id output[2] = {loss, grad};
  host_compile(&h, &(struct ir_outputs){.count = 2, .id = output, .name = names, .training = true});
  const struct vm_function *f = function_of(&h);
  assert_int_equal(f->instr[1].op, OP_lanes);
  assert_int_equal(f->instr[1].out_count, 2);
  int erfs = 0;
  for (uint32_t p = 0; p < h.module->lanes_count; p++)
    for (int k = 0; k < h.module->lanes[p].instr_count; k++)
      erfs += h.module->lanes[p].instr[k].op == LANE_erf;
  assert_int_equal(erfs, 1);
  host_free(&h);
}

/* A sum of products per group and of something else, in random order. */
static void check_sum_of_products(uint64_t seed) {
  struct host h;
  host_init(&h, seed, 1 + (int64_t)(seed % 3));
  vm_dim T = host_ragged(&h, "T", 0, 5), G = host_dim(&h, "G", 2), D = host_dim(&h, "D", 3),
         K = host_dim(&h, "K", 1 + (int64_t)(seed % 4));
  struct vm_type type = HOST_TYPE(true, T, G, D), y = HOST_TYPE(true, T, G, K), w = HOST_TYPE(false, D, G, K);
  size_t count = host_count(&h, &type), columns = host_count(&h, &w) / 6;
  double *want = rt_zalloc(count + 1, sizeof *want);
  ir_id sum = 0;
  int products = 2 + (int)host_below(&h, 4), odd = (int)host_below(&h, products + 1);
  for (int k = 0; k <= products; k++) {
    ir_id term = host_reals(&h, k == odd ? type : y, -1, 1);
    const double *a = h.leaf[h.leaf_count - 1].data;
    for (size_t i = 0; k == odd && i < count; i++) want[i] += a[i];
    if (k != odd) {
      term = ir_add(
          host_here(&h),
          (struct ir_op){OP_project_back, 2, .arg = (ir_id[]){term, host_reals(&h, w, -1, 1)}, .attr = {1}});
      const double *b = h.leaf[h.leaf_count - 1].data; /* [D, G, K] */
      for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < columns; n++)
          want[i] += a[i / 3 * columns + n] * b[(i % 3 * 2 + i / 3 % 2) * columns + n];
    }
    bool turned = host_below(&h, 2);
    sum = sum ? ir_binary(host_here(&h), OP_add, turned ? term : sum, turned ? sum : term) : term;
  }
  compile_one(&h, sum, true);
  host_run(&h);
  assert_int_equal(count_op(function_of(&h), OP_project_back), products);
  struct rt_tensor t = vm_machine_output(h.machine, 0);
  for (size_t i = 0; i < count; i++) assert_true(fabs(((const double *)t.data)[i] - want[i]) < 1e-12);
  rt_free(want);
  host_free(&h);
}

static void products_add_up(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 100; seed++) check_sum_of_products(seed);
}

static void equal_programs_are_one(void **state) {
  (void)state;
  struct host h;
  host_init(&h, 1, 2);
  vm_dim T = host_ragged(&h, "T", 1, 4), D = host_dim(&h, "D", 3), K = host_dim(&h, "K", 2);
  ir_id output[3];
  for (int k = 0; k < 3; k++)
    output[k] = ir_unary(host_here(&h), k < 2 ? OP_exp : OP_tanh,
                         host_reals(&h, HOST_TYPE(true, T, k ? K : D), -1, 1));
  host_compile(&h, &(struct ir_outputs){.count = 3, .id = output, .name = names, .training = true});
  assert_int_equal(count_op(function_of(&h), OP_lanes), 3);
  assert_int_equal(h.module->lanes_count, 2);
  host_free(&h);
}

static void instructions_know_their_line(void **state) {
  (void)state;
  struct host h;
  const char text[] = "x = 1\n  y = exp(x)\n";
  host_init(&h, 1, 1);
  struct gr_source *source = gr_source_new("m.aq", text, strlen(text), &h.error);
  assert_non_null(source);
  ir_id x = host_reals(&h, HOST_TYPE(true, host_dim(&h, "D", 3)), -1, 1);
  struct ir_at at = {&h.g, {source, 12, 18}, &h.error};
  ir_id y = ir_add(at, (struct ir_op){OP_softmax, 1, .arg = &x});
  h.g.node[y].name = "m.y";
  compile_one(&h, y, true);
  const struct vm_line *line = &h.module->line[function_of(&h)->instr[0].line];
  assert_string_equal(line->file, "m.aq");
  assert_string_equal(line->text, "  y = exp(x)");
  assert_string_equal(line->name, "m.y");
  assert_int_equal(line->line, 2);
  assert_int_equal(line->column, 7);
  host_free(&h);
  gr_source_free(source);
}

/* ---- heads ---- */

/* A head with a programmed score, a table of words and a layer. */
static ir_id build_model(struct host *h, ir_id wrt[3]) {
  int64_t plan;
  struct ir_head *head = ir_add_head(&h->g, "m.read", &plan);
  head->softmax = true;
  head->query = head->out = (struct attend_operand){2, {ATTEND_I, ATTEND_FEATURE}};
  head->key = head->value = (struct attend_operand){2, {ATTEND_J, ATTEND_FEATURE}};
  head->extra_count = 1;
  head->extra = rt_arena_alloc(&h->g.arena, sizeof *head->extra);
  assert_non_null(head->extra);
  head->extra[0] = (struct attend_operand){0};
  struct ir_graph *slot = ir_slot_graph(&h->g, head, &head->score);
  struct ir_at at = {.g = slot, .error = &h->error};
  ir_id s = ir_leaf(at, IR_LEAF_S), slope = ir_leaf(at, 1);
  head->score.result[head->score.result_count++] = ir_binary(at, OP_mul, ir_unary(at, OP_tanh, s), slope);
  vm_dim T = host_ragged(h, "T", 1, 4), D = host_dim(h, "D", 3), V = host_dim(h, "V", 5);
  wrt[0] = host_reals(h, HOST_TYPE(false, V, D), -1, 1);
  wrt[1] = host_reals(h, HOST_TYPE(false, D, D), -1, 1);
  wrt[2] = host_reals(h, (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM}, -1, 1);
  ir_id ids = host_ids(h, HOST_TYPE(true, T), V);
  ir_id x = ir_add(host_here(h), (struct ir_op){OP_gather, 2, .arg = (ir_id[]){wrt[0], ids}});
  ir_id y = ir_add(host_here(h), (struct ir_op){OP_project, 2, .arg = (ir_id[]){x, wrt[1]}, .attr = {0}});
  y = ir_add(host_here(h), (struct ir_op){OP_attention, 4,
                                          .arg = (ir_id[]){ir_unary(host_here(h), OP_tanh, y), x, x, wrt[2]},
                                          .attr = {plan}});
  return ir_sum(host_here(h), ir_unary(host_here(h), OP_square, y), 0, false);
}

static int compile_model(struct host *h, ir_id loss, const ir_id wrt[3]) {
  ir_id grad[3];
  int status = ir_gradient(&h->g, (struct ir_derivative){loss, 0, 3, wrt, grad}, &h->error);
  if (status == RT_OK)
    status = ir_emit(&h->g,
                     &(struct ir_outputs){.count = 1,
                                          .id = &loss,
                                          .name = names,
                                          .gradient_count = 3,
                                          .gradient = grad,
                                          .param = (uint32_t[]){0, 1, 2},
                                          .training = true},
                     "train", h->module, &h->error);
  return status;
}

static int count_lane(const struct lane_program *p, int from, int end, int op) {
  int count = 0;
  for (int n = from; n < end; n++) count += p->instr[n].op == op;
  return count;
}

/* score_grad begins with the score and takes the tanh from there; i and j, which are only subtracted and
 * compared, become i - j. */
static void scores_are_shared_and_diagonal(void **state) {
  (void)state;
  struct host h;
  ir_id wrt[3];
  host_init(&h, 1, 2);
  ir_id loss = build_model(&h, wrt);
  struct ir_at at = {.g = h.g.head[0]->score.graph, .error = &h.error};
  ir_id i = ir_leaf(at, IR_LEAF_I), j = ir_leaf(at, IR_LEAF_J), *score = h.g.head[0]->score.result;
  ir_id gap = ir_unary(at, OP_abs, ir_binary(at, OP_sub, j, i));
  ir_id far = ir_binary(at, OP_add, gap, ir_binary(at, OP_le, j, i));
  *score = ir_binary(at, OP_sub, *score, far);
  assert_int_equal(compile_model(&h, loss, wrt), RT_OK);
  assert_int_equal(vm_verify(h.module, &h.error), RT_OK);
  const struct attend_plan *plan = NULL;
  for (uint32_t k = 0; k < h.module->attend_count; k++)
    if (h.module->attend[k].score_grad) plan = &h.module->attend[k];
  assert_non_null(plan);
  const struct lane_program *p = plan->score_grad;
  assert_int_equal(count_lane(p, 0, plan->score_end, LANE_tanh), 1);
  assert_int_equal(count_lane(p, plan->score_end, p->instr_count, LANE_tanh), 0);
  assert_int_equal(count_lane(p, 0, p->instr_count, LANE_offset), 1);
  assert_int_equal(count_lane(p, 0, p->instr_count, LANE_row) + count_lane(p, 0, p->instr_count, LANE_column),
                   0);
  for (int n = 0; n < p->instr_count; n++)
    if (p->instr[n].op == LANE_abs || p->instr[n].op == LANE_le)
      assert_int_equal(p->instr[n].out_class, LANE_D);
  host_free(&h);
}

/* ---- without memory ---- */

static struct ration memory;

static void every_allocation_may_fail(void **state) {
  (void)state;
  int status = RT_NO_MEMORY, refused = 0;
  for (int64_t allowed = 0; status != RT_OK; allowed++) {
    struct host h;
    ir_id wrt[3];
    host_init(&h, 1, 2);
    ir_id loss = build_model(&h, wrt);
    assert_int_not_equal(loss, 0);
    memory.left = allowed;
    rt_set_allocator(ration_resize, &memory);
    status = compile_model(&h, loss, wrt);
    rt_set_allocator(NULL, NULL);
    if (status != RT_OK) {
      assert_int_equal(status, RT_NO_MEMORY);
      assert_int_equal(h.error.code, RT_NO_MEMORY);
      refused++;
    } else
      assert_int_equal(vm_verify(h.module, &h.error), RT_OK);
    host_free(&h);
  }
  assert_true(refused > 50);
}

/* ---- random graphs of all kinds of ops ---- */

enum { NODES = 40, GRAPHS = 1000 };

static ir_id random_node(struct host *h, const ir_id *node, int count, const struct vm_type *type) {
  static const enum rt_op lanes[] = {OP_tanh, OP_neg, OP_square, OP_add, OP_sub, OP_mul, OP_max, OP_select};
  ir_id arg[3];
  for (int k = 0; k < 3; k++) arg[k] = node[count - 1 - host_below(h, count < 6 ? count : 6)];
  uint32_t keep = (uint32_t)host_below(h, 4);
  switch (host_below(h, 9)) {
    case 0: return ir_add(host_here(h), (struct ir_op){OP_softmax, 1, .arg = arg});
    case 1: return ir_add(host_here(h), (struct ir_op){OP_standardize, 1, .arg = arg, .real = 0.1});
    case 2:
      return ir_expand_axes(host_here(h),
                            ir_unary(host_here(h), OP_tanh, ir_sum(host_here(h), arg[0], keep, true)), keep,
                            type);
    case 3: {
      struct vm_type flat = *type;
      flat.rank = 1;
      flat.dim[0] = vm_dim_times(&h->module->dims, type->dim[0], type->dim[1]);
      ir_id r = ir_reshape(host_here(h), *arg, &flat);
      return ir_reshape(host_here(h), (ir_id[]){ir_unary(host_here(h), OP_tanh, r)}[0], type);
    }
    default: {
      enum rt_op op = lanes[host_below(h, (int64_t)RT_COUNT(lanes))];
      return ir_add(host_here(h), (struct ir_op){op, rt_op_info[op].arity, .arg = arg});
    }
  }
}

/* What the first leaf receives from the last node of the graph of a seed, with `more` of the nodes as outputs
 * as well: those must then be in memory. */
static double *first_gradient(uint64_t seed, int more, size_t *count) {
  struct host h;
  host_init(&h, seed, 1 + (int64_t)(seed % 3));
  struct vm_type type =
      HOST_TYPE(true, host_ragged(&h, "T", 0, 5), host_dim(&h, "D", 1 + (int64_t)(seed % 4)));
  ir_id node[NODES] = {host_reals(&h, type, -1, 1), host_reals(&h, type, -1, 1)}, output[16];
  for (int k = 2; k < NODES; k++) node[k] = random_node(&h, node, k, &type);
  ir_id loss = ir_sum(host_here(&h), node[NODES - 1], 0, false);
  assert_int_equal(ir_gradient(&h.g, (struct ir_derivative){loss, 0, 1, node, output}, &h.error), RT_OK);
  if (!output[0]) output[0] = node[NODES - 1];
  for (int k = 1; k <= more; k++) output[k] = node[NODES - 2 * k];
  host_compile(&h, &(struct ir_outputs){.count = 1 + more, .id = output, .name = names, .training = true});
  host_run(&h);
  struct rt_tensor t = vm_machine_output(h.machine, 0);
  *count = (size_t)t.shape->count;
  double *copy = rt_zalloc(*count + 1, sizeof *copy);
  if (*count) memcpy(copy, t.data, *count * sizeof *copy);
  host_free(&h);
  return copy;
}

static void fusion_changes_nothing(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
    size_t count, same;
    double *few = first_gradient(seed, 0, &count), *many = first_gradient(seed, 15, &same);
    assert_int_equal(count, same);
    for (size_t k = 0; k < count; k++)
      if (!(fabs(few[k] - many[k]) <= 1e-9 * fmax(1, fabs(many[k]))))
        fail_msg("graph %d, element %zu: %.17g with few outputs, %.17g with many", (int)seed, k, few[k],
                 many[k]);
    rt_free(few);
    rt_free(many);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_is_one_program),
      cmocka_unit_test(a_shared_step_is_written_once),
      cmocka_unit_test(memory_does_not_grow_with_depth),
      cmocka_unit_test(a_program_writes_over_what_dies),
      cmocka_unit_test(nothing_is_dropped_outside_of_training),
      cmocka_unit_test(a_table_receives_rows),
      cmocka_unit_test(a_parameter_without_influence_is_left_out),
      cmocka_unit_test(a_head_and_its_gradient_have_one_plan),
      cmocka_unit_test(the_gradient_of_a_head_lies_over_its_result),
      cmocka_unit_test(cheap_values_are_computed_again),
      cmocka_unit_test(equal_programs_are_one),
      cmocka_unit_test(products_add_up),
      cmocka_unit_test(instructions_know_their_line),
      cmocka_unit_test(scores_are_shared_and_diagonal),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(fusion_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
