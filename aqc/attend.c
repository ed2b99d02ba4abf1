/* attend.c: aqc attend. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aqc/answer.h"
#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/nearest_word.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

/* --head NAME wants maps of that name, or of a name that ends with it: `near` wants `judge.near`. NULL: all.
 */
static bool is_wanted(const char *head, const char *name) {
  if (!head || strcmp(head, name) == 0) return true;
  size_t length = strlen(name), tail = strlen(head);
  return length > tail && name[length - tail - 1] == '.' && strcmp(name + length - tail, head) == 0;
}

/* Hints at the heads that there are: the nearest, or all for which there is room. */
static void hint_heads(const aq_session *session, const char *head, char *hint, size_t size) {
  const char *nearest = NULL;
  const size_t count = aq_session_map_count(session);
  size_t length = 0;
  for (size_t k = 0; k < count; k++) nearest = nearest_word(head, nearest, aq_session_map(session, k)->name);
  if (nearest) {
    snprintf(hint, size, "did you mean `%s`?", nearest);
    return;
  }
  for (size_t k = 0; k < count && length < size; k++) {
    const char *name = aq_session_map(session, k)->name;
    const bool again = k && !strcmp(name, aq_session_map(session, k - 1)->name);
    if (!again)
      length += (size_t)snprintf(hint + length, size - length, "%s`%s`", k ? ", " : "it has ", name);
  }
}

static int no_maps(const struct settings *settings, const aq_session *session) {
  const char *head = settings->head;
  char hint[400] = "it has none, but for heads within the step of a scan";
  if (!head)
    return message_fail(AQ_USAGE, "it shows heads and mixes, but not those within the step of a scan",
                        "this model has no attention to show");
  hint_heads(session, head, hint, sizeof hint);
  return message_fail(AQ_USAGE, hint, "the model has no head `%s` to show", head);
}

/* --png FILE: what is drawn over pictures. */
static int write_png(const struct settings *settings, const aq_shown *shown) {
  char *bytes;
  size_t length;
  int status = aq_shown_png(shown, &bytes, &length);
  if (status == AQ_USAGE)
    return message_fail(AQ_USAGE,
                        "heads look at a picture when their keys or queries are its places, as those "
                        "of `patches` are",
                        "--png: nothing to draw over a picture, or more than a file can have");
  if (status != AQ_OK) return message_no_memory();
  status = file_replace(settings->png, bytes, length);
  aq_text_free(bytes);
  return status;
}

static int show(const struct settings *settings, const aq_session *session, aq_shown *shown) {
  size_t seen = 0;
  aq_shown_list(shown, "maps");
  for (size_t k = 0; k < aq_session_map_count(session); k++) {
    const aq_map *map = aq_session_map(session, k);
    if (!is_wanted(settings->head, map->name)) continue;
    aq_shown_map(shown, NULL, map);
    seen++;
  }
  aq_shown_end(shown);
  int status = !seen ? no_maps(settings, session) : settings->png ? write_png(settings, shown) : AQ_OK;
  if (status == AQ_OK && (!settings->png || settings->html || settings->json))
    return output_shown(settings, shown);
  aq_shown_free(shown);
  return status;
}

/* A table is a text like any other here, which who names one hardly means. */
static void remark_tables(char *const *text, int given) {
  static const char *const ends[] = {".tsv", ".csv", ".jsonl", ".txt", ".gz"};
  for (int k = 0; k < given; k++)
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
      if (file_ends_with(text[k], ends[e]) && access(text[k], F_OK) == 0)
        message_remark("`%s` is read as a text, not as a file: attend shows one row, given in quotes",
                       text[k]);
}

static int check_texts(const aq_model *model, char *const *text, int given) {
  char names[256];
  int wanted = model_fields(model, FIELDS_READ, names, sizeof names);
  const char *hint = wanted == 1 ? "put the text in quotes" : "give one text for each of them, in quotes";
  if (wanted < given)
    return message_fail(AQ_USAGE, hint, "the model reads %d text%s (%s), and `%s` is one more", wanted,
                        wanted == 1 ? "" : "s", names, text[wanted]);
  if (wanted > given)
    return message_fail(AQ_USAGE, hint, "the model reads %d texts (%s), and there is none for `%s`", wanted,
                        names, model_field(model, given));
  remark_tables(text, given);
  return AQ_OK;
}

