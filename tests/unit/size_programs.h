/* size_programs.h: random programs whose values hold for some sizes only, from a seed: elements, slices,
 * quotients, positions, reshapes, concatenations, heads, scans, tables of a fixed length, over one or two
 * texts, with and without limits. Every part is used, and none of them can be computed away. */
#ifndef AQ_TESTS_SIZE_PROGRAMS_H
#define AQ_TESTS_SIZE_PROGRAMS_H

#include "runtime/random.h"

#include <stdio.h>
#include <string.h>

struct size_program {
  uint64_t seed, drawn;
  bool next;              /* predicts the second text, of all of the first, instead of a label */
  bool two, vector;       /* a second text u of length U; a column of numbers v of width N */
  int64_t least, most[2]; /* of T, and of T and U; 0: none declared */
  struct rt_text text;
};

static inline int size_below(struct size_program *p, int limit) {
  return (int)rt_random_below(p->seed, p->drawn++, limit);
}

static inline bool size_chance(struct size_program *p, int percent) { return size_below(p, 100) < percent; }

/* A position along an axis of length L, or how much is left out: a number, a quotient, another size. */
static inline void size_amount(struct size_program *p, const char *length, char out[40]) {
  const char *other = p->next ? "D" : !p->two ? "C" : length[0] == 'T' ? "U" : "T";
  switch (size_below(p, 10)) {
    case 8: snprintf(out, 40, "%s // 2", length); break;
    case 9: snprintf(out, 40, "ceil(%s / 3)", length); break;
    case 0: snprintf(out, 40, "%s / 2", length); break;
    case 1: snprintf(out, 40, "%s / 3", length); break;
    case 2: snprintf(out, 40, "%s", other); break;
    case 3: snprintf(out, 40, "%s - %d", other, 1 + size_below(p, 2)); break;
    default: snprintf(out, 40, "%d", size_below(p, 5)); break;
  }
}

/* A vector [D] made of the sequence x: [L, D]. */
static inline void size_part(struct size_program *p, const char *x, const char *length) {
  struct rt_text *t = &p->text;
  char a[40], b[40];
  int n = 1 + size_below(p, 8);
  size_amount(p, length, a);
  size_amount(p, length, b);
  switch (size_below(p, 19)) {
    case 0: rt_text_printf(t, "%s[%s]", x, a); break;
    case 1: rt_text_printf(t, "%s[%s - %d]", x, length, n); break;
    case 2: rt_text_printf(t, "mean(%s[%s..], %s - (%s))", x, a, length, a); break;
    case 3: rt_text_printf(t, "mean(%s[..%s - (%s)], %s - (%s))", x, length, a, length, a); break;
    case 4:
      rt_text_printf(t, "max(%s[%s..%s - (%s)], %s - (%s) - (%s))", x, a, length, b, length, b, a);
      break;
    case 5:
      rt_text_printf(t, "linear(max(reshape(%s, [%s / 2, 2 * D]), %s / 2), D)", x, length, length);
      break;
    case 6: rt_text_printf(t, "max(reshape(%s, [%s / 3, 3, D]), %s / 3, 3)", x, length, length); break;
    case 7: rt_text_printf(t, "max(tanh(position(%s, %d)), %s)", x, n + 4, length); break;
    case 8: rt_text_printf(t, "max(tanh(position(%s[%s..], %d)), %s - (%s))", x, a, n + 3, length, a); break;
    case 9:
      rt_text_printf(t, "max(concat(%s[%s..], %s[..%d], axis = 0), %s - (%s) + %d)", x, a, x, n, length, a,
                     n);
      break;
    case 10: rt_text_printf(t, "max(semantic(%s[%s..]), %s - (%s))", x, a, length, a); break;
    case 11: rt_text_printf(t, "scan(step, zeros([D]), %s[%s..])[%s - (%s) - 1]", x, a, length, a); break;
    case 12: rt_text_printf(t, "%s[%d..][%d]", x, size_below(p, 4), size_below(p, 4)); break;
    case 13: rt_text_printf(t, "max(%s[..%s - 1] + %s[1..], %s - 1)", x, length, x, length); break;
    case 14: rt_text_printf(t, "param[%d, D][%s - 1] * %s[0]", n + 3, length, x); break;
    case 15:
      rt_text_printf(t, "max(param[%d, D][%s..%s] + %s[%s..], %s - (%s))", n + 4, a, length, x, a, length, a);
      break;
    case 16: rt_text_printf(t, "%s[0] * sum(range(%s - (%s)))", x, length, a); break;
    case 17:
      rt_text_printf(t, "max(multi_head(%s[..%s - (%s)], 2), %s - (%s))", x, length, a, length, a);
      break;
    default: rt_text_printf(t, "max(cumsum(%s, %s)[%s..], %s - (%s))", x, length, a, length, a); break;
  }
}

static inline void size_limit(struct size_program *p, const char *name, int k) {
  struct rt_text *t = &p->text;
  if (k == 0 && size_chance(p, 20)) p->least = 1 + size_below(p, 4);
  if (size_chance(p, 35)) p->most[k] = 4 + size_below(p, 9);
  if (k == 0 && p->least) rt_text_printf(t, "%d <= ", (int)p->least);
  rt_text_puts(t, name);
  if (p->most[k]) rt_text_printf(t, " <= %d", (int)p->most[k]);
}

static inline void size_program_write(struct size_program *p, uint64_t seed) {
  *p = (struct size_program){.seed = seed};
  struct rt_text *t = &p->text;
  int parts = 1 + size_below(p, 3);
  p->two = size_chance(p, 50);
  p->vector = size_chance(p, 30);
  p->next = size_chance(p, 15);
  p->two = p->two || p->next;
  rt_text_puts(t, "dim D = 4\nfn step(h: [D], x: [D]) -> [D] = tanh(h + x)\ndata {\n  text: words[");
  size_limit(p, "T", 0);
  rt_text_puts(t, "]\n");
  if (p->two) {
    rt_text_puts(t, "  more: words[");
    size_limit(p, "U", 1);
    rt_text_puts(t, p->next ? ", V]\n" : "]\n");
  }
  if (p->vector) rt_text_puts(t, "  v: vector[N]\n");
  rt_text_printf(t, "%s}\nmodel m(text%s%s) -> %s {\n  x = embed(text, D)\n",
                 p->next ? "" : "  label: class[C]\n", p->two ? ", more" : "", p->vector ? ", v" : "",
                 p->next ? "next(more)" : "label");
  if (p->two) rt_text_puts(t, "  u = embed(more, D)\n");
  rt_text_puts(t, "  z = tanh(");
  for (int k = 0; k < parts; k++) {
    bool u = p->two && !p->next && size_chance(p, 40);
    rt_text_puts(t, k ? "\n    + " : "");
    size_part(p, u ? "u" : "x", u ? "U" : "T");
  }
  rt_text_puts(t, ")\n");
  if (p->vector)
    rt_text_printf(t, "  z = z * v[%d] + tanh(linear(v[..N - %d], D))\n", size_below(p, 3), size_below(p, 3));
  rt_text_puts(t, p->next ? "  return linear(u + z, V)\n" : "  return linear(z, C)\n");
  rt_text_puts(t, "}\ntrain { epochs = 1, batch = 3 }\n");
}

#endif
