/* fit.c: see fit.h. */
#include "runtime/io/fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/io/number.h"

bool io_is_missing(const char *text, size_t length) {
  static const char *const missing[] = {"", "NA", "N/A", "NaN", "null", "None", "?", "-", "--"};
  io_trim(&text, &length);
  for (size_t k = 0; k < RT_COUNT(missing); k++)
    if (length == strlen(missing[k]) && strncasecmp(text, missing[k], length) == 0) return true;
  return false;
}

/* The numbers of one element that are there. */
static int64_t gather(const struct io_payload *of, int64_t values, int64_t element, double *into) {
  int64_t count = 0;
  for (int64_t v = 0; v < values; v++) {
    double x = io_payload_numbers(of)[v * of->width + element];
    if (!isnan(x)) into[count++] = x;
  }
  return count;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The running mean (Welford 1962), which does not overflow; *deviation is the root of the mean square. */
static double mean_of(const double *x, int64_t count, double *deviation) {
  double mean = 0, squares = 0;
  for (int64_t k = 0; k < count; k++) {
    double delta = x[k] - mean;
    mean += delta / (double)(k + 1);
    squares += delta * (x[k] - mean);
  }
  *deviation = sqrt(squares / (double)count);
  return mean;
}

/* x is sorted. Numbers that are all alike are only shifted. */
static struct io_fit fit(const struct io_settings *set, const double *x, int64_t count) {
  struct io_fit f = {set->number, 0, 1};
  double deviation, mean = mean_of(x, count, &deviation);
  if (set->missing == IO_MISSING_MEAN) f.fill = mean;
  if (set->missing == IO_MISSING_MEDIAN) f.fill = x[(count - 1) / 2] / 2 + x[count / 2] / 2;
  if (set->scale == IO_SCALE_STANDARD) f.shift = mean, f.scale = deviation;
  if (set->scale == IO_SCALE_RANGE) f.shift = x[0], f.scale = x[count - 1] - x[0];
  if (!(f.scale > 0) || !isfinite(f.scale)) f.scale = 1;
  return f;
}

/* To a float, numbers that differ by less are alike. */
static const double SAME_TO_FLOAT = 1e-6;

/* Do some numbers lie so far off that the others become alike? Of sorted numbers, the middle half tells,
 * unless its numbers are one that was rounded in several ways. */
static bool squashes(const struct io_fit *f, const double *x, int64_t count) {
  const double low = x[(count - 1) / 4], high = x[(count - 1) * 3 / 4], middle = high - low;
  return middle > FLT_EPSILON * fmax(fabs(low), fabs(high)) && middle < SAME_TO_FLOAT * f->scale;
}

/* An element of a column's values, and its numbers, sorted. */
struct element {
  const struct io_payload *of;
  const double *x;
  int64_t count, number;
};

/* Names the row whose number is farthest from the median. */
static int refuse_squashed(const struct io_dataset *train, const struct io_schema *schema, int column,
                           const struct element *e, struct rt_error *error) {
  const double median = e->x[e->count / 2], least = e->x[0], most = e->x[e->count - 1],
               far = most - median > median - least ? most : least;
  int64_t value = 0, row = 0;
  while (io_payload_numbers(e->of)[value * e->of->width + e->number] != far) value++;
  while (row + 1 < train->rows && io_payload_begin(e->of, row + 1) <= value) row++;
  rt_fail(error, RT_BAD_DATA,
          "%g is so far from the other numbers of \"%s\" that scale = %s makes them alike", far,
          schema->columns[column].name,
          schema->columns[column].set.scale == IO_SCALE_RANGE ? "range" : "standard");
  rt_hint(error, "is it a number that stands for a missing one? else leave out the row, or `scale`");
  io_place_row(train, train->lines[row], column, error);
  return RT_BAD_DATA;
}

int io_fit_learn(const struct io_dataset *train, struct io_schema *schema, int column,
                 struct rt_error *error) {
  const struct io_payload *of = &train->values[column].of;
  struct io_column *learned = &schema->columns[column];
  int64_t values = io_payload_begin(of, train->rows);
  if (learned->fit || !io_needs_fit(learned)) return RT_OK;
  double *x = rt_zalloc((size_t)values + 1, sizeof *x);
  learned->fit = rt_zalloc((size_t)of->width, sizeof *learned->fit);
  int status = x && learned->fit ? RT_OK : rt_no_memory(error);
  for (int64_t e = 0; e < of->width && status == RT_OK; e++) {
    int64_t count = gather(of, values, e, x);
    if (count == 0)
      status = rt_fail_in(error, RT_BAD_DATA, train->name,
                          "column \"%s\" has no number%s in any row to learn from", learned->name,
                          of->width > 1 ? " at one of its places" : "");
    if (status != RT_OK) break;
    qsort(x, (size_t)count, sizeof *x, by_size);
    learned->fit[e] = fit(&learned->set, x, count);
    if (squashes(&learned->fit[e], x, count))
      status = refuse_squashed(train, schema, column, &(struct element){of, x, count, e}, error);
  }
  rt_free(x);
  if (status != RT_OK) {
    rt_free(learned->fit);
    learned->fit = NULL;
  }
  return status;
}

void io_fit_apply(const struct io_column *column, double *number, int64_t count) {
  int64_t width = io_column_width(column->kind, column->size);
  for (int64_t k = 0; column->fit && k < count; k++) {
    const struct io_fit *f = &column->fit[k % width];
    number[k] = ((isnan(number[k]) ? f->fill : number[k]) - f->shift) / f->scale;
  }
}

void io_fit_undo(const struct io_column *column, double *number, int64_t from, int64_t count) {
  int64_t width = io_column_width(column->kind, column->size);
  if (column->kind->answered) {
    column->kind->answered->undo(column, number, from, count);
    return;
  }
  for (int64_t k = 0; column->fit && k < count; k++) {
    const struct io_fit *f = &column->fit[(from + k) % width];
    number[k] = number[k] * f->scale + f->shift;
  }
}
