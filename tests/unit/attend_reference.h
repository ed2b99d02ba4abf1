/* attend_reference.h: attention as runtime/attend_plan.h defines it, forwards and backwards, by plain loops
 * in double; and cases to run it and the kernels on. */
#ifndef AQ_TESTS_UNIT_ATTEND_REFERENCE_H
#define AQ_TESTS_UNIT_ATTEND_REFERENCE_H

#include "runtime/attend_plan.h"
#include "tests/unit/lane_reference.h"

enum { CASE_EXAMPLES = 4, CASE_EXTRAS = 6, CASE_INPUTS = 6 + CASE_EXTRAS };

/* A tensor of a case: its axes' roles, its shape, its numbers in double and in the precision of the run. */
struct case_tensor {
  struct attend_operand roles;
  struct rt_shape shape;
  int64_t offset[CASE_EXAMPLES + 1];
  double *exact;
  void *data;
};

/* What a case is made of; see case_make. */
struct attend_case {
  int examples;
  int64_t queries[CASE_EXAMPLES], keys[CASE_EXAMPLES], heads, key_heads, width, value_width;
  const char *query, *key,
      *value; /* axes: any of "ijh", then f for the features; a capital first letter S: shared */
  int extra_count;
  const char *extra[CASE_EXTRAS]; /* the same; f: a table of table_width */
  int64_t table_width;
  const char *given; /* axes of dy, a part of y's; NULL: all of them */
  struct attend_plan plan;
  bool f64;
  /* Filled by case_make. */
  struct case_tensor in[3], y, lse, delta, dy, extras[CASE_EXTRAS], grad[3 + CASE_EXTRAS];
  int grad_count;
  int64_t dy_axes; /* of y, as a mask */
};

static uint64_t case_seed = 12345;
static double case_number(void) {
  case_seed = case_seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(float)((double)(case_seed >> 40) / (1 << 23) - 1);
}

static int64_t case_axis_size(const struct attend_case *c, char axis, int64_t heads, int64_t width,
                              int64_t example) {
  return axis == 'i' ? c->queries[example] : axis == 'j' ? c->keys[example] : axis == 'h' ? heads : width;
}

static void case_tensor_make(const struct attend_case *c, struct case_tensor *t, const char *axes,
                             int64_t heads, int64_t width) {
  memset(t, 0, sizeof *t);
  struct rt_shape *s = &t->shape;
  s->batched = *axes != 'S';
  if (*axes == 'S') axes++;
  s->examples = s->batched ? c->examples : 1;
  for (; *axes; axes++) {
    int a = s->rank++;
    t->roles.role[t->roles.rank++] = *axes == 'i'   ? ATTEND_I
                                     : *axes == 'j' ? ATTEND_J
                                     : *axes == 'h' ? ATTEND_H
                                                    : ATTEND_FEATURE;
    s->size[a] = case_axis_size(c, *axes, heads, width, 0);
    if ((*axes == 'i' || *axes == 'j') && s->batched) {
      s->each[a] = *axes == 'i' ? c->queries : c->keys;
      s->ragged = true;
    }
  }
  for (int64_t e = 0; e < s->examples; e++) t->offset[e + 1] = t->offset[e] + rt_extent(s, 0, s->rank, e);
  s->count = t->offset[s->examples];
  if (s->ragged) s->offset = t->offset;
  t->exact = calloc((size_t)s->count + 1, sizeof(double));
  t->data = malloc(((size_t)s->count + 1) * sizeof(double));
  memset(t->data, 0xff, ((size_t)s->count + 1) * sizeof(double)); /* NaN until written */
}

/* Copies the exact numbers to the precision of the run. */
static void case_tensor_put(const struct attend_case *c, struct case_tensor *t) {
  for (int64_t k = 0; k < t->shape.count; k++)
    if (c->f64)
      ((double *)t->data)[k] = t->exact[k];
    else
      ((float *)t->data)[k] = (float)t->exact[k];
}

static void case_tensor_fill(const struct attend_case *c, struct case_tensor *t) {
  for (int64_t k = 0; k < t->shape.count; k++) t->exact[k] = case_number();
  case_tensor_put(c, t);
}

