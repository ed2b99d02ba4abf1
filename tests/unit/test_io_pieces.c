/* test_io_pieces.c: texts in pieces: against the rule written down as it is told, pair after pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/io/pieces.h"
#include "runtime/random.h"

enum { MOST_TOKENS = 4000 };

static const char file[] = "pieces.vocab";

static void write_file(const char *text) {
  FILE *f = fopen(file, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  assert_int_equal(fclose(f), 0);
}

/* ---- the rule ---- */

struct token {
  char text[200];
  size_t length;
};

/* Of all neighbours that make a piece the one with the lowest id, the leftmost of equals; until there is
 * none. */
static int slow_split(const struct io_vocab *vocab, const char *text, struct token *t) {
  int count = 0;
  char all[MOST_TOKENS];
  if (!*text) return 0;
  snprintf(all, sizeof all, " %s", text);
  for (size_t at = 0; all[at];) {
    size_t size = 1;
    while (((unsigned char)all[at + size] & 0xC0) == 0x80) size++;
    memcpy(t[count].text, all + at, size);
    t[count++].length = size;
    at += size;
  }
  for (;;) {
    int best = -1, best_id = INT32_MAX;
    for (int k = 0; k + 1 < count; k++) {
      char both[400];
      memcpy(both, t[k].text, t[k].length);
      memcpy(both + t[k].length, t[k + 1].text, t[k + 1].length);
      int32_t id = io_intern_find(&vocab->texts, both, t[k].length + t[k + 1].length);
      if (id >= 0 && id < best_id) best = k, best_id = id;
    }
    if (best < 0) break;
    memcpy(t[best].text + t[best].length, t[best + 1].text, t[best + 1].length);
    t[best].length += t[best + 1].length;
    memmove(&t[best + 1], &t[best + 2], (size_t)(count - best - 2) * sizeof *t);
    count--;
  }
  return count;
}

/* What the tokens are is compared; each that is no piece stands for its bytes. */
static void compare(const struct io_vocab *vocab, const char *text) {
  static struct token slow[MOST_TOKENS];
  struct io_tokens fast = {0};
  int count = slow_split(vocab, text, slow);
  bool bytes = io_intern_find(&vocab->texts, "<0x00>", 6) >= 0;
  size_t at = 0;
  assert_int_equal(io_pieces_split(vocab, text, strlen(text), &fast, NULL), RT_OK);
  for (int k = 0; k < count; k++) {
    bool known = !bytes || io_intern_find(&vocab->texts, slow[k].text, slow[k].length) >= 0;
    for (size_t b = 0; b < (known ? 1 : slow[k].length); b++) {
      char name[8];
      snprintf(name, sizeof name, "<0x%02X>", (unsigned char)slow[k].text[b]);
      const char *wanted = known ? slow[k].text : name;
      size_t length = known ? slow[k].length : 6;
      assert_true(at < fast.count);
      const struct io_token *token = &fast.items[at++];
      assert_int_equal(token->size, length);
      assert_memory_equal(fast.text + token->at, wanted, length);
      assert_true(token->start + token->length <= strlen(text));
    }
  }
  assert_int_equal(at, fast.count);
  io_tokens_free(&fast);
}

static const char small[] =
    "<unk>\t0\n<s>\t0\n</s>\t0\nab\t-1\n\u2581a\t-2\nabc\t-3\nbc\t-4\ncab\t-5\naa\t-6\n"
    "aaaa\t-7\n\u2581ab\t-8\na\t-9\nb\t-10\nc\t-11\n\u2581\t-12\n\u00e9\t-13\n";

