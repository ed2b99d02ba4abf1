/* unknown_words.c: words of prompts that the model does not know. */
#include <string.h>

#include "libaq/predict/session.h"
#include "libaq/shown/shown_tree.h"

enum { MOST_NAMED = 5 };

/* Does this column have an id for words that it does not know? */
static bool may_be_unknown(const struct aq_session *s, const struct io_schema *schema, int c) {
  const struct io_vocab *vocab = schema->columns[c].vocab;
  return s->data.values[c].present && vocab && vocab->unknown >= 0 && schema->columns[c].kind->tokens
         && io_kind_has(schema->columns[c].kind, IO_LENGTH);
}

void session_forget_unknown(struct aq_session *s) {
  s->unknown.count = 0;
  s->unknown.named = 0;
  s->unknown.tokens = "words";
  s->unknown.some.length = 0;
  s->unknown.some.failed = false;
  if (s->unknown.some.data) s->unknown.some.data[0] = '\0';
}

void session_count_unknown(struct aq_session *s, const struct io_schema *schema) {
  for (int c = 0; c < schema->count; c++) {
    if (!may_be_unknown(s, schema, c)) continue;
    const struct io_payload *of = &s->data.values[c].of;
    int64_t count = 0;
    for (int64_t k = 0; k < io_payload_begin(of, s->data.rows); k++)
      count += io_payload_ids(of)[k] == schema->columns[c].vocab->unknown;
    if (count && !s->unknown.count) s->unknown.tokens = schema->columns[c].kind->more;
    s->unknown.count += count;
  }
}

/* Has a token of the text before this one the same bytes? */
static bool is_again(const struct io_tokens *tokens, size_t k) {
  const struct io_token *t = &tokens->items[k];
  for (size_t b = 0; b < k; b++) {
    const struct io_token *before = &tokens->items[b];
    if (before->size == t->size && memcmp(tokens->text + before->at, tokens->text + t->at, t->size) == 0)
      return true;
  }
  return false;
}

static int name_some(struct aq_session *s, const struct io_schema *schema, int c, struct io_field field,
                     struct rt_error *error) {
  const struct io_column *column = &schema->columns[c];
  struct io_tokens tokens = {0};
  const struct io_field text[IO_MOST_TEXTS] = {field};
  int status = column->kind->tokens(schema, c, text, &tokens, error);
  for (size_t k = 0; k < tokens.count && s->unknown.named <= MOST_NAMED; k++) {
    const struct io_token *t = &tokens.items[k];
    if (io_vocab_find(column->vocab, tokens.text + t->at, t->size) != column->vocab->unknown
        || is_again(&tokens, k))
      continue;
    if (s->unknown.named) rt_text_puts(&s->unknown.some, ", ");
    if (s->unknown.named++ == MOST_NAMED)
      rt_text_puts(&s->unknown.some, "…");
    else
      shown_escape(&s->unknown.some, tokens.text + t->at, t->size);
  }
  io_tokens_free(&tokens);
  return status != RT_OK || !s->unknown.some.failed ? status : rt_no_memory(error);
}

int session_name_unknown(struct aq_session *s, const struct io_schema *schema, struct session_fields fields,
                         struct rt_error *error) {
  int status = RT_OK;
  size_t k = 0;
  for (int f = 0; f < schema->fields && s->unknown.count; f++) {
    if (!io_schema_field_required(schema, f)) continue;
    for (int c = 0; c < schema->count && status == RT_OK; c++)
      if (io_column_reads(&schema->columns[c], f) && may_be_unknown(s, schema, c) && fields.text[k])
        status = name_some(s, schema, c, session_field(fields, k), error);
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
