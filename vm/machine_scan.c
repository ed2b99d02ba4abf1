/* machine_scan.c: recurrences, forwards. One step runs for all examples that still have one: the batch is
 * taken in the order of falling lengths, so that those are always the first ones, and their rows are copied
 * one behind the other. Everything is made when sizes are bound; a run allocates nothing. */
#include "vm/machine_parts.h"
#include "vm/scan_operands.h"

#include <string.h>

static const size_t ALIGN = 64;

/* ---- making ---- */

static size_t bytes_of(const struct vm_machine *machine, const struct vm_type *type) {
  return type->dtype == RT_INT ? sizeof(int32_t) : machine->real_bytes;
}

static struct vm_machine *machine_for(struct vm_machine *machine, int64_t function,
                                      enum rt_precision precision, struct rt_error *error) {
  struct vm_machine *made =
      vm_machine_new(machine->module, &machine->module->function[function], precision, machine->pool, error);
  if (!made || vm_shapes_include(&machine->shapes, &made->shapes) == RT_OK) return made;
  rt_no_memory(error);
  vm_machine_free(made);
  return NULL;
}

int machine_scan_make(struct vm_machine *machine, struct machine_scan *scan, uint32_t n,
                      enum rt_precision precision, struct rt_error *error) {
  const struct vm_instr *instr = &machine->function->instr[n];
  bool grad = instr->op == OP_scan_grad;
  scan->machine = machine;
  scan->call = &machine->call[n].call;
  scan->instr = n;
  scan->sequences = (int)instr->attr[grad ? SCAN_GRAD_SEQUENCES : SCAN_SEQUENCES];
  scan->reverse = instr->attr[grad ? SCAN_GRAD_REVERSE : SCAN_REVERSE];
  scan->wants = grad ? instr->attr[SCAN_GRAD_WANTS] : 0;
  const struct vm_function *body = &machine->module->function[instr->attr[SCAN_BODY]];
  scan->count = (int)body->argument_count;
  scan->states = body->output_count == 1;
  scan->collected = scan->states ? 1 : (int)body->output_count - 1;
  scan->body = machine_for(machine, instr->attr[SCAN_BODY], precision, error);
  if (scan->body && grad)
    scan->step = machine_for(machine, instr->attr[SCAN_GRAD_GRADIENT], precision, error);
  if (!scan->body || (grad && !scan->step)) return error && error->code ? error->code : RT_NO_MEMORY;
  struct rt_arena *arena = &machine->arena;
  scan->bytes = rt_arena_alloc(arena, instr->in_count * sizeof *scan->bytes);
  scan->argument = rt_arena_alloc(arena, (size_t)scan->count * sizeof *scan->argument);
  scan->received =
      rt_arena_alloc(arena, (size_t)(1 + scan->collected + scan->count) * sizeof *scan->received);
  scan->ragged = rt_arena_alloc(arena, machine->module->dims.symbol_count * sizeof *scan->ragged);
  if (!scan->bytes || !scan->argument || !scan->received || !scan->ragged) return rt_no_memory(error);
  for (uint16_t k = 0; k < instr->in_count; k++)
    scan->bytes[k] = bytes_of(machine, &machine->function->value[instr->in[k]].type);
  return RT_OK;
}

void machine_scan_free(struct machine_scan *scan) {
  vm_machine_free(scan->body);
  vm_machine_free(scan->step);
  rt_free(scan->numbers);
  rt_free_aligned(scan->memory);
}

size_t machine_scan_memory(const struct machine_scan *scan) {
  size_t bytes = scan->memory_bytes + scan->number_capacity * sizeof *scan->numbers
                 + vm_machine_memory(scan->body).slots;
  return scan->step ? bytes + vm_machine_memory(scan->step).slots : bytes;
}

/* ---- binding: the order of the examples ---- */

static int64_t steps_of(const struct machine_scan *scan, int64_t example) {
  return rt_size(scan->call->in[1].shape, 0, example);
}

