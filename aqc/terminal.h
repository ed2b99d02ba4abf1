/* terminal.h: what a stream is connected to. */
#ifndef AQC_TERMINAL_H
#define AQC_TERMINAL_H

#include <stdbool.h>

bool terminal_is(int descriptor);
bool terminal_colour(int descriptor); /* a terminal with colours, and NO_COLOR is not set (no-color.org) */
int terminal_width(int descriptor);   /* columns; 80 when they are not known */

#endif
