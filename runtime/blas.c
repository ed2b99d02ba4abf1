/* blas.c: OpenBLAS, behind one door. Any other CBLAS serves as well. */
#include "runtime/blas.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "runtime/blas_calls.h"

static struct rt_blas_info info;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool ready;
static atomic_bool taken_over;

/* ---- which core ---- */

/* OpenBLAS's names for families of x86 processors, by the vector instructions their kernels use. */
enum strength { SSE, AVX, AVX2, AVX512, STRENGTH_UNKNOWN };
static const struct {
  const char *name;
  enum strength strength;
} cores[] = {
    {"Prescott", SSE},     {"Katmai", SSE},        {"Coppermine", SSE},
    {"Northwood", SSE},    {"Banias", SSE},        {"Atom", SSE},
    {"Core2", SSE},        {"Penryn", SSE},        {"Dunnington", SSE},
    {"Nehalem", SSE},      {"Athlon", SSE},        {"Opteron", SSE},
    {"Opteron_SSE3", SSE}, {"Barcelona", SSE},     {"Bobcat", SSE},
    {"Nano", SSE},         {"Unknown", SSE},       {"Sandybridge", AVX},
    {"Bulldozer", AVX},    {"Piledriver", AVX},    {"Steamroller", AVX},
    {"Excavator", AVX},    {"Haswell", AVX2},      {"Zen", AVX2},
    {"SkylakeX", AVX512},  {"Cooperlake", AVX512}, {"SapphireRapids", AVX512},
};

static enum strength strength_of(const char *core) {
  for (size_t i = 0; i < RT_COUNT(cores); i++)
    if (strcmp(cores[i].name, core) == 0) return cores[i].strength;
  return STRENGTH_UNKNOWN;
}

/* The strongest family that this processor, and the system's saving of its registers, can run. */
static enum strength strength_of_processor(void) {
#if defined __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd")
      && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512vl"))
    return AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return AVX2;
  return __builtin_cpu_supports("avx") ? AVX : SSE;
#else
  return STRENGTH_UNKNOWN;
#endif
}

static const char *core_for(enum strength strength) {
  static const char *const name[] = {"Prescott", "Sandybridge", "Haswell", "SkylakeX"};
#if defined __x86_64__
  if (strength == AVX2 && __builtin_cpu_is("amd")) return "Zen";
#endif
  return name[strength];
}

/* The core that OpenBLAS should use instead of the one it found, or NULL with the reason why not. */
static const char *better_core(void) {
  enum strength processor = strength_of_processor(), found = strength_of(info.found);
  const char *own = getenv("OPENBLAS_CORETYPE");
  const char *why = NULL;
  if (!blas.openblas_get_corename || !blas.gotoblas_dynamic_init || !blas.gotoblas_dynamic_quit)
    why = "this BLAS has no choice of cores";
  else if (own && own[0])
    why = "OPENBLAS_CORETYPE is set, and is left as it is";
  else if (processor == STRENGTH_UNKNOWN || found == STRENGTH_UNKNOWN)
    why = "OpenBLAS knows this processor";
  else if (found >= processor)
    why = "OpenBLAS chose well";
  if (!why) return core_for(processor);
  snprintf(info.reason, sizeof info.reason, "%s", why);
  return NULL;
}

/* OpenBLAS reads its choice from the environment, which is put back at once. */
static void switch_core(const char *core) {
  setenv("OPENBLAS_CORETYPE", core, 1);
  blas.gotoblas_dynamic_quit();
  blas.gotoblas_dynamic_init();
  unsetenv("OPENBLAS_CORETYPE");
}

/* May settings of OpenBLAS be changed, which count for the whole process? */
static bool may_change(void) { return blas_is_own || atomic_load(&taken_over); }

static void choose_core(void) {
  const char *core = better_core();
  if (core && may_change()) {
    switch_core(core);
    snprintf(info.chosen, sizeof info.chosen, "%s", blas.openblas_get_corename());
    bool changed = strcmp(info.chosen, info.found) != 0;
    snprintf(info.reason, sizeof info.reason,
             changed ? "OpenBLAS took this processor for a %s"
                     : "OpenBLAS took this processor for a %s and has nothing better built in",
             info.found);
  } else if (core) {
    snprintf(info.best, sizeof info.best, "%s", core);
    snprintf(info.reason, sizeof info.reason,
             "OpenBLAS took this processor for a %s; OPENBLAS_CORETYPE=%s in the environment makes it "
             "several times faster",
             info.found, core);
  }
}

/* m n k up to which the AVX-512 cores run a product straight from the operands, from version 0.3.17 on. */
enum { SMALL_PRODUCT = 1000000 };

