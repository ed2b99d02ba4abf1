/* central_differences.c: compares the gradients that the compiler derived with central differences of the
 * loss, in double, on random data. Of a function alone, which has no loss, it is the sum of the sines of all
 * numbers that it returns.
 *
 * The quotient is the one of fourth order, (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12h. With h = 1e-3 its
 * truncation and its rounding are both near 1e-12, so that small errors show. Across a kink (relu, max) it is
 * wrong, so smaller h are tried too. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/model/requirement_words.h"
#include "vm/link.h"
#include "vm/work.h"
#include "runtime/random.h"

enum { MAX_EXAMPLES = 4, MAX_CHECKED = 4, MOST_SYMBOLS = 1024 };
/* The relative error of a gradient that is smaller than this times the loss is taken of this times the loss,
 * because rounding decides what is below. */
static const double SMALLEST = 1e-5;

struct found {
  double error, largest, analytic, numeric;
  int64_t element, checked;
};

/* What a gradient is for: a parameter; of a function alone also an argument. */
struct leaf {
  const char *name;
  double *data, *gradient; /* gradient: dense; all 0 where the loss does not depend on it */
  int64_t elements;
  bool frozen;
  struct found found; /* the worst */
};

struct check {
  struct vm_module *module;
  const struct vm_function *train; /* that is checked; of a function alone "run" */
  bool alone;
  struct vm_machine *machine;
  struct rt_pool *pool;
  struct lib_params params;
  uint64_t seed, drawn; /* how many random numbers are used up */
  int64_t examples;
  int64_t **size;    /* [symbols][MAX_EXAMPLES] */
  bool *open;        /* [symbols] which arguments give */
  void **input;      /* [inputs] */
  struct leaf *leaf; /* [leaves] */
  uint32_t leaves;
  struct rt_arena arena;
};

static void check_free(struct check *c) {
  vm_machine_free(c->machine);
  rt_pool_free(c->pool);
  lib_params_free(&c->params);
  for (uint32_t i = 0; c->input && i < c->module->input_count; i++) rt_free(c->input[i]);
  vm_module_free(c->module);
  rt_arena_free(&c->arena);
}

static double normal(struct check *c) { return rt_random_normal(c->seed, c->drawn++); }
static int64_t below(struct check *c, int64_t limit) {
  return limit > 0 ? rt_random_below(c->seed, c->drawn++, limit) : 0;
}

/* Parameters are the last leaves, arguments the first. */
static struct leaf *leaf_of(const struct check *c, uint32_t param) {
  return &c->leaf[c->leaves - c->module->param_count + param];
}

/* ---- sizes and data ---- */

/* Gives values to the sizes that data would decide: a table, or else arguments. */
static int bind_dims(struct check *c, struct rt_error *error) {
  struct vm_module *m = c->module;
  bool open[MOST_SYMBOLS] = {false};
  for (size_t s = 0; s < m->dims.symbol_count; s++)
    open[s] = m->dims.symbol[s].kind == VM_BOUND && m->dims.symbol[s].value < 0;
  for (uint32_t i = 0; i < m->input_count; i++) {
    for (size_t s = 0; s < m->dims.symbol_count; s++)
      if (open[s] && m->dims.symbol[s].value < 0 && vm_input_axis(&m->dims, &m->input[i], (int64_t)s) >= 0)
        m->dims.symbol[s].value = m->input[i].column->kind->small;
  }
  for (size_t s = 0; s < m->dims.symbol_count; s++)
    if (open[s] && m->dims.symbol[s].value < 0) m->dims.symbol[s].value = 3;
  return lib_sizes_fit(m, NULL, open, error);
}

/* The same for the arguments of a function alone, again for each set of sizes: sizes of its own for each dim,
 * so that no two are mistaken for each other. */
