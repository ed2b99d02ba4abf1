/* groups.c: what train { } says of some parameters alone, by patterns of their paths: groups = [group("**.b",
 * weight_decay = 0)] and freeze = "**.embed.**". Of two groups that set the same, the later counts. */
#include "compiler/front/groups.h"

#include <string.h>

#include "compiler/front/path_pattern.h"

enum { PATHS, LR, WEIGHT_DECAY, TAKES };
static const struct cc_parameter takes[TAKES] = {
    [PATHS] = {"PATHS", CC_TAKES_TEXT},
    [LR] = {"lr", CC_TAKES_NUMBER, CC_FROM(0), .optional = true, .by_name = true},
    [WEIGHT_DECAY] = {"weight_decay", CC_TAKES_NUMBER, CC_FROM(0), .optional = true, .by_name = true}};
static const struct cc_callee group_takes = {"group", "setting", takes, TAKES, .declared = NULL};

/* By parameter: the group that its lr and its weight decay are from, from 1; 0: from none. */
struct claims {
  int *of[TAKES];
};

/* ---- patterns ---- */

static int matches(const struct vm_module *m, const char *pattern) {
  int count = 0;
  for (uint32_t p = 0; p < m->param_count; p++) count += cc_pattern_matches(pattern, m->param[p].name);
  return count;
}

/* The pattern with the part of length bytes at `at` replaced by the part of a path that is nearest to it, if
 * that names anything; else NULL. */
static const char *with_nearest(struct cc_context *c, const char *pattern, const char *at, size_t length) {
  const struct vm_module *m = c->module;
  const char *wanted = rt_arena_strndup(&c->model->arena, at, length);
  if (!wanted || strpbrk(wanted, "*?[]")) return NULL;
  struct rt_nearest nearest = {wanted, NULL, 0};
  for (uint32_t p = 0; p < m->param_count; p++)
    for (const char *part = m->param[p].name; part; part = strchr(part, '.') ? strchr(part, '.') + 1 : NULL) {
      const char *copy = rt_arena_strndup(&c->model->arena, part, strcspn(part, "."));
      if (copy) rt_nearest_consider(&nearest, copy);
    }
  if (!nearest.best) return NULL;
  const char *other =
      rt_arena_printf(&c->model->arena, "%.*s%s%s", (int)(at - pattern), pattern, nearest.best, at + length);
  return other && matches(m, other) ? other : NULL;
}

/* Up to the next point that is not within a range, as in `[0..2]`. */
static size_t part_length(const char *part) {
  size_t length = 0;
  for (bool range = false; part[length] && (range || part[length] != '.'); length++)
    range = part[length] == '[' || (range && part[length] != ']');
  return length;
}

/* What may have been meant by a pattern that names nothing. */
static const char *meant(struct cc_context *c, const char *pattern) {
  const char *within = rt_arena_printf(&c->model->arena, "**.%s", pattern),
             *below = rt_arena_printf(&c->model->arena, "%s.**", pattern);
  if (within && matches(c->module, within)) return within;
  if (below && matches(c->module, below)) return below;
  for (const char *part = pattern; *part;) {
    size_t length = part_length(part);
    const char *other = with_nearest(c, pattern, part, length);
    if (other) return other;
    part += length + (part[length] == '.');
  }
  return NULL;
}

static int names_nothing(struct cc_context *c, const char *pattern, struct gr_span span) {
  enum { SHOWN = 3 };
  const struct vm_module *m = c->module;
  const char *name[SHOWN], *better = meant(c, pattern);
  int count = 0;
  gr_fail(c->error, span, "no parameter has a path like %s", pattern);
  if (better) {
    rt_hint(c->error, "did you mean %s? `aqc explain` lists the paths", better);
    return c->error->code;
  }
  for (uint32_t p = 0; p < m->param_count && count < SHOWN; p++) name[count++] = m->param[p].name;
  if (count)
    rt_hint(c->error, "paths are such as %s; `aqc explain` lists them", cc_listed(c, count, name));
  else
    rt_hint(c->error, "this model has no parameters");
  return c->error->code;
}

static int check_pattern(struct cc_context *c, const char *pattern, struct gr_span span) {
  if (cc_pattern_is_good(pattern))
    return matches(c->module, pattern) ? RT_OK : names_nothing(c, pattern, span);
  gr_fail(c->error, span, "brackets hold a range of numbers, from the first to the one behind the last");
  rt_hint(c->error, "layer.[0..3].** are the layers 0, 1 and 2");
  return c->error->code;
}

/* ---- freezing ---- */

static int freeze_one(struct cc_context *c, const struct gr_node *node) {
  if (node->kind != GR_STRING) {
    gr_fail(c->error, node->span, "`freeze` of `train` is a pattern of paths, or a list of them");
    rt_hint(c->error, "it is written freeze = \"**.embed.**\", or freeze = [\"**.embed.**\", \"**.b\"]");
    return c->error->code;
  }
  const char *pattern = cc_interpolate(c, node->text, node->span);
  int status = pattern ? check_pattern(c, pattern, node->span) : c->error->code;
  for (uint32_t p = 0; status == RT_OK && p < c->module->param_count; p++)
    c->module->param[p].frozen |= cc_pattern_matches(pattern, c->module->param[p].name);
  return status;
}

