/* shapes.c: binds symbolic types to the sizes of a batch. All tables are made once, so that binding is a walk
 * over small arrays. */
#include "vm/shapes.h"

#include <inttypes.h>
#include <string.h>

/* Limits that keep every product of sizes and bytes far from overflow, and every axis within what BLAS can
 * count. */
static const int64_t MAX_AXIS = INT32_MAX, MAX_ELEMENTS = (int64_t)1 << 40;

void vm_shapes_init(struct vm_shapes *shapes, const struct vm_dims *dims) {
  memset(shapes, 0, sizeof *shapes);
  shapes->dims = dims;
}

void vm_shapes_free(struct vm_shapes *shapes) {
  rt_free(shapes->dim);
  rt_free(shapes->shape);
  rt_free(shapes->axes);
  rt_free(shapes->ragged);
  rt_free(shapes->bound);
  rt_free(shapes->room);
  rt_free(shapes->example);
  rt_free(shapes->seen);
  memset(shapes, 0, sizeof *shapes);
}

size_t vm_shapes_memory(const struct vm_shapes *shapes) {
  return shapes->room_capacity * sizeof *shapes->room + shapes->shape_capacity * sizeof *shapes->shape
         + shapes->axes_capacity * sizeof *shapes->axes + shapes->dim_capacity * sizeof *shapes->dim;
}

/* ---- making the tables ---- */

static int add_symbol(const struct vm_dims *dims, uint32_t number, struct shape_symbol **list, size_t *count,
                      size_t *capacity) {
  for (size_t i = 0; i < *count; i++)
    if ((*list)[i].number == number) return RT_OK;
  void *items = *list;
  if (rt_grow(&items, capacity, *count + 1, sizeof **list)) return RT_NO_MEMORY;
  *list = items;
  (*list)[(*count)++] = (struct shape_symbol){number, dims->symbol[number].value, NULL};
  return RT_OK;
}

static int add_symbols(struct vm_shapes *shapes, const struct vm_poly *poly) {
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      uint32_t number = poly->term[t].factor[k].symbol;
      enum vm_symbol_kind kind = shapes->dims->symbol[number].kind;
      int status = RT_OK;
      if (kind == VM_FLOOR)
        status = add_symbols(shapes, &shapes->dims->poly[shapes->dims->symbol[number].of]);
      else if (kind == VM_RAGGED || kind == VM_ROWS)
        status = add_symbol(shapes->dims, number, &shapes->ragged, &shapes->ragged_count,
                            &shapes->ragged_capacity);
      else if (kind == VM_BOUND)
        status =
            add_symbol(shapes->dims, number, &shapes->bound, &shapes->bound_count, &shapes->bound_capacity);
      if (status != RT_OK) return status;
    }
  return RT_OK;
}

int vm_shapes_include(struct vm_shapes *shapes, const struct vm_shapes *other, uint32_t except) {
  int status = RT_OK;
  for (size_t i = 0; i < other->ragged_count && status == RT_OK; i++)
    if (other->ragged[i].number != except)
      status = add_symbol(shapes->dims, other->ragged[i].number, &shapes->ragged, &shapes->ragged_count,
                          &shapes->ragged_capacity);
  for (size_t i = 0; i < other->bound_count && status == RT_OK; i++)
    status = add_symbol(shapes->dims, other->bound[i].number, &shapes->bound, &shapes->bound_count,
                        &shapes->bound_capacity);
  return status;
}

uint32_t vm_shapes_dim(struct vm_shapes *shapes, vm_dim dim) {
  for (size_t i = 0; i < shapes->dim_count; i++)
    if (shapes->dim[i].dim == dim) return (uint32_t)i;
  void *items = shapes->dim;
  if (rt_grow(&items, &shapes->dim_capacity, shapes->dim_count + 1, sizeof *shapes->dim)) return UINT32_MAX;
  shapes->dim = items;
  const struct vm_poly *poly = &shapes->dims->poly[dim];
  if (add_symbols(shapes, poly) != RT_OK) return UINT32_MAX;
  int64_t symbol = poly->ragged ? vm_dim_as_symbol(shapes->dims, dim) : -1;
  if (symbol >= 0 && shapes->dims->symbol[symbol].kind == VM_FLOOR) symbol = -1;
  shapes->derived_count += poly->ragged && symbol < 0;
  shapes->dim[shapes->dim_count] = (struct shape_dim){dim, poly->ragged, symbol, 0, NULL};
  return (uint32_t)shapes->dim_count++;
}

