/* test_grammar.c: the tree of every construct, the exact words of every message, the layout, and texts that
 * are no programs. */
#include "tests/unit/grammar_trees.h"
#include "tests/unit/rationed_memory.h"

/* ---- trees ---- */

struct tree {
  const char *text, *tree;
};

static void check_trees(const struct tree *trees, size_t count, const char *before, const char *after,
                        const char *tree_before, const char *tree_after) {
  for (size_t k = 0; k < count; k++) {
    char text[1024], tree[2048];
    snprintf(text, sizeof text, "%s%s%s", before, trees[k].text, after);
    snprintf(tree, sizeof tree, "(FILE%s%s%s)", tree_before, trees[k].tree, tree_after);
    char *found = tree_of(text);
    assert_string_equal(found, tree);
    rt_free(found);
  }
}

static void test_items(void **state) {
  (void)state;
  static const struct tree trees[] = {
      {"", ""},
      {"\n# only a comment\n\n", ""},
      {"dim D = 64", " (DIM D (NUMBER 64=64))"},
      {"dim D = 64, K = D / 4\ndim L = 2;",
       " (DIM D (NUMBER 64=64)) (DIM K (BINARY / (NAME D) (NUMBER 4=4))) (DIM L (NUMBER 2=2))"},
      {"import \"a.aq\"\nimport \"b/c.aq\" as c", " (IMPORT a.aq -) (IMPORT b/c.aq (NAME c))"},
      {"data { y: number }", " (DATA (COLUMN y (NAME number) -))"},
      {"data {\n a: words[T <= 2 * N, V](min_count = 2, 3),\n b: class[C]; c: ids(4)\n}",
       " (DATA (COLUMN a (NAME words) (SHAPE (LIMIT (NAME T) (BINARY * (NUMBER 2=2) (NAME N))) (NAME V)) "
       "(ARG min_count (NUMBER 2=2)) (ARG (NUMBER 3=3)))"
       " (COLUMN b (NAME class) (SHAPE (NAME C))) (COLUMN c (NAME ids) - (ARG (NUMBER 4=4))))"},
      {"fn f() { }", " (FN f (PARAMS) - (BLOCK))"},
      {"fn f(x, y: [], z = 1,) = x", " (FN f (PARAMS (PARAM x - -) (PARAM y (TYPE (SHAPE) -) -) (PARAM z - "
                                     "(NUMBER 1=1))) - (BLOCK (RETURN (NAME x))))"},
      {"fn f(x: [*B, T, 4*D] of V + 1, z...) -> [*B] of V { }",
       " (FN f (PARAMS (PARAM x (TYPE (SHAPE (STAR B) (NAME T) (BINARY * (NUMBER 4=4) (NAME D))) (BINARY + "
       "(NAME V) (NUMBER 1=1))) -) (PARAM z... - -))"
       " (TYPE (SHAPE (STAR B)) (NAME V)) (BLOCK))"},
      {"fn f(z...: [T]) = z",
       " (FN f (PARAMS (PARAM z... (TYPE (SHAPE (NAME T)) -) -)) - (BLOCK (RETURN (NAME z))))"},
      {"head f(x) { }", " (HEAD f (PARAMS (PARAM x - -)) - (BLOCK) -)"},
      {"head[H] f() -> [T] { }", " (HEAD f (PARAMS) (TYPE (SHAPE (NAME T)) -) (BLOCK) (NAME H))"},
      {"model m(x) -> a, next(x) { }",
       " (MODEL m (PARAMS (PARAM x - -)) (OUTPUTS (NAME a) (CALL (NAME next) (ARG (NAME x)) -)) (BLOCK))"},
      {"loss f(a) + 1", " (LOSS (BINARY + (CALL (NAME f) (ARG (NAME a)) -) (NUMBER 1=1)))"},
      {"train { }", " (TRAIN)"},
      {"train { a = 1, b = f(c = \"d\")\n e = 2; }",
       " (TRAIN (ARG a (NUMBER 1=1)) (ARG b (CALL (NAME f) (ARG c (STRING d)) -)) (ARG e (NUMBER 2=2)))"},
      {"extern fn f(x: [N], k: number) -> [N] of V",
       " (EXTERN f (PARAMS (PARAM x (TYPE (SHAPE (NAME N)) -) -) (PARAM k (TYPE number (SHAPE) -) -)) (TYPE "
       "(SHAPE (NAME N)) (NAME V)) - -)"},
      {"extern fn f() -> [3] from \"l.so\" with gradient g",
       " (EXTERN f (PARAMS) (TYPE (SHAPE (NUMBER 3=3)) -) (STRING l.so) (NAME g))"},
  };
  check_trees(trees, RT_COUNT(trees), "", "", "", "");
}

