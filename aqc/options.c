/* options.c: reads a command line by the table of its verb. */
#include "aqc/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/nearest_word.h"
#include "aqc/verb.h"

/* The state of the parser. */
struct reader {
  const struct verb *verb;
  int count, next;
  char **argument;
  struct settings *settings;
  uint64_t given; /* options with a value that stood before, by their place in the table */
};

void settings_init(struct settings *settings) {
  *settings = (struct settings){
      .batch = -1,
      .seed = -1,
      .length = -1,
      .top = 0,
      .repeat = 1,
      .temperature = -1,
      .top_p = -1,
      .repeat_penalty = -1,
      .tolerance = -1,
      .surge = -1,
      .threshold = -1,
  };
}

void settings_free(struct settings *settings) {
  free(settings->define.item);
  free(settings->set.item);
  free(settings->allow.item);
  free(settings->files.item);
}

static int wrong(const struct reader *r, const char *hint, const char *text) {
  char more[64];
  snprintf(more, sizeof more, "`aqc %s --help` lists the options", r->verb->name);
  return message_fail(AQ_USAGE, hint ? hint : more, "%s", text);
}

static int wrong_value(const struct reader *r, const struct option *option, const char *value,
                       const char *wanted) {
  char text[256];
  snprintf(text, sizeof text, "--%s takes %s, not `%.80s`", option->name, wanted, value);
  return wrong(r, NULL, text);
}

static bool read_whole(const char *text, int64_t least, int64_t *value) {
  char *end;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (end == text || *end || errno || number < least) return false;
  *value = number;
  return true;
}

/* A number from 0, with % for hundredths where that is allowed. */
static bool read_number(const char *text, bool percent, double *value) {
  char *end;
  double number = strtod(text, &end);
  if (end == text || !isfinite(number) || number < 0) return false;
  if (percent && *end == '%') {
    number /= 100;
    end++;
  }
  if (*end) return false;
  *value = number;
  return true;
}

static int read_count(const struct reader *r, const struct option *option, const char *value, void *field) {
  static const char *const wanted[] = {"a whole number from 0", "a whole number from 1",
                                       "a whole number from 2"};
  int least = option->kind == OPTION_SEVERAL ? 2 : option->kind == OPTION_COUNT;
  return read_whole(value, least, field) ? AQ_OK : wrong_value(r, option, value, wanted[least]);
}

/* last(user): the last row of each value of the field user. */
static int read_hold(const struct reader *r, const struct option *option, char *value, double *field) {
  static const char last[] = "last(";
  size_t length = strlen(value);
  if (strncmp(value, last, sizeof last - 1) != 0) {
    if (read_number(value, true, field) && *field > 0 && *field < 1) return AQ_OK;
    return wrong_value(r, option, value, "a part of the rows, such as 10%, or last(FIELD)");
  }
  if (length <= sizeof last || value[length - 1] != ')')
    return wrong_value(r, option, value, "a part of the rows, such as 10%, or last(FIELD)");
  value[length - 1] = '\0';
  r->settings->hold_last = value + sizeof last - 1;
  return AQ_OK;
}

/* 5(user): five folds, in one of which all rows with one value of the field user are. */
static int read_folds(const struct reader *r, const struct option *option, char *value, int64_t *folds) {
  static const char wanted[] = "a number of folds from 2, or 5(FIELD)";
  char *open = strchr(value, '('), *close = open ? value + strlen(value) - 1 : NULL;
  bool grouped = open && close > open + 1 && *close == ')';
  if (grouped) *open = '\0';
  bool good = read_whole(value, 2, folds);
  if (grouped) *open = '(';
  if (!good || (open && !grouped)) return wrong_value(r, option, value, wanted);
  if (!grouped) return AQ_OK;
  *close = '\0';
  r->settings->fold_by = open + 1;
  return AQ_OK;
}

const char *option_word(const char *words, int number, size_t *length) {
  for (*length = strcspn(words, "|"); number > 0 && *words; number--) {
    words += *length + (words[*length] == '|');
    *length = strcspn(words, "|");
  }
  return words;
}

