/* loss.c: what training minimises: a weighted sum of losses, each of an output and its target. */
#include "compiler/front/arguments.h"
#include "compiler/source/foreign.h"

#include <math.h>
#include <string.h>

/* ---- the losses ---- */

static ir_id target_node(struct cc_context *c, const struct vm_output *output, struct gr_span span) {
  const struct vm_input *input = &c->module->input[output->target];
  int64_t attr[RT_MAX_ATTR] = {output->target};
  ir_id id = ir_add(c->model, OP_input, 0, NULL, attr, 0, &input->type, span, c->error);
  if (id) c->model->node[id].name = input->name;
  return id;
}

/* Mean over all rows of the batch: examples, or tokens where each token has a target. */
static ir_id batch_mean(struct cc_context *c, ir_id x, struct gr_span span) {
  vm_dim rows = VM_ONE;
  if (!x) return 0;
  for (int a = 0; a < cc_type(c, x)->rank; a++)
    rows = vm_dim_times(&c->module->dims, rows, cc_type(c, x)->dim[a]);
  if (rows == VM_NO_DIM) {
    cc_out_of_memory(c);
    return 0;
  }
  int64_t attr[RT_MAX_ATTR] = {rows};
  ir_id sum = ir_sum(c->model, x, 0, false, span, c->error),
        one = ir_constant(c->model, 1, NULL, span, c->error);
  ir_id count = ir_add(c->model, OP_rows, 0, NULL, attr, 0, NULL, span, c->error);
  return ir_binary(c->model, OP_div, sum, ir_binary(c->model, OP_max, count, one, span, c->error), span,
                   c->error);
}

typedef ir_id loss_formula(struct cc_context *c, ir_id prediction, ir_id target, struct gr_span span);

static ir_id cross_entropy(struct cc_context *c, ir_id prediction, ir_id target, struct gr_span span) {
  ir_id args[2] = {prediction, target};
  return ir_add(c->model, OP_cross_entropy, 2, args, NULL, 0, NULL, span, c->error);
}

static ir_id squared_error(struct cc_context *c, ir_id prediction, ir_id target, struct gr_span span) {
  ir_id error = ir_binary(c->model, OP_sub, prediction, target, span, c->error);
  return ir_unary(c->model, OP_square, error, c->error);
}

static ir_id absolute_error(struct cc_context *c, ir_id prediction, ir_id target, struct gr_span span) {
  ir_id error = ir_binary(c->model, OP_sub, prediction, target, span, c->error);
  return ir_unary(c->model, OP_abs, error, c->error);
}

static ir_id binary_cross_entropy(struct cc_context *c, ir_id prediction, ir_id target, struct gr_span span) {
  struct ir_graph *g = c->model;
  return ir_binary(g, OP_sub, ir_unary(g, OP_softplus, prediction, c->error),
                   ir_binary(g, OP_mul, prediction, target, span, c->error), span, c->error);
}

static const struct cc_parameter of_output[] = {
    {"output", CC_TAKES_NAME, .optional = true} /* without it, of all outputs */
};

static const struct loss {
  const char *name;
  bool of_classes; /* else of numbers */
  loss_formula *formula;
  const struct cc_parameter *takes;
  int count;
} losses[] = {{"cross_entropy", true, cross_entropy, of_output, 1},
              {"squared_error", false, squared_error, of_output, 1},
              {"absolute_error", false, absolute_error, of_output, 1},
              {"binary_cross_entropy", false, binary_cross_entropy, of_output, 1}};
enum { LOSSES = RT_COUNT(losses) };

static const struct loss *find_loss(const struct gr_node *node) {
  for (size_t k = 0; node->kind == GR_NAME && k < LOSSES; k++)
    if (!strcmp(losses[k].name, node->text)) return &losses[k];
  return NULL;
}

static bool predicts_classes(const struct cc_context *c, uint32_t output) {
  return c->module->input[c->module->output[output].target].type.dtype == RT_INT;
}

/* What trains an output when the program names no loss. */
static const struct loss *usual_loss(const struct cc_context *c, uint32_t output) {
  const struct loss *loss = losses;
  while (loss->of_classes != predicts_classes(c, output)) loss++;
  return loss;
}

