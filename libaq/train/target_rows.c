/* target_rows.c: what there is to be learned: how often each label stands in the data, and how good an answer
 * is that does not look at the row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaq/train/trainer.h"
#include "runtime/io/fit.h"

enum { OF_LABELS = REP_CLASS | REP_TAGS | REP_CHAIN | REP_SEVERAL };

/* ---- labels ---- */

static int most_first(const void *one, const void *other) {
  const aq_label_rows *a = one, *b = other;
  if (a->only_valid != b->only_valid) return a->only_valid ? 1 : -1;
  if (a->rows != b->rows) return a->rows < b->rows ? 1 : -1;
  if (a->valid_rows != b->valid_rows) return a->valid_rows < b->valid_rows ? 1 : -1;
  return strcmp(a->name, b->name);
}

static const struct io_values *values_of(const struct aq_trainer *t, const struct io_dataset *data,
                                         uint32_t output) {
  const struct vm_input *target = &t->module->input[t->module->output[output].target];
  return &data->values[vm_column_of(t->module, target)];
}

/* Names of labels: those that training saw, then those that the validation data alone have. */
static int name_labels(struct aq_trainer *t, const struct io_vocab *vocab, const struct io_intern *unseen,
                       struct lib_target_rows *of, struct rt_error *error) {
  size_t known = (size_t)vocab->count;
  for (size_t k = 0; k < of->count; k++) {
    size_t length;
    const char *text = k < known ? io_vocab_text(vocab, (int32_t)k, &length)
                                 : io_intern_text(unseen, (int32_t)(k - known), &length);
    of->label[k].size = sizeof(aq_label_rows);
    of->label[k].only_valid = k >= known;
    of->label[k].name = rt_arena_strndup(&t->names, text ? text : "", text ? length : 0);
    if (!of->label[k].name) return rt_no_memory(error);
  }
  return RT_OK;
}

/* A label that a row says twice is one that the row has. *last: the row that had it last, from 1. */
static bool counts_now(int64_t *last, int64_t row, bool each_one) {
  if (!each_one && *last == row + 1) return false;
  *last = row + 1;
  return true;
}

static int count_labels(struct aq_trainer *t, uint32_t output, struct lib_target_rows *of,
                        struct rt_error *error) {
  const struct vm_input *target = &t->module->input[t->module->output[output].target];
  const struct io_vocab *vocab = t->schema.columns[vm_column_of(t->module, target)].vocab;
  const struct io_values *train = values_of(t, &t->train_data, output),
                         *valid = t->has_valid ? values_of(t, &t->valid_data, output) : NULL;
  if (!vocab) return RT_OK;
  of->count = (size_t)vocab->count + (valid ? (size_t)valid->unseen.count : 0);
  of->label = rt_zalloc(of->count + 1, sizeof *of->label);
  if (!of->label) return rt_no_memory(error);
  int64_t *last = rt_zalloc(of->count + 1, sizeof *last);
  if (!last) return rt_no_memory(error);
  const bool each_one = lib_report_kind(t->module, &t->module->output[output]) != REP_LABELS;
  for (int64_t row = 0; row < t->train_data.rows; row++)
    for (int64_t k = io_payload_begin(&train->of, row); k < io_payload_begin(&train->of, row + 1); k++) {
      int32_t id = io_payload_ids(&train->of)[k];
      if (id >= 0 && counts_now(last + id, row, each_one)) of->label[id].rows++;
    }
  memset(last, 0, (of->count + 1) * sizeof *last);
  for (int64_t row = 0; valid && row < t->valid_data.rows; row++)
    for (int64_t k = io_payload_begin(&valid->of, row); k < io_payload_begin(&valid->of, row + 1); k++) {
      int32_t id = io_payload_ids(&valid->of)[k], label = id >= 0 ? id : vocab->count - 1 - id;
      if (counts_now(last + label, row, each_one)) of->label[label].valid_rows++;
    }
  rt_free(last);
  int status = name_labels(t, vocab, valid ? &valid->unseen : NULL, of, error);
  if (status == RT_OK) qsort(of->label, of->count, sizeof *of->label, most_first);
  return status;
}

