/* fables.c: writes train.txt and dev.txt, fables to learn a language model from, character by character.
 *
 *     cc -std=c11 -o fables fables.c && ./fables DIRECTORY [SEED]
 *
 * What there is to learn: spelling, agreement of verbs and pronouns with characters that were named lines
 * before, which quotation marks are open, and who is who. The same seed gives the same bytes. No fable stands
 * twice, or the program exits with 1. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TRAIN_FABLES = 320, DEV_FABLES = 32, FABLES = TRAIN_FABLES + DEV_FABLES, MAX_FABLE = 4096 };

struct character {
  const struct being *being;
  const char *trait;
  int count;
};

static struct character cast[2];
static const char *place, *thing;
static char fables[FABLES][MAX_FABLE];

static void stop(const char *what, const char *detail) {
  fprintf(stderr, "generate: %s: %s\n", what, detail);
  exit(1);
}

static uint64_t random_state;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static size_t random_below(size_t n) { return (size_t)(random_bits() % n); }

static void add(char *out, const char *text, size_t length) {
  size_t n = strlen(out);
  if (n + length >= MAX_FABLE) stop("a fable is too long", out);
  memcpy(out + n, text, length);
  out[n + length] = 0;
}

static void add_string(char *out, const char *text) { add(out, text, strlen(text)); }

/* ---- characters ---- */

static const char *pronoun(const struct character *c, const char *which) {
  if (!strcmp(which, "he")) return c->count > 1 ? "they" : c->being->he;
  if (!strcmp(which, "him")) return c->count > 1 ? "them" : c->being->him;
  if (!strcmp(which, "his")) return c->count > 1 ? "their" : c->being->his;
  return NULL;
}

static void add_name(char *out, const struct character *c, bool first) {
  static const char *const numbers[] = {"", "", "two", "three"};
  const char *noun = c->count > 1 ? c->being->several : c->being->one;
  add_string(out, first ? (c->count > 1 ? "" : "a~ ") : "the ");
  if (c->count > 1) {
    add_string(out, numbers[c->count]);
    add_string(out, " ");
  }
  if (first) {
    add_string(out, c->trait);
    add_string(out, " ");
  }
  add_string(out, noun);
}

/* reference: what stands between braces. */
static void add_reference(char *out, const char *reference) {
  const struct character *c = &cast[toupper((unsigned char)reference[0]) == 'B'];
  if (!strcmp(reference, "place") || !strcmp(reference, "thing")) {
    add_string(out, reference[0] == 'p' ? place : thing);
    return;
  }
  if (!reference[1]) {
    add_name(out, c, islower((unsigned char)reference[0]) != 0);
    return;
  }
  const char *form = reference + 2, *slash = strchr(form, '/'), *word = pronoun(c, form);
  if (word)
    add_string(out, word);
  else if (reference[1] != ':' || !slash)
    stop("a bad reference", reference);
  else if (c->count > 1)
    add_string(out, slash + 1);
  else
    add(out, form, (size_t)(slash - form));
}

/* ---- the grammar ---- */

static const char *rule_named(const char *name) {
  for (size_t k = 0; k < COUNT(rules); k++)
    if (!strcmp(rules[k].name, name)) return rules[k].alternatives;
  stop("no rule of this name", name);
  return NULL;
}

static void expand(const char *name, char *out) {
  const char *at = rule_named(name);
  size_t alternatives = 1;
  for (const char *c = at; *c; c++) alternatives += *c == '|';
  for (size_t skip = random_below(alternatives); skip > 0; skip--) at = strchr(at, '|') + 1;
  while (*at && *at != '|') {
    if (*at != '<' && *at != '{') {
      add(out, at++, 1);
      continue;
    }
    char inner[64];
    size_t length = strcspn(at, *at == '<' ? ">" : "}");
    if (length > sizeof inner) stop("a slot is too long", at);
    memcpy(inner, at + 1, length - 1);
    inner[length - 1] = 0;
    if (*at == '<')
      expand(inner, out);
    else
      add_reference(out, inner);
    at += length + 1;
  }
}

/* ---- spelling ---- */

static void choose_articles(char *text) {
  char out[MAX_FABLE + 64];
  size_t n = 0;
  for (const char *at = text; *at; at++) {
    if (*at != '~')
      out[n++] = *at;
    else if (strchr("aeiou", at[1] == ' ' ? at[2] : at[1]))
      out[n++] = 'n';
  }
  out[n] = 0;
  if (n >= MAX_FABLE) stop("a fable is too long", text);
  strcpy(text, out);
}

/* Whether a quotation mark at this place opens a quotation. */
static bool opens(const char *text, const char *at) { return at == text || strchr(" \n", at[-1]); }

/* A capital begins a paragraph, a sentence and a quotation. It does not begin what follows '^', nor the words
 * "said" and "asked" behind a question. */
static void capitalise(char *text) {
  bool begin = true;
  char *out = text;
  for (const char *at = text; *at; at++) {
    char c = *at;
    if (c == '^') {
      begin = false;
      continue;
    }
    if (begin && isalpha((unsigned char)c)) {
      c = (char)toupper((unsigned char)c);
      begin = false;
    } else if (c == '\n' || ((c == '"' || c == '\'') && opens(text, at))) {
      begin = true;
    } else if (strchr(".!?", c)) {
      begin = strncmp(at + 1, "\" said", 6) != 0 && strncmp(at + 1, "\" asked", 7) != 0;
    }
    *out++ = c;
  }
  *out = 0;
}

static void write_fable(char *out) {
  size_t first = random_below(COUNT(beings)), second = random_below(COUNT(beings) - 1);
  size_t trait = random_below(COUNT(traits)), other = random_below(COUNT(traits) - 1);
  cast[0] = (struct character){&beings[first], traits[trait], 1 + (int)(random_below(4) == 0)};
  cast[1] = (struct character){&beings[second + (second >= first)], traits[other + (other >= trait)],
                               1 + (int)random_below(3)};
  place = places[random_below(COUNT(places))];
  thing = things[random_below(COUNT(things))];
  out[0] = 0;
  expand("fable", out);
  choose_articles(out);
  capitalise(out);
}

static void save(const char *directory, const char *name, int from, int to) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
    stop("the path is too long", directory);
  FILE *file = fopen(path, "wb");
  if (!file) stop("cannot write", path);
  for (int k = from; k < to; k++) fprintf(file, "%s%s", k > from ? "\n" : "", fables[k]);
  bool failed = ferror(file) != 0;
  if (fclose(file) || failed) stop("cannot write", path);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fputs("usage: generate DIRECTORY [SEED]\n", stderr);
    return 64;
  }
  random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  for (int k = 0; k < FABLES; k++) {
    write_fable(fables[k]);
    for (int j = 0; j < k; j++)
      if (!strcmp(fables[j], fables[k])) stop("a fable stands twice", fables[k]);
    if (strpbrk(fables[k], "<>{}~|^")) stop("a fable is unfinished", fables[k]);
  }
  save(argv[1], "train.txt", 0, TRAIN_FABLES);
  save(argv[1], "dev.txt", TRAIN_FABLES, FABLES);
  return 0;
}
