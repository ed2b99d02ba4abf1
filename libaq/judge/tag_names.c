/* tag_names.c: what the names of tags say of entities. */
#include "libaq/judge/tag_names.h"

#include <string.h>

bool tag_name_read(const char *name, struct tag_name *tag) {
  static const char letters[] = "OBIMELSU";
  static const enum tag_part parts[] = {TAG_OUTSIDE, TAG_BEGIN, TAG_INSIDE, TAG_INSIDE,
                                        TAG_END,     TAG_END,   TAG_SINGLE, TAG_SINGLE};
  const char *letter = name[0] ? strchr(letters, name[0]) : NULL;
  bool typed = name[0] && name[1] == '-' && name[2];
  *tag = (struct tag_name){TAG_OUTSIDE, ""};
  if (!letter || (name[1] && !typed) || (typed && name[0] == 'O')) return false;
  tag->part = parts[letter - letters];
  if (typed) tag->type = name + 2;
  return true;
}

void tag_census_add(struct tag_census *census, const char *name) {
  struct tag_name tag;
  census->other |= !tag_name_read(name, &tag);
  census->typed |= tag.type[0] != 0;
  census->begins |= tag.part == TAG_BEGIN;
  census->goes_on |= tag.part == TAG_INSIDE || tag.part == TAG_END;
}

bool tag_census_marks(const struct tag_census *census) {
  return !census->other && (census->typed || (census->begins && census->goes_on));
}

/* ---- entities ---- */

static bool same_type(struct tag_name a, struct tag_name b) { return !strcmp(a.type, b.type); }

bool tag_entity_ends(struct tag_name before, struct tag_name now) {
  if (before.part == TAG_OUTSIDE) return false;
  if (before.part == TAG_END || before.part == TAG_SINGLE || !same_type(before, now)) return true;
  return now.part != TAG_INSIDE && now.part != TAG_END;
}

bool tag_entity_begins(struct tag_name before, struct tag_name now) {
  if (now.part == TAG_OUTSIDE) return false;
  if (now.part == TAG_BEGIN || now.part == TAG_SINGLE || !same_type(before, now)) return true;
  return before.part != TAG_BEGIN && before.part != TAG_INSIDE;
}

/* ---- which may follow which ---- */

static bool goes_on(const struct tag_rule *rule) { return rule->part == TAG_INSIDE || rule->part == TAG_END; }

static bool is_open(const struct tag_rule *rule) {
  return rule->part == TAG_BEGIN || rule->part == TAG_INSIDE;
}

/* Reads the names; types get numbers. */
static int read_names(struct tag_rule *rule, const struct io_vocab *vocab, struct io_intern *types,
                      struct tag_census *census) {
  struct rt_error ignored = {0};
  for (int32_t id = 0; id < vocab->count; id++) {
    size_t length;
    const char *text = io_vocab_text(vocab, id, &length);
    char *name = rt_strndup(text ? text : "", length);
    struct tag_name tag;
    if (!name) return RT_NO_MEMORY;
    tag_census_add(census, name);
    tag_name_read(name, &tag);
    rule[id].part = tag.part;
    int status = io_intern_add(types, tag.type, strlen(tag.type), &rule[id].type, &ignored);
    rt_free(name);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* What a type has decides: an entity whose type has B begins with it, one whose type has E ends with that. */
static int settle(struct tag_rule *rule, int32_t count, int32_t types, bool iob1) {
  struct has {
    bool begin, end;
  } *has = rt_zalloc((size_t)types + 1, sizeof *has);
  if (!has) return RT_NO_MEMORY;
  for (int32_t id = 0; id < count; id++) {
    has[rule[id].type].begin |= rule[id].part == TAG_BEGIN;
    has[rule[id].type].end |= rule[id].part == TAG_END;
  }
  for (int32_t id = 0; id < count; id++) {
    rule[id].begun = goes_on(&rule[id]) && has[rule[id].type].begin && !iob1;
    rule[id].open = is_open(&rule[id]) && has[rule[id].type].end;
  }
  rt_free(has);
  return RT_OK;
}

int tag_rules_init(struct tag_rules *rules, const struct io_vocab *vocab, bool iob1) {
  struct io_intern types = {0};
  struct tag_census census = {false, false, false, false};
  *rules = (struct tag_rules){NULL};
  if (!vocab || vocab->count < 1) return RT_OK;
  rules->rule = rt_zalloc((size_t)vocab->count, sizeof *rules->rule);
  int status = rules->rule ? read_names(rules->rule, vocab, &types, &census) : RT_NO_MEMORY;
  if (status == RT_OK && tag_census_marks(&census))
    status = settle(rules->rule, vocab->count, types.count, iob1);
  else
    tag_rules_free(rules);
  io_intern_free(&types);
  return status;
}

void tag_rules_free(struct tag_rules *rules) {
  rt_free(rules->rule);
  rules->rule = NULL;
}

/* The rule of a tag; NULL: there is none, before the first word and behind the last. */
static const struct tag_rule *rule_of(const struct tag_rules *rules, int64_t tag) {
  return tag == TAG_NONE ? NULL : &rules->rule[tag];
}

static bool is_together(const struct tag_rule *a, const struct tag_rule *b) {
  return a && b && a->type == b->type && is_open(a) && goes_on(b);
}

bool tag_may_follow(const struct tag_rules *rules, int64_t before, int64_t now) {
  if (!rules->rule) return true;
  const struct tag_rule *a = rule_of(rules, before), *b = rule_of(rules, now);
  return is_together(a, b) || ((!a || !a->open) && (!b || !b->begun));
}

bool tag_begins(const struct tag_rules *rules, int64_t before, int64_t now) {
  const struct tag_rule *a = rule_of(rules, before), *b = rule_of(rules, now);
  return b && b->part != TAG_OUTSIDE && !is_together(a, b);
}