static int bind_arguments(struct check *c, int64_t first, int64_t step, struct rt_error *error) {
  struct vm_dims *dims = &c->module->dims;
  bool open[MOST_SYMBOLS] = {false};
  for (size_t s = 0, n = 0; s < dims->symbol_count; s++) {
    open[s] = c->open[s];
    if (open[s]) dims->symbol[s].value = first + step * (int64_t)n++;
  }
  return lib_sizes_fit(c->module, NULL, open, error);
}

/* Sets of sizes: one example; a few short ones; empty and single ones among others; longer ones. */
static const struct size_set {
  int64_t examples, longest, first[2];
} size_sets[] = {{1, 3, {3, 3}}, {3, 6, {1, 5}}, {4, 5, {0, 1}}, {2, 19, {19, 2}}};

/* Chooses the sizes of one example after another; where the program does not hold for them, it takes others.
 */
static int draw_sizes(struct check *c, const struct size_set *set, struct rt_error *error) {
  int64_t one[MOST_SYMBOLS];
  int status = RT_OK;
  size_t symbols = c->module->dims.symbol_count;
  c->examples = set->examples;
  for (int64_t e = 0; e < c->examples && status == RT_OK; e++) {
    for (size_t s = 0; s < symbols; s++)
      one[s] = c->module->dims.symbol[s].kind != VM_RAGGED ? -1
               : e < 2                                     ? set->first[e]
                                                           : below(c, set->longest + 1);
    status = lib_sizes_fit(c->module, one, NULL, error);
    for (size_t s = 0; s < symbols; s++) c->size[s][e] = one[s];
  }
  return status;
}

static int bind_sizes(struct check *c, const struct size_set *set, struct rt_error *error) {
  int status = draw_sizes(c, set, error);
  return status != RT_OK ? status
                         : vm_machine_bind(c->machine, c->examples, (const int64_t *const *)c->size, error);
}

/* How many elements an input has over all examples; -1: one of its dims is not known. */
static int64_t input_elements(struct check *c, const struct vm_type *type, struct rt_error *error) {
  int64_t total = 0, one[MOST_SYMBOLS];
  for (int64_t e = 0; e < c->examples; e++) {
    int64_t n = 1, size;
    for (size_t s = 0; s < c->module->dims.symbol_count; s++) one[s] = c->size[s][e];
    for (int a = 0; a < type->rank; a++) {
      if (vm_dim_value(&c->module->dims, type->dim[a], one, &size, error)) return -1;
      n *= size;
    }
    total += n;
  }
  return total;
}

/* Must this target be at least 0, or a probability, for its loss? */
static bool is_chance(const struct vm_module *m, uint32_t input) {
  for (uint32_t o = 0; o < m->output_count; o++)
    if (m->output[o].target == (int32_t)input && vm_link_find(m->output[o].link)->least == 0) return true;
  return false;
}

/* Rows of boxes: each with a left edge left of its right one, and one class. */
static void draw_boxes(struct check *c, double *x, int64_t numbers, int64_t width) {
  for (int64_t first = 0; first + width <= numbers; first += width) {
    for (int64_t k = 0; k < width; k++) x[first + k] = 0;
    for (int k = 0; k < 2; k++) {
      x[first + k] = (double)below(c, 500) / 1000;
      x[first + k + 2] = x[first + k] + 0.1 + (double)below(c, 400) / 1000;
    }
    x[first + 4 + below(c, width - 4)] = 1;
  }
}

/* A number as the column of that input has them: a 0 or 1 for each label, no weight below 0. */
static double draw_number(struct check *c, uint32_t i) {
  const struct io_column *column = c->module->input[i].column;
  bool members = column && io_kind_has(column->kind, IO_MEMBERS);
  if (members || is_chance(c->module, i) || c->module->input[i].matched) return (double)below(c, 2);
  return column && column->kind->weighs ? fabs(normal(c)) : normal(c);
}

