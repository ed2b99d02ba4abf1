/* aq_begin.h: what one begins with: a program for a table, a model of pretrained weights. A part of aq.h,
 * which includes it. */
#ifndef AQ_BEGIN_H
#define AQ_BEGIN_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- A program to begin with ---- */

/* A kind of program: "classify", "a label of each row, …". Texts live as long as the process. */
typedef struct aq_template {
  size_t size;
  const char *name, *about;
} aq_template;
/* k from 0; NULL beyond the last. It is the thread's, until its next call of this function. */
const aq_template *aq_template_at(size_t k);

typedef struct aq_start_options {
  size_t size; /* sizeof(aq_start_options) */
  const char
      *target;    /* the column to be predicted, as the table calls it; NULL: the one that looks like it */
  const char *as; /* the name of a template; NULL: the first one that fits */
  int header;     /* enum aq_header */
} aq_start_options;
void aq_start_options_init(aq_start_options *options); /* sets size and the defaults */
/* Looks at a table (kinds of columns, labels, lengths, what is missing), and writes a program for it. *seen
 * says in a few lines what was seen. Both are freed with aq_text_free. *message is as for aq_format.
 * AQ_USAGE: there is no such column or template, or the table is not for it. */
int aq_start(const char *table, const aq_start_options *options, char **program, char **seen,
             const aq_message **message);
typedef struct aq_start_facts {
  size_t size;
  const char *used; /* the name of the template; it lives as long as the process */
  bool skips; /* the table has rows that training and evaluating read only with bad_rows = AQ_BAD_ROW_SKIP */
} aq_start_facts;
/* Of the thread's last aq_start, until the next one; NULL where that failed, and before the first. */
const aq_start_facts *aq_start_last(void);

/* ---- A model of pretrained weights ---- */

typedef struct aq_begin_options {
  size_t size;   /* sizeof(aq_begin_options) */
  int precision; /* AQ_F32 or AQ_F64 */
  int64_t seed;  /* of parameters that are not loaded; below 0: what the program says */
} aq_begin_options;
void aq_begin_options_init(aq_begin_options *options); /* sets size and the defaults */
typedef struct aq_begin_facts {
  size_t size;
  int64_t parameters, loaded_parameters; /* numbers; those that files of weights gave */
  /* Tensors of those files that the program has no parameter for: how many, and the names of the first ones
   * with commas between them, cut where they are too long. */
  int64_t unused_tensors;
  const char *unused;
  /* Tables of words with rows behind those of the vocabulary, up to a round number: the most of them in one
   * table. No text reads them, and they are left out. */
  int64_t padded_rows;
} aq_begin_facts;
/* A model without training, whose parameters are what they begin with: those of pretrained weights
 * (aq_program_options.weights). Vocabularies and labels must be given ones; where training would learn them
 * it is AQ_BAD_DATA. options and facts may be NULL. *facts lives as long as the
 * model; NULL after a failure. */
int aq_model_begin(aq_program *program, const aq_begin_options *options, const aq_begin_facts **facts,
                   aq_model **model);

#ifdef __cplusplus
}
#endif
#endif
