/* test_libaq_session.c: predictions one by one and by the line. */
#include "tests/unit/libaq_files.h"

#include <math.h>

static aq_predict_options options_for(struct host *host) {
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = host_read;
  options.write = host_write;
  options.context = host;
  return options;
}

static int stream(const char *input, struct host *host, aq_predict_options *options,
                  const aq_eval_options *eval) {
  aq_session *session = session_of(reader, eval);
  host->input = input;
  int status = aq_session_predict_stream(session, options);
  if (status) assert_message(aq_session_message(session), status, aq_session_message(session)->line, "");
  aq_session_free(session);
  return status;
}

static void test_one(void **state) {
  (void)state;
  aq_session *session = session_of(reader, NULL);
  const char *texts[] = {"good film", "bad film"};
  for (int k = 0; k < 2; k++) {
    const char *const field[] = {texts[k]};
    size_t rows, columns;
    assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
    const double *p = aq_session_scores(session, 0, &rows, &columns);
    assert_int_equal(rows, 1);
    assert_int_equal(columns, 2);
    assert_true(fabs(p[0] + p[1] - 1) < 1e-12);
    assert_string_equal(aq_model_class(reader, 0, p[1] > p[0]), k ? "negative" : "positive");
  }
  assert_null(aq_session_scores(session, 1, NULL, NULL));
  aq_session_free(session);
}

static void test_fields(void **state) {
  (void)state;
  aq_session *session = session_of(reader, NULL);
  const char *const fields[] = {"good", "film", "\xff"};
  assert_int_equal(aq_session_predict(session, fields, NULL, 2), AQ_USAGE);
  assert_message(aq_session_message(session), AQ_USAGE, 0, "2 fields, where the model's columns are text");
  assert_null(aq_session_scores(session, 0, NULL, NULL));
  assert_int_equal(aq_session_predict(session, fields, NULL, 0), AQ_USAGE);
  assert_int_equal(aq_session_predict(session, fields + 2, NULL, 1), AQ_BAD_DATA);
  assert_message(aq_session_message(session), AQ_BAD_DATA, 0, "not valid UTF-8");
  assert_int_equal(aq_session_predict(session, fields, NULL, 1), AQ_OK);
  aq_session_free(session);
}

/* A text ends where its length says, or else with its NUL byte. */
static void test_lengths(void **state) {
  (void)state;
  aq_session *session = session_of(reader, NULL);
  const char *const whole[] = {"good film"}, *const longer[] = {"good film bad bad"};
  const size_t length[] = {9};
  assert_int_equal(aq_session_predict(session, whole, NULL, 1), AQ_OK);
  double p = aq_session_scores(session, 0, NULL, NULL)[0];
  assert_int_equal(aq_session_predict(session, longer, length, 1), AQ_OK);
  assert_true(aq_session_scores(session, 0, NULL, NULL)[0] == p);
  assert_int_equal(aq_session_predict(session, longer, NULL, 1), AQ_OK);
  assert_true(aq_session_scores(session, 0, NULL, NULL)[0] != p);
  aq_session_free(session);
}

/* An empty text, an unknown word, and a text longer than T allows. */
static void test_unusual_texts(void **state) {
  (void)state;
  aq_session *session = session_of(reader, NULL);
  const char *texts[] = {"", "xyzzy", "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a"};
  for (int k = 0; k < 3; k++) {
    const char *const field[] = {texts[k]};
    assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
    assert_true(isfinite(aq_session_scores(session, 0, NULL, NULL)[0]));
  }
  aq_session_free(session);
}

/* One line out for each in, in order, with or without a header, whatever the batch and however the bytes
 * come. */
static void test_lines(void **state) {
  (void)state;
  static const char *const inputs[] = {"good\nbad\nfine film\n\ndull", "text\ngood\nbad\nfine film\n\ndull\n",
                                       "label\ttext\n?\tgood\n?\tbad\n?\tfine film\n?\t\n?\tdull\n",
                                       "good\t?\nbad\t?\nfine film\t?\n\t?\ndull\t?\n",
                                       "good\r\nbad\r\nfine film\r\n\r\ndull\r\n"};
  char empty[64] = "";
  for (size_t k = 0; k < sizeof inputs / sizeof *inputs; k++)
    for (int64_t batch = 1; batch < 4; batch++)
      for (size_t piece = 0; piece < 8; piece += 3) {
        struct host host = {.piece = piece};
        aq_predict_options options = options_for(&host);
        aq_eval_options eval;
        aq_eval_options_init(&eval);
        eval.batch = batch;
        eval.header = k == 1 ? AQ_HEADER_YES : AQ_HEADER_AUTO; /* one field to a line: it would be a text */
        assert_int_equal(stream(inputs[k], &host, &options, &eval), AQ_OK);
        char expected[128];
        if (!empty[0]) /* whatever an empty text is taken for */
          sscanf(host.output, "%*s %*s %*s %63s", empty);
        snprintf(expected, sizeof expected, "positive\nnegative\npositive\n%s\nnegative\n", empty);
        assert_string_equal(host.output, expected);
      }
}

