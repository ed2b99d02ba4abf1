/* test_io_faults.c: reading and saving with every single allocation refused in turn: the failure is told,
 * nothing leaks, and no file is left behind. Allocations of zlib go through the library's allocator; those of
 * jansson do not. */
#include "tests/unit/io_files.h"
#include "tests/unit/io_kinds.h"
#include "tests/unit/rationed_memory.h"

#include "runtime/io/data.h"
#include "runtime/io/file.h"
#include "runtime/io/safetensors.h"

typedef int scenario(struct rt_error *error);

/* Runs the scenario with the first, second, … allocation refused until it gets through. */
static void refuse_each(scenario *run) {
  int files = count_files();
  for (long n = 0;; n++) {
    struct ration memory = {.left = n, .once = true};
    struct rt_error e = {0};
    rt_set_allocator(ration_resize, &memory);
    int status = run(&e);
    rt_set_allocator(NULL, NULL);
    assert_int_equal(memory.live, 0);
    assert_int_equal(count_files(), files);
    if (memory.left >= 0) {
      if (status != RT_OK) fail_msg("%s", e.text);
      assert_true(n > 3);
      return;
    }
    assert_int_equal(status, RT_NO_MEMORY);
    assert_string_equal(e.text, "out of memory");
  }
}

static int add_columns(struct io_schema *s, struct rt_error *e) {
  static const struct {
    const char *name;
    const struct io_kind *kind;
  } columns[] = {
      {"tokens", &io_kind_words}, {"tags", &io_kind_tags},   {"chars", &io_kind_chars},
      {"bytes", &io_kind_bytes},  {"label", &io_kind_class}, {"n", &io_kind_number},
      {"v", &io_kind_vector},     {"ids", &io_kind_ngrams},
  };
  for (size_t i = 0; i < RT_COUNT(columns); i++) {
    struct io_column *c;
    int status = io_schema_add(s, columns[i].name, columns[i].kind, &c, e);
    if (status != RT_OK) return status;
    c->required = i < 4;
    if (columns[i].kind == &io_kind_tags) c->pair = 0;
  }
  return RT_OK;
}

static int predict(const struct io_schema *s, struct rt_error *e) {
  struct io_rows *rows;
  struct io_dataset one = {0};
  bool more = true;
  int status = io_rows_open(&rows, path_of("all.csv"), s, NULL, e);
  while (status == RT_OK && more) {
    status = io_rows_next(rows, &one, &more, e);
    if (status == RT_BAD_DATA) { /* the bad row; the others follow */
      rt_error_clear(e);
      status = RT_OK;
      more = true;
    }
  }
  io_rows_close(rows);
  io_dataset_free(&one);
  return status;
}

static int round_trip(const struct io_schema *s, struct rt_error *e) {
  struct io_schema again;
  struct rt_text out = {0};
  io_schema_write(s, &out, NULL);
  int status = out.failed ? rt_no_memory(e) : io_schema_parse(&again, out.data, out.length, NULL, e);
  rt_text_free(&out);
  if (status != RT_OK) return status;
  io_schema_free(&again);
  status = io_schema_copy(s, &again, e);
  io_schema_free(&again);
  return status;
}

static int train_scenario(struct rt_error *e) {
  struct io_schema s = {0};
  struct io_dataset train = {0}, held = {0}, dev = {0};
  struct io_data_options o = {.hold = .5, .skip_bad_rows = true};
  int status = add_columns(&s, e);
  if (status == RT_OK) status = io_dataset_train(path_of("all.csv"), &s, &o, &train, &held, e);
  if (status == RT_OK) status = io_dataset_read(path_of("all.csv"), &s, &o, &dev, e);
  if (status == RT_OK) status = predict(&s, e);
  if (status == RT_OK) status = round_trip(&s, e);
  io_dataset_free(&train);
  io_dataset_free(&held);
  io_dataset_free(&dev);
  io_schema_free(&s);
  return status;
}

static void test_train(void **state) {
  (void)state;
  const char *text = "tokens,tags,chars,bytes,label,n,v,ids\n"
                     "a été,O B,\"x,\ny\",z,yes,1,1 2,3\n"
                     "b c,O B,c,d,no,2,3 4,4 5\n"
                     "bad row\n"
                     "b c,O B,c,d,yes,2,3 4,4 5\n"
                     "b,B,c,d,no,2,3 4,4 5\n";
  write_gzip("all.csv", text, strlen(text));
  refuse_each(train_scenario);
}

static int text_scenario(struct rt_error *e) {
  struct io_schema s = {0};
  struct io_dataset data = {0}, held = {0};
  struct io_data_options o = {.hold = .5, .window = 2};
  struct io_column *c;
  int status = io_schema_add(&s, "text", &io_kind_words, &c, e);
  if (status == RT_OK) status = io_dataset_from_text(path_of("t.txt"), &s, &o, &data, &held, e);
  io_dataset_free(&data);
  io_dataset_free(&held);
  io_schema_free(&s);
  return status;
}

static void test_text(void **state) {
  (void)state;
  write_text("t.txt", "a b c\nd é 中 f\n");
  refuse_each(text_scenario);
}

static int tensors_scenario(struct rt_error *e) {
  static const int64_t shape[] = {2};
  static const float values[] = {1, 2};
  static const struct io_tensor_out out[] = {{"w", IO_F32, 1, shape, values},
                                             {"b", IO_F32, 1, shape, values}};
  static const struct io_metadata metadata[] = {{"k", "v"}};
  struct io_tensors *f;
  double back[2];
  const char *path = path_of("m");
  int status = io_tensors_save(path, out, 2, metadata, 1, e);
  if (status != RT_OK) return status;
  status = io_tensors_open(&f, path, e);
  if (status == RT_OK) status = io_tensors_double(f, io_tensors_find(f, "w"), back, e);
  if (status == RT_OK) status = io_tensors_verify(f, e);
  io_tensors_close(f);
  return status;
}

static void test_tensors(void **state) {
  (void)state;
  write_text("m", "what was there before");
  refuse_each(tensors_scenario);
}

/* A message that lists something needs memory too; when there is none, that is what it says. */
static int header_scenario(struct rt_error *e) {
  static const char *const names[] = {"text", "label"};
  struct io_table_options o = {.names = names, .count = 2};
  struct io_table *t;
  int status = io_table_open(&t, path_of("h.tsv"), &o, e);
  io_table_close(t);
  if (status != RT_BAD_DATA) return status;
  rt_error_clear(e);
  return RT_OK;
}

static void test_header(void **state) {
  (void)state;
  write_text("h.tsv", "text\tlable\n");
  refuse_each(header_scenario);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_train),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_tensors),
      cmocka_unit_test(test_header),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
