/* tune.c: aqc tune: trains a program with many values, goes on with those that do best, keeps the best model.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aqc/files.h"
#include "aqc/interrupt.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/train_settings.h"
#include "aqc/tune.h"
#include "aqc/verb.h"
#include "aqc/written.h"

/* Of so many trials one goes on to the next round, which trains so many times as long. */
enum { PART = 3, TRIALS = 20, TRIES = 200, MOST_ROUNDS = 3 };

struct tuning {
  const struct settings *settings;
  struct settings fixed; /* without what is tried */
  struct space space;
  struct trial *trial;
  size_t count;
  struct trials_file file;
  char *save, *folder; /* the model; the models and checkpoints of trials */
  int lock_file;       /* the folder, open and locked; -1: not yet */
  int cores;
  /* A round: */
  double share; /* of the epochs */
  struct trial **queue;
  size_t queued, next;
  int each; /* threads of a trial */
  int status;
  _Atomic bool reached;
  pthread_mutex_t lock; /* of all that follows `queue`, and of the standard error */
};

/* One trial that is being trained. */
struct run {
  struct tuning *tuning;
  struct trial *trial;
  aq_program *program;
  aq_trainer *trainer;
  char path[4096];
  bool enough;
};

/* ---- one trial ---- */

static bool on_progress(void *context, const aq_progress *now) {
  struct run *r = context;
  if (now->event == AQ_EPOCH) {
    if (now->best) r->trial->valid_loss = now->valid_loss;
    r->enough = (double)now->epoch >= ceil(r->tuning->share * (double)now->epochs);
    if (r->enough && now->epoch < now->epochs) return false;
  }
  return !interrupt_seen() && !r->tuning->reached;
}

static int give_values(const struct run *r, struct settings *settings) {
  const struct space *space = &r->tuning->space;
  struct given *define = &settings->define, *set = &settings->set;
  const struct given was_define = *define, was_set = *set;
  define->item = malloc((was_define.count + space->count + 1) * sizeof *define->item);
  set->item = malloc((was_set.count + space->count + 1) * sizeof *set->item);
  if (!define->item || !set->item) return message_no_memory();
  if (was_define.count) memcpy(define->item, was_define.item, was_define.count * sizeof *define->item);
  if (was_set.count) memcpy(set->item, was_set.item, was_set.count * sizeof *set->item);
  for (size_t k = 0; k < space->count; k++) {
    struct given *list = space->knob[k].is_setting ? set : define;
    list->item[list->count++] = (struct given_value){space->knob[k].name, r->trial->value[k], "--set"};
  }
  return AQ_OK;
}

static void fail(struct run *r, const aq_message *message) {
  r->trial->state = TRIAL_FAILED;
  if (message->line > 0)
    snprintf(r->trial->why, sizeof r->trial->why, "%.60s:%d: %.180s", message->file, message->line,
             message->text);
  else
    snprintf(r->trial->why, sizeof r->trial->why, "%.240s", message->text);
}

/* These end the search; after others, such as a loss that is no number or sizes for which there is not enough
 * memory, the next trial may do better. */
static bool is_fatal(int status) {
  return status == AQ_NO_INPUT || status == AQ_CANNOT_CREATE || status == AQ_IO;
}

/* A combination of values that the program does not allow is a trial that failed. */
static int open_trial(struct run *r) {
  struct settings settings = r->tuning->fixed;
  int status = give_values(r, &settings);
  if (status == AQ_OK) status = read_program(settings.operand[0], &settings, &r->program);
  if (status == AQ_OK) status = aq_program_check(r->program);
  if (status != AQ_OK && r->program) fail(r, aq_program_message(r->program));
  if (status != AQ_OK && !r->program) status = AQ_IO; /* which has been said: it ends the search */
  free(settings.define.item);
  free(settings.set.item);
  return status;
}

static aq_train_options train_options(struct run *r) {
  char checkpoint[4128];
  aq_train_options o = training_options(r->tuning->settings, r->path);
  o.threads = r->tuning->each;
  o.progress = on_progress;
  o.context = r;
  snprintf(checkpoint, sizeof checkpoint, "%s.ckpt", r->path);
  o.resume = r->trial->epochs > 0 && access(checkpoint, R_OK) == 0;
  return o;
}

