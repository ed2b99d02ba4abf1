/* drawn_files.h: PNG files of images that a model gives: one for each in a folder, or all of them on a sheet.
 */
#ifndef AQ_LIBAQ_DRAWN_FILES_H
#define AQ_LIBAQ_DRAWN_FILES_H

#include "libaq/aq.h"
#include "runtime/base.h"

struct drawn_files {
  const char *path;      /* the host's */
  bool sheet;            /* it is one file */
  aq_image first;        /* all on a sheet have its sizes */
  struct rt_text points; /* of all images on the sheet */
  int64_t count;
};

/* RT_CANNOT_CREATE: there is no such folder, and none can be made. */
int drawn_files_begin(struct drawn_files *files, const char *path, struct rt_error *error);
/* Writes the image of row `number`, from 1. *name: the file that has it, for the caller to free. */
int drawn_files_add(struct drawn_files *files, const aq_image *image, int64_t number, struct rt_text *name,
                    struct rt_error *error);
/* Writes the sheet, of at least one image. */
int drawn_files_end(struct drawn_files *files, struct rt_error *error);
void drawn_files_free(struct drawn_files *files);

#endif
