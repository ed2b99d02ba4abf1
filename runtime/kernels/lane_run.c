/* lane_run.c: the lane interpreter. One instruction works on up to LANE_TILE numbers, so that what it costs to find the loop for an
 * instruction does not count; an operand that is the same along the inner loop is a scalar there, and what does not vary with an
 * axis is computed once. */
#include "runtime/kernels/lane_run.h"
#include "runtime/kernels/math.h"

#include <string.h>

/* A loop over rows of n lanes. step: how far each operand moves from row to row. */
struct lane_loop {
  int64_t rows, n, step[3];
};
typedef void lane_function(real *out, const real *a, const real *b, const real *c, const struct lane_loop *loop);

#define LANE_VECTOR(x, k) (x)[k]
#define LANE_SCALAR(x, k) *(x)

/* One loop for an expression, A, B and C saying which operands are scalars. Scalars are read before the loop: `out` may be their memory. */
#define LANE_LOOP(function, expression, A, B, C, a0, b0, c0)                                                                    \
  static void function(real *out, const real *pa, const real *pb, const real *pc, const struct lane_loop *loop)                 \
  {                                                                                                                             \
    for (int64_t r = 0; r < loop->rows; r++) {                                                                                  \
      const real a0 = *pa, b0 = *pb, c0 = *pc;                                                                                  \
      (void)a0, (void)b0, (void)c0;                                                                                             \
      _Pragma("omp simd")                                                                                                               \
      for (int64_t k = 0; k < loop->n; k++) {                                                                                   \
        A B C                                                                                                                   \
        out[k] = (real)(expression);                                                                                            \
      }                                                                                                                         \
      out += loop->n, pa += loop->step[0], pb += loop->step[1], pc += loop->step[2];                                            \
    }                                                                                                                           \
  }
#define LOAD_A const real a = pa[k];
#define LOAD_B const real b = pb[k];
#define LOAD_C const real c = pc[k];

