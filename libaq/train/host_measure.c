/* host_measure.c: a measure of the host's own, by which the best epoch is known. */
#include <string.h>

#include "libaq/train/trainer.h"
#include "runtime/io/utf8.h"

enum { LONGEST_NAME = 60 }; /* of a measure: bytes */

static bool is_name(const char *text) {
  const size_t length = strlen(text);
  for (size_t k = 0; k < length; k++)
    if ((unsigned char)text[k] < ' ' || text[k] == 127) return false;
  return length > 0 && length <= LONGEST_NAME && io_utf8_check(text, length) == length;
}

int lib_check_measure(const aq_train_options *o, struct rt_error *error) {
  if (o->measured && !o->measure)
    return rt_fail(error, RT_USAGE, "%.60s is to be measured by the host, and there is no function for it",
                   o->measured);
  if (!o->measure) return RT_OK;
  if (!o->measured) {
    rt_fail(error, RT_USAGE, "what the host measures has no name");
    rt_hint(error, "aq_train_options.measured is one, as in \"profit\"");
    return RT_USAGE;
  }
  if (!is_name(o->measured))
    return rt_fail(error, RT_USAGE, "what the host measures needs a name of at most %d bytes on one line",
                   LONGEST_NAME);
  if (!o->metric) return RT_OK;
  return rt_fail(error, RT_USAGE,
                 "either %.60s decides which epoch is best, or what the host measures, %.60s", o->metric,
                 o->measured);
}

bool lib_measure_better(const struct aq_trainer *t, double value) {
  const double best = t->state.best_value;
  if (isnan(value) || isnan(best)) return !isnan(value);
  return t->options.least_is_best ? value < best : value > best;
}

/* The model of the epoch before is used again, unless the host keeps it in a session. */
static int show_model(struct aq_trainer *t, struct rt_error *error) {
  if (!t->shown && !(t->shown = lib_model_new())) return rt_no_memory(error);
  int status = lib_train_copy(t, lib_train_now(t), t->shown, error);
  if (status == RT_OK) return RT_OK;
  aq_model_free(t->shown);
  t->shown = NULL;
  return status;
}

/* Asks the host. One more user while it has the model: afterwards their number says what the host did. */
static bool ask(struct aq_trainer *t, double *value) {
  struct aq_model *model = lib_model_share(t->shown);
  const bool answered = t->options.measure(t->options.context, model, value);
  const int users = atomic_load(&model->users);
  if (users != 2) t->shown = NULL;
  if (users > 2) aq_model_free(model); /* some session has it, and keeps it as it is */
  aq_model_free(model);
  return answered;
}

int lib_train_measure(struct aq_trainer *t, double *value, struct rt_error *error) {
  *value = NAN;
  int status = show_model(t, error);
  if (status != RT_OK) return status;
  const bool answered = ask(t, value);
  rt_error_clear(error); /* of a call that the host has made meanwhile */
  if (answered && !t->freed) return RT_OK;
  return rt_fail(error, RT_INTERRUPTED, "%s was not measured after epoch %lld", t->measured,
                 (long long)t->state.epoch + 1);
}
