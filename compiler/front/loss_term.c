/* loss_term.c: a term of the loss: a function of an output and its target, or any other value. */
#include "compiler/front/loss.h"

#include <math.h>
#include <string.h>

#include "compiler/source/foreign.h"
#include "vm/link.h"
#include "vm/target.h"

/* ---- means ---- */

/* How many rows the batch has: examples, or tokens or elements where there is one for each. */
static ir_id rows_of(struct cc_context *c, ir_id x, struct gr_span span) {
  vm_dim rows = VM_ONE;
  for (int a = 0; a < cc_type(c, x)->rank; a++)
    rows = vm_dim_times(&c->module->dims, rows, cc_type(c, x)->dim[a]);
  if (rows == VM_NO_DIM) {
    cc_out_of_memory(c);
    return 0;
  }
  struct ir_at at = cc_in_model(c, span);
  ir_id count = ir_add(at, (struct ir_op){OP_rows, .attr = {rows}});
  return ir_binary(at, OP_max, count, ir_constant(at, 1, NULL));
}

/* Where nothing counts, the sum of nothing is 0. Of a sum below 0 there is no mean: to divide by it would
 * make the loss of all rows as large as it can be, so that it is not a number. */
static ir_id divisor(struct cc_context *c, ir_id sum, struct gr_span span) {
  struct ir_at at = cc_in_model(c, span);
  ir_id zero = ir_constant(at, 0, NULL), none = ir_binary(at, OP_eq, sum, zero),
        below = ir_binary(at, OP_lt, sum, zero);
  return ir_select(at, below, ir_constant(at, NAN, NULL), ir_select(at, none, ir_constant(at, 1, NULL), sum));
}

/* Every example has its part, also in what is the same for all. */
static ir_id of_each(struct cc_context *c, ir_id x, struct gr_span span) {
  struct vm_type type = *cc_type(c, x);
  if (type.batched) return x;
  type.batched = 1;
  return ir_expand(cc_in_model(c, span), x, &type);
}

/* The mean over all rows of the batch, or the sum over that of the weights (0: each counts 1). */
static int batch_mean(struct cc_context *c, ir_id x, ir_id weight, struct cc_term *term) {
  struct gr_span span = term->span;
  struct ir_at at = cc_in_model(c, span);
  term->mean = x;
  if (!cc_type(c, x)->batched && cc_type(c, x)->rank == 0 && !weight) return RT_OK;
  if (!(x = of_each(c, x, span)) || (weight && !(weight = of_each(c, weight, span)))) return c->error->code;
  ir_id sum = ir_sum(at, x, 0, false);
  ir_id count = weight ? ir_sum(at, weight, 0, false) : rows_of(c, x, span);
  ir_id by = weight ? divisor(c, count, span) : count;
  term->count = count;
  term->mean = ir_binary(at, OP_div, sum, by);
  return term->mean ? RT_OK : c->error->code;
}

/* Does x have a number for each token when a target has tokens, and one for each example when none has? */
static bool goes_with(struct cc_context *c, ir_id x, uint64_t targets) {
  bool tokens = false, ragged = false;
  for (uint32_t o = 0; o < c->module->output_count; o++)
    tokens |= (targets >> o & 1) && c->module->input[c->module->output[o].target].length >= 0;
  for (int a = 0; a < cc_type(c, x)->rank; a++)
    ragged |= vm_dim_is_ragged(&c->module->dims, cc_type(c, x)->dim[a]);
  return tokens == ragged;
}

static bool is_match(const struct cc_context *c, int output) {
  return c->module->input[c->module->output[output].target].matched;
}

/* Is a value made of both vectors of a match? */
static bool made_of_match(const struct cc_context *c, const bool *seen, ir_id root, uint32_t o) {
  const ir_id *part = c->matched[o];
  return is_match(c, (int)o) && part[0] <= root && part[1] <= root && seen[part[0]] && seen[part[1]];
}

/* The outputs whose targets a value is made of, or with `matches` whose two vectors; *learned: and a
 * parameter. */
