/* condition_read.c: reads a condition. */
#include <ctype.h>
#include <string.h>

#include "libaq/predict/condition.h"

enum { MOST_NAMED = 8 }; /* labels in a message */

/* A word, a quoted text or a sign of the condition. */
struct piece {
  const char *text;
  size_t length;
  size_t at, end; /* where it stands in the condition */
  bool quoted;
};

struct reader {
  const struct aq_session *session;
  const char *text;
  size_t at;
  struct rt_error *error;
};

/* ---- messages ---- */

/* Says what is wrong with a piece, and shows it in the condition. */
static int wrong(struct reader *r, const struct piece *at, const char *text) {
  struct rt_text shown = {0};
  size_t to = at->end > at->at ? at->end : at->at + 1;
  rt_text_printf(&shown, "  %s\n  ", r->text);
  for (size_t k = 0; k < to; k++) {
    bool continued = ((unsigned char)r->text[k] & 0xC0) == 0x80; /* one sign for a letter of several bytes */
    if (!continued) rt_text_puts(&shown, k < at->at ? " " : "^");
  }
  int status = rt_fail(r->error, RT_USAGE, "the condition: %s", text);
  if (!shown.failed && shown.length < sizeof r->error->excerpt)
    memcpy(r->error->excerpt, shown.data, shown.length + 1);
  rt_text_free(&shown);
  return status;
}

static const struct vm_output *output_at(const struct reader *r, uint32_t o) {
  return &r->session->model->module->output[o];
}
static uint32_t output_count(const struct reader *r) { return r->session->model->module->output_count; }
static const struct vm_target *target_at(const struct reader *r, uint32_t o) {
  return &vm_targets[session_target(r->session, o)];
}
static bool of_labels(const struct reader *r, uint32_t o) { return target_at(r, o)->of_classes; }

static int unknown_output(struct reader *r, const struct piece *name) {
  struct rt_text text = {0}, names = {0};
  for (uint32_t o = 0; o < output_count(r); o++)
    rt_text_printf(&names, "%s%s", o ? ", " : "", output_at(r, o)->name);
  rt_text_printf(&text, "the model has no output `%.*s`", (int)name->length, name->text);
  int status = text.failed || names.failed ? rt_no_memory(r->error) : wrong(r, name, text.data);
  if (status == RT_USAGE)
    rt_hint(r->error, "it predicts %s; `label` is the only output of labels, and p a probability",
            names.data);
  rt_text_free(&text);
  rt_text_free(&names);
  return status;
}

/* The text of a label, for messages. */
static struct io_field label_of(const struct reader *r, uint32_t o, int32_t id) {
  struct io_field label = {"", 0};
  const char *text = io_vocab_text(session_vocab(r->session, o), id, &label.length);
  return text ? (struct io_field){text, label.length} : (struct io_field){"", 0};
}

/* The labels that there are, or the one that was meant. */
static void hint_labels(struct reader *r, uint32_t o, const char *wanted) {
  const int32_t count = session_vocab(r->session, o)->count;
  struct rt_arena names = {0};
  struct rt_text some = {0};
  struct rt_nearest near = {.wanted = wanted};
  for (int32_t id = 0; id < count; id++) {
    struct io_field label = label_of(r, o, id);
    const char *name = rt_arena_strndup(&names, label.text, label.length);
    if (name) rt_nearest_consider(&near, name);
    if (id < MOST_NAMED) rt_text_printf(&some, "%s%.*s", id ? ", " : "", (int)label.length, label.text);
  }
  if (count > MOST_NAMED) rt_text_printf(&some, ", … (%d in all)", (int)count);
  if (near.best)
    rt_hint(r->error, "did you mean `%s`?", near.best);
  else
    rt_hint(r->error, "its labels are %s", some.data ? some.data : "none");
  rt_text_free(&some);
  rt_arena_free(&names);
}

