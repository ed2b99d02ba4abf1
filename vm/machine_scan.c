/* machine_scan.c: recurrences, which run other functions of the module in machines of their own. One step
 * runs for all examples that still have one: the batch is taken in the order of falling lengths, so that
 * those are always the first ones. Everything is made when sizes are bound; a run allocates nothing. */
#include "vm/machine_parts.h"
#include "vm/native_library.h"
#include "vm/scan_operands.h"

#include <string.h>

static const size_t ALIGN = 64;

/* ---- making ---- */

static const struct machine_nested recurrences;

static struct vm_machine *machine_for(const struct machine_scan *scan, int64_t function,
                                      enum rt_precision precision, struct rt_error *error) {
  struct vm_machine *machine = scan->machine;
  struct vm_machine *made = machine_new(machine->module, &machine->module->function[function], precision,
                                        machine->pool, &recurrences, error);
  if (!made || vm_shapes_include(&machine->shapes, &made->shapes, scan->symbol) == RT_OK) return made;
  rt_no_memory(error);
  vm_machine_free(made);
  return NULL;
}

static int make(struct machine_scan *scan, struct vm_machine *machine, uint32_t n,
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
  const int64_t rows = instr->attr[grad ? SCAN_GRAD_ROWS : SCAN_ROWS];
  scan->count = (int)body->argument_count;
  scan->block = rows ? SCAN_BLOCK : 0;
  scan->symbol = rows ? (uint32_t)(rows - 1) : UINT32_MAX;
  scan->first = rows ? 0 : 1;
  scan->states = !rows && body->output_count == 1;
  scan->collected = scan->states ? 1 : (int)body->output_count - scan->first;
  scan->body = machine_for(scan, instr->attr[SCAN_BODY], precision, error);
  if (scan->body && grad) scan->step = machine_for(scan, instr->attr[SCAN_GRAD_GRADIENT], precision, error);
  if (!scan->body || (grad && !scan->step)) return error && error->code ? error->code : RT_NO_MEMORY;
  struct rt_arena *arena = &machine->arena;
  scan->bytes = rt_arena_alloc(arena, instr->in_count * sizeof *scan->bytes);
  scan->argument = rt_arena_alloc(arena, (size_t)scan->count * sizeof *scan->argument);
  scan->received =
      rt_arena_alloc(arena, (size_t)(1 + scan->collected + scan->count) * sizeof *scan->received);
  scan->ragged = rt_arena_alloc(arena, machine->module->dims.symbol_count * sizeof *scan->ragged);
  if (!scan->bytes || !scan->argument || !scan->received || !scan->ragged) return rt_no_memory(error);
  memset(scan->ragged, 0, machine->module->dims.symbol_count * sizeof *scan->ragged);
  for (uint16_t k = 0; k < instr->in_count; k++)
    scan->bytes[k] = machine_element_bytes(machine, &machine->function->value[instr->in[k]].type);
  return RT_OK;
}

static void free_scan(struct machine_scan *scan) {
  vm_machine_free(scan->body);
  vm_machine_free(scan->step);
  rt_free(scan->numbers);
  rt_free_aligned(scan->memory);
}

static size_t memory_of(const struct machine_scan *scan) {
  size_t bytes = scan->memory_bytes + scan->number_capacity * sizeof *scan->numbers
                 + vm_machine_memory(scan->body).slots;
  return scan->step ? bytes + vm_machine_memory(scan->step).slots : bytes;
}

/* ---- binding: the order of the examples ---- */

static int make_numbers(struct machine_scan *scan, size_t symbols, struct rt_error *error) {
  size_t n = (size_t)scan->examples, need = (size_t)scan->longest + 2;
  if (!rt_add(need, need, &need) || !rt_mul(symbols + 2, n, &n) || !rt_add(need, n, &need))
    return rt_no_memory(error);
  if (need <= scan->number_capacity) return RT_OK;
  rt_free(scan->numbers);
  scan->number_capacity = 0;
  scan->numbers = rt_zalloc(need, sizeof *scan->numbers);
  if (!scan->numbers) return rt_no_memory(error);
  scan->number_capacity = need;
  return RT_OK;
}

/* A counting sort by falling length: an example goes behind all that are longer, and those of the same length
 * keep their order. */
