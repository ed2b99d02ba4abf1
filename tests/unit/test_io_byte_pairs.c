/* test_io_byte_pairs.c: texts in merged pairs of bytes: words by hand, merges against the rule as it is told,
 * and files that are damaged. tests/compare-tokenisers.sh compares more with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runtime/io/byte_pairs.h"
#include "runtime/io/vocab_json.h"
#include "runtime/random.h"

static const char ids_file[] = "encoder.json", merges_file[] = "vocab.bpe";

static void write_file(const char *path, const char *text, size_t length) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, length, f), length);
  assert_int_equal(fclose(f), 0);
}

/* What is merged, as a file of merges has it. */
static const char *const merges[] = {"t h",  "Ġ th", "th e", "Ġth e", "a a", "aa aa", "a b",
                                     "ab c", "Ã ©",  "l l",  "' ll",  "Ċ Ċ", "Ġ Ġ",   "b c"};

/* The 256 bytes, what the merges make, and the mark. The numbers of bytes go down from 255. */
static void write_files(void) {
  struct rt_text ids = {0}, pairs = {0};
  rt_text_puts(&ids, "{");
  for (int b = 255; b >= 0; b--) {
    char byte = (char)b;
    rt_text_puts(&ids, b == '"' || b == '\\' ? "\"\\" : "\"");
    io_bytes_written(&byte, 1, &ids);
    rt_text_printf(&ids, "\": %d, ", 255 - b);
  }
  rt_text_puts(&pairs, "#version: 0.2\n");
  for (size_t k = 0; k < RT_COUNT(merges); k++) {
    const char *space = strchr(merges[k], ' ');
    rt_text_printf(&ids, "\"%.*s%s\": %zu, ", (int)(space - merges[k]), merges[k], space + 1, 256 + k);
    rt_text_printf(&pairs, "%s\n", merges[k]);
  }
  rt_text_printf(&ids, "\"%s\": %zu}\n", IO_END_OF_TEXT, 256 + RT_COUNT(merges));
  write_file(ids_file, ids.data, ids.length);
  write_file(merges_file, pairs.data, pairs.length);
  rt_text_free(&ids);
  rt_text_free(&pairs);
}

static struct io_vocab *vocab;

static int set_up(void **state) {
  (void)state;
  write_files();
  return io_byte_pairs_read(&vocab, ids_file, merges_file, NULL);
}

static int tear_down(void **state) {
  (void)state;
  io_vocab_free(vocab);
  return remove(ids_file) || remove(merges_file);
}

/* Tokens with bars between them. */
static void check(const struct io_vocab *of, const char *text, const char *wanted) {
  struct io_tokens tokens = {0};
  struct rt_text seen = {0};
  assert_int_equal(io_byte_pairs_split(of, true, text, strlen(text), &tokens, NULL), RT_OK);
  for (size_t k = 0; k < tokens.count; k++) {
    if (k) rt_text_puts(&seen, "|");
    rt_text_add(&seen, tokens.text + tokens.items[k].at, tokens.items[k].size);
  }
  assert_string_equal(seen.data ? seen.data : "", wanted);
  rt_text_free(&seen);
  io_tokens_free(&tokens);
}

static void test_words(void **state) {
  (void)state;
  check(NULL, "", "");
  check(NULL, "The cat's 2nd hat, isn't it?", "The| cat|'s| 2|nd| hat|,| isn|'t| it|?");
  check(NULL, "we'll we'LL 'tis", "we|'ll| we|'|LL| '|tis");
  check(NULL, "a  b", "a| | b");
  check(NULL, "a   ", "a|   ");
  check(NULL, " \t\n x", " \t\n| x");
  check(NULL, "a\n\nb\n", "a|\n|\n|b|\n");
  check(NULL, "x \nb", "x| |\n|b");
  check(NULL, "naïve Ärger", "naïve| Ärger");
  check(NULL, "生活 ٣٤ ½!?", "生活| ٣٤| ½|!?");
  check(NULL, "e\xCC\x81 te\xCC\x81l", "e|\xCC\x81| te|\xCC\x81|l"); /* a mark is no letter */
  check(NULL, "a\xC2\xA0\xC2\xA0 b", "a|\xC2\xA0\xC2\xA0| b");
  check(NULL, "a\xC2\x85g\xEF\xBB\xBFx", "a|\xC2\x85|g|\xEF\xBB\xBF|x");
}

