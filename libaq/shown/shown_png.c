/* shown_png.c: the weights over pictures that a tree shows, as one PNG file: a row for each head, in it the
 * picture itself, and then one for each that looks. */
#include <math.h>
#include <string.h>

#include "libaq/shown/shown_look.h"
#include "runtime/io/image.h"

enum { TILE = 128, GAP = 8, ABREAST = 12, MOST_PICTURES = 150, WHITE = 255 };
static const double STRONGEST = 0.7;
static const double heat[IO_COLOUR] = {230, 55, 30};

/* Where the next tile comes. The first walk measures, the second one draws. */
struct sheet {
  struct io_image image; /* bytes NULL: it is being measured */
  size_t top, left, tallest;
  size_t height, width; /* that were needed */
  double *mean;         /* scratch of a look */
};

/* ---- a tile ---- */

struct tile {
  const struct shown_look *look;
  const double *number; /* NULL: the picture itself */
  double most;
  size_t scale;
};

static double share_at(const struct tile *t, double y, double x) {
  const aq_grid *g = t->look->grid;
  const double row = floor((y - g->top) / g->height), column = floor((x - g->left) / g->width);
  if (row < 0 || column < 0 || row >= (double)g->rows || column >= (double)g->columns || t->most <= 0)
    return 0;
  const double number = t->number[(size_t)row * g->columns + (size_t)column];
  return isfinite(number) ? fabs(number) / t->most : 0;
}

static void write_point(const struct tile *t, size_t y, size_t x, unsigned char out[IO_COLOUR]) {
  const aq_image *p = t->look->grid->picture;
  const unsigned char *from = p->bytes + ((y / t->scale) * p->width + x / t->scale) * p->channels;
  double colour[IO_COLOUR], grey = 0;
  static const double bright[IO_COLOUR] = {0.299, 0.587, 0.114};
  for (int c = 0; c < IO_COLOUR; c++) colour[c] = from[p->channels == 1 ? 0 : c];
  for (int c = 0; c < IO_COLOUR; c++) grey += bright[c] * colour[c];
  grey = fmin(1.1 * (127.5 + 0.55 * (grey - 127.5)), WHITE);
  const double height = (double)(p->height * t->scale), width = (double)(p->width * t->scale);
  const double part =
      t->number ? STRONGEST * share_at(t, ((double)y + 0.5) / height, ((double)x + 0.5) / width) : 0;
  for (int c = 0; c < IO_COLOUR; c++)
    out[c] = (unsigned char)lround(t->number ? part * heat[c] + (1 - part) * grey : colour[c]);
}

static void next_line(struct sheet *s, size_t gap) {
  if (s->tallest) s->top += s->tallest + gap;
  s->left = GAP;
  s->tallest = 0;
}

static void put(struct sheet *s, const struct tile *t) {
  const aq_image *p = t->look->grid->picture;
  const size_t height = p->height * t->scale, width = p->width * t->scale;
  if (s->image.bytes)
    for (size_t y = 0; y < height; y++)
      for (size_t x = 0; x < width; x++)
        write_point(t, y, x,
                    s->image.bytes + ((s->top + y) * (size_t)s->image.width + s->left + x) * IO_COLOUR);
  s->left += width + GAP;
  if (height > s->tallest) s->tallest = height;
  if (s->left > s->width) s->width = s->left;
  if (s->top + height + GAP > s->height) s->height = s->top + height + GAP;
}

/* ---- looks ---- */

static void put_look(struct sheet *s, struct tile t, size_t head, size_t picture) {
  size_t place;
  t.number = shown_look_numbers(t.look, head, picture, s->mean);
  t.most = shown_look_most(t.look, t.number, &place);
  put(s, &t);
}

static void put_head(struct sheet *s, const struct shown_look *look, size_t head) {
  const aq_image *p = look->grid->picture;
  const size_t side = p->height > p->width ? p->height : p->width,
               abreast = look->cell ? look->abreast : ABREAST;
  const struct tile plain = {look, NULL, 0, side < TILE ? TILE / side : 1};
  size_t in_line = 1;
  next_line(s, 2 * GAP);
  put(s, &plain);
  if (look->count > 1 && !look->of_queries) put_look(s, plain, head, look->count);
  if (look->count > 1 && !look->of_queries) in_line++;
  for (size_t k = 0; k < look->count && k < MOST_PICTURES; k++) {
    if ((look->cell && k == 0) || in_line == abreast) {
      next_line(s, GAP);
      in_line = 0;
    }
    put_look(s, plain, head, k);
    in_line++;
  }
}

static void put_all(struct sheet *s, const struct shown_node *node) {
  for (const struct shown_node *child = node->first; child; child = child->next) {
    if (child->kind == SHOWN_LOOK)
      for (size_t h = 0; h < child->look->heads; h++) put_head(s, child->look, h);
    put_all(s, child);
  }
}

/* The most places that a look has. */
static size_t most_places(const struct shown_node *node) {
  size_t most = 0;
  for (const struct shown_node *child = node->first; child; child = child->next) {
    const size_t own = child->kind == SHOWN_LOOK ? child->look->grid->rows * child->look->grid->columns : 0,
                 within = most_places(child);
    most = own > most ? own : most;
    most = within > most ? within : most;
  }
  return most;
}

static int draw(const aq_shown *shown, struct sheet *s, struct rt_text *out) {
  s->top = s->left = GAP;
  put_all(s, &shown->root);
  if (!s->height || s->height > IO_IMAGE_SIDE || s->width > IO_IMAGE_SIDE) return RT_USAGE;
  s->image = (struct io_image){(int32_t)s->height, (int32_t)s->width, IO_COLOUR, NULL};
  if (io_image_room(&s->image) != RT_OK) return RT_NO_MEMORY;
  memset(s->image.bytes, WHITE, io_image_size(&s->image));
  s->top = s->left = GAP;
  s->tallest = 0;
  put_all(s, &shown->root);
  return io_png_encode(&s->image, out, NULL);
}

int shown_as_png(const aq_shown *shown, struct rt_text *out) {
  struct sheet s = {.mean = rt_alloc((most_places(&shown->root) + 1) * sizeof(double))};
  const int status = s.mean ? draw(shown, &s, out) : RT_NO_MEMORY;
  io_image_free(&s.image);
  rt_free(s.mean);
  return status;
}
