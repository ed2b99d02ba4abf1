/* column_class.c: one label, which is the whole field. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  size_t length = field->length;
  int64_t row = p->e->data->rows;
  const char *text = field->text;
  io_trim(&text, &length);
  if (length == 0)
    return io_encode_fail(p, error, "column \"%s\" has no label in this row", io_place_column(p)->name);
  if (io_payload_reserve(&v->of, row + 1) != RT_OK) return rt_no_memory(error);
  return io_encode_label(p, text, length, &io_payload_ids(&v->of)[row], error);
}

static const struct io_option options[] = {IO_TEXT(
    "labels", labels,
    "all labels in their order, as in \"bad, so-so, good\"; a training row with any other is a bad row")};

const struct io_kind io_kind_class = {
    .name = "class",
    .doc = "a label, any text; C is how many different ones the training file has",
    .axis = {{IO_ENTRIES, "C"}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_CLASSES,
    .labels = true,
    .names = true,
    .encode = encode,
    .entries = "classes",
    .noun = "labels",
    .usual = 2,
    .small = 3,
};
