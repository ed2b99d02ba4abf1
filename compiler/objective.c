/* objective.c: what training minimises and how: the loss, and train { }. */
#include "compiler/elaborate.h"
#include "runtime/io/schema.h"

#include <string.h>

/* ---- the loss ---- */

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

static const char *const loss_names[] = {"cross_entropy", "squared_error", "absolute_error",
                                         "binary_cross_entropy"};

static ir_id one_loss(struct cc_context *c, const char *name, uint32_t o, ir_id prediction,
                      struct gr_span span) {
  struct vm_output *output = &c->module->output[o];
  bool classes = c->module->input[output->target].type.dtype == RT_INT;
  ir_id target = target_node(c, output, span);
  if (!target) return 0;
  if (classes != !strcmp(name, "cross_entropy")) {
    gr_fail(c->error, span, "%s does not fit `%s`, which is %s", name, output->name,
            classes ? "one of several classes" : "a number");
    rt_hint(c->error,
            classes
                ? "use cross_entropy"
                : "use squared_error, absolute_error, or binary_cross_entropy for numbers that are 0 or 1");
    return 0;
  }
  output->loss = rt_arena_strndup(&c->module->arena, name, strlen(name));
  struct ir_graph *g = c->model;
  ir_id args[2] = {prediction, target};
  if (classes)
    return batch_mean(c, ir_add(g, OP_cross_entropy, 2, args, NULL, 0, NULL, span, c->error), span);
  if (!strcmp(name, "binary_cross_entropy"))
    return batch_mean(c,
                      ir_binary(g, OP_sub, ir_unary(g, OP_softplus, prediction, c->error),
                                ir_binary(g, OP_mul, prediction, target, span, c->error), span, c->error),
                      span);
  ir_id error = ir_binary(g, OP_sub, prediction, target, span, c->error);
  return batch_mean(c, ir_unary(g, name[0] == 's' ? OP_square : OP_abs, error, c->error), span);
}

static bool is_loss(const struct gr_node *node) {
  for (size_t k = 0; node->kind == GR_NAME && k < RT_COUNT(loss_names); k++)
    if (!strcmp(loss_names[k], node->text)) return true;
  return false;
}

static ir_id loss_call(struct cc_context *c, const struct gr_node *node, const ir_id *output) {
  const struct gr_node *arg =
      node->count > 1 && node->child[1] && node->child[1]->kind == GR_ARG ? node->child[1]->child[0] : NULL;
  struct cc_nearest nearest = {arg && arg->kind == GR_NAME ? arg->text : "", NULL, 0};
  for (uint32_t o = 0; arg && arg->kind == GR_NAME && o < c->module->output_count; o++) {
    cc_nearest_consider(&nearest, c->module->output[o].name);
    if (!strcmp(c->module->output[o].name, arg->text))
      return one_loss(c, node->child[0]->text, o, output[o], node->span);
  }
  gr_fail(c->error, arg ? arg->span : node->span, "%s takes the name of an output of the model",
          node->child[0]->text);
  if (nearest.best) rt_hint(c->error, "did you mean `%s`?", nearest.best);
  return 0;
}

static ir_id loss_expression(struct cc_context *c, const struct gr_node *node, const ir_id *output) {
  if (node->kind == GR_NAME && is_loss(node)) {
    ir_id sum = 0;
    for (uint32_t o = 0; o < c->module->output_count; o++) {
      ir_id one = one_loss(c, node->text, o, output[o], node->span);
      if (!one) return 0;
      sum = o ? ir_binary(c->model, OP_add, sum, one, node->span, c->error) : one;
    }
    return sum;
  }
  if (node->kind == GR_CALL && is_loss(node->child[0])) return loss_call(c, node, output);
  if (node->kind == GR_BINARY
      && (node->text[0] == '+' || node->text[0] == '-' || node->text[0] == '*' || node->text[0] == '/')) {
    ir_id a = loss_expression(c, node->child[0], output),
          b = a ? loss_expression(c, node->child[1], output) : 0;
    enum rt_op op = node->text[0] == '+'   ? OP_add
                    : node->text[0] == '-' ? OP_sub
                    : node->text[0] == '*' ? OP_mul
                                           : OP_div;
    return b ? ir_binary(c->model, op, a, b, node->span, c->error) : 0;
  }
  double number;
  struct cc_value value;
  if (node->kind == GR_NUMBER || (node->kind == GR_NAME && cc_find(c->program, c->unit, node->text)))
    if (!cc_expression(c, node, &value) && cc_to_number(c, &value, &number))
      return ir_constant(c->model, number, NULL, node->span, c->error);
  if (node->kind == GR_CALL)
    gr_fail(c->error, node->span, "losses of one's own are not supported yet");
  else
    gr_fail(c->error, node->span, "this is not a loss");
  rt_hint(c->error, "a loss is cross_entropy, squared_error, absolute_error or binary_cross_entropy, of all "
                    "outputs or of one as in cross_entropy(label), or a weighted sum of these");
  return 0;
}

int cc_loss(struct cc_context *c, const ir_id *output, ir_id *loss) {
  const struct gr_node *item = cc_item(c->unit, GR_LOSS);
  if (item) {
    *loss = loss_expression(c, item->child[0], output);
  } else {
    *loss = 0;
    for (uint32_t o = 0; o < c->module->output_count; o++) {
      bool classes = c->module->input[c->module->output[o].target].type.dtype == RT_INT;
      struct gr_span span = c->model->node[output[o]].span;
      ir_id one = one_loss(c, classes ? "cross_entropy" : "squared_error", o, output[o], span);
      if (!one) return c->error->code;
      *loss = *loss ? ir_binary(c->model, OP_add, *loss, one, span, c->error) : one;
    }
  }
  return *loss ? RT_OK : c->error->code;
}

