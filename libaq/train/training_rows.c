/* training_rows.c: reads the rows to learn from, to validate and to test. */
#include <string.h>

#include "libaq/rows/memory_rows.h"
#include "libaq/train/trainer.h"

/* What messages call rows that a function of the host's reads. */
#define STREAM "the training rows"

/* A text and its labels: such lines are fastText's, and no text by itself. */
static bool has_labels_beside(const struct vm_module *module) {
  int texts = 0, labels = 0;
  for (uint32_t k = 0; k < module->column_count; k++) {
    texts += module->column[k].kind->tokens != NULL;
    labels += module->column[k].kind->labels && !module->column[k].kind->pairs;
  }
  return texts > 0 && labels == 1;
}

static int64_t text_window(const struct vm_module *module) {
  for (uint32_t i = 0; i < module->input_count; i++)
    if (module->input[i].length >= 0 && module->dims.symbol[module->input[i].length].limit > 0)
      return module->dims.symbol[module->input[i].length].limit;
  return 128;
}

static struct io_data_options reading_options(const struct aq_trainer *t) {
  return (struct io_data_options){.skip_bad_rows = t->options.bad_rows == AQ_BAD_ROW_SKIP,
                                  .header = lib_header(t->options.header),
                                  .format = (enum io_format)t->options.format,
                                  .check = &t->row_check.hook,
                                  .window = text_window(t->module)};
}

/* The training file decides the sizes that all rows share, and requirements on rows may depend on them. */
static int bind_data(struct aq_trainer *t, bool skip, struct rt_error *error) {
  bool later = lib_row_check_later(&t->row_check);
  int status = lib_bind_dims(t->module, &t->schema, error);
  if (status != RT_OK && t->train) lib_name_file(error, t->train);
  if (status == RT_OK && later) status = io_dataset_recheck(&t->train_data, &t->row_check.hook, skip, error);
  if (status == RT_OK && later && t->has_valid)
    status = io_dataset_recheck(&t->valid_data, &t->row_check.hook, skip, error);
  return status;
}

/* The column of classes that are spread evenly over folds; -1: the first output is none. */
static int spread_column(const struct aq_trainer *t) {
  const struct vm_input *target =
      t->module->output_count ? &t->module->input[t->module->output[0].target] : NULL;
  return target && vm_form_of(target) == VM_CLASS ? vm_column_of(t->module, target) : -1;
}

/* From rows that all weigh 0 nothing is learned, and their loss is 0. */
static int check_weights(const struct aq_trainer *t, struct rt_error *error) {
  const int weight = vm_module_weight(t->module);
  if (weight < 0 || !t->train_data.rows) return RT_OK;
  const struct vm_input *input = &t->module->input[weight];
  const struct io_payload *of = &t->train_data.values[vm_column_of(t->module, input)].of;
  for (int64_t row = 0; row < t->train_data.rows; row++)
    if (io_payload_number(of, row) > 0) return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, t->train ? t->train : STREAM,
             "column \"%s\" is 0 in every training row, so that none counts and nothing is learned",
             input->name);
  rt_hint(error,
          "the weight of a row says how much it counts in the loss: 1, or 2 for one that counts twice");
  return error->code;
}

/* A text by itself has no fields, and no rows that could be spread. */
static int check_text(const struct aq_trainer *t, struct rt_error *error) {
  const aq_train_options *o = &t->options;
  if (t->text && o->hold_last)
    return rt_fail(error, RT_USAGE, "%.200s is a text by itself: it has no field %.60s", o->train,
                   o->hold_last);
  if (!t->text || !o->folds) return RT_OK;
  rt_fail(error, RT_USAGE, "%.200s is a text by itself: it has no rows that could be spread over folds",
          o->train);
  rt_hint(error, "hold back its last part: the option hold = 10%%");
  return RT_USAGE;
}

/* Which rows are held back. folding: room for what the options then point to. */
static void set_split(const struct aq_trainer *t, struct io_data_options *o, struct io_folding *folding) {
  o->hold = t->options.hold;
  o->hold_last = t->hold_last;
  o->seed = (uint64_t)(t->options.split_seed >= 0 ? t->options.split_seed : t->settings.seed);
  *folding = (struct io_folding){t->options.folds, t->options.fold, o->seed, t->fold_by, spread_column(t)};
  if (t->options.folds) o->folding = folding;
}

/* What the columns begin with; its schema is NULL: nothing is known of them. */
static struct lib_known known_columns(const struct aq_trainer *t) {
  return (struct lib_known){t->from ? &t->from->schema : NULL, t->options.from, lib_train_has_rows(t)};
}

/* Without rows nothing is learned of columns. */
static int read_nothing(struct aq_trainer *t, struct rt_error *error) {
  const struct lib_known known = known_columns(t);
  int status = lib_schema_without_rows(t->module, known.schema ? &known : NULL, &t->text, &t->schema, error);
  t->schema.folders = t->allowed.files;
  if (status == RT_BAD_DATA && !io_schema_is_trained(&t->schema)) {
    const struct rt_error why = *error;
    rt_error_clear(error);
    status = rt_fail(error, RT_USAGE, "%.900s", why.text);
    rt_hint(error,
            "aq_train_options.train or rows; steps on rows of the host's alone need a program that says all "
            "of that, or a model to begin with (aq_train_options.from)");
  }
  if (status == RT_OK) status = lib_row_check_init(&t->row_check, t->module, &t->schema, error);
  t->row_check.precision = t->precision;
  return status;
}

