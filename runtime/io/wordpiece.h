/* wordpiece.h: texts as BERT takes them apart (Devlin et al. 2019; Wu et al. 2016). */
#ifndef AQ_RUNTIME_IO_WORDPIECE_H
#define AQ_RUNTIME_IO_WORDPIECE_H

#include "runtime/io/table.h"
#include "runtime/io/tokenise.h"
#include "runtime/io/vocab.h"

struct io_wordpiece {
  bool lower;    /* lower case, and without accents: the uncased models */
  bool ends;     /* [CLS] before, [SEP] behind each text */
  int64_t limit; /* the most tokens, ends included; 0: as many as there are */
};

/* The tokens of one text or of two, of which the second may lie behind the first in one sequence. Word pieces
 * that are no beginning of a word start with ##; a word that cannot be made of pieces, or has more than 100
 * characters, is one token that the vocabulary does not know. [UNK], [SEP], [PAD], [CLS] and [MASK] stand for
 * themselves in a text, where the vocabulary has them.
 *
 * Too many tokens lose those at the end of the longer text, one after another, of equals the second text:
 * tokens->left_out says how many. tokens->first is how many belong to the first text, its marks included.
 * Only RT_NO_MEMORY can go wrong. */
int io_wordpiece_split(const struct io_vocab *vocab, const struct io_wordpiece *how,
                       const struct io_field *text, int texts, struct io_tokens *tokens,
                       struct rt_error *error);
/* The vocabulary of a tokenizer.json whose model is WordPiece as BERT's (wordpiece_json.c). lower: how the
 * program reads texts. RT_BAD_DATA: the file reads them otherwise, or does what is not done here. */
int io_wordpiece_read_json(struct io_vocab **vocab, const char *path, bool lower, struct rt_error *error);
/* How many marks are put around so many texts. */
int64_t io_wordpiece_marks(bool ends, int texts);

#endif
