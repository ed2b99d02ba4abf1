/* judge.c: compares predictions with the truth, over a whole dataset. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/judge/judge.h"
#include "libaq/rows/feed_ahead.h"
#include "runtime/io/fit.h"
#include "vm/link.h"

static int name_classes(struct lib_judge *judge, uint32_t o, struct rt_error *error) {
  const struct vm_input *target = &judge->module->input[judge->module->output[o].target];
  const struct io_column *column = &judge->schema->columns[vm_column_of(judge->module, target)];
  const struct io_vocab *vocab = column->vocab;
  for (int32_t id = 0; vocab && id < vocab->count; id++) {
    size_t length, index;
    const char *text = io_vocab_text(vocab, id, &length);
    char *name = rt_strndup(text ? text : "", length);
    int status = name ? rep_class(&judge->report[o], name, &index, error) : rt_no_memory(error);
    rt_free(name);
    if (status != RT_OK) return status;
  }
  rep_model_classes(&judge->report[o]);
  for (int32_t id = 0; judge->report[o].kind & REP_SEVERAL && vocab && id < vocab->count; id++) {
    int status = rep_next_above(&judge->report[o], io_label_above(column, id), error);
    if (status != RT_OK) return status;
  }
  if (judge->report[o].kind & REP_OF_TAGS
      && tag_answers_init(&judge->tags[o], vocab, column->set.scheme == IO_SCHEME_IOB1) != RT_OK)
    return rt_no_memory(error);
  return RT_OK;
}

bool lib_judge_threshold(struct lib_judge *judge, double threshold) {
  bool any = false;
  for (uint32_t o = 0; o < judge->module->output_count; o++) {
    any |= judge->report[o].kind & REP_SEVERAL;
    for (size_t k = 0; k < judge->report[o].above_count; k++) judge->report[o].above[k] = threshold;
  }
  return any;
}

int lib_judge_init(struct lib_judge *judge, const struct vm_module *module, const struct io_schema *schema,
                   const struct lib_params *params, struct rt_pool *pool, struct rt_error *error) {
  *judge = (struct lib_judge){.module = module, .schema = schema, .params = params, .pool = pool};
  const struct vm_function *eval = vm_module_function(module, "eval");
  if (!eval) return rt_fail(error, RT_BAD_DATA, "the model has no function to evaluate with");
  judge->machine = vm_machine_new(module, eval, params->precision, pool, error);
  if (!judge->machine) return error->code;
  lib_params_bind(params, judge->machine);
  int status = lib_feed_init(&judge->feed, module, schema, params->precision, error);
  judge->report = status != RT_OK ? NULL : rt_zalloc(module->output_count + 1u, sizeof *judge->report);
  judge->tags = status != RT_OK ? NULL : rt_zalloc(module->output_count + 1u, sizeof *judge->tags);
  judge->lost = status != RT_OK ? NULL : rt_zalloc(2 * (module->output_count + 1u), sizeof *judge->lost);
  if (status == RT_OK && (!judge->report || !judge->tags || !judge->lost)) status = rt_no_memory(error);
  for (uint32_t o = 0; status == RT_OK && o < module->output_count; o++) {
    status = rep_init(&judge->report[o], lib_report_kind(module, &module->output[o]), error);
    if (status == RT_OK && (judge->report[o].kind & (REP_CLASS | REP_OF_TAGS | REP_SEVERAL)))
      status = name_classes(judge, o, error);
  }
  return status;
}

int lib_judge_look_ahead(struct lib_judge *judge, const struct io_dataset *data, int64_t batch,
                         struct rt_error *error) {
  return lib_ahead_pays(&judge->feed, judge->pool)
             ? lib_ahead_new(&judge->ahead, &judge->feed, data, batch, error)
             : RT_OK;
}

void lib_judge_free(struct lib_judge *judge) {
  lib_ahead_free(judge->ahead);
  rt_free(judge->coming);
  for (uint32_t o = 0; judge->report && o < judge->module->output_count; o++) rep_free(&judge->report[o]);
  for (uint32_t o = 0; judge->tags && o < judge->module->output_count; o++) tag_answers_free(&judge->tags[o]);
  rt_free(judge->tags);
  rt_free(judge->of_text.truth);
  rt_free(judge->of_text.said);
  rt_free(judge->of_text.first);
  lib_hardest_free(judge);
  rt_free(judge->report);
  rt_free(judge->scratch);
  rt_free(judge->truth);
  rt_free(judge->labels);
  rt_free(judge->mark);
  for (uint32_t o = 0; judge->mean && o < judge->module->output_count; o++) rt_free(judge->mean[o].sum);
  rt_free(judge->mean);
  rt_free(judge->lost);
  lib_judge_free_matches(judge);
  rt_free(judge->known.row);
  rt_free(judge->known.number);
  rt_free(judge->unseen.row);
  rt_free(judge->unseen.number);
  vm_machine_free(judge->machine);
  if (judge->feed.module) lib_feed_free(&judge->feed);
  *judge = (struct lib_judge){0};
}

static int judge_class(struct rep_report *report, const double *p, int64_t columns, int32_t label,
                       const struct io_intern *unseen, struct rt_error *error) {
  int64_t best = 0;
  size_t truth = (size_t)label;
  bool known = label >= 0 && label < columns;
  if (!known && (label >= 0 || -1 - label >= unseen->count))
    return rt_fail(error, RT_BAD_DATA, "a label is number %d of %lld classes", label, (long long)columns);
  for (int64_t k = 1; k < columns; k++) best = p[k] > p[best] ? k : best;
  /* Not !(p > …): where the probability is NaN the sum must become NaN, so that it is refused. */
  if (report->kind & REP_OF_NEXT)
    return rep_add_next(report, -log(p[label] < 1e-300 ? 1e-300 : p[label]), 1, error);
  int status = known ? RT_OK : lib_unseen_class(report, unseen, label, &truth, error);
  if (status == RT_OK && report->scope.label)
    status = rep_add_scope(report, truth, p, (size_t)columns, error);
  return status != RT_OK ? status : rep_add_class(report, truth, (size_t)best, p, (size_t)columns, error);
}

