/* attend_dead.c: proves that keys below a threshold count for nothing. All programs of the head are written
 * as one list of nodes, in which equal expressions are one node. Then a comparison with the threshold is
 * taken to be true, or false, and what follows from it is carried from node to node. */
#include "runtime/kernels/attend_dead.h"
#include "runtime/kernels/attend_rows.h"
#include "runtime/kernels/math.h"

#include <math.h>

enum {
  DEAD_NODES = 256,
  DEAD_PROGRAMS = ATTEND_MAX_ROWS + 2,
  DEAD_KEYS = 4 * ATTEND_KEYS /* fewer keys are not worth the search */
};

/* What is known of a node. */
struct dead_fact {
  bool known;    /* it is `value` */
  bool finite;   /* it is no infinity and no NaN */
  bool nonzero;  /* it is not 0 */
  bool negative; /* it is 0 or less, and no NaN */
  real value;
};

struct dead_node {
  uint8_t op;
  int a, b, c; /* nodes; of an input, its number */
  real value;  /* of a constant */
};

struct dead_search {
  const struct attend_head *head;
  struct dead_node node[DEAD_NODES];
  struct dead_fact fact[DEAD_NODES];
  int count;
  bool odd;                  /* is there something that depends on the pair's position, or too much? */
  int result[DEAD_PROGRAMS]; /* nodes that must vanish */
  bool most[DEAD_PROGRAMS];  /* of which the largest is taken: there -infinity is as good as nothing */
  int results;
};

/* ---- nodes ---- */

static int dead_add(struct dead_search *s, struct dead_node node) {
  for (int n = 0; n < s->count; n++) {
    const struct dead_node *old = &s->node[n];
    if (old->op == node.op && old->a == node.a && old->b == node.b && old->c == node.c
        && (old->value == node.value || node.op != LANE_const))
      return n;
  }
  if (s->count == DEAD_NODES) {
    s->odd = true;
    return 0;
  }
  s->node[s->count] = node;
  return s->count++;
}

/* A number that is the same for the whole head counts as a constant. */
static struct dead_node dead_input(struct dead_search *s, const struct lane_instr *in) {
  const int extra = in->a - 1;
  const bool is_extra = extra >= 0 && extra < s->head->plan->extra_count;
  s->odd |= is_extra && in->out_class & ~LANE_I;
  if (is_extra && in->out_class == 0)
    return (struct dead_node){LANE_const, .value = *s->head->extra[extra].data};
  return (struct dead_node){LANE_input, .a = in->a};
}

/* The node of a program's first output. at: NULL, or the instruction of each node, the first one. */
static int dead_read(struct dead_search *s, const struct lane_program *p, int *at) {
  int reg[LANE_MAX_REGISTERS] = {0};
  for (int n = 0; n < p->instr_count; n++) {
    const struct lane_instr *in = &p->instr[n];
    const int arity = lane_op_arity(in->op), before = s->count;
    struct dead_node node = {.op = in->op};
    if (in->op == LANE_input)
      node = dead_input(s, in);
    else if (in->op == LANE_const)
      node.value = (real)p->constant[in->a];
    else if (in->op < LANE_const) {
      node.a = reg[in->a];
      node.b = arity > 1 ? reg[in->b] : 0;
      node.c = arity > 2 ? reg[in->c] : 0;
    } else
      s->odd |= in->op != LANE_row && in->op != LANE_head;
    reg[in->out] = dead_add(s, node);
    if (at && s->count > before) at[before] = n;
  }
  return reg[p->output[0]];
}

/* ---- facts ---- */

/* What each op makes of numbers. */
#define DEAD_OP(name, expression)                                                                            \
  static real dead_op_##name(real a, real b, real c) {                                                       \
    (void)a, (void)b, (void)c;                                                                               \
    return (real)(expression);                                                                               \
  }
#define LANE1(name, written, expression, ...) DEAD_OP(name, expression)
#define LANE2(name, written, expression, ...) DEAD_OP(name, expression)
#define LANE3(name, written, expression, ...) DEAD_OP(name, expression)
#include "runtime/ops.def"

typedef real dead_op(real a, real b, real c);
static dead_op *const dead_ops[LANE_const] = {
#define LANE1(name, written, expression, ...) dead_op_##name,
#define LANE2(name, written, expression, ...) dead_op_##name,
#define LANE3(name, written, expression, ...) dead_op_##name,
#include "runtime/ops.def"
};

static struct dead_fact dead_is(real value) {
  return (struct dead_fact){.known = true,
                            .finite = isfinite(value),
                            .nonzero = value != 0,
                            .negative = value <= 0,
                            .value = value};
}

static bool dead_zero(struct dead_fact f) { return f.known && f.value == 0; }
static bool dead_hidden(struct dead_fact f) { return f.known && f.value == -(real)INFINITY; }

