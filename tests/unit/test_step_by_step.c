/* test_step_by_step.c: steps on rows of the host's are those of a run, with vocabularies learned of first
 * rows, given, or of a model; and rows that a function reads. */
#include "runtime/random.h"
#include "tests/unit/trainer_tasks.h"

/* ---- what the tests share ---- */

static char *bytes_of(aq_trainer *trainer, size_t *length) {
  aq_model *model;
  char *bytes;
  if (aq_trainer_model(trainer, &model)) fail_msg("%s", aq_trainer_message(trainer)->text);
  assert_int_equal(aq_model_save_memory(model, &bytes, length), AQ_OK);
  aq_model_free(model);
  return bytes;
}

static void assert_same_model(const char *what, aq_trainer *one, aq_trainer *two, bool same) {
  size_t a_length, b_length;
  char *a = bytes_of(one, &a_length), *b = bytes_of(two, &b_length);
  bool is_same = a_length == b_length && !memcmp(a, b, a_length);
  if (is_same != same) fail_msg("%s: the models %s", what, same ? "differ" : "are the same");
  aq_text_free(a);
  aq_text_free(b);
}

/* A small table, cut into its fields. */
enum { MOST_ROWS = 32, MOST_FIELDS = 4 };
struct table {
  char text[2048];
  const char *name[MOST_FIELDS], *field[MOST_ROWS][MOST_FIELDS];
  size_t fields, rows;
};

static void cut_line(char *line, char mark, const char **field, size_t *count) {
  *count = 0;
  for (char *at = line; at; *count += 1) {
    assert_true(*count < MOST_FIELDS);
    field[*count] = at;
    at = strchr(at, mark);
    if (at) *at++ = 0;
  }
}

static void cut_table(struct table *t, const char *text, char mark) {
  t->rows = 0;
  snprintf(t->text, sizeof t->text, "%s", text);
  for (char *line = t->text, *next; *line; line = next) {
    size_t count;
    next = strchr(line, '\n');
    *next++ = 0;
    cut_line(line, mark, line == t->text ? t->name : t->field[t->rows - 1], &count);
    if (line == t->text) t->fields = count;
    assert_true(count == t->fields && t->rows++ < MOST_ROWS);
  }
  t->rows--;
}

static void cut_task(struct table *t, const struct task *task) {
  cut_table(t, task->train, strstr(task->train_name, ".csv") ? ',' : '\t');
}

static aq_rows *empty_rows(void) {
  aq_rows *rows;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  return rows;
}

static void add_row(aq_rows *rows, const struct table *t, int64_t row) {
  if (aq_rows_add(rows, t->name, t->field[row], NULL, t->fields)) fail_msg("%s", aq_rows_message(rows)->text);
}

static void step_well(aq_trainer *trainer, const aq_rows *rows, double *loss) {
  if (aq_trainer_step(trainer, rows, loss))
    fail_msg("%s (%s)", aq_trainer_message(trainer)->text, aq_trainer_message(trainer)->hint);
}

/* The batches that aq_trainer_run takes, in its order. */
static void step_epoch(aq_trainer *trainer, const struct table *t, int64_t epoch, int64_t batch,
                       double *loss) {
  int64_t order[MOST_ROWS], count = (int64_t)t->rows;
  for (int64_t r = 0; r < count; r++) order[r] = r;
  rt_random_shuffle(
      rt_random_seed((uint64_t)aq_trainer_facts(trainer)->seed ^ 0x6f72646572u, (uint64_t)epoch), count,
      order);
  aq_rows *rows = empty_rows();
  for (int64_t begin = 0; begin < count; begin += batch) {
    aq_rows_clear(rows);
    for (int64_t r = begin; r < count && r < begin + batch; r++) add_row(rows, t, order[r]);
    double now;
    step_well(trainer, rows, &now);
    assert_true(isfinite(now));
    if (loss) *loss += now * (double)aq_rows_count(rows);
  }
  aq_rows_free(rows);
}

static bool is_table(const struct task *task) { return !strstr(task->train_name, ".txt"); }

/* ---- steps and runs ---- */

