/* embed.c: aqc embed. */
#include "aqc/embed.h"

#include "aqc/files.h"
#include "aqc/input.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/reading_remarks.h"
#include "aqc/verb.h"

/* The table behind the model, or the standard input. */
static int embed(aq_session *session, const aq_model *model, const struct settings *settings,
                 const char *path, aq_vectors **vectors) {
  aq_embed_options options;
  aq_embed_options_init(&options);
  options.name = settings->function;
  options.path = path;
  options.read = input_read;
  int status = aq_session_embed(session, &options, vectors);
  const aq_reading *reading = aq_session_reading(session);
  reading_remark(reading, model, settings, ": vectors of zeros stand for them");
  int read = input_finish();
  return read != AQ_OK ? read : status != AQ_OK ? message_print(aq_session_message(session)) : AQ_OK;
}

int embed_table(const struct settings *settings, const char *path, aq_vectors **vectors) {
  aq_model *model;
  aq_session *session = NULL;
  *vectors = NULL;
  int status = open_model(settings->operand[0], settings, &model);
  if (status != AQ_OK) return status;
  status = open_session(model, settings, &session);
  if (status == AQ_OK) status = embed(session, model, settings, path, vectors);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}

static int check_output(const struct settings *settings) {
  const char *output = settings->output;
  if (!output)
    return message_fail(AQ_USAGE, "add -o FILE.safetensors or -o FILE.tsv", "there is no file to write to");
  if (!file_ends_with(output, ".safetensors") && !file_ends_with(output, ".tsv"))
    return message_fail(AQ_USAGE, "the name says the form: .safetensors, or .tsv for a line for each row",
                        "%s ends neither with .safetensors nor with .tsv", output);
  return AQ_OK;
}

static int run_embed(const struct settings *settings) {
  aq_vectors *vectors = NULL;
  int status = check_output(settings);
  if (status == AQ_OK)
    status = embed_table(settings, settings->operand_count > 1 ? settings->operand[1] : "-", &vectors);
  if (status == AQ_OK && aq_vectors_save(vectors, settings->output) != AQ_OK)
    status = message_print(aq_vectors_message(vectors));
  if (status == AQ_OK && !settings->quiet)
    message_remark("%s: %zu vector%s of %zu number%s", settings->output, aq_vectors_count(vectors),
                   aq_vectors_count(vectors) == 1 ? "" : "s", aq_vectors_width(vectors),
                   aq_vectors_width(vectors) == 1 ? "" : "s");
  aq_vectors_free(vectors);
  return status;
}

static const struct option option_list[] = {
    OPTION('o', "out", WRITES, "FILE", output, "where the vectors go: FILE.safetensors or FILE.tsv"),
    OPTION(0, "fn", TEXT, "NAME", function, "the vector: a value that the model names, a function it calls"),
    OPTION(0, "batch", COUNT, "N", batch, "examples to compute at once"),
    OPTION_SET_FFI,
    OPTION_SET_ROWS,
    OPTION_END};

const struct verb verb_embed = {
    "embed",
    "MODEL.aqm [DATA.tsv|-]",
    1,
    2,
    "write a vector of the model for each row",
    "Computes a value of the model in place of its answers: a vector for each row, in the order of the rows. "
    "Without --fn it is the output that is a vector, or else the only vector that the model gives a name to, "
    "as v in `v = mean(x, T)`. Columns that the vector does not depend on may be absent.",
    option_list,
    run_embed};
