/* glossary.h: what is said of the words of the language that are not functions: keywords, slots, kinds of
 * columns and their options, settings of training, optimizers, schedules. Each has its row where it is used;
 * here are only the keywords' own. */
#ifndef AQ_COMPILER_GLOSSARY_H
#define AQ_COMPILER_GLOSSARY_H

#include "runtime/base.h"

struct cc_word {
  const char *name, *line; /* line: "batch: a setting of train: how many rows …" */
  const char *example;     /* NULL: the line has it */
};

/* Words in the order in which they are listed. */
struct cc_words {
  struct rt_arena arena; /* holds the lines */
  struct cc_word *item;
  size_t count, room;
  bool failed; /* there was no memory */
};

/* Adds "WRITTEN: what it is", where WRITTEN is its name or begins with it. */
void cc_words_add(struct cc_words *words, const char *name, const char *written, const char *noun,
                  const char *doc, const char *example);
/* Adds those of the language. */
void cc_words_of_language(struct cc_words *words);
void cc_words_free(struct cc_words *words);

#endif
