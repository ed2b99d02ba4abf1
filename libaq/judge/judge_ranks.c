/* judge_ranks.c: in what place the right class of a row stands: among all, or among some that are drawn. */
#include <string.h>

#include "libaq/judge/judge.h"
#include "runtime/random.h"

enum { FREE, LEFT_OUT, DRAWN };

struct drawing {
  uint8_t *mark; /* [classes] */
  int64_t free;  /* how many may still be drawn */
};

static void leave_out(struct drawing *d, int64_t id, int64_t classes) {
  if (id < 0 || id >= classes || d->mark[id] != FREE) return;
  d->mark[id] = LEFT_OUT;
  d->free--;
}

/* The right class, entries that are none, and what other columns of the row have of the same names: a film
 * that somebody has seen is no wrong answer to what else they will see. */
static void leave_out_own(const struct lib_judge *judge, struct lib_batch batch, int64_t row, uint32_t o,
                          struct drawing *d, int64_t classes) {
  const struct vm_module *m = judge->module;
  const struct vm_input *target = &m->input[m->output[o].target];
  const struct io_vocab *vocab = judge->schema->columns[vm_column_of(m, target)].vocab;
  const int32_t none[] = {vocab->unknown, vocab->begin, vocab->end};
  for (size_t k = 0; k < RT_COUNT(none); k++) leave_out(d, none[k], classes);
  for (uint32_t i = 0; i < m->input_count && target->vocabulary >= 0; i++) {
    if (m->input[i].vocabulary != target->vocabulary) continue;
    const struct io_values *v = &batch.data->values[judge->feed.column[i]];
    if (!v->present || v->of.element != IO_I32 || v->store) continue;
    const int32_t *ids = io_payload_ids(&v->of) + io_payload_begin(&v->of, row);
    for (int64_t k = io_payload_count(&v->of, row) * v->of.width - 1; k >= 0; k--)
      leave_out(d, ids[k], classes);
  }
}

/* The place among the right class and those drawn. The draws are those of the seed and the row. */
static size_t rank_of_drawn(const struct lib_judge *judge, int64_t number, const double *p, int64_t label,
                            int64_t classes, struct drawing *d) {
  const uint64_t seed = rt_random_seed((uint64_t)judge->seed ^ 0x6e656761u, (uint64_t)number);
  int64_t wanted = judge->negatives < d->free ? judge->negatives : d->free;
  size_t rank = 1;
  for (uint64_t at = 0; wanted > 0; at++) {
    int64_t id = rt_random_below(seed, at, classes);
    if (d->mark[id] != FREE) continue;
    d->mark[id] = DRAWN;
    rank += p[id] >= p[label];
    wanted--;
  }
  return rank;
}

int lib_judge_rank(struct lib_judge *judge, struct lib_batch batch, int64_t r, uint32_t o, const double *p,
                   struct rt_error *error) {
  const struct vm_module *m = judge->module;
  const int64_t row = batch.row[r];
  const struct io_values *v = &batch.data->values[judge->feed.column[m->output[o].target]];
  int64_t classes = (int64_t)judge->report[o].model_classes;
  int32_t label = io_payload_ids(&v->of)[io_payload_begin(&v->of, row)];
  if (label < 0 || label >= classes) return rep_add_rank(&judge->report[o], 0, error);
  if (!judge->negatives)
    return rep_add_rank(&judge->report[o], rep_rank(p, (size_t)classes, (size_t)label), error);
  if (rt_grow((void **)&judge->mark, &judge->mark_capacity, (size_t)classes, 1)) return rt_no_memory(error);
  memset(judge->mark, FREE, (size_t)classes);
  struct drawing d = {judge->mark, classes};
  leave_out(&d, label, classes);
  leave_out_own(judge, batch, row, o, &d, classes);
  return rep_add_rank(&judge->report[o], rank_of_drawn(judge, judge->number[r], p, label, classes, &d),
                      error);
}

int lib_judge_draw(struct lib_judge *judge, int64_t negatives, int64_t seed, struct rt_error *error) {
  const struct vm_module *m = judge->module;
  bool found = false;
  judge->negatives = negatives;
  judge->seed = seed;
  for (uint32_t o = 0; o < m->output_count; o++) {
    struct rep_report *r = &judge->report[o];
    if (r->kind != REP_CLASS) continue;
    found = true;
    r->negatives = negatives;
    if (negatives < (int64_t)r->model_classes) continue;
    rt_fail(error, RT_USAGE, "%lld other classes cannot be drawn: `%s` has %zu in all", (long long)negatives,
            m->output[o].name, r->model_classes);
    rt_hint(error, "without drawing, the right class is ranked among all");
    return RT_USAGE;
  }
  if (found) return RT_OK;
  return rt_fail(error, RT_USAGE, "classes are drawn to rank the right one, and the model predicts %s (`%s`)",
                 vm_targets[vm_target_of(m, &m->output[0])].several, m->output[0].name);
}
