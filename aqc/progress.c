/* progress.c: shows progress: a moving bar on a terminal; elsewhere a line for each epoch, and at least one a
 * minute; under --json an object for each epoch. */
#include "aqc/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aqc/interrupt.h"
#include "aqc/messages.h"
#include "aqc/terminal.h"

enum { SILENCE = 60, NARROWEST_BAR = 4, WIDEST_BAR = 40, RISEN = 3 }; /* seconds; columns; epochs */

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* "12 s", "3 min 20 s", "2 h 05 min". */
static void print_time(char *out, size_t size, double seconds) {
  long s = seconds > 0 && seconds < 1e9 ? lround(seconds) : 0;
  if (s < 60)
    snprintf(out, size, "%ld s", s);
  else if (s < 3600)
    snprintf(out, size, "%ld min %02ld s", s / 60, s % 60);
  else
    snprintf(out, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
}

static void print_epoch(char *out, size_t size, const aq_progress *now) {
  int digits = snprintf(NULL, 0, "%lld", (long long)now->epochs);
  snprintf(out, size, "epoch %*lld/%lld", digits, (long long)now->epoch, (long long)now->epochs);
}

void progress_end(struct progress *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
  progress->drawn = false;
}

/* Draws a bar of `width` columns, of which the part `done` (0 to 1) is full, to an eighth of a column. */
static void draw_row(double done, int width, bool colour) {
  static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int eighths = (int)(fmin(fmax(done, 0), 1) * 8 * width), full = eighths / 8, rest = eighths % 8;
  if (colour) fputs("\033[36m", stderr);
  for (int k = 0; k < full; k++) fputs("█", stderr);
  fputs(part[rest], stderr);
  if (colour) fputs("\033[0m", stderr);
  fprintf(stderr, "%*s", width - full - (rest > 0), "");
}

static void draw_bar(struct progress *progress, const aq_progress *now) {
  char epoch[64], left[32], facts[160];
  print_epoch(epoch, sizeof epoch, now);
  print_time(left, sizeof left, now->seconds_left);
  snprintf(facts, sizeof facts, "  loss %.4f  %.0f examples/s  %s left", now->loss, now->examples_per_second,
           left);
  int room = terminal_width(2) - 1 - (int)strlen(epoch) - (int)strlen(facts) - 4;
  fputs("\r\033[K", stderr);
  if (room >= NARROWEST_BAR) {
    int width = room > WIDEST_BAR ? WIDEST_BAR : room;
    fprintf(stderr, "%s  ▕", epoch);
    draw_row(now->steps > 0 ? (double)now->step / (double)now->steps : 0, width, progress->colour);
    fprintf(stderr, "▏%s", facts);
  } else {
    fprintf(stderr, "%.*s", terminal_width(2) - 1, epoch);
  }
  progress->drawn = true;
}

static void print_step(struct progress *progress, const aq_progress *now) {
  char epoch[64], left[32];
  double time = seconds_now();
  if (time - progress->last_said < SILENCE) return;
  progress->last_said = time;
  print_epoch(epoch, sizeof epoch, now);
  print_time(left, sizeof left, now->seconds_left);
  fprintf(stderr, "%s  step %lld/%lld  loss %.4f  %.0f examples/s  %s left\n", epoch, (long long)now->step,
          (long long)now->steps, now->loss, now->examples_per_second, left);
}

/* A model that learns its rows by heart says so first in the validation loss. */
static void watch_loss(struct progress *progress, const aq_progress *now) {
  bool risen = now->metric && progress->epochs_seen > 0 && now->valid_loss > progress->last_valid;
  progress->risen = risen ? progress->risen + 1 : 0;
  progress->last_valid = now->valid_loss;
  progress->epochs_seen++;
  if (progress->risen == RISEN)
    fprintf(stderr, "validation loss has risen for %d epochs: more dropout, or less to learn, may help\n",
            RISEN);
}

static void epoch_line(struct progress *progress, const aq_progress *now) {
  char epoch[64], value[VALUE_TEXT];
  progress_end(progress);
  print_epoch(epoch, sizeof epoch, now);
  fprintf(stderr, "%s  loss %.4f", epoch, now->loss);
  if (now->metric) {
    if (!isnan(now->valid_loss)) fprintf(stderr, "  validation loss %.4f", now->valid_loss);
    if (strcmp(now->metric, "loss") != 0)
      fprintf(stderr, "  %s %s", now->metric, value_text(value, now->value));
    if (now->best) fputs(progress->colour ? "  \033[32mbest\033[0m" : "  best", stderr);
  }
  fprintf(stderr, "%*slr %.3g  %.0f examples/s\n", now->metric && !now->best ? 8 : 2, "", now->learning_rate,
          now->examples_per_second);
  progress->last_said = seconds_now();
  watch_loss(progress, now);
}

static void epoch_object(struct progress *progress, const aq_progress *now) {
  aq_shown *shown = aq_shown_new(true);
  if (progress->part) aq_shown_whole(shown, progress->part, NULL, progress->number);
  aq_shown_whole(shown, "epoch", NULL, now->epoch);
  aq_shown_whole(shown, "epochs", NULL, now->epochs);
  aq_shown_whole(shown, "step", NULL, now->step);
  aq_shown_whole(shown, "steps", NULL, now->steps);
  aq_shown_real(shown, "loss", NULL, now->loss);
  if (now->metric) {
    aq_shown_real(shown, "validation_loss", NULL, now->valid_loss);
    aq_shown_text(shown, "metric", NULL, now->metric);
    aq_shown_real(shown, "value", NULL, now->value);
    aq_shown_flag(shown, "best", NULL, now->best);
  }
  aq_shown_real(shown, "learning_rate", NULL, now->learning_rate);
  aq_shown_real(shown, "examples_per_second", NULL, now->examples_per_second);
  message_object(shown);
}

void progress_init(struct progress *progress, bool quiet, enum aq_form form) {
  *progress = (struct progress){.colour = terminal_colour(2), .last_said = seconds_now()};
  if (quiet) return;
  progress->epoch = form == AQ_JSON ? epoch_object : epoch_line;
  if (form != AQ_JSON) progress->step = terminal_is(2) ? draw_bar : print_step;
}

bool progress_show(void *context, const aq_progress *now) {
  struct progress *progress = context;
  if (now->event == AQ_EPOCH && now->best) progress->best_valid = now->valid_loss;
  if (now->event == AQ_EPOCH && progress->epoch) progress->epoch(progress, now);
  if (now->event == AQ_STEP && progress->step) progress->step(progress, now);
  return !interrupt_seen();
}
