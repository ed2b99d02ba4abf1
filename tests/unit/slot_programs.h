/* slot_programs.h: random programs of heads, from a seed: every kind of operand, extra, score, mask and norm
 * that doc/language.md describes, in formulas whose values stay moderate. Each has the function `weighted`,
 * for tensors of given sizes, and a model over ragged texts that calls it. */
#ifndef AQ_TESTS_SLOT_PROGRAMS_H
#define AQ_TESTS_SLOT_PROGRAMS_H

#include "runtime/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a form needs of a program. */
enum slot_needs {
  NEEDS_S = 1,        /* the raw score: not in a mask */
  NEEDS_I = 2,        /* more than a single query */
  NEEDS_H = 4,        /* head[H] */
  NEEDS_ROWS = 8,     /* runs over the keys */
  NEEDS_QUERIES = 16, /* runs over the queries */
  NEEDS_ORDER = 32,   /* running sums */
  NEEDS_VECTORS = 64, /* vectors of a query and a key */
  NEEDS_TALK = 128,   /* all heads at once */
  NEEDS_EXTRA = 256   /* one of the sixteen tensors of a slot */
};

struct slot_program {
  uint64_t seed, drawn;
  int has, extras;
  bool heads, single, self, steps; /* steps: has jumps, so that the least rounding may show */
  bool stopped;                    /* has a gradient that is stopped on purpose */
  struct rt_text text;
};

struct slot_form {
  const char *text;
  int needs;
};

static inline int slot_below(struct slot_program *p, int limit) {
  return (int)rt_random_below(p->seed, p->drawn++, limit);
}

static inline bool slot_chance(struct slot_program *p, int percent) { return slot_below(p, 100) < percent; }

static inline const char *slot_pick(struct slot_program *p, const struct slot_form *forms, int count) {
  for (;;) {
    const struct slot_form *form = &forms[slot_below(p, count)];
    int needs = form->needs & ~NEEDS_EXTRA;
    if ((needs & ~p->has) || (form->needs & NEEDS_EXTRA && p->extras >= 13)) continue;
    p->extras += form->needs & NEEDS_EXTRA ? 1 : 0;
    p->steps |= strstr(form->text, "top_k") || strstr(form->text, "?") || strstr(form->text, "where(g")
                || strstr(form->text, "floor");
    p->stopped |= strstr(form->text, "stop_gradient") != NULL;
    return form->text;
  }
}

