/* look_numbers.c: what the drawings of weights over a picture have in common. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/shown/shown_look.h"

static size_t places(const struct shown_look *look) { return look->grid->rows * look->grid->columns; }

const double *shown_look_numbers(const struct shown_look *look, size_t head, size_t picture, double *mean) {
  const size_t n = places(look);
  const double *first = look->number + head * look->count * n;
  if (picture < look->count) return first + picture * n;
  for (size_t k = 0; k < n; k++) {
    mean[k] = 0;
    for (size_t p = 0; p < look->count; p++) mean[k] += first[p * n + k] / (double)look->count;
  }
  return mean;
}

const char *shown_look_name(const struct shown_look *look, size_t picture, char buffer[SHOWN_LOOK_NAME]) {
  if (picture >= look->count) return "all";
  if (look->cell && look->from->rows == 1) /* time, say */
    snprintf(buffer, SHOWN_LOOK_NAME, "place %zu", look->cell[picture] + 1);
  else if (look->cell)
    snprintf(buffer, SHOWN_LOOK_NAME, "row %zu, column %zu", look->cell[picture] / look->from->columns + 1,
             look->cell[picture] % look->from->columns + 1);
  else if (look->name)
    return look->name[picture];
  else
    snprintf(buffer, SHOWN_LOOK_NAME, "%zu", picture + 1);
  return buffer;
}

double shown_look_most(const struct shown_look *look, const double *number, size_t *place) {
  double most = 0;
  *place = 0;
  for (size_t k = 0; k < places(look); k++)
    if (isfinite(number[k]) && fabs(number[k]) > most) {
      most = fabs(number[k]);
      *place = k;
    }
  return most;
}
