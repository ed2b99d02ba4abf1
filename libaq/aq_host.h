/* aq_host.h: what a host and aq share in one process: threads, how these compute, and what is told. A part of
 * aq.h, which includes it. */
#ifndef AQ_HOST_H
#define AQ_HOST_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Threads ---- */

/* A handle computes in the thread that calls it, unless its options ask for more threads. Then it has workers
 * of its own, called "aq-worker". Results do not depend on how many there are.
 *
 * A host with many sessions may let them share workers:
 *
 *     aq_pool *pool;
 *     aq_pool_new(4, &pool);
 *     aq_eval_options options;
 *     aq_eval_options_init(&options);
 *     options.pool = pool;
 *     aq_session_new(model, &options, &session);      for each of its own threads
 *
 * Each session still belongs to one thread at a time, and these may call at once: one of them gets the
 * workers for a kernel, and the others compute that kernel alone. So nobody waits. */
/* threads: how many compute together, the caller included; 0: as many as there are cores. */
int aq_pool_new(int threads, aq_pool **pool);
/* Handles that share the pool keep it: it may be freed before them. */
void aq_pool_free(aq_pool *pool);
const aq_message *aq_pool_message(const aq_pool *pool);
size_t aq_pool_threads(const aq_pool *pool); /* 0: it could not be made */

/* ---- What a host may want to know ---- */

/* Told what `aqc` remarks while it works, and what is no error: bad rows that are skipped, a first line that
 * may be a header, texts that are cut, steps between tags that no answer will have (AQ_WARNING); columns that
 * go by their position, a file that was written (AQ_REMARK). The message lives as long as the callback runs,
 * in the thread whose call it is about. It must not call for the same handle. Set it before other threads use
 * aq; NULL: nobody is told. Without it nothing is lost: aq_reading has the same facts. */
typedef void aq_on_log(void *context, enum aq_severity severity, const aq_message *message);
void aq_set_log(aq_on_log *log, void *context);

/* ---- What a thread has set ---- */

/* A call computes as if its thread had set nothing, and so do workers: rounding to nearest, denormals as they
 * are, no exception that traps, the C locale. So the same call gives the same bits and texts whatever the
 * host has set with fesetround, feenableexcept, setlocale or uselocale; and when it returns, all that is set
 * again. What it calls back meanwhile, such as `progress`, `write` or a native function, finds the usual
 * settings too.
 *
 * Stack: 64 KiB are enough for all calls with programs that nest as people write them. What is nested deeper
 * than a thread's stack allows is AQ_NO_MEMORY and no crash, and 256 KiB are enough for every program. */

#ifdef __cplusplus
}
#endif
#endif
