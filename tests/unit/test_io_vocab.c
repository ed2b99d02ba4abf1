/* test_io_vocab.c: vocabularies and schemas, built, looked up, written and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runtime/io/fit.h"
#include "runtime/io/intern_ahead.h"
#include "runtime/io/schema.h"
#include "runtime/io/vocab.h"
#include "runtime/io/vocab_json.h"
#include "tests/unit/io_kinds.h"

static void test_intern(void **state) {
  (void)state;
  struct io_intern set = {0};
  int32_t number;
  size_t length;
  assert_int_equal(io_intern_find(&set, "x", 1), -1);
  for (int i = 0; i < 10000; i++) {
    char text[20];
    int n = snprintf(text, sizeof text, "t%d", i * 7919);
    assert_int_equal(io_intern_add(&set, text, (size_t)n, &number, NULL), RT_OK);
    assert_int_equal(number, i);
  }
  for (int i = 0; i < 10000; i++) {
    char text[20];
    int n = snprintf(text, sizeof text, "t%d", i * 7919);
    assert_int_equal(io_intern_find(&set, text, (size_t)n), i);
    assert_memory_equal(io_intern_text(&set, i, &length), text, n);
    assert_int_equal(length, n);
  }
  assert_int_equal(io_intern_add(&set, "", 0, &number, NULL), RT_OK);
  assert_int_equal(number, 10000);
  assert_int_equal(io_intern_find(&set, "", 0), 10000);
  assert_int_equal(io_intern_add(&set, "t0", 2, &number, NULL), RT_OK);
  assert_int_equal(number, 0);
  io_intern_free(&set);
}

/* Interns the letters of a text and counts them. */
static void count_letters(struct io_intern *set, const char *text, int64_t counts[26]) {
  memset(counts, 0, 26 * sizeof *counts);
  for (; *text; text++) {
    int32_t number;
    assert_int_equal(io_intern_add(set, text, 1, &number, NULL), RT_OK);
    counts[number]++;
  }
}

/* The texts of all ids, joined. */
static const char *texts(const struct io_vocab *v) {
  static char out[300];
  out[0] = '\0';
  for (int32_t id = 0; id < v->count; id++) {
    size_t length;
    const char *text = io_vocab_text(v, id, &length);
    sprintf(out + strlen(out), "%s%.*s", id ? " " : "", (int)length, text);
  }
  return out;
}

/* As one by one, however many and whichever are not there. */
static void test_found_together(void **state) {
  (void)state;
  enum { TEXTS = 400 };
  static char text[TEXTS][16];
  static struct io_sought sought[TEXTS];
  struct io_intern set = {0};
  struct io_vocab *vocab, *bytes;
  int32_t number;
  for (int k = 0; k < TEXTS; k++) {
    snprintf(text[k], sizeof *text, "%d", k * 7 % TEXTS);
    sought[k] = (struct io_sought){.text = text[k], .length = strlen(text[k])};
  }
  io_intern_find_many(&set, sought, TEXTS); /* an empty set */
  for (int k = 0; k < TEXTS; k++) assert_int_equal(sought[k].number, -1);
  for (int k = 0; k < TEXTS; k += 3)
    assert_int_equal(io_intern_add(&set, text[k], sought[k].length, &number, NULL), RT_OK);
  assert_int_equal(io_vocab_again(&vocab, IO_VOCAB_WORDS, false, &set, NULL), RT_OK);
  assert_int_equal(io_vocab_bytes(&bytes, false, NULL), RT_OK);
  io_vocab_find_many(vocab, sought, TEXTS);
  for (int k = 0; k < TEXTS; k++) {
    assert_int_equal(sought[k].number, io_vocab_find(vocab, text[k], sought[k].length));
    assert_int_equal(sought[k].number != IO_UNKNOWN, k % 3 == 0);
  }
  io_vocab_find_many(bytes, sought, TEXTS);
  for (int k = 0; k < TEXTS; k++)
    assert_int_equal(sought[k].number, io_vocab_find(bytes, text[k], sought[k].length));
  io_vocab_free(vocab);
  io_vocab_free(bytes);
}

