/* test_slots.c: random programs of heads through the whole compiler: computed as it thinks best, and naively,
 * as tensors of all scores; values and gradients are the same, and the gradients those of the values.
 * AQ_SLOT_SEED=N runs one program and shows it; AQ_SLOT_PROGRAMS=N runs N of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "compiler/compile.h"
#include "tests/unit/slot_programs.h"
#include "vm/machine.h"

enum { PROGRAMS = 100, MAX_EXAMPLES = 5 };

static struct rt_pool *pool[2];

/* One compiled function with its sizes, parameters and inputs. */
struct job {
  struct vm_module *module;
  const struct vm_function *function;
  struct vm_machine *machine;
  enum rt_precision precision;
  int64_t examples, *size[512], each[512][MAX_EXAMPLES];
  void **param, **input;
};

static char failure[1024];

static bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool complain(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(failure, sizeof failure, format, list);
  va_end(list);
  return false;
}

/* ---- compiling ---- */

/* function NULL: the model. */
static struct vm_module *compile(const struct rt_text *text, const char *function, bool unfused) {
  struct rt_error error = {0};
  struct cc_program *program = cc_program_load(
      &(struct cc_source){.name = "slots.aq", .text = text->data, .length = text->length}, &error);
  if (program) program->unfused = unfused;
  const struct cc_alone alone = {.name = function, .gradients = true};
  struct vm_module *module = !program    ? NULL
                             : !function ? cc_compile_model(program, &error)
                                         : cc_compile_function(program, &alone, &error);
  if (!module) complain("%s\n%s\n%s", error.text, error.excerpt, error.hint);
  cc_program_free(program);
  return module;
}

/* ---- running ---- */

static void job_free(struct job *job) {
  vm_machine_free(job->machine);
  for (uint32_t k = 0; job->param && k < job->module->param_count; k++) free(job->param[k]);
  for (uint32_t k = 0; job->input && k < job->module->input_count; k++) free(job->input[k]);
  free(job->param);
  free(job->input);
  *job = (struct job){0};
}

static int64_t elements(const struct job *job, const struct vm_type *type) {
  int64_t total = 0, size[512];
  for (int64_t e = 0; e < (type->batched ? job->examples : 1); e++) {
    int64_t n = 1, dim;
    for (size_t s = 0; s < job->module->dims.symbol_count; s++) size[s] = job->each[s][e];
    for (int a = 0; a < type->rank; a++) {
      assert_int_equal(vm_dim_value(&job->module->dims, type->dim[a], size, &dim, NULL), RT_OK);
      n *= dim;
    }
    total += n;
  }
  return total;
}

/* Numbers that depend on the name alone, so that two modules get the same. nudge moves them a little along a
 * random direction. */
static void *draw(const struct job *job, const char *name, const struct vm_type *type, double nudge) {
  int64_t n = elements(job, type), range = 0;
  uint64_t seed = 7;
  for (const char *c = name; *c; c++) seed = rt_random_seed(seed, (uint64_t)(unsigned char)*c);
  void *data = malloc(((size_t)n + 1) * sizeof(double));
  assert_non_null(data);
  if (type->dtype == RT_INT)
    assert_int_equal(vm_dim_value(&job->module->dims, type->of, NULL, &range, NULL), RT_OK);
  for (int64_t k = 0; k < n; k++) {
    double x = 0.7 * rt_random_normal(seed, (uint64_t)k);
    if (nudge != 0) x += nudge * rt_random_normal(seed + 1, (uint64_t)k);
    if (type->dtype == RT_INT)
      ((int32_t *)data)[k] = (int32_t)rt_random_below(seed, (uint64_t)k, range);
    else if (job->precision == RT_F64)
      ((double *)data)[k] = x;
    else
      ((float *)data)[k] = (float)x;
  }
  return data;
}

struct sizes {
  int64_t examples, t[MAX_EXAMPLES], p[MAX_EXAMPLES];
};

