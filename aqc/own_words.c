/* own_words.c: an option's name follows from the field's, but for those that are listed here. */
#include "aqc/own_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct word {
  const char *library, *here;
};

static const struct word options[] = {
    {"bad_rows", "on-bad-row"}, {"function", "fn"}, {"inputs", "in"}, {NULL, NULL}};
/* None is more than twice as long here. */
static const struct word phrases[] = {
    {"of the stream", "of the standard input"}, {"the list of templates", "aqc new --list"}, {NULL, NULL}};

static const struct word files[] = {
    {"the stream", "standard input"}, {"the option set", "--set"}, {"the option define", "-D"}, {NULL, NULL}};

static const char option[] = "the option ";

const char *own_file(const char *file) {
  const struct word *known = files;
  while (known->library && strcmp(known->library, file) != 0) known++;
  return known->here ? known->here : file;
}

/* Copies text, with what the library calls a file as it is called here; returns what comes behind it. None is
 * longer here. */
static const char *put_file(const char *text, char **to) {
  for (const struct word *known = files; known->library; known++) {
    const size_t length = strlen(known->library);
    if (strncmp(text, known->library, length) != 0 || text[length] != ':') continue;
    *to = stpcpy(*to, known->here);
    return text + length;
  }
  return text;
}

char *own_excerpt(const char *excerpt) {
  static const char arrow[] = "  --> ";
  char *words = malloc(strlen(excerpt) + 1), *to = words;
  for (bool first = true; words && *excerpt; first = to[-1] == '\n') {
    if (first && strncmp(excerpt, arrow, strlen(arrow)) == 0) {
      to = stpcpy(to, arrow);
      excerpt = put_file(excerpt + strlen(arrow), &to);
    } else {
      *to++ = *excerpt++;
    }
  }
  if (words) *to = 0;
  return words;
}

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* Writes the option whose field's name begins at `at`; returns what comes behind the name and " =". */
static const char *put_option(const char *at, char **to) {
  size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
  const struct word *known = options;
  while (known->library && (strlen(known->library) != length || !begins(at, known->library))) known++;
  *(*to)++ = '-';
  *(*to)++ = '-';
  if (known->here) {
    memcpy(*to, known->here, strlen(known->here));
    *to += strlen(known->here);
  } else
    for (size_t k = 0; k < length; k++) *(*to)++ = at[k] == '_' ? '-' : at[k];
  at += length;
  return begins(at, " = ") ? at + strlen(" =") : at;
}

char *own_words(const char *hint) {
  char *words = malloc(2 * strlen(hint) + 1), *to = words;
  while (words && *hint) {
    const struct word *phrase = phrases;
    while (phrase->library && !begins(hint, phrase->library)) phrase++;
    if (phrase->library) {
      memcpy(to, phrase->here, strlen(phrase->here));
      to += strlen(phrase->here);
      hint += strlen(phrase->library);
    } else if (begins(hint, option))
      hint = put_option(hint + strlen(option), &to);
    else
      *to++ = *hint++;
  }
  if (words) *to = 0;
  return words;
}
