/* tune_basis.c: what the trials of a search have in common, which is the head of their file: the command, and
 * checksums of what it reads. A search goes on only from trials with the same.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/tune.h"

/* The members of the head, and what trials are of when one is different. */
static const struct part {
  const char *key, *words;
  bool is_shown; /* as what it was and is */
} parts[] = {{"program", "another program", true},
             {"data", "other data", true},
             {"valid", "other validation data", true},
             {"hold", "another --hold", true},
             {"hold_last", "another --hold", true},
             {"define", "other values of -D", true},
             {"settings", "other settings", true},
             {"weights", "other --weights", true},
             {"precision", "another --precision", true},
             {"rows", "another way to read rows", true},
             {"seed", "another seed", true},
             {"program_sum", "a program that has changed since", false},
             {"data_sum", "training data that have changed since", false},
             {"valid_sum", "validation data that have changed since", false},
             {"weights_sum", "--weights that have changed since", false}};

/* ---- checksums ---- */

enum { DIGITS = 17, DEEPEST = 8 };

/* FNV-1a (Fowler, Noll, Vo). */
static void add_bytes(uint64_t *sum, const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  for (size_t k = 0; k < length; k++) *sum = (*sum ^ at[k]) * 0x100000001b3u;
}

static void add_file(uint64_t *sum, const char *path) {
  static const size_t size = 1 << 16;
  char *bytes = malloc(size);
  FILE *from = bytes ? fopen(path, "rb") : NULL;
  for (size_t length; from && (length = fread(bytes, 1, size, from)) > 0;) add_bytes(sum, bytes, length);
  if (from) fclose(from);
  free(bytes);
}

/* A file, or all files of a folder with their names. What cannot be read adds nothing: who reads it for its
 * content says so. */
static void add_path(uint64_t *sum, const char *path, int depth) {
  struct stat about;
  struct dirent **entry;
  if (stat(path, &about) != 0) return;
  if (S_ISREG(about.st_mode)) add_file(sum, path);
  int count = S_ISDIR(about.st_mode) && depth < DEEPEST ? scandir(path, &entry, NULL, alphasort) : -1;
  for (int k = 0; k < count; k++) {
    char inside[4096];
    const char *name = entry[k]->d_name;
    bool fits = snprintf(inside, sizeof inside, "%s/%s", path, name) < (int)sizeof inside;
    if (name[0] != '.' && fits) {
      add_bytes(sum, name, strlen(name) + 1);
      add_path(sum, inside, depth + 1);
    }
    free(entry[k]);
  }
  if (count >= 0) free(entry);
}

static uint64_t begin_sum(void) { return 0xcbf29ce484222325u; }

void path_checksum(const char *path, char digits[DIGITS]) {
  uint64_t sum = begin_sum();
  add_path(&sum, path, 0);
  snprintf(digits, DIGITS, "%016" PRIx64, sum);
}

/* Its text, and what it is compiled to: so imports count, too. A program that does not compile as it stands
 * may do so with the values of a trial. */
static int program_checksum(const struct settings *fixed, char digits[DIGITS]) {
  uint64_t sum = begin_sum();
  aq_program *program;
  aq_model *model = NULL;
  char *listing = NULL;
  int status = open_program(fixed->operand[0], fixed, &program);
  if (status != AQ_OK) return status;
  add_path(&sum, fixed->operand[0], 0);
  if (aq_model_compile(program, &model) == AQ_OK && aq_model_listing(model, &listing) == AQ_OK)
    add_bytes(&sum, listing, strlen(listing));
  aq_text_free(listing);
  aq_model_free(model);
  aq_program_free(program);
  snprintf(digits, DIGITS, "%016" PRIx64, sum);
  return AQ_OK;
}

/* ---- the head ---- */

