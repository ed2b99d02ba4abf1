/* batches.c: aq_predict_all(model, query): the answers to all rows of a query, many at once, which is quicker
 * than one by one. The first column of the query tells the rows apart, the others are the texts. */
#include <string.h>

#include "answers.h"
#include "batches.h"
#include "vtab.h"
SQLITE_EXTENSION_INIT3

enum {
  BATCH = 512,      /* rows that are read before they are answered */
  FILES_BATCH = 64, /* of those with the bytes of files */
};
enum { COLUMN_ID, COLUMN_ANSWER, COLUMN_MODEL, COLUMN_QUERY };

struct table {
  sqlite3_vtab base;
  sqlite3 *db;
  struct models *models;
};

struct row {
  sqlite3_value *id;
  int line;           /* of the batch, where the row begins, or its number there; 0: a text is NULL */
  const char *answer; /* NULL: there is none */
};

struct cursor {
  sqlite3_vtab_cursor base;
  struct model *model;
  aq_session *session; /* its own: the query may call these functions */
  sqlite3_stmt *query;
  bool ended; /* the query has no more rows */
  struct row row[BATCH];
  int count, at;
  sqlite3_int64 before; /* rows of earlier batches */
  char *answers;        /* lines */
  struct texts texts;
  bool waits;            /* the query stands at a row that begins the next batch */
  int taken;             /* rows of the batch whose texts are there */
  bool bytes;            /* some of these are the bytes of files: then they are */
  bool file[MOST_TEXTS]; /* such files, in all rows of the batch */
  char **field;          /* [inputs, FILES_BATCH] */
  size_t *length;
};

static int fail(struct cursor *c, char *why) {
  sqlite3_vtab *table = c->base.pVtab;
  if (!why) return SQLITE_NOMEM;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = why;
  return SQLITE_ERROR;
}

/* ---- a batch ---- */

static void forget_rows(struct cursor *c) {
  for (int k = 0; k < c->count; k++) sqlite3_value_free(c->row[k].id);
  for (size_t k = 0; c->field && k < c->model->inputs * FILES_BATCH; k++) {
    sqlite3_free(c->field[k]);
    c->field[k] = NULL;
  }
  c->taken = 0;
  c->bytes = false;
  sqlite3_free(c->answers);
  c->answers = NULL;
  c->before += c->count;
  c->count = c->at = 0;
}

/* The query has failed: its message, and its status when it was interrupted. */
static int fail_of_query(struct cursor *c, int status) {
  if (status == SQLITE_INTERRUPT || status == SQLITE_NOMEM) return status;
  return fail(c, sqlite3_mprintf("the query: %s", sqlite3_errmsg(((struct table *)c->base.pVtab)->db)));
}

static int count_lines(const struct texts *texts) {
  int lines = 1;
  for (size_t k = 0; k < texts->count; k++) {
    const char *at = texts->field[k], *end = at + texts->length[k];
    for (; at < end; at++) lines += *at == '\n';
  }
  return lines;
}

/* Keeps the texts of a row with the bytes of files until the batch is complete. */
static int keep_files(struct cursor *c) {
  const size_t all = c->model->inputs * FILES_BATCH;
  if (!c->field && (c->field = sqlite3_malloc64(all * sizeof *c->field)))
    memset(c->field, 0, all * sizeof *c->field);
  if (!c->length) c->length = sqlite3_malloc64(all * sizeof *c->length);
  if (!c->field || !c->length) return SQLITE_NOMEM;
  for (size_t k = 0; k < c->texts.count; k++) {
    const size_t at = k * FILES_BATCH + (size_t)c->taken, length = c->texts.length[k];
    c->length[at] = length;
    if (!(c->field[at] = sqlite3_malloc64(length + 1))) return SQLITE_NOMEM;
    if (length) memcpy(c->field[at], c->texts.field[k], length);
  }
  return SQLITE_OK;
}

/* Is a column of one batch the bytes of files in some rows, and text in others? */
static bool is_of_next(const struct cursor *c) {
  return c->taken && memcmp(c->file, c->texts.file, c->texts.count * sizeof *c->file) != 0;
}

/* Adds the row where the query stands, or leaves it to the next batch. Its values are safe to use: the
 * statement that reads this table holds the connection's mutex. *line: where it begins in the table, and then
 * the next one. */
