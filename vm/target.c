/* target.c: which kind an output is of. */
#include "vm/target.h"

#include <string.h>

const struct vm_target vm_targets[VM_TARGETS] = {
#define TARGET(name, form, link, loss, word, one, several, metric, rows, of_classes, text, json)             \
  {form, link, loss, word, one, several, metric, rows, of_classes},
#include "vm/targets.def"
#undef TARGET
};

enum vm_target_form vm_form_of(const struct vm_input *target) {
  if (target->matched) return VM_MATCH;
  if (target->spelled) return VM_FRAMES;
  if (target->type.dtype == RT_INT)
    return target->shifted       ? target->column && target->column->kind->whole ? VM_PIXELS : VM_NEXT
           : target->length >= 0 ? VM_TAGS
                                 : VM_CLASS;
  if (target->column && io_kind_has(target->column->kind, IO_MEMBERS))
    return target->column->kind->beside ? VM_BOXES : VM_LABELS;
  if (target->column && target->column->kind->answered) return VM_IMAGE;
  return target->type.rank ? VM_VECTOR : VM_NUMBER;
}

/* Each form has a row. */
enum vm_target_number vm_target_of(const struct vm_module *module, const struct vm_output *output) {
  enum vm_target_form form = vm_form_of(&module->input[output->target]);
  int any = 0;
  for (int k = 0; k < VM_TARGETS; k++) {
    if (vm_targets[k].form != form) continue;
    if (!strcmp(vm_targets[k].link, output->link)) return (enum vm_target_number)k;
    if (!vm_targets[k].link[0]) any = k;
  }
  return (enum vm_target_number)any;
}
