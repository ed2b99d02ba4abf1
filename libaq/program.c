/* program.c: programs as handles: reading, checking, layout. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/dictionary.h"
#include "libaq/judge/judge.h"
#include "libaq/judge/report.h"
#include "libaq/model/requirement_words.h"
#include "runtime/io/file.h"

enum { SOURCE_MAX = 64 << 20 };

/* A model's program is in it, but that is not what it is opened for here. */
static int refuse_model(const char *path, struct rt_error *error) {
  const char *end = strrchr(path, '.');
  if (!end || strcmp(end, ".aqm") != 0) return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, path, "this is a trained model, and a program is read here");
  rt_hint(error, "load it as a model; its program is a text, which usually ends in .aq");
  return RT_BAD_DATA;
}

static int read_source(void *context, const char *path, char **text, size_t *length, struct rt_error *error) {
  struct stat about;
  (void)context;
  /* A pipe might never end, and a device has no end. */
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
    return rt_fail(error, RT_NO_INPUT, S_ISDIR(about.st_mode) ? "it is a folder" : "it is no ordinary file");
  return io_read_file(path, SOURCE_MAX, text, length, error);
}

/* A text of the host, "D=64". With an origin, as aqc's "--lr", messages show what is behind the `=` of
 * "train.lr=0.01". */
static int copy_given(struct aq_program *p, const char *text, const char *origin, struct cc_assigned *copy,
                      struct rt_error *error) {
  const char *equals = origin && text ? strchr(text, '=') : NULL;
  if (!text) return rt_fail(error, RT_USAGE, "what is given has no value: it is NULL");
  if (origin) copy->origin = rt_arena_printf(&p->arena, "%s", origin);
  if (equals) {
    const char *name = text + (strncmp(text, "train.", 6) == 0 ? 6 : 0);
    size_t length = name < equals ? (size_t)(equals - name) : 0;
    while (length && name[length - 1] == ' ') length--;
    copy->name = rt_arena_strndup(&p->arena, name, length);
    text = equals + 1;
  }
  copy->text = rt_arena_printf(&p->arena, "%s", text);
  return copy->origin && copy->text && (copy->name || !equals) ? RT_OK : rt_no_memory(error);
}

/* Texts of the host, and what messages call them unless it says otherwise. */
struct given {
  const char *const *text, *const *origin;
  size_t count;
  const char *usual;
};

static int copy_all(struct aq_program *p, const struct given *given, struct cc_assigned **copies,
                    struct rt_error *error) {
  int status = RT_OK;
  size_t size;
  if (!rt_mul(given->count, sizeof **copies, &size) || !(*copies = rt_arena_alloc(&p->arena, size)))
    return rt_no_memory(error);
  for (size_t k = 0; k < given->count && status == RT_OK; k++) {
    (*copies)[k] = (struct cc_assigned){.origin = given->usual};
    status = copy_given(p, given->text ? given->text[k] : NULL, given->origin ? given->origin[k] : NULL,
                        &(*copies)[k], error);
  }
  return status;
}

static int copy_options(struct aq_program *p, const aq_program_options *o, struct rt_error *error) {
  const struct given define = {o->define, o->define_origin, o->define_count, "the option define"},
                     set = {o->set, o->set_origin, o->set_count, "the option set"};
  int status = copy_all(p, &define, &p->define, error);
  return status == RT_OK ? copy_all(p, &set, &p->set, error) : status;
}

static int allow(struct aq_program *p, const aq_program_options *o, struct rt_error *error) {
  const aq_load_options allowed = {.size = sizeof allowed,
                                   .allow_ffi = o->allow_ffi,
                                   .allow_ffi_count = o->allow_ffi_count,
                                   .externs = o->externs,
                                   .files_from = o->files_from,
                                   .files_from_count = o->files_from_count};
  return lib_allow(&p->allowed, &allowed, &p->arena, error);
}

