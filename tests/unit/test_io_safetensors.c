/* test_io_safetensors.c: model files: what is written is read, and nothing that is damaged gets through. */
#include "tests/unit/io_files.h"

#include <math.h>

#include "runtime/io/file.h"
#include "runtime/io/safetensors.h"

/* A file in memory: its header length and header, then zeros as data. */
static size_t make_file(unsigned char *out, const char *header, size_t data) {
  size_t length = strlen(header);
  memset(out, 0, 8 + length + data);
  out[0] = (unsigned char)length;
  out[1] = (unsigned char)(length >> 8);
  memcpy(out + 8, header, length);
  return 8 + length + data;
}

static void test_read(void **state) {
  (void)state;
  unsigned char bytes[1000];
  size_t n = make_file(
      bytes,
      "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},\"__metadata__\":{\"k\":\"v\\n\"},"
      "\"a\":{\"shape\":[],\"dtype\":\"F64\",\"data_offsets\":[0,8]},\"e\":{\"dtype\":\"I8\",\"shape\":[0,3],"
      "\"data_offsets\":[16,16]}}  ",
      16);
  float two[] = {1.5f, -2}, out[2];
  double one = 3.25, got;
  memcpy(bytes + n - 8, two, 8);
  memcpy(bytes + n - 16, &one, 8);
  struct io_tensors *f;
  struct rt_error e = {0};
  const char *path = write_bytes("m.safetensors", bytes, n);
  for (int memory = 0; memory < 2; memory++) {
    int status = memory ? io_tensors_open_bytes(&f, "memory", bytes, n, &e) : io_tensors_open(&f, path, &e);
    if (status != RT_OK) fail_msg("%s", e.text);
    assert_int_equal(io_tensors_count(f), 3);
    assert_string_equal(io_tensors_at(f, 0)->name, "a");
    assert_string_equal(io_tensors_at(f, 1)->name, "b");
    assert_null(io_tensors_find(f, "c"));
    const struct io_tensor *a = io_tensors_find(f, "a"), *b = io_tensors_find(f, "b"),
                           *empty = io_tensors_find(f, "e");
    assert_int_equal(a->rank, 0);
    assert_int_equal(a->elements, 1);
    assert_int_equal(b->shape[0], 2);
    assert_int_equal(empty->elements, 0);
    assert_int_equal(io_tensors_float(f, b, out, &e), RT_OK);
    assert_memory_equal(out, two, sizeof two);
    assert_int_equal(io_tensors_double(f, a, &got, &e), RT_OK);
    assert_true(got == one);
    assert_int_equal(io_tensors_float(f, empty, out, &e), RT_OK);
    assert_string_equal(io_tensors_metadata(f, "k"), "v\n");
    assert_null(io_tensors_metadata(f, "K"));
    assert_int_equal(io_tensors_verify(f, &e), RT_BAD_DATA);
    assert_error(&e, RT_BAD_DATA, 0, 0, "no checksum");
    rt_error_clear(&e);
    io_tensors_close(f);
  }
}