static int add_row(struct cursor *c, sqlite3_str *table, int *line) {
  sqlite3_value *value[MOST_TEXTS];
  int count = sqlite3_column_count(c->query) - 1;
  for (int k = 0; k < count; k++) value[k] = sqlite3_column_value(c->query, k + 1);
  char *why = texts_take(&c->texts, c->model, count, value);
  if (why) {
    char *whole = sqlite3_mprintf("row %lld of the query: %s", c->before + c->count + 1, why);
    sqlite3_free(why);
    return fail(c, whole);
  }
  c->waits = !c->texts.missing && is_of_next(c);
  if (c->waits) return SQLITE_OK;
  struct row *row = &c->row[c->count];
  *row = (struct row){.id = sqlite3_value_dup(sqlite3_column_value(c->query, 0))};
  if (!row->id) return SQLITE_NOMEM;
  c->count++;
  if (c->texts.missing) return SQLITE_OK;
  memcpy(c->file, c->texts.file, sizeof c->file);
  c->bytes = c->texts.bytes;
  row->line = c->bytes ? c->taken + 1 : *line;
  *line += c->bytes ? 0 : count_lines(&c->texts);
  if (!c->bytes) texts_line(&c->texts, table);
  int status = c->bytes ? keep_files(c) : SQLITE_OK;
  c->taken++;
  return status;
}

/* Reads rows of the query into a table, or those with files into the cursor. */
static int read_rows(struct cursor *c, sqlite3_str *table) {
  int line = 2, status = SQLITE_OK; /* behind the header */
  while (c->count < BATCH && c->taken < (c->bytes ? FILES_BATCH : BATCH) && !c->ended
         && status == SQLITE_OK) {
    int step = c->waits ? SQLITE_ROW : sqlite3_step(c->query);
    c->ended = step != SQLITE_ROW;
    if (step == SQLITE_ROW)
      status = add_row(c, table, &line);
    else if (step != SQLITE_DONE)
      status = fail_of_query(c, step);
    if (c->waits) break;
  }
  return status;
}

/* Messages tell lines of the table; people know rows of their query. */
static int fail_of_rows(struct cursor *c) {
  aq_message message = *aq_session_message(c->session);
  message.size = sizeof message;
  sqlite3_int64 row = 0;
  for (int k = 0; k < c->count && message.code == AQ_BAD_DATA; k++)
    if (c->row[k].line && c->row[k].line <= message.line) row = c->before + k + 1;
  if (row) message.file = message.hint = "";
  message.line = row ? 0 : message.line;
  char *why = message_of_row(&message);
  if (!why || !row) return fail(c, why);
  char *whole = sqlite3_mprintf("row %lld of the query: %s", row, why);
  sqlite3_free(why);
  return fail(c, whole);
}

/* The lines of the answers go to the rows, in their order. */
static int give_lines(struct cursor *c) {
  char *line = c->answers;
  for (int k = 0; k < c->count; k++) {
    if (!c->row[k].line) continue;
    char *end = line ? strchr(line, '\n') : NULL;
    if (!end) return fail(c, sqlite3_mprintf("there are fewer answers than rows"));
    *end = 0;
    c->row[k].answer = line;
    line = end + 1;
  }
  return SQLITE_OK;
}

/* The kept rows as a table in memory, for the caller to free. */
static int rows_of_files(const struct cursor *c, aq_rows **rows) {
  int status = aq_rows_new(rows);
  for (size_t k = 0; k < c->model->inputs && !status; k++) {
    const char *name = aq_model_field(c->model->model, k);
    char **field = c->field + k * FILES_BATCH;
    const size_t *length = c->length + k * FILES_BATCH;
    status = c->file[k] ? aq_rows_bytes(*rows, name, (const void *const *)field, length, (size_t)c->taken)
                        : aq_rows_texts(*rows, name, (const char *const *)field, length, (size_t)c->taken);
  }
  return status;
}

static int answer_rows(struct cursor *c, sqlite3_str *table) {
  struct stream stream = {.from = sqlite3_str_value(table), .left = (size_t)sqlite3_str_length(table)};
  aq_rows *rows = NULL;
  if (sqlite3_str_errcode(table)) return SQLITE_NOMEM;
  if (c->bytes && rows_of_files(c, &rows)) {
    int failed = fail(c, message_text(aq_rows_message(rows)));
    aq_rows_free(rows);
    return failed;
  }
  stream.to = sqlite3_str_new(NULL);
  aq_predict_options options = answer_options(&stream);
  options.rows = rows;
  int status = aq_session_predict_stream(c->session, &options);
  aq_rows_free(rows);
  bool no_memory = sqlite3_str_errcode(stream.to) != SQLITE_OK;
  c->answers = sqlite3_str_finish(stream.to);
  if (no_memory) return SQLITE_NOMEM;
  return status ? fail_of_rows(c) : give_lines(c);
}

static int next_batch(struct cursor *c) {
  forget_rows(c);
  sqlite3_str *table = sqlite3_str_new(NULL);
  sqlite3_str_appendall(table, model_header(c->model, c->model->inputs));
  int status = read_rows(c, table);
  if (status == SQLITE_OK && c->count) status = answer_rows(c, table);
  sqlite3_free(sqlite3_str_finish(table));
  return status;
}

