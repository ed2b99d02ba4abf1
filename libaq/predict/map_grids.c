/* map_grids.c: which queries and keys are places of a picture, and where in it they are. */
#include "libaq/predict/session.h"
#include "runtime/io/image.h"

int session_measure(struct aq_session *s, int64_t row, struct rt_error *error) {
  const struct vm_module *m = s->model->module;
  const size_t columns = (size_t)s->model->schema.count + 1;
  s->symbol_size = rt_arena_alloc(&s->tokens, (m->dims.symbol_count + 1) * sizeof *s->symbol_size);
  s->picture = rt_arena_alloc(&s->tokens, columns * sizeof *s->picture);
  if (!s->symbol_size || !s->picture) return rt_no_memory(error);
  memset(s->picture, 0, columns * sizeof *s->picture);
  for (size_t k = 0; k < m->dims.symbol_count; k++) s->symbol_size[k] = -1;
  for (uint32_t i = 0; i < m->input_count; i++) {
    const struct io_values *v = &s->data.values[s->feed.column[i]];
    if (m->input[i].length >= 0 && v->present)
      s->symbol_size[m->input[i].length] = lib_row_length(&m->input[i], v, row);
  }
  return RT_OK;
}

/* ---- runs as numbers ---- */

/* An axis of an input along a run. */
struct along {
  int axis; /* -1: the run is not along it */
  int64_t count, start, step;
  int64_t size; /* of the axis of the input */
};

struct run {
  int64_t at;
  int rank;
  struct along of[2];
};

static bool value_of(const struct aq_session *s, vm_dim d, int64_t *value) {
  return vm_dim_value(&s->model->module->dims, d, s->symbol_size, value, NULL) == RT_OK;
}

/* False: a run is not there for this row, or not all of it. */
static bool measure(const struct aq_session *s, const struct vm_run *run, size_t length, struct run *r) {
  const struct vm_type *type = &s->model->module->input[run->input].type;
  int64_t all = 1, here = (int64_t)length;
  r->rank = run->rank;
  if (!value_of(s, run->at, &r->at)) return false;
  for (int k = 0; k < run->rank; k++) {
    struct along *a = &r->of[k];
    a->axis = run->axis[k];
    if (!value_of(s, run->count[k], &a->count) || !value_of(s, run->start[k], &a->start)
        || !value_of(s, run->step[k], &a->step) || !value_of(s, type->dim[a->axis], &a->size))
      return false;
    if (a->count < 1 || a->step < 1 || a->size < 1 || a->count > here / all) return false;
    all *= a->count;
  }
  return r->at <= here - all;
}

/* ---- pictures ---- */

static int picture_of(struct aq_session *s, int c, int64_t row, const aq_image **picture,
                      struct rt_error *error) {
  const struct io_column *column = &s->model->schema.columns[c];
  struct io_image image = {0};
  *picture = s->picture[c];
  if (*picture) return RT_OK;
  const int status = column->kind->drawn->draw(column, &s->data.values[c], row, &image, error);
  if (status != RT_OK) return status;
  aq_image *own = rt_arena_alloc(&s->tokens, sizeof *own);
  unsigned char *bytes = own ? rt_arena_alloc(&s->tokens, io_image_size(&image) + 1) : NULL;
  if (bytes) {
    memcpy(bytes, image.bytes, io_image_size(&image));
    *own = (aq_image){sizeof *own, (size_t)image.height, (size_t)image.width, (size_t)image.channels, bytes};
    *picture = s->picture[c] = own;
  }
  io_image_free(&image);
  return bytes ? RT_OK : rt_no_memory(error);
}

/* ---- grids ---- */

/* The run's axis along that one of the picture; one place as large as the picture where it is along none. */
static const struct along *along(const struct run *r, int axis) {
  static const struct along all = {.axis = -1, .count = 1, .step = 1, .size = 1};
  for (int k = 0; k < r->rank; k++)
    if (r->of[k].axis == axis) return &r->of[k];
  return &all;
}

