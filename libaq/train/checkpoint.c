/* checkpoint.c: checkpoints. A checkpoint is a safetensors file beside the model with everything that decides
 * how training goes on: parameters as they are ("param."), the best so far ("best."), their running average
 * where there is one ("average."), and what the optimizer keeps, under its own names ("first.", "root.").
 * "epochs" has the numbers of those that have ended, for their curves.
 * The metadata say where training is, and of which training. The order of the data follows from the seed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libaq/host_log.h"
#include "libaq/train/trainer.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/store.h"
#include "runtime/io/checksum.h"
#include "runtime/io/file.h"
#include "runtime/io/number.h"
#include "runtime/limits.h"

/* Raised when a checkpoint changes its meaning, or could no longer be read by an aq that knows the format
 * before. */
enum { FORMAT = 3 };

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

/* A device or a pipe takes the model, but nothing belongs beside it. */
static bool is_special(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* A folder there would be told by what cannot be created in its place. */
static int check_folder(const char *path, struct rt_error *error) {
  struct stat status;
  if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) return RT_OK;
  rt_fail_in(error, RT_CANNOT_CREATE, path,
             "this is a folder, and the checkpoint of the training goes there");
  rt_hint(error, "move the folder away, or give the model another name");
  return RT_CANNOT_CREATE;
}

int lib_checkpoint_prepare(struct aq_trainer *t, struct rt_error *error) {
  if (is_special(t->save)) return RT_OK;
  char *path = checkpoint_path(t, error);
  int status = path ? io_lock_take(&t->lock, t->save, error) : RT_NO_MEMORY;
  if (status == RT_OK) status = io_save_check(t->save, error);
  if (status == RT_OK) status = check_folder(path, error);
  if (status == RT_OK) status = io_save_check(path, error);
  rt_free(path);
  return status;
}

/* ---- what it is a position in ---- */

/* Aligned as the checksum wants it. */
struct digest {
  _Alignas(64) struct io_checksum sum;
};

static void put_digest(struct digest *d, const char *name, struct rt_text *out) {
  char digits[IO_CHECKSUM_DIGITS + 1];
  io_checksum_end(&d->sum, digits);
  rt_text_printf(out, "%s #%s\n", name, digits);
}

/* Numbers of what a store has say nothing of what is in it. */
static void add_named(struct io_checksum *sum, const struct io_values *v, int64_t rows) {
  for (int64_t row = 0; row < rows; row++) {
    const struct io_stored *one = io_store_get(v->store, io_payload_ids(&v->of)[row]);
    io_checksum_add(sum, &one->sum, sizeof one->sum);
  }
}

static void describe_data(const struct io_dataset *data, const char *name, struct rt_text *out) {
  struct digest d;
  io_checksum_begin(&d.sum);
  io_checksum_add(&d.sum, &data->rows, sizeof data->rows);
  for (int c = 0; c < data->columns; c++) {
    const struct io_values *v = &data->values[c];
    const struct io_payload *of = &v->of;
    if (!v->present || data->rows == 0) continue;
    size_t elements = (size_t)(io_payload_begin(of, data->rows) * of->width);
    if (of->offsets) io_checksum_add(&d.sum, of->offsets, ((size_t)data->rows + 1) * sizeof *of->offsets);
    if (of->apart) {
      add_named(&d.sum, v, data->rows);
      continue;
    }
    if (elements) io_checksum_add(&d.sum, of->elements, elements * io_dtype_size(of->element));
  }
  put_digest(&d, name, out);
}

static int describe_columns(const struct aq_trainer *t, struct rt_text *out, struct rt_error *error) {
  struct rt_text schema = {0};
  struct digest d;
  io_schema_write(&t->schema, &schema, NULL);
  int status = schema.failed ? rt_no_memory(error) : RT_OK;
  io_checksum_begin(&d.sum);
  if (status == RT_OK) io_checksum_add(&d.sum, schema.data, schema.length);
  rt_text_free(&schema);
  put_digest(&d, "vocabulary", out);
  return status;
}

