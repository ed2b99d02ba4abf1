/* frame_beam.h: the likeliest text that frames spell, looked for with several beginnings side by side. */
#ifndef AQ_LIBAQ_FRAME_BEAM_H
#define AQ_LIBAQ_FRAME_BEAM_H

#include "runtime/base.h"

enum { FRAME_BEAM_MOST = 1 << 12 };

/* Zero it before use. */
struct frame_beam {
  struct beam_node *node; /* all beginnings that were ever among the best, as a tree */
  size_t nodes, node_capacity;
  struct beam_path *path; /* [paths] the best beginnings of the frames so far, the best first */
  size_t paths, path_capacity;
  struct beam_path *next; /* [nexts] with one frame more */
  size_t nexts, next_capacity;
  bool *taken; /* [letters] scratch */
  size_t taken_capacity;
  size_t count; /* letters of the text that was found */
};

/* Prefix beam search (Graves 2012; Hannun et al. 2014): of each beginning the probability of all ways that
 * spell it, and after each frame the `width` likeliest are kept. p: [frames, classes], the last class is
 * blank. Writes the letters of the likeliest text to id, b->count of them and `frames` at most. RT_NO_MEMORY.
 */
int frame_beam_read(struct frame_beam *b, const double *p, int64_t frames, int64_t classes, int64_t width,
                    int32_t *id);
void frame_beam_free(struct frame_beam *b);

#endif
