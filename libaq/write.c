/* write.c: the scores of an example as a line of text or of JSON.
 *
 * As text, outputs are separated by tabs. A class: its label; with probabilities: then those of all classes
 * in the order of aq_model_class; with top K instead: the K best labels, each followed by its probability.
 * Tags: labels separated by spaces, then (with probabilities) theirs. Numbers: separated by spaces. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/session.h"
#include "runtime/io/json.h"
#include "runtime/io/utf8.h"

/* ---- pieces ---- */

/* With a point, whatever the host's locale. */
static void add_number(struct rt_text *out, const char *format, double x) {
  char number[64];
  snprintf(number, sizeof number, format, x);
  for (char *c = number; *c; c++)
    if (*c == ',') *c = '.';
  rt_text_puts(out, number);
}

static void add_probability(struct rt_text *out, double p) { add_number(out, "%.6g", p); }

/* A label on one line and in one field. */
static void add_label(struct rt_text *out, const struct io_vocab *vocab, int64_t id) {
  size_t length = 0;
  const char *text = io_vocab_text(vocab, (int32_t)id, &length);
  for (size_t k = 0; text && k < length; k++) {
    if (text[k] == '\n')
      rt_text_puts(out, "\\n");
    else if (text[k] == '\t')
      rt_text_puts(out, "\\t");
    else if (text[k] == '\r')
      rt_text_puts(out, "\\r");
    else
      rt_text_add(out, text + k, 1);
  }
}

/* A byte that is no text by itself becomes "\xNN". */
static void add_json_label(struct rt_text *out, const struct io_vocab *vocab, int64_t id) {
  size_t length = 0;
  const char *text = io_vocab_text(vocab, (int32_t)id, &length);
  char byte[8];
  if (text && io_utf8_check(text, length) == length) {
    io_json_string(out, text, length);
    return;
  }
  int n = snprintf(byte, sizeof byte, "\\x%02x", text && length ? (unsigned)(unsigned char)text[0] : 0);
  io_json_string(out, byte, (size_t)n);
}

static void add_json_number(struct rt_text *out, double x) {
  if (isfinite(x))
    add_number(out, "%.9g", x);
  else
    rt_text_puts(out, "null");
}

/* The best class that is worse than (above, before), which came before it; ties go by number. -1: there is
 * none. */
static int64_t next_best(const double *p, int64_t count, double above, int64_t before) {
  int64_t best = -1;
  for (int64_t k = 0; k < count; k++) {
    bool worse = before < 0 || p[k] < above || (p[k] == above && k > before);
    if (worse && (best < 0 || p[k] > p[best])) best = k;
  }
  return best;
}

static int64_t best_of(const double *p, int64_t count) { return next_best(p, count, INFINITY, -1); }

/* ---- text ---- */

static void class_text(const double *p, int64_t count, const struct io_vocab *vocab,
                       const aq_predict_options *options, struct rt_text *out) {
  int64_t best = best_of(p, count);
  if (best < 0) return;
  add_label(out, vocab, best);
  for (int k = 0; k < options->top && best >= 0; k++) {
    if (k) {
      rt_text_puts(out, "\t");
      add_label(out, vocab, best);
    }
    rt_text_puts(out, "\t");
    add_probability(out, p[best]);
    best = next_best(p, count, p[best], best);
  }
  for (int64_t k = 0; k < count && options->probabilities && !options->top; k++) {
    rt_text_puts(out, "\t");
    add_probability(out, p[k]);
  }
}

static void tags_text(const double *p, int64_t rows, int64_t count, const struct io_vocab *vocab,
                      const aq_predict_options *options, struct rt_text *out) {
  for (int64_t r = 0; r < rows; r++) {
    if (r) rt_text_puts(out, " ");
    add_label(out, vocab, best_of(p + r * count, count));
  }
  if (!options->probabilities) return;
  rt_text_puts(out, "\t");
  for (int64_t r = 0; r < rows; r++) {
    if (r) rt_text_puts(out, " ");
    add_probability(out, p[r * count + best_of(p + r * count, count)]);
  }
}

