/* number_check.c: finds numbers of a row that the program cannot take: too large for its precision, or
 * outside of what its loss allows as a target. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "libaq/shown/shown_tree.h"
#include "vm/link.h"

/* The output that has this column as its target, if its link cannot give every number; else NULL. */
static const struct vm_output *bounded(const struct vm_module *m, uint32_t input) {
  for (uint32_t o = 0; o < m->output_count; o++)
    if (m->output[o].target == (int32_t)input && m->output[o].link[0]) return &m->output[o];
  return NULL;
}

/* Written as people do: 1e39, not 1e+39. */
static void write_number(char *out, double x) {
  shown_exact(out, x);
  char *plus = strchr(out, '+');
  if (plus) memmove(plus, plus + 1, strlen(plus));
}

/* "1e39", or "number 3, 1e39," in a vector. */
static void name_number(const struct io_values *v, int64_t k, double x, char *out, size_t size) {
  char digits[SHOWN_EXACT_SIZE];
  write_number(digits, x);
  if (v->of.width > 1)
    snprintf(out, size, "number %lld, %s,", (long long)k + 1, digits);
  else
    snprintf(out, size, "%s", digits);
}

static int check_number(const struct lib_row_check *check, uint32_t input, const struct io_values *v,
                        int64_t k, double x, struct rt_error *error) {
  const struct vm_input *in = &check->module->input[input];
  char name[SHOWN_EXACT_SIZE + 40];
  if (isnan(x)) return RT_OK; /* missing; what fills it is learned */
  if (check->precision != RT_F64 && !isfinite((float)x)) {
    name_number(v, k, x, name, sizeof name);
    rt_fail(error, RT_BAD_DATA, "%s is too large for float numbers, which \"%s\" is read as", name, in->name);
    rt_hint(error, "they end at 3.4e38; the option precision = f64 takes numbers up to 1.8e308");
    return RT_BAD_DATA;
  }
  const struct vm_output *output = in->is_target ? bounded(check->module, input) : NULL;
  const struct vm_link *link = output ? vm_link_find(output->link) : NULL;
  if (!link || (x >= link->least && x <= link->most)) return RT_OK;
  name_number(v, k, x, name, sizeof name);
  rt_fail(error, RT_BAD_DATA, "%s cannot be a target of %s in \"%s\"", name, output->loss, in->name);
  rt_hint(error, "its targets are %s; squared_error and absolute_error take any number", link->targets);
  return RT_BAD_DATA;
}

/* Probabilities as people round them: three times 0.33 is a distribution. */
static const double NEAR_ONE = 0.02;

static double total_of(const struct io_values *v, int64_t first, int64_t count) {
  double total = 0;
  for (int64_t k = first; k < first + count; k++) total += io_payload_number(&v->of, k);
  return total;
}

static int check_total(const struct lib_row_check *check, uint32_t input, const struct io_values *v,
                       int64_t row, struct rt_error *error) {
  const struct vm_input *in = &check->module->input[input];
  const struct vm_output *output = in->is_target ? bounded(check->module, input) : NULL;
  if (!output || !vm_link_find(output->link)->along) return RT_OK;
  int64_t at = io_payload_begin(&v->of, row) * v->of.width;
  int64_t end = at + io_payload_count(&v->of, row) * v->of.width;
  int64_t each = v->of.width; /* the last axis: of a matrix, each of its rows is a distribution */
  double total = 1;
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (in->column->kind->axis[a].means == IO_WIDTH) each = v->size[a];
  for (; at < end && fabs(total - 1) <= NEAR_ONE; at += each) {
    total = total_of(v, at, each);
  }
  if (fabs(total - 1) <= NEAR_ONE) return RT_OK;
  rt_fail(error, RT_BAD_DATA, "the numbers of \"%s\" add up to %g", in->name, total);
  rt_hint(error, "the targets of %s are %s", output->loss, vm_link_find(output->link)->targets);
  return RT_BAD_DATA;
}

int lib_check_numbers(const struct lib_row_check *check, const struct io_dataset *data, int64_t row,
                      int *column, struct rt_error *error) {
  for (uint32_t i = 0; i < check->module->input_count; i++) {
    const struct io_values *v = &data->values[check->column[i]];
    if (!v->present || v->of.element == IO_I32 || check->module->input[i].matched)
      continue; /* labels are zeros and ones */
    *column = check->column[i];
    int64_t first = io_payload_begin(&v->of, row) * v->of.width;
    for (int64_t k = 0; k < io_payload_count(&v->of, row) * v->of.width; k++) {
      int status = check_number(check, i, v, k, io_payload_number(&v->of, first + k), error);
      if (status != RT_OK) return status;
    }
    int status = check_total(check, i, v, row, error);
    if (status != RT_OK) return status;
  }
  *column = -1;
  return RT_OK;
}