static int draw_input(struct check *c, uint32_t i, struct rt_error *error) {
  const struct vm_type *type = &c->module->input[i].type;
  int64_t n = input_elements(c, type, error), range = 0;
  if (n < 0) return error->code;
  rt_free(c->input[i]);
  c->input[i] = rt_zalloc((size_t)n + 1, sizeof(double));
  if (!c->input[i]) return rt_no_memory(error);
  if (type->dtype == RT_INT && vm_dim_value(&c->module->dims, type->of, NULL, &range, error))
    return error->code;
  const struct io_column *column = c->module->input[i].column;
  int64_t width;
  if (column && column->kind->beside && type->rank == 2) {
    if (vm_dim_value(&c->module->dims, type->dim[1], NULL, &width, error)) return error->code;
    draw_boxes(c, c->input[i], n, width);
    n = 0;
  }
  for (int64_t k = 0; k < n; k++) {
    if (type->dtype == RT_INT && c->module->input[i].spelled) /* no letter twice: there may be few frames */
      ((int32_t *)c->input[i])[k] = (int32_t)(k % range);
    else if (type->dtype == RT_INT)
      ((int32_t *)c->input[i])[k] = (int32_t)below(c, range);
    else
      ((double *)c->input[i])[k] = draw_number(c, i);
  }
  vm_machine_set_input(c->machine, i, c->input[i]);
  return RT_OK;
}

/* ---- gradients ---- */

static bool is_gradient(const struct check *c, uint32_t output) {
  return c->alone && strncmp(c->train->output_name[output], "grad.", 5) == 0;
}

static double sum_of_sines(const struct check *c) {
  double sum = 0;
  for (uint32_t k = 0; k < c->train->output_count && !is_gradient(c, k); k++) {
    const struct rt_tensor t = vm_machine_output(c->machine, k);
    for (int64_t x = 0; x < t.shape->count; x++) sum += sin(((const double *)t.data)[x]);
  }
  return sum;
}

static int loss_of(struct check *c, double *loss, struct rt_error *error) {
  int status = vm_machine_run(c->machine, c->seed, error);
  if (status == RT_OK)
    *loss = c->alone ? sum_of_sines(c) : *(const double *)vm_machine_output(c->machine, 0).data;
  return status;
}

/* Of a function alone: "grad.NAME" among its results is that of a leaf. */
static void keep_outputs(struct check *c) {
  for (uint32_t k = 0; k < c->train->output_count; k++)
    for (uint32_t n = 0; is_gradient(c, k) && n < c->leaves; n++)
      if (!strcmp(c->train->output_name[k] + strlen("grad."), c->leaf[n].name))
        memcpy(c->leaf[n].gradient, vm_machine_output(c->machine, k).data,
               (size_t)c->leaf[n].elements * sizeof *c->leaf[n].gradient);
}

/* Runs once and keeps every gradient as a dense one: gradients that are lists of rows are summed up. */
static int keep_gradients(struct check *c, double *loss, struct rt_error *error) {
  int status = loss_of(c, loss, error);
  if (status == RT_OK && !isfinite(*loss)) {
    status = vm_machine_blame(c->machine, c->seed, error);
    return status != RT_OK ? status : rt_fail(error, RT_NOT_FINITE, "the loss is not finite on random data");
  }
  if (status == RT_OK) keep_outputs(c);
  for (uint32_t g = 0; status == RT_OK && g < c->train->gradient_count; g++) {
    const struct vm_gradient *from = &c->train->gradient[g];
    const struct leaf *leaf = leaf_of(c, from->param);
    struct rt_tensor value = vm_machine_value(c->machine, from->value);
    double *to = leaf->gradient;
    const double *data = value.data;
    if (from->ids == UINT32_MAX) {
      memcpy(to, data, (size_t)leaf->elements * sizeof *to);
      continue;
    }
    struct rt_tensor ids = vm_machine_value(c->machine, from->ids);
    int64_t rows = ids.shape->count, width = rows ? value.shape->count / rows : 0;
    memset(to, 0, (size_t)leaf->elements * sizeof *to);
    for (int64_t r = 0; r < rows; r++)
      for (int64_t k = 0; k < width; k++)
        to[((const int32_t *)ids.data)[r] * width + k] += data[r * width + k];
  }
  return status;
}

