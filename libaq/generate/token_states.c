/* token_states.c: what is kept of each text lies by itself, so that texts may come, be copied and go. For a
 * step the texts' parts are put one behind the other, as a batch has them; but rows that only become more
 * stay where they are (kept_rows.h). */
#include "libaq/generate/token_states.h"

#include "libaq/generate/kept_rows.h"

#include <string.h>

/* A kept value of one text. */
struct part {
  char *data;
  size_t bytes, capacity;
};

struct kept_text {
  struct part *part;  /* [kept] */
  struct part *start; /* [kept] what it began with, of those that change */
  int64_t *size;      /* [symbols] */
  int64_t before;
  int64_t origin; /* the text that it was when it began: those of one origin have in common what stays */
};

struct token_states {
  const struct vm_module *module;
  const struct vm_continuing *how;
  size_t number_bytes;
  struct vm_machine *begin, *step;
  uint32_t *value;            /* [kept] of "step" that is the argument; UINT32_MAX: it reads none of it */
  struct part *shared;        /* [kept] those that are one for all texts */
  struct part *packed;        /* [kept] those of all texts */
  struct kept_rows *rows;     /* [kept] rows that stay in their place, instead of parts */
  bool same_texts;            /* as when they were packed last: what stays of them is still packed */
  struct kept_text *text;     /* [room], of which count are in use */
  struct kept_text *other;    /* [room] scratch of token_states_keep */
  int64_t count, room, begun; /* begun: texts so far */
  int64_t **size;             /* [symbols] of all texts, [room] each; NULL: not ragged */
};

/* ---- making ---- */

/* Do rows join what is there in its place? */
static bool stays(const struct token_states *s, uint32_t k) { return vm_machine_longer(s->step, k) != NULL; }

static const struct vm_type *type_of(const struct token_states *s, uint32_t k) {
  return &vm_machine_function(s->step)->argument[k];
}

static size_t element_bytes(const struct token_states *s, const struct vm_type *type) {
  return type->dtype == RT_INT ? sizeof(int32_t) : s->number_bytes;
}

static void find_values(struct token_states *s) {
  const struct vm_function *f = vm_machine_function(s->step);
  for (uint32_t k = 0; k < s->how->kept_count; k++) s->value[k] = UINT32_MAX;
  for (uint32_t v = 0; v < f->value_count; v++)
    if (f->value[v].place == VM_IN_ARGUMENT) s->value[f->value[v].index] = v;
}

static int make(struct token_states *s, enum rt_precision precision, struct rt_pool *pool,
                struct rt_error *error) {
  const struct vm_module *m = s->module;
  size_t kept = (size_t)s->how->kept_count + 1;
  s->begin = vm_machine_new(m, vm_module_function(m, "begin"), precision, pool, error);
  s->step = s->begin ? vm_machine_new(m, vm_module_function(m, "step"), precision, pool, error) : NULL;
  if (!s->step) return error->code;
  vm_machine_grows(s->step);
  s->value = rt_zalloc(kept, sizeof *s->value);
  s->shared = rt_zalloc(kept, sizeof *s->shared);
  s->packed = rt_zalloc(kept, sizeof *s->packed);
  s->rows = rt_zalloc(kept, sizeof *s->rows);
  s->size = rt_zalloc(m->dims.symbol_count + 1, sizeof *s->size);
  if (!s->value || !s->shared || !s->packed || !s->rows || !s->size) return rt_no_memory(error);
  find_values(s);
  return RT_OK;
}

int token_states_new(struct token_states **states, const struct vm_module *module,
                     enum rt_precision precision, struct rt_pool *pool, struct rt_error *error) {
  *states = NULL;
  if (!vm_module_function(module, "step")) return RT_OK;
  struct token_states *s = rt_zalloc(1, sizeof *s);
  if (!s) return rt_no_memory(error);
  s->module = module;
  s->how = &module->continuing;
  s->number_bytes = precision == RT_F64 ? sizeof(double) : sizeof(float);
  int status = make(s, precision, pool, error);
  if (status != RT_OK)
    token_states_free(s);
  else
    *states = s;
  return status;
}

