/* run_module.h: modules that nobody compiled: bytes with a checksum that fits them, and any verified function
 * run on zeros, in memory of just the size that it asks for, so that a sanitizer sees each step beyond. */
#ifndef AQ_TESTS_RUN_MODULE_H
#define AQ_TESTS_RUN_MODULE_H

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "vm/machine.h"

enum { HEADER = 28 };

/* Length and checksum as they should be for what the bytes are now. */
static void fix_header(char *bytes, size_t length) {
  uint64_t words[] = {length - HEADER, XXH3_64bits(bytes + HEADER, length - HEADER)};
  for (int w = 0; w < 2; w++)
    for (int i = 0; i < 8; i++) bytes[12 + 8 * w + i] = (char)(words[w] >> 8 * i);
}

enum { EXAMPLES = 3, SYMBOLS = 32, LEAVES = 64, ENOUGH = 1 << 18 };
static const int64_t lengths[EXAMPLES] = {3, 0, 2};

/* Memory for a parameter or input, exactly as much as it has elements for the lengths above; NULL when that
 * is too many. */
static void *leaf_data(const struct vm_dims *dims, const struct vm_type *type) {
  int64_t count = 0;
  for (int e = 0; e < (type->batched ? EXAMPLES : 1); e++) {
    int64_t sizes[SYMBOLS], part = 1, size;
    for (int i = 0; i < SYMBOLS; i++) sizes[i] = lengths[e];
    for (int a = 0; a < type->rank; a++) {
      if (vm_dim_value(dims, type->dim[a], sizes, &size, NULL) != RT_OK || size > ENOUGH
          || part * size > ENOUGH)
        return NULL;
      part *= size;
    }
    count += part;
  }
  return calloc(count ? (size_t)count : 1, 4);
}

static bool give_data(struct vm_machine *machine, const struct vm_module *m, void **data) {
  bool complete = m->param_count + m->input_count <= LEAVES;
  for (uint32_t i = 0; complete && i < m->param_count + m->input_count; i++) {
    bool param = i < m->param_count;
    data[i] = leaf_data(&m->dims, param ? &m->param[i].type : &m->input[i - m->param_count].type);
    complete = data[i];
    if (param)
      vm_machine_set_param(machine, i, data[i]);
    else
      vm_machine_set_input(machine, i - m->param_count, data[i]);
  }
  return complete;
}

/* Runs what was accepted: the kernels must find everything as they need it. */
static bool run_function(struct rt_pool *pool, const struct vm_module *m, const struct vm_function *f) {
  const int64_t *ragged[SYMBOLS];
  void *data[LEAVES] = {NULL};
  struct rt_error e = {0};
  for (int i = 0; i < SYMBOLS; i++) ragged[i] = lengths;
  struct vm_machine *machine =
      m->dims.symbol_count <= SYMBOLS ? vm_machine_new(m, f, RT_F32, pool, &e) : NULL;
  bool ran = machine && vm_machine_bind(machine, EXAMPLES, ragged, &e) == RT_OK && give_data(machine, m, data)
             && vm_machine_run(machine, 1, &e) == RT_OK;
  for (int i = 0; i < LEAVES; i++) free(data[i]);
  vm_machine_free(machine);
  return ran;
}

#endif