static bool lies_in(const struct run *r, const struct io_drawn *drawn) {
  bool lies = true;
  for (int k = 0; k < r->rank; k++) lies &= r->of[k].axis == drawn->down || r->of[k].axis == drawn->across;
  return lies;
}

static int make_grid(struct aq_session *s, const struct run *r, const struct io_drawn *drawn, aq_grid *grid) {
  const struct along *down = along(r, drawn->down), *across = along(r, drawn->across);
  const bool down_first = &r->of[0] == down; /* it is the slower one */
  const int64_t rows = down->count, columns = across->count;
  size_t *place = rt_arena_alloc(&s->tokens, (size_t)(rows * columns) * sizeof *place);
  if (!place) return RT_NO_MEMORY;
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < columns; x++) {
      const int64_t row = drawn->up ? rows - 1 - y : y;
      place[y * columns + x] = (size_t)(r->at + (down_first ? row * columns + x : x * rows + row));
    }
  *grid = (aq_grid){.size = sizeof *grid,
                    .rows = (size_t)rows,
                    .columns = (size_t)columns,
                    .place = place,
                    .left = (double)across->start / (double)across->size,
                    .height = (double)down->step / (double)down->size,
                    .width = (double)across->step / (double)across->size};
  const double begin = (double)down->start / (double)down->size;
  grid->top = drawn->up ? 1 - begin - grid->height * (double)rows : begin;
  return RT_OK;
}

int session_grids(struct aq_session *s, struct session_axis axis, const aq_grid *const **grid, size_t *count,
                  struct rt_error *error) {
  const aq_grid **list = rt_arena_alloc(&s->tokens, (axis.runs->count + 1) * sizeof *list);
  *count = 0;
  *grid = list;
  if (!list) return rt_no_memory(error);
  for (uint32_t k = 0; k < axis.runs->count; k++) {
    const int c = s->feed.column[axis.runs->run[k].input];
    const struct io_column *column = &s->model->schema.columns[c];
    struct run run;
    if (!column->kind->drawn || !s->data.values[c].present) continue;
    if (!measure(s, &axis.runs->run[k], axis.length, &run) || !lies_in(&run, column->kind->drawn)) continue;
    aq_grid *made = rt_arena_alloc(&s->tokens, sizeof *made);
    if (!made || make_grid(s, &run, column->kind->drawn, made) != RT_OK) return rt_no_memory(error);
    made->column = column->name;
    int status = picture_of(s, c, axis.row, &made->picture, error);
    if (status != RT_OK) return status;
    list[(*count)++] = made;
  }
  return RT_OK;
}

/* ---- names ---- */

/* Puts the tokens of the text where the run has them. */
static bool name_run(const struct aq_session *s, const struct vm_run *vm_run, size_t length,
                     const char **name) {
  const struct session_tokens *list = &s->token[s->feed.column[vm_run->input]];
  struct run run;
  if (!list->text || !measure(s, vm_run, length, &run) || run.rank != 1 || run.of[0].axis != 0) return false;
  const struct along *a = &run.of[0];
  if (a->step != 1 || a->start > (int64_t)list->count - a->count) return false;
  for (int64_t k = 0; k < a->count; k++) name[run.at + k] = list->text[a->start + k];
  return true;
}

int session_names(struct aq_session *s, struct session_axis axis, const char *const **name,
                  struct rt_error *error) {
  bool any = false;
  *name = NULL;
  if (!axis.runs->count) return RT_OK;
  const char **list = rt_arena_alloc(&s->tokens, (axis.length + 1) * sizeof *list);
  if (!list) return rt_no_memory(error);
  memset(list, 0, (axis.length + 1) * sizeof *list);
  for (uint32_t k = 0; k < axis.runs->count; k++) any |= name_run(s, &axis.runs->run[k], axis.length, list);
  if (!any) return RT_OK;
  for (size_t k = 0; k < axis.length; k++)
    if (!list[k] && !(list[k] = rt_arena_printf(&s->tokens, "%zu", k + 1))) return rt_no_memory(error);
  *name = list;
  return RT_OK;
}
