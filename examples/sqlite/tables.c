/* tables.c: aq_top(model, k, text…) and aq_attention(model, text…), functions whose values are tables.
 *
 * SQLite hands their arguments over as values of hidden columns, whose names are such that columns of other
 * tables do not have them. */
#include <stdlib.h>
#include <string.h>

#include "tables.h"
#include "vtab.h"
SQLITE_EXTENSION_INIT3

enum { TEXTS = 8 }; /* hidden columns for texts: SQLite must know their number */

struct cursor;
/* One of the functions. */
struct kind {
  const char *name, *columns; /* what it shows */
  int shown, before;          /* how many columns that are; arguments before the texts */
  int (*fill)(struct cursor *cursor, sqlite3_value **argument);
  void (*column)(const struct cursor *cursor, sqlite3_context *context, int column);
};

struct table {
  sqlite3_vtab base;
  const struct kind *kind;
  struct models *models;
};

/* A label and its probability. */
struct ranked {
  size_t output, number;
  double p;
};

/* Rows of one call. */
struct cursor {
  sqlite3_vtab_cursor base;
  struct model *model;
  aq_session *session; /* its own, since rows are read between other calls */
  struct texts texts;
  sqlite3_int64 row, rows;
  struct ranked *ranked; /* aq_top: [rows] */
  size_t map, before;    /* aq_attention: the map that has the row, and the rows of those before it */
};

/* What is wrong with a call: SQLite takes the text. */
static int fail(struct cursor *c, char *why) {
  sqlite3_vtab *table = c->base.pVtab;
  if (!why) return SQLITE_NOMEM;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = why;
  return SQLITE_ERROR;
}

/* The session says nothing of memory that is lacking before it is asked. */
static int fail_as(struct cursor *c, int status) {
  return status == AQ_NO_MEMORY ? SQLITE_NOMEM : fail(c, message_of_row(aq_session_message(c->session)));
}

/* ---- aq_top ---- */

static int by_probability(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->p != y->p) return x->p < y->p ? 1 : -1;
  return (x->number > y->number) - (x->number < y->number);
}

/* Adds the best labels of an output. Ranks all of them in place, behind those that are there. */
static void rank(struct cursor *c, size_t output, sqlite3_int64 top) {
  size_t rows, columns;
  const double *p = session_scores(c->session, output, &rows, &columns);
  size_t count = p && rows ? aq_model_class_count(c->model->model, output) : 0;
  if (count > columns) count = columns;
  struct ranked *to = c->ranked + c->rows;
  for (size_t k = 0; k < count; k++) to[k] = (struct ranked){output, k, p[(rows - 1) * columns + k]};
  qsort(to, count, sizeof *to, by_probability);
  c->rows += top < (sqlite3_int64)count ? top : (sqlite3_int64)count;
}

static int fill_top(struct cursor *c, sqlite3_value **argument) {
  const struct model *m = c->model;
  sqlite3_int64 top = sqlite3_value_int64(argument[1]);
  const char *as_text = (const char *)sqlite3_value_text(argument[1]);
  if (sqlite3_value_numeric_type(argument[1]) != SQLITE_INTEGER || top < 1)
    return fail(c, sqlite3_mprintf("k is how many labels to give, a whole number from 1 on, not %s",
                                   as_text ? as_text : "NULL"));
  if (!model_ranks(m)) return fail(c, no_labels(m));
  const int status = texts_predict(&c->texts, m, c->session);
  if (status) return fail_as(c, status);
  size_t all = 1;
  for (size_t o = 0; o < m->outputs; o++)
    if (form_ranks(m->form[o])) all += aq_model_class_count(m->model, o);
  sqlite3_free(c->ranked);
  c->ranked = sqlite3_malloc64(all * sizeof *c->ranked);
  if (!c->ranked) return SQLITE_NOMEM;
  for (size_t o = 0; o < m->outputs; o++)
    if (form_ranks(m->form[o])) rank(c, o, top);
  return SQLITE_OK;
}

static void column_top(const struct cursor *c, sqlite3_context *context, int column) {
  const struct ranked *r = &c->ranked[c->row];
  const char *label = aq_model_class(c->model->model, r->output, r->number);
  if (column == 0) sqlite3_result_text(context, label, -1, SQLITE_TRANSIENT);
  if (column == 1) sqlite3_result_double(context, r->p);
  if (column == 2)
    sqlite3_result_text(context, aq_model_output_name(c->model->model, r->output), -1, SQLITE_TRANSIENT);
}

/* ---- aq_attention ---- */

static size_t cells(const aq_map *map) { return map->heads * map->rows * map->columns; }

static int fill_attention(struct cursor *c, sqlite3_value **argument) {
  (void)argument;
  const aq_map *map;
  const int status = texts_attend(&c->texts, c->model, c->session);
  if (status) return fail_as(c, status);
  for (size_t k = 0; (map = session_map(c->session, k)); k++) c->rows += (sqlite3_int64)cells(map);
  return SQLITE_OK;
}

static void give_token(sqlite3_context *context, const char *const *token, size_t at) {
  if (token && token[at]) sqlite3_result_text(context, token[at], -1, SQLITE_TRANSIENT);
}

static void column_attention(const struct cursor *c, sqlite3_context *context, int column) {
  const aq_map *map = session_map(c->session, c->map);
  size_t cell = (size_t)c->row - c->before, j = cell % map->columns, i = cell / map->columns % map->rows;
  if (column == 0) sqlite3_result_text(context, map->name, -1, SQLITE_TRANSIENT);
  if (column == 1) give_token(context, map->query, i);
  if (column == 2) give_token(context, map->key, j);
  if (column == 3) sqlite3_result_double(context, map->weight[cell]);
  if (column == 4) sqlite3_result_int64(context, (sqlite3_int64)(cell / map->columns / map->rows));
  if (column == 5) sqlite3_result_int64(context, (sqlite3_int64)i);
  if (column == 6) sqlite3_result_int64(context, (sqlite3_int64)j);
}

