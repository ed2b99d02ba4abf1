/* link_twice.c: a model that returns softmax of its scores, where the loss and the predictions take softmax
 * of what it returns. It would train, only worse, and nothing would say why. */
#include <string.h>

#include "compiler/front/loss.h"
#include "vm/link.h"

/* Are all axes that a sum leaves out of size 1, as in sum(sigmoid(linear(x, 1)))? */
static bool sums_nothing(const struct ir_node *sum, const struct vm_type *of) {
  for (int a = 0; a < of->rank; a++)
    if (!(sum->attr[0] >> a & 1) && of->dim[a] != VM_ONE) return false;
  return true;
}

/* The op that made a value, behind what gives the same numbers another shape. An element of a link that goes
 * element by element is made by that link too. */
static const struct ir_node *maker(struct cc_context *c, ir_id id, bool elements) {
  const struct ir_node *node = &c->model->node[id];
  for (; node->arg_count > 0; node = &c->model->node[node->arg[0]]) {
    bool same = node->op == OP_reshape || (elements && node->op == OP_slice)
                || (node->op == OP_sum && sums_nothing(node, cc_type(c, node->arg[0])));
    if (!same) break;
  }
  return node;
}

static int warn(struct cc_context *c, const struct vm_output *output, const struct vm_link *link,
                const struct ir_node *made) {
  struct rt_error warning = {0};
  const char *name = rt_op_info[made->op].written, *by = output->loss;
  if (!strcmp(name, link->name))
    gr_fail(&warning, made->span,
            "%s is taken twice for `%s`: here, and by %s, which takes it of what the model returns", name,
            output->name, by);
  else
    gr_fail(&warning, made->span, "%s changes nothing here: %s takes %s of what the model returns for `%s`",
            name, by, link->name, output->name);
  rt_hint(&warning, "leave it out, and return %s: predict and eval take %s of that as well", link->returned,
          link->name);
  warning.code = RT_NEGATIVE;
  return cc_warn(&c->program->diagnostics, &warning);
}

int cc_warn_of_links(struct cc_context *c, const ir_id *prediction) {
  int status = RT_OK;
  for (uint32_t o = 0; o < c->module->output_count && status == RT_OK; o++) {
    const struct vm_output *output = &c->module->output[o];
    const struct vm_link *link = vm_link_find(output->link);
    if (!link || !link->name[0]) continue;
    const struct ir_node *made = maker(c, prediction[o], !link->along);
    const char *name = rt_op_info[made->op].written;
    bool twice = !strcmp(name, link->name) || (link->along && made->op == OP_log_softmax);
    if (twice) status = warn(c, output, link, made);
  }
  return status;
}
