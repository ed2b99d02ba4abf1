/* test_libaq_nothing.c: who hands over nothing, or what failed to be made, is told so; and of numbers that
 * are none no answer is made. */
#include "tests/unit/libaq_files.h"

#include <math.h>

/* ---- nothing ---- */

static void test_programs(void **state) {
  (void)state;
  aq_program *program;
  const aq_message *message;
  char *text;
  aq_program_options options = {.size = sizeof options, .define_count = 1};
  assert_int_equal(aq_program_new("a.aq", "", 0, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_program_new(NULL, NULL, 0, NULL, &program), AQ_USAGE);
  assert_message(aq_program_message(program), AQ_USAGE, 0, "neither a path nor a text");
  assert_int_equal(aq_program_check(program), AQ_USAGE);
  assert_false(aq_program_has_model(program));
  aq_program_free(program);
  assert_int_equal(aq_program_new(NULL, "dim D = 0 / 0\n", 14, NULL, &program), AQ_OK);
  assert_int_equal(aq_program_check(program), AQ_BAD_DATA);
  aq_program_free(program);
  assert_int_equal(aq_program_new("a.aq", "", 0, &options, &program), AQ_USAGE);
  aq_program_free(program);
  aq_program_free(NULL);
  assert_int_equal(aq_program_check(NULL), AQ_USAGE);
  assert_int_equal(aq_program_message(NULL)->code, AQ_USAGE);
  assert_int_equal(aq_program_diagnostic_count(NULL) + aq_program_error_count(NULL), 0);
  assert_null(aq_program_diagnostic(NULL, 0, NULL));
  assert_false(aq_program_has_model(NULL));
  assert_null(aq_program_file(NULL, 0));
  assert_int_equal(aq_program_requirement_count(NULL), 0);
  assert_string_equal(aq_program_requirement(NULL, 3, &message), "");
  assert_int_equal(aq_format(NULL, "dim D = 1\n", 10, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_format(NULL, NULL, 0, &text, &message), AQ_OK);
  assert_int_equal(aq_save_file(NULL, "", 0, NULL), AQ_USAGE);
  assert_int_equal(aq_save_file("nothing", NULL, 1, &message), AQ_USAGE);
  assert_non_null(strstr(message->text, "nothing to save"));
  aq_text_free(text);
  aq_text_free(NULL);
  assert_int_equal(aq_program_run(NULL, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_program_gradcheck(NULL, 0, 0, NULL, NULL), AQ_USAGE);
  program = program_of("fn f(x: [2]) = x\n");
  assert_int_equal(aq_program_run(program, NULL, NULL), AQ_USAGE);
  aq_program_free(program);
  assert_int_equal(aq_doctor(AQ_TEXT, NULL, NULL), AQ_USAGE);
}

static void look_at(aq_model *model) {
  char *text;
  double value = 1;
  aq_model_message(model);
  assert_int_equal(aq_model_column_count(model) + aq_model_output_count(model), 0);
  assert_null(aq_model_column(model, 1));
  assert_string_equal(aq_model_output_name(model, 0), "");
  assert_int_equal(aq_model_class_count(model, 0), 0);
  assert_string_equal(aq_model_class(model, 0, 0), "");
  assert_int_equal(aq_model_requirement_count(model), 0);
  assert_string_equal(aq_model_requirement(model, 0, NULL), "");
  assert_string_equal(aq_model_metric(model, &value), "");
  assert_true(value == 0);
  assert_int_equal(aq_model_parameter_count(model), 0);
  assert_int_equal(aq_model_save(model, "x.aqm"), AQ_USAGE);
  assert_int_equal(aq_model_save_bytecode(model, "x.aqb"), AQ_USAGE);
  assert_int_equal(aq_model_listing(model, &text), AQ_USAGE);
  assert_int_equal(aq_model_source(model, 0, NULL, &text), AQ_USAGE);
  assert_int_equal(aq_model_explain(model, 3, false, &text), AQ_USAGE);
}

static void test_models(void **state) {
  (void)state;
  aq_model *model;
  char *text;
  look_at(NULL);
  assert_int_equal(aq_model_load("x.aqm", NULL), AQ_USAGE);
  assert_int_equal(aq_model_load(NULL, &model), AQ_USAGE);
  assert_message(aq_model_message(model), AQ_USAGE, 0, "no path");
  look_at(model);
  aq_model_free(model);
  assert_int_equal(aq_model_compile(NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_model_compile(NULL, &model), AQ_USAGE);
  look_at(model);
  aq_model_free(model);
  assert_int_equal(aq_model_load_bytecode(NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_model_load_bytecode(NULL, &model), AQ_USAGE);
  look_at(model);
  aq_model_free(model);
  aq_model_free(NULL);
  assert_int_equal(aq_model_save(reader, NULL), AQ_USAGE);
  assert_int_equal(aq_model_save_bytecode(reader, NULL), AQ_USAGE);
  assert_int_equal(aq_model_listing(reader, NULL), AQ_USAGE);
  assert_int_equal(aq_model_source(reader, 0, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_model_source(reader, 1, NULL, &text), AQ_USAGE);
  assert_null(text);
  assert_int_equal(aq_model_explain(reader, 1, true, NULL), AQ_USAGE);
  assert_int_equal(aq_model_explain(reader, INT64_MIN, true, &text), AQ_USAGE);
  assert_string_equal(aq_model_class(reader, SIZE_MAX, SIZE_MAX), "");
  assert_null(aq_model_column(reader, SIZE_MAX));
}

static void test_trainers(void **state) {
  (void)state;
  aq_program *program = program_of(reader_program);
  aq_train_options options;
  aq_trainer *trainer;
  aq_model *model;
  aq_train_options_init(NULL);
  aq_train_options_init(&options);
  assert_int_equal(aq_trainer_new(program, &options, NULL), AQ_USAGE);
  assert_int_equal(aq_trainer_new(program, NULL, &trainer), AQ_USAGE);
  assert_message(aq_trainer_message(trainer), AQ_USAGE, 0, "from training data, and there is none");
  assert_int_equal(aq_trainer_run(trainer), AQ_USAGE);
  assert_int_equal(aq_trainer_model(trainer, NULL), AQ_USAGE);
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_USAGE);
  aq_model_free(model);
  aq_trainer_free(trainer);
  options.train = path_of("reader.tsv");
  assert_int_equal(aq_trainer_new(NULL, &options, &trainer), AQ_USAGE);
  assert_int_equal(aq_trainer_facts(trainer)->rows + aq_trainer_reading(trainer)->rows, 0);
  aq_shown *shown = aq_shown_new(false);
  aq_trainer_show(trainer, shown);
  aq_trainer_show(NULL, shown);
  aq_trainer_show(trainer, NULL);
  assert_int_equal(aq_trainer_epoch_count(trainer) + aq_trainer_epoch_count(NULL), 0);
  assert_null(aq_trainer_epoch(NULL, 0));
  aq_shown_free(shown);
  aq_trainer_free(trainer);
  aq_trainer_free(NULL);
  assert_int_equal(aq_trainer_run(NULL), AQ_USAGE);
  assert_int_equal(aq_trainer_model(NULL, &model), AQ_USAGE);
  assert_int_equal(aq_trainer_message(NULL)->code, AQ_USAGE);
  assert_null(aq_trainer_facts(NULL));
  assert_null(aq_trainer_reading(NULL));
  aq_program_free(program);
}

static void look_at_report(aq_report *report) {
  double value;
  int64_t skipped = 1;
  aq_report_message(report);
  assert_null(strstr(aq_report_text(report), "accuracy"));
  aq_report_json(report);
  assert_int_equal(aq_report_metric(report, "f1", &value), AQ_USAGE);
  assert_int_equal(aq_report_metric(report, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_report_rows(report, &skipped), 0);
  assert_int_equal(skipped, 0);
  assert_true(report ? !aq_report_reading(report)->doubt : !aq_report_reading(report));
}

static void test_reports(void **state) {
  (void)state;
  aq_report *report;
  aq_eval_options_init(NULL);
  look_at_report(NULL);
  aq_report_free(NULL);
  assert_int_equal(aq_report_new(reader, path_of("reader.tsv"), NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_report_new(NULL, path_of("reader.tsv"), NULL, &report), AQ_USAGE);
  look_at_report(report);
  aq_report_free(report);
  assert_int_equal(aq_report_new(reader, NULL, NULL, &report), AQ_USAGE);
  look_at_report(report);
  aq_report_free(report);
  assert_int_equal(aq_report_new(reader, path_of("reader.tsv"), NULL, &report), AQ_OK);
  assert_int_equal(aq_report_metric(report, NULL, NULL), AQ_USAGE);
  aq_report_free(report);
}

/* A session that is none: of no model, of one without parameters, or NULL. */
static void look_at_session(aq_session *session) {
  const char *const field[] = {"good"};
  struct host host = {.input = "good\n"};
  aq_predict_options predict;
  aq_generate_options generate;
  aq_predict_options_init(&predict);
  aq_generate_options_init(&generate);
  predict.read = host_read;
  predict.write = generate.write = host_write;
  generate.read = host_read;
  predict.context = generate.context = &host;
  aq_session_message(session);
  assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_USAGE);
  assert_int_equal(aq_session_predict(session, NULL, NULL, 0), AQ_USAGE);
  assert_int_equal(aq_session_attend(session, field, NULL, 1), AQ_USAGE);
  assert_int_equal(aq_session_predict_stream(session, &predict), AQ_USAGE);
  assert_int_equal(aq_session_predict_stream(session, NULL), AQ_USAGE);
  assert_int_equal(aq_session_generate(session, field, NULL, 1, 1, &generate), AQ_USAGE);
  assert_int_equal(aq_session_generate(session, NULL, NULL, 0, 0, NULL), AQ_USAGE);
  assert_int_equal(aq_session_generate_stream(session, &generate), AQ_USAGE);
  assert_int_equal(aq_session_generate_stream(session, NULL), AQ_USAGE);
  assert_null(aq_session_written(session, 0));
  aq_shown *shown;
  assert_int_equal(aq_session_written_shown(session, 0, &shown), AQ_USAGE);
  assert_null(shown);
  assert_int_equal(aq_session_written_shown(session, 0, NULL), AQ_USAGE);
  assert_true(session ? !*aq_session_unknown(session)->some : !aq_session_unknown(session));
  assert_null(aq_session_scores(session, 0, NULL, NULL));
  aq_vectors *vectors;
  assert_int_equal(aq_session_embed(session, NULL, &vectors), AQ_USAGE);
  assert_null(vectors);
  assert_int_equal(aq_session_embed(session, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_session_map_count(session), 0);
  assert_null(aq_session_map(session, 0));
  assert_int_equal(aq_session_skipped(session), 0);
  assert_true(session ? !aq_session_reading(session)->rows : !aq_session_reading(session));
  assert_int_equal(host.length, 0);
}

static void test_vectors(void **state) {
  (void)state;
  aq_vectors *vectors;
  aq_embed_options_init(NULL);
  aq_search_options_init(NULL);
  assert_int_equal(aq_vectors_open("none.tsv", NULL), AQ_USAGE);
  assert_int_equal(aq_vectors_open(NULL, &vectors), AQ_USAGE);
  for (int k = 0; k < 2; k++) {
    assert_int_equal(aq_vectors_count(vectors), 0);
    assert_int_equal(aq_vectors_width(vectors), 0);
    assert_null(aq_vectors_at(vectors, 0));
    assert_int_equal(aq_vectors_save(vectors, "none.tsv"), AQ_USAGE);
    assert_int_equal(aq_vectors_save(vectors, NULL), AQ_USAGE);
    assert_int_equal(aq_vectors_search(vectors, vectors, NULL), AQ_USAGE);
    assert_int_equal(aq_vectors_message(vectors)->code, AQ_USAGE);
    aq_vectors_free(vectors);
    vectors = NULL;
  }
}

static void test_sessions(void **state) {
  (void)state;
  aq_session *session;
  aq_model *untrained;
  aq_program *program = program_of(reader_program);
  aq_predict_options_init(NULL);
  aq_generate_options_init(NULL);
  aq_run_options_init(NULL);
  look_at_session(NULL);
  aq_session_free(NULL);
  assert_int_equal(aq_session_new(reader, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_session_new(NULL, NULL, &session), AQ_USAGE);
  look_at_session(session);
  aq_session_free(session);
  assert_int_equal(aq_model_compile(program, &untrained), AQ_OK);
  assert_int_equal(aq_session_new(untrained, NULL, &session), AQ_USAGE);
  look_at_session(session);
  aq_session_free(session);
  aq_model_free(untrained);
  aq_program_free(program);
  session = session_of(reader, NULL); /* a good one, given nothing */
  assert_int_equal(aq_session_predict(session, NULL, NULL, 1), AQ_USAGE);
  assert_int_equal(aq_session_predict(session, (const char *const[]){NULL}, (const size_t[]){7}, 1), AQ_OK);
  assert_int_equal(aq_session_attend(session, NULL, NULL, 1), AQ_USAGE);
  assert_int_equal(aq_session_attend(session, (const char *const[]){NULL}, (const size_t[]){7}, 1), AQ_OK);
  assert_int_equal(aq_session_predict_stream(session, NULL), AQ_USAGE);
  assert_int_equal(aq_session_generate(session, NULL, NULL, 0, 1, NULL), AQ_USAGE);
  assert_int_equal(aq_session_generate_stream(session, NULL), AQ_USAGE);
  aq_session_free(session);
}

/* ---- numbers that are none ---- */

static const char square_program[] = "data { x: number, y: number }\n"
                                     "model m(x) -> y {\n  return param[] * 0 + x * x\n}\n"
                                     "train { epochs = 1 }\n";

static void test_answer(void **state) {
  (void)state;
  aq_model *model = trained(square_program, write_text("square.tsv", "x\ty\n1\t1\n2\t4\n"));
  aq_session *session = session_of(model, NULL);
  const double *answer;
  assert_int_equal(aq_session_predict(session, (const char *const[]){"1e30"}, NULL, 1), AQ_NOT_FINITE);
  assert_message(aq_session_message(session), AQ_NOT_FINITE, 0, "y has no answer: it is infinite");
  assert_null(aq_session_scores(session, 0, NULL, NULL));
  for (size_t k = 0; k < 3; k++) { /* cells that no number of the model is */
    static const char *const cell[] = {"nan", "inf", "1e39"};
    assert_int_equal(aq_session_predict(session, (const char *const[]){cell[k]}, NULL, 1), AQ_BAD_DATA);
    assert_message(aq_session_message(session), AQ_BAD_DATA, 0, k < 2 ? "column `x`: \"" : "\"x\"");
    assert_null(aq_session_scores(session, 0, NULL, NULL));
  }
  assert_int_equal(aq_session_predict(session, (const char *const[]){"3"}, NULL, 1), AQ_OK);
  assert_non_null(answer = aq_session_scores(session, 0, NULL, NULL));
  assert_true(answer[0] == 9);
  aq_session_free(session);
  aq_eval_options wide; /* the same in double is an answer */
  aq_eval_options_init(&wide);
  wide.precision = AQ_F64;
  session = session_of(model, &wide);
  assert_int_equal(aq_session_predict(session, (const char *const[]){"1e30"}, NULL, 1), AQ_OK);
  assert_true(fabs(aq_session_scores(session, 0, NULL, NULL)[0] / 1e60 - 1) < 1e-9);
  aq_session_free(session);
  aq_model_free(model);
}

/* A row of scores that is +inf has no weights to be shown. */
static void test_map(void **state) {
  (void)state;
  static const char text[] = "data { x: number, text: words[T], y: number }\n"
                             "head look(q: [1], x: [T, 1]) -> [1] {\n  query = q\n  key = x\n  value = x\n"
                             "  score = s * 1e30\n}\n"
                             "model m(x, text) -> y {\n"
                             "  return sum(look(expand(x, [1]), embed(text, 1) * 0 + 1))\n}\n"
                             "train { epochs = 0 }\n";
  aq_model *model = trained(text, write_text("map.tsv", "x\ttext\ty\n1\ta b\t1\n2\tb\t4\n"));
  aq_session *session = session_of(model, NULL);
  const char *fields[] = {"1", "a b", "1e30"};
  assert_int_equal(aq_session_attend(session, fields, NULL, 2), AQ_OK);
  assert_int_equal(aq_session_map_count(session), 1);
  fields[0] = fields[2];
  assert_int_equal(aq_session_attend(session, fields, NULL, 2), AQ_NOT_FINITE);
  assert_int_equal(aq_session_map_count(session), 0);
  assert_int_equal(aq_session_predict(session, fields, NULL, 2), AQ_NOT_FINITE);
  fields[0] = "1";
  assert_int_equal(aq_session_attend(session, fields, NULL, 2), AQ_OK);
  aq_session_free(session);
  aq_model_free(model);
}

static enum aq_then host_token(void *context, const aq_token *token) {
  return host_write(context, token->text, token->length) ? AQ_END_TEXT : AQ_GO_ON;
}

/* What is written before the scores become none is text; then comes the error. */
static void test_text(void **state) {
  (void)state;
  static const char text[] = "data { text: chars[T <= 8, V] }\n"
                             "model write(text) -> next(text) {\n"
                             "  x = cumsum(one_hot(text), T)\n"
                             "  n = cumsum(ones([T]), T)\n"
                             "  return x @ param[V, V] + 10^20 * where(n > 5, 10^20 * n, 0)\n}\n"
                             "train { epochs = 0 }\n";
  aq_model *model = trained(text, write_text("write.txt", "abcdabcdabcdabcdabcdabcd"));
  aq_session *session = session_of(model, NULL);
  aq_generate_options options;
  struct host host = {0};
  aq_generate_options_init(&options);
  options.length = 8;
  options.token = host_token;
  options.context = &host;
  assert_int_equal(aq_session_generate(session, (const char *const[]){"abc"}, NULL, 1, 1, &options),
                   AQ_NOT_FINITE);
  assert_message(aq_session_message(session), AQ_NOT_FINITE, 0, "has no answer");
  assert_int_equal(host.length, 3);
  assert_int_equal(aq_session_written(session, 0)->length, 3);
  aq_session_free(session);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_programs), cmocka_unit_test(test_models),  cmocka_unit_test(test_trainers),
      cmocka_unit_test(test_reports),  cmocka_unit_test(test_vectors), cmocka_unit_test(test_sessions),
      cmocka_unit_test(test_answer),   cmocka_unit_test(test_map),     cmocka_unit_test(test_text),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
