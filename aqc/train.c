/* train.c: aqc train. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/interrupt.h"
#include "aqc/json_out.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/progress.h"
#include "aqc/reading_remarks.h"
#include "aqc/verb.h"

/* One training, from the program to its report. */
struct training {
  const struct settings *settings;
  aq_train_options options;
  aq_program *program;
  aq_trainer *trainer;
  aq_model *model;
  aq_report *report; /* NULL: there are no labelled rows in a file of their own */
  struct progress progress;
  char *save;
};

static void set_options(struct training *t) {
  const struct settings *s = t->settings;
  aq_train_options *o = &t->options;
  aq_train_options_init(o);
  o->train = s->operand[1];
  o->valid = s->valid;
  o->test = s->test;
  o->hold = s->hold;
  o->save = s->output ? s->output : t->save;
  o->resume = s->resume;
  o->epochs = s->epochs;
  o->batch = s->batch;
  o->seed = s->seed;
  o->learning_rate = s->learning_rate;
  o->until = s->until;
  o->metric = s->metric;
  o->threads = (int)s->threads;
  o->precision = s->precision;
  o->bad_rows = s->bad_rows;
  o->header = s->header;
  o->choose_blas_core = true;
  o->progress = progress_show;
  o->context = &t->progress;
}

static int check_settings(const struct training *t) {
  const struct settings *s = t->settings;
  const char *const input[] = {s->operand[0], s->operand[1], s->valid, s->test};
  if (s->valid && s->hold > 0)
    return message_fail(AQ_USAGE,
                        "--hold takes validation rows from the training data when there is no file of them",
                        "--valid and --hold exclude each other");
  if (s->until && !s->valid && !(s->hold > 0))
    return message_fail(AQ_USAGE, "give --valid FILE, or --hold 10%",
                        "--until looks at validation data, and there is none");
  if (s->metric && !s->valid && !(s->hold > 0))
    return message_fail(AQ_USAGE, "give --valid FILE, or --hold 10%",
                        "--metric looks at validation data, and there is none");
  for (size_t k = 0; k < sizeof input / sizeof *input; k++) {
    int status = refuse_overwriting(t->options.save, input[k]);
    if (status != AQ_OK) return status;
  }
  return file_check_folder(t->options.save);
}

static int trainer_failed(const struct training *t) {
  return t->trainer ? message_print(aq_trainer_message(t->trainer)) : message_no_memory();
}

/* What is to be known before training begins. Doubts about the data are said also with --quiet. */
static int print_plan(const struct training *t) {
  aq_train_facts facts = aq_trainer_facts(t->trainer);
  aq_reading reading = aq_trainer_reading(t->trainer);
  aq_model *model;
  if (!t->settings->quiet)
    message_remark("%lld rows to learn from, %lld to validate, %lld parameters", (long long)facts.rows,
                   (long long)facts.valid_rows, (long long)facts.parameters);
  if (facts.unseen_valid_rows && !t->settings->quiet)
    message_remark(
        "%lld of the rows to validate %s a label that no row to learn from has: that counts as an error",
        (long long)facts.unseen_valid_rows, facts.unseen_valid_rows == 1 ? "has" : "have");
  if (facts.blind && !t->settings->quiet)
    message_remark(
        "no row to validate has a label to be learned: no epoch can be told to be better than another, "
        "and the last is kept");
  if (facts.loaded_words + facts.new_words && !t->settings->quiet)
    message_remark(
        "%lld of %lld words were found where they are loaded from; the others begin as without load",
        (long long)facts.loaded_words, (long long)(facts.loaded_words + facts.new_words));
  if (facts.tables_by_position && !t->settings->quiet)
    message_remark(
        "%lld table%s of learned words %s loaded by position: the file does not say what its rows are",
        (long long)facts.tables_by_position, facts.tables_by_position == 1 ? "" : "s",
        facts.tables_by_position == 1 ? "was" : "were");
  int status = aq_trainer_model(t->trainer, &model);
  if (status != AQ_OK)
    status = model ? message_print(aq_trainer_message(t->trainer)) : message_no_memory();
  else if (!t->settings->json) /* the outcome says it then */
    reading_remark(&reading, model, t->settings, "");
  aq_model_free(model);
  return status;
}

