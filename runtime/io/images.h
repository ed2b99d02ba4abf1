/* images.h: the images that the rows of a column name. A file is read and decoded once, however many rows
 * name it, and kept as bytes of the column's sizes. Rows have the numbers of images, so that a selection of
 * rows takes no more memory. */
#ifndef AQ_RUNTIME_IO_IMAGES_H
#define AQ_RUNTIME_IO_IMAGES_H

#include "runtime/io/image.h"
#include "runtime/io/table.h"

/* Filled by one thread; then several may read. */
struct io_images;
int io_images_new(struct io_images **images, struct rt_error *error);
/* One more that has them, and has to free them. */
struct io_images *io_images_share(struct io_images *images);
void io_images_free(struct io_images *images);
/* Forgets the images, unless somebody else has them, too: *images is then NULL. */
void io_images_clear(struct io_images **images);

/* The number of the image that a field names, or -1: it has not been read yet. */
int32_t io_images_find(const struct io_images *images, const struct io_field *name);
/* Reads and decodes what a field names: "a.png", or "train.idx.gz#3", which is an image of an idx file, from
 * 0 on. channels: as in io_image_decode. The caller frees the image. RT_BAD_DATA with what is wrong, without
 * a place. table: the file of the table, as in io_beside. */
int io_images_read(struct io_images *images, const char *table, const struct io_field *name, int channels,
                   struct io_image *image, struct rt_error *error);
/* Keeps the bytes of an image, which it takes. All images have one size: `size` bytes. */
int io_images_add(struct io_images *images, const struct io_field *name, struct io_image *image,
                  int32_t *number, struct rt_error *error);
/* Gives numbers of images the meaning that they have in `from`: those are added, or all of `from` is shared
 * when *images is NULL. RT_NO_MEMORY. */
int io_images_append(struct io_images **images, struct io_images *from, int32_t *number, int64_t count);
const unsigned char *io_images_bytes(const struct io_images *images, int32_t number);

#endif
