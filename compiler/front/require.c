/* require.c: what a program asks of sizes. The size of an axis is a whole number and not negative, a part
 * lies within its axis, heads share keys evenly. What the declared limits prove is dropped. What no sizes
 * can meet is refused where it stands. The rest goes into the module, if the model needs it. */
#include "compiler/front/elaborate.h"
#include "vm/signature.h"

#include <stdio.h>
#include <string.h>

/* ---- what was asked before ---- */

/* Sums of positive whole multiples of sizes, which most dims are, ask for nothing. */
static bool is_plain(const struct vm_poly *poly) {
  for (uint32_t t = 0; t < poly->term_count; t++) {
    if (poly->term[t].numerator < 0 || poly->term[t].denominator != 1) return false;
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++)
      if (poly->term[t].factor[k].power < 0) return false;
  }
  return true;
}

static struct cc_required *find(struct cc_context *c, enum vm_requirement_kind kind, vm_dim dim) {
  for (size_t i = 0; i < c->required_count; i++)
    if (c->required[i].dim == dim && c->required[i].kind == kind) return &c->required[i];
  return NULL;
}

/* Whether it is asked for the first time. */
static int first_time(struct cc_context *c, enum vm_requirement_kind kind, vm_dim dim, bool *first) {
  size_t was = c->asked_capacity;
  void *items = c->asked;
  if (rt_grow(&items, &c->asked_capacity, (size_t)dim + 1, sizeof *c->asked)) return cc_out_of_memory(c);
  c->asked = items;
  if (c->asked_capacity > was) memset(c->asked + was, 0, c->asked_capacity - was);
  *first = !(c->asked[dim] >> kind & 1);
  c->asked[dim] |= (uint8_t)(1u << kind);
  return RT_OK;
}

/* What the standard library asks is asked by whoever calls it. */
static struct gr_span place_of(const struct cc_context *c, struct gr_span span) {
  return c->unit->is_stdlib && c->library_call.source ? c->library_call : span;
}

static int keep(struct cc_context *c, enum vm_requirement_kind kind, vm_dim dim, struct gr_span span) {
  void *items = c->required;
  if (rt_grow(&items, &c->required_capacity, c->required_count + 1, sizeof *c->required))
    return cc_out_of_memory(c);
  c->required = items;
  c->required[c->required_count++] = (struct cc_required){dim, kind, place_of(c, span), false};
  return RT_OK;
}

int cc_require_least(struct cc_context *c, uint32_t symbol, int64_t least, struct gr_span span) {
  struct vm_dims *dims = &c->module->dims;
  struct vm_factor factor = {symbol, 1};
  struct vm_term term[] = {{1, 1, 1, &factor}, {-least, 1, 0, NULL}};
  vm_dim dim = vm_dim_of_terms(dims, term, 2);
  if (dim == VM_NO_DIM) return cc_out_of_memory(c);
  if (least <= dims->symbol[symbol].least) return RT_OK;
  dims->symbol[symbol].least = least;
  int status = keep(c, VM_NOT_NEGATIVE, dim, span);
  if (status == RT_OK) c->required[c->required_count - 1].needed = true;
  return status;
}

/* ---- what no sizes can meet ---- */

/* " (T is at most 3)": the limits that were looked at. */
static void print_limits(const struct vm_dims *dims, vm_dim dim, struct rt_text *out) {
  const char *before = " (";
  for (uint32_t s = 0; s < dims->symbol_count; s++) {
    const struct vm_symbol *symbol = &dims->symbol[s];
    if (!vm_dim_uses(dims, dim, s)) continue;
    if (symbol->value >= 0)
      rt_text_printf(out, "%s%s is %lld", before, symbol->name, (long long)symbol->value);
    else if (symbol->limit > 0 && symbol->limit == symbol->least)
      rt_text_printf(out, "%s%s is %lld", before, symbol->name, (long long)symbol->limit);
    else if (symbol->limit > 0)
      rt_text_printf(out, "%s%s is at most %lld", before, symbol->name, (long long)symbol->limit);
    else
      continue;
    before = ", ";
  }
  if (before[0] == ',') rt_text_puts(out, ")");
}

static const char *limits_text(struct cc_context *c, vm_dim dim) {
  struct rt_text text = {0};
  print_limits(&c->module->dims, dim, &text);
  return cc_keep_text(c, &text, "");
}