static void put_number(struct rt_text *out, const char *name, double value) {
  char digits[SHOWN_EXACT_SIZE];
  shown_exact(digits, value);
  rt_text_printf(out, "%s %s\n", name, digits);
}

static void put_amount(struct rt_text *out, const char *name, const struct rt_amount *amount) {
  if (amount->steps > 0)
    rt_text_printf(out, "%s %" PRId64 "\n", name, amount->steps);
  else
    put_number(out, name, amount->number);
}

static void describe_method(const struct vm_settings *s, struct rt_text *out) {
  const struct rt_method *method = rt_method_find(s->optimizer);
  const struct rt_schedule *schedule = rt_schedule_find(s->schedule);
  rt_text_printf(out, "optimizer %s\nschedule %s\n", s->optimizer, s->schedule);
  put_number(out, "lr", s->learning_rate);
  put_number(out, "weight_decay", s->weight_decay);
  for (int k = 0; k < method->settings; k++)
    put_number(out, method->setting[k].name, s->optimizer_setting[k]);
  put_amount(out, "warmup", &s->warmup);
  for (int k = 0; k < schedule->settings; k++)
    put_amount(out, schedule->setting[k].name, &s->schedule_setting[k]);
}

/* Which parameters are frozen, and the rates of those that have their own. */
static void describe_parameters(const struct aq_trainer *t, struct rt_text *out) {
  const struct vm_module *m = t->module;
  struct digest frozen, groups;
  io_checksum_begin(&frozen.sum);
  io_checksum_begin(&groups.sum);
  for (uint32_t p = 0; p < m->param_count; p++) {
    const double own[] = {m->param[p].lr, m->param[p].weight_decay};
    io_checksum_add(&frozen.sum, &m->param[p].frozen, sizeof m->param[p].frozen);
    if (!m->param[p].frozen) io_checksum_add(&groups.sum, own, sizeof own);
  }
  put_digest(&frozen, "frozen-parameters", out);
  put_digest(&groups, "groups", out);
}

/* What must not change when training goes on: a line for each thing, with its name, and its value or # and a
 * digest. The number of epochs and patience may change. */
static int describe_run(struct aq_trainer *t, struct rt_error *error) {
  const struct vm_settings *s = &t->settings;
  struct rt_text out = {0};
  if (t->run) return RT_OK;
  if (lib_train_has_rows(t))
    describe_data(&t->train_data, "training-data", &out);
  else
    rt_text_puts(&out, "training-data none\n");
  if (t->has_valid)
    describe_data(&t->valid_data, "validation-data", &out);
  else
    rt_text_puts(&out, "validation-data none\n");
  int status = describe_columns(t, &out, error);
  rt_text_printf(&out, "program #%0*" PRIx64 "\n", IO_CHECKSUM_DIGITS, t->program);
  rt_text_printf(&out, "precision %s\nseed %" PRId64 "\nbatch %" PRId64 "\n", rt_precision_name(t->precision),
                 s->seed, s->batch);
  describe_method(s, &out);
  put_number(&out, "clip", s->clip);
  put_number(&out, "average", s->average);
  describe_parameters(t, &out);
  rt_text_printf(&out, "metric %s%s\n", t->best_by.name ? t->best_by.name : "none",
                 t->options.measure && t->options.least_is_best ? ", least" : "");
  if (status == RT_OK && out.failed) status = rt_no_memory(error);
  if (status != RT_OK) rt_text_free(&out);
  t->run = out.data;
  return status;
}

