/* attention_maps.c: where the heads of a model look, on one example. */
#include <string.h>

#include "libaq/predict/session.h"
#include "runtime/io/utf8.h"

/* ---- tokens ---- */

/* Adds a token to the list. There must be room for it. */
static int add_token(struct aq_session *s, struct session_tokens *list, const char *text, size_t length,
                     struct rt_error *error) {
  struct rt_text shown = {0};
  for (size_t at = 0; at < length;) { /* bytes that are parts of characters are shown as numbers */
    size_t good = io_utf8_check(text + at, length - at);
    rt_text_add(&shown, text + at, good);
    if ((at += good) < length) rt_text_printf(&shown, "\\x%02x", (unsigned)(unsigned char)text[at++]);
  }
  const char *copy =
      shown.failed ? NULL : rt_arena_strndup(&s->tokens, shown.data ? shown.data : "", shown.length);
  rt_text_free(&shown);
  list->text[list->count++] = copy;
  return copy ? RT_OK : rt_no_memory(error);
}

/* The names of tokens that were given as ids. */
static int id_tokens(struct aq_session *s, int c, struct rt_error *error) {
  const struct io_column *column = &s->model->schema.columns[c];
  const struct io_field *field = &s->field[column->field];
  size_t wanted = field->length / sizeof(int32_t);
  if (column->max_length > 0 && wanted > (size_t)column->max_length) wanted = (size_t)column->max_length;
  struct session_tokens *list = &s->token[c];
  list->text = rt_arena_alloc(&s->tokens, (wanted + 2) * sizeof *list->text);
  if (!list->text) return rt_no_memory(error);
  int status = column->ends ? add_token(s, list, "<begin>", 7, error) : RT_OK;
  for (size_t k = 0; k < wanted && status == RT_OK; k++) {
    int32_t id;
    size_t length = 0;
    memcpy(&id, field->text + k * sizeof id, sizeof id);
    const char *text = io_vocab_text(column->vocab, id, &length);
    status = add_token(s, list, text ? text : "", length, error);
  }
  return status;
}

/* The tokens of a text as it was written, with `begin` where the model sees one. */
static int text_tokens(struct aq_session *s, int c, struct rt_error *error) {
  const struct io_column *column = &s->model->schema.columns[c];
  const struct io_field *field = &s->field[column->field];
  struct io_tokens *tokens = &s->data.tokens;
  struct io_field texts[IO_MOST_TEXTS];
  io_column_texts(column, s->field, texts);
  int status = column->kind->tokens(&s->model->schema, c, texts, tokens, error);
  size_t wanted = status != RT_OK ? 0 : tokens->count;
  if (column->max_length > 0 && wanted > (size_t)column->max_length) wanted = (size_t)column->max_length;
  struct session_tokens *list = &s->token[c];
  list->text = status != RT_OK ? NULL : rt_arena_alloc(&s->tokens, (wanted + 2) * sizeof *list->text);
  if (!list->text) return status != RT_OK ? status : rt_no_memory(error);
  if (column->ends) status = add_token(s, list, "<begin>", 7, error);
  for (size_t k = 0; k < wanted && status == RT_OK; k++) {
    const struct io_token *token = &tokens->items[k];
    bool part = column->kind->partial; /* as the model sees it, since it was not written so */
    status = add_token(s, list, part ? tokens->text + token->at : field->text + token->start,
                       part ? token->size : token->length, error);
  }
  return status;
}

