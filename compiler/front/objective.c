/* objective.c: how a program is trained: train { }. */
#include "compiler/front/groups.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SETTING(field) .optional = true, .by_name = true, .offset = offsetof(struct vm_settings, field)

#define LR                                                                                                   \
  {                                                                                                          \
    "lr", CC_TAKES_NUMBER, CC_FROM(0), SETTING(learning_rate),                                               \
        .doc = "the learning rate, how far a step goes; that of the optimizer when left out"                 \
  }
#define WEIGHT_DECAY                                                                                         \
  {                                                                                                          \
    "weight_decay", CC_TAKES_NUMBER, CC_FROM(0), SETTING(weight_decay),                                      \
        .doc = "how strongly parameters with two axes or more are drawn towards 0"                           \
  }
#define WARMUP                                                                                               \
  {                                                                                                          \
    "warmup", CC_TAKES_STEPS, CC_FROM_TO(0, 1e12), SETTING(warmup),                                          \
        .doc = "the first steps, in which the learning rate rises: so many, or a part of all as in 10%"      \
  }

/* What an optimizer or a schedule takes: the settings that all of its kind have, and those of its row. */
enum { MOST_TAKEN = 2 + RT_MOST_SETTINGS };
struct way {
  struct cc_parameter takes[MOST_TAKEN];
  struct cc_callee callee;
};

enum { OPTIMIZER, SCHEDULE, METRIC, GROUPS, FREEZE, NUMBERS }; /* rows of plain */
static const struct cc_parameter plain[] = {
    [OPTIMIZER] = {"optimizer", CC_TAKES_WAY, .optional = true, .by_name = true,
                   .doc = "how gradients become steps: adamw, adam, sgd, …, with settings of its own as in "
                          "`sgd(lr = 0.1)`; adamw when left out"},
    [SCHEDULE] = {"schedule", CC_TAKES_WAY, .optional = true, .by_name = true,
                  .doc = "the course of the learning rate: constant, linear, cosine, …, as in `cosine(warmup "
                         "= 10%)`; constant when left out"},
    [METRIC] = {"metric", CC_TAKES_WAY, .optional = true, .by_name = true,
                .doc = "the metric of the validation data that says which epoch is best, as in `metric = "
                       "f1`; `stars.rmse` is that of the output `stars`"},
    [GROUPS] = {"groups", CC_TAKES_WAY, .optional = true, .by_name = true,
                .doc = "rates of their own for some parameters: `groups = [group(\"**.b\", lr = 1e-4)]`"},
    [FREEZE] =
        {"freeze", CC_TAKES_WAY, .optional = true, .by_name = true,
         .doc =
             "the parameters that stay as they are, by patterns of their paths: `freeze = [\"m.embed.*\"]`"},
    [NUMBERS] = {"batch", CC_TAKES_WHOLE, CC_FROM_TO(1, 1e9), SETTING(batch),
                 .doc = "how many rows a step sees; 32 when left out"},
    {"epochs", CC_TAKES_WHOLE, CC_FROM_TO(0, 1e12), SETTING(epochs),
     .doc = "how often training goes through all rows; 10 when left out, 0 saves the model as it begins"},
    LR,
    {"clip", CC_TAKES_NUMBER, CC_FROM_TO(0, 1e9), SETTING(clip),
     .doc = "the largest norm of all gradients together; 0, which is usual, limits nothing"},
    {"average", CC_TAKES_NUMBER, CC_FROM_BELOW(0, 1), SETTING(average),
     .doc = "a number below 1, such as 0.999: what is validated and saved is a running average of the "
            "parameters, in which each step weighs that many times as much as the one after it; 0, which is "
            "usual, averages nothing"},
    {"patience", CC_TAKES_WHOLE, CC_FROM_TO(0, 1e12), SETTING(patience),
     .doc = "training stops after so many epochs without a better one on the validation data; 0, which is "
            "usual, never does"},
    {"seed", CC_TAKES_WHOLE, CC_FROM_TO(0, 9e15), SETTING(seed),
     .doc = "of all random numbers: the same seed gives the same bits, for any number of threads; 1 when "
            "left out"},
    WARMUP};

