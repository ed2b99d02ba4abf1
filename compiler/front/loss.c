/* loss.c: what training minimises: a sum of terms, each times a number. */
#include "compiler/front/loss.h"

#include <math.h>
#include <string.h>

#include "vm/link.h"
#include "vm/target.h"

/* ---- numbers ---- */

/* A name that stands for a number or a size. */
static bool is_number_name(struct cc_context *c, const struct gr_node *node) {
  const struct cc_binding *bound = cc_lookup(c->scope, node->text);
  if (bound) return bound->value.kind == CC_NUMBER || bound->value.kind == CC_DIM;
  const struct cc_definition *d = cc_find(c->program, c->unit, node->text);
  return d ? d->node->kind != GR_FN && d->node->kind != GR_HEAD && d->node->kind != GR_MODEL
           : c->builtin_named(node->text) != NULL;
}

/* Arithmetic of numbers and names of them, which is a number unless it has no value. */
static bool is_number(struct cc_context *c, const struct gr_node *node) {
  switch (node->kind) {
    case GR_NUMBER: return true;
    case GR_NAME: return is_number_name(c, node);
    case GR_UNARY:
    case GR_BINARY:
    case GR_CALL:
      for (int k = 0; k < node->count; k++)
        if (node->child[k] && !is_number(c, node->child[k])) return false;
      return true;
    case GR_ARG: return !node->text && is_number(c, node->child[0]);
    default: return false;
  }
}

static int read_number(struct cc_context *c, const struct gr_node *node, double *number) {
  struct cc_value value;
  int status = cc_expression(c, node, &value);
  if (status != RT_OK) return status;
  if (!cc_to_number(c, &value, number)) return c->error->code ? c->error->code : cc_no_loss(c, node);
  return isfinite(*number) ? RT_OK : gr_fail(c->error, node->span, "the weight of a loss is finite");
}

/* ---- sums and multiples ---- */

static int read_terms(struct cc_context *c, const struct gr_node *node, struct cc_terms *terms);

/* A weight must neither overflow nor become 0 when it is stored as a float: with 0 nothing would be
 * trained. */
static int scale(struct cc_context *c, const struct gr_node *node, double by, struct cc_terms *terms) {
  terms->constant *= by;
  for (int k = 0; k < terms->count; k++) {
    double weight = terms->term[k].weight *= by;
    if (isfinite((float)weight) && (weight == 0 || (float)weight != 0)) continue;
    return gr_fail(c->error, node->span,
                   "the weight of %s is %g here: it is too %s for the numbers of a program",
                   terms->term[k].function ? terms->term[k].function->name : "this", weight,
                   fabs(weight) < 1 ? "small" : "large");
  }
  return RT_OK;
}

static int add(struct cc_context *c, const struct gr_node *node, struct cc_terms *terms) {
  struct cc_terms b = {0};
  int status = read_terms(c, node->child[0], terms);
  if (status == RT_OK) status = read_terms(c, node->child[1], &b);
  if (status == RT_OK && cc_operator(node)->op == OP_sub) status = scale(c, node, -1, &b);
  if (status != RT_OK) return status;
  if ((terms->count > 0) != (b.count > 0)) {
    gr_fail(c->error, node->span, "a number is added to a loss here, which changes nothing that is learned");
    rt_hint(c->error, "a number is the weight of a loss: 0.5 * cross_entropy(label)");
    return c->error->code;
  }
  terms->constant += b.constant;
  for (int k = 0; k < b.count && status == RT_OK; k++) status = cc_add_term(c, terms, &b.term[k]);
  return status;
}

/* Does the expression name a loss function? */
static bool names_loss(struct cc_context *c, const struct gr_node *node) {
  if (node->kind != GR_BINARY && node->kind != GR_UNARY) return cc_loss_function(c, node) != NULL;
  for (int k = 0; k < node->count; k++)
    if (names_loss(c, node->child[k])) return true;
  return false;
}

static int multiply(struct cc_context *c, const struct gr_node *node, struct cc_terms *terms) {
  const struct gr_node *a = node->child[0], *b = node->child[1];
  bool over = cc_operator(node)->op == OP_div;
  double by;
  if (over && is_number(c, b)) {
    int status = read_number(c, b, &by);
    if (status == RT_OK && by == 0) return gr_fail(c->error, b->span, "this divides by 0");
    if (status == RT_OK) status = read_terms(c, a, terms);
    return status != RT_OK ? status : scale(c, node, 1 / by, terms);
  }
  if (!over && (is_number(c, a) || is_number(c, b))) {
    bool left = is_number(c, a);
    int status = read_number(c, left ? a : b, &by);
    if (status == RT_OK) status = read_terms(c, left ? b : a, terms);
    return status != RT_OK ? status : scale(c, node, by, terms);
  }
  if (!names_loss(c, b) || (!over && !names_loss(c, a))) return cc_expression_term(c, node, terms);
  return gr_fail(c->error, node->span, "losses are added up, each times a number; they are not %s",
                 over ? "divided by" : "multiplied with each other");
}

