/* explain.c: what the compiler made of a program, and what it costs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/json.h"
#include "runtime/lanes.h"

/* Sizes that only data would tell, taken for a model without data. */
enum { ASSUMED_VOCABULARY = 10000, ASSUMED_CLASSES = 2, ASSUMED_WIDTH = 64 };

struct cost {
  const struct vm_function *function;
  int64_t examples;
  size_t bytes;                          /* of slots, for so many examples */
  double flops;                          /* per example */
};

struct explanation {
  struct vm_module *module;              /* a copy, every size of it known */
  int64_t length;
  bool *assumed;                         /* [symbols] */
  struct cost cost[2];                   /* predict and train */
  int cost_count;
  bool json;
  struct rt_text out;
};

/* --- sizes ---------------------------------------------------------------------------------------------------------------- */

static int64_t assumed_size(const struct vm_module *m, size_t symbol) {
  for (uint32_t i = 0; i < m->input_count; i++) {
    int kind = io_kind_find(m->input[i].kind);
    if (m->input[i].vocabulary != (int64_t)symbol) continue;
    return kind == IO_CLASS || kind == IO_TAGS ? ASSUMED_CLASSES : kind == IO_VECTOR ? ASSUMED_WIDTH : kind == IO_BYTES ? 256 : ASSUMED_VOCABULARY;
  }
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
  return RT_OK;
}

static int bind(const struct explanation *x, struct vm_machine *machine, int64_t examples, struct rt_error *error) {
  const struct vm_dims *dims = &x->module->dims;
  struct rt_arena arena = {0};
  int64_t **size = rt_arena_alloc(&arena, (dims->symbol_count + 1) * sizeof *size);
  int status = size ? RT_OK : rt_no_memory(error);
  for (size_t s = 0; s < dims->symbol_count && !status; s++) {
    int64_t limit = dims->symbol[s].limit, n = limit > 0 && limit < x->length ? limit : x->length;
    if (!(size[s] = rt_arena_alloc(&arena, (size_t)examples * sizeof **size))) status = rt_no_memory(error);
    for (int64_t e = 0; e < examples && !status; e++) size[s][e] = n;
  }
  if (!status) status = vm_machine_bind(machine, examples, (const int64_t *const *)size, error);
  rt_arena_free(&arena);
  return status;
}

/* --- work ----------------------------------------------------------------------------------------------------------------- */

static double role_size(const struct attend_operand *operand, const struct rt_shape *shape, uint8_t role) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return (double)rt_size(shape, a, 0);
  return 1;
}

/* A head's products, as if nothing were masked: s = q k and y = a v; backwards s again, then dv, da, dq, dk. */
static double attention_flops(const struct explanation *x, const struct vm_machine *machine, const struct vm_instr *instr, double examples) {
  const struct attend_plan *plan = &x->module->attend[instr->attr[0]];
  const struct rt_shape *query = vm_machine_value(machine, instr->in[0]).shape, *key = vm_machine_value(machine, instr->in[1]).shape;
  bool weights = instr->op == OP_attention_weights;
  const struct rt_shape *value = weights ? key : vm_machine_value(machine, instr->in[2]).shape;
  double heads = role_size(&plan->query, query, ATTEND_H), values = weights ? 0 : role_size(&plan->value, value, ATTEND_FEATURE);
  double pairs = heads * role_size(&plan->query, query, ATTEND_I) * role_size(&plan->key, key, ATTEND_J), width = role_size(&plan->query, query, ATTEND_FEATURE);
  double each = instr->op == OP_attention_grad ? 3 * width + 2 * values : width + values;
  double lanes = plan->score ? plan->score->instr_count : 0;
  return examples * pairs * (2 * each + lanes);
}

static double instr_flops(const struct explanation *x, const struct vm_machine *machine, const struct vm_instr *instr, double examples) {
  const struct rt_shape *a = instr->in_count > 0 ? vm_machine_value(machine, instr->in[0]).shape : NULL;
  const struct rt_shape *b = instr->in_count > 1 ? vm_machine_value(machine, instr->in[1]).shape : NULL;
  const struct rt_shape *out = vm_machine_value(machine, instr->out[0]).shape;
  double k;
  switch (instr->op) {
    case OP_project:                     /* rows of x times all of w */
      k = (double)a->size[a->rank - 1] * (instr->attr[0] ? (double)a->size[a->rank - 2] : 1);
      return k > 0 ? 2 * (double)a->count / k * (double)b->count : 0;
    case OP_project_back:
      k = b->count && b->size[0] ? (double)b->count / (double)b->size[0] : 1;
      return 2 * (double)a->count / k * (double)b->count;
    case OP_project_grad:
      k = (double)a->size[a->rank - 1] * (instr->attr[0] ? (double)a->size[a->rank - 2] : 1);
      return k > 0 ? 2 * (double)a->count / k * (double)out->count : 0;
    case OP_matmul: {
      int axis = a->rank - (instr->attr[0] ? 2 : 1);
      return 2 * (double)out->count * (double)rt_size(a, axis, 0);
    }
    case OP_attention: case OP_attention_grad: case OP_attention_weights: return attention_flops(x, machine, instr, examples);
    case OP_lanes: return (double)out->count * x->module->lanes[instr->attr[0]].instr_count;
    default: return (double)out->count;
  }
}

