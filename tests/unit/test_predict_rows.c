/* test_predict_rows.c: all that a model says of rows in memory is what it says of them one by one, and of the
 * same rows in a file. */
#include "tests/unit/libaq_files.h"

#include <math.h>

static const char program[] =
    "dim D = 6\n"
    "data {\n"
    "  text: words[T <= 5, V], age: number(missing = mean),\n"
    "  mood: class[C], topics: labels[L], kind: tags[T, K], score: number\n"
    "}\n"
    "head near(x: [T, D]) -> [T, D] {\n"
    "  query = linear(x, D)\n  key = linear(x, D)\n  value = linear(x, D)\n"
    "  score = s / sqrt(D)\n}\n"
    "model m(text, age) -> mood, topics, kind, score {\n"
    "  x = embed(text, D)\n"
    "  z = near(x)\n  y = tanh(z) + x\n"
    "  v = mean(y, T)\n"
    "  a = linear(v, C) * (1 + age / 100)\n"
    "  return a, linear(v, L), linear(y, K), sum(v)\n"
    "}\n"
    "loss cross_entropy(mood) + binary_cross_entropy(topics) + cross_entropy(kind) +\n"
    "     squared_error(score)\n"
    "train { optimizer = adamw(lr = 3e-2), batch = 4, epochs = 8 }\n";

static const char data[] = "text\tage\tmood\ttopics\tkind\tscore\n"
                           "good film\t3\tglad\tart\tA N\t1\n"
                           "bad film\t4\tsad\tart\tA N\t-1\n"
                           "a good play\t90\tglad\tart|stage\tD A N\t2\n"
                           "a bad long play\t9\tsad\tstage\tD A A N\t-2\n"
                           "fine\t50\tcalm\tstage\tA\t0\n";

enum { ROWS = 7, OUTPUTS = 4, MOOD = 0, TOPICS, KIND, SCORE };
static const char *const text[ROWS] = {
    "good film", "bad", "a good play", "", "a bad and long play again", "fine fine", "unheard of"};
static const double age[ROWS] = {1, 2, NAN, 4, 50, 6, 0.5};
static const char *const age_text[ROWS] = {"1", "2", "", "4", "50", "6", "0.5"};

static aq_model *model;

static int make_model(void **state) {
  if (make_directory(state)) return -1;
  model = trained(program, write_text("rows.tsv", data));
  return 0;
}

static int drop_model(void **state) {
  aq_model_free(model);
  return remove_directory(state);
}

static aq_rows *rows_of(size_t count) {
  aq_rows *rows;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, "text", text, NULL, count), AQ_OK);
  assert_int_equal(aq_rows_numbers(rows, "age", age, count, 1), AQ_OK);
  return rows;
}

static aq_session *session_with(int64_t batch, enum aq_bad_row bad_rows) {
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.batch = batch;
  options.bad_rows = bad_rows;
  return session_of(model, &options);
}

static void predict(aq_session *session, const aq_rows *rows, const aq_batch_options *options) {
  if (aq_session_predict_rows(session, rows, options)) fail_msg("%s", aq_session_message(session)->text);
}

static void test_fields(void **state) {
  (void)state;
  assert_int_equal(aq_model_field_count(model), 2);
  assert_string_equal(aq_model_field(model, 0), "text");
  assert_string_equal(aq_model_field(model, 1), "age");
  assert_string_equal(aq_model_field(model, 2), "");
}

/* With batches of one, the bits are those of single calls; with larger ones, nearly. */
static void test_one_by_one(void **state) {
  (void)state;
  aq_session *single = session_with(0, AQ_BAD_ROW_STOP);
  for (int64_t batch = 1; batch <= 128; batch *= 2) {
    aq_session *session = session_with(batch, AQ_BAD_ROW_STOP);
    aq_rows *rows = rows_of(ROWS);
    predict(session, rows, NULL);
    aq_rows_free(rows); /* needed no more */
    assert_int_equal(aq_session_row_count(session), ROWS);
    for (size_t r = 0; r < ROWS; r++) {
      assert_int_equal(aq_session_predict(single, (const char *const[]){text[r], age_text[r]}, NULL, 2),
                       AQ_OK);
      for (size_t o = 0; o < OUTPUTS; o++) {
        size_t n[2], m[2];
        const double *one = aq_session_scores(single, o, &n[0], &n[1]);
        const double *of_row = aq_session_row_scores(session, r, o, &m[0], &m[1]);
        assert_memory_equal(n, m, sizeof n);
        if (batch == 1) assert_memory_equal(one, of_row, n[0] * n[1] * sizeof *one);
        for (size_t k = 0; k < n[0] * n[1]; k++) assert_true(fabs(one[k] - of_row[k]) < 1e-5);
      }
    }
    aq_session_free(session);
  }
  aq_session_free(single);
}

