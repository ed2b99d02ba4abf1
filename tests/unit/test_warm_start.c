/* test_warm_start.c: training that begins with a model in memory: what its columns know and its parameters
 * are goes on, new labels are added, new words stay unknown. */
#include "tests/unit/trainer_tasks.h"

static aq_model *model_of(aq_trainer *trainer) {
  aq_model *model;
  if (aq_trainer_model(trainer, &model)) fail_msg("%s", aq_trainer_message(trainer)->text);
  return model;
}

static void assert_refused(const char *text, const aq_train_options *options, int status, const char *part) {
  aq_program *program = text ? program_of(text) : NULL;
  aq_trainer *trainer;
  assert_int_equal(aq_trainer_new(program, options, &trainer), status);
  if (!strstr(aq_trainer_message(trainer)->text, part)) fail_msg("%s", aq_trainer_message(trainer)->text);
  aq_trainer_free(trainer);
  aq_program_free(program);
}

/* The scores of an output for one text. */
static const double *scores_of(aq_session *session, const char *text) {
  assert_int_equal(aq_session_predict(session, &text, NULL, 1), AQ_OK);
  return aq_session_scores(session, 0, NULL, NULL);
}

static void assert_same_answer(aq_model *one, aq_model *two, const char *text, bool same) {
  aq_session *a = session_of(one, NULL), *b = session_of(two, NULL);
  bool is_same = *scores_of(a, text) == *scores_of(b, text);
  if (is_same != same) fail_msg("\"%s\": %.17g, %.17g", text, *scores_of(a, text), *scores_of(b, text));
  aq_session_free(a);
  aq_session_free(b);
}

static aq_train_options from(aq_model *model, const char *rows) {
  aq_train_options options;
  aq_train_options_init(&options);
  options.from = model;
  options.train = rows ? data_of("more.tsv", rows) : NULL;
  options.threads = 1;
  return options;
}

/* Before its first step a training is the model that it begins with, whoever has the program. */
static void it_begins_as_the_model(void **state) {
  (void)state;
  aq_train_options options = from(reader, "text\tlabel\nbad film\tnegative\ngood film\tpositive\n");
  const char *const programs[] = {NULL, reader_program};
  for (int k = 0; k < 2; k++) {
    for (int f64 = 0; f64 < 2; f64++) {
      options.precision = f64 ? AQ_F64 : AQ_F32;
      aq_trainer *trainer = trainer_of(programs[k], &options);
      aq_model *model = model_of(trainer);
      assert_int_equal(aq_trainer_facts(trainer)->begun_tensors, 0);
      assert_true(aq_trainer_facts(trainer)->taken_tensors > 5);
      if (!f64) assert_same_answer(reader, model, "a good and dull film", true);
      assert_int_equal(aq_model_column(model, 0)->vocabulary, aq_model_column(reader, 0)->vocabulary);
      aq_model_free(model);
      assert_int_equal(aq_trainer_run(trainer), AQ_OK);
      model = model_of(trainer);
      assert_same_answer(reader, model, "a good and dull film", false);
      aq_model_free(model);
      aq_trainer_free(trainer);
    }
  }
}

/* From memory as from a file, and from the model's own program as from its text. */
static void all_ways_are_one(void **state) {
  (void)state;
  static const char rows[] = "text\tlabel\nbad film\tnegative\ngood film\tpositive\n";
  char *bytes[3];
  size_t length[3];
  double score[3];
  assert_int_equal(aq_model_save(reader, file_of("reader.aqm")), AQ_OK);
  for (int k = 0; k < 3; k++) {
    aq_program_options weights;
    aq_program_options_init(&weights);
    aq_train_options options = from(k == 2 ? NULL : reader, rows);
    options.epochs = 2;
    if (k == 2) weights.weights = file_of("reader.aqm");
    aq_program *program;
    aq_trainer *trainer;
    assert_int_equal(aq_program_new("test.aq", reader_program, strlen(reader_program), &weights, &program),
                     AQ_OK);
    if (aq_trainer_new(k ? program : NULL, &options, &trainer))
      fail_msg("%s", aq_trainer_message(trainer)->text);
    aq_program_free(program);
    assert_int_equal(aq_trainer_run(trainer), AQ_OK);
    aq_model *model = model_of(trainer);
    assert_int_equal(aq_model_save_memory(model, &bytes[k], &length[k]), AQ_OK);
    aq_session *session = session_of(model, NULL);
    score[k] = *scores_of(session, "a good and dull film");
    aq_session_free(session);
    aq_model_free(model);
    aq_trainer_free(trainer);
    assert_true(score[k] == score[0]);
  }
  assert_true(length[1] == length[2] && !memcmp(bytes[1], bytes[2], length[1]));
  for (int k = 0; k < 3; k++) aq_text_free(bytes[k]);
}

