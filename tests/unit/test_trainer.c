/* test_trainer.c: training through <aq.h>: every kind of column, stopping and going on, threads, seeds,
 * goals, what is refused. */
#include "tests/unit/trainer_tasks.h"

/* ---- the same numbers, whatever happens ---- */

static void test_threads(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_train_options options = options_of(&tasks[k], "one.aqm");
    train_well(tasks[k].program, &options);
    for (int threads = 2; threads <= 4; threads++) {
      options.save = file_of("more.aqm");
      options.threads = threads;
      train_well(tasks[k].program, &options);
      assert_same_file(tasks[k].name, "one.aqm", "more.aqm", true);
      assert_same_file(tasks[k].name, "one.aqm.ckpt", "more.aqm.ckpt", true);
    }
  }
}

static void test_seeds(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_train_options options = options_of(&tasks[k], "one.aqm");
    options.seed = 3;
    train_well(tasks[k].program, &options);
    options.save = file_of("two.aqm");
    train_well(tasks[k].program, &options);
    assert_same_file(tasks[k].name, "one.aqm", "two.aqm", true);
    options.seed = 4;
    train_well(tasks[k].program, &options);
    assert_same_file(tasks[k].name, "one.aqm", "two.aqm", false);
  }
}

static void test_no_allocations(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_train_options options = options_of(&tasks[k], NULL);
    options.epochs = 20;
    options.threads = 2;
    train_well(tasks[k].program, &options);
    if (result.facts.allocations_in_steps)
      fail_msg("%s: %llu allocations", tasks[k].name, (unsigned long long)result.facts.allocations_in_steps);
  }
}

static bool stop_at_once(void *context, const aq_progress *progress) {
  (void)context;
  return progress->event != AQ_STEP; /* the first step of a run is always told */
}

/* Stops after every single step, and goes on with other numbers of threads. */
static void resume_each_step(const struct task *task, aq_train_options options) {
  int64_t runs = 0, steps = 0;
  options.save = file_of("whole.aqm");
  train_well(task->program, &options);
  int64_t all = result.facts.steps;
  options.save = file_of("parts.aqm");
  options.progress = stop_at_once;
  for (int status = AQ_INTERRUPTED; status == AQ_INTERRUPTED; runs++) {
    assert_true(runs <= all);
    options.threads = 1 + (int)(runs % 3);
    status = train(task->program, &options);
    if (status && status != AQ_INTERRUPTED) fail_msg("%s: %s", task->name, result.text);
    steps += result.facts.steps;
    options.resume = true;
  }
  assert_int_equal(steps, all);
  assert_true(runs >= all);
  assert_same_file(task->name, "whole.aqm", "parts.aqm", true);
  assert_same_file(task->name, "whole.aqm.ckpt", "parts.aqm.ckpt", true);
}

static void test_resume(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_train_options options = options_of(&tasks[k], NULL);
    resume_each_step(&tasks[k], options);
    options.valid = NULL;
    options.precision = AQ_F64;
    resume_each_step(&tasks[k], options);
  }
}

/* Early stopping and a goal are decisions of the past too. */
static void test_resume_decisions(void **state) {
  (void)state;
  struct task impatient = tasks[0];
  impatient.program = "dim D = 4\ndata { text: words[T], label: class[C] }\nmodel m(text) -> label { return "
                      "linear(mean(embed(text, D), T), C) }\n"
                      "train { optimizer = adamw(lr = 0.1), batch = 4, epochs = 40, patience = 2 }\n";
  aq_train_options options = options_of(&impatient, NULL);
  resume_each_step(&impatient, options);
  assert_true(result.facts.epochs < 40);
  assert_true(result.facts.best_epoch < result.facts.epochs);
  options.until = "f1=0.6";
  resume_each_step(&impatient, options);
}

/* ---- goals ---- */

static struct {
  int epochs, best, ties;
  double best_value, best_loss, last_loss;
  char metric[32];
  bool sane;
} told;

