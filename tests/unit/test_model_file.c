/* test_model_file.c: model files: what was saved comes back; files that are cut, changed or foreign are
 * refused; a save that is killed leaves the old model or the new; and compiling, training, saving and loading
 * with every allocation refused. */
#include "tests/unit/io_kinds.h"
#include "tests/unit/libaq_files.h"
#include "tests/unit/rationed_memory.h"

#include "libaq/internal.h"
#include "runtime/io/file.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *const model_programs[][2] = {
    {"dim D = 4\ndata { text: words[T <= 8], label: class[C] }\nmodel m(text) -> label { return "
     "linear(mean(self_attention(embed(text, D)), T), C) }\n"
     "train { optimizer = adamw(lr = 0.1), batch = 2, epochs = 2 }\n",
     "text\tlabel\ngood film\tgood\nbad film\tbad\n\tbad\nnice\tgood\n"},
    {"dim D = 4\ndata { a: words[T], t: tags[T, C] }\nmodel m(a) -> t { return linear(embed(a, D), C) "
     "}\ntrain { batch = 2, epochs = 1 }\n",
     "a\tt\nx y\tA B\ny\tB\n"},
    {"data { q: vector[N], y: number, z: vector[M] }\nmodel m(q) -> y, z {\n  h = linear(q, M)\n  return "
     "sum(h), h\n}\ntrain { batch = 2, epochs = 1 }\n",
     "q\ty\tz\n1 2\t1\t0 1 2\n0 1\t2\t1 1 1\n"},
};
enum { MODELS = sizeof model_programs / sizeof *model_programs };

/* ---- there and back ---- */

static char *report_of(aq_model *model, const char *data) {
  aq_report *report;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  if (aq_report_new(model, data, &options, &report)) fail_msg("%s", aq_report_message(report)->text);
  char *text = strdup(aq_report_json(report));
  aq_report_free(report);
  return text;
}

static void test_round_trip(void **state) {
  (void)state;
  for (int k = 0; k < MODELS; k++) {
    aq_model *model = trained(model_programs[k][0], write_text("data.tsv", model_programs[k][1])),
             *loaded = NULL;
    if (aq_model_save(model, path_of("one.aqm")) || aq_model_load(path_of("one.aqm"), &loaded)
        || aq_model_save(loaded, path_of("two.aqm")))
      fail_msg("model %d", k);
    char *before, *after, *one, *two;
    size_t one_length, two_length;
    assert_int_equal(io_read_file(path_of("one.aqm"), 1 << 24, &one, &one_length, NULL), RT_OK);
    assert_int_equal(io_read_file(path_of("two.aqm"), 1 << 24, &two, &two_length, NULL), RT_OK);
    assert_int_equal(one_length, two_length);
    assert_memory_equal(one, two, one_length);
    before = report_of(model, path_of("data.tsv"));
    after = report_of(loaded, path_of("data.tsv"));
    assert_string_equal(before, after);
    assert_int_equal(aq_model_parameter_count(model), aq_model_parameter_count(loaded));
    free(before);
    free(after);
    rt_free(one);
    rt_free(two);
    aq_model_free(model);
    aq_model_free(loaded);
  }
}

/* The words of a large vocabulary are a tensor of the file, and come back. */
static void test_many_words(void **state) {
  (void)state;
  struct rt_text data = {0};
  for (int k = 0; k < 1200; k++)
    rt_text_printf(&data, "%sw%d\xc3\xa9", k % 50 ? " " : k ? "\tx\n" : "text\tlabel\n", k);
  rt_text_puts(&data, "\ty\n");
  aq_model *model = trained("data { text: words[T], label: class[C] }\nmodel m(text) -> label { return "
                            "linear(mean(embed(text, 2), T), C) }\ntrain { epochs = 1 }\n",
                            write_text("many.tsv", data.data)),
           *loaded = NULL;
  rt_text_free(&data);
  for (int round = 0; round < 2; round++) {
    struct io_tensors *file;
    assert_int_equal(aq_model_save(round ? loaded : model, path_of("many.aqm")), AQ_OK);
    assert_int_equal(io_tensors_open(&file, path_of("many.aqm"), NULL), RT_OK);
    assert_non_null(io_tensors_find(file, "aq.words"));
    assert_string_equal(io_tensors_metadata(file, "aq.format"), "4");
    io_tensors_close(file);
    aq_model_free(loaded);
    assert_int_equal(aq_model_load(path_of("many.aqm"), &loaded), AQ_OK);
  }
  char *before = report_of(model, path_of("many.tsv")), *after = report_of(loaded, path_of("many.tsv"));
  assert_string_equal(before, after);
  free(before);
  free(after);
  aq_model_free(model);
  aq_model_free(loaded);
}

