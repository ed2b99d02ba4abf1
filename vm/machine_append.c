/* machine_append.c: rows that are kept are not copied for each token.
 *
 * A step of a text puts new rows behind those that it was given, for a head to look at and to be given the
 * next time: all = concat(argument, rows), attention(query, all, …), and `all` is what is kept. When nothing
 * else is done with them, `all` and its views lie where the argument does: the host leaves room behind each
 * example's part, and concat, which finds the first part in its place, writes the second. Their shapes differ
 * from others in where the examples begin. */
#include "vm/machine_parts.h"

#include <string.h>

/* What was found of one argument. */
struct found {
  uint32_t instr, argument; /* the concat */
  uint32_t slot;            /* of its result */
};

static bool is_step(const struct vm_machine *machine) {
  const struct vm_module *m = machine->module;
  return strcmp(machine->function->name, "step") == 0
         && m->continuing.kept_count == machine->function->argument_count;
}

static bool in_argument(const struct vm_value *value, uint32_t argument) {
  return value->place == VM_IN_ARGUMENT && value->index == argument;
}

static bool in_slot(const struct vm_value *value, uint32_t slot) {
  return value->place == VM_IN_SLOT && value->index == slot;
}

/* Has it no rows at first, and is what it becomes neither the scores nor another one, too? */
static bool only_grows(const struct vm_continuing *c, uint32_t argument) {
  const struct vm_kept *kept = &c->kept[argument];
  int same = 0;
  for (uint32_t k = 0; k < c->kept_count; k++) same += c->kept[k].next == kept->next;
  return kept->start == UINT32_MAX && kept->next != UINT32_MAX && kept->next > 0 && same == 1;
}

/* Is it read once, and not given as it is? */
static bool read_once(const struct vm_function *f, uint32_t argument) {
  int reads = 0;
  for (uint32_t n = 0; n < f->instr_count; n++)
    for (uint16_t k = 0; k < f->instr[n].in_count; k++)
      reads += in_argument(&f->value[f->instr[n].in[k]], argument);
  for (uint32_t o = 0; o < f->output_count; o++) reads += 2 * in_argument(&f->value[f->output[o]], argument);
  return reads == 1;
}

static bool is_join(const struct vm_machine *machine, uint32_t n, struct found *found) {
  const struct vm_function *f = machine->function;
  const struct vm_instr *instr = &f->instr[n];
  if (instr->op != OP_concat || instr->in_count != 2 || instr->attr[0] != 0) return false;
  const struct vm_value *first = &f->value[instr->in[0]], *all = &f->value[instr->out[0]];
  *found = (struct found){n, first->index, all->index};
  return first->place == VM_IN_ARGUMENT && all->place == VM_IN_SLOT && first->type.batched
         && machine->module->dims.poly[first->type.dim[0]].ragged
         && only_grows(&machine->module->continuing, first->index) && read_once(f, first->index);
}

/* Goes over all that shows the result until its slot gets another value: heads may look at it as keys, values
 * or beside them, and it must be what is kept in the end. add: notes those values. */
static bool follow(struct vm_machine *machine, const struct found *found, bool add) {
  const struct vm_function *f = machine->function;
  uint32_t next = machine->module->continuing.kept[found->argument].next;
  for (uint32_t n = found->instr + 1; n < f->instr_count; n++) {
    const struct vm_instr *instr = &f->instr[n];
    for (uint16_t k = 0; k < instr->in_count; k++) {
      if (!in_slot(&f->value[instr->in[k]], found->slot)) continue;
      if (instr->op != OP_attention || k == 0) return false;
      if (add && !machine_placed_at(machine, instr->in[k]))
        machine->placed[machine->placed_count++] =
            (struct machine_placed){.value = instr->in[k], .argument = found->argument};
    }
    for (uint16_t k = 0; k < instr->out_count; k++)
      if (in_slot(&f->value[instr->out[k]], found->slot)) return false;
  }
  bool kept = false;
  for (uint32_t o = 0; o < f->output_count; o++) {
    bool same = in_slot(&f->value[f->output[o]], found->slot);
    if (same && o != next) return false;
    kept = kept || same;
  }
  return kept;
}

static void place(struct vm_machine *machine, const struct found *found) {
  const struct vm_instr *instr = &machine->function->instr[found->instr];
  const uint32_t value[] = {instr->in[0], instr->out[0]};
  machine->longer[found->argument] = instr->out[0];
  for (size_t k = 0; k < RT_COUNT(value); k++)
    machine->placed[machine->placed_count++] =
        (struct machine_placed){.value = value[k], .argument = found->argument};
  follow(machine, found, true);
}

int machine_find_placed(struct vm_machine *machine) {
  const struct vm_function *f = machine->function;
  struct found found;
  if (!is_step(machine)) return RT_OK;
  machine->longer = rt_arena_alloc(&machine->arena, f->argument_count * sizeof *machine->longer);
  machine->placed = rt_arena_alloc(&machine->arena, f->value_count * sizeof *machine->placed);
  if (!machine->longer || !machine->placed) return RT_NO_MEMORY;
  for (uint32_t k = 0; k < f->argument_count; k++) machine->longer[k] = UINT32_MAX;
  for (uint32_t n = 0; n < f->instr_count; n++)
    if (is_join(machine, n, &found) && follow(machine, &found, false)) place(machine, &found);
  return RT_OK;
}

struct machine_placed *machine_placed_at(const struct vm_machine *machine, uint32_t value) {
  for (uint32_t k = 0; k < machine->placed_count; k++)
    if (machine->placed[k].value == value) return &machine->placed[k];
  return NULL;
}

void machine_displace(struct vm_machine *machine) {
  for (uint32_t k = 0; k < machine->placed_count; k++) {
    struct machine_placed *placed = &machine->placed[k];
    placed->shape = machine->shapes.shape[machine->value_shape[placed->value]];
    placed->shape.offset = NULL;
  }
}

int machine_check_placed(const struct vm_machine *machine, struct rt_error *error) {
  for (uint32_t k = 0; k < machine->placed_count; k++)
    if (!machine->placed[k].shape.offset)
      return rt_fail(error, RT_USAGE, "it is not known where the rows that are kept lie");
  return RT_OK;
}

const struct rt_shape *vm_machine_longer(const struct vm_machine *machine, uint32_t argument) {
  uint32_t value = machine->longer ? machine->longer[argument] : UINT32_MAX;
  return value == UINT32_MAX ? NULL : &machine->shapes.shape[machine->value_shape[value]];
}

void vm_machine_set_rows(struct vm_machine *machine, uint32_t argument, void *data, const int64_t *offset) {
  vm_machine_set_argument(machine, argument, data);
  for (uint32_t k = 0; k < machine->placed_count; k++)
    if (machine->placed[k].argument == argument) machine->placed[k].shape.offset = offset;
}
