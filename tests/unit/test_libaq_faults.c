/* test_libaq_faults.c: the public calls when memory runs out, at every allocation: AQ_NO_MEMORY, a message
 * that says so, and nothing leaks. */
#include "tests/unit/libaq_files.h"
#include "tests/unit/rationed_memory.h"

static struct ration memory = {.once = true};
/* Training does without memory that would only save it from asking again in its steps. */
static bool does_without;

/* Frees all it makes; the message's code must be the status. */
typedef int scenario(void);

/* Refuses allocation 0, step, 2 step, …: a step above 1 is for what takes long. */
static void refuse(scenario *run, long step, long at_least) {
  for (long n = 0;; n += step) {
    atomic_store(&memory.live, 0);
    atomic_store(&memory.left, n);
    aq_set_allocator(ration_resize, &memory);
    int status = run();
    aq_set_allocator(NULL, NULL);
    bool reached = atomic_load(&memory.left) < 0;
    if (atomic_load(&memory.live) != 0)
      fail_msg("allocation %ld refused: %ld blocks were not freed", n, atomic_load(&memory.live));
    if (status != (reached ? AQ_NO_MEMORY : AQ_OK) && !(does_without && status == AQ_OK))
      fail_msg("allocation %ld %s: status %d", n, reached ? "refused" : "not reached", status);
    if (reached) continue;
    if (n < at_least) fail_msg("only %ld allocations: the scenario does not do its work", n);
    return;
  }
}

static int said(int status, const aq_message *message) {
  if (message->code != status)
    fail_msg("status %d, but the message holds %d: %s", status, message->code, message->text);
  return status;
}

static aq_model *model, *translator;
static char pairs_path[400], data_path[400], input_path[400], output_path[400];

/* What models keep from their first prediction on is theirs, and is not freed with the session. */
static void ask_first(aq_model *of) {
  static const char *const field[] = {"a", "a"};
  aq_session *session = session_of(of, NULL);
  assert_int_equal(aq_session_predict(session, field, NULL, aq_model_field_count(of)), AQ_OK);
  aq_session_free(session);
}

static int make_model(void **state) {
  if (make_directory(state)) return -1;
  model = trained_reader();
  translator = trained("data { en: words[S], de: words[T <= 9, W] }\n"
                       "model translate(en, de) -> next(de) {\n"
                       "  return linear(cumsum(embed(de, 4), T) + mean(embed(en, 4), S), W)\n}\n"
                       "train { epochs = 1 }\n",
                       write_text("pairs.tsv", "en\tde\na dog\tein Hund\na cat\teine Katze\n"));
  ask_first(model);
  ask_first(translator);
  snprintf(pairs_path, sizeof pairs_path, "%s", path_of("pairs.tsv"));
  snprintf(data_path, sizeof data_path, "%s", path_of("reader.tsv"));
  snprintf(output_path, sizeof output_path, "%s", path_of("out.safetensors"));
  static const char tensor[] = "{\"x\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}      ";
  char bytes[128] = {0};
  size_t length = sizeof tensor - 1;
  bytes[0] = (char)length;
  memcpy(bytes + 8, tensor, length);
  snprintf(input_path, sizeof input_path, "%s", write_bytes("in.safetensors", bytes, 8 + length + 8));
  return 0;
}

static int drop_model(void **state) {
  aq_model_free(model);
  aq_model_free(translator);
  return remove_directory(state);
}

static int with_session_of(aq_model *of, int (*use)(aq_session *session)) {
  aq_eval_options options;
  aq_session *session;
  aq_eval_options_init(&options);
  options.threads = 1;
  options.precision = AQ_F64; /* parameters are converted */
  int status = aq_session_new(of, &options, &session);
  if (!status) status = use(session);
  if (session) said(status, aq_session_message(session));
  aq_session_free(session);
  return status;
}

static int with_session(int (*use)(aq_session *session)) { return with_session_of(model, use); }

static int use_stream(aq_session *session) {
  struct host host = {.input = "good film\nbad film\na\n"};
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = host_read;
  options.write = host_write;
  options.context = &host;
  options.json = true;
  return aq_session_predict_stream(session, &options);
}

