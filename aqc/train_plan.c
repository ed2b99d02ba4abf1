/* train_plan.c */
#include "aqc/train_plan.h"

#include "aqc/messages.h"
#include "aqc/output.h"
#include "aqc/reading_remarks.h"
#include "aqc/targets.h"

/* What there is to learn from. */
static void remark_rows(const aq_train_facts *facts) {
  message_remark("%lld rows to learn from, %lld to validate, %lld parameters", (long long)facts->rows,
                 (long long)facts->valid_rows, (long long)facts->parameters);
  if (facts->trained_parameters < facts->parameters)
    message_remark("%lld of the parameters are frozen, %lld are trained",
                   (long long)(facts->parameters - facts->trained_parameters),
                   (long long)facts->trained_parameters);
  if (facts->trained_parameters && facts->epochs_set && facts->learning_rate == 0)
    message_warn("the learning rate is 0: no parameter will change");
  if (facts->unseen_valid_rows)
    message_remark(
        "%lld of the rows to validate %s a label that no row to learn from has: that counts as an error",
        (long long)facts->unseen_valid_rows, facts->unseen_valid_rows == 1 ? "has" : "have");
  if (facts->blind)
    message_remark("no row to validate has a label that training saw: no epoch is better than another, "
                   "and the last one is kept");
}

void remark_padding(int64_t rows) {
  if (rows)
    message_remark(
        "tables of words have %lld row%s behind those of the vocabulary, which no text reads: left out",
        (long long)rows, rows == 1 ? "" : "s");
}

/* What parameters begin with. */
static void remark_beginning(const aq_train_facts *facts, const char *weights) {
  if (facts->taken_tensors)
    message_remark("%lld of %lld parameters begin as in %s%s%s", (long long)facts->taken_tensors,
                   (long long)(facts->taken_tensors + facts->begun_tensors), weights,
                   facts->begun_tensors ? ", but not " : "", facts->begun);
  if (facts->taken_members > 1)
    message_remark("%s is an ensemble of %lld models: parameters begin as in the first of them", weights,
                   (long long)facts->taken_members);
  if (facts->loaded_words + facts->new_words)
    message_remark("%lld of %lld words were found where they are loaded from%s",
                   (long long)facts->loaded_words, (long long)facts->loaded_words + facts->new_words,
                   facts->new_words ? "; the others begin as without load" : "");
  remark_padding(facts->padded_rows);
  if (facts->tables_by_position)
    message_remark(
        "%lld table%s of learned words %s loaded by position: the file does not say what its rows are",
        (long long)facts->tables_by_position, facts->tables_by_position == 1 ? "" : "s",
        facts->tables_by_position == 1 ? "was" : "were");
}

int train_plan(const struct settings *settings, const aq_program *program, aq_trainer *trainer) {
  const aq_train_facts *facts = aq_trainer_facts(trainer);
  const aq_reading *reading = aq_trainer_reading(trainer);
  aq_model *model;
  /* `aqc check` says these at any time. */
  for (size_t k = 0; !settings->quiet && k < aq_program_diagnostic_count(program); k++)
    message_warning(aq_program_diagnostic(program, k, NULL));
  if (!settings->quiet) remark_rows(facts);
  if (!settings->quiet) remark_beginning(facts, settings->weights);
  if (settings->resume && !settings->quiet && facts->epochs < facts->epochs_set)
    message_remark("goes on in epoch %lld of %lld", (long long)facts->epochs + 1,
                   (long long)facts->epochs_set);
  int status = aq_trainer_model(trainer, &model);
  if (status != AQ_OK)
    status = model ? message_print(aq_trainer_message(trainer)) : message_no_memory();
  else if (output_form(settings) != AQ_JSON) /* the result has it then */
    reading_remark(reading, model, settings, "");
  if (status == AQ_OK && !settings->quiet) targets_remark(trainer, model);
  aq_model_free(model);
  return status;
}
