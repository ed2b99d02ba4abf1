/* model_source.c: a program as a model file keeps it, and compiled again from there: one JSON object,
 *
 *   {"unfused":true,"defines":{"D":8},"set":[{"origin":"--lr","name":"lr","text":"0.1"},…],
 *    "files":[{"name":"m.aq","text":"…"},…],"library":[…]}
 *
 * The first file is the main one, the others are imports, under the names that the first one sees. `library`
 * is what the program uses of the standard library, as it was then: so another version of the library does
 * not change a model. */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/json.h"

/* ---- writing ---- */

struct writer {
  struct rt_text *out;
  int settings, files, library; /* so far */
};

static void write_text(struct rt_text *out, const char *text) { io_json_string(out, text, strlen(text)); }

static int write_file(void *context, const struct cc_stdlib_file *file, bool is_library) {
  struct writer *w = context;
  if (is_library && w->library++ == 0)
    rt_text_puts(w->out, "],\"library\":[");
  else if (!is_library && w->files++ == 0)
    rt_text_puts(w->out, "\"files\":[");
  else
    rt_text_puts(w->out, ",");
  rt_text_puts(w->out, "{\"name\":");
  write_text(w->out, file->name);
  rt_text_puts(w->out, ",\"text\":");
  io_json_string(w->out, file->text, file->length);
  rt_text_puts(w->out, "}");
  return w->out->failed ? RT_NO_MEMORY : RT_OK;
}

static void write_set(struct writer *w, const char *name, const struct cc_set *set) {
  rt_text_puts(w->out, w->settings++ ? ",{\"origin\":" : "\"set\":[{\"origin\":");
  write_text(w->out, set->origin);
  if (name) rt_text_puts(w->out, ",\"name\":");
  if (name) write_text(w->out, name);
  rt_text_puts(w->out, ",\"text\":");
  write_text(w->out, set->text);
  rt_text_puts(w->out, "}");
}

static void write_settings(struct writer *w, const struct cc_program *program, const struct cc_set *own,
                           int count) {
  for (int k = 0; k < program->set_count; k++) {
    bool again = false;
    for (int i = 0; i < count; i++) again |= !strcmp(own[i].name, cc_set_name(program, k));
    if (!again) write_set(w, program->set[k].name, &program->set[k]);
  }
  for (int i = 0; i < count; i++) write_set(w, own[i].name, &own[i]);
  if (w->settings) rt_text_puts(w->out, "],");
}

int lib_source_write(struct cc_program *program, const struct cc_set *own, int count, char **json,
                     struct rt_error *error) {
  struct rt_text out = {0};
  struct writer writer = {&out, 0, 0, 0};
  rt_text_puts(&out, program->unfused ? "{\"unfused\":true," : "{");
  for (int i = 0; i < program->override_count; i++) {
    rt_text_puts(&out, i ? "," : "\"defines\":{");
    write_text(&out, program->override[i].name);
    rt_text_printf(&out, ":%lld", (long long)program->override[i].value);
  }
  if (program->override_count) rt_text_puts(&out, "},");
  write_settings(&writer, program, own, count);
  int status = cc_keep_program(program, write_file, &writer);
  rt_text_puts(&out, "]}");
  *json = out.data;
  if (status == RT_OK && !out.failed) return RT_OK;
  rt_text_free(&out);
  *json = NULL;
  return rt_no_memory(error);
}

/* ---- reading ---- */

struct kept {
  struct cc_stdlib_file *file, *library; /* both end with a name that is NULL */
  struct cc_override *define;
  int define_count;
  struct cc_set *set;
  int set_count;
  bool unfused;
};

static int damaged(struct rt_error *error, const char *what) {
  return rt_fail(error, RT_BAD_DATA, "the program is damaged: %s", what);
}

static int read_files(const json_t *list, const char *what, struct cc_stdlib_file **files,
                      struct rt_error *error) {
  size_t count = json_array_size(list);
  *files = rt_zalloc(count + 1, sizeof **files);
  if (!*files) return rt_no_memory(error);
  for (size_t k = 0; k < count; k++) {
    const json_t *text = json_object_get(json_array_get(list, k), "text");
    const char *name = json_string_value(json_object_get(json_array_get(list, k), "name"));
    if (!name || !name[0] || !json_is_string(text)) return damaged(error, what);
    (*files)[k] = (struct cc_stdlib_file){name, json_string_value(text), json_string_length(text)};
  }
  return RT_OK;
}

