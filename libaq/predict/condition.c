/* condition.c: is a condition so of an answer? */
#include "libaq/predict/condition.h"

static bool compares(enum condition_compare compare, double a, double b) {
  switch (compare) {
    case IS_EQUAL: return a == b;
    case IS_OTHER: return a != b;
    case IS_LESS: return a < b;
    case IS_AT_MOST: return a <= b;
    case IS_MORE: return a > b;
    case IS_AT_LEAST: return a >= b;
  }
  return false;
}

/* Has any word of the row this tag? */
static bool has_tag(const struct session_scores *scores, int64_t example, int32_t label) {
  for (int64_t r = scores->first[example]; r < scores->first[example + 1]; r++)
    if (scores->tags.path[r] == label) return true;
  return false;
}

static bool has_label(const struct aq_session *s, const struct condition_term *term, int64_t example) {
  const double *p;
  switch (vm_targets[session_target(s, term->output)].form) {
    case VM_TAGS: return has_tag(&s->scores[term->output], example, term->label);
    case VM_LABELS:
      session_likeliest(s, term->output, example, &p);
      return p && p[term->label] > session_label_above(s, term->output, term->label);
    default: return session_likeliest(s, term->output, example, &p) == term->label;
  }
}

/* Of a class whose labels are numbers, it is the one of the answer. */
static double number_of(const struct aq_session *s, uint32_t output, int64_t example) {
  const double *p;
  int64_t best = session_likeliest(s, output, example, &p);
  double number = 0;
  if (vm_targets[session_target(s, output)].form == VM_NUMBER) return p[0];
  size_t length = 0;
  const char *text = io_vocab_text(session_vocab(s, output), (int32_t)best, &length);
  if (text) rt_number(text, length, 0, &number);
  return number;
}

static bool term_holds(const struct aq_session *s, const struct condition_term *term, int64_t example) {
  const double *p;
  int64_t best;
  switch (term->what) {
    case TERM_LABEL: return has_label(s, term, example) == (term->compare == IS_EQUAL);
    case TERM_NUMBER: return compares(term->compare, number_of(s, term->output, example), term->number);
    case TERM_P:
      best = session_likeliest(s, term->output, example, &p);
      if (best < 0) return false;
      return compares(term->compare, p[term->label >= 0 ? term->label : best], term->number);
  }
  return false;
}

bool condition_holds(const struct condition *condition, const struct aq_session *session, int64_t example) {
  bool holds = true;
  for (size_t k = 0; k < condition->count; k++) {
    const struct condition_term *term = &condition->term[k];
    if (term->otherwise && holds) return true;
    holds = (holds || term->otherwise) && term_holds(session, term, example);
  }
  return holds;
}

void condition_free(struct condition *condition) {
  rt_free(condition->term);
  *condition = (struct condition){0};
}
