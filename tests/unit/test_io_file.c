/* test_io_file.c: reading plain and gzip files, and saving them. */
#include "tests/unit/io_files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>

#include "runtime/io/file.h"
#include "runtime/io/utf8.h"

static void test_read_whole(void **state) {
  (void)state;
  char *bytes;
  size_t length;
  struct rt_error e = {0};
  assert_int_equal(io_read_file(write_text("a", "one\ntwo"), 100, &bytes, &length, &e), RT_OK);
  assert_int_equal(length, 7);
  assert_string_equal(bytes, "one\ntwo");
  rt_free(bytes);
  assert_int_equal(io_read_file(write_text("empty", ""), 0, &bytes, &length, &e), RT_OK);
  assert_int_equal(length, 0);
  assert_string_equal(bytes, "");
  rt_free(bytes);
  assert_int_equal(io_read_file(path_of("a"), 7, &bytes, &length, &e), RT_OK);
  rt_free(bytes);
  assert_int_equal(io_read_file(path_of("a"), 6, &bytes, &length, &e), RT_BAD_DATA);
  assert_null(bytes);
  assert_error(&e, RT_BAD_DATA, 0, 0, "longer than 6 bytes");
}

static void test_missing(void **state) {
  (void)state;
  struct io_reader *reader;
  struct rt_error e = {0};
  assert_int_equal(io_reader_open(&reader, path_of("nowhere"), &e), RT_NO_INPUT);
  assert_null(reader);
  assert_string_equal(e.file, path_of("nowhere"));
  assert_error(&e, RT_NO_INPUT, 0, 0, "No such file");
  rt_error_clear(&e);
  assert_int_equal(io_reader_open(&reader, directory, &e), RT_NO_INPUT);
  assert_error(&e, RT_NO_INPUT, 0, 0, "Is a directory");
}

/* Text that does not fit into one buffer, and compresses well: inflate has more to give than it was fed. */
static char *long_text(size_t *length) {
  *length = 1 << 20;
  char *text = malloc(*length);
  assert_non_null(text);
  for (size_t i = 0; i < *length; i++) text[i] = i % 4096 < 4000 ? 'a' : (char)('a' + i % 23);
  return text;
}

static void test_gzip(void **state) {
  (void)state;
  size_t length, got;
  char *text = long_text(&length), *bytes;
  struct rt_error e = {0};
  const char *path = write_gzip("plain-name", text, length);
  assert_int_equal(io_read_file(path, length, &bytes, &got, &e), RT_OK);
  assert_int_equal(got, length);
  assert_memory_equal(bytes, text, length);
  rt_free(bytes);
  assert_int_equal(io_read_file(path, length - 1, &bytes, &got, &e), RT_BAD_DATA);
  free(text);
}