static void free_parts(struct part *part, uint32_t count) {
  for (uint32_t k = 0; part && k < count; k++) rt_free(part[k].data);
  rt_free(part);
}

static void free_texts(struct token_states *s, struct kept_text *text) {
  for (int64_t k = 0; text && k < s->room; k++) {
    free_parts(text[k].part, s->how->kept_count);
    free_parts(text[k].start, s->how->kept_count);
    rt_free(text[k].size);
  }
  rt_free(text);
}

void token_states_free(struct token_states *s) {
  if (!s) return;
  free_texts(s, s->text);
  free_texts(s, s->other);
  free_parts(s->shared, s->how->kept_count);
  free_parts(s->packed, s->how->kept_count);
  for (uint32_t k = 0; s->rows && k < s->how->kept_count; k++) kept_rows_free(&s->rows[k]);
  rt_free(s->rows);
  for (size_t k = 0; s->size && k < s->module->dims.symbol_count; k++) rt_free(s->size[k]);
  rt_free(s->size);
  rt_free(s->value);
  vm_machine_free(s->begin);
  vm_machine_free(s->step);
  rt_free(s);
}

struct vm_machine *token_states_begin(const struct token_states *s) {
  return s->begin;
}
struct vm_machine *token_states_step(const struct token_states *s) {
  return s->step;
}
int64_t token_states_before(const struct token_states *s, int64_t k) { return s->text[k].before; }

size_t token_states_bytes(const struct token_states *s) {
  size_t bytes = 0;
  for (int64_t t = 0; t < s->count; t++)
    for (uint32_t k = 0; k < s->how->kept_count; k++)
      bytes += stays(s, k) ? s->rows[k].span[t].bytes : s->text[t].part[k].bytes;
  return bytes;
}

/* ---- room ---- */

/* Room that grows by halves, so that a text that grows by a row is not copied for each. */
static int part_room(struct part *part, size_t bytes, struct rt_error *error) {
  void *data = part->data;
  if (rt_grow(&data, &part->capacity, bytes, 1)) return rt_no_memory(error);
  part->data = data;
  return RT_OK;
}

static int part_set(struct part *part, const void *from, size_t bytes, size_t unchanged,
                    struct rt_error *error) {
  if (part_room(part, bytes, error) != RT_OK) return RT_NO_MEMORY;
  if (bytes > unchanged) memcpy(part->data + unchanged, (const char *)from + unchanged, bytes - unchanged);
  part->bytes = bytes;
  return RT_OK;
}

static int grow(struct kept_text **texts, int64_t from, int64_t to) {
  struct kept_text *more = rt_zalloc((size_t)to, sizeof *more);
  if (!more) return RT_NO_MEMORY;
  if (from) memcpy(more, *texts, (size_t)from * sizeof *more);
  rt_free(*texts);
  *texts = more;
  return RT_OK;
}

static int init_text(const struct token_states *s, struct kept_text *text) {
  text->part = rt_zalloc((size_t)s->how->kept_count + 1, sizeof *text->part);
  text->start = rt_zalloc((size_t)s->how->kept_count + 1, sizeof *text->start);
  text->size = rt_zalloc(s->module->dims.symbol_count + 1, sizeof *text->size);
  return text->part && text->start && text->size ? RT_OK : RT_NO_MEMORY;
}

static int make_room(struct token_states *s, int64_t count, struct rt_error *error) {
  if (count <= s->room) return RT_OK;
  for (size_t k = 0; k < s->module->dims.symbol_count; k++) {
    if (s->module->dims.symbol[k].kind != VM_RAGGED) continue;
    int64_t *more = rt_zalloc((size_t)count, sizeof *more);
    if (!more) return rt_no_memory(error);
    rt_free(s->size[k]);
    s->size[k] = more;
  }
  int status = RT_OK;
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK; k++)
    if (stays(s, k)) status = kept_rows_texts(&s->rows[k], s->room, count);
  if (status == RT_OK) status = grow(&s->text, s->room, count);
  if (status == RT_OK) status = grow(&s->other, s->room, count);
  while (status == RT_OK && s->room < count) {
    int64_t k = s->room++; /* also when there is no memory for it: what it has got is freed with the others */
    status = init_text(s, &s->text[k]);
    if (status == RT_OK) status = init_text(s, &s->other[k]);
  }
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

