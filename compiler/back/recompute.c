/* recompute.c: less memory between forward and backward. gelu(x W + b) has four intermediate values that its
 * gradient needs; all but the expensive one follow from x W in an instruction or two. Such a value is
 * computed once more where it is needed, when that replaces what would be read by at most as much and saves
 * the writing. */
#include "compiler/back/lower.h"

#include <string.h>

enum { MAX_DEPTH = 4, MAX_COPIES = 12, MAX_LOAD = 40, MAX_PLACES = 3 };

/* Node `node` is computed once more for group `group`; next: of the same node; copy: what it became. */
struct copy {
  ir_id node;
  uint32_t group;
  int next;
  ir_id copy;
};

struct recompute {
  struct ir_graph *g;
  bool *live, *keep;
  struct ir_groups groups;
  struct ir_users users;
  struct copy *copy;
  size_t copy_count, copy_capacity;
  int *first;              /* by node: its first copy, -1 */
  uint16_t *load, *copies; /* by group: an upper bound of what its program holds; copies made for it */
};

static bool is_cheap(enum rt_op op) { return rt_op_info[op].flags & RT_CHEAP; }

static bool same_type(const struct recompute *r, ir_id a, ir_id b) {
  return vm_type_equal(&r->g->node[a].type, &r->g->node[b].type);
}

/* Is n kept in memory in any case? It is when it is no lane node, when it is a root, or when an op that
 * is no lane op reads it. */
static bool in_memory(const struct recompute *r, ir_id n) {
  if (!ir_is_lane(r->g, n) || r->keep[n]) return true;
  for (uint32_t u = r->users.start[n]; u < r->users.start[n + 1]; u++)
    if (!ir_is_lane(r->g, r->users.user[u]) || !same_type(r, n, r->users.user[u])) return true;
  return false;
}

static bool reads(const struct recompute *r, uint32_t group, ir_id n) {
  for (uint32_t u = r->users.start[n]; u < r->users.start[n + 1]; u++)
    if (r->groups.of[r->users.user[u]] == group) return true;
  return false;
}

/* Adds to *fresh the full-size values in memory that computing n in the group would newly read; false when it
 * cannot be done cheaply. */
static bool sources(const struct recompute *r, ir_id n, uint32_t group, int depth, ir_id fresh[2],
                    int *count) {
  const struct ir_node *node = &r->g->node[n];
  for (int k = 0; k < node->arg_count; k++) {
    ir_id a = node->arg[k];
    if (ir_is_absorbed(&r->g->node[a]) || r->groups.of[a] == group) continue;
    if (!in_memory(r, a)) {
      if (depth == 0 || !is_cheap(r->g->node[a].op) || !sources(r, a, group, depth - 1, fresh, count))
        return false;
      continue;
    }
    if (reads(r, group, a) || (*count > 0 && fresh[0] == a) || (*count > 1 && fresh[1] == a)) continue;
    if (*count == 2) return false;
    fresh[(*count)++] = a;
  }
  return true;
}

static int copy_in(const struct recompute *r, ir_id n, uint32_t group) {
  int k = r->first[n];
  while (k >= 0 && r->copy[k].group != group) k = r->copy[k].next;
  return k;
}

/* The other groups that need n: those of its users, and those that its users are copied into. false: too
 * many. */
static bool places(const struct recompute *r, ir_id n, uint32_t place[MAX_PLACES], int *count) {
  *count = 0;
  for (uint32_t u = r->users.start[n]; u < r->users.start[n + 1]; u++) {
    ir_id user = r->users.user[u];
    uint32_t group = r->groups.of[user];
    int k = r->first[user];
    for (;;) {
      bool known = group == r->groups.of[n];
      for (int p = 0; p < *count; p++) known = known || place[p] == group;
      if (!known && *count == MAX_PLACES) return false;
      if (!known) place[(*count)++] = group;
      if (k < 0) break;
      group = r->copy[k].group;
      k = r->copy[k].next;
    }
  }
  return true;
}

static int add_copy(struct recompute *r, ir_id n, uint32_t group) {
  if (rt_grow((void **)&r->copy, &r->copy_capacity, r->copy_count + 1, sizeof *r->copy) != RT_OK)
    return RT_NO_MEMORY;
  r->copy[r->copy_count] = (struct copy){n, group, r->first[n], 0};
  r->first[n] = (int)r->copy_count++;
  r->copies[group]++;
  r->load[group] = (uint16_t)(r->load[group] + 1 + r->g->node[n].arg_count);
  return RT_OK;
}

