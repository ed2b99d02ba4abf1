/* grammar_trees.h: syntax trees as text, and the programs they are made from. */
#ifndef AQ_TESTS_GRAMMAR_TREES_H
#define AQ_TESTS_GRAMMAR_TREES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/ast.h"

static void write_tree(const struct gr_node *node, struct rt_text *out) {
  if (!node) {
    rt_text_puts(out, "-");
    return;
  }
  rt_text_printf(out, "(%s", gr_kind_name(node->kind));
  if (node->text) rt_text_printf(out, " %s", node->text);
  if (node->kind == GR_PARAM && node->number == 1) rt_text_puts(out, "...");
  if (node->kind == GR_NUMBER) rt_text_printf(out, "=%.17g", node->number);
  for (int k = 0; k < node->count; k++) {
    rt_text_puts(out, " ");
    write_tree(node->child[k], out);
  }
  rt_text_puts(out, ")");
}

/* The tree of a text as one line, freed by the caller. */
static char *tree_of(const char *text) {
  struct rt_error error = {0};
  struct rt_text out = {0};
  struct gr_file *file = gr_parse("t.aq", text, strlen(text), &error);
  if (!file) fail_msg("%d:%d: %s\n%s", error.line, error.column, error.text, error.excerpt);
  write_tree(file->root, &out);
  gr_file_free(file);
  assert_false(out.failed);
  return out.data;
}

static char *format_of(const char *text) {
  struct rt_error error = {0};
  struct rt_text out = {0};
  if (gr_format("t.aq", text, strlen(text), &out, &error) != RT_OK)
    fail_msg("%s\n%s", error.text, error.excerpt);
  rt_text_puts(&out, "");
  return out.data;
}

static char *read_source(const char *name) {
  const char *top = getenv("AQ_SOURCE");
  char path[4096];
  snprintf(path, sizeof path, "%s/tests/%s", top ? top : ".", name);
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("cannot read %s", path);
  struct rt_text text = {0};
  char block[4096];
  for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) rt_text_add(&text, block, n);
  fclose(file);
  assert_non_null(text.data);
  return text.data;
}

static const char *const programs[] = {"sentiment", "alibi",   "look",  "two_outputs",
                                       "tagger",    "bert",    "llama", "translate",
                                       "history",   "talking", "gated", "native"};

static char *read_program(size_t index) {
  char name[64];
  snprintf(name, sizeof name, "programs/%s.aq", programs[index]);
  return read_source(name);
}

#endif
