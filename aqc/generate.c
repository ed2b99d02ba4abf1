/* generate.c: aqc generate. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "aqc/blocks.h"
#include "aqc/input.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/reading_remarks.h"
#include "aqc/terminal.h"
#include "aqc/verb.h"

/* What is said while texts are written. */
struct says {
  const aq_session *prompted; /* its unknown words are told before the first token; NULL: they are not, or no
                                 more */
  int64_t seed; /* when it is new: said as soon as something is drawn with it; -1: it is not said */
  const aq_session *session; /* that writes */
  bool shown, drawn;         /* how far writing is, where nothing else moves on the terminal */
  long long tokens, texts;
  double begun, last;
};

static void say_seed(struct says *says) {
  if (says->seed >= 0) message_warn("--seed %lld draws the same again", (long long)says->seed);
  says->seed = -1;
}

static void remark_unknown(const aq_session *session) {
  const aq_unknown *unknown = aq_session_unknown(session);
  if (!unknown->count) return;
  message_warn("the model does not know %lld of the %s%s%s", (long long)unknown->count, unknown->tokens,
               *unknown->some ? ": " : "", unknown->some);
}

/* Before the text: behind a part of it the remark would stand in the middle of a line. */
static void say_unknown(struct says *says) {
  if (says->prompted) remark_unknown(says->prompted);
  says->prompted = NULL;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static enum aq_then count_token(void *context, const aq_token *token) {
  struct says *says = context;
  double now = seconds_now();
  say_seed(says);
  says->tokens++;
  if ((long long)token->row >= says->texts) says->texts = (long long)token->row + 1;
  if (says->shown && now - says->last > 0.1) {
    says->last = now;
    says->drawn = true;
    fprintf(stderr, "\r\033[K%lld texts begun  %lld tokens  %.0f tokens/s", says->texts, says->tokens,
            (double)says->tokens / (now - says->begun));
  }
  return output_failed() ? AQ_END_ALL : AQ_GO_ON;
}

static void clear_count(struct says *says) {
  if (says->drawn) fputs("\r\033[K", stderr);
  says->drawn = false;
}

/* An image is shown when it is complete. */
static enum aq_then write_token(void *context, const aq_token *token) {
  const struct says *says = context;
  if (aq_session_written_image(says->session, token->row)) return count_token(context, token);
  say_unknown(context);
  say_seed(context);
  return output_write_now(NULL, token->text, token->length) ? AQ_END_ALL : AQ_GO_ON;
}

/* ---- options ---- */

/* What is not drawn is the same each time. */
static int check_count(const struct settings *s) {
  if (s->texts_wanted <= 1) return AQ_OK;
  if (s->beam > 0)
    return message_fail(AQ_USAGE, "without --beam, texts are drawn",
                        "--beam searches for the likeliest text, which --count would write %lld times",
                        (long long)s->texts_wanted);
  if (s->temperature == 0)
    return message_fail(AQ_USAGE, "above 0, texts are drawn: --temperature 0.7",
                        "at temperature 0 the likeliest text is written, and by --count %lld times",
                        (long long)s->texts_wanted);
  return AQ_OK;
}

/* Options of drawing have no effect where nothing is drawn. */
static int check_settings(const struct settings *s) {
  const char *without = s->seed >= 0 ? "seed" : s->top > 0 ? "top" : s->top_p >= 0 ? "top-p" : NULL;
  if (s->beam > 0 && s->temperature > 0)
    return message_fail(AQ_USAGE, "leave one of them out",
                        "--beam searches for the likeliest text, and --temperature draws one");
  if (s->beam > 0 && without)
    return message_fail(AQ_USAGE, "without --beam, tokens are drawn",
                        "--beam searches for the likeliest text, and --%s has no effect", without);
  if (s->temperature == 0 && without)
    return message_fail(AQ_USAGE, "above 0, tokens are drawn: --temperature 0.7",
                        "at temperature 0 the likeliest token is taken, and --%s has no effect", without);
  if ((s->prompt || s->texts_wanted) && s->operand_count > 1)
    return message_fail(AQ_USAGE, "leave one of them out",
                        s->prompt ? "there is a prompt for one text, and `%s` for many"
                                  : "--count writes several texts of one prompt, and `%s` has many",
                        s->operand[1]);
  return check_count(s);
}

/* As libaq decides it, but that a seed asks for draws, too. */
static bool draws(const aq_model *model, const struct settings *settings) {
  char names[8];
  if (settings->beam > 0) return false;
  if (settings->temperature >= 0) return settings->temperature > 0;
  return settings->seed >= 0 || settings->top > 0 || settings->top_p >= 0
         || model_fields(model, FIELDS_READ, names, sizeof names) == 1;
}

/* Small enough to be typed again. */
static int64_t new_seed(void) {
  uint32_t bits = 0;
  if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits)
    bits = (uint32_t)time(NULL) ^ ((uint32_t)getpid() << 16);
  return (int64_t)(bits % 1000000000);
}

