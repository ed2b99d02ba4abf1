/* optimizer.c: see optimizer.h. Work is cut into pieces, each of one parameter, when the optimizer is made.
 * Sums of squares are added piece by piece, and in a table row by row. So a gradient that comes as rows has
 * the same norm as a dense one: the rows that it lacks would add 0. */
#include "runtime/optimizer.h"

#include "runtime/isa.h"
#include "runtime/kernels/update.h"
#include "runtime/threads.h"

#include <math.h>
#include <string.h>

enum {
  PIECE = 16384,  /* numbers in a piece, at least one row */
  HISTORY = 1024, /* steps that a row may be behind */
  WORD = 64,      /* rows of a word of bits */
  CATCH_UP = 1024 /* numbers of a task that brings rows up to date, about */
};

/* The gradient of a table in this step: its rows, each once, in ascending order. */
struct merged {
  uint64_t *seen;    /* a bit for each row of the table; all 0 between uses */
  int32_t *slot;     /* [rows]: where a row is in the list */
  int64_t unique;    /* length of the list */
  int32_t *row;      /* the list */
  int64_t *start;    /* [unique + 1]: where its occurrences begin in `position` */
  int64_t *position; /* of the occurrences in ids, in order */
  int64_t room;      /* of the three, in ids */
  void *sum;         /* [unique, width] */
  size_t sum_room;   /* bytes */
};

struct parameter {
  struct rt_parameter given;
  int64_t numbers;
  void *moment[RT_MOST_MOMENTS];
  int group;
  int64_t *steps; /* by_rows: steps that each row has gone through */
  struct merged merged;
  int first_piece, pieces;
};

/* Parameters with the same learning rate and decay, and so with the same steps. */
struct group {
  double lr, decay;
  struct update_step *history; /* [HISTORY]; history[t - history_from - 1] belongs to step t */
};

struct piece {
  int parameter;
  int64_t begin, end;
}; /* numbers, or rows when by_rows */

struct rt_optimizer {
  struct rt_optimizer_config config;
  struct rt_pool *pool;
  const struct update_kernels *kernels;
  size_t size; /* of a number */
  int count, pieces;
  struct parameter *parameter;
  struct piece *piece;
  double *square_sum; /* of each piece */
  int64_t steps;
  int64_t history_from;
  struct group *group;
  int groups;
  double scale;
  double rate; /* that counts instead of the schedule's; below 0: none */
  double last; /* of the last step, for parameters without one of their own; below 0: it is not known */
  const struct rt_gradient *gradient;
};

/* ---- kernels ---- */

#define DECLARE(name, type, isa) extern const struct update_kernels rt_##name##_##type##_##isa;
RT_EACH_ISA(DECLARE, update_kernels, f32)
RT_EACH_ISA(DECLARE, update_kernels, f64)

static const struct update_kernels *choose_kernels(enum rt_precision precision, enum rt_isa isa) {
#define ADDRESS(name, type, set) &rt_##name##_##type##_##set,
  static const struct update_kernels *const kernels[2][RT_ISA_COUNT] = {
      {RT_EACH_ISA(ADDRESS, update_kernels, f32)}, {RT_EACH_ISA(ADDRESS, update_kernels, f64)}};
  return kernels[rt_kept_in(precision)][RT_X86_KERNELS ? isa : RT_BASE];
}

/* ---- one step in numbers ---- */

/* The average after step t is sum of d^(t - k) w_k over k = 1..t, divided by the sum of those weights, 1 + d
 * + … + d^(t - 1). So the newest counts (1 - d) / (1 - d^t) in it, and the average before that step the rest.
 * At first it is 1, later 1 - d. */
static double towards(const struct rt_optimizer_config *c, int64_t step) {
  return c->average > 0 ? (1 - c->average) / (1 - pow(c->average, (double)step)) : 0;
}

