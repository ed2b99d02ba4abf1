/* row_stream.h: lines that come in, a batch at a time, and the line that goes out for each. */
#ifndef AQ_LIBAQ_ROW_STREAM_H
#define AQ_LIBAQ_ROW_STREAM_H

#include "libaq/predict/session.h"

/* What the last reading came to. */
struct row_reading {
  int status; /* else `reason` is about a row */
  bool more;
};
/* Why rows have no answer. A host's thread may have little stack, so they are not there. */
struct row_reasons {
  struct rt_error reading, got, answering, placed;
};

struct row_stream {
  struct aq_session *session;
  const struct io_schema *schema; /* of the rows */
  bool extends;                   /* a text to be continued gets one more token (session_extend) */
  int64_t batch;                  /* rows that are answered at once */
  const struct io_memory *memory; /* the rows; NULL: they come from: */
  const char *path;               /* NULL or "-": lines come from `read` */
  ptrdiff_t (*read)(void *context, char *buffer, size_t size);
  int (*write)(void *context, const char *text, size_t length);
  void *context;      /* handed to both */
  const char *answer; /* what is written, for messages: "predictions" */
  /* What stands for a bad row that is skipped; NULL: nothing. */
  void (*bad_line)(const struct rt_error *reason, struct rt_text *out);
  /* Told of a bad row that is skipped; NULL: it need not be told. */
  int (*skipped)(struct row_stream *stream, const struct rt_error *reason, struct rt_error *error);
  const char *beside; /* the name of a field that is read beside those of the columns, or NULL */
  bool keeps_rows;    /* keep each row as it stands, for io_table_text */
  /* Told of each row that was added to the session's data; NULL: it need not be told. */
  int (*taken)(struct row_stream *stream, struct rt_error *error);
  /* Adds to out what stands behind the answer of the last row; NULL: nothing. */
  int (*end)(struct row_stream *stream, struct rt_error *error);
  /* Adds a line to out for each row of the session's data, with the help of row_stream_bad. */
  int (*flush)(struct row_stream *stream, struct rt_error *error);
  void *own;     /* for flush */
  bool finished; /* set by flush: nobody wants more */

  struct io_rows *rows;
  struct rt_text out;
  struct rt_aside *aside; /* reads `next` while the session's data is answered; NULL: it is read in between */
  struct io_dataset next;
  struct row_reading reading; /* of next */
  struct row_reasons *why;
};

/* Reads and answers all rows. What is answered is written before `read` is called again. */
int row_stream_run(struct row_stream *stream, struct rt_error *error);
/* A row that has no answer. When bad rows are skipped, a line stands for it, so that input and output lines
 * still correspond; otherwise it ends the stream. */
int row_stream_bad(struct row_stream *stream, const struct rt_error *reason, struct rt_error *error);
/* Answers rows first..first+count-1 of the session's data, and adds lines for them to out: all, or none. */
typedef int row_stream_run_rows(struct row_stream *stream, int64_t first, int64_t count,
                                struct rt_error *error);
/* For flush: answers all rows together, or where that fails each by itself, and counts them. */
int row_stream_answer(struct row_stream *stream, row_stream_run_rows *run, struct rt_error *error);

#endif