static int use_attend(aq_session *session) {
  const char *const field[] = {"good film"};
  return aq_session_attend(session, field, NULL, 1);
}

static int fill(aq_rows *rows, bool labelled) {
  const char *const text[] = {"good film", "a", NULL}, *const label[] = {"positive", "negative", "negative"};
  const char *const name[] = {"text", "label"}, *const field[] = {"bad and dull", "negative"};
  int status = aq_rows_texts(rows, "text", text, NULL, 3);
  if (!status && labelled) status = aq_rows_texts(rows, "label", label, NULL, 3);
  return status ? status : aq_rows_add(rows, name, field, NULL, labelled ? 2 : 1);
}

/* Twice: the second time the memory of the first is used again. */
static int use_rows(aq_session *session, aq_rows *rows) {
  const char *const map[] = {"sentiment.near"};
  aq_batch_options options;
  aq_batch_options_init(&options);
  options.map = map;
  options.map_count = 1;
  int status = AQ_OK;
  for (int k = 0; k < 2 && !status; k++) {
    aq_rows_clear(rows);
    status = fill(rows, false);
    said(status, aq_rows_message(rows));
    if (status) return status;
    status = aq_session_predict_rows(session, rows, &options);
    said(status, aq_session_message(session));
    if (!status && !aq_session_row_answer(session, 2, 0, 1)) status = aq_session_message(session)->code;
  }
  return status;
}

static int rows_of_session(void) {
  aq_rows *rows;
  aq_session *session = NULL;
  int status = aq_rows_new(&rows);
  if (!status) status = aq_session_new(model, NULL, &session);
  if (!status) status = use_rows(session, rows);
  aq_session_free(session);
  aq_rows_free(rows);
  return status;
}

static int rows_of_report(void) {
  aq_rows *rows;
  aq_report *made = NULL;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.errors = 2;
  int status = aq_rows_new(&rows);
  if (!status) status = fill(rows, true);
  if (!status) status = aq_report_of_rows(model, rows, &options, &made);
  if (made) said(status, aq_report_message(made));
  aq_report_free(made);
  aq_rows_free(rows);
  return status;
}

/* A prompt with an unknown word, which is told; drawn, and with beams. */
static int use_prompts(aq_session *session) {
  const char *const field[] = {"a red dog", "ein", "a cat", ""};
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.length = 4;
  options.top = 3;
  options.stop = "xx";
  options.repeat_penalty = 1.1;
  int status = aq_session_generate(session, field, NULL, 2, 2, &options);
  options.top = 0;
  options.beam = 3;
  if (!status) status = aq_session_generate(session, field, NULL, 2, 2, &options);
  aq_shown *shown = NULL;
  if (!status) status = aq_session_written_shown(session, 0, &shown);
  aq_shown_free(shown);
  return status;
}

static int use_texts(aq_session *session) {
  struct host host = {.input = "a dog\na cat\na\n"};
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.length = 4;
  options.read = host_read;
  options.write = host_write;
  options.context = &host;
  options.json = true;
  return aq_session_generate_stream(session, &options);
}

/* The same prompts as rows, which lack the text in the end. */
static int write_rows(aq_session *session, aq_rows *rows) {
  static const char *const en[] = {"a red dog", "a cat"}, *const de[] = {"ein", ""};
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.length = 4;
  options.rows = rows;
  for (int k = 0; k < 2; k++) {
    aq_rows_clear(rows);
    int status = aq_rows_texts(rows, "en", en, NULL, 2);
    if (!status && !k) status = aq_rows_texts(rows, "de", de, NULL, 2);
    said(status, aq_rows_message(rows));
    if (!status) status = aq_session_generate(session, NULL, NULL, 0, 0, &options);
    if (status) return status;
  }
  return AQ_OK;
}

static int use_prompts_of_rows(aq_session *session) {
  aq_rows *rows;
  int status = aq_rows_new(&rows);
  if (status) return aq_rows_free(rows), status;
  status = write_rows(session, rows);
  if (aq_rows_message(rows)->code) status = AQ_NO_MEMORY;
  aq_rows_free(rows);
  return status;
}

