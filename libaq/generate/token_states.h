/* token_states.h: texts that go on token by token: what is kept of each, and the functions "begin" and "step"
 * of the module (struct vm_continuing), which make it and go on from it. */
#ifndef AQ_LIBAQ_TOKEN_STATES_H
#define AQ_LIBAQ_TOKEN_STATES_H

#include "vm/machine.h"

struct token_states;

/* NULL and RT_OK: the module has no step. The module must outlive it, and so must the parameters, which the
 * caller binds to both machines. */
int token_states_new(struct token_states **states, const struct vm_module *module,
                     enum rt_precision precision, struct rt_pool *pool, struct rt_error *error);
void token_states_free(struct token_states *states);
struct vm_machine *token_states_begin(const struct token_states *states);
struct vm_machine *token_states_step(const struct token_states *states);

/* Begins count texts, for the examples that "begin" has just been run on. sizes: of its ragged symbols, by
 * number, as it was bound. */
int token_states_take(struct token_states *states, int64_t count, const int64_t *const *sizes,
                      struct rt_error *error);
/* Tokens of before of text k. */
int64_t token_states_before(const struct token_states *states, int64_t k);
/* Text k begins again, with what it began with. */
int token_states_restart(struct token_states *states, int64_t k, struct rt_error *error);
/* Goes on with more[k] new tokens of each text k, at least one, which stand one behind the other in `token`.
 * The scores behind each are output 0 of the step. */
int token_states_go_on(struct token_states *states, uint32_t input, const int32_t *token, const int64_t *more,
                       struct rt_error *error);
/* From now on there are count texts, and text k is the one that was number from[k]. */
int token_states_keep(struct token_states *states, const int64_t *from, int64_t count,
                      struct rt_error *error);
/* Bytes that are kept of all texts. */
size_t token_states_bytes(const struct token_states *states);

#endif