static void take_result(struct run *r, bool done) {
  const aq_train_facts *facts = aq_trainer_facts(r->trainer);
  aq_model *model = NULL;
  if (aq_trainer_model(r->trainer, &model) == AQ_OK && facts->best_epoch)
    snprintf(r->trial->metric, sizeof r->trial->metric, "%s", aq_model_metric(model, &r->trial->best));
  aq_model_free(model);
  r->trial->epochs = facts->epochs;
  r->trial->of = facts->epochs_set;
  r->trial->best_epoch = facts->best_epoch;
  r->trial->seconds = (isnan(r->trial->seconds) ? 0 : r->trial->seconds) + facts->seconds;
  r->trial->state = done ? TRIAL_DONE : TRIAL_STOPPED;
  if (facts->reached) r->tuning->reached = true;
}

/* Returns a status that ends the search, or AQ_OK. What was cut short by Ctrl-C is not noted. */
static int train_trial(struct run *r, bool *noted) {
  struct tuning *t = r->tuning;
  snprintf(r->path, sizeof r->path, "%s/%d.aqm", t->folder, r->trial->number);
  int status = open_trial(r);
  if (status != AQ_OK) return is_fatal(status) ? status : AQ_OK;
  const aq_train_options options = train_options(r);
  pthread_mutex_lock(&t->lock); /* the libraries that it loads are the whole process's */
  status = aq_trainer_new(r->program, &options, &r->trainer);
  pthread_mutex_unlock(&t->lock);
  if (status != AQ_OK) {
    fail(r, aq_trainer_message(r->trainer));
    bool is_its_own = status == AQ_NOT_FINITE || status == AQ_NO_MEMORY;
    return is_its_own ? AQ_OK : status; /* the data and --until are those of all */
  }
  status = aq_trainer_run(r->trainer);
  *noted = status != AQ_INTERRUPTED || r->enough;
  if (status == AQ_OK || (status == AQ_INTERRUPTED && r->enough)) take_result(r, status == AQ_OK);
  if (status == AQ_OK || status == AQ_INTERRUPTED) return AQ_OK;
  fail(r, aq_trainer_message(r->trainer));
  return is_fatal(status) ? status : AQ_OK;
}

/* ---- what is said ---- */

static void write_values(const struct tuning *t, const struct trial *trial, char *out, size_t size) {
  size_t length = 0;
  for (size_t k = 0; k < t->space.count && length < size; k++)
    length += (size_t)snprintf(out + length, size - length, "%s%s=%s", k ? "  " : "", t->space.knob[k].name,
                               trial->value[k]);
}

static void say_trial(const struct tuning *t, const struct trial *trial) {
  char values[512] = "", best[VALUE_TEXT];
  if (t->settings->quiet) return;
  if (output_form(t->settings) == AQ_JSON) {
    aq_shown *shown = aq_shown_new(true);
    trial_facts(shown, &t->space, trial);
    message_object(shown);
    return;
  }
  write_values(t, trial, values, sizeof values);
  if (trial->state == TRIAL_FAILED)
    message_remark("trial %d failed: %s  (%s)", trial->number, trial->why, values);
  else
    message_remark("trial %d, %lld of %lld epochs: %s %s  (%s)", trial->number, (long long)trial->epochs,
                   (long long)trial->of, trial->metric, value_text(best, trial->best), values);
}

/* ---- a round ---- */

static struct trial *take_next(struct tuning *t) {
  pthread_mutex_lock(&t->lock);
  bool on = t->next < t->queued && t->status == AQ_OK && !t->reached && !interrupt_seen();
  struct trial *trial = on ? t->queue[t->next++] : NULL;
  pthread_mutex_unlock(&t->lock);
  return trial;
}

/* Trials are ranked by one metric: what a choice predicts may have another than what the others predict. */
static int check_metric(const struct tuning *t, const struct trial *trial) {
  for (size_t k = 0; trial->metric[0] && k < t->count; k++) {
    const struct trial *other = &t->trial[k];
    if (!other->metric[0] || !strcmp(other->metric, trial->metric)) continue;
    return message_fail(AQ_USAGE, "say what decides for all of them, as in --metric log_loss",
                        "trial %d is measured by %s and trial %d by %s, so they cannot be compared",
                        other->number, other->metric, trial->number, trial->metric);
  }
  return AQ_OK;
}

