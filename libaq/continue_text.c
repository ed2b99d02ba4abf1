/* continue_text.c: continues a text, token by token. Each step runs the model again on the last tokens, as
 * many as it was made for. */
#include <math.h>
#include <string.h>

#include "libaq/next_token.h"
#include "runtime/random.h"

enum { DEFAULT_LENGTH = 200, MAX_LENGTH = 1 << 24 };

void aq_generate_options_init(aq_generate_options *options) {
  if (!options) return;
  *options =
      (aq_generate_options){.size = sizeof *options, .length = DEFAULT_LENGTH, .temperature = 1, .seed = 1};
}

struct writing {
  struct aq_session *session;
  const aq_generate_options *options;
  struct next_token *next;
  const struct io_vocab *vocab;
  double *weight; /* [vocab] scratch */
  bool begun;     /* is there a text before the next word? */
};

/* ---- the prompt ---- */

/* The prompt is what the input columns read, with tabs between them. The text to be continued is the last of
 * them, and may be left out. */
static int read_prompt(struct writing *w, struct rt_error *error) {
  const struct io_schema *schema = next_token_schema(w->next, true);
  const char *rest = w->options->prompt ? w->options->prompt : "";
  aq_field *field = rt_zalloc((size_t)schema->count + 1, sizeof *field);
  size_t count = 0, wanted = 0;
  if (!field) return rt_no_memory(error);
  for (int f = 0; f < schema->fields; f++) wanted += io_schema_field_required(schema, f);
  for (bool more = true; more && count <= wanted && count < (size_t)schema->count + 1; count++) {
    const char *tab = wanted > 1 ? strchr(rest, '\t') : NULL;
    field[count] = (aq_field){rest, tab ? (size_t)(tab - rest) : strlen(rest)};
    more = tab != NULL;
    if (tab) rest = tab + 1;
  }
  if (wanted > 1 && count == wanted - 1) schema = next_token_schema(w->next, false);
  w->session->data.check = NULL; /* the prompt is not yet what the model sees */
  io_dataset_clear(&w->session->data);
  int status = session_add_row(w->session, schema, field, count, error);
  w->session->data.check = &w->session->row_check.hook;
  int64_t row = 0;
  if (status == RT_OK) status = next_token_begin(w->next, &w->session->data, &row, 1, error);
  if (status == RT_OK) w->begun = next_token_text(w->next, 0).prompt > 0;
  rt_free(field);
  return status;
}

/* ---- drawing ---- */

static bool may_write(const struct writing *w, int64_t id) {
  if (id == w->vocab->begin) return false;
  return id != w->vocab->unknown;
}

/* Keeps the K largest weights and clears the others; of equal ones it keeps the first. */
static void keep_top(double *weight, int64_t count, int top) {
  double least = INFINITY;
  int64_t kept = 0;
  while (kept < top) {
    double next = 0;
    int64_t equals = 0;
    for (int64_t k = 0; k < count; k++)
      if (weight[k] < least && weight[k] >= next) {
        equals = weight[k] > next ? 1 : equals + 1;
        next = weight[k];
      }
    if (next <= 0) return; /* fewer than K have any weight */
    least = next;
    kept += equals;
  }
  for (int64_t k = count - 1; k >= 0; k--)
    if (weight[k] < least || (weight[k] == least && kept-- > top)) weight[k] = 0;
}

/* p^(1/temperature) is the softmax of logits/temperature, but for a factor. log_p: [count]. */
static int64_t draw(struct writing *w, const double *log_p, int64_t count, int64_t step) {
  double most = -INFINITY, sum = 0;
  int64_t best = 0;
  for (int64_t k = 0; k < count; k++)
    if (may_write(w, k) && log_p[k] > most) most = log_p[best = k];
  if (w->options->temperature <= 0 || isinf(most)) return best;
  for (int64_t k = 0; k < count; k++)
    w->weight[k] = may_write(w, k) ? exp((log_p[k] - most) / w->options->temperature) : 0;
  if (w->options->top > 0) keep_top(w->weight, count, w->options->top);
  for (int64_t k = 0; k < count; k++) sum += w->weight[k];
  double at = sum * rt_random_uniform((uint64_t)w->options->seed, (uint64_t)step);
  for (int64_t k = 0; k < count; k++) {
    at -= w->weight[k];
    if (at < 0 && w->weight[k] > 0) return k;
  }
  return best;
}

/* ---- writing ---- */

/* Marks that follow a word without a space. */
static bool clings(const char *text, size_t length) {
  return length > 0 && strchr(".,;:!?)'%]}", text[0]) != NULL;
}

static int write_token(struct writing *w, int32_t id, struct rt_error *error) {
  size_t length;
  const char *text = io_vocab_text(w->vocab, id, &length);
  bool words = w->session->model->schema.columns[next_token_column(w->next)].kind->spaced;
  int refused = 0;
  if (words && w->begun && !clings(text, length)) refused = w->options->write(w->options->context, " ", 1);
  if (!refused) refused = w->options->write(w->options->context, text, length);
  w->begun = true;
  return refused ? rt_fail(error, RT_IO, "the text cannot be written") : RT_OK;
}

static int write_on(struct writing *w, struct rt_error *error) {
  for (int64_t step = 0; step < w->options->length; step++) {
    const double *score;
    int64_t bad;
    int status = next_token_scores(w->next, &score, &bad, error);
    if (status != RT_OK) return status;
    int32_t id = (int32_t)draw(w, score, w->vocab->count, step);
    if (id == w->vocab->end) return RT_OK;
    status = write_token(w, id, error);
    if (status == RT_OK) status = next_token_advance(w->next, &id, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

int aq_session_generate(aq_session *session, const aq_generate_options *options) {
  if (!session) return AQ_USAGE;
  struct rt_error *error = lib_begin(&session->message);
  aq_generate_options own;
  aq_generate_options_init(&own);
  if (options) memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
  struct writing w = {.session = session, .options = &own};
  if (!session->ready) return session_not_ready(error);
  if (!own.write) return rt_fail(error, RT_USAGE, "there is nowhere to write the text to");
  if (own.length < 0 || own.length > MAX_LENGTH)
    return rt_fail(error, RT_USAGE, "a text of 0 to %d tokens can be written, not %lld", MAX_LENGTH,
                   (long long)own.length);
  if (!isfinite(own.temperature) || own.temperature < 0)
    return rt_fail(error, RT_USAGE, "a temperature is 0 or more");
  int status = next_token_new(&w.next, session, error);
  if (status != RT_OK) return status;
  w.vocab = next_token_vocab(w.next);
  status = read_prompt(&w, error);
  if (status == RT_OK && !(w.weight = rt_zalloc((size_t)w.vocab->count + 1, sizeof *w.weight)))
    status = rt_no_memory(error);
  if (status == RT_OK) status = write_on(&w, error);
  session->scored = 0;
  next_token_free(w.next);
  rt_free(w.weight);
  return status;
}
