/* session.h: what session.c, predict_stream.c, next_token.h and attention_maps.c share. */
#ifndef AQ_LIBAQ_SESSION_H
#define AQ_LIBAQ_SESSION_H

#include <string.h>

#include "libaq/judge/judge.h"
#include "vm/target.h"

/* One output of the last batch: probabilities or numbers, example by example. */
struct session_scores {
  double *value; /* [rows of all examples, columns] */
  size_t capacity;
  int64_t columns;
  int64_t *first; /* [examples + 1] row where each example begins */
  size_t first_capacity;
  struct tag_answers tags; /* of tags: the label of each row is that of tags.path */
  struct lib_mean mean;    /* of an ensemble */
  struct rt_text file;     /* of an image: where the last one of a stream was written */
};

struct session_map {
  aq_map view;
  double *weight;
  size_t capacity;
};

struct embedding;
struct row_answers;

struct aq_session {
  struct lib_message message;
  struct aq_model *model;
  struct aq_eval_options options;
  struct rt_pool *pool;
  enum rt_precision precision;
  struct lib_members members;      /* in the session's precision */
  const struct lib_params *params; /* of the first */
  struct lib_feed feed;
  struct vm_machine *predict, *attend; /* attend is made when first needed */
  struct lib_row_check row_check;
  struct io_dataset data; /* row_check is asked about each row */
  int64_t *rows;          /* [options.batch] 0, 1, … */
  struct io_field *field; /* [columns] scratch */
  bool *holds_ids;        /* [columns] such a field is no text, but int32_t numbers of the vocabulary */
  struct session_scores *scores; /* [outputs] */
  int64_t scored;                /* examples in scores, 0: none */
  int64_t scored_row;            /* which row of data the first of them is */
  struct lib_reading reading;    /* of the last stream or example */
  struct session_map *map;       /* [map_count] */
  size_t map_count;
  bool ready;   /* aq_session_new has succeeded */
  bool bound;   /* predict has its parameters */
  bool running; /* in a call that computes: callbacks of the host cannot begin another */
  bool freed;   /* meanwhile */
  bool looked;  /* the maps are those of an example */
  struct session_tokens {
    const char **text;
    size_t count;
  } * token; /* [columns of the schema] of the example that was looked at; NULL for what is no text */
  const aq_image **picture;    /* [columns of the schema] likewise; NULL: none has been drawn */
  int64_t *symbol_size;        /* [symbols] of that example; -1: it does not have such a length */
  struct embedding *embedding; /* of the last vectors; NULL: none were asked for (embed_rows.c) */
  void (*free_embedding)(struct embedding *embedding);
  struct rt_text vectors;      /* the names of all, each with a NUL byte behind it */
  bool listed;                 /* they are there */
  struct rt_arena tokens;      /* holds them */
  struct row_answers *answers; /* of the last table in memory (batch/row_answers.h), or NULL */
  void (*free_answers)(struct row_answers *answers);
  struct written *written; /* [written_room] texts that were written last (writing.h) */
  int64_t written_count, written_room;
  struct session_unknown {
    int64_t count;
    const char *tokens; /* what they are, "words" */
    int named;          /* so many of them in some */
    struct rt_text some;
    aq_unknown view;
  } unknown; /* in the last prompts */
};

enum vm_target_number session_target(const struct aq_session *session, uint32_t output);
/* The column that it predicts. */
const struct io_column *session_column(const struct aq_session *session, uint32_t output);
/* The vocabulary of an output of classes. */
const struct io_vocab *session_vocab(const struct aq_session *session, uint32_t output);

/* Of several labels, those with a probability above it are the answer. */
double session_label_above(const struct aq_session *session, uint32_t output, int64_t label);
/* A row of what a model of boxes gives. */
aq_box session_box(const struct aq_session *session, uint32_t output, const double *answer, int64_t columns);
/* The number of the likeliest class or label of an example that was run, or -1 when there is none; of texts
 * that go on, of what comes next. *p: the probabilities, or the numbers of an output that is one; NULL when
 * it has no rows. */
int64_t session_likeliest(const struct aq_session *session, uint32_t output, int64_t example,
                          const double **p);

