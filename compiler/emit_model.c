/* emit_model.c: what is made of a model: the functions predict, eval, attend and train. */
#include "compiler/emit_model.h"

#include "compiler/ir/passes.h"
#include "vm/work.h"

#include <string.h>

/* The weights of a head as a matrix, for people to look at: [h?, queries?, keys]. */
static ir_id weights_of(struct cc_context *c, ir_id attention) {
  struct ir_node node = c->model->node[attention];
  const struct ir_head *head = c->model->head[node.attr[0]];
  struct vm_type type = {.dtype = RT_REAL, .batched = node.type.batched, .of = VM_NO_DIM};
  for (int role = ATTEND_H; role >= ATTEND_I; role -= ATTEND_H)
    for (int a = 0; a < head->out.rank; a++)
      if (head->out.role[a] == role) type.dim[type.rank++] = node.type.dim[a];
  const struct vm_type *key = cc_type(c, node.arg[1]);
  for (int a = 0; a < head->key.rank; a++)
    if (head->key.role[a] == ATTEND_J) type.dim[type.rank++] = key->dim[a];
  ir_id args[2 + ATTEND_MAX_EXTRAS] = {node.arg[0], node.arg[1]};
  for (int i = 3; i < node.arg_count; i++) args[i - 1] = node.arg[i];
  return ir_add(cc_in_model(c, node.span),
                (struct ir_op){OP_attention_weights, node.arg_count - 1, .arg = args, .attr = {node.attr[0]},
                               .type = &type});
}

/* The weights of every head, in the order of the program. */
static int add_weights(struct cc_context *c, ir_id *id, const char **name, int *count) {
  uint32_t nodes = c->model->count;
  ir_id *attention = rt_arena_alloc(&c->model->arena, sizeof *attention * (c->model->head_count + 1));
  if (!attention) return cc_out_of_memory(c);
  memset(attention, 0, sizeof *attention * (c->model->head_count + 1));
  for (ir_id n = 1; n < nodes; n++)
    if (c->model->node[n].op == OP_attention) attention[c->model->node[n].attr[0]] = n;
  for (uint32_t h = 0; h < c->model->head_count; h++) {
    const struct ir_head *head = c->model->head[h];
    if (!attention[h] && !head->weights) continue;
    name[*count] = head->name;
    if (!(id[(*count)++] = attention[h] ? weights_of(c, attention[h]) : head->weights)) return c->error->code;
  }
  return RT_OK;
}

static int emit_attend(struct cc_context *c, const struct cc_elaborated *e) {
  size_t most = c->model->head_count + c->weights_count + c->module->output_count;
  ir_id *id = rt_arena_alloc(&c->model->arena, sizeof *id * (most + 1));
  const char **name = rt_arena_alloc(&c->model->arena, sizeof *name * (most + 1));
  int count = 0;
  if (!id || !name) return cc_out_of_memory(c);
  for (uint32_t o = 0; o < c->module->output_count; o++) {
    id[count] = e->output[o];
    name[count++] = c->module->output[o].name;
  }
  int status = add_weights(c, id, name, &count);
  if (status != RT_OK) return status;
  for (size_t w = 0; w < c->weights_count; w++) {
    id[count] = c->weights[w].id;
    name[count++] = c->weights[w].name;
  }
  status = cc_map_places(c, id + c->module->output_count, (uint32_t)count - c->module->output_count);
  if (status != RT_OK) return status;
  struct ir_outputs attend = {.count = count, .id = id, .name = name};
  return ir_emit(c->model, &attend, "attend", c->module, c->error);
}

/* What is trained, and the gradient of the loss for it; 0: the loss does not depend on it. */
struct trained {
  int count;
  ir_id *node, *grad;
  uint32_t *param;
};

static int list_trained(struct cc_context *c, struct trained *t) {
  struct vm_module *m = c->module;
  const size_t most = (size_t)m->param_count + 1;
  t->grad = rt_arena_alloc(&c->model->arena, sizeof *t->grad * most);
  t->node = rt_arena_alloc(&c->model->arena, sizeof *t->node * most);
  t->param = rt_arena_alloc(&c->model->arena, sizeof *t->param * most);
  if (!t->grad || !t->node || !t->param) return cc_out_of_memory(c);
  for (uint32_t p = 0; p < m->param_count; p++) {
    if (m->param[p].frozen) continue;
    t->node[t->count] = c->param_node[p];
    t->param[t->count++] = p;
  }
  return RT_OK;
}