/* ---- beginning ---- */

/* Where an example's part of a value lies, and how long it is. */
static const char *example_of(const struct token_states *s, const struct rt_tensor *t,
                              const struct vm_type *type, int64_t example, size_t *bytes) {
  size_t each = element_bytes(s, type);
  int64_t first = rt_offset(t->shape, example),
          end = example + 1 < t->shape->examples ? rt_offset(t->shape, example + 1) : t->shape->count;
  *bytes = (size_t)(end - first) * each;
  return (const char *)t->data + (size_t)first * each;
}

static void forget(struct token_states *s, int64_t t, uint32_t k) {
  if (stays(s, k))
    s->rows[k].span[t].bytes = 0;
  else
    s->text[t].part[k].bytes = 0;
}

static int take_part(struct token_states *s, uint32_t k, int64_t count, struct rt_error *error) {
  const struct vm_type *type = type_of(s, k);
  uint32_t start = s->how->kept[k].start;
  int status = RT_OK;
  size_t bytes;
  if (stays(s, k))
    kept_rows_begin(&s->rows[k], count);
  else
    for (int64_t t = 0; t < count; t++) forget(s, t, k);
  if (start == UINT32_MAX) return RT_OK;
  struct rt_tensor from = vm_machine_output(s->begin, start);
  if (!type->batched) {
    const char *data = example_of(s, &from, type, 0, &bytes);
    return part_set(&s->shared[k], data, bytes, 0, error);
  }
  if (from.shape->examples != count)
    return rt_fail(error, RT_BAD_DATA, "the module begins texts with what is not one for each");
  for (int64_t t = 0; t < count && status == RT_OK; t++) {
    const char *data = example_of(s, &from, type, t, &bytes);
    status = part_set(&s->text[t].part[k], data, bytes, 0, error);
    if (status == RT_OK && s->how->kept[k].next != UINT32_MAX)
      status = part_set(&s->text[t].start[k], data, bytes, 0, error);
  }
  return status;
}

int token_states_restart(struct token_states *s, int64_t t, struct rt_error *error) {
  struct kept_text *text = &s->text[t];
  int status = RT_OK;
  text->before = 0;
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK; k++) {
    if (s->how->kept[k].next == UINT32_MAX) continue;
    forget(s, t, k);
    if (!stays(s, k)) status = part_set(&text->part[k], text->start[k].data, text->start[k].bytes, 0, error);
  }
  return status;
}

int token_states_take(struct token_states *s, int64_t count, const int64_t *const *sizes,
                      struct rt_error *error) {
  s->count = 0;
  s->same_texts = false;
  int status = make_room(s, count, error);
  for (int64_t t = 0; t < count && status == RT_OK; t++) {
    s->text[t].before = 0;
    s->text[t].origin = ++s->begun;
    for (size_t k = 0; k < s->module->dims.symbol_count; k++)
      s->text[t].size[k] = sizes && sizes[k] && (int64_t)k != s->how->before ? sizes[k][t] : 0;
  }
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK; k++) status = take_part(s, k, count, error);
  if (status == RT_OK) s->count = count;
  return status;
}

/* ---- going on ---- */

static int64_t at_most(int64_t count, int64_t most) { return count < most ? count : most; }

