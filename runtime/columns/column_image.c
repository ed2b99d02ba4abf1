/* column_image.c: the name of an image file, whose points are the numbers. */
#include <math.h>
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/images.h"
#include "runtime/io/utf8.h"

enum { HEIGHT, WIDTH, CHANNELS };                         /* its axes */
enum { RESIZE, SCALE, FLIP, SHIFT, CROP, ERASE, MIXUP };  /* settings of its own */
enum { UNIFORM = 1, MIXUP_NUMBER };                       /* how they are mixed */
enum { ALL_OF_IT = 100 };                                 /* percent: a crop that is none */
enum { UNIT = 1, SIGNED, STANDARD, BYTES, LEVELS = 256 }; /* how points are scaled */

/* ---- reading ---- */

/* The file's sizes become those of the column, or are them. */
static int make_fit(const struct io_place *p, struct io_image *image, struct rt_error *error) {
  const struct io_values *v = io_place_values(p);
  const enum io_resize how = (enum io_resize)io_place_column(p)->set.own[RESIZE];
  int status =
      how ? io_image_fit(image, how, (int32_t)v->size[HEIGHT], (int32_t)v->size[WIDTH], error) : RT_OK;
  if (status != RT_OK) return status;
  if (io_place_size(p, HEIGHT, image->height) && io_place_size(p, WIDTH, image->width)
      && io_place_size(p, CHANNELS, image->channels))
    return RT_OK;
  rt_fail(error, RT_BAD_DATA, "it is %d x %d (height x width), where every image of \"%s\" is %lld x %lld",
          image->height, image->width, io_place_column(p)->name, (long long)v->size[HEIGHT],
          (long long)v->size[WIDTH]);
  rt_hint(error, "`resize = stretch`, crop or pad behind the column makes all of them one size");
  return RT_BAD_DATA;
}

static int read_image(const struct io_place *p, const struct io_field *field, struct io_stored *one,
                      struct rt_error *why) {
  struct io_image image;
  int status = io_images_read(p, field, (int)io_place_values(p)->size[CHANNELS], one, &image, why);
  if (status == RT_OK) status = make_fit(p, &image, why);
  if (status != RT_OK) {
    io_image_free(&image);
    return status;
  }
  one->bytes = image.bytes;
  one->size = io_image_size(&image);
  return RT_OK;
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  return io_encode_named(p, field, read_image, error);
}

/* ---- what is kept ---- */

struct io_image io_image_sizes(const struct io_values *v) {
  return (struct io_image){(int32_t)v->size[HEIGHT], (int32_t)v->size[WIDTH], (int)v->size[CHANNELS], NULL};
}

/* The image of a row. */
struct taken {
  struct io_image image;
  bool own; /* it was read again */
};

static void release(struct taken *t) {
  if (t->own) io_image_free(&t->image);
}

/* What was right while the table was read need not be right any more. */
static int read_again(const struct io_column *column, const struct io_values *v, const struct io_stored *from,
                      struct taken *t, struct rt_error *why) {
  const enum io_resize how = (enum io_resize)column->set.own[RESIZE];
  int status = io_images_decode(from, t->image.channels, &t->image, why);
  if (status == RT_OK && how)
    status = io_image_fit(&t->image, how, (int32_t)v->size[HEIGHT], (int32_t)v->size[WIDTH], why);
  if (status == RT_OK
      && (io_image_size(&t->image) != from->size
          || (from->path && io_store_sum(t->image.bytes, from->size) != from->sum)))
    status = rt_fail(why, RT_BAD_DATA, "it is another one than when the table was read");
  if (status != RT_OK) io_image_free(&t->image);
  return status;
}

