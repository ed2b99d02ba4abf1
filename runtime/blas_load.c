/* blas_load.c: OpenBLAS is loaded when kernels are first wanted: its start takes longer than all the rest of
 * a command such as `aqc check`. Where it is linked with aq instead (configure --disable-blas-loading), it is
 * there from the start. */
#include "runtime/blas.h"
#include "runtime/blas_calls.h"
#include "runtime/cores.h"

#ifdef RT_BLAS_LIBRARY

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

struct blas_calls blas;
bool blas_is_own;

static const size_t LIBRARY = (size_t)64 << 20; /* about what OpenBLAS itself takes, in addresses */

/* C has no cast from data to functions. */
static void look_up(void *library, const char *name, void *call) {
  void *address = dlsym(library, name);
  memcpy(call, &address, sizeof address);
}

static int cannot_load(const char *why, struct rt_error *error) {
  if (strstr(why, "annot allocate memory") || strstr(why, "failed to map"))
    return rt_fail(error, RT_NO_MEMORY, "there is not enough memory for OpenBLAS: %s", why);
  rt_fail(error, RT_NO_INPUT, "OpenBLAS, which multiplies matrices, cannot be loaded: %s", why);
  rt_hint(error, "install it, or name the folder of %s in LD_LIBRARY_PATH", RT_BLAS_LIBRARY);
  return RT_NO_INPUT;
}

/* Has the host an OpenBLAS, under this name or another one? What they call globally is then the host's. */
static bool host_has_one(void) {
  void *library = dlopen(RT_BLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (library) dlclose(library);
  return library || dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
}

/* By its name, as the system finds libraries; else where it was when aq was built. */
static int load(struct rt_error *error) {
  struct blas_calls found = {0};
  /* Its threads start with it. Where one cannot start, OpenBLAS ends the process. */
  int status = blas_room(LIBRARY + (size_t)rt_cores() * BLAS_STACK, 0, error);
  if (status != RT_OK) return status;
  bool own = !host_has_one();
  void *library = dlopen(RT_BLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen(RT_BLAS_PATH, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return cannot_load(why ? why : RT_BLAS_LIBRARY, error);
  }
#define NEEDED(name) look_up(library, #name, &found.name);
#define OPTIONAL(result, name, arguments) look_up(library, #name, &found.name);
  BLAS_CALLS(NEEDED, OPTIONAL)
  if (!found.cblas_sgemm || !found.cblas_dgemm)
    return cannot_load("there are no cblas_sgemm and cblas_dgemm in it", error);
  blas = found;
  blas_is_own = own;
  return RT_OK;
}

int rt_blas_load(struct rt_error *error) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool loaded;
  pthread_mutex_lock(&lock);
  int status = loaded ? RT_OK : load(error);
  loaded = status == RT_OK;
  pthread_mutex_unlock(&lock);
  return status;
}

#else

#define NEEDED(name)
#define OPTIONAL(result, name, arguments) result name arguments __attribute__((weak));
BLAS_CALLS(NEEDED, OPTIONAL)
#undef NEEDED
#undef OPTIONAL

#define NEEDED(name) .name = name,
#define OPTIONAL(result, name, arguments) .name = name,
struct blas_calls blas = {BLAS_CALLS(NEEDED, OPTIONAL)};
bool blas_is_own; /* it is the host's as well */

int rt_blas_load(struct rt_error *error) {
  (void)error;
  return RT_OK;
}

#endif
