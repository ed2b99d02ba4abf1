/* compile.c: the stages in their order: elaborate, differentiate, emit each function, verify. */
#include "compiler/compile.h"

#include <string.h>

#include "compiler/emit_model.h"
#include "compiler/ir/passes.h"

/* By number of a head: why it must be computed as tensors, which the emitter finds out. NULL: it need not. */
struct unfit {
  const char **why;
  uint32_t count;
  bool again; /* heads were added */
};

struct compilation {
  struct cc_context c;
  struct ir_graph graph;
  struct cc_frame frame;
  struct cc_scope scope;
};

static int begin(struct compilation *k, struct cc_program *program, struct rt_error *error) {
  memset(k, 0, sizeof *k);
  k->c = (struct cc_context){.program = program,
                             .model = &k->graph,
                             .frame = &k->frame,
                             .scope = &k->scope,
                             .unit = program->main,
                             .stamp = ++program->elaborations,
                             .head_dim = VM_NO_DIM,
                             .heads = {VM_NO_DIM, VM_NO_DIM},
                             .builtin_named = cc_builtin_find,
                             .error = error};
  k->c.module = rt_zalloc(1, sizeof *k->c.module);
  if (!k->c.module || vm_dims_init(&k->c.module->dims) || ir_graph_init(&k->graph, &k->c.module->dims))
    return rt_no_memory(error);
  k->graph.module = k->c.module;
  return RT_OK;
}

/* Notes which heads turned out to be too large for a plan: then the program is compiled again, with these as
 * tensors. */
static int note_unfit(struct compilation *k, struct unfit *unfit) {
  struct rt_arena *a = &k->c.program->arena;
  const struct ir_graph *g = &k->graph;
  unfit->again = false;
  for (uint32_t h = 0; h < g->head_count; h++) {
    const struct ir_head *head = g->head[h];
    if (!head->unfit) continue;
    if (!unfit->why) {
      unfit->why = rt_arena_alloc(a, g->head_count * sizeof *unfit->why);
      if (!unfit->why) return rt_no_memory(k->c.error);
      memset(unfit->why, 0, g->head_count * sizeof *unfit->why);
      unfit->count = g->head_count;
    }
    unfit->why[head->number] = rt_arena_strndup(a, head->unfit, strlen(head->unfit));
    if (!unfit->why[head->number]) return rt_no_memory(k->c.error);
    unfit->again = true;
  }
  if (unfit->again) rt_error_clear(k->c.error);
  return RT_OK;
}

static struct vm_module *end(struct compilation *k, int status, bool settled) {
  struct vm_module *module = k->c.module;
  if (module && !settled) {
    rt_free(module->param);
    module->param = NULL;
    module->param_count = 0;
  }
  rt_free(k->c.param_node);
  rt_free(k->c.weights);
  rt_free(k->c.named);
  rt_free(k->c.required);
  rt_free(k->c.asked);
  rt_map_free(&k->frame.used);
  rt_map_free(&k->c.param_of);
  rt_map_free(&k->c.taken_path);
  cc_scope_free(&k->scope);
  ir_graph_free(&k->graph);
  if (status == RT_OK) return module;
  vm_module_free(module);
  return NULL;
}

/* What all nodes ask of sizes, also those that nothing uses: what no sizes can meet is a mistake in
 * either case. */
static int require_all(struct cc_context *c) {
  const struct gr_span own = {0};
  int status = cc_require_nodes(c, c->model, 1, own);
  for (uint32_t k = 0; k < c->model->scan_count && status == RT_OK; k++)
    status = cc_require_nodes(c, c->model->scan[k]->body, 1, own);
  return status;
}

/* ---- the model ---- */

/* What the rows must be like for every value that is ever computed: outputs, loss, and weights to look at. */
static int model_requirements(struct cc_context *c, const struct cc_elaborated *e) {
  size_t count = 0, most = c->module->output_count + c->weights_count + 1;
  ir_id *root = rt_arena_alloc(&c->model->arena, sizeof *root * most);
  if (!root) return cc_out_of_memory(c);
  for (uint32_t o = 0; o < c->module->output_count; o++) root[count++] = e->output[o];
  for (size_t w = 0; w < c->weights_count; w++) root[count++] = c->weights[w].id;
  root[count++] = e->loss.total;
  int status = require_all(c);
  return status != RT_OK ? status : cc_requirements(c, (int)count, root);
}