static double case_tensor_get(const struct attend_case *c, const struct case_tensor *t, int64_t k) {
  return c->f64 ? ((const double *)t->data)[k] : (double)((const float *)t->data)[k];
}

static bool case_has(const char *axes, char axis) { return strchr(axes, axis) != NULL; }

static void case_grad_axes(const char *axes, char *out) {
  static const char order[] = "ijhf";
  for (const char *o = order; *o; o++)
    if (case_has(axes, *o) || *o == 'h') *out++ = *o;
  *out = 0;
}

static void case_dy_make(struct attend_case *c, const char *axes) {
  const char *given = c->given ? c->given : axes;
  case_tensor_make(c, &c->dy, given, c->heads, c->value_width);
  case_tensor_fill(c, &c->dy);
  c->dy_axes = 0;
  for (int a = 0; axes[a]; a++) c->dy_axes |= (int64_t)case_has(given, axes[a]) << a;
}

static void case_make(struct attend_case *c) {
  char axes[8];
  bool has_i = case_has(c->query, 'i');
  const char *const operand[3] = {c->query, c->key, c->value};
  for (int k = 0; k < 3; k++) {
    int64_t width = k == 2 ? c->value_width : c->width;
    case_tensor_make(c, &c->in[k], operand[k], k == 0 ? c->heads : c->key_heads, width);
    case_tensor_fill(c, &c->in[k]);
    case_grad_axes(operand[k], axes);
    case_tensor_make(c, &c->grad[k], axes, c->heads, width);
  }
  case_tensor_make(c, &c->y, has_i ? "ihf" : "hf", c->heads, c->value_width);
  case_tensor_make(c, &c->lse, has_i ? "ih" : "h", c->heads, 1);
  case_tensor_make(c, &c->delta, has_i ? "ih" : "h", c->heads, 1);
  case_dy_make(c, has_i ? "ihf" : "hf");
  c->grad_count = 3;
  for (int k = 0; k < c->extra_count; k++) {
    case_tensor_make(c, &c->extras[k], c->extra[k], c->heads, c->table_width);
    case_tensor_fill(c, &c->extras[k]);
    c->plan.extra[k] = c->extras[k].roles;
    if (!c->plan.wants_grad[k]) continue;
    case_grad_axes(c->extra[k], axes);
    case_tensor_make(c, &c->grad[c->grad_count++], axes, c->heads, c->table_width);
  }
  c->plan.extra_count = c->extra_count;
  c->plan.query = c->in[0].roles, c->plan.key = c->in[1].roles, c->plan.value = c->in[2].roles,
  c->plan.out = c->y.roles;
}

static void case_tensor_free(struct case_tensor *t) { free(t->exact), free(t->data); }

static void case_free(struct attend_case *c) {
  for (int k = 0; k < 3; k++) case_tensor_free(&c->in[k]);
  case_tensor_free(&c->y), case_tensor_free(&c->lse), case_tensor_free(&c->delta), case_tensor_free(&c->dy);
  for (int k = 0; k < c->extra_count; k++) case_tensor_free(&c->extras[k]);
  for (int k = 0; k < c->grad_count; k++) case_tensor_free(&c->grad[k]);
}

/* ---- the reference ---- */

struct case_point {
  const struct attend_case *c;
  int64_t e, h, i, j;
  double score, gradient;      /* s and ds', or dw */
  bool scored;                 /* is input 0 s? */
  double row[ATTEND_MAX_ROWS]; /* row values */
  double dw[1024];             /* [j] */
};

static double *case_element(const struct case_tensor *t, const struct case_point *p, int64_t feature) {
  int64_t at = 0;
  for (int a = 0; a < t->shape.rank; a++) {
    int64_t size = rt_size(&t->shape, a, p->e);
    int64_t head = size < p->c->heads ? p->h / (p->c->heads / size) : p->h;
    int role = t->roles.role[a];
    at = at * size + (role == ATTEND_I ? p->i : role == ATTEND_J ? p->j : role == ATTEND_H ? head : feature);
  }
  return &t->exact[rt_offset(&t->shape, p->e) + at];
}

static double case_input(const void *context, int k, int64_t at) {
  const struct case_point *p = context;
  if (p->scored && k-- == 0) return p->score;
  if (k < p->c->extra_count) return *case_element(&p->c->extras[k], p, at);
  k -= p->c->extra_count;
  return k < p->c->plan.row_count ? p->row[k] : p->gradient;
}