static int make_numbers(struct machine_scan *scan, size_t symbols, struct rt_error *error) {
  size_t n = (size_t)scan->examples, need = (size_t)scan->longest + 2;
  if (!rt_add(need, need, &need) || !rt_mul(symbols + 1, n, &n) || !rt_add(need, n, &need))
    return rt_no_memory(error);
  if (need <= scan->number_capacity) return RT_OK;
  rt_free(scan->numbers);
  scan->number_capacity = 0;
  scan->numbers = rt_zalloc(need, sizeof *scan->numbers);
  if (!scan->numbers) return rt_no_memory(error);
  scan->number_capacity = need;
  return RT_OK;
}

/* By falling length, those of one length as they are: counting sort. An example goes behind all that are
 * longer. */
static void sort_examples(struct machine_scan *scan) {
  int64_t *next = scan->active + scan->longest + 1;
  memset(scan->active, 0, (size_t)(scan->longest + 1) * sizeof *scan->active);
  for (int64_t e = 0; e < scan->examples; e++)
    if (steps_of(scan, e) > 0) scan->active[steps_of(scan, e) - 1]++;
  for (int64_t t = scan->longest; t-- > 0;) scan->active[t] += scan->active[t + 1];
  memcpy(next, scan->active, (size_t)(scan->longest + 1) * sizeof *next);
  scan->in_order = true;
  for (int64_t e = 0; e < scan->examples; e++) {
    int64_t at = next[steps_of(scan, e)]++;
    scan->order[at] = e;
    scan->in_order &= at == e;
  }
}

static void sort_sizes(struct machine_scan *scan) {
  const struct vm_shapes *shapes = &scan->machine->shapes;
  int64_t *room = scan->order + scan->examples;
  for (size_t i = 0; i < shapes->ragged_count; i++, room += scan->examples) {
    for (int64_t p = 0; p < scan->examples; p++) room[p] = shapes->ragged[i].each[scan->order[p]];
    scan->ragged[shapes->ragged[i].number] = room;
  }
}

static int bind_order(struct machine_scan *scan, struct rt_error *error) {
  const struct rt_shape *sequence = scan->call->in[1].shape;
  size_t symbols = sequence->batched ? scan->machine->shapes.ragged_count : 0;
  scan->examples = sequence->batched ? sequence->examples : 1;
  scan->longest = 0;
  for (int64_t e = 0; e < scan->examples; e++)
    scan->longest = steps_of(scan, e) > scan->longest ? steps_of(scan, e) : scan->longest;
  if (make_numbers(scan, symbols, error) != RT_OK) return RT_NO_MEMORY;
  scan->active = scan->numbers;
  scan->order = scan->numbers + 2 * (scan->longest + 1);
  sort_examples(scan);
  if (symbols) sort_sizes(scan);
  return RT_OK;
}

/* ---- binding: memory ---- */

/* Elements of one row of a sequence in all examples. */
static size_t row_elements(const struct machine_scan *scan, const struct rt_shape *sequence) {
  size_t count = 0;
  for (int64_t e = 0; e < scan->examples; e++) count += (size_t)rt_extent(sequence, 1, sequence->rank, e);
  return count;
}

/* Whole values that belong to examples must be brought into their order. */
static bool is_sorted_copy(const struct machine_scan *scan, int k) {
  return scan->call->in[k].shape->batched && !scan->in_order;
}

static size_t argument_bytes(const struct machine_scan *scan, int k) {
  const struct rt_shape *shape = scan->call->in[k].shape;
  if (k == 0) return scan->state_bytes;
  if (k <= scan->sequences) return row_elements(scan, shape) * scan->bytes[k];
  return is_sorted_copy(scan, k) ? (size_t)shape->count * scan->bytes[k] : 0;
}

/* The gradient of the state, rows of gradients, sums. */
static size_t received_bytes(const struct machine_scan *scan, int k) {
  int first = scan->count + scan->states, whole = k - 1 - scan->collected;
  if (k == 0) return scan->state_bytes;
  if (k <= scan->collected)
    return row_elements(scan, scan->call->in[first + k - 1].shape) * scan->machine->real_bytes;
  return scan->wants >> whole & 1 && whole > scan->sequences ? argument_bytes(scan, whole) : 0;
}

