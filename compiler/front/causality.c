/* causality.c: a model that predicts the next word of a text must not be made of the words that it predicts.
 * compiler/ir/dependence.h finds of what it is made; this says it to the author of the program. */
#include "compiler/front/elaborate.h"
#include "compiler/ir/dependence.h"

#include <math.h>
#include <string.h>

static bool is_users(struct gr_span span) {
  return span.source && strncmp(span.source->name, CC_STDLIB, strlen(CC_STDLIB)) != 0;
}

static bool same_place(struct gr_span a, struct gr_span b) {
  return a.source == b.source && a.begin == b.begin && a.end == b.end;
}

/* Where a node of the way is shown: in a file of the user, itself or what asked the library for it. */
static struct gr_span place_on_way(const struct ir_graph *g, const struct ir_leak *leak, int k) {
  for (; k >= 0; k--) {
    const struct ir_node *n = &g->node[leak->node[k]];
    if (is_users(n->span)) return n->span;
    if (is_users(n->called)) return n->called;
  }
  return g->node[leak->node[leak->count - 1]].span;
}

/* What looks ahead, by the op that does, and what to write instead. */
struct words {
  enum rt_op op;
  const char *says, *hint;
};

static const struct words words_of[] = {
    {OP_attention, "this head looks at what comes later",
     "give it `mask = j <= i`, or the mask that it has `and j <= i`: in the head, or behind its call"},
    {OP_sum, "this goes over the whole text",
     "cumsum(x, T) is the sum of what came before, and cumsum(x, T) / (range(T) + 1) its mean"},
    {OP_maximum, "this goes over the whole text", "a scan can carry the largest so far along"},
    {OP_softmax, "this divides by a sum over the whole text",
     "a head with `mask = j <= i` weights what came before"},
    {OP_log_softmax, "this divides by a sum over the whole text", NULL},
    {OP_standardize, "this normalises along the text, by a mean and a variance of all of it",
     "layernorm(x) and standardize(x, D) normalise each position by itself"},
    {OP_rms, "this normalises along the text, by the squares of all of it",
     "rmsnorm(x) and rms_standardize(x, D) normalise each position by itself"},
    {OP_threshold, "this compares with the whole text", NULL},
    {OP_cumsum, "this running sum begins at the end of the text",
     "without `reverse = true` it begins at the first"},
    {OP_scan, "this recurrence begins at the end of the text",
     "without `reverse = true` it begins at the first position"},
    {OP_call, "this native function is given the whole text, and nobody knows what it looks at",
     "one that is declared with numbers alone, as in f(x: number) -> number, is applied to each by itself; "
     "so is the step of a scan"},
    {OP_matmul, "this product sums over the whole text",
     "a head with `mask = j <= i` sums what came before; so does a scan"},
    {OP_slice, "this takes a later position to an earlier place", NULL},
    {OP_concat, "this puts a later position to an earlier place", NULL},
    {OP_reshape, "this puts positions of the text into other places, so that nothing can be said of them",
     "an axis that keeps its size stays the text's: reshape(x, [T, H, K])"},
};

static const struct words *find_words(enum rt_op op) {
  for (size_t k = 0; k < RT_COUNT(words_of); k++)
    if (words_of[k].op == op) return &words_of[k];
  return NULL;
}

/* "by one position", where it is known. */
static const char *how_far(struct cc_context *c, const struct ir_leak *leak) {
  const char *text = "";
  if (!leak->far && leak->ahead > 0)
    text = rt_arena_printf(&c->model->arena, ", by %lld position%s", (long long)leak->ahead,
                           leak->ahead == 1 ? "" : "s");
  return text ? text : "";
}

/* What looks ahead: the last node of the way, or one in the body of that. */
static const struct ir_node *looking(const struct ir_graph *g, const struct ir_leak *leak) {
  return leak->inside ? leak->inside : &g->node[leak->node[leak->count - 1]];
}

/* The head that looks ahead. One within a step is tensors by now. NULL: something else does. */
static const struct ir_head *head_of(const struct ir_graph *g, const struct ir_leak *leak) {
  const struct ir_node *n = looking(g, leak);
  if (leak->inside && n->head) return g->head[n->head - 1];
  return n->op == OP_attention ? g->head[n->attr[0]] : NULL;
}
static bool is_head_of_step(const struct ir_graph *g, const struct ir_leak *leak) {
  return leak->inside && head_of(g, leak) && head_of(g, leak)->called.source;
}

static const struct words *words_for(const struct ir_graph *g, const struct ir_leak *leak) {
  static const struct words step_words = {OP_attention,
                                          "this head, in a step of scan, looks at the whole text",
                                          "a mask by the step's own position is followed: `mask = j <= t`, "
                                          "where t is the row of range(T); or carry what "
                                          "came before in the state"};
  static const struct words forward_words = {OP_scan, "this recurrence mixes positions of the text", NULL};
  const struct ir_node *n = looking(g, leak);
  if (is_head_of_step(g, leak)) return &step_words;
  if (n->op == OP_scan && !ir_scan_of(g, n)->reverse) return &forward_words;
  return find_words((enum rt_op)n->op);
}

