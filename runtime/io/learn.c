/* learn.c: what training learns about columns: vocabularies and widths. */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/utf8.h"

/* Labels that the rows need not have are there before any row is read. */
static int learn_known(struct io_learning *l, const struct io_vocab *known, struct rt_error *error) {
  int status = RT_OK;
  for (int32_t n = 0; known && n < known->texts.count && status == RT_OK; n++) {
    size_t length;
    int32_t number;
    const char *text = io_intern_text(&known->texts, n, &length);
    status = io_intern_add(&l->texts, text, length, &number, error);
  }
  l->known = l->texts.count;
  return status;
}

int io_learning_new(struct io_learning **learning, const struct io_schema *schema, struct rt_error *error) {
  struct io_learning *l = *learning = rt_zalloc((size_t)schema->count, sizeof *l);
  if (!l) return rt_no_memory(error);
  for (int c = 0; c < schema->count; c++) {
    const struct io_column *column = &schema->columns[c];
    const struct io_kind *kind = column->kind;
    if (column->vocab || column->shares >= 0) continue;
    l[c].interns = io_kind_is_counted(kind) || kind->labels || kind->build;
    int status = kind->fixed ? kind->fixed(&l[c].vocab, io_schema_has_ends(schema, c), error) : RT_OK;
    if (status == RT_OK) status = learn_known(&l[c], column->known, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

void io_learning_free(struct io_learning *learning, const struct io_schema *schema) {
  for (int c = 0; learning && c < schema->count; c++) {
    io_intern_free(&learning[c].texts);
    io_vocab_free(learning[c].vocab);
  }
  rt_free(learning);
}

/* Counts the texts of a dataset; *position goes on from dataset to dataset. */
static void count_texts(const struct io_dataset *data, int column, int64_t *counts, int64_t *first,
                        int64_t *position) {
  const struct io_payload *of = &data->values[column].of;
  const int32_t *ids = io_payload_ids(of);
  int64_t n = io_payload_begin(of, data->rows) * of->width;
  for (int64_t i = 0; i < n; i++) {
    if (ids[i] < 0) continue;
    if (counts[ids[i]]++ == 0) first[ids[i]] = *position + i;
  }
  *position += n;
}

/* The id, below 0, of a label that only held-out rows have. */
static int unseen_id(struct io_values *v, const struct io_intern *texts, int32_t number, bool target,
                     int32_t *id, struct rt_error *error) {
  size_t length;
  const char *text = io_intern_text(texts, number, &length);
  *id = 0;
  int status = target ? io_intern_add(&v->unseen, text, length, id, error) : RT_OK;
  *id = -1 - *id;
  return status;
}

static int translate(struct io_dataset *data, int column, bool target, const int32_t *remap,
                     const struct io_learning *l, struct rt_error *error) {
  struct io_values *v = &data->values[column];
  int32_t *ids = io_payload_ids(&v->of);
  int64_t n = io_payload_begin(&v->of, data->rows) * v->of.width;
  int status = RT_OK;
  for (int64_t i = 0; i < n && status == RT_OK; i++) {
    int32_t number = ids[i];
    ids[i] = number == IO_MARK_BEGIN  ? l->vocab->begin
             : number == IO_MARK_END  ? l->vocab->end
             : number == IO_MARK_NONE ? IO_NO_ID
                                      : remap[number];
    if (number >= 0 && remap[number] < 0) status = unseen_id(v, &l->texts, number, target, &ids[i], error);
  }
  return status;
}

/* Columns that share the vocabulary of one owner: their texts are learned together. */
struct group {
  const struct io_schema *schema;
  int owner;
  struct io_learning *l;
  struct io_dataset *train, *held;
};

/* What is missing may be in the rows that were left out. */
static int tell_skipped(const struct io_dataset *data, struct rt_error *error) {
  const struct rt_error *bad = &data->first_skipped;
  if (data->skipped)
    rt_hint(error, "%lld bad row%s left out; the first, in line %lld: %s", (long long)data->skipped,
            data->skipped == 1 ? " was" : "s were", (long long)bad->line, bad->text);
  return RT_BAD_DATA;
}

/* A vocabulary that nothing can be learned from is an error in the data. */
static int check_vocab(const struct group *g, bool labels, struct rt_error *error) {
  const struct io_column *column = &g->schema->columns[g->owner];
  const struct io_vocab *vocab = g->l->vocab;
  const char *file = g->train->name;
  if (labels && vocab->count == 1 && !io_kind_has(column->kind, IO_MEMBERS)) {
    size_t length;
    const char *label = io_vocab_text(vocab, 0, &length);
    rt_fail_in(error, RT_BAD_DATA, file,
               "column \"%s\" has the same %s, \"%.*s\", in all rows%s; it needs two or more", column->name,
               column->kind->pairs ? "tag" : "class", io_quoted(label, length), label,
               g->held ? " to learn from" : "");
    return tell_skipped(g->train, error);
  }
  if (vocab->texts.count > 0) return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, file, "column \"%s\" has no %s", column->name,
             labels                      ? column->kind->entries
             : column->set.min_count > 1 ? "token that is frequent enough"
                                         : "tokens");
  return tell_skipped(g->train, error);
}

static bool has(const struct group *g, int column) { return io_schema_owner(g->schema, column) == g->owner; }

static int build(const struct group *g, int32_t *remap, struct rt_error *error) {
  size_t n = (size_t)g->l->texts.count + 1;
  int64_t *counts = rt_zalloc(n, sizeof *counts), *first = rt_zalloc(n, sizeof *first), position = 0;
  const struct io_column *owner = &g->schema->columns[g->owner];
  struct io_vocab_options options = {.min_count = owner->set.min_count,
                                     .max_size = owner->set.max_size,
                                     .ends = io_schema_has_ends(g->schema, g->owner)};
  bool labels = io_schema_has_labels(g->schema, g->owner);
  int status = counts && first ? RT_OK : rt_no_memory(error);
  for (int c = g->owner; c < g->schema->count && status == RT_OK; c++)
    if (has(g, c)) count_texts(g->train, c, counts, first, &position);
  for (int32_t k = 0; k < g->l->known && status == RT_OK; k++) counts[k] += counts[k] == 0;
  const struct io_counted counted = {&g->l->texts, counts, first};
  if (status == RT_OK && owner->kind->build)
    status = owner->kind->build(&g->l->vocab, &counted, &options, error);
  else if (status == RT_OK)
    status = io_vocab_build(&g->l->vocab, labels ? IO_VOCAB_CLASSES : IO_VOCAB_WORDS, &counted, &options,
                            remap, error);
  if (status == RT_OK) status = check_vocab(g, labels, error);
  rt_free(counts);
  rt_free(first);
  return status;
}

/* The texts become their parts. */
static int expand(const struct group *g, struct rt_error *error) {
  struct io_parts parts;
  int status = io_parts_new(&parts, g->l, g->schema->columns[g->owner].kind, error);
  for (int c = g->owner; c < g->schema->count && status == RT_OK; c++) {
    const struct io_column *column = &g->schema->columns[c];
    struct io_values *noted = &g->train->values[c];
    if (!has(g, c)) continue;
    status = io_parts_replace(&parts, g->l, column, g->train, c, noted);
    if (status == RT_OK && g->held) status = io_parts_replace(&parts, g->l, column, g->held, c, noted);
    if (status != RT_OK) status = rt_no_memory(error);
  }
  io_parts_free(&parts);
  return status;
}

static int learn(const struct group *g, struct rt_error *error) {
  int32_t *remap = rt_alloc(((size_t)g->l->texts.count + 1) * sizeof *remap);
  int status = remap ? build(g, remap, error) : rt_no_memory(error);
  if (g->schema->columns[g->owner].kind->build) {
    rt_free(remap);
    return status == RT_OK ? expand(g, error) : status;
  }
  for (int c = g->owner; c < g->schema->count && status == RT_OK; c++) {
    if (!has(g, c)) continue;
    bool target = !g->schema->columns[c].required;
    status = translate(g->train, c, target, remap, g->l, error);
    if (status == RT_OK && g->held) status = translate(g->held, c, target, remap, g->l, error);
  }
  rt_free(remap);
  return status;
}

/* Sizes come from the rows; rows without a single vector do not tell how wide one is. */
static int check_sizes(const struct io_schema *schema, const struct io_dataset *train,
                       struct rt_error *error) {
  for (int c = 0; c < schema->count; c++) {
    const struct io_column *column = &schema->columns[c];
    if (train->values[c].of.width == 0)
      return rt_fail_in(error, RT_BAD_DATA, train->name, "column \"%s\" has no %s in any row", column->name,
                        column->kind->more ? column->kind->more : column->kind->entries);
  }
  return RT_OK;
}

int io_learning_finish(struct io_learning *learning, const struct io_schema *schema, struct io_dataset *train,
                       struct io_dataset *held, struct rt_error *error) {
  for (int c = 0; c < schema->count; c++) {
    struct group group = {schema, c, &learning[c], train, held};
    int status = learning[c].interns ? learn(&group, error) : RT_OK;
    if (status != RT_OK) return status;
  }
  return check_sizes(schema, train, error);
}

/* Numbers were kept as the file has them until it was known what to make of them. */
static void apply_fit(struct io_dataset *data, int column, const struct io_column *learned) {
  struct io_payload *of = &data->values[column].of;
  io_fit_apply(learned, io_payload_numbers(of), io_payload_begin(of, data->rows) * of->width);
}

/* Ids that only held-out rows have. */
static void forget_unseen(struct io_dataset *held, int c, const struct io_column *column) {
  struct io_payload *of = &held->values[c].of;
  for (int64_t k = 0; column->kind->numbered && k < io_payload_begin(of, held->rows); k++)
    if (io_payload_ids(of)[k] >= column->vocab->count) io_payload_ids(of)[k] = -1;
}

/* What the training rows give a column beside its vocabulary. */
static int commit_column(struct io_schema *schema, int c, struct io_dataset *train, struct io_dataset *held,
                         struct rt_error *error) {
  struct io_column *column = &schema->columns[c];
  const bool fitted = column->fit != NULL; /* before, and its numbers have been made already */
  memcpy(column->size, train->values[c].size, sizeof column->size);
  int status = column->kind->learn ? column->kind->learn(train, schema, c, error) : RT_OK;
  if (status != RT_OK || fitted || !column->fit || column->kind->give) return status;
  apply_fit(train, c, column);
  if (held) apply_fit(held, c, column);
  return RT_OK;
}

int io_learning_commit(struct io_learning *learning, struct io_schema *schema, struct io_dataset *train,
                       struct io_dataset *held, struct rt_error *error) {
  int status = RT_OK;
  for (int c = 0; c < schema->count; c++) {
    struct io_column *column = &schema->columns[c];
    if (!column->vocab && column->shares < 0) {
      column->vocab = learning[c].vocab;
      learning[c].vocab = NULL;
    }
    if (status == RT_OK) status = commit_column(schema, c, train, held, error);
  }
  io_schema_share(schema);
  for (int c = 0; held && status == RT_OK && c < schema->count; c++)
    forget_unseen(held, c, &schema->columns[c]);
  return status;
}
