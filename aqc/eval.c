/* eval.c: aqc eval. */
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/reading_remarks.h"
#include "aqc/verb.h"

/* A member for each output, and one for the data. An output cannot be called data, which is a word of the
 * language. */
static int print_report(const struct settings *settings, const aq_model *model, aq_report *report) {
  aq_reading reading = aq_report_reading(report);
  aq_shown *shown, *data = aq_shown_new(true);
  if (output_form(settings) != AQ_JSON) reading_remark(&reading, model, settings, "");
  int status = aq_report_shown(report, &shown);
  if (status != AQ_OK) message_print(aq_report_message(report));
  aq_shown_title(shown, "%s on %s", settings->operand[0], settings->operand[1]);
  reading_facts(data, &reading);
  aq_shown_tree(shown, "data", data);
  if (status == AQ_OK) status = output_shown(settings, shown);
  aq_shown_free(data);
  return status;
}

static int run_eval(const struct settings *settings) {
  aq_eval_options options;
  aq_model *model;
  aq_report *report = NULL;
  int status = open_model(settings->operand[0], &model);
  if (status != AQ_OK) return status;
  options = eval_options(settings);
  if (settings->batch > 0) options.batch = settings->batch;
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
    OPTION(0, "batch", COUNT, "N", batch, "examples to compute at once"), OPTION_SET_ROWS, OPTION_SET_HTML,
    OPTION_SET_JSON, OPTION_END};

const struct verb verb_eval = {"eval",
                               "MODEL.aqm DATA.tsv",
                               2,
                               2,
                               "compare a model's predictions with labelled data",
                               "Predicts every row and compares the predictions with the labels. For classes "
                               "it gives precision, recall, "
                               "f1 and support of each class, the accuracy and the averages; for numbers "
                               "their errors; for texts the loss.",
                               option_list,
                               run_eval};
