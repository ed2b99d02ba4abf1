/* explain_model.c: what the compiler made of a program, and what it costs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libaq/explain/explain.h"
#include "libaq/model/requirement_words.h"
#include "runtime/lanes.h"
#include "vm/work.h"

/* Sizes that data decide. For a model without data these are assumed. */
enum { ASSUMED_WIDTH = 64 };

/* ---- sizes ---- */

static int64_t assumed_size(const struct vm_module *m, size_t symbol) {
  for (uint32_t i = 0; i < m->input_count; i++)
    if (vm_input_axis(&m->dims, &m->input[i], (int64_t)symbol) >= 0) return m->input[i].column->kind->usual;
  return ASSUMED_WIDTH;
}

static int settle_sizes(struct explanation *x, struct rt_error *error) {
  struct vm_dims *dims = &x->module->dims;
  x->assumed = rt_zalloc(dims->symbol_count + 1, sizeof *x->assumed);
  if (!x->assumed) return rt_no_memory(error);
  for (size_t s = 0; s < dims->symbol_count; s++) {
    if (dims->symbol[s].kind != VM_BOUND || dims->symbol[s].value >= 0) continue;
    dims->symbol[s].value = assumed_size(x->module, s);
    x->assumed[s] = true;
  }
  return lib_sizes_fit(x->module, NULL, x->assumed, error);
}

/* The sizes of an example of that length, or of the nearest one for which the program holds. */
static int example_sizes(struct explanation *x, struct rt_error *error) {
  struct vm_module *m = x->module;
  int64_t longest = 0, ragged = 0;
  x->size = rt_zalloc(m->dims.symbol_count + 1, sizeof *x->size);
  if (!x->size) return rt_no_memory(error);
  for (size_t s = 0; s < m->dims.symbol_count; s++)
    x->size[s] = m->dims.symbol[s].kind == VM_RAGGED ? x->length : -1;
  int status = lib_sizes_fit(m, x->size, NULL, error);
  for (size_t s = 0; s < m->dims.symbol_count; s++) {
    ragged += m->dims.symbol[s].kind == VM_RAGGED;
    longest = x->size[s] > longest ? x->size[s] : longest;
  }
  if (ragged && m->requirement_count) x->length = longest;
  return status;
}

/* The sizes of a batch of such examples, in the arena. NULL: no memory. */
static const int64_t *const *batch_sizes(const struct explanation *x, int64_t examples,
                                         struct rt_arena *arena) {
  const struct vm_dims *dims = &x->module->dims;
  int64_t **size = rt_arena_alloc(arena, (dims->symbol_count + 1) * sizeof *size);
  for (size_t s = 0; size && s < dims->symbol_count; s++) {
    if (!(size[s] = rt_arena_alloc(arena, (size_t)examples * sizeof **size))) return NULL;
    for (int64_t e = 0; e < examples; e++) size[s][e] = x->size[s];
  }
  return (const int64_t *const *)size;
}

/* ---- work ---- */

/* Of a function, which may be NULL: there is none. */
static int add_cost(struct explanation *x, const struct vm_function *f, int64_t examples,
                    struct rt_pool *pool, struct rt_error *error) {
  struct rt_arena arena = {0};
  struct cost *cost = &x->cost[x->cost_count];
  if (!f) return RT_OK;
  const int64_t *const *size = batch_sizes(x, examples, &arena);
  struct vm_machine *machine = size ? vm_machine_measuring(x->module, f, RT_F32, pool, error) : NULL;
  int status = !size     ? rt_no_memory(error)
               : machine ? vm_machine_bind(machine, examples, size, error)
                         : error->code;
  rt_arena_free(&arena);
  *cost = (struct cost){.function = f, .examples = examples};
  if (status == RT_OK) cost->flops = vm_function_flops(machine) / (double)examples;
  if (status == RT_OK && examples == 1 && !x->head) status = explain_count_heads(x, machine, f, error);
  if (status == RT_OK) {
    cost->bytes = vm_machine_memory(machine).slots;
    x->cost_count++;
  }
  vm_machine_free(machine);
  return status;
}

