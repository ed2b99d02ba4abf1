/* names.h: the state of the walk over all bodies. Shared by names.c, unknown.c and slot_names.c, and by
 * nobody else. */
#ifndef AQ_COMPILER_NAMES_NAMES_H
#define AQ_COMPILER_NAMES_NAMES_H

#include "compiler/source/program.h"
#include "compiler/names/sight.h"

struct cc_walk {
  struct cc_program *program;
  struct cc_unit *unit;
  struct cc_sight sight;
  struct rt_map data_dim;     /* of the data block: in sight within the model */
  struct cc_definition *user; /* whose body is walked, or NULL */
  const struct gr_node *body; /* its BLOCK, while that is walked */
  const struct gr_node *call; /* the CALL that is walked, or NULL */
  const char *slot;           /* the name that the statement at hand binds in a head */
  bool in_slot, in_initialiser, in_settings;
  int value_blocks; /* how many blocks with a value stand around */
  const struct cc_with_slot {
    const char *name;
    const struct cc_with_slot *outer;
  } * with_slot;  /* whose formula is walked, innermost first; NULL: none behind a `with` */
  int branches;   /* loops and branches around the statement at hand */
  size_t guesses; /* nearest names looked for so far */
};

/* The message of an error, to be filled. A definition is told one: the next might be a consequence. */
static inline struct rt_error *cc_wrong(struct cc_walk *w) {
  struct cc_diagnostics *list = &w->program->diagnostics;
  bool told = w->user && w->user->broken;
  if (w->user) w->user->broken = true;
  rt_error_clear(&list->spare.message);
  return told ? &list->spare.message : cc_report(list, false);
}

/* unknown.c */
bool cc_is_slot_variable(const char *name); /* s, i, j, h */
void cc_unknown_name(struct cc_walk *w, const struct gr_node *node);
void cc_unknown_member(struct cc_walk *w, const struct gr_node *node); /* of an import or of none */

/* slot_names.c */
void cc_check_with(struct cc_walk *w, const struct gr_node *with); /* names slots, each once */
/* That a name which the slot at hand gives a meaning to has no other, of a binding or of a definition. */
void cc_check_one_meaning(struct cc_walk *w, const struct gr_node *node, const struct cc_seen *seen);
void cc_check_slots(struct cc_walk *w, const struct gr_node *head); /* at the end of its body */

#endif
