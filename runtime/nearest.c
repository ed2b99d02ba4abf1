/* nearest.c: which of many names is nearest to a misspelt one. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/base.h"

enum { LONGEST = 63, FAR = 99 }; /* names that are longer are far from everything */

/* Damerau and Levenshtein's, with three rows of its table at a time. */
int rt_edit_distance(const char *a, const char *b) {
  int d[3][LONGEST + 1];
  int n = (int)strlen(a), m = (int)strlen(b);
  if (n > LONGEST || m > LONGEST) return FAR;
  for (int j = 0; j <= m; j++) d[0][j] = j;
  for (int i = 1; i <= n; i++) {
    int *row = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];
    row[0] = i;
    for (int j = 1; j <= m; j++) {
      int best = up[j - 1] + (a[i - 1] != b[j - 1]);
      if (up[j] + 1 < best) best = up[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && up2[j - 2] + 1 < best)
        best = up2[j - 2] + 1;
      row[j] = best;
    }
  }
  return d[n % 3][m];
}

void rt_nearest_consider(struct rt_nearest *nearest, const char *candidate) {
  int length = (int)strlen(nearest->wanted),
      limit = length < 5 ? 1 : (length + 1) / 3; /* of short names every other is near */
  if (abs((int)strlen(candidate) - length) > limit) return;
  int distance = rt_edit_distance(nearest->wanted, candidate);
  /* Any two names of one letter are near: only d and D are. */
  if (strlen(nearest->wanted) == 1 && strcasecmp(nearest->wanted, candidate) != 0) return;
  if (distance <= limit && (!nearest->best || distance < nearest->distance)) {
    nearest->best = candidate;
    nearest->distance = distance;
  }
}
