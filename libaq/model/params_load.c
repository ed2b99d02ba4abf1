/* params_load.c: load("file", "tensor"): a parameter that begins as a tensor of a file. When an axis is a
 * vocabulary, here and in a model file, the row of each word is found by the word, not by its place. */
#include <math.h>
#include <string.h>

#include "libaq/model/params.h"

/* ---- axes ---- */

struct lib_words lib_words_of(const struct vm_module *module, const struct io_schema *schema, vm_dim dim) {
  int64_t symbol = vm_dim_as_symbol(&module->dims, dim);
  for (uint32_t i = 0; schema && symbol >= 0 && i < module->input_count; i++) {
    const struct vm_input *input = &module->input[i];
    int column = input->vocabulary == symbol ? vm_column_of(module, input) : -1;
    if (column >= 0) return (struct lib_words){schema->columns[column].vocab, schema->columns[column].kind};
  }
  return (struct lib_words){NULL, NULL};
}

/* What an axis of a tensor in a model file stands for. */
static struct lib_words words_in_file(const struct lib_loader *l, const struct io_tensor *t, int axis) {
  const struct vm_module *m = l->model ? l->model->module : NULL;
  const char *name = t->name;
  if (l->model && l->model->more_count) name += strspn(name, "0123456789");
  if (name != t->name && *name == '/') name++; /* "2/m.W": of the second member */
  for (uint32_t p = 0; m && p < m->param_count; p++)
    if (!strcmp(m->param[p].name, name) && axis < m->param[p].type.rank)
      return lib_words_of(m, &l->model->schema, m->param[p].type.dim[axis]);
  return (struct lib_words){NULL, NULL};
}

/* One parameter being loaded. */
struct loading {
  struct lib_loader *l;
  struct lib_params *params;
  const struct vm_init *init; /* which file and tensor */
  uint32_t p;
  int rank;
  const int64_t *shape;
  const struct io_tensor *t;
  int32_t *map[RT_MAX_RANK]; /* [shape[axis]] where an entry stands in the file, -1: nowhere; NULL: in the
                                same place */
};

static const struct vm_param *param_of(const struct loading *x) { return &x->l->how->module->param[x->p]; }
static bool turned(const struct loading *x) { return x->init->transposed; }
static int file_axis(const struct loading *x, int axis) { return turned(x) ? 1 - axis : axis; }

/* Writes "40 words (entry 3 is "cat")": the first entry in which it differs from the other vocabulary. */
static void put_words(struct rt_text *out, struct lib_words w, int32_t from) {
  rt_text_printf(out, "%d %s (entry %d is ", (int)w.vocab->texts.count, w.kind->noun, (int)from + 1);
  size_t length = 0;
  const char *text = from < w.vocab->texts.count ? io_intern_text(&w.vocab->texts, from, &length) : NULL;
  if (text)
    rt_text_printf(out, "\"%.*s\")", length < 80 ? (int)length : 80, text);
  else
    rt_text_puts(out, "none)");
}

static int32_t first_difference(const struct io_vocab *a, const struct io_vocab *b) {
  for (int32_t n = 0; n < a->texts.count && n < b->texts.count; n++) {
    size_t la, lb;
    const char *x = io_intern_text(&a->texts, n, &la), *y = io_intern_text(&b->texts, n, &lb);
    if (la != lb || memcmp(x, y, la) != 0) return n;
  }
  return a->texts.count < b->texts.count ? a->texts.count : b->texts.count;
}

/* Of a model given as weights all parameters with its names are taken. */
static void hint_other_name(const struct loading *x, struct rt_error *error) {
  if (x->l->borrowed)
    rt_hint(error, "parameters with a name of that model begin as its; bound to another name, as in answer = "
                   "linear(…), they begin anew");
}

static int other_words(const struct loading *x, struct lib_words here, struct lib_words there,
                       struct rt_error *error) {
  struct rt_text text = {0};
  int32_t at = first_difference(here.vocab, there.vocab);
  rt_text_printf(&text, "the tensor %s has rows for other things than the parameter %s: ", x->t->name,
                 param_of(x)->name);
  put_words(&text, there, at);
  rt_text_puts(&text, " there, ");
  put_words(&text, here, at);
  rt_text_puts(&text, " here");
  int status =
      text.failed ? rt_no_memory(error) : rt_fail_in(error, RT_BAD_DATA, x->l->path, "%s", text.data);
  hint_other_name(x, error);
  rt_text_free(&text);
  return status;
}

/* The place of entry id of `here` in `there`, or -1. */
static int32_t place_in(const struct io_vocab *there, const struct io_vocab *here, int32_t id) {
  if (id == here->unknown) return there->unknown;
  if (id == here->begin) return there->begin;
  if (id == here->end) return there->end;
  size_t length;
  const char *text = io_vocab_text(here, id, &length);
  int32_t number = text ? io_intern_find(&there->texts, text, length) : -1;
  return number < 0 ? -1 : there->base + number;
}