static void test_merges(void **state) {
  (void)state;
  check(vocab, "the the", "the| the");
  check(vocab, "théy'll", "th|é|y|'ll");
  check(vocab, "aaaaaa abc bc", "aaaa|aa| |abc| |bc");
  check(vocab, "a\n\n\nb", "a|\n\n|\n|b");
  check(vocab, "x<|endoftext|>the <|endoftext|", "x|<|endoftext|>|the| |<|||e|n|d|o|f|t|e|x|t||");
  assert_int_equal(vocab->begin, 256 + RT_COUNT(merges));
  assert_int_equal(vocab->end, vocab->begin);
  assert_int_equal(io_vocab_find(vocab, "a", 1), 255 - 'a');
}

/* Of all neighbours the pair that stands first in the file is merged, the leftmost of equals; until none is
 * left. */
static void slowly(const char *text, size_t length, struct rt_text *out) {
  size_t end[600], count = length;
  for (size_t k = 0; k < length; k++) end[k] = k + 1;
  for (;;) {
    size_t best = count;
    int32_t best_rank = INT32_MAX;
    for (size_t k = 0; k + 1 < count; k++) {
      size_t begin = k ? end[k - 1] : 0;
      int32_t left = io_intern_find(&vocab->texts, text + begin, end[k] - begin),
              right = io_intern_find(&vocab->texts, text + end[k], end[k + 1] - end[k]);
      for (int32_t rank = 0; rank < vocab->merges->count && rank < best_rank; rank++)
        if (vocab->merges->pair[rank].left == left && vocab->merges->pair[rank].right == right)
          best = k, best_rank = rank;
    }
    if (best == count) break;
    for (size_t k = best; k + 1 < count; k++) end[k] = end[k + 1];
    count--;
  }
  for (size_t k = 0; k < count; k++) {
    size_t begin = k ? end[k - 1] : 0;
    rt_text_puts(out, k ? "|" : "");
    rt_text_add(out, text + begin, end[k] - begin);
  }
}

/* Words of up to 500 letters, short and long ones. */
static void test_rule(void **state) {
  (void)state;
  for (uint64_t round = 0, position = 0; round < 60; round++) {
    char word[512];
    size_t length = 1 + (size_t)rt_random_below(3, position++, round % 2 ? 500 : 40);
    struct rt_text wanted = {0};
    for (size_t k = 0; k < length; k++) word[k] = "aaabcthel"[rt_random_below(3, position++, 9)];
    word[length] = '\0';
    slowly(word, length, &wanted);
    check(vocab, word, wanted.data);
    rt_text_free(&wanted);
  }
}

static void test_json(void **state) {
  (void)state;
  struct rt_text out = {0};
  struct io_vocab *again;
  json_t *json;
  io_vocab_write(vocab, &out, NULL);
  assert_int_equal(io_json_parse(&json, "it", out.data, out.length, NULL), RT_OK);
  assert_int_equal(io_vocab_from_json(&again, json, NULL, NULL), RT_OK);
  json_decref(json);
  assert_int_equal(again->count, vocab->count);
  assert_int_equal(again->end, vocab->end);
  assert_int_equal(again->merges->count, vocab->merges->count);
  assert_memory_equal(again->merges->pair, vocab->merges->pair,
                      (size_t)vocab->merges->count * sizeof *vocab->merges->pair);
  io_vocab_free(again);
  char *ids = strstr(out.data, "\"merges\":[") + strlen("\"merges\":[");
  static const char *const damage[] = {"9999,", "-1,5,", "0,", "0,0,", "\"a\",1,"};
  for (size_t k = 0; k < RT_COUNT(damage); k++) {
    struct rt_text bad = {0};
    rt_text_add(&bad, out.data, (size_t)(ids - out.data));
    rt_text_puts(&bad, damage[k]);
    rt_text_puts(&bad, ids);
    assert_int_equal(io_json_parse(&json, "it", bad.data, bad.length, NULL), RT_OK);
    assert_int_equal(io_vocab_from_json(&again, json, NULL, NULL), RT_BAD_DATA);
    assert_null(again);
    json_decref(json);
    rt_text_free(&bad);
  }
  rt_text_free(&out);
}

