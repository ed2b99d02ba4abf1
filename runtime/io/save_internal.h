/* save_internal.h: what save.c, leftovers.c and lock.c share. */
#ifndef AQ_RUNTIME_IO_SAVE_INTERNAL_H
#define AQ_RUNTIME_IO_SAVE_INTERNAL_H

#include "runtime/base.h"

/* How many bytes of the target's name BASE stand in the names of its lock, ".BASE.lock", and of its temporary
 * file,
 * ".BASE.PID-N.tmp", which is locked (flock) while it is written. */
enum { IO_TEMPORARY_BASE = 200 };

/* Removes the temporary files of `base` in a directory whose processes have ended. */
void io_remove_leftovers(const char *directory, const char *base);

#endif
