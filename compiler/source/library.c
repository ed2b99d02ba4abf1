/* library.c: the standard library of a program. It is read a definition at a time, when something names that:
 * a program uses a few of them, and parsing them all would take longer than all else that `aqc check` does.
 * Where they stand is listed when the library is baked in (stdlib/bake.sh). */
#include "compiler/source/program.h"

#include <stdio.h>
#include <string.h>

static struct cc_unit *add_unit(struct cc_program *p, const struct cc_file_text *file) {
  struct cc_unit *unit = rt_arena_alloc(&p->arena, sizeof *unit);
  char *path = rt_arena_printf(&p->arena, CC_STDLIB "%s", file->name);
  if (!unit || !path
      || rt_grow((void **)&p->unit, &p->unit_capacity, p->unit_count + 1, sizeof(struct cc_unit *)) != RT_OK)
    return NULL;
  *unit = (struct cc_unit){.library_file = file, .path = path, .name = file->name, .is_stdlib = true};
  size_t count = 0;
  while (file->item[count].name) count++;
  unit->definition = rt_zalloc(count, sizeof *unit->definition);
  if (!unit->definition) return NULL;
  p->unit[p->unit_count++] = unit;
  unit->definition_count = unit->definition_capacity = count;
  return unit;
}

/* No two files of the library define a name. */
int cc_add_library(struct cc_program *program, const struct cc_file_text *file) {
  for (; file->name; file++) {
    struct cc_unit *unit = add_unit(program, file);
    if (!unit) return RT_NO_MEMORY;
    for (size_t k = 0; k < unit->definition_count; k++) {
      struct cc_definition *d = &unit->definition[k];
      d->item = &file->item[k];
      d->name = d->item->name;
      d->unit = unit;
      if (rt_map_put(&program->library, d->name, (uintptr_t)d) != RT_OK) return RT_NO_MEMORY;
    }
  }
  return RT_OK;
}

static bool parse(struct cc_program *program, struct cc_definition *d) {
  struct cc_unit *unit = d->unit;
  const struct cc_file_text *file = unit->library_file;
  struct rt_error error = {0};
  if (!unit->library_source)
    unit->library_source = gr_source_new(unit->path, file->text, file->length, &error);
  struct cc_part_file *part = rt_arena_alloc(&program->arena, sizeof *part);
  if (!unit->library_source || !part) return false;
  const struct gr_span text = {unit->library_source, d->item->begin, d->item->end};
  *part = (struct cc_part_file){gr_read_part(text, &error), unit->part};
  if (!part->file) return false;
  unit->part = part;
  d->node = part->file->root->count ? part->file->root->child[0] : NULL;
  return d->node != NULL;
}

bool cc_open(struct cc_program *program, struct cc_definition *d) {
  if (d->node) return true;
  if (!parse(program, d)) {
    program->diagnostics.failed = true;
    return false;
  }
  if (program->last_opened)
    program->last_opened->opened = d;
  else
    program->first_opened = d;
  program->last_opened = d;
  return true;
}

struct cc_definition *cc_find_in_library(struct cc_program *program, const char *name) {
  const uint64_t *found = rt_map_find(&program->library, name);
  struct cc_definition *d = found ? (struct cc_definition *)(uintptr_t)*found : NULL;
  return d && cc_open(program, d) ? d : NULL;
}

void cc_close_library(struct cc_unit *unit) {
  for (struct cc_part_file *part = unit->part; part; part = part->next) gr_file_free(part->file);
  gr_source_free(unit->library_source);
}
