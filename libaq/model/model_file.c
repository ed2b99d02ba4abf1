/* model_file.c: .aqm files. A model file is a safetensors file. Its tensors are the parameters, under their
 * paths. Its metadata are the columns with their vocabularies, the program with its imports (model_source.c)
 * and the metric. The tensor "aq.words" are the texts of large vocabularies. The tensor "aq.bytecode" is the
 * compiled program: it saves compiling, and is not used by an aq with another list of ops. Nothing in the
 * file says in which folder the program was. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "vm/link.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/file.h"
#include "runtime/io/number.h"
#include "vm/target.h"

/* Raised when a file could no longer be read by an aq that knows the format before. An ensemble, whose
 * further members have their parameters under "2/" and so on, is of the next format: an aq that does not know
 * of members would take the first for all. A model with "aq.words", of one member or several, is of the one
 * behind that. */
enum { FORMAT = 2, FORMAT_MEMBERS = 3, FORMAT_WORDS = 4 };

/* The name of a file, as seen from the program's folder. */
static const char *seen_from(const char *folder, const char *name) {
  size_t length = strlen(folder);
  return name && !strncmp(name, folder, length) ? name + length : name;
}

/* Writes the module without the program's folder in the places that it gives. */
int lib_model_bytecode(const struct aq_model *model, int64_t seed, struct rt_arena *arena,
                       struct rt_text *bytes, struct rt_error *error) {
  struct vm_module m = *model->module;
  m.settings.seed = seed;
  if (!model->folder) return vm_module_write(&m, bytes, error);
  m.line = rt_arena_alloc(arena, (m.line_count + 1u) * sizeof *m.line);
  m.requirement = rt_arena_alloc(arena, (m.requirement_count + 1u) * sizeof *m.requirement);
  m.native = rt_arena_alloc(arena, (m.native_count + 1u) * sizeof *m.native);
  if (!m.line || !m.requirement || !m.native) return rt_no_memory(error);
  for (uint32_t i = 0; i < m.line_count; i++) {
    m.line[i] = model->module->line[i];
    m.line[i].file = seen_from(model->folder, m.line[i].file);
  }
  for (uint32_t i = 0; i < m.requirement_count; i++) {
    m.requirement[i] = model->module->requirement[i];
    m.requirement[i].file = seen_from(model->folder, m.requirement[i].file);
  }
  for (uint32_t i = 0; i < m.native_count; i++) {
    m.native[i] = model->module->native[i];
    m.native[i].file = seen_from(model->folder, m.native[i].file);
  }
  return vm_module_write(&m, bytes, error);
}

/* Member 0 has its parameters under their paths. */
static int describe_member(const struct aq_model *model, uint32_t m, struct rt_arena *arena,
                           struct io_tensor_out *out, struct rt_error *error) {
  char prefix[16] = "";
  if (m) snprintf(prefix, sizeof prefix, "%u/", (unsigned)m + 1);
  return lib_params_describe(m ? &model->more[m - 1] : &model->params, model->module, prefix, arena, out,
                             error);
}

static struct io_tensor_out as_tensor(const char *name, const struct rt_text *bytes, int64_t *length) {
  *length = (int64_t)bytes->length;
  return (struct io_tensor_out){name, IO_U8, 1, length, bytes->data};
}

int lib_model_write(const struct aq_model *model, struct io_save *save, struct rt_error *error) {
  struct rt_text bytes = {0}, schema = {0}, words = {0};
  char value[SHOWN_EXACT_SIZE], format[16], members[16];
  struct rt_arena arena = {0};
  const size_t count = (size_t)model->params.count * lib_model_members(model);
  struct io_tensor_out *tensor = rt_zalloc(count + 2, sizeof *tensor);
  int status = tensor ? lib_model_bytecode(model, model->module->settings.seed, &arena, &bytes, error)
                      : rt_no_memory(error);
  for (uint32_t m = 0; status == RT_OK && m < lib_model_members(model); m++)
    status = describe_member(model, m, &arena, tensor + (size_t)m * model->params.count, error);
  if (status == RT_OK) {
    io_schema_write(&model->schema, &schema, &words);
    shown_exact(value, model->metric_value);
    snprintf(format, sizeof format, "%d",
             words.length        ? FORMAT_WORDS
             : model->more_count ? FORMAT_MEMBERS
                                 : FORMAT);
    snprintf(members, sizeof members, "%u", (unsigned)lib_model_members(model));
    if (schema.failed || words.failed) status = rt_no_memory(error);
  }
  if (status == RT_OK) {
    int64_t length, words_length;
    tensor[count] = as_tensor("aq.bytecode", &bytes, &length);
    tensor[count + 1] = as_tensor("aq.words", &words, &words_length);
    const struct io_metadata metadata[] = {{"aq.format", format},
                                           {"aq.version", aq_version()},
                                           {"aq.schema", schema.data},
                                           {"aq.text", model->text ? "1" : "0"},
                                           {"aq.source", model->source ? model->source : ""},
                                           {"aq.metric", model->metric ? model->metric : ""},
                                           {"aq.value", value},
                                           {"aq.members", members}};
    status = io_tensors_write(save, tensor, (int)count + 1 + (words.length > 0), metadata,
                              RT_COUNT(metadata) - !model->more_count, error);
  }
  rt_free(tensor);
  rt_text_free(&bytes);
  rt_text_free(&schema);
  rt_text_free(&words);
  rt_arena_free(&arena);
  return status;
}

