/* columns.c: the columns that the program declares. What a kind of column is, stands in its row
 * (runtime/columns/column.h): axes, type and options are taken from there. */
#include "compiler/front/arguments.h"
#include "compiler/source/configured.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void hint_kinds(struct rt_error *error) {
  struct rt_text list = {0};
  io_kinds_list(&list);
  if (!list.failed) rt_hint(error, "the kinds are %s", list.data);
  rt_text_free(&list);
}

static int unknown_kind(struct rt_error *error, const struct gr_node *kind) {
  struct rt_nearest nearest = {kind->text, NULL, 0};
  for (size_t k = 0; io_kinds[k]; k++) rt_nearest_consider(&nearest, io_kinds[k]->name);
  gr_fail(error, kind->span, "there is no kind of column called `%s`", kind->text);
  if (nearest.best)
    rt_hint(error, "did you mean `%s`?", nearest.best);
  else
    hint_kinds(error);
  return error->code;
}

static int written_axes(const struct gr_node *column) {
  return column->child[1] ? column->child[1]->count : 0;
}

/* "[T, V]": the axes of a kind, or those alone that must be there. */
static void write_axes(const struct io_kind *kind, bool all, struct rt_text *out) {
  const char *before = "[";
  for (int a = 0; a < IO_MOST_AXES; a++) {
    if (!kind->axis[a].means || (kind->axis[a].optional && !all)) continue;
    rt_text_printf(out, "%s%s", before, kind->axis[a].name);
    before = ", ";
  }
  if (before[0] == ',') rt_text_puts(out, "]");
}

/* No kind of that name has so many axes: says how each is written. */
static int wrong_form(struct rt_error *error, const struct gr_node *column) {
  const char *name = column->child[0]->text;
  struct rt_text written = {0};
  for (size_t k = 0; io_kinds[k]; k++) {
    if (strcmp(io_kinds[k]->name, name) != 0) continue;
    rt_text_printf(&written, "%s`%s: %s", written.length ? " or " : "", column->text, name);
    write_axes(io_kinds[k], false, &written);
    rt_text_puts(&written, "`");
  }
  gr_fail(error, column->span, "a column of this kind is written %s", written.failed ? name : written.data);
  rt_text_free(&written);
  return error->code;
}

/* The kind of a column, which has as many axes as are written. */
static int find_kind(struct rt_error *error, const struct gr_node *column, const struct io_kind **kind) {
  const char *name = column->child[0]->text;
  *kind = io_kind_with_axes(name, written_axes(column));
  if (*kind) return RT_OK;
  return io_kind_find(name) ? wrong_form(error, column) : unknown_kind(error, column->child[0]);
}

