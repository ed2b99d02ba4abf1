/* next_token.c: runs the model on all texts at once. A model with a step goes on from what is kept of the
 * tokens before (token_states.h); another is run anew for each token, on all that it sees of the texts. Both
 * see the same: a text that has become longer than the model may see loses its first half, so that the rest
 * is read again only once in so many tokens. */
#include "libaq/generate/next_token.h"

#include "libaq/generate/token_scores.h"
#include "libaq/generate/token_states.h"
#include "libaq/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct text {
  int32_t *id; /* [count] */
  size_t capacity;
  int64_t count, prompt, row;
  int64_t from; /* the first token that the model sees */
  int64_t done; /* how many from there on are in the states */
};

struct next_token {
  struct aq_session *session;
  uint32_t output;
  int column; /* of the text, in the schema */
  const struct io_vocab *vocab;
  int64_t window;             /* tokens that the model may see at once, 0: any number */
  bool reads_more;            /* than the text */
  struct io_schema schema;    /* the model's, with columns of its own */
  struct lib_row_check check; /* of what the model sees */
  struct io_dataset data;     /* [count] rows: what the model sees of the texts, and its other columns */
  struct text *text;          /* [room], of which count are in use */
  struct text *other;         /* [room] scratch of next_token_keep */
  int64_t count, room;
  int64_t *row;                /* [room] 0, 1, … */
  struct token_states *states; /* NULL: the model has no step */
  bool begun;                  /* have the states begun with these texts? */
  uint32_t input;              /* of the module, that is the text */
  int64_t *more;               /* [room] tokens that are new to the states */
  int32_t *token;              /* they, one text behind the other */
  size_t token_capacity;
  struct token_scores score;
};

/* ---- making ---- */

static int find_text(struct next_token *n, struct rt_error *error) {
  const struct vm_module *m = n->session->model->module;
  for (uint32_t o = 0; o < m->output_count; o++) {
    if (!vm_continues(vm_targets[session_target(n->session, o)].form)) continue;
    const struct vm_input *text = &m->input[m->output[o].target];
    n->output = o;
    n->column = vm_column_of(m, text);
    for (uint32_t i = 0; i < m->input_count; i++)
      if (!m->input[i].is_target && m->input[i].column == text->column) n->input = i;
    n->vocab = session_vocab(n->session, o);
    n->window = text->length >= 0 ? m->dims.symbol[text->length].limit : 0;
    return RT_OK;
  }
  rt_fail(error, RT_USAGE, "the model %s does not write: it predicts %s", m->name,
          m->output_count ? m->output[0].name : "nothing");
  rt_hint(error, "a model that writes ends its heading with -> next(COLUMN)");
  return error->code;
}

static int make_states(struct next_token *n, struct rt_error *error) {
  const struct aq_session *s = n->session;
  int status = token_states_new(&n->states, s->model->module, s->precision, s->pool, error);
  if (status != RT_OK || !n->states) return status;
  lib_params_bind(s->params, token_states_begin(n->states));
  lib_params_bind(s->params, token_states_step(n->states));
  return RT_OK;
}

static int make(struct next_token *n, struct rt_error *error) {
  const struct io_schema *schema = &n->session->model->schema;
  int status = find_text(n, error);
  if (status != RT_OK) return status;
  for (int c = 0; c < schema->count; c++) n->reads_more |= c != n->column && schema->columns[c].required;
  n->schema = *schema;
  n->schema.columns = rt_zalloc((size_t)schema->count, sizeof *schema->columns);
  if (!n->schema.columns) return rt_no_memory(error);
  memcpy(n->schema.columns, schema->columns, (size_t)schema->count * sizeof *schema->columns);
  n->schema.columns[n->column].max_length = 0;
  status = lib_row_check_init(&n->check, n->session->model->module, schema, error);
  n->check.precision = n->session->precision;
  return status == RT_OK ? make_states(n, error) : status;
}

int next_token_new(struct next_token **next, struct aq_session *session, struct rt_error *error) {
  *next = rt_zalloc(1, sizeof **next);
  if (!*next) return rt_no_memory(error);
  (*next)->session = session;
  int status = make(*next, error);
  if (status == RT_OK) return RT_OK;
  next_token_free(*next);
  *next = NULL;
  return status;
}

