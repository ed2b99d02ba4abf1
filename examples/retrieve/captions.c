/* captions.c: writes pictures of a thing each, pictures/0.png …, and what is to be seen in them: train.tsv,
 * dev.tsv. No two pictures of dev.tsv are described alike.
 *
 *     cc -std=c11 -o captions captions.c && ./captions DIRECTORY
 */
#include <stdio.h>
#include <sys/stat.h>

#include "../things.h"

enum { TRAIN = 600, DEV = 100, LONGEST = 100 };

static void describe(const struct thing *t, char text[LONGEST]) {
  static const char *const sizes[] = {"small", "middling", "large"};
  static const char *const heights[] = {"top", "middle", "bottom"};
  const char *size = sizes[t->size - 4], *height = heights[t->y < 9 ? 0 : t->y < 15 ? 1 : 2];
  const char *ground = t->dark ? "black" : "white";
  if (draw(2))
    snprintf(text, LONGEST, "a %s %s %s on %s, %s %s", size, colours[t->colour], shapes[t->shape], ground,
             height, sides[t->side]);
  else
    snprintf(text, LONGEST, "on %s at the %s %s: a %s that is %s and %s", ground, height, sides[t->side],
             shapes[t->shape], size, colours[t->colour]);
}

/* What its description says, as a number. */
static int said_of(const struct thing *t) {
  const int height = t->y < 9 ? 0 : t->y < 15 ? 1 : 2;
  return ((((t->size - 4) * COLOURS + t->colour) * SHAPES + t->shape) * 2 + t->dark) * 6 + height * 2
         + t->side;
}

static void write_table(const char *folder, const char *name, int first, int count, int once) {
  static char is_said[3 * COLOURS * SHAPES * 2 * 6];
  char path[4096], text[LONGEST];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) exit((perror(path), 1));
  fputs("text\timage\n", file);
  for (int k = first; k < first + count; k++) {
    struct thing thing;
    do {
      thing = place_thing();
      snprintf(path, sizeof path, "%s/pictures/%d.png", folder, k);
      draw_picture(path, &thing);
    } while (once && is_said[said_of(&thing)]);
    if (once) is_said[said_of(&thing)] = 1;
    describe(&thing, text);
    fprintf(file, "%s\tpictures/%d.png\n", text, k);
  }
  if (fclose(file)) exit((perror(name), 1));
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: captions DIRECTORY\n", stderr), 64;
  char path[4096];
  snprintf(path, sizeof path, "%s/pictures", argv[1]);
  mkdir(path, 0777); /* or it is there */
  state = 113;
  write_table(argv[1], "train.tsv", 0, TRAIN, 0);
  write_table(argv[1], "dev.tsv", TRAIN, DEV, 1);
  return 0;
}
