/* tag_schemes.c: what the training rows say of the scheme of tags. In BIO an entity begins with B; in IOB1
 * with I, and with B only behind another entity of its type (Tjong Kim Sang and Veenstra 1999). */
#include <string.h>

#include "libaq/host_log.h"
#include "libaq/internal.h"
#include "libaq/judge/tag_names.h"
#include "runtime/io/utf8.h"

/* What the rows have. */
struct count {
  int64_t entities;    /* that do not begin behind one of their type */
  int64_t inside;      /* of them: those that begin with I */
  int64_t steps, odd;  /* from tag to tag; those that may not be */
  int64_t row;         /* of the first of these */
  int32_t before, now; /* its tags, or TAG_NONE */
};

static void count_step(struct count *c, const struct tag_rules *rules, int64_t row, int32_t before,
                       int32_t now) {
  const bool behind =
      before != TAG_NONE && now != TAG_NONE && rules->rule[before].type == rules->rule[now].type;
  if (tag_begins(rules, before, now) && !behind) {
    c->entities++;
    c->inside += rules->rule[now].part == TAG_INSIDE || rules->rule[now].part == TAG_END;
  }
  c->steps++;
  if (tag_may_follow(rules, before, now) || c->odd++ > 0) return;
  c->row = row;
  c->before = before;
  c->now = now;
}

static struct count count_rows(const struct tag_rules *rules, const struct io_dataset *data, int column) {
  const struct io_payload *of = &data->values[column].of;
  struct count c = {0, 0, 0, 0, 0, 0, 0};
  for (int64_t row = 0; row < data->rows; row++) {
    int32_t before = TAG_NONE;
    for (int64_t k = io_payload_begin(of, row); k < io_payload_begin(of, row + 1); k++) {
      int32_t now = io_payload_ids(of)[k];
      count_step(&c, rules, row, before, now);
      before = now;
    }
    if (before != TAG_NONE) count_step(&c, rules, row, before, TAG_NONE);
  }
  return c;
}

static const char *name_of(const struct io_vocab *vocab, int32_t tag, const char *none, int *length) {
  size_t size = 0;
  const char *text = tag == TAG_NONE ? NULL : io_vocab_text(vocab, tag, &size);
  *length = text ? io_quoted(text, size) : (int)strlen(none);
  return text ? text : none;
}

/* Tags that are learned, and that no answer will have so. */
static void note_odd(struct lib_reading *r, const struct io_column *column, const struct io_dataset *data,
                     const struct count *c) {
  struct rt_error *note = &r->odd_tags.error;
  int before, now;
  const char *a = name_of(column->vocab, c->before, "the beginning", &before),
             *b = name_of(column->vocab, c->now, "the end", &now);
  if (note->code) return;
  rt_fail_at(note, RT_BAD_DATA, (struct rt_place){data->name, data->lines[c->row], 0},
             "\"%s\": %.*s is followed by %.*s here, which the scheme of the tags does not have, and so no "
             "answer will have it; %lld of %lld steps from tag to tag are such",
             column->name, before, a, now, b, (long long)c->odd, (long long)c->steps);
  if (c->inside > 0)
    rt_hint(note, "%lld of %lld entities begin with I; %s: tags[T, C](scheme = iob1) lets them",
            (long long)c->inside, (long long)c->entities, column->name);
  lib_log(AQ_WARNING, note);
}

static int learn_scheme(struct lib_reading *r, struct io_column *column, const struct io_dataset *train,
                        int number, struct rt_error *error) {
  struct tag_rules rules;
  bool iob1 = column->set.scheme == IO_SCHEME_IOB1;
  if (tag_rules_init(&rules, column->vocab, iob1) != RT_OK) return rt_no_memory(error);
  if (!rules.rule) return RT_OK;
  struct count c = count_rows(&rules, train, number);
  if (!column->set.scheme && 2 * c.inside > c.entities)
    column->set.scheme = IO_SCHEME_IOB1;
  else if (c.odd > 0)
    note_odd(r, column, train, &c);
  tag_rules_free(&rules);
  return RT_OK;
}

int lib_learn_schemes(struct lib_reading *reading, struct io_schema *schema, const struct io_dataset *train,
                      struct rt_error *error) {
  int status = RT_OK;
  for (int c = 0; c < schema->count && status == RT_OK; c++) {
    const struct io_kind *kind = schema->columns[c].kind;
    if (kind->labels && kind->pairs && schema->columns[c].vocab && train->values[c].present)
      status = learn_scheme(reading, &schema->columns[c], train, c, error);
  }
  return status;
}