/* What train { } takes: the plain settings, and those of the optimizer and the schedule that it has. */
enum { MOST_OF_TRAIN = RT_COUNT(plain) + MOST_TAKEN + MOST_TAKEN };
struct train {
  struct cc_parameter takes[MOST_OF_TRAIN];
  struct cc_callee callee;
  struct cc_setting setting[MOST_OF_TRAIN];
  const struct gr_node *node[2]; /* of OPTIMIZER and SCHEDULE */
  struct way way[2];
};

const struct cc_parameter *cc_train_setting(int number) {
  static const struct cc_parameter decay = WEIGHT_DECAY; /* which every optimizer takes */
  return number < (int)RT_COUNT(plain) ? &plain[number] : number == RT_COUNT(plain) ? &decay : NULL;
}

/* The number of the row that a name or call is of; -1: there is none. */
static int find_way(struct cc_context *c, const struct gr_node *node, const char *what,
                    const char *const *list, int count) {
  const struct gr_node *name = node->kind == GR_CALL ? node->child[0] : node;
  for (int k = 0; k < count; k++)
    if (name->kind == GR_NAME && !strcmp(list[k], name->text)) return k;
  struct rt_nearest nearest = {name->kind == GR_NAME ? name->text : "", NULL, 0};
  for (int k = 0; k < count; k++) rt_nearest_consider(&nearest, list[k]);
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

static void add_setting(struct way *way, const struct rt_setting *row, size_t number_at, size_t amount_at) {
  struct cc_parameter *p = &way->takes[way->callee.count++];
  const struct rt_setting_range *r = &row->range;
  *p = (struct cc_parameter){row->name, .optional = true, .by_name = true, .fallback = row->fallback};
  p->range = (struct cc_range){r->least, r->most, r->above, r->below};
  p->takes = r->takes == RT_TAKES_SWITCH  ? CC_TAKES_SWITCH
             : r->takes == RT_TAKES_STEPS ? CC_TAKES_STEPS
                                          : CC_TAKES_NUMBER;
  p->offset = r->takes == RT_TAKES_STEPS ? amount_at : number_at;
}

static void way_of_method(struct way *way, const struct rt_method *row) {
  *way = (struct way){{LR, WEIGHT_DECAY}, {row->name, "setting", way->takes, 2, .declared = NULL}};
  for (int k = 0; k < row->settings; k++)
    add_setting(way, &row->setting[k], offsetof(struct vm_settings, optimizer_setting[k]), 0);
}

static void way_of_schedule(struct way *way, const struct rt_schedule *row) {
  *way = (struct way){{WARMUP}, {row->name, "setting", way->takes, 1, .declared = NULL}};
  for (int k = 0; k < row->settings; k++)
    add_setting(way, &row->setting[k], offsetof(struct vm_settings, schedule_setting[k].number),
                offsetof(struct vm_settings, schedule_setting[k]));
}

/* lr of train { } and lr of adamw(…) are one setting. */
static int check_once(struct cc_context *c, const struct cc_callee *way, const struct cc_setting *inner,
                      const struct train *outer) {
  for (int p = 0; p < way->count; p++)
    for (int k = NUMBERS; inner[p].arg && k < outer->callee.count; k++) {
      if (!outer->setting[k].arg || strcmp(way->parameter[p].name, outer->takes[k].name) != 0) continue;
      gr_fail(c->error, inner[p].span, "the setting `%s` is given twice, to `%s` and to train",
              outer->takes[k].name, way->name);
      gr_note(c->error, outer->setting[k].span, "it is given here as well");
      return c->error->code;
    }
  return RT_OK;
}

/* Where the settings stand that the data may show to be wrong. */
static int keep_places(struct cc_context *c, const struct cc_callee *callee, const struct cc_setting *setting,
                       struct vm_settings *s) {
  int status = RT_OK;
  for (int p = 0; p < callee->count && status == RT_OK; p++) {
    if (!setting[p].arg) continue;
    size_t offset = callee->parameter[p].takes == CC_TAKES_WAY ? SIZE_MAX : callee->parameter[p].offset;
    struct vm_where *where = offset == offsetof(struct vm_settings, warmup)     ? &s->warmup_at
                             : offset == offsetof(struct vm_settings, patience) ? &s->patience_at
                                                                                : NULL;
    if (where) status = cc_keep_place(c, setting[p].span, true, where);
  }
  return status;
}

static int set_way(struct cc_context *c, const struct train *train, int kind, struct vm_settings *s) {
  const struct cc_callee *callee = &train->way[kind].callee;
  struct cc_setting inner[MOST_TAKEN];
  if (!train->node[kind]) return RT_OK;
  int status = cc_match_way(c, callee, train->node[kind], inner);
  if (status == RT_OK) status = check_once(c, callee, inner, train);
  if (status == RT_OK) cc_store_settings(c, callee, inner, s);
  return status != RT_OK ? status : keep_places(c, callee, inner, s);
}

static int set_optimizer(struct cc_context *c, const struct gr_node *node, struct vm_settings *s,
                         struct way *way) {
  const char *name[RT_METHODS];
  for (int k = 0; k < RT_METHODS; k++) name[k] = rt_method[k].name;
  int number = node ? find_way(c, node, "optimizer", name, RT_METHODS) : 0;
  if (number < 0) return c->error->code;
  const struct rt_method *row = &rt_method[number];
  s->optimizer = row->name;
  s->learning_rate = row->lr;
  s->weight_decay = row->decay;
  for (int k = 0; k < row->settings; k++) s->optimizer_setting[k] = row->setting[k].fallback;
  way_of_method(way, row);
  return RT_OK;
}

static int set_schedule(struct cc_context *c, const struct gr_node *node, struct vm_settings *s,
                        struct way *way) {
  const char *name[RT_SCHEDULES];
  for (int k = 0; k < RT_SCHEDULES; k++) name[k] = rt_schedule[k].name;
  int number = node ? find_way(c, node, "schedule", name, RT_SCHEDULES) : 0;
  if (number < 0) return c->error->code;
  const struct rt_schedule *row = &rt_schedule[number];
  s->schedule = row->name;
  s->warmup = row->warmup;
  for (int k = 0; k < row->settings; k++) s->schedule_setting[k].number = row->setting[k].fallback;
  way_of_schedule(way, row);
  return RT_OK;
}

/* What the other optimizers or schedules take of that name: "sgd and rmsprop"; NULL: none does. */
static const char *takers(struct cc_context *c, const char *name) {
  const char *taker[RT_METHODS + RT_SCHEDULES];
  int count = 0;
  for (int m = 0; m < RT_METHODS; m++)
    for (int k = 0; k < rt_method[m].settings; k++)
      if (!strcmp(rt_method[m].setting[k].name, name)) taker[count++] = rt_method[m].name;
  for (int m = 0; m < RT_SCHEDULES; m++)
    for (int k = 0; k < rt_schedule[m].settings; k++)
      if (!strcmp(rt_schedule[m].setting[k].name, name)) taker[count++] = rt_schedule[m].name;
  return count ? cc_listed(c, count, taker) : NULL;
}

static void add_takes(struct train *train, const struct cc_parameter *row, int count) {
  for (int k = 0; k < count; k++) {
    bool known = false;
    for (int p = 0; p < train->callee.count; p++) known |= !strcmp(train->takes[p].name, row[k].name);
    if (!known) train->takes[train->callee.count++] = row[k];
  }
}

/* A setting of an optimizer or schedule that is not the one at hand. */
static int check_takers(struct cc_context *c, const struct train *train, const struct gr_node *written,
                        const struct vm_settings *s) {
  for (int i = 0; i < written->count; i++) {
    const struct gr_node *entry = written->child[i];
    const char *taker = takers(c, entry->text);
    for (int p = 0; p < train->callee.count && taker; p++)
      if (!strcmp(train->takes[p].name, entry->text)) taker = NULL;
    if (taker)
      return gr_fail(c->error, entry->span,
                     "`%s` is a setting of %s; here the optimizer is %s, and the schedule is %s", entry->text,
                     taker, s->optimizer, s->schedule);
  }
  return RT_OK;
}

/* The value of the only setting of that name; of two the matcher will tell. */
static const struct gr_node *only(const struct gr_node *written, const char *name) {
  const struct gr_node *found = NULL;
  for (int i = 0; written && i < written->count; i++) {
    if (strcmp(written->child[i]->text, name) != 0) continue;
    if (found) return NULL;
    found = written->child[i]->child[0];
  }
  return found;
}

/* Which optimizer and schedule there are decides what else may be set. */
static int choose_ways(struct cc_context *c, struct train *train, const struct gr_node *written,
                       struct vm_settings *s) {
  for (int kind = OPTIMIZER; kind <= SCHEDULE; kind++) train->node[kind] = only(written, plain[kind].name);
  int status = set_optimizer(c, train->node[OPTIMIZER], s, &train->way[OPTIMIZER]);
  if (status == RT_OK) status = set_schedule(c, train->node[SCHEDULE], s, &train->way[SCHEDULE]);
  if (status != RT_OK) return status;
  train->callee = (struct cc_callee){"train", "setting", train->takes, 0, .declared = NULL};
  add_takes(train, plain, RT_COUNT(plain));
  for (int kind = OPTIMIZER; kind <= SCHEDULE; kind++)
    add_takes(train, train->way[kind].takes, train->way[kind].callee.count);
  return written ? check_takers(c, train, written, s) : RT_OK;
}

/* Which metrics there are is known to what measures. A file without a model predicts nothing yet. */
static int check_metric(struct cc_context *c, const struct gr_node *node, const char *metric) {
  struct rt_error why = {0};
  if (!c->program->measures || !c->module->output_count) return RT_OK;
  if (c->program->measures(c->module, metric, &why) == RT_OK) return RT_OK;
  gr_fail(c->error, node->span, "%s", why.text);
  if (why.hint[0]) rt_hint(c->error, "%s", why.hint);
  return c->error->code;
}

/* f1 or label.f1, recall@10 or label.recall@10 */
static int set_metric(struct cc_context *c, const struct cc_setting *outer, struct vm_settings *s) {
  const struct gr_node *all = outer[METRIC].arg;
  if (!all) return RT_OK;
  bool first = all->kind == GR_BINARY && !strcmp(all->text, "@") && all->child[1]->kind == GR_NUMBER;
  const struct gr_node *node = first ? all->child[0] : all,
                       *of = node->kind == GR_MEMBER ? node->child[0] : NULL;
  bool function = node->kind == GR_NAME && !first && c->builtin_named(node->text);
  if ((node->kind != GR_NAME && !(of && of->kind == GR_NAME)) || function) {
    gr_fail(c->error, all->span,
            "`metric` of `train` is the name of a metric, as in f1, label.f1 or recall@10");
    return c->error->code;
  }
  char k[32] = "";
  const double places = first ? all->child[1]->number : 1;
  if (!(places >= 1 && places < 1e9) || places != floor(places)) {
    gr_fail(c->error, all->child[1]->span,
            "the K of a metric, as in recall@10, is a whole number below a billion");
    return c->error->code;
  }
  if (first) snprintf(k, sizeof k, "@%.0f", places);
  s->metric =
      rt_arena_printf(&c->module->arena, "%s%s%s%s", of ? of->text : "", of ? "." : "", node->text, k);
  int status = s->metric ? check_metric(c, all, s->metric) : cc_out_of_memory(c);
  return status != RT_OK ? status : cc_keep_place(c, all->span, true, &s->metric_at);
}

static int match_settings(struct cc_context *c, struct train *train, const struct gr_node *written,
                          struct vm_settings *s) {
  int status =
      cc_match_settings(c, &train->callee, written->span, written->child, written->count, train->setting);
  if (status == RT_OK) cc_store_settings(c, &train->callee, train->setting, s);
  if (status == RT_OK) status = keep_places(c, &train->callee, train->setting, s);
  if (status == RT_OK) status = set_metric(c, train->setting, s);
  if (status == RT_OK) status = set_way(c, train, OPTIMIZER, s);
  return status != RT_OK ? status : set_way(c, train, SCHEDULE, s);
}

int cc_train_settings(struct cc_context *c, const struct gr_node *written, struct vm_settings *s) {
  *s = (struct vm_settings){.batch = 32, .epochs = 10, .seed = 1};
  struct train train = {.callee = {0}};
  int status = choose_ways(c, &train, written, s);
  if (status == RT_OK && written) status = match_settings(c, &train, written, s);
  if (status != RT_OK) return status;
  return cc_group_parameters(c, train.setting[GROUPS].arg, train.setting[FREEZE].arg, s);
}
