/* things.c: writes pictures of a thing each, pictures/0.png …, and questions about them: train.tsv, dev.tsv.
 *
 *     cc -std=c11 -o things things.c && ./things DIRECTORY
 *
 * A picture has 24 x 24 points, and a thing of some shape, colour and size on the left or on the right.
 * Questions are about the colour, the shape and the side, and whether something is to be seen. */
#include <stdio.h>
#include <sys/stat.h>

#include "../png.h"

enum { SIDE = 24, SIDES = 2, SHAPES = 4, COLOURS = 4, KINDS = 8, TRAIN = 400, DEV = 100 };

static const char *const shapes[SHAPES] = {"ring", "square", "bar", "cross"};
static const char *const colours[COLOURS] = {"red", "green", "blue", "yellow"};
static const char *const sides[SIDES] = {"left", "right"};

struct thing {
  int shape, colour, side, size, x, y; /* size: from its middle, in points */
};

/* SplitMix64 (Steele, Lea, Flood 2014): the same pictures on every machine. */
static uint64_t state = 13;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}
static int other(int than, int below) { return (than + 1 + draw(below - 1)) % below; }

/* ---- pictures ---- */

static int covers(const struct thing *t, int x, int y) {
  const int right = abs(x - t->x), down = y - t->y, most = t->size;
  if (right > most || abs(down) > most) return 0;
  switch (t->shape) {
    case 0: return right * right + down * down <= most * most + 1 && right * right + down * down >= most;
    case 1: return 1;
    case 2: return abs(down) <= most / 3;
    default: return right <= most / 3 || abs(down) <= most / 3;
  }
}

/* The background, a little noise on it, and the colours, each in two shades. */
static void choose_colours(unsigned char colour[PNG_COLOURS][3]) {
  static const unsigned char full[COLOURS][3] = {{210, 40, 40}, {50, 170, 60}, {50, 80, 210}, {230, 200, 50}};
  const int grey = draw(2) ? draw(60) : 195 + draw(50);
  memset(colour, 0, (size_t)PNG_COLOURS * 3);
  for (int c = 0; c < 3; c++) {
    colour[0][c] = (unsigned char)(grey + draw(10));
    colour[1][c] = (unsigned char)(grey > 60 ? colour[0][c] - 6 : colour[0][c] + 8);
  }
  for (int k = 0; k < COLOURS; k++)
    for (int c = 0; c < 3; c++) {
      const int level = full[k][c] + draw(41) - 20;
      colour[2 + k][c] = (unsigned char)level;
      colour[2 + COLOURS + k][c] = (unsigned char)(level - level / 8);
    }
}

static struct thing place_thing(void) {
  struct thing t = {.shape = draw(SHAPES), .colour = draw(COLOURS), .side = draw(SIDES), .size = 4 + draw(3)};
  t.x = t.size + (t.side ? SIDE / 2 : -1) + draw(SIDE / 2 - t.size);
  t.y = t.size + draw(SIDE - 2 * t.size);
  if (t.x + t.size >= SIDE) t.x = SIDE - 1 - t.size;
  if (t.x < t.size) t.x = t.size;
  return t;
}

static void draw_picture(const char *path, const struct thing *t) {
  unsigned char colour[PNG_COLOURS][3], point[SIDE * SIDE];
  choose_colours(colour);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      point[y * SIDE + x] =
          (unsigned char)(covers(t, x, y) ? 2 + t->colour + (draw(4) ? 0 : COLOURS) : draw(4) == 0);
  png_write(path, SIDE, SIDE, (const unsigned char(*)[3])colour, point);
}

/* ---- questions ---- */

static void ask_whether(const char *what, int is_there, FILE *file) {
  fprintf(file, draw(2) ? "is there a %s?\t%s\n" : "do you see a %s?\t%s\n", what, is_there ? "yes" : "no");
}

/* Half of what is asked for is there. */
static int asked(int is, int below) { return draw(2) ? is : other(is, below); }

static void ask(int kind, const struct thing *t, FILE *file) {
  char what[32];
  const int shape = asked(t->shape, SHAPES), colour = asked(t->colour, COLOURS);
  switch (kind) {
    case 0: fprintf(file, "what colour is the %s?\t%s\n", shapes[t->shape], colours[t->colour]); break;
    case 1: fprintf(file, "what shape is %s?\t%s\n", colours[t->colour], shapes[t->shape]); break;
    case 2: fprintf(file, "what is the %s thing?\t%s\n", colours[t->colour], shapes[t->shape]); break;
    case 3: fprintf(file, "on which side is the %s?\t%s\n", shapes[t->shape], sides[t->side]); break;
    case 4:
    case 5: ask_whether(shapes[shape], shape == t->shape, file); break;
    default:
      snprintf(what, sizeof what, "%s thing", colours[colour]);
      ask_whether(what, colour == t->colour, file);
  }
}

static void write_table(const char *folder, const char *name, int first, int count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) exit((perror(path), 1));
  fputs("image\tquestion\tanswer\n", file);
  for (int k = first; k < first + count; k++) {
    const struct thing thing = place_thing();
    snprintf(path, sizeof path, "%s/pictures/%d.png", folder, k);
    draw_picture(path, &thing);
    for (int kind = 0; kind < KINDS; kind++) {
      fprintf(file, "pictures/%d.png\t", k);
      ask(kind, &thing, file);
    }
  }
  if (fclose(file)) exit((perror(name), 1));
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: things DIRECTORY\n", stderr), 64;
  char path[4096];
  snprintf(path, sizeof path, "%s/pictures", argv[1]);
  mkdir(path, 0777); /* or it is there */
  write_table(argv[1], "train.tsv", 0, TRAIN);
  write_table(argv[1], "dev.tsv", TRAIN, DEV);
  return 0;
}
