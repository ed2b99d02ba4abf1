/* test_gradient.c: the gradient of every op that has one, compiled and run in double, against central
 * differences, on random shapes: sizes from 0, ragged and even, shared and per example. The list of ops is
 * ops.def, the shapes come from its signatures; only ops whose result type is free have a generator of their
 * own here, and an op without one fails. */
#include "tests/unit/graphs.h"

#include "compiler/ir/rules.h"
#include "runtime/threshold.h"

#include <stdio.h>

enum { CASES = 24, SKIPPED_NONE = -1 };

/* Which leaf is a switch rather than a number: it is not moved. */
static int skipped_leaf;

static vm_dim any_dim(struct host *h, const char *name, bool may_be_ragged, int64_t least) {
  if (may_be_ragged && host_below(h, 3) == 0) return host_ragged(h, name, least, 4);
  return host_dim(h, name, host_below(h, 6) == 0 ? least : least + host_below(h, 4));
}

/* ---- arguments from the signature ---- */

struct name {
  char text[12];
  bool known;
  int rank;
  vm_dim dim[3];
};

static struct name *find_name(struct name *names, const char *text, size_t length) {
  for (int k = 0; k < 8; k++) {
    if (!names[k].text[0]) memcpy(names[k].text, text, length);
    if (!strncmp(names[k].text, text, length) && strlen(names[k].text) == length) return &names[k];
  }
  fail_msg("too many names in a signature");
  return NULL;
}

/* Reads "*r,k" up to the bracket and appends the dims to the type. */
static const char *read_shape(struct host *h, const char *at, struct name *names, bool ragged,
                              struct vm_type *type) {
  while (*at != ']') {
    bool group = *at == '*';
    at += group;
    size_t length = strcspn(at, ",]");
    struct name *name = find_name(names, at, length);
    if (!name->known) {
      name->known = true;
      name->rank = group ? (int)host_below(h, 3) : 1;
      for (int x = 0; x < name->rank; x++) name->dim[x] = any_dim(h, name->text, ragged, 0);
    }
    for (int x = 0; x < name->rank; x++) type->dim[type->rank++] = name->dim[x];
    at += length;
    at += *at == ',';
  }
  return at + 1;
}

struct range {
  double low, high;
};
static struct range range_of(enum rt_op op, int arg) {
  switch (op) {
    case OP_log:
    case OP_sqrt: return (struct range){0.3, 3};
    case OP_pow: return arg == 0 ? (struct range){0.3, 2} : (struct range){-2, 2};
    case OP_div:
    case OP_mod:
    case OP_recip: return arg == 0 && op != OP_recip ? (struct range){-2, 2} : (struct range){0.5, 2};
    default: return (struct range){-2, 2};
  }
}

/* op on leaves as its signature asks for them; 0 when the random choice is none that the op takes. */
static ir_id from_signature(struct host *h, enum rt_op op) {
  struct name names[8] = {0};
  ir_id arg[8];
  int count = 0;
  int style = (int)host_below(h, 4); /* all shared, mixed, all per example */
  bool free_range = true;
  for (const char *at = rt_op_info[op].signature; strncmp(at, "-> ", 3); at += strspn(at, " ")) {
    bool batched = style == 0 ? false : style == 1 ? host_below(h, 2) : true;
    struct vm_type type = {.dtype = RT_REAL, .of = VM_NO_DIM};
    bool shared = !strncmp(at, "shared ", 7);
    at = strchr(at, '[') + 1;
    if (shared || (op == OP_gather && count == 0 && style != 3)) batched = false;
    type.batched = batched;
    at = read_shape(h, at, names, style == 3 && !shared && op != OP_gather, &type);
    if (!strncmp(at, "i of ", 5)) {
      struct name *of = find_name(names, at + 5, strcspn(at + 5, " "));
      if (!of->known) of->known = true, of->rank = 1, of->dim[0] = host_dim(h, "V", 1 + host_below(h, 4));
      for (int64_t e = 0; e < h->examples; e++) free_range = free_range && host_size(h, of->dim[0], e) > 0;
      if (!free_range) return 0;
      arg[count++] = host_ids(h, type, of->dim[0]);
      at += 5 + strcspn(at + 5, " ");
    } else {
      for (int x = 0; x < type.rank; x++)
        if (!type.batched && vm_dim_is_ragged(&h->module->dims, type.dim[x])) return 0;
      struct range range = range_of(op, count);
      arg[count] =
          op == OP_select && count == 0 ? host_bits(h, type) : host_reals(h, type, range.low, range.high);
      count++;
    }
  }
  skipped_leaf = op == OP_select ? 0 : SKIPPED_NONE;
  return ir_add(host_here(h), (struct ir_op){op, count, .arg = arg, .real = 0.1});
}