static int elaborate_model(struct compilation *k, struct cc_elaborated *e) {
  struct cc_context *c = &k->c;
  const struct cc_program *program = c->program;
  const struct gr_node *model = cc_item(program->main, GR_MODEL);
  struct cc_value result[CC_MOST_OUTPUTS];
  struct cc_results results = {result, CC_MOST_OUTPUTS, -1};
  int status;
  if (!model) {
    rt_fail_in(c->error, RT_BAD_DATA, program->main->path, "%s has no model", program->main->path);
    rt_hint(c->error, "a model reads `model NAME(COLUMN, …) -> COLUMN { … return … }`; to run a single "
                      "function use aqc run");
    return c->error->code;
  }
  if (model->child[1]->count > CC_MOST_OUTPUTS)
    return gr_fail(c->error, model->child[1]->span, "at most %d outputs", CC_MOST_OUTPUTS);
  struct cc_definition definition = {
      .name = model->text, .node = (struct gr_node *)model, .unit = program->main};
  k->frame = (struct cc_frame){.definition = &definition};
  k->frame.path = c->module->name = rt_arena_strndup(&c->module->arena, model->text, strlen(model->text));
  if (!c->module->name) return cc_out_of_memory(c);
  if ((status = cc_data(c, model))) return status;
  if ((status = cc_block(c, model->child[2], &results))) return status;
  if (results.count < 0) {
    gr_fail(c->error, model->name_span, "the model `%s` ends without a return", model->text);
    rt_hint(c->error, "it returns one value for each column behind `->`, as in return linear(x, C)");
    return c->error->code;
  }
  if ((status = cc_outputs(c, model, &results, e->output))) return status;
  e->named_count = c->named_count;
  if (!program->kept && (status = cc_check_causal(c, e->output))) return status;
  if ((status = cc_loss(c, e->output, &e->loss))) return status;
  if ((status = model_requirements(c, e))) return status;
  status = cc_train_settings(c, cc_item(program->main, GR_TRAIN), &c->module->settings);
  return status != RT_OK ? status : cc_warn_idle_terms(c, &e->loss);
}

/* What is given a value is a dim or const of the main file, or a size of a function's arguments. */
static int unknown_definition(struct cc_context *c, const struct gr_node *entry) {
  const struct cc_unit *main = c->program->main;
  struct rt_nearest nearest = {entry->text, NULL, 0};
  if (cc_is_value(cc_own_definition(main, entry->text))) return RT_OK;
  for (size_t k = 0; k < main->definition_count; k++)
    if (cc_is_value(&main->definition[k])) rt_nearest_consider(&nearest, main->definition[k].name);
  for (size_t k = 0; k < c->program->choice_count; k++)
    rt_nearest_consider(&nearest, c->program->choice[k].shown);
  gr_fail(c->error, entry->span, "%s has no dim or const called `%s`", main->path, entry->text);
  if (!cc_hint_choices(c->program, entry->text, c->error) && nearest.best)
    rt_hint(c->error, "did you mean `%s`?", nearest.best);
  return c->error->code;
}

static int unknown_definitions(struct cc_context *c) {
  const struct cc_assigned_list *list = &c->program->define;
  int status = RT_OK;
  for (int k = 0; list->entry && k < list->count && status == RT_OK; k++)
    if (list->entry[k] && !list->used[k]) status = unknown_definition(c, list->entry[k]);
  return status;
}

