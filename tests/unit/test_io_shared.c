/* test_io_shared.c: real data, which is not part of the project: every row of it is read. Skipped where it is
 * absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/io/data.h"
#include "runtime/io/safetensors.h"
#include "tests/unit/io_kinds.h"

static char data_directory[400];

static const char *path_of(const char *name) {
  static char path[600];
  snprintf(path, sizeof path, "%s/%s", data_directory, name);
  return path;
}

static void skip_when_absent(void) {
  const char *source = getenv("AQ_SOURCE");
  snprintf(data_directory, sizeof data_directory, "%s/../shared/data", source ? source : ".");
  if (access(path_of("README.md"), R_OK) == 0) return;
  print_message("# no real data at %s\n", data_directory);
  skip();
}

/* The rows as counted by those who put the data together. */
static const struct {
  const char *file;
  const char *columns[3];
  int64_t rows;
} files[] = {
    {"sst2/train.tsv", {"text", "label"}, 6920},
    {"sst2/dev.tsv", {"text", "label"}, 872},
    {"sst2/phrases.tsv", {"text", "label"}, 67349},
    {"trec6/train.tsv", {"text", "label"}, 4907},
    {"trec6/dev.tsv", {"text", "label"}, 545},
    {"banking77/train.tsv", {"text", "label"}, 9003},
    {"banking77/dev.tsv", {"text", "label"}, 1000},
    {"clinc150/train.tsv", {"text", "label"}, 15100},
    {"clinc150/dev.tsv", {"text", "label"}, 3100},
    {"finance/train.tsv", {"text", "label"}, 3878},
    {"finance/dev.tsv", {"text", "label"}, 484},
    {"waimai/train.tsv", {"text", "label"}, 9591},
    {"waimai/dev.tsv", {"text", "label"}, 1198},
    {"chnsenticorp/train.tsv", {"text", "label"}, 9600},
    {"chnsenticorp/dev.tsv", {"text", "label"}, 1200},
    {"wnut17/train.tsv", {"tokens", "tags"}, 3394},
    {"wnut17/dev.tsv", {"tokens", "tags"}, 1009},
    {"ewt_pos/train.tsv", {"tokens", "tags"}, 12544},
    {"ewt_pos/dev.tsv", {"tokens", "tags"}, 2001},
    {"optdigits/train.tsv", {"pixels", "digit"}, 2999},
    {"optdigits/dev.tsv", {"pixels", "digit"}, 824},
    {"easy_vqa/train.tsv", {"image", "question", "answer"}, 34687},
    {"easy_vqa/dev.tsv", {"image", "question", "answer"}, 3888},
    {"spoken_digits/train.tsv", {"audio", "digit", "speaker"}, 1320},
    {"spoken_digits/dev.tsv", {"audio", "digit", "speaker"}, 180},
    {"multi30k/train.tsv", {"en", "de"}, 29000},
    {"multi30k/dev.tsv", {"en", "de"}, 1014},
    {"tatoeba_zh_en/train.tsv", {"zh", "en", "attribution"}, 26000},
    {"tatoeba_zh_en/dev.tsv", {"zh", "en", "attribution"}, 1200},
    {"movielens_small/ratings.csv", {"userId", "movieId", "rating"}, 100836},
};

static void test_row_counts(void **state) {
  (void)state;
  skip_when_absent();
  for (size_t i = 0; i < RT_COUNT(files); i++) {
    int columns = files[i].columns[2] ? 3 : 2;
    struct io_table_options o = {.names = files[i].columns, .count = columns};
    struct io_table *t;
    struct io_row row;
    struct rt_error e = {0};
    int64_t rows = -1;
    if (io_table_open(&t, path_of(files[i].file), &o, &e) != RT_OK) fail_msg("%s: %s", e.file, e.text);
    assert_true(io_table_has_header(t));
    do {
      rows++;
      if (io_table_next(t, &row, &e) != RT_OK) fail_msg("%s:%d:%d: %s", e.file, e.line, e.column, e.text);
      assert_true(row.line == 0 || row.line == rows + 2);
    } while (row.line != 0);
    io_table_close(t);
    assert_int_equal(rows, files[i].rows);
  }
}

