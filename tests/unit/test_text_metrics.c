/* test_text_metrics.c: BLEU and chrF of texts, against what sacrebleu 2.6 says of them, and edits. */
#include "libaq/judge/edits.h"
#include "libaq/judge/text_metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct example {
  const char *name;
  const char *written[2], *right[2];
  double bleu, bleu_lower, chrf;
} examples[] = {
    {"the same, and nearly so",
     {"The cat sits on the mat.", "Two dogs run across a wide green field today."},
     {"The cat sits on the mat.", "Two dogs are running over a wide, green field today."},
     56.0822558315,
     56.0822558315,
     68.5930404781},
    {"case, and marks within numbers and words",
     {"the price is $3,000.50 (about 10-20% more), said j. o'neil"},
     {"The price is $3,000.50 (about 10-20% more), said J. O'Neil."},
     72.7849348123,
     94.5959468907,
     81.9592156344},
    {"entities",
     {"a &lt; b &amp; c &quot;d&quot; <skipped>e"},
     {"a < b & c \"d\" e"},
     100,
     100,
     9.4807467911},
    {"precisions of 0",
     {"a b c d e f", "g h"},
     {"a x c y e z", "h g"},
     10.7917502671,
     10.7917502671,
     10.4166666667},
    {"no four words in a row", {"a cat", "a dog"}, {"a cat here", "a dog there"}, 0, 0, 39.1731275946},
    {"umlauts, a space that does not break, and no spaces",
     {"Größe\u00a0zählt …", "他在公园里跑步。"},
     {"Größe zählt nicht …", "他在公园跑。"},
     0,
     0,
     57.4350477505},
    {"a last letter that ends in the byte of a space",
     {"voilà la mer et le voilà"},
     {"la mer et le voilà voilà"},
     79.5270728767,
     79.5270728767,
     83.5914643635},
    {"nothing in common", {"x y z"}, {"a b c"}, 0, 0, 0},
    {"nothing written", {"", ""}, {"a b", "c d e f g"}, 0, 0, 0},
    {"an I with its dot",
     {"İstanbul is a big city on the sea"},
     {"istanbul IS a big city on the sea"},
     68.0374933317,
     84.0896415254,
     77.2456637565},
};

static void test_examples(void **state) {
  (void)state;
  for (size_t e = 0; e < RT_COUNT(examples); e++) {
    const struct example *x = &examples[e];
    struct bleu bleu = {0}, lower = {0};
    struct chrf chrf = {0};
    struct rt_error error = {0};
    for (size_t k = 0; k < 2 && x->written[k]; k++) {
      assert_int_equal(bleu_add(&bleu, x->written[k], x->right[k], false, &error), RT_OK);
      assert_int_equal(bleu_add(&lower, x->written[k], x->right[k], true, &error), RT_OK);
      assert_int_equal(chrf_add(&chrf, x->written[k], x->right[k], &error), RT_OK);
    }
    double off = fmax(fabs(bleu_value(&bleu) - x->bleu),
                      fmax(fabs(bleu_value(&lower) - x->bleu_lower), fabs(chrf_value(&chrf) - x->chrf)));
    if (off > 1e-9)
      fail_msg("%s: BLEU %.10f, in lower case %.10f, chrF %.10f", x->name, bleu_value(&bleu),
               bleu_value(&lower), chrf_value(&chrf));
  }
}

/* Bytes that are no UTF-8, as a model of bytes may write them, are counted like any others. */
static void test_bytes(void **state) {
  (void)state;
  struct bleu bleu = {0};
  struct chrf chrf = {0};
  struct rt_error error = {0};
  assert_int_equal(bleu_add(&bleu, "\xff a b c \xe4", "\xff a b c \xe4", true, &error), RT_OK);
  assert_int_equal(chrf_add(&chrf, "\xff a b c \xe4", "\xff a b c \xe4", &error), RT_OK);
  assert_true(fabs(bleu_value(&bleu) - 100) < 1e-9);
  assert_true(fabs(chrf_value(&chrf) - 100) < 1e-9);
}

/* Over several texts, edits and lengths are added up before they are divided. */
static void test_edits(void **state) {
  (void)state;
  struct edits sum = {0};
  struct rt_error error = {0};
  assert_true(isnan(edits_per_letter(&sum)) && isnan(edits_per_word(&sum)));
  assert_int_equal(edits_add(&sum, "kitten", "sitting", &error), RT_OK);
  assert_int_equal(sum.letter_edits, 3);
  assert_int_equal(edits_add(&sum, "", "\xC3\xA4 b", &error), RT_OK);
  assert_int_equal(edits_add(&sum, " one two  three", "one three", &error), RT_OK);
  assert_int_equal(edits_add(&sum, "more", "", &error), RT_OK);
  assert_int_equal(sum.letters, 7 + 3 + 9);
  assert_int_equal(sum.words, 1 + 2 + 2);
  assert_int_equal(sum.letter_edits, 3 + 3 + 6 + 4);
  assert_int_equal(sum.word_edits, 1 + 2 + 1 + 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_bytes),
                                     cmocka_unit_test(test_edits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