static void steps_are_those_of_a_run(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++)
    for (int f64 = 0; f64 < 2 && is_table(&tasks[k]); f64++) {
      aq_train_options options = options_of(&tasks[k], NULL);
      struct table t;
      cut_task(&t, &tasks[k]);
      options.valid = NULL;
      options.batch = 3;
      options.precision = f64 ? AQ_F64 : AQ_F32;
      aq_trainer *run = trainer_of(tasks[k].program, &options);
      options.threads = 3; /* as many as one likes */
      aq_trainer *steps = trainer_of(tasks[k].program, &options);
      assert_int_equal(aq_trainer_run(run), AQ_OK);
      int64_t epochs = aq_trainer_facts(run)->epochs;
      for (int64_t epoch = 0; epoch < epochs; epoch++) step_epoch(steps, &t, epoch, 3, NULL);
      assert_same_model(tasks[k].name, run, steps, true);
      assert_int_equal(aq_trainer_facts(run)->steps, aq_trainer_facts(steps)->steps);
      assert_int_equal(aq_trainer_facts(steps)->best_epoch, 0);
      aq_trainer_free(run);
      aq_trainer_free(steps);
    }
}

static const char plain[] =
    "dim D = 4\ndata { text: words[T], label: class[C] }\nmodel m(text) -> label { return "
    "linear(dropout(mean(embed(text, D), T), 0.2), C) }\ntrain { optimizer = adamw(lr = "
    "0.02), batch = 3, epochs = 2 }\n";

/* The same with the vocabularies of a model, and no rows. */
static void a_model_is_enough(void **state) {
  (void)state;
  struct table t;
  cut_task(&t, &tasks[0]);
  aq_train_options options = options_of(&tasks[0], NULL);
  options.valid = NULL;
  aq_model *model = trained(plain, options.train);
  options.from = model;
  aq_trainer *run = trainer_of(NULL, &options);
  options.train = NULL;
  aq_trainer *steps = trainer_of(NULL, &options), *said = trainer_of(plain, &options);
  aq_model_free(model);
  assert_int_equal(aq_trainer_run(run), AQ_OK);
  double loss = 0;
  for (int64_t epoch = 0; epoch < 2; epoch++) {
    loss = 0;
    step_epoch(steps, &t, epoch, 3, &loss);
    step_epoch(said, &t, epoch, 3, NULL);
  }
  assert_same_model("of a model", run, steps, true);
  assert_true(fabs(loss / (double)t.rows / aq_trainer_epoch(run, 1)->loss - 1) < 1e-6);
  aq_trainer_free(run);
  aq_trainer_free(steps);
  aq_trainer_free(said);
}

/* A program that says all: characters, and labels by name. */
static const char given[] =
    "dim D = 8\ndata { text: bytes[T <= 40, V], label: class[C](labels = \"ham, spam\") }\n"
    "model m(text) -> label { return linear(mean(tanh(linear(embed(text, D), D)), T), C) }\n"
    "train { optimizer = adamw(lr = 0.05) }\n";

static void given_vocabularies_are_enough(void **state) {
  (void)state;
  struct table t;
  cut_table(&t, "text\tlabel\nbuy now\tspam\nsee you\tham\nbuy buy\tspam\nyou there\tham\n", '\t');
  aq_train_options options;
  aq_train_options_init(&options);
  options.threads = 1;
  aq_trainer *trainer = trainer_of(given, &options);
  double first = 0, last = 0;
  for (int epoch = 0; epoch < 60; epoch++) {
    last = 0;
    step_epoch(trainer, &t, epoch, 1, &last);
    if (!epoch) first = last;
  }
  assert_true(last < first / 10);
  aq_model *model;
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  aq_session *session = session_of(model, NULL);
  const char *const text = "buy";
  assert_int_equal(aq_session_predict(session, &text, NULL, 1), AQ_OK);
  assert_true(aq_session_scores(session, 0, NULL, NULL)[1] > 0.9);
  aq_session_free(session);
  aq_model_free(model);
  aq_trainer_free(trainer);
}

/* ---- what rows may have ---- */

static void refuse(aq_trainer *trainer, const aq_rows *rows, int status, int line, const char *text) {
  size_t before_length, length;
  char *before = bytes_of(trainer, &before_length);
  double loss = 0;
  int found = aq_trainer_step(trainer, rows, &loss);
  const aq_message *message = aq_trainer_message(trainer);
  if (found != status || message->line != line || !strstr(message->text, text))
    fail_msg("%d, line %d: \"%s\"", found, message->line, message->text);
  assert_true(isnan(loss));
  char *after = bytes_of(trainer, &length);
  assert_true(length == before_length && !memcmp(before, after, length));
  aq_text_free(before);
  aq_text_free(after);
}

