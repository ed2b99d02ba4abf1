/* foreign.h: names of other systems (Python, NumPy, PyTorch, TensorFlow, JAX, Keras), and how the same is
 * said in aq. Who writes one of them gets the answer as the hint of the error. */
#ifndef AQ_COMPILER_SOURCE_FOREIGN_H
#define AQ_COMPILER_SOURCE_FOREIGN_H

#include "grammar/ast.h"

struct cc_foreign {
  const char
      *names; /* in lower case without `_`, with spaces between them: argmax and arg_max are one name */
  enum cc_foreign_place {
    CC_FOREIGN_VALUE,     /* write is an expression, of x and y [T, D], W [D, K], E [V, D], ids [T] of V */
    CC_FOREIGN_STATEMENT, /* statements of the same */
    CC_FOREIGN_WORD,      /* no function, but a word that stands by itself: None, self */
    CC_FOREIGN_SLOT,      /* in a head, or behind `with` */
    CC_FOREIGN_ITEM       /* an item of the file */
  } place;
  const char *write; /* what aq writes, which `aqc check` accepts; NULL: there is no such thing */
  const char *about; /* what to know beside it, or why there is none; NULL: nothing */
};

const struct cc_foreign *cc_foreign_find(const char *name);
const struct cc_foreign *cc_foreign_at(int index); /* NULL after the last */
/* Whether two names differ at most in upper and lower case and `_`, as LayerNorm and layer_norm do. */
bool cc_foreign_same(const char *a, const char *b);
/* Hints at what to write. x and y are what the user does it to, or NULL: names are put in place of x and y.
 */
void cc_foreign_hint(struct rt_error *error, const struct cc_foreign *foreign, const struct gr_node *x,
                     const struct gr_node *y);

#endif
