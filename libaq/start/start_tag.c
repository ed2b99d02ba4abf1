/* start_tag.c: the template that gives each word of a text a tag. */
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
  return s->look.rows < 8000 ? (struct pace){16, 16, "\n  average   = 0.997"}
                             : (struct pace){32, 8, "\n  average   = 0.998"};
}

static void put_data(const struct start *s, size_t text, struct rt_text *out) {
  rt_text_puts(out, "data {\n");
  for (size_t k = 0; k < s->look.count; k++) {
    if (k == text) {
      start_declare(s, k, "words[T, V]", start_is_small(s) ? "" : "min_count = 2", out);
    } else if (k == s->target) {
      start_declare(s, k, "tags[T, C]", "", out);
    } else {
      start_spare(s, k, out);
    }
  }
  rt_text_printf(out, "  %s_letters: chars[T, 16, A](from = %s%s)\n}\n\n", s->column[text].name,
                 s->column[text].name, start_is_small(s) ? "" : ", min_count = 3");
}

static void write(const struct start *s, struct rt_text *out) {
  size_t text = s->column[s->target].of;
  const char *name = s->column[text].name, *tags = s->column[s->target].name;
  const struct pace pace = pace_of(s);
  const int width = start_is_small(s) ? 48 : 96, letters = start_is_small(s) ? 64 : 128;
  start_heading(s, out);
  rt_text_printf(out,
                 "dim D = %d, F = %d\n"
                 "const rate = 50%%         # dropout: more where validation loss soon rises\n\n",
                 width, letters);
  put_data(s, text, out);
  rt_text_printf(out, "model tag(%s, %s_letters", name, name);
  start_spare_arguments(s, out);
  rt_text_printf(
      out,
      ") -> %s {\n"
      "  word = dropout(embed(%s, D), rate)\n"
      "  spelling = dropout(spelled(%s_letters, F, width = 5), 30%%)   # its ends, capitals, digits\n"
      "  x = relu(conv(concat(word, spelling), 3, F))    # each word with its neighbours\n"
      "  x = concat(x, gru(x, D), gru(x, D, reverse = true))   # and with all before and behind it\n"
      "  return crf(linear(dropout(x, 40%%), C))          # learns which tag follows which\n"
      "}\n\n"
      "# The words of a text are what spaces separate, as many as there are tags.\n"
      "loss chain\n"
      "train {\n"
      "  optimizer = adamw(lr = 4e-3)\n"
      "  schedule  = cosine(warmup = 5%%)\n"
      "  batch     = %d\n"
      "  epochs    = %d%s\n"
      "}\n",
      tags, name, name, pace.batch, pace.epochs, pace.average);
}

const struct start_template start_tag = {
    .name = "tag",
    .about = "a tag for each word of a text: parts of speech, names of things",
    .needs = "a text, and a column with as many tags as the text has words, spaces between",
    .takes = takes,
    .reads = reads,
    .write = write,
};
