/* builtin.c: the functions that are not written in aq, because they are ops or work on shapes and lists. */
#include <math.h>
#include <string.h>

#include "compiler/front/builtin.h"
#include "compiler/ir/passes.h"

/* ---- element by element ---- */

static int run_unary(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                     struct cc_value *result) {
  ir_id a;
  double known;
  int status;
  *result = args->value[0];
  if (cc_round_dim(c, (enum rt_op)self->op, result)) return RT_OK;
  if (args->value[0].kind != CC_TENSOR && rt_op_info[self->op].flags & RT_NUMBERS
      && cc_to_number(c, &args->value[0], &known)) {
    double v = ir_fold((enum rt_op)self->op, known, 0, 0);
    if (isnan(v) || (isfinite(known) && !isfinite(v)))
      return gr_fail(c->error, args->node->span, "%s(%g) is not a finite number", self->name, known);
    *result = (struct cc_value){.kind = CC_NUMBER, .number = v};
    return RT_OK;
  }
  if ((status = cc_builtin_tensor(c, args, 0, &a))) return status;
  return cc_builtin_done(c, result, ir_unary(cc_in_graph(c, args->node->span), (enum rt_op)self->op, a));
}

static int run_binary(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                      struct cc_value *result) {
  ir_id a, b;
  double x, y;
  int status;
  if (cc_to_number(c, &args->value[0], &x) && cc_to_number(c, &args->value[1], &y)) {
    *result = (struct cc_value){.kind = CC_NUMBER, .number = ir_fold((enum rt_op)self->op, x, y, 0)};
    return RT_OK;
  }
  if ((status = cc_builtin_tensor(c, args, 0, &a)) || (status = cc_builtin_tensor(c, args, 1, &b)))
    return status;
  return cc_builtin_done(c, result, ir_binary(cc_in_graph(c, args->node->span), (enum rt_op)self->op, a, b));
}

static int run_where(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                     struct cc_value *result) {
  (void)self;
  ir_id id[3];
  int status = RT_OK;
  for (int i = 0; i < 3 && status == RT_OK; i++) status = cc_builtin_tensor(c, args, i, &id[i]);
  return status != RT_OK
             ? status
             : cc_builtin_done(c, result, ir_select(cc_in_graph(c, args->node->span), id[0], id[1], id[2]));
}

/* ---- along axes ---- */

static ir_id divided_by_size(struct cc_context *c, ir_id sum, vm_dim over, struct gr_span span) {
  struct ir_at at = cc_in_model(c, span);
  /* A mean over nothing is 0, not 0/0. */
  ir_id size = ir_binary(at, OP_max, ir_size(at, over), ir_constant(at, 1, NULL));
  return ir_binary(at, OP_div, sum, size);
}

/* Is the second argument of max or min an axis, as in max(x, T)? Behind a tensor a dim is one, and never a
 * number: whether x has that axis does not change what is meant. Models that were made before may mean it. */
static bool names_axis(struct cc_context *c, args_t *args) {
  const struct cc_value *x = &args->value[0], *by = &args->value[1];
  if (by->kind != CC_DIM || x->kind != CC_TENSOR) return false;
  return !c->program->kept || cc_axis_of(c, cc_type(c, x->id), by->dim) != -1;
}

