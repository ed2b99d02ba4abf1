/* reaches.h: what a result is made of along an axis that it shares with an argument (causality.c). */
#ifndef AQ_COMPILER_FRONT_REACHES_H
#define AQ_COMPILER_FRONT_REACHES_H

#include "runtime/base.h"

/* What element t of a result along an axis is made of in an argument whose first axis that is. */
struct cc_reach {
  const char *axis, *argument, *result;
  enum { CC_SEES_NOTHING, CC_SEES_OWN, CC_SEES_PAST, CC_SEES_ALL } sees;
  const char *why;  /* of CC_SEES_ALL: what looks ahead */
  const char *file; /* and where; NULL: not known */
  int line, column;
};
typedef int cc_reach_row(void *context, const struct cc_reach *reach, struct rt_error *error);

#endif