static const struct slot_form slot_leaves[] = {
    {"s", NEEDS_S},
    {"s", NEEDS_S},
    {"s", NEEDS_S},
    {"(0.5 * s)", NEEDS_S},
    {"a", 0},
    {"b", 0},
    {"#", 0},
    {"sin(0.3 * (i - j))", NEEDS_I},
    {"exp(-0.1 * abs(i - j))", NEEDS_I},
    {"(0.05 * (i - j))", NEEDS_I},
    {"log(1 + abs(i - j))", NEEDS_I},
    {"(1 / (1 + abs(i - j)))", NEEDS_I},
    {"cos(0.2 * j)", 0},
    {"((i + 2 * j) % 3)", NEEDS_I},
    {"(0.3 * h)", NEEDS_H},
    {"2^(-h - 1)", NEEDS_H},
    {"log(1 + P)", 0},
    {"f[i]", NEEDS_I | NEEDS_EXTRA},
    {"g[j]", NEEDS_EXTRA},
    {"B[i, j]", NEEDS_I | NEEDS_EXTRA},
    {"C[i, j]", NEEDS_I | NEEDS_H | NEEDS_EXTRA},
    {"A[i]", NEEDS_I | NEEDS_H | NEEDS_EXTRA},
    {"slope", NEEDS_H | NEEDS_EXTRA},
    {"slope[h]", NEEDS_H | NEEDS_EXTRA},
    {"w[i - j + 4]", NEEDS_I | NEEDS_EXTRA},
    {"w[2 * j - 3]", NEEDS_EXTRA},
    {"w[3 * g[j] + 4]", NEEDS_EXTRA},
    {"u[i - j + 4]", NEEDS_I | NEEDS_H | NEEDS_EXTRA},
    {"u[h, i - j + P]", NEEDS_I | NEEDS_H | NEEDS_EXTRA},
    {"r[i, j - i + 4]", NEEDS_I | NEEDS_EXTRA},
    {"c[j, i - j + 4]", NEEDS_I | NEEDS_EXTRA},
    {"t[i - j + 4]", NEEDS_I | NEEDS_EXTRA},
    {"w[s + 4]", NEEDS_S | NEEDS_EXTRA},
    {"where(i > j, 1 / (i - j), 0)", NEEDS_I},
    {"(0.1 * min(i, j))", NEEDS_I},
    {"sin(max(i, j - 2))", NEEDS_I},
    {"(0.3 * ((i * 8191 + j * 131) % 7))", NEEDS_I},
    {"(0.1 * floor((i * P + j) / 5) % 3)", NEEDS_I},
    {"where(g[j] > 0.2, log(g[j]) * a, b)", NEEDS_EXTRA},
    {"where(f[i] > 9, s / (s - s), f[i])", NEEDS_S | NEEDS_I | NEEDS_EXTRA},
    {"near(f[i], j)", NEEDS_I | NEEDS_EXTRA},
    {"sum(e[..] * tanh(query[i] + key[j]), K)", NEEDS_I | NEEDS_VECTORS | NEEDS_EXTRA},
    {"mean((query[i] - key[j])^2, K)", NEEDS_I | NEEDS_VECTORS | NEEDS_EXTRA},
    {"max(query[i] * key[j], K)", NEEDS_I | NEEDS_VECTORS | NEEDS_EXTRA},
    {"sum(e[..] * sin(key[j]), K)", NEEDS_VECTORS | NEEDS_EXTRA},
    {"sum(s[..] * m[h, ..], H)", NEEDS_S | NEEDS_TALK | NEEDS_EXTRA},
    {"mean(tanh(s[..]), H)", NEEDS_S | NEEDS_TALK},
    {"max(s[..], H)", NEEDS_S | NEEDS_TALK},
    {"sum(s[..] * sigmoid(s[..] * m[h, ..]), H)", NEEDS_S | NEEDS_TALK | NEEDS_EXTRA},
};

/* $: a formula, ?: a condition, #: a number. */
static const struct slot_form slot_forms[] = {
    {"($ + $)", 0},
    {"($ - $)", 0},
    {"($ * tanh($))", 0},
    {"($ / (1 + $^2))", 0},
    {"min($, $)", 0},
    {"max($, $)", 0},
    {"where(?, $, $)", 0},
    {"where(i - j > 2, log(i - j - 3 + a^2) * $, $)", NEEDS_I},
    {"where(j > 3, sqrt(j - 4) * tanh($), $)", 0},
    {"where(99 < $, sqrt($ - 1000) / (j - j), $)", 0},
    {"(# * $)", 0},
    {"tanh($)", 0},
    {"sigmoid($)", 0},
    {"softplus($)", 0},
    {"sin($)", 0},
    {"cos($)", 0},
    {"erf($)", 0},
    {"gelu($)", 0},
    {"silu($)", 0},
    {"elu($)", 0},
    {"leaky_relu($)", 0},
    {"exp(-abs($))", 0},
    {"exp(tanh($))", 0},
    {"sqrt(1 + $^2)", 0},
    {"log(1 + $^2)", 0},
    {"abs($)", 0},
    {"relu($)", 0},
    {"tanh($)^3", 0},
    {"(-$)", 0},
    {"(1.5 + tanh($))^tanh($)", 0},
    {"softcap($, 2)", 0},
    {"twice($)", 0},
    {"sign($) * $", 0},
    {"floor(3 * sigmoid($))", 0},
    {"stop_gradient($)", 0},
    {"($ % 1.7)", 0},
    {"mean($, j)", NEEDS_ROWS},
    {"max($, over = j)", NEEDS_ROWS},
    {"min($, over = j)", NEEDS_ROWS},
    {"tanh(0.1 * sum($, j))", NEEDS_ROWS},
    {"tanh(0.1 * sum($ + s, j))", NEEDS_ROWS | NEEDS_S},
    {"($ - mean($, j))", NEEDS_ROWS},
    {"4 * softmax($)", NEEDS_ROWS},
    {"softmax($, j)", NEEDS_ROWS},
    {"4 * sparsemax($)", NEEDS_ROWS},
    {"4 * entmax($)", NEEDS_ROWS},
    {"where(top_k($, 3), $, $)", NEEDS_ROWS},
    {"mean($, i)", NEEDS_QUERIES},
    {"max($, over = i)", NEEDS_QUERIES},
    {"4 * softmax($, i)", NEEDS_QUERIES},
    {"tanh(0.1 * sum($, i))", NEEDS_QUERIES},
    {"tanh(0.2 * cumsum($, j))", NEEDS_ORDER},
    {"tanh(0.2 * cumsum($, j, reverse = true))", NEEDS_ORDER},
    {"tanh(0.2 * cumsum($, i))", NEEDS_ORDER | NEEDS_I},
};