static void test_statements(void **state) {
  (void)state;
  static const struct tree trees[] = {
      {"a = 1", "(LET (NAME a) (NUMBER 1=1))"},
      {"a = 1; b = 2\n\n c = 3 # end\n",
       "(LET (NAME a) (NUMBER 1=1)) (LET (NAME b) (NUMBER 2=2)) (LET (NAME c) (NUMBER 3=3))"},
      {"a, b = f()", "(LET (NAME a) (NAME b) (CALL (NAME f) -))"},
      {"W = param[D, 2] = normal(0.1)", "(LET (NAME W) (PARAMETER (SHAPE (NAME D) (NUMBER 2=2)) (CALL (NAME "
                                        "normal) (ARG (NUMBER 0.1=0.10000000000000001)) -)))"},
      {"W = param[]", "(LET (NAME W) (PARAMETER (SHAPE) -))"},
      {"W = param[D] = load(\"f\", \"layer.{l}\")'",
       "(LET (NAME W) (PARAMETER (SHAPE (NAME D)) (TRANSPOSE (CALL (NAME load) (ARG (STRING f)) (ARG (STRING "
       "layer.{l})) -))))"},
      {"a = instance layers.block", "(LET (NAME a) (INSTANCE (MEMBER block (NAME layers))))"},
      {"for l in 0..L-1 { a = l }",
       "(FOR l (RANGE (NUMBER 0=0) (BINARY - (NAME L) (NUMBER 1=1))) (BLOCK (LET (NAME a) (NAME l))))"},
      {"if a { }", "(IF (NAME a) (BLOCK) -)"},
      {"if a > 1 { } else { }", "(IF (BINARY > (NAME a) (NUMBER 1=1)) (BLOCK) (BLOCK))"},
      {"if a { } else if b { } else { }", "(IF (NAME a) (BLOCK) (IF (NAME b) (BLOCK) (BLOCK)))"},
      {"return a, b", "(RETURN (NAME a) (NAME b))"},
      {"return a,\n  b +\n c", "(RETURN (NAME a) (BINARY + (NAME b) (NAME c)))"},
      {"return param[2] = 1", "(RETURN (PARAMETER (SHAPE (NUMBER 2=2)) (NUMBER 1=1)))"},
  };
  check_trees(trees, RT_COUNT(trees), "fn f() { ", " }", " (FN f (PARAMS) - (BLOCK ", "))");
}