static int read_terms(struct cc_context *c, const struct gr_node *node, struct cc_terms *terms) {
  if (is_number(c, node)) return read_number(c, node, &terms->constant);
  const struct cc_definition *function = cc_loss_function(c, node);
  if (function) return cc_function_terms(c, function, node, terms);
  const struct cc_operator *o = cc_operator(node);
  switch (o && !cc_rounds(node) ? o->op : OP_COUNT) {
    case OP_add:
    case OP_sub: return add(c, node, terms);
    case OP_mul:
    case OP_div: return multiply(c, node, terms);
    case OP_neg: {
      int status = read_terms(c, node->child[0], terms);
      return status != RT_OK ? status : scale(c, node, -1, terms);
    }
    default: break;
  }
  const struct gr_node *name = node->kind == GR_CALL ? node->child[0] : node;
  bool unknown = name->kind == GR_NAME && !cc_lookup(c->scope, name->text)
                 && !cc_find(c->program, c->unit, name->text) && !c->builtin_named(name->text);
  return unknown ? cc_no_loss(c, node) : cc_expression_term(c, node, terms);
}

/* ---- what the terms amount to ---- */

/* A loss of the library with a weight below 0 is a mistake: training would drive it up. A function of the
 * user's may be something to be made large. */
static int check_sign(struct cc_context *c, const struct cc_term *term) {
  if (!term->function || !term->function->unit->is_stdlib || term->weight >= 0) return RT_OK;
  gr_fail(c->error, term->span,
          "the weight of %s of `%s` is %g in all: training would make the loss as large as it can",
          term->function->name, c->module->output[term->output].name, term->weight);
  rt_hint(c->error, "each loss has a weight above 0: what is subtracted is not learned but spoilt");
  return c->error->code;
}

/* An output that is left as it began is one that was forgotten. */
static int check_output(struct cc_context *c, int output, const struct cc_terms *terms) {
  const char *name = c->module->output[output].name;
  const struct cc_term *named = NULL;
  bool trained = false;
  for (int k = 0; k < terms->count; k++) {
    if (!(terms->term[k].targets >> output & 1)) continue;
    int status = check_sign(c, &terms->term[k]);
    if (status != RT_OK) return status;
    trained |= terms->term[k].weight != 0;
    named = &terms->term[k];
  }
  if (trained) return RT_OK;
  if (named)
    return gr_fail(c->error, named->span,
                   "the weights of the losses of `%s` add up to 0, so that nothing trains it", name);
  gr_fail(c->error, cc_item(c->unit, GR_LOSS)->child[0]->span,
          c->module->output_count > 1 ? "the model predicts `%s` too, but this has no loss for it"
                                      : "the model predicts `%s`, but this has no loss for it",
          name);
  rt_hint(c->error, "add one, as in … + %s(%s), or take `%s` out of what the model predicts",
          cc_usual_loss(c, output), name, name);
  return c->error->code;
}

static ir_id weighted(struct cc_context *c, const struct cc_term *term) {
  if (term->weight == 1) return term->mean;
  struct ir_at at = cc_in_model(c, term->span);
  return ir_binary(at, OP_mul, ir_constant(at, term->weight, NULL), term->mean);
}

/* Adds a term to a sum; of one alone *bare is the term without its weight, else the sum. */
static int add_up(struct cc_context *c, const struct cc_term *term, ir_id *sum, ir_id *bare) {
  ir_id one = weighted(c, term), first = *sum;
  *sum = first && one ? ir_binary(cc_in_model(c, term->span), OP_add, first, one) : one;
  if (bare) *bare = first ? *sum : term->mean;
  return *sum ? RT_OK : c->error->code;
}

/* "squared_error + huber(delta = 2)": the losses of an output, for people. */
static int name_loss(struct cc_context *c, int output, const struct cc_terms *terms) {
  struct rt_text text = {0};
  for (int k = 0; k < terms->count; k++)
    if (terms->term[k].targets >> output & 1 && terms->term[k].weight != 0)
      rt_text_printf(&text, "%s%s", text.length ? " + " : "", terms->term[k].written);
  const char *kept = cc_keep_text(c, &text, NULL);
  c->module->output[output].loss = kept ? rt_arena_strndup(&c->module->arena, kept, strlen(kept)) : NULL;
  return c->module->output[output].loss ? RT_OK : cc_out_of_memory(c);
}

