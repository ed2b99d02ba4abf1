/* aq_session.h: a model answers: predictions, texts that it writes, where it looks. A part of aq.h, which
 * includes it. */
#ifndef AQ_SESSION_H
#define AQ_SESSION_H

#include "aq_report.h"
#include "aq_rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Prediction ---- */

/* Predicts with a model. options may be NULL. */
int aq_session_new(aq_model *model, const aq_eval_options *options, aq_session **session);
void aq_session_free(aq_session *session);
const aq_message *aq_session_message(const aq_session *session);

/* Predicts one example. field: [count] what the input columns read, in their order, each as it would stand in
 * a table: a text, a number, or the numbers of a vector with spaces between them; NULL: empty. Of an image or
 * a sound it is the name of its file, which is read; what a host has of one itself goes into aq_rows. A field
 * that several columns read stands once. length: [count] how many bytes each has; NULL: they end with
 * NUL bytes. AQ_NOT_FINITE: an answer is infinite or NaN; then there are no scores. */
int aq_session_predict(aq_session *session, const char *const *field, const size_t *length, size_t count);
/* The scores of an output after a prediction: [rows, columns], row after row. A class has one row, with the
 * probability of each class; tags have such a row for each word up to the limit of the text; a number or
 * vector has one row, with its numbers; an image has a row for each point, with its channels from 0 to 1. The
 * tags that aq_session_predict_stream writes are those of the best path, which need not take the likeliest of
 * each word. rows and columns may be NULL. NULL: there is no such output, or no prediction. Valid until the
 * next call. */
const double *aq_session_scores(aq_session *session, size_t output, size_t *rows, size_t *columns);

/* Predicts a stream of lines in order: one line out for each line in. A header gives no line, and an empty
 * stream nothing. Target columns may be in it, and are not looked at. What was predicted is written before
 * `read` is called again. A bad row stops the stream, and the message has its line; when bad rows are
 * skipped, an empty line stands for it.
 *
 * As text, a line has a field for each output, with tabs between them: a label, or tags or numbers with
 * spaces between them. With probabilities or top, fields LABEL=P follow a label, for all classes or for the
 * best; tags are followed by one field with the probability of each. A word behind the limit of its text has
 * the tag
 * "<cut>". A newline in a label is written as \n, a tab as \t.
 *
 * As JSON, a line is an object with a member for each output: {"label":…,"probability":…}, {"labels":[…]}
 * with null for a word behind the limit, or the numbers. Where texts were cut it also has
 * "data":{"cut":{COLUMN:N}}. A bad row is {"error":…,"line":…,"column":…}:
 * the column is a field of a table, a byte of an object of JSON, and left out where the row as a whole is
 * bad.
 *
 * AQ_USAGE: an alert that makes no sense for the model, with the place in the excerpt; top where no output is
 * a class, or probabilities where all outputs are numbers.
 *
 * The last digits of a row's numbers depend on the rows that are computed with it (about 1e-7 of a number in
 * float, 1e-16 in double), because BLAS adds in another order for other numbers of rows. The same rows in the
 * same batches give the same bits, for any number of threads. How lines from `read` fall into batches depends
 * on when they come. */
