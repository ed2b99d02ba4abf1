/* emit_model.h: an elaborated model and the functions of its module. Internal to compile.c. */
#ifndef AQ_COMPILER_EMIT_MODEL_H
#define AQ_COMPILER_EMIT_MODEL_H

#include "compiler/front/elaborate.h"

struct cc_elaborated {
  ir_id output[CC_MOST_OUTPUTS];
  struct cc_losses loss;
  size_t named_count; /* of context.named: those before the loss */
};

/* settle_module.c: moves parameters into the module, and lists its heads and mixes for people. */
int cc_settle(struct cc_context *c);
/* RT_OK, or the code of the error that it left in c->error. */
int cc_emit_model(struct cc_context *c, const struct cc_elaborated *e);
/* Fails where the gradient of the loss would go through a native function that has none. */
int cc_check_gradient(struct cc_context *c, const struct cc_elaborated *e);
/* emit_vector.c: the function "vector" alone, with the value that program->vector asks for as its output. */
int cc_emit_vector(struct cc_context *c, const struct cc_elaborated *e);
/* map_places.c: of what places of the data the queries and keys of what is shown are. id: [count], the
 * weights.
 */
int cc_map_places(struct cc_context *c, const ir_id *id, uint32_t count);
/* emit_step.c: the functions "begin" and "step" of a model that continues a text, or why it has none. */
int cc_emit_step(struct cc_context *c, const struct cc_elaborated *e);

#endif
