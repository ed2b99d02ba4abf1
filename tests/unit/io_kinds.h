/* io_kinds.h: the kinds of columns that tests name. The product knows them by its list alone. */
#ifndef AQ_TESTS_UNIT_IO_KINDS_H
#define AQ_TESTS_UNIT_IO_KINDS_H

#include "runtime/columns/column.h"

extern const struct io_kind io_kind_words, io_kind_chars, io_kind_bytes, io_kind_ngrams, io_kind_class,
    io_kind_tags, io_kind_number, io_kind_vector, io_kind_vectors, io_kind_matrix, io_kind_ids,
    io_kind_labels, io_kind_set, io_kind_weight;

#endif
