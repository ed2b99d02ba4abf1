/* latency.c MODEL < LINES: how long libaq takes to predict one line, on one thread, the splitting into words
 * included. Prints p50 and p99 in microseconds: wall and CPU. */
#include <aq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 20000, WARM = 200 };

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int rising(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print(const char *name, double *time, size_t count) {
  qsort(time, count, sizeof *time, rising);
  printf("%s %.1f %.1f\n", name, time[count / 2], time[count * 99 / 100]);
}

int main(int argc, char **argv) {
  static char *text[MOST], line[65536];
  static double wall[MOST], cpu[MOST];
  size_t count = 0;
  aq_model *model;
  aq_session *session;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  if (argc != 2 || aq_model_load(argv[1], &model) || aq_session_new(model, &options, &session)) return 1;
  while (count < MOST && fgets(line, sizeof line, stdin)) text[count++] = strndup(line, strcspn(line, "\n"));
  for (size_t k = 0; k < WARM + count; k++) {
    const char *field = text[k < WARM ? k % count : k - WARM];
    double a = now(CLOCK_MONOTONIC), b = now(CLOCK_THREAD_CPUTIME_ID);
    if (aq_session_predict(session, &field, NULL, 1)) return 1;
    if (k < WARM) continue;
    cpu[k - WARM] = now(CLOCK_THREAD_CPUTIME_ID) - b;
    wall[k - WARM] = now(CLOCK_MONOTONIC) - a;
  }
  print("wall", wall, count);
  print("cpu", cpu, count);
  for (size_t k = 0; k < count; k++) free(text[k]);
  aq_session_free(session);
  aq_model_free(model);
}
