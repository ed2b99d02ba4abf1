/* model_data.c: what the program says of its data: columns as typed inputs, outputs as predictions of
 * columns, the loss, and train { }. */
#include "compiler/front/arguments.h"
#include "runtime/io/schema.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- columns ---- */

#define OPTION(field) .optional = true, .by_name = true, .offset = offsetof(struct vm_input, field)
#define COUNT CC_FROM_TO(1, INT32_MAX)
#define FROM_ROW                                                                                             \
  { "from", CC_TAKES_ANY, .optional = true, .by_name = true } /* the field or column it is made of */
static const struct cc_parameter text_options[] = {
    FROM_ROW,
    {"min_count", CC_TAKES_WHOLE, COUNT, OPTION(min_count)},     /* what is rarer is unknown */
    {"max_size", CC_TAKES_WHOLE, COUNT, OPTION(max_size)},       /* of the vocabulary */
    {"vocab", CC_TAKES_TEXT, .optional = true, .by_name = true}, /* a file with the vocabulary */
    {"min_n", CC_TAKES_WHOLE, CC_FROM_TO(1, IO_LONGEST_NGRAM),
     OPTION(min_n)}, /* characters; of ngrams alone */
    {"max_n", CC_TAKES_WHOLE, CC_FROM_TO(1, IO_LONGEST_NGRAM), OPTION(max_n)}};
static const struct cc_parameter label_options[] = {
    FROM_ROW,
    {"labels", CC_TAKES_TEXT, .optional = true, .by_name = true}}; /* all that there are, in order */
enum { FROM, LABELS = 1, VOCAB = 3 };
enum { OF_ALL = 1, OF_LABELS = 2, OF_TEXT = 4, OF_NGRAMS = 6, MAX_OPTIONS = RT_COUNT(text_options) };

enum column_shape { TOKENS, LABEL, TAGS, NUMBER, VECTOR, LATER };
static const struct column_kind {
  const char *name;
  enum column_shape shape;
  const struct cc_parameter *option;
  int options; /* the first so many of these */
} kinds[] = {{"words", TOKENS, text_options, OF_TEXT},
             {"chars", TOKENS, text_options, OF_TEXT},
             {"bytes", TOKENS, text_options, OF_ALL},
             {"ngrams", TOKENS, text_options, OF_NGRAMS},
             {"class", LABEL, label_options, OF_LABELS},
             {"tags", TAGS, label_options, OF_LABELS},
             {"number", NUMBER, text_options, OF_ALL},
             {"vector", VECTOR, text_options, OF_ALL},
             {"wordpiece", LATER, NULL, 0},
             {"bpe", LATER, NULL, 0},
             {"ids", LATER, NULL, 0},
             {"image", LATER, NULL, 0},
             {"audio", LATER, NULL, 0}};

static const struct column_kind *find_kind(const char *name) {
  for (size_t k = 0; k < RT_COUNT(kinds); k++)
    if (!strcmp(kinds[k].name, name)) return &kinds[k];
  return NULL;
}

static const char the_kinds[] = "the kinds are words, chars, bytes, ngrams, class, tags, number and vector";

static int column_shape(struct rt_error *error, const struct gr_node *column, enum column_shape *shape) {
  const struct gr_node *kind = column->child[0];
  const struct column_kind *found = find_kind(kind->text);
  if (found && found->shape == LATER) {
    gr_fail(error, kind->span, "columns of kind `%s` are not supported yet", kind->text);
    rt_hint(error, "%s", the_kinds);
    return error->code;
  }
  if (found) {
    *shape = found->shape;
    return RT_OK;
  }
  struct rt_nearest nearest = {kind->text, NULL, 0};
  for (size_t k = 0; k < RT_COUNT(kinds); k++) rt_nearest_consider(&nearest, kinds[k].name);
  gr_fail(error, kind->span, "there is no kind of column called `%s`", kind->text);
  if (nearest.best)
    rt_hint(error, "did you mean `%s`?", nearest.best);
  else
    rt_hint(error, "%s", the_kinds);
  return error->code;
}

