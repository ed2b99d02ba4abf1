/* look_keys.c: tables whose lines say themselves which field is which: JSON lines have keys, fastText's lines
 * labels in front of a text. */
#include <string.h>

#include "runtime/columns/column.h"
#include "runtime/io/idx.h"
#include "runtime/io/json.h"
#include "runtime/io/look_internal.h"

enum { FIRST_BYTES = 1 << 20 }; /* the first line is looked for within these */

static int first_line(const char *path, struct rt_text *line, struct rt_error *error) {
  struct io_reader *reader;
  char buffer[4096];
  size_t got = 1;
  const char *end = NULL;
  int status = io_reader_open(&reader, path, error);
  if (status != RT_OK) return status;
  while (status == RT_OK && got > 0 && !end && line->length < FIRST_BYTES) {
    status = io_reader_read(reader, buffer, sizeof buffer, &got, error);
    if (status == RT_OK) rt_text_add(line, buffer, got);
    if (status == RT_OK && line->data) end = memchr(line->data, '\n', line->length);
  }
  io_reader_close(reader);
  if (status == RT_OK && line->failed) status = rt_no_memory(error);
  if (end) line->length = (size_t)(end - line->data);
  return status;
}

static int has_no_rows(const char *path, struct rt_error *error) {
  struct rt_text said = {0};
  for (int k = 0; io_kinds[k]; k++) {
    bool again = !io_kinds[k]->files;
    for (int before = 0; before < k && !again; before++)
      again = io_kinds[before]->files == io_kinds[k]->files;
    for (const char *const *end = again ? NULL : io_kinds[k]->files->endings; end && *end; end++)
      rt_text_printf(&said, ", %s", *end);
  }
  rt_fail_in(error, RT_BAD_DATA, path, "nothing in this folder can be a row: its files would end with .txt%s",
             said.data ? said.data : "");
  io_folder_hint(path, error);
  rt_hint(error, "each file is a row, in a subfolder that is called as its label: %s%scat/1.png", path,
          io_folder_slash(path));
  rt_text_free(&said);
  return RT_BAD_DATA;
}

/* What a folder has most of; NULL: texts, or nothing. */
static const struct io_files *files_of(const char *path, size_t *count_of) {
  const struct io_files *found = NULL;
  size_t most = io_folder_count(path, NULL);
  for (int k = 0; io_kinds[k]; k++) {
    const size_t count = io_kinds[k]->files ? io_folder_count(path, io_kinds[k]->files) : 0;
    if (count > most) most = count, found = io_kinds[k]->files;
  }
  *count_of = most;
  return found;
}

static int take_keys(struct io_look_keys *keys, const char *path, const struct rt_text *line,
                     struct rt_arena *arena, struct rt_error *error) {
  json_t *object, *value;
  const char *key;
  int status = io_json_parse(&object, path, line->data ? line->data : "", line->length, error);
  if (status != RT_OK) return status;
  json_object_foreach(object, key, value) {
    if (keys->count == IO_LOOK_FIELDS) break;
    if (json_is_object(value)) {
      keys->objects++;
      continue;
    }
    keys->name[keys->count] = rt_arena_strndup(arena, key, strlen(key));
    if (!keys->name[keys->count++]) status = rt_no_memory(error);
  }
  json_decref(object);
  if (status == RT_OK && keys->count == 0)
    status = rt_fail_in(error, RT_BAD_DATA, path,
                        "the first line is no JSON object with keys that a column could have");
  return status;
}

int io_look_keys(const char *path, struct rt_arena *arena, struct io_look_keys *keys,
                 struct rt_error *error) {
  static const char mark[] = "__label__";
  struct rt_text line = {0};
  *keys = (struct io_look_keys){.format = io_format_of(path)};
  if (io_is_folder(path) || io_idx_is_named(path)) {
    size_t count = 1;
    const struct io_files *files = io_idx_is_named(path) ? &io_image_files : files_of(path, &count);
    if (count == 0) return has_no_rows(path, error);
    *keys = (struct io_look_keys){
        .format = IO_FORMAT_AUTO, .name = {"label", files ? files->one : "text"}, .files = files, .count = 2};
    return RT_OK;
  }
  if (keys->format != IO_FORMAT_JSONL && keys->format != IO_FORMAT_LINES) return RT_OK;
  int status = first_line(path, &line, error);
  if (status == RT_OK && keys->format == IO_FORMAT_JSONL) {
    status = take_keys(keys, path, &line, arena, error);
  } else if (status == RT_OK && line.length >= strlen(mark) && memcmp(line.data, mark, strlen(mark)) == 0) {
    keys->format = IO_FORMAT_FASTTEXT;
    keys->name[0] = "label";
    keys->name[1] = "text";
    keys->count = 2;
  }
  rt_text_free(&line);
  return status;
}
