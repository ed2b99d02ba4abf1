/* training_shown.c: a training as facts: its settings, what there was to learn, and its epochs as curves. */
#include <math.h>
#include <string.h>

#include "libaq/shown/shown_curve.h"
#include "libaq/train/trainer.h"

/* ---- epochs ---- */

int lib_train_note(struct aq_trainer *t, const aq_progress *p, struct rt_error *error) {
  if (rt_grow((void **)&t->history, &t->history_capacity, t->history_count + 1, sizeof *t->history))
    return rt_no_memory(error);
  t->history[t->history_count++] = (aq_epoch){.size = sizeof(aq_epoch),
                                              .epoch = t->state.epoch + 1,
                                              .loss = t->facts.loss,
                                              .valid_loss = t->has_valid ? p->valid_loss : NAN,
                                              .value = lib_train_has_measure(t) ? p->value : NAN,
                                              .learning_rate = lib_train_rate(t)};
  return RT_OK;
}

size_t aq_trainer_epoch_count(const struct aq_trainer *trainer) {
  return trainer ? trainer->history_count : 0;
}

const aq_epoch *aq_trainer_epoch(const struct aq_trainer *trainer, size_t k) {
  return k < aq_trainer_epoch_count(trainer) ? &trainer->history[k] : NULL;
}

/* ---- settings ---- */

static void show_amount(aq_shown *s, const char *name, const struct rt_amount *amount) {
  if (amount->steps > 0) {
    aq_shown_whole(s, name, name, amount->steps);
    aq_shown_say(s, "%lld steps", (long long)amount->steps);
  } else if (amount->number > 0) {
    aq_shown_real(s, name, name, amount->number);
    aq_shown_say(s, "%g of all steps", amount->number);
  }
}

/* A setting as a program would say it; one that is 0 asks for nothing. */
static void show_number(aq_shown *s, const char *name, double value) {
  char words[SHOWN_EXACT_SIZE];
  if (value == 0) return;
  shown_short(words, value);
  aq_shown_real(s, name, name, value);
  aq_shown_say(s, "%s", words);
}

static void show_settings(const struct aq_trainer *t, aq_shown *s) {
  const struct vm_settings *of = &t->settings;
  const struct rt_method *method = rt_method_find(of->optimizer);
  const struct rt_schedule *schedule = rt_schedule_find(of->schedule);
  aq_shown_begin(s, "settings");
  aq_shown_say(s, "Settings");
  aq_shown_whole(s, "epochs_set", "epochs", of->epochs); /* the result has those that were */
  if (t->history_count)
    aq_shown_say(s, "%lld of %lld", (long long)t->history[t->history_count - 1].epoch, (long long)of->epochs);
  aq_shown_whole(s, "batch", "batch", of->batch);
  aq_shown_text(s, "optimizer", "optimizer", of->optimizer);
  show_number(s, "lr", of->learning_rate);
  show_number(s, "weight_decay", of->weight_decay);
  for (int k = 0; method && k < method->settings; k++)
    show_number(s, method->setting[k].name, of->optimizer_setting[k]);
  aq_shown_text(s, "schedule", "schedule", of->schedule);
  show_amount(s, "warmup", &of->warmup);
  for (int k = 0; schedule && k < schedule->settings; k++)
    show_amount(s, schedule->setting[k].name, &of->schedule_setting[k]);
  show_number(s, "clip", of->clip);
  show_number(s, "average", of->average);
  if (of->patience > 0) aq_shown_whole(s, "patience", "patience", of->patience);
  if (t->best_by.name) {
    aq_shown_text(s, "metric", "metric", t->best_by.name);
    shown_beside(s); /* the result has it */
  }
  aq_shown_whole(s, "seed", "seed", of->seed);
  aq_shown_text(s, "precision", "precision", rt_precision_name(t->precision));
  aq_shown_end(s);
}

/* ---- what there was to learn ---- */

/* A page lists so many labels. */
enum { MOST_LABELS = 20 };

