/* loss_answer.c: outputs as arguments of losses. */
#include <string.h>

#include "compiler/front/elaborate.h"
#include "runtime/io/vocab.h"

static int find_output(const struct cc_context *c, const struct gr_node *arg) {
  const struct gr_node *name = arg && arg->kind == GR_ARG && !arg->text ? arg->child[0] : NULL;
  return name && name->kind == GR_NAME ? vm_module_output(c->module, name->text) : -1;
}

int cc_answers(const struct cc_context *c, int output, ir_id id[static CC_MOST_ANSWERS]) {
  int count = 0;
  bool matched = c->module->input[c->module->output[output].target].matched;
  for (int k = 0; k < 2 && matched; k++) id[count++] = c->matched[output][k];
  if (!matched) id[count++] = c->answers->prediction[output];
  id[count++] = c->answers->target[output];
  return count;
}

int cc_answer_of(struct cc_context *c, const struct cc_value *callee, const struct gr_node *call) {
  if (c->frame != c->answers->frame || callee->kind != CC_FUNCTION) return -1;
  if (call == c->answers->call) return c->answers->output;
  return call->count > 1 && callee->function->node->child[0]->count > 1 ? find_output(c, call->child[1]) : -1;
}

int cc_label_number(struct cc_context *c, int output, struct gr_span span, struct cc_value *value) {
  const struct vm_input *target = &c->module->input[c->module->output[output].target];
  if (!target->column->set.labels) {
    gr_fail(c->error, span, "\"%s\" is a label, and which number it has is known when the data are read",
            value->text);
    rt_hint(c->error,
            "`%s: %s[…](labels = \"…\")` names the labels in the program; or give the number, from 0",
            target->name, target->column->kind->name);
    return c->error->code;
  }
  struct io_vocab *labels;
  int status = io_vocab_from_labels(&labels, target->column->set.labels, c->error);
  if (status != RT_OK) return status;
  int number = io_vocab_find(labels, value->text, strlen(value->text));
  io_vocab_free(labels);
  if (number < 0) {
    gr_fail(c->error, span, "`%s` has no label \"%s\"", target->name, value->text);
    rt_hint(c->error, "its labels are %s", target->column->set.labels);
    return c->error->code;
  }
  *value = (struct cc_value){.kind = CC_NUMBER, .number = number};
  return RT_OK;
}
