/* blocks.h: an image on a terminal. */
#ifndef AQC_BLOCKS_H
#define AQC_BLOCKS_H

#include <aq.h>

/* Prints a row of the image as a line, each point as two of the characters " ░▒▓█" by how light it is, so
 * that points are about square; a large image is shown in as many columns as the terminal has. */
void blocks_print(const aq_image *image);

#endif
