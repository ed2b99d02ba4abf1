/* ctc.c: -log of the probability that frames spell a text, over all ways in which they can (connectionist
 * temporal classification: Graves et al. 2006), and its gradient.
 *
 * The states are blank, letter, blank, …, letter, blank. From one frame to the next a way stays in its state,
 * or goes one on, or from a letter two on to another letter. In logarithms:
 *
 *   from[t, s] = log of the sum of exp(at[t-1, r]) over the states r that lead to s
 *   at[t, s]   = from[t, s] + score[t, letter of s] - shift[t]
 *
 * shift[t] makes the largest of the frame 0, so that no number grows with the length; shifts are added up in
 * double. Backwards, the part that each state has of all ways follows from the part of the states behind it:
 *
 *   part[t, r] = sum of part[t+1, s] exp(at[t, r] - from[t+1, s]) over the states s that r leads to */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/log_sum.h"
#include "runtime/kernels/split.h"

enum {
  PAD = 2, /* states before the first one and behind the last, which no way takes */
  ROWS = 5 /* of the scratch, beside those that are kept for each frame */
};

static int64_t states_of(int64_t letters) { return 2 * letters + 1; }
static int64_t stride_of(int64_t letters) { return states_of(letters) + 2 * PAD; }

/* An example, and its places in the scratch. Rows begin at state 0 and have PAD numbers on either side. */
struct ways {
  int64_t frames, states, stride, classes;
  const real *score;
  int32_t *letter; /* [states] the class of each; -1: none */
  real *skip;      /* 0 where two states back leads here, else -infinity */
  real *at, *part, *next;
  real *from;  /* [frames or 1] rows */
  real *shift; /* [frames] */
  bool keeps;
};

static void fill(real *row, int64_t count, real x) {
  for (int64_t k = 0; k < count; k++) row[k] = x;
}

static struct ways ways_of(const struct rt_call *call, int64_t e, bool keeps, void *scratch) {
  const struct rt_shape *score = call->in[0].shape, *text = call->in[1].shape;
  const int64_t letters = rt_size(text, 0, e), stride = stride_of(letters);
  const int32_t *id = in_ids(call, 1) + rt_offset(text, e);
  real *row = (real *)scratch + PAD;
  struct ways w = {.frames = rt_size(score, 0, e),
                   .states = states_of(letters),
                   .stride = stride,
                   .classes = rt_size(score, 1, e),
                   .score = in_data(call, 0) + rt_offset(score, e),
                   .letter = (int32_t *)(void *)row,
                   .skip = row + stride,
                   .at = row + 2 * stride,
                   .part = row + 3 * stride,
                   .next = row + 4 * stride,
                   .from = row + ROWS * stride,
                   .keeps = keeps};
  w.shift = w.from - PAD + (keeps ? w.frames : 1) * stride;
  const int32_t blank = (int32_t)(w.classes - 1);
  for (int64_t s = 0; s < w.states; s++) w.letter[s] = s % 2 == 0 ? blank : id[s / 2] < 0 ? -1 : id[s / 2];
  fill(w.skip - PAD, stride, -INFINITY);
  for (int64_t s = 3; s < w.states; s += 2) w.skip[s] = w.letter[s] != w.letter[s - 2] ? 0 : -INFINITY;
  return w;
}

/* The bytes that ways_of takes; more than there can be where they are more than a number can say. */
static size_t scratch_of(const struct rt_call *call, bool keeps) {
  const struct rt_shape *score = call->in[0].shape, *text = call->in[1].shape;
  size_t most = 0;
  for (int64_t e = 0; e < (score->batched ? score->examples : 1); e++) {
    const int64_t frames = rt_size(score, 0, e);
    const size_t rows = ROWS + (keeps ? (size_t)frames : 1);
    size_t numbers, bytes;
    if (!rt_mul(rows, (size_t)stride_of(rt_size(text, 0, e)), &numbers)
        || !rt_mul(numbers + (size_t)frames, sizeof(real), &bytes))
      return SIZE_MAX / 2;
    most = bytes > most ? bytes : most;
  }
  return most;
}

size_t KERNEL(ctc_nll_scratch)(const struct rt_call *call) { return scratch_of(call, false); }
size_t KERNEL(ctc_grad_scratch)(const struct rt_call *call) { return scratch_of(call, true); }

/* ---- forwards ---- */

static real *from_row(const struct ways *w, int64_t t) { return w->from + (w->keeps ? t * w->stride : 0); }

/* A way begins with the first blank or the first letter. */
static void begin(const struct ways *w, real *from) {
  fill(from, w->states, -INFINITY);
  fill(from, split_min(2, w->states), 0);
}

static void lead(const struct ways *w, real *from) {
  const real *at = w->at, *skip = w->skip;
  SIMD for (int64_t s = 0; s < w->states; s++) {
    const real stay = at[s], on = at[s - 1], two = at[s - 2] + skip[s];
    real most = on > stay ? on : stay;
    most = two > most ? two : most;
    most = most == -INFINITY ? 0 : most;
    from[s] = most + LANE_LOG(LANE_EXP(stay - most) + LANE_EXP(on - most) + LANE_EXP(two - most));
  }
}

