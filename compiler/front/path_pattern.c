/* path_pattern.c: patterns of parameters' paths: `*` stands for any letters but a point, `**` for points too,
 * `?` for one letter, `[0..3]` for a number from 0 to 2. */
#include "compiler/front/path_pattern.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* [from..to], with any of the two left out; NULL: that is none. */
static const char *read_range(const char *text, long long *from, long long *to) {
  char *end;
  *from = is_digit(*++text) ? strtoll(text, &end, 10) : 0;
  if (is_digit(*text)) text = end;
  if (strncmp(text, "..", 2) != 0) return NULL;
  text += 2;
  *to = is_digit(*text) ? strtoll(text, &end, 10) : LLONG_MAX;
  if (is_digit(*text)) text = end;
  return *text == ']' ? text + 1 : NULL;
}

bool cc_pattern_is_good(const char *pattern) {
  long long from, to;
  while (pattern && *pattern) {
    if (*pattern == ']') return false;
    pattern = *pattern == '[' ? read_range(pattern, &from, &to) : pattern + 1;
  }
  return pattern != NULL;
}

/* reach[i]: can what was read of the pattern stand for the first i letters? In place: from the last to the
 * first, so that each is read before it is written. */
static void step_letter(bool *reach, const char *path, size_t length, char letter) {
  for (size_t i = length; i > 0; i--)
    reach[i] = reach[i - 1] && (letter == '?' ? path[i - 1] != '.' : path[i - 1] == letter);
  reach[0] = false;
}

static void step_star(bool *reach, const char *path, size_t length, bool points) {
  for (size_t i = 0; i < length; i++) reach[i + 1] |= reach[i] && (points || path[i] != '.');
}

static void step_range(bool *reach, const char *path, size_t length, long long from, long long to) {
  for (size_t i = length + 1; i-- > 0;) {
    size_t begin = i;
    bool fits = false;
    while (begin > 0 && is_digit(path[begin - 1])) begin--;
    if (begin < i && reach[begin] && !is_digit(path[i])) {
      long long number = strtoll(path + begin, NULL, 10);
      fits = number >= from && number < to;
    }
    reach[i] = fits;
  }
}

bool cc_pattern_matches(const char *pattern, const char *path) {
  bool reach[CC_PATH_MOST + 1] = {true};
  size_t length = strlen(path);
  long long from, to;
  if (length > CC_PATH_MOST) return false;
  while (*pattern) {
    const char *next = pattern + 1;
    if (*pattern == '*') {
      bool points = pattern[1] == '*';
      step_star(reach, path, length, points);
      next += points;
    } else if (*pattern == '[') {
      next = read_range(pattern, &from, &to);
      if (!next) return false;
      step_range(reach, path, length, from, to);
    } else {
      step_letter(reach, path, length, *pattern);
    }
    pattern = next;
  }
  return reach[length];
}