/* Finds one of the words that the option lists: its number from 0. */
static int read_choice(const struct reader *r, const struct option *option, const char *value, int *choice) {
  size_t length;
  const char *word = option_word(option->value, *choice = 0, &length);
  for (; length; word = option_word(option->value, ++*choice, &length))
    if (strlen(value) == length && strncmp(value, word, length) == 0) return AQ_OK;
  char wanted[64] = "", *end = wanted;
  for (const char *at = option->value; *at && end < wanted + sizeof wanted - 6; at++) {
    const char *joint = strchr(at + 1, '|') ? ", " : " or ";
    if (*at == '|')
      end = stpcpy(end, joint);
    else
      *end++ = *at, *end = '\0';
  }
  return wrong_value(r, option, value, wanted);
}

/* Checking these is left to the program, which knows what it can be given. */
static int add_given(struct given *list, const char *name, const char *value, const char *origin) {
  struct given_value *more = realloc(list->item, (list->count + 1) * sizeof *more);
  if (!more) return message_no_memory();
  list->item = more;
  list->item[list->count++] = (struct given_value){name, value, origin};
  return AQ_OK;
}

static int set_value(const struct reader *r, const struct option *option, char *value) {
  void *field = (char *)r->settings + option->field;
  int choice = 0, status = AQ_OK;
  switch (option->kind) {
    case OPTION_FLAG: *(bool *)field = true; break;
    case OPTION_TEXT:
    case OPTION_READS:
    case OPTION_WRITES:
    case OPTION_PLACE: *(const char **)field = value; break;
    case OPTION_COUNT:
    case OPTION_SEVERAL:
    case OPTION_WHOLE: return read_count(r, option, value, field);
    case OPTION_NUMBER:
      if (!read_number(value, false, field)) return wrong_value(r, option, value, "a number from 0");
      break;
    case OPTION_HOLD: return read_hold(r, option, value, field);
    case OPTION_FOLDS: return read_folds(r, option, value, field);
    case OPTION_PRECISION:
      status = read_choice(r, option, value, &choice);
      *(enum aq_precision *)field = (enum aq_precision)choice;
      break;
    case OPTION_BAD_ROW:
      status = read_choice(r, option, value, &choice);
      *(enum aq_bad_row *)field = choice ? AQ_BAD_ROW_SKIP : AQ_BAD_ROW_STOP;
      break;
    case OPTION_HEADER:
      status = read_choice(r, option, value, &choice);
      *(enum aq_header *)field = choice == 0 ? AQ_HEADER_AUTO : choice == 1 ? AQ_HEADER_YES : AQ_HEADER_NO;
      break;
    case OPTION_FORMAT:
      status = read_choice(r, option, value, &choice);
      *(enum aq_format *)field = (enum aq_format)choice;
      break;
    case OPTION_GIVEN: return add_given(field, NULL, value, option->origin);
    case OPTION_SETTING: return add_given(field, option->name, value, option->origin);
  }
  return status;
}

/* An option with a value may be given only once, because one value would be ignored. A flag may be repeated.
 */
static int set_option(struct reader *r, const struct option *option, char *value) {
  uint64_t place = (uint64_t)1 << (option - r->verb->options);
  char text[96];
  if (option->value && option->kind != OPTION_GIVEN) {
    snprintf(text, sizeof text, "--%s is given twice", option->name);
    if (r->given & place) return wrong(r, NULL, text);
    r->given |= place;
  }
  return set_value(r, option, value);
}

/* "`aqc train`, `aqc tune` have it": the verbs that have an option of this name, the first ones when they
 * are many; "" for none. */
static void name_owners(const char *word, char *hint, size_t room) {
#define ADDRESS(name) &verb_##name,
  static const struct verb *const verbs[] = {VERBS(ADDRESS)};
#undef ADDRESS
  size_t length = 0, found = 0;
  hint[0] = '\0';
  for (size_t v = 0; v < sizeof verbs / sizeof *verbs; v++)
    for (const struct option *option = verbs[v]->options; option->name; option++) {
      if (strcmp(option->name, word) || length + 40 > room) continue;
      length +=
          (size_t)snprintf(hint + length, room - length, "%s`aqc %s`", found++ ? ", " : "", verbs[v]->name);
    }
  if (found) snprintf(hint + length, room - length, found > 1 ? " have it" : " has it");
}