static bool same_shape(const struct vm_shapes *shapes, size_t n, const struct vm_type *type) {
  const struct rt_shape *shape = &shapes->shape[n];
  if (shape->rank != type->rank || shape->batched != type->batched) return false;
  for (int a = 0; a < type->rank; a++)
    if (shapes->dim[shapes->axes[n].axis[a]].dim != type->dim[a]) return false;
  return true;
}

uint32_t vm_shapes_type(struct vm_shapes *shapes, const struct vm_type *type) {
  for (size_t i = 0; i < shapes->shape_count; i++)
    if (same_shape(shapes, i, type)) return (uint32_t)i;
  size_t n = shapes->shape_count;
  void *items = shapes->shape, *axes = shapes->axes;
  int status = rt_grow(&items, &shapes->shape_capacity, n + 1, sizeof *shapes->shape);
  shapes->shape = items;
  if (status == RT_OK) status = rt_grow(&axes, &shapes->axes_capacity, n + 1, sizeof *shapes->axes);
  shapes->axes = axes;
  if (status != RT_OK) return UINT32_MAX;
  struct rt_shape shape = {.rank = type->rank, .batched = type->batched, .examples = 1};
  for (int a = 0; a < type->rank; a++) {
    uint32_t dim = vm_shapes_dim(shapes, type->dim[a]);
    if (dim == UINT32_MAX) return UINT32_MAX;
    shapes->axes[n].axis[a] = dim;
    shape.ragged |= shapes->dim[dim].ragged;
  }
  shapes->shape[n] = shape;
  shapes->ragged_shape_count += shape.ragged;
  shapes->shape_count++;
  return (uint32_t)n;
}

int vm_shapes_ready(struct vm_shapes *shapes) {
  shapes->example = rt_zalloc(shapes->dims->symbol_count, sizeof *shapes->example);
  shapes->seen = rt_zalloc(VM_SEEN, sizeof *shapes->seen);
  return shapes->example && shapes->seen ? RT_OK : RT_NO_MEMORY;
}

/* ---- binding ---- */

static bool same_as_before(const struct vm_shapes *shapes, int64_t examples, const int64_t *const *ragged) {
  if (shapes->examples != examples) return false;
  for (size_t i = 0; i < shapes->bound_count; i++)
    if (shapes->bound[i].value != shapes->dims->symbol[shapes->bound[i].number].value) return false;
  for (size_t i = 0; i < shapes->ragged_count; i++) {
    const int64_t *now = ragged[shapes->ragged[i].number];
    if (!now || memcmp(shapes->ragged[i].each, now, (size_t)examples * sizeof *now) != 0) return false;
  }
  return true;
}

/* One block for everything that is per example, in the order: symbols, derived dims, offsets of ragged
 * shapes. */
static int make_room(struct vm_shapes *shapes, int64_t examples, struct rt_error *error) {
  size_t n = (size_t)examples, need, offsets;
  if (!rt_mul(shapes->ragged_count + shapes->derived_count, n, &need)
      || !rt_mul(shapes->ragged_shape_count, n + 1, &offsets) || !rt_add(need, offsets, &need))
    return rt_no_memory(error);
  if (shapes->room && need <= shapes->room_capacity) return RT_OK;
  if (need == 0) need = 1; /* the room is never NULL: its parts are found by adding to it */
  int64_t *room = rt_zalloc(need, sizeof *room);
  if (!room) return rt_no_memory(error);
  rt_free(shapes->room);
  shapes->room = room;
  shapes->room_capacity = need;
  return RT_OK;
}