/* ---- generators for the others ---- */

static struct vm_type any_type(struct host *h, int least_rank, bool batched) {
  struct vm_type t = {.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  int rank = least_rank + (int)host_below(h, 3);
  for (int x = 0; x < rank; x++) t.dim[t.rank++] = any_dim(h, "N", batched, 0);
  return t;
}

static ir_id apply(struct host *h, enum rt_op op, int count, const ir_id *arg, const int64_t *attr,
                   const struct vm_type *given) {
  struct ir_op added = {op, count, .arg = arg, .real = 0.1, .type = given};
  if (attr) memcpy(added.attr, attr, (size_t)vm_op_attr_count(op) * sizeof *attr);
  return ir_add(host_here(h), added);
}

static ir_id make_expand(struct host *h) {
  struct vm_type to = any_type(h, 0, host_below(h, 3) > 0);
  int64_t mask = host_below(h, 1 << to.rank);
  struct vm_type from = ir_kept(&to, (uint32_t)mask, to.batched);
  bool ragged = false;
  for (int x = 0; x < from.rank; x++) ragged = ragged || vm_dim_is_ragged(&h->module->dims, from.dim[x]);
  from.batched = ragged || (to.batched && host_below(h, 2));
  return apply(h, OP_expand, 1, (ir_id[]){host_reals(h, from, -2, 2)}, &mask, &to);
}

static ir_id make_reduce(struct host *h, enum rt_op op) {
  struct vm_type from = any_type(h, 0, host_below(h, 3) > 0);
  int64_t mask = host_below(h, 1 << from.rank);
  struct vm_type to = ir_kept(&from, (uint32_t)mask, from.batched);
  bool ragged = false;
  for (int x = 0; x < to.rank; x++) ragged = ragged || vm_dim_is_ragged(&h->module->dims, to.dim[x]);
  to.batched = from.batched && (op == OP_maximum || ragged || host_below(h, 2));
  return apply(h, op, 1, (ir_id[]){host_reals(h, from, -2, 2)}, &mask, &to);
}

static ir_id make_reshape(struct host *h) {
  struct vm_type from = any_type(h, 2, host_below(h, 3) > 0), to = from;
  vm_dim all = VM_ONE;
  for (int x = 0; x < from.rank; x++) all = vm_dim_times(&h->module->dims, all, from.dim[x]);
  if (host_below(h, 2)) {
    to.rank = 1;
    to.dim[0] = all;
  } else {
    to.dim[0] = from.dim[from.rank - 1];
    to.dim[from.rank - 1] = from.dim[0];
  }
  return apply(h, OP_reshape, 1, (ir_id[]){host_reals(h, from, -2, 2)}, NULL, &to);
}

static ir_id make_transpose(struct host *h) {
  struct vm_type from = any_type(h, 1, host_below(h, 3) > 0), to = from;
  int order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  int64_t attr = 0;
  for (int x = from.rank - 1; x > 0; x--) {
    int y = (int)host_below(h, x + 1), was = order[x];
    order[x] = order[y];
    order[y] = was;
  }
  for (int x = 0; x < from.rank; x++) {
    attr |= (int64_t)order[x] << 4 * x;
    to.dim[x] = from.dim[order[x]];
  }
  return apply(h, OP_transpose, 1, (ir_id[]){host_reals(h, from, -2, 2)}, &attr, &to);
}

/* Frames enough for any text of so many letters. */
static ir_id make_ctc(struct host *h) {
  const int64_t letters = host_below(h, 4), classes = 2 + host_below(h, 3);
  const bool batched = host_below(h, 3) > 0;
  struct vm_type score = {.dtype = RT_REAL, .batched = batched, .rank = 2, .of = VM_NO_DIM}, text = score;
  score.dim[0] = host_dim(h, "T", 6 + host_below(h, 3));
  score.dim[1] = host_dim(h, "C", classes);
  text.rank = 1;
  text.dim[0] = host_dim(h, "U", letters);
  const ir_id arg[2] = {host_reals(h, score, -2, 2),
                        host_ids(h, text, vm_dim_minus(&h->module->dims, score.dim[1], VM_ONE))};
  return apply(h, OP_ctc_nll, 2, arg, NULL, NULL);
}

static ir_id make_cumsum(struct host *h) {
  struct vm_type type = any_type(h, 1, host_below(h, 3) > 0);
  return apply(h, OP_cumsum, 1, (ir_id[]){host_reals(h, type, -2, 2)},
               (const int64_t[RT_MAX_ATTR]){host_below(h, type.rank), host_below(h, 2)}, NULL);
}

/* Of an image the sizes may differ; of the matrix there is one for all. */
static ir_id make_convolve(struct host *h) {
  struct vm_dims *dims = &h->module->dims;
  const bool batched = host_below(h, 3) > 0;
  const int64_t width = 1 + host_below(h, 4), height = 1 + host_below(h, 4), stride = 1 + host_below(h, 3),
                channels = 1 + host_below(h, 3), features = 1 + host_below(h, 20);
  struct vm_type x = {.dtype = RT_REAL, .batched = batched, .rank = 3, .of = VM_NO_DIM}, filter = x, y;
  x.dim[0] = any_dim(h, "H", batched, 0);
  x.dim[1] = any_dim(h, "W", batched, 0);
  x.dim[2] = host_dim(h, "C", channels);
  filter.rank = 2;
  filter.batched = false;
  filter.dim[0] = vm_dim_times(dims, vm_dim_number(dims, width * height), x.dim[2]);
  filter.dim[1] = host_dim(h, "F", features);
  y = x;
  for (int a = 0; a < 2; a++)
    y.dim[a] = vm_dim_ceil(dims, vm_dim_over(dims, x.dim[a], vm_dim_number(dims, stride)));
  y.dim[2] = filter.dim[1];
  return apply(h, OP_convolve, 2, (ir_id[]){host_reals(h, x, -2, 2), host_reals(h, filter, -2, 2)},
               (const int64_t[RT_MAX_ATTR]){width, stride, height, host_below(h, width)}, &y);
}

static ir_id make_max_pool(struct host *h) {
  struct vm_dims *dims = &h->module->dims;
  const bool batched = host_below(h, 3) > 0;
  const int64_t size = 1 + host_below(h, 3);
  struct vm_type x = {.dtype = RT_REAL, .batched = batched, .rank = 3, .of = VM_NO_DIM}, y;
  x.dim[2] = host_dim(h, "C", host_below(h, 4));
  y = x;
  for (int a = 0; a < 2; a++) {
    y.dim[a] = any_dim(h, "N", batched, 0);
    x.dim[a] = vm_dim_times(dims, y.dim[a], vm_dim_number(dims, size));
  }
  return apply(h, OP_max_pool, 1, (ir_id[]){host_reals(h, x, -2, 2)}, &size, &y);
}

/* Indices before, within and past the table. They are steps, and not moved. */
static ir_id make_take(struct host *h) {
  struct vm_type index = any_type(h, 0, host_below(h, 3) > 0);
  int64_t mask = host_below(h, 1 << index.rank);
  bool own = index.batched && host_below(h, 2);
  struct vm_type table = ir_kept(&index, (uint32_t)mask, own);
  table.dim[table.rank++] = any_dim(h, "V", own, 0);
  for (int x = 0; x < table.rank; x++) table.batched |= vm_dim_is_ragged(&h->module->dims, table.dim[x]);
  ir_id t = host_reals(h, table, -2, 2), i = host_reals(h, index, -1.5, 4.5);
  skipped_leaf = 1;
  return apply(h, OP_take, 2, (ir_id[]){t, i}, &mask, NULL);
}

static ir_id make_threshold(struct host *h) {
  static const double alphas[] = {2, 1.5, 1.25, 1.7, 2.5};
  struct vm_type type = any_type(h, 1, host_below(h, 3) > 0);
  int64_t kind = host_below(h, 3) == 0 ? RT_KTH : RT_ENTMAX;
  double parameter =
      kind == RT_KTH ? (double)(1 + host_below(h, 4)) : alphas[host_below(h, RT_COUNT(alphas))];
  if (kind == RT_KTH) /* of nothing it is -infinity, and so is the loss */
    type.dim[type.rank - 1] = any_dim(h, "M", type.batched, 1);
  ir_id a = host_reals(h, type, -1, 1);
  return ir_add(host_here(h), (struct ir_op){OP_threshold, 1, .arg = &a, .attr = {kind}, .real = parameter});
}

/* A part of `part` elements after `start` others and before `rest`; slice takes it, pad puts it. */
static ir_id make_part(struct host *h, enum rt_op op) {
  struct vm_dims *dims = &h->module->dims;
  bool batched = host_below(h, 3) > 0;
  struct vm_type part = any_type(h, 1, batched), whole;
  int axis = (int)host_below(h, part.rank);
  vm_dim start = any_dim(h, "S", batched, 0), rest = any_dim(h, "R", batched, 0);
  whole = part;
  whole.dim[axis] = vm_dim_plus(dims, vm_dim_plus(dims, start, part.dim[axis]), rest);
  const struct vm_type *from = op == OP_slice ? &whole : &part, *to = op == OP_slice ? &part : &whole;
  return apply(h, op, 1, (ir_id[]){host_reals(h, *from, -2, 2)}, (const int64_t[]){axis, start}, to);
}

static ir_id make_cut_of_shared(struct host *h) /* positions: the first T rows of a shared table */
{
  vm_dim T = host_ragged(h, "T", 0, 4), D = host_dim(h, "D", 2), P = host_dim(h, "P", 6);
  struct vm_type from = HOST_TYPE(false, P, D), to = HOST_TYPE(true, T, D);
  return apply(h, OP_slice, 1, (ir_id[]){host_reals(h, from, -2, 2)},
               (const int64_t[]){0, vm_dim_number(&h->module->dims, host_below(h, 3))}, &to);
}

static ir_id make_concat(struct host *h) {
  bool batched = host_below(h, 3) > 0;
  struct vm_type to = any_type(h, 1, batched);
  int axis = (int)host_below(h, to.rank), count = 1 + (int)host_below(h, 3);
  ir_id arg[4];
  vm_dim total = vm_dim_number(&h->module->dims, 0);
  for (int k = 0; k < count; k++) {
    struct vm_type t = to;
    t.dim[axis] = any_dim(h, "P", batched, 0);
    total = vm_dim_plus(&h->module->dims, total, t.dim[axis]);
    bool ragged = false;
    for (int x = 0; x < t.rank; x++) ragged = ragged || vm_dim_is_ragged(&h->module->dims, t.dim[x]);
    t.batched = ragged || (batched && host_below(h, 2));
    arg[k] = host_reals(h, t, -2, 2);
  }
  to.dim[axis] = total;
  return apply(h, OP_concat, count, arg, (const int64_t[]){axis}, &to);
}

static ir_id make_matmul(struct host *h) {
  bool batched = host_below(h, 3) > 0, ta = host_below(h, 2), tb = host_below(h, 2);
  bool mixed = batched && host_below(h, 2);
  struct vm_type a = {.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM}, c;
  vm_dim m = any_dim(h, "M", batched && !mixed, 0), k = any_dim(h, "K", batched && !mixed, 0),
         n = any_dim(h, "N", batched && !mixed, 0);
  for (int64_t leading = host_below(h, 3); leading > 0; leading--)
    a.dim[a.rank++] = any_dim(h, "B", batched && !mixed, 0);
  c = a;
  a.dim[a.rank++] = ta ? k : m;
  a.dim[a.rank++] = ta ? m : k;
  c.dim[c.rank++] = tb ? n : k;
  c.dim[c.rank++] = tb ? k : n;
  if (mixed && host_below(h, 2))
    a.batched = false;
  else if (mixed)
    c.batched = false;
  ir_id left = host_reals(h, a, -2, 2), right = host_reals(h, c, -2, 2);
  return apply(h, OP_matmul, 2, (ir_id[]){left, right}, (const int64_t[]){ta, tb}, NULL);
}

/* project, project_back and project_grad for one product per g. */
static ir_id make_grouped(struct host *h, enum rt_op op) {
  bool batched = host_below(h, 3) > 0;
  vm_dim g = any_dim(h, "G", false, 0), k = any_dim(h, "K", false, 0);
  struct vm_type x = any_type(h, 0, batched), y,
                 w = {.dtype = RT_REAL, .rank = 2, .dim = {k, g}, .of = VM_NO_DIM};
  x.dim[x.rank++] = g;
  y = x;
  x.dim[x.rank++] = k;
  for (int64_t n = host_below(h, 3); n > 0; n--)
    y.dim[y.rank++] = w.dim[w.rank++] = any_dim(h, "N", false, 0);
  const struct vm_type *first = op == OP_project_back ? &y : &x, *second = op == OP_project_grad ? &y : &w;
  ir_id a = host_reals(h, *first, -2, 2), c = host_reals(h, *second, -2, 2);
  return apply(h, op, 2, (ir_id[]){a, c}, (const int64_t[]){1}, NULL);
}

/* ---- heads ---- */

struct head_dims {
  bool batched;
  vm_dim n, m, heads, key_heads, feature, out;
};

static void add_axis(struct attend_operand *o, struct vm_type *t, uint8_t role, vm_dim d) {
  o->role[o->rank++] = role;
  t->dim[t->rank++] = d;
}

/* Per example when it must be or by chance. */
static ir_id operand_leaf(struct host *h, struct vm_type t, bool batched) {
  bool ragged = false;
  for (int x = 0; x < t.rank; x++) ragged = ragged || vm_dim_is_ragged(&h->module->dims, t.dim[x]);
  t.batched = ragged || (batched && host_below(h, 3) > 0);
  return host_reals(h, t, -1, 1);
}

/* A number for each of some of i, j and h; or a table with such axes before its own. */
static ir_id make_extra(struct host *h, struct ir_head *head, const struct head_dims *d, bool has_i,
                        bool has_j, bool has_h, bool table) {
  struct attend_operand *o = &head->extra[head->extra_count++];
  struct vm_type t = {.dtype = RT_REAL, .of = VM_NO_DIM};
  uint8_t roles[3] = {ATTEND_I, ATTEND_J, ATTEND_H};
  int64_t turn = host_below(h, 3);
  for (int64_t k = 0; k < 3; k++) {
    uint8_t role = roles[(k + turn) % 3];
    if (host_below(h, 2) && (role == ATTEND_I ? has_i : role == ATTEND_J ? has_j : has_h))
      add_axis(o, &t, role, role == ATTEND_I ? d->n : role == ATTEND_J ? d->m : d->heads);
  }
  if (table) add_axis(o, &t, ATTEND_FEATURE, host_dim(h, "R", 3));
  return operand_leaf(h, t, d->batched);
}

/* score: 0.7 s + extra 0 tanh(s) + extra 1 + (table)[|i - j|] + ...; without softmax, the sigmoid of it. */
static void make_score(struct host *h, struct ir_head *head, bool table) {
  struct ir_at at = {.g = ir_slot_graph(&h->g, head, &head->score), .error = &h->error};
  ir_id s = ir_leaf(at, IR_LEAF_S), i = ir_leaf(at, IR_LEAF_I), j = ir_leaf(at, IR_LEAF_J);
  ir_id score = ir_binary(at, OP_mul, s, ir_constant(at, 0.7, NULL));
  for (int k = 0; k < head->extra_count; k++) {
    ir_id x = ir_leaf(at, 1 + k);
    if (table && k == head->extra_count - 1)
      x = ir_slot_gather(at, x, ir_unary(at, OP_abs, ir_binary(at, OP_sub, i, j)));
    if (k == 0) x = ir_binary(at, OP_mul, x, ir_unary(at, OP_tanh, s));
    score = ir_binary(at, OP_add, score, x);
  }
  if (!head->softmax) score = ir_unary(at, OP_sigmoid, score);
  head->score.result[head->score.result_count++] = score;
}

static void make_mask(struct host *h, struct ir_head *head) {
  struct ir_at at = {.g = ir_slot_graph(&h->g, head, &head->mask), .error = &h->error};
  ir_id i = ir_leaf(at, IR_LEAF_I), j = ir_leaf(at, IR_LEAF_J);
  if (host_below(h, 2)) j = ir_binary(at, OP_add, j, ir_leaf(at, IR_LEAF_H));
  head->mask.result[head->mask.result_count++] = ir_binary(at, OP_le, j, i);
}

static void make_drop(struct host *h, struct ir_head *head) {
  struct ir_at at = {.g = ir_slot_graph(&h->g, head, &head->drop), .error = &h->error};
  ir_id dropped = ir_binary(at, OP_lt, ir_leaf(at, IR_LEAF_RANDOM), ir_constant(at, 0.3, NULL));
  head->drop.result[head->drop.result_count++] =
      ir_select(at, dropped, ir_constant(at, 0, NULL), ir_constant(at, 1 / 0.7, NULL));
}

static ir_id make_attention(struct host *h) {
  int64_t plan;
  struct ir_head *head = ir_add_head(&h->g, "head", &plan);
  head->extra = rt_arena_alloc(&h->g.arena, ATTEND_MAX_EXTRAS * sizeof *head->extra);
  assert_non_null(head->extra);
  struct head_dims d = {.batched = host_below(h, 4) > 0};
  d.n = any_dim(h, "T", d.batched, 0);
  d.m = host_below(h, 2) ? d.n : any_dim(h, "M", d.batched, 0);
  d.key_heads = host_dim(h, "G", 1 + host_below(h, 2));
  d.heads = host_below(h, 2)
                ? d.key_heads
                : vm_dim_times(&h->module->dims, d.key_heads, vm_dim_number(&h->module->dims, 2));
  d.feature = host_dim(h, "K", 1 + host_below(h, 4));
  d.out = host_dim(h, "V", 1 + host_below(h, 4));
  bool has_i = host_below(h, 5) > 0, has_h = host_below(h, 2), key_h = has_h && host_below(h, 2),
       value_h = has_h && host_below(h, 2);
  bool table = host_below(h, 3) == 0;
  head->softmax = host_below(h, 4) > 0;
  struct vm_type q = {.of = VM_NO_DIM}, k = q, v = q;
  if (has_i) add_axis(&head->query, &q, ATTEND_I, d.n);
  if (has_i) head->out.role[head->out.rank++] = ATTEND_I;
  if (has_h) add_axis(&head->query, &q, ATTEND_H, d.heads);
  if (has_h) head->out.role[head->out.rank++] = ATTEND_H;
  add_axis(&head->query, &q, ATTEND_FEATURE, d.feature);
  head->out.role[head->out.rank++] = ATTEND_FEATURE;
  add_axis(&head->key, &k, ATTEND_J, d.m);
  if (key_h) add_axis(&head->key, &k, ATTEND_H, d.key_heads);
  add_axis(&head->key, &k, ATTEND_FEATURE, d.feature);
  add_axis(&head->value, &v, ATTEND_J, d.m);
  if (value_h) add_axis(&head->value, &v, ATTEND_H, d.key_heads);
  add_axis(&head->value, &v, ATTEND_FEATURE, d.out);
  ir_id arg[8] = {operand_leaf(h, q, d.batched), operand_leaf(h, k, d.batched),
                  operand_leaf(h, v, d.batched)};
  int64_t extras = host_below(h, 3) + table;
  for (int64_t x = 0; x < extras; x++)
    arg[3 + x] = make_extra(h, head, &d, has_i, true, has_h, table && x == extras - 1);
  if (extras || !head->softmax || host_below(h, 2)) make_score(h, head, table);
  if (host_below(h, 2)) make_mask(h, head);
  if (host_below(h, 3) == 0) make_drop(h, head);
  return apply(h, OP_attention, 3 + (int)extras, arg, (int64_t[]){plan, VM_ONE}, NULL);
}

/* ---- the test ---- */

static ir_id make_case(struct host *h, enum rt_op op) {
  skipped_leaf = SKIPPED_NONE;
  switch (op) {
    case OP_expand: return make_expand(h);
    case OP_sum:
    case OP_maximum: return make_reduce(h, op);
    case OP_reshape: return make_reshape(h);
    case OP_transpose: return make_transpose(h);
    case OP_slice: return host_below(h, 4) ? make_part(h, op) : make_cut_of_shared(h);
    case OP_pad: return make_part(h, op);
    case OP_concat: return make_concat(h);
    case OP_ctc_nll: return make_ctc(h);
    case OP_convolve: return make_convolve(h);
    case OP_cumsum: return make_cumsum(h);
    case OP_max_pool: return make_max_pool(h);
    case OP_take: return make_take(h);
    case OP_threshold: return make_threshold(h);
    case OP_matmul: return make_matmul(h);
    case OP_project:
    case OP_project_back:
    case OP_project_grad: return host_below(h, 2) ? make_grouped(h, op) : from_signature(h, op);
    case OP_attention: return make_attention(h);
    default: return from_signature(h, op);
  }
}

static double loss_of(struct host *h) {
  host_run(h);
  return *(const double *)vm_machine_output(h->machine, 0).data;
}

static void check_leaf(struct host *h, int k, const double *grad, enum rt_op op, int number) {
  double *x = h->leaf[k].data, step = 1e-5;
  for (size_t n = 0; n < h->leaf[k].count; n++) {
    double was = x[n];
    x[n] = was + step;
    double up = loss_of(h);
    x[n] = was - step;
    double down = loss_of(h);
    x[n] = was;
    double measured = (up - down) / (2 * step), found = grad ? grad[n] : 0;
    double scale = fmax(1, fmax(fabs(measured), fabs(found)));
    if (!(fabs(measured - found) <= 1e-6 * scale))
      fail_msg("%s, case %d: leaf %d, element %zu of %zu: gradient %.12g, difference %.12g",
               rt_op_info[op].name, number, k, n, h->leaf[k].count, found, measured);
  }
}

/* What y's elements count in the loss: often the same along some axes, or in all examples, as in a sum. */
static ir_id any_weight(struct host *h, struct vm_type y) {
  uint32_t all = (1u << y.rank) - 1,
           mask = host_below(h, 2) ? all : (uint32_t)host_below(h, (int64_t)all + 1);
  bool ragged = false;
  for (int x = 0; x < y.rank; x++)
    ragged = ragged || (mask >> x & 1 && vm_dim_is_ragged(&h->module->dims, y.dim[x]));
  struct vm_type type = ir_kept(&y, mask, ragged || (y.batched && host_below(h, 4)));
  return ir_expand_axes(host_here(h), host_reals(h, type, -1, 1), mask, &y);
}

/* false: the random choice was none. */
static bool check_case(enum rt_op op, int number) {
  struct host h;
  ir_id wrt[HOST_MAX_LEAVES], grad[HOST_MAX_LEAVES], output[1 + HOST_MAX_LEAVES];
  const char *name[1 + HOST_MAX_LEAVES];
  int place[HOST_MAX_LEAVES], count = 1;
  host_init(&h, (uint64_t)op * 1000 + (uint64_t)number + 7, 1 + number % 3);
  ir_id y = make_case(&h, op);
  if (!y) {
    if (h.error.code != RT_BAD_DATA && h.error.code != 0)
      fail_msg("%s: %s", rt_op_info[op].name, h.error.text);
    host_free(&h);
    return false;
  }
  int leaves = h.leaf_count;
  ir_id weight = any_weight(&h, h.g.node[y].type);
  ir_id loss = ir_sum(host_here(&h), ir_binary(host_here(&h), OP_mul, y, weight), 0, false);
  for (int k = 0; k < leaves; k++) wrt[k] = h.leaf[k].node;
  if (!loss || ir_gradient(&h.g, (struct ir_derivative){loss, 0, leaves, wrt, grad}, &h.error) != RT_OK)
    fail_msg("%s, case %d: %s", rt_op_info[op].name, number, h.error.text);
  output[0] = loss;
  name[0] = "loss";
  for (int k = 0; k < leaves; k++) {
    place[k] = grad[k] ? count : 0;
    if (!grad[k]) continue;
    assert_true(vm_type_equal(&h.g.node[grad[k]].type, &h.leaf[k].type));
    output[count] = grad[k];
    name[count++] = "grad";
  }
  host_compile(&h, &(struct ir_outputs){.count = count, .id = output, .name = name, .training = true});
  loss_of(&h);
  double *copy[HOST_MAX_LEAVES] = {0};
  for (int k = 0; k < leaves; k++)
    if (place[k]) {
      struct rt_tensor t = vm_machine_output(h.machine, (uint32_t)place[k]);
      assert_int_equal(t.shape->count, h.leaf[k].count);
      copy[k] = rt_zalloc(h.leaf[k].count + 1, sizeof(double));
      if (t.shape->count) memcpy(copy[k], t.data, h.leaf[k].count * sizeof(double));
    }
  for (int k = 0; k < leaves; k++) {
    if (k != skipped_leaf && h.leaf[k].type.dtype == RT_REAL) check_leaf(&h, k, copy[k], op, number);
    rt_free(copy[k]);
  }
  host_free(&h);
  return true;
}

static void every_op(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++) {
    int done = 0;
    if (!ir_rule_of((enum rt_op)op) || op == OP_param || op == OP_result || op == OP_scan || op == OP_call
        || rt_op_info[op].flags & RT_SLOT) /* scan: tests/scan.test, tests/torch; call: extern.test */
      continue;
    for (int number = 0; done < CASES && number < 20 * CASES; number++)
      done += check_case((enum rt_op)op, number);
    if (done < CASES) fail_msg("%s: only %d cases could be made", rt_op_info[op].name, done);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_op)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