/* Does its score hide keys by a large number, such as -1e9, in place of minus infinity? */
static bool hides_by_number(const struct ir_head *head) {
  const double large = -100;
  const struct ir_graph *slot = head ? head->score.graph : NULL;
  bool found = false;
  for (ir_id n = 1; slot && n < slot->count; n++)
    found =
        found
        || (slot->node[n].op == OP_constant && isfinite(slot->node[n].real) && slot->node[n].real < large);
  return found;
}

static const char *hint_for(const struct ir_graph *g, const struct ir_leak *leak) {
  const struct words *w = words_for(g, leak);
  const struct ir_node *n = looking(g, leak);
  if (leak->inside && !is_head_of_step(g, leak) && n->op != OP_scan && n->op != OP_cumsum)
    return "what scan is given by name is seen whole in each step: carry what came before in the state";
  return w ? w->hint : NULL;
}

/* Where what looks ahead is shown. */
static struct gr_span place_of(const struct ir_graph *g, const struct ir_leak *leak) {
  if (is_head_of_step(g, leak)) return head_of(g, leak)->called;
  if (leak->inside && is_users(leak->inside->span)) return leak->inside->span;
  if (leak->inside && is_users(leak->inside->called)) return leak->inside->called;
  return place_on_way(g, leak, leak->count - 1);
}

/* Where a call of the user makes several heads, the mask is for one of them: `cross.mask`. */
static void hint_path(struct cc_context *c, const struct ir_head *head) {
  const char *dot = head->within ? strchr(head->within, '.') : NULL;
  bool several = false;
  for (uint32_t k = 0; k < c->model->head_count; k++)
    several = several || (c->model->head[k] != head && same_place(c->model->head[k]->called, head->called));
  if (!several || !dot) {
    rt_hint(c->error, "%s", find_words(OP_attention)->hint);
    return;
  }
  int length = (int)(dot - head->within);
  rt_hint(
      c->error,
      "this call makes several heads: `with { %.*s.mask = j <= i }` behind it is for this one. If it has a "
      "mask, that one `and j <= i`",
      length, head->within);
}

/* What a leak is, in words: "this head looks at what comes later, by 1 position (`m.z`)". */
static const char *leak_words(struct cc_context *c, const struct ir_leak *leak) {
  const struct words *w = words_for(c->model, leak);
  const struct ir_head *head = head_of(c->model, leak);
  const char *name = head && head->name ? head->name : "";
  if (leak->kind == IR_LEAK_LENGTH && !is_head_of_step(c->model, leak))
    return "this is made of how long it is";
  const char *text =
      rt_arena_printf(&c->model->arena, "%s%s%s%s%s", w ? w->says : "this mixes positions of the text",
                      how_far(c, leak), name[0] ? " (`" : "", name, name[0] ? "`)" : "");
  return text ? text : "";
}

static int refuse(struct cc_context *c, const char *column, const struct ir_leak *leak) {
  const struct ir_graph *g = c->model;
  const char *hint = hint_for(g, leak);
  struct gr_span place = place_of(g, leak), shown = place;
  if (leak->kind == IR_LEAK_LENGTH && !is_head_of_step(g, leak)) {
    gr_fail(c->error, place,
            "next(%s) sees how long the text is, which tells at each position how much is to come", column);
    rt_hint(
        c->error, "%s",
        leak->beyond
            ? "a table is read behind its end, where it gives its last element: for p[i + 2] give it those "
              "two more, P[0..T + 2]"
            : "what may be counted is the position itself: range(T), or i and j in a head");
  } else {
    gr_fail(c->error, place, "next(%s) sees what it should predict: %s", column, leak_words(c, leak));
    if (leak->wild)
      rt_hint(
          c->error,
          "what it reads may be infinite or not a number, as log(0) and x / 0 are, and a weight of 0 does "
          "not hide that: log(x + 1e-9), x / (y + 1e-9)");
    else if (hides_by_number(head_of(g, leak)))
      rt_hint(c->error,
              "a key whose score is a large number below 0 has some weight still: where(j <= i, s, -inf) has "
              "none, nor has what `mask = j <= i` leaves out");
    else if (head_of(g, leak) && !leak->inside)
      hint_path(c, head_of(g, leak));
    else if (hint)
      rt_hint(c->error, "%s", hint);
  }
  for (int k = leak->count - (leak->inside ? 1 : 2), notes = 0; k >= 0 && notes < 4; k--) {
    struct gr_span next = place_on_way(g, leak, k);
    if (!is_users(next) || same_place(next, shown) || same_place(next, place)) continue;
    shown = next;
    gr_note(c->error, next, notes++ ? "and so is this" : "this is made of it");
  }
  return c->error->code;
}

