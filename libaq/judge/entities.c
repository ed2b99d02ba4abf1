/* entities.c: counts the entities that tags mark, as conlleval does: one is right when the model has found
 * one of the same type from the same word to the same word. */
#include "libaq/judge/report.h"

#include <string.h>

bool rep_has_entities(const struct rep_report *r) {
  size_t count = r->model_classes ? r->model_classes : r->class_count;
  struct tag_census census = {false, false, false, false};
  if (!(r->kind & REP_OF_TAGS)) return false;
  for (size_t c = 0; c < count; c++) tag_census_add(&census, r->classes[c].name);
  return tag_census_marks(&census);
}

int rep_name_entity(struct rep_report *r, struct rep_class *class, struct rt_error *e) {
  size_t place = 0;
  tag_name_read(class->name, &class->tag);
  if (class->tag.part == TAG_OUTSIDE) return RT_OK;
  while (place < r->entity_count && strcmp(r->entity[place].type, class->tag.type) < 0) place++;
  if (place < r->entity_count && !strcmp(r->entity[place].type, class->tag.type)) return RT_OK;
  if (rt_grow((void **)&r->entity, &r->entity_capacity, r->entity_count + 1, sizeof *r->entity))
    return rt_no_memory(e);
  char *type = rt_strdup(class->tag.type);
  if (!type) return rt_no_memory(e);
  memmove(r->entity + place + 1, r->entity + place, (r->entity_count - place) * sizeof *r->entity);
  r->entity[place] = (struct rep_entity){.type = type};
  r->entity_count++;
  return RT_OK;
}

/* The tag of word t. Before and behind the text nothing is an entity, nor is a word without an answer. */
static struct tag_name tag_at(const struct rep_report *r, const size_t *tag, size_t count, size_t t) {
  bool there = t < count && tag[t] < r->class_count;
  return there ? r->classes[tag[t]].tag : (struct tag_name){TAG_OUTSIDE, ""};
}

static struct rep_entity *entity_of(struct rep_report *r, struct tag_name tag) {
  size_t low = 0, high = r->entity_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(r->entity[middle].type, tag.type) <= 0)
      low = middle;
    else
      high = middle;
  }
  return &r->entity[low];
}

/* Going through the tags of a text: those of the last word, and where its entity began. */
struct walk {
  struct tag_name before;
  size_t begin;
};

/* Does an entity end before word t, whose tag is now? */
static bool ends(const struct walk *walk, struct tag_name now) { return tag_entity_ends(walk->before, now); }

static void step(struct walk *walk, struct tag_name now, size_t t) {
  if (tag_entity_begins(walk->before, now)) walk->begin = t;
  walk->before = now;
}

void rep_add_tags(struct rep_report *r, const size_t *truth, const size_t *predicted, size_t count) {
  const struct tag_name outside = {TAG_OUTSIDE, ""};
  struct walk right = {outside, 0}, found = right;
  for (size_t t = 0; t <= count; t++) {
    struct tag_name now = tag_at(r, truth, count, t), said = tag_at(r, predicted, count, t);
    bool one = ends(&right, now), other = ends(&found, said);
    if (one) entity_of(r, right.before)->truths++;
    if (other) entity_of(r, found.before)->predictions++;
    if (one && other && right.begin == found.begin && !strcmp(right.before.type, found.before.type))
      entity_of(r, right.before)->hits++;
    step(&right, now, t);
    step(&found, said, t);
  }
}

void rep_forget_entities(struct rep_report *r) {
  for (size_t k = 0; k < r->entity_count; k++)
    r->entity[k].hits = r->entity[k].truths = r->entity[k].predictions = 0;
}

void rep_free_entities(struct rep_report *r) {
  for (size_t k = 0; k < r->entity_count; k++) rt_free(r->entity[k].type);
  rt_free(r->entity);
}
