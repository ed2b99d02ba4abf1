/* blas_calls.h: the functions of a BLAS that aq calls. Only blas*.c include this. */
#ifndef AQ_RUNTIME_BLAS_CALLS_H
#define AQ_RUNTIME_BLAS_CALLS_H

#include <cblas.h>

#include "runtime/base.h"

/* Every CBLAS has the first two. The others are OpenBLAS's own, and NULL where there is another BLAS. */
#define BLAS_CALLS(NEEDED, OPTIONAL)                                                                         \
  NEEDED(cblas_sgemm)                                                                                        \
  NEEDED(cblas_dgemm)                                                                                        \
  OPTIONAL(void, gotoblas_dynamic_init, (void))                                                              \
  OPTIONAL(void, gotoblas_dynamic_quit, (void))                                                              \
  OPTIONAL(char *, openblas_get_config, (void))                                                              \
  OPTIONAL(char *, openblas_get_corename, (void))                                                            \
  OPTIONAL(int, openblas_get_num_threads, (void))                                                            \
  OPTIONAL(void, openblas_set_num_threads, (int))                                                            \
  OPTIONAL(void *, blas_memory_alloc, (int))                                                                 \
  OPTIONAL(void, blas_memory_free, (void *))

#define BLAS_NEEDED_FIELD(name) __typeof__(&name) name;
#define BLAS_OPTIONAL_FIELD(result, name, arguments) result(*name) arguments;
struct blas_calls {
  BLAS_CALLS(BLAS_NEEDED_FIELD, BLAS_OPTIONAL_FIELD)
};
extern struct blas_calls blas; /* filled by rt_blas_load */
/* Is nobody else in the process using this BLAS? Known from rt_blas_load on. */
extern bool blas_is_own;

enum { BLAS_STACK = 8 << 20 }; /* of each of OpenBLAS's own threads */

/* RT_NO_MEMORY when the process has not so many bytes of addresses left. threads: who takes them, for the
 * message. */
int blas_room(size_t bytes, int threads, struct rt_error *error);

#endif