static const struct shown_column label_columns[] = {{"rows", "to learn"}, {"validation_rows", "to validate"}};

static void show_labels(const struct aq_trainer *t, const struct lib_target_rows *of, aq_shown *s) {
  const struct shown_node *row[MOST_LABELS] = {NULL};
  aq_shown_list(s, "labels");
  for (size_t k = 0; k < of->count; k++) {
    aq_shown_begin(s, NULL);
    aq_shown_text(s, "name", NULL, of->label[k].name);
    aq_shown_whole(s, "rows", NULL, of->label[k].rows);
    aq_shown_whole(s, "validation_rows", NULL, of->label[k].valid_rows);
    if (of->label[k].only_valid) aq_shown_flag(s, "only_validation", NULL, true);
    aq_shown_end(s);
    if (k < MOST_LABELS) row[k] = shown_latest(s);
  }
  aq_shown_end(s);
  shown_table(s, label_columns, t->has_valid ? 2 : 1);
  for (size_t k = 0; k < of->count && k < MOST_LABELS; k++) shown_row(s, of->label[k].name, row[k]);
  aq_shown_end(s);
  if (of->count > MOST_LABELS)
    aq_shown_about(s, "The %d most frequent of %zu labels.", MOST_LABELS, of->count);
}

static void show_baseline(const aq_baseline *of, aq_shown *s) {
  aq_shown_begin(s, "baseline");
  aq_shown_text(s, "measure", NULL, of->metric);
  aq_shown_real(s, "value", NULL, of->value);
  if (of->label) aq_shown_text(s, "label", NULL, of->label);
  if (!of->label) aq_shown_real(s, "mean", NULL, of->mean);
  aq_shown_flag(s, "on_validation_data", NULL, of->on_valid);
  aq_shown_end(s);
  const char *where = of->on_valid ? "rows to validate" : "rows to learn from";
  if (of->label)
    aq_shown_about(s, "Always saying %s has %s %.4f on the %s: a model has to be better than that.",
                   of->label, of->metric, of->value, where);
  else
    aq_shown_about(s,
                   "Always saying the mean, %.4g, has %s %.4g on the %s: a model has to be better than that.",
                   of->mean, of->metric, of->value, where);
}

static void show_targets(const struct aq_trainer *t, aq_shown *s) {
  bool any = false;
  for (uint32_t o = 0; o < t->module->output_count; o++)
    any |= t->target[o].count || t->target[o].baseline.size;
  aq_shown_begin(s, "targets");
  if (any) aq_shown_say(s, "What there is to learn");
  for (uint32_t o = 0; o < t->module->output_count; o++) {
    aq_shown_begin(s, t->module->output[o].name);
    if (any && t->module->output_count > 1) aq_shown_say(s, "%s", t->module->output[o].name);
    if (t->target[o].count) show_labels(t, &t->target[o], s);
    if (t->target[o].baseline.size) show_baseline(&t->target[o].baseline, s);
    aq_shown_end(s);
  }
  aq_shown_end(s);
}

/* ---- curves ---- */

/* One number of each epoch, in memory of the tree; NULL: there was none. */
static const double *series(const struct aq_trainer *t, aq_shown *s, size_t offset, double (*of)(double)) {
  double *number = shown_room(s, t->history_count, sizeof *number);
  for (size_t k = 0; number && k < t->history_count; k++) {
    memcpy(&number[k], (const char *)&t->history[k] + offset, sizeof *number);
    if (of) number[k] = of(number[k]);
  }
  return number;
}

/* Lines over the epochs; the curve has them, its title and what is said about it. */
static void show_curve(const struct aq_trainer *t, aq_shown *s, const char *key, aq_curve *curve) {
  double *at = shown_room(s, t->history_count, sizeof *at);
  for (size_t k = 0; at && k < t->history_count; k++) at[k] = (double)t->history[k].epoch;
  for (size_t k = 0; k < curve->line_count; k++)
    if (!curve->line_value[k]) return;
  if (!at) return;
  curve->size = sizeof *curve;
  curve->key = curve->place = "epoch";
  curve->at = at;
  curve->count = t->history_count;
  curve->marked =
      lib_train_has_measure(t) && !t->blind && t->state.best_epoch ? (double)t->state.best_epoch : NAN;
  curve->mark = "kept";
  aq_shown_curve(s, key, curve);
}

