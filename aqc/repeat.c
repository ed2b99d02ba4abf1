/* repeat.c: aqc train with --folds or --seeds. */
#include "aqc/repeat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "aqc/files.h"
#include "aqc/interrupt.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/profiling.h"
#include "aqc/progress.h"
#include "aqc/train_plan.h"
#include "aqc/train_settings.h"

enum { MOST = 100000 }; /* trainings */

struct repeat {
  const struct settings *settings;
  const char *save;
  int64_t count;
  aq_program *program;
  aq_train_options options;
  struct progress progress;
  struct scores scores;
  int64_t seed;       /* of the first training */
  aq_report *report;  /* of the folds together; of the seed that is kept */
  aq_model **member;  /* [scores.done] for an ensemble */
  aq_model *ensemble; /* of them */
  aq_report *means;   /* what it answers, where there are rows that it did not learn from */
  double reached[SCORES_MOST];
  aq_trainer *last; /* has the validation data */
  aq_model *best;   /* of that seed */
  int64_t best_seed;
  char metric[96]; /* that chose it, "": none */
  double value, valid_loss;
};

/* One of the trainings. */
struct once {
  aq_trainer *trainer;
  aq_model *model;
  aq_report *report;
};

bool repeat_is_asked(const struct settings *s) { return s->folds || s->seeds; }

/* ---- what makes no sense ---- */

static int check_folds(const struct settings *s) {
  if (s->seeds)
    return message_fail(AQ_USAGE, "--folds judges each row once; --seeds tells what chance does on one split",
                        "--folds and --seeds exclude each other");
  if (s->valid)
    return message_fail(AQ_USAGE, "leave out --valid, or add its rows to the table",
                        "--folds takes the rows to validate from the table, one fold after another");
  if (s->hold > 0 || s->hold_last)
    return message_fail(AQ_USAGE, "leave out --hold",
                        "--folds holds back each row once, in one of the trainings");
  if (s->test && !s->ensemble)
    return message_fail(AQ_USAGE,
                        "add --ensemble, or train on all rows: aqc train MODEL.aq DATA.tsv --test FILE",
                        "--folds keeps no model that could be tested");
  if (s->output && !s->ensemble)
    return message_fail(AQ_USAGE, "add --ensemble, or train on all rows with the settings that did well",
                        "--folds keeps no model: each has learned from a part of the rows");
  return AQ_OK;
}

static int check_seeds(const struct settings *s) {
  if (training_is_validated(s) || s->test) return AQ_OK;
  return message_fail(AQ_USAGE, "give --valid FILE, or --hold 10%",
                      "trainings are compared on validation data, and there is none");
}

static int check(const struct repeat *r) {
  const struct settings *s = r->settings;
  int status = s->folds ? check_folds(s) : check_seeds(s);
  if (status != AQ_OK) return status;
  const char *option = s->folds ? "--folds" : "--seeds";
  if (r->count > MOST)
    return message_fail(AQ_USAGE, s->folds ? "--folds 5 or 10 is usual" : "--seeds 3 or 5 is usual",
                        "%s takes at most %d, not %lld: each is a training", option, MOST,
                        (long long)r->count);
  if (s->resume)
    return message_fail(AQ_USAGE, "leave out --resume",
                        "--resume goes on with one training, and %s begins several", option);
  if (s->report)
    return message_fail(AQ_USAGE,
                        "one training is drawn: aqc train MODEL.aq DATA.tsv --hold 10% --report FILE",
                        "--report draws one training, and %s are several", option);
  if (profiling_is_asked(s))
    return message_fail(AQ_USAGE, "one training is profiled: aqc train MODEL.aq DATA.tsv --profile",
                        "--%s is about one training, and %s are several", s->trace ? "trace" : "profile",
                        option);
  if (s->ensemble && r->count > AQ_MOST_MEMBERS)
    return message_fail(AQ_USAGE, "ask for fewer, or leave out --ensemble",
                        "an ensemble has at most %d members, and %s asks for %lld", AQ_MOST_MEMBERS, option,
                        (long long)r->count);
  if (s->until && !training_is_validated(s) && !s->folds)
    return message_fail(AQ_USAGE, "give --valid FILE, or --hold 10%",
                        "--until looks at validation data, and there is none");
  status = training_check(s);
  if (status == AQ_OK) status = training_check_again(s->operand[1], s->folds ? "fold" : "seed");
  if (status == AQ_OK) status = training_check_again(s->valid, "seed");
  if (status == AQ_OK && s->seeds) status = training_check_again(s->test, "seed");
  return status;
}

/* ---- one training ---- */

static int trainer_failed(const struct once *o) {
  return o->trainer ? message_print(aq_trainer_message(o->trainer)) : message_no_memory();
}

