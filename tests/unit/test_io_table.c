/* test_io_table.c: delimited files and everything that is wrong with real ones. */
#include "tests/unit/io_files.h"

#include "runtime/io/table.h"

static const char *const names[] = {"text", "label"};
static const bool label_may_lack[] = {true, false};

static int open_as(struct io_table **t, const char *path, const bool *required, struct rt_error *e) {
  struct io_table_options o = {.names = names, .required = required, .count = 2};
  return io_table_open(t, path, &o, e);
}

/* Reads a file whose columns are text and label as "line:text/label|…"; a bad row stands as "!line:column".
 */
static const char *read_with(const char *path, const bool *required) {
  static char out[2000];
  struct io_table *t;
  struct rt_error e = {0};
  size_t n = 0;
  out[0] = '\0';
  if (open_as(&t, path, required, &e) != RT_OK) fail_msg("%s", e.text);
  for (;;) {
    struct io_row row;
    int status = io_table_next(t, &row, &e);
    if (status == RT_OK && row.line == 0) break;
    if (status == RT_OK)
      n += (size_t)sprintf(out + n, "%s%d:%.*s/%.*s", n ? "|" : "", (int)row.line, (int)row.fields[0].length,
                           row.fields[0].text, (int)row.fields[1].length,
                           row.fields[1].text ? row.fields[1].text : "");
    else {
      assert_int_equal(status, RT_BAD_DATA);
      n += (size_t)sprintf(out + n, "%s!%d:%d", n ? "|" : "", e.line, e.column);
      if (io_table_broken(t)) break;
    }
    rt_error_clear(&e);
  }
  io_table_close(t);
  return out;
}

static const struct {
  const char *file, *content, *rows;
} readable[] = {
    {"a.tsv", "text\tlabel\none\tx\ntwo\ty\n", "2:one/x|3:two/y"},
    {"a.tsv", "text\tlabel\none\tx\ntwo\ty", "2:one/x|3:two/y"},
    {"a.tsv", "text\tlabel\r\none\tx\r\ntwo\ty\r\n", "2:one/x|3:two/y"},
    {"a.tsv", "text\tlabel\r\none\tx\r\ntwo\ty\r", "2:one/x|3:two/y"},
    {"a.tsv", "\xEF\xBB\xBFtext\tlabel\none\tx\n", "2:one/x"},
    {"a.tsv", "id\tlabel\tnote\ttext\n1\tx\t\tone\n", "2:one/x"},
    {"a.tsv", "one\tx\ntwo\ty\n", "1:one/x|2:two/y"}, /* no header: by position */
    {"a.tsv", "text\tlabel\n\"stray\tx\nin \" the \"middle\"\ty\n", "2:\"stray/x|3:in \" the \"middle\"/y"},
    {"a.tsv", "text\tlabel\n\t\n a \t b \n", "2:/|3: a / b "},
    {"a.tsv", "text\tlabel\na,b\tc\rd\n", "!2:2"},
    {"a.csv", "text,label\n\"a\rb\",c\nd,\re\n", "2:a\rb/c|!3:2"},
    {"a.tsv", "text\tlabel\none\nthree\tfields\there\n\ngood\tx\n", "!2:2|!3:3|!4:1|5:good/x"},
    {"a.tsv", "text\tlabel\nbad\xFF\tx\ngood\ty\\\xC3\nfine\tz\n", "!2:1|!3:2|4:fine/z"},
    {"a.csv", "text,label\none,x\n\"t,wo\",\"y\"\n", "2:one/x|3:t,wo/y"},
    {"a.csv", "text,label\r\n\"say \"\"hi\"\"\",x\r\n\"\",\"\"\r\n", "2:say \"hi\"/x|3:/"},
    {"a.csv", "text,label\n\"two\nlines\",x\n\"\r\n\",y\n\"end\",z", "2:two\nlines/x|4:\r\n/y|6:end/z"},
    {"a.csv", "text,label\n5\" disk,x\na\"b\"\",\"y\"\n", "2:5\" disk/x|3:a\"b\"\"/y"},
    {"a.csv", "text,label\n\"a\"b,x\n\"a\" ,x\ngood,y\n", "!2:1|!3:1|4:good/y"},
    {"a.csv", "text,label\n\"\"\"\",x\n\"a\"\"\",y\n", "2:\"/x|3:a\"/y"},
    {"a.csv", "text,label\ngood,x\n\"never closed,y\nmore,z\n", "2:good/x|!3:1"},
    {"a.csv", "text,label\n\"bad \xFF, here\",x\nok,\"\x80\"\n", "!2:1|!3:2"},
    {"a.CSV", "label,text\nx,one\n", "2:one/x"},
};