/* All places or none: a value that stays in memory for one of them can be read by the others too. */
static int consider(struct recompute *r, ir_id n) {
  uint32_t place[MAX_PLACES];
  int count;
  if (!is_cheap(r->g->node[n].op) || in_memory(r, n) || !places(r, n, place, &count)) return RT_OK;
  for (int p = 0; p < count; p++) {
    ir_id fresh[2];
    int fresh_count = 0;
    if (r->copies[place[p]] >= MAX_COPIES || r->load[place[p]] >= MAX_LOAD
        || !sources(r, n, place[p], MAX_DEPTH, fresh, &fresh_count) || fresh_count > 1)
      return RT_OK;
  }
  int status = RT_OK;
  for (int p = 0; p < count && status == RT_OK; p++) status = add_copy(r, n, place[p]);
  return status;
}

/* ---- rebuilding ---- */

static ir_id mapped(struct recompute *r, struct ir_node *old, const ir_id *map, ir_id n, uint32_t group,
                    struct rt_error *error);

/* The node with its arguments as `group` sees them. Copies nest at most MAX_COPIES deep. */
static ir_id rebuild(struct recompute *r, struct ir_node *old, const ir_id *map, ir_id n, uint32_t group,
                     struct rt_error *error) {
  struct ir_node node = old[n];
  ir_id few[3], *arg = few;
  if (node.arg_count > RT_COUNT(few) && !(arg = rt_zalloc(node.arg_count, sizeof *arg))) return 0;
  bool ok = true;
  for (int k = 0; k < node.arg_count; k++)
    ok = (arg[k] = mapped(r, old, map, old[n].arg[k], group, error)) && ok;
  node.arg = arg;
  ir_id id = ok ? ir_append(r->g, &node, error) : 0;
  if (arg != few) rt_free(arg);
  return id;
}

static ir_id mapped(struct recompute *r, struct ir_node *old, const ir_id *map, ir_id n, uint32_t group,
                    struct rt_error *error) {
  int k = group ? copy_in(r, n, group) : -1;
  if (k < 0) return map[n];
  if (!r->copy[k].copy) r->copy[k].copy = rebuild(r, old, map, n, group, error);
  return r->copy[k].copy;
}

static int rebuild_all(struct recompute *r, int root_count, ir_id *root, struct rt_error *error) {
  uint32_t count = r->g->count;
  struct ir_node *old = r->g->node;
  ir_id *map = rt_zalloc(count, sizeof *map);
  struct ir_node *fresh = rt_zalloc(count, sizeof *fresh);
  if (!map || !fresh) {
    rt_free(map);
    rt_free(fresh);
    return rt_no_memory(error);
  }
  r->g->node = fresh;
  r->g->capacity = count;
  r->g->count = 1;
  int status = RT_OK;
  for (ir_id n = 1; n < count && status == RT_OK; n++)
    if (r->live[n] && !(map[n] = rebuild(r, old, map, n, r->groups.of[n], error)))
      status = rt_no_memory(error);
  for (int k = 0; k < root_count; k++) root[k] = map[root[k]];
  rt_free(old);
  rt_free(map);
  return status;
}

static int prepare(struct recompute *r, int root_count, const ir_id *root, struct rt_error *error) {
  size_t count = r->g->count;
  r->live = rt_zalloc(count, sizeof *r->live);
  r->keep = rt_zalloc(count, sizeof *r->keep);
  r->first = rt_alloc(count * sizeof *r->first);
  if (!r->live || !r->keep || !r->first) return rt_no_memory(error);
  memset(r->first, 0xFF, count * sizeof *r->first);
  for (int k = 0; k < root_count; k++) r->keep[root[k]] = true;
  ir_mark_live(r->g, root_count, root, r->live);
  int status = ir_fuse(r->g, r->live, r->keep, &r->groups, error);
  if (status != RT_OK) return status;
  r->load = rt_zalloc(r->groups.count, sizeof *r->load);
  r->copies = rt_zalloc(r->groups.count, sizeof *r->copies);
  if (!r->load || !r->copies || ir_users_list(r->g, r->live, &r->users) != RT_OK) return rt_no_memory(error);
  for (ir_id n = 1; n < r->g->count; n++)
    if (r->groups.of[n] && r->load[r->groups.of[n]] < MAX_LOAD)
      r->load[r->groups.of[n]] = (uint16_t)(r->load[r->groups.of[n]] + 1 + r->g->node[n].arg_count);
  return RT_OK;
}

int ir_recompute(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  struct recompute r = {.g = g};
  int status = prepare(&r, root_count, root, error);
  for (ir_id n = g->count; status == RT_OK && n-- > 1;)
    if (r.live[n] && ir_is_lane(r.g, n)) status = consider(&r, n) == RT_OK ? RT_OK : rt_no_memory(error);
  if (status == RT_OK && r.copy_count) status = rebuild_all(&r, root_count, root, error);
  ir_groups_free(&r.groups);
  ir_users_free(&r.users);
  void *blocks[] = {r.live, r.keep, r.copy, r.first, r.load, r.copies};
  for (size_t k = 0; k < RT_COUNT(blocks); k++) rt_free(blocks[k]);
  return status;
}
