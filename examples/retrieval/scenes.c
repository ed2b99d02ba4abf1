/* scenes.c: writes train.tsv, dev.tsv and test.tsv, scenes of which a query vector names one item.
 *
 *     cc -std=c11 -o scenes scenes.c && ./scenes DIRECTORY [SEED]
 *
 * A scene holds six items, each shape once and each colour once. The query is the code of one item's colour,
 * a fixed random vector, plus noise; the answer is that item's shape. Without the query every shape is
 * equally likely, whatever the scene; without the scene the query says nothing.
 *
 * No scene stands twice, in one split or in two. The program exits with 1 when the nearest code names the
 * wrong item in more than one row of a hundred, or when an answer is much more frequent than the others. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 16, COLOURS = 6, SHAPES = 6, ITEMS = 6, ORDERS = 720, MAX_ROWS = 3000, SPLITS = 3 };

static const char *const colours[COLOURS] = {"red", "green", "blue", "yellow", "black", "white"};
static const char *const shapes[SHAPES] = {"circle", "square", "triangle", "star", "heart", "cross"};

static const struct {
  const char *file;
  size_t rows;
} splits[SPLITS] = {
    {"train.tsv", MAX_ROWS},
    {"dev.tsv", 500},
    {"test.tsv", 500},
};

static const double code_deviation = 1.0, noise_deviation = 0.5;

struct item {
  unsigned colour, shape;
};
struct row {
  struct item items[ITEMS];
  unsigned target;
  double query[N];
};

static struct row rows[SPLITS][MAX_ROWS];
static double codes[COLOURS][N];
static bool scene_taken[ORDERS][ORDERS]; /* by the numbers of its orders of colours and of shapes */

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

static unsigned random_below(unsigned n) { return (unsigned)(random_bits() % n); }

/* Nearly normal, by the sum of twelve uniforms: exact arithmetic, so that every machine gives the same bytes.
 */
static double random_normal(double deviation) {
  int64_t sum = 0;
  for (int k = 0; k < 12; k++) sum += (int64_t)(random_bits() >> 40);
  return deviation * ((double)(sum - 6 * ((int64_t)1 << 24)) / (double)((int64_t)1 << 24));
}

static void make_codes(void) {
  for (int c = 0; c < COLOURS; c++)
    for (int d = 0; d < N; d++) codes[c][d] = random_normal(code_deviation);
}

static void shuffle(unsigned *numbers, unsigned n) {
  for (unsigned k = n; k > 1; k--) {
    unsigned other = random_below(k), kept = numbers[k - 1];
    numbers[k - 1] = numbers[other];
    numbers[other] = kept;
  }
}

/* The number of an order among all 6! = 720 (Lehmer code). */
static unsigned order_number(const unsigned *numbers) {
  unsigned number = 0;
  for (unsigned k = 0; k < ITEMS; k++) {
    unsigned smaller = 0;
    for (unsigned j = k + 1; j < ITEMS; j++) smaller += numbers[j] < numbers[k];
    number = number * (ITEMS - k) + smaller;
  }
  return number;
}

static void make_scene(struct row *row) {
  unsigned colour[ITEMS], shape[ITEMS];
  bool *taken;
  for (unsigned k = 0; k < ITEMS; k++) colour[k] = shape[k] = k;
  do {
    shuffle(colour, ITEMS);
    shuffle(shape, ITEMS);
    taken = &scene_taken[order_number(colour)][order_number(shape)];
  } while (*taken);
  *taken = true;
  for (unsigned k = 0; k < ITEMS; k++) row->items[k] = (struct item){colour[k], shape[k]};
  row->target = random_below(ITEMS);
  for (int d = 0; d < N; d++)
    row->query[d] = codes[row->items[row->target].colour][d] + random_normal(noise_deviation);
}

/* ---- checks ---- */

/* The item whose code is nearest to the query: what a perfect reader of the scene would answer. */
static unsigned nearest(const struct row *row) {
  unsigned best = 0;
  double best_distance = 0;
  for (unsigned k = 0; k < ITEMS; k++) {
    double distance = 0;
    for (int d = 0; d < N; d++) {
      double off = row->query[d] - codes[row->items[k].colour][d];
      distance += off * off;
    }
    if (k == 0 || distance < best_distance) {
      best = k;
      best_distance = distance;
    }
  }
  return best;
}

static void check_split(int s) {
  size_t right = 0, answers[SHAPES] = {0};
  for (size_t k = 0; k < splits[s].rows; k++) {
    const struct row *row = &rows[s][k];
    answers[row->items[row->target].shape]++;
    right += nearest(row) == row->target;
  }
  if (right * 100 < splits[s].rows * 99) stop("the noise hides too many items", splits[s].file);
  for (int a = 0; a < SHAPES; a++)
    if (answers[a] * SHAPES * 10 > splits[s].rows * 13) stop("an answer is much too frequent", shapes[a]);
  printf("%s: %zu rows, nearest code right in %zu\n", splits[s].file, splits[s].rows, right);
}

static void save(const char *directory, int s) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", directory, splits[s].file) >= (int)sizeof path)
    stop("the path is too long", directory);
  FILE *file = fopen(path, "wb");
  if (!file) stop("cannot write", path);
  fputs("tokens\tquery\tanswer\n", file);
  for (size_t r = 0; r < splits[s].rows; r++) {
    const struct row *row = &rows[s][r];
    for (unsigned k = 0; k < ITEMS; k++) {
      const struct item *item = &row->items[k];
      fprintf(file, "%s%s-%s", k ? " " : "", colours[item->colour], shapes[item->shape]);
    }
    for (int d = 0; d < N; d++) fprintf(file, "%c%.3f", d ? ' ' : '\t', row->query[d]);
    fprintf(file, "\t%s\n", shapes[row->items[row->target].shape]);
  }
  bool failed = ferror(file) != 0;
  if (fclose(file) || failed) stop("cannot write", path);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fputs("usage: generate DIRECTORY [SEED]\n", stderr);
    return 64;
  }
  random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  make_codes();
  for (int s = 0; s < SPLITS; s++)
    for (size_t k = 0; k < splits[s].rows; k++) make_scene(&rows[s][k]);
  for (int s = 0; s < SPLITS; s++) {
    check_split(s);
    save(argv[1], s);
  }
  return 0;
}
