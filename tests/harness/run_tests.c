/* run_tests.c: run-tests FILE [NUMBER]: runs a .test file, or the code blocks of an .md file, and reports in
 * TAP. With a number, only that case, and of a document also those before it, which it may need. */
#include "tests/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_report(char *report) {
  for (char *line; (line = text_line(&report));) printf("# %s\n", line);
}

/* A `#` in a test's name would be read as a TAP directive. */
static char *tap_name(const char *name) {
  char *text = text_copy(name, strlen(name));
  for (char *c = text; *c; c++)
    if (*c == '#') *c = '.';
  return text;
}

/* How to run a failing case by itself. Cases of a document build on those before them. */
static void print_alone(const struct suite *suite, size_t number) {
  printf("# alone: tests/run-tests %s %zu, in the build folder with its bin/ in PATH\n", suite->path, number);
}

static bool run_and_print(const struct test_case *test, size_t number, const char *folder) {
  char *report;
  enum outcome outcome = run_case(test, folder, &report);
  const char *name = tap_name(test->name);
  if (outcome == SKIPPED) {
    printf("ok %zu - %s # SKIP %s\n", number, name, report);
  } else {
    printf("%sok %zu - %s\n", outcome == PASSED ? "" : "not ", number, name);
    if (report) print_report(report);
  }
  fflush(stdout);
  return outcome != FAILED;
}

/* Runs the cases, or only case `chosen` of them, counted from 1; 0: all. */
static int run_suite(const struct suite *suite, size_t chosen) {
  const struct test_case *cases = suite->cases.items;
  char *folder = NULL;
  size_t failed = 0;
  printf("# %s\n1..%zu%s\n", suite->path, suite->cases.count,
         suite->cases.count ? "" : " # SKIP nothing to run in it");
  for (size_t i = 0; i < suite->cases.count; i++) {
    if (chosen && (suite->one_folder ? i + 1 > chosen : i + 1 != chosen)) continue;
    if (!folder && !(folder = folder_new())) {
      printf("Bail out! cannot make a temporary folder\n");
      return 1;
    }
    if (!run_and_print(&cases[i], i + 1, folder)) {
      print_alone(suite, i + 1);
      failed++;
    }
    if (!suite->one_folder) {
      folder_remove(folder);
      folder = NULL;
    }
  }
  if (folder) folder_remove(folder);
  return failed ? 1 : 0;
}

int main(int argc, char **argv) {
  long chosen = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
  if (argc < 2 || argc > 3 || (argc == 3 && chosen < 1)) {
    fprintf(stderr, "usage: run-tests FILE.test|FILE.md [NUMBER]\n");
    return 64;
  }
  struct suite suite = {.path = argv[1]};
  size_t length = strlen(argv[1]), read;
  char *text = text_read(argv[1], &read);
  if (!text) {
    fprintf(stderr, "run-tests: cannot read %s\n", argv[1]);
    return 66;
  }
  if (length > 3 && strcmp(argv[1] + length - 3, ".md") == 0)
    parse_document(&suite, text);
  else
    parse_test(&suite, text);
  return run_suite(&suite, (size_t)chosen);
}