/* Row number `row` of a target of numbers, as double, in judge->truth. */
static int read_truth(struct lib_judge *judge, const void *target, int64_t row, int64_t columns,
                      struct rt_error *error) {
  if (rt_grow((void **)&judge->truth, &judge->truth_capacity, (size_t)columns + 1, sizeof *judge->truth))
    return rt_no_memory(error);
  for (int64_t k = 0; k < columns; k++)
    judge->truth[k] = lib_number_at(target, judge->feed.precision, row * columns + k);
  return RT_OK;
}

/* As the file has it. Row r of a matrix has its own scales. */
static void undo_truth(struct lib_judge *judge, uint32_t o, int64_t r, int64_t columns) {
  const struct io_column *column =
      &judge->schema->columns[judge->feed.column[judge->module->output[o].target]];
  io_fit_undo(column, judge->truth, r * columns, columns);
}

/* Judges the labels of an example; p: [columns]. */
static int judge_labels(struct lib_judge *judge, const struct io_values *v, int64_t row,
                        struct rep_labels *labels, struct rep_report *report, struct rt_error *error) {
  const int32_t *ids = io_payload_ids(&v->of) + io_payload_begin(&v->of, row);
  labels->count = (size_t)io_payload_count(&v->of, row);
  if (rt_grow((void **)&judge->labels, &judge->labels_capacity, labels->count + 1, sizeof *judge->labels))
    return rt_no_memory(error);
  labels->truth = judge->labels;
  for (size_t k = 0; k < labels->count; k++) {
    int status = RT_OK;
    judge->labels[k] = (size_t)ids[k];
    if (ids[k] < 0) status = lib_unseen_class(report, &v->unseen, ids[k], &judge->labels[k], error);
    if (status != RT_OK) return status;
  }
  return rep_add_labels(report, labels, error);
}

