/* shares.c: counts labels in the last rows of a stream, or of each group of its rows.
 *
 * A group keeps the labels of its last 2 W rows, a bit for each label. The window is the last W of them, and
 * what was before it the W rows before. */
#include "libaq/predict/shares.h"

#include <stdio.h>
#include <string.h>

#include "libaq/predict/write_pieces.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/json.h"

enum { MOST_GROUPS = 10000, BITS = 64 };
static const int64_t LONGEST = INT64_MAX / 4;

struct group {
  int64_t rows;     /* so far */
  int64_t *line;    /* of the row; row n stands at n % 2 W, here and in labels */
  uint64_t *labels; /* [., words]; there is room for 2 W rows once so many have come */
  size_t lines_room, labels_room;
  int64_t *now;    /* [labels] rows of the window that have the label */
  int64_t *before; /* [labels] rows before the window */
  int64_t *silent; /* [labels] no surge is told before the group has so many rows */
};

struct shares {
  const struct aq_session *session;
  const aq_predict_options *options;
  uint32_t output;
  int grouping; /* the output whose answer groups rows, or -1 */
  const struct io_vocab *vocab;
  size_t labels, words; /* words of BITS bits that a row's labels take */
  int64_t window;
  struct io_intern names; /* of the groups */
  struct group *group;
  size_t capacity;
};

/* ---- making ---- */

static bool has_labels(const struct aq_session *s, uint32_t o) {
  return vm_ranks_classes(&vm_targets[session_target(s, o)]);
}

/* The first output of labels that does not group the rows. */
static int choose_output(struct shares *s, struct rt_error *error) {
  const struct vm_module *m = s->session->model->module;
  s->grouping = -1;
  for (uint32_t o = 0; s->options->by && o < m->output_count; o++)
    if (!strcmp(m->output[o].name, s->options->by) && has_labels(s->session, o)) s->grouping = (int)o;
  uint32_t o = 0;
  while (o < m->output_count && (!has_labels(s->session, o) || (int)o == s->grouping)) o++;
  s->output = o;
  if (o < m->output_count) return RT_OK;
  if (s->grouping >= 0)
    return rt_fail(error, RT_USAGE, "the shares are of labels by %s, and the model predicts no other label",
                   s->options->by);
  return rt_fail(error, RT_USAGE,
                 "the shares of a window are those of labels, and this model predicts %s (%s)",
                 vm_targets[session_target(s->session, 0)].several, m->output[0].name);
}

int shares_new(struct shares **shares, const struct aq_session *session, const aq_predict_options *options,
               struct rt_error *error) {
  struct shares *s = *shares = rt_zalloc(1, sizeof *s);
  if (!s) return rt_no_memory(error);
  s->session = session;
  s->options = options;
  /* So long a window is never full; twice as many rows can still be counted. */
  s->window = options->window < LONGEST ? options->window : LONGEST;
  if (options->surge != 0 && !(options->surge > 1))
    return rt_fail(error, RT_USAGE,
                   "a surge is a share that has become more than once as large, not %g times",
                   options->surge);
  if (options->probabilities)
    return rt_fail(error, RT_USAGE, "the shares of a window stand in place of the probabilities of rows");
  int status = choose_output(s, error);
  if (status != RT_OK) return status;
  s->vocab = session_vocab(session, s->output);
  s->labels = (size_t)s->vocab->count;
  s->words = (s->labels + BITS - 1) / BITS;
  return RT_OK;
}

void shares_free(struct shares *shares) {
  if (!shares) return;
  for (int32_t g = 0; g < shares->names.count; g++) {
    rt_free(shares->group[g].line);
    rt_free(shares->group[g].labels);
    rt_free(shares->group[g].now);
  }
  rt_free(shares->group);
  io_intern_free(&shares->names);
  rt_free(shares);
}

const char *shares_beside(const struct shares *shares) {
  return shares->grouping < 0 ? shares->options->by : NULL;
}

/* ---- groups ---- */

static int begin_group(const struct shares *s, struct group *g, struct rt_error *error) {
  *g = (struct group){.now = rt_zalloc(s->labels, 3 * sizeof *g->now)};
  if (!g->now) return rt_no_memory(error);
  g->before = g->now + s->labels;
  g->silent = g->before + s->labels;
  return RT_OK;
}

/* Windows may be far longer than the data: room is made for rows that come. */
static int make_room(const struct shares *s, struct group *g, struct rt_error *error) {
  const size_t place = (size_t)(g->rows % (2 * s->window)) + 1;
  if (rt_grow((void **)&g->line, &g->lines_room, place, sizeof *g->line) != RT_OK
      || rt_grow((void **)&g->labels, &g->labels_room, place, s->words * sizeof *g->labels) != RT_OK)
    return rt_no_memory(error);
  return RT_OK;
}

