/* test_io_data.c: from files to packed arrays. */
#include "tests/unit/io_files.h"
#include "tests/unit/io_kinds.h"

#include "runtime/io/data.h"

static struct io_column *add(struct io_schema *s, const char *name, const struct io_kind *kind) {
  struct io_column *c;
  assert_int_equal(io_schema_add(s, name, kind, &c, NULL), RT_OK);
  return c;
}

/* text: words, label: class. */
static struct io_schema sentiment(void) {
  struct io_schema s = {0};
  add(&s, "text", &io_kind_words);
  add(&s, "label", &io_kind_class)->required = false;
  return s;
}

static void must_train(const char *content, struct io_schema *s, struct io_dataset *data) {
  struct rt_error e = {0};
  if (io_dataset_train(write_text("train.tsv", content), s, NULL, data, NULL, &e) != RT_OK)
    fail_msg("%d: %s", e.line, e.text);
}

static const int32_t *ids_of(const struct io_dataset *data, int column) {
  return io_payload_ids(&data->values[column].of);
}

static const double *numbers_of(const struct io_dataset *data, int column) {
  return io_payload_numbers(&data->values[column].of);
}

static void assert_ids(const struct io_values *v, int64_t rows, const char *want) {
  char out[300] = "";
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t k = 0; k < io_payload_count(&v->of, r); k++)
      sprintf(out + strlen(out), "%d ", io_payload_ids(&v->of)[io_payload_begin(&v->of, r) + k]);
    strcat(out, "/");
  }
  assert_string_equal(out, want);
}

static void test_train_and_read(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset data, other;
  must_train("text\tlabel\nGood film\tpos\nbad bad film\tneg\n\tpos\ngood!\tpos\n", &s, &data);
  assert_int_equal(data.rows, 4);
  assert_true(data.header);
  /* good 2, film 2, bad 2, ! 1: ties by first appearance */
  assert_ids(&data.values[0], 4, "1 2 /3 3 2 //1 4 /");
  static const int32_t classes[] = {1, 0, 1, 1};
  assert_memory_equal(ids_of(&data, 1), classes, sizeof classes);
  static const int64_t lines[] = {2, 3, 4, 5};
  assert_memory_equal(data.lines, lines, sizeof lines);
  assert_int_equal(data.values[0].unknown, 0);
  assert_int_equal(
      io_dataset_read(write_text("dev.csv", "label,text\nneg,\"new, FILM\"\n"), &s, NULL, &other, NULL),
      RT_OK);
  assert_ids(&other.values[0], 1, "0 0 2 /");
  assert_int_equal(ids_of(&other, 1)[0], 0);
  assert_int_equal(other.values[0].unknown, 2);
  io_dataset_free(&data);
  io_dataset_free(&other);
  io_schema_free(&s);
}

/* Two columns read one field, by its name and by its position; the file has it once. */
static void test_shared_field(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_dataset data, other;
  struct rt_error e = {0};
  add(&s, "text", &io_kind_words);
  add(&s, "label", &io_kind_class)->required = false;
  struct io_column *c = add(&s, "parts", &io_kind_ngrams);
  c->set.own[0] = c->set.own[1] = 3;
  c->max_length = 3;
  assert_int_equal(io_schema_read_from(c, "text", NULL, NULL), RT_OK);
  must_train("a\tno\nba ba\tyes\n", &s, &data);
  assert_false(data.header);
  assert_ids(&data.values[0], 2, "2 /1 1 /");
  assert_ids(&data.values[2], 2, "2 /1 3 1 /"); /* <a>; <ba, ba>, <ba and one more that is cut */
  assert_int_equal(data.values[2].cut, 1);
  assert_int_equal(io_dataset_read(write_text("dev.tsv", "label\ttext\nyes\tba b\n"), &s, NULL, &other, NULL),
                   RT_OK);
  assert_ids(&other.values[2], 1, "1 3 0 /");
  assert_int_equal(other.values[2].unknown, 1);
  io_dataset_free(&other);
  assert_int_equal(io_dataset_read(write_text("dev.tsv", "a\tyes\tb\n"), &s, NULL, &other, &e), RT_BAD_DATA);
  assert_non_null(strstr(e.text, "the columns are \"text\", \"label\""));
  struct io_field fields[] = {{"ba", 2}, {NULL, 0}};
  struct io_dataset one = {0};
  assert_int_equal(io_dataset_add(&one, &s, fields, 0, NULL), RT_OK);
  assert_ids(&one.values[0], 1, "1 /");
  assert_ids(&one.values[2], 1, "1 3 /");
  io_dataset_free(&one);
  io_dataset_free(&data);
  io_schema_free(&s);
}