/* A label that only the model has stays; one that only the rows have is added. */
static void labels_are_added(void **state) {
  (void)state;
  aq_train_options options = from(reader, "text\tlabel\na bad film\tnegative\na mixed film\tmixed\n");
  aq_trainer *trainer = trainer_of(NULL, &options);
  aq_model *model = model_of(trainer);
  assert_int_equal(aq_model_class_count(model, 0), 3);
  assert_string_equal(aq_model_class(model, 0, 0), "mixed");
  assert_string_equal(aq_model_class(model, 0, 1), "negative");
  assert_string_equal(aq_model_class(model, 0, 2), "positive");
  assert_int_equal(aq_trainer_facts(trainer)->new_words, 2); /* of the weights and of the offsets */

  /* Between those that the model knows nothing has changed. */
  aq_session *before = session_of(reader, NULL), *after = session_of(model, NULL);
  const double *two = scores_of(before, "good film");
  double odds = two[0] / two[1];
  const double *three = scores_of(after, "good film");
  assert_true(fabs(three[1] / three[2] / odds - 1) < 1e-5);
  aq_session_free(before);
  aq_session_free(after);
  aq_model_free(model);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  aq_trainer_free(trainer);
}

static const char listed[] = "dim D = 8\ndata { text: words[T], label: class[C](labels = \"bad, good\") }\n"
                             "model m(text) -> label { return linear(mean(embed(text, D), T), C) }\n"
                             "train { optimizer = adamw(lr = 0.05), batch = 2, epochs = 2 }\n";

/* The program lists all labels: another one is refused by its name. */
static void listed_labels_are_all(void **state) {
  (void)state;
  aq_model *model = trained(listed, data_of("listed.tsv", "text\tlabel\na b\tbad\nc d\tgood\n"));
  aq_train_options options = from(model, "text\tlabel\na b\tbad\nc d\tmixed\n");
  assert_refused(NULL, &options, AQ_BAD_DATA, "mixed");
  assert_refused(listed, &options, AQ_BAD_DATA, "mixed");
  aq_model_free(model);
}

/* Numbers are scaled as the model has learned it: its parameters go by that. */
static void scales_stay(void **state) {
  (void)state;
  static const char program[] =
      "data { age: number(scale = standard), at: vector[N], wish: number(scale = range) }\n"
      "model m(age, at) -> wish {\n  a = param[] = 1\n  return age * a + sum(at * param[N])\n}\n"
      "loss squared_error\ntrain { optimizer = sgd(lr = 0.01), batch = 2, epochs = 2 }\n";
  aq_model *model =
      trained(program, data_of("scale.tsv", "age\tat\twish\n10\t1 2\t5\n30\t2 1\t9\n50\t0 1\t7\n"));
  aq_train_options options = from(model, NULL);
  options.train = data_of("scaled.tsv", "age\tat\twish\n1000\t1 2\t500\n1001\t2 1\t900\n");
  aq_trainer *trainer = trainer_of(NULL, &options);
  aq_model *begun = model_of(trainer);
  aq_session *a = session_of(model, NULL), *b = session_of(begun, NULL);
  const char *const row[] = {"20", "1 1"};
  assert_int_equal(aq_session_predict(a, row, NULL, 2), AQ_OK);
  assert_int_equal(aq_session_predict(b, row, NULL, 2), AQ_OK);
  assert_true(*aq_session_scores(a, 0, NULL, NULL) == *aq_session_scores(b, 0, NULL, NULL));
  aq_session_free(a);
  aq_session_free(b);
  aq_model_free(begun);
  aq_trainer_free(trainer);
  options.train = data_of("wide.tsv", "age\tat\twish\n10\t1 2 3\t5\n30\t2 1 3\t9\n");
  assert_refused(NULL, &options, AQ_BAD_DATA, "3 numbers");
  aq_model_free(model);
}

/* Settings that options give are the model's from then on. */
static void settings_are_replaced(void **state) {
  (void)state;
  aq_train_options options = from(reader, "text\tlabel\nbad film\tnegative\ngood film\tpositive\n");
  options.epochs = 3;
  options.learning_rate = 0.5;
  aq_trainer *trainer = trainer_of(NULL, &options);
  assert_int_equal(aq_trainer_facts(trainer)->epochs_set, 3);
  aq_model *model = model_of(trainer);
  aq_trainer_free(trainer);
  options = from(model, "text\tlabel\nbad film\tnegative\ngood film\tpositive\n");
  options.epochs = 4;
  trainer = trainer_of(NULL, &options);
  assert_int_equal(aq_trainer_facts(trainer)->epochs_set, 4);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  assert_true(aq_trainer_epoch(trainer, 0)->learning_rate == 0.5);
  aq_trainer_free(trainer);
  aq_model_free(model);
}

