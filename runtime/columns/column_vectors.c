/* column_vectors.c: as many vectors as the row has, each of the same number of numbers. */
#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/number.h"

enum { LENGTH, WIDTH }; /* its axes */

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_field list = *field;
  int64_t count = io_payload_begin(&io_place_values(p)->of, p->e->data->rows), vectors = 0;
  io_trim(&list.text, &list.length);
  int status = list.length > 0 ? io_encode_lists(p, &list, WIDTH, &vectors, error) : RT_OK;
  return status == RT_OK ? io_encode_end(p, count + io_encode_kept(p, vectors), error) : status;
}

const struct io_kind io_kind_vectors = {
    .name = "vector",
    .doc = "as many vectors as the row has, `;` between them: \"1 2; 3 4; 5 6\" are three; T is how many, N "
           "how many numbers each has",
    .axis = {[LENGTH] = {IO_LENGTH, "T"}, [WIDTH] = {IO_WIDTH, "N"}},
    .option = io_numbers_options,
    .options = IO_NUMBERS_OPTIONS,
    .settle = io_settle_numbers,
    .element = IO_F64,
    .join = ',',
    .encode = encode,
    .learn = io_fit_learn,
    .one = "vector",
    .more = "vectors",
    .entries = "numbers",
    .usual = 64,
    .small = 4,
};