static int unknown_label(struct reader *r, uint32_t o, const struct piece *label) {
  struct rt_text text = {0};
  char *wanted = rt_strndup(label->text, label->length);
  rt_text_printf(&text, "%s has no label `%s`", output_at(r, o)->name, wanted ? wanted : "");
  int status = !wanted || text.failed ? rt_no_memory(r->error) : wrong(r, label, text.data);
  if (status == RT_USAGE) hint_labels(r, o, wanted);
  rt_free(wanted);
  rt_text_free(&text);
  return status;
}

/* ---- pieces ---- */

static bool is_sign(char c) { return strchr("=!<>()", c) != NULL; }

static void skip_spaces(struct reader *r) {
  while (r->text[r->at] && isspace((unsigned char)r->text[r->at])) r->at++;
}

/* The next piece; of length 0 at the end, and where a sign stands. */
static int read_word(struct reader *r, struct piece *word) {
  skip_spaces(r);
  char quote = r->text[r->at];
  *word = (struct piece){.text = r->text + r->at, .at = r->at};
  if (quote == '"' || quote == '\'') {
    const char *end = strchr(++word->text, quote);
    word->quoted = true;
    word->end = r->at + 1;
    if (!end) return wrong(r, word, "a quote that opens here never closes");
    word->length = (size_t)(end - word->text);
    r->at = (size_t)(end - r->text) + 1;
  } else {
    while (r->text[r->at] && !is_sign(r->text[r->at]) && !isspace((unsigned char)r->text[r->at])) r->at++;
    word->length = r->at - word->at;
  }
  word->end = r->at;
  return RT_OK;
}

static bool is_word(const struct piece *piece, const char *word) {
  return !piece->quoted && piece->length == strlen(word) && !memcmp(piece->text, word, piece->length);
}

static int read_compare(struct reader *r, enum condition_compare *compare) {
  static const struct {
    const char *sign;
    enum condition_compare compare;
  } signs[] = {{"==", IS_EQUAL}, {"!=", IS_OTHER}, {"<=", IS_AT_MOST}, {">=", IS_AT_LEAST},
               {"=", IS_EQUAL},  {"<", IS_LESS},   {">", IS_MORE}};
  skip_spaces(r);
  for (size_t k = 0; k < RT_COUNT(signs); k++) {
    if (strncmp(r->text + r->at, signs[k].sign, strlen(signs[k].sign)) != 0) continue;
    *compare = signs[k].compare;
    r->at += strlen(signs[k].sign);
    return RT_OK;
  }
  struct piece here = {.at = r->at};
  wrong(r, &here, "one of = != < <= > >= is missing here");
  rt_hint(r->error, "terms are like label=negative, p>0.9 or stars<2, with `and` or a space between them");
  return RT_USAGE;
}

/* 0.9, or 90% where a part is meant. */
static int read_number(struct reader *r, bool part, double *number) {
  struct piece word;
  int status = read_word(r, &word);
  if (status != RT_OK) return status;
  bool percent = part && word.length > 1 && word.text[word.length - 1] == '%';
  if (!word.length || rt_number(word.text, word.length - percent, percent ? -2 : 0, number))
    return wrong(r, &word, "a number is missing here");
  if (!part || (*number >= 0 && *number <= 1)) return RT_OK;
  wrong(r, &word, "p is a probability, from 0 to 1");
  rt_hint(r->error, "for instance p>0.9 or p>90%%");
  return RT_USAGE;
}

/* ---- terms ---- */

static int find_output(const struct reader *r, const char *name, size_t length) {
  for (uint32_t o = 0; o < output_count(r); o++)
    if (strlen(output_at(r, o)->name) == length && !memcmp(output_at(r, o)->name, name, length))
      return (int)o;
  return -1;
}

