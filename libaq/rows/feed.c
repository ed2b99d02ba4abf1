/* feed.c: turns what a program says of its data into a schema, and rows of datasets into the inputs of a
 * machine. */
#include <string.h>

#include "libaq/model/requirement_words.h"
#include "libaq/rows/feed_mix.h"
#include "runtime/io/dtype.h"
#include "runtime/io/images.h"
#include "runtime/random.h"

/* ---- the schema ---- */

/* The number of the column whose tokens the values of an input belong to: its length has the same name. -1:
 * there is none. */
static int find_pair(const struct vm_module *module, const struct io_schema *schema,
                     const struct vm_input *input) {
  const struct io_kind *kind = input->column->kind;
  for (uint32_t k = 0; k < module->input_count; k++) {
    int other = vm_column_of(module, &module->input[k]);
    const struct io_column *column = &schema->columns[other];
    if (module->input[k].length != input->length) continue;
    if (column->kind->made && column->pair >= 0 && io_kind_belongs(kind, schema->columns[column->pair].kind))
      return column->pair;
    if (!column->kind->pairs) return other;
  }
  return -1;
}

/* Whose tokens the values of pairs belong to. */
static int pair_columns(const struct vm_module *module, struct io_schema *schema, struct rt_error *error) {
  for (uint32_t i = 0; i < module->input_count; i++) {
    const struct vm_input *input = &module->input[i];
    struct io_column *column = &schema->columns[vm_column_of(module, input)];
    if (!column->kind->pairs) continue;
    if (column->pair < 0) column->pair = find_pair(module, schema, input);
    int64_t limit = column->max_length;
    column->max_length = 0; /* its pair's */
    if (column->pair >= 0 && column->kind->made) {
      struct io_column *pair = &schema->columns[column->pair];
      pair->required |= column->required;
      if (pair->max_length == 0) pair->max_length = limit;
    }
    if (column->pair >= 0) continue;
    rt_fail(error, RT_USAGE, "the %s %s have no text: no other column that the model uses has the length %s",
            column->kind->more, column->name, module->dims.symbol[input->length].name);
    rt_hint(error, "there is one tag for each token, so both have one length, as in text: words[T] and tags: "
                   "tags[T, C]");
    return error->code;
  }
  return RT_OK;
}

/* Inputs with the same name for their vocabulary share it; the first of them owns it. */
static void share_vocabularies(const struct vm_module *module, struct io_schema *schema) {
  for (uint32_t i = 0; i < module->input_count; i++) {
    const struct vm_input *input = &module->input[i], *first = module->input;
    if (input->vocabulary < 0) continue;
    while (first->vocabulary != input->vocabulary) first++;
    if (first->column != input->column)
      schema->columns[vm_column_of(module, input)].shares = vm_column_of(module, first);
  }
}

