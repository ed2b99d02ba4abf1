/* test_checkpoint.c: checkpoints of another version, and damaged or hostile ones, are refused before training
 * goes on from them. */
#include "runtime/io/safetensors.h"
#include "tests/unit/trainer_tasks.h"

enum { MOST_TENSORS = 256 };

/* What a copy of a checkpoint has instead of what is in it; NULL: the same. */
struct change {
  const char *key, *value;     /* of the metadata; value NULL: without it */
  const char *tensor;          /* this one: */
  bool drop, as_float, scalar; /* not there; as float, whatever it is; with one number alone */
  double first;                /* its first number, unless 0 */
};

static int copy_tensors(const struct io_tensors *file, const struct change *change, struct io_tensor_out *out,
                        double **data) {
  static const int64_t one = 1;
  int count = 0;
  for (int k = 0; k < io_tensors_count(file); k++) {
    const struct io_tensor *t = io_tensors_at(file, k);
    bool changed = change->tensor && !strcmp(change->tensor, t->name);
    assert_true(count < MOST_TENSORS);
    if (changed && change->drop) continue;
    data[count] = calloc((size_t)t->elements + 1, sizeof **data);
    assert_int_equal(io_tensors_double(file, t, data[count], NULL), RT_OK);
    if (changed && change->first != 0) data[count][0] = change->first;
    out[count] = (struct io_tensor_out){t->name, IO_F64, t->rank, t->shape, data[count]};
    if (changed && change->scalar) out[count].rank = 1, out[count].shape = &one;
    count++;
  }
  return count;
}

static int copy_metadata(const struct io_tensors *file, const struct change *change,
                         struct io_metadata *out) {
  static const char *const keys[] = {"aq.checkpoint", "aq.version", "aq.run", "aq.state"};
  int count = 0;
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
    bool changed = change->key && !strcmp(change->key, keys[k]);
    const char *value = changed ? change->value : io_tensors_metadata(file, keys[k]);
    if (value) out[count++] = (struct io_metadata){keys[k], value};
  }
  return count;
}

/* Writes a copy with the change, under a checksum that fits. */
static void write_changed(const char *from, const char *to, const struct change *change) {
  struct io_tensor_out out[MOST_TENSORS];
  struct io_metadata metadata[4];
  double *data[MOST_TENSORS];
  struct io_tensors *file;
  assert_int_equal(io_tensors_open(&file, from, NULL), RT_OK);
  int count = copy_tensors(file, change, out, data), keys = copy_metadata(file, change, metadata);
  assert_int_equal(io_tensors_save(to, out, count, metadata, keys, NULL), RT_OK);
  for (int k = 0; k < count; k++) free(data[k]);
  io_tensors_close(file);
}

/* A training in double, so that copies have the same numbers; its checkpoint is kept as first.ckpt. */
static aq_train_options begin(void) {
  aq_train_options options = options_of(&tasks[0], "model.aqm");
  options.precision = AQ_F64;
  train_well(tasks[0].program, &options);
  write_changed(file_of("model.aqm.ckpt"), file_of("first.ckpt"), &(struct change){0});
  options.resume = true;
  options.epochs = 4;
  return options;
}

static void is_refused(const aq_train_options *options, struct change change, const char *part) {
  write_changed(file_of("first.ckpt"), file_of("model.aqm.ckpt"), &change);
  assert_int_equal(train(tasks[0].program, options), AQ_BAD_DATA);
  if (!strstr(result.text, part)) fail_msg("\"%s\" says nothing of \"%s\"", result.text, part);
  assert_non_null(strstr(result.file, "model.aqm.ckpt"));
}

static void a_copy_goes_on(void **state) {
  (void)state;
  aq_train_options options = begin();
  write_changed(file_of("first.ckpt"), file_of("model.aqm.ckpt"), &(struct change){0});
  train_well(tasks[0].program, &options);
  assert_int_equal(result.facts.epochs, 4);
}

static void another_version_is_told(void **state) {
  (void)state;
  aq_train_options options = begin();
  is_refused(&options, (struct change){.key = "aq.checkpoint", .value = "7"},
             "a checkpoint of format 7, written by aq 0.1.0; this is aq 0.1.0, which reads format 3");
  assert_non_null(strstr(result.hint, "leave out the option resume"));
  is_refused(&options, (struct change){.key = "aq.checkpoint", .value = "1"}, "a checkpoint of format 1");
  is_refused(&options, (struct change){.key = "aq.checkpoint", .value = "x"}, "this is no checkpoint of aq");
  is_refused(&options, (struct change){.key = "aq.checkpoint", .value = "1e99"},
             "this is no checkpoint of aq");
  is_refused(&options, (struct change){.key = "aq.checkpoint"}, "this is no checkpoint of aq");
  is_refused(&options, (struct change){.key = "aq.run"}, "does not say which training it belongs to");
  is_refused(&options, (struct change){.key = "aq.state"}, "does not say which training it belongs to");
}

