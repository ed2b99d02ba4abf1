/* judge_texts.c: has a model write texts, and compares them with those of the file. */
#include "libaq/generate/writing.h"

#include <string.h>

#include "runtime/io/data_internal.h"

/* Have two texts the same tokens, as the column takes them apart? */
static int same_tokens(const struct io_schema *schema, int column, const char *a, const char *b, bool *same,
                       struct rt_error *error) {
  const struct io_kind *kind = schema->columns[column].kind;
  struct io_tokens one = {0}, other = {0};
  const struct io_field first[IO_MOST_TEXTS] = {{a, strlen(a)}}, second[IO_MOST_TEXTS] = {{b, strlen(b)}};
  int status = kind->tokens(schema, column, first, &one, error);
  if (status == RT_OK) status = kind->tokens(schema, column, second, &other, error);
  *same = one.count == other.count;
  for (size_t k = 0; k < one.count && *same && status == RT_OK; k++)
    *same = one.items[k].size == other.items[k].size
            && memcmp(one.text + one.items[k].at, other.text + other.items[k].at, one.items[k].size) == 0;
  io_tokens_free(&one);
  io_tokens_free(&other);
  return status;
}

static int judge_row(struct lib_judge *judge, struct rep_report *report, const struct writing *w,
                     const struct io_dataset *data, int64_t row, struct rt_error *error) {
  int column = next_token_column(w->next);
  const struct rt_error *bad = w->text[row].bad;
  const aq_written *written = aq_session_written(w->session, (size_t)row);
  const char *right = io_dataset_field(data, judge->schema->columns[column].field, row);
  bool same;
  if (bad && !judge->skip) *error = *bad;
  if (bad) return judge->skip ? RT_OK : bad->code;
  int status = same_tokens(judge->schema, column, written->text, right, &same, error);
  return status != RT_OK ? status : rep_add_text(report, written->text, right, same, error);
}

static int judge_all(struct lib_judge *judge, struct writing *w, const struct io_dataset *data,
                     struct rt_error *error) {
  uint32_t o = lib_text_output(judge->module);
  if (!next_token_reads_more(w->next)) {
    rt_fail(error, RT_USAGE,
            "there are no texts to compare with: the model %s reads nothing but the text that it writes",
            judge->module->name);
    rt_hint(error, "its loss says how well it goes on with the texts of a file");
    return error->code;
  }
  next_token_schema(w->next, false); /* texts are written from their beginnings */
  int status = writing_run(w, data, error);
  for (int64_t r = 0; r < data->rows && status == RT_OK; r++)
    status = judge_row(judge, &judge->report[o], w, data, r, error);
  return status;
}

int lib_judge_texts(struct lib_judge *judge, aq_model *model, const aq_eval_options *options,
                    const struct io_dataset *data, struct rt_error *error) {
  aq_session *session;
  struct writing w = {0};
  int status = aq_session_new(model, options, &session);
  if (status != RT_OK && !session) return rt_no_memory(error);
  if (status != RT_OK) *error = session->message.error;
  if (status == RT_OK) status = writing_init(&w, session, options->generate, error);
  if (status == RT_OK) status = judge_all(judge, &w, data, error);
  writing_free(&w);
  aq_session_free(session);
  return status;
}
