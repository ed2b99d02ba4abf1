/* lane_chain.c: the op `lanes`: a chain of element-by-element ops as one lane program over the whole output.
 *
 * Neighbouring axes of the output count as one when every input has both or lacks both; so do the examples
 * and the first axis. Operands that all have the output's shape thus make one flat axis, a bias makes a
 * matrix, and only what is left over is walked axis by axis. The last of these merged axes is the tile's fast
 * one. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/lane_run.h"
#include "runtime/kernels/split.h"

enum {
  LANES_TASK = 1 << 13, /* elements of the output in one task, about */
  LANES_EXAMPLES = -1,  /* the examples as an axis, before axis 0 */
  LANES_MAX_GROUPS = RT_MAX_RANK + 1
};

struct lanes_job {
  const struct rt_call *call;
  const struct rt_shape *shape; /* of the outputs */
  bool each_example;            /* examples are walked one by one; otherwise they are within the groups */
  int groups;                   /* 1 or more merged axes */
  int begin[LANES_MAX_GROUPS],
      end[LANES_MAX_GROUPS];      /* which axes of the output; begin may be LANES_EXAMPLES */
  uint32_t has[LANES_MAX_GROUPS]; /* which inputs have these axes */
  int64_t piece;                  /* elements of the output in one task */
  bool ragged_rows;               /* row numbers are wanted and the last axis is ragged */
};

/* Which inputs vary along an axis of the output: a bit for each. */
static uint32_t lanes_having(const struct rt_call *call, int axis) {
  uint32_t has = 0;
  for (int k = 0; k < call->in_count; k++)
    if (axis == LANES_EXAMPLES ? call->in[k].shape->batched : call->lanes->input_axes[k] >> axis & 1)
      has |= 1u << k;
  return has;
}

static bool lanes_numbered(const struct lane_program *program) {
  for (int n = 0; n < program->instr_count; n++) {
    int op = program->instr[n].op;
    if (op == LANE_row || op == LANE_column || op == LANE_offset || op == LANE_random) return true;
  }
  return false;
}

/* Can an axis join the group that begins behind it? */
static bool lanes_merges(const struct lanes_job *job, int axis, uint32_t has, bool numbered) {
  const struct rt_shape *shape = job->shape;
  if (!job->groups || has != job->has[0]) return false;
  if (numbered && axis + 1 == shape->rank - 1) return false; /* rows and columns keep their numbers */
  return axis != LANES_EXAMPLES || rt_uniform(shape, job->end[0]);
}

static void lanes_plan(struct lanes_job *job, const struct rt_call *call) {
  const struct rt_shape *shape = call->out[0].shape;
  bool numbered = lanes_numbered(call->lanes);
  *job = (struct lanes_job){.call = call, .shape = shape};
  for (int axis = shape->rank - 1; axis >= LANES_EXAMPLES; axis--) {
    uint32_t has = lanes_having(call, axis);
    if (lanes_merges(job, axis, has, numbered)) {
      job->begin[0] = axis;
      continue;
    }
    if (axis == LANES_EXAMPLES && (shape->ragged || !shape->batched)) {
      job->each_example = shape->batched;
      if (job->groups) break; /* an output of rank 0 still has one element */
    }
    for (int g = job->groups++; g > 0; g--)
      job->begin[g] = job->begin[g - 1], job->end[g] = job->end[g - 1], job->has[g] = job->has[g - 1];
    job->begin[0] = axis, job->end[0] = axis + 1, job->has[0] = has;
  }
  job->ragged_rows = numbered && shape->rank && shape->each[shape->rank - 1];
}

/* One example (or all of them) as it is walked: sizes of the groups, strides of the inputs. */
struct lanes_walk {
  int64_t size[LANES_MAX_GROUPS], stride[LANE_MAX_INPUTS][LANES_MAX_GROUPS];
  const real *base[LANE_MAX_INPUTS];
  int64_t first_row; /* the number of its first row */
};

static int64_t lanes_group_size(const struct lanes_job *job, int g, int64_t example) {
  const struct rt_shape *shape = job->shape;
  if (job->begin[g] != LANES_EXAMPLES) return rt_extent(shape, job->begin[g], job->end[g], example);
  int64_t behind = rt_extent(shape, job->end[g], shape->rank, 0); /* uniform */
  return behind ? shape->count / behind : 0;
}

static int64_t lanes_rows_before(const struct lanes_job *job, int64_t example) {
  const struct rt_shape *shape = job->shape;
  if (!job->ragged_rows) {
    int64_t columns = rt_extent(shape, shape->rank - 1, shape->rank, 0);
    return columns ? rt_offset(shape, example) / columns : 0;
  }
  int64_t rows = 0;
  for (int64_t e = 0; e < example; e++) rows += rt_extent(shape, 0, shape->rank - 1, e);
  return rows;
}

