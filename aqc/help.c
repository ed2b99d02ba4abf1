/* help.c */
#include "aqc/help.h"

#include <string.h>

enum { LINE = 79, OPTION_COLUMN = 30, VERB_COLUMN = 13 };

void help_overview(FILE *out, const struct verb *const *verbs) {
  fputs("aqc compiles, trains and runs programs that say how attention works.\n\nusage: aqc VERB ...\n\n",
        out);
  for (; *verbs; verbs++) fprintf(out, "  %-*s%s\n", VERB_COLUMN - 2, (*verbs)->name, (*verbs)->summary);
  fputs("\n`aqc VERB --help` says what a verb does and which options it takes, `aqc help NAME`\n"
        "what a name of the language means: a function, keyword, setting or metric.\n"
        "`aqc help functions` and `aqc help language` list them all.\n"
        "To begin: aqc new reviews\n",
        out);
}

/* Prints words, and breaks lines before LINE. The cursor is at column `indent`, where further lines begin
 * too. */
static void fill(FILE *out, const char *text, int indent) {
  int at = indent;
  while (*text) {
    int word = (int)strcspn(text, " ");
    if (at > indent && at + 1 + word > LINE) {
      fprintf(out, "\n%*s", indent, "");
      at = indent;
    } else if (at > indent) {
      fputc(' ', out);
      at++;
    }
    fprintf(out, "%.*s", word, text);
    at += word;
    text += word;
    text += strspn(text, " ");
  }
  fputc('\n', out);
}

static void print_option(FILE *out, const struct option *option) {
  char left[64];
  char letter[8] = "    ";
  if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
  int width = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, option->value ? " " : "",
                       option->value ? option->value : "");
  fputs(left, out);
  if (width < OPTION_COLUMN - 1)
    fprintf(out, "%*s", OPTION_COLUMN - width, "");
  else
    fprintf(out, "\n%*s", OPTION_COLUMN, "");
  fill(out, option->help, OPTION_COLUMN);
}

void help_verb(FILE *out, const struct verb *verb) {
  fprintf(out, "usage: aqc %s%s%s [options]\n\n", verb->name, verb->operands[0] ? " " : "", verb->operands);
  fill(out, verb->about, 0);
  fputs("\noptions:\n", out);
  for (const struct option *option = verb->options; option->name; option++) print_option(out, option);
  fprintf(out, "  -h, --help%*sthis text\n", OPTION_COLUMN - 12, "");
}
