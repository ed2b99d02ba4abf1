/* test_scan.c: recurrences, and heads in blocks, over batches: each example gets what it gets alone, whatever
 * the others' lengths, for any number of threads; memory; and bytecode that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "compiler/compile.h"
#include "vm/machine.h"
#include "vm/scan_operands.h"

static const char program[] = "dim D = 3, K = 4, G = 2\n"
                              "data { text: words[T, V], other: words[P, W], label: class[C] }\n"
                              "fn write(S: [K, D], k: [K], v: [D], y: [P, D]) {\n"
                              "  S = tanh(0.9 * S + expand(k, [K, D]) * expand(v, [K, D]) + mean(y, P))\n"
                              "  return S, k @ S\n"
                              "}\n"
                              "fn wide(S: [P, D], x: [D]) -> [P, D] = tanh(S + dropout(x, 50%))\n"
                              "head[G] talk(x: [T, D], y: [P, D], w: [G, G], p: [T]) -> [T, D] {\n"
                              "  query = project(x, K)\n"
                              "  key = project(y, K)\n"
                              "  value = project(y, D)\n"
                              "  mask = j <= i + 1\n"
                              "  score = sum(s[..] * w[h, ..], G) * p[i] - 0.01 * abs(i - j)\n"
                              "  norm = softmax(s) / (1 + sum(abs(s), j))\n"
                              "}\n"
                              "model m(text, other) -> label {\n"
                              "  x = embed(text, D)\n"
                              "  y = embed(other, D)\n"
                              "  t = talk(x, y, param[G, G] = normal(1), x @ ones([D]))\n"
                              "  a = gru(x, D, reverse = true)\n"
                              "  b = scan(write, zeros([K, D]), project(x, K), a, y = y)\n"
                              "  c = scan(wide, y, b)\n"
                              "  return linear(mean(a + b + mean(t, G) + mean(c, P), T) + sum(a * b, T), C)\n"
                              "}\n"
                              "loss cross_entropy\n";

static struct vm_module *compiled(const char *text) {
  struct rt_error e = {0};
  struct cc_program *loaded =
      cc_program_load(&(struct cc_source){.name = "a.aq", .text = text, .length = strlen(text)}, &e);
  struct vm_module *m = loaded ? cc_compile_model(loaded, &e) : NULL;
  if (!m) fail_msg("%s %s", e.text, e.excerpt);
  cc_program_free(loaded);
  for (size_t i = 0; i < m->dims.symbol_count; i++)
    if (m->dims.symbol[i].kind == VM_BOUND) m->dims.symbol[i].value = 5;
  return m;
}

/* ---- a machine with numbers in its leaves ---- */

enum { MOST = 8, SYMBOLS = 16, LEAVES = 32 };

struct host {
  struct vm_module *m;
  const struct vm_function *f;
  struct rt_pool *pool;
  struct vm_machine *machine;
  double *param[LEAVES];
  int32_t *input[4];
  int64_t size[SYMBOLS][MOST];
};

static double number_of(uint64_t i) {
  return (double)(XXH3_64bits(&i, sizeof i) >> 11) / (double)(1ull << 53) - 0.5;
}

static void host_init(struct host *h, struct vm_module *m, const char *function, int threads) {
  struct rt_error e = {0};
  *h = (struct host){.m = m, .f = vm_module_function(m, function), .pool = rt_pool_new(threads, NULL)};
  assert_non_null(h->f);
  h->machine = vm_machine_new(m, h->f, RT_F64, h->pool, &e);
  assert_non_null(h->machine);
  for (uint32_t p = 0; p < m->param_count; p++) {
    int64_t count = 1, size;
    for (int a = 0; a < m->param[p].type.rank; a++) {
      assert_int_equal(vm_dim_value(&m->dims, m->param[p].type.dim[a], NULL, &size, NULL), RT_OK);
      count *= size;
    }
    h->param[p] = malloc((size_t)count * sizeof(double));
    for (int64_t i = 0; i < count; i++) h->param[p][i] = 2 * number_of((uint64_t)(p * 1000 + (uint32_t)i));
    vm_machine_set_param(h->machine, p, h->param[p]);
  }
}

