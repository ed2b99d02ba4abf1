/* explain_training.c: how a model is trained, or was: the settings that count, whoever gave them. */
#include <inttypes.h>

#include "libaq/explain/explain.h"
#include "runtime/training.h"

/* A setting as a member, and as a program would say it: `, lr = 0.001`. */
static void number(aq_shown *shown, struct rt_text *line, const char *name, double value) {
  char digits[SHOWN_EXACT_SIZE];
  shown_short(digits, value);
  aq_shown_real(shown, name, NULL, value);
  rt_text_printf(line, "%s%s = %s", line->length ? ", " : "", name, digits);
}

static void setting(aq_shown *shown, struct rt_text *line, const struct rt_setting *row, double value) {
  if (row->range.takes != RT_TAKES_SWITCH) {
    number(shown, line, row->name, value);
    return;
  }
  aq_shown_flag(shown, row->name, NULL, value != 0);
  rt_text_printf(line, "%s%s = %s", line->length ? ", " : "", row->name, value != 0 ? "true" : "false");
}

static void amount(aq_shown *shown, struct rt_text *line, const char *name, const struct rt_amount *of) {
  if (of->steps > 0) {
    aq_shown_whole(shown, name, NULL, of->steps);
    rt_text_printf(line, "%s%s = %" PRId64, line->length ? ", " : "", name, of->steps);
  } else {
    char digits[SHOWN_EXACT_SIZE];
    shown_short(digits, 100 * of->number);
    aq_shown_real(shown, name, NULL, of->number);
    rt_text_printf(line, "%s%s = %s%s", line->length ? ", " : "", name, digits, of->number > 0 ? "%" : "");
  }
}

static void end_way(aq_shown *shown, const char *what, const char *name, struct rt_text *line) {
  aq_shown_end(shown);
  if (line->failed)
    shown_fail(shown, RT_NO_MEMORY);
  else
    aq_shown_note(shown, what, "%s(%s)", name, line->data);
  rt_text_free(line);
}

static void optimizer(aq_shown *shown, const struct vm_settings *s) {
  const struct rt_method *row = rt_method_find(s->optimizer);
  struct rt_text line = {0};
  aq_shown_begin(shown, "optimizer");
  aq_shown_text(shown, "name", NULL, s->optimizer);
  number(shown, &line, "lr", s->learning_rate);
  number(shown, &line, "weight_decay", s->weight_decay);
  for (int k = 0; row && k < row->settings; k++)
    setting(shown, &line, &row->setting[k], s->optimizer_setting[k]);
  end_way(shown, "optimizer", s->optimizer, &line);
}

static void schedule(aq_shown *shown, const struct vm_settings *s) {
  const struct rt_schedule *row = rt_schedule_find(s->schedule);
  struct rt_text line = {0};
  aq_shown_begin(shown, "schedule");
  aq_shown_text(shown, "name", NULL, s->schedule);
  amount(shown, &line, "warmup", &s->warmup);
  for (int k = 0; row && k < row->settings; k++) {
    if (row->setting[k].range.takes == RT_TAKES_STEPS)
      amount(shown, &line, row->setting[k].name, &s->schedule_setting[k]);
    else
      setting(shown, &line, &row->setting[k], s->schedule_setting[k].number);
  }
  end_way(shown, "schedule", s->schedule, &line);
}

/* 0 is none, which text does not mention. */
static void limit(aq_shown *shown, const char *name, double value) {
  char digits[SHOWN_EXACT_SIZE];
  shown_short(digits, value);
  aq_shown_real(shown, name, value > 0 ? name : NULL, value);
  if (value > 0) aq_shown_say(shown, "%s", digits);
}

void explain_training(struct explanation *x) {
  const struct vm_settings *s = &x->program->settings;
  aq_shown *shown = x->shown;
  aq_shown_begin(shown, "training");
  aq_shown_say(shown, "training");
  optimizer(shown, s);
  schedule(shown, s);
  aq_shown_whole(shown, "batch", "batch", s->batch);
  aq_shown_whole(shown, "epochs", "epochs", s->epochs);
  aq_shown_whole(shown, "seed", "seed", s->seed);
  limit(shown, "clip", s->clip);
  limit(shown, "average", s->average);
  if (s->metric) aq_shown_text(shown, "metric", "metric", s->metric);
  aq_shown_whole(shown, "patience", s->patience > 0 ? "patience" : NULL, s->patience);
  aq_shown_end(shown);
}