static void lanes_enter(const struct lanes_job *job, struct lanes_walk *walk, int64_t example) {
  const struct rt_call *call = job->call;
  for (int g = 0; g < job->groups; g++) walk->size[g] = lanes_group_size(job, g, example);
  for (int k = 0; k < call->in_count; k++) {
    const struct rt_tensor *in = &call->in[k];
    walk->base[k] = (const real *)in->data + (job->each_example ? rt_offset(in->shape, example) : 0);
    int64_t stride = 1;
    for (int g = job->groups - 1; g >= 0; g--) {
      bool has = job->has[g] >> k & 1;
      walk->stride[k][g] = has ? stride : 0;
      if (has) stride *= walk->size[g];
    }
  }
  walk->first_row = job->each_example ? lanes_rows_before(job, example) : 0;
}

/* Places the tile at element `at` of the example and says how large it can be, at most `left` elements. */
static void lanes_place(const struct lanes_job *job, const struct lanes_walk *walk, int64_t at, int64_t left,
                        struct lane_tile *tile) {
  int last = job->groups - 1;
  int64_t columns = walk->size[last], column = at % columns, row = at / columns, index[LANES_MAX_GROUPS];
  int64_t rest = row;
  for (int g = last - 1; g >= 0; g--) index[g] = rest % walk->size[g], rest /= walk->size[g];
  index[last] = column;
  tile->slow = 1, tile->fast = columns - column < left ? columns - column : left;
  if (tile->fast > LANE_TILE) tile->fast = LANE_TILE;
  if (last > 0 && column == 0 && tile->fast == columns) {
    int64_t rows = LANE_TILE / columns, inner = walk->size[last - 1] - index[last - 1];
    if (rows > left / columns) rows = left / columns;
    tile->slow = rows < inner ? rows : inner;
  }
  tile->fast_valid = tile->fast;
  tile->first_row = tile->rows_fast ? column : walk->first_row + row;
  tile->first_column = tile->rows_fast ? 0 : column;
  for (int k = 0; k < job->call->in_count; k++) {
    const real *from = walk->base[k];
    for (int g = 0; g <= last; g++) from += index[g] * walk->stride[k][g];
    tile->input[k] = from;
    tile->slow_stride[k] = last > 0 ? walk->stride[k][last - 1] : 0;
    tile->fast_stride[k] = walk->stride[k][last];
  }
}

/* The example that holds an element of the output. */
static int64_t lanes_example_at(const struct rt_shape *shape, int64_t element) {
  int64_t low = 0, high = shape->examples - 1;
  while (low < high) {
    int64_t middle = low + (high - low + 1) / 2;
    if (rt_offset(shape, middle) <= element)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

/* Elements from..to-1 of the output, which lie in one example (or in all of them, when they are within the
 * groups). */
static void lanes_stretch(const struct lanes_job *job, const struct lanes_walk *walk, int64_t first,
                          int64_t from, int64_t to, struct lane_registers *registers) {
  const struct rt_call *call = job->call;
  struct lane_tile tile; /* to make all of it 0 takes as long as a small program */
  tile.rows_fast = job->shape->rank == 0, tile.seed = call->seed;
  tile.padded = 0, tile.head = 0, tile.example = 0;
  registers->warm = false;
  for (int k = 0; k < call->in_count; k++) tile.length[k] = call->in[k].shape->count;
  while (from < to) {
    lanes_place(job, walk, from - first, to - from, &tile);
    real *out[LANE_MAX_OUTPUTS];
    for (int k = 0; k < call->out_count; k++) out[k] = (real *)call->out[k].data + from;
    KERNEL(lane_run)(call->lanes, &tile, registers, call->out_count, out);
    from += tile.slow * tile.fast;
  }
}

static void lanes_task(void *context, int64_t task, void *scratch) {
  const struct lanes_job *job = context;
  const struct rt_shape *shape = job->shape;
  struct lane_registers registers; /* what it holds is not read before it is written */
  registers.storage = scratch, registers.wide = NULL;
  struct lanes_walk walk;
  int64_t at = task * job->piece, end = split_min(shape->count, at + job->piece);
  int64_t example = job->each_example ? lanes_example_at(shape, at) : 0;
  while (at < end) {
    int64_t first = job->each_example ? rt_offset(shape, example) : 0;
    int64_t stop =
        job->each_example && rt_offset(shape, example + 1) < end ? rt_offset(shape, example + 1) : end;
    if (at < stop) {
      lanes_enter(job, &walk, example);
      lanes_stretch(job, &walk, first, at, stop, &registers);
      at = stop;
    }
    example++;
  }
}

size_t KERNEL(lanes_scratch)(const struct rt_call *call) { return lane_storage(call->lanes) * sizeof(real); }

void KERNEL(lanes)(const struct rt_call *call) {
  struct lanes_job job;
  lanes_plan(&job, call);
  job.piece = split_max(1, split_even(job.shape->count, LANES_TASK, LANE_TILE));
  rt_parallel(call->pool, split_ceil(job.shape->count, job.piece), lanes_task, &job);
}
