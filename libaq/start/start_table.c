/* start_table.c: what classify and regress make of the columns of a table that are no texts: a network of
 * numbers and labels, alone or beside what reads the texts. Less than a thousand rows get a small one with
 * much dropout, more rows a larger one that sees waves of each number beside the number (Gorishniy, Rubachev
 * and Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning", 2022, section 3.3). Both end
 * in a layer that sees the columns themselves as well, so that what is linear need not be learned through the
 * others. */
#include "libaq/start/start.h"

enum { MANY_NUMBERS = 200 }; /* waves of each would be more than all else that a first program has */

bool start_has_waves(const struct start *s) {
  size_t numbers = start_count_inputs(s, START_NUMBER);
  return !start_is_small(s) && numbers && numbers < MANY_NUMBERS;
}

void start_table_head(const struct start *s, struct rt_text *out) {
  const bool small = start_is_small(s);
  rt_text_printf(out, "dim F = %s # how many features a layer has\n", small ? "64       " : "128      ");
  if (start_has_waves(s)) rt_text_puts(out, "dim K = 8         # how many waves of each number are seen\n");
  if (s->template == &start_regress && !start_is(s, s->target, START_VECTOR))
    rt_text_puts(out, "dim O = 1         # numbers to be predicted\n");
  rt_text_printf(out,
                 "const rate = %s  # dropout: more where validation loss soon rises, less where loss stays "
                 "high\n\n",
                 small ? "50%" : "10%");
}

void start_table_functions(const struct start *s, struct rt_text *out) {
  if (!start_has_waves(s)) return;
  rt_text_puts(out,
               "# Waves of learned lengths: with them a layer can tell small steps and bends of a number.\n"
               "fn waves(x: [N]) -> [N * 2 * K] {\n"
               "  frequency = param[N, K] = normal(0.4)\n"
               "  angle     = expand(x, [N, K]) * frequency\n"
               "  return reshape(concat(sin(angle), cos(angle)), [N * 2 * K])\n"
               "}\n\n");
}

/* What stands between the n-th of several features and the one before. */
static const char *between(size_t n) { return n == 0 ? "" : n % 4 ? ", " : ",\n    "; }

/* The numbers alone, as one vector. */
static void put_numbers(const struct start *s, struct rt_text *out) {
  const bool one = start_count_inputs(s, START_NUMBER) == 1;
  size_t n = 0;
  rt_text_puts(out, one ? "  x = " : "  x = concat(");
  for (size_t k = 0; k < s->look.count; k++)
    if (start_is_input(s, k) && start_is(s, k, START_NUMBER))
      rt_text_printf(out, "%sexpand(%s, [1])", between(n++), s->column[k].name);
  rt_text_puts(out, one ? "\n" : ")\n");
}

void start_put_feature(const struct start *s, size_t k, struct rt_text *out) {
  const char *name = s->column[k].name;
  const bool named = start_is(s, k, START_CLASS) || start_is(s, k, START_THING);
  if (named && !start_is_set(s, k))
    rt_text_printf(out, "embed(%s, 8)", name);
  else if (start_is(s, k, START_NUMBER))
    rt_text_printf(out, "expand(%s, [1])", name);
  else
    rt_text_puts(out, name);
}

static bool is_feature(const struct start *s, size_t k) {
  return start_is_input(s, k) && !start_is(s, k, START_TEXT);
}

/* All columns but texts as one vector. */
static void put_features(const struct start *s, const char *name, struct rt_text *out) {
  const bool waves = start_has_waves(s);
  size_t count = waves ? 2 : 0, n = count;
  for (size_t k = 0; k < s->look.count; k++)
    count += is_feature(s, k) && !(waves && start_is(s, k, START_NUMBER));
  rt_text_printf(out, "  %s = %s%s", name, count > 1 ? "concat(" : "", waves ? "x, waves(x)" : "");
  for (size_t k = 0; k < s->look.count; k++) {
    if (!is_feature(s, k) || (waves && start_is(s, k, START_NUMBER))) continue;
    rt_text_puts(out, between(n++));
    start_put_feature(s, k, out);
  }
  rt_text_puts(out, count > 1 ? ")\n" : "\n");
}

void start_table_body(const struct start *s, const char *answer, struct rt_text *out) {
  const bool texts = start_count_inputs(s, START_TEXT) > 0, small = start_is_small(s);
  const char *z = texts ? "beside" : "z", *rate = texts && !small ? "10%" : "rate";
  if (start_has_waves(s)) put_numbers(s, out);
  put_features(s, z, out);
  rt_text_printf(out, "  y = relu(linear(%s, F))\n", z);
  if (!small) rt_text_printf(out, "  y = relu(linear(dropout(y, %s), F))\n", rate);
  rt_text_printf(out, "  %s = linear(dropout(y, %s), %s) + linear(%s, %s)\n", texts ? "known" : "seen", rate,
                 answer, z, answer);
}

void start_table_train(const struct start *s, const char *metric, struct rt_text *out) {
  const bool small = start_is_small(s), many = s->look.rows >= START_MANY_ROWS;
  rt_text_printf(out,
                 "train {\n"
                 "  optimizer = %s\n"
                 "  batch     = %d\n"
                 "  epochs    = %d # at most\n"
                 "  patience  = %d # stops when validation has not been better for so many epochs\n"
                 "  metric    = %s\n",
                 small ? "adagrad(lr = 0.05)" : "adamw(lr = 0.001)", small ? 8 : 32,
                 small  ? 60
                 : many ? 30
                        : 100,
                 small  ? 10
                 : many ? 5
                        : 15,
                 metric);
  if (!small)
    rt_text_printf(out, "  average   = %s # what is kept is a running average of many steps\n",
                   many ? "0.9995" : "0.99");
  rt_text_puts(out, "}\n");
}
