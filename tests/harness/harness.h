/* harness.h: the runner of plain-text tests and of the code blocks in documents. tests/README.md describes
 * both formats.
 *
 * A file of either kind becomes a suite: files to lay out and cases of steps, each step a command and what it
 * must do. Nothing is freed: the program lives for one suite. */
#ifndef AQ_TESTS_HARNESS_H
#define AQ_TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

struct list {
  void *items;
  size_t count;
}; /* of a type that the owner states */
/* Adds a zeroed item of size bytes and returns it; earlier pointers into the list become invalid. */
void *list_add(struct list *list, size_t size);

enum exit_wanted { EXIT_ZERO, EXIT_NOT_ZERO, EXIT_EXACTLY };

struct step {
  int line;
  char *command;
  char *input;     /* stdin, NULL: empty */
  char *out, *err; /* expected output, NULL: anything */
  bool joined;     /* out is about stdout and stderr together */
  bool about;      /* numbers need only be about those of out */
  enum exit_wanted wanted;
  int exit_code; /* for EXIT_EXACTLY */
};
struct file {
  char *name, *text;
};
struct test_case {
  int line;
  char *name;
  char *problem;     /* what is wrong with the case itself, or NULL */
  bool fails;        /* the last step must not succeed */
  struct list needs; /* char *: without one of them the case is skipped */
  struct list steps; /* struct step */
  struct list files; /* struct file, written before the first step */
};
struct suite {
  const char *path;
  bool one_folder;   /* the cases share a folder, in order; otherwise each has its own */
  struct list cases; /* struct test_case */
};

/* strings.c */
char *text_copy(const char *bytes, size_t length);
char *text_join(char *a, const char *b); /* a is NULL or from here, and used up */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_read(const char *path, size_t *length); /* NULL: cannot be read */
char *text_line(char **rest);                      /* cuts off the next line; NULL at the end */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
void drop_blank_end(char *text); /* blank lines at the end */

/* match.c */
/* Is actual what expected describes? `...` alone on a line stands for any lines, `[..]` for anything within a
 * line. numbers_about: a number need only be about the same. */
bool text_matches(const char *expected, const char *actual, bool numbers_about);

/* parse_test.c, parse_document.c */
void parse_test(struct suite *suite, char *text);
void parse_document(struct suite *suite, char *text);

/* run_case.c */
enum outcome { PASSED, FAILED, SKIPPED };
char *folder_new(void);
void folder_remove(const char *folder);
/* Runs a case in a folder; *report tells why it failed or was skipped. */
enum outcome run_case(const struct test_case *test, const char *folder, char **report);

#endif
