/* start_text.c: templates that write texts: translate and generate. */
#include <stdio.h>

#include "libaq/start/start.h"

/* ---- translate ---- */

static bool takes_pair(const struct start *s, size_t k) {
  size_t texts = 0;
  for (size_t c = 0; c < s->look.count; c++) texts += c != k && start_is(s, c, START_TEXT);
  return texts > 0 && start_is(s, k, START_TEXT);
}

static bool reads_source(const struct start *s, size_t k) { return k == start_nth(s, START_TEXT, 0); }

static void put_pair(const struct start *s, size_t source, struct rt_text *out) {
  char shape[64];
  rt_text_puts(out, "data {\n");
  for (size_t k = 0; k < s->look.count; k++) {
    const struct start_column *c = &s->column[k];
    if (k != source && k != s->target) continue;
    snprintf(shape, sizeof shape, "%s[%s%s <= %lld%s]", c->letters ? "chars" : "words",
             k == source ? "1 <= " : "", k == source ? "S" : "T", (long long)start_limit(c),
             k == source ? "" : ", V");
    start_declare(s, k, shape, start_is_small(s) ? "" : "min_count = 2", out);
  }
  rt_text_puts(out, "}\n\n");
}

static void write_translate(const struct start *s, struct rt_text *out) {
  size_t source = start_nth(s, START_TEXT, 0);
  const char *from = s->column[source].name, *to = s->column[s->target].name;
  start_heading(s, out);
  rt_text_puts(out, "dim D = 128, H = 4, L = 2  # width, heads, layers of each side\n"
                    "const rate = 20%           # dropout: more where validation loss soon rises\n\n");
  put_pair(s, source, out);
  rt_text_printf(
      out,
      "# The source is read as a whole. Each word of the answer sees those before it (`self`), and\n"
      "# asks the source (`cross`).\n"
      "model translate(%s, %s",
      from, to);
  rt_text_printf(out,
                 ") -> next(%s) {\n"
                 "  E = param[V, D] = normal(0.05)  # the table of words is also the last layer\n"
                 "  x = dropout(sinusoid(embed(%s, D)), rate)\n"
                 "  for l in 0..L { x = encoder_layer(x, H, rate = rate) }\n"
                 "  x = layernorm(x)\n"
                 "  y = dropout(sinusoid(E[%s]), rate)\n"
                 "  for l in 0..L { y = decoder_layer(y, x, H, 4 * D, rate = rate) }\n"
                 "  return layernorm(y) @ E'\n"
                 "}\n\n",
                 to, from, to);
  rt_text_printf(
      out,
      "# aqc generate model.aqm FILE --beam 5 writes; aqc eval model.aqm FILE --generate has BLEU and chrF.\n"
      "loss cross_entropy(smoothing = 0.1)\n"
      "train {\n"
      "  optimizer = adamw(lr = 1e-3)\n"
      "  schedule  = inverse_sqrt(warmup = 5%%)\n"
      "  batch     = %d\n"
      "  epochs    = 15       # at most\n"
      "  patience  = 2        # stops when validation has not been better for so many epochs\n"
      "  clip      = 1\n"
      "}\n",
      start_is_small(s) ? 8 : 32);
}

const struct start_template start_translate = {
    .name = "translate",
    .about = "a text out of another one: a translation, an answer, a summary",
    .texts = true,
    .needs = "two columns of texts",
    .takes = takes_pair,
    .reads = reads_source,
    .write = write_translate,
};

/* ---- generate ---- */

static bool takes_text(const struct start *s, size_t k) { return start_is(s, k, START_TEXT); }

static bool reads_nothing(const struct start *s, size_t k) {
  (void)s, (void)k;
  return false;
}

static bool is_lines(const struct start *s) { return io_format_of(s->path) == IO_FORMAT_LINES; }

static void write_generate(const struct start *s, struct rt_text *out) {
  const char *name = s->column[s->target].name;
  bool small = start_is_small(s);
  start_heading(s, out);
  rt_text_printf(out,
                 "dim D = %d, H = 4, L = %d  # width, heads, layers\n"
                 "const rate = 10%%          # dropout: more where validation loss soon rises\n\n",
                 small ? 64 : 128, small ? 2 : 4);
  rt_text_puts(out, "data {\n");
  start_declare(s, s->target, "chars[T <= 256, V]", "", out);
  rt_text_puts(out, "}\n\n");
  rt_text_printf(
      out,
      "# Which character comes next? Each sees those before it, and how far back they are (ALiBi: Press et\n"
      "# al. 2022). %s\n"
      "model generate(%s",
      is_lines(s) ? "The file is one long text, cut into windows of the limit."
                  : "Each row is a text with a beginning and an end.",
      name);
  rt_text_printf(out,
                 ") -> next(%s) {\n"
                 "  x = embed(%s, D)\n"
                 "  for l in 0..L {\n"
                 "    x = encoder_layer(x, H, rate = rate) with {\n"
                 "      score = score + alibi(i, j, h, H)\n"
                 "      mask  = causal(i, j)\n"
                 "    }\n"
                 "  }\n"
                 "  return linear(layernorm(x), V)\n"
                 "}\n\n",
                 name, name);
  rt_text_printf(out,
                 "# aqc generate model.aqm --prompt \"Once\" --temperature 0.8 writes.\n"
                 "loss cross_entropy\n"
                 "train {\n"
                 "  optimizer = adamw(lr = 2e-3)\n"
                 "  schedule  = cosine(warmup = 5%%)\n"
                 "  batch     = %d\n"
                 "  epochs    = 10\n"
                 "  clip      = 1\n"
                 "}\n",
                 small ? 8 : 16);
}

const struct start_template start_generate = {
    .name = "generate",
    .about = "texts like those of the table, character by character",
    .texts = true,
    .needs = "a column of texts",
    .takes = takes_text,
    .reads = reads_nothing,
    .write = write_generate,
};