/* \n and \t as in the lines that are written. */
static char *without_escapes(const char *text) {
  char *out = strdup(text), *to = out;
  for (const char *at = text; out && *at; at++) {
    bool escaped = at[0] == '\\' && (at[1] == 'n' || at[1] == 't');
    if (escaped) at++;
    char plain = *at, meant = '\t';
    if (plain == 'n') meant = '\n';
    *to++ = escaped ? meant : plain;
  }
  if (out) *to = '\0';
  return out;
}

static void choose_seed(const aq_model *model, const struct settings *settings, aq_generate_options *options,
                        struct says *says) {
  if (!draws(model, settings)) return;
  if (options->temperature < 0) options->temperature = 1;
  options->seed = settings->seed >= 0 ? settings->seed : new_seed();
  if (settings->seed < 0 && !settings->quiet) says->seed = options->seed;
}

static aq_generate_options options_of(const struct settings *settings) {
  aq_generate_options options;
  aq_generate_options_init(&options);
  if (settings->length >= 0) options.length = settings->length;
  if (settings->temperature >= 0) options.temperature = settings->temperature;
  options.top = settings->top < INT_MAX ? (int)settings->top : INT_MAX;
  if (settings->top_p >= 0) options.top_p = settings->top_p;
  if (settings->beam > 0) options.beam = settings->beam < INT_MAX ? (int)settings->beam : INT_MAX;
  if (settings->repeat_penalty >= 0) options.repeat_penalty = settings->repeat_penalty;
  options.json = settings->json;
  options.images = settings->images;
  return options;
}

/* ---- one prompt ---- */

static int show_written(aq_session *session, const struct settings *settings, size_t row) {
  const aq_image *image = aq_session_written_image(session, row);
  const aq_written *written = aq_session_written(session, row);
  if (settings->json) {
    aq_shown *shown;
    int status = aq_session_written_shown(session, row, &shown);
    return status == AQ_OK ? output_shown(settings, shown) : message_print(aq_session_message(session));
  }
  if (image && settings->images) return AQ_OK;
  if (image && terminal_is(1))
    blocks_print(image);
  else if (image || settings->texts_wanted > 1) /* one text has been written token by token */
    puts(written ? written->text : "");
  else
    putchar('\n');
  return AQ_OK;
}

/* The fields of the prompt, with tabs between them when the model reads several. */
static int write_prompt(aq_session *session, const aq_model *model, const struct settings *settings,
                        aq_generate_options *options) {
  char names[8];
  struct says *says = options->context;
  size_t fields = (size_t)model_fields(model, FIELDS_READ, names, sizeof names), count = 0;
  const size_t rows = settings->texts_wanted > 0 ? (size_t)settings->texts_wanted : 1;
  if (!settings->prompt && fields > 1)
    return message_fail(AQ_USAGE, "--prompt has their fields with tabs between them",
                        "--count writes several texts of one prompt, and this model reads several columns");
  if (rows > SIZE_MAX / sizeof(size_t) / (fields + 1)) return message_no_memory();
  const char **field = calloc((fields + 1) * rows, sizeof *field);
  size_t *length = calloc((fields + 1) * rows, sizeof *length);
  if (!field || !length) {
    free(field);
    free(length);
    return message_no_memory();
  }
  for (const char *rest = settings->prompt ? settings->prompt : ""; rest && count < fields + 1; count++) {
    const char *tab = fields > 1 ? strchr(rest, '\t') : NULL;
    field[count] = rest;
    length[count] = tab ? (size_t)(tab - rest) : strlen(rest);
    rest = tab ? tab + 1 : NULL;
  }
  for (size_t k = count; k < rows * count; k++) {
    field[k] = field[k - count];
    length[k] = length[k - count];
  }
  options->token = settings->json || rows > 1 ? count_token : write_token;
  says->session = session;
  says->prompted = settings->quiet ? NULL : session;
  int status = aq_session_generate(session, field, length, count, rows, options);
  free(field);
  free(length);
  clear_count(says);
  say_unknown(says);
  if (output_failed()) return AQ_IO;
  if (status != AQ_OK) return message_print(aq_session_message(session));
  if (rows > 1 && !draws(model, settings) && !aq_session_written_image(session, 0) && !settings->quiet)
    message_warn(
        "a model that reads other columns writes the likeliest text each time: --temperature 1 draws");
  for (size_t row = 0; row < rows && status == AQ_OK && !output_failed(); row++)
    status = show_written(session, settings, row);
  return output_failed() ? AQ_IO : status;
}

/* ---- many rows ---- */

