/* configured.c: config.json of pretrained weights, and the files beside it. */
#include "compiler/source/configured.h"

#include <string.h>
#include <unistd.h>

#include "runtime/io/json.h"

#define SHARDS ".index.json"

/* ---- files ---- */

const char *cc_beside(struct rt_arena *arena, const char *says, const char *path) {
  const char *slash = strrchr(says, '/');
  while (!strncmp(path, "./", 2)) path += 2;
  if (path[0] == '/' || !slash) return rt_arena_strndup(arena, path, strlen(path));
  return rt_arena_printf(arena, "%.*s/%s", (int)(slash - says), says, path);
}

/* Is the file there, or the list of the shards that stand for it? */
static bool is_there(struct rt_arena *arena, const char *path) {
  const char *index = rt_arena_printf(arena, "%s" SHARDS, path);
  return access(path, F_OK) == 0 || (index && access(index, F_OK) == 0);
}

bool cc_note_file(struct cc_program *program, const char *path) {
  for (size_t k = 0; k < program->named_count; k++)
    if (!strcmp(program->named[k], path)) return true;
  const char *copy = rt_arena_strndup(&program->arena, path, strlen(path));
  if (!copy
      || rt_grow((void **)&program->named, &program->named_capacity, program->named_count + 1,
                 sizeof *program->named)
             != RT_OK)
    return false;
  program->named[program->named_count++] = copy;
  return true;
}

static const char *place_of(struct cc_program *program, struct rt_arena *arena, const char *says,
                            const char *path) {
  const bool of_library = !strncmp(says, CC_STDLIB, strlen(CC_STDLIB));
  const char *beside = cc_beside(arena, of_library ? program->main->path : says, path),
             *folder = program->config.folder;
  while (!strncmp(path, "./", 2)) path += 2;
  if (!folder || path[0] == '/' || !beside) return beside;
  size_t length = strlen(folder);
  while (length > 1 && folder[length - 1] == '/') length--;
  const char *there = rt_arena_printf(arena, "%.*s/%s", (int)length, folder, path);
  return !there || is_there(arena, there) || !is_there(arena, beside) ? there : beside;
}

const char *cc_found_file(struct cc_program *program, struct rt_arena *arena, const char *says,
                          const char *path) {
  const char *found = place_of(program, arena, says, path);
  return found && cc_note_file(program, found) ? found : NULL;
}

/* ---- what they say ---- */

/* The file as JSON, read once; NULL without an error: there is none. */
static int read_json(struct cc_program *program, const char *path, json_t **json, struct rt_error *error) {
  struct cc_config *config = &program->config;
  char *text = NULL;
  size_t length = 0;
  if (!config->file && !(config->file = json_object())) return rt_no_memory(error);
  *json = json_object_get(config->file, path);
  if (*json || !config->reader) return RT_OK;
  struct rt_error why = {0};
  int status = config->reader(config->context, path, &text, &length, &why);
  if (status == RT_NO_INPUT && access(path, F_OK) != 0) return RT_OK;
  if (status == RT_OK) status = io_json_parse(json, "it", text, length, &why);
  rt_free(text);
  if (status == RT_OK && !json_is_object(*json)) {
    json_decref(*json);
    status = rt_fail(&why, RT_BAD_DATA, "it is no JSON object, {\"hidden_size\": 768, …}");
  }
  if (status != RT_OK) {
    *json = NULL;
    return rt_fail_in(error, status, path, "%s", why.text);
  }
  return json_object_set_new(config->file, path, *json) ? rt_no_memory(error) : RT_OK;
}

/* Follows the points of a key into objects, unless the whole is one name. */
static int look_up(struct cc_program *program, const json_t *json, const char *key,
                   struct cc_configured *found) {
  found->beside = json;
  found->value = json_object_get(json, key);
  for (const char *at = key, *point; !found->value && (point = strchr(at, '.')); at = point + 1) {
    const char *first = rt_arena_strndup(&program->arena, at, (size_t)(point - at));
    if (!first) return RT_NO_MEMORY;
    json = json_object_get(json, first);
    if (!json_is_object(json)) return RT_OK;
    found->beside = json;
    found->value = json_object_get(json, point + 1);
  }
  return RT_OK;
}

int cc_config_find(struct cc_program *program, const char *says, const char *file, const char *key,
                   struct cc_configured *found, struct rt_error *error) {
  struct cc_config *config = &program->config;
  const bool usual = !strcmp(file, "config.json");
  const char *name = usual ? key : rt_arena_printf(&program->arena, "%s:%s", file, key);
  *found = (struct cc_configured){.path = file};
  if (!name || (!config->asked && !(config->asked = json_object()))) return rt_no_memory(error);
  if (config->kept) {
    found->value = json_object_get(config->kept, name);
  } else {
    json_t *json = NULL;
    if (!(found->path = cc_found_file(program, &program->arena, says, file))) return rt_no_memory(error);
    int status = read_json(program, found->path, &json, error);
    if (status != RT_OK) return status;
    if (json && look_up(program, json, key, found) != RT_OK) return rt_no_memory(error);
  }
  found->is_null = json_is_null(found->value);
  if (found->is_null) found->value = NULL;
  if (!found->value) return RT_OK;
  json_t *copy = json_deep_copy(found->value);
  return copy && !json_object_set_new(config->asked, name, copy) ? RT_OK : rt_no_memory(error);
}

void cc_config_free(struct cc_config *config) {
  json_decref(config->kept);
  json_decref(config->file);
  json_decref(config->asked);
  *config = (struct cc_config){0};
}
