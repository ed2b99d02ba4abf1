/* beam_search.c: searches for the likeliest text, with several beginnings of each side by side.
 *
 * From each beginning of n tokens all tokens lead on. Of the 2 B likeliest results those that end are set
 * aside, when they are among the first B, and the first B others are the beginnings of the next step. Texts
 * of unlike length are compared by log(p) / ((5 + n) / 6)^0.6 (Wu et al. 2016, "Google's neural machine
 * translation system", equation 14, without its coverage), n counting the end. The search for a text is over
 * when B were set aside and no beginning is better than the worst of them. */
#include <math.h>
#include <string.h>

#include "libaq/generate/writing.h"

/* A token with what is before it: index of another one, or -1. */
struct node {
  int32_t id, before;
  double log_probability;
};

/* A text that was set aside. */
struct ending {
  int32_t node;           /* its last token, or -1 */
  double value;           /* by which texts are compared */
  double log_probability; /* of the end */
  enum aq_ended why;
};

/* A beginning that goes on: what next_token has under the same number. */
struct beginning {
  int32_t node, search;
  double sum; /* the logarithm of its probability */
};

/* The search for one text. */
struct search {
  int64_t row;
  struct node *node; /* all tokens that were tried */
  size_t count, capacity;
  struct ending *ending; /* [beam], the best first */
  int64_t endings;
};

/* A way on. */
struct candidate {
  int64_t from; /* a beginning */
  int32_t id;
  double sum, log_probability;
};

struct beams {
  struct writing *w;
  int64_t width, step;
  int64_t rows;           /* the texts that are searched for */
  struct search *search;  /* [rows] */
  struct beginning *now;  /* [texts of next_token] */
  struct beginning *then; /* [as many] those of the next step */
  int64_t next;           /* so many of them */
  struct candidate *best; /* [2 width] of one text, the best first */
  int64_t candidates;
  int32_t *path;       /* [length] scratch */
  struct rt_text text; /* scratch */
};

/* ---- making ---- */

static void beams_free(struct beams *b) {
  for (int64_t r = 0; b->search && r < b->rows; r++) {
    rt_free(b->search[r].node);
    rt_free(b->search[r].ending);
  }
  rt_free(b->search);
  rt_free(b->now);
  rt_free(b->then);
  rt_free(b->best);
  rt_free(b->path);
  rt_text_free(&b->text);
}

static int beams_init(struct beams *b, struct writing *w, struct rt_error *error) {
  int64_t rows = next_token_count(w->next), width = w->options->beam;
  size_t most = (size_t)(rows * width);
  *b = (struct beams){.w = w, .width = width, .rows = rows};
  b->search = rt_zalloc((size_t)rows, sizeof *b->search);
  b->now = rt_zalloc(most, sizeof *b->now);
  b->then = rt_zalloc(most, sizeof *b->then);
  b->best = rt_zalloc(2 * (size_t)width, sizeof *b->best);
  b->path = rt_zalloc((size_t)w->options->length + 1, sizeof *b->path);
  if (!b->search || !b->now || !b->then || !b->best || !b->path) return rt_no_memory(error);
  for (int64_t r = 0; r < rows; r++) {
    b->search[r].ending = rt_zalloc((size_t)width, sizeof *b->search[r].ending);
    if (!b->search[r].ending) return rt_no_memory(error);
    b->search[r].row = next_token_text(w->next, r).row;
    b->now[r] = (struct beginning){-1, (int32_t)r, 0};
  }
  return RT_OK;
}

/* ---- a text ---- */

static double value_of(double sum, int64_t tokens) { return sum / pow((5 + (double)tokens) / 6, 0.6); }

/* The tokens that lead to a node, in their order. Returns how many. */
static int64_t path_to(struct beams *b, const struct search *s, int32_t node) {
  int64_t count = 0;
  for (int32_t n = node; n >= 0; n = s->node[n].before) count++;
  for (int64_t k = count; k-- > 0; node = s->node[node].before) b->path[k] = node;
  return count;
}

/* Does the text up to a node have the one at which writing stops? */
static bool stops(struct beams *b, const struct search *s, int32_t node) {
  int32_t before = b->w->text[s->row].last;
  if (!b->w->options->stop) return false;
  b->text.length = 0;
  int64_t count = path_to(b, s, node);
  for (int64_t k = 0; k < count; k++) {
    int32_t id = s->node[b->path[k]].id;
    add_token_text(b->w, before, id, &b->text);
    before = id;
  }
  return has_stop(b->w, &b->text);
}

static void set_aside(const struct beams *b, struct search *s, struct ending ending) {
  int64_t at = s->endings;
  while (at > 0 && s->ending[at - 1].value < ending.value) at--;
  if (at == b->width) return;
  if (s->endings < b->width) s->endings++;
  memmove(&s->ending[at + 1], &s->ending[at], (size_t)(s->endings - 1 - at) * sizeof *s->ending);
  s->ending[at] = ending;
}