static struct vm_module *compile_model(struct cc_program *program, struct unfit *unfit,
                                       struct rt_error *error) {
  struct compilation k;
  struct cc_elaborated e = {0};
  bool settled = false;
  int status = begin(&k, program, error);
  k.c.unfit = unfit->why;
  k.c.unfit_count = unfit->count;
  if (status == RT_OK) status = elaborate_model(&k, &e);
  if (status == RT_OK) status = unknown_definitions(&k.c);
  if (status == RT_OK) {
    settled = true;
    status = cc_settle(&k.c);
  }
  if (status == RT_OK) {
    status = cc_emit_model(&k.c, &e);
    if (status == RT_BAD_DATA && note_unfit(&k, unfit) != RT_OK) status = RT_NO_MEMORY;
  }
  if (status == RT_OK) status = vm_verify(k.c.module, error);
  const struct gr_node *model = cc_item(program->main, GR_MODEL);
  if (status != RT_OK && model && error) cc_place_memory(error, model->name_span, "the compiled model");
  return end(&k, status, settled);
}

struct vm_module *cc_compile_model(struct cc_program *program, struct rt_error *error) {
  struct unfit unfit = {0};
  struct vm_module *module;
  do {
    unfit.again = false;
    module = compile_model(program, &unfit, error);
  } while (!module && unfit.again);
  return module;
}

/* ---- one function ---- */

static int elaborate_body(struct cc_context *c, const struct cc_definition *d, struct cc_results *results) {
  int status;
  if (d->node->kind == GR_HEAD) {
    results->count = 1;
    status = cc_head_body(c, d, results->value);
    return status != RT_OK ? status : require_all(c);
  }
  status = cc_block(c, d->node->child[2], results);
  if (status == RT_OK && results->count < 0)
    status = gr_fail(c->error, d->node->name_span, "`%s` ends without a return", d->name);
  if (status == RT_OK) status = cc_check_result(c, d, results, c->scope);
  return status != RT_OK ? status : require_all(c);
}

static int elaborate_function(struct compilation *k, const struct cc_definition *d,
                              struct cc_results *results, bool *runnable) {
  struct cc_context *c = &k->c;
  k->frame = (struct cc_frame){.definition = d};
  k->frame.path = c->module->name = rt_arena_strndup(&c->module->arena, d->name, strlen(d->name));
  if (!c->module->name) return cc_out_of_memory(c);
  c->unit = d->unit;
  int status = cc_function_arguments(c, d->node->child[0], runnable);
  if (status != RT_OK || !*runnable) return status;
  status = elaborate_body(c, d, results);
  if (status != RT_BAD_DATA || !cc_guessed_wrong(c)) return status;
  rt_error_clear(c->error);
  *runnable = false;
  return RT_OK;
}

static const struct cc_definition *choose_function(struct cc_program *program, const char *name,
                                                   struct rt_error *error) {
  const struct cc_definition *chosen = NULL;
  for (size_t i = 0; i < program->main->definition_count && !name; i++) {
    enum gr_kind kind = program->main->definition[i].node->kind;
    if (kind == GR_FN || kind == GR_HEAD) chosen = &program->main->definition[i];
  }
  if (name) chosen = cc_find(program, program->main, name);
  if (chosen && (chosen->node->kind == GR_FN || chosen->node->kind == GR_HEAD)) return chosen;
  rt_fail(error, RT_USAGE, name ? "%s has no fn or head `%s`" : "%s has no fn or head", program->main->path,
          name);
  return NULL;
}

const struct gr_node *cc_argument_of(struct cc_program *program, const char *function, const char *argument) {
  const struct cc_definition *d = cc_find(program, program->main, function);
  const struct gr_node *params = d && d->node->count > 0 ? d->node->child[0] : NULL;
  for (int p = 0; params && params->kind == GR_PARAMS && p < params->count; p++)
    if (!strcmp(params->child[p]->text, argument)) return params->child[p];
  return NULL;
}

static ir_id sum_of_outputs(struct cc_context *c, int count, const ir_id *id) {
  ir_id sum = 0;
  for (int i = 0; i < count; i++) {
    const struct ir_at at = cc_in_model(c, c->model->node[id[i]].span);
    ir_id one = ir_sum(at, c->alone->waves ? ir_unary(at, OP_sin, id[i]) : id[i], 0, false);
    sum = i ? ir_binary(cc_in_model(c, c->model->node[id[i]].span), OP_add, sum, one) : one;
  }
  return sum;
}

/* Gradients of the sum of all outputs for every real argument and every parameter, zeros where it does not
 * depend on one. */
