/* look_keys.c: tables whose lines say themselves which field is which: JSON lines have keys, fastText's lines
 * labels in front of a text. */
#include <string.h>

#include "runtime/columns/column.h"
#include "runtime/io/idx.h"
#include "runtime/io/json.h"
#include "runtime/io/look_internal.h"

int io_look_too_many(const char *path, size_t count, struct rt_error *error) {
  rt_fail_in(error, RT_BAD_DATA, path, "%zu fields in a row, and a look takes at most %d", count,
             IO_LOOK_FIELDS);
  rt_hint(error, "numbers that belong together can stand in one field, with spaces between them: a vector");
  return RT_BAD_DATA;
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

/* ---- keys ---- */

struct taking {
  struct io_look_keys *keys;
  const char *path;
  struct rt_arena *arena;
  struct rt_map known;
};

static int take_object_key(struct taking *t, const char *key, struct rt_error *error) {
  struct io_look_keys *keys = t->keys;
  const char *before = keys->object_names ? keys->object_names : "";
  if (keys->objects++ >= IO_LOOK_OBJECTS) return RT_OK;
  keys->object_names = rt_arena_printf(t->arena, "%s%s%s", before, before[0] ? ", " : "", key);
  return keys->object_names ? RT_OK : rt_no_memory(error);
}

static int take_key(struct taking *t, const char *key, bool object, struct rt_error *error) {
  struct io_look_keys *keys = t->keys;
  if (rt_map_find(&t->known, key)) return RT_OK;
  if (!object && keys->count == IO_LOOK_FIELDS)
    return io_look_too_many(t->path, (size_t)keys->count + 1, error);
  const char *copy = rt_arena_strndup(t->arena, key, strlen(key));
  if (!copy || rt_map_put(&t->known, copy, 0) != RT_OK) return rt_no_memory(error);
  if (object) return take_object_key(t, copy, error);
  keys->name[keys->count++] = copy;
  return RT_OK;
}

static int take_object(struct taking *t, const struct io_field *line, struct rt_error *error) {
  json_t *object, *value;
  const char *key;
  int status = io_json_parse(&object, t->path, line->text, line->length, error);
  if (status != RT_OK) return status;
  json_object_foreach(object, key, value) {
    if (status == RT_OK) status = take_key(t, key, json_is_object(value), error);
  }
  json_decref(object);
  return status;
}

/* The keys of all rows that are looked at closely, in the order in which they are met: a row need not have
 * all of them. Rows that cannot be read are counted later, behind a first one that can. */
static int take_keys(struct taking *t, struct io_table *lines, struct rt_error *error) {
  struct io_row row;
  int status, good = 0;
  for (int64_t n = 0; n < IO_LOOK_TEXTS; n++) {
    struct rt_error bad = {0};
    status = io_table_next(lines, &row, &bad);
    if (status == RT_OK && row.line == 0) break;
    if (status == RT_OK && row.fields[0].length) status = take_object(t, &row.fields[0], &bad);
    if (status == RT_OK) good++;
    if (status == RT_OK
        || (status == RT_BAD_DATA && good && !io_table_broken(lines) && t->keys->count < IO_LOOK_FIELDS))
      continue;
    *error = bad;
    return status;
  }
  if (t->keys->count) return RT_OK;
  return rt_fail_in(error, RT_BAD_DATA, t->path,
                    "no line is a JSON object with keys that a column could have");
}

/* Does the first line have fastText's mark? */
static int take_mark(struct io_look_keys *keys, struct io_table *lines, struct rt_error *error) {
  static const char mark[] = "__label__";
  struct io_row row;
  struct rt_error bad = {0};
  int status = io_table_next(lines, &row, &bad);
  if (status == RT_BAD_DATA) return RT_OK; /* which is told where rows are read */
  if (status != RT_OK) *error = bad;
  if (status != RT_OK || row.line == 0 || row.fields[0].length < strlen(mark)
      || memcmp(row.fields[0].text, mark, strlen(mark)) != 0)
    return status;
  keys->format = IO_FORMAT_FASTTEXT;
  keys->name[0] = "label";
  keys->name[1] = "text";
  keys->count = 2;
  return RT_OK;
}

int io_look_keys(const char *path, struct rt_arena *arena, struct io_look_keys *keys,
                 struct rt_error *error) {
  struct io_table *lines;
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
  int status = io_table_open(&lines, path, &(struct io_table_options){.format = IO_FORMAT_LINES}, error);
  if (status != RT_OK) return status;
  struct taking t = {.keys = keys, .path = path, .arena = arena};
  status = keys->format == IO_FORMAT_JSONL ? take_keys(&t, lines, error) : take_mark(keys, lines, error);
  rt_map_free(&t.known);
  io_table_close(lines);
  return status;
}