static void test_dtypes(void **state) {
  (void)state;
  static const struct {
    const char *dtype, *bytes;
    size_t size;
    double value;
  } elements[] = {
      {"F64", "\0\0\0\0\0\0\xF8\x3F", 8, 1.5},
      {"F32", "\0\0\x20\xC0", 4, -2.5},
      {"F16", "\0\x3C", 2, 1},
      {"F16", "\xFF\x7B", 2, 65504},
      {"F16", "\x01\0", 2, 0x1p-24},
      {"F16", "\xFF\x83", 2, -0x1.FF8p-15},
      {"F16", "\x55\x35", 2, 0x1.554p-2},
      {"F16", "\0\x80", 2, -0.0},
      {"F16", "\0\xFC", 2, -INFINITY},
      {"BF16", "\x80\x3F", 2, 1},
      {"BF16", "\x49\x40", 2, 3.140625},
      {"BF16", "\x80\x7F", 2, INFINITY},
      {"I64", "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, -2},
      {"U64", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, 0x1p64},
      {"I32", "\0\0\0\x80", 4, -0x1p31},
      {"U32", "\xFF\xFF\xFF\xFF", 4, 4294967295.0},
      {"I16", "\xFF\xFF", 2, -1},
      {"U16", "\xFF\xFF", 2, 65535},
      {"I8", "\x80", 1, -128},
      {"U8", "\xFF", 1, 255},
      {"BOOL", "\x01", 1, 1},
      {"BOOL", "\0", 1, 0},
  };
  for (size_t i = 0; i < RT_COUNT(elements); i++) {
    unsigned char bytes[300];
    char header[200];
    struct io_tensors *f;
    struct rt_error e = {0};
    double wide;
    float narrow;
    int32_t integer;
    snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}",
             elements[i].dtype, elements[i].size);
    size_t n = make_file(bytes, header, elements[i].size);
    memcpy(bytes + n - elements[i].size, elements[i].bytes, elements[i].size);
    assert_int_equal(io_tensors_open_bytes(&f, "t", bytes, n, &e), RT_OK);
    const struct io_tensor *t = io_tensors_at(f, 0);
    assert_string_equal(io_dtype_name(t->dtype), elements[i].dtype);
    assert_int_equal(io_tensors_double(f, t, &wide, &e), RT_OK);
    assert_memory_equal(&wide, &elements[i].value, sizeof wide);
    assert_int_equal(io_tensors_float(f, t, &narrow, &e), RT_OK);
    assert_true(narrow == (float)wide);
    bool whole = fabs(wide) < 0x1p31 + (wide < 0) && wide == floor(wide);
    assert_int_equal(io_tensors_int32(f, t, &integer, &e), whole ? RT_OK : RT_BAD_DATA);
    if (whole) assert_true(integer == wide);
    io_tensors_close(f);
  }
}