/* A folder is looked into when the program asks for it; a model is loaded now. */
static int open_weights(struct aq_program *p, const char *path, struct rt_text *config,
                        struct rt_error *error) {
  struct stat about;
  size_t length = path ? strlen(path) : 0;
  if (!path) return RT_OK;
  if (length > 4 && !strcmp(path + length - 4, ".aqm")) {
    if (!(p->from = lib_model_new()) || !(p->from_path = rt_arena_strndup(&p->arena, path, length)))
      return rt_no_memory(error);
    int status = lib_model_read(p->from, path, error);
    if (status == RT_OK) status = lib_source_config(p->from->source, config, error);
    lib_name_model(p->from, error);
    return status;
  }
  if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return RT_OK;
  rt_fail_in(error, RT_NO_INPUT, path,
             stat(path, &about) == 0 ? "it is no folder" : "there is no such folder");
  rt_hint(error, "weights are a folder with config.json and model.safetensors, or a model, MODEL.aqm");
  return error->code;
}

static int list_choices(struct aq_program *p, struct rt_error *error) {
  const size_t count = p->read ? p->read->choice_count : 0;
  p->choice = rt_arena_alloc(&p->arena, (count + 1) * sizeof *p->choice);
  if (!p->choice || !p->read) return rt_no_memory(error);
  for (size_t k = 0; k < count; k++) {
    const struct cc_choice *from = &p->read->choice[k];
    p->choice[k] = (aq_choice){.size = sizeof(aq_choice),
                               .name = from->shown,
                               .full_name = from->name,
                               .alternative = from->alternative,
                               .count = (size_t)from->count,
                               .chosen = (size_t)from->chosen,
                               .given = from->given};
  }
  return RT_OK;
}

/* The first error that the compiler found becomes the program's message. */
static int take_first(struct aq_program *p, struct rt_error *error) {
  const struct rt_error *first = p->read ? cc_first_error(&p->read->diagnostics) : NULL;
  if (!p->read) return rt_no_memory(error);
  if (first) *error = *first;
  return first ? first->code : RT_OK;
}

int aq_program_new(const char *path, const char *text, size_t length, const aq_program_options *given,
                   aq_program **program) {
  if (!program) return AQ_USAGE;
  struct aq_program *p = *program = rt_zalloc(1, sizeof *p);
  if (!p) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&p->message);
  char *own = NULL;
  if (!path && !text) return rt_fail(error, RT_USAGE, "there is no program: neither a path nor a text");
  if (!path) path = "program";
  struct rt_text config = {0};
  aq_program_options options;
  int status = lib_take_options(LIB_PROGRAM_OPTIONS, given, &options, error);
  if (status == RT_OK) status = copy_options(p, &options, error);
  if (status == RT_OK) status = allow(p, &options, error);
  if (status == RT_OK) status = open_weights(p, options.weights, &config, error);
  if (status == RT_OK && !text) {
    status = refuse_model(path, error);
    if (status == RT_OK) status = io_read_file(path, SOURCE_MAX, &own, &length, error);
    text = own;
  }
  if (status == RT_OK) {
    struct cc_source source = {.name = path, .text = text, .length = length};
    if (!options.no_imports) source.reader = read_source;
    source.define = p->define;
    source.define_count = (int)options.define_count;
    source.set = p->set;
    source.set_count = (int)options.set_count;
    source.measures = lib_check_metric;
    source.weights = p->from ? NULL : options.weights;
    source.config = p->from ? config.data : NULL;
    if (options.function && !(p->function = rt_arena_printf(&p->arena, "%s", options.function)))
      status = rt_no_memory(error);
    p->read = cc_program_read(&source);
    status = list_choices(p, error);
    if (status == RT_OK) status = take_first(p, error);
  }
  if (status == RT_OK) {
    p->program = p->read;
    p->program->unfused = options.unfused;
  }
  rt_free(own);
  rt_text_free(&config);
  return status;
}

void aq_program_free(aq_program *program) {
  if (!program) return;
  vm_module_free(program->model);
  aq_model_free(program->from);
  cc_program_free(program->read);
  rt_arena_free(&program->arena);
  rt_free(program);
}

