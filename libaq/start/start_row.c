/* start_row.c: templates that predict one thing of a whole row: classify and regress. What the row has
 * (texts, labels, numbers) is read in one way; they differ in what they return. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/start/start.h"

/* ---- what they take ---- */

static bool has_input(const struct start *s, size_t target) {
  for (size_t k = 0; k < s->look.count; k++)
    if (k != target && s->column[k].kind >= START_TEXT && s->column[k].kind != START_TAGS) return true;
  return false;
}

static bool takes_class(const struct start *s, size_t k) {
  const struct io_look_bag *values = &s->column[k].field->values;
  bool few = start_is(s, k, START_CLASS) || (start_is(s, k, START_NUMBER) && s->asked && !values->full);
  return (few || start_is(s, k, START_LABELS)) && values->count > 1 && has_input(s, k);
}

static bool takes_number(const struct start *s, size_t k) {
  const struct io_look_field *f = s->column[k].field;
  bool number = start_is(s, k, START_NUMBER) || (start_is(s, k, START_CLASS) && f->numbers == f->filled);
  return (number || start_is(s, k, START_VECTOR)) && has_input(s, k);
}

/* ---- what the table has ---- */

static bool reads(const struct start *s, size_t k) {
  return s->column[k].kind >= START_TEXT && s->column[k].kind != START_TAGS;
}

static bool has_texts(const struct start *s) { return start_count_inputs(s, START_TEXT) > 0; }

/* Is anything read that is not a text? Then no way of reading texts can answer by itself. */
static bool has_others(const struct start *s) {
  for (size_t k = 0; k < s->look.count; k++)
    if (start_is_input(s, k) && !start_is(s, k, START_TEXT)) return true;
  return false;
}

/* Texts alone are read in several ways that learn apart, each with a loss of its own. */
static bool learns_apart(const struct start *s) {
  return s->template == &start_classify && has_texts(s) && !has_others(s);
}

static bool has_parts(const struct start *s) {
  for (size_t k = 0; k < s->look.count; k++)
    if (start_is_input(s, k) && start_is(s, k, START_TEXT) && !s->column[k].unspaced) return true;
  return false;
}

/* Texts with words between spaces are also heard word by word; those of ideographs are long that way. */
static bool hears(const struct start *s) { return learns_apart(s) && has_parts(s); }

/* The texts themselves teach what words are like. With many rows their labels do, in a third of the time. */
static bool teaches_words(const struct start *s) { return hears(s) && s->look.rows < START_MANY_ROWS; }

/* Words of such a text are spelled as well: endings, capitals and digits tell what a rare one is. */
static bool is_spelled(const struct start *s, size_t k) { return teaches_words(s) && !s->column[k].letters; }

/* ---- columns ---- */

static void declare_text(const struct start *s, size_t k, struct rt_text *out) {
  const struct start_column *c = &s->column[k];
  char shape[64];
  bool rare = !start_is_small(s);
  const char *mark = start_mark(s, k);
  snprintf(shape, sizeof shape, "%s[T%s <= %lld]", c->letters ? "chars" : "words", mark,
           (long long)start_limit(c));
  start_declare(s, k, shape, rare ? "min_count = 2" : "", out);
  rt_text_printf(out, "  %s_phrases: phrases[P%s, V%s](from = %s%s)\n", c->name, mark, mark, c->name,
                 c->unspaced ? ", max_n = 3, min_count = 2" : "");
  if (!c->unspaced)
    rt_text_printf(out, "  %s_parts: ngrams[G%s, W%s](from = %s%s)\n", c->name, mark, mark, c->name,
                   rare ? ", min_count = 2" : "");
  if (is_spelled(s, k))
    rt_text_printf(out, "  %s_letters: chars[T%s, 16, A%s](from = %s%s)\n", c->name, mark, mark, c->name,
                   rare ? ", min_count = 2" : "");
}

/* May a row have several of the labels that are to be predicted? */
static bool has_labels(const struct start *s) { return start_is(s, s->target, START_LABELS); }