/* A direction in which a leaf moves: one element of it, or a random direction of the whole. */
struct direction {
  const struct leaf *leaf;
  int64_t first, last; /* the elements that move: first..last-1 */
  bool whole;
  uint64_t seed; /* of a random direction */
};

static struct direction direction_of(struct check *c, const struct leaf *leaf, int64_t element) {
  struct direction d = {leaf, element, element + 1, element < 0, rt_random_seed(c->seed, c->drawn++)};
  if (d.whole) d.first = 0, d.last = leaf->elements;
  return d;
}

static double component(const struct direction *d, int64_t element) {
  return d->whole ? rt_random_normal(d->seed, (uint64_t)element) / sqrt((double)d->last) : 1;
}

static double analytic_slope(const struct direction *d) {
  double slope = 0;
  for (int64_t x = d->first; x < d->last; x++) slope += d->leaf->gradient[x] * component(d, x);
  return slope;
}

static int numeric_slope(struct check *c, const struct direction *d, double h, double *slope,
                         struct rt_error *error) {
  static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
  double *theta = d->leaf->data + d->first, loss = 0;
  int64_t n = d->last - d->first;
  double *kept = rt_zalloc((size_t)n + 1, sizeof *kept);
  if (!kept) return rt_no_memory(error);
  memcpy(kept, theta, (size_t)n * sizeof *kept);
  int status = RT_OK;
  *slope = 0;
  for (int k = 0; k < 4 && status == RT_OK; k++) {
    for (int64_t x = 0; x < n; x++) theta[x] = kept[x] + at[k] * h * component(d, d->first + x);
    status = loss_of(c, &loss, error);
    *slope += weight[k] * loss / (12 * h);
  }
  memcpy(theta, kept, (size_t)n * sizeof *kept);
  rt_free(kept);
  return status;
}

/* element -1: along a random direction. */
static int compare(struct check *c, struct leaf *leaf, int64_t element, double loss, struct rt_error *error) {
  static const double steps[] = {1e-3, 1e-4, 1e-5, 1e-6, 1e-7};
  struct direction direction = direction_of(c, leaf, element);
  struct found best = {.error = INFINITY, .element = element}, *worst = &leaf->found;
  double analytic = analytic_slope(&direction);
  for (size_t k = 0; k < RT_COUNT(steps) && best.error > 1e-9; k++) {
    double numeric = 0;
    int status = numeric_slope(c, &direction, steps[k], &numeric, error);
    if (status != RT_OK) return status;
    double size = fmax(fmax(fabs(analytic), fabs(numeric)), SMALLEST * fmax(1, fabs(loss))),
           wrong = fabs(analytic - numeric) / size;
    if (!(wrong < best.error)) {
      if (k) continue;
      wrong = isnan(wrong) ? INFINITY : wrong;
    }
    best.error = wrong;
    best.analytic = analytic;
    best.numeric = numeric;
  }
  double largest = fmax(worst->largest, fabs(best.analytic));
  int64_t checked = worst->checked + 1;
  if (best.error >= worst->error) *worst = best;
  worst->largest = largest;
  worst->checked = checked;
  return RT_OK;
}

/* Large models get fewer single elements. The random direction tests all elements at once, though less
 * sharply. */
static int64_t elements_to_check(const struct check *c) {
  double work = 1;
  for (uint32_t n = 0; n < c->leaves; n++) work += (double)c->leaf[n].elements;
  double each = 2e8 / (work * (double)(c->leaves + 1));
  return each < 1 ? 1 : each > MAX_CHECKED ? MAX_CHECKED : (int64_t)each;
}

