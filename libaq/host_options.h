/* host_options.h: what hosts hand over as options. */
#ifndef AQ_LIBAQ_HOST_OPTIONS_H
#define AQ_LIBAQ_HOST_OPTIONS_H

#include "libaq/aq.h"
#include "runtime/base.h"

/* How many rows are computed at once, where nobody says it. */
enum { LIB_BATCH = 128 };

/* The structs of aq.h called aq_…_options, and others that hosts fill. */
enum lib_options {
  LIB_BATCH_OPTIONS,
  LIB_BEGIN_OPTIONS,
  LIB_CURVE,
  LIB_EMBED_OPTIONS,
  LIB_EVAL_OPTIONS,
  LIB_EXTERN_FUNCTIONS,
  LIB_FUNCTION_OPTIONS,
  LIB_GENERATE_OPTIONS,
  LIB_IMAGE,
  LIB_LOAD_OPTIONS,
  LIB_MAP,
  LIB_MESSAGE,
  LIB_PREDICT_OPTIONS,
  LIB_PROGRAM_OPTIONS,
  LIB_RUN_OPTIONS,
  LIB_SEARCH_OPTIONS,
  LIB_SOUND,
  LIB_START_OPTIONS,
  LIB_TRAIN_OPTIONS
};
/* Fills *own, a struct of that kind, with its defaults and with what a host has given; given NULL: nothing.
 * A host that was compiled with an older aq.h knows fewer fields, and size says where they end. RT_USAGE: the
 * size is none that a version of aq.h up to this one has, or a field has a value that means nothing; *own
 * then has the defaults. */
int lib_take_options(enum lib_options kind, const void *given, void *own, struct rt_error *error);

#endif