static int sum_of_output(struct cc_context *c, int output, const struct cc_terms *terms,
                         struct cc_losses *losses) {
  ir_id sum = 0;
  int status = check_output(c, output, terms);
  losses->count[output] = 0;
  for (int k = 0; k < terms->count && status == RT_OK; k++) {
    const struct cc_term *term = &terms->term[k];
    if (!(term->targets >> output & 1) || term->weight == 0) continue;
    if (!losses->count[output]) losses->count[output] = term->count;
    losses->counted |= term->counted;
    status = add_up(c, term, &sum, &losses->of_output[output]);
  }
  return status != RT_OK ? status : name_loss(c, output, terms);
}

static int sum_up(struct cc_context *c, const struct cc_terms *terms, struct cc_losses *sum) {
  int status = RT_OK;
  sum->total = 0;
  sum->penalised = sum->counted = false;
  for (uint32_t o = 0; o < c->module->output_count && status == RT_OK; o++)
    status = sum_of_output(c, (int)o, terms, sum);
  for (int k = 0; k < terms->count && status == RT_OK; k++) {
    if (terms->term[k].weight == 0) continue;
    sum->penalised |= !terms->term[k].targets;
    status = add_up(c, &terms->term[k], &sum->total, NULL);
  }
  return status;
}

/* ---- the loss ---- */

static ir_id target_node(struct cc_context *c, uint32_t o) {
  const struct vm_output *output = &c->module->output[o];
  const struct vm_input *input = &c->module->input[output->target];
  struct gr_span span = c->model->node[c->answers->prediction[o]].span;
  ir_id id =
      ir_add(cc_in_model(c, span), (struct ir_op){OP_input, .attr = {output->target}, .type = &input->type});
  if (id) c->model->node[id].name = input->name;
  return id;
}

/* How the answer follows from what the model returns, unless a loss says it. */
static const char *usual_link(struct cc_context *c, const struct vm_input *target, ir_id returned) {
  if (vm_form_of(target) == VM_BOXES) return VM_LINK_OBJECTS;
  if (target->type.dtype != RT_INT) return "";
  return cc_type(c, returned)->rank > target->type.rank + 1 ? VM_LINK_CHAIN : "softmax";
}

