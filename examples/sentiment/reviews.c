/* reviews.c: writes train.tsv, dev.tsv and test.tsv, reviews whose polarity hangs on how their words are put
 * together.
 *
 *     cc -std=c11 -o reviews reviews.c && ./reviews DIRECTORY [SEED]
 *
 * The same seed gives the same bytes everywhere: all choices come from one integer generator. The program
 * checks what the README says of the data (no template and no sentence in two splits, no sentence twice, as
 * many positive as negative) and exits with 1 when it is not so. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lexicon.h"
#include "templates.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_SENTENCE 512
#define MAX_ROWS 6000
#define MAX_USED 24
#define TABLE_SIZE 32768 /* a power of two, well above the number of sentences */

static const struct {
  const char *file;
  size_t rows;
} splits[SPLITS] = {
    [TRAIN] = {"train.tsv", 6000},
    [DEV] = {"dev.tsv", 800},
    [TEST] = {"test.tsv", 800},
};

/* How many sentences in a hundred are made with each construct; the same in every split. */
static const unsigned shares[CONSTRUCTS] = {
    [DIRECT] = 64, [NEGATION] = 8, [CONTRAST] = 10, [REPORTED] = 5,
    [SCOPE] = 4,   [IRREALIS] = 3, [COMPARED] = 3,  [IDIOM] = 3,
};

struct row {
  char text[MAX_SENTENCE];
  enum label label;
};

static struct row rows[SPLITS][MAX_ROWS];
static const char *seen_sentences[TABLE_SIZE];

/* A sentence in the making. */
struct draft {
  enum split split;
  enum label label;
  const struct domain *domain;
  const struct aspect *aspect[2];
  char thing[32], see[64];
  char used[MAX_USED][64]; /* no word is drawn twice for one sentence */
  size_t used_count;
  char text[MAX_SENTENCE];
  size_t length;
};

static void stop(const char *what, const char *detail) {
  fprintf(stderr, "generate: %s: %s\n", what, detail);
  exit(1);
}

/* ---- chance ---- */

static uint64_t random_state;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* 0 .. n-1; the bias of the remainder is far below one row. */
static size_t random_below(size_t n) { return (size_t)(random_bits() % n); }

/* ---- words ---- */

/* Steps to the next entry of a list; false at its end. */
static bool next_entry(const char **list, const char **entry, size_t *length) {
  if (!**list) return false;
  *entry = *list;
  *length = strcspn(*list, "|");
  *list += *length + ((*list)[*length] == '|');
  return true;
}

static bool is_used(const struct draft *d, const char *word) {
  for (size_t k = 0; k < d->used_count; k++)
    if (!strcmp(d->used[k], word)) return true;
  return false;
}

static bool eligible(const struct draft *d, const char **entry, size_t *length, char *word) {
  if (**entry == '*') {
    if (d->split == TRAIN) return false;
    ++*entry;
    --*length;
  }
  if (*length >= 64) stop("a word is too long", *entry);
  memcpy(word, *entry, *length);
  word[*length] = 0;
  return !is_used(d, word);
}

/* Draws one entry of the lists, which may be NULL, and remembers it. */
static void draw(struct draft *d, const char *const lists[2], char *out) {
  char word[64];
  size_t count = 0, chosen = 0;
  for (int pass = 0; pass < 2; pass++) {
    size_t at = 0;
    for (int l = 0; l < 2; l++)
      for (const char *list = lists[l] ? lists[l] : "", *entry; *list;) {
        size_t length;
        next_entry(&list, &entry, &length);
        if (!eligible(d, &entry, &length, word)) continue;
        if (pass == 1 && at == chosen) strcpy(out, word);
        at++;
      }
    if (pass == 0 && (count = at) == 0) stop("no word is left", lists[0]);
    if (pass == 0) chosen = random_below(count);
  }
  if (d->used_count == MAX_USED) stop("too many words in one sentence", d->text);
  strcpy(d->used[d->used_count++], out);
}

static void draw_one(struct draft *d, const char *list, char *out) {
  draw(d, (const char *const[2]){list, NULL}, out);
}

/* The form number which of "base/past/participle". */
static void keep_form(char *word, int which) {
  char *start = word;
  for (; which > 0; which--) {
    char *slash = strchr(start, '/');
    if (!slash) stop("a verb lacks a form", word);
    start = slash + 1;
  }
  size_t length = strcspn(start, "/");
  memmove(word, start, length);
  word[length] = 0;
}

/* ---- slots ---- */

static void add(struct draft *d, const char *text, size_t length) {
  if (d->length + length >= MAX_SENTENCE) stop("a sentence is too long", d->text);
  memcpy(d->text + d->length, text, length);
  d->length += length;
  d->text[d->length] = 0;
}

/* Kinds of words with a polarity: those of polar_words, and q, the adjectives of an aspect. A kind in
 * capitals is the base form of its verb. */