static int made_of(struct cc_context *c, ir_id root, bool matches, uint64_t *targets, bool *learned) {
  bool *seen = rt_zalloc(root + 1, 1);
  if (!seen) return cc_out_of_memory(c);
  seen[root] = true;
  *targets = 0;
  *learned = false;
  for (ir_id n = root; n > 0; n--) {
    const struct ir_node *node = &c->model->node[n];
    if (!seen[n]) continue;
    *learned |= node->op == OP_param;
    for (uint32_t o = 0; node->op == OP_input && o < c->module->output_count; o++)
      if (node->attr[0] == c->module->output[o].target) *targets |= UINT64_C(1) << o;
    for (int a = 0; a < node->arg_count; a++) seen[node->arg[a]] = true;
  }
  for (uint32_t o = 0; matches && o < c->module->output_count; o++)
    if (made_of_match(c, seen, root, o)) *targets |= UINT64_C(1) << o;
  rt_free(seen);
  return RT_OK;
}

/* ---- functions ---- */

static const struct gr_node *name_of(const struct gr_node *node) {
  return node->kind == GR_CALL ? node->child[0] : node;
}

static const struct cc_definition *definition_of(struct cc_context *c, const struct gr_node *name) {
  if (name->kind == GR_MEMBER && name->child[0]->kind == GR_NAME) {
    const struct cc_import *import = cc_find_import(c->unit, name->child[0]->text);
    return import ? cc_own_definition(import->unit, name->text) : NULL;
  }
  if (name->kind != GR_NAME) return NULL;
  const struct cc_binding *bound = cc_lookup(c->scope, name->text);
  if (bound) return bound->value.kind == CC_FUNCTION ? bound->value.function : NULL;
  return cc_find(c->program, c->unit, name->text);
}

/* How many arguments a call has by position. */
static int positional(const struct gr_node *call) {
  int count = 0;
  for (int i = 1; i < call->count; i++)
    count += call->child[i] && call->child[i]->kind == GR_ARG && !call->child[i]->text;
  return count;
}

static bool is_output(const struct cc_context *c, const struct gr_node *name) {
  return name->kind == GR_NAME && vm_module_output(c->module, name->text) >= 0;
}

const struct cc_definition *cc_loss_function(struct cc_context *c, const struct gr_node *node) {
  const struct cc_definition *d = definition_of(c, name_of(node));
  if (!d || d->node->kind != GR_FN || d->node->child[0]->count < 2) return NULL;
  if (node->kind != GR_CALL || positional(node) == 0 || is_output(c, node->child[1]->child[0])) return d;
  return positional(node) == 1 && node->child[1]->child[0]->kind == GR_NAME ? d : NULL;
}

static bool predicts_classes(const struct cc_context *c, int output) {
  return c->module->input[c->module->output[output].target].type.dtype == RT_INT;
}

/* The type of a parameter, or NULL. */
static const struct gr_node *type_of(const struct cc_definition *d, int parameter) {
  const struct gr_node *node = d->node->child[0]->child[parameter];
  return node->count > 0 ? node->child[0] : NULL;
}

static bool is_spelled(const struct cc_context *c, int output) {
  return c->module->input[c->module->output[output].target].spelled;
}

/* Have what the model returns and the target lengths of their own? */
static bool is_apart(const struct gr_node *returned, const struct gr_node *target) {
  const struct gr_node *a = returned->child[0], *b = target->child[0];
  return a->count && b->count && a->child[0]->text && b->child[0]->text
         && strcmp(a->child[0]->text, b->child[0]->text) != 0;
}

/* Of classes, how many axes what the model returns has beside those of the target: one, or two where it is
 * scores of steps. */
static bool axes_fit(const struct cc_context *c, const struct cc_definition *d, int output) {
  const struct gr_node *returned = type_of(d, 0), *target = type_of(d, 1);
  if (!returned || !predicts_classes(c, output)) return true;
  if (d->unit->is_stdlib && is_apart(returned, target) != is_spelled(c, output)) return false;
  bool chain = !strcmp(c->module->output[output].link, VM_LINK_CHAIN);
  return returned->child[0]->count - target->child[0]->count == 1 + chain;
}

/* Does the function take as much as the name of the output stands for? The losses of the library call what
 * the row has `target`; pairwise and its kin have none, and are given values. */