static void test_limits(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_dataset data;
  struct io_column *c = add(&s, "text", &io_kind_words);
  c->max_length = 2;
  c->set.min_count = 2;
  c->ends = true;
  add(&s, "x", &io_kind_number);
  must_train("text\tx\na a A\t1\nb\t2\na b c d\t3\n", &s, &data);
  assert_ids(&data.values[0], 3, "1 3 3 2 /1 4 2 /1 3 4 2 /");
  assert_int_equal(data.values[0].cut, 3);
  assert_int_equal(s.columns[0].vocab->count, 5);
  io_dataset_free(&data);
  io_schema_free(&s);
}

static void test_chars_bytes(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_dataset data;
  add(&s, "c", &io_kind_chars);
  add(&s, "b", &io_kind_bytes)->ends = true;
  must_train("c\tb\nAa é\tA\xC3\xA9\n", &s, &data);
  assert_ids(&data.values[0], 1, "1 2 3 4 /");
  assert_ids(&data.values[1], 1, "256 65 195 169 257 /");
  assert_int_equal(s.columns[1].vocab->count, 258);
  io_dataset_free(&data);
  io_schema_free(&s);
}

static void test_tags(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_dataset data;
  struct rt_error e = {0};
  add(&s, "tags", &io_kind_tags); /* before its tokens */
  add(&s, "tokens", &io_kind_words)->max_length = 3;
  must_train("tokens\ttags\n@you 's  U.S.\tO O B\nnow - or never\tO P O O\n\t\n", &s, &data);
  assert_int_equal(s.columns[0].pair, 1);
  assert_ids(&data.values[1], 3, "1 2 3 /4 5 6 //");
  assert_ids(&data.values[0], 3, "1 1 0 /1 2 1 1 //");
  assert_int_equal(data.values[0].cut, 1);
  assert_int_equal(io_row_length(&data.values[0], 1), 3); /* the fourth is kept, to be judged */
  io_dataset_free(&data);
  assert_int_equal(io_dataset_read(write_text("d.tsv", "a b\tO O\nc d\tO\n"), &s, NULL, &data, &e),
                   RT_BAD_DATA);
  /* by position tags come first */
  assert_error(&e, RT_BAD_DATA, 2, 1, "2 tags in \"tags\" for 1 token in \"tokens\"");
  rt_error_clear(&e);
  assert_int_equal(
      io_dataset_read(write_text("d.tsv", "tokens\ttags\na b\tO O\nc d\tO\n"), &s, NULL, &data, &e),
      RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 3, 2, "1 tag in \"tags\" for 2 tokens in \"tokens\"");
  rt_error_clear(&e);
  assert_int_equal(
      io_dataset_read(write_text("d.tsv", "tokens\ttags\na b c d\tO O O Q\n"), &s, NULL, &data, &e), RT_OK);
  io_dataset_free(&data);
  io_schema_free(&s);
}