/* at of frame t, of which `shift` is taken. */
static void arrive(const struct ways *w, int64_t t, const real *from, real shift) {
  const real *score = w->score + t * w->classes;
  for (int64_t s = 0; s < w->states; s++)
    w->at[s] = w->letter[s] < 0 ? -INFINITY : from[s] + score[w->letter[s]] - shift;
}

/* The logarithm of all ways that end where at stands: in the last letter or the blank behind it. */
static real end_sum(const struct ways *w) { return log_sum(PAD, w->at + w->states - PAD); }

/* The logarithm of the probability of the text. */
static double run_forward(const struct ways *w) {
  double total = 0;
  fill(w->at - PAD, w->stride, -INFINITY);
  if (!w->frames) return w->states == 1 ? 0 : -INFINITY;
  for (int64_t t = 0; t < w->frames; t++) {
    real *from = from_row(w, t);
    if (t)
      lead(w, from);
    else
      begin(w, from);
    arrive(w, t, from, 0);
    const real most = row_maximum(w->states, w->at), shift = most == -INFINITY ? 0 : most;
    SIMD for (int64_t s = 0; s < w->states; s++) w->at[s] -= shift;
    w->shift[t] = shift;
    total += (double)shift - (double)log_sum(w->classes, w->score + t * w->classes);
  }
  return total + (double)end_sum(w);
}

struct job {
  const struct rt_call *call;
};

static int64_t example_count(const struct rt_call *call) {
  const struct rt_shape *score = call->in[0].shape;
  return score->batched ? score->examples : 1;
}

static void nll_of(void *context, int64_t e, void *scratch) {
  const struct rt_call *call = ((const struct job *)context)->call;
  const struct ways w = ways_of(call, e, false, scratch);
  out_data(call, 0)[e] = (real)-run_forward(&w);
}

void KERNEL(ctc_nll)(const struct rt_call *call) {
  struct job job = {call};
  rt_parallel(call->pool, example_count(call), nll_of, &job);
}

/* ---- backwards ---- */

/* The parts at the last frame; false: no way spells the text. */
static bool end_parts(const struct ways *w) {
  const real all = end_sum(w);
  fill(w->part - PAD, w->stride, 0);
  fill(w->next - PAD, w->stride, 0);
  if (!(all > -INFINITY)) return false;
  for (int64_t s = split_max(0, w->states - PAD); s < w->states; s++) w->part[s] = LANE_EXP(w->at[s] - all);
  return true;
}

/* The parts at frame t from those at t + 1, which stand in `next`. Where nothing leads, nothing is taken. */
static void parts_at(const struct ways *w, int64_t t) {
  real *from = from_row(w, t + 1);
  const real *at = w->at, *next = w->next, *skip = w->skip;
  arrive(w, t, from_row(w, t), w->shift[t]);
  for (int64_t s = 0; s < w->states; s++) from[s] = from[s] == -INFINITY ? INFINITY : from[s];
  fill(from + w->states, PAD, INFINITY);
  SIMD for (int64_t s = 0; s < w->states; s++) w->part[s] =
      next[s] * LANE_EXP(at[s] - from[s]) + next[s + 1] * LANE_EXP(at[s] - from[s + 1])
      + next[s + 2] * LANE_EXP(at[s] - from[s + 2] + skip[s + 2]);
}

/* What the scores of frame t receive: dy times their probabilities less the parts of their states. */
static void give(const struct ways *w, int64_t t, real dy, real *out) {
  const real *score = w->score + t * w->classes, all = log_sum(w->classes, score);
  SIMD for (int64_t k = 0; k < w->classes; k++) out[k] = dy * LANE_EXP(score[k] - all);
  for (int64_t s = 0; s < w->states; s++)
    if (w->letter[s] >= 0) out[w->letter[s]] -= dy * w->part[s];
}

static void gradient_of(void *context, int64_t e, void *scratch) {
  const struct rt_call *call = ((const struct job *)context)->call;
  struct ways w = ways_of(call, e, true, scratch);
  const real dy = in_data(call, 2)[rt_offset(call->in[2].shape, e)];
  real *out = out_data(call, 0) + rt_offset(call->out[0].shape, e);
  run_forward(&w);
  if (!end_parts(&w)) {
    fill(out, w.frames * w.classes, 0);
    return;
  }
  for (int64_t t = w.frames - 1; t >= 0; t--) {
    if (t + 1 < w.frames) parts_at(&w, t);
    give(&w, t, dy, out + t * w.classes);
    real *other = w.next;
    w.next = w.part, w.part = other;
  }
}

void KERNEL(ctc_grad)(const struct rt_call *call) {
  struct job job = {call};
  rt_parallel(call->pool, example_count(call), gradient_of, &job);
}