static int copy_sizes(struct vm_shapes *shapes, int64_t examples, const int64_t *const *ragged,
                      struct rt_error *error) {
  for (size_t i = 0; i < shapes->ragged_count; i++) {
    struct shape_symbol *symbol = &shapes->ragged[i];
    const struct vm_symbol *known = &shapes->dims->symbol[symbol->number];
    const int64_t *from = ragged[symbol->number];
    symbol->each = shapes->room + (int64_t)i * examples;
    if (!from) return rt_fail(error, RT_USAGE, "the sizes of %s are missing", known->name);
    for (int64_t e = 0; e < examples; e++) {
      if (from[e] < 0 || from[e] > MAX_AXIS)
        return rt_fail(error, RT_BAD_DATA, "%s is %" PRId64 " in example %" PRId64, known->name, from[e],
                       e + 1);
      if (known->limit > 0 && from[e] > known->limit)
        return rt_fail(error, RT_BAD_DATA,
                       "%s is %" PRId64 " in example %" PRId64 ", but at most %" PRId64 " is allowed",
                       known->name, from[e], e + 1, known->limit);
      symbol->each[e] = from[e];
    }
  }
  for (size_t i = 0; i < shapes->bound_count; i++) {
    const int64_t value = shapes->dims->symbol[shapes->bound[i].number].value;
    if (shapes->bound[i].value == value) continue;
    shapes->bound[i].value = value;
    shapes->fixed = false;
    vm_shapes_forget(shapes);
  }
  return RT_OK;
}

static int value_of(struct vm_shapes *shapes, vm_dim dim, const int64_t *sizes, int64_t *value,
                    struct rt_error *error) {
  int status = vm_dim_value(shapes->dims, dim, sizes, value, error);
  if (status != RT_NEGATIVE) return status;
  struct rt_text text = {0};
  vm_dim_print(shapes->dims, dim, &text);
  status = rt_fail(error, RT_USAGE, "the size %s is not known yet", text.data ? text.data : "of an axis");
  rt_text_free(&text);
  return status;
}

/* A ragged dim that is computed from symbols: T + 1. */
static int bind_derived(struct vm_shapes *shapes, struct shape_dim *dim, int64_t examples, int64_t *each,
                        struct rt_error *error) {
  for (int64_t e = 0; e < examples; e++) {
    for (size_t i = 0; i < shapes->ragged_count; i++)
      shapes->example[shapes->ragged[i].number] = shapes->ragged[i].each[e];
    int status = value_of(shapes, dim->dim, shapes->example, &each[e], error);
    if (status != RT_OK) return status;
    if (each[e] > MAX_AXIS)
      return rt_fail(error, RT_BAD_DATA, "an axis of %" PRId64 " in example %" PRId64 " is too long", each[e],
                     e + 1);
  }
  dim->each = each;
  return RT_OK;
}

static int fail_total(const struct vm_shapes *shapes, vm_dim dim, int64_t size, struct rt_error *error) {
  struct rt_text text = {0};
  vm_dim_print(shapes->dims, dim, &text);
  int code = rt_fail(error, RT_BAD_DATA, "%s is %" PRId64 " in this batch, more than can be handled",
                     text.data ? text.data : "an axis", size);
  rt_hint(error, "smaller batches may help");
  rt_text_free(&text);
  return code;
}

static int bind_dims(struct vm_shapes *shapes, int64_t examples, struct rt_error *error) {
  int64_t *room = shapes->room + (int64_t)shapes->ragged_count * examples;
  for (size_t i = 0; i < shapes->dim_count; i++) {
    struct shape_dim *dim = &shapes->dim[i];
    int status = RT_OK;
    if (!dim->ragged) {
      if (!shapes->fixed) status = value_of(shapes, dim->dim, NULL, &dim->size, error);
    } else if (dim->symbol >= 0) {
      for (size_t k = 0; k < shapes->ragged_count; k++)
        if (shapes->ragged[k].number == dim->symbol) dim->each = shapes->ragged[k].each;
    } else {
      status = bind_derived(shapes, dim, examples, room, error);
      room += examples;
    }
    if (status != RT_OK) return status;
    if (dim->ragged) {
      dim->size = 0;
      for (int64_t e = 0; e < examples; e++) dim->size += dim->each[e]; /* at most 2^31 * 2^31 */
    }
    if (dim->size > MAX_AXIS) return fail_total(shapes, dim->dim, dim->size, error);
  }
  return RT_OK;
}

static int fail_large(struct rt_error *error) {
  rt_fail(error, RT_NO_MEMORY, "a value of more than 2^40 numbers is too large");
  rt_hint(error, "smaller batches may help");
  return RT_NO_MEMORY;
}

