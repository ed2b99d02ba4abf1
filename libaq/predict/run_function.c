/* run_function.c: runs one function on given tensors, so that its results can be compared with anything else.
 */
#include <stdio.h>
#include <string.h>

#include "libaq/model/requirement_words.h"

struct run {
  const aq_run_options *options;
  enum rt_precision precision;
  struct vm_module *module;
  struct io_tensors *inputs, *params;
  const char *param_prefix; /* of names in the file of parameters */
  const char **bound_by;    /* [symbols] what gave a symbol its size, for messages */
  void **input;             /* [inputs] */
  struct lib_params values;
  struct rt_pool *pool;
  struct vm_machine *machine;
  struct rt_arena arena;
};

static void run_free(struct run *r) {
  vm_machine_free(r->machine);
  rt_pool_free(r->pool);
  lib_params_free(&r->values);
  for (uint32_t i = 0; r->input && i < r->module->input_count; i++) rt_free_aligned(r->input[i]);
  rt_free(r->input);
  io_tensors_close(r->inputs);
  io_tensors_close(r->params);
  vm_module_free(r->module);
  rt_arena_free(&r->arena);
}

/* ---- sizes ---- */

/* Writes "[3, 64]" into the arena, for a message; "": there is no memory. */
static const char *shape_text(struct run *r, const struct io_tensor *t) {
  struct rt_text text = {0};
  rt_text_puts(&text, "[");
  for (int a = 0; a < t->rank; a++) rt_text_printf(&text, "%s%lld", a ? ", " : "", (long long)t->shape[a]);
  rt_text_puts(&text, "]");
  const char *kept = text.failed ? NULL : rt_arena_strndup(&r->arena, text.data, text.length);
  rt_text_free(&text);
  return kept ? kept : "";
}

static const char *type_text(struct run *r, const struct vm_type *type) {
  struct rt_text text = {0};
  vm_type_print(&r->module->dims, type, &text);
  const char *kept = text.failed || !text.data ? NULL : rt_arena_strndup(&r->arena, text.data, text.length);
  rt_text_free(&text);
  return kept ? kept : "";
}

static const char *names_in(struct run *r, const struct io_tensors *file) {
  struct rt_text text = {0};
  int count = io_tensors_count(file);
  for (int k = 0; k < count && k < 12; k++)
    rt_text_printf(&text, "%s%s", k ? ", " : "", io_tensors_at(file, k)->name);
  if (count > 12) rt_text_printf(&text, ", … (%d in all)", count);
  const char *kept = text.failed || !text.data ? NULL : rt_arena_strndup(&r->arena, text.data, text.length);
  rt_text_free(&text);
  return kept ? kept : "";
}

/* Gives dims that are single unknown symbols the sizes of a tensor. what: "x" or "the parameter f.W". */
static int bind_symbols(struct run *r, const char *what, const struct vm_type *type,
                        const struct io_tensor *t, const char *path, struct rt_error *error) {
  struct vm_dims *dims = &r->module->dims;
  if (t->rank != type->rank) {
    rt_fail_in(error, RT_BAD_DATA, path, "%s is %s in the program, but the tensor is %s", what,
               type_text(r, type), shape_text(r, t));
    return error->code;
  }
  for (int a = 0; a < type->rank; a++) {
    int64_t number = vm_dim_as_symbol(dims, type->dim[a]);
    struct vm_symbol *symbol = number < 0 ? NULL : &dims->symbol[number];
    if (!symbol || symbol->kind == VM_CONST || symbol->kind == VM_FLOOR) continue;
    if (symbol->value >= 0 && symbol->value != t->shape[a])
      return rt_fail_in(
          error, RT_BAD_DATA, path,
          "%s cannot be both %lld, by %s, and %lld, by axis %d of %s, which is %s in the program and %s here",
          symbol->name, (long long)symbol->value, r->bound_by[number], (long long)t->shape[a], a + 1, what,
          type_text(r, type), shape_text(r, t));
    symbol->value = t->shape[a];
    if (!r->bound_by[number]) r->bound_by[number] = what;
  }
  return RT_OK;
}

