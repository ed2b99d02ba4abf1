/* events.c: writes events.tsv and films.tsv: who saw which film when, and how much it was liked; and the
 * genres of each film. Users have a favourite pair of genres, which changes now and then; films come in
 * series, whose parts are seen one after the other. The last 40 films come late: few have seen them. */
#include <stdint.h>
#include <stdio.h>

enum { USERS = 400, FILMS = 240, LATE = 40, GENRES = 12, SERIES = 4, MOST = 60 };
static const char *const genre[GENRES] = {"comedy", "crime",   "drama",  "family", "horror",  "musical",
                                          "nature", "romance", "sports", "war",    "western", "space"};
static int first[FILMS], second[FILMS];

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 23;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

/* The films of a series have the same genres, and stand side by side: f of series f / SERIES. */
static void make_films(void) {
  for (int f = 0; f < FILMS; f++) {
    first[f] = f % SERIES ? first[f - 1] : draw(GENRES);
    second[f] = f % SERIES ? second[f - 1] : draw(GENRES);
  }
}

static int likes(int f, const int taste[2]) {
  return (first[f] == taste[0] || first[f] == taste[1]) + (second[f] == taste[0] || second[f] == taste[1]);
}

/* The next part of the series that was begun, or of some films the one that fits best. */
static int choose(int before, const int taste[2], int films, const char *seen) {
  if (before >= 0 && (before + 1) % SERIES && !seen[before + 1] && before + 1 < films && draw(3))
    return before + 1;
  int best = -1;
  for (int k = 0; k < 12; k++) {
    int f = draw(films);
    if (!seen[f] && (best < 0 || likes(f, taste) > likes(best, taste))) best = f;
  }
  return best;
}

static void see(int user, FILE *file) {
  char seen[FILMS] = {0};
  int taste[2] = {draw(GENRES), draw(GENRES)}, count = 20 + draw(MOST - 20), before = -1;
  long time = 1000000 + draw(500000);
  for (int k = 0; k < count; k++) {
    if (draw(25) == 0) taste[draw(2)] = draw(GENRES);
    int films = k > count - 6 ? FILMS : FILMS - LATE;
    int f = choose(before, taste, films, seen);
    if (f < 0) continue;
    seen[f] = 1;
    before = f;
    time += 3600 + draw(90000);
    int stars = 2 + likes(f, taste) + (draw(4) == 0);
    fprintf(file, "u%d\tf%d\t%d\t%ld\n", user, f, stars > 5 ? 5 : stars, time);
  }
}

int main(int argc, char **argv) {
  char path[4096];
  if (argc != 2) return fprintf(stderr, "usage: events DIRECTORY\n"), 2;
  make_films();
  snprintf(path, sizeof path, "%s/events.tsv", argv[1]);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  for (int u = 0; u < USERS; u++) see(u, file);
  if (fclose(file)) return perror(path), 1;
  snprintf(path, sizeof path, "%s/films.tsv", argv[1]);
  if (!(file = fopen(path, "wb"))) return perror(path), 1;
  for (int f = 0; f < FILMS; f++) {
    fprintf(file, "f%d\t%s", f, genre[first[f]]);
    if (second[f] != first[f]) fprintf(file, "|%s", genre[second[f]]);
    fputc('\n', file);
  }
  return fclose(file) != 0;
}
