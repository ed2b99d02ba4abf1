/* load_program.c: loads a file, its imports and the standard library, and collects what they define. */
#include "compiler/source/configured.h"

#include <stdio.h>
#include <string.h>

#include "runtime/io/json.h"

struct loader {
  struct cc_program *program;
  cc_reader *reader;
  void *context;
};

static struct rt_error *wrong(const struct loader *l) { return cc_report(&l->program->diagnostics, false); }

static bool is_definition(enum gr_kind kind) {
  return kind == GR_FN || kind == GR_HEAD || kind == GR_DIM || kind == GR_CONST || kind == GR_MODEL
         || kind == GR_EXTERN;
}

/* A file has one of each of these. */
static void refuse_second(struct loader *l, const struct cc_unit *unit, const struct gr_node *node) {
  static const struct {
    enum gr_kind kind;
    const char *name;
  } single[] = {{GR_MODEL, "model"}, {GR_DATA, "data block"}, {GR_LOSS, "loss"}, {GR_TRAIN, "train block"}};
  for (size_t k = 0; k < RT_COUNT(single); k++) {
    if (node->kind != single[k].kind) continue;
    struct rt_error *error = wrong(l);
    gr_fail(error, node->name_span, "a file has one %s, and this is the second", single[k].name);
    gr_note(error, unit->item[node->kind]->name_span, "the first is here");
  }
}

static int add_definition(struct loader *l, struct cc_unit *unit, struct gr_node *node) {
  struct cc_definition *before = cc_own_definition(unit, node->text);
  if (before) {
    struct rt_error *error = wrong(l);
    gr_fail(error, node->name_span, "`%s` is defined twice", node->text);
    gr_note(error, before->node->name_span, "first defined here");
    before->broken = true;
    return RT_OK;
  }
  if (rt_grow((void **)&unit->definition, &unit->definition_capacity, unit->definition_count + 1,
              sizeof *unit->definition)
      || rt_map_put(&unit->definition_of, node->text, unit->definition_count))
    return RT_NO_MEMORY;
  unit->definition[unit->definition_count++] =
      (struct cc_definition){.name = node->text, .node = node, .unit = unit};
  return RT_OK;
}

/* Items and top-level names of a unit. */
static int collect_definitions(struct loader *l, struct cc_unit *unit) {
  const struct gr_node *root = unit->file->root;
  int status = RT_OK;
  for (int i = 0; i < root->count && status == RT_OK; i++) {
    struct gr_node *node = root->child[i];
    if (unit->item[node->kind])
      refuse_second(l, unit, node);
    else
      unit->item[node->kind] = node;
    if (is_definition(node->kind)) status = add_definition(l, unit, node);
  }
  return status;
}

/* The syntax errors of a file, and what is lost by them. */
static int collect_faults(struct loader *l, struct cc_unit *unit) {
  const struct gr_file *file = unit->file;
  int status = RT_OK;
  for (size_t k = 0; k < file->fault_count && status == RT_OK; k++)
    status = cc_report_copy(&l->program->diagnostics, file->fault[k]);
  for (size_t k = 0; k < file->lost.count && status == RT_OK; k++)
    status = rt_map_put(&unit->lost, file->lost.name[k], 1);
  unit->incomplete |= file->incomplete;
  return status;
}

/* Returns NULL when there was no memory, or when the text is no program; that is reported. */
static struct cc_unit *add_unit(struct loader *l, const char *path, const struct cc_file_text *file,
                                bool is_stdlib) {
  struct cc_program *p = l->program;
  struct cc_unit *unit = rt_arena_alloc(&p->arena, sizeof *unit);
  const char *kept = rt_arena_strndup(&p->arena, path, strlen(path));
  const char *name = rt_arena_strndup(&p->arena, file->name, strlen(file->name));
  struct rt_error error = {0};
  if (!unit || !kept || !name
      || rt_grow((void **)&p->unit, &p->unit_capacity, p->unit_count + 1, sizeof(struct cc_unit *))
      || (!is_stdlib && rt_map_put(&p->path, kept, p->unit_count))) {
    p->diagnostics.failed = true;
    return NULL;
  }
  unit->file = gr_read(path, file->text, file->length, &error);
  if (!unit->file) {
    p->diagnostics.failed |= cc_report_copy(&p->diagnostics, &error) != RT_OK;
    return NULL;
  }
  unit->path = kept;
  unit->name = name;
  unit->is_stdlib = is_stdlib;
  p->unit[p->unit_count++] = unit;
  if (collect_faults(l, unit) || collect_definitions(l, unit)) p->diagnostics.failed = true;
  return p->diagnostics.failed ? NULL : unit;
}