/* max(y, 2) of [T, 2, D] has two meanings. The library means the number, and so did older models. */
static int check_number(struct cc_context *c, const struct cc_builtin *self, args_t *args) {
  const struct cc_value *x = &args->value[0], *by = &args->value[1];
  if (by->kind != CC_NUMBER || x->kind != CC_TENSOR || c->slot || c->program->kept || c->unit->is_stdlib)
    return RT_OK;
  if (by->number < 0 || by->number != floor(by->number) || by->number > 1e9) return RT_OK;
  vm_dim size = vm_dim_number(&c->module->dims, (int64_t)by->number);
  if (size == VM_NO_DIM) return cc_out_of_memory(c);
  const struct vm_type *type = cc_type(c, x->id);
  if (cc_axis_of(c, type, size) == -1) return RT_OK;
  const char *name = self->name, *which = self->op == OP_min ? "smaller" : "larger";
  gr_fail(c->error, args->node->span,
          "%s along the axis %g of %s, or the %s of the number %g and each element?", name, by->number,
          cc_type_text(c, type), which, by->number);
  rt_hint(c->error,
          "with the number it is %s(%g, …); an axis to go along has a name: dim P = %g, and %s(…, P)", name,
          by->number, by->number, name);
  return c->error->code;
}

static int no_axis_to_go(struct cc_context *c, const struct cc_builtin *self, args_t *args) {
  const char *dim = cc_dim_text(c, args->value[1].dim);
  c->error->hint[0] = '\0';
  rt_hint(
      c->error,
      "behind a tensor a size is an axis to go along; the %s of the number %s and each element is %s(%s, …)",
      self->op == OP_min ? "smaller" : "larger", dim, self->name, dim);
  return c->error->code;
}

/* sum, mean, max, min over the named dims; over all visible axes when none is named. */
static int run_reduce(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                      struct cc_value *result) {
  ir_id x;
  bool extreme = self->op == OP_max || self->op == OP_min;
  bool two = extreme && args->count == 2 && !names_axis(c, args);
  int status = two ? check_number(c, self, args) : cc_builtin_no_slot(c, self, args);
  if (status == RT_OK && two) return run_binary(c, self, args, result);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status != RT_OK) return status;
  struct vm_type type = *cc_type(c, x);
  int axis[RT_MAX_RANK], visible = cc_visible(c, &type, axis);
  uint32_t gone = 0;
  vm_dim over = VM_ONE;
  for (int i = 0; args->count == 1 && i < visible; i++) gone |= 1u << axis[i];
  for (int i = 1; i < args->count; i++) {
    int a;
    status = cc_builtin_axis(c, args, i, x, &a);
    if (status == RT_BAD_DATA && extreme && args->count == 2 && args->value[1].kind == CC_DIM)
      return no_axis_to_go(c, self, args);
    if (status != RT_OK) return status;
    if (gone & 1u << a)
      return gr_fail(c->error, args->span[i], "the axis %s is named twice", cc_dim_text(c, type.dim[a]));
    gone |= 1u << a;
  }
  for (int a = 0; a < type.rank; a++)
    if (gone & 1u << a) over = vm_dim_times(&c->module->dims, over, type.dim[a]);
  if (over == VM_NO_DIM) return cc_out_of_memory(c);
  uint32_t keep = ((1u << type.rank) - 1) & ~gone;
  struct ir_at at = cc_in_model(c, args->node->span);
  if (!extreme) {
    ir_id sum = ir_sum(at, x, keep, type.batched);
    return cc_builtin_done(c, result, self->op == OP_sum ? sum : divided_by_size(c, sum, over, at.span));
  }
  bool least = self->op == OP_min;
  struct vm_type kept = ir_kept(&type, keep, type.batched);
  if (least) x = ir_unary(at, OP_neg, x);
  ir_id id = ir_add(at, (struct ir_op){OP_maximum, 1, .arg = &x, .attr = {keep}, .type = &kept});
  return cc_builtin_done(c, result, least ? ir_unary(at, OP_neg, id) : id);
}

/* ---- the rest ---- */

static int run_one_hot(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                       struct cc_value *result) {
  ir_id x;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_to_tensor(c, &args->value[0], args->span[0], &x);
  if (status != RT_OK) return status;
  if (cc_type(c, x)->dtype != RT_INT)
    return gr_fail(c->error, args->span[0], "one_hot needs whole numbers, and this is %s",
                   cc_describe(c, &args->value[0]));
  return cc_builtin_done(c, result,
                         ir_add(cc_in_model(c, args->node->span), (struct ir_op){OP_onehot, 1, .arg = &x}));
}

