/* requirement_words.c: puts requirements on the sizes of rows into the words of the program's columns. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libaq/model/requirement_words.h"

/* ---- columns ---- */

/* What a column's length counts, "words". In a text that the model writes, the begin or end counts too. */
static void unit(const struct vm_input *input, int64_t n, struct rt_text *out) {
  if (input->column && input->column->kind->one && !input->shifted)
    rt_text_puts(out, n == 1 ? input->column->kind->one : input->column->kind->more);
  else
    rt_text_puts(out, n == 1 ? "token" : "tokens");
}

/* The input whose length a symbol is; among several, one that the model reads. NULL: there is none. */
static const struct vm_input *input_of(const struct vm_module *m, uint32_t symbol) {
  const struct vm_input *found = NULL;
  for (uint32_t i = 0; i < m->input_count; i++)
    if (m->input[i].length == (int64_t)symbol && (!found || (found->is_target && !m->input[i].is_target)))
      found = &m->input[i];
  return found;
}

static const struct vm_input *input_with_size(const struct vm_module *m, uint32_t symbol) {
  for (uint32_t i = 0; i < m->input_count; i++)
    if (vm_input_axis(&m->dims, &m->input[i], symbol) >= 0) return &m->input[i];
  return NULL;
}

/* What a symbol counts: "words of text", "classes of label". False: it is not about data. */
static bool print_meaning(const struct vm_module *m, uint32_t symbol, struct rt_text *out) {
  const struct vm_input *input = input_of(m, symbol), *sized = input_with_size(m, symbol);
  if (input) {
    unit(input, 2, out);
    rt_text_printf(out, " of %s", input->name);
  } else if (sized) {
    rt_text_printf(out, "%s of %s",
                   io_kind_counts(sized->column->kind, vm_input_axis(&m->dims, sized, symbol)), sized->name);
  }
  return input || sized;
}

/* " (T: words of text, P: words of passage)" */
static void print_meanings(const struct vm_module *m, vm_dim dim, struct rt_text *out) {
  const char *before = " (";
  for (uint32_t s = 0; s < m->dims.symbol_count; s++) {
    struct rt_text meaning = {0};
    if (vm_dim_uses(&m->dims, dim, s) && print_meaning(m, s, &meaning) && meaning.data) {
      rt_text_printf(out, "%s%s: %s", before, m->dims.symbol[s].name, meaning.data);
      before = ", ";
    }
    rt_text_free(&meaning);
  }
  if (before[0] == ',') rt_text_puts(out, ")");
}

/* ---- in general ---- */

static void count(const struct vm_input *input, int64_t n, struct rt_text *out) {
  if (n == 0)
    rt_text_puts(out, "no ");
  else
    rt_text_printf(out, "%" PRId64 " ", n);
  unit(input, n, out);
}

void lib_requirement_words(const struct vm_module *m, const struct vm_requirement *r, struct rt_text *out) {
  uint32_t symbol;
  bool least;
  int64_t limit;
  const struct vm_input *input;
  if (vm_requirement_limit(&m->dims, r, &symbol, &least, &limit) && (input = input_of(m, symbol))) {
    rt_text_printf(out, "each %s %s ", input->name, least ? "needs at least" : "may have at most");
    count(input, limit, out);
  } else if (vm_requirement_multiple(&m->dims, r, &symbol, &limit) && (input = input_of(m, symbol))) {
    rt_text_printf(out, "each %s needs a number of ", input->name);
    unit(input, 2, out);
    rt_text_printf(out, " divisible by %" PRId64, limit);
  } else {
    rt_text_printf(out, "%s needs ", vm_requirement_is_ragged(&m->dims, r) ? "each row" : "the data");
    vm_requirement_print(&m->dims, r, out);
    print_meanings(m, r->dim, out);
  }
}

void lib_requirement_place(const struct vm_requirement *r, bool with_file, struct rt_text *out) {
  rt_text_printf(out, "`%s`, ", r->what);
  if (with_file)
    rt_text_printf(out, "%s:%" PRIu32 ":%" PRIu32, r->file, r->line, r->column);
  else
    rt_text_printf(out, "line %" PRIu32, r->line);
}

/* ---- of sizes that do not meet it ---- */

