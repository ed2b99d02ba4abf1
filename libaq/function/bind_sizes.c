/* bind_sizes.c: what sizes a function has: those of the tensors that it is given. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libaq/function/function.h"
#include "libaq/model/params.h"
#include "libaq/model/requirement_words.h"

/* A tensor, and what it stands for. */
struct given {
  const char *what; /* "x" or "the parameter f.W" */
  const struct vm_type *type;
  const aq_tensor *tensor;
  const char *file; /* NULL: it is in memory */
};

static struct given argument_of(const struct aq_function *f, uint32_t i, const aq_tensor *tensor) {
  const struct vm_input *input = &f->module->input[i];
  return (struct given){input->name, &input->type, tensor, f->argument_file};
}

/* What stands in a host's file is bad data; what a host hands over is bad usage. */
static int code_of(const struct given *g) { return g->file ? RT_BAD_DATA : RT_USAGE; }

/* "[T, D]" as in the program, and "[3, 64]". */
struct shapes {
  struct rt_text program, here;
};

static struct shapes shapes_of(const struct aq_function *f, const struct given *g) {
  struct shapes shapes = {{0}, {0}};
  vm_type_print(&f->module->dims, g->type, &shapes.program);
  lib_put_shape(&shapes.here, g->tensor->rank, g->tensor->size);
  return shapes;
}

static const char *words(const struct rt_text *text) { return text->data ? text->data : "other"; }

static void shapes_free(struct shapes *shapes) {
  rt_text_free(&shapes->program);
  rt_text_free(&shapes->here);
}