void next_token_free(struct next_token *next) {
  if (!next) return;
  for (int64_t k = 0; k < next->room; k++) {
    rt_free(next->text[k].id);
    rt_free(next->other[k].id);
  }
  rt_free(next->text);
  rt_free(next->other);
  token_states_free(next->states);
  rt_free(next->more);
  rt_free(next->token);
  rt_free(next->row);
  token_scores_free(&next->score);
  rt_free(next->schema.columns);
  lib_row_check_free(&next->check);
  io_dataset_free(&next->data);
  rt_free(next);
}

int next_token_column(const struct next_token *next) { return next->column; }
const struct io_vocab *next_token_vocab(const struct next_token *next) { return next->vocab; }
bool next_token_reads_more(const struct next_token *next) { return next->reads_more; }

void next_token_writes(struct next_token *next, const char *place) { next->schema.folders.written = place; }

const struct io_schema *next_token_schema(struct next_token *next, bool with_text) {
  next->schema.columns[next->column].required = with_text;
  return &next->schema;
}

/* ---- texts ---- */

int64_t next_token_count(const struct next_token *next) { return next->count; }

struct next_text next_token_text(const struct next_token *next, int64_t k) {
  const struct text *t = &next->text[k];
  return (struct next_text){t->id, t->count, t->prompt, t->row};
}

static int append(struct text *t, const int32_t *id, int64_t count, struct rt_error *error) {
  void *items = t->id;
  if (rt_grow(&items, &t->capacity, (size_t)(t->count + count), sizeof *t->id)) return rt_no_memory(error);
  t->id = items;
  if (count > 0) memcpy(t->id + t->count, id, (size_t)count * sizeof *id);
  t->count += count;
  return RT_OK;
}

static int grow(struct text **texts, int64_t from, int64_t to) {
  struct text *more = rt_zalloc((size_t)to, sizeof *more);
  if (!more) return RT_NO_MEMORY;
  if (from) memcpy(more, *texts, (size_t)from * sizeof *more);
  rt_free(*texts);
  *texts = more;
  return RT_OK;
}

static int make_room(struct next_token *n, int64_t count, struct rt_error *error) {
  if (count <= n->room) return RT_OK;
  int64_t *row = rt_zalloc((size_t)count, sizeof *row), *more = rt_zalloc((size_t)count, sizeof *more);
  if (!row || !more) {
    rt_free(row);
    rt_free(more);
    return rt_no_memory(error);
  }
  for (int64_t k = 0; k < count; k++) row[k] = k;
  rt_free(n->row);
  rt_free(n->more);
  n->row = row;
  n->more = more;
  if (grow(&n->text, n->room, count) != RT_OK || grow(&n->other, n->room, count) != RT_OK)
    return rt_no_memory(error);
  n->room = count;
  return RT_OK;
}

/* What a text without any token begins with: a newline, or else the commonest token. */
static int32_t first_token(const struct io_vocab *vocab) {
  int32_t newline = io_vocab_find(vocab, "\n", 1);
  return newline > 0 ? newline : vocab->base;
}

/* The tokens of the prompt, without the end that encoding has added. */
static int begin_text(struct next_token *n, struct text *t, const struct io_dataset *prompts, int64_t row,
                      struct rt_error *error) {
  const struct io_values *v = &prompts->values[n->column];
  const struct io_column *column = &n->schema.columns[n->column];
  const bool ends = column->ends, given_text = column->required && v->present;
  const int32_t begin = io_has_marks(column) ? n->vocab->begin : IO_NO_ID;
  t->count = 0;
  t->row = row;
  int64_t given = given_text ? io_payload_count(&v->of, row) - io_has_marks(column) : ends;
  int status = given_text ? append(t, io_payload_ids(&v->of) + io_payload_begin(&v->of, row), given, error)
               : ends     ? append(t, &begin, 1, error)
                          : RT_OK;
  t->prompt = given - ends;
  int32_t first = first_token(n->vocab);
  if (status == RT_OK && t->count == 0) status = append(t, &first, 1, error);
  t->from = n->window > 0 && t->count > n->window ? t->count - n->window : 0;
  t->done = 0;
  return status;
}

/* Makes rows of the data what is fed. The text is written into them before each run. */
static int take_rows(struct next_token *n, const struct io_dataset *from, const int64_t *row, int64_t count,
                     struct rt_error *error) {
  struct io_dataset data;
  int status = io_dataset_select(from, row, count, &data, error);
  if (status != RT_OK) {
    io_dataset_free(&data);
    return status;
  }
  io_dataset_free(&n->data);
  n->data = data;
  n->data.check = NULL;
  struct io_values *v = &n->data.values[n->column];
  if (v->present) return RT_OK;
  v->present = true;
  return io_payload_init(&v->of, IO_I32, 1, true) != RT_OK ? rt_no_memory(error) : RT_OK;
}

