/* generate.c: aqc generate. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

/* A newline at the end, as from echo, does not belong to the prompt: rows of a table have none either. */
static size_t without_newline(const char *text, size_t length) {
  if (length == 0 || text[length - 1] != '\n') return length;
  return length > 1 && text[length - 2] == '\r' ? length - 2 : length - 1;
}

/* Does the standard input have text that nobody reads? */
static bool text_waits(void) {
  struct stat file;
  int waiting = 0;
  if (fstat(0, &file)) return false;
  if (S_ISREG(file.st_mode)) return lseek(0, 0, SEEK_CUR) < file.st_size;
  return S_ISFIFO(file.st_mode) && ioctl(0, FIONREAD, &waiting) == 0 && waiting > 0;
}

/* It may have been meant as a prompt. But it is no error: a loop of the shell may read its list from there.
 */
static bool remark_unread(const struct settings *settings) {
  if (settings->operand_count > 1 || !text_waits()) return false;
  message_warn("the standard input is not read: give - for a prompt from there");
  return true;
}

static int check_settings(const struct settings *settings) {
  if (settings->temperature != 0) return AQ_OK;
  if (settings->seed >= 0 || settings->top > 0)
    return message_fail(AQ_USAGE, "above 0, tokens are drawn: --temperature 0.7",
                        "at temperature 0 the likeliest token is taken, and --%s has no effect",
                        settings->seed >= 0 ? "seed" : "top");
  return AQ_OK;
}

/* The prompt as a string of its own: the operand, or with "-" all of the standard input. */
static int read_prompt(const struct settings *settings, char **prompt) {
  size_t length;
  const char *given = settings->operand_count > 1 ? settings->operand[1] : "";
  *prompt = NULL;
  if (strcmp(given, "-") != 0) {
    *prompt = strdup(given);
    return *prompt ? AQ_OK : message_no_memory();
  }
  char *text;
  int status = file_read("-", &text, &length);
  if (status == AQ_OK) length = without_newline(text, length);
  if (status == AQ_OK && memchr(text, '\0', length))
    status = message_fail(AQ_BAD_DATA, NULL, "there is a NUL byte in the prompt");
  if (status == AQ_OK && !(*prompt = strndup(text, length))) status = message_no_memory();
  free(text);
  return status;
}

static int generate(aq_session *session, const struct settings *settings, const char *prompt) {
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.prompt = prompt;
  if (settings->length >= 0) options.length = settings->length;
  if (settings->temperature >= 0) options.temperature = settings->temperature;
  if (settings->seed >= 0) options.seed = settings->seed;
  options.top = settings->top < INT_MAX ? (int)settings->top : INT_MAX;
  options.write = output_write_now;
  bool said = remark_unread(settings);
  int status = aq_session_generate(session, &options);
  if (output_failed()) return AQ_IO;
  if (status != AQ_OK) return message_print(aq_session_message(session));
  putchar('\n');
  if (!said) remark_unread(settings); /* whoever writes there may have been slower than the model */
  return AQ_OK;
}

static int run_generate(const struct settings *settings) {
  aq_model *model = NULL;
  aq_session *session = NULL;
  char *prompt;
  int status = check_settings(settings);
  if (status != AQ_OK) return status;
  status = read_prompt(settings, &prompt);
  if (status == AQ_OK) status = open_model(settings->operand[0], &model);
  if (status == AQ_OK) status = open_session(model, settings, &session);
  if (status == AQ_OK) status = generate(session, settings, prompt);
  aq_session_free(session);
  aq_model_free(model);
  free(prompt);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "length", COUNT, "N", length, "tokens to write at most"),
    OPTION(0, "temperature", NUMBER, "X", temperature,
           "how freely to draw: 0 takes the likeliest token each time, 1 draws as the model says"),
    OPTION(0, "top", COUNT, "K", top, "draw among the K likeliest tokens"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of the draws"),
    OPTION_SET_THREADS,
    OPTION_SET_PRECISION,
    OPTION_END};

const struct verb verb_generate = {
    "generate",
    "MODEL.aqm [PROMPT|-]",
    1,
    2,
    "continue a text",
    "Continues the prompt, with a model that predicts next(text), and writes each token as it comes. With - "
    "the prompt is read from the standard input; a newline at its end does not count.",
    option_list,
    run_generate};
