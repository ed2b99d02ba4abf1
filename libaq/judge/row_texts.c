/* row_texts.c: the fields of rows, as they stand in the file. */
#include <string.h>

#include "libaq/judge/hardest.h"
#include "runtime/io/grow.h"

static int begin_row(struct lib_row_texts *t, int fields) {
  t->fields = fields;
  return IO_GROW(t->begin, t->capacity, (size_t)(t->count + 1) * (size_t)fields + 1);
}

static void add_field(struct lib_row_texts *t, int field, const char *text) {
  t->begin[t->count * t->fields + field] = t->text.length;
  rt_text_add(&t->text, text, strlen(text) + 1);
}

static int end_row(struct lib_row_texts *t) {
  t->count += !t->text.failed;
  return t->text.failed ? RT_NO_MEMORY : RT_OK;
}

int lib_row_texts_add(struct lib_row_texts *texts, const struct io_dataset *data, int64_t row) {
  if (!data->kept.asked) return RT_OK;
  if (begin_row(texts, data->kept.count) != RT_OK) return RT_NO_MEMORY;
  for (int f = 0; f < texts->fields; f++) add_field(texts, f, io_dataset_field(data, f, row));
  return end_row(texts);
}

int lib_row_texts_copy(struct lib_row_texts *to, const struct lib_row_texts *from, int64_t row) {
  if (!from->fields) return RT_OK;
  if (begin_row(to, from->fields) != RT_OK) return RT_NO_MEMORY;
  for (int f = 0; f < from->fields; f++) add_field(to, f, lib_row_text(from, row, f));
  return end_row(to);
}

void lib_row_texts_clear(struct lib_row_texts *texts) {
  texts->count = 0;
  texts->text.length = 0;
}

void lib_row_texts_free(struct lib_row_texts *texts) {
  rt_text_free(&texts->text);
  rt_free(texts->begin);
  *texts = (struct lib_row_texts){0};
}

const char *lib_row_text(const struct lib_row_texts *texts, int64_t row, int field) {
  if (field < 0 || field >= texts->fields || row >= texts->count) return NULL;
  return texts->text.data + texts->begin[row * texts->fields + field];
}
