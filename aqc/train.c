/* train.c: aqc train. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/interrupt.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/profiling.h"
#include "aqc/progress.h"
#include "aqc/reading_remarks.h"
#include "aqc/repeat.h"
#include "aqc/train_plan.h"
#include "aqc/train_settings.h"
#include "aqc/training_page.h"
#include "aqc/verb.h"
#include "aqc/written.h"

/* One training, from the program to its report. */
struct training {
  const struct settings *settings;
  aq_train_options options;
  aq_program *program;
  aq_trainer *trainer;
  aq_model *model;
  aq_report *report;   /* NULL: there are no labelled rows in a file of their own */
  aq_profile *profile; /* NULL: none is asked for */
  struct progress progress;
  char *save;
};

static void set_options(struct training *t) {
  const struct settings *s = t->settings;
  t->options = training_options(s, s->output ? s->output : t->save);
  t->options.resume = s->resume;
  t->options.threads = (int)s->threads;
  t->options.profile = t->profile;
  t->options.progress = progress_show;
  t->options.context = &t->progress;
}

/* The model and the checkpoint beside it. The library refuses a folder where the latter goes, and says why.
 */
static int check_saved(const struct training *t) {
  const char *save = t->options.save;
  char *checkpoint = malloc(strlen(save) + sizeof ".ckpt");
  if (!checkpoint) return message_no_memory();
  strcpy(stpcpy(checkpoint, save), ".ckpt");
  int status = written_check_own(&verb_train, t->settings, save, "the model");
  if (status == AQ_OK) status = written_check_clash(&verb_train, t->settings, checkpoint, "the checkpoint");
  free(checkpoint);
  return status;
}

static int check_settings(const struct training *t) {
  if (t->settings->until && !training_is_validated(t->settings))
    return message_fail(AQ_USAGE, "give --valid FILE, or --hold 10%",
                        "--until looks at validation data, and there is none");
  int status = training_check(t->settings);
  return status == AQ_OK ? check_saved(t) : status;
}

static int trainer_failed(const struct training *t) {
  return t->trainer ? message_print(aq_trainer_message(t->trainer)) : message_no_memory();
}

static int interrupted(const struct training *t) {
  message_fail(AQ_INTERRUPTED, "the same command with --resume goes on from there",
               "stopped; the state of training is in %s.ckpt", t->options.save);
  return AQ_INTERRUPTED;
}

/* Which data the report is about: the test data, or else the validation data. */
static const char *report_path(const struct training *t) {
  return t->options.test ? t->options.test : t->options.valid;
}

/* The page, if one is asked for. */
static int write_page(const struct training *t) {
  if (!t->settings->report) return AQ_OK;
  return training_page_write(&(struct training_page){
      .settings = t->settings, .save = t->options.save, .trainer = t->trainer, .model = t->model});
}

/* A training whose loss is no number any more has curves up to there. */
static int went_wrong(const struct training *t) {
  int why = trainer_failed(t);
  if (why == AQ_NOT_FINITE) write_page(t);
  return why;
}

static int learn(struct training *t) {
  interrupt_hold();
  if (aq_trainer_new(t->program, &t->options, &t->trainer)) {
    int why = trainer_failed(t);
    if (why == AQ_BAD_DATA) remark_more_errors(t->settings->operand[0], t->program);
    return why;
  }
  int status = refuse_overwriting_named("-o", t->options.save, t->program);
  if (status == AQ_OK) status = refuse_overwriting_named("--report", t->settings->report, t->program);
  if (status == AQ_OK) status = train_plan(t->settings, t->program, t->trainer);
  if (status != AQ_OK) return status;
  status = aq_trainer_run(t->trainer);
  interrupt_release();
  progress_end(&t->progress);
  if (status == AQ_INTERRUPTED) {
    write_page(t); /* what is known so far */
    return interrupted(t);
  }
  if (status != AQ_OK) return went_wrong(t);
  status = aq_trainer_model(t->trainer, &t->model);
  if (status != AQ_OK) return t->model ? message_print(aq_model_message(t->model)) : trainer_failed(t);
  return AQ_OK;
}

static int judge(struct training *t) {
  aq_eval_options options;
  if (!report_path(t)) return AQ_OK;
  options = eval_options(t->settings);
  if (aq_report_new(t->model, report_path(t), &options, &t->report) == AQ_OK) return AQ_OK;
  return t->report ? message_print(aq_report_message(t->report)) : message_no_memory();
}

/* Why a training that goes on had nothing to do. */
static void print_idle(const struct training *t, const aq_train_facts *facts) {
  if (facts->epochs && facts->epochs >= facts->epochs_set)
    message_warn("nothing was learned: the checkpoint has %lld epochs already, and epochs = %lld asks for no "
                 "more; a larger number goes on, as in --epochs %lld",
                 (long long)facts->epochs, (long long)facts->epochs_set, (long long)facts->epochs + 10);
  else if (facts->epochs && !facts->reached)
    message_warn("nothing was learned: patience had run out in epoch %lld of the checkpoint; --patience 0 "
                 "goes on",
                 (long long)facts->epochs);
  else if (!t->settings->quiet)
    message_remark("nothing was left to learn");
}

