/* test_libaq_model.c: looking into models: attention, generated text, reports, gradients checked, what
 * explain says, bytecode. */
#include "tests/unit/libaq_files.h"

#include <math.h>

#include "runtime/io/json.h"

/* ---- attention ---- */

static void assert_rows_sum_to_one(const aq_map *map) {
  for (size_t r = 0; r < map->heads * map->rows; r++) {
    double sum = 0;
    for (size_t j = 0; j < map->columns; j++) sum += map->weight[r * map->columns + j];
    assert_true(fabs(sum - 1) < 1e-5);
  }
}

static void test_attend(void **state) {
  (void)state;
  aq_session *session = session_of(reader, NULL);
  const char *const field[] = {"A GOOD, film"};
  assert_int_equal(aq_session_map_count(session), 0);
  assert_int_equal(aq_model_head_count(reader), 3);
  assert_null(aq_model_head(reader, 3));
  assert_string_equal(aq_model_head(reader, 0)->shape, "[T, T]");
  assert_string_equal(aq_model_head(reader, 2)->shape, "[2]");
  assert_int_equal(aq_session_attend(session, field, NULL, 1), AQ_OK);
  assert_int_equal(aq_session_map_count(session), 3);
  for (size_t k = 0; k < 3; k++) { /* known before */
    assert_string_equal(aq_model_head(reader, k)->name, aq_session_map(session, k)->name);
    assert_int_equal(aq_model_head(reader, k)->is_mixing, aq_session_map(session, k)->is_mixing);
  }
  for (size_t k = 0; k < 3; k++) {
    const aq_map *map = aq_session_map(session, k);
    assert_string_equal(map->name, ((const char *[]){"sentiment.near", "sentiment.far", map->name})[k]);
    assert_int_equal(map->is_mixing, k == 2);
    assert_int_equal(map->heads, 1);
    assert_int_equal(map->rows, k == 2 ? 1 : 4);
    assert_int_equal(map->columns, k == 2 ? 2 : 4);
    assert_non_null(map->key);
    assert_true(k == 2 || map->query == map->key);
    for (size_t j = 0; j < map->columns; j++)
      assert_string_equal(map->key[j], k == 2 ? ((const char *[]){"near", "far"})[j]
                                              : ((const char *[]){"A", "GOOD", ",", "film"})[j]);
    assert_rows_sum_to_one(map);
    for (size_t i = 0; i < map->rows && k == 0; i++) /* near sees its neighbours only */
      for (size_t j = 0; j < 4; j++) assert_int_equal(map->weight[i * 4 + j] == 0, i + 1 < j || j + 1 < i);
  }
  assert_int_equal(aq_session_attend(session, (const char *const[]){""}, NULL, 1), AQ_OK);
  assert_int_equal(aq_session_map(session, 0)->columns, 0);
  aq_session_free(session);
}

/* The names of vectors are known before any is asked for. */
static void test_vector_names(void **state) {
  (void)state;
  static const char named[] = "dim D = 4\ndata { text: words[T], place: vector[2] }\n"
                              "model m(text) -> place {\n  x = embed(text, D)\n  v = mean(x, T)\n"
                              "  w = tanh(linear(v, 3))\n  return linear(w, 2)\n}\ntrain { epochs = 1 }\n";
  static const char *const names[] = {"place", "v", "w", NULL};
  aq_model *model = trained(named, write_text("v.tsv", "text\tplace\ngood film\t1 2\nbad\t0 1\n"));
  aq_session *session = session_of(model, NULL), *none = session_of(reader, NULL);
  const char *const field[] = {"good"};
  aq_vectors *vectors;
  aq_embed_options options;
  assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
  for (size_t k = 0; k < 4; k++) {
    const char *name = aq_session_vector(session, k);
    assert_true(names[k] ? name && !strcmp(name, names[k]) : !name);
  }
  assert_non_null(aq_session_scores(session, 0, NULL, NULL)); /* still */
  assert_int_equal(aq_session_message(session)->code, AQ_OK);
  aq_embed_options_init(&options);
  options.path = path_of("v.tsv");
  options.name = aq_session_vector(session, 2);
  assert_int_equal(aq_session_embed(session, &options, &vectors), AQ_OK);
  assert_int_equal(aq_vectors_width(vectors), 3);
  assert_null(aq_session_vector(none, 0));
  assert_null(aq_session_vector(NULL, 0));
  aq_vectors_free(vectors);
  aq_session_free(session);
  aq_session_free(none);
  aq_model_free(model);
}

