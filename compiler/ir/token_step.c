/* token_step.c: the two walks, and what is kept. The rules of the ops are in token_rules.c. */
#include "compiler/ir/token_step_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- dims ---- */

bool step_is_along(const struct stepping *s, vm_dim dim) { return vm_dim_uses(s->g->dims, dim, s->symbol); }

bool step_has_none(const struct stepping *s, vm_dim dim) {
  int64_t n;
  return vm_dim_is_number(s->g->dims, dim, &n) && n == 0;
}

/* Does T decide this symbol, being it or rounded within it? */
static bool has_text(const struct stepping *s, uint32_t symbol) {
  const struct vm_symbol *found = &s->g->dims->symbol[symbol];
  return found->kind == VM_FLOOR ? vm_dim_uses(s->g->dims, found->of, s->symbol) : symbol == s->symbol;
}

/* The factors of a term but T; false when T is not a factor once, or the others divide. */
static bool without_text(const struct stepping *s, const struct vm_term *term, struct vm_term *out) {
  bool fits = term->denominator == 1 && term->numerator > 0;
  *out = (struct vm_term){term->numerator, 1, 0, out->factor};
  for (uint32_t k = 0; k < term->factor_count; k++) {
    fits = fits && term->factor[k].power > 0;
    if (term->factor[k].symbol == s->symbol)
      fits = fits && term->factor[k].power == 1;
    else if (has_text(s, term->factor[k].symbol))
      fits = false;
    else
      out->factor[out->factor_count++] = term->factor[k];
  }
  return fits;
}

/* times of times * T + rest. VM_NO_DIM: the dim is not so. */
static vm_dim times_of(const struct stepping *s, vm_dim dim) {
  struct vm_term term[VM_MAX_TERMS];
  struct vm_factor factor[VM_MAX_TERMS][VM_MAX_FACTORS];
  const struct vm_poly *poly = &s->g->dims->poly[dim];
  uint32_t count = 0;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    bool has = false;
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++)
      has = has || has_text(s, poly->term[t].factor[k].symbol);
    if (!has) continue;
    term[count].factor = factor[count];
    if (!without_text(s, &poly->term[t], &term[count])) return VM_NO_DIM;
    count++;
  }
  return vm_dim_of_terms(s->g->dims, term, count);
}

bool step_split(struct stepping *s, ir_id n, vm_dim dim, vm_dim *times) {
  *times = VM_NO_DIM;
  if (!step_is_along(s, dim)) return true;
  *times = times_of(s, dim);
  if (*times != VM_NO_DIM) return true;
  struct rt_text text = {0};
  vm_dim_print(s->g->dims, dim, &text);
  step_refuse(s, n, "has %s rows, which do not follow from the tokens one by one",
              text.data ? text.data : "other");
  rt_text_free(&text);
  return false;
}

vm_dim step_before(struct stepping *s, vm_dim dim) {
  return vm_dim_times(s->g->dims, times_of(s, dim), s->text->before);
}

vm_dim step_whole(struct stepping *s, vm_dim dim) {
  return step_is_along(s, dim) ? vm_dim_plus(s->g->dims, dim, step_before(s, dim)) : dim;
}

vm_dim step_rest(struct stepping *s, vm_dim dim) {
  return vm_dim_minus(s->g->dims, dim, vm_dim_times(s->g->dims, times_of(s, dim), s->text->length));
}

/* ---- nodes ---- */

uint32_t step_axes(const struct stepping *s, ir_id n) {
  const struct vm_type *type = &s->g->node[n].type;
  uint32_t axes = 0;
  for (int a = 0; a < type->rank; a++) axes |= (uint32_t)step_is_along(s, type->dim[a]) << a;
  return axes;
}

struct vm_type step_type(struct stepping *s, ir_id n, uint32_t all) {
  struct vm_type type = s->g->node[n].type;
  for (int a = 0; a < type.rank; a++)
    if (all >> a & 1) type.dim[a] = step_whole(s, type.dim[a]);
  return type;
}

struct ir_at step_at(const struct stepping *s, ir_id n) {
  return (struct ir_at){s->g, s->g->node[n].span, s->error};
}