static int differentiate(struct cc_context *c, ir_id loss, struct trained *t) {
  const struct ir_derivative wanted = {loss, 0, t->count, t->node, t->grad};
  ir_forget_gradients(c->model);
  return ir_gradient(c->model, wanted, c->error);
}

/* The gradient of the loss, as a function of that name. */
static int emit_gradient(struct cc_context *c, ir_id loss, struct trained *t, const char *name) {
  static const char *const loss_name[] = {"loss"};
  int kept = 0, status = differentiate(c, loss, t);
  uint32_t *param = rt_arena_alloc(&c->model->arena, sizeof *param * ((size_t)t->count + 1));
  if (status != RT_OK || !param) return status != RT_OK ? status : cc_out_of_memory(c);
  for (int k = 0; k < t->count; k++) {
    if (!t->grad[k]) continue;
    t->grad[kept] = t->grad[k];
    param[kept++] = t->param[k];
  }
  struct ir_outputs train = {.count = 1,
                             .id = &loss,
                             .name = loss_name,
                             .gradient_count = kept,
                             .gradient = t->grad,
                             .param = param,
                             .training = true};
  return ir_emit(c->model, &train, name, c->module, c->error);
}

/* Two ways that give the same but for rounding, where there are two: for few rows in a batch and for many.
 * From here on the graph holds only what the loss needs. */
static int emit_train(struct cc_context *c, ir_id loss) {
  struct trained t = {0};
  bool two = false;
  int status = list_trained(c, &t);
  if (status != RT_OK) return status;
  ir_id *root = t.node;
  root[t.count] = loss;
  status = ir_multiply_less(c->model, t.count + 1, root, false, c->error);
  if (status == RT_OK) status = emit_gradient(c, root[t.count], &t, "train");
  if (status == RT_OK) status = ir_join_matrices(c->model, t.count + 1, root, &two, c->error);
  return status == RT_OK && two ? emit_gradient(c, root[t.count], &t, VM_TRAIN_MANY) : status;
}

int cc_check_gradient(struct cc_context *c, const struct cc_elaborated *e) {
  struct trained t = {0};
  bool lacks = false;
  for (uint32_t k = 0; k < c->module->native_count; k++)
    lacks = lacks || (!c->module->native[k].is_gradient && c->module->native[k].gradient == UINT32_MAX);
  if (!lacks) return RT_OK;
  const int status = list_trained(c, &t);
  return status == RT_OK ? differentiate(c, e->loss.total, &t) : status;
}

int cc_emit_model(struct cc_context *c, const struct cc_elaborated *e) {
  if (c->program->vector) return cc_emit_vector(c, e);
  struct vm_module *m = c->module;
  const char *name[3 * CC_MOST_OUTPUTS + 1];
  ir_id id[3 * CC_MOST_OUTPUTS + 1];
  int count = (int)m->output_count;
  for (int o = 0; o < count; o++) {
    name[o] = m->output[o].name;
    id[o] = e->output[o];
  }
  struct ir_outputs predict = {.count = count, .id = id, .name = name, .session = true};
  int status = emit_attend(c, e);
  if (status == RT_OK) status = cc_emit_step(c, e); /* before the gradient: it looks at all nodes */
  if (status == RT_OK) status = ir_take_blocks(c->model, c->error); /* nobody asks for weights from here on */
  if (status == RT_OK) status = ir_emit(c->model, &predict, "predict", m, c->error);
  name[count] = "loss";
  id[count] = e->loss.total;
  for (int o = 0; o < count; o++) { /* the loss of each; of one alone, it is that */
    name[count + 1 + o] = m->output[o].name;
    id[count + 1 + o] = e->loss.of_output[o];
    name[2 * count + 1 + o] = m->output[o].name;
    id[2 * count + 1 + o] = e->loss.count[o];
  }
  bool apart = count > 1 || e->loss.penalised;
  int values = e->loss.counted ? 3 * count + 1 : apart ? 2 * count + 1 : 2;
  struct ir_outputs eval = {.count = values, .id = id, .name = name};
  if (status == RT_OK) status = ir_emit(c->model, &eval, "eval", m, c->error);
  return status == RT_OK ? emit_train(c, e->loss.total) : status;
}
