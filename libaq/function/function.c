/* function.c: a function of a program that runs by itself: compiled, bound to sizes, run. */
#include <string.h>

#include "libaq/function/function.h"
#include "libaq/model/params.h"

/* ---- making ---- */

static void *room(struct aq_function *f, size_t count, size_t size) {
  return rt_arena_alloc(&f->arena, (count + 1) * size);
}

static int make_tables(struct aq_function *f, struct rt_error *error) {
  const struct vm_module *m = f->module;
  const size_t symbols = m->dims.symbol_count;
  f->argument = room(f, m->input_count, sizeof *f->argument);
  f->parameter = room(f, m->param_count, sizeof *f->parameter);
  f->result = room(f, f->run->output_count, sizeof *f->result);
  f->bound_by = room(f, symbols, sizeof *f->bound_by);
  f->fixed = room(f, symbols, sizeof *f->fixed);
  f->each = room(f, symbols, sizeof *f->each);
  f->each_capacity = room(f, symbols, sizeof *f->each_capacity);
  f->example = room(f, symbols, sizeof *f->example);
  if (!f->argument || !f->parameter || !f->result || !f->bound_by || !f->fixed || !f->each
      || !f->each_capacity || !f->example)
    return rt_no_memory(error);
  return function_describe(f, error);
}

static int no_such(const char *option, const char *name, const char *what, struct rt_error *error) {
  return rt_fail(error, RT_USAGE, "aq_function_options.%s names %s, which is no %s", option,
                 name ? name : "NULL", what);
}

/* Names that mean nothing would be ignored otherwise. */
static int check_names(const struct aq_function *f, const aq_function_options *o, struct rt_error *error) {
  const struct vm_module *m = f->module;
  if ((o->shared_count && !o->shared) || (o->ragged_count && !o->ragged))
    return rt_fail(error, RT_USAGE, "aq_function_options has a count of names, but no names");
  if (!o->batch && (o->shared_count || o->ragged_count))
    return rt_fail(error, RT_USAGE,
                   "aq_function_options.%s is about a batch, and there is none: batch is false",
                   o->ragged_count ? "ragged" : "shared");
  for (size_t k = 0; k < o->shared_count; k++) {
    uint32_t i = 0;
    while (i < m->input_count && !(o->shared[k] && !strcmp(m->input[i].name, o->shared[k]))) i++;
    if (i == m->input_count) return no_such("shared", o->shared[k], "argument", error);
  }
  for (size_t k = 0; k < o->ragged_count; k++) {
    size_t s = 0;
    while (s < m->dims.symbol_count
           && !(o->ragged[k] && m->dims.symbol[s].kind == VM_RAGGED
                && !strcmp(m->dims.symbol[s].name, o->ragged[k])))
      s++;
    if (s == m->dims.symbol_count) return no_such("ragged", o->ragged[k], "dim that arguments give", error);
  }
  return RT_OK;
}

static int compile(struct aq_function *f, aq_program *program, const aq_function_options *o,
                   struct rt_error *error) {
  struct cc_alone alone = {.name = o->function,
                           .gradients = o->gradients,
                           .training = o->training,
                           .batch = o->batch,
                           .shared = o->shared,
                           .ragged = o->ragged,
                           .shared_count = o->shared ? o->shared_count : 0,
                           .ragged_count = o->ragged ? o->ragged_count : 0};
  if (lib_can_compile(program, error)) return error->code;
  f->module = cc_compile_function(program->program, &alone, error);
  int status = f->module ? lib_need_natives(f->module, &program->allowed, error) : error->code;
  if (status != RT_OK) return status;
  f->run = vm_module_function(f->module, "run");
  if (!f->run) return rt_fail(error, RT_BAD_DATA, "%s has nothing to run", f->module->name);
  return check_names(f, o, error);
}