static void bind_symbols(struct job *job, const struct sizes *sizes) {
  struct vm_dims *dims = &job->module->dims;
  assert_true(dims->symbol_count <= RT_COUNT(job->size));
  job->examples = sizes->examples;
  for (size_t s = 0; s < dims->symbol_count; s++) {
    struct vm_symbol *symbol = &dims->symbol[s];
    const int64_t *of = !strcmp(symbol->name, "T") ? sizes->t : sizes->p;
    if (symbol->kind == VM_BOUND)
      symbol->value = !strcmp(symbol->name, "T") || !strcmp(symbol->name, "P") ? of[0] : 7;
    job->size[s] = job->each[s];
    memcpy(job->each[s], of, sizeof job->each[s]);
  }
}

/* A machine with its data; false when something fails. */
static bool job_init(struct job *job, struct vm_module *module, const char *function,
                     enum rt_precision precision, const struct sizes *sizes, int threads) {
  struct rt_error error = {0};
  *job = (struct job){
      .module = module, .function = vm_module_function(module, function), .precision = precision};
  assert_non_null(job->function);
  bind_symbols(job, sizes);
  job->machine = vm_machine_new(module, job->function, precision, pool[threads - 1], &error);
  if (!job->machine
      || vm_machine_bind(job->machine, job->examples, (const int64_t *const *)job->size, &error) != RT_OK)
    return complain("binding: %s", error.text);
  job->param = calloc(module->param_count + 1u, sizeof *job->param);
  job->input = calloc(module->input_count + 1u, sizeof *job->input);
  assert_true(job->param && job->input);
  return true;
}

static bool job_run(struct job *job, double nudge) {
  struct rt_error error = {0};
  for (uint32_t k = 0; k < job->module->param_count; k++) {
    free(job->param[k]);
    vm_machine_set_param(job->machine, k,
                         job->param[k] =
                             draw(job, job->module->param[k].name, &job->module->param[k].type, nudge));
  }
  for (uint32_t k = 0; k < job->module->input_count; k++) {
    free(job->input[k]);
    job->input[k] = draw(job, job->module->input[k].name, &job->module->input[k].type, nudge);
    if (vm_machine_uses_input(job->machine, k)) vm_machine_set_input(job->machine, k, job->input[k]);
  }
  return vm_machine_run(job->machine, 1, &error) == RT_OK || complain("running: %s", error.text);
}

static double number(const struct job *job, struct rt_tensor t, int64_t k) {
  return job->precision == RT_F64 ? ((const double *)t.data)[k] : ((const float *)t.data)[k];
}

/* ---- comparing ---- */

static bool same_tensor(const struct job *a, struct rt_tensor x, const struct job *b, struct rt_tensor y,
                        const char *what, double tolerance, double *worst) {
  double largest = 1;
  int64_t count = x.shape->count;
  if (count != y.shape->count)
    return complain("%s has %lld elements, and %lld", what, (long long)count, (long long)y.shape->count);
  for (int64_t k = 0; k < count; k++) largest = fmax(largest, fabs(number(b, y, k)));
  for (int64_t k = 0; k < count; k++) {
    double found = number(a, x, k), wanted = number(b, y, k), wrong = fabs(found - wanted) / largest;
    if (!(wrong <= tolerance) || !isfinite(found))
      return complain("%s, element %lld of %lld: %.12g, not %.12g; the largest is %.3g", what, (long long)k,
                      (long long)count, found, wanted, largest);
    *worst = fmax(*worst, wrong);
  }
  return true;
}

static bool same_outputs(const struct job *a, const struct job *b, double tolerance, double *worst) {
  if (a->function->output_count != b->function->output_count)
    return complain("%u outputs, and %u", a->function->output_count, b->function->output_count);
  for (uint32_t k = 0; k < a->function->output_count; k++) {
    if (strcmp(a->function->output_name[k], b->function->output_name[k]))
      return complain("output %u is %s, and %s", k, a->function->output_name[k], b->function->output_name[k]);
    if (!same_tensor(a, vm_machine_output(a->machine, k), b, vm_machine_output(b->machine, k),
                     a->function->output_name[k], tolerance, worst))
      return false;
  }
  return true;
}