/* Returns RT_OK with *possible = false when no sizes meet it, so that the caller can say so in its words. */
static int ask(struct cc_context *c, enum vm_requirement_kind kind, vm_dim dim, struct gr_span span,
               bool *possible) {
  enum vm_truth truth = VM_FOR_SOME;
  bool first = false;
  *possible = true;
  if (dim == VM_NO_DIM) return cc_out_of_memory(c);
  if (is_plain(&c->module->dims.poly[dim])) return RT_OK;
  int status = first_time(c, kind, dim, &first);
  if (status != RT_OK || !first) return status;
  if (vm_requirement_truth(&c->module->dims, kind, dim, &truth)) return cc_out_of_memory(c);
  *possible = truth != VM_FOR_NONE;
  return truth == VM_FOR_SOME ? keep(c, kind, dim, span) : RT_OK;
}

struct condition {
  enum vm_requirement_kind kind;
  vm_dim dim;
};

static int refuse(struct cc_context *c, const struct condition *condition, struct gr_span span) {
  struct rt_text text = {0};
  struct vm_requirement r = {.dim = condition->dim, .kind = (uint8_t)condition->kind};
  vm_requirement_print(&c->module->dims, &r, &text);
  int status = gr_fail(c->error, place_of(c, span), "this needs sizes for which %s, and there are none%s",
                       text.data ? text.data : "it holds", limits_text(c, condition->dim));
  rt_text_free(&text);
  return status;
}

/* Does the program say all sizes that it uses, as with labels that have names? */
static bool is_said(const struct vm_dims *dims, vm_dim dim) {
  for (uint32_t s = 0; s < dims->symbol_count; s++)
    if (vm_dim_uses(dims, dim, s)
        && (!dims->symbol[s].limit || dims->symbol[s].least != dims->symbol[s].limit))
      return false;
  return true;
}

int cc_require_size(struct cc_context *c, vm_dim dim, struct gr_span span) {
  bool possible;
  int status = ask(c, VM_WHOLE, dim, span, &possible);
  if (status != RT_OK) return status;
  if (!possible)
    return gr_fail(c->error, place_of(c, span), "%s is never a whole number%s, and no axis has such a size",
                   cc_dim_text(c, dim), limits_text(c, dim));
  status = ask(c, VM_NOT_NEGATIVE, dim, span, &possible);
  if (status != RT_OK || possible) return status;
  if (is_said(&c->module->dims, dim)) return refuse(c, &(struct condition){VM_NOT_NEGATIVE, dim}, span);
  return gr_fail(c->error, place_of(c, span), "%s is always less than 0%s, and no axis has such a size",
                 cc_dim_text(c, dim), limits_text(c, dim));
}

/* start + length <= whole */
static vm_dim rest_behind(struct vm_dims *dims, const struct cc_part *part) {
  vm_dim end = vm_dim_plus(dims, part->start, part->length);
  return end == VM_NO_DIM ? VM_NO_DIM : vm_dim_minus(dims, part->whole, end);
}

/* x[T], and x[5] of a T <= 3, have no such element. */
static int no_such_part(struct cc_context *c, const struct cc_part *part, vm_dim rest, struct gr_span span) {
  const char *whole = cc_dim_text(c, part->whole), *limits = limits_text(c, rest);
  if (!part->element)
    return gr_fail(c->error, span, "this reaches to %s, but the axis has %s elements%s",
                   cc_dim_text(c, vm_dim_plus(&c->module->dims, part->start, part->length)), whole, limits);
  gr_fail(c->error, span, "there is no element %s in an axis of %s%s: they count from 0",
          cc_dim_text(c, part->start), whole, limits);
  rt_hint(c->error, "the last one is [%s - 1]", whole);
  return c->error->code;
}

int cc_require_part(struct cc_context *c, const struct cc_part *part, struct gr_span span) {
  struct vm_dims *dims = &c->module->dims;
  bool possible;
  int status = ask(c, VM_NOT_NEGATIVE, part->start, span, &possible);
  if (status == RT_OK && !possible)
    return gr_fail(c->error, place_of(c, part->index), "this begins at %s, before the first element%s",
                   cc_dim_text(c, part->start), limits_text(c, part->start));
  if (status == RT_OK) status = ask(c, VM_NOT_NEGATIVE, part->length, span, &possible);
  if (status == RT_OK && !possible)
    return gr_fail(c->error, place_of(c, part->index), "this part ends at %s, before it begins at %s%s",
                   cc_dim_text(c, vm_dim_plus(dims, part->start, part->length)), cc_dim_text(c, part->start),
                   limits_text(c, part->length));
  if (status == RT_OK) status = cc_require_size(c, part->start, span);
  if (status == RT_OK) status = cc_require_size(c, part->length, span);
  if (status != RT_OK) return status;
  vm_dim rest = rest_behind(dims, part);
  status = ask(c, VM_NOT_NEGATIVE, rest, span, &possible);
  return status != RT_OK || possible ? status : no_such_part(c, part, rest, place_of(c, part->index));
}

