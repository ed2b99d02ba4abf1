/* fuzz_bytecode.c: compiled programs with changed bytes and a checksum that fits them. What the verifier
 * accepts is run.
 *
 * An input is no bytecode, which changes with every version, but a list of changes: the first byte chooses a
 * program, and every four bytes after it are a place (three bytes, modulo the length) and what to add. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaq/internal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/run_module.h"

static const char *const program[] = {
    /* Heads of every lowering, a table whose gradient is rows, dropout, two losses. */
    "dim D = 4\ndata { text: words[T <= 6], label: class[C], y: number }\n"
    "model m(text) -> label, y {\n"
    "  x = dropout(embed(text, D), 0.1)\n"
    "  a = self_attention(x) with { score = s / sqrt(D) - 0.5 * abs(i - j); mask = j <= i; drop = 0.1 }\n"
    "  b = self_attention(x) with { norm = sparsemax }\n"
    "  p = mean(tanh(mix(a, b)), T)\n  w = param[D] = 0.1\n"
    "  return linear(p, C), sum(p * w)\n}\n"
    "loss cross_entropy(label) + 0.5 * squared_error(y)\n",
    /* A recurrence, forwards and backwards. */
    "dim D = 3\ndata { text: words[T], label: class[C] }\n"
    "fn cell(s: [D], x: [D]) -> [D] = tanh(linear(s, D) + x)\n"
    "model m(text) -> label { return linear(sum(scan(cell, zeros([D]), embed(text, D)), T), C) }\nloss "
    "cross_entropy\n",
    /* Heads by axis, slices, joins, what depends on the length. */
    "dim D = 4, H = 2\ndata { text: words[T <= 5], tags: tags[T, C] }\n"
    "model m(text) -> tags {\n"
    "  x = multi_head(layernorm(embed(text, D)), H)\n"
    "  y = concat(x, cumsum(x, T), axis = 1)\n"
    "  return linear(y, C)\n}\nloss cross_entropy\n",
    /* Native functions: of tensors, element by element, with whole numbers as results. */
    "dim D = 4, W = 5\ndata { text: words[T], label: class[C] }\n"
    "extern fn scaled(x: [T, D], by: number) -> [T, D] with gradient scaled_grad\n"
    "extern fn other(ids: [T] of V) -> [T] of W\n"
    "extern fn twice(x: number) -> number with gradient twice_grad\n"
    "model m(text) -> label {\n"
    "  x = scaled(embed(text, D), param[] = 1) + embed(other(text), D)\n"
    "  return linear(twice(mean(x, T)), C)\n}\n"};

/* They keep to their signatures, whatever the module that calls them says. */
static const char *scaled(void *user, const float *x, double by, float *y, int64_t T, int64_t D) {
  (void)user;
  for (int64_t k = 0; k < T * D; k++) y[k] = (float)by * x[k];
  return NULL;
}
static const char *scaled_grad(void *user, const float *x, double by, const float *y, const float *dy,
                               float *dx, double *dby, int64_t T, int64_t D) {
  (void)user;
  *dby = 0;
  for (int64_t k = 0; k < T * D; k++) {
    dx[k] = (float)by * dy[k];
    *dby += (double)x[k] * (double)dy[k] + 0 * (double)y[k];
  }
  return NULL;
}
static const char *other(void *user, const int32_t *ids, int32_t *y, int64_t T, int64_t V, int64_t W) {
  (void)user, (void)V;
  for (int64_t t = 0; t < T; t++) y[t] = ids[t] > 6 ? (int32_t)W : ids[t] % 2;
  return NULL;
}
static const char *twice(void *user, int64_t count, const float *x, float *y) {
  (void)user;
  for (int64_t k = 0; k < count; k++) y[k] = 2 * x[k];
  return NULL;
}
static const char *twice_grad(void *user, int64_t count, const float *x, const float *y, const float *dy,
                              float *dx) {
  (void)user;
  for (int64_t k = 0; k < count; k++) dx[k] = 2 * dy[k] + 0 * x[k] * y[k];
  return NULL;
}
#define CODE(name)                                                                                           \
  { .f32 = (void (*)(void))name, .host = true }
static const struct vm_host_native host[] = {
    {"scaled", "(x: [T, D], by: number) -> [T, D]", CODE(scaled), CODE(scaled_grad)},
    {"other", "(ids: [T] of V) -> [T] of W", CODE(other), {0}},
    {"twice", "(x: number) -> number", CODE(twice), CODE(twice_grad)}};
static const struct vm_allowed allowed = {.host = host, .host_count = RT_COUNT(host)};

enum { NATIVE = 192 }; /* bytes from here on choose the last program */
static struct rt_text compiled[RT_COUNT(program)];
static struct rt_pool *pool;
static long accepted, ran;

/* What a file of data would give. */
static void bind_sizes(struct vm_dims *dims) {
  for (size_t i = 0; i < dims->symbol_count; i++)
    if (dims->symbol[i].kind == VM_BOUND) dims->symbol[i].value = 3;
}

static void say(void) { fprintf(stderr, "%ld modules accepted, %ld functions of them run\n", accepted, ran); }

static void compile(void) {
  for (size_t i = 0; i < RT_COUNT(program); i++) {
    aq_program *source = NULL;
    aq_model *model = NULL;
    struct rt_error error = {0};
    if (aq_program_new("fuzz.aq", program[i], strlen(program[i]), NULL, &source)
        || aq_model_compile(source, &model))
      abort();
    bind_sizes(&model->module->dims);
    if (vm_module_write(model->module, &compiled[i], &error)) abort();
    aq_model_free(model);
    aq_program_free(source);
  }
  atexit(say);
  pool = rt_pool_new(1, NULL);
  if (!pool) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_limit_memory(1 << 24, 1 << 28);
  if (!pool) compile();
  if (size < 5 || size > 64) return -1;
  const struct rt_text *from = &compiled[data[0] < NATIVE ? data[0] % 3 : RT_COUNT(program) - 1];
  char *bytes = malloc(from->length);
  if (!bytes) abort();
  memcpy(bytes, from->data, from->length);
  for (size_t at = 1; at + 4 <= size; at += 4) {
    size_t place = (size_t)data[at] | (size_t)data[at + 1] << 8 | (size_t)data[at + 2] << 16;
    bytes[HEADER + place % (from->length - HEADER)] += (char)data[at + 3];
  }
  fix_header(bytes, from->length);
  struct rt_error error = {0};
  struct vm_module *m = vm_module_read(bytes, from->length, &error);
  free(bytes);
  if (!m) return 0;
  accepted++;
  struct rt_text listing = {0};
  vm_module_print(m, &listing);
  rt_text_free(&listing);
  vm_natives_bind(m, &allowed, NULL); /* those that are not what the host has stay without code */
  for (uint32_t f = 0; f < m->function_count; f++) ran += run_function(pool, m, &m->function[f]);
  vm_module_free(m);
  return 0;
}
