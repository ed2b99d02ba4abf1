/* ops.c: aqc ops. */
#include <stdio.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/nearest_word.h"
#include "aqc/verb.h"

static void show(const aq_op *op) {
  printf("%s", op->signature);
  if (op->attributes[0]) printf("   (%s)", op->attributes);
  printf("\n    %s\n", op->about);
}

static int run_ops(const struct settings *settings) {
  const char *wanted = settings->operand_count ? settings->operand[0] : NULL, *nearest = NULL;
  bool found = false;
  aq_op op;
  for (size_t k = 0; aq_op_at(k, &op); k++) {
    if (wanted) nearest = nearest_word(wanted, nearest, op.name);
    if (wanted && strcmp(op.name, wanted) != 0) continue;
    printf("%s  ", op.name);
    show(&op);
    found = true;
  }
  if (found) return AQ_OK;
  char hint[128] = "`aqc ops` lists them all";
  if (nearest) snprintf(hint, sizeof hint, "did you mean `%s`?", nearest);
  return message_fail(AQ_USAGE, hint, "there is no op `%.60s`", wanted);
}

static const struct option option_list[] = {OPTION_END};

const struct verb verb_ops = {
    "ops",
    "[NAME]",
    0,
    1,
    "say what the instructions of `aqc dis` do",
    "Lists the ops, which are the instructions that `aqc dis` shows: the shapes of operands and result, the "
    "attributes, and what is computed. With NAME, that one alone.",
    option_list,
    run_ops};