/* Keeps row r of a batch, of a class, if it is one of the hardest. */
static int hard_class(struct lib_judge *judge, uint32_t o, struct lib_batch batch, int64_t r, const double *p,
                      struct rt_error *error) {
  const struct io_values *v = &batch.data->values[judge->feed.column[judge->module->output[o].target]];
  int32_t label = io_payload_ids(&v->of)[io_payload_begin(&v->of, batch.row[r])];
  size_t truth = (size_t)label, columns = judge->report[o].model_classes;
  int status = label >= 0 ? RT_OK : lib_unseen_class(&judge->report[o], &v->unseen, label, &truth, error);
  if (status == RT_OK)
    lib_hardest_class(judge, o, lib_hard_place(judge, batch, r), p, (int64_t)columns, truth);
  return status;
}

/* Judges one output of one batch, row by row. */
static int judge_output(struct lib_judge *judge, struct lib_batch batch, uint32_t o, struct rt_error *error) {
  const struct vm_module *m = judge->module;
  const struct vm_output *output = &m->output[o];
  struct rt_tensor t = vm_machine_output(judge->machine, o);
  struct rep_report *report = &judge->report[o];
  int64_t rows, columns;
  int status = RT_OK;
  if (report->kind == REP_MATCH) return lib_judge_match(judge, batch, o, error);
  if (report->kind == REP_BOXES) return lib_judge_boxes(judge, batch, o, error);
  if (report->kind == REP_FRAMES) return lib_judge_frames(judge, batch, o, error);
  if (report->kind == REP_IMAGE) return lib_judge_images(judge, batch, o, error);
  const void *target = judge->feed.buffer[output->target];
  const struct io_values *v = &batch.data->values[judge->feed.column[output->target]];
  lib_output_size(&t, &rows, &columns);
  status = lib_judge_answers(judge, o, error);
  for (int64_t r = 0; r < rows && status == RT_OK; r++) {
    const double *p = judge->scratch + r * columns;
    if (report->kind & (REP_CLASS | REP_OF_NEXT)) {
      status = judge_class(report, p, columns, ((const int32_t *)target)[r], &v->unseen, error);
      if (status == RT_OK && report->kind == REP_CLASS) status = lib_judge_rank(judge, batch, r, o, p, error);
      if (status == RT_OK && report->kind == REP_CLASS && judge->hardest)
        status = hard_class(judge, o, batch, r, p, error);
    } else if (report->kind == REP_LABELS) {
      status = judge_labels(judge, v, batch.row[r],
                            &(struct rep_labels){.proba = p, .proba_count = (size_t)columns}, report, error);
      if (status == RT_OK) lib_hardest_labels(judge, o, lib_hard_place(judge, batch, r), p);
    } else if (report->kind == REP_CHANCE) {
      double truth = lib_number_at(target, judge->feed.precision, r);
      status = rep_add_chance(report, truth, p[0], error);
      if (status == RT_OK) lib_hardest_number(judge, o, lib_hard_place(judge, batch, r), truth, p[0]);
    } else {
      status = read_truth(judge, target, r, columns, error);
      if (status == RT_OK) undo_truth(judge, o, r, columns);
      if (status == RT_OK) status = rep_add_numbers(report, judge->truth, p, (size_t)columns, error);
      if (status == RT_OK && report->kind == REP_NUMBER && columns == 1 && rows == batch.count)
        lib_hardest_number(judge, o, lib_hard_place(judge, batch, r), judge->truth[0], p[0]);
    }
  }
  if (status == RT_OK && report->kind == REP_NEXT) lib_hardest_next(judge, o, batch, &t, target);
  return status;
}

/* Adds the losses of a batch. */
static void judge_loss(struct lib_judge *judge) {
  judge->loss += judge->lost[0];
  judge->loss_rows += judge->lost[1];
  for (uint32_t o = 0; o < judge->module->output_count; o++)
    if (!(judge->report[o].kind & REP_OF_NEXT))
      rep_add_loss(&judge->report[o], judge->lost[2 + 2 * o], judge->lost[3 + 2 * o]);
}