static int append_gradients(struct cc_context *c, struct ir_outputs *out, ir_id *id, const char **name) {
  struct vm_module *m = c->module;
  size_t most = (size_t)m->input_count + m->param_count + 1;
  ir_id *wrt = rt_arena_alloc(&c->model->arena, sizeof *wrt * (most + (size_t)out->count)),
        *grad = rt_arena_alloc(&c->model->arena, sizeof *grad * most);
  int count = 0;
  if (!wrt || !grad) return cc_out_of_memory(c);
  for (ir_id n = 1; n < c->model->count; n++) {
    bool leaf = c->model->node[n].op == OP_param
                || (c->model->node[n].op == OP_input && c->model->node[n].type.dtype == RT_REAL);
    if (leaf) wrt[count++] = n;
  }
  wrt[count] = sum_of_outputs(c, out->count, id);
  if (!wrt[count]) return c->error->code;
  memcpy(wrt + count + 1, id, (size_t)out->count * sizeof *id);
  int status = ir_multiply_less(c->model, count + 1 + out->count, wrt, false, c->error);
  memcpy(id, wrt + count + 1, (size_t)out->count * sizeof *id);
  const struct ir_derivative wanted = {wrt[count], 0, count, wrt, grad};
  if (status == RT_OK) status = ir_gradient(c->model, wanted, c->error);
  for (int i = 0; i < count && status == RT_OK; i++) {
    struct ir_node leaf = c->model->node[wrt[i]];
    const char *of = leaf.op == OP_param ? m->param[leaf.attr[0]].name : m->input[leaf.attr[0]].name;
    if (!grad[i]) grad[i] = ir_constant(cc_in_model(c, leaf.span), 0, &leaf.type);
    id[out->count] = grad[i];
    name[out->count++] = rt_arena_printf(&m->arena, "grad.%s", of);
    if (!grad[i] || !name[out->count - 1]) status = cc_out_of_memory(c);
  }
  return status;
}

/* The results of a function as tensors with names. */
static int named_results(struct cc_context *c, const struct cc_definition *d,
                         const struct cc_results *results, ir_id *id, const char **name) {
  for (int i = 0; i < results->count; i++) {
    int status = cc_to_tensor(c, &results->value[i], d->node->name_span, &id[i]);
    if (status != RT_OK) return status;
    const char *label = results->value[i].label;
    name[i] = label ? label : results->count == 1 ? "out" : rt_arena_printf(&c->module->arena, "out.%d", i);
    if (!name[i]) return cc_out_of_memory(c);
  }
  return RT_OK;
}

static int emit_function(struct cc_context *c, const struct cc_definition *d,
                         const struct cc_results *results, const struct cc_alone *alone) {
  const int count = results->count;
  struct vm_module *m = c->module;
  size_t most = (size_t)count + m->input_count + m->param_count + 1;
  ir_id *id = rt_arena_alloc(&c->model->arena, sizeof *id * most);
  const char **name = rt_arena_alloc(&m->arena, sizeof *name * most);
  if (!id || !name) return cc_out_of_memory(c);
  struct ir_outputs out = {.count = count, .id = id, .name = name, .training = alone->training};
  int status = named_results(c, d, results, id, name);
  if (status == RT_OK) status = cc_requirements(c, count, id);
  if (status == RT_OK) status = ir_take_blocks(c->model, c->error);
  if (status == RT_OK && alone->gradients) status = append_gradients(c, &out, id, name);
  return status != RT_OK ? status : ir_emit(c->model, &out, "run", m, c->error);
}

