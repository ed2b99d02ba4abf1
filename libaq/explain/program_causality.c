/* program_causality.c: what the results of a function are made of, as a tree. */
#include "libaq/internal.h"
#include "libaq/shown/shown_tree.h"

struct telling {
  aq_shown *shown;
  bool causal;
};

static int tell(void *context, const struct cc_reach *reach, struct rt_error *error) {
  static const char *const key[] = {"nothing", "own", "past", "all"};
  static const char *const words[] = {"nothing", "each position by itself", "what came before, and itself",
                                      "all of it"};
  struct telling *t = context;
  (void)error;
  t->causal = t->causal && reach->sees != CC_SEES_ALL;
  aq_shown_begin(t->shown, NULL);
  aq_shown_text(t->shown, "axis", NULL, reach->axis);
  aq_shown_text(t->shown, "result", NULL, reach->result);
  aq_shown_text(t->shown, "argument", NULL, reach->argument);
  aq_shown_text(t->shown, "sees", NULL, key[reach->sees]);
  if (reach->why[0]) {
    aq_shown_text(t->shown, "why", NULL, reach->why);
    aq_shown_text(t->shown, "file", NULL, reach->file);
    aq_shown_whole(t->shown, "line", NULL, reach->line);
    aq_shown_whole(t->shown, "column", NULL, reach->column);
    aq_shown_say(t->shown, "along %s, %s sees %s: %s: %s, %s:%d:%d", reach->axis, reach->result,
                 reach->argument, words[reach->sees], reach->why, reach->file ? reach->file : "", reach->line,
                 reach->column);
  } else
    aq_shown_say(t->shown, "along %s, %s sees %s: %s", reach->axis, reach->result, reach->argument,
                 words[reach->sees]);
  aq_shown_end(t->shown);
  return RT_OK;
}

int aq_program_causality(aq_program *program, const char *function, bool *causal, aq_shown **shown) {
  struct telling t = {.causal = true};
  if (!shown) return AQ_USAGE;
  *shown = NULL;
  if (!program) return AQ_USAGE;
  struct rt_error *error = lib_begin(&program->message);
  int status = lib_can_compile(program, error);
  if (status != RT_OK) return status;
  t.shown = aq_shown_new(true);
  if (function) aq_shown_text(t.shown, "function", NULL, function);
  aq_shown_list(t.shown, "along");
  status = cc_reaches(program->program, function, tell, &t, error);
  aq_shown_end(t.shown);
  aq_shown_flag(t.shown, "causal", NULL, t.causal);
  if (status != RT_OK) {
    aq_shown_free(t.shown);
    return status;
  }
  if (causal) *causal = t.causal;
  *shown = t.shown;
  return RT_OK;
}
