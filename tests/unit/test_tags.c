/* test_tags.c: entities counted by hand, which tag may follow which, and best paths and probabilities of tags
 * against a look at every path. */
#include "libaq/judge/report.h"
#include "libaq/predict/tag_path.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- entities ---- */

enum { MOST = 16 };

/* Numbers of the tags in text; "-" has no answer. */
static size_t read_tags(struct rep_report *r, const char *text, size_t tag[static MOST]) {
  char copy[200], *rest = copy;
  size_t count = 0;
  snprintf(copy, sizeof copy, "%s", text);
  for (char *name; (name = strtok_r(rest, " ", &rest)); count++) {
    tag[count] = SIZE_MAX;
    if (strcmp(name, "-") != 0) assert_int_equal(rep_class(r, name, &tag[count], NULL), RT_OK);
  }
  return count;
}

static void entities_by_hand(void **state) {
  (void)state;
  static const struct {
    const char *truth, *said;
    uint64_t hits, truths, predictions;
  } cases[] = {
      {"B-a I-a O", "B-a I-a O", 1, 1, 1},
      {"B-a I-a O", "B-a O O", 0, 1, 1},
      {"B-a I-a", "I-a I-a", 1, 1, 1}, /* I without B begins one */
      {"O I-a I-a", "O B-a I-a", 1, 1, 1},
      {"B-a I-b", "B-a I-b", 2, 2, 2}, /* another type begins one */
      {"B-a I-b", "B-a I-a", 0, 2, 1},
      {"B-a B-a", "B-a I-a", 0, 2, 1},
      {"I-a B-a I-a", "I-a B-a I-a", 2, 2, 2}, /* IOB1 */
      {"B-a O B-a", "B-a - B-a", 2, 2, 2},
      {"B-a I-a", "B-a -", 0, 1, 1}, /* a word behind the limit */
      {"B-a E-a S-a", "B-a E-a S-a", 2, 2, 2},
      {"S-a S-a", "S-a S-a", 2, 2, 2},
      {"S-a I-a", "S-a S-a", 2, 2, 2},
      {"B-a I-a E-a", "B-a E-a E-a", 0, 1, 2},
      {"E-a E-a", "S-a S-a", 2, 2, 2},
      {"B-a I-a E-a B-a", "B-a I-a I-a B-a", 2, 2, 2},
      {"B-a M-a L-a U-a", "B-a I-a E-a S-a", 2, 2, 2},
      {"O O", "O O", 0, 0, 0},
      {"B-a-b I-a-b", "B-a-b I-a-b", 1, 1, 1}, /* a type with a hyphen */
      {"B I O", "B I O", 1, 1, 1},
  };
  for (size_t k = 0; k < RT_COUNT(cases); k++) {
    struct rep_report r;
    size_t truth[MOST], said[MOST];
    uint64_t hits = 0, truths = 0, predictions = 0;
    assert_int_equal(rep_init(&r, REP_TAGS, NULL), RT_OK);
    size_t count = read_tags(&r, cases[k].truth, truth);
    assert_int_equal(read_tags(&r, cases[k].said, said), count);
    rep_add_tags(&r, truth, said, count);
    for (size_t e = 0; e < r.entity_count; e++) {
      hits += r.entity[e].hits;
      truths += r.entity[e].truths;
      predictions += r.entity[e].predictions;
    }
    if (hits != cases[k].hits || truths != cases[k].truths || predictions != cases[k].predictions)
      fail_msg("%s / %s: %d %d %d", cases[k].truth, cases[k].said, (int)hits, (int)truths, (int)predictions);
    rep_free(&r);
  }
}

static void types_are_counted_apart(void **state) {
  (void)state;
  struct rep_report r;
  size_t truth[MOST], said[MOST];
  assert_int_equal(rep_init(&r, REP_TAGS, NULL), RT_OK);
  size_t count = read_tags(&r, "B-b O B-a I-a B-b O", truth);
  read_tags(&r, "B-b O B-a O B-a B-c", said);
  rep_add_tags(&r, truth, said, count);
  assert_int_equal(r.entity_count, 3);
  assert_string_equal(r.entity[0].type, "a");
  struct rep_scores a = rep_entity_scores(&r, 0), b = rep_entity_scores(&r, 1),
                    all = rep_all_entity_scores(&r);
  assert_true(a.f1 == 0 && a.support == 1);
  assert_true(b.precision == 1 && b.recall == 0.5 && b.support == 2);
  assert_true(all.precision == 0.25 && all.support == 3 && fabs(all.recall - 1 / 3.0) < 1e-15);
  rep_reset(&r);
  assert_true(rep_all_entity_scores(&r).support == 0 && r.entity_count == 3);
  rep_free(&r);
}

