/* column_pixels.c: an image as a sequence of its points, each one of V levels: row by row from the top, in
 * each from the left, and of a colour image red, green and blue of each point. */
#include "runtime/io/data_internal.h"
#include "runtime/io/image_levels.h"
#include "runtime/io/images.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

enum { HEIGHT, WIDTH, CHANNELS, RESIZE }; /* settings of its own */
enum { MOST_LEVELS = 256, MOST_PIXELS = 1 << 20 };

static int64_t channels_of(const struct io_settings *set) {
  return set->own[CHANNELS] ? set->own[CHANNELS] : IO_GREY;
}

static int64_t whole(const struct io_settings *set) {
  return set->own[HEIGHT] * set->own[WIDTH] * channels_of(set);
}

static void shape(const struct io_settings *set, int32_t *height, int32_t *width, int *channels) {
  *height = (int32_t)set->own[HEIGHT];
  *width = (int32_t)set->own[WIDTH];
  *channels = (int)channels_of(set);
}

/* ---- the levels themselves ---- */

static bool is_levels(const struct io_field *field) {
  for (size_t k = 0; k < field->length; k++)
    if (!io_is_space(field->text[k]) && field->text[k] != ','
        && (field->text[k] < '0' || field->text[k] > '9'))
      return false;
  return true;
}

/* *count: of all that the field has, of which the first `most` are kept. */
static int take_levels(const struct io_place *p, const struct io_field *field, int32_t *to, int64_t most,
                       int64_t *count, struct rt_error *error) {
  const int32_t levels = io_encoder_vocab(p->e, p->column)->count;
  struct io_items items = {.text = field->text, .length = field->length};
  struct io_field item;
  for (*count = 0; io_items_next(&items, &item.text, &item.length); ++*count) {
    int32_t level = 0;
    for (size_t k = 0; k < item.length && level < levels; k++) level = level * 10 + (item.text[k] - '0');
    if (level >= levels) {
      io_encode_fail(p, error, "%.*s is no level: \"%s\" has %d, from 0 to %d",
                     io_quoted(item.text, item.length), item.text, io_place_column(p)->name, levels,
                     levels - 1);
      rt_hint(error, "the number behind T says how many: pixels[T, 256]");
      return RT_BAD_DATA;
    }
    if (*count < most) to[*count] = level;
  }
  return RT_OK;
}

/* ---- a file ---- */

static int size_is(const struct io_place *p, const struct io_image *image, struct rt_error *error) {
  const struct io_settings *set = &io_place_column(p)->set;
  const bool fits = io_may_be_part(p) ? image->height <= set->own[HEIGHT] : image->height == set->own[HEIGHT];
  if (fits && image->width == set->own[WIDTH]) return RT_OK;
  rt_fail(error, RT_BAD_DATA, "it is %d x %d (height x width), where every image of \"%s\" is %lld x %lld",
          image->height, image->width, io_place_column(p)->name, (long long)set->own[HEIGHT],
          (long long)set->own[WIDTH]);
  rt_hint(error, "`resize = stretch`, crop or pad behind the column makes all of them one size");
  return RT_BAD_DATA;
}

/* The rows of an image that is to be gone on with stay as they are. */
static bool is_part(const struct io_place *p, const struct io_image *image) {
  const int64_t *own = io_place_column(p)->set.own;
  return io_may_be_part(p) && image->width == own[WIDTH] && image->height < own[HEIGHT];
}

static int read_points(const struct io_place *p, const struct io_field *field, struct io_image *image,
                       struct rt_error *error) {
  const struct io_settings *set = &io_place_column(p)->set;
  struct io_stored from;
  int status = io_images_read(p, field, (int)channels_of(set), &from, image, error);
  io_stored_free(&from);
  if (status == RT_OK && set->own[RESIZE] && !is_part(p, image))
    status = io_image_fit(image, (enum io_resize)set->own[RESIZE], (int32_t)set->own[HEIGHT],
                          (int32_t)set->own[WIDTH], error);
  return status == RT_OK ? size_is(p, image, error) : status;
}