int lib_train_read(struct aq_trainer *t, struct rt_error *error) {
  if (!lib_train_has_rows(t)) return read_nothing(t, error);
  struct io_data_options o = reading_options(t);
  struct io_folding folding;
  set_split(t, &o, &folding);
  o.learns_all = t->options.learn_from_held;
  if (t->text && has_labels_beside(t->module)) t->text = false;
  const struct lib_known known = known_columns(t);
  int status = check_text(t, error);
  if (status == RT_OK)
    status = lib_schema(t->module, t->text, known.schema ? &known : NULL, &t->schema, error);
  t->schema.folders = t->allowed.files;
  if (status == RT_OK) status = lib_row_check_init(&t->row_check, t->module, &t->schema, error);
  t->row_check.precision = t->precision;
  if (status != RT_OK) return status;
  const struct io_source source = {STREAM, t->options.read, t->options.context};
  o.memory = lib_rows_memory(t->options.rows);
  if (source.read) o.source = &source;
  if (t->text)
    status = io_dataset_from_text(t->train, &t->schema, &o, &t->train_data, &t->valid_data, error);
  else
    status = io_dataset_train(source.read ? STREAM : t->train, &t->schema, &o, &t->train_data, &t->valid_data,
                              error);
  o.source = NULL;
  t->has_valid = lib_train_holds_back(&t->options);
  if (status == RT_OK) status = check_weights(t, error);
  if (status == RT_OK) status = bind_data(t, o.skip_bad_rows, error);
  o.hold = 0;
  o.hold_last = NULL;
  o.folding = NULL;
  o.memory = lib_rows_memory(t->options.valid_rows);
  if (status == RT_OK && (t->valid || o.memory)) {
    t->has_valid = true;
    status = t->text && !o.memory
                 ? io_dataset_from_text(t->valid, &t->schema, &o, &t->valid_data, NULL, error)
                 : io_dataset_read(t->valid, &t->schema, &o, &t->valid_data, error);
  }
  if (status == RT_OK) status = lib_learn_schemes(&t->reading, &t->schema, &t->train_data, error);
  if (status == RT_OK) status = lib_reading_add(&t->reading, &t->schema, &t->train_data, error);
  if (status == RT_OK && t->has_valid)
    status = lib_reading_add(&t->reading, &t->schema, &t->valid_data, error);
  return status;
}

int lib_train_check_test(struct aq_trainer *t, struct rt_error *error) {
  struct io_dataset test = {0};
  struct io_data_options o = reading_options(t);
  o.memory = lib_rows_memory(t->options.test_rows);
  if (!t->test && !o.memory) return RT_OK;
  /* If test data cannot be read, that should be known before an hour of training. */
  int status = t->text && !o.memory ? io_dataset_from_text(t->test, &t->schema, &o, &test, NULL, error)
                                    : io_dataset_read(t->test, &t->schema, &o, &test, error);
  if (status == RT_OK) status = lib_reading_add(&t->reading, &t->schema, &test, error);
  t->test_rows = test.rows;
  io_dataset_free(&test);
  return status;
}

/* ---- once more, with their texts ---- */

const char *lib_held_beside(const struct aq_trainer *t) {
  return t->options.folds ? t->fold_by : t->hold_last;
}

double lib_held_part(const struct aq_trainer *t) { return t->options.hold; }

/* Are they the rows that the trainer has? */
static int check_held(const struct aq_trainer *t, const struct io_dataset *held, struct rt_error *error) {
  const struct io_dataset *known = &t->valid_data;
  if (held->rows == known->rows
      && !memcmp(held->lines, known->lines, (size_t)held->rows * sizeof *held->lines))
    return RT_OK;
  return rt_fail(error, RT_BAD_DATA,
                 "%.200s do%s not have the rows any more that the training held back: %s changed",
                 known->names ? "the rows in memory"
                 : t->train   ? t->train
                              : STREAM,
                 known->names ? "" : "es", known->names ? "they have" : "it has");
}

int lib_held_rows(const struct aq_trainer *t, struct io_dataset *data, struct rt_error *error) {
  struct io_dataset held;
  struct io_split rows;
  struct io_data_options o = {0};
  struct io_folding folding;
  if (!t->ready || !lib_train_holds_back(&t->options))
    return rt_fail(error, RT_USAGE, "the training holds no rows back");
  set_split(t, &o, &folding);
  int status = io_split_rows(data, &o, &rows, error);
  if (status != RT_OK) return status;
  status = io_dataset_select(data, rows.held, rows.held_count, &held, error);
  rt_free(rows.kept);
  if (status == RT_OK) status = check_held(t, &held, error);
  io_dataset_free(status == RT_OK ? data : &held);
  if (status == RT_OK) *data = held;
  return status;
}