static void set_up(void) {
  if (blas.openblas_set_num_threads && may_change()) blas.openblas_set_num_threads(1);
  snprintf(info.config, sizeof info.config, "%s",
           blas.openblas_get_config ? blas.openblas_get_config() : "not OpenBLAS");
  snprintf(info.found, sizeof info.found, "%s",
           blas.openblas_get_corename ? blas.openblas_get_corename() : "");
  memcpy(info.chosen, info.found, sizeof info.chosen);
  choose_core();
  info.small_product = strength_of(info.chosen) == AVX512 ? SMALL_PRODUCT : 0;
  atomic_store(&ready, true);
}

void rt_blas_take_over(void) { atomic_store(&taken_over, true); }

const struct rt_blas_info *rt_blas_info(void) {
  pthread_once(&once, set_up);
  return &info;
}

/* ---- room ---- */

/* Of OpenBLAS for x86-64: each thread within a product has one, and OpenBLAS's own threads as well. */
static const size_t BUFFER = (size_t)128 << 20;
enum { MOST_BUFFERS = 64 }; /* that are taken in advance */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int taken; /* threads for which there is room */

/* OpenBLAS keeps a buffer once it has one. It gets them now, before other memory takes the room. */
static void take_buffers(int threads) {
  void *buffer[MOST_BUFFERS];
  int count = threads < MOST_BUFFERS ? threads : MOST_BUFFERS;
  if (!blas.blas_memory_alloc || !blas.blas_memory_free) return;
  for (int k = 0; k < count; k++) buffer[k] = blas.blas_memory_alloc(0);
  for (int k = 0; k < count; k++)
    if (buffer[k]) blas.blas_memory_free(buffer[k]);
}

/* OpenBLAS's own threads, which it starts before aq can tell it that one is enough. */
static size_t own_threads(void) {
  int count = blas.openblas_get_num_threads ? blas.openblas_get_num_threads() : 1;
  return count > 1 ? (size_t)count - 1 : 0;
}

static int reserve(int threads, bool first, struct rt_error *error) {
  size_t buffers = (size_t)(threads - taken) + (first ? own_threads() : 0);
  return blas_room(buffers * (BUFFER + BLAS_STACK), threads, error);
}

int rt_blas_begin(int threads, struct rt_error *error) {
  struct rlimit limit;
  int status = rt_blas_load(error);
  bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  if (status != RT_OK) return status;
  pthread_mutex_lock(&lock);
  if (limited && threads > taken) status = reserve(threads, taken == 0, error);
  if (status == RT_OK) pthread_once(&once, set_up);
  if (status == RT_OK && limited && threads > taken) {
    take_buffers(threads);
    taken = threads;
  }
  pthread_mutex_unlock(&lock);
  return status;
}

/* ---- products ---- */

enum { MOST_IN_ONE_CALL = 1 << 30 }; /* BLAS counts with int */

/* OpenBLAS refuses a leading dimension of 0, which an empty operand has. */
static int leading(int64_t n) { return n > 0 ? (int)n : 1; }

#define DEFINE_GEMM(name, type, cblas)                                                                       \
  static void name##_clear(const struct rt_product_##type *p) {                                              \
    for (int64_t i = 0; i < p->m; i++) memset(p->c + i * p->ldc, 0, (size_t)p->n * sizeof *p->c);            \
  }                                                                                                          \
                                                                                                             \
  void name(const struct rt_product_##type *p) {                                                             \
    const int64_t m = p->m, n = p->n, k = p->k;                                                              \
    if (!atomic_load_explicit(&ready, memory_order_acquire)) pthread_once(&once, set_up);                    \
    if (m <= 0 || n <= 0) return;                                                                            \
    if (k <= 0 && !p->add) name##_clear(p);                                                                  \
    for (int64_t i = 0; i < m; i += MOST_IN_ONE_CALL)                                                        \
      for (int64_t l = 0; l < k; l += MOST_IN_ONE_CALL) {                                                    \
        int rows = (int)(m - i < MOST_IN_ONE_CALL ? m - i : MOST_IN_ONE_CALL);                               \
        int depth = (int)(k - l < MOST_IN_ONE_CALL ? k - l : MOST_IN_ONE_CALL);                              \
        cblas(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, rows,     \
              (int)n, depth, 1, p->a + (p->ta ? l * p->lda + i : i * p->lda + l), leading(p->lda),           \
              p->b + (p->tb ? l : l * p->ldb), leading(p->ldb), l || p->add ? 1 : 0, p->c + i * p->ldc,      \
              leading(p->ldc));                                                                              \
      }                                                                                                      \
  }

DEFINE_GEMM(rt_gemm_f32, f32, blas.cblas_sgemm)
DEFINE_GEMM(rt_gemm_f64, f64, blas.cblas_dgemm)