/* ---- the table ---- */

static int connect(sqlite3 *db, void *models, int count, const char *const *argument, sqlite3_vtab **made,
                   char **error) {
  (void)count;
  (void)argument;
  (void)error;
  int status = sqlite3_declare_vtab(db, "CREATE TABLE x(id, answer, aq_model HIDDEN, aq_query HIDDEN)");
  if (status != SQLITE_OK) return status;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); /* it reads files */
  struct table *table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (struct table){.db = db, .models = models};
  *made = &table->base;
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  unsigned given;
  if (vtab_take_arguments(info, COLUMN_MODEL, 2, &given) != SQLITE_OK) return SQLITE_CONSTRAINT;
  info->estimatedCost = 1e6;
  if (given == 3) return SQLITE_OK;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("aq_predict_all needs a model and a query, as in "
                                   "aq_predict_all('m.aqm', 'SELECT id, text FROM t')");
  return SQLITE_ERROR;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **made) {
  (void)table;
  return vtab_open_cursor(sizeof(struct cursor), made);
}

static void forget(struct cursor *c) {
  forget_rows(c);
  sqlite3_finalize(c->query);
  aq_session_free(c->session);
  model_release(c->model);
  sqlite3_free(c->field);
  sqlite3_free(c->length);
  c->query = NULL;
  c->session = NULL;
  c->model = NULL;
  c->field = NULL;
  c->length = NULL;
  c->before = 0;
  c->ended = c->waits = false;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  forget((struct cursor *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

/* One statement that reads, with a column to tell rows apart and the texts of the model. */
static int prepare(struct cursor *c, sqlite3_value *query) {
  sqlite3 *db = ((struct table *)c->base.pVtab)->db;
  const char *rest, *text = (const char *)sqlite3_value_text(query);
  if (!text) return fail(c, sqlite3_mprintf("there is no query: the argument is NULL"));
  int status = sqlite3_prepare_v2(db, text, -1, &c->query, &rest);
  if (status != SQLITE_OK) return fail_of_query(c, status);
  if (!c->query || rest[strspn(rest, " \t\r\n;")])
    return fail(c, sqlite3_mprintf("the query is not one statement: %s", text));
  if (!sqlite3_stmt_readonly(c->query))
    return fail(c, sqlite3_mprintf("the query changes the database: %s", text));
  int texts = sqlite3_column_count(c->query) - 1;
  if (texts == (int)c->model->inputs) return SQLITE_OK;
  return fail(c, sqlite3_mprintf("the query has %d column%s, and needs %d: one to tell rows apart, and the "
                                 "texts that the model reads",
                                 texts + 1, texts ? "s" : "", (int)c->model->inputs + 1));
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int count,
                  sqlite3_value **argument) {
  struct cursor *c = (struct cursor *)base;
  char *why;
  (void)text;
  (void)number;
  forget(c);
  c->model = models_take(((struct table *)base->pVtab)->models, count, argument, &why);
  if (!c->model) return fail(c, why);
  int status = prepare(c, argument[1]);
  if (status != SQLITE_OK) return status;
  if (model_session(c->model, &c->session)) return fail(c, message_text(aq_session_message(c->session)));
  return next_batch(c);
}

static int next(sqlite3_vtab_cursor *base) {
  struct cursor *c = (struct cursor *)base;
  return ++c->at < c->count || c->ended ? SQLITE_OK : next_batch(c);
}

static int at_end(sqlite3_vtab_cursor *base) {
  const struct cursor *c = (const struct cursor *)base;
  return c->at >= c->count;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number) {
  const struct cursor *c = (const struct cursor *)base;
  const struct row *row = &c->row[c->at];
  if (number == COLUMN_ID) sqlite3_result_value(context, row->id);
  if (number == COLUMN_ANSWER && row->answer) answer_give(context, c->model, row->answer);
  return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  const struct cursor *c = (const struct cursor *)base;
  *id = c->before + c->at + 1;
  return SQLITE_OK;
}

int batches_register(sqlite3 *db, struct models *models) {
  static const sqlite3_module module = {.xConnect = connect,
                                        .xBestIndex = best_index,
                                        .xDisconnect = vtab_disconnect,
                                        .xOpen = open_cursor,
                                        .xClose = close_cursor,
                                        .xFilter = filter,
                                        .xNext = next,
                                        .xEof = at_end,
                                        .xColumn = column,
                                        .xRowid = row_id};
  models->users++; /* SQLite releases it in any case */
  return sqlite3_create_module_v2(db, "aq_predict_all", &module, models, models_release);
}