static void test_numbers(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_dataset data;
  add(&s, "n", &io_kind_number);
  add(&s, "v", &io_kind_vector);
  add(&s, "i", &io_kind_words)->max_length = 3;
  must_train("n\tv\ti\n -1.5 \t1 2.5,-3e2 \t4\n1e-3\t.1, 0.2 ,0.3\t0 9 1 2\n+7\t1 2 3\t\n", &s, &data);
  static const double n[] = {-1.5, 1e-3, 7}, v[] = {1, 2.5, -300, .1, .2, .3, 1, 2, 3};
  assert_memory_equal(numbers_of(&data, 0), n, sizeof n);
  assert_memory_equal(numbers_of(&data, 1), v, sizeof v);
  assert_int_equal(data.values[1].of.width, 3);
  assert_int_equal(s.columns[1].size[0], 3);
  assert_int_equal(data.values[2].of.offsets[3], 4);
  assert_int_equal(data.values[2].cut, 1);
  assert_true(io_schema_is_trained(&s));
  io_dataset_free(&data);
  static const struct {
    const char *row;
    int column;
    const char *text;
  } bad[] = {
      {"1.5x\t1 2 3\t1", 1, "\"1.5x\" is not a number"},
      {"\t1 2 3\t1", 1, "\"\" is not a number"},
      {"nan\t1 2 3\t1", 1, "not a number"},
      {"0x10\t1 2 3\t1", 1, "not a number"},
      {"1e999\t1 2 3\t1", 1, "too large"},
      {".\t1 2 3\t1", 1, "not a number"},
      {"1e\t1 2 3\t1", 1, "not a number"},
      {"1 2\t1 2 3\t1", 1, "not a number"},
      {"1\t1 2\t1", 2, "2 numbers in \"v\", where every row has 3"},
      {"1\t1 2 3 4\t1", 2, "4 numbers"},
      {"1\t\t1", 2, "0 numbers"},
      {"1\t1,,3\t1", 2, "number 2, \"\""},
      {"1\t1,2,3,\t1", 2, "4 numbers"},
      {"1\t1 x 3\t1", 2, "number 2, \"x\", is not a number"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    char content[200];
    struct rt_error e = {0};
    snprintf(content, sizeof content, "n\tv\ti\n1\t1 2 3\t0\n%s\n", bad[i].row);
    assert_int_equal(io_dataset_read(write_text("bad.tsv", content), &s, NULL, &data, &e), RT_BAD_DATA);
    assert_error(&e, RT_BAD_DATA, 3, bad[i].column, bad[i].text);
    assert_null(data.values);
  }
  io_schema_free(&s);
}

/* Numbers are rounded correctly, as the C library rounds them, on the fast way and on the slow one. */
static void test_rounding(void **state) {
  (void)state;
  static const char *const texts[] = {"0.1",
                                      "3.141592653589793238462643",
                                      "9007199254740993",
                                      "123456789.123456789",
                                      "1e22",
                                      "1e23",
                                      "2.2250738585072011e-308",
                                      "5e-324",
                                      "1.7976931348623157e308",
                                      "-0.0000001",
                                      "0.30000000000000004",
                                      "179769313486231570000000000000000000000",
                                      "4.35",
                                      "00012.50",
                                      "-0"};
  for (size_t i = 0; i < RT_COUNT(texts); i++) {
    struct io_schema s = {0};
    struct io_dataset data = {0};
    struct io_field field = {texts[i], strlen(texts[i])};
    double want = strtod(texts[i], NULL);
    add(&s, "n", &io_kind_number);
    assert_int_equal(io_dataset_add(&data, &s, &field, 0, NULL), RT_OK);
    assert_memory_equal(numbers_of(&data, 0), &want, sizeof want);
    io_dataset_free(&data);
    io_schema_free(&s);
  }
}

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *content;
    int line, column;
    const char *text;
  } bad[] = {
      {"", 0, 0, "is empty"},
      {"text\tlabel\n", 0, 0, "has a header line but no rows"},
      {"text\tlabel\na\tpos\nb\tpos\n", 0, 0, "the same class, \"pos\", in all rows"},
      {"text\tlabel\na\tpos\nb\t \n", 3, 2, "\"label\" has no label"},
      {"text\tlabel\na\tpos\nb\n", 3, 2, "1 field"},
      {"text\tlabel\n\tpos\n \tneg\n", 0, 0, "\"text\" has no tokens"},
      {"text\na\n", 1, 1, "no column \"label\""},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct io_schema s = sentiment();
    struct io_dataset data;
    struct rt_error e = {0};
    assert_int_equal(io_dataset_train(write_text("bad.tsv", bad[i].content), &s, NULL, &data, NULL, &e),
                     RT_BAD_DATA);
    assert_error(&e, RT_BAD_DATA, bad[i].line, bad[i].column, bad[i].text);
    assert_string_equal(e.file, path_of("bad.tsv"));
    assert_null(data.values);
    assert_null(s.columns[0].vocab);
    assert_int_equal(io_dataset_read(path_of("bad.tsv"), &s, NULL, &data, NULL), RT_USAGE); /* untrained */
    io_schema_free(&s);
  }
}

