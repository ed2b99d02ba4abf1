/* params.c: the numbers that training changes: room for them, reading, checking, describing for saving. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libaq/model/params.h"

int64_t lib_param_elements(const struct vm_module *module, uint32_t p, int64_t shape[RT_MAX_RANK],
                           struct rt_error *error) {
  const struct vm_type *type = &module->param[p].type;
  int64_t elements = 1;
  for (int a = 0; a < type->rank; a++) {
    struct rt_error why = {0};
    int status = vm_dim_value(&module->dims, type->dim[a], NULL, &shape[a], &why);
    if (status != RT_OK || shape[a] < 0 || __builtin_mul_overflow(elements, shape[a], &elements)) {
      rt_fail(error, status == RT_BAD_DATA ? RT_BAD_DATA : RT_USAGE,
              "the parameter %s has an axis of unknown size%s%s", module->param[p].name,
              why.text[0] ? ": " : "", why.text);
      return -1;
    }
  }
  return elements;
}

static size_t real_size(enum rt_precision precision) {
  return precision == RT_F64 ? sizeof(double) : sizeof(float);
}

/* The memory of the machine. The system would hand out more, and end the process when it is used. */
static size_t physical_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  size_t bytes;
  return pages > 0 && size > 0 && rt_mul((size_t)pages, (size_t)size, &bytes) ? bytes : SIZE_MAX;
}

void lib_place_param(const struct vm_param *param, struct rt_error *error) {
  if (param->where.file)
    rt_hint(error, "it is made in %s:%u:%u", param->where.file, param->where.line, param->where.column);
}

static int no_memory(const struct vm_module *module, uint32_t p, const int64_t *shape,
                     enum rt_precision precision, struct rt_error *error) {
  const struct vm_param *param = &module->param[p];
  char sizes[256] = "";
  size_t used = 0;
  double bytes = (double)real_size(precision);
  for (int a = 0; a < param->type.rank && used < sizeof sizes - 32; a++) {
    used += (size_t)snprintf(sizes + used, sizeof sizes - used, a ? ", %lld" : "%lld", (long long)shape[a]);
    bytes *= (double)shape[a];
  }
  rt_fail(error, RT_NO_MEMORY, "there is not enough memory for the parameter %s: [%s] numbers take %.3g GB",
          param->name, sizes, bytes / 1e9);
  lib_place_param(param, error);
  return RT_NO_MEMORY;
}

int lib_params_init(struct lib_params *params, const struct vm_module *module, enum rt_precision precision,
                    struct rt_error *error) {
  *params = (struct lib_params){.precision = rt_kept_in(precision), .count = module->param_count};
  params->data = rt_zalloc(module->param_count + 1u, sizeof *params->data);
  params->elements = rt_zalloc(module->param_count + 1u, sizeof *params->elements);
  if (!params->data || !params->elements) return rt_no_memory(error);
  size_t total = 0;
  for (uint32_t p = 0; p < params->count; p++) {
    int64_t shape[RT_MAX_RANK];
    size_t bytes;
    params->elements[p] = lib_param_elements(module, p, shape, error);
    if (params->elements[p] < 0) return error->code;
    if (!rt_mul((size_t)params->elements[p], real_size(precision), &bytes) || !rt_add(total, bytes, &total)
        || total > physical_memory() || !(params->data[p] = rt_alloc_aligned(bytes ? bytes : 1)))
      return no_memory(module, p, shape, precision, error);
  }
  return RT_OK;
}

void lib_params_free(struct lib_params *params) {
  lib_params_drop_panels(params);
  for (uint32_t p = 0; params->data && p < params->count; p++) rt_free_aligned(params->data[p]);
  rt_free(params->data);
  rt_free(params->elements);
  *params = (struct lib_params){0};
}

void lib_params_put(struct lib_params *params, uint32_t p, int64_t at, double value) {
  if (params->precision == RT_F64)
    ((double *)params->data[p])[at] = value;
  else
    ((float *)params->data[p])[at] = (float)value;
}

static double get(const struct lib_params *params, uint32_t p, int64_t at) {
  return lib_number_at(params->data[p], params->precision, at);
}

static const char *kind_of(double x) { return isnan(x) ? "NaN" : x > 0 ? "infinite" : "minus infinity"; }

/* "f.safetensors: w[2, 0] is NaN". */
int lib_params_not_finite(const struct lib_params *params, const struct vm_init *init,
                          const struct io_tensor *t, int64_t at, double value, struct rt_error *error) {
  char place[256] = "";
  int64_t below = t->elements;
  size_t used = 0;
  for (int a = 0; a < t->rank && used < sizeof place - 32; a++) {
    below /= t->shape[a];
    used += (size_t)snprintf(place + used, sizeof place - used, a ? ", %lld" : "%lld",
                             (long long)(at / below % t->shape[a]));
  }
  if (isfinite(value) && params->precision == RT_F32)
    rt_fail(error, RT_BAD_DATA, "%s: %s[%s] is %g, which is too large for float numbers", init->file,
            init->tensor, place, value);
  else
    rt_fail(error, RT_BAD_DATA, "%s: %s[%s] is %s, and weights to begin with are finite", init->file,
            init->tensor, place, kind_of(value));
  return RT_BAD_DATA;
}