static void host_free(struct host *h) {
  vm_machine_free(h->machine);
  rt_pool_free(h->pool);
  for (int i = 0; i < LEAVES; i++) free(h->param[i]);
  for (int i = 0; i < 4; i++) free(h->input[i]);
}

/* Example n of the data: lengths of text and other, and ids that depend on n alone. */
struct example {
  int64_t text, other;
};

static int64_t length_of(const struct vm_input *input, const struct example *example) {
  return !strcmp(input->name, "text") ? example->text : !strcmp(input->name, "other") ? example->other : 1;
}

static void host_bind(struct host *h, int count, const struct example *example, const int *which) {
  const int64_t *ragged[SYMBOLS] = {NULL};
  struct rt_error e = {0};
  for (size_t s = 0; s < h->m->dims.symbol_count; s++) {
    ragged[s] = h->size[s];
    for (int k = 0; k < count; k++)
      h->size[s][k] =
          !strcmp(h->m->dims.symbol[s].name, "T") ? example[which[k]].text : example[which[k]].other;
  }
  if (vm_machine_bind(h->machine, count, ragged, &e) != RT_OK) fail_msg("%s", e.text);
  for (uint32_t i = 0; i < h->m->input_count; i++) {
    int64_t total = 0, at = 0;
    for (int k = 0; k < count; k++) total += length_of(&h->m->input[i], &example[which[k]]);
    free(h->input[i]);
    h->input[i] = malloc(((size_t)total + 1) * sizeof(int32_t));
    for (int k = 0; k < count; k++)
      for (int64_t t = length_of(&h->m->input[i], &example[which[k]]); t > 0; t--)
        h->input[i][at++] = (int32_t)((number_of((uint64_t)(which[k] * 100 + t * 7 + i)) + 0.5) * 5);
    vm_machine_set_input(h->machine, i, h->input[i]);
  }
}

static void host_run(struct host *h) {
  struct rt_error e = {0};
  if (vm_machine_run(h->machine, 7, &e) != RT_OK) fail_msg("%s", e.text);
}

static const struct example examples[] = {{3, 2}, {0, 1}, {7, 3}, {1, 1}, {135, 2}, {2, 4}, {64, 1}};
enum { EXAMPLES = sizeof examples / sizeof *examples };
static const int all[] = {0, 1, 2, 3, 4, 5, 6};

static void close_to(const double *a, const double *b, int64_t count, double scale) {
  for (int64_t i = 0; i < count; i++)
    if (!(fabs(a[i] - scale * b[i]) <= 1e-11 * (1 + fabs(a[i]))))
      fail_msg("element %lld: %.17g, alone %.17g", (long long)i, a[i], scale * b[i]);
}

static void test_each_as_alone(void **state) {
  (void)state;
  struct vm_module *m = compiled(program);
  struct host together, alone;
  host_init(&together, m, "predict", 1);
  host_init(&alone, m, "predict", 1);
  host_bind(&together, EXAMPLES, examples, all);
  host_run(&together);
  for (int n = 0; n < EXAMPLES; n++) {
    host_bind(&alone, 1, examples, &all[n]);
    host_run(&alone);
    close_to((double *)vm_machine_output(together.machine, 0).data + 5 * n,
             vm_machine_output(alone.machine, 0).data, 5, 1);
  }
  host_free(&together);
  host_free(&alone);
  vm_module_free(m);
}

/* The gradient of a batch is the mean of those of its examples. Without dropout, which draws by place in the
 * batch. */