static int keep_tokens(struct aq_session *s, struct rt_error *error) {
  const struct io_schema *schema = &s->model->schema;
  rt_arena_free(&s->tokens);
  s->tokens = (struct rt_arena){0};
  s->token = rt_arena_alloc(&s->tokens, ((size_t)schema->count + 1) * sizeof *s->token);
  if (!s->token) return rt_no_memory(error);
  for (int c = 0; c < schema->count; c++) {
    s->token[c] = (struct session_tokens){0};
    if (!schema->columns[c].required || !schema->columns[c].kind->tokens) continue;
    int status = s->holds_ids[schema->columns[c].field] ? id_tokens(s, c, error) : text_tokens(s, c, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* The tokens of the text whose length is the dim of an axis of `size`; NULL: no text has that dim. */
static const char *const *tokens_of(const struct aq_session *s, vm_dim axis, int64_t size) {
  const struct vm_module *m = s->model->module;
  int64_t symbol = vm_dim_as_symbol(&m->dims, axis);
  for (uint32_t i = 0; i < m->input_count && symbol >= 0; i++) {
    const struct session_tokens *list = &s->token[s->feed.column[i]];
    bool complete = list->text && (size_t)size <= list->count; /* a model file may claim otherwise */
    if (m->input[i].length == symbol && !m->input[i].is_target && complete) return list->text;
  }
  return NULL;
}

/* ---- maps ---- */

int session_look_ready(struct aq_session *s, struct rt_error *error) {
  const struct vm_module *m = s->model->module;
  const struct vm_function *attend = vm_module_function(m, "attend");
  if (s->attend) return RT_OK;
  if (!attend || attend->output_count < m->output_count)
    return rt_fail(error, RT_BAD_DATA, "the model has no function to look into");
  s->map = rt_zalloc(attend->output_count + 1u, sizeof *s->map);
  if (!s->map) return rt_no_memory(error);
  s->map_count = attend->output_count - m->output_count;
  s->attend = vm_machine_new(m, attend, s->precision, s->pool, error);
  if (!s->attend) return error->code;
  lib_params_bind(s->params, s->attend);
  return RT_OK;
}

/* The head whose weights a map shows; NULL: it shows the weights of a mix. */
static const struct vm_head *head_of(const struct vm_module *m, const char *name) {
  for (uint32_t h = 0; h < m->head_count; h++)
    if (!strcmp(m->head[h].name, name)) return &m->head[h];
  return NULL;
}

/* The names of what the weights of a mix weigh; NULL: it does not say so of each. */
static const char *const *weighed_by(const struct vm_module *m, const char *name, int64_t count) {
  for (uint32_t k = 0; k < m->mix_count; k++)
    if (!strcmp(m->mix[k].name, name) && m->mix[k].weighed_count == count) return m->mix[k].weighed;
  return NULL;
}

/* What the queries and keys of a map are: tokens, or places of pictures. */
static int keep_places(struct aq_session *s, size_t k, int64_t row, struct rt_error *error) {
  const struct vm_module *m = s->model->module;
  aq_map *view = &s->map[k].view;
  if (k >= m->map_count) return RT_OK;
  const struct session_axis queries = {&m->map[k].row, view->rows, row},
                            keys = {&m->map[k].column, view->columns, row};
  int status = RT_OK;
  if (view->rows > 1) status = session_grids(s, queries, &view->query_grid, &view->query_grids, error);
  if (status == RT_OK && view->rows > 1 && !view->query)
    status = session_names(s, queries, &view->query, error);
  if (status == RT_OK) status = session_grids(s, keys, &view->key_grid, &view->key_grids, error);
  if (status == RT_OK && !view->key) status = session_names(s, keys, &view->key, error);
  return status;
}

/* One example of a map as [heads, rows, columns]. An axis that a head does not have counts as 1. */
static int keep_map(struct aq_session *s, size_t k, int64_t row, struct rt_error *error) {
  const struct vm_module *m = s->model->module;
  const struct vm_function *f = vm_module_function(m, "attend");
  const struct vm_head *head = head_of(m, f->output_name[m->output_count + k]);
  struct rt_tensor t = vm_machine_output(s->attend, (uint32_t)(m->output_count + k));
  struct session_map *map = &s->map[k];
  int rank = t.shape->rank, axis = 0;
  bool heads = head ? head->axes >> ATTEND_H & 1 : rank > 2,
       rows = head ? head->axes >> ATTEND_I & 1 : rank > 1;
  if (rank != heads + rows + 1)
    return rt_fail(error, RT_BAD_DATA, "the weights of %s have %d axes", f->output_name[m->output_count + k],
                   rank);
  if (rt_grow((void **)&map->weight, &map->capacity, (size_t)t.shape->count + 1, sizeof *map->weight))
    return rt_no_memory(error);
  const char *name = f->output_name[m->output_count + k];
  int64_t head_count = heads ? rt_size(t.shape, axis++, 0) : 1,
          row_count = rows ? rt_size(t.shape, axis++, 0) : 1, columns = rt_size(t.shape, axis, 0);
  const struct vm_type *type = &f->value[f->output[m->output_count + k]].type;
  map->view =
      (aq_map){.size = sizeof map->view,
               .name = name,
               .is_mixing = !head,
               .heads = (size_t)head_count,
               .rows = (size_t)row_count,
               .columns = (size_t)columns,
               .weight = map->weight,
               .query = rows ? tokens_of(s, type->dim[rank - 2], row_count) : NULL,
               .key = head ? tokens_of(s, type->dim[rank - 1], columns) : weighed_by(m, name, columns)};
  lib_to_double(&t, s->precision, map->weight);
  int status = session_check_finite(s->attend, name, map->weight, t.shape->count, error);
  return status == RT_OK ? keep_places(s, k, row, error) : status;
}

const char *session_map_name(const struct aq_session *s, size_t map) {
  const struct vm_module *m = s->model->module;
  return vm_module_function(m, "attend")->output_name[m->output_count + map];
}

int session_look(struct aq_session *s, int64_t row, struct rt_error *error) {
  struct lib_batch example = {&s->data, s->rows + row, 1};
  int status = keep_tokens(s, error);
  if (status == RT_OK) status = session_measure(s, row, error);
  if (status == RT_OK) status = lib_feed_rows(&s->feed, s->attend, example, error);
  if (status == RT_OK) status = vm_machine_run(s->attend, 0, error);
  for (size_t k = 0; k < s->map_count && status == RT_OK; k++) status = keep_map(s, k, row, error);
  return status;
}

static int attend(struct aq_session *session, struct session_fields fields, struct rt_error *error) {
  int status = session_fill(session, fields, error);
  if (status == RT_OK) status = session_look_ready(session, error);
  if (status == RT_OK) status = session_look(session, 0, error);
  session->looked = status == RT_OK;
  return status == RT_OK ? session_run(session, 0, 1, error) : status;
}

int aq_session_attend(aq_session *session, const char *const *field, const size_t *length, size_t count) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  return session_end(session, attend(session, (struct session_fields){field, length, count}, error));
}

size_t aq_session_map_count(const aq_session *session) {
  return session && session->looked ? session->map_count : 0;
}

const aq_map *aq_session_map(const aq_session *session, size_t map) {
  return map < aq_session_map_count(session) ? &session->map[map].view : NULL;
}
