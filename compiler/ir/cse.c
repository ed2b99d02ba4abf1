/* cse.c: common subexpressions. Two nodes are one when op, arguments, attributes and type agree; random ops
 * never are. */
#include "compiler/ir/passes.h"

#include <string.h>

struct seen {
  ir_id *slot; /* hash table, open addressing; 0: empty */
  size_t mask;
};

static uint64_t mix(uint64_t h, uint64_t x) {
  h = (h ^ x) * 0x9E3779B97F4A7C15u; /* Fibonacci hashing, Knuth, TAOCP 3, 6.4 */
  return h ^ h >> 29;
}

static uint64_t real_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static uint64_t hash_node(const struct ir_node *n) {
  uint64_t h = mix(n->op, real_bits(n->real));
  for (int k = 0; k < n->arg_count; k++) h = mix(h, n->arg[k]);
  for (int k = 0; k < RT_MAX_ATTR; k++) h = mix(h, (uint64_t)n->attr[k]);
  h = mix(h, (uint64_t)n->type.rank << 1 | n->type.batched);
  for (int x = 0; x < n->type.rank; x++) h = mix(h, n->type.dim[x]);
  return h;
}

static bool same_node(const struct ir_node *a, const struct ir_node *b) {
  return a->op == b->op && a->arg_count == b->arg_count && real_bits(a->real) == real_bits(b->real)
         && vm_type_equal(&a->type, &b->type) && !memcmp(a->attr, b->attr, sizeof a->attr)
         && (!a->arg_count || !memcmp(a->arg, b->arg, a->arg_count * sizeof *a->arg));
}

/* a + b and b + a are one. min and max do not commute: on a tie and with not-a-number their order matters. */
static void put_in_order(struct ir_node *n) {
  if (!(rt_op_info[n->op].flags & RT_COMMUTES) || n->arg[0] <= n->arg[1]) return;
  ir_id first = n->arg[0];
  n->arg[0] = n->arg[1];
  n->arg[1] = first;
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct seen *seen = context;
  struct ir_node n = *node;
  if (rt_op_info[n.op].flags & RT_RANDOM) return ir_append(g, node, error);
  put_in_order(&n);
  size_t at = (size_t)hash_node(&n) & seen->mask;
  for (; seen->slot[at]; at = (at + 1) & seen->mask)
    if (same_node(&g->node[seen->slot[at]], &n)) return seen->slot[at];
  return seen->slot[at] = ir_append(g, &n, error);
}

int ir_cse(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  size_t size = 16;
  while (size < 2 * (size_t)g->count) size *= 2;
  struct seen seen = {rt_zalloc(size, sizeof *seen.slot), size - 1};
  int status = seen.slot ? ir_rewrite(g, root_count, root, visit, &seen, error) : rt_no_memory(error);
  rt_free(seen.slot);
  return status;
}
