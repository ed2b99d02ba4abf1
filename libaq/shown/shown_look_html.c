/* shown_look_html.c: draws weights over pictures on a page. A picture is embedded once, as PNG, and used as
 * often as it is shown; over it lies a rectangle for each place, the stronger the larger its weight is. */
#include <math.h>
#include <string.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_look.h"
#include "runtime/io/image.h"

/* Pictures of a head that are drawn one by one. A weaker rectangle than LEAST is not drawn: nobody sees it.
 * Pictures smaller than SHARP are shown point by point. */
enum { MOST_PICTURES = 150, SHARP = 100 };
static const double LEAST = 0.02, STRONGEST = 0.7;

/* ---- pictures ---- */

static void write_base64(const unsigned char *byte, size_t count, struct rt_text *out) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t k = 0; k < count; k += 3) {
    const uint32_t bits = (uint32_t)byte[k] << 16 | (k + 1 < count ? (uint32_t)byte[k + 1] << 8 : 0)
                          | (k + 2 < count ? byte[k + 2] : 0);
    char text[] = "====";
    for (size_t d = 0; d < 4 && d <= count - k; d++) text[d] = digit[bits >> (18 - 6 * d) & 63];
    rt_text_add(out, text, 4);
  }
}

static bool is_same(const aq_image *a, const aq_image *b) {
  return a->height == b->height && a->width == b->width && a->channels == b->channels
         && memcmp(a->bytes, b->bytes, a->height * a->width * a->channels) == 0;
}

static void embed(const aq_image *picture, size_t number, struct rt_text *out) {
  const struct io_image image = {(int32_t)picture->height, (int32_t)picture->width, (int)picture->channels,
                                 (unsigned char *)(uintptr_t)picture->bytes};
  struct rt_text file = {0};
  if (io_png_encode(&image, &file, NULL) != RT_OK) out->failed = true;
  rt_text_printf(out,
                 "<svg width=\"0\" height=\"0\" class=\"defs\"><defs><image id=\"p%zu\" width=\"%zu\" "
                 "height=\"%zu\" href=\"data:image/png;base64,",
                 number, picture->width, picture->height);
  write_base64((const unsigned char *)file.data, file.length, out);
  rt_text_puts(out, "\"/></defs></svg>\n");
  rt_text_free(&file);
}

/* The number of a picture in the page. */
static size_t number_of(struct shown_pictures *pictures, const aq_image *picture, struct rt_text *out) {
  const size_t most = RT_COUNT(pictures->of);
  for (size_t k = 0; k < pictures->count && k < most; k++)
    if (is_same(pictures->of[k], picture)) return k;
  if (pictures->count < most) pictures->of[pictures->count] = picture;
  embed(picture, pictures->count, out);
  return pictures->count++;
}

/* ---- one look ---- */

struct look {
  const struct shown_look *look;
  struct rt_text *out;
  size_t picture; /* its number in the page */
};

static void write_place(const struct look *l, const char *kind, size_t place, const aq_grid *grid) {
  const aq_image *picture = grid->picture;
  const double top = grid->top + grid->height * (double)(place / grid->columns),
               left = grid->left + grid->width * (double)(place % grid->columns);
  const double number[] = {left * (double)picture->width, top * (double)picture->height,
                           grid->width * (double)picture->width, grid->height * (double)picture->height};
  static const char *const what[] = {"x", "y", "width", "height"};
  char text[SHOWN_FIXED_SIZE];
  rt_text_printf(l->out, "<rect class=\"%s\"", kind);
  for (size_t k = 0; k < RT_COUNT(number); k++) {
    shown_fixed(text, number[k], 2);
    rt_text_printf(l->out, " %s=\"%s\"", what[k], text);
  }
}

static void write_heat(const struct look *l, const double *number, double most) {
  const aq_grid *grid = l->look->grid;
  char share[SHOWN_FIXED_SIZE], exact[SHOWN_FIXED_SIZE];
  for (size_t k = 0; k < grid->rows * grid->columns && most > 0; k++) {
    const double part = isfinite(number[k]) ? fabs(number[k]) / most : 0;
    if (part < LEAST) continue;
    shown_fixed(share, STRONGEST * part, 2);
    shown_fixed(exact, number[k], 4);
    write_place(l, "heat", k, grid);
    rt_text_printf(l->out, " fill-opacity=\"%s\"><title>row %zu, column %zu: %s</title></rect>", share,
                   k / grid->columns + 1, k % grid->columns + 1, exact);
  }
}

