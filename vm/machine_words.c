/* machine_words.c: what a function computes of a single id is kept from run to run.
 *
 * A row of a table times matrices, with a bias and an activation: as long as nothing else is in it, that
 * depends on the id alone, such as a word's query and key. So the rows of the ids that were met are kept, and
 * a run computes those of new ids only. These come by a machine of their own, which runs the same
 * instructions for ROWS ids at a time. Products read panels there as they do here, so that the bits are the
 * same, however many rows a product has. */
#include "vm/machine_parts.h"
#include "runtime/panels.h"

#include <string.h>

enum {
  ROWS = 4,             /* new ids at a time */
  TASK_BYTES = 1 << 16, /* copied in a task */
  LINE = 64             /* of the caches */
};
_Static_assert((int)ROWS >= (int)RT_PANELS_LEAST_ROWS, "a product of them reads panels");

/* What becomes of an instruction. */
enum part {
  RUNS,
  SHARED, /* runs, and for new ids as well */
  LEFT_OUT,
  COPIED
};

/* A value that is kept. */
struct kept {
  uint32_t instr, out;
  size_t at, bytes; /* of its row, within that of an id */
};

struct machine_words {
  struct vm_machine *machine, *few; /* few: runs for ROWS ids */
  uint32_t input, ids_shape;        /* that has the ids */
  uint32_t places;                  /* how many ids there are */
  uint8_t *part;                    /* [instructions] enum part */
  struct kept *kept;
  uint32_t kept_count;
  uint32_t *place; /* [places] 1 + where an id's row is kept; 0: it is not */
  char *row;       /* [count] of row_bytes */
  size_t row_bytes, row_capacity, count, most;
  uint32_t *at; /* [ids of the batch] where their rows are */
  size_t at_capacity;
  int32_t *fresh; /* new ids, of the rows count .. */
  size_t fresh_capacity, fresh_count;
  int32_t id[ROWS];
  bool rests; /* in this run all instructions run */
};

/* ---- which instructions ---- */

/* What is known of the function while it is looked at. */
struct look {
  const struct vm_machine *machine;
  bool *by_row, *is_written, *is_member; /* [values], [values], [instructions] */
  uint32_t ids;                          /* the value that has them; UINT32_MAX: not found yet */
  bool multiplies;
};

static const struct vm_value *value_of(const struct look *l, uint32_t value) {
  return &l->machine->function->value[value];
}

/* One row for each id, and nothing else that is ragged. */
static bool is_rows(const struct look *l, uint32_t value) {
  const struct vm_type *type = &value_of(l, value)->type, *ids = &value_of(l, l->ids)->type;
  bool rows = type->rank > 0 && type->batched && type->dim[0] == ids->dim[0];
  for (int x = 1; x < type->rank; x++)
    rows = rows && !vm_dim_is_ragged(&l->machine->module->dims, type->dim[x]);
  return rows;
}

static bool is_gather(struct look *l, const struct vm_instr *instr) {
  const struct vm_value *ids = value_of(l, instr->in[1]);
  if (value_of(l, instr->in[0])->place != VM_IN_PARAM || ids->place != VM_IN_INPUT) return false;
  const bool ragged = ids->type.rank == 1 && vm_dim_is_ragged(&l->machine->module->dims, ids->type.dim[0]);
  if (l->ids == UINT32_MAX && ids->type.batched && ragged) l->ids = instr->in[1];
  return l->ids == instr->in[1];
}

static bool is_product(const struct look *l, uint32_t n) {
  const struct vm_instr *instr = &l->machine->function->instr[n];
  const struct vm_type *matrix = &value_of(l, instr->in[1])->type;
  int64_t depth;
  return l->machine->call[n].call.panels && l->by_row[instr->in[0]]
         && vm_dim_value(&l->machine->module->dims, matrix->dim[0], NULL, &depth, NULL) == RT_OK
         && depth >= RT_PANELS_LEAST_DEPTH && depth <= RT_PANELS_MOST / ROWS;
}

static bool is_lanes(const struct look *l, uint32_t n) {
  const struct vm_instr *instr = &l->machine->function->instr[n];
  const struct lane_program *lanes = l->machine->call[n].call.lanes;
  bool rows = false;
  for (uint16_t k = 0; k < instr->in_count; k++) {
    if (!l->by_row[instr->in[k]] && value_of(l, instr->in[k])->place != VM_IN_PARAM) return false;
    rows |= l->by_row[instr->in[k]];
  }
  for (int k = 0; k < lanes->instr_count; k++)
    if (lanes->instr[k].op >= LANE_row) return false;
  return rows;
}

