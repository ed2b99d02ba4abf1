/* products.c: writes what a flea market sells, pictures/0.png …, and what it costs: train.tsv, dev.tsv.
 *
 *     cc -std=c11 -o products products.c && ./products DIRECTORY
 *
 * The text names the thing and what it is made of, a number says how old it is, and only the picture, 16 x 16
 * points of a vase, shows how much of it is broken off. The price is the product of what each of them says.
 */
#include "../draw.h"
#include "../png.h"

enum { SIDE = 16, TRAIN = 600, DEV = 150, MOST_CRACKS = 4 };

static const struct {
  const char *name;
  double price;
} kinds[] = {{"vase", 20}, {"jug", 14}, {"bowl", 10}, {"bottle", 6}},
  materials[] = {{"porcelain", 3}, {"glass", 2}, {"stoneware", 1.2}, {"clay", 0.8}};
enum { KINDS = sizeof kinds / sizeof *kinds, MATERIALS = sizeof materials / sizeof *materials };

/* A body that is wider below its neck, in one of several colours. */
static void draw_body(unsigned char point[SIDE * SIDE]) {
  const int glaze = 1 + draw(5), left = draw(3), neck = 3 + draw(2), belly = 5 + draw(2);
  for (int y = 1; y < SIDE - 1; y++) {
    const int half = y < 5 ? neck - 1 : y > 12 ? belly - 2 : belly;
    for (int x = 0; x < SIDE; x++)
      point[y * SIDE + x] =
          (unsigned char)(abs(x - SIDE / 2 - left + 1) <= half ? glaze + 5 * (draw(5) == 0) : 0);
  }
}

/* Holes of 2 x 2 points, which do not touch each other. */
static void draw_cracks(unsigned char point[SIDE * SIDE], int cracks) {
  const int first = draw(2);
  for (int k = 0; k < cracks; k++) {
    const int y = 2 + 3 * ((first + k) % 5) - (k > 3), x = 6 + draw(5);
    for (int at = 0; at < 4; at++) point[(y + at / 2) * SIDE + x + at % 2] = 11;
  }
}

static void draw_picture(const char *path, int cracks) {
  static const unsigned char glaze[5][3] = {
      {170, 60, 50}, {60, 90, 160}, {90, 140, 80}, {200, 190, 170}, {150, 110, 60}};
  unsigned char colour[PNG_COLOURS][3] = {{0}}, point[SIDE * SIDE] = {0};
  for (int c = 0; c < 3; c++) {
    colour[0][c] = (unsigned char)(225 + draw(30));
    for (int k = 0; k < 5; k++) {
      colour[1 + k][c] = (unsigned char)(glaze[k][c] + draw(31) - 15);
      colour[6 + k][c] = (unsigned char)(colour[1 + k][c] - 10);
    }
    colour[11][c] = (unsigned char)draw(40);
  }
  draw_body(point);
  draw_cracks(point, cracks);
  png_write(path, SIDE, SIDE, (const unsigned char(*)[3])colour, point);
}

static void write_row(const char *folder, int number, FILE *file) {
  char path[4096];
  const int kind = draw(KINDS), material = draw(MATERIALS), age = draw(100), cracks = draw(MOST_CRACKS + 1);
  const char *const forms[] = {"a %s %s", "%s %s, from a cellar", "%s %s of my aunt", "old %s %s"};
  snprintf(path, sizeof path, "%s/pictures/%d.png", folder, number);
  draw_picture(path, cracks);
  fprintf(file, forms[draw(4)], materials[material].name, kinds[kind].name);
  const double price = kinds[kind].price * materials[material].price * (1 + age / 50.0) * (1 - 0.2 * cracks);
  fprintf(file, "\t%d\tpictures/%d.png\t%.2f\n", age, number, price);
}

int main(int argc, char **argv) {
  state = 16;
  return write_tables(&(struct tables){"products", "text\tage\timage\tprice", TRAIN, DEV, write_row}, argc,
                      argv);
}