static int attend(const struct settings *settings, const aq_model *model, aq_session *session) {
  const size_t count = (size_t)settings->operand_count - 1;
  if (aq_session_attend(session, (const char *const *)settings->operand + 1, NULL, count))
    return message_print(aq_session_message(session));
  aq_shown *shown = aq_shown_new(true);
  aq_shown_title(shown, "What %s looks at", settings->operand[0]);
  const int status = answer_show(session, model, settings->html != NULL, shown);
  if (status == AQ_OK) return show(settings, session, shown);
  aq_shown_free(shown);
  return status;
}

/* The folder of a name that may be a file's; NULL: it has none, or there is no such folder. */
static char *folder_of(const char *name) {
  struct stat found;
  const char *end = strrchr(name, '/');
  char *folder = end ? strndup(name, end > name ? (size_t)(end - name) : 1) : NULL;
  if (folder && stat(folder, &found) == 0 && S_ISDIR(found.st_mode)) return folder;
  free(folder);
  return NULL;
}

/* A table may come from somebody else, and names no files that lie elsewhere. Who names one on the command
 * line means it: its folder is allowed. */
static int open_with_folders(const struct settings *settings, aq_model **model) {
  struct settings own = *settings;
  const size_t given = settings->files.count, most = given + (size_t)settings->operand_count;
  char **folder = calloc(most, sizeof *folder);
  struct given_value *item = calloc(most, sizeof *item);
  size_t count = 0;
  *model = NULL;
  for (size_t k = 0; item && k < given; k++) item[k] = settings->files.item[k];
  for (int k = 1; folder && item && k < settings->operand_count; k++)
    if ((folder[count] = folder_of(settings->operand[k]))) {
      item[given + count].value = folder[count];
      count++;
    }
  own.files.item = item;
  own.files.count = given + count;
  int status = folder && item ? open_model(settings->operand[0], &own, model) : message_no_memory();
  for (size_t k = 0; k < count; k++) free(folder[k]);
  free(folder);
  free(item);
  return status;
}

/* Is what is written the file that a text names in this folder (NULL: from here), which may be "a.idx#3"? */
static int spare_file(const struct settings *settings, const char *folder, const char *text) {
  char path[PATH_MAX];
  int length = snprintf(path, sizeof path, "%s%s%s", folder ? folder : "", folder ? "/" : "", text);
  char *mark = strrchr(path, '#');
  if (length < 0 || length >= (int)sizeof path) return AQ_OK; /* too long for a name */
  if (mark && mark[1] && mark[1 + strspn(mark + 1, "0123456789")] == '\0') *mark = '\0';
  int status = refuse_overwriting("--png", settings->png, path);
  return status == AQ_OK ? refuse_overwriting("--html", settings->html, path) : status;
}

static int spare_files(const struct settings *settings) {
  int status = AQ_OK;
  for (int k = 1; k < settings->operand_count && status == AQ_OK; k++) {
    status = spare_file(settings, NULL, settings->operand[k]);
    for (size_t f = 0; f < settings->files.count && status == AQ_OK; f++)
      status = spare_file(settings, settings->files.item[f].value, settings->operand[k]);
  }
  return status;
}

static int run_attend(const struct settings *settings) {
  aq_model *model;
  aq_session *session = NULL;
  int status = spare_files(settings);
  if (status != AQ_OK) return status;
  status = open_with_folders(settings, &model);
  if (status != AQ_OK) return status;
  status = check_texts(model, settings->operand + 1, settings->operand_count - 1);
  if (status == AQ_OK) status = open_session(model, settings, &session);
  if (status == AQ_OK && aq_model_member_count(model) > 1)
    message_remark("an ensemble of %zu models: this is what the first of them looks at",
                   aq_model_member_count(model));
  if (status == AQ_OK) status = attend(settings, model, session);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "head", TEXT, "NAME", head, "this head alone"),
    OPTION_SET_FFI,
    OPTION_SET_FILES,
    OPTION_SET_PRECISION,
    OPTION_SET_HTML,
    OPTION_SET_JSON,
    OPTION(0, "png", WRITES, "FILE", png, "write what is looked at in pictures as an image"),
    OPTION_END};

const struct verb verb_attend = {
    "attend",
    "MODEL.aqm TEXT...",
    2,
    -1,
    "show what every head looks at in a text or an image",
    "Shows the attention of every named head on a text, with a row for each query and a column for each key, "
    "and the weights with which heads are mixed. Where they are places of a picture, the weights are drawn "
    "over it. Heads within the step of a scan are not shown. A model that reads several columns needs a "
    "text, "
    "or the name of a file, for each.",
    option_list,
    run_attend};