/* The same digits whatever the number of threads. */
static void test_threads(void **state) {
  (void)state;
  struct host first = {0}, host;
  for (int threads = 1; threads <= 3; threads++) {
    host = (struct host){0};
    aq_predict_options options = options_for(&host);
    aq_eval_options eval;
    aq_eval_options_init(&eval);
    eval.threads = threads;
    options.json = options.probabilities = true;
    assert_int_equal(stream("good\na bad film and a fine play\n\nfine\n", &host, &options, &eval), AQ_OK);
    if (threads == 1) first = host;
    assert_string_equal(host.output, first.output);
  }
}

struct dialogue {
  struct host host;
  int said, heard;
};

/* Hands out a line only when the one before was answered. */
static ptrdiff_t say(void *context, char *buffer, size_t size) {
  struct dialogue *d = context;
  static const char *const lines[] = {"good film\n", "bad film\n", "fine\n"};
  (void)size;
  assert_int_equal(d->said, d->heard);
  if (d->said == 3) return 0;
  strcpy(buffer, lines[d->said]);
  return (ptrdiff_t)strlen(lines[d->said++]);
}

static int hear(void *context, const char *text, size_t length) {
  struct dialogue *d = context;
  for (size_t k = 0; k < length; k++) d->heard += text[k] == '\n';
  return 0;
}

static void test_interactive(void **state) {
  (void)state;
  struct dialogue d = {0};
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = say;
  options.write = hear;
  options.context = &d;
  aq_session *session = session_of(reader, NULL);
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  assert_int_equal(d.heard, 3);
  aq_session_free(session);
}

/* The host's file breaks off behind a row, or its function says more bytes than there was room for. */
static ptrdiff_t break_off(void *context, char *buffer, size_t size) {
  struct dialogue *d = context;
  if (d->said++ == 0) return (ptrdiff_t)strlen(strcpy(buffer, "good film\n"));
  return d->host.refuse ? (ptrdiff_t)size + 1 : -1;
}

static void test_failed_reading(void **state) {
  (void)state;
  for (int too_many = 0; too_many < 2; too_many++) {
    struct dialogue d = {.host.refuse = too_many};
    aq_predict_options options;
    aq_predict_options_init(&options);
    options.read = break_off;
    options.write = hear;
    options.context = &d;
    aq_session *session = session_of(reader, NULL);
    assert_int_equal(aq_session_predict_stream(session, &options), too_many ? AQ_USAGE : AQ_IO);
    assert_message(aq_session_message(session), too_many ? AQ_USAGE : AQ_IO, 0,
                   too_many ? "`read` of the host says" : "`read` of the host has failed");
    assert_int_equal(d.heard, 1); /* what came before is answered */
    aq_session_free(session);
  }
}

static void test_bad_rows(void **state) {
  (void)state;
  struct host host = {0};
  aq_predict_options options = options_for(&host);
  aq_eval_options eval;
  aq_session *session = session_of(reader, NULL);
  host.input = "good\nbad\n\xff\xff\nfine\n";
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_BAD_DATA);
  assert_message(aq_session_message(session), AQ_BAD_DATA, 3, "not valid UTF-8");
  assert_string_equal(aq_session_message(session)->file, "the stream");
  assert_string_equal(host.output, "positive\nnegative\n");
  aq_session_free(session);

  aq_eval_options_init(&eval);
  eval.bad_rows = AQ_BAD_ROW_SKIP;
  host = (struct host){0};
  assert_int_equal(stream("good\nbad\n\xff\xff\nfine\n", &host, &options, &eval), AQ_OK);
  assert_string_equal(host.output, "positive\nnegative\n\npositive\n");
  host = (struct host){0};
  options.json = true;
  assert_int_equal(stream("good\na\tb\tc\n", &host, &options, &eval), AQ_OK);
  assert_non_null(strstr(host.output, "\n{\"error\":\"3 fields, where the first row has 1\",\"line\":2"));
}