/* Of two ways to train, the one that training takes for such a batch. */
static int add_training(struct explanation *x, int64_t batch, struct rt_pool *pool, struct rt_error *error) {
  struct rt_arena arena = {0};
  const struct vm_function *many = vm_module_function(x->module, VM_TRAIN_MANY), *f = NULL;
  const int64_t *const *size = batch_sizes(x, batch, &arena);
  if (size) f = vm_training_function(x->module, batch, size, pool);
  rt_arena_free(&arena);
  if (!size) return rt_no_memory(error);
  int status = add_cost(x, f, batch, pool, error);
  if (status == RT_OK && many) x->cost[x->cost_count - 1].way = f == many ? "many rows" : "few rows";
  return status;
}

/* ---- words ---- */

static int64_t elements_of(const struct explanation *x, const struct vm_type *type) {
  int64_t n = 1, size = 0;
  for (int a = 0; a < type->rank; a++) {
    vm_dim_value(&x->module->dims, type->dim[a], NULL, &size, NULL);
    n *= size;
  }
  return n;
}

static int assumptions(struct explanation *x, struct rt_error *error) {
  const struct vm_dims *dims = &x->module->dims;
  struct rt_text sizes = {0};
  for (size_t n = 0; n < dims->symbol_count; n++)
    if (x->assumed[n])
      rt_text_printf(&sizes, "%s%s = %" PRId64, sizes.length ? ", " : "", dims->symbol[n].name,
                     dims->symbol[n].value);
  int status = sizes.failed ? rt_no_memory(error) : RT_OK;
  if (sizes.length) {
    aq_shown_begin(x->shown, "assumed");
    for (size_t n = 0; n < dims->symbol_count; n++)
      if (x->assumed[n]) aq_shown_whole(x->shown, dims->symbol[n].name, NULL, dims->symbol[n].value);
    if (status == RT_OK) aq_shown_note(x->shown, NULL, "assuming, as there is no data, %s", sizes.data);
    aq_shown_end(x->shown);
  }
  rt_text_free(&sizes);
  return status;
}

static int requirement(struct explanation *x, const struct vm_requirement *r, struct rt_error *error) {
  struct rt_text words = {0}, condition = {0}, place = {0};
  lib_requirement_words(x->program, r, &words);
  vm_requirement_print(&x->program->dims, r, &condition);
  lib_requirement_place(r, false, &place);
  bool failed = words.failed || condition.failed || place.failed;
  if (!failed) {
    aq_shown_begin(x->shown, NULL);
    aq_shown_text(x->shown, "needs", NULL, words.data);
    aq_shown_say(x->shown, "%s: %s", words.data, place.data);
    aq_shown_text(x->shown, "condition", NULL, condition.data);
    aq_shown_text(x->shown, "source", NULL, r->what);
    aq_shown_text(x->shown, "file", NULL, r->file);
    aq_shown_whole(x->shown, "line", NULL, r->line);
    aq_shown_whole(x->shown, "column", NULL, r->column);
    aq_shown_end(x->shown);
  }
  rt_text_free(&words);
  rt_text_free(&condition);
  rt_text_free(&place);
  return failed ? rt_no_memory(error) : RT_OK;
}

/* What the sizes of a row have to be like. */
static int requirements(struct explanation *x, struct rt_error *error) {
  int status = RT_OK;
  aq_shown_list(x->shown, "requirements");
  for (uint32_t i = 0; i < x->program->requirement_count && status == RT_OK; i++)
    status = requirement(x, &x->program->requirement[i], error);
  aq_shown_end(x->shown);
  return status;
}

/* What training does with it that it does not do with all. */
static void how_trained(struct explanation *x, const struct vm_param *param, struct rt_text *out) {
  const struct vm_settings *s = &x->module->settings;
  aq_shown_flag(x->shown, "frozen", NULL, param->frozen);
  if (param->frozen) {
    rt_text_puts(out, ", frozen");
    return;
  }
  aq_shown_real(x->shown, "lr", NULL, param->lr);
  aq_shown_real(x->shown, "weight_decay", NULL, param->weight_decay);
  char digits[SHOWN_EXACT_SIZE];
  shown_short(digits, param->lr);
  if (param->lr != s->learning_rate) rt_text_printf(out, ", lr %s", digits);
  shown_short(digits, param->weight_decay);
  if (param->decay && param->weight_decay != s->weight_decay)
    rt_text_printf(out, ", weight_decay %s", digits);
}

