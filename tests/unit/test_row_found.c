/* test_row_found.c: the texts that frames spell and the boxes that are found, row by row of a table in
 * memory, are those that are written of the same rows in a file. */
#include "tests/unit/libaq_files.h"
#include "tests/unit/rationed_memory.h"

#include <math.h>

static const char program[] =
    "data {\n"
    "  heard: chars[T], said: chars[U, V], spots: vector[4], seen: boxes[N, P](wide = 64, high = 32)\n"
    "}\n"
    "model m(heard, spots) -> ctc(said), seen {\n"
    "  x = linear(embed(heard, 8), V + 1)\n"
    "  z = expand(linear(tanh(linear(spots, 8)), 8), [3, 8]) + param[3, 8]\n"
    "  return x, found(z, P, near = zeros([3, 2]) + 0.5)\n"
    "}\n"
    "loss ctc(said) + detection(seen)\n"
    "train { lr = 0.05, batch = 4, epochs = 12 }\n";

static const char data[] = "heard\tsaid\tspots\tseen\n"
                           "a-b-\tab\t1 0 0 0\tdisc 3 4 20 22\n"
                           "b-a-\tba\t0 1 0 0\tdisc 30 4 44 18; ring 1 2 8 9\n"
                           "aaa-\ta\t0 0 1 0\tring 10 4 44 18\n"
                           "a-a-\taa\t0 0 0 1\tdisc 3 4 20 22\n";

enum { ROWS = 3, SAID = 0, SEEN, OUTPUTS };
static const char *const heard[ROWS] = {"a-b-b", "", "-b"};
static const char *const spots[ROWS] = {"1 0 0 0", "0 1 0 1", "3 0 1 0"};

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

static aq_session *session_with(int64_t beam) {
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.beam = beam;
  options.threshold = 0.2;
  options.batch = ROWS;
  return session_of(model, &options);
}

static aq_rows *make_rows(void) {
  aq_rows *rows;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, "heard", heard, NULL, ROWS), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, "spots", spots, NULL, ROWS), AQ_OK);
  return rows;
}

/* The line of a row as it is written: the text, and the boxes in their order. */
static void write_row(aq_session *session, size_t row, char *out) {
  out += sprintf(out, "%s\t", aq_session_row_text(session, row, SAID, NULL));
  const aq_box *box;
  size_t rows, columns, written = 0;
  const double *all = aq_session_row_scores(session, row, SEEN, &rows, &columns);
  for (size_t r = 0; r < rows; r++)
    for (size_t place = 0; (box = aq_session_row_box(session, row, SEEN, place)); place++) {
      if (!box->predicted || box->probability != all[r * columns + 4 + box->number]) continue;
      out += sprintf(out, "%s%s %.6g %.6g %.6g %.6g", written++ ? "; " : "", box->name, box->at[0],
                     box->at[1], box->at[2], box->at[3]);
    }
  strcpy(out, "\n");
}

static void test_as_in_a_file(void **state) {
  (void)state;
  aq_rows *rows = make_rows();
  for (int64_t beam = 0; beam <= 8; beam += 4) {
    aq_session *session = session_with(beam);
    char given[256] = "heard\tspots\n", found[1024] = "";
    for (int r = 0; r < ROWS; r++) sprintf(given + strlen(given), "%s\t%s\n", heard[r], spots[r]);
    struct host host = {0};
    aq_predict_options options;
    aq_predict_options_init(&options);
    options.path = write_text("given.tsv", given);
    options.write = host_write;
    options.context = &host;
    assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
    assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
    for (size_t r = 0; r < ROWS; r++) write_row(session, r, found + strlen(found));
    assert_string_equal(found, host.output);
    aq_session_free(session);
  }
  aq_rows_free(rows);
}

static void test_the_likeliest_first(void **state) {
  (void)state;
  aq_rows *rows = make_rows();
  aq_session *session = session_with(0);
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
  double last = 1, log_probability = 1;
  for (size_t place = 0; place < 3; place++) {
    const aq_box *box = aq_session_row_box(session, 1, SEEN, place);
    assert_true(box->probability <= last);
    assert_int_equal(box->predicted, box->probability > 0.2);
    assert_string_equal(box->name, aq_model_class(model, SEEN, box->number));
    last = box->probability;
  }
  assert_null(aq_session_row_box(session, 1, SEEN, 3));
  assert_non_null(aq_session_row_text(session, 0, SAID, &log_probability));
  assert_true(log_probability < 0);
  assert_string_equal(aq_session_row_text(session, 1, SAID, NULL), ""); /* no frames spell nothing */
  aq_session_free(session);
  aq_rows_free(rows);
}

static void test_what_has_none(void **state) {
  (void)state;
  aq_rows *rows = make_rows();
  aq_session *session = session_with(0);
  assert_null(aq_session_row_text(session, 0, SAID, NULL)); /* nothing was predicted yet */
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
  assert_null(aq_session_row_text(session, 0, SEEN, NULL));
  assert_null(aq_session_row_box(session, 0, SAID, 0));
  for (size_t beyond = 0; beyond < 2; beyond++) {
    assert_null(aq_session_row_text(session, beyond ? ROWS : 0, beyond ? SAID : OUTPUTS, NULL));
    assert_null(aq_session_row_box(session, beyond ? ROWS : 0, beyond ? SEEN : OUTPUTS, 0));
  }
  assert_null(aq_session_row_answer(session, 0, SEEN, 0));
  aq_session_free(session);
  aq_rows_free(rows);
}

static void test_beams_that_cannot_be(void **state) {
  (void)state;
  aq_eval_options options;
  aq_eval_options_init(&options);
  for (int k = 0; k < 2; k++) {
    aq_session *session;
    options.beam = k ? 1 << 20 : -1;
    assert_int_equal(aq_session_new(model, &options, &session), AQ_USAGE);
    assert_non_null(strstr(aq_session_message(session)->text, "a beam has 1 to 4096 beginnings"));
    aq_session_free(session);
  }
}

/* Refuses the calls the memory of their n-th request. */
static bool enough(long n, aq_session *session, bool text) {
  struct ration memory = {.once = true};
  atomic_store(&memory.left, n);
  aq_set_allocator(ration_resize, &memory);
  const void *found = text ? (const void *)aq_session_row_text(session, 0, SAID, NULL)
                           : (const void *)aq_session_row_box(session, 1, SEEN, 0);
  aq_set_allocator(NULL, NULL);
  if (atomic_load(&memory.left) >= 0) {
    assert_non_null(found);
    return true;
  }
  assert_null(found);
  assert_int_equal(aq_session_message(session)->code, AQ_NO_MEMORY);
  return false;
}

static void test_without_memory(void **state) {
  (void)state;
  aq_rows *rows = make_rows();
  for (int text = 0; text < 2; text++) {
    aq_session *session = session_with(text ? 4 : 0);
    long n = -1;
    do {
      assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
    } while (!enough(++n, session, text));
    assert_true(n > 0);
    assert_non_null(aq_session_row_text(session, 0, SAID, NULL)); /* there is memory again */
    aq_session_free(session);
  }
  aq_rows_free(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_as_in_a_file),         cmocka_unit_test(test_the_likeliest_first),
      cmocka_unit_test(test_what_has_none),        cmocka_unit_test(test_without_memory),
      cmocka_unit_test(test_beams_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, make_model, drop_model);
}
