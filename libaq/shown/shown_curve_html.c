/* shown_curve_html.c: draws curves on a page, in SVG. Lines differ in their dashes and in the marks of their
 * points, so that they can be told apart without colours. */
#include <math.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_curve.h"

/* Of the drawing, in its own units; it is shown about as large. */
enum { WIDTH = 400, HEIGHT = 240, LEFT = 62, RIGHT = 12, TOP = 18, BOTTOM = 42, STYLES = 4 };
/* Beyond so many places a part of them is drawn; up to so few each point has a mark. */
enum { MOST_PLACES = 2000, FEW_PLACES = 40 };

/* One axis: its numbers go from low to high in steps. */
struct axis {
  double low, high, step;
  double from, to; /* where low and high are in the drawing */
};

struct plot {
  const aq_curve *curve;
  struct rt_text *out;
  struct axis x, y;
  size_t stride; /* of the places */
};

static double place_on(const struct axis *axis, double number) {
  return axis->from + (number - axis->low) / (axis->high - axis->low) * (axis->to - axis->from);
}

/* 1, 2 or 5 times a power of ten, so that there are at most `most` steps. */
static double round_step(double range, int most) {
  double power = pow(10, floor(log10(range / most)));
  for (double times = 1; times < 10; times = times == 2 ? 5 : times * 2)
    if (range / (power * times) <= most) return power * times;
  return power * 10;
}

/* An axis over these numbers. whole: its steps are whole numbers. */
static struct axis axis_over(double least, double most, int steps, bool whole) {
  struct axis axis = {0};
  if (!(least <= most)) least = most = 0;
  if (most - least <= 1e-9 * fmax(fabs(least), fabs(most))) { /* as good as equal */
    double around = least != 0 && !whole ? 0.1 * fabs(least) : 1;
    least -= around;
    most += around;
  }
  axis.step = round_step(most / 2 - least / 2, steps > 1 ? steps / 2 : 1);
  if (whole && axis.step < 1) axis.step = 1;
  axis.low = floor(least / axis.step) * axis.step;
  axis.high = ceil(most / axis.step) * axis.step;
  return axis;
}

static void write_coordinate(struct rt_text *out, double number) {
  char digits[SHOWN_FIXED_SIZE];
  shown_fixed(digits, number, 1);
  rt_text_puts(out, digits);
}

static void write_attribute(struct rt_text *out, const char *name, double number) {
  rt_text_printf(out, " %s=\"", name);
  write_coordinate(out, number);
  rt_text_puts(out, "\"");
}

/* ---- axes ---- */

static void write_segment(struct rt_text *out, const char *class, const double at[static 4]) {
  rt_text_printf(out, "<line class=\"%s\"", class);
  write_attribute(out, "x1", at[0]);
  write_attribute(out, "y1", at[1]);
  write_attribute(out, "x2", at[2]);
  write_attribute(out, "y2", at[3]);
  rt_text_puts(out, "/>\n");
}

static void write_words(struct rt_text *out, double x, double y, const char *anchor, const char *text) {
  rt_text_puts(out, "<text");
  write_attribute(out, "x", x);
  write_attribute(out, "y", y);
  rt_text_printf(out, " text-anchor=\"%s\">", anchor);
  printable_html(out, text);
  rt_text_puts(out, "</text>\n");
}

/* The number of tick k, where what rounding leaves of nothing is nothing. */
static double tick_of(const struct axis *axis, int k) {
  double number = axis->low + k * axis->step;
  return fabs(number) < axis->step / 1e6 ? 0 : number;
}

static int ticks_of(const struct axis *axis) { return (int)lround((axis->high - axis->low) / axis->step); }

static void write_axes(const struct plot *p) {
  char number[SHOWN_EXACT_SIZE];
  for (int k = 0; k <= ticks_of(&p->y); k++) {
    double tick = tick_of(&p->y, k), y = place_on(&p->y, tick);
    write_segment(p->out, "rule", (double[]){LEFT, y, WIDTH - RIGHT, y});
    shown_short(number, tick);
    write_words(p->out, LEFT - 6, y + 4, "end", number);
  }
  for (int k = 0; k <= ticks_of(&p->x); k++) {
    double tick = tick_of(&p->x, k), x = place_on(&p->x, tick);
    if (x < LEFT - 0.5 || x > WIDTH - RIGHT + 0.5) continue;
    write_segment(p->out, "axis", (double[]){x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4});
    shown_short(number, tick);
    write_words(p->out, x, HEIGHT - BOTTOM + 17, "middle", number);
  }
  write_segment(p->out, "axis", (double[]){LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM});
  write_words(p->out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle",
              p->curve->place ? p->curve->place : "");
}

static void write_mark(const struct plot *p) {
  double marked = p->curve->marked;
  if (!(marked >= p->x.low && marked <= p->x.high)) return;
  double x = place_on(&p->x, marked);
  bool right = x > (LEFT + WIDTH - RIGHT) * 0.6;
  write_segment(p->out, "mark", (double[]){x, TOP - 4, x, HEIGHT - BOTTOM});
  write_words(p->out, right ? x - 4 : x + 4, TOP - 6, right ? "end" : "start",
              p->curve->mark ? p->curve->mark : "");
}

/* ---- lines ---- */

