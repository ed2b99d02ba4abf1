/* captions.c: writes pictures of a thing each, pictures/0.png …, and what is to be seen in them: train.tsv,
 * dev.tsv. No two pictures of dev.tsv are described alike.
 *
 *     cc -std=c11 -o captions captions.c && ./captions DIRECTORY
 */
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

static void write_row(const char *folder, int number, FILE *file) {
  static char is_said[3 * COLOURS * SHAPES * 2 * 6];
  const int once = number >= TRAIN;
  char path[4096], text[LONGEST];
  struct thing thing;
  snprintf(path, sizeof path, "%s/pictures/%d.png", folder, number);
  do {
    thing = place_thing();
    draw_picture(path, &thing);
  } while (once && is_said[said_of(&thing)]);
  if (once) is_said[said_of(&thing)] = 1;
  describe(&thing, text);
  fprintf(file, "%s\tpictures/%d.png\n", text, number);
}

int main(int argc, char **argv) {
  state = 113;
  return write_tables(&(struct tables){"captions", "text\timage", TRAIN, DEV, write_row}, argc, argv);
}