static struct vm_module *compile_function(struct cc_program *program, const struct cc_definition *d,
                                          const struct cc_alone *alone, struct unfit *unfit,
                                          struct rt_error *error) {
  struct compilation k;
  struct cc_value value[CC_MOST_RESULTS] = {{CC_NONE}};
  struct cc_results results = {value, CC_MOST_RESULTS, -1};
  bool runnable = true, settled = false;
  int status = begin(&k, program, error);
  k.c.unfit = unfit->why;
  k.c.unfit_count = unfit->count;
  k.c.alone = alone;
  if (status == RT_OK) status = elaborate_function(&k, d, &results, &runnable);
  if (status == RT_OK && !runnable)
    status = gr_fail(
        error, d->node->name_span,
        "`%s` has an argument without a type and without a default, so it cannot be run by itself", d->name);
  if (status == RT_OK) status = unknown_definitions(&k.c);
  if (status == RT_OK) {
    settled = true;
    status = cc_settle(&k.c);
  }
  if (status == RT_OK) status = cc_train_settings(&k.c, NULL, &k.c.module->settings);
  if (status == RT_OK) {
    status = emit_function(&k.c, d, &results, alone);
    if (status == RT_BAD_DATA && note_unfit(&k, unfit) != RT_OK) status = RT_NO_MEMORY;
  }
  if (status == RT_OK) status = vm_verify(k.c.module, error);
  return end(&k, status, settled);
}

struct vm_module *cc_compile_function(struct cc_program *program, const struct cc_alone *alone,
                                      struct rt_error *error) {
  const struct cc_definition *d = choose_function(program, alone->name, error);
  struct unfit unfit = {0};
  struct vm_module *module = NULL;
  do {
    unfit.again = false;
    if (d) module = compile_function(program, d, alone, &unfit, error);
  } while (!module && unfit.again);
  return module;
}

/* ---- what results are made of ---- */

static int elaborate_runnable(struct compilation *k, const struct cc_definition *d,
                              struct cc_results *results) {
  bool runnable = true;
  int status = elaborate_function(k, d, results, &runnable);
  return status != RT_OK || runnable
             ? status
             : gr_fail(k->c.error, d->node->name_span,
                       "`%s` has an argument without a type and without a default, so it cannot be looked at "
                       "by itself",
                       d->name);
}

int cc_reaches(struct cc_program *program, const char *name, cc_reach_row *row, void *context,
               struct rt_error *error) {
  struct compilation k;
  struct cc_elaborated e = {0};
  struct cc_value value[CC_MOST_RESULTS];
  struct cc_results results = {value, CC_MOST_RESULTS, -1};
  struct cc_reach_asked asked[CC_MOST_RESULTS + CC_MOST_OUTPUTS];
  ir_id id[CC_MOST_RESULTS];
  const char *names[CC_MOST_RESULTS];
  const bool of_model = !name && cc_item(program->main, GR_MODEL);
  const struct cc_definition *d = of_model ? NULL : choose_function(program, name, error);
  if (!of_model && !d) return error->code;
  int status = begin(&k, program, error), count = 0;
  if (status == RT_OK) status = of_model ? elaborate_model(&k, &e) : elaborate_runnable(&k, d, &results);
  if (status == RT_OK && !of_model) status = named_results(&k.c, d, &results, id, names);
  if (status == RT_OK) count = of_model ? (int)k.c.module->output_count : results.count;
  for (int o = 0; o < count; o++)
    asked[o] = of_model ? (struct cc_reach_asked){e.output[o], k.c.module->output[o].name}
                        : (struct cc_reach_asked){id[o], names[o]};
  if (status == RT_OK) status = cc_find_reaches(&k.c, count, asked, row, context);
  vm_module_free(end(&k, status, false));
  return status;
}

/* ---- check ---- */

/* The value of a return that can be read off without knowing the arguments: a text, number, list or
 * function. */
static bool literal(const struct cc_context *c, const struct cc_definition *d, const struct gr_node *node,
                    struct cc_value *value) {
  const struct gr_node *params = d->node->child[0];
  bool bound = d->node->child[2]->count > 1;
  for (int p = 0; node->kind == GR_NAME && p < params->count; p++)
    bound |= !strcmp(params->child[p]->text, node->text);
  const struct cc_definition *function =
      node->kind == GR_NAME && !bound ? cc_find(c->program, c->unit, node->text) : NULL;
  *value = (struct cc_value){.kind = node->kind == GR_STRING              ? CC_STRING
                                     : node->kind == GR_NUMBER            ? CC_NUMBER
                                     : node->kind == GR_LIST              ? CC_LIST
                                     : function && !cc_is_value(function) ? CC_FUNCTION
                                                                          : CC_NONE,
                             .text = node->text,
                             .number = node->number,
                             .item_count = node->count,
                             .function = function};
  return value->kind != CC_NONE;
}

