/* token_host.c: ids of texts, for comparing tokenisers with others. Texts are JSON strings, one a line.
 *
 *   token_host random SEED COUNT                 prints texts of random characters
 *   token_host wordpiece VOCAB lower|cased       reads texts, prints their ids, without the marks around
 *   token_host bpe VOCAB MERGES                  the same; VOCAB may be a tokenizer.json, then MERGES is - */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "runtime/io/json.h"
#include "runtime/io/schema.h"
#include "runtime/io/table.h"
#include "runtime/io/utf8.h"
#include "runtime/random.h"

/* Numbers of a sequence. */
struct random {
  uint64_t seed, position;
};

static size_t below(struct random *random, size_t limit) {
  return (size_t)rt_random_below(random->seed, random->position++, (int64_t)limit);
}

/* A code point that this machine's Unicode has, from a block where things go wrong more often than not. */
static int32_t random_point(struct random *random) {
  static const struct {
    int32_t from, to;
  } blocks[] = {
      {0x20, 0x7E},       {0x20, 0x7E},       {0x61, 0x7A},     {0x61, 0x7A},     {0x41, 0x5A},
      {0x00, 0x1F},       {0x80, 0x24F},      {0x250, 0x3FF},   {0x300, 0x36F},   {0x370, 0x3FF},
      {0x400, 0x52F},     {0x590, 0x6FF},     {0x900, 0xDFF},   {0xE00, 0xEFF},   {0x1100, 0x11FF},
      {0x1E00, 0x1FFF},   {0x2000, 0x206F},   {0x2070, 0x2BFF}, {0x3000, 0x30FF}, {0x4E00, 0x9FFF},
      {0x4E00, 0x9FFF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF}, {0xFE00, 0xFFFD}, {0x1F300, 0x1FAFF},
      {0x20000, 0x2A6DF}, {0x2F800, 0x2FA1F}, {0, 0xFFFD},      {0, 0x10FFFD}};
  for (;;) {
    size_t b = below(random, RT_COUNT(blocks));
    int32_t p = blocks[b].from + (int32_t)below(random, (size_t)(blocks[b].to - blocks[b].from + 1));
    utf8proc_category_t category = utf8proc_category(p);
    if (category != UTF8PROC_CATEGORY_CN && category != UTF8PROC_CATEGORY_CS) return p;
  }
}

static int print_random(uint64_t seed, long count) {
  static const char *const words[] = {" ",
                                      "  ",
                                      "\n",
                                      "\n\n\n",
                                      "\t",
                                      "the ",
                                      "'s",
                                      "'ll",
                                      "don't",
                                      "!!!",
                                      "2024",
                                      "…",
                                      "ing",
                                      "Straße",
                                      "[UNK]",
                                      "[MASK]",
                                      "[SEP",
                                      "Σ",
                                      "ΟΔΟΣ ",
                                      "é",
                                      "e\xCC\x81",
                                      "İ",
                                      "<|endoftext|>",
                                      "\xEF\xBB\xBF",
                                      "\xC2\x85"};
  struct random random = {seed, 0};
  for (long k = 0; k < count; k++) {
    struct rt_text text = {0}, line = {0};
    for (size_t i = 0, parts = 1 + below(&random, 40); i < parts; i++) {
      char bytes[4];
      if (below(&random, 4) == 0)
        rt_text_puts(&text, words[below(&random, RT_COUNT(words))]);
      else
        rt_text_add(&text, bytes, io_utf8_encode(random_point(&random), bytes));
    }
    io_json_string(&line, text.data, text.length);
    puts(line.data);
    rt_text_free(&text);
    rt_text_free(&line);
  }
  return 0;
}

static int fail(const char *what) {
  fprintf(stderr, "token_host: %s\n", what);
  return 1;
}

/* A column of that kind alone in a schema. */
static int set_up(struct io_schema *schema, int count, char **argument) {
  struct rt_error error = {0};
  struct io_column *column;
  const struct io_kind *kind = io_kind_find(argument[0]);
  if (!kind || count < 3 || io_schema_add(schema, "text", kind, &column, &error)) return fail("what kind?");
  for (int o = 0; o < kind->options; o++) {
    const char *name = kind->option[o].name;
    if (!strcmp(name, "vocab")) column->set.vocab = argument[1];
    if (!strcmp(name, "merges") && strcmp(argument[2], "-")) column->set.merges = argument[2];
    if (!strcmp(name, "lower"))
      *io_option_number(&kind->option[o], &column->set) = strcmp(argument[2], "lower") ? IO_OFF : IO_ON;
    if (!strcmp(name, "ends")) *io_option_number(&kind->option[o], &column->set) = IO_OFF;
  }
  if (kind->given(&column->vocab, &column->set, &error) || io_schema_check(schema, &error))
    return fail(error.text);
  return 0;
}

static int print_ids(const struct io_schema *schema) {
  const struct io_column *column = &schema->columns[0];
  struct io_tokens tokens = {0};
  struct rt_error error = {0};
  char *line = NULL;
  size_t capacity = 0;
  for (ssize_t n; (n = getline(&line, &capacity, stdin)) > 0;) {
    json_t *json = json_loadb(line, (size_t)n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!json_is_string(json)) return fail("a line is no JSON string");
    const struct io_field text[IO_MOST_TEXTS] = {{json_string_value(json), json_string_length(json)}};
    if (column->kind->tokens(schema, 0, text, &tokens, &error)) return fail(error.text);
    for (size_t k = 0; k < tokens.count; k++)
      printf(k ? " %d" : "%d",
             (int)io_vocab_find(column->vocab, tokens.text + tokens.items[k].at, tokens.items[k].size));
    puts("");
    json_decref(json);
  }
  io_tokens_free(&tokens);
  free(line);
  return 0;
}

int main(int count, char **argument) {
  struct io_schema schema = {0};
  if (count == 4 && !strcmp(argument[1], "random"))
    return print_random(strtoull(argument[2], NULL, 10), strtol(argument[3], NULL, 10));
  if (count < 3) return fail("see its source for how it is called");
  int failed = set_up(&schema, count - 1, argument + 1);
  if (!failed) failed = print_ids(&schema);
  io_schema_free(&schema);
  return failed;
}