static int64_t case_length(const void *context, int k) {
  const struct case_point *p = context;
  (void)k;
  return p->c->table_width;
}

/* Runs a program at a point; reg holds its registers. */
static double case_run(const struct lane_program *program, struct case_point *p, bool scored, double *reg) {
  p->scored = scored;
  struct lane_point point = {p->i, p->j, p->h, case_input, case_length, p};
  lane_reference_run(program, &point, reg);
  return reg[program->output[0]];
}

static bool case_seen(struct case_point *p) {
  double reg[LANE_MAX_REGISTERS];
  return !p->c->plan.mask || case_run(p->c->plan.mask, p, false, reg) != 0;
}

/* What a program, or none, makes of s. */
static double case_scored(const struct lane_program *program, struct case_point *p) {
  double reg[LANE_MAX_REGISTERS];
  p->score = 0;
  for (int64_t f = 0; f < p->c->width; f++)
    p->score += *case_element(&p->c->in[0], p, f) * *case_element(&p->c->in[1], p, f);
  return program ? case_run(program, p, true, reg) : p->score;
}

static double case_score(struct case_point *p) { return case_scored(p->c->plan.score, p); }

static double case_drop(struct case_point *p) {
  double reg[LANE_MAX_REGISTERS];
  return p->c->plan.drop ? case_run(p->c->plan.drop, p, false, reg) : 1;
}

/* ---- row values ---- */

static int case_larger(const void *a, const void *b) {
  return *(const double *)a < *(const double *)b ? 1 : -1;
}