/* Several threads read ahead, and change no bit. */
static void test_threads(void **state) {
  (void)state;
  enum { MANY = 300 };
  const char *many[MANY];
  double old[MANY];
  for (int r = 0; r < MANY; r++) many[r] = text[r % ROWS], old[r] = r;
  aq_rows *rows;
  aq_rows_new(&rows);
  aq_rows_texts(rows, "text", many, NULL, MANY);
  aq_rows_numbers(rows, "age", old, MANY, 1);
  aq_session *one = session_with(32, AQ_BAD_ROW_STOP);
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.batch = 32;
  options.threads = 3;
  aq_session *three = session_of(model, &options);
  predict(one, rows, NULL);
  predict(three, rows, NULL);
  for (size_t r = 0; r < MANY; r++)
    for (size_t o = 0; o < OUTPUTS; o++) {
      size_t n, m;
      const double *a = aq_session_row_scores(one, r, o, &n, &m);
      assert_memory_equal(a, aq_session_row_scores(three, r, o, NULL, NULL), n * m * sizeof *a);
    }
  aq_rows_free(rows);
  aq_session_free(one);
  aq_session_free(three);
}

/* What is written of a file in the same batches. */
static void write_answers(aq_session *session, struct host *host) {
  char all[512] = "text\tage\n";
  for (int r = 0; r < ROWS; r++) sprintf(all + strlen(all), "%s\t%s\n", text[r], age_text[r]);
  const char *path = write_text("given.tsv", all);
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.path = path;
  options.write = host_write;
  options.context = host;
  options.top = 2;
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
}

static void test_as_of_a_file(void **state) {
  (void)state;
  aq_session *session = session_with(3, AQ_BAD_ROW_STOP);
  aq_rows *rows = rows_of(ROWS);
  struct host host = {.length = 0}, mine = {.length = 0};
  write_answers(session, &host);
  predict(session, rows, NULL);
  for (size_t r = 0; r < ROWS; r++) {
    char line[1024], *at = line;
    const aq_answer *best = aq_session_row_answer(session, r, MOOD, 0);
    assert_true(best->predicted);
    assert_string_equal(best->name, aq_model_class(model, MOOD, best->number));
    at += sprintf(at, "%s", best->name);
    for (size_t k = 0; k < 2; k++) {
      const aq_answer *next = aq_session_row_answer(session, r, MOOD, k);
      at += sprintf(at, "\t%s=%.6g", next->name, next->probability);
    }
    at += sprintf(at, "\t");
    const char *bar = "";
    for (size_t k = 0; k < aq_model_class_count(model, TOPICS); k++)
      for (size_t place = 0; place < 2; place++) {
        const aq_answer *topic = aq_session_row_answer(session, r, TOPICS, place);
        if (topic->number == k && topic->predicted) at += sprintf(at, "%s%s", bar, topic->name), bar = "|";
      }
    for (size_t k = 0; k < 2; k++) {
      const aq_answer *next = aq_session_row_answer(session, r, TOPICS, k);
      at += sprintf(at, "\t%s=%.6g", next->name, next->probability);
    }
    size_t tags;
    const int32_t *tag = aq_session_row_tags(session, r, KIND, &tags);
    for (size_t k = 0; k < tags; k++)
      at += sprintf(at, "%s%s", k ? " " : "\t", aq_model_class(model, KIND, (size_t)tag[k]));
    if (!tags) at += sprintf(at, "\t");
    if (r == 4) at += sprintf(at, " <cut>");
    sprintf(at, "\t%.9g\n", aq_session_row_scores(session, r, SCORE, NULL, NULL)[0]);
    host_write(&mine, line, strlen(line));
  }
  assert_string_equal(mine.output, host.output);
  assert_null(aq_session_row_answer(session, 0, MOOD, 3));
  assert_null(aq_session_row_answer(session, 0, KIND, 0));
  assert_null(aq_session_row_answer(session, 0, SCORE, 0));
  assert_null(aq_session_row_tags(session, 0, MOOD, NULL));
  assert_null(aq_session_row_scores(session, ROWS, MOOD, NULL, NULL));
  assert_null(aq_session_row_scores(session, 0, OUTPUTS, NULL, NULL));
  assert_null(aq_session_row_vector(session, 0, NULL));
  assert_null(aq_session_row_map(session, 0, 0));
  aq_rows_free(rows);
  aq_session_free(session);
}