static int match_axis(struct loading *x, int axis, struct lib_words here, struct lib_words there,
                      struct rt_error *error) {
  const bool has_unknown =
      here.vocab->unknown >= here.vocab->base; /* among the entries of a list that is given */
  int64_t n = x->shape[axis], found = 0, entries = here.vocab->texts.count - has_unknown;
  int32_t *map = x->map[axis] = rt_alloc(((size_t)n + 1) * sizeof *map);
  if (!map) return rt_no_memory(error);
  if (!io_kinds_share(here.kind, there.kind)) return other_words(x, here, there, error);
  for (int64_t id = 0; id < n; id++) {
    map[id] = place_in(there.vocab, here.vocab, (int32_t)id);
    found += map[id] >= 0 && id >= here.vocab->base && id != here.vocab->unknown;
  }
  if (found == 0 && entries > 0) return other_words(x, here, there, error);
  x->l->counts.entries += entries;
  x->l->counts.found += found;
  return RT_OK;
}

/* ---- shapes ---- */

/* When one axis goes by words, it is the other one that does not fit. */
static bool hint_other_axis(const struct loading *x, struct rt_error *error) {
  bool by_words = false;
  int other = -1;
  for (int a = 0; a < x->rank; a++) {
    by_words |= x->map[a] != NULL;
    if (x->t->rank == x->rank && !x->map[a] && x->t->shape[file_axis(x, a)] != x->shape[a]) other = a;
  }
  if (!by_words || other < 0) return false;
  rt_hint(error,
          "the axis of words need not be as long, as each is found by its text; the other is %lld there and "
          "%lld here",
          (long long)x->t->shape[file_axis(x, other)], (long long)x->shape[other]);
  return true;
}

/* The first axis goes by words here, and there are more or fewer of them in the tensor. */
static void hint_rows(const struct loading *x, struct rt_error *error) {
  const struct io_vocab *vocab =
      lib_words_of(x->l->how->module, x->l->how->schema, param_of(x)->type.dim[0]).vocab;
  if (vocab && (vocab->kind == IO_VOCAB_WORDS || vocab->kind == IO_VOCAB_CLASSES))
    rt_hint(error, "the rows here are what the training file has; a vocabulary that is given has the file's: "
                   "words[T, V](vocab = \"words.txt\")");
  else if (vocab)
    rt_hint(
        error,
        "the vocabulary that the program names has %lld entries, and the tensor %lld rows: it is not the one "
        "that the weights were made with, which lies beside them",
        (long long)x->shape[0], (long long)x->t->shape[0]);
}

static void hint_turned(const struct loading *x, struct rt_error *error) {
  const struct io_tensor *t = x->t;
  bool square = x->rank == 2 && t->rank == 2,
       over = square && t->shape[0] == x->shape[1] && t->shape[1] == x->shape[0];
  if (over && !turned(x))
    rt_hint(error, "load(…)' turns a matrix over");
  else if (square && turned(x) && t->shape[0] == x->shape[0] && t->shape[1] == x->shape[1])
    rt_hint(error, "without the ' the matrix is taken as it is");
  else if (x->rank > 0 && t->rank == x->rank && t->shape[0] != x->shape[0])
    hint_rows(x, error);
}

static int other_shape(const struct loading *x, struct rt_error *error) {
  struct rt_text there = {0}, here = {0};
  const struct io_tensor *t = x->t;
  lib_put_shape(&there, t->rank, t->shape);
  lib_put_shape(&here, x->rank, x->shape);
  if (there.failed || here.failed)
    rt_no_memory(error);
  else
    rt_fail_in(error, RT_BAD_DATA, x->l->path, "the tensor %s is %s%s, but the parameter %s is %s", t->name,
               there.data, turned(x) ? ", turned over by '" : "", param_of(x)->name, here.data);
  hint_other_name(x, error);
  if (!hint_other_axis(x, error)) hint_turned(x, error);
  rt_text_free(&there);
  rt_text_free(&here);
  return error->code;
}

/* Whether entries of a vocabulary, or classes, lie in the tensor along an axis of their own: [V, H * K] is
 * good for [V, H, K], and eight numbers are no four words of two each. */
static bool has_axes_of_words(const struct loading *x) {
  int64_t before = 1;
  for (int a = 0; a < x->rank; before *= x->shape[a++]) {
    int64_t there = 1;
    int b = 0;
    if (!lib_words_of(x->l->how->module, x->l->how->schema, param_of(x)->type.dim[a]).vocab) continue;
    while (b < x->t->rank && (there != before || (x->t->shape[b] == 1 && x->shape[a] != 1)))
      there *= x->t->shape[b++];
    if (b == x->t->rank || x->t->shape[b] != x->shape[a]) return false;
  }
  return true;
}

/* Tables are often made a little longer than the vocabulary, up to a round number: rows that no text reads,
 * as the 47 behind GPT-2's 50,257. More would be another vocabulary's. */