static int check_leaf(struct check *c, struct leaf *leaf, int64_t many, double loss, struct rt_error *error) {
  int64_t n = leaf->elements;
  if (leaf->frozen || n == 0) return RT_OK;
  int status = n > 1 ? compare(c, leaf, -1, loss, error) : RT_OK;
  for (int64_t k = 0; k < many && k < n && status == RT_OK; k++)
    status = compare(c, leaf, n <= many ? k : below(c, n), loss, error);
  return status;
}

static int check_set(struct check *c, struct rt_error *error) {
  double loss = 0;
  int status = keep_gradients(c, &loss, error);
  int64_t many = elements_to_check(c);
  for (uint32_t n = 0; n < c->leaves && status == RT_OK; n++)
    status = check_leaf(c, &c->leaf[n], many, loss, error);
  return status;
}

/* ---- the whole ---- */

static int make_params(struct check *c, struct rt_error *error) {
  for (uint32_t p = 0; p < c->module->param_count; p++)
    if (c->module->param[p].init.kind == VM_INIT_LOAD)
      c->module->param[p].init = (struct vm_init){.kind = VM_INIT_GLOROT, .a = 1};
  int status = lib_params_init(&c->params, c->module, RT_F64, error);
  if (status == RT_OK)
    status = lib_params_fill(&c->params, &(struct lib_beginning){.module = c->module, .seed = c->seed}, NULL,
                             error);
  /* Moves them away from the symmetry of the initial values, where many gradients are 0. */
  for (uint32_t p = 0; p < c->params.count && status == RT_OK; p++)
    for (int64_t k = 0; k < c->params.elements[p]; k++) ((double *)c->params.data[p])[k] += 0.1 * normal(c);
  return status;
}

static int make_leaf(struct check *c, struct leaf *leaf, double *data, int64_t elements,
                     struct rt_error *error) {
  leaf->data = data;
  leaf->elements = elements;
  leaf->gradient = rt_arena_alloc(&c->arena, ((size_t)elements + 1) * sizeof *leaf->gradient);
  return leaf->gradient ? RT_OK : rt_no_memory(error);
}

/* Sizes are known: parameters can be made. */
static int bind_params(struct check *c, struct rt_error *error) {
  lib_params_free(&c->params);
  int status = make_params(c, error);
  for (uint32_t p = 0; p < c->params.count && status == RT_OK; p++) {
    struct leaf *leaf = leaf_of(c, p);
    leaf->name = c->module->param[p].name;
    leaf->frozen = c->module->param[p].frozen;
    status = make_leaf(c, leaf, c->params.data[p], c->params.elements[p], error);
  }
  if (status == RT_OK) lib_params_bind(&c->params, c->machine);
  return status;
}

static int use_function(struct check *c, const struct vm_function *function, struct rt_error *error) {
  vm_machine_free(c->machine);
  c->train = function;
  c->machine = vm_machine_new(c->module, function, RT_F64, c->pool, error);
  if (!c->machine) return error->code;
  lib_params_bind(&c->params, c->machine);
  return RT_OK;
}

static int prepare(struct check *c, struct rt_error *error) {
  const struct vm_module *m = c->module;
  if (m->dims.symbol_count > MOST_SYMBOLS)
    return rt_fail(error, RT_USAGE, "a program with more than %d dims", MOST_SYMBOLS);
  const struct vm_function *first = vm_module_function(m, c->alone ? "run" : "train");
  if (!first) return rt_fail(error, RT_BAD_DATA, "%s has nothing to train", m->name);
  c->leaves = m->param_count + (c->alone ? m->input_count : 0);
  c->size = rt_arena_alloc(&c->arena, (m->dims.symbol_count + 1) * sizeof *c->size);
  c->open = rt_arena_alloc(&c->arena, (m->dims.symbol_count + 1) * sizeof *c->open);
  c->leaf = rt_arena_alloc(&c->arena, (c->leaves + 1u) * sizeof *c->leaf);
  c->input = rt_arena_alloc(&c->arena, (m->input_count + 1u) * sizeof *c->input);
  if (!c->size || !c->open || !c->leaf || !c->input) return rt_no_memory(error);
  for (size_t s = 0; s < m->dims.symbol_count; s++) {
    c->open[s] = m->dims.symbol[s].kind == VM_BOUND && m->dims.symbol[s].value < 0;
    if (!(c->size[s] = rt_arena_alloc(&c->arena, MAX_EXAMPLES * sizeof **c->size)))
      return rt_no_memory(error);
  }
  c->pool = lib_pool(1, NULL, error);
  return c->pool ? use_function(c, first, error) : error->code;
}