static const struct slot_form slot_conditions[] = {
    {"$ < $", 0},
    {"$ > #", 0},
    {"i > j", NEEDS_I},
    {"j <= i", NEEDS_I},
    {"(i - j) % 3 == 0", NEEDS_I},
    {"abs(i - j) <= 3", NEEDS_I},
    {"h == 1", NEEDS_H},
    {"not (?)", 0},
    {"(? and ?)", 0},
    {"(? or ?)", 0},
    {"j % 2 == 0", 0},
    {"-3 < i - j <= 5", NEEDS_I},
};

static const struct slot_form slot_masks[] = {
    {"j <= i", NEEDS_I},
    {"abs(i - j) <= 5", NEEDS_I},
    {"causal(i, j) and window(i, j, 8)", NEEDS_I},
    {"dilated(i, j, 4, 3)", NEEDS_I},
    {"?", 0},
    {"?", 0},
    {"B[i, j] > -0.5", NEEDS_I | NEEDS_EXTRA},
    {"f[i] < g[j]", NEEDS_I | NEEDS_EXTRA},
    {"i % 2 == 0", NEEDS_I},
    {"j > i", NEEDS_I},
    {"j < i - 40", NEEDS_I},
    {"h == 0 or j <= 2 * h", NEEDS_H},
    {"j % 2 == h % 2", NEEDS_H},
    {"slope > 0", NEEDS_H | NEEDS_EXTRA},
    {"C[i, j] < 0.5 and j < 70", NEEDS_I | NEEDS_H | NEEDS_EXTRA},
    {"w[i - j + 4] > -1", NEEDS_I | NEEDS_EXTRA},
    {"j < 0", 0},
    {"a < 9", 0},
    {"top_k(B[i, j], 3)", NEEDS_I | NEEDS_ROWS | NEEDS_EXTRA},
    {"g[j] <= mean(g[j], j)", NEEDS_ROWS | NEEDS_EXTRA},
    {"g[j] > 0", NEEDS_EXTRA},
};

/* What a mask hides may be no number at all. */
static const struct {
  const char *mask, *score;
  int needs;
} slot_hazards[] = {
    {"g[j] > 0.1", "s / sqrt(K) + log(g[j])", NEEDS_EXTRA},
    {"j < i", "s / sqrt(K) + # / (i - j)", NEEDS_I},
    {"j < i", "s * (i - j - 1)^0.5 / 9", NEEDS_I},
    {"f[i] > g[j]", "s + log(f[i] - g[j])", NEEDS_I | NEEDS_EXTRA},
    {"i > 2", "s / i + sqrt(i - 3 + b^2)", NEEDS_I},
};

static const struct slot_form slot_scores[] = {
    {"s / sqrt(K) + $", 0},
    {"s / sqrt(K) + $ * $", 0},
    {"$", 0},
    {"$ - $", 0},
    {"$ + $", 0},
    {"s * sigmoid($)", 0},
    {"softcap(s / sqrt(K), 2) + $", 0},
    {"a * s / sqrt(K)", 0},
    {"(s + sum(s[..] * m[h, ..], H)) / sqrt(K)", NEEDS_TALK | NEEDS_EXTRA},
    {"sum(e[..] * tanh(query[i] + key[j]), K)", NEEDS_I | NEEDS_VECTORS | NEEDS_EXTRA},
};