const aq_message *aq_program_message(const aq_program *program) {
  if (!program) return lib_nothing();
  return lib_view((struct lib_message *)&program->message);
}

int lib_can_compile(const struct aq_program *program, struct rt_error *error) {
  if (!program) return rt_fail(error, RT_USAGE, "there is no program: it is NULL");
  return program->program ? RT_OK : rt_fail(error, RT_USAGE, "the program has errors and cannot be compiled");
}

static bool is_registered(const struct vm_allowed *allowed, const char *name) {
  bool found = false;
  for (size_t k = 0; k < allowed->host_count; k++) found = found || !strcmp(allowed->host[k].name, name);
  return found;
}

/* A native function without a library is the host's, and the host is here. */
static int check_hosted(struct aq_program *p, struct rt_error *error) {
  for (size_t u = 0; u < p->read->unit_count; u++)
    for (size_t i = 0; i < p->read->unit[u]->definition_count; i++) {
      const struct gr_node *node = p->read->unit[u]->definition[i].node;
      if (!node || node->kind != GR_EXTERN || node->child[2] || is_registered(&p->allowed, node->text))
        continue;
      gr_fail(error, node->span,
              "no library is named for the extern `%s`, and this host has no such function", node->text);
      rt_hint(error, "a function of a library is declared with `from \"./lib.so\"` behind its result; a host "
                     "registers its own (aq_extern_register)");
      return cc_report_copy(&p->read->diagnostics, error) == RT_OK ? error->code : RT_NO_MEMORY;
    }
  return RT_OK;
}

static bool has_externs(const struct cc_program *read) {
  for (size_t u = 0; u < read->unit_count; u++)
    if (read->unit[u]->item[GR_EXTERN]) return true;
  return false;
}

/* A function that cannot be compiled by itself, as one that is given a function, is checked where it is
 * called; so is one that has no gradient. */
static int check_natives_of(const struct aq_program *p, const char *name, bool gradients,
                            struct rt_error *error) {
  const struct cc_alone alone = {.name = name, .gradients = gradients};
  struct rt_error unfit = {0};
  struct vm_module *module = cc_compile_function(p->read, &alone, &unfit);
  int status = module ? vm_natives_bind(module, &p->allowed, error) : RT_OK;
  vm_module_free(module);
  rt_error_clear(&unfit);
  return status;
}

/* Native functions that functions of the file call, and their gradients, against their libraries. */
static int check_natives(const struct aq_program *p, struct rt_error *error) {
  const struct cc_unit *unit = p->read->main;
  int status = RT_OK;
  if (!unit || !has_externs(p->read)) return RT_OK;
  for (size_t i = 0; i < unit->definition_count && status == RT_OK; i++) {
    const struct gr_node *node = unit->definition[i].node;
    if (!node || (node->kind != GR_FN && node->kind != GR_HEAD)) continue;
    status = check_natives_of(p, unit->definition[i].name, false, error);
    if (status == RT_OK) status = check_natives_of(p, unit->definition[i].name, true, error);
  }
  return status;
}

int aq_program_check(aq_program *program) {
  if (!program) return AQ_USAGE;
  struct rt_error *error = &program->message.error;
  if (!program->read) return error->code;
  lib_begin(&program->message);
  vm_module_free(program->model);
  program->model = NULL;
  program->native_count = 0;
  int status = cc_check(program->read, &program->model, error);
  if (status == RT_OK) status = check_hosted(program, error);
  if (status == RT_OK) status = check_natives(program, error);
  if (status == RT_OK && program->model) status = vm_natives_bind(program->model, &program->allowed, error);
  if (status == RT_OK && program->model)
    status = lib_requirements_list(program->model, &program->arena, &program->requirement, error);
  if (status == RT_OK && program->model)
    status =
        lib_list_natives(program->model, &program->arena, &program->native, &program->native_count, error);
  return status;
}

size_t aq_program_requirement_count(const aq_program *program) {
  return program && program->model && program->requirement ? program->model->requirement_count : 0;
}

