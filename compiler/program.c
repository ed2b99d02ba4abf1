/* program.c: loads a file, its imports and the standard library, and collects what they define. */
#include "compiler/program.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "compiler/stdlib.h"

struct loader {
  struct cc_program *program;
  cc_reader *reader;
  void *context;
  struct rt_error *error;
};

static int load_imports(struct loader *l, struct cc_unit *unit);

struct gr_node *cc_item(const struct cc_unit *unit, enum gr_kind kind) {
  const struct gr_node *root = unit->file->root;
  for (int i = 0; i < root->count; i++)
    if (root->child[i]->kind == kind) return root->child[i];
  return NULL;
}

static bool is_definition(enum gr_kind kind) {
  return kind == GR_FN || kind == GR_HEAD || kind == GR_DIM || kind == GR_MODEL || kind == GR_EXTERN;
}

static struct cc_definition *own_definition(const struct cc_unit *unit, const char *name) {
  for (size_t i = 0; i < unit->definition_count; i++)
    if (!strcmp(unit->definition[i].name, name)) return &unit->definition[i];
  return NULL;
}

/* Top-level names of a unit; the same name twice is an error, and so is a second model, data, loss or train.
 */
static int collect_definitions(struct loader *l, struct cc_unit *unit) {
  static const struct {
    enum gr_kind kind;
    const char *name;
  } single[] = {{GR_MODEL, "model"}, {GR_DATA, "data block"}, {GR_LOSS, "loss"}, {GR_TRAIN, "train block"}};
  const struct gr_node *root = unit->file->root;
  for (int i = 0; i < root->count; i++) {
    struct gr_node *node = root->child[i];
    for (size_t k = 0; k < RT_COUNT(single); k++) {
      struct gr_node *first = cc_item(unit, single[k].kind);
      if (node->kind == single[k].kind && first != node) {
        gr_fail(l->error, node->name_span, "a file has one %s, and this is the second", single[k].name);
        gr_note(l->error, first->name_span, "the first is here");
        return l->error->code;
      }
    }
    if (!is_definition(node->kind)) continue;
    const struct cc_definition *before = own_definition(unit, node->text);
    if (before) {
      gr_fail(l->error, node->name_span, "`%s` is defined twice", node->text);
      gr_note(l->error, before->node->name_span, "first defined here");
      return l->error->code;
    }
    if (rt_grow((void **)&unit->definition, &unit->definition_capacity, unit->definition_count + 1,
                sizeof *unit->definition))
      return rt_no_memory(l->error);
    unit->definition[unit->definition_count++] =
        (struct cc_definition){.name = node->text, .node = node, .unit = unit};
  }
  return RT_OK;
}

static struct cc_unit *add_unit(struct loader *l, const char *path, const char *text, size_t length,
                                bool is_stdlib) {
  struct cc_program *p = l->program;
  struct cc_unit *unit = rt_arena_alloc(&p->arena, sizeof *unit);
  const char *kept = rt_arena_strndup(&p->arena, path, strlen(path));
  if (!unit || !kept
      || rt_grow((void **)&p->unit, &p->unit_capacity, p->unit_count + 1, sizeof(struct cc_unit *))) {
    rt_no_memory(l->error);
    return NULL;
  }
  unit->file = gr_parse(path, text, length, l->error);
  if (!unit->file) return NULL;
  unit->path = kept;
  unit->is_stdlib = is_stdlib;
  p->unit[p->unit_count++] = unit;
  if (collect_definitions(l, unit)) return NULL;
  unit->is_loading = true;
  int status = load_imports(l, unit);
  unit->is_loading = false;
  return status ? NULL : unit;
}

/* A path in an import is relative to the file that imports. */
static const char *resolve(struct loader *l, const struct cc_unit *unit, const char *path) {
  const char *slash = strrchr(unit->path, '/');
  if (path[0] == '/' || !slash) return rt_arena_strndup(&l->program->arena, path, strlen(path));
  return rt_arena_printf(&l->program->arena, "%.*s/%s", (int)(slash - unit->path), unit->path, path);
}

/* `as NAME` stands for one file. */
static int check_import_name(struct loader *l, const struct cc_unit *unit, const struct gr_node *node) {
  const struct gr_node *as = node->count ? node->child[0] : NULL;
  for (size_t i = 0; as && i < unit->import_count; i++) {
    if (!unit->import[i].as || strcmp(unit->import[i].as, as->text)) continue;
    gr_fail(l->error, as->span, "two imports are called `%s`", as->text);
    gr_note(l->error, unit->import[i].node->span, "the first is here");
    return l->error->code;
  }
  return RT_OK;
}

