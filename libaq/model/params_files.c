/* params_files.c: the files that parameters begin from: each is opened once for all parameters in a row. */
#include <string.h>

#include "libaq/model/params.h"

void lib_loader_free(struct lib_loader *l) {
  io_tensors_close(l->file);
  if (!l->borrowed) aq_model_free(l->model);
  rt_free(l->path);
  *l = (struct lib_loader){.how = l->how, .counts = l->counts, .param = l->param, .used = l->used};
}

/* ---- what of them is used ---- */

static int note_file(struct lib_used *used, const char *path, struct rt_error *error) {
  for (size_t k = 0; k < used->files; k++)
    if (!strcmp(used->file[k], path)) return RT_OK;
  if (rt_grow((void **)&used->file, &used->capacity, used->files + 1, sizeof *used->file)
      || !(used->file[used->files] = rt_strdup(path)))
    return rt_no_memory(error);
  used->files++;
  return RT_OK;
}

static int note_tensor(struct lib_used *used, const char *name, struct rt_error *error) {
  const char *copy = rt_arena_strndup(&used->arena, name, strlen(name));
  return copy && rt_map_put(&used->tensor, copy, 1) == RT_OK ? RT_OK : rt_no_memory(error);
}

void lib_note_name(char *list, size_t size, const char *name) {
  size_t used = strlen(list), length = strlen(name);
  if (used + length + 3 >= size) return;
  if (used) memcpy(list + used, ", ", 2);
  memcpy(list + used + (used ? 2 : 0), name, length + 1);
}

/* A program that leaves some out may not be that model. */
void lib_loader_unused(const struct lib_loader *l, struct lib_loaded *counts) {
  const struct lib_used *used = &l->used;
  for (size_t k = 0; k < used->files; k++) {
    struct io_tensors *file = NULL;
    if (io_tensors_open(&file, used->file[k], NULL) == RT_OK)
      for (int t = 0; t < io_tensors_count(file); t++) {
        const char *name = io_tensors_at(file, t)->name;
        if (rt_map_find(&used->tensor, name)) continue;
        counts->unused++;
        lib_note_name(counts->unused_names, sizeof counts->unused_names, name);
      }
    io_tensors_close(file);
  }
}

void lib_loader_end(struct lib_loader *l) {
  struct lib_used *used = &l->used;
  lib_loader_free(l);
  for (size_t k = 0; k < used->files; k++) rt_free(used->file[k]);
  rt_free(used->file);
  rt_map_free(&used->tensor);
  rt_arena_free(&used->arena);
}

/* ---- one file ---- */

/* The file that the last parameter came from stays open, since most come from one. */
int lib_loader_open(struct lib_loader *l, const char *path, struct rt_error *error) {
  if (l->path && !strcmp(l->path, path)) return RT_OK;
  lib_loader_free(l);
  const struct rt_text *bytes = l->how->from_bytes;
  const bool from = l->how->from && !strcmp(path, l->how->from_path);
  int status = from && bytes ? io_tensors_open_bytes(&l->file, path, bytes->data, bytes->length, error)
                             : io_tensors_open(&l->file, path, error);
  if (status != RT_OK) return status;
  if (!(l->path = rt_strdup(path))) return rt_no_memory(error);
  l->borrowed = from;
  if (from) {
    l->model = l->how->from;
    return RT_OK;
  }
  if (!io_tensors_metadata(l->file, "aq.format")) return note_file(&l->used, path, error);
  l->model = lib_model_new();
  return l->model ? lib_model_read(l->model, path, error) : rt_no_memory(error);
}

/* Says that none of the names is in the file. */
static int no_tensor(const struct lib_loader *l, const char *const *name, size_t count,
                     struct rt_error *error) {
  struct rt_text also = {0};
  for (size_t k = 1; k < count && k < 4; k++) rt_text_printf(&also, ", nor %.200s", name[k]);
  if (count > 4) rt_text_puts(&also, ", nor …");
  rt_fail_in(error, RT_BAD_DATA, l->path,
             "there is no tensor %.200s%s, which the parameter %s is loaded from", name[0],
             also.data ? also.data : "", l->param);
  rt_text_free(&also);
  lib_hint_tensors(l->file, name[0], error);
  return error->code;
}

/* RT_OK and *tensor NULL: the file does not have it. */
static int find_one(struct lib_loader *l, const char *path, const char *name, const struct io_tensor **tensor,
                    struct rt_error *error) {
  char *file;
  int status = lib_shard_find(path, name, &file, error);
  if (status == RT_OK) status = lib_loader_open(l, file, error);
  rt_free(file);
  if (status == RT_OK && (*tensor = io_tensors_find(l->file, name)))
    status = note_tensor(&l->used, name, error);
  if (status != RT_OK) *tensor = NULL;
  return status;
}

int lib_loader_find(struct lib_loader *l, const struct vm_init *init, const struct io_tensor **tensor,
                    struct rt_error *error) {
  struct rt_arena arena = {0};
  const char **name;
  size_t count = 0;
  struct rt_error first = {0};
  *tensor = NULL;
  int status = lib_tensor_names(init->tensor, &arena, &name, &count, error);
  for (size_t k = 0; k < count && !*tensor && status != RT_NO_MEMORY; k++) {
    struct rt_error why = {0};
    status = find_one(l, init->file, name[k], tensor, &why);
    if (status != RT_OK && first.code == RT_OK) first = why;
    if (status == RT_NO_INPUT) break;
  }
  if (*tensor)
    status = RT_OK;
  else if (count && first.code != RT_OK)
    status = (*error = first).code;
  else if (status == RT_OK)
    status = no_tensor(l, name, count, error);
  rt_arena_free(&arena);
  return status;
}