/* A row that cannot be judged is left out and counted, or ends the judging. */
static int bad_row(struct lib_judge *judge, const struct io_dataset *data, int64_t row,
                   const struct rt_error *reason, struct rt_error *error) {
  struct rt_error placed = *reason;
  placed.file[0] = '\0';
  placed.line = placed.column = 0;
  io_place_row(data, data->lines[row], -1, &placed);
  if (!judge->skip) io_hint_skip(&placed);
  if (!judge->skip) *error = placed;
  if (judge->skip && judge->skipped++ == 0) judge->first_skipped = placed;
  return judge->skip ? RT_OK : placed.code;
}

/* Adds what the machine has answered for a batch to the reports. */
static int take_answers(struct lib_judge *judge, struct lib_batch batch, bool with_loss,
                        struct rt_error *error) {
  int status = RT_OK;
  if (with_loss) judge_loss(judge);
  for (uint32_t o = 0; status == RT_OK && o < judge->module->output_count; o++) {
    status = judge->report[o].kind & REP_OF_TAGS ? lib_judge_tags(judge, batch, o, error)
                                                 : judge_output(judge, batch, o, error);
    if (status == RT_OK && judge->hardest && judge->hardest[o].failed) status = rt_no_memory(error);
  }
  return status;
}

/* Does the model have all labels of this row? */
static bool row_is_known(const struct lib_judge *judge, const struct io_dataset *data, int64_t row) {
  for (uint32_t o = 0; o < judge->module->output_count; o++) {
    const struct io_values *v = &data->values[judge->feed.column[judge->module->output[o].target]];
    if (!v->unseen.count || judge->report[o].kind & (REP_SEVERAL | REP_MATCH))
      continue; /* labels known have their loss */
    const int32_t *ids = io_payload_ids(&v->of) + io_payload_begin(&v->of, row);
    for (int64_t k = 0; k < io_row_length(v, row); k++)
      if (ids[k] < 0) return false;
  }
  return true;
}

/* Begins with the rows that will be judged together next, as far as they are among the data at hand. */
static int look_ahead(struct lib_judge *judge, const struct io_dataset *data, struct rt_error *error) {
  int64_t count = 0;
  for (int64_t row = judge->next; row < data->rows && count < judge->batch; row++) {
    if (!row_is_known(judge, data, row)) continue;
    if (rt_grow((void **)&judge->coming, &judge->coming_capacity, (size_t)count + 1, sizeof *judge->coming))
      return rt_no_memory(error);
    judge->coming[count++] = row;
  }
  if (count)
    lib_ahead_begin(judge->ahead, judge->machine, (struct lib_batch){data, judge->coming, count}, NULL);
  return RT_OK;
}

/* A batch is judged as a whole or not at all: *bad is why it cannot be judged. */
static int judge_batch(struct lib_judge *judge, struct lib_batch batch, bool with_loss, struct rt_error *bad,
                       struct rt_error *error) {
  struct rt_error reason = {0};
  int status = lib_ahead_rows(judge->ahead, &judge->feed, judge->machine, batch, error);
  if (status == RT_OK && judge->ahead && batch.count == judge->batch)
    status = look_ahead(judge, batch.data, error);
  if (status != RT_OK) return status;
  status = lib_judge_batch(judge, batch, with_loss, &reason);
  if (status == RT_OK) return take_answers(judge, batch, with_loss, error);
  *(status == RT_NOT_FINITE || (status == RT_BAD_DATA && judge->module->native_count) ? bad : error) = reason;
  return status;
}

/* Judges the rows that wait. When an answer in the batch is not finite, or a native function refuses a row,
 * they are judged one by one. After a failure those that were not judged still wait. */
static int judge_waiting(struct lib_judge *judge, const struct io_dataset *data, struct lib_waiting *w,
                         struct rt_error *error) {
  while (w->done < w->count) {
    struct rt_error bad = {0};
    struct lib_batch batch = {data, w->row + w->done, w->singly ? 1 : w->count};
    judge->number = w->number + w->done;
    int status = judge_batch(judge, batch, w == &judge->known, &bad, error);
    if (bad.code && batch.count > 1) {
      w->singly = true;
      continue;
    }
    if (bad.code) status = bad_row(judge, data, batch.row[0], &bad, error);
    if (status != RT_OK) return status;
    w->done += batch.count;
  }
  w->count = w->done = 0;
  w->singly = false;
  return RT_OK;
}

