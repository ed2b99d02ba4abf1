/* slots.c: the slots of a head by name. */
#include <string.h>

#include "compiler/source/program.h"

const char *const cc_slot_names[CC_SLOTS] = {"query", "key", "value", "score", "mask", "norm", "drop"};

int cc_slot_number(const char *name) {
  for (int i = 0; i < CC_SLOTS; i++)
    if (!strcmp(cc_slot_names[i], name)) return i;
  return -1;
}

bool cc_is_slot(const char *name) { return cc_slot_number(name) >= 0; }

const char *cc_nearest_slot(const char *name) {
  struct rt_nearest nearest = {name, NULL, 0};
  for (size_t k = 0; k < CC_SLOTS; k++) rt_nearest_consider(&nearest, cc_slot_names[k]);
  return nearest.best;
}
