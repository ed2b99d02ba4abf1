/* operands.c: what a function takes and gives: arguments, parameters, results. */
#include <string.h>

#include "libaq/function/function.h"
#include "libaq/model/params.h"

static enum aq_number number_of(const struct aq_function *f, const struct vm_type *type) {
  return type->dtype == RT_INT ? AQ_INT32 : f->precision == RT_F64 ? AQ_DOUBLE : AQ_FLOAT;
}

static const struct vm_type *result_type(const struct aq_function *f, size_t k) {
  return &f->run->value[f->run->output[k]].type;
}

/* ---- in words ---- */

static const char *shape_words(struct aq_function *f, const struct vm_type *type) {
  struct rt_text text = {0};
  vm_type_print(&f->module->dims, type, &text);
  const char *kept =
      text.failed ? NULL : rt_arena_strndup(&f->arena, text.data ? text.data : "", text.length);
  rt_text_free(&text);
  return kept;
}

/* False: no memory. */
static bool describe(struct aq_function *f, const char *name, const struct vm_type *type,
                     aq_operand *operand) {
  *operand = (aq_operand){.size = sizeof *operand,
                          .name = name,
                          .shape = shape_words(f, type),
                          .number = number_of(f, type),
                          .rank = type->rank,
                          .each = f->batch && type->batched};
  return operand->shape != NULL;
}

int function_describe(struct aq_function *f, struct rt_error *error) {
  const struct vm_module *m = f->module;
  bool good = true;
  f->takes = rt_arena_alloc(&f->arena, (m->input_count + 1u) * sizeof *f->takes);
  f->has = rt_arena_alloc(&f->arena, (m->param_count + 1u) * sizeof *f->has);
  f->gives = rt_arena_alloc(&f->arena, (f->run->output_count + 1u) * sizeof *f->gives);
  f->parameter_words = rt_arena_alloc(&f->arena, (m->param_count + 1u) * sizeof(char *));
  if (!f->takes || !f->has || !f->gives || !f->parameter_words) return rt_no_memory(error);
  for (uint32_t i = 0; i < m->input_count; i++)
    good = describe(f, m->input[i].name, &m->input[i].type, &f->takes[i]) && good;
  for (uint32_t p = 0; p < m->param_count; p++) {
    good = describe(f, m->param[p].name, &m->param[p].type, &f->has[p]) && good;
    good = (f->parameter_words[p] = rt_arena_printf(&f->arena, "the parameter %s", m->param[p].name)) && good;
  }
  for (uint32_t k = 0; k < f->run->output_count; k++)
    good = describe(f, f->run->output_name[k], result_type(f, k), &f->gives[k]) && good;
  return good ? RT_OK : rt_no_memory(error);
}

size_t aq_function_argument_count(const aq_function *f) { return f && f->ready ? f->module->input_count : 0; }
size_t aq_function_parameter_count(const aq_function *f) {
  return f && f->ready ? f->module->param_count : 0;
}
size_t aq_function_result_count(const aq_function *f) { return f && f->ready ? f->run->output_count : 0; }

const aq_operand *aq_function_argument(const aq_function *f, size_t k) {
  return k < aq_function_argument_count(f) ? &f->takes[k] : NULL;
}

const aq_operand *aq_function_parameter(const aq_function *f, size_t k) {
  return k < aq_function_parameter_count(f) ? &f->has[k] : NULL;
}

const aq_operand *aq_function_result(const aq_function *f, size_t k) {
  return k < aq_function_result_count(f) ? &f->gives[k] : NULL;
}

/* ---- numbers ---- */

static const char *const in_words[] = {[AQ_FLOAT] = "float", [AQ_DOUBLE] = "double", [AQ_INT32] = "int32_t"};

int function_check_numbers(const struct aq_function *f, const char *what, const struct vm_type *type,
                           const aq_tensor *tensor, struct rt_error *error) {
  const enum aq_number want = number_of(f, type);
  const size_t align = want == AQ_DOUBLE ? sizeof(double) : sizeof(float);
  bool some = true;
  if ((unsigned)tensor->number > AQ_INT32)
    return rt_fail(error, RT_USAGE, "%s has numbers of type %d, which is none", what, (int)tensor->number);
  if (tensor->number != want) {
    rt_fail(error, RT_USAGE, "%s is needed as %s, and given as %s", what, in_words[want],
            in_words[tensor->number]);
    if (want != AQ_INT32 && tensor->number != AQ_INT32)
      rt_hint(error, "aq_function_options.precision says in what the function computes");
    return RT_USAGE;
  }
  /* Another rank is refused later; its sizes may not be there. */
  for (int a = 0; a < tensor->rank && tensor->rank == type->rank && tensor->size; a++)
    some &= tensor->size[a] != 0;
  if (!tensor->data && some) return rt_fail(error, RT_USAGE, "%s has no data: it is NULL", what);
  if ((uintptr_t)tensor->data % align)
    return rt_fail(error, RT_USAGE, "%s is at an address that is no multiple of %zu", what, align);
  return RT_OK;
}

