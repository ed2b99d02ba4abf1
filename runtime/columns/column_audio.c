/* column_audio.c: the name of a file of sound, whose samples are the numbers. */
#include "runtime/columns/drawn_sound.h"
#include "runtime/columns/sound_options.h"
#include "runtime/io/sound_change.h"
#include "runtime/io/sounds.h"

enum { RATE, SHIFT, NOISE, SPEED }; /* settings of its own */

static int64_t rate_of(const struct io_column *column) {
  return column->set.own[RATE] ? column->set.own[RATE] : IO_SOUND_RATE;
}

static int read_sound(const struct io_place *p, const struct io_field *field, struct io_stored *one,
                      struct rt_error *why) {
  return io_sounds_read(p, field, rate_of(io_place_column(p)), 1, one, why);
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_values *v = io_place_values(p);
  const int64_t row = p->e->data->rows;
  int status = io_encode_named(p, field, read_sound, error);
  if (status != RT_OK) return status;
  const int64_t kept = io_encode_kept(p, io_sounds_of(v, row).count);
  return io_encode_end(p, io_payload_begin(&v->of, row) + kept, error);
}

enum { AT_ONCE = 1024 };

static int give(const struct io_giving *g, struct rt_error *error) {
  (void)error;
  const struct io_sound sound = io_sounds_of(g->values, g->row);
  const int64_t *own = g->column->set.own, count = io_row_length(g->values, g->row);
  const struct io_sound_changes changes = {
      .shift = io_sounds_samples(own[SHIFT], rate_of(g->column)), .noise = own[NOISE], .speed = own[SPEED]};
  struct io_sound_change change = {0};
  float block[AT_ONCE];
  if (g->chance) io_sound_change_draw(&changes, *g->chance, &sound, &change);
  for (int64_t at = 0; at < count; at += AT_ONCE) {
    const int64_t some = count - at < AT_ONCE ? count - at : AT_ONCE;
    io_sound_change_samples(&change, &sound, at, some, block);
    for (int64_t k = 0; k < some; k++) io_giving_put(g, at + k, block[k]);
  }
  return RT_OK;
}

static const struct io_option options[] = {
    SOUND_RATE(own[RATE]),
    SOUND_SHIFT(own[SHIFT]),
    SOUND_NOISE(own[NOISE]),
    SOUND_SPEED(own[SPEED]),
};

const struct io_kind io_kind_audio = {
    .name = "audio",
    .doc = "the name of a WAV or FLAC file beside the table: its T samples, from -1 to 1, all channels mixed",
    .axis = {{IO_LENGTH, "T"}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .files = &io_sound_files,
    .encode = encode,
    .give = give,
    .drawn = &io_drawn_wave,
    .one = "sample",
    .more = "samples",
    .entries = "numbers",
};
