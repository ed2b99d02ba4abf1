/* idx.h: files of arrays of bytes, as MNIST has them: images, N x height x width, and in a second file their
 * labels, N numbers from 0 to 255. */
#ifndef AQ_RUNTIME_IO_IDX_H
#define AQ_RUNTIME_IO_IDX_H

#include "runtime/base.h"

enum { IO_IDX_AXES = 4 };
struct io_idx {
  int axes;
  int64_t size[IO_IDX_AXES];
  char *file;                 /* all of it */
  const unsigned char *bytes; /* within it */
};

/* Reads a file, gzip or not. RT_BAD_DATA when it is none, is damaged, has another length than its header
 * says, or numbers that are no bytes. */
int io_idx_read(struct io_idx *idx, const char *path, struct rt_error *error);
/* Only what its header says; there are no bytes. */
int io_idx_head(struct io_idx *idx, const char *path, struct rt_error *error);
void io_idx_free(struct io_idx *idx);
/* Is a file of that name one of images? "train-images-idx3-ubyte.gz", "train.idx", "dev-images.idx.gz". */
bool io_idx_is_named(const char *path);
/* The name of the file with the labels of the images in that file, which has "images" in its name. The caller
 * frees it. NULL: there is no such name, or no memory. */
char *io_idx_labels_of(const char *path);

#endif
