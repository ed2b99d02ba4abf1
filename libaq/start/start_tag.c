/* start_tag.c: the template that gives each word of a text a tag. */
#include <stdio.h>
#include <string.h>

#include "libaq/start/start.h"

static bool takes(const struct start *s, size_t k) { return start_is(s, k, START_TAGS); }

static bool reads(const struct start *s, size_t k) { return k == s->column[s->target].of; }

static void put_data(const struct start *s, size_t text, struct rt_text *out) {
  char shape[48];
  rt_text_puts(out, "data {\n");
  for (size_t k = 0; k < s->look.count; k++) {
    if (k == text) {
      snprintf(shape, sizeof shape, "words[T <= %lld]", (long long)start_limit(&s->column[k]));
      start_declare(s, k, shape, start_is_small(s) ? "" : "min_count = 2", out);
    } else if (k == s->target) {
      start_declare(s, k, "tags[T, C]", "", out);
    } else {
      start_spare(s, k, out);
    }
  }
  rt_text_puts(out, "}\n\n");
}

/* Tags that mark where a thing begins and goes on, B-PER and I-PER: which tag follows which matters then. */
static bool marks_things(const struct start *s) {
  const struct io_look_bag *items = &s->column[s->target].field->items;
  for (size_t k = 0; k < items->count; k++)
    if (strncmp(items->value[k].text, "B-", 2) == 0) return true;
  return false;
}

static void write(const struct start *s, struct rt_text *out) {
  size_t text = s->column[s->target].of;
  bool chain = marks_things(s);
  const char *name = s->column[text].name, *tags = s->column[s->target].name;
  start_heading(s, out);
  rt_text_puts(out, "dim D = 64, H = 4, K = D / H\n"
                    "const rate = 30%         # dropout: more where validation loss soon rises\n\n");
  put_data(s, text, out);
  rt_text_puts(out, "# H heads that look a few words to each side; each learns what a distance is worth.\n"
                    "head[H] near(x: [T, D]) -> [T, K] {\n"
                    "  reach = param[9] = 0   # distances -4 .. 4\n"
                    "  query = project(x, K)\n"
                    "  key   = project(x, K)\n"
                    "  value = project(x, K)\n"
                    "  score = s / sqrt(K) + reach[i - j + 4]\n"
                    "  mask  = abs(i - j) <= 4\n"
                    "}\n\n");
  rt_text_printf(out, "model tag(%s", name);
  start_spare_arguments(s, out);
  rt_text_printf(out,
                 ") -> %s {\n"
                 "  x = dropout(embed(%s, D), rate)\n"
                 "  x = x + relu(conv(x, 3, D))            # each word with its neighbours\n"
                 "  for l in 0..2 {\n"
                 "    z = near(layernorm(x))\n"
                 "    x = x + dropout(linear(relu(reshape(z, [T, D])), D), rate)\n"
                 "  }\n"
                 "  return %slinear(layernorm(x), C)%s\n"
                 "}\n\n"
                 "# The words of a text are what spaces separate, as many as there are tags.\n"
                 "loss %s\n"
                 "train {\n"
                 "  optimizer = adamw(lr = 2e-3)\n"
                 "  batch     = %d\n"
                 "  epochs    = 20       # at most\n"
                 "  patience  = 3        # stops when validation has not been better for so many epochs\n"
                 "}\n",
                 tags, name, chain ? "crf(" : "", chain ? ")  # learns which tag follows which" : "",
                 chain ? "chain" : "cross_entropy", start_is_small(s) ? 8 : 32);
}

const struct start_template start_tag = {
    .name = "tag",
    .about = "a tag for each word of a text: parts of speech, names of things",
    .needs = "a text, and a column with as many tags as the text has words, spaces between",
    .takes = takes,
    .reads = reads,
    .write = write,
};