/* What a learning rate of `lr` is in that step. */
static double rate_in(const struct rt_optimizer *o, int64_t step, double lr) {
  const struct rt_optimizer_config *c = &o->config;
  if (o->rate < 0) return lr * rt_schedule_share(c->schedule, c->schedule_setting, step, c->warmup, c->total);
  if (lr == c->lr) return o->rate;
  return c->lr > 0 ? lr * (o->rate / c->lr) : lr;
}

static struct update_step step_of(const struct rt_optimizer *o, int64_t step, const struct group *group) {
  const struct rt_optimizer_config *c = &o->config;
  struct update_step s = {.towards = towards(c, step)};
  c->method->coefficients((double)step, rate_in(o, step, group->lr), group->decay, c->setting, s.coefficient);
  for (int k = 0; k < RT_MOST_COEFFICIENTS; k++) s.rounded[k] = (float)s.coefficient[k];
  return s;
}

/* ---- runs: some numbers through some steps ---- */

static void *at(const struct rt_optimizer *o, const void *numbers, int64_t index) {
  return (char *)numbers + (size_t)index * o->size;
}

/* `count` numbers of a parameter, from `first` on, and the steps that they take now: from + 1 to `to`. */
struct run {
  int64_t first, count, from, to;
};

static void run(const struct rt_optimizer *o, const struct parameter *p, struct run run,
                const void *gradient) {
  struct update_run r = {
      .count = run.count,
      .value = at(o, p->given.value, run.first),
      .average = p->given.average ? at(o, p->given.average, run.first) : NULL,
      .gradient = gradient,
      .scale = o->scale,
      .step = o->group[p->group].history + (run.from - o->history_from),
      .steps = run.to - run.from,
  };
  for (int m = 0; m < o->config.method->moments; m++) r.moment[m] = at(o, p->moment[m], run.first);
  if (r.steps > 0) o->kernels->update[o->config.method - rt_method](&r);
}

/* Takes a row through its steps up to `to`. It counts as up to date then, also when `to` is one step short.
 */
static void run_row(const struct rt_optimizer *o, const struct parameter *p, int64_t row, int64_t to,
                    const void *gradient) {
  run(o, p, (struct run){row * p->given.width, p->given.width, p->steps[row], to}, gradient);
  p->steps[row] = o->steps;
}

/* ---- the rows of a batch ---- */

static int make_room(struct merged *m, int64_t ids, size_t sum_bytes) {
  if (ids >= m->room) {
    size_t room = (size_t)(ids >= 2 * m->room ? ids + 1 : 2 * m->room);
    int32_t *row = rt_realloc(m->row, room, sizeof *row);
    m->row = row ? row : m->row;
    int64_t *start = rt_realloc(m->start, room, sizeof *start);
    m->start = start ? start : m->start;
    int64_t *position = rt_realloc(m->position, room, sizeof *position);
    m->position = position ? position : m->position;
    if (!row || !start || !position) return RT_NO_MEMORY;
    m->room = (int64_t)room;
  }
  if (sum_bytes > m->sum_room) {
    void *sum = rt_realloc(m->sum, sum_bytes, 1);
    if (!sum) return RT_NO_MEMORY;
    m->sum = sum;
    m->sum_room = sum_bytes;
  }
  return RT_OK;
}

/* Lists the rows that ids name. */
static void list_rows(struct merged *m, int64_t rows, const int32_t *ids, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (ids[i] >= 0 && ids[i] < rows) m->seen[ids[i] / WORD] |= UINT64_C(1) << ids[i] % WORD;
  m->unique = 0;
  for (int64_t word = 0; word < (rows + WORD - 1) / WORD; word++) {
    for (uint64_t bits = m->seen[word]; bits; bits &= bits - 1) {
      int32_t row = (int32_t)(word * WORD + __builtin_ctzll(bits));
      m->slot[row] = (int32_t)m->unique;
      m->row[m->unique++] = row;
    }
    m->seen[word] = 0;
  }
}

