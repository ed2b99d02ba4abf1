/* aq_sqlite.c: aq's models in SQL, as an extension that SQLite loads. README.md says what there is.
 *
 *     cc -O2 -shared -fPIC *.c $(pkg-config --cflags --libs aq) -o aq_sqlite.so
 *     sqlite3 reviews.db '.load ./aq_sqlite' "SELECT aq_predict('m.aqm', text) FROM review" */
#include <string.h>

#include "answers.h"
#include "batches.h"
#include "tables.h"
SQLITE_EXTENSION_INIT1

/* One call of a function. */
struct call {
  sqlite3_context *context;
  struct model *model;
  struct texts texts;
};

static void fail(sqlite3_context *context, char *why) {
  if (why)
    sqlite3_result_error(context, why, -1);
  else
    sqlite3_result_error_nomem(context);
  sqlite3_free(why);
}

static void fail_as(sqlite3_context *context, const aq_message *message) {
  fail(context, message_of_row(message));
}

/* The model of argument 0. Where that is a constant, it is looked up once for each statement. */
static struct model *find_model(sqlite3_context *context, int count, sqlite3_value **argument) {
  char *why;
  struct model *m = sqlite3_get_auxdata(context, 0);
  if (m) {
    m->users++;
    return m;
  }
  m = models_take(sqlite3_user_data(context), count, argument, &why);
  if (!m) {
    fail(context, why);
    return NULL;
  }
  m->users++;
  sqlite3_set_auxdata(context, 0, m, model_release);
  return m;
}

/* The model, and the texts behind `before` arguments. false: the result is an error, or NULL since one of the
 * arguments is. Otherwise the caller releases the model. */
static bool begin(struct call *call, sqlite3_context *context, int before, int count, sqlite3_value **value) {
  call->context = context;
  if (count < before) {
    fail(context, sqlite3_mprintf(before > 1 ? "this function needs a model, a name and the texts"
                                             : "this function needs a model and the texts"));
    return false;
  }
  call->model = find_model(context, count, value);
  if (!call->model) return false;
  char *why = texts_take(&call->texts, call->model, count - before, value + before);
  bool missing = call->texts.missing || (before > 1 && sqlite3_value_type(value[1]) == SQLITE_NULL);
  if (!why && !missing) return true;
  if (why) fail(context, why);
  model_release(call->model);
  return false;
}

static bool run(struct call *call) {
  aq_session *session = call->model->session;
  if (!texts_predict(&call->texts, call->model, session)) return true;
  fail_as(call->context, aq_session_message(session));
  return false;
}

/* The texts as a table with one row. NULL: the result is an error. */
static char *one_row(struct call *call, struct stream *stream) {
  sqlite3_str *row = sqlite3_str_new(NULL);
  sqlite3_str_appendall(row, model_header(call->model, call->texts.count));
  texts_line(&call->texts, row);
  stream->left = (size_t)sqlite3_str_length(row);
  char *text = sqlite3_str_finish(row);
  stream->from = text;
  if (!text) fail(call->context, NULL);
  return text;
}

/* A stream has failed, with a message about a file of one line. Better is that of a call, if it fails too. */
static void fail_of_row(struct call *call) {
  aq_message message = *aq_session_message(call->model->session);
  message.size = sizeof message;
  if (call->texts.bytes) {
    fail_as(call->context, &message);
    return;
  }
  if (message.code == AQ_BAD_DATA && message.line == 1) { /* the header does not fit: only of vectors */
    fail(call->context, sqlite3_mprintf("this vector needs other texts than the %d that are given\n"
                                        "hint: give it all %d that the model reads",
                                        (int)call->texts.count, (int)call->model->inputs));
    return;
  }
  if (message.code == AQ_BAD_DATA && message.line) {
    message.file = message.hint = "";
    message.line = 0;
  }
  char *why = message_text(&message);
  if (call->texts.count != call->model->inputs || run(call))
    fail(call->context, why);
  else
    sqlite3_free(why);
}

/* ---- aq_predict ---- */