/* One call gives the maps and the answer, which is that of a prediction. */
static void test_attend_answers(void **state) {
  (void)state;
  aq_session *session = session_of(reader, NULL), *other = session_of(reader, NULL);
  const char *const field[] = {"a good film"};
  aq_predict_options options;
  char *line, *same;
  aq_predict_options_init(&options);
  options.json = options.probabilities = true;
  assert_int_equal(aq_session_line(session, NULL, &line), AQ_USAGE);
  assert_null(line);
  assert_int_equal(aq_session_attend(session, field, NULL, 1), AQ_OK);
  assert_int_equal(aq_session_predict(other, field, NULL, 1), AQ_OK);
  assert_memory_equal(aq_session_scores(session, 0, NULL, NULL), aq_session_scores(other, 0, NULL, NULL),
                      2 * sizeof(double));
  assert_int_equal(aq_session_reading(session)->rows, 1);
  assert_int_equal(aq_session_line(session, NULL, &line), AQ_OK);
  assert_string_equal(line, "positive");
  aq_text_free(line);
  assert_int_equal(aq_session_line(session, &options, &line), AQ_OK);
  assert_int_equal(aq_session_line(other, &options, &same), AQ_OK);
  assert_string_equal(line, same);
  assert_memory_equal(line, "{\"label\":{\"label\":\"positive\",", 29);
  assert_int_equal(aq_session_map_count(session), 3); /* still */
  options.top = -1;
  aq_text_free(line);
  aq_text_free(same);
  assert_int_equal(aq_session_line(session, &options, &line), AQ_USAGE);
  aq_session_free(session);
  aq_session_free(other);
}

static const char pooling_program[] =
    "dim D = 6, H = 3\n"
    "data { text: words[T], label: class[C] }\n"
    "head[H] ask(x: [T, D]) -> [D] {\n"
    "  query = param[D] = normal(1)\n  key = linear(x, D)\n  value = linear(x, D)\n}\n"
    "model pooled(text) -> label {\n  x = embed(text, D)\n  return linear(reshape(ask(x), [H * D]), C)\n}\n"
    "loss cross_entropy\n"
    "train { epochs = 1 }\n";

/* A head[H] with one query: [H, 1, T]. */
static void test_attend_pooling(void **state) {
  (void)state;
  aq_model *pooled = trained(pooling_program, path_of("reader.tsv"));
  aq_session *session = session_of(pooled, NULL);
  const char *const field[] = {"a good film"};
  assert_int_equal(aq_session_attend(session, field, NULL, 1), AQ_OK);
  assert_int_equal(aq_session_map_count(session), 1);
  const aq_map *map = aq_session_map(session, 0);
  assert_false(map->is_mixing);
  assert_int_equal(map->heads, 3);
  assert_int_equal(map->rows, 1);
  assert_int_equal(map->columns, 3);
  assert_rows_sum_to_one(map);
  aq_session_free(session);
  aq_model_free(pooled);
}

/* ---- text ---- */

static const char writer_program[] = "dim D = 12\n"
                                     "data { text: chars[T <= 8, V] }\n"
                                     "model write(text) -> next(text) {\n"
                                     "  x = embed(text, D)\n"
                                     "  return linear(self_attention(x) with { mask = j <= i } + x, V)\n}\n"
                                     "loss cross_entropy\n"
                                     "train { optimizer = adamw(lr = 5e-2), batch = 4, epochs = 60 }\n";

/* Adds tokens to what the host has, and ends the text where it refuses them. */
static enum aq_then host_token(void *context, const aq_token *token) {
  return host_write(context, token->text, token->length) ? AQ_END_TEXT : AQ_GO_ON;
}

