/* number_check.c: numbers of a row that the program cannot take: beyond its precision, or targets that its
 * loss does not have. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"

/* Does the loss of a column take probabilities alone? */
static bool is_probability(const struct vm_module *m, uint32_t input) {
  for (uint32_t o = 0; o < m->output_count; o++)
    if (m->output[o].target == (int32_t)input && !strcmp(m->output[o].loss, "binary_cross_entropy"))
      return true;
  return false;
}

/* As people write it: 1e39, not 1e+39. */
static void write_number(char *out, double x) {
  rep_exact(out, x);
  char *plus = strchr(out, '+');
  if (plus) memmove(plus, plus + 1, strlen(plus));
}

/* "1e39", or "number 3, 1e39," in a vector. */
static void name_number(const struct io_values *v, int64_t k, double x, char *out, size_t size) {
  char digits[REP_EXACT_SIZE];
  write_number(digits, x);
  if (v->width > 1)
    snprintf(out, size, "number %lld, %s,", (long long)k + 1, digits);
  else
    snprintf(out, size, "%s", digits);
}

static int check_number(const struct lib_row_check *check, uint32_t input, const struct io_values *v,
                        int64_t k, double x, struct rt_error *error) {
  const struct vm_input *in = &check->module->input[input];
  char name[REP_EXACT_SIZE + 40];
  if (check->precision == RT_F32 && !isfinite((float)x)) {
    name_number(v, k, x, name, sizeof name);
    rt_fail(error, RT_BAD_DATA, "%s is too large for float numbers, which \"%s\" is read as", name, in->name);
    rt_hint(error, "they end at 3.4e38; --precision f64 takes numbers up to 1.8e308");
    return RT_BAD_DATA;
  }
  if (in->is_target && !(x >= 0 && x <= 1) && is_probability(check->module, input)) {
    name_number(v, k, x, name, sizeof name);
    rt_fail(error, RT_BAD_DATA, "%s is no target that binary_cross_entropy has for \"%s\"", name, in->name);
    rt_hint(error,
            "its targets are probabilities, from 0 to 1; squared_error and absolute_error take any number");
    return RT_BAD_DATA;
  }
  return RT_OK;
}

int lib_check_numbers(const struct lib_row_check *check, const struct io_dataset *data, int64_t row,
                      int *column, struct rt_error *error) {
  for (uint32_t i = 0; i < check->module->input_count; i++) {
    const struct io_values *v = &data->values[check->column[i]];
    if (!v->present || check->module->input[i].type.dtype != RT_REAL) continue;
    *column = check->column[i];
    for (int64_t k = 0; k < v->width; k++) {
      int status = check_number(check, i, v, k, v->numbers[row * v->width + k], error);
      if (status) return status;
    }
  }
  *column = -1;
  return RT_OK;
}
