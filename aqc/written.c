/* written.c */
#include "aqc/written.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"

static const char *value_of(const struct option *option, const struct settings *s) {
  return *(const char *const *)((const char *)s + option->field);
}

static bool writes(const struct option *option) {
  return option->kind == OPTION_WRITES || option->kind == OPTION_PLACE;
}

/* "-o" or "--report" */
static const char *name_of(const struct option *option, char name[static 32]) {
  if (option->letter)
    snprintf(name, 32, "-%c", option->letter);
  else
    snprintf(name, 32, "--%s", option->name);
  return name;
}

static int check_name(const struct option *option, const char *name, const char *path) {
  char hint[64];
  snprintf(hint, sizeof hint, "as in %s %s", name, option->value);
  if (!path[0])
    return message_fail(AQ_USAGE, hint, "%s takes the name of a file, and this one is empty", name);
  if (strcmp(path, "-") != 0) return AQ_OK;
  return message_fail(AQ_USAGE, hint,
                      "%s takes the name of a file; the standard output has what the verb writes", name);
}

/* Against what is read. */
static int check_read(const struct verb *verb, const struct settings *s, const char *name, const char *path) {
  int status = refuse_overwriting_weights(name, path, s->weights);
  for (int k = 0; k < s->operand_count && status == AQ_OK; k++)
    status = refuse_overwriting(name, path, s->operand[k]);
  for (const struct option *o = verb->options; o->name && status == AQ_OK; o++)
    if (o->kind == OPTION_READS) status = refuse_overwriting(name, path, value_of(o, s));
  return status;
}

/* Against what the options before `end` write. */
static int check_others(const struct verb *verb, const struct option *end, const struct settings *s) {
  const char *path = value_of(end, s);
  char name[32], other[32];
  for (const struct option *o = verb->options; o != end; o++)
    if (writes(o) && value_of(o, s) && file_same(path, value_of(o, s)))
      return message_fail(AQ_USAGE, "give one of them another name", "%s and %s cannot both be %s",
                          name_of(o, other), name_of(end, name), path);
  return AQ_OK;
}

/* The folder of a place is made when it is not there, but not the one that is to hold it. */
static int check_folder(const struct option *option, const char *path) {
  struct stat there;
  const bool is_folder = option->kind == OPTION_PLACE && stat(path, &there) == 0 && S_ISDIR(there.st_mode);
  return is_folder ? AQ_OK : file_check_folder(path);
}

/* Where no table is named, and no prompt given, the standard input has the rows. */
static bool takes_rows_from_input(const struct settings *s) {
  return s->operand_count == 1 && !s->prompt && !s->texts_wanted;
}

/* Files of a folder are named 1.png and so on, as images that rows name may be. So it is not the folder of a
 * table, with which operand 1 begins, nor one in which the names of rows are looked up. */
static int check_place(const struct option *option, const struct settings *s, const char *path) {
  static const char hint[] = "a folder of its own keeps the images that rows name, as in --images answers";
  char name[32];
  const char *from = takes_rows_from_input(s) && file_holds(path, "-") ? "-" : NULL;
  for (int k = 1; k < s->operand_count; k++)
    if (file_holds(path, s->operand[k])) from = s->operand[k];
  for (size_t k = 0; k < s->files.count; k++)
    if (file_same(path, s->files.item[k].value)) from = s->files.item[k].value;
  return !from || option->kind != OPTION_PLACE
             ? AQ_OK
             : message_fail(AQ_USAGE, hint, "%s would write among the files that %s names",
                            name_of(option, name), strcmp(from, "-") ? from : "the standard input");
}

int written_check(const struct verb *verb, const struct settings *s) {
  int status = AQ_OK;
  for (const struct option *o = verb->options; o->name && status == AQ_OK; o++) {
    const char *path = writes(o) ? value_of(o, s) : NULL;
    char name[32];
    if (!path) continue;
    status = check_name(o, name_of(o, name), path);
    if (status == AQ_OK) status = check_read(verb, s, name, path);
    if (status == AQ_OK) status = check_others(verb, o, s);
    if (status == AQ_OK) status = check_place(o, s, path);
    if (status == AQ_OK) status = check_folder(o, path);
  }
  return status;
}

int written_check_clash(const struct verb *verb, const struct settings *s, const char *path, const char *is) {
  int status = check_read(verb, s, "-o", path);
  for (const struct option *o = verb->options; o->name && status == AQ_OK; o++) {
    const char *other = writes(o) && o->letter != 'o' ? value_of(o, s) : NULL; /* -o may have named it */
    char name[32];
    if (other && file_same(path, other))
      status = message_fail(AQ_USAGE, "give one of them another name", "%s and %s cannot both be %s", is,
                            name_of(o, name), other);
  }
  return status;
}

int written_check_own(const struct verb *verb, const struct settings *s, const char *path, const char *is) {
  int status = written_check_clash(verb, s, path, is);
  return status == AQ_OK ? file_check_folder(path) : status;
}
