/* column_segments.c: which of two texts in one sequence each token belongs to. */
#include "runtime/io/data_internal.h"

static bool belongs(const struct io_kind *to) { return to->texts > 1; }

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  (void)field;
  struct io_values *v = io_place_values(p);
  const struct io_column *c = io_place_column(p);
  const struct io_values *pair = &p->e->data->values[c->pair];
  int64_t wanted = pair->row_tokens - pair->row_cut, count = io_payload_begin(&v->of, p->e->data->rows);
  const bool two = p->e->schema->columns[c->pair].second_field >= 0;
  if (io_payload_reserve(&v->of, count + wanted + 1) != RT_OK) return rt_no_memory(error);
  for (int64_t k = 0; k < wanted; k++)
    io_payload_ids(&v->of)[count + k] = two && k >= pair->row_first ? 1 : 0;
  v->row_cut = pair->row_cut;
  return io_encode_end(p, count + wanted, error);
}

static int fixed(struct io_vocab **vocab, bool ends, struct rt_error *error) {
  (void)ends;
  return io_vocab_from_labels(vocab, "first, second", error);
}

const struct io_kind io_kind_segments = {
    .name = "segments",
    .doc = "no field of its own: 0 for each token of the first text of the column whose length is T, 1 for "
           "each of the second",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "S", .optional = true}},
    .element = IO_I32,
    .vocab = IO_VOCAB_LIST,
    .fixed = fixed,
    .pairs = true,
    .belongs = belongs,
    .made = true,
    .encode = encode,
    .one = "segment",
    .more = "segments",
    .entries = "segments",
    .noun = "segments",
    .usual = 2,
    .small = 2,
};
