/* test_kept_models.c: model files outlive the bytecode in them: without it, or with that of another version
 * of aq, the program in the file is compiled again, and gives the same bits. So do the models of released
 * versions in tests/models. */
#include "tests/unit/libaq_files.h"

#include <glob.h>

#include "runtime/io/file.h"
#include "runtime/io/safetensors.h"

static const char program[] = "import \"lib.aq\"\nimport \"lib.aq\" as again\n"
                              "dim D = 4\n"
                              "data { text: words[T <= 8], label: class[C] }\n"
                              "model m(text) -> label {\n"
                              "  x = embed(text, D)\n"
                              "  return linear(between(x, again.first(x)), C)\n"
                              "}\n"
                              "train { optimizer = adamw(lr = 0.1), batch = 2, epochs = 2 }\n";
static const char library[] = "fn first(x: [T, D]) -> [D] = x[0]\n"
                              "fn between(x: [T, D], y: [D]) -> [D] = mean(self_attention(x), T) + gelu(y)\n";
static const char data[] = "text\tlabel\ngood film\tgood\nbad film\tbad\nso bad\tbad\nnice\tgood\n";

/* ---- changed files ---- */

struct change {
  bool drop, stale;        /* the bytecode */
  const char *key, *value; /* metadata instead of what is there */
};

/* Writes a model file again, changed, with a checksum that is right. */
static void rewrite(const char *from, const char *to, const struct change *change) {
  struct io_tensors *file;
  struct io_tensor_out tensor[64];
  struct io_metadata metadata[16];
  struct rt_error error = {0};
  int count = 0;
  if (io_tensors_open(&file, from, &error)) fail_msg("%s: %s", from, error.text);
  for (int i = 0; i < io_tensors_count(file); i++) {
    const struct io_tensor *t = io_tensors_at(file, i);
    bool bytecode = !strcmp(t->name, "aq.bytecode");
    char *bytes = malloc(t->bytes + 1);
    assert_int_equal(io_tensors_raw(file, t, bytes, &error), RT_OK);
    if (bytecode && change->stale) bytes[4]++; /* of the list of ops' fingerprint */
    if (bytecode && change->drop)
      free(bytes);
    else
      tensor[count++] = (struct io_tensor_out){t->name, t->dtype, t->rank, t->shape, bytes};
  }
  static const char *const keys[] = {"aq.format", "aq.version", "aq.schema", "aq.text",
                                     "aq.source", "aq.metric",  "aq.value"};
  for (size_t i = 0; i < RT_COUNT(keys); i++) {
    const char *value = io_tensors_metadata(file, keys[i]);
    if (change->key && !strcmp(change->key, keys[i])) value = change->value;
    metadata[i] = (struct io_metadata){keys[i], value};
  }
  if (io_tensors_save(to, tensor, count, metadata, RT_COUNT(keys), &error))
    fail_msg("%s: %s", to, error.text);
  for (int i = 0; i < count; i++) free((void *)(uintptr_t)tensor[i].data);
  io_tensors_close(file);
}

static void same_bytes(const char *one, const char *other) {
  char *a, *b;
  size_t n, m;
  assert_int_equal(io_read_file(one, 1 << 24, &a, &n, NULL), RT_OK);
  assert_int_equal(io_read_file(other, 1 << 24, &b, &m, NULL), RT_OK);
  if (n != m || memcmp(a, b, n)) fail_msg("%s and %s differ", one, other);
  rt_free(a);
  rt_free(b);
}

