/* shown_look_text.c: draws weights over a picture in a terminal, coarsely: a cell for each place, two columns
 * wide; with colour, two rows of places in a line. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_look.h"

enum { GAP = 2, CELL = 2, MOST_PICTURES = 24, NAME_LEAST = 16, FINEST = 32 };

struct layout {
  const struct shown_look *look;
  struct rt_text *out;
  bool colour;
  size_t rows, columns; /* cells of a picture */
  int width;            /* columns of a picture */
  size_t abreast;
  double *mean; /* scratch */
};

/* ---- cells ---- */

/* The largest weight of the places that a cell stands for. */
static double cell(const struct layout *l, const double *number, size_t row, size_t column) {
  const aq_grid *g = l->look->grid;
  double most = 0;
  if (row >= l->rows) return NAN;
  for (size_t y = row * g->rows / l->rows; y < (row + 1) * g->rows / l->rows; y++)
    for (size_t x = column * g->columns / l->columns; x < (column + 1) * g->columns / l->columns; x++)
      if (isfinite(number[y * g->columns + x])) most = fmax(most, fabs(number[y * g->columns + x]));
  return most;
}

static int step_of(double weight, double most, int steps) {
  const int step = most > 0 ? (int)(weight / most * steps) : 0;
  return step < steps ? step : steps - 1;
}

/* One of the 256 colours of terminals: from near black over red to light yellow. */
static int tint(double weight, double most) {
  static const int tints[] = {234, 52, 88, 124, 160, 202, 214, 229};
  return tints[step_of(weight, most, RT_COUNT(tints))];
}

static void write_colours(const struct layout *l, const double *number, double most, size_t line) {
  for (size_t c = 0; c < l->columns; c++) {
    const double above = cell(l, number, 2 * line, c), below = cell(l, number, 2 * line + 1, c);
    if (isnan(below))
      rt_text_printf(l->out, "\033[0;38;5;%dm▀▀", tint(above, most));
    else
      rt_text_printf(l->out, "\033[38;5;%d;48;5;%dm▀▀", tint(above, most), tint(below, most));
  }
  rt_text_puts(l->out, "\033[0m");
}

static void write_shades(const struct layout *l, const double *number, double most, size_t line) {
  static const char *const shade[] = {"· ", "░░", "▒▒", "▓▓", "██"};
  for (size_t c = 0; c < l->columns; c++)
    rt_text_puts(l->out, shade[step_of(cell(l, number, line, c), most, RT_COUNT(shade))]);
}

/* ---- rows of pictures ---- */

static const double *numbers(const struct layout *l, size_t head, size_t picture) {
  return shown_look_numbers(l->look, head, picture, l->mean);
}

static void fill(const struct layout *l, size_t used) {
  for (size_t k = used; k < (size_t)l->width; k++) rt_text_puts(l->out, " ");
}

static void write_names(const struct layout *l, size_t head, size_t from, size_t to) {
  char buffer[SHOWN_LOOK_NAME], largest[SHOWN_FIXED_SIZE];
  for (size_t p = from; p < to; p++) {
    struct rt_text name = {0};
    size_t place;
    shown_fixed(largest, shown_look_most(l->look, numbers(l, head, p), &place), 2);
    if (l->look->count > 1 || p < l->look->count)
      rt_text_printf(&name, "%s ", shown_look_name(l->look, p, buffer));
    if (l->look->count == 1 && !l->look->name && !l->look->cell) rt_text_free(&name);
    rt_text_printf(&name, "to %s", largest);
    l->out->failed |= name.failed;
    if (!name.failed && p + 1 == to) printable_line(l->out, name.data);
    if (!name.failed && p + 1 < to) printable_field(l->out, name.data, l->width, false);
    rt_text_free(&name);
    if (p + 1 < to) rt_text_printf(l->out, "%*s", GAP, "");
  }
  rt_text_puts(l->out, "\n");
}

static void write_pictures(const struct layout *l, size_t head, size_t from, size_t to) {
  const size_t lines = l->colour ? (l->rows + 1) / 2 : l->rows;
  for (size_t line = 0; line < lines; line++) {
    for (size_t p = from; p < to; p++) {
      const double *number = numbers(l, head, p);
      size_t place;
      (l->colour ? write_colours : write_shades)(l, number, shown_look_most(l->look, number, &place), line);
      if (p + 1 == to) continue;
      fill(l, l->columns * CELL);
      rt_text_printf(l->out, "%*s", GAP, "");
    }
    while (l->out->length && l->out->data[l->out->length - 1] == ' ') l->out->data[--l->out->length] = '\0';
    rt_text_puts(l->out, "\n");
  }
}

static void write_head(const struct layout *l, size_t head) {
  const struct shown_look *look = l->look;
  /* of places that look, and of the hardest rows, the mean alone */
  const bool mean = look->cell || (look->brief && look->count > 1);
  const size_t first = mean ? look->count : 0, last = mean                          ? look->count + 1
                                                      : look->count < MOST_PICTURES ? look->count
                                                                                    : MOST_PICTURES;
  if (l->colour) rt_text_puts(l->out, "\033[1m");
  printable_line(l->out, look->title);
  if (l->colour) rt_text_puts(l->out, "\033[0m");
  if (look->heads > 1) rt_text_printf(l->out, ", head %zu of %zu", head + 1, look->heads);
  rt_text_printf(l->out, look->of_queries ? ", from %zu x %zu places of " : ", at %zu x %zu places of ",
                 look->grid->rows, look->grid->columns);
  printable_line(l->out, look->grid->column);
  rt_text_puts(l->out, "\n");
  for (size_t from = first; from < last; from += l->abreast) {
    const size_t to = last - from < l->abreast ? last : from + l->abreast;
    write_names(l, head, from, to);
    write_pictures(l, head, from, to);
  }
  if (!mean && last < look->count) rt_text_printf(l->out, "… and %zu more\n", look->count - last);
  rt_text_puts(l->out, "\n");
}

void shown_look_text(const struct shown_look *look, int columns, bool colour, struct rt_text *out) {
  struct layout l = {.look = look, .out = out, .colour = colour};
  const size_t most = columns / CELL < FINEST ? (size_t)(columns / CELL) : FINEST, side = most ? most : 1;
  l.rows = look->grid->rows < side ? look->grid->rows : side;
  l.columns = look->grid->columns < side ? look->grid->columns : side;
  l.width = (int)l.columns * CELL > NAME_LEAST ? (int)l.columns * CELL : NAME_LEAST;
  l.abreast = columns > l.width ? (size_t)(columns + GAP) / (size_t)(l.width + GAP) : 1;
  l.mean = rt_alloc((look->grid->rows * look->grid->columns + 1) * sizeof *l.mean);
  if (!l.mean) out->failed = true;
  for (size_t h = 0; h < look->heads && l.mean; h++) write_head(&l, h);
  rt_free(l.mean);
}