static int prompts_of_rows(void) {
  aq_session *session;
  int status = aq_session_new(translator, NULL, &session);
  if (!status) status = use_prompts_of_rows(session);
  aq_session_free(session);
  return status;
}

static int prompts(void) { return with_session_of(translator, use_prompts); }
static int texts(void) { return with_session_of(translator, use_texts); }

static int report_of_texts(void) {
  aq_report *made;
  aq_eval_options options;
  aq_generate_options generate;
  aq_eval_options_init(&options);
  aq_generate_options_init(&generate);
  generate.length = 3;
  options.threads = 1;
  options.generate = &generate;
  int status = aq_report_new(translator, pairs_path, &options, &made);
  if (made) said(status, aq_report_message(made));
  aq_report_free(made);
  return status;
}

static int stream(void) { return with_session(use_stream); }
static int attend(void) { return with_session(use_attend); }

static int report(void) {
  aq_report *made;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  int status = aq_report_new(model, data_path, &options, &made);
  if (!status) {
    aq_report_text(made);
    status = aq_report_message(made)->code;
  }
  if (!status) {
    aq_report_json(made);
    status = aq_report_message(made)->code;
  }
  if (made) said(status, aq_report_message(made));
  aq_report_free(made);
  return status;
}

static int explain(void) {
  char *text;
  int status = aq_model_explain(model, 5, true, &text);
  said(status, aq_model_message(model));
  aq_text_free(text);
  return status;
}

static int with_program(const char *text, int (*use)(aq_program *program)) {
  aq_program *program;
  int status = aq_program_new("test.aq", text, strlen(text), NULL, &program);
  if (!status) status = use(program);
  if (program) said(status, aq_program_message(program));
  aq_program_free(program);
  return status;
}

static int use_run(aq_program *program) {
  aq_run_options options;
  aq_run_options_init(&options);
  options.inputs = input_path;
  options.outputs = output_path;
  options.gradients = options.save_params = true;
  options.threads = 1;
  return aq_program_run(program, &options, NULL);
}

static int use_gradcheck(aq_program *program) {
  char *text = NULL;
  int status = aq_program_gradcheck(program, 1, 1e-3, NULL, &text);
  aq_text_free(text);
  return status;
}

static int run(void) { return with_program("fn f(x: [A, B]) = relu(linear(x, 2))\n", use_run); }
static int gradcheck(void) {
  return with_program(
      "data { q: vector[2], y: number }\nmodel m(q) -> y { return sum(q * param[2]) }\nloss squared_error\n",
      use_gradcheck);
}

/* What a trainer without rows knows, learns, and keeps as bytes. */
static int learn(aq_trainer *trainer, aq_rows *rows, char **bytes, size_t *length) {
  static const char *const name[] = {"text", "label"}, *const row[] = {"a good film", "positive"};
  aq_model *learned = NULL;
  int status = aq_rows_add(rows, name, row, NULL, 2);
  said(status, aq_rows_message(rows));
  if (!status) status = aq_trainer_set_learning_rate(trainer, 0.1);
  if (!status) status = aq_trainer_step(trainer, rows, NULL);
  if (!status) status = aq_trainer_save_memory(trainer, bytes, length);
  if (!status) status = aq_trainer_model(trainer, &learned);
  aq_model_free(learned);
  return status;
}

/* From a model in memory, and on from the bytes. */
static int online(void) {
  aq_train_options options;
  aq_trainer *trainer = NULL;
  aq_rows *rows = NULL;
  char *bytes = NULL;
  aq_train_options_init(&options);
  options.from = model;
  options.threads = 1;
  options.learning_rate = 0.5;
  int status = aq_trainer_new(NULL, &options, &trainer);
  if (trainer) said(status, aq_trainer_message(trainer));
  if (!status) status = aq_rows_new(&rows);
  if (!status) status = learn(trainer, rows, &bytes, &options.checkpoint_length);
  aq_trainer_free(trainer);
  trainer = NULL;
  options.checkpoint = bytes;
  if (!status) status = aq_trainer_new(NULL, &options, &trainer);
  aq_trainer_free(trainer);
  aq_text_free(bytes);
  aq_rows_free(rows);
  return status;
}

