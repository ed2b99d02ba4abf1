/* machine.c: making a machine, binding sizes, running.
 *
 * Random numbers: a call's seed is made from the run's seed and a stream. For most ops the stream is the
 * number of the instruction. The gradient of a head drops exactly what the head dropped: the attention ops
 * take the number of their plan, scans that of their body, and in functions that scans run, which are
 * computed again backwards, a random op counts those before it. */
#include "vm/machine_parts.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/limits.h"
#include "runtime/mode.h"
#include "vm/scan_operands.h"

static const size_t SLOT_ALIGN = 64;

static bool is_scan(uint16_t op) { return rt_op_info[op].flags & RT_NESTED && op != OP_call; }

/* ---- making ---- */

static uint32_t argument_place(const struct vm_machine *machine, uint32_t argument) {
  return machine->function->slot_count + machine->module->param_count + machine->module->input_count
         + argument;
}

static uint32_t place_of(const struct vm_machine *machine, uint32_t v) {
  const struct vm_value *value = &machine->function->value[v];
  const struct machine_placed *placed = machine_placed_at(machine, v);
  uint32_t slots = machine->function->slot_count;
  if (placed) return argument_place(machine, placed->argument);
  switch (value->place) {
    case VM_IN_SLOT: return value->index;
    case VM_IN_PARAM: return slots + value->index;
    case VM_IN_ARGUMENT: return argument_place(machine, value->index);
    default: return slots + machine->module->param_count + value->index;
  }
}

static void mark_used(struct vm_machine *machine, uint32_t value) {
  uint32_t place = machine->value_place[value], slots = machine->function->slot_count;
  if (place >= slots) machine->used[place - slots] = true;
}

static void add_use(struct vm_machine *machine, uint32_t slot, uint32_t shape, uint32_t bytes) {
  for (uint32_t i = machine->use_count; i > 0; i--) { /* equal ones tend to be near */
    const struct slot_use *use = &machine->use[i - 1];
    if (use->slot == slot && use->shape == shape && use->bytes == bytes) return;
  }
  machine->use[machine->use_count++] = (struct slot_use){slot, shape, bytes};
}

static int make_values(struct vm_machine *machine) {
  const struct vm_function *f = machine->function;
  machine->value_shape = rt_arena_alloc(&machine->arena, f->value_count * sizeof *machine->value_shape);
  machine->value_place = rt_arena_alloc(&machine->arena, f->value_count * sizeof *machine->value_place);
  machine->use = rt_arena_alloc(&machine->arena, f->value_count * sizeof *machine->use);
  if (!machine->value_shape || !machine->value_place || !machine->use) return RT_NO_MEMORY;
  for (uint32_t v = 0; v < f->value_count; v++) {
    machine->value_shape[v] = vm_shapes_type(&machine->shapes, &f->value[v].type);
    if (machine->value_shape[v] == UINT32_MAX) return RT_NO_MEMORY;
    machine->value_place[v] = place_of(machine, v);
    if (f->value[v].place == VM_IN_SLOT && !machine_placed_at(machine, v))
      add_use(machine, f->value[v].index, machine->value_shape[v],
              (uint32_t)machine_element_bytes(machine, &f->value[v].type));
  }
  return RT_OK;
}

static int make_places(struct vm_machine *machine) {
  uint32_t outside =
      machine->module->param_count + machine->module->input_count + machine->function->argument_count;
  machine->place_count = machine->function->slot_count + outside;
  machine->place = rt_arena_alloc(&machine->arena, machine->place_count * sizeof *machine->place);
  machine->used = rt_arena_alloc(&machine->arena, outside * sizeof *machine->used);
  machine->slot_bytes =
      rt_arena_alloc(&machine->arena, machine->function->slot_count * sizeof *machine->slot_bytes);
  return machine->place && machine->used && machine->slot_bytes ? RT_OK : RT_NO_MEMORY;
}

