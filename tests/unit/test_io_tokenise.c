/* test_io_tokenise.c: what becomes a token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "runtime/io/tokenise.h"

/* The normalised tokens joined by '|'. */
static const char *join_with(const struct io_tokeniser *tokeniser, const char *text) {
  static char out[500];
  struct io_tokens t = {0};
  size_t n = 0, last = 0;
  assert_int_equal(io_tokenise(tokeniser, text, strlen(text), &t, NULL), RT_OK);
  for (size_t i = 0; i < t.count; i++) {
    bool again = tokeniser->kind == IO_TOKENS_NGRAMS && i && t.items[i].start == t.items[i - 1].start;
    assert_true(again
                || t.items[i].start >= last); /* spans rise and do not overlap, but for those of one word */
    last = t.items[i].start + t.items[i].length;
    assert_true(last <= strlen(text));
    if (i) out[n++] = '|';
    memcpy(out + n, t.text + t.items[i].at, t.items[i].size);
    n += t.items[i].size;
  }
  out[n] = '\0';
  io_tokens_free(&t);
  return out;
}

static const char *join(enum io_token_kind kind, const char *text) {
  return join_with(&(struct io_tokeniser){.kind = kind}, text);
}

static const struct io_tokeniser words_of = {.kind = IO_TOKENS_WORDS};

static const struct {
  const char *text, *tokens;
} words[] = {
    {"", ""},
    {" \t\r\n ", ""},
    {"One fish,two FISH.", "one|fish|,|two|fish|."},
    {"don't do n't it 's they 'll", "don't|do|n't|it|'s|they|'ll"},
    {"'quoted' 'I' ('s)", "'|quoted|'|'|i|'|(|'|s|)"},
    {"rock'n'roll o'clock dogs' bones", "rock'n'roll|o'clock|dogs|'|bones"},
    {"don\u2019t it \u2019s \u2018so\u2019", "don't|it|'s|‘|so|’"},
    {"re-imagining well -- known- -x", "re-imagining|well|-|-|known|-|-|x"},
    {"non\u2011breaking", "non-breaking"},
    {"3.14 1,000,000.5 3. .5 a.b 1,x", "3.14|1,000,000.5|3|.|.|5|a|.|b|1|,|x"},
    {"$5 50% a_b #tag @you", "$|5|50|%|a|_|b|#|tag|@|you"},
    {"...", ".|.|."},
    {"送餐快iPhone手机，20分钟", "送|餐|快|iphone|手|机|，|20|分|钟"},
    {"カタカナ・ひらがな々ー", "カ|タ|カ|ナ|・|ひ|ら|が|な|々|ー"},
    {"か\u3099", "が"}, /* kana and its voicing mark: one token, composed */
    {"\uF900", "豈"},   /* a compatibility ideograph has another normal form */
    {"한국어 말", "한국어|말"},
    {"\u1112\u1161\u11AB", "한"}, /* jamo compose */
    {"E\u0301TÉ été", "été|été"}, /* composed or not, the same */
    {"GROSSE große ΣΟΦΟΣ", "grosse|große|σοφοσ"},
    {"İ I\u0307", "i\u0307|i\u0307"},
    {"\u00C5 \u212B A\u030A", "å|å|å"},
    {"=\u0338 ≠", "≠|≠"},
    {"Привет, мир!", "привет|,|мир|!"},
    {"a\u00A0b\u2003c\u3000d\u200Be\u2028f", "a|b|c|d|e|f"},
    {"\u0645\u06CC\u200C\u062E", "\u0645\u06CC\u200C\u062E"}, /* zero width non-joiner within a word */
    {"😀👍🏽!", "😀|👍|🏽|!"},
    {"\u0301", "\u0301"},
    {"x\x01y\x7Fz", "x|y|z"},
};

static void test_words(void **state) {
  (void)state;
  for (size_t i = 0; i < RT_COUNT(words); i++)
    assert_string_equal(join(IO_TOKENS_WORDS, words[i].text), words[i].tokens);
}