/* What the model predicts is known by its name, unless the model calls something else so. */
static int begin(struct cc_context *c, const ir_id *output, struct cc_answers *answers) {
  *answers = (struct cc_answers){.frame = c->frame, .count = (int)c->module->output_count, .output = -1};
  c->answers = answers;
  for (uint32_t o = 0; o < c->module->output_count; o++) {
    struct vm_output *out = &c->module->output[o];
    answers->prediction[o] = output[o];
    out->link = usual_link(c, &c->module->input[out->target], output[o]);
    if (!(answers->target[o] = target_node(c, o))) return c->error->code;
    struct cc_value value = {.kind = CC_TENSOR, .id = answers->target[o]};
    if (cc_lookup(c->scope, out->name)) continue;
    int status = cc_bind(c, c->scope, out->name, value, c->model->node[answers->target[o]].span, NULL);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* "exp of what the model returns" */
static const char *answer_by(struct cc_context *c, const char *link) {
  if (!link[0]) return "what the model returns";
  const char *text = rt_arena_printf(&c->model->arena, "%s of what the model returns", link);
  return text ? text : link;
}

/* What a term takes the answer of its output to be; NULL: it does not say. Losses of numbers in the library
 * that have no link take what the model returns for the answer. */
static const char *link_of(const struct cc_context *c, const struct cc_term *term) {
  if (!term->function || term->output < 0 || term->link) return term->link;
  bool classes = c->module->input[c->module->output[term->output].target].type.dtype == RT_INT;
  return term->function->unit->is_stdlib && !classes ? "" : NULL;
}

/* A loss that says what targets can be has no use for scaled ones. */
static bool check_scale(struct cc_context *c, const struct cc_term *term, const char *link) {
  const struct vm_output *out = &c->module->output[term->output];
  if (!link[0] || !c->module->input[out->target].column->set.scale) return true;
  gr_fail(c->error, term->span, "`%s` is for targets that are %s, and `%s` is scaled", term->function->name,
          vm_link_find(link)->targets, out->name);
  rt_hint(c->error, "leave out `scale` of `%s`", out->name);
  return false;
}

/* Of an image, its scale says what targets there can be. */
static bool check_range(struct cc_context *c, const struct cc_term *term, const char *name) {
  const struct vm_output *out = &c->module->output[term->output];
  const struct io_column *column = c->module->input[out->target].column;
  const struct io_answered *answered = column ? column->kind->answered : NULL;
  const struct vm_link *link = vm_link_find(name);
  double least, most;
  if (!answered || !name[0]) return true;
  answered->range(&column->set, &least, &most);
  if (least >= link->least && most <= link->most && !link->along) return true;
  gr_fail(c->error, term->span, "`%s` is for targets that are %s, and those of `%s` are not",
          term->function->name, link->targets, out->name);
  rt_hint(c->error, link->along ? "squared_error and absolute_error take any number"
                                : "they are from 0 to 1 without `scale`");
  return false;
}

/* Each label of a row has a probability of its own, so they cannot add up to 1. */
static bool check_labels(struct cc_context *c, const struct cc_term *term, const char *link) {
  const struct vm_output *out = &c->module->output[term->output];
  if (vm_form_of(&c->module->input[out->target]) != VM_LABELS || !vm_link_find(link)->along) return true;
  gr_fail(c->error, term->span,
          "`%s` is for probabilities that add up to 1, and a row of `%s` has several labels",
          term->function->name, out->name);
  rt_hint(c->error, "binary_cross_entropy(%s) gives each label a probability of its own", out->name);
  return false;
}

/* All losses of an output take its answer to be the same, and classes are softmax. */
static int settle_links(struct cc_context *c, const struct cc_terms *terms) {
  const struct cc_term *by[CC_MOST_OUTPUTS] = {NULL};
  for (int t = 0; t < terms->count; t++) {
    const struct cc_term *term = &terms->term[t];
    const char *link = link_of(c, term);
    if (!link) continue;
    struct vm_output *out = &c->module->output[term->output];
    const struct cc_term *first = by[term->output];
    if ((first || out->link[0]) && strcmp(out->link, link) != 0)
      return gr_fail(c->error, term->span,
                     "`%s` takes the answer for `%s` to be %s, and %s takes it to be %s",
                     term->function->name, out->name, answer_by(c, link),
                     first ? first->function->name : "a choice of classes", answer_by(c, out->link));
    if (!check_labels(c, term, link) || !check_scale(c, term, link) || !check_range(c, term, link))
      return c->error->code;
    out->link = link;
    by[term->output] = term;
  }
  return RT_OK;
}

int cc_loss(struct cc_context *c, const ir_id *output, struct cc_losses *sum) {
  const struct gr_node *item = cc_item(c->unit, GR_LOSS);
  struct cc_answers answers;
  struct cc_terms terms = {0};
  int status = begin(c, output, &answers);
  for (int o = 0; !item && o < answers.count && status == RT_OK; o++) status = cc_usual_term(c, o, &terms);
  if (status == RT_OK && item) status = read_terms(c, item->child[0], &terms);
  if (status == RT_OK) status = settle_links(c, &terms);
  if (status == RT_OK && !terms.count) status = cc_no_loss(c, item->child[0]);
  if (status == RT_OK) status = sum_up(c, &terms, sum);
  sum->term = terms.term;
  sum->terms = terms.count;
  if (status == RT_OK) status = cc_warn_of_links(c, output);
  c->answers = NULL;
  return status;
}

/* ---- terms that train nothing ---- */

/* *learned: a parameter receives a gradient of the term; *trained: one that is not frozen does. */
static int look_at(const struct cc_context *c, const struct cc_term *term, bool *learned, bool *trained) {
  bool *reached = rt_zalloc((size_t)term->mean + 1, sizeof *reached);
  if (!reached) return RT_NO_MEMORY;
  ir_reach(c->model, term->mean, reached);
  *learned = *trained = false;
  for (uint32_t p = 0; p < c->module->param_count; p++) {
    if (c->param_node[p] > term->mean || !reached[c->param_node[p]]) continue;
    *learned = true;
    *trained |= !c->module->param[p].frozen;
  }
  rt_free(reached);
  return RT_OK;
}

int cc_warn_idle_terms(struct cc_context *c, const struct cc_losses *losses) {
  for (int k = 0; k < losses->terms && c->module->param_count; k++) {
    const struct cc_term *term = &losses->term[k];
    struct rt_error warning = {0};
    bool learned, trained;
    if (term->weight == 0) continue;
    if (look_at(c, term, &learned, &trained) != RT_OK) return cc_out_of_memory(c);
    if (trained) continue;
    gr_fail(&warning, term->span, "the term `%s` of the loss trains nothing: %s", term->written,
            learned ? "the parameters that it depends on are frozen"
                    : "no parameter gets a gradient from it");
    rt_hint(&warning, "%s",
            learned ? "leave the term out, or take a parameter of it out of `freeze`"
                    : "a stop_gradient, a step such as floor, or a factor 0 stands between");
    warning.code = RT_NEGATIVE;
    if (cc_warn(&c->program->diagnostics, &warning) != RT_OK) return cc_out_of_memory(c);
  }
  return RT_OK;
}
