/* checksum.h: the checksum of model files: XXH3-64 of the header and the data. While it is computed its own
 * digits in the header are zeros. */
#ifndef AQ_RUNTIME_IO_CHECKSUM_H
#define AQ_RUNTIME_IO_CHECKSUM_H

#define XXH_STATIC_LINKING_ONLY /* the size of the state, so that it lies in our memory */
#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

/* What stands before the digits in a header, and the digits while they are not known. */
#define IO_CHECKSUM_KEY "aq.checksum"
#define IO_CHECKSUM_SCHEME "xxh3:"
#define IO_CHECKSUM_ENTRY "\"" IO_CHECKSUM_KEY "\":\"" IO_CHECKSUM_SCHEME
#define IO_CHECKSUM_ZEROS "0000000000000000"
enum { IO_CHECKSUM_DIGITS = sizeof IO_CHECKSUM_ZEROS - 1 };

/* Must be aligned to 64 bytes. */
struct io_checksum {
  XXH3_state_t state;
};

static inline void io_checksum_begin(struct io_checksum *sum) {
  XXH3_INITSTATE(&sum->state);
  XXH3_64bits_reset(&sum->state);
}

static inline void io_checksum_add(struct io_checksum *sum, const void *bytes, size_t length) {
  XXH3_64bits_update(&sum->state, bytes, length);
}

static inline void io_checksum_end(const struct io_checksum *sum, char digits[IO_CHECKSUM_DIGITS + 1]) {
  snprintf(digits, IO_CHECKSUM_DIGITS + 1, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(&sum->state));
}

#endif
