/* emit_step.c: a model that continues a text, token by token. */
#include "compiler/emit_model.h"
#include "compiler/ir/token_step.h"

#include <string.h>

/* The output that is what comes next in a text that the model reads, and the input that this is. */
static bool find_text(const struct vm_module *m, uint32_t *output, uint32_t *input) {
  for (uint32_t o = 0; o < m->output_count; o++) {
    const struct vm_input *target = &m->input[m->output[o].target];
    for (uint32_t i = 0; target->shifted && i < m->input_count; i++) {
      if (m->input[i].is_target || m->input[i].column != target->column) continue;
      *output = o;
      *input = i;
      return true;
    }
  }
  return false;
}

static int say_why(struct cc_context *c, const struct ir_token_step *step) {
  struct vm_continuing *to = &c->module->continuing;
  struct rt_arena *arena = &c->module->arena;
  int line = 0, column = 0;
  const struct gr_source *source = step->at.source;
  if (source) gr_span_place(step->at, &line, &column);
  to->why = rt_arena_strndup(arena, step->why, strlen(step->why));
  if (source) to->file = rt_arena_strndup(arena, source->name, strlen(source->name));
  if (source)
    to->text = rt_arena_strndup(arena, source->text + step->at.begin, step->at.end - step->at.begin);
  to->line = (uint32_t)line;
  to->column = (uint32_t)column;
  return to->why && (!source || (to->file && to->text)) ? RT_OK : cc_out_of_memory(c);
}

/* A function of the module with the outputs that `take` lists. */
struct listed {
  ir_id *id;
  const char **name;
  struct vm_type *type;
  int count;
};

static int make_room(struct cc_context *c, int count, struct listed *list) {
  struct rt_arena *arena = &c->model->arena;
  size_t room = (size_t)count + 1;
  list->id = rt_arena_alloc(arena, room * sizeof *list->id);
  list->name = rt_arena_alloc(arena, room * sizeof *list->name);
  list->type = rt_arena_alloc(arena, room * sizeof *list->type);
  list->count = 0;
  return list->id && list->name && list->type ? RT_OK : cc_out_of_memory(c);
}

static uint32_t put(const struct cc_context *c, struct listed *list, ir_id id) {
  const char *name = c->model->node[id].name;
  list->id[list->count] = id;
  list->name[list->count] = name ? name : "";
  return (uint32_t)list->count++;
}

static int emit_both(struct cc_context *c, const struct ir_token_step *step, int64_t first_kept) {
  struct vm_module *m = c->module;
  struct listed begin, next;
  int count = step->kept_count, status = make_room(c, count, &begin);
  if (status == RT_OK) status = make_room(c, count + 1, &next);
  struct vm_kept *kept = rt_arena_alloc(&m->arena, sizeof *kept * ((size_t)count + 1));
  if (status != RT_OK || !kept) return status != RT_OK ? status : cc_out_of_memory(c);
  put(c, &next, step->output);
  for (int k = 0; k < count; k++) {
    const struct ir_kept *from = &step->kept[k];
    kept[k].start = from->start ? put(c, &begin, from->start) : UINT32_MAX;
    kept[k].most = from->most;
    kept[k].rows = from->most ? (uint32_t)vm_dim_as_symbol(&m->dims, from->rows) : 0;
    kept[k].next = from->next ? put(c, &next, from->next) : UINT32_MAX;
    next.type[k] = from->type;
  }
  struct ir_outputs outputs = {.count = begin.count, .id = begin.id, .name = begin.name};
  status = ir_emit(c->model, &outputs, "begin", m, c->error);
  outputs = (struct ir_outputs){.count = next.count,
                                .id = next.id,
                                .name = next.name,
                                .argument_count = count,
                                .argument = next.type,
                                .first_argument = first_kept};
  if (status == RT_OK) status = ir_emit(c->model, &outputs, "step", m, c->error);
  m->continuing.kept = kept;
  m->continuing.kept_count = (uint32_t)count;
  return status;
}

int cc_emit_step(struct cc_context *c, const struct cc_elaborated *e) {
  struct vm_module *m = c->module;
  struct ir_token_step step;
  uint32_t output, input;
  m->continuing.before = -1;
  if (!find_text(m, &output, &input) || m->input[input].length < 0) return RT_OK;
  struct ir_written text = {.output = e->output[output],
                            .input = input,
                            .length = m->input[input].type.dim[0],
                            .first_kept = m->input_count};
  text.before = vm_dim_symbol(&m->dims, "tokens before", VM_RAGGED, -1);
  if (text.before == VM_NO_DIM) return cc_out_of_memory(c);
  m->continuing.before = vm_dim_as_symbol(&m->dims, text.before);
  int status = ir_token_step(c->model, &text, &step, c->error);
  if (status == RT_OK) status = step.output ? emit_both(c, &step, text.first_kept) : say_why(c, &step);
  rt_free(step.kept);
  return status;
}