static int tensor(struct explanation *x, const struct vm_param *param, int width, struct rt_error *error) {
  int64_t elements = elements_of(x, &param->type);
  struct rt_text type = {0};
  vm_type_print(&x->module->dims, &param->type, &type);
  aq_shown_begin(x->shown, NULL);
  aq_shown_text(x->shown, "name", NULL, param->name);
  aq_shown_whole(x->shown, "elements", NULL, elements);
  how_trained(x, param, &type);
  aq_shown_note(x->shown, NULL, "%-*s  %10" PRId64 "  %s", width, param->name, elements,
                type.failed ? "" : type.data);
  aq_shown_end(x->shown);
  int status = type.failed ? rt_no_memory(error) : RT_OK;
  rt_text_free(&type);
  return status;
}

static int params(struct explanation *x, struct rt_error *error) {
  const struct vm_module *m = x->module;
  int64_t total = 0, trained = 0;
  int width = 0, status = RT_OK;
  for (uint32_t p = 0; p < m->param_count; p++) {
    int length = (int)strlen(m->param[p].name);
    int64_t elements = elements_of(x, &m->param[p].type);
    width = length > width ? length : width;
    total += elements;
    if (!m->param[p].frozen) trained += elements;
  }
  aq_shown_whole(x->shown, "parameters", NULL, total);
  aq_shown_whole(x->shown, "trained_parameters", NULL, trained);
  aq_shown_list(x->shown, "tensors");
  if (trained < total)
    aq_shown_say(x->shown, "%" PRId64 " parameters in %" PRIu32 " tensors, %" PRId64 " of them trained",
                 total, m->param_count, trained);
  else
    aq_shown_say(x->shown, "%" PRId64 " parameters in %" PRIu32 " tensors", total, m->param_count);
  for (uint32_t p = 0; p < m->param_count && status == RT_OK; p++)
    status = tensor(x, &m->param[p], width, error);
  aq_shown_end(x->shown);
  return status;
}

/* How often each op occurs, as members and as one line. */
static void ops_of(struct explanation *x, const struct vm_function *f, struct rt_text *line) {
  aq_shown_begin(x->shown, "ops");
  for (int op = 0; op < OP_COUNT; op++) {
    int count = 0;
    for (uint32_t n = 0; n < f->instr_count; n++) count += f->instr[n].op == op;
    if (!count) continue;
    aq_shown_whole(x->shown, rt_op_info[op].name, NULL, count);
    rt_text_printf(line, "%s%s %d", line->length ? ", " : "", rt_op_info[op].name, count);
  }
  aq_shown_end(x->shown);
}

/* A function or head that was compiled alone. */
static bool is_alone(const struct explanation *x) { return !vm_module_function(x->module, "predict"); }

static int function(struct explanation *x, const struct cost *c, struct rt_error *error) {
  struct rt_text line = {0}, work = {0}, memory = {0};
  const struct vm_function *f = c->function;
  const char *name = c->way ? "train" : f->name;
  shown_scaled(&work, c->flops, "flop");
  shown_scaled(&memory, (double)c->bytes, "B");
  aq_shown_begin(x->shown, NULL);
  aq_shown_say(x->shown, "%s%s%s: %" PRIu32 " instructions", name, c->way ? ", the way for " : "",
               c->way ? c->way : "", f->instr_count);
  aq_shown_text(x->shown, "name", NULL, name);
  if (c->way) aq_shown_text(x->shown, "way", NULL, c->way);
  aq_shown_whole(x->shown, "instructions", NULL, f->instr_count);
  aq_shown_whole(x->shown, "slots", NULL, f->slot_count);
  aq_shown_whole(x->shown, "examples", NULL, c->examples);
  aq_shown_whole(x->shown, "bytes", NULL, (int64_t)c->bytes);
  shown_count(x->shown, "flops_per_example", c->flops);
  ops_of(x, f, &line);
  bool failed = line.failed || work.failed || memory.failed;
  if (!failed) {
    aq_shown_note(x->shown, NULL, "%s", line.data ? line.data : "");
    if (is_alone(x)) {
      aq_shown_note(x->shown, NULL, "%s, %s of memory", work.data, memory.data);
    } else {
      aq_shown_note(x->shown, NULL, "%s for an example of %" PRId64 " tokens", work.data, x->length);
      aq_shown_note(x->shown, NULL,
                    "%s of memory for %" PRId64 " such example%s, in %" PRIu32
                    " slots that values take turns in",
                    memory.data, c->examples, c->examples == 1 ? "" : "s", f->slot_count);
    }
  }
  aq_shown_end(x->shown);
  rt_text_free(&line);
  rt_text_free(&work);
  rt_text_free(&memory);
  return failed ? rt_no_memory(error) : RT_OK;
}