static void write_point(const struct plot *p, size_t style, size_t k, double value) {
  static const char *const shape[STYLES] = {"M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", "M-3-3h6v6h-6z",
                                            "M0-4l4 7h-8z", "M-3-3l6 6M-3 3l6-6"};
  char at[SHOWN_EXACT_SIZE], number[SHOWN_EXACT_SIZE];
  shown_short(at, p->curve->at[k]);
  shown_short(number, value);
  rt_text_printf(p->out, "<path class=\"point s%zu\" transform=\"translate(", style);
  write_coordinate(p->out, place_on(&p->x, p->curve->at[k]));
  rt_text_puts(p->out, " ");
  write_coordinate(p->out, place_on(&p->y, value));
  rt_text_printf(p->out, ")\" d=\"%s\"><title>", shape[style]);
  printable_html(p->out, p->curve->place ? p->curve->place : "");
  rt_text_printf(p->out, " %s: %s</title></path>\n", at, number);
}

static bool has_value(const struct plot *p, const double *value, size_t k) {
  return k < p->curve->count && shown_is_drawn(value[k]);
}

/* A number that stands alone between gaps would be no line: it is a point in any case. */
static bool is_alone(const struct plot *p, const double *value, size_t k) {
  return !(k >= p->stride && has_value(p, value, k - p->stride)) && !has_value(p, value, k + p->stride);
}

static void write_line(const struct plot *p, const double *value, size_t style) {
  bool open = false;
  rt_text_printf(p->out, "<path class=\"curve s%zu\" d=\"", style);
  for (size_t k = (p->curve->count - 1) % p->stride; k < p->curve->count; k += p->stride) {
    if (has_value(p, value, k)) {
      rt_text_puts(p->out, open ? "L" : "M");
      write_coordinate(p->out, place_on(&p->x, p->curve->at[k]));
      rt_text_puts(p->out, " ");
      write_coordinate(p->out, place_on(&p->y, value[k]));
    }
    open = has_value(p, value, k);
  }
  rt_text_puts(p->out, "\"/>\n");
  for (size_t k = (p->curve->count - 1) % p->stride; k < p->curve->count; k += p->stride)
    if (has_value(p, value, k) && (p->curve->count <= FEW_PLACES || is_alone(p, value, k)))
      write_point(p, style, k, value[k]);
}

static void write_legend(const aq_curve *curve, struct rt_text *out) {
  rt_text_puts(out, "<p class=\"legend\">");
  for (size_t k = 0; k < curve->line_count; k++) {
    rt_text_printf(out,
                   "<span><svg width=\"34\" height=\"10\" aria-hidden=\"true\"><path class=\"curve s%zu\" "
                   "d=\"M1 5H33\"/></svg> ",
                   k % STYLES);
    printable_html(out, curve->line_name[k] ? curve->line_name[k] : "");
    rt_text_puts(out, "</span> ");
  }
  rt_text_puts(out, "</p>\n");
}

static void set_axes(struct plot *p) {
  const aq_curve *curve = p->curve;
  double least, most, low = INFINITY, high = -INFINITY;
  bool whole = true;
  for (size_t k = 0; k < curve->line_count; k++) {
    shown_curve_range(curve->line_value[k], curve->count, &least, &most);
    low = fmin(low, least);
    high = fmax(high, most);
  }
  p->y = axis_over(low, high, 6, false);
  p->y.from = HEIGHT - BOTTOM;
  p->y.to = TOP;
  shown_curve_range(curve->at, curve->count, &least, &most);
  for (size_t k = 0; k < curve->count; k++) whole &= curve->at[k] == floor(curve->at[k]);
  p->x = axis_over(least, most, 8, whole);
  if (whole && least < most) { /* no room for epochs that there are not */
    p->x.low = ceil(least / p->x.step) * p->x.step;
    p->x.from = LEFT + 8 + (p->x.low - least) / (most - least) * (WIDTH - RIGHT - LEFT - 16);
    p->x.high = most;
    p->x.to = WIDTH - RIGHT - 8;
  } else {
    p->x.from = LEFT;
    p->x.to = WIDTH - RIGHT;
  }
}

void shown_curve_html(const aq_curve *curve, struct rt_text *out) {
  struct plot plot = {
      .curve = curve, .out = out, .stride = 1 + (curve->count ? curve->count - 1 : 0) / MOST_PLACES};
  rt_text_puts(out, "<figure>\n<figcaption><b>");
  printable_html(out, curve->title ? curve->title : "");
  rt_text_puts(out, "</b></figcaption>\n");
  if (curve->line_count > 1) write_legend(curve, out);
  set_axes(&plot);
  rt_text_printf(out, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
  printable_html(out, curve->title ? curve->title : "");
  rt_text_puts(out, "\">\n");
  write_axes(&plot);
  write_mark(&plot);
  for (size_t k = 0; k < curve->line_count && curve->count; k++)
    write_line(&plot, curve->line_value[k], k % STYLES);
  rt_text_puts(out, "</svg>\n");
  if (curve->about) {
    rt_text_puts(out, "<p class=\"about\">");
    printable_html(out, curve->about);
    rt_text_puts(out, "</p>\n");
  }
  rt_text_puts(out, "</figure>\n");
}