static void a_position_that_cannot_be_is_refused(void **state) {
  (void)state;
  /* epoch, position, step, best epoch, epochs since, rows without an answer, steps of the host; five numbers
   * as their bits */
  static const char *const positions[] = {
      "",
      "3",
      "3 0 9 3 0 0 0",
      "3 0 9 3 0 0 0 0 0 0 0 0 0",
      "3 0 9 3 0 0 0 0 0 0 0",
      "-1 0 9 3 0 0 0 0 0 0 0 0",
      "3 -4 9 3 0 0 0 0 0 0 0 0",
      "3 0 -9 3 0 0 0 0 0 0 0 0",
      "3 0 9 -3 0 0 0 0 0 0 0 0",
      "3 0 9 4 0 0 0 0 0 0 0 0",
      "3 0 9 3 5 0 0 0 0 0 0 0",
      "3 0 8 3 0 0 0 0 0 0 0 0",
      "3 0 9 3 0 0 1 0 0 0 0 0",
      "3 0 9 3 0 0 -1 0 0 0 0 0",
      "3 3 9 3 0 0 0 0 0 0 0 0",
      "3 400 9 3 0 0 0 0 0 0 0 0",
      "9223372036854775807 0 9 3 0 0 0 0 0 0 0 0",
      "9223372036854775806 0 9 3 0 0 0 0 0 0 0 0",
      "99999999999999999999999 0 9 3 0 0 0 0 0 0 0 0",
      "3 0 9 3 0 0 0 7ff8000000000000 0 0 0 0",
      "3 0 9 3 0 0 0 7ff0000000000000 0 0 0 0",
      "3 0 9 3 0 0 0 0 bff0000000000000 0 0 0",
      "3 0 9 3 0 0 0 0 0 0 0 c000000000000000",
      "3 0 9 3 0 0 0 0 0 0 0 7ff8000000000000",
      "3 0 9 3 0 0 0 0 0 0 0 7ff0000000000000",
      "three 0 9 3 0 0 0 0 0 0 0 0",
  };
  aq_train_options options = begin();
  for (size_t k = 0; k < sizeof positions / sizeof *positions; k++)
    is_refused(&options, (struct change){.key = "aq.state", .value = positions[k]},
               "does not say where training was");
}

static void tensors_that_do_not_fit_are_refused(void **state) {
  (void)state;
  struct io_tensors *file;
  aq_train_options options = begin();
  char name[128] = "";
  assert_int_equal(io_tensors_open(&file, file_of("first.ckpt"), NULL), RT_OK);
  for (int k = 0; k < io_tensors_count(file); k++) {
    snprintf(name, sizeof name, "%s", io_tensors_at(file, k)->name);
    const char *path = strchr(name, '.') ? strchr(name, '.') + 1 : name;
    if (!strcmp(name, "epochs")) { /* what curves show decides nothing: it may be missing, and no number */
      is_refused(&options, (struct change){.tensor = name, .scalar = true, .first = 0}, "epochs");
      continue;
    }
    is_refused(&options, (struct change){.tensor = name, .drop = true}, path);
    if (io_tensors_at(file, k)->elements > 1)
      is_refused(&options, (struct change){.tensor = name, .scalar = true, .first = 0}, path);
    is_refused(&options, (struct change){.tensor = name, .first = NAN}, "finite");
    is_refused(&options, (struct change){.tensor = name, .first = INFINITY}, "finite");
  }
  io_tensors_close(file);
}

/* Wherever the file ends, and whatever byte of it is another one. */
static void a_damaged_file_is_refused(void **state) {
  (void)state;
  aq_train_options options = begin();
  FILE *first = fopen(file_of("first.ckpt"), "rb");
  char *bytes = malloc(1 << 20);
  size_t length = fread(bytes, 1, 1 << 20, first);
  assert_true(length > 5000 && length < 1 << 20);
  fclose(first);
  for (size_t at = 0; at < length; at += at < 600 ? 97 : 4999) {
    write_bytes("model.aqm.ckpt", bytes, at);
    assert_int_equal(train(tasks[0].program, &options), AQ_BAD_DATA);
    bytes[at] ^= 0x40;
    write_bytes("model.aqm.ckpt", bytes, length);
    bytes[at] ^= 0x40;
    assert_int_equal(train(tasks[0].program, &options), AQ_BAD_DATA);
  }
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_copy_goes_on),
      cmocka_unit_test(another_version_is_told),
      cmocka_unit_test(a_position_that_cannot_be_is_refused),
      cmocka_unit_test(tensors_that_do_not_fit_are_refused),
      cmocka_unit_test(a_damaged_file_is_refused),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