/* The gradient of a parameter: NULL for none, which is 0. */
static const struct vm_gradient *gradient_of(const struct job *job, const char *name) {
  for (uint32_t k = 0; k < job->function->gradient_count; k++)
    if (!strcmp(job->module->param[job->function->gradient[k].param].name, name))
      return &job->function->gradient[k];
  return NULL;
}

static bool is_zero(const struct job *job, struct rt_tensor t, const char *name) {
  for (int64_t k = 0; k < t.shape->count; k++)
    if (number(job, t, k) != 0)
      return complain("the gradient of %s is %g, and none", name, number(job, t, k));
  return true;
}

/* Those of tables are by rows, of which equal tokens have equal ones in both. */
static bool same_gradients(const struct job *a, const struct job *b, double tolerance, double *worst) {
  for (uint32_t k = 0; k < a->module->param_count; k++) {
    const char *name = a->module->param[k].name;
    const struct vm_gradient *x = gradient_of(a, name), *y = gradient_of(b, name);
    bool fine = x && y ? same_tensor(a, vm_machine_value(a->machine, x->value), b,
                                     vm_machine_value(b->machine, y->value), name, tolerance, worst)
                : x    ? is_zero(a, vm_machine_value(a->machine, x->value), name)
                       : !y || is_zero(b, vm_machine_value(b->machine, y->value), name);
    if (!fine) return false;
  }
  return true;
}

static bool same(const struct job *a, const struct job *b, double tolerance, double *worst) {
  return same_outputs(a, b, tolerance, worst) && same_gradients(a, b, tolerance, worst);
}

/* ---- one program ---- */

struct tally {
  int lowering[4], floats, unsteady, differences;
  double worst[2];
};

static const double tolerances[] = {[RT_F32] = 1e-4, [RT_F64] = 1e-10};

static bool compare_at(struct vm_module *fused, struct vm_module *naive, const char *function,
                       const struct sizes *sizes, enum rt_precision precision, struct tally *tally) {
  struct job a = {0}, b = {0};
  bool fine = job_init(&a, fused, function, precision, sizes, 1)
              && job_init(&b, naive, function, precision, sizes, 2) && job_run(&a, 0) && job_run(&b, 0)
              && same(&a, &b, tolerances[precision], &tally->worst[precision]);
  job_free(&a);
  job_free(&b);
  return fine;
}

/* ---- against differences ---- */

static double total(const struct job *job) {
  double sum = 0;
  struct rt_tensor out = vm_machine_output(job->machine, 0);
  for (int64_t k = 0; k < out.shape->count; k++) sum += number(job, out, k);
  return sum;
}

/* The slope of the sum of f along the direction of draw, by its gradients. */
static double slope(const struct job *job) {
  double sum = 0;
  for (uint32_t k = 0; k < job->function->output_count; k++) {
    const char *name = job->function->output_name[k];
    uint64_t seed = 7;
    if (strncmp(name, "grad.", 5)) continue;
    for (const char *c = name + 5; *c; c++) seed = rt_random_seed(seed, (uint64_t)(unsigned char)*c);
    struct rt_tensor grad = vm_machine_output(job->machine, k);
    for (int64_t x = 0; x < grad.shape->count; x++)
      sum += number(job, grad, x) * rt_random_normal(seed + 1, (uint64_t)x);
  }
  return sum;
}

