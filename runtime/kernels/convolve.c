/* convolve.c: convolutions of images, and their gradients, as products that read the image where it lies.
 *
 * The points of a row of an image lie one behind the other with all of their numbers. So in each row of the
 * window around a point its numbers are one run, which for the next point begins a stride further on. A
 * product of such runs needs no copy of them. What is copied are rows of the image, with the zeros beyond its
 * edges, as many at a time as stay in the nearest cache.
 *
 * The innermost loop keeps a block of TALL x WIDE sums in registers. Each is one sum in the order of rows,
 * columns and numbers of the square, or, for the matrix, of examples, rows and columns, in parts of a few
 * rows (rows_at_once). It depends neither on threads nor, but for the matrix, on other examples. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

#include <string.h>

enum {
  TALL = 6,
  VECTORS = 2,
  WIDE = VECTORS * RT_VECTOR,
  POINTS = 256,       /* that are read at a time, in whole rows … */
  MOST_ROWS = 16,     /* … of which there are so many at most */
  TASK_WORK = 1000000 /* multiply-adds worth a task of their own */
};

typedef real vector __attribute__((vector_size(RT_VECTOR_BYTES)));

/* ---- a block of sums ---- */

/* sum over s < parts, l < depth of a[s * a_part + l * along + i * row] * b[s * b_part + l * ldb + j], for
 * each row i and column j. */
struct sums {
  const real *a, *b;
  int64_t row, along, a_part;
  int64_t ldb, b_part;
  int64_t parts, depth;
  real *c;
  int64_t ldc, rows, columns;
  bool add; /* to what c holds */
};