static int limit_number(struct cc_context *c, const struct gr_node *node, int64_t *limit) {
  double number;
  int status = cc_number(c, node, &number);
  if (status != RT_OK) return status;
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
  if (status == RT_OK && least) status = limit_number(c, least, &shortest);
  if (status != RT_OK) return status;
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
  else if (cc_is_value(d)) {
    if (kind == VM_RAGGED) {
      gr_fail(c->error, name->span, "%s is a %s of one size, but texts differ in length", name->text,
              d->node->kind == GR_DIM ? "dim" : "const");
      rt_hint(c->error, "give the length a name of its own; words[LENGTH <= %s] limits it", name->text);
      return c->error->code;
    }
    return cc_dim(c, name, dim);
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

const struct gr_node *cc_find_column(struct cc_context *c, const struct gr_node *data, const char *name,
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

enum { MOST_FIELDS = 100000 };

/* What is behind `from` in a column's options, or NULL. */
static const struct gr_node *from_of(const struct gr_node *column) {
  for (int i = 2; i < column->count; i++)
    if (column->child[i]->text && !strcmp(column->child[i]->text, "from")) return column->child[i]->child[0];
  return NULL;
}

static int read_field(struct cc_context *c, const char *field, struct vm_input *input) {
  input->column->source = rt_arena_strndup(&c->module->arena, field, strlen(field));
  return input->column->source ? RT_OK : cc_out_of_memory(c);
}

/* from = 3: the third field of the file. Its name is for messages. */
static int column_number(struct cc_context *c, const struct gr_node *from, struct vm_input *input) {
  double number;
  char name[32];
  int status = cc_number(c, from, &number);
  if (status != RT_OK) return status;
  if (!(number >= 1 && number <= MOST_FIELDS && number == floor(number)))
    return gr_fail(c->error, from->span, "fields are counted from 1 to %d, and this is %.10g", MOST_FIELDS,
                   number);
  input->column->number = (int)number;
  snprintf(name, sizeof name, "field %d", (int)number);
  return read_field(c, name, input);
}

/* from = COLUMN: both are made of one field of the file. *field is NULL when that has a number, which `input`
 * has then, too. */
static int column_source(struct cc_context *c, const struct gr_node *data, const struct gr_node *name,
                         struct vm_input *input, const char **field) {
  const struct gr_node *source;
  const struct io_kind *kind;
  if (!(source = cc_find_column(c, data, name->text, name->span))) return c->error->code;
  int status = find_kind(c->error, source, &kind);
  if (status != RT_OK) return status;
  if (!strcmp(source->text, input->name))
    return gr_fail(c->error, name->span, "`%s` cannot be made of itself", name->text);
  const struct gr_node *from = from_of(source);
  if (!kind->tokens || (from && from->kind != GR_STRING && from->kind != GR_NUMBER)) {
    gr_fail(c->error, name->span,
            kind->tokens ? "`%s` is itself made of another column"
                         : "`%s` is no text, so that nothing can be made of it",
            name->text);
    gr_note(c->error, source->span, "it is declared here");
    return c->error->code;
  }
  if (from && from->kind == GR_NUMBER) {
    *field = NULL;
    return column_number(c, from, input);
  }
  *field = from ? cc_interpolate(c, from->text, from->span) : name->text;
  return *field ? RT_OK : c->error->code;
}

static bool is_column(const struct gr_node *data, const char *name) {
  for (int i = 0; i < data->count; i++)
    if (!strcmp(data->child[i]->text, name)) return true;
  return false;
}

/* from = [question, "The Answer"]: columns, or fields of the file, one behind the other. */
static int column_sequence(struct cc_context *c, const struct gr_node *data, const struct gr_node *from,
                           struct vm_input *input) {
  const char *field[IO_MOST_TEXTS];
  if (input->column->kind->texts < IO_MOST_TEXTS)
    return gr_fail(c->error, from->span, "a column of %s is made of one text", input->column->kind->name);
  if (from->count != IO_MOST_TEXTS)
    return gr_fail(c->error, from->span, "a sequence is made of two texts, as in from = [question, answer]");
  for (int i = 0; i < IO_MOST_TEXTS; i++) {
    const struct gr_node *name = from->child[i];
    if (name->kind != GR_NAME && name->kind != GR_STRING)
      return gr_fail(c->error, name->span,
                     "`from` names columns or fields of the file, as in from = [question, \"The Answer\"]");
    int status = RT_OK;
    field[i] = name->text;
    if (name->kind == GR_NAME && is_column(data, name->text))
      status = column_source(c, data, name, input, &field[i]);
    else if (name->kind == GR_STRING && !(field[i] = cc_interpolate(c, name->text, name->span)))
      status = c->error->code;
    if (status != RT_OK) return status;
    if (!field[i])
      return gr_fail(c->error, name->span, "a sequence is made of fields with names, and `%s` has a number",
                     name->text);
    if (!field[i][0]) return gr_fail(c->error, name->span, "a field has a name, and this is empty");
  }
  input->column->second = rt_arena_strndup(&c->module->arena, field[1], strlen(field[1]));
  return input->column->second ? read_field(c, field[0], input) : cc_out_of_memory(c);
}

/* from = "Review Text": the field of that name, which need not be one that a program could say. */
static int column_from(struct cc_context *c, const struct gr_node *data, const struct gr_node *from,
                       struct vm_input *input) {
  if (from->kind == GR_LIST) return column_sequence(c, data, from, input);
  if (from->kind == GR_NAME && input->column->kind->tokens) {
    const char *source;
    int status = column_source(c, data, from, input, &source);
    return status == RT_OK && source ? read_field(c, source, input) : status;
  }
  if (from->kind == GR_NUMBER) return column_number(c, from, input);
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

/* The options as a callee takes them: `from`, which every column has, and those of its kind. */
static int option_rows(const struct io_kind *kind, struct cc_parameter *row) {
  static const enum cc_takes takes[] = {[IO_OPTION_WHOLE] = CC_TAKES_WHOLE,
                                        [IO_OPTION_TEXT] = CC_TAKES_TEXT,
                                        [IO_OPTION_SWITCH] = CC_TAKES_SWITCH,
                                        [IO_OPTION_CHOICE] = CC_TAKES_WORD,
                                        [IO_OPTION_WORD_OR_NUMBER] = CC_TAKES_WORD_OR_NUMBER};
  row[0] = (struct cc_parameter){"from", CC_TAKES_ANY, .optional = true, .by_name = true};
  for (int o = 0; o < kind->options; o++) {
    const struct io_option *option = &kind->option[o];
    const bool or_number = option->type == IO_OPTION_WORD_OR_NUMBER;
    row[o + 1] = (struct cc_parameter){
        option->name,
        takes[option->type],
        CC_FROM_TO(or_number ? 0 : (double)option->least, or_number ? 0 : (double)option->most),
        .optional = !option->needed,
        .by_name = true,
        .words = option->choice ? (int)option->most - or_number : 0,
        .word = option->choice};
  }
  return kind->options + 1;
}

/* Numbers, words and switches go to where the kind says. given[0] is `from`. */
static void store_options(const struct io_kind *kind, const struct cc_setting *given,
                          struct io_settings *set) {
  for (int o = 0; o < kind->options; o++) {
    const struct io_option *option = &kind->option[o];
    if (!given[o + 1].arg || option->type == IO_OPTION_TEXT) continue;
    bool is_switch = option->type == IO_OPTION_SWITCH;
    if (option->type == IO_OPTION_WORD_OR_NUMBER && !given[o + 1].text) {
      *io_option_number(option, set) = option->most;
      set->number = given[o + 1].number;
      continue;
    }
    *io_option_number(option, set) = (int64_t)given[o + 1].number + (is_switch ? IO_OFF : 0);
  }
}

/* What no single option can tell. */
static int check_options(struct cc_context *c, const struct gr_node *column, const struct cc_setting *option,
                         struct vm_input *input) {
  const struct io_kind *kind = input->column->kind;
  struct io_settings *set = &input->column->set;
  struct rt_error why = {0};
  for (int o = 0; o < kind->options; o++) {
    const struct cc_setting *given = &option[o + 1];
    if (kind->option[o].type != IO_OPTION_TEXT || !given->arg) continue;
    const char **text = io_option_text(&kind->option[o], set);
    *text = given->text;
    if (text == &set->vocab || text == &set->merges)
      *text = cc_found_file(c->program, &c->module->arena, given->said_in, given->text);
    if (!*text) return cc_out_of_memory(c);
    if (text == &set->labels) return cc_check_labels(c, column, given, input);
    if (text == &set->vocab && !kind->complete && (set->min_count || set->max_size))
      return gr_fail(
          c->error, given->span,
          "the vocabulary is what the file says: min_count and max_size are for one that is learned");
  }
  if ((kind->settle && kind->settle(set, &why)) || (kind->complete && kind->complete(set, &why)))
    return gr_fail(c->error, column->span, "%s", why.text);
  return RT_OK;
}

static int column_options(struct cc_context *c, const struct gr_node *data, const struct gr_node *column,
                          struct vm_input *input) {
  struct cc_setting option[IO_MOST_OPTIONS + 1];
  struct cc_parameter row[IO_MOST_OPTIONS + 1];
  const struct io_kind *kind = input->column->kind;
  const struct cc_callee callee = {kind->name, "option", row, option_rows(kind, row), .declared = NULL};
  int status = cc_match_settings(c, &callee, column->span, column->child + 2, column->count - 2, option);
  if (status != RT_OK) return status;
  store_options(kind, option, &input->column->set);
  if (option[0].arg && !kind->made && (status = column_from(c, data, option[0].arg, input))) return status;
  status = check_options(c, column, option, input);
  return status == RT_OK ? cc_settle_length(c, column, input) : status;
}

/* A vector of no numbers is refused, and so is a choice of one class. The size of a name (vector[N],
 * class[C]) comes from the file, and is checked there in the same way. */
static int check_count(struct cc_context *c, const struct gr_node *column, const struct io_kind *kind,
                       int axis, vm_dim size) {
  const bool wide = kind->axis[axis].means != IO_ENTRIES; /* else there is a choice of one */
  const char *counts = io_kind_counts(kind, axis);
  const int beside = kind->axis[axis].means == IO_MEMBERS ? kind->beside : 0;
  const int64_t least = (wide ? 1 : 2) + beside, symbol = vm_dim_as_symbol(&c->module->dims, size);
  int64_t count;
  if (beside && symbol >= 0 && c->module->dims.symbol[symbol].kind == VM_BOUND)
    c->module->dims.symbol[symbol].least = least;
  if (vm_dim_value(&c->module->dims, size, NULL, &count, NULL) || count >= least) return RT_OK;
  struct gr_span span = column->child[1]->child[axis]->span;
  if (wide)
    gr_fail(c->error, span, "`%s` would have %lld %s; it needs one at least", column->text,
            (long long)count - beside, counts);
  else
    gr_fail(c->error, span, "the %s of `%s` would be %lld in all; two are needed", counts, column->text,
            (long long)count);
  struct rt_text written = {0};
  write_axes(kind, true, &written);
  if (!written.failed)
    rt_hint(c->error, "a name that is no dim stands for the number that there is: %s%s", kind->name,
            written.data);
  rt_text_free(&written);
  return c->error->code;
}

/* What the program must say, since no data do: chars[T, 16, A]. */
static int check_given(struct cc_context *c, const struct gr_node *column, const struct io_kind *kind,
                       int axis, vm_dim size) {
  const struct gr_span span = column->child[1]->child[axis]->span;
  const char *counts = io_kind_counts(kind, axis);
  int64_t count;
  if (!vm_dim_value(&c->module->dims, size, NULL, &count, NULL))
    return count > 0 ? RT_OK
                     : gr_fail(c->error, span, "each %s of `%s` would give %lld %s; it gives one at least",
                               kind->one, column->text, (long long)count, counts);
  gr_fail(c->error, span, "how many %s each %s of `%s` gives is a number, and `%s` has none", counts,
          kind->one, column->text, kind->axis[axis].name);
  rt_hint(c->error, "write the number here, as in %s[T, 16, %s], or name a dim that has it", kind->name,
          kind->axis[axis + 1].name);
  return c->error->code;
}

int cc_check_column(struct rt_error *error, const struct gr_node *column) {
  const struct io_kind *kind;
  return find_kind(error, column, &kind);
}

/* A vocabulary without a name is its column's own. */
static int own_entries(struct cc_context *c, const struct gr_node *column, vm_dim *dim) {
  const char *name = rt_arena_printf(&c->module->arena, "%s.vocabulary", column->text);
  *dim = name ? vm_dim_symbol(&c->module->dims, name, VM_BOUND, -1) : VM_NO_DIM;
  return *dim == VM_NO_DIM ? cc_out_of_memory(c) : RT_OK;
}

/* One axis of the kind, which may have been left out. */
static int declare_axis(struct cc_context *c, const struct gr_node *column, int axis,
                        struct vm_input *input) {
  const struct io_kind *kind = input->column->kind;
  const struct gr_node *written = axis < written_axes(column) ? column->child[1]->child[axis] : NULL;
  struct vm_type *t = &input->type;
  enum io_axis_means means = kind->axis[axis].means;
  vm_dim *dim = means == IO_ENTRIES ? &t->of : &t->dim[t->rank++];
  int status = written ? column_dim(c, written, means == IO_LENGTH ? VM_RAGGED : VM_BOUND, dim)
                       : own_entries(c, column, dim);
  if (status == RT_OK && written && means != IO_LENGTH)
    status = (kind->axis[axis].given ? check_given : check_count)(c, column, kind, axis, *dim);
  if (status != RT_OK) return status;
  if (means == IO_LENGTH) input->length = vm_dim_as_symbol(&c->module->dims, *dim);
  if (means == IO_ENTRIES || means == IO_MEMBERS)
    input->vocabulary = vm_dim_as_symbol(&c->module->dims, *dim);
  return RT_OK;
}

/* Sizes that the program gives; 0 where it gives none. */
static void sizes_of(struct cc_context *c, const struct vm_input *input, int64_t size[static IO_MOST_AXES]) {
  for (int a = 0; a < IO_MOST_AXES; a++)
    if ((input->column->kind->axis[a].means != IO_WIDTH && input->column->kind->axis[a].means != IO_ENTRIES)
        || vm_dim_value(&c->module->dims, vm_input_dim(input, a), NULL, &size[a], NULL))
      size[a] = 0;
}

/* What the kind says of them. */
static int check_sizes(struct cc_context *c, const struct gr_node *column, const struct vm_input *input) {
  const struct io_kind *kind = input->column->kind;
  int64_t size[IO_MOST_AXES];
  sizes_of(c, input, size);
  const char *misfit = kind->misfit ? kind->misfit(&input->column->set, size) : NULL;
  return misfit ? gr_fail(c->error, column->span, "%s", misfit) : RT_OK;
}

static int declare_column(struct cc_context *c, const struct gr_node *data, const struct gr_node *column,
                          struct vm_input *input) {
  const struct io_kind *kind;
  int status = find_kind(c->error, column, &kind);
  if (status != RT_OK) return status;
  *input = (struct vm_input){
      .column = rt_arena_alloc(&c->model->arena, sizeof *input->column),
      .vocabulary = -1,
      .length = -1,
      .type = {.dtype = io_kind_is_real(kind) ? RT_REAL : RT_INT, .batched = 1, .of = VM_NO_DIM}};
  char *name = rt_arena_strndup(&c->module->arena, column->text, strlen(column->text));
  if (!input->column || !name) return cc_out_of_memory(c);
  *input->column = IO_COLUMN_DEFAULTS;
  input->column->kind = kind;
  input->name = input->column->name = name;
  for (int a = 0; a < io_kind_most_axes(kind); a++)
    if ((status = declare_axis(c, column, a, input))) return status;
  status = column_options(c, data, column, input);
  return status == RT_OK ? check_sizes(c, column, input) : status;
}

/* Nobody can count the tokens of a text that are learned, or any with white space in them. */
static int check_tagged(struct cc_context *c, const struct gr_node *data, int column,
                        const struct vm_input *declared) {
  const struct vm_input *tags = &declared[column];
  for (int i = 0; i < data->count && tags->column->kind->pairs && !tags->column->kind->made; i++) {
    if (declared[i].length != tags->length || !declared[i].column->kind->spaced) continue;
    gr_fail(c->error, data->child[column]->span,
            "`%s` has a tag for each word, and the tokens of `%s` are no words", tags->name,
            declared[i].name);
    gr_note(c->error, data->child[i]->span, "`%s` is declared here", declared[i].name);
    return c->error->code;
  }
  return RT_OK;
}

/* Can a column be made of the tokens of that one? Both have the same length. */
static bool can_make(const struct vm_input *made, const struct vm_input *of) {
  return made->length == of->length && io_kind_belongs(made->column->kind, of->column->kind);
}

/* from = text: which column it is. */
static int named_pair(struct cc_context *c, const struct gr_node *data, const struct gr_node *from,
                      const struct vm_input *declared, const struct vm_input *input) {
  if (from->kind != GR_NAME) {
    gr_fail(c->error, from->span, "`from` names the column that `%s` is made of, as in from = text",
            input->name);
    return -1;
  }
  const struct gr_node *source = cc_find_column(c, data, from->text, from->span);
  for (int i = 0; i < data->count && source; i++)
    if (data->child[i] == source && can_make(input, &declared[i])) return i;
  if (!source) return -1;
  gr_fail(c->error, from->span, "the %s of `%s` belong to a text of the same length, %s, and `%s` is none",
          input->column->kind->noun, input->name, c->module->dims.symbol[input->length].name, from->text);
  gr_note(c->error, source->span, "it is declared here");
  return -1;
}

/* The only text that a column can be made of. */
static int only_pair(struct cc_context *c, const struct gr_node *data, const struct gr_node *column,
                     const struct vm_input *declared, const struct vm_input *input) {
  int found = -1;
  for (int i = 0; i < data->count; i++) {
    if (!can_make(input, &declared[i])) continue;
    if (found < 0) {
      found = i;
      continue;
    }
    gr_fail(c->error, column->span, "the %s of `%s` could be those of `%s` or of `%s`",
            input->column->kind->noun, input->name, declared[found].name, declared[i].name);
    rt_hint(c->error, "say which: from = %s", declared[found].name);
    return -1;
  }
  if (found < 0)
    gr_fail(c->error, column->span,
            "the %s of `%s` belong to a text of the same length, %s, and there is none that has them",
            input->column->kind->noun, input->name, c->module->dims.symbol[input->length].name);
  return found;
}

/* What lies in the first column of the program that it can lie in. */
static int join_column(struct cc_context *c, const struct gr_node *data, int column,
                       struct vm_input *declared) {
  struct io_column *of = declared[column].column;
  int64_t size[IO_MOST_AXES];
  int to = 0;
  struct rt_error why = {0};
  while (to < data->count && !io_kind_belongs(of->kind, declared[to].column->kind)) to++;
  const bool found = to < data->count;
  if (found) {
    sizes_of(c, &declared[to], size);
    of->pair = to;
  }
  if (of->kind->lies_in(&of->set, found ? declared[to].column : NULL, size, &why) == RT_OK) return RT_OK;
  gr_fail(c->error, data->child[column]->span, "%s", why.text);
  if (found) gr_note(c->error, data->child[to]->span, "`%s` is declared here", declared[to].name);
  return c->error->code;
}

/* Columns that are made of the text of another one, token by token. */
static int find_pair(struct cc_context *c, const struct gr_node *data, int column,
                     struct vm_input *declared) {
  struct vm_input *input = &declared[column];
  if (input->column->kind->lies_in) return join_column(c, data, column, declared);
  if (!input->column->kind->made) return check_tagged(c, data, column, declared);
  const struct gr_node *from = from_of(data->child[column]);
  int pair = from ? named_pair(c, data, from, declared, input)
                  : only_pair(c, data, data->child[column], declared, input);
  if (pair < 0) return c->error->code;
  const struct io_column *to = declared[pair].column;
  input->column->pair = pair;
  input->column->source = to->source ? to->source : to->name;
  input->column->number = to->number;
  return RT_OK;
}

enum { COLUMNS_MAX = 1024 };

int cc_declare_columns(struct cc_context *c, const struct gr_node *data, struct vm_input *declared) {
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
    if (status != RT_OK) return status;
  }
  int status = RT_OK;
  for (int i = 0; i < data->count && status == RT_OK; i++) status = find_pair(c, data, i, declared);
  return status;
}
