/* column_labels.c: several labels of a row. A model that predicts them gives a score for each label. */
#include "runtime/io/data_internal.h"

const struct io_kind io_kind_labels = {
    .name = "labels",
    .doc =
        "any number of labels, `|` or white space between them; C is how many different ones there are, and "
        "the model gets a 1 for each that the row has, a 0 for the others",
    .axis = {{IO_MEMBERS, "C"}},
    .option = io_labels_options,
    .options = IO_LABELS_OPTIONS,
    .settle = io_settle_threshold,
    .element = IO_I32,
    .vocab = IO_VOCAB_CLASSES,
    .labels = true,
    .names = true,
    .join = IO_LABEL_END,
    .encode = io_encode_labels,
    .learn = io_learn_split,
    .entries = "labels",
    .noun = "labels",
    .usual = 10,
    .small = 3,
};
