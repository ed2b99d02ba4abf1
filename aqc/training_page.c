/* training_page.c */
#include "aqc/training_page.h"

#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/own_words.h"
#include "aqc/open.h"
#include "aqc/train_settings.h"

/* So many of the hardest rows are on the page. */
enum { HARDEST = 20 };

/* ---- what stands on it ---- */

static void show_facts(const struct training_page *page, aq_shown *shown) {
  const struct settings *s = page->settings;
  const aq_train_facts *facts = aq_trainer_facts(page->trainer);
  aq_shown_text(shown, "program", "program", s->operand[0]);
  aq_shown_text(shown, "table", "table", s->operand[1]);
  if (s->valid) aq_shown_text(shown, "validation", "validation data", s->valid);
  if (s->test) aq_shown_text(shown, "test", "test data", s->test);
  aq_shown_whole(shown, "rows", "rows to learn from", facts->rows);
  aq_shown_whole(shown, "validation_rows", "rows to validate", facts->valid_rows);
  if (facts->skipped_rows) aq_shown_whole(shown, "skipped_rows", "bad rows left out", facts->skipped_rows);
  aq_shown_whole(shown, "parameters", "parameters", facts->parameters);
  if (facts->trained_parameters < facts->parameters)
    aq_shown_whole(shown, "trained_parameters", "of them trained", facts->trained_parameters);
  aq_shown_real(shown, "seconds", "time", facts->seconds);
  aq_shown_say(shown, "%.1f s in %lld steps, %.0f examples/s", facts->seconds, (long long)facts->steps,
               facts->examples_per_second);
}

static void show_outcome(const struct training_page *page, aq_shown *shown) {
  const aq_train_facts *facts = aq_trainer_facts(page->trainer);
  double value;
  const char *metric = page->model ? aq_model_metric(page->model, &value) : "";
  if (!page->model) {
    aq_shown_text(shown, "stopped", "stopped", aq_trainer_message(page->trainer)->text);
    char *hint = own_words(aq_trainer_message(page->trainer)->hint);
    aq_shown_text(shown, "hint", "hint", hint);
    free(hint);
    return;
  }
  aq_shown_text(shown, "model", "model", page->save);
  if (!metric[0]) return;
  aq_shown_whole(shown, "best_epoch", "kept", facts->best_epoch);
  char text[VALUE_TEXT];
  aq_shown_say(shown, "epoch %lld of %lld: %s %s", (long long)facts->best_epoch, (long long)facts->epochs,
               metric, value_text(text, value));
}

/* Rows to compare answers with: the test data, or else those by which the epoch was chosen. */
static const char *answers_of(const struct settings *s) {
  return s->test ? s->test : s->valid ? s->valid : training_is_validated(s) ? s->operand[1] : NULL;
}

static int judge(const struct training_page *page, aq_report **report) {
  aq_eval_options options = eval_options(page->settings);
  const char *answers = answers_of(page->settings);
  if (answers == page->settings->operand[1]) options.held_by = page->trainer;
  options.attention = true;
  options.errors = HARDEST;
  options.calibration = true;
  if (aq_report_new(page->model, answers, &options, report) == AQ_OK) return AQ_OK;
  return *report ? message_print(aq_report_message(*report)) : message_no_memory();
}

static void title(const struct training_page *page, aq_shown *shown) {
  aq_shown_title(shown, "%s trained on %s", page->settings->operand[0], page->settings->operand[1]);
}

static int write_page(const struct training_page *page, aq_report *report) {
  aq_shown *shown = aq_shown_new(false), *answers = NULL;
  char *text;
  title(page, shown);
  show_outcome(page, shown);
  show_facts(page, shown);
  aq_trainer_show(page->trainer, shown);
  if (report && aq_report_shown(report, &answers) == AQ_OK) {
    aq_shown_begin(shown, "report");
    aq_shown_say(shown, "What the model answers");
    const struct settings *s = page->settings;
    if (s->test || s->valid)
      aq_shown_about(shown, "The %s data, %s, compared with the answers of the model.",
                     s->test ? "test" : "validation", answers_of(s));
    else
      aq_shown_about(shown, "The rows that were held back, compared with the answers of the model.");
    aq_shown_tree(shown, "outputs", answers);
    aq_shown_end(shown);
  }
  int status = aq_shown_write(shown, AQ_HTML, &text);
  if (status == AQ_OK)
    status = file_replace(page->settings->report, text, strlen(text));
  else
    status = message_no_memory();
  aq_text_free(text);
  aq_shown_free(answers);
  aq_shown_free(shown);
  return status;
}

int training_page_write(const struct training_page *page) {
  aq_report *report = NULL;
  int status = AQ_OK;
  if (page->model && answers_of(page->settings)) status = judge(page, &report);
  if (status == AQ_OK) status = write_page(page, report);
  aq_report_free(report);
  if (status == AQ_OK && !page->settings->quiet) message_remark("report in %s", page->settings->report);
  return status;
}
