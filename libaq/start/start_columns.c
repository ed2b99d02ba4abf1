/* start_columns.c: what each column of a table is, by what stands in it, and what a program calls it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libaq/start/start.h"
#include "runtime/io/idx.h"

enum {
  MOST_CLASSES = 1000,
  CLASS_WORDS = 3, /* the mean of labels; longer ones must come again more often, as no text does */
  LONG_CLASS_WORDS = 8,
  LONG_CLASS_ROWS = 10,
  MOST_TAGS = 300,
  MOST_LABELS = 1000,
  LABEL_ROWS = 2, /* one of several labels of a row comes again so often, on average */
  TAG_ROWS = 5,   /* a tag comes again so often, on average */
  MOST_NUMBER_CLASSES = 10
};

/* ---- kinds ---- */

static double words_of(const struct io_look_field *f) {
  return f->texts ? (double)f->words / (double)f->texts : 0;
}

static bool are_dates(const struct io_look_field *f) {
  return f->dates > 0 && f->dates + f->absent == f->filled;
}

/* "id", "user_id", "userId" and "USER ID", but not "paid". */
static bool says_id(const char *name) {
  size_t length = name ? strlen(name) : 0;
  if (length < 2 || strcasecmp(name + length - 2, "id") != 0) return false;
  if (length == 2) return true;
  char before = name[length - 3];
  bool letter = (before | 0x20) >= 'a' && (before | 0x20) <= 'z';
  return !letter || (name[length - 2] == 'I' && before >= 'a');
}

/* Whole numbers of which each row has another one: from 0 or 1 on, or of a column that is called so. */
static bool are_numbers_of_rows(const struct io_look_field *f) {
  if (f->whole < f->filled) return false;
  return says_id(f->name) || (f->least >= 0 && f->least <= 1 && f->most - f->least + 1 == (double)f->filled);
}

/* Another value in each row? Values too long to be told apart are not. */
static bool all_differ(const struct io_look_field *f) {
  bool different = f->values.full ? f->values.count > 0 : (int64_t)f->values.count == f->filled;
  for (size_t k = 0; different && k < f->values.count; k++) different = f->values.value[k].count == 1;
  return different && f->filled >= 3;
}

/* The numbers of rows that pandas writes, also of rows in another order, stand first and have no name. */
static bool counts_rows(const struct start *s, size_t k) {
  const struct io_look_field *f = &s->look.field[k];
  return k == 0 && s->look.header && !f->name && f->whole == f->filled && all_differ(f);
}

/* A number that counts rows, or a word that is another one in each. */
static bool is_name(const struct io_look_field *f) {
  if (!all_differ(f)) return false;
  if (f->numbers == f->filled) return are_numbers_of_rows(f);
  bool digits = true;
  for (size_t k = 0; digits && k < f->values.count; k++)
    digits = strpbrk(f->values.value[k].text, "0123456789") && !strpbrk(f->values.value[k].text, " \t");
  return digits;
}

static bool are_numbers(const struct io_look_field *f) {
  return f->numbers > 0 && f->numbers + f->absent == f->filled;
}

static bool is_class(const struct io_look_field *f) {
  int64_t count = (int64_t)f->values.count;
  double words = words_of(f);
  if (f->values.full || count < 2 || count > MOST_CLASSES) return false;
  if (are_numbers(f) && (f->whole < f->numbers || count > MOST_NUMBER_CLASSES)) return false;
  return words <= CLASS_WORDS ? 2 * count <= f->filled
                              : words <= LONG_CLASS_WORDS && LONG_CLASS_ROWS * count <= f->filled;
}

/* Numbers of which none is more than another: their column is called so, and they come again. */
static bool are_things(const struct io_look_field *f) {
  int64_t met = 0;
  if (!says_id(f->name) || f->whole != f->filled || f->least < 0) return false;
  for (size_t k = 0; k < f->values.count; k++) met += f->values.value[k].count;
  return met >= 2 * (int64_t)f->values.count;
}

