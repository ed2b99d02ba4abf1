/* boxes.h: boxes in an image. A model gets and gives them as shares of the image, from 0 to 1: the left, top,
 * right and bottom edge. A file has them in the unit and form of its column. */
#ifndef AQ_RUNTIME_IO_BOXES_H
#define AQ_RUNTIME_IO_BOXES_H

#include "runtime/io/data.h"
#include "runtime/io/image_change.h"

enum { IO_BOX_NUMBERS = 4 };
enum { IO_BOX_FORM, IO_BOX_WIDTH, IO_BOX_HEIGHT }; /* settings of the kind's own */
enum { IO_BOX_CORNERS = 1, IO_BOX_SIZE, IO_BOX_CENTRE };

/* Four numbers of a file become shares. NULL, or what is wrong with them. */
const char *io_box_read(const struct io_settings *set, double box[static IO_BOX_NUMBERS]);
/* Shares become numbers as a file has them. */
void io_box_write(const struct io_settings *set, double box[static IO_BOX_NUMBERS]);
/* A change of an image of that size moves a box with it. False: less than a quarter of it is left. */
bool io_box_move(const struct io_change *change, double height, double width,
                 double box[static IO_BOX_NUMBERS]);

#endif