static void test_gradients_add_up(void **state) {
  (void)state;
  char text[sizeof program];
  memcpy(text, program, sizeof program);
  memcpy(strstr(text, "50%"), "  0", 3);
  struct vm_module *m = compiled(text);
  struct host together, alone;
  host_init(&together, m, "train", 1);
  host_init(&alone, m, "train", 1);
  host_bind(&together, EXAMPLES, examples, all);
  host_run(&together);
  for (uint32_t g = 0; g < together.f->gradient_count; g++) {
    struct rt_tensor whole = vm_machine_value(together.machine, together.f->gradient[g].value);
    double *sum = calloc((size_t)whole.shape->count, sizeof *sum);
    int64_t at = 0;
    for (int n = 0; n < EXAMPLES; n++) {
      host_bind(&alone, 1, examples, &all[n]);
      host_run(&alone);
      struct rt_tensor part = vm_machine_value(alone.machine, alone.f->gradient[g].value);
      bool rows = together.f->gradient[g].ids != UINT32_MAX;
      for (int64_t i = 0; i < part.shape->count; i++) sum[(rows ? at : 0) + i] += ((double *)part.data)[i];
      at += part.shape->count;
    }
    close_to(whole.data, sum, whole.shape->count, 1.0 / EXAMPLES);
    free(sum);
  }
  host_free(&together);
  host_free(&alone);
  vm_module_free(m);
}

static void test_threads(void **state) {
  (void)state;
  struct vm_module *m = compiled(program);
  struct host one, three;
  host_init(&one, m, "train", 1);
  host_init(&three, m, "train", 3);
  host_bind(&one, EXAMPLES, examples, all);
  host_bind(&three, EXAMPLES, examples, all);
  host_run(&one);
  host_run(&three);
  for (uint32_t g = 0; g < one.f->gradient_count; g++) {
    struct rt_tensor a = vm_machine_value(one.machine, one.f->gradient[g].value),
                     b = vm_machine_value(three.machine, one.f->gradient[g].value);
    assert_memory_equal(a.data, b.data, (size_t)a.shape->count * sizeof(double));
  }
  host_free(&one);
  host_free(&three);
  vm_module_free(m);
}

/* Dropout in a step differs between positions, and not between the step and its gradient. */
static void test_dropout(void **state) {
  (void)state;
  static const char text[] = "dim D = 40\ndata { text: words[T, V], other: words[P, W], label: class[C] }\n"
                             "fn step(s: [D], x: [D]) -> [D] = dropout(x, 50%)\n"
                             "model m(text) -> label { return linear(sum(scan(step, zeros([D]), embed(text, "
                             "D)), D) @ ones([T, C]), C) }\nloss cross_entropy\n";
  struct vm_module *m = compiled(text);
  uint32_t scans = 0, drawn = 0;
  const struct vm_function *train = vm_module_function(m, "train");
  for (uint32_t n = 0; n < train->instr_count; n++) {
    scans += train->instr[n].op == OP_scan;
    drawn += train->instr[n].op == OP_bernoulli && train->value[train->instr[n].out[0]].type.rank == 2;
  }
  assert_true(scans == 1 && drawn == 1);
  vm_module_free(m);
}

/* ---- memory ---- */

static size_t memory_for(struct host *h, int64_t steps) {
  const struct example one = {steps, 1};
  host_bind(h, 1, &one, &all[0]);
  return vm_machine_memory(h->machine).slots;
}

static void test_memory(void **state) {
  (void)state;
  static const char text[] = "dim D = 64\ndata { text: words[T, V], other: words[P, W], label: class[C] }\n"
                             "fn step(S: [D, D], x: []) {\n  S = tanh(S + x)\n  return S, mean(S)\n}\n"
                             "model m(text) -> label { return mean(scan(step, zeros([D, D]), "
                             "reshape(embed(text, 1), [T]))) * param[C] }\n"
                             "loss cross_entropy\n";
  struct vm_module *m = compiled(text);
  struct host h;
  host_init(&h, m, "train", 1);
  size_t state_bytes = 64 * 64 * sizeof(double), some = memory_for(&h, 100), many = memory_for(&h, 10000);
  assert_true(many - some
              < 10000 * 20 * sizeof(double) + 2 * 101 * state_bytes); /* sequences of numbers; states */
  host_run(&h);
  uint64_t before = rt_alloc_count();
  for (int64_t steps = 0; steps < 40; steps += 7) {
    memory_for(&h, steps);
    host_run(&h);
  }
  assert_int_equal(rt_alloc_count(), before);
  host_free(&h);
  vm_module_free(m);
}