static int generate(aq_model *writer, const char *prompt, aq_generate_options options, struct host *host,
                    const char *expected) {
  aq_session *session = session_of(writer, NULL);
  options.token = host_token;
  options.context = host;
  int status = aq_session_generate(session, (const char *const[]){prompt}, NULL, 1, 1, &options);
  if (expected) assert_message(aq_session_message(session), status, 0, expected);
  aq_session_free(session);
  return status;
}

static void test_generate(void **state) {
  (void)state;
  char text[401];
  for (size_t k = 0; k < 400; k++) text[k] = "abcd"[k % 4];
  text[400] = 0;
  char program[600];
  snprintf(program, sizeof program, "%s", writer_program);
  aq_model *writer = trained(program, write_text("abc.txt", text));
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.length = 9;
  options.temperature = 0;
  struct host host = {0};
  /* longer than the window: its end counts */
  assert_int_equal(generate(writer, "abcdabcdabcdab", options, &host, NULL), AQ_OK);
  assert_string_equal(host.output, "cdabcdabc");
  options.temperature = 3; /* something, and the same each time */
  struct host one = {0}, two = {0};
  options.seed = 5;
  assert_int_equal(generate(writer, "", options, &one, NULL), AQ_OK);
  assert_int_equal(generate(writer, "", options, &two, NULL), AQ_OK);
  assert_int_equal(one.length, 9);
  assert_string_equal(one.output, two.output);
  options.top = 1; /* only the likeliest may be drawn */
  host = (struct host){0};
  assert_int_equal(generate(writer, "d", options, &host, NULL), AQ_OK);
  assert_string_equal(host.output, "abcdabcda");
  options.temperature = NAN;
  assert_int_equal(generate(writer, "d", options, &host, "temperature"), AQ_USAGE);
  options.temperature = 1;
  assert_int_equal(
      generate(reader, "d", options, &host, "the model sentiment does not write: it predicts label"),
      AQ_USAGE);
  aq_model_free(writer);
}

/* ---- reports ---- */

static void test_report(void **state) {
  (void)state;
  aq_report *report;
  double accuracy = 0;
  int64_t skipped;
  assert_int_equal(aq_report_new(reader, path_of("reader.tsv"), NULL, &report), AQ_OK);
  assert_int_equal(aq_report_rows(report, &skipped), 8);
  assert_int_equal(skipped, 0);
  assert_int_equal(aq_report_metric(report, "accuracy", &accuracy), AQ_OK);
  assert_true(accuracy == 1);
  assert_int_equal(aq_report_metric(report, "label.accuracy", &accuracy), AQ_OK);
  assert_int_equal(aq_report_metric(report, "rmse", &accuracy), AQ_USAGE);
  assert_non_null(strstr(aq_report_text(report), "accuracy                         1.0000         8"));
  assert_string_equal(aq_report_text(report), aq_report_text(report));
  assert_int_equal(strncmp(aq_report_json(report), "{\"label\":{\"kind\":\"class\",\"rows\":8,", 34), 0);
  aq_report_free(report);

  const char *path = write_text("odd.tsv", "text\tlabel\ngood\tpositive\nbad\tugly\n");
  assert_int_equal(aq_report_new(reader, path, NULL, &report), AQ_OK);
  assert_int_equal(aq_report_metric(report, "accuracy", &accuracy), AQ_OK);
  assert_true(accuracy == .5);
  assert_non_null(strstr(aq_report_text(report), "ugly (1)"));
  aq_report_free(report);

  path = write_text("odd.tsv", "text\tlabel\ngood\tpositive\nbad\t\n");
  assert_int_equal(aq_report_new(reader, path, NULL, &report), AQ_BAD_DATA);
  assert_message(aq_report_message(report), AQ_BAD_DATA, 3, "no label");
  assert_string_equal(aq_report_text(report), "");
  assert_int_equal(aq_report_metric(report, "accuracy", &accuracy), AQ_USAGE);
  aq_report_free(report);
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.bad_rows = AQ_BAD_ROW_SKIP;
  assert_int_equal(aq_report_new(reader, path, &options, &report), AQ_OK);
  assert_int_equal(aq_report_rows(report, &skipped), 1);
  assert_int_equal(skipped, 1);
  aq_report_free(report);
}