/* `label` is the only output of labels. */
static int find_named(struct reader *r, const struct piece *name, uint32_t *output) {
  int found = find_output(r, name->text, name->length), several = 0;
  for (uint32_t o = 0; found < 0 && is_word(name, "label") && o < output_count(r); o++) {
    if (!of_labels(r, o)) continue;
    *output = o;
    several++;
  }
  if (several > 1) {
    wrong(r, name, "the model has several outputs of labels");
    rt_hint(r->error, "say which is meant, as in %s=…", output_at(r, *output)->name);
    return RT_USAGE;
  }
  if (several) return RT_OK;
  if (found < 0) return unknown_output(r, name);
  *output = (uint32_t)found;
  return RT_OK;
}

/* Is it p, or OUTPUT.p? *output is -1 when none is named. */
static bool is_probability(const struct reader *r, const struct piece *name, int *output) {
  *output = -1;
  if (name->quoted || find_output(r, name->text, name->length) >= 0) return false;
  if (is_word(name, "p")) return true;
  if (name->length < 3 || memcmp(name->text + name->length - 2, ".p", 2) != 0) return false;
  *output = find_output(r, name->text, name->length - 2);
  return *output >= 0;
}

static int read_label(struct reader *r, uint32_t output, int32_t *label) {
  struct piece word;
  int status = read_word(r, &word);
  if (status != RT_OK) return status;
  if (!word.length && !word.quoted) return wrong(r, &word, "a label is missing here");
  *label = io_vocab_find(session_vocab(r->session, output), word.text, word.length);
  return *label >= 0 ? RT_OK : unknown_label(r, output, &word);
}

/* The output that p is of: the one that was named before, or the first that has probabilities. */
static int output_of_p(struct reader *r, const struct piece *name, const struct condition_term *before,
                       struct condition_term *term) {
  uint32_t o = 0;
  term->label = -1;
  if (before && before->what != TERM_NUMBER) {
    term->output = before->output;
    if (before->what == TERM_LABEL && before->compare == IS_EQUAL) term->label = before->label;
    return RT_OK;
  }
  while (o < output_count(r) && !of_labels(r, o)) o++;
  if (o == output_count(r)) {
    for (o = 0; o < output_count(r) && session_target(r->session, o) != VM_TARGET_CHANCE;) o++;
    if (o == output_count(r)) {
      wrong(r, name, "the model predicts numbers, which have no probability");
      rt_hint(r->error, "compare the number itself, as in %s>2", output_at(r, 0)->name);
      return RT_USAGE;
    }
    term->what = TERM_NUMBER; /* a probability is what such an output is */
  }
  term->output = o;
  return RT_OK;
}

static int read_probability(struct reader *r, const struct piece *name, int output,
                            const struct condition_term *before, struct condition_term *term) {
  term->what = TERM_P;
  int status = RT_OK;
  if (output < 0)
    status = output_of_p(r, name, before, term);
  else
    term->output = (uint32_t)output, term->label = -1;
  if (status != RT_OK) return status;
  enum vm_target_form form = target_at(r, term->output)->form;
  if (term->what == TERM_P && !of_labels(r, term->output))
    return wrong(r, name, "this output is a number, which has no probability");
  if (form == VM_BOXES) return wrong(r, name, "boxes have a probability each, and not one for the row");
  if (form == VM_TAGS)
    return wrong(r, name, "tags have a probability for each word, and not one for the row");
  skip_spaces(r);
  if (term->what == TERM_P && r->text[r->at] == '(') {
    r->at++;
    status = read_label(r, term->output, &term->label);
    skip_spaces(r);
    struct piece here = {.at = r->at};
    if (status == RT_OK && r->text[r->at] != ')') status = wrong(r, &here, "`)` is missing here");
    r->at += status == RT_OK;
  }
  if (status == RT_OK && form == VM_LABELS && term->label < 0) {
    status = wrong(r, name, "a row may have several labels here: of which is p the probability?");
    struct io_field label = label_of(r, term->output, 0);
    rt_hint(r->error, "say it as in p(%.*s)>0.5, or with %s=… before it", (int)label.length, label.text,
            output_at(r, term->output)->name);
  }
  if (status == RT_OK) status = read_compare(r, &term->compare);
  return status == RT_OK ? read_number(r, true, &term->number) : status;
}