/* Now that all sizes are known: do dims that are constants or formulas agree with the tensor? */
static int check_sizes(struct run *r, const struct vm_input *input, const struct io_tensor *t,
                       struct rt_error *error) {
  struct vm_dims *dims = &r->module->dims;
  for (int a = 0; a < input->type.rank; a++) {
    int64_t want;
    struct rt_text name = {0};
    int status = vm_dim_value(dims, input->type.dim[a], NULL, &want, error);
    if (status == RT_BAD_DATA) return status;
    if (status == RT_OK && want == t->shape[a]) continue;
    vm_dim_print(dims, input->type.dim[a], &name);
    const char *dim = name.data ? name.data : "it";
    if (status != RT_OK)
      rt_fail(error, RT_USAGE, "the size of %s, axis %d of %s, is not known", dim, a + 1, input->name);
    else
      rt_fail_in(error, RT_BAD_DATA, r->options->inputs,
                 "axis %d of %s is %s = %lld in the program, but the tensor is %s", a + 1, input->name, dim,
                 (long long)want, shape_text(r, t));
    if (vm_dim_as_symbol(dims, input->type.dim[a]) >= 0)
      rt_hint(error, "-D %s=%lld runs the program with that size", dim, (long long)t->shape[a]);
    rt_text_free(&name);
    return error->code;
  }
  return RT_OK;
}