static size_t aligned(size_t bytes) { return (bytes + ALIGN - 1) & ~(ALIGN - 1); }

static bool take_bytes(size_t *total, size_t bytes, size_t times) {
  size_t all;
  return bytes <= SIZE_MAX - ALIGN && rt_mul(aligned(bytes), times, &all) && rt_add(*total, all, total);
}

static char *give_bytes(char **at, size_t bytes, size_t times) {
  char *given = *at;
  *at += aligned(bytes) * times;
  return given;
}

/* The least whole number whose square is not below n. */
static int64_t root_of(int64_t n) {
  int64_t root = 0;
  while (root * root < n) root++;
  return root;
}

static int bind_memory(struct machine_scan *scan, struct rt_error *error) {
  int received = scan->step ? 1 + scan->collected + scan->count : 0;
  bool keeps = scan->step && !scan->states;
  size_t total = 0;
  scan->state_bytes = (size_t)scan->call->in[0].shape->count * scan->bytes[0];
  scan->stretch = keeps ? root_of(scan->longest) : 0;
  size_t stretches = scan->stretch ? (size_t)((scan->longest + scan->stretch - 1) / scan->stretch) : 0,
         stretch = (size_t)scan->stretch;
  bool fits =
      take_bytes(&total, scan->state_bytes, stretches) && take_bytes(&total, scan->state_bytes, stretch);
  for (int k = 0; k < scan->count; k++) fits = fits && take_bytes(&total, argument_bytes(scan, k), 1);
  for (int k = 0; k < received; k++) fits = fits && take_bytes(&total, received_bytes(scan, k), 1);
  if (!fits) return rt_no_memory(error);
  scan->state_room = aligned(scan->state_bytes);
  if (scan->machine->measures) {
    scan->memory_bytes = total;
    return RT_OK;
  }
  if (total > scan->memory_bytes || !scan->memory) {
    rt_free_aligned(scan->memory);
    scan->memory_bytes = 0;
    scan->memory = rt_alloc_aligned(total);
    if (!scan->memory) return rt_no_memory(error);
    scan->memory_bytes = total;
  }
  char *at = scan->memory;
  scan->kept = give_bytes(&at, scan->state_bytes, stretches);
  scan->stretched = give_bytes(&at, scan->state_bytes, stretch);
  for (int k = 0; k < scan->count; k++) scan->argument[k] = give_bytes(&at, argument_bytes(scan, k), 1);
  for (int k = 0; k < received; k++) scan->received[k] = give_bytes(&at, received_bytes(scan, k), 1);
  return RT_OK;
}

/* The machines are bound to all examples once: they will never need more memory than that. */
int machine_scan_bind(struct machine_scan *scan, struct rt_error *error) {
  int status = bind_order(scan, error);
  if (status == RT_OK) status = bind_memory(scan, error);
  if (status == RT_OK) status = vm_machine_bind(scan->body, scan->examples, scan->ragged, error);
  if (status == RT_OK && scan->step)
    status = vm_machine_bind(scan->step, scan->examples, scan->ragged, error);
  return status;
}

int scan_bind_active(const struct machine_scan *scan, struct vm_machine *machine, int64_t tau,
                     struct rt_error *error) {
  return vm_machine_bind(machine, scan->active[tau], scan->ragged, error);
}

/* ---- rows ---- */

/* Which row of its sequence an example is at. */
static int64_t row_at(const struct machine_scan *scan, int64_t example, int64_t tau) {
  return scan->reverse ? steps_of(scan, example) - 1 - tau : tau;
}

static char *row_address(const struct machine_scan *scan, const struct rt_tensor *sequence, size_t bytes,
                         int64_t place, int64_t tau, size_t *length) {
  int64_t example = scan->order[place], count = rt_extent(sequence->shape, 1, sequence->shape->rank, example);
  *length = (size_t)count * bytes;
  return (char *)sequence->data
         + (size_t)(rt_offset(sequence->shape, example) + row_at(scan, example, tau) * count) * bytes;
}