static void test_expressions(void **state) {
  (void)state;
  static const struct tree trees[] = {
      {"a or b and not c < d",
       "(BINARY or (NAME a) (BINARY and (NAME b) (UNARY not (BINARY < (NAME c) (NAME d)))))"},
      {"a + b * c - d", "(BINARY - (BINARY + (NAME a) (BINARY * (NAME b) (NAME c))) (NAME d))"},
      {"a * b / c % d @ e",
       "(BINARY @ (BINARY % (BINARY / (BINARY * (NAME a) (NAME b)) (NAME c)) (NAME d)) (NAME e))"},
      {"-x^2", "(UNARY - (BINARY ^ (NAME x) (NUMBER 2=2)))"},
      {"2^-1^x", "(BINARY ^ (NUMBER 2=2) (UNARY - (BINARY ^ (NUMBER 1=1) (NAME x))))"},
      {"-a * b", "(BINARY * (UNARY - (NAME a)) (NAME b))"},
      {"(a + b) * c", "(BINARY * (BINARY + (NAME a) (NAME b)) (NAME c))"},
      {"a <= b", "(BINARY <= (NAME a) (NAME b))"},
      {"0 <= i - j <= 3", "(BINARY and (BINARY <= (NUMBER 0=0) (BINARY - (NAME i) (NAME j))) (BINARY <= "
                          "(BINARY - (NAME i) (NAME j)) (NUMBER 3=3)))"},
      {"a < b == c != d", "(BINARY and (BINARY and (BINARY < (NAME a) (NAME b)) (BINARY == (NAME b) (NAME "
                          "c))) (BINARY != (NAME c) (NAME d)))"},
      {"(a < b) > c", "(BINARY > (BINARY < (NAME a) (NAME b)) (NAME c))"},
      {"W'' @ f(x)'",
       "(BINARY @ (TRANSPOSE (TRANSPOSE (NAME W))) (TRANSPOSE (CALL (NAME f) (ARG (NAME x)) -)))"},
      {"layers.block(x)", "(CALL (MEMBER block (NAME layers)) (ARG (NAME x)) -)"},
      {"f(\n  x,\n  rate = param[1] = 0,\n)",
       "(CALL (NAME f) (ARG (NAME x)) (ARG rate (PARAMETER (SHAPE (NUMBER 1=1)) (NUMBER 0=0))) -)"},
      {"f(x) with { mask = j <= i, score = s; norm = n\n drop = d }",
       "(CALL (NAME f) (ARG (NAME x)) (WITH (SLOT mask (BINARY <= (NAME j) (NAME i))) (SLOT score (NAME s))"
       " (SLOT norm (NAME n)) (SLOT drop (NAME d))))"},
      {"f(x) with { layer.self.mask = j }",
       "(CALL (NAME f) (ARG (NAME x)) (WITH (SLOT mask (NAME layer) (NAME self) (NAME j))))"},
      {"g(f(x) with {\n mask = a\n score = b\n})",
       "(CALL (NAME g) (ARG (CALL (NAME f) (ARG (NAME x)) (WITH (SLOT mask (NAME a)) (SLOT score "
       "(NAME b))))) -)"},
      {"x[a, 1]", "(INDEX (NAME x) (NAME a) (NUMBER 1=1))"},
      {"x[.., a.., ..b, 0..K + 1]", "(INDEX (NAME x) (RANGE - -) (RANGE (NAME a) -) (RANGE - (NAME b)) "
                                    "(RANGE (NUMBER 0=0) (BINARY + (NAME K) (NUMBER 1=1))))"},
      {"f(x)[0](y)", "(CALL (INDEX (CALL (NAME f) (ARG (NAME x)) -) (NUMBER 0=0)) (ARG (NAME y)) -)"},
      {"[]", "(LIST)"},
      {"[0.5, a + 1]", "(LIST (NUMBER 0.5=0.5) (BINARY + (NAME a) (NUMBER 1=1)))"},
      {"x @ param[D, K]", "(BINARY @ (NAME x) (PARAMETER (SHAPE (NAME D) (NAME K)) -))"},
      {"\"a\\\"b\\\\\"", "(STRING a\"b\\)"},
      {"10%", "(NUMBER 10%=0.10000000000000001)"},
      {"10%3 % 2", "(BINARY % (BINARY % (NUMBER 10=10) (NUMBER 3=3)) (NUMBER 2=2))"},
      {"1.5e-3 + 2E2 + 0.1 + 12345678901234567890", "(BINARY + (BINARY + (BINARY + (NUMBER 1.5e-3=0.0015) "
                                                    "(NUMBER 2E2=200)) (NUMBER 0.1=0.10000000000000001)) "
                                                    "(NUMBER 12345678901234567890=1.2345678901234567e+19))"},
      {"as_ + index", "(BINARY + (NAME as_) (NAME index))"},
  };
  check_trees(trees, RT_COUNT(trees), "fn f() = ", "", " (FN f (PARAMS) - (BLOCK (RETURN ", ")))");
}