/* Smaller batches of any composition need nothing that a larger one has not left. */
static void test_steady_state(void **state) {
  (void)state;
  struct vm_module *m = compiled(program);
  struct host h;
  host_init(&h, m, "train", 1);
  host_bind(&h, EXAMPLES, examples, all);
  host_run(&h);
  uint64_t before = rt_alloc_count();
  for (int n = 0; n < EXAMPLES; n++) {
    host_bind(&h, EXAMPLES - n, examples, all + n);
    host_run(&h);
  }
  assert_int_equal(rt_alloc_count(), before);
  host_free(&h);
  vm_module_free(m);
}

/* ---- what is refused ---- */

static struct vm_module *broken;
static struct vm_instr *scan, *grad;
static struct vm_function *train;

static struct vm_instr *find(enum rt_op op, int block, bool blocks) {
  for (uint32_t n = 0; n < train->instr_count; n++)
    if (train->instr[n].op == op && (train->instr[n].attr[block] > 0) == blocks) return &train->instr[n];
  fail_msg("there is none");
  return NULL;
}

static void make_with(bool blocks) {
  broken = compiled(program);
  train = NULL;
  for (uint32_t i = 0; i < broken->function_count; i++)
    if (!strcmp(broken->function[i].name, "train")) train = &broken->function[i];
  scan = find(OP_scan, SCAN_ROWS, blocks);
  grad = find(OP_scan_grad, SCAN_GRAD_ROWS, blocks);
}

static void make(void) { make_with(false); }

static void refused(const char *why) {
  struct rt_error e = {0};
  assert_int_equal(vm_verify(broken, &e), RT_BAD_DATA);
  if (!strstr(e.text, why)) fail_msg("\"%s\" is not in \"%s\"", why, e.text);
  vm_module_free(broken);
}

#define REFUSED(why, ...)                                                                                    \
  do {                                                                                                       \
    make();                                                                                                  \
    __VA_ARGS__;                                                                                             \
    refused(why);                                                                                            \
  } while (0)

static void test_refused(void **state) {
  (void)state;
  REFUSED("no earlier function", scan->attr[SCAN_BODY] = -1);
  REFUSED("no earlier function", scan->attr[SCAN_BODY] = (int64_t)(train - broken->function));
  REFUSED("no earlier function", scan->attr[SCAN_BODY] = 1 << 20);
  REFUSED("no earlier function", scan->attr[SCAN_SEQUENCES] = 0);
  REFUSED("no earlier function", scan->attr[SCAN_REVERSE] = 2);
  REFUSED("for a body of", scan->attr[SCAN_SEQUENCES] = 60);
  REFUSED("not what its body takes", scan->attr[SCAN_SEQUENCES] = 1);
  REFUSED("for a body of", scan->in_count = 2);
  REFUSED("has no place", broken->function[scan->attr[SCAN_BODY]].argument[0].dim[0] = VM_ONE);
  REFUSED("not what its body takes", scan->in[2] = scan->in[0]);
  REFUSED("results", scan->out_count = 0);
  REFUSED("wants gradients", grad->attr[SCAN_GRAD_WANTS] = 0);
  REFUSED("wants gradients", grad->attr[SCAN_GRAD_WANTS] = (int64_t)1 << 61);
  REFUSED("wants gradients", grad->attr[SCAN_GRAD_WANTS] = -1);
  REFUSED("does not belong", grad->attr[SCAN_GRAD_WANTS] ^= 4);
  REFUSED("does not belong", grad->attr[SCAN_GRAD_GRADIENT] = grad->attr[SCAN_BODY]);
  REFUSED("does not belong", grad->attr[SCAN_GRAD_GRADIENT] = -7);
  REFUSED("operands", grad->in_count--);
  REFUSED("results", grad->out_count--);
}

