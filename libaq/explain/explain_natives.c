/* explain_natives.c: the native functions that a program calls. */
#include "libaq/explain/explain.h"

static void native(struct explanation *x, const struct vm_native *n) {
  const struct vm_module *m = x->program;
  const char *gradient = n->gradient == UINT32_MAX ? NULL : m->native[n->gradient].name;
  bool allowed = n->code.f32 || n->code.f64;
  aq_shown_begin(x->shown, NULL);
  aq_shown_text(x->shown, "name", NULL, n->name);
  aq_shown_text(x->shown, "signature", NULL, n->signature);
  aq_shown_text(x->shown, "library", NULL, n->library);
  aq_shown_text(x->shown, "gradient", NULL, gradient);
  aq_shown_flag(x->shown, "allowed", NULL, allowed);
  aq_shown_note(x->shown, NULL, "%s%s of %s, %s%s%s", n->name, n->signature,
                n->library ? n->library : "the host", gradient ? "with gradient " : "without a gradient",
                gradient ? gradient : "", allowed ? "" : "; not allowed here");
  aq_shown_end(x->shown);
}

void explain_natives(struct explanation *x) {
  const struct vm_module *m = x->program;
  if (!m->native_count) return;
  aq_shown_list(x->shown, "native_functions");
  aq_shown_say(x->shown, "calls native code, which runs where it is allowed:");
  for (uint32_t k = 0; k < m->native_count; k++)
    if (!m->native[k].is_gradient) native(x, &m->native[k]);
  aq_shown_end(x->shown);
}
