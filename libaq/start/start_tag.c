/* start_tag.c: the template that gives each word of a text a tag. */
#include <string.h>

#include "libaq/start/start.h"

static bool takes(const struct start *s, size_t k) { return start_is(s, k, START_TAGS); }

static bool reads(const struct start *s, size_t k) { return k == s->column[s->target].of; }

/* What a table of so many rows is trained with, as measured on 12,500 and on 3,400 texts. */
struct pace {
  int batch, epochs;
  const char *average; /* of the last thousand steps, where there are several thousand */
};

static struct pace pace_of(const struct start *s) {
  if (start_is_small(s)) return (struct pace){8, 30, ""};
  return s->look.rows < 8000 ? (struct pace){16, 12, "\n  average   = 0.997"}
                             : (struct pace){32, 8, "\n  average   = 0.998"};
}

/* Tags that mark where a thing begins and goes on, B-PER and I-PER. */
static bool marks_things(const struct start *s) {
  const struct io_look_bag *items = &s->column[s->target].field->items;
  for (size_t k = 0; k < items->count; k++)
    if (strncmp(items->value[k].text, "B-", 2) == 0) return true;
  return false;
}

static void put_data(const struct start *s, size_t text, struct rt_text *out) {
  rt_text_puts(out, "data {\n");
  for (size_t k = 0; k < s->look.count; k++) {
    if (k == text) {
      start_declare(s, k, "words[T, V]", start_is_small(s) ? "" : "min_count = 2", out);
    } else if (k == s->target) {
      start_declare(s, k, "tags[T, C]", "", out);
    }
  }
  const char *name = s->column[text].name;
  if (marks_things(s))
    rt_text_printf(out, "  %s_cased: words[T, W](from = %s, lower = false, split = spaces%s)\n", name, name,
                   start_is_small(s) ? "" : ", min_count = 2");
  rt_text_printf(out, "  %s_letters: chars[T, 16, A](from = %s%s)\n}\n\n", name, name,
                 start_is_small(s) ? "" : ", min_count = 3");
}

/* The sum of a word's tables, and the layers above. Names are rare, and more easily learned by heart. */
static void put_layers(const struct start *s, const char *name, struct rt_text *out) {
  if (!marks_things(s)) {
    rt_text_printf(
        out,
        "  word = dropout(embed(%s, D), rate)\n"
        "  spelling = dropout(spelled(%s_letters, F, width = 5), 30%%)   # ends, capitals, digits\n"
        "  x = relu(conv(concat(word, spelling), 3, F))   # each word with its neighbours\n",
        name, name);
    return;
  }
  rt_text_printf(out,
                 "  word = concat(dropout(embed(%s, D), rate), dropout(embed(%s_cased, D), rate))\n"
                 "  letters = spelled(%s_letters, F, width = 5)   # ends, capitals, digits\n"
                 "  spelling = dropout(tanh(layernorm(letters)), 20%%)\n"
                 "  x = relu(conv(concat(word, spelling), 3, F))   # each word with its neighbours\n"
                 "  x = x + relu(conv(dropout(x, 40%%), 3, F))\n",
                 name, name, name);
}

static void write(const struct start *s, struct rt_text *out) {
  size_t text = s->column[s->target].of;
  const char *name = s->column[text].name, *tags = s->column[s->target].name;
  const struct pace pace = pace_of(s);
  const bool things = marks_things(s), small = start_is_small(s);
  start_heading(s, out);
  rt_text_printf(out,
                 "dim D = %d, F = %d\n"
                 "const rate = 50%%         # dropout: more where validation loss soon rises\n\n",
                 small    ? 48
                 : things ? 64
                          : 96,
                 small ? 64 : 128);
  put_data(s, text, out);
  rt_text_printf(out, "model tag(%s", name);
  if (things) rt_text_printf(out, ", %s_cased", name);
  rt_text_printf(out, ", %s_letters", name);
  rt_text_printf(out, ") -> %s {\n", tags);
  put_layers(s, name, out);
  rt_text_printf(
      out,
      "  x = concat(x, gru(x, D), gru(x, D, reverse = true))   # and with all before and behind it\n"
      "  return crf(linear(dropout(x, %d%%), C))   # learns which tag follows which\n"
      "}\n\n"
      "# The words of a text are what spaces separate, as many as there are tags.\n"
      "loss chain\n"
      "train {\n"
      "  optimizer = adamw(lr = 4e-3)\n"
      "  schedule  = cosine(warmup = 5%%)\n"
      "  batch     = %d\n"
      "  epochs    = %d%s%s\n"
      "}\n",
      things ? 50 : 40, pace.batch, pace.epochs, pace.average, things ? "\n  clip      = 1" : "");
}

const struct start_template start_tag = {
    .name = "tag",
    .about = "a tag for each word of a text: parts of speech, names of things",
    .needs = "a text, and a column with as many tags as the text has words, spaces between",
    .takes = takes,
    .reads = reads,
    .write = write,
};