/* No row is bad because there are too many groups: what is asked cannot be answered, so it is no bad data. */
static int too_many_groups(const struct shares *s, struct rt_error *error) {
  rt_fail(error, RT_USAGE, "%s has more than %d different values: a window is kept for each of them",
          s->options->by, MOST_GROUPS);
  rt_hint(error, "group by a column of few values, such as a topic");
  return RT_USAGE;
}

/* A group that cannot begin leaves no name behind. */
static int find_group(struct shares *s, const char *name, size_t length, struct group **found,
                      struct rt_error *error) {
  int32_t number = io_intern_find(&s->names, name, length);
  struct group begun;
  if (number >= 0) {
    *found = &s->group[number];
    return RT_OK;
  }
  if (s->names.count == MOST_GROUPS) return too_many_groups(s, error);
  if (rt_grow((void **)&s->group, &s->capacity, (size_t)s->names.count + 1, sizeof *s->group) != RT_OK)
    return rt_no_memory(error);
  int status = begin_group(s, &begun, error);
  if (status == RT_OK && (status = io_intern_add(&s->names, name, length, &number, error)) != RT_OK)
    rt_free(begun.now);
  if (status != RT_OK) return status;
  *found = &s->group[number];
  **found = begun;
  return RT_OK;
}

static int group_of(struct shares *s, int64_t example, const struct io_field *field, struct group **found,
                    struct rt_error *error) {
  const double *p;
  size_t length = 0;
  if (!s->options->by) return find_group(s, "", 0, found, error);
  if (s->grouping < 0)
    return find_group(s, field->text ? field->text : "", field->text ? field->length : 0, found, error);
  int64_t best = session_likeliest(s->session, (uint32_t)s->grouping, example, &p);
  const struct io_vocab *vocab = session_vocab(s->session, (uint32_t)s->grouping);
  const char *text = best >= 0 ? io_vocab_text(vocab, (int32_t)best, &length) : "";
  return find_group(s, text ? text : "", length, found, error);
}

/* ---- counting ---- */

static uint64_t *labels_of(const struct shares *s, const struct group *g, int64_t row) {
  return g->labels + (size_t)(row % (2 * s->window)) * s->words;
}

static bool has_bit(const uint64_t *labels, size_t k) { return labels[k / BITS] >> (k % BITS) & 1; }

/* Row `row` enters the counts, or leaves them. */
static void count(const struct shares *s, const struct group *g, int64_t row, int64_t *counts, int by) {
  if (row < 0) return;
  const uint64_t *labels = labels_of(s, g, row);
  for (size_t k = 0; k < s->labels; k++)
    if (has_bit(labels, k)) counts[k] += by;
}

static void note_answer(const struct shares *s, int64_t example, uint64_t *labels) {
  const double *p;
  int64_t best = session_likeliest(s->session, s->output, example, &p);
  bool several = vm_targets[session_target(s->session, s->output)].form == VM_LABELS;
  memset(labels, 0, s->words * sizeof *labels);
  for (size_t k = 0; best >= 0 && k < s->labels; k++)
    if (several ? p[k] > session_label_above(s->session, s->output, (int64_t)k) : (int64_t)k == best)
      labels[k / BITS] |= (uint64_t)1 << k % BITS;
}

/* ---- lines ---- */

/* The lines of the file from which the window is, and the group. */
static void put_place(const struct shares *s, const struct group *g, int64_t rows, struct rt_text *out) {
  int64_t first = g->line[(g->rows - rows) % (2 * s->window)],
          last = g->line[(g->rows - 1) % (2 * s->window)];
  bool json = s->options->json;
  size_t length = 0;
  const char *name = io_intern_text(&s->names, (int32_t)(g - s->group), &length);
  rt_text_printf(out, json ? "{\"lines\":[%lld,%lld]" : "lines %lld-%lld", (long long)first, (long long)last);
  if (!s->options->by) return;
  rt_text_puts(out, json ? ",\"by\":{" : "\t");
  if (json) {
    io_json_string(out, s->options->by, strlen(s->options->by));
    rt_text_puts(out, ":");
    io_json_string(out, name, length);
    rt_text_puts(out, "}");
  } else {
    shown_escape(out, s->options->by, strlen(s->options->by));
    rt_text_puts(out, "=");
    shown_escape(out, name, length);
  }
}

