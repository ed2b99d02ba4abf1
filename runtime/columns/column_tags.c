/* column_tags.c: labels separated by white space, one for each token of another column. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"

/* The next tag from *at on; false when there is none. */
static bool next_tag(const struct io_field *field, size_t *at, const char **tag, size_t *length) {
  while (*at < field->length && io_is_space(field->text[*at])) ++*at;
  size_t begin = *at;
  while (*at < field->length && !io_is_space(field->text[*at])) ++*at;
  *tag = field->text + begin;
  *length = *at - begin;
  return *length > 0;
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_encoder *e = p->e;
  struct io_values *v = io_place_values(p);
  const struct io_column *c = io_place_column(p);
  const struct io_values *pair = &e->data->values[c->pair];
  const char *pair_name = e->schema->columns[c->pair].name, *tag;
  if (!pair->present)
    return rt_fail(error, RT_USAGE, "tags \"%s\" need the tokens \"%s\"", c->name, pair_name);
  int64_t wanted = pair->row_tokens, tags = 0, count = io_payload_begin(&v->of, e->data->rows);
  if (io_payload_reserve(&v->of, count + wanted + 1) != RT_OK) return rt_no_memory(error);
  size_t at = 0, length;
  for (; next_tag(field, &at, &tag, &length); tags++) {
    int32_t id;
    if (tags >= wanted) continue; /* only counted */
    int status = io_encode_label(p, tag, length, &id, error);
    if (status != RT_OK) return status;
    io_payload_ids(&v->of)[count + tags] = id;
  }
  if (tags != wanted)
    return io_encode_fail(p, error, "%lld tag%s in \"%s\" for %lld token%s in \"%s\"", (long long)tags,
                          tags == 1 ? "" : "s", c->name, (long long)wanted, wanted == 1 ? "" : "s",
                          pair_name);
  v->row_cut = pair->row_cut;
  return io_encode_end(p, count + tags, error);
}

static const char *const schemes[] = {[IO_SCHEME_BIO - 1] = "bio", [IO_SCHEME_IOB1 - 1] = "iob1"};

static const struct io_option options[] = {
    IO_TEXT(
        "labels", labels,
        "all labels in their order, as in \"bad, so-so, good\"; a training row with any other is a bad row"),
    IO_CHOICE("scheme", schemes, scheme,
              "where B-place and I-place mark entities: with bio an entity begins with B, with iob1 it may "
              "begin with I; when it is left out, what most entities of the training file do"),
};

const struct io_kind io_kind_tags = {
    .name = "tags",
    .doc = "labels separated by spaces, one for each word of the text whose length is T; C is how many "
           "different ones there are",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "C"}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_CLASSES,
    .labels = true,
    .names = true,
    .pairs = true,
    .join = ' ',
    .encode = encode,
    .one = "tag",
    .more = "tags",
    .entries = "tags",
    .noun = "labels",
    .usual = 2,
    .small = 3,
};