static void save_program(const char *path) {
  aq_program *read;
  aq_train_options options;
  aq_trainer *trainer;
  aq_model *model;
  const char *const define[] = {"D=6"};
  aq_program_options with = {.size = sizeof with, .define = define, .define_count = 1};
  write_text("lib.aq", library);
  if (aq_program_new(write_text("m.aq", program), NULL, 0, &with, &read))
    fail_msg("%s", aq_program_message(read)->text);
  aq_train_options_init(&options);
  options.train = write_text("data.tsv", data);
  options.threads = 1;
  if (aq_trainer_new(read, &options, &trainer) || aq_trainer_run(trainer)
      || aq_trainer_model(trainer, &model))
    fail_msg("%s", aq_trainer_message(trainer)->text);
  assert_int_equal(aq_model_save(model, path), AQ_OK);
  aq_model_free(model);
  aq_trainer_free(trainer);
  aq_program_free(read);
  unlink(path_of("lib.aq"));
  unlink(path_of("m.aq"));
}

/* ---- the program in the file ---- */

static void test_compiled_again(void **state) {
  (void)state;
  static const struct change changes[] = {{.drop = true}, {.stale = true}, {0}};
  save_program(path_of("good.aqm"));
  for (size_t k = 0; k < RT_COUNT(changes); k++) {
    aq_model *model;
    rewrite(path_of("good.aqm"), path_of("changed.aqm"), &changes[k]);
    if (aq_model_load(path_of("changed.aqm"), &model))
      fail_msg("%zu: %s %s", k, aq_model_message(model)->text, aq_model_message(model)->hint);
    /* Saved, it is the file that training wrote, bytecode included. */
    assert_int_equal(aq_model_save(model, path_of("again.aqm")), AQ_OK);
    same_bytes(path_of("good.aqm"), path_of("again.aqm"));
    aq_model_free(model);
  }
}

static void test_no_folder(void **state) {
  (void)state;
  char *bytes;
  size_t length;
  save_program(path_of("good.aqm"));
  assert_int_equal(io_read_file(path_of("good.aqm"), 1 << 24, &bytes, &length, NULL), RT_OK);
  for (size_t i = 0; i + strlen(directory) <= length; i++)
    if (!memcmp(bytes + i, directory, strlen(directory))) fail_msg("the folder is in the file, at %zu", i);
  rt_free(bytes);
}

/* A file by somebody who knows the format: the program is compiled, finds nothing outside the file, and has
 * to fit the rest of it. */
static void refused(const struct change *change, const char *text) {
  aq_model *model;
  rewrite(path_of("good.aqm"), path_of("changed.aqm"), change);
  int status = aq_model_load(path_of("changed.aqm"), &model);
  const aq_message *message = aq_model_message(model);
  if (status != AQ_BAD_DATA || !strstr(message->text, text) || !strstr(message->file, "changed.aqm"))
    fail_msg("%d %s: \"%s\" instead of \"%s\"", status, message->file, message->text, text);
  aq_model_free(model);
}

#define FILE_OF(text) "{\"files\":[{\"name\":\"m.aq\",\"text\":\"" text "\"}],\"library\":[]}"
#define COLUMNS "data { text: words[T <= 8], label: class[C] }\\n"