static bool is_member(struct look *l, uint32_t n) {
  const struct vm_instr *instr = &l->machine->function->instr[n];
  bool fits = instr->op == OP_gather    ? is_gather(l, instr)
              : instr->op == OP_project ? is_product(l, n)
              : instr->op == OP_lanes   ? is_lanes(l, n)
                                        : false;
  for (uint16_t k = 0; fits && k < instr->out_count; k++) fits = is_rows(l, instr->out[k]);
  l->multiplies |= fits && instr->op == OP_project;
  return fits;
}

static void look_at_all(struct look *l) {
  const struct vm_function *f = l->machine->function;
  for (uint32_t n = 0; n < f->instr_count; n++) {
    l->is_member[n] = is_member(l, n);
    for (uint16_t k = 0; k < f->instr[n].out_count; k++) {
      l->by_row[f->instr[n].out[k]] = l->is_member[n];
      l->is_written[f->instr[n].out[k]] = true;
    }
  }
}

/* Is a value read, as it is or as a view of its slot, by what is no member? */
static bool is_wanted(const struct look *l, uint32_t value) {
  const struct vm_function *f = l->machine->function;
  for (uint32_t v = 0; v < f->value_count; v++)
    if (!l->is_written[v] && f->value[v].place == VM_IN_SLOT && f->value[v].index == f->value[value].index)
      return true; /* a view */
  for (uint32_t o = 0; o < f->output_count; o++)
    if (f->output[o] == value) return true;
  for (uint32_t n = 0; n < f->instr_count; n++)
    for (uint16_t k = 0; k < f->instr[n].in_count && !l->is_member[n]; k++)
      if (f->instr[n].in[k] == value) return true;
  return false;
}

/* ---- making ---- */

static void free_words(struct machine_words *w) {
  if (!w) return;
  vm_machine_free(w->few);
  rt_free(w->part);
  rt_free(w->kept);
  rt_free(w->place);
  rt_free(w->row);
  rt_free(w->at);
  rt_free(w->fresh);
  rt_free(w);
}

/* Before binding, which asks for the scratch of products: it depends on them. */
static void share_panels(struct machine_words *w) {
  for (uint32_t n = 0; n < w->few->function->instr_count; n++)
    w->few->call[n].call.panels = w->machine->call[n].call.panels;
}

/* All lengths are ROWS. RT_BAD_DATA and the like: the program does not allow such lengths. */
static int bind_few(struct machine_words *w, struct rt_error *error) {
  const uint32_t symbols = w->machine->module->dims.symbol_count;
  const int64_t size = ROWS, **ragged = rt_zalloc(symbols + 1u, sizeof *ragged);
  if (!ragged) return rt_no_memory(error);
  for (uint32_t s = 0; s < symbols; s++) ragged[s] = &size;
  const int status = vm_machine_bind(w->few, 1, ragged, error);
  rt_free(ragged);
  return status;
}

static void place_few(struct machine_words *w) {
  struct vm_machine *few = w->few;
  const uint32_t slots = few->function->slot_count, params = few->module->param_count;
  memcpy(few->place + slots, w->machine->place + slots, params * sizeof *few->place);
  few->place[slots + params + w->input] = w->id;
  for (uint32_t k = 0; k < few->operand_count; k++) few->operand[k].data = few->place[few->operand_place[k]];
}

static int list_kept(struct machine_words *w, const struct look *l, struct rt_error *error) {
  const struct vm_function *f = l->machine->function;
  w->kept = rt_zalloc(f->value_count, sizeof *w->kept);
  w->part = rt_zalloc(f->instr_count, sizeof *w->part);
  if (!w->kept || !w->part) return rt_no_memory(error);
  for (uint32_t n = 0; n < f->instr_count; n++) {
    if (!l->is_member[n]) continue;
    w->part[n] = f->instr[n].op == OP_gather ? SHARED : LEFT_OUT;
    for (uint16_t k = 0; k < f->instr[n].out_count && w->part[n] != SHARED; k++) {
      if (!is_wanted(l, f->instr[n].out[k])) continue;
      const size_t bytes = (size_t)w->few->call[n].call.out[k].shape->count / ROWS * w->machine->real_bytes;
      w->kept[w->kept_count++] = (struct kept){n, k, w->row_bytes, bytes};
      w->row_bytes += bytes;
      w->part[n] = COPIED;
    }
  }
  return RT_OK;
}