static void sort_examples(struct machine_scan *scan) {
  int64_t *next = scan->active + scan->longest + 1;
  memset(scan->active, 0, (size_t)(scan->longest + 1) * sizeof *scan->active);
  for (int64_t e = 0; e < scan->examples; e++)
    if (scan_steps(scan, e) > 0) scan->active[scan_steps(scan, e) - 1]++;
  for (int64_t t = scan->longest; t-- > 0;) scan->active[t] += scan->active[t + 1];
  memcpy(next, scan->active, (size_t)(scan->longest + 1) * sizeof *next);
  scan->in_order = true;
  for (int64_t e = 0; e < scan->examples; e++) {
    int64_t at = next[scan_steps(scan, e)]++;
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
    scan->longest = scan_steps(scan, e) > scan->longest ? scan_steps(scan, e) : scan->longest;
  if (make_numbers(scan, symbols, error) != RT_OK) return RT_NO_MEMORY;
  scan->active = scan->numbers;
  scan->order = scan->numbers + 2 * (scan->longest + 1);
  sort_examples(scan);
  if (symbols) sort_sizes(scan);
  scan->rows = scan->order + (int64_t)(symbols + 1) * scan->examples;
  if (scan->block) scan->ragged[scan->symbol] = scan->rows;
  return RT_OK;
}

/* ---- binding: memory ---- */

/* Elements of what a step takes of a sequence in all examples, at most. */
static size_t row_elements(const struct machine_scan *scan, const struct rt_shape *sequence) {
  size_t count = 0;
  for (int64_t e = 0; e < scan->examples; e++)
    count += (size_t)(scan_rows(scan, e, 0) * rt_extent(sequence, 1, sequence->rank, e));
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
  bool keeps = scan->step && !scan->states && !scan->block;
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
  if (!machine_make_room(&scan->memory, &scan->memory_bytes, total)) return rt_no_memory(error);
  char *at = scan->memory;
  scan->kept = give_bytes(&at, scan->state_bytes, stretches);
  scan->stretched = give_bytes(&at, scan->state_bytes, stretch);
  for (int k = 0; k < scan->count; k++) scan->argument[k] = give_bytes(&at, argument_bytes(scan, k), 1);
  for (int k = 0; k < received; k++) scan->received[k] = give_bytes(&at, received_bytes(scan, k), 1);
  return RT_OK;
}

/* The machines are bound to all examples once: they will never need more memory than that. */
static int bind(struct machine_scan *scan, struct rt_error *error) {
  int status = bind_order(scan, error);
  if (status == RT_OK) status = bind_memory(scan, error);
  if (status == RT_OK) scan_count_rows(scan, scan->examples, 0);
  if (status == RT_OK) status = vm_machine_bind(scan->body, scan->examples, scan->ragged, error);
  if (status == RT_OK && scan->step)
    status = vm_machine_bind(scan->step, scan->examples, scan->ragged, error);
  return status;
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
    vm_machine_set_argument(scan->body, (uint32_t)k, data);
    if (scan->step) vm_machine_set_argument(scan->step, (uint32_t)k, data);
  }
}

static int run(struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = RT_OK;
  set_whole(scan);
  if (scan->step) return scan_grad_run(scan, seed, error);
  if (!scan->block) scan_sort(scan, &scan->call->in[0], scan->bytes[0], scan->argument[0]);
  for (int64_t tau = 0; tau < scan->longest && status == RT_OK; tau++)
    status = scan_advance(scan, tau, scan->block ? scan_position(scan, tau) : scan->argument[0], seed, error);
  return status;
}

/* What went wrong with an example is told of its place in the batch. */
static int run_in_order(struct machine_scan *scan, uint64_t seed, struct rt_error *error) {
  int status = run(scan, seed, error);
  if (status != RT_OK && error && error->example > 0 && error->example <= scan->examples)
    error->example = scan->order[error->example - 1] + 1;
  return status;
}

static void measure(struct machine_scan *scan) {
  vm_machine_measure(scan->body);
  if (scan->step) vm_machine_measure(scan->step);
}

/* ---- machines with recurrences ---- */

static const struct machine_nested recurrences = {make, bind, run_in_order, measure, memory_of, free_scan};

struct vm_machine *vm_machine_new(const struct vm_module *module, const struct vm_function *function,
                                  enum rt_precision precision, struct rt_pool *pool, struct rt_error *error) {
  return vm_natives_ready(module, function, precision, error) == RT_OK
             ? machine_new(module, function, precision, pool, &recurrences, error)
             : NULL;
}

struct vm_machine *vm_machine_measuring(const struct vm_module *module, const struct vm_function *function,
                                        enum rt_precision precision, struct rt_pool *pool,
                                        struct rt_error *error) {
  struct vm_machine *machine = machine_new(module, function, precision, pool, &recurrences, error);
  if (machine) vm_machine_measure(machine);
  return machine;
}

const struct vm_machine *vm_machine_body(const struct vm_machine *machine, uint32_t instr, bool backwards) {
  const struct machine_scan *scan = machine->call[instr].scan;
  return !scan ? NULL : backwards ? scan->step : scan->body;
}
