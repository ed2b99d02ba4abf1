/* aq_profile.h: where the time of a training, or of a function that is run, goes. A part of aq.h, which
 * includes it. */
#ifndef AQ_PROFILE_H
#define AQ_PROFILE_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A profile belongs to one training or run, which adds to it as it goes:
 *
 *     aq_profile_new(0, &profile);
 *     options.profile = profile;                  of aq_train_options or aq_run_options
 *     aq_trainer_new(program, &options, &trainer);
 *     aq_trainer_run(trainer);
 *     aq_profile_show(profile, shown);
 *
 * Without one nothing is measured. With one, each instruction takes two looks at the clock longer, and so
 * does each task of a thread; results are the same bits. A pool that handles share is not looked into: then
 * the times are right, and what threads do is left out. */
typedef struct aq_profile aq_profile;

/* spans: how many pieces of work it keeps one by one, for aq_profile_trace; 0: none, at most 10,000,000. */
int aq_profile_new(size_t spans, aq_profile **profile);
/* What it was given to keeps it: it may be freed before that. */
void aq_profile_free(aq_profile *profile);
const aq_message *aq_profile_message(const aq_profile *profile);

/* Adds to what is open: the parts of a step, what threads do, each op and each line of the program, with
 * seconds, arithmetic, bytes, and the share of what a plain matrix product reaches here (which is measured by
 * the first call, in about 50 ms). AQ_USAGE: nothing has run with it. */
int aq_profile_show(aq_profile *profile, aq_shown *shown);
/* The pieces of work that were kept, as a trace in the JSON that Chrome (chrome://tracing), Perfetto and
 * Speedscope read. To be freed with aq_text_free. */
int aq_profile_trace(aq_profile *profile, char **json);

#ifdef __cplusplus
}
#endif
#endif
