/* reading_remarks.c */
#include "aqc/reading_remarks.h"

#include <stdlib.h>
#include <string.h>

#include "aqc/json_out.h"
#include "aqc/messages.h"
#include "aqc/open.h"

static void remark_columns(const aq_reading *reading, const aq_model *model) {
  char names[400];
  if ((size_t)model_fields(model, false, names, sizeof names) != reading->by_position)
    model_fields(model, true, names, sizeof names);
  message_warn("%s: columns taken by position (%s)",
               reading->header ? "the header names none of the columns" : "no header line", names);
}

static void remark_cuts(const aq_reading *reading) {
  for (size_t k = 0; k < reading->cut_count; k++) {
    const aq_cut *cut = &reading->cut[k];
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
  if (reading->doubt.code) message_note(&reading->doubt);
  if (settings->quiet) return;
  remark_cuts(reading);
  if (!reading->skipped) return;
  message_warn("%lld bad row%s skipped%s", (long long)reading->skipped,
               reading->skipped == 1 ? " was" : "s were", stand_in);
  message_note(&reading->first_skipped);
}

/* What a message says, null when there is none. */
static void json_text(FILE *out, const aq_message *message) {
  if (!message->code) {
    fputs("null", out);
    return;
  }
  char place[64] = "";
  if (message->line > 0) snprintf(place, sizeof place, ":%d", message->line);
  size_t size = strlen(message->file) + strlen(place) + strlen(message->text) + 3;
  char *text = malloc(size);
  if (text) snprintf(text, size, "%s%s: %s", message->file, place, message->text);
  json_string(out, text ? text : message->text);
  free(text);
}

void reading_json(FILE *out, const aq_reading *reading) {
  fprintf(out, "{\"rows\": %lld, \"skipped\": %lld, \"header\": %s, \"by_position\": %s, \"cut\": [",
          (long long)reading->rows, (long long)reading->skipped, reading->header ? "true" : "false",
          reading->by_position ? "true" : "false");
  for (size_t k = 0; k < reading->cut_count; k++) {
    const aq_cut *cut = &reading->cut[k];
    fputs(k ? ", {\"column\": " : "{\"column\": ", out);
    json_string(out, cut->column);
    fprintf(out, ", \"limit\": %lld, \"unit\": \"%s\", \"texts\": %lld, \"tokens\": %lld}",
            (long long)cut->limit, cut->unit, (long long)cut->texts, (long long)cut->tokens);
  }
  fputs("], \"doubt\": ", out);
  json_text(out, &reading->doubt);
  fputs(", \"first_skipped\": ", out);
  json_text(out, &reading->first_skipped);
  fputs("}", out);
}
