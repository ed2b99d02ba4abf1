/* grow.h: growing a typed array. rt_grow takes a void pointer, and a pointer of another type may not be
 * written through one. */
#ifndef AQ_RUNTIME_IO_GROW_H
#define AQ_RUNTIME_IO_GROW_H

#include "runtime/base.h"

/* Makes room for need elements in array, whose capacity is a size_t; RT_OK or RT_NO_MEMORY. */
#define IO_GROW(array, capacity, need)                                                                       \
  __extension__({                                                                                            \
    void *io_block_ = (array);                                                                               \
    int io_status_ = rt_grow(&io_block_, &(capacity), (need), sizeof *(array));                              \
    (array) = io_block_;                                                                                     \
    io_status_;                                                                                              \
  })

#endif
