/* host_steps.c: what a host does with a training between its steps. */
#include "libaq/rows/memory_rows.h"
#include "libaq/train/trainer.h"

/* ---- the learning rate ---- */

int aq_trainer_set_learning_rate(aq_trainer *t, double rate) {
  if (!t) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  if (!t->ready)
    return rt_fail(error, RT_USAGE, "the training could not be made ready, so it has no learning rate");
  if (!isfinite(rate)) return rt_fail(error, RT_USAGE, "the learning rate is not a number");
  t->state.rate = rate < 0 ? -1 : rate;
  t->saved = false;
  rt_optimizer_set_rate(t->optimizer, t->state.rate);
  return RT_OK;
}

/* ---- one step ---- */

/* Behind its end a schedule has no rate: most would stay at 0, and nothing would be learned. */
static int check_end(const struct aq_trainer *t, struct rt_error *error) {
  const int64_t total = lib_train_total(t);
  if (t->state.rate >= 0 || t->state.step < total || !lib_schedule_needs_total(&t->settings)) return RT_OK;
  rt_fail(error, RT_USAGE, "step %lld is behind the end of the schedule: %s reckons with %lld step%s",
          (long long)t->state.step + 1, t->settings.schedule, (long long)total, total == 1 ? "" : "s");
  rt_hint(error, "aq_trainer_set_learning_rate says the rate from here on; schedule = constant has no end");
  return RT_USAGE;
}

/* The rows are read as those of a file are, but what they do not know is not learned. */
static int read_rows(struct aq_trainer *t, const aq_rows *rows, struct io_dataset *data,
                     struct rt_error *error) {
  const struct io_data_options o = {.skip_bad_rows = t->options.bad_rows == AQ_BAD_ROW_SKIP,
                                    .check = &t->row_check.hook,
                                    .only_known = true};
  return lib_rows_dataset(rows, &t->schema, &o, data, error);
}

/* The best epoch is forgotten: from now on the model is that of the present parameters. */
static void note_step(struct aq_trainer *t, int64_t rows, double seconds) {
  t->state.host_steps++;
  t->state.best_epoch = t->state.since_best = t->state.best_unanswered = 0;
  t->unsaved = true;
  t->examples += rows;
  t->facts.steps++;
  t->facts.best_epoch = 0;
  t->facts.seconds += seconds;
  t->facts.examples_per_second = t->facts.seconds > 0 ? (double)t->examples / t->facts.seconds : 0;
}

static int step_on(struct aq_trainer *t, const struct io_dataset *data, double *loss,
                   struct rt_error *error) {
  const double before = lib_seconds();
  struct lib_step_loss of;
  int64_t *row = rt_zalloc((size_t)data->rows + 1, sizeof *row);
  if (!row) return rt_no_memory(error);
  for (int64_t r = 0; r < data->rows; r++) row[r] = r;
  int status = lib_train_batch(t, (struct lib_batch){data, row, data->rows}, &of, error);
  rt_free(row);
  if (status != RT_OK) return status;
  note_step(t, data->rows, lib_seconds() - before);
  if (loss) *loss = of.value;
  return RT_OK;
}

int aq_trainer_step(aq_trainer *t, const aq_rows *rows, double *loss) {
  struct io_dataset data = {0};
  if (loss) *loss = NAN;
  if (!t) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  int status = lib_train_begin(t, true, error);
  if (status == RT_OK) status = check_end(t, error);
  if (status == RT_OK) status = read_rows(t, rows, &data, error);
  if (status == RT_OK) {
    t->running = true; /* native functions of the host's may be called */
    status = lib_train_end(t, step_on(t, &data, loss, error));
  }
  io_dataset_free(&data);
  return status;
}
