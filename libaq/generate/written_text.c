/* written_text.c: tokens that were chosen become a text, which ends where the host or a stop text says. */
#include <string.h>

#include "libaq/generate/writing.h"
#include "runtime/io/image_levels.h"

void add_token_text(const struct writing *w, int32_t before, int32_t id, struct rt_text *out) {
  size_t length, before_length = 0;
  const char *text = io_vocab_text(w->vocab, id, &length);
  const char *last = before >= 0 ? io_vocab_text(w->vocab, before, &before_length) : NULL;
  if (w->kind->spell)
    w->kind->spell(out, last, before_length, text, length);
  else
    rt_text_add(out, text, length);
}

/* ---- the text at which writing stops ---- */

/* Where it stands in the text, from byte `from` on; the text's length: nowhere. */
static size_t find_stop(const struct rt_text *text, size_t from, const char *stop) {
  size_t n = strlen(stop);
  for (size_t at = from; at + n <= text->length; at++)
    if (memcmp(text->data + at, stop, n) == 0) return at;
  return text->length;
}

/* How many bytes at the end of the text may be the beginning of it. */
static size_t held_back(const struct rt_text *text, const char *stop) {
  size_t n = stop ? strlen(stop) : 1;
  for (size_t k = n - 1 < text->length ? n - 1 : text->length; k > 0; k--)
    if (memcmp(text->data + text->length - k, stop, k) == 0) return k;
  return 0;
}

bool has_stop(const struct writing *w, const struct rt_text *text) {
  return w->options->stop && find_stop(text, 0, w->options->stop) < text->length;
}

/* ---- a text ---- */

/* The next point of an image. */
static void draw_point(const struct writing *w, struct written *t, int32_t id) {
  if (id >= 0 && (int64_t)t->points_count < w->whole)
    t->points[t->points_count++] = io_level_byte(id, w->vocab->count);
}

static int begin_image(struct writing *w, struct written *t, struct next_text begun, struct rt_error *error) {
  const struct io_column *column = w->column;
  int32_t height, width;
  int channels;
  if (rt_grow((void **)&t->points, &t->points_capacity, (size_t)w->whole, 1)) return rt_no_memory(error);
  memset(t->points, 0, (size_t)w->whole);
  column->kind->shape(&column->set, &height, &width, &channels);
  t->image = (aq_image){sizeof t->image, (size_t)height, (size_t)width, (size_t)channels, t->points};
  for (int64_t k = 0; k < begun.count; k++) draw_point(w, t, begun.id[k]);
  return RT_OK;
}

int written_begin(struct writing *w, int64_t number, struct next_text begun, struct rt_error *error) {
  struct written *t = &w->text[number];
  written_clear(t);
  t->last = begun.prompt > 0 ? begun.id[begun.count - 1] : -1;
  return w->whole ? begin_image(w, t, begun, error) : RT_OK;
}

static size_t start_of(const struct written *t, size_t k) { return k ? t->end[k - 1] : 0; }

/* Tells the host of tokens that end within the first `length` bytes. The text ends behind the one where it
 * says so. */
static void tell(struct writing *w, struct written *t, size_t length) {
  for (; t->told < t->count && t->end[t->told] <= length; t->told++) {
    if (!w->options->token) continue;
    aq_token token = t->token[t->told];
    token.text = t->text.data + start_of(t, t->told);
    token.length = t->end[t->told] - start_of(t, t->told);
    enum aq_then then = w->options->token(w->options->context, &token);
    if (then == AQ_GO_ON) continue;
    w->stopped = then == AQ_END_ALL;
    t->count = ++t->told;
    t->text.length = t->end[t->count - 1];
    t->text.data[t->text.length] = '\0';
    t->ended = true;
    t->why = AQ_ENDED_BY_HOST;
    return;
  }
}