static int take_file(const struct io_place *p, const struct io_field *field, int32_t *to, int64_t *count,
                     struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  const int32_t levels = io_encoder_vocab(p->e, p->column)->count;
  struct io_image image;
  struct rt_error why = {0};
  int status = v->store ? RT_OK : io_store_new(&v->store, error);
  if (status != RT_OK) return status;
  status = read_points(p, field, &image, &why);
  *count = status == RT_OK ? (int64_t)io_image_size(&image) : 0;
  for (int64_t k = 0; k < *count; k++) to[k] = io_level_of(image.bytes[k], levels);
  io_image_free(&image);
  if (status == RT_OK) return RT_OK;
  if (!why.hint[0] && !p->from)
    rt_hint(&why, "a field has the name of a file, or levels: whole numbers from 0 to %d", levels - 1);
  return io_refuse_named(p, field, &why, error);
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_column *column = io_place_column(p);
  struct io_values *v = io_place_values(p);
  struct io_field given = *field;
  const int64_t all = whole(&column->set);
  int64_t at = io_payload_begin(&v->of, p->e->data->rows), count;
  if (io_payload_reserve(&v->of, at + all + 2) != RT_OK) return rt_no_memory(error);
  if (!p->from) io_trim(&given.text, &given.length);
  int32_t *ids = io_payload_ids(&v->of);
  if (column->ends) ids[at++] = IO_NO_ID;
  int status = !p->from && is_levels(&given) ? take_levels(p, &given, ids + at, all, &count, error)
                                             : take_file(p, &given, ids + at, &count, error);
  if (status != RT_OK) return status;
  if (count > all || (count < all && !io_may_be_part(p)))
    return io_encode_fail(p, error, "%lld pixel%s, where an image of \"%s\" has %lld", (long long)count,
                          count == 1 ? "" : "s", column->name, (long long)all);
  v->row_tokens = count;
  return io_encode_end(p, at + count, error);
}

/* ---- the row ---- */

/* As many as a byte has, unless the program says how many. */
static int byte_levels(struct io_vocab **vocab, bool ends, struct rt_error *error) {
  (void)ends;
  return io_vocab_numbers(vocab, MOST_LEVELS, error);
}

static void spell(struct rt_text *out, const char *before, size_t before_length, const char *token,
                  size_t length) {
  (void)before_length;
  if (before) rt_text_puts(out, " ");
  rt_text_add(out, token, length);
}

static const char *misfit(const struct io_settings *set, const int64_t size[static IO_MOST_AXES]) {
  if (set->own[CHANNELS] && set->own[CHANNELS] != IO_GREY && set->own[CHANNELS] != IO_COLOUR)
    return "an image has 1 channel (grey) or 3 (red, green, blue)";
  if (whole(set) > MOST_PIXELS) return "an image is a sequence of at most 1048576 pixels";
  if (size[1] > MOST_LEVELS) return "a pixel has at most 256 levels, as in the file";
  return NULL;
}

static const char *const resizes[] = {"stretch", "crop", "pad"};
static const struct io_option options[] = {
    {"height", "rows of an image", IO_OPTION_WHOLE, 1, 4096, NULL, offsetof(struct io_settings, own[HEIGHT]),
     true},
    {"width", "points in a row", IO_OPTION_WHOLE, 1, 4096, NULL, offsetof(struct io_settings, own[WIDTH]),
     true},
    IO_WHOLE("channels", 1, 3, own[CHANNELS],
             "1, or left out: grey; 3: red, green and blue of each point, one behind the other"),
    IO_CHOICE("resize", resizes, own[RESIZE],
              "what an image of another size becomes, as of `image`; left out, its row is a bad one"),
};

const struct io_kind io_kind_pixels = {
    .name = "pixels",
    .doc =
        "the name of a PNG or JPEG file, or the levels of all points, 0 to V - 1 with spaces between them; T "
        "goes through them row by row, V is how many levels there are, 256 when the program has no number",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .misfit = misfit,
    .element = IO_I32,
    .vocab = IO_VOCAB_LIST,
    .numbered = true,
    .fixed = byte_levels,
    .continues = true,
    .whole = whole,
    .shape = shape,
    .files = &io_image_files,
    .spell = spell,
    .join = ',',
    .encode = encode,
    .one = "pixel",
    .more = "pixels",
    .entries = "levels",
    .noun = "levels",
    .usual = 256,
    .small = 4,
};