static void test_rows(void **state) {
  (void)state;
  for (size_t i = 0; i < RT_COUNT(readable); i++) {
    const char *rows = read_with(write_text(readable[i].file, readable[i].content), NULL);
    if (strcmp(rows, readable[i].rows) != 0)
      fail_msg("case %zu: %s instead of %s", i, rows, readable[i].rows);
  }
}

/* The same files, compressed. */
static void test_gzip_rows(void **state) {
  (void)state;
  for (size_t i = 0; i < RT_COUNT(readable); i++) {
    char name[20];
    snprintf(name, sizeof name, "%s.gz", readable[i].file);
    const char *path = write_gzip(name, readable[i].content, strlen(readable[i].content));
    assert_string_equal(read_with(path, NULL), readable[i].rows);
  }
}

static void test_nul(void **state) {
  (void)state;
  assert_string_equal(read_with(write_bytes("n.tsv", "text\tlabel\na\tb\0c\nd\te\n", 21), NULL),
                      "!2:2|3:d/e");
}

static void test_optional(void **state) {
  (void)state;
  assert_string_equal(read_with(write_text("a.tsv", "text\none\n\ntwo\n"), label_may_lack),
                      "2:one/|3:/|4:two/");
  assert_string_equal(read_with(write_text("a.tsv", "one two\nthree\n"), label_may_lack),
                      "1:one two/|2:three/");
  assert_string_equal(read_with(write_text("a.tsv", "label\ttext\nx\tone\n"), label_may_lack), "2:one/x");
  assert_string_equal(read_with(write_text("a.txt", "text\ta \"tab\n\nlast"), label_may_lack),
                      "1:text\ta \"tab/|2:/|3:last/");
}

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *file, *content;
    int line, column;
    const char *text;
  } bad[] = {
      {"a.tsv", "text\tlable\nx\ty\n", 1, 1, "no column \"label\"; it names \"text\", \"lable\""},
      {"a.tsv", "Text\tLabel\nx\ty\n", 1, 1, "no column \"text\", \"label\"; it names \"Text\", \"Label\""},
      {"a.tsv", "sentence\tnote\tlabel\nx\ty\tz\n", 1, 1, "no column \"text\""},
      {"a.tsv", "text\tlabel\ttext\n", 1, 3, "\"text\" twice"},
      {"a.csv", "\"text,label\nx,y\n", 1, 1, "never closes"},
      {"a.tsv", "\xFF\xFEt\n", 0, 0, "is UTF-16"},
      {"a.tsv", "text\tlabel\ra\tx\rb\ty\r", 1, 1, "carriage returns alone"},
      {"a.tsv", "text\tlabel\ra\tx\rb\ty\n", 1, 1, "carriage returns alone"},
      {"a.csv", "text,label\r\"a\",x\r", 1, 1, "carriage returns alone"},
      {"a.txt", "one\rtwo", 1, 1, "carriage returns alone"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct io_table *t;
    struct rt_error e = {0};
    assert_int_equal(open_as(&t, write_text(bad[i].file, bad[i].content), NULL, &e), RT_BAD_DATA);
    assert_null(t);
    assert_string_equal(e.file, path_of(bad[i].file));
    assert_error(&e, RT_BAD_DATA, bad[i].line, bad[i].column, bad[i].text);
  }
  struct rt_error e = {0};
  struct io_table *t;
  assert_int_equal(open_as(&t, path_of("nowhere.tsv"), NULL, &e), RT_NO_INPUT);
}