static int take(const struct io_column *column, const struct io_values *v, int64_t row, struct taken *t,
                struct rt_error *error) {
  const int32_t number = io_payload_ids(&v->of)[row];
  const struct io_stored *one = io_store_get(v->store, number);
  struct rt_error why = {0};
  *t = (struct taken){io_image_sizes(v), !one->bytes};
  t->image.bytes = one->bytes;
  if (one->bytes) return RT_OK;
  const int status = read_again(column, v, one, t, &why);
  if (status == RT_OK) return RT_OK;
  if (status == RT_NO_MEMORY) return rt_no_memory(error);
  const struct io_field name = io_store_name(v->store, number);
  rt_fail(error, RT_BAD_DATA, "the image %.*s: %s", io_quoted(name.text, name.length), name.text, why.text);
  if (why.hint[0]) rt_hint(error, "%s", why.hint);
  return RT_BAD_DATA;
}

/* ---- what training learns ---- */

static bool fits(const struct io_settings *set) { return set->own[SCALE] == STANDARD; }

/* How often each channel has each level: counted[channels, LEVELS]. */
static int count_levels(const struct io_column *column, const struct io_dataset *train,
                        const struct io_values *v, int64_t *counted, struct rt_error *error) {
  for (int64_t row = 0; row < train->rows; row++) {
    struct taken t;
    const int status = take(column, v, row, &t, error);
    if (status != RT_OK) {
      io_place_row(train, train->lines[row], (int)(v - train->values), error);
      return status;
    }
    const size_t size = io_image_size(&t.image), channels = (size_t)t.image.channels;
    for (size_t k = 0; k < size; k++) counted[k % channels * LEVELS + t.image.bytes[k]]++;
    release(&t);
  }
  return RT_OK;
}

/* The mean and the deviation of each channel, over all points of all rows. */
static int learn(const struct io_dataset *train, struct io_schema *schema, int column,
                 struct rt_error *error) {
  const struct io_values *v = &train->values[column];
  struct io_column *learned = &schema->columns[column];
  const int64_t channels = v->size[CHANNELS], points = v->size[HEIGHT] * v->size[WIDTH];
  if (learned->fit || !io_needs_fit(learned)) return RT_OK;
  int64_t *counted = rt_zalloc((size_t)channels * LEVELS, sizeof *counted); /* [channels, LEVELS] */
  learned->fit = rt_zalloc((size_t)channels, sizeof *learned->fit);
  if (!counted || !learned->fit) {
    rt_free(counted);
    rt_free(learned->fit);
    learned->fit = NULL;
    return rt_no_memory(error);
  }
  const int status = count_levels(learned, train, v, counted, error);
  const double all = (double)points * (double)train->rows;
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, squares = 0;
    for (int b = 0; b < LEVELS; b++) sum += b * (double)counted[c * LEVELS + b];
    for (int b = 0; b < LEVELS; b++)
      squares += (b - sum / all) * (b - sum / all) * (double)counted[c * LEVELS + b];
    const double deviation = sqrt(squares / all);
    learned->fit[c] = (struct io_fit){0, sum / all, deviation > 0 ? deviation : 1};
  }
  rt_free(counted);
  return status;
}

/* ---- what a model is given ---- */

/* A byte times `by`, and then plus `more`. */
struct scaled {
  double by, more;
};

static struct scaled scale_of(const struct io_column *column, int64_t channel) {
  const struct io_fit *fit = column->fit ? &column->fit[channel] : NULL;
  switch (column->set.own[SCALE]) {
    case SIGNED: return (struct scaled){2.0 / 255, -1};
    case STANDARD: return (struct scaled){1 / fit->scale, -fit->shift / fit->scale};
    case BYTES: return (struct scaled){1, 0};
    default: return (struct scaled){1.0 / 255, 0};
  }
}

static void give_as_it_is(const struct io_giving *g, const struct io_image *image,
                          const struct scaled scaled[static IO_COLOUR]) {
  double of[IO_COLOUR][LEVELS];
  float short_of[IO_COLOUR][LEVELS];
  const int64_t count = (int64_t)io_image_size(image);
  for (int c = 0; c < image->channels; c++)
    for (int b = 0; b < LEVELS; b++) {
      of[c][b] = b * scaled[c].by + scaled[c].more;
      short_of[c][b] = (float)of[c][b];
    }
  float *floats = g->out;
  for (int64_t k = 0; g->doubles && k < count;)
    for (int c = 0; c < image->channels; c++, k++) io_giving_put(g, k, of[c][image->bytes[k]]);
  for (int64_t k = 0; !g->doubles && k < count;)
    for (int c = 0; c < image->channels; c++, k++) floats[k] = short_of[c][image->bytes[k]];
}

