/* answer_images.h: the images that a model predicts, as bytes and as files. */
#ifndef AQ_LIBAQ_ANSWER_IMAGES_H
#define AQ_LIBAQ_ANSWER_IMAGES_H

#include "libaq/predict/drawn_files.h"
#include "libaq/predict/session.h"
#include "runtime/io/image.h"

/* Does the model predict images? */
bool answers_images(const struct aq_session *session);
/* Makes an image of the scores of an output, which has one. The caller frees it. RT_NO_MEMORY. */
int answer_image(const struct aq_session *session, uint32_t output, const double *scores,
                 struct io_image *image);

/* Files of all outputs that are images. Zero it before use. */
struct answer_files {
  struct drawn_files *of; /* [count] */
  struct rt_text *path;   /* [count] where those of an output go, when several have some */
  uint32_t count;         /* outputs */
};
/* path: as in aq_predict_options. The names of files of an earlier stream are forgotten. */
int answer_files_begin(struct answer_files *files, struct aq_session *session, const char *path,
                       struct rt_error *error);
/* Writes those of an example of the last batch, which is row `number` of the stream, from 1. Their names are
 * in the session's scores then. */
int answer_files_add(struct answer_files *files, struct aq_session *session, int64_t example, int64_t number,
                     struct rt_error *error);
int answer_files_end(struct answer_files *files, struct rt_error *error);
void answer_files_free(struct answer_files *files);

#endif
