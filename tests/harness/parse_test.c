/* parse_test.c: reads tests/NAME.test. */
#include "tests/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
  struct suite *suite;
  struct test_case *test; /* the one being read, NULL before the first */
  char **block;           /* where content lines go, NULL outside a block */
  int line;
};

static void problem(struct parser *p, char *what) {
  if (p->test && !p->test->problem) p->test->problem = text_format("line %d: %s", p->line, what);
}

static struct step *add_step(struct parser *p, char *command) {
  struct step *step = list_add(&p->test->steps, sizeof *step);
  step->line = p->line;
  step->command = command;
  return step;
}

/* The command that an expectation is about. A case that names none checks its first file. */
static struct step *current_step(struct parser *p) {
  struct list *steps = &p->test->steps;
  if (steps->count) return (struct step *)steps->items + steps->count - 1;
  const struct file *files = p->test->files.items;
  if (!p->test->files.count) problem(p, "the case has neither a command nor a file to check");
  return add_step(p, text_format("aqc check %s", p->test->files.count ? files[0].name : ""));
}

static void end_case(struct parser *p) {
  if (!p->test) return;
  struct step *last = current_step(p);
  if (p->test->fails && last->wanted == EXIT_ZERO)
    last->wanted = EXIT_NOT_ZERO;
  else if (p->test->fails && last->exit_code == 0)
    problem(p, "a %%FAIL case cannot expect exit 0");
  struct file *files = p->test->files.items;
  for (size_t i = 0; i < p->test->files.count; i++) drop_blank_end(files[i].text);
}

static void begin_case(struct parser *p, char *line) {
  end_case(p);
  p->test = list_add(&p->suite->cases, sizeof *p->test);
  p->test->line = p->line;
  p->block = NULL;
  if (text_starts(line, "%%FAIL ")) {
    p->test->fails = true;
    p->test->name = line + strlen("%%FAIL ");
  } else if (text_starts(line, "%% ")) {
    p->test->name = line + strlen("%% ");
  } else {
    p->test->name = line;
    problem(p, "a case starts with `%% name` or `%%FAIL name`");
  }
}

static void begin_text(struct parser *p, char **block) {
  if (*block) problem(p, "this block is there twice");
  *block = text_copy("", 0);
  p->block = block;
}

static void directive(struct parser *p, char *words) {
  p->block = NULL;
  if (text_starts(words, "file ")) {
    struct file *file = list_add(&p->test->files, sizeof *file);
    file->name = words + strlen("file ");
    begin_text(p, &file->text);
  } else if (strcmp(words, "stdin") == 0) {
    begin_text(p, &current_step(p)->input);
  } else if (strcmp(words, "stdout") == 0) {
    begin_text(p, &current_step(p)->out);
  } else if (strcmp(words, "stderr") == 0) {
    begin_text(p, &current_step(p)->err);
  } else if (text_starts(words, "needs ")) {
    *(char **)list_add(&p->test->needs, sizeof(char *)) = words + strlen("needs ");
  } else if (text_starts(words, "exit ")) {
    struct step *step = current_step(p);
    char *end;
    step->wanted = EXIT_EXACTLY;
    step->exit_code = (int)strtol(words + strlen("exit "), &end, 10);
    if (*end || end == words + strlen("exit ")) problem(p, "`--- exit` takes a number");
  } else {
    problem(p, text_format("no such block: --- %s", words));
  }
}

/* A command that goes on in the next line, because this one ends in a backslash. */
static char *whole_command(struct parser *p, char *command, char **text) {
  for (char *line; text_ends(command, " \\") && (line = text_line(text)); p->line++)
    command = text_join(text_join(text_copy(command, strlen(command)), "\n"), line);
  return command;
}

static void content(struct parser *p, char *line) {
  if (p->block) {
    bool escaped = text_starts(line, "\\\\") || text_starts(line, "\\$ ") || text_starts(line, "\\---")
                   || text_starts(line, "\\%%");
    *p->block = text_join(text_join(*p->block, escaped ? line + 1 : line), "\n");
  } else if (line[0] && line[0] != '#') {
    if (!p->test) begin_case(p, line);
    problem(p, text_format("outside of a block: %s", line));
  }
}

void parse_test(struct suite *suite, char *text) {
  struct parser p = {.suite = suite};
  for (char *line; (line = text_line(&text));) {
    p.line++;
    if (text_starts(line, "%%")) {
      begin_case(&p, line);
    } else if (p.test && text_starts(line, "$ ")) {
      p.block = NULL;
      struct step *step = add_step(&p, line + 2);
      step->command = whole_command(&p, step->command, &text);
    } else if (p.test && text_starts(line, "--- ")) {
      directive(&p, line + 4);
    } else {
      content(&p, line);
    }
  }
  end_case(&p);
}