static double share(int64_t count, int64_t rows) { return rows ? (double)count / (double)rows : 0; }

static void put_share(const struct shares *s, const struct group *g, size_t k, int64_t rows,
                      struct rt_text *out) {
  if (s->options->json) {
    put_json_label(out, s->vocab, (int64_t)k);
    rt_text_puts(out, ":");
  } else {
    rt_text_puts(out, "\t");
    put_label(out, s->vocab, (int64_t)k);
    rt_text_puts(out, "=");
  }
  put_number(out, "%.4g", share(g->now[k], rows));
}

/* The label that comes after `last` by falling counts; of equal ones the one with the lower number. */
static int64_t next_label(const struct shares *s, const struct group *g, int64_t last) {
  int64_t best = -1;
  for (int64_t k = 0; k < (int64_t)s->labels; k++) {
    bool behind = last < 0 || g->now[k] < g->now[last] || (g->now[k] == g->now[last] && k > last);
    if (behind && (best < 0 || g->now[k] > g->now[best])) best = k;
  }
  return best;
}

static void put_window(const struct shares *s, const struct group *g, int64_t rows, struct rt_text *out) {
  int64_t best = -1, most = s->options->top > 0 ? s->options->top : (int64_t)s->labels;
  put_place(s, g, rows, out);
  if (s->options->json) rt_text_puts(out, ",\"shares\":{");
  for (int64_t k = 0; k < most && k < (int64_t)s->labels; k++) {
    best = s->options->top > 0 ? next_label(s, g, best) : k;
    if (k && s->options->json) rt_text_puts(out, ",");
    put_share(s, g, (size_t)best, rows, out);
  }
  rt_text_puts(out, s->options->json ? "}}\n" : "\n");
}

static void put_surge(const struct shares *s, const struct group *g, size_t k, struct rt_text *out) {
  const double before = share(g->before[k], s->window);
  put_place(s, g, s->window, out);
  if (s->options->json) {
    rt_text_puts(out, ",\"surge\":{\"label\":");
    put_json_label(out, s->vocab, (int64_t)k);
    rt_text_puts(out, ",\"share\":");
    put_number(out, "%.4g", share(g->now[k], s->window));
    rt_text_puts(out, ",\"before\":");
    put_number(out, "%.4g", before);
    rt_text_puts(out, "}}\n");
    return;
  }
  rt_text_puts(out, "\tsurge");
  put_share(s, g, k, s->window, out);
  rt_text_puts(out, "\tbefore=");
  put_number(out, "%.4g", before);
  rt_text_puts(out, "\n");
}

/* A label that was in no row before counts as if it had been in one: without that, its first row would be a
 * surge. What was told once is not told again while the window holds rows that told it. */
static void find_surges(const struct shares *s, struct group *g, struct rt_text *out) {
  if (g->rows < 2 * s->window) return;
  for (size_t k = 0; k < s->labels; k++) {
    double before = g->before[k] ? (double)g->before[k] : 1;
    if ((double)g->now[k] < s->options->surge * before || g->rows < g->silent[k]) continue;
    g->silent[k] = g->rows + s->window;
    put_surge(s, g, k, out);
  }
}

int shares_add(struct shares *s, int64_t example, const struct io_field *field, struct rt_text *out,
               struct rt_error *error) {
  struct group *g;
  int status = group_of(s, example, field, &g, error);
  if (status == RT_OK) status = make_room(s, g, error);
  if (status != RT_OK) return status;
  const int64_t row = g->rows++, w = s->window;
  count(s, g, row - w, g->now, -1); /* it leaves the window for the rows before it */
  count(s, g, row - w, g->before, 1);
  count(s, g, row - 2 * w, g->before, -1);
  note_answer(s, example, labels_of(s, g, row));
  g->line[row % (2 * w)] = s->session->data.lines[s->session->scored_row + example];
  count(s, g, row, g->now, 1);
  if (s->options->surge > 0)
    find_surges(s, g, out);
  else if (g->rows % w == 0)
    put_window(s, g, w, out);
  return RT_OK;
}

void shares_end(struct shares *s, struct rt_text *out) {
  for (int32_t k = 0; k < s->names.count && !(s->options->surge > 0); k++) {
    const struct group *g = &s->group[k];
    int64_t rest = g->rows % s->window;
    if (!rest) continue;
    /* Only the rows since the last line. */
    const int64_t first = g->rows > s->window ? g->rows - s->window : 0;
    for (int64_t row = first; row < g->rows - rest; row++) count(s, g, row, g->now, -1);
    put_window(s, g, rest, out);
  }
}