static bool polar_slot(struct draft *d, const char *kind, bool good, const struct aspect *aspect, char *out) {
  if (!strcmp(kind, "q")) {
    draw_one(d, good ? aspect->good : aspect->bad, out);
    return true;
  }
  char lower[16];
  size_t n = strlen(kind);
  for (size_t k = 0; k <= n; k++) lower[k] = (char)tolower((unsigned char)kind[k]);
  for (size_t k = 0; k < COUNT(polar_words); k++) {
    const struct polar *words = &polar_words[k];
    if (strcmp(words->name, lower) != 0) continue;
    const char *own = strcmp(lower, "a") ? NULL : good ? d->domain->good : d->domain->bad;
    draw(d, (const char *const[2]){good ? words->good : words->bad, own}, out);
    if (strchr(out, '/')) keep_form(out, isupper((unsigned char)kind[0]) ? 1 : 0);
    return true;
  }
  return false;
}

static bool aspect_slot(const char *kind, const struct aspect *aspect, char *out) {
  const struct forms *forms = &forms_of[aspect->number];
  const char *text = !strcmp(kind, "asp")     ? aspect->name
                     : !strcmp(kind, "is")    ? forms->is
                     : !strcmp(kind, "was")   ? forms->was
                     : !strcmp(kind, "it")    ? forms->it
                     : !strcmp(kind, "they")  ? forms->they
                     : !strcmp(kind, "which") ? forms->which
                                              : NULL;
  if (text) strcpy(out, text);
  return text != NULL;
}

static bool domain_slot(struct draft *d, const char *kind, char *out) {
  static const char *const forms[] = {"see", "saw", "seen"};
  const struct domain *domain = d->domain;
  for (int form = 0; form < 3; form++)
    if (!strcmp(kind, forms[form])) {
      strcpy(out, d->see);
      keep_form(out, form);
      return true;
    }
  if (!strcmp(kind, "thing")) {
    strcpy(out, d->thing);
    return true;
  }
  const struct neutral of_domain[] = {
      {"made", domain->made}, {"other", domain->other}, {"crowd", domain->crowd}, {"when", domain->when},
      {"fact", domain->fact}, {"side", domain->side},   {"again", domain->again},
  };
  for (size_t k = 0; k < COUNT(of_domain); k++)
    if (!strcmp(of_domain[k].name, kind)) {
      draw_one(d, of_domain[k].words, out);
      return true;
    }
  for (size_t k = 0; k < COUNT(neutral_words); k++)
    if (!strcmp(neutral_words[k].name, kind)) {
      draw_one(d, neutral_words[k].words, out);
      return true;
    }
  return false;
}

/* slot: what stands between the brackets, for instance "+q1". */
static void expand_slot(struct draft *d, const char *slot, size_t length) {
  char kind[16], out[64] = "";
  char sign = '\0';
  if (strchr("+-?", slot[0])) sign = slot[0];
  size_t start = sign != 0, end = length;
  int which = 0;
  if (isdigit((unsigned char)slot[end - 1])) which = slot[--end] - '1';
  if (end - start >= sizeof kind || which > 1) stop("a bad slot", slot);
  memcpy(kind, slot + start, end - start);
  kind[end - start] = 0;
  bool good = sign == '?' ? random_below(2) : (sign == '+') == (d->label == POSITIVE);
  bool known = sign ? polar_slot(d, kind, good, d->aspect[which], out)
                    : aspect_slot(kind, d->aspect[which], out) || domain_slot(d, kind, out);
  if (!known) stop("an unknown slot", slot);
  add(d, out, strlen(out));
}

/* ---- sentences ---- */

/* "a~" becomes "a" or "an" by the letter that follows; "use…" is said with a consonant. */
static void choose_articles(char *text) {
  char out[MAX_SENTENCE + 64];
  size_t n = 0;
  for (const char *at = text; *at; at++) {
    if (*at != '~') {
      out[n++] = *at;
      continue;
    }
    const char *word = at + 1 + strspn(at + 1, " ");
    if (strchr("aeiou", *word) && strncmp(word, "use", 3) != 0) out[n++] = 'n';
  }
  out[n] = 0;
  if (n >= MAX_SENTENCE) stop("a sentence is too long", text);
  strcpy(text, out);
}

static void capitalise(char *text) {
  bool begin = true;
  for (char *at = text; *at; at++) {
    if (begin && isalpha((unsigned char)*at)) {
      *at = (char)toupper((unsigned char)*at);
      begin = false;
    }
    if (strchr(".!?", *at)) begin = true;
  }
}

static void write_sentence(struct draft *d, const struct template *template) {
  d->domain = &domains[random_below(COUNT(domains))];
  size_t aspects = 0;
  while (aspects < MAX_ASPECTS && d->domain->aspects[aspects].name) aspects++;
  size_t first = random_below(aspects), second = random_below(aspects - 1);
  d->aspect[0] = &d->domain->aspects[first];
  d->aspect[1] = &d->domain->aspects[second + (second >= first)];
  draw_one(d, d->domain->thing, d->thing);
  draw_one(d, d->domain->see, d->see);
  for (const char *at = template->text; *at;) {
    if (*at != '[') {
      add(d, at++, 1);
      continue;
    }
    size_t length = strcspn(at, "]");
    expand_slot(d, at + 1, length - 1);
    at += length + 1;
  }
  choose_articles(d->text);
  capitalise(d->text);
}