static void test_words(void **state) {
  (void)state;
  struct io_intern set = {0};
  int64_t counts[26];
  int32_t remap[26];
  struct io_vocab *v;
  size_t length;
  count_letters(&set, "zabbaccd", counts); /* z1 a2 b2 c2 d1 */
  assert_int_equal(
      io_vocab_build(&v, IO_VOCAB_WORDS, &(struct io_counted){&set, counts, NULL}, NULL, remap, NULL), RT_OK);
  assert_string_equal(texts(v), "<unk> a b c z d");
  assert_int_equal(remap[0], 4);
  assert_int_equal(io_vocab_find(v, "b", 1), 2);
  assert_int_equal(io_vocab_find(v, "q", 1), IO_UNKNOWN);
  assert_int_equal(io_vocab_find(v, "<unk>", 5), IO_UNKNOWN);
  assert_null(io_vocab_text(v, 6, &length));
  assert_null(io_vocab_text(v, -1, &length));
  io_vocab_free(v);
  struct io_vocab_options options = {.min_count = 2, .max_size = 5, .ends = true};
  assert_int_equal(
      io_vocab_build(&v, IO_VOCAB_WORDS, &(struct io_counted){&set, counts, NULL}, &options, remap, NULL),
      RT_OK);
  assert_string_equal(texts(v), "<unk> <begin> <end> a b");
  assert_int_equal(v->begin, 1);
  assert_int_equal(v->end, 2);
  assert_int_equal(remap[0], IO_UNKNOWN);
  assert_int_equal(remap[1], 3);
  assert_int_equal(remap[3], IO_UNKNOWN);
  assert_int_equal(io_vocab_find(v, "<begin>", 7), IO_UNKNOWN);
  io_vocab_free(v);
  int64_t first[26] = {9, 4, 3, 2, 1}; /* another order of first appearance turns the ties round */
  assert_int_equal(
      io_vocab_build(&v, IO_VOCAB_WORDS, &(struct io_counted){&set, counts, first}, NULL, remap, NULL),
      RT_OK);
  assert_string_equal(texts(v), "<unk> c b a d z");
  io_vocab_free(v);
  io_intern_free(&set);
}

static void test_classes(void **state) {
  (void)state;
  struct io_intern set = {0};
  int64_t counts[26];
  int32_t remap[26], number;
  struct io_vocab *v;
  count_letters(&set, "ZbaB", counts);
  assert_int_equal(io_intern_add(&set, "ab", 2, &number, NULL), RT_OK);
  counts[number] = 5;
  assert_int_equal(io_intern_add(&set, "\xC3\xA9", 2, &number, NULL), RT_OK);
  counts[number] = 1;
  assert_int_equal(io_intern_add(&set, "gone", 4, &number, NULL), RT_OK);
  counts[number] = 0;
  assert_int_equal(
      io_vocab_build(&v, IO_VOCAB_CLASSES, &(struct io_counted){&set, counts, NULL}, NULL, remap, NULL),
      RT_OK);
  assert_string_equal(texts(v), "B Z a ab b \xC3\xA9");
  assert_int_equal(remap[0], 1);
  assert_int_equal(remap[number], -1);
  assert_int_equal(io_vocab_find(v, "gone", 4), -1);
  assert_int_equal(io_vocab_find(v, "B", 1), 0);
  struct rt_text list = {0};
  io_vocab_list(v, 2, &list);
  assert_string_equal(list.data, "B, Z, … (6 in all)");
  rt_text_free(&list);
  io_vocab_free(v);
  io_intern_free(&set);
}

static void test_bytes(void **state) {
  (void)state;
  struct io_vocab *v;
  size_t length;
  assert_int_equal(io_vocab_bytes(&v, true, NULL), RT_OK);
  assert_int_equal(v->count, 258);
  assert_int_equal(v->begin, 256);
  assert_int_equal(io_vocab_find(v, "\xFF", 1), 255);
  assert_int_equal(io_vocab_find(v, "\0", 1), 0);
  assert_int_equal(*io_vocab_text(v, 65, &length), 'A');
  assert_int_equal(length, 1);
  assert_memory_equal(io_vocab_text(v, 257, &length), "<end>", 5);
  io_vocab_free(v);
}

static int parse(struct io_vocab **vocab, const char *text, size_t length, struct rt_error *error) {
  json_t *json;
  *vocab = NULL;
  int status = io_json_parse(&json, "the vocabulary", text, length, error);
  if (status == RT_OK) status = io_vocab_from_json(vocab, json, NULL, error);
  json_decref(json);
  return status;
}

