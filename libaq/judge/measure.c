/* measure.c: metrics as people name them: "f1", of the first output, or "topic.f1", of the output topic. */
#include <stdio.h>
#include <string.h>

#include "libaq/judge/judge.h"
#include "libaq/predict/frame_beam.h"
#include "vm/link.h"

uint32_t lib_text_output(const struct vm_module *module) {
  uint32_t o = 0;
  while (o < module->output_count && vm_target_of(module, &module->output[o]) != VM_TARGET_NEXT) o++;
  return o;
}

enum rep_kind lib_report_kind(const struct vm_module *module, const struct vm_output *output) {
  return (enum rep_kind)(1 << vm_target_of(module, output));
}

/* "`label`, `stars`" */
static void list_outputs(const struct vm_module *module, char *out, size_t size) {
  size_t length = 0;
  out[0] = 0;
  for (uint32_t o = 0; o < module->output_count && length < size; o++)
    length += (size_t)snprintf(out + length, size - length, "%s`%s`", o ? ", " : "", module->output[o].name);
}

/* Each of several outputs has a loss of its own, and what training minimises is none of them. */
static int which_loss(const struct vm_module *module, struct rt_error *error) {
  rt_fail(error, RT_USAGE, "the model predicts %d things, and each has a loss of its own: say which",
          (int)module->output_count);
  rt_hint(error, "%s.loss is that of `%s`, %s.loss that of `%s`", module->output[0].name,
          module->output[0].name, module->output[1].name, module->output[1].name);
  return RT_USAGE;
}

void lib_hint_output(const struct vm_module *module, const char *name, struct rt_error *error) {
  size_t length = strcspn(name, ".=");
  char metric[64];
  if (name[length] == '.' || length >= sizeof metric) return;
  snprintf(metric, sizeof metric, "%.*s", (int)length, name);
  for (uint32_t o = 1; o < module->output_count; o++) {
    struct rep_asked found;
    struct rt_error none = {0};
    struct rep_report report = {.kind = lib_report_kind(module, &module->output[o]), .class_count = 2};
    if (rep_metric_find(&report, metric, &found, &none) != RT_OK) continue;
    rt_hint(error, "without a name it is that of the first output, `%s`; %s.%s is that of `%s`",
            module->output[0].name, module->output[o].name, metric, module->output[o].name);
  }
}

int lib_metric_output(const struct vm_module *module, const char **name, uint32_t *output,
                      struct rt_error *error) {
  size_t length = strcspn(*name, ".=@"); /* of f1=0.9 and recall@1.5 the point parts no names */
  *output = 0;
  if ((*name)[length] != '.') return RT_OK;
  for (; *output < module->output_count; ++*output) {
    const char *of = module->output[*output].name;
    if (strlen(of) != length || strncmp(*name, of, length) != 0) continue;
    *name += length + 1;
    return RT_OK;
  }
  char outputs[200];
  list_outputs(module, outputs, sizeof outputs);
  rt_fail(error, RT_USAGE, "the model does not predict `%.*s`", length < 60 ? (int)length : 60, *name);
  rt_hint(error, "it predicts %s; without a name the metric is that of the first", outputs);
  return RT_USAGE;
}

int lib_chosen_output(const struct vm_module *module, const char **name, uint32_t *output,
                      struct rt_error *error) {
  bool loss = !strncmp(*name, "loss", strlen("loss")) && strchr("=", (*name)[strlen("loss")]);
  if (loss && module->output_count > 1) return which_loss(module, error);
  return lib_metric_output(module, name, output, error);
}

int lib_measure_find(const struct vm_module *module, const struct rep_report *report, const char *name,
                     struct lib_measure *measure, struct rt_error *error) {
  const char *metric = name;
  *measure = (struct lib_measure){.name = name};
  int status = lib_chosen_output(module, &metric, &measure->output, error);
  if (status != RT_OK) return status;
  status = rep_metric_find(&report[measure->output], metric, &measure->asked, error);
  if (status != RT_OK) lib_hint_output(module, name, error);
  return status;
}