static int limit_number(struct cc_context *c, const struct gr_node *node, int64_t *limit) {
  double number;
  int status = cc_number(c, node, &number);
  if (status) return status;
  if (!(number >= 1 && number <= INT32_MAX && number == floor(number)))
    return gr_fail(
        c->error, node->span,
        "the limit of a length is a whole number from 1 to %d, as in words[T <= 128], and this is %.10g",
        INT32_MAX, number);
  *limit = (int64_t)number;
  return RT_OK;
}

/* Sets a limit that the length may have already, from another column. */
static int set_limit(struct cc_context *c, const struct gr_node *axis, const char *name, int64_t *limit,
                     int64_t number) {
  if (*limit > 0 && *limit != number)
    return gr_fail(c->error, axis->span, "the length %s has the limit %lld already, and here it has %lld",
                   name, (long long)*limit, (long long)number);
  *limit = number;
  return RT_OK;
}

/* words[T <= 128], [1 <= T], [1 <= T <= 128]. What is longer is cut; a row that is shorter is a bad one. */
static int column_limit(struct cc_context *c, const struct gr_node *axis, enum vm_symbol_kind kind,
                        uint32_t symbol) {
  const struct gr_node *most = axis->child[1], *least = axis->count > 2 ? axis->child[2] : NULL;
  struct vm_symbol *of = &c->module->dims.symbol[symbol];
  int64_t longest, shortest = 0, was = of->least;
  int status = RT_OK;
  if (most && !(status = limit_number(c, most, &longest)) && kind == VM_RAGGED)
    status = set_limit(c, axis, of->name, &of->limit, longest);
  if (!status && least) status = limit_number(c, least, &shortest);
  if (status) return status;
  if (kind != VM_RAGGED)
    return gr_fail(c->error, axis->span, "a limit belongs to a length, as in words[T <= 128]");
  if (least && (status = set_limit(c, axis, of->name, &was, shortest))) return status;
  if (of->limit > 0 && was > of->limit)
    return gr_fail(c->error, axis->span, "no length is at least %lld and at most %lld", (long long)was,
                   (long long)of->limit);
  return least ? cc_require_least(c, symbol, shortest, axis->span) : RT_OK;
}

/* An axis of a column: a dim of the file, a name met before, or a new symbol that the data gives its value.
 */
static int column_dim(struct cc_context *c, const struct gr_node *axis, enum vm_symbol_kind kind,
                      vm_dim *dim) {
  const struct gr_node *name = axis->kind == GR_LIMIT ? axis->child[0] : axis;
  int status;
  if (name->kind != GR_NAME && kind == VM_BOUND) return cc_dim(c, name, dim); /* 16, P * W */
  if (name->kind != GR_NAME) {
    gr_fail(c->error, axis->span, "an axis of a column is a name, such as T");
    if (kind == VM_RAGGED) rt_hint(c->error, "T is each example's own length; `T <= 128` limits it");
    return c->error->code;
  }
  const struct cc_binding *bound = cc_lookup(c->scope, name->text);
  struct cc_definition *d = bound ? NULL : cc_find(c->program, c->unit, name->text);
  if (bound)
    *dim = bound->value.dim;
  else if (d && d->node->kind == GR_DIM) {
    if (kind == VM_RAGGED) {
      gr_fail(c->error, name->span, "%s is a dim of one size, but texts differ in length", name->text);
      rt_hint(c->error, "give the length a name of its own; words[LENGTH <= %s] limits it", name->text);
      return c->error->code;
    }
    return cc_dim_of(c, d, dim);
  } else {
    *dim = vm_dim_symbol(&c->module->dims, name->text, kind, -1);
    if (*dim == VM_NO_DIM) return cc_out_of_memory(c);
    if ((status = cc_bind(c, c->scope, name->text, (struct cc_value){.kind = CC_DIM, .dim = *dim}, name->span,
                          NULL)))
      return status;
  }
  int64_t symbol = vm_dim_as_symbol(&c->module->dims, *dim);
  if (symbol < 0 || c->module->dims.symbol[symbol].kind != kind)
    return gr_fail(c->error, name->span, "%s is already another kind of size", name->text);
  if (kind == VM_BOUND) c->module->dims.symbol[symbol].least = 1; /* no file gives none */
  return axis->kind == GR_LIMIT ? column_limit(c, axis, kind, (uint32_t)symbol) : RT_OK;
}

