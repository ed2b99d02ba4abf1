/* vocab.h: texts and their numbers. */
#ifndef AQ_RUNTIME_IO_VOCAB_H
#define AQ_RUNTIME_IO_VOCAB_H

#include <stdatomic.h>

#include "runtime/base.h"

/* A set of byte strings numbered 0, 1, … in order of first appearance. Start zeroed. */
struct io_intern {
  char *bytes; /* all texts one after another */
  size_t bytes_length, bytes_capacity;
  size_t *ends; /* [count] where each text ends in bytes */
  size_t ends_capacity;
  uint64_t *hashes; /* [count] XXH3 of each text */
  size_t hashes_capacity;
  uint32_t *slots;   /* [slot_count] open addressing; number + 1, 0 when empty */
  size_t slot_count; /* a power of two, or 0 */
  int32_t count;
};
/* The number of a text, or -1. */
int32_t io_intern_find(const struct io_intern *set, const char *text, size_t length);
/* Makes room for so many texts of so many bytes in all, so that the table need not grow. RT_NO_MEMORY. */
int io_intern_reserve(struct io_intern *set, size_t texts, size_t bytes);
/* The same, adding it when it is new. RT_NO_MEMORY, or RT_BAD_DATA above 2^30 texts. */
int io_intern_add(struct io_intern *set, const char *text, size_t length, int32_t *number,
                  struct rt_error *error);
const char *io_intern_text(const struct io_intern *set, int32_t number, size_t *length);
void io_intern_free(struct io_intern *set);

enum { IO_UNKNOWN = 0 }; /* the id of a word that is not in a vocabulary */

enum io_vocab_kind {
  IO_VOCAB_WORDS,   /* 0 unknown, [1 begin, 2 end], then texts by falling count */
  IO_VOCAB_CLASSES, /* texts in bytewise order, nothing else, as scikit-learn numbers labels */
  IO_VOCAB_BYTES,   /* id = byte, 0..255, [256 begin, 257 end]; no unknown */
  IO_VOCAB_LIST,    /* texts in a given order; some of them may be the marks below */
  IO_VOCAB_PAIRS    /* bytes and what they are merged to; texts are any bytes */
};

/* An immutable vocabulary, free to be shared between threads. */
struct io_vocab {
  _Atomic int64_t others; /* who has it besides the first */
  enum io_vocab_kind kind;
  int32_t count;            /* number of ids, specials included: the rows of an embedding table */
  int32_t base;             /* id of the first text: 1 or 3 for words, 0 otherwise */
  int32_t begin, end;       /* ids that mark begin and end of a text, or -1 */
  int32_t unknown;          /* the id of unknown texts, or -1 */
  struct io_intern texts;   /* id - base -> text */
  size_t longest;           /* bytes of the longest text */
  struct io_merges *merges; /* of IO_VOCAB_PAIRS, else NULL (byte_pairs.h) */
};

struct io_vocab_options {
  int64_t min_count; /* words seen less often become unknown; 0 is 1 */
  int64_t max_size;  /* at most so many ids, specials included; 0: no limit */
  bool ends;         /* with begin and end */
};

/* Texts that were counted. */
struct io_counted {
  const struct io_intern *texts;
  const int64_t *counts; /* how often each was seen; a text with 0 stays out of the vocabulary */
  const int64_t
      *first; /* where each was first seen, as any rising number; NULL: in the order of their numbers */
};

/* Builds a vocabulary. remap[n] becomes the id of text n: IO_UNKNOWN for a word left out, -1 for a class left
 * out. options may be NULL and is ignored for classes. Free with io_vocab_free. */
int io_vocab_build(struct io_vocab **vocab, enum io_vocab_kind kind, const struct io_counted *counted,
                   const struct io_vocab_options *options, int32_t *remap, struct rt_error *error);
int io_vocab_bytes(struct io_vocab **vocab, bool ends, struct rt_error *error);
/* Which of the texts of a list stand for unknown ones, and for the begin and the end of a text: their
 * numbers, or -1. */
struct io_list_marks {
  int32_t unknown, begin, end;
};
/* The texts in their order, which are taken: *texts is empty then. */
int io_vocab_list_new(struct io_vocab **vocab, struct io_intern *texts, struct io_list_marks marks,
                      struct rt_error *error);
/* The same for texts that io_vocab_build has put in their order; RT_BAD_DATA: classes that are in none. */
int io_vocab_again(struct io_vocab **vocab, enum io_vocab_kind kind, bool ends, struct io_intern *texts,
                   struct rt_error *error);
/* From labels that a comma separates: "bad, so-so, good". RT_USAGE: an empty one, one twice, or fewer than
 * two. */
int io_vocab_from_labels(struct io_vocab **vocab, const char *labels, struct rt_error *error);
/* From a file with one text a line, UTF-8. The first is the text of id 0, and so on; "[UNK]" or "<unk>"
 * stands for unknown texts. RT_BAD_DATA: an empty line, a text twice. */
int io_vocab_from_file(struct io_vocab **vocab, const char *path, struct rt_error *error);
/* The same for somebody else, who frees it as well; NULL stays NULL. */
struct io_vocab *io_vocab_share(struct io_vocab *vocab);
void io_vocab_free(struct io_vocab *vocab);

/* The id of a text; vocab->unknown when it is not there: IO_UNKNOWN for words, -1 for classes. The names of
 * the specials are no texts: "<unk>" is not found. */
int32_t io_vocab_find(const struct io_vocab *vocab, const char *text, size_t length);
/* The same for many (runtime/io/intern_ahead.h): their numbers become ids. */
struct io_sought;
void io_vocab_find_many(const struct io_vocab *vocab, struct io_sought *sought, size_t count);
/* The text of an id: *length bytes, not NUL-terminated. "<unk>", "<begin>", "<end>" for specials; NULL
 * outside 0..count-1. */
const char *io_vocab_text(const struct io_vocab *vocab, int32_t id, size_t *length);
/* Appends up to max of the texts as `a, b, c, … (77 in all)`, for messages. */
void io_vocab_list(const struct io_vocab *vocab, int32_t max, struct rt_text *out);

/* As one JSON object; vocab_json.h reads it. apart: many texts go there instead, behind what is there; NULL:
 * they do not. */
void io_vocab_write(const struct io_vocab *vocab, struct rt_text *out, struct rt_text *apart);
/* Those texts, when they are read: what no vocabulary has taken yet. */
struct io_apart {
  const char *at;
  size_t left;
};

enum { IO_MOST_IDS = 1 << 24 }; /* each has a row in a table */
/* The numbers 0 to count - 1 as texts, whose ids they are. RT_USAGE: more than IO_MOST_IDS. */
int io_vocab_numbers(struct io_vocab **vocab, int64_t count, struct rt_error *error);

#endif