/* Are all labels numbers, as of stars from 1 to 5? */
static bool labels_are_numbers(const struct io_vocab *vocab) {
  for (int32_t id = 0; id < vocab->count; id++) {
    size_t length;
    double number;
    const char *text = io_vocab_text(vocab, id, &length);
    if (!text || !length || rt_number(text, length, 0, &number)) return false;
  }
  return true;
}

static int read_answer(struct reader *r, const struct piece *name, struct condition_term *term) {
  int status = find_named(r, name, &term->output);
  if (status == RT_OK) status = read_compare(r, &term->compare);
  if (status != RT_OK) return status;
  enum vm_target_form form = target_at(r, term->output)->form;
  bool order = term->compare > IS_OTHER;
  if (form == VM_BOXES) return wrong(r, name, "this output is boxes, which are no one answer to compare");
  if (form == VM_IMAGE) return wrong(r, name, "this output is an image, which no condition asks about");
  if (form == VM_VECTOR || form == VM_MATCH || form == VM_FRAMES)
    return wrong(r, name,
                 form == VM_FRAMES ? "this output is a text that frames spell, which no condition asks about"
                                   : "this output has several numbers, which cannot be compared with one");
  if (form == VM_NUMBER) {
    term->what = TERM_NUMBER;
    return read_number(r, session_target(r->session, term->output) == VM_TARGET_CHANCE, &term->number);
  }
  if (!order) {
    term->what = TERM_LABEL;
    return read_label(r, term->output, &term->label);
  }
  term->what = TERM_NUMBER;
  if (form == VM_CLASS && labels_are_numbers(session_vocab(r->session, term->output)))
    return read_number(r, false, &term->number);
  wrong(r, name, "labels are compared with = and !=");
  struct io_field label = label_of(r, term->output, 0);
  rt_hint(r->error, "a probability is p: %s=%.*s p>0.9", output_at(r, term->output)->name, (int)label.length,
          label.text);
  return RT_USAGE;
}

/* `before` is the term before in the same alternative, or NULL. */
static int read_term(struct reader *r, const struct condition_term *before, struct condition_term *term) {
  struct piece name;
  int output, status = read_word(r, &name);
  if (status != RT_OK) return status;
  if (!name.length) {
    wrong(r, &name, "a term is missing here");
    rt_hint(r->error, "terms are like label=negative, p>0.9 or stars<2");
    return RT_USAGE;
  }
  if (is_probability(r, &name, &output)) return read_probability(r, &name, output, before, term);
  return read_answer(r, &name, term);
}

/* What joins two terms; a space joins them as `and` does. */
static int read_joint(struct reader *r, bool *otherwise) {
  size_t here = r->at;
  struct piece word;
  int status = read_word(r, &word);
  if (status != RT_OK) return status;
  *otherwise = is_word(&word, "or");
  if (!*otherwise && !is_word(&word, "and")) r->at = here;
  return RT_OK;
}

int condition_read(struct condition *condition, const struct aq_session *session, const char *text,
                   struct rt_error *error) {
  struct reader r = {.session = session, .text = text, .error = error};
  int status = RT_OK;
  do {
    bool otherwise = false;
    struct condition_term term = {.label = -1};
    if (condition->count) status = read_joint(&r, &otherwise);
    const struct condition_term *before =
        condition->count && !otherwise ? &condition->term[condition->count - 1] : NULL;
    if (status == RT_OK) status = read_term(&r, before, &term);
    if (status != RT_OK) return status;
    term.otherwise = otherwise;
    if (rt_grow((void **)&condition->term, &condition->capacity, condition->count + 1, sizeof term))
      return rt_no_memory(error);
    condition->term[condition->count++] = term;
    skip_spaces(&r);
  } while (text[r.at]);
  return RT_OK;
}