/* Labels do not exclude each other, and none of them is an answer for every row. */
static void always_the_most(const struct aq_trainer *t, struct lib_target_rows *of) {
  int64_t rows = 0, right = t->has_valid ? of->label[0].valid_rows : of->label[0].rows;
  for (size_t k = 0; k < of->count; k++) rows += t->has_valid ? of->label[k].valid_rows : of->label[k].rows;
  if (rows == 0) return;
  of->baseline = (aq_baseline){.size = sizeof of->baseline,
                               .metric = "accuracy",
                               .value = (double)right / (double)rows,
                               .label = of->label[0].name,
                               .on_valid = t->has_valid};
}

/* ---- numbers ---- */

/* A number of the data as the file has it, without the column's scale. */
static double as_written(const struct aq_trainer *t, uint32_t output, double number) {
  const struct vm_input *target = &t->module->input[t->module->output[output].target];
  io_fit_undo(&t->schema.columns[vm_column_of(t->module, target)], &number, 0, 1);
  return number;
}

static void always_the_mean(const struct aq_trainer *t, uint32_t output, struct lib_target_rows *of) {
  const struct io_dataset *judged = t->has_valid ? &t->valid_data : &t->train_data;
  const struct io_values *train = values_of(t, &t->train_data, output), *truth = values_of(t, judged, output);
  int64_t count = t->train_data.rows;
  double sum = 0, squares = 0;
  if (train->of.width != 1 || train->of.offsets || train->of.element == IO_I32) return;
  if (count == 0 || judged->rows == 0) return;
  for (int64_t k = 0; k < count; k++) sum += as_written(t, output, io_payload_number(&train->of, k));
  double mean = sum / (double)count;
  for (int64_t k = 0; k < judged->rows; k++) {
    double error = as_written(t, output, io_payload_number(&truth->of, k)) - mean;
    squares += error * error;
  }
  of->baseline = (aq_baseline){.size = sizeof of->baseline,
                               .metric = "rmse",
                               .value = sqrt(squares / (double)judged->rows),
                               .mean = mean,
                               .on_valid = t->has_valid};
}

int lib_target_rows(struct aq_trainer *t, struct rt_error *error) {
  int status = RT_OK;
  t->target = rt_zalloc(t->module->output_count + 1u, sizeof *t->target);
  if (!t->target) return rt_no_memory(error);
  if (!lib_train_has_rows(t)) return RT_OK;
  for (uint32_t o = 0; o < t->module->output_count && status == RT_OK; o++) {
    enum rep_kind kind = lib_report_kind(t->module, &t->module->output[o]);
    if (kind == REP_NUMBER) always_the_mean(t, o, &t->target[o]);
    if (!(kind & OF_LABELS)) continue;
    status = count_labels(t, o, &t->target[o], error);
    if (status == RT_OK && !(kind & REP_SEVERAL) && t->target[o].count) always_the_most(t, &t->target[o]);
  }
  return status;
}

void lib_target_rows_free(struct aq_trainer *t) {
  for (uint32_t o = 0; t->target && o < t->module->output_count; o++) rt_free(t->target[o].label);
  rt_free(t->target);
  rt_arena_free(&t->names);
}

/* ---- for hosts ---- */

static const struct lib_target_rows *target_of(const struct aq_trainer *t, size_t output) {
  return t && t->ready && output < t->module->output_count ? &t->target[output] : NULL;
}

size_t aq_trainer_label_count(const struct aq_trainer *trainer, size_t output) {
  const struct lib_target_rows *of = target_of(trainer, output);
  return of ? of->count : 0;
}

const aq_label_rows *aq_trainer_label(const struct aq_trainer *trainer, size_t output, size_t label) {
  const struct lib_target_rows *of = target_of(trainer, output);
  return of && label < of->count ? &of->label[label] : NULL;
}

const aq_baseline *aq_trainer_baseline(const struct aq_trainer *trainer, size_t output) {
  const struct lib_target_rows *of = target_of(trainer, output);
  return of && of->baseline.size ? &of->baseline : NULL;
}