/* How many ids have a row in each table. */
static uint32_t count_places(const struct look *l) {
  const struct vm_function *f = l->machine->function;
  int64_t least = INT32_MAX - 1, rows;
  for (uint32_t n = 0; n < f->instr_count; n++)
    if (l->is_member[n] && f->instr[n].op == OP_gather) {
      const vm_dim dim = value_of(l, f->instr[n].in[0])->type.dim[0];
      if (vm_dim_value(&l->machine->module->dims, dim, NULL, &rows, NULL) != RT_OK) return 0;
      least = rows < least ? rows : least;
    }
  return (uint32_t)least;
}

/* *made stays NULL where nothing would be gained, or the program does not allow such lengths. */
static int make_words(const struct look *l, const struct vm_memo *memo, struct machine_words **made,
                      struct rt_error *error) {
  struct vm_machine *machine = (struct vm_machine *)(uintptr_t)l->machine;
  struct machine_words *w = rt_zalloc(1, sizeof *w);
  struct rt_error why = {0};
  if (!w) return rt_no_memory(error);
  *w = (struct machine_words){
      .machine = machine, .input = value_of(l, l->ids)->index, .places = count_places(l)};
  w->few = vm_machine_new(machine->module, machine->function, memo->precision, machine->pool, &why);
  if (w->few) share_panels(w);
  int status = w->few ? bind_few(w, &why) : why.code;
  if (status == RT_OK) status = list_kept(w, l, &why);
  if (status == RT_OK) place_few(w);
  w->most = w->row_bytes ? memo->most / w->row_bytes : 0;
  const bool gains = status == RT_OK && w->kept_count && w->places && w->most >= ROWS;
  if (gains && !(w->place = rt_zalloc(w->places, sizeof *w->place))) status = rt_no_memory(&why);
  if (status == RT_NO_MEMORY) *error = why;
  if (gains && status == RT_OK)
    *made = w;
  else
    free_words(w);
  return status == RT_NO_MEMORY ? status : RT_OK;
}

/* ---- running ---- */

static void forget_rows(struct machine_words *w) {
  memset(w->place, 0, w->places * sizeof *w->place);
  w->count = w->fresh_count = 0;
}

static bool name_rows(const struct machine_words *w, const int32_t *id, int64_t count) {
  bool good = true;
  for (int64_t k = 0; k < count; k++) good &= id[k] >= 0 && (uint32_t)id[k] < w->places;
  return good;
}

/* Finds the rows of all ids, and gives new ids the next ones. False: there are too many. */
static bool find_rows(struct machine_words *w, const int32_t *id, int64_t count) {
  for (int64_t k = 0; k < count; k++) {
    uint32_t *place = &w->place[id[k]];
    if (!*place) {
      if (w->count + w->fresh_count == w->most) return false;
      w->fresh[w->fresh_count++] = id[k];
      *place = (uint32_t)(w->count + w->fresh_count);
    }
    w->at[k] = *place - 1;
  }
  return true;
}

/* Ids that were given rows which have not been computed are new once more. */
static void take_back(struct machine_words *w) {
  for (size_t k = 0; k < w->fresh_count; k++) w->place[w->fresh[k]] = 0;
  w->fresh_count = 0;
}

/* Up to ROWS new ids, from number `first` on; the last one stands for those that are lacking. */
static void compute_few(struct machine_words *w, size_t first) {
  const struct vm_function *f = w->few->function;
  const size_t left = w->fresh_count - first, count = left < ROWS ? left : ROWS;
  char *row = w->row + (w->count + first) * w->row_bytes;
  uint32_t next = 0;
  for (size_t k = 0; k < ROWS; k++) w->id[k] = w->fresh[first + (k < count ? k : count - 1)];
  for (uint32_t n = 0; n < f->instr_count; n++) {
    if (w->part[n] == RUNS) continue;
    struct machine_call *call = &w->few->call[n];
    call->kernel(&call->call);
    for (; next < w->kept_count && w->kept[next].instr == n; next++) {
      const struct kept *kept = &w->kept[next];
      const char *from = call->call.out[kept->out].data;
      for (size_t k = 0; k < count; k++)
        memcpy(row + k * w->row_bytes + kept->at, from + k * kept->bytes, kept->bytes);
    }
  }
}