int function_begin(struct aq_function *f, aq_program *program, const aq_function_options *o,
                   struct rt_error *error) {
  f->precision = lib_precision(o->precision);
  f->seed = f->random = (uint64_t)o->seed;
  f->batch = o->batch;
  f->prefix = "";
  int status = compile(f, program, o, error);
  struct aq_model *from = o->parameters ? o->parameters : program->from;
  if (status == RT_OK && from && f->module->param_count) {
    if (lib_model_members(from) > 1)
      return rt_fail(error, RT_USAGE, "the model to begin with is an ensemble of %u, and one model is needed",
                     (unsigned)lib_model_members(from));
    if (lib_model_trained(from, error) != RT_OK) return RT_USAGE;
    f->from = lib_model_share(from);
  }
  if (status == RT_OK) status = make_tables(f, error);
  if (status != RT_OK) return status;
  f->pool = lib_pool(o->threads, o->pool, error);
  f->machine = f->pool ? vm_machine_new(f->module, f->run, f->precision, f->pool, error) : NULL;
  return f->machine ? RT_OK : error->code;
}

void function_end(struct aq_function *f) {
  vm_machine_free(f->machine);
  rt_pool_free(f->pool);
  lib_params_free(&f->values);
  for (size_t s = 0; f->each && s < f->module->dims.symbol_count; s++) rt_free(f->each[s]);
  rt_free(f->offsets);
  vm_module_free(f->module);
  aq_model_free(f->from);
  rt_arena_free(&f->arena);
}

