/* unknown_words.c: words and labels of prompts that the model does not know. */
#include <string.h>

#include "libaq/predict/session.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/number.h"

enum { MOST_NAMED = 5 };

/* Does this column have an id for words that it does not know? */
static bool may_be_unknown(const struct aq_session *s, const struct io_schema *schema, int c) {
  const struct io_vocab *vocab = schema->columns[c].vocab;
  return s->data.values[c].present && vocab && vocab->unknown >= 0 && schema->columns[c].kind->tokens
         && io_kind_has(schema->columns[c].kind, IO_LENGTH);
}

/* Is it one label, which has no id where training did not see it? */
static bool may_be_unseen(const struct aq_session *s, const struct io_schema *schema, int c) {
  const struct io_column *column = &schema->columns[c];
  return s->data.values[c].present && column->kind->names && column->kind->element == IO_I32
         && !io_kind_has(column->kind, IO_LENGTH);
}

void session_forget_unknown(struct aq_session *s) {
  s->unknown.count = 0;
  s->unknown.named = 0;
  s->unknown.tokens = "words";
  s->unknown.some.length = 0;
  s->unknown.some.failed = false;
  if (s->unknown.some.data) s->unknown.some.data[0] = '\0';
}

static int64_t count_id(const struct io_payload *of, int64_t rows, int32_t id) {
  int64_t count = 0;
  for (int64_t k = 0; k < io_payload_begin(of, rows); k++) count += io_payload_ids(of)[k] == id;
  return count;
}

void session_count_unknown(struct aq_session *s, const struct io_schema *schema) {
  for (int c = 0; c < schema->count; c++) {
    const struct io_column *column = &schema->columns[c];
    const bool label = may_be_unseen(s, schema, c);
    if (!label && !may_be_unknown(s, schema, c)) continue;
    const int64_t count =
        count_id(&s->data.values[c].of, s->data.rows, label ? IO_NO_ID : column->vocab->unknown);
    const char *tokens = label ? column->kind->noun : column->kind->more;
    if (count)
      s->unknown.tokens = s->unknown.count && s->unknown.tokens != tokens ? "tokens and labels" : tokens;
    s->unknown.count += count;
  }
}

/* Is it one of the names in "foo, bar"? */
static bool is_named(const char *names, const char *name) {
  const size_t length = strlen(name);
  for (const char *at = names; length && (at = strstr(at, name)); at++)
    if ((at == names || (at[-1] == ' ' && at - names > 1 && at[-2] == ','))
        && (!at[length] || at[length] == ','))
      return true;
  return false;
}

static int put_name(struct aq_session *s, const char *text, size_t size, struct rt_error *error) {
  struct rt_text *some = &s->unknown.some, name = {0};
  if (s->unknown.named > MOST_NAMED) return RT_OK;
  shown_escape(&name, text, size);
  if (name.data && (!some->data || !is_named(some->data, name.data))) {
    if (s->unknown.named) rt_text_puts(some, ", ");
    rt_text_puts(some, s->unknown.named++ == MOST_NAMED ? "…" : name.data);
  }
  const bool failed = name.failed || some->failed;
  rt_text_free(&name);
  return failed ? rt_no_memory(error) : RT_OK;
}

static int name_words(struct aq_session *s, const struct io_schema *schema, int c, struct io_field field,
                      struct rt_error *error) {
  const struct io_column *column = &schema->columns[c];
  struct io_tokens tokens = {0};
  const struct io_field text[IO_MOST_TEXTS] = {field};
  int status = column->kind->tokens(schema, c, text, &tokens, error);
  for (size_t k = 0; k < tokens.count && status == RT_OK; k++) {
    const struct io_token *t = &tokens.items[k];
    if (io_vocab_find(column->vocab, tokens.text + t->at, t->size) == column->vocab->unknown)
      status = put_name(s, tokens.text + t->at, t->size, error);
  }
  io_tokens_free(&tokens);
  return status;
}

static int name_label(struct aq_session *s, const struct io_column *column, struct io_field field,
                      struct rt_error *error) {
  io_trim(&field.text, &field.length);
  return io_vocab_find(column->vocab, field.text, field.length) >= 0
             ? RT_OK
             : put_name(s, field.text, field.length, error);
}

int session_name_unknown(struct aq_session *s, const struct io_schema *schema, struct session_fields fields,
                         struct rt_error *error) {
  int status = RT_OK;
  size_t k = 0;
  for (int f = 0; f < schema->fields && s->unknown.count; f++) {
    if (!io_schema_field_required(schema, f)) continue;
    for (int c = 0; c < schema->count && status == RT_OK; c++) {
      if (!io_column_reads(&schema->columns[c], f) || !fields.text[k]) continue;
      if (may_be_unknown(s, schema, c)) status = name_words(s, schema, c, session_field(fields, k), error);
      if (may_be_unseen(s, schema, c))
        status = name_label(s, &schema->columns[c], session_field(fields, k), error);
    }
    k++;
  }
  return status;
}

const aq_unknown *aq_session_unknown(const aq_session *session) {
  if (!session) return NULL;
  struct session_unknown *of = &((aq_session *)session)->unknown;
  of->view = (aq_unknown){sizeof of->view, of->count, of->some.data ? of->some.data : "",
                          of->tokens ? of->tokens : "words"};
  return &of->view;
}
