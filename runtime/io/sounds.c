/* sounds.c: see sounds.h. */
#include "runtime/io/sounds.h"

#include "runtime/io/beside.h"
#include "runtime/io/store.h"

static int read_file(const struct io_place *p, const struct io_field *name, int64_t rate,
                     struct io_sound *sound, struct rt_error *why) {
  char *path, *bytes = NULL;
  size_t length;
  int status = io_beside(p, name, &path, why);
  if (status == RT_OK) status = io_read_ordinary(path, IO_SOUND_BYTES, &bytes, &length, why);
  if (status == RT_OK)
    status = io_sound_decode((const unsigned char *)bytes, length, (int32_t)rate, sound, why);
  rt_free(bytes);
  rt_free(path);
  return status;
}

static int too_short(const struct io_sound *sound, int64_t rate, int64_t least, struct rt_error *why) {
  rt_fail(why, RT_BAD_DATA, "it lasts %.4g ms, and a window is %.4g ms",
          1000 * (double)sound->count / (double)rate, 1000 * (double)least / (double)rate);
  return RT_BAD_DATA;
}

int io_sounds_read(const struct io_place *p, const struct io_field *name, int64_t rate, int64_t least,
                   int32_t *number, struct rt_error *why) {
  struct io_sound sound = {0};
  int status = read_file(p, name, rate, &sound, why);
  if (status == RT_OK && sound.count < least) status = too_short(&sound, rate, least, why);
  struct io_stored one = {.bytes = sound.sample, .size = (size_t)sound.count * sizeof *sound.sample};
  if (status == RT_OK) status = io_store_add(io_place_values(p)->store, name, &one, number, why);
  io_stored_free(&one);
  return status;
}

struct io_sound io_sounds_of(const struct io_values *v, int64_t row) {
  const struct io_stored *one = io_store_get(v->store, io_payload_ids(&v->of)[row]);
  return (struct io_sound){(int64_t)(one->size / sizeof(int16_t)), one->bytes};
}

int64_t io_sounds_samples(int64_t milliseconds, int64_t rate) { return (milliseconds * rate + 500) / 1000; }
