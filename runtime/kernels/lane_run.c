/* lane_run.c: the lane interpreter. One instruction works on up to LANE_TILE numbers, so that finding its
 * loop costs next to nothing. An operand that is the same along the inner loop is a scalar there, and what
 * does not vary with an axis is computed once. */
#include "runtime/kernels/lane_run.h"
#include "runtime/kernels/math.h"
#include "runtime/random.h"

#include <assert.h>
#include <string.h>

typedef void lane_function(real *out, const real *a, const real *b, const real *c,
                           const struct lane_loop *loop);

#define LANE_VECTOR(x, k) (x)[k]
#define LANE_SCALAR(x, k) *(x)

/* One loop for an expression, A, B and C saying which operands are scalars. Scalars are read before the loop:
 * `out` may be their memory. */
#define LANE_LOOP(function, expression, A, B, C, a0, b0, c0)                                                 \
  static void function(real *out, const real *pa, const real *pb, const real *pc,                            \
                       const struct lane_loop *loop) {                                                       \
    for (int64_t r = 0; r < loop->rows; r++) {                                                               \
      const real a0 = *pa, b0 = *pb, c0 = *pc;                                                               \
      (void)a0, (void)b0, (void)c0;                                                                          \
      _Pragma("omp simd") for (int64_t k = 0; k < loop->n; k++) { A B C out[k] = (real)(expression); }       \
      out += loop->n, pa += loop->step[0], pb += loop->step[1], pc += loop->step[2];                         \
    }                                                                                                        \
  }
#define LOAD_A const real a = pa[k];
#define LOAD_B const real b = pb[k];
#define LOAD_C const real c = pc[k];

