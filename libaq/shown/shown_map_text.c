/* shown_map_text.c: draws maps in a terminal: shaded cells where there is colour, else blocks of rising
 * density with numbers. */
#include <math.h>
#include <stdio.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_map.h"

enum {
  LABEL_MOST = 16, /* columns of a row's label */
  NUMBER = 4,      /* columns of a number */
  CELL_LEAST = NUMBER + 2,
  CELL_MOST = 10, /* of a cell, with the space and the block before its number */
  BAR = 40
};

/* How one map is laid out. */
struct layout {
  struct rt_text *out;
  const struct shown_map *map;
  bool colour;
  int label, cell;  /* columns */
  size_t per_block; /* columns of the map side by side */
  double most;
};

static int clamp(int x, int least, int most) { return x < least ? least : x > most ? most : x; }

static int widest(const char *const *names, size_t count) {
  int width = 0;
  char buffer[SHOWN_NAME];
  for (size_t k = 0; k < count; k++) {
    int columns = printable_width(shown_map_name(names, k, buffer));
    if (columns > width) width = columns;
  }
  return width;
}

static struct layout lay_out(const struct shown_map *map, int columns, bool colour, struct rt_text *out) {
  struct layout l = {.out = out, .map = map, .colour = colour, .most = shown_map_most(map)};
  int names = widest(map->column, map->columns);
  l.label = clamp(map->bars ? names : widest(map->row, map->rows), 1, LABEL_MOST);
  l.cell = clamp(names + 1, CELL_LEAST, CELL_MOST);
  int room = columns - 1 - l.label;
  l.per_block = room > l.cell ? (size_t)(room / l.cell) : 1;
  return l;
}

static void paint(const struct layout *l, const char *code) {
  if (l->colour) rt_text_printf(l->out, "\033[%sm", code);
}

/* A number in four columns: ".42", "1.0", "-.42". 0, as for a masked pair, is "·". */
static void number_text(char text[SHOWN_FIXED_SIZE], double number) {
  double size = fabs(number);
  if (number == 0)
    snprintf(text, SHOWN_FIXED_SIZE, "·");
  else if (!isfinite(number))
    snprintf(text, SHOWN_FIXED_SIZE, "?");
  else if (size < 0.995)
    snprintf(text, SHOWN_FIXED_SIZE, "%s.%02d", number < 0 ? "-" : "", (int)lround(size * 100));
  else if (size < 999.5)
    shown_fixed(text, number, size < 9.95);
  else
    snprintf(text, SHOWN_FIXED_SIZE, "%.0e", number);
}

/* One of the 256 colours of terminals: from white to blue, or to red for numbers below 0. */
static void shade(const struct layout *l, double share, bool negative) {
  static const int blue[] = {231, 195, 153, 117, 75, 33, 27, 21},
                   red[] = {231, 224, 217, 210, 203, 196, 160, 124};
  int step = clamp((int)(share * 8), 0, 7);
  rt_text_printf(l->out, "\033[48;5;%d;38;5;%dm", negative ? red[step] : blue[step], step > 4 ? 231 : 16);
}

static void write_cell(const struct layout *l, double number) {
  static const char *const block[] = {"░", "▒", "▓", "█"};
  char text[SHOWN_FIXED_SIZE];
  double share = shown_map_share(number, l->most);
  number_text(text, number);
  rt_text_puts(l->out, " ");
  if (l->colour) {
    shade(l, share, number < 0);
    printable_field(l->out, text, l->cell - 1, true);
    paint(l, "0");
    return;
  }
  rt_text_printf(l->out, "%*s%s", l->cell - CELL_LEAST, "",
                 number == 0 ? " " : block[clamp((int)(share * 4), 0, 3)]);
  printable_field(l->out, text, NUMBER, true);
}

/* The columns from..to-1 of every row of one head. */
static void write_block(const struct layout *l, const double *number, size_t from, size_t to) {
  char buffer[SHOWN_NAME];
  rt_text_printf(l->out, "%*s", l->label, "");
  for (size_t c = from; c < to; c++) {
    rt_text_puts(l->out, " ");
    printable_field(l->out, shown_map_name(l->map->column, c, buffer), l->cell - 1, true);
  }
  rt_text_puts(l->out, "\n");
  for (size_t r = 0; r < l->map->rows; r++) {
    printable_field(l->out, shown_map_name(l->map->row, r, buffer), l->label, true);
    for (size_t c = from; c < to; c++) write_cell(l, number[r * l->map->columns + c]);
    rt_text_puts(l->out, "\n");
  }
}

static void write_bar(const struct layout *l, double share) {
  int full = clamp((int)lround(share * BAR), 0, BAR);
  paint(l, "34");
  for (int k = 0; k < full; k++) rt_text_puts(l->out, "█");
  paint(l, "0");
  rt_text_puts(l->out, "\n");
}

/* One number for each column: a query that is a single vector, or a mix. */
static void write_bars(const struct layout *l, const double *number) {
  char buffer[SHOWN_NAME], digits[SHOWN_FIXED_SIZE];
  for (size_t c = 0; c < l->map->columns; c++) {
    printable_field(l->out, shown_map_name(l->map->column, c, buffer), l->label, true);
    shown_fixed(digits, number[c], 3);
    rt_text_printf(l->out, " %7s ", digits);
    write_bar(l, shown_map_share(number[c], l->most));
  }
}

static void write_title(const struct layout *l, size_t head) {
  paint(l, "1");
  printable_line(l->out, l->map->title);
  paint(l, "0");
  if (l->map->heads > 1) rt_text_printf(l->out, ", head %zu of %zu", head + 1, l->map->heads);
  rt_text_puts(l->out, "\n");
}

void shown_map_text(const struct shown_map *map, int screen, bool colour, struct rt_text *out) {
  struct layout l = lay_out(map, screen, colour, out);
  size_t rows = map->rows, columns = map->columns;
  for (size_t head = 0; head < map->heads; head++) {
    const double *number = map->number + head * rows * columns;
    write_title(&l, head);
    if (map->bars)
      write_bars(&l, number);
    else
      for (size_t from = 0; from < columns; from += l.per_block)
        write_block(&l, number, from, columns - from < l.per_block ? columns : from + l.per_block);
    rt_text_puts(out, "\n");
  }
}