static bool measure(void *context, aq_model *now, double *value) {
  (void)context;
  *value = (double)aq_model_parameter_count(now);
  return true;
}

static int measured(void) {
  static const char text[] =
      "data { q: vector[2], y: number }\nmodel m(q) -> y { return sum(q * param[2]) }\nloss squared_error\n";
  struct host host = {.input = "q\ty\n1 2\t3\n2 1\t4\n"};
  aq_program *program;
  aq_train_options options;
  aq_trainer *trainer = NULL;
  aq_train_options_init(&options);
  options.read = host_read;
  options.context = &host;
  options.measure = measure;
  options.measured = "size";
  options.epochs = 2;
  options.threads = 1;
  int status = aq_program_new("a.aq", text, sizeof text - 1, NULL, &program);
  if (!status) status = aq_trainer_new(program, &options, &trainer);
  if (!status) status = aq_trainer_run(trainer);
  if (trainer) said(status, aq_trainer_message(trainer));
  aq_trainer_free(trainer);
  aq_program_free(program);
  return status;
}

static void test_online(void **state) {
  (void)state;
  refuse(online, 29, 1000);
}

static void test_measured(void **state) {
  (void)state;
  does_without = true;
  refuse(measured, 11, 300);
  does_without = false;
}

static void test_stream(void **state) {
  (void)state;
  refuse(stream, 1, 50);
}
static void test_rows(void **state) {
  (void)state;
  refuse(rows_of_session, 1, 100);
  refuse(rows_of_report, 1, 50);
}
static void test_attend(void **state) {
  (void)state;
  refuse(attend, 1, 50);
}
static void test_prompts(void **state) {
  (void)state;
  refuse(prompts, 1, 100);
  refuse(prompts_of_rows, 1, 100);
}

static void test_texts(void **state) {
  (void)state;
  refuse(texts, 1, 50);
}

static void test_report_of_texts(void **state) {
  (void)state;
  refuse(report_of_texts, 1, 100);
}

static void test_report(void **state) {
  (void)state;
  refuse(report, 1, 50);
}
static void test_explain(void **state) {
  (void)state;
  refuse(explain, 1, 50);
}
static void test_run(void **state) {
  (void)state;
  refuse(run, 7, 100);
}
static void test_gradcheck(void **state) {
  (void)state;
  refuse(gradcheck, 13, 100);
}

/* Elaboration says which statement there was no memory for. */
static void test_place(void **state) {
  (void)state;
  static const char text[] =
      "fn f(x: [N]) -> [N] {\n  y = x\n  for l in 0..2000 { y = relu(y * 2 + x) }\n  return y\n}\n";
  int placed = 0;
  for (long n = 0; n < 100000; n = n * 5 / 4 + 1) {
    aq_program *program;
    aq_set_allocator(NULL, NULL);
    assert_int_equal(aq_program_new("a.aq", text, sizeof text - 1, NULL, &program), AQ_OK);
    atomic_store(&memory.left, n);
    aq_set_allocator(ration_resize, &memory);
    int status = aq_program_check(program);
    aq_set_allocator(NULL, NULL);
    const aq_message *m = aq_program_message(program);
    assert_int_equal(status, m->code);
    placed += status == AQ_NO_MEMORY && m->line == 3;
    aq_program_free(program);
    if (!status) break;
  }
  assert_true(placed > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_stream),
      cmocka_unit_test(test_attend),
      cmocka_unit_test(test_report),
      cmocka_unit_test(test_explain),
      cmocka_unit_test(test_run),
      cmocka_unit_test(test_gradcheck),
      cmocka_unit_test(test_place),
      cmocka_unit_test(test_prompts),
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_report_of_texts),
      cmocka_unit_test(test_online),
      cmocka_unit_test(test_measured),
  };
  return cmocka_run_group_tests(tests, make_model, drop_model);
}
