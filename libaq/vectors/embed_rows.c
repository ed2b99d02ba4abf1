/* embed_rows.c: a vector for each row of a table. The model's program is compiled again, with the vector as
 * the only thing that it computes. The session keeps that for the next call, which may be about one row. */
#include "libaq/judge/judge.h"
#include "libaq/rows/memory_rows.h"
#include "libaq/rows/row_stream.h"
#include "libaq/vectors/vectors.h"

#include <string.h>

struct embedding {
  struct aq_session *session;
  char *name;                      /* as asked for; NULL: none was */
  const aq_embed_options *options; /* of the call */
  struct aq_vectors *to;
  int64_t width;
  struct vm_module *module;
  const struct vm_function *vector;
  struct vm_machine *machine;
  struct lib_feed feed;
  struct io_schema schema; /* the model's, with columns of its own */
  struct lib_row_check check;
};

/* ---- making ---- */

/* Are these the parameters of the model? A file that was changed may hold another program than its bytecode.
 */
static bool same_parameters(const struct embedding *e) {
  const struct vm_module *m = e->module;
  const struct lib_params *have = e->session->params;
  if (m->param_count != have->count) return false;
  for (uint32_t p = 0; p < m->param_count; p++) {
    int64_t elements = 1, size;
    for (int a = 0; a < m->param[p].type.rank; a++)
      if (vm_dim_value(&m->dims, m->param[p].type.dim[a], NULL, &size, NULL)
          || __builtin_mul_overflow(elements, size, &elements))
        return false;
    if (elements != have->elements[p] || strcmp(m->param[p].name, e->session->model->module->param[p].name))
      return false;
  }
  return true;
}

static int compile(struct embedding *e, const char *name, struct rt_error *error) {
  const struct aq_model *model = e->session->model;
  if (!model->source) return rt_fail(error, RT_USAGE, "the model does not hold its program");
  e->module = lib_source_compile(model->source, name ? name : "", error);
  if (!e->module || vm_natives_bind(e->module, &model->allowed, error)) return error->code;
  const char *misfit = lib_model_misfit(e->module, &model->schema, model->text);
  if (misfit)
    return rt_fail(error, RT_BAD_DATA, "the model's program and its columns do not fit: `%s`", misfit);
  int status = lib_bind_dims(e->module, &model->schema, error);
  if (status != RT_OK) return status;
  e->vector = vm_module_function(e->module, "vector");
  if (!e->vector || !same_parameters(e))
    return rt_fail(error, RT_BAD_DATA, "the model's program and its parameters do not fit");
  return vm_dim_value(&e->module->dims, e->vector->value[e->vector->output[0]].type.dim[0], NULL, &e->width,
                      error);
}

/* Does the vector depend on the input, or on how long it is? */
static bool needs(const struct embedding *e, uint32_t i) {
  int64_t length = e->module->input[i].length;
  if (vm_machine_uses_input(e->machine, i)) return true;
  for (uint32_t k = 0; k < e->module->input_count && length >= 0; k++)
    if (e->module->input[k].length == length && vm_machine_uses_input(e->machine, k)) return false;
  for (uint32_t v = 0; v < e->vector->value_count && length >= 0; v++) {
    const struct vm_type *type = &e->vector->value[v].type;
    for (int a = 0; a < type->rank; a++)
      if (vm_dim_uses(&e->module->dims, type->dim[a], (uint32_t)length)) return true;
  }
  return false;
}

/* The columns that are needed; the others may be there, and are not looked at. */
static int make_schema(struct embedding *e, struct rt_error *error) {
  const struct io_schema *schema = &e->session->model->schema;
  struct io_column *column = rt_zalloc((size_t)schema->count + 1, sizeof *column);
  if (!column) return rt_no_memory(error);
  memcpy(column, schema->columns, (size_t)schema->count * sizeof *column);
  e->schema = *schema;
  e->schema.columns = column;
  for (int c = 0; c < schema->count; c++) column[c].required = false;
  for (uint32_t i = 0; i < e->module->input_count; i++)
    column[vm_column_of(e->module, &e->module->input[i])].required |= needs(e, i);
  for (int c = 0; c < schema->count; c++)
    if (column[c].required && column[c].kind->made && column[c].pair >= 0)
      column[column[c].pair].required = true;
  return RT_OK;
}

