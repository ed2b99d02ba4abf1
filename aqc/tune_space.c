/* tune_space.c: what trials vary, and the values that each of them takes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/tune.h"

static const char SETTING[] = "train.";
enum { DIGITS = 32 };
/* From this ratio of its ends on, a range is drawn by ratio: 0.001 to 0.01 is as far as 0.01 to 0.1. */
static const double WIDE = 10;

/* ---- what --set says ---- */

static bool read_end(const char *text, size_t length, double *number, bool *whole) {
  char digits[DIGITS], *end;
  while (length && *text == ' ') text++, length--;
  while (length && text[length - 1] == ' ') length--;
  if (length == 0 || length >= sizeof digits) return false;
  memcpy(digits, text, length);
  digits[length] = '\0';
  *number = strtod(digits, &end);
  *whole = *whole && strspn(digits, "-0123456789") == length;
  return !*end && isfinite(*number);
}

static int read_range(struct knob *knob, const char *text, const char *dots) {
  knob->is_range = knob->whole = true;
  if (!read_end(text, (size_t)(dots - text), &knob->low, &knob->whole)
      || !read_end(dots + 2, strlen(dots + 2), &knob->high, &knob->whole) || !(knob->low < knob->high))
    return message_fail(AQ_USAGE, "a range goes from a smaller to a larger number, as in lr=0.0003..0.01",
                        "--set %s=%s is no range", knob->name, text);
  knob->by_ratio = knob->low > 0 && knob->high >= WIDE * knob->low;
  return AQ_OK;
}

/* The next value of a list: up to a comma outside of brackets and quotes. */
static size_t next_length(const char *text) {
  int depth = 0;
  bool quoted = false;
  size_t k = 0;
  for (; text[k] && (text[k] != ',' || depth || quoted); k++) {
    quoted ^= text[k] == '"';
    depth += !quoted && strchr("([{", text[k]) ? 1 : !quoted && strchr(")]}", text[k]) ? -1 : 0;
  }
  return k;
}

static int add_value(struct knob *knob, const char *text, size_t length) {
  while (length && *text == ' ') text++, length--;
  while (length && text[length - 1] == ' ') length--;
  if (!length)
    return message_fail(AQ_USAGE, "values stand between commas, as in D=32,64,128",
                        "--set %s has an empty value", knob->name);
  char **more = realloc(knob->value, (knob->count + 1) * sizeof *more);
  if (more) knob->value = more;
  char *copy = more ? strndup(text, length) : NULL;
  if (!copy) return message_no_memory();
  for (size_t k = 0; k < knob->count; k++)
    if (!strcmp(knob->value[k], copy)) {
      int status = message_fail(AQ_USAGE, NULL, "--set %s has the value %s twice", knob->name, copy);
      free(copy);
      return status;
    }
  knob->value[knob->count++] = copy;
  return AQ_OK;
}

static int read_values(struct knob *knob, const char *text) {
  const char *dots = strstr(text, "..");
  if (dots && !strpbrk(text, ",\"(")) return read_range(knob, text, dots);
  int status = AQ_OK;
  for (const char *at = text; status == AQ_OK; at++) {
    size_t length = next_length(at);
    status = add_value(knob, at, length);
    at += length;
    if (!*at) break;
  }
  return status;
}

/* ---- what a name means ---- */

enum knowing { UNKNOWN, WRONG, RIGHT };

/* Does the program know the name as a dim, a const or a choice, or as a setting, and may it have the value?
 * Sizes that do not fit each other are no fault of a value alone: those the trials show. *why: what is wrong,
 * which the caller frees. */