static const struct gr_node *find_column(struct cc_context *c, const struct gr_node *data, const char *name,
                                         struct gr_span span) {
  struct rt_nearest nearest = {name, NULL, 0};
  for (int i = 0; i < data->count; i++) {
    rt_nearest_consider(&nearest, data->child[i]->text);
    if (!strcmp(data->child[i]->text, name)) return data->child[i];
  }
  gr_fail(c->error, span, "the data has no column `%s`", name);
  if (nearest.best) rt_hint(c->error, "did you mean `%s`?", nearest.best);
  gr_note(c->error, data->name_span, "the columns are declared here");
  return NULL;
}

/* What is behind `from` in a column's options, or NULL. */
static const struct gr_node *from_of(const struct gr_node *column) {
  for (int i = 2; i < column->count; i++)
    if (column->child[i]->text && !strcmp(column->child[i]->text, "from")) return column->child[i]->child[0];
  return NULL;
}

static int read_field(struct cc_context *c, const char *field, struct vm_input *input) {
  input->source = rt_arena_strndup(&c->module->arena, field, strlen(field));
  return input->source ? RT_OK : cc_out_of_memory(c);
}

/* from = COLUMN: both are made of one field of the file. */
static int column_source(struct cc_context *c, const struct gr_node *data, const struct gr_node *name,
                         struct vm_input *input) {
  const struct gr_node *source;
  enum column_shape shape;
  if (!(source = find_column(c, data, name->text, name->span))) return c->error->code;
  int status = column_shape(c->error, source, &shape);
  if (status) return status;
  if (!strcmp(source->text, input->name))
    return gr_fail(c->error, name->span, "`%s` cannot be made of itself", name->text);
  const struct gr_node *from = from_of(source);
  if (shape != TOKENS || (from && from->kind != GR_STRING)) {
    gr_fail(c->error, name->span,
            shape == TOKENS ? "`%s` is itself made of another column"
                            : "`%s` is no text, so that nothing can be made of it",
            name->text);
    gr_note(c->error, source->span, "it is declared here");
    return c->error->code;
  }
  const char *field = from ? cc_interpolate(c, from->text, from->span) : name->text;
  return field ? read_field(c, field, input) : c->error->code;
}

/* from = "Review Text": the field of that name, which need not be one that a program could say. */
static int column_from(struct cc_context *c, const struct gr_node *data, const struct gr_node *from,
                       struct vm_input *input) {
  if (from->kind == GR_NAME && find_kind(input->kind)->shape == TOKENS)
    return column_source(c, data, from, input);
  if (from->kind != GR_STRING) {
    gr_fail(c->error, from->span, "`from` names a field of the file in quotes, as in from = \"Review Text\"");
    if (from->kind == GR_NAME)
      rt_hint(c->error, "without quotes it names another column, of whose text only a text can be made");
    return c->error->code;
  }
  const char *field = cc_interpolate(c, from->text, from->span);
  if (!field) return c->error->code;
  if (!field[0]) return gr_fail(c->error, from->span, "a field has a name, and this is empty");
  if (!strcmp(field, input->name)) return RT_OK;
  return read_field(c, field, input);
}

enum { MIN_N = 3, MAX_N = 6 }; /* as in fastText (Bojanowski et al. 2017) */