/* The vectors of several models have no common directions. */
static int check_alone(const struct aq_model *model, struct rt_error *error) {
  if (lib_model_members(model) == 1) return RT_OK;
  rt_fail(error, RT_USAGE, "the model is an ensemble of %u, and vectors are those of one model",
          (unsigned)lib_model_members(model));
  rt_hint(error,
          "train one: the vectors of several have no common directions, so that no mean stands for them");
  return RT_USAGE;
}

static int make(struct embedding *e, const char *name, struct rt_error *error) {
  struct aq_session *s = e->session;
  int status = check_alone(s->model, error);
  if (status == RT_OK) status = compile(e, name, error);
  lib_name_model(s->model, error);
  if (status != RT_OK) return status;
  e->machine = vm_machine_new(e->module, e->vector, s->precision, s->pool, error);
  if (!e->machine) return error->code;
  lib_params_bind(s->params, e->machine);
  status = lib_feed_init(&e->feed, e->module, &e->schema, s->precision, error);
  if (status == RT_OK) status = make_schema(e, error);
  if (status == RT_OK) status = lib_row_check_init(&e->check, e->module, &e->schema, error);
  e->check.precision = s->precision;
  e->check.extends = true;
  return status;
}

static void embedding_free(struct embedding *e) {
  if (!e) return;
  lib_row_check_free(&e->check);
  rt_free(e->schema.columns);
  if (e->feed.module) lib_feed_free(&e->feed);
  vm_machine_free(e->machine);
  vm_module_free(e->module);
  rt_free(e->name);
  rt_free(e);
}

static bool is_of(const struct embedding *e, const char *name) {
  return e && (e->name && name ? !strcmp(e->name, name) : !e->name && !name);
}

/* The embedding of the session's last call, if it is of the same vector, or a new one. */
static struct embedding *find(struct aq_session *s, const char *name, struct rt_error *error) {
  if (is_of(s->embedding, name)) return s->embedding;
  embedding_free(s->embedding);
  s->embedding = NULL;
  struct embedding *e = rt_zalloc(1, sizeof *e);
  if (!e) {
    rt_no_memory(error);
    return NULL;
  }
  e->session = s;
  e->name = name ? rt_strdup(name) : NULL;
  int status = name && !e->name ? rt_no_memory(error) : make(e, name, error);
  if (status != RT_OK) {
    embedding_free(e);
    return NULL;
  }
  s->free_embedding = embedding_free;
  return s->embedding = e;
}

/* ---- rows ---- */

/* What stands for bad rows comes as lines, in the order of the rows. */
static int add_zeros(struct embedding *e, size_t rows) {
  float *to = rows ? vectors_add(e->to, (int64_t)rows) : NULL;
  if (rows && !to) return RT_NO_MEMORY;
  if (rows) memset(to, 0, rows * (size_t)e->to->width * sizeof *to);
  return RT_OK;
}

static void no_line(const struct rt_error *reason, struct rt_text *out) {
  (void)reason;
  (void)out;
}

static ptrdiff_t read_rows(void *context, char *buffer, size_t size) {
  const struct embedding *e = context;
  return e->options->read(e->options->context, buffer, size);
}

static int take_lines(void *context, const char *text, size_t length) {
  (void)text;
  return add_zeros(context, length);
}