int lib_model_save(const struct aq_model *model, const char *path, struct rt_error *error) {
  struct io_save *save;
  int status = io_save_begin(&save, path, error);
  if (status != RT_OK) return status;
  status = lib_model_write(model, save, error);
  if (status == RT_OK) return io_save_commit(save, error);
  io_save_abort(save);
  return status;
}

static int not_a_model(const char *path, const char *why, struct rt_error *error) {
  rt_fail_in(error, RT_BAD_DATA, path, "this is not a model of aq: %s", why);
  rt_hint(error, "a model is what `aqc train … -o MODEL.aqm` writes");
  return error->code;
}

/* Leaves model->module NULL when the bytecode is not for this aq. */
static int read_bytecode(struct aq_model *model, const struct io_tensors *file, const struct io_tensor *t,
                         struct rt_error *error) {
  void *bytes = rt_alloc((size_t)t->bytes + 1);
  if (!bytes) return rt_no_memory(error);
  int status = io_tensors_raw(file, t, bytes, error);
  if (status == RT_OK && vm_module_is_current(bytes, (size_t)t->bytes)
      && !(model->module = vm_module_read(bytes, (size_t)t->bytes, error)))
    status = error->code;
  rt_free(bytes);
  return status;
}

static int compile_again(struct aq_model *model, const char *path, struct rt_error *error) {
  struct rt_error why = {0};
  model->module = lib_source_compile(model->source, NULL, &why);
  if (model->module) return RT_OK;
  if (why.code == RT_NO_MEMORY) return rt_no_memory(error);
  if (why.line) {
    *error = why;
    error->code = RT_BAD_DATA;
    lib_name_model(model, error);
  } else
    rt_fail_in(error, RT_BAD_DATA, path, "its program cannot be compiled again: %.800s", why.text);
  rt_hint(error,
          "the bytecode in the file is of another version of aq than %s, which therefore compiles the "
          "program that the file holds",
          aq_version());
  return error->code;
}

/* Reads the bytecode; where there is none, or that of another aq, it compiles the program again. */
static int read_program(struct aq_model *model, const struct io_tensors *file, const char *path,
                        struct rt_error *error) {
  const struct io_tensor *t = io_tensors_find(file, "aq.bytecode");
  if ((t && t->dtype != IO_U8) || !model->source)
    return not_a_model(path, "it holds tensors, but no program", error);
  int status = t ? read_bytecode(model, file, t, error) : RT_OK;
  return status != RT_OK || model->module ? status : compile_again(model, path, error);
}

static int check_format(const struct io_tensors *file, const char *path, struct rt_error *error) {
  const char *format = io_tensors_metadata(file, "aq.format"),
             *version = io_tensors_metadata(file, "aq.version");
  double number;
  if (!format || io_number_parse(format, strlen(format), &number) || !(number >= 0 && number < 1e6))
    return not_a_model(path, "it is a safetensors file of something else", error);
  if (number >= FORMAT && number <= FORMAT_WORDS && number == floor(number)) return RT_OK;
  if (number < FORMAT) {
    rt_fail_in(error, RT_BAD_DATA, path, "a model of format %d, from before aq 0.1.0", (int)number);
    rt_hint(error, "train it again");
    return error->code;
  }
  rt_fail_in(error, RT_BAD_DATA, path,
             "a model of format %d, written by aq %.40s; this is aq %s, which "
             "reads format %d",
             (int)number, version ? version : "of a later version", aq_version(), FORMAT_WORDS);
  rt_hint(error, "use a newer aq: models of older versions load in it, too");
  return error->code;
}

