/* interrupt.c */
#include "aqc/interrupt.h"

#include <aq.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t held, seen;
static struct timespec first;

/* A supervisor may signal a process and then its group: two signals for one press. A person presses again
 * only later. */
static bool is_echo(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - first.tv_sec) + 1e-9 * (double)(now.tv_nsec - first.tv_nsec) < 0.25;
}

static void on_signal(int number) {
  (void)number;
  if (!held || (seen && !is_echo())) _exit(AQ_INTERRUPTED);
  if (!seen) clock_gettime(CLOCK_MONOTONIC, &first);
  seen = 1;
}

void interrupt_init(void) {
  struct sigaction action, old;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  static const int numbers[] = {SIGINT, SIGTERM};
  for (int k = 0; k < 2; k++) /* who started us may want it ignored, as nohup and a shell's & do */
    if (sigaction(numbers[k], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(numbers[k], &action, NULL);
}

void interrupt_hold(void) { held = 1; }

void interrupt_release(void) { held = 0; }

bool interrupt_seen(void) { return seen; }
