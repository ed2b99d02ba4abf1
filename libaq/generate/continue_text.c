/* continue_text.c: texts that a model writes on, for rows that a host gives. */
#include <math.h>
#include <string.h>

#include "libaq/generate/writing.h"
#include "libaq/rows/memory_rows.h"
#include "runtime/io/memory.h"

enum { TOKENS = 200, MOST_TOKENS = 1 << 24, MOST_BEAMS = 1 << 12 };

/* ---- options ---- */

static int check_options(const aq_generate_options *o, struct rt_error *error) {
  if (o->length < -1 || o->length > MOST_TOKENS)
    return rt_fail(error, RT_USAGE, "a text of 0 to %d tokens can be written, not %lld", MOST_TOKENS,
                   (long long)o->length);
  if (!isfinite(o->temperature)) return rt_fail(error, RT_USAGE, "a temperature is 0 or more");
  if (o->top < 0)
    return rt_fail(error, RT_USAGE, "top is how many tokens to draw among, 0 for all, not %d", o->top);
  if (!(o->top_p > 0 && o->top_p <= 1))
    return rt_fail(error, RT_USAGE, "top_p is a part of the probability, above 0 and at most 1, not %g",
                   o->top_p);
  if (o->beam < 0 || o->beam > MOST_BEAMS)
    return rt_fail(error, RT_USAGE, "there can be 0 to %d beams, not %d", MOST_BEAMS, o->beam);
  if (!(o->repeat_penalty > 0) || !isfinite(o->repeat_penalty))
    return rt_fail(error, RT_USAGE, "a repeat penalty is above 0 (1: none), not %g", o->repeat_penalty);
  if (o->stop && !*o->stop) return rt_fail(error, RT_USAGE, "the text at which writing stops is empty");
  return RT_OK;
}

/* Tokens are drawn when the host asks for something that only draws have; else a model that answers other
 * columns gives its likeliest answer, and one that only writes on, or makes an image, draws. */
static bool is_drawn(const aq_generate_options *o, bool answers) {
  if (o->beam > 0) return false;
  if (o->temperature >= 0) return o->temperature > 0;
  return !answers || o->top > 0 || o->top_p < 1;
}

/* What has no effect where nothing is drawn is refused. */
static int check_draws(const aq_generate_options *o, bool drawn, struct rt_error *error) {
  const char *why = o->beam > 0 ? "with beams" : "at temperature 0";
  if (drawn) return RT_OK;
  if (o->beam > 0 && o->temperature > 0)
    return rt_fail(error, RT_USAGE, "beams search for the likeliest text: a temperature has no effect");
  if (o->top > 0) return rt_fail(error, RT_USAGE, "%s nothing is drawn, and top has no effect", why);
  if (o->top_p < 1) return rt_fail(error, RT_USAGE, "%s nothing is drawn, and top_p has no effect", why);
  return RT_OK;
}

/* Forgets what the session wrote and read before. */
static void forget(struct aq_session *session) {
  session->scored = session->written_count = 0;
  lib_reading_clear(&session->reading);
  session_forget_unknown(session);
}