/* For every op, one function for each set of scalar operands; bit 0: a, bit 1: b, bit 2: c. */
#define LANE1(name, expression, doc) LANE_LOOP(lane_##name##_0, expression, LOAD_A, , , a_, b_, c_)
#define LANE2(name, expression, doc)                                     \
  LANE_LOOP(lane_##name##_0, expression, LOAD_A, LOAD_B, , a_, b_, c_)   \
  LANE_LOOP(lane_##name##_1, expression, , LOAD_B, , a, b_, c_)          \
  LANE_LOOP(lane_##name##_2, expression, LOAD_A, , , a_, b, c_)
#define LANE3(name, expression, doc)                                          \
  LANE_LOOP(lane_##name##_0, expression, LOAD_A, LOAD_B, LOAD_C, a_, b_, c_)  \
  LANE_LOOP(lane_##name##_1, expression, , LOAD_B, LOAD_C, a, b_, c_)         \
  LANE_LOOP(lane_##name##_2, expression, LOAD_A, , LOAD_C, a_, b, c_)         \
  LANE_LOOP(lane_##name##_3, expression, , , LOAD_C, a, b, c_)                \
  LANE_LOOP(lane_##name##_4, expression, LOAD_A, LOAD_B, , a_, b_, c)         \
  LANE_LOOP(lane_##name##_5, expression, , LOAD_B, , a, b_, c)                \
  LANE_LOOP(lane_##name##_6, expression, LOAD_A, , , a_, b, c)
#define OP(...)
#include "runtime/ops.def"
#undef LANE1
#undef LANE2
#undef LANE3
#undef OP

static lane_function *const lane_functions[LANE_const][7] = {
#define LANE1(name, expression, doc) {lane_##name##_0},
#define LANE2(name, expression, doc) {lane_##name##_0, lane_##name##_1, lane_##name##_2},
#define LANE3(name, expression, doc) \
  {lane_##name##_0, lane_##name##_1, lane_##name##_2, lane_##name##_3, lane_##name##_4, lane_##name##_5, lane_##name##_6},
#define OP(...)
#include "runtime/ops.def"
#undef LANE1
#undef LANE2
#undef LANE3
#undef OP
};

enum { LANE_FULL = LANE_I | LANE_J };

static inline int lane_slow(const struct lane_tile *tile) { return tile->rows_fast ? LANE_J : LANE_I; }
static inline int lane_fast(const struct lane_tile *tile) { return tile->rows_fast ? LANE_I : LANE_J; }

/* A register has room for a whole tile and, apart from it, for one axis: an instruction may write a tile to the register whose row it reads. */
static inline real *lane_place(const struct lane_program *p, const struct lane_registers *regs, int reg, int class)
{
  return regs->storage + (size_t)(class == LANE_FULL ? reg : p->register_count + reg) * LANE_TILE;
}

static const uint8_t lane_operands[LANE_const] = {
#define LANE1(name, expression, doc) 1,
#define LANE2(name, expression, doc) 2,
#define LANE3(name, expression, doc) 3,
#define OP(...)
#include "runtime/ops.def"
#undef LANE1
#undef LANE2
#undef LANE3
#undef OP
};

/* What a tile means for registers of each class. */
struct lane_sizes {
  int fast_class;                    /* LANE_I or LANE_J */
  int64_t slow, fast;
  int64_t count[4];                  /* numbers that a register holds */
  int64_t step[4];                   /* from one slow position to the next */
};

static inline struct lane_sizes lane_sizes_of(const struct lane_tile *tile)
{
  int64_t slow = tile->slow, fast = tile->fast;
  return tile->rows_fast ? (struct lane_sizes){LANE_I, slow, fast, {1, fast, slow, slow * fast}, {0, 0, 1, fast}}
                         : (struct lane_sizes){LANE_J, slow, fast, {1, slow, fast, slow * fast}, {0, 1, 0, fast}};
}

/* Division by a power of two is multiplication by its reciprocal, bit for bit, and many times as fast. */
static bool lane_reciprocal(real divisor, real *reciprocal)
{
  int exponent;
  bool exact = fabs(frexp((double)divisor, &exponent)) == 0.5 && exponent > -100 && exponent < 100;
  *reciprocal = exact ? 1 / divisor : 0;
  return exact;
}

/* A whole tile computed from anything that varies with one axis alone takes a loop for each slow position; everything else is one loop. */
static void lane_compute(const struct lane_sizes *sizes, const struct lane_registers *regs, const struct lane_instr *in, real *out)
{
  int arity = lane_operands[in->op], result = in->out_class, scalars;
  int b = arity > 1 ? in->b : in->a, c = arity > 2 ? in->c : in->a;
  int class_a = regs->class[in->a], class_b = regs->class[b], class_c = regs->class[c];
  struct lane_loop loop;
  if (result == LANE_FULL && (1u << class_a | 1u << class_b | 1u << class_c) & (1u << LANE_I | 1u << LANE_J)) {
    int fast = sizes->fast_class;
    loop.rows = sizes->slow, loop.n = sizes->fast;
    loop.step[0] = sizes->step[class_a], loop.step[1] = sizes->step[class_b], loop.step[2] = sizes->step[class_c];
    scalars = ((class_a & fast) == 0) | ((class_b & fast) == 0) << 1 | ((class_c & fast) == 0) << 2;
  } else {
    loop.rows = 1, loop.n = sizes->count[result];
    loop.step[0] = loop.step[1] = loop.step[2] = 0;
    scalars = (class_a != result) | (class_b != result) << 1 | (class_c != result) << 2;
  }
  scalars &= (1 << arity) - 1;
  real reciprocal;
  if (in->op == LANE_div && scalars == 2 && !class_b && lane_reciprocal(*regs->value[b], &reciprocal)) {
    lane_functions[LANE_mul][scalars](out, regs->value[in->a], &reciprocal, regs->value[c], &loop);
    return;
  }
  lane_functions[in->op][scalars](out, regs->value[in->a], regs->value[b], regs->value[c], &loop);
}

/* An input, where it lies when its numbers stand as the tile's do, otherwise copied to out. */
static const real *lane_load(const struct lane_tile *tile, int input, int class, bool copy, real *out)
{
  const real *from = tile->input[input];
  int64_t slow_stride = tile->slow_stride[input], fast_stride = tile->fast_stride[input];
  int64_t slow = class & lane_slow(tile) ? tile->slow : 1, fast = class & lane_fast(tile) ? tile->fast : 1;
  int64_t valid = fast == 1 ? 1 : tile->padded >> input & 1 ? fast : tile->fast_valid;
  if (!copy && valid == fast && (fast == 1 || fast_stride == 1) && (slow == 1 || slow_stride == fast)) return from;
  for (int64_t s = 0; s < slow; s++, from += slow_stride) {
    real *row = out + s * fast;
    if (fast_stride == 1) memcpy(row, from, (size_t)valid * sizeof(real));
    else
      for (int64_t f = 0; f < valid; f++) row[f] = from[f * fast_stride];
    for (int64_t f = valid; f < fast; f++) row[f] = 0;
  }
  return out;
}

static void lane_gather(const struct lane_tile *tile, const struct lane_registers *regs, const struct lane_instr *in, real *out)
{
  int64_t length = tile->length[in->a], slow_stride = tile->slow_stride[in->a], fast_stride = tile->fast_stride[in->a];
  int at_class = regs->class[in->b];
  int64_t slow = in->out_class & lane_slow(tile) ? tile->slow : 1, fast = in->out_class & lane_fast(tile) ? tile->fast : 1;
  int64_t valid = fast == 1 ? 1 : tile->fast_valid;
  int64_t at_fast = at_class & lane_fast(tile) ? 1 : 0;
  int64_t at_slow = at_class & lane_slow(tile) ? (at_fast ? tile->fast : 1) : 0;
  if (length < 1) valid = 0;
  for (int64_t s = 0; s < slow; s++, out += fast) {
    const real *table = tile->input[in->a] + s * slow_stride, *at = regs->value[in->b] + s * at_slow;
    _Pragma("omp simd")
    for (int64_t f = 0; f < valid; f++) out[f] = table[f * fast_stride + lane_index(at[f * at_fast], length)];
    for (int64_t f = valid; f < fast; f++) out[f] = 0;
  }
}

/* The finaliser of MurmurHash3 in 64 bits (Appleby; constants by Stafford, variant 13). */
static inline uint64_t lane_mix(uint64_t x)
{
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* The same in 32 bits (constants by Wellons). */
static inline uint32_t lane_mix32(uint32_t x)
{
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

/* A row and a column have each a key of 64 bits; a lane's number comes from both, whichever way the tile lies. */
static void lane_random(const struct lane_tile *tile, int stream, real *out)
{
  uint64_t base = lane_mix(tile->seed + (uint64_t)stream + 0x9e3779b97f4a7c15u);
  uint64_t row_base = lane_mix(base ^ lane_mix((uint64_t)tile->example * 0x9e3779b97f4a7c15u + (uint64_t)tile->head));
  uint64_t column_base = lane_mix(row_base + 0x9e3779b97f4a7c15u);
  int64_t first_fast = tile->rows_fast ? tile->first_row : tile->first_column;
  int64_t first_slow = tile->rows_fast ? tile->first_column : tile->first_row;
  uint64_t fast_base = tile->rows_fast ? row_base : column_base, slow_base = tile->rows_fast ? column_base : row_base;
  uint32_t low[LANE_TILE], high[LANE_TILE];
  for (int64_t f = 0; f < tile->fast; f++) {
    uint64_t key = lane_mix(fast_base + (uint64_t)(first_fast + f));
    low[f] = (uint32_t)key, high[f] = (uint32_t)(key >> 32);
  }
  for (int64_t s = 0; s < tile->slow; s++) {
    uint64_t key = lane_mix(slow_base + (uint64_t)(first_slow + s));
    uint32_t slow_low = (uint32_t)key, slow_high = (uint32_t)(key >> 32);
    _Pragma("omp simd")
    for (int64_t f = 0; f < tile->fast; f++) {
      uint32_t x = lane_mix32(lane_mix32(low[f] ^ slow_low) + (high[f] ^ slow_high));
      out[s * tile->fast + f] = (real)(int32_t)(x >> 8) * (real)0x1p-24;
    }
  }
}

static void lane_iota(real *out, int64_t first, int64_t count)
{
  _Pragma("omp simd")
  for (int64_t k = 0; k < count; k++) out[k] = (real)(first + k);
}

static bool lane_is_output(const struct lane_program *p, int reg)
{
  for (int k = 0; k < p->output_count; k++)
    if (p->output[k] == reg) return true;
  return false;
}

static void lane_step(const struct lane_program *p, const struct lane_tile *tile, const struct lane_sizes *sizes,
                      struct lane_registers *regs, const struct lane_instr *in, real *out)
{
  const real *value = out;
  switch (in->op) {
  case LANE_const: *out = (real)p->constant[in->a]; break;
  case LANE_input: value = lane_load(tile, in->a, in->out_class, lane_is_output(p, in->out), out); break;
  case LANE_row: lane_iota(out, tile->first_row, sizes->count[LANE_I]); break;
  case LANE_column: lane_iota(out, tile->first_column, sizes->count[LANE_J]); break;
  case LANE_head: *out = (real)tile->head; break;
  case LANE_random: lane_random(tile, in->a, out); break;
  case LANE_gather: lane_gather(tile, regs, in, out); break;
  default: lane_compute(sizes, regs, in, out);
  }
  regs->value[in->out] = value;
  regs->class[in->out] = in->out_class;
}

/* Writes a register as a whole tile. */
static void lane_expand(const struct lane_tile *tile, const real *value, int class, real *out)
{
  int64_t n = tile->fast;
  for (int64_t s = 0; s < tile->slow; s++, out += n) {
    const real *row = value + (class & lane_slow(tile) ? s * (class & lane_fast(tile) ? n : 1) : 0);
    if (class & lane_fast(tile)) memcpy(out, row, (size_t)n * sizeof(real));
    else
      for (int64_t f = 0; f < n; f++) out[f] = *row;
  }
}

static uint64_t lane_written_once(const struct lane_program *p)
{
  uint64_t once = 0, more = 0;
  for (int n = 0; n < p->instr_count; n++) {
    uint64_t bit = (uint64_t)1 << p->instr[n].out;
    more |= once & bit;
    once |= bit;
  }
  return once & ~more;
}

void KERNEL(lane_run)(const struct lane_program *program, const struct lane_tile *tile, struct lane_registers *registers,
                      int out_count, real *const *out)
{
  const struct lane_instr *in = program->instr, *last = in + program->instr_count - 1;
  const struct lane_sizes sizes = lane_sizes_of(tile);
  bool warm = registers->warm;
  if (!warm) registers->once = lane_written_once(program);
  for (; in <= last; in++) {
    if (warm && !in->out_class && registers->once >> in->out & 1) continue;
    real *place = lane_place(program, registers, in->out, in->out_class);
    /* Nothing reads inputs after the last instruction, so it can write over them. Outputs themselves are never left in an input. */
    if (in == last && out_count == 1 && in->out == program->output[0] && in->out_class == LANE_FULL) place = out[0];
    lane_step(program, tile, &sizes, registers, in, place);
  }
  for (int k = 0; k < out_count; k++) {
    int reg = program->output[k];
    if (registers->value[reg] != out[k]) lane_expand(tile, registers->value[reg], registers->class[reg], out[k]);
  }
  registers->warm = true;
}