static void declare(const struct start *s, size_t k, struct rt_text *out) {
  char shape[48];
  const bool measured = start_is(s, k, START_VECTOR) || start_is(s, k, START_NUMBER);
  if (k == s->target && s->template == &start_classify)
    snprintf(shape, sizeof shape, "%s[C]", has_labels(s) ? "labels" : "class");
  else if (start_is_set(s, k))
    snprintf(shape, sizeof shape, "set[S%zu]", k + 1);
  else if (start_is(s, k, START_VECTOR))
    snprintf(shape, sizeof shape, "vector[N%zu]", k + 1);
  else if (k == s->target || start_is(s, k, START_NUMBER))
    snprintf(shape, sizeof shape, "number");
  else if (start_is(s, k, START_CLASS) || start_is(s, k, START_THING))
    snprintf(shape, sizeof shape, "class[C%zu]", k + 1);
  else if (start_is(s, k, START_TEXT)) {
    declare_text(s, k, out);
    return;
  } else {
    return;
  }
  start_declare(s, k, shape,
                k == s->target                                      ? ""
                : measured                                          ? "missing = mean, scale = standard"
                : start_is_set(s, k) && start_is(s, k, START_CLASS) ? "split = bars"
                                                                    : "",
                out);
}

/* ---- the program ---- */

static void put_sizes(const struct start *s, struct rt_text *out) {
  rt_text_puts(out, "dim D = 32            # how wide the vector of a word is; -D D=64 tries another\n");
  rt_text_printf(out, "dim F = 64            # how many features %s\n",
                 learns_apart(s) ? "windows of each width find, and how many a gist has"
                 : has_others(s) ? "windows of each width find, and a layer of the other columns has"
                                 : "windows of each width find");
  if (start_has_waves(s))
    rt_text_puts(out, "dim K = 8             # how many waves of each number are seen\n");
  if (s->template == &start_regress && !start_is(s, s->target, START_VECTOR))
    rt_text_puts(out, "dim O = 1             # numbers to be predicted\n");
  rt_text_puts(
      out, "const rate = 50%      # dropout: more where validation loss soon rises, less where loss stays "
           "high\n\n");
}

static void put_votes(const struct start *s, struct rt_text *out) {
  rt_text_printf(out,
                 "# %s has a say of its own, 0 to begin with.\n"
                 "fn votes(ids: [N] of V, A) -> [A] {\n"
                 "  say = param[V, A] = 0\n"
                 "  return sum(dropout(ones([N]), 30%%) * say[ids], N) / sqrt(N + 1)\n"
                 "}\n\n",
                 has_parts(s) ? "Each word, pair of words and part of a word" : "Each word and run of words");
}

static void put_gist(struct rt_text *out) {
  rt_text_puts(out, "# Each of them has F features as well; a gist is made of all that a text has.\n"
                    "fn gist(ids: [N] of V) -> [F] {\n"
                    "  feature = param[V, F] = normal(0.05)\n"
                    "  offset  = param[F] = 0\n"
                    "  return relu(sum(dropout(ones([N]), 30%) * feature[ids], N) / sqrt(N + 1) + offset)\n"
                    "}\n\n");
}

static void put_plain_hearing(struct rt_text *out) {
  rt_text_puts(
      out,
      "# A text heard word by word, forwards and backwards: the largest value of each feature, and what a\n"
      "# learned query picks out.\n"
      "fn hear(x: [T, I]) -> [4 * F] {\n"
      "  r = concat(gru(x, F), gru(x, F, reverse = true))\n"
      "  return concat(max(concat(zeros([1, 2 * F]), r, axis = 0), T + 1), attention_pool(r))\n"
      "}\n\n");
}

/* With vectors that are made of letters too, and words that are guessed. */
static void put_hearing(struct rt_text *out) {
  rt_text_puts(
      out,
      "# A word is a vector of its own, and what it is by its letters: endings, capitals, digits.\n"
      "fn word(text: [T] of V, letters: [T, S] of A) -> [T, 2 * D] {\n"
      "  return concat(dropout(embed(text, D), rate), dropout(spelled(letters, D), 30%))\n"
      "}\n\n"
      "# A text heard word by word, forwards and backwards: the largest value of each feature, and what a\n"
      "# learned query picks out. Each word is also guessed from those before it, and from those behind it:\n"
      "# so the texts themselves teach what words are like, not their labels alone.\n"
      "fn hear(x: [T, I], text: [T] of V) {\n"
      "  before = concat(zeros([1, F]), gru(x, F), axis = 0)\n"
      "  behind = concat(gru(x, F, reverse = true), zeros([1, F]), axis = 0)\n"
      "  r      = concat(before[1..T + 1], behind[0..T])\n"
      "  E      = param[V, F] = normal(0.1)\n"
      "  guess  = sampled_softmax(dropout(before[0..T], rate), E, text) +\n"
      "           sampled_softmax(dropout(behind[1..T + 1], rate), E, text)\n"
      "  z = concat(max(concat(zeros([1, 2 * F]), r, axis = 0), T + 1), attention_pool(r))\n"
      "  return z, mean(guess)\n"
      "}\n\n");
}