static int bind(struct token_states *s, uint32_t input, const int64_t *more, struct rt_error *error) {
  int64_t length = s->module->input[input].length;
  for (size_t k = 0; k < s->module->dims.symbol_count; k++)
    for (int64_t t = 0; s->size[k] && t < s->count; t++)
      s->size[k][t] = (int64_t)k == length           ? more[t]
                      : (int64_t)k == s->how->before ? s->text[t].before
                                                     : s->text[t].size[k];
  for (uint32_t k = 0; k < s->how->kept_count; k++)
    for (int64_t t = 0; s->how->kept[k].most && t < s->count; t++)
      s->size[s->how->kept[k].rows][t] = at_most(s->text[t].before, s->how->kept[k].most);
  return vm_machine_bind(s->step, s->count, (const int64_t *const *)s->size, error);
}

/* The texts' parts one behind the other, as a batch has them. */
static int pack(struct token_states *s, uint32_t k, struct rt_error *error) {
  struct part *to = &s->packed[k];
  size_t total = 0;
  if (s->same_texts && s->how->kept[k].next == UINT32_MAX) return RT_OK;
  for (int64_t t = 0; t < s->count; t++) total += s->text[t].part[k].bytes;
  if (part_room(to, total, error) != RT_OK) return RT_NO_MEMORY;
  to->bytes = 0;
  for (int64_t t = 0; t < s->count; t++) {
    const struct part *part = &s->text[t].part[k];
    if (part->bytes) memcpy(to->data + to->bytes, part->data, part->bytes);
    to->bytes += part->bytes;
  }
  return RT_OK;
}

static int misfit(struct rt_error *error) {
  return rt_fail(error, RT_BAD_DATA, "the module keeps values of other sizes than it reads");
}

static int give_rows(struct token_states *s, uint32_t k, struct rt_error *error) {
  struct kept_rows *rows = &s->rows[k];
  const struct rt_shape *before = vm_machine_value(s->step, s->value[k]).shape;
  size_t element = element_bytes(s, type_of(s, k));
  for (int64_t t = 0; t < s->count; t++)
    if (rows->span[t].bytes != (size_t)rt_extent(before, 0, before->rank, t) * element) return misfit(error);
  int status = kept_rows_fit(rows, vm_machine_longer(s->step, k), element, error);
  if (status == RT_OK) vm_machine_set_rows(s->step, k, rows->data, rows->offset);
  return status;
}

/* What the step reads as argument k. A lone text's part is read where it lies. */
static int give(struct token_states *s, uint32_t k, struct rt_error *error) {
  if (s->value[k] == UINT32_MAX) return RT_OK;
  if (stays(s, k)) return give_rows(s, k, error);
  const struct vm_type *type = type_of(s, k);
  struct rt_tensor argument = vm_machine_value(s->step, s->value[k]);
  size_t wanted = (size_t)argument.shape->count * element_bytes(s, type);
  struct part *from = !type->batched ? &s->shared[k] : s->count == 1 ? &s->text[0].part[k] : &s->packed[k];
  int status = from == &s->packed[k] ? pack(s, k, error) : RT_OK;
  if (status == RT_OK && !from->data) status = part_room(from, 1, error);
  if (status != RT_OK) return status;
  if (from->bytes != wanted) return misfit(error);
  vm_machine_set_argument(s->step, k, from->data);
  return RT_OK;
}

/* Rows of the first axis are added behind those that are there. */
static bool only_grows(const struct token_states *s, uint32_t k) {
  const struct vm_type *type = type_of(s, k);
  return s->how->kept[k].start == UINT32_MAX && !s->how->kept[k].most && type->rank > 0
         && vm_dim_uses(&s->module->dims, type->dim[0], (uint32_t)s->how->before);
}

static int replace(struct token_states *s, uint32_t k, struct rt_error *error) {
  uint32_t next = s->how->kept[k].next;
  const struct vm_type *type = type_of(s, k);
  if (next == UINT32_MAX) return RT_OK;
  int64_t most = s->how->kept[k].most;
  if (stays(s, k)) {
    kept_rows_grown(&s->rows[k], vm_machine_longer(s->step, k), element_bytes(s, type), most);
    return RT_OK;
  }
  struct rt_tensor from = vm_machine_output(s->step, next);
  if (!type->batched || from.shape->examples != s->count)
    return rt_fail(error, RT_BAD_DATA, "the module keeps of texts what is not one for each");
  int status = RT_OK;
  for (int64_t t = 0; t < s->count && status == RT_OK; t++) {
    size_t bytes;
    const char *data = example_of(s, &from, type, t, &bytes);
    struct part *part = &s->text[t].part[k];
    size_t gone = kept_rows_gone(from.shape, t, bytes, most);
    data += gone;
    bytes -= gone;
    status = part_set(part, data, bytes, only_grows(s, k) && bytes >= part->bytes ? part->bytes : 0, error);
  }
  return status;
}