char *scan_gather(const struct machine_scan *scan, int operand, int64_t tau, char *room) {
  const struct rt_tensor *from = &scan->call->in[operand];
  size_t length;
  char *at = room;
  if (scan->active[tau] == 1) return row_address(scan, from, scan->bytes[operand], 0, tau, &length);
  for (int64_t p = 0; p < scan->active[tau]; p++, at += length) {
    const char *row = row_address(scan, from, scan->bytes[operand], p, tau, &length);
    memcpy(at, row, length);
  }
  return room;
}

void scan_scatter(const struct machine_scan *scan, const struct rt_tensor *to, int64_t tau,
                  const char *rows) {
  size_t length;
  for (int64_t p = 0; p < scan->active[tau]; p++, rows += length) {
    char *row = row_address(scan, to, scan->machine->real_bytes, p, tau, &length);
    memcpy(row, rows, length);
  }
}

void scan_sort(const struct machine_scan *scan, const struct rt_tensor *from, size_t bytes, char *to) {
  const struct rt_shape *shape = from->shape;
  for (int64_t p = 0; p < scan->examples; p++) {
    size_t length = (size_t)rt_extent(shape, 0, shape->rank, scan->order[p]) * bytes;
    memcpy(to, (const char *)from->data + (size_t)rt_offset(shape, scan->order[p]) * bytes, length);
    to += length;
  }
}

void scan_unsort(const struct machine_scan *scan, const char *from, const struct rt_tensor *to) {
  const struct rt_shape *shape = to->shape;
  size_t bytes = scan->machine->real_bytes;
  for (int64_t p = 0; p < scan->examples; p++) {
    size_t length = (size_t)rt_extent(shape, 0, shape->rank, scan->order[p]) * bytes;
    memcpy((char *)to->data + (size_t)rt_offset(shape, scan->order[p]) * bytes, from, length);
    from += length;
  }
}

/* ---- running ---- */

/* Values given whole: the same in all steps. */
static void set_whole(const struct machine_scan *scan) {
  for (int k = 1 + scan->sequences; k < scan->count; k++) {
    const void *data = scan->call->in[k].data;
    if (is_sorted_copy(scan, k)) {
      scan_sort(scan, &scan->call->in[k], scan->bytes[k], scan->argument[k]);
      data = scan->argument[k];
    }
    machine_set_argument(scan->body, (uint32_t)k, data);
    if (scan->step) machine_set_argument(scan->step, (uint32_t)k, data);
  }
}

void scan_set_rows(const struct machine_scan *scan, struct vm_machine *machine, int64_t tau) {
  for (int k = 1; k <= scan->sequences; k++)
    machine_set_argument(machine, (uint32_t)k, scan_gather(scan, k, tau, scan->argument[k]));
}

/* A result may be an argument, passed on: the state is replaced last. */
int scan_advance(const struct machine_scan *scan, int64_t tau, char *state, uint64_t seed,
                 struct rt_error *error) {
  int status = scan_bind_active(scan, scan->body, tau, error);
  if (status != RT_OK) return status;
  machine_set_argument(scan->body, 0, state);
  scan_set_rows(scan, scan->body, tau);
  if ((status = vm_machine_run(scan->body, machine_seed(seed, (uint64_t)tau), error)) != RT_OK) return status;
  for (int k = 0; k < scan->collected && !scan->step; k++) {
    struct rt_tensor rows = vm_machine_output(scan->body, (uint32_t)(scan->states ? 0 : 1 + k));
    scan_scatter(scan, &scan->call->out[k], tau, rows.data);
  }
  struct rt_tensor next = vm_machine_output(scan->body, 0);
  memmove(state, next.data, (size_t)next.shape->count * scan->bytes[0]);
  return RT_OK;
}

int machine_scan_run(struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = RT_OK;
  set_whole(scan);
  if (scan->step) return scan_grad_run(scan, seed, error);
  scan_sort(scan, &scan->call->in[0], scan->bytes[0], scan->argument[0]);
  for (int64_t tau = 0; tau < scan->longest && status == RT_OK; tau++)
    status = scan_advance(scan, tau, scan->argument[0], seed, error);
  return status;
}