int writing_init(struct writing *w, struct aq_session *session, const aq_generate_options *given,
                 struct rt_error *error) {
  *w = (struct writing){.session = session, .options = &w->own};
  const aq_generate_options *options = w->options;
  forget(session);
  if (lib_take_options(LIB_GENERATE_OPTIONS, given, &w->own, error) != RT_OK) return RT_USAGE;
  int status = check_options(options, error);
  if (status == RT_OK) status = next_token_new(&w->next, session, error);
  if (status != RT_OK) return status;
  int beams = options->beam > 0 ? options->beam : 1;
  w->vocab = next_token_vocab(w->next);
  w->column = &session->model->schema.columns[next_token_column(w->next)];
  w->kind = w->column->kind;
  w->whole = io_whole(w->column);
  if (w->own.length < 0) w->own.length = w->whole ? w->whole : TOKENS;
  if (w->whole && options->beam > 0)
    return rt_fail(error, RT_USAGE, "beams search for the likeliest text, and this model draws images");
  if (w->whole && options->stop)
    return rt_fail(error, RT_USAGE, "writing stops at a text, and this model draws images");
  if (!w->whole && options->images) {
    rt_fail(error, RT_USAGE, "this model writes texts, and no images");
    rt_hint(error, "a model that draws ends its heading with -> next(COLUMN), of a column of pixels");
    return RT_USAGE;
  }
  w->draws = is_drawn(options, next_token_reads_more(w->next) && !w->whole);
  w->temperature = options->temperature > 0 ? options->temperature : 1;
  w->at_once = session->options.batch > beams ? session->options.batch / beams : 1;
  size_t most = (size_t)(w->at_once * beams), count = (size_t)w->vocab->count;
  w->kept = rt_zalloc(most, sizeof *w->kept);
  w->token = rt_zalloc(most, sizeof *w->token);
  w->score = rt_zalloc(count, sizeof *w->score);
  w->order = rt_zalloc(count, sizeof *w->order);
  if (!w->kept || !w->token || !w->score || !w->order) return rt_no_memory(error);
  next_token_writes(w->next, options->images);
  status = check_draws(options, w->draws, error);
  return status == RT_OK ? drawn_files_begin(&w->files, options->images, error) : status;
}

void writing_free(struct writing *w) {
  drawn_files_free(&w->files);
  next_token_free(w->next);
  rt_free(w->kept);
  rt_free(w->token);
  rt_free(w->score);
  rt_free(w->order);
}

/* ---- writing ---- */

/* Images that are complete already end at once. */
static int leave_complete(struct writing *w, struct rt_error *error) {
  const int64_t count = next_token_count(w->next);
  int64_t kept = 0;
  for (int64_t k = 0; k < count; k++) {
    struct next_text text = next_token_text(w->next, k);
    if (text.prompt < w->whole)
      w->kept[kept++] = k;
    else
      written_end(w, text.row, AQ_ENDED_BY_MODEL, 0);
  }
  return next_token_keep(w->next, w->kept, kept, error);
}

/* Writes the texts of some rows, of which there are at most at_once. */
static int write_some(struct writing *w, const struct io_dataset *prompts, const int64_t *row, int64_t count,
                      struct rt_error *error) {
  int status = next_token_begin(w->next, prompts, row, count, error);
  for (int64_t k = 0; k < count && status == RT_OK; k++)
    status = written_begin(w, row[k], next_token_text(w->next, k), error);
  if (status == RT_OK && w->whole) status = leave_complete(w, error);
  if (status == RT_OK) status = w->options->beam > 0 ? write_by_beams(w, error) : write_tokens(w, error);
  for (int64_t k = 0; k < count && status == RT_OK; k++)
    written_end(w, row[k], w->stopped ? AQ_ENDED_BY_HOST : AQ_ENDED_AT_LENGTH, 0);
  return status;
}

static int make_texts(struct aq_session *s, int64_t count, struct rt_error *error) {
  for (int64_t k = 0; k < s->written_count; k++) written_clear(&s->written[k]);
  s->written_count = 0;
  if (count > s->written_room) {
    struct written *more = rt_zalloc((size_t)count, sizeof *more);
    if (!more) return rt_no_memory(error);
    if (s->written_room) memcpy(more, s->written, (size_t)s->written_room * sizeof *more);
    rt_free(s->written);
    s->written = more;
    s->written_room = count;
  }
  for (int64_t k = 0; k < count; k++) written_clear(&s->written[k]);
  s->written_count = count;
  return RT_OK;
}

enum { LONGEST = 1 << 16 };

/* How much there is to read in a row besides the text to be written; from LONGEST on it makes no difference.
 */