/* Finds the occurrences of each listed row: counted, summed up, then filled from the last to the first. */
static void list_occurrences(struct merged *m, int64_t rows, const int32_t *ids, int64_t count) {
  memset(m->start, 0, (size_t)(m->unique + 1) * sizeof *m->start);
  for (int64_t i = 0; i < count; i++)
    if (ids[i] >= 0 && ids[i] < rows) m->start[m->slot[ids[i]]]++;
  for (int64_t u = 0, sum = 0; u <= m->unique; u++) sum = m->start[u] += sum;
  for (int64_t i = count - 1; i >= 0; i--)
    if (ids[i] >= 0 && ids[i] < rows) m->position[--m->start[m->slot[ids[i]]]] = i;
}

/* The first place in the list whose row is not below row. */
static int64_t list_find(const struct merged *m, int64_t row) {
  int64_t low = 0, high = m->unique;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (m->row[middle] < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Adds up what the row received, in the order of ids, as scatter does. */
static double merge_row(const struct rt_optimizer *o, const struct parameter *p, const struct rt_gradient *g,
                        int64_t u) {
  int64_t width = p->given.width;
  void *sum = at(o, p->merged.sum, u * width);
  o->kernels->clear(width, sum);
  for (int64_t k = p->merged.start[u]; k < p->merged.start[u + 1]; k++)
    o->kernels->add(width, at(o, g->numbers, p->merged.position[k] * width), sum);
  return o->kernels->square_sum(width, sum);
}

/* ---- a step, piece by piece ---- */

static void measure_piece(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct rt_optimizer *o = context;
  const struct piece *piece = &o->piece[task];
  const struct parameter *p = &o->parameter[piece->parameter];
  const struct rt_gradient *g = &o->gradient[piece->parameter];
  double sum = 0;
  if (g->form == RT_ROWS)
    for (int64_t u = list_find(&p->merged, piece->begin);
         u < p->merged.unique && p->merged.row[u] < piece->end; u++)
      sum += merge_row(o, p, g, u);
  else if (g->form == RT_DENSE && p->given.by_rows)
    for (int64_t row = piece->begin; row < piece->end; row++)
      sum += o->kernels->square_sum(p->given.width, at(o, g->numbers, row * p->given.width));
  else if (g->form == RT_DENSE)
    sum = o->kernels->square_sum(piece->end - piece->begin, at(o, g->numbers, piece->begin));
  o->square_sum[task] = sum;
}

static void update_piece(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct rt_optimizer *o = context;
  const struct piece *piece = &o->piece[task];
  const struct parameter *p = &o->parameter[piece->parameter];
  const struct rt_gradient *g = &o->gradient[piece->parameter];
  int64_t width = p->given.width;
  if (g->form == RT_ROWS)
    for (int64_t u = list_find(&p->merged, piece->begin);
         u < p->merged.unique && p->merged.row[u] < piece->end; u++)
      run_row(o, p, p->merged.row[u], o->steps, at(o, p->merged.sum, u * width));
  else if (p->given.by_rows)
    for (int64_t row = piece->begin; row < piece->end; row++)
      if (g->form == RT_DENSE)
        run_row(o, p, row, o->steps, at(o, g->numbers, row * width));
      else /* no gradient: rows catch up to the step before, and skip this one */
        run_row(o, p, row, o->steps - 1, NULL);
  else if (g->form == RT_DENSE)
    run(o, p, (struct run){piece->begin, piece->end - piece->begin, o->steps - 1, o->steps},
        at(o, g->numbers, piece->begin));
}

int rt_optimizer_reserve(struct rt_optimizer *o, int parameter, int64_t ids, struct rt_error *error) {
  struct parameter *p = &o->parameter[parameter];
  int64_t most = ids < p->given.rows ? ids : p->given.rows; /* rows that so many ids can name */
  size_t bytes;
  if (!rt_mul((size_t)most, (size_t)p->given.width * o->size, &bytes) || make_room(&p->merged, ids, bytes))
    return rt_no_memory(error);
  return RT_OK;
}

static int list_gradients(struct rt_optimizer *o, const struct rt_gradient *gradient,
                          struct rt_error *error) {
  for (int i = 0; i < o->count; i++) {
    struct parameter *p = &o->parameter[i];
    const struct rt_gradient *g = &gradient[i];
    if (g->form != RT_ROWS) continue;
    if (!p->given.by_rows)
      return rt_fail(error, RT_USAGE, "parameter %d is not a table, but its gradient comes as rows", i);
    int status = rt_optimizer_reserve(o, i, g->count, error);
    if (status != RT_OK) return status;
    list_rows(&p->merged, p->given.rows, g->ids, g->count);
    list_occurrences(&p->merged, p->given.rows, g->ids, g->count);
  }
  return RT_OK;
}

static void remember_step(struct rt_optimizer *o) {
  if (o->steps - o->history_from == HISTORY) rt_optimizer_flush(o);
  o->steps++;
  o->last = rate_in(o, o->steps, o->config.lr);
  for (int k = 0; k < o->groups; k++)
    o->group[k].history[o->steps - o->history_from - 1] = step_of(o, o->steps, &o->group[k]);
}

int rt_optimizer_step(struct rt_optimizer *o, const struct rt_gradient *gradient, double *norm,
                      struct rt_error *error) {
  int status = list_gradients(o, gradient, error);
  if (status != RT_OK) return status;
  o->gradient = gradient;
  rt_parallel(o->pool, o->pieces, measure_piece, o);
  double sum = 0;
  for (int i = 0; i < o->pieces; i++) sum += o->square_sum[i];
  double length = sqrt(sum);
  if (norm) *norm = length;
  if (!isfinite(length))
    return rt_fail(error, RT_NOT_FINITE, "the gradient is no longer a number (its norm is %g)", length);
  remember_step(o);
  o->scale = o->config.clip > 0 && length > o->config.clip ? o->config.clip / length : 1;
  rt_parallel(o->pool, o->pieces, update_piece, o);
  o->gradient = NULL;
  return RT_OK;
}

/* ---- catching up ---- */

struct catch_up {
  const struct rt_optimizer *optimizer;
  const struct parameter *parameter;
  int64_t piece;
};

static void catch_up_rows(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct catch_up *c = context;
  const struct merged *m = &c->parameter->merged;
  int64_t end = (task + 1) * c->piece < m->unique ? (task + 1) * c->piece : m->unique;
  for (int64_t u = task * c->piece; u < end; u++)
    run_row(c->optimizer, c->parameter, m->row[u], c->optimizer->steps, NULL);
}

int rt_optimizer_use(struct rt_optimizer *o, int parameter, const int32_t *ids, int64_t count,
                     struct rt_error *error) {
  struct parameter *p = &o->parameter[parameter];
  if (!p->given.by_rows || o->steps == o->history_from) return RT_OK;
  if (make_room(&p->merged, count, 0)) return rt_no_memory(error);
  list_rows(&p->merged, p->given.rows, ids, count);
  struct catch_up c = {o, p, 1 + CATCH_UP / (p->given.width + 1)};
  rt_parallel(o->pool, (p->merged.unique + c.piece - 1) / c.piece, catch_up_rows, &c);
  return RT_OK;
}

struct rows {
  const struct rt_optimizer *optimizer;
  const struct parameter *parameter;
};

static void use_piece(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct rows *r = context;
  const struct piece *piece = &r->optimizer->piece[r->parameter->first_piece + task];
  for (int64_t row = piece->begin; row < piece->end; row++)
    run_row(r->optimizer, r->parameter, row, r->optimizer->steps, NULL);
}

void rt_optimizer_use_all(struct rt_optimizer *o, int parameter) {
  struct rows r = {o, &o->parameter[parameter]};
  if (r.parameter->given.by_rows && o->steps != o->history_from)
    rt_parallel(o->pool, r.parameter->pieces, use_piece, &r);
}

static void flush_piece(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct rt_optimizer *o = context;
  const struct piece *piece = &o->piece[task];
  const struct parameter *p = &o->parameter[piece->parameter];
  for (int64_t row = piece->begin; p->given.by_rows && row < piece->end; row++)
    run_row(o, p, row, o->steps, NULL);
}

void rt_optimizer_flush(struct rt_optimizer *o) {
  if (o->steps != o->history_from) rt_parallel(o->pool, o->pieces, flush_piece, o);
  o->history_from = o->steps;
}

/* ---- making ---- */

static int check_settings(const struct rt_setting *setting, int count, const double *value,
                          struct rt_error *error) {
  for (int k = 0; k < count; k++) {
    const struct rt_setting_range *r = &setting[k].range;
    if (!(r->above ? value[k] > r->least : value[k] >= r->least)
        || !(r->below ? value[k] < r->most : value[k] <= r->most))
      return rt_fail(error, RT_USAGE, "%s is %g; it must be %s %g and %s %g", setting[k].name, value[k],
                     r->above ? "above" : "at least", r->least, r->below ? "below" : "at most", r->most);
  }
  return RT_OK;
}

static int check_config(const struct rt_optimizer_config *c, struct rt_error *error) {
  int status = check_settings(c->method->setting, c->method->settings, c->setting, error);
  if (status == RT_OK)
    status = check_settings(c->schedule->setting, c->schedule->settings, c->schedule_setting, error);
  if (status != RT_OK) return status;
  if (!(c->clip >= 0))
    return rt_fail(error, RT_USAGE, "gradients cannot be clipped to a norm of %g", c->clip);
  if (!(c->average >= 0 && c->average < 1))
    return rt_fail(error, RT_USAGE,
                   "the running average keeps %g of what it was; it must be at least 0 and below 1",
                   c->average);
  return RT_OK;
}

static int check_parameter(const struct rt_parameter *p, struct rt_error *error) {
  if (!(p->lr >= 0) || !isfinite(p->lr))
    return rt_fail(error, RT_USAGE, "the learning rate is %g; it must be a number that is not negative",
                   p->lr);
  if (!(p->decay >= 0) || !isfinite(p->decay))
    return rt_fail(error, RT_USAGE, "the weight decay is %g; it must be a number that is not negative",
                   p->decay);
  return RT_OK;
}

/* How many numbers, or rows when by_rows, a parameter has, and how many of them make a piece. */
static int64_t unit_count(const struct parameter *p) { return p->given.by_rows ? p->given.rows : p->numbers; }

static int64_t units_in_piece(const struct parameter *p) {
  if (!p->given.by_rows) return PIECE;
  return p->given.width > 0 && p->given.width < PIECE ? PIECE / p->given.width : 1;
}

static int join_group(struct rt_optimizer *o, struct parameter *p) {
  for (p->group = 0; p->group < o->groups; p->group++)
    if (o->group[p->group].lr == p->given.lr && o->group[p->group].decay == p->given.decay) return RT_OK;
  struct update_step *history = rt_zalloc(HISTORY, sizeof *history);
  if (!history) return RT_NO_MEMORY;
  o->group[o->groups++] = (struct group){p->given.lr, p->given.decay, history};
  return RT_OK;
}

static int parameter_init(struct rt_optimizer *o, struct parameter *p, const struct rt_parameter *given) {
  size_t numbers, rows = (size_t)given->rows;
  p->given = *given;
  if (!rt_mul(rows, (size_t)given->width, &numbers)) return RT_NO_MEMORY;
  p->numbers = (int64_t)numbers;
  if (join_group(o, p)) return RT_NO_MEMORY;
  for (int m = 0; m < o->config.method->moments; m++)
    if (!(p->moment[m] = rt_zalloc(numbers, o->size))) return RT_NO_MEMORY;
  p->pieces = (int)((unit_count(p) + units_in_piece(p) - 1) / units_in_piece(p));
  p->first_piece = o->pieces;
  o->pieces += p->pieces;
  if (!given->by_rows) return RT_OK;
  p->steps = rt_zalloc(rows, sizeof *p->steps);
  p->merged.seen = rt_zalloc((rows + WORD - 1) / WORD, sizeof *p->merged.seen);
  p->merged.slot = rt_zalloc(rows, sizeof *p->merged.slot);
  return p->steps && p->merged.seen && p->merged.slot ? RT_OK : RT_NO_MEMORY;
}

static void cut_pieces(struct rt_optimizer *o, int parameter) {
  const struct parameter *p = &o->parameter[parameter];
  int64_t units = unit_count(p), each = units_in_piece(p);
  for (int i = 0; i < p->pieces; i++) {
    int64_t end = (i + 1) * each;
    o->piece[p->first_piece + i] = (struct piece){parameter, i * each, end < units ? end : units};
  }
}

static int optimizer_init(struct rt_optimizer *o, const struct rt_parameter *parameter, int count) {
  o->parameter = rt_zalloc((size_t)count, sizeof *o->parameter);
  o->group = rt_zalloc((size_t)count, sizeof *o->group);
  if (!o->parameter || !o->group) return RT_NO_MEMORY;
  o->count = count;
  for (int i = 0; i < count; i++)
    if (parameter_init(o, &o->parameter[i], &parameter[i])) return RT_NO_MEMORY;
  o->piece = rt_zalloc((size_t)o->pieces, sizeof *o->piece);
  o->square_sum = rt_zalloc((size_t)o->pieces, sizeof *o->square_sum);
  if (!o->piece || !o->square_sum) return RT_NO_MEMORY;
  for (int i = 0; i < count; i++) cut_pieces(o, i);
  return RT_OK;
}

struct rt_optimizer *rt_optimizer_new(const struct rt_optimizer_config *config,
                                      const struct rt_parameter *parameter, int count,
                                      enum rt_precision precision, struct rt_pool *pool,
                                      struct rt_error *error) {
  if (check_config(config, error)) return NULL;
  for (int i = 0; i < count; i++)
    if (check_parameter(&parameter[i], error)) return NULL;
  struct rt_optimizer *o = rt_zalloc(1, sizeof *o);
  if (!o) {
    rt_no_memory(error);
    return NULL;
  }
  o->config = *config;
  o->pool = pool;
  o->kernels = choose_kernels(precision, rt_best_isa());
  o->size = precision == RT_F64 ? sizeof(double) : sizeof(float);
  o->scale = 1;
  o->rate = o->last = -1;
  if (optimizer_init(o, parameter, count)) {
    rt_no_memory(error);
    rt_optimizer_free(o);
    return NULL;
  }
  return o;
}

static void parameter_free(struct parameter *p) {
  for (int m = 0; m < RT_MOST_MOMENTS; m++) rt_free(p->moment[m]);
  rt_free(p->steps);
  rt_free(p->merged.seen);
  rt_free(p->merged.slot);
  rt_free(p->merged.row);
  rt_free(p->merged.start);
  rt_free(p->merged.position);
  rt_free(p->merged.sum);
}

void rt_optimizer_free(struct rt_optimizer *o) {
  if (!o) return;
  for (int i = 0; i < o->count; i++) parameter_free(&o->parameter[i]);
  rt_free(o->parameter);
  rt_free(o->piece);
  rt_free(o->square_sum);
  for (int k = 0; k < o->groups; k++) rt_free(o->group[k].history);
  rt_free(o->group);
  rt_free(o);
}

/* ---- state ---- */

void rt_optimizer_set_rate(struct rt_optimizer *o, double rate) { o->rate = rate; }

double rt_optimizer_rate(const struct rt_optimizer *o) {
  return o->last >= 0 ? o->last : rate_in(o, o->steps ? o->steps : 1, o->config.lr);
}

int64_t rt_optimizer_steps(const struct rt_optimizer *o) { return o->steps; }

void *rt_optimizer_moment(const struct rt_optimizer *o, int parameter, int moment) {
  return o->parameter[parameter].moment[moment];
}

void rt_optimizer_set_steps(struct rt_optimizer *o, int64_t steps) {
  o->steps = o->history_from = steps;
  o->last = -1;
  for (int i = 0; i < o->count; i++)
    for (int64_t row = 0; o->parameter[i].given.by_rows && row < o->parameter[i].given.rows; row++)
      o->parameter[i].steps[row] = steps;
}