/* gzip files may be put one behind the other, and tapes fill up with zeros. */
static void test_gzip_members(void **state) {
  (void)state;
  char two[400], *bytes;
  size_t n = 0, got;
  struct rt_error e = {0};
  for (int i = 0; i < 2; i++) {
    FILE *file = fopen(write_gzip("member", i ? "world" : "hello ", i ? 5 : 6), "rb");
    n += fread(two + n, 1, 100, file);
    fclose(file);
  }
  memset(two + n, 0, 9);
  assert_int_equal(io_read_file(write_bytes("two.gz", two, n + 9), 100, &bytes, &got, &e), RT_OK);
  assert_string_equal(bytes, "hello world");
  rt_free(bytes);
  memcpy(two + n, "garbage", 8);
  assert_int_equal(io_read_file(write_bytes("two.gz", two, n + 8), 100, &bytes, &got, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 0, 0, "damaged");
}

/* Every truncation and every flipped bit is an error or the same text: gzip has a checksum. */
static void test_gzip_damage(void **state) {
  (void)state;
  const char *text = "a short text, a short text, a shorter text";
  unsigned char bytes[200];
  FILE *file = fopen(write_gzip("good.gz", text, strlen(text)), "rb");
  size_t n = fread(bytes, 1, sizeof bytes, file), got;
  fclose(file);
  char *out;
  for (size_t cut = 2; cut < n; cut++) {
    struct rt_error e = {0};
    assert_int_equal(io_read_file(write_bytes("cut.gz", bytes, cut), 1000, &out, &got, &e), RT_BAD_DATA);
    assert_error(&e, RT_BAD_DATA, 0, 0, "ends in the middle");
  }
  for (size_t bit = 16; bit < n * 8; bit++) {
    struct rt_error e = {0};
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    int status = io_read_file(write_bytes("flip.gz", bytes, n), 1000, &out, &got, &e);
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    if (status == RT_OK) {
      assert_string_equal(out, text);
      rt_free(out);
    } else
      assert_int_equal(status, RT_BAD_DATA);
  }
}

static void assert_content(const char *path, const char *text) {
  char *bytes;
  size_t length;
  assert_int_equal(io_read_file(path, 1000, &bytes, &length, NULL), RT_OK);
  assert_string_equal(bytes, text);
  rt_free(bytes);
}

static int save_text(const char *path, const char *text, bool commit, struct rt_error *e) {
  struct io_save *save;
  int status = io_save_begin(&save, path, e);
  if (status != RT_OK) return status;
  status = io_save_write(save, text, strlen(text), e);
  if (status == RT_OK && commit) return io_save_commit(save, e);
  io_save_abort(save);
  return status;
}

static void test_save(void **state) {
  (void)state;
  struct rt_error e = {0};
  struct stat before, after;
  const char *path = write_text("model", "old");
  chmod(path, 0640);
  stat(path, &before);
  int files = count_files();
  assert_int_equal(save_text(path, "aborted", false, &e), RT_OK);
  assert_content(path, "old");
  assert_int_equal(count_files(), files);
  assert_int_equal(save_text(path, "new", true, &e), RT_OK);
  assert_content(path, "new");
  assert_int_equal(count_files(), files);
  stat(path, &after);
  assert_int_equal(after.st_mode, before.st_mode);
  assert_int_not_equal(after.st_ino, before.st_ino);
  mode_t mask = umask(027);
  assert_int_equal(save_text(path_of("fresh"), "x", true, &e), RT_OK);
  umask(mask);
  stat(path_of("fresh"), &after);
  assert_int_equal(after.st_mode & 0777, 0640);
}

static void test_save_link(void **state) {
  (void)state;
  struct rt_error e = {0};
  struct stat status;
  const char *target = write_text("target", "old");
  unlink(path_of("link"));
  assert_int_equal(symlink(target, path_of("link")), 0);
  assert_int_equal(save_text(path_of("link"), "new", true, &e), RT_OK);
  assert_int_equal(lstat(path_of("link"), &status), 0);
  assert_true(S_ISLNK(status.st_mode));
  assert_content(path_of("target"), "new");
}

/* Replacing a device by a file would be a disaster; writing to it is what is meant. */
static void test_save_device(void **state) {
  (void)state;
  struct rt_error e = {0};
  struct stat status;
  assert_int_equal(save_text("/dev/null", "gone", true, &e), RT_OK);
  assert_int_equal(stat("/dev/null", &status), 0);
  assert_true(S_ISCHR(status.st_mode));
  if (access("/dev/full", W_OK) != 0) skip();
  assert_int_equal(save_text("/dev/full", "no room", true, &e), RT_IO);
  assert_error(&e, RT_IO, 0, 0, "No space left");
}

static void test_save_refused(void **state) {
  (void)state;
  struct rt_error e = {0};
  char path[500];
  snprintf(path, sizeof path, "%s/no/such/place", directory);
  assert_int_equal(save_text(path, "x", true, &e), RT_CANNOT_CREATE);
  assert_string_equal(e.file, path);
  assert_error(&e, RT_CANNOT_CREATE, 0, 0, "No such file");
  rt_error_clear(&e);
  assert_int_equal(save_text(directory, "x", true, &e), RT_CANNOT_CREATE);
  assert_error(&e, RT_CANNOT_CREATE, 0, 0, "Is a directory");
  rt_error_clear(&e);
  assert_int_equal(save_text("", "x", true, &e), RT_CANNOT_CREATE);
  if (geteuid() == 0) return; /* root may write everywhere */
  rt_error_clear(&e);
  const char *locked = write_text("locked", "kept");
  chmod(locked, 0444);
  assert_int_equal(save_text(locked, "x", true, &e), RT_CANNOT_CREATE);
  assert_content(locked, "kept");
}

/* A limit on the file size stands for a full disk. */
static void test_save_full(void **state) {
  (void)state;
  struct rt_error e = {0};
  struct rlimit old, small = {8, RLIM_INFINITY};
  const char *path = write_text("kept", "old");
  int files = count_files();
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int status = save_text(path, "more than eight bytes", true, &e);
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, RT_IO);
  assert_error(&e, RT_IO, 0, 0, "File too large");
  assert_content(path, "old");
  assert_int_equal(count_files(), files);
}