/* Bisection: the sum falls as tau grows. */
static double case_entmax(const double *a, int count, double alpha) {
  double top = -INFINITY;
  for (int j = 0; j < count; j++) top = fmax(top, (alpha - 1) * a[j]);
  double low = top - 1, high = top;
  for (int step = 0; step < 200; step++) {
    double middle = (low + high) / 2, sum = 0;
    for (int j = 0; j < count; j++) sum += pow(fmax((alpha - 1) * a[j] - middle, 0), 1 / (alpha - 1));
    if (sum > 1)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static double case_reduce(const struct attend_row *row, double *a, int count) {
  double value = count ? a[0] : 0;
  switch (row->reduce) {
    case ATTEND_ENTMAX: return count ? case_entmax(a, count, row->parameter) : 0;
    case ATTEND_KTH:
      qsort(a, (size_t)count, sizeof *a, case_larger);
      return count ? a[row->parameter < count ? (int)row->parameter - 1 : count - 1] : 0;
    default:
      for (int j = 1; j < count; j++) value = row->reduce == ATTEND_SUM ? value + a[j] : fmax(value, a[j]);
      return value;
  }
}

/* Row values of one pass, of a row of queries; the backward pass needs p->dw. */
static void case_row_values(struct case_point *p, bool backward) {
  const struct attend_plan *plan = &p->c->plan;
  double a[1024];
  for (int k = 0; k < plan->row_count; k++) {
    int count = 0;
    if (plan->row[k].backward != backward) continue;
    for (p->j = 0; p->j < p->c->keys[p->e]; p->j++) {
      p->gradient = backward ? p->dw[p->j] : NAN;
      if (case_seen(p)) a[count++] = case_scored(plan->row[k].program, p);
    }
    p->row[k] = case_reduce(&plan->row[k], a, count);
  }
}

/* Does the output, or (a table's) the one behind it, vary with the key? */
static bool case_varies(const struct lane_program *program, int output, bool table) {
  int class = 0;
  for (int n = 0; n < program->instr_count; n++)
    for (int k = output; k <= output + table; k++)
      if (program->instr[n].out == program->output[k]) class |= program->instr[n].out_class;
  return class & (LANE_J | LANE_D);
}

/* ---- passes ---- */

/* The weights of one row, before drop; returns lse. */
static double case_row(struct case_point *p, double *w) {
  const struct attend_case *c = p->c;
  double top = -INFINITY, sum = 0;
  int64_t m = c->keys[p->e];
  case_row_values(p, false);
  for (p->j = 0; p->j < m; p->j++) {
    bool seen = case_seen(p);
    w[p->j] = seen ? case_score(p) : c->plan.softmax ? -INFINITY : 0;
    top = fmax(top, w[p->j]);
  }
  if (!c->plan.softmax) return 0;
  for (int64_t j = 0; j < m; j++) sum += w[j] = top == -INFINITY ? 0 : exp(w[j] - top);
  for (int64_t j = 0; j < m; j++) w[j] = sum == 0 ? 0 : w[j] / sum;
  return top + log(sum);
}

static void case_row_forward(const struct attend_case *c, struct case_point *p, double *w) {
  *case_element(&c->lse, p, 0) = case_row(p, w);
  for (int64_t f = 0; f < c->value_width; f++) *case_element(&c->y, p, f) = 0;
  for (p->j = 0; p->j < c->keys[p->e]; p->j++) {
    double d = case_drop(p);
    for (int64_t f = 0; f < c->value_width; f++)
      *case_element(&c->y, p, f) += w[p->j] * d * *case_element(&c->in[2], p, f);
  }
}

/* Adds what one pair gives to the gradients, from ds' or dw in p->gradient; first: is it the first of its
 * row? */
static void case_pair_backward(const struct attend_case *c, struct case_point *p, bool first) {
  double reg[LANE_MAX_REGISTERS], ds = p->gradient;
  if (c->plan.score_grad) {
    case_score(p);
    ds = case_run(c->plan.score_grad, p, true, reg);
    for (int k = 0, grad = 3, out = 1; k < c->extra_count; k++) {
      if (!c->plan.wants_grad[k]) continue;
      bool table = case_has(c->extra[k], 'f');
      double at = table ? fmax(reg[c->plan.score_grad->output[out + 1]], 0) : 0;
      int64_t element = table ? (int64_t)fmin(floor(at + 0.5), (double)c->table_width - 1) : 0;
      bool once =
          c->plan.row_count && !case_has(c->extra[k], 'j') && !case_varies(c->plan.score_grad, out, table);
      if (first || !once) *case_element(&c->grad[grad], p, element) += reg[c->plan.score_grad->output[out]];
      grad++;
      out += table ? 2 : 1;
    }
  }
  for (int64_t f = 0; f < c->width; f++) {
    *case_element(&c->grad[0], p, f) += ds * *case_element(&c->in[1], p, f);
    *case_element(&c->grad[1], p, f) += ds * *case_element(&c->in[0], p, f);
  }
}

static void case_row_backward(const struct attend_case *c, struct case_point *p, double *w) {
  double delta = 0;
  case_row(p, w);
  for (int64_t f = 0; f < c->value_width; f++)
    delta += *case_element(&c->y, p, f) * *case_element(&c->dy, p, f);
  for (p->j = 0; p->j < c->keys[p->e]; p->j++) {
    double d = case_drop(p);
    p->dw[p->j] = 0;
    for (int64_t f = 0; f < c->value_width; f++) {
      double dy = *case_element(&c->dy, p, f);
      p->dw[p->j] += d * dy * *case_element(&c->in[2], p, f);
      *case_element(&c->grad[2], p, f) += w[p->j] * d * dy;
    }
  }
  case_row_values(p, true);
  bool first = true;
  for (p->j = 0; p->j < c->keys[p->e]; p->j++) {
    if (!case_seen(p)) continue;
    p->gradient = c->plan.softmax ? w[p->j] * (p->dw[p->j] - delta) : p->dw[p->j];
    case_pair_backward(c, p, first);
    first = false;
  }
}

/* Fills the exact numbers of y and lse, and of the gradients. weights, when given: [example][head][i][j]. */
static void case_reference(struct attend_case *c, double *weights) {
  double w[1024];
  for (int k = 0; k < c->grad_count; k++)
    memset(c->grad[k].exact, 0, (size_t)c->grad[k].shape.count * sizeof(double));
  for (int64_t e = 0; e < c->examples; e++)
    for (int64_t h = 0; h < c->heads; h++)
      for (int64_t i = 0; i < c->queries[e]; i++) {
        struct case_point p = {.c = c, .e = e, .h = h, .i = i};
        case_row_forward(c, &p, w);
        for (int64_t j = 0; j < c->keys[e] && weights; j++) *weights++ = w[j];
        case_row_backward(c, &p, w);
      }
}

#endif
