/* measure.c: metrics as people name them: "f1", of the first output, or "topic.f1", of the output topic. */
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "vm/link.h"

enum rep_kind lib_report_kind(const struct vm_module *module, const struct vm_output *output) {
  return (enum rep_kind)(1 << vm_target_of(module, output));
}

uint32_t lib_metric_output(const struct vm_module *module, const char **name) {
  for (uint32_t o = 0; o < module->output_count; o++) {
    size_t length = strlen(module->output[o].name);
    if (strncmp(*name, module->output[o].name, length) != 0 || (*name)[length] != '.') continue;
    *name += length + 1;
    return o;
  }
  return 0;
}

int lib_measure_find(const struct vm_module *module, const struct rep_report *report, const char *name,
                     struct lib_measure *measure, struct rt_error *error) {
  const char *metric = name;
  *measure = (struct lib_measure){.name = name, .output = lib_metric_output(module, &metric)};
  return rep_metric_find(&report[measure->output], metric, &measure->metric, error);
}

void lib_place_setting(const struct vm_where *where, struct rt_error *error) {
  if (!where->file) return;
  snprintf(error->file, sizeof error->file, "%s", where->file);
  snprintf(error->excerpt, sizeof error->excerpt, "%s", where->excerpt);
  error->line = (int)where->line;
  error->column = (int)where->column;
}

/* Before data are read the number of classes is not known, so auc, which is for two, is allowed. */
int lib_check_metric(const struct vm_module *module, struct rt_error *error) {
  const char *metric = module->settings.metric;
  if (!metric) return RT_OK;
  const struct rep_metric *found;
  const struct vm_output *output = &module->output[lib_metric_output(module, &metric)];
  struct rep_report report = {.kind = lib_report_kind(module, output), .class_count = 2};
  int status = rep_metric_find(&report, metric, &found, error);
  if (status == RT_OK) return RT_OK;
  error->code = RT_BAD_DATA;
  lib_place_setting(&module->settings.metric_at, error);
  return RT_BAD_DATA;
}