static int interrupted(const struct training *t) {
  message_fail(AQ_INTERRUPTED, "the same command with --resume goes on from there",
               "stopped; the state of training is in %s.ckpt", t->options.save);
  return AQ_INTERRUPTED;
}

static int learn(struct training *t) {
  interrupt_hold();
  if (aq_trainer_new(t->program, &t->options, &t->trainer)) {
    int why = trainer_failed(t);
    if (why == AQ_BAD_DATA) remark_more_errors(t->settings->operand[0], t->program);
    return why;
  }
  int status = print_plan(t);
  if (status != AQ_OK) return status;
  status = aq_trainer_run(t->trainer);
  interrupt_release();
  progress_end(&t->progress);
  if (status == AQ_INTERRUPTED) return interrupted(t);
  if (status != AQ_OK) return trainer_failed(t);
  status = aq_trainer_model(t->trainer, &t->model);
  if (status != AQ_OK) return t->model ? message_print(aq_model_message(t->model)) : trainer_failed(t);
  return AQ_OK;
}

/* The test data when there are any, else the validation data. */
static const char *report_path(const struct training *t) {
  return t->options.test ? t->options.test : t->options.valid;
}

static int judge(struct training *t) {
  aq_eval_options options;
  if (!report_path(t)) return AQ_OK;
  aq_eval_options_init(&options);
  options.threads = t->options.threads;
  options.precision = t->options.precision;
  options.bad_rows = t->options.bad_rows;
  options.header = t->options.header;
  options.choose_blas_core = true;
  if (aq_report_new(t->model, report_path(t), &options, &t->report) == AQ_OK) return AQ_OK;
  return t->report ? message_print(aq_report_message(t->report)) : message_no_memory();
}

static void print_outcome(const struct training *t) {
  aq_train_facts facts = aq_trainer_facts(t->trainer);
  double value;
  const char *metric = aq_model_metric(t->model, &value);
  if (t->settings->until && facts.reached)
    message_remark("%s was reached in epoch %lld", t->settings->until, (long long)facts.epochs);
  if (t->settings->until && !facts.reached) message_remark("%s was not reached", t->settings->until);
  if (t->settings->quiet) return;
  if (facts.unanswered_valid_rows)
    message_warn("%lld of %lld rows to validate %s left out: the model that was kept has no finite answer",
                 (long long)facts.unanswered_valid_rows, (long long)facts.valid_rows,
                 facts.unanswered_valid_rows == 1 ? "was" : "were");
  if (t->report && aq_report_reading(t->report).first_skipped.code == AQ_NOT_FINITE) {
    aq_message first = aq_report_reading(t->report).first_skipped;
    message_note(&first);
  }
  if (facts.steps == 0) message_remark("nothing was left to learn");
  if (metric[0])
    message_remark("kept epoch %lld of %lld: %s %.4f", (long long)facts.best_epoch, (long long)facts.epochs,
                   metric, value);
  message_remark("saved %s", t->options.save);
}

static void print_text(const struct training *t) {
  double value;
  const char *metric = aq_model_metric(t->model, &value);
  if (t->report) {
    printf("%s data, %s:\n\n%s", t->options.test ? "test" : "validation", report_path(t),
           aq_report_text(t->report));
  } else if (metric[0]) {
    printf("%s %.4f on the rows held back\n", metric, value);
  } else if (aq_trainer_facts(t->trainer).steps > 0) {
    printf("loss %.4f on the training data\n", aq_trainer_facts(t->trainer).loss);
  }
}

static void json_whole(const char *name, int64_t number) {
  printf(", \"%s\": %lld", name, (long long)number);
}

static void json_real(const char *name, double number) {
  printf(", \"%s\": ", name);
  json_number(stdout, number);
}