/* ---- what nodes ask ---- */

enum { MOST_CONDITIONS = 2 * (RT_MAX_RANK + RT_MAX_ATTR + 2) + 1 };

static void add_size(const struct vm_dims *dims, vm_dim dim, struct condition *list, int *count) {
  if (dim == VM_NO_DIM || is_plain(&dims->poly[dim])) return;
  list[(*count)++] = (struct condition){VM_WHOLE, dim};
  list[(*count)++] = (struct condition){VM_NOT_NEGATIVE, dim};
}

static vm_dim heads_of(const struct ir_graph *g, ir_id id, const struct attend_operand *operand) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == ATTEND_H) return g->node[id].type.dim[a];
  return VM_NO_DIM;
}

/* Each head of keys, and of values, serves the same number of heads of queries. */
static void add_heads(const struct ir_graph *g, const struct ir_node *n, struct condition *list, int *count) {
  const struct attend_plan plan = ir_head_plan(g->head[n->attr[0]]);
  vm_dim queries = heads_of(g, n->arg[0], &plan.query);
  for (int k = 1; k < 3 && queries != VM_NO_DIM; k++) {
    vm_dim heads = heads_of(g, n->arg[k], k == 1 ? &plan.key : &plan.value);
    if (heads != VM_NO_DIM && heads != queries)
      add_size(g->dims, vm_dim_over(g->dims, queries, heads), list, count);
  }
}

static int conditions_of(const struct ir_graph *g, ir_id id, struct condition *list) {
  const struct ir_node *n = &g->node[id];
  enum rt_op op = (enum rt_op)n->op;
  int count = 0;
  for (int a = 0; a < n->type.rank; a++) add_size(g->dims, n->type.dim[a], list, &count);
  for (int k = 0; k < vm_op_attr_count(op); k++)
    if (vm_op_attr_kind(op, k) == VM_ATTR_DIM) add_size(g->dims, (vm_dim)n->attr[k], list, &count);
  if (op == OP_attention) add_heads(g, n, list, &count);
  if (op == OP_ctc_nll)
    list[count++] = (struct condition){VM_NOT_NEGATIVE, vm_dim_minus(g->dims, g->node[n->arg[0]].type.dim[0],
                                                                     g->node[n->arg[1]].type.dim[0])};
  if (op != OP_slice) return count;
  int axis = (int)n->attr[0];
  struct cc_part part = {g->node[n->arg[0]].type.dim[axis], (vm_dim)n->attr[1], n->type.dim[axis], false,
                         n->span};
  list[count++] = (struct condition){VM_NOT_NEGATIVE, rest_behind(g->dims, &part)};
  return count;
}

int cc_require_nodes(struct cc_context *c, const struct ir_graph *g, ir_id from, struct gr_span span) {
  struct condition list[MOST_CONDITIONS];
  for (ir_id n = from ? from : 1; n < g->count; n++) {
    int count = conditions_of(g, n, list);
    struct gr_span at = span.source ? span : g->node[n].span;
    for (int k = 0; k < count; k++) {
      bool possible;
      int status = ask(c, list[k].kind, list[k].dim, at, &possible);
      if (status != RT_OK) return status;
      if (!possible) return refuse(c, &list[k], at);
    }
  }
  return RT_OK;
}

/* ---- what the model needs ---- */

static void need_node(struct cc_context *c, const struct ir_graph *g, ir_id id) {
  struct condition list[MOST_CONDITIONS];
  int count = conditions_of(g, id, list);
  for (int k = 0; k < count; k++) {
    struct cc_required *r = find(c, list[k].kind, list[k].dim);
    if (r) r->needed = true;
  }
}

/* Marks what the values that roots depend on ask. */
static int need_roots(struct cc_context *c, int count, const ir_id *root) {
  const struct ir_graph *g = c->model;
  bool *live = rt_zalloc(g->count, sizeof *live);
  if (!live) return cc_out_of_memory(c);
  for (int r = 0; r < count; r++) live[root[r]] = true;
  for (ir_id n = g->count; n-- > 1;) {
    if (!live[n]) continue;
    const struct ir_node *node = &g->node[n];
    for (int k = 0; k < node->arg_count; k++) live[node->arg[k]] = true;
    need_node(c, g, n);
    const struct ir_graph *body = ir_is_scan((enum rt_op)node->op) ? ir_scan_of(g, node)->body : NULL;
    for (ir_id b = 1; body && b < body->count; b++) need_node(c, body, b);
  }
  rt_free(live);
  return RT_OK;
}

