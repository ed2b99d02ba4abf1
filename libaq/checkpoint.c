/* checkpoint.c: everything that decides how training goes on, in one safetensors file beside the model: parameters as they are ("param."), the best so far
 * ("best."), the optimizer's moments ("first.", "second."), and the position as metadata. The order of the data follows from the seed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaq/trainer.h"

static char *checkpoint_path(const struct aq_trainer *t, struct rt_error *error) {
  struct rt_text path = {0};
  rt_text_printf(&path, "%s.ckpt", t->save);
  if (path.failed) {
    rt_text_free(&path);
    rt_no_memory(error);
    return NULL;
  }
  return path.data;
}

/* What must be the same for going on to mean anything. The program is compared whole, as its bytecode would be. */
static void describe_run(const struct aq_trainer *t, struct rt_text *out) {
  const struct vm_settings *s = &t->settings;
  rt_text_printf(out, "rows %" PRId64 " batch %" PRId64 " seed %" PRId64 " precision %d optimizer %s lr %a decay %a clip %a schedule %s warmup %" PRId64 " params %u", t->train_data.rows,
                 s->batch, s->seed, t->precision, s->optimizer, s->learning_rate, s->weight_decay, s->clip, s->schedule, s->warmup, t->params.count);
  for (uint32_t p = 0; p < t->params.count; p++) rt_text_printf(out, " %s:%" PRId64, t->module->param[p].name, t->params.elements[p]);
}

static void describe_state(const struct aq_trainer *t, struct rt_text *out) {
  const struct train_state *s = &t->state;
  rt_text_printf(out, "%" PRId64 " %" PRId64 " %a %a %" PRId64 " %" PRId64 " %" PRId64 " %a %d", s->epoch, s->position, s->loss_sum, s->loss_rows, s->step, s->best_epoch,
                 s->since_best, s->best_value, s->reached);
}

static int parse_state(struct train_state *s, const char *text, struct rt_error *error) {
  char *at = (char *)text;
  s->epoch = strtoll(at, &at, 10);
  s->position = strtoll(at, &at, 10);
  s->loss_sum = strtod(at, &at);
  s->loss_rows = strtod(at, &at);
  s->step = strtoll(at, &at, 10);
  s->best_epoch = strtoll(at, &at, 10);
  s->since_best = strtoll(at, &at, 10);
  s->best_value = strtod(at, &at);
  s->reached = strtol(at, &at, 10) != 0;
  if (*at || s->epoch < 0 || s->position < 0 || s->step < 0) return rt_fail(error, RT_BAD_DATA, "the checkpoint does not say where training was");
  return RT_OK;
}

/* The moments of parameter p as a tensor with one axis. */
static int describe_moment(struct aq_trainer *t, uint32_t p, int kind, struct rt_arena *arena, struct io_tensor_out *out, int *count, struct rt_error *error) {
  if (kind >= rt_optimizer_moments(t->optimizer)) return RT_OK;
  void *data = rt_optimizer_moment(t->optimizer, (int)p, kind);
  int64_t *shape = rt_arena_alloc(arena, sizeof *shape);
  const char *name = rt_arena_printf(arena, "%s.%s", kind ? "second" : "first", t->module->param[p].name);
  if (!shape || !name) return rt_no_memory(error);
  *shape = t->params.elements[p];
  out[(*count)++] = (struct io_tensor_out){name, t->precision == RT_F64 ? IO_F64 : IO_F32, 1, shape, data};
  return RT_OK;
}

int lib_checkpoint_write(struct aq_trainer *t, struct rt_error *error) {
  struct rt_arena arena = {0};
  struct rt_text run = {0}, state = {0};
  uint32_t n = t->params.count;
  struct io_tensor_out *out = rt_zalloc(4u * n + 1u, sizeof *out);
  char *path = checkpoint_path(t, error);
  int count = 0, status = out && path ? RT_OK : rt_no_memory(error);
  rt_optimizer_flush(t->optimizer);
  if (!status) status = lib_params_describe(&t->params, t->module, "param.", &arena, out, error);
  if (!status) status = lib_params_describe(&t->best, t->module, "best.", &arena, out + n, error);
  count = 2 * (int)n;
  for (uint32_t p = 0; !status && p < n; p++)
    for (int kind = 0; kind < 2 && !status; kind++) status = describe_moment(t, p, kind, &arena, out, &count, error);
  describe_run(t, &run);
  describe_state(t, &state);
  if (!status && (run.failed || state.failed)) status = rt_no_memory(error);
  const struct io_metadata metadata[] = {{"aq.checkpoint", "1"}, {"aq.run", run.data}, {"aq.state", state.data}};
  if (!status) status = io_tensors_save(path, out, count, metadata, RT_COUNT(metadata), error);
  if (!status && t->options.progress) {
    aq_progress p = {.event = AQ_SAVED, .path = path, .epoch = t->state.epoch, .epochs = t->settings.epochs};
    if (!t->options.progress(t->options.context, &p)) t->stopped = true;
  }
  rt_free(out);
  rt_free(path);
  rt_text_free(&run);
  rt_text_free(&state);
  rt_arena_free(&arena);
  return status;
}

static int read_moment(struct aq_trainer *t, const struct io_tensors *file, uint32_t p, int kind, struct rt_error *error) {
  char name[1024];
  if (kind >= rt_optimizer_moments(t->optimizer)) return RT_OK;
  void *data = rt_optimizer_moment(t->optimizer, (int)p, kind);
  snprintf(name, sizeof name, "%s.%s", kind ? "second" : "first", t->module->param[p].name);
  const struct io_tensor *tensor = io_tensors_find(file, name);
  if (!tensor || tensor->elements != t->params.elements[p]) return rt_fail(error, RT_BAD_DATA, "the checkpoint lacks %s", name);
  return t->precision == RT_F64 ? io_tensors_double(file, tensor, data, error) : io_tensors_float(file, tensor, data, error);
}

static int read_all(struct aq_trainer *t, const struct io_tensors *file, struct rt_error *error) {
  struct rt_text run = {0};
  const char *saved = io_tensors_metadata(file, "aq.run"), *state = io_tensors_metadata(file, "aq.state");
  describe_run(t, &run);
  int status = run.failed ? rt_no_memory(error) : RT_OK;
  if (!status && (!saved || !state)) status = rt_fail(error, RT_BAD_DATA, "this is no checkpoint of aq");
  if (!status && strcmp(saved, run.data)) {
    status = rt_fail(error, RT_BAD_DATA, "the checkpoint is of another program, other data or other settings");
    rt_hint(error, "resume with what training began with; only the number of epochs may differ");
  }
  rt_text_free(&run);
  if (!status) status = parse_state(&t->state, state, error);
  if (!status) status = lib_params_read(&t->params, t->module, file, "param.", error);
  if (!status) status = lib_params_read(&t->best, t->module, file, "best.", error);
  for (uint32_t p = 0; !status && p < t->params.count; p++)
    for (int kind = 0; kind < 2 && !status; kind++) status = read_moment(t, file, p, kind, error);
  if (!status) rt_optimizer_set_steps(t->optimizer, t->state.step);
  return status;
}

int lib_checkpoint_read(struct aq_trainer *t, struct rt_error *error) {
  struct io_tensors *file = NULL;
  char *path = checkpoint_path(t, error);
  if (!path) return error->code;
  int status = io_tensors_open(&file, path, error);
  if (!status) status = io_tensors_verify(file, error);
  if (!status) status = read_all(t, file, error);
  if (status && !error->file[0]) snprintf(error->file, sizeof error->file, "%s", path);
  io_tensors_close(file);
  rt_free(path);
  return status;
}
