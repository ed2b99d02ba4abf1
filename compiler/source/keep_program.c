/* keep_program.c: what of a program must be kept so that it can be compiled again: its files and the used
 * part of the standard library. And the program as one number. */
#include <string.h>
#include <xxhash.h>

#include "compiler/source/program.h"

/* Names are checked in all of a user's files, so that what any definition there uses is needed. A model is
 * one of them, and names what its loss and settings do. */
static void mark_kept(struct cc_program *program) {
  for (struct cc_definition *d = cc_last_definition(program); d; d = d->user) {
    d->kept |= !d->unit->is_stdlib || d->chosen;
    for (const struct cc_use *use = d->uses; use && d->kept; use = use->next) use->to->kept = true;
  }
}

static int keep_unit(const struct cc_unit *unit, const char *name, cc_keeper *keep, void *context) {
  const struct gr_source *source = unit->file->source;
  const struct cc_file_text file = {name, source->text, source->length, NULL};
  return keep(context, &file, false);
}

/* A file goes by the names that its importers have for it; each is kept once. */
static int keep_imports(const struct cc_unit *unit, struct rt_map *names, cc_keeper *keep, void *context) {
  int status = RT_OK;
  for (size_t i = 0; i < unit->import_count && status == RT_OK; i++) {
    const struct cc_import *import = &unit->import[i];
    if (rt_map_find(names, import->name)) continue;
    status = rt_map_put(names, import->name, 1);
    if (status == RT_OK) status = keep_unit(import->unit, import->name, keep, context);
  }
  return status;
}

/* Empty lines stand for what is left out, so that messages give the lines of the library's file. */
static int keep_library(const struct cc_unit *unit, cc_keeper *keep, void *context) {
  struct rt_text text = {0};
  int line = 1, begin, column;
  for (size_t i = 0; i < unit->definition_count; i++) {
    if (!unit->definition[i].kept) continue;
    const struct gr_span span = unit->definition[i].node->span;
    for (gr_span_place(span, &begin, &column); line < begin; line++) rt_text_puts(&text, "\n");
    rt_text_add(&text, span.source->text + span.begin, span.end - span.begin);
    for (uint32_t at = span.begin; at < span.end; at++) line += span.source->text[at] == '\n';
  }
  if (text.length) rt_text_puts(&text, "\n");
  const struct cc_file_text file = {unit->name, text.data, text.length, NULL};
  int status = text.failed ? RT_NO_MEMORY : text.length ? keep(context, &file, true) : RT_OK;
  rt_text_free(&text);
  return status;
}

int cc_keep_program(struct cc_program *program, cc_keeper *keep, void *context) {
  struct rt_map names = {0};
  int status = rt_map_put(&names, program->main->name, 1);
  mark_kept(program);
  if (status == RT_OK) status = keep_unit(program->main, program->main->name, keep, context);
  for (size_t u = 0; u < program->unit_count && status == RT_OK; u++) {
    const struct cc_unit *unit = program->unit[u];
    status = unit->is_stdlib ? keep_library(unit, keep, context) : keep_imports(unit, &names, keep, context);
  }
  rt_map_free(&names);
  return status;
}

/* ---- the program as a number ---- */

static uint64_t add(uint64_t digest, const void *bytes, size_t length) {
  return XXH3_64bits_withSeed(bytes, length, digest);
}

static uint64_t add_text(uint64_t digest, const char *text) {
  return text ? add(digest, text, strlen(text) + 1) : add(digest, "", 0);
}

/* 10% and 0.1 are the same. The depth is that of the tree, which the parser limits. */
static uint64_t add_tree(uint64_t digest, const struct gr_node *node) {
  if (!node) return add_text(digest, "-");
  digest = add_text(digest, gr_kind_name(node->kind));
  if (node->kind != GR_NUMBER) digest = add_text(digest, node->text);
  digest = add(digest, &node->number, sizeof node->number);
  digest = add(digest, &node->count, sizeof node->count);
  for (int i = 0; i < node->count; i++) digest = add_tree(digest, node->child[i]);
  return digest;
}

/* What settings of training name is known by the values that it gives them. */
uint64_t cc_program_digest(struct cc_program *program) {
  uint64_t digest = add(0, &program->unfused, sizeof program->unfused);
  for (struct cc_definition *d = cc_last_definition(program); d; d = d->user) {
    d->reached |= d->node->kind == GR_MODEL && d->unit == program->main;
    if (!d->reached && !d->chosen) continue;
    digest = add_tree(digest, d->node);
    for (const struct cc_use *use = d->uses; use; use = use->next) use->to->reached |= !use->by_settings;
  }
  digest = add_tree(digest, cc_item(program->main, GR_DATA));
  digest = add_tree(digest, cc_item(program->main, GR_LOSS));
  return digest;
}