static void *work(void *context) {
  struct tuning *t = context;
  for (struct trial *trial; (trial = take_next(t));) {
    struct run r = {.tuning = t, .trial = trial};
    bool noted = true;
    int status = train_trial(&r, &noted);
    pthread_mutex_lock(&t->lock);
    if (status != AQ_OK && t->status == AQ_OK && (r.trainer || r.program))
      message_print(r.trainer ? aq_trainer_message(r.trainer) : aq_program_message(r.program));
    if (status == AQ_OK && noted) status = check_metric(t, trial);
    if (status == AQ_OK && noted) {
      status = trials_add(&t->file, &t->space, trial);
      say_trial(t, trial);
    }
    if (t->status == AQ_OK) t->status = status;
    pthread_mutex_unlock(&t->lock);
    aq_trainer_free(r.trainer);
    aq_program_free(r.program);
  }
  return NULL;
}

/* Several trials at once, each on its part of the cores: how many does not change what comes out. */
static void run_queue(struct tuning *t) {
  size_t workers = t->queued < (size_t)t->cores ? t->queued : (size_t)t->cores, started = 1;
  pthread_t thread[64];
  if (workers > 64) workers = 64;
  t->next = 0;
  t->each = workers ? t->cores / (int)workers : 1;
  while (started < workers && pthread_create(&thread[started], NULL, work, t) == 0) started++;
  work(t);
  for (size_t k = 1; k < started; k++) pthread_join(thread[k], NULL);
}

/* The best first: a finished or stopped one by its metric, then its loss, then its number. */
static int better_first(const void *one, const void *other) {
  const struct trial *a = *(struct trial *const *)one, *b = *(struct trial *const *)other;
  bool has_a = a->metric[0] != 0, has_b = b->metric[0] != 0;
  if (has_a != has_b) return has_a ? -1 : 1;
  int way = has_a ? aq_metric_compare(a->metric, a->best, b->best) : 0;
  if (way) return way > 0 ? -1 : 1;
  if (has_a && a->valid_loss != b->valid_loss && !isnan(a->valid_loss) && !isnan(b->valid_loss))
    return a->valid_loss < b->valid_loss ? -1 : 1;
  return a->number < b->number ? -1 : 1;
}

static struct trial **ranked(struct tuning *t) {
  struct trial **order = malloc((t->count + 1) * sizeof *order);
  for (size_t k = 0; order && k < t->count; k++) order[k] = &t->trial[k];
  if (order) qsort(order, t->count, sizeof *order, better_first);
  return order;
}

static bool has_run(const struct tuning *t, const struct trial *trial) {
  bool ended = trial->state == TRIAL_DONE || trial->state == TRIAL_FAILED;
  return ended
         || (trial->state == TRIAL_STOPPED && (double)trial->epochs >= ceil(t->share * (double)trial->of));
}

/* All trials learn for a part of the epochs, the best third goes on, and the best of these to the end. */
static int run_rounds(struct tuning *t) {
  int rounds = 1;
  size_t kept = t->count;
  while (rounds < MOST_ROUNDS && t->count >= (size_t)pow(PART, rounds)) rounds++;
  for (int round = 0; round < rounds && t->status == AQ_OK && !interrupt_seen() && !t->reached; round++) {
    struct trial **order = ranked(t);
    if (!order) return message_no_memory();
    t->share = pow(PART, round + 1 - rounds);
    t->queue = order;
    t->queued = 0;
    for (size_t k = 0; k < kept; k++)
      if (!has_run(t, order[k])) order[t->queued++] = order[k];
    run_queue(t);
    free(order);
    kept = (kept + PART - 1) / PART;
  }
  return t->status;
}

/* ---- all of it ---- */

static bool same_values(const struct tuning *t, const struct trial *a, const struct trial *b) {
  bool same = true;
  for (size_t k = 0; k < t->space.count; k++) same &= !strcmp(a->value[k], b->value[k]);
  return same;
}

static void drop_values(const struct tuning *t, struct trial *trial) {
  for (size_t k = 0; k < t->space.count; k++) free(trial->value[k]);
}

