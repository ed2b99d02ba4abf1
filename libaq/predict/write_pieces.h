/* write_pieces.h: what lines of answers are made of: labels and numbers. */
#ifndef AQ_LIBAQ_PREDICT_WRITE_PIECES_H
#define AQ_LIBAQ_PREDICT_WRITE_PIECES_H

#include "runtime/io/vocab.h"

/* With a point, whatever locale the host has set. */
void put_number(struct rt_text *out, const char *format, double x);
void put_probability(struct rt_text *out, double p);
void put_label(struct rt_text *out, const struct io_vocab *vocab, int64_t id);
/* A byte that is not text by itself is written as "\xNN". */
void put_json_label(struct rt_text *out, const struct io_vocab *vocab, int64_t id);
/* null when it is infinite or NaN. */
void put_json_number(struct rt_text *out, double x);

#endif
