/* byte_pairs.h: pairs of bytes that are merged, as GPT-2 reads texts (Sennrich et al. 2016; Radford et al.
 * 2019). Every text can be written so, and comes back byte for byte. */
#ifndef AQ_RUNTIME_IO_BYTE_PAIRS_H
#define AQ_RUNTIME_IO_BYTE_PAIRS_H

#include "runtime/io/tokenise.h"
#include "runtime/io/vocab.h"

/* What is merged, the first pair first. */
struct io_merge_pair {
  int32_t left, right; /* ids */
  int32_t made;        /* the id of both together */
};
struct io_merges {
  struct io_merge_pair *pair; /* [count] by rank */
  size_t capacity;
  int32_t count;
  uint32_t *slots; /* [slot_count] open addressing of left and right; rank + 1, 0 when empty */
  size_t slot_count;
  int32_t byte[256]; /* the ids of single bytes */
  /* How texts are split into words: 0: as GPT-2 does; else as Llama 3, with at most so many digits in a word.
   */
  int digits;
  bool whole;           /* a word that is an entry is not merged */
  int32_t *mark, marks; /* [marks] entries that stand for themselves in a text */
  size_t mark_capacity;
};

enum { IO_MOST_DIGITS = 3 };

/* The mark between texts. */
#define IO_END_OF_TEXT "<|endoftext|>"

/* The vocabulary of a file of ids, {"the": 0, …}, and one of merges, a pair a line, the best first. In both
 * bytes are written as GPT-2 has them: printable ones as themselves, others as letters from U+0100 on, so
 * that Ġ is a space. <|endoftext|> is the begin and the end of a text. RT_BAD_DATA with the place: whatever
 * is no such file. */
int io_byte_pairs_read(struct io_vocab **vocab, const char *ids, const char *merges, struct rt_error *error);

/* The same of a tokenizer.json whose model is BPE of bytes, as GPT-2's and Llama 3's (byte_pairs_json.c).
 * What it does to a text is done, or it is RT_BAD_DATA. */
int io_byte_pairs_read_json(struct io_vocab **vocab, const char *path, struct rt_error *error);

/* The tokens of a text. First it is split into words, by GPT-2's rule unless the vocabulary has another: a
 * word has the space before it. Then each word's bytes are merged. marks: a mark in a text, such as
 * <|endoftext|>, is that entry. vocab NULL: the words. Only RT_NO_MEMORY can go wrong. */
int io_byte_pairs_split(const struct io_vocab *vocab, bool marks, const char *text, size_t length,
                        struct io_tokens *tokens, struct rt_error *error);
/* Where a text can be cut in two, so that both parts have the tokens of the whole: the last byte that ends a
 * part beginning at `at`, plus one. Parts end before a line end that follows no white space. */
size_t io_byte_pairs_part(const char *text, size_t at, size_t length);

/* Learns at most `size` entries from words that were counted: the 256 bytes, then what most of the pairs are,
 * merge by merge, as long as a pair is seen twice; ends: <|endoftext|> last. The same counts give the same
 * vocabulary. */
int io_byte_pairs_learn(struct io_vocab **vocab, const struct io_counted *words, int64_t size, bool ends,
                        struct rt_error *error);

/* Gives a vocabulary, which has the texts already, one more pair. RT_BAD_DATA: both together are no text of
 * it, or the pair is there already. */
int io_merges_add(struct io_vocab *vocab, int32_t left, int32_t right, struct rt_error *error);
/* An empty list of pairs for a vocabulary of texts. RT_BAD_DATA: a byte is none of the texts. */
int io_merges_new(struct io_vocab *vocab, struct rt_error *error);
/* One more mark. RT_NO_MEMORY. */
int io_merges_mark(struct io_merges *merges, int32_t id);
void io_merges_free(struct io_merges *merges);

/* Bytes as GPT-2's files have them, and back; false: a character stands for no byte. */
void io_bytes_written(const char *bytes, size_t length, struct rt_text *out);
bool io_bytes_read(const char *text, size_t length, struct rt_text *out);

#endif
