/* sounds.h: the sounds that the rows of a column name, kept in a store (store.h). */
#ifndef AQ_RUNTIME_IO_SOUNDS_H
#define AQ_RUNTIME_IO_SOUNDS_H

#include "runtime/io/data_internal.h"
#include "runtime/io/sound.h"

enum { IO_SOUND_RATE = 16000 }; /* samples a second, when a program says nothing */

/* Reads what a field names or is, brings it to so many samples a second and puts it into *one. RT_BAD_DATA
 * with what is wrong, without a place; so is a sound of fewer than `least` samples. */
int io_sounds_read(const struct io_place *p, const struct io_field *field, int64_t rate, int64_t least,
                   struct io_stored *one, struct rt_error *why);
/* That of a row, which the store keeps. */
struct io_sound io_sounds_of(const struct io_values *v, int64_t row);
/* Samples of so many milliseconds. */
int64_t io_sounds_samples(int64_t milliseconds, int64_t rate);

#endif