/* Where a row has several labels, most of the different values are combinations of parts that come again. */
static bool are_labels(const struct io_look_field *f, char mark) {
  const char *part[MOST_LABELS];
  size_t length[MOST_LABELS], count = 0;
  int64_t several = 0, met = 0;
  for (size_t k = 0; k < f->values.count; k++) {
    const char *at = f->values.value[k].text;
    several += strchr(at, mark) != NULL;
    for (const char *end; *at; at = *end ? end + 1 : end) {
      size_t same = 0;
      for (end = at; *end && *end != mark;) end++;
      while (same < count && (length[same] != (size_t)(end - at) || memcmp(part[same], at, length[same])))
        same++;
      if (same == MOST_LABELS) return false;
      if (same == count) part[count] = at, length[count++] = (size_t)(end - at);
      met += f->values.value[k].count;
    }
  }
  return several >= 2 && count > 1 && count < f->values.count && met >= LABEL_ROWS * (int64_t)count;
}

/* Names of such files, or of what is within an idx file. */
static bool are_files(const struct io_look_field *f, const struct io_files *files) {
  for (size_t k = 0; k < f->values.count; k++) {
    char name[IO_LOOK_LONGEST + 1];
    snprintf(name, sizeof name, "%s", f->values.value[k].text);
    char *number = files->in_idx ? strrchr(name, '#') : NULL;
    if (number) *number = '\0';
    if (number ? !io_idx_is_named(name) : !io_is_named(files, name)) return false;
  }
  return f->values.count > 0;
}

static bool is_same(const struct io_look_field *f) {
  return f->values.count == 1 && f->values.value[0].count == f->filled && !f->missing && f->filled >= 3;
}

/* What no text of a program holds: braces stand for a value there. */
static bool is_unsayable(const char *name) {
  for (; *name; name++)
    if ((unsigned char)*name < 0x20 || *name == '{' || *name == 0x7F) return true;
  return false;
}

/* A column of a table has a number, which the program can say instead; a key has none. */
static bool is_unsaid(const struct start *s, size_t k) {
  const char *key = io_format_of(s->path) == IO_FORMAT_JSONL ? s->look.field[k].name : NULL;
  return key && (!key[0] || is_unsayable(key));
}

static enum start_kind kind_of(const struct io_look_field *f) {
  if (f->filled == 0) return START_EMPTY;
  if (are_files(f, &io_image_files)) return START_IMAGE;
  if (are_files(f, &io_sound_files)) return START_SOUND;
  if (is_same(f)) return START_SAME;
  if (are_labels(f, '|') || are_labels(f, IO_LABEL_END)) return START_LABELS;
  if (are_dates(f)) return START_DATE;
  const bool list = f->lists == f->filled && f->list_length > 1;
  if (!list && is_name(f)) return START_NAME;
  if (is_class(f)) return START_CLASS;
  if (are_things(f)) return START_THING;
  if (are_numbers(f)) return START_NUMBER;
  if (list) return START_VECTOR;
  return START_TEXT;
}

/* The files of a folder say what they are: names of subfolders, and texts, images or sounds. */
static enum start_kind kind_in_folder(const struct io_look_field *f, size_t k) {
  const enum start_kind kind = kind_of(f);
  if (kind == START_EMPTY || kind == START_IMAGE || kind == START_SOUND) return kind;
  return k == 0 ? START_CLASS : START_TEXT;
}

/* Tags are few, come again, and stand beside a text that has more different words. */
static bool are_tags(const struct io_look *look, size_t tags, size_t text) {
  const struct io_look_bag *t = &look->field[tags].items, *w = &look->field[text].items;
  if (!io_look_parallel(look, tags, text) || t->full || t->count < 2 || t->count > MOST_TAGS) return false;
  return (int64_t)t->count * TAG_ROWS <= t->total && (w->full || w->count > t->count);
}

static void find_tags(struct start *s) {
  for (size_t a = 0; a < s->look.count; a++)
    for (size_t b = 0; b < s->look.count && !start_is(s, a, START_TAGS); b++)
      if (a != b && are_tags(&s->look, a, b)) {
        s->column[a].kind = START_TAGS;
        s->column[a].of = b;
        s->column[b].kind = START_TEXT;
      }
}