void lib_place_setting(const struct vm_where *where, struct rt_error *error) {
  if (!where->file) return;
  snprintf(error->file, sizeof error->file, "%s", where->file);
  snprintf(error->excerpt, sizeof error->excerpt, "%s", where->excerpt);
  error->line = (int)where->line;
  error->column = (int)where->column;
}

int aq_metric_compare(const char *name, double one, double other) {
  const char *point = name ? strrchr(name, '.') : NULL;
  const struct rep_metric *metric = NULL;
  if (point) name = point + 1;
  size_t length = name ? strcspn(name, "@") : 0; /* recall@5 */
  for (size_t m = 0; name && m < rep_metric_count && !metric; m++)
    if (!strncmp(rep_metrics[m].name, name, length) && strchr("@", rep_metrics[m].name[length]))
      metric = &rep_metrics[m];
  if (!metric) return 0;
  return rep_metric_better(metric, one, other) - rep_metric_better(metric, other, one);
}

/* How many classes an output has, as far as the program says: by its size, or by the names of its labels. */
static size_t classes_said(const struct vm_module *module, const struct vm_output *output) {
  const struct vm_input *target = &module->input[output->target];
  int64_t size;
  if (target->type.dtype != RT_INT) return 2; /* of a chance, true and false */
  if (vm_dim_value(&module->dims, target->type.of, NULL, &size, NULL) == RT_OK) return (size_t)size;
  const struct vm_symbol *entries = target->vocabulary >= 0 ? &module->dims.symbol[target->vocabulary] : NULL;
  return entries && entries->limit && entries->least == entries->limit ? (size_t)entries->limit : 2;
}

/* Where only data tell the number of classes, auc, which is for two, is allowed. */
int lib_check_metric(const struct vm_module *module, const char *metric, struct rt_error *error) {
  const char *name = metric;
  struct rep_asked found;
  uint32_t output;
  int status = lib_chosen_output(module, &metric, &output, error);
  if (status != RT_OK) return status;
  const struct vm_output *of = &module->output[output];
  struct rep_report report = {.kind = lib_report_kind(module, of), .class_count = classes_said(module, of)};
  status = rep_metric_find(&report, metric, &found, error);
  if (status != RT_OK) lib_hint_output(module, name, error);
  return status;
}

int lib_check_beam(const struct vm_module *module, int64_t beam, struct rt_error *error) {
  bool any = false;
  if (beam == 0) return RT_OK;
  for (uint32_t o = 0; o < module->output_count; o++)
    any |= lib_report_kind(module, &module->output[o]) == REP_FRAMES;
  if (any && beam > 0 && beam <= FRAME_BEAM_MOST) return RT_OK;
  if (any)
    return rt_fail(error, RT_USAGE, "a beam has 1 to %d beginnings side by side, and this has %lld",
                   FRAME_BEAM_MOST, (long long)beam);
  rt_fail(error, RT_USAGE, "a beam is for texts that frames spell (ctc), and the model %s predicts none",
          module->name);
  if (lib_text_output(module) < module->output_count)
    rt_hint(error, "texts that a model goes on with have beams where they are generated");
  return RT_USAGE;
}

int lib_check_threshold(const struct vm_module *module, double threshold, struct rt_error *error) {
  bool any = false;
  if (threshold == 0) return RT_OK;
  for (uint32_t o = 0; o < module->output_count; o++)
    any |= lib_report_kind(module, &module->output[o]) & REP_SEVERAL;
  if (any && threshold > 0 && threshold < 1) return RT_OK;
  if (any)
    return rt_fail(error, RT_USAGE, "a threshold is a probability above 0 and below 1, and this is %g",
                   threshold);
  rt_fail(error, RT_USAGE,
          "a threshold is for several labels (labels[C]) or boxes, and the model %s predicts none",
          module->name);
  rt_hint(error, "a class is always the likeliest one");
  return RT_USAGE;
}
