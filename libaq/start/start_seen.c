/* start_seen.c: a few lines about what a look at a table has seen, and what the program makes of it. */
#include <string.h>

#include "libaq/shown/printable.h"
#include "libaq/start/start.h"
#include "runtime/io/idx.h"

enum { MOST_SHOWN = 6 }; /* labels in a line */

static void put_labels(const struct start *s, const struct io_look_field *f, struct rt_text *out) {
  const struct io_look_bag *bag = &f->values;
  bool *shown = rt_zalloc(bag->count, sizeof *shown);
  for (size_t n = 0; shown && n < bag->count && n < MOST_SHOWN; n++) {
    size_t best = bag->count;
    for (size_t k = 0; k < bag->count; k++)
      if (!shown[k] && (best == bag->count || bag->value[k].count > bag->value[best].count)) best = k;
    shown[best] = true;
    rt_text_puts(out, n ? ", " : ": ");
    printable_line(out, bag->value[best].text);
    rt_text_printf(out, " %s", start_count(s, bag->value[best].count));
  }
  if (bag->count > MOST_SHOWN) rt_text_puts(out, ", …");
  rt_free(shown);
}

static void put_text(const struct start *s, const struct start_column *c, struct rt_text *out) {
  const struct io_look_field *f = c->field;
  double mean = f->texts ? (double)f->words / (double)f->texts : 0;
  const char *unit = c->unspaced && !c->letters ? "words or ideographs" : "words";
  rt_text_printf(out, "text, %.*f %s on average, %s at most", mean < 10 ? 1 : 0, mean, unit,
                 start_count(s, f->longest));
  if (c->unspaced) rt_text_puts(out, "; written without spaces between words");
}

/* Is a row without this input a bad one? Texts, labels and numbers may be empty, but a key has to be there.
 */
static bool needs_filled(const struct start *s, const struct start_column *c) {
  switch (c->kind) {
    case START_IMAGE:
    case START_SOUND:
    case START_CLASS:
    case START_THING:
    case START_VECTOR: return true;
    case START_TEXT: return s->template == &start_translate || c->field->lacking > 0;
    default: return c->field->lacking > 0;
  }
}

/* May the column be missing, as a set or list of labels, which may be empty? */
static bool may_be_empty(const struct start *s, size_t k) {
  const struct start_column *c = &s->column[k];
  const bool is_set = k == s->target ? c->kind == START_LABELS : start_is_set(s, k);
  return is_set && c->field->lacking == 0;
}

/* Does it matter that a row lacks the column? */
static bool is_wanted(const struct start *s, size_t k) {
  return k == s->target || (s->template->reads(s, k) && needs_filled(s, &s->column[k]));
}

/* What becomes of rows in which the column is missing. */
static const char *without(const struct start *s, size_t k) {
  if (!is_wanted(s, k)) return "";
  if (!may_be_empty(s, k)) return ", which the option bad_rows = skip leaves out";
  return k == s->target ? "" : ", so that it is read as a set, which may be empty";
}

/* Is the column no column of numbers for a few of its fields alone? */
static bool is_nearly_numbers(const struct start_column *c) {
  enum { ONE_OF = 10 };
  const struct io_look_field *f = c->field;
  return f->odd && (c->kind == START_TEXT || c->kind == START_CLASS || c->kind == START_NAME)
         && f->numbers + f->absent < f->filled && (f->filled - f->numbers - f->absent) * ONE_OF <= f->filled;
}

/* In how many rows the column is missing. */
static int64_t missing_in(const struct start_column *c) {
  if (c->kind == START_EMPTY) return 0;
  return c->field->missing + (c->kind == START_NUMBER ? c->field->absent : 0);
}

bool start_skips(const struct start *s) {
  bool skips = s->look.bad > 0;
  for (size_t k = 0; k < s->look.count; k++)
    skips |= missing_in(&s->column[k]) > 0 && is_wanted(s, k) && !may_be_empty(s, k);
  return skips;
}

static void put_nearly(const struct start *s, const struct start_column *c, struct rt_text *out) {
  const struct io_look_field *f = c->field;
  rt_text_printf(out, "; %s of %s are numbers, but line %lld has \"", start_count(s, f->numbers),
                 start_count(s, f->filled), (long long)f->odd_line);
  printable_line(out, f->odd);
  rt_text_puts(out, "\"");
}

/* What somebody may want to know who reads that the column is numbers, or is none. */
static void put_doubts(const struct start *s, const struct start_column *c, struct rt_text *out) {
  const struct io_look_field *f = c->field;
  if (s->look.header && !f->name && c->kind >= START_IMAGE)
    rt_text_printf(out, "; column %zu of the file, which the first line does not name",
                   (size_t)(c - s->column) + 1);
  if (c->kind == START_NUMBER && f->code)
    rt_text_printf(out, "; \"%s\" begins with 0: if it is a code, such as a zip code, class is its kind",
                   f->code);
  if (f->percents && f->percents + f->numbers + f->absent == f->filled)
    rt_text_printf(out, "; %s of them are percents: without the %% they would be numbers",
                   start_count(s, f->percents));
  else if (is_nearly_numbers(c))
    put_nearly(s, c, out);
}

