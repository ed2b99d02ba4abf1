/* predict_rows.c: predicts the rows of a table in memory, and keeps all that is said of each. */
#include <string.h>

#include "libaq/grids.h"
#include "libaq/batch/row_answers.h"
#include "libaq/rows/memory_rows.h"
#include "libaq/rows/row_stream.h"
#include "runtime/io/grow.h"
#include "runtime/io/memory.h"

struct predicting {
  struct row_answers *to;
  const struct io_memory *table;
};

/* ---- scores ---- */

/* Keeps the scores of an output for an example of the session's last run. */
static int keep_scores(struct row_answers *to, const struct aq_session *s, int64_t example, uint32_t output,
                       struct row_place *place) {
  const struct session_scores *scores = &s->scores[output];
  const int64_t first = scores->first[example];
  place->rows = scores->first[example + 1] - first;
  place->columns = scores->columns;
  place->value = to->value_count;
  place->tag = to->tag_count;
  place->there = true;
  const size_t count = (size_t)(place->rows * place->columns);
  if (IO_GROW(to->value, to->value_capacity, to->value_count + count + 1) != RT_OK) return RT_NO_MEMORY;
  if (count)
    memcpy(to->value + to->value_count, scores->value + first * scores->columns, count * sizeof *to->value);
  to->value_count += count;
  if (vm_targets[session_target(s, output)].form != VM_TAGS) return RT_OK;
  if (IO_GROW(to->tag, to->tag_capacity, to->tag_count + (size_t)place->rows + 1) != RT_OK)
    return RT_NO_MEMORY;
  if (place->rows)
    memcpy(to->tag + to->tag_count, scores->tags.path + first, (size_t)place->rows * sizeof *to->tag);
  to->tag_count += (size_t)place->rows;
  return RT_OK;
}

/* ---- maps ---- */

static const char *const *copy_texts(struct rt_arena *arena, const char *const *text, size_t count) {
  const char **copy = rt_arena_alloc(arena, (count + 1) * sizeof *copy);
  for (size_t k = 0; copy && k < count; k++)
    if (!(copy[k] = rt_arena_strndup(arena, text[k], strlen(text[k])))) return NULL;
  return copy;
}

static aq_map *copy_map(struct rt_arena *arena, const aq_map *from) {
  const size_t bytes = from->heads * from->rows * from->columns * sizeof *from->weight;
  aq_map *map = rt_arena_alloc(arena, sizeof *map);
  double *weight = rt_arena_alloc(arena, bytes + 1);
  if (!map || !weight) return NULL;
  *map = *from;
  map->weight = memcpy(weight, from->weight, bytes);
  if (from->query && !(map->query = copy_texts(arena, from->query, from->rows))) return NULL;
  if (lib_keep_grids(arena, from->query_grid, from->query_grids, from->rows, &map->query_grid) != RT_OK
      || lib_keep_grids(arena, from->key_grid, from->key_grids, from->columns, &map->key_grid) != RT_OK)
    return NULL;
  if (from->key && !(map->key = copy_texts(arena, from->key, from->columns))) return NULL;
  return map;
}

/* The fields of a row as the table has them, for the names of tokens. */
static void take_fields(struct aq_session *s, const struct io_memory *table, int64_t row) {
  const struct io_schema *schema = &s->model->schema;
  for (int f = 0; f < schema->fields; f++) {
    const struct io_memory_column *column = io_memory_find(table, io_schema_field_name(schema, f));
    s->field[f] = (struct io_field){0};
    s->holds_ids[f] = column && column->given == IO_GIVEN_IDS;
    if (column)
      s->field[f] =
          (struct io_field){column->bytes + column->begin[row], column->begin[row + 1] - column->begin[row]};
  }
}

static int keep_maps(const struct predicting *p, struct aq_session *s, int64_t at, struct rt_error *error) {
  struct row_answers *to = p->to;
  const int64_t row = s->data.lines[at] - 1;
  take_fields(s, p->table, row);
  int status = session_look(s, at, error);
  memset(s->holds_ids, 0, (size_t)s->model->schema.fields * sizeof *s->holds_ids);
  for (size_t k = 0; k < to->map_count && status == RT_OK; k++) {
    aq_map *map = copy_map(&to->arena, &s->map[to->wanted[k]].view);
    to->map[(size_t)row * to->map_count + k] = map;
    if (!map) status = rt_no_memory(error);
  }
  return status;
}

/* ---- rows ---- */

static int predict_rows(struct row_stream *st, int64_t first, int64_t count, struct rt_error *error) {
  const struct predicting *p = st->own;
  struct aq_session *s = st->session;
  struct row_answers *to = p->to;
  int status = RT_OK;
  for (int64_t r = first; r < first + count && status == RT_OK && to->map_count; r++)
    status = keep_maps(p, s, r, error);
  if (status == RT_OK) status = session_run(s, first, count, error);
  for (int64_t e = 0; e < count && status == RT_OK; e++) {
    struct row_place *place = &to->place[(size_t)(s->data.lines[first + e] - 1) * to->outputs];
    for (uint32_t o = 0; o < to->outputs && status == RT_OK; o++)
      if (keep_scores(to, s, e, o, &place[o]) != RT_OK) status = rt_no_memory(error);
  }
  return status;
}

static int flush(struct row_stream *st, struct rt_error *error) {
  return row_stream_answer(st, predict_rows, error);
}