/* ---- imports ---- */

/* `as NAME` stands for one file. */
static bool name_is_taken(struct loader *l, const struct cc_unit *unit, const struct gr_node *node) {
  const struct gr_node *as = node->count ? node->child[0] : NULL;
  const struct cc_import *before = as ? cc_find_import(unit, as->text) : NULL;
  if (!before) return false;
  struct rt_error *error = wrong(l);
  gr_fail(error, as->span, "two imports are called `%s`", as->text);
  gr_note(error, before->node->span, "the first is here");
  return true;
}

static void cannot_import(struct loader *l, const struct gr_node *node, const char *path,
                          const struct rt_error *why) {
  struct rt_error *error = wrong(l);
  gr_fail(error, node->name_span, "cannot import %s: %s", path, why->text);
  const char *dot = strrchr(path, '.');
  if (!dot || strcmp(dot, ".aq") != 0)
    rt_hint(error, "the name of a program ends in .aq; what aq has itself needs no import");
  if (why->code == RT_NO_INPUT) error->code = RT_NO_INPUT;
}

/* A file may go by many names ("../d/a.aq" and "../d/../d/a.aq"), so that not every circle is seen as one. */
static bool too_many(struct loader *l, const struct cc_unit *unit, const struct gr_node *node) {
  if (unit->depth < CC_IMPORT_DEPTH && l->program->unit_count < CC_FILES) return false;
  struct rt_error *error = wrong(l);
  if (unit->depth >= CC_IMPORT_DEPTH)
    gr_fail(error, node->name_span, "more than %d files import one another in a row", CC_IMPORT_DEPTH);
  else
    gr_fail(error, node->name_span, "a program has at most %d files", CC_FILES);
  rt_hint(error, "does a file import itself under another name?");
  return true;
}

/* The file that an import names, read now if it was not yet; NULL when it cannot be had. */
static struct cc_unit *imported_unit(struct loader *l, const struct cc_unit *importer,
                                     const struct gr_node *node, const char *path, const char *name) {
  struct cc_program *p = l->program;
  const uint64_t *known = rt_map_find(&p->path, path);
  if (known && *known < p->unit_count && !strcmp(p->unit[*known]->path, path)) {
    struct cc_unit *unit = p->unit[*known];
    if (!unit->is_loading) return unit;
    gr_fail(wrong(l), node->name_span, "%s imports itself, directly or by way of other files", path);
    return NULL;
  }
  if (too_many(l, importer, node)) return NULL;
  char *text = NULL;
  size_t length = 0;
  struct rt_error why = {0};
  if (!l->reader) {
    gr_fail(wrong(l), node->name_span, "this host does not read imports");
    return NULL;
  }
  int status = l->reader(l->context, path, &text, &length, &why);
  if (status == RT_NO_MEMORY) p->diagnostics.failed = true;
  if (status != RT_OK) cannot_import(l, node, path, &why);
  const struct cc_file_text file = {name, text, length, NULL};
  struct cc_unit *unit = status != RT_OK ? NULL : add_unit(l, path, &file, false);
  rt_free(text);
  return unit;
}

/* *opened is the imported file when its own imports are still to be read. */
static int load_import(struct loader *l, struct cc_unit *unit, struct gr_node *node,
                       struct cc_unit **opened) {
  size_t units = l->program->unit_count;
  if (name_is_taken(l, unit, node)) return RT_OK;
  const char *path = cc_beside(&l->program->arena, unit->path, node->text),
             *name = cc_beside(&l->program->arena, unit->name, node->text);
  struct cc_unit *imported = path && name ? imported_unit(l, unit, node, path, name) : NULL;
  if (!path || !name || l->program->diagnostics.failed || !cc_note_file(l->program, path))
    return RT_NO_MEMORY;
  if (!imported) {
    unit->incomplete = true;
    return RT_OK;
  }
  if (rt_grow((void **)&unit->import, &unit->import_capacity, unit->import_count + 1, sizeof *unit->import))
    return RT_NO_MEMORY;
  unit->import[unit->import_count++] = (struct cc_import){
      node->count && node->child[0] ? node->child[0]->text : NULL, name, imported, node, false};
  if (l->program->unit_count > units) *opened = imported;
  return RT_OK;
}