static int try_value(const struct settings *settings, const struct knob *knob, const char *value,
                     enum knowing *known, aq_program **why) {
  struct settings other = *settings;
  struct given *list = knob->is_setting ? &other.set : &other.define;
  const struct given *from = knob->is_setting ? &settings->set : &settings->define;
  char named[160];
  list->item = malloc((from->count + 1) * sizeof *list->item);
  if (!list->item) return message_no_memory();
  if (from->count) memcpy(list->item, from->item, from->count * sizeof *list->item);
  list->item[from->count] = (struct given_value){knob->name, value, "--set"};
  list->count = from->count + 1;
  int status = read_program(settings->operand[0], &other, why);
  if (status == AQ_OK) status = aq_program_check(*why);
  free(list->item);
  *known = RIGHT;
  if (status != AQ_USAGE || !*why) return AQ_OK;
  /* "m.aq has no dim or const called `width`", "`train` has no setting called `width`" */
  const char *text = aq_program_message(*why)->text;
  snprintf(named, sizeof named, "called `%.120s`", knob->name);
  *known = strstr(text, " has no ") && strstr(text, named) ? UNKNOWN : WRONG;
  return AQ_OK;
}

/* All values of a list, both ends of a range. */
static int try_values(const struct settings *settings, const struct knob *knob, enum knowing *known) {
  char end[2][DIGITS];
  int status = AQ_OK;
  snprintf(end[0], DIGITS, "%.9g", knob->low);
  snprintf(end[1], DIGITS, "%.9g", knob->high);
  *known = RIGHT;
  for (size_t v = 0; status == AQ_OK && *known == RIGHT && v < (knob->is_range ? 2 : knob->count); v++) {
    aq_program *program = NULL;
    status = try_value(settings, knob, knob->is_range ? end[v] : knob->value[v], known, &program);
    if (status == AQ_OK && *known == WRONG) status = message_print(aq_program_message(program));
    aq_program_free(program);
  }
  return status;
}

static int settle_name(const struct settings *settings, struct knob *knob) {
  enum knowing known;
  if (!strncmp(knob->name, SETTING, sizeof SETTING - 1)) {
    memmove((char *)knob->name, knob->name + sizeof SETTING - 1, strlen(knob->name) - (sizeof SETTING - 2));
    knob->is_setting = true;
  }
  for (int way = knob->is_setting; way < 2; way++) {
    knob->is_setting = way;
    int status = try_values(settings, knob, &known);
    if (status != AQ_OK) return status;
    if (known == RIGHT) return AQ_OK;
  }
  char value[DIGITS];
  snprintf(value, sizeof value, "%.6g", knob->low);
  return message_fail(AQ_USAGE,
                      "a name is that of a dim or const, of a choice (choose), or of a setting of train { }",
                      "%s has nothing called `%s` that could be %s", settings->operand[0], knob->name,
                      knob->is_range ? value : knob->value[0]);
}

/* Else what is wrong with the program, or with other options, would be said of what --set names. */
static int check_program(const struct settings *settings) {
  aq_program *program;
  int status = open_program(settings->operand[0], settings, &program);
  if (status != AQ_OK) return status;
  status = aq_program_check(program);
  if (status == AQ_USAGE) message_print(aq_program_message(program));
  aq_program_free(program);
  return status == AQ_USAGE ? status : AQ_OK; /* sizes may fit with other values */
}

static struct knob *add_knob(struct space *space, const char *name, size_t length) {
  struct knob *more = realloc(space->knob, (space->count + 1) * sizeof *more);
  if (!more) return NULL;
  space->knob = more;
  more[space->count] = (struct knob){.name = strndup(name, length)};
  return more[space->count].name ? &more[space->count++] : NULL;
}

static int add_set(const struct settings *settings, struct space *space, const char *text) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || !equals[1])
    return message_fail(AQ_USAGE, "as in --set D=32,64 or --set lr=0.0003..0.01",
                        "--set takes a name and the values to try, not `%s`", text);
  struct knob *knob = add_knob(space, text, (size_t)(equals - text));
  if (!knob) return message_no_memory();
  int status = read_values(knob, equals + 1);
  if (status == AQ_OK) status = settle_name(settings, knob);
  for (size_t k = 0; status == AQ_OK && k + 1 < space->count; k++)
    if (!strcmp(space->knob[k].name, knob->name))
      status = message_fail(AQ_USAGE, NULL, "--set says twice what %s is", knob->name);
  if (status == AQ_OK && knob->is_setting && !strcmp(knob->name, "metric"))
    status = message_fail(AQ_USAGE, "say what decides for all of them, as in --metric log_loss",
                          "trials are ranked by one metric, so it is nothing to try");
  return status;
}