/* The columns; the texts of large vocabularies stand in a tensor. */
static int read_columns(struct aq_model *model, const struct io_tensors *file, const char *json,
                        struct rt_error *error) {
  const struct io_tensor *t = io_tensors_find(file, "aq.words");
  struct rt_text words = {0};
  if (!t || t->dtype != IO_U8) return io_schema_parse(&model->schema, json, strlen(json), NULL, error);
  if (!(words.data = rt_alloc((size_t)t->bytes + 1))) return rt_no_memory(error);
  words.length = (size_t)t->bytes;
  int status = io_tensors_raw(file, t, words.data, error);
  if (status == RT_OK) status = io_schema_parse(&model->schema, json, strlen(json), &words, error);
  rt_free(words.data);
  return status;
}

static int read_metadata(struct aq_model *model, const struct io_tensors *file, const char *path,
                         struct rt_error *error) {
  const char *schema = io_tensors_metadata(file, "aq.schema"), *text = io_tensors_metadata(file, "aq.text");
  const char *metric = io_tensors_metadata(file, "aq.metric"), *value = io_tensors_metadata(file, "aq.value"),
             *source = io_tensors_metadata(file, "aq.source");
  if (!schema) return not_a_model(path, "it has no columns", error);
  int status = read_columns(model, file, schema, error);
  model->schema.folders = model->allowed.files;
  if (status != RT_OK) return status;
  model->text = text && !strcmp(text, "1");
  /* The metric was saved as "nan" when the validation data did not define it. */
  if (value && io_number_parse(value, strlen(value), &model->metric_value))
    model->metric_value = strcmp(value, "nan") ? 0 : NAN;
  if (metric && *metric && !(model->metric = rt_strdup(metric))) return rt_no_memory(error);
  if (source && *source && !(model->source = rt_strdup(source))) return rt_no_memory(error);
  return RT_OK;
}

/* Is the size of an axis one that data decide, by the name that the input has for it? One that they do not
 * decide must be known now, to be compared with the column's. */
static bool size_fits(const struct vm_dims *dims, const struct vm_input *input, int axis) {
  vm_dim dim = vm_input_dim(input, axis);
  int64_t symbol = vm_dim_as_symbol(dims, dim), size;
  if (input->column->kind->axis[axis].means != IO_WIDTH && symbol != input->vocabulary) return false;
  if (input->column->kind->axis[axis].means == IO_ENTRIES) return true;
  return symbol < 0 ? !vm_dim_value(dims, dim, NULL, &size, NULL)
                    : dims->symbol[symbol].kind == VM_BOUND || dims->symbol[symbol].kind == VM_CONST;
}

/* Is the input what its kind of column gives? The verifier knows types, but not what columns hold. */
static bool input_fits(const struct vm_dims *dims, const struct vm_input *input,
                       const struct io_column *column, bool writes) {
  const struct io_kind *kind = column->kind;
  bool ragged = io_kind_has(kind, IO_LENGTH), real = io_kind_is_real(kind);
  const struct vm_type *t = &input->type;
  int rank = 0;
  for (int a = 0; a < IO_MOST_AXES; a++)
    rank += kind->axis[a].means != IO_NO_AXIS && kind->axis[a].means != IO_ENTRIES;
  if (input->matched) return input->is_target && input->length < 0 && input->vocabulary < 0;
  if ((input->shifted && !kind->continues) || (input->is_target && kind->give && !kind->answered))
    return false;
  if (column->ends != (input->shifted && !writes)) return false; /* as lib_schema has it */
  if (!t->batched || t->dtype != (real ? RT_REAL : RT_INT) || t->rank != rank
      || ragged != (input->length >= 0) || (input->vocabulary >= 0 && !io_kind_has_vocab(kind)))
    return false;
  if (ragged && vm_dim_as_symbol(dims, t->dim[0]) != input->length) return false;
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (kind->axis[a].means != IO_NO_AXIS && kind->axis[a].means != IO_LENGTH && !size_fits(dims, input, a))
      return false;
  return true;
}

/* Are these numbers of a target, scores of its classes, or scores of steps between them? */
static bool answers(const struct vm_type *t, const struct vm_type *target, bool chain) {
  int axes = target->dtype != RT_INT ? 0 : chain ? 2 : 1;
  if (t->dtype != RT_REAL || !t->batched || t->rank != target->rank + axes) return false;
  for (int a = 0; a < axes; a++)
    if (t->dim[target->rank + a] != target->of) return false;
  return memcmp(t->dim, target->dim, target->rank * sizeof *t->dim) == 0;
}

