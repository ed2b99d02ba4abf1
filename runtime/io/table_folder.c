/* table_folder.c: a folder as a table: each .txt file in it is a row, or each image or sound, and the name
 * of its subfolder is its label. Files stand in the order of their names, byte by byte. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "runtime/io/grow.h"
#include "runtime/io/idx.h"
#include "runtime/io/table_internal.h"
#include "runtime/io/utf8.h"

/* What is in a folder and no row of it, those whose names begin with a dot apart. */
struct left_out {
  size_t count;
  char *first; /* of its paths, byte by byte */
};

struct io_folder {
  char *path;
  struct io_folder_file {
    char *path;
    size_t label, label_length; /* within the path; no length: the file stands in the folder itself */
  } * file;                     /* [count] */
  size_t count, capacity, next;
  struct left_out other_kind, deeper, beside;
  const struct io_files *files; /* a row has the file's name within the folder; NULL: the text in it */
  char *bytes;                  /* of the file last read */
};

bool io_is_folder(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

const char *io_folder_slash(const char *path) {
  const size_t length = strlen(path);
  return length && path[length - 1] == '/' ? "" : "/";
}

static bool is_text(const char *name) {
  size_t length = strlen(name);
  if (length > 3 && !strcasecmp(name + length - 3, ".gz")) length -= 3;
  return name[0] != '.' && length > 4 && !strncasecmp(name + length - 4, ".txt", 4);
}

static bool is_wanted(const struct io_folder *f, const char *name) {
  return f->files ? io_is_named(f->files, name) : is_text(name);
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const struct io_folder_file *)a)->path, ((const struct io_folder_file *)b)->path);
}

static int add_file(struct io_folder *f, char *path, size_t label, size_t label_length) {
  if (IO_GROW(f->file, f->capacity, f->count + 1) != RT_OK) {
    rt_free(path);
    return RT_NO_MEMORY;
  }
  f->file[f->count++] = (struct io_folder_file){path, label, label_length};
  return RT_OK;
}

/* The path within the folder is that of something that is no row. */
static int leave_out(struct left_out *left, const char *path) {
  left->count++;
  if (left->first && strcmp(left->first, path) <= 0) return RT_OK;
  rt_free(left->first);
  left->first = rt_strdup(path);
  return left->first ? RT_OK : RT_NO_MEMORY;
}

/* Adds the texts of a folder; with `within`, those of its subfolders. */
static int list(struct io_folder *f, const char *path, bool within, struct rt_error *error) {
  DIR *folder = opendir(path);
  const struct dirent *entry;
  const size_t base = strlen(f->path) + 1;
  int status = folder ? RT_OK : rt_fail_in(error, RT_NO_INPUT, path, "cannot be read");
  while (status == RT_OK && (entry = readdir(folder))) {
    struct rt_text name = {0};
    if (entry->d_name[0] == '.') continue;
    rt_text_printf(&name, "%s/%s", path, entry->d_name);
    if (name.failed) {
      status = rt_no_memory(error);
    } else if (within && io_is_folder(name.data)) {
      status = list(f, name.data, false, error);
    } else if (is_wanted(f, entry->d_name) && !io_is_folder(name.data)) {
      char *kept = rt_strdup(name.data);
      const bool labelled = strlen(path) > base;
      status = kept && add_file(f, kept, base, labelled ? strlen(path) - base : 0) == RT_OK
                   ? RT_OK
                   : rt_no_memory(error);
    } else if (leave_out(io_is_folder(name.data) ? &f->deeper : &f->other_kind, name.data + base) != RT_OK) {
      status = rt_no_memory(error);
    }
    rt_text_free(&name);
  }
  if (folder) closedir(folder);
  return status;
}

/* Where subfolders have texts, those beside them are left out: lists of what there is, mostly. */
static int keep_labelled(struct io_folder *f) {
  size_t kept = 0, labelled = 0;
  int status = RT_OK;
  for (size_t k = 0; k < f->count; k++) labelled += f->file[k].label_length > 0;
  for (size_t k = 0; k < f->count; k++) {
    if (!labelled || f->file[k].label_length) {
      f->file[kept++] = f->file[k];
      continue;
    }
    if (status == RT_OK) status = leave_out(&f->beside, f->file[k].path + strlen(f->path) + 1);
    rt_free(f->file[k].path);
  }
  f->count = kept;
  return status;
}

static void put_left_out(const struct left_out *left, const char *one, const char *more, const char *where,
                         struct rt_text *out) {
  if (!left->count) return;
  rt_text_printf(out, "%s%zu %s%s (%s%s)", out->length ? ", " : "", left->count,
                 left->count == 1 ? one : more, where, left->first, left->count == 1 ? "" : ", …");
}

int io_folder_left_out(const struct io_folder *f, char **text, struct rt_error *error) {
  struct rt_text said = {0};
  put_left_out(&f->other_kind, "file", "files", " of another kind", &said);
  put_left_out(&f->beside, "file", "files", " beside the subfolders", &said);
  put_left_out(&f->deeper, "folder", "folders", " within a subfolder", &said);
  *text = said.data;
  return said.failed ? rt_no_memory(error) : RT_OK;
}

static bool is_table(const char *name) {
  const enum io_format format = io_format_of(name);
  const char *end = strrchr(name, '.');
  return name[0] != '.'
         && (io_idx_is_named(name) || format == IO_FORMAT_CSV || format == IO_FORMAT_JSONL
             || (end && !strcasecmp(end, ".tsv")) || strstr(name, ".tsv.gz"));
}