/* ---- learning ---- */

enum { MOST_WORDS = 40, MOST_LETTERS = 16 };

struct slow_word {
  char part[MOST_LETTERS][MOST_LETTERS + 1];
  int count, times;
};

/* The pair of neighbours that is seen most often, of equals the one of the lower ids, is merged everywhere.
 */
static bool slow_merge(struct slow_word *word, int words, const struct io_vocab *of, int rank) {
  int64_t best = 1;
  int32_t best_left = 0, best_right = 0;
  for (int32_t left = 0; left < of->count; left++)
    for (int32_t right = 0; right < of->count; right++) {
      int64_t seen = 0;
      size_t a, b;
      const char *x = io_intern_text(&of->texts, left, &a), *y = io_intern_text(&of->texts, right, &b);
      for (int w = 0; w < words; w++)
        for (int k = 0; k + 1 < word[w].count; k++)
          seen += strlen(word[w].part[k]) == a && !memcmp(word[w].part[k], x, a)
                          && strlen(word[w].part[k + 1]) == b && !memcmp(word[w].part[k + 1], y, b)
                      ? word[w].times
                      : 0;
      if (seen > best) best = seen, best_left = left, best_right = right;
    }
  if (best == 1) return false;
  assert_true(rank < of->merges->count);
  assert_int_equal(of->merges->pair[rank].left, best_left);
  assert_int_equal(of->merges->pair[rank].right, best_right);
  size_t a, b;
  const char *x = io_intern_text(&of->texts, best_left, &a), *y = io_intern_text(&of->texts, best_right, &b);
  for (int w = 0; w < words; w++)
    for (int k = 0; k + 1 < word[w].count; k++) {
      if (strlen(word[w].part[k]) != a || memcmp(word[w].part[k], x, a) != 0
          || strlen(word[w].part[k + 1]) != b || memcmp(word[w].part[k + 1], y, b) != 0)
        continue;
      strcat(word[w].part[k], word[w].part[k + 1]);
      memmove(word[w].part[k + 1], word[w].part[k + 2],
              (size_t)(word[w].count - k - 2) * sizeof *word[w].part);
      word[w].count--;
    }
  return true;
}

static void learn_and_compare(uint64_t seed) {
  struct slow_word word[MOST_WORDS] = {0};
  struct io_intern texts = {0};
  int64_t counts[MOST_WORDS] = {0};
  struct io_vocab *learned;
  for (uint64_t position = 0; texts.count < 20 && position < 4000;) {
    char text[MOST_LETTERS] = "";
    int length = 1 + (int)rt_random_below(seed, position++, 9);
    for (int k = 0; k < length; k++) text[k] = "abcd"[rt_random_below(seed, position++, 4)];
    int32_t number, before = texts.count;
    assert_int_equal(io_intern_add(&texts, text, (size_t)length, &number, NULL), RT_OK);
    counts[number]++;
    if (number != before) continue;
    word[number].count = length;
    for (int k = 0; k < length; k++) word[number].part[k][0] = text[k];
  }
  for (int w = 0; w < texts.count; w++) word[w].times = (int)counts[w];
  const struct io_counted counted = {&texts, counts, NULL};
  assert_int_equal(io_byte_pairs_learn(&learned, &counted, 256 + 12, false, NULL), RT_OK);
  for (int rank = 0; rank < learned->merges->count; rank++)
    assert_true(slow_merge(word, texts.count, learned, rank));
  assert_true(learned->merges->count >= 5);
  io_vocab_free(learned);
  io_intern_free(&texts);
}