static const struct slot_form slot_norms[] = {
    {"softmax", 0},
    {"softmax($ + $)", 0},
    {"softmax($)", 0},
    {"softmax(s + $)", 0},
    {"softmax(where(?, s, s - 3))", 0},
    {"sigmoid", 0},
    {"sigmoid(s + $)", 0},
    {"relu(s) / 8", 0},
    {"$ / 4", 0},
    {"tanh(s) * 0.3", 0},
    {"relu(s) / (0.1 + sum(relu(s), j))", NEEDS_ROWS},
    {"softplus(s) / (0.1 + sum(softplus(s), j))", NEEDS_ROWS},
    {"sparsemax", NEEDS_ROWS},
    {"entmax", NEEDS_ROWS},
    {"entmax(s + $)", NEEDS_ROWS},
    {"exp(s - max(s, j)) / (exp(a - max(s, j)) + sum(exp(s - max(s, j)), j))", NEEDS_ROWS},
    {"sparsemax(s)", NEEDS_ROWS},
    {"entmax(s, alpha = 1.25)", NEEDS_ROWS},
    {"entmax(s, 1.75)", NEEDS_ROWS},
    {"softmax(where(top_k(s, 4), s, -inf))", NEEDS_ROWS},
    {"softmax(where(?, $, -inf))", 0},
    {"softmax(where(?, s, -inf)) * sigmoid($)", NEEDS_ROWS},
    {"sparsemax(where(?, s, -inf))", NEEDS_ROWS},
    {"entmax(where(?, s + $, -inf), alpha = 1.75)", NEEDS_ROWS},
    {"top_k_softmax(where(?, s, -inf), 3)", NEEDS_ROWS},
    {"signed_softmax(where(?, s, -inf))", NEEDS_ROWS},
    {"sink_softmax(where(?, s, -inf), a, j)", NEEDS_ROWS},
    {"slot_weights(where(?, s, -inf), i, j)", NEEDS_QUERIES},
    {"softmax(s) * top_k(s, 3)", NEEDS_ROWS},
    {"sign(s) * softmax(abs(s))", NEEDS_ROWS},
    {"softmax(s) * sigmoid($)", NEEDS_ROWS},
    {"(s - mean(s, j)) / sqrt(0.1 + mean((s - mean(s, j))^2, j)) / 8", NEEDS_ROWS},
    {"softmax(s) - 0.3 * softmax($)", NEEDS_ROWS},
    {"softmax(s) + 0.1 * $", NEEDS_ROWS},
    {"(max(s, j) - s) / 9", NEEDS_ROWS},
    {"$ / (1 + sum(abs($), j))", NEEDS_ROWS},
    {"softmax(max(s, j) - 2 * s + min($, over = j))", NEEDS_ROWS},
    {"max(sparsemax(s), 0.1 * softmax(s))", NEEDS_ROWS},
    {"softmax(s, i) / (0.01 + sum(softmax(s, i), j))", NEEDS_QUERIES},
    {"softmax(s, i) * softmax(s)", NEEDS_QUERIES},
    {"tanh(s - mean(s, i)) / 5", NEEDS_QUERIES},
    {"softmax(s - max(s, i))", NEEDS_QUERIES},
    {"softmax(s) * exp(-0.2 * cumsum(sigmoid(s), j))", NEEDS_ORDER},
    {"softmax(s - 0.1 * cumsum(softplus(s), j, reverse = true))", NEEDS_ORDER},
    {"softmax(s) + sum(softmax(s[..]) * m[h, ..], H)", NEEDS_TALK | NEEDS_EXTRA},
    {"softmax(s - mean(s[..], H))", NEEDS_TALK},
    {"softmax(s) * max(softmax(s[..]), H)", NEEDS_TALK},
};

static inline void slot_formula(struct slot_program *p, int depth);
static inline void slot_condition(struct slot_program *p, int depth);

static inline void slot_write(struct slot_program *p, const char *form, int depth) {
  for (; *form; form++)
    if (*form == '$')
      slot_formula(p, depth - 1);
    else if (*form == '?')
      slot_condition(p, depth - 1);
    else if (*form == '#')
      rt_text_printf(&p->text, "%.2f", 0.05 + 0.01 * slot_below(p, 140));
    else
      rt_text_add(&p->text, form, 1);
}

