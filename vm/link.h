/* link.h: how the answer follows from what a model returns: softmax makes probabilities of scores. A loss
 * names its link by an argument, `link = sigmoid`. The link says what targets can be, too. */
#ifndef AQ_VM_LINK_H
#define AQ_VM_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct vm_link {
  const char *name; /* "": the answer is what the model returns */
  double least, most;
  bool along; /* over the last axis: the numbers of a target add up to 1 */
  /* In place, x: [rows, columns]; NULL: it does not go by rows. */
  void (*apply)(double *x, int64_t rows, int64_t columns);
  const char *targets;  /* in words, what its targets are */
  const char *returned; /* and what the model returns */
};
/* The link of tags whose scores are those of steps, [T, C, C]: probabilities over all ways. No program names
 * it. */
#define VM_LINK_CHAIN "chain"
/* That of boxes: four numbers, which stay, and then a choice of what it is. */
#define VM_LINK_OBJECTS "objects"
extern const struct vm_link vm_links[];
extern const int vm_link_count;

/* NULL: there is none of that name. */
const struct vm_link *vm_link_find(const char *name);

#endif
