/* vocab_json.h: a vocabulary within a larger JSON text. */
#ifndef AQ_RUNTIME_IO_VOCAB_JSON_H
#define AQ_RUNTIME_IO_VOCAB_JSON_H

#include "runtime/io/json.h"
#include "runtime/io/vocab.h"

/* As io_vocab_parse, from a value that was parsed already and stays the caller's. */
int io_vocab_from_json(struct io_vocab **vocab, const json_t *json, struct rt_error *error);

#endif