int next_token_begin(struct next_token *next, const struct io_dataset *prompts, const int64_t *row,
                     int64_t count, struct rt_error *error) {
  next->count = 0;
  next->begun = false;
  int status = make_room(next, count, error);
  if (status == RT_OK) status = take_rows(next, prompts, row, count, error);
  for (int64_t k = 0; k < count && status == RT_OK; k++)
    status = begin_text(next, &next->text[k], prompts, row[k], error);
  if (status == RT_OK) next->count = count;
  return status;
}

int next_token_advance(struct next_token *next, const int32_t *token, struct rt_error *error) {
  int status = RT_OK;
  for (int64_t k = 0; k < next->count && status == RT_OK; k++)
    status = append(&next->text[k], &token[k], 1, error);
  return status;
}

static int copy_text(struct text *to, const struct text *from, struct rt_error *error) {
  to->count = 0;
  to->prompt = from->prompt;
  to->row = from->row;
  to->from = from->from;
  to->done = from->done;
  return append(to, from->id, from->count, error);
}

int next_token_keep(struct next_token *next, const int64_t *from, int64_t count, struct rt_error *error) {
  if (count == 0) {
    next->count = 0;
    return RT_OK;
  }
  bool same_rows = count == next->count, same = same_rows;
  for (int64_t k = 0; k < count && same; k++) same = from[k] == k;
  if (same) return RT_OK;
  for (int64_t k = 0; k < count && same_rows; k++) same_rows = next->text[from[k]].row == next->text[k].row;
  int status = same_rows ? RT_OK : take_rows(next, &next->data, from, count, error);
  if (status == RT_OK) status = make_room(next, count, error);
  for (int64_t k = 0; k < count && status == RT_OK; k++)
    status = copy_text(&next->other[k], &next->text[from[k]], error);
  if (status == RT_OK && next->begun) status = token_states_keep(next->states, from, count, error);
  if (status != RT_OK) return status;
  struct text *there = next->text;
  next->text = next->other;
  next->other = there;
  next->count = count;
  return RT_OK;
}

/* ---- scores ---- */

/* A text that is longer than the model may see loses the first half of that. */
static void shorten(const struct next_token *n, struct text *t) {
  if (n->window == 0 || t->count - t->from <= n->window) return;
  t->from = t->count - (n->window + 1) / 2;
  t->done = 0;
}

/* Writes the tokens of each text that the model sees into its row, with one more behind them that it does not
 * see. */
static int show_texts(struct next_token *n, struct rt_error *error) {
  struct io_payload *of = &n->data.values[n->column].of;
  int64_t at = 0;
  for (int64_t k = 0; k < n->count; k++) {
    struct text *t = &n->text[k];
    shorten(n, t);
    int64_t seen = t->count - t->from;
    if (io_payload_reserve(of, at + seen + 1) != RT_OK) return rt_no_memory(error);
    memcpy(io_payload_ids(of) + at, t->id + t->from, (size_t)seen * sizeof *t->id);
    at += seen + 1;
    io_payload_ids(of)[at - 1] = 0;
    if (io_payload_end_row(of, k, at) != RT_OK) return rt_no_memory(error);
  }
  return RT_OK;
}

/* Makes the row of a text the place of what is wrong with it, when it is one of a file. */
static int place(const struct next_token *n, int64_t k, int status, struct rt_error *error) {
  int64_t line = n->data.lines[k];
  const char *name = n->data.name ? n->data.name : "";
  if (!line || (error->line && strcmp(error->file, name) == 0)) return status;
  snprintf(error->file, sizeof error->file, "%s", name);
  error->line = line < INT32_MAX ? (int)line : INT32_MAX;
  error->column = 0;
  return status;
}

/* Do the texts so far meet what the program asks of a row? */
static int check_texts(struct next_token *n, int64_t *bad, struct rt_error *error) {
  for (int64_t k = 0; k < n->count; k++) {
    int column, status = n->check.hook.row(n->check.hook.context, &n->data, k, &column, error);
    if (status == RT_OK) continue;
    *bad = k;
    return place(n, k, status, error);
  }
  return RT_OK;
}

static int run(struct next_token *n, int64_t first, int64_t count, struct rt_error *error) {
  struct lib_batch batch = {&n->data, n->row + first, count};
  int status = session_feed(n->session, batch, error);
  return status != RT_OK ? status : vm_machine_run(n->session->predict, 0, error);
}