static bool watch(void *context, const aq_progress *p) {
  (void)context;
  told.sane &= p->step >= 0 && p->step <= p->steps && p->epoch >= 0 && p->epoch <= p->epochs;
  told.sane &= isfinite(p->loss) && isfinite(p->examples_per_second) && isfinite(p->seconds_left)
               && p->seconds_left >= 0;
  if (p->event != AQ_EPOCH) return true;
  told.epochs++;
  told.best += p->best;
  told.ties += p->best && p->epoch > 1 && p->value == told.best_value && p->valid_loss < told.best_loss;
  told.best_loss = p->best ? p->valid_loss : told.best_loss;
  told.best_value = p->best ? p->value : told.best_value;
  told.last_loss = p->valid_loss;
  snprintf(told.metric, sizeof told.metric, "%s", p->metric ? p->metric : "");
  return true;
}

static void test_goal(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], "goal.aqm");
  options.valid = data_of("same.tsv", READER_ROWS);
  options.epochs = 200;
  options.progress = watch;
  options.until = "f1=0.99";
  memset(&told, 0, sizeof told);
  told.sane = true;
  train_well(tasks[0].program, &options);
  assert_true(result.facts.reached && result.facts.epochs < 200 && result.facts.epochs == told.epochs);
  assert_int_equal(result.facts.best_epoch, result.facts.epochs);
  assert_string_equal(told.metric, "f1");
  assert_true(told.sane && told.best_value >= 0.99);

  aq_model *model;
  double value;
  assert_int_equal(aq_model_load(file_of("goal.aqm"), &model), AQ_OK);
  assert_string_equal(aq_model_metric(model, &value), "f1");
  assert_true(value == told.best_value);
  aq_report *report;
  assert_int_equal(aq_report_new(model, file_of("same.tsv"), NULL, &report), AQ_OK);
  assert_int_equal(aq_report_metric(report, "f1", &value), AQ_OK);
  assert_true(value == told.best_value);
  assert_int_equal(aq_report_metric(report, "loss", &value), AQ_OK);
  assert_true(fabs(value - told.last_loss) < 1e-6);
  aq_report_free(report);
  aq_model_free(model);

  /* Another goal goes on from the same checkpoint, as long as the metric is the same. */
  options.resume = true;
  options.until = "f1=0.98";
  train_well(tasks[0].program, &options);
  assert_true(result.facts.reached && result.facts.steps == 0);
  options.until = "loss=0";
  refused(AQ_BAD_DATA, "metric f1 there, metric loss here", tasks[0].program, &options);
}

/* Of epochs that the metric cannot tell apart the one with the lower loss is kept. */
static void test_ties(void **state) {
  (void)state;
  for (int k = told.ties = 0; k < TASKS; k += 3, told.ties = 0) {
    aq_train_options options = options_of(&tasks[k], NULL);
    options.progress = watch;
    options.epochs = 12;
    train_well(tasks[k].program, &options);
    assert_true(!strcmp(told.metric, k ? "f1" : "accuracy") && told.ties > 0);
  }
}

static void test_goal_refused(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], NULL);
  options.until = "zork=1";
  refused(AQ_USAGE, "no metric 'zork'", tasks[0].program, &options);
  options.until = "rmse=1";
  refused(AQ_USAGE, "rmse", tasks[0].program, &options);
  options.until = "accuracy=2";
  refused(AQ_USAGE, "can never be 2", tasks[0].program, &options);
  options.until = "accuracy";
  refused(AQ_USAGE, "a goal is a metric and a value", tasks[0].program, &options);
  options.until = "0.9";
  refused(AQ_USAGE, "a goal is a metric and a value", tasks[0].program, &options);
  options.until = "accuracy=0.9";
  options.valid = NULL;
  refused(AQ_USAGE, "validation data", tasks[0].program, &options);
  options.hold = 0.3;
  options.epochs = 1;
  train_well(tasks[0].program, &options);
  assert_int_equal(result.facts.valid_rows, 3);
}

/* ---- sizes ---- */

