/* things.c: writes pictures of a thing each, pictures/0.png …, and questions about them: train.tsv, dev.tsv.
 *
 *     cc -std=c11 -o things things.c && ./things DIRECTORY
 *
 * A picture has 24 x 24 points, and a thing of some shape, colour and size on the left or on the right.
 * Questions are about the colour, the shape and the side, and whether something is to be seen. */
#include "../things.h"

enum { KINDS = 8, TRAIN = 400, DEV = 100 };

static int other(int than, int below) { return (than + 1 + draw(below - 1)) % below; }

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

static void write_rows(const char *folder, int number, FILE *file) {
  char path[4096];
  struct thing thing = place_thing();
  snprintf(path, sizeof path, "%s/pictures/%d.png", folder, number);
  draw_picture(path, &thing);
  for (int kind = 0; kind < KINDS; kind++) {
    fprintf(file, "pictures/%d.png\t", number);
    ask(kind, &thing, file);
  }
}

int main(int argc, char **argv) {
  state = 13;
  return write_tables(&(struct tables){"things", "image\tquestion\tanswer", TRAIN, DEV, write_rows}, argc,
                      argv);
}
