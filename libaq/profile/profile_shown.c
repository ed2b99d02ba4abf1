/* profile_shown.c: a profile as facts: parts, threads, ops, lines of the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaq/profile/profile.h"
#include "libaq/shown/shown_tree.h"

/* So many ops and lines are in text, those that take longest; JSON has all. */
enum { MOST_ROWS = 15 };

static const double NANO = 1e-9, GIGA = 1e9;

/* What is added up: an op, or a line of the program. */
struct profile_row {
  const char *name, *file, *source;
  uint32_t line;
  int64_t runs;
  struct profile_time time;
  double flops, traffic;
};

/* ---- parts ---- */

static const char *const part_key[] = {
#define PROFILE_PART(name, words) #name,
    PROFILE_PARTS(PROFILE_PART)
#undef PROFILE_PART
};
static const char *const part_words[] = {
#define PROFILE_PART(name, words) words,
    PROFILE_PARTS(PROFILE_PART)
#undef PROFILE_PART
};

const char *profile_part_words(enum profile_part part) { return part_words[part]; }

static const struct shown_column part_columns[] = {{"seconds", "s"}, {"share", "%"}};

static double share_of(int64_t time, int64_t whole) {
  return whole > 0 ? 100.0 * (double)time / (double)whole : 0;
}

static const struct shown_node *show_part(const struct aq_profile *p, aq_shown *s, const char *key,
                                          int64_t time) {
  aq_shown_begin(s, NULL);
  aq_shown_text(s, "part", NULL, key);
  aq_shown_real(s, "seconds", NULL, NANO * (double)time);
  shown_digits(s, 1);
  aq_shown_real(s, "share", NULL, share_of(time, p->whole));
  shown_digits(s, 3);
  aq_shown_end(s);
  return shown_latest(s);
}

static void show_parts(const struct aq_profile *p, aq_shown *s) {
  const struct shown_node *row[PROFILE_PART_COUNT + 1];
  int64_t rest = p->whole;
  aq_shown_list(s, "parts");
  for (int k = 0; k < PROFILE_PART_COUNT; k++) {
    rest -= p->part[k].time;
    row[k] = show_part(p, s, part_key[k], p->part[k].time);
  }
  row[PROFILE_PART_COUNT] = show_part(p, s, "other", rest > 0 ? rest : 0);
  aq_shown_end(s);
  shown_table(s, part_columns, RT_COUNT(part_columns));
  for (int k = 0; k < PROFILE_PART_COUNT; k++)
    if (p->part[k].time) shown_row(s, part_words[k], row[k]);
  shown_row(s, "other", row[PROFILE_PART_COUNT]);
  aq_shown_end(s);
}

/* ---- threads ---- */

/* What a step takes with other numbers of threads: one thread's part stays, tasks are spread, and for a task
 * to come and the last one to end they wait as they do now. */
static double with_threads(const struct aq_profile *p, const struct profile_time *step, int threads) {
  const double alone = (double)(step->time - step->together), busy = (double)step->busy,
               waits = (double)step->together - busy / p->threads;
  return alone + busy / threads + (threads > 1 && p->threads > 1 ? waits : 0);
}

static void show_forecast(const struct aq_profile *p, const struct profile_time *step, aq_shown *s) {
  static const int threads[] = {1, 2, 4, 8};
  aq_shown_begin(s, "forecast");
  for (size_t k = 0; k < RT_COUNT(threads); k++) {
    char key[16];
    snprintf(key, sizeof key, "%d", threads[k]);
    aq_shown_real(s, key, NULL, NANO * with_threads(p, step, threads[k]));
  }
  aq_shown_end(s);
  const double now = (double)step->time;
  aq_shown_note(s, NULL,
                "with 4 threads a step would take %.0f %% of this, with 8 %.0f %%, as far as it shows",
                100 * with_threads(p, step, 4) / now, 100 * with_threads(p, step, 8) / now);
}