static void test_unseen_class(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset data;
  struct rt_error e = {0};
  must_train("text\tlabel\na\tpos\nb\tneg\n", &s, &data);
  io_dataset_free(&data);
  const char *path = write_text("dev.tsv", "text\tlabel\na\tpos\na\tmeh\nb\tneg\n");
  assert_int_equal(io_dataset_read(path, &s, NULL, &data, &e), RT_OK);
  assert_int_equal(data.rows, 3);
  assert_int_equal(ids_of(&data, 1)[0], 1);
  assert_int_equal(ids_of(&data, 1)[1], -1);
  assert_int_equal(ids_of(&data, 1)[2], 0);
  assert_int_equal(data.values[1].unknown, 1);
  size_t length;
  assert_int_equal(data.values[1].unseen.count, 1);
  assert_memory_equal(io_intern_text(&data.values[1].unseen, 0, &length), "meh", 3);
  io_dataset_free(&data);
  /* in an input it is not kept */
  s.columns[1].required = true;
  assert_int_equal(io_dataset_read(path, &s, NULL, &data, &e), RT_OK);
  assert_int_equal(ids_of(&data, 1)[1], -1);
  assert_int_equal(data.values[1].unseen.count, 0);
  io_dataset_free(&data);
  s.columns[1].required = false;
  struct io_data_options predict = {.predicting = true};
  /* predicting looks at no label, be it there or not */
  assert_int_equal(io_dataset_read(path, &s, &predict, &data, NULL), RT_OK);
  assert_int_equal(data.rows, 3);
  assert_false(data.values[1].present);
  io_dataset_free(&data);
  assert_int_equal(io_dataset_read(write_text("p.tsv", "text\na\n"), &s, &predict, &data, NULL), RT_OK);
  io_dataset_free(&data);
  io_schema_free(&s);
}

/* What a bad row holds leaves no trace: not in the vocabulary, not in the classes, not in the width. */
static void test_skipping(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset data;
  struct rt_error e = {0};
  struct io_data_options skip = {.skip_bad_rows = true};
  add(&s, "v", &io_kind_vector);
  const char *path = write_text(
      "s.tsv",
      "text\tlabel\tv\nzz\tzz\t1 x\nzz\tzz\t1 2 3 4 y\na\tpos\t1 2\nzz\tzz\nb\tneg\t3 4\nb\tzz\t5\n");
  assert_int_equal(io_dataset_train(path, &s, &skip, &data, NULL, &e), RT_OK);
  assert_int_equal(data.rows, 2);
  assert_int_equal(data.skipped, 4);
  assert_error(&data.first_skipped, RT_BAD_DATA, 2, 3, "\"x\"");
  assert_int_equal(s.columns[0].vocab->count, 3);
  assert_int_equal(s.columns[1].vocab->count, 2);
  assert_int_equal(s.columns[2].size[0], 2);
  static const double v[] = {1, 2, 3, 4};
  assert_memory_equal(numbers_of(&data, 2), v, sizeof v);
  static const int64_t lines[] = {4, 6};
  assert_memory_equal(data.lines, lines, sizeof lines);
  io_dataset_free(&data);
  assert_int_equal(io_dataset_read(write_text("s.tsv", "text\tlabel\tv\na\nb\n"), &s, &skip, &data, &e),
                   RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 2, 2, "every row is bad (2 in all); the first: 1 field");
  /* a quote that swallows the rest of the file is not one bad row */
  rt_error_clear(&e);
  assert_int_equal(io_dataset_read(write_text("s.csv", "text,label,v\na,pos,1 2\n\"b,neg,1 2\nc,neg,1 2\n"),
                                   &s, &skip, &data, &e),
                   RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 3, 1, "never closes");
  io_schema_free(&s);
}