/* ---- both ---- */

static const struct kind kinds[] = {
    {"aq_top", "label TEXT, probability REAL, output TEXT, aq_model HIDDEN, aq_k HIDDEN", 3, 2, fill_top,
     column_top},
    {"aq_attention",
     "head TEXT, query TEXT, key TEXT, weight REAL, h INTEGER, i INTEGER, j INTEGER, aq_model HIDDEN", 7, 1,
     fill_attention, column_attention}};

/* What SQLite hands to connect. */
struct registered {
  const struct kind *kind;
  struct models *models;
};

static void registered_free(void *freed) {
  struct registered *r = freed;
  models_release(r->models);
  sqlite3_free(r);
}

static int connect(sqlite3 *db, void *context, int count, const char *const *argument, sqlite3_vtab **made,
                   char **error) {
  const struct registered *r = context;
  (void)count;
  (void)argument;
  (void)error;
  char *declared = sqlite3_mprintf(
      "CREATE TABLE x(%s, aq_text1 HIDDEN, aq_text2 HIDDEN, aq_text3 HIDDEN, aq_text4 HIDDEN, "
      "aq_text5 HIDDEN, aq_text6 HIDDEN, aq_text7 HIDDEN, aq_text8 HIDDEN)",
      r->kind->columns);
  int status = declared ? sqlite3_declare_vtab(db, declared) : SQLITE_NOMEM;
  sqlite3_free(declared);
  if (status != SQLITE_OK) return status;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); /* as for the other functions: it reads files */
  struct table *table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (struct table){.kind = r->kind, .models = r->models};
  *made = &table->base;
  return SQLITE_OK;
}

static int needs(sqlite3_vtab *table, const struct kind *kind) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s needs %s, and the texts", kind->name,
                                   kind->before > 1 ? "a model, the number of labels" : "a model");
  return SQLITE_ERROR;
}

/* The arguments that are given must be the first hidden columns. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  const struct kind *kind = ((struct table *)base)->kind;
  int most = kind->before + TEXTS, count = 0;
  unsigned given;
  if (vtab_take_arguments(info, kind->shown, most, &given) != SQLITE_OK) return SQLITE_CONSTRAINT;
  while (given >> count & 1) count++;
  if (given >> count || count < kind->before) return needs(base, kind);
  info->estimatedCost = 1000; /* each call is work: better few than many */
  info->estimatedRows = 25;
  return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **made) {
  (void)table;
  return vtab_open_cursor(sizeof(struct cursor), made);
}

static void forget_model(struct cursor *c) {
  aq_session_free(c->session);
  model_release(c->model);
  c->session = NULL;
  c->model = NULL;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  struct cursor *c = (struct cursor *)base;
  forget_model(c);
  sqlite3_free(c->ranked);
  sqlite3_free(c);
  return SQLITE_OK;
}

/* Joins ask for a table row by row, mostly of the same model. */
static int take_model(struct cursor *c, int count, sqlite3_value **argument) {
  char *why;
  struct model *m = models_take(((struct table *)c->base.pVtab)->models, count, argument, &why);
  if (!m) return fail(c, why);
  if (m == c->model) {
    model_release(m);
    return SQLITE_OK;
  }
  forget_model(c);
  c->model = m;
  if (!model_session(m, &c->session)) return SQLITE_OK;
  why = message_text(aq_session_message(c->session));
  forget_model(c);
  return fail(c, why);
}

static void find_map(struct cursor *c) {
  const aq_map *map;
  while ((map = session_map(c->session, c->map))) {
    if ((size_t)c->row < c->before + cells(map)) return;
    c->before += cells(map);
    c->map++;
  }
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int count,
                  sqlite3_value **argument) {
  struct cursor *c = (struct cursor *)base;
  const struct kind *kind = ((struct table *)base->pVtab)->kind;
  (void)text;
  (void)number;
  c->row = c->rows = 0;
  c->map = c->before = 0;
  int status = take_model(c, count, argument);
  if (status != SQLITE_OK) return status;
  char *why = texts_take(&c->texts, c->model, count - kind->before, argument + kind->before);
  if (why) return fail(c, why);
  if (c->texts.missing) return SQLITE_OK; /* no rows */
  status = kind->fill(c, argument);
  if (status != SQLITE_OK) return status;
  find_map(c);
  return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base) {
  struct cursor *c = (struct cursor *)base;
  c->row++;
  find_map(c);
  return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base) {
  const struct cursor *c = (const struct cursor *)base;
  return c->row >= c->rows;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number) {
  const struct cursor *c = (const struct cursor *)base;
  const struct kind *kind = ((struct table *)base->pVtab)->kind;
  if (number < kind->shown) kind->column(c, context, number);
  return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  *id = ((const struct cursor *)base)->row + 1;
  return SQLITE_OK;
}

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

int tables_register(sqlite3 *db, struct models *models) {
  int status = SQLITE_OK;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds && status == SQLITE_OK; k++) {
    struct registered *r = sqlite3_malloc64(sizeof *r);
    if (!r) return SQLITE_NOMEM;
    *r = (struct registered){&kinds[k], models};
    models->users++; /* registered_free is called in any case */
    status = sqlite3_create_module_v2(db, kinds[k].name, &module, r, registered_free);
  }
  return status;
}