/* Columns of real tasks; classes is what the second column must have. */
static const struct {
  const char *folder;
  const char *names[2];
  const struct io_kind *kinds[2];
  int classes;
} tasks[] = {
    {"sst2", {"text", "label"}, {&io_kind_words, &io_kind_class}, 2},
    {"trec6", {"text", "label"}, {&io_kind_words, &io_kind_class}, 6},
    {"banking77", {"text", "label"}, {&io_kind_words, &io_kind_class}, 77},
    {"clinc150", {"text", "label"}, {&io_kind_words, &io_kind_class}, 151},
    {"finance", {"text", "label"}, {&io_kind_chars, &io_kind_class}, 3},
    {"waimai", {"text", "label"}, {&io_kind_words, &io_kind_class}, 2},
    {"chnsenticorp", {"text", "label"}, {&io_kind_words, &io_kind_class}, 2},
    {"wnut17", {"tokens", "tags"}, {&io_kind_words, &io_kind_tags}, 13},
    {"ewt_pos", {"tokens", "tags"}, {&io_kind_words, &io_kind_tags}, 17},
    {"optdigits", {"pixels", "digit"}, {&io_kind_vector, &io_kind_class}, 10},
};

static void test_tasks(void **state) {
  (void)state;
  skip_when_absent();
  for (size_t i = 0; i < RT_COUNT(tasks); i++) {
    struct io_schema s = {0};
    struct io_dataset train, dev;
    struct rt_error e = {0};
    struct io_column *c;
    char file[100];
    for (int k = 0; k < 2; k++)
      assert_int_equal(io_schema_add(&s, tasks[i].names[k], tasks[i].kinds[k], &c, NULL), RT_OK);
    snprintf(file, sizeof file, "%s/train.tsv", tasks[i].folder);
    if (io_dataset_train(path_of(file), &s, NULL, &train, NULL, &e) != RT_OK)
      fail_msg("%s:%d:%d: %s", e.file, e.line, e.column, e.text);
    snprintf(file, sizeof file, "%s/dev.tsv", tasks[i].folder);
    if (io_dataset_read(path_of(file), &s, NULL, &dev, &e) != RT_OK)
      fail_msg("%s:%d:%d: %s", e.file, e.line, e.column, e.text);
    assert_int_equal(s.columns[1].vocab->count, tasks[i].classes);
    if (tasks[i].kinds[0] == &io_kind_vector) assert_int_equal(s.columns[0].size[0], 64);
    io_dataset_free(&train);
    io_dataset_free(&dev);
    io_schema_free(&s);
  }
}

static void test_language_modelling(void **state) {
  (void)state;
  skip_when_absent();
  struct io_schema s = {0};
  struct io_dataset train, held;
  struct rt_error e = {0};
  struct io_column *c;
  struct io_data_options o = {.hold = .1, .window = 128};
  assert_int_equal(io_schema_add(&s, "text", &io_kind_chars, &c, NULL), RT_OK);
  if (io_dataset_from_text(path_of("tinyshakespeare/train.txt"), &s, &o, &train, &held, &e) != RT_OK)
    fail_msg("%s", e.text);
  assert_int_equal(c->vocab->count, 66); /* 65 characters and unknown */
  assert_int_equal(train.values[0].of.offsets[1], 129);
  io_dataset_free(&train);
  io_dataset_free(&held);
  io_schema_free(&s);
}

static void test_model(void **state) {
  (void)state;
  skip_when_absent();
  struct io_tensors *f;
  struct rt_error e = {0};
  if (io_tensors_open(&f, path_of("stories260k/model.safetensors"), &e) != RT_OK) fail_msg("%s", e.text);
  const struct io_tensor *t = io_tensors_find(f, "token_embedding");
  assert_non_null(t);
  assert_int_equal(t->elements, 512 * 64);
  assert_string_equal(io_tensors_metadata(f, "layers"), "5");
  float *values = malloc((size_t)t->bytes);
  assert_non_null(values);
  assert_int_equal(io_tensors_float(f, t, values, &e), RT_OK);
  for (int64_t i = 0; i < t->elements; i++) assert_true(values[i] > -10 && values[i] < 10);
  free(values);
  io_tensors_close(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_row_counts),
      cmocka_unit_test(test_tasks),
      cmocka_unit_test(test_language_modelling),
      cmocka_unit_test(test_model),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