static int draw_inputs(struct check *c, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t i = 0; i < c->module->input_count && status == RT_OK; i++)
    if (vm_machine_uses_input(c->machine, i)) status = draw_input(c, i, error);
  return status;
}

/* ---- a model ---- */

static int check_sets(struct check *c, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t n = 0; n < c->leaves; n++)
    memset(c->leaf[n].gradient, 0, (size_t)c->leaf[n].elements * sizeof *c->leaf[n].gradient);
  for (size_t s = 0; s < RT_COUNT(size_sets) && status == RT_OK; s++) {
    status = bind_sizes(c, &size_sets[s], error);
    if (status == RT_OK) status = draw_inputs(c, error);
    if (status == RT_OK) status = check_set(c, error);
  }
  return status;
}

/* Where there are two ways to train, both. */
static int check_model(struct check *c, struct rt_error *error) {
  const struct vm_function *many = vm_module_function(c->module, VM_TRAIN_MANY);
  int status = bind_dims(c, error);
  if (status == RT_OK) status = bind_params(c, error);
  if (status == RT_OK) status = check_sets(c, error);
  if (status == RT_OK && many) status = use_function(c, many, error);
  return status == RT_OK && many ? check_sets(c, error) : status;
}

/* ---- a function alone ---- */

/* Its arguments of real numbers are leaves, too. */
static int bind_leaves(struct check *c, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t i = 0; i < c->module->input_count && status == RT_OK; i++) {
    const struct vm_input *input = &c->module->input[i];
    c->leaf[i].name = input->name;
    c->leaf[i].frozen = input->type.dtype == RT_INT || !vm_machine_uses_input(c->machine, i);
    const int64_t elements = c->leaf[i].frozen ? 0 : input_elements(c, &input->type, error);
    status = elements < 0 ? error->code : make_leaf(c, &c->leaf[i], c->input[i], elements, error);
  }
  return status;
}

static int check_function(struct check *c, struct rt_error *error) {
  static const int64_t sizes[][2] = {{3, 1}, {1, 0}, {5, 2}, {19, 1}}; /* of the first dim, and further on */
  int status = RT_OK;
  c->examples = 1;
  for (size_t s = 0; s < RT_COUNT(sizes) && status == RT_OK; s++) {
    status = bind_arguments(c, sizes[s][0], sizes[s][1], error);
    if (status == RT_OK) status = bind_params(c, error);
    if (status == RT_OK) status = vm_machine_bind(c->machine, 1, (const int64_t *const *)c->size, error);
    if (status == RT_OK) status = draw_inputs(c, error);
    if (status == RT_OK) status = bind_leaves(c, error);
    if (status == RT_OK) status = check_set(c, error);
  }
  return status;
}

/* ---- what came out ---- */

static void table(const struct check *c, struct rt_text *out) {
  const char *heading = c->alone ? "argument or parameter" : "parameter";
  int width = (int)strlen(heading);
  for (uint32_t n = 0; n < c->leaves; n++) {
    int length = (int)strlen(c->leaf[n].name);
    width = length > width ? length : width;
  }
  rt_text_printf(out, "%-*s  %10s  %7s  %16s  %11s\n", width, heading, "elements", "checked",
                 "largest gradient", "worst error");
  for (uint32_t n = 0; n < c->leaves; n++) {
    const struct leaf *leaf = &c->leaf[n];
    if (c->alone && leaf->frozen && n < c->module->input_count) continue;
    rt_text_printf(out, "%-*s  %10" PRId64 "  ", width, leaf->name, leaf->elements);
    if (leaf->frozen)
      rt_text_puts(out, " frozen\n");
    else
      rt_text_printf(out, "%7" PRId64 "  %16.3g  %11.2g\n", leaf->found.checked, leaf->found.largest,
                     leaf->found.error);
  }
}