static uint64_t stream_of(const struct vm_machine *machine, uint32_t n) {
  enum { OF_PLAN = 1, OF_BODY, OF_DRAW };
  const struct vm_function *f = machine->function;
  const struct vm_instr *instr = &f->instr[n];
  uint64_t before = 0;
  if (rt_has_plan(instr->op)) return (uint64_t)OF_PLAN << 32 | (uint64_t)instr->attr[0];
  if (is_scan(instr->op)) return (uint64_t)OF_BODY << 32 | (uint64_t)instr->attr[SCAN_BODY];
  if (!f->argument_count || !(rt_op_info[instr->op].flags & RT_RANDOM)) return n;
  for (uint32_t k = 0; k < n; k++) before += (rt_op_info[f->instr[k].op].flags & RT_RANDOM) != 0;
  return (uint64_t)OF_DRAW << 32 | before;
}

static int make_attrs(struct vm_machine *machine, uint32_t n) {
  const struct vm_instr *instr = &machine->function->instr[n];
  struct machine_call *call = &machine->call[n];
  int count = vm_op_attr_count(instr->op);
  memcpy(call->attr, instr->attr, sizeof call->attr);
  for (int k = 0; k < count; k++) {
    enum vm_attr_kind kind = vm_op_attr_kind(instr->op, k);
    if (kind == VM_ATTR_PROGRAM) call->call.lanes = &machine->module->lanes[instr->attr[k]];
    if (kind != VM_ATTR_DIM) continue;
    uint32_t dim = vm_shapes_dim(&machine->shapes, (vm_dim)instr->attr[k]);
    if (dim == UINT32_MAX) return RT_NO_MEMORY;
    machine->attr[machine->attr_count++] = (struct machine_attr){n, (uint32_t)k, dim};
  }
  call->stream = stream_of(machine, n);
  if (rt_has_plan(instr->op)) call->call.attend = &machine->module->attend[instr->attr[0]];
  return RT_OK;
}

static struct rt_tensor *make_operands(struct vm_machine *machine, const uint32_t *values, uint16_t count) {
  struct rt_tensor *first = machine->operand + machine->operand_count;
  for (uint16_t k = 0; k < count; k++) {
    mark_used(machine, values[k]);
    machine->operand[machine->operand_count].shape = NULL;
    machine->operand_place[machine->operand_count++] =
        values[k]; /* the value for now; its place when shapes no longer move */
  }
  return first;
}