static int fail(const struct given *g, struct rt_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(const struct given *g, struct rt_error *error, const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return rt_fail_in(error, code_of(g), g->file ? g->file : "", "%s", text);
}

/* ---- axes ---- */

static bool is_ragged(const struct aq_function *f, const struct given *g, int axis) {
  return vm_dim_is_ragged(&f->module->dims, g->type->dim[axis]);
}

static int64_t size_at(const aq_tensor *t, int axis, int64_t example) {
  const int64_t *offset = t->offset ? t->offset[axis] : NULL;
  return offset ? offset[example + 1] - offset[example] : t->size[axis];
}

static int check_offsets(const struct aq_function *f, const struct given *g, int axis,
                         struct rt_error *error) {
  const int64_t *offset = g->tensor->offset[axis];
  if (offset[0] != 0)
    return fail(g, error, "offsets of axis %d of %s begin with %lld instead of 0", axis + 1, g->what,
                (long long)offset[0]);
  for (int64_t e = 0; e < f->examples; e++)
    if (offset[e + 1] < offset[e])
      return fail(g, error, "offsets of axis %d of %s fall from %lld to %lld behind example %lld", axis + 1,
                  g->what, (long long)offset[e], (long long)offset[e + 1], (long long)e + 1);
  if (offset[f->examples] != g->tensor->size[axis])
    return fail(g, error, "axis %d of %s is given as %lld, but its offsets end with %lld", axis + 1, g->what,
                (long long)g->tensor->size[axis], (long long)offset[f->examples]);
  return RT_OK;
}

static int check_axes(const struct aq_function *f, const struct given *g, struct rt_error *error) {
  const aq_tensor *t = g->tensor;
  int status = RT_OK;
  if (t->rank < 0 || t->rank > RT_MAX_RANK)
    return fail(g, error, "%s cannot have %d axes; %d are the most", g->what, t->rank, RT_MAX_RANK);
  if (t->rank != g->type->rank || (t->rank > 0 && !t->size)) {
    struct shapes shapes =
        shapes_of(f, &(struct given){g->what, g->type, t->size ? t : &(aq_tensor){0}, g->file});
    status = fail(g, error, "%s is %s in the program, but the tensor is %s", g->what, words(&shapes.program),
                  t->rank && !t->size ? "without sizes" : words(&shapes.here));
    if (f->batch && g->type->batched && t->rank == g->type->rank + 1)
      rt_hint(error, "the axis of the examples is not counted: the batch has %lld of them",
              (long long)f->examples);
    shapes_free(&shapes);
  }
  for (int a = 0; a < t->rank && status == RT_OK; a++) {
    const bool has_offsets = t->offset && t->offset[a], ragged = is_ragged(f, g, a);
    if (t->size[a] < 0 || t->size[a] > INT_MAX)
      status = fail(g, error, "axis %d of %s cannot be %lld", a + 1, g->what, (long long)t->size[a]);
    else if (ragged && !has_offsets)
      status = fail(g, error, "axis %d of %s is ragged, and has no offsets", a + 1, g->what);
    else if (!ragged && has_offsets) {
      status = fail(g, error, "axis %d of %s has offsets, but its size is the same in all examples", a + 1,
                    g->what);
      rt_hint(error, "aq_function_options.ragged names the dims that each example has of its own");
    } else if (ragged)
      status = check_offsets(f, g, a, error);
  }
  return status;
}

/* ---- symbols ---- */

static int bind_one(struct aq_function *f, const struct given *g, int axis, struct rt_error *error) {
  const int64_t number = vm_dim_as_symbol(&f->module->dims, g->type->dim[axis]), size = g->tensor->size[axis];
  struct vm_symbol *symbol = &f->module->dims.symbol[number];
  if (symbol->value >= 0 && symbol->value != size) {
    struct shapes shapes = shapes_of(f, g);
    fail(g, error,
         "%s cannot be both %lld, by %s, and %lld, by axis %d of %s, which is %s in the program and %s here",
         symbol->name, (long long)symbol->value, f->bound_by[number], (long long)size, axis + 1, g->what,
         words(&shapes.program), words(&shapes.here));
    shapes_free(&shapes);
    return error->code;
  }
  symbol->value = size;
  if (!f->bound_by[number]) f->bound_by[number] = g->what;
  return RT_OK;
}

static int bind_each(struct aq_function *f, const struct given *g, int axis, struct rt_error *error) {
  const int64_t number = vm_dim_as_symbol(&f->module->dims, g->type->dim[axis]);
  const char *name = f->module->dims.symbol[number].name, *before = f->bound_by[number];
  if (rt_grow((void **)&f->each[number], &f->each_capacity[number], (size_t)f->examples, sizeof(int64_t)))
    return rt_no_memory(error);
  for (int64_t e = 0; e < f->examples; e++) {
    const int64_t size = size_at(g->tensor, axis, e);
    if (before && f->each[number][e] != size)
      return fail(g, error, "%s cannot be both %lld, by %s, and %lld, by axis %d of %s, in example %lld",
                  name, (long long)f->each[number][e], before, (long long)size, axis + 1, g->what,
                  (long long)e + 1);
    f->each[number][e] = size;
  }
  f->bound_by[number] = before ? before : g->what;
  return RT_OK;
}

/* Gives dims that are single unknown symbols the sizes of a tensor. */
static int bind_symbols(struct aq_function *f, const struct given *g, struct rt_error *error) {
  const struct vm_dims *dims = &f->module->dims;
  int status = check_axes(f, g, error);
  for (int a = 0; a < g->type->rank && status == RT_OK; a++) {
    int64_t number = vm_dim_as_symbol(dims, g->type->dim[a]);
    enum vm_symbol_kind kind = number < 0 ? VM_CONST : dims->symbol[number].kind;
    if (kind == VM_BOUND) status = bind_one(f, g, a, error);
    if (kind == VM_RAGGED) status = bind_each(f, g, a, error);
  }
  return status;
}

/* The sizes of an example. */
static const int64_t *example(const struct aq_function *f, int64_t e) {
  for (size_t s = 0; s < f->module->dims.symbol_count; s++)
    f->example[s] = f->module->dims.symbol[s].kind == VM_RAGGED ? f->each[s][e] : -1;
  return f->example;
}

/* Now that all sizes are known: do dims that are constants or formulas agree with the tensor? */
static int check_size(const struct aq_function *f, const struct given *g, int axis, int64_t e,
                      struct rt_error *error) {
  const struct vm_dims *dims = &f->module->dims;
  const int64_t size = size_at(g->tensor, axis, e);
  int64_t want;
  int status = vm_dim_value(dims, g->type->dim[axis], example(f, e), &want, error);
  if (status == RT_BAD_DATA || (status == RT_OK && want == size)) return status;
  struct rt_text dim = {0};
  vm_dim_print(dims, g->type->dim[axis], &dim);
  if (status != RT_OK) {
    status = rt_fail(error, RT_USAGE, "the size of %s, axis %d of %s, is not known", words(&dim), axis + 1,
                     g->what);
  } else if (is_ragged(f, g, axis)) {
    status =
        fail(g, error, "axis %d of %s is %s = %lld in the program, but the tensor has %lld in example %lld",
             axis + 1, g->what, words(&dim), (long long)want, (long long)size, (long long)e + 1);
  } else {
    struct shapes shapes = shapes_of(f, g);
    status = fail(g, error, "axis %d of %s is %s = %lld in the program, but the tensor is %s", axis + 1,
                  g->what, words(&dim), (long long)want, words(&shapes.here));
    shapes_free(&shapes);
  }
  if (vm_dim_as_symbol(dims, g->type->dim[axis]) >= 0)
    rt_hint(error, "%s%s=%lld runs the program with that size", g->file ? "-D " : "to define ", words(&dim),
            (long long)size);
  rt_text_free(&dim);
  return status;
}

static int check_sizes(const struct aq_function *f, const struct given *g, struct rt_error *error) {
  int status = RT_OK;
  for (int a = 0; a < g->type->rank; a++) {
    const int64_t examples = is_ragged(f, g, a) ? f->examples : 1;
    for (int64_t e = 0; e < examples && status == RT_OK; e++) status = check_size(f, g, a, e, error);
  }
  return status;
}

static int all_known(const struct aq_function *f, struct rt_error *error) {
  const struct vm_dims *dims = &f->module->dims;
  for (size_t s = 0; s < dims->symbol_count; s++) {
    const struct vm_symbol *symbol = &dims->symbol[s];
    if (symbol->value >= 0 || symbol->kind == VM_FLOOR || symbol->kind == VM_ROWS
        || (symbol->kind == VM_RAGGED && f->bound_by[s]))
      continue;
    rt_fail(error, RT_USAGE, "no tensor gives the size of %s", symbol->name);
    rt_hint(error, f->argument_file ? "give it: -D %s=8" : "define it: %s=8", symbol->name);
    return error->code;
  }
  return RT_OK;
}

/* Says which argument gave the size that does not meet a requirement. */
static int unmet(const struct aq_function *f, const struct vm_requirement *q, const int64_t *sizes,
                 struct rt_error *error) {
  const struct vm_module *m = f->module;
  struct rt_text given = {0};
  lib_requirement_fail(m, q, sizes, error);
  snprintf(error->file, sizeof error->file, "%s", q->file);
  error->line = (int)q->line;
  error->column = (int)q->column;
  for (uint32_t s = 0; s < m->dims.symbol_count; s++)
    if (vm_dim_uses(&m->dims, q->dim, s) && f->bound_by[s])
      rt_text_printf(&given, "%s%s is given by %s", given.length ? ", " : "", m->dims.symbol[s].name,
                     f->bound_by[s]);
  if (given.data) rt_hint(error, "%s", given.data);
  rt_text_free(&given);
  return error->code;
}

static int check_requirements(const struct aq_function *f, struct rt_error *error) {
  const struct vm_module *m = f->module;
  for (uint32_t i = 0; i < m->requirement_count; i++) {
    const struct vm_requirement *q = &m->requirement[i];
    const int64_t examples = vm_requirement_is_ragged(&m->dims, q) ? f->examples : 1;
    for (int64_t e = 0; e < examples; e++)
      if (vm_requirement_met(&m->dims, q, example(f, e)) == RT_BAD_DATA)
        return unmet(f, q, f->example, error);
  }
  return RT_OK;
}

/* ---- all of them ---- */

static void forget(struct aq_function *f) {
  struct vm_dims *dims = &f->module->dims;
  for (size_t s = 0; s < dims->symbol_count; s++) {
    if (f->fixed[s]) continue;
    f->bound_by[s] = NULL;
    if (dims->symbol[s].kind == VM_BOUND) dims->symbol[s].value = -1;
  }
}

static aq_tensor view(const struct function_tensor *t) {
  return (aq_tensor){.data = t->data, .rank = t->rank, .size = t->size};
}

/* A size that no argument has, such as the width of a layer, may come from a parameter. */
static int bind_by_parameters(struct aq_function *f, struct rt_error *error) {
  const struct vm_module *m = f->module;
  int status = RT_OK;
  for (uint32_t p = 0; p < m->param_count && status == RT_OK; p++) {
    if (!f->parameter[p].given) continue;
    const aq_tensor tensor = view(&f->parameter[p]);
    status = bind_symbols(
        f, &(struct given){f->parameter_words[p], &m->param[p].type, &tensor, f->parameter_file}, error);
  }
  return status;
}

static int check_parameters(const struct aq_function *f, struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t p = 0; p < f->module->param_count && status == RT_OK; p++) {
    const aq_tensor tensor = view(&f->parameter[p]);
    if (f->parameter[p].given && !f->parameter_file) status = function_fits(f, p, &tensor, error);
  }
  return status;
}

