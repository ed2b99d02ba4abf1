/* vocab_json.h: a vocabulary out of JSON, for the schema that it is part of. */
#ifndef AQ_RUNTIME_IO_VOCAB_JSON_H
#define AQ_RUNTIME_IO_VOCAB_JSON_H

#include "runtime/io/json.h"
#include "runtime/io/vocab.h"

/* Reads what io_vocab_write has written. Whatever that cannot have written is RT_BAD_DATA, and *vocab is
 * NULL. apart: the texts that stand there; NULL: there are none. */
int io_vocab_from_json(struct io_vocab **vocab, const json_t *json, struct io_apart *apart,
                       struct rt_error *error);

#endif