/* The fused losses of ids. */
static int run_nll(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                   struct cc_value *result) {
  ir_id x[2];
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x[0]);
  if (status == RT_OK) status = cc_to_tensor(c, &args->value[1], args->span[1], &x[1]);
  if (status != RT_OK) return status;
  return cc_builtin_done(
      c, result, ir_add(cc_in_model(c, args->node->span), (struct ir_op){(enum rt_op)self->op, 2, .arg = x}));
}

/* An op of one tensor. */
static int run_op(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  ir_id x;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status != RT_OK) return status;
  return cc_builtin_done(
      c, result,
      ir_add(cc_in_model(c, args->node->span), (struct ir_op){(enum rt_op)self->op, 1, .arg = &x}));
}

/* A model answers one example at a time: other examples are seen by a loss alone. */
static int check_batch(struct cc_context *c, const struct cc_builtin *self, args_t *args) {
  int status = cc_builtin_no_slot(c, self, args);
  if (status != RT_OK || (!c->step_first && (c->answers || !c->module->output_count))) return status;
  gr_fail(c->error, args->node->span, "`%s` looks at the other rows of a batch, which only a loss may",
          self->name);
  rt_hint(c->error, c->step_first ? "take it out of the step of the scan"
                                  : "what a model answers for a row does not depend on the rows beside it");
  return c->error->code;
}

static int run_batch_log_sum(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                             struct cc_value *result) {
  struct ir_at at = cc_in_model(c, args->node->span);
  ir_id x[3];
  int status = check_batch(c, self, args);
  for (int k = 0; k < 3 && status == RT_OK; k++) {
    status = cc_builtin_tensor(c, args, k, &x[k]);
    if (status != RT_OK) break;
    struct vm_type type = *cc_type(c, x[k]);
    type.batched = 1;
    if (!(x[k] = ir_expand(at, x[k], &type))) status = c->error->code;
  }
  if (status != RT_OK) return status;
  return cc_builtin_done(c, result, ir_add(at, (struct ir_op){OP_batch_log_sum, 3, .arg = x}));
}

/* What a function asks of a number that it is given. */
static int run_within(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                      struct cc_value *result) {
  (void)self;
  double x = args->value[0].number, least = args->value[1].number, most = args->value[2].number;
  struct gr_span span = args->span[0];
  *result = (struct cc_value){.kind = CC_NUMBER, .number = x};
  if (x >= least && x <= most && isfinite(x)) return RT_OK;
  const char *range = isfinite(most) ? rt_arena_printf(&c->model->arena, "from %g to %g", least, most)
                                     : rt_arena_printf(&c->model->arena, "a number of at least %g", least);
  if (!range) return cc_out_of_memory(c);
  return gr_fail(c->error, span, "`%.*s` is %s, and this is %g", (int)(span.end - span.begin),
                 span.source->text + span.begin, range, x);
}

/* Srivastava et al. 2014, scaled while training, so that nothing changes in evaluation. */
static int run_dropout(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                       struct cc_value *result) {
  ir_id x;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status != RT_OK) return status;
  double rate = args->value[1].number;
  if (rate == 0) return cc_builtin_done(c, result, x);
  struct vm_type type = *cc_type(c, x);
  ir_id keep =
      ir_add(cc_in_model(c, args->node->span), (struct ir_op){OP_bernoulli, .real = rate, .type = &type});
  return cc_builtin_done(c, result, ir_binary(cc_in_model(c, args->node->span), OP_mul, x, keep));
}

static bool is_nested(const struct ir_head *head) { return head->around || head->own; }

