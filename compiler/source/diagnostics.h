/* diagnostics.h: everything that is wrong with a program, or looks so, each with its place. */
#ifndef AQ_COMPILER_SOURCE_DIAGNOSTICS_H
#define AQ_COMPILER_SOURCE_DIAGNOSTICS_H

#include "runtime/base.h"

enum { CC_DIAGNOSTICS_MAX = 100 }; /* that are kept; of more, the number is known */

struct cc_diagnostics {
  struct cc_diagnostic {
    struct rt_error message;
    bool warning;
    size_t file;   /* while they are sorted */
  } * item, spare; /* spare: what nobody reads is written there */
  size_t count, capacity;
  size_t error_count; /* of the errors among them */
  size_t left_out;    /* that were not kept */
  bool failed;        /* there was no memory for one */
};

/* A message to fill, good until the next report. Never NULL. */
struct rt_error *cc_report(struct cc_diagnostics *list, bool warning);
/* Keeps an error that was made elsewhere, unless it is there already. RT_OK or RT_NO_MEMORY. */
int cc_report_copy(struct cc_diagnostics *list, const struct rt_error *error);
/* The same of a warning. */
int cc_warn(struct cc_diagnostics *list, const struct rt_error *warning);
/* A program that has errors is told these alone. */
void cc_drop_warnings(struct cc_diagnostics *list);
/* In the order of their places: file by file, as they were first met, and line by line. */
void cc_diagnostics_sort(struct cc_diagnostics *list);
/* The first error, NULL when there is none. */
const struct rt_error *cc_first_error(const struct cc_diagnostics *list);
void cc_diagnostics_free(struct cc_diagnostics *list);

#endif