static void put_kind(const struct start *s, const struct start_column *c, struct rt_text *out) {
  const struct io_look_field *f = c->field;
  switch (c->kind) {
    case START_IMAGE: rt_text_puts(out, "names of images"); break;
    case START_SOUND: rt_text_puts(out, "names of sounds"); break;
    case START_TEXT: put_text(s, c, out); break;
    case START_CLASS:
      rt_text_printf(out, "%zu different values", f->values.count);
      put_labels(s, f, out);
      break;
    case START_LABELS: rt_text_puts(out, "several labels in a row"); break;
    case START_TAGS:
      rt_text_printf(out, "%zu different tags, one for each word of %s", f->items.count,
                     s->column[c->of].name);
      break;
    case START_THING:
      rt_text_printf(out, "names of %s%s things, by what the column is called",
                     f->values.full ? "more than " : "", start_count(s, (int64_t)f->values.count));
      break;
    case START_NUMBER: rt_text_printf(out, "numbers, from %g to %g", f->least, f->most); break;
    case START_VECTOR: rt_text_printf(out, "%lld numbers in each row", (long long)f->list_length); break;
    case START_SAME: rt_text_puts(out, "the same value in each row: left out"); break;
    case START_NAME:
      rt_text_puts(out, "another value in each row, which tells nothing about others: left out");
      break;
    case START_DATE:
      rt_text_puts(out, "dates, which no column reads: left out; year, month and day in columns of their own "
                        "would be read");
      break;
    case START_UNSAID:
      rt_text_puts(out,
                   "its key is empty, or has a brace or a control character, which no program can say: left "
                   "out");
      break;
    default: rt_text_puts(out, "empty: left out");
  }
  put_doubts(s, c, out);
  const int64_t missing = missing_in(c);
  if (missing)
    rt_text_printf(out, "; missing in %s row%s%s", start_count(s, missing), missing == 1 ? "" : "s",
                   without(s, (size_t)(c - s->column)));
}

static const char *name_of(const struct start_column *c) {
  return c->field->name && c->field->name[0] ? c->field->name : c->name;
}

static void put_columns(const struct start *s, struct rt_text *out) {
  int width = 0;
  for (size_t k = 0; k < s->look.count; k++) {
    const struct start_column *c = &s->column[k];
    const int length = printable_width(name_of(c));
    if (length > width && length <= 24) width = length;
  }
  for (size_t k = 0; k < s->look.count; k++) {
    const struct start_column *c = &s->column[k];
    const int left = width - printable_width(name_of(c));
    rt_text_puts(out, "  ");
    printable_line(out, name_of(c));
    rt_text_printf(out, "%*s  ", left > 0 ? left : 0, "");
    put_kind(s, c, out);
    if (k == s->target)
      rt_text_puts(out, s->guessed ? " <- to be predicted, as it seems" : " <- to be predicted");
    else if (c->kind >= START_IMAGE && !start_is_input(s, k))
      rt_text_printf(out, "; %s reads no such column", s->template->name);
    rt_text_puts(out, "\n");
  }
}

/* Where the names of the columns come from. */
static const char *named(const struct start *s) {
  if (io_is_folder(s->path)) return "of the files and their subfolders";
  if (io_idx_is_named(s->path)) return "of the images and their labels";
  if (io_format_of(s->path) == IO_FORMAT_JSONL) return "named by their keys";
  return s->look.header ? "named by the first line" : "without a line of names";
}

/* Rows that are left out, and why the first one is. */
static void put_bad(const struct start *s, struct rt_text *out) {
  const bool one = s->look.bad == 1;
  const char *first = s->look.first_bad ? s->look.first_bad : "";
  rt_text_printf(out, "  %s row%s cannot be read, or %s another number of fields than the first; %s%s%s\n",
                 start_count(s, s->look.bad), one ? "" : "s", one ? "has" : "have",
                 one ? "" : "the first of them: ", first,
                 strstr(first, "bad_rows") ? "" : "; the option bad_rows = skip leaves such rows out");
}

static void put_objects(const struct start *s, struct rt_text *out) {
  const bool one = s->look.objects == 1;
  rt_text_printf(out, "  %d key%s left out, as %s: ", s->look.objects, one ? " is" : "s are",
                 one ? "its value is an object" : "their values are objects");
  printable_line(out, s->look.object_names);
  rt_text_puts(out, s->look.objects > IO_LOOK_OBJECTS ? ", …\n" : "\n");
}

static void put_remarks(const struct start *s, struct rt_text *out) {
  const bool writes = s->template == &start_generate || s->template == &start_translate;
  if (s->template == &start_classify && start_is(s, s->target, START_NUMBER))
    rt_text_printf(out,
                   "  each of its %zu numbers is a class of its own, near to none; the option as = regress "
                   "predicts a number\n",
                   s->column[s->target].field->values.count);
  if (writes && start_count_inputs(s, START_IMAGE))
    rt_text_puts(out,
                 "  no template writes captions of images: the example retrieve has a program that does\n");
  if (writes && start_count_inputs(s, START_SOUND))
    rt_text_puts(out, "  no template writes what is said: the example speech has a program that does\n");
}

void start_seen(const struct start *s, struct rt_text *out) {
  rt_text_printf(out, "%s: %s row%s, %zu column%s%s, %s\n", s->path, start_count(s, s->look.rows),
                 s->look.rows == 1 ? "" : "s", s->look.count, s->look.count == 1 ? "" : "s",
                 s->look.commas ? " between semicolons" : "", named(s));
  if (s->look.left_out) {
    rt_text_puts(out, "  left out: ");
    printable_line(out, s->look.left_out);
    rt_text_puts(out, "\n");
  }
  if (s->look.bad) put_bad(s, out);
  if (s->look.objects) put_objects(s, out);
  put_columns(s, out);
  rt_text_printf(out, "template %s: %s\n", s->template->name, s->template->about);
  put_remarks(s, out);
  if (s->guessed && s->look.count > 1)
    rt_text_puts(out, "  the option target = COLUMN predicts another column, the option as = NAME takes "
                      "another template\n");
}