/* A gradient that is 0 throughout agrees with differences that are: the data may never reach the parameter.
 */
static void warn_idle(const struct check *c, aq_program *program) {
  struct rt_text names = {0};
  uint32_t idle = 0, checked = 0;
  for (uint32_t n = 0; n < c->leaves; n++) {
    const struct found *found = &c->leaf[n].found;
    checked += found->checked > 0;
    if (!found->checked || found->largest != 0) continue;
    rt_text_printf(&names, "%s%s", idle++ ? ", " : "", c->leaf[n].name);
  }
  if (idle && !names.failed) {
    struct rt_error warning = {0};
    rt_fail_in(&warning, RT_NEGATIVE, program->program->main->path,
               "of %u of %u %s all gradients are 0, so that nothing is shown of %s: %s", idle, checked,
               c->alone ? "arguments and parameters" : "parameters", idle == 1 ? "it" : "them", names.data);
    rt_hint(&warning,
            "random data may not reach them, as where a mask sees nothing or relu is 0: another seed "
            "gives others, and a function is checked by itself, too");
    cc_warn(&program->program->diagnostics, &warning);
  }
  rt_text_free(&names);
}

static int verdict(const struct check *c, double tolerance, double *worst, struct rt_error *error) {
  uint32_t bad = 0;
  *worst = 0;
  for (uint32_t n = 0; n < c->leaves; n++)
    if (c->leaf[n].found.error > *worst) *worst = c->leaf[bad = n].found.error;
  if (*worst <= tolerance) return RT_OK;
  const struct found *f = &c->leaf[bad].found;
  char where[64] = "along a random direction";
  if (f->element >= 0) snprintf(where, sizeof where, "of element %" PRId64, f->element);
  rt_fail(error, RT_NEGATIVE,
          "the gradient of %s is wrong: the derivative %s is %.9g by the program's gradient, but %.9g by "
          "differences of the %s (relative error %.2g)",
          c->leaf[bad].name, where, f->analytic, f->numeric, c->alone ? "results" : "loss", f->error);
  rt_hint(error,
          "stop_gradient makes the two differ, and is meant to; without it this is an error of the compiler");
  return error->code;
}

static struct vm_module *compile(const struct check *c, aq_program *program, struct rt_error *error) {
  const struct cc_alone alone = {
      .name = program->function, .gradients = true, .waves = true, .training = true};
  return c->alone ? cc_compile_function(program->program, &alone, error)
                  : cc_compile_model(program->program, error);
}

int aq_program_gradcheck(aq_program *program, int64_t seed, double tolerance, double *worst, char **text) {
  if (!program) return AQ_USAGE;
  struct rt_error *error = lib_begin(&program->message);
  struct check c = {.seed = rt_random_seed((uint64_t)seed, 0x67726164)};
  struct rt_text out = {0};
  double largest = 0;
  if (text) *text = NULL;
  if (lib_can_compile(program, error)) return error->code;
  c.alone = program->function || !aq_program_has_model(program);
  c.module = compile(&c, program, error);
  int status = c.module ? lib_need_natives(c.module, &program->allowed, error) : error->code;
  if (status == RT_OK) status = prepare(&c, error);
  if (status == RT_OK) status = c.alone ? check_function(&c, error) : check_model(&c, error);
  if (status == RT_OK && text) {
    table(&c, &out);
    warn_idle(&c, program);
    status = lib_give_text(&out, text, error);
  }
  if (status == RT_OK) status = verdict(&c, tolerance, &largest, error);
  if (worst) *worst = largest;
  check_free(&c);
  return status;
}