/* The settings of training number k, from 0. */
static void set_options(struct repeat *r, int64_t k) {
  if (r->settings->folds) r->options.fold = k + 1;
  if (r->settings->seeds && k > 0) {
    r->options.seed = r->seed + k;
    r->options.split_seed = r->seed; /* the same rows are held back each time */
  }
  progress_init(&r->progress, r->settings->quiet, output_form(r->settings));
  r->progress.part = r->scores.one;
  r->progress.number = r->settings->folds ? k + 1 : r->seed + k;
}

/* Can there be an ensemble of what the program predicts? Asked before hours of training. */
static int check_ensemble(const struct once *o) {
  aq_model *model = NULL, *ensemble = NULL;
  int status = aq_trainer_model(o->trainer, &model);
  if (status != AQ_OK) {
    status = trainer_failed(o);
  } else if ((status = aq_model_ensemble(&model, 1, &ensemble)) != AQ_OK)
    status = ensemble ? message_print(aq_model_message(ensemble)) : message_no_memory();
  aq_model_free(ensemble);
  aq_model_free(model);
  return status;
}

static int begin(struct repeat *r, int64_t k, struct once *o) {
  set_options(r, k);
  int status = aq_trainer_new(r->program, &r->options, &o->trainer);
  if (status != AQ_OK) {
    status = trainer_failed(o);
    if (status == AQ_BAD_DATA && k == 0) remark_more_errors(r->settings->operand[0], r->program);
    return status;
  }
  if (k == 0) {
    r->seed = r->progress.number = r->settings->folds ? 1 : aq_trainer_facts(o->trainer)->seed;
    if (r->settings->seeds || r->settings->ensemble)
      status = refuse_overwriting_named("-o", r->save, r->program);
    if (status == AQ_OK && r->settings->ensemble) status = check_ensemble(o);
    if (status == AQ_OK) status = train_plan(r->settings, r->program, o->trainer);
  }
  if (status == AQ_OK && !r->settings->quiet)
    message_remark("%s %lld, training %lld of %lld", r->scores.one, (long long)r->progress.number,
                   (long long)k + 1, (long long)r->count);
  return status;
}

static int judge_test(const struct repeat *r, aq_model *model, aq_report **report) {
  aq_eval_options options = eval_options(r->settings);
  if (aq_report_new(model, r->settings->test, &options, report) == AQ_OK) return AQ_OK;
  return *report ? message_print(aq_report_message(*report)) : message_no_memory();
}

/* What the model reaches on the rows that it is judged by. */
static int judge(struct repeat *r, struct once *o) {
  const struct settings *s = r->settings;
  int status = aq_trainer_model(o->trainer, &o->model);
  if (status != AQ_OK) return o->model ? message_print(aq_model_message(o->model)) : trainer_failed(o);
  if (!s->test || s->folds) {
    status = aq_trainer_report(o->trainer, NULL, &o->report);
    return status == AQ_OK ? AQ_OK : trainer_failed(o);
  }
  return judge_test(r, o->model, &o->report);
}

static int note(struct repeat *r, struct once *o, int64_t number) {
  struct score *to = &r->scores.row[r->scores.done];
  *to = (struct score){
      .number = number, .facts = *aq_trainer_facts(o->trainer), .rows = aq_report_rows(o->report, NULL)};
  if (r->scores.done == 0) scores_begin(&r->scores, o->model, o->report);
  scores_read(&r->scores, o->report, to->value);
  r->scores.done++;
  if (output_form(r->settings) != AQ_JSON) return AQ_OK;
  return aq_report_shown(o->report, &to->report) == AQ_OK ? AQ_OK
                                                          : message_print(aq_report_message(o->report));
}

/* The report of a fold becomes part of that of all rows. */
static int pool(struct repeat *r, struct once *o) {
  if (r->report)
    return aq_report_add(r->report, o->report) == AQ_OK ? AQ_OK : message_print(aq_report_message(r->report));
  r->report = o->report;
  o->report = NULL;
  return AQ_OK;
}

/* By its metric, then by its loss. Without validation data the first seed is kept: test data choose nothing.
 */
static bool is_better(const struct repeat *r, const char *metric, double value, double loss) {
  if (!r->best || !metric[0]) return !r->best;
  const int way = aq_metric_compare(metric, value, r->value);
  return way ? way > 0 : loss < r->valid_loss;
}

static void keep_better(struct repeat *r, struct once *o, int64_t seed) {
  double value;
  const char *metric = aq_model_metric(o->model, &value);
  const double loss = r->progress.best_valid;
  if (!is_better(r, metric, value, loss)) return;
  aq_report_free(r->report);
  aq_model_free(r->best);
  snprintf(r->metric, sizeof r->metric, "%s", metric);
  r->value = value;
  r->valid_loss = loss;
  r->best = o->model;
  r->best_seed = seed;
  r->report = o->report;
  o->model = NULL;
  o->report = NULL;
}