#define SLOT_PICK(p, forms) slot_pick(p, forms, (int)RT_COUNT(forms))

static inline void slot_formula(struct slot_program *p, int depth) {
  bool leaf = depth <= 0 || slot_chance(p, 12);
  slot_write(p, leaf ? SLOT_PICK(p, slot_leaves) : SLOT_PICK(p, slot_forms), depth);
}

static inline void slot_condition(struct slot_program *p, int depth) {
  const char *form = SLOT_PICK(p, slot_conditions);
  while (depth <= 0 && strchr(form, '?')) form = SLOT_PICK(p, slot_conditions);
  slot_write(p, form, depth);
}

/* One argument of the head: its type for the function and as each head sees it, and how the model makes it.
 */
struct slot_argument {
  const char *name, *type, *seen, *made;
  int needs;
};

static inline void slot_arguments(struct slot_program *p, struct slot_argument *arg, int *count) {
  static const struct slot_argument all[] = {
      {"f", "[T]", "[T]", "fe[here] + fl[0..T]", NEEDS_I},
      {"g", "[P]", "[P]", "ge[there] + gl[0..P]", 0},
      {"B", "[T, P]", "[T, P]", "Bl[0..T, 0..P]", NEEDS_I},
      {"C", "[T, P, H]", "[T, P]", "Cl[0..T, 0..P]", NEEDS_I | NEEDS_H},
      {"A", "[H, T]", "[T]", "transpose(Al[0..T], [H, T])", NEEDS_I | NEEDS_H},
      {"slope", "[H]", "[]", "param[H]", NEEDS_H},
      {"w", "[9]", "[9]", "param[9]", 0},
      {"u", "[H, 9]", "[9]", "param[H, 9]", NEEDS_H},
      {"r", "[T, 9]", "[T, 9]", "rl[0..T]", NEEDS_I},
      {"c", "[P, 9]", "[P, 9]", "ce[there] + cl[0..P]", 0},
      {"m", "[H, H]", "[H, H]", "param[H, H]", NEEDS_H},
      {"e", "[K]", "[K]", "param[K]", 0},
  };
  static const struct slot_argument query[] = {
      {"q", "[T, H, K]", "[T, K]", "reshape(qe[here] + ql[0..T], [T, H, K])", 0},
      {"q", "[H, T, K]", "[T, K]", "transpose(reshape(qe[here] + ql[0..T], [T, H, K]), [H, T, K])", 0},
      {"q", "[T, K]", "[T, K]", "qk[0..T]", 0}};
  static const struct slot_argument key[] = {
      {"k", "[P, H, K]", "[P, K]", "reshape(ke[there] + kl[0..P], [P, H, K])", 0},
      {"k", "[P, K]", "[P, K]", "kk[0..P]", 0},
      {"k", "[P, G, K]", "[P, K]", "reshape(ke[there][.., 0..G * K] + kl[0..P, 0..G * K], [P, G, K])", 0}};
  static const struct slot_argument value[] = {
      {"v", "[P, H, E]", "[P, E]", "reshape(ve[there] + vl[0..P], [P, H, E])", 0},
      {"v", "[P, E]", "[P, E]", "vk[0..P]", 0},
      {"v", "[P, G, E]", "[P, E]", "reshape(ve[there][.., 0..G * E] + vl[0..P, 0..G * E], [P, G, E])", 0}};
  static const struct slot_argument one[] = {
      {"q", "[K]", "[K]", "param[K]", 0},
      {"q", "[H, K]", "[K]", "sum(reshape(qe[here], [T, H, K]), T) * 0.3", 0}};
  int shared = p->heads ? slot_below(p, 3) : 1;
  int how = p->heads ? slot_below(p, 3) : 1;
  *count = 0;
  bool bare = !p->heads || (shared != 1 && slot_chance(p, 30)); /* something of a head[H] has the axis H */
  arg[(*count)++] = p->single ? one[!bare] : query[bare ? 2 : slot_below(p, 2)];
  arg[(*count)++] = key[shared];
  arg[(*count)++] = value[how];
  for (size_t n = 0; n < RT_COUNT(all); n++)
    if (!(all[n].needs & ~p->has)) arg[(*count)++] = all[n];
}

