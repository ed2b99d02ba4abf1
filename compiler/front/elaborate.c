/* elaborate.c: statements. */
#include "compiler/front/elaborate.h"

#include <math.h>
#include <string.h>

/* The path of a value that a LET binds, for messages and for the names of heads. */
static int name_node(struct cc_context *c, const char *name, const struct cc_value *value) {
  if (value->kind != CC_TENSOR || c->slot || value->id == 0) return RT_OK;
  struct ir_node *node = &c->model->node[value->id];
  if (!node->name) node->name = rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, name);
  if (!node->name) return cc_out_of_memory(c);
  return strcmp(name, "weights") != 0 ? RT_OK : cc_show_weights(c, value->id);
}

static int bind_let(struct cc_context *c, const struct gr_node *let, int at, const struct cc_value *value) {
  const struct gr_node *name = let->child[at];
  if (value->kind == CC_NONE)
    return gr_fail(c->error, let->child[let->count - 1]->span, "this gives no value");
  int status = name_node(c, name->text, value);
  if (status == RT_OK) status = cc_note_bound(c, name->text, value);
  return status != RT_OK ? status : cc_bind(c, c->scope, name->text, *value, name->span, let);
}

/* a, b = f(x): the results of a call, or the items of a list. */
CC_OWN_FRAME static int let_several(struct cc_context *c, const struct gr_node *let) {
  int names = let->count - 1, status;
  const struct gr_node *right = let->child[names];
  for (int i = 1; i < names; i++)
    for (int k = 0; k < i; k++)
      if (!strcmp(let->child[i]->text, let->child[k]->text))
        return gr_fail(c->error, let->child[i]->span, "two values are called `%s` here", let->child[i]->text);
  struct cc_value *value = rt_arena_alloc(&c->model->arena, CC_MOST_RESULTS * sizeof *value);
  if (!value) return cc_out_of_memory(c);
  struct cc_results results = {value, CC_MOST_RESULTS, 1};
  status = right->kind == GR_CALL ? cc_call(c, right, &results) : cc_expression(c, right, value);
  if (status != RT_OK) return status;
  int count = results.count;
  if (count == 1 && value->kind == CC_LIST && value->item_count <= CC_MOST_RESULTS) {
    count = value->item_count;
    value = value->item;
  }
  if (count != names)
    return gr_fail(c->error, let->span, "%d names on the left, but the right side gives %d value%s", names,
                   count, count == 1 ? "" : "s");
  for (int i = 0; i < names && status == RT_OK; i++) status = bind_let(c, let, i, &value[i]);
  return status;
}

CC_OWN_FRAME static int let_one(struct cc_context *c, const struct gr_node *let) {
  struct cc_value value;
  int status = cc_expression(c, let->child[1], &value);
  return status != RT_OK ? status : bind_let(c, let, 0, &value);
}

int cc_let(struct cc_context *c, const struct gr_node *let) {
  const char *was_name = c->frame->let_name;
  const struct gr_node *was_root = c->frame->let_root;
  const struct cc_binding *before = cc_lookup(c->scope, let->child[0]->text);
  c->frame->let_name = before && before->let != let ? NULL : let->child[0]->text;
  c->frame->let_root = let->child[let->count - 1];
  int status = let->count > 2 ? let_several(c, let) : let_one(c, let);
  c->frame->let_name = was_name;
  c->frame->let_root = was_root;
  return status;
}

/* 3 or -3, and no size that may be another one day: `for l in 1..L` has no rounds where L is 0. */
static bool is_written_number(const struct gr_node *node) {
  return node->kind == GR_NUMBER || (node->kind == GR_UNARY && node->child[0]->kind == GR_NUMBER);
}

/* The ends of a loop, of a FOR or an EACH. */
static int loop_ends(struct cc_context *c, const struct gr_node *node, double *first, double *end) {
  const struct gr_node *range = node->child[0];
  double from = 0, to = 0;
  int status;
  if (!range->child[0] || !range->child[1])
    return gr_fail(c->error, range->span, "a loop needs both ends: `for %s in 0..L`", node->text);
  if ((status = cc_number(c, range->child[0], &from)) || (status = cc_number(c, range->child[1], &to))) {
    rt_hint(
        c->error,
        "a loop is unrolled, so both ends are known; along the words of a text goes scan(step, start, x)");
    return status;
  }
  if (from != floor(from) || to != floor(to))
    return gr_fail(c->error, range->span,
                   "a loop goes from one whole number to another, and this is %g to %g", from, to);
  if (is_written_number(range->child[1])
      && (to < from || (to == from && is_written_number(range->child[0])))) {
    gr_fail(c->error, range->span, "a loop counts up, so that this one, from %g to %g, has no rounds", from,
            to);
    rt_hint(c->error, "to count down, compute it: `for %s in 0..N` and N - 1 - %s in its body", node->text,
            node->text);
    return c->error->code;
  }
  if (to - from > 4096)
    return gr_fail(c->error, range->span, "this loop would be unrolled %.0f times; at most 4096 are allowed",
                   to - from);
  *first = from;
  *end = to;
  return RT_OK;
}