/* ---- hostile files ---- */

/* Loads bytes that are no good model: an error with a message that names the file. A load may succeed only if
 * the model then works. */
static int load_bytes(const char *bytes, size_t length) {
  aq_model *model;
  const char *path = write_bytes("hostile.aqm", bytes, length);
  int status = aq_model_load(path, &model);
  const aq_message *message = aq_model_message(model);
  assert_int_equal(message->code, status);
  if (status && (!message->text[0] || !strstr(message->file, "hostile.aqm")))
    fail_msg("\"%s\" about \"%s\"", message->text, message->file);
  if (!status) {
    aq_report *report;
    aq_report_new(model, path_of("data.tsv"), NULL, &report);
    aq_report_free(report);
  }
  aq_model_free(model);
  return status;
}

static char *model_bytes(int which, size_t *length) {
  char *bytes;
  aq_model *model = trained(model_programs[which][0], write_text("data.tsv", model_programs[which][1]));
  assert_int_equal(aq_model_save(model, path_of("good.aqm")), AQ_OK);
  aq_model_free(model);
  assert_int_equal(io_read_file(path_of("good.aqm"), 1 << 24, &bytes, length, NULL), RT_OK);
  return bytes;
}

static void test_truncated(void **state) {
  (void)state;
  for (int k = 0; k < MODELS; k++) {
    size_t length;
    char *bytes = model_bytes(k, &length);
    for (size_t n = 0; n < length; n += n < 64 ? 1 : 13) assert_int_equal(load_bytes(bytes, n), AQ_BAD_DATA);
    assert_int_equal(load_bytes(bytes, length), AQ_OK);
    rt_free(bytes);
  }
}

static void test_flipped(void **state) {
  (void)state;
  size_t length;
  char *bytes = model_bytes(0, &length);
  for (size_t n = 0; n < length; n += n < 64 ? 1 : 5) {
    bytes[n] ^= (char)(1 << n % 8);
    assert_int_equal(load_bytes(bytes, length), AQ_BAD_DATA);
    bytes[n] ^= (char)(1 << n % 8);
  }
  rt_free(bytes);
}

static void test_foreign(void **state) {
  (void)state;
  static const char other[] =
      "\x30\0\0\0\0\0\0\0{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}1234";
  char bytes[128];
  size_t length = sizeof other - 1;
  memcpy(bytes, other, length);
  bytes[0] = (char)(length - 8 - 4);
  assert_int_equal(load_bytes(bytes, length), AQ_BAD_DATA);
  assert_int_equal(load_bytes("", 0), AQ_BAD_DATA);
  assert_int_equal(load_bytes("not a model\n", 12), AQ_BAD_DATA);
  aq_model *model;
  assert_int_equal(aq_model_load(path_of("absent.aqm"), &model), AQ_NO_INPUT);
  aq_model_free(model);
  assert_int_equal(aq_model_load(directory, &model), AQ_NO_INPUT);
  aq_model_free(model);
}

/* Checksums that are right prove nothing: programs and columns that do not fit each other, in a file written
 * by someone who knows the format. */
static void forge(void (*change)(struct aq_model *model), const char *text) {
  for (int k = 0; k < MODELS; k++) {
    aq_model *model = trained(model_programs[k][0], write_text("data.tsv", model_programs[k][1])), *loaded;
    change(model);
    assert_int_equal(aq_model_save(model, path_of("forged.aqm")), AQ_OK);
    int status = aq_model_load(path_of("forged.aqm"), &loaded);
    if (status != AQ_BAD_DATA || !strstr(aq_model_message(loaded)->text, text))
      fail_msg("model %d: %d \"%s\" instead of \"%s\"", k, status, aq_model_message(loaded)->text, text);
    aq_model_free(model);
    aq_model_free(loaded);
  }
}

