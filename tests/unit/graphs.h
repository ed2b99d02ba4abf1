/* graphs.h: for tests of the compiler and the machine: graphs on random data, compiled and run in double.
 * Header only: each test is one program. */
#ifndef AQ_TESTS_GRAPHS_H
#define AQ_TESTS_GRAPHS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "compiler/ir/ir.h"
#include "vm/machine.h"

enum { HOST_MAX_LEAVES = 40, HOST_MAX_EXAMPLES = 4 };

/* A parameter or an input and its data. */
struct host_leaf {
  ir_id node;
  bool is_param;
  uint32_t number;
  struct vm_type type;
  size_t count;
  void *data;
};

struct host {
  struct vm_module *module;
  struct ir_graph g;
  int64_t examples;
  int64_t each[64][HOST_MAX_EXAMPLES]; /* sizes of ragged symbols by symbol */
  struct host_leaf leaf[HOST_MAX_LEAVES];
  int leaf_count;
  struct vm_param param[HOST_MAX_LEAVES];
  struct vm_input input[HOST_MAX_LEAVES];
  uint64_t random;
  struct rt_pool *pool;
  struct vm_machine *machine;
  struct rt_error error;
};

static inline uint64_t host_random(struct host *h) /* xorshift64*, Vigna 2016 */
{
  h->random ^= h->random >> 12;
  h->random ^= h->random << 25;
  h->random ^= h->random >> 27;
  return h->random * 0x2545F4914F6CDD1Du;
}
static inline int64_t host_below(struct host *h, int64_t n) { return (int64_t)(host_random(h) >> 33) % n; }
static inline double host_uniform(struct host *h, double low, double high) {
  return low + (high - low) * (double)(host_random(h) >> 11) * 0x1p-53;
}

static inline void host_init(struct host *h, uint64_t seed, int64_t examples) {
  memset(h, 0, sizeof *h);
  h->random = seed * 0x9E3779B97F4A7C15u + 1;
  h->examples = examples;
  h->module = rt_zalloc(1, sizeof *h->module);
  assert_non_null(h->module);
  h->module->name = "test";
  h->module->settings.optimizer = h->module->settings.schedule = "none";
  h->module->param = h->param;
  h->module->input = h->input;
  assert_int_equal(vm_dims_init(&h->module->dims), RT_OK);
  assert_int_equal(ir_graph_init(&h->g, &h->module->dims), RT_OK);
}

static inline void host_free(struct host *h) {
  vm_machine_free(h->machine);
  rt_pool_free(h->pool);
  for (int k = 0; k < h->leaf_count; k++) rt_free(h->leaf[k].data);
  ir_graph_free(&h->g);
  vm_module_free(h->module);
}

/* Where tests append: no text of a program asks for it. */
static inline struct ir_at host_here(struct host *h) {
  return (struct ir_at){.g = &h->g, .error = &h->error};
}

/* ---- shapes ---- */

static inline vm_dim host_dim(struct host *h, const char *name, int64_t size) {
  return vm_dim_symbol(&h->module->dims, name, VM_CONST, size);
}

static inline vm_dim host_ragged(struct host *h, const char *name, int64_t least, int64_t most) {
  vm_dim d = vm_dim_symbol(&h->module->dims, name, VM_RAGGED, -1);
  int64_t symbol = vm_dim_as_symbol(&h->module->dims, d);
  assert_in_range(symbol, 0, 63);
  for (int64_t e = 0; e < h->examples; e++) h->each[symbol][e] = least + host_below(h, most - least + 1);
  return d;
}

static inline struct vm_type host_type(bool batched, int rank, const vm_dim *dim) {
  struct vm_type t = {.dtype = RT_REAL, .batched = batched, .rank = (uint8_t)rank, .of = VM_NO_DIM};
  for (int x = 0; x < rank; x++) t.dim[x] = dim[x];
  return t;
}
#define HOST_TYPE(batched, ...)                                                                              \
  host_type(batched, (int)(sizeof((vm_dim[]){__VA_ARGS__}) / sizeof(vm_dim)), (vm_dim[]){__VA_ARGS__})

static inline int64_t host_size(struct host *h, vm_dim d, int64_t example) {
  int64_t ragged[64], value = -1;
  for (int s = 0; s < 64; s++) ragged[s] = h->each[s][example];
  assert_int_equal(vm_dim_value(&h->module->dims, d, ragged, &value, &h->error), RT_OK);
  return value;
}