static ir_id one_loss(struct cc_context *c, const struct loss *loss, uint32_t o, ir_id prediction,
                      struct gr_span span) {
  struct vm_output *output = &c->module->output[o];
  ir_id target = target_node(c, output, span);
  if (!target) return 0;
  output->loss = rt_arena_strndup(&c->module->arena, loss->name, strlen(loss->name));
  return batch_mean(c, loss->formula(c, prediction, target, span), span);
}

/* ---- what the program says ---- */

/* constant + the sum of weight[o * LOSSES + k] times loss k of output o. */
struct form {
  double constant;
  bool has_loss;
  double *weight;
  struct gr_span *span; /* where the loss stands; span.source NULL: nowhere */
};

static int form_init(struct cc_context *c, struct form *form) {
  size_t count = (size_t)c->module->output_count * LOSSES;
  *form = (struct form){.weight = rt_arena_alloc(&c->model->arena, count * sizeof *form->weight),
                        .span = rt_arena_alloc(&c->model->arena, count * sizeof *form->span)};
  if (!form->weight || !form->span) return cc_out_of_memory(c);
  memset(form->weight, 0, count * sizeof *form->weight);
  memset(form->span, 0, count * sizeof *form->span);
  return RT_OK;
}

static int add_term(struct cc_context *c, const struct loss *loss, uint32_t output, struct gr_span span,
                    struct form *form) {
  bool classes = predicts_classes(c, output);
  if (classes != loss->of_classes) {
    gr_fail(c->error, span, "%s does not fit `%s`, which is %s", loss->name, c->module->output[output].name,
            classes ? "one of several classes" : "a number");
    rt_hint(c->error,
            classes
                ? "use cross_entropy"
                : "use squared_error, absolute_error, or binary_cross_entropy for numbers that are 0 or 1");
    return c->error->code;
  }
  form->has_loss = true;
  form->weight[output * LOSSES + (uint32_t)(loss - losses)] = 1;
  form->span[output * LOSSES + (uint32_t)(loss - losses)] = span;
  return RT_OK;
}

static int find_output(struct cc_context *c, const struct loss *loss, const struct gr_node *name,
                       uint32_t *found) {
  struct rt_nearest nearest = {name->text, NULL, 0};
  for (*found = 0; *found < c->module->output_count; ++*found) {
    rt_nearest_consider(&nearest, c->module->output[*found].name);
    if (!strcmp(c->module->output[*found].name, name->text)) return RT_OK;
  }
  gr_fail(c->error, name->span, "%s takes the name of an output of the model", loss->name);
  if (nearest.best)
    rt_hint(c->error, "did you mean `%s`?", nearest.best);
  else if (c->module->output_count == 1)
    rt_hint(c->error, "the model predicts `%s`", c->module->output[0].name);
  else
    rt_hint(c->error, "what the model predicts stands behind its `->`");
  return c->error->code;
}

/* cross_entropy, of all outputs; cross_entropy(label), of one. */
static int one_term(struct cc_context *c, const struct loss *loss, const struct gr_node *node,
                    struct form *form) {
  const struct cc_callee callee = {loss->name, "argument", loss->takes, loss->count, .declared = NULL};
  struct cc_setting of;
  uint32_t output;
  int status = cc_match_way(c, &callee, node, &of);
  if (!status && of.arg)
    return (status = find_output(c, loss, of.arg, &output)) ? status
                                                            : add_term(c, loss, output, node->span, form);
  for (output = 0; output < c->module->output_count && !status; output++)
    status = add_term(c, loss, output, node->span, form);
  return status;
}

