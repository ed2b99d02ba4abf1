/* start_rank.c: the template that says how well two texts go together. */
#include <stdio.h>

#include "libaq/start/start.h"

/* A word alone, such as a date or a place, is not read as a text that another one goes with. */
static bool has_words(const struct start *s, size_t k) {
  const struct io_look_field *f = s->column[k].field;
  return start_is(s, k, START_TEXT) && (f->words > f->texts || s->column[k].unspaced);
}

/* Exactly two texts, and a number, or yes or no as a number. A table that has more to read is left to
 * templates that read it, unless somebody asks for this one. */
static bool takes(const struct start *s, size_t k) {
  const struct io_look_field *f = s->column[k].field;
  size_t texts = 0, others = 0;
  for (size_t c = 0; c < s->look.count; c++) {
    texts += c != k && has_words(s, c);
    others += c != k && !has_words(s, c) && s->column[c].kind >= START_IMAGE;
  }
  return texts == 2 && (s->asked || !others) && f->filled && f->numbers == f->filled && f->least < f->most;
}

static bool is_probability(const struct io_look_field *f) { return f->least >= 0 && f->most <= 1; }

static bool reads(const struct start *s, size_t k) { return has_words(s, k); }

/* The first column that is read and is none before. */
static size_t text_from(const struct start *s, size_t k) {
  while (!start_is_input(s, k)) k++;
  return k;
}

/* The sum of the last layer; a number that is no probability begins at the mean of the table. */
static void put_answer(const struct start *s, struct rt_text *out) {
  static const char last[] = "linear(dropout(z, rate), 1)";
  if (is_probability(s->column[s->target].field))
    rt_text_printf(out, "  return sum(%s)  # to be sorted by\n}\n\n", last);
  else
    start_put_number(s, last, out);
}

static void put_data(const struct start *s, size_t first, size_t second, struct rt_text *out) {
  char shape[48];
  rt_text_puts(out, "data {\n");
  for (size_t k = 0; k < s->look.count; k++) {
    if (k == s->target) {
      start_declare(s, k, "number", "", out);
      continue;
    }
    if (k != first && k != second) continue;
    snprintf(shape, sizeof shape, "words[%s <= %lld, V]", k == first ? "S" : "T",
             (long long)start_limit(&s->column[k]));
    start_declare(s, k, shape, start_is_small(s) ? "" : "min_count = 2", out);
  }
  rt_text_puts(out, "}\n\n");
}

static void write(const struct start *s, struct rt_text *out) {
  size_t first = text_from(s, 0), second = text_from(s, first + 1);
  const char *a = s->column[first].name, *b = s->column[second].name;
  bool yes_or_no = is_probability(s->column[s->target].field);
  start_heading(s, out);
  rt_text_puts(out, "dim D = 64, F = 64\n"
                    "const rate = 30%         # dropout: more where validation loss soon rises\n\n");
  put_data(s, first, second, out);
  rt_text_puts(
      out, "# Both texts are read by one set of weights: windows of words, and what a learned query picks.\n"
           "fn window(x: [N, D], width) -> [F] {\n"
           "  return max(concat(zeros([1, F]), relu(conv(x, width, F)), axis = 0), N + 1)\n"
           "}\n"
           "fn read(x: [N, D]) -> [D] {\n"
           "  return linear(concat(window(x, 2), window(x, 3), attention_pool(x)), D)\n"
           "}\n\n"
           "# Each word of x looks for what is said of it in y.\n"
           "head ask(x: [N, D], y: [M, D]) -> [N, D] {\n"
           "  query = project(x, D)\n"
           "  key   = project(y, D)\n"
           "  value = y\n"
           "}\n\n");
  rt_text_printf(out, "model rank(%s, %s", a, b);
  rt_text_printf(out,
                 ") -> %s {\n"
                 "  E    = param[V, D] = normal(0.1)         # one table of words for both\n"
                 "  a    = dropout(E[%s], rate)\n"
                 "  b    = dropout(E[%s], rate)\n"
                 "  look = instance ask\n"
                 "  encode = instance read\n"
                 "  u = encode(a)\n"
                 "  v = encode(b)\n"
                 "  found = mean(a * look(a, b), S)\n"
                 "  given = mean(b * look(b, a), T)\n"
                 "  z = relu(linear(concat(u * v, abs(u - v), found, given), D))\n",
                 s->column[s->target].name, a, b);
  put_answer(s, out);
  rt_text_puts(out, yes_or_no ? "# From 0 to 1: the answer is a probability.\nloss binary_cross_entropy\n"
                              : "loss squared_error\n");
  rt_text_printf(out,
                 "train {\n"
                 "  optimizer = adamw(lr = 1e-3)\n"
                 "  batch     = %d\n"
                 "  epochs    = 20       # at most\n"
                 "  patience  = 4        # stops when validation has not been better for so many epochs\n"
                 "}\n",
                 start_is_small(s) ? 8 : 32);
}

const struct start_template start_rank = {
    .name = "rank",
    .about = "how well two texts go together, to sort by: questions and answers, queries and pages",
    .texts = true,
    .needs = "two texts, and a column with a number for how well they go together, as 0 and 1",
    .takes = takes,
    .reads = reads,
    .write = write,
};
