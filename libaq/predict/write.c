/* write.c: writes the scores of an example as a line of text or of JSON.
 *
 * In text, tabs separate the outputs. A class is its label; with probabilities, a field LABEL=P follows for
 * each class, in the order of aq_model_class; with top K, for each of the K best, the best first. Tags are
 * labels with spaces between them, and with probabilities a field with those follows; CUT stands for words
 * that the model did not see. Numbers have spaces between them, the rows of a matrix and vectors `;`.
 * Boxes are as in a file; with probabilities, a field with those follows. Of an image it is the file that has
 * it. */
#include <math.h>
#include <string.h>

#include "libaq/predict/frame_text.h"
#include "libaq/predict/session.h"
#include "libaq/shown/shown_tree.h"
#include "libaq/predict/write_pieces.h"
#include "runtime/io/boxes.h"
#include "runtime/io/json.h"

/* The scores of one output for one example. */
struct answer {
  const struct aq_session *session;
  uint32_t output;
  const double *p; /* [rows, count] */
  int64_t rows, count;
  bool lists;          /* numbers: each row is a list, of a matrix or of vectors */
  const int32_t *path; /* tags: the number of each row's */
  int64_t unanswered;  /* tags: words behind the rows, which the model was not given */
  const struct io_vocab *vocab;
  const aq_predict_options *options;
};

#define CUT "<cut>" /* no tag: no label has it unless somebody means to confuse */

/* How many tokens of the example were cut off in a column. */
static int64_t cut_of(const struct aq_session *s, int column, int64_t example) {
  const struct io_values *v = &s->data.values[column];
  return v->row_cuts ? v->row_cuts[s->scored_row + example] : 0;
}

static struct answer answer_of(const struct aq_session *s, uint32_t o, int64_t example,
                               const aq_predict_options *options) {
  const struct vm_module *m = s->model->module;
  const struct session_scores *scores = &s->scores[o];
  struct answer a = {.session = s,
                     .output = o,
                     .p = scores->value + scores->first[example] * scores->columns,
                     .rows = scores->first[example + 1] - scores->first[example],
                     .count = scores->columns,
                     .lists = m->input[m->output[o].target].type.rank > 1,
                     .vocab = session_vocab(s, o),
                     .options = options};
  if (vm_targets[session_target(s, o)].form == VM_TAGS) {
    a.path = scores->tags.path + scores->first[example];
    int column = vm_column_of(m, &m->input[m->output[o].target]);
    a.unanswered = cut_of(s, s->model->schema.columns[column].pair, example);
  }
  return a;
}

/* The class with the highest probability below that of `before`; of equal ones, the next by number. -1: there
 * is none. */
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

static void add_class(struct rt_text *out, const struct answer *a, const double *p, int64_t id) {
  rt_text_puts(out, "\t");
  put_label(out, a->vocab, id);
  rt_text_puts(out, "=");
  put_probability(out, p[id]);
}

/* What is written for a class that is not likely enough; NULL: it is. */
static const char *unsure(const struct answer *a) {
  int64_t best = a->options->below > 0 && a->rows ? best_of(a->p, a->count) : -1;
  return best >= 0 && a->p[best] < a->options->below ? a->options->below_label : NULL;
}

/* p: the scores that count, one for each class. instead: of the label, or NULL. */
static void one_text(const struct answer *a, const double *p, const char *instead, struct rt_text *out) {
  int64_t best = best_of(p, a->count);
  if (best < 0) return;
  if (instead)
    shown_escape(out, instead, strlen(instead));
  else
    put_label(out, a->vocab, best);
  for (int64_t k = 0; k < a->count && a->options->probabilities; k++) add_class(out, a, p, k);
  for (int k = 0; k < a->options->top && best >= 0; k++) {
    add_class(out, a, p, best);
    best = next_best(p, a->count, p[best], best);
  }
}

static void class_text(const struct answer *a, struct rt_text *out) {
  if (a->rows) one_text(a, a->p, unsure(a), out);
}

static void last_text(const struct answer *a, struct rt_text *out) {
  if (a->rows) one_text(a, a->p + (a->rows - 1) * a->count, NULL, out);
}

static void add_cuts(const struct answer *a, struct rt_text *out) {
  for (int64_t k = 0; k < a->unanswered; k++) rt_text_puts(out, k || a->rows ? " " CUT : CUT);
}