static int no_loss(struct cc_context *c, const struct gr_node *node) {
  const struct gr_node *name = node->kind == GR_CALL ? node->child[0] : node;
  struct rt_nearest nearest = {name->kind == GR_NAME ? name->text : "", NULL, 0};
  for (size_t k = 0; k < LOSSES; k++) rt_nearest_consider(&nearest, losses[k].name);
  bool own = name->kind == GR_NAME && cc_find(c->program, c->unit, name->text);
  const struct cc_foreign *foreign = name->kind == GR_NAME && !own ? cc_foreign_find(name->text) : NULL;
  if (nearest.best || foreign) {
    gr_fail(c->error, name->span, "there is no loss called `%s`", name->text);
    if (nearest.best)
      rt_hint(c->error, "did you mean `%s`?", nearest.best);
    else
      cc_foreign_hint(c->error, foreign, NULL, NULL);
    return c->error->code;
  }
  if (node->kind == GR_CALL)
    gr_fail(c->error, node->span, "losses of one's own are not supported yet");
  else
    gr_fail(c->error, node->span, "this is not a loss");
  rt_hint(c->error, "a loss is cross_entropy, squared_error, absolute_error or binary_cross_entropy, of all "
                    "outputs or of one as in cross_entropy(label), or a weighted sum of these");
  return c->error->code;
}

static int read_form(struct cc_context *c, const struct gr_node *node, struct form *form);

static void scale(const struct cc_context *c, struct form *form, double by) {
  for (uint32_t k = 0; k < c->module->output_count * LOSSES; k++) form->weight[k] *= by;
  form->constant *= by;
}

static int add_forms(struct cc_context *c, const struct gr_node *node, struct form *a, const struct form *b) {
  double sign = node->text[0] == '-' ? -1 : 1;
  if (a->has_loss != b->has_loss) {
    gr_fail(c->error, node->span, "a number is added to a loss here, which changes nothing that is learned");
    rt_hint(c->error, "a number is the weight of a loss: 0.5 * cross_entropy(label)");
    return c->error->code;
  }
  for (uint32_t k = 0; k < c->module->output_count * LOSSES; k++) {
    a->weight[k] += sign * b->weight[k];
    if (!a->span[k].source) a->span[k] = b->span[k];
  }
  a->constant += sign * b->constant;
  return RT_OK;
}

/* As the numbers of a tensor hold it, a weight is neither infinite nor, what would train nothing, 0. */
static int check_scaled(struct cc_context *c, const struct gr_node *node, const struct form *form) {
  for (uint32_t k = 0; k < c->module->output_count * LOSSES; k++) {
    double weight = form->weight[k];
    if (isfinite((float)weight) && (weight == 0 || (float)weight != 0)) continue;
    return gr_fail(c->error, node->span,
                   "the weight of %s is %g here: it is too %s for the numbers of a program",
                   losses[k % LOSSES].name, weight, fabs(weight) < 1 ? "small" : "large");
  }
  return RT_OK;
}

static int scale_forms(struct cc_context *c, const struct gr_node *node, struct form *a, struct form *b) {
  bool over = node->text[0] == '/';
  if (b->has_loss && (a->has_loss || over)) {
    gr_fail(c->error, node->span, "losses are added up, each times a number; they are not %s",
            over ? "divided by" : "multiplied with each other");
    return c->error->code;
  }
  double by = a->has_loss ? b->constant : a->constant;
  if (over && b->constant == 0) return gr_fail(c->error, node->child[1]->span, "this divides by 0");
  if (b->has_loss) *a = *b;
  scale(c, a, over ? 1 / by : by);
  return check_scaled(c, node, a);
}

static int read_binary(struct cc_context *c, const struct gr_node *node, struct form *form) {
  struct form b;
  int status = form_init(c, &b);
  if (!status) status = read_form(c, node->child[0], form);
  if (!status) status = read_form(c, node->child[1], &b);
  if (status) return status;
  return node->text[0] == '+' || node->text[0] == '-' ? add_forms(c, node, form, &b)
                                                      : scale_forms(c, node, form, &b);
}

static int read_form(struct cc_context *c, const struct gr_node *node, struct form *form) {
  const struct gr_node *name = node->kind == GR_CALL ? node->child[0] : node;
  const struct loss *loss = find_loss(name);
  if (loss) return one_term(c, loss, node, form);
  if (node->kind == GR_BINARY && !node->text[1] && strchr("+-*/", node->text[0]))
    return read_binary(c, node, form);
  if (node->kind == GR_UNARY && node->text[0] == '-') {
    int status = read_form(c, node->child[0], form);
    scale(c, form, -1);
    return status;
  }
  const struct cc_definition *d = name->kind == GR_NAME ? cc_find(c->program, c->unit, name->text) : NULL;
  bool known = name->kind == GR_NUMBER || (d && d->node->kind == GR_DIM)
               || (!d && name->kind == GR_NAME && cc_builtin_find(name->text));
  struct cc_value value;
  if (!known || cc_expression(c, node, &value) || !cc_to_number(c, &value, &form->constant))
    return c->error->code ? c->error->code : no_loss(c, node);
  return isfinite(form->constant) ? RT_OK : gr_fail(c->error, node->span, "the weight of a loss is finite");
}

