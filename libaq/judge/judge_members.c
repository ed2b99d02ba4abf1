/* judge_members.c: runs a batch, with the parameters of a model or with those of each member of an ensemble,
 * and says what is answered and lost. */
#include "libaq/judge/judge.h"
#include "runtime/io/fit.h"
#include "vm/link.h"

int lib_judge_members(struct lib_judge *judge, const struct lib_members *members, struct rt_error *error) {
  judge->members = members;
  judge->mean = rt_zalloc(judge->module->output_count + 1u, sizeof *judge->mean);
  return judge->mean ? RT_OK : rt_no_memory(error);
}

/* ---- losses ---- */

/* An output's own loss; where the model has none of its own, the loss is the one of its only output. */
static void add_own_loss(struct lib_judge *judge, uint32_t o, int64_t count, double total, double share) {
  uint32_t own = judge->module->output_count + 1 + o;
  bool apart = own < vm_module_function(judge->module, "eval")->output_count;
  double value = apart ? lib_judge_value(judge, own) : total, weight;
  if (!lib_judge_weight(judge, o, &weight)) weight = lib_feed_weight(&judge->feed, o, count);
  judge->lost[2 + 2 * o] += value * weight * share;
  judge->lost[3 + 2 * o] += weight * share;
}

/* A loss that is not that of one output alone counts each batch by its rows, as training does: what an output
 * lets rows count may be nothing. */
static void add_loss(struct lib_judge *judge, int64_t count, double value, double share) {
  bool total = lib_has_total(judge->module);
  double weight;
  if (total || !lib_judge_weight(judge, 0, &weight)) weight = lib_feed_weight(&judge->feed, 0, count);
  judge->lost[0] += value * weight * share;
  judge->lost[1] += weight * share;
  for (uint32_t o = 0; o < judge->module->output_count; o++) add_own_loss(judge, o, count, value, share);
}

/* ---- answers ---- */

/* The answers of the last run, in scratch. *count: how many numbers. */
static int read_answers(struct lib_judge *judge, uint32_t o, size_t *count, struct rt_error *error) {
  const struct vm_output *output = &judge->module->output[o];
  struct rt_tensor t = vm_machine_output(judge->machine, o);
  int64_t rows, columns;
  lib_output_size(&t, &rows, &columns);
  if (rt_grow((void **)&judge->scratch, &judge->scratch_capacity, (size_t)t.shape->count + 1,
              sizeof *judge->scratch))
    return rt_no_memory(error);
  lib_to_double(&t, judge->feed.precision, judge->scratch);
  vm_link_find(output->link)->apply(judge->scratch, rows, columns);
  io_fit_undo(&judge->schema->columns[judge->feed.column[output->target]], judge->scratch, 0, t.shape->count);
  *count = (size_t)t.shape->count;
  return RT_OK;
}

static int read_tags(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct tag_scores *scores,
                     struct rt_error *error) {
  struct rt_tensor t = vm_machine_output(judge->machine, o);
  struct lib_judge_text *of = &judge->of_text;
  if (rt_grow((void **)&judge->scratch, &judge->scratch_capacity, (size_t)t.shape->count + 1,
              sizeof *judge->scratch)
      || rt_grow((void **)&of->first, &of->first_capacity, (size_t)batch.count + 1, sizeof *of->first))
    return rt_no_memory(error);
  lib_to_double(&t, judge->feed.precision, judge->scratch);
  *scores = (struct tag_scores){judge->scratch, of->first, batch.count, 0, false};
  return lib_answer_tags(&judge->tags[o], &t, scores, of->first, &judge->module->output[o], error);
}

int lib_judge_answers(struct lib_judge *judge, uint32_t o, struct rt_error *error) {
  size_t count;
  int status = read_answers(judge, o, &count, error);
  if (status == RT_OK && judge->mean) lib_take_mean(&judge->mean[o], judge->scratch);
  return status;
}

int lib_judge_tag_answers(struct lib_judge *judge, struct lib_batch batch, uint32_t o,
                          struct tag_scores *scores, struct rt_error *error) {
  int status = read_tags(judge, batch, o, scores, error);
  if (status != RT_OK || !judge->mean) return status;
  return lib_mean_tags(&judge->tags[o], &judge->mean[o], scores, error);
}

static int add_answers(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  struct tag_scores scores;
  size_t count;
  bool tags = judge->report[o].kind & REP_OF_TAGS;
  int status = tags ? read_tags(judge, batch, o, &scores, error) : read_answers(judge, o, &count, error);
  if (status == RT_OK && tags) count = (size_t)(scores.first[batch.count] * scores.classes);
  return status == RT_OK ? lib_add_answers(&judge->mean[o], judge->scratch, count, error) : status;
}

/* ---- members ---- */

static int run_member(struct lib_judge *judge, struct lib_batch batch, bool with_loss, double share,
                      struct rt_error *error) {
  double loss;
  int status = vm_machine_run(judge->machine, 0, error);
  if (status == RT_OK) status = lib_judge_check(judge, batch, with_loss ? &loss : NULL, error);
  if (status == RT_OK && with_loss) add_loss(judge, batch.count, loss, share);
  return status;
}

int lib_judge_batch(struct lib_judge *judge, struct lib_batch batch, bool with_loss, struct rt_error *error) {
  const uint32_t count = judge->members ? judge->members->count : 1, outputs = judge->module->output_count;
  int status = RT_OK;
  for (uint32_t k = 0; k < 2 * (outputs + 1); k++) judge->lost[k] = 0;
  for (uint32_t o = 0; judge->mean && o < outputs; o++) judge->mean[o].added = 0;
  for (uint32_t m = 0; m < count && status == RT_OK; m++) {
    if (judge->members) {
      judge->params = judge->members->of[m];
      lib_params_bind(judge->params, judge->machine);
    }
    status = run_member(judge, batch, with_loss, 1.0 / count, error);
    for (uint32_t o = 0; judge->mean && o < outputs && status == RT_OK; o++)
      status = add_answers(judge, batch, o, error);
  }
  return status;
}