/* Boxes, each with a score more than what a row has of one? */
static bool finds_boxes(const struct vm_dims *dims, const struct vm_type *t, const struct vm_type *target) {
  struct vm_dims more;
  if (t->dtype != RT_REAL || !t->batched || t->rank != 2 || target->rank != 2) return false;
  if (vm_dims_branch(&more, dims) != RT_OK) return false;
  const bool fits = vm_dim_plus(&more, target->dim[1], VM_ONE) == t->dim[1];
  vm_dims_free(&more);
  return fits;
}

/* The two vectors of a match? */
static bool is_pair(const struct vm_dims *dims, const struct vm_type *t) {
  int64_t two;
  return t->dtype == RT_REAL && t->batched && t->rank == 2 && vm_dim_is_number(dims, t->dim[0], &two)
         && two == 2 && !vm_dim_is_ragged(dims, t->dim[1]);
}

/* Does the function give scores for every class of its targets, or their numbers, and the loss where it is
 * wanted? */
static bool outputs_fit(const struct vm_module *m, const char *name, bool loss) {
  const struct vm_function *f = vm_module_function(m, name);
  if (!f || !m->output_count || f->output_count < m->output_count + loss) return false;
  for (uint32_t o = 0; o < m->output_count; o++) {
    const struct vm_type *target = &m->input[m->output[o].target].type, *t = &f->value[f->output[o]].type;
    if (m->input[m->output[o].target].matched) {
      if (!is_pair(&m->dims, t)) return false;
      continue;
    }
    if (m->input[m->output[o].target].spelled) {
      if (t->dtype != RT_REAL || !t->batched || t->rank != 2 || vm_dim_is_ragged(&m->dims, t->dim[1]))
        return false;
      continue;
    }
    const bool boxes = vm_form_of(&m->input[m->output[o].target]) == VM_BOXES;
    if (boxes != !strcmp(m->output[o].link, VM_LINK_OBJECTS)) return false;
    if (boxes && !finds_boxes(&m->dims, t, target)) return false;
    if (boxes) continue;
    if (!answers(t, target, !strcmp(m->output[o].link, VM_LINK_CHAIN))) return false;
  }
  /* The loss may be followed by the losses of the outputs, and these by what they are divided by. */
  uint32_t count = m->output_count;
  if (loss && f->output_count > count + 1 && f->output_count != 2 * count + 1
      && f->output_count != 3 * count + 1)
    return false;
  for (uint32_t o = m->output_count; loss && o < f->output_count; o++) {
    const struct vm_type *t = &f->value[f->output[o]].type;
    if (t->dtype != RT_REAL || t->batched || t->rank) return false;
  }
  return true;
}

const char *lib_model_misfit(const struct vm_module *m, const struct io_schema *schema, bool writes) {
  for (uint32_t i = 0; i < m->input_count; i++) {
    const struct vm_input *input = &m->input[i];
    int column = input->column ? vm_column_of(m, input) : schema->count;
    const struct io_column *c = column < schema->count ? &schema->columns[column] : NULL;
    if (!c || strcmp(c->name, input->name) != 0 || c->kind != input->column->kind
        || !input_fits(&m->dims, input, c, writes))
      return input->name;
  }
  return NULL;
}

static int check_columns(const struct aq_model *model, const char *path, struct rt_error *error) {
  const struct vm_module *m = model->module;
  const char *misfit = lib_model_misfit(m, &model->schema, model->text);
  if (misfit) {
    char why[128];
    snprintf(why, sizeof why, "its program and its columns do not fit: `%.60s`", misfit);
    return not_a_model(path, why, error);
  }
  if (!outputs_fit(m, "predict", false) || !outputs_fit(m, "eval", true))
    return not_a_model(path, "its program does not predict its columns", error);
  return io_schema_is_trained(&model->schema) ? RT_OK
                                              : not_a_model(path, "its columns were never trained", error);
}

/* How many members the file says that it has. */
static int count_members(const struct aq_model *model, const struct io_tensors *file, const char *path,
                         uint32_t *count, struct rt_error *error) {
  const char *format = io_tensors_metadata(file, "aq.format"),
             *members = io_tensors_metadata(file, "aq.members");
  double said, number;
  *count = 1;
  if (io_number_parse(format, strlen(format), &said) || said < FORMAT_MEMBERS) return RT_OK;
  if (!members && said == FORMAT_WORDS) return RT_OK;
  if (!members || io_number_parse(members, strlen(members), &number) || number < 2 || number > AQ_MOST_MEMBERS
      || number != floor(number))
    return not_a_model(path, "it is an ensemble, and does not say of how many", error);
  *count = (uint32_t)number;
  return lib_ensemble_check(model->module, error);
}