static void test_json(void **state) {
  (void)state;
  static const char *const good[] = {
      "{\"kind\":\"words\",\"ends\":true,\"texts\":[\"z\",\"a\",\"\\\"q\\\\\",\"line\\nbreak\","
      "\"\\u0001\\u007f\",\"\xE4\xB8\xAD\",\"\"]}",
      "{\"kind\":\"words\",\"ends\":false,\"texts\":[]}",
      "{\"kind\":\"classes\",\"ends\":false,\"texts\":[\"B\",\"a\",\"b\"]}",
      "{\"kind\":\"bytes\",\"ends\":true}",
  };
  for (size_t i = 0; i < RT_COUNT(good); i++) {
    struct io_vocab *v;
    struct rt_text out = {0};
    assert_int_equal(parse(&v, good[i], strlen(good[i]), NULL), RT_OK);
    io_vocab_write(v, &out, NULL);
    assert_string_equal(out.data, good[i]);
    rt_text_free(&out);
    io_vocab_free(v);
  }
}

/* Many texts are one string in the file, in the JSON or apart from it, unless one of them has a space in it.
 */
static void test_many(void **state) {
  (void)state;
  for (int way = 0; way < 4; way++) {
    const bool with_space = way & 1, is_apart = way & 2;
    struct io_intern set = {0};
    struct io_vocab *vocab, *again;
    struct rt_text out = {0}, texts = {0};
    json_t *json;
    int32_t number;
    for (int k = 0; k < 1500; k++) {
      char text[20];
      snprintf(text, sizeof text, with_space && k == 7 ? "w %d" : "w\"%d", k);
      assert_int_equal(io_intern_add(&set, text, strlen(text), &number, NULL), RT_OK);
    }
    assert_int_equal(io_vocab_again(&vocab, IO_VOCAB_WORDS, true, &set, NULL), RT_OK);
    assert_int_equal(set.count, 0);
    io_vocab_write(vocab, &out, is_apart ? &texts : NULL);
    assert_int_equal(strstr(out.data, "\"joined\"") == NULL, with_space || is_apart);
    assert_int_equal(strstr(out.data, "\"apart\"") != NULL, is_apart && !with_space);
    struct io_apart apart = {texts.data, texts.length};
    assert_int_equal(io_json_parse(&json, "it", out.data, out.length, NULL), RT_OK);
    assert_int_equal(io_vocab_from_json(&again, json, is_apart ? &apart : NULL, NULL), RT_OK);
    assert_int_equal(apart.left, 0);
    assert_int_equal(again->count, 1503);
    for (int32_t id = 0; id < again->count; id++) {
      size_t a, b;
      const char *one = io_vocab_text(vocab, id, &a), *other = io_vocab_text(again, id, &b);
      assert_int_equal(a, b);
      assert_memory_equal(one, other, a);
    }
    json_decref(json);
    rt_text_free(&out);
    rt_text_free(&texts);
    io_vocab_free(vocab);
    io_vocab_free(again);
  }
}

/* Texts that stand apart and are cut, too many, no text, or there twice. */
static void test_bad_apart(void **state) {
  (void)state;
  static const struct {
    const char *length, *texts, *text;
  } bad_apart[] = {{"4", "a b", "not all of its texts"},  {"0", "a b", "not all of its texts"},
                   {"-1", "a b", "not all of its texts"}, {"3.0", "a b", "not all of its texts"},
                   {"3", "a \xff", "are not UTF-8"},      {"2", "a b", "of no column"},
                   {"3", "a a", "a text is there twice"}, {"3", "", "not all of its texts"},
                   {"2", "\xc3\xa9 x", "of no column"},   {"1", "\xc3\xa9", "are not UTF-8"},
                   {"99999999999999999", "a", "not all"}};
  for (size_t i = 0; i < RT_COUNT(bad_apart); i++) {
    char json[200];
    struct io_schema s;
    struct rt_error e = {0};
    snprintf(json, sizeof json,
             "{\"columns\":[{\"name\":\"a\",\"kind\":\"words\",\"vocab\":"
             "{\"kind\":\"words\",\"ends\":false,\"apart\":%s}}]}",
             bad_apart[i].length);
    struct rt_text texts = {.data = (char *)(uintptr_t)bad_apart[i].texts,
                            .length = strlen(bad_apart[i].texts)};
    assert_int_equal(io_schema_parse(&s, json, strlen(json), &texts, &e), RT_BAD_DATA);
    assert_non_null(strstr(e.text, bad_apart[i].text));
    assert_int_equal(io_schema_parse(&s, json, strlen(json), NULL, NULL), RT_BAD_DATA);
  }
}