static void print_outcome(const struct training *t) {
  const aq_train_facts *facts = aq_trainer_facts(t->trainer);
  double value;
  char text[VALUE_TEXT];
  const char *metric = aq_model_metric(t->model, &value);
  if (t->settings->until && facts->reached)
    message_remark("%s was reached in epoch %lld", t->settings->until, (long long)facts->epochs);
  if (t->settings->until && !facts->reached) message_remark("%s was not reached", t->settings->until);
  if (facts->steps == 0) print_idle(t, facts);
  if (t->settings->quiet) return;
  if (facts->unanswered_valid_rows)
    message_warn("%lld of %lld rows to validate %s left out: the model that was kept has no finite answer",
                 (long long)facts->unanswered_valid_rows, (long long)facts->valid_rows,
                 facts->unanswered_valid_rows == 1 ? "was" : "were");
  const aq_message *skipped = t->report ? aq_report_reading(t->report)->first_skipped : NULL;
  if (skipped && skipped->code == AQ_NOT_FINITE) message_note(skipped);
  if (metric[0])
    message_remark("kept epoch %lld of %lld: %s %s", (long long)facts->best_epoch, (long long)facts->epochs,
                   metric, value_text(text, value));
  if (facts->epochs < facts->epochs_set && !facts->reached && facts->best_epoch < facts->epochs)
    message_remark("stopped: the %lld epochs behind it were no better (--patience)",
                   (long long)(facts->epochs - facts->best_epoch));
  if (metric[0] && isnan(value))
    message_warn("%s has no value here: the rows have nothing that it counts; the validation loss chose the "
                 "epoch",
                 metric);
  message_remark("saved %s", t->options.save);
}

/* The data, and how they were read. */
static void show_data(const struct training *t, aq_shown *shown) {
  const aq_train_facts *facts = aq_trainer_facts(t->trainer);
  const aq_reading *reading = aq_trainer_reading(t->trainer);
  aq_shown_whole(shown, "rows", NULL, facts->rows);
  aq_shown_whole(shown, "validation_rows", NULL, facts->valid_rows);
  aq_shown_whole(shown, "unseen_validation_rows", NULL, facts->unseen_valid_rows);
  aq_shown_whole(shown, "unanswered_validation_rows", NULL, facts->unanswered_valid_rows);
  aq_shown_whole(shown, "loaded_words", NULL, facts->loaded_words);
  aq_shown_whole(shown, "new_words", NULL, facts->new_words);
  aq_shown_whole(shown, "tables_by_position", NULL, facts->tables_by_position);
  aq_shown_whole(shown, "test_rows", NULL, facts->test_rows);
  aq_shown_whole(shown, "skipped_rows", NULL, facts->skipped_rows);
  aq_shown_flag(shown, "header", NULL, facts->header);
  aq_shown_begin(shown, "data");
  reading_facts(shown, reading);
  aq_shown_end(shown);
  if (output_form(t->settings) == AQ_JSON) aq_trainer_show(t->trainer, shown);
}

/* What training did. In text, one line says how good the model is, unless there is a report. */
static void show_learning(const struct training *t, aq_shown *shown) {
  const aq_train_facts *facts = aq_trainer_facts(t->trainer);
  double value;
  char text[VALUE_TEXT];
  const char *metric = aq_model_metric(t->model, &value);
  aq_shown_whole(shown, "parameters", NULL, facts->parameters);
  aq_shown_whole(shown, "trained_parameters", NULL, facts->trained_parameters);
  aq_shown_whole(shown, "steps", NULL, facts->steps);
  aq_shown_whole(shown, "epochs", NULL, facts->epochs);
  aq_shown_whole(shown, "best_epoch", NULL, facts->best_epoch);
  aq_shown_whole(shown, "allocations_in_steps", NULL, (int64_t)facts->allocations_in_steps);
  aq_shown_real(shown, "seconds", NULL, facts->seconds);
  aq_shown_real(shown, "examples_per_second", NULL, facts->examples_per_second);
  aq_shown_real(shown, "loss", NULL, facts->loss);
  if (!t->report && !metric[0] && facts->steps > 0)
    aq_shown_say(shown, "loss %.4f on the training data", facts->loss);
  if (metric[0]) {
    aq_shown_text(shown, "metric", NULL, metric);
    aq_shown_real(shown, "value", NULL, value);
    if (!t->report) aq_shown_say(shown, "%s %s on the rows held back", metric, value_text(text, value));
  }
  if (t->settings->until) aq_shown_flag(shown, "reached", NULL, facts->reached);
}