static void test_spaces(void **state) {
  (void)state;
  assert_string_equal(join(IO_TOKENS_SPACES, "  U.S. 's a\u00A0b \u200B E\u0301\t- "),
                      "u.s.|'s|a\u00A0b|\u200B|é|-");
  assert_string_equal(join(IO_TOKENS_SPACES, " "), "");
}

static void test_units(void **state) {
  (void)state;
  assert_string_equal(join(IO_TOKENS_CHARS, "aÉ 中\n"), "a|É| |中|\n");
  assert_string_equal(join(IO_TOKENS_BYTES, "aé"), "a|\xC3|\xA9");
}

static const struct {
  const char *text;
  int64_t min_n, max_n;
  const char *tokens;
} ngrams[] = {
    {"", 3, 6, ""},
    {"Cat", 3, 4, "<ca|cat|at>|<cat|cat>"},
    {"a cat", 4, 9, "<a>|<cat|cat>|<cat>"}, /* a word shorter than min_n is its own part */
    {"it's", 5, 5, "<it's|it's>"},
    {"ab, c", 2, 2, "<a|ab|b>|<,|,>|<c|c>"},
    {"a", 1, 1, "<|a|>"},
    {"ÉTÉ", 3, 3, "<ét|été|té>"},                 /* code points, normalised, not bytes */
    {"很好吃!", 2, 2, "<很|很好|好吃|吃>|<!|!>"}, /* ideographs that follow each other are one word */
    {"很 好", 3, 3, "<很>|<好>"},
};

static void test_ngrams(void **state) {
  (void)state;
  for (size_t i = 0; i < RT_COUNT(ngrams); i++) {
    struct io_tokeniser tokeniser = {
        .kind = IO_TOKENS_NGRAMS, .min_n = ngrams[i].min_n, .max_n = ngrams[i].max_n};
    assert_string_equal(join_with(&tokeniser, ngrams[i].text), ngrams[i].tokens);
  }
}

static void test_spans(void **state) {
  (void)state;
  struct io_tokens t = {0};
  const char *text = " E\u0301te\u0301, 中3.5";
  assert_int_equal(io_tokenise(&words_of, text, strlen(text), &t, NULL), RT_OK);
  static const struct { size_t start, length, size; } want[] = {{1, 7, 5}, {8, 1, 1}, {10, 3, 3}, {13, 3, 3}};
  assert_int_equal(t.count, RT_COUNT(want));
  for (size_t i = 0; i < t.count; i++) {
    assert_int_equal(t.items[i].start, want[i].start);
    assert_int_equal(t.items[i].length, want[i].length);
    assert_int_equal(t.items[i].size, want[i].size);
  }
  io_tokens_free(&t);
}

/* Once its arrays are large enough, tokenising asks for no memory. */
static void test_steady_state(void **state) {
  (void)state;
  struct io_tokens t = {0};
  const char *text = "Été 中文, don't 3.14";
  assert_int_equal(io_tokenise(&words_of, text, strlen(text), &t, NULL), RT_OK);
  uint64_t before = rt_alloc_count();
  assert_int_equal(io_tokenise(&words_of, text, strlen(text), &t, NULL), RT_OK);
  assert_int_equal(rt_alloc_count(), before);
  struct io_tokeniser parts = {.kind = IO_TOKENS_NGRAMS, .min_n = 3, .max_n = 6};
  assert_int_equal(io_tokenise(&parts, text, strlen(text), &t, NULL), RT_OK);
  before = rt_alloc_count();
  assert_int_equal(io_tokenise(&parts, text, strlen(text), &t, NULL), RT_OK);
  assert_int_equal(rt_alloc_count(), before);
  io_tokens_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words),  cmocka_unit_test(test_spaces), cmocka_unit_test(test_units),
      cmocka_unit_test(test_ngrams), cmocka_unit_test(test_spans),  cmocka_unit_test(test_steady_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
