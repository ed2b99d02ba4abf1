/* params_shards.c: weights in several files. Beside such shards lies an index, model.safetensors.index.json,
 * whose weight_map says in which of them each tensor is, as Hugging Face has it. */
#include "libaq/model/params.h"

#include <string.h>
#include <unistd.h>

#include "runtime/io/file.h"
#include "runtime/io/json.h"

#define INDEX ".index.json"
enum { LARGEST_INDEX = 64 << 20 };

static bool is_index(const char *path) {
  size_t length = strlen(path), end = strlen(INDEX);
  return length > end && !strcmp(path + length - end, INDEX);
}

static bool exists(const char *path) { return access(path, R_OK) == 0; }

/* The shard that an index names: a file in its folder and no other. */
static int shard_of(const char *index, const char *tensor, json_t *json, struct rt_text *path,
                    struct rt_error *error) {
  const char *file = json_string_value(json_object_get(json_object_get(json, "weight_map"), tensor)),
             *slash = strrchr(index, '/');
  if (!file)
    return rt_fail_in(error, RT_BAD_DATA, index, "there is no tensor %s in the weight_map of this index",
                      tensor);
  if (strchr(file, '/') || !*file)
    return rt_fail_in(error, RT_BAD_DATA, index,
                      "the tensor %s is in \"%.100s\", which is no file of this folder", tensor, file);
  rt_text_printf(path, "%.*s%s", slash ? (int)(slash + 1 - index) : 0, index, file);
  return RT_OK;
}

static int look_up(const char *index, const char *tensor, struct rt_text *path, struct rt_error *error) {
  char *bytes = NULL;
  size_t length;
  json_t *json = NULL;
  int status = io_read_ordinary(index, LARGEST_INDEX, &bytes, &length, error);
  if (status == RT_OK) status = io_json_parse_file(&json, index, bytes, length, error);
  if (status == RT_OK) status = shard_of(index, tensor, json, path, error);
  json_decref(json);
  rt_free(bytes);
  return status;
}

/* A folder that has only PyTorch's own files. They are pickles, which are programs: nobody should have to run
 * one to read numbers. */
static int refuse_pickle(const char *path, struct rt_error *error) {
  static const char *const names[] = {"pytorch_model.bin", "pytorch_model.bin" INDEX};
  const char *slash = strrchr(path, '/');
  int status = RT_OK;
  for (size_t k = 0; k < RT_COUNT(names) && status == RT_OK; k++) {
    struct rt_text beside = {0};
    rt_text_printf(&beside, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, names[k]);
    if (beside.failed)
      status = rt_no_memory(error);
    else if (exists(beside.data))
      status = rt_fail_in(error, RT_NO_INPUT, path, "is not there; %s beside it is not read", names[k]);
    rt_text_free(&beside);
  }
  if (status == RT_NO_INPUT)
    rt_hint(error, "make safetensors of it: python3 -c \"import torch, safetensors.torch; "
                   "safetensors.torch.save_file({name: x.clone() for name, x in torch.load("
                   "'pytorch_model.bin', weights_only=True).items()}, 'model.safetensors')\"");
  return status;
}

int lib_shard_find(const char *path, const char *tensor, char **file, struct rt_error *error) {
  struct rt_text found = {0}, index = {0};
  int status = RT_OK;
  *file = NULL;
  rt_text_printf(&index, "%s%s", path, is_index(path) ? "" : INDEX);
  if (!index.failed && (is_index(path) || (!exists(path) && exists(index.data))))
    status = look_up(index.data, tensor, &found, error);
  else
    rt_text_puts(&found, path);
  if (status == RT_OK && found.data && !exists(found.data)) status = refuse_pickle(path, error);
  if (status == RT_OK && (found.failed || index.failed)) status = rt_no_memory(error);
  rt_text_free(&index);
  if (status == RT_OK)
    *file = found.data;
  else
    rt_text_free(&found);
  return status;
}