/* A first line that is no header and no good row is a bad row: what follows it is read. */
static void test_first_row(void **state) {
  (void)state;
  static const struct {
    const char *file, *content;
    int column;
    const char *text, *rows;
  } bad[] = {
      {"a.tsv", "x\ty\tz\na\tb\n", 1, "3 fields (\"x\", \"y\", \"z\"); the columns are \"text\", \"label\"",
       "!1:1|2:a/b"},
      {"a.tsv", "one,x\none\tx\n", 1, "1 field (\"one,x\")", "!1:1|2:one/x"},
      {"a.tsv", "\na\tb\n", 1, "1 field (\"\")", "!1:1|2:a/b"},
      {"a.txt", "text\tlabel\n", 1, "1 field", "!1:1"},
      {"a.tsv", "a\tb\xFF\na\tb\nc\n", 2, "not valid UTF-8", "!1:2|2:a/b|!3:2"},
      {"a.tsv", "a\rb\tx\nc\ty\n", 1, "a carriage return (byte 2 of the row)", "!1:1|2:c/y"},
      {"a.csv", "\"a\"b,x\nc,y\n", 1, "text behind a closing quote", "!1:1|2:c/y"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct io_table *t;
    struct io_row row;
    struct rt_error e = {0};
    const char *path = write_text(bad[i].file, bad[i].content);
    assert_int_equal(open_as(&t, path, NULL, &e), RT_OK);
    assert_int_equal(io_table_next(t, &row, &e), RT_BAD_DATA);
    assert_error(&e, RT_BAD_DATA, 1, bad[i].column, bad[i].text);
    assert_string_equal(e.file, path_of(bad[i].file));
    io_table_close(t);
    assert_string_equal(read_with(path, NULL), bad[i].rows);
  }
  assert_string_equal(read_with(write_text("a.tsv", ""), NULL), "");
  assert_string_equal(read_with(write_text("a.tsv", "\xEF\xBB\xBF"), NULL), "");
}

/* What --header says, and what is in doubt without it. */
static void test_header(void **state) {
  (void)state;
  static const struct {
    const char *content;
    enum io_header header;
    int64_t first; /* line of the first row; 0: refused */
    size_t by_position;
    const char *doubt;
  } cases[] = {
      {"text\tlabel\na\tx\n", IO_HEADER_AUTO, 2, 0, NULL},
      {"text\tlabel\na\tx\n", IO_HEADER_NO, 1, 2, NULL},
      {"text\tlabel\na\tx\n", IO_HEADER_YES, 2, 0, NULL},
      {"review\tRating 5\na\tx\n", IO_HEADER_AUTO, 1, 2, "\"review\", \"Rating 5\""},
      {"review\tRating 5\na\tx\n", IO_HEADER_YES, 2, 2, NULL},
      {"review\tRating 5\na\tx\n", IO_HEADER_NO, 1, 2, NULL},
      {"5 stars, good\tpos\na\tx\n", IO_HEADER_AUTO, 1, 2, NULL},
      {"same\tsame\na\tx\n", IO_HEADER_AUTO, 1, 2, NULL},
      {"text\tstars\na\tx\n", IO_HEADER_AUTO, 0, 0, NULL},
      {"text\tstars\na\tx\n", IO_HEADER_YES, 0, 0, NULL},
      {"text\tstars\na\tx\n", IO_HEADER_NO, 1, 2, NULL},
      {"a\tb\tc\na\tx\n", IO_HEADER_YES, 0, 0, NULL},
  };
  for (size_t i = 0; i < RT_COUNT(cases); i++) {
    struct io_table_options o = {.names = names, .count = 2, .header = cases[i].header};
    struct io_table *t;
    struct io_row row;
    int status = io_table_open(&t, write_text("h.tsv", cases[i].content), &o, NULL);
    assert_int_equal(status, cases[i].first ? RT_OK : RT_BAD_DATA);
    if (status) continue;
    assert_int_equal(io_table_next(t, &row, NULL), RT_OK);
    assert_int_equal(row.line, cases[i].first);
    assert_int_equal(io_table_has_header(t), cases[i].first == 2);
    assert_int_equal(io_table_by_position(t), cases[i].by_position);
    if (cases[i].doubt)
      assert_string_equal(io_table_doubt(t), cases[i].doubt);
    else
      assert_null(io_table_doubt(t));
    io_table_close(t);
  }
}

static void test_messages(void **state) {
  (void)state;
  struct io_table *t;
  struct io_row row;
  struct rt_error e = {0};
  assert_int_equal(open_as(&t, write_text("m.tsv", "text\tlabel\nx\ny\tz\tw\n"), NULL, &e), RT_OK);
  assert_true(io_table_has_header(t));
  assert_int_equal(io_table_next(t, &row, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 2, 2, "1 field, where the header names 2");
  rt_error_clear(&e);
  assert_int_equal(io_table_next(t, &row, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 3, 3, "3 fields, where the header names 2");
  io_table_close(t);
}

/* A field of a few MiB is nothing special; a row above the limit is refused, and only then. */
static void test_long_rows(void **state) {
  (void)state;
  size_t room = (size_t)IO_MAX_ROW + (1 << 20);
  char *text = malloc(room);
  assert_non_null(text);
  memset(text, 'a', room);
  struct io_table *t;
  struct io_row row;
  struct rt_error e = {0};
  memcpy(text, "text\tlabel\n", 11);
  memcpy(text + (5 << 20), "\tx\n", 3);
  assert_int_equal(open_as(&t, write_bytes("long.tsv", text, (5 << 20) + 3), NULL, &e), RT_OK);
  assert_int_equal(io_table_next(t, &row, &e), RT_OK);
  assert_int_equal(row.fields[0].length, (5 << 20) - 11);
  io_table_close(t);
  memset(text + 11, 'a', room - 11);
  assert_int_equal(open_as(&t, write_bytes("long.tsv", text, room), NULL, &e), RT_OK);
  assert_int_equal(io_table_next(t, &row, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 2, 1, "longer than 64 MiB");
  assert_true(io_table_broken(t));
  io_table_close(t);
  free(text);
}

/* Damage to a compressed file is no bad row that could be skipped. */
static void test_broken_gzip(void **state) {
  (void)state;
  char text[4000], bytes[4000];
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 26);
  memcpy(text, "text\tlabel\n", 11);
  FILE *file = fopen(write_gzip("g.tsv", text, sizeof text), "rb");
  size_t n = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  struct io_table *t;
  struct io_row row;
  struct rt_error e = {0};
  int status = open_as(&t, write_bytes("g.tsv", bytes, n - 9), NULL, &e);
  if (status == RT_OK) {
    assert_int_equal(io_table_next(t, &row, &e), RT_BAD_DATA);
    assert_true(io_table_broken(t));
    assert_int_equal(io_table_next(t, &row, NULL), RT_BAD_DATA);
  }
  assert_error(&e, RT_BAD_DATA, 0, 0, "ends in the middle");
  io_table_close(t);
}

static void test_formats(void **state) {
  (void)state;
  assert_int_equal(io_format_of("a.csv"), IO_FORMAT_CSV);
  assert_int_equal(io_format_of("a.CSV.gz"), IO_FORMAT_CSV);
  assert_int_equal(io_format_of("a.jsonl.gz"), IO_FORMAT_JSONL);
  assert_int_equal(io_format_of("a.ndjson"), IO_FORMAT_JSONL);
  assert_int_equal(io_format_of("dir.csv/a"), IO_FORMAT_TSV);
  assert_int_equal(io_format_of("a.txt.gz"), IO_FORMAT_LINES);
  assert_int_equal(io_format_of("-"), IO_FORMAT_TSV);
  assert_int_equal(io_format_of(""), IO_FORMAT_TSV);
}

/* Any bytes at all are rows or errors: no crash, no endless loop. */
static void test_noise(void **state) {
  (void)state;
  static const char alphabet[] = "\"\",,\t\n\r a\xC3\xA9\xFF";
  uint32_t seed = 12345;
  for (int round = 0; round < 2000; round++) {
    char text[64] = "text,label\n";
    size_t n = 11;
    while (n < 11 + (size_t)round % 50)
      text[n++] = alphabet[((seed = seed * 1664525 + 1013904223) >> 8) % (sizeof alphabet - 1)];
    struct io_table *t;
    struct io_row row = {.line = 1};
    const char *path = write_bytes(round % 2 ? "noise.csv" : "noise.tsv", text, n);
    if (open_as(&t, path, label_may_lack, NULL) != RT_OK) continue;
    int64_t rows = 0;
    while (!io_table_broken(t) && (io_table_next(t, &row, NULL) != RT_OK || row.line != 0))
      assert_true(++rows < 100);
    io_table_close(t);
  }
}

/* Bytes in the pieces that somebody types. */
struct typed {
  const char *const *piece;
  int next, asked;
};

static ptrdiff_t type_on(void *context, char *buffer, size_t size) {
  struct typed *typed = context;
  const char *piece = typed->piece[typed->next];
  typed->asked++;
  if (!piece) return 0;
  assert_true(strlen(piece) <= size);
  memcpy(buffer, piece, strlen(piece));
  typed->next++;
  return strlen(piece);
}

/* A row that is there as a whole is given out without asking for more; and waits says when that cannot be. */
static void test_source(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "text,label\n\"a", "\nb\",x\nsecond", ",y\nthird,z\n", "fourth,", "x", NULL};
  static const struct {
    bool waits;
    const char *text;
  } steps[] = {
      {true, "a\nb"}, {true, "second"}, {false, "third"}, {true, "fourth"}, {false, NULL},
  };
  struct typed typed = {pieces, 0, 0};
  struct io_source source = {"what is typed", type_on, &typed};
  struct io_table_options o = {.format = IO_FORMAT_CSV, .names = names, .count = 2, .source = &source};
  struct rt_error e = {0};
  struct io_table *t;
  assert_int_equal(io_table_open(&t, source.name, &o, &e), RT_OK);
  assert_string_equal(io_table_name(t), "what is typed");
  for (size_t k = 0; k < RT_COUNT(steps); k++) {
    struct io_row row;
    int asked = typed.asked;
    assert_int_equal(io_table_waits(t), steps[k].waits);
    assert_int_equal(io_table_next(t, &row, &e), RT_OK);
    assert_int_equal(typed.asked > asked, steps[k].waits);
    assert_int_equal(row.line != 0, steps[k].text != NULL);
    if (steps[k].text) assert_memory_equal(row.fields[0].text, steps[k].text, strlen(steps[k].text));
  }
  io_table_close(t);
}

/* A source that claims more than there was room for is not believed. */
static ptrdiff_t boast(void *context, char *buffer, size_t size) {
  (void)context;
  memset(buffer, 'x', size);
  return size + 1;
}

static void test_bad_source(void **state) {
  (void)state;
  struct io_source source = {"boaster", boast, NULL};
  struct io_table_options o = {.format = IO_FORMAT_TSV, .names = names, .count = 2, .source = &source};
  struct rt_error e = {0};
  struct io_table *t;
  assert_int_equal(io_table_open(&t, source.name, &o, &e), RT_USAGE);
  assert_string_equal(e.file, "boaster");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows),        cmocka_unit_test(test_gzip_rows),  cmocka_unit_test(test_nul),
      cmocka_unit_test(test_optional),    cmocka_unit_test(test_refused),    cmocka_unit_test(test_messages),
      cmocka_unit_test(test_first_row),   cmocka_unit_test(test_header),     cmocka_unit_test(test_long_rows),
      cmocka_unit_test(test_broken_gzip), cmocka_unit_test(test_formats),    cmocka_unit_test(test_noise),
      cmocka_unit_test(test_source),      cmocka_unit_test(test_bad_source),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