/* Whatever a kind of column learns comes with the model. */
static void every_kind_goes_on(void **state) {
  (void)state;
  for (int k = 0; k < TASKS; k++) {
    aq_train_options options = options_of(&tasks[k], NULL);
    aq_trainer *first = trainer_of(tasks[k].program, &options);
    assert_int_equal(aq_trainer_run(first), AQ_OK);
    aq_model *model = model_of(first);
    aq_trainer_free(first);
    options.from = model;
    aq_trainer *second = trainer_of(NULL, &options);
    aq_model *begun = model_of(second);
    assert_int_equal(aq_trainer_facts(second)->begun_tensors, 0);
    assert_int_equal(aq_trainer_facts(second)->new_words, 0);
    assert_int_equal(aq_model_parameter_count(begun), aq_model_parameter_count(model));
    assert_int_equal(aq_trainer_run(second), AQ_OK);
    aq_trainer_free(second);
    aq_model_free(begun);
    aq_model_free(model);
  }
}

static void what_cannot_begin(void **state) {
  (void)state;
  static const char rows[] = "text\tlabel\nbad film\tnegative\ngood film\tpositive\n";
  aq_program *program = program_of(reader_program);
  aq_model *compiled;
  assert_int_equal(aq_model_compile(program, &compiled), AQ_OK);
  aq_program_free(program);
  aq_train_options options = from(compiled, rows);
  assert_refused(NULL, &options, AQ_USAGE, "no parameters");
  assert_refused(reader_program, &options, AQ_USAGE, "no parameters");
  options.from = NULL;
  assert_refused(NULL, &options, AQ_USAGE, "no program");
  options.from = reader;
  assert_refused("data { a: number, b: number }\nmodel m(a) -> b { x = param[] = 1\n return a * x }\n",
                 &options, AQ_BAD_DATA, "is not a number");
  aq_model_free(compiled);
}

/* ---- without rows ---- */

static bool no_measure(void *context, aq_model *model, double *value) {
  (void)context, (void)model;
  *value = 0;
  return true;
}

static void nothing_is_left_to_learn(void **state) {
  (void)state;
  aq_train_options options = from(reader, NULL);
  aq_trainer *trainer = trainer_of(NULL, &options);
  assert_int_equal(aq_trainer_run(trainer), AQ_USAGE);
  assert_non_null(strstr(aq_trainer_message(trainer)->text, "there are no rows to train on"));
  aq_model *model = model_of(trainer);
  assert_same_answer(reader, model, "a good and dull film", true);
  aq_model_free(model);
  aq_trainer_free(trainer);

  options.from = NULL;
  static const char none[] =
      "the column text learns its entries of the vocabulary from training data, and there";
  assert_refused(reader_program, &options, AQ_USAGE, none);
  assert_refused(listed, &options, AQ_USAGE, none);
  options.hold = 0.5;
  assert_refused(listed, &options, AQ_USAGE, "there is no training data");
  options.hold = 0;
  options.save = file_of("none.aqm");
  assert_refused(listed, &options, AQ_USAGE, "save nothing by themselves");
  options.save = NULL;
  options.measure = no_measure;
  options.measured = "x";
  assert_refused(listed, &options, AQ_USAGE, "there is no training data");
  options.measure = NULL;
  options.measured = NULL;
  options.train = data_of("listed.tsv", "text\tlabel\na b\tbad\nc d\tgood\n");
  options.steps = 5;
  assert_refused(listed, &options, AQ_USAGE, "follows from the rows");
  options.train = NULL;
  options.steps = 0;
  options.until = "f1=1";
  assert_refused(listed, &options, AQ_USAGE, "there is no training data");
}

/* One row, by its columns. */
static void step_on(aq_trainer *trainer, const char *const *name, const char *const *field, size_t count) {
  aq_rows *rows;
  double loss;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  assert_int_equal(aq_rows_add(rows, name, field, NULL, count), AQ_OK);
  if (aq_trainer_step(trainer, rows, &loss)) fail_msg("%s", aq_trainer_message(trainer)->text);
  assert_true(isfinite(loss) && loss > 0);
  aq_rows_free(rows);
}

/* A text that is learned token by token goes on with a row that is one. */
static void plain_texts_go_on(void **state) {
  (void)state;
  static const char *const name[] = {"text"}, *const field[] = {"the dog"};
  aq_train_options options = options_of(&tasks[2], NULL);
  aq_model *model = trained(tasks[2].program, options.train);
  options = from(model, NULL);
  aq_trainer *trainer = trainer_of(NULL, &options);
  step_on(trainer, name, field, 1);
  aq_model *after = model_of(trainer);
  assert_int_equal(aq_model_parameter_count(after), aq_model_parameter_count(model));
  aq_model_free(after);
  aq_trainer_free(trainer);
  aq_model_free(model);
}