/* Fields of a row, as a host has them. */
struct session_fields {
  const char *const *text; /* [count] */
  const size_t *length;    /* [count]; NULL: texts end with NUL bytes */
  size_t count;
};
static inline struct io_field session_field(struct session_fields fields, size_t k) {
  const char *text = fields.text[k];
  return text ? (struct io_field){text, fields.length ? fields.length[k] : strlen(text)}
              : (struct io_field){"", 0};
}
/* Those of row `row` of several, which have so many fields each. */
static inline struct session_fields session_fields_of(struct session_fields fields, size_t row) {
  size_t first = row * fields.count;
  return (struct session_fields){fields.text ? fields.text + first : NULL,
                                 fields.length ? fields.length + first : NULL,
                                 fields.text ? fields.count : 0};
}
/* Forgets what the last call has computed: scores, and what is said of a table in memory. */
void session_forget(struct aq_session *session);
/* Around each call that computes. *error is the session's. RT_USAGE: the session could not be made, belongs
 * to the process that forked this one, or is in a call that calls its host. At its end, which gives back the
 * status, the session is freed if the host has done so meanwhile. */
int session_begin(struct aq_session *session, struct rt_error **error);
int session_end(struct aq_session *session, int status);
/* aq_session_embed within another call. */
int session_embed(struct aq_session *session, const aq_embed_options *options, struct aq_vectors **vectors,
                  struct rt_error *error);
/* Adds a row to data. fields: what the input columns read, in their order. schema: the model's, or one like
 * it. */
int session_add_row(struct aq_session *session, const struct io_schema *schema, struct session_fields fields,
                    struct rt_error *error);
/* Forgets what was computed and read, and makes one example all that data hold. */
int session_fill(struct aq_session *session, struct session_fields fields, struct rt_error *error);
/* A model that continues a text is fed all tokens but the last, which is only a target. So a row whose last
 * token is to be seen gets one more, which nobody looks at. Call it for the row last added. */
int session_extend(const struct aq_session *session, struct io_dataset *data, struct rt_error *error);
/* RT_NOT_FINITE unless all numbers of an answer are finite. The hint says which op of the program, as the
 * machine has just run it, made the first that is not. */
int session_check_finite(struct vm_machine *machine, const char *name, const double *value, int64_t count,
                         struct rt_error *error);
/* Feeds "predict" with a batch; at the first time it gets its parameters. */
int session_feed(struct aq_session *session, struct lib_batch batch, struct rt_error *error);
/* Runs "predict" over count rows of data and fills scores. */
int session_run(struct aq_session *session, int64_t first, int64_t count, struct rt_error *error);

/* Those among the positions of an axis of weights that are places of a picture (map_grids.c); and the names
 * of all where some are tokens of a text, else NULL. What they are made of lives as long as the tokens. */
struct session_axis {
  const struct vm_axis_runs *runs;
  size_t length;
  int64_t row; /* of the data */
};
int session_grids(struct aq_session *session, struct session_axis axis, const aq_grid *const **grid,
                  size_t *count, struct rt_error *error);
int session_names(struct aq_session *session, struct session_axis axis, const char *const **name,
                  struct rt_error *error);
/* What these need of a row: how long it is. */
int session_measure(struct aq_session *session, int64_t row, struct rt_error *error);

/* The maps of a row of data, whose fields are in `field` (attention_maps.c); first, what they need is made.
 */
int session_look_ready(struct aq_session *session, struct rt_error *error);
const char *session_map_name(const struct aq_session *session, size_t map);
int session_look(struct aq_session *session, int64_t row, struct rt_error *error);

/* Words of prompts that the model does not know (unknown_words.c). Counting adds those of all rows of data;
 * naming adds some of a row to the list that people see. fields: as for session_add_row. */
void session_forget_unknown(struct aq_session *session);
void session_count_unknown(struct aq_session *session, const struct io_schema *schema);
int session_name_unknown(struct aq_session *session, const struct io_schema *schema,
                         struct session_fields fields, struct rt_error *error);
/* Frees texts that were written (written_text.c). */
void written_free(struct written *text, int64_t count);

/* How predictions are written as lines, without the newline (write.c): the scores of an example, and what
 * stands for a bad row that is skipped. */
struct session_lines {
  void (*scores)(const struct aq_session *session, int64_t example, const aq_predict_options *options,
                 struct rt_text *out);
  void (*bad_row)(const struct rt_error *reason, struct rt_text *out);
};
extern const struct session_lines session_lines[]; /* [AQ_TEXT], [AQ_JSON] */

#endif
