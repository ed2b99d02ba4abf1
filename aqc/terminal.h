/* terminal.h: what a stream is connected to. */
#ifndef AQC_TERMINAL_H
#define AQC_TERMINAL_H

#include <stdbool.h>

bool terminal_is(int descriptor);
bool terminal_colour(int descriptor); /* a terminal that can, and nobody has set NO_COLOR (no-color.org) */
int terminal_width(int descriptor);   /* columns; 80 when there is no telling */

#endif