static ir_id named(struct stepping *s, ir_id n, ir_id made) {
  if (made && !s->g->node[made].name) s->g->node[made].name = s->g->node[n].name;
  return made;
}

ir_id step_copy(struct stepping *s, ir_id n, uint32_t all, const ir_id *arg) {
  struct ir_node node = s->g->node[n];
  node.type = step_type(s, n, all);
  node.arg = (ir_id *)(uintptr_t)arg;
  for (int k = 0; k < node.arg_count; k++)
    if (!arg[k]) return 0;
  return ir_append(s->g, &node, s->error);
}

ir_id step_slice(struct stepping *s, ir_id n, ir_id from, int axis, vm_dim start, vm_dim size) {
  if (!from) return 0;
  struct vm_type type = s->g->node[from].type;
  type.dim[axis] = size;
  return ir_add(step_at(s, n),
                (struct ir_op){OP_slice, 1, .arg = &from, .attr = {axis, start}, .type = &type});
}

ir_id step_join(struct stepping *s, ir_id n, const ir_id part[2], int axis, vm_dim size) {
  if (!part[0] || !part[1]) return 0;
  struct vm_type type = s->g->node[part[1]].type;
  type.dim[axis] = size;
  return ir_add(step_at(s, n), (struct ir_op){OP_concat, 2, .arg = part, .attr = {axis}, .type = &type});
}

ir_id step_refuse(struct stepping *s, ir_id n, const char *format, ...) {
  if (s->step->why) return 0;
  char why[200];
  va_list list;
  va_start(list, format);
  vsnprintf(why, sizeof why, format, list);
  va_end(list);
  s->step->why = rt_arena_strndup(&s->g->arena, why, strlen(why));
  s->step->at = ir_shown(s->g, n);
  if (!s->step->why) rt_no_memory(s->error);
  return 0;
}

/* ---- what is kept ---- */

ir_id step_keep(struct stepping *s, const struct vm_type *type, ir_id start) {
  struct ir_token_step *step = s->step;
  const struct ir_at at = {s->g, start ? s->g->node[start].span : s->g->node[s->text->output].span, s->error};
  void *kept = step->kept;
  if (rt_grow(&kept, &s->kept_capacity, (size_t)step->kept_count + 1, sizeof *step->kept))
    return rt_no_memory(s->error), 0;
  step->kept = kept;
  ir_id id =
      ir_add(at, (struct ir_op){OP_input, .attr = {s->text->first_kept + step->kept_count}, .type = type});
  if (id) step->kept[step->kept_count++] = (struct ir_kept){.type = *type, .start = start};
  return id;
}

void step_replace(struct stepping *s, ir_id kept, ir_id next) {
  if (kept) s->step->kept[s->g->node[kept].attr[0] - s->text->first_kept].next = next;
}

bool step_may_keep(struct stepping *s, ir_id n, int axis) {
  struct ir_reach reach = ir_reach_along(s->reach, n, axis);
  if (ir_reach_is_past(&reach)) return true;
  step_refuse(s, n, "is changed by tokens that come later");
  return false;
}

/* Costs nothing to be had again. */
static bool is_free(const struct stepping *s, ir_id n) {
  const struct ir_node *node = &s->g->node[n];
  if (node->op == OP_expand || node->op == OP_reshape || node->op == OP_stop) return is_free(s, node->arg[0]);
  return node->op == OP_param || node->op == OP_constant || (node->op == OP_size && !node->type.batched);
}

/* What the text does not decide stays as it was when the text began. */
static ir_id fixed(struct stepping *s, ir_id n) {
  if (s->looking || is_free(s, n)) return n;
  if (!s->argument[n]) s->argument[n] = named(s, n, step_keep(s, &s->g->node[n].type, n));
  return s->argument[n];
}