static int read_defines(struct kept *kept, json_t *defines, struct rt_error *error) {
  const char *name;
  json_t *value;
  kept->define = rt_zalloc(json_object_size(defines) + 1, sizeof *kept->define);
  if (!kept->define) return rt_no_memory(error);
  json_object_foreach(defines, name, value) {
    if (!json_is_integer(value) || json_integer_value(value) < 0)
      return damaged(error, "a dim is defined as what is no size");
    kept->define[kept->define_count++] = (struct cc_override){name, json_integer_value(value), false};
  }
  return RT_OK;
}

static int read_settings(struct kept *kept, const json_t *list, struct rt_error *error) {
  size_t count = json_array_size(list);
  kept->set = rt_zalloc(count + 1, sizeof *kept->set);
  if (!kept->set) return rt_no_memory(error);
  for (size_t k = 0; k < count; k++) {
    const json_t *of = json_array_get(list, k), *name = json_object_get(of, "name");
    struct cc_set set = {json_string_value(json_object_get(of, "origin")), json_string_value(name),
                         json_string_value(json_object_get(of, "text"))};
    if (!set.origin || !set.text || (name && !set.name))
      return damaged(error, "a setting has no origin or no text");
    kept->set[kept->set_count++] = set;
  }
  return RT_OK;
}

/* Names and texts belong to json. */
static int read_kept(struct kept *kept, const json_t *json, struct rt_error *error) {
  bool good = true;
  kept->unfused = io_json_bool(json, "unfused", false, &good);
  if (!good) return damaged(error, "its switches are neither true nor false");
  int status =
      read_files(json_object_get(json, "files"), "a file has no name or no text", &kept->file, error);
  if (status == RT_OK)
    status = read_files(json_object_get(json, "library"), "a part of the library has no name or no text",
                        &kept->library, error);
  if (status == RT_OK) status = read_defines(kept, json_object_get(json, "defines"), error);
  if (status == RT_OK) status = read_settings(kept, json_object_get(json, "set"), error);
  if (status == RT_OK && !kept->file[0].name) status = damaged(error, "it has no files");
  return status;
}

/* An import is one of the files that were kept, and nothing else in the world. */
static int read_import(void *context, const char *path, char **text, size_t *length, struct rt_error *error) {
  const struct kept *kept = context;
  for (const struct cc_stdlib_file *file = kept->file; file->name; file++) {
    if (strcmp(file->name, path)) continue;
    *length = file->length;
    *text = rt_strndup(file->text, file->length);
    return *text ? RT_OK : rt_no_memory(error);
  }
  return rt_fail(error, RT_NO_INPUT, "the model does not hold it");
}

static struct vm_module *compile(struct kept *kept, struct rt_error *error) {
  const struct cc_source source = {.name = kept->file[0].name,
                                   .text = kept->file[0].text,
                                   .length = kept->file[0].length,
                                   .reader = read_import,
                                   .context = kept,
                                   .override = kept->define,
                                   .override_count = kept->define_count,
                                   .set = kept->set,
                                   .set_count = kept->set_count,
                                   .library = kept->library};
  struct cc_program *program = cc_program_load(&source, error);
  if (!program) return NULL;
  program->unfused = kept->unfused;
  struct vm_module *module = cc_compile_model(program, error);
  cc_program_free(program);
  return module;
}

struct vm_module *lib_source_compile(const char *json, struct rt_error *error) {
  struct kept kept = {0};
  struct vm_module *module = NULL;
  json_t *root;
  if (io_json_parse(&root, "the program", json, strlen(json), error)) return NULL;
  if (!read_kept(&kept, root, error)) module = compile(&kept, error);
  rt_free(kept.file);
  rt_free(kept.library);
  rt_free(kept.define);
  rt_free(kept.set);
  json_decref(root);
  return module;
}