static void tags_text(const struct answer *a, struct rt_text *out) {
  for (int64_t r = 0; r < a->rows; r++) {
    if (r) rt_text_puts(out, " ");
    put_label(out, a->vocab, a->path[r]);
  }
  add_cuts(a, out);
  if (!a->options->probabilities) return;
  rt_text_puts(out, "\t");
  for (int64_t r = 0; r < a->rows; r++) {
    if (r) rt_text_puts(out, " ");
    put_probability(out, a->p[r * a->count + a->path[r]]);
  }
  add_cuts(a, out);
}

/* Labels above their threshold, with bars between them. */
static void labels_text(const struct answer *a, struct rt_text *out) {
  const char *before = "";
  for (int64_t k = 0; k < a->count; k++) {
    if (!(a->p[k] > session_label_above(a->session, a->output, k))) continue;
    rt_text_puts(out, before);
    put_label(out, a->vocab, k);
    before = "|";
  }
  for (int64_t k = 0; k < a->count && a->options->probabilities; k++) add_class(out, a, a->p, k);
  int64_t best = best_of(a->p, a->count);
  for (int k = 0; k < a->options->top && best >= 0; k++) {
    add_class(out, a, a->p, best);
    best = next_best(a->p, a->count, a->p[best], best);
  }
}

static void numbers_text(const struct answer *a, struct rt_text *out) {
  for (int64_t k = 0; k < a->rows * a->count; k++) {
    if (k) rt_text_puts(out, a->lists && k % a->count == 0 ? "; " : " ");
    put_number(out, "%.9g", a->p[k]);
  }
}

/* The file that has the image; nothing when none was written. */
static void image_text(const struct answer *a, struct rt_text *out) {
  const struct rt_text *file = &a->session->scores[a->output].file;
  if (file->length) shown_escape(out, file->data, file->length);
}

static void image_json(const struct answer *a, struct rt_text *out) {
  const struct rt_text *file = &a->session->scores[a->output].file;
  if (!file->length) {
    rt_text_puts(out, "null");
    return;
  }
  rt_text_puts(out, "{\"image\":");
  io_json_string(out, file->data, file->length);
  rt_text_puts(out, "}");
}

/* ---- boxes ---- */

/* Number `row` of what the model gives. False: it is not likely enough. */
static bool take_box(const struct answer *a, int64_t row, aq_box *box) {
  *box = session_box(a->session, a->output, a->p + row * a->count, a->count);
  return box->predicted;
}

static void boxes_text(const struct answer *a, struct rt_text *out) {
  aq_box box;
  const char *before = "";
  for (int64_t r = 0; r < a->rows; r++) {
    if (!take_box(a, r, &box)) continue;
    rt_text_puts(out, before);
    put_label(out, a->vocab, (int64_t)box.number);
    for (int k = 0; k < IO_BOX_NUMBERS; k++) {
      rt_text_puts(out, " ");
      put_number(out, "%.6g", box.at[k]);
    }
    before = "; ";
  }
  if (a->options->probabilities) rt_text_puts(out, "\t");
  before = "";
  for (int64_t r = 0; r < a->rows && a->options->probabilities; r++) {
    if (!take_box(a, r, &box)) continue;
    rt_text_puts(out, before);
    put_probability(out, box.probability);
    before = " ";
  }
}

static void boxes_json(const struct answer *a, struct rt_text *out) {
  aq_box box;
  const char *before = "";
  rt_text_puts(out, "[");
  for (int64_t r = 0; r < a->rows; r++) {
    if (!take_box(a, r, &box)) continue;
    rt_text_printf(out, "%s{\"label\":", before);
    put_json_label(out, a->vocab, (int64_t)box.number);
    rt_text_puts(out, ",\"probability\":");
    put_json_number(out, box.probability);
    for (int k = 0; k < IO_BOX_NUMBERS; k++) {
      rt_text_puts(out, k ? "," : ",\"box\":[");
      put_number(out, "%.6g", box.at[k]);
    }
    rt_text_puts(out, "]}");
    before = ",";
  }
  rt_text_puts(out, "]");
}

/* How well two columns match: the product of their vectors. */
static double product(const struct answer *a) {
  double sum = 0;
  for (int64_t k = 0; k < a->count; k++) sum += a->p[k] * a->p[a->count + k];
  return sum;
}