enum io_resize io_image_resized(const struct io_settings *set) { return (enum io_resize)set->own[RESIZE]; }

/* What a model predicts moves with what it is given. */
static bool moved(const struct io_giving *g, struct io_change *change) {
  const struct io_image from = io_image_sizes(g->like->values), to = io_image_sizes(g->values);
  if (!io_image_changed(g->like, change)) return false;
  io_change_scale(change, &from, &to);
  return true;
}

bool io_image_changed(const struct io_giving *g, struct io_change *change) {
  if (g->like) return moved(g, change);
  const int64_t *own = g->column->set.own;
  const struct io_changes changes = {io_is_on(own[FLIP], false), own[SHIFT], own[CROP] % ALL_OF_IT,
                                     own[ERASE]};
  const struct io_image image = io_image_sizes(g->values);
  if (!g->chance || !io_changes_any(&changes)) return false;
  io_change_draw(&changes, *g->chance, &image, change);
  return true;
}

static void give_changed(const struct io_giving *g, const struct io_image *image,
                         const struct io_change *change, const struct scaled scaled[static IO_COLOUR]) {
  double level[IO_COLOUR];
  int64_t k = 0;
  for (int32_t y = 0; y < image->height; y++)
    for (int32_t x = 0; x < image->width; x++) {
      io_change_point(change, image, y, x, level);
      for (int c = 0; c < image->channels; c++)
        io_giving_put(g, k++, level[c] * scaled[c].by + scaled[c].more);
    }
}

static int give(const struct io_giving *g, struct rt_error *error) {
  struct taken t;
  struct io_change change;
  struct scaled scaled[IO_COLOUR];
  const int status = take(g->column, g->values, g->row, &t, error);
  if (status != RT_OK) return status;
  for (int c = 0; c < t.image.channels; c++) scaled[c] = scale_of(g->column, c);
  if (io_image_changed(g, &change)) {
    io_change_mean(&change, &t.image);
    give_changed(g, &t.image, &change, scaled);
  } else
    give_as_it_is(g, &t.image, scaled);
  release(&t);
  return RT_OK;
}

/* ---- what a model answers ---- */

static void undo(const struct io_column *column, double *number, int64_t from, int64_t count) {
  const int64_t channels = column->size[CHANNELS];
  for (int64_t k = 0; k < count; k++) {
    const struct scaled scaled = scale_of(column, (from + k) % channels);
    number[k] = (number[k] - scaled.more) / scaled.by / 255;
  }
}

static void range(const struct io_settings *set, double *least, double *most) {
  const int64_t scale = set->own[SCALE];
  *least = scale == STANDARD ? NAN : scale == SIGNED ? -1 : 0;
  *most = scale == STANDARD ? NAN : scale == BYTES ? 255 : 1;
}

static double mixup_of(const struct io_settings *set) {
  return set->own[MIXUP] == UNIFORM ? 1 : set->own[MIXUP] ? set->number : 0;
}

static const char *changed(const struct io_settings *set) {
  return io_is_on(set->own[FLIP], false) ? "flip"
         : set->own[SHIFT]               ? "shift"
         : set->own[CROP] % ALL_OF_IT    ? "crop"
         : set->own[ERASE]               ? "erase"
         : mixup_of(set) > 0             ? "mixup"
                                         : NULL;
}

static const struct io_answered answered = {undo, range, changed};

/* ---- what people see ---- */

