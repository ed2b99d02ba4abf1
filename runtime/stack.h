/* stack.h: how much stack is left, for what follows a program's nesting by recursion. */
#ifndef AQ_RUNTIME_STACK_H
#define AQ_RUNTIME_STACK_H

#include <stddef.h>

/* What any call may need besides its recursion, with the frames of an optimised build. */
enum { RT_STACK_RESERVE = 24 * 1024 };

/* Bytes that the calling thread has left. SIZE_MAX where that is not known: in the main thread, which has
 * plenty, and on a stack that the host itself has made, as for coroutines. */
size_t rt_stack_left(void);

#endif