static void test_no_epochs(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_model *model;
    double value;
    aq_train_options options = options_of(&tasks[k], "none.aqm");
    options.epochs = 0;
    train_well(tasks[k].program, &options);
    assert_int_equal(result.facts.steps, 0);
    assert_int_equal(aq_model_load(file_of("none.aqm"), &model), AQ_OK);
    assert_string_equal(aq_model_metric(model, &value), "");
    aq_model_free(model);
    /* More epochs later are the same as all at once. */
    options.resume = true;
    options.epochs = 2;
    train_well(tasks[k].program, &options);
    assert_int_equal(result.facts.epochs, 2);
  }
}

static void test_batch_sizes(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], "all.aqm");
  options.batch = 11;
  train_well(tasks[0].program, &options);
  assert_int_equal(result.facts.steps, 3);
  options.save = file_of("larger.aqm");
  options.batch = 1000000;
  train_well(tasks[0].program, &options);
  assert_int_equal(result.facts.steps, 3);
  assert_same_file("class", "all.aqm.ckpt", "larger.aqm.ckpt", true);
  options.batch = 10;
  train_well(tasks[0].program, &options);
  assert_int_equal(result.facts.steps, 6);
  options.batch = 0;
  refused(AQ_USAGE, "whole number from 1", tasks[0].program, &options);
  options.batch = 1;
  options.epochs = INT64_MAX;
  refused(AQ_USAGE, "epochs", tasks[0].program, &options);
}

static void test_wide_output(void **state) {
  (void)state;
  char row[8192] = "q\ty\n";
  for (int r = 0; r < 2; r++) {
    strcat(row, "1\t");
    for (int k = 0; k < 1500; k++) strcat(row, k % 2 == r ? "1 " : "0 ");
    strcat(row, "\n");
  }
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = options.valid = data_of("wide.tsv", row);
  train_well("data { q: vector[N], y: vector[M] }\nmodel m(q) -> y { return linear(q, M) }\n", &options);
}

static void test_huge_row(void **state) {
  (void)state;
  enum { WORDS = 300000 };
  char *text = malloc(2 * WORDS + 200), *end = text;
  assert_non_null(text);
  end += sprintf(end, "text\tlabel\ngood\tpositive\n");
  for (int k = 0; k < WORDS; k++) end += sprintf(end, "a ");
  sprintf(end, "\tnegative\nbad\tnegative\n");
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = data_of("huge.tsv", text);
  options.batch = 1000000;
  options.epochs = 1;
  train_well("dim D = 2\ndata { text: words[T], label: class[C] }\nmodel m(text) -> label { return "
             "linear(mean(embed(text, D), T), C) }\n",
             &options);
  free(text);
}

/* ---- what is refused ---- */

static void test_columns_of_one_length(void **state) {
  (void)state;
  static const char program[] =
      "dim D = 2\ndata { a: words[T], b: words[T], label: class[C] }\n"
      "model m(a, b) -> label { return linear(mean(embed(a, D) + embed(b, D), T), C) }\n";
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = data_of("pairs.tsv", "a\tb\tlabel\nx y\tu v\tgood\nx\tu\tbad\n");
  train_well(program, &options);
  options.valid = data_of("unequal.tsv", "a\tb\tlabel\nx y\tu v\tgood\nx y\tu\tbad\n");
  refused(AQ_BAD_DATA, "the column b has 1 word here, but the column a of length T has 2", program, &options);
  assert_int_equal(result.line, 3);
  options.test = options.valid;
  options.valid = NULL;
  refused(AQ_BAD_DATA, "the column b", program, &options);
}

static void test_options_refused(void **state) {
  (void)state;
  const char *program = tasks[0].program;
  aq_train_options options = options_of(&tasks[0], NULL);
  options.hold = 0.5;
  refused(AQ_USAGE, "either given or held back", program, &options);
  options.valid = NULL;
  options.hold = 1;
  refused(AQ_USAGE, "between 0% and 100%", program, &options);
  options.hold = NAN;
  refused(AQ_USAGE, "between 0% and 100%", program, &options);
  options.hold = 0;
  options.learning_rate = NAN;
  refused(AQ_USAGE, "learning rate", program, &options);
  options.learning_rate = INFINITY;
  refused(AQ_USAGE, "learning rate", program, &options);
  options.learning_rate = -1;
  options.resume = true;
  refused(AQ_USAGE, "to resume", program, &options);
  options.save = file_of("absent.aqm");
  refused(AQ_NO_INPUT, "No such file", program, &options);
  options.resume = false;
  options.save = file_of("nowhere/m.aqm");
  refused(AQ_CANNOT_CREATE, "cannot be created", program, &options);
  options.save = directory;
  refused(AQ_CANNOT_CREATE, "directory", program, &options);
  options.save = "/dev/full";
  refused(AQ_IO, "No space left", program, &options);
  options.save = NULL;
  options.train = NULL;
  refused(AQ_USAGE, "from training data, and there is none", program, &options);
}