static struct dead_fact dead_select(const struct dead_search *s, const struct dead_node *node) {
  const struct dead_fact *f = s->fact, a = f[node->a], b = f[node->b], c = f[node->c];
  if (a.known) return a.value != 0 ? b : c;
  if (dead_zero(b) && dead_zero(c)) return b;
  return (struct dead_fact){.finite = b.finite && c.finite,
                            .nonzero = (b.nonzero || node->a == node->b) && c.nonzero};
}

/* What an op makes of what is known of its operands. */
static struct dead_fact dead_made(const struct dead_search *s, const struct dead_node *node) {
  const int arity = lane_op_arity(node->op);
  const struct dead_fact *f = s->fact, a = f[node->a], b = f[node->b], c = f[node->c];
  const struct dead_fact finite = {.finite = a.finite && b.finite};
  if (a.known && (arity < 2 || b.known) && (arity < 3 || c.known))
    return dead_is(dead_ops[node->op](a.value, b.value, c.value));
  switch (node->op) {
    case LANE_select: return dead_select(s, node);
    case LANE_mul: return (dead_zero(a) && b.finite) || (dead_zero(b) && a.finite) ? dead_is(0) : finite;
    case LANE_div:
      if (!b.finite || !b.nonzero) return (struct dead_fact){0};
      return dead_zero(a) ? dead_is(0) : finite;
    case LANE_sub: return dead_hidden(a) && b.finite ? a : finite;
    case LANE_add: return dead_hidden(a) && b.finite ? a : dead_hidden(b) && a.finite ? b : finite;
    case LANE_and: return dead_zero(a) || dead_zero(b) ? dead_is(0) : (struct dead_fact){.finite = true};
    case LANE_lt:
      return a.known && a.value >= 0 && b.negative ? dead_is(0) : (struct dead_fact){.finite = true};
    case LANE_relu: return a.negative ? dead_is(0) : (struct dead_fact){.finite = a.finite};
    case LANE_neg: return (struct dead_fact){.finite = a.finite, .nonzero = a.nonzero};
    default: return (struct dead_fact){0};
  }
}

/* Do all results vanish when the comparison `verdict` comes out as `dead`? */
static bool dead_vanish(struct dead_search *s, int verdict, bool dead) {
  const struct dead_node *compare = &s->node[verdict];
  for (int n = 0; n < s->count; n++) {
    const struct dead_node *node = &s->node[n];
    const bool difference = node->op == LANE_sub && node->a == compare->a && node->b == compare->b;
    if (n == verdict)
      s->fact[n] = dead_is(dead);
    else if (node->op == LANE_const)
      s->fact[n] = dead_is(node->value);
    else if (node->op == LANE_input)
      s->fact[n] = (struct dead_fact){.finite = node->a > s->head->plan->extra_count}; /* row values, dw */
    else if (node->op > LANE_const)
      s->fact[n] = (struct dead_fact){0};
    else
      s->fact[n] = dead_made(s, node);
    if (difference && dead) s->fact[n].negative = true;
  }
  for (int k = 0; k < s->results; k++) {
    const struct dead_fact f = s->fact[s->result[k]];
    if (!(s->most[k] ? dead_hidden(f) : dead_zero(f))) return false;
  }
  return true;
}

/* ---- the search ---- */

static void dead_collect(struct dead_search *s, const struct attend_plan *plan, int threshold,
                         bool gradient) {
  for (int k = threshold + 1; k < plan->row_count; k++) {
    const struct attend_row *row = &plan->row[k];
    if (row->backward && !gradient) continue;
    s->odd |= row->reduce != ATTEND_SUM && row->reduce != ATTEND_MAX;
    s->most[s->results] = row->reduce == ATTEND_MAX;
    s->result[s->results++] = dead_read(s, row->program, NULL);
  }
  if (gradient) s->result[s->results++] = dead_read(s, plan->score_grad, NULL);
  for (int k = 0; k < plan->extra_count && gradient; k++) s->odd |= plan->wants_grad[k];
}

void KERNEL(attend_dead_find)(const struct attend_head *head, bool gradient, struct attend_dead *dead) {
  const struct attend_plan *plan = head->plan;
  struct dead_search s = {.head = head};
  int at[DEAD_NODES];
  *dead = (struct attend_dead){.row = attend_kept_row(plan)};
  if (dead->row < 0 || plan->drop || head->keys < DEAD_KEYS) return;
  s.result[s.results++] = dead_read(&s, plan->score, at);
  const int written = s.count, threshold = 1 + plan->extra_count + dead->row;
  dead_collect(&s, plan, dead->row, gradient);
  for (int n = 0; n < written && !s.odd; n++) {
    const struct dead_node *node = &s.node[n];
    if (node->op != LANE_le && node->op != LANE_lt) continue;
    const struct dead_node *a = &s.node[node->a], *b = &s.node[node->b];
    const bool compares =
        (a->op == LANE_input && a->a == threshold) || (b->op == LANE_input && b->a == threshold);
    for (int truth = 0; truth < 2 && compares; truth++) {
      if (!dead_vanish(&s, n, truth)) continue;
      *dead = (struct attend_dead){true, dead->row, at[n] + 1, plan->score->instr[at[n]].out, truth};
      return;
    }
  }
}