/* Thresholds that were learned are those of the model, as long as nothing says better ones. */
static void thresholds_stay(void **state) {
  (void)state;
  static const char program[] = "dim D = 4\ndata { text: words[T], topics: labels[C](threshold = learned) }\n"
                                "model m(text) -> topics { return linear(mean(embed(text, D), T), C) }\n"
                                "train { optimizer = adamw(lr = 0.05), batch = 2, epochs = 4 }\n";
  static const char rows[] = "text\ttopics\na b\tx|y\nc d\tx\na d\ty\nc b\tx|y\nb\ty\nd\tx\n";
  static const char *const name[] = {"text", "topics"}, *const field[] = {"a b", "x|y"};
  aq_train_options options = from(NULL, NULL);
  options.train = options.valid = data_of("topics.tsv", rows);
  aq_trainer *first = trainer_of(program, &options);
  assert_int_equal(aq_trainer_run(first), AQ_OK);
  aq_model *model = model_of(first);
  aq_trainer_free(first);
  options = from(model, NULL);
  options.learning_rate = 0; /* only the thresholds could change */
  aq_trainer *second = trainer_of(NULL, &options);
  step_on(second, name, field, 2);
  aq_model *after = model_of(second);
  aq_report *one, *two;
  double a, b;
  assert_int_equal(aq_report_new(model, file_of("topics.tsv"), NULL, &one), AQ_OK);
  assert_int_equal(aq_report_new(after, file_of("topics.tsv"), NULL, &two), AQ_OK);
  assert_int_equal(aq_report_metric(one, "f1", &a), AQ_OK);
  assert_int_equal(aq_report_metric(two, "f1", &b), AQ_OK);
  assert_true(a == b);
  aq_report_free(one);
  aq_report_free(two);
  aq_model_free(after);
  aq_trainer_free(second);
  aq_model_free(model);
}

/* An ensemble begins as its first member. */
static void an_ensemble_is_its_first(void **state) {
  (void)state;
  aq_model *const member[] = {reader, reader};
  aq_model *both;
  assert_int_equal(aq_model_ensemble(member, 2, &both), AQ_OK);
  aq_train_options options = from(both, NULL);
  aq_trainer *trainer = trainer_of(NULL, &options);
  assert_int_equal(aq_trainer_facts(trainer)->taken_members, 2);
  aq_model *model = model_of(trainer);
  assert_int_equal(aq_model_member_count(model), 1);
  assert_same_answer(reader, model, "a good and dull film", true);
  aq_model_free(model);
  aq_trainer_free(trainer);
  aq_model_free(both);
}

static void the_schedule_needs_an_end(void **state) {
  (void)state;
  static const char program[] =
      "data { a: number, b: number }\nmodel m(a) -> b {\n  x = param[] = 1\n  return a * x\n}\n"
      "loss squared_error\ntrain { optimizer = sgd(lr = 0.1), %s }\n";
  static const struct {
    const char *setting;
    bool depends;
  } of[] = {{"schedule = constant", false},
            {"schedule = constant(warmup = 10)", false},
            {"schedule = constant(warmup = 10%)", true},
            {"schedule = cosine", true},
            {"schedule = linear(warmup = 10)", true},
            {"schedule = one_cycle", true},
            {"schedule = inverse_sqrt(warmup = 5)", false},
            {"schedule = step(every = 100)", false},
            {"schedule = step", true}};
  for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
    char text[400];
    aq_train_options options = from(NULL, NULL);
    snprintf(text, sizeof text, program, of[k].setting);
    if (of[k].depends)
      assert_refused(text, &options, AQ_USAGE, "how many steps");
    else
      aq_trainer_free(trainer_of(text, &options));
    options.steps = 100;
    aq_trainer_free(trainer_of(text, &options));
    options.steps = -1;
    assert_refused(text, &options, AQ_USAGE, "-1 steps");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_begins_as_the_model),
      cmocka_unit_test(all_ways_are_one),
      cmocka_unit_test(labels_are_added),
      cmocka_unit_test(listed_labels_are_all),
      cmocka_unit_test(scales_stay),
      cmocka_unit_test(settings_are_replaced),
      cmocka_unit_test(every_kind_goes_on),
      cmocka_unit_test(what_cannot_begin),
      cmocka_unit_test(plain_texts_go_on),
      cmocka_unit_test(thresholds_stay),
      cmocka_unit_test(an_ensemble_is_its_first),
      cmocka_unit_test(nothing_is_left_to_learn),
      cmocka_unit_test(the_schedule_needs_an_end),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