/* Says which parameters the file does not have. */
static int missing(const struct lib_params *params, const struct vm_module *module,
                   const struct io_tensors *file, const char *prefix, struct rt_error *error) {
  struct rt_text names = {0};
  const char *first = NULL;
  int count = 0;
  for (uint32_t p = 0; p < params->count; p++) {
    struct rt_text name = {0};
    rt_text_printf(&name, "%s%s", prefix, module->param[p].name);
    bool there = name.failed || io_tensors_find(file, name.data);
    rt_text_free(&name);
    if (there) continue;
    if (count++ == 0) first = module->param[p].name;
    if (count <= 8) rt_text_printf(&names, "%s%s", count > 1 ? ", " : "", module->param[p].name);
  }
  if (count > 8) rt_text_puts(&names, ", …");
  if (names.failed || !first)
    rt_no_memory(error);
  else if (count == 1)
    rt_fail(error, RT_BAD_DATA, "the parameter %s is missing", first);
  else
    rt_fail(error, RT_BAD_DATA, "%d of the %u parameters are missing: %s", count, (unsigned)params->count,
            names.data);
  if (first) lib_hint_tensors(file, first, error);
  rt_text_free(&names);
  return error->code;
}

static int read_shape(const struct vm_module *module, uint32_t p, const struct io_tensor *t,
                      struct rt_error *error) {
  struct rt_text there = {0}, here = {0};
  int64_t shape[RT_MAX_RANK];
  int rank = module->param[p].type.rank;
  if (lib_param_elements(module, p, shape, error) < 0) return error->code;
  bool fits = t->rank == rank;
  for (int a = 0; fits && a < t->rank; a++) fits = t->shape[a] == shape[a];
  if (fits) return RT_OK;
  lib_put_shape(&there, t->rank, t->shape);
  lib_put_shape(&here, rank, shape);
  if (there.failed || here.failed)
    rt_no_memory(error);
  else
    rt_fail(error, RT_BAD_DATA, "the parameter %s is %s in the file, but %s in the program",
            module->param[p].name, there.data, here.data);
  rt_text_free(&there);
  rt_text_free(&here);
  return error->code;
}

int lib_params_read(struct lib_params *params, const struct vm_module *module, const struct io_tensors *file,
                    const char *prefix, struct rt_error *error) {
  for (uint32_t p = 0; p < params->count; p++) {
    struct rt_text name = {0};
    rt_text_printf(&name, "%s%s", prefix, module->param[p].name);
    const struct io_tensor *t = name.failed ? NULL : io_tensors_find(file, name.data);
    bool failed = name.failed;
    rt_text_free(&name);
    if (failed) return rt_no_memory(error);
    if (!t) return missing(params, module, file, prefix, error);
    if (read_shape(module, p, t, error)) return error->code;
    int status = params->precision == RT_F64 ? io_tensors_double(file, t, params->data[p], error)
                                             : io_tensors_float(file, t, params->data[p], error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

int lib_params_describe(const struct lib_params *params, const struct vm_module *module, const char *prefix,
                        struct rt_arena *arena, struct io_tensor_out *out, struct rt_error *error) {
  for (uint32_t p = 0; p < params->count; p++) {
    int64_t *shape = rt_arena_alloc(arena, RT_MAX_RANK * sizeof *shape);
    const char *name = rt_arena_printf(arena, "%s%s", prefix, module->param[p].name);
    if (!shape || !name) return rt_no_memory(error);
    if (lib_param_elements(module, p, shape, error) < 0) return error->code;
    out[p] = (struct io_tensor_out){name, params->precision == RT_F64 ? IO_F64 : IO_F32,
                                    module->param[p].type.rank, shape, params->data[p]};
  }
  return RT_OK;
}

void lib_params_copy(struct lib_params *to, const struct lib_params *from) {
  lib_params_drop_panels(to);
  for (uint32_t p = 0; p < from->count; p++)
    memcpy(to->data[p], from->data[p], (size_t)from->elements[p] * real_size(from->precision));
}

int lib_params_convert(struct lib_params *to, const struct lib_params *from, const struct vm_module *module,
                       enum rt_precision precision, struct rt_error *error) {
  int status = lib_params_init(to, module, precision, error);
  for (uint32_t p = 0; status == RT_OK && p < from->count; p++)
    for (int64_t i = 0; i < from->elements[p]; i++) lib_params_put(to, p, i, get(from, p, i));
  if (status != RT_OK || to->precision != RT_F32) return status;
  status = lib_params_check(to, module, RT_BAD_DATA, "does not fit into float numbers", error);
  if (status == RT_BAD_DATA)
    rt_hint(error, "the model was trained with the option precision = f64: use it here as well");
  return status;
}

/* The loop never leaves early, so that the compiler can check many numbers at once. */
static bool all_finite(const struct lib_params *params, uint32_t p) {
  bool good = true;
  if (params->precision == RT_F64)
    for (int64_t i = 0; i < params->elements[p]; i++)
      good &= fabs(((const double *)params->data[p])[i]) <= DBL_MAX;
  else
    for (int64_t i = 0; i < params->elements[p]; i++)
      good &= fabsf(((const float *)params->data[p])[i]) <= FLT_MAX;
  return good;
}

int lib_params_check(const struct lib_params *params, const struct vm_module *module, int code,
                     const char *when, struct rt_error *error) {
  for (uint32_t p = 0; p < params->count; p++) {
    int64_t i = 0;
    if (all_finite(params, p)) continue;
    while (isfinite(get(params, p, i))) i++;
    return rt_fail(error, code, "the parameter %s %s: its number %lld is %s", module->param[p].name, when,
                   (long long)i + 1, kind_of(get(params, p, i)));
  }
  return RT_OK;
}

void lib_params_bind(const struct lib_params *params, struct vm_machine *machine) {
  for (uint32_t p = 0; p < params->count; p++) vm_machine_set_param(machine, p, params->data[p]);
}