static int column_options(struct cc_context *c, const struct gr_node *data, const struct gr_node *column,
                          struct vm_input *input) {
  struct cc_setting option[MAX_OPTIONS];
  const struct column_kind *kind = find_kind(input->kind);
  const struct cc_callee callee = {input->kind, "option", kind->option, kind->options, .declared = NULL};
  int status = cc_match_settings(c, &callee, column->span, column->child + 2, column->count - 2, option);
  if (status) return status;
  cc_store_settings(&callee, option, input);
  if (option[FROM].arg && (status = column_from(c, data, option[FROM].arg, input))) return status;
  if (kind->option == label_options) return cc_check_labels(c, column, &option[LABELS], input);
  if (callee.count > VOCAB) input->vocab = option[VOCAB].text;
  if (input->vocab && (input->min_count || input->max_size))
    return gr_fail(
        c->error, option[VOCAB].span,
        "the vocabulary is what the file says: min_count and max_size are for one that is learned");
  if (strcmp(input->kind, "ngrams")) return RT_OK;
  if (!input->min_n) input->min_n = input->max_n && input->max_n < MIN_N ? input->max_n : MIN_N;
  if (!input->max_n) input->max_n = input->min_n > MAX_N ? input->min_n : MAX_N;
  if (input->min_n <= input->max_n) return RT_OK;
  return gr_fail(c->error, column->span, "ngrams of %lld to %lld characters: min_n is at most max_n",
                 (long long)input->min_n, (long long)input->max_n);
}

/* A vector of no numbers, or a choice of one thing, says nothing. Of a name (vector[N], class[C]) the file
 * gives the size, and it is refused by the same measure. */
static int check_count(struct cc_context *c, const struct gr_node *column, enum column_shape shape,
                       vm_dim size) {
  const struct gr_node *axes = column->child[1];
  int64_t count, least = shape == VECTOR ? 1 : 2;
  if (vm_dim_value(&c->module->dims, size, NULL, &count, NULL) || count >= least) return RT_OK;
  struct gr_span span = axes->child[axes->count - 1]->span;
  const char *name = column->text, *kind = column->child[0]->text;
  if (shape == VECTOR)
    gr_fail(c->error, span, "`%s` would have %lld numbers; a vector has one at least", name,
            (long long)count);
  else
    gr_fail(c->error, span, "the %s of `%s` would be %lld in all; two are needed",
            shape == LABEL  ? "classes"
            : shape == TAGS ? "tags"
                            : "entries of the vocabulary",
            name, (long long)count);
  rt_hint(c->error, "a name that is no dim takes the number from the training file: %s[%s]", kind,
          shape == VECTOR  ? "N"
          : shape == LABEL ? "C"
          : shape == TAGS  ? "T, C"
                           : "T, V");
  return c->error->code;
}

static const char *const column_axes[] = {"[T]", "[C]", "[T, C]", "", "[N]", ""};

static int column_form(struct rt_error *error, const struct gr_node *column, enum column_shape *shape) {
  static const struct { int min, max; } allowed[] = {{1, 2}, {1, 1}, {2, 2}, {0, 0}, {1, 1}};
  int count = column->child[1] ? column->child[1]->count : 0, status = column_shape(error, column, shape);
  if (status || (count >= allowed[*shape].min && count <= allowed[*shape].max)) return status;
  return gr_fail(error, column->span, "a column of this kind is written `%s: %s%s`", column->text,
                 column->child[0]->text, column_axes[*shape]);
}

int cc_check_column(struct rt_error *error, const struct gr_node *column) {
  enum column_shape shape;
  return column_form(error, column, &shape);
}