typedef struct aq_predict_options {
  size_t size;      /* sizeof(aq_predict_options) */
  const char *path; /* NULL or "-": lines come from `read`, unless there are rows */
  /* Puts at most size bytes into buffer and returns how many; 0: the end. Below 0: it has failed, and the
   * call ends with AQ_IO. */
  ptrdiff_t (*read)(void *context, char *buffer, size_t size);
  int (*write)(void *context, const char *text, size_t length); /* not 0: stop with AQ_IO */
  void *context;                                                /* handed to both */
  bool probabilities, json; /* probabilities: of all classes; together with top as JSON alone */
  int top;                  /* so many of the likeliest classes with their probabilities; 0: the best alone */
  /* A condition, "label=negative p>0.9": only rows of which it is so are written, each behind its answer. As
   * JSON: {"line":…,"prediction":{…},"row":…}. NULL: all answers are written, without their rows. */
  const char *alert;
  /* Above 0: the answers are not written, but for every `window` rows the share of each label among them:
   * "lines 2-101\tgood=0.7\tbad=0.3", {"lines":[2,101],"shares":{"good":0.7,"bad":0.3}}. The lines count
   * from 1. With top, only the largest shares. */
  int64_t window;
  /* Above 1: instead, a line when the share of a label among the last `window` rows is so many times what it
   * was among as many rows before: "lines 102-201\tsurge\tbad=0.6\tbefore=0.2",
   * {"lines":[102,201],"surge":{"label":"bad","share":0.6,"before":0.2}}. 0: no such lines. */
  double surge;
  /* Windows for each value of this output, or else of this column of the rows: "lines 2-9\ttopic=oil\t…",
   * "by":{"topic":"oil"}. NULL: one for all rows. */
  const char *by;
  /* Above 0: a class whose probability is lower is not written, but `below_label` in its place. Not with
   * windows. */
  double below;
  const char *below_label;
  /* Rows in memory, in place of path and read. Their numbers, from 1, stand for lines, and of an alert for
   * the row: behind the answer, or as JSON {"line":…,"prediction":{…}}. NULL: there are none. */
  const aq_rows *rows;
  /* Of a model that predicts images: where they are written, as in aq_generate_options. A line has the name
   * of the file in place of the image: "out/1.png", {"image":"out/1.png"}. Needed by such a model, but not
   * with alerts and windows, which write none. A row that names a file which would be written over is
   * AQ_USAGE. */
  const char *images;
} aq_predict_options;
void aq_predict_options_init(aq_predict_options *options);
int aq_session_predict_stream(aq_session *session, const aq_predict_options *options);
/* The answer to the example that was predicted or attended to last, as the line that
 * aq_session_predict_stream writes of it, without its newline. Of the options, which may be NULL, those of a
 * line count: json, probabilities, top, below, below_label. The text is the caller's, for aq_text_free.
 * AQ_USAGE: there is no answer, or it is an image, which is no text. */
int aq_session_line(aq_session *session, const aq_predict_options *options, char **text);
/* How many bad rows of the last stream were skipped. */
int64_t aq_session_skipped(const aq_session *session);
/* How the last stream, or the last example, was read. */
const aq_reading *aq_session_reading(const aq_session *session);

/* ---- Writing texts ---- */

/* A token that a model has written. */
typedef struct aq_token {
  size_t size;
  size_t row;       /* of which text, from 0 */
  const char *text; /* what it adds, with a space before a word where one belongs; no NUL byte at its end */
  size_t length;
  int32_t id;
  double log_probability; /* natural; as the model says, whatever the temperature */
} aq_token;

enum aq_then { AQ_GO_ON, AQ_END_TEXT, AQ_END_ALL };
typedef enum aq_then aq_on_token(void *context, const aq_token *token); /* returns what is to happen next */

/* How a model that predicts next(text) writes. Tokens are drawn, unless the temperature is 0 or there are
 * beams. A token's probability is changed in this order: tokens that the text or its prompt has already get
 * the power repeat_penalty (after Keskar et al. 2019); all get the power 1 / temperature; then `top` of the
 * likeliest are left, and of these as many as make the part top_p of the probability (Holtzman et al. 2020).
 */
typedef struct aq_generate_options {
  size_t size;    /* sizeof(aq_generate_options) */
  int64_t length; /* tokens to write at most; -1: 200, or all that an image has */
  /* 0: the likeliest token each time; 1: drawn as the model says. Below 0: 1; but 0 for a model that reads
   * other columns than the text it writes, unless top or top_p are given. */
  double temperature;
  int top;      /* 0: all */
  double top_p; /* above 0, at most 1; 1: all */
  /* Above 0: search for the likeliest text, with so many beginnings side by side. The answer has the largest
   * log(p) / ((5 + n) / 6)^0.6 of its n tokens, the end included (Wu et al. 2016, equation 14). */
  int beam;
  double repeat_penalty; /* above 0; 1: none */
  const char *stop;      /* the text ends before this one; NULL: none */
  int64_t seed;          /* draws come from it and the number of the text, whatever texts are beside it */
  /* Told of each token as soon as it belongs to the text; with beams, when the text has ended. It may end
   * this text behind the token, or all of them. NULL: nobody is told. */
  aq_on_token *token;
  void *context; /* handed to token, read and write */
  /* For aq_session_generate_stream alone; as in aq_predict_options. */
  const char *path;
  ptrdiff_t (*read)(void *context, char *buffer, size_t size);
  int (*write)(void *context, const char *text, size_t length);
  bool json;
  /* Of a model that draws images: where they are written. A name that ends in .png: one file with all of them
   * side by side; else a folder, which gets N.png for row N, from 1. In a stream, the name of its file stands
   * for the levels of each image. NULL: none are written. */
  const char *images;
  /* Rows in memory: for aq_session_generate in place of its fields, for aq_session_generate_stream in place
   * of path and read. NULL: there are none. */
  const aq_rows *rows;
} aq_generate_options;
void aq_generate_options_init(aq_generate_options *options); /* sets size and the defaults */

