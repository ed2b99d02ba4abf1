/* shown_map_html.c: draws maps on a page: a cell for each number, darker for a larger one. */
#include <math.h>

#include "libaq/printable.h"
#include "libaq/shown_map.h"

/* From this darkness on, the number is written in the other colour. */
static const double STRONG = 0.65;

static void write_number(const struct shown_map *map, double number, struct rt_text *out) {
  char digits[SHOWN_FIXED_SIZE];
  shown_fixed(digits, number, map->counts ? 0 : 2);
  if (number == 0)
    rt_text_puts(out, "·");
  else
    rt_text_puts(out, isfinite(number) ? digits : "?");
}

static void write_cell(const struct shown_map *map, double number, double most, struct rt_text *out) {
  char share[SHOWN_FIXED_SIZE], exact[SHOWN_FIXED_SIZE];
  double dark = shown_map_share(number, most);
  shown_fixed(share, dark, 3);
  shown_fixed(exact, number, 6);
  const char *plain = number < 0    ? " class=\"n\""
                      : number == 0 ? " class=\"z\""
                                    : "",
             *strong = number < 0 ? " class=\"n s\"" : " class=\"s\"";
  rt_text_printf(out, "<td%s style=\"--w:%s\"", dark > STRONG ? strong : plain, share);
  if (!map->counts && number != 0) rt_text_printf(out, " title=\"%s\"", exact);
  rt_text_puts(out, ">");
  write_number(map, number, out);
}

static void write_name(const char *const *names, size_t k, struct rt_text *out) {
  char buffer[SHOWN_NAME];
  rt_text_puts(out, "<th>");
  printable_html(out, shown_map_name(names, k, buffer));
}

static void write_bars(const struct shown_map *map, const double *number, double most, struct rt_text *out) {
  char digits[SHOWN_FIXED_SIZE], share[SHOWN_FIXED_SIZE];
  rt_text_puts(out, "<table class=\"map bars\">\n<tbody>\n");
  for (size_t c = 0; c < map->columns; c++) {
    shown_fixed(digits, number[c], 3);
    shown_fixed(share, 100 * shown_map_share(number[c], most), 1);
    rt_text_puts(out, "<tr>");
    write_name(map->column, c, out);
    rt_text_printf(out, "<td>%s<td><i style=\"width:%s%%\"></i>\n", isfinite(number[c]) ? digits : "?",
                   share);
  }
  rt_text_puts(out, "</table>\n");
}

static void write_cells(const struct shown_map *map, const double *number, double most, struct rt_text *out) {
  rt_text_puts(out, "<table class=\"map\">\n<thead><tr><th class=\"corner\">");
  if (map->corner) printable_html(out, map->corner);
  for (size_t c = 0; c < map->columns; c++) write_name(map->column, c, out);
  rt_text_puts(out, "\n<tbody>\n");
  for (size_t r = 0; r < map->rows; r++) {
    rt_text_puts(out, "<tr>");
    write_name(map->row, r, out);
    for (size_t c = 0; c < map->columns; c++) write_cell(map, number[r * map->columns + c], most, out);
    rt_text_puts(out, "\n");
  }
  rt_text_puts(out, "</table>\n");
}

void shown_map_html(const struct shown_map *map, struct rt_text *out) {
  double most = shown_map_most(map);
  for (size_t h = 0; h < map->heads; h++) {
    const double *number = map->number + h * map->rows * map->columns;
    rt_text_puts(out, map->on_pages ? "<h3>" : "<h2>");
    printable_html(out, map->title);
    if (map->heads > 1) rt_text_printf(out, ", head %zu of %zu", h + 1, map->heads);
    rt_text_puts(out, map->on_pages ? "</h3>\n" : "</h2>\n");
    rt_text_puts(out, "<div class=\"wide\">");
    (map->bars ? write_bars : write_cells)(map, number, most, out);
    rt_text_puts(out, "</div>\n");
  }
}
