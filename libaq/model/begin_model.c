/* begin_model.c: a model without training: its parameters are what they begin with, most often pretrained
 * weights, and its vocabularies are given ones. */
#include <string.h>

#include "libaq/model/params.h"

/* ---- columns ---- */

/* Training would learn it: words, labels, a width, how numbers are scaled. */
static int not_known(const struct io_schema *schema, struct rt_error *error) {
  const struct io_column *c = schema->columns;
  while (c->shares >= 0
         || ((!io_kind_has_vocab(c->kind) || c->vocab) && io_column_width(c->kind, c->size) > 0
             && (!io_needs_fit(c) || c->fit)))
    c++;
  const bool entries = io_kind_has_vocab(c->kind) && !c->vocab;
  rt_fail(error, RT_BAD_DATA, "the column %s learns its %s from training data, and there is none here",
          c->name,
          entries                                  ? c->kind->entries
          : io_column_width(c->kind, c->size) == 0 ? "size"
                                                   : "scale");
  const char *train = "a training with the option weights = FOLDER begins with them, and learns that";
  if (entries && c->kind->labels)
    rt_hint(error, "labels = \"bad, good\" or labels = config(\"id2label\") gives them; %s", train);
  else if (entries)
    rt_hint(error, "a file gives them: %s(vocab = \"vocab.txt\"); %s", c->kind->name, train);
  else
    rt_hint(error, "%s", train);
  return error->code;
}

/* The text that the model writes, when there is no other column; or NULL. */
static const struct vm_input *only_text(const struct vm_module *module) {
  for (uint32_t i = 0; i < module->input_count && module->column_count == 1; i++)
    if (module->input[i].shifted && !module->input[i].column->kind->whole) return &module->input[i];
  return NULL;
}

/* A text with a mark of its own for the begin, such as <s>, is one row; one without, as of GPT-2, is plain
 * text. */
/* Vocabularies that no rows decide, such as that of bytes. */
static int make_fixed(struct io_schema *schema, struct rt_error *error) {
  int status = RT_OK;
  for (int c = 0; c < schema->count && status == RT_OK; c++) {
    struct io_column *column = &schema->columns[c];
    if (column->kind->fixed && !column->vocab && column->shares < 0)
      status = column->kind->fixed(&column->vocab, io_schema_has_ends(schema, c), error);
  }
  io_schema_share(schema);
  return status;
}

int lib_schema_without_rows(struct vm_module *module, const struct lib_known *known, bool *plain,
                            struct io_schema *schema, struct rt_error *error) {
  const struct vm_input *text = only_text(module);
  *plain = text != NULL;
  int status = lib_schema(module, *plain, known, schema, error);
  const struct io_vocab *vocab = status == RT_OK && text ? schema->columns[0].vocab : NULL;
  if (vocab && vocab->begin >= 0 && vocab->begin != vocab->end) {
    io_schema_free(schema);
    *plain = false;
    status = lib_schema(module, false, known, schema, error);
  }
  if (status == RT_OK) status = make_fixed(schema, error);
  if (status == RT_OK && !io_schema_is_trained(schema)) status = not_known(schema, error);
  return status == RT_OK ? lib_bind_dims(module, schema, error) : status;
}

/* ---- the whole ---- */

static int keep_program(struct aq_model *m, aq_program *program, struct rt_error *error) {
  const char *path = program->program->main->path, *slash = strrchr(path, '/');
  int status = lib_source_write(program->program, NULL, 0, &m->source, error);
  if (status != RT_OK) return status;
  m->folder = rt_strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
  return m->folder ? RT_OK : rt_no_memory(error);
}

/* What the host is told. */
static int tell(struct aq_model *m, const struct lib_loaded *loaded, struct rt_error *error) {
  const char *unused = rt_arena_printf(&m->arena, "%s", loaded->unused_names);
  if (!unused) return rt_no_memory(error);
  m->begun = (aq_begin_facts){.size = sizeof m->begun,
                              .unused_tensors = loaded->unused,
                              .unused = unused,
                              .padded_rows = loaded->padded};
  for (uint32_t p = 0; p < m->params.count; p++) {
    const bool given = m->module->param[p].init.kind == VM_INIT_LOAD;
    m->begun.parameters += m->params.elements[p];
    m->begun.loaded_parameters += given ? m->params.elements[p] : 0;
  }
  return RT_OK;
}

static int begin(struct aq_model *m, aq_program *program, const aq_begin_options *o, struct rt_error *error) {
  struct lib_loaded loaded = {0};
  int status = lib_can_compile(program, error);
  if (status == RT_OK && !(m->module = cc_compile_model(program->program, error))) status = error->code;
  if (status == RT_OK) status = lib_allow_as(&m->allowed, &program->allowed, &m->arena, error);
  if (status == RT_OK) status = vm_natives_bind(m->module, &m->allowed, error);
  if (status == RT_OK) status = keep_program(m, program, error);
  const struct lib_known known = {.schema = program && program->from ? &program->from->schema : NULL};
  if (status == RT_OK)
    status = lib_schema_without_rows(m->module, known.schema ? &known : NULL, &m->text, &m->schema, error);
  m->schema.folders = m->allowed.files;
  if (status == RT_OK)
    status = lib_params_init(&m->params, m->module, lib_precision((enum aq_precision)o->precision), error);
  const struct lib_beginning how = {
      .module = m->module,
      .schema = &m->schema,
      .seed = (uint64_t)(o->seed < 0 ? m->module ? m->module->settings.seed : 0 : o->seed),
      .from = program ? program->from : NULL,
      .from_path = program ? program->from_path : NULL};
  if (status == RT_OK) status = lib_params_fill(&m->params, &how, &loaded, error);
  if (status == RT_OK) status = lib_model_words(m, error);
  if (status == RT_OK) status = tell(m, &loaded, error);
  m->trained = status == RT_OK;
  return status;
}

int aq_model_begin(aq_program *program, const aq_begin_options *options, const aq_begin_facts **facts,
                   aq_model **model) {
  if (facts) *facts = NULL;
  if (!model) return AQ_USAGE;
  if (!(*model = lib_model_new())) return AQ_NO_MEMORY;
  struct rt_error *error = lib_model_begin(*model);
  aq_begin_options own;
  int status = lib_take_options(LIB_BEGIN_OPTIONS, options, &own, error);
  if (status == RT_OK) status = begin(*model, program, &own, error);
  if (status == RT_OK && facts) *facts = &(*model)->begun;
  return lib_model_made(*model, status, error);
}