static void test_refused_blocks(void **state) {
  (void)state;
#define REFUSED_BLOCK(why, ...)                                                                              \
  do {                                                                                                       \
    make_with(true);                                                                                         \
    __VA_ARGS__;                                                                                             \
    refused(why);                                                                                            \
  } while (0)
  REFUSED_BLOCK("no number of rows", scan->attr[SCAN_ROWS] = -1);
  REFUSED_BLOCK("no number of rows", scan->attr[SCAN_ROWS] = 1); /* T: not of a step */
  REFUSED_BLOCK("no number of rows", scan->attr[SCAN_ROWS] = 1 << 20);
  REFUSED_BLOCK("no number of rows", scan->attr[SCAN_REVERSE] = 1);
  REFUSED_BLOCK("not of one type", scan->attr[SCAN_ROWS] = 0);
  REFUSED_BLOCK("not what its body takes", scan->attr[SCAN_SEQUENCES]--);
  REFUSED_BLOCK("not what its body takes", scan->attr[SCAN_SEQUENCES]++);
  REFUSED_BLOCK("no number of rows", grad->attr[SCAN_GRAD_ROWS] = -5);
  REFUSED_BLOCK("wants gradients", grad->attr[SCAN_GRAD_WANTS] |= 1); /* of the position */
  REFUSED_BLOCK("does not belong", grad->attr[SCAN_GRAD_WANTS] ^= 4);
#undef REFUSED_BLOCK
}

/* What a block is made of grows with its keys, and nothing with queries times keys. */
static void test_memory_of_blocks(void **state) {
  (void)state;
  static const char text[] = "dim D = 8, G = 4\n"
                             "data { text: words[T, V], other: words[P, W], label: class[C] }\n"
                             "head[G] talk(x: [T, D], w: [G, G]) -> [T, D] {\n"
                             "  query = project(x, D)\n  key = project(x, D)\n  value = x\n"
                             "  score = sum(s[..] * w[h, ..], G)\n}\n"
                             "model m(text) -> label { x = embed(text, D)\n"
                             "  return linear(mean(talk(x, param[G, G]), T, G), C) }\n"
                             "loss cross_entropy\n";
  struct vm_module *m = compiled(text);
  struct host h;
  host_init(&h, m, "train", 1);
  size_t some = memory_for(&h, 1000), many = memory_for(&h, 4000);
  assert_true(many < 5 * some);
  host_free(&h);
  vm_module_free(m);
}

static void test_refused_bodies(void **state) {
  (void)state;
  struct vm_function *body;
#define BODY body = &broken->function[scan->attr[SCAN_BODY]]
  REFUSED("value", BODY; body->argument_count = 1);
  REFUSED("has no place", BODY; body->value[0].index = 99);
  REFUSED("has no place", BODY; body->value[0].place = VM_IN_PARAM; body->value[0].index = 0);
  REFUSED("incomplete", BODY; body->argument = NULL);
  REFUSED("an impossible type", BODY; body->argument[1].rank = 9);
#undef BODY
}

/* A body is nothing to be run by itself. */
static void test_body_alone(void **state) {
  (void)state;
  struct rt_error e = {0};
  make();
  struct rt_pool *pool = rt_pool_new(1, NULL);
  struct vm_machine *machine =
      vm_machine_new(broken, &broken->function[scan->attr[SCAN_BODY]], RT_F64, pool, &e);
  int64_t sizes[SYMBOLS] = {1};
  const int64_t *ragged[SYMBOLS];
  for (int i = 0; i < SYMBOLS; i++) ragged[i] = sizes;
  assert_int_equal(vm_machine_bind(machine, 1, ragged, &e), RT_OK);
  assert_int_equal(vm_machine_run(machine, 1, &e), RT_USAGE);
  assert_non_null(strstr(e.text, "not run by itself"));
  vm_machine_free(machine);
  rt_pool_free(pool);
  vm_module_free(broken);
}

/* ---- bytes ---- */

static void fix_header(char *bytes, size_t length) {
  uint64_t words[] = {length - 28, XXH3_64bits(bytes + 28, length - 28)};
  memcpy(bytes + 12, words, sizeof words); /* the tests run on little-endian machines */
}

