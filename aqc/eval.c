/* eval.c: aqc eval. */
#include <limits.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/reading_remarks.h"
#include "aqc/verb.h"

/* A member for each output, and one for the data. An output cannot be called data, which is a word of the
 * language. */
static int print_report(const struct settings *settings, const aq_model *model, aq_report *report) {
  const aq_reading *reading = aq_report_reading(report);
  aq_shown *shown, *data = aq_shown_new(true);
  if (output_form(settings) != AQ_JSON) reading_remark(reading, model, settings, "");
  int status = aq_report_shown(report, &shown);
  if (status != AQ_OK) message_print(aq_report_message(report));
  aq_shown_title(shown, "%s on %s", settings->operand[0], settings->operand[1]);
  reading_facts(data, reading);
  aq_shown_tree(shown, "data", data);
  if (status == AQ_OK) status = output_shown(settings, shown);
  aq_shown_free(data);
  return status;
}

static int check_settings(const struct settings *settings) {
  if (check_threshold(settings) != AQ_OK) return AQ_USAGE;
  if (settings->seed >= 0 && settings->negatives <= 0)
    return message_fail(AQ_USAGE, "add --negatives N", "--seed is of classes that are drawn, and none are");
  if (settings->attention && !settings->errors)
    return message_fail(AQ_USAGE, "add --errors N",
                        "--attention is of the hardest rows, and none are asked for");
  if (settings->generate || settings->length < 0) return AQ_OK;
  return message_fail(AQ_USAGE, "add --generate", "--length is about texts that are written, and none are");
}

static int run_eval(const struct settings *settings) {
  aq_eval_options options;
  aq_generate_options texts;
  aq_model *model;
  aq_report *report = NULL;
  int status = check_settings(settings);
  if (status == AQ_OK) status = open_model(settings->operand[0], settings, &model);
  if (status != AQ_OK) return status;
  aq_generate_options_init(&texts);
  if (settings->beam > 0) texts.beam = settings->beam < INT_MAX ? (int)settings->beam : INT_MAX;
  if (settings->length >= 0) texts.length = settings->length;
  options = eval_options(settings);
  if (settings->generate)
    options.generate = &texts;
  else if (settings->beam > 0)
    options.beam = settings->beam;
  options.errors = settings->errors;
  options.calibration = settings->calibration;
  options.attention = settings->attention;
  if (settings->batch > 0) options.batch = settings->batch;
  options.out_of_scope = settings->out_of_scope;
  options.negatives = settings->negatives > 0 ? settings->negatives : 0;
  if (settings->seed >= 0) options.seed = settings->seed;
  status = aq_report_new(model, settings->operand[1], &options, &report);
  if (status == AQ_OK)
    status = print_report(settings, model, report);
  else
    status = report ? message_print(aq_report_message(report)) : message_no_memory();
  aq_report_free(report);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "errors", COUNT, "N", errors, "list the N hardest rows, and which classes are taken for which"),
    OPTION(0, "attention", FLAG, NULL, attention, "with --errors: where the heads look in these rows"),
    OPTION(0, "calibration", FLAG, NULL, calibration, "how often answers of each probability are right"),
    OPTION(0, "generate", FLAG, NULL, generate,
           "also write a text for each row, and compare it with the row's own"),
    OPTION(0, "beam", COUNT, "N", beam,
           "with --generate, or of a text that frames spell: N beginnings side by side find the likeliest"),
    OPTION(0, "length", COUNT, "N", length, "with --generate: tokens to write at most (default: 200)"),
    OPTION(0, "negatives", COUNT, "N", negatives,
           "recall@K, mrr, ndcg@K: the right class among N others drawn for each row, not among all"),
    OPTION(0, "out-of-scope", TEXT, "LABEL", out_of_scope,
           "rows of LABEL are none of what the model knows: how well a threshold tells them"),
    OPTION(0, "seed", WHOLE, "N", seed, "with --negatives: seed of the draws (default: 1)"),
    OPTION(0, "threshold", NUMBER, "X", threshold,
           "of several labels: those with a probability above X are predicted"),
    OPTION(0, "batch", COUNT, "N", batch, "examples to compute at once"),
    OPTION_SET_FFI,
    OPTION_SET_ROWS,
    OPTION_SET_HTML,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_eval = {
    "eval",
    "MODEL.aqm DATA.tsv",
    2,
    2,
    "compare a model's predictions with labelled data",
    "Predicts every row and compares the predictions with the labels. For classes "
    "it gives precision, recall, "
    "f1 and support of each class, the accuracy and the averages; for tags such as B-place, I-place "
    "and O the same of the entities that they mark; for numbers "
    "their errors; for texts the loss, and with --generate BLEU and chrF of what the model writes.",
    option_list,
    run_eval};