static void show_threads(const struct aq_profile *p, aq_shown *s) {
  struct profile_time step = {0};
  if (p->shared || !p->runs) return;
  for (int k = PROFILE_feed; k <= PROFILE_update; k++) {
    step.time += p->part[k].time;
    step.together += p->part[k].together;
    step.busy += p->part[k].busy;
  }
  const double runs = (double)p->runs, all = (double)step.together * p->threads;
  const double waiting = all > 0 ? 100 * (1 - (double)step.busy / all) : 0;
  aq_shown_begin(s, "step");
  aq_shown_real(s, "seconds", NULL, NANO * (double)step.time / runs);
  aq_shown_real(s, "alone", NULL, NANO * (double)(step.time - step.together) / runs);
  aq_shown_real(s, "together", NULL, NANO * (double)step.together / runs);
  aq_shown_real(s, "waiting_share", NULL, waiting);
  aq_shown_real(s, "jobs", NULL, (double)p->vm.watch.jobs / runs);
  aq_shown_note(s, NULL,
                "a step takes %.3f ms: %.3f ms in which one thread is alone with it, %.3f ms in tasks",
                1e-6 * (double)step.time / runs, 1e-6 * (double)(step.time - step.together) / runs,
                1e-6 * (double)step.together / runs);
  if (p->threads > 1)
    aq_shown_note(s, NULL, "of the tasks' time, threads wait for each other %.1f %%", waiting);
  if (step.time > 0) show_forecast(p, &step, s);
  aq_shown_end(s);
}

/* ---- ops and lines ---- */

static int by_time(const void *a, const void *b) {
  const struct profile_row *x = a, *y = b;
  if (x->time.time != y->time.time) return x->time.time < y->time.time ? 1 : -1;
  return strcmp(x->name, y->name);
}

static bool same_op(const struct profile_row *row, const struct profile_op *op) {
  return !strcmp(row->name, op->op);
}

static bool same_line(const struct profile_row *row, const struct profile_op *op) {
  return row->line == op->line && !strcmp(row->file, op->file);
}

static struct profile_row *row_for(struct profile_row *row, size_t *count, const struct profile_op *op,
                                   bool (*same)(const struct profile_row *, const struct profile_op *)) {
  for (size_t k = 0; k < *count; k++)
    if (same(&row[k], op)) return &row[k];
  row[*count] = (struct profile_row){op->op, op->file, op->source, op->line, 0, {0}, 0, 0};
  return &row[(*count)++];
}

/* Adds up the instructions, the longest first. NULL: no memory, which the tree knows. */
static struct profile_row *sum_up(const struct aq_profile *p, aq_shown *s, size_t *count,
                                  bool (*same)(const struct profile_row *, const struct profile_op *)) {
  struct profile_row *row = shown_room(s, p->op_count, sizeof *row);
  *count = 0;
  for (uint32_t n = 0; row && n < p->op_count; n++) {
    const struct vm_op_time *time = &p->vm.op[n];
    struct profile_row *to = row_for(row, count, &p->op[n], same);
    to->runs += time->runs;
    to->time.time += time->time;
    to->time.together += time->together;
    to->time.busy += time->busy;
    to->flops += p->op[n].flops;
    to->traffic += p->op[n].traffic;
  }
  if (row) qsort(row, *count, sizeof *row, by_time);
  return row;
}

static const struct shown_column row_columns[] = {{"seconds", "s"},
                                                  {"share", "%"},
                                                  {"calls", "calls"},
                                                  {"gigaflops", "Gflop/s"},
                                                  {"product_share", "% gemm"},
                                                  {"gigabytes", "GB/s"}};

static void show_numbers(const struct aq_profile *p, const struct profile_row *row, aq_shown *s) {
  const double seconds = NANO * (double)row->time.time, per = seconds > 0 ? 1 / seconds : 0,
               best = p->product_rate * p->threads;
  aq_shown_whole(s, "calls", NULL, row->runs);
  aq_shown_real(s, "seconds", NULL, seconds);
  aq_shown_real(s, "together", NULL, NANO * (double)row->time.together);
  aq_shown_real(s, "busy", NULL, NANO * (double)row->time.busy);
  shown_count(s, "flops", row->flops);
  shown_count(s, "bytes", row->traffic);
  shown_digits(s, 1);
  aq_shown_real(s, "share", NULL, share_of(row->time.time, p->part[PROFILE_run].time));
  aq_shown_real(s, "gigaflops", NULL, row->flops * per / GIGA);
  aq_shown_real(s, "product_share", NULL, best > 0 ? 100 * row->flops * per / best : 0);
  aq_shown_real(s, "gigabytes", NULL, row->traffic * per / GIGA);
  shown_digits(s, 3);
}

/* The place, in memory of the tree; what comes from no line is the loss's and the optimizer's own. */
static const char *place_of(const struct profile_row *row, aq_shown *s) {
  if (!row->file[0]) return "(no line)";
  const size_t size = strlen(row->file) + 24;
  char *place = shown_room(s, size, 1);
  if (place) snprintf(place, size, "%s:%u", row->file, (unsigned)row->line);
  return place ? place : "";
}