/* ---- token by token ---- */

static int begin_states(struct next_token *n, struct rt_error *error) {
  struct vm_machine *machine = token_states_begin(n->states);
  int status =
      lib_feed_rows(&n->session->feed, machine, (struct lib_batch){&n->data, n->row, n->count}, error);
  if (status == RT_OK) status = vm_machine_run(machine, 0, error);
  if (status != RT_OK) return status;
  for (int64_t k = 0; k < n->count; k++) n->text[k].done = 0;
  status = token_states_take(n->states, n->count, (const int64_t *const *)n->session->feed.sizes, error);
  n->begun = status == RT_OK;
  return status;
}

/* The tokens that are new to the states; of a text that lost its beginning, all that are left. */
static int list_new(struct next_token *n, struct rt_error *error) {
  size_t total = 0;
  for (int64_t k = 0; k < n->count; k++) {
    struct text *t = &n->text[k];
    void *token = n->token;
    int64_t seen = t->count - t->from;
    if (t->done == seen) t->done = 0;
    if (t->done == 0 && token_states_restart(n->states, k, error) != RT_OK) return error->code;
    n->more[k] = seen - t->done;
    if (rt_grow(&token, &n->token_capacity, total + (size_t)n->more[k], sizeof *n->token))
      return rt_no_memory(error);
    n->token = token;
    memcpy(n->token + total, t->id + t->from + t->done, (size_t)n->more[k] * sizeof *t->id);
    total += (size_t)n->more[k];
  }
  return RT_OK;
}

static int go_on(struct next_token *n, struct rt_error *error) {
  int status = n->begun ? RT_OK : begin_states(n, error);
  if (status == RT_OK) status = list_new(n, error);
  if (status == RT_OK) status = token_states_go_on(n->states, n->input, n->token, n->more, error);
  for (int64_t k = 0; k < n->count && status == RT_OK; k++) n->text[k].done += n->more[k];
  return status;
}

/* What the step gave for a text is not finite: the whole model tells which op made the first such number. */
static int check_finite(struct next_token *n, int64_t k, double most, struct rt_error *error) {
  struct vm_machine *predict = n->session->predict;
  int status = !isfinite(most) && n->states ? run(n, k, 1, error) : RT_OK;
  const char *name = n->session->model->module->output[n->output].name;
  return status != RT_OK ? status : session_check_finite(predict, name, &most, 1, error);
}

static int read_scores(struct next_token *n, int64_t *bad, struct rt_error *error) {
  struct rt_tensor t = n->states ? vm_machine_output(token_states_step(n->states), 0)
                                 : vm_machine_output(n->session->predict, n->output);
  int64_t rows, columns;
  lib_output_size(&t, &rows, &columns);
  if (columns != n->vocab->count)
    return rt_fail(error, RT_BAD_DATA, "the model gives no score for each token it could write");
  int status = token_scores_take(&n->score, &t, (struct token_rows){n->count, columns}, n->session, error);
  for (int64_t k = 0; k < n->count && status == RT_OK; k++) {
    status = check_finite(n, k, n->score.most[k], error);
    if (status == RT_OK) continue;
    *bad = k;
    return place(n, k, status, error);
  }
  return status;
}

/* Which text is it that the machine refuses? One with a label that training did not see, say. */
static int find_bad(struct next_token *n, int64_t *bad, struct rt_error *error) {
  struct rt_error reason = {0};
  for (int64_t k = 0; k < n->count; k++) {
    rt_error_clear(&reason);
    int status = run(n, k, 1, &reason);
    if (status == RT_OK) continue;
    *bad = k;
    *error = reason;
    return place(n, k, status, error);
  }
  return error->code;
}

int next_token_scores(struct next_token *next, int64_t *bad, struct rt_error *error) {
  *bad = -1;
  next->session->scored = 0;
  if (!next->count) return RT_OK;
  int status = show_texts(next, error);
  if (status == RT_OK) status = check_texts(next, bad, error);
  if (status != RT_OK) return status;
  status = next->states ? go_on(next, error) : run(next, 0, next->count, error);
  if (status == RT_BAD_DATA || status == RT_NOT_FINITE) return find_bad(next, bad, error);
  return status == RT_OK ? read_scores(next, bad, error) : status;
}

const double *next_token_row(struct next_token *next, int64_t k) { return token_scores_row(&next->score, k); }

int32_t next_token_likeliest(const struct next_token *next, int64_t k, double *log_probability) {
  return token_scores_likeliest(&next->score, next->vocab, k, log_probability);
}
