/* encode_labels.c: several labels in a field: "drama|war", "drama war". */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"

enum {
  SPLIT
}; /* its own setting: what separates the labels; 0: bars where there are any, else white space */
enum { AT_BARS = 1, AT_SPACES = 2 };

/* A label may have spaces when bars separate it. So a file has either the one or the other. */
static int check_split(const struct io_place *p, bool bars, int64_t split, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  int64_t *mine = bars ? &v->bars_line : &v->spaces_line, other = bars ? v->spaces_line : v->bars_line;
  if (split) return RT_OK;
  if (other) {
    io_encode_fail(p, error, "the labels of \"%s\" are separated by %s here, and by %s on line %lld",
                   io_place_column(p)->name, bars ? "\"|\"" : "spaces", bars ? "spaces" : "\"|\"",
                   (long long)other);
    rt_hint(error, "split = bars lets labels have spaces, split = spaces separates at these alone");
    return RT_BAD_DATA;
  }
  if (!*mine) *mine = p->line > 0 ? p->line : 1;
  return RT_OK;
}

/* The next label from *at on. mark: what separates them; ' ': white space. */
static bool next_label(const struct io_field *field, char mark, size_t *at, struct io_field *label) {
  while (*at < field->length && (io_is_space(field->text[*at]) || field->text[*at] == mark)) ++*at;
  size_t begin = *at;
  while (*at < field->length && (mark == ' ' ? !io_is_space(field->text[*at]) : field->text[*at] != mark))
    ++*at;
  *label = (struct io_field){field->text + begin, *at - begin};
  io_trim(&label->text, &label->length);
  return label->length > 0;
}

int io_encode_labels(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  int64_t split = io_place_column(p)->set.own[SPLIT], count = io_payload_begin(&v->of, p->e->data->rows);
  struct io_field whole = *field, label;
  io_trim(&whole.text, &whole.length);
  const char *text = whole.text ? whole.text : "";
  bool listed =
      memchr(text, IO_LABEL_END, whole.length) != NULL; /* of a list, which says itself what parts it */
  bool there = !listed && memchr(text, '|', whole.length),
       bars = split == AT_BARS || (there && split != AT_SPACES);
  const char mark = listed ? IO_LABEL_END : bars ? '|' : ' ';
  int status = RT_OK;
  size_t at = 0;
  for (int64_t n = 0; status == RT_OK && next_label(&whole, mark, &at, &label); n++, count++) {
    if (!listed && (n == 1 || there)) status = check_split(p, bars, split, error);
    if (status == RT_OK && io_payload_reserve(&v->of, count + 1) != RT_OK) status = rt_no_memory(error);
    if (status == RT_OK)
      status = io_encode_label(p, label.text, label.length, &io_payload_ids(&v->of)[count], error);
  }
  return status == RT_OK ? io_encode_end(p, count, error) : status;
}

/* Later files are read as the training file was. */
int io_learn_split(const struct io_dataset *train, struct io_schema *schema, int column,
                   struct rt_error *error) {
  const struct io_values *v = &train->values[column];
  struct io_column *learned = &schema->columns[column];
  (void)error;
  if (!learned->set.own[SPLIT])
    learned->set.own[SPLIT] = v->bars_line ? AT_BARS : v->spaces_line ? AT_SPACES : 0;
  return RT_OK;
}

int io_settle_threshold(struct io_settings *set, struct rt_error *error) {
  if (set->threshold != IO_THRESHOLD_NUMBER || (set->number > 0 && set->number < 1)) return RT_OK;
  return rt_fail(error, RT_USAGE, "a threshold is a probability above 0 and below 1, and this is %g",
                 set->number);
}

static const char *const splits[] = {"bars", "spaces"};
static const char *const thresholds[] = {[IO_THRESHOLD_LEARNED - 1] = "learned"};
const struct io_option io_labels_options[IO_LABELS_OPTIONS] = {
    IO_TEXT(
        "labels", labels,
        "all labels in their order, as in \"bad, so-so, good\"; a training row with any other is a bad row"),
    IO_CHOICE(
        "split", splits, own[SPLIT],
        "what separates the labels of a row: bars (|), and labels may have spaces, or spaces; left out, "
        "what the training file has"),
    IO_WORD_OR_NUMBER("threshold", thresholds, threshold,
                      "the probability above which a label is predicted, one half when it is left out; "
                      "learned: for each label that of the highest f1 on the validation data"),
};