/* Words that differ in each row are a text to read by its letters when there is nothing else to read. */
static void keep_one_text(struct start *s) {
  size_t named = s->look.count;
  for (size_t k = 0; k < s->look.count; k++) {
    const enum start_kind kind = s->column[k].kind;
    if (kind > START_NAME && kind != START_CLASS) return;
    if (s->column[k].kind == START_NAME && s->look.field[k].numbers == 0 && named == s->look.count) named = k;
  }
  if (named < s->look.count) s->column[named].kind = START_TEXT;
}

/* ---- names ---- */

/* Words of the language, and what the written programs call their own things. */
static const char *const taken[] = {"import",
                                    "as",
                                    "dim",
                                    "const",
                                    "data",
                                    "fn",
                                    "head",
                                    "model",
                                    "loss",
                                    "train",
                                    "extern",
                                    "return",
                                    "for",
                                    "in",
                                    "if",
                                    "else",
                                    "with",
                                    "param",
                                    "instance",
                                    "and",
                                    "or",
                                    "not",
                                    "of",
                                    "true",
                                    "false",
                                    "pi",
                                    "inf",
                                    "embed",
                                    "spelled",
                                    "sampled_softmax",
                                    "linear",
                                    "conv",
                                    "dropout",
                                    "max",
                                    "sum",
                                    "mean",
                                    "relu",
                                    "concat",
                                    "conv2d",
                                    "max_pool2d",
                                    "see",
                                    "listen",
                                    "zeros",
                                    "ones",
                                    "sqrt",
                                    "project",
                                    "layernorm",
                                    "encoder_layer",
                                    "decoder_layer",
                                    "expand",
                                    "abs",
                                    "reshape",
                                    "sinusoid",
                                    "alibi",
                                    "causal",
                                    "attention_pool",
                                    "next",
                                    "x",
                                    "y",
                                    "z",
                                    "a",
                                    "b",
                                    "u",
                                    "v",
                                    "l",
                                    "look",
                                    "encode",
                                    "found",
                                    "beside",
                                    "known",
                                    "given",
                                    "rate",
                                    "votes",
                                    "window",
                                    "waves",
                                    "read",
                                    "gist",
                                    "seen",
                                    "said",
                                    "spelt",
                                    "told",
                                    "hear",
                                    "word",
                                    "heard",
                                    "gru",
                                    "near",
                                    "ask",
                                    "classify",
                                    "tag",
                                    "rank",
                                    "regress",
                                    "translate",
                                    "generate"};

/* What `generate` says of its heads, where a text of that name would mean something else. */
static const char *const taken_by_heads[] = {"score", "i", "j", "h"};

static bool is_taken_by_heads(const struct start_column *c, const char *name) {
  const bool text = c->kind == START_TEXT || c->field->numbers == 0; /* or can be one */
  for (size_t k = 0; k < RT_COUNT(taken_by_heads); k++)
    if (text && strcmp(taken_by_heads[k], name) == 0) return true;
  return false;
}

static bool is_taken(const struct start *s, size_t before, const char *name) {
  for (size_t k = 0; k < RT_COUNT(taken); k++)
    if (strcmp(taken[k], name) == 0) return true;
  for (size_t k = 0; k < before; k++)
    if (strcmp(s->column[k].name, name) == 0) return true;
  return is_taken_by_heads(&s->column[before], name);
}

static const char *const usual_name[START_KINDS] = {"empty", "same",   "date",   "key",   "row",
                                                    "image", "sound",  "text",   "label", "labels",
                                                    "tags",  "number", "vector", "thing"};

/* What a program can say of a header's name: letters, digits and `_`, in lower case if it is a size's. */
static void spell(const char *from, char *name, size_t size) {
  size_t length = 0;
  for (; *from && length + 1 < size; from++) {
    char c = *from, low = c | 0x20;
    bool letter = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9' && length);
    if (letter)
      name[length++] = c;
    else if (length && name[length - 1] != '_')
      name[length++] = '_';
  }
  while (length && name[length - 1] == '_') length--;
  name[length] = '\0';
  if (length <= 2)
    for (size_t k = 0; k < length; k++)
      if (name[k] >= 'A' && name[k] <= 'Z') name[k] |= 0x20;
}