/* Vectors and maps beside the scores are those of the calls that give them alone. */
static void test_vectors_and_maps(void **state) {
  (void)state;
  aq_session *session = session_with(4, AQ_BAD_ROW_STOP), *alone = session_with(4, AQ_BAD_ROW_STOP);
  aq_rows *rows = rows_of(3);
  aq_batch_options options;
  aq_batch_options_init(&options);
  const char *const map[] = {"m.z"};
  options.vector = "v";
  options.map = map;
  options.map_count = 1;
  predict(session, rows, &options);
  aq_embed_options embed;
  aq_embed_options_init(&embed);
  embed.name = "v";
  embed.rows = rows;
  aq_vectors *vectors;
  assert_int_equal(aq_session_embed(alone, &embed, &vectors), AQ_OK);
  for (size_t r = 0; r < 3; r++) {
    size_t width;
    const float *vector = aq_session_row_vector(session, r, &width);
    assert_int_equal(width, 6);
    assert_memory_equal(vector, aq_vectors_at(vectors, r), width * sizeof *vector);
    assert_int_equal(aq_session_attend(alone, (const char *const[]){text[r], age_text[r]}, NULL, 2), AQ_OK);
    const aq_map *one = aq_session_map(alone, 0), *of_row = aq_session_row_map(session, r, 0);
    assert_string_equal(of_row->name, "m.z");
    assert_int_equal(of_row->rows, one->rows);
    assert_int_equal(of_row->columns, one->columns);
    assert_memory_equal(of_row->weight, one->weight, one->rows * one->columns * sizeof *one->weight);
    for (size_t k = 0; k < one->columns; k++) assert_string_equal(of_row->key[k], one->key[k]);
    for (size_t k = 0; k < one->rows; k++) assert_string_equal(of_row->query[k], one->query[k]);
    assert_non_null(aq_session_row_scores(session, r, MOOD, NULL, NULL));
  }
  assert_null(aq_session_row_map(session, 0, 1));
  aq_vectors_free(vectors);
  options.map = (const char *const[]){"m.y"};
  assert_int_equal(aq_session_predict_rows(session, rows, &options), AQ_USAGE);
  assert_message(aq_session_message(session), AQ_USAGE, 0, "no head or mix called m.y");
  assert_string_equal(aq_session_message(session)->hint, "did you mean m.z?");
  assert_int_equal(aq_session_row_count(session), 0);
  options.map_count = 0;
  options.vector = "w";
  assert_int_equal(aq_session_predict_rows(session, rows, &options), AQ_USAGE);
  aq_rows_free(rows);
  aq_session_free(alone);
  aq_session_free(session);
}

/* Ids of words are what their text is. */
static void test_ids(void **state) {
  (void)state;
  aq_session *session = session_with(8, AQ_BAD_ROW_STOP);
  aq_rows *rows = rows_of(1);
  predict(session, rows, NULL);
  double of_text[3];
  memcpy(of_text, aq_session_row_scores(session, 0, MOOD, NULL, NULL), sizeof of_text);
  int64_t words = aq_model_column(model, 0)->vocabulary;
  aq_batch_options options;
  aq_batch_options_init(&options);
  options.map = (const char *const[]){"m.z"};
  options.map_count = 1;
  bool found = false;
  for (int32_t good = 0; good < words; good++)
    for (int32_t film = 0; film < words && !found; film++) {
      const int32_t id[] = {good, film};
      aq_rows_clear(rows);
      assert_int_equal(aq_rows_ids(rows, "text", id, (const size_t[]){0, 2}, 1), AQ_OK);
      assert_int_equal(aq_rows_floats(rows, "age", (const float[]){1}, 1, 1), AQ_OK);
      predict(session, rows, &options);
      const aq_map *map = aq_session_row_map(session, 0, 0);
      if (strcmp(map->key[0], "good") || strcmp(map->key[1], "film")) continue;
      assert_memory_equal(of_text, aq_session_row_scores(session, 0, MOOD, NULL, NULL), sizeof of_text);
      found = true;
    }
  assert_true(found);
  aq_rows_clear(rows);
  assert_int_equal(aq_rows_ids(rows, "text", (const int32_t[]){(int32_t)words}, NULL, 1), AQ_OK);
  assert_int_equal(aq_rows_numbers(rows, "age", age, 1, 1), AQ_OK);
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_BAD_DATA);
  assert_message(aq_session_message(session), AQ_BAD_DATA, 1, "row 1, column `text`: ");
  aq_rows_free(rows);
  aq_session_free(session);
}