static void test_rule(void **state) {
  (void)state;
  struct io_vocab *vocab;
  write_file(small);
  assert_int_equal(io_pieces_read(&vocab, file, NULL), RT_OK);
  assert_int_equal(vocab->count, 16);
  assert_int_equal(vocab->unknown, 0);
  assert_int_equal(vocab->begin, 1);
  assert_int_equal(vocab->end, 2);
  const char *const texts[] = {"",          "a", "abc",    "aaaaaaa", "cabcab", "\u00e9a\u00e9",
                               "x\u4e2dab", " ", "  ab  c"};
  for (size_t k = 0; k < RT_COUNT(texts); k++) compare(vocab, texts[k]);
  for (uint64_t n = 0; n < 3000; n++) {
    char text[120];
    size_t length = (size_t)(rt_random_uniform(1, n) * 100);
    for (size_t k = 0; k < length; k++) text[k] = "aaabbc  "[(int)(rt_random_uniform(n + 2, k) * 8)];
    text[length] = '\0';
    compare(vocab, text);
  }
  io_vocab_free(vocab);
}

/* A megabyte of one letter takes no time that grows with its square. */
static void test_long(void **state) {
  (void)state;
  enum { LENGTH = 1 << 20 };
  struct io_vocab *vocab;
  struct io_tokens tokens = {0};
  char *text = malloc(LENGTH);
  assert_non_null(text);
  memset(text, 'a', LENGTH);
  write_file(small);
  assert_int_equal(io_pieces_read(&vocab, file, NULL), RT_OK);
  assert_int_equal(io_pieces_split(vocab, text, LENGTH, &tokens, NULL), RT_OK);
  assert_in_range(tokens.count, LENGTH / 4, LENGTH / 4 + 2);
  free(text);
  io_tokens_free(&tokens);
  io_vocab_free(vocab);
}

static void test_bad_files(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
    int line;
  } bad[] = {
      {"a\t-1\nb\n", "a line is ID, SCORE and PIECE", 2},
      {"a\t-1\nb\tx\n", "the score of a piece is a number", 2},
      {"a\t-1\n\t-2\n", "a piece is empty", 2},
      {"a\t-1\na\t-2\n", "this piece is there twice", 2},
      {"a\t-2\nb\t-1\n", "the scores do not fall", 2},
      {"id\tscore\ttoken\n0\t0\ta\n", "the third field is the piece as a JSON string", 2},
      {"0\t0\t\"a\"\n2\t-1\t\"b\"\n", "ids count from 0", 2},
      {"", "it has no pieces", 0},
  };
  for (size_t k = 0; k < RT_COUNT(bad); k++) {
    struct io_vocab *vocab;
    struct rt_error error = {0};
    write_file(bad[k].text);
    assert_int_equal(io_pieces_read(&vocab, file, &error), RT_BAD_DATA);
    assert_null(vocab);
    if (!strstr(error.text, bad[k].message)) fail_msg("%s: not %s", error.text, bad[k].message);
    assert_int_equal(error.line, bad[k].line);
  }
}

/* A real vocabulary with pieces for bytes, where it is at hand. */
static void test_shared(void **state) {
  (void)state;
  char path[600], line[2000];
  const char *source = getenv("AQ_SOURCE");
  struct io_vocab *vocab;
  snprintf(path, sizeof path, "%s/../shared/data/stories260k/vocab.tsv", source ? source : ".");
  if (access(path, R_OK) != 0) {
    print_message("# no vocabulary at %s\n", path);
    skip();
  }
  assert_int_equal(io_pieces_read(&vocab, path, NULL), RT_OK);
  assert_int_equal(vocab->count, 512);
  assert_int_equal(vocab->begin, 1);
  assert_int_equal(vocab->end, 2);
  snprintf(path, sizeof path, "%s/../shared/data/tatoeba_zh_en/dev.tsv", source ? source : ".");
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  int lines = 0;
  for (; fgets(line, sizeof line, f); lines++) compare(vocab, line);
  assert_true(lines > 1000);
  fclose(f);
  io_vocab_free(vocab);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rule),
      cmocka_unit_test(test_long),
      cmocka_unit_test(test_bad_files),
      cmocka_unit_test(test_shared),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  remove(file);
  return failed;
}