static void name_column(struct start *s, size_t k) {
  struct start_column *c = &s->column[k];
  char plain[32];
  spell(c->field->name ? c->field->name : "", plain, sizeof plain);
  if (!plain[0]) snprintf(plain, sizeof plain, "%s", usual_name[c->kind]);
  snprintf(c->name, sizeof c->name, "%s", plain);
  if (is_taken(s, k, c->name)) snprintf(c->name, sizeof c->name, "%s_column", plain);
  for (int n = 2; is_taken(s, k, c->name); n++) snprintf(c->name, sizeof c->name, "%s_%d", plain, n);
  c->numbered = s->look.header && (!c->field->name || is_unsayable(c->field->name));
  c->renamed = c->field->name && !c->numbered && strcmp(c->field->name, c->name) != 0;
}

/* One number with a decimal comma, or commas between thousands? Two numbers? Nothing tells. */
static int refuse_commas(const struct start *s, size_t k, struct rt_error *error) {
  const struct io_look_field *f = &s->look.field[k];
  char number[24];
  snprintf(number, sizeof number, "%zu", k + 1);
  rt_fail_in(error, RT_BAD_DATA, s->path,
             "column %s has values such as \"%s\": one number with a comma in it, or several numbers?",
             f->name ? f->name : number, f->comma);
  const char *comma = strchr(f->comma, ',');
  if (comma && strchr(comma, '.')) /* what stands behind the point is less than a thousand */
    rt_hint(error, "commas between thousands are taken out by sed -E -e ':a' -e '%s' -e ta FILE",
            io_format_of(s->path) == IO_FORMAT_CSV ? "s/(\"[-0-9]+),([0-9]{3}[0-9,.]*\")/\\1\\2/"
                                                   : "s/([0-9]),([0-9]{3})/\\1\\2/");
  rt_hint(error,
          "write a number with a point and no commas, and spaces between several; where all commas are "
          "decimal: sed 's/\\([0-9]\\),\\([0-9]\\)/\\1.\\2/g' FILE; CSV with semicolons between its fields "
          "may have them");
  return RT_BAD_DATA;
}

/* Points and decimal commas in one file: the ones could stand between thousands, and no command reads both.
 */
static int refuse_both(const struct start *s, struct rt_error *error) {
  const char *with[2] = {NULL, NULL};
  for (size_t k = 0; k < s->look.count; k++)
    for (int mark = 0; mark < 2; mark++)
      if (!with[mark] && are_numbers(&s->look.field[k])) with[mark] = s->look.field[k].decimal[mark];
  if (!with[0] || !with[1]) return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, s->path,
             "numbers with points, such as \"%s\", and with decimal commas, such as \"%s\", in one table",
             with[0], with[1]);
  rt_hint(error, "write all of them in one way: a point could also stand between thousands");
  return RT_BAD_DATA;
}

int start_columns(struct start *s, struct rt_error *error) {
  const bool folder = io_is_folder(s->path);
  for (size_t k = 0; k < s->look.count; k++) {
    const struct io_look_field *f = &s->look.field[k];
    if (f->commas > 0 && f->commas + f->numbers + f->absent == f->filled) return refuse_commas(s, k, error);
  }
  if (refuse_both(s, error) != RT_OK) return RT_BAD_DATA;
  s->column = rt_zalloc(s->look.count, sizeof *s->column);
  if (!s->column) return rt_no_memory(error);
  for (size_t k = 0; k < s->look.count; k++) {
    struct start_column *c = &s->column[k];
    c->field = &s->look.field[k];
    c->kind = folder              ? kind_in_folder(c->field, k)
              : is_unsaid(s, k)   ? START_UNSAID
              : counts_rows(s, k) ? START_NAME
                                  : kind_of(c->field);
    c->unspaced =
        10 * (c->field->ideographs + c->field->unspaced) > 3 * c->field->letters && c->field->letters;
    c->letters = 10 * c->field->unspaced > 3 * c->field->letters && c->field->letters;
  }
  find_tags(s);
  keep_one_text(s);
  for (size_t k = 0; k < s->look.count; k++) name_column(s, k);
  return RT_OK;
}

/* ---- for templates ---- */