static int declare_column(struct cc_context *c, const struct gr_node *data, const struct gr_node *column,
                          struct vm_input *input) {
  enum column_shape shape = LATER;
  const struct gr_node *axes = column->child[1];
  int count = axes ? axes->count : 0, status = column_form(c->error, column, &shape);
  if (status) return status;
  *input = (struct vm_input){.kind = column->child[0]->text,
                             .vocabulary = -1,
                             .length = -1,
                             .type = {.dtype = RT_REAL, .batched = 1, .of = VM_NO_DIM}};
  input->name = rt_arena_strndup(&c->module->arena, column->text, strlen(column->text));
  input->kind = rt_arena_strndup(&c->module->arena, input->kind, strlen(input->kind));
  if (!input->name || !input->kind) return cc_out_of_memory(c);
  struct vm_type *t = &input->type;
  if (shape == TOKENS || shape == TAGS) {
    t->rank = 1;
    if ((status = column_dim(c, axes->child[0], VM_RAGGED, &t->dim[0]))) return status;
    input->length = vm_dim_as_symbol(&c->module->dims, t->dim[0]);
  }
  if (shape == VECTOR) {
    t->rank = 1;
    if ((status = column_dim(c, axes->child[0], VM_BOUND, &t->dim[0]))) return status;
    if ((status = check_count(c, column, shape, t->dim[0]))) return status;
    input->vocabulary =
        vm_dim_as_symbol(&c->module->dims, t->dim[0]); /* the symbol that the data binds: the width */
  }
  if (shape == TOKENS || shape == TAGS || shape == LABEL) {
    const struct gr_node *named = shape == LABEL ? axes->child[0] : count > 1 ? axes->child[1] : NULL;
    t->dtype = RT_INT;
    if (named) {
      status = column_dim(c, named, VM_BOUND, &t->of);
      if (!status) status = check_count(c, column, shape, t->of);
    } else {
      const char *name = rt_arena_printf(&c->module->arena, "%s.vocabulary", column->text);
      t->of = name ? vm_dim_symbol(&c->module->dims, name, VM_BOUND, -1) : VM_NO_DIM;
      if (t->of == VM_NO_DIM) return cc_out_of_memory(c);
    }
    if (status) return status;
    input->vocabulary = vm_dim_as_symbol(&c->module->dims, t->of);
  }
  return column_options(c, data, column, input);
}

/* The output as the user wrote it: the column, and whether it is next(column). */
static int output_column(struct cc_context *c, const struct gr_node *output, const struct gr_node **name,
                         bool *next) {
  static const struct cc_parameter of_column[] = {{"column", .takes = CC_TAKES_NAME}};
  static const struct cc_callee next_takes = {"next", "argument", of_column, 1, .declared = NULL};
  struct cc_setting column;
  *next = output->kind == GR_CALL;
  *name = output;
  if (!*next) return RT_OK;
  if (output->child[0]->kind != GR_NAME || strcmp(output->child[0]->text, "next"))
    return gr_fail(c->error, output->span,
                   "an output is a column, or next(COLUMN) for a model that predicts text");
  int status = cc_match_way(c, &next_takes, output, &column);
  *name = column.arg;
  return status;
}

enum { COLUMNS_MAX = 1024 };

static int declare_columns(struct cc_context *c, const struct gr_node *data, struct vm_input *declared) {
  if (data->count > COLUMNS_MAX) {
    gr_fail(c->error, data->child[COLUMNS_MAX]->span, "a program has at most %d columns", COLUMNS_MAX);
    rt_hint(c->error, "numbers that belong together are one column, `x: vector[N]`");
    return c->error->code;
  }
  for (int i = 0; i < data->count; i++) {
    for (int k = 0; k < i; k++)
      if (!strcmp(data->child[k]->text, data->child[i]->text))
        return gr_fail(c->error, data->child[i]->name_span, "the column `%s` is declared twice",
                       data->child[i]->text);
    int status = declare_column(c, data, data->child[i], &declared[i]);
    if (status) return status;
  }
  return RT_OK;
}

static const char *field_of(const struct vm_input *column) {
  return column->source ? column->source : column->name;
}