/* "T is 3 and P is 5" */
static void print_sizes(const struct vm_module *m, vm_dim dim, const int64_t *size, struct rt_text *out) {
  const char *before = "";
  for (uint32_t s = 0; s < m->dims.symbol_count; s++) {
    const struct vm_symbol *symbol = &m->dims.symbol[s];
    if (!vm_dim_uses(&m->dims, dim, s) || symbol->kind == VM_CONST) continue;
    rt_text_printf(out, "%s%s is %" PRId64, before, symbol->name,
                   symbol->kind == VM_RAGGED && size ? size[s] : symbol->value);
    before = " and ";
  }
}

static void print_unmet(const struct vm_module *m, const struct vm_requirement *r, const int64_t *size,
                        struct rt_text *out) {
  uint32_t symbol;
  bool least;
  int64_t limit;
  const struct vm_input *input;
  if (size && vm_requirement_limit(&m->dims, r, &symbol, &least, &limit) && (input = input_of(m, symbol))) {
    rt_text_printf(out, "%s has ", input->name);
    count(input, size[symbol], out);
    rt_text_printf(out, ", but at %s %" PRId64 " %s %s: ", least ? "least" : "most", limit,
                   limit == 1 ? "is" : "are", least ? "needed" : "allowed");
  } else if (size && vm_requirement_multiple(&m->dims, r, &symbol, &limit) && (input = input_of(m, symbol))) {
    rt_text_printf(out, "%s has ", input->name);
    count(input, size[symbol], out);
    rt_text_printf(out, ", but a number divisible by %" PRId64 " is needed: ", limit);
  } else {
    print_sizes(m, r->dim, size, out);
    print_meanings(m, r->dim, out);
    rt_text_puts(out, ", but ");
    vm_requirement_print(&m->dims, r, out);
    rt_text_puts(out, r->kind == VM_WHOLE ? " must hold: " : " is needed: ");
  }
  lib_requirement_place(r, true, out);
}

/* The program's lines, to be shown below. */
static void show(const struct vm_requirement *r, struct rt_error *error) {
  if (error) snprintf(error->excerpt, sizeof error->excerpt, "%s", r->text);
}

int lib_requirement_fail(const struct vm_module *m, const struct vm_requirement *r, const int64_t *size,
                         struct rt_error *error) {
  struct rt_text text = {0};
  print_unmet(m, r, size, &text);
  bool fresh = error && !error->code;
  int status = text.failed ? rt_no_memory(error) : rt_fail(error, RT_BAD_DATA, "%s", text.data);
  if (fresh) show(r, error);
  rt_text_free(&text);
  return status;
}

int lib_requirements_bound(const struct vm_module *m, struct rt_error *error) {
  for (uint32_t i = 0; i < m->requirement_count; i++) {
    const struct vm_requirement *r = &m->requirement[i];
    if (vm_requirement_met(&m->dims, r, NULL) == RT_BAD_DATA) return lib_requirement_fail(m, r, NULL, error);
  }
  return RT_OK;
}

const struct vm_input *lib_requirement_input(const struct vm_module *m, const struct vm_requirement *r) {
  for (uint32_t s = 0; s < m->dims.symbol_count; s++) {
    const struct vm_input *input = vm_dim_uses(&m->dims, r->dim, s) ? input_of(m, s) : NULL;
    if (input) return input;
  }
  return NULL;
}

/* ---- listed ---- */

int lib_requirements_list(const struct vm_module *m, struct rt_arena *arena, const char ***words,
                          struct rt_error *error) {
  const char **list = rt_arena_alloc(arena, sizeof *list * (m->requirement_count + 1u));
  if (!list) return rt_no_memory(error);
  for (uint32_t i = 0; i < m->requirement_count; i++) {
    struct rt_text text = {0};
    lib_requirement_words(m, &m->requirement[i], &text);
    list[i] = text.failed ? NULL : rt_arena_strndup(arena, text.data, text.length);
    rt_text_free(&text);
    if (!list[i]) return rt_no_memory(error);
  }
  *words = list;
  return RT_OK;
}

const char *lib_requirement_view(const struct vm_requirement *r, const aq_message **place,
                                 const char *words) {
  static _Thread_local aq_message view;
  if (r) view = (aq_message){sizeof view, AQ_OK, (int)r->line, (int)r->column, r->file, r->what, r->text, ""};
  if (place) *place = r ? &view : NULL;
  return words;
}