static void test_held(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset train, held;
  struct rt_error e = {0};
  char content[4000] = "text\tlabel\n";
  for (int i = 0; i < 100; i++) sprintf(content + strlen(content), "common w%d\tc%d\n", i, i % 50);
  struct io_data_options o = {.hold = .2, .seed = 7};
  assert_int_equal(io_dataset_train(write_text("h.tsv", content), &s, &o, &train, &held, &e), RT_OK);
  assert_int_equal(train.rows, 80);
  assert_int_equal(held.rows, 20);
  assert_int_equal(s.columns[0].vocab->count,
                   82); /* unknown, common and 80 words: held-out words are not learned */
  /* nor are held-out classes: each class has two rows */
  assert_int_equal(s.columns[1].vocab->count + held.values[1].unseen.count, 50);
  assert_int_equal(train.values[0].unknown, 0);
  assert_int_equal(held.values[0].unknown, 20);
  bool seen[103] = {false};
  for (int64_t r = 0; r < 80; r++) seen[train.lines[r]] = true;
  for (int64_t r = 0; r < 20; r++) {
    assert_false(seen[held.lines[r]]);
    assert_int_equal(ids_of(&held, 0)[io_payload_begin(&held.values[0].of, r)], 1);
    char label[8];
    int n = snprintf(label, sizeof label, "c%d", (int)(held.lines[r] - 2) % 50);
    assert_int_equal(ids_of(&held, 1)[r], io_vocab_find(s.columns[1].vocab, label, (size_t)n));
  }
  io_dataset_free(&train);
  io_dataset_free(&held);
  io_schema_free(&s);
}

static void test_hold(void **state) {
  (void)state;
  struct io_split split;
  struct rt_error e = {0};
  assert_int_equal(io_hold(10, .3, 1, &split, &e), RT_OK);
  assert_int_equal(split.kept_count, 7);
  assert_int_equal(split.held_count, 3);
  bool seen[10] = {false};
  for (int64_t i = 0; i < 10; i++) {
    int64_t row = i < split.kept_count ? split.kept[i] : split.held[i - split.kept_count];
    assert_in_range(row, 0, 9);
    assert_false(seen[row]);
    seen[row] = true;
    if (i > 0 && i != split.kept_count)
      assert_true(row > (i < split.kept_count ? split.kept[i - 1] : split.held[i - split.kept_count - 1]));
  }
  /* the split is part of what a seed means: it must never change */
  assert_int_equal(split.held[0], 5);
  assert_int_equal(split.held[1], 6);
  assert_int_equal(split.held[2], 7);
  rt_free(split.kept);
  assert_int_equal(io_hold(2, .001, 1, &split, NULL), RT_OK);
  assert_int_equal(split.held_count, 1);
  rt_free(split.kept);
  assert_int_equal(io_hold(2, .999, 1, &split, NULL), RT_OK);
  assert_int_equal(split.kept_count, 1);
  rt_free(split.kept);
  assert_int_equal(io_hold(1, .5, 1, &split, NULL), RT_BAD_DATA);
  assert_int_equal(io_hold(9, 1, 1, &split, NULL), RT_USAGE);
  assert_int_equal(io_hold(9, 0.0 / 0.0, 1, &split, NULL), RT_USAGE);
}