/* The file names may be as long as the system allows; the temporary one must not be longer. */
static void test_save_long_name(void **state) {
  (void)state;
  struct rt_error e = {0};
  char name[256];
  memset(name, 'n', 255);
  name[255] = '\0';
  assert_int_equal(save_text(path_of(name), "x", true, &e), RT_OK);
  assert_content(path_of(name), "x");
}

static void test_standard_input(void **state) {
  (void)state;
  struct io_reader *reader;
  char buffer[100];
  size_t got;
  int ends[2], kept = dup(STDIN_FILENO);
  assert_int_equal(pipe(ends), 0);
  dup2(ends[0], STDIN_FILENO);
  assert_int_equal(write(ends[1], "line\n", 5), 5);
  assert_int_equal(io_reader_open(&reader, "-", NULL), RT_OK);
  assert_string_equal(io_reader_name(reader), "standard input");
  assert_int_equal(io_reader_read(reader, buffer, sizeof buffer, &got, NULL), RT_OK);
  assert_int_equal(got, 5); /* although the pipe is still open */
  assert_memory_equal(buffer, "line\n", 5);
  close(ends[1]);
  assert_int_equal(io_reader_read(reader, buffer, sizeof buffer, &got, NULL), RT_OK);
  assert_int_equal(got, 0);
  io_reader_close(reader);
  assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0);
  dup2(kept, STDIN_FILENO);
  close(kept);
  close(ends[0]);
}

static void test_utf8(void **state) {
  (void)state;
  static const char *const good[] = {"",
                                     "plain ascii, more than eight",
                                     "é",
                                     "\xDF\xBF",
                                     "\xE0\xA0\x80",
                                     "\xED\x9F\xBF",
                                     "\xEE\x80\x80",
                                     "\xF0\x90\x80\x80",
                                     "\xF4\x8F\xBF\xBF",
                                     "中文"};
  static const struct {
    const char *text;
    size_t at;
  } bad[] = {{"\x80", 0},
             {"ab\xC0\x80", 2},
             {"\xC1\xBF", 0},
             {"\xE0\x9F\xBF", 0},
             {"\xED\xA0\x80", 0},
             {"\xF0\x8F\xBF\xBF", 0},
             {"\xF4\x90\x80\x80", 0},
             {"\xF5\x80\x80\x80", 0},
             {"\xFF", 0},
             {"12345678\xE4\xB8", 8},
             {"\xC3", 0},
             {"\xC3(", 0},
             {"\xE4\xB8(", 0},
             {"\xF0\x90\x80(", 0}};
  for (size_t i = 0; i < RT_COUNT(good); i++)
    assert_int_equal(io_utf8_check(good[i], strlen(good[i])), strlen(good[i]));
  for (size_t i = 0; i < RT_COUNT(bad); i++)
    assert_int_equal(io_utf8_check(bad[i].text, strlen(bad[i].text)), bad[i].at);
  for (int32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 61) {
    char bytes[4];
    size_t size = io_utf8_encode(point, bytes), again;
    assert_int_equal(io_utf8_decode(bytes, &again), point);
    assert_int_equal(again, size);
    bool surrogate = point >= 0xD800 && point < 0xE000;
    assert_int_equal(io_utf8_check(bytes, size), surrogate ? 0 : size);
  }
  struct rt_error e = {0};
  assert_int_equal(io_utf8_require("f", "one\ntwo\xFF", 8, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 2, 4, "0xff");
  rt_error_clear(&e);
  assert_int_equal(io_utf8_require("f", "a\0b", 3, &e), RT_BAD_DATA);
  assert_error(&e, RT_BAD_DATA, 1, 2, "NUL");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read_whole),     cmocka_unit_test(test_missing),
      cmocka_unit_test(test_gzip),           cmocka_unit_test(test_gzip_members),
      cmocka_unit_test(test_gzip_damage),    cmocka_unit_test(test_save),
      cmocka_unit_test(test_save_link),      cmocka_unit_test(test_save_device),
      cmocka_unit_test(test_save_refused),   cmocka_unit_test(test_save_full),
      cmocka_unit_test(test_save_long_name), cmocka_unit_test(test_standard_input),
      cmocka_unit_test(test_utf8),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