static int functions(struct explanation *x, struct rt_error *error) {
  int status = RT_OK;
  aq_shown_whole(x->shown, "length", NULL, x->length);
  aq_shown_list(x->shown, "functions");
  for (int k = 0; k < x->cost_count && status == RT_OK; k++) status = function(x, &x->cost[k], error);
  aq_shown_end(x->shown);
  return status;
}

static int show_all(struct explanation *x, struct rt_error *error) {
  aq_shown_title(x->shown, "How %s runs", x->module->name);
  const char *what = is_alone(x) ? "function" : "model";
  aq_shown_text(x->shown, what, NULL, x->module->name);
  aq_shown_say(x->shown, "%s %s", what, x->module->name);
  if (x->members > 1) {
    aq_shown_whole(x->shown, "members", NULL, x->members);
    aq_shown_say(x->shown,
                 "an ensemble of %" PRIu32 " such models: each runs, and their answers are averaged",
                 x->members);
  }
  explain_given(x->shown, x->source);
  int status = assumptions(x, error);
  if (status == RT_OK) status = requirements(x, error);
  if (status == RT_OK) status = params(x, error);
  if (x->program->output_count) explain_training(x);
  explain_writing(x);
  explain_natives(x);
  if (status == RT_OK) status = explain_heads(x, error);
  return status != RT_OK ? status : functions(x, error);
}

static int explain(struct explanation *x, struct rt_error *error) {
  int64_t batch = x->module->settings.batch > 0 ? x->module->settings.batch : 1;
  int status = settle_sizes(x, error);
  struct rt_pool *pool = status != RT_OK ? NULL : rt_pool_new(1, error);
  if (status == RT_OK && !pool) status = error->code;
  if (status == RT_OK) status = example_sizes(x, error);
  if (status == RT_OK) status = add_cost(x, vm_module_function(x->module, "predict"), 1, pool, error);
  if (status == RT_OK) status = add_training(x, batch, pool, error);
  if (status == RT_OK) status = add_cost(x, vm_module_function(x->module, "run"), 1, pool, error); /* alone */
  rt_pool_free(pool);
  return status != RT_OK ? status : show_all(x, error);
}

int aq_model_explain(const aq_model *model, int64_t length, enum aq_form form, char **text) {
  if (!model || !text) return AQ_USAGE;
  struct rt_error *error = lib_model_begin(model);
  struct rt_text out = {0};
  *text = NULL;
  if (!model->module)
    return rt_fail(error, RT_USAGE, "there is no program in this model: compiling or loading it failed");
  if (length < 0) return rt_fail(error, RT_USAGE, "a length is 0 or more");
  struct explanation x = {.program = model->module,
                          .source = model->source,
                          .length = length,
                          .members = lib_model_members(model),
                          .shown = aq_shown_new(false)};
  x.sized = *model->module;
  x.module = &x.sized;
  bool room = vm_dims_branch(&x.sized.dims, &model->module->dims) == RT_OK && x.shown;
  int status = room ? explain(&x, error) : rt_no_memory(error);
  int wrote = shown_finish(x.shown, form, &out, status != RT_OK ? NULL : error);
  if (status == RT_OK) status = wrote;
  if (status == RT_OK)
    status = lib_give_text(&out, text, error);
  else
    rt_text_free(&out);
  rt_free(x.assumed);
  rt_free(x.size);
  rt_free(x.head);
  vm_dims_free(&x.sized.dims);
  return status;
}