static void test_bad_json(void **state) {
  (void)state;
  static const struct {
    const char *json, *text;
  } bad[] = {
      {"", "not valid JSON"},
      {"[]", "no known kind"},
      {"{\"kind\":\"wrods\",\"texts\":[]}", "no known kind"},
      {"{\"kind\":\"words\",\"ends\":1,\"texts\":[]}", "no known kind"},
      {"{\"kind\":\"classes\",\"ends\":true,\"texts\":[\"a\"]}", "no known kind"},
      {"{\"kind\":\"words\"}", "no texts"},
      {"{\"kind\":\"words\",\"texts\":[1]}", "not a string"},
      {"{\"kind\":\"words\",\"joined\":1}", "has no texts"},
      {"{\"kind\":\"words\",\"joined\":\"a b a\"}", "twice"},
      {"{\"kind\":\"classes\",\"joined\":\"b a\"}", "not sorted"},
      {"{\"kind\":\"words\",\"texts\":[\"a\",\"a\"]}", "twice"},
      {"{\"kind\":\"classes\",\"texts\":[\"b\",\"a\"]}", "not sorted"},
      {"{\"kind\":\"words\",\"kind\":\"bytes\"}", "not valid JSON"},
      {"{\"kind\":\"words\",\"texts\":[\"\\u0000\"]}", "not valid JSON"},
      {"{\"kind\":\"words\",\"texts\":[\"\xFF\"]}", "not valid JSON"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct io_vocab *v;
    struct rt_error e = {0};
    assert_int_equal(parse(&v, bad[i].json, strlen(bad[i].json), &e), RT_BAD_DATA);
    assert_null(v);
    if (!strstr(e.text, bad[i].text)) fail_msg("\"%s\" does not say \"%s\"", e.text, bad[i].text);
  }
}

static struct io_column *add(struct io_schema *s, const char *name, const struct io_kind *kind) {
  struct io_column *c;
  assert_int_equal(io_schema_add(s, name, kind, &c, NULL), RT_OK);
  return c;
}

/* Every row says what messages and sizes need of it. */
static void test_kinds(void **state) {
  (void)state;
  for (size_t k = 0; io_kinds[k]; k++) {
    const struct io_kind *kind = io_kinds[k];
    bool entries = io_kind_has(kind, IO_ENTRIES), width = io_kind_has(kind, IO_WIDTH);
    for (int a = io_kind_least_axes(kind); a <= io_kind_most_axes(kind); a++)
      assert_ptr_equal(io_kind_with_axes(kind->name, a), kind);
    assert_non_null(kind->encode);
    assert_true(kind->options <= IO_MOST_OPTIONS);
    assert_true(io_kind_is_real(kind) != entries);
    assert_true(!(entries || width) || (kind->entries && kind->usual > 0 && kind->small > 0));
    assert_true(!entries || kind->noun);
    assert_true(!io_kind_has(kind, IO_LENGTH) || (kind->one && kind->more));
    assert_true(!kind->continues || kind->tokens || kind->files);
  }
  assert_null(io_kind_find("wrods"));
  assert_null(io_kind_find("picture"));
}

static void test_schema(void **state) {
  (void)state;
  struct io_schema s = {0}, again;
  struct io_column *c;
  struct rt_error e = {0};
  struct rt_text out = {0}, out_again = {0};
  add(&s, "tokens", &io_kind_words)->set.min_count = 2;
  c = add(&s, "tags \"quoted\"", &io_kind_tags);
  c->required = false;
  add(&s, "size", &io_kind_vector)->size[0] = 3;
  add(&s, "ids", &io_kind_number);
  c = add(&s, "parts", &io_kind_ngrams);
  c->set.own[0] = 2;
  c->set.own[1] = 5;
  c->max_length = 2;
  assert_int_equal(io_schema_read_from(c, "tokens", NULL, &e), RT_OK);
  assert_int_equal(io_schema_add(&s, "ids", &io_kind_class, &c, &e), RT_USAGE);
  assert_false(io_schema_is_trained(&s));
  s.columns[1].pair = 0;
  assert_int_equal(io_schema_check(&s, NULL), RT_OK);
  assert_int_equal(io_schema_is_tagged(&s, 0), true);
  const char *classes = "{\"kind\":\"classes\",\"texts\":[\"B\",\"O\"]}",
             *words = "{\"kind\":\"words\",\"texts\":[\"x\"]}";
  assert_int_equal(parse(&s.columns[0].vocab, words, strlen(words), NULL), RT_OK);
  assert_int_equal(parse(&s.columns[1].vocab, classes, strlen(classes), NULL), RT_OK);
  assert_int_equal(parse(&s.columns[4].vocab, words, strlen(words), NULL), RT_OK);
  assert_true(io_schema_is_trained(&s));
  io_schema_write(&s, &out, NULL);
  assert_int_equal(io_schema_parse(&again, out.data, out.length, NULL, &e), RT_OK);
  assert_int_equal(again.count, 5);
  assert_int_equal(again.fields, 4); /* parts are read from the field of tokens */
  assert_int_equal(again.columns[4].field, again.columns[0].field);
  assert_string_equal(io_schema_field_name(&again, again.columns[4].field), "tokens");
  assert_true(io_schema_field_required(&again, 0));
  assert_false(io_schema_field_required(&again, again.columns[1].field));
  assert_int_equal(again.columns[4].set.own[0], 2);
  assert_int_equal(again.columns[4].set.own[1], 5);
  assert_int_equal(again.columns[1].pair, 0);
  assert_int_equal(again.columns[1].vocab->count, 2);
  assert_int_equal(again.columns[4].max_length, 2);
  assert_int_equal(again.columns[0].set.min_count, 2);
  assert_false(again.columns[1].required);
  io_schema_write(&again, &out_again, NULL);
  assert_string_equal(out.data, out_again.data);
  for (size_t length = 0; length < out.length; length++) { /* cut anywhere it is refused */
    io_schema_free(&again);
    assert_int_equal(io_schema_parse(&again, out.data, length, NULL, NULL), RT_BAD_DATA);
    assert_int_equal(again.count, 0);
  }
  rt_text_free(&out);
  rt_text_free(&out_again);
  io_schema_free(&again);
  io_schema_free(&s);
}

/* What is copied says the same, and lasts when the other is gone. */
static void test_schema_copied(void **state) {
  (void)state;
  struct io_schema s = {0}, copy, third;
  struct rt_text out = {0}, out_copy = {0};
  const char *words = "{\"kind\":\"words\",\"texts\":[\"x\",\"y\"]}",
             *labels = "{\"kind\":\"classes\",\"texts\":[\"a\",\"b\"]}";
  add(&s, "text", &io_kind_words)->set.min_count = 2;
  struct io_column *c = add(&s, "beside", &io_kind_words);
  c->shares = 0;
  c->max_length = 5;
  assert_int_equal(io_schema_read_from(c, "text", NULL, NULL), RT_OK);
  c = add(&s, "size", &io_kind_vector);
  c->set.scale = IO_SCALE_STANDARD;
  c->size[0] = 2;
  c->fit = rt_zalloc(2, sizeof *c->fit);
  c->fit[0] = (struct io_fit){1, 2, 3};
  c->fit[1] = (struct io_fit){4, 5, 6};
  c = add(&s, "marks", &io_kind_labels);
  c->set.threshold = IO_THRESHOLD_LEARNED;
  c->above = rt_zalloc(2, sizeof *c->above);
  c->above[1] = 0.25;
  assert_int_equal(parse(&s.columns[0].vocab, words, strlen(words), NULL), RT_OK);
  assert_int_equal(parse(&c->vocab, labels, strlen(labels), NULL), RT_OK);
  assert_int_equal(io_schema_check(&s, NULL), RT_OK);
  io_schema_share(&s);
  io_schema_write(&s, &out, NULL);
  assert_int_equal(io_schema_copy(&s, &copy, NULL), RT_OK);
  assert_int_equal(io_schema_copy(&copy, &third, NULL), RT_OK);
  assert_ptr_equal(copy.columns[0].vocab, s.columns[0].vocab); /* nobody changes it */
  assert_ptr_equal(copy.columns[1].vocab, copy.columns[0].vocab);
  assert_int_equal(copy.fields, s.fields);
  io_schema_free(&s);
  io_schema_free(&third);
  io_schema_write(&copy, &out_copy, NULL);
  assert_string_equal(out.data, out_copy.data);
  assert_int_equal(io_vocab_find(copy.columns[1].vocab, "y", 1), 2);
  rt_text_free(&out);
  rt_text_free(&out_copy);
  io_schema_free(&copy);
}

static void test_schema_refused(void **state) {
  (void)state;
  static const struct {
    const struct io_kind *kind;
    struct io_column with;
    const char *text;
  } bad[] = {
      {&io_kind_number, {.max_length = 2, .pair = -1}, "has no max_length"},
      {&io_kind_words, {.size = {2}, .pair = -1}, "has no width"},
      {&io_kind_class, {.ends = true, .pair = -1}, "has no ends"},
      {&io_kind_words, {.max_length = -1, .pair = -1}, "negative"},
      {&io_kind_tags, {.pair = -1}, "which column's tokens"},
      {&io_kind_tags, {.pair = 7}, "which column's tokens"},
      {&io_kind_words, {.pair = 0}, "has no tags, so it cannot be paired"},
      {&io_kind_words, {.set.max_size = -1, .pair = -1}, "max_size is -1, and can be 1 to 2147483647"},
      {&io_kind_ngrams, {.set.own = {3, 2}, .pair = -1}, "ngrams of 3 to 2 characters"},
      {&io_kind_ngrams, {.set.own = {3, 65}, .pair = -1}, "max_n is 65, and can be 1 to 64"},
      {&io_kind_ngrams, {.set.own = {3, 6}, .ends = true, .pair = -1}, "has no ends"},
  };
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct io_schema s = {0};
    struct rt_error e = {0};
    char *name = add(&s, "it", bad[i].kind)->name;
    s.columns[0] = bad[i].with;
    s.columns[0].kind = bad[i].kind;
    s.columns[0].name = name;
    assert_int_equal(io_schema_check(&s, &e), RT_USAGE);
    if (!strstr(e.text, bad[i].text)) fail_msg("\"%s\" does not say \"%s\"", e.text, bad[i].text);
    io_schema_free(&s);
  }
#define LABELS(above)                                                                                        \
  "{\"columns\":[{\"name\":\"a\",\"kind\":\"labels\",\"required\":false,\"above\":" above                    \
  ",\"vocab\":{\"kind\":\"classes\",\"texts\":[\"x\",\"y\"]}}]}"
  static const char *const json[] = {
      "{}",
      "{\"columns\":[]}",
      "{\"columns\":[{\"name\":\"a\"}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"picture\"}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"number\"},{\"name\":\"a\",\"kind\":\"number\"}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"words\",\"max_length\":-1}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"words\",\"vocab\":{\"kind\":\"bytes\"}}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"words\",\"vocab\":{\"kind\":\"words\",\"ends\":true,"
      "\"texts\":[]}}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"class\",\"vocab\":{\"kind\":\"classes\",\"texts\":[]}}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"tags\",\"pair\":0}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"words\",\"source\":\"\"}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"words\",\"source\":7}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"ngrams\"}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"ngrams\",\"min_n\":3,\"max_n\":65}]}",
      "{\"columns\":[{\"name\":\"a\",\"kind\":\"number\",\"vocab\":{\"kind\":\"bytes\"}}]}",
      LABELS("[2,0]"),
      LABELS("[0.5,-0.1]"),
      LABELS("[0.5]"),
      "{\"columns\":{\"name\":\"a\"}}",
      "{\"columns\":[[]]}",
  };
  for (size_t i = 0; i < RT_COUNT(json); i++) {
    struct io_schema s;
    assert_int_equal(io_schema_parse(&s, json[i], strlen(json[i]), NULL, NULL), RT_BAD_DATA);
    assert_null(s.columns);
  }
  struct io_schema good;
  const char *labels = LABELS("[0,1]");
  assert_int_equal(io_schema_parse(&good, labels, strlen(labels), NULL, NULL), RT_OK);
  io_schema_free(&good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_intern),         cmocka_unit_test(test_words),
      cmocka_unit_test(test_found_together), cmocka_unit_test(test_classes),
      cmocka_unit_test(test_bytes),          cmocka_unit_test(test_json),
      cmocka_unit_test(test_many),           cmocka_unit_test(test_bad_apart),
      cmocka_unit_test(test_bad_json),       cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_schema),         cmocka_unit_test(test_schema_copied),
      cmocka_unit_test(test_schema_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