/* The shared operand of a chain is one node, and spans lead back to the text. */
static void test_spans(void **state) {
  (void)state;
  static const char text[] = "fn f(x) {\n  y = 0 <= x' < 3\n}\n";
  struct gr_file *file = gr_parse("t.aq", text, strlen(text), NULL);
  assert_non_null(file);
  const struct gr_node *fn = file->root->child[0], *let = fn->child[2]->child[0], *chain = let->child[1];
  assert_ptr_equal(chain->child[0]->child[1], chain->child[1]->child[0]);
  static const char *const expected[] = {"f", "fn f(x) {\n  y = 0 <= x' < 3\n}", "y = 0 <= x' < 3",
                                         "0 <= x' < 3", "x'"};
  const struct gr_span spans[] = {fn->name_span, fn->span, let->span, chain->span,
                                  chain->child[1]->child[0]->span};
  for (size_t k = 0; k < RT_COUNT(spans); k++) {
    assert_int_equal(spans[k].end - spans[k].begin, strlen(expected[k]));
    assert_memory_equal(text + spans[k].begin, expected[k], strlen(expected[k]));
  }
  int line, column;
  gr_span_place(let->span, &line, &column);
  assert_int_equal(line, 2);
  assert_int_equal(column, 3);
  gr_file_free(file);
}

/* A host may have set a locale with a decimal comma. */
static void test_numbers_in_any_locale(void **state) {
  (void)state;
  if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "de_DE")
      && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) {
    print_message("no locale with a decimal comma is installed\n");
    skip();
  }
  char *tree = tree_of("dim D = 1.5");
  setlocale(LC_NUMERIC, "C");
  assert_non_null(strstr(tree, "=1.5)"));
  rt_free(tree);
}

/* ---- messages ---- */

static void write_error(const struct rt_error *error, struct rt_text *out) {
  rt_text_printf(out, "%d:%d: %s\n%s\n", error->line, error->column, error->text, error->excerpt);
  if (error->hint[0]) rt_text_printf(out, "hint: %s\n", error->hint);
}

/* grammar_errors.txt: "%% source" and "%% says" in turn, each on a line of its own above what it announces.
 */
static void test_messages(void **state) {
  (void)state;
  char *all = read_source("unit/grammar_errors.txt"), *p = strstr(all, "%% source\n");
  int cases = 0;
  for (; p; cases++) {
    char *source = p + strlen("%% source\n"), *says = strstr(source, "%% says\n");
    assert_non_null(says);
    *says = '\0';
    says += strlen("%% says\n");
    p = strstr(says, "%% source\n");
    if (p) *p = '\0';
    struct rt_error error = {0};
    struct rt_text found = {0};
    struct gr_file *file = gr_parse("t.aq", source, strlen(source) - 1, &error);
    if (file) fail_msg("this is no program:\n%s", source);
    assert_int_equal(error.code, RT_BAD_DATA);
    assert_string_equal(error.file, "t.aq");
    write_error(&error, &found);
    if (strcmp(found.data, says) != 0)
      fail_msg("of the source\n%s\nis said\n%s\ninstead of\n%s", source, found.data, says);
    rt_text_free(&found);
  }
  assert_in_range(cases, 100, 1000);
  rt_free(all);
}

static void expect_refusal(const char *text, size_t length, int line, int column, const char *says) {
  struct rt_error error = {0};
  assert_null(gr_parse("t.aq", text, length, &error));
  assert_int_equal(error.code, RT_BAD_DATA);
  assert_string_equal(error.text, says);
  assert_int_equal(error.line, line);
  assert_int_equal(error.column, column);
}

static void test_bytes_that_are_no_text(void **state) {
  (void)state;
  static const char nul[] = "dim D = 1\ndim \0";
  expect_refusal(nul, sizeof nul - 1, 2, 5, "there is a NUL byte in the source");
  static const char *const broken[] = {
      "\xC3",    "\xC3(", "\xC0\xAF", "\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x80\x80\xAF",
      "\xE2\x82"};
  for (size_t k = 0; k < RT_COUNT(broken); k++) {
    char text[32], says[64];
    snprintf(text, sizeof text, "# \xE2\x82\xAC %s", broken[k]);
    snprintf(says, sizeof says, "the byte 0x%02X is not UTF-8 text", (unsigned char)broken[k][0]);
    expect_refusal(text, strlen(text), 1, 5, says);
  }
}

