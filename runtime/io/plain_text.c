/* plain_text.c: plain texts as training data for predicting the next token. */
#include <math.h>
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/data_internal.h"
#include "runtime/io/file.h"
#include "runtime/io/grow.h"
#include "runtime/io/utf8.h"

/* A text whose tokens were read one after another, before it is cut into windows. */
struct stream {
  struct io_values values; /* ids */
  int64_t count;
  size_t taught; /* bytes of the text that the vocabulary was learned from; 0: it is learned from tokens */
  int64_t taught_ids; /* tokens within them */
  int64_t *lines;     /* [line_count] how many tokens stand before each line */
  size_t line_count, lines_capacity;
};

/* Where the part of a text ends that begins at `at`: behind a line, or where tokens with white space in them
 * cannot lie on both sides. */
static size_t part_end(const struct io_kind *kind, const char *text, size_t at, size_t length) {
  if (kind->spaced) return io_byte_pairs_part(text, at, length);
  const char *newline = memchr(text + at, '\n', length - at);
  return newline ? (size_t)(newline - text) + 1 : length;
}

/* Notes that the next token is the first of a line, of each line that begins in a part. */
static int note_lines(const struct io_kind *kind, const char *part, size_t length, struct stream *s) {
  size_t begins = kind->spaced ? s->line_count == 0 : 1;
  for (size_t k = 0; kind->spaced && k < length; k++) begins += part[k] == '\n';
  if (IO_GROW(s->lines, s->lines_capacity, s->line_count + begins) != RT_OK) return RT_NO_MEMORY;
  for (; begins > 0; begins--) s->lines[s->line_count++] = s->count;
  return RT_OK;
}

