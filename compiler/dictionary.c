/* dictionary.c: lines about names, from the rows of built-ins and the comments in stdlib/. */
#include "compiler/dictionary.h"

#include <stdlib.h> /* qsort */
#include <string.h>

#include "compiler/front/arguments.h"
#include "compiler/source/stdlib.h"

struct definition {
  const char *name;
  size_t length;
  const struct cc_builtin *builtin; /* else a piece of a library file: */
  const char *signature;            /* the text from the name on */
  const char *comment;              /* the first line above it; may be the line itself */
};

struct dictionary {
  struct definition *item;
  size_t count, room;
};

static bool starts(const char *text, const char *prefix) { return !strncmp(text, prefix, strlen(prefix)); }

static const char *after_line(const char *line) {
  const char *end = strchr(line, '\n');
  return end ? end + 1 : line + strlen(line);
}

static int add(struct dictionary *d, struct definition definition, struct rt_error *error) {
  if (rt_grow((void **)&d->item, &d->room, d->count + 1, sizeof *d->item)) return rt_no_memory(error);
  d->item[d->count++] = definition;
  return RT_OK;
}

/* The name that a line defines, or NULL: `fn name(`, `head name(` or `head[H] name(`. */
static const char *defined(const char *line) {
  if (starts(line, "fn ")) return line + strlen("fn ");
  if (!starts(line, "head")) return NULL;
  const char *space = strchr(line, ' ');
  return space ? space + 1 : NULL;
}

static int read_file(struct dictionary *d, const char *text, struct rt_error *error) {
  const char *comment = NULL;
  for (const char *line = text; *line; line = after_line(line)) {
    const char *name = defined(line);
    if (name) {
      struct definition found = {
          .name = name, .length = strcspn(name, "("), .signature = name, .comment = comment ? comment : line};
      int status = add(d, found, error);
      if (status != RT_OK) return status;
    }
    if (*line != '#')
      comment = NULL;
    else if (!comment)
      comment = line;
  }
  return RT_OK;
}

static int by_name(const void *a, const void *b) {
  const struct definition *x = a, *y = b;
  size_t least = x->length < y->length ? x->length : y->length;
  int order = memcmp(x->name, y->name, least);
  return order ? order : (x->length > y->length) - (x->length < y->length);
}

static int read_all(struct dictionary *d, struct rt_error *error) {
  int status = RT_OK;
  const struct cc_builtin *builtin;
  for (int i = 0; status == RT_OK && (builtin = cc_builtin_at(i)); i++)
    status = add(
        d, (struct definition){.name = builtin->name, .length = strlen(builtin->name), .builtin = builtin},
        error);
  for (size_t i = 0; status == RT_OK && i < cc_stdlib_count; i++)
    status = read_file(d, cc_stdlib[i].text, error);
  if (status == RT_OK) qsort(d->item, d->count, sizeof *d->item, by_name);
  return status;
}

/* A signature ends where the body begins: before ` {` or ` =` behind all brackets. It may go on in lines
 * below, which become one. */
static void write_signature(struct rt_text *out, const char *text) {
  int depth = 0;
  for (const char *c = text; *c && (depth > 0 || *c != '\n'); c++) {
    if (depth == 0 && c[0] == ' ' && (c[1] == '{' || c[1] == '=')) return;
    depth += (*c == '(' || *c == '[') - (*c == ')' || *c == ']');
    if (*c != '\n') {
      rt_text_add(out, c, 1);
      continue;
    }
    rt_text_puts(out, " ");
    while (c[1] == ' ') c++;
  }
}

/* How much of a comment's line belongs to its first sentence: up to a full stop before a capital letter.
 * The one in "et al. 2017" ends no sentence. */
static size_t sentence_length(const char *line, size_t length) {
  for (size_t i = 1; i + 2 < length; i++)
    if (line[i] == '.' && line[i + 1] == ' ' && line[i + 2] >= 'A' && line[i + 2] <= 'Z') return i + 1;
  return length;
}

/* Does the first sentence end with this line of a comment? Not with "et al." when the year is on the next
 * one. */
static bool ends_sentence(const char *line, size_t length) {
  const char *next = after_line(line);
  bool goes_on = starts(next, "# ") && !starts(next, "#   ") && !(next[2] >= 'A' && next[2] <= 'Z');
  return line[1 + length] == '.' && !goes_on;
}

/* The comment above a definition, or its first sentence, without the lines that are indented: those are its
 * formula and its use. */
static void write_comment(struct rt_text *out, const struct definition *d, bool first_sentence) {
  const char *line = d->comment, *between = "";
  for (; *line == '#'; line = after_line(line)) {
    if (starts(line, "#   ")) continue;
    size_t length = strcspn(line + 2, "\n"), taken = length;
    if (first_sentence) taken = sentence_length(line + 2, length);
    rt_text_puts(out, between);
    rt_text_add(out, line + 2, taken);
    if (first_sentence && (taken < length || ends_sentence(line, length))) return;
    between = " ";
  }
}

