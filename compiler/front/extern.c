/* extern.c: a declaration of a native function, as the module keeps it. */
#include <string.h>

#include "compiler/front/elaborate.h"
#include "compiler/source/configured.h"
#include "vm/native.h"

/* An axis is a name or a whole number: a library is told sizes, and no formulas of them. */
static int write_size(struct cc_context *c, const struct gr_node *e, struct rt_text *out) {
  if (e->kind == GR_NAME || (e->kind == GR_NUMBER && e->number >= 0 && e->number < 1e9)) {
    rt_text_puts(out, e->text);
    return RT_OK;
  }
  gr_fail(c->error, e->span, "an axis of an extern is a name or a whole number");
  rt_hint(c->error,
          e->kind == GR_STAR
              ? "an extern has so many axes as it says; one of numbers alone, f(x: number) -> number, is "
                "applied element by element to any"
              : "give the size a name: dim E = …, and here [T, E]");
  return c->error->code;
}

static int write_type(struct cc_context *c, const struct gr_node *type, struct rt_text *out) {
  const struct gr_node *shape = type->child[0];
  int status = RT_OK;
  if (type->text) {
    rt_text_puts(out, type->text);
    return RT_OK;
  }
  rt_text_puts(out, "[");
  for (int a = 0; a < shape->count && status == RT_OK; a++) {
    rt_text_puts(out, a ? ", " : "");
    status = write_size(c, shape->child[a], out);
  }
  rt_text_puts(out, "]");
  if (status != RT_OK || !type->child[1]) return status;
  rt_text_puts(out, " of ");
  return write_size(c, type->child[1], out);
}

static int write_signature(struct cc_context *c, const struct gr_node *node, struct rt_text *out) {
  const struct gr_node *params = node->child[0];
  int status = RT_OK;
  rt_text_puts(out, "(");
  for (int p = 0; p < params->count && status == RT_OK; p++) {
    rt_text_printf(out, "%s%s: ", p ? ", " : "", params->child[p]->text);
    status = write_type(c, params->child[p]->child[0], out);
  }
  rt_text_puts(out, ") -> ");
  return status == RT_OK ? write_type(c, node->child[1], out) : status;
}

static int fill(struct cc_context *c, const struct cc_definition *d, const char *signature,
                struct vm_native *native) {
  struct rt_arena *a = &c->module->arena;
  const struct gr_node *node = d->node, *library = node->child[2];
  struct rt_error why = {0};
  struct vm_native_signature *parsed = rt_arena_alloc(a, sizeof *parsed);
  int line, column;
  gr_span_place(node->name_span, &line, &column);
  *native = (struct vm_native){
      .name = rt_arena_strndup(a, d->name, strlen(d->name)),
      .signature = rt_arena_strndup(a, signature, strlen(signature)),
      .gradient = UINT32_MAX,
      .file = rt_arena_strndup(a, node->span.source->name, strlen(node->span.source->name)),
      .line = (uint32_t)line,
      .column = (uint32_t)column,
      .parsed = parsed};
  if (!native->name || !native->signature || !native->file || !parsed) return cc_out_of_memory(c);
  if (vm_native_parse(native->signature, parsed, &why) != RT_OK) {
    gr_fail(c->error, node->name_span, "%s", why.text);
    if (why.hint[0]) rt_hint(c->error, "%s", why.hint);
    return c->error->code;
  }
  if (!library) return RT_OK;
  if (!library->text[0]) return gr_fail(c->error, library->span, "this names no library");
  native->library = rt_arena_strndup(a, library->text, strlen(library->text));
  if (!c->program->kept) native->path = cc_beside(a, d->unit->path, library->text);
  bool complete =
      native->library && (c->program->kept || (native->path && cc_note_file(c->program, native->path)));
  return complete ? RT_OK : cc_out_of_memory(c);
}

static int add(struct cc_context *c, const struct vm_native *native, uint32_t *number) {
  struct vm_module *m = c->module;
  struct vm_native *more = rt_arena_alloc(&m->arena, (m->native_count + 1u) * sizeof *more);
  if (!more) return cc_out_of_memory(c);
  if (m->native_count) memcpy(more, m->native, m->native_count * sizeof *more);
  more[ *number = m->native_count++] = *native;
  m->native = more;
  return RT_OK;
}

static bool is_declared(const struct vm_native *native, const struct cc_definition *d) {
  int line, column;
  gr_span_place(d->node->name_span, &line, &column);
  return native->line == (uint32_t)line && native->column == (uint32_t)column && !native->is_gradient
         && !strcmp(native->file, d->node->span.source->name);
}

int cc_extern(struct cc_context *c, const struct cc_definition *d, uint32_t *number) {
  const struct gr_node *gradient = d->node->child[3];
  struct rt_text signature = {0};
  struct vm_native native;
  for (*number = 0; *number < c->module->native_count; ++*number)
    if (is_declared(&c->module->native[*number], d)) return RT_OK;
  int status = write_signature(c, d->node, &signature);
  if (status == RT_OK && signature.failed) status = cc_out_of_memory(c);
  if (status == RT_OK) status = fill(c, d, signature.data, &native);
  rt_text_free(&signature);
  if (status == RT_OK && gradient && strcmp(gradient->text, "none") != 0) {
    struct vm_native other = native;
    other.is_gradient = true;
    other.name = rt_arena_strndup(&c->module->arena, gradient->text, strlen(gradient->text));
    if (!other.name) return cc_out_of_memory(c);
    if (native.parsed->result.kind == VM_NATIVE_IDS || !vm_native_real_count(native.parsed))
      return gr_fail(c->error, gradient->span, "`%s` has no gradient: %s", d->name,
                     native.parsed->result.kind == VM_NATIVE_IDS
                         ? "it gives whole numbers that name things"
                         : "none of its arguments holds real numbers");
    status = add(c, &other, &native.gradient);
  }
  return status == RT_OK ? add(c, &native, number) : status;
}