static void match_text(const struct answer *a, struct rt_text *out) { put_number(out, "%.6g", product(a)); }

/* The text that the frames spell; *said is to be freed. False: no memory. */
static bool read_frames(const struct answer *a, struct rt_text *out, struct frame_text *said) {
  *said = (struct frame_text){.beam = a->session->options.beam};
  if (frame_text_read(said, session_column(a->session, a->output), a->p, a->rows, a->count) != RT_OK)
    out->failed = true;
  return !out->failed;
}

static void frames_text(const struct answer *a, struct rt_text *out) {
  struct frame_text said;
  if (read_frames(a, out, &said)) shown_escape(out, said.text.data, said.text.length);
  frame_text_free(&said);
}

/* ---- JSON ---- */

static void frames_json(const struct answer *a, struct rt_text *out) {
  struct frame_text said;
  if (read_frames(a, out, &said)) {
    rt_text_puts(out, "{\"text\":");
    io_json_string(out, said.text.data, said.text.length);
    rt_text_puts(out, ",\"log_probability\":");
    put_json_number(out, said.log_probability);
    rt_text_puts(out, "}");
  }
  frame_text_free(&said);
}

/* The label and its probability, without the closing brace. */
static void add_json_class(struct rt_text *out, const struct answer *a, const double *p, int64_t id) {
  rt_text_puts(out, "{\"label\":");
  put_json_label(out, a->vocab, id);
  rt_text_puts(out, ",\"probability\":");
  put_json_number(out, p[id]);
}

static void add_json_unsure(struct rt_text *out, const char *label, double p) {
  rt_text_puts(out, "{\"label\":");
  io_json_string(out, label, strlen(label));
  rt_text_puts(out, ",\"probability\":");
  put_json_number(out, p);
}

static void one_json(const struct answer *a, const double *p, const char *instead, struct rt_text *out) {
  int64_t best = a->rows ? best_of(p, a->count) : -1;
  if (best < 0) {
    rt_text_puts(out, "null");
    return;
  }
  if (instead)
    add_json_unsure(out, instead, p[best]);
  else
    add_json_class(out, a, p, best);
  for (int64_t k = 0; k < a->count && a->options->probabilities; k++) {
    rt_text_puts(out, k ? "," : ",\"probabilities\":{");
    put_json_label(out, a->vocab, k);
    rt_text_puts(out, ":");
    put_json_number(out, p[k]);
    if (k + 1 == a->count) rt_text_puts(out, "}");
  }
  for (int k = 0; k < a->options->top && best >= 0; k++) {
    rt_text_puts(out, k ? "," : ",\"top\":[");
    add_json_class(out, a, p, best);
    best = next_best(p, a->count, p[best], best);
    rt_text_puts(out, k + 1 == a->options->top || best < 0 ? "}]" : "}");
  }
  rt_text_puts(out, "}");
}

static void class_json(const struct answer *a, struct rt_text *out) { one_json(a, a->p, unsure(a), out); }

static void last_json(const struct answer *a, struct rt_text *out) {
  one_json(a, a->p + (a->rows ? a->rows - 1 : 0) * a->count, NULL, out);
}

static void add_nulls(const struct answer *a, struct rt_text *out) {
  for (int64_t k = 0; k < a->unanswered; k++) rt_text_puts(out, k || a->rows ? ",null" : "null");
}

static void tags_json(const struct answer *a, struct rt_text *out) {
  rt_text_puts(out, "{\"labels\":[");
  for (int64_t r = 0; r < a->rows; r++) {
    if (r) rt_text_puts(out, ",");
    put_json_label(out, a->vocab, a->path[r]);
  }
  add_nulls(a, out);
  rt_text_puts(out, a->options->probabilities ? "],\"probability\":[" : "]");
  for (int64_t r = 0; r < a->rows && a->options->probabilities; r++) {
    if (r) rt_text_puts(out, ",");
    put_json_number(out, a->p[r * a->count + a->path[r]]);
  }
  if (a->options->probabilities) add_nulls(a, out);
  rt_text_puts(out, a->options->probabilities ? "]}" : "}");
}

