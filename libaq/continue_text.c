/* continue_text.c: continues a text, token by token. Each step runs the model again on the last tokens, as
 * many as it was made for. */
#include <math.h>
#include <string.h>

#include "libaq/session.h"
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
  uint32_t output;
  int column; /* of the text, in the schema */
  const struct io_vocab *vocab;
  int64_t window;   /* tokens the model may see at once, 0: any number */
  int32_t *context; /* what it has seen and written */
  size_t capacity;
  int64_t count;
  double *weight; /* [vocab] scratch */
  bool begun;     /* is there a text before the next word? */
};

/* ---- the prompt ---- */

static int find_text(struct writing *w, struct rt_error *error) {
  const struct vm_module *m = w->session->model->module;
  for (uint32_t o = 0; o < m->output_count; o++) {
    if (session_target(w->session, o) != VM_TARGET_NEXT) continue;
    const struct vm_input *text = &m->input[m->output[o].target];
    w->output = o;
    w->column = vm_column_of(m, text);
    w->vocab = session_vocab(w->session, o);
    w->window = text->length >= 0 ? m->dims.symbol[text->length].limit : 0;
    return RT_OK;
  }
  rt_fail(error, RT_USAGE, "the model %s does not write: it predicts %s", m->name,
          m->output_count ? m->output[0].name : "nothing");
  rt_hint(error, "a model that writes ends its heading with -> next(COLUMN)");
  return error->code;
}

/* Encoding would cut off the end of a prompt that is longer than the model's window, but the end is what
 * matters: so the beginning goes. */
static int fill_uncut(struct writing *w, const aq_field *field, size_t count, struct rt_error *error) {
  struct io_schema schema = w->session->model->schema;
  schema.columns = rt_zalloc((size_t)schema.count, sizeof *schema.columns);
  if (!schema.columns) return rt_no_memory(error);
  memcpy(schema.columns, w->session->model->schema.columns, (size_t)schema.count * sizeof *schema.columns);
  schema.columns[w->column].max_length = 0;
  w->session->data.check = NULL; /* the prompt is not yet what the model sees */
  int status = session_fill(w->session, &schema, field, count, error);
  w->session->data.check = &w->session->row_check.hook;
  rt_free(schema.columns);
  return status;
}

/* The prompt is what the input columns read, with tabs between them. The text to be continued is the last of
 * them, and may be left out. */
static int read_prompt(struct writing *w, struct rt_error *error) {
  const struct io_schema *schema = &w->session->model->schema;
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
  if (wanted > 1 && count == wanted - 1 && schema->columns[w->column].field == schema->fields - 1)
    field[count++] = (aq_field){"", 0};
  int status = fill_uncut(w, field, count, error);
  rt_free(field);
  return status;
}

static int append(struct writing *w, int32_t id, struct rt_error *error) {
  void *items = w->context;
  if (rt_grow(&items, &w->capacity, (size_t)w->count + 1, sizeof *w->context)) return rt_no_memory(error);
  w->context = items;
  w->context[w->count++] = id;
  return RT_OK;
}

/* The encoded prompt without the last token: that is the end of the text, or the place that session_extend
 * has added. When nothing is left, and the model has no token for the beginning, it starts with a newline, or
 * else with its commonest token. */
static int take_prompt(struct writing *w, struct rt_error *error) {
  const struct io_payload *of = &w->session->data.values[w->column].of;
  int status = RT_OK;
  for (int64_t k = 0; k + 1 < io_payload_count(of, 0) && status == RT_OK; k++)
    status = append(w, io_payload_ids(of)[k], error);
  w->begun = w->count > (w->vocab->begin >= 0);
  if (status != RT_OK || w->count > 0) return status;
  int32_t newline = io_vocab_find(w->vocab, "\n", 1);
  return append(w, newline > 0 ? newline : w->vocab->base, error);
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

/* p^(1/temperature) is the softmax of logits/temperature, but for a factor. */
static int64_t draw(struct writing *w, const double *p, int64_t count, int64_t step) {
  double most = 0, sum = 0;
  int64_t best = 0;
  for (int64_t k = 0; k < count; k++)
    if (may_write(w, k) && p[k] > most) most = p[best = k];
  if (w->options->temperature <= 0 || most <= 0) return best;
  for (int64_t k = 0; k < count; k++)
    w->weight[k] = may_write(w, k) && p[k] > 0 ? pow(p[k] / most, 1 / w->options->temperature) : 0;
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
  bool words = w->session->model->schema.columns[w->column].kind->spaced;
  int refused = 0;
  if (words && w->begun && !clings(text, length)) refused = w->options->write(w->options->context, " ", 1);
  if (!refused) refused = w->options->write(w->options->context, text, length);
  w->begun = true;
  return refused ? rt_fail(error, RT_IO, "the text cannot be written") : RT_OK;
}

/* Makes the last tokens of the context the only row of the text, with one more behind them that the model
 * does not see. */
static int show_context(struct writing *w, struct rt_error *error) {
  struct io_payload *of = &w->session->data.values[w->column].of;
  int64_t n = w->window > 0 && w->count > w->window ? w->window : w->count;
  if (io_payload_reserve(of, n + 1) != RT_OK) return rt_no_memory(error);
  int32_t *ids = io_payload_ids(of);
  memcpy(ids, w->context + w->count - n, (size_t)n * sizeof *ids);
  ids[n] = 0;
  return io_payload_end_row(of, 0, n + 1) != RT_OK ? rt_no_memory(error) : RT_OK;
}

/* Checks the requirements of the program for the text so far. */
static int check_context(struct aq_session *s, struct rt_error *error) {
  int column;
  bool extends = s->row_check.extends;
  s->row_check.extends = false; /* show_context has added the token already */
  int status = s->row_check.hook.row(s->row_check.hook.context, &s->data, 0, &column, error);
  s->row_check.extends = extends;
  return status;
}

static int write_on(struct writing *w, struct rt_error *error) {
  struct aq_session *s = w->session;
  for (int64_t step = 0; step < w->options->length; step++) {
    int status = show_context(w, error);
    if (status == RT_OK) status = check_context(s, error);
    if (status == RT_OK) status = session_run(s, 0, 1, error);
    if (status != RT_OK) return status;
    const struct session_scores *scores = &s->scores[w->output];
    if (scores->columns != w->vocab->count || scores->first[1] < 1)
      return rt_fail(error, RT_BAD_DATA, "the model gives no score for each token it could write");
    int64_t id = draw(w, scores->value + (scores->first[1] - 1) * scores->columns, scores->columns, step);
    if (id == w->vocab->end) return RT_OK;
    status = write_token(w, (int32_t)id, error);
    if (status == RT_OK) status = append(w, (int32_t)id, error);
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
  int status = find_text(&w, error);
  if (status == RT_OK) status = read_prompt(&w, error);
  if (status == RT_OK) status = take_prompt(&w, error);
  if (status == RT_OK && !(w.weight = rt_zalloc((size_t)w.vocab->count + 1, sizeof *w.weight)))
    status = rt_no_memory(error);
  if (status == RT_OK) status = write_on(&w, error);
  session->scored = 0;
  rt_free(w.context);
  rt_free(w.weight);
  return status;
}
