/* targets.c: what there is to be learned, before training begins. */
#include "aqc/targets.h"

#include <stdio.h>

#include "aqc/messages.h"

/* Of more labels than ALL, the first ones and the last are named. */
enum { ALL = 8, FIRST = 4, LINE = 600 };

/* Those that the validation data alone have come last. */
static size_t labels_of_model(const aq_trainer *trainer, size_t o) {
  size_t count = aq_trainer_label_count(trainer, o);
  while (count && aq_trainer_label(trainer, o, count - 1)->only_valid) count--;
  return count;
}

static void remark_labels(const aq_trainer *trainer, const char *output, size_t o) {
  size_t count = labels_of_model(trainer, o), first = count <= ALL ? count : FIRST;
  char line[LINE] = "";
  size_t length = 0;
  for (size_t k = 0; k < first && length < sizeof line; k++) {
    const aq_label_rows *label = aq_trainer_label(trainer, o, k);
    length += (size_t)snprintf(line + length, sizeof line - length, "%s%.60s %lld", k ? ", " : "",
                               label->name, (long long)label->rows);
  }
  if (first < count && length < sizeof line) {
    const aq_label_rows *last = aq_trainer_label(trainer, o, count - 1);
    snprintf(line + length, sizeof line - length, ", … %.60s %lld", last->name, (long long)last->rows);
  }
  message_remark("%s: %zu labels: %s", output, count, line);
}

static void remark_baseline(const char *output, const aq_baseline *easy) {
  const char *where = easy->on_valid ? "rows to validate" : "rows to learn from";
  if (easy->label)
    message_remark("%s: always saying %.60s has %s %.4f on the %s", output, easy->label, easy->metric,
                   easy->value, where);
  else
    message_remark("%s: always saying the mean, %.4g, has %s %.4g on the %s", output, easy->mean,
                   easy->metric, easy->value, where);
}

void targets_remark(const aq_trainer *trainer, const aq_model *model) {
  for (size_t o = 0; o < aq_model_output_count(model); o++) {
    const char *output = aq_model_output_name(model, o);
    if (labels_of_model(trainer, o)) remark_labels(trainer, output, o);
    const aq_baseline *easy = aq_trainer_baseline(trainer, o);
    if (easy) remark_baseline(output, easy);
  }
}