enum { LONGEST_QUOTE = 60 };

/* The words of the program, on one line. */
static const char *quote(struct cc_context *c, struct gr_span span) {
  char text[LONGEST_QUOTE + 8];
  size_t n = 0;
  bool space = false;
  for (uint32_t at = span.begin; at < span.end && n < LONGEST_QUOTE; at++) {
    char byte = span.source->text[at];
    space |= byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
    if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r') continue;
    if (space && n > 0) text[n++] = ' ';
    space = false;
    text[n++] = byte;
  }
  while (n >= LONGEST_QUOTE && (text[n - 1] & 0xC0) == 0x80) n--; /* no part of a character */
  if (n >= LONGEST_QUOTE) n = (size_t)snprintf(text + n, 4, "…") + n;
  return rt_arena_strndup(&c->module->arena, text, n);
}

int cc_keep_place(struct cc_context *c, struct gr_span span, bool with_excerpt, struct vm_where *where) {
  struct rt_arena *arena = &c->module->arena;
  struct rt_error shown = {0};
  int line = 0, column = 0;
  *where = (struct vm_where){.excerpt = ""};
  if (!span.source) return RT_OK;
  gr_span_place(span, &line, &column);
  where->line = (uint32_t)line;
  where->column = (uint32_t)column;
  where->file = rt_arena_strndup(arena, span.source->name, strlen(span.source->name));
  if (with_excerpt) {
    gr_fail(&shown, span, "%s", "");
    where->excerpt = rt_arena_strndup(arena, shown.excerpt, strlen(shown.excerpt));
  }
  return where->file && where->excerpt ? RT_OK : cc_out_of_memory(c);
}

static int settle_one(struct cc_context *c, const struct cc_required *from, struct vm_requirement *r) {
  struct vm_where where;
  *r = (struct vm_requirement){
      .dim = from->dim, .kind = (uint8_t)from->kind, .what = "", .file = "", .text = ""};
  if (!from->span.source) return RT_OK;
  int status = cc_keep_place(c, from->span, true, &where);
  if (status != RT_OK) return status;
  r->line = where.line;
  r->column = where.column;
  r->file = where.file;
  r->text = where.excerpt;
  r->what = quote(c, from->span);
  return r->what ? RT_OK : cc_out_of_memory(c);
}

/* What says of one size alone how large it may be. */
struct one_size {
  uint32_t symbol;
  bool least;
  int64_t limit;
};

static bool is_one_size(const struct cc_context *c, const struct cc_required *r, struct one_size *one) {
  const struct vm_requirement asked = {.dim = r->dim, .kind = (uint8_t)r->kind};
  return r->needed && vm_requirement_limit(&c->module->dims, &asked, &one->symbol, &one->least, &one->limit);
}

/* Two requirements that can be met, but not by the same row: x[5] beside position(x, 4). */
static int check_together(struct cc_context *c) {
  struct one_size a, b;
  for (size_t i = 0; i < c->required_count; i++)
    for (size_t k = 0; is_one_size(c, &c->required[i], &a) && a.least && k < c->required_count; k++) {
      if (!is_one_size(c, &c->required[k], &b) || b.least || b.symbol != a.symbol || a.limit <= b.limit)
        continue;
      const char *name = c->module->dims.symbol[a.symbol].name;
      gr_fail(c->error, c->required[i].span,
              "no row can be right: this needs %s to be at least %lld, and another part at most %lld", name,
              (long long)a.limit, (long long)b.limit);
      gr_note(c->error, c->required[k].span, "this needs %s <= %lld", name, (long long)b.limit);
      return c->error->code;
    }
  return RT_OK;
}

int cc_requirements(struct cc_context *c, int root_count, const ir_id *root) {
  struct vm_module *m = c->module;
  int status = need_roots(c, root_count, root);
  if (status == RT_OK) status = check_together(c);
  if (status != RT_OK) return status;
  m->requirement = rt_arena_alloc(&m->arena, sizeof *m->requirement * (c->required_count + 1));
  if (!m->requirement) return cc_out_of_memory(c);
  for (size_t i = 0; i < c->required_count && status == RT_OK; i++)
    if (c->required[i].needed)
      status = settle_one(c, &c->required[i], &m->requirement[m->requirement_count++]);
  return status;
}