static int read_params(struct lib_params *params, const struct aq_model *model, const struct io_tensors *file,
                       const char *prefix, enum rt_precision precision, struct rt_error *error) {
  int status = lib_params_init(params, model->module, precision, error);
  if (status == RT_OK) status = lib_params_read(params, model->module, file, prefix, error);
  return status == RT_OK ? lib_params_check(params, model->module, RT_BAD_DATA, "is not finite", error)
                         : status;
}

/* What has parameters under a further number was an ensemble of more. */
static int check_last(const struct aq_model *model, const struct io_tensors *file, const char *path,
                      uint32_t count, struct rt_error *error) {
  char name[256];
  for (uint32_t k = 0; k < model->module->param_count; k++) {
    int length = snprintf(name, sizeof name, "%u/%s", (unsigned)count + 1, model->module->param[k].name);
    if (length < (int)sizeof name && io_tensors_find(file, name))
      return not_a_model(path, "it has parameters of more members than it says", error);
  }
  return RT_OK;
}

static int read_members(struct aq_model *model, const struct io_tensors *file, const char *path,
                        struct rt_error *error) {
  uint32_t count;
  const struct io_tensor *first =
      model->module->param_count ? io_tensors_find(file, model->module->param[0].name) : NULL;
  enum rt_precision precision = first && first->dtype == IO_F64 ? RT_F64 : RT_F32;
  int status = count_members(model, file, path, &count, error);
  if (status == RT_OK) status = check_last(model, file, path, count, error);
  if (status == RT_OK) status = read_params(&model->params, model, file, "", precision, error);
  if (status != RT_OK || count == 1) return status;
  if (!(model->more = rt_zalloc(count - 1, sizeof *model->more))) return rt_no_memory(error);
  while (model->more_count < count - 1 && status == RT_OK) {
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%u/", (unsigned)model->more_count + 2);
    status = read_params(&model->more[model->more_count++], model, file, prefix, precision, error);
  }
  return status;
}

static bool is_program(const char *path) {
  const char *end = strrchr(path, '.');
  return end && strcmp(end, ".aq") == 0;
}

/* What has not even the form of a model. */
static int no_model(const char *path, struct rt_error *error) {
  if (is_program(path)) {
    rt_error_clear(error);
    rt_fail_in(error, RT_BAD_DATA, path, "this is a program, not a trained model");
    rt_hint(error, "train it first, and load what is saved then");
  } else
    rt_hint(error, "a model is what `aqc train … -o MODEL.aqm` writes");
  return RT_BAD_DATA;
}

/* Closes the file, which opening it has set. name: its path, for messages. */
static int read_model(struct aq_model *model, struct io_tensors *file, const char *path, int opened,
                      struct rt_error *error) {
  int status = opened == RT_BAD_DATA ? no_model(path, error) : opened;
  model->path = rt_arena_strndup(&model->arena, path, strlen(path));
  if (status == RT_OK && !model->path) status = rt_no_memory(error);
  if (status == RT_OK) status = check_format(file, path, error);
  if (status == RT_OK) status = io_tensors_verify(file, error);
  if (status == RT_OK) status = read_metadata(model, file, path, error);
  if (status == RT_OK) status = read_program(model, file, path, error);
  if (status == RT_OK) status = vm_natives_bind(model->module, &model->allowed, error);
  if (status == RT_OK) status = check_columns(model, path, error);
  if (status == RT_OK) status = lib_bind_dims(model->module, &model->schema, error);
  if (status == RT_OK) status = read_members(model, file, path, error);
  if (status == RT_OK) status = lib_model_words(model, error);
  io_tensors_close(file);
  if (status != RT_OK) lib_name_file(error, path);
  model->trained = status == RT_OK;
  return status;
}

int lib_model_read(struct aq_model *model, const char *path, struct rt_error *error) {
  struct io_tensors *file = NULL;
  int status = io_tensors_open(&file, path, error);
  return read_model(model, file, path, status, error);
}

int lib_model_read_bytes(struct aq_model *model, const char *name, const void *bytes, size_t length,
                         struct rt_error *error) {
  const char *path = name ? name : "(memory)";
  struct io_tensors *file = NULL;
  int status = io_tensors_open_bytes(&file, path, bytes, length, error);
  return read_model(model, file, path, status, error);
}