static void test_data_refused(void **state) {
  (void)state;
  const char *program = tasks[0].program;
  aq_train_options options = options_of(&tasks[0], NULL);
  const char *good = options.train;
  options.train = data_of("bad.tsv", "text\tlabel\na\tx\nb\tx\n");
  refused(AQ_BAD_DATA, "the same class", program, &options);
  options.train = data_of("bad.tsv", "text\tkind\na\tx\nb\ty\n");
  refused(AQ_BAD_DATA, "no column \"label\"", program, &options);
  options.train = data_of("bad.txt", PLAIN_TEXT);
  refused(AQ_BAD_DATA, "has no label in this row", program, &options);
  options.train = good;
  options.valid = data_of("bad.tsv", "text\tlabel\na\tpositive\nb\tawful\n");
  train_well(program, &options);
  assert_int_equal(result.facts.skipped_rows, 0);
  assert_int_equal(result.facts.valid_rows, 2);
  assert_int_equal(result.facts.unseen_valid_rows, 1);
}

/* ---- checkpoints of something else ---- */

static void test_other_checkpoint(void **state) {
  (void)state;
  const char *program = tasks[0].program;
  aq_train_options first = options_of(&tasks[0], "first.aqm"), options;
  train_well(program, &first);
  first.resume = true;
  train_well(program, &first); /* complete: nothing is left, and the model is there */
  assert_int_equal(result.facts.steps, 0);
  options = first;
  options.batch = 5;
  refused(AQ_BAD_DATA, "batch 4 there, batch 5 here", program, &options);
  options = first;
  options.seed = 9;
  refused(AQ_BAD_DATA, "seed 1 there, seed 9 here", program, &options);
  options = first;
  options.precision = AQ_F64;
  refused(AQ_BAD_DATA, "precision f32 there, precision f64 here", program, &options);
  options = first;
  options.learning_rate = 0.5;
  refused(AQ_BAD_DATA, "lr 0.02 there, lr 0.5 here", program, &options);
  options = first;
  options.train = data_of("other.tsv", READER_ROWS "more\tpositive\n");
  refused(AQ_BAD_DATA, "training-data differ", program, &options);
  options = first;
  options.valid = NULL;
  refused(AQ_BAD_DATA, "validation-data", program, &options);
  options = first;
  char changed[2048];
  snprintf(changed, sizeof changed, "%s", program);
  memcpy(strstr(changed, "tanh"), "relu", 4);
  refused(AQ_BAD_DATA, "program differs", changed, &options);
  snprintf(changed, sizeof changed, "# a comment moves all lines\n%s", program);
  train_well(changed, &options);
  options.save = file_of("model.aqm");
  options.train = data_of("again.tsv", READER_ROWS);
  FILE *file = fopen(file_of("model.aqm.ckpt"), "wb");
  assert_non_null(file);
  fputs("this is no checkpoint", file);
  fclose(file);
  assert_int_equal(train(program, &options), AQ_BAD_DATA);
  assert_non_null(strstr(result.file, "model.aqm.ckpt"));
}

/* ---- numbers that are none ---- */