void session_write_text(const struct aq_session *s, int64_t example, const aq_predict_options *options,
                        struct rt_text *out) {
  for (uint32_t o = 0; o < s->model->module->output_count; o++) {
    const struct session_scores *scores = &s->scores[o];
    int64_t count = scores->columns, rows = scores->first[example + 1] - scores->first[example];
    const double *p = scores->value + scores->first[example] * count;
    enum session_kind kind = session_kind(s, o);
    if (o) rt_text_puts(out, "\t");
    if (kind == SESSION_TAGS)
      tags_text(p, rows, count, session_vocab(s, o), options, out);
    else if (kind == SESSION_CLASS && rows)
      class_text(p, count, session_vocab(s, o), options, out);
    else if (kind == SESSION_NEXT && rows)
      class_text(p + (rows - 1) * count, count, session_vocab(s, o), options, out);
    for (int64_t k = 0; k < rows * count && kind >= SESSION_CHANCE; k++) {
      if (k) rt_text_puts(out, " ");
      add_number(out, "%.9g", p[k]);
    }
  }
}

/* ---- JSON ---- */

static void class_json(const double *p, int64_t count, const struct io_vocab *vocab,
                       const aq_predict_options *options, struct rt_text *out) {
  int64_t best = best_of(p, count);
  if (best < 0) {
    rt_text_puts(out, "null");
    return;
  }
  rt_text_puts(out, "{\"label\":");
  add_json_label(out, vocab, best);
  rt_text_puts(out, ",\"probability\":");
  add_json_number(out, p[best]);
  for (int64_t k = 0; k < count && options->probabilities; k++) {
    rt_text_puts(out, k ? "," : ",\"probabilities\":{");
    add_json_label(out, vocab, k);
    rt_text_puts(out, ":");
    add_json_number(out, p[k]);
    if (k + 1 == count) rt_text_puts(out, "}");
  }
  for (int k = 0; k < options->top && best >= 0; k++) {
    rt_text_puts(out, k ? ",{\"label\":" : ",\"top\":[{\"label\":");
    add_json_label(out, vocab, best);
    rt_text_puts(out, ",\"probability\":");
    add_json_number(out, p[best]);
    best = next_best(p, count, p[best], best);
    rt_text_puts(out, k + 1 == options->top || best < 0 ? "}]" : "}");
  }
  rt_text_puts(out, "}");
}

static void tags_json(const double *p, int64_t rows, int64_t count, const struct io_vocab *vocab,
                      const aq_predict_options *options, struct rt_text *out) {
  rt_text_puts(out, "{\"labels\":[");
  for (int64_t r = 0; r < rows; r++) {
    if (r) rt_text_puts(out, ",");
    add_json_label(out, vocab, best_of(p + r * count, count));
  }
  rt_text_puts(out, options->probabilities ? "],\"probability\":[" : "]");
  for (int64_t r = 0; r < rows && options->probabilities; r++) {
    if (r) rt_text_puts(out, ",");
    add_json_number(out, p[r * count + best_of(p + r * count, count)]);
  }
  rt_text_puts(out, options->probabilities ? "]}" : "}");
}

static void numbers_json(const double *p, int64_t count, bool one, struct rt_text *out) {
  if (!one) rt_text_puts(out, "[");
  for (int64_t k = 0; k < count; k++) {
    if (k) rt_text_puts(out, ",");
    add_json_number(out, p[k]);
  }
  if (!one) rt_text_puts(out, "]");
}

void session_write_json(const struct aq_session *s, int64_t example, const aq_predict_options *options,
                        struct rt_text *out) {
  const struct vm_module *m = s->model->module;
  for (uint32_t o = 0; o < m->output_count; o++) {
    const struct session_scores *scores = &s->scores[o];
    int64_t count = scores->columns, rows = scores->first[example + 1] - scores->first[example];
    const double *p = scores->value + scores->first[example] * count;
    enum session_kind kind = session_kind(s, o);
    rt_text_puts(out, o ? "," : "{");
    io_json_string(out, m->output[o].name, strlen(m->output[o].name));
    rt_text_puts(out, ":");
    if (kind == SESSION_TAGS)
      tags_json(p, rows, count, session_vocab(s, o), options, out);
    else if (kind == SESSION_CLASS || kind == SESSION_NEXT)
      class_json(p + (rows ? rows - 1 : 0) * count, rows ? count : 0, session_vocab(s, o), options, out);
    else
      numbers_json(p, rows * count, m->input[m->output[o].target].type.rank == 0, out);
  }
  rt_text_puts(out, "}");
}