static int64_t length_of(const struct writing *w, const struct io_dataset *prompts, int64_t row) {
  int64_t length = 0;
  for (int c = 0; c < prompts->columns; c++)
    if (c != next_token_column(w->next) && prompts->values[c].present)
      length += io_payload_count(&prompts->values[c].of, row);
  return length < LONGEST ? length : LONGEST;
}

/* The rows, the longest first: what is alike takes about as long to answer, and few texts wait for others. Of
 * equal ones the first comes first. */
static int order_rows(const struct writing *w, const struct io_dataset *prompts, int64_t *row,
                      struct rt_error *error) {
  int64_t before = 0;
  /* [length] how many rows are as long; then where the next of them goes */
  int64_t *place = rt_zalloc(LONGEST + 1, sizeof *place);
  if (!place) return rt_no_memory(error);
  for (int64_t r = 0; r < prompts->rows; r++) place[length_of(w, prompts, r)]++;
  for (int64_t n = LONGEST; n >= 0; n--) {
    int64_t count = place[n];
    place[n] = before;
    before += count;
  }
  for (int64_t r = 0; r < prompts->rows; r++) row[place[length_of(w, prompts, r)]++] = r;
  rt_free(place);
  return RT_OK;
}

int writing_run(struct writing *w, const struct io_dataset *prompts, struct rt_error *error) {
  int status = make_texts(w->session, prompts->rows, error);
  int64_t *row = status == RT_OK ? rt_zalloc((size_t)prompts->rows + 1, sizeof *row) : NULL;
  if (!row) return rt_no_memory(error);
  w->text = w->session->written;
  for (int64_t r = 0; r < prompts->rows; r++) row[r] = r;
  if (prompts->rows > w->at_once) status = order_rows(w, prompts, row, error);
  for (int64_t r = 0; r < prompts->rows && status == RT_OK && !w->stopped; r += w->at_once) {
    int64_t left = prompts->rows - r;
    status = write_some(w, prompts, row + r, left < w->at_once ? left : w->at_once, error);
  }
  rt_free(row);
  for (int64_t r = 0; r < prompts->rows && status == RT_OK; r++) written_end(w, r, AQ_ENDED_BY_HOST, 0);
  w->first += (uint64_t)prompts->rows;
  return status;
}

/* ---- for hosts ---- */

/* Reads the rows into the session's data. */
static int read_rows(struct writing *w, struct session_fields fields, size_t rows, struct rt_error *error) {
  struct aq_session *s = w->session;
  const struct io_schema *schema = next_token_schema(w->next, false);
  size_t others = 0;
  for (int f = 0; f < schema->fields; f++) others += io_schema_field_required(schema, f);
  bool left_out = others > 0 && fields.count == others;
  schema = next_token_schema(w->next, !left_out);
  int status = RT_OK;
  io_dataset_clear(&s->data);
  if (!rows) return RT_OK;
  s->data.check = NULL; /* a prompt is not yet what the model sees */
  for (size_t r = 0; r < rows && status == RT_OK; r++)
    status = session_add_row(s, schema, session_fields_of(fields, r), error);
  s->data.check = &s->row_check.hook;
  if (status == RT_OK) status = lib_reading_cuts(&s->reading, schema, &s->data, error);
  if (status != RT_OK) return status;
  s->reading.rows = (int64_t)rows;
  session_count_unknown(s, schema);
  for (size_t r = 0; r < rows && status == RT_OK; r++)
    status = session_name_unknown(s, schema, session_fields_of(fields, r), error);
  return status;
}