static void test_not_finite(void **state) {
  (void)state;
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = data_of("q.tsv", "q\ty\n1 1\t1\n2 0\t0\n3 4\t-1\n");
  int status = train("data { q: vector[N], y: number }\nmodel m(q) -> y {\n  w = param[N] = 1\n  return "
                     "log(sum(q * w) - 100)\n}\n",
                     &options);
  assert_int_equal(status, AQ_NOT_FINITE);
  assert_int_equal(result.line, 4);
  assert_non_null(strstr(result.hint, "at step 1."));

  /* Steps that are too long end in numbers too large. */
  options.learning_rate = 1e30;
  options.epochs = 50;
  assert_int_equal(train("data { q: vector[N], y: number }\nmodel m(q) -> y { return "
                         "sum(linear(tanh(linear(q, 3)), 1)) ^ 2 }\n",
                         &options),
                   AQ_NOT_FINITE);
  assert_non_null(strstr(result.hint, "A lower learning rate"));

  /* Only the validation data are beyond what the model bears. */
  options.learning_rate = -1;
  options.epochs = 1;
  options.valid = data_of("far.tsv", "q\ty\n3e38 3e38\t0\n");
  assert_int_equal(train("data { q: vector[N], y: number }\nmodel m(q) -> y {\n  w = param[N] = 1\n  return "
                         "sum(q * q * w)\n}\n",
                         &options),
                   AQ_NOT_FINITE);
  assert_int_equal(result.line, 2);
  assert_non_null(strstr(result.hint, "validation data, after epoch 1; test.aq:4:"));
}

/* ---- progress ---- */

static bool slow(void *context, const aq_progress *progress) {
  (void)context;
  struct timespec pause = {0, 60000000}; /* so that every step is told */
  if (!watch(context, progress)) return false;
  nanosleep(&pause, NULL);
  return progress->event != AQ_STEP || progress->step != 4;
}

/* The page of a training, as a host makes it. */
static void look_at_page(const aq_trainer *trainer) {
  aq_shown *page = aq_shown_new(false);
  char *text;
  aq_trainer_show(trainer, page);
  assert_int_equal(aq_shown_write(page, AQ_HTML, &text), AQ_OK);
  assert_non_null(strstr(text, "<title>epoch 3: "));
  aq_text_free(text);
  assert_int_equal(aq_shown_write(page, AQ_JSON, &text), AQ_OK);
  assert_non_null(strstr(text, "\"curves\":{\"loss\":{\"epoch\":[1,2,3],\"training\":["));
  aq_text_free(text);
  aq_shown_free(page);
}

static void test_progress(void **state) {
  (void)state;
  aq_program *program = program_of(tasks[0].program);
  aq_train_options options = options_of(&tasks[0], NULL);
  aq_trainer *trainer;
  aq_model *model = NULL;
  options.progress = slow;
  memset(&told, 0, sizeof told);
  told.sane = true;
  assert_int_equal(aq_trainer_new(program, &options, &trainer), AQ_OK);
  assert_int_equal(aq_trainer_run(trainer), AQ_INTERRUPTED);
  assert_int_equal(told.epochs, 1);
  assert_int_equal(aq_trainer_facts(trainer)->steps, 4);
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  aq_model_free(model);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK); /* going on without a file */
  assert_int_equal(told.epochs, 3);
  assert_int_equal(aq_trainer_facts(trainer)->steps, 9);
  assert_true(told.sane);
  assert_true(aq_trainer_facts(trainer)->examples_per_second > 0);
  assert_int_equal(aq_trainer_epoch_count(trainer), 3);
  assert_int_equal(aq_trainer_epoch(trainer, 2)->epoch, 3);
  assert_true(aq_trainer_epoch(trainer, 2)->loss == aq_trainer_facts(trainer)->loss);
  assert_null(aq_trainer_epoch(trainer, 3));
  look_at_page(trainer);
  aq_trainer_free(trainer);
  aq_program_free(program);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_seeds),
      cmocka_unit_test(test_no_allocations),
      cmocka_unit_test(test_resume),
      cmocka_unit_test(test_resume_decisions),
      cmocka_unit_test(test_goal),
      cmocka_unit_test(test_ties),
      cmocka_unit_test(test_goal_refused),
      cmocka_unit_test(test_no_epochs),
      cmocka_unit_test(test_batch_sizes),
      cmocka_unit_test(test_wide_output),
      cmocka_unit_test(test_huge_row),
      cmocka_unit_test(test_columns_of_one_length),
      cmocka_unit_test(test_options_refused),
      cmocka_unit_test(test_data_refused),
      cmocka_unit_test(test_other_checkpoint),
      cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_progress),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
