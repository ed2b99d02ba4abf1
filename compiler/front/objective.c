/* objective.c: how a program is trained: train { }. */
#include "compiler/front/arguments.h"

#include <stddef.h>
#include <string.h>

#define SETTING(field) .optional = true, .by_name = true, .offset = offsetof(struct vm_settings, field)

static const struct cc_parameter adamw[] = {
    {"lr", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e6), SETTING(learning_rate)},
    {"weight_decay", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e6), SETTING(weight_decay)},
    {"beta1", CC_TAKES_NUMBER, CC_FROM_BELOW(0, 1), SETTING(beta1)},
    {"beta2", CC_TAKES_NUMBER, CC_FROM_BELOW(0, 1), SETTING(beta2)},
    {"eps", CC_TAKES_NUMBER, CC_FROM_TO(0, 1), SETTING(epsilon)}};
static const struct cc_parameter sgd[] = {
    {"lr", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e6), SETTING(learning_rate)},
    {"momentum", CC_TAKES_NUMBER, CC_FROM_BELOW(0, 1), SETTING(momentum)},
    {"weight_decay", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e6), SETTING(weight_decay)}};
static const struct cc_parameter schedule[] = {
    {"warmup", CC_TAKES_STEPS, CC_FROM_TO(0, 1e12), SETTING(warmup)}};

/* An optimizer or a schedule. */
struct way {
  const char *name;
  const struct cc_parameter *takes;
  int count;
  double weight_decay; /* of an optimizer, when the program says none */
};
static const struct way optimizers[] = {{"adamw", adamw, RT_COUNT(adamw), 0.01},
                                        {"sgd", sgd, RT_COUNT(sgd), 0}};
static const struct way schedules[] = {
    {"constant", schedule, 1, 0}, {"linear", schedule, 1, 0}, {"cosine", schedule, 1, 0}};

enum { OPTIMIZER, SCHEDULE, METRIC, NUMBERS }; /* rows of plain */
static const struct cc_parameter plain[] = {
    [OPTIMIZER] = {"optimizer", CC_TAKES_WAY, .optional = true, .by_name = true},
    [SCHEDULE] = {"schedule", CC_TAKES_WAY, .optional = true, .by_name = true},
    [METRIC] = {"metric", CC_TAKES_WAY, .optional = true, .by_name = true},
    [NUMBERS] = {"batch", CC_TAKES_WHOLE, CC_FROM_TO(1, 1e6), SETTING(batch)},
    {"epochs", CC_TAKES_WHOLE, CC_FROM_TO(0, 1e6), SETTING(epochs)},
    {"lr", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e6), SETTING(learning_rate)},
    {"clip", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e9), SETTING(clip)},
    {"average", CC_TAKES_NUMBER, CC_FROM_BELOW(0, 1), SETTING(average)},
    {"patience", CC_TAKES_WHOLE, CC_FROM_TO(0, 1e6), SETTING(patience)},
    {"seed", CC_TAKES_WHOLE, CC_FROM_TO(0, 9e15), SETTING(seed)},
    {"warmup", CC_TAKES_STEPS, CC_FROM_TO(0, 1e12), SETTING(warmup)}};
static const struct cc_callee train_takes = {"train", "setting", plain, RT_COUNT(plain), .declared = NULL};

static int find_way(struct cc_context *c, const struct gr_node *node, const char *what,
                    const struct way *ways, int count) {
  const struct gr_node *name = node->kind == GR_CALL ? node->child[0] : node;
  const char *list[8];
  for (int k = 0; k < count; k++) {
    list[k] = ways[k].name;
    if (name->kind == GR_NAME && !strcmp(ways[k].name, name->text)) return k;
  }
  struct rt_nearest nearest = {name->kind == GR_NAME ? name->text : "", NULL, 0};
  for (int k = 0; k < count; k++) rt_nearest_consider(&nearest, ways[k].name);
  if (name->kind == GR_NAME)
    gr_fail(c->error, name->span, "there is no %s called `%s`", what, name->text);
  else
    gr_fail(c->error, name->span, "the name of the %s is needed here", what);
  const char *all = cc_listed(c, count, list);
  if (nearest.best)
    rt_hint(c->error, "did you mean `%s`? There are %s", nearest.best, all);
  else
    rt_hint(c->error, "there are %s", all);
  return -1;
}

/* lr of train { } and lr of adamw(…) are one setting. */
static int check_once(struct cc_context *c, const struct cc_callee *way, const struct cc_setting *inner,
                      const struct cc_setting *outer) {
  for (int p = 0; p < way->count; p++)
    for (int k = NUMBERS; inner[p].arg && k < train_takes.count; k++) {
      if (!outer[k].arg || way->parameter[p].offset != plain[k].offset) continue;
      gr_fail(c->error, inner[p].span, "the setting `%s` is given twice, to `%s` and to train", plain[k].name,
              way->name);
      gr_note(c->error, outer[k].span, "it is given here as well");
      return c->error->code;
    }
  return RT_OK;
}