static int no_line(void *context, const char *text, size_t length) {
  (void)context, (void)text, (void)length;
  return 0;
}

static const char *keep_text(struct rt_arena *arena, const char *text) {
  return text[0] ? rt_arena_strndup(arena, text, strlen(text)) : "";
}

static int keep_reason(struct row_stream *st, const struct rt_error *reason, struct rt_error *error) {
  struct row_answers *to = ((const struct predicting *)st->own)->to;
  const size_t row = (size_t)reason->line - 1;
  if (row >= to->rows) return RT_OK;
  aq_message *message = rt_arena_alloc(&to->arena, sizeof *message);
  if (!message) return rt_no_memory(error);
  *message = (aq_message){.size = sizeof *message,
                          .code = reason->code,
                          .line = reason->line,
                          .file = "",
                          .text = keep_text(&to->arena, reason->text),
                          .excerpt = keep_text(&to->arena, reason->excerpt),
                          .hint = keep_text(&to->arena, reason->hint)};
  to->message[row] = message;
  for (size_t k = 0; k < to->map_count; k++) to->map[row * to->map_count + k] = NULL;
  return message->text && message->excerpt && message->hint ? RT_OK : rt_no_memory(error);
}

/* ---- what is wanted ---- */

static int find_map(struct aq_session *s, const char *name, size_t *found, struct rt_error *error) {
  struct rt_nearest nearest = {name, NULL, 0};
  if (!name) return rt_fail(error, RT_USAGE, "there is no name of a map: it is NULL");
  for (size_t k = 0; k < s->map_count; k++) {
    const char *there = session_map_name(s, k);
    *found = k;
    if (!strcmp(there, name)) return RT_OK;
    rt_nearest_consider(&nearest, there);
  }
  rt_fail(error, RT_USAGE, "the model has no head or mix called %.200s, whose weights could be shown", name);
  if (nearest.best)
    rt_hint(error, "did you mean %s?", nearest.best);
  else if (s->map_count)
    rt_hint(error, "one is %s", session_map_name(s, 0));
  return RT_USAGE;
}

static int choose_maps(struct aq_session *s, struct row_answers *to, const aq_batch_options *o,
                       struct rt_error *error) {
  int status = session_look_ready(s, error);
  if (status != RT_OK) return status;
  to->wanted = rt_zalloc(o->map_count, sizeof *to->wanted);
  to->map = rt_zalloc(to->rows * o->map_count + 1, sizeof(aq_map *));
  if (!to->wanted || !to->map) return rt_no_memory(error);
  for (size_t k = 0; k < o->map_count && status == RT_OK; k++)
    status = find_map(s, o->map[k], &to->wanted[k], error);
  to->map_count = status == RT_OK ? o->map_count : 0;
  return status;
}

static int make_vectors(struct aq_session *s, const aq_rows *rows, const char *name, struct row_answers *to,
                        struct rt_error *error) {
  aq_embed_options options;
  aq_embed_options_init(&options);
  options.rows = rows;
  options.name = name[0] ? name : NULL;
  return session_embed(s, &options, &to->vectors, error);
}

static int make_answers(struct aq_session *s, const struct io_memory *table, const aq_batch_options *o,
                        struct rt_error *error) {
  struct row_answers *to = rt_zalloc(1, sizeof *to);
  if (!to) return rt_no_memory(error);
  s->answers = to;
  s->free_answers = row_answers_free;
  to->rows = (size_t)table->rows;
  to->outputs = s->model->module->output_count;
  to->place = rt_zalloc(to->rows * to->outputs + 1, sizeof *to->place);
  to->message = rt_zalloc(to->rows + 1, sizeof(aq_message *));
  if (!to->place || !to->message) return rt_no_memory(error);
  if (o->map_count && !o->map) return rt_fail(error, RT_USAGE, "there are no names of maps: they are NULL");
  return o->map_count ? choose_maps(s, to, o, error) : RT_OK;
}

static int predict(struct aq_session *s, const struct io_memory *table, struct rt_error *error) {
  struct predicting predicting = {s->answers, table};
  struct row_stream stream = {.session = s,
                              .schema = &s->model->schema,
                              .extends = true,
                              .batch = s->options.batch,
                              .memory = table,
                              .write = no_line,
                              .answer = "predictions",
                              .skipped = keep_reason,
                              .flush = flush,
                              .own = &predicting};
  return row_stream_run(&stream, error);
}

static int predict_all(struct aq_session *session, const aq_rows *rows, const aq_batch_options *options,
                       struct rt_error *error) {
  const struct io_memory *table = lib_rows_memory(rows);
  aq_batch_options own;
  session_forget(session);
  if (lib_take_options(LIB_BATCH_OPTIONS, options, &own, error) != RT_OK) return AQ_USAGE;
  if (!table) return rt_fail(error, RT_USAGE, "there are no rows: they are NULL");
  int status = make_answers(session, table, &own, error);
  struct row_answers *answers = session->answers;
  session->answers = NULL; /* the call for vectors forgets those that are there */
  if (status == RT_OK && own.vector && table->rows)
    status = make_vectors(session, rows, own.vector, answers, error);
  session->answers = answers;
  lib_reading_clear(&session->reading);
  if (status == RT_OK && table->rows) status = predict(session, table, error);
  if (status != RT_OK) session_forget(session);
  return status;
}

int aq_session_predict_rows(aq_session *session, const aq_rows *rows, const aq_batch_options *options) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  return session_end(session, predict_all(session, rows, options, error));
}