static bool callee_of(const struct cc_builtin *builtin, struct cc_callee *callee) {
  *callee = (struct cc_callee){.name = builtin->name, .parameter = builtin->takes, .count = builtin->count};
  return builtin->count >= 0 || cc_initialiser_callee(builtin->name, callee);
}

static void write_line(struct rt_text *out, const struct definition *d, bool first_sentence) {
  struct cc_callee callee;
  if (d->builtin && callee_of(d->builtin, &callee))
    cc_write_callee(out, &callee);
  else if (d->builtin)
    rt_text_add(out, d->name, d->length);
  else
    write_signature(out, d->signature);
  rt_text_puts(out, ": ");
  if (d->builtin)
    rt_text_puts(out, d->builtin->doc);
  else
    write_comment(out, d, first_sentence);
  rt_text_puts(out, "\n");
}

/* The lines below the formula of a comment say how a program uses it. False: there are none. */
static bool write_use(struct rt_text *out, const struct definition *d) {
  bool formula = false, any = false;
  for (const char *line = d->builtin ? "" : d->comment; *line == '#'; line = after_line(line)) {
    if (!starts(line, "#   ") || (starts(line, "#     ") && !any)) continue;
    if (formula) {
      rt_text_puts(out, any ? "\n    " : "example:\n    ");
      rt_text_add(out, line + 4, strcspn(line + 4, "\n"));
      any = true;
    }
    formula = true;
  }
  return any;
}

static bool calls(const char *line, size_t length, const struct definition *d) {
  for (size_t i = 1; i + d->length < length; i++)
    if (!memcmp(line + i, d->name, d->length) && line[i + d->length] == '(' && strchr(" ([-", line[i - 1]))
      return true;
  return false;
}

/* A line of the library that calls it. */
static bool write_call(struct rt_text *out, const struct definition *d) {
  for (size_t i = 0; i < cc_stdlib_count; i++)
    for (const char *line = cc_stdlib[i].text; *line; line = after_line(line)) {
      const char *name = defined(line);
      size_t length = strcspn(line, "\n");
      if (*line == '#' || (name && !strncmp(name, d->name, d->length) && name[d->length] == '(')) continue;
      if (!calls(line, length, d)) continue;
      size_t indent = strspn(line, " ");
      rt_text_printf(out, "example, from stdlib/%s.aq:\n    ", cc_stdlib[i].name);
      rt_text_add(out, line + indent, length - indent);
      return true;
    }
  return false;
}

static int done(struct dictionary *d, const struct rt_text *out, int status, struct rt_error *error) {
  rt_free(d->item);
  return status == RT_OK && out->failed ? rt_no_memory(error) : status;
}

int cc_write_dictionary(struct rt_text *out, struct rt_error *error) {
  struct dictionary d = {0};
  int status = read_all(&d, error);
  for (size_t i = 0; status == RT_OK && i < d.count; i++) write_line(out, &d.item[i], true);
  return done(&d, out, status, error);
}

static int unknown(const struct dictionary *d, const char *name, const struct cc_words *words,
                   struct rt_error *error) {
  struct rt_nearest nearest = {.wanted = name};
  for (size_t i = 0; i < d->count; i++)
    if (d->item[i].builtin) rt_nearest_consider(&nearest, d->item[i].name);
  for (size_t w = 0; w < words->count; w++) rt_nearest_consider(&nearest, words->item[w].name);
  int status = rt_fail(error, RT_USAGE, "nothing in aq is called `%.60s`", name);
  if (nearest.best) rt_hint(error, "did you mean `%s`?", nearest.best);
  return status;
}

int cc_write_definition(struct rt_text *out, const char *name, const struct cc_words *words,
                        struct rt_error *error) {
  struct dictionary d = {0};
  int status = read_all(&d, error);
  bool found = false;
  for (size_t i = 0; status == RT_OK && i < d.count; i++) {
    if (strlen(name) != d.item[i].length || memcmp(name, d.item[i].name, d.item[i].length) != 0) continue;
    found = true;
    write_line(out, &d.item[i], false);
    if (write_use(out, &d.item[i]) || write_call(out, &d.item[i])) rt_text_puts(out, "\n");
  }
  for (size_t w = 0; status == RT_OK && w < words->count; w++) {
    const struct cc_word *word = &words->item[w];
    if (strcmp(word->name, name) != 0) continue;
    found = true;
    rt_text_printf(out, "%s\n", word->line);
    if (word->example) rt_text_printf(out, "example:\n    %s\n", word->example);
  }
  if (status == RT_OK && !found) status = unknown(&d, name, words, error);
  return done(&d, out, status, error);
}