/* ids[T, 100]: the program says how many there are. */
static int given_ids(const struct vm_module *module, struct io_schema *schema, struct rt_error *error) {
  for (uint32_t i = 0; i < module->input_count; i++) {
    const struct vm_input *input = &module->input[i];
    struct io_column *column = &schema->columns[vm_column_of(module, input)];
    int64_t count;
    if (!column->kind->numbered || column->vocab || column->shares >= 0
        || vm_dim_value(&module->dims, input->type.of, NULL, &count, NULL))
      continue;
    int status = io_vocab_numbers(&column->vocab, count, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* A text that is predicted row by row has a begin and an end, also in a vocabulary that was not learned. */
static int check_ends(const struct vm_module *module, struct io_schema *schema, struct rt_error *error) {
  for (int c = 0; c < schema->count; c++) {
    const struct io_vocab *vocab = schema->columns[c].vocab;
    const struct io_settings *set = &module->column[c].set;
    if (!vocab || !io_schema_has_ends(schema, c) || schema->columns[c].kind->whole
        || (vocab->begin >= 0 && vocab->end >= 0))
      continue;
    return rt_fail(error, RT_USAGE,
                   "the text %s is predicted row by row, which needs entries for its begin and its end; "
                   "the vocabulary %s has none",
                   schema->columns[c].name,
                   set->vocab    ? set->vocab
                   : set->labels ? set->labels
                                 : "of the model");
  }
  io_schema_share(schema);
  return RT_OK;
}

/* Takes the vocabularies that the program gives: labels, or a file of words. */
static int given_vocabularies(const struct vm_module *module, struct io_schema *schema,
                              struct rt_error *error) {
  for (int c = 0; c < schema->count; c++) {
    const struct io_settings *set = &module->column[c].set;
    struct io_column *column = &schema->columns[c];
    int status;
    if (column->shares >= 0 || column->vocab || (!set->labels && !set->vocab)) continue;
    status = set->labels           ? io_vocab_from_labels(&column->vocab, set->labels, error)
             : column->kind->given ? column->kind->given(&column->vocab, set, error)
                                   : io_vocab_from_file(&column->vocab, set->vocab, error);
    if (status != RT_OK) return status;
    if (io_schema_has_labels(schema, c)) column->vocab->unknown = -1;
  }
  return check_ends(module, schema, error);
}

/* What an input says of its column. text: a plain text is read, whose rows have no begin and no end. */
static int set_up_column(const struct vm_module *module, const struct vm_input *input, bool text,
                         struct io_column *column, struct rt_error *error) {
  column->required |= !input->is_target;
  if (input->matched) return RT_OK; /* the input that the model is given says the rest */
  column->ends |= input->shifted && !text;
  column->max_length = input->length >= 0 ? module->dims.symbol[input->length].limit : 0;
  /* A text to be predicted is read as begin w1 … wn, and predicted as w1 … wn end: its length is one more
   * than its words. */
  if (io_has_marks(column) && column->max_length == 1)
    return rt_fail(error, RT_USAGE,
                   "a row of %s is predicted, so it has at least 2 tokens, the first and the end, but the "
                   "program limits its length to 1",
                   input->name);
  if (io_has_marks(column) && column->max_length > 1) column->max_length--;
  for (int a = 0; a < IO_MOST_AXES; a++) {
    int64_t size;
    if (column->kind->axis[a].means == IO_WIDTH
        && !vm_dim_value(&module->dims, vm_input_dim(input, a), NULL, &size, NULL))
      column->size[a] = size;
  }
  return RT_OK;
}

/* The columns of a module, without what its inputs say of them. */
static int copy_columns(const struct vm_module *module, struct io_schema *schema, struct rt_error *error) {
  for (uint32_t k = 0; k < module->column_count; k++) {
    const struct io_column *from = &module->column[k];
    struct io_column *column;
    int status = io_schema_add(schema, from->name, from->kind, &column, error);
    if (status == RT_OK && from->source)
      status = io_schema_read_from(column, from->source, from->second, error);
    if (status != RT_OK) return status;
    column->required = false;
    column->set = from->set;
    column->pair = from->pair;
    column->number = from->number;
    column->set.labels = column->set.vocab = column->set.merges =
        NULL; /* given_vocabularies makes them one */
  }
  return RT_OK;
}

int lib_schema(const struct vm_module *module, bool text, const struct lib_known *known,
               struct io_schema *schema, struct rt_error *error) {
  int status = copy_columns(module, schema, error);
  for (uint32_t i = 0; i < module->input_count && status == RT_OK; i++) {
    const struct vm_input *input = &module->input[i];
    if (!input->column) return rt_fail(error, RT_USAGE, "%s is no column of a file", input->name);
    status = set_up_column(module, input, text, &schema->columns[vm_column_of(module, input)], error);
  }
  if (status != RT_OK) return status;
  if (text && schema->count != 1)
    return rt_fail(error, RT_USAGE,
                   "a plain text has one column, and this program needs %d: give it a table (.tsv or .csv)",
                   schema->count);
  share_vocabularies(module, schema);
  status = known ? lib_take_columns(module, known, schema, error) : RT_OK;
  if (status == RT_OK) status = given_ids(module, schema, error);
  if (status != RT_OK) return status;
  status = given_vocabularies(module, schema, error);
  if (status == RT_OK) status = pair_columns(module, schema, error);
  return status != RT_OK ? status : io_schema_check(schema, error);
}

static int64_t column_size(const struct io_column *column, int axis) {
  if (column->kind->axis[axis].means == IO_WIDTH) return column->size[axis];
  return column->vocab ? column->vocab->count + column->kind->beside : -1;
}

/* What a file lists is not learned from the rows. */
static void hint_size(const struct vm_module *module, const struct vm_input *input, struct rt_error *error) {
  const char *file = module->column[vm_column_of(module, input)].set.vocab;
  if (file)
    rt_hint(error,
            "they are those of vocab = \"%s\": name another file, or say their number, or a new name for it",
            file);
  rt_hint(error, "to let the data decide, use a new name in the data block: neither a dim of the program nor "
                 "a size of another column");
}

/* class[3] or vector[16]: the program says how many there are. */
static int fixed_size(const struct vm_module *module, const struct vm_input *input,
                      const struct io_column *column, int axis, struct rt_error *error) {
  int64_t wanted, size = column_size(column, axis);
  if (vm_dim_value(&module->dims, vm_input_dim(input, axis), NULL, &wanted, NULL) || wanted == size)
    return RT_OK;
  rt_fail(error, RT_BAD_DATA, "the column %s has %lld %s, but the program says %lld", input->name,
          (long long)size, io_kind_counts(column->kind, axis), (long long)wanted);
  hint_size(module, input, error);
  return error->code;
}

/* Gives the size of an axis to the name that the program has for it. */
static int bind_axis(struct vm_module *module, const struct vm_input *input, const struct io_column *column,
                     int axis, struct rt_error *error) {
  vm_dim dim = vm_input_dim(input, axis);
  int64_t number = dim == VM_NO_DIM ? -1 : vm_dim_as_symbol(&module->dims, dim);
  if (dim == VM_NO_DIM) return RT_OK;
  if (number < 0) return fixed_size(module, input, column, axis, error); /* a number in the program */
  struct vm_symbol *symbol = &module->dims.symbol[number];
  int64_t size = column_size(column, axis);
  if (symbol->value < 0) symbol->value = size;
  if (symbol->value == size) return RT_OK;
  rt_fail(error, RT_BAD_DATA, "the column %s has %lld %s, but %s is %lld", input->name, (long long)size,
          io_kind_counts(column->kind, axis), symbol->name, (long long)symbol->value);
  hint_size(module, input, error);
  return error->code;
}

int lib_bind_dims(struct vm_module *module, const struct io_schema *schema, struct rt_error *error) {
  for (uint32_t i = 0; i < module->input_count; i++) {
    const struct vm_input *input = &module->input[i];
    for (int a = 0; a < IO_MOST_AXES; a++) {
      int status = bind_axis(module, input, &schema->columns[vm_column_of(module, input)], a, error);
      if (status != RT_OK) return status;
    }
  }
  return lib_requirements_bound(module, error);
}

/* ---- rows into inputs ---- */

int lib_feed_init(struct lib_feed *feed, const struct vm_module *module, const struct io_schema *schema,
                  enum rt_precision precision, struct rt_error *error) {
  size_t inputs = module->input_count + 1u, symbols = module->dims.symbol_count + 1;
  *feed = (struct lib_feed){.module = module, .schema = schema, .precision = precision};
  feed->column = rt_zalloc(inputs, sizeof *feed->column);
  feed->buffer = rt_zalloc(inputs, sizeof *feed->buffer);
  feed->capacity = rt_zalloc(inputs, sizeof *feed->capacity);
  feed->sizes = rt_zalloc(symbols, sizeof *feed->sizes);
  feed->sizes_capacity = rt_zalloc(symbols, sizeof *feed->sizes_capacity);
  if (!feed->column || !feed->buffer || !feed->capacity || !feed->sizes || !feed->sizes_capacity)
    return rt_no_memory(error);
  for (uint32_t i = 0; i < module->input_count; i++)
    feed->column[i] = vm_column_of(module, &module->input[i]);
  return RT_OK;
}

void lib_feed_free(struct lib_feed *feed) {
  for (uint32_t i = 0; feed->buffer && i < feed->module->input_count; i++) rt_free(feed->buffer[i]);
  for (size_t s = 0; feed->sizes && s < feed->module->dims.symbol_count; s++) rt_free(feed->sizes[s]);
  rt_free(feed->column);
  rt_free(feed->buffer);
  rt_free(feed->capacity);
  rt_free(feed->sizes);
  rt_free(feed->sizes_capacity);
  *feed = (struct lib_feed){0};
}

int64_t lib_row_length(const struct vm_input *input, const struct io_values *v, int64_t row) {
  int64_t n = io_row_length(v, row);
  return input->shifted ? (n > 0 ? n - 1 : 0) : n;
}

/* How many elements a value has, as the model takes it. */
static int64_t value_elements(const struct lib_feed *feed, uint32_t i, const struct io_values *v) {
  const struct vm_input *input = &feed->module->input[i];
  int64_t members;
  if (input->matched) return 1;
  if (input->column->kind->give) return io_column_width(input->column->kind, v->size);
  bool all =
      io_kind_has(input->column->kind, IO_MEMBERS)
      && !vm_dim_value(&feed->module->dims, input->type.dim[input->type.rank - 1], NULL, &members, NULL);
  return all ? members : v->of.width;
}

static int reserve(struct lib_feed *feed, uint32_t i, size_t elements, size_t element,
                   struct rt_error *error) {
  return rt_grow(&feed->buffer[i], &feed->capacity[i], elements ? elements : 1, element) ? rt_no_memory(error)
                                                                                         : RT_OK;
}

static size_t element_size(const struct lib_feed *feed, const struct vm_input *input) {
  return input->type.dtype == RT_INT ? sizeof(int32_t)
         : feed->precision == RT_F64 ? sizeof(double)
                                     : sizeof(float);
}

/* Says that the input has n tokens in example e, while an input before it with the same length has another
 * number. */
static int unequal(const struct lib_feed *feed, const struct vm_input *input, struct lib_batch batch,
                   int64_t e, int64_t n, struct rt_error *error) {
  const struct io_dataset *data = batch.data;
  rt_fail(error, RT_BAD_DATA, "the column %s has %lld tokens here, but another column of length %s has %lld",
          input->name, (long long)n, feed->module->dims.symbol[input->length].name,
          (long long)feed->sizes[input->length][e]);
  io_place_row(data, data->lines[batch.row[e]], -1, error);
  rt_hint(error,
          "columns that differ in length have lengths of different names, as in words[T] and words[U]");
  return error->code;
}

/* Puts the lengths of the `batch` longest rows of an input's column into the sizes of its ragged dim, longest
 * first. No batch can have longer ones. */
static int longest_rows(struct lib_feed *feed, uint32_t i, const struct io_dataset *data, int64_t batch,
                        int64_t *total, struct rt_error *error) {
  const struct vm_input *input = &feed->module->input[i];
  const struct io_values *v = &data->values[feed->column[i]];
  int64_t longest = 0, taken = 0, symbol = input->length, rows = data->rows;
  if (rt_grow((void **)&feed->sizes[symbol], &feed->sizes_capacity[symbol], (size_t)batch, sizeof(int64_t)))
    return rt_no_memory(error);
  for (int64_t r = 0; r < rows; r++)
    longest = lib_row_length(input, v, r) > longest ? lib_row_length(input, v, r) : longest;
  int64_t *rows_of = rt_zalloc((size_t)longest + 1, sizeof *rows_of); /* [length] */
  if (!rows_of) return rt_no_memory(error);
  for (int64_t r = 0; r < rows; r++) rows_of[lib_row_length(input, v, r)]++;
  *total = 0;
  for (int64_t n = longest; n >= 0 && taken < batch; n--)
    for (; rows_of[n] > 0 && taken < batch; rows_of[n]--) {
      feed->sizes[symbol][taken++] = n;
      *total += n;
    }
  rt_free(rows_of);
  return RT_OK;
}

int lib_feed_reserve(struct lib_feed *feed, const struct io_dataset *data, int64_t batch,
                     struct rt_error *error) {
  if (batch > data->rows) batch = data->rows;
  for (uint32_t i = 0; i < feed->module->input_count; i++) {
    const struct vm_input *input = &feed->module->input[i];
    const struct io_values *v = &data->values[feed->column[i]];
    int64_t total = batch;
    int status = RT_OK;
    if (!v->present) continue;
    if (input->length >= 0) status = longest_rows(feed, i, data, batch, &total, error);
    if (status == RT_OK)
      status =
          reserve(feed, i, (size_t)(total * value_elements(feed, i, v)), element_size(feed, input), error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

int lib_feed_sample(struct lib_feed *feed, const struct io_dataset *data, int64_t batch,
                    struct rt_error *error) {
  for (uint32_t i = 0; i < feed->module->input_count; i++) {
    const struct vm_input *input = &feed->module->input[i];
    const struct io_values *v = &data->values[feed->column[i]];
    const int64_t symbol = input->length;
    if (!v->present || symbol < 0) continue;
    if (rt_grow((void **)&feed->sizes[symbol], &feed->sizes_capacity[symbol], (size_t)batch, sizeof(int64_t)))
      return rt_no_memory(error);
    for (int64_t e = 0; e < batch; e++)
      feed->sizes[symbol][e] = lib_row_length(input, v, e * data->rows / batch);
  }
  return RT_OK;
}

double lib_feed_weight(const struct lib_feed *feed, uint32_t output, int64_t count) {
  int64_t symbol = feed->module->input[feed->module->output[output].target].length, tokens = 0;
  if (symbol < 0) return (double)count;
  for (int64_t e = 0; e < count; e++) tokens += feed->sizes[symbol][e];
  return (double)tokens;
}

/* Puts the lengths of the rows into the sizes of the input's ragged dim, and their sum into *total. known:
 * [symbols] whether an input before this one has given the sizes. */
static int feed_lengths(struct lib_feed *feed, uint32_t i, struct lib_batch batch, bool *known,
                        int64_t *total, struct rt_error *error) {
  const struct vm_input *input = &feed->module->input[i];
  const struct io_values *v = &batch.data->values[feed->column[i]];
  int64_t symbol = input->length;
  if (rt_grow((void **)&feed->sizes[symbol], &feed->sizes_capacity[symbol], (size_t)batch.count,
              sizeof(int64_t)))
    return rt_no_memory(error);
  *total = 0;
  for (int64_t e = 0; e < batch.count; e++) {
    int64_t n = input->column->kind->beside ? lib_give_boxes(feed, i, batch, e, NULL)
                                            : lib_row_length(input, v, batch.row[e]);
    if (known[symbol] && feed->sizes[symbol][e] != n) return unequal(feed, input, batch, e, n, error);
    feed->sizes[symbol][e] = n;
    *total += n;
  }
  known[symbol] = true;
  if (*total > feed->tokens) feed->tokens = *total;
  return RT_OK;
}

/* The rows of a column, as the model takes them: ids, or numbers in the precision of the run. */
static void copy_values(const struct lib_feed *feed, const struct vm_input *input, const struct io_values *v,
                        struct lib_batch batch, void *out) {
  const struct io_payload *of = &v->of;
  const size_t size = io_dtype_size(of->element), to = element_size(feed, input);
  char *at = out;
  for (int64_t e = 0; e < batch.count; e++) {
    int64_t row = batch.row[e], first = io_payload_begin(of, row) + (input->shifted && input->is_target);
    int64_t values = input->length < 0 ? 1 : lib_row_length(input, v, row);
    size_t count = (size_t)(values * of->width);
    const unsigned char *from = (const unsigned char *)of->elements + (size_t)(first * of->width) * size;
    if (input->type.dtype == RT_INT)
      memcpy(at, from, count * size);
    else if (feed->precision == RT_F64)
      io_dtype_to_double(of->element, from, count, (double *)(void *)at);
    else
      io_dtype_to_float(of->element, from, count, (float *)(void *)at);
    at += count * to;
  }
}

/* The first column of the kind that the model is given, which its targets are changed with; -1: there is
 * none. */
static int given_like(const struct lib_feed *feed, const struct vm_input *target) {
  for (uint32_t i = 0; target->is_target && i < feed->module->input_count; i++)
    if (!feed->module->input[i].is_target && feed->module->input[i].column->kind == target->column->kind)
      return feed->column[i];
  return -1;
}

/* Of values that are numbers of something larger: that. */
static int copy_given(const struct lib_feed *feed, uint32_t i, const struct io_values *v,
                      struct lib_batch batch, struct rt_error *error) {
  const struct io_column *column = &feed->schema->columns[feed->column[i]];
  const struct vm_input *input = &feed->module->input[i];
  const size_t size = (size_t)value_elements(feed, i, v) * element_size(feed, input);
  const int like = given_like(feed, input), by = like < 0 ? feed->column[i] : like;
  char *at = feed->buffer[i];
  for (int64_t e = 0; e < batch.count; e++) {
    const uint64_t chance = lib_feed_chance(feed, by, e);
    const struct io_giving first = {.column = &feed->schema->columns[by],
                                    .values = &batch.data->values[by],
                                    .row = batch.row[e],
                                    .chance = feed->chance ? &chance : NULL};
    const struct io_giving giving = {.column = column,
                                     .values = v,
                                     .row = batch.row[e],
                                     .chance = first.chance,
                                     .like = like < 0 ? NULL : &first,
                                     .doubles = feed->precision == RT_F64,
                                     .out = at};
    const int status = column->kind->give(&giving, error);
    if (status == RT_BAD_DATA)
      io_place_row(batch.data, batch.data->lines[batch.row[e]], feed->column[i], error);
    if (status != RT_OK) return status;
    at += (input->length < 0 ? 1 : (size_t)lib_row_length(input, v, batch.row[e])) * size;
  }
  const double mixup = io_image_mixup(&feed->schema->columns[by]);
  if (mixup > 0 && feed->chance)
    lib_feed_mix(feed, mixup, batch.count, value_elements(feed, i, v), feed->buffer[i]);
  return RT_OK;
}

/* Labels: a 1 for each that a row has. One that training did not see has no place. */
static void copy_members(const struct lib_feed *feed, const struct io_values *v, int64_t members,
                         struct lib_batch batch, void *out) {
  memset(out, 0,
         (size_t)(batch.count * members) * (feed->precision == RT_F64 ? sizeof(double) : sizeof(float)));
  for (int64_t e = 0; e < batch.count; e++) {
    const int32_t *id = io_payload_ids(&v->of) + io_payload_begin(&v->of, batch.row[e]);
    for (int64_t k = io_payload_count(&v->of, batch.row[e]); k > 0; k--, id++) {
      if (*id < 0 || *id >= members) continue;
      if (feed->precision == RT_F64)
        ((double *)out)[e * members + *id] = 1;
      else
        ((float *)out)[e * members + *id] = 1;
    }
  }
}

/* What lies in an image that is changed at random moves with it. */
static void copy_boxes(const struct lib_feed *feed, uint32_t i, int64_t width, struct lib_batch batch,
                       void *out) {
  char *at = out;
  for (int64_t e = 0; e < batch.count; e++)
    at +=
        (size_t)(lib_give_boxes(feed, i, batch, e, at) * width) * element_size(feed, &feed->module->input[i]);
}

/* For each row the number of the first row of the batch that holds the same. */
static void copy_matches(const struct lib_feed *feed, const struct io_values *v, struct lib_batch batch,
                         void *out) {
  for (int64_t e = 0; e < batch.count; e++) {
    int64_t first = 0;
    while (first < e && !lib_same_value(v, batch.row[first], batch.row[e])) first++;
    if (feed->precision == RT_F64)
      ((double *)out)[e] = (double)first;
    else
      ((float *)out)[e] = (float)first;
  }
}

static int copy_rows(const struct lib_feed *feed, uint32_t i, struct lib_batch batch,
                     struct rt_error *error) {
  const struct vm_input *input = &feed->module->input[i];
  const struct io_values *v = &batch.data->values[feed->column[i]];
  void *out = feed->buffer[i];
  if (input->matched)
    copy_matches(feed, v, batch, out);
  else if (input->column->kind->beside)
    copy_boxes(feed, i, value_elements(feed, i, v), batch, out);
  else if (io_kind_has(input->column->kind, IO_MEMBERS))
    copy_members(feed, v, value_elements(feed, i, v), batch, out);
  else if (input->column->kind->give)
    return copy_given(feed, i, v, batch, error);
  else
    copy_values(feed, input, v, batch, out);
  return RT_OK;
}

int lib_feed_fill(struct lib_feed *feed, const struct vm_machine *machine, struct lib_batch batch,
                  struct rt_error *error) {
  bool known[1024];
  feed->tokens = 0;
  if (feed->module->dims.symbol_count > RT_COUNT(known))
    return rt_fail(error, RT_USAGE, "a program with more than %zu dims", RT_COUNT(known));
  memset(known, 0, feed->module->dims.symbol_count);
  for (uint32_t i = 0; i < feed->module->input_count; i++) {
    const struct vm_input *input = &feed->module->input[i];
    const struct io_values *v = &batch.data->values[feed->column[i]];
    int64_t total = batch.count;
    int status = RT_OK;
    if (!v->present) {
      if (!vm_machine_uses_input(machine, i)) continue;
      return rt_fail(error, RT_BAD_DATA, "%s has no column %s",
                     batch.data->name ? batch.data->name : "the data", input->name);
    }
    if (input->length >= 0) status = feed_lengths(feed, i, batch, known, &total, error);
    if (status == RT_OK)
      status =
          reserve(feed, i, (size_t)(total * value_elements(feed, i, v)), element_size(feed, input), error);
    if (status == RT_OK && vm_machine_uses_input(machine, i)) status = copy_rows(feed, i, batch, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

int lib_feed_bind(struct lib_feed *feed, struct vm_machine *machine, int64_t count, struct rt_error *error) {
  int status = vm_machine_bind(machine, count, (const int64_t *const *)feed->sizes, error);
  for (uint32_t i = 0; status == RT_OK && i < feed->module->input_count; i++)
    if (vm_machine_uses_input(machine, i)) vm_machine_set_input(machine, i, feed->buffer[i]);
  return status;
}

int lib_feed_rows(struct lib_feed *feed, struct vm_machine *machine, struct lib_batch batch,
                  struct rt_error *error) {
  const int status = lib_feed_fill(feed, machine, batch, error);
  return status == RT_OK ? lib_feed_bind(feed, machine, batch.count, error) : status;
}
