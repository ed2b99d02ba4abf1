/* condition.h: which answers are worth an alert, as somebody types it: label=negative p>0.9
 *
 *   condition    = alternative { "or" alternative }
 *   alternative  = term { [ "and" ] term }
 *   term         = OUTPUT ( "=" | "!=" ) LABEL       of classes, tags (of any word) and several labels
 *                | OUTPUT comparison NUMBER          of numbers, and of classes whose labels are numbers
 *                | [ OUTPUT "." ] "p" [ "(" LABEL ")" ] comparison NUMBER
 *
 * `label` stands for the only output of classes, whatever its name. Without a label, p is the probability of
 * the label that the term before asks for, or else of the answer. */
#ifndef AQ_LIBAQ_PREDICT_CONDITION_H
#define AQ_LIBAQ_PREDICT_CONDITION_H

#include "libaq/predict/session.h"

enum condition_compare { IS_EQUAL, IS_OTHER, IS_LESS, IS_AT_MOST, IS_MORE, IS_AT_LEAST };

struct condition_term {
  uint32_t output;
  enum { TERM_LABEL, TERM_NUMBER, TERM_P } what;
  enum condition_compare compare;
  double number;
  int32_t label;  /* of TERM_LABEL and TERM_P; -1: the answer, whichever it is */
  bool otherwise; /* the first of another alternative */
};

struct condition {
  struct condition_term *term;
  size_t count, capacity;
};

/* RT_USAGE when the text makes no sense for the session's model, with the place in an excerpt. */
int condition_read(struct condition *condition, const struct aq_session *session, const char *text,
                   struct rt_error *error);
/* Is it so of an example that was run? */
bool condition_holds(const struct condition *condition, const struct aq_session *session, int64_t example);
void condition_free(struct condition *condition);

#endif