static void unknown_labels_are_refused(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], NULL);
  aq_trainer *trainer = trainer_of(plain, &options);
  struct table t;
  aq_rows *rows = empty_rows();
  cut_table(&t, "text\tlabel\nunheard of\tpositive\nwords\tnegative\nodd\tneutral\n", '\t');
  for (int64_t r = 0; r < 3; r++) add_row(rows, &t, r);
  refuse(trainer, rows, AQ_BAD_DATA, 3, "row 3, column `label`: \"neutral\" is not among the classes");
  aq_rows_clear(rows);
  for (int64_t r = 0; r < 2; r++) add_row(rows, &t, r);
  step_well(trainer, rows, NULL); /* words that it does not know are no fault */
  aq_rows_clear(rows);
  refuse(trainer, rows, AQ_USAGE, 0, "they have none");
  refuse(trainer, NULL, AQ_USAGE, 0, "NULL");
  const char *const text[] = {"good"};
  aq_rows_texts(rows, "text", text, NULL, 1);
  refuse(trainer, rows, AQ_USAGE, 0, "label");
  aq_trainer_free(trainer);

  options.bad_rows = AQ_BAD_ROW_SKIP;
  trainer = trainer_of(plain, &options);
  aq_trainer *other = trainer_of(plain, &options);
  aq_rows_clear(rows);
  for (int64_t r = 0; r < 3; r++) add_row(rows, &t, r);
  step_well(trainer, rows, NULL);
  aq_rows_clear(rows);
  for (int64_t r = 0; r < 2; r++) add_row(rows, &t, r);
  step_well(other, rows, NULL);
  assert_same_model("bad rows are left out", trainer, other, true);
  aq_rows_clear(rows);
  add_row(rows, &t, 2);
  refuse(trainer, rows, AQ_BAD_DATA, 1, "every row is bad");
  aq_rows_free(rows);
  aq_trainer_free(trainer);
  aq_trainer_free(other);
}

static void a_schedule_ends(void **state) {
  (void)state;
  aq_train_options options = options_of(&tasks[0], NULL);
  options.epochs = 1;
  options.batch = 100;
  aq_trainer *trainer = trainer_of(tasks[0].program, &options);
  struct table t;
  cut_task(&t, &tasks[0]);
  aq_rows *rows = empty_rows();
  add_row(rows, &t, 0);
  step_well(trainer, rows, NULL);
  refuse(trainer, rows, AQ_USAGE, 0, "step 2 is behind the end of the schedule: cosine reckons with 1 step");
  assert_int_equal(aq_trainer_set_learning_rate(trainer, 0.01), AQ_OK);
  step_well(trainer, rows, NULL);
  aq_trainer_free(trainer);
  aq_rows_free(rows);
}

/* ---- going on ---- */

/* Saved after every step, and gone on in another trainer. */
static void steps_go_on_from_bytes(void **state) {
  (void)state;
  struct table t;
  cut_task(&t, &tasks[0]);
  for (int without = 0; without < 2; without++) {
    aq_train_options options = options_of(&tasks[0], NULL);
    aq_model *model = trained(plain, options.train);
    if (without) options.from = model, options.train = options.valid = NULL;
    const char *program = without ? NULL : plain;
    aq_trainer *whole = trainer_of(program, &options), *part = trainer_of(program, &options);
    aq_rows *rows = empty_rows();
    assert_int_equal(aq_trainer_set_learning_rate(whole, 0.3), AQ_OK);
    assert_int_equal(aq_trainer_set_learning_rate(part, 0.3), AQ_OK);
    for (int step = 0; step < 6; step++) {
      aq_rows_clear(rows);
      for (int r = 0; r < 1 + step % 3; r++) add_row(rows, &t, (step + r) % 8);
      step_well(whole, rows, NULL);
      step_well(part, rows, NULL);
      char *bytes;
      size_t length;
      assert_int_equal(aq_trainer_save_memory(part, &bytes, &length), AQ_OK);
      aq_trainer_free(part);
      options.checkpoint = bytes;
      options.checkpoint_length = length;
      part = trainer_of(program, &options);
      aq_text_free(bytes);
    }
    assert_same_model("gone on", whole, part, true);
    if (!without) { /* and then in epochs: the order of their rows is that of the seed */
      assert_int_equal(aq_trainer_run(whole), AQ_OK);
      assert_int_equal(aq_trainer_run(part), AQ_OK);
      assert_same_model("epochs after steps", whole, part, true);
      assert_true(aq_trainer_facts(whole)->best_epoch > 0);
      step_well(whole, rows, NULL);
      assert_int_equal(aq_trainer_facts(whole)->best_epoch, 0);
      assert_same_model("a step after epochs", whole, part, false);
    }
    aq_trainer_free(whole);
    aq_trainer_free(part);
    aq_rows_free(rows);
    aq_model_free(model);
  }
}