bool start_is_number(const struct start *s, size_t k) {
  const struct io_look_field *f = s->column[k].field;
  return start_is(s, k, START_NUMBER)
         || (start_is(s, k, START_CLASS) && f->numbers == f->filled && f->least < 0);
}

bool start_is_set(const struct start *s, size_t k) {
  const struct io_look_field *f = s->column[k].field;
  bool whole_row = s->template == &start_classify || s->template == &start_regress;
  bool lacks = whole_row && k != s->target && start_is(s, k, START_CLASS) && f->missing;
  for (size_t n = 0; lacks && n < f->values.count; n++) lacks = !strchr(f->values.value[n].text, '|');
  return lacks || start_is(s, k, START_LABELS);
}

size_t start_count_inputs(const struct start *s, enum start_kind kind) {
  size_t count = 0;
  for (size_t k = 0; k < s->look.count; k++) count += k != s->target && s->column[k].kind == kind;
  return count;
}

size_t start_nth(const struct start *s, enum start_kind kind, size_t n) {
  for (size_t k = 0; k < s->look.count; k++)
    if (k != s->target && s->column[k].kind == kind && n-- == 0) return k;
  return s->look.count;
}

const char *start_count(const struct start *s, int64_t number) {
  char digits[32], *out;
  int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
  out = rt_arena_alloc((struct rt_arena *)&s->arena, 48);
  if (!out) return "";
  size_t at = 0;
  for (int k = 0; k < length; k++) {
    if (k && (length - k) % 3 == 0) out[at++] = ',';
    out[at++] = digits[k];
  }
  return out;
}

/* The name of the table without its folders, and without what would leave the comment. */
static void put_file(const char *path, struct rt_text *out) {
  const char *name = strrchr(path, '/');
  for (name = name ? name + 1 : path; *name; name++)
    rt_text_add(out, (unsigned char)*name < 0x20 || *name == 0x7F ? "?" : name, 1);
}

void start_heading(const struct start *s, struct rt_text *out) {
  rt_text_printf(out, "# %s: %s.\n# Written by `aqc new` for ", s->template->name, s->template->about);
  put_file(s->path, out);
  rt_text_printf(out, ", %s row%s, and yours to change. `aqc help NAME` explains a name.\n",
                 start_count(s, s->look.rows), s->look.rows == 1 ? "" : "s");
}

int64_t start_limit(const struct start_column *column) {
  int64_t words = io_look_length(column->field), limit = 32;
  while (limit < words && limit < 512) limit *= 2;
  return limit;
}

bool start_is_small(const struct start *s) { return s->look.rows < 1000; }

/* Columns of a file without a header go by position: the inputs, then the target. Where that is not how they
 * stand in the file, each says where it is. */
static bool goes_by_position(const struct start *s) {
  size_t inputs = 0;
  while (inputs < s->look.count && start_is_input(s, inputs)) inputs++;
  return inputs + 1 == s->look.count && inputs == s->target;
}

static void put_from(const struct start *s, size_t k, struct rt_text *out) {
  rt_text_puts(out, "\"");
  for (const char *p = s->column[k].field->name; *p; p++) {
    if (*p == '"' || *p == '\\') rt_text_add(out, "\\", 1);
    rt_text_add(out, p, 1);
  }
  rt_text_puts(out, "\"");
}

void start_declare(const struct start *s, size_t k, const char *shape, const char *options,
                   struct rt_text *out) {
  const struct start_column *c = &s->column[k];
  const bool numbered = c->numbered || (!c->field->name && !goes_by_position(s));
  rt_text_printf(out, "  %s: %s", c->name, shape);
  if (c->renamed || numbered) rt_text_puts(out, "(from = ");
  if (c->renamed) put_from(s, k, out);
  if (numbered) rt_text_printf(out, "%zu", k + 1);
  if (options[0]) rt_text_printf(out, "%s%s", c->renamed || numbered ? ", " : "(", options);
  rt_text_puts(out, c->renamed || numbered || options[0] ? ")\n" : "\n");
}

const char *start_mark(const struct start *s, size_t k) {
  if (start_count_inputs(s, START_TEXT) < 2) return "";
  const char *mark = rt_arena_printf((struct rt_arena *)&s->arena, "%zu", k + 1);
  return mark ? mark : "";
}