/* For every op, one function for each set of scalar operands; bit 0: a, bit 1: b, bit 2: c. */
#define LANE1(name, written, expression, ...) LANE_LOOP(lane_##name##_0, expression, LOAD_A, , , a_, b_, c_)
#define LANE2(name, written, expression, ...)                                                                \
  LANE_LOOP(lane_##name##_0, expression, LOAD_A, LOAD_B, , a_, b_, c_)                                       \
  LANE_LOOP(lane_##name##_1, expression, , LOAD_B, , a, b_, c_)                                              \
  LANE_LOOP(lane_##name##_2, expression, LOAD_A, , , a_, b, c_)
#define LANE3(name, written, expression, ...)                                                                \
  LANE_LOOP(lane_##name##_0, expression, LOAD_A, LOAD_B, LOAD_C, a_, b_, c_)                                 \
  LANE_LOOP(lane_##name##_1, expression, , LOAD_B, LOAD_C, a, b_, c_)                                        \
  LANE_LOOP(lane_##name##_2, expression, LOAD_A, , LOAD_C, a_, b, c_)                                        \
  LANE_LOOP(lane_##name##_3, expression, , , LOAD_C, a, b, c_)                                               \
  LANE_LOOP(lane_##name##_4, expression, LOAD_A, LOAD_B, , a_, b_, c)                                        \
  LANE_LOOP(lane_##name##_5, expression, , LOAD_B, , a, b_, c)                                               \
  LANE_LOOP(lane_##name##_6, expression, LOAD_A, , , a_, b, c)
#include "runtime/ops.def"

static lane_function *const lane_functions[LANE_const][7] = {
#define LANE1(name, written, expression, ...) {lane_##name##_0},
#define LANE2(name, written, expression, ...) {lane_##name##_0, lane_##name##_1, lane_##name##_2},
#define LANE3(name, written, expression, ...)                                                                \
  {lane_##name##_0, lane_##name##_1, lane_##name##_2, lane_##name##_3,                                       \
   lane_##name##_4, lane_##name##_5, lane_##name##_6},
#include "runtime/ops.def"
};

enum { LANE_FULL = LANE_I | LANE_J };

static inline int lane_slow(const struct lane_tile *tile) { return tile->rows_fast ? LANE_J : LANE_I; }
static inline int lane_fast(const struct lane_tile *tile) { return tile->rows_fast ? LANE_I : LANE_J; }

/* A register has room for a whole tile and, apart from it, for one axis: an instruction may write a tile to
 * the register whose row it reads. */
static inline real *lane_place(const struct lane_program *p, const struct lane_registers *regs, int reg,
                               int class) {
  return regs->storage + (size_t)(class == LANE_FULL ? reg : p->register_count + reg) * LANE_TILE;
}

static const uint8_t lane_operands[LANE_const] = {
#define LANE1(name, written, expression, ...) 1,
#define LANE2(name, written, expression, ...) 2,
#define LANE3(name, written, expression, ...) 3,
#include "runtime/ops.def"
};

static void lane_measure(const struct lane_tile *tile, struct lane_sizes *sizes) {
  int64_t slow = tile->slow, fast = tile->fast,
          diagonals = (slow + fast - 1 + RT_VECTOR - 1) / RT_VECTOR * RT_VECTOR;
  int slow_class = lane_slow(tile), fast_class = lane_fast(tile);
  *sizes = (struct lane_sizes){.fast_class = fast_class, .slow = slow, .fast = fast};
  sizes->flat[0] = (struct lane_loop){.rows = 1, .n = 1};
  sizes->flat[slow_class] = (struct lane_loop){.rows = 1, .n = slow};
  sizes->flat[fast_class] = (struct lane_loop){.rows = 1, .n = fast};
  sizes->flat[LANE_FULL] = (struct lane_loop){.rows = 1, .n = slow * fast};
  sizes->flat[LANE_D] = (struct lane_loop){.rows = 1, .n = diagonals};
  sizes->begin[LANE_D] = slow - 1;
  sizes->step[slow_class] = 1, sizes->step[LANE_FULL] = fast, sizes->step[LANE_D] = -1;
}
static_assert(LANE_TILE % RT_VECTOR == 0,
              "the diagonals of a tile, at most LANE_TILE, fit a register when they are filled up");

/* The sizes of the tile: those of the last one, nearly always. */
static inline const struct lane_sizes *lane_sizes_of(const struct lane_tile *tile,
                                                     struct lane_registers *registers) {
  struct lane_sizes *sizes = &registers->sizes;
  bool known = registers->warm && sizes->slow == tile->slow && sizes->fast == tile->fast
               && sizes->fast_class == lane_fast(tile);
  if (!known) lane_measure(tile, sizes);
  return sizes;
}

/* Division by a power of two is multiplication by its reciprocal, bit for bit, and many times as fast. */
static bool lane_reciprocal(real divisor, real *reciprocal) {
  int exponent;
  bool exact = fabs(frexp((double)divisor, &exponent)) == 0.5 && exponent > -100 && exponent < 100;
  *reciprocal = exact ? 1 / divisor : 0;
  return exact;
}

/* A whole tile made of operands that vary with less takes a loop for each slow position; everything else is
 * one loop. */
static void lane_compute(const struct lane_sizes *sizes, const real *const *value, const uint8_t *class,
                         const struct lane_instr *in, real *out) {
  int arity = lane_operands[in->op], result = in->out_class;
  int b = arity > 1 ? in->b : in->a, c = arity > 2 ? in->c : in->a;
  int class_a = class[in->a], class_b = class[b], class_c = class[c];
  const real *pa = value[in->a], *pb = value[b], *pc = value[c];
  int other = (class_a != result) | (class_b != result) << 1 | (class_c != result) << 2;
  int single = (class_a == 0) | (class_b == 0) << 1 | (class_c == 0) << 2, operands = (1 << arity) - 1;
  if (other & ~single) {
    int vectors = sizes->fast_class | LANE_D;
    int scalars =
        ((class_a & vectors) == 0) | ((class_b & vectors) == 0) << 1 | ((class_c & vectors) == 0) << 2;
    struct lane_loop loop = {
        sizes->slow, sizes->fast, {sizes->step[class_a], sizes->step[class_b], sizes->step[class_c]}};
    lane_functions[in->op][scalars & operands](out, pa + sizes->begin[class_a], pb + sizes->begin[class_b],
                                               pc + sizes->begin[class_c], &loop);
    return;
  }
  int op = in->op, scalars = other & operands;
  real reciprocal;
  if (op == LANE_div && scalars == 2 && lane_reciprocal(*pb, &reciprocal)) op = LANE_mul, pb = &reciprocal;
  lane_functions[op][scalars](out, pa, pb, pc, &sizes->flat[result]);
}

/* An input: where it lies when its numbers stand as the tile's do, otherwise copied to out. */
static const real *lane_load(const struct lane_tile *tile, int input, int class, bool copy, real *out) {
  const real *from = tile->input[input];
  int64_t slow_stride = tile->slow_stride[input], fast_stride = tile->fast_stride[input];
  int64_t slow = class & lane_slow(tile) ? tile->slow : 1, fast = class & lane_fast(tile) ? tile->fast : 1;
  int64_t valid = fast == 1 ? 1 : tile->padded >> input & 1 ? fast : tile->fast_valid;
  if (!copy && valid == fast && (fast == 1 || fast_stride == 1) && (slow == 1 || slow_stride == fast))
    return from;
  for (int64_t s = 0; s < slow; s++, from += slow_stride) {
    real *row = out + s * fast;
    if (fast_stride == 1)
      memcpy(row, from, (size_t)valid * sizeof(real));
    else
      for (int64_t f = 0; f < valid; f++) row[f] = from[f * fast_stride];
    for (int64_t f = valid; f < fast; f++) row[f] = 0;
  }
  return out;
}

static __attribute__((noinline)) void lane_gather(const struct lane_tile *tile,
                                                  const struct lane_sizes *sizes,
                                                  const struct lane_registers *regs,
                                                  const struct lane_instr *in, real *out) {
  int64_t length = tile->length[in->a], slow_stride = tile->slow_stride[in->a],
          fast_stride = tile->fast_stride[in->a];
  int at_class = regs->class[in->b], full = in->out_class == LANE_FULL;
  int64_t slow = in->out_class & lane_slow(tile) ? tile->slow : 1;
  int64_t fast = in->out_class & lane_fast(tile) ? tile->fast : sizes->flat[in->out_class & LANE_D].n;
  int64_t valid = in->out_class & lane_fast(tile) ? tile->fast_valid : fast;
  int64_t at_fast = at_class & (lane_fast(tile) | LANE_D) ? 1 : 0;
  const real *at = regs->value[in->b] + (full ? sizes->begin[at_class] : 0);
  if (length < 1) valid = 0;
  for (int64_t s = 0; s < slow; s++, out += fast, at += sizes->step[at_class]) {
    const real *table = tile->input[in->a] + s * slow_stride;
    _Pragma("omp simd") for (int64_t f = 0; f < valid; f++) out[f] =
        table[f * fast_stride + lane_index(at[f * at_fast], length)];
    for (int64_t f = valid; f < fast; f++) out[f] = 0;
  }
}

/* rt_mix64 in 32 bits (constants by Wellons). */
static inline uint32_t lane_mix32(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

/* Each row and each column has a key of 64 bits. A lane's number comes from both, whichever way the tile
 * lies. */
static __attribute__((noinline)) void lane_random(const struct lane_tile *tile, int stream, real *out) {
  uint64_t base = rt_mix64(tile->seed + (uint64_t)stream + RT_GOLDEN);
  uint64_t row_base = rt_mix64(base ^ rt_mix64((uint64_t)tile->example * RT_GOLDEN + (uint64_t)tile->head));
  uint64_t column_base = rt_mix64(row_base + RT_GOLDEN);
  int64_t first_fast = tile->rows_fast ? tile->first_row : tile->first_column;
  int64_t first_slow = tile->rows_fast ? tile->first_column : tile->first_row;
  uint64_t fast_base = tile->rows_fast ? row_base : column_base,
           slow_base = tile->rows_fast ? column_base : row_base;
  uint32_t low[LANE_TILE], high[LANE_TILE];
  for (int64_t f = 0; f < tile->fast; f++) {
    uint64_t key = rt_mix64(fast_base + (uint64_t)(first_fast + f));
    low[f] = (uint32_t)key, high[f] = (uint32_t)(key >> 32);
  }
  for (int64_t s = 0; s < tile->slow; s++) {
    uint64_t key = rt_mix64(slow_base + (uint64_t)(first_slow + s));
    uint32_t slow_low = (uint32_t)key, slow_high = (uint32_t)(key >> 32);
    _Pragma("omp simd") for (int64_t f = 0; f < tile->fast; f++) {
      uint32_t x = lane_mix32(lane_mix32(low[f] ^ slow_low) + (high[f] ^ slow_high));
      out[s * tile->fast + f] = (real)(int32_t)(x >> 8) * (real)0x1p-24;
    }
  }
}

static void lane_iota(real *out, int64_t first, int64_t step, int64_t count) {
  _Pragma("omp simd") for (int64_t k = 0; k < count; k++) out[k] = (real)(first + step * k);
}

/* i - j of the tile's diagonals, from the one of the last slow position on. */
static void lane_offset(const struct lane_tile *tile, const struct lane_sizes *sizes, real *out) {
  int64_t first = tile->first_row - tile->first_column, last = tile->slow - 1;
  if (tile->rows_fast)
    lane_iota(out, first - last, 1, sizes->flat[LANE_D].n);
  else
    lane_iota(out, first + last, -1, sizes->flat[LANE_D].n);
}

static bool lane_is_output(const struct lane_program *p, int reg) {
  for (int k = 0; k < p->output_count; k++)
    if (p->output[k] == reg) return true;
  return false;
}

static void lane_step(const struct lane_program *p, const struct lane_tile *tile,
                      const struct lane_sizes *sizes, struct lane_registers *regs,
                      const struct lane_instr *in, real *out) {
  const real *value = out;
  switch (in->op) {
    case LANE_const: *out = (real)p->constant[in->a]; break;
    case LANE_input: value = lane_load(tile, in->a, in->out_class, lane_is_output(p, in->out), out); break;
    case LANE_row: lane_iota(out, tile->first_row, 1, sizes->flat[LANE_I].n); break;
    case LANE_column: lane_iota(out, tile->first_column, 1, sizes->flat[LANE_J].n); break;
    case LANE_offset: lane_offset(tile, sizes, out); break;
    case LANE_head: *out = (real)tile->head; break;
    case LANE_random: lane_random(tile, in->a, out); break;
    case LANE_gather: lane_gather(tile, sizes, regs, in, out); break;
    default: lane_compute(sizes, regs->value, regs->class, in, out);
  }
  regs->value[in->out] = value;
  regs->class[in->out] = in->out_class;
}

/* ---- in double beside ---- */

#if RT_DOUBLE
void KERNEL(lane_exact)(const struct lane_sizes *sizes, const struct lane_wide *wide,
                        const struct lane_instr *in, double *out) {
  lane_compute(sizes, wide->value, wide->class, in, out);
}
#endif

static bool lane_is_exact(const struct lane_instr *in, uint64_t held) {
  switch (in->op) {
    case LANE_const:
    case LANE_row:
    case LANE_column:
    case LANE_offset:
    case LANE_head: return true;
    case LANE_input: return in->out_class == 0;
    default: return lane_is_whole(in->op) && !(lane_reads(in) & ~held);
  }
}

static void lane_wide_iota(double *out, int64_t first, int64_t step, int64_t count) {
  for (int64_t k = 0; k < count; k++) out[k] = (double)(first + step * k);
}

static void lane_wide_step(const struct lane_program *p, const struct lane_tile *tile,
                           const struct lane_sizes *sizes, struct lane_registers *regs,
                           const struct lane_instr *in, real *place) {
  struct lane_wide *wide = regs->wide;
  int64_t n = sizes->flat[in->out_class].n, last = tile->slow - 1, by = tile->rows_fast ? 1 : -1;
  double *out = wide->storage
                + (size_t)(in->out_class == LANE_FULL ? in->out : p->register_count + in->out) * LANE_TILE;
  switch (in->op) {
    case LANE_const: *out = p->constant[in->a]; break;
    case LANE_row: lane_wide_iota(out, tile->first_row, 1, n); break;
    case LANE_column: lane_wide_iota(out, tile->first_column, 1, n); break;
    case LANE_offset: lane_wide_iota(out, tile->first_row - tile->first_column - by * last, by, n); break;
    case LANE_head: *out = (double)tile->head; break;
    case LANE_input: *out = (double)*tile->input[in->a]; break;
    default: KERNEL_DOUBLE(lane_exact)(sizes, wide, in, out);
  }
  wide->value[in->out] = out;
  wide->class[in->out] = in->out_class;
  for (int64_t k = 0; k < n; k++) place[k] = (real)out[k];
  regs->value[in->out] = place;
  regs->class[in->out] = in->out_class;
}

/* An element that a number of double names: see lane_index. */
static inline int64_t lane_wide_index(double at, int64_t length) {
  double last = (double)(length - 1);
  at = at > 0 ? at : 0;
  at = at < last ? at : last;
  return (int64_t)(at + 0.5);
}

static void lane_wide_gather(const struct lane_tile *tile, const struct lane_sizes *sizes,
                             struct lane_registers *regs, const struct lane_instr *in, real *out) {
  int at_class = regs->wide->class[in->b], full = in->out_class == LANE_FULL;
  int64_t slow = in->out_class & lane_slow(tile) ? tile->slow : 1, length = tile->length[in->a];
  int64_t fast = in->out_class & lane_fast(tile) ? tile->fast : sizes->flat[in->out_class & LANE_D].n;
  int64_t valid = length < 1 ? 0 : in->out_class & lane_fast(tile) ? tile->fast_valid : fast;
  int64_t at_fast = at_class & (lane_fast(tile) | LANE_D) ? 1 : 0;
  const double *at = regs->wide->value[in->b] + (full ? sizes->begin[at_class] : 0);
  real *to = out;
  for (int64_t s = 0; s < slow; s++, to += fast, at += sizes->step[at_class]) {
    const real *table = tile->input[in->a] + s * tile->slow_stride[in->a];
    for (int64_t f = 0; f < valid; f++)
      to[f] = table[f * tile->fast_stride[in->a] + lane_wide_index(at[f * at_fast], length)];
    for (int64_t f = valid; f < fast; f++) to[f] = 0;
  }
  regs->value[in->out] = out;
  regs->class[in->out] = in->out_class;
}

static void lane_step_beside(const struct lane_program *p, const struct lane_tile *tile,
                             const struct lane_sizes *sizes, struct lane_registers *regs,
                             const struct lane_instr *in, real *place) {
  struct lane_wide *wide = regs->wide;
  const uint64_t bit = (uint64_t)1 << in->out;
  if (lane_is_exact(in, wide->held)) {
    lane_wide_step(p, tile, sizes, regs, in, place);
    wide->held |= bit;
    return;
  }
  if (in->op == LANE_gather && wide->held >> in->b & 1)
    lane_wide_gather(tile, sizes, regs, in, place);
  else
    lane_step(p, tile, sizes, regs, in, place);
  wide->held &= ~bit;
}

/* Writes a register as a whole tile. */
static void lane_expand(const struct lane_sizes *sizes, const real *value, int class, real *out) {
  int64_t n = sizes->fast;
  bool along = class & (sizes->fast_class | LANE_D);
  value += sizes->begin[class];
  for (int64_t s = 0; s < sizes->slow; s++, out += n, value += sizes->step[class])
    if (along)
      memcpy(out, value, (size_t)n * sizeof(real));
    else
      for (int64_t f = 0; f < n; f++) out[f] = *value;
}

static uint64_t lane_written_once(const struct lane_program *p) {
  uint64_t once = 0, more = 0;
  for (int n = 0; n < p->instr_count; n++) {
    uint64_t bit = (uint64_t)1 << p->instr[n].out;
    more |= once & bit;
    once |= bit;
  }
  return once & ~more;
}

/* Runs instructions first..end-1 on a tile that has been measured. room: where the last of them may leave a
 * whole tile instead of in its register; or NULL. */
static void lane_range(const struct lane_program *program, const struct lane_tile *tile,
                       struct lane_registers *registers, int first, int end, real *room) {
  const struct lane_sizes *sizes = &registers->sizes;
  const struct lane_instr *in = program->instr + first, *last = program->instr + end - 1;
  struct lane_wide *wide = registers->wide;
  bool warm = registers->warm && !wide;
  if (wide && first == 0) wide->held = 0;
  if (!warm) registers->once = lane_written_once(program);
  for (; in <= last; in++) {
    if (warm && !in->out_class && registers->once >> in->out & 1) continue;
    real *place = lane_place(program, registers, in->out, in->out_class);
    if (in == last && room && in->out_class == LANE_FULL) place = room;
    if (wide)
      lane_step_beside(program, tile, sizes, registers, in, place);
    else
      lane_step(program, tile, sizes, registers, in, place);
  }
}

const real *KERNEL(lane_begin)(const struct lane_program *program, const struct lane_tile *tile,
                               struct lane_registers *registers, int end, int reg, real *room) {
  const struct lane_sizes *sizes = lane_sizes_of(tile, registers);
  lane_range(program, tile, registers, 0, end, NULL);
  if (registers->class[reg] == LANE_FULL) return registers->value[reg];
  lane_expand(sizes, registers->value[reg], registers->class[reg], room);
  return room;
}

void KERNEL(lane_finish)(const struct lane_program *program, const struct lane_tile *tile,
                         struct lane_registers *registers, int first, int out_count, real *const *out) {
  const struct lane_sizes *sizes = lane_sizes_of(tile, registers);
  /* Nothing reads inputs after the last instruction, so it can write over them. Outputs themselves are never
   * left in an input. */
  bool direct = out_count == 1 && program->instr[program->instr_count - 1].out == program->output[0];
  lane_range(program, tile, registers, first, program->instr_count, direct ? out[0] : NULL);
  for (int k = 0; k < out_count; k++) {
    int reg = program->output[k];
    if (registers->value[reg] != out[k])
      lane_expand(sizes, registers->value[reg], registers->class[reg], out[k]);
  }
  registers->warm = true;
}
