/* aside.h: a thread that does one thing beside its caller, such as reading rows while others are computed. */
#ifndef AQ_RUNTIME_ASIDE_H
#define AQ_RUNTIME_ASIDE_H

#include "runtime/base.h"

struct rt_aside;

/* Sleeps until there is something to do. NULL and error filled on failure. */
struct rt_aside *rt_aside_new(struct rt_error *error);
/* Waits for what it does, then ends. May be given NULL. */
void rt_aside_free(struct rt_aside *aside);
/* Does work(context) there; nothing else may be going on there. What both touch is theirs until the wait. */
void rt_aside_start(struct rt_aside *aside, void (*work)(void *context), void *context);
/* Returns when nothing is going on there. May be given NULL. */
void rt_aside_wait(struct rt_aside *aside);

#endif
