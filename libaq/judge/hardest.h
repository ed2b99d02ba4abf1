/* hardest.h: the rows of an output with the highest loss, kept while a file is judged. They keep what is said
 * of them, since the rows of a file do not stay. */
#ifndef AQ_LIBAQ_HARDEST_H
#define AQ_LIBAQ_HARDEST_H

#include "libaq/judge/report.h"
#include "runtime/io/data.h"

struct aq_session;
struct lib_batch;
struct lib_judge;
struct rt_tensor;

/* ---- the fields of rows, as they stand in the file (row_texts.c) ---- */

/* Zero it before use. */
struct lib_row_texts {
  int fields; /* of a row; 0: none are kept */
  int64_t count;
  struct rt_text text; /* one behind the other, each with a NUL byte behind it */
  size_t *begin;       /* [count, fields] */
  size_t capacity;
};
/* Adds a row of data that keep fields; of others it adds nothing. RT_NO_MEMORY. */
int lib_row_texts_add(struct lib_row_texts *texts, const struct io_dataset *data, int64_t row);
/* Adds row number `row` of others. RT_NO_MEMORY. */
int lib_row_texts_copy(struct lib_row_texts *to, const struct lib_row_texts *from, int64_t row);
void lib_row_texts_clear(struct lib_row_texts *texts);
void lib_row_texts_free(struct lib_row_texts *texts);
/* A field of a row; NULL: it was not kept. */
const char *lib_row_text(const struct lib_row_texts *texts, int64_t row, int field);

/* ---- the rows ---- */

enum { LIB_HARD_PARTS = 8 };
struct lib_hard_row {
  int64_t number; /* in the file, from 0 */
  double loss;
  struct lib_hard_part {
    int64_t place;      /* of a word or token, from 0 */
    size_t truth, said; /* classes; SIZE_MAX: there is none */
    double probability, of_truth;
  } one,                  /* of a class */
      *part;              /* [parts] what is wrong in several labels or tags, or how a text went on */
  size_t parts, wrong;    /* parts are at most LIB_HARD_PARTS; wrong: how many there are in all */
  double expected, said;  /* of numbers */
  struct rt_text written; /* of frames: the text that they spell */
  int64_t line;
  struct lib_row_texts texts; /* of this row, and of a match of the one that stands first */
};
struct lib_hardest {
  size_t count, most, capacity;
  struct lib_hard_row *item; /* [count] the hardest first */
  int64_t classes;           /* tokens that may come next */
  bool failed;               /* there was no memory for one of them */
};
/* Where a row stands. */
struct lib_hard_place {
  const struct io_dataset *data;
  int64_t row, number; /* in these data; in the file */
};

/* Keeps so many of each output. */
int lib_hardest_init(struct lib_judge *judge, int64_t most, struct rt_error *error);
void lib_hardest_free(struct lib_judge *judge);
/* Row r of the batch at hand. */
struct lib_hard_place lib_hard_place(const struct lib_judge *judge, struct lib_batch batch, int64_t r);
/* Each keeps a row of an output, if it is one of the hardest; p: the probabilities of its answer. Without
 * memory `failed` is set. */
void lib_hardest_class(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p,
                       int64_t columns, size_t truth);
void lib_hardest_number(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, double truth,
                        double said);
/* The report has marked the labels of the row. */
void lib_hardest_labels(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p);
/* The text that frames spell, which so many edits make the right one. */
void lib_hardest_frames(struct lib_judge *judge, uint32_t o, struct lib_hard_place at,
                        const struct rt_text *written, uint64_t edits);
/* The report has taken the boxes of the row. */
void lib_hardest_boxes(struct lib_judge *judge, uint32_t o, struct lib_hard_place at,
                       const struct rep_image *image);
/* judge->of_text has the tags of the row; p: of the first `answered` words. */
void lib_hardest_tags(struct lib_judge *judge, uint32_t o, struct lib_hard_place at, const double *p,
                      int64_t answered);
/* target: what comes next in each of the texts that judge->scratch has the probabilities of. */
void lib_hardest_next(struct lib_judge *judge, uint32_t o, struct lib_batch batch, const struct rt_tensor *t,
                      const int32_t *target);
/* A row of a match, whose right one stands in that place. */
struct lib_hard_match {
  int64_t number, line;
  size_t place;
  const struct lib_row_texts *texts;
  int64_t row, first; /* of the texts: this row, and the one that stands first */
};
void lib_hardest_match(struct lib_judge *judge, uint32_t o, const struct lib_hard_match *match);

/* What is said of them (hardest_shown.c). session: of the same model, to show where its heads look in these
 * rows; NULL: that is not shown. */
int lib_hardest_show(const struct lib_judge *judge, uint32_t o, struct aq_session *session, aq_shown *s,
                     struct rt_error *error);
/* Where the heads look in one row (hardest_maps.c). */
struct lib_looked {
  struct aq_session *session;
  const struct lib_hard_row *row;
  const char *said; /* what is said of the row */
};
int lib_hardest_maps(const struct lib_judge *judge, struct lib_looked looked, aq_shown *s,
                     struct rt_error *error);

#endif
