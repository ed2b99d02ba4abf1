/* run_files.c: runs one function on tensors of files, so that its results can be compared with anything else.
 */
#include <stdio.h>
#include <string.h>

#include "libaq/function/function.h"
#include "libaq/profile/profile.h"

struct run {
  const aq_run_options *options;
  struct aq_function f;
  struct io_tensors *inputs, *params;
  void **data; /* [inputs] */
  aq_tensor *argument;
  struct rt_arena arena;
};

static void run_free(struct run *r) {
  for (uint32_t i = 0; r->data && i < r->f.module->input_count; i++) rt_free_aligned(r->data[i]);
  function_end(&r->f);
  io_tensors_close(r->inputs);
  io_tensors_close(r->params);
  rt_arena_free(&r->arena);
}

/* ---- arguments ---- */

static const char *type_text(struct run *r, const struct vm_type *type) {
  struct rt_text text = {0};
  vm_type_print(&r->f.module->dims, type, &text);
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

static const struct io_tensor *tensor_of(struct run *r, const struct vm_input *input,
                                         struct rt_error *error) {
  const struct io_tensor *t = r->inputs ? io_tensors_find(r->inputs, input->name) : NULL;
  if (t) return t;
  if (!r->inputs) {
    rt_fail(error, RT_USAGE, "%s needs the argument %s: %s", r->f.module->name, input->name,
            type_text(r, &input->type));
    rt_hint(error, "give a safetensors file with a tensor for each argument: the option inputs = FILE");
  } else {
    rt_fail_in(error, RT_BAD_DATA, r->options->inputs, "no tensor for the argument %s: %s", input->name,
               type_text(r, &input->type));
    rt_hint(error, "it has %s", names_in(r, r->inputs));
  }
  return NULL;
}

static size_t value_size(enum aq_number number) {
  return number == AQ_INT32 ? sizeof(int32_t) : number == AQ_DOUBLE ? sizeof(double) : sizeof(float);
}

static int read_argument(struct run *r, uint32_t i, struct rt_error *error) {
  const struct vm_input *input = &r->f.module->input[i];
  const struct io_tensor *t = tensor_of(r, input, error);
  size_t bytes;
  if (!t) return error->code;
  const enum aq_number number = input->type.dtype == RT_INT ? AQ_INT32
                                : r->f.precision == RT_F64  ? AQ_DOUBLE
                                                            : AQ_FLOAT;
  if (!rt_mul((size_t)t->elements, value_size(number), &bytes)
      || !(r->data[i] = rt_alloc_aligned(bytes ? bytes : 1)))
    return rt_no_memory(error);
  r->argument[i] = (aq_tensor){.data = r->data[i], .number = number, .rank = t->rank, .size = t->shape};
  return number == AQ_INT32    ? io_tensors_int32(r->inputs, t, r->data[i], error)
         : number == AQ_DOUBLE ? io_tensors_double(r->inputs, t, r->data[i], error)
                               : io_tensors_float(r->inputs, t, r->data[i], error);
}

static bool is_input(const struct vm_module *m, const char *name) {
  uint32_t i = 0;
  while (i < m->input_count && strcmp(m->input[i].name, name) != 0) i++;
  return i < m->input_count;
}

/* A tensor for an argument that is none would be passed over, and the argument be something else. */
static int check_names(struct run *r, struct aq_program *program, struct rt_error *error) {
  const struct vm_module *m = r->f.module;
  for (int k = 0; r->inputs && k < io_tensors_count(r->inputs); k++) {
    const char *name = io_tensors_at(r->inputs, k)->name;
    const struct gr_node *argument =
        is_input(m, name) ? NULL : cc_argument_of(program->program, m->name, name);
    if (!argument) continue;
    rt_fail_in(error, RT_BAD_DATA, r->options->inputs,
               "it has a tensor %s, and the argument %s of %s has no shape, so that it is no tensor", name,
               name, m->name);
    rt_hint(error,
            argument->count > 1 && argument->child[1]
                ? "with a shape it is read from the file: `%s: []` is a number; or leave the tensor out"
                : "with a shape it is read from the file, `%s: []`; a size is given by -D %s=8",
            name, name);
    return error->code;
  }
  return RT_OK;
}

static int read_arguments(struct run *r, struct aq_program *program, struct rt_error *error) {
  const uint32_t count = r->f.module->input_count;
  int status = r->options->inputs ? io_tensors_open(&r->inputs, r->options->inputs, error) : RT_OK;
  r->data = rt_arena_alloc(&r->arena, (count + 1u) * sizeof *r->data);
  r->argument = rt_arena_alloc(&r->arena, (count + 1u) * sizeof *r->argument);
  if (!r->data || !r->argument) return rt_no_memory(error);
  if (status == RT_OK) status = check_names(r, program, error);
  for (uint32_t i = 0; i < count && status == RT_OK; i++) status = read_argument(r, i, error);
  r->f.argument_file = r->options->inputs;
  return status;
}

/* ---- parameters ---- */

/* A file that save_params wrote can be given back as it is. The sizes of its tensors may be known from there
 * alone. */
static int open_parameters(struct run *r, struct rt_error *error) {
  const struct vm_module *m = r->f.module;
  if (!r->options->params) return RT_OK;
  int status = io_tensors_open(&r->params, r->options->params, error);
  if (status != RT_OK) return status;
  r->f.parameter_file = r->options->params;
  r->f.read_from = r->params;
  for (uint32_t p = 0; p < m->param_count; p++) {
    const char *with = rt_arena_printf(&r->arena, "param.%s", m->param[p].name);
    if (!with) return rt_no_memory(error);
    if (p == 0 && !io_tensors_find(r->params, m->param[0].name) && io_tensors_find(r->params, with))
      r->f.prefix = "param.";
    const struct io_tensor *t = io_tensors_find(r->params, r->f.prefix[0] ? with : m->param[p].name);
    if (!t) continue; /* reading them will say so */
    struct function_tensor *to = &r->f.parameter[p];
    *to = (struct function_tensor){.given = true, .rank = t->rank};
    for (int a = 0; a < t->rank && a < RT_MAX_RANK; a++) to->size[a] = t->shape[a];
  }
  return RT_OK;
}

/* ---- running and writing ---- */

static bool is_param(const struct vm_module *m, const char *name) {
  uint32_t p = 0;
  while (p < m->param_count && strcmp(m->param[p].name, name) != 0) p++;
  return p < m->param_count;
}

/* One name more, as far as there is room. */
static void add_name(char *names, size_t room, int64_t *count, const char *name) {
  size_t length = strlen(names), wanted = strlen(name) + (length ? 2 : 0);
  if ((*count)++ == 0 || (length && length + wanted + 5 < room))
    snprintf(names + length, room - length, "%s%.200s", length ? ", " : "", name);
  else if (length && length + 5 < room && strcmp(names + length - 3, "...") != 0)
    snprintf(names + length, room - length, ", ...");
}

/* A file that save_params wrote holds results and gradients too, which are no parameters. */
static void note_unused(const struct run *r, struct aq_program *program) {
  const struct vm_module *m = r->f.module;
  const size_t prefix = strlen(r->f.prefix);
  for (int k = 0; r->params && k < io_tensors_count(r->params); k++) {
    const char *name = io_tensors_at(r->params, k)->name;
    if (!strncmp(name, r->f.prefix, prefix) && !is_param(m, name + prefix))
      add_name(program->ran_unused, sizeof program->ran_unused, &program->ran.unused_params, name);
  }
  for (int k = 0; r->inputs && k < io_tensors_count(r->inputs); k++) {
    const char *name = io_tensors_at(r->inputs, k)->name;
    if (!is_input(m, name))
      add_name(program->ran_unread, sizeof program->ran_unread, &program->ran.unused_inputs, name);
  }
}

static int run_once(struct run *r, struct rt_error *error) {
  const struct profile_time from = lib_profile_now(r->options->profile);
  int status = function_run(&r->f, error);
  lib_profile_part(r->options->profile, PROFILE_run, from);
  lib_profile_took(r->options->profile, rt_clock() - from.time);
  lib_profile_ran(r->options->profile, r->f.machine, 0);
  return status;
}

/* The mean of all runs but the first, in which caches are cold and threads asleep; of a single run, that one.
 */
static int run_all(struct run *r, struct aq_program *program, struct rt_error *error) {
  int64_t repeat = r->options->repeat > 1 ? r->options->repeat : 1;
  double start = lib_seconds();
  for (int64_t k = 0; k < repeat; k++) {
    int status = run_once(r, error);
    if (status != RT_OK) return status;
    if (k == 0 && repeat > 1) start = lib_seconds();
  }
  program->ran_unused[0] = program->ran_unread[0] = '\0';
  program->ran =
      (aq_run_facts){.size = sizeof program->ran,
                     .seconds_per_run = (lib_seconds() - start) / (double)(repeat > 1 ? repeat - 1 : 1),
                     .peak_bytes = vm_machine_memory(r->f.machine).slots,
                     .unused = program->ran_unused,
                     .unread = program->ran_unread};
  note_unused(r, program);
  return RT_OK;
}

static int write_outputs(struct run *r, struct rt_error *error) {
  const struct vm_function *run = r->f.run;
  uint32_t count = run->output_count, params = r->options->save_params ? r->f.values.count : 0;
  struct io_tensor_out *out = rt_arena_alloc(&r->arena, ((size_t)count + params + 1) * sizeof *out);
  if (!out) return rt_no_memory(error);
  for (uint32_t k = 0; k < count; k++) {
    struct rt_tensor t = vm_machine_output(r->f.machine, k);
    bool whole = run->value[run->output[k]].type.dtype == RT_INT;
    out[k] = (struct io_tensor_out){run->output_name[k],
                                    whole                      ? IO_I32
                                    : r->f.precision == RT_F64 ? IO_F64
                                                               : IO_F32,
                                    t.shape->rank, t.shape->size, t.data};
  }
  int status = params
                   ? lib_params_describe(&r->f.values, r->f.module, "param.", &r->arena, out + count, error)
                   : RT_OK;
  return status != RT_OK ? status
                         : io_tensors_save(r->options->outputs, out, (int)(count + params), NULL, 0, error);
}

int aq_program_run(aq_program *program, const aq_run_options *options, const aq_run_facts **facts) {
  if (facts) *facts = NULL;
  if (!program) return AQ_USAGE;
  struct rt_error *error = lib_begin(&program->message);
  aq_run_options own;
  if (lib_take_options(LIB_RUN_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  aq_function_options how;
  aq_function_options_init(&how);
  how.function = own.function;
  how.precision = own.precision;
  how.gradients = own.gradients;
  how.threads = own.threads;
  how.seed = own.seed;
  struct run r = {.options = &own};
  int status = function_begin(&r.f, program, &how, error);
  if (status == RT_OK) status = read_arguments(&r, program, error);
  if (status == RT_OK) status = open_parameters(&r, error);
  if (status == RT_OK) status = function_bind(&r.f, r.argument, 1, error);
  if (status == RT_OK)
    status = lib_profile_begin(own.profile, r.f.machine, r.f.module, r.f.precision, r.f.pool, error);
  if (status == RT_OK) status = run_all(&r, program, error);
  lib_profile_end(own.profile, r.f.machine, r.f.pool);
  if (status == RT_OK && own.outputs) status = write_outputs(&r, error);
  run_free(&r);
  if (status == RT_OK && facts) *facts = &program->ran;
  return status;
}