static void labels_json(const struct answer *a, struct rt_text *out) {
  const char *before = "{\"labels\":[";
  for (int64_t k = 0; k < a->count; k++) {
    if (!(a->p[k] > session_label_above(a->session, a->output, k))) continue;
    rt_text_puts(out, before);
    put_json_label(out, a->vocab, k);
    before = ",";
  }
  rt_text_puts(out, before[0] == ',' ? "],\"scores\":{" : "{\"labels\":[],\"scores\":{");
  for (int64_t k = 0; k < a->count; k++) {
    rt_text_puts(out, k ? "," : "");
    put_json_label(out, a->vocab, k);
    rt_text_puts(out, ":");
    put_json_number(out, a->p[k]);
  }
  rt_text_puts(out, "}}");
}

static void match_json(const struct answer *a, struct rt_text *out) { put_json_number(out, product(a)); }

static void number_json(const struct answer *a, struct rt_text *out) {
  for (int64_t k = 0; k < a->rows * a->count; k++) {
    if (k) rt_text_puts(out, ",");
    put_json_number(out, a->p[k]);
  }
}

static void numbers_json(const struct answer *a, struct rt_text *out) {
  rt_text_puts(out, "[");
  for (int64_t r = 0; r < a->rows && a->lists; r++) {
    struct answer row = {.p = a->p + r * a->count, .rows = 1, .count = a->count};
    rt_text_puts(out, r ? ",[" : "[");
    number_json(&row, out);
    rt_text_puts(out, "]");
  }
  if (!a->lists) number_json(a, out);
  rt_text_puts(out, "]");
}

/* How much of the example's texts was cut off. An output cannot be called data, which is a word of the
 * language. */
static void cuts_json(const struct aq_session *s, int64_t example, struct rt_text *out) {
  const struct io_schema *schema = &s->model->schema;
  int texts = 0;
  for (int c = 0; c < schema->count; c++) {
    int64_t cut = cut_of(s, c, example);
    if (!cut) continue;
    rt_text_puts(out, texts++ ? "," : ",\"data\":{\"cut\":{");
    io_json_string(out, schema->columns[c].name, strlen(schema->columns[c].name));
    rt_text_printf(out, ":%lld", (long long)cut);
  }
  if (texts) rt_text_puts(out, "}}");
}

/* ---- the kinds of targets ---- */

static const struct {
  void (*text)(const struct answer *a, struct rt_text *out);
  void (*json)(const struct answer *a, struct rt_text *out);
} writers[VM_TARGETS] = {
#define TARGET(name, form, link, loss, word, one, several, metric, rows, of_classes, text, json) {text, json},
#include "vm/targets.def"
#undef TARGET
};

static void scores_text(const struct aq_session *s, int64_t example, const aq_predict_options *options,
                        struct rt_text *out) {
  for (uint32_t o = 0; o < s->model->module->output_count; o++) {
    struct answer a = answer_of(s, o, example, options);
    if (o) rt_text_puts(out, "\t");
    writers[session_target(s, o)].text(&a, out);
  }
}

static void scores_json(const struct aq_session *s, int64_t example, const aq_predict_options *options,
                        struct rt_text *out) {
  const struct vm_module *m = s->model->module;
  for (uint32_t o = 0; o < m->output_count; o++) {
    struct answer a = answer_of(s, o, example, options);
    rt_text_puts(out, o ? "," : "{");
    io_json_string(out, m->output[o].name, strlen(m->output[o].name));
    rt_text_puts(out, ":");
    writers[session_target(s, o)].json(&a, out);
  }
  cuts_json(s, example, out);
  rt_text_puts(out, "}");
}

/* The line is empty, so that input and output lines still correspond. */
static void bad_row_text(const struct rt_error *reason, struct rt_text *out) { (void)reason, (void)out; }

static void bad_row_json(const struct rt_error *reason, struct rt_text *out) {
  rt_text_puts(out, "{\"error\":");
  io_json_string(out, reason->text, strlen(reason->text));
  rt_text_printf(out, ",\"line\":%d", reason->line);
  if (reason->column > 0) rt_text_printf(out, ",\"column\":%d", reason->column);
  rt_text_puts(out, "}");
}

const struct session_lines session_lines[] = {
    [AQ_TEXT] = {scores_text, bad_row_text}, [AQ_JSON] = {scores_json, bad_row_json}};