/* Rows of words lie anywhere: they come while new ones are computed, and the first instructions run. */
static void fetch_rows(const struct machine_words *w, int64_t count) {
  for (int64_t k = 0; k < count; k++)
    for (size_t b = 0; b < w->row_bytes; b += LINE)
      __builtin_prefetch(w->row + w->at[k] * w->row_bytes + b, 0, 2);
}

static int begin_words(struct machine_words *w, struct rt_error *error) {
  const struct vm_machine *machine = w->machine;
  const uint32_t place = machine->function->slot_count + machine->module->param_count + w->input;
  const int64_t count = machine->shapes.shape[w->ids_shape].count;
  const int32_t *id = machine->place[place];
  w->rests = !name_rows(w, id, count);
  if (w->rests) return RT_OK;
  if (rt_grow((void **)&w->at, &w->at_capacity, (size_t)count, sizeof *w->at)
      || rt_grow((void **)&w->fresh, &w->fresh_capacity, (size_t)count, sizeof *w->fresh))
    return rt_no_memory(error);
  w->rests = !find_rows(w, id, count);
  if (w->rests && w->count) { /* it is full: from the beginning */
    forget_rows(w);
    w->rests = !find_rows(w, id, count);
  }
  if (w->rests || rt_grow((void **)&w->row, &w->row_capacity, w->count + w->fresh_count, w->row_bytes)) {
    take_back(w);
    return w->rests ? RT_OK : rt_no_memory(error);
  }
  fetch_rows(w, count);
  for (size_t k = 0; k < w->fresh_count; k += ROWS) compute_few(w, k);
  w->count += w->fresh_count;
  w->fresh_count = 0;
  return RT_OK;
}

/* Rows of a kept value for the ids of the batch. */
struct copying {
  const struct machine_words *w;
  const struct kept *kept;
  char *to;
  int64_t count, each;
};

static void copy_task(void *context, int64_t task, void *scratch) {
  const struct copying *c = context;
  const struct machine_words *w = c->w;
  const size_t bytes = c->kept->bytes;
  (void)scratch;
  const int64_t begin = task * c->each, end = begin + c->each < c->count ? begin + c->each : c->count;
  for (int64_t k = begin; k < end; k++)
    memcpy(c->to + (size_t)k * bytes, w->row + w->at[k] * w->row_bytes + c->kept->at, bytes);
}

/* Instead of instruction n. False: it has to run. */
static bool recall(struct machine_words *w, uint32_t n) {
  if (w->rests || w->part[n] == RUNS || w->part[n] == SHARED) return false;
  for (uint32_t k = 0; k < w->kept_count && w->part[n] == COPIED; k++) {
    const struct kept *kept = &w->kept[k];
    if (kept->instr != n) continue;
    struct copying c = {w, kept, w->machine->call[n].call.out[kept->out].data,
                        w->machine->shapes.shape[w->ids_shape].count, TASK_BYTES / (int64_t)kept->bytes + 1};
    if (c.count <= c.each)
      copy_task(&c, 0, NULL);
    else
      rt_parallel(w->machine->pool, (c.count + c.each - 1) / c.each, copy_task, &c);
  }
  return true;
}

int vm_machine_remember(struct vm_machine *machine, const struct vm_memo *memo, struct rt_error *error) {
  static const struct machine_memory memory = {begin_words, recall, free_words};
  const struct vm_function *f = machine->function;
  struct look l = {.machine = machine,
                   .by_row = rt_zalloc(f->value_count + 1u, sizeof *l.by_row),
                   .is_written = rt_zalloc(f->value_count + 1u, sizeof *l.is_written),
                   .is_member = rt_zalloc(f->instr_count + 1u, sizeof *l.is_member),
                   .ids = UINT32_MAX};
  int status = RT_OK;
  machine->memory_of_words = &memory;
  if (!l.by_row || !l.is_written || !l.is_member)
    status = rt_no_memory(error);
  else {
    look_at_all(&l);
    if (l.multiplies) status = make_words(&l, memo, &machine->words, error);
  }
  if (machine->words) machine->words->ids_shape = machine->value_shape[l.ids];
  rt_free(l.by_row);
  rt_free(l.is_written);
  rt_free(l.is_member);
  return status;
}
