/* assign.h: the room that the op `assign` works in, which the machine reserves for it. */
#ifndef AQ_RUNTIME_ASSIGN_H
#define AQ_RUNTIME_ASSIGN_H

#include <stddef.h>
#include <stdint.h>

/* Bytes for a cost of that many columns on its longer side: numbers for each, and one more of each kind. */
enum { ASSIGN_BYTES = 3 * sizeof(double) + 3 * sizeof(int32_t) };
static inline size_t assign_scratch(int64_t longer) { return ((size_t)longer + 1) * ASSIGN_BYTES; }

#endif
