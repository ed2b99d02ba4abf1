/* parse_document.c: reads the code blocks of a Markdown file. Blocks of other languages than those below are
 * left alone. */
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

struct parser {
  struct suite *suite;
  char *rest;
  int line;
  struct list wraps;  /* struct file: name and text with a line `...` */
  char *next_file;    /* name that the next block is kept under, or NULL */
  bool wants_message; /* the next block is what the last case's command says */
};

static char *next_line(struct parser *p) {
  p->line++;
  return text_line(&p->rest);
}

static struct test_case *add_case(struct parser *p, const char *kind) {
  struct test_case *test = list_add(&p->suite->cases, sizeof *test);
  test->line = p->line;
  test->name = text_format("line %d: %s", p->line, kind);
  return test;
}

static struct step *add_step(struct test_case *test, int line, char *command) {
  struct step *step = list_add(&test->steps, sizeof *step);
  step->line = line;
  step->command = command;
  return step;
}

static void add_file(struct test_case *test, char *name, char *text) {
  struct file *file = list_add(&test->files, sizeof *file);
  file->name = name;
  file->text = text;
}

/* The lines up to one that is `end`. */
static char *read_until(struct parser *p, const char *end) {
  char *text = text_copy("", 0);
  for (char *line; (line = next_line(p)) && strcmp(line, end) != 0;)
    text = text_join(text_join(text, line), "\n");
  return text;
}

/* A program whose first line is `# NAME.aq` goes by that name. */
static char *program_name(const char *text) {
  size_t length = strcspn(text, "\n");
  if (!text_starts(text, "# ") || memchr(text + 2, ' ', length - 2) || length < 6
      || strncmp(text + length - 3, ".aq", 3) != 0)
    return "program.aq";
  return text_copy(text + 2, length - 2);
}

/* Puts a fragment in place of the line `...` of the wrap of that name. */
static char *wrap(struct parser *p, struct test_case *test, const char *name, const char *fragment) {
  const struct file *wraps = p->wraps.items;
  for (size_t i = p->wraps.count; i-- > 0;) {
    const char *hole = strstr(wraps[i].text, "\n...\n");
    if (strcmp(wraps[i].name, name) == 0 && hole)
      return text_join(text_join(text_copy(wraps[i].text, (size_t)(hole + 1 - wraps[i].text)), fragment),
                       hole + 5);
  }
  test->problem = text_format("the document has no `<!-- wrap %s` with a line `...`", name);
  return text_copy("", 0);
}

static void program_block(struct parser *p, const char *kind) {
  struct test_case *test = add_case(p, *kind ? text_format("aq %s", kind) : "aq");
  char *text = read_until(p, "```");
  char *name = program_name(text);
  if (strcmp(kind, "fragment") == 0)
    text = wrap(p, test, "fragment", text);
  else if (text_starts(kind, "fragment "))
    text = wrap(p, test, kind + strlen("fragment "), text);
  else if (*kind && strcmp(kind, "error") != 0)
    test->problem = text_format("no such kind of aq block: %s", kind);
  add_file(test, name, text);
  struct step *step = add_step(test, test->line, text_format("aqc check %s", name));
  if (strcmp(kind, "error") == 0) {
    step->wanted = EXIT_NOT_ZERO;
    p->wants_message = true;
  }
}

static void message_block(struct parser *p) {
  struct test_case *test = (struct test_case *)p->suite->cases.items + p->suite->cases.count - 1;
  struct step *step = test->steps.items;
  step->err = read_until(p, "```");
  p->wants_message = false;
}

/* A command that goes on in the next line, because this one ends in a backslash. */
static char *whole_command(struct parser *p, char *command) {
  for (char *line; text_ends(command, " \\") && (line = next_line(p));)
    command = text_join(text_join(text_copy(command, strlen(command)), "\n"), line);
  return command;
}

static void console_block(struct parser *p, const char *kind) {
  struct test_case *test = add_case(p, *kind ? text_format("console %s", kind) : "console");
  bool fails = strcmp(kind, "error") == 0, about = strcmp(kind, "about") == 0;
  if (*kind && !fails && !about) test->problem = text_format("no such kind of console block: %s", kind);
  struct step *step = NULL;
  for (char *line; (line = next_line(p)) && strcmp(line, "```") != 0;) {
    if (text_starts(line, "$ ")) {
      step = add_step(test, p->line, line + 2);
      step->command = whole_command(p, step->command);
      step->joined = true;
      step->about = about;
      step->out = text_copy("", 0);
    } else if (step) {
      step->out = text_join(text_join(step->out, line), "\n");
    } else {
      test->problem = "a console block starts with `$ command`";
    }
  }
  if (step && fails) step->wanted = EXIT_NOT_ZERO;
}

static void comment(struct parser *p, char *words) {
  char *end = strstr(words, " -->");
  if (text_starts(words, "file ") && end) {
    *end = '\0';
    p->next_file = words + strlen("file ");
  } else if (text_starts(words, "wrap ") && !end) {
    read_until(p, "-->");
  }
}

/* Wraps may stand anywhere, also at the end of the document, where they are in no reader's way. */
static void collect_wraps(struct parser *p, const char *document) {
  struct parser all = {.rest = text_copy(document, strlen(document))};
  for (char *line; (line = next_line(&all));) {
    if (text_starts(line, "```")) {
      read_until(&all, "```");
    } else if (text_starts(line, "<!-- wrap ") && !strstr(line, " -->")) {
      struct file *wrap = list_add(&p->wraps, sizeof *wrap);
      wrap->name = line + strlen("<!-- wrap ");
      wrap->text = text_join(text_copy("\n", 1), read_until(&all, "-->"));
    }
  }
}

static void missing_message(struct parser *p) {
  if (!p->wants_message) return;
  struct test_case *test = (struct test_case *)p->suite->cases.items + p->suite->cases.count - 1;
  test->problem = "no ``` block with the message follows";
  p->wants_message = false;
}

static void block(struct parser *p, char *info) {
  if (p->wants_message && (strcmp(info, "") == 0 || strcmp(info, "text") == 0)) {
    message_block(p);
    return;
  }
  missing_message(p);
  if (strcmp(info, "aq") == 0 || text_starts(info, "aq ")) {
    program_block(p, info[2] ? info + 3 : "");
  } else if (strcmp(info, "console") == 0 || text_starts(info, "console ")) {
    console_block(p, info[7] ? info + 8 : "");
  } else if (p->next_file) {
    struct test_case *test = add_case(p, text_format("file %s", p->next_file));
    add_file(test, p->next_file, read_until(p, "```"));
  } else {
    read_until(p, "```");
  }
  p->next_file = NULL;
}

void parse_document(struct suite *suite, char *text) {
  struct parser p = {.suite = suite, .rest = text};
  suite->one_folder = true;
  collect_wraps(&p, text);
  for (char *line; (line = next_line(&p));) {
    if (text_starts(line, "```"))
      block(&p, line + 3);
    else if (text_starts(line, "<!-- "))
      comment(&p, line + 5);
  }
  missing_message(&p);
}