static bool takes_all(const struct cc_context *c, const struct cc_definition *d, int output) {
  const struct gr_node *params = d->node->child[0];
  int at = 1 + is_match(c, output);
  if (!d->unit->is_stdlib) return params->count > at;
  return params->count > at && !strcmp(params->child[at]->text, "target");
}

/* Does the function take such a target? Without a type it takes any. */
static bool fits(const struct cc_context *c, const struct cc_definition *d, int output) {
  const struct gr_node *type = type_of(d, 1);
  if (!takes_all(c, d, output)) return false;
  if (type && is_match(c, output)) return type->child[0]->count == 1; /* the other vector */
  return !type
         || ((type->count > 1 && type->child[1]) == predicts_classes(c, output) && axes_fit(c, d, output));
}

/* Is it one of the library's losses, and not what helps them? */
static bool is_loss(struct cc_context *c, struct cc_definition *d) {
  if (!cc_open(c->program, d)) return false;
  const struct gr_node *params = d->node->child[0];
  return d->node->kind == GR_FN && params->count > 1 && params->child[0]->child[0]
         && params->child[1]->count > 0 && params->child[1]->child[0];
}

static const struct cc_unit *library_of(const struct cc_context *c) {
  for (size_t u = 0; u < c->program->unit_count; u++)
    if (!strcmp(c->program->unit[u]->path, CC_STDLIB "losses")) return c->program->unit[u];
  return NULL;
}

/* "squared_error, absolute_error or huber": the library's for such a target. */
static const char *all_that_fit(struct cc_context *c, int output) {
  const struct cc_unit *library = library_of(c);
  struct rt_text list = {0};
  const char *last = NULL;
  for (size_t k = 0; library && k < library->definition_count; k++) {
    struct cc_definition *d = &library->definition[k];
    if (!is_loss(c, d) || !fits(c, d, output)) continue;
    if (last) rt_text_printf(&list, "%s%s", list.length ? ", " : "", last);
    last = d->name;
  }
  rt_text_printf(&list, "%s%s", list.length ? " or " : "", last ? last : "");
  return cc_keep_text(c, &list, "another");
}

static const char *kind_words(const struct cc_context *c, int output) {
  if (is_match(c, output)) return "a match: the model returns two vectors, and the loss takes both";
  if (is_spelled(c, output)) return "a text that frames spell: the model returns [T, V + 1]";
  if (!predicts_classes(c, output)) return "a number";
  return strcmp(c->module->output[output].link, VM_LINK_CHAIN)
             ? "one of several classes"
             : "a chain of tags: the model returns scores of steps";
}

static int check_fit(struct cc_context *c, const struct cc_definition *d, int output,
                     const struct gr_node *node) {
  if (fits(c, d, output)) return RT_OK;
  gr_fail(c->error, node->span, "%s does not fit `%s`, which is %s", d->name, c->module->output[output].name,
          kind_words(c, output));
  for (uint32_t o = 0; o < c->module->output_count && (node->kind != GR_CALL || positional(node) == 0); o++)
    if (fits(c, d, (int)o))
      rt_hint(c->error, "without a name it is a loss of every output: write %s(%s)", d->name,
              c->module->output[o].name);
  rt_hint(c->error, "use %s", all_that_fit(c, output));
  return c->error->code;
}

static int no_output(struct cc_context *c, const struct cc_definition *d, const struct gr_node *name) {
  struct rt_nearest nearest = {name->text, NULL, 0};
  for (uint32_t o = 0; o < c->module->output_count; o++)
    rt_nearest_consider(&nearest, c->module->output[o].name);
  gr_fail(c->error, name->span, "%s takes the name of an output of the model", d->name);
  if (nearest.best)
    rt_hint(c->error, "did you mean `%s`?", nearest.best);
  else if (c->module->output_count == 1)
    rt_hint(c->error, "the model predicts `%s`", c->module->output[0].name);
  else
    rt_hint(c->error, "what the model predicts stands behind its `->`");
  return c->error->code;
}

