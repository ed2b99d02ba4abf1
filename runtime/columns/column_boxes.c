/* column_boxes.c: boxes around things in an image, and what each of them is. */
#include <math.h>
#include <string.h>

#include "runtime/io/boxes.h"
#include "runtime/io/data_internal.h"
#include "runtime/io/images.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

enum { LENGTH, NUMBERS }; /* its axes */

/* ---- reading ---- */

/* One box of a field, as it stands there. */
struct written {
  int64_t number; /* from 1 */
  struct io_field text, class;
  double of[IO_BOX_NUMBERS];
};

/* "box 2, "square 30 4 44 18", has 3 numbers" */
static int wrong_box(const struct io_place *p, const struct written *box, const char *what,
                     struct rt_error *error) {
  io_encode_fail(p, error, "box %lld, \"%.*s\", %s", (long long)box->number,
                 io_quoted(box->text.text, box->text.length), box->text.text, what);
  rt_hint(error, "a box is a class and four numbers, as in \"square 30 4 44 18\"; `;` stands between boxes");
  return RT_BAD_DATA;
}

/* Items of the box: how many, how many numbers they end with, and the last ones. */
struct items {
  int64_t count, numbers;
  const char *begin[IO_BOX_NUMBERS]; /* of the last four, in turn */
  double number[IO_BOX_NUMBERS];
};

static void read_items(const struct io_place *p, const struct io_field *text, struct items *items) {
  struct io_items list = io_place_items(p, text);
  struct io_field item;
  *items = (struct items){0};
  while (io_items_next(&list, &item.text, &item.length)) {
    const int64_t at = items->count++ % IO_BOX_NUMBERS;
    items->begin[at] = item.text;
    items->numbers = io_place_parse(p, &item, &items->number[at]) ? 0 : items->numbers + 1;
  }
}

/* The class is what stands before the four numbers: a word, or several. A single item there may be a number,
 * as the digits of a picture are. */
static int read_box(const struct io_place *p, struct written *box, struct rt_error *error) {
  struct items items;
  io_trim(&box->text.text, &box->text.length);
  read_items(p, &box->text, &items);
  if (items.count == 0) return wrong_box(p, box, "is empty", error);
  if (items.numbers < IO_BOX_NUMBERS) return wrong_box(p, box, "does not end with four numbers", error);
  if (items.count == IO_BOX_NUMBERS) return wrong_box(p, box, "has no class before its numbers", error);
  if (items.numbers > IO_BOX_NUMBERS && items.count > IO_BOX_NUMBERS + 1)
    return wrong_box(p, box, "has more than four numbers", error);
  const char *first = items.begin[items.count % IO_BOX_NUMBERS];
  box->class = (struct io_field){box->text.text, (size_t)(first - box->text.text)};
  io_trim(&box->class.text, &box->class.length);
  if (box->class.length && box->class.text[box->class.length - 1] == ',') box->class.length--; /* of a list */
  io_trim(&box->class.text, &box->class.length);
  if (!box->class.length) return wrong_box(p, box, "has no class before its numbers", error);
  for (int k = 0; k < IO_BOX_NUMBERS; k++) box->of[k] = items.number[(items.count + k) % IO_BOX_NUMBERS];
  const char *wrong = io_box_read(&io_place_column(p)->set, box->of);
  return wrong ? wrong_box(p, box, wrong, error) : RT_OK;
}

static int add_box(const struct io_place *p, const struct written *box, int64_t at, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  if (io_payload_reserve(&v->of, at + 1) != RT_OK
      || io_payload_reserve(&v->beside, (at + 1) * IO_BOX_NUMBERS) != RT_OK)
    return rt_no_memory(error);
  memcpy(io_payload_numbers(&v->beside) + at * IO_BOX_NUMBERS, box->of, sizeof box->of);
  return io_encode_label(p, box->class.text, box->class.length, &io_payload_ids(&v->of)[at], error);
}

/* The part of the field up to the next `;`, from *at on; false behind the last one. */
static bool next_box(const struct io_field *field, size_t *at, struct written *box) {
  if (*at > field->length) return false;
  const char *begin = field->text + *at, *end = memchr(begin, ';', field->length - *at);
  box->text = (struct io_field){begin, end ? (size_t)(end - begin) : field->length - *at};
  box->number++;
  *at += box->text.length + 1;
  return true;
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  const int64_t row = p->e->data->rows, begin = io_payload_begin(&v->of, row),
                most = io_place_column(p)->max_length;
  struct io_field all = *field;
  struct written box = {0};
  size_t at = 0;
  io_trim(&all.text, &all.length);
  while (all.length && next_box(&all, &at, &box)) {
    int status = read_box(p, &box, error);
    if (status == RT_OK && (!most || box.number <= most))
      status = add_box(p, &box, begin + box.number - 1, error);
    if (status != RT_OK) return status;
  }
  const int64_t end = begin + io_encode_kept(p, box.number);
  if (io_payload_end_row(&v->beside, row, end) != RT_OK) return rt_no_memory(error);
  return io_encode_end(p, end, error);
}

