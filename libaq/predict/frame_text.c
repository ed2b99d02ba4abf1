/* frame_text.c: the best path through frames, and what it spells. */
#include "libaq/predict/frame_text.h"

#include <math.h>
#include <string.h>

#include "libaq/internal.h"

void frame_text_free(struct frame_text *t) {
  rt_free(t->id);
  rt_free(t->room);
  rt_text_free(&t->text);
  frame_beam_free(&t->search);
  *t = (struct frame_text){0};
}

void frame_text_spell(const struct io_column *column, const int32_t *id, int64_t count, const char *unknown,
                      struct rt_text *out) {
  const char *last = NULL;
  size_t last_length = 0, length = 0;
  for (int64_t k = 0; k < count; k++) {
    const char *text = io_vocab_text(column->vocab, id[k], &length);
    if (unknown && id[k] == column->vocab->unknown) text = unknown, length = strlen(unknown);
    if (!text) continue;
    if (column->kind->spell)
      column->kind->spell(out, last, last_length, text, length);
    else
      rt_text_add(out, text, length);
    last = text;
    last_length = length;
  }
}

/* The probability of each class at state s: blank before, between and behind the letters. */
static double of_state(const struct frame_text *t, const double *p, int64_t classes, size_t s) {
  return p[s % 2 == 0 ? classes - 1 : t->id[s / 2]];
}

/* The states from the last down, so that what they come from is not written over yet. Their sum. */
static double next_frame(const struct frame_text *t, const double *p, int64_t classes, double *at) {
  double sum = 0;
  for (size_t s = 2 * t->count + 1; s-- > 0;) {
    double from = at[s] + (s > 0 ? at[s - 1] : 0);
    if (s % 2 == 1 && s > 2 && t->id[s / 2] != t->id[s / 2 - 1]) from += at[s - 2];
    sum += at[s] = from * of_state(t, p, classes, s);
  }
  return sum;
}

/* The sum over all ways; the states of a frame are scaled to add up to 1. */
static double text_probability(struct frame_text *t, const double *p, int64_t frames, int64_t classes) {
  const size_t states = 2 * t->count + 1;
  double *at = t->room, log_p = 0;
  for (size_t s = 0; s < states; s++) at[s] = 0;
  for (int64_t f = 0; f < frames; f++) {
    double sum;
    if (f == 0) {
      for (size_t s = 0; s < states && s < 2; s++) at[s] = of_state(t, p, classes, s);
      sum = at[0] + (states > 1 ? at[1] : 0);
    } else {
      sum = next_frame(t, p + f * classes, classes, at);
    }
    if (!(sum > 0)) return -INFINITY;
    for (size_t s = 0; s < states; s++) at[s] /= sum;
    log_p += log(sum);
  }
  return frames ? log_p + log(at[states - 1] + (states > 1 ? at[states - 2] : 0)) : 0;
}

static void best_path(struct frame_text *t, const double *p, int64_t frames, int64_t classes) {
  int64_t before = -1;
  t->count = 0;
  for (int64_t f = 0; f < frames; f++) {
    const int64_t best = lib_likeliest(p + f * classes, classes);
    if (best != before && best < classes - 1) t->id[t->count++] = (int32_t)best;
    before = best;
  }
}

int frame_text_read(struct frame_text *t, const struct io_column *column, const double *p, int64_t frames,
                    int64_t classes) {
  t->text.length = 0;
  if (rt_grow((void **)&t->id, &t->capacity, (size_t)frames + 1, sizeof *t->id)
      || rt_grow((void **)&t->room, &t->room_capacity, 2 * (size_t)frames + 2, sizeof *t->room))
    return RT_NO_MEMORY;
  if (t->beam <= 0)
    best_path(t, p, frames, classes);
  else if (frame_beam_read(&t->search, p, frames, classes, t->beam, t->id) != RT_OK)
    return RT_NO_MEMORY;
  else
    t->count = t->search.count;
  rt_text_add(&t->text, "", 0);
  frame_text_spell(column, t->id, (int64_t)t->count, NULL, &t->text);
  t->log_probability = text_probability(t, p, frames, classes);
  return t->text.failed ? RT_NO_MEMORY : RT_OK;
}
