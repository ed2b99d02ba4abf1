/* run_case.c: lays out a case's files, runs its commands and compares. */
#include "tests/harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  TIMED_OUT = -1,
  SANITIZER_EXIT = 99 /* what Makefile.am tells the sanitizers to end with */
};

/* In a folder: `here` is where commands run; what they read and write through their streams lies beside it.
 */
static char *beside(const char *folder, const char *name) { return text_format("%s/%s", folder, name); }

/* Commands may name what the project ships by the path it has in the source tree. */
char *folder_new(void) {
  const char *temporary = getenv("TMPDIR"), *source = getenv("AQ_SOURCE");
  char *folder = text_format("%s/aq-test.XXXXXX", temporary && *temporary ? temporary : "/tmp");
  if (!mkdtemp(folder) || mkdir(beside(folder, "here"), 0777) != 0) return NULL;
  if (source
      && (symlink(text_format("%s/examples", source), beside(folder, "here/examples")) != 0
          || symlink(text_format("%s/tests", source), beside(folder, "here/tests")) != 0))
    return NULL;
  return folder;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place) {
  (void)info;
  (void)kind;
  (void)place;
  return remove(path);
}

void folder_remove(const char *folder) { nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static bool write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  if (!file) return false;
  bool ok = fputs(text, file) >= 0;
  return fclose(file) == 0 && ok;
}

static bool lay_out(const char *folder, const struct file *file) {
  char *path = text_format("%s/here/%s", folder, file->name);
  if (text_starts(file->name, "/") || strstr(file->name, "..")) return false;
  for (char *slash = path + strlen(folder) + strlen("/here/"); (slash = strchr(slash, '/')); slash++) {
    *slash = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return false;
    *slash = '/';
  }
  return write_file(path, file->text);
}

static void redirect(int stream, const char *path, int flags) {
  int descriptor = open(path, flags, 0666);
  if (descriptor < 0 || dup2(descriptor, stream) < 0) _exit(127);
  close(descriptor);
}

