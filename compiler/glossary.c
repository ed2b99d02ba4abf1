/* glossary.c: the words of the language that are not functions, with a line for each. */
#include "compiler/glossary.h"

#include <string.h>

#include "compiler/front/arguments.h"
#include "compiler/source/program.h"
#include "runtime/columns/column.h"
#include "runtime/training.h"

void cc_words_add(struct cc_words *words, const char *name, const char *written, const char *noun,
                  const char *doc, const char *example) {
  const char *line = rt_arena_printf(&words->arena, "%s: %s%s%s", written, noun, noun[0] ? ": " : "", doc);
  if (!line || rt_grow((void **)&words->item, &words->room, words->count + 1, sizeof *words->item)) {
    words->failed = true;
    return;
  }
  words->item[words->count++] = (struct cc_word){name, line, example};
}

void cc_words_free(struct cc_words *words) {
  rt_free(words->item);
  rt_arena_free(&words->arena);
  *words = (struct cc_words){0};
}

/* ---- words that have no row elsewhere ---- */

static const struct {
  const char *name, *written, *noun, *doc, *example;
} plain[] = {
    {"import", "import \"FILE.aq\"", "",
     "makes the functions, heads and dims of another file known here; the "
     "file is looked for beside the one that imports it",
     "import \"blocks.aq\" as blocks"},
    {"as", "import \"FILE.aq\" as NAME", "", "makes what another file defines known as NAME.function",
     "import \"blocks.aq\" as blocks"},
    {"dim", "dim NAME = SIZE", "", "the size of an axis under a name; `-D NAME=SIZE` gives it another",
     "dim D = 64, H = 4, K = D / H"},
    {"const", "const NAME = NUMBER", "", "a number under a name; `-D NAME=NUMBER` gives it another",
     "const rate = 0.1, warm = 10%"},
    {"data", "data { NAME: KIND, … }", "",
     "the columns of the file, each with its kind: words[T], class[C], number, …",
     "data { text: words[T], label: class[C] }"},
    {"fn", "fn NAME(ARGUMENTS) -> [SHAPE] { … }", "",
     "defines a function; of one expression it is fn NAME(ARGUMENTS) = EXPRESSION", "fn square(x) = x * x"},
    {"head", "head NAME(ARGUMENTS) -> [SHAPE] { … }", "",
     "defines an attention by its slots: query, key and value, and where wanted score, mask, norm and drop; "
     "`head[H]` is H heads at once",
     "head near(x: [T, D]) -> [T, D] { query = project(x, D); key = project(x, D); value = x; mask = abs(i - "
     "j) <= 3 }"},
    {"model", "model NAME(COLUMNS) -> COLUMNS { … }", "",
     "what is predicted and how: it takes columns, and returns a value for each column behind the arrow",
     "model first(text) -> label { return linear(mean(embed(text, 8), T), C) }"},
    {"loss", "loss TERM + NUMBER * TERM + …", "",
     "what training makes small: losses of the library, functions of one's own, penalties",
     "loss cross_entropy(label) + 0.3 * squared_error(stars)"},
    {"train", "train { SETTING = VALUE, … }", "", "how the model is trained",
     "train { optimizer = adamw(lr = 1e-3), batch = 32, epochs = 10 }"},
    {"choose", "choose(A, B, …)", "",
     "one of several alternatives: the first, unless `-D NAME=…` says another or `aqc tune` tries them; NAME "
     "is what the choice is bound to",
     "score = choose(s / sqrt(D), s)"},
    {"extern", "extern fn NAME(ARGUMENTS) -> [SHAPE] from \"LIBRARY\" with gradient NAME", "",
     "a function of a shared library, which runs only where it is allowed; of numbers alone, it is applied "
     "element by element",
     "extern fn blur(x: [T, D], width: number) -> [T, D] from \"./libblur.so\" with gradient blur_grad"},
    {"return", "return VALUE, …", "", "what a function or model gives; the last statement of its body",
     "return linear(mean(x, T), C)"},
    {"for", "for NAME in FIRST..LAST { … }", "",
     "repeats statements, once for each whole number from FIRST to LAST - 1; each round has weights of its "
     "own",
     "for l in 0..L { x = encoder_layer(x, H, 4 * D) }"},
    {"in", "for NAME in FIRST..LAST { … }", "", "stands between the name and the whole numbers of a loop",
     "for l in 0..L { x = encoder_layer(x, H, 4 * D) }"},
    {"if", "if CONDITION { … } else { … }", "",
     "chooses statements by sizes and numbers that are known when the program is compiled; by data, "
     "where(condition, a, b) chooses",
     "if L > 2 { x = layernorm(x) }"},
    {"else", "if CONDITION { … } else { … }", "", "what is done when the condition does not hold",
     "if L > 2 { x = layernorm(x) } else { x = tanh(x) }"},
    {"with", "CALL with { SLOT = FORMULA }", "",
     "says slots of a head otherwise for one call, of the head or of a function that calls it; the name of "
     "the slot "
     "means what the head says",
     "multi_head(x, H) with { mask = j <= i, score = score - 0.1 * abs(i - j) }"},
    {"param", "param[SHAPE] = START", "",
     "a learned tensor, which starts as a number, normal, uniform, glorot, he, orthogonal, eye or load; "
     "`param[]` is one number",
     "W = param[D, D] = glorot"},
    {"instance", "instance FUNCTION", "", "a function whose weights are made once, and shared by all calls",
     "encode = instance encoder"},
    {"and", "A and B", "", "1 where both are true, else 0", "mask = causal(i, j) and window(i, j, 256)"},
    {"or", "A or B", "", "1 where one of them is true, else 0", "mask = causal(i, j) or prefix(j, 8)"},
    {"not", "not A", "", "1 where A is false (0), else 0", "mask = not (i == j)"},
    {"of", "x: [SHAPE] of V", "", "a tensor of whole numbers below V, which index a table of V rows",
     "fn embed(ids: [*B] of V, D) -> [*B, D] { … }"},
    {"next", "-> next(COLUMN)", "",
     "the model predicts, at each position of a text, the token that comes next",
     "model language(text) -> next(text) { … }"},
    {"group", "group(\"PATHS\", lr = NUMBER, weight_decay = NUMBER)", "",
     "an entry of `groups` in train: the parameters whose paths match, and the rates that they have",
     "groups = [group(\"bert.layer.**\", lr = 2e-5)]"},
    {"link", "link = sigmoid", "an argument of a loss",
     "says how the answer follows from what the model returns: sigmoid, exp or softmax",
     "fn brier(x: [*B], y: [*B], link = sigmoid) -> [*B] = (sigmoid(x) - y)^2"},
    {"from", "from = \"FIELD\"", "an option of every column",
     "the field of the file that the column reads, where its name is another; without quotes, of texts, "
     "another column that it is made of",
     "text: words[T](from = \"Review Text\")"},
    {"s", "s", "in the slots of a head", "the product of the query and the key; in `norm`, the score",
     "score = s / sqrt(D)"},
    {"i", "i", "in the slots of a head", "the position of the query, from 0", "mask = j <= i"},
    {"j", "j", "in the slots of a head", "the position of the key, from 0", "mask = j <= i"},
    {"h", "h", "in the slots of head[H]", "the number of the head, from 0",
     "score = s / sqrt(K) - 2^(-8 * (h + 1) / H) * (i - j)"},
};