static void swap_targets(struct aq_model *m) { m->module->output[0].target = 0; }
static void drop_loss(struct aq_model *m) {
  for (uint32_t f = 0; f < m->module->function_count; f++)
    if (!strcmp(m->module->function[f].name, "eval")) m->module->function[f].output_count--;
}
static void drop_functions(struct aq_model *m) { m->module->function_count = 0; }
static void rename_column(struct aq_model *m) {
  static char zork[] = "zork";
  m->module->input[0].column->name = zork;
}
static void change_kind(struct aq_model *m) {
  m->module->input[0].column->kind =
      m->schema.columns[1].kind == &io_kind_number ? &io_kind_number : &io_kind_class;
}
static void change_column(struct aq_model *m) {
  struct io_column *column = &m->schema.columns[0];
  bool vector = column->kind == &io_kind_vector;
  m->module->input[0].column->kind = vector ? &io_kind_number : &io_kind_class;
  column->kind = vector ? &io_kind_number : &io_kind_class;
  column->size[0] = column->max_length = 0;
  for (int c = 0; c < m->schema.count; c++) m->schema.columns[c].pair = -1;
}
static void unlink_length(struct aq_model *m) {
  m->module->input[0].length = -1;
  m->module->input[0].vocabulary = -1;
  m->module->output[0].target = 0;
}

static void break_parameter(struct aq_model *m) { ((float *)m->params.data[0])[0] = NAN; }

/* As an ensemble of two would have it. */
static void name_as_of_second(struct aq_model *m) {
  static char name[256];
  snprintf(name, sizeof name, "2/%s", m->module->param[0].name);
  m->module->param[m->module->param_count - 1].name = name;
}

static void test_forged(void **state) {
  (void)state;
  forge(swap_targets, "does not predict its columns");
  forge(drop_loss, "does not predict its columns");
  forge(drop_functions, "does not predict its columns");
  forge(rename_column, "do not fit");
  forge(change_kind, "do not fit");
  forge(change_column, "");
  forge(unlink_length, "");
  forge(name_as_of_second, "more members than it says");
  forge(break_parameter, "is not finite: its number 1 is NaN");
}

/* ---- programs that are damaged, beside bytecode that is not ---- */

/* Replaces one text in the program that the model keeps. */
static void change_source(struct aq_model *m, const char *from, const char *to) {
  const char *at = strstr(m->source, from);
  struct rt_text changed = {0};
  if (!at) fail_msg("%s has no %s", m->source, from);
  rt_text_add(&changed, m->source, (size_t)(at - m->source));
  rt_text_puts(&changed, to);
  rt_text_puts(&changed, at + strlen(from));
  assert_false(changed.failed);
  rt_free(m->source);
  m->source = changed.data;
}

static void assert_names(const aq_message *said, const char *file, const char *text) {
  assert_int_equal(said->code, AQ_BAD_DATA);
  if (!strstr(said->text, text)) fail_msg("\"%s\" instead of \"%s\"", said->text, text);
  assert_string_equal(said->file, file);
  assert_int_equal(said->line, 0);
}

static void embed_damaged(aq_model *model, const char *file, const char *text) {
  aq_session *session = session_of(model, NULL);
  aq_vectors *vectors;
  aq_embed_options options;
  aq_embed_options_init(&options);
  options.path = path_of("reader.tsv");
  assert_int_equal(aq_session_embed(session, &options, &vectors), AQ_BAD_DATA);
  assert_names(aq_session_message(session), file, text);
  assert_null(aq_session_vector(session, 0));
  assert_names(aq_session_message(session), file, text);
  aq_session_free(session);
}