static void test_forms(void **state) {
  (void)state;
  struct host host = {0};
  aq_predict_options options = options_for(&host);
  char best[16], other[16], rest[8];
  double p, q;
  options.top = 2;
  assert_int_equal(stream("good\n", &host, &options, NULL), AQ_OK);
  assert_int_equal(sscanf(host.output, "positive\t%15[a-z]=%lf\t%15[a-z]=%lf%7s", best, &p, other, &q, rest),
                   4);
  assert_string_equal(best, "positive");
  assert_string_equal(other, "negative");
  assert_true(p > q && fabs(p + q - 1) < 1e-5);
  host = (struct host){0};
  options.top = 0;
  options.probabilities = true;
  assert_int_equal(stream("good\n", &host, &options, NULL), AQ_OK);
  double n;
  assert_int_equal(sscanf(host.output, "positive\tnegative=%lf\tpositive=%lf", &n, &p),
                   2); /* in the order of the classes: negative first */
  assert_true(p > n);
  host = (struct host){0};
  options.json = true;
  options.top = 1;
  assert_int_equal(stream("good\n", &host, &options, NULL), AQ_OK);
  assert_int_equal(sscanf(host.output,
                          "{\"label\":{\"label\":\"positive\",\"probability\":%lf,\"probabilities\":{"
                          "\"negative\":%lf,\"positive\":%lf},"
                          "\"top\":[{\"label\":\"positive\",\"probability\":%lf}]}}",
                          &p, &n, &q, &p),
                   4);
}

static void test_refusals(void **state) {
  (void)state;
  struct host host = {.refuse = 1};
  aq_predict_options options = options_for(&host);
  assert_int_equal(stream("good\n", &host, &options, NULL), AQ_IO);
  options.write = NULL;
  assert_int_equal(stream("good\n", &host, &options, NULL), AQ_USAGE);
  options = options_for(&host);
  options.path = "/does/not/exist.tsv";
  assert_int_equal(stream("", &host, &options, NULL), AQ_NO_INPUT);

  aq_program *program = program_of(reader_program);
  aq_model *untrained;
  aq_session *session;
  assert_int_equal(aq_model_compile(program, &untrained), AQ_OK);
  assert_int_equal(aq_session_new(untrained, NULL, &session), AQ_USAGE);
  assert_message(aq_session_message(session), AQ_USAGE, 0, "no parameters yet");
  aq_session_free(session);
  aq_model_free(untrained);
  aq_program_free(program);
}

/* Bytes that are asked for, each block with all that it ever was. */
static void *counted_resize(void *context, void *block, size_t size) {
  *(size_t *)context += size;
  if (size) return realloc(block, size);
  free(block);
  return NULL;
}

/* A session of one thread takes what the ops of its model need, for the texts that it is given. What the
 * first prediction of all lays out is the model's. */
static void test_memory(void **state) {
  (void)state;
  aq_model *seed = trained_wide_reader();
  const char *const text[] = {"a good and fine play but a bad and dull film with a good play in a dull film"};
  size_t bytes = 0;
  aq_session *session = session_of(seed, NULL);
  assert_int_equal(aq_session_predict(session, text, NULL, 1), AQ_OK);
  aq_session_free(session);
  aq_set_allocator(counted_resize, &bytes);
  session = session_of(seed, NULL);
  size_t unused = bytes;
  assert_int_equal(aq_session_predict(session, text, NULL, 1), AQ_OK);
  size_t used = bytes;
  aq_session_free(session);
  aq_set_allocator(NULL, NULL);
  aq_model_free(seed);
  if (unused > 100000 || used > 200000)
    fail_msg("a session asks for %zu bytes, and for %zu with a text of 20 words", unused, used);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memory),      cmocka_unit_test(test_one),
      cmocka_unit_test(test_fields),      cmocka_unit_test(test_unusual_texts),
      cmocka_unit_test(test_lengths),     cmocka_unit_test(test_failed_reading),
      cmocka_unit_test(test_lines),       cmocka_unit_test(test_threads),
      cmocka_unit_test(test_interactive), cmocka_unit_test(test_bad_rows),
      cmocka_unit_test(test_forms),       cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