/* The op of a head that is not computed as tensors; 0: it is. */
static ir_id attention_of(const struct cc_context *c, const struct ir_head *head) {
  const struct ir_node *node = c->model->node;
  ir_id n = head->result;
  while (is_nested(head) && (node[n].op == OP_transpose || node[n].op == OP_reshape)) n = node[n].arg[0];
  return node[n].op == OP_attention && c->model->head[node[n].attr[0]] == head ? n : 0;
}

/* weights(z): how much of each key is in z, the result of a head. A head that is fused never has them, so
 * they are computed again, as tensors. Those that dropout would drop are there too. */
static int run_weights(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                       struct cc_value *result) {
  const struct cc_value *z = args->value;
  struct ir_head *head = NULL;
  int status = cc_builtin_no_slot(c, self, args);
  if (status != RT_OK) return status;
  for (uint32_t h = 0; z->kind == CC_TENSOR && h < c->model->head_count; h++)
    if (c->model->head[h]->result == z->id) head = c->model->head[h];
  const ir_id made_by = head ? attention_of(c, head) : 0;
  if (!head || (!made_by && !head->weights)) {
    gr_fail(c->error, args->span[0],
            head ? "the weights of a head within a step of scan are not kept"
                 : "`weights` is asked for what a head gives, and this is %s",
            cc_describe(c, z));
    const struct gr_node *given = args->node->kind == GR_CALL ? args->node->child[1] : NULL;
    const struct gr_node *call = given && given->kind == GR_ARG ? given->child[0] : NULL;
    if (!head && call && call->kind == GR_CALL && call->child[0]->text
        && !strcmp(call->child[0]->text, "multi_head"))
      rt_hint(c->error,
              "multi_head goes on from what its heads give: weights takes z = heads(x, x, H, D / H)");
    if (!head)
      rt_hint(c->error,
              "z = head(x), then weights(z); a function may return them beside its result: return z = "
              "out, w = weights(z)");
    return c->error->code;
  }
  struct ir_head spelled = *head;
  if (made_by) {
    const struct ir_node node = c->model->node[made_by];
    const struct vm_type type = node.type;
    const struct ir_attending attending = {.arg = node.arg,
                                           .type = &type,
                                           .may_hide =
                                               ir_scores_may_hide(c->model, node.arg, head->score.graph)};
    if (!ir_materialise(cc_in_model(c, args->node->span), &spelled, attending)) return c->error->code;
  }
  if (head->lowering == VM_BLOCKS) head->lowering = VM_MATERIALISED; /* the weights are there anyway */
  const struct cc_heads heads = {head->around, head->own};
  return cc_builtin_done(c, result,
                         is_nested(head) ? cc_split_heads(c, &heads, spelled.weights) : spelled.weights);
}

static int run_stop(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                    struct cc_value *result) {
  ir_id x;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  return status != RT_OK
             ? status
             : cc_builtin_done(
                 c, result, ir_add(cc_in_model(c, args->node->span), (struct ir_op){OP_stop, 1, .arg = &x}));
}

static int run_len(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                   struct cc_value *result) {
  (void)c, (void)self;
  *result = (struct cc_value){.kind = CC_NUMBER, .number = args->value[0].item_count};
  return RT_OK;
}

static int run_initialiser(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                           struct cc_value *result) {
  (void)result;
  gr_fail(c->error, args->node->span, "`%s` says how a parameter starts, and belongs behind `param[…] =`",
          self->name);
  return c->error->code;
}

static int run_in_slots(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                        struct cc_value *result) {
  (void)result;
  gr_fail(c->error, args->node->span, "`%s` has a meaning only in the slots of a head", self->name);
  rt_hint(c->error, "%s", self->doc);
  return c->error->code;
}

/* ---- what they take ---- */

static const struct cc_parameter just_x[] = {{"x", .takes = CC_TAKES_ANY}};
static const struct cc_parameter ids[] = {{"ids", .takes = CC_TAKES_ANY}};
static const struct cc_parameter cost[] = {{"cost", .takes = CC_TAKES_ANY}};
static const struct cc_parameter steps[] = {{"steps", .takes = CC_TAKES_ANY}};
static const struct cc_parameter pairs[] = {
    {"asked", .takes = CC_TAKES_ANY}, {"found", .takes = CC_TAKES_ANY}, {"same", .takes = CC_TAKES_ANY}};
