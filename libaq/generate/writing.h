/* writing.h: texts that a model writes: what continue_text.c, write_tokens.c, beam_search.c, draw_token.c,
 * written_text.c and write_stream.c share. */
#ifndef AQ_LIBAQ_WRITING_H
#define AQ_LIBAQ_WRITING_H

#include "libaq/predict/drawn_files.h"
#include "libaq/generate/next_token.h"
#include "libaq/generate/token_scores.h"

/* A text as far as it is written. */
struct written {
  struct rt_text text;
  aq_token *token;         /* [count]; their texts are set when the text has ended */
  const aq_token **listed; /* [count] the same, for the view */
  size_t *end;             /* [count] where each ends in text */
  size_t count, capacity, listed_capacity, end_capacity;
  aq_written view; /* when the text has ended */
  size_t told;     /* so many of them the host was told of */
  int32_t last;    /* the token before the next one, also of the prompt; -1: there is none */
  double log_probability;
  bool ended;
  enum aq_ended why;
  unsigned char *points; /* of an image, as far as it is drawn; black beyond; NULL: it is none */
  size_t points_count, points_capacity;
  aq_image image;
  struct rt_error *bad; /* why it could not be written; NULL: it could */
};

/* A row of the prompts is the number of its text. */
struct writing {
  struct aq_session *session;
  aq_generate_options own;            /* those of the host, with defaults where it knows fewer */
  const aq_generate_options *options; /* own */
  struct next_token *next;
  const struct io_vocab *vocab;
  const struct io_column *column; /* of the text */
  const struct io_kind *kind;     /* its own */
  bool draws;                     /* tokens are drawn; otherwise the likeliest one is taken */
  struct drawn_files files;       /* of images, where the host wants them */
  int64_t whole;                  /* tokens of a complete image; 0: a text is written */
  double temperature;
  int64_t lines;        /* of a stream, that are written */
  uint64_t first;       /* the number of row 0, which decides what is drawn */
  int64_t at_once;      /* rows that are written at once */
  struct written *text; /* [rows], the session's */
  bool stopped;         /* the host wants no more of any text */
  double *score;        /* [vocab] scratch */
  int32_t *order;       /* [vocab] scratch */
  /* Scratch for those that next_token knows, of which there are at most at_once times the beams. */
  int64_t *kept;
  int32_t *token;
};

/* Forgets what the session wrote and read before, checks the options (NULL: the defaults) and makes ready.
 * The struct must stay where it is. Free it in any case. */
int writing_init(struct writing *w, struct aq_session *session, const aq_generate_options *given,
                 struct rt_error *error);
void writing_free(struct writing *w);
/* Writes a text for each row of the prompts. One that cannot be written keeps the reason. */
int writing_run(struct writing *w, const struct io_dataset *prompts, struct rt_error *error);

/* The strategies. Each writes on the texts that next_token knows. */
int write_tokens(struct writing *w, struct rt_error *error);
int write_by_beams(struct writing *w, struct rt_error *error);
/* ---- draw_token.c ---- */

/* The scores of all that next_token knows. When one cannot be continued, its text ends, and *scored is false:
 * what is left is those of kept[0..*count-1]. */
int writing_scores(struct writing *w, bool *scored, int64_t *count, struct rt_error *error);
/* The scores of one text once tokens that it has already are penalised. Valid until the next call. */
const double *penalised(struct writing *w, const double *score, struct next_text text);
/* The likeliest token, or one that is drawn: the same for the same number of a stream. */
int32_t choose_token(struct writing *w, const double *score, uint64_t stream, int64_t number);

/* ---- written_text.c ---- */

/* Adds what a token adds to a text behind the token `before` (-1: none): a space, where one belongs, and its
 * own text.
 */
void add_token_text(const struct writing *w, int32_t before, int32_t id, struct rt_text *out);
/* Has a text the one at which writing stops? */
bool has_stop(const struct writing *w, const struct rt_text *text);

int written_begin(struct writing *w, int64_t number, struct next_text begun, struct rt_error *error);
/* Adds a token. It tells the host, unless what was added may become the text at which writing stops. The text
 * may have ended then. */
int written_add(struct writing *w, int64_t number, int32_t id, double log_probability,
                struct rt_error *error);
/* Ends a text, when it has not ended. log_probability: of the end, when the model has ended it. */
void written_end(struct writing *w, int64_t number, enum aq_ended why, double log_probability);
/* Ends a text that cannot be written. */
int written_fail(struct written *t, const struct rt_error *reason, struct rt_error *error);
/* All that is known of a text; NULL: no memory. */
aq_shown *written_shown(const aq_written *written);
void written_clear(struct written *t);

#endif