/* ---- train { } ---- */

struct setting {
  const char *name;
  double *number;
  int64_t *whole;
  double min, max;
};

static int set(struct cc_context *c, const struct setting *settings, const struct gr_node *arg,
               const char *of) {
  struct cc_nearest nearest = {arg->text ? arg->text : "", NULL, 0};
  for (; settings->name; settings++) {
    cc_nearest_consider(&nearest, settings->name);
    if (!arg->text || strcmp(settings->name, arg->text)) continue;
    double value;
    int status = cc_number(c, arg->child[0], &value);
    if (status) return status;
    if (!(value >= settings->min && value <= settings->max)
        || (settings->whole && value != (double)(int64_t)value))
      return gr_fail(c->error, arg->child[0]->span, "%s is %s between %.10g and %.10g, and this is %.10g",
                     arg->text, settings->whole ? "a whole number" : "a number", settings->min, settings->max,
                     value);
    if (settings->whole)
      *settings->whole = (int64_t)value;
    else
      *settings->number = value;
    return RT_OK;
  }
  gr_fail(c->error, arg->span, "%s has no setting `%s`", of, arg->text ? arg->text : "without a name");
  if (nearest.best) rt_hint(c->error, "did you mean `%s`?", nearest.best);
  return c->error->code;
}

static int set_call(struct cc_context *c, const struct setting *settings, const struct gr_node *node,
                    const char *const *allowed, const char *what, const char **chosen) {
  const struct gr_node *name = node->kind == GR_CALL ? node->child[0] : node;
  bool known = false;
  for (int k = 0; name->kind == GR_NAME && allowed[k]; k++) known |= !strcmp(allowed[k], name->text);
  if (!known) {
    gr_fail(c->error, name->span, "this is no %s that aq knows", what);
    rt_hint(c->error, "there are %s%s%s and %s", allowed[0], allowed[2] ? ", " : "",
            allowed[2] ? allowed[1] : "", allowed[allowed[2] ? 2 : 1]);
    return c->error->code;
  }
  *chosen = rt_arena_strndup(&c->module->arena, name->text, strlen(name->text));
  if (!*chosen) return cc_out_of_memory(c);
  for (int i = 1; node->kind == GR_CALL && i < node->count; i++) {
    int status = node->child[i] && node->child[i]->kind == GR_ARG
                     ? set(c, settings, node->child[i], name->text)
                     : RT_OK;
    if (status) return status;
  }
  return RT_OK;
}

int cc_train_settings(struct cc_context *c, const struct gr_node *train, struct vm_settings *s) {
  *s = (struct vm_settings){.optimizer = "adamw",
                            .learning_rate = 1e-3,
                            .weight_decay = 0.01,
                            .beta1 = 0.9,
                            .beta2 = 0.999,
                            .epsilon = 1e-8,
                            .momentum = 0.9,
                            .schedule = "constant",
                            .batch = 32,
                            .epochs = 10,
                            .seed = 1};
  const struct setting adamw[] = {
      {"lr", &s->learning_rate, NULL, 0, 1e6},    {"weight_decay", &s->weight_decay, NULL, 0, 1e6},
      {"beta1", &s->beta1, NULL, 0, 0.999999999}, {"beta2", &s->beta2, NULL, 0, 0.999999999},
      {"eps", &s->epsilon, NULL, 0, 1},           {NULL, NULL, NULL, 0, 0}};
  const struct setting sgd[] = {{"lr", &s->learning_rate, NULL, 0, 1e6},
                                {"momentum", &s->momentum, NULL, 0, 0.999999999},
                                {"weight_decay", &s->weight_decay, NULL, 0, 1e6},
                                {NULL, NULL, NULL, 0, 0}};
  const struct setting schedule[] = {{"warmup", NULL, &s->warmup, 0, 1e12}, {NULL, NULL, NULL, 0, 0}};
  const struct setting plain[] = {{"batch", NULL, &s->batch, 1, 1e6},
                                  {"epochs", NULL, &s->epochs, 0, 1e6},
                                  {"lr", &s->learning_rate, NULL, 0, 1e6},
                                  {"clip", &s->clip, NULL, 0, 1e9},
                                  {"average", &s->average, NULL, 0, 0.999999},
                                  {"patience", NULL, &s->patience, 0, 1e6},
                                  {"seed", NULL, &s->seed, 0, 9e15},
                                  {"warmup", NULL, &s->warmup, 0, 1e12},
                                  {NULL, NULL, NULL, 0, 0}};
  static const char *const optimizers[] = {"adamw", "sgd", NULL}, *const schedules[] = {"constant", "linear",
                                                                                        "cosine", NULL};
  for (int i = 0; train && i < train->count; i++) {
    const struct gr_node *arg = train->child[i];
    int status;
    if (arg->text && !strcmp(arg->text, "optimizer")) {
      const struct gr_node *value = arg->child[0], *name = value->kind == GR_CALL ? value->child[0] : value;
      bool is_sgd = name->kind == GR_NAME && !strcmp(name->text, "sgd");
      if (is_sgd) s->weight_decay = 0;
      status = set_call(c, is_sgd ? sgd : adamw, value, optimizers, "optimizer", &s->optimizer);
    } else if (arg->text && !strcmp(arg->text, "schedule")) {
      status = set_call(c, schedule, arg->child[0], schedules, "schedule", &s->schedule);
    } else {
      status = set(c, plain, arg, "train");
    }
    if (status) return status;
  }
  return RT_OK;
}
