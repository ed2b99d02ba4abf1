/* test_host_blas.c: OpenBLAS is one for the whole process. A host's settings of it stay, unless the host says
 * that aq may change them. Each case is a process of its own: the first use of OpenBLAS decides. */
#include "tests/unit/libaq_files.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_OPENBLAS = 100, NO_MODEL = 101 };

struct host_blas {
  void (*set_threads)(int);
  int (*threads)(void);
};

static bool load_openblas(int flags, struct host_blas *blas) {
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | flags), *set, *get;
  if (!library) return false;
  set = dlsym(library, "openblas_set_num_threads");
  get = dlsym(library, "openblas_get_num_threads");
  memcpy(&blas->set_threads, &set, sizeof set);
  memcpy(&blas->threads, &get, sizeof get);
  return set && get;
}

static bool compute(void) {
  aq_model *model = trained_reader();
  const char *const field[] = {"good film"};
  aq_session *session = session_of(model, NULL);
  bool computed = aq_session_predict(session, field, NULL, 1) == AQ_OK;
  aq_session_free(session);
  aq_model_free(model);
  return computed;
}

/* How many threads OpenBLAS has in the end. */
static int host_first(bool takes_over) {
  struct host_blas blas;
  if (!load_openblas(RTLD_LOCAL, &blas)) return NO_OPENBLAS;
  blas.set_threads(2);
  if (blas.threads() != 2) return NO_OPENBLAS; /* one that has no threads */
  if (takes_over) aq_take_over_blas();
  return compute() ? blas.threads() : NO_MODEL;
}

static int left_alone(void) { return host_first(false); }
static int taken_over(void) { return host_first(true); }
static int aq_first(void) {
  struct host_blas blas;
  if (dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) return NO_OPENBLAS; /* aq was linked with it */
  if (!compute()) return NO_MODEL;
  return load_openblas(RTLD_NOLOAD, &blas) ? blas.threads() : NO_OPENBLAS;
}

static void expect(int (*in_child)(void), int threads) {
  pid_t child = fork();
  if (child == 0) _exit(in_child());
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == NO_OPENBLAS) skip();
  assert_int_equal(WEXITSTATUS(status), threads);
}

static void test_left_alone(void **state) {
  (void)state;
  expect(left_alone, 2);
}

static void test_taken_over(void **state) {
  (void)state;
  expect(taken_over, 1);
}

static void test_aq_first(void **state) {
  (void)state;
  expect(aq_first, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_left_alone), cmocka_unit_test(test_taken_over),
                                     cmocka_unit_test(test_aq_first)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