/* The values of all trials, none twice. Where there are no more combinations, there are fewer trials. */
static int draw_trials(struct tuning *t, uint64_t seed, size_t wanted) {
  t->trial = calloc(wanted, sizeof *t->trial);
  if (!t->trial) return message_no_memory();
  int number = 0, tries = 0;
  while (t->count < wanted && tries < TRIES) {
    struct trial *trial = &t->trial[t->count];
    *trial = (struct trial){.number = (int)t->count + 1, .best = NAN, .valid_loss = NAN, .seconds = NAN};
    trial->value = calloc(t->space.count, sizeof *trial->value);
    if (!trial->value || !space_draw(&t->space, seed, ++number, trial->value)) return message_no_memory();
    bool again = false;
    for (size_t k = 0; k < t->count; k++) again |= same_values(t, trial, &t->trial[k]);
    tries = again ? tries + 1 : 0;
    if (!again) t->count++;
    if (again) drop_values(t, trial);
    if (again) free(trial->value);
  }
  if (t->count < wanted && t->settings->trials > 0 && !t->settings->quiet)
    message_remark("%zu trials: there are no more combinations", t->count);
  return AQ_OK;
}

static int name_files(struct tuning *t) {
  const struct settings *s = t->settings;
  char *beside = s->output ? NULL : file_beside(s->operand[0], ".aqm");
  const char *save = s->output ? s->output : beside;
  size_t length = save ? strlen(save) : 0, stem = save && file_ends_with(save, ".aqm") ? length - 4 : length;
  t->save = save ? strdup(save) : NULL;
  t->folder = malloc(length + 16);
  t->file.path = malloc(length + 16);
  if (t->save && t->folder && t->file.path) {
    snprintf(t->folder, length + 16, "%.*s.trials", (int)stem, save);
    snprintf(t->file.path, length + 16, "%.*s.trials.jsonl", (int)stem, save);
  }
  free(beside);
  return t->save && t->folder && t->file.path ? AQ_OK : message_no_memory();
}

/* The model of a trial of before, whose files are gone, is the saved one, or is made again. */
static int make_again(struct tuning *t, struct trial *trial) {
  struct trial *queue[] = {trial};
  double part = trial->of > 0 ? ((double)trial->epochs - 0.5) / (double)trial->of : 1;
  trial->epochs = 0;
  trial->seconds = NAN;
  t->share = trial->state == TRIAL_DONE ? 1 : part;
  t->queue = queue;
  t->queued = 1;
  t->reached = false;
  run_queue(t);
  return t->status;
}

static int keep_best(struct tuning *t, struct trial *best) {
  char path[4096];
  aq_model *model;
  snprintf(path, sizeof path, "%s/%d.aqm", t->folder, best->number);
  if (access(path, R_OK) != 0) {
    if (trials_has_saved(&t->file, best->number, t->save)) return AQ_OK;
    int status = make_again(t, best);
    if (status != AQ_OK || interrupt_seen()) return status;
    if (best->state == TRIAL_FAILED) return message_fail(AQ_BAD_DATA, NULL, "%s", best->why);
  }
  int status = open_model(path, t->settings, &model);
  if (status == AQ_OK && aq_model_save(model, t->save) != AQ_OK)
    status = message_print(aq_model_message(model));
  aq_model_free(model);
  return status == AQ_OK ? trials_add_saved(&t->file, best->number, t->save) : status;
}

static void clear_folder(const struct tuning *t) {
  static const char *const ends[] = {"", ".ckpt"};
  char path[4096];
  for (size_t k = 0; k < t->count; k++)
    for (size_t e = 0; e < 2; e++) {
      snprintf(path, sizeof path, "%s/%d.aqm%s", t->folder, t->trial[k].number, ends[e]);
      unlink(path);
    }
  rmdir(t->folder);
}

/* ---- the table ---- */

static int widest(const struct tuning *t, size_t k) {
  int width = (int)strlen(t->space.knob[k].name);
  for (size_t n = 0; n < t->count; n++)
    if ((int)strlen(t->trial[n].value[k]) > width) width = (int)strlen(t->trial[n].value[k]);
  return width;
}

/* "loss", "status.f1": its value stands below. */
static int widest_metric(const struct tuning *t) {
  int width = 8;
  for (size_t n = 0; n < t->count; n++)
    if ((int)strlen(t->trial[n].metric) > width) width = (int)strlen(t->trial[n].metric);
  return width;
}