static size_t place_of(const char *sentence) {
  uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
  for (; *sentence; sentence++) hash = (hash ^ (unsigned char)*sentence) * 0x100000001B3u;
  return (size_t)(hash ^ hash >> 32) & (TABLE_SIZE - 1);
}

/* The table's slot of this sentence, which is empty when it is new. */
static const char **find_sentence(const char *sentence) {
  size_t place = place_of(sentence);
  while (seen_sentences[place] && strcmp(seen_sentences[place], sentence) != 0)
    place = (place + 1) & (TABLE_SIZE - 1);
  return &seen_sentences[place];
}

static enum construct draw_construct(void) {
  size_t ticket = random_below(100);
  unsigned c = 0;
  for (; ticket >= shares[c]; c++) ticket -= shares[c];
  return (enum construct)c;
}

static const struct template *draw_template(enum split split, enum label label) {
  enum construct construct = draw_construct();
  const struct template *found = NULL;
  size_t count = 0;
  for (size_t k = 0; k < COUNT(templates); k++) {
    const struct template *t = &templates[k];
    if (t->split == split && t->construct == construct && (t->label == BOTH || t->label == label))
      if (random_below(++count) == 0) found = t;
  }
  if (!found) stop("a construct lacks templates", splits[split].file);
  return found;
}

static void fill_split(enum split split) {
  for (size_t k = 0; k < splits[split].rows; k++) {
    struct row *row = &rows[split][k];
    row->label = k % 2 ? POSITIVE : NEGATIVE;
    const char **place;
    do {
      struct draft d = {.split = split, .label = row->label};
      write_sentence(&d, draw_template(split, row->label));
      strcpy(row->text, d.text);
      place = find_sentence(row->text);
    } while (*place);
    *place = row->text;
  }
}

static void shuffle(struct row *all, size_t n) {
  for (size_t k = n; k > 1; k--) {
    size_t other = random_below(k);
    struct row kept = all[k - 1];
    all[k - 1] = all[other];
    all[other] = kept;
  }
}

/* ---- checks ---- */

/* What makes a template the template it is: its literal words and kinds of slots, in lower case, without
 * signs. */
static void skeleton(const char *text, char *out) {
  for (; *text; text++)
    if (isalpha((unsigned char)*text) || *text == ' ' || *text == '[')
      *out++ = (char)tolower((unsigned char)*text);
  *out = 0;
}

static void check_templates(void) {
  char a[MAX_SENTENCE], b[MAX_SENTENCE];
  for (size_t i = 0; i < COUNT(templates); i++)
    for (size_t j = 0; j < i; j++) {
      skeleton(templates[i].text, a);
      skeleton(templates[j].text, b);
      if (!strcmp(a, b))
        stop(templates[i].split == templates[j].split ? "a template stands twice"
                                                      : "a template is in two splits",
             templates[i].text);
    }
  unsigned total = 0;
  for (size_t c = 0; c < CONSTRUCTS; c++) total += shares[c];
  if (total != 100) stop("the shares", "do not add up to 100");
}

static int compare_text(const void *a, const void *b) {
  const char *x = *(const char *const *)a, *y = *(const char *const *)b;
  while (*x && tolower((unsigned char)*x) == tolower((unsigned char)*y)) x++, y++;
  return tolower((unsigned char)*x) - tolower((unsigned char)*y);
}

static void check_rows(void) {
  static const char *all[SPLITS * MAX_ROWS];
  size_t n = 0;
  for (int s = 0; s < SPLITS; s++) {
    size_t positive = 0;
    for (size_t k = 0; k < splits[s].rows; k++) {
      all[n++] = rows[s][k].text;
      positive += rows[s][k].label == POSITIVE;
      if (strpbrk(rows[s][k].text, "[]~*/|\t\n")) stop("a sentence is unfinished", rows[s][k].text);
    }
    if (2 * positive != splits[s].rows) stop("the labels are not balanced", splits[s].file);
  }
  qsort(all, n, sizeof *all, compare_text);
  for (size_t k = 1; k < n; k++)
    if (compare_text(&all[k - 1], &all[k]) == 0) stop("a sentence stands twice", all[k]);
}

static void save(const char *directory, enum split split) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", directory, splits[split].file) >= (int)sizeof path)
    stop("the path is too long", directory);
  FILE *file = fopen(path, "wb");
  if (!file) stop("cannot write", path);
  fputs("text\tlabel\n", file);
  for (size_t k = 0; k < splits[split].rows; k++)
    fprintf(file, "%s\t%s\n", rows[split][k].text,
            rows[split][k].label == POSITIVE ? "positive" : "negative");
  bool failed = ferror(file) != 0;
  if (fclose(file) || failed) stop("cannot write", path);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fputs("usage: generate DIRECTORY [SEED]\n", stderr);
    return 64;
  }
  random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  check_templates();
  for (int s = 0; s < SPLITS; s++) fill_split((enum split)s);
  for (int s = 0; s < SPLITS; s++) shuffle(rows[s], splits[s].rows);
  check_rows();
  for (int s = 0; s < SPLITS; s++) save(argv[1], (enum split)s);
  return 0;
}
