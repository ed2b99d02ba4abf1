/* models.h: the models of a connection, and the texts that a call of SQL hands over. */
#ifndef MODELS_H
#define MODELS_H

#include <aq.h>
#include <sqlite3ext.h>
#include <sys/types.h>

/* What an output is, as SQL sees it. */
enum form {
  FORM_CLASS,  /* one label */
  FORM_LABELS, /* several labels, each with a probability of its own */
  FORM_NEXT, /* what comes next in a text; the scores of all its tokens are there, and the last ones count */
  FORM_NUMBER, /* one number */
  FORM_OTHER   /* tags, vectors, matches: the text that `aqc predict` writes */
};

/* What tells a file from one that has taken its place. */
struct stamp {
  sqlite3_int64 size, seconds, nanoseconds;
  dev_t device;
  ino_t number;
};

/* A model with a session. The list of the connection is one of its users. */
struct model {
  int users;
  char *path; /* NULL: it came as bytes */
  struct stamp stamp;
  void *bytes;
  int length;
  aq_model *model;
  aq_session *session;
  size_t inputs; /* how many texts it reads */
  bool *files;   /* [inputs] is it an image or a sound, which a BLOB may have? */
  char *header;  /* their names as a line of CSV; NULL: not all are known */
  size_t outputs;
  enum form *form; /* [outputs] */
  struct model *next;
};

/* The models that a connection has used last, the last one first. */
struct models {
  int users; /* functions and tables that are registered */
  struct model *first;
};
struct models *models_new(void);
void models_release(void *models);

/* The model of the first of some arguments: a path, or the bytes of a model file. The caller is one of its
 * users, until model_release. NULL: *why says why not, and whether another argument is one, for sqlite3_free;
 * when that is NULL too, there was no memory. */
struct model *models_take(struct models *models, int count, sqlite3_value **argument, char **why);
void model_release(void *model);
/* A session of its own, for who uses it between calls. */
int model_session(const struct model *model, aq_session **session);
/* Has any output probabilities? */
bool model_ranks(const struct model *model);
bool form_ranks(enum form form);
char *no_labels(const struct model *model); /* what to say where none has, for sqlite3_free */

/* A message of aq's as text, for sqlite3_free. NULL: no memory. */
char *message_text(const aq_message *message);
/* The same without the number of a row, which is another one in SQL, or the only one. */
char *message_of_row(const aq_message *message);

/* The texts of a call. */
enum { MOST_TEXTS = 64 };
struct texts {
  size_t count;
  bool missing; /* one of them is NULL */
  bool bytes;   /* one of them is the bytes of a file */
  const char *field[MOST_TEXTS];
  size_t length[MOST_TEXTS];
  bool file[MOST_TEXTS];       /* it is the bytes of a file */
  char number[MOST_TEXTS][32]; /* those that came as numbers */
};
/* Numbers are written so that they are read again as they are. They live as long as the values. NULL: they
 * are texts, or files that the model reads; else why they are not, for sqlite3_free. */
char *texts_take(struct texts *texts, const struct model *model, int count, sqlite3_value **value);
/* Adds them to a table as a line of CSV. */
void texts_line(const struct texts *texts, sqlite3_str *table);
/* Predicts them. Those with the bytes of a file go as a row of a table in memory, where they are no name of
 * a file, whatever they are. 0, or a status with the session's message. */
int texts_predict(const struct texts *texts, const struct model *model, aq_session *session);
int texts_attend(const struct texts *texts, const struct model *model, aq_session *session);
/* What either has given. */
const double *session_scores(aq_session *session, size_t output, size_t *rows, size_t *columns);
const aq_map *session_map(aq_session *session, size_t map);
/* The table, whose columns go by their names. 0, or a status; it is the caller's in any case. */
int texts_rows(const struct texts *texts, const struct model *model, aq_rows **rows);
/* The header of such a table: with names, or else one by which fields go by their place. */
const char *model_header(const struct model *model, size_t texts);

/* A table in memory, and what is written about it; for streams. */
struct stream {
  const char *from;
  size_t left;
  sqlite3_str *to;
};
ptrdiff_t stream_read(void *stream, char *buffer, size_t size);
int stream_write(void *stream, const char *text, size_t length);

#endif
