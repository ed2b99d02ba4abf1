/* images.h: the images that the rows of a column name, kept in a store (store.h). */
#ifndef AQ_RUNTIME_IO_IMAGES_H
#define AQ_RUNTIME_IO_IMAGES_H

#include "runtime/io/data.h"
#include "runtime/io/image_change.h"
#include "runtime/io/store.h"

struct io_place;

/* Finds what a field names: "a.png", or "train.idx.gz#3", which is an image of an idx file, from 0 on. Such a
 * file is read once, and kept beside the images of the column's store. Or what it is, if it lies in memory:
 * a file, or an image. Decodes it; channels: as in io_image_decode. The caller frees *from, which has no
 * bytes yet, and the image, also after a failure. RT_BAD_DATA with what is wrong, without a place. */
int io_images_read(const struct io_place *p, const struct io_field *field, int channels,
                   struct io_stored *from, struct io_image *image, struct rt_error *error);
/* Reads and decodes it again. The caller frees the image. RT_BAD_DATA as above. */
int io_images_decode(const struct io_stored *from, int channels, struct io_image *image,
                     struct rt_error *error);

/* Of a column of images (column_image.c). What its files become that have other sizes; 0: they have none. */
enum io_resize io_image_resized(const struct io_settings *set);
/* The sizes of the image of a row, which has no bytes here. */
struct io_image io_image_sizes(const struct io_values *values);
/* What is changed in it at random, but for the colour of what is erased; false: nothing. */
bool io_image_changed(const struct io_giving *of, struct io_change *change);
/* How strongly training mixes the images of a column with each other, as io_mix_draw takes it; 0: not at all,
 * or it has none. */
double io_image_mixup(const struct io_column *column);

#endif