/* cross_entropy(kind, mood) */
static int check_arguments(struct cc_context *c, const struct cc_definition *d, const struct gr_node *call) {
  if (call->kind != GR_CALL || positional(call) == 0) return RT_OK;
  const struct gr_node *first = call->child[1]->child[0];
  if (!is_output(c, first)) return no_output(c, d, first);
  for (int i = 2; i < call->count; i++) {
    const struct gr_node *arg = call->child[i];
    if (!arg || arg->kind != GR_ARG || arg->text || !is_output(c, arg->child[0])) continue;
    gr_fail(c->error, arg->span, "`%s` is a loss of one output, and this is another one", d->name);
    rt_hint(c->error, "add them up: %s(%s) + %s(%s)", d->name, first->text, d->name, arg->child[0]->text);
    return c->error->code;
  }
  return RT_OK;
}

/* How the answer follows from what the model returns: what the call says, or the function. */
static int keep_link(struct cc_context *c, const struct cc_definition *d, const struct gr_node *call,
                     struct cc_term *term) {
  const struct gr_node *params = d->node->child[0], *link = NULL, *usual = NULL;
  for (int p = 0; p < params->count; p++)
    if (!strcmp(params->child[p]->text, "link") && params->child[p]->count > 1)
      link = usual = params->child[p]->child[1];
  for (int i = 1; link && call->kind == GR_CALL && i < call->count; i++)
    if (call->child[i] && call->child[i]->text && !strcmp(call->child[i]->text, "link"))
      link = call->child[i]->child[0];
  if (!link) return RT_OK;
  if (link != usual && d->unit->is_stdlib) {
    gr_fail(c->error, link->span, "the link of `%s` is %s, which its formula has in it", d->name,
            usual->text);
    rt_hint(c->error, "a loss of your own may have any: fn mine(x: [*B], y: [*B], link = %s) = …",
            link->text);
    return c->error->code;
  }
  const struct vm_link *named = link->kind == GR_NAME ? vm_link_find(link->text) : NULL;
  if (!named || !named->apply) {
    gr_fail(c->error, link->span, "a link turns what the model returns into answers, and this is not a link");
    rt_hint(c->error, "the links are sigmoid, exp and softmax");
    return c->error->code;
  }
  term->link = named->name;
  return RT_OK;
}

/* "huber(delta = 2)": a loss with what it is given beside the output, to know it again. */
static const char *written(struct cc_context *c, const struct cc_definition *d, const struct gr_node *node) {
  struct rt_text text = {0};
  rt_text_puts(&text, d->name);
  int shown = 0;
  for (int i = 1; node->kind == GR_CALL && i < node->count; i++) {
    const struct gr_node *arg = node->child[i];
    if (!arg || arg->kind != GR_ARG || (i == 1 && !arg->text)) continue;
    rt_text_printf(&text, "%s%.*s", shown++ ? ", " : "(", (int)(arg->span.end - arg->span.begin),
                   arg->span.source->text + arg->span.begin);
  }
  if (shown) rt_text_puts(&text, ")");
  return cc_keep_text(c, &text, NULL);
}

/* Calls a function with what the model returns for an output, and what the row has. */
static int apply_to_output(struct cc_context *c, const struct cc_value *function, const struct gr_node *node,
                           int output, struct cc_results *results) {
  ir_id id[CC_MOST_ANSWERS];
  struct cc_value value[CC_MOST_ANSWERS];
  struct gr_span span[CC_MOST_ANSWERS];
  int count = cc_answers(c, output, id);
  for (int k = 0; k < count; k++) {
    value[k] = (struct cc_value){.kind = CC_TENSOR, .id = id[k]};
    span[k] = node->span;
  }
  const struct cc_call_args args = {.node = node, .count = count, .value = value, .span = span};
  return cc_apply(c, function, &args, results);
}

/* The values of a loss function: the loss, and perhaps what each row counts. */
static int run_function(struct cc_context *c, const struct gr_node *node, int output,
                        struct cc_results *results) {
  struct cc_answers answers = *c->answers;
  const struct cc_answers *was = c->answers;
  struct cc_value function;
  if (node->kind != GR_CALL) {
    int status = cc_expression(c, node, &function);
    return status != RT_OK ? status : apply_to_output(c, &function, node, output, results);
  }
  if (positional(node) == 0) {
    answers.call = node;
    answers.output = output;
  }
  c->answers = &answers;
  int status = cc_call(c, node, results);
  c->answers = was;
  return status;
}