static int add_cost(struct explanation *x, const char *name, int64_t examples, struct rt_pool *pool, struct rt_error *error) {
  const struct vm_function *f = vm_module_function(x->module, name);
  if (!f) return RT_OK;
  struct vm_machine *machine = vm_machine_new(x->module, f, RT_F32, pool, error);
  int status = machine ? bind(x, machine, examples, error) : error->code;
  struct cost *cost = &x->cost[x->cost_count];
  *cost = (struct cost){.function = f, .examples = examples};
  for (uint32_t n = 0; n < f->instr_count && !status; n++) cost->flops += instr_flops(x, machine, &f->instr[n], (double)examples) / (double)examples;
  if (!status) {
    cost->bytes = vm_machine_memory(machine).slots;
    x->cost_count++;
  }
  vm_machine_free(machine);
  return status;
}

/* --- words ---------------------------------------------------------------------------------------------------------------- */

static void add_scaled(struct rt_text *out, double x, const char *unit) {
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
    if (x->json) io_json_string(&x->out, dims->symbol[s].name, strlen(dims->symbol[s].name));
    else rt_text_puts(&x->out, dims->symbol[s].name);
    rt_text_printf(&x->out, x->json ? ":%" PRId64 : " = %" PRId64, dims->symbol[s].value);
    separator = x->json ? "," : ", ";
    any = true;
  }
  if (any) rt_text_puts(&x->out, x->json ? "}," : "\n");
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
  rt_text_printf(&x->out, x->json ? "\"parameters\":%" PRId64 ",\"tensors\":[" : "\n%" PRId64 " parameters in %" PRIu32 " tensors\n", total, m->param_count);
  for (uint32_t p = 0; p < m->param_count; p++) {
    int64_t n = elements_of(x, &m->param[p].type);
    if (x->json) {
      rt_text_puts(&x->out, p ? ",{\"name\":" : "{\"name\":");
      io_json_string(&x->out, m->param[p].name, strlen(m->param[p].name));
      rt_text_printf(&x->out, ",\"elements\":%" PRId64 ",\"frozen\":%s}", n, m->param[p].frozen ? "true" : "false");
      continue;
    }
    rt_text_printf(&x->out, "  %-*s  %10" PRId64 "  ", width, m->param[p].name, n);
    vm_type_print(&m->dims, &m->param[p].type, &x->out);
    rt_text_puts(&x->out, m->param[p].frozen ? ", frozen\n" : "\n");
  }
  if (x->json) rt_text_puts(&x->out, "],");
}

static int instructions(const struct lane_program *program) { return program ? program->instr_count : 0; }

static const struct attend_plan *gradient_plan(const struct explanation *x, const struct vm_function *f, const char *name) {
  for (uint32_t n = 0; n < f->instr_count; n++)
    if (f->instr[n].op == OP_attention_grad && !strcmp(x->module->head_name[f->instr[n].attr[0]], name)) return &x->module->attend[f->instr[n].attr[0]];
  return NULL;
}

static void head_json(struct explanation *x, const char *name, const struct attend_plan *plan, const struct attend_plan *gradient, bool first) {
  rt_text_puts(&x->out, first ? "{\"name\":" : ",{\"name\":");
  io_json_string(&x->out, name, strlen(name));
  rt_text_printf(&x->out, ",\"fused\":true,\"weights\":\"%s\",\"score\":%d,\"mask\":%d,\"drop\":%d,\"gradient\":%d,\"tensors\":%d}", plan->softmax ? "softmax" : "elementwise",
                 instructions(plan->score), instructions(plan->mask), instructions(plan->drop), gradient ? instructions(gradient->score_grad) : 0, plan->extra_count);
}