static void test_round_trip(void **state) {
  (void)state;
  struct vm_module *m = compiled(program), *read;
  struct rt_text bytes = {0}, one = {0}, two = {0};
  struct rt_error e = {0};
  assert_int_equal(vm_module_write(m, &bytes, &e), RT_OK);
  read = vm_module_read(bytes.data, bytes.length, &e);
  assert_non_null(read);
  vm_module_print(m, &one);
  vm_module_print(read, &two);
  assert_string_equal(one.data, two.data);
  assert_non_null(strstr(one.data, "function step m.b: number "));
  assert_non_null(strstr(one.data, "  argument 0: [K, D]\n"));
  rt_text_free(&bytes);
  rt_text_free(&one);
  rt_text_free(&two);
  vm_module_free(m);
  vm_module_free(read);
}

/* Is there room for a parameter or input, for examples of 2 and 0? */
static bool fits(const struct vm_dims *dims, const struct vm_type *type) {
  int64_t sizes[2][SYMBOLS] = {{0}}, total = 0;
  for (int i = 0; i < SYMBOLS; i++) sizes[0][i] = 2;
  for (int e = 0; e < 2; e++) {
    int64_t count = 1, size;
    for (int a = 0; a < type->rank; a++) {
      if (vm_dim_value(dims, type->dim[a], sizes[e], &size, NULL) != RT_OK || size > 1 << 12) return false;
      count *= size;
      if (count > 1 << 14) return false;
    }
    total += count;
  }
  return total < 1 << 15;
}

/* Whatever is accepted runs, or says why not. */
static void run_whatever(struct vm_module *m) {
  static double room[1 << 15];
  int64_t sizes[2] = {2, 0};
  const int64_t *ragged[SYMBOLS];
  bool all_fit = true;
  for (uint32_t p = 0; p < m->param_count; p++) all_fit = all_fit && fits(&m->dims, &m->param[p].type);
  for (uint32_t i = 0; i < m->input_count; i++) all_fit = all_fit && fits(&m->dims, &m->input[i].type);
  for (int i = 0; i < SYMBOLS; i++) ragged[i] = sizes;
  if (!all_fit || m->param_count > LEAVES || m->dims.symbol_count > SYMBOLS) return;
  for (uint32_t f = 0; f < m->function_count; f++) {
    struct rt_error e = {0};
    struct rt_pool *pool = rt_pool_new(1, NULL);
    struct vm_machine *machine = vm_machine_new(m, &m->function[f], RT_F32, pool, &e);
    bool bound = machine && vm_machine_bind(machine, 2, ragged, &e) == RT_OK
                 && vm_machine_memory(machine).slots < 1 << 18;
    for (uint32_t p = 0; p < m->param_count && bound; p++) vm_machine_set_param(machine, p, room);
    for (uint32_t i = 0; i < m->input_count && bound; i++) vm_machine_set_input(machine, i, room);
    if (bound) vm_machine_run(machine, 1, &e);
    vm_machine_free(machine);
    rt_pool_free(pool);
  }
}

static void test_lies(void **state) {
  (void)state;
  struct vm_module *m = compiled(program);
  struct rt_text bytes = {0};
  assert_int_equal(vm_module_write(m, &bytes, NULL), RT_OK);
  vm_module_free(m);
  int accepted = 0;
  srand(5);
  char *copy = malloc(bytes.length);
  for (int n = 0; n < 4000; n++) {
    memcpy(copy, bytes.data, bytes.length);
    size_t at = 28 + (size_t)rand() % (bytes.length - 28);
    copy[at] = (char)(copy[at] + 1 + rand() % 3);
    fix_header(copy, bytes.length);
    m = vm_module_read(copy, bytes.length, NULL);
    accepted += m != NULL;
    if (m) run_whatever(m);
    vm_module_free(m);
  }
  free(copy);
  rt_text_free(&bytes);
  assert_true(accepted > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_as_alone),
      cmocka_unit_test(test_gradients_add_up),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_dropout),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_steady_state),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_refused_bodies),
      cmocka_unit_test(test_body_alone),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_lies),
      cmocka_unit_test(test_refused_blocks),
      cmocka_unit_test(test_memory_of_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