static void test_learning(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 6; seed++) learn_and_compare(seed);
}

/* Where there is nothing to merge, there are the bytes; the mark comes last and counts. */
static void test_learning_ends(void **state) {
  (void)state;
  struct io_intern texts = {0};
  int64_t counts[] = {5, 0};
  int32_t number;
  struct io_vocab *learned;
  assert_int_equal(io_intern_add(&texts, "aaaa", 4, &number, NULL), RT_OK);
  assert_int_equal(io_intern_add(&texts, "zz", 2, &number, NULL), RT_OK); /* in no training row */
  const struct io_counted counted = {&texts, counts, NULL};
  assert_int_equal(io_byte_pairs_learn(&learned, &counted, 1000, true, NULL), RT_OK);
  assert_int_equal(learned->count, 256 + 2 + 1);
  assert_int_equal(learned->begin, 258);
  assert_int_equal(io_vocab_find(learned, "aaaa", 4), 257);
  io_vocab_free(learned);
  assert_int_equal(io_byte_pairs_learn(&learned, &counted, 258, true, NULL), RT_OK);
  assert_int_equal(learned->count, 258);
  assert_int_equal(learned->merges->count, 1);
  io_vocab_free(learned);
  io_intern_free(&texts);
}

static void refused(const char *ids, size_t ids_length, const char *pairs, const char *message) {
  struct io_vocab *none;
  struct rt_error error = {0};
  if (ids) write_file(ids_file, ids, ids_length);
  if (pairs) write_file(merges_file, pairs, strlen(pairs));
  assert_int_equal(io_byte_pairs_read(&none, ids_file, merges_file, &error), RT_BAD_DATA);
  assert_null(none);
  if (!strstr(error.text, message)) fail_msg("%s: not %s", error.text, message);
}

static void test_bad_files(void **state) {
  (void)state;
  refused(NULL, 0, "t h\nt h\n", "this pair is there already");
  refused(NULL, 0, "t h x\n", "a line is two entries");
  refused(NULL, 0, "th\n", "a line is two entries");
  refused(NULL, 0, "t qq\n", "\"qq\" is no entry");
  refused(NULL, 0, "q z\n", "both together are no entry");
  refused(NULL, 0, "t \xFF\n", "UTF-8");
  static const struct {
    const char *text, *message;
  } bad[] = {{"[1]", "it is no object"},
             {"{}", "it is no object"},
             {"{\"a\": 0", "is not valid JSON"},
             {"{\"a\": 0, \"a\": 1}", "is not valid JSON"},
             {"{\"a\": 1}", "has an id that is not below"},
             {"{\"a\": -1}", "has an id that is not below"},
             {"{\"a\": 0.5}", "has an id that is not below"},
             {"{\"a\": 0, \"b\": 0}", "has the id of another"},
             {"{\"a b\": 0}", "is not made of characters"},
             {"{\"生\": 0}", "is not made of characters"},
             {"{\"\": 0}", "is not made of characters"},
             {"{\"a\\u0000\": 0}", "is not valid JSON"},
             {"{\"a\": 0}", "the byte 0x00 is none"}};
  for (size_t k = 0; k < RT_COUNT(bad); k++) refused(bad[k].text, strlen(bad[k].text), NULL, bad[k].message);
  refused("{\"a\": \0 0}", 10, NULL, "is not valid JSON");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words),     cmocka_unit_test(test_merges),        cmocka_unit_test(test_rule),
      cmocka_unit_test(test_learning),  cmocka_unit_test(test_learning_ends), cmocka_unit_test(test_json),
      cmocka_unit_test(test_bad_files),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