/* ---- gradcheck ---- */

static const char all_kinds[] =
    "dim D = 4\n"
    "data { a: words[T <= 9], b: chars[S], q: vector[N], n: number, l: class[C], t: tags[T, K], y: number, "
    "z: vector[M] }\n"
    "model all(a, b, q, n) -> l, t, y, z {\n"
    "  x = embed(a, D) + linear(q, D)\n"
    "  u = cross_attention(x, embed(b, D))\n"
    "  p = attention_pool(u) * n\n"
    "  return linear(p, C), linear(u, K), reshape(linear(p, 1), []), linear(p, M)\n}\n"
    "loss cross_entropy(l) + 0.5 * cross_entropy(t) + squared_error(y) + absolute_error(z)\n";

static int gradcheck(const char *text, double *worst, char **table, const char *expected) {
  aq_program *program = program_of(text);
  int status = aq_program_gradcheck(program, 3, 1e-6, worst, table);
  if (expected || status)
    assert_message(aq_program_message(program), status, aq_program_message(program)->line,
                   expected ? expected : "no message was expected");
  aq_program_free(program);
  return status;
}

static void test_gradcheck(void **state) {
  (void)state;
  double worst = 1;
  char *table;
  assert_int_equal(gradcheck(reader_program, &worst, &table, NULL), AQ_OK);
  assert_true(worst < 1e-6);
  assert_non_null(strstr(table, "sentiment.near.query.W"));
  aq_text_free(table);
  /* A gradient that is not what it should be: nothing flows back through half of the sum. */
  static const char wrong[] = "dim D = 4\ndata { text: words[T], label: class[C] }\n"
                              "model m(text) -> label {\n  x = embed(text, D)\n  return linear(mean(x + "
                              "stop_gradient(linear(x, D)), T), C)\n}\nloss cross_entropy\n";
  assert_int_equal(gradcheck(wrong, &worst, NULL, "the gradient of m."), AQ_NEGATIVE);
  assert_true(worst > 0.1);
  assert_int_equal(gradcheck("dim D = 4\n", &worst, &table, "has no fn or head"), AQ_USAGE);
  assert_null(table);
}

static void test_gradcheck_all_kinds(void **state) {
  (void)state;
  double worst = 1;
  assert_int_equal(gradcheck(all_kinds, &worst, NULL, NULL), AQ_OK);
  assert_true(worst < 1e-6);
}

/* ---- explain, bytecode, doctor ---- */

static void test_explain(void **state) {
  (void)state;
  aq_program *program = program_of(reader_program);
  aq_model *compiled;
  char *text;
  struct rt_error error = {0};
  json_t *json;
  assert_int_equal(aq_model_compile(program, &compiled), AQ_OK);
  assert_int_equal(aq_model_explain(compiled, 10, false, &text), AQ_OK);
  assert_non_null(strstr(text, "assuming, as there is no data, "));
  assert_non_null(strstr(text, "sentiment.near: fused, softmax"));
  aq_text_free(text);
  assert_int_equal(aq_model_explain(reader, 10, true, &text), AQ_OK);
  if (io_json_parse(&json, "what explain says", text, strlen(text), &error))
    fail_msg("%s in %s", error.text, text);
  assert_null(json_object_get(json, "assumed"));
  assert_int_equal(json_integer_value(json_object_get(json, "parameters")), aq_model_parameter_count(reader));
  assert_int_equal(json_array_size(json_object_get(json, "heads")), 2);
  json_decref(json);
  aq_text_free(text);
  assert_int_equal(aq_model_explain(reader, -1, true, &text), AQ_USAGE);
  aq_model_free(compiled);
  aq_program_free(program);
}

