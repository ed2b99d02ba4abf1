/* params_vectors.c: load("glove.txt"): the vectors of words as GloVe, word2vec and fastText write them in
 * text: a line for each word, "the 0.418 0.24968 …", in some below a first line with their number and width.
 */
#include <math.h>
#include <string.h>

#include "libaq/model/params.h"
#include "runtime/io/file.h"
#include "runtime/io/number.h"

struct vectors {
  struct lib_params *params;
  struct lib_loader *loader;
  uint32_t p;
  const char *path;
  const struct io_vocab *vocab;
  int64_t width, found;
  bool *seen; /* [entries] */
};

static int bad_line(const struct vectors *v, int line, struct rt_error *error, const char *what) {
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){v->path, line, 0}, "%s", what);
}

static bool is_space(char c) { return c == ' ' || c == '\t'; }

/* The last `width` fields of a line are its numbers. What is before them is the word, which may have spaces
 * in it. -1: there are not so many fields. */
static int64_t end_of_word(const char *text, size_t length, int64_t width) {
  size_t at = length;
  for (int64_t k = 0; k < width; k++) {
    while (at > 0 && !is_space(text[at - 1])) at--;
    while (at > 0 && is_space(text[at - 1])) at--;
    if (at == 0) return -1;
  }
  return (int64_t)at;
}

static int64_t fields(const char *text, size_t length) {
  int64_t count = 0;
  for (size_t at = 0; at < length; at++) count += !is_space(text[at]) && (at == 0 || is_space(text[at - 1]));
  return count;
}

static int wrong_width(const struct vectors *v, int line, int64_t there, struct rt_error *error) {
  rt_fail_at(error, RT_BAD_DATA, (struct rt_place){v->path, line, 0},
             "a word and %lld number%s, but a row of the parameter %s has %lld", (long long)there,
             there == 1 ? "" : "s", v->loader->how->module->param[v->p].name, (long long)v->width);
  rt_hint(error, "dim D = %lld would fit the file", (long long)there);
  return error->code;
}

/* The row of a word, -1: the vocabulary does not have it. Lines that say <unk> are for unknown words. */
static int64_t row_of(const struct vectors *v, const char *word, size_t length) {
  int32_t number = io_intern_find(&v->vocab->texts, word, length);
  if (number >= 0) return v->vocab->base + number;
  return length == 5 && !memcmp(word, "<unk>", 5) ? v->vocab->unknown : -1;
}

static int take_numbers(const struct vectors *v, int64_t row, const char *text, size_t length) {
  for (int64_t k = 0; k < v->width; k++) {
    while (length && is_space(*text)) text++, length--;
    size_t n = 0;
    while (n < length && !is_space(text[n])) n++;
    double value;
    if (io_number_parse(text, n, &value) != RT_OK || !isfinite((float)value)) return RT_BAD_DATA;
    lib_params_put(v->params, v->p, row * v->width + k, value);
    text += n;
    length -= n;
  }
  return RT_OK;
}

static int take_line(void *context, int line, const char *text, size_t length, struct rt_error *error) {
  struct vectors *v = context;
  while (length && is_space(text[length - 1])) length--;
  if (length == 0) return RT_OK;
  double number;
  const int64_t end = end_of_word(text, length, v->width);
  if (line == 1 && v->width != 1 && fields(text, length) == 2
      && io_number_parse(text, strcspn(text, " \t"), &number) == RT_OK)
    return RT_OK; /* how many there are, and how wide */
  if (end < 0 || (line == 1 && fields(text, length) - 1 != v->width))
    return wrong_width(v, line, fields(text, length) - 1, error);
  const int64_t row = row_of(v, text, (size_t)end);
  if (row < 0 || v->seen[row]) return RT_OK;
  v->seen[row] = true;
  v->found += row != v->vocab->unknown;
  return take_numbers(v, row, text + end, length - (size_t)end) == RT_OK
             ? RT_OK
             : bad_line(v, line, error,
                        "behind a word stand its numbers, and one of these is none that is finite");
}

static int no_words(const struct vectors *v, struct rt_error *error) {
  rt_fail_in(error, RT_BAD_DATA, v->path,
             "the rows of the parameter %s are no words, which the lines of this file are for",
             v->loader->how->module->param[v->p].name);
  rt_hint(error, "each row is found by its word: the first axis is a vocabulary, as in text: words[T, V] and "
                 "param[V, D]");
  return error->code;
}

int lib_vectors_load(struct lib_params *params, uint32_t p, const struct vm_init *init, struct lib_loader *l,
                     struct rt_error *error) {
  const struct vm_module *module = l->how->module;
  int64_t shape[RT_MAX_RANK];
  if (lib_param_elements(module, p, shape, error) < 0) return error->code;
  struct vectors v = {.params = params, .loader = l, .p = p, .path = init->file, .width = shape[1]};
  v.vocab = lib_words_of(module, l->how->schema, module->param[p].type.dim[0]).vocab;
  if (!v.vocab) return no_words(&v, error);
  if (!(v.seen = rt_zalloc((size_t)shape[0] + 1, sizeof *v.seen))) return rt_no_memory(error);
  int status = lib_params_begin(params, l->how, p, error);
  if (status == RT_OK) status = io_require_ordinary(init->file, error);
  if (status == RT_OK) status = io_read_lines(init->file, take_line, &v, error);
  l->counts.entries += v.vocab->texts.count - (v.vocab->unknown >= v.vocab->base);
  l->counts.found += v.found;
  rt_free(v.seen);
  return status;
}