/* Ends the text at this byte. A token that it is within loses its end. */
static void cut(struct written *t, size_t at) {
  t->text.length = at;
  t->text.data[at] = '\0';
  while (t->count > 0 && start_of(t, t->count - 1) >= at) t->count--;
  if (t->count > 0 && t->end[t->count - 1] > at) t->end[t->count - 1] = at;
}

/* The text has ended, and its bytes stay where they are. */
static void settle(struct written *t, double log_probability) {
  t->log_probability = log_probability;
  for (size_t k = 0; k < t->count; k++) {
    t->token[k].text = t->text.data + start_of(t, k);
    t->token[k].length = t->end[k] - start_of(t, k);
    t->log_probability += t->token[k].log_probability;
    t->listed[k] = &t->token[k];
  }
  t->view = (aq_written){.size = sizeof t->view,
                         .text = t->text.data ? t->text.data : "",
                         .length = t->text.length,
                         .count = t->count,
                         .token = t->listed,
                         .log_probability = t->log_probability,
                         .ended = t->why};
}

int written_add(struct writing *w, int64_t number, int32_t id, double log_probability,
                struct rt_error *error) {
  struct written *t = &w->text[number];
  const char *stop = w->options->stop;
  size_t before = t->text.length;
  int status = rt_grow((void **)&t->token, &t->capacity, t->count + 1, sizeof *t->token);
  if (status == RT_OK)
    status = rt_grow((void **)&t->listed, &t->listed_capacity, t->count + 1, sizeof *t->listed);
  if (status == RT_OK) status = rt_grow((void **)&t->end, &t->end_capacity, t->count + 1, sizeof *t->end);
  if (status != RT_OK) return rt_no_memory(error);
  rt_text_add(&t->text, "", 0); /* a token may add nothing */
  add_token_text(w, t->last, id, &t->text);
  if (t->text.failed) return rt_no_memory(error);
  t->last = id;
  if (w->whole) draw_point(w, t, id);
  t->token[t->count] = (aq_token){.size = sizeof(aq_token),
                                  .row = w->first + (size_t)number,
                                  .id = id,
                                  .log_probability = log_probability};
  t->end[t->count++] = t->text.length;
  if (stop) {
    size_t overlap = strlen(stop) - 1,
           at = find_stop(&t->text, before > overlap ? before - overlap : 0, stop);
    if (at < t->text.length) {
      cut(t, at);
      written_end(w, number, AQ_ENDED_AT_STOP, 0);
      return RT_OK;
    }
  }
  tell(w, t, t->text.length - held_back(&t->text, stop));
  if (t->ended) settle(t, 0);
  return RT_OK;
}

void written_end(struct writing *w, int64_t number, enum aq_ended why, double log_probability) {
  struct written *t = &w->text[number];
  if (t->ended) return;
  tell(w, t, t->text.length);
  if (!t->ended) t->why = why;
  t->ended = true;
  settle(t, t->why == AQ_ENDED_BY_MODEL ? log_probability : 0);
}

int written_fail(struct written *t, const struct rt_error *reason, struct rt_error *error) {
  t->ended = true;
  t->bad = rt_zalloc(1, sizeof *t->bad);
  if (!t->bad) return rt_no_memory(error);
  *t->bad = *reason;
  settle(t, 0);
  return RT_OK;
}

void written_clear(struct written *t) {
  rt_free(t->bad);
  t->bad = NULL;
  t->text.length = t->count = t->told = t->points_count = 0;
  t->image = (aq_image){0};
  t->text.failed = false; /* there may be memory again */
  t->log_probability = 0;
  t->ended = false;
  t->why = AQ_ENDED_AT_LENGTH;
  t->last = -1;
  t->view = (aq_written){0};
}

void written_free(struct written *text, int64_t count) {
  for (int64_t k = 0; k < count; k++) {
    rt_free(text[k].bad);
    rt_free(text[k].token);
    rt_free(text[k].listed);
    rt_free(text[k].end);
    rt_free(text[k].points);
    rt_text_free(&text[k].text);
  }
  rt_free(text);
}