static int unknown(const struct reader *r, const char *name, size_t length) {
  char text[128], hint[128];
  snprintf(text, sizeof text, "`aqc %s` has no option `%.*s`", r->verb->name,
           (int)(length > 60 ? 60 : length), name);
  if (length <= 2) return wrong(r, NULL, text); /* a letter */
  char word[64];
  const char *nearest = NULL;
  snprintf(word, sizeof word, "%.*s", (int)(length - 2), name + 2);
  for (const struct option *option = r->verb->options; option->name; option++)
    nearest = nearest_word(word, nearest, option->name);
  if (nearest)
    snprintf(hint, sizeof hint, "did you mean `--%s`?", nearest);
  else
    name_owners(word, hint, sizeof hint);
  return wrong(r, hint[0] ? hint : NULL, text);
}

/* --name, --name=value or --name value. */
static int parse_long(struct reader *r, char *argument) {
  char *equals = strchr(argument, '=');
  size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
  for (const struct option *option = r->verb->options; option->name; option++) {
    if (strlen(option->name) != length - 2 || strncmp(option->name, argument + 2, length - 2) != 0) continue;
    char text[96];
    if (!option->value) {
      snprintf(text, sizeof text, "--%s takes no value", option->name);
      return equals ? wrong(r, NULL, text) : set_option(r, option, NULL);
    }
    if (equals) return set_option(r, option, equals + 1);
    snprintf(text, sizeof text, "--%s needs a value: --%s %s", option->name, option->name, option->value);
    return r->next < r->count ? set_option(r, option, r->argument[r->next++]) : wrong(r, NULL, text);
  }
  return unknown(r, argument, length);
}

/* -qo FILE, -oFILE, -D NAME=V. */
static int parse_letters(struct reader *r, char *argument) {
  for (char *at = argument + 1; *at; at++) {
    const struct option *option = r->verb->options;
    while (option->name && option->letter != *at) option++;
    if (!option->name) return unknown(r, argument, strlen(argument));
    if (option->value) {
      char text[96];
      snprintf(text, sizeof text, "-%c needs a value: -%c %s", *at, *at, option->value);
      if (at[1]) return set_option(r, option, at + 1);
      return r->next < r->count ? set_option(r, option, r->argument[r->next++]) : wrong(r, NULL, text);
    }
    int status = set_option(r, option, NULL);
    if (status != AQ_OK) return status;
  }
  return AQ_OK;
}

static int check_operands(const struct reader *r) {
  const struct verb *verb = r->verb;
  int count = r->settings->operand_count;
  char text[192], hint[192];
  snprintf(hint, sizeof hint, "usage: aqc %s %s", verb->name, verb->operands);
  if (count < verb->least) {
    snprintf(text, sizeof text,
             count ? "`aqc %s` needs more than `%.60s`" : "`aqc %s` needs something to work on", verb->name,
             count ? r->settings->operand[count - 1] : "");
    return wrong(r, hint, text);
  }
  if (verb->most >= 0 && count > verb->most) {
    snprintf(text, sizeof text, "`aqc %s` does not know what to do with `%.60s`", verb->name,
             r->settings->operand[verb->most]);
    const char *set = r->settings->set.count ? r->settings->set.item[r->settings->set.count - 1].value : NULL;
    if (set && !strchr(set, '='))
      snprintf(hint, sizeof hint, "a setting is given with =, as in --set %.60s=%.60s", set,
               r->settings->operand[verb->most]);
    return wrong(r, hint, text);
  }
  return AQ_OK;
}

int options_parse(const struct verb *verb, int count, char **argument, struct settings *settings) {
  struct reader r = {verb, count, 0, argument, settings, 0};
  bool only_operands = false;
  settings->operand = argument;
  while (r.next < count) {
    char *word = argument[r.next++];
    int status = AQ_OK;
    if (only_operands || word[0] != '-' || !word[1])
      argument[settings->operand_count++] = word;
    else if (strcmp(word, "--") == 0)
      only_operands = true;
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
      settings->help = true;
    else
      status = word[1] == '-' ? parse_long(&r, word) : parse_letters(&r, word);
    if (status != AQ_OK) return status;
    if (settings->help) return AQ_OK;
  }
  return check_operands(&r);
}