static const struct cc_parameter score_ids[] = {{"x", .takes = CC_TAKES_ANY}, {"ids", .takes = CC_TAKES_ANY}};
static const struct cc_parameter score_spelled[] = {{"x", .takes = CC_TAKES_ANY},
                                                    {"spelled", .takes = CC_TAKES_ANY}};
static const struct cc_parameter within_rows[] = {{"number", .takes = CC_TAKES_NUMBER},
                                                  {"least", .takes = CC_TAKES_NUMBER},
                                                  {"most", .takes = CC_TAKES_NUMBER}};
static const struct cc_parameter list[] = {{"list", .takes = CC_TAKES_LIST}};
static const struct cc_parameter shape[] = {{"shape", .takes = CC_TAKES_SHAPE}};
static const struct cc_parameter dim[] = {{"axis", .takes = CC_TAKES_DIM}};
static const struct cc_parameter x_shape[] = {{"x", .takes = CC_TAKES_ANY},
                                              {"shape", .takes = CC_TAKES_SHAPE}};
static const struct cc_parameter x_dim[] = {{"x", .takes = CC_TAKES_ANY},
                                            {"axis", CC_TAKES_DIM, .optional = true}};
static const struct cc_parameter x_dims[] = {{"x", .takes = CC_TAKES_ANY},
                                             {"axis", CC_TAKES_DIM, .rest = true}};
static const struct cc_parameter where_rows[] = {
    {"condition", .takes = CC_TAKES_ANY}, {"a", .takes = CC_TAKES_ANY}, {"b", .takes = CC_TAKES_ANY}};
static const struct cc_parameter standardize_rows[] = {
    {"x", .takes = CC_TAKES_ANY},
    {"axis", CC_TAKES_DIM, .optional = true},
    {"eps", CC_TAKES_NUMBER, CC_FROM(0), .optional = true, .by_name = true, .fallback = 1e-5}};
static const struct cc_parameter rms_rows[] = {
    {"x", .takes = CC_TAKES_ANY},
    {"axis", CC_TAKES_DIM, .optional = true},
    {"eps", CC_TAKES_NUMBER, CC_FROM(0), .optional = true, .by_name = true, .fallback = 1e-6}};
static const struct cc_parameter entmax_rows[] = {
    {"x", .takes = CC_TAKES_ANY},
    {"axis", CC_TAKES_DIM, .optional = true},
    {"alpha", CC_TAKES_NUMBER, CC_ALPHA, .optional = true, .fallback = 1.5}};
static const struct cc_parameter top_k_rows[] = {{"x", .takes = CC_TAKES_ANY},
                                                 {"K", CC_TAKES_WHOLE, .range = CC_FROM_TO(1, INT32_MAX)},
                                                 {"axis", CC_TAKES_DIM, .optional = true}};
static const struct cc_parameter cumsum_rows[] = {
    {"x", .takes = CC_TAKES_ANY},
    {"axis", CC_TAKES_DIM, .optional = true},
    {"reverse", CC_TAKES_SWITCH, .optional = true, .by_name = true}};
static const struct cc_parameter concat_rows[] = {{"part", CC_TAKES_ANY, .rest = true},
                                                  {"axis", CC_TAKES_ANY, .optional = true, .by_name = true}};
static const struct cc_parameter convolve_rows[] = {
    {"image", .takes = CC_TAKES_ANY},
    {"filter", .takes = CC_TAKES_ANY},
    {"size", CC_TAKES_WHOLE, .range = CC_FROM_TO(1, 32768)},
    {"stride", CC_TAKES_WHOLE, CC_FROM_TO(1, 32768), .optional = true, .by_name = true, .fallback = 1},
    {"offset", CC_TAKES_ANY, .optional = true, .by_name = true}};