static bool marks(const char *names) {
  struct rep_report r;
  size_t tag[MOST];
  assert_int_equal(rep_init(&r, REP_TAGS, NULL), RT_OK);
  read_tags(&r, names, tag);
  bool does = rep_has_entities(&r);
  rep_free(&r);
  return does;
}

static void which_names_mark_entities(void **state) {
  (void)state;
  assert_true(marks("O B-x I-x"));
  assert_true(marks("I-x O"));
  assert_true(marks("B I O"));
  assert_true(marks("B M E S"));
  assert_true(marks("S-x B-x E-x"));
  assert_false(marks("NOUN VERB"));
  assert_false(marks("B-x O ADJ"));
  assert_false(marks("O S"));
  assert_false(marks("b-x i-x O"));
  assert_false(marks("B- O"));
  assert_false(marks("O-x B-x"));
}

/* ---- which may follow which ---- */

static struct io_vocab *vocab_of(const char *labels) {
  struct io_vocab *vocab;
  assert_int_equal(io_vocab_from_labels(&vocab, labels, NULL), RT_OK);
  return vocab;
}

static bool may(const struct tag_rules *rules, const struct io_vocab *vocab, const char *before,
                const char *now) {
  int64_t a = before ? io_vocab_find(vocab, before, strlen(before)) : TAG_NONE,
          b = now ? io_vocab_find(vocab, now, strlen(now)) : TAG_NONE;
  return tag_may_follow(rules, a, b);
}

static void what_may_follow(void **state) {
  (void)state;
  struct tag_rules rules;
  struct io_vocab *vocab = vocab_of("O, B-a, I-a, B-b, I-b, I-c");
  assert_int_equal(tag_rules_init(&rules, vocab, false), RT_OK);
  assert_true(may(&rules, vocab, "B-a", "I-a") && may(&rules, vocab, "I-a", "I-a"));
  assert_true(may(&rules, vocab, "I-a", "O") && may(&rules, vocab, "I-a", "B-b"));
  assert_true(may(&rules, vocab, NULL, "B-a") && may(&rules, vocab, "B-a", NULL));
  assert_false(may(&rules, vocab, "O", "I-a") || may(&rules, vocab, NULL, "I-a"));
  assert_false(may(&rules, vocab, "B-b", "I-a") || may(&rules, vocab, "I-b", "I-a"));
  assert_true(may(&rules, vocab, "O", "I-c") && may(&rules, vocab, NULL, "I-c")); /* there is no B-c */
  tag_rules_free(&rules);
  io_vocab_free(vocab);

  vocab = vocab_of("O, B-a, I-a, I-b");
  assert_int_equal(tag_rules_init(&rules, vocab, true), RT_OK); /* IOB1 */
  assert_true(may(&rules, vocab, "O", "I-a") && may(&rules, vocab, NULL, "I-a"));
  assert_true(may(&rules, vocab, "I-b", "I-a") && may(&rules, vocab, "I-a", "B-a"));
  tag_rules_free(&rules);
  io_vocab_free(vocab);

  vocab = vocab_of("O, B-a, I-a, E-a, S-a, S-b");
  assert_int_equal(tag_rules_init(&rules, vocab, false), RT_OK);
  assert_true(may(&rules, vocab, "B-a", "E-a") && may(&rules, vocab, "I-a", "E-a"));
  assert_true(may(&rules, vocab, "E-a", "B-a") && may(&rules, vocab, "E-a", NULL));
  assert_false(may(&rules, vocab, "B-a", "O") || may(&rules, vocab, "B-a", NULL));
  assert_false(may(&rules, vocab, "B-a", "B-a") || may(&rules, vocab, "I-a", "S-b"));
  assert_false(may(&rules, vocab, "S-a", "E-a") || may(&rules, vocab, "E-a", "I-a"));
  tag_rules_free(&rules);
  io_vocab_free(vocab);

  vocab = vocab_of("NOUN, VERB");
  assert_int_equal(tag_rules_init(&rules, vocab, false), RT_OK);
  assert_null(rules.rule);
  assert_true(may(&rules, vocab, "VERB", "VERB"));
  io_vocab_free(vocab);
}

/* ---- against every path ---- */

enum { MOST_WORDS = 5, MOST_TAGS = 6 };

struct every {
  const double *score;
  int64_t words, classes;
  bool chain;
  const struct tag_rules *rules;
  double best, sum, chance[MOST_WORDS * MOST_TAGS];
};

