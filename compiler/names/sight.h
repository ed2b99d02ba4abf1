/* sight.h: the names in sight while names.c walks a body, and which of them something uses. */
#ifndef AQ_COMPILER_NAMES_SIGHT_H
#define AQ_COMPILER_NAMES_SIGHT_H

#include "grammar/ast.h"
#include "runtime/map.h"

enum cc_seen_kind {
  CC_SEEN_SIZE, /* bound by a type of the signature */
  CC_SEEN_ARGUMENT,
  CC_SEEN_BINDING, /* by a statement */
  CC_SEEN_LOOP     /* the variable of a loop */
};

struct cc_seen {
  const char *name;
  const struct gr_node *node; /* that binds it */
  enum cc_seen_kind kind;
  size_t hides;  /* what had the name before: its number + 1; 0: nothing */
  bool maybe;    /* bound in a branch or loop, so that what it hides may still be meant behind it */
  uint64_t used; /* when something named it last; 0: nothing did */
};

/* Empty when zeroed. */
struct cc_sight {
  struct cc_seen *seen; /* in the order in which they were bound */
  size_t count, capacity;
  struct rt_map top; /* of each name, the number + 1 of its binding; 0: it is out of sight again */
  uint64_t clock;
};

/* RT_OK or RT_NO_MEMORY. */
int cc_sight_bind(struct cc_sight *sight, const char *name, const struct gr_node *node,
                  enum cc_seen_kind kind, bool maybe);
/* What the name means here, or NULL. */
const struct cc_seen *cc_sight_find(const struct cc_sight *sight, const char *name);
/* The same, for something that uses it. */
const struct cc_seen *cc_sight_use(struct cc_sight *sight, const char *name);
/* After its loop a loop's variable, binding number `at`, is out of sight. */
void cc_sight_hide(struct cc_sight *sight, size_t at);
/* Ends a loop; count and clock are what they were when it began. Each round sees what the round before it
 * bound. */
void cc_sight_end_loop(struct cc_sight *sight, size_t count, uint64_t clock);
/* Forgets all names. */
void cc_sight_clear(struct cc_sight *sight);
void cc_sight_free(struct cc_sight *sight);

#endif
