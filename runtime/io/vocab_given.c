/* vocab_given.c: vocabularies that are given, not learned: labels in the program, a file of words. */
#include <stdio.h>
#include <string.h>

#include "runtime/io/file.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"
#include "runtime/io/vocab.h"

/* ---- labels = "bad, so-so, good" ---- */

static int add_label(struct io_intern *set, const char *text, size_t length, struct rt_error *error) {
  int32_t number, before = set->count;
  io_trim(&text, &length);
  if (length == 0) return rt_fail(error, RT_USAGE, "a label is empty");
  int status = io_intern_add(set, text, length, &number, error);
  if (status != RT_OK || number == before) return status;
  return rt_fail(error, RT_USAGE, "the label \"%.*s\" is there twice", io_quoted(text, length), text);
}

int io_vocab_from_labels(struct io_vocab **vocab, const char *labels, struct rt_error *error) {
  struct io_intern set = {0};
  int status = RT_OK;
  *vocab = NULL;
  for (const char *at = labels; at && status == RT_OK;) {
    const char *comma = strchr(at, ',');
    status = add_label(&set, at, comma ? (size_t)(comma - at) : strlen(at), error);
    at = comma ? comma + 1 : NULL;
  }
  if (status == RT_OK && set.count < 2)
    status = rt_fail(error, RT_USAGE, "there is one label; two are needed");
  if (status == RT_OK) status = io_vocab_list_new(vocab, &set, (struct io_list_marks){-1, -1, -1}, error);
  io_intern_free(&set);
  return status;
}

/* ---- vocab = "words.txt" ---- */

struct entries {
  const char *path;
  struct io_intern set;
};

static int add_line(void *context, int line, const char *text, size_t length, struct rt_error *error) {
  struct entries *entries = context;
  const struct rt_place place = {entries->path, line, 0};
  int32_t number, before = entries->set.count;
  if (length == 0) return rt_fail_at(error, RT_BAD_DATA, place, "an empty line in a vocabulary");
  int status = io_intern_add(&entries->set, text, length, &number, error);
  if (status != RT_OK || number == before) return status;
  return rt_fail_at(error, RT_BAD_DATA, place, "\"%.*s\" is on line %d already", io_quoted(text, length),
                    text, (int)number + 1);
}

int io_vocab_from_file(struct io_vocab **vocab, const char *path, struct rt_error *error) {
  struct entries entries = {.path = path};
  *vocab = NULL;
  int status = io_require_ordinary(path, error);
  if (status == RT_OK) status = io_read_lines(path, add_line, &entries, error);
  if (status == RT_OK && entries.set.count == 0)
    status = rt_fail_in(error, RT_BAD_DATA, path, "a vocabulary without a word");
  int32_t unknown = io_intern_find(&entries.set, "[UNK]", 5);
  if (unknown < 0) unknown = io_intern_find(&entries.set, "<unk>", 5);
  const struct io_list_marks marks = {unknown, -1, -1};
  if (status == RT_OK) status = io_vocab_list_new(vocab, &entries.set, marks, error);
  io_intern_free(&entries.set);
  return status;
}

int io_vocab_numbers(struct io_vocab **vocab, int64_t count, struct rt_error *error) {
  struct io_intern texts = {0};
  int status = RT_OK;
  char digits[24];
  *vocab = NULL;
  if (count > IO_MOST_IDS)
    return rt_fail(error, RT_USAGE, "%lld ids are too many: there are at most %d", (long long)count,
                   IO_MOST_IDS);
  for (int64_t id = 0; id < count && status == RT_OK; id++) {
    int32_t number;
    int length = snprintf(digits, sizeof digits, "%lld", (long long)id);
    status = io_intern_add(&texts, digits, (size_t)length, &number, error);
  }
  if (status == RT_OK) status = io_vocab_list_new(vocab, &texts, (struct io_list_marks){-1, -1, -1}, error);
  io_intern_free(&texts);
  return status;
}