static int no_gradient(struct cc_context *c, struct gr_span span) {
  gr_fail(c->error, span, "nothing that is learned changes this term of the loss");
  rt_hint(c->error,
          "a column's name is what the row has; a loss is a function of two, as in fn f(x, target) = …, "
          "and f(%s) gives it what the model returns and what the row has",
          c->module->output_count ? c->module->output[0].name : "y");
  return c->error->code;
}

/* The column of weights says how much a row counts; x: the loss of each, and what it counts already, or 0. A
 * term that is the same for all rows is no loss of theirs. */
static int weigh(struct cc_context *c, ir_id x[2], struct gr_span span) {
  const int number = vm_module_weight(c->module);
  if (number < 0 || !cc_type(c, x[0])->batched) return RT_OK;
  struct ir_at at = cc_in_model(c, span);
  const struct vm_input *input = &c->module->input[number];
  ir_id weight = ir_add(at, (struct ir_op){OP_input, .attr = {number}, .type = &input->type});
  if (weight) c->model->node[weight].name = input->name;
  x[1] = x[1] ? ir_binary(at, OP_mul, x[1], weight) : ir_expand(at, weight, cc_type(c, x[0]));
  x[0] = ir_binary(at, OP_mul, x[0], weight);
  return x[0] && x[1] ? RT_OK : c->error->code;
}

/* The mean of what a term gives for each row: a loss, and perhaps what each row counts. */
static int mean_of(struct cc_context *c, const struct cc_results *results, struct cc_term *term) {
  ir_id x[2] = {0, 0};
  bool learned = false;
  int status = RT_OK;
  for (int k = 0; k < results->count && status == RT_OK; k++)
    status = cc_to_real(c, &results->value[k], term->span, &x[k]);
  if (status == RT_OK) status = weigh(c, x, term->span);
  if (status == RT_OK) status = batch_mean(c, x[0], x[1], term);
  if (status == RT_OK) status = made_of(c, term->mean, !term->function, &term->targets, &learned);
  if (status != RT_OK) return status;
  if (term->output >= 0) term->targets |= UINT64_C(1) << term->output;
  term->counted = x[1] || !goes_with(c, x[0], term->targets);
  if (!term->function && !learned) return no_gradient(c, term->span);
  return RT_OK;
}

static int function_term(struct cc_context *c, const struct cc_definition *d, const struct gr_node *node,
                         int output, struct cc_terms *terms) {
  struct cc_term term = {
      .function = d, .output = output, .weight = 1, .span = node->span, .written = written(c, d, node)};
  struct cc_value value[2];
  struct cc_results results = {value, 2, -1};
  int status = check_fit(c, d, output, node);
  if (status == RT_OK && !term.written) status = cc_out_of_memory(c);
  if (status == RT_OK) status = run_function(c, node, output, &results);
  if (status == RT_OK) status = keep_link(c, d, node, &term);
  if (status == RT_OK) status = mean_of(c, &results, &term);
  return status != RT_OK ? status : cc_add_term(c, terms, &term);
}

int cc_function_terms(struct cc_context *c, const struct cc_definition *d, const struct gr_node *node,
                      struct cc_terms *terms) {
  int status = check_arguments(c, d, node);
  if (status != RT_OK) return status;
  for (uint32_t o = 0; o < c->module->output_count && status == RT_OK; o++) {
    bool one = node->kind == GR_CALL && positional(node) > 0;
    if (one && strcmp(c->module->output[o].name, node->child[1]->child[0]->text) != 0) continue;
    status = function_term(c, d, node, (int)o, terms);
  }
  return status;
}

/* ---- other values ---- */

int cc_expression_term(struct cc_context *c, const struct gr_node *node, struct cc_terms *terms) {
  struct cc_term term = {.output = -1, .weight = 1, .span = node->span};
  struct cc_value value;
  const struct cc_results one = {&value, 1, 1};
  int status = cc_expression(c, node, &value);
  if (status == RT_OK && value.kind != CC_TENSOR) return cc_no_loss(c, node);
  if (status == RT_OK) status = mean_of(c, &one, &term);
  term.written = status != RT_OK
                     ? NULL
                     : rt_arena_strndup(&c->model->arena, node->span.source->text + node->span.begin,
                                        node->span.end - node->span.begin);
  if (status == RT_OK && !term.written) status = cc_out_of_memory(c);
  return status != RT_OK ? status : cc_add_term(c, terms, &term);
}

