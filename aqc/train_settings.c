/* train_settings.c */
#include "aqc/train_settings.h"

#include <string.h>
#include <sys/stat.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"

aq_train_options training_options(const struct settings *s, const char *save) {
  aq_train_options o;
  aq_train_options_init(&o);
  o.train = s->operand[1];
  o.valid = s->valid;
  o.test = s->test;
  o.hold = s->hold;
  o.hold_last = s->hold_last;
  o.save = save;
  o.until = s->until;
  o.precision = s->precision;
  o.bad_rows = s->bad_rows;
  o.header = s->header;
  o.format = s->format;
  return o;
}

static bool is_held(const struct settings *s) { return s->hold > 0 || s->hold_last; }

bool training_is_validated(const struct settings *s) { return s->valid || is_held(s); }

int training_check(const struct settings *s) {
  if (!s->valid || !is_held(s)) return AQ_OK;
  return message_fail(AQ_USAGE,
                      "--hold takes validation rows from the training data when there is no file of them",
                      "--valid and --hold exclude each other");
}

int training_check_again(const char *path, const char *one) {
  struct stat about;
  bool is_once = path
                 && (!strcmp(path, "-")
                     || (stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode)));
  return is_once ? message_fail(AQ_USAGE, "write the rows into a file first",
                                "every %s reads the data again, and %s can be read only once", one,
                                strcmp(path, "-") ? path : "the standard input")
                 : AQ_OK;
}