/* ---- words with rows ---- */

static const struct {
  const char *doc, *example;
} slot[CC_SLOTS] = {
    /* in the order of cc_slot_names */
    {"what each position asks: a tensor [queries, width], or [width] for a single query",
     "query = linear(relu(linear(x, D)), D)"},
    {"what each position answers: a tensor [keys, width]", "key = project(x, D)"},
    {"what is added up with the weights: a tensor [keys, any width]", "value = project(x, D)"},
    {"how well a query and a key go together, a formula of s; s / sqrt(width) when left out",
     "score = s / sqrt(D) - 0.1 * abs(i - j)"},
    {"which keys a query sees, a condition: where it is false, it does not; all when left out",
     "mask = j <= i"},
    {"from scores to weights: softmax over the keys when left out, or a function or formula of s",
     "norm = sigmoid(s - log(T))"},
    {"the rate at which weights are dropped while training; 0 when left out", "drop = 10%"},
};

static const char *kept(struct cc_words *words, struct rt_text *text) {
  const char *copy = text->failed ? NULL : rt_arena_strndup(&words->arena, text->data, text->length);
  rt_text_free(text);
  if (!copy) words->failed = true;
  return copy ? copy : "";
}

/* words[T, V](min_count, max_size, vocab, from) */
static const char *written_kind(struct cc_words *words, const struct io_kind *kind) {
  struct rt_text text = {0};
  const char *before = "[";
  rt_text_puts(&text, kind->name);
  for (int a = 0; a < IO_MOST_AXES && kind->axis[a].means; a++, before = ", ")
    rt_text_printf(&text, "%s%s", before, kind->axis[a].name);
  rt_text_puts(&text, before[0] == ',' ? "](" : "(");
  for (int o = 0; o < kind->options; o++) rt_text_printf(&text, "%s, ", kind->option[o].name);
  rt_text_puts(&text, "from)");
  return kept(words, &text);
}

/* min_count = N; split = marks | spaces */
static const char *written_option(struct cc_words *words, const struct io_option *option) {
  static const char *const value[] = {[IO_OPTION_WHOLE] = "N",
                                      [IO_OPTION_TEXT] = "\"…\"",
                                      [IO_OPTION_SWITCH] = "true | false",
                                      [IO_OPTION_CHOICE] = "",
                                      [IO_OPTION_WORD_OR_NUMBER] = "number | "};
  struct rt_text text = {0};
  rt_text_printf(&text, "%s = %s", option->name, value[option->type]);
  const int64_t words_of = option->most - (option->type == IO_OPTION_WORD_OR_NUMBER);
  for (int64_t k = 0; option->choice && k < words_of; k++)
    rt_text_printf(&text, "%s%s", k ? " | " : "", option->choice[k]);
  return kept(words, &text);
}