int cc_add_term(struct cc_context *c, struct cc_terms *terms, const struct cc_term *term) {
  for (int k = 0; term->function && k < terms->count; k++) {
    struct cc_term *same = &terms->term[k];
    if (same->function != term->function || same->output != term->output
        || strcmp(same->written, term->written) != 0)
      continue;
    same->weight += term->weight;
    return RT_OK;
  }
  size_t count = (size_t)terms->count;
  if (count == terms->capacity) {
    size_t capacity = 2 * count + 4;
    struct cc_term *larger = rt_arena_alloc(&c->model->arena, capacity * sizeof *larger);
    if (!larger) return cc_out_of_memory(c);
    if (count) memcpy(larger, terms->term, count * sizeof *larger);
    terms->term = larger;
    terms->capacity = capacity;
  }
  terms->term[terms->count++] = *term;
  return RT_OK;
}

/* ---- what there is without a loss, and what is none ---- */

const char *cc_usual_loss(const struct cc_context *c, int output) {
  return vm_targets[vm_target_of(c->module, &c->module->output[output])].loss;
}

int cc_usual_term(struct cc_context *c, int output, struct cc_terms *terms) {
  struct cc_definition *d = cc_find_in_library(c->program, cc_usual_loss(c, output));
  if (!d)
    return rt_fail(c->error, RT_BAD_DATA, "the library here has no loss `%s`", cc_usual_loss(c, output));
  d->chosen = true;
  struct gr_node *place = rt_arena_alloc(&c->model->arena, sizeof *place); /* of the call that nobody wrote */
  if (!place) return cc_out_of_memory(c);
  *place = (struct gr_node){
      .kind = GR_NAME, .text = d->name, .span = c->model->node[c->answers->prediction[output]].span};
  struct cc_term term = {
      .function = d, .output = output, .weight = 1, .span = place->span, .written = d->name};
  const struct cc_value function = {.kind = CC_FUNCTION, .function = d};
  struct cc_value value[2];
  struct cc_results results = {value, 2, -1};
  int status = apply_to_output(c, &function, place, output, &results);
  if (status == RT_OK) status = keep_link(c, d, place, &term);
  if (status == RT_OK) status = mean_of(c, &results, &term);
  return status != RT_OK ? status : cc_add_term(c, terms, &term);
}

int cc_no_loss(struct cc_context *c, const struct gr_node *node) {
  const struct gr_node *name = name_of(node);
  struct rt_nearest nearest = {name->kind == GR_NAME ? name->text : "", NULL, 0};
  const struct cc_unit *library = library_of(c);
  for (size_t k = 0; library && k < library->definition_count; k++)
    if (is_loss(c, &library->definition[k])) rt_nearest_consider(&nearest, library->definition[k].name);
  for (size_t k = 0; c->scope && k < c->scope->count; k++)
    rt_nearest_consider(&nearest, c->scope->binding[k].name);
  bool own = name->kind == GR_NAME && cc_find(c->program, c->unit, name->text);
  const struct cc_foreign *foreign = name->kind == GR_NAME && !own ? cc_foreign_find(name->text) : NULL;
  if (name->kind == GR_NAME && !own && !cc_lookup(c->scope, name->text) && !c->builtin_named(name->text)) {
    gr_fail(c->error, name->span, "there is no loss called `%s`", name->text);
    if (nearest.best)
      rt_hint(c->error, "did you mean `%s`?", nearest.best);
    else if (foreign)
      cc_foreign_hint(c->error, foreign, NULL, NULL);
  } else {
    gr_fail(c->error, node->span, "this is not a loss");
  }
  rt_hint(c->error,
          "a loss is %s, or a function of one's own that takes what the model returns and what the "
          "row has; losses and other values are added up, each times a number",
          all_that_fit(c, 0));
  return c->error->code;
}
