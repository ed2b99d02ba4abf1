/* column_set.c: several names of a row, whose order does not count. */
#include "runtime/io/data_internal.h"

const struct io_kind io_kind_set = {
    .name = "set",
    .doc = "any number of names, `|` or white space between them, whose order does not count; V is how many "
           "different ones there are, and the model gets a 1 for each that the row has, a 0 for the others",
    .axis = {{IO_MEMBERS, "V"}},
    .option = io_labels_options,
    .options = IO_LABELS_OPTIONS - 1,
    .element = IO_I32,
    .vocab = IO_VOCAB_CLASSES,
    .labels = true,
    .names = true,
    .join = IO_LABEL_END,
    .encode = io_encode_labels,
    .learn = io_learn_split,
    .entries = "names",
    .noun = "names",
    .usual = 10,
    .small = 3,
};