/* The trainer of the last one has the validation data. */
static void keep_member(struct repeat *r, struct once *o) {
  r->member[r->scores.done - 1] = o->model;
  o->model = NULL;
  if (r->settings->folds || (int64_t)r->scores.done < r->count) return;
  r->last = o->trainer;
  o->trainer = NULL;
}

static void remark_goal(const struct repeat *r, const struct once *o, int64_t number) {
  const char *until = r->settings->until;
  if (until && !aq_trainer_facts(o->trainer)->reached)
    message_remark("%s %lld: %s was not reached", r->scores.one, (long long)number, until);
}

/* Nothing ended before it. What is about a line of the file is about all of them. */
static void remark_first(const struct repeat *r, const struct once *o, int status) {
  const aq_message *why = o->trainer ? aq_trainer_message(o->trainer) : NULL;
  if (status == AQ_NOT_FINITE || (status == AQ_BAD_DATA && why && !why->line))
    message_remark("%s %lld, the first of %lld, cannot be trained", r->scores.one,
                   (long long)r->progress.number, (long long)r->count);
}

/* AQ_INTERRUPTED: nothing was said yet. */
static int train_once(struct repeat *r, int64_t k) {
  struct once o = {NULL, NULL, NULL};
  int status = begin(r, k, &o);
  int64_t number = r->progress.number;
  if (status == AQ_OK) {
    status = aq_trainer_run(o.trainer);
    progress_end(&r->progress);
    if (status != AQ_OK && status != AQ_INTERRUPTED) status = trainer_failed(&o);
    if (status == AQ_OK) remark_goal(r, &o, number);
  }
  if (status == AQ_OK) status = judge(r, &o);
  if (status == AQ_OK) status = note(r, &o, number);
  if (status == AQ_OK && r->settings->folds) status = pool(r, &o);
  if (status == AQ_OK && r->settings->ensemble)
    keep_member(r, &o);
  else if (status == AQ_OK && r->settings->seeds)
    keep_better(r, &o, number);
  if (!r->scores.done) remark_first(r, &o, status);
  aq_report_free(o.report);
  aq_model_free(o.model);
  aq_trainer_free(o.trainer);
  return status;
}

/* ---- all of them ---- */

static int save_best(struct repeat *r) {
  const bool quiet = r->settings->quiet;
  if (aq_model_save(r->best, r->save) != AQ_OK) return message_print(aq_model_message(r->best));
  if (!quiet && r->metric[0] && isnan(r->value))
    message_remark("kept seed %lld: %s has no value here; the validation loss, %.4f, chose it",
                   (long long)r->best_seed, r->metric, r->valid_loss);
  else if (!quiet && r->metric[0])
    message_remark("kept seed %lld: %s %.4f on the validation data", (long long)r->best_seed, r->metric,
                   r->value);
  else if (!quiet)
    message_remark("kept seed %lld, the first: test data choose no model", (long long)r->best_seed);
  if (!quiet) message_remark("saved %s", r->save);
  return AQ_OK;
}

/* What the ensemble answers: on test data, or on the validation data of seeds. Each fold taught all members
 * but one. */
static int judge_ensemble(struct repeat *r) {
  int status = AQ_OK;
  if (r->settings->test)
    status = judge_test(r, r->ensemble, &r->means);
  else if (r->settings->seeds && aq_trainer_report(r->last, r->ensemble, &r->means) != AQ_OK)
    status = message_print(aq_trainer_message(r->last));
  if (status == AQ_OK && r->means) scores_read(&r->scores, r->means, r->reached);
  return status;
}

static int save_ensemble(struct repeat *r) {
  if ((int64_t)r->scores.done < r->count) return AQ_OK;
  if (aq_model_ensemble(r->member, r->scores.done, &r->ensemble) != AQ_OK)
    return r->ensemble ? message_print(aq_model_message(r->ensemble)) : message_no_memory();
  int status = judge_ensemble(r);
  if (status == AQ_OK && aq_model_save(r->ensemble, r->save) != AQ_OK)
    status = message_print(aq_model_message(r->ensemble));
  if (status == AQ_OK && !r->settings->quiet)
    message_remark("saved %s: an ensemble of %lld models", r->save, (long long)r->count);
  return status;
}

static void title_report(const struct repeat *r, aq_shown *shown) {
  const struct settings *s = r->settings;
  if (s->folds && (int64_t)r->scores.done < r->count)
    aq_shown_note(shown, NULL,
                  "\nthe rows of %zu of %lld folds, each predicted by the model that did not see "
                  "it:\n",
                  r->scores.done, (long long)r->count);
  else if (s->folds)
    aq_shown_note(shown, NULL, "\nall rows, each predicted by the model that did not see it:\n");
  else
    aq_shown_note(shown, NULL, "\nseed %lld, %s:\n", (long long)r->best_seed,
                  s->test ? "test data" : "validation data");
}

