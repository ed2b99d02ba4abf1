/* watch.c */
#include "libaq/predict/watch.h"

#include <string.h>

#include "libaq/shown/shown_tree.h"
#include "runtime/io/json.h"
#include "runtime/io/memory.h"

bool watch_wanted(const aq_predict_options *o) { return o->alert || o->window || o->by || o->surge != 0; }

int watch_init(struct watch *watch, const struct aq_session *session, const aq_predict_options *options,
               struct rt_error *error) {
  *watch = (struct watch){.options = options};
  if (options->window < 0)
    return rt_fail(error, RT_USAGE, "a window has 1 row or more, not %lld", (long long)options->window);
  if (options->alert && options->window)
    return rt_fail(error, RT_USAGE, "either rows that alert are written, or the shares of a window");
  if (options->alert && !options->by && options->surge == 0)
    return condition_read(&watch->alert, session, options->alert, error);
  if (options->window) return shares_new(&watch->shares, session, options, error);
  rt_fail(error, RT_USAGE, "%s is about the shares of a window, and there is none",
          options->by ? "the column to group by" : "the surge");
  rt_hint(error, "say how many rows a window has: the option window = 100");
  return RT_USAGE;
}

void watch_free(struct watch *watch) {
  condition_free(&watch->alert);
  shares_free(watch->shares);
  rt_text_free(&watch->kept);
  rt_free(watch->end);
  *watch = (struct watch){0};
}

/* ---- what is kept of rows until they are answered ---- */

/* The row itself for alerts, and the group that it is in for shares. */
static int take(struct row_stream *st, struct rt_error *error) {
  struct watch *w = *(struct watch **)st->own;
  struct io_field field = w->shares ? (struct io_field){0} : io_table_text(io_rows_table(st->rows));
  if (st->beside) field = io_rows_beside(st->rows);
  if (rt_grow((void **)&w->end, &w->capacity, w->count + 1, sizeof *w->end)) return rt_no_memory(error);
  const struct io_memory_column *column =
      st->memory && st->beside ? io_memory_find(st->memory, st->beside) : NULL;
  if (column)
    io_memory_write(column, field.text, field.length, &w->kept);
  else if (field.text)
    rt_text_add(&w->kept, field.text, field.length);
  w->end[w->count++] = w->kept.length;
  return w->kept.failed ? rt_no_memory(error) : RT_OK;
}

static struct io_field kept(const struct watch *w, int64_t row) {
  size_t begin = row ? w->end[row - 1] : 0;
  return (struct io_field){w->kept.data ? w->kept.data + begin : "", w->end[row] - begin};
}

void watch_forget(struct watch *watch) {
  watch->kept.length = 0;
  watch->count = 0;
}

static int end(struct row_stream *st, struct rt_error *error) {
  struct watch *w = *(struct watch **)st->own;
  (void)error;
  if (w->shares) shares_end(w->shares, &st->out);
  return RT_OK;
}

void watch_stream(const struct watch *watch, struct row_stream *stream) {
  stream->bad_line = NULL; /* there is no line for each row */
  stream->beside = watch->shares ? shares_beside(watch->shares) : NULL;
  stream->keeps_rows = !watch->shares;
  stream->taken = take;
  stream->end = end;
}

/* ---- lines ---- */

/* An object in the file is one here; another row is a text. */
static void put_json_row(struct io_field row, bool object, struct rt_text *out) {
  if (object)
    rt_text_add(out, row.text, row.length);
  else
    io_json_string(out, row.text, row.length);
}

static void put_alert(const struct watch *w, struct row_stream *st, int64_t example, int64_t row) {
  const struct aq_session *s = st->session;
  const bool json = w->options->json;
  struct io_field text = kept(w, row);
  if (json) rt_text_printf(&st->out, "{\"line\":%lld,\"prediction\":", (long long)s->data.lines[row]);
  session_lines[json ? AQ_JSON : AQ_TEXT].scores(s, example, w->options, &st->out);
  if (st->memory) {
    rt_text_printf(&st->out, json ? "}\n" : "\t%lld\n", (long long)s->data.lines[row]);
    return;
  }
  rt_text_puts(&st->out, json ? ",\"row\":" : "\t");
  if (json)
    put_json_row(text, io_table_is_jsonl(io_rows_table(st->rows)), &st->out);
  else
    for (size_t k = 0; k < text.length; k++) /* a CSV row may be several lines */
      rt_text_add(&st->out, text.text[k] == '\n' ? "\\n" : text.text + k, text.text[k] == '\n' ? 2 : 1);
  rt_text_puts(&st->out, json ? "}\n" : "\n");
}

int watch_row(struct watch *watch, struct row_stream *stream, int64_t example, int64_t row,
              struct rt_error *error) {
  struct io_field field = kept(watch, row);
  if (watch->shares) return shares_add(watch->shares, example, &field, &stream->out, error);
  if (condition_holds(&watch->alert, stream->session, example)) put_alert(watch, stream, example, row);
  return RT_OK;
}
