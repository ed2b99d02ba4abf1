/* nearest_word.c: edit distance between short words. */
#include "aqc/nearest_word.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 31 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) that make b of a.
 * Both fit LONGEST. */
static size_t edits(const char *a, size_t n, const char *b, size_t m) {
  size_t table[LONGEST + 1][LONGEST + 1];
  for (size_t i = 0; i <= n; i++) table[i][0] = i;
  for (size_t j = 0; j <= m; j++) table[0][j] = j;
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      size_t cost = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      cost = least(cost, least(table[i - 1][j], table[i][j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost = least(cost, table[i - 2][j - 2] + 1);
      table[i][j] = cost;
    }
  return table[n][m];
}

struct nearest nearest_begin(const char *word, size_t length) {
  return (struct nearest){word, length, NULL, length < 4 ? 2 : length < 7 ? 3 : 4};
}

void nearest_offer(struct nearest *nearest, const char *known) {
  size_t length = strlen(known);
  if (nearest->length > LONGEST || length > LONGEST || nearest->length == 0) return;
  /* What is begun rightly and only cut short is nearer than any misspelling. */
  bool begun = nearest->length >= 2 && length >= nearest->length
               && strncmp(known, nearest->word, nearest->length) == 0;
  size_t distance = begun ? 0 : edits(nearest->word, nearest->length, known, length);
  if (distance >= nearest->distance) return;
  nearest->distance = distance;
  nearest->best = known;
}