/* `tall` rows of c, whole lines of WIDE. */
static inline __attribute__((always_inline)) void sum_rows(const struct sums *s, const int tall,
                                                           const int64_t row, const int64_t along) {
  vector sum[TALL][VECTORS];
#pragma GCC unroll 6
  for (int i = 0; i < tall; i++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) {
      sum[i][v] = (vector){0};
      if (s->add) memcpy(&sum[i][v], s->c + i * s->ldc + v * RT_VECTOR, sizeof sum[i][v]);
    }
  for (int64_t part = 0; part < s->parts; part++) {
    const real *a = s->a + part * s->a_part, *b = s->b + part * s->b_part;
    for (int64_t l = 0; l < s->depth; l++, a += along, b += s->ldb) {
      vector line[VECTORS];
#pragma GCC unroll 2
      for (int v = 0; v < VECTORS; v++) memcpy(&line[v], b + v * RT_VECTOR, sizeof line[v]);
#pragma GCC unroll 6
      for (int i = 0; i < tall; i++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++) sum[i][v] += a[i * row] * line[v];
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < tall; i++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) memcpy(s->c + i * s->ldc + v * RT_VECTOR, &sum[i][v], sizeof sum[i][v]);
}

#define EACH_HEIGHT(row, along)                                                                              \
  switch (s->rows) {                                                                                         \
    case 1: sum_rows(s, 1, row, along); break;                                                               \
    case 2: sum_rows(s, 2, row, along); break;                                                               \
    case 3: sum_rows(s, 3, row, along); break;                                                               \
    case 4: sum_rows(s, 4, row, along); break;                                                               \
    case 5: sum_rows(s, 5, row, along); break;                                                               \
    default: sum_rows(s, TALL, row, along); break;                                                           \
  }
static void sum_of_runs(const struct sums *s) { EACH_HEIGHT(s->row, 1) }
static void sum_side_by_side(const struct sums *s) { EACH_HEIGHT(1, s->along) }

static void copy_lines(int64_t rows, int64_t columns, const real *from, int64_t from_ld, real *to,
                       int64_t to_ld) {
  for (int64_t i = 0; i < rows; i++) memcpy(to + i * to_ld, from + i * from_ld, (size_t)columns * sizeof *to);
}

/* At most TALL rows, and columns that may be fewer than WIDE. */
static void sum_block(const struct sums *s, bool runs) {
  real line[TALL][WIDE];
  struct sums whole = *s;
  if (s->columns < WIDE) {
    whole.c = line[0];
    whole.ldc = WIDE;
    memset(line, 0, sizeof line);
    if (s->add) copy_lines(s->rows, s->columns, s->c, s->ldc, whole.c, WIDE);
  }
  (runs ? sum_of_runs : sum_side_by_side)(&whole);
  if (s->columns < WIDE) copy_lines(s->rows, s->columns, whole.c, WIDE, s->c, s->ldc);
}

/* `count` rows in blocks of nearly equal heights, which keep the registers filled. a: numbers from one to the
 * next. */
static void sum_all_rows(struct sums s, int64_t count, int64_t a, bool runs) {
  for (int64_t left = split_ceil(count, TALL); left > 0; left--) {
    s.rows = split_ceil(count, left);
    sum_block(&s, runs);
    s.a += s.rows * a;
    s.c += s.rows * s.ldc;
    count -= s.rows;
  }
}

/* ---- images ---- */

struct image {
  int64_t h, w, c;
};

static struct image image_of(const struct rt_shape *shape, int64_t e) {
  return (struct image){rt_size(shape, 0, e), rt_size(shape, 1, e), rt_size(shape, 2, e)};
}

static int64_t examples_of(const struct rt_shape *shape) { return shape->batched ? shape->examples : 1; }

/* Which points of an image are copied: each step-th row from `row` on, and of it `columns` from `column` on.
 */
struct cut {
  int64_t row, rows, step, column, columns;
};

/* [rows, columns, c] of an image; 0 beyond its edges. */
static void lay(const real *x, struct image size, struct cut cut, real *to) {
  const int64_t from = split_max(0, cut.column), end = split_min(size.w, cut.column + cut.columns),
                before = (from - cut.column) * size.c, width = cut.columns * size.c;
  for (int64_t r = 0; r < cut.rows; r++, to += width) {
    const int64_t row = cut.row + r * cut.step, count = end > from ? (end - from) * size.c : 0;
    if (row < 0 || row >= size.h || !count) {
      memset(to, 0, (size_t)width * sizeof *to);
      continue;
    }
    memset(to, 0, (size_t)before * sizeof *to);
    memcpy(to + before, x + (row * size.w + from) * size.c, (size_t)count * sizeof *to);
    memset(to + before + count, 0, (size_t)(width - before - count) * sizeof *to);
  }
}

/* ---- images of images: convolve, and what its image receives ---- */

/* A square of taps of an image around each point of another one. */
struct taps {
  int64_t down, across;      /* of the square */
  int64_t row, column, step; /* where that of the first point begins; points that one step passes */
  int64_t numbers;           /* of each point of the result */
  const real *panels;        /* of WIDE columns: [down * across * c, WIDE] */
};

/* The points of the result: `rows` x `columns`, and numbers from one to the next. */
struct points {
  real *first;
  int64_t rows, columns, down, across;
};

static int64_t rows_at_once(int64_t columns) {
  return split_max(1, split_min(MOST_ROWS, POINTS / split_max(1, columns)));
}

static int64_t laid_width(const struct taps *taps, int64_t columns) {
  return (split_max(columns, 1) - 1) * taps->step + taps->across;
}

static void slide(const real *x, struct image size, const struct taps *taps, const struct points *to,
                  real *laid) {
  const int64_t most = rows_at_once(to->columns), width = laid_width(taps, to->columns) * size.c,
                depth = taps->across * size.c;
  for (int64_t first = 0; first < to->rows; first += most) {
    const int64_t rows = split_min(most, to->rows - first);
    lay(x, size,
        (struct cut){taps->row + first * taps->step, (rows - 1) * taps->step + taps->down, 1, taps->column,
                     laid_width(taps, to->columns)},
        laid);
    for (int64_t j = 0; j < taps->numbers; j += WIDE)
      for (int64_t i = 0; i < rows; i++) {
        const struct sums s = {.a = laid + i * taps->step * width,
                               .b = taps->panels + j * taps->down * depth,
                               .row = taps->step * size.c,
                               .a_part = width,
                               .ldb = WIDE,
                               .b_part = depth * WIDE,
                               .parts = taps->down,
                               .depth = depth,
                               .c = to->first + (first + i) * to->down + j,
                               .ldc = to->across,
                               .columns = split_min(WIDE, taps->numbers - j)};
        sum_all_rows(s, to->columns, s.row, true);
      }
  }
}

/* The numbers of a matrix that becomes panels: rows x columns, which lie so far apart. */
struct source {
  const real *first;
  int64_t rows, columns, down, across;
};

static void pack(struct source from, int64_t panel, real *to) {
  for (int64_t j = 0; j < from.columns; j += WIDE, to += panel)
    for (int64_t k = 0; k < from.rows; k++)
      for (int64_t i = 0; i < WIDE; i++)
        to[k * WIDE + i] = j + i < from.columns ? from.first[k * from.down + (j + i) * from.across] : 0;
}

/* What a task has of scratch: panels, then rows of an image. */
static int64_t panels_room(int64_t depth, int64_t numbers) {
  return split_ceil(numbers, WIDE) * WIDE * depth;
}

/* The most that slide lays out at once, of any example, in numbers of the image. */
static int64_t laid_most(const struct taps *taps, const struct rt_shape *y) {
  int64_t most = 0;
  for (int64_t e = 0; e < examples_of(y); e++) {
    const int64_t columns = rt_size(y, 1, e), rows = split_min(rows_at_once(columns), rt_size(y, 0, e));
    most = split_max(most, ((rows - 1) * taps->step + taps->down) * laid_width(taps, columns));
  }
  return most;
}

/* The largest size of an axis that an example has. */
static int64_t most_size(const struct rt_shape *shape, int axis) {
  int64_t most = 0;
  for (int64_t e = 0; e < examples_of(shape); e++) most = split_max(most, rt_size(shape, axis, e));
  return most;
}

typedef void examples_body(const struct rt_call *call, int64_t begin, int64_t end, real *scratch);
struct examples_job {
  const struct rt_call *call;
  examples_body *body;
  int64_t count, piece;
};

static void examples_task(void *context, int64_t task, void *scratch) {
  const struct examples_job *job = context;
  job->body(job->call, task * job->piece, split_min(job->count, (task + 1) * job->piece), scratch);
}

/* y: of the convolution; its rows take so many multiply-adds each number. */
static void split_images(const struct rt_call *call, const struct rt_shape *y, int64_t depth,
                         examples_body *body) {
  const int64_t count = examples_of(y);
  if (!count) return;
  const double work = (double)y->count / (double)count * (double)depth;
  struct examples_job job = {call, body, count,
                             split_max(1, (int64_t)(TASK_WORK / split_max(1, (int64_t)work)))};
  rt_parallel(call->pool, split_ceil(count, job.piece), examples_task, &job);
}

static struct taps taps_of(const struct rt_call *call) {
  const int64_t width = call->attr[0], height = call->attr[2];
  return (struct taps){.down = height,
                       .across = width,
                       .row = -((height - 1) / 2),
                       .column = -call->attr[3],
                       .step = call->attr[1]};
}

static void convolve_examples(const struct rt_call *call, int64_t begin, int64_t end, real *scratch) {
  const struct rt_shape *x = call->in[0].shape, *w = call->in[1].shape, *y = call->out[0].shape;
  struct taps taps = taps_of(call);
  const int64_t depth = w->size[0];
  taps.numbers = w->size[1];
  taps.panels = scratch;
  pack((struct source){in_data(call, 1), depth, taps.numbers, taps.numbers, 1}, depth * WIDE, scratch);
  for (int64_t e = begin; e < end; e++) {
    const struct image to = image_of(y, e);
    const struct points points = {out_data(call, 0) + rt_offset(y, e), to.h, to.w, to.w * to.c, to.c};
    slide(in_data(call, 0) + rt_offset(x, e), image_of(x, e), &taps, &points,
          scratch + panels_room(depth, taps.numbers));
  }
}

void KERNEL(convolve)(const struct rt_call *call) {
  if (call->out[0].shape->count)
    split_images(call, call->out[0].shape, call->in[1].shape->size[0], convolve_examples);
}

size_t KERNEL(convolve_scratch)(const struct rt_call *call) {
  const struct rt_shape *w = call->in[1].shape;
  const struct taps taps = taps_of(call);
  return (size_t)(panels_room(w->size[0], w->size[1])
                  + laid_most(&taps, call->out[0].shape) * call->in[0].shape->size[2])
         * sizeof(real);
}

/* ---- convolve_back ---- */

/* Of the rows (or columns) of the image, each stride-th from `phase` on is made of the same taps: every
 * stride-th, from the last one back, of rows of y from `from` on. at: the tap that the phase is under. */
struct phase {
  int64_t last, count, from;
};

static struct phase phase_of(int64_t size, int64_t stride, int64_t at) {
  const int64_t first = at % stride, count = first < size ? split_ceil(size - first, stride) : 0;
  return (struct phase){first + (count - 1) * stride, count, at / stride - (count - 1)};
}

/* w has a row for each tap and number of the image; here the numbers of y stand beside each other, and those
 * of the image are columns. */
static void pack_back(const struct rt_call *call, struct phase down, struct phase across, int64_t c,
                      real *to) {
  const int64_t width = call->attr[0], stride = call->attr[1], f = call->in[1].shape->size[1],
                panel = down.count * across.count * f * WIDE;
  for (int64_t a = 0; a < down.count; a++)
    for (int64_t b = 0; b < across.count; b++) {
      const int64_t tap = (down.last - a * stride) * width + across.last - b * stride;
      pack((struct source){in_data(call, 1) + tap * c * f, f, c, 1, f}, panel,
           to + (a * across.count + b) * f * WIDE);
    }
}

static int64_t back_room(const struct rt_call *call) {
  return panels_room(call->attr[0] * call->attr[2] * call->in[1].shape->size[1], call->out[0].shape->size[2]);
}

static void back_phase(const struct rt_call *call, int64_t begin, int64_t end, int64_t phase, real *scratch) {
  const struct rt_shape *y = call->in[0].shape, *x = call->out[0].shape;
  const int64_t stride = call->attr[1], u = phase / stride, v = phase % stride, c = x->size[2];
  const struct taps of = taps_of(call);
  const struct phase down = phase_of(of.down, stride, u - of.row),
                     across = phase_of(of.across, stride, v - of.column);
  const struct taps taps = {down.count, across.count, down.from, across.from, 1, c, scratch};
  pack_back(call, down, across, c, scratch);
  for (int64_t e = begin; e < end; e++) {
    const struct image to = image_of(x, e);
    const struct points points = {out_data(call, 0) + rt_offset(x, e) + (u * to.w + v) * c,
                                  split_ceil(split_max(0, to.h - u), stride),
                                  split_ceil(split_max(0, to.w - v), stride), stride * to.w * c, stride * c};
    if (points.rows && points.columns)
      slide(in_data(call, 0) + rt_offset(y, e), image_of(y, e), &taps, &points, scratch + back_room(call));
  }
}

static void back_examples(const struct rt_call *call, int64_t begin, int64_t end, real *scratch) {
  const struct rt_shape *x = call->out[0].shape;
  const int64_t stride = call->attr[1], down = split_min(stride, most_size(x, 0)),
                across = split_min(stride, most_size(x, 1));
  for (int64_t u = 0; u < down; u++)
    for (int64_t v = 0; v < across; v++) back_phase(call, begin, end, u * stride + v, scratch);
}

void KERNEL(convolve_back)(const struct rt_call *call) {
  if (call->out[0].shape->count)
    split_images(call, call->in[0].shape, call->in[1].shape->size[0], back_examples);
}

/* At most, of any phase: in each the points follow each other. */
static int64_t back_laid(const struct rt_call *call) {
  const int64_t size = split_max(call->attr[0], call->attr[2]), columns = most_size(call->out[0].shape, 1);
  return (split_max(POINTS, columns) + MOST_ROWS * size + size * (columns + size))
         * call->in[1].shape->size[1];
}

size_t KERNEL(convolve_back_scratch)(const struct rt_call *call) {
  return (size_t)(back_room(call) + back_laid(call)) * sizeof(real);
}

/* ---- convolve_grad ---- */

/* One row of the squares, times WIDE numbers of y. */
struct strip {
  int64_t a, column, columns;
};

/* Adds what all rows of y of an example give to a strip. Where a vector would reach beyond y, its numbers are
 * copied. */
static void add_strip(const struct rt_call *call, int64_t e, struct strip strip, real *laid) {
  const struct rt_shape *x = call->in[0].shape, *y = call->in[1].shape;
  const struct image from = image_of(x, e), of = image_of(y, e);
  const struct taps taps = taps_of(call);
  const int64_t most = rows_at_once(of.w), width = laid_width(&taps, of.w), depth = taps.across * from.c;
  real *dy = laid + most * width * from.c;
  for (int64_t first = 0; first < of.h; first += most) {
    const int64_t rows = split_min(most, of.h - first);
    const real *b = in_data(call, 1) + rt_offset(y, e) + first * of.w * of.c + strip.column;
    lay(in_data(call, 0) + rt_offset(x, e), from,
        (struct cut){taps.row + strip.a + first * taps.step, rows, taps.step, taps.column, width}, laid);
    if (strip.columns < WIDE) pack((struct source){b, rows * of.w, strip.columns, of.c, 1}, 0, dy);
    const int64_t ldb = strip.columns < WIDE ? WIDE : of.c;
    const struct sums s = {.a = laid,
                           .b = strip.columns < WIDE ? dy : b,
                           .along = taps.step * from.c,
                           .a_part = width * from.c,
                           .ldb = ldb,
                           .b_part = of.w * ldb,
                           .parts = rows,
                           .depth = of.w,
                           .c = out_data(call, 0) + strip.a * depth * of.c + strip.column,
                           .ldc = of.c,
                           .columns = strip.columns,
                           .add = true};
    sum_all_rows(s, depth, 1, false);
  }
}

static void strip_task(void *context, int64_t task, void *scratch) {
  const struct rt_call *call = context;
  const int64_t panels = split_ceil(call->in[1].shape->size[2], WIDE), column = task % panels * WIDE;
  const struct strip strip = {task / panels, column, split_min(WIDE, call->in[1].shape->size[2] - column)};
  for (int64_t e = 0; e < examples_of(call->in[1].shape); e++) add_strip(call, e, strip, scratch);
}

void KERNEL(convolve_grad)(const struct rt_call *call) {
  const struct rt_shape *w = call->out[0].shape;
  memset(call->out[0].data, 0, (size_t)w->count * sizeof(real));
  if (w->count && call->in[1].shape->count)
    rt_parallel(call->pool, call->attr[2] * split_ceil(w->size[1], WIDE), strip_task,
                (void *)(uintptr_t)call);
}

size_t KERNEL(convolve_grad_scratch)(const struct rt_call *call) {
  const int64_t points = split_max(POINTS, most_size(call->in[1].shape, 1)),
                columns = points * call->attr[1] + MOST_ROWS * call->attr[0];
  return (size_t)(columns * call->in[0].shape->size[2] + points * WIDE) * sizeof(real);
}