/* Says what differs first: "the checkpoint is of another training: batch 32 there, batch 64 here". */
static int check_run(const char *saved, const char *now, struct rt_error *error) {
  while (*saved && *now) {
    int a = (int)strcspn(saved, "\n"), b = (int)strcspn(now, "\n"), name = (int)strcspn(now, " ");
    bool digest = memchr(saved, '#', (size_t)a) || memchr(now, '#', (size_t)b),
         several = name > 4 && (now[name - 1] == 's' || !strncmp(now + name - 4, "data", 4));
    if (a == b && !strncmp(saved, now, (size_t)a)) {
      saved += a + (saved[a] != 0);
      now += b + (now[b] != 0);
      continue;
    }
    if (digest)
      rt_fail(error, RT_BAD_DATA, "the checkpoint is of another training: its %.*s differ%s", name, now,
              several ? "" : "s");
    else
      rt_fail(error, RT_BAD_DATA, "the checkpoint is of another training: %.*s there, %.*s here",
              a < 100 ? a : 100, saved, b, now);
    rt_hint(error, "resume with what training began with; only the number of epochs and patience may differ");
    return RT_BAD_DATA;
  }
  return *saved == *now ? RT_OK : rt_fail(error, RT_BAD_DATA, "the checkpoint is of another version of aq");
}

/* ---- the position ---- */

/* These numbers must come back exactly, also when they are infinite, so their bits are written. */
static uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static void describe_state(const struct aq_trainer *t, struct rt_text *out) {
  const struct train_state *s = &t->state;
  rt_text_printf(out,
                 "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64,
                 s->epoch, s->position, s->step, s->best_epoch, s->since_best, s->best_unanswered,
                 s->host_steps, bits_of(s->loss_sum), bits_of(s->loss_rows), bits_of(s->best_value),
                 bits_of(s->best_loss), bits_of(s->rate));
}

static int parse_state(const struct aq_trainer *t, struct train_state *s, const char *text,
                       struct rt_error *error) {
  char *at = (char *)(uintptr_t)text;
  int64_t *const whole[] = {&s->epoch,      &s->position,        &s->step,      &s->best_epoch,
                            &s->since_best, &s->best_unanswered, &s->host_steps};
  double *const real[] = {&s->loss_sum, &s->loss_rows, &s->best_value, &s->best_loss, &s->rate};
  bool good = true;
  for (size_t k = 0; k < RT_COUNT(whole); k++) {
    char *from = at;
    *whole[k] = strtoll(from, &at, 10);
    good &= at != from && *whole[k] >= 0 && *whole[k] < INT64_MAX;
  }
  for (size_t k = 0; k < RT_COUNT(real); k++) {
    char *from = at;
    uint64_t bits = strtoull(from, &at, 16);
    memcpy(real[k], &bits, sizeof bits);
    good &= at != from;
  }
  int64_t steps;
  /* At the end of an epoch it was stopped while the validation data were judged. */
  const int64_t rows = t->train_data.rows, batch = t->settings.batch;
  good &= !*at && s->position <= rows && (s->position % batch == 0 || s->position == rows)
          && s->best_epoch <= s->epoch && s->since_best <= s->epoch && isfinite(s->loss_sum)
          && isfinite(s->loss_rows) && s->loss_rows >= 0 && (s->rate == -1 || s->rate >= 0)
          && isfinite(s->rate);
  good = good && !__builtin_mul_overflow(s->epoch, lib_train_steps(t), &steps)
         && s->step - steps - s->host_steps == (s->position + batch - 1) / batch;
  return good ? RT_OK : rt_fail(error, RT_BAD_DATA, "the checkpoint does not say where training was");
}

/* ---- writing ---- */

static const struct rt_method *method_of(const struct aq_trainer *t) {
  return rt_method_find(t->settings.optimizer);
}

static const char *moment_name(const struct aq_trainer *t, uint32_t p, int moment, struct rt_arena *arena) {
  return rt_arena_printf(arena, "%s.%s", method_of(t)->moment[moment], t->module->param[p].name);
}

/* The moments of the parameters that learn, as tensors with one axis. */
static int describe_moments(const struct aq_trainer *t, struct rt_arena *arena, struct io_tensor_out *out,
                            int *count, struct rt_error *error) {
  for (uint32_t p = 0; p < t->params.count; p++)
    for (int kind = 0; t->learns[p] && kind < method_of(t)->moments; kind++) {
      const char *name = moment_name(t, p, kind, arena);
      if (!name) return rt_no_memory(error);
      out[(*count)++] =
          (struct io_tensor_out){name, t->precision == RT_F64 ? IO_F64 : IO_F32, 1, &t->params.elements[p],
                                 rt_optimizer_moment(t->optimizer, (int)p, kind)};
    }
  return RT_OK;
}

