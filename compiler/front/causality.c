/* causality.c: a model that predicts the next word of a text must not be made of the words that it predicts.
 * compiler/ir/dependence.h finds of what it is made; this says it to the author of the program. */
#include "compiler/front/elaborate.h"
#include "compiler/ir/dependence.h"

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

/* The head that looks ahead, by its path. */
static const char *head_name(const struct ir_graph *g, const struct ir_node *n) {
  const char *name = n->op == OP_attention ? g->head[n->attr[0]]->name : NULL;
  return name ? name : "";
}

static int refuse(struct cc_context *c, const char *column, const struct ir_leak *leak) {
  const struct ir_graph *g = c->model;
  const struct ir_node *n = &g->node[leak->node[leak->count - 1]];
  const struct words *w = find_words((enum rt_op)n->op);
  const char *name = head_name(g, n);
  struct gr_span place = place_on_way(g, leak, leak->count - 1), shown = place;
  if (leak->kind == IR_LEAK_LENGTH) {
    gr_fail(c->error, place,
            "next(%s) sees how long the text is, which tells at each position how much is to come", column);
    rt_hint(c->error, "what may be counted is the position itself: range(T), or i and j in a head");
  } else {
    gr_fail(c->error, place, "next(%s) sees what it should predict: %s%s%s%s%s", column,
            w ? w->says : "this mixes positions of the text", how_far(c, leak), name[0] ? " (`" : "", name,
            name[0] ? "`)" : "");
    if (w && w->hint) rt_hint(c->error, "%s", w->hint);
  }
  for (int k = leak->count - 2, notes = 0; k >= 0 && notes < 4; k--) {
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