/* Files that import files that import files, however long the chain is: `importer` is the way back. */
static int load_imports(struct loader *l, struct cc_unit *main) {
  main->is_loading = true;
  for (struct cc_unit *unit = main; unit;) {
    const struct gr_node *root = unit->file->root;
    struct cc_unit *opened = NULL;
    if (unit->next_item == root->count) {
      unit->is_loading = false;
      if (unit->importer) unit->importer->incomplete |= unit->incomplete;
      unit = unit->importer;
      continue;
    }
    struct gr_node *node = root->child[unit->next_item++];
    if (node->kind == GR_IMPORT && load_import(l, unit, node, &opened)) return RT_NO_MEMORY;
    if (!opened) continue;
    opened->importer = unit;
    opened->depth = unit->depth + 1;
    opened->is_loading = true;
    unit = opened;
  }
  return RT_OK;
}

/* ---- the program ---- */

/* The part of a library that a model file keeps: of two files that define a name the first counts. */
static int add_kept_library(struct loader *l, const struct cc_file_text *file) {
  struct cc_program *p = l->program;
  for (; file->name; file++) {
    char path[128];
    snprintf(path, sizeof path, CC_STDLIB "%s", file->name);
    struct cc_unit *unit = add_unit(l, path, file, true);
    if (!unit) return p->diagnostics.failed ? RT_NO_MEMORY : RT_OK;
    for (size_t k = 0; k < unit->definition_count; k++)
      if (!rt_map_find(&p->library, unit->definition[k].name)
          && rt_map_put(&p->library, unit->definition[k].name, (uintptr_t)&unit->definition[k]))
        return RT_NO_MEMORY;
  }
  return RT_OK;
}

static int take_config(struct cc_program *program, const struct cc_source *source) {
  struct cc_config *config = &program->config;
  config->reader = source->reader;
  config->context = source->context;
  if (source->weights
      && !(config->folder = rt_arena_strndup(&program->arena, source->weights, strlen(source->weights))))
    return RT_NO_MEMORY;
  if (!source->config) return RT_OK;
  struct rt_error why = {0};
  if (io_json_parse(&config->kept, "the config", source->config, strlen(source->config), &why) == RT_OK)
    return RT_OK;
  return why.code == RT_NO_MEMORY ? RT_NO_MEMORY : cc_report_copy(&program->diagnostics, &why);
}

struct cc_program *cc_program_parse(const struct cc_source *source) {
  struct cc_program *program = rt_zalloc(1, sizeof *program);
  if (!program) return NULL;
  struct loader l = {program, source->reader, source->context};
  program->define = (struct cc_assigned_list){source->define, source->define_count, NULL, NULL, NULL};
  program->set = (struct cc_assigned_list){source->set, source->set_count, NULL, NULL, NULL};
  program->measures = source->measures;
  bool failed = take_config(program, source) != RT_OK;
  program->kept = source->library != NULL;
  const char *slash = strrchr(source->name, '/');
  const struct cc_file_text main = {slash ? slash + 1 : source->name, source->text, source->length, NULL};
  program->main = add_unit(&l, source->name, &main, false);
  int status = failed ? RT_NO_MEMORY : program->main ? load_imports(&l, program->main) : RT_OK;
  if (status == RT_OK && program->main)
    status = source->library ? add_kept_library(&l, source->library) : cc_add_library(program, cc_stdlib);
  if (status == RT_OK && program->main) status = cc_put_given(program);
  if (status == RT_OK && program->main) status = cc_find_choices(program);
  if (status == RT_OK) return program;
  cc_program_free(program);
  return NULL;
}

void cc_program_free(struct cc_program *program) {
  if (!program) return;
  for (size_t i = 0; i < program->unit_count; i++) {
    struct cc_unit *unit = program->unit[i];
    gr_file_free(unit->file);
    cc_close_library(unit);
    rt_free(unit->definition);
    rt_free(unit->import);
    rt_map_free(&unit->definition_of);
    rt_map_free(&unit->lost);
  }
  cc_config_free(&program->config);
  rt_free(program->named);
  cc_assigned_free(&program->define);
  cc_assigned_free(&program->set);
  rt_free(program->unit);
  rt_free(program->unused);
  rt_free(program->choice);
  rt_map_free(&program->library);
  rt_map_free(&program->path);
  cc_diagnostics_free(&program->diagnostics);
  rt_arena_free(&program->arena);
  rt_free(program);
}