static int load_import(struct loader *l, struct cc_unit *unit, struct gr_node *node) {
  if (check_import_name(l, unit, node)) return l->error->code;
  const char *path = resolve(l, unit, node->text);
  if (!path) return rt_no_memory(l->error);
  struct cc_unit *imported = NULL;
  for (size_t i = 0; i < l->program->unit_count; i++)
    if (!l->program->unit[i]->is_stdlib && !strcmp(l->program->unit[i]->path, path))
      imported = l->program->unit[i];
  if (imported && imported->is_loading)
    return gr_fail(l->error, node->name_span, "%s imports itself, directly or by way of other files", path);
  if (!imported) {
    char *text = NULL;
    size_t length = 0;
    struct rt_error why = {0};
    if (!l->reader) return gr_fail(l->error, node->name_span, "this host does not read imports");
    int status = l->reader(l->context, path, &text, &length, &why);
    if (status) {
      gr_fail(l->error, node->name_span, "cannot import %s: %s", path, why.text);
      const char *dot = strrchr(path, '.');
      if (!dot || strcmp(dot, ".aq"))
        rt_hint(l->error, "the name of a program ends in .aq; what aq has itself needs no import");
      if (why.code == RT_NO_INPUT) l->error->code = RT_NO_INPUT;
      return l->error->code;
    }
    imported = add_unit(l, path, text, length, false);
    rt_free(text);
    if (!imported) return l->error->code;
  }
  if (rt_grow((void **)&unit->import, &unit->import_capacity, unit->import_count + 1, sizeof *unit->import))
    return rt_no_memory(l->error);
  unit->import[unit->import_count++] =
      (struct cc_import){node->count && node->child[0] ? node->child[0]->text : NULL, imported, node};
  return RT_OK;
}

static int load_imports(struct loader *l, struct cc_unit *unit) {
  const struct gr_node *root = unit->file->root;
  for (int i = 0; i < root->count; i++) {
    if (root->child[i]->kind != GR_IMPORT) continue;
    int status = load_import(l, unit, root->child[i]);
    if (status) return status;
  }
  return RT_OK;
}

struct cc_program *cc_program_load(const char *name, const char *text, size_t length, cc_reader *reader,
                                   void *context, struct cc_override *override, int override_count,
                                   struct rt_error *error) {
  struct rt_error local = {0};
  if (!error) error = &local;
  struct cc_program *program = rt_zalloc(1, sizeof *program);
  if (!program) {
    rt_no_memory(error);
    return NULL;
  }
  struct loader l = {program, reader, context, error};
  program->override = override;
  program->override_count = override_count;
  program->main = add_unit(&l, name, text, length, false);
  bool ok = program->main != NULL;
  for (size_t i = 0; ok && i < cc_stdlib_count; i++) {
    const struct cc_stdlib_file *f = &cc_stdlib[i];
    char path[128];
    snprintf(path, sizeof path, CC_STDLIB "%s", f->name);
    ok = add_unit(&l, path, f->text, f->length, true) != NULL;
  }
  if (!ok || cc_check_names(program, error)) {
    cc_program_free(program);
    return NULL;
  }
  return program;
}

void cc_program_free(struct cc_program *program) {
  if (!program) return;
  for (size_t i = 0; i < program->unit_count; i++) {
    struct cc_unit *unit = program->unit[i];
    gr_file_free(unit->file);
    rt_free(unit->definition);
    rt_free(unit->import);
  }
  rt_free(program->unit);
  rt_arena_free(&program->arena);
  rt_free(program);
}

struct cc_definition *cc_find(const struct cc_program *program, const struct cc_unit *unit,
                              const char *name) {
  struct cc_definition *found = own_definition(unit, name);
  for (size_t i = 0; !found && i < unit->import_count; i++)
    if (!unit->import[i].as) found = own_definition(unit->import[i].unit, name);
  for (size_t i = 0; !found && i < program->unit_count; i++)
    if (program->unit[i]->is_stdlib) found = own_definition(program->unit[i], name);
  return found;
}

const struct cc_unit *cc_find_import(const struct cc_unit *unit, const char *as) {
  for (size_t i = 0; i < unit->import_count; i++)
    if (unit->import[i].as && !strcmp(unit->import[i].as, as)) return unit->import[i].unit;
  return NULL;
}

void cc_nearest_consider(struct cc_nearest *nearest, const char *candidate) {
  int distance = gr_edit_distance(nearest->wanted, candidate);
  int length = (int)strlen(nearest->wanted),
      limit = length < 5 ? 1 : (length + 1) / 3; /* of short names every other is near */
  /* Any two names of one letter are near: only d and D are. */
  if (strlen(nearest->wanted) == 1 && strcasecmp(nearest->wanted, candidate)) return;
  if (distance <= limit && (!nearest->best || distance < nearest->distance)) {
    nearest->best = candidate;
    nearest->distance = distance;
  }
}