/* ---- rows that a function reads ---- */

static void a_stream_is_a_file(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    enum aq_format format;
  } of[] = {
      {"s.tsv", "text\tlabel\ngood film\tpositive\nbad film\tnegative\nfine\tpositive\n", AQ_FORMAT_AUTO},
      {"s.csv", "label,text\npositive,\"good, film\"\nnegative,bad film\npositive,fine\n", AQ_FORMAT_CSV},
      {"s.jsonl",
       "{\"text\":\"good "
       "film\",\"label\":\"positive\"}\n{\"text\":\"bad\",\"label\":\"negative\"}\n{\"text\":"
       "\"fine\",\"label\":\"positive\"}\n",
       AQ_FORMAT_JSONL},
      {"s.txt", "__label__positive good film\n__label__negative bad film\n__label__positive fine\n",
       AQ_FORMAT_FASTTEXT},
  };
  for (size_t k = 0; k < sizeof of / sizeof *of; k++)
    for (int held = 0; held < 2; held++) {
      struct host host = {.input = of[k].text, .piece = k % 2 ? 1 : 7};
      aq_train_options options;
      aq_train_options_init(&options);
      options.threads = 1;
      options.hold = held ? 0.3 : 0;
      options.format = of[k].format;
      options.train = data_of(of[k].name, of[k].text);
      aq_trainer *file = trainer_of(plain, &options);
      options.train = NULL;
      options.read = host_read;
      options.context = &host;
      aq_trainer *stream = trainer_of(plain, &options);
      assert_int_equal(aq_trainer_facts(stream)->rows, aq_trainer_facts(file)->rows);
      assert_int_equal(aq_trainer_run(file), AQ_OK);
      assert_int_equal(aq_trainer_run(stream), AQ_OK);
      assert_same_model(of[k].name, file, stream, true);
      aq_trainer_free(file);
      aq_trainer_free(stream);
    }
}

static ptrdiff_t fails_at_last(void *context, char *buffer, size_t size) {
  int *calls = context;
  if (++*calls > 1) return -1;
  return snprintf(buffer, size, "text\tlabel\ngood\tpositive\nbad\tnegative\n");
}

static ptrdiff_t too_much(void *context, char *buffer, size_t size) {
  (void)context, (void)buffer;
  return (ptrdiff_t)size + 1;
}

static void a_stream_may_be_bad(void **state) {
  (void)state;
  int calls = 0;
  struct host host = {.input = "text\tlabel\ngood\tpositive\nbad\n"};
  aq_train_options options;
  aq_train_options_init(&options);
  options.threads = 1;
  options.read = host_read;
  options.context = &host;
  refused(AQ_BAD_DATA, "field", plain, &options);
  assert_string_equal(result.file, "the training rows");
  assert_int_equal(result.line, 3);
  host = (struct host){.input = ""};
  refused(AQ_BAD_DATA, "is empty", plain, &options);
  options.read = fails_at_last;
  options.context = &calls;
  refused(AQ_IO, "", plain, &options);
  options.read = too_much;
  refused(AQ_USAGE, "", plain, &options);
  options.train = data_of("s.tsv", "text\tlabel\na\tb\n");
  refused(AQ_USAGE, "either read by a function of the host's, or a file", plain, &options);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_those_of_a_run),
      cmocka_unit_test(a_model_is_enough),
      cmocka_unit_test(given_vocabularies_are_enough),
      cmocka_unit_test(unknown_labels_are_refused),
      cmocka_unit_test(a_schedule_ends),
      cmocka_unit_test(steps_go_on_from_bytes),
      cmocka_unit_test(a_stream_is_a_file),
      cmocka_unit_test(a_stream_may_be_bad),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