static void head_text(struct explanation *x, const char *name, const struct attend_plan *plan, const struct attend_plan *gradient) {
  rt_text_printf(&x->out, "  %s: fused, %s\n", name,
                 plan->softmax ? "softmax kept while passing over the keys, so that no matrix of scores is held" : "weights element by element, so that no matrix of scores is held");
  if (plan->score) rt_text_printf(&x->out, "    score     %d instructions for each pair of tokens\n", plan->score->instr_count);
  if (gradient && gradient->score_grad) rt_text_printf(&x->out, "    gradient  %d instructions\n", gradient->score_grad->instr_count);
  if (plan->mask) rt_text_printf(&x->out, "    mask      %d instructions; tiles that it hides as a whole are never computed\n", plan->mask->instr_count);
  if (plan->drop) rt_text_printf(&x->out, "    drop      %d instructions, in training\n", plan->drop->instr_count);
  if (plan->extra_count) rt_text_printf(&x->out, "    uses      %d tensor%s beside query, key and value\n", plan->extra_count, plan->extra_count == 1 ? "" : "s");
}

static void heads(struct explanation *x) {
  const struct vm_function *f = vm_module_function(x->module, "train");
  bool first = true;
  if (!f) f = vm_module_function(x->module, "predict");
  rt_text_puts(&x->out, x->json ? "\"heads\":[" : "\nheads\n");
  for (uint32_t n = 0; f && n < f->instr_count; n++) {
    if (f->instr[n].op != OP_attention) continue;
    const char *name = x->module->head_name[f->instr[n].attr[0]];
    const struct attend_plan *plan = &x->module->attend[f->instr[n].attr[0]], *gradient = gradient_plan(x, f, name);
    if (x->json) head_json(x, name, plan, gradient, first);
    else head_text(x, name, plan, gradient);
    first = false;
  }
  if (first && !x->json) rt_text_puts(&x->out, "  none\n");
  if (x->json) rt_text_puts(&x->out, "],");
}

static void ops_of(struct explanation *x, const struct vm_function *f) {
  bool first = true;
  for (uint16_t op = 0; op < OP_COUNT; op++) {
    int count = 0;
    for (uint32_t n = 0; n < f->instr_count; n++) count += f->instr[n].op == op;
    if (!count) continue;
    rt_text_printf(&x->out, x->json ? "%s\"%s\":%d" : "%s%s %d", first ? "" : x->json ? "," : ", ", rt_op_info[op].name, count);
    first = false;
  }
}

static void functions(struct explanation *x) {
  if (x->json) rt_text_printf(&x->out, "\"length\":%" PRId64 ",\"functions\":[", x->length);
  for (int k = 0; k < x->cost_count; k++) {
    const struct cost *c = &x->cost[k];
    if (x->json) {
      rt_text_printf(&x->out, "%s{\"name\":\"%s\",\"instructions\":%" PRIu32 ",\"slots\":%" PRIu32 ",\"examples\":%" PRId64 ",\"bytes\":%zu,\"flops_per_example\":%.0f,\"ops\":{", k ? "," : "",
                     c->function->name, c->function->instr_count, c->function->slot_count, c->examples, c->bytes, c->flops);
      ops_of(x, c->function);
      rt_text_puts(&x->out, "}}");
      continue;
    }
    rt_text_printf(&x->out, "\n%s: %" PRIu32 " instructions\n  ", c->function->name, c->function->instr_count);
    ops_of(x, c->function);
    rt_text_puts(&x->out, "\n  ");
    add_scaled(&x->out, c->flops, "flop");
    rt_text_printf(&x->out, " for an example of %" PRId64 " tokens\n  ", x->length);
    add_scaled(&x->out, (double)c->bytes, "B");
    rt_text_printf(&x->out, " of memory for %" PRId64 " such example%s, in %" PRIu32 " slots that values take turns in\n", c->examples, c->examples == 1 ? "" : "s", c->function->slot_count);
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
  params(x);
  heads(x);
  functions(x);
}

static int explain(struct explanation *x, struct rt_error *error) {
  int64_t batch = x->module->settings.batch > 0 ? x->module->settings.batch : 1;
  int status = settle_sizes(x, error);
  struct rt_pool *pool = status ? NULL : rt_pool_new(1, error);
  if (!status && !pool) status = error->code;
  if (!status) status = add_cost(x, "predict", 1, pool, error);
  if (!status) status = add_cost(x, "train", batch, pool, error);
  rt_pool_free(pool);
  if (!status) write_all(x);
  return status;
}

int aq_model_explain(aq_model *model, int64_t length, bool json, char **text) {
  struct rt_error *error = lib_begin(&model->message);
  struct explanation x = {.length = length, .json = json};
  *text = NULL;
  if (!model->module) return rt_fail(error, RT_USAGE, "there is no program in this model: compiling or loading it failed");
  if (length < 0) return rt_fail(error, RT_USAGE, "a length is 0 or more");
  x.module = lib_module_copy(model->module, error);
  int status = x.module ? explain(&x, error) : error->code;
  if (!status) status = lib_give_text(&x.out, text, error);
  else rt_text_free(&x.out);
  rt_free(x.assumed);
  vm_module_free(x.module);
  return status;
}
