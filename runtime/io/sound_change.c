/* sound_change.c: see sound_change.h. */
#include "runtime/io/sound_change.h"

#include <math.h>

#include "runtime/random.h"

/* Which number of a sound's stream is drawn for what; each axis has its own LENGTH and BEGIN. */
enum { LATER, LOUDNESS, NOISE, LENGTH, BEGIN = LENGTH + 2, SPEED = BEGIN + 2, WARP };

static double mean_square(const struct io_sound *sound) {
  double sum = 0;
  for (int64_t k = 0; k < sound->count; k++) sum += (double)sound->sample[k] * sound->sample[k];
  return sum / (double)sound->count / IO_SOUND_FULL / IO_SOUND_FULL;
}

/* From minus so many percent to so many, as a share. */
static double share(uint64_t seed, uint64_t number, int64_t percent) {
  return percent ? (double)percent / 100 * (2 * rt_random_uniform(seed, number) - 1) : 0;
}

void io_sound_change_draw(const struct io_sound_changes *changes, uint64_t seed, const struct io_sound *sound,
                          struct io_sound_change *change) {
  *change = (struct io_sound_change){0};
  if (changes->shift) change->later = rt_random_below(seed, LATER, 2 * changes->shift + 1) - changes->shift;
  change->speed = share(seed, SPEED, changes->speed);
  change->warp = share(seed, WARP, changes->warp);
  if (!changes->noise) return;
  /* An even distribution from -a to a has the mean square a * a / 3. */
  const double most = sqrt(3 * mean_square(sound)) * pow(10, -(double)changes->noise / 20);
  change->noise = (float)(most * rt_random_uniform(seed, LOUDNESS));
  change->seed = rt_random_seed(seed, NOISE);
}

enum { AT_ONCE = 64 }; /* blocks of random numbers, of four each */

/* Number k of the noise is word k % 4 of block k / 4. */
static void add_noise(const struct io_sound_change *change, int64_t first, int64_t count, float *out) {
  uint32_t word[4 * AT_ONCE];
  const float by = change->noise / (float)(UINT32_C(1) << 31);
  for (int64_t k = 0; k < count;) {
    const int64_t block = (first + k) / 4;
    rt_random_blocks(change->seed, (uint64_t)block, AT_ONCE, word);
    for (; k < count && (first + k) / 4 < block + AT_ONCE; k++)
      out[k] += ((float)word[(first + k) % 4 * AT_ONCE + (first + k) / 4 - block] - (float)INT32_MAX) * by;
  }
}

static double sample_at(const struct io_sound *sound, int64_t at) {
  return at >= 0 && at < sound->count ? (double)sound->sample[at] / IO_SOUND_FULL : 0;
}

/* At another speed, seen from the middle of the sound; between two samples, on the line from one to the next.
 */
static void hurry(const struct io_sound_change *change, const struct io_sound *sound, int64_t first,
                  int64_t count, float *out) {
  const double middle = (double)sound->count / 2;
  for (int64_t k = 0; k < count; k++) {
    const double at = middle + ((double)(first + k) - middle) * (1 + change->speed) - (double)change->later;
    const double before = floor(at);
    const double a = sample_at(sound, (int64_t)before), b = sample_at(sound, (int64_t)before + 1);
    out[k] = (float)(a + (at - before) * (b - a));
  }
}

void io_sound_change_samples(const struct io_sound_change *change, const struct io_sound *sound,
                             int64_t first, int64_t count, float *out) {
  if (change->speed != 0)
    hurry(change, sound, first, count, out);
  else
    for (int64_t k = 0; k < count; k++) out[k] = (float)sample_at(sound, first + k - change->later);
  if (change->noise > 0) add_noise(change, first, count, out);
}

struct io_masks io_masks_draw(const int64_t most[static 2], const int64_t size[static 2], uint64_t seed) {
  struct io_masks masks = {0};
  for (int axis = 0; axis < 2; axis++) {
    int64_t length = rt_random_below(seed, LENGTH + (uint64_t)axis, most[axis] + 1);
    if (length > size[axis] / 2) length = size[axis] / 2;
    masks.begin[axis] = rt_random_below(seed, BEGIN + (uint64_t)axis, size[axis] - length + 1);
    masks.end[axis] = masks.begin[axis] + length;
  }
  return masks;
}
