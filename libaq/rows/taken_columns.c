/* taken_columns.c: what the columns of a model have learned, for those of another training. */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/fit.h"

/* A vocabulary of labels has no entry for unknown words, one of words has: neither does for the other. */
static int check_taken(const struct io_schema *schema, int here, const struct io_vocab *vocab,
                       struct rt_error *error) {
  const bool labels = io_schema_has_labels(schema, here);
  if (vocab->kind != (labels ? IO_VOCAB_WORDS : IO_VOCAB_CLASSES)) return RT_OK;
  const char *name = schema->columns[here].name;
  rt_fail(
      error, RT_USAGE,
      labels
          ? "the words of %s are labels here, too, and in the model that training begins with they are not"
          : "the words of %s are labels, too, in the model that training begins with, and here they are not",
      name);
  rt_hint(error,
          "let it have a vocabulary of its own in both programs, as in `%s: words[T, V], label: class[C]`",
          name);
  return error->code;
}

/* Labels that training had: all that there are, or those beside which the rows may have others. */
static void take_labels(struct io_column *column, struct io_column *from, bool adds) {
  struct io_vocab **to = adds ? &column->known : &column->vocab;
  *to = from->vocab;
  from->vocab = NULL;
}

/* Widths, and what stands for missing numbers and how numbers are scaled: parameters were trained with that.
 */
static void take_numbers(struct io_column *column, struct io_column *from) {
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (!column->size[a]) column->size[a] = from->size[a];
  if (!io_needs_fit(column) || memcmp(column->size, from->size, sizeof column->size) != 0
      || column->set.missing != from->set.missing || column->set.scale != from->set.scale
      || (column->set.missing == IO_MISSING_NUMBER && column->set.number != from->set.number))
    return;
  column->fit = from->fit;
  from->fit = NULL;
}

/* What training has settled where the program says nothing. */
static void take_settings(struct io_column *column, const struct io_column *from) {
  for (int k = 0; k < IO_OWN_OPTIONS; k++)
    if (!column->set.own[k]) column->set.own[k] = from->set.own[k];
  if (!column->set.scheme) column->set.scheme = from->set.scheme;
}

static int take_vocabulary(const struct lib_known *known, struct io_schema *schema, int here,
                           struct io_column *from, struct rt_error *error) {
  struct io_column *column = &schema->columns[here];
  const bool given = from->vocab && known->all && !column->kind->tokens;
  if (column->shares >= 0 || column->vocab || from->shares >= 0 || !(column->kind->tokens || given))
    return RT_OK;
  if (given && column->kind->labels) {
    const bool learned = from->set.threshold == IO_THRESHOLD_LEARNED && !known->adds_labels;
    if (learned && from->above) column->above = from->above, from->above = NULL;
    take_labels(column, from, known->adds_labels);
    return RT_OK;
  }
  int status = from->vocab ? check_taken(schema, here, from->vocab, error) : RT_OK;
  if (status != RT_OK) return status;
  column->vocab = from->vocab;
  from->vocab = NULL;
  return RT_OK;
}

int lib_take_columns(const struct vm_module *module, const struct lib_known *known, struct io_schema *schema,
                     struct rt_error *error) {
  struct io_schema copy = {0};
  int status = io_schema_copy(known->schema, &copy, error);
  for (int c = 0; c < copy.count && status == RT_OK; c++) {
    const int here = io_schema_find(schema, copy.columns[c].name);
    if (here < 0 || schema->columns[here].kind != copy.columns[c].kind) continue;
    if (known->all) take_settings(&schema->columns[here], &copy.columns[c]);
    if (known->all) take_numbers(&schema->columns[here], &copy.columns[c]);
    /* The columns of a schema are those of its module, in their order. */
    if (module->column[here].set.labels) continue; /* the program says them */
    status = take_vocabulary(known, schema, here, &copy.columns[c], error);
  }
  io_schema_free(&copy);
  return status;
}