static void test_line_ends_and_bom(void **state) {
  (void)state;
  char *tree = tree_of("\xEF\xBB\xBF"
                       "dim D = 1\r\nfn f() {\r\n  return D\r\n}\r\n");
  assert_string_equal(tree, "(FILE (DIM D (NUMBER 1=1)) (FN f (PARAMS) - (BLOCK (RETURN (NAME D)))))");
  rt_free(tree);
  expect_refusal("\xEF\xBB\xBF"
                 "dm",
                 5, 1, 1, "expected a definition (`fn`, `head`, `model`, `data`, ...), found `dm`");
}

static struct gr_span span_of(const struct gr_source *source, const char *text) {
  const char *at = strstr(source->text, text);
  assert_non_null(at);
  uint32_t begin = (uint32_t)(at - source->text);
  return (struct gr_span){source, begin, begin + (uint32_t)strlen(text)};
}

static void test_notes(void **state) {
  (void)state;
  char text[256] = "one two three\n";
  for (int k = 0; k < 9; k++) strcat(text, "line\n");
  strcat(text, "eleven twelve\nlast");
  struct gr_source *source = gr_source_new("a.aq", text, strlen(text), NULL),
                   *other = gr_source_new("b.aq", "x\n\tother", 8, NULL);
  assert_non_null(source);
  assert_non_null(other);
  struct rt_error error = {0};
  assert_int_equal(gr_fail(&error, span_of(source, "two"), "a %s", "problem"), RT_BAD_DATA);
  assert_string_equal(error.excerpt, "   |\n 1 | one two three\n   |     ^^^");
  gr_note(&error, span_of(source, "two"), "label");
  gr_note(&error, span_of(source, "last"), "the %d", 12);
  gr_note(&error, span_of(source, "twelve"), "before it");
  gr_note(&error, span_of(source, "three"), "beside it");
  gr_note(&error, span_of(other, "other"), "elsewhere");
  assert_string_equal(error.excerpt, "    |\n"
                                     "  1 | one two three\n"
                                     "    |     ^^^ label\n"
                                     "    |         ----- beside it\n"
                                     " 11 | eleven twelve\n"
                                     "    |        ------ before it\n"
                                     " 12 | last\n"
                                     "    | ---- the 12\n"
                                     "  --> b.aq:2:2\n"
                                     "  2 |     other\n"
                                     "    |     ----- elsewhere");
  /* An error that another file asked for moves there, and what was said of that file joins the lines around
   * it. */
  struct rt_error raised = error;
  rt_hint(&raised, "a hint");
  gr_raise(&raised, span_of(other, "x"));
  assert_string_equal(raised.file, "b.aq");
  assert_string_equal(raised.text, "a problem");
  assert_string_equal(raised.hint, "a hint");
  assert_string_equal(raised.excerpt, "    |\n"
                                      "  1 | x\n"
                                      "    | ^\n"
                                      "  2 |     other\n"
                                      "    |     ----- elsewhere\n"
                                      "  --> a.aq:1:5\n"
                                      "  1 | one two three\n"
                                      "    |     --- label\n"
                                      "    |         ----- beside it\n"
                                      " 11 | eleven twelve\n"
                                      "    |        ------ before it\n"
                                      " 12 | last\n"
                                      "    | ---- the 12");
  gr_raise(&raised, span_of(other, "other"));
  assert_int_equal(raised.line, 1);
  /* The first error stays, and notes beyond the room that there is are left out whole. */
  assert_int_equal(gr_fail(&error, span_of(other, "x"), "second"), RT_BAD_DATA);
  assert_string_equal(error.text, "a problem");
  for (int k = 0; k < 100; k++) gr_note(&error, span_of(source, "eleven"), "again and again");
  assert_in_range(strlen(error.excerpt), 700, sizeof error.excerpt - 1);
  size_t length = strlen(error.excerpt);
  assert_string_equal(error.excerpt + length - 9, "elsewhere");
  rt_error_clear(&error);
  gr_note(&error, span_of(other, "x"), "of nothing");
  assert_string_equal(error.excerpt, "");
  assert_int_equal(gr_fail(&error, (struct gr_span){NULL, 0, 0}, "nowhere"), RT_BAD_DATA);
  assert_int_equal(error.line, 0);
  gr_source_free(source);
  gr_source_free(other);
}

/* ---- layout ---- */