static void begin_with_damaged(aq_model *model, const char *file, const char *text) {
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.from = model;
  options.train = path_of("reader.tsv");
  assert_int_equal(aq_trainer_new(NULL, &options, &trainer), AQ_BAD_DATA);
  assert_names(aq_trainer_message(trainer), file, text);
  aq_trainer_free(trainer);
}

static void test_damaged_program(void **state) {
  (void)state;
  static const struct {
    const char *from, *to, *text, *source; /* of aq_model_source; NULL: it gives the files as they are */
  } damage[] = {{"{\"files\"", "{\"files", "not valid JSON", "not valid JSON"},
                {"\"files\"", "\"fils\"", "it has no files", "it has no files"},
                {"\"text\"", "\"test\"", "a file has no name or no text", "a file has no name or no text"},
                {"embed(text, D)", "embed(text, Q)",
                 "its program cannot be compiled again: test.aq:11:19: nothing here is called `Q`", NULL}};
  for (size_t k = 0; k < RT_COUNT(damage); k++)
    for (int in_memory = 0; in_memory < 2; in_memory++) {
      char *bytes, *source, path[300];
      size_t length;
      aq_model *model = trained_reader(), *loaded;
      change_source(model, damage[k].from, damage[k].to);
      snprintf(path, sizeof path, "%s", in_memory ? "(memory)" : path_of("damaged.aqm"));
      assert_int_equal(aq_model_save(model, path_of("damaged.aqm")), AQ_OK);
      assert_int_equal(aq_model_save_memory(model, &bytes, &length), AQ_OK);
      assert_int_equal(in_memory ? aq_model_load_memory(NULL, bytes, length, &loaded)
                                 : aq_model_load(path, &loaded),
                       AQ_OK);
      embed_damaged(loaded, path, damage[k].text);
      begin_with_damaged(loaded, path, damage[k].text);
      assert_int_equal(aq_model_source(loaded, 0, NULL, &source), damage[k].source ? AQ_BAD_DATA : AQ_OK);
      if (damage[k].source) assert_names(aq_model_message(loaded), path, damage[k].source);
      aq_text_free(source);
      aq_text_free(bytes);
      aq_model_free(model);
      aq_model_free(loaded);
    }
}

/* ---- saving ---- */

static void test_unwritable(void **state) {
  (void)state;
  aq_model *model = trained(model_programs[0][0], write_text("data.tsv", model_programs[0][1]));
  int files = count_files();
  assert_int_equal(aq_model_save(model, "/dev/full"), AQ_IO);
  assert_non_null(strstr(aq_model_message(model)->text, "No space left"));
  assert_int_equal(aq_model_save(model, path_of("nowhere/m.aqm")), AQ_CANNOT_CREATE);
  assert_int_equal(aq_model_save(model, directory), AQ_CANNOT_CREATE);
  assert_int_equal(aq_model_save(model, ""), AQ_CANNOT_CREATE);

  /* A disk that fills up: the old file stays. */
  assert_int_equal(aq_model_save(model, path_of("kept.aqm")), AQ_OK);
  struct rlimit old, small = {1000, 1000};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small.rlim_max = old.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  int status = aq_model_save(model, path_of("kept.aqm"));
  setrlimit(RLIMIT_FSIZE, &old);
  assert_int_equal(status, AQ_IO);
  assert_int_equal(count_files(), files + 1);
  aq_model_free(model);
  assert_int_equal(aq_model_load(path_of("kept.aqm"), &model), AQ_OK);
  aq_model_free(model);
}

static void save_for_ever(aq_model *even, aq_model *odd, const char *path) {
  for (int k = 0;; k++) aq_model_save(k % 2 ? odd : even, path);
}

static void test_killed(void **state) {
  (void)state;
  aq_model *even = trained(model_programs[0][0], write_text("data.tsv", model_programs[0][1]));
  aq_model *odd = trained(model_programs[2][0], write_text("data2.tsv", model_programs[2][1]));
  const char *path = path_of("shared.aqm");
  assert_int_equal(aq_model_save(even, path), AQ_OK);
  for (int k = 0; k < 60; k++) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) save_for_ever(even, odd, path);
    usleep((useconds_t)(500 + 397 * k % 6000));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    aq_model *loaded;
    if (aq_model_load(path, &loaded)) fail_msg("after %d kills: %s", k + 1, aq_model_message(loaded)->text);
    aq_model_free(loaded);
  }
  aq_model_free(even);
  aq_model_free(odd);
}

