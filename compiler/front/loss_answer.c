/* loss_answer.c: outputs as arguments of losses. */
#include <string.h>

#include "compiler/front/elaborate.h"

static int find_output(const struct cc_context *c, const struct gr_node *arg) {
  const struct gr_node *name = arg && arg->kind == GR_ARG && !arg->text ? arg->child[0] : NULL;
  for (uint32_t o = 0; name && name->kind == GR_NAME && o < c->module->output_count; o++)
    if (!strcmp(c->module->output[o].name, name->text)) return (int)o;
  return -1;
}

int cc_answer_of(struct cc_context *c, const struct cc_value *callee, const struct gr_node *call) {
  if (c->frame != c->answers->frame || callee->kind != CC_FUNCTION) return -1;
  if (call == c->answers->call) return c->answers->output;
  return call->count > 1 && callee->function->node->child[0]->count > 1 ? find_output(c, call->child[1]) : -1;
}

/* labels = "bad, so-so, good", as they are read. */
static int label_number(const char *labels, const char *label, struct rt_nearest *nearest) {
  int number = 0;
  for (const char *at = labels; *at; number++) {
    const char *end = at + strcspn(at, ","), *next = *end ? end + 1 : end;
    char one[256];
    while (*at == ' ') at++;
    while (end > at && end[-1] == ' ') end--;
    size_t length = (size_t)(end - at) < sizeof one ? (size_t)(end - at) : sizeof one - 1;
    memcpy(one, at, length);
    one[length] = '\0';
    if (!strcmp(one, label)) return number;
    rt_nearest_consider(nearest, one);
    at = next;
  }
  return -1;
}

int cc_label_number(struct cc_context *c, int output, struct gr_span span, struct cc_value *value) {
  const struct vm_input *target = &c->module->input[c->module->output[output].target];
  if (!target->set.labels) {
    gr_fail(c->error, span, "\"%s\" is a label, and which number it has is known when the data are read",
            value->text);
    rt_hint(c->error,
            "`%s: %s[…](labels = \"…\")` names the labels in the program; or give the number, from 0",
            target->name, target->kind->name);
    return c->error->code;
  }
  struct rt_nearest nearest = {value->text, NULL, 0};
  int number = label_number(target->set.labels, value->text, &nearest);
  if (number < 0) {
    gr_fail(c->error, span, "`%s` has no label \"%s\"", target->name, value->text);
    rt_hint(c->error, "its labels are %s", target->set.labels);
    return c->error->code;
  }
  *value = (struct cc_value){.kind = CC_NUMBER, .number = number};
  return RT_OK;
}
