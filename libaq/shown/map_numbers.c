/* map_numbers.c: what the drawings of a map have in common. */
#include <math.h>
#include <stdio.h>

#include "libaq/shown/shown_map.h"

const char *shown_map_name(const char *const *names, size_t k, char buffer[SHOWN_NAME]) {
  if (names) return names[k];
  snprintf(buffer, SHOWN_NAME, "%zu", k + 1);
  return buffer;
}

double shown_map_most(const struct shown_map *map) {
  double most = 0;
  for (size_t k = 0; k < map->heads * map->rows * map->columns; k++)
    if (isfinite(map->number[k])) most = fmax(most, fabs(map->number[k]));
  return most;
}

double shown_map_share(double number, double most) {
  return most > 0 && isfinite(number) ? fabs(number) / most : 0;
}