static void put_reading(const struct start *s, struct rt_text *out) {
  put_votes(s, out);
  if (learns_apart(s)) put_gist(out);
  if (hears(s)) (teaches_words(s) ? put_hearing : put_plain_hearing)(out);
  rt_text_puts(
      out,
      "# Windows of `width` words: the largest value of each feature anywhere (Kim 2014). The zeros are for\n"
      "# a text without words.\n"
      "fn window(x: [T, I], width) -> [F] {\n"
      "  return max(concat(zeros([1, F]), relu(conv(x, width, F)), axis = 0), T + 1)\n"
      "}\n\n"
      "# What a text says: windows of 1 to 4 words, and what a learned query picks out of it. `aqc attend`\n"
      "# shows the words that it looks at.\n"
      "fn read(x: [T, I]) -> [4 * F + I] {\n"
      "  z = [window(x, width) for width in 1..5]\n"
      "  return concat(z + [attention_pool(x)])\n"
      "}\n\n");
}

/* What the texts say, one behind the other. */
static void put_features(const struct start *s, struct rt_text *out) {
  const bool several = start_count_inputs(s, START_TEXT) > 1;
  const char *between = "";
  rt_text_puts(out, several ? "  z = concat(" : "  z = ");
  for (size_t k = 0; k < s->look.count; k++) {
    if (!start_is_input(s, k) || !start_is(s, k, START_TEXT)) continue;
    rt_text_puts(out, between);
    rt_text_printf(out, teaches_words(s) ? "read(%s_vectors)" : "read(dropout(embed(%s, D), rate))",
                   s->column[k].name);
    between = ",\n             ";
  }
  rt_text_puts(out, several ? ")\n" : "\n");
}

/* `f(text_phrases, C)` of each text, added up. */
static void put_sum(const struct start *s, const char *f, const char *of, const char *more,
                    struct rt_text *out) {
  const char *between = "";
  for (size_t k = 0; k < s->look.count; k++) {
    const struct start_column *c = &s->column[k];
    bool without = strcmp(of, "parts") == 0 && c->unspaced;
    if (!start_is_input(s, k) || c->kind != START_TEXT || without) continue;
    rt_text_printf(out, "%s%s(%s_%s%s)", between, f, c->name, of, more);
    between = " + ";
  }
}

/* The vectors of each text's words, which two ways of reading share. With many rows each has its own. */
static void put_vectors(const struct start *s, struct rt_text *out) {
  for (size_t k = 0; k < s->look.count; k++) {
    const char *name = s->column[k].name;
    if (!start_is_input(s, k) || !start_is(s, k, START_TEXT)) continue;
    if (is_spelled(s, k))
      rt_text_printf(out, "  %s_vectors = word(%s, %s_letters)\n", name, name, name);
    else
      rt_text_printf(out, "  %s_vectors = dropout(embed(%s, D), rate)\n", name, name);
  }
}

/* What was heard of the texts, of several one behind the other. */
static void put_heard(const struct start *s, const char *answer, struct rt_text *out) {
  struct rt_text all = {0};
  for (size_t k = 0; k < s->look.count; k++) {
    const char *name = s->column[k].name;
    if (!start_is_input(s, k) || !start_is(s, k, START_TEXT)) continue;
    if (teaches_words(s))
      rt_text_printf(out, "  %s_heard, %s_guess = hear(%s_vectors, %s)\n", name, name, name, name);
    else
      rt_text_printf(out, "  %s_heard = hear(dropout(embed(%s, D), rate))\n", name, name);
    rt_text_printf(&all, "%s%s_heard", all.length ? ", " : "", name);
  }
  bool several = start_count_inputs(s, START_TEXT) > 1;
  rt_text_printf(out,
                 several ? "  heard = linear(dropout(concat(%s), rate), %s)\n"
                         : "  heard = linear(dropout(%s, rate), %s)\n",
                 all.data ? all.data : "", answer);
  out->failed = out->failed || all.failed;
  rt_text_free(&all);
}

