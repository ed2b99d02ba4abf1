/* path_pattern.h: which parameters does a pattern such as "bert.layer.[0..3].**" name? */
#ifndef AQ_COMPILER_FRONT_PATH_PATTERN_H
#define AQ_COMPILER_FRONT_PATH_PATTERN_H

#include <stdbool.h>

enum { CC_PATH_MOST = 4096 }; /* letters of a path; longer ones are named by no pattern */

/* Is each `[` the begin of a range such as [0..3]? Only then it may be matched. */
bool cc_pattern_is_good(const char *pattern);
bool cc_pattern_matches(const char *pattern, const char *path);

#endif