/* A round of a loop: its block, or what an EACH makes of it. */
static int run_round(struct cc_context *c, const struct gr_node *node, double l, struct cc_results *results) {
  struct cc_value index = {.kind = CC_NUMBER, .number = l};
  const char *suffix = c->frame->loop_suffix;
  const char *next = rt_arena_printf(&c->model->arena, "%s.%.0f", suffix ? suffix : "", l);
  if (!next) return cc_out_of_memory(c);
  /* Components are counted per round, so that round 3 of a loop names its parameters as round 1 does. */
  c->frame->loop_suffix = next;
  c->unrolling = node->child[0]->span;
  int status = cc_spend(c, 1);
  if (status == RT_OK) status = cc_bind(c, c->scope, node->text, index, node->name_span, node);
  if (status == RT_OK)
    status = node->kind == GR_EACH ? cc_expression(c, node->child[1], results->value)
                                   : cc_block(c, node->child[1], results);
  c->frame->loop_suffix = suffix;
  return status;
}

static int run_for(struct cc_context *c, const struct gr_node *node, struct cc_results *results) {
  double from = 0, to = 0;
  int status = loop_ends(c, node, &from, &to);
  struct gr_span was_unrolling = c->unrolling;
  for (double l = from; l < to && status == RT_OK && results->count < 0; l++)
    status = run_round(c, node, l, results);
  c->unrolling = was_unrolling;
  return status;
}

int cc_each(struct cc_context *c, const struct gr_node *node, struct cc_value *list) {
  double from = 0, to = 0;
  int status = loop_ends(c, node, &from, &to);
  if (status != RT_OK) return status;
  list->kind = CC_LIST;
  list->item = rt_arena_alloc(&c->model->arena, sizeof *list->item * (size_t)(to - from + 1));
  if (!list->item) return cc_out_of_memory(c);
  struct gr_span was_unrolling = c->unrolling;
  for (double l = from; l < to && status == RT_OK; l++) {
    struct cc_results one = {&list->item[list->item_count++], 1, -1};
    status = run_round(c, node, l, &one);
  }
  c->unrolling = was_unrolling;
  return status;
}

/* The chain `if … else if …` is followed here, however long it is. */
static int run_if(struct cc_context *c, const struct gr_node *node, struct cc_results *results) {
  double condition = 0;
  while (node && node->kind == GR_IF) {
    int status = cc_number(c, node->child[0], &condition);
    if (status != RT_OK) {
      rt_hint(c->error,
              "`if` chooses a program by sizes that are known while compiling; to choose element by "
              "element use where(condition, a, b)");
      return status;
    }
    if (condition != 0) return cc_block(c, node->child[1], results);
    node = node->count > 2 ? node->child[2] : NULL;
  }
  return node ? cc_block(c, node, results) : RT_OK;
}

static int too_many(struct cc_context *c, const struct gr_node *node, int most) {
  const char *name = c->frame->definition->name;
  gr_fail(c->error, node->span, "`%s` returns %d values where %d %s expected", name, node->count, most,
          most == 1 ? "is" : "are");
  rt_hint(c->error, "a name for each of them takes them: a, b = %s(…)", name);
  return c->error->code;
}

/* The values of a return, whose names they get. */
static int returned(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  int status = RT_OK;
  for (int i = 0; i < node->count && status == RT_OK; i++) {
    const struct gr_node *child = node->child[i];
    const char *label = child->kind == GR_ARG ? child->text : NULL;
    for (int k = 0; label && k < i; k++)
      if (value[k].label && !strcmp(value[k].label, label))
        return gr_fail(c->error, child->name_span, "two results are called `%s`", label);
    status = cc_expression(c, label ? child->child[0] : child, &value[i]);
    value[i].label = label;
    if (label && status == RT_OK) status = cc_note_bound(c, label, &value[i]);
  }
  return status;
}

/* Results with names are one value, to be asked for them, where one is expected: r = f(x), r.z. */
static int return_labelled(struct cc_context *c, const struct gr_node *node, struct cc_value *list) {
  list->kind = CC_LIST;
  list->item_count = node->count;
  list->item = rt_arena_alloc(&c->model->arena, sizeof *list->item * (size_t)node->count);
  return list->item ? returned(c, node, list->item) : cc_out_of_memory(c);
}

static int run_return(struct cc_context *c, const struct gr_node *node, struct cc_results *results) {
  const char *was_name = c->frame->let_name;
  const struct gr_node *was_root = c->frame->let_root;
  bool call = node->count == 1 && node->child[0]->kind == GR_CALL;
  int status;
  c->frame->let_name = NULL;
  if (call) {
    c->frame->let_root = node->child[0];
    status = cc_call(c, node->child[0], results);
  } else if (node->count > results->most) {
    bool labelled = results->most == 1;
    for (int i = 0; i < node->count; i++) labelled = labelled && node->child[i]->kind == GR_ARG;
    status = labelled ? return_labelled(c, node, results->value) : too_many(c, node, results->most);
    results->count = 1;
  } else {
    status = returned(c, node, results->value);
    results->count = node->count;
  }
  c->frame->let_name = was_name;
  c->frame->let_root = was_root;
  return status;
}

int cc_block(struct cc_context *c, const struct gr_node *block, struct cc_results *results) {
  int status = cc_enter(c, 1, block->span);
  for (int i = 0; i < block->count && results->count < 0 && status == RT_OK; i++) {
    const struct gr_node *node = block->child[i];
    switch (node->kind) {
      case GR_LET: status = cc_let(c, node); break;
      case GR_FOR: status = run_for(c, node, results); break;
      case GR_IF: status = run_if(c, node, results); break;
      case GR_RETURN: status = run_return(c, node, results); break;
      default:
        status = gr_fail(c->error, node->span,
                         "a statement is `name = …`, for, if or return; this value is used by nothing");
    }
    if (status == RT_NO_MEMORY) cc_place_memory(c->error, node->span, "what this statement makes");
  }
  cc_leave(c, 1);
  return status;
}