static const struct cc_parameter square_rows[] = {{"image", .takes = CC_TAKES_ANY},
                                                  {"size", CC_TAKES_WHOLE, .range = CC_FROM_TO(1, 4096)}};
static const struct cc_parameter dropout_rows[] = {{"x", .takes = CC_TAKES_ANY},
                                                   {"rate", CC_TAKES_NUMBER, .range = CC_FROM_BELOW(0, 1)}};
static const struct cc_parameter config_rows[] = {{"key", .takes = CC_TAKES_TEXT},
                                                  {"otherwise", CC_TAKES_ANY, .optional = true},
                                                  {"file", CC_TAKES_TEXT, .optional = true, .by_name = true}};
static const struct cc_parameter refuse_rows[] = {{"why", .takes = CC_TAKES_TEXT}};
static const struct cc_parameter sample_rows[] = {{"V", .takes = CC_TAKES_DIM}, {"N", .takes = CC_TAKES_DIM}};
static const struct cc_parameter of_head[] = {{"z", .takes = CC_TAKES_ANY}};
static const struct cc_parameter scan_rows[] = {
    {"step", .takes = CC_TAKES_FUNCTION},
    {"start", .takes = CC_TAKES_ANY},
    {"x", .takes = CC_TAKES_ANY},
    {"more", CC_TAKES_ANY, .rest = true}, /* sequences, and what each step is given as it is */
    {"reverse", CC_TAKES_SWITCH, .optional = true, .by_name = true}};

