/* target.h: the kinds of what a model predicts, as rows of targets.def. */
#ifndef AQ_VM_TARGET_H
#define AQ_VM_TARGET_H

#include "vm/module.h"

/* What a target's column is like. */
enum vm_target_form {
  VM_CLASS,
  VM_TAGS,
  VM_LABELS,
  VM_BOXES,
  VM_NEXT,
  VM_PIXELS,
  VM_IMAGE,
  VM_FRAMES,
  VM_MATCH,
  VM_NUMBER,
  VM_VECTOR
};

enum vm_target_number {
#define TARGET(name, ...) VM_TARGET_##name,
#include "vm/targets.def"
#undef TARGET
  VM_TARGETS
};

struct vm_target {
  enum vm_target_form form;
  const char *link;                 /* "": any that no other row of the form has */
  const char *loss;                 /* when the program names none */
  const char *name, *one, *several; /* in JSON, and in words */
  const char *metric; /* says which epoch is best, unless the program or the user names another */
  const char *rows;   /* what a report counts */
  bool of_classes;    /* there are probabilities of classes */
};
extern const struct vm_target vm_targets[VM_TARGETS];
/* Has a row one probability for each class, and not one for each word or box? */
static inline bool vm_ranks_classes(const struct vm_target *target) {
  return target->of_classes && target->form != VM_TAGS && target->form != VM_BOXES;
}

/* Is it what comes next, in a text or an image? */
static inline bool vm_continues(enum vm_target_form form) { return form == VM_NEXT || form == VM_PIXELS; }

/* What the column of a target is, whatever the loss. */
enum vm_target_form vm_form_of(const struct vm_input *target);
enum vm_target_number vm_target_of(const struct vm_module *module, const struct vm_output *output);

#endif
