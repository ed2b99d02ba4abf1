/* model_source.c: a program as a model file keeps it, and compiled again from there: one JSON object,
 *
 *   {"unfused":true,"defines":[{"origin":"-D","text":"D=8"},…],
 *    "set":[{"origin":"--lr","name":"lr","text":"0.1"},…],
 *    "files":[{"name":"m.aq","text":"…"},…],"library":[…]}
 *
 * With "config":{"hidden_size":768,…} it has what the program asked of config.json
 * (compiler/source/configured.h). The first file is the main one, the others are imports, under the names
 * that the first one sees. `library` is what the program uses of the standard library, as it was then: so
 * another version of the library does not change a model. */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/json.h"

/* ---- writing ---- */

struct writer {
  struct rt_text *out;
  int given, files, library; /* so far */
};

static void write_text(struct rt_text *out, const char *text) { io_json_string(out, text, strlen(text)); }

static int write_file(void *context, const struct cc_file_text *file, bool is_library) {
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

/* A value given on the command line; the name is where it goes, unless the text itself has it. */
static void write_given(struct writer *w, const char *list, const struct cc_assigned *given) {
  if (w->given++)
    rt_text_puts(w->out, ",{\"origin\":");
  else
    rt_text_printf(w->out, "\"%s\":[{\"origin\":", list);
  write_text(w->out, given->origin);
  if (given->name) rt_text_puts(w->out, ",\"name\":");
  if (given->name) write_text(w->out, given->name);
  rt_text_puts(w->out, ",\"text\":");
  write_text(w->out, given->text);
  rt_text_puts(w->out, "}");
}

/* Writes a list, without the entries that own[0..count-1] replace by their name. */
static void write_all_given(struct writer *w, const char *name, const struct cc_assigned_list *list,
                            const struct cc_assigned *own, int count) {
  w->given = 0;
  for (int k = 0; k < list->count; k++) {
    bool again = false;
    for (int i = 0; i < count; i++) again |= !strcmp(own[i].name, list->entry[k]->text);
    if (!again) write_given(w, name, &list->item[k]);
  }
  for (int i = 0; i < count; i++) write_given(w, name, &own[i]);
  if (w->given) rt_text_puts(w->out, "],");
}

/* What the program asked of config.json, if it did. */
static void write_config(struct rt_text *out, const json_t *asked) {
  if (!json_object_size(asked)) return;
  rt_text_puts(out, "\"config\":");
  io_json_write(out, asked);
  rt_text_puts(out, ",");
}

int lib_source_write(struct cc_program *program, const struct cc_assigned *own, int count, char **json,
                     struct rt_error *error) {
  struct rt_text out = {0};
  struct writer writer = {&out, 0, 0, 0};
  rt_text_puts(&out, program->unfused ? "{\"unfused\":true," : "{");
  write_all_given(&writer, "defines", &program->define, NULL, 0);
  write_all_given(&writer, "set", &program->set, own, count);
  write_config(&out, program->config.asked);
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
  struct cc_file_text *file, *library; /* both end with a name that is NULL */
  struct cc_assigned *define, *set;
  int define_count, set_count;
  struct rt_text config; /* what config("…") finds, as JSON */
  struct rt_arena arena;
  bool unfused;
};

static int damaged(struct rt_error *error, const char *what) {
  return rt_fail(error, RT_BAD_DATA, "the program is damaged: %s", what);
}

static int read_files(const json_t *list, const char *what, struct cc_file_text **files,
                      struct rt_error *error) {
  size_t count = json_array_size(list);
  *files = rt_zalloc(count + 1, sizeof **files);
  if (!*files) return rt_no_memory(error);
  for (size_t k = 0; k < count; k++) {
    const json_t *text = json_object_get(json_array_get(list, k), "text");
    const char *name = json_string_value(json_object_get(json_array_get(list, k), "name"));
    if (!name || !name[0] || !json_is_string(text)) return damaged(error, what);
    (*files)[k] = (struct cc_file_text){name, json_string_value(text), json_string_length(text), NULL};
  }
  return RT_OK;
}

static int read_given(const json_t *list, struct cc_assigned **given, int *count, struct rt_error *error) {
  *given = rt_zalloc(json_array_size(list) + 1, sizeof **given);
  if (!*given) return rt_no_memory(error);
  for (size_t k = 0; k < json_array_size(list); k++) {
    const json_t *of = json_array_get(list, k), *name = json_object_get(of, "name");
    struct cc_assigned *to = &(*given)[*count];
    *to = (struct cc_assigned){json_string_value(json_object_get(of, "origin")), json_string_value(name),
                               json_string_value(json_object_get(of, "text"))};
    if (!to->origin || !to->text || (name && !to->name))
      return damaged(error, "what its command line gave has no origin or no text");
    ++*count;
  }
  return RT_OK;
}

/* {"D":8}: the older form, from when only sizes could be given. */
static int read_sizes(struct kept *kept, json_t *sizes, struct rt_error *error) {
  const char *name;
  json_t *value;
  kept->define = rt_zalloc(json_object_size(sizes) + 1, sizeof *kept->define);
  if (!kept->define) return rt_no_memory(error);
  json_object_foreach(sizes, name, value) {
    const char *digits = rt_arena_printf(&kept->arena, "%lld", (long long)json_integer_value(value));
    if (!digits) return rt_no_memory(error);
    if (!json_is_integer(value)) return damaged(error, "a dim is defined as what is no size");
    kept->define[kept->define_count++] = (struct cc_assigned){"-D", name, digits};
  }
  return RT_OK;
}

/* Reads what the JSON has; names and texts still belong to it. */
static int read_kept(struct kept *kept, const json_t *json, struct rt_error *error) {
  bool good = true;
  kept->unfused = io_json_bool(json, "unfused", false, &good);
  if (!good) return damaged(error, "its switches are neither true nor false");
  int status =
      read_files(json_object_get(json, "files"), "a file has no name or no text", &kept->file, error);
  if (status == RT_OK)
    status = read_files(json_object_get(json, "library"), "a part of the library has no name or no text",
                        &kept->library, error);
  json_t *config = json_object_get(json, "config"), *defines = json_object_get(json, "defines");
  if (status == RT_OK && config && !json_is_object(config))
    status = damaged(error, "its config is no object");
  if (status == RT_OK && config)
    io_json_write(&kept->config, config);
  else
    rt_text_puts(&kept->config, "{}");
  if (status == RT_OK && kept->config.failed) status = rt_no_memory(error);
  if (status == RT_OK)
    status = json_is_object(defines) ? read_sizes(kept, defines, error)
                                     : read_given(defines, &kept->define, &kept->define_count, error);
  if (status == RT_OK) status = read_given(json_object_get(json, "set"), &kept->set, &kept->set_count, error);
  if (status == RT_OK && !kept->file[0].name) status = damaged(error, "it has no files");
  return status;
}

/* An import can only be one of the files that were kept. */
static int read_import(void *context, const char *path, char **text, size_t *length, struct rt_error *error) {
  const struct kept *kept = context;
  for (const struct cc_file_text *file = kept->file; file->name; file++) {
    if (strcmp(file->name, path) != 0) continue;
    *length = file->length;
    *text = rt_strndup(file->text, file->length);
    return *text ? RT_OK : rt_no_memory(error);
  }
  return rt_fail(error, RT_NO_INPUT, "the model does not hold it");
}

static struct cc_program *load(struct kept *kept, struct rt_error *error) {
  const struct cc_source source = {.name = kept->file[0].name,
                                   .text = kept->file[0].text,
                                   .length = kept->file[0].length,
                                   .reader = read_import,
                                   .context = kept,
                                   .define = kept->define,
                                   .define_count = kept->define_count,
                                   .set = kept->set,
                                   .set_count = kept->set_count,
                                   .config = kept->config.data,
                                   .library = kept->library};
  struct cc_program *program = cc_program_load(&source, error);
  if (program) program->unfused = kept->unfused;
  return program;
}

/* What somebody makes of the program; it is freed afterwards. */
typedef int use_program(void *context, struct cc_program *program, struct rt_error *error);

static int with_program(const char *json, use_program *use, void *context, struct rt_error *error) {
  struct kept kept = {0};
  struct cc_program *program = NULL;
  json_t *root;
  int status = io_json_parse(&root, "the program", json, strlen(json), error);
  if (status != RT_OK) return status;
  status = read_kept(&kept, root, error);
  if (status == RT_OK && !(program = load(&kept, error))) status = error->code;
  if (status == RT_OK) status = use(context, program, error);
  cc_program_free(program);
  rt_free(kept.file);
  rt_free(kept.library);
  rt_free(kept.define);
  rt_free(kept.set);
  rt_text_free(&kept.config);
  rt_arena_free(&kept.arena);
  json_decref(root);
  return status;
}

struct compiled {
  const char *vector;
  struct vm_module *module;
};

static int compile(void *context, struct cc_program *program, struct rt_error *error) {
  struct compiled *to = context;
  program->vector = to->vector;
  to->module = cc_compile_model(program, error);
  return to->module ? RT_OK : error->code;
}

struct vm_module *lib_source_compile(const char *json, const char *vector, struct rt_error *error) {
  struct compiled compiled = {.vector = vector};
  with_program(json, compile, &compiled, error);
  return compiled.module;
}

/* Whether one of them is the vector that nobody names does not matter. */
static int take_vectors(void *context, struct cc_program *program, struct rt_error *error) {
  program->vector = "";
  program->vectors = context;
  vm_module_free(cc_compile_model(program, error));
  if (error->code == RT_USAGE) rt_error_clear(error);
  return program->vectors->failed ? rt_no_memory(error) : error->code;
}

int lib_source_vectors(const char *json, struct rt_text *names, struct rt_error *error) {
  return with_program(json, take_vectors, names, error);
}

static int take_digest(void *context, struct cc_program *program, struct rt_error *error) {
  (void)error;
  *(uint64_t *)context = cc_program_digest(program);
  return RT_OK;
}

int lib_source_digest(const char *json, uint64_t *digest, struct rt_error *error) {
  return with_program(json, take_digest, digest, error);
}

int lib_source_config(const char *json, struct rt_text *config, struct rt_error *error) {
  json_t *root;
  int status = io_json_parse(&root, "the program", json, strlen(json), error);
  const json_t *kept = status == RT_OK ? json_object_get(root, "config") : NULL;
  if (json_is_object(kept))
    io_json_write(config, kept);
  else
    rt_text_puts(config, "{}");
  json_decref(root);
  return status != RT_OK ? status : config->failed ? rt_no_memory(error) : RT_OK;
}

/* ---- for hosts ---- */

static int copy_file(const json_t *file, char **name, char **text, struct rt_error *error) {
  const json_t *named = json_object_get(file, "name"), *source = json_object_get(file, "text");
  if (!json_is_string(named) || !json_is_string(source))
    return damaged(error, "a file has no name or no text");
  if (name && !(*name = rt_strdup(json_string_value(named)))) return rt_no_memory(error);
  if ((*text = rt_strdup(json_string_value(source)))) return RT_OK;
  if (name) rt_free(*name);
  if (name) *name = NULL;
  return rt_no_memory(error);
}

int aq_model_source(const aq_model *model, size_t file, char **name, char **text) {
  if (!model) return AQ_USAGE;
  struct rt_error *error = lib_model_begin(model);
  json_t *root;
  if (name) *name = NULL;
  if (!text) return lib_no_place(error);
  *text = NULL;
  if (!model->source) {
    rt_fail(error, RT_USAGE, "the model does not hold its program");
    rt_hint(error, "a model file does, FILE.aqm; bytecode does not");
    return RT_USAGE;
  }
  int status = io_json_parse(&root, "the program", model->source, strlen(model->source), error);
  const json_t *files = json_object_get(root, "files"), *there = json_array_get(files, file);
  const size_t count = json_array_size(files);
  if (status == RT_OK && !count) status = damaged(error, "it has no files");
  if (status == RT_OK)
    status = there ? copy_file(there, name, text, error)
                   : rt_fail(error, RT_USAGE, "the program has %zu file%s, and this is number %zu from 0",
                             count, count == 1 ? "" : "s", file);
  lib_name_model(model, error);
  json_decref(root);
  return status;
}

/* ---- other settings ---- */

/* Is it a text as of --set, "train.lr=0.01", of that setting? */
static bool sets(const char *text, const char *name) {
  const size_t length = strlen(name), at = strlen("train.");
  if (!text || strncmp(text, "train.", at) != 0 || strncmp(text + at, name, length) != 0) return false;
  return text[at + length + strspn(text + at + length, " \t")] == '=';
}

/* Takes out what one of the settings replaces. */
static void drop_set(json_t *set, const struct cc_assigned *own) {
  for (size_t k = json_array_size(set); k-- > 0;) {
    const json_t *of = json_array_get(set, k);
    const char *name = json_string_value(json_object_get(of, "name"));
    if (name ? !strcmp(name, own->name) : sets(json_string_value(json_object_get(of, "text")), own->name))
      json_array_remove(set, k);
  }
}

int lib_source_set(const char *json, const struct cc_assigned *own, int count, char **with,
                   struct rt_error *error) {
  struct rt_text out = {0};
  json_t *root;
  if (!count) return (*with = rt_strdup(json)) ? RT_OK : rt_no_memory(error);
  int status = io_json_parse(&root, "the program", json, strlen(json), error);
  if (status != RT_OK) return status;
  json_t *set = json_object_get(root, "set");
  bool good = set || !json_object_set_new(root, "set", set = json_array());
  for (int k = 0; k < count && good; k++) {
    drop_set(set, &own[k]);
    good = !json_array_append_new(
        set, json_pack("{s:s,s:s,s:s}", "origin", own[k].origin, "name", own[k].name, "text", own[k].text));
  }
  if (good) io_json_write(&out, root);
  json_decref(root);
  *with = out.data;
  if (good && !out.failed) return RT_OK;
  rt_text_free(&out);
  *with = NULL;
  return rt_no_memory(error);
}