/* A function that cannot be run because its arguments say too little. What it returns literally, such as
 * a text, is checked all the same. */
static int check_literals(struct cc_context *c, const struct cc_definition *d, const struct gr_node *node) {
  struct cc_value value;
  const struct cc_results results = {&value, 1, node->count};
  if (node->kind == GR_RETURN)
    return node->count > 1 || literal(c, d, node->child[0], &value)
               ? cc_check_result(c, d, &results, c->scope)
               : RT_OK;
  if (node->kind != GR_BLOCK && node->kind != GR_IF && node->kind != GR_FOR) return RT_OK;
  for (int i = 0; i < node->count; i++) {
    int status = node->child[i] ? check_literals(c, d, node->child[i]) : RT_OK;
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* A function that perhaps nothing calls. It is proven for all sizes of its arguments, as far as its
 * signature says what they are. */
static int check_function(struct cc_program *program, const struct cc_definition *d, struct rt_error *error) {
  struct compilation k;
  struct cc_value value[CC_MOST_RESULTS] = {{CC_NONE}};
  struct cc_results results = {value, CC_MOST_RESULTS, -1};
  int status = begin(&k, program, error);
  bool runnable;
  if (status == RT_OK) status = elaborate_function(&k, d, &results, &runnable);
  vm_module_free(end(&k, status, false));
  if (status != RT_OK || runnable) return status;
  status = begin(&k, program, error);
  k.c.unit = d->unit;
  if (status == RT_OK) status = check_literals(&k.c, d, d->node->child[2]);
  vm_module_free(end(&k, status, false));
  return status;
}

static int check_extern(struct cc_program *program, const struct cc_definition *d, struct rt_error *error) {
  struct compilation k;
  uint32_t number;
  int status = begin(&k, program, error);
  if (status == RT_OK) status = cc_extern(&k.c, d, &number);
  vm_module_free(end(&k, status, false));
  return status;
}

int cc_check_given(struct cc_program *program, struct rt_error *error) {
  struct compilation k;
  int status = begin(&k, program, error);
  if (status == RT_OK) status = unknown_definitions(&k.c);
  vm_module_free(end(&k, status, false));
  return status;
}

int cc_check_values(struct cc_program *program, struct rt_error *error) {
  struct compilation k;
  struct cc_value value;
  int status = begin(&k, program, error);
  for (struct cc_definition *d = program->first; d && status == RT_OK; d = d->next)
    if (cc_is_value(d)) status = cc_value_of(&k.c, d, &value);
  vm_module_free(end(&k, status, false));
  return status;
}

/* Of a program that has no model yet: what it says of its data and its training is right by itself. */
int cc_check_alone(struct cc_program *program, struct rt_error *error) {
  struct compilation k;
  struct cc_context *c = &k.c;
  int status = begin(&k, program, error);
  if (status == RT_OK) status = cc_data_alone(c);
  if (status == RT_OK) status = cc_train_settings(c, cc_item(program->main, GR_TRAIN), &c->module->settings);
  vm_module_free(end(&k, status, false));
  return status;
}

static int check_model(struct cc_program *program, struct vm_module **model, struct rt_error *error) {
  struct compilation k;
  struct cc_elaborated e;
  bool settled = false;
  int status = begin(&k, program, error);
  if (status == RT_OK) status = elaborate_model(&k, &e);
  if (status == RT_OK) {
    settled = true;
    status = cc_settle(&k.c);
  }
  if (status == RT_OK) status = cc_check_gradient(&k.c, &e);
  struct vm_module *module = end(&k, status, settled);
  if (model)
    *model = module;
  else
    vm_module_free(module);
  return status;
}

int cc_check_one(struct cc_program *program, const struct cc_definition *d, struct vm_module **model,
                 struct rt_error *error) {
  enum gr_kind kind = d->node->kind;
  if (kind == GR_FN || kind == GR_HEAD) return check_function(program, d, error);
  if (kind == GR_EXTERN) return check_extern(program, d, error);
  return kind == GR_MODEL && d->unit == program->main ? check_model(program, model, error) : RT_OK;
}