static void name_op(const struct profile_row *row, aq_shown *s) { aq_shown_text(s, "op", NULL, row->name); }

static void name_line(const struct profile_row *row, aq_shown *s) {
  aq_shown_text(s, "file", NULL, row->file);
  aq_shown_whole(s, "line", NULL, row->line);
  aq_shown_text(s, "source", NULL, row->source);
}

static void op_in_table(const struct profile_row *row, const struct shown_node *numbers, aq_shown *s) {
  shown_row(s, row->name, numbers);
}

static void line_in_table(const struct profile_row *row, const struct shown_node *numbers, aq_shown *s) {
  shown_row(s, place_of(row, s), numbers);
  if (row->source[0]) aq_shown_note(s, NULL, "    %s", row->source + strspn(row->source, " \t"));
}

/* By what instructions are added up, and how that is named: members of JSON, and rows of a table. */
struct grouping {
  const char *what;
  bool (*same)(const struct profile_row *, const struct profile_op *);
  void (*name)(const struct profile_row *, aq_shown *);
  void (*in_table)(const struct profile_row *, const struct shown_node *, aq_shown *);
};
static const struct grouping ops = {"ops", same_op, name_op, op_in_table},
                             lines = {"lines", same_line, name_line, line_in_table};

static void show_group(const struct aq_profile *p, const struct grouping *by, aq_shown *s) {
  const struct shown_node *node[MOST_ROWS];
  size_t count;
  struct profile_row *row = sum_up(p, s, &count, by->same);
  aq_shown_list(s, by->what);
  for (size_t k = 0; row && k < count; k++) {
    aq_shown_begin(s, NULL);
    by->name(&row[k], s);
    show_numbers(p, &row[k], s);
    aq_shown_end(s);
    if (k < MOST_ROWS) node[k] = shown_latest(s);
  }
  aq_shown_end(s);
  if (!row) return;
  shown_table(s, row_columns, RT_COUNT(row_columns));
  for (size_t k = 0; k < count && k < MOST_ROWS; k++) by->in_table(&row[k], node[k], s);
  aq_shown_end(s);
  if (count > MOST_ROWS)
    aq_shown_note(s, NULL, "and %zu more %s; as JSON all are there", count - MOST_ROWS, by->what);
}

/* ---- all of it ---- */

static void show_title(const struct aq_profile *p, aq_shown *s) {
  const char *type = rt_precision_name(p->precision);
  if (p->examples)
    aq_shown_say(s, "Profile of %lld steps with %lld examples, %d thread%s, %s", (long long)p->runs,
                 (long long)p->examples, p->threads, p->threads == 1 ? "" : "s", type);
  else
    aq_shown_say(s, "Profile of %lld run%s, %d thread%s, %s", (long long)p->runs, p->runs == 1 ? "" : "s",
                 p->threads, p->threads == 1 ? "" : "s", type);
}

int aq_profile_show(aq_profile *profile, aq_shown *shown) {
  if (!profile || !shown) return AQ_USAGE;
  struct rt_error *error = lib_begin(&profile->message);
  if (!profile->runs) {
    rt_fail(error, RT_USAGE, "nothing has run with this profile");
    rt_hint(error, "give it to a training or a run, in their options");
    return RT_USAGE;
  }
  if (!(profile->product_rate > 0))
    profile->product_rate = profile_product_rate(profile->threads, profile->precision);
  aq_shown_begin(shown, "profile");
  show_title(profile, shown);
  shown_digits(shown, 3);
  aq_shown_whole(shown, "runs", NULL, profile->runs);
  aq_shown_whole(shown, "examples", NULL, profile->examples);
  aq_shown_whole(shown, "threads", NULL, profile->threads);
  aq_shown_real(shown, "product_flops_per_second", NULL, profile->product_rate);
  aq_shown_note(shown, NULL, "a plain matrix product (gemm) makes %.0f Gflop/s a thread here\n",
                profile->product_rate / GIGA);
  show_parts(profile, shown);
  show_threads(profile, shown);
  aq_shown_note(shown, NULL, "%s", "");
  show_group(profile, &ops, shown);
  aq_shown_note(shown, NULL, "%s", "");
  show_group(profile, &lines, shown);
  aq_shown_end(shown);
  return RT_OK;
}
