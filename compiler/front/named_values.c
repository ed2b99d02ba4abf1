/* named_values.c: values that a program gives names to, for whoever asks a model for one of them. */
#include "compiler/front/elaborate.h"

static int add(struct cc_context *c, struct cc_named named) {
  if (!named.name || rt_grow((void **)&c->named, &c->named_capacity, c->named_count + 1, sizeof *c->named))
    return cc_out_of_memory(c);
  c->named[c->named_count++] = named;
  return RT_OK;
}

/* Is it one that can be asked for? Those of a slot or of a step of scan are there for each pair or token. */
static bool is_open(const struct cc_context *c, const struct cc_value *value) {
  return c->program->vector && value->kind == CC_TENSOR && value->id && !c->slot && !c->step_first
         && !c->swapping;
}

int cc_note_bound(struct cc_context *c, const char *name, const struct cc_value *value) {
  if (!is_open(c, value)) return RT_OK;
  const char *path = rt_arena_printf(&c->model->arena, "%s.%s", c->frame->path, name);
  return add(c, (struct cc_named){path, value->id, false, !c->frame->parent});
}

int cc_note_called(struct cc_context *c, const char *function, const struct cc_results *results) {
  if (results->count != 1 || !is_open(c, results->value)) return RT_OK;
  return add(c, (struct cc_named){function, results->value->id, true, false});
}