/* A model is not given what it predicts under another name. */
static int check_apart(struct cc_context *c, const struct vm_input *input, const struct gr_node *data,
                       const struct vm_input *declared, const struct gr_node *param,
                       const struct gr_node *output) {
  for (int i = 0; i < data->count; i++)
    if (!strcmp(declared[i].name, output->text) && !strcmp(field_of(&declared[i]), field_of(input)))
      return gr_fail(
          c->error, param->span,
          "`%s` is made of the same text as `%s`, which the model predicts: it would show the answer",
          param->text, output->text);
  return RT_OK;
}

static int model_inputs(struct cc_context *c, const struct gr_node *model, const struct gr_node *data,
                        const struct vm_input *declared) {
  struct vm_module *m = c->module;
  const struct gr_node *params = model->child[0], *outputs = model->child[1];
  for (int p = 0; p < params->count; p++) {
    const struct gr_node *param = params->child[p], *type = param->count > 0 ? param->child[0] : NULL;
    const struct gr_node *column = find_column(c, data, param->text, param->name_span);
    if (!column) return c->error->code;
    int which = 0, status;
    while (data->child[which] != column) which++;
    struct vm_input *input = &m->input[m->input_count];
    *input = declared[which];
    for (int o = 0; o < outputs->count; o++) {
      const struct gr_node *name;
      bool next;
      if ((status = output_column(c, outputs->child[o], &name, &next))) return status;
      if (strcmp(name->text, param->text)) {
        if (!(status = check_apart(c, input, data, declared, param, name))) continue;
        return status;
      }
      if (!next)
        return gr_fail(c->error, name->span, "`%s` is what the model is given; it cannot be what it predicts",
                       name->text);
      input->shifted = true;
    }
    if (type && (status = cc_match_type(c, type, &input->type, c->scope, "this column", column, param->span)))
      return status;
    int64_t attr[RT_MAX_ATTR] = {m->input_count++};
    struct cc_value value = {
        .kind = CC_TENSOR,
        .id = ir_add(c->model, OP_input, 0, NULL, attr, 0, &input->type, param->span, c->error)};
    if (!value.id) return c->error->code;
    c->model->node[value.id].name = input->name;
    if ((status = cc_bind(c, c->scope, param->text, value, param->name_span, NULL))) return status;
  }
  return RT_OK;
}

static int model_targets(struct cc_context *c, const struct gr_node *model, const struct gr_node *data,
                         const struct vm_input *declared) {
  struct vm_module *m = c->module;
  const struct gr_node *outputs = model->child[1];
  for (int o = 0; o < outputs->count; o++) {
    const struct gr_node *name;
    bool next;
    int which = 0, status = output_column(c, outputs->child[o], &name, &next);
    const struct gr_node *column = status ? NULL : find_column(c, data, name->text, name->span);
    if (!column) return c->error->code;
    while (data->child[which] != column) which++;
    for (int k = 0; k < o; k++)
      if (!strcmp(m->output[k].name, name->text))
        return gr_fail(c->error, name->span, "`%s` is predicted twice", name->text);
    if (next
        && (declared[which].type.dtype != RT_INT || declared[which].length < 0
            || !strcmp(declared[which].kind, "tags") || !strcmp(declared[which].kind, "ngrams")))
      return gr_fail(c->error, name->span, "next() predicts text: a column of words, chars or bytes");
    struct vm_input *input = &m->input[m->input_count];
    *input = declared[which];
    input->is_target = true;
    input->shifted = next;
    m->output[o] = (struct vm_output){.name = input->name, .target = (int32_t)m->input_count++};
  }
  m->output_count = (uint32_t)outputs->count;
  return RT_OK;
}