enum { METADATA = 4 };
/* What is kept of an epoch, as numbers. */
enum { EPOCH_NUMBERS = 4 };

static int describe_epochs(const struct aq_trainer *t, struct rt_arena *arena, struct io_tensor_out *out,
                           int *count, struct rt_error *error) {
  size_t size;
  if (!t->history_count) return RT_OK;
  int64_t *shape = rt_arena_alloc(arena, 2 * sizeof *shape);
  double *number =
      rt_mul(t->history_count, EPOCH_NUMBERS * sizeof *number, &size) ? rt_arena_alloc(arena, size) : NULL;
  if (!shape || !number) return rt_no_memory(error);
  shape[0] = (int64_t)t->history_count;
  shape[1] = EPOCH_NUMBERS;
  out[(*count)++] = (struct io_tensor_out){"epochs", IO_F64, 2, shape, number};
  for (size_t k = 0; k < t->history_count; k++) {
    const aq_epoch *e = &t->history[k];
    const double of[EPOCH_NUMBERS] = {e->loss, e->valid_loss, e->value, e->learning_rate};
    memcpy(number + k * EPOCH_NUMBERS, of, sizeof of);
  }
  return RT_OK;
}

/* path NULL: the bytes are added to *bytes instead. */
static int write_tensors(const char *path, struct rt_text *bytes, const struct io_tensor_out *out, int count,
                         const struct io_metadata metadata[METADATA], struct rt_error *error) {
  struct io_save *save;
  if (path) return io_tensors_save(path, out, count, metadata, METADATA, error);
  int status = io_save_begin_memory(&save, bytes, error);
  if (status != RT_OK) return status;
  status = io_tensors_write(save, out, count, metadata, METADATA, error);
  if (status == RT_OK) return io_save_commit(save, error);
  io_save_abort(save);
  return status;
}

/* To a file, or with path NULL to memory. */
static int write_all(struct aq_trainer *t, const char *path, struct rt_text *bytes, struct rt_error *error) {
  struct rt_arena arena = {0};
  struct rt_text state = {0};
  uint32_t n = t->params.count;
  int count = 2 * (int)n + (int)t->average.count;
  struct io_tensor_out *out = rt_zalloc((3u + RT_MOST_MOMENTS) * n + 2u, sizeof *out);
  int status = out ? describe_run(t, error) : rt_no_memory(error);
  if (status == RT_OK) status = lib_params_describe(&t->params, t->module, "param.", &arena, out, error);
  if (status == RT_OK)
    status = lib_params_describe(lib_train_best(t), t->module, "best.", &arena, out + n, error);
  if (status == RT_OK)
    status = lib_params_describe(&t->average, t->module, "average.", &arena, out + 2 * (size_t)n, error);
  if (status == RT_OK) status = describe_moments(t, &arena, out, &count, error);
  if (status == RT_OK) status = describe_epochs(t, &arena, out, &count, error);
  describe_state(t, &state);
  if (status == RT_OK && state.failed) status = rt_no_memory(error);
  char format[16];
  snprintf(format, sizeof format, "%d", FORMAT);
  const struct io_metadata metadata[METADATA] = {
      {"aq.checkpoint", format}, {"aq.version", aq_version()}, {"aq.run", t->run}, {"aq.state", state.data}};
  if (status == RT_OK) status = write_tensors(path, bytes, out, count, metadata, error);
  rt_free(out);
  rt_text_free(&state);
  rt_arena_free(&arena);
  return status;
}