static int freeze(struct cc_context *c, const struct gr_node *node) {
  bool trained = false;
  int status = node->kind == GR_LIST ? RT_OK : freeze_one(c, node);
  for (int i = 0; node->kind == GR_LIST && i < node->count && status == RT_OK; i++)
    status = freeze_one(c, node->child[i]);
  for (uint32_t p = 0; p < c->module->param_count; p++) trained |= !c->module->param[p].frozen;
  if (status != RT_OK || trained) return status;
  return gr_fail(c->error, node->span, "all parameters are frozen, so that nothing is left to be trained");
}

/* ---- groups ---- */

static void claim(struct vm_param *param, const struct cc_setting *setting, int group, uint32_t p,
                  const struct claims *claims) {
  if (setting[LR].arg) {
    param->lr = setting[LR].number;
    claims->of[LR][p] = group;
  }
  if (setting[WEIGHT_DECAY].arg && param->decay) {
    param->weight_decay = setting[WEIGHT_DECAY].number;
    claims->of[WEIGHT_DECAY][p] = group;
  }
}

static int set_group(struct cc_context *c, const struct gr_node *node, int group, struct cc_setting *setting,
                     const struct claims *claims) {
  struct vm_module *m = c->module;
  int status = RT_OK, trained = 0;
  if (node->kind != GR_CALL || node->child[0]->kind != GR_NAME
      || strcmp(node->child[0]->text, "group") != 0) {
    gr_fail(c->error, node->span, "`groups` of `train` is a list of groups of parameters");
    rt_hint(c->error, "it is written groups = [group(\"**.embed.**\", lr = 1e-4), …]");
    return c->error->code;
  }
  status = cc_match_way(c, &group_takes, node, setting);
  if (status == RT_OK) status = check_pattern(c, setting[PATHS].text, setting[PATHS].arg->span);
  if (status != RT_OK) return status;
  if (!setting[LR].arg && !setting[WEIGHT_DECAY].arg)
    return gr_fail(c->error, node->span, "a group says what is different in it: its lr or its weight_decay");
  for (uint32_t p = 0; p < m->param_count; p++) {
    if (m->param[p].frozen || !cc_pattern_matches(setting[PATHS].text, m->param[p].name)) continue;
    claim(&m->param[p], setting, group, p, claims);
    trained++;
  }
  return trained ? RT_OK : gr_fail(c->error, setting[PATHS].span, "all parameters of this group are frozen");
}

/* A setting that counts for no parameter would be passed over. */
static int check_claim(struct cc_context *c, const struct cc_setting *setting, int which, int group,
                       const struct claims *claims) {
  const struct vm_module *m = c->module;
  bool counts = !setting[which].arg, decays = false;
  for (uint32_t p = 0; p < m->param_count && !counts; p++) {
    counts = claims->of[which][p] == group;
    decays |=
        m->param[p].decay && !m->param[p].frozen && cc_pattern_matches(setting[PATHS].text, m->param[p].name);
  }
  if (counts || (which == WEIGHT_DECAY && !decays && setting[which].number == 0)) return RT_OK;
  if (which == WEIGHT_DECAY && !decays)
    return gr_fail(c->error, setting[which].span,
                   "no parameter of this group decays: those with one axis or none never do");
  gr_fail(c->error, setting[which].span, "this counts for no parameter: later groups say another `%s`",
          takes[which].name);
  rt_hint(c->error, "of two groups that a parameter is in, the later counts: put the wider pattern first");
  return c->error->code;
}

static int set_groups(struct cc_context *c, struct gr_node *const *list, int count) {
  struct rt_arena *a = &c->model->arena;
  struct claims claims = {{0}};
  size_t bytes = sizeof(int) * ((size_t)c->module->param_count + 1);
  struct cc_setting(*setting)[TAKES] = rt_arena_alloc(a, sizeof *setting * ((size_t)count + 1));
  int status = setting ? RT_OK : cc_out_of_memory(c);
  for (int which = LR; which < TAKES && status == RT_OK; which++)
    if ((claims.of[which] = rt_arena_alloc(a, bytes)))
      memset(claims.of[which], 0, bytes);
    else
      status = cc_out_of_memory(c);
  for (int k = 0; k < count && status == RT_OK; k++)
    status = set_group(c, list[k], k + 1, setting[k], &claims);
  for (int k = 0; k < count && status == RT_OK; k++)
    for (int which = LR; which < TAKES && status == RT_OK; which++)
      status = check_claim(c, setting[k], which, k + 1, &claims);
  return status;
}

int cc_group_parameters(struct cc_context *c, const struct gr_node *groups, const struct gr_node *frozen,
                        const struct vm_settings *s) {
  struct vm_module *m = c->module;
  for (uint32_t p = 0; p < m->param_count; p++) {
    m->param[p].lr = s->learning_rate;
    m->param[p].weight_decay = m->param[p].decay ? s->weight_decay : 0;
  }
  if (!cc_item(c->program->main, GR_MODEL)) return RT_OK;
  int status = frozen ? freeze(c, frozen) : RT_OK;
  if (status != RT_OK || !groups) return status;
  if (groups->kind == GR_LIST) return set_groups(c, groups->child, groups->count);
  struct gr_node *one = (struct gr_node *)groups;
  return set_groups(c, &one, 1);
}
