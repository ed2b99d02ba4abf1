/* fuse.c: which element-by-element nodes run as one lane program.
 *
 * From the last node back, a node joins the group of one of its users when its type is theirs. If it has
 * other users as well, its value is also written out, and it may join only if none of those users leads back
 * into the group: a group runs as one, before or after everything else. Nothing is ever computed twice. */
#include "compiler/back/lower.h"

#include <string.h>

/* Members, inputs and constants of a group together: then registers can never run out, whatever the order. */
enum { GROUP_BUDGET = LANE_MAX_REGISTERS };

struct group {
  ir_id first_member; /* newest first: linked by next_member */
  ir_id last;         /* the member with the highest number */
  int member_count, output_count, input_count, constant_count;
  ir_id input[LANE_MAX_INPUTS]; /* arguments from outside, constants apart */
  ir_id constant[GROUP_BUDGET];
};

struct fuse {
  const struct ir_graph *g;
  const bool *live, *keep;
  uint32_t *of;       /* group by node */
  ir_id *next_member; /* by node */
  struct ir_users users;
  struct group *group;
  size_t group_count, group_capacity;
  ir_id *reach;         /* by node n: the last member of all groups that have one up to n */
  uint32_t *stamp, now; /* by node: visited in search number `now` */
  ir_id *stack;
};

/* ---- would a group wait for itself? ---- */

static void push_users(struct fuse *f, ir_id n, size_t *depth) {
  for (uint32_t u = f->users.start[n]; u < f->users.start[n + 1]; u++) {
    ir_id user = f->users.user[u];
    if (f->stamp[user] != f->now) {
      f->stamp[user] = f->now;
      f->stack[(*depth)++] = user;
    }
  }
}

/* Nodes lead upwards to their users; a group may also lead down, to its first member. Beyond this node no
 * path leads back below `last`. */
static ir_id horizon(const struct fuse *f, ir_id last) {
  while (f->reach[last] > last) last = f->reach[last];
  return last;
}

/* Does a user of n outside of the group lead into it? Groups met on the way are walked as a whole. */
static bool leads_back(struct fuse *f, ir_id n, uint32_t group) {
  size_t depth = 0;
  ir_id beyond = horizon(f, f->group[group].last);
  f->now++;
  for (uint32_t u = f->users.start[n]; u < f->users.start[n + 1]; u++)
    if (f->of[f->users.user[u]] != group && f->stamp[f->users.user[u]] != f->now) {
      f->stamp[f->users.user[u]] = f->now;
      f->stack[depth++] = f->users.user[u];
    }
  while (depth > 0) {
    ir_id at = f->stack[--depth];
    uint32_t other = f->of[at];
    if (other == group) return true;
    if (at > beyond) continue;
    if (!other) {
      push_users(f, at, &depth);
      continue;
    }
    for (ir_id member = f->group[other].first_member; member; member = f->next_member[member]) {
      f->stamp[member] = f->now;
      push_users(f, member, &depth);
    }
  }
  return false;
}

/* ---- joining ---- */

static int find(const ir_id *list, int count, ir_id n) {
  for (int k = 0; k < count; k++)
    if (list[k] == n) return k;
  return -1;
}

/* Adds n to a copy of the group; false when it then is too large. */
static bool grow_group(const struct fuse *f, struct group *p, ir_id n, bool is_output) {
  const struct ir_node *node = &f->g->node[n];
  int was_input = find(p->input, p->input_count, n);
  if (was_input >= 0) p->input[was_input] = p->input[--p->input_count];
  for (int k = 0; k < node->arg_count; k++) {
    ir_id arg = node->arg[k];
    bool is_constant = f->g->node[arg].op == OP_constant;
    ir_id *list = is_constant ? p->constant : p->input;
    int *count = is_constant ? &p->constant_count : &p->input_count;
    if (find(list, *count, arg) >= 0) continue;
    if (*count == (is_constant ? (int)GROUP_BUDGET : (int)LANE_MAX_INPUTS)) return false;
    list[(*count)++] = arg;
  }
  p->member_count++;
  p->output_count += is_output;
  return p->output_count <= LANE_MAX_OUTPUTS
         && p->member_count + p->input_count + p->constant_count <= (int)GROUP_BUDGET;
}

static bool join(struct fuse *f, ir_id n, uint32_t number, bool is_output) {
  struct group bigger = f->group[number];
  if (!grow_group(f, &bigger, n, is_output)) return false;
  f->next_member[n] = bigger.first_member;
  bigger.first_member = n;
  f->group[number] = bigger;
  f->of[n] = number;
  for (ir_id k = n; k <= bigger.last && f->reach[k] < bigger.last; k++) f->reach[k] = bigger.last;
  return true;
}

/* Tries the groups of n's users. */
static bool join_a_user(struct fuse *f, ir_id n) {
  uint32_t tried = 0;
  for (uint32_t u = f->users.start[n]; u < f->users.start[n + 1]; u++) {
    uint32_t number = f->of[f->users.user[u]];
    if (!number || number == tried || !vm_type_equal(&f->g->node[f->users.user[u]].type, &f->g->node[n].type))
      continue;
    bool outside = f->keep[n];
    for (uint32_t v = f->users.start[n]; v < f->users.start[n + 1]; v++)
      outside = outside || f->of[f->users.user[v]] != number;
    tried = number;
    if (!(outside && leads_back(f, n, number)) && join(f, n, number, outside)) return true;
  }
  return false;
}

static int visit(struct fuse *f, ir_id n, struct rt_error *error) {
  if (join_a_user(f, n)) return RT_OK;
  if (rt_grow((void **)&f->group, &f->group_capacity, f->group_count + 1, sizeof *f->group) != RT_OK)
    return rt_no_memory(error);
  memset(&f->group[f->group_count], 0, sizeof *f->group);
  f->group[f->group_count].last = n;
  f->group_count++;
  join(f, n, (uint32_t)f->group_count - 1, true); /* one node always fits */
  return RT_OK;
}

static int fuse_all(struct fuse *f, struct rt_error *error) {
  int status = ir_users_list(f->g, f->live, &f->users);
  size_t count = f->g->count;
  f->of = rt_zalloc(count, sizeof *f->of);
  f->next_member = rt_zalloc(count, sizeof *f->next_member);
  f->stamp = rt_zalloc(count, sizeof *f->stamp);
  f->stack = rt_zalloc(count, sizeof *f->stack);
  f->reach = rt_zalloc(count, sizeof *f->reach);
  if (status != RT_OK || !f->of || !f->next_member || !f->stamp || !f->stack || !f->reach
      || rt_grow((void **)&f->group, &f->group_capacity, 1, sizeof *f->group) != RT_OK)
    status = rt_no_memory(error);
  f->group_count = 1; /* 0 means none */
  for (ir_id n = f->g->count; status == RT_OK && n-- > 1;)
    if (f->live[n] && ir_is_lane(f->g, n)) status = visit(f, n, error);
  return status;
}

int ir_fuse(const struct ir_graph *g, const bool *live, const bool *keep, struct ir_groups *groups,
            struct rt_error *error) {
  struct fuse f = {.g = g, .live = live, .keep = keep};
  int status = fuse_all(&f, error);
  groups->of = f.of;
  groups->count = (uint32_t)f.group_count;
  rt_free(f.next_member);
  ir_users_free(&f.users);
  rt_free(f.group);
  rt_free(f.stamp);
  rt_free(f.stack);
  rt_free(f.reach);
  return status;
}

void ir_groups_free(struct ir_groups *groups) {
  rt_free(groups->of);
  memset(groups, 0, sizeof *groups);
}