/* "lr=0.1, epochs=5": what is given, as text. NULL: no memory. */
static char *given_text(const struct given *given) {
  size_t size = 1, length = 0;
  for (size_t k = 0; k < given->count; k++)
    size += (given->item[k].name ? strlen(given->item[k].name) : 0) + strlen(given->item[k].value) + 4;
  char *text = calloc(size, 1);
  for (size_t k = 0; text && k < given->count; k++)
    length += (size_t)snprintf(text + length, size - length, "%s%s%s%s", k ? ", " : "",
                               given->item[k].name ? given->item[k].name : "", given->item[k].name ? "=" : "",
                               given->item[k].value);
  return text;
}

static void add_sum(aq_shown *shown, const char *key, const char *path) {
  char digits[DIGITS];
  if (path) path_checksum(path, digits);
  aq_shown_text(shown, key, NULL, path ? digits : NULL);
}

int basis_write(const struct settings *fixed, uint64_t seed, char **head) {
  char rows[64], program_sum[DIGITS], precision[8];
  char *define = given_text(&fixed->define), *set = given_text(&fixed->set), *text;
  size_t length;
  const char *word = option_word(PRECISIONS, (int)fixed->precision, &length);
  int status = program_checksum(fixed, program_sum);
  aq_shown *shown = aq_shown_new(true);
  snprintf(precision, sizeof precision, "%.*s", (int)length, word);
  snprintf(rows, sizeof rows, "%d, %d, %d", fixed->bad_rows, fixed->header, fixed->format);
  aq_shown_text(shown, "program", NULL, fixed->operand[0]);
  aq_shown_text(shown, "data", NULL, fixed->operand[1]);
  aq_shown_text(shown, "valid", NULL, fixed->valid);
  aq_shown_real(shown, "hold", NULL, fixed->hold);
  aq_shown_text(shown, "hold_last", NULL, fixed->hold_last);
  aq_shown_text(shown, "define", NULL, define);
  aq_shown_text(shown, "settings", NULL, set);
  aq_shown_text(shown, "weights", NULL, fixed->weights);
  aq_shown_text(shown, "precision", NULL, precision);
  aq_shown_text(shown, "rows", NULL, rows);
  aq_shown_whole(shown, "seed", NULL, (int64_t)seed);
  aq_shown_text(shown, "program_sum", NULL, status == AQ_OK ? program_sum : NULL);
  add_sum(shown, "data_sum", fixed->operand[1]);
  add_sum(shown, "valid_sum", fixed->valid);
  add_sum(shown, "weights_sum", fixed->weights);
  if (status == AQ_OK && (!define || !set || aq_shown_write(shown, AQ_JSON, &text) != AQ_OK))
    status = message_no_memory();
  if (status == AQ_OK && !(*head = strdup(text))) status = message_no_memory();
  if (status == AQ_OK) aq_text_free(text);
  aq_shown_free(shown);
  free(define);
  free(set);
  return status;
}

/* The value of a key as it is written, *length letters; "" where there is none. No text within a value looks
 * like a key: there a quote stands behind a backslash. */
static const char *value_of(const char *head, const char *key, size_t *length) {
  char name[32];
  snprintf(name, sizeof name, "\"%s\": ", key);
  const char *at = strstr(head, name);
  *length = 0;
  if (!at) return "";
  at += strlen(name);
  if (*at != '"') {
    *length = strcspn(at, ",}");
    return at;
  }
  for (*length = 1; at[*length] && at[*length] != '"'; ++*length)
    if (at[*length] == '\\' && at[*length + 1]) ++*length;
  *length += at[*length] == '"';
  return at;
}

int basis_refuse(const char *path, const char *theirs, const char *ours) {
  static const char hint[] = "remove it to begin anew, or give the new model another name with -o";
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
    size_t old_length, length;
    const char *old = value_of(theirs, parts[k].key, &old_length);
    const char *now = value_of(ours, parts[k].key, &length);
    if (length == old_length && !memcmp(old, now, length)) continue;
    if (!parts[k].is_shown || old_length == 0)
      return message_fail(AQ_USAGE, hint, "%s has trials of %s", path, parts[k].words);
    return message_fail(AQ_USAGE, hint, "%s has trials of %s: %.*s there, %.*s here", path, parts[k].words,
                        (int)old_length, old, (int)length, now);
  }
  return message_fail(AQ_USAGE, hint, "%s has trials of another search", path);
}