/* ---- the sum ---- */

/* What would drive a loss up, or leave an output as it began, is a slip of the pen. */
static int check_weights(struct cc_context *c, uint32_t output, const struct form *form) {
  bool named = false, trained = false;
  struct gr_span span = {0};
  for (uint32_t k = output * LOSSES; k < (output + 1) * LOSSES; k++) {
    if (!form->span[k].source) continue;
    named = true;
    trained |= form->weight[k] > 0;
    span = form->span[k];
    if (form->weight[k] >= 0) continue;
    gr_fail(c->error, span,
            "the weight of %s of `%s` is %g in all: training would make the loss as large as "
            "it can",
            losses[k % LOSSES].name, c->module->output[output].name, form->weight[k]);
    rt_hint(c->error, "each loss has a weight above 0: what is subtracted is not learned but spoilt");
    return c->error->code;
  }
  if (trained) return RT_OK;
  if (!named) {
    const char *name = c->module->output[output].name;
    gr_fail(c->error, cc_item(c->unit, GR_LOSS)->child[0]->span,
            "the model predicts `%s` too, but this has no loss for it", name);
    rt_hint(c->error, "add one, as in … + %s(%s), or take `%s` out of what the model predicts",
            usual_loss(c, output)->name, name, name);
    return c->error->code;
  }
  return gr_fail(c->error, span, "the weights of the losses of `%s` add up to 0, so that nothing trains it",
                 c->module->output[output].name);
}

static ir_id weighted(struct cc_context *c, ir_id loss, double weight, struct gr_span span) {
  if (!loss || weight == 1) return loss;
  return ir_binary(c->model, OP_mul, ir_constant(c->model, weight, NULL, span, c->error), loss, span,
                   c->error);
}

/* The losses of one output, weighted as written; *alone is the only one without its weight, or the same sum.
 */
static int sum_of_output(struct cc_context *c, const struct form *form, uint32_t o, ir_id prediction,
                         ir_id *sum, ir_id *alone) {
  int terms = 0;
  *sum = *alone = 0;
  for (uint32_t k = o * LOSSES; k < (o + 1) * LOSSES; k++) {
    if (form->weight[k] == 0) continue;
    struct gr_span span = form->span[k];
    ir_id bare = one_loss(c, &losses[k % LOSSES], o, prediction, span);
    ir_id one = weighted(c, bare, form->weight[k], span);
    *sum = *sum && one ? ir_binary(c->model, OP_add, *sum, one, span, c->error) : one;
    if (!*sum) return c->error->code;
    *alone = terms++ ? *sum : bare;
  }
  return RT_OK;
}

static int sum_up(struct cc_context *c, const struct form *form, const ir_id *output, struct cc_losses *sum) {
  sum->total = 0;
  for (uint32_t o = 0; o < c->module->output_count; o++) {
    ir_id one;
    int status = check_weights(c, o, form);
    if (!status) status = sum_of_output(c, form, o, output[o], &one, &sum->of_output[o]);
    if (status) return status;
    sum->total = o ? ir_binary(c->model, OP_add, sum->total, one, c->model->node[one].span, c->error) : one;
    if (!sum->total) return c->error->code;
  }
  return RT_OK;
}

int cc_loss(struct cc_context *c, const ir_id *output, struct cc_losses *sum) {
  const struct gr_node *item = cc_item(c->unit, GR_LOSS);
  struct form form;
  int status = form_init(c, &form);
  for (uint32_t o = 0; !item && o < c->module->output_count && !status; o++)
    status = add_term(c, usual_loss(c, o), o, c->model->node[output[o]].span, &form);
  if (!status && item) status = read_form(c, item->child[0], &form);
  if (!status && !form.has_loss) status = no_loss(c, item->child[0]);
  return status ? status : sum_up(c, &form, output, sum);
}