/* The line of a row with the bytes of a file. */
static int line_of_bytes(struct call *call, char **line) {
  aq_rows *rows;
  struct stream stream = {.to = sqlite3_str_new(NULL)};
  aq_predict_options options = answer_options(&stream);
  int status = texts_rows(&call->texts, call->model, &rows);
  options.rows = rows;
  if (!status) status = aq_session_predict_stream(call->model->session, &options);
  int length = sqlite3_str_length(stream.to);
  *line = sqlite3_str_finish(stream.to);
  if (*line && length) (*line)[length - 1] = 0; /* the newline */
  aq_rows_free(rows);
  return status ? status : *line ? AQ_OK : AQ_NO_MEMORY;
}

/* The answer as aqc predict writes it. */
static int predict_line(struct call *call, char **line) {
  char *text = NULL;
  if (call->texts.bytes && call->texts.count == call->model->inputs) return line_of_bytes(call, line);
  int status = texts_predict(&call->texts, call->model, call->model->session);
  if (!status) status = aq_session_line(call->model->session, NULL, &text);
  if (!status && !(*line = sqlite3_mprintf("%s", text))) status = AQ_NO_MEMORY;
  aq_text_free(text);
  return status;
}

static void aq_predict(sqlite3_context *context, int count, sqlite3_value **value) {
  struct call call;
  char *line = NULL;
  if (!begin(&call, context, 1, count, value)) return;
  const bool simple = answer_is_simple(call.model);
  const int status = simple ? !run(&call) : predict_line(&call, &line);
  if (!status)
    answer_give(context, call.model, line);
  else if (status == AQ_NO_MEMORY)
    fail(context, NULL); /* also ours, of which the session says nothing */
  else if (!simple)
    fail_as(context, aq_session_message(call.model->session));
  sqlite3_free(line);
  model_release(call.model);
}

/* ---- aq_proba ---- */

/* Where a label stands: as "label", or as "output=label" when several outputs have it. */
struct place {
  size_t output, number, found;
};

static void look_for(const struct model *m, const char *label, struct place *place) {
  for (size_t o = 0; o < m->outputs; o++) {
    if (!form_ranks(m->form[o])) continue;
    const char *name = aq_model_output_name(m->model, o), *of_this = NULL;
    if (!strncmp(label, name, strlen(name)) && label[strlen(name)] == '=') of_this = label + strlen(name) + 1;
    for (size_t k = 0; k < aq_model_class_count(m->model, o); k++) {
      const char *class = aq_model_class(m->model, o, k);
      if (!strcmp(class, label) || (of_this && !strcmp(class, of_this)))
        *place = (struct place){o, k, place->found + 1};
    }
  }
}

static char *wrong_label(const struct model *m, const char *label, size_t found) {
  const char *near = NULL;
  if (!model_ranks(m)) return no_labels(m);
  if (found)
    return sqlite3_mprintf("several outputs have the label `%s`\nhint: say which, as in '%s=%s'", label,
                           aq_model_output_name(m->model, 0), label);
  for (size_t o = 0; o < m->outputs; o++)
    for (size_t k = 0; form_ranks(m->form[o]) && k < aq_model_class_count(m->model, o); k++)
      near = aq_nearer(label, near, aq_model_class(m->model, o, k));
  if (near) return sqlite3_mprintf("the model has no label `%s`\nhint: did you mean `%s`?", label, near);
  return sqlite3_mprintf("the model has no label `%s`\nhint: aq_top(model, 9, text) lists labels", label);
}

/* The probabilities that count: those of the only row, or behind the last token of a text. */
static void give_probability(struct call *call, const struct place *place) {
  size_t rows, columns;
  const double *p = session_scores(call->model->session, place->output, &rows, &columns);
  if (p && rows && place->number < columns)
    sqlite3_result_double(call->context, p[(rows - 1) * columns + place->number]);
}

