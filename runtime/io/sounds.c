/* sounds.c: see sounds.h. */
#include "runtime/io/sounds.h"

#include <string.h>

#include "runtime/io/beside.h"
#include "runtime/io/memory.h"
#include "runtime/io/store.h"

static int decode_bytes(const struct io_field *file, int64_t rate, struct io_sound *sound,
                        struct rt_error *why) {
  const int status = io_check_bytes(file, IO_SOUND_BYTES, why);
  return status == RT_OK
             ? io_sound_decode((const unsigned char *)file->text, file->length, (int32_t)rate, sound, why)
             : status;
}

static int read_file(const struct io_place *p, const struct io_field *name, int64_t rate,
                     struct io_sound *sound, struct rt_error *why) {
  char *path, *bytes = NULL;
  struct io_field file = {0};
  int status = io_beside(p, name, &path, why);
  if (status == RT_OK) status = io_read_ordinary(path, IO_SOUND_BYTES, &bytes, &file.length, why);
  file.text = bytes;
  if (status == RT_OK) status = decode_bytes(&file, rate, sound, why);
  rt_free(bytes);
  rt_free(path);
  return status;
}

/* Samples that are decoded already. */
static int take_samples(const struct io_field *field, int64_t rate, struct io_sound *sound,
                        struct rt_error *why) {
  struct io_memory_sound of;
  memcpy(&of, field->text, sizeof of);
  const size_t count = (field->length - sizeof of) / sizeof(float) / (size_t)of.channels;
  struct io_wave wave = {.rate = of.rate};
  int status = io_wave_add(&wave, field->text + sizeof of, (int64_t)count, of.channels, why);
  if (status == RT_OK) status = io_sound_of_wave(&wave, (int32_t)rate, sound, why);
  rt_free(wave.sample);
  return status;
}

static int too_short(const struct io_sound *sound, int64_t rate, int64_t least, struct rt_error *why) {
  rt_fail(why, RT_BAD_DATA, "it lasts %.4g ms, and a window is %.4g ms",
          1000 * (double)sound->count / (double)rate, 1000 * (double)least / (double)rate);
  return RT_BAD_DATA;
}

int io_sounds_read(const struct io_place *p, const struct io_field *field, int64_t rate, int64_t least,
                   struct io_stored *one, struct rt_error *why) {
  struct io_sound sound = {0};
  int status = !p->from                            ? read_file(p, field, rate, &sound, why)
               : p->from->given == IO_GIVEN_SOUNDS ? take_samples(field, rate, &sound, why)
                                                   : decode_bytes(field, rate, &sound, why);
  if (status == RT_OK && sound.count < least) status = too_short(&sound, rate, least, why);
  *one = (struct io_stored){.bytes = sound.sample, .size = (size_t)sound.count * sizeof *sound.sample};
  return status;
}

struct io_sound io_sounds_of(const struct io_values *v, int64_t row) {
  const struct io_stored *one = io_store_get(v->store, io_payload_ids(&v->of)[row]);
  return (struct io_sound){(int64_t)(one->size / sizeof(int16_t)), one->bytes};
}

int64_t io_sounds_samples(int64_t milliseconds, int64_t rate) { return (milliseconds * rate + 500) / 1000; }