static inline void slot_head(struct slot_program *p, const struct slot_argument *arg, int count) {
  rt_text_puts(&p->text, p->heads ? "head[H] z(" : "head z(");
  for (int n = 0; n < count; n++) {
    rt_text_puts(&p->text, n ? ", " : "");
    rt_text_puts(&p->text, arg[n].name);
    rt_text_puts(&p->text, ": ");
    rt_text_puts(&p->text, arg[n].seen);
  }
  rt_text_puts(&p->text,
               ") {\n  a = param[]\n  b = param[]\n  t = param[9]\n  query = q\n  key   = k\n  value = v\n");
}

static inline void slot_slots(struct slot_program *p) {
  int hazard = slot_chance(p, 15) ? slot_below(p, (int)RT_COUNT(slot_hazards)) : -1;
  if (hazard >= 0 && (slot_hazards[hazard].needs & ~NEEDS_EXTRA & ~p->has)) hazard = 0;
  if (hazard >= 0) {
    rt_text_printf(&p->text, "  mask  = %s\n  score = ", slot_hazards[hazard].mask);
    slot_write(p, slot_hazards[hazard].score, 1);
    rt_text_puts(&p->text, "\n");
  } else {
    if (slot_chance(p, 60)) {
      p->has &= ~NEEDS_S;
      rt_text_puts(&p->text, "  mask  = ");
      slot_write(p, SLOT_PICK(p, slot_masks), 2);
      rt_text_puts(&p->text, "\n");
      p->has |= NEEDS_S;
    }
    if (slot_chance(p, 75)) {
      rt_text_puts(&p->text, "  score = ");
      slot_write(p, SLOT_PICK(p, slot_scores), 1 + slot_below(p, 4));
      rt_text_puts(&p->text, "\n");
    }
  }
  if (slot_chance(p, 85)) {
    rt_text_puts(&p->text, "  norm  = ");
    slot_write(p, SLOT_PICK(p, slot_norms), 1 + slot_below(p, 4));
    rt_text_puts(&p->text, "\n");
  }
}

static inline void slot_model(struct slot_program *p, const struct slot_argument *arg, int count,
                              const char *out) {
  rt_text_puts(
      &p->text,
      p->self
          ? "data { here: words[T, V], y: number }\nmodel ragged(here) -> y {\n"
          : "data { here: words[T, V], there: words[P, W], y: number }\nmodel ragged(here, there) -> y {\n");
  rt_text_puts(
      &p->text,
      "  qe = param[V, H * K]\n  ql = param[N, H * K]\n  qk = param[N, K]\n  kk = param[N, K]\n  kl = "
      "param[N, H * K]\n  vl = param[N, H * E]\n  vk = param[N, E]\n"
      "  fe = param[V]\n  fl = param[N]\n  gl = param[N]\n  Bl = param[N, N]\n  Cl = param[N, N, H]\n  Al = "
      "param[N, H]\n  rl = param[N, 9]\n  cl = param[N, 9]\n  oe = param[V, H * E]\n  ok = param[V, E]\n");
  rt_text_puts(&p->text,
               "  ke = param[W, H * K]\n  ve = param[W, H * E]\n  ge = param[W]\n  ce = param[W, 9]\n");
  for (int n = 0; n < count; n++) {
    rt_text_puts(&p->text, "  ");
    rt_text_puts(&p->text, arg[n].name);
    rt_text_puts(&p->text, " = ");
    rt_text_puts(&p->text, arg[n].made);
    rt_text_puts(&p->text, "\n");
  }
  rt_text_puts(&p->text, "  o = ");
  rt_text_puts(&p->text, !strcmp(out, "[T, H, E]") ? "reshape(oe[here], [T, H, E])"
                         : !strcmp(out, "[T, E]")  ? "ok[here]"
                         : !strcmp(out, "[H, E]")  ? "param[H, E]"
                                                   : "param[E]");
  rt_text_puts(&p->text, "\n  return sum(weighted(");
  for (int n = 0; n < count; n++) {
    rt_text_puts(&p->text, arg[n].name);
    rt_text_puts(&p->text, ", ");
  }
  rt_text_puts(&p->text, "o))\n}\nloss squared_error\n");
}