/* ---- memory ---- */

static struct ration memory = {.once = true};

static char data_path[400], save_path[400];

static int said(int status, const aq_message *message) {
  if (message->code != status)
    fail_msg("status %d, but the message holds %d: %s", status, message->code, message->text);
  return status;
}

static int train_once(aq_program *program, bool resume) {
  aq_trainer *trainer;
  aq_model *model = NULL;
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = options.valid = data_path;
  options.save = save_path;
  options.resume = resume;
  options.threads = 1;
  options.epochs = resume ? 2 : 1;
  int status = aq_trainer_new(program, &options, &trainer);
  if (!status) status = aq_trainer_run(trainer);
  if (!status) status = aq_trainer_model(trainer, &model);
  if (trainer) said(status, aq_trainer_message(trainer));
  aq_trainer_free(trainer);
  aq_model_free(model);
  return status;
}

static int load_and_save(void) {
  aq_model *model;
  int status = aq_model_load(save_path, &model);
  if (!status) status = aq_model_save(model, save_path);
  if (model) said(status, aq_model_message(model));
  aq_model_free(model);
  return status;
}

static int with_program(int which, int (*use)(aq_program *program)) {
  aq_program *program;
  const char *text = model_programs[which][0];
  int status = aq_program_new("test.aq", text, strlen(text), NULL, &program);
  if (!status) status = use(program);
  aq_program_free(program);
  return status;
}

static int check(aq_program *program) {
  int status = aq_program_check(program);
  return said(status, aq_program_message(program));
}

static int compile(aq_program *program) {
  aq_model *model;
  int status = aq_model_compile(program, &model);
  if (model) said(status, aq_model_message(model));
  aq_model_free(model);
  return status;
}

static int train_new(aq_program *program) { return train_once(program, false); }
static int train_more(aq_program *program) { return train_once(program, true); }

static int run_check(void) { return with_program(1, check); }
static int run_compile(void) { return with_program(1, compile); }
static int run_train(void) { return with_program(0, train_new); }
static int run_resume(void) { return with_program(0, train_more); }

/* Refuses allocation 0, step, 2 step, … until the work gets through. Where memory would only have been
 * reserved, work may succeed without it. */
static void refuse(int (*run)(void), long step, long at_least) {
  for (long n = 0;; n += step) {
    atomic_store(&memory.live, 0);
    atomic_store(&memory.left, n);
    aq_set_allocator(ration_resize, &memory);
    int status = run();
    aq_set_allocator(NULL, NULL);
    if (atomic_load(&memory.live) != 0)
      fail_msg("allocation %ld refused: %ld blocks were not freed", n, atomic_load(&memory.live));
    if (status != AQ_OK && status != AQ_NO_MEMORY) fail_msg("allocation %ld refused: status %d", n, status);
    if (atomic_load(&memory.left) < 0) continue;
    assert_int_equal(status, AQ_OK);
    if (n < at_least) fail_msg("only %ld allocations: the work was not done", n);
    return;
  }
}

static void test_no_memory(void **state) {
  (void)state;
  snprintf(data_path, sizeof data_path, "%s", write_text("data.tsv", model_programs[0][1]));
  snprintf(save_path, sizeof save_path, "%s", path_of("saved.aqm"));
  refuse(run_check, 7, 50);
  refuse(run_compile, 11, 100);
  refuse(run_train, 17, 100);
  assert_int_equal(run_train(), AQ_OK);
  refuse(run_resume, 19, 100);
  refuse(load_and_save, 1, 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_many_words),
      cmocka_unit_test(test_truncated),       cmocka_unit_test(test_flipped),
      cmocka_unit_test(test_foreign),         cmocka_unit_test(test_forged),
      cmocka_unit_test(test_damaged_program), cmocka_unit_test(test_unwritable),
      cmocka_unit_test(test_killed),          cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