static void test_layout(void **state) {
  (void)state;
  char *all = read_source("unit/grammar_layouts.txt"), *p = strstr(all, "%% source\n");
  int cases = 0;
  for (; p; cases++) {
    char *source = p + strlen("%% source\n"), *wanted = strstr(source, "%% layout\n");
    assert_non_null(wanted);
    *wanted = '\0';
    wanted += strlen("%% layout\n");
    p = strstr(wanted, "%% source\n");
    if (p) *p = '\0';
    char *once = format_of(source), *twice = format_of(once);
    assert_string_equal(once, wanted);
    assert_string_equal(twice, once);
    rt_free(once);
    rt_free(twice);
  }
  assert_in_range(cases, 10, 1000);
  rt_free(all);
}

/* The programs are laid out already, and their layout survives being taken apart: without indents and
 * alignment the tree stays. */
static void test_programs(void **state) {
  (void)state;
  for (size_t k = 0; k < RT_COUNT(programs); k++) {
    char *text = read_program(k), *layout = format_of(text), *tree = tree_of(text);
    assert_string_equal(layout, text);
    char *p = text;
    for (const char *q = layout; *q; q++)
      if (*q != ' ' || (q > layout && q[-1] != ' ' && q[-1] != '\n')) *p++ = *q;
    *p = '\0';
    char *again = format_of(text), *tree_again = tree_of(again);
    assert_string_equal(tree_again, tree);
    rt_free(text);
    rt_free(layout);
    rt_free(tree);
    rt_free(again);
    rt_free(tree_again);
  }
}

/* ---- hostile texts ---- */

/* Whatever the text: a tree or a message; and what has a tree has a layout, with the same tree, that is its
 * own layout. */
static void survive(const char *text, size_t length) {
  struct rt_error error = {0};
  struct rt_text tree = {0}, layout = {0}, tree_again = {0}, again = {0};
  struct gr_file *file = gr_parse("t.aq", text, length, &error);
  if (!file) {
    assert_int_equal(error.code, RT_BAD_DATA);
    assert_true(error.text[0] != '\0' && error.line >= 1 && error.column >= 1);
    assert_int_equal(gr_format("t.aq", text, length, &layout, NULL), RT_BAD_DATA);
    assert_null(layout.data);
    return;
  }
  write_tree(file->root, &tree);
  gr_file_free(file);
  assert_int_equal(gr_format("t.aq", text, length, &layout, &error), RT_OK);
  rt_text_puts(&layout, "");
  if (gr_format("t.aq", layout.data, layout.length, &again, &error) != RT_OK)
    fail_msg("%s\n%s\nin the layout of\n%.*s", error.text, error.excerpt, (int)length, text);
  rt_text_puts(&again, "");
  assert_string_equal(again.data, layout.data);
  file = gr_parse("t.aq", layout.data, layout.length, &error);
  assert_non_null(file);
  write_tree(file->root, &tree_again);
  gr_file_free(file);
  assert_string_equal(tree_again.data, tree.data);
  rt_text_free(&tree);
  rt_text_free(&layout);
  rt_text_free(&tree_again);
  rt_text_free(&again);
}

static void test_truncation(void **state) {
  (void)state;
  for (size_t k = 0; k < RT_COUNT(programs); k += 3) {
    char *text = read_program(k);
    for (size_t length = 0; length <= strlen(text); length++) survive(text, length);
    rt_free(text);
  }
}

static void test_damage(void **state) {
  (void)state;
  static const char pieces[] = "(){}[]'\".,:;=+-*/%@^<>#\n\n  ab1";
  uint64_t random = 20240607;
  for (int round = 0; round < 3000; round++) {
    char *text = read_program((size_t)round % RT_COUNT(programs));
    size_t length = strlen(text);
    for (int flip = 0; flip <= round % 3; flip++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      size_t at = (size_t)(random >> 33) % length;
      unsigned char byte = (unsigned char)(random >> 24);
      text[at] = (char)(round % 2 ? (unsigned char)pieces[byte % (sizeof pieces - 1)] : byte);
    }
    survive(text, length);
    rt_free(text);
  }
}

