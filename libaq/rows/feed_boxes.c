/* feed_boxes.c: the boxes of a row, as a model is given them. */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/boxes.h"
#include "runtime/io/images.h"
#include "runtime/random.h"

uint64_t lib_feed_chance(const struct lib_feed *feed, int column, int64_t example) {
  return feed->chance ? rt_random_seed(rt_random_seed(*feed->chance, (uint64_t)column), (uint64_t)example)
                      : 0;
}

/* Four edges, and a 1 for its class. */
static void put_box(enum rt_precision precision, const double *box, int32_t class, int64_t width, void *out) {
  for (int64_t k = 0; k < width; k++) {
    const double x = k < IO_BOX_NUMBERS ? box[k] : k - IO_BOX_NUMBERS == class;
    if (precision == RT_F64)
      ((double *)out)[k] = x;
    else
      ((float *)out)[k] = (float)x;
  }
}

int64_t lib_give_boxes(const struct lib_feed *feed, uint32_t input, struct lib_batch batch, int64_t example,
                       void *out) {
  const struct io_column *column = &feed->schema->columns[feed->column[input]];
  const struct io_values *v = &batch.data->values[feed->column[input]];
  const int64_t row = batch.row[example], first = io_payload_begin(&v->of, row),
                width = column->vocab->count + IO_BOX_NUMBERS;
  const size_t size = (size_t)width * (feed->precision == RT_F64 ? sizeof(double) : sizeof(float));
  const uint64_t chance = column->pair >= 0 ? lib_feed_chance(feed, column->pair, example) : 0;
  const struct io_giving image = {.column = &feed->schema->columns[column->pair < 0 ? 0 : column->pair],
                                  .values = &batch.data->values[column->pair < 0 ? 0 : column->pair],
                                  .row = row,
                                  .chance = feed->chance ? &chance : NULL};
  struct io_change change;
  const bool moves = column->pair >= 0 && image.values->present && io_image_changed(&image, &change);
  int64_t given = 0;
  for (int64_t k = first; k < first + io_row_length(v, row); k++) {
    double box[IO_BOX_NUMBERS];
    memcpy(box, io_payload_numbers(&v->beside) + k * IO_BOX_NUMBERS, sizeof box);
    if (moves) {
      const struct io_image of = io_image_sizes(image.values);
      if (!io_box_move(&change, of.height, of.width, box)) continue;
    }
    if (out)
      put_box(feed->precision, box, io_payload_ids(&v->of)[k], width, (char *)out + (size_t)given * size);
    given++;
  }
  return given;
}

int64_t lib_likeliest_box(const double *answer, int64_t columns) {
  int64_t best = IO_BOX_NUMBERS;
  for (int64_t k = IO_BOX_NUMBERS; k < columns - 1; k++)
    if (answer[k] > answer[best]) best = k;
  return best;
}
