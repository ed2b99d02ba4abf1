/* tokenizer_json.h: a tokenizer.json, as Hugging Face has it: what its kinds share. */
#ifndef AQ_RUNTIME_IO_TOKENIZER_JSON_H
#define AQ_RUNTIME_IO_TOKENIZER_JSON_H

#include "runtime/io/json.h"
#include "runtime/io/vocab.h"

struct io_tokenizer {
  const char *path;
  json_t *root, *model;
  const char **entry; /* [count] by id, as the file writes it */
  size_t count;
  bool *added; /* [count] it stands for itself in a text */
};

/* Reads the file, and its entries: those of the model, and those that were added behind them. RT_BAD_DATA: it
 * is no tokenizer.json, an id is missing or there twice. Close it in any case. */
int io_tokenizer_open(struct io_tokenizer *t, const char *path, struct rt_error *error);
void io_tokenizer_close(struct io_tokenizer *t);
/* RT_BAD_DATA about one of the entries. */
int io_tokenizer_bad(const struct io_tokenizer *t, struct rt_error *error, const char *what,
                     const char *entry);
/* What a part of the file does is not done here; what: "normalizer". Give a hint behind it. */
int io_tokenizer_not_done(const struct io_tokenizer *t, const char *what, const json_t *step,
                          const char *reader, struct rt_error *error);
/* Does the object say that text there? */
bool io_json_says(const json_t *object, const char *key, const char *text);

#endif