static int make_calls(struct vm_machine *machine, enum rt_precision precision, struct rt_error *error) {
  const struct vm_function *f = machine->function;
  enum rt_isa isa = rt_best_isa();
  size_t operands = 0, scans = 0;
  for (uint32_t n = 0; n < f->instr_count; n++) {
    operands += (size_t)f->instr[n].in_count + f->instr[n].out_count;
    scans += is_scan(f->instr[n].op);
  }
  machine->scan = rt_arena_alloc(&machine->arena, scans * sizeof *machine->scan);
  machine->call = rt_arena_alloc(&machine->arena, f->instr_count * sizeof *machine->call);
  machine->attr = rt_arena_alloc(&machine->arena, f->instr_count * sizeof *machine->attr);
  machine->operand = rt_arena_alloc(&machine->arena, operands * sizeof *machine->operand);
  machine->operand_place = rt_arena_alloc(&machine->arena, operands * sizeof *machine->operand_place);
  if (!machine->call || !machine->attr || !machine->operand || !machine->operand_place || !machine->scan)
    return rt_no_memory(error);
  for (uint32_t n = 0; n < f->instr_count; n++) {
    const struct vm_instr *instr = &f->instr[n];
    struct machine_call *call = &machine->call[n];
    call->kernel = rt_kernel_of(instr->op, precision, isa);
    call->scratch = rt_scratch_of(instr->op, precision, isa);
    if (!call->kernel && !(rt_op_info[instr->op].flags & RT_NESTED))
      return rt_fail(error, RT_BAD_DATA, "the op %s has no kernel", rt_op_info[instr->op].name);
    struct rt_tensor *in = make_operands(machine, instr->in, instr->in_count);
    struct rt_tensor *out = make_operands(machine, instr->out, instr->out_count);
    call->call = (struct rt_call){.in_count = instr->in_count,
                                  .out_count = instr->out_count,
                                  .in = in,
                                  .out = out,
                                  .attr = call->attr,
                                  .real = instr->real,
                                  .rounds = precision == RT_BF16,
                                  .pool = machine->pool};
    if (make_attrs(machine, n) != RT_OK) return rt_no_memory(error);
    if (instr->op == OP_call) {
      int made = machine_native_make(machine, n, precision, error);
      if (made != RT_OK) return made;
    }
    if (!is_scan(instr->op)) continue;
    call->scan = &machine->scan[machine->scan_count++];
    int status = machine->nested->make(call->scan, machine, n, precision, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int make_ids(struct vm_machine *machine) {
  const struct vm_module *module = machine->module;
  machine->ids = rt_arena_alloc(&machine->arena, module->input_count * sizeof *machine->ids);
  if (!machine->ids) return RT_NO_MEMORY;
  for (uint32_t i = 0; i < module->input_count; i++) {
    const struct vm_type *type = &module->input[i].type;
    if (!machine->used[module->param_count + i]) continue;
    uint32_t shape = vm_shapes_type(&machine->shapes, type), range = UINT32_MAX;
    if (shape == UINT32_MAX) return RT_NO_MEMORY;
    if (type->dtype != RT_INT || type->of == VM_NO_DIM) continue;
    if ((range = vm_shapes_dim(&machine->shapes, type->of)) == UINT32_MAX) return RT_NO_MEMORY;
    bool column = module->input[i].column != NULL;
    machine->ids[machine->ids_count++] = (struct machine_ids){i, shape, range, column};
  }
  return RT_OK;
}

static void mark_results(struct vm_machine *machine) {
  const struct vm_function *f = machine->function;
  for (uint32_t i = 0; i < f->output_count; i++) mark_used(machine, f->output[i]);
  for (uint32_t g = 0; g < f->gradient_count; g++) {
    mark_used(machine, f->gradient[g].value);
    if (f->gradient[g].ids != UINT32_MAX) mark_used(machine, f->gradient[g].ids);
  }
}

static int make(struct vm_machine *machine, enum rt_precision precision, struct rt_error *error) {
  vm_shapes_init(&machine->shapes, &machine->module->dims);
  if (machine_find_placed(machine) != RT_OK || make_places(machine) != RT_OK || make_values(machine) != RT_OK)
    return rt_no_memory(error);
  int status = make_calls(machine, precision, error);
  if (status != RT_OK) return status;
  mark_results(machine);
  if (make_ids(machine) != RT_OK || vm_shapes_ready(&machine->shapes) != RT_OK) return rt_no_memory(error);
  for (uint32_t k = 0; k < machine->operand_count; k++) {
    uint32_t value = machine->operand_place[k];
    const struct machine_placed *placed = machine_placed_at(machine, value);
    machine->operand[k].shape = placed ? &placed->shape : &machine->shapes.shape[machine->value_shape[value]];
    machine->operand_place[k] = machine->value_place[value];
  }
  return RT_OK;
}

struct vm_machine *machine_new(const struct vm_module *module, const struct vm_function *function,
                               enum rt_precision precision, struct rt_pool *pool,
                               const struct machine_nested *nested, struct rt_error *error) {
  struct vm_machine *machine = rt_zalloc(1, sizeof *machine);
  if (!machine) {
    rt_no_memory(error);
    return NULL;
  }
  machine->module = module;
  machine->function = function;
  machine->pool = pool;
  machine->nested = nested;
  machine->real_bytes = precision == RT_F64 ? sizeof(double) : sizeof(float);
  if (make(machine, precision, error) == RT_OK) return machine;
  vm_machine_free(machine);
  return NULL;
}

static void forget_words(struct vm_machine *machine) {
  if (machine->words) machine->memory_of_words->free(machine->words);
  machine->words = NULL;
}

void vm_machine_free(struct vm_machine *machine) {
  if (!machine) return;
  forget_words(machine);
  for (uint32_t i = 0; i < machine->scan_count; i++) machine->nested->free(&machine->scan[i]);
  vm_shapes_free(&machine->shapes);
  rt_free_aligned(machine->memory);
  rt_arena_free(&machine->arena);
  rt_free(machine);
}

/* ---- binding ---- */

/* Names the op whose result is the largest. */
static int no_room(const struct vm_machine *machine, size_t total, struct rt_error *error) {
  const struct vm_function *f = machine->function;
  int64_t most = -1;
  uint32_t largest = 0;
  for (uint32_t n = 0; n < f->instr_count; n++)
    for (uint16_t k = 0; k < f->instr[n].out_count; k++) {
      int64_t count = vm_machine_value(machine, f->instr[n].out[k]).shape->count;
      if (count <= most) continue;
      most = count;
      largest = n;
    }
  if (most < 0) return rt_no_memory(error);
  machine_fail(machine, largest, error, RT_NO_MEMORY,
               "there is not enough memory: %.3g GB are needed for %" PRId64
               " example%s at once, of which this takes %.3g GB",
               (double)total / 1e9, machine->shapes.examples, machine->shapes.examples == 1 ? "" : "s",
               (double)most * (double)machine->real_bytes / 1e9);
  rt_hint(error, "a smaller batch or shorter texts, as in words[T <= 128], need less");
  return RT_NO_MEMORY;
}

/* Puts the slots one behind the other in the block of memory. */
static int lay_out(struct vm_machine *machine, struct rt_error *error) {
  uint32_t slots = machine->function->slot_count;
  size_t total = 0;
  memset(machine->slot_bytes, 0, slots * sizeof *machine->slot_bytes);
  for (uint32_t i = 0; i < machine->use_count; i++) {
    const struct slot_use *use = &machine->use[i];
    size_t bytes = (size_t)machine->shapes.shape[use->shape].count * use->bytes; /* at most 2^40 * 8 */
    if (bytes > machine->slot_bytes[use->slot]) machine->slot_bytes[use->slot] = bytes;
  }
  for (uint32_t s = 0; s < slots; s++) {
    machine->slot_bytes[s] = (machine->slot_bytes[s] + SLOT_ALIGN - 1) & ~(SLOT_ALIGN - 1);
    if (!rt_add(total, machine->slot_bytes[s], &total)) return rt_no_memory(error);
  }
  if (machine->measures) {
    machine->memory_bytes = total;
    return RT_OK;
  }
  if (machine->grows && total > machine->memory_bytes && !rt_add(total, total / 2, &total))
    return rt_no_memory(error);
  if (!machine_make_room(&machine->memory, &machine->memory_bytes, total))
    return no_room(machine, total, error);
  char *at = machine->memory;
  for (uint32_t s = 0; s < slots; s++) {
    machine->place[s] = at;
    at += machine->slot_bytes[s];
  }
  return RT_OK;
}

static void fill_attrs(struct vm_machine *machine) {
  for (uint32_t n = 0; n < machine->function->instr_count; n++)
    machine->call[n].call.examples = machine->shapes.examples;
  for (uint32_t i = 0; i < machine->attr_count; i++) {
    const struct machine_attr *attr = &machine->attr[i];
    const struct shape_dim *dim = &machine->shapes.dim[attr->dim];
    machine->call[attr->call].attr[attr->attr] = dim->size;
    machine->call[attr->call].call.size_each = dim->each;
  }
}

/* What depends on the sizes alone, and is as it was when they were bound before. */
static int fit(struct vm_machine *machine, struct rt_error *error) {
  int status = machine_check_sizes(machine, error);
  if (status != RT_OK || machine->measures) return status;
  status = machine_reserve(machine, error);
  if (status == RT_OK) vm_shapes_note(&machine->shapes);
  return status;
}

int vm_machine_bind(struct vm_machine *machine, int64_t examples, const int64_t *const *ragged,
                    struct rt_error *error) {
  bool changed, was_ready = machine->ready;
  machine->ready = false;
  int status = vm_shapes_bind(&machine->shapes, examples, ragged, &changed, error);
  if (status != RT_OK) return status;
  if (changed || !was_ready) {
    machine->moved = true;
    fill_attrs(machine);
    machine_displace(machine);
    if (!vm_shapes_seen(&machine->shapes)) status = fit(machine, error);
    if (status == RT_OK) status = lay_out(machine, error);
    for (uint32_t i = 0; i < machine->scan_count && status == RT_OK; i++)
      status = machine->nested->bind(&machine->scan[i], error);
    for (uint32_t n = 0; n < machine->function->instr_count && status == RT_OK; n++)
      if (machine->call[n].native) status = machine_native_bind(machine->call[n].native, error);
  }
  machine->ready = status == RT_OK && !machine->measures;
  return status;
}

void vm_machine_grows(struct vm_machine *machine) { machine->grows = true; }

void vm_machine_measure(struct vm_machine *machine) {
  machine->measures = true;
  for (uint32_t i = 0; i < machine->scan_count; i++) machine->nested->measure(&machine->scan[i]);
}

/* ---- running ---- */

void vm_machine_set_param(struct vm_machine *machine, uint32_t param, void *data) {
  forget_words(machine);
  machine->place[machine->function->slot_count + param] = data;
  machine->moved = true;
}

/* Does the instruction multiply rows by a parameter, whole and in its own shape? */
static bool reads_panels(const struct vm_module *module, const struct vm_instr *instr,
                         const struct vm_value *value, uint32_t param) {
  if (instr->op != OP_project || instr->attr[0]) return false;
  const struct vm_value *matrix = &value[instr->in[1]];
  return matrix->place == VM_IN_PARAM && matrix->index == param
         && vm_type_equal(&matrix->type, &module->param[param].type);
}

bool vm_reads_panels(const struct vm_module *module, const struct vm_function *f, uint32_t param) {
  uint32_t n = 0;
  while (n < f->instr_count && !reads_panels(module, &f->instr[n], f->value, param)) n++;
  return n < f->instr_count;
}

void vm_machine_set_panels(struct vm_machine *machine, uint32_t param, const void *panels) {
  const struct vm_function *f = machine->function;
  forget_words(machine);
  vm_shapes_forget(&machine->shapes); /* products with panels need other scratch */
  for (uint32_t n = 0; n < f->instr_count; n++)
    if (reads_panels(machine->module, &f->instr[n], f->value, param)) machine->call[n].call.panels = panels;
}

/* Kernels do not write to inputs: the verifier lets no instruction do that. */
void vm_machine_set_input(struct vm_machine *machine, uint32_t input, const void *data) {
  machine->place[machine->function->slot_count + machine->module->param_count + input] =
      (void *)(uintptr_t)data;
  machine->moved = true;
}

bool vm_machine_uses_input(const struct vm_machine *machine, uint32_t input) {
  return input < machine->module->input_count && machine->used[machine->module->param_count + input];
}

static int fill_addresses(struct vm_machine *machine, struct rt_error *error) {
  const struct vm_module *module = machine->module;
  void *const *outside = machine->place + machine->function->slot_count;
  uint32_t inputs = module->param_count + module->input_count;
  for (uint32_t i = 0; i < inputs + machine->function->argument_count; i++)
    if (machine->used[i] && !outside[i])
      return i >= inputs
                 ? rt_fail(error, RT_USAGE, "%s is a step of a recurrence, which is not run by itself",
                           machine->function->name)
             : i < module->param_count
                 ? rt_fail(error, RT_USAGE, "the parameter %s has no value", module->param[i].name)
                 : rt_fail(error, RT_USAGE, "the input %s has no value",
                           module->input[i - module->param_count].name);
  for (uint32_t k = 0; k < machine->operand_count; k++)
    machine->operand[k].data = machine->place[machine->operand_place[k]];
  machine->moved = false;
  return RT_OK;
}

int machine_start(struct vm_machine *machine, struct rt_error *error) {
  int status = RT_OK;
  if (!machine->ready)
    return rt_fail(error, RT_USAGE, "it cannot run before the sizes of the batch are given");
  if (machine->moved) status = fill_addresses(machine, error);
  if (status == RT_OK) status = machine_check_placed(machine, error);
  for (uint32_t i = 0; i < machine->ids_count && status == RT_OK; i++)
    status = machine_check_ids(machine, &machine->ids[i], error);
  if (status == RT_OK && machine->words) status = machine->memory_of_words->begin(machine->words, error);
  return status;
}

int machine_call_run(struct vm_machine *machine, uint32_t n, uint64_t seed, struct rt_error *error) {
  struct machine_call *call = &machine->call[n];
  if (machine->words && machine->memory_of_words->recall(machine->words, n)) return RT_OK;
  call->call.seed = machine_seed(seed, call->stream);
  if (call->scan) return machine->nested->run(call->scan, call->call.seed, error);
  if (call->native) {
    const uint64_t denormals = rt_denormals(0); /* it finds the usual settings */
    const int status = machine_native_run(call->native, error);
    rt_denormals(denormals);
    return status;
  }
  call->kernel(&call->call);
  return RT_OK;
}

static int timed_call_run(struct vm_machine *machine, uint32_t n, uint64_t seed, struct rt_error *error) {
  struct vm_profile *p = machine->profile;
  struct vm_op_time *op = &p->op[n];
  const int64_t together = p->watch.together, busy = atomic_load(&p->watch.busy), from = rt_clock();
  const int status = machine_call_run(machine, n, seed, error);
  const int64_t to = rt_clock();
  op->runs++;
  op->time += to - from;
  op->together += p->watch.together - together;
  op->busy += atomic_load(&p->watch.busy) - busy;
  if (p->span_count < p->span_room) p->span[p->span_count++] = (struct vm_op_span){from, to, n};
  return status;
}

void vm_machine_profile(struct vm_machine *machine, struct vm_profile *profile) {
  machine->profile = profile;
}

/* The numbers that a call has computed. */
static int64_t work_of(const struct rt_call *call) {
  int64_t count = 1;
  for (int k = 0; k < call->out_count; k++) count += call->out[k].shape->count;
  return count;
}

/* Each kernel flushes denormals, and finds that done. */
int vm_machine_run(struct vm_machine *machine, uint64_t seed, struct rt_error *error) {
  const uint64_t denormals = rt_denormals(RT_DENORMALS_FLUSHED);
  int status = machine_start(machine, error);
  for (uint32_t n = 0; n < machine->function->instr_count && status == RT_OK; n++) {
    status = (machine->profile ? timed_call_run : machine_call_run)(machine, n, seed, error);
    if (status == RT_OK) status = rt_go_on(work_of(&machine->call[n].call), error);
  }
  rt_denormals(denormals);
  return status;
}

const struct vm_function *vm_machine_function(const struct vm_machine *machine) { return machine->function; }

struct vm_memory vm_machine_memory(const struct vm_machine *machine) {
  struct vm_memory memory = {machine->memory_bytes, vm_shapes_memory(&machine->shapes)};
  for (uint32_t i = 0; i < machine->scan_count; i++)
    memory.slots += machine->nested->memory(&machine->scan[i]);
  return memory;
}