/* product of axes: factors up to 2^31, kept below 2^40 at each step. */
static bool multiply(int64_t *count, int64_t size) {
  return !__builtin_mul_overflow(*count, size, count) && *count <= MAX_ELEMENTS;
}

static int bind_ragged_shape(struct rt_shape *shape, int64_t *offset, struct rt_error *error) {
  offset[0] = 0;
  for (int64_t e = 0; e < shape->examples; e++) {
    int64_t count = 1;
    bool fits = true;
    for (int a = 0; a < shape->rank; a++) fits &= multiply(&count, rt_size(shape, a, e));
    if (!fits || (offset[e + 1] = offset[e] + count) > MAX_ELEMENTS) return fail_large(error);
  }
  shape->offset = offset;
  shape->count = offset[shape->examples];
  return RT_OK;
}

static int bind_shapes(struct vm_shapes *shapes, int64_t examples, struct rt_error *error) {
  int64_t *room = shapes->room + (int64_t)(shapes->ragged_count + shapes->derived_count) * examples;
  for (size_t i = 0; i < shapes->shape_count; i++) {
    struct rt_shape *shape = &shapes->shape[i];
    shape->examples = shape->batched ? examples : 1;
    for (int a = 0; a < shape->rank; a++) {
      const struct shape_dim *dim = &shapes->dim[shapes->axes[i].axis[a]];
      shape->size[a] = dim->size;
      shape->each[a] = dim->each;
    }
    if (shape->ragged) {
      if (bind_ragged_shape(shape, room, error) != RT_OK) return RT_NO_MEMORY;
      room += examples + 1;
      continue;
    }
    shape->count = shape->examples;
    for (int a = 0; a < shape->rank; a++)
      if (!multiply(&shape->count, shape->size[a])) return fail_large(error);
  }
  return RT_OK;
}

int vm_shapes_bind(struct vm_shapes *shapes, int64_t examples, const int64_t *const *ragged, bool *changed,
                   struct rt_error *error) {
  *changed = false;
  if (examples < 1 || examples > MAX_AXIS)
    return rt_fail(error, RT_USAGE, "a batch cannot have %" PRId64 " examples", examples);
  if (shapes->ragged_count && !ragged)
    return rt_fail(error, RT_USAGE, "the sizes of %s are missing",
                   shapes->dims->symbol[shapes->ragged[0].number].name);
  if (same_as_before(shapes, examples, ragged)) return RT_OK;
  *changed = true;
  shapes->examples = 0;
  int status = make_room(shapes, examples, error);
  if (status == RT_OK) status = copy_sizes(shapes, examples, ragged, error);
  if (status == RT_OK) status = bind_dims(shapes, examples, error);
  shapes->fixed = status == RT_OK;
  if (status == RT_OK) status = bind_shapes(shapes, examples, error);
  if (status == RT_OK) shapes->examples = examples;
  return status;
}

/* ---- sizes that were bound before ---- */

/* Where the lengths that are bound belong. False: they are none that are kept. */
static bool seen_of(const struct vm_shapes *shapes, struct shape_seen *now, size_t *place) {
  uint64_t mixed = 0;
  *now = (struct shape_seen){.noted = 1};
  if (shapes->examples != 1 || shapes->ragged_count > VM_SEEN_LENGTHS) return false;
  for (size_t i = 0; i < shapes->ragged_count; i++) {
    now->length[i] = *shapes->ragged[i].each;
    mixed = mixed * 31 + (uint64_t)now->length[i];
  }
  *place = mixed % VM_SEEN;
  return true;
}

bool vm_shapes_seen(const struct vm_shapes *shapes) {
  struct shape_seen now;
  size_t place;
  return seen_of(shapes, &now, &place) && !memcmp(&shapes->seen[place], &now, sizeof now);
}

void vm_shapes_note(struct vm_shapes *shapes) {
  struct shape_seen now;
  size_t place;
  if (seen_of(shapes, &now, &place)) shapes->seen[place] = now;
}

void vm_shapes_forget(struct vm_shapes *shapes) { memset(shapes->seen, 0, VM_SEEN * sizeof *shapes->seen); }
