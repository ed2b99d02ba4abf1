/* attend.c: aqc attend. */
#include "aqc/attend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

static bool is_wanted(const char *head, const char *name) {
  if (!head || strcmp(head, name) == 0) return true;
  size_t length = strlen(name), tail = strlen(head);
  return length > tail && name[length - tail - 1] == '.' && strcmp(name + length - tail, head) == 0;
}

bool view_next(const struct view *view, size_t *map) {
  for (size_t count = aq_session_map_count(view->session); *map < count; ++*map)
    if (is_wanted(view->head, aq_session_map(view->session, *map).name)) return true;
  return false;
}

const char *view_label(const char *const *tokens, size_t k, char buffer[24]) {
  if (tokens) return tokens[k];
  snprintf(buffer, 24, "%zu", k + 1);
  return buffer;
}

/* The tokens of an axis, null where it has none. */
static void show_tokens(aq_shown *shown, const char *key, const char *const *tokens, size_t count) {
  if (!tokens) {
    aq_shown_text(shown, key, NULL, NULL);
    return;
  }
  aq_shown_list(shown, key);
  for (size_t k = 0; k < count; k++) aq_shown_text(shown, NULL, NULL, tokens[k]);
  aq_shown_end(shown);
}

static aq_shown *facts(const struct view *view) {
  aq_shown *shown = aq_shown_new(true);
  aq_shown_list(shown, "maps");
  for (size_t index = 0; view_next(view, &index); index++) {
    aq_map map = aq_session_map(view->session, index);
    aq_shown_begin(shown, NULL);
    aq_shown_text(shown, "name", NULL, map.name);
    aq_shown_flag(shown, "mixing", NULL, map.is_mixing);
    aq_shown_whole(shown, "heads", NULL, (int64_t)map.heads);
    aq_shown_whole(shown, "rows", NULL, (int64_t)map.rows);
    aq_shown_whole(shown, "columns", NULL, (int64_t)map.columns);
    show_tokens(shown, "queries", map.query, map.rows);
    show_tokens(shown, "keys", map.key, map.columns);
    aq_shown_numbers(shown, "weight", map.weight, map.heads * map.rows * map.columns);
    aq_shown_end(shown);
  }
  aq_shown_end(shown);
  return shown;
}

static int write_page(const struct view *view, const char *path) {
  char *page = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&page, &length);
  if (!memory) return message_no_memory();
  attend_html(view, memory);
  int failed = ferror(memory);
  failed |= fclose(memory);
  int status = failed ? message_no_memory() : file_replace(path, page, length);
  free(page);
  return status;
}

static int show(const struct settings *settings, const struct view *view) {
  size_t first = 0;
  if (!view_next(view, &first))
    return settings->head ? message_fail(AQ_USAGE, "without --head all of them are shown",
                                         "the model has no head `%s`", settings->head)
                          : message_fail(AQ_USAGE, "it shows models that have a head or a mix",
                                         "this model pays no attention");
  if (settings->html) return write_page(view, settings->html);
  if (output_form(settings) == AQ_JSON) return output_shown(settings, facts(view));
  attend_text(view, stdout);
  return AQ_OK;
}

static int check_texts(const aq_model *model, char *const *text, int given) {
  char names[256];
  int wanted = model_fields(model, false, names, sizeof names);
  const char *hint = wanted == 1 ? "put the text in quotes" : "give one text for each of them, in quotes";
  if (wanted < given)
    return message_fail(AQ_USAGE, hint, "the model reads %d text%s (%s), and `%s` is one more", wanted,
                        wanted == 1 ? "" : "s", names, text[wanted]);
  if (wanted > given)
    return message_fail(AQ_USAGE, hint, "the model reads %d texts (%s), and there is none for `%s`", wanted,
                        names, model_field(model, given));
  return AQ_OK;
}

static int attend(const struct settings *settings, aq_session *session) {
  int count = settings->operand_count - 1;
  aq_field *field = calloc((size_t)count, sizeof *field);
  if (!field) return message_no_memory();
  for (int k = 0; k < count; k++)
    field[k] = (aq_field){settings->operand[k + 1], strlen(settings->operand[k + 1])};
  int status = aq_session_attend(session, field, (size_t)count);
  if (status != AQ_OK)
    message_print(aq_session_message(session));
  else
    status = show(settings, &(struct view){session, settings->head});
  free(field);
  return status;
}

static int run_attend(const struct settings *settings) {
  aq_eval_options options;
  aq_model *model;
  aq_session *session = NULL;
  if (settings->html && settings->json)
    return message_fail(AQ_USAGE, NULL, "--html and --json exclude each other");
  int status = open_model(settings->operand[0], &model);
  if (status != AQ_OK) return status;
  aq_eval_options_init(&options);
  options.precision = settings->precision;
  options.choose_blas_core = true;
  status = check_texts(model, settings->operand + 1, settings->operand_count - 1);
  if (status == AQ_OK && settings->html) status = refuse_overwriting(settings->html, settings->operand[0]);
  if (status == AQ_OK && aq_session_new(model, &options, &session))
    status = session ? message_print(aq_session_message(session)) : message_no_memory();
  if (status == AQ_OK) status = attend(settings, session);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "head", TEXT, "NAME", head, "this head alone"),
    OPTION(0, "html", TEXT, "FILE", html, "write a page for a browser instead"), OPTION_SET_PRECISION,
    OPTION_SET_JSON, OPTION_END};

const struct verb verb_attend = {
    "attend",
    "MODEL.aqm TEXT...",
    2,
    -1,
    "show what every head looks at in a text",
    "Shows the attention of every named head on a text, one row for each query, one column for each key, and "
    "the "
    "weights by which heads are mixed. A model that reads several columns needs a text for each.",
    option_list,
    run_attend};