/* The first number of each epoch is of the training data; without validation data it is the only one. */
static void show_two(const struct aq_trainer *t, aq_shown *s, const char *key, aq_curve curve,
                     double (*of)(double)) {
  static const char *const name[] = {"training", "validation"};
  const double *const value[] = {series(t, s, offsetof(aq_epoch, loss), of),
                                 series(t, s, offsetof(aq_epoch, valid_loss), of)};
  curve.line_key = curve.line_name = name;
  curve.line_value = value;
  curve.line_count = t->has_valid ? 2 : 1;
  show_curve(t, s, key, &curve);
}

static void show_metric(const struct aq_trainer *t, aq_shown *s) {
  static const char *const line_key = "value";
  const double *value = series(t, s, offsetof(aq_epoch, value), NULL);
  const bool own = t->options.measure;
  struct rt_text title = {0};
  rt_text_printf(&title, own ? "%s" : "%s on the validation data", t->best_by.name);
  aq_curve curve = {.title = title.failed ? NULL : title.data,
                    .about = "By this number the epoch is chosen that is kept.",
                    .line_key = &line_key,
                    .line_name = &t->best_by.name,
                    .line_value = &value,
                    .line_count = 1};
  show_curve(t, s, "metric", &curve);
  rt_text_free(&title);
}

static void show_rate(const struct aq_trainer *t, aq_shown *s) {
  static const char *const line_key = "learning_rate", *const line_name = "learning rate";
  const double *value = series(t, s, offsetof(aq_epoch, learning_rate), NULL);
  aq_curve curve = {.title = "learning rate",
                    .about = "How far a step goes, at the end of each epoch.",
                    .line_key = &line_key,
                    .line_name = &line_name,
                    .line_value = &value,
                    .line_count = 1};
  show_curve(t, s, "learning_rate", &curve);
}

static bool continues_text(const struct aq_trainer *t) {
  return t->module->output_count == 1 && lib_text_output(t->module) == 0;
}

static const char *about_loss(const struct aq_trainer *t) {
  return t->has_valid
             ? "What training makes small, as a mean over each epoch. Where the line of the validation "
               "data rises while the other falls, the model learns its rows by heart."
             : "What training makes small, as a mean over each epoch. There are no validation data, so "
               "nothing says how the model does on rows that it has not seen.";
}

static void show_curves(const struct aq_trainer *t, aq_shown *s) {
  aq_shown_begin(s, "curves");
  aq_shown_say(s, "How training went");
  if (t->history_count && t->history[0].epoch > 1)
    aq_shown_about(
        s,
        "The curves begin with epoch %lld: the checkpoint that training went on from does not have "
        "those before.",
        (long long)t->history[0].epoch);
  if (!t->history_count) aq_shown_about(s, "No epoch has ended, so there is nothing to draw.");
  if (t->history_count) {
    show_two(t, s, "loss", (aq_curve){.title = "loss", .about = about_loss(t)}, NULL);
    if (continues_text(t))
      show_two(t, s, "perplexity",
               (aq_curve){.title = "perplexity",
                          .about = "Among how many equally likely tokens the model hesitates."},
               exp);
    if (t->options.measure || (t->has_valid && t->best_by.name && strcmp(t->best_by.asked.name, "loss") != 0))
      show_metric(t, s);
    show_rate(t, s);
  }
  aq_shown_end(s);
}

void aq_trainer_show(const struct aq_trainer *trainer, aq_shown *shown) {
  if (!trainer || !trainer->ready || !shown) return;
  show_settings(trainer, shown);
  show_targets(trainer, shown);
  show_curves(trainer, shown);
}