static int failed(const aq_session *session, const char *path) {
  aq_message message = *aq_session_message(session);
  message.size = sizeof message;
  if (message.code == AQ_NO_INPUT && access(path, F_OK))
    message.hint = "generate reads files; for one text: aqc generate MODEL --prompt \"…\"";
  return message_print(&message);
}

/* What stands for a skipped row, so that input and output lines still correspond. */
static const char *const stand_in[] = {
    [AQ_TEXT] = ": empty lines stand for them", [AQ_JSON] = ": objects with an error stand for them"};

static int write_rows(aq_session *session, const aq_model *model, const struct settings *settings,
                      aq_generate_options *options) {
  if (settings->operand_count == 1 && terminal_is(0) && !settings->quiet)
    message_remark("each line is a prompt; --prompt \"\" writes one text from its beginning");
  options->path = settings->operand_count > 1 ? settings->operand[1] : "-";
  options->read = input_read;
  options->write = output_write;
  options->token = count_token;
  int status = aq_session_generate_stream(session, options);
  clear_count(options->context);
  if (output_failed()) return AQ_IO;
  const aq_reading *reading = aq_session_reading(session);
  reading_remark(reading, model, settings, stand_in[output_form(settings)]);
  if (!settings->quiet) remark_unknown(session);
  int read = input_finish();
  return read != AQ_OK ? read : status != AQ_OK ? failed(session, options->path) : AQ_OK;
}

static int generate(aq_session *session, const aq_model *model, const struct settings *settings) {
  aq_generate_options options = options_of(settings);
  struct says says = {.seed = -1, .begun = seconds_now()};
  char *stop = NULL;
  if (settings->stop && !(stop = without_escapes(settings->stop))) return message_no_memory();
  options.stop = stop;
  options.context = &says;
  says.shown = !settings->quiet && (!settings->prompt || settings->texts_wanted > 1 || settings->images)
               && terminal_is(2) && !terminal_is(1);
  choose_seed(model, settings, &options, &says);
  const bool prompted = settings->prompt || settings->texts_wanted > 0;
  int status = prompted ? write_prompt(session, model, settings, &options)
                        : write_rows(session, model, settings, &options);
  if (status == AQ_OK) say_seed(&says);
  free(stop);
  return status;
}

static int run_generate(const struct settings *settings) {
  aq_model *model = NULL;
  aq_session *session = NULL;
  int status = check_settings(settings);
  if (status == AQ_OK) status = open_model(settings->operand[0], settings, &model);
  if (status == AQ_OK) status = open_session(model, settings, &session);
  if (status == AQ_OK) status = generate(session, model, settings);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "prompt", TEXT, "TEXT", prompt,
           "write one text, which begins so; for a model of several columns, their fields with tabs between "
           "them"),
    OPTION(0, "count", COUNT, "N", texts_wanted, "write N texts, or draw N images, of that one prompt"),
    OPTION(0, "images", PLACE, "PATH", images,
           "write the images that a model of pixels draws: FILE.png gets all of them side by side, a folder "
           "a file for each"),
    OPTION(0, "length", COUNT, "N", length, "tokens to write at most (default: 200, or all of an image)"),
    OPTION(
        0, "temperature", NUMBER, "X", temperature,
        "how freely to draw: 0 takes the likeliest token each time, 1 draws as the model says (default: 1; 0 "
        "for a model that reads other columns, unless draws are asked for)"),
    OPTION(0, "top", COUNT, "K", top, "draw among the K likeliest tokens"),
    OPTION(0, "top-p", NUMBER, "P", top_p,
           "draw among the likeliest tokens that make the part P, such as 0.9"),
    OPTION(0, "beam", COUNT, "N", beam,
           "search for the likeliest text with N beginnings side by side (1: the likeliest token each time)"),
    OPTION(0, "repeat-penalty", NUMBER, "X", repeat_penalty,
           "a token that the text has already gets the power X of its probability, such as 1.2"),
    OPTION(0, "stop", TEXT, "TEXT", stop, "end before this text; \\n is a newline"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of the draws (default: a new one each time)"),
    OPTION(0, "batch", COUNT, "N", batch, "texts to write at once, divided by the beams (default: 64)"),
    OPTION_SET_JSON,
    OPTION_SET_FFI,
    OPTION_SET_ROWS,
    OPTION_END};

const struct verb verb_generate = {"generate",
                                   "MODEL.aqm [FILE.tsv|-]",
                                   1,
                                   2,
                                   "write texts, draw images",
                                   "Writes a text for each row of a file or of the standard input, in the "
                                   "same order, with a model that predicts "
                                   "next(text): what follows the text of the row, or what answers its other "
                                   "columns. Then the row's own text is not "
                                   "looked at. With --prompt it writes one text, and each token as it comes.",
                                   option_list,
                                   run_generate};