/* The inputs of the model that are the text of an output. */
static int text_of(struct cc_context *c, const struct vm_input *target, struct ir_text *text) {
  const struct vm_module *m = c->module;
  struct ir_text_input *input = rt_arena_alloc(&c->model->arena, (m->input_count + 1) * sizeof *input);
  if (!input) return cc_out_of_memory(c);
  *text = (struct ir_text){.length = (uint32_t)target->length, .input = input};
  for (ir_id n = 1; n < c->model->count; n++) {
    const struct ir_node *node = &c->model->node[n];
    if (node->op != OP_input || node->attr[0] < 0 || node->attr[0] >= m->input_count) continue;
    const struct vm_input *given = &m->input[node->attr[0]];
    if (!given->is_target && given->column == target->column && (uint32_t)text->count < m->input_count)
      input[text->count++] = (struct ir_text_input){n, 0};
  }
  return RT_OK;
}

int cc_check_causal(struct cc_context *c, const ir_id *output) {
  const struct vm_module *m = c->module;
  for (uint32_t o = 0; o < m->output_count; o++) {
    const struct vm_input *target = &m->input[m->output[o].target];
    struct ir_dependence *found;
    struct ir_leak leak;
    struct ir_text text;
    if (!target->shifted || target->length < 0) continue;
    int status = text_of(c, target, &text);
    if (status != RT_OK) return status;
    if (ir_dependence_find(c->model, &text, &found) != RT_OK) return cc_out_of_memory(c);
    bool leaks = ir_leak_of(found, output[o], 0, &leak);
    ir_dependence_free(found);
    if (leaks) return refuse(c, target->name, &leak);
  }
  return RT_OK;
}

/* ---- of any function ---- */

static int add_reach(struct cc_context *c, const struct ir_dependence *found,
                     const struct cc_reach_asked *asked, int axis, struct cc_reach *row) {
  struct ir_reach r = ir_reach_along(found, asked->result, axis);
  struct ir_leak leak;
  row->sees = r.none && !r.length    ? CC_SEES_NOTHING
              : ir_reach_is_own(&r)  ? CC_SEES_OWN
              : ir_reach_is_past(&r) ? CC_SEES_PAST
                                     : CC_SEES_ALL;
  row->why = "";
  if (row->sees != CC_SEES_ALL || !ir_leak_of(found, asked->result, axis, &leak)) return RT_OK;
  struct gr_span place = place_of(c->model, &leak);
  row->why = leak_words(c, &leak);
  row->file = place.source ? place.source->name : NULL;
  if (place.source) gr_span_place(place, &row->line, &row->column);
  return RT_OK;
}

/* An axis of a result that is, by its name, the first of an argument. */
static int ask(struct cc_context *c, const struct cc_reach_asked *asked, ir_id input, struct cc_reach *row,
               bool *is_shared) {
  const struct vm_type *given = cc_type(c, input), *made = cc_type(c, asked->result);
  struct vm_dims *dims = &c->module->dims;
  int64_t symbol = given->rank ? vm_dim_as_symbol(dims, given->dim[0]) : -1;
  int axis = 0;
  *is_shared = false;
  if (symbol < 0 || dims->symbol[symbol].value >= 0) return RT_OK;
  while (axis < made->rank && made->dim[axis] != given->dim[0]) axis++;
  if (axis == made->rank) return RT_OK;
  const struct ir_text_input from = {input, 0};
  const struct ir_text text = {(uint32_t)symbol, 1, &from};
  struct ir_dependence *found;
  if (ir_dependence_find(c->model, &text, &found) != RT_OK) return cc_out_of_memory(c);
  *row = (struct cc_reach){.axis = dims->symbol[symbol].name, .result = asked->name};
  row->argument = c->module->input[c->model->node[input].attr[0]].name;
  int status = add_reach(c, found, asked, axis, row);
  ir_dependence_free(found);
  *is_shared = true;
  return status;
}

int cc_find_reaches(struct cc_context *c, int count, const struct cc_reach_asked *asked, cc_reach_row *row,
                    void *context) {
  const uint32_t nodes = c->model->count;
  for (int k = 0; k < count; k++)
    for (ir_id n = 1; n < nodes; n++) {
      struct cc_reach found;
      bool is_shared;
      const struct ir_node *node = &c->model->node[n];
      if (node->op != OP_input || node->attr[0] < 0 || node->attr[0] >= c->module->input_count
          || c->module->input[node->attr[0]].is_target)
        continue;
      int status = ask(c, &asked[k], n, &found, &is_shared);
      if (status == RT_OK && is_shared) status = row(context, &found, c->error);
      if (status != RT_OK) return status;
    }
  return RT_OK;
}
