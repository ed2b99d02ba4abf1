/* cores.h: how many cores there are for this process. */
#ifndef AQ_RUNTIME_CORES_H
#define AQ_RUNTIME_CORES_H

/* Those that it may use (sched_setaffinity, taskset); 1 or more. */
int rt_cores(void);

#endif
