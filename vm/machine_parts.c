/* machine_parts.c: what the files of the machine have in common. */
#include "vm/machine_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "runtime/random.h"

int machine_fail(const struct vm_machine *machine, uint32_t instr, struct rt_error *error, int code,
                 const char *format, ...) {
  char what[512];
  uint32_t number = machine->function->instr[instr].line;
  const struct vm_line *line = number < machine->module->line_count ? &machine->module->line[number] : NULL;
  bool fresh = error && !error->code;
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  if (!line) return rt_fail(error, code, "%s", what);
  rt_fail_at(error, code, (struct rt_place){line->file, line->line, line->column}, "%s%s%s",
             line->name ? line->name : "", line->name ? ": " : "", what);
  if (fresh && line->text) snprintf(error->excerpt, sizeof error->excerpt, "%s", line->text);
  return code;
}

/* Number `stream` of SplitMix64's sequence. */
uint64_t machine_seed(uint64_t seed, uint64_t stream) { return rt_mix64(seed + (stream + 1) * RT_GOLDEN); }

void vm_machine_set_argument(struct vm_machine *machine, uint32_t argument, const void *data) {
  void **place = &machine->place[machine->function->slot_count + machine->module->param_count
                                 + machine->module->input_count + argument];
  machine->moved |= *place != data;
  *place = (void *)(uintptr_t)data;
}

struct rt_tensor vm_machine_value(const struct vm_machine *machine, uint32_t value) {
  return (struct rt_tensor){machine->place[machine->value_place[value]],
                            &machine->shapes.shape[machine->value_shape[value]]};
}

struct rt_tensor vm_machine_output(const struct vm_machine *machine, uint32_t output) {
  return vm_machine_value(machine, machine->function->output[output]);
}

size_t machine_element_bytes(const struct vm_machine *machine, const struct vm_type *type) {
  return type->dtype == RT_INT ? sizeof(int32_t) : machine->real_bytes;
}

bool machine_make_room(void **memory, size_t *bytes, size_t need) {
  if (need <= *bytes && *memory) return true;
  rt_free_aligned(*memory);
  *memory = rt_alloc_aligned(need);
  *bytes = *memory ? need : 0;
  return *memory;
}