static void test_depth(void **state) {
  (void)state;
  static const struct {
    const char *begin, *open, *middle, *close, *end;
    bool flat;
  } nests[] = {
      {"fn f(x) = ", "(", "x", ")", "", false},
      {"fn f(x) = ", "[", "x", "]", "", false},
      {"fn f(x) = ", "g(", "x", ")", "", false},
      {"fn f(x) = ", "- ", "x", "", "", false},
      {"fn f(x) = ", "not ", "x", "", "", false},
      {"fn f(x) = ", "x^", "x", "", "", false},
      {"fn f(x) = ", "x + ", "x", "", "", false},
      {"fn f(x) = ", "x < ", "x", "", "", false},
      {"fn f(x) = x", "", "", "[0]", "", false},
      {"fn f(x) = x", "", "", "'", "", false},
      {"fn f(x) = x", "", "", ".y", "", false},
      {"fn f(x) { ", "if x { ", "", "}", " }", false},
      {"fn f(x) { ", "if x { } else ", "{ }", "", " }", false},
      {"fn f(x) { ", "for i in 0..1 { ", "", "}", " }", false},
      {"fn f(x) = ", "f() with { a = ", "x", "}", "", false},
      {"fn f(x) { ", "x = y\n", "", "", " }", true},
      {"fn f(x) = g(", "x, ", "x", "", ")", true},
  };
  static const int depths[] = {20, 400, 20000};
  for (size_t k = 0; k < RT_COUNT(nests); k++)
    for (size_t d = 0; d < RT_COUNT(depths); d++) {
      struct rt_text text = {0};
      struct rt_error error = {0};
      rt_text_puts(&text, nests[k].begin);
      for (int i = 0; i < depths[d]; i++) rt_text_puts(&text, nests[k].open);
      rt_text_puts(&text, nests[k].middle);
      for (int i = 0; i < depths[d]; i++) rt_text_puts(&text, nests[k].close);
      rt_text_puts(&text, nests[k].end);
      struct gr_file *file = gr_parse("t.aq", text.data, text.length, &error);
      if (d == 0 || nests[k].flat)
        assert_non_null(file);
      else
        assert_null(file);
      if (!file) assert_string_equal(error.text, "the program is nested more than 200 levels deep here");
      gr_file_free(file);
      rt_text_free(&text);
    }
}

static void test_without_memory(void **state) {
  (void)state;
  static const char right[] =
      "fn f(x: [T], y = 0.1) { # c\n  a = [x, 1] ; b = g(\"s\", x) with { m = x }\n  return -x'\n}\n";
  static const char wrong[] = "fn f(x) { y = (((x + 1] }";
  const char *const texts[] = {right, wrong};
  for (int which = 0; which < 3; which++) {
    int status = RT_NO_MEMORY;
    for (int limit = 0; status == RT_NO_MEMORY; limit++) {
      struct ration memory = {.left = limit};
      struct rt_error error = {0};
      struct rt_text out = {0};
      rt_set_allocator(ration_resize, &memory);
      if (which == 2) {
        status = gr_format("t.aq", right, strlen(right), &out, &error);
        rt_text_free(&out);
      } else {
        struct gr_file *file = gr_parse("t.aq", texts[which], strlen(texts[which]), &error);
        status = file ? RT_OK : error.code;
        gr_file_free(file);
      }
      rt_set_allocator(NULL, NULL);
      assert_int_equal(memory.live, 0);
      assert_int_equal(status, error.code);
      assert_in_range(limit, 0, 10000);
    }
    assert_int_equal(status, which == 1 ? RT_BAD_DATA : RT_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_items),
      cmocka_unit_test(test_statements),
      cmocka_unit_test(test_expressions),
      cmocka_unit_test(test_spans),
      cmocka_unit_test(test_numbers_in_any_locale),
      cmocka_unit_test(test_messages),
      cmocka_unit_test(test_bytes_that_are_no_text),
      cmocka_unit_test(test_line_ends_and_bom),
      cmocka_unit_test(test_notes),
      cmocka_unit_test(test_layout),
      cmocka_unit_test(test_programs),
      cmocka_unit_test(test_truncation),
      cmocka_unit_test(test_damage),
      cmocka_unit_test(test_depth),
      cmocka_unit_test(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