/* Names the unknown words of the texts of a table. */
static int name_unknown(struct aq_session *s, const struct io_schema *schema, const struct io_memory *table,
                        struct rt_error *error) {
  const size_t room = (size_t)schema->fields + 1;
  const char **text = rt_zalloc(room, sizeof *text);
  size_t *length = rt_zalloc(room, sizeof *length);
  int status = text && length ? RT_OK : rt_no_memory(error);
  for (int64_t r = 0; r < table->rows && status == RT_OK; r++) {
    struct session_fields fields = {text, length, 0};
    for (int f = 0; f < schema->fields; f++) {
      const struct io_memory_column *column = io_memory_find(table, io_schema_field_name(schema, f));
      if (!io_schema_field_required(schema, f)) continue;
      const bool is_text = column && column->given == IO_GIVEN_TEXTS;
      text[fields.count] = is_text ? column->bytes + column->begin[r] : NULL;
      length[fields.count++] = is_text ? column->begin[r + 1] - column->begin[r] : 0;
    }
    status = session_name_unknown(s, schema, fields, error);
  }
  rt_free(text);
  rt_free(length);
  return status;
}

/* Reads a table in memory into the session's data. It may lack the text that is written where the model reads
 * more. */
static int read_table(struct writing *w, const aq_rows *rows, struct rt_error *error) {
  struct aq_session *s = w->session;
  const struct io_memory *table = lib_rows_memory(rows);
  const struct io_schema *schema = next_token_schema(w->next, true);
  const char *own = io_schema_field_name(schema, w->column->field);
  const struct io_data_options reading = {.predicting = true};
  struct io_dataset data;
  io_dataset_clear(&s->data);
  if (!table->rows) return RT_OK;
  schema = next_token_schema(w->next, !next_token_reads_more(w->next) || io_memory_find(table, own));
  int status = lib_rows_dataset(rows, schema, &reading, &data, error);
  if (status != RT_OK) return status;
  data.check = s->data.check;
  io_dataset_free(&s->data);
  s->data = data;
  status = lib_reading_cuts(&s->reading, schema, &s->data, error);
  if (status != RT_OK) return status;
  s->reading.rows = table->rows;
  session_count_unknown(s, schema);
  return name_unknown(s, schema, table, error);
}

/* The reason of the first row that could not be written. */
static int first_bad(const struct aq_session *s, struct rt_error *error) {
  for (int64_t r = 0; r < s->written_count; r++)
    if (s->written[r].bad) {
      *error = *s->written[r].bad;
      return error->code;
    }
  return RT_OK;
}

static int save_images(struct writing *w, struct rt_error *error) {
  int status = RT_OK;
  for (int64_t r = 0; w->files.path && r < w->session->written_count && status == RT_OK; r++) {
    struct rt_text name = {0};
    const aq_image *image = aq_session_written_image(w->session, (size_t)r);
    if (image) status = drawn_files_add(&w->files, image, r + 1, &name, error);
    rt_text_free(&name);
  }
  return status == RT_OK ? drawn_files_end(&w->files, error) : status;
}

int aq_session_generate(aq_session *session, const char *const *field, const size_t *length, size_t count,
                        size_t rows, const aq_generate_options *options) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  struct writing w;
  int status = writing_init(&w, session, options, error);
  const struct session_fields fields = {field, length, count};
  if (status == RT_OK && w.own.rows && (field || count || rows))
    status = rt_fail(error, RT_USAGE, "there are fields of rows, and rows in the options as well");
  if (status == RT_OK)
    status = w.own.rows ? read_table(&w, w.own.rows, error) : read_rows(&w, fields, rows, error);
  if (status == RT_OK) status = writing_run(&w, &session->data, error);
  if (status == RT_OK) status = save_images(&w, error);
  writing_free(&w);
  return session_end(session, status != RT_OK ? status : first_bad(session, error));
}

const aq_image *aq_session_written_image(const aq_session *session, size_t row) {
  const bool some = session && row < (size_t)session->written_count && session->written[row].image.size;
  return some ? &session->written[row].image : NULL;
}

const aq_written *aq_session_written(const aq_session *session, size_t row) {
  bool some = session && row < (size_t)session->written_count && session->written[row].view.size;
  return some ? &session->written[row].view : NULL;
}
