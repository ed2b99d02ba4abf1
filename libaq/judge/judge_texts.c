/* judge_texts.c: has a model write texts, and compares them with those of the file. */
#include "libaq/generate/writing.h"

#include <string.h>

#include "libaq/judge/judge.h"
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

struct lib_writing_judge {
  struct aq_session *session;
  struct writing writing;
};

/* So many batches are read at once, as when texts are written for a file: each is made of rows that are about
 * as long. */
enum { READ_AHEAD = 8 };

static int judge_row(struct lib_judge *judge, struct rep_report *report, const struct writing *w,
                     const struct io_dataset *data, int64_t row, struct rt_error *error) {
  int column = next_token_column(w->next);
  const struct rt_error *bad = w->text[row].bad;
  const struct rt_text *text = &w->text[row].text;
  const char *written = text->data ? text->data : "",
             *right = io_dataset_field(data, judge->schema->columns[column].field, row);
  bool same;
  if (bad && !judge->skip) *error = *bad;
  if (bad) return judge->skip ? RT_OK : bad->code;
  int status = same_tokens(judge->schema, column, written, right, &same, error);
  return status != RT_OK ? status : rep_add_text(report, written, right, same, error);
}

int lib_judge_texts_rows(struct lib_writing_judge *writing, struct lib_judge *judge,
                         const struct io_dataset *data, struct rt_error *error) {
  struct writing *w = &writing->writing;
  struct rep_report *report = &judge->report[lib_text_output(judge->module)];
  int status = writing_run(w, data, error);
  for (int64_t r = 0; r < data->rows && status == RT_OK; r++)
    status = judge_row(judge, report, w, data, r, error);
  return status;
}

static int begin_writing(struct lib_writing_judge *writing, const aq_eval_options *options,
                         struct rt_error *error) {
  struct writing *w = &writing->writing;
  int status = writing_init(w, writing->session, options->generate, error);
  if (status != RT_OK) return status;
  if (w->whole) {
    rt_fail(error, RT_USAGE, "texts are compared with the right ones, and this model draws images");
    rt_hint(error, "its bits_per_dim says how well it knows the images of a file");
    return error->code;
  }
  next_token_schema(w->next, false); /* texts are written from their beginnings */
  if (next_token_reads_more(w->next)) return RT_OK;
  rt_fail(error, RT_USAGE,
          "there are no texts to compare with: the model %s reads nothing but the text that it writes",
          writing->session->model->module->name);
  rt_hint(error, "its loss says how well it goes on with the texts of a file");
  return error->code;
}

int lib_judge_texts_begin(struct lib_writing_judge **writing, struct aq_model *model,
                          const aq_eval_options *options, int64_t *at_once, struct rt_error *error) {
  struct lib_writing_judge *w = *writing = rt_zalloc(1, sizeof *w);
  if (!w) return rt_no_memory(error);
  int status = aq_session_new(model, options, &w->session);
  if (status != RT_OK && !w->session) return rt_no_memory(error);
  if (status != RT_OK) *error = w->session->message.error;
  if (status == RT_OK) status = begin_writing(w, options, error);
  *at_once = READ_AHEAD * w->writing.at_once;
  return status;
}

void lib_judge_texts_free(struct lib_writing_judge *writing) {
  if (!writing) return;
  writing_free(&writing->writing);
  aq_session_free(writing->session);
  rt_free(writing);
}