static void test_add(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset data, one = {0};
  struct rt_error e = {0};
  must_train("text\tlabel\na b\tpos\nb\tneg\n", &s, &data);
  struct io_field fields[] = {{"b zz", 4}, {NULL, 0}}, bad[] = {{"b\xFF", 2}, {NULL, 0}};
  struct io_field other[] = {{"a", 1}, {"pos", 3}};
  assert_int_equal(io_dataset_add(&one, &s, fields, 1, &e), RT_OK);
  assert_int_equal(io_dataset_add(&one, &s, bad, 2, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 2, 1, "byte 0xff (byte 2 of column \"text\")");
  rt_error_clear(&e);
  assert_int_equal(io_dataset_add(&one, &s, other, 3, &e), RT_USAGE);
  assert_int_equal(io_dataset_add(&one, &s, fields, 4, NULL), RT_OK);
  assert_int_equal(one.rows, 2);
  assert_ids(&one.values[0], 2, "1 0 /1 0 /");
  assert_int_equal(one.values[0].unknown, 2);
  io_dataset_clear(&one);
  assert_int_equal(io_dataset_add(&one, &s, other, 5, NULL), RT_OK);
  assert_ids(&one.values[0], 1, "2 /");
  assert_int_equal(ids_of(&one, 1)[0], 1);
  io_dataset_free(&one);
  io_dataset_free(&data);
  io_schema_free(&s);
}

/* Predicting line by line: bad lines are told, the others follow, and no memory is asked for. */
static void test_row_by_row(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset data, row = {0};
  struct io_rows *rows;
  struct rt_error e = {0};
  bool more;
  must_train("text\tlabel\na b\tpos\nb\tneg\n", &s, &data);
  assert_int_equal(
      io_rows_open(&rows, write_text("p.tsv", "text\tlabel\na\tpos\nb b\t?\nbad\nb b\tneg\n"), &s, NULL, &e),
      RT_OK);
  assert_int_equal(io_rows_next(rows, &row, &more, &e), RT_OK);
  assert_ids(&row.values[0], 1, "2 /");
  assert_false(row.values[1].present);
  assert_int_equal(io_rows_next(rows, &row, &more, &e), RT_OK);
  assert_ids(&row.values[0], 1, "1 1 /");
  assert_int_equal(io_rows_next(rows, &row, &more, &e), RT_BAD_DATA);
  assert_false(io_table_broken(io_rows_table(rows)));
  uint64_t before = rt_alloc_count();
  assert_int_equal(io_rows_next(rows, &row, &more, NULL), RT_OK);
  assert_int_equal(rt_alloc_count(), before);
  assert_true(more);
  assert_int_equal(row.rows, 1);
  assert_int_equal(row.lines[0], 5);
  assert_int_equal(io_rows_next(rows, &row, &more, NULL), RT_OK);
  assert_false(more);
  assert_int_equal(row.rows, 0);
  io_rows_close(rows);
  io_dataset_free(&row);
  io_dataset_free(&data);
  io_schema_free(&s);
}

static void test_select(void **state) {
  (void)state;
  struct io_schema s = sentiment();
  struct io_dataset data, some;
  add(&s, "v", &io_kind_vector);
  must_train("text\tlabel\tv\na b\tpos\t1 2\nb\tneg\t3 4\n\tpos\t5 6\n", &s, &data);
  static const int64_t rows[] = {2, 0, 2};
  assert_int_equal(io_dataset_select(&data, rows, 3, &some, NULL), RT_OK);
  assert_ids(&some.values[0], 3, "/2 1 //");
  static const double v[] = {5, 6, 1, 2, 5, 6};
  assert_memory_equal(numbers_of(&some, 2), v, sizeof v);
  assert_int_equal(some.lines[1], 2);
  assert_int_equal(ids_of(&some, 1)[0], 1);
  io_dataset_free(&some);
  assert_int_equal(io_dataset_select(&data, rows, 0, &some, NULL), RT_OK);
  assert_int_equal(some.rows, 0);
  assert_int_equal(some.values[0].of.offsets[0], 0);
  io_dataset_free(&some);
  io_dataset_free(&data);
  io_schema_free(&s);
}

static void test_text(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_dataset data, held;
  struct rt_error e = {0};
  struct io_data_options o = {.hold = .4, .window = 2};
  const struct io_data_options three = {.window = 3}, nine = {.window = 9};
  add(&s, "text", &io_kind_chars);
  const char *path = write_text("t.txt", "\xEF\xBB\xBF"
                                         "abba\nc\nd");
  assert_int_equal(io_dataset_from_text(path, &s, &three, &data, NULL, &e), RT_OK);
  /* a b b a \n c \n d; a 2, b 2, \n 2, c, d */
  assert_ids(&data.values[0], data.rows, "1 2 2 1 /1 3 4 3 /3 5 /");
  static const int64_t lines[] = {1, 1, 2};
  assert_memory_equal(data.lines, lines, sizeof lines);
  assert_int_equal(s.columns[0].vocab->count, 6);
  io_dataset_free(&data);
  /* with that vocabulary another text */
  assert_int_equal(io_dataset_from_text(write_text("u.txt", "axa"), &s, &nine, &data, NULL, &e), RT_OK);
  assert_ids(&data.values[0], data.rows, "1 0 1 /");
  assert_int_equal(data.values[0].unknown, 1);
  io_dataset_free(&data);
  io_schema_free(&s);
  add(&s, "text", &io_kind_chars);
  assert_int_equal(io_dataset_from_text(path, &s, &o, &data, &held, &e), RT_OK);
  assert_ids(&data.values[0], data.rows, "1 2 2 /2 1 3 /");
  assert_ids(&held.values[0], held.rows, "0 3 0 /");
  assert_int_equal(held.lines[0], 2);
  assert_int_equal(held.values[0].unknown, 2);
  io_dataset_free(&data);
  io_dataset_free(&held);
  io_schema_free(&s);
}

static void test_text_refused(void **state) {
  (void)state;
  struct io_schema s = {0}, two = sentiment();
  struct io_dataset data;
  struct rt_error e = {0};
  const struct io_data_options three = {.window = 3}, none = {0};
  add(&s, "text", &io_kind_words);
  assert_int_equal(io_dataset_from_text(write_text("t.txt", "one\n"), &s, &three, &data, NULL, &e),
                   RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 0, 0, "has 1 token; at least 2");
  rt_error_clear(&e);
  assert_int_equal(io_dataset_from_text(write_text("t.txt", "ok\nno\xFFt"), &s, &three, &data, NULL, &e),
                   RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 2, 3, "0xff");
  assert_int_equal(io_dataset_from_text(path_of("t.txt"), &two, &three, &data, NULL, NULL), RT_USAGE);
  assert_int_equal(io_dataset_from_text(path_of("t.txt"), &s, &none, &data, NULL, NULL), RT_USAGE);
  assert_null(s.columns[0].vocab);
  io_schema_free(&s);
  io_schema_free(&two);
}

/* Two vectors, then three, then none, of two floats each. */
static void test_payload(void **state) {
  (void)state;
  static const float numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5f};
  static const int64_t rows[] = {1, 2, 0};
  struct io_payload p, some;
  assert_int_equal(io_payload_init(&p, IO_F32, 2, true), RT_OK);
  assert_int_equal(io_payload_reserve(&p, RT_COUNT(numbers)), RT_OK);
  memcpy(p.elements, numbers, sizeof numbers);
  assert_int_equal(io_payload_end_row(&p, 0, 2), RT_OK);
  assert_int_equal(io_payload_end_row(&p, 1, 5), RT_OK);
  assert_int_equal(io_payload_end_row(&p, 2, 5), RT_OK);
  assert_int_equal(io_payload_begin(&p, 1), 2);
  assert_int_equal(io_payload_count(&p, 1), 3);
  assert_true(io_payload_number(&p, 9) == 0.5);
  assert_int_equal(io_payload_init(&some, IO_F32, 2, true), RT_OK);
  assert_int_equal(io_payload_append(&some, 0, &p, rows, 1), RT_OK);
  assert_int_equal(io_payload_append(&some, 1, &p, rows + 1, RT_COUNT(rows) - 1), RT_OK);
  assert_int_equal(io_payload_count(&some, 0), 3);
  assert_int_equal(io_payload_count(&some, 1), 0);
  assert_int_equal(io_payload_begin(&some, 3), 5);
  assert_memory_equal(some.elements, numbers + 4, 6 * sizeof *numbers);
  assert_memory_equal((float *)some.elements + 6, numbers, 4 * sizeof *numbers);
  io_payload_free(&p);
  io_payload_free(&some);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_train_and_read), cmocka_unit_test(test_shared_field),
      cmocka_unit_test(test_limits),         cmocka_unit_test(test_chars_bytes),
      cmocka_unit_test(test_tags),           cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_rounding),       cmocka_unit_test(test_refused),
      cmocka_unit_test(test_unseen_class),   cmocka_unit_test(test_skipping),
      cmocka_unit_test(test_held),           cmocka_unit_test(test_hold),
      cmocka_unit_test(test_payload),        cmocka_unit_test(test_add),
      cmocka_unit_test(test_row_by_row),     cmocka_unit_test(test_select),
      cmocka_unit_test(test_text),           cmocka_unit_test(test_text_refused),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
