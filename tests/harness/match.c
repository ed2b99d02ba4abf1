/* match.c: does an output look as expected? */
#include "tests/harness/harness.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char anything[] = "[..]";

static bool begins_number(const char *text) {
  return isdigit((unsigned char)text[0]) || (text[0] == '.' && isdigit((unsigned char)text[1]));
}

/* Passes over a number in both, or over the spaces before one. Numbers are about the same when they differ by
 * at most a twentieth, or by two units of the last place that is written. */
static bool about(const char **pattern, const char **line) {
  const char *p = *pattern + strspn(*pattern, " "), *l = *line + strspn(*line, " ");
  if (!begins_number(p) || !begins_number(l)) return false;
  char *end_p, *end_l;
  double expected = strtod(p, &end_p), actual = strtod(l, &end_l);
  const char *point = memchr(p, '.', (size_t)(end_p - p));
  double unit = point ? pow(10, (double)(point + 1 - end_p)) : 1;
  if (fabs(actual - expected) > fmax(0.05 * expected, 2.001 * unit)) return false;
  *pattern = end_p;
  *line = end_l;
  return true;
}

/* The usual matching of wildcards: on a mismatch, the last one swallows one more character. */
static bool line_matches(const char *pattern, const char *line, bool numbers_about) {
  const char *retry_pattern = NULL, *retry_line = NULL;
  while (*line) {
    if (numbers_about && about(&pattern, &line)) continue;
    if (text_starts(pattern, anything)) {
      retry_pattern = pattern += strlen(anything);
      retry_line = line;
    } else if (*pattern == *line) {
      pattern++;
      line++;
    } else if (retry_pattern) {
      pattern = retry_pattern;
      line = ++retry_line;
    } else {
      return false;
    }
  }
  while (text_starts(pattern, anything)) pattern += strlen(anything);
  return *pattern == '\0';
}

static struct list lines_of(const char *text) {
  struct list lines = {0};
  char *rest = text_copy(text, strlen(text));
  drop_blank_end(rest);
  for (char *line; (line = text_line(&rest));) *(char **)list_add(&lines, sizeof line) = line;
  return lines;
}

bool text_matches(const char *expected, const char *actual, bool numbers_about) {
  struct list patterns = lines_of(expected), lines = lines_of(actual);
  char **pattern = patterns.items, **line = lines.items;
  size_t p = 0, n = 0, retry_p = 0, retry_n = 0;
  bool can_retry = false;
  while (n < lines.count) {
    if (p < patterns.count && strcmp(pattern[p], "...") == 0) {
      can_retry = true;
      retry_p = ++p;
      retry_n = n;
    } else if (p < patterns.count && line_matches(pattern[p], line[n], numbers_about)) {
      p++;
      n++;
    } else if (can_retry) {
      p = retry_p;
      n = ++retry_n;
    } else {
      return false;
    }
  }
  while (p < patterns.count && strcmp(pattern[p], "...") == 0) p++;
  return p == patterns.count;
}
