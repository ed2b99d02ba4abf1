/* reading_remarks.c */
#include "aqc/reading_remarks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/own_words.h"

static void remark_columns(const aq_reading *reading, const aq_model *model) {
  char names[400];
  for (enum fields which = FIELDS_READ; which <= FIELDS_ALL; which++)
    if ((size_t)model_fields(model, which, names, sizeof names) == reading->by_position) break;
  message_warn("%s: columns taken by position (%s)%s",
               reading->header ? "the header names none of the columns" : "no header line", names,
               reading->semicolons ? ", with semicolons between fields" : "");
}

static void remark_cuts(const aq_reading *reading) {
  for (size_t k = 0; k < reading->cut_count; k++) {
    const aq_cut *cut = reading->cut[k];
    message_warn("%s: %lld of %lld texts %s longer than %lld %s: %lld %s %s cut off", cut->column,
                 (long long)cut->texts, (long long)reading->rows, cut->texts == 1 ? "is" : "are",
                 (long long)cut->limit, cut->unit, (long long)cut->tokens,
                 cut->tokens == 1 ? cut->one : cut->unit, cut->tokens == 1 ? "was" : "were");
  }
}

void reading_remark(const aq_reading *reading, const aq_model *model, const struct settings *settings,
                    const char *stand_in) {
  bool known = settings->quiet || settings->header == AQ_HEADER_NO;
  if (reading->by_position && !known) remark_columns(reading, model);
  if (reading->doubt && (reading->doubt->line || !settings->quiet)) message_note(reading->doubt);
  if (reading->odd_tags) message_note(reading->odd_tags);
  if (settings->quiet) return;
  remark_cuts(reading);
  if (!reading->skipped) return;
  message_warn("%lld bad row%s skipped%s", (long long)reading->skipped,
               reading->skipped == 1 ? " was" : "s were", stand_in);
  message_note(reading->first_skipped);
}

/* The text of a message with its place; null when there is none. */
static void message_text(aq_shown *shown, const char *key, const aq_message *message) {
  char place[64] = "";
  if (!message) {
    aq_shown_text(shown, key, NULL, NULL);
    return;
  }
  if (message->line > 0) snprintf(place, sizeof place, ":%d", message->line);
  const char *file = own_file(message->file);
  size_t size = strlen(file) + strlen(place) + strlen(message->text) + 3;
  char *text = malloc(size);
  if (text) snprintf(text, size, "%s%s: %s", file, place, message->text);
  aq_shown_text(shown, key, NULL, text ? text : message->text);
  free(text);
}

static void cut_facts(aq_shown *shown, const aq_cut *cut) {
  aq_shown_begin(shown, NULL);
  aq_shown_text(shown, "column", NULL, cut->column);
  aq_shown_whole(shown, "limit", NULL, cut->limit);
  aq_shown_text(shown, "unit", NULL, cut->unit);
  aq_shown_whole(shown, "texts", NULL, cut->texts);
  aq_shown_whole(shown, "tokens", NULL, cut->tokens);
  aq_shown_end(shown);
}

void reading_facts(aq_shown *shown, const aq_reading *reading) {
  aq_shown_whole(shown, "rows", NULL, reading->rows);
  aq_shown_whole(shown, "skipped", NULL, reading->skipped);
  aq_shown_flag(shown, "header", NULL, reading->header);
  aq_shown_flag(shown, "by_position", NULL, reading->by_position > 0);
  aq_shown_list(shown, "cut");
  for (size_t k = 0; k < reading->cut_count; k++) cut_facts(shown, reading->cut[k]);
  aq_shown_end(shown);
  message_text(shown, "doubt", reading->doubt);
  message_text(shown, "odd_tags", reading->odd_tags);
  message_text(shown, "first_skipped", reading->first_skipped);
}
