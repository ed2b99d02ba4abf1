/* shown_map_html.c: draws maps on a page: a cell for each number, darker for a larger one. */
#include <math.h>
#include <stdint.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_map.h"

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

static double sum_of(const double *number, size_t count) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += number[k];
  return sum;
}

static void write_cells(const struct shown_map *map, const double *number, double most, struct rt_text *out) {
  rt_text_puts(out, "<table class=\"map\">\n<thead><tr><th class=\"corner\">");
  if (map->corner) printable_html(out, map->corner);
  for (size_t c = 0; c < map->columns; c++) write_name(map->column, c, out);
  rt_text_puts(out, "\n<tbody>\n");
  for (size_t r = 0; r < map->rows; r++) {
    rt_text_puts(out, "<tr>");
    write_name(map->row, r, out);
    const double *row = number + r * map->columns;
    double of_row = map->counts ? sum_of(row, map->columns) : most;
    for (size_t c = 0; c < map->columns; c++) write_cell(map, row[c], of_row, out);
    rt_text_puts(out, "\n");
  }
  rt_text_puts(out, "</table>\n");
}

/* ---- words ---- */

/* Of a longer text the first words are written. */
enum { MOST_WORDS = 150 };

/* The mean weight of a column over its rows. */
static double mean_of(const struct shown_map *map, const double *number, size_t column) {
  double sum = 0;
  for (size_t r = 0; r < map->rows; r++) sum += number[r * map->columns + column];
  return sum / (double)map->rows;
}

static void write_word(const struct shown_map *map, size_t column, double weight, double most,
                       struct rt_text *out) {
  char share[SHOWN_FIXED_SIZE], exact[SHOWN_FIXED_SIZE], buffer[SHOWN_NAME];
  double dark = shown_map_share(weight, most);
  shown_fixed(share, dark, 2);
  shown_fixed(exact, weight, 4);
  rt_text_printf(out, "<span class=\"w%s%s\" style=\"--w:%s\" title=\"%s\">", dark > STRONG ? " s" : "",
                 weight < 0 ? " n" : "", share, exact);
  printable_html(out, shown_map_name(map->column, column, buffer));
  rt_text_puts(out, "</span> ");
}

static void write_words(const struct shown_map *map, const double *number, struct rt_text *out) {
  size_t count = map->columns < MOST_WORDS ? map->columns : MOST_WORDS;
  double most = 0;
  for (size_t c = 0; c < map->columns && map->rows; c++) {
    double weight = fabs(mean_of(map, number, c));
    if (isfinite(weight)) most = fmax(most, weight);
  }
  for (size_t c = 0; c < count && map->rows; c++) write_word(map, c, mean_of(map, number, c), most, out);
  if (count < map->columns) rt_text_printf(out, "… %zu more", map->columns - count);
}

static void write_heads(const struct shown_map *map, struct rt_text *out) {
  for (size_t h = 0; h < map->heads; h++) {
    rt_text_puts(out, "<p class=\"words\"><span class=\"dim\">");
    printable_html(out, map->title);
    if (map->heads > 1) rt_text_printf(out, ", head %zu of %zu", h + 1, map->heads);
    rt_text_puts(out, "</span> ");
    write_words(map, map->number + h * map->rows * map->columns, out);
    rt_text_puts(out, "</p>\n");
  }
}

/* ---- large maps ---- */

/* A map of more cells than this is drawn by a script: the numbers of 1200 words are 80 MB as a table. */
enum { MOST_CELLS = 128 * 128 };

/* Three bytes as four characters (RFC 4648). */
static void write_base64(const uint8_t byte[3], size_t count, struct rt_text *out) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = (uint32_t)byte[0] << 16 | (uint32_t)byte[1] << 8 | byte[2];
  char text[] = "====";
  for (size_t k = 0; k <= count && k < 4; k++) text[k] = digit[bits >> (18 - 6 * k) & 63];
  rt_text_add(out, text, 4);
}

/* How dark a number is in 127 steps around 128; 0: it is not finite. */
static uint8_t shade(double number, double most) {
  if (!isfinite(number)) return 0;
  int share = (int)lround(127 * shown_map_share(number, most));
  return (uint8_t)(number < 0 ? 128 - share : 128 + share);
}

static void write_names(const char *which, const char *const *names, size_t count, struct rt_text *out) {
  rt_text_printf(out, " data-%s=\"", which);
  for (size_t k = 0; k < count; k++) {
    char buffer[SHOWN_NAME];
    if (k) rt_text_puts(out, "\n");
    struct rt_text name = {0};
    printable_line(&name, shown_map_name(names, k, buffer)); /* a newline parts the names */
    out->failed |= name.failed;
    if (!name.failed && name.data) printable_html(out, name.data);
    rt_text_free(&name);
  }
  rt_text_puts(out, "\"");
}

static void write_canvas(const struct shown_map *map, const double *number, double most,
                         struct rt_text *out) {
  char largest[SHOWN_EXACT_SIZE];
  uint8_t byte[3] = {0};
  size_t cells = map->rows * map->columns;
  shown_exact(largest, most);
  rt_text_printf(out, "<canvas class=\"large\" width=\"%zu\" height=\"%zu\" data-most=\"%s\"", map->columns,
                 map->rows, largest);
  write_names("rows", map->row, map->rows, out);
  write_names("columns", map->column, map->columns, out);
  rt_text_puts(out, " data-cells=\"");
  for (size_t k = 0; k < cells; k++) {
    byte[k % 3] = shade(number[k], most);
    if (k % 3 < 2 && k + 1 < cells) continue;
    for (size_t rest = k % 3 + 1; rest < 3; rest++) byte[rest] = 0;
    write_base64(byte, k % 3 + 1, out);
  }
  rt_text_printf(out,
                 "\"></canvas><p class=\"dim\">%zu rows, %zu columns: a point for each number; under the "
                 "pointer it is named, to about 1%% of the largest</p>",
                 map->rows, map->columns);
}

bool shown_map_html(const struct shown_map *map, struct rt_text *out) {
  double most = shown_map_most(map);
  if (map->words) {
    write_heads(map, out);
    return false;
  }
  bool large = !map->bars && map->rows * map->columns > MOST_CELLS;
  for (size_t h = 0; h < map->heads; h++) {
    const double *number = map->number + h * map->rows * map->columns;
    rt_text_puts(out, map->on_pages ? "<h3>" : "<h2>");
    printable_html(out, map->title);
    if (map->heads > 1) rt_text_printf(out, ", head %zu of %zu", h + 1, map->heads);
    rt_text_puts(out, map->on_pages ? "</h3>\n" : "</h2>\n");
    rt_text_puts(out, "<div class=\"wide\">");
    (map->bars ? write_bars : large ? write_canvas : write_cells)(map, number, most, out);
    rt_text_puts(out, "</div>\n");
  }
  if (map->about) {
    rt_text_puts(out, "<p class=\"about\">");
    printable_html(out, map->about);
    rt_text_puts(out, "</p>\n");
  }
  return large;
}