/* ---- the image that they lie in ---- */

static bool belongs(const struct io_kind *to) { return !strcmp(to->name, "image"); }

/* Unless the program says it, boxes are in points of the image, if there is one. */
static int lies_in(struct io_settings *set, const struct io_column *to,
                   const int64_t size[static IO_MOST_AXES], struct rt_error *error) {
  const enum io_resize how = to ? io_image_resized(&to->set) : 0;
  if (how > IO_RESIZE_STRETCH)
    return rt_fail(error, RT_USAGE,
                   "boxes are shares of a file, and `resize = %s` of `%s` keeps other proportions: "
                   "`resize = stretch` keeps them in their places",
                   how == IO_RESIZE_CROP ? "crop" : "pad", to->name);
  if (set->own[IO_BOX_WIDTH] && set->own[IO_BOX_HEIGHT]) return RT_OK;
  if (!to)
    return rt_fail(
        error, RT_USAGE,
        "boxes without an image in the program need to say how wide and high it is in their "
        "numbers, as in `wide = 640, high = 480`; `wide = 1, high = 1` when these are shares of it");
  if (how || !size[0] || !size[1])
    return rt_fail(error, RT_USAGE,
                   "boxes in `%s`, whose files differ in size, need to say how wide and high it is in their "
                   "numbers: `wide = 1, high = 1` when these are shares of it",
                   to->name);
  if (!set->own[IO_BOX_HEIGHT]) set->own[IO_BOX_HEIGHT] = size[0];
  if (!set->own[IO_BOX_WIDTH]) set->own[IO_BOX_WIDTH] = size[1];
  return RT_OK;
}

/* ---- the row ---- */

static int settle(struct io_settings *set, struct rt_error *error) {
  if (set->threshold == IO_THRESHOLD_LEARNED)
    return rt_fail(error, RT_USAGE, "the threshold of boxes is a number: 0.5 when it is left out");
  return io_settle_threshold(set, error);
}

static const char *const forms[] = {"corners", "size", "centre"};
static const char *const thresholds[] = {[IO_THRESHOLD_LEARNED - 1] = "learned"};
static const struct io_option options[] = {
    IO_TEXT(
        "labels", labels,
        "all classes in their order, as in \"circle, square\"; a training row with any other is a bad row"),
    IO_CHOICE("form", forms, own[IO_BOX_FORM],
              "what the four numbers are: corners, or left out: left, top, right, bottom; size: left, top, "
              "width, height; centre: its centre, across and down, width, height"),
    IO_WHOLE("wide", 1, INT32_MAX, own[IO_BOX_WIDTH],
             "how wide the image is in these numbers: 1 when they are shares of it; left out, the points of "
             "the program's image"),
    IO_WHOLE("high", 1, INT32_MAX, own[IO_BOX_HEIGHT],
             "how high the image is in these numbers: 1 when they are shares of it; left out, the points of "
             "the program's image"),
    IO_WORD_OR_NUMBER("threshold", thresholds, threshold,
                      "the probability above which a box is predicted, one half when it is left out"),
};

const struct io_kind io_kind_boxes = {
    .name = "boxes",
    .doc = "boxes with a class each, `;` between them: \"circle 3 4 20 22; square 30 4 44 18\" are two: the "
           "left, top, right and bottom edge; P is four and how many classes there are",
    .axis = {[LENGTH] = {IO_LENGTH, "N"}, [NUMBERS] = {IO_MEMBERS, "P"}},
    .option = options,
    .options = RT_COUNT(options),
    .settle = settle,
    .element = IO_I32,
    .beside = IO_BOX_NUMBERS,
    .vocab = IO_VOCAB_CLASSES,
    .labels = true,
    .belongs = belongs,
    .join = ',',
    .lies_in = lies_in,
    .encode = encode,
    .one = "box",
    .more = "boxes",
    .entries = "classes",
    .noun = "classes",
    .usual = 14,
    .small = 7,
};