static void become(const struct step *step, const char *folder) {
  setpgid(0, 0);
  redirect(0, beside(folder, "in"), O_RDONLY);
  redirect(1, beside(folder, "out"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  if (step->joined)
    dup2(1, 2);
  else
    redirect(2, beside(folder, "err"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  if (chdir(beside(folder, "here")) != 0) _exit(127);
  execl("/bin/sh", "sh", "-c", step->command, (char *)NULL);
  _exit(127);
}

/* With sanitizers all takes several times as long. */
static bool is_sanitized(void) {
  const char *sanitized = getenv("AQ_SANITIZED");
  return sanitized && *sanitized;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Exit code, 128 + signal, or TIMED_OUT. */
static int run_command(const struct step *step, const char *folder) {
  const char *limit = getenv("AQ_TEST_TIMEOUT");
  double end = seconds_now() + (limit ? atof(limit) : is_sanitized() ? 1200 : 120);
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) return 127;
  if (child == 0) become(step, folder);
  setpgid(child, child);
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (seconds_now() > end) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return TIMED_OUT;
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *exit_problem(const struct step *step, int code) {
  if (code == TIMED_OUT) return "it did not end in time";
  if (code == SANITIZER_EXIT) return "a sanitizer stopped it";
  if (code > 128 && code != 130)
    return text_format("it was killed by signal %d (%s)", code - 128, strsignal(code - 128));
  if (step->wanted == EXIT_ZERO && code != 0) return text_format("exit code %d, not 0", code);
  if (step->wanted == EXIT_NOT_ZERO && code == 0) return "it succeeded, which it must not";
  if (step->wanted == EXIT_EXACTLY && code != step->exit_code)
    return text_format("exit code %d, not %d", code, step->exit_code);
  return NULL;
}

static void compare(char **report, const struct step *step, const char *what, const char *actual) {
  const char *expected = strcmp(what, "stderr") == 0 ? step->err : step->out;
  if (expected && !text_matches(expected, actual, step->about))
    *report = text_join(*report, text_format("expected %s:\n%s\nbut it was:\n%s\n", what, expected, actual));
}

static bool run_step(const struct step *step, const char *folder, char **report) {
  if (!write_file(beside(folder, "in"), step->input ? step->input : "")) {
    *report = text_join(*report, "cannot write to the temporary folder\n");
    return false;
  }
  int code = run_command(step, folder);
  size_t out_length = 0, err_length = 0;
  char *out = text_read(beside(folder, "out"), &out_length);
  char *err = step->joined ? NULL : text_read(beside(folder, "err"), &err_length);
  char *problem = exit_problem(step, code);
  if ((out && strlen(out) != out_length) || (err && strlen(err) != err_length))
    problem = "its output holds a NUL byte";
  if (problem) *report = text_join(*report, text_format("%s\n", problem));
  compare(report, step, step->joined ? "output" : "stdout", out ? out : "");
  compare(report, step, "stderr", err ? err : "");
  if (problem && !step->out && out) *report = text_join(*report, text_format("stdout:\n%s\n", out));
  if (problem && !step->err && err) *report = text_join(*report, text_format("stderr:\n%s\n", err));
  if (!*report) return true;
  *report = text_join(text_format("line %d: %s\n", step->line, step->command), *report);
  return false;
}

static bool is_there(const char *path) {
  const char *source = getenv("AQ_SOURCE");
  return access(path[0] == '/' ? path : text_format("%s/%s", source ? source : ".", path), R_OK) == 0;
}

/* Sanitizers take more addresses than any limit that a test could set. */
static bool can_limit_addresses(void) { return !is_sanitized() && is_there("/proc/self/status"); }

/* One that makes shared libraries: $CC, or cc. */
static bool has_compiler(void) { return system("${CC:-cc} -dumpversion > /dev/null 2>&1") == 0; }

/* As aq was built (configure.ac). */
static bool reads_images(void) {
#if defined(RT_HAVE_PNG) && defined(RT_HAVE_JPEG)
  return true;
#else
  return false;
#endif
}

static bool reads_sounds(void) {
#if defined(RT_HAVE_SNDFILE) && defined(RT_HAVE_KISSFFT)
  return true;
#else
  return false;
#endif
}

/* What a case may need besides a path. */
static const struct need {
  const char *name;
  bool (*is_met)(void);
  const char *without;
} needs[] = {
    {"address-limit", can_limit_addresses, "addresses cannot be limited here"},
    {"compiler", has_compiler, "there is no C compiler"},
    {"images", reads_images, "this aq was built without libpng or libjpeg"},
    {"sounds", reads_sounds, "this aq was built without libsndfile or kissfft"},
};

/* Why a need is not met; NULL: it is. */
static char *what_is_missing(const char *need) {
  for (size_t k = 0; k < sizeof needs / sizeof *needs; k++)
    if (strcmp(needs[k].name, need) == 0)
      return needs[k].is_met() ? NULL : text_format("%s", needs[k].without);
  return is_there(need) ? NULL : text_format("%s is not there", need);
}

enum outcome run_case(const struct test_case *test, const char *folder, char **report) {
  const struct file *file = test->files.items;
  const struct step *step = test->steps.items;
  *report = NULL;
  if (test->problem) {
    *report = test->problem;
    return FAILED;
  }
  char *const *need = test->needs.items;
  for (size_t i = 0; i < test->needs.count; i++)
    if ((*report = what_is_missing(need[i]))) return SKIPPED;
  for (size_t i = 0; i < test->files.count; i++)
    if (!lay_out(folder, &file[i])) {
      *report = text_format("cannot write the file %s", file[i].name);
      return FAILED;
    }
  for (size_t i = 0; i < test->steps.count; i++)
    if (!run_step(&step[i], folder, report)) return FAILED;
  return PASSED;
}
