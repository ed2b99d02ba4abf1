/* pieces.h: vocabularies of pieces that are merged byte pair by byte pair, as SentencePiece has them (Kudo
 * and Richardson 2018; Sennrich et al. 2016). A piece holds its own spaces: " the", "ing". */
#ifndef AQ_RUNTIME_IO_PIECES_H
#define AQ_RUNTIME_IO_PIECES_H

#include "runtime/io/tokenise.h"
#include "runtime/io/vocab.h"

/* The pieces of a file, in the order of their ids; UTF-8, one a line. Either
 *   ID <tab> SCORE <tab> PIECE   with the piece as a JSON string, below a first line that says so
 *   PIECE <tab> SCORE            as spm_export_vocab writes it, with U+2581 for a space
 * <unk>, <s> and </s> stand for what is unknown, the begin and the end of a text, <0x00> to <0xFF> for bytes.
 * RT_BAD_DATA with the line: anything else, a piece twice, scores that do not fall from piece to piece. */
int io_pieces_read(struct io_vocab **vocab, const char *path, struct rt_error *error);

/* The same of a tokenizer.json of Hugging Face whose model is BPE with pieces of SentencePiece, as those of
 * Llama and Mistral (pieces_json.c). RT_BAD_DATA: another kind of tokenizer, merges that are not in the order
 * of what they make. */
int io_pieces_read_json(struct io_vocab **vocab, const char *path, struct rt_error *error);
/* Notes that the piece `id` is <unk>, <s> or </s>. False: it is a part of texts. */
bool io_piece_mark(struct io_list_marks *marks, const char *piece, size_t length, int32_t id);
/* Appends a piece as it is in texts: U+2581 is a space. */
void io_piece_plain(struct rt_text *out, const char *text, size_t length);

/* The pieces of a text, which gets a space before it. It begins as code points. Of all neighbours whose texts
 * together are a piece, those with the best score are merged first, the leftmost of equals, until there are
 * none. What is then no piece becomes the pieces of its bytes, where the vocabulary has these. Only
 * RT_NO_MEMORY can go wrong. */
int io_pieces_split(const struct io_vocab *vocab, const char *text, size_t length, struct io_tokens *tokens,
                    struct rt_error *error);

/* The byte that a piece such as <0x0A> stands for, or -1. */
int io_piece_byte(const char *piece, size_t length);

#endif