/* A size that no argument has, such as the width of a layer, may come from the file of parameters. */
static int bind_by_params(struct run *r, struct rt_error *error) {
  const struct vm_module *m = r->module;
  for (uint32_t p = 0; r->params && p < m->param_count; p++) {
    const char *name = rt_arena_printf(&r->arena, "%s%s", r->param_prefix, m->param[p].name),
               *what = rt_arena_printf(&r->arena, "the parameter %s", m->param[p].name);
    if (!name || !what) return rt_no_memory(error);
    const struct io_tensor *t = io_tensors_find(r->params, name);
    if (!t) continue; /* lib_params_read will say so */
    int status = bind_symbols(r, what, &m->param[p].type, t, r->options->params, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int all_known(struct run *r, struct rt_error *error) {
  const struct vm_dims *dims = &r->module->dims;
  for (size_t s = 0; s < dims->symbol_count; s++) {
    if (dims->symbol[s].value >= 0 || dims->symbol[s].kind == VM_FLOOR) continue;
    rt_fail(error, RT_USAGE, "no tensor gives the size of %s", dims->symbol[s].name);
    rt_hint(error, "give it: -D %s=8", dims->symbol[s].name);
    return error->code;
  }
  return RT_OK;
}

static const struct io_tensor *tensor_of(struct run *r, const struct vm_input *input,
                                         struct rt_error *error) {
  const struct io_tensor *t = r->inputs ? io_tensors_find(r->inputs, input->name) : NULL;
  if (t) return t;
  if (!r->inputs) {
    rt_fail(error, RT_USAGE, "%s needs the argument %s: %s", r->module->name, input->name,
            type_text(r, &input->type));
    rt_hint(error, "give a safetensors file with a tensor for each argument: --in FILE");
  } else {
    rt_fail_in(error, RT_BAD_DATA, r->options->inputs, "no tensor for the argument %s: %s", input->name,
               type_text(r, &input->type));
    rt_hint(error, "it has %s", names_in(r, r->inputs));
  }
  return NULL;
}

/* Checks the function's requirements, and says which argument gave the size that does not meet one. */
static int check_requirements(struct run *r, struct rt_error *error) {
  const struct vm_module *m = r->module;
  struct rt_text given = {0};
  for (uint32_t i = 0; i < m->requirement_count; i++) {
    const struct vm_requirement *q = &m->requirement[i];
    if (vm_requirement_met(&m->dims, q, NULL) != RT_BAD_DATA) continue;
    lib_requirement_fail(m, q, NULL, error);
    snprintf(error->file, sizeof error->file, "%s", q->file);
    error->line = (int)q->line;
    error->column = (int)q->column;
    for (uint32_t s = 0; s < m->dims.symbol_count; s++)
      if (vm_dim_uses(&m->dims, q->dim, s) && r->bound_by[s])
        rt_text_printf(&given, "%s%s is given by %s", given.length ? ", " : "", m->dims.symbol[s].name,
                       r->bound_by[s]);
    if (given.data) rt_hint(error, "%s", given.data);
    rt_text_free(&given);
    return error->code;
  }
  return RT_OK;
}

static int bind_sizes(struct run *r, struct rt_error *error) {
  const struct vm_module *m = r->module;
  int status = RT_OK;
  for (uint32_t i = 0; i < m->input_count && status == RT_OK; i++) {
    const struct io_tensor *t = tensor_of(r, &m->input[i], error);
    status =
        t ? bind_symbols(r, m->input[i].name, &m->input[i].type, t, r->options->inputs, error) : error->code;
  }
  if (status == RT_OK) status = bind_by_params(r, error);
  if (status == RT_OK) status = all_known(r, error);
  for (uint32_t i = 0; i < m->input_count && status == RT_OK; i++)
    status = check_sizes(r, &m->input[i], io_tensors_find(r->inputs, m->input[i].name), error);
  return status != RT_OK ? status : check_requirements(r, error);
}

/* ---- values ---- */

static size_t value_size(uint8_t dtype, enum rt_precision precision) {
  return dtype == RT_INT ? sizeof(int32_t) : precision == RT_F64 ? sizeof(double) : sizeof(float);
}

static int read_inputs(struct run *r, struct rt_error *error) {
  const struct vm_module *m = r->module;
  r->input = rt_zalloc(m->input_count + 1u, sizeof *r->input);
  if (!r->input) return rt_no_memory(error);
  for (uint32_t i = 0; i < m->input_count; i++) {
    const struct io_tensor *t = io_tensors_find(r->inputs, m->input[i].name);
    size_t bytes;
    int status;
    if (!rt_mul((size_t)t->elements, value_size(m->input[i].type.dtype, r->precision), &bytes)
        || !(r->input[i] = rt_alloc_aligned(bytes ? bytes : 1)))
      return rt_no_memory(error);
    if (m->input[i].type.dtype == RT_INT)
      status = io_tensors_int32(r->inputs, t, r->input[i], error);
    else if (r->precision == RT_F64)
      status = io_tensors_double(r->inputs, t, r->input[i], error);
    else
      status = io_tensors_float(r->inputs, t, r->input[i], error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int make_params(struct run *r, struct rt_error *error) {
  int status = lib_params_init(&r->values, r->module, r->precision, error);
  if (status != RT_OK) return status;
  if (!r->params)
    return lib_params_fill(&r->values,
                           &(struct lib_beginning){.module = r->module, .seed = (uint64_t)r->options->seed},
                           NULL, error);
  status = lib_params_read(&r->values, r->module, r->params, r->param_prefix, error);
  if (status != RT_OK) lib_name_file(error, r->options->params);
  return status;
}

/* ---- running and writing ---- */

static int open_files(struct run *r, struct rt_error *error) {
  int status = r->options->inputs ? io_tensors_open(&r->inputs, r->options->inputs, error) : RT_OK;
  r->param_prefix = "";
  if (status != RT_OK || !r->options->params) return status;
  status = io_tensors_open(&r->params, r->options->params, error);
  if (status != RT_OK || r->module->param_count == 0) return status;
  /* A file that save_params wrote can be given back as it is. */
  const char *with = rt_arena_printf(&r->arena, "param.%s", r->module->param[0].name);
  if (!with) return rt_no_memory(error);
  if (!io_tensors_find(r->params, r->module->param[0].name) && io_tensors_find(r->params, with))
    r->param_prefix = "param.";
  return RT_OK;
}

static int prepare(struct run *r, struct rt_error *error) {
  r->bound_by = rt_arena_alloc(&r->arena, (r->module->dims.symbol_count + 1) * sizeof *r->bound_by);
  if (!r->bound_by) return rt_no_memory(error);
  int status = open_files(r, error);
  if (status == RT_OK) status = bind_sizes(r, error);
  if (status == RT_OK) status = read_inputs(r, error);
  if (status == RT_OK) status = make_params(r, error);
  if (status != RT_OK) return status;
  const struct vm_function *run = vm_module_function(r->module, "run");
  if (!run) return rt_fail(error, RT_BAD_DATA, "%s has nothing to run", r->module->name);
  r->pool = lib_pool(r->options->threads, error);
  r->machine = r->pool ? vm_machine_new(r->module, run, r->precision, r->pool, error) : NULL;
  if (!r->machine) return error->code;
  lib_params_bind(&r->values, r->machine);
  status = vm_machine_bind(r->machine, 1, NULL, error);
  for (uint32_t i = 0; i < r->module->input_count && status == RT_OK; i++)
    vm_machine_set_input(r->machine, i, r->input[i]);
  return status;
}

static bool is_param(const struct vm_module *m, const char *name) {
  uint32_t p = 0;
  while (p < m->param_count && strcmp(m->param[p].name, name) != 0) p++;
  return p < m->param_count;
}

/* A file that save_params wrote holds results and gradients too, which are no parameters. */
static void note_unused(const struct run *r, aq_run_facts *facts) {
  const size_t prefix = strlen(r->param_prefix);
  size_t length = 0;
  for (int k = 0; r->params && k < io_tensors_count(r->params); k++) {
    const char *name = io_tensors_at(r->params, k)->name;
    if (strncmp(name, r->param_prefix, prefix) != 0 || is_param(r->module, name + prefix)) continue;
    size_t room = sizeof facts->unused - length, wanted = strlen(name) + (length ? 2 : 0);
    if (facts->unused_params++ == 0 || (wanted + 5 < room && length))
      length += (size_t)snprintf(facts->unused + length, room, "%s%.200s", length ? ", " : "", name);
    else if (length && room > 5 && strcmp(facts->unused + length - 3, "...") != 0)
      length += (size_t)snprintf(facts->unused + length, room, ", ...");
  }
}

/* The mean of all runs but the first, in which caches are cold and threads asleep; of a single run, that one.
 */
static int run_all(struct run *r, aq_run_facts *facts, struct rt_error *error) {
  int64_t repeat = r->options->repeat > 1 ? r->options->repeat : 1;
  double start = lib_seconds();
  for (int64_t k = 0; k < repeat; k++) {
    int status = vm_machine_run(r->machine, (uint64_t)r->options->seed, error);
    if (status != RT_OK) return status;
    if (k == 0 && repeat > 1) start = lib_seconds();
  }
  if (!facts) return RT_OK;
  *facts = (aq_run_facts){.seconds_per_run = (lib_seconds() - start) / (double)(repeat > 1 ? repeat - 1 : 1),
                          .peak_bytes = vm_machine_memory(r->machine).slots};
  note_unused(r, facts);
  return RT_OK;
}

static int write_outputs(struct run *r, struct rt_error *error) {
  const struct vm_function *run = vm_module_function(r->module, "run");
  uint32_t count = run->output_count, params = r->options->save_params ? r->values.count : 0;
  struct io_tensor_out *out = rt_arena_alloc(&r->arena, ((size_t)count + params + 1) * sizeof *out);
  if (!out) return rt_no_memory(error);
  for (uint32_t k = 0; k < count; k++) {
    struct rt_tensor t = vm_machine_output(r->machine, k);
    bool whole = run->value[run->output[k]].type.dtype == RT_INT;
    out[k] = (struct io_tensor_out){run->output_name[k],
                                    whole                    ? IO_I32
                                    : r->precision == RT_F64 ? IO_F64
                                                             : IO_F32,
                                    t.shape->rank, t.shape->size, t.data};
  }
  int status =
      params ? lib_params_describe(&r->values, r->module, "param.", &r->arena, out + count, error) : RT_OK;
  return status != RT_OK ? status
                         : io_tensors_save(r->options->outputs, out, (int)(count + params), NULL, 0, error);
}

int aq_program_run(aq_program *program, const aq_run_options *options, aq_run_facts *facts) {
  if (!program) return AQ_USAGE;
  struct rt_error *error = lib_begin(&program->message);
  aq_run_options own;
  if (lib_take_options(LIB_RUN_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  struct run r = {.options = &own, .precision = lib_precision(own.precision)};
  if (lib_can_compile(program, error)) return error->code;
  r.module = cc_compile_function(program->program, own.function, own.gradients, error);
  int status = r.module ? lib_need_natives(r.module, &program->allowed, error) : error->code;
  if (status == RT_OK) status = prepare(&r, error);
  if (status == RT_OK) status = run_all(&r, facts, error);
  if (status == RT_OK && own.outputs) status = write_outputs(&r, error);
  run_free(&r);
  return status;
}