/* The ops that programs call by a name of their own: those with RT_FUNCTION. */
static const struct cc_builtin ops[OP_COUNT] = {
#define LANE1(name, written, expression, slope, range, flags, doc)                                           \
  [OP_##name] = {written, CC_TAKES(just_x), run_unary, OP_##name, 0, doc},
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  [OP_##name] = {written, CC_TAKES(x_dim), cc_run_along, OP_##name, 0, doc},
#include "runtime/ops.def"
};

static const struct cc_builtin builtins[] = {
    {"where", CC_TAKES(where_rows), run_where, 0, 0, "a where the condition is true, else b"},
    {"sum", CC_TAKES(x_dims), run_reduce, OP_sum, 0, "sum over the named dims, over all when none is named"},
    {"mean", CC_TAKES(x_dims), run_reduce, 0, 0, "mean over the named dims, over all when none is named"},
    {"max", CC_TAKES(x_dims), run_reduce, OP_max, 0, "largest over the named dims, or the larger of two"},
    {"min", CC_TAKES(x_dims), run_reduce, OP_min, 0, "smallest over the named dims, or the smaller of two"},
    {"standardize", CC_TAKES(standardize_rows), cc_run_along, OP_standardize, 0,
     "(x - mean) / sqrt(variance + eps) along a dim, the last when none is named"},
    {"rms_standardize", CC_TAKES(rms_rows), cc_run_along, OP_rms, 0,
     "x / sqrt(mean(x^2) + eps) along a dim, the last when none is named"},
    {"sparsemax", CC_TAKES(x_dim), cc_run_entmax, OP_threshold, 2,
     "weights that sum to 1 along a dim, most of them 0: the nearest point of the simplex (Martins and "
     "Astudillo 2016)"},
    {"entmax", CC_TAKES(entmax_rows), cc_run_entmax, OP_threshold, 1.5,
     "weights that sum to 1 along a dim, between softmax (alpha near 1) and sparsemax (alpha = 2) (Peters et "
     "al. 2019)"},
    {"top_k", CC_TAKES(top_k_rows), cc_run_top_k, OP_threshold, 0,
     "1 where x is among the K largest along a dim, ties of the K-th included, else 0; no gradient flows "
     "through it"},
    {"cumsum", CC_TAKES(cumsum_rows), cc_run_cumsum, OP_cumsum, 0,
     "running sum along a dim, the last when none is named: of all up to here, or with reverse = true of all "
     "from here on"},
    {"reshape", CC_TAKES(x_shape), cc_run_reshape, 0, 0, "the same elements, in order, under other axes"},
    {"expand", CC_TAKES(x_shape), cc_run_expand, 0, 0,
     "x repeated along the axes that it lacks; an outer product is reshape(a, [N, 1]) @ reshape(b, [1, M])"},
    {"transpose", CC_TAKES(x_shape), cc_run_transpose, 0, 0, "the axes of x in the order given"},
    {"zeros", CC_TAKES(shape), cc_run_fill, 0, 0, "a tensor of zeros of that shape: `zeros([T, D])`"},
    {"ones", CC_TAKES(shape), cc_run_fill, 0, 1, "a tensor of ones of that shape: `ones([T, 1])`"},
    {"range", CC_TAKES(dim), cc_run_range, 0, 0, "0, 1, 2, … along a dim"},
    {"concat", CC_TAKES(concat_rows), cc_run_concat, 0, 0,
     "one behind the other along an axis, counted from 0; the last when none is given"},
    {"convolve", CC_TAKES(convolve_rows), cc_run_convolve, OP_convolve, 0,
     "of an image [H, W, C] each point and those around it in a square of `size` by `size`, row by row, "
     "times a matrix [size*size*C, F], plus an offset [F]; with `stride` only every stride-th row and "
     "column"},
    {"max_pool2d", CC_TAKES(square_rows), cc_run_max_pool, OP_max_pool, 0,
     "of an image [H, W, C] the largest of each square of `size` by `size` points, number by number; H and W "
     "are divisible by it"},
    {"one_hot", CC_TAKES(ids), run_one_hot, 0, 0, "1 at the id, 0 elsewhere, along a new last axis"},
    {"nll", CC_TAKES(score_ids), run_nll, OP_cross_entropy, 0,
     "-log_softmax(x) at the id; of an id that is no class, 0"},
    {"ctc_nll", CC_TAKES(score_spelled), run_nll, OP_ctc_nll, 0,
     "-log of the probability that frames of scores [T, V + 1], the last of which is blank, spell the ids, "
     "summed over all ways in which they can; loss ctc has it"},
    {"forward_chain", CC_TAKES(steps), run_op, OP_forward_chain, 0,
     "of steps[t, a, b], what b is worth at t behind a: the logarithm of e to the score of each way to b at "
     "t, "
     "summed, less that of all ways to t - 1"},
    {"assign", CC_TAKES(cost), run_op, OP_assign, 0,
     "of cost[N, M], which rows and columns are pairs, 1 for a pair, else 0: those whose costs add up to the "
     "least, each row and column in one at most (Kuhn 1955); no gradient flows through it"},
    {"batch_log_sum", CC_TAKES(pairs), run_batch_log_sum, 0, 0,
     "in a loss: the logarithm of the sum of e to the products of asked with found of each row of the batch, "
     "but for "
     "rows whose `same` is this row's; this row itself counts"},
    {"within", CC_TAKES(within_rows), run_within, 0, 0,
     "the number, which is refused unless it lies in between"},
    {"dropout", CC_TAKES(dropout_rows), run_dropout, 0, 0,
     "while training, zeroes elements with that probability and scales the others by 1/(1-rate)"},
    {"sample", CC_TAKES(sample_rows), cc_run_sample, 0, 0,
     "N whole numbers below V, such as words or classes, each as likely: [N] of V. Training draws others at "
     "each step, the same for all rows of a batch; else they are spread evenly"},
    {"weights", CC_TAKES(of_head), run_weights, 0, 0,
     "the weights of z, which a head gives: [queries, keys], with an axis of heads before them for a "
     "head[H]"},
    {"stop_gradient", CC_TAKES(just_x), run_stop, 0, 0, "x, but no gradient flows through it"},
    {"len", CC_TAKES(list), run_len, 0, 0, "how many items a list or a name... argument has"},
    {"config", CC_TAKES(config_rows), cc_run_config, 0, 0,
     "what config.json beside the weights says of that key, a number or a text; `otherwise` where it says "
     "nothing: `dim D = config(\"hidden_size\")`"},
    {"refuse", CC_TAKES(refuse_rows), cc_run_refuse, 0, 0,
     "an error with that text, where the program cannot be meant: `else { return refuse(\"…\") }`"},
    {"gumbel", NULL, -1, run_in_slots, 0, 0, "Gumbel noise for each score: in training, else 0"},
    {"normal", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as normal numbers of mean 0 and that standard deviation: `E = param[V, D] = "
     "normal(0.1)`"},
    {"uniform", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as uniform numbers between the two; with one number A, from -A to A: `param[D] = "
     "uniform(0.1)`"},
    {"glorot", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as uniform numbers from -a to a, with a = gain sqrt(6 / (n + m)) for n rows and m "
     "columns; what starts a matrix when nothing is said (Glorot and Bengio 2010)"},
    {"he", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as normal numbers of standard deviation gain sqrt(2 / n), for n rows; made for "
     "relu: `W = param[I, O] = he` (He et al. 2015)"},
    {"orthogonal", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as a random matrix, times gain, whose rows or columns, whichever are fewer, have "
     "length 1 and are at right angles (Saxe et al. 2014)"},
    {"eye", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as the matrix with `scale` on its diagonal and 0 elsewhere: `W = param[D, D] = "
     "eye`"},
    {"load", NULL, -1, run_initialiser, 0, 0,
     "a parameter starts as that tensor of a safetensors file, which must have its shape: `W = param[I, O] = "
     "load(\"bert.safetensors\", \"pooler.weight\")'`, where the mark ' turns a matrix over; without a "
     "tensor as the "
     "vectors of words of a text file: `E = param[V, D] = load(\"glove.txt\")`"},
    {"scan", CC_TAKES(scan_rows), cc_scan, 0, 0,
     "the states that step(state, row of x, …) makes row by row, beginning with `start`; where step gives a "
     "second result, those"},
    {"pi", NULL, -1, NULL, 0, 3.14159265358979323846, "the number 3.14159…"},
    {"inf", NULL, -1, NULL, 0, INFINITY, "infinity"},
    {"true", NULL, -1, NULL, 0, 1, "the number 1, as comparisons give it"},
    {"false", NULL, -1, NULL, 0, 0, "the number 0"},
};

int cc_builtin_call(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                    struct cc_value *result) {
  const struct cc_callee callee = {.name = self->name,
                                   .noun = "argument",
                                   .parameter = self->takes,
                                   .count = self->count,
                                   .open = self->run == cc_scan};
  struct cc_call_args matched;
  if (self->count < 0) return self->run(c, self, args, result);
  int status = cc_match_values(c, &callee, args, &matched);
  if (status != RT_OK) rt_hint(c->error, "%s", self->doc);
  return status != RT_OK ? status : self->run(c, self, &matched, result);
}

const struct cc_builtin *cc_builtin_at(int index) {
  if (index < 0) return NULL;
  if ((size_t)index < RT_COUNT(builtins)) return &builtins[index];
  index -= (int)RT_COUNT(builtins);
  for (int op = 0; op < OP_COUNT; op++)
    if (rt_op_info[op].flags & RT_FUNCTION && index-- == 0) return &ops[op];
  return NULL;
}

const struct cc_builtin *cc_builtin_find(const char *name) {
  const struct cc_builtin *builtin;
  for (int i = 0; (builtin = cc_builtin_at(i)); i++)
    if (!strcmp(builtin->name, name)) return builtin;
  return NULL;
}