static void put_told(const struct start *s, const char *answer, struct rt_text *out) {
  rt_text_puts(out, "  told = linear(dropout(");
  put_sum(s, "gist", "phrases", "", out);
  if (has_parts(s)) {
    rt_text_puts(out, " + ");
    put_sum(s, "gist", "parts", "", out);
  }
  rt_text_printf(out, ", rate), %s)\n", answer);
}

/* What the features give, and what each way of reading texts says by itself. */
static void put_ways(const struct start *s, const char *answer, struct rt_text *out) {
  const char *more = rt_arena_printf((struct rt_arena *)&s->arena, ", %s", answer);
  if (!more) return;
  rt_text_printf(out, "  seen = linear(dropout(z, rate), %s)\n", answer);
  rt_text_puts(out, "  said = ");
  put_sum(s, "votes", "phrases", more, out);
  rt_text_puts(out, "\n");
  if (has_parts(s)) {
    rt_text_puts(out, "  spelt = ");
    put_sum(s, "votes", "parts", more, out);
    rt_text_puts(out, "\n");
  }
  if (learns_apart(s)) put_told(s, answer, out);
  if (hears(s)) put_heard(s, answer, out);
}

static const char *all_ways(const struct start *s) {
  if (!has_texts(s)) return "seen";
  if (has_others(s)) return has_parts(s) ? "seen + said + spelt + known" : "seen + said + known";
  return hears(s)          ? "seen + said + spelt + told + heard"
         : learns_apart(s) ? "seen + said + told"
         : has_parts(s)    ? "seen + said + spelt"
                           : "seen + said";
}

static void put_arguments(const struct start *s, struct rt_text *out) {
  const char *between = "";
  for (size_t k = 0; k < s->look.count; k++) {
    const struct start_column *c = &s->column[k];
    if (!start_is_input(s, k)) continue;
    rt_text_printf(out, "%s%s", between, c->name);
    if (c->kind == START_TEXT) rt_text_printf(out, ", %s_phrases", c->name);
    if (c->kind == START_TEXT && !c->unspaced) rt_text_printf(out, ", %s_parts", c->name);
    if (c->kind == START_TEXT && is_spelled(s, k)) rt_text_printf(out, ", %s_letters", c->name);
    between = ", ";
  }
}

static void put_model(const struct start *s, const char *answer, struct rt_text *out) {
  rt_text_printf(out, "model %s(", s->template->name);
  put_arguments(s, out);
  rt_text_printf(out, ") -> %s {\n", s->column[s->target].name);
  if (!has_texts(s)) {
    start_table_body(s, answer, out);
    return;
  }
  if (teaches_words(s)) put_vectors(s, out);
  put_features(s, out);
  put_ways(s, answer, out);
  if (has_others(s)) start_table_body(s, answer, out);
}

static void put_data(const struct start *s, struct rt_text *out) {
  rt_text_puts(out, "data {\n");
  for (size_t k = 0; k < s->look.count; k++) declare(s, k, out);
  rt_text_puts(out, "}\n\n");
}

/* The votes begin at 0 and learn faster than the rest; those of parts less so, as a word has many, and those
 * of ideographs, of which a text has many. */
static void put_groups(const struct start *s, struct rt_text *out) {
  rt_text_puts(out,
               has_parts(s)
                   ? "  groups    = [group(\"*.said**.say\", lr = 0.3), group(\"*.spelt**.say\", lr = 0.1)]"
                   : "  groups    = group(\"*.said**.say\", lr = 0.1)");
  rt_text_puts(out, " # votes learn faster\n");
}

/* A running average over some epochs gets better slowly, and seldom worse. */
static bool averages_few(const struct start *s) {
  return learns_apart(s) && !start_is_small(s) && s->look.rows < START_MANY_ROWS;
}

static void put_train(const struct start *s, const char *metric, struct rt_text *out) {
  if (!has_texts(s)) {
    start_table_train(s, metric, out);
    return;
  }
  bool small = start_is_small(s);
  const bool beside = has_others(s), many = s->look.rows >= START_MANY_ROWS;
  rt_text_printf(out, "train {\n  optimizer = %s\n",
                 !beside ? "adagrad(lr = 0.05)"
                 : small ? "adamw(lr = 3e-3)"
                         : "adamw(lr = 1e-3)");
  if (!beside) put_groups(s, out);
  rt_text_printf(out,
                 "  batch     = %d\n"
                 "  epochs    = %d # at most\n"
                 "  patience  = %d # stops when validation has not been better for so many epochs\n"
                 "  metric    = %s\n",
                 small ? 8 : 32, beside && !many ? 60 : 30,
                 small             ? 10
                 : averages_few(s) ? 8
                                   : 5,
                 metric);
  if (many || averages_few(s))
    rt_text_printf(out, "  average   = %s # what is kept is a running average of many steps\n",
                   averages_few(s) ? "0.995" : "0.9995");
  rt_text_puts(out, "}\n");
}

