/* predict.c: aqc predict. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aqc/files.h"
#include "aqc/input.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/reading_remarks.h"
#include "aqc/verb.h"

/* Does it go on with a text? */
static bool writes(const aq_model *model) {
  char names[256];
  return model_fields(model, FIELDS_READ, names, sizeof names)
         > model_fields(model, FIELDS_UNWRITTEN, names, sizeof names);
}

/* A picture or a sound, where the table that names it is expected. */
static bool is_media(const char *path) {
  static const char *const ends[] = {".png", ".jpg", ".jpeg", ".wav", ".flac"};
  for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
    if (file_ends_with(path, ends[k])) return true;
  return false;
}

static int failed(const aq_session *session, const aq_model *model, const char *path) {
  aq_message message = *aq_session_message(session);
  message.size = sizeof message;
  if (message.code == AQ_BAD_DATA && message.line == 1 && writes(model))
    message.hint = "predict reads the text and says what comes next; `aqc generate` writes the text";
  /* A text was given where a file is expected. */
  if (message.code == AQ_NO_INPUT && strchr(path, ' ') && access(path, F_OK))
    message.hint = "predict reads files; for one text: echo \"…\" | aqc predict MODEL -";
  if (message.code == AQ_BAD_DATA && message.line == 1 && is_media(path))
    message.hint = "predict reads a table whose rows name such files, or a folder of them; for one file: "
                   "echo NAME | aqc predict MODEL -";
  return message_print(&message);
}

/* What stands for a skipped row, so that input and output lines still correspond. */
static const char *const stand_in[] = {
    [AQ_TEXT] = ": empty lines stand for them", [AQ_JSON] = ": objects with an error stand for them"};

/* "0.7=LABEL" */
static int read_below(const char *text, aq_predict_options *options) {
  char *end;
  if (!text) return AQ_OK;
  options->below = strtod(text, &end);
  options->below_label = end + 1;
  if (end != text && *end == '=' && end[1] && options->below > 0 && options->below <= 1) return AQ_OK;
  return message_fail(AQ_USAGE, "--below 0.7=unsure answers unsure where no class has a probability of 0.7",
                      "--below takes a probability and a label, not %s", text);
}

static int predict(aq_session *session, const aq_model *model, const struct settings *settings) {
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.path = settings->operand_count > 1 ? settings->operand[1] : "-";
  options.read = input_read;
  options.write = settings->alert || settings->window ? output_write_now : output_write;
  options.probabilities = settings->probabilities;
  options.json = settings->json;
  options.top = settings->top < INT_MAX ? (int)settings->top : INT_MAX;
  options.alert = settings->alert;
  options.window = settings->window;
  options.surge = settings->surge > 0 ? settings->surge : 0;
  options.by = settings->by;
  options.images = settings->images;
  int status = read_below(settings->below, &options);
  if (status != AQ_OK) return status;
  status = aq_session_predict_stream(session, &options);
  if (output_failed()) return AQ_IO;
  const aq_reading *reading = aq_session_reading(session);
  bool each_row = !settings->alert && !settings->window;
  reading_remark(reading, model, settings, each_row ? stand_in[output_form(settings)] : "");
  int read = input_finish();
  return read != AQ_OK ? read : status != AQ_OK ? failed(session, model, options.path) : AQ_OK;
}

static int run_predict(const struct settings *settings) {
  aq_model *model;
  aq_session *session = NULL;
  if (settings->surge >= 0 && settings->surge <= 1)
    return message_fail(AQ_USAGE, "--surge 3 tells when a label's share is three times what it was",
                        "--surge takes a number above 1, not %g", settings->surge);
  if (check_threshold(settings) != AQ_OK) return AQ_USAGE;
  int status = open_model(settings->operand[0], settings, &model);
  if (status != AQ_OK) return status;
  status = open_session(model, settings, &session);
  if (status == AQ_OK) status = predict(session, model, settings);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "proba", FLAG, NULL, probabilities, "the prediction, then LABEL=P for every class"),
    OPTION(0, "top", COUNT, "K", top, "the prediction, then LABEL=P for the K likeliest classes"),
    OPTION(0, "below", TEXT, "P=LABEL", below, "LABEL in place of a class whose probability is below P"),
    OPTION(0, "alert", TEXT, "CONDITION", alert,
           "write only rows of which it is so, as in 'label=negative p>0.9'"),
    OPTION(0, "window", COUNT, "N", window,
           "the share of each label among every N rows, in place of answers"),
    OPTION(0, "surge", NUMBER, "X", surge,
           "with --window: only a line when a label's share is X times that of the N rows before"),
    OPTION(0, "by", TEXT, "NAME", by, "with --window: one for each value of this column or output"),
    OPTION_SET_JSON,
    OPTION(0, "threshold", NUMBER, "X", threshold,
           "of several labels: those with a probability above X are predicted"),
    OPTION(0, "beam", COUNT, "N", frame_beam,
           "of a text that frames spell: search for the likeliest with N beginnings side by side"),
    OPTION(0, "images", PLACE, "PATH", images,
           "write the images that a model predicts: a folder gets a file for each row, FILE.png gets all of "
           "them side by side"),
    OPTION(0, "batch", COUNT, "N", batch, "examples to compute at once"),
    OPTION_SET_FFI,
    OPTION_SET_ROWS,
    OPTION_END};

const struct verb verb_predict = {
    "predict",
    "MODEL.aqm [DATA.tsv|-]",
    1,
    2,
    "one line out for each line in",
    "Reads rows from a file or from the standard input, and writes one line for each, in the same order, as "
    "soon as it can. A header gives no line; it is recognised by the names of the columns. Columns that the "
    "model predicts may be there, and are not looked at.",
    option_list,
    run_predict};