static bool check_differences(struct vm_module *module) {
  static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
  static const struct sizes sizes = {1, {4}, {5}};
  struct job job = {0};
  bool fine = job_init(&job, module, "run", RT_F64, &sizes, 1) && job_run(&job, 0);
  double analytic = fine ? slope(&job) : 0, best = INFINITY, closest = 0;
  for (double h = 1e-3; fine && h > 5e-7 && best > 1e-8; h /= 10) {
    double numeric = 0;
    for (int k = 0; fine && k < 4; k++) {
      fine = job_run(&job, at[k] * h);
      numeric += weight[k] * total(&job) / (12 * h);
    }
    double wrong = fabs(numeric - analytic) / fmax(1, fabs(analytic));
    closest = wrong < best ? numeric : closest;
    best = fmin(best, wrong);
  }
  job_free(&job);
  return fine && !(best <= 1e-6)
             ? complain("the slope is %.12g by the gradients and %.12g by differences", analytic, closest)
             : fine;
}

/* ---- one program ---- */

/* Lengths where tiles and bands begin and end; from the seed, so that all pairs come up. */
static struct sizes lengths_of(uint64_t seed, int turn) {
  static const int64_t lengths[] = {63, 0, 2, 64, 1, 65, 130};
  size_t limit = seed % 8 == 0 ? 7 : 6;
  return (struct sizes){
      1, {lengths[(seed + 3 * (size_t)turn) % limit]}, {lengths[(seed / 3 + 2 * (size_t)turn) % limit]}};
}

static bool check_function(const struct slot_program *p, struct tally *tally) {
  struct vm_module *fused = compile(&p->text, "weighted", false),
                   *naive = compile(&p->text, "weighted", true);
  bool fine = fused && naive;
  if (fine && naive->head[0].lowering != VM_MATERIALISED) fine = complain("not naive");
  if (fine) tally->lowering[fused->head[0].lowering]++;
  for (int turn = 0; fine && turn < 2; turn++) {
    struct sizes sizes = lengths_of(p->seed, turn);
    fine = compare_at(fused, naive, "run", &sizes, RT_F64, tally);
    if (fine && turn == 0) {
      fine = compare_at(fused, naive, "run", &sizes, RT_F32, tally);
      tally->floats++;
    }
    if (!fine) {
      size_t used = strlen(failure);
      snprintf(failure + used, sizeof failure - used, " (T = %lld, P = %lld)", (long long)sizes.t[0],
               (long long)sizes.p[0]);
    }
  }
  if (fine && !p->stopped) {
    fine = check_differences(fused);
    tally->differences++;
  }
  vm_module_free(fused);
  vm_module_free(naive);
  return fine;
}

static bool check_model(const struct slot_program *p, struct tally *tally) {
  static const struct sizes sizes = {5, {3, 0, 65, 1, 9}, {4, 2, 7, 66, 0}};
  struct vm_module *fused = compile(&p->text, NULL, false), *naive = compile(&p->text, NULL, true);
  bool fine = fused && naive && compare_at(fused, naive, "train", &sizes, RT_F64, tally)
              && compare_at(fused, naive, "attend", &sizes, RT_F64, tally);
  vm_module_free(fused);
  vm_module_free(naive);
  return fine;
}

static void test_programs(void **state) {
  (void)state;
  const char *only = getenv("AQ_SLOT_SEED"), *many = getenv("AQ_SLOT_PROGRAMS");
  uint64_t first = only ? strtoull(only, NULL, 10) : 1, last = only   ? first
                                                               : many ? strtoull(many, NULL, 10)
                                                                      : PROGRAMS;
  struct tally tally = {0};
  int failed = 0;
  for (uint64_t seed = first; seed <= last; seed++) {
    struct slot_program p;
    slot_program_write(&p, seed);
    assert_false(p.text.failed);
    rt_text_add(&p.text, "", 1);
    p.text.length--;
    if (only) print_message("%s", p.text.data);
    if (!check_function(&p, &tally)) {
      print_message("AQ_SLOT_SEED=%llu, the function: %s\n", (unsigned long long)seed, failure);
      failed++;
    } else if (!check_model(&p, &tally)) {
      print_message("AQ_SLOT_SEED=%llu, the model: %s\n", (unsigned long long)seed, failure);
      failed++;
    }
    rt_text_free(&p.text);
  }
  print_message("fused %d, row-buffered %d, materialised %d; worst difference %.2g in double, %.2g in float; "
                "%d against differences\n",
                tally.lowering[VM_FUSED], tally.lowering[VM_ROW_BUFFERED], tally.lowering[VM_MATERIALISED],
                tally.worst[RT_F64], tally.worst[RT_F32], tally.differences);
  assert_int_equal(failed, 0);
  assert_true(only || many
              || (tally.lowering[VM_FUSED] > 20 && tally.lowering[VM_ROW_BUFFERED] > 20
                  && tally.lowering[VM_MATERIALISED] > 5 && tally.differences > 80));
}