/* Those to train with first. */
static bool is_before(const char *name, const char *other) {
  const bool trains = strstr(name, "train"), other_trains = strstr(other, "train");
  return trains != other_trains ? trains : strcmp(name, other) < 0;
}

void io_folder_hint(const char *path, struct rt_error *error) {
  DIR *folder = opendir(path);
  const struct dirent *entry;
  char first[sizeof entry->d_name] = "";
  while (folder && (entry = readdir(folder)))
    if (is_table(entry->d_name) && (!first[0] || is_before(entry->d_name, first)))
      snprintf(first, sizeof first, "%s", entry->d_name);
  if (folder) closedir(folder);
  if (first[0])
    rt_hint(error, "%s in it is a table by itself: give its name, %s%s%s", first, path, io_folder_slash(path),
            first);
}

static int has_none(const struct io_folder *f, const char *path, struct rt_error *error) {
  static const char *const texts[] = {".txt", NULL};
  const char *const *endings = f->files ? f->files->endings : texts;
  struct rt_text said = {0};
  for (int k = 0; endings[k]; k++)
    rt_text_printf(&said, "%s%s", !k ? "" : endings[k + 1] ? ", " : " or ", endings[k]);
  rt_fail_in(error, RT_BAD_DATA, path,
             "has no %s files: a folder is read as one %s a file, in a subfolder for each label",
             said.data ? said.data : "", f->files ? f->files->one : "text");
  rt_text_free(&said);
  io_folder_hint(path, error);
  return RT_BAD_DATA;
}

int io_folder_open(struct io_folder **folder, const char *path, const struct io_files *files,
                   struct rt_error *error) {
  struct io_folder *f = *folder = rt_zalloc(1, sizeof *f);
  if (!f || !(f->path = rt_strdup(path))) return rt_no_memory(error);
  f->files = files;
  for (size_t n = strlen(f->path); n > 1 && f->path[n - 1] == '/'; n--) f->path[n - 1] = '\0';
  int status = list(f, f->path, true, error);
  if (status != RT_OK) return status;
  if (keep_labelled(f) != RT_OK) return rt_no_memory(error);
  if (f->count) qsort(f->file, f->count, sizeof *f->file, by_path);
  return f->count ? RT_OK : has_none(f, path, error);
}

size_t io_folder_count(const char *path, const struct io_files *files) {
  struct io_folder *f;
  struct rt_error unused = {0};
  const size_t count = io_folder_open(&f, path, files, &unused) == RT_OK ? f->count : 0;
  io_folder_close(f);
  return count;
}

void io_folder_close(struct io_folder *f) {
  if (!f) return;
  for (size_t k = 0; k < f->count; k++) rt_free(f->file[k].path);
  rt_free(f->other_kind.first);
  rt_free(f->deeper.first);
  rt_free(f->beside.first);
  rt_free(f->file);
  rt_free(f->path);
  rt_free(f->bytes);
  rt_free(f);
}

const char *io_folder_name(const struct io_folder *folder) { return folder->path; }

/* What is wrong with a text, or NULL. */
static const char *fault_of(const char *text, size_t length) {
  return memchr(text, '\0', length)             ? "it has a NUL byte"
         : io_utf8_check(text, length) < length ? "it is not valid UTF-8"
                                                : NULL;
}

/* The next file, as the text and the label of a row. */
int io_table_file(struct io_table *t, int64_t *line, struct rt_error *error) {
  struct io_folder *f = t->folder;
  *line = 0;
  if (f->next == f->count) return RT_OK;
  const struct io_folder_file *file = &f->file[f->next++];
  const char *text = file->path + strlen(f->path) + 1, *fault;
  size_t length = strlen(text);
  rt_free(f->bytes);
  f->bytes = NULL;
  int status = f->files ? RT_OK : io_read_ordinary(file->path, IO_MAX_ROW, &f->bytes, &length, error);
  if (status != RT_OK) return status;
  if (!f->files) text = f->bytes;
  if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3, length -= 3;
  if ((fault = fault_of(text, length)) || (fault = fault_of(file->path, strlen(file->path))))
    return rt_fail_in(error, RT_BAD_DATA, file->path, "%s", fault);
  if (t->label_field >= 0 && t->required[t->label_field] && !file->label_length)
    return rt_fail_in(error, RT_BAD_DATA, file->path,
                      "it has no label: the name of the subfolder is the label of its texts");
  t->field_count = (size_t)t->count;
  if (IO_GROW(t->fields, t->fields_capacity, t->field_count) != RT_OK) return rt_no_memory(error);
  t->fields[f->files ? t->files_field : t->text_field] = (struct io_field){text, length};
  t->labels.length = 0;
  rt_text_add(&t->labels, file->path + file->label, file->label_length);
  if (t->several_labels) rt_text_puts(&t->labels, (char[]){IO_LABEL_END, '\0'});
  if (t->labels.failed) return rt_no_memory(error);
  if (t->label_field >= 0) t->fields[t->label_field] = (struct io_field){t->labels.data, t->labels.length};
  if (t->keeps) {
    t->kept.length = 0;
    rt_text_add(&t->kept, text, length);
    for (size_t k = 0; k < t->kept.length; k++)
      if (strchr("\t\r\n", t->kept.data[k])) t->kept.data[k] = ' ';
    if (t->kept.failed) return rt_no_memory(error);
  }
  *line = (int64_t)f->next;
  return RT_OK;
}