/* Declares the data's dims in sight and binds the model's arguments. c->scope is the model's. */
int cc_data(struct cc_context *c, const struct gr_node *model) {
  struct vm_module *m = c->module;
  const struct gr_node *data = cc_item(c->unit, GR_DATA);
  if (!data) {
    gr_fail(c->error, model->name_span, "a model needs to know its data");
    rt_hint(c->error, "say what the file holds, for example: data { text: words[T], label: class[C] }");
    return c->error->code;
  }
  size_t columns = (size_t)data->count + 1, outputs = (size_t)model->child[1]->count + 1,
         inputs = (size_t)model->child[0]->count + outputs;
  struct vm_input *declared = rt_arena_alloc(&c->model->arena, columns * sizeof *declared);
  m->input = rt_arena_alloc(&m->arena, inputs * sizeof *m->input);
  m->output = rt_arena_alloc(&m->arena, outputs * sizeof *m->output);
  if (!declared || !m->input || !m->output) return cc_out_of_memory(c);
  int status = declare_columns(c, data, declared);
  if (!status) status = cc_share_vocabularies(c, data, declared);
  if (!status) status = model_inputs(c, model, data, declared);
  if (!status) status = model_targets(c, model, data, declared);
  return status ? status : cc_check_next(c, model->child[1]);
}

int cc_data_alone(struct cc_context *c) {
  const struct gr_node *data = cc_item(c->unit, GR_DATA);
  struct vm_input *declared =
      data ? rt_arena_alloc(&c->model->arena, ((size_t)data->count + 1) * sizeof *declared) : NULL;
  if (!data) return RT_OK;
  return declared ? declare_columns(c, data, declared) : cc_out_of_memory(c);
}

/* ---- outputs ---- */

/* What the model must return for a target: one score per class or next token, or the number or vector itself.
 */
static struct vm_type wanted_type(const struct vm_input *target) {
  struct vm_type t = target->type;
  if (t.dtype == RT_INT) t.dim[t.rank++] = t.of;
  t.dtype = RT_REAL;
  t.of = VM_NO_DIM;
  return t;
}

int cc_outputs(struct cc_context *c, const struct gr_node *model, const struct cc_value *result, int count,
               ir_id *output) {
  struct vm_module *m = c->module;
  const struct gr_node *outputs = model->child[1];
  if (count != outputs->count)
    return gr_fail(c->error, outputs->span, "the model promises %d output%s but returns %d", outputs->count,
                   outputs->count == 1 ? "" : "s", count);
  for (int o = 0; o < count; o++) {
    int status = cc_to_tensor(c, &result[o], outputs->child[o]->span, &output[o]);
    if (status) return status;
    struct vm_type wanted = wanted_type(&m->input[m->output[o].target]), found = *cc_type(c, output[o]);
    bool same = wanted.rank == found.rank && found.dtype == RT_REAL;
    for (int a = 0; same && a < wanted.rank; a++) same = wanted.dim[a] == found.dim[a];
    if (!same) {
      struct gr_span span = ir_shown(c->model, output[o]);
      gr_fail(c->error, outputs->child[o]->span,
              "to predict `%s` the model should return %s, but it returns %s", m->output[o].name,
              cc_type_text(c, &wanted), cc_type_text(c, &found));
      if (span.source == outputs->span.source) gr_note(c->error, span, "this is %s", cc_type_text(c, &found));
      bool classes = wanted.rank == found.rank && m->input[m->output[o].target].type.dtype == RT_INT
                     && wanted.dim[wanted.rank - 1] != found.dim[wanted.rank - 1];
      cc_hint_reduced(c, &result[o]);
      if (wanted.rank == 0 && found.rank == 1 && found.dim[0] == VM_ONE)
        rt_hint(c->error, "one number is []: take it out with [0], or sum(…)");
      if (classes)
        rt_hint(c->error, "%s comes from the data, so that name is needed here",
                cc_dim_text(c, wanted.dim[wanted.rank - 1]));
      if (wanted.rank == found.rank && wanted.rank > 0)
        ir_hint_dims(c->model, wanted.dim[wanted.rank - 1], found.dim[wanted.rank - 1], c->error);
      return c->error->code;
    }
    if (!found.batched
        && !(output[o] = ir_expand(c->model, output[o], &wanted, outputs->child[o]->span, c->error)))
      return c->error->code;
  }
  return RT_OK;
}