static void show_row(const struct tuning *t, aq_shown *shown, const struct trial *trial) {
  char line[1024], result[320], best[VALUE_TEXT];
  int length = snprintf(line, sizeof line, "%5d", trial->number);
  for (size_t k = 0; k < t->space.count && length < (int)sizeof line; k++)
    length += snprintf(line + length, sizeof line - (size_t)length, "  %-*s", widest(t, k), trial->value[k]);
  if (trial->state == TRIAL_FAILED)
    snprintf(result, sizeof result, "failed: %s", trial->why);
  else
    snprintf(result, sizeof result, "%*s  %3lld of %lld", widest_metric(t), value_text(best, trial->best),
             (long long)trial->epochs, (long long)trial->of);
  aq_shown_begin(shown, NULL);
  trial_facts(shown, &t->space, trial);
  aq_shown_note(shown, NULL, "%.900s  %s", line, trial->state == TRIAL_NEW ? "not begun" : result);
  aq_shown_end(shown);
}

static int show_trials(struct tuning *t) {
  struct trial **order = ranked(t);
  if (!order) return message_no_memory();
  struct trial *best = t->count && order[0]->metric[0] ? order[0] : NULL;
  aq_shown *shown = aq_shown_new(true);
  char line[1024], value[VALUE_TEXT];
  int length = snprintf(line, sizeof line, "trial");
  for (size_t k = 0; k < t->space.count && length < (int)sizeof line; k++)
    length +=
        snprintf(line + length, sizeof line - (size_t)length, "  %-*s", widest(t, k), t->space.knob[k].name);
  aq_shown_text(shown, "model", NULL, best ? t->save : NULL);
  aq_shown_note(shown, NULL, "%.900s  %*s  epochs", line, widest_metric(t), best ? best->metric : "");
  aq_shown_list(shown, "trials");
  for (size_t k = 0; k < t->count; k++) show_row(t, shown, order[k]);
  aq_shown_end(shown);
  if (t->settings->until) aq_shown_flag(shown, "reached", NULL, t->reached);
  int status = best ? keep_best(t, best) : AQ_OK;
  if (status == AQ_OK && best && !t->settings->quiet && !interrupt_seen())
    message_remark("saved %s: trial %d, %s %s", t->save, best->number, best->metric,
                   value_text(value, best->best));
  free(order);
  int shown_status = output_shown(t->settings, shown);
  return status == AQ_OK ? shown_status : status;
}

/* Known before hours of work: the model will be a file of this name. */
static int check_output(const char *path) {
  struct stat about;
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
    return message_fail(AQ_CANNOT_CREATE, "give another name with -o",
                        "cannot create %s: it is no ordinary file", path);
  return AQ_OK;
}

static int check(const struct tuning *t) {
  const struct settings *s = t->settings;
  if (!training_is_validated(s))
    return message_fail(AQ_USAGE, "give --valid FILE, or --hold 10%",
                        "trials are compared on validation data, and there is none");
  int status = training_check(s);
  if (status == AQ_OK) status = written_check_own(&verb_tune, s, t->save, "the model");
  if (status == AQ_OK) status = training_check_again(s->operand[1], "trial");
  if (status == AQ_OK) status = training_check_again(s->valid, "trial");
  if (status == AQ_OK) status = refuse_overwriting_of("-o", t->save, s->operand[0]);
  return status == AQ_OK ? check_output(t->save) : status;
}

/* The folder of the trials, which one search at a time has: the lock ends with the process. Whoever had it
 * may have removed the folder in between. */
static int make_folder(struct tuning *t) {
  struct stat held, there;
  for (int tries = 0; tries < 10; tries++) {
    if (mkdir(t->folder, 0777) != 0 && errno != EEXIST) break;
    t->lock_file = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->lock_file < 0 && errno != ENOENT) break;
    if (t->lock_file < 0) continue;
    if (flock(t->lock_file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      close(t->lock_file);
      t->lock_file = -1;
      return message_fail(AQ_CANNOT_CREATE, "wait for it, or give the new model another name with -o",
                          "another `aqc tune` is at work on %s", t->save);
    }
    if (fstat(t->lock_file, &held) == 0 && stat(t->folder, &there) == 0 && held.st_ino == there.st_ino)
      return AQ_OK;
    close(t->lock_file);
    t->lock_file = -1;
  }
  return message_fail(AQ_CANNOT_CREATE, NULL, "cannot create %s: %s", t->folder, strerror(errno));
}