/* The best text that was set aside is the answer. */
static int answer(struct beams *b, const struct search *s, struct rt_error *error) {
  const struct ending *best = s->ending;
  int status = RT_OK;
  if (!s->endings) {
    written_end(b->w, s->row, AQ_ENDED_AT_LENGTH, 0);
    return RT_OK;
  }
  int64_t count = path_to(b, s, best->node);
  for (int64_t k = 0; k < count && status == RT_OK && !b->w->text[s->row].ended; k++) {
    const struct node *n = &s->node[b->path[k]];
    status = written_add(b->w, s->row, n->id, n->log_probability, error);
  }
  if (status == RT_OK) written_end(b->w, s->row, best->why, best->log_probability);
  return status;
}

/* ---- a step ---- */

/* Keeps the best 2 width ways on, of equal ones those that came first. */
static void consider(struct beams *b, struct candidate c) {
  int64_t most = 2 * b->width, at = b->candidates;
  if (at == most && !(c.sum > b->best[most - 1].sum)) return;
  while (at > 0 && c.sum > b->best[at - 1].sum) at--;
  if (b->candidates < most) b->candidates++;
  memmove(&b->best[at + 1], &b->best[at], (size_t)(b->candidates - 1 - at) * sizeof *b->best);
  b->best[at] = c;
}

static void consider_all(struct beams *b, int64_t from, const double *score) {
  struct writing *w = b->w;
  const double *own = penalised(w, score, next_token_text(w->next, from));
  for (int32_t id = 0; id < w->vocab->count; id++)
    if (may_write(w->vocab, id) && !isinf(own[id]))
      consider(b, (struct candidate){from, id, b->now[from].sum + own[id], score[id]});
}

static int add_node(struct search *s, struct node node, int32_t *number, struct rt_error *error) {
  void *items = s->node;
  if (s->count >= INT32_MAX || rt_grow(&items, &s->capacity, s->count + 1, sizeof node))
    return rt_no_memory(error);
  s->node = items;
  s->node[s->count] = node;
  *number = (int32_t)s->count++;
  return RT_OK;
}

/* Takes a way on: it ends the text, or makes a beginning of the next step. rank: how many are better. */
static int take(struct beams *b, struct search *s, const struct candidate *c, int64_t rank,
                struct rt_error *error) {
  struct writing *w = b->w;
  int32_t node = b->now[c->from].node;
  double value = value_of(c->sum, b->step + 1);
  if (c->id == w->vocab->end) {
    if (rank < b->width) set_aside(b, s, (struct ending){node, value, c->log_probability, AQ_ENDED_BY_MODEL});
    return RT_OK;
  }
  int status = add_node(s, (struct node){c->id, node, c->log_probability}, &node, error);
  if (status != RT_OK) return status;
  if (stops(b, s, node))
    set_aside(b, s, (struct ending){node, value, 0, AQ_ENDED_AT_STOP});
  else if (b->step + 1 == w->options->length)
    set_aside(b, s, (struct ending){node, value, 0, AQ_ENDED_AT_LENGTH});
  else {
    w->kept[b->next] = c->from;
    w->token[b->next] = c->id;
    b->then[b->next++] = (struct beginning){node, b->now[c->from].search, c->sum};
  }
  return b->text.failed ? rt_no_memory(error) : RT_OK;
}

/* One step of one text, whose beginnings are from..to-1. */
static int step_text(struct beams *b, int64_t from, int64_t to, struct rt_error *error) {
  struct search *s = &b->search[b->now[from].search];
  int64_t begun = b->next;
  int status = RT_OK;
  b->candidates = 0;
  for (int64_t k = from; k < to; k++) consider_all(b, k, next_token_row(b->w->next, k));
  for (int64_t c = 0; c < b->candidates && b->next - begun < b->width && status == RT_OK; c++)
    status = take(b, s, &b->best[c], c, error);
  if (status != RT_OK) return status;
  bool full = s->endings == b->width;
  double best = b->next > begun ? value_of(b->then[begun].sum, b->step + 1) : -INFINITY;
  if (b->next > begun && !(full && best <= s->ending[s->endings - 1].value)) return RT_OK;
  b->next = begun;
  return answer(b, s, error);
}

/* Takes out the beginnings of a text that cannot be continued. */
static void compact(struct beams *b, int64_t count) {
  for (int64_t k = 0; k < count; k++) b->now[k] = b->now[b->w->kept[k]];
}

static int step(struct beams *b, struct rt_error *error) {
  struct writing *w = b->w;
  bool scored = false;
  int64_t count = next_token_count(w->next);
  int status = RT_OK;
  while (status == RT_OK && !scored && count > 0) {
    status = writing_scores(w, &scored, &count, error);
    if (status == RT_OK && !scored) compact(b, count);
  }
  b->next = 0;
  for (int64_t from = 0, to; from < count && status == RT_OK && !w->stopped; from = to) {
    for (to = from + 1; to < count && b->now[to].search == b->now[from].search;) to++;
    status = step_text(b, from, to, error);
  }
  if (status != RT_OK || w->stopped) return status;
  struct beginning *now = b->now;
  b->now = b->then;
  b->then = now;
  status = next_token_keep(w->next, w->kept, b->next, error);
  return status != RT_OK ? status : next_token_advance(w->next, w->token, error);
}

int write_by_beams(struct writing *w, struct rt_error *error) {
  struct beams b;
  int status = beams_init(&b, w, error);
  for (; status == RT_OK && b.step < w->options->length && !w->stopped; b.step++) {
    if (!next_token_count(w->next)) break;
    status = step(&b, error);
  }
  beams_free(&b);
  return status;
}
