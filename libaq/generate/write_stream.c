/* write_stream.c: writes a text for each line that comes. */
#include "libaq/rows/memory_rows.h"
#include "libaq/rows/row_stream.h"
#include "libaq/shown/shown_tree.h"
#include "libaq/generate/writing.h"
#include "runtime/io/json.h"

static int write_image(struct row_stream *st, const aq_image *image, struct rt_error *error) {
  struct writing *w = st->own;
  struct rt_text name = {0};
  int status = drawn_files_add(&w->files, image, w->lines, &name, error);
  if (status == RT_OK && w->options->json) {
    rt_text_puts(&st->out, "{\"image\":");
    io_json_string(&st->out, name.data, name.length);
    rt_text_puts(&st->out, "}");
  } else if (status == RT_OK)
    shown_escape(&st->out, name.data, name.length);
  rt_text_free(&name);
  return status;
}

/* So many batches are read at once, and each is made of rows that are about as long. */
enum { READ_AHEAD = 8 };

static int write_line(struct row_stream *st, size_t row, struct rt_error *error) {
  struct writing *w = st->own;
  const struct rt_error *bad = st->session->written[row].bad;
  const aq_written *written = aq_session_written(st->session, row);
  const aq_image *image = w->files.path ? aq_session_written_image(st->session, row) : NULL;
  w->lines++;
  if (bad) return row_stream_bad(st, bad, error);
  if (image) {
    int status = write_image(st, image, error);
    if (status != RT_OK) return status;
  } else if (w->options->json) {
    int status = shown_finish(written_shown(written), AQ_JSON, &st->out, error);
    if (status != RT_OK) return status;
  } else
    shown_escape(&st->out, written->text, written->length);
  rt_text_puts(&st->out, "\n");
  st->session->reading.rows++;
  return RT_OK;
}

static int write_rows(struct row_stream *st, struct rt_error *error) {
  struct writing *w = st->own;
  int64_t rows = st->session->data.rows;
  session_count_unknown(st->session, st->schema);
  int status = writing_run(w, &st->session->data, error);
  for (int64_t r = 0; r < rows && status == RT_OK; r++) status = write_line(st, (size_t)r, error);
  st->finished = w->stopped;
  return status;
}

static int write_stream(struct writing *w, struct rt_error *error) {
  struct aq_session *s = w->session;
  const aq_generate_options *o = w->options;
  struct row_stream stream = {.session = s,
                              .schema = next_token_schema(w->next, !next_token_reads_more(w->next)),
                              .batch = READ_AHEAD * w->at_once,
                              .memory = lib_rows_memory(o->rows),
                              .path = o->path,
                              .read = o->read,
                              .write = o->write,
                              .context = o->context,
                              .answer = "texts",
                              .bad_line = session_lines[o->json ? AQ_JSON : AQ_TEXT].bad_row,
                              .flush = write_rows,
                              .own = w};
  s->data.check = NULL; /* a prompt is not yet what the model sees */
  int status = row_stream_run(&stream, error);
  s->data.check = &s->row_check.hook;
  return status == RT_OK ? drawn_files_end(&w->files, error) : status;
}

int aq_session_generate_stream(aq_session *session, const aq_generate_options *options) {
  struct rt_error *error;
  if (!session || session_begin(session, &error) != RT_OK) return AQ_USAGE;
  struct writing w;
  int status = writing_init(&w, session, options, error);
  if (status == RT_OK) status = write_stream(&w, error);
  writing_free(&w);
  return session_end(session, status);
}