/* Where the settings stand that the data may show to be wrong. */
static int keep_places(struct cc_context *c, const struct cc_callee *callee, const struct cc_setting *setting,
                       struct vm_settings *s) {
  int status = RT_OK;
  for (int p = 0; p < callee->count && !status; p++) {
    if (!setting[p].arg) continue;
    size_t offset = callee->parameter[p].takes == CC_TAKES_WAY ? SIZE_MAX : callee->parameter[p].offset;
    struct vm_where *where = offset == offsetof(struct vm_settings, warmup)     ? &s->warmup_at
                             : offset == offsetof(struct vm_settings, patience) ? &s->patience_at
                                                                                : NULL;
    if (where) status = cc_keep_place(c, setting[p].span, true, where);
  }
  return status;
}

static int set_way(struct cc_context *c, const struct way *way, const struct gr_node *node,
                   const struct cc_setting *outer, struct vm_settings *s) {
  struct cc_setting inner[RT_COUNT(adamw)];
  const struct cc_callee callee = {way->name, "setting", way->takes, way->count, .declared = NULL};
  int status = cc_match_way(c, &callee, node, inner);
  if (!status) status = check_once(c, &callee, inner, outer);
  if (!status) cc_store_settings(&callee, inner, s);
  return status ? status : keep_places(c, &callee, inner, s);
}

static int set_optimizer(struct cc_context *c, const struct cc_setting *outer, struct vm_settings *s) {
  const struct gr_node *node = outer[OPTIMIZER].arg;
  int k = node ? find_way(c, node, "optimizer", optimizers, RT_COUNT(optimizers)) : 0;
  if (k < 0) return c->error->code;
  s->optimizer = optimizers[k].name;
  s->weight_decay = optimizers[k].weight_decay;
  return node ? set_way(c, &optimizers[k], node, outer, s) : RT_OK;
}

static int set_schedule(struct cc_context *c, const struct cc_setting *outer, struct vm_settings *s) {
  const struct gr_node *node = outer[SCHEDULE].arg;
  int k = node ? find_way(c, node, "schedule", schedules, RT_COUNT(schedules)) : 0;
  if (k < 0) return c->error->code;
  s->schedule = schedules[k].name;
  return node ? set_way(c, &schedules[k], node, outer, s) : RT_OK;
}

/* f1 or label.f1; which metrics there are is known to what measures. */
static int set_metric(struct cc_context *c, const struct cc_setting *outer, struct vm_settings *s) {
  const struct gr_node *node = outer[METRIC].arg,
                       *of = node && node->kind == GR_MEMBER ? node->child[0] : NULL;
  if (!node) return RT_OK;
  bool function = node->kind == GR_NAME && cc_builtin_find(node->text);
  if ((node->kind != GR_NAME && !(of && of->kind == GR_NAME)) || function) {
    gr_fail(c->error, node->span, "`metric` of `train` is the name of a metric, as in f1 or label.f1");
    return c->error->code;
  }
  bool known = !of;
  for (uint32_t o = 0; !known && o < c->module->output_count; o++)
    known = !strcmp(c->module->output[o].name, of->text);
  if (!known) return gr_fail(c->error, of->span, "the model does not predict `%s`", of->text);
  s->metric = rt_arena_printf(&c->module->arena, "%s%s%s", of ? of->text : "", of ? "." : "", node->text);
  return s->metric ? cc_keep_place(c, node->span, true, &s->metric_at) : cc_out_of_memory(c);
}

int cc_train_settings(struct cc_context *c, const struct gr_node *train, struct vm_settings *s) {
  *s = (struct vm_settings){.learning_rate = 1e-3,
                            .beta1 = 0.9,
                            .beta2 = 0.999,
                            .epsilon = 1e-8,
                            .momentum = 0.9,
                            .batch = 32,
                            .epochs = 10,
                            .seed = 1};
  struct cc_setting setting[RT_COUNT(plain)] = {{0}};
  int status =
      train ? cc_match_settings(c, &train_takes, train->span, train->child, train->count, setting) : RT_OK;
  if (!status) cc_store_settings(&train_takes, setting, s);
  if (!status) status = keep_places(c, &train_takes, setting, s);
  if (!status) status = set_metric(c, setting, s);
  if (!status) status = set_optimizer(c, setting, s);
  return status ? status : set_schedule(c, setting, s);
}