static void test_hostile(void **state) {
  (void)state;
  static const char *const sources[][2] = {
      {"", "no program"},
      {"{", "is not valid JSON"},
      {"[]", "it has no files"},
      {"{\"files\":[{\"name\":\"m.aq\"}]}", "a file has no name or no text"},
      {"{\"files\":[{\"name\":\"m.aq\",\"text\":\"\"}],\"defines\":{\"D\":null}}", "is no size"},
      {"{\"files\":[{\"name\":\"m.aq\",\"text\":\"\"}],\"defines\":{\"D\":1}}", "cannot be compiled again"},
      {"{\"files\":[{\"name\":\"m.aq\",\"text\":\"\"}],\"set\":[{\"origin\":\"--set\"}]}",
       "no origin or no text"},
      {"{\"files\":[{\"name\":\"m.aq\",\"text\":\"\"}],\"set\":[{\"origin\":\"--set\",\"text\":\"train.lr=((("
       "\"}]}",
       "cannot be compiled again: --set:1:"},
      {"{\"files\":[{\"name\":\"m.aq\",\"text\":\"\"}],\"library\":[{\"name\":\"x\",\"text\":\"fn (\"}]}",
       "cannot be compiled again: <stdlib>/x:1:"},
      {FILE_OF("import \\\"/etc/hostname\\\"\\nmodel m(text) -> label = 1\\n"), "the model does not hold it"},
      {FILE_OF("model m("), "m.aq:1:"},
      {FILE_OF(
           "data { text: words[T], label: class[C] }\\nmodel m(text) -> label { return linear(text, C) }\\n"),
       "cannot be compiled again"},
      /* Right programs, but of another model. */
      {FILE_OF(
           "data { q: vector[N], label: class[C] }\\nmodel m(q) -> label { return param[C] + 0 * sum(q) }\\n"
           "loss squared_error\\n"),
       ""},
      {FILE_OF(COLUMNS "model m(text) -> label { w = param[C]\\n  return w + 0 * mean(param[5][0]) }\\n"),
       ""},
      {FILE_OF(COLUMNS "model m(text) -> label {\\n  x = param[C]\\n  for l in 0..1000000000 { x = x + l }\\n"
                       "  return x\\n}\\n"),
       "cannot be compiled again"},
  };
  save_program(path_of("good.aqm"));
  for (size_t k = 0; k < RT_COUNT(sources); k++)
    refused(&(struct change){.drop = true, .key = "aq.source", .value = sources[k][0]}, sources[k][1]);
  refused(&(struct change){.key = "aq.format", .value = "99"}, "a model of format 99");
  refused(&(struct change){.key = "aq.format", .value = "1"}, "a model of format 1");
  refused(&(struct change){.key = "aq.format", .value = "x"}, "not a model");
}

/* ---- models of released versions ---- */

static void predict(const char *model_path, const char *rows, struct host *host) {
  aq_model *model;
  aq_eval_options options;
  aq_predict_options output;
  if (aq_model_load(model_path, &model)) fail_msg("%s: %s", model_path, aq_model_message(model)->text);
  aq_eval_options_init(&options);
  options.precision = AQ_F64;
  options.threads = 1;
  aq_session *session = session_of(model, &options);
  aq_predict_options_init(&output);
  *host = (struct host){.input = ""};
  output.path = rows;
  output.write = host_write;
  output.context = host;
  output.json = true;
  if (aq_session_predict_stream(session, &output))
    fail_msg("%s: %s", rows, aq_session_message(session)->text);
  aq_session_free(session);
  aq_model_free(model);
}

static void test_released(void **state) {
  (void)state;
  const char *top = getenv("AQ_SOURCE");
  static struct host host;
  char pattern[400], rows[400], answers[400], *expected;
  size_t length;
  glob_t found;
  snprintf(pattern, sizeof pattern, "%s/tests/models/*/*.aqm", top ? top : ".");
  if (glob(pattern, 0, NULL, &found)) fail_msg("%s: AQ_SOURCE says where the source is", pattern);
  for (size_t k = 0; k < found.gl_pathc; k++) {
    const char *path = found.gl_pathv[k];
    static const struct change changes[] = {{0}, {.drop = true}, {.stale = true}};
    snprintf(rows, sizeof rows, "%.*s.tsv", (int)strlen(path) - 4, path);
    snprintf(answers, sizeof answers, "%.*s.out", (int)strlen(path) - 4, path);
    assert_int_equal(io_read_file(answers, 1 << 20, &expected, &length, NULL), RT_OK);
    for (size_t c = 0; c < RT_COUNT(changes); c++) {
      rewrite(path, path_of("released.aqm"), &changes[c]);
      predict(path_of("released.aqm"), rows, &host);
      if (strcmp(host.output, expected))
        fail_msg("%s, %zu:\n%sinstead of\n%s", path, c, host.output, expected);
    }
    rt_free(expected);
  }
  globfree(&found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_compiled_again),
      cmocka_unit_test(test_no_folder),
      cmocka_unit_test(test_hostile),
      cmocka_unit_test(test_released),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