/* The products of a layer, counted by hand: 3 tokens, D = 4, linear to 5: 2*3*4*5, and its offset. */
static void test_work(void **state) {
  (void)state;
  aq_program *program = program_of("data { q: vector[4], label: class[C] }\nmodel m(q) -> label { return q @ "
                                   "param[4, C] }\nloss cross_entropy\n");
  aq_model *compiled;
  char *text;
  if (aq_model_compile(program, &compiled)) fail_msg("%s", aq_model_message(compiled)->text);
  assert_int_equal(aq_model_explain(compiled, 1, true, &text), AQ_OK);
  assert_non_null(strstr(text, "\"assumed\":{\"C\":2}"));
  assert_non_null(strstr(text, "\"flops_per_example\":16,\"ops\":{\"project\":1}")); /* 2 * 4 * 2 */
  aq_text_free(text);
  aq_model_free(compiled);
  aq_program_free(program);
}

static void test_bytecode(void **state) {
  (void)state;
  aq_program *program = program_of(reader_program);
  aq_model *compiled, *again;
  char *first, *second, path[400];
  snprintf(path, sizeof path, "%s", path_of("m.aqb"));
  assert_int_equal(aq_model_compile(program, &compiled), AQ_OK);
  assert_int_equal(aq_model_save_bytecode(compiled, path), AQ_OK);
  assert_int_equal(aq_model_load_bytecode(path, &again), AQ_OK);
  assert_int_equal(aq_model_listing(compiled, &first), AQ_OK);
  assert_int_equal(aq_model_listing(again, &second), AQ_OK);
  assert_string_equal(first, second);
  assert_non_null(strstr(first, "function train"));
  aq_text_free(first);
  aq_text_free(second);
  aq_model_free(again);
  aq_model_free(compiled);
  aq_program_free(program);
  assert_int_equal(aq_model_load_bytecode(write_text("bad.aqb", "AQB, or is it?"), &again), AQ_BAD_DATA);
  assert_non_null(strstr(aq_model_message(again)->file, "bad.aqb"));
  assert_int_equal(aq_model_listing(again, &first), AQ_USAGE);
  assert_int_equal(aq_model_save_bytecode(again, path), AQ_USAGE);
  aq_model_free(again);
  assert_int_equal(aq_model_load_bytecode(path_of("none.aqb"), &again), AQ_NO_INPUT);
  aq_model_free(again);
}

/* A program that is opened as a model, and a model that is opened as a program, are told as what they are. */
static void test_mistaken(void **state) {
  (void)state;
  aq_model *model;
  aq_program *program;
  const char *source = write_text("mistaken.aq", reader_program), *saved = path_of("mistaken.aqm");
  assert_int_equal(aq_model_load(source, &model), AQ_BAD_DATA);
  assert_message(aq_model_message(model), AQ_BAD_DATA, 0, "this is a program, not a trained model");
  aq_model_free(model);
  assert_int_equal(aq_model_save(reader, saved), AQ_OK);
  assert_int_equal(aq_program_new(saved, NULL, 0, NULL, &program), AQ_BAD_DATA);
  assert_message(aq_program_message(program), AQ_BAD_DATA, 0, "a trained model, and a program is read here");
  aq_program_free(program);
}

static void test_doctor(void **state) {
  (void)state;
  const aq_message *message;
  char *text;
  json_t *json;
  struct rt_error error = {0};
  assert_int_equal(aq_doctor(AQ_TEXT, &text, &message), AQ_OK);
  assert_non_null(strstr(text, aq_version()));
  aq_text_free(text);
  assert_int_equal(aq_doctor(AQ_JSON, &text, NULL), AQ_OK);
  if (io_json_parse(&json, "what doctor says", text, strlen(text), &error))
    fail_msg("%s in %s", error.text, text);
  assert_true(json_integer_value(json_object_get(json, "threads")) >= 1);
  json_decref(json);
  aq_text_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_attend),       cmocka_unit_test(test_attend_answers),
      cmocka_unit_test(test_vector_names), cmocka_unit_test(test_attend_pooling),
      cmocka_unit_test(test_generate),     cmocka_unit_test(test_report),
      cmocka_unit_test(test_gradcheck),    cmocka_unit_test(test_gradcheck_all_kinds),
      cmocka_unit_test(test_explain),      cmocka_unit_test(test_work),
      cmocka_unit_test(test_bytecode),     cmocka_unit_test(test_doctor),
      cmocka_unit_test(test_mistaken),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