/* Is it one option of several kinds, which means the same in each? Shift, say, is one of images and of
 * sounds, and is not. */
static bool is_same(const struct io_option *a, const struct io_option *b) {
  return !strcmp(a->name, b->name) && !strcmp(a->doc, b->doc) && a->choice == b->choice;
}

static bool has(const struct io_kind *kind, const struct io_option *option) {
  for (int o = 0; o < kind->options; o++)
    if (is_same(&kind->option[o], option)) return true;
  return false;
}

/* Has a kind before number k it too; of all names, or of this one's alone? */
static bool had_before(size_t k, const struct io_option *option, bool of_name) {
  for (size_t b = 0; b < k; b++)
    if ((!of_name || !strcmp(io_kinds[b]->name, io_kinds[k]->name)) && has(io_kinds[b], option)) return true;
  return false;
}

static void add_option(struct cc_words *words, size_t first, const struct io_option *option) {
  struct rt_text kinds = {0};
  if (had_before(first, option, false)) return;
  for (size_t k = first; io_kinds[k]; k++)
    if (has(io_kinds[k], option) && !had_before(k, option, true))
      rt_text_printf(&kinds, "%s%s", kinds.length ? ", " : "an option of columns: ", io_kinds[k]->name);
  cc_words_add(words, option->name, written_option(words, option), kept(words, &kinds), option->doc, NULL);
}

static void add_columns(struct cc_words *words) {
  for (size_t k = 0; io_kinds[k]; k++)
    cc_words_add(words, io_kinds[k]->name, written_kind(words, io_kinds[k]), "a kind of column",
                 io_kinds[k]->doc, NULL);
  for (size_t k = 0; io_kinds[k]; k++)
    for (int o = 0; o < io_kinds[k]->options; o++) add_option(words, k, &io_kinds[k]->option[o]);
}

static void put_setting(struct rt_text *out, const struct rt_setting *s) {
  const bool part = s->range.takes == RT_TAKES_STEPS;
  if (s->range.takes == RT_TAKES_SWITCH)
    rt_text_printf(out, ", %s = %s", s->name, s->fallback != 0 ? "true" : "false");
  else
    rt_text_printf(out, ", %s = %g%s", s->name, part ? 100 * s->fallback : s->fallback, part ? "%" : "");
}

static void add_settings(struct cc_words *words, const char *of, const struct rt_setting *setting,
                         int count) {
  const char *noun = rt_arena_printf(&words->arena, "a setting of %s", of);
  for (int k = 0; k < count; k++)
    cc_words_add(words, setting[k].name, setting[k].name, noun ? noun : "", setting[k].doc, NULL);
}

static void add_training(struct cc_words *words) {
  const struct cc_parameter *setting;
  for (int k = 0; (setting = cc_train_setting(k)); k++)
    cc_words_add(words, setting->name, setting->name, "a setting of train", setting->doc, NULL);
  for (int m = 0; m < RT_METHODS; m++) {
    const struct rt_method *row = &rt_method[m];
    struct rt_text text = {0};
    rt_text_printf(&text, "%s(lr = %g, weight_decay = %g", row->name, row->lr, row->decay);
    for (int k = 0; k < row->settings; k++) put_setting(&text, &row->setting[k]);
    rt_text_puts(&text, ")");
    cc_words_add(words, row->name, kept(words, &text), "an optimizer", row->doc,
                 rt_arena_printf(&words->arena, "train { optimizer = %s }", row->name));
  }
  for (int m = 0; m < RT_SCHEDULES; m++) {
    const struct rt_schedule *row = &rt_schedule[m];
    struct rt_text text = {0};
    rt_text_printf(&text, "%s(warmup = %g%s", row->name, 100 * row->warmup.number,
                   row->warmup.number > 0 ? "%" : "");
    for (int k = 0; k < row->settings; k++) put_setting(&text, &row->setting[k]);
    rt_text_puts(&text, ")");
    cc_words_add(words, row->name, kept(words, &text), "a schedule of the learning rate", row->doc,
                 rt_arena_printf(&words->arena, "train { schedule = %s }", row->name));
  }
  for (int m = 0; m < RT_METHODS; m++)
    add_settings(words, rt_method[m].name, rt_method[m].setting, rt_method[m].settings);
  for (int m = 0; m < RT_SCHEDULES; m++)
    add_settings(words, rt_schedule[m].name, rt_schedule[m].setting, rt_schedule[m].settings);
}

void cc_words_of_language(struct cc_words *words) {
  for (size_t k = 0; k < RT_COUNT(plain); k++)
    cc_words_add(words, plain[k].name, plain[k].written, plain[k].noun, plain[k].doc, plain[k].example);
  for (int k = 0; k < CC_SLOTS; k++)
    cc_words_add(words, cc_slot_names[k], cc_slot_names[k], "a slot of a head", slot[k].doc, slot[k].example);
  add_columns(words);
  add_training(words);
}