/* Tokenises part by part, which gives the same tokens as the whole text would, and needs less room. */
static int read_tokens(const struct io_encoder *e, const char *text, size_t length, struct stream *s,
                       struct rt_error *error) {
  const struct io_kind *kind = e->schema->columns[0].kind;
  for (size_t at = 0, n; at < length; at += n) {
    n = part_end(kind, text, at, length) - at;
    if (note_lines(kind, text + at, n, s) != RT_OK) return rt_no_memory(error);
    const struct io_field line[IO_MOST_TEXTS] = {{text + at, n}};
    int status = kind->tokens(e->schema, 0, line, &e->data->tokens, error);
    const struct io_tokens *tokens = &e->data->tokens;
    for (size_t k = 0; k < tokens->count && status == RT_OK && s->taught; k++)
      s->taught_ids += at + tokens->items[k].start < s->taught;
    if (status == RT_OK)
      status = io_encode_tokens(e, 0, (int64_t)tokens->count, &s->values, &s->count, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* Cuts the tokens begin..end-1 into windows. */
static int cut_windows(const struct stream *s, int64_t begin, int64_t end, int64_t window,
                       struct io_dataset *data, struct rt_error *error) {
  struct io_values *v = &data->values[0];
  int64_t rows = (end - begin - 1 + window - 1) / window, tokens = end - begin + rows - 1, at = 0;
  size_t line = 0; /* the last one that has at most `from` tokens before it */
  if (io_payload_reserve(&v->of, tokens) != RT_OK
      || IO_GROW(data->lines, data->lines_capacity, (size_t)rows) != RT_OK)
    return rt_no_memory(error);
  for (int64_t r = 0; r < rows; r++) {
    int64_t from = begin + r * window, n = end - from < window + 1 ? end - from : window + 1;
    memcpy(io_payload_ids(&v->of) + at, io_payload_ids(&s->values.of) + from, (size_t)n * sizeof(int32_t));
    while (line + 1 < s->line_count && s->lines[line + 1] <= from) line++;
    data->lines[r] = (int64_t)line + 1;
    if (io_payload_end_row(&v->of, r, at += n) != RT_OK) return rt_no_memory(error);
  }
  v->present = true;
  data->rows = rows;
  return RT_OK;
}

static int check(struct io_schema *schema, const struct io_data_options *o, const struct io_dataset *held,
                 struct rt_error *error) {
  int status = io_schema_check(schema, error);
  if (status != RT_OK) return status;
  if (schema->count != 1 || !schema->columns[0].kind->tokens)
    return rt_fail(error, RT_USAGE, "a plain text is one column of words, chars or bytes");
  if (o->window < 1 || o->window > INT32_MAX)
    return rt_fail(error, RT_USAGE, "a window has 1 to 2147483647 tokens, not %lld", (long long)o->window);
  if (!(o->hold >= 0 && o->hold < 1) || (o->hold > 0 && !held))
    return rt_fail(error, RT_USAGE,
                   "the part to hold out must be between 0 and 1, and there must be a dataset for it");
  return schema->columns[0].ends
             ? rt_fail(error, RT_USAGE, "the windows of a plain text have no begin and end tokens")
             : RT_OK;
}

/* Counts the words of a text up to its part to hold out, which is told by the number of words. *taught
 * becomes the bytes that they are. */
static int count_words(const struct io_encoder *e, struct io_field whole, double hold,
                       struct io_counted *counted, size_t *taught, struct rt_error *error) {
  const struct io_kind *kind = e->schema->columns[0].kind;
  struct io_tokens *tokens = &e->data->tokens;
  struct io_intern *texts = &e->learning[0].texts;
  int64_t words = 0, kept, *counts = NULL;
  size_t capacity = 0;
  int status = RT_OK;
  for (int pass = 0; pass < 2 && status == RT_OK; pass++) { /* how many there are, and then which */
    kept = pass == 0 ? INT64_MAX : words - llround((double)words * hold);
    words = 0;
    for (size_t at = 0, n; at < whole.length && words < kept && status == RT_OK; at += n) {
      n = part_end(kind, whole.text, at, whole.length) - at;
      const struct io_field part[IO_MOST_TEXTS] = {{whole.text + at, n}};
      status = kind->tokens(e->schema, 0, part, tokens, error);
      for (size_t k = 0; k < tokens->count && words < kept && status == RT_OK; k++, words++) {
        const struct io_token *t = &tokens->items[k];
        int32_t number, before = texts->count;
        if (pass == 0) continue;
        *taught = at + t->start + t->length;
        status = io_intern_add(texts, whole.text + at + t->start, t->length, &number, error);
        if (status == RT_OK && IO_GROW(counts, capacity, (size_t)texts->count) != RT_OK)
          status = rt_no_memory(error);
        if (status != RT_OK) break;
        counts[number] = number == before ? 1 : counts[number] + 1;
      }
    }
  }
  *counted = (struct io_counted){texts, counts, NULL};
  return status;
}

/* A vocabulary of parts of words comes before the tokens. Whoever fails takes it away again. */
static int build_first(struct io_schema *schema, const struct io_encoder *e, struct io_field whole,
                       double hold, size_t *taught, struct rt_error *error) {
  struct io_column *column = &schema->columns[0];
  const struct io_vocab_options options = {.max_size = column->set.max_size};
  struct io_counted counted = {0};
  if (!column->kind->build || column->vocab) return RT_OK;
  int status = count_words(e, whole, hold, &counted, taught, error);
  if (status == RT_OK && counted.texts->count > 0)
    status = column->kind->build(&column->vocab, &counted, &options, error);
  if (status == RT_OK && counted.texts->count == 0)
    status = rt_fail_in(error, RT_BAD_DATA, e->name, "is empty");
  e->learning[0].interns = false;
  rt_free((void *)(uintptr_t)counted.counts);
  return status;
}

/* Learns the vocabulary from the first kept tokens, each counted once, and translates all of them. */
static int learn(struct stream *s, int64_t kept, const struct io_encoder *e, struct rt_error *error) {
  int64_t train_offsets[] = {0, kept}, held_offsets[] = {0, s->count - kept};
  int32_t *ids = io_payload_ids(&s->values.of);
  struct io_values train_values = {
      .of = {.element = IO_I32, .width = 1, .offsets = train_offsets, .elements = ids}};
  struct io_values held_values = {
      .of = {.element = IO_I32, .width = 1, .offsets = held_offsets, .elements = ids + kept}};
  struct io_dataset train = {.rows = 1, .columns = 1, .values = &train_values, .name = e->data->name};
  struct io_dataset held = {.rows = 1, .columns = 1, .values = &held_values, .name = e->data->name};
  return io_learning_finish(e->learning, e->schema, &train, &held, error);
}

struct whole {
  char *text;
  size_t length;
  struct io_schema *schema; /* that of the encoder, to learn into */
};

/* Fills both datasets out of a text; held: NULL when nothing is held out. */
static int encode_text(const struct whole *whole, const struct io_encoder *e, const struct io_data_options *o,
                       struct io_dataset *held, struct rt_error *error) {
  struct stream s = {.values = {.of = {.element = IO_I32, .width = 1}}};
  size_t mark = whole->length >= 3 && memcmp(whole->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0,
         length = whole->length - mark;
  const char *text = whole->text + mark;
  int status = e->schema->columns[0].kind->vocab == IO_VOCAB_BYTES
                   ? RT_OK
                   : io_utf8_require(e->name, whole->text, whole->length, error);
  if (status == RT_OK)
    status =
        build_first(whole->schema, e, (struct io_field){text, length}, held ? o->hold : 0, &s.taught, error);
  if (status == RT_OK) status = read_tokens(e, text, length, &s, error);
  int64_t held_count = !held      ? 0
                       : s.taught ? s.count - s.taught_ids
                                  : llround((double)s.count * o->hold),
          kept = s.count - held_count;
  if (status == RT_OK && (kept < 2 || (held && held_count < 2)))
    status = rt_fail_in(error, RT_BAD_DATA, e->name, "has %lld token%s; at least 2 are needed%s",
                        (long long)s.count, s.count == 1 ? "" : "s", held ? " in each part" : "");
  if (status == RT_OK) status = learn(&s, kept, e, error);
  if (status == RT_OK) status = cut_windows(&s, 0, kept, o->window, e->data, error);
  if (status == RT_OK && held) status = cut_windows(&s, kept, s.count, o->window, held, error);
  io_payload_free(&s.values.of);
  rt_free(s.lines);
  return status;
}

static int read_text(const char *path, struct io_schema *schema, const struct io_encoder *e,
                     const struct io_data_options *o, struct io_dataset *held, struct rt_error *error) {
  struct whole whole = {.schema = schema};
  int status = io_read_file(path, SIZE_MAX / 4, &whole.text, &whole.length, error);
  if (status == RT_OK) status = encode_text(&whole, e, o, held, error);
  rt_free(whole.text);
  return status;
}

static int prepare(struct io_dataset *data, const struct io_schema *schema, const char *path,
                   struct rt_error *error) {
  data->name = rt_strdup(strcmp(path, "-") == 0 ? "standard input" : path);
  return data->name ? io_dataset_prepare(data, schema, error) : rt_no_memory(error);
}

int io_dataset_from_text(const char *path, struct io_schema *schema, const struct io_data_options *o,
                         struct io_dataset *data, struct io_dataset *held, struct rt_error *error) {
  struct io_learning *learning = NULL;
  *data = (struct io_dataset){0};
  if (held) *held = (struct io_dataset){0};
  struct io_dataset *other = o->hold > 0 ? held : NULL;
  int status = check(schema, o, held, error);
  if (status != RT_OK) return status;
  status = io_learning_new(&learning, schema, error);
  if (status == RT_OK) status = prepare(data, schema, path, error);
  if (status == RT_OK && other) status = prepare(other, schema, path, error);
  const bool builds = schema->columns[0].kind->build && !schema->columns[0].vocab;
  struct io_encoder encoder = {.data = data, .schema = schema, .learning = learning, .name = data->name};
  if (status == RT_OK) status = read_text(path, schema, &encoder, o, other, error);
  if (status == RT_OK && o->check) status = io_dataset_recheck(data, o->check, o->skip_bad_rows, error);
  if (status == RT_OK && o->check && other)
    status = io_dataset_recheck(other, o->check, o->skip_bad_rows, error);
  if (status == RT_OK) status = io_learning_commit(learning, schema, data, NULL, error);
  if (status == RT_OK) {
    io_dataset_count_unknown(data, schema);
    if (other) io_dataset_count_unknown(other, schema);
  } else {
    io_dataset_free(data);
    io_dataset_free(held);
    if (builds) {
      io_vocab_free(schema->columns[0].vocab);
      schema->columns[0].vocab = NULL;
    }
  }
  io_learning_free(learning, schema);
  return status;
}