int lib_checkpoint_write(struct aq_trainer *t, struct rt_error *error) {
  if (is_special(t->save)) return RT_OK;
  char *path = checkpoint_path(t, error);
  if (!path) return RT_NO_MEMORY;
  rt_optimizer_flush(t->optimizer);
  int status = write_all(t, path, NULL, error);
  if (status == RT_OK)
    lib_log_text(AQ_REMARK, path, "the training can go on from here: epoch %lld, step %lld",
                 (long long)t->state.epoch, (long long)t->state.step);
  if (status == RT_OK && t->options.progress) {
    aq_progress p = {.size = sizeof p,
                     .event = AQ_SAVED,
                     .path = path,
                     .epoch = t->state.epoch,
                     .epochs = t->settings.epochs,
                     .step = t->state.step,
                     .steps = lib_train_steps(t) * t->settings.epochs};
    lib_train_tell(t, &p);
  }
  rt_free(path);
  return status;
}

int aq_trainer_save_memory(aq_trainer *t, char **bytes, size_t *length) {
  struct rt_text text = {0};
  if (!t) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  if (bytes) *bytes = NULL;
  if (!bytes || !length) return rt_fail(error, RT_USAGE, "there is no place for the checkpoint: it is NULL");
  *length = 0;
  if (!t->ready) return rt_fail(error, RT_USAGE, "the training could not begin, so there is no checkpoint");
  if (rt_pool_check(t->pool, error) != RT_OK) return RT_USAGE;
  struct rt_limits *obeyed = rt_limits_use(NULL); /* as of what is saved to files */
  rt_optimizer_flush(t->optimizer);
  int status = lib_train_finite(t, error);
  if (status == RT_OK) status = write_all(t, NULL, &text, error);
  rt_limits_use(obeyed);
  if (status != RT_OK) {
    rt_text_free(&text);
    return status;
  }
  *length = text.length;
  return lib_give_text(&text, bytes, error);
}

/* ---- reading ---- */

static int read_moments(struct aq_trainer *t, const struct io_tensors *file, struct rt_arena *arena,
                        struct rt_error *error) {
  int status = RT_OK;
  for (uint32_t p = 0; p < t->params.count; p++)
    for (int kind = 0; status == RT_OK && t->learns[p] && kind < method_of(t)->moments; kind++) {
      void *data = rt_optimizer_moment(t->optimizer, (int)p, kind);
      const char *name = moment_name(t, p, kind, arena);
      if (!name) return rt_no_memory(error);
      const struct io_tensor *tensor = io_tensors_find(file, name);
      if (!tensor || tensor->elements != t->params.elements[p])
        return rt_fail(error, RT_BAD_DATA, "the checkpoint lacks %s", name);
      status = t->precision == RT_F64 ? io_tensors_double(file, tensor, data, error)
                                      : io_tensors_float(file, tensor, data, error);
      for (int64_t i = 0; status == RT_OK && i < tensor->elements; i++)
        if (!isfinite(lib_number_at(data, t->precision, i)))
          status = rt_fail(error, RT_BAD_DATA, "%s is not finite", name);
    }
  return status;
}

/* The epochs up to the one that the state is in. They decide nothing, and an older checkpoint has none. */
static int read_epochs(struct aq_trainer *t, const struct io_tensors *file, struct rt_error *error) {
  const struct io_tensor *tensor = io_tensors_find(file, "epochs");
  size_t size;
  if (!tensor) return RT_OK;
  int64_t count = tensor->elements / EPOCH_NUMBERS;
  if (tensor->elements % EPOCH_NUMBERS || count > t->state.epoch
      || !rt_mul((size_t)count + 1, EPOCH_NUMBERS * sizeof(double), &size))
    return rt_fail(error, RT_BAD_DATA, "the checkpoint has epochs that were not");
  double *number = rt_zalloc((size_t)count + 1, EPOCH_NUMBERS * sizeof *number);
  if (!number) return rt_no_memory(error);
  int status = io_tensors_double(file, tensor, number, error);
  if (status == RT_OK
      && rt_grow((void **)&t->history, &t->history_capacity, (size_t)count + 1, sizeof *t->history))
    status = rt_no_memory(error);
  for (int64_t k = 0; k < count && status == RT_OK; k++) {
    const double *of = number + k * EPOCH_NUMBERS;
    t->history[k] = (aq_epoch){sizeof(aq_epoch), t->state.epoch - count + k + 1, of[0], of[1], of[2], of[3]};
  }
  t->history_count = status == RT_OK ? (size_t)count : 0;
  rt_free(number);
  return status;
}