/* Writes a text for each row. field, length: [rows, count], of each as for aq_session_predict. The field of
 * the text that is written is what it begins with; when the model reads other columns, it may be left out of
 * all rows. A row that cannot be written is an error, but others are written nonetheless. With options->rows
 * field is NULL, and count and rows are 0; a column that is not to be continued may be missing there. */
int aq_session_generate(aq_session *session, const char *const *field, const size_t *length, size_t count,
                        size_t rows, const aq_generate_options *options);
/* Writes a text for each line of a stream, as aq_session_predict_stream does; so many at once as the
 * session's options say, divided by the beams. When the model reads other columns than the text it writes,
 * that one is not looked at, as targets are not. A newline in a text is written as \n, a tab as \t. As JSON,
 * a line is what aq_session_written_shown gives. */
int aq_session_generate_stream(aq_session *session, const aq_generate_options *options);

enum aq_ended { AQ_ENDED_BY_MODEL, AQ_ENDED_AT_LENGTH, AQ_ENDED_AT_STOP, AQ_ENDED_BY_HOST };
/* A text that was written, without its prompt. */
typedef struct aq_written {
  size_t size;
  const char *text; /* ends with a NUL byte */
  size_t length, count;
  const aq_token *const *token; /* [count]; the end is none of them */
  double log_probability;       /* of all of them, and of the end when the model has ended the text */
  enum aq_ended ended;
} aq_written;
/* What was written for a row, from 0: valid until the next call, NULL where there is none. Or as a tree, for
 * aq_shown_free: {"text":…,"tokens":[{"token":…,"log_probability":…},…],"log_probability":…,"ended":…}, where
 * ended is "model", "length", "stop" or "host". */
const aq_written *aq_session_written(const aq_session *session, size_t row);
/* What a model of next(pixels) has drawn for a row, with what it began with, also while it draws: what is to
 * come is black. Valid until the next call. NULL: there is none, or it writes texts. */
const aq_image *aq_session_written_image(const aq_session *session, size_t row);
int aq_session_written_shown(aq_session *session, size_t row, aq_shown **shown);

/* Words, or other tokens, of the last prompts that the model does not know. */
typedef struct aq_unknown {
  size_t size;
  int64_t count;
  const char *some, *tokens; /* the first few different ones, "foo, bar"; what they are, "words" */
} aq_unknown;
const aq_unknown *aq_session_unknown(const aq_session *session);

/* ---- Looking into a model ---- */

/* Queries or keys that are places of a picture: squares of an image, frames of a sound. Together they lie in
 * a grid over it, or over a part of it. */
typedef struct aq_grid {
  size_t size;
  const char *column;      /* of which it is the picture */
  size_t rows, columns;    /* of the grid */
  const size_t *place;     /* [rows, columns] which query or key is there, from the top and the left */
  double top, left;        /* where it begins, in heights and widths of the picture */
  double height, width;    /* of one place of it, in the same */
  const aq_image *picture; /* grey, or red, green and blue */
} aq_grid;

/* The attention of one named head on one example; or the weights with which a program mixes its heads. */
typedef struct aq_map {
  size_t size; /* sizeof(aq_map) */
  /* Named as parameters are, by the path to it: "sentiment.semantic"; of `v = mean(read(x), T)` in the model
   * `ticket` it is "ticket.v.read". */
  const char *name;
  bool is_mixing;              /* of a mix; then heads and rows are 1 */
  size_t heads, rows, columns; /* rows are queries, columns keys */
  const double *weight;        /* [heads, rows, columns] */
  /* [rows], [columns]: the tokens, and of a mix the names of what it weighs; NULL: there are none. */
  const char *const *query, *const *key;
  /* Those among the queries and among the keys that are places of a picture. Most often there is one grid, of
   * all of them, or none. */
  const aq_grid *const *query_grid, *const *key_grid; /* [query_grids], [key_grids] */
  size_t query_grids, key_grids;
} aq_map;
/* Predicts one example as aq_session_predict does, and makes its maps. They live until the next call that
 * computes, and so do the scores. After AQ_NOT_FINITE because of an answer the maps are there. */
int aq_session_attend(aq_session *session, const char *const *field, const size_t *length, size_t count);
size_t aq_session_map_count(const aq_session *session);
const aq_map *aq_session_map(const aq_session *session, size_t map); /* NULL beyond the last */

#ifdef __cplusplus
}
#endif
#endif
