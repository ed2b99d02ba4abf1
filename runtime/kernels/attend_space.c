/* attend_space.c: where the working memory of an attention task lies in its worker's scratch, and how much it
 * is. A call that is small, or has no gradient, needs little. */
#include "runtime/kernels/attend_tile.h"

/* Working memory that grows as it is laid out. base: NULL when it is only measured. */
struct attend_ground {
  char *base;
  size_t bytes; /* SIZE_MAX: more than can be counted */
};

enum { ATTEND_ALIGN = 64 };

static void *attend_carve_bytes(struct attend_ground *ground, size_t bytes) {
  void *block = ground->base ? ground->base + ground->bytes : NULL;
  size_t rounded;
  if (!rt_add(bytes, ATTEND_ALIGN - 1, &rounded)
      || !rt_add(ground->bytes, rounded / ATTEND_ALIGN * ATTEND_ALIGN, &ground->bytes))
    ground->bytes = SIZE_MAX;
  return block;
}

static real *attend_carve(struct attend_ground *ground, bool used, int64_t count) {
  return used ? attend_carve_bytes(ground, (size_t)count * sizeof(real)) : NULL;
}

static int64_t attend_least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t attend_larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t attend_storage(const struct lane_program *program) {
  return program ? (int64_t)lane_storage(program) : 0;
}

/* Of the program of a row value that has most registers. */
static int64_t attend_row_storage(const struct attend_plan *plan) {
  int64_t most = 0;
  for (int k = 0; k < plan->row_count; k++) most = attend_larger(most, attend_storage(plan->row[k].program));
  return most;
}

static void attend_place_registers(const struct attend_plan *plan, bool wide, struct attend_ground *ground,
                                   struct attend_space *space) {
  const struct lane_program *const programs[] = {plan->score, plan->mask, plan->drop, plan->score_grad};
  struct lane_registers *const registers[] = {&space->score_regs, &space->mask_regs, &space->drop_regs,
                                              &space->grad_regs};
  int64_t rows = attend_row_storage(plan), most[2] = {rows, 0}; /* most: of programs that share wide[k] */
  for (size_t k = 0; k < RT_COUNT(programs); k++) {
    int64_t storage = attend_storage(programs[k]);
    bool gradient = programs[k] == plan->score_grad;
    registers[k]->storage = attend_carve(ground, storage, storage);
    registers[k]->wide = wide ? &space->wide[gradient] : NULL;
    most[gradient] = attend_larger(most[gradient], storage);
  }
  space->row_registers = attend_carve(ground, rows, rows);
  for (int k = 0; k < 2 && wide; k++)
    space->wide[k].storage = attend_carve_bytes(ground, (size_t)most[k] * sizeof(double));
}

/* For each block of keys that a block of queries sees, tiles and a note of where it is. */
static void attend_place_rows(const struct attend_room *room, struct attend_ground *ground,
                              struct attend_space *space) {
  const size_t each = sizeof(struct attend_piece) + ATTEND_ROW_TILES * ATTEND_TILE * sizeof(real);
  size_t bytes;
  if (!rt_mul(((size_t)room->keys + ATTEND_KEYS - 1) / ATTEND_KEYS, each, &bytes)) bytes = SIZE_MAX;
  space->rows = attend_carve_bytes(ground, bytes);
}

static void attend_place_near(const struct attend_room *room, bool used, struct attend_ground *ground,
                              struct attend_near *near) {
  const size_t blocks = ((size_t)room->keys + ATTEND_KEYS - 1) / ATTEND_KEYS;
  const size_t each = (size_t)attend_padded(room->width) * ATTEND_KEYS * sizeof(real);
  size_t bytes;
  if (!rt_mul(blocks, each, &bytes)) bytes = SIZE_MAX;
  for (int k = 0; k < 2; k++) {
    near->copy[k] = used ? attend_carve_bytes(ground, bytes) : NULL;
    near->sum[k] = used && room->gradient ? attend_carve_bytes(ground, bytes) : NULL;
  }
  near->met = used ? attend_carve_bytes(ground, blocks) : NULL;
}

size_t KERNEL(attend_place)(const struct attend_plan *plan, const struct attend_room *room, char *base,
                            struct attend_space *space) {
  struct attend_ground ground = {base, 0};
  const bool gradient = room->gradient;
  int64_t width = attend_padded(room->width), blocks = (room->queries + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
  /* A lone block's rows, and wide ones, are not packed (attend_band). */
  const bool packs = blocks > 1 && width <= ATTEND_PACKED;
  int64_t fast = packs ? ATTEND_QUERIES : attend_least(ATTEND_QUERIES, attend_padded(room->queries));
  int64_t tile = attend_larger(ATTEND_KEYS * fast, LANE_TILE);
  int64_t copies = ATTEND_KEYS * attend_least(width, ATTEND_PACKED);
  int64_t turned =
      attend_least(packs ? width * attend_least(blocks, ATTEND_BAND) : width, ATTEND_WIDTH) * fast;
  space->score = attend_carve(&ground, true, tile);
  space->grad = attend_carve(&ground, gradient, tile);
  space->seen = attend_carve(&ground, plan->mask, tile);
  space->clean = attend_carve(&ground, plan->mask, copies);
  space->shaped = attend_carve(&ground, true, LANE_TILE);
  space->mask = attend_carve(&ground, plan->mask, LANE_TILE);
  space->drop = attend_carve(&ground, plan->drop, LANE_TILE);
  space->query_t = attend_carve(&ground, true, turned);
  space->grad_t = attend_carve(&ground, gradient, turned);
  space->key = attend_carve(&ground, packs, copies);
  space->value = attend_carve(&ground, packs, copies);
  space->dkey = attend_carve(&ground, packs && gradient, copies);
  space->dvalue = attend_carve(&ground, packs && gradient, copies);
  space->query = attend_carve(&ground, packs && gradient, turned);
  space->dy = attend_carve(&ground, packs && gradient, turned);
  space->row = attend_carve(&ground, packs, turned);
  for (int k = 0; k < LANE_MAX_OUTPUTS; k++) space->part[k] = attend_carve(&ground, gradient, LANE_TILE);
  attend_place_registers(plan, room->wide, &ground, space);
  if (plan->row_count) attend_place_rows(room, &ground, space);
  attend_place_near(room, plan->row_count && packs, &ground, &space->near);
  return ground.bytes;
}
