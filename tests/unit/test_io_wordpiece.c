/* test_io_wordpiece.c: texts in word pieces, as BERT takes them apart: a vocabulary of our own, small enough
 * to tell by hand what comes out. tests/compare-tokenisers.sh compares more with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runtime/io/data.h"
#include "runtime/io/wordpiece.h"

static const char file[] = "wordpiece.vocab";
static const char entries[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\nun\n##able\n##a\n,\n.\n!\n生\n活\n"
    "strasse\ncafe\nThe\nCaf\n##é\nlogos\nλογο\n##ς\nσ\n##ab\na\n'\nb\n";

static struct io_vocab *vocab;

static int set_up(void **state) {
  (void)state;
  FILE *f = fopen(file, "wb");
  if (!f || fwrite(entries, 1, sizeof entries - 1, f) != sizeof entries - 1 || fclose(f)) return 1;
  return io_vocab_from_file(&vocab, file, NULL);
}

static int tear_down(void **state) {
  (void)state;
  io_vocab_free(vocab);
  return remove(file);
}

/* The tokens, as "[CLS] the cat [SEP]". */
static void joined(const struct io_tokens *tokens, char *out, size_t size) {
  out[0] = '\0';
  for (size_t k = 0; k < tokens->count; k++) {
    size_t at = strlen(out);
    snprintf(out + at, size - at, "%s%.*s", k ? " " : "", (int)tokens->items[k].size,
             tokens->text + tokens->items[k].at);
  }
}

static void check(struct io_wordpiece how, const char *one, const char *two, const char *wanted) {
  const struct io_field text[] = {{one, strlen(one)}, {two, two ? strlen(two) : 0}};
  struct io_tokens tokens = {0};
  char seen[2000];
  assert_int_equal(io_wordpiece_split(vocab, &how, text, two ? 2 : 1, &tokens, NULL), RT_OK);
  joined(&tokens, seen, sizeof seen);
  assert_string_equal(seen, wanted);
  io_tokens_free(&tokens);
}

static void test_texts(void **state) {
  (void)state;
  const struct io_wordpiece lower = {.lower = true}, cased = {.lower = false};
  check(lower, "", NULL, "");
  check(lower, " \t\n", NULL, "");
  check(lower, "The cats, unable!", NULL, "the cat ##s , un ##able !");
  check(lower, "CAFÉ Cafe\xCC\x81.", NULL, "cafe cafe ."); /* composed and decomposed */
  check(cased, "The Café", NULL, "The Caf ##é");
  check(cased, "CAFÉ", NULL, "CAFÉ"); /* unknown, and so as it is */
  check(lower, "the生活cat", NULL, "the 生 活 cat");
  check(lower, "ΛΟΓΟΣ Σ", NULL, "λογο ##ς σ"); /* a sigma at the end of a word */
  check(lower, "a'b", NULL, "a ' b");
  check(lower, "t\xC2\xADhe\xE2\x80\x8B cat\xEF\xBF\xBD", NULL, "the cat"); /* what is unseen is dropped */
  check(lower,
        "the\xC2\xA0"
        "cat\xE2\x80\x83.",
        NULL, "the cat .");                               /* wide and narrow spaces */
  check(lower, "dog catdog cat", NULL, "dog catdog cat"); /* dog: no piece of it is known */
  check(lower, "the[MASK]cat [mask]", NULL, "the [MASK] cat [ mask ]");
}

static void test_long_words(void **state) {
  (void)state;
  char word[128] = "a", wanted[600] = "a";
  for (int k = 1; k < 100; k++) {
    word[k] = 'a';
    strcat(wanted, " ##a");
  }
  check((struct io_wordpiece){.lower = true}, word, NULL, wanted);
  word[100] = 'a';
  check((struct io_wordpiece){.lower = true}, word, NULL, "[UNK]");
}

static void test_sequences(void **state) {
  (void)state;
  struct io_wordpiece how = {.lower = true, .ends = true};
  check(how, "the cat", NULL, "[CLS] the cat [SEP]");
  check(how, "", NULL, "[CLS] [SEP]");
  check(how, "the cat", "a b", "[CLS] the cat [SEP] a b [SEP]");
  check(how, "the cat", "", "[CLS] the cat [SEP] [SEP]");
  how.limit = 4;
  check(how, "the cat a b", NULL, "[CLS] the cat [SEP]");
  how.limit = 6;
  check(how, "the cat a b", "b", "[CLS] the cat [SEP] b [SEP]");
  check(how, "a", "the cat a b", "[CLS] a [SEP] the cat [SEP]");
  check(how, "the cat a b", "a b the cat",
        "[CLS] the cat [SEP] a [SEP]"); /* of equals the second is cut first */
  how = (struct io_wordpiece){.lower = true, .limit = 3};
  check(how, "the cat", "a b", "the cat a");
}

/* A pair of texts, and which of them each token belongs to. */
static void test_segments(void **state) {
  (void)state;
  struct io_schema schema = {0};
  struct io_column *column;
  struct io_dataset data = {0};
  static const int32_t ids[] = {2, 5, 6, 3, 26, 3}, parts[] = {0, 0, 0, 0, 1, 1};
  const struct io_field fields[] = {{"the cat", 7}, {"a", 1}};
  assert_int_equal(io_schema_add(&schema, "pair", io_kind_find("wordpiece"), &column, NULL), RT_OK);
  assert_int_equal(io_schema_read_from(column, "one", "two", NULL), RT_OK);
  assert_int_equal(io_vocab_from_file(&column->vocab, file, NULL), RT_OK);
  assert_int_equal(io_schema_add(&schema, "part", io_kind_find("segments"), &column, NULL), RT_OK);
  assert_int_equal(io_schema_read_from(column, "one", NULL, NULL), RT_OK);
  assert_int_equal(column->kind->fixed(&column->vocab, false, NULL), RT_OK);
  assert_int_equal(io_schema_check(&schema, NULL), RT_OK);
  assert_int_equal(schema.fields, 2);
  assert_string_equal(io_schema_field_name(&schema, 1), "two");
  assert_int_equal(io_dataset_add(&data, &schema, fields, 0, NULL), RT_OK);
  assert_int_equal(io_payload_count(&data.values[0].of, 0), RT_COUNT(ids));
  assert_memory_equal(io_payload_ids(&data.values[0].of), ids, sizeof ids);
  assert_int_equal(io_payload_count(&data.values[1].of, 0), RT_COUNT(parts));
  assert_memory_equal(io_payload_ids(&data.values[1].of), parts, sizeof parts);
  io_dataset_free(&data);
  io_schema_free(&schema);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_long_words),
      cmocka_unit_test(test_sequences),
      cmocka_unit_test(test_segments),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