/* weighted(arguments, o): the head's result times o, so that its sum is weighted. */
static inline void slot_function(struct slot_program *p, const struct slot_argument *arg, int count,
                                 const char *out) {
  rt_text_puts(&p->text, "fn weighted(");
  for (int n = 0; n < count; n++) {
    rt_text_puts(&p->text, arg[n].name);
    rt_text_puts(&p->text, ": ");
    rt_text_puts(&p->text, arg[n].type);
    rt_text_puts(&p->text, ", ");
  }
  rt_text_puts(&p->text, "o: ");
  rt_text_puts(&p->text, out);
  rt_text_puts(&p->text, ") = z(");
  for (int n = 0; n < count; n++) {
    bool grouped = n < 3 && strchr(arg[n].type, 'G');
    rt_text_puts(&p->text, n ? ", " : "");
    rt_text_puts(&p->text, grouped ? "share(" : "");
    rt_text_puts(&p->text, arg[n].name);
    rt_text_puts(&p->text, grouped ? ")" : "");
  }
  rt_text_puts(&p->text, ") * o\n");
}

/* Keys that are the queries: P is T, and so on. */
static inline void slot_fold(struct slot_program *p) {
  static const struct { const char *word, *as; } folds[] = {{"P", "T"}, {"W", "V"}, {"there", "here"}};
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  struct rt_text folded = {0};
  for (size_t at = 0; at < p->text.length;) {
    size_t length = strspn(p->text.data + at, letters);
    const char *word = p->text.data + at, *as = NULL;
    for (size_t f = 0; f < RT_COUNT(folds); f++)
      if (length == strlen(folds[f].word) && !strncmp(word, folds[f].word, length)) as = folds[f].as;
    if (as)
      rt_text_puts(&folded, as);
    else
      rt_text_add(&folded, word, length ? length : 1);
    at += length ? length : 1;
  }
  rt_text_free(&p->text);
  p->text = folded;
}

static inline void slot_program_write(struct slot_program *p, uint64_t seed) {
  static const int heads[] = {1, 2, 3, 4, 6};
  struct slot_argument arg[24];
  int count;
  *p = (struct slot_program){.seed = seed};
  p->heads = slot_chance(p, 60);
  p->single = slot_chance(p, 12);
  p->self = !p->single && slot_chance(p, 40);
  p->has =
      NEEDS_S | (p->single ? 0 : NEEDS_I) | (p->heads ? NEEDS_H : 0) | (slot_chance(p, 55) ? NEEDS_ROWS : 0);
  p->has |= p->single || slot_chance(p, 88) ? 0 : NEEDS_QUERIES;
  p->has |= slot_chance(p, 10) ? NEEDS_ORDER : 0;
  p->has |= slot_chance(p, 10) ? NEEDS_VECTORS : 0;
  p->has |= p->heads && slot_chance(p, 20) ? NEEDS_TALK : 0;
  slot_arguments(p, arg, &count);
  bool grouped = false;
  for (int n = 0; n < 3; n++) grouped |= strchr(arg[n].type, 'G') != NULL;
  int h = grouped ? 2 * heads[slot_below(p, 3)] : heads[slot_below(p, 5)];
  rt_text_printf(&p->text, "# seed %llu\ndim H = %d, G = %d, K = %d, E = %d, N = 140\n",
                 (unsigned long long)seed, h, grouped ? h / 2 : 1, 1 + slot_below(p, 6),
                 1 + slot_below(p, 5));
  rt_text_puts(&p->text, "fn share(x: [S, G, M]) -> [S, H, M] = reshape(expand(x, [S, G, H / G, M]), [S, H, "
                         "M])\nfn twice(x) = 2 * x\nfn near(c, j) = c * exp(-0.1 * j)\n");
  slot_head(p, arg, count);
  slot_slots(p);
  rt_text_puts(&p->text, "}\n");
  const char *out = p->single ? (p->heads ? "[H, E]" : "[E]") : p->heads ? "[T, H, E]" : "[T, E]";
  slot_function(p, arg, count, out);
  slot_model(p, arg, count, out);
  if (p->self) slot_fold(p);
}

#endif