/* A kind of number that is not computed with may be there, and does not come out. */
static void test_other_dtypes(void **state) {
  (void)state;
  unsigned char bytes[300];
  struct io_tensors *f;
  struct rt_error e = {0};
  double values[2] = {0};
  size_t n = make_file(bytes,
                       "{\"t\":{\"dtype\":\"F4\",\"shape\":[5],\"data_offsets\":[0,3]},"
                       "\"u\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}",
                       5);
  assert_int_equal(io_tensors_open_bytes(&f, "t", bytes, n, &e), RT_OK);
  assert_int_equal(io_tensors_double(f, io_tensors_find(f, "u"), values, &e), RT_OK);
  assert_int_equal(io_tensors_double(f, io_tensors_find(f, "t"), values, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 0, 0, "the tensor t is of kind F4");
  io_tensors_close(f);
}

static void test_nan(void **state) {
  (void)state;
  unsigned char bytes[300];
  struct io_tensors *f;
  double wide;
  int32_t integer;
  size_t n = make_file(bytes, "{\"t\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2);
  memcpy(bytes + n - 2, "\x01\x7C", 2);
  assert_int_equal(io_tensors_open_bytes(&f, "t", bytes, n, NULL), RT_OK);
  assert_int_equal(io_tensors_double(f, io_tensors_at(f, 0), &wide, NULL), RT_OK);
  assert_true(isnan(wide));
  assert_int_equal(io_tensors_int32(f, io_tensors_at(f, 0), &integer, NULL), RT_BAD_DATA);
  io_tensors_close(f);
}

static void test_refused(void **state) {
  (void)state;
#define T(dtype, shape, offsets)                                                                             \
  "{\"t\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(first, second)                                                                                   \
  "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" first                                           \
  "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" second "}}"
  static const struct {
    const char *header;
    size_t data;
    const char *text;
  } bad[] = {
      {"", 0, "does not begin with {"},
      {"[]", 0, "does not begin with {"},
      {" {}", 0, "does not begin with {"},
      {"{", 0, "not valid JSON"},
      {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", 0,
       "nests more than 64 levels deep"},
      {"{}x", 0, "not valid JSON"},
      {"{}", 1, "goes on behind"},
      {"{\"t\":1}", 0, "has no dtype"},
      {"{\"t\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "needs a shape"},
      {"{\"t\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "needs two data_offsets"},
      {T("U8", "{}", "[0,1]"), 1, "needs a shape"},
      {T("U8", "[-1]", "[0,1]"), 1, "not a whole number from 0"},
      {T("U8", "[1.0]", "[0,1]"), 1, "not a whole number from 0"},
      {T("U8", "[1e3]", "[0,1]"), 1, "not a whole number from 0"},
      {T("U8", "[9223372036854775808]", "[0,1]"), 1, "not valid JSON"},
      {T("U8", "[4294967296,4294967296]", "[0,1]"), 1, "more elements"},
      {T("U8", "[9223372036854775807,2]", "[0,1]"), 1, "more elements"},
      {T("F64", "[4611686018427387904]", "[0,0]"), 0, "do not fit"},
      {T("F32", "[2]", "[0,4]"), 4, "do not fit"},
      {T("F32", "[1]", "[0,8]"), 8, "do not fit"},
      {T("U8", "[4]", "[0,4]"), 3, "behind the end"},
      {T("U8", "[4]", "[4,8]"), 8, "hole before it"},
      {T("U8", "[4]", "[4,0]"), 4, "ends before it begins"},
      {T("U8", "[4]", "[-4,0]"), 4, "ends before it begins"},
      {T("U8", "[4]", "[0,4]"), 5, "goes on behind"},
      {T("U8", "[4]", "[0]"), 4, "needs two"},
      {T("U8", "[4]", "[0,4,8]"), 4, "needs two"},
      {T("U8", "[4]", "[0,9223372036854775807]"), 4, "behind the end"},
      {T("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]"), 1,
       "at most 32"},
      {TWO("[0,4]", "[0,4]"), 4, "overlaps"},
      {TWO("[0,4]", "[2,6]"), 6, "overlaps"},
      {TWO("[0,4]", "[5,9]"), 9, "hole"},
      {TWO("[0,4]", "[4,8]") "\n\t }", 8, "not valid JSON"},
      {"{\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"t\":{\"dtype\":\"U8\",\"shape\":[0],"
       "\"data_offsets\":[0,0]}}",
       0, "not valid JSON"},
      {"{\"__metadata__\":[]}", 0, "not an object"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "not a text"},
      {"{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "not valid JSON"},
      {"{\"a\\u0000\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "not valid JSON"},
      {"{\"\xFF\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "not valid JSON"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    unsigned char bytes[1000];
    struct io_tensors *f;
    struct rt_error e = {0};
    size_t n = make_file(bytes, bad[i].header, bad[i].data);
    if (io_tensors_open_bytes(&f, "bad", bytes, n, &e) != RT_BAD_DATA)
      fail_msg("case %zu was not refused", i);
    assert_null(f);
    assert_error(&e, RT_BAD_DATA, 0, 0, bad[i].text);
    assert_string_equal(e.file, "bad");
  }
}

static void test_refused_lengths(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
    const char *text;
  } bad[] = {
      {"", 0, "it is empty"},
      {"\2\0\0\0\0\0\0", 7, "shorter than 8"},
      {"\3\0\0\0\0\0\0\0{}", 10, "within its header"},
      {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, "longer than 100 MiB"},
      {"\0\0\0\7\0\0\0\0{}", 10, "longer than 100 MiB"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct io_tensors *f;
    struct rt_error e = {0};
    assert_int_equal(io_tensors_open(&f, write_bytes("bad", bad[i].bytes, bad[i].length), &e), RT_BAD_DATA);
    assert_error(&e, RT_BAD_DATA, 0, 0, bad[i].text);
  }
  struct io_tensors *f;
  assert_int_equal(io_tensors_open(&f, path_of("nowhere"), NULL), RT_NO_INPUT);
  assert_int_equal(io_tensors_open(&f, directory, NULL), RT_NO_INPUT);
  assert_int_equal(io_tensors_open(&f, "/dev/null", NULL), RT_NO_INPUT);
}

static const int64_t shape23[] = {2, 3}, shape1[] = {1}, shape0[] = {0, 5};
static const float floats[] = {1, 2, 3, 4, 5, -0.0f};
static const double scalar = 0.1;
static const int8_t small[] = {1, 2, 3, 4, 5, 6};
static const uint16_t half[] = {0x3C00};
static const struct io_tensor_out tensors[] = {
    {"small", IO_I8, 2, shape23, small}, {"w", IO_F32, 2, shape23, floats},
    {"h", IO_F16, 1, shape1, half},      {"scalar", IO_F64, 0, NULL, &scalar},
    {"none", IO_F32, 2, shape0, NULL},   {"a \"name\"", IO_F32, 2, shape23, floats},
};
static const struct io_metadata metadata[] = {
    {"program", "model m(text) -> label {\n  # \"quoted\" \\ é 中\n}\n"},
    {"aq.version", "1"},
    {"fake", "\"aq.checksum\":\"xxh3:0123456789abcdef\""},
};

static size_t save_and_read(const char *name, unsigned char *bytes, size_t room) {
  struct rt_error e = {0};
  if (io_tensors_save(path_of(name), tensors, RT_COUNT(tensors), metadata, RT_COUNT(metadata), &e) != RT_OK)
    fail_msg("%s", e.text);
  FILE *file = fopen(path_of(name), "rb");
  size_t n = fread(bytes, 1, room, file);
  fclose(file);
  assert_true(n < room);
  return n;
}

static void test_save(void **state) {
  (void)state;
  unsigned char bytes[4000];
  size_t n = save_and_read("s.safetensors", bytes, sizeof bytes);
  struct io_tensors *f;
  struct rt_error e = {0};
  assert_int_equal((bytes[0] | bytes[1] << 8) % 8, 0);
  assert_int_equal(io_tensors_open(&f, path_of("s.safetensors"), &e), RT_OK);
  assert_int_equal(io_tensors_verify(f, &e), RT_OK);
  assert_int_equal(io_tensors_count(f), RT_COUNT(tensors));
  for (size_t i = 0; i < RT_COUNT(tensors); i++) {
    const struct io_tensor *t = io_tensors_find(f, tensors[i].name);
    unsigned char raw[100];
    assert_int_equal(t->dtype, tensors[i].dtype);
    assert_int_equal(t->rank, tensors[i].rank);
    assert_int_equal(t->offset % io_dtype_size(t->dtype), 0);
    assert_int_equal(io_tensors_raw(f, t, raw, &e), RT_OK);
    if (t->bytes) assert_memory_equal(raw, tensors[i].data, t->bytes);
  }
  for (size_t i = 0; i < RT_COUNT(metadata); i++)
    assert_string_equal(io_tensors_metadata(f, metadata[i].key), metadata[i].value);
  io_tensors_close(f);
  (void)n;
}

/* The order in which things are given does not show in the file. */
static void test_deterministic(void **state) {
  (void)state;
  unsigned char bytes[4000], again[4000];
  struct io_tensor_out turned[RT_COUNT(tensors)];
  struct io_metadata turned_metadata[RT_COUNT(metadata)];
  size_t n = save_and_read("d1", bytes, sizeof bytes);
  for (size_t i = 0; i < RT_COUNT(tensors); i++) turned[i] = tensors[RT_COUNT(tensors) - 1 - i];
  for (size_t i = 0; i < RT_COUNT(metadata); i++) turned_metadata[i] = metadata[RT_COUNT(metadata) - 1 - i];
  assert_int_equal(io_tensors_save(path_of("d2"), turned, RT_COUNT(turned), turned_metadata,
                                   RT_COUNT(turned_metadata), NULL),
                   RT_OK);
  FILE *file = fopen(path_of("d2"), "rb");
  assert_int_equal(fread(again, 1, sizeof again, file), n);
  fclose(file);
  assert_memory_equal(bytes, again, n);
}

static void test_save_refused(void **state) {
  (void)state;
  static const int64_t negative[] = {-1}, huge[] = {INT64_MAX, 8};
  static const struct {
    struct io_tensor_out tensors[2];
    int count;
    struct io_metadata metadata[2];
    int metadata_count;
  } bad[] = {
      {{{"a", IO_F32, 2, shape23, floats}, {"a", IO_I8, 2, shape23, small}}, 2, {{0}}, 0},
      {{{"__metadata__", IO_F32, 2, shape23, floats}}, 1, {{0}}, 0},
      {{{"\xFF", IO_F32, 2, shape23, floats}}, 1, {{0}}, 0},
      {{{"a", IO_F32, 1, negative, floats}}, 1, {{0}}, 0},
      {{{"a", IO_F32, 2, huge, floats}}, 1, {{0}}, 0},
      {{{"a", IO_F32, 33, huge, floats}}, 1, {{0}}, 0},
      {{{"a", IO_F32, 1, shape1, NULL}}, 1, {{0}}, 0},
      {{{0}}, 0, {{"k", "v"}, {"k", "w"}}, 2},
      {{{0}}, 0, {{"aq.checksum", "v"}}, 1},
      {{{0}}, 0, {{"k", "\xC3"}}, 1},
  };
  int files = count_files();
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct rt_error e = {0};
    assert_int_equal(io_tensors_save(path_of("never"), bad[i].tensors, bad[i].count, bad[i].metadata,
                                     bad[i].metadata_count, &e),
                     RT_USAGE);
    assert_int_not_equal(e.text[0], 0);
  }
  assert_int_equal(count_files(), files);
  char path[500];
  snprintf(path, sizeof path, "%s/no/dir", directory);
  assert_int_equal(io_tensors_save(path, tensors, 1, NULL, 0, NULL), RT_CANNOT_CREATE);
}

/* Reads all that a file offers; returns whether it opened and its checksum held. */
static bool exercise(const void *bytes, size_t n) {
  struct io_tensors *f;
  struct rt_error e = {0};
  int status = io_tensors_open_bytes(&f, "damaged", bytes, n, &e);
  if (status != RT_OK) {
    assert_int_equal(status, RT_BAD_DATA);
    assert_int_not_equal(e.text[0], 0);
    return false;
  }
  for (int i = 0; i < io_tensors_count(f); i++) {
    const struct io_tensor *t = io_tensors_at(f, i);
    /* of a kind that is not computed with, the shape says nothing of the bytes */
    size_t elements = t->dtype == IO_OTHER ? 0 : (size_t)t->elements;
    double *values = malloc(elements * sizeof *values + 1);
    assert_non_null(values);
    assert_int_equal(io_tensors_double(f, t, values, NULL), t->dtype == IO_OTHER ? RT_BAD_DATA : RT_OK);
    free(values);
  }
  bool verified = io_tensors_verify(f, NULL) == RT_OK;
  io_tensors_close(f);
  return verified;
}

/* Cut at every byte and with every bit flipped, in buffers of the exact size so that the sanitizers see every
 * step too far. */
static void test_damage(void **state) {
  (void)state;
  unsigned char bytes[4000];
  size_t n = save_and_read("d.safetensors", bytes, sizeof bytes);
  assert_true(exercise(bytes, n));
  for (size_t cut = 0; cut < n; cut++) {
    unsigned char *copy = malloc(cut + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, cut);
    assert_false(exercise(copy, cut));
    free(copy);
  }
  unsigned char *copy = malloc(n);
  assert_non_null(copy);
  memcpy(copy, bytes, n);
  for (size_t bit = 0; bit < n * 8; bit++) {
    copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
    if (exercise(copy, n)) fail_msg("bit %zu of byte %zu does not matter", bit % 8, bit / 8);
    copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
  free(copy);
}

/* A file that becomes shorter after it was opened is an error, not a crash. */
static void test_shrinking(void **state) {
  (void)state;
  unsigned char bytes[4000];
  save_and_read("shrink", bytes, sizeof bytes);
  struct io_tensors *f;
  float out[6];
  struct rt_error e = {0};
  assert_int_equal(io_tensors_open(&f, path_of("shrink"), NULL), RT_OK);
  assert_int_equal(truncate(path_of("shrink"), 100), 0);
  assert_int_equal(io_tensors_float(f, io_tensors_find(f, "w"), out, &e), RT_IO);
  assert_error(&e, RT_IO, 0, 0, "became shorter");
  assert_int_equal(io_tensors_verify(f, NULL), RT_IO);
  io_tensors_close(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),         cmocka_unit_test(test_dtypes),
      cmocka_unit_test(test_other_dtypes), cmocka_unit_test(test_nan),
      cmocka_unit_test(test_refused),      cmocka_unit_test(test_refused_lengths),
      cmocka_unit_test(test_save),         cmocka_unit_test(test_deterministic),
      cmocka_unit_test(test_save_refused), cmocka_unit_test(test_damage),
      cmocka_unit_test(test_shrinking),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