int function_fits(const struct aq_function *f, uint32_t p, const aq_tensor *tensor, struct rt_error *error) {
  const struct given g = {f->parameter_words[p], &f->module->param[p].type, tensor, NULL};
  int status = check_axes(f, &g, error);
  return status != RT_OK || !f->bound ? status : check_sizes(f, &g, error);
}

int function_sizes(struct aq_function *f, const aq_tensor *argument, int64_t examples,
                   struct rt_error *error) {
  const uint32_t count = f->module->input_count;
  int status = RT_OK;
  f->examples = examples;
  forget(f);
  for (uint32_t i = 0; i < count && status == RT_OK; i++) {
    const struct given g = argument_of(f, i, &argument[i]);
    status = bind_symbols(f, &g, error);
  }
  if (status == RT_OK) status = bind_by_parameters(f, error);
  if (status == RT_OK) status = all_known(f, error);
  for (uint32_t i = 0; i < count && status == RT_OK; i++) {
    const struct given g = argument_of(f, i, &argument[i]);
    status = check_sizes(f, &g, error);
  }
  f->bound = status == RT_OK;
  if (status == RT_OK) status = check_parameters(f, error);
  if (status == RT_OK) status = check_requirements(f, error);
  f->bound = status == RT_OK;
  for (uint32_t i = 0; i < count && status == RT_OK; i++) {
    f->argument[i].rank = argument[i].rank;
    for (int a = 0; a < argument[i].rank; a++) f->argument[i].size[a] = argument[i].size[a];
  }
  return status;
}

static bool same_axis(const struct aq_function *f, const struct given *g, int axis) {
  const int64_t number = vm_dim_as_symbol(&f->module->dims, g->type->dim[axis]);
  const bool has_offsets = g->tensor->offset && g->tensor->offset[axis];
  if (!is_ragged(f, g, axis)) return !has_offsets;
  if (!has_offsets || number < 0 || f->module->dims.symbol[number].kind != VM_RAGGED) return false;
  if (g->tensor->offset[axis][0] != 0) return false;
  for (int64_t e = 0; e < f->examples; e++)
    if (size_at(g->tensor, axis, e) != f->each[number][e]) return false;
  return true;
}

bool function_same_sizes(const struct aq_function *f, const aq_tensor *argument, int64_t examples) {
  if (!f->bound || examples != f->examples) return false;
  for (uint32_t i = 0; i < f->module->input_count; i++) {
    const aq_tensor *t = &argument[i];
    const struct given g = argument_of(f, i, t);
    if (t->rank != f->argument[i].rank || (t->rank && !t->size)) return false;
    for (int a = 0; a < t->rank; a++)
      if (t->size[a] != f->argument[i].size[a] || !same_axis(f, &g, a)) return false;
  }
  return true;
}