const char *aq_program_requirement(const aq_program *program, size_t requirement, const aq_message **place) {
  if (requirement >= aq_program_requirement_count(program)) return lib_requirement_view(NULL, place, "");
  return lib_requirement_view(&program->model->requirement[requirement], place,
                              program->requirement[requirement]);
}

static const struct cc_diagnostics *found(const aq_program *program) {
  static const struct cc_diagnostics none;
  return program && program->read ? &program->read->diagnostics : &none;
}

size_t aq_program_diagnostic_count(const aq_program *program) { return found(program)->count; }

size_t aq_program_error_count(const aq_program *program) {
  if (!program) return 0;
  return program->read ? found(program)->error_count : program->message.error.code != AQ_OK;
}

const aq_message *aq_program_diagnostic(const aq_program *program, size_t k, enum aq_severity *severity) {
  if (k >= found(program)->count) return NULL;
  struct cc_diagnostic *item = &program->read->diagnostics.item[k];
  if (severity) *severity = item->warning ? AQ_WARNING : AQ_ERROR;
  aq_message *shown = &((aq_program *)program)->shown;
  *shown = lib_message_of(&item->message);
  return shown;
}

const char *aq_program_file(const aq_program *program, size_t k) {
  return program && program->read && k < program->read->named_count ? program->read->named[k] : NULL;
}

bool aq_program_has_model(const aq_program *program) {
  return program && program->program && cc_item(program->program->main, GR_MODEL) != NULL;
}

size_t aq_program_choice_count(const aq_program *program) {
  return program && program->choice ? program->read->choice_count : 0;
}

const aq_choice *aq_program_choice(const aq_program *program, size_t k) {
  return k < aq_program_choice_count(program) ? &program->choice[k] : NULL;
}

int aq_format(const char *name, const char *text, size_t length, char **formatted,
              const aq_message **message) {
  struct lib_message *kept = lib_thread_message();
  struct rt_error *error = lib_begin(kept);
  struct rt_text out = {0};
  if (!name) name = "program";
  if (!text) text = "", length = 0;
  int status = formatted ? gr_format(name, text, length, &out, error) : lib_no_place(error);
  if (status == RT_OK && out.failed) status = rt_no_memory(error);
  if (status != RT_OK) rt_text_free(&out);
  if (formatted) *formatted = status != RT_OK ? NULL : out.data ? out.data : rt_strdup("");
  if (message) *message = lib_view(kept);
  return status;
}

static int describe(struct rt_text *out, const char *name, const struct cc_words *words,
                    struct rt_error *error) {
  if (!name) return cc_write_dictionary(out, error);
  if (name[0]) return cc_write_definition(out, name, words, error);
  for (size_t w = 0; w < words->count; w++) rt_text_printf(out, "%s\n", words->item[w].line);
  return out->failed ? rt_no_memory(error) : RT_OK;
}

/* One word for all of recall@1, recall@5, …, which answers to each of these names. */
static void add_metrics(struct cc_words *words, const char *asked) {
  for (size_t m = 0; m < rep_metric_count; m++) {
    char written[32];
    if (!rep_metric_listed(m, written)) continue;
    const char *name =
        asked && rep_metric_meant(m, asked) ? asked : rt_arena_printf(&words->arena, "%s", written);
    if (!name) words->failed = true;
    if (name) cc_words_add(words, name, written, "a metric", rep_metrics[m].doc, NULL);
  }
}

int aq_describe(const char *name, char **text, const aq_message **message) {
  struct lib_message *kept = lib_thread_message();
  struct rt_error *error = lib_begin(kept);
  struct rt_text out = {0};
  struct cc_words words = {0};
  cc_words_of_language(&words);
  add_metrics(&words, name);
  int status = words.failed ? rt_no_memory(error) : describe(&out, name, &words, error);
  cc_words_free(&words);
  if (status == RT_OK && !text) status = lib_no_place(error);
  if (status != RT_OK) rt_text_free(&out);
  if (text) *text = status == RT_OK ? out.data : NULL;
  if (message) *message = lib_view(kept);
  return status;
}
