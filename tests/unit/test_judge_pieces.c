/* test_judge_pieces.c: a file is judged in pieces: what is said of it does not depend on how it is cut, and
 * memory does not grow with it. */
#include "tests/unit/libaq_files.h"

#include "libaq/judge/judge.h"

static aq_eval_options options_of(int threads) {
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = threads;
  options.batch = 8;
  options.bad_rows = AQ_BAD_ROW_SKIP;
  return options;
}

/* All that a report says, in memory that the caller frees. */
static char *said_of(aq_model *model, const char *path, const aq_eval_options *options, int64_t piece) {
  aq_report *report;
  if (lib_report_pieces(model, path, options, piece, &report) != AQ_OK)
    fail_msg("%s:%d: %s", aq_report_message(report)->file, aq_report_message(report)->line,
             aq_report_message(report)->text);
  int64_t skipped, rows = aq_report_rows(report, &skipped);
  const aq_reading *met = aq_report_reading(report);
  struct rt_text said = {0};
  rt_text_printf(&said, "%s\n%s\n%lld %lld; %lld %lld %d %zu", aq_report_text(report), aq_report_json(report),
                 (long long)rows, (long long)skipped, (long long)met->rows, (long long)met->skipped,
                 met->header, met->cut_count);
  for (size_t k = 0; k < met->cut_count; k++)
    rt_text_printf(&said, "; %s %lld %lld", met->cut[k]->column, (long long)met->cut[k]->texts,
                   (long long)met->cut[k]->tokens);
  if (met->first_skipped)
    rt_text_printf(&said, "; %s:%d", met->first_skipped->text, met->first_skipped->line);
  aq_report_free(report);
  assert_false(said.failed);
  return said.data;
}

/* The same bits however the file is cut, with one thread and with one that reads ahead. */
static void assert_same(aq_model *model, const char *path, aq_eval_options options, const char *says) {
  static const int64_t pieces[] = {1, 2, 3, 7, 8, 20, 1000};
  char *whole = said_of(model, path, &options, 100000);
  if (!strstr(whole, says)) fail_msg("\"%s\" is not said:\n%s", says, whole);
  for (size_t k = 0; k < RT_COUNT(pieces); k++)
    for (options.threads = 1; options.threads <= 2; options.threads++) {
      char *said = said_of(model, path, &options, pieces[k]);
      if (strcmp(said, whole) != 0)
        fail_msg("in pieces of %d rows, %d threads:\n%s\ninstead of\n%s", (int)pieces[k], options.threads,
                 said, whole);
      rt_free(said);
    }
  rt_free(whole);
}

static const char *numbered(const char *name, const char *header, int rows, void (*row)(FILE *file, int k)) {
  const char *path = path_of(name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, "%s\n", header);
  for (int k = 0; k < rows; k++) row(file, k);
  assert_int_equal(fclose(file), 0);
  return path;
}

static const char *word(int k) {
  static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven", "eight"};
  return words[((unsigned)k * 2654435761u >> 8) % RT_COUNT(words)];
}

/* Labels that training did not see, texts that are cut, rows without an answer and rows that cannot be read.
 */
static void mixed_row(FILE *file, int k) {
  if (k % 17 == 3) fprintf(file, "one\n");
  fprintf(file, "%s %s %s\t%s\t%d\t%d\n", word(k), word(k + 1), k % 5 ? "" : "six six six six",
          k % 6 == 4 ? (k % 4 ? "odd" : "odder") : word(k / 2), k % 9, k % 23 == 7 ? -1 : k % 4);
}

static void first_row(FILE *file, int k) {
  fprintf(file, "%s %s\t%s\t%d\t%d\n", word(k), word(k + 1), word(k / 2), k % 9, k % 4);
}

static void test_classes_and_numbers(void **state) {
  (void)state;
  static const char program[] = "data { text: words[T <= 5], kind: class[C], stars: number, size: number }\n"
                                "model m(text, size) -> kind, stars {\n"
                                "  x = mean(embed(text, 4), T) + log(1 + size)\n"
                                "  return linear(x, C), linear(x, 1)[0]\n}\n"
                                "train { epochs = 1 }\n";
  static const char header[] = "text\tkind\tstars\tsize";
  aq_model *model = trained(program, numbered("few.tsv", header, 30, first_row));
  aq_eval_options options = options_of(1);
  const char *path = numbered("mixed.tsv", header, 150, mixed_row);
  assert_same(model, path, options, "odder");
  options.errors = 12;
  options.calibration = true;
  assert_same(model, path, options, "hardest rows");
  options.negatives = 3;
  options.seed = 5;
  assert_same(model, path, options, "recall@");
  options.out_of_scope = "odd";
  assert_same(model, path, options, "below 0.5");
  aq_model_free(model);
}

static void tag_row(FILE *file, int k) {
  for (int t = 0; t < 1 + k % 6; t++) fprintf(file, "%s%s", t ? " " : "", word(k + t));
  for (int t = 0; t < 1 + k % 6; t++)
    fprintf(file, "%s%s", t ? " " : "\t", (k + t) % 11 == 3 ? "B-odd" : (k + t) % 3 ? "O" : "B-thing");
  fprintf(file, "\n");
}

