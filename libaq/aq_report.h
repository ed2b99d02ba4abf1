/* aq_report.h: how good predictions are: a part of aq.h, which includes it behind what it needs. */
#ifndef AQ_REPORT_H
#define AQ_REPORT_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Evaluation ---- */

typedef aq_report aq_report;
/* How to evaluate and predict. */
typedef struct aq_eval_options {
  size_t size;   /* sizeof(aq_eval_options) */
  int threads;   /* 1; 0: all cores. Results do not depend on it */
  int64_t batch; /* examples that are computed at once; below 1: the default */
  enum aq_precision precision;
  enum aq_bad_row bad_rows;
  enum aq_header header; /* of a report's file, and of a session's streams */
  /* Of a report: also write a text for each row, and compare it with the row's own (BLEU, chrF). NULL: do
   * not. */
  const struct aq_generate_options *generate;
  enum aq_format format; /* of a report's file, and of a session's streams */
  /* Of a report: recall@K, mrr and ndcg@K say in what place the right class stands among so many others,
   * drawn anew for each row, instead of among all; 0: among all. Classes in other columns of the row that
   * have the same names, as those of a history have, are not drawn. */
  int64_t negatives;
  int64_t seed;     /* of these draws */
  double threshold; /* of several labels: the probability above which each is predicted; 0: the model's own */
  /* Of a report: the label of rows that are none of what the model knows. The report says how well they are
   * told by a threshold on the highest probability (`predict --below`). NULL: there are no such rows. */
  const char *out_of_scope;
  /* Of a report: so many of the rows with the highest loss are listed, and as many pairs of classes of which
   * one is taken for the other. Of a text that goes on the loss is that of a token; of a match it is the
   * place of the right one. */
  int64_t errors;
  bool calibration; /* of a report: how often answers of each probability are right */
  bool attention;   /* of a report: with errors, where the heads look in those rows */
  /* Of a report: only those rows that this training has held back; the file is its training file. NULL: all
   * rows. */
  const aq_trainer *held_by;
  aq_pool *pool; /* threads that are shared with other handles; NULL: `threads` of its own */
  /* Of texts that frames spell: the likeliest text is looked for with so many beginnings side by side, at
   * most 4096 (prefix beam search: Graves 2012; Hannun et al. 2014). 0: the best path. */
  int64_t beam;
} aq_eval_options;
void aq_eval_options_init(aq_eval_options *options); /* sets size and the defaults */

/* Predicts every row of a labelled file and compares. options may be NULL. The file is read in pieces, the
 * next one by a second thread when there may be one: memory does not grow with it, but for what metrics keep
 * of each row (8 bytes for auc; the vectors of a match). A text by itself is read whole.
 * A label that training did not see counts as an error: the report has its rows as support and lists it, and
 * loss, log_loss and auc leave them out. */
int aq_report_new(aq_model *model, const char *path, const aq_eval_options *options, aq_report **report);
/* The same of rows in memory, where `line` is the number of a row, from 1. With held_by they are those that
 * it was trained on. */
int aq_report_of_rows(aq_model *model, const aq_rows *rows, const aq_eval_options *options,
                      aq_report **report);
/* Adds the rows of another report of the same outputs, as if both had been one: the folds of a
 * cross-validation, or parts of a table. The models may know other classes, which go by their names; how many
 * texts or classes a right one was ranked among is the larger number. The hardest rows are left out.
 * AQ_USAGE: the reports have other outputs, or other labels out of scope. After a failure the report is of no
 * use. */
int aq_report_add(aq_report *report, const aq_report *other);
void aq_report_free(aq_report *report);
const aq_message *aq_report_message(const aq_report *report);
const char *aq_report_text(aq_report *report); /* laid out as scikit-learn's classification_report */
const char *aq_report_json(aq_report *report);
/* The same as a tree, to be written in any form. It is the caller's, for aq_shown_free; *shown is NULL when
 * there is no memory. */
int aq_report_shown(aq_report *report, aq_shown **shown);
/* A metric of the first output, "accuracy", "f1", "rmse", …; or "topic.f1" of the output topic. */
int aq_report_metric(aq_report *report, const char *name, double *value);
/* Rows that were judged; *skipped, unless skipped is NULL: bad rows that were left out. */
int64_t aq_report_rows(const aq_report *report, int64_t *skipped);
const aq_reading *aq_report_reading(const aq_report *report);

#ifdef __cplusplus
}
#endif
#endif