/* All rows along the only axis along the text: those of before, kept, and the new ones. */
static ir_id all_rows(struct stepping *s, ir_id n, int axis) {
  ir_id rows = step_need(s, n, 0);
  if (!rows || !step_may_keep(s, n, axis)) return 0;
  if (s->looking) return rows;
  struct vm_type type = s->g->node[n].type;
  vm_dim dim = type.dim[axis], whole = step_whole(s, dim);
  type.dim[axis] = step_before(s, dim);
  ir_id kept = named(s, n, step_keep(s, &type, 0));
  ir_id all = step_join(s, n, (ir_id[]){kept, rows}, axis, whole);
  vm_dim rest = step_rest(s, dim);
  step_replace(s, kept,
               step_has_none(s, rest) ? all
                                      : step_slice(s, n, all, axis, vm_dim_number(s->g->dims, 0),
                                                   vm_dim_minus(s->g->dims, whole, rest)));
  return all;
}

/* How many rows a value has of which the last `most` are kept: all tokens before, but at most those. */
static vm_dim last_rows(struct stepping *s, int64_t most) {
  char name[40];
  for (int k = 0; k < s->step->kept_count; k++)
    if (s->step->kept[k].most == most) return s->step->kept[k].rows;
  snprintf(name, sizeof name, "last %" PRId64, most);
  return vm_dim_symbol(s->g->dims, name, VM_RAGGED, -1);
}

/* The last rows of before and the new ones. */
static ir_id some_rows(struct stepping *s, ir_id n, int64_t most) {
  ir_id rows = step_need(s, n, 0);
  if (!rows || !step_may_keep(s, n, 0)) return 0;
  if (s->looking) return rows;
  struct vm_type type = s->g->node[n].type;
  vm_dim new = type.dim[0];
  type.dim[0] = last_rows(s, most);
  if (type.dim[0] == VM_NO_DIM) return rt_no_memory(s->error), 0;
  ir_id kept = named(s, n, step_keep(s, &type, 0));
  if (!kept) return 0;
  struct ir_kept *last = &s->step->kept[s->step->kept_count - 1];
  last->most = most;
  last->rows = type.dim[0];
  ir_id all = step_join(s, n, (ir_id[]){kept, rows}, 0, vm_dim_plus(s->g->dims, type.dim[0], new));
  step_replace(s, kept, all);
  return all;
}

/* ---- versions ---- */

static uint32_t find_version(const struct stepping *s, ir_id n, uint32_t all, int64_t most) {
  uint32_t v = s->first[n];
  while (v && (s->version[v].all != all || s->version[v].most != most)) v = s->version[v].next;
  return v;
}

/* At the end of the list: the walk that is at this node then comes to it, too. */
static uint32_t add_version(struct stepping *s, ir_id n, uint32_t all, int64_t most) {
  void *version = s->version;
  if (rt_grow(&version, &s->version_capacity, s->version_count + 1, sizeof *s->version))
    return rt_no_memory(s->error), 0;
  s->version = version;
  uint32_t v = (uint32_t)s->version_count++, *last = &s->first[n];
  while (*last) last = &s->version[*last].next;
  *last = v;
  s->version[v] = (struct step_version){.all = all, .most = most};
  return v;
}

/* Sizes are not negative, and so is what is added up of them. */
static bool is_positive(const struct stepping *s, vm_dim dim) {
  int64_t known;
  const struct vm_poly *poly = &s->g->dims->poly[dim];
  bool positive = true;
  for (uint32_t t = 0; t < poly->term_count; t++) positive = positive && poly->term[t].numerator > 0;
  return positive || vm_dim_value(s->g->dims, dim, NULL, &known, NULL) == RT_OK;
}

static ir_id make_version(struct stepping *s, ir_id n, uint32_t all, int64_t most) {
  const struct vm_type *type = &s->g->node[n].type;
  uint32_t along = step_axes(s, n);
  for (int a = 0; a < type->rank; a++) {
    vm_dim times;
    if (!step_split(s, n, type->dim[a], &times)) return 0;
    if (times == VM_NO_DIM || all >> a & 1) continue;
    if (!is_positive(s, step_rest(s, type->dim[a])))
      return step_refuse(s, n, "has fewer rows than the text has tokens");
  }
  if (most) return some_rows(s, n, most);
  int axis = 0;
  while (all && !(all >> axis & 1)) axis++;
  if (all && all == 1u << axis && along == all && !s->rules->passes(s, n)) return all_rows(s, n, axis);
  return named(s, n, s->rules->make(s, n, all));
}