/* ---- the library ---- */

static struct rt_text source(const char *name) {
  const char *top = getenv("AQ_SOURCE");
  char path[1000], piece[4096];
  struct rt_text text = {0};
  snprintf(path, sizeof path, "%s/tests/torch/%s", top ? top : "..", name);
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("%s cannot be read; AQ_SOURCE says where the source is", path);
  for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;) rt_text_add(&text, piece, got);
  fclose(file);
  assert_false(text.failed);
  return text;
}

static bool check_lengths(const struct rt_text *text, const char *function, bool far, struct tally *tally) {
  static const int64_t lengths[] = {0, 1, 2, 63, 64, 65, 200, 1000};
  struct vm_module *fused = compile(text, function, false), *naive = compile(text, function, true);
  bool fine = fused && naive;
  for (size_t n = 0; fine && n < RT_COUNT(lengths) - !far && fused->head_count; n++) {
    struct sizes sizes = {1, {lengths[n]}, {lengths[n] / 2 + 1}};
    tally->lowering[fused->head[0].lowering] += n == 0;
    fine = compare_at(fused, naive, "run", &sizes, RT_F64, tally)
           && (lengths[n] > 65 || compare_at(fused, naive, "run", &sizes, RT_F32, tally));
    if (!fine) print_message("%s, T = %d: %s\n", function, (int)lengths[n], failure);
  }
  vm_module_free(fused);
  vm_module_free(naive);
  return fine;
}

/* Every variant of attention in the library, through the functions that are compared with PyTorch. */
static void test_library(void **state) {
  (void)state;
  struct tally tally = {0};
  struct rt_error error = {0};
  struct rt_text text = source("attention.aq");
  int failed = 0;
  struct cc_program *program = cc_program_load(
      &(struct cc_source){.name = "attention.aq", .text = text.data, .length = text.length}, &error);
  assert_non_null(program);
  for (size_t d = 0; d < program->main->definition_count; d++) {
    const struct gr_node *node = program->main->definition[d].node;
    const struct gr_node *arguments = node->kind == GR_FN ? node->child[0] : NULL;
    if (arguments && arguments->count
        && !strcmp(arguments->child[arguments->count - 1]->text, "r")) /* weighted */
      failed += !check_lengths(&text, program->main->definition[d].name, d % 48 == 12, &tally);
  }
  print_message(
      "fused %d, row-buffered %d, materialised %d; worst difference %.2g in double, %.2g in float\n",
      tally.lowering[VM_FUSED], tally.lowering[VM_ROW_BUFFERED], tally.lowering[VM_MATERIALISED],
      tally.worst[RT_F64], tally.worst[RT_F32]);
  cc_program_free(program);
  rt_text_free(&text);
  assert_int_equal(failed, 0);
  assert_true(tally.lowering[VM_FUSED] > 30 && tally.lowering[VM_ROW_BUFFERED] > 3);
}

static int make_pools(void **state) {
  (void)state;
  struct rt_error error = {0};
  for (int k = 0; k < 2; k++)
    if (!(pool[k] = rt_pool_new(1 + k, &error))) return -1;
  return 0;
}

static int free_pools(void **state) {
  (void)state;
  rt_pool_free(pool[0]);
  rt_pool_free(pool[1]);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs), cmocka_unit_test(test_library)};
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
