/* ops.c: aqc ops. */
#include <stdio.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/nearest_word.h"
#include "aqc/output.h"
#include "aqc/verb.h"

static void show(aq_shown *shown, const aq_op *op) {
  bool some = op->attributes[0] != '\0';
  aq_shown_begin(shown, NULL);
  aq_shown_text(shown, "name", NULL, op->name);
  aq_shown_say(shown, "%s  %s%s%s%s\n    %s", op->name, op->signature, some ? "   (" : "", op->attributes,
               some ? ")" : "", op->about);
  aq_shown_text(shown, "signature", NULL, op->signature);
  aq_shown_text(shown, "attributes", NULL, op->attributes);
  aq_shown_text(shown, "about", NULL, op->about);
  aq_shown_end(shown);
}

static int no_op(const char *name) {
  const char *nearest = NULL;
  char hint[128] = "`aqc ops` lists them all";
  const aq_op *op;
  for (size_t k = 0; (op = aq_op_at(k)); k++) nearest = nearest_word(name, nearest, op->name);
  if (nearest) snprintf(hint, sizeof hint, "did you mean `%s`?", nearest);
  return message_fail(AQ_USAGE, hint, "there is no op `%.60s`", name);
}

static int run_ops(const struct settings *settings) {
  const char *wanted = settings->operand_count ? settings->operand[0] : NULL;
  aq_shown *shown = aq_shown_new(true);
  bool found = false;
  const aq_op *op;
  aq_shown_list(shown, "ops");
  for (size_t k = 0; (op = aq_op_at(k)); k++) {
    if (wanted && strcmp(op->name, wanted) != 0) continue;
    show(shown, op);
    found = true;
  }
  aq_shown_end(shown);
  if (found) return output_shown(settings, shown);
  aq_shown_free(shown);
  return no_op(wanted);
}

static const struct option option_list[] = {OPTION_SET_JSON, OPTION_END};

const struct verb verb_ops = {
    "ops",
    "[NAME]",
    0,
    1,
    "say what the instructions of `aqc dis` do",
    "Lists the ops, which are the instructions that `aqc dis` shows: the shapes of operands and result, the "
    "attributes, and what is computed. With NAME, that one alone. In a shape, [*s] is any number of axes and "
    "[k] one, the same size wherever the letter stands; [a&axes] are those axes of `a` that the attribute "
    "keeps; `i of v` are whole numbers from 0 to v - 1; `...` is any number of such. Operands belong to each "
    "example of a batch, or all to the batch as a whole, but `shared` is one for the whole batch, `either` "
    "one or the other, `over` an operand that the result may be written over, `infinite` a result that may "
    "be "
    "infinite. `|` separates the shapes with and without a switch.",
    option_list,
    run_ops};
