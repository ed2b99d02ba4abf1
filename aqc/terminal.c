/* terminal.c */
#include "aqc/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(int descriptor) {
  const char *kind = getenv("TERM");
  return isatty(descriptor) && !(kind && strcmp(kind, "dumb") == 0);
}

bool terminal_colour(int descriptor) {
  const char *refused = getenv("NO_COLOR");
  return terminal_is(descriptor) && !(refused && *refused);
}

int terminal_width(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}