static void aq_proba(sqlite3_context *context, int count, sqlite3_value **value) {
  struct call call;
  struct place place = {0};
  if (!begin(&call, context, 2, count, value)) return;
  const char *label = (const char *)sqlite3_value_text(value[1]);
  if (label) look_for(call.model, label, &place);
  if (!label)
    fail(context, NULL);
  else if (place.found != 1)
    fail(context, wrong_label(call.model, label, place.found));
  else if (run(&call))
    give_probability(&call, &place);
  model_release(call.model);
}

/* ---- aq_embed ---- */

/* name NULL: the only vector that the model has. The texts may be those alone that it depends on. */
static void give_vector(struct call *call, const char *name) {
  aq_vectors *vectors = NULL;
  aq_rows *rows = NULL;
  struct stream stream = {0};
  aq_embed_options options;
  bool wrong = !call->texts.count || call->texts.count > call->model->inputs;
  if (wrong && !run(call)) return;
  char *row = call->texts.bytes ? NULL : one_row(call, &stream);
  if (!row && !call->texts.bytes) return;
  aq_embed_options_init(&options);
  options.name = name;
  options.read = stream_read;
  options.context = &stream;
  if (call->texts.bytes && texts_rows(&call->texts, call->model, &rows)) {
    fail_as(call->context, aq_rows_message(rows));
    aq_rows_free(rows);
    return;
  }
  options.rows = rows;
  if (aq_session_embed(call->model->session, &options, &vectors))
    fail_of_row(call);
  else
    sqlite3_result_blob64(call->context, aq_vectors_at(vectors, 0), aq_vectors_width(vectors) * sizeof(float),
                          SQLITE_TRANSIENT);
  aq_vectors_free(vectors);
  aq_rows_free(rows);
  sqlite3_free(row);
}

static void aq_embed(sqlite3_context *context, int count, sqlite3_value **value) {
  struct call call;
  if (!begin(&call, context, 1, count, value)) return;
  give_vector(&call, NULL);
  model_release(call.model);
}

static void aq_embed_of(sqlite3_context *context, int count, sqlite3_value **value) {
  struct call call;
  if (!begin(&call, context, 2, count, value)) return;
  const char *name = (const char *)sqlite3_value_text(value[1]);
  if (name)
    give_vector(&call, name);
  else
    fail(context, NULL);
  model_release(call.model);
}

static void version(sqlite3_context *context, int count, sqlite3_value **value) {
  (void)count;
  (void)value;
  sqlite3_result_text(context, aq_version(), -1, SQLITE_STATIC);
}

/* ---- registering ---- */

/* Functions read files, so a schema must not call them behind the back of who opens a database: a view or a
 * trigger in a file that came from elsewhere (SQLITE_DIRECTONLY). */
static int register_all(sqlite3 *db, struct models *models) {
  static const struct {
    const char *name;
    int count;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
  } functions[] = {{"aq_predict", -1, aq_predict},
                   {"aq_proba", -1, aq_proba},
                   {"aq_embed", -1, aq_embed},
                   {"aq_embed_of", -1, aq_embed_of},
                   {"aq_version", 0, version}};
  int status = SQLITE_OK;
  for (size_t k = 0; k < sizeof functions / sizeof *functions && status == SQLITE_OK; k++) {
    models->users++; /* SQLite releases it in any case */
    status = sqlite3_create_function_v2(db, functions[k].name, functions[k].count,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, models,
                                        functions[k].call, NULL, NULL, models_release);
  }
  if (status == SQLITE_OK) status = tables_register(db, models);
  return status == SQLITE_OK ? batches_register(db, models) : status;
}

int sqlite3_aqsqlite_init(sqlite3 *db, char **error, const sqlite3_api_routines *api);
int sqlite3_aqsqlite_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api)
  struct models *models = models_new();
  if (!models) return SQLITE_NOMEM;
  int status = register_all(db, models);
  models_release(models);
  if (status == SQLITE_OK) return SQLITE_OK_LOAD_PERMANENTLY; /* OpenBLAS is loaded once for a process */
  *error = sqlite3_mprintf("aq's functions: %s", sqlite3_errmsg(db));
  return status;
}