/* ---- results ---- */

/* Sizes of a ragged axis as the machine has them, and as a host sees them. */
static void add_up(const int64_t *each, int64_t examples, int64_t *offset) {
  offset[0] = 0;
  for (int64_t e = 0; e < examples; e++) offset[e + 1] = offset[e] + each[e];
}

int function_offsets(struct aq_function *f, struct rt_error *error) {
  size_t axes = 0, need;
  for (uint32_t k = 0; k < f->run->output_count; k++) {
    const struct rt_shape *shape = vm_machine_output(f->machine, k).shape;
    for (int a = 0; a < shape->rank; a++) axes += shape->each[a] != NULL;
  }
  if (!axes) return RT_OK;
  if (!rt_mul(axes, (size_t)f->examples + 1, &need)
      || rt_grow((void **)&f->offsets, &f->offsets_capacity, need, sizeof *f->offsets))
    return rt_no_memory(error);
  int64_t *at = f->offsets;
  for (uint32_t k = 0; k < f->run->output_count; k++) {
    const struct rt_shape *shape = vm_machine_output(f->machine, k).shape;
    for (int a = 0; a < RT_MAX_RANK; a++) {
      f->result[k].offset[a] = a < shape->rank && shape->each[a] ? at : NULL;
      if (!f->result[k].offset[a]) continue;
      add_up(shape->each[a], f->examples, at);
      at += f->examples + 1;
    }
  }
  return RT_OK;
}

aq_tensor aq_function_value(const aq_function *f, size_t k) {
  if (k >= aq_function_result_count(f) || !f->ran) return (aq_tensor){0};
  const struct rt_tensor t = vm_machine_output(f->machine, (uint32_t)k);
  const struct vm_type *type = result_type(f, k);
  return (aq_tensor){.data = t.data,
                     .number = number_of(f, type),
                     .rank = t.shape->rank,
                     .size = t.shape->size,
                     .offset = t.shape->ragged ? f->result[k].offset : NULL,
                     .examples = f->batch && type->batched ? f->examples : 0};
}

/* ---- parameters ---- */

aq_tensor aq_function_parameter_value(const aq_function *f, size_t k) {
  if (k >= aq_function_parameter_count(f)) return (aq_tensor){0};
  const struct function_tensor *t = &f->parameter[k];
  if (!t->given && !f->made) return (aq_tensor){0};
  return (aq_tensor){.data = t->given ? t->data : f->values.data[k],
                     .number = number_of(f, &f->module->param[k].type),
                     .rank = f->module->param[k].type.rank,
                     .size = t->size};
}

static int find(const struct aq_function *f, const char *name, uint32_t *p, struct rt_error *error) {
  const struct vm_module *m = f->module;
  struct rt_nearest nearest = {name, NULL, 0};
  for (*p = 0; *p < m->param_count; (*p)++) {
    if (!strcmp(m->param[*p].name, name)) return RT_OK;
    rt_nearest_consider(&nearest, m->param[*p].name);
  }
  rt_fail(error, RT_USAGE, "%s has no parameter %s", m->name, name);
  if (nearest.best) rt_hint(error, "did you mean %s?", nearest.best);
  return RT_USAGE;
}

static int set(struct aq_function *f, uint32_t p, const aq_tensor *tensor, struct rt_error *error) {
  struct function_tensor *own = &f->parameter[p];
  int status = function_check_numbers(f, f->parameter_words[p], &f->module->param[p].type, tensor, error);
  if (status == RT_OK) status = function_fits(f, p, tensor, error);
  if (status != RT_OK) return status;
  own->given = true;
  own->data = tensor->data;
  own->rank = tensor->rank;
  for (int a = 0; a < tensor->rank; a++) own->size[a] = tensor->size[a];
  return RT_OK;
}

int aq_function_set_parameter(aq_function *f, const char *name, const aq_tensor *tensor) {
  uint32_t p;
  if (!f) return AQ_USAGE;
  struct rt_error *error = lib_begin(&f->message);
  if (!f->ready || !name)
    return rt_fail(error, RT_USAGE,
                   !name ? "there is no name of a parameter: it is NULL"
                         : "the function could not be made ready, so it has no parameters");
  int status = find(f, name, &p, error);
  if (status == RT_OK && tensor) status = set(f, p, tensor, error);
  if (status != RT_OK) return status;
  if (!tensor) f->parameter[p].given = false;
  if (!tensor) f->parameter[p].data = NULL;
  if (f->made)
    vm_machine_set_param(f->machine, p, tensor ? (void *)(uintptr_t)tensor->data : f->values.data[p]);
  return AQ_OK;
}