static void print_json(const struct training *t) {
  aq_train_facts facts = aq_trainer_facts(t->trainer);
  aq_reading reading = aq_trainer_reading(t->trainer);
  double value;
  const char *metric = aq_model_metric(t->model, &value);
  fputs("{\"model\": ", stdout);
  json_string(stdout, t->options.save);
  json_whole("rows", facts.rows);
  json_whole("validation_rows", facts.valid_rows);
  json_whole("unseen_validation_rows", facts.unseen_valid_rows);
  json_whole("unanswered_validation_rows", facts.unanswered_valid_rows);
  json_whole("loaded_words", facts.loaded_words);
  json_whole("new_words", facts.new_words);
  json_whole("tables_by_position", facts.tables_by_position);
  json_whole("test_rows", facts.test_rows);
  json_whole("skipped_rows", facts.skipped_rows);
  printf(", \"header\": %s, \"data\": ", facts.header ? "true" : "false");
  reading_json(stdout, &reading);
  json_whole("parameters", facts.parameters);
  json_whole("steps", facts.steps);
  json_whole("epochs", facts.epochs);
  json_whole("best_epoch", facts.best_epoch);
  json_whole("allocations_in_steps", (int64_t)facts.allocations_in_steps);
  json_real("seconds", facts.seconds);
  json_real("examples_per_second", facts.examples_per_second);
  json_real("loss", facts.loss);
  if (metric[0]) {
    fputs(", \"metric\": ", stdout);
    json_string(stdout, metric);
    json_real("value", value);
  }
  if (t->settings->until) printf(", \"reached\": %s", facts.reached ? "true" : "false");
  if (t->report) printf(", \"report\": %s", aq_report_json(t->report));
  fputs("}\n", stdout);
}

static int train(struct training *t) {
  t->save = file_beside(t->settings->operand[0], ".aqm");
  if (!t->save) return message_no_memory();
  set_options(t);
  int status = check_settings(t);
  if (status == AQ_OK) status = open_program(t->settings->operand[0], t->settings, &t->program);
  if (status == AQ_OK) status = learn(t);
  if (status == AQ_OK) status = judge(t);
  if (status != AQ_OK) return status;
  print_outcome(t);
  if (t->settings->json)
    print_json(t);
  else
    print_text(t);
  return AQ_OK;
}

static int run_train(const struct settings *settings) {
  struct training t = {.settings = settings};
  progress_init(&t.progress, settings->quiet, settings->json);
  int status = train(&t);
  aq_report_free(t.report);
  aq_model_free(t.model);
  aq_trainer_free(t.trainer);
  aq_program_free(t.program);
  free(t.save);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "valid", TEXT, "FILE", valid, "validation data; the epoch that does best on them is kept"),
    OPTION(0, "hold", FRACTION, "10%", hold, "hold back this part of the training rows for validation"),
    OPTION(0, "test", TEXT, "FILE", test, "test data, for the report at the end alone"),
    OPTION('o', "output", TEXT, "FILE", output, "where the model goes (default: MODEL.aqm in this folder)"),
    OPTION_SET_DIM,
    OPTION(0, "epochs", COUNT, "N", epochs, "passes over the training data, whatever the program says"),
    OPTION(0, "batch", COUNT, "N", batch, "examples in a step, likewise"),
    OPTION(0, "lr", NUMBER, "X", learning_rate, "learning rate, likewise"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of all random numbers, likewise"),
    OPTION(0, "until", TEXT, "METRIC=X", until, "stop once the validation metric is that good, as in f1=0.9"),
    OPTION(0, "metric", TEXT, "METRIC", metric,
           "keep the epoch that is best by this metric, as in f1 or label.f1"),
    OPTION(0, "resume", FLAG, NULL, resume, "go on from the checkpoint of an interrupted training"),
    OPTION_SET_THREADS,
    OPTION_SET_PRECISION,
    OPTION_SET_BAD_ROW,
    OPTION_SET_HEADER,
    OPTION_SET_QUIET,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_train = {
    "train",
    "MODEL.aq DATA.tsv",
    2,
    2,
    "learn a model's parameters from data",
    "Reads the data, learns the parameters of the program's model by gradient descent, and saves the model "
    "with "
    "all that the other verbs need. The report at the end is about the test data, or else the validation "
    "data. "
    "Ctrl-C saves a checkpoint and stops; the same command with --resume goes on, as if never stopped.",
    option_list,
    run_train};
