/* shown_curve_text.c: draws curves in a terminal: "training loss  █▆▅▃▂▁  0.69 … 0.12". */
#include <math.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_curve.h"

enum { NUMBERS = 26, NARROWEST = 8, INDENT = 2 };

static int name_width(const aq_curve *curve) {
  int width = 0;
  for (size_t k = 0; k < curve->line_count; k++) {
    int more = printable_width(curve->line_name[k] ? curve->line_name[k] : "");
    width = more > width ? more : width;
  }
  return width;
}

/* The last finite number of a part of a line; NaN: there is none. */
static double last_of(const double *value, size_t from, size_t end) {
  while (end > from && !shown_is_drawn(value[end - 1])) end--;
  return end > from ? value[end - 1] : NAN;
}

static void write_blocks(const double *value, size_t count, size_t cells, struct rt_text *out) {
  static const char *const block[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double least, most;
  shown_curve_range(value, count, &least, &most);
  for (size_t c = 0; c < cells; c++) {
    double y = last_of(value, c * count / cells, (c + 1) * count / cells);
    double share = most > least ? (y - least) / (most - least) : 0.5;
    rt_text_puts(out, shown_is_drawn(y) ? block[(int)(share * 7 + 0.5)] : " ");
  }
}

static void write_line(const double *value, size_t count, size_t cells, struct rt_text *out) {
  char first[SHOWN_EXACT_SIZE], last[SHOWN_EXACT_SIZE];
  double end = last_of(value, 0, count);
  size_t k = 0;
  while (k < count && !shown_is_drawn(value[k])) k++;
  write_blocks(value, count, cells, out);
  if (k == count) return;
  shown_short(first, value[k]);
  shown_short(last, end);
  rt_text_printf(out, "  %s … %s", first, last);
}

void shown_curve_text(const aq_curve *curve, int columns, struct rt_text *out) {
  int width = name_width(curve), room = columns - INDENT - width - NUMBERS;
  size_t cells = (size_t)(room > NARROWEST ? room : NARROWEST);
  if (cells > curve->count) cells = curve->count;
  printable_line(out, curve->title ? curve->title : "");
  rt_text_puts(out, "\n");
  for (size_t k = 0; k < curve->line_count; k++) {
    rt_text_printf(out, "%*s", INDENT, "");
    printable_field(out, curve->line_name[k] ? curve->line_name[k] : "", width, false);
    rt_text_puts(out, "  ");
    write_line(curve->line_value[k], curve->count, cells, out);
    rt_text_puts(out, "\n");
  }
}
