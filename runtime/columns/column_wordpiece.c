/* column_wordpiece.c: the word pieces of a text, or of two in one sequence, as BERT reads them. */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/wordpiece.h"

enum { LOWER, ENDS }; /* its own settings */

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  const struct io_column *c = &schema->columns[column];
  const struct io_wordpiece how = {io_is_on(c->set.own[LOWER], true), io_is_on(c->set.own[ENDS], true),
                                   c->max_length};
  return io_wordpiece_split(schema->columns[io_schema_owner(schema, column)].vocab, &how, text,
                            text[1].text ? 2 : 1, tokens, error);
}

static int given(struct io_vocab **vocab, const struct io_settings *set, struct rt_error *error) {
  const size_t length = strlen(set->vocab);
  const bool json = length > 5 && !strcmp(set->vocab + length - 5, ".json");
  int status = json ? io_wordpiece_read_json(vocab, set->vocab, io_is_on(set->own[LOWER], true), error)
                    : io_vocab_from_file(vocab, set->vocab, error);
  const char *marks[] = {"[UNK]", "[CLS]", "[SEP]"};
  for (size_t m = 0; m < (io_is_on(set->own[ENDS], true) ? RT_COUNT(marks) : 1) && status == RT_OK; m++)
    if (io_intern_find(&(*vocab)->texts, marks[m], 5) < 0) {
      status = rt_fail_in(error, RT_BAD_DATA, set->vocab, "there is no %s among its entries", marks[m]);
      if (m > 0) rt_hint(error, "ends = false leaves out what stands before and behind the texts");
    }
  return status;
}

static int64_t around(const struct io_settings *set, int texts) {
  return io_wordpiece_marks(io_is_on(set->own[ENDS], true), texts);
}

static const struct io_option options[] = {
    {.name = "vocab",
     .doc = "a file with the vocabulary, one entry a line; or a tokenizer.json",
     .type = IO_OPTION_TEXT,
     .offset = offsetof(struct io_settings, vocab),
     .needed = true},
    IO_SWITCH("lower", own[LOWER], "whether the text is read in lower case; it is, when it is left out"),
    IO_SWITCH("ends", own[ENDS],
              "whether the marks of begin and end, [CLS] and [SEP], stand around a text; they do, when it is "
              "left out"),
};

const struct io_kind io_kind_wordpiece = {
    .name = "wordpiece",
    .doc =
        "a text, or two in one sequence, split into word pieces as BERT does; T is how many, V the size of "
        "the vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_LIST,
    .given = given,
    .partial = true,
    .texts = 2,
    .around = around,
    .tokens = tokens,
    .join = ' ',
    .encode = io_encode_text,
    .one = "piece",
    .more = "pieces",
    .entries = "entries of the vocabulary",
    .noun = "pieces",
    .usual = 30000,
    .small = 7,
};