static int keep(struct embedding *e, int64_t rows, struct rt_error *error) {
  struct rt_tensor t = vm_machine_output(e->machine, 0);
  int64_t width = e->width, count = rows * width;
  double *exact = rt_alloc((size_t)count * sizeof *exact + 1);
  if (!exact) return rt_no_memory(error);
  lib_to_double(&t, e->session->precision, exact);
  int status = RT_OK;
  for (int64_t k = 0; k < count; k++) exact[k] = (double)(float)exact[k];
  status = session_check_finite(e->machine, e->vector->output_name[0], exact, count, error);
  float *to = status == RT_OK ? vectors_add(e->to, rows) : NULL;
  for (int64_t k = 0; to && k < count; k++) to[k] = (float)exact[k];
  rt_free(exact);
  return status != RT_OK || to ? status : rt_no_memory(error);
}

static int embed_rows(struct row_stream *st, int64_t first, int64_t count, struct rt_error *error) {
  struct embedding *e = st->own;
  if (add_zeros(e, st->out.length) != RT_OK) return rt_no_memory(error);
  st->out.length = 0;
  struct lib_batch batch = {&st->session->data, st->session->rows + first, count};
  int status = lib_feed_rows(&e->feed, e->machine, batch, error);
  if (status == RT_OK) status = lib_run_batch(e->machine, batch, 0, error);
  return status != RT_OK ? status : keep(e, count, error);
}

static int flush(struct row_stream *st, struct rt_error *error) {
  return row_stream_answer(st, embed_rows, error);
}

static int embed_stream(struct embedding *e, struct rt_error *error) {
  struct aq_session *s = e->session;
  struct row_stream stream = {.session = s,
                              .schema = &e->schema,
                              .extends = true,
                              .batch = s->options.batch,
                              .memory = lib_rows_memory(e->options->rows),
                              .path = e->options->path,
                              .read = e->options->read ? read_rows : NULL,
                              .write = take_lines,
                              .context = e,
                              .answer = "vectors",
                              .bad_line = no_line,
                              .flush = flush,
                              .own = e};
  s->data.check = &e->check.hook;
  int status = row_stream_run(&stream, error);
  s->data.check = &s->row_check.hook;
  return status;
}

int session_embed(struct aq_session *session, const aq_embed_options *options, struct aq_vectors **vectors,
                  struct rt_error *error) {
  aq_embed_options own;
  if (lib_take_options(LIB_EMBED_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  session_forget(session);
  lib_reading_clear(&session->reading);
  struct embedding *e = find(session, own.name, error);
  if (!e) return error->code;
  struct aq_vectors *to = rt_zalloc(1, sizeof *to);
  if (!to) return rt_no_memory(error);
  e->options = &own;
  e->to = to;
  to->width = e->width;
  int status = embed_stream(e, error);
  if (status == RT_OK && to->count == 0) status = rt_fail(error, RT_BAD_DATA, "there are no rows to embed");
  if (status == RT_OK)
    *vectors = to;
  else
    aq_vectors_free(to);
  return status;
}

int aq_session_embed(aq_session *session, const aq_embed_options *options, aq_vectors **vectors) {
  struct rt_error *error;
  if (vectors) *vectors = NULL;
  if (!session || !vectors || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  return session_end(session, session_embed(session, options, vectors, error));
}

/* ---- their names ---- */

static int list_names(struct aq_session *s, struct rt_error *error) {
  int status = s->listed ? RT_OK : check_alone(s->model, error);
  if (status != RT_OK || s->listed) return status;
  if (!s->model->source) return rt_fail(error, RT_USAGE, "the model does not hold its program");
  status = lib_source_vectors(s->model->source, &s->vectors, error);
  lib_name_model(s->model, error);
  s->listed = status == RT_OK;
  if (!s->listed) rt_text_free(&s->vectors);
  return status;
}

const char *aq_session_vector(aq_session *session, size_t number) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return NULL;
  const int status = list_names(session, error);
  const char *name = session->vectors.data, *end = name ? name + session->vectors.length : NULL;
  for (size_t k = 0; k < number && name && name < end; k++) name += strlen(name) + 1;
  return session_end(session, status) == RT_OK && name && name < end ? name : NULL;
}
