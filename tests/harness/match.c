/* match.c: does an output look as expected? */
#include "tests/harness/harness.h"

#include <string.h>

static const char anything[] = "[..]";

/* The usual matching of wildcards: on a mismatch, the last one swallows one more character. */
static bool line_matches(const char *pattern, const char *line) {
  const char *retry_pattern = NULL, *retry_line = NULL;
  while (*line) {
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

bool text_matches(const char *expected, const char *actual) {
  struct list patterns = lines_of(expected), lines = lines_of(actual);
  char **pattern = patterns.items, **line = lines.items;
  size_t p = 0, n = 0, retry_p = 0, retry_n = 0;
  bool can_retry = false;
  while (n < lines.count) {
    if (p < patterns.count && strcmp(pattern[p], "...") == 0) {
      can_retry = true;
      retry_p = ++p;
      retry_n = n;
    } else if (p < patterns.count && line_matches(pattern[p], line[n])) {
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
