/* explain_model.c: what the compiler made of a program, and what it costs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libaq/explain.h"
#include "libaq/requirement_words.h"
#include "runtime/io/json.h"
#include "runtime/lanes.h"

/* Sizes that only data would tell, taken for a model without data. */
enum { ASSUMED_WIDTH = 64 };

/* ---- sizes ---- */

static int64_t assumed_size(const struct vm_module *m, size_t symbol) {
  for (uint32_t i = 0; i < m->input_count; i++)
    if (m->input[i].vocabulary == (int64_t)symbol) return m->input[i].kind->usual;
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

/* The sizes of an example of that length, or near it where the program does not hold for such a one. */
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

static int bind(const struct explanation *x, struct vm_machine *machine, int64_t examples,
                struct rt_error *error) {
  const struct vm_dims *dims = &x->module->dims;
  struct rt_arena arena = {0};
  int64_t **size = rt_arena_alloc(&arena, (dims->symbol_count + 1) * sizeof *size);
  int status = size ? RT_OK : rt_no_memory(error);
  for (size_t s = 0; s < dims->symbol_count && !status; s++) {
    if (!(size[s] = rt_arena_alloc(&arena, (size_t)examples * sizeof **size))) status = rt_no_memory(error);
    for (int64_t e = 0; e < examples && !status; e++) size[s][e] = x->size[s];
  }
  if (!status) status = vm_machine_bind(machine, examples, (const int64_t *const *)size, error);
  rt_arena_free(&arena);
  return status;
}

/* ---- work ---- */

static double instr_flops(const struct explanation *x, const struct vm_machine *machine,
                          const struct vm_instr *instr, double examples);

static double function_flops(const struct explanation *x, const struct vm_machine *machine, double examples) {
  const struct vm_function *f = machine ? vm_machine_function(machine) : NULL;
  double flops = 0;
  for (uint32_t n = 0; f && n < f->instr_count; n++) flops += instr_flops(x, machine, &f->instr[n], examples);
  return flops;
}

/* Each step runs the body; backwards it runs one step backwards, and where the states are not all there the
 * body twice again (vm/scan_operands.h). */
static double scan_flops(const struct explanation *x, const struct vm_machine *machine,
                         const struct vm_instr *instr, double examples) {
  uint32_t n = (uint32_t)(instr - vm_machine_function(machine)->instr);
  const struct vm_machine *body = vm_machine_body(machine, n, false);
  double steps = (double)rt_size(vm_machine_value(machine, instr->in[1]).shape, 0, 0),
         once = function_flops(x, body, examples);
  if (instr->op == OP_scan) return steps * once;
  double again = vm_machine_function(body)->output_count > 1 ? 2 * once : 0;
  return steps * (again + function_flops(x, vm_machine_body(machine, n, true), examples));
}

static double instr_flops(const struct explanation *x, const struct vm_machine *machine,
                          const struct vm_instr *instr, double examples) {
  const struct rt_shape *a = instr->in_count > 0 ? vm_machine_value(machine, instr->in[0]).shape : NULL;
  const struct rt_shape *b = instr->in_count > 1 ? vm_machine_value(machine, instr->in[1]).shape : NULL;
  const struct rt_shape *out = vm_machine_value(machine, instr->out[0]).shape;
  double k;
  if (rt_has_plan(instr->op)) return explain_attention_flops(x->module, machine, instr, examples);
  switch (instr->op) {
    case OP_project: /* rows of x times all of w */
      k = (double)a->size[a->rank - 1] * (instr->attr[0] ? (double)a->size[a->rank - 2] : 1);
      return k > 0 ? 2 * (double)a->count / k * (double)b->count : 0;
    case OP_project_back:
    case OP_project_back_add:
      k = b->count && b->size[0] ? (double)b->count / (double)b->size[0] : 1;
      return 2 * (double)a->count / k * (double)b->count;
    case OP_project_grad:
      k = (double)a->size[a->rank - 1] * (instr->attr[0] ? (double)a->size[a->rank - 2] : 1);
      return k > 0 ? 2 * (double)a->count / k * (double)out->count : 0;
    case OP_matmul: {
      int axis = a->rank - (instr->attr[0] ? 2 : 1);
      return 2 * (double)out->count * (double)rt_size(a, axis, 0);
    }
    case OP_dot: return 2 * (double)a->count;
    case OP_scan:
    case OP_scan_grad: return scan_flops(x, machine, instr, examples);
    case OP_lanes: return (double)out->count * x->module->lanes[instr->attr[0]].instr_count;
    default: return (double)out->count;
  }
}

static int add_cost(struct explanation *x, const char *name, int64_t examples, struct rt_pool *pool,
                    struct rt_error *error) {
  const struct vm_function *f = vm_module_function(x->module, name);
  if (!f) return RT_OK;
  struct vm_machine *machine = vm_machine_new(x->module, f, RT_F32, pool, error);
  if (machine) vm_machine_measure(machine);
  int status = machine ? bind(x, machine, examples, error) : error->code;
  struct cost *cost = &x->cost[x->cost_count];
  *cost = (struct cost){.function = f, .examples = examples};
  if (!status) cost->flops = function_flops(x, machine, (double)examples) / (double)examples;
  if (!status && examples == 1 && !x->head) status = explain_count_heads(x, machine, f, error);
  if (!status) {
    cost->bytes = vm_machine_memory(machine).slots;
    x->cost_count++;
  }
  vm_machine_free(machine);
  return status;
}

/* ---- words ---- */

void explain_scaled(struct rt_text *out, double x, const char *unit) {
  static const char *const prefix[] = {"", "k", "M", "G", "T", "P"};
  int n = 0;
  for (; x >= 1000 && n < 5; n++) x /= 1000;
  rt_text_printf(out, n ? "%.3g %s%s" : "%.4g %s%s", x, prefix[n], unit);
}

static int64_t elements_of(const struct explanation *x, const struct vm_type *type) {
  int64_t n = 1, size = 0;
  for (int a = 0; a < type->rank; a++) {
    vm_dim_value(&x->module->dims, type->dim[a], NULL, &size, NULL);
    n *= size;
  }
  return n;
}

static void assumptions(struct explanation *x) {
  const struct vm_dims *dims = &x->module->dims;
  const char *separator = x->json ? "\"assumed\":{" : "assuming, as there is no data, ";
  bool any = false;
  for (size_t s = 0; s < dims->symbol_count; s++) {
    if (!x->assumed[s]) continue;
    rt_text_puts(&x->out, separator);
    if (x->json)
      io_json_string(&x->out, dims->symbol[s].name, strlen(dims->symbol[s].name));
    else
      rt_text_puts(&x->out, dims->symbol[s].name);
    rt_text_printf(&x->out, x->json ? ":%" PRId64 : " = %" PRId64, dims->symbol[s].value);
    separator = x->json ? "," : ", ";
    any = true;
  }
  if (any) rt_text_puts(&x->out, x->json ? "}," : "\n");
}

static void requirement(struct explanation *x, const struct vm_requirement *r) {
  if (!x->json) {
    lib_requirement_words(x->program, r, &x->out);
    rt_text_puts(&x->out, ": ");
    lib_requirement_place(r, false, &x->out);
    rt_text_puts(&x->out, "\n");
    return;
  }
  struct rt_text text = {0};
  const char *const keys[] = {"{\"needs\":", ",\"condition\":", ",\"source\":", ",\"file\":"};
  for (size_t k = 0; k < RT_COUNT(keys); k++) {
    text.length = 0;
    if (k == 0) lib_requirement_words(x->program, r, &text);
    if (k == 1) vm_requirement_print(&x->program->dims, r, &text);
    if (k > 1) rt_text_puts(&text, k == 2 ? r->what : r->file);
    rt_text_puts(&x->out, keys[k]);
    io_json_string(&x->out, text.data ? text.data : "", text.length);
  }
  rt_text_printf(&x->out, ",\"line\":%" PRIu32 ",\"column\":%" PRIu32 "}", r->line, r->column);
  x->out.failed |= text.failed;
  rt_text_free(&text);
}

/* What a row must be like. */
static void requirements(struct explanation *x) {
  const struct vm_module *m = x->program;
  if (x->json) rt_text_puts(&x->out, "\"requirements\":[");
  for (uint32_t i = 0; i < m->requirement_count; i++) {
    if (x->json && i) rt_text_puts(&x->out, ",");
    requirement(x, &m->requirement[i]);
  }
  if (x->json) rt_text_puts(&x->out, "],");
}

static void params(struct explanation *x) {
  const struct vm_module *m = x->module;
  int64_t total = 0;
  int width = 0;
  for (uint32_t p = 0; p < m->param_count; p++) {
    int length = (int)strlen(m->param[p].name);
    width = length > width ? length : width;
    total += elements_of(x, &m->param[p].type);
  }
  rt_text_printf(&x->out,
                 x->json ? "\"parameters\":%" PRId64 ",\"tensors\":["
                         : "\n%" PRId64 " parameters in %" PRIu32 " tensors\n",
                 total, m->param_count);
  for (uint32_t p = 0; p < m->param_count; p++) {
    int64_t n = elements_of(x, &m->param[p].type);
    if (x->json) {
      rt_text_puts(&x->out, p ? ",{\"name\":" : "{\"name\":");
      io_json_string(&x->out, m->param[p].name, strlen(m->param[p].name));
      rt_text_printf(&x->out, ",\"elements\":%" PRId64 ",\"frozen\":%s}", n,
                     m->param[p].frozen ? "true" : "false");
      continue;
    }
    rt_text_printf(&x->out, "  %-*s  %10" PRId64 "  ", width, m->param[p].name, n);
    vm_type_print(&m->dims, &m->param[p].type, &x->out);
    rt_text_puts(&x->out, m->param[p].frozen ? ", frozen\n" : "\n");
  }
  if (x->json) rt_text_puts(&x->out, "],");
}

static void ops_of(struct explanation *x, const struct vm_function *f) {
  bool first = true;
  for (uint16_t op = 0; op < OP_COUNT; op++) {
    int count = 0;
    for (uint32_t n = 0; n < f->instr_count; n++) count += f->instr[n].op == op;
    if (!count) continue;
    rt_text_printf(&x->out, x->json ? "%s\"%s\":%d" : "%s%s %d",
                   first     ? ""
                   : x->json ? ","
                             : ", ",
                   rt_op_info[op].name, count);
    first = false;
  }
}

static void functions(struct explanation *x) {
  if (x->json) rt_text_printf(&x->out, "\"length\":%" PRId64 ",\"functions\":[", x->length);
  for (int k = 0; k < x->cost_count; k++) {
    const struct cost *c = &x->cost[k];
    if (x->json) {
      rt_text_printf(&x->out,
                     "%s{\"name\":\"%s\",\"instructions\":%" PRIu32 ",\"slots\":%" PRIu32
                     ",\"examples\":%" PRId64 ",\"bytes\":%zu,\"flops_per_example\":%.0f,\"ops\":{",
                     k ? "," : "", c->function->name, c->function->instr_count, c->function->slot_count,
                     c->examples, c->bytes, c->flops);
      ops_of(x, c->function);
      rt_text_puts(&x->out, "}}");
      continue;
    }
    rt_text_printf(&x->out, "\n%s: %" PRIu32 " instructions\n  ", c->function->name,
                   c->function->instr_count);
    ops_of(x, c->function);
    rt_text_puts(&x->out, "\n  ");
    explain_scaled(&x->out, c->flops, "flop");
    rt_text_printf(&x->out, " for an example of %" PRId64 " tokens\n  ", x->length);
    explain_scaled(&x->out, (double)c->bytes, "B");
    rt_text_printf(&x->out,
                   " of memory for %" PRId64 " such example%s, in %" PRIu32
                   " slots that values take turns in\n",
                   c->examples, c->examples == 1 ? "" : "s", c->function->slot_count);
  }
  if (x->json) rt_text_puts(&x->out, "]}");
}

static void write_all(struct explanation *x) {
  const char *name = x->module->name;
  if (x->json) {
    rt_text_puts(&x->out, "{\"model\":");
    io_json_string(&x->out, name, strlen(name));
    rt_text_puts(&x->out, ",");
  } else {
    rt_text_printf(&x->out, "model %s\n", name);
  }
  assumptions(x);
  requirements(x);
  params(x);
  explain_heads(x);
  functions(x);
}

static int explain(struct explanation *x, struct rt_error *error) {
  int64_t batch = x->module->settings.batch > 0 ? x->module->settings.batch : 1;
  int status = settle_sizes(x, error);
  struct rt_pool *pool = status ? NULL : rt_pool_new(1, error);
  if (!status && !pool) status = error->code;
  if (!status) status = example_sizes(x, error);
  if (!status) status = add_cost(x, "predict", 1, pool, error);
  if (!status) status = add_cost(x, "train", batch, pool, error);
  rt_pool_free(pool);
  if (!status) write_all(x);
  return status;
}

int aq_model_explain(aq_model *model, int64_t length, bool json, char **text) {
  if (!model || !text) return AQ_USAGE;
  struct rt_error *error = lib_begin(&model->message);
  struct explanation x = {.program = model->module, .length = length, .json = json};
  *text = NULL;
  if (!model->module)
    return rt_fail(error, RT_USAGE, "there is no program in this model: compiling or loading it failed");
  if (length < 0) return rt_fail(error, RT_USAGE, "a length is 0 or more");
  x.module = lib_module_copy(model->module, error);
  int status = x.module ? explain(&x, error) : error->code;
  if (!status)
    status = lib_give_text(&x.out, text, error);
  else
    rt_text_free(&x.out);
  rt_free(x.assumed);
  rt_free(x.size);
  rt_free(x.head);
  vm_module_free(x.module);
  return status;
}