static void begin_picture(const struct look *l, bool under) {
  const aq_image *p = l->look->grid->picture;
  rt_text_printf(l->out, "<figure><svg viewBox=\"0 0 %zu %zu\"%s><use href=\"#p%zu\"%s/>", p->width,
                 p->height, p->width < SHARP && p->height < SHARP ? " class=\"sharp\"" : "", l->picture,
                 under ? " class=\"under\"" : "");
}

static void end_picture(const struct look *l, const char *name, double most) {
  char largest[SHOWN_FIXED_SIZE];
  rt_text_puts(l->out, "</svg><figcaption>");
  printable_html(l->out, name);
  shown_fixed(largest, most, 2);
  if (most > 0) rt_text_printf(l->out, " <span class=\"dim\">to %s</span>", largest);
  rt_text_puts(l->out, "</figcaption></figure>\n");
}

static void write_look(const struct look *l, const double *number, size_t picture) {
  const struct shown_look *look = l->look;
  char buffer[SHOWN_LOOK_NAME];
  size_t place;
  const double most = shown_look_most(look, number, &place);
  begin_picture(l, true);
  write_heat(l, number, most);
  if (look->cell && picture < look->count && look->from->picture->width == look->grid->picture->width
      && look->from->picture->height == look->grid->picture->height) {
    write_place(l, "own", look->cell[picture], look->from);
    rt_text_puts(l->out, "/>");
  }
  end_picture(l, look->count > 1 || look->cell ? shown_look_name(look, picture, buffer) : "", most);
}

/* ---- a head ---- */

static void write_title(const struct look *l, size_t head) {
  rt_text_puts(l->out, l->look->brief ? "<p class=\"words\"><span class=\"dim\">" : "<h2>");
  printable_html(l->out, l->look->title);
  if (l->look->heads > 1) rt_text_printf(l->out, ", head %zu of %zu", head + 1, l->look->heads);
  rt_text_puts(l->out, l->look->brief ? "</span></p>\n" : "</h2>\n");
}

static void write_head(const struct look *l, size_t head, double *mean) {
  const struct shown_look *look = l->look;
  const bool several = look->count > 1, mosaic = look->cell != NULL;
  const size_t shown = look->brief ? 0 : look->count < MOST_PICTURES ? look->count : MOST_PICTURES;
  write_title(l, head);
  rt_text_puts(l->out, "<div class=\"looks\">\n");
  begin_picture(l, false);
  end_picture(l, look->grid->column, 0);
  if (look->brief || (several && !look->of_queries))
    write_look(l, shown_look_numbers(look, head, look->count, mean), look->count);
  if (mosaic)
    rt_text_printf(l->out,
                   "</div><div class=\"looks mosaic\" style=\"grid-template-columns: repeat(%zu, 1fr)\">\n",
                   look->abreast);
  for (size_t p = 0; p < shown; p++) write_look(l, shown_look_numbers(look, head, p, mean), p);
  rt_text_puts(l->out, "</div>\n");
  if (shown < look->count && !look->brief)
    rt_text_printf(l->out, "<p class=\"dim\">… and %zu more</p>\n", look->count - shown);
}

static void write_about(const struct look *l) {
  const aq_grid *grid = l->look->grid;
  rt_text_puts(l->out, "<p class=\"about\">");
  rt_text_printf(l->out, "%zu x %zu places of ", grid->rows, grid->columns);
  printable_html(l->out, grid->column);
  rt_text_puts(l->out, l->look->of_queries ? ": from where each of these is looked at, the redder the more."
                                           : ": where each looks, the redder the more.");
  if (l->look->cell) rt_text_puts(l->out, " The blue frame is the place that looks.");
  rt_text_puts(l->out, "</p>\n");
}

void shown_look_html(const struct shown_look *look, struct shown_pictures *pictures, struct rt_text *out) {
  struct look l = {look, out, number_of(pictures, look->grid->picture, out)};
  double *mean = rt_alloc((look->grid->rows * look->grid->columns + 1) * sizeof *mean);
  if (!mean) out->failed = true;
  for (size_t h = 0; h < look->heads && mean; h++) write_head(&l, h, mean);
  if (!look->brief) write_about(&l);
  rt_free(mean);
}