static int wait_for_batch(struct lib_waiting *w, int64_t row, int64_t number, struct rt_error *error) {
  if (rt_grow((void **)&w->row, &w->row_capacity, (size_t)w->count + 1, sizeof *w->row)
      || rt_grow((void **)&w->number, &w->number_capacity, (size_t)w->count + 1, sizeof *w->number))
    return rt_no_memory(error);
  w->row[w->count] = row;
  w->number[w->count++] = number;
  return RT_OK;
}

void lib_judge_begin(struct lib_judge *judge, int64_t batch) {
  judge->loss = judge->loss_rows = 0;
  judge->skipped = 0;
  judge->batch = batch < 1 ? 1 : batch;
  judge->next = judge->before = judge->moved = 0;
  judge->known.count = judge->known.done = judge->unseen.count = judge->unseen.done = 0;
  judge->known.singly = judge->unseen.singly = false;
  for (uint32_t o = 0; o < judge->module->output_count; o++) rep_reset(&judge->report[o]);
  lib_judge_forget_matches(judge);
}

int lib_judge_rows(struct lib_judge *judge, const struct io_dataset *data, struct rt_error *error) {
  const int64_t rows = data->rows - judge->moved;
  int status = RT_OK;
  while (status == RT_OK) {
    struct lib_waiting *full = judge->known.count == judge->batch    ? &judge->known
                               : judge->unseen.count == judge->batch ? &judge->unseen
                                                                     : NULL;
    if (full) {
      status = judge_waiting(judge, data, full, error);
      continue;
    }
    if (judge->next == rows) break;
    struct lib_waiting *w = row_is_known(judge, data, judge->next) ? &judge->known : &judge->unseen;
    status = wait_for_batch(w, judge->next, judge->before + judge->next, error);
    judge->next += status == RT_OK;
  }
  return status;
}

int lib_judge_move(struct lib_judge *judge, const struct io_dataset *from, struct io_dataset *into,
                   struct rt_error *error) {
  struct lib_waiting *const all[] = {&judge->known, &judge->unseen};
  judge->before += from->rows - judge->moved;
  judge->next = judge->moved = 0;
  for (size_t k = 0; k < RT_COUNT(all); k++) {
    int64_t first = into->rows;
    int status = all[k]->count ? io_dataset_append(into, from, all[k]->row, all[k]->count, error) : RT_OK;
    if (status != RT_OK) return status;
    for (int64_t r = 0; r < all[k]->count; r++) all[k]->row[r] = first + r;
    judge->moved += all[k]->count;
  }
  return RT_OK;
}

int lib_judge_end(struct lib_judge *judge, const struct io_dataset *data, struct rt_error *error) {
  int status = judge_waiting(judge, data, &judge->known, error);
  if (status == RT_OK) status = judge_waiting(judge, data, &judge->unseen, error);
  return status != RT_OK ? status : lib_judge_rank_matches(judge, error);
}

int lib_judge_run(struct lib_judge *judge, const struct io_dataset *data, int64_t batch,
                  struct rt_error *error) {
  lib_judge_begin(judge, batch);
  int status = lib_judge_rows(judge, data, error);
  return status != RT_OK ? status : lib_judge_end(judge, data, error);
}

int64_t lib_judge_unseen(const struct lib_judge *judge, const struct io_dataset *data) {
  int64_t rows = 0;
  for (int64_t row = 0; row < data->rows; row++) rows += !row_is_known(judge, data, row);
  return rows;
}

bool lib_judge_blind(const struct lib_judge *judge, const struct io_dataset *data, uint32_t output) {
  const struct io_values *v = &data->values[judge->feed.column[judge->module->output[output].target]];
  if (!v->unseen.count) return false;
  int64_t count = io_payload_begin(&v->of, data->rows), k = 0;
  while (k < count && io_payload_ids(&v->of)[k] < 0) k++;
  return k == count;
}