static double path_score(const struct every *x, const int32_t *path) {
  int64_t n = x->classes;
  double sum = 0;
  for (int64_t t = 0; t < x->words; t++) {
    double first = 0;
    for (int64_t a = 0; x->chain && t == 0 && a < n; a++) first += x->score[a * n + path[0]] / (double)n;
    sum += !x->chain ? x->score[t * n + path[t]]
           : t == 0  ? first
                     : x->score[(t * n + path[t - 1]) * n + path[t]];
  }
  return sum;
}

static bool path_fits(const struct tag_rules *rules, const int32_t *path, int64_t words) {
  int64_t before = TAG_NONE;
  for (int64_t t = 0; t < words; before = path[t++])
    if (!tag_may_follow(rules, before, path[t])) return false;
  return tag_may_follow(rules, before, TAG_NONE);
}

static void look_at_every_path(struct every *x) {
  int32_t path[MOST_WORDS] = {0};
  x->best = -INFINITY;
  x->sum = 0;
  memset(x->chance, 0, sizeof x->chance);
  for (int64_t t = 0; t < x->words;) {
    double score = path_score(x, path);
    x->sum += exp(score);
    for (int64_t k = 0; k < x->words; k++) x->chance[k * x->classes + path[k]] += exp(score);
    if (path_fits(x->rules, path, x->words) && score > x->best) x->best = score;
    for (t = 0; t < x->words && ++path[t] == x->classes; t++) path[t] = 0;
  }
}

static uint64_t seed = 7;
static double draw(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(seed >> 11) * 0x1p-53;
}

static void against_every_path(struct tag_answers *answers, const char *labels, bool chain) {
  struct io_vocab *vocab = labels ? vocab_of(labels) : NULL;
  int64_t classes = vocab ? vocab->count : 3, wide = chain ? classes * classes : classes, first[4] = {0};
  double score[3 * MOST_WORDS * MOST_TAGS * MOST_TAGS], kept[RT_COUNT(score)];
  assert_int_equal(tag_answers_init(answers, vocab, false), RT_OK);
  for (int e = 0; e < 3; e++) first[e + 1] = first[e] + (int64_t)(draw() * (MOST_WORDS + 1));
  for (int64_t k = 0; k < first[3] * wide; k++) kept[k] = score[k] = 8 * draw() - 4;
  struct tag_scores scores = {score, first, 3, classes, chain};
  assert_int_equal(tag_answers_read(answers, &scores), RT_OK);
  for (int e = 0; e < 3; e++) {
    struct every x = {.score = kept + first[e] * wide,
                      .words = first[e + 1] - first[e],
                      .classes = classes,
                      .chain = chain,
                      .rules = &answers->rules};
    if (!x.words) continue;
    look_at_every_path(&x);
    const int32_t *path = answers->path + first[e];
    assert_true(path_fits(&answers->rules, path, x.words));
    assert_true(fabs(path_score(&x, path) - x.best) < 1e-12);
    for (int64_t k = 0; chain && k < x.words * classes; k++)
      assert_true(fabs(score[first[e] * classes + k] - x.chance[k] / x.sum) < 1e-12);
  }
  if (!chain) assert_memory_equal(score, kept, (size_t)(first[3] * wide) * sizeof *score);
  tag_answers_free(answers);
  io_vocab_free(vocab);
}

static void paths_and_chances(void **state) {
  (void)state;
  struct tag_answers answers = {0};
  for (int k = 0; k < 60; k++) {
    against_every_path(&answers, NULL, k % 2);
    against_every_path(&answers, "O, B-a, I-a, B-b, I-b", k % 2);
    against_every_path(&answers, "O, B-a, I-a, E-a, S-a", k % 2);
  }
}

/* Where no path is as it should be, one with the fewest wrong steps is taken; scores may be minus infinity.
 */
static void there_is_always_a_path(void **state) {
  (void)state;
  struct tag_answers answers = {0};
  struct io_vocab *vocab = vocab_of("B-a, E-a");
  double score[] = {1, 3, 0, 0, -INFINITY, -INFINITY};
  const int64_t first[] = {0, 1, 3};
  assert_int_equal(tag_answers_init(&answers, vocab, false), RT_OK);
  struct tag_scores scores = {score, first, 2, 2, false};
  assert_int_equal(tag_answers_read(&answers, &scores), RT_OK);
  assert_int_equal(answers.path[0], 1);
  assert_int_equal(answers.path[1], 0);
  assert_int_equal(answers.path[2], 1);
  tag_answers_free(&answers);
  io_vocab_free(vocab);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entities_by_hand),          cmocka_unit_test(types_are_counted_apart),
      cmocka_unit_test(which_names_mark_entities), cmocka_unit_test(what_may_follow),
      cmocka_unit_test(paths_and_chances),         cmocka_unit_test(there_is_always_a_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