/* Does the step read as many tokens as there are new ones? A module from a file may not. */
static bool reads_tokens(const struct token_states *s, uint32_t input, const int64_t *more) {
  const struct vm_function *f = vm_machine_function(s->step);
  int64_t total = 0;
  bool fits = true;
  for (int64_t t = 0; t < s->count; t++) total += more[t];
  for (uint32_t v = 0; v < f->value_count; v++)
    if (f->value[v].place == VM_IN_INPUT && f->value[v].index == input)
      fits = fits && f->value[v].type.dtype == RT_INT && vm_machine_value(s->step, v).shape->count == total;
  return fits;
}

int token_states_go_on(struct token_states *s, uint32_t input, const int32_t *token, const int64_t *more,
                       struct rt_error *error) {
  int status = bind(s, input, more, error);
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK; k++) status = give(s, k, error);
  if (status == RT_OK && !reads_tokens(s, input, more))
    status = rt_fail(error, RT_BAD_DATA, "the module's step reads other tokens than those that are new");
  s->same_texts = status == RT_OK && s->count > 1;
  if (status != RT_OK) return status;
  vm_machine_set_input(s->step, input, token);
  status = vm_machine_run(s->step, 0, error);
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK; k++) status = replace(s, k, error);
  for (int64_t t = 0; t < s->count && status == RT_OK; t++) s->text[t].before += more[t];
  return status;
}

static int copy_text(const struct token_states *s, struct kept_text *to, const struct kept_text *from,
                     struct rt_error *error) {
  int status = RT_OK;
  bool related = to->origin == from->origin; /* it had what stays from there already */
  to->origin = 0;
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK && !related; k++)
    status = part_set(&to->start[k], from->start[k].data, from->start[k].bytes, 0, error);
  to->before = from->before;
  memcpy(to->size, from->size, s->module->dims.symbol_count * sizeof *to->size);
  for (uint32_t k = 0; k < s->how->kept_count && status == RT_OK; k++)
    if (!related || s->how->kept[k].next != UINT32_MAX)
      status = part_set(&to->part[k], from->part[k].data, from->part[k].bytes, 0, error);
  if (status == RT_OK) to->origin = from->origin;
  return status;
}

/* Will the texts have, one by one, the origins that they have now? */
static bool same_origins(const struct token_states *s, const int64_t *from, int64_t count) {
  bool same = count == s->count;
  for (int64_t k = 0; same && k < count; k++) same = s->text[from[k]].origin == s->text[k].origin;
  return same;
}

int token_states_keep(struct token_states *s, const int64_t *from, int64_t count, struct rt_error *error) {
  int status = make_room(s, count, error);
  s->same_texts = s->same_texts && same_origins(s, from, count);
  for (int64_t k = 0; k < count && status == RT_OK; k++) {
    struct kept_text *old = &s->text[from[k]], own = s->other[k];
    bool again = false; /* is it still to be copied to another text? */
    for (int64_t later = k + 1; later < count && !again; later++) again = from[later] == from[k];
    if (again) {
      status = copy_text(s, &s->other[k], old, error);
      continue;
    }
    s->other[k] = *old;
    *old = own;
  }
  if (status != RT_OK) {
    s->same_texts = false;
    return status;
  }
  for (uint32_t k = 0; k < s->how->kept_count; k++)
    if (stays(s, k)) kept_rows_keep(&s->rows[k], from, count);
  struct kept_text *there = s->text;
  s->text = s->other;
  s->other = there;
  s->count = count;
  return RT_OK;
}