/* Of a training without steps there is no profile. */
static int end_profile(const struct training *t, aq_shown *shown) {
  if (aq_trainer_facts(t->trainer)->steps > 0) return profiling_end(t->settings, t->profile, shown);
  if (t->profile)
    message_warn("there is nothing to profile: no step was taken%s",
                 t->settings->trace ? ", and no trace is written" : "");
  return AQ_OK;
}

static int print_result(const struct training *t) {
  aq_shown *shown = aq_shown_new(true), *report = NULL;
  aq_shown_text(shown, "model", NULL, t->options.save);
  show_data(t, shown);
  show_learning(t, shown);
  if (t->report) {
    int status = aq_report_shown(t->report, &report);
    if (status != AQ_OK) message_print(aq_report_message(t->report));
    aq_shown_note(shown, NULL, "%s data, %s:\n", t->options.test ? "test" : "validation", report_path(t));
    aq_shown_tree(shown, "report", report);
  }
  int profiled = end_profile(t, shown);
  int status = output_shown(t->settings, shown);
  aq_shown_free(report);
  return status == AQ_OK ? profiled : status;
}

/* Several trainings. Folds alone keep no model. */
static int train_again(const struct training *t) {
  const struct settings *s = t->settings;
  const char *save = s->output ? s->output : t->save;
  int status = AQ_OK;
  if (s->seeds || s->ensemble) status = written_check_own(&verb_train, s, save, "the model");
  return status == AQ_OK ? repeat_train(s, save) : status;
}

static int train(struct training *t) {
  t->save = file_beside(t->settings->operand[0], ".aqm");
  if (!t->save) return message_no_memory();
  if (t->settings->ensemble && !repeat_is_asked(t->settings))
    return message_fail(AQ_USAGE, "add --seeds 5",
                        "--ensemble makes one model of several trainings, and there is one");
  if (repeat_is_asked(t->settings)) return train_again(t);
  int status = profiling_begin(t->settings, &t->profile);
  if (status != AQ_OK) return status;
  set_options(t);
  status = check_settings(t);
  if (status == AQ_OK) status = open_program(t->settings->operand[0], t->settings, &t->program);
  if (status == AQ_OK) status = learn(t);
  if (status == AQ_OK) status = judge(t);
  if (status != AQ_OK) return status;
  print_outcome(t);
  status = print_result(t);
  return status == AQ_OK ? write_page(t) : status;
}

static int run_train(const struct settings *settings) {
  struct training t = {.settings = settings};
  progress_init(&t.progress, settings->quiet, output_form(settings));
  int status = train(&t);
  aq_report_free(t.report);
  aq_model_free(t.model);
  aq_trainer_free(t.trainer);
  aq_program_free(t.program);
  aq_profile_free(t.profile);
  free(t.save);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "valid", READS, "FILE", valid, "validation data; the epoch that does best on them is kept"),
    OPTION(0, "hold", HOLD, "10%|last(FIELD)", hold,
           "hold back this part of the training rows for validation, or the last row of each FIELD"),
    OPTION(
        0, "folds", FOLDS, "5|5(FIELD)", folds,
        "cross-validation: as many trainings, each judged on a part of the rows that it did not see, and all "
        "rows in one report; rows with one value of FIELD stay together"),
    OPTION(0, "seeds", SEVERAL, "N", seeds,
           "train with N seeds, tell mean and standard deviation, keep the model that validates best"),
    OPTION(0, "ensemble", FLAG, NULL, ensemble,
           "with --seeds or --folds: one model of all of them, whose answers are the means of theirs"),
    OPTION(0, "test", READS, "FILE", test, "test data, used only for the report at the end"),
    OPTION('o', "output", WRITES, "FILE", output, "where the model goes (default: MODEL.aqm in this folder)"),
    OPTION(0, "report", WRITES, "FILE", report,
           "a page for a browser: the curves of the training, what the model answers, its hardest rows"),
    OPTION_SET_DIM,
    OPTION_SET_WEIGHTS,
    OPTION_SET_SETTING,
    OPTION_TRAIN("epochs", "N", "passes over the training data: the same as --set train.epochs=N"),
    OPTION_TRAIN("batch", "N", "examples in a step, likewise"),
    OPTION_TRAIN("lr", "X", "learning rate, likewise"),
    OPTION_TRAIN("patience", "N", "stop after so many epochs that are not better, likewise; 0: never"),
    OPTION_TRAIN("seed", "N", "seed of all random numbers, likewise"),
    OPTION(0, "until", TEXT, "METRIC=X", until, "stop once the validation metric is that good, as in f1=0.9"),
    OPTION_TRAIN("metric", "METRIC",
                 "keep the epoch that is best by this metric, as in f1 or label.f1, likewise"),
    OPTION(0, "resume", FLAG, NULL, resume, "go on from the checkpoint of an interrupted training"),
    OPTION_SET_PROFILE,
    OPTION_SET_FFI,
    OPTION_SET_ROWS,
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