/* A checkpoint is for the version that wrote it: it lasts as long as one training. */
static int check_format(const struct io_tensors *file, struct rt_error *error) {
  const char *format = io_tensors_metadata(file, "aq.checkpoint"),
             *version = io_tensors_metadata(file, "aq.version");
  double number;
  if (!format || io_number_parse(format, strlen(format), &number) || !(number >= 0 && number < 1e6))
    return rt_fail(error, RT_BAD_DATA,
                   "this is no checkpoint of aq: it is a safetensors file of something else");
  if (number == FORMAT) return RT_OK;
  rt_fail(error, RT_BAD_DATA,
          "a checkpoint of format %d, written by aq %.40s; this is aq %s, which reads format %d", (int)number,
          version ? version : "of another version", aq_version(), FORMAT);
  rt_hint(
      error,
      "resume with the version of aq that began, or leave out the option resume to train from the beginning");
  return error->code;
}

static int read_all(struct aq_trainer *t, const struct io_tensors *file, struct rt_error *error) {
  struct rt_arena arena = {0};
  const char *run = io_tensors_metadata(file, "aq.run"), *state = io_tensors_metadata(file, "aq.state");
  int status = check_format(file, error);
  if (status == RT_OK && (!run || !state))
    status = rt_fail(error, RT_BAD_DATA, "the checkpoint does not say which training it belongs to");
  if (status == RT_OK) status = describe_run(t, error);
  if (status == RT_OK) status = check_run(run, t->run, error);
  if (status == RT_OK) status = parse_state(t, &t->state, state, error);
  if (status == RT_OK) status = lib_params_read(&t->params, t->module, file, "param.", error);
  if (status == RT_OK) status = lib_params_read(&t->best, t->module, file, "best.", error);
  if (status == RT_OK) status = lib_params_read(&t->average, t->module, file, "average.", error);
  const struct lib_params *const read[] = {&t->params, &t->best, &t->average};
  for (size_t k = 0; k < RT_COUNT(read) && status == RT_OK; k++)
    status = lib_params_check(read[k], t->module, RT_BAD_DATA, "is not finite", error);
  if (status == RT_OK) status = read_moments(t, file, &arena, error);
  if (status == RT_OK) status = read_epochs(t, file, error);
  if (status == RT_OK) rt_optimizer_set_steps(t->optimizer, t->state.step);
  if (status == RT_OK) rt_optimizer_set_rate(t->optimizer, t->state.rate);
  rt_arena_free(&arena);
  return status;
}

int lib_checkpoint_read(struct aq_trainer *t, struct rt_error *error) {
  struct io_tensors *file = NULL;
  const void *bytes = t->options.checkpoint;
  char *path = bytes ? rt_strdup("the checkpoint in memory") : checkpoint_path(t, error);
  if (!path) return rt_no_memory(error);
  int status = bytes ? io_tensors_open_bytes(&file, path, bytes, t->options.checkpoint_length, error)
                     : io_tensors_open(&file, path, error);
  if (status == RT_NO_INPUT)
    rt_hint(error, "leave out the option resume to begin: no training has been saved there");
  if (status == RT_OK) status = io_tensors_verify(file, error);
  if (status == RT_OK) status = read_all(t, file, error);
  if (status != RT_OK) lib_name_file(error, path);
  io_tensors_close(file);
  rt_free(path);
  if (status != RT_OK) return status;
  /* The goal may have changed. If its metric is not the one by which epochs are kept, the next epochs decide.
   */
  bool same = t->has_goal && !t->options.measure && !strcmp(t->goal.asked.name, t->best_by.asked.name)
              && t->goal_output == t->best_by.output;
  t->state.reached = same && t->state.best_epoch > 0
                     && !rep_metric_better(t->best_by.asked.metric, t->goal.value, t->state.best_value);
  t->saved = true;
  t->unsaved = true; /* the model file may be lost, or another's; and options may be others now */
  return RT_OK;
}
