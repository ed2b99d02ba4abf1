/* map_places.c: tells the module of what places of the data the queries and keys of weights are, for people
 * who look at them. */
#include <string.h>

#include "compiler/emit_model.h"
#include "compiler/ir/places.h"

static int keep_runs(struct cc_context *c, const struct ir_axis_places *axis, struct vm_axis_runs *runs) {
  struct vm_run found[VM_MOST_RUNS];
  const uint32_t count = ir_places_runs(&c->module->dims, axis, found);
  *runs = (struct vm_axis_runs){rt_arena_alloc(&c->module->arena, sizeof *found * (count + 1)), count};
  if (!runs->run) return cc_out_of_memory(c);
  memcpy(runs->run, found, sizeof *found * count);
  return RT_OK;
}

static int keep_map(struct cc_context *c, const struct ir_places *places, ir_id id) {
  static const struct ir_axis_places nothing;
  struct vm_map *map = &c->module->map[c->module->map_count++];
  const struct ir_axis_places *axis = places->of[id];
  const int rank = c->model->node[id].type.rank;
  *map = (struct vm_map){{NULL, 0}, {NULL, 0}};
  int status = keep_runs(c, axis && rank > 0 ? &axis[rank - 1] : &nothing, &map->column);
  return status != RT_OK ? status : keep_runs(c, axis && rank > 1 ? &axis[rank - 2] : &nothing, &map->row);
}

int cc_map_places(struct cc_context *c, const ir_id *id, uint32_t count) {
  struct ir_places places;
  if (!count) return RT_OK;
  c->module->map = rt_arena_alloc(&c->module->arena, sizeof *c->module->map * count);
  if (!c->module->map) return cc_out_of_memory(c);
  int status = ir_places_find(c->model, &places) == RT_OK ? RT_OK : cc_out_of_memory(c);
  for (uint32_t k = 0; k < count && status == RT_OK; k++) status = keep_map(c, &places, id[k]);
  ir_places_free(&places);
  return status;
}
