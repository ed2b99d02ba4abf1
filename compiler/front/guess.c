/* guess.c: arguments without a shape that are taken for dims because of their names. */
#include "compiler/front/context.h"

void cc_guess_dim(struct cc_context *c, vm_dim dim) {
  const int64_t symbol = vm_dim_as_symbol(&c->module->dims, dim);
  if (symbol >= 0) c->guess[c->guess_count++] = (struct cc_guess){.symbol = (uint32_t)symbol};
}

void cc_guess_met(struct cc_context *c, const struct cc_value *value) {
  for (int k = 0; k < c->guess_count && value->kind == CC_DIM; k++)
    c->guess[k].met |= vm_dim_uses(&c->module->dims, value->dim, c->guess[k].symbol);
}

void cc_guess_sized(struct cc_context *c, vm_dim dim) {
  for (int k = 0; k < c->guess_count; k++)
    c->guess[k].size |= vm_dim_uses(&c->module->dims, dim, c->guess[k].symbol);
}

bool cc_guessed_wrong(const struct cc_context *c) {
  for (int k = 0; k < c->guess_count; k++)
    if (c->guess[k].met && !c->guess[k].size) return true;
  return false;
}