static void test_tags(void **state) {
  (void)state;
  aq_model *model =
      trained("data { text: words[T <= 4], tags: tags[T, C](labels = \"O, B-thing, I-thing\") }\n"
              "model m(text) -> tags { return linear(embed(text, 4), C) }\n"
              "train { epochs = 1 }\n",
              write_text("tags.tsv", "text\ttags\none two\tO B-thing\nsix one\tO O\n"));
  aq_eval_options options = options_of(1);
  options.errors = 9;
  assert_same(model, numbered("more.tsv", "text\ttags", 90, tag_row), options, "B-odd");
  aq_model_free(model);
}

static void label_row(FILE *file, int k) {
  fprintf(file, "%s %s\t%s%s%s\n", word(k), word(k + 3), word(k), k % 3 ? "|" : "", k % 3 ? word(k + 1) : "");
}

static void test_labels(void **state) {
  (void)state;
  aq_model *model =
      trained("data { text: words[T], kinds: labels[C] }\n"
              "model m(text) -> kinds { return linear(mean(embed(text, 4), T), C) }\n"
              "train { epochs = 1 }\n",
              write_text("kinds.tsv", "text\tkinds\none two\tone|two\nsix one\tsix\ntwo\tthree\n"));
  aq_eval_options options = options_of(1);
  options.errors = 4;
  assert_same(model, numbered("more.tsv", "text\tkinds", 90, label_row), options, "mean_average_precision");
  aq_model_free(model);
}

static void match_row(FILE *file, int k) { fprintf(file, "%s %s\t%s\n", word(k), word(k + 1), word(2 * k)); }

static void test_matches(void **state) {
  (void)state;
  aq_model *model = trained(
      "data { a: words[T, V], b: words[U, V] }\n"
      "model m(a, b) -> match(a, b) { return unit(mean(embed(a, 4), T)), unit(mean(embed(b, 4), U)) }\n"
      "loss in_batch\ntrain { epochs = 1 }\n",
      numbered("few.tsv", "a\tb", 20, match_row));
  aq_eval_options options = options_of(1);
  assert_same(model, numbered("more.tsv", "a\tb", 90, match_row), options, "recall@");
  options.errors = 6;
  assert_same(model, path_of("more.tsv"), options, "stands first");
  aq_model_free(model);
}

static void test_texts(void **state) {
  (void)state;
  aq_model *model = trained("data { a: words[S, V], b: words[T <= 9, V] }\n"
                            "model m(a, b) -> next(b) {\n"
                            "  return linear(cumsum(embed(b, 4), T) + mean(embed(a, 4), S), V)\n}\n"
                            "train { epochs = 1 }\n",
                            numbered("few.tsv", "a\tb", 20, match_row));
  aq_eval_options options = options_of(1);
  aq_generate_options generate;
  aq_generate_options_init(&generate);
  generate.temperature = 1; /* what is drawn depends on the number of the row */
  generate.length = 4;
  options.errors = 3;
  assert_same(model, numbered("more.tsv", "a\tb", 200, match_row), options, "hardest texts");
  options.generate = &generate;
  assert_same(model, path_of("more.tsv"), options, "bleu");
  aq_model_free(model);
}

/* ---- memory ---- */

static struct { size_t now, most; } used;

/* Each block says in front how large it is. */
static void *counting(void *context, void *block, size_t size) {
  enum { ROOM = 64 };
  (void)context;
  size_t *head = block ? (size_t *)(void *)((char *)block - ROOM) : NULL;
  size_t before = head ? *head : 0;
  if (size == 0) {
    used.now -= before;
    free(head);
    return NULL;
  }
  head = realloc(head, size + ROOM);
  if (!head) return NULL;
  *head = size;
  used.now += size - before;
  if (used.now > used.most) used.most = used.now;
  return (char *)head + ROOM;
}

static void class_row(FILE *file, int k) {
  fprintf(file, "%s %s %s %s\t%s\n", word(k), word(k + 1), word(k + 5), word(k + 7),
          k % 50 == 7 ? "odd" : word(k));
}

/* What judging a file takes at most, beside the model. One thread: two would take turns in counting. */
static size_t judging(aq_model *model, const char *path, int64_t rows) {
  aq_eval_options options = options_of(1);
  aq_report *report;
  options.batch = 64;
  options.errors = 5;
  used.most = used.now;
  const size_t before = used.now;
  assert_int_equal(aq_report_new(model, path, &options, &report), AQ_OK);
  assert_int_equal(aq_report_rows(report, NULL), rows);
  aq_report_free(report);
  return used.most - before;
}

static void test_memory(void **state) {
  (void)state;
  aq_set_allocator(counting, NULL);
  aq_model *model = trained("data { text: words[T], kind: class[C] }\n"
                            "model m(text) -> kind { return linear(mean(embed(text, 2), T), C) }\n"
                            "train { epochs = 1 }\n",
                            numbered("few.tsv", "text\tkind", 40, class_row));
  size_t few = judging(model, numbered("some.tsv", "text\tkind", 10000, class_row), 10000),
         many = judging(model, numbered("many.tsv", "text\tkind", 60000, class_row), 60000);
  aq_model_free(model);
  aq_set_allocator(NULL, NULL);
  if (many > few + few / 50) fail_msg("%zu bytes for 10,000 rows, and %zu for 60,000", few, many);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes_and_numbers),
      cmocka_unit_test(test_tags),
      cmocka_unit_test(test_labels),
      cmocka_unit_test(test_matches),
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
