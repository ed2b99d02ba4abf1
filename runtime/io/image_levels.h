/* image_levels.h: bytes of an image as levels, of which 0 is black and the last one white, and back. A level
 * that became a byte becomes the same level again. */
#ifndef AQ_RUNTIME_IO_IMAGE_LEVELS_H
#define AQ_RUNTIME_IO_IMAGE_LEVELS_H

#include <stdint.h>

/* levels: 2 to 256. The nearest. */
static inline int32_t io_level_of(unsigned char byte, int32_t levels) {
  return (byte * (levels - 1) + 127) / 255;
}
static inline unsigned char io_level_byte(int32_t level, int32_t levels) {
  return (unsigned char)((level * 255 + (levels - 1) / 2) / (levels - 1));
}

#endif