enum { ROUND = 8, MOST_PADDING = 1024, LEAST_PART = 8 };
static bool is_padded(const struct loading *x, int axis) {
  const struct lib_words w = lib_words_of(x->l->how->module, x->l->how->schema, param_of(x)->type.dim[axis]);
  const bool given = w.vocab && w.kind->tokens && w.vocab->kind != IO_VOCAB_WORDS;
  const int64_t there = x->t->shape[file_axis(x, axis)], more = there - x->shape[axis];
  return given && more > 0 && more < MOST_PADDING && more <= there / LEAST_PART && there % ROUND == 0;
}

/* Does the tensor fit? An axis that does not go by words needs the same size. When no axis goes by words, a
 * tensor with other axes but as many numbers is taken as it lies in memory: [H * K, D] for [H, K, D]. */
static bool shape_fits(const struct loading *x, bool matched) {
  if (turned(x) && (x->rank != 2 || x->t->rank != 2)) return false;
  if (!matched && !turned(x) && x->t->rank != x->rank)
    return x->t->elements == x->params->elements[x->p] && has_axes_of_words(x);
  if (x->t->rank != x->rank) return false;
  for (int a = 0; a < x->rank; a++)
    if (!x->map[a] && x->t->shape[file_axis(x, a)] != x->shape[a] && !is_padded(x, a)) return false;
  return true;
}

static void note_padding(const struct loading *x) {
  for (int a = 0; a < x->rank && x->t->rank == x->rank; a++) {
    int64_t more = x->map[a] ? 0 : x->t->shape[file_axis(x, a)] - x->shape[a];
    if (more > x->l->counts.padded) x->l->counts.padded = more;
  }
}

static int match(struct loading *x, struct rt_error *error) {
  bool same_rank = x->t->rank == x->rank && (!turned(x) || x->rank == 2), matched = false,
       by_position = false;
  for (int a = 0; a < x->rank; a++) {
    struct lib_words here = lib_words_of(x->l->how->module, x->l->how->schema, param_of(x)->type.dim[a]),
                     there = same_rank ? words_in_file(x->l, x->t, file_axis(x, a))
                                       : (struct lib_words){NULL, NULL};
    if (here.vocab && there.vocab) {
      int status = match_axis(x, a, here, there, error);
      if (status != RT_OK) return status;
      matched = true;
    } else if (here.vocab) {
      by_position |= here.vocab->kind == IO_VOCAB_WORDS || here.vocab->kind == IO_VOCAB_CLASSES;
    }
  }
  if (!shape_fits(x, matched)) return other_shape(x, error);
  x->l->counts.by_position += by_position;
  note_padding(x);
  return RT_OK;
}

/* ---- values ---- */

/* Where number i of the parameter is in the tensor, or -1. */
static int64_t place_of(const struct loading *x, int64_t i) {
  int64_t from = 0, index[RT_MAX_RANK];
  if (x->t->rank != x->rank) return i;
  for (int a = x->rank; a-- > 0; i /= x->shape[a])
    index[file_axis(x, a)] = x->map[a] ? x->map[a][i % x->shape[a]] : i % x->shape[a];
  for (int f = 0; f < x->rank; f++) {
    if (index[f] < 0) return -1;
    from = from * x->t->shape[f] + index[f];
  }
  return from;
}

static bool lacks_some(const struct loading *x) {
  for (int a = 0; a < x->rank; a++)
    for (int64_t i = 0; x->map[a] && i < x->shape[a]; i++)
      if (x->map[a][i] < 0) return true;
  return false;
}

static int copy_values(const struct loading *x, struct rt_error *error) {
  double *values = rt_zalloc((size_t)x->t->elements + 1, sizeof *values);
  int status = values ? io_tensors_double(x->l->file, x->t, values, error) : rt_no_memory(error);
  for (int64_t i = 0; status == RT_OK && i < x->params->elements[x->p]; i++) {
    int64_t from = place_of(x, i);
    if (from < 0) continue;
    double value = values[from];
    if (!isfinite(x->params->precision == RT_F64 ? value : (double)(float)value))
      status = lib_params_not_finite(x->params, x->init, x->t, from, value, error);
    else
      lib_params_put(x->params, x->p, i, value);
  }
  rt_free(values);
  return status;
}

int lib_params_load(struct lib_params *params, uint32_t p, const struct vm_init *init, struct lib_loader *l,
                    struct rt_error *error) {
  const struct vm_param *param = &l->how->module->param[p];
  int64_t shape[RT_MAX_RANK];
  struct loading x = {
      .l = l, .params = params, .init = init, .p = p, .rank = param->type.rank, .shape = shape};
  if (lib_param_elements(l->how->module, p, shape, error) < 0) return error->code;
  l->param = param->name;
  int status = lib_loader_find(l, init, &x.t, error);
  if (status != RT_OK) rt_hint(error, "the parameter %s is loaded from it", param->name);
  if (status == RT_OK) status = match(&x, error);
  if (status == RT_OK && lacks_some(&x)) status = lib_params_begin(params, l->how, p, error);
  if (status == RT_OK) status = copy_values(&x, error);
  for (int a = 0; a < x.rank; a++) rt_free(x.map[a]);
  return status;
}