static int draw(const struct io_column *column, const struct io_values *v, int64_t row,
                struct io_image *image, struct rt_error *error) {
  struct taken t;
  const int status = take(column, v, row, &t, error);
  if (status != RT_OK) return status;
  *image = t.image;
  if (t.own) return RT_OK;
  if (io_image_room(image) != RT_OK) return rt_no_memory(error);
  memcpy(image->bytes, t.image.bytes, io_image_size(image));
  return RT_OK;
}

static const struct io_drawn drawn = {.down = HEIGHT, .across = WIDTH, .draw = draw};

/* ---- the row ---- */

static int settle(struct io_settings *set, struct rt_error *error) {
  if (set->own[MIXUP] != MIXUP_NUMBER || (set->number >= 0 && set->number <= 1)) return RT_OK;
  return rt_fail(error, RT_USAGE, "mixup takes a number from 0 to 1, and this is %g", set->number);
}

static const char *misfit(const struct io_settings *set, const int64_t size[static IO_MOST_AXES]) {
  if (size[CHANNELS] && size[CHANNELS] != IO_GREY && size[CHANNELS] != IO_COLOUR)
    return "an image has 1 channel (grey) or 3 (red, green, blue)";
  if (size[HEIGHT] > IO_IMAGE_SIDE || size[WIDTH] > IO_IMAGE_SIDE)
    return "no side of an image has more than 16384 points";
  if (set->own[RESIZE] && (!size[HEIGHT] || !size[WIDTH]))
    return "`resize` needs to know to which sizes: write numbers for H and W, as in image[64, 64, 3]";
  return NULL;
}

static const char *const resizes[] = {"stretch", "crop", "pad"};
static const char *const mixups[] = {"uniform"};
static const char *const scales[] = {"unit", "signed", "standard", "bytes"};
static const struct io_option options[] = {
    IO_CHOICE(
        "resize", resizes, own[RESIZE],
        "what an image of another size becomes: stretch: all of it, out of proportion; crop: its middle; "
        "pad: all of it, with black around; left out, its row is a bad one"),
    IO_CHOICE(
        "scale", scales, own[SCALE],
        "unit, or left out: from 0 to 1; signed: from -1 to 1; standard: of each channel, less the mean "
        "of the training images, by their standard deviation; bytes: from 0 to 255"),
    IO_SWITCH("flip", own[FLIP], "while training, left and right change sides in half of all images"),
    IO_WHOLE("shift", 0, 4096, own[SHIFT],
             "while training, images move by up to so many points, up or down and to a side"),
    IO_WHOLE("crop", 1, 100, own[CROP],
             "while training, a part of the image is made as large as all of it: at least so many percent of "
             "its height and width"),
    IO_WHOLE("erase", 0, 4096, own[ERASE],
             "while training, a rectangle of up to so many points on a side gets the image's mean colour"),
    IO_WORD_OR_NUMBER(
        "mixup", mixups, own[MIXUP],
        "while training, each image is mixed with another one of its batch, by shares from Beta(X, X), X "
        "at most 1; uniform is 1"),
};

const struct io_kind io_kind_image = {
    .name = "image",
    .doc =
        "the name of a PNG or JPEG file beside the table: H rows of W points with C channels, 1 (grey) or 3 "
        "(red, green, blue)",
    .axis = {[HEIGHT] = {IO_WIDTH, "H", .counts = "rows of points"},
             [WIDTH] = {IO_WIDTH, "W", .counts = "points in a row"},
             [CHANNELS] = {IO_WIDTH, "C", .counts = "channels"}},
    .option = options,
    .options = RT_COUNT(options),
    .settle = settle,
    .misfit = misfit,
    .element = IO_I32,
    .files = &io_image_files,
    .encode = encode,
    .fits = fits,
    .learn = learn,
    .give = give,
    .answered = &answered,
    .drawn = &drawn,
    .entries = "numbers",
    .usual = 32,
    .small = 3,
};

double io_image_mixup(const struct io_column *column) {
  return column->kind == &io_kind_image ? mixup_of(&column->set) : 0;
}