static void test_bad_rows(void **state) {
  (void)state;
  const double bad[] = {1, INFINITY, 3, 1e300};
  for (int skip = 0; skip < 2; skip++) {
    aq_session *session = session_with(2, skip ? AQ_BAD_ROW_SKIP : AQ_BAD_ROW_STOP);
    aq_rows *rows;
    aq_rows_new(&rows);
    aq_rows_texts(rows, "text", text, NULL, 4);
    aq_rows_numbers(rows, "age", bad, 4, 1);
    aq_batch_options options;
    aq_batch_options_init(&options);
    options.map = (const char *const[]){"m.z"};
    options.map_count = 1;
    int status = aq_session_predict_rows(session, rows, &options);
    assert_int_equal(status, skip ? AQ_OK : AQ_BAD_DATA);
    if (skip) {
      assert_int_equal(aq_session_skipped(session), 2);
      assert_message(aq_session_row_message(session, 1), AQ_BAD_DATA, 2, "row 2, column `age`: infinity");
      assert_message(aq_session_row_message(session, 3), AQ_BAD_DATA, 4,
                     "row 4, column `age`: 1e300 is too large");
      assert_null(aq_session_row_message(session, 0));
      assert_null(aq_session_row_scores(session, 1, MOOD, NULL, NULL));
      assert_null(aq_session_row_answer(session, 1, MOOD, 0));
      assert_null(aq_session_row_map(session, 1, 0));
      assert_non_null(aq_session_row_answer(session, 2, MOOD, 0));
      assert_non_null(aq_session_row_map(session, 2, 0));
    } else {
      assert_message(aq_session_message(session), AQ_BAD_DATA, 2, "row 2, column `age`: infinity");
      assert_int_equal(aq_session_row_count(session), 0);
    }
    aq_rows_clear(rows);
    aq_rows_texts(rows, "text", (const char *const[]){"\xff"}, NULL, 1);
    aq_rows_numbers(rows, "age", age, 1, 1);
    assert_int_equal(aq_session_predict_rows(session, rows, NULL), skip ? AQ_OK : AQ_BAD_DATA);
    if (!skip) assert_non_null(strstr(aq_session_message(session)->hint, "the option bad_rows = skip"));
    if (skip)
      assert_message(aq_session_row_message(session, 0), AQ_BAD_DATA, 1, "row 1, column `text`: byte 0xff");
    aq_rows_clear(rows);
    aq_rows_texts(rows, "text", text, NULL, 4);
    assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_USAGE);
    assert_message(aq_session_message(session), AQ_USAGE, 0,
                   "the rows have no column `age`; they have `text`");
    assert_int_equal(aq_session_predict_rows(session, NULL, NULL), AQ_USAGE);
    aq_rows_clear(rows);
    assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
    assert_int_equal(aq_session_row_count(session), 0);
    aq_rows_free(rows);
    aq_session_free(session);
  }
}

/* Of a text that goes on, the answer is what comes next. */
static void test_next(void **state) {
  (void)state;
  const char *const said[] = {"a dog barks", "a cat purrs", "a dog barks", "the cat purrs"};
  const char *const begun[] = {"a dog", "the cat", "a"};
  aq_rows *rows;
  aq_rows_new(&rows);
  aq_rows_texts(rows, "text", said, NULL, 4);
  aq_program *next = program_of("data { text: words[T, V] }\n"
                                "model n(text) -> next(text) { return linear(embed(text, 6), V) }\n"
                                "train { optimizer = adamw(lr = 0.1), epochs = 40 }\n");
  aq_train_options options;
  aq_train_options_init(&options);
  options.rows = rows;
  aq_trainer *trainer;
  aq_model *learned;
  if (aq_trainer_new(next, &options, &trainer) || aq_trainer_run(trainer)
      || aq_trainer_model(trainer, &learned))
    fail_msg("%s", aq_trainer_message(trainer)->text);
  aq_trainer_free(trainer);
  aq_program_free(next);
  aq_session *session = session_of(learned, NULL);
  aq_rows_clear(rows);
  aq_rows_texts(rows, "text", begun, NULL, 3);
  predict(session, rows, NULL);
  assert_string_equal(aq_session_row_answer(session, 0, 0, 0)->name, "barks");
  assert_string_equal(aq_session_row_answer(session, 1, 0, 0)->name, "purrs");
  assert_null(aq_session_row_answer(session, 1, 0, aq_model_class_count(learned, 0)));
  size_t words, alone;
  assert_non_null(aq_session_row_scores(session, 0, 0, &words, NULL));
  assert_int_equal(aq_session_predict(session, begun, NULL, 1), AQ_OK);
  assert_int_equal(aq_session_row_count(session), 0); /* they were of the call before */
  assert_non_null(aq_session_scores(session, 0, &alone, NULL));
  assert_int_equal(words, alone);
  aq_rows_free(rows);
  aq_session_free(session);
  aq_model_free(learned);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_one_by_one),
      cmocka_unit_test(test_as_of_a_file),
      cmocka_unit_test(test_ids),
      cmocka_unit_test(test_vectors_and_maps),
      cmocka_unit_test(test_bad_rows),
      cmocka_unit_test(test_next),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, make_model, drop_model);
}