/* Adds the report "report" or another one; the tree must live until it is written. */
static int show_report(aq_report *report, const char *key, aq_shown *shown, aq_shown **tree) {
  int status = aq_report_shown(report, tree);
  if (status != AQ_OK) message_print(aq_report_message(report));
  aq_shown_tree(shown, key, *tree);
  return status;
}

static int show(struct repeat *r) {
  aq_shown *shown = aq_shown_new(true), *report = NULL, *means = NULL;
  const bool saved = r->best || r->ensemble;
  int status = AQ_OK;
  aq_shown_text(shown, "model", NULL, saved ? r->save : NULL);
  if (r->best) aq_shown_whole(shown, "kept_seed", NULL, r->best_seed);
  if (r->metric[0]) aq_shown_text(shown, "metric", NULL, r->metric);
  if (r->metric[0]) aq_shown_real(shown, "value", NULL, r->value);
  aq_shown_whole(shown, "asked", NULL, r->count);
  scores_show(&r->scores, shown);
  if (r->means) /* that of folds is judged on other rows than they are */
    scores_show_line(&r->scores, shown, "ensemble", r->settings->folds ? "ensemble, test data" : "ensemble",
                     r->reached);
  if (r->report) {
    title_report(r, shown);
    status = show_report(r->report, "report", shown, &report);
  }
  if (r->means) {
    aq_shown_note(shown, NULL, "\nensemble, %s:\n", r->settings->test ? "test data" : "validation data");
    int other = show_report(r->means, "ensemble_report", shown, &means);
    status = status == AQ_OK ? other : status;
  }
  int written = output_shown(r->settings, shown);
  aq_shown_free(report);
  aq_shown_free(means);
  return status == AQ_OK ? written : status;
}

static int stopped(const struct repeat *r) {
  if (!r->scores.done)
    return message_fail(AQ_INTERRUPTED, NULL, "stopped in the first %s: nothing is known yet", r->scores.one);
  return message_fail(AQ_INTERRUPTED, NULL, "stopped after %zu of %lld %ss%s", r->scores.done,
                      (long long)r->count, r->scores.one,
                      r->settings->ensemble ? ": an ensemble has all of them, and none was saved" : "");
}

static int train_all(struct repeat *r) {
  const struct settings *s = r->settings;
  int status = check(r);
  if (status == AQ_OK) status = open_program(s->operand[0], s, &r->program);
  if (status != AQ_OK) return status;
  r->options = training_options(s, NULL);
  r->options.threads = (int)s->threads;
  r->options.folds = s->folds;
  r->options.fold_by = s->fold_by;
  r->options.learn_from_held = s->folds && s->ensemble;
  r->options.progress = progress_show;
  r->options.context = &r->progress;
  r->scores.row = calloc((size_t)r->count, sizeof *r->scores.row);
  r->member = calloc((size_t)r->count, sizeof *r->member);
  if (!r->scores.row || !r->member) return message_no_memory();
  interrupt_hold();
  for (int64_t k = 0; k < r->count && status == AQ_OK && !interrupt_seen(); k++) status = train_once(r, k);
  /* A training that fails takes nothing from those that have ended. */
  const bool astray = status != AQ_OK && status != AQ_INTERRUPTED && r->scores.done;
  if (status != AQ_OK && status != AQ_INTERRUPTED && !astray) return status;
  if (astray && !s->quiet)
    message_remark("%s %lld is left out, and those behind it", r->scores.one, (long long)r->progress.number);
  int done = r->best ? save_best(r) : s->ensemble ? save_ensemble(r) : AQ_OK;
  if (r->scores.done && done == AQ_OK) done = show(r);
  if (done != AQ_OK || astray) return done != AQ_OK ? done : status;
  return (int64_t)r->scores.done < r->count ? stopped(r) : AQ_OK;
}

int repeat_train(const struct settings *s, const char *save) {
  struct repeat r = {.settings = s, .save = save, .count = s->folds ? s->folds : s->seeds};
  r.scores.one = s->folds ? "fold" : "seed";
  int status = train_all(&r);
  aq_report_free(r.report);
  aq_report_free(r.means);
  aq_model_free(r.best);
  aq_model_free(r.ensemble);
  for (size_t k = 0; r.member && k < r.scores.done; k++) aq_model_free(r.member[k]);
  free(r.member);
  aq_trainer_free(r.last);
  aq_program_free(r.program);
  scores_free(&r.scores);
  return status;
}
