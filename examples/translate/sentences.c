/* sentences.c: writes train.tsv, dev.tsv and test.tsv: English sentences and what they are in German. The
 * order of words differs (the verb goes to the end), and so do articles and endings, by gender and case. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MASCULINE, FEMININE, NEUTER };
static const struct noun {
  const char *english, *german;
  int gender;
} noun[] = {{"dog", "hund", MASCULINE},     {"cat", "katze", FEMININE},    {"horse", "pferd", NEUTER},
            {"man", "mann", MASCULINE},     {"woman", "frau", FEMININE},   {"child", "kind", NEUTER},
            {"table", "tisch", MASCULINE},  {"lamp", "lampe", FEMININE},   {"house", "haus", NEUTER},
            {"letter", "brief", MASCULINE}, {"flower", "blume", FEMININE}, {"book", "buch", NEUTER}};
static const char *const adjective[][2] = {{"old", "alt"},    {"small", "klein"}, {"red", "rot"},
                                           {"young", "jung"}, {"new", "neu"},     {"quiet", "still"}};
static const struct verb {
  const char *english, *third, *infinitive, *german;
} verb[] = {{"see", "sees", "sehen", "sieht"},       {"look for", "looks for", "suchen", "sucht"},
            {"find", "finds", "finden", "findet"},   {"paint", "paints", "malen", "malt"},
            {"know", "knows", "kennen", "kennt"},    {"buy", "buys", "kaufen", "kauft"},
            {"carry", "carries", "tragen", "trägt"}, {"draw", "draws", "zeichnen", "zeichnet"}};
static const char *const modal[][2] = {
    {"can", "kann"}, {"must", "muss"}, {"wants to", "will"}, {"may", "darf"}};
static const char *const thinker[][2] = {{"anna", "anna"}, {"peter", "peter"}, {"she", "sie"}, {"he", "er"}};
static const char *const thought[][2] = {
    {"says that", "sagt , dass"}, {"hopes that", "hofft , dass"}, {"knows that", "weiß , dass"}};

/* [indefinite][accusative][gender] */
static const char *const article[2][2][3] = {{{"der", "die", "das"}, {"den", "die", "das"}},
                                             {{"ein", "eine", "ein"}, {"einen", "eine", "ein"}}};
static const char *const ending[2][2][3] = {{{"e", "e", "e"}, {"en", "e", "e"}},
                                            {{"er", "e", "es"}, {"en", "e", "es"}}};

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 5;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}
#define COUNT(list) ((int)(sizeof list / sizeof *list))

struct phrase {
  char english[128], german[128];
};

static struct phrase noun_phrase(int accusative) {
  const struct noun *n = &noun[draw(COUNT(noun))];
  int indefinite = draw(2), a = draw(2 * COUNT(adjective));
  int vowel = a < COUNT(adjective) && adjective[a][0][0] == 'o';
  struct phrase p;
  snprintf(p.english, sizeof p.english, "%s %s%s%s",
           !indefinite ? "the"
           : vowel     ? "an"
                       : "a",
           a < COUNT(adjective) ? adjective[a][0] : "", a < COUNT(adjective) ? " " : "", n->english);
  snprintf(p.german, sizeof p.german, "%s %s%s%s%s", article[indefinite][accusative][n->gender],
           a < COUNT(adjective) ? adjective[a][1] : "",
           a < COUNT(adjective) ? ending[indefinite][accusative][n->gender] : "",
           a < COUNT(adjective) ? " " : "", n->german);
  return p;
}

static void sentence(FILE *file) {
  struct phrase who = noun_phrase(0), what = noun_phrase(1);
  const struct verb *v = &verb[draw(COUNT(verb))];
  int m = draw(2 * COUNT(modal)), t = draw(3 * COUNT(thinker)), h = draw(COUNT(thought));
  int has_modal = m < COUNT(modal), within = t < COUNT(thinker);
  if (within) fprintf(file, "%s %s ", thinker[t][0], thought[h][0]);
  fprintf(file, "%s %s%s%s %s\t", who.english, has_modal ? modal[m][0] : "", has_modal ? " " : "",
          has_modal ? v->english : v->third, what.english);
  if (within) fprintf(file, "%s %s ", thinker[t][1], thought[h][1]);
  if (within && has_modal)
    fprintf(file, "%s %s %s %s\n", who.german, what.german, v->infinitive, modal[m][1]);
  else if (within)
    fprintf(file, "%s %s %s\n", who.german, what.german, v->german);
  else if (has_modal)
    fprintf(file, "%s %s %s %s\n", who.german, modal[m][1], what.german, v->infinitive);
  else
    fprintf(file, "%s %s %s\n", who.german, v->german, what.german);
}

static int write_file(const char *folder, const char *name, int rows) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  fputs("en\tde\n", file);
  for (int r = 0; r < rows; r++) sentence(file);
  return fclose(file) != 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: sentences DIRECTORY\n"), 2;
  return write_file(argv[1], "train.tsv", 2000) || write_file(argv[1], "dev.tsv", 200)
         || write_file(argv[1], "test.tsv", 200);
}
