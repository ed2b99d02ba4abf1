/* definitions.c: what a name means at top level: in a file, in its imports, in the standard library. */
#include "compiler/source/program.h"

#include <string.h>

bool cc_is_value(const struct cc_definition *definition) {
  return definition && (definition->node->kind == GR_DIM || definition->node->kind == GR_CONST);
}

struct gr_node *cc_item(const struct cc_unit *unit, enum gr_kind kind) {
  return unit->item[kind];
}

struct cc_definition *cc_own_definition(const struct cc_unit *unit, const char *name) {
  const uint64_t *index = rt_map_find(&unit->definition_of, name);
  return index ? &unit->definition[*index] : NULL;
}

struct cc_definition *cc_find(struct cc_program *program, const struct cc_unit *unit, const char *name) {
  struct cc_definition *found = cc_own_definition(unit, name);
  for (size_t i = 0; !found && i < unit->import_count; i++)
    if (!unit->import[i].as) found = cc_own_definition(unit->import[i].unit, name);
  return found ? found : cc_find_in_library(program, name);
}

bool cc_is_lost(const struct cc_unit *unit, const char *name) {
  bool lost = unit->incomplete || rt_map_find(&unit->lost, name);
  for (size_t i = 0; !lost && i < unit->import_count; i++)
    lost = !unit->import[i].as && rt_map_find(&unit->import[i].unit->lost, name);
  return lost;
}

bool cc_binds(const struct gr_node *node, const char *name) {
  int names = node->kind == GR_LET ? node->count - 1 : 0;
  bool is_block = node->kind == GR_BLOCK || node->kind == GR_FOR || node->kind == GR_IF;
  for (int i = 0; i < names; i++)
    if (!strcmp(node->child[i]->text, name)) return true;
  for (int i = 0; is_block && i < node->count; i++)
    if (node->child[i] && cc_binds(node->child[i], name)) return true;
  return false;
}

const struct cc_definition *cc_binder(const struct cc_unit *unit, const char *name) {
  for (size_t i = 0; i < unit->definition_count; i++) {
    const struct gr_node *node = unit->definition[i].node;
    if (node->kind == GR_FN && cc_binds(node->child[2], name)) return &unit->definition[i];
  }
  return NULL;
}

struct cc_import *cc_find_import(const struct cc_unit *unit, const char *as) {
  for (size_t i = 0; i < unit->import_count; i++)
    if (unit->import[i].as && !strcmp(unit->import[i].as, as)) return &unit->import[i];
  return NULL;
}