static bool is_set(const struct space *space, const aq_choice *choice) {
  bool found = false;
  for (size_t k = 0; k < space->count; k++)
    found |= !strcmp(space->knob[k].name, choice->name) || !strcmp(space->knob[k].name, choice->full_name);
  return found;
}

static int add_choices(const struct settings *settings, struct space *space) {
  aq_program *program;
  const aq_choice *choice;
  int status = open_program(settings->operand[0], settings, &program);
  for (size_t k = 0; status == AQ_OK && (choice = aq_program_choice(program, k)); k++) {
    if (choice->given || is_set(space, choice)) continue;
    struct knob *knob = add_knob(space, choice->name, strlen(choice->name));
    if (!knob) status = message_no_memory();
    for (size_t a = 0; a < choice->count && status == AQ_OK; a++)
      status = add_value(knob, choice->alternative[a], strlen(choice->alternative[a]));
  }
  aq_program_free(program);
  return status;
}

int space_read(const struct settings *settings, struct settings *fixed, struct space *space) {
  int status = AQ_OK;
  *fixed = *settings;
  fixed->set = (struct given){malloc((settings->set.count + 1) * sizeof *settings->set.item), 0};
  if (!fixed->set.item) return message_no_memory();
  for (size_t k = 0; k < settings->set.count; k++)
    if (settings->set.item[k].name) fixed->set.item[fixed->set.count++] = settings->set.item[k];
  status = check_program(fixed);
  for (size_t k = 0; k < settings->set.count && status == AQ_OK; k++)
    if (!settings->set.item[k].name) status = add_set(fixed, space, settings->set.item[k].value);
  if (status == AQ_OK) status = add_choices(fixed, space);
  if (status != AQ_OK || space->count) return status;
  return message_fail(
      AQ_USAGE, "say what: --set lr=0.0003..0.01, --set D=32,64,128, or choose(a, b) in the program",
      "there is nothing to try: %s has no choices, and --set names none", settings->operand[0]);
}

void space_free(struct space *space) {
  for (size_t k = 0; k < space->count; k++) {
    for (size_t v = 0; v < space->knob[k].count; v++) free(space->knob[k].value[v]);
    free(space->knob[k].value);
    free((char *)space->knob[k].name);
  }
  free(space->knob);
  *space = (struct space){0};
}

/* ---- values of a trial ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state) {
  uint64_t x = *state += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

/* share: where in the range, from 0 to 1. Three digits say enough, and read well. */
static char *in_range(const struct knob *knob, double share) {
  char digits[DIGITS];
  double low = knob->low, high = knob->high;
  double x = knob->by_ratio ? low * pow(high / low, share) : low + share * (high - low);
  if (knob->whole) x = fmin(floor(knob->by_ratio ? x + 0.5 : low + share * (high - low + 1)), high);
  snprintf(digits, sizeof digits, knob->whole ? "%.0f" : "%.3g", x);
  return strdup(digits);
}

bool space_draw(const struct space *space, uint64_t seed, int number, char **value) {
  uint64_t state = seed * 0xd1342543de82ef95u + (uint64_t)number;
  bool good = true;
  for (size_t k = 0; k < space->count; k++) {
    const struct knob *knob = &space->knob[k];
    uint64_t drawn = draw(&state);
    double share = number == 1 ? 0.5 : (double)(drawn >> 11) * 0x1p-53;
    value[k] =
        knob->is_range ? in_range(knob, share) : strdup(knob->value[number == 1 ? 0 : drawn % knob->count]);
    good &= value[k] != NULL;
  }
  return good;
}
