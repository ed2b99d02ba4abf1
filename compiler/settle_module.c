/* settle_module.c: what a module knows of its parameters, heads and mixes once a program is elaborated. */
#include <string.h>

#include "compiler/emit_model.h"

/* Parameters grew on the heap; the module keeps everything in its arena. */
static int settle_params(struct cc_context *c) {
  struct vm_module *m = c->module;
  struct vm_param *kept = rt_arena_alloc(&m->arena, sizeof *kept * ((size_t)m->param_count + 1));
  if (kept && m->param_count) memcpy(kept, m->param, sizeof *kept * m->param_count);
  rt_free(m->param);
  m->param = kept;
  if (kept) return RT_OK;
  m->param_count = 0;
  return cc_out_of_memory(c);
}

/* What became of the heads, for people. */
static int settle_heads(struct cc_context *c) {
  struct vm_module *m = c->module;
  struct rt_arena *a = &m->arena;
  m->head = rt_arena_alloc(a, sizeof *m->head * ((size_t)c->model->head_count + 1));
  if (!m->head) return cc_out_of_memory(c);
  for (uint32_t k = 0; k < c->model->head_count; k++) {
    const struct ir_head *head = c->model->head[k];
    const char *name = head->name ? head->name : "", *why = head->why ? head->why : "";
    m->head[k] = (struct vm_head){.name = rt_arena_strndup(a, name, strlen(name)),
                                  .lowering = (uint8_t)head->lowering,
                                  .why = rt_arena_strndup(a, why, strlen(why))};
    for (int x = 0; x < head->out.rank; x++) m->head[k].axes |= (uint8_t)(1u << head->out.role[x]);
    if (!m->head[k].name || !m->head[k].why) return cc_out_of_memory(c);
  }
  m->head_count = c->model->head_count;
  return RT_OK;
}

static int settle_mix(struct cc_context *c, const struct cc_weights *weights) {
  struct rt_arena *a = &c->module->arena;
  struct vm_mix *mix = &c->module->mix[c->module->mix_count++];
  *mix = (struct vm_mix){0};
  mix->name = rt_arena_strndup(a, weights->name, strlen(weights->name));
  mix->weighed = rt_arena_alloc(a, ((size_t)weights->weighed_count + 1) * sizeof *mix->weighed);
  if (!mix->name || !mix->weighed) return cc_out_of_memory(c);
  for (int k = 0; k < weights->weighed_count; k++) {
    mix->weighed[k] = rt_arena_strndup(a, weights->weighed[k], strlen(weights->weighed[k]));
    if (!mix->weighed[k]) return cc_out_of_memory(c);
    mix->weighed_count++;
  }
  return RT_OK;
}

/* What mixes weigh, for people. */
static int settle_mixes(struct cc_context *c) {
  struct vm_module *m = c->module;
  m->mix = rt_arena_alloc(&m->arena, sizeof *m->mix * (c->weights_count + 1));
  if (!m->mix) return cc_out_of_memory(c);
  int status = RT_OK;
  for (size_t w = 0; w < c->weights_count && status == RT_OK; w++) status = settle_mix(c, &c->weights[w]);
  return status;
}

int cc_settle(struct cc_context *c) {
  int status = settle_params(c);
  if (status == RT_OK) status = settle_heads(c);
  return status == RT_OK ? settle_mixes(c) : status;
}