static ir_id need(struct stepping *s, ir_id n, uint32_t all, int64_t most) {
  if (!n || s->step->why) return 0;
  if (!s->depends[n]) return fixed(s, n);
  uint32_t v = find_version(s, n, all, most);
  if (!v && !(v = add_version(s, n, all, most))) return 0;
  if (s->looking) return n;
  if (!s->version[v].made) {
    ir_id made = make_version(s, n, all, most);
    s->version[v].made = made;
  }
  return s->version[v].made;
}

ir_id step_need(struct stepping *s, ir_id n, uint32_t all) { return need(s, n, all, 0); }
ir_id step_need_last(struct stepping *s, ir_id n, int64_t most) { return need(s, n, 1, most); }

/* ---- the walks ---- */

static bool type_depends(const struct stepping *s, const struct ir_node *node) {
  bool depends = node->type.of != VM_NO_DIM && step_is_along(s, node->type.of);
  for (int a = 0; a < node->type.rank; a++) depends = depends || step_is_along(s, node->type.dim[a]);
  for (int k = 0; k < vm_op_attr_count(node->op); k++)
    depends =
        depends || (vm_op_attr_kind(node->op, k) == VM_ATTR_DIM && step_is_along(s, (vm_dim)node->attr[k]));
  return depends;
}

static void find_dependence(struct stepping *s) {
  for (ir_id n = 1; n < s->count; n++) {
    const struct ir_node *node = &s->g->node[n];
    s->depends[n] = type_depends(s, node) || (node->op == OP_input && node->attr[0] == s->text->input);
    for (int k = 0; k < node->arg_count; k++) s->depends[n] = s->depends[n] || s->depends[node->arg[k]];
  }
}

static int find_reach(struct stepping *s) {
  struct ir_text_input *input = rt_zalloc(s->count, sizeof *input);
  struct ir_text text = {.length = s->symbol, .input = input};
  if (!input) return RT_NO_MEMORY;
  for (ir_id n = 1; n < s->count; n++)
    if (s->g->node[n].op == OP_input && s->g->node[n].attr[0] == s->text->input)
      input[text.count++] = (struct ir_text_input){n, 0};
  int status = ir_dependence_find(s->g, &text, &s->reach);
  rt_free(input);
  return status;
}

static void walk(struct stepping *s) {
  s->looking = true;
  step_need(s, s->text->output, 0);
  for (ir_id n = s->text->output; n > 0 && !s->step->why; n--)
    for (uint32_t v = s->first[n]; v && !s->step->why; v = s->version[v].next)
      make_version(s, n, s->version[v].all, s->version[v].most);
  s->looking = false;
  for (ir_id n = 1; n < s->count && !s->step->why && !(s->error && s->error->code); n++)
    for (uint32_t v = s->first[n]; v && !s->step->why; v = s->version[v].next)
      if (!need(s, n, s->version[v].all, s->version[v].most)) return;
  s->step->output = step_need(s, s->text->output, 0);
}

int step_walk(struct ir_graph *g, const struct ir_written *text, const struct step_rules *rules,
              struct ir_token_step *step, struct rt_error *error) {
  struct rt_error own = {0};
  struct stepping s = {.g = g,
                       .text = text,
                       .rules = rules,
                       .step = step,
                       .error = error ? error : &own,
                       .symbol = (uint32_t)vm_dim_as_symbol(g->dims, text->length),
                       .count = g->count,
                       .version_count = 1};
  *step = (struct ir_token_step){0};
  s.depends = rt_zalloc(s.count, sizeof *s.depends);
  s.first = rt_zalloc(s.count, sizeof *s.first);
  s.argument = rt_zalloc(s.count, sizeof *s.argument);
  if (s.depends && s.first && s.argument && find_reach(&s) == RT_OK) {
    find_dependence(&s);
    walk(&s);
  } else
    rt_no_memory(s.error);
  ir_dependence_free(s.reach);
  void *blocks[] = {s.depends, s.first, s.argument, s.version};
  for (size_t k = 0; k < RT_COUNT(blocks); k++) rt_free(blocks[k]);
  if (step->why) step->output = 0;
  return step->output || step->why ? RT_OK : s.error->code;
}