static inline size_t host_count(struct host *h, const struct vm_type *t) {
  size_t total = 0;
  for (int64_t e = 0; e < (t->batched ? h->examples : 1); e++) {
    size_t n = 1;
    for (int x = 0; x < t->rank; x++) n *= (size_t)host_size(h, t->dim[x], e);
    total += n;
  }
  return total;
}

/* ---- leaves ---- */

static inline struct host_leaf *host_leaf(struct host *h, const struct vm_type *type, bool is_param) {
  assert_true(h->leaf_count < HOST_MAX_LEAVES);
  struct host_leaf *leaf = &h->leaf[h->leaf_count++];
  leaf->is_param = is_param;
  leaf->type = *type;
  leaf->count = host_count(h, type);
  if (is_param) {
    leaf->number = h->module->param_count;
    h->param[h->module->param_count++] = (struct vm_param){.name = "p", .type = *type};
  } else {
    leaf->number = h->module->input_count;
    h->input[h->module->input_count++] =
        (struct vm_input){.name = "x", .type = *type, .vocabulary = -1, .length = -1};
  }
  leaf->node = ir_add(host_here(h),
                      (struct ir_op){is_param ? OP_param : OP_input, .attr = {leaf->number}, .type = type});
  assert_string_equal(h->error.text, "");
  leaf->data = rt_zalloc(leaf->count + 1, type->dtype == RT_INT ? sizeof(int32_t) : sizeof(double));
  assert_non_null(leaf->data);
  return leaf;
}

/* Numbers in low..high, none near 0. Shared values become parameters. */
static inline ir_id host_reals(struct host *h, struct vm_type type, double low, double high) {
  struct host_leaf *leaf = host_leaf(h, &type, !type.batched);
  double *x = leaf->data;
  for (size_t k = 0; k < leaf->count; k++) do
      x[k] = host_uniform(h, low, high);
    while (fabs(x[k]) < 0.05);
  return leaf->node;
}

static inline ir_id host_bits(struct host *h, struct vm_type type) /* 0 or 1 */
{
  struct host_leaf *leaf = host_leaf(h, &type, !type.batched);
  for (size_t k = 0; k < leaf->count; k++) ((double *)leaf->data)[k] = (double)host_below(h, 2);
  return leaf->node;
}

static inline ir_id host_ids(struct host *h, struct vm_type type, vm_dim of) {
  type.dtype = RT_INT;
  type.of = of;
  struct host_leaf *leaf = host_leaf(h, &type, false);
  size_t at = 0;
  for (int64_t e = 0; e < (type.batched ? h->examples : 1); e++) {
    size_t n = 1;
    for (int x = 0; x < type.rank; x++) n *= (size_t)host_size(h, type.dim[x], e);
    for (size_t k = 0; k < n; k++)
      ((int32_t *)leaf->data)[at++] = (int32_t)host_below(h, host_size(h, of, e));
  }
  return leaf->node;
}

/* ---- compiling and running ---- */

/* Makes the function and a machine for it that is bound and has its data. */
static inline void host_compile(struct host *h, const struct ir_outputs *outputs) {
  const int64_t *ragged[64];
  assert_int_equal(ir_emit(&h->g, outputs, "train", h->module, &h->error), RT_OK);
  if (vm_verify(h->module, &h->error) != RT_OK)
    fail_msg("the verifier refuses what the emitter made: %s", h->error.text);
  const struct vm_function *f = vm_module_function(h->module, "train");
  h->pool = rt_pool_new(1, &h->error);
  h->machine = h->pool ? vm_machine_new(h->module, f, RT_F64, h->pool, &h->error) : NULL;
  if (!h->machine) fail_msg("no machine: %s", h->error.text);
  for (int s = 0; s < 64; s++) ragged[s] = h->each[s];
  if (vm_machine_bind(h->machine, h->examples, ragged, &h->error) != RT_OK)
    fail_msg("sizes do not bind: %s", h->error.text);
  for (int k = 0; k < h->leaf_count; k++)
    if (h->leaf[k].is_param)
      vm_machine_set_param(h->machine, h->leaf[k].number, h->leaf[k].data);
    else
      vm_machine_set_input(h->machine, h->leaf[k].number, h->leaf[k].data);
}

static inline void host_run(struct host *h) {
  if (vm_machine_run(h->machine, 1, &h->error) != RT_OK) fail_msg("a run fails: %s", h->error.text);
}

#endif