int aq_function_new(aq_program *program, const aq_function_options *options, aq_function **function) {
  if (!function) return AQ_USAGE;
  struct aq_function *f = *function = rt_zalloc(1, sizeof *f);
  if (!f) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&f->message);
  aq_function_options own;
  if (lib_take_options(LIB_FUNCTION_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  if (!program) return rt_fail(error, RT_USAGE, "there is no program: it is NULL");
  int status = function_begin(f, program, &own, error);
  f->ready = status == RT_OK;
  return status;
}

void aq_function_free(aq_function *function) {
  if (!function) return;
  function->freed = function->running;
  if (function->freed) return;
  function_end(function);
  rt_free(function);
}

const aq_message *aq_function_message(const aq_function *function) {
  return function ? lib_view(&((struct aq_function *)(uintptr_t)function)->message) : lib_nothing();
}

/* ---- parameters ---- */

/* What parameters have, stays. */
static void fix_sizes(struct aq_function *f) {
  const struct vm_module *m = f->module;
  for (uint32_t p = 0; p < m->param_count; p++)
    for (int a = 0; a < m->param[p].type.rank; a++)
      for (uint32_t s = 0; s < m->dims.symbol_count; s++) {
        if (f->fixed[s] || !vm_dim_uses(&m->dims, m->param[p].type.dim[a], s)) continue;
        f->fixed[s] = true;
        f->bound_by[s] = "the parameters, which an earlier run has made";
      }
}

static int make_parameters(struct aq_function *f, struct rt_error *error) {
  const struct lib_beginning how = {.module = f->module, .seed = f->seed};
  lib_params_free(&f->values);
  int status = lib_params_init(&f->values, f->module, f->precision, error);
  if (status != RT_OK) return status;
  status = f->read_from ? lib_params_read(&f->values, f->module, f->read_from, f->prefix, error)
                        : lib_params_fill(&f->values, &how, NULL, error);
  if (status == RT_OK && f->from && !f->read_from)
    status = lib_params_take(&f->values, f->module, f->from, error);
  if (status != RT_OK && f->parameter_file) lib_name_file(error, f->parameter_file);
  if (status != RT_OK) return status;
  f->made = true;
  fix_sizes(f);
  for (uint32_t p = 0; p < f->module->param_count; p++) {
    const void *given = f->parameter[p].data;
    lib_param_elements(f->module, p, f->parameter[p].size, error);
    vm_machine_set_param(f->machine, p, given ? (void *)(uintptr_t)given : f->values.data[p]);
  }
  return RT_OK;
}

/* ---- running ---- */

static bool overlaps(const struct aq_function *f, const void *data) {
  for (uint32_t k = 0; k < f->run->output_count && f->ran; k++) {
    const struct vm_value *value = &f->run->value[f->run->output[k]];
    if (value->place != VM_IN_SLOT) continue;
    const struct rt_tensor t = vm_machine_output(f->machine, k);
    const size_t each = value->type.dtype == RT_INT ? sizeof(int32_t)
                        : f->precision == RT_F64    ? sizeof(double)
                                                    : sizeof(float);
    const uintptr_t from = (uintptr_t)t.data, at = (uintptr_t)data;
    if (at >= from && at < from + (size_t)t.shape->count * each) return true;
  }
  return false;
}

/* What stands for no numbers at all, of which the address is not needed. */
static const double nothing;

static int check_data(const struct aq_function *f, const aq_tensor *argument, struct rt_error *error) {
  for (uint32_t i = 0; i < f->module->input_count; i++) {
    const struct vm_input *input = &f->module->input[i];
    int status = function_check_numbers(f, input->name, &input->type, &argument[i], error);
    if (status != RT_OK) return status;
    if (!argument[i].data || argument[i].data == f->argument[i].data || !overlaps(f, argument[i].data))
      continue;
    rt_fail(error, RT_USAGE, "%s lies in a result of the last run, which this run overwrites", input->name);
    rt_hint(error, "copy the result first");
    return RT_USAGE;
  }
  return RT_OK;
}

int function_bind(struct aq_function *f, const aq_tensor *argument, int64_t examples,
                  struct rt_error *error) {
  int status = check_data(f, argument, error);
  if (status == RT_OK && !function_same_sizes(f, argument, examples)) {
    status = function_sizes(f, argument, examples, error);
    if (status == RT_OK && !f->made) status = make_parameters(f, error);
    if (status == RT_OK)
      status = vm_machine_bind(f->machine, examples, (const int64_t *const *)f->each, error);
    if (status == RT_OK) status = function_offsets(f, error);
    f->bound = status == RT_OK;
  }
  for (uint32_t i = 0; i < f->module->input_count && status == RT_OK; i++) {
    const void *data = argument[i].data ? argument[i].data : &nothing;
    if (f->argument[i].data == data) continue;
    f->argument[i].data = data;
    vm_machine_set_input(f->machine, i, data);
  }
  return status;
}

int function_run(struct aq_function *f, struct rt_error *error) {
  return vm_machine_run(f->machine, f->random, error);
}

static int check_call(const struct aq_function *f, const aq_tensor *argument, size_t count, int64_t examples,
                      struct rt_error *error) {
  if (!f->ready) return rt_fail(error, RT_USAGE, "the function could not be made ready, so it cannot be run");
  if (f->running)
    return rt_fail(error, RT_USAGE, "%s is running, and calls its host meanwhile", f->module->name);
  if (rt_pool_check(f->pool, error) != RT_OK) return RT_USAGE;
  if (count != f->module->input_count) {
    rt_fail(error, RT_USAGE, "%s has %u argument%s, and is given %zu", f->module->name,
            (unsigned)f->module->input_count, f->module->input_count == 1 ? "" : "s", count);
    return RT_USAGE;
  }
  if (count && !argument) return rt_fail(error, RT_USAGE, "there are no arguments: they are NULL");
  if (f->batch && examples < 1)
    return rt_fail(error, RT_USAGE, "a batch cannot have %lld examples", (long long)examples);
  return RT_OK;
}

int aq_function_run(aq_function *function, const aq_tensor *argument, size_t count, int64_t examples) {
  if (!function) return AQ_USAGE;
  struct rt_error *error = lib_begin(&function->message);
  int status = check_call(function, argument, count, examples, error);
  if (status != RT_OK) {
    function->ran = false;
    return status;
  }
  function->running = true;
  status = function_bind(function, argument, function->batch ? examples : 1, error);
  if (status == RT_OK) status = function_run(function, error);
  function->running = false;
  function->ran = status == RT_OK;
  if (status == RT_OK) rt_error_clear(error); /* of a call that the host has made meanwhile */
  if (function->freed) aq_function_free(function);
  return status;
}

int aq_function_seed(aq_function *function, int64_t seed) {
  if (!function) return AQ_USAGE;
  struct rt_error *error = lib_begin(&function->message);
  if (!function->ready)
    return rt_fail(error, RT_USAGE, "the function could not be made ready, so it has no random numbers");
  function->random = (uint64_t)seed;
  return AQ_OK;
}
