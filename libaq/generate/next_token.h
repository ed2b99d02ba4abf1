/* next_token.h: what may come next in texts that a model writes, many texts at once.
 *
 *     next_token_begin    the texts begin as rows of a dataset say
 *     next_token_scores   how likely each token is as the next one of each text
 *     next_token_row      … of one of them
 *     next_token_advance  each text goes on with the token that was chosen for it
 *     next_token_keep     texts that have ended go; those of a beam are copied and dropped
 *
 * Which token is chosen, and when a text ends, is not known here. */
#ifndef AQ_LIBAQ_NEXT_TOKEN_H
#define AQ_LIBAQ_NEXT_TOKEN_H

#include "libaq/predict/session.h"

struct next_token;

/* One of the texts. */
struct next_text {
  const int32_t *id; /* [count] what it begins with, and what was added. A text never is empty: one without a
                        prompt begins with the vocabulary's begin, or else with a newline or a common token */
  int64_t count;
  int64_t prompt; /* how many of them a person has given */
  int64_t row;    /* of the prompts */
};

/* The session must outlive it, and must be ready. RT_USAGE: its model does not write. */
int next_token_new(struct next_token **next, struct aq_session *session, struct rt_error *error);
void next_token_free(struct next_token *next);

/* The column that is written, in the schema; its vocabulary; does the model read other columns, too? */
int next_token_column(const struct next_token *next);
const struct io_vocab *next_token_vocab(const struct next_token *next);
bool next_token_reads_more(const struct next_token *next);
/* With this schema prompts are read: the text is not cut, since its end is what matters. with_text: the rows
 * have a field for the beginning of the text; otherwise texts that begin from now on begin anew, even when
 * the prompts have one. Valid until the next call. */
const struct io_schema *next_token_schema(struct next_token *next, bool with_text);

/* The prompts may not name what is written to this place (struct io_folders). */
void next_token_writes(struct next_token *next, const char *place);

/* Begins count texts, for rows of the prompts, which are copied. Texts of before are forgotten. */
int next_token_begin(struct next_token *next, const struct io_dataset *prompts, const int64_t *row,
                     int64_t count, struct rt_error *error);
int64_t next_token_count(const struct next_token *next);
/* Valid until the next call that changes texts. */
struct next_text next_token_text(const struct next_token *next, int64_t k);

/* Finds out how likely each token is as the next one of each text. RT_BAD_DATA, RT_NOT_FINITE: one of the
 * texts cannot be continued, *bad, or -1 when it is none of them. The others can be, once it is dropped. */
int next_token_scores(struct next_token *next, int64_t *bad, struct rt_error *error);
/* [vocabulary] of text k, the natural logarithm of each token's probability; valid until the next call. */
const double *next_token_row(struct next_token *next, int64_t k);
/* The likeliest token of text k that may be written; of equally likely ones, the first by number. */
int32_t next_token_likeliest(const struct next_token *next, int64_t k, double *log_probability);
/* token: [texts]. */
int next_token_advance(struct next_token *next, const int32_t *token, struct rt_error *error);
/* From now on there are count texts, and text k is the one that was number from[k]. */
int next_token_keep(struct next_token *next, const int64_t *from, int64_t count, struct rt_error *error);

#endif
