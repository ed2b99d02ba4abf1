/* attend_text.c: attention maps in a terminal: shaded cells where there is colour, else blocks of rising
 * density with numbers. */
#include "aqc/attend.h"

#include <math.h>

#include "aqc/shown.h"
#include "aqc/terminal.h"

enum {
  LABEL_MOST = 16, /* columns of a row's label */
  NUMBER = 4,      /* columns of a weight */
  CELL_LEAST = NUMBER + 2,
  CELL_MOST = 10, /* of a cell, with the block before and the space after it */
  BAR = 40
};

/* How one map is laid out. */
struct layout {
  FILE *out;
  aq_map map;
  bool colour;
  int label, cell;  /* columns */
  size_t per_block; /* keys side by side */
  double most;      /* the largest weight */
};

static int clamp(int x, int least, int most) { return x < least ? least : x > most ? most : x; }

static int widest(const char *const *tokens, size_t count) {
  int width = 0;
  char buffer[24];
  for (size_t k = 0; k < count; k++) {
    int columns = shown_width(view_label(tokens, k, buffer));
    if (columns > width) width = columns;
  }
  return width;
}

static struct layout lay_out(aq_map map, FILE *out, bool colour) {
  struct layout l = {.out = out, .map = map, .colour = colour};
  bool bars = map.rows == 1 || map.is_mixing;
  l.label = clamp(bars ? widest(map.key, map.columns) : widest(map.query, map.rows), 1, LABEL_MOST);
  l.cell = clamp(widest(map.key, map.columns) + 1, CELL_LEAST, CELL_MOST);
  int room = terminal_width(fileno(out)) - 1 - l.label;
  l.per_block = room > l.cell ? (size_t)(room / l.cell) : 1;
  for (size_t k = 0; k < map.heads * map.rows * map.columns; k++)
    if (isfinite(map.weight[k])) l.most = fmax(l.most, fabs(map.weight[k]));
  return l;
}

/* A weight in four columns: ".42", "1.0", "-.42"; what is masked away is "·". */
static void print_weight(char text[16], double weight) {
  double size = fabs(weight);
  if (weight == 0)
    snprintf(text, 16, "·");
  else if (!isfinite(weight))
    snprintf(text, 16, "?");
  else if (size < 0.995)
    snprintf(text, 16, "%s.%02d", weight < 0 ? "-" : "", (int)lround(size * 100));
  else if (size < 9.95)
    snprintf(text, 16, "%.1f", weight);
  else if (size < 999.5)
    snprintf(text, 16, "%.0f", weight);
  else
    snprintf(text, 16, "%.0e", weight);
}

/* Of the 256 colours of terminals: from white to blue, and to red for weights below 0. */
static void print_shade(const struct layout *l, double share, bool negative) {
  static const int blue[] = {231, 195, 153, 117, 75, 33, 27, 21},
                   red[] = {231, 224, 217, 210, 203, 196, 160, 124};
  int step = clamp((int)(share * 8), 0, 7);
  fprintf(l->out, "\033[48;5;%d;38;5;%dm", negative ? red[step] : blue[step], step > 4 ? 231 : 16);
}

static void print_cell(const struct layout *l, double weight) {
  static const char *const block[] = {"░", "▒", "▓", "█"};
  char text[16];
  double share = l->most > 0 && isfinite(weight) ? fabs(weight) / l->most : 0;
  print_weight(text, weight);
  fputc(' ', l->out);
  if (l->colour) {
    print_shade(l, share, weight < 0);
    shown_field(l->out, text, l->cell - 1, true);
    fputs("\033[0m", l->out);
    return;
  }
  fprintf(l->out, "%*s%s", l->cell - CELL_LEAST, "",
          weight == 0 ? " " : block[clamp((int)(share * 4), 0, 3)]);
  shown_field(l->out, text, NUMBER, true);
}

static void print_keys(const struct layout *l, size_t from, size_t to) {
  char buffer[24];
  fprintf(l->out, "%*s", l->label, "");
  for (size_t key = from; key < to; key++) {
    fputc(' ', l->out);
    shown_field(l->out, view_label(l->map.key, key, buffer), l->cell - 1, true);
  }
  fputc('\n', l->out);
}

/* The keys from..to-1 of every query of one head. */
static void print_block(const struct layout *l, const double *weight, size_t from, size_t to) {
  char buffer[24];
  print_keys(l, from, to);
  for (size_t query = 0; query < l->map.rows; query++) {
    shown_field(l->out, view_label(l->map.query, query, buffer), l->label, true);
    for (size_t key = from; key < to; key++) print_cell(l, weight[query * l->map.columns + key]);
    fputc('\n', l->out);
  }
}

static void print_bar(const struct layout *l, double share) {
  int full = clamp((int)lround(share * BAR), 0, BAR);
  if (l->colour) fputs("\033[34m", l->out);
  for (int k = 0; k < full; k++) fputs("█", l->out);
  if (l->colour) fputs("\033[0m", l->out);
  fputc('\n', l->out);
}

/* One weight for each key: a query that is a single vector, or a mix. */
static void print_bars(const struct layout *l, const double *weight) {
  char buffer[24];
  for (size_t key = 0; key < l->map.columns; key++) {
    shown_field(l->out, view_label(l->map.key, key, buffer), l->label, true);
    fprintf(l->out, " %7.3f ", weight[key]);
    print_bar(l, l->most > 0 && isfinite(weight[key]) ? fabs(weight[key]) / l->most : 0);
  }
}

static void print_title(const struct layout *l, size_t head) {
  if (l->colour) fputs("\033[1m", l->out);
  shown_line(l->out, l->map.name);
  if (l->colour) fputs("\033[0m", l->out);
  if (l->map.heads > 1) fprintf(l->out, ", head %zu of %zu", head + 1, l->map.heads);
  fputc('\n', l->out);
}

static void print_map(const struct layout *l) {
  size_t rows = l->map.rows, columns = l->map.columns;
  for (size_t head = 0; head < l->map.heads; head++) {
    const double *weight = l->map.weight + head * rows * columns;
    print_title(l, head);
    if (rows == 1 || l->map.is_mixing)
      print_bars(l, weight);
    else
      for (size_t from = 0; from < columns; from += l->per_block)
        print_block(l, weight, from, columns - from < l->per_block ? columns : from + l->per_block);
    fputc('\n', l->out);
  }
}

void attend_text(const struct view *view, FILE *out) {
  bool colour = terminal_colour(fileno(out));
  for (size_t index = 0; view_next(view, &index); index++) {
    struct layout l = lay_out(aq_session_map(view->session, index), out, colour);
    print_map(&l);
  }
}