/* A term of the loss: of one way of reading. */
static void put_term(const struct start *s, const char *way, struct rt_text *out) {
  const char *target = s->column[s->target].name;
  rt_text_printf(out,
                 has_labels(s) ? "binary_cross_entropy(%s, %s)" : "cross_entropy(%s, %s, smoothing = 0.1)",
                 way, target);
}

/* Ways that learn apart are as good as each other, and fail in other rows: together they are better. */
static void put_apart(const struct start *s, struct rt_text *out) {
  rt_text_printf(out, "  return (%s) / %d\n}\n\n", all_ways(s), hears(s) ? 4 : 3);
  rt_text_puts(out,
               "# Each way of reading learns for itself. They are wrong in different rows, so that together\n"
               "# they are better than any of them.\nloss ");
  put_term(s, "seen", out);
  rt_text_puts(out, " +\n     ");
  put_term(s, has_parts(s) ? "said + spelt" : "said", out);
  rt_text_puts(out, " +\n     ");
  put_term(s, "told", out);
  if (hears(s)) {
    rt_text_puts(out, " +\n     ");
    put_term(s, "heard", out);
    for (size_t k = 0; teaches_words(s) && k < s->look.count; k++)
      if (start_is_input(s, k) && start_is(s, k, START_TEXT))
        rt_text_printf(out, " +\n     %s_guess", s->column[k].name);
  }
  rt_text_puts(out, "\n");
}

static void put_together(const struct start *s, struct rt_text *out) {
  rt_text_printf(out, "  return %s\n}\n\n", all_ways(s));
  rt_text_puts(
      out, has_labels(s)
               ? "loss binary_cross_entropy\n"
               : "# Where one class is much rarer: cross_entropy(weight = [1, 5]), and metric = f1 below.\n"
                 "loss cross_entropy(smoothing = 0.1)\n");
}

/* All that stands above the model. */
static void put_head(const struct start *s, struct rt_text *out) {
  start_heading(s, out);
  (has_texts(s) ? put_sizes : start_table_head)(s, out);
  put_data(s, out);
  if (has_texts(s)) put_reading(s, out);
  start_table_functions(s, out);
}

static void write_class(const struct start *s, struct rt_text *out) {
  put_head(s, out);
  put_model(s, "C", out);
  if (learns_apart(s))
    put_apart(s, out);
  else
    put_together(s, out);
  put_train(s, has_labels(s) ? "mean_average_precision" : "accuracy", out);
}

void start_put_number(const struct start *s, const char *sum, struct rt_text *out) {
  const struct io_look_field *f = s->column[s->target].field;
  const double spread = f->numbers > 1 ? sqrt(f->squares / (double)f->numbers) : 1;
  rt_text_printf(
      out, "  return %.4g + %.4g * sum(%s)  # mean and spread of the table: learning begins there\n}\n\n",
      f->mean, spread > 0 ? spread : 1, sum);
}

static void write_number(const struct start *s, struct rt_text *out) {
  const struct start_column *c = &s->column[s->target];
  char answer[24] = "O";
  if (c->kind == START_VECTOR) snprintf(answer, sizeof answer, "N%zu", s->target + 1);
  put_head(s, out);
  put_model(s, answer, out);
  if (c->kind == START_VECTOR)
    rt_text_printf(out, "  return %s\n}\n\n", all_ways(s));
  else
    start_put_number(s, all_ways(s), out);
  rt_text_puts(out,
               "# Where a few rows are far off: absolute_error, or huber(delta = 1).\nloss squared_error\n");
  put_train(s, "rmse", out);
}

const struct start_template start_classify = {
    .name = "classify",
    .about = "a label of each row, out of its texts, labels and numbers",
    .needs = "a column with few values that come again",
    .takes = takes_class,
    .reads = reads,
    .write = write_class,
};

const struct start_template start_regress = {
    .name = "regress",
    .about = "a number of each row, or several, out of its texts, labels and numbers",
    .needs = "a column of numbers",
    .takes = takes_number,
    .reads = reads,
    .write = write_number,
};
