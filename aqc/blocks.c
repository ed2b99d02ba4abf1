/* blocks.c: see blocks.h. */
#include "aqc/blocks.h"

#include <stdio.h>

#include "aqc/terminal.h"

static const char *const shade[] = {" ", "░", "▒", "▓", "█"};
enum { SHADES = sizeof shade / sizeof *shade };

/* The mean over a square of points, of all channels. */
static unsigned light_of(const aq_image *image, size_t top, size_t left, size_t side) {
  unsigned long sum = 0, count = 0;
  for (size_t y = top; y < top + side && y < image->height; y++)
    for (size_t x = left; x < left + side && x < image->width; x++)
      for (size_t c = 0; c < image->channels; c++, count++)
        sum += image->bytes[(y * image->width + x) * image->channels + c];
  return count ? (unsigned)(sum / count) : 0;
}

void blocks_print(const aq_image *image) {
  const size_t columns = (size_t)terminal_width(1) / 2,
               side = columns ? (image->width + columns - 1) / columns : 1;
  for (size_t y = 0; y < image->height; y += side) {
    for (size_t x = 0; x < image->width; x += side) {
      const char *block = shade[light_of(image, y, x, side) * SHADES / 256];
      printf("%s%s", block, block);
    }
    putchar('\n');
  }
}