/* All trials failed: the first one says why. */
static int all_failed(const struct tuning *t) {
  bool failed = t->count > 0;
  for (size_t k = 0; k < t->count; k++) failed &= t->trial[k].state == TRIAL_FAILED;
  return failed ? message_fail(AQ_BAD_DATA, NULL, "every trial failed; the first: %s", t->trial[0].why)
                : AQ_OK;
}

static int tune(struct tuning *t) {
  const struct settings *s = t->settings;
  uint64_t seed = s->seed >= 0 ? (uint64_t)s->seed : 1;
  int status = name_files(t);
  if (status == AQ_OK) status = space_read(s, &t->fixed, &t->space);
  if (status == AQ_OK) status = check(t);
  if (status == AQ_OK) status = basis_write(&t->fixed, seed, &t->file.head);
  if (status == AQ_OK) status = draw_trials(t, seed, s->trials > 0 ? (size_t)s->trials : TRIALS);
  if (status == AQ_OK) status = make_folder(t);
  if (status != AQ_OK) return status;
  status = trials_read(&t->file, &t->space, t->trial, t->count);
  if (status != AQ_OK) {
    rmdir(t->folder); /* unless it has models of an earlier search */
    return status;
  }
  interrupt_hold();
  status = run_rounds(t);
  if (status == AQ_OK) status = show_trials(t);
  if (status == AQ_OK && interrupt_seen())
    return message_fail(AQ_INTERRUPTED, "the same command goes on from there",
                        "stopped; the trials are in %s", t->file.path);
  if (status == AQ_OK && s->until && !s->quiet && !t->reached) message_remark("%s was not reached", s->until);
  if (status != AQ_OK)
    rmdir(t->folder); /* where the models of trials are, they stay: work was put into them */
  if (status != AQ_OK) return status;
  clear_folder(t);
  return all_failed(t);
}

static int run_tune(const struct settings *settings) {
  struct tuning t = {.settings = settings, .lock_file = -1};
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  t.cores = settings->threads > 0 ? (int)settings->threads : cores > 0 ? (int)cores : 1;
  pthread_mutex_init(&t.lock, NULL);
  int status = tune(&t);
  for (size_t k = 0; t.trial && k < t.count; k++) {
    drop_values(&t, &t.trial[k]);
    free(t.trial[k].value);
  }
  free(t.trial);
  space_free(&t.space);
  free(t.fixed.set.item);
  if (t.lock_file >= 0) close(t.lock_file);
  free(t.file.path);
  free(t.file.head);
  free(t.folder);
  free(t.save);
  pthread_mutex_destroy(&t.lock);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "valid", READS, "FILE", valid, "validation data, on which trials are compared"),
    OPTION(0, "hold", HOLD, "10%|last(FIELD)", hold,
           "hold back this part of the training rows for validation, or the last row of each FIELD"),
    OPTION(0, "set", GIVEN, "NAME=a,b", set,
           "what to try: values, or a range as in lr=0.0003..0.01; repeatable"),
    OPTION(0, "trials", COUNT, "N", trials, "how many trials (default: 20)"),
    OPTION(0, "until", TEXT, "METRIC=X", until, "stop once a trial is that good, as in f1=0.9"),
    OPTION('o', "output", WRITES, "FILE", output,
           "where the best model goes (default: MODEL.aqm in this folder)"),
    OPTION_SET_WEIGHTS,
    OPTION_SET_DIM,
    OPTION_TRAIN("epochs", "N", "passes over the training data, as for train"),
    OPTION_TRAIN("batch", "N", "examples in a step, likewise"),
    OPTION_TRAIN("lr", "X", "learning rate, likewise"),
    OPTION_TRAIN("patience", "N", "stop a trial after so many epochs that are not better, likewise"),
    OPTION_TRAIN("metric", "METRIC", "what is compared, as in f1 or label.f1, likewise"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of the values that are drawn (default: 1)"),
    OPTION_SET_FFI,
    OPTION_SET_ROWS,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_tune = {
    "tune",
    "MODEL.aq DATA.tsv",
    2,
    2,
    "try values and alternatives, and keep the best model",
    "Trains the program with many values: those of --set, and the alternatives that the program names with "
    "choose(a, b). All trials learn for a part of the epochs, the best third of them goes on, and the best "
    "third of these to the end. The model that does best on the validation data is kept, with its values. "
    "Trials are noted in MODEL.trials.jsonl: the same command goes on from there, also with more --trials.",
    option_list,
    run_tune};
